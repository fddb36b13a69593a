//! Under which key each record stands. Numbers are big-endian, so that keys sort as they rise; texts end with a zero.

use crate::address::{Address, Conversation, LineName};
use crate::chat::{Destination, InboxId, Network, Place};
use crate::id::{MessageId, PartId, PostId};

/// A key under construction.
struct Key(Vec<u8>);

impl Key {
    fn new(prefix: &str) -> Self {
        Self(prefix.as_bytes().to_vec()).end()
    }

    fn end(mut self) -> Self {
        self.0.push(0);
        self
    }

    fn text(mut self, text: &str) -> Self {
        // A zero inside would end the text too early; no network and no modem sends one that matters.
        self.0.extend(text.bytes().filter(|&octet| octet != 0));
        self.end()
    }

    fn number(mut self, number: u64) -> Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    fn address(self, address: &Address) -> Self {
        let kind = match address {
            Address::Number(_) => "number",
            Address::Local(_) => "local",
            Address::Name(_) => "name",
        };
        self.text(kind).text(address.as_str())
    }

    fn place(self, place: &Place) -> Self {
        self.text(&place.chat)
            .text(place.thread.as_deref().unwrap_or_default())
    }
}

pub(crate) fn schema() -> Vec<u8> {
    Key::new("schema").0
}

/// How many records there are.
pub(crate) fn tally() -> Vec<u8> {
    Key::new("tally").0
}

/// A record that could not be read, and stood under `key`.
pub(crate) fn quarantine(key: &[u8]) -> Vec<u8> {
    let mut own = quarantine_prefix();
    own.extend(key);
    own
}

pub(crate) fn quarantine_prefix() -> Vec<u8> {
    Key::new("quarantine").0
}

/// What this store was made anew from.
pub(crate) fn restored() -> Vec<u8> {
    Key::new("restored").0
}

/// The last id given out and the last time seen.
pub(crate) fn last_id() -> Vec<u8> {
    Key::new("last-id").0
}

pub(crate) fn message(id: MessageId) -> Vec<u8> {
    Key::new("message").number(id.0).0
}

pub(crate) fn messages_prefix() -> Vec<u8> {
    Key::new("message").0
}

pub(crate) fn parts_prefix() -> Vec<u8> {
    Key::new("part").0
}

pub(crate) fn part(id: PartId) -> Vec<u8> {
    Key::new("part").number(id.0).0
}

/// The part is not finished: it waits, or is on its way to the network.
pub(crate) fn outbox(id: PartId) -> Vec<u8> {
    Key::new("outbox").number(id.0).0
}

pub(crate) fn outbox_prefix() -> Vec<u8> {
    Key::new("outbox").0
}

/// The part waits for a status report. `reference` is `None` where the modem did not say one.
pub(crate) fn awaited(
    line: &LineName,
    recipient: &Address,
    reference: Option<u8>,
    id: PartId,
) -> Vec<u8> {
    let mut key = awaited_prefix(line, recipient, reference);
    key.extend(id.0.to_be_bytes());
    key
}

pub(crate) fn awaited_prefix(
    line: &LineName,
    recipient: &Address,
    reference: Option<u8>,
) -> Vec<u8> {
    let reference = reference
        .map(|reference| reference.to_string())
        .unwrap_or_default();
    Key::new("awaited")
        .text(line.as_str())
        .address(recipient)
        .text(&reference)
        .0
}

pub(crate) fn awaited_of_line_prefix(line: &LineName) -> Vec<u8> {
    Key::new("awaited").text(line.as_str()).0
}

/// To whom the part of such a key was sent.
pub(crate) fn awaited_recipient(key: &[u8]) -> Option<Address> {
    let mut texts = key.split(|&octet| octet == 0).skip(2);
    let kind = texts.next()?;
    let address = std::str::from_utf8(texts.next()?).ok()?.to_owned();
    match kind {
        b"number" => Some(Address::Number(address)),
        b"local" => Some(Address::Local(address)),
        b"name" => Some(Address::Name(address)),
        _ => None,
    }
}

