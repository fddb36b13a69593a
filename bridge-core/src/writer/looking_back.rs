//! `/history`, `/search` and `/export`: what is stored, shown again to an owner who is among themselves.
//!
//! Bounded: so many of the newest messages are looked at, so that nobody waits for it.

use crate::address::{Address, Conversation};
use crate::chat::{Content, Destination, Verdict};
use crate::contact;
use crate::id::MessageId;
use crate::part::message_state;
use crate::person::Role;
use crate::store::record::{Message, RoomNote, RoomState, Way};
use crate::store::{StoreError, keys};
use crate::writer::forget::with_spellings;
use crate::writer::submit::Said;
use crate::writer::treatment::Meant;
use crate::writer::work::{Draft, Work};

/// Messages that are looked at, from the newest on.
const LOOKED_AT: usize = 5000;
/// Messages that are shown where nobody says how many, and at most.
const SHOWN: usize = 10;
const MOST_SHOWN: usize = 50;
/// Characters of one message that are shown.
const LONGEST: usize = 300;
/// UTF-16 code units of one answer; less where the network takes less.
const ANSWER: usize = 3500;
/// What the offset behind a time is.
const TIMES: &str = "times where the SIM is, and how far they are ahead of UTC";
const AHEAD: &str = "Times where the SIM is, and how far they are ahead of UTC.";
/// Octets of a file; it is stored until its chat has it.
const FILE: usize = 256 * 1024;

