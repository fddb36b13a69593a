//! What a modem received: recognised, put together, and on its way to every chat, in one commit.

use tracing::{info, warn};

use crate::address::{Conversation, LineName};
use crate::chat::{Content, Destination, Network};
use crate::handle::{Arrival, Origin};
use crate::id::{MessageId, PostId, Timestamp};
use crate::link::{RawPdu, StorageSlot};
use crate::post::PostState;
use crate::store::record::{Dated, Message, Post, Taken, Way};
use crate::store::{StoreError, keys};
use crate::wire::{self, IncomingSms, Received};
use crate::writer::edits::{mirrored, nothing_more};
use crate::writer::rules::Showing;
use crate::writer::work::{Draft, Work};

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
        let received = wire::read(pdu, self.core.country(line));
        if slot.is_some()
            && let Some(arrival) = self.held_arrived(line, pdu, &received)?
        {
            return Ok(arrival);
        }
        match received {
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
        self.transaction.remove(keys::held(line, &tpdu));
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

    pub(super) fn take(
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
        let sent_at = sms.sent_at.as_deref().and_then(Timestamp::parse);
        if let Some(sent_at) = sent_at {
            self.core.witness(sent_at);
            self.now = self.core.now();
        }
        self.note_offset(line, &sms.from, sms.sent_at.as_deref())?;
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
    pub(super) fn message_arrived(
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
        let Some(showing) = self.showing(&message)? else {
            info!(message_id = %id, "of a blocked contact: not shown");
            return Ok(id);
        };
        if showing.effects.drop {
            info!(message_id = %id, "a rule says that it is not shown");
            return Ok(id);
        }
        let (code, mut is_kept) = (Self::code_in(&message), false);
        for (network, description) in self.core.chats.clone() {
            for inbox in description.inboxes {
                if !showing.effects.shows_in(&network, &inbox) {
                    continue;
                }
                let destination =
                    self.destination(&network, &inbox, &message.conversation, &showing.effects)?;
                let code = code.as_deref();
                is_kept |= self.is_kept_from(&network, &destination, code)?;
                let limit = description.text_limit;
                for content in self.contents(&message, limit, &network, &destination)? {
                    let mut draft = Draft::new(&network, destination.clone(), content);
                    draft.message = Some(id);
                    draft.conversation = Some(message.conversation.clone());
                    self.add_post(draft)?;
                }
            }
        }
        if is_kept {
            self.give_code_to_owners(id, &message)?;
        }
        Ok(id)
    }

    /// What the posts of an incoming message say there: one for each piece that the network takes at once.
    pub(super) fn contents(
        &self,
        message: &Message,
        limit: usize,
        network: &Network,
        destination: &Destination,
    ) -> Result<Vec<Content>, StoreError> {
        let Way::In {
            sent_at,
            notes,
            count,
            ..
        } = &message.way
        else {
            return Ok(Vec::new());
        };
        let from = self.called(&message.conversation.address)?;
        let Showing { sound, effects } = self.showing(message)?.unwrap_or_default();
        let code = Self::code_in(message);
        if self.is_kept_from(network, destination, code.as_deref())? {
            return Ok(vec![self.kept_code(&from, sound)]);
        }
        let line =
            (self.core.settings.lines.len() > 1).then(|| message.conversation.line.to_string());
        let mut notes = notes.clone();
        if *count > 1 {
            notes.push(format!("received {count} times"));
        }
        notes.extend(effects.tag.map(|tag| tag.to_string()));
        let pieces = pieces(&message.text, limit);
        let last = pieces.len().saturating_sub(1);
        let content = |(index, text)| Content::Sms {
            from: from.clone(),
            line: line.clone(),
            text,
            sent_at: sent_at.clone(),
            sound,
            code: code.clone().filter(|_| index == 0),
            notes: if index == last {
                std::mem::take(&mut notes)
            } else {
                Vec::new()
            },
        };
        Ok(pieces.into_iter().enumerate().map(content).collect())
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

    /// Brings the posts of a message up to date: of an outgoing one, its mirrors.
    pub(super) fn amend_posts(
        &mut self,
        id: MessageId,
        message: &Message,
    ) -> Result<(), StoreError> {
        let mut shown: Vec<(PostId, Post)> = Vec::new();
        for key in self.transaction.keys(&keys::posts_of_prefix(id), 1000)? {
            let Some(post) = keys::last_number(&key).map(PostId) else {
                continue;
            };
            let record: Option<Post> = self.transaction.load(&keys::post(post))?;
            let is_shown = |record: &Post| match (&message.way, &record.content) {
                (Way::In { .. }, _) | (Way::Out { .. }, Content::Mirror { .. }) => true,
                // A question about it, and the like.
                (Way::Out { .. }, _) => false,
            };
            shown.extend(record.filter(is_shown).map(|record| (post, record)));
        }
        let mut destinations: Vec<_> = shown
            .iter()
            .map(|(_, post)| (post.network.clone(), post.destination.clone()))
            .collect();
        destinations.sort();
        destinations.dedup();
        if let Way::In { .. } = &message.way {
            self.give_code_that_is_new(id, message, &destinations)?;
        }
        for (network, destination) in destinations {
            let limit = self
                .core
                .chats
                .get(&network)
                .map_or(usize::MAX, |description| description.text_limit);
            let is_there =
                |record: &Post| record.network == network && record.destination == destination;
            let sample = shown.iter().find(|(_, record)| is_there(record));
            let Some((_, sample)) = sample.cloned() else {
                continue;
            };
            let contents = match &message.way {
                Way::In { .. } => self.contents(message, limit, &network, &destination)?,
                Way::Out { .. } => mirrored(&sample, &message.text, limit),
            };
            let mut contents = contents.into_iter();
            for (post, record) in &mut shown {
                if !is_there(record) {
                    continue;
                }
                let content = match (contents.next(), &message.way) {
                    (Some(content), _) => content,
                    (None, Way::In { .. }) => continue,
                    (None, Way::Out { .. }) => nothing_more(record),
                };
                if content == record.content {
                    continue;
                }
                record.content = content;
                if matches!(
                    record.state,
                    PostState::Dead { .. } | PostState::Doubtful { .. }
                ) {
                    self.transaction.remove(keys::dead(*post));
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
                draft.mirrors.clone_from(&sample.mirrors);
                self.add_post(draft)?;
            }
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
