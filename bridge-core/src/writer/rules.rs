//! What the configuration's rules make of what came in, and in which room a sender is shown.
//!
//! A person's word goes before a rule's: who is blocked is not shown, who is muted makes no sound, who was given a room
//! keeps it. Alerts go to the admin chats, and no rule is asked about them.

use crate::address::{Address, Conversation};
use crate::chat::{Attempt, Destination, InboxId, Network, RoomKind, Sound, Verdict};
use crate::id::{PostId, Timestamp};
use crate::person::Role;
use crate::rules::{Effects, Incoming, MessageKind, RoomChoice};
use crate::store::record::{Message, RoomNote, RoomState, Way};
use crate::store::{StoreError, keys};
use crate::wire;
use crate::writer::submit::Said;
use crate::writer::treatment::Meant;
use crate::writer::work::Work;

/// How something is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Showing {
    pub(super) sound: Sound,
    pub(super) effects: Effects,
}

impl Work<'_> {
    /// How a message that came in is shown. `None`: its sender is blocked.
    pub(super) fn showing(&self, message: &Message) -> Result<Option<Showing>, StoreError> {
        let kind = match &message.way {
            Way::In { pdus, .. } => wire::kind(pdus),
            Way::Out { .. } => MessageKind::Sms,
        };
        self.decided(&message.conversation, kind, &message.text, message.at)
    }

    /// The same of a missed call.
    pub(super) fn showing_of_call(
        &self,
        conversation: &Conversation,
    ) -> Result<Option<Showing>, StoreError> {
        self.decided(conversation, MessageKind::Call, "", self.now)
    }

    /// Where and in which room something that is written to a sender is shown: not by what it says, and never dropped.
    pub(super) fn shown_with(&self, conversation: &Conversation) -> Result<Effects, StoreError> {
        let mut effects = self.ruled(conversation, MessageKind::Sms, "")?;
        effects.drop = false;
        Ok(effects)
    }

    fn decided(
        &self,
        conversation: &Conversation,
        kind: MessageKind,
        text: &str,
        at: Timestamp,
    ) -> Result<Option<Showing>, StoreError> {
        let Some(mut sound) = self.sound(&conversation.address)? else {
            return Ok(None);
        };
        let effects = self.ruled(conversation, kind, text)?;
        if effects.silent || self.is_quiet(&conversation.line, at)? {
            sound = Sound::Silent;
        }
        Ok(Some(Showing { sound, effects }))
    }

    fn ruled(
        &self,
        conversation: &Conversation,
        kind: MessageKind,
        text: &str,
    ) -> Result<Effects, StoreError> {
        let Conversation { line, address } = conversation;
        let contact = self.transaction.contact_of(address)?;
        let incoming = Incoming {
            from: address,
            contact: contact.as_ref().map(|(_, contact)| contact.name.as_str()),
            line,
            country: self.core.country(line),
            kind,
            text,
        };
        Ok(self.core.settings.rules.decide(&incoming).effects)
    }

    /// Where an inbox shows a sender.
    pub(super) fn destination(
        &self,
        network: &Network,
        inbox: &InboxId,
        conversation: &Conversation,
        effects: &Effects,
    ) -> Result<Destination, StoreError> {
        let own = Destination::Conversation {
            inbox: inbox.clone(),
            conversation: conversation.clone(),
        };
        let shares = match effects.room_of(&conversation.address) {
            RoomChoice::Own => false,
            RoomChoice::Notices => !self.has_own_room(network, &own)?,
        };
        Ok(match shares {
            true => Destination::Notices {
                inbox: inbox.clone(),
                line: conversation.line.clone(),
            },
            false => own,
        })
    }

    /// There is a room of theirs, or will be, or may be.
    fn has_own_room(&self, network: &Network, own: &Destination) -> Result<bool, StoreError> {
        let note: Option<RoomNote> = self.transaction.load(&keys::room(network, own))?;
        Ok(match note.map(|note| note.state) {
            Some(RoomState::Made(room)) => room.kind == RoomKind::Dedicated,
            Some(RoomState::Wanted(_)) => true,
            None => false,
        })
    }

    /// `/room`: a sender of notices gets a room of their own.
    pub(super) fn give_room(&mut self, said: &Said<'_>, who: &str) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Writer {
            let words = "You can read here, but not make rooms. An owner can change that.";
            return self.refuse(said, words.to_owned());
        }
        let Meant { shown, numbers } = match self.meant(said, who)? {
            Ok(meant) => meant,
            Err(words) => return self.refuse(said, format!("Nothing was changed: {words}.")),
        };
        let mut is_new = false;
        for address in &numbers {
            is_new |= self.wish_for_rooms(address)?;
        }
        let words = match is_new {
            true => format!(
                "What {shown} writes next opens a room or topic of its own, where the chat has such."
            ),
            false => format!("{shown} has a room of their own already."),
        };
        self.confirm(said, &words)
    }

    /// Whether any is new.
    fn wish_for_rooms(&mut self, address: &Address) -> Result<bool, StoreError> {
        let mut is_new = false;
        let lines = self.core.settings.lines.iter();
        let lines: Vec<_> = lines.map(|line| line.name.clone()).collect();
        for (network, description) in self.core.chats.clone() {
            for inbox in &description.inboxes {
                for line in &lines {
                    let conversation = Conversation {
                        line: line.clone(),
                        address: address.clone(),
                    };
                    let effects = self.shown_with(&conversation)?;
                    let own = Destination::Conversation {
                        inbox: inbox.clone(),
                        conversation: conversation.clone(),
                    };
                    if self.destination(&network, inbox, &conversation, &effects)? == own {
                        continue;
                    }
                    is_new = true;
                    let note = RoomNote {
                        intent: PostId(self.next_id()),
                        state: RoomState::Wanted(Attempt::First),
                    };
                    self.transaction.save(keys::room(&network, &own), &note)?;
                }
            }
        }
        Ok(is_new)
    }

    /// Several senders are shown where somebody wrote without saying to whom.
    pub(super) fn refuse_in_notices(&mut self, said: &Said<'_>) -> Result<Verdict, StoreError> {
        let prefix = self.prefix(said.network);
        let words = format!(
            "Not sent: several senders write here. Reply to the message that you mean. {prefix}room in reply to one gives \
             its sender a room of their own."
        );
        self.refuse(said, words)
    }
}
