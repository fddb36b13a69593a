//! What a modem received: recognised, put together, and on its way to every chat, in one commit.

use std::time::Duration;

use tracing::{info, warn};

use crate::address::{Conversation, LineName};
use crate::chat::{Content, Destination};
use crate::handle::{Arrival, Origin};
use crate::id::{MessageId, PostId};
use crate::link::{RawPdu, StorageSlot};
use crate::post::PostState;
use crate::reassembly::{self, Placement};
use crate::store::record::{Dated, FragmentSet, Message, Post, Taken, Way};
use crate::store::{StoreError, keys};
use crate::wire::{self, IncomingSms, PlaceInSet, Received};
use crate::writer::work::{Change, Draft, Work};

/// How many sets with the same reference are looked at.
const MOST_SETS: usize = 16;
/// A set whose missing parts have not come within this is closed: what comes later opens a new one.
const KEPT_OPEN: Duration = Duration::from_secs(24 * 3600);

impl Work<'_> {
    /// What a modem has to tell, in its order: slots that are free, then what it received.
    pub(super) fn take_over(
        &mut self,
        line: &LineName,
        gone: &[RawPdu],
        received: &[(Origin, RawPdu)],
    ) -> Result<Vec<Arrival>, StoreError> {
        for pdu in gone {
            self.slot_freed(line, pdu)?;
        }
        let arrivals = received.iter();
        arrivals
            .map(|(origin, pdu)| self.sms_arrived(line, origin, pdu))
            .collect()
    }

    fn sms_arrived(
        &mut self,
        line: &LineName,
        origin: &Origin,
        pdu: &RawPdu,
    ) -> Result<Arrival, StoreError> {
        let slot = match origin {
            Origin::Stored(slot) => Some(slot),
            Origin::Direct => None,
        };
        match wire::read(pdu, self.core.country(line)) {
            Received::Sms(sms) => self.message_part_arrived(line, slot, pdu, sms),
            Received::Report(report) => {
                let key = keys::taken(line, &report.tpdu);
                if self.transaction.exists(&key)? {
                    return Ok(Arrival::Repeated);
                }
                self.take(key, slot, None, Dated::Yes)?;
                self.report_arrived(line, report)?;
                Ok(Arrival::New)
            }
            Received::Unreadable(cause) => self.unreadable_arrived(line, slot, pdu, &cause),
        }
    }

    /// The slot of a PDU is free: another that looks the same is another.
    fn slot_freed(&mut self, line: &LineName, pdu: &RawPdu) -> Result<(), StoreError> {
        let tpdu = match wire::read(pdu, self.core.country(line)) {
            Received::Sms(sms) => sms.tpdu,
            Received::Report(report) => report.tpdu,
            Received::Unreadable(_) => pdu.0.clone(),
        };
        let key = keys::taken(line, &tpdu);
        if let Some(mut taken) = self.transaction.load::<Taken>(&key)? {
            match taken.dated {
                Dated::Yes => {
                    taken.slot = None;
                    self.transaction.save(key, &taken)?;
                }
                Dated::No => self.transaction.remove(key),
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        key: Vec<u8>,
        slot: Option<&StorageSlot>,
        message: Option<MessageId>,
        dated: Dated,
    ) -> Result<(), StoreError> {
        self.expire(&key)?;
        self.transaction.save(
            key,
            &Taken {
                at: self.now,
                slot: slot.cloned(),
                message,
                dated,
            },
        )
    }

    fn message_part_arrived(
        &mut self,
        line: &LineName,
        slot: Option<&StorageSlot>,
        pdu: &RawPdu,
        sms: IncomingSms,
    ) -> Result<Arrival, StoreError> {
        let key = keys::taken(line, &sms.tpdu);
        if let Some(taken) = self.transaction.load::<Taken>(&key)? {
            let same_slot = slot.is_some() && taken.slot.as_ref() == slot;
            if same_slot {
                return Ok(Arrival::Repeated);
            }
            if taken.dated == Dated::Yes {
                if let Some(message) = taken.message {
                    self.count_repetition(message)?;
                }
                return Ok(Arrival::Repeated);
            }
        }
        let conversation = Conversation {
            line: line.clone(),
            address: sms.from,
        };
        let message = match sms.place_in_set {
            None => {
                let way = Way::In {
                    sent_at: sms.sent_at,
                    notes: Vec::new(),
                    count: 1,
                    pdus: vec![pdu.0.clone()],
                };
                Some(self.message_arrived(conversation, sms.text, way)?)
            }
            Some(place) => self.fragment_arrived(conversation, place, pdu, sms.sent_at)?,
        };
        self.take(key, slot, message, sms.dated)?;
        Ok(Arrival::New)
    }

    /// Stores a whole message, or one with its gap, and a post for every inbox.
    fn message_arrived(
        &mut self,
        conversation: Conversation,
        text: String,
        way: Way,
    ) -> Result<MessageId, StoreError> {
        let id = MessageId(self.next_id());
        let message = Message {
            conversation,
            text,
            at: self.now,
            way,
        };
        info!(message_id = %id, line = %message.conversation.line, "SMS received");
        self.transaction.save(keys::message(id), &message)?;
        for (network, description) in self.core.chats.clone() {
            for inbox in description.inboxes {
                for content in self.contents(&message, description.text_limit) {
                    let conversation = message.conversation.clone();
                    let destination = Destination::Conversation {
                        inbox: inbox.clone(),
                        conversation,
                    };
                    let mut draft = Draft::new(&network, destination, content);
                    draft.message = Some(id);
                    draft.conversation = Some(message.conversation.clone());
                    self.add_post(draft)?;
                }
            }
        }
        Ok(id)
    }

    /// What the posts of an incoming message say: one for each piece that the network takes at once.
    fn contents(&self, message: &Message, limit: usize) -> Vec<Content> {
        let Way::In {
            sent_at,
            notes,
            count,
            ..
        } = &message.way
        else {
            return Vec::new();
        };
        let line =
            (self.core.settings.lines.len() > 1).then(|| message.conversation.line.to_string());
        let mut notes = notes.clone();
        if *count > 1 {
            notes.push(format!("received {count} times"));
        }
        let pieces = pieces(&message.text, limit);
        let last = pieces.len().saturating_sub(1);
        let content = |(index, text)| Content::Sms {
            from: message.conversation.address.to_string(),
            line: line.clone(),
            text,
            sent_at: sent_at.clone(),
            notes: if index == last {
                std::mem::take(&mut notes)
            } else {
                Vec::new()
            },
        };
        pieces.into_iter().enumerate().map(content).collect()
    }

    fn count_repetition(&mut self, id: MessageId) -> Result<(), StoreError> {
        let Some(mut message) = self.message(id)? else {
            return Ok(());
        };
        if let Way::In { count, .. } = &mut message.way {
            *count = count.saturating_add(1);
        }
        self.transaction.save(keys::message(id), &message)?;
        self.amend_posts(id, &message)
    }

    /// Brings the posts of an incoming message up to date.
    fn amend_posts(&mut self, id: MessageId, message: &Message) -> Result<(), StoreError> {
        let mut shown: Vec<(PostId, Post)> = Vec::new();
        for key in self.transaction.keys(&keys::posts_of_prefix(id), 1000)? {
            let Some(post) = keys::last_number(&key).map(PostId) else {
                continue;
            };
            if let Some(record) = self.transaction.load(&keys::post(post))? {
                shown.push((post, record));
            }
        }
        let mut destinations: Vec<_> = shown
            .iter()
            .map(|(_, post)| (post.network.clone(), post.destination.clone()))
            .collect();
        destinations.sort();
        destinations.dedup();
        for (network, destination) in destinations {
            let limit = self
                .core
                .chats
                .get(&network)
                .map_or(usize::MAX, |description| description.text_limit);
            let mut contents = self.contents(message, limit).into_iter();
            for (post, record) in &mut shown {
                if record.network != network || record.destination != destination {
                    continue;
                }
                let Some(content) = contents.next() else {
                    continue;
                };
                if content == record.content {
                    continue;
                }
                record.content = content;
                if matches!(
                    record.state,
                    PostState::Dead { .. } | PostState::Doubtful { .. }
                ) {
                    self.show_anew(record)?;
                } else {
                    record.revision = record.revision.saturating_add(1);
                    self.save_post(*post, record)?;
                }
            }
            for content in contents {
                let mut draft = Draft::new(&network, destination.clone(), content);
                draft.message = Some(id);
                draft.conversation = Some(message.conversation.clone());
                self.add_post(draft)?;
            }
        }
        Ok(())
    }

    // Parts of longer messages.

    fn fragment_arrived(
        &mut self,
        conversation: Conversation,
        place: PlaceInSet,
        pdu: &RawPdu,
        sent_at: Option<String>,
    ) -> Result<Option<MessageId>, StoreError> {
        let PlaceInSet {
            reference,
            bits,
            total,
            number,
        } = place;
        let prefix = keys::fragments_of(&conversation, reference, bits, total);
        let open = self.transaction.keys(&prefix, MOST_SETS)?;
        let mut sets = Vec::new();
        for key in &open {
            sets.extend(self.transaction.load::<FragmentSet>(key)?);
        }
        let (key, mut set) = match reassembly::place(&sets, number, &pdu.0, self.now) {
            Placement::There(position) => return Ok(sets.get(position).and_then(|set| set.shown)),
            Placement::Add(position) => match open.get(position).zip(sets.get(position)) {
                Some((key, set)) => (key.clone(), set.clone()),
                None => return Ok(None),
            },
            Placement::Open => {
                let key = keys::fragments(&conversation, reference, bits, total, self.next_id());
                let (parts, last_at) = (Vec::new(), self.now);
                (
                    key,
                    FragmentSet {
                        conversation,
                        total,
                        parts,
                        last_at,
                        shown: None,
                    },
                )
            }
        };
        set.parts.push((number, pdu.0.clone()));
        set.parts.sort_unstable();
        set.last_at = self.now;
        let whole = reassembly::gap(&set).is_none();
        let message = match (set.shown, whole) {
            (Some(shown), _) => {
                self.update_shown(shown, &set)?;
                Some(shown)
            }
            (None, true) => Some(self.show_set(&set, sent_at)?),
            (None, false) => None,
        };
        if whole {
            self.transaction.remove(key.clone());
            self.changes.push(Change::Set { key, wait: None });
        } else {
            self.transaction.save(key.clone(), &set)?;
            let wait = if message.is_some() {
                KEPT_OPEN
            } else {
                self.core.settings.reassembly_wait
            };
            self.changes.push(Change::Set {
                key,
                wait: Some(wait),
            });
        }
        Ok(message)
    }

    fn show_set(
        &mut self,
        set: &FragmentSet,
        sent_at: Option<String>,
    ) -> Result<MessageId, StoreError> {
        let sent_at = sent_at.or_else(|| {
            let (_, pdu) = set.parts.first()?;
            match wire::read(&RawPdu(pdu.clone()), None) {
                Received::Sms(sms) => sms.sent_at,
                Received::Report(_) | Received::Unreadable(_) => None,
            }
        });
        let way = Way::In {
            sent_at,
            notes: reassembly::gap(set).into_iter().collect(),
            count: 1,
            pdus: set.parts.iter().map(|(_, pdu)| pdu.clone()).collect(),
        };
        self.message_arrived(
            set.conversation.clone(),
            wire::join(set.total, &set.parts),
            way,
        )
    }

    fn update_shown(&mut self, id: MessageId, set: &FragmentSet) -> Result<(), StoreError> {
        let Some(mut message) = self.message(id)? else {
            return Ok(());
        };
        message.text = wire::join(set.total, &set.parts);
        if let Way::In { notes, pdus, .. } = &mut message.way {
            *notes = reassembly::gap(set).into_iter().collect();
            *pdus = set.parts.iter().map(|(_, pdu)| pdu.clone()).collect();
        }
        self.transaction.save(keys::message(id), &message)?;
        self.amend_posts(id, &message)
    }

    /// The wait for a set is over: shows what has come, or closes a set that was shown.
    pub(super) fn show_gap(&mut self, key: Vec<u8>) -> Result<(), StoreError> {
        let Some(mut set) = self.transaction.load::<FragmentSet>(&key)? else {
            return Ok(());
        };
        if set.shown.is_some() {
            self.transaction.remove(key);
            return Ok(());
        }
        set.shown = Some(self.show_set(&set, None)?);
        self.transaction.save(key.clone(), &set)?;
        self.changes.push(Change::Set {
            key,
            wait: Some(KEPT_OPEN),
        });
        Ok(())
    }

    pub(super) fn recover_sets(&mut self) -> Result<(), StoreError> {
        for key in self
            .transaction
            .keys(&keys::fragments_prefix(), usize::MAX)?
        {
            let Some(set) = self.transaction.load::<FragmentSet>(&key)? else {
                continue;
            };
            let whole_wait = if set.shown.is_some() {
                KEPT_OPEN
            } else {
                self.core.settings.reassembly_wait
            };
            let wait = whole_wait.saturating_sub(self.now.since(set.last_at));
            self.changes.push(Change::Set {
                key,
                wait: Some(wait),
            });
        }
        Ok(())
    }

    fn unreadable_arrived(
        &mut self,
        line: &LineName,
        slot: Option<&StorageSlot>,
        pdu: &RawPdu,
        cause: &str,
    ) -> Result<Arrival, StoreError> {
        let key = keys::taken(line, &pdu.0);
        if self.transaction.exists(&key)? {
            return Ok(Arrival::Repeated);
        }
        warn!(%line, error = cause, "an SMS cannot be read; it is kept as it came");
        // No address can be told, so it belongs to no conversation, and is kept under its own number all the same.
        let id = MessageId(self.next_id());
        let address = crate::address::Address::Name("unreadable".to_owned());
        let way = Way::In {
            sent_at: None,
            notes: Vec::new(),
            count: 1,
            pdus: vec![pdu.0.clone()],
        };
        let conversation = Conversation {
            line: line.clone(),
            address,
        };
        let message = Message {
            conversation,
            text: String::new(),
            at: self.now,
            way,
        };
        self.transaction.save(keys::message(id), &message)?;
        let shown: String = pdu.0.chars().take(400).collect();
        self.tell_admins(&format!(
            "Something arrived on {line} that is no readable SMS ({cause}). It is stored. As it came, for a report: {shown}"
        ))?;
        self.take(key, slot, Some(id), Dated::No)?;
        Ok(Arrival::New)
    }
}

/// The text in pieces of at most `limit` UTF-16 code units, cut behind white space where there is some in the last
/// quarter.
pub(super) fn pieces(text: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(2);
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut units = 0;
    for c in text.chars() {
        if units + c.len_utf16() > limit {
            let cut = piece
                .rfind(char::is_whitespace)
                .filter(|&at| at > piece.len() / 4 * 3);
            let rest = cut
                .map(|at| piece.split_off(at).trim_start().to_owned())
                .unwrap_or_default();
            pieces.push(std::mem::replace(&mut piece, rest));
            units = piece.encode_utf16().count();
        }
        units += c.len_utf16();
        piece.push(c);
    }
    if !piece.is_empty() || pieces.is_empty() {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn pieces_fit_and_lose_nothing_but_white_space(text in "[a-z 😀]{0,200}", limit in 2_usize..60) {
            let pieces = pieces(&text, limit);
            proptest::prop_assert!(pieces.iter().all(|piece| piece.encode_utf16().count() <= limit));
            let solid = |text: &str| text.split_whitespace().collect::<String>();
            proptest::prop_assert_eq!(solid(&pieces.concat()), solid(&text));
        }
    }
}