pub(crate) fn all_awaited_prefix() -> Vec<u8> {
    Key::new("awaited").0
}

/// A status report that no part was found for.
pub(crate) fn unmatched(line: &LineName, id: u64) -> Vec<u8> {
    Key::new("unmatched").text(line.as_str()).number(id).0
}

pub(crate) fn unmatched_prefix(line: &LineName) -> Vec<u8> {
    Key::new("unmatched").text(line.as_str()).0
}

/// Something that was written into the modem's memory for a part.
pub(crate) fn staged(line: &LineName, id: u64) -> Vec<u8> {
    Key::new("staged").text(line.as_str()).number(id).0
}

pub(crate) fn staged_prefix(line: &LineName) -> Vec<u8> {
    Key::new("staged").text(line.as_str()).0
}

/// What is known of how this modem marks what was sent from its memory.
pub(crate) fn slot_marks(line: &LineName, modem: &str) -> Vec<u8> {
    Key::new("slot-marks").text(line.as_str()).text(modem).0
}

/// People were told this notice of a line.
pub(crate) fn told_notice(line: &LineName, notice: &str) -> Vec<u8> {
    Key::new("told")
        .text("notice")
        .text(line.as_str())
        .text(notice)
        .0
}

/// How many notices of a line people were told lately.
pub(crate) fn notice_hour(line: &LineName) -> Vec<u8> {
    Key::new("notice-hour").text(line.as_str()).0
}

/// A TPDU that was taken over, by its hexadecimal form.
pub(crate) fn taken(line: &LineName, tpdu: &str) -> Vec<u8> {
    Key::new("taken").text(line.as_str()).text(tpdu).0
}

pub(crate) fn taken_prefix(line: &LineName) -> Vec<u8> {
    Key::new("taken").text(line.as_str()).0
}

/// The first look at what a line's SIM held.
pub(crate) fn first_look(line: &LineName) -> Vec<u8> {
    Key::new("first-look").text(line.as_str()).0
}

/// A TPDU that the SIM held at the first look, by its hexadecimal form, until its slot is free.
pub(crate) fn held(line: &LineName, tpdu: &str) -> Vec<u8> {
    Key::new("held").text(line.as_str()).text(tpdu).0
}

/// A key to be removed some time after this number, which is a time.
pub(crate) fn expiry(id: u64) -> Vec<u8> {
    Key::new("expiry").number(id).0
}

pub(crate) fn expiry_prefix() -> Vec<u8> {
    Key::new("expiry").0
}

/// A set of parts of one incoming message.
pub(crate) fn fragments(
    conversation: &Conversation,
    reference: u16,
    bits: u8,
    total: u8,
    id: u64,
) -> Vec<u8> {
    let mut key = fragments_of(conversation, reference, bits, total);
    key.extend(id.to_be_bytes());
    key
}

pub(crate) fn fragments_of(
    conversation: &Conversation,
    reference: u16,
    bits: u8,
    total: u8,
) -> Vec<u8> {
    Key::new("fragments")
        .text(conversation.line.as_str())
        .address(&conversation.address)
        .text(&format!("{bits}/{reference}/{total}"))
        .0
}

pub(crate) fn fragments_prefix() -> Vec<u8> {
    Key::new("fragments").0
}

pub(crate) fn post(id: PostId) -> Vec<u8> {
    Key::new("post").number(id.0).0
}

pub(crate) fn posts_prefix() -> Vec<u8> {
    Key::new("post").0
}

/// The post was given up: which outage it belongs to.
pub(crate) fn dead(id: PostId) -> Vec<u8> {
    Key::new("dead").number(id.0).0
}

pub(crate) fn dead_prefix() -> Vec<u8> {
    Key::new("dead").0
}

/// Posts that one inbox did not show.
pub(crate) fn outage(id: u64) -> Vec<u8> {
    Key::new("outage").number(id).0
}

pub(crate) fn outages_prefix() -> Vec<u8> {
    Key::new("outage").0
}

/// The latest outage of an inbox.
pub(crate) fn outage_at(network: &Network, inbox: &InboxId) -> Vec<u8> {
    Key::new("outage-at").text(&network.0).text(&inbox.0).0
}