impl Work<'_> {
    /// `/history`: the newest messages of a contact, the newest last.
    pub(super) fn history(
        &mut self,
        said: &Said<'_>,
        who: &str,
        count: Option<usize>,
    ) -> Result<Verdict, StoreError> {
        if let Some(words) = self.is_not_among_owners(said, "history")? {
            return self.refuse(said, words);
        }
        let Meant { shown, numbers } = match self.meant(said, who)? {
            Ok(meant) => meant,
            Err(words) => return self.refuse(said, format!("Nothing is shown: {words}.")),
        };
        let numbers = with_spellings(numbers);
        let most = count.unwrap_or(SHOWN).clamp(1, MOST_SHOWN);
        let found = self.newest(most, |message| {
            let address = &message.conversation.address;
            Ok(numbers.contains(address))
        })?;
        let head = match found.len() {
            0 => format!("Among the newest {LOOKED_AT} messages there is none with {shown}."),
            _ => format!("With {shown} ({TIMES}):"),
        };
        self.show_found(said, head, found)
    }

    /// `/search`: the newest messages that have all these words in text, name or number.
    pub(super) fn search(&mut self, said: &Said<'_>, words: &str) -> Result<Verdict, StoreError> {
        if let Some(words) = self.is_not_among_owners(said, "search")? {
            return self.refuse(said, words);
        }
        let folded = contact::folded(words);
        let wanted: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
        if wanted.is_empty() {
            let prefix = self.prefix(said.network);
            let words = format!("Write what to look for, like {prefix}search dentist.");
            return self.refuse(said, words);
        }
        let found = self.newest(SHOWN, |message| {
            let text = message.text.to_lowercase();
            let missing: Vec<&&str> = wanted
                .iter()
                .filter(|word| !text.contains(**word))
                .collect();
            if missing.is_empty() {
                return Ok(true);
            }
            let name = self.called(&message.conversation.address)?.to_lowercase();
            Ok(missing.into_iter().all(|word| name.contains(*word)))
        })?;
        let head = match found.len() {
            0 => format!("Among the newest {LOOKED_AT} messages there is none with these words."),
            _ => format!("Found ({TIMES}):"),
        };
        self.show_found(said, head, found)
    }

    /// `/export`: the newest messages, of one contact or of all, as a text file where it was asked for.
    pub(super) fn export(&mut self, said: &Said<'_>, who: &str) -> Result<Verdict, StoreError> {
        if let Some(words) = self.is_not_among_owners(said, "export")? {
            return self.refuse(said, words);
        }
        let (shown, numbers) = if who.is_empty() && said.event.reply_to.is_none() {
            ("everybody".to_owned(), None)
        } else {
            match self.meant(said, who)? {
                Ok(Meant { shown, numbers }) => (shown, Some(with_spellings(numbers))),
                Err(words) => {
                    return self.refuse(said, format!("Nothing is exported: {words}."));
                }
            }
        };
        let found = self.newest(LOOKED_AT, |message| {
            let address = &message.conversation.address;
            Ok(numbers
                .as_ref()
                .is_none_or(|numbers| numbers.contains(address)))
        })?;
        if found.is_empty() {
            let words =
                format!("Among the newest {LOOKED_AT} messages there is none with {shown}.");
            return self.confirm(said, &words);
        }
        let (mut lines, mut size) = (Vec::new(), 0_usize);
        for (id, message) in &found {
            let line = self.whole_line_of(*id, message)?;
            size = size.saturating_add(line.len());
            if size > FILE {
                break;
            }
            lines.push(line);
        }
        let stored = self
            .transaction
            .keys(&keys::messages_prefix(), LOOKED_AT.saturating_add(1))?;
        let is_all = lines.len() == found.len() && stored.len() <= LOOKED_AT;
        let count = lines.len();
        lines.push(match is_all {
            true => format!("# All stored messages with {shown}. {AHEAD}\n"),
            false => format!(
                "# The newest stored messages with {shown}; older ones are left out, `sms-bridge store export` has all. \
                 {AHEAD}\n"
            ),
        });
        lines.reverse();
        let caption = match (count, is_all) {
            (1, true) => format!("The only message with {shown}"),
            (count, true) => format!("All {count} messages with {shown}"),
            (count, false) => format!("The newest {count} messages with {shown}"),
        };
        let content = Content::File {
            name: "messages.txt".to_owned(),
            caption,
            text: lines.concat(),
        };
        let here = Destination::Place(said.here.place.clone());
        let mut draft = Draft::new(said.network, here, content);
        draft.reply_to = Some(said.here.message.clone());
        self.add_post(draft)?;
        Ok(Verdict::Answered(String::new()))
    }

    /// With its whole text, what became of it, and what else is known.
    fn whole_line_of(&self, id: MessageId, message: &Message) -> Result<String, StoreError> {
        let Conversation { line, address } = &message.conversation;
        let name = self.called(address)?;
        let name = match name.contains(address.as_str()) {
            true => name,
            false => format!("{name} ({address})"),
        };
        let (who, beside) = match &message.way {
            Way::In { notes, .. } => (name, notes.join("; ")),
            Way::Out { author, .. } => {
                let parts = self.parts(id)?;
                let state = message_state(parts.iter().map(|(_, part)| &part.state));
                (format!("{author} to {name}"), state.word().to_owned())
            }
        };
        let line = match self.core.settings.lines.len() {
            0 | 1 => String::new(),
            _ => format!(" [SIM {line}]"),
        };
        let beside = match beside.is_empty() {
            true => String::new(),
            false => format!(" [{beside}]"),
        };
        // A message cannot pass for the beginning of another.
        let text = message.text.replace('\n', "\n    ");
        Ok(format!(
            "{}{line} {who}{beside}: {text}\n",
            self.time(message)?
        ))
    }

    /// A sender without a number that calls itself so, and wrote lately.
    pub(super) fn sender_named(&self, name: &str) -> Result<Option<Address>, StoreError> {
        let name = contact::folded(name);
        let found = self.newest(1, |message| {
            Ok(match &message.conversation.address {
                Address::Name(sender) => contact::folded(sender) == name,
                Address::Number(_) | Address::Local(_) => false,
            })
        })?;
        let mut found = found.into_iter();
        Ok(found
            .next()
            .map(|(_, message)| message.conversation.address))
    }

    /// The newest messages that are wanted, the newest first.
    pub(super) fn newest(
        &self,
        most: usize,
        wanted: impl Fn(&Message) -> Result<bool, StoreError>,
    ) -> Result<Vec<(MessageId, Message)>, StoreError> {
        let (mut found, mut before, mut looked_at) = (Vec::new(), u64::MAX, 0_usize);
        let prefix = keys::messages_prefix();
        while looked_at < LOOKED_AT && found.len() < most {
            let page = self.transaction.keys_before(&prefix, before, 250)?;
            let Some(last) = page.last().and_then(|key| keys::last_number(key)) else {
                break;
            };
            looked_at = looked_at.saturating_add(page.len());
            before = last;
            for key in page {
                let message: Option<Message> = self.transaction.load(&key)?;
                let id = keys::last_number(&key).map(MessageId);
                if let (Some(id), Some(message)) = (id, message)
                    && wanted(&message)?
                {
                    found.push((id, message));
                }
            }
        }
        found.truncate(most);
        Ok(found)
    }

    fn show_found(
        &mut self,
        said: &Said<'_>,
        head: String,
        found: Vec<(MessageId, Message)>,
    ) -> Result<Verdict, StoreError> {
        let limit = self.core.chats.get(said.network);
        let limit = limit.map_or(ANSWER, |known| known.text_limit.min(ANSWER));
        let units = |text: &str| text.encode_utf16().count().saturating_add(1);
        let mut room = limit.saturating_sub(units(&head));
        let mut lines = Vec::new();
        for (_, message) in found {
            let line = self.line_of(&message)?;
            let Some(left) = room.checked_sub(units(&line)) else {
                break;
            };
            room = left;
            lines.push(line);
        }
        lines.push(head);
        lines.reverse();
        self.confirm(said, &lines.join("\n"))
    }

    fn line_of(&self, message: &Message) -> Result<String, StoreError> {
        let name = self.called(&message.conversation.address)?;
        let who = match &message.way {
            Way::In { .. } => name,
            Way::Out { author, .. } => format!("{author} to {name}"),
        };
        let mut text: String = message.text.chars().take(LONGEST).collect();
        if text.len() < message.text.len() {
            text.push('…');
        }
        Ok(format!("{} {who}: {text}", self.time(message)?))
    }

    /// When a message was stored, where its SIM is at home.
    pub(super) fn time(&self, message: &Message) -> Result<String, StoreError> {
        let offset = self.offset(&message.conversation.line)?.unwrap_or_default();
        let zone =
            jiff::tz::Offset::from_seconds(offset.seconds()).unwrap_or(jiff::tz::Offset::UTC);
        let at = jiff::Timestamp::from_millisecond(message.at.0);
        Ok(at
            .map(|at| {
                let at = zone.to_datetime(at);
                format!("{} {offset}", at.strftime("%Y-%m-%d %H:%M"))
            })
            .unwrap_or_default())
    }

    /// Why this may not be done here. `None`: an owner asks in a private chat or in the admin chat.
    pub(super) fn is_not_among_owners(
        &self,
        said: &Said<'_>,
        command: &str,
    ) -> Result<Option<String>, StoreError> {
        let prefix = self.prefix(said.network);
        if said.person.role < Role::Owner {
            return Ok(Some(format!("Only an owner may use {prefix}{command}.")));
        }
        let place = &said.event.place;
        // Telegram gives a private chat the id of the person in it.
        if place.chat == said.event.author.id {
            return Ok(None);
        }
        let known = self.core.chats.get(said.network);
        for inbox in known.map(|known| known.admins.clone()).unwrap_or_default() {
            if inbox.0 == place.chat {
                return Ok(None);
            }
            let key = keys::room(said.network, &Destination::Admin { inbox });
            let note: Option<RoomNote> = self.transaction.load(&key)?;
            if let Some(RoomNote {
                state: RoomState::Made(room),
                ..
            }) = note
                && room.place == *place
            {
                return Ok(None);
            }
        }
        Ok(Some(format!(
            "{prefix}{command} works in a private chat with me or in the admin chat only: others may read here."
        )))
    }
}