/// The post has to be shown or amended.
pub(crate) fn post_due(id: PostId) -> Vec<u8> {
    Key::new("post-due").number(id.0).0
}

pub(crate) fn post_due_prefix() -> Vec<u8> {
    Key::new("post-due").0
}

/// A post that shows this message.
pub(crate) fn post_of(message: MessageId, post: PostId) -> Vec<u8> {
    Key::new("post-of").number(message.0).number(post.0).0
}

pub(crate) fn posts_of_prefix(message: MessageId) -> Vec<u8> {
    Key::new("post-of").number(message.0).0
}

/// A place where a message's state is shown.
pub(crate) fn mark(id: PostId) -> Vec<u8> {
    Key::new("mark").number(id.0).0
}

pub(crate) fn mark_due(id: PostId) -> Vec<u8> {
    Key::new("mark-due").number(id.0).0
}

pub(crate) fn mark_due_prefix() -> Vec<u8> {
    Key::new("mark-due").0
}

pub(crate) fn mark_of(message: MessageId, mark: PostId) -> Vec<u8> {
    Key::new("mark-of").number(message.0).number(mark.0).0
}

pub(crate) fn marks_of_prefix(message: MessageId) -> Vec<u8> {
    Key::new("mark-of").number(message.0).0
}

/// What a message in a chat is about.
pub(crate) fn receipt(network: &Network, chat: &str, message: &str) -> Vec<u8> {
    Key::new("receipt")
        .text(&network.0)
        .text(chat)
        .text(message)
        .0
}

/// The room of a destination.
pub(crate) fn room(network: &Network, destination: &Destination) -> Vec<u8> {
    let key = Key::new("room").text(&network.0);
    match destination {
        Destination::Conversation {
            inbox,
            conversation,
        } => {
            key.text("conversation")
                .text(&inbox.0)
                .text(conversation.line.as_str())
                .address(&conversation.address)
                .0
        }
        Destination::Notices { inbox, line } => {
            key.text("notices").text(&inbox.0).text(line.as_str()).0
        }
        Destination::Admin { inbox } => key.text("admin").text(&inbox.0).0,
        Destination::Place(place) => key.text("place").place(place).0,
    }
}

/// What a place is used for.
pub(crate) fn place(network: &Network, place: &Place) -> Vec<u8> {
    Key::new("place").text(&network.0).place(place).0
}

/// A chat event that was handled.
pub(crate) fn event(network: &Network, id: &str) -> Vec<u8> {
    Key::new("event").text(&network.0).text(id).0
}

pub(crate) fn cursor(network: &Network, key: &str) -> Vec<u8> {
    Key::new("cursor").text(&network.0).text(key).0
}

/// The owners were told of a stranger.
pub(crate) fn told_of_stranger(network: &Network, id: &str) -> Vec<u8> {
    Key::new("told")
        .text("stranger")
        .text(&network.0)
        .text(id)
        .0
}

/// Somebody who was let in, or paired, or is ignored.
pub(crate) fn member(network: &Network, id: &str) -> Vec<u8> {
    Key::new("member").text(&network.0).text(id).0
}

pub(crate) fn members_prefix() -> Vec<u8> {
    Key::new("member").0
}

/// Whose key this is: network and id.
pub(crate) fn member_of(key: &[u8]) -> Option<(Network, String)> {
    let (_, rest) = split(key)?;
    let mut texts = rest.split(|&octet| octet == 0);
    let mut text = || Some(std::str::from_utf8(texts.next()?).ok()?.to_owned());
    Some((Network(text()?), text()?))
}

/// Somebody unknown who wrote, while an owner may decide on them.
pub(crate) fn stranger(id: u64) -> Vec<u8> {
    Key::new("stranger").number(id).0
}

pub(crate) fn strangers_prefix() -> Vec<u8> {
    Key::new("stranger").0
}

/// A reader was told that they cannot send.
pub(crate) fn told_reader(network: &Network, id: &str) -> Vec<u8> {
    Key::new("told").text("reader").text(&network.0).text(id).0
}

/// Something that a person wrote, and whom it is for is asked.
pub(crate) fn question(id: u64) -> Vec<u8> {
    Key::new("question").number(id).0
}

/// The question that a person is asked there, and answers with what they write next.
pub(crate) fn asking(network: &Network, place: &Place, person: &str) -> Vec<u8> {
    Key::new("asking")
        .text(&network.0)
        .text(&place.chat)
        .text(place.thread.as_deref().unwrap_or_default())
        .text(person)
        .0
}

/// A USSD dialogue.
pub(crate) fn ussd(id: u64) -> Vec<u8> {
    Key::new("ussd").number(id).0
}

pub(crate) fn ussd_prefix() -> Vec<u8> {
    Key::new("ussd").0
}

/// Which SIM a line has.
pub(crate) fn sim(line: &LineName) -> Vec<u8> {
    Key::new("sim").text(line.as_str()).0
}

/// A room that is to get another title.
pub(crate) fn renaming(id: PostId) -> Vec<u8> {
    Key::new("renaming").number(id.0).0
}

pub(crate) fn renamings_prefix() -> Vec<u8> {
    Key::new("renaming").0
}

/// Somebody who has a name.
pub(crate) fn contact(id: u64) -> Vec<u8> {
    Key::new("contact").number(id).0
}

pub(crate) fn contacts_prefix() -> Vec<u8> {
    Key::new("contact").0
}

/// Whose number this is.
pub(crate) fn contact_of(address: &Address) -> Vec<u8> {
    Key::new("contact-of").address(address).0
}

/// Who is called so; the name as names are compared.
pub(crate) fn contact_named(folded: &str) -> Vec<u8> {
    Key::new("contact-named").text(folded).0
}

pub(crate) fn contacts_named_prefix() -> Vec<u8> {
    Key::new("contact-named").0
}

pub(crate) fn questions_prefix() -> Vec<u8> {
    Key::new("question").0
}

/// How what comes from a number is shown.
pub(crate) fn treated(address: &Address) -> Vec<u8> {
    Key::new("treated").address(address).0
}

/// The concatenation reference given out last.
pub(crate) fn reference(line: &LineName) -> Vec<u8> {
    Key::new("reference").text(line.as_str()).0
}

/// By how much the time of day is ahead of UTC where a line is at home.
pub(crate) fn offset(line: &LineName) -> Vec<u8> {
    Key::new("offset").text(line.as_str()).0
}

/// What a line spent lately.
pub(crate) fn spent(line: &LineName) -> Vec<u8> {
    Key::new("spent").text(line.as_str()).0
}

/// An owner agreed that a line texts there: a country, a short code, a number.
pub(crate) fn confirmed(line: &LineName, what: &str) -> Vec<u8> {
    Key::new("confirmed").text(line.as_str()).text(what).0
}

/// What the modem of a line told of the newest sends.
pub(crate) fn sends(line: &LineName) -> Vec<u8> {
    Key::new("sends").text(line.as_str()).0
}

/// The id at the end of a key that ends with one.
pub(crate) fn last_number(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>()
        .map(|octets| u64::from_be_bytes(*octets))
}

/// The kind of a record, and what follows it in its key. `None` where no kind of this program can be so called.
pub(super) fn split(key: &[u8]) -> Option<(&str, &[u8])> {
    let end = key.iter().position(|&octet| octet == 0)?;
    let (kind, rest) = key.split_at_checked(end)?;
    Some((std::str::from_utf8(kind).ok()?, rest.get(1..)?))
}

/// The opposite of [`split`].
pub(super) fn join(kind: &str, rest: &[u8]) -> Vec<u8> {
    let mut key = Key::new(kind).0;
    key.extend(rest);
    key
}

/// The kind of record only: what follows may be a number of a person.
pub(crate) fn shown(key: &[u8]) -> String {
    key.split(|&octet| octet == 0)
        .next()
        .map(|kind| String::from_utf8_lossy(kind).into_owned())
        .unwrap_or_default()
}
