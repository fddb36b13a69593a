//! Rooms that are to be called as their contacts are called now.
//!
//! The title is read when the wish is claimed, so that several changes become one; the wish is kept until the network has
//! taken, or refused, the title that is right by then.

use std::collections::BTreeSet;

use tracing::warn;

use crate::address::{Address, Conversation};
use crate::chat::{ChatError, Destination, InboxId, Network, Room, RoomKind};
use crate::id::PostId;
use crate::part::back_off;
use crate::store::record::{Renaming, RoomNote, RoomState};
use crate::store::{StoreError, Walk, keys};
use crate::writer::QueueName;
use crate::writer::posts::ChatJob;
use crate::writer::queue::{Due, Kind};
use crate::writer::work::{Change, Job, Work, place_lane};

/// How often it is tried where nobody knows what became of it.
const DOUBTS: u32 = 20;

impl Work<'_> {
    /// Somebody is called otherwise than before: the rooms of all their numbers are to be, since a name of several numbers
    /// is told apart by them; and those of whoever had this number before.
    pub(super) fn rename_rooms(
        &mut self,
        address: &Address,
        before: Vec<Address>,
    ) -> Result<(), StoreError> {
        let now = self.transaction.contact_of(address)?;
        let now = now.map(|(_, contact)| contact.numbers);
        let numbers: BTreeSet<Address> = now.into_iter().flatten().chain(before).collect();
        for (network, description) in self.core.chats.clone() {
            for inbox in &description.inboxes {
                for line in self.core.settings.lines.clone() {
                    for address in &numbers {
                        let conversation = Conversation {
                            line: line.name.clone(),
                            address: address.clone(),
                        };
                        self.wish_for_title(&network, inbox, conversation)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn wish_for_title(
        &mut self,
        network: &Network,
        inbox: &InboxId,
        conversation: Conversation,
    ) -> Result<(), StoreError> {
        let address = conversation.address.clone();
        let inbox = inbox.clone();
        let destination = Destination::Conversation {
            inbox,
            conversation,
        };
        let key = keys::room(network, &destination);
        let note: Option<RoomNote> = self.transaction.load(&key)?;
        let Some(RoomState::Made(room)) = note.map(|note| note.state) else {
            return Ok(());
        };
        if room.kind != RoomKind::Dedicated || self.has_wish(network, &room)? {
            return Ok(());
        }
        let renaming = Renaming {
            network: network.clone(),
            room,
            address,
            tries: 0,
            due: self.now,
        };
        let id = PostId(self.next_id());
        self.save_renaming(id, &renaming)
    }

    /// One wish for each room: it reads the title when it is done, and again when it was.
    fn has_wish(&self, network: &Network, room: &Room) -> Result<bool, StoreError> {
        let mut walk = Walk::over(keys::renamings_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let known: Option<Renaming> = self.transaction.load(&key)?;
            if known.is_some_and(|known| known.network == *network && known.room == *room) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn recover_renamings(&mut self) -> Result<(), StoreError> {
        let mut walk = Walk::over(keys::renamings_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let Some(id) = keys::last_number(&key).map(PostId) else {
                continue;
            };
            if let Some(renaming) = self.transaction.load::<Renaming>(&key)?
                && !self.core.is_handed(Job::Chat(id))
            {
                self.queue_renaming(id, &renaming, Due::BackOff(renaming.due));
            }
        }
        Ok(())
    }

    /// Nothing is to be called after these numbers any more.
    pub(super) fn forget_renamings(&mut self, numbers: &[Address]) -> Result<(), StoreError> {
        let mut walk = Walk::over(keys::renamings_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let renaming: Option<Renaming> = self.transaction.load(&key)?;
            if let (Some(id), Some(renaming)) = (keys::last_number(&key).map(PostId), renaming)
                && numbers.contains(&renaming.address)
            {
                self.transaction.remove(key);
                self.queue_renaming(id, &renaming, Due::Done);
            }
        }
        Ok(())
    }

    pub(super) fn claim_renaming(&mut self, id: PostId) -> Result<Option<ChatJob>, StoreError> {
        let Some(renaming) = self.transaction.load::<Renaming>(&keys::renaming(id))? else {
            return Ok(None);
        };
        let title = self.title_of(&renaming.address)?;
        self.hand_out(Job::Chat(id));
        self.queue_renaming(id, &renaming, Due::Taken);
        let room = renaming.room;
        Ok(Some(ChatJob::Rename { id, room, title }))
    }

    pub(super) fn settle_renaming(
        &mut self,
        id: PostId,
        title: &str,
        outcome: Result<(), ChatError>,
    ) -> Result<(), StoreError> {
        self.give_back(Job::Chat(id));
        let key = keys::renaming(id);
        let Some(mut renaming) = self.transaction.load::<Renaming>(&key)? else {
            return Ok(());
        };
        self.note_whether_it_answers(&renaming.network, outcome.as_ref().err());
        renaming.tries = renaming.tries.saturating_add(1);
        let again = match outcome {
            Ok(()) => None,
            // The room may be gone, or the right to rename it: posts go on under the old title.
            Err(ChatError::Reject { cause } | ChatError::RoomGone { cause }) => {
                warn!(adapter = renaming.network.0, error = %cause, "a room keeps its title");
                None
            }
            Err(ChatError::Unknown { cause }) if renaming.tries >= DOUBTS => {
                warn!(adapter = renaming.network.0, error = %cause, "a room keeps its title");
                None
            }
            Err(ChatError::Retry {
                after: Some(after), ..
            }) => Some(Due::At(self.now.after(after))),
            Err(ChatError::Retry { after: None, .. } | ChatError::Unknown { .. }) => {
                let wait = back_off(renaming.tries, &mut self.core.random);
                Some(Due::BackOff(self.now.after(wait)))
            }
        };
        let is_right = self.title_of(&renaming.address)? == title;
        match again {
            None if is_right => {
                self.transaction.remove(key);
                self.queue_renaming(id, &renaming, Due::Done);
            }
            None => self.save_renaming(id, &renaming)?,
            Some(due) => {
                if let Due::At(at) | Due::BackOff(at) = due {
                    renaming.due = at;
                }
                self.transaction.save(key, &renaming)?;
                self.queue_renaming(id, &renaming, due);
            }
        }
        Ok(())
    }

    fn save_renaming(&mut self, id: PostId, renaming: &Renaming) -> Result<(), StoreError> {
        self.queue_renaming(id, renaming, Due::At(renaming.due));
        self.transaction.save(keys::renaming(id), renaming)
    }

    fn queue_renaming(&mut self, id: PostId, renaming: &Renaming, due: Due) {
        self.changes.push(Change::Job {
            queue: QueueName::Chat(renaming.network.clone()),
            kind: Kind::Mark,
            lane: place_lane(&renaming.room.place),
            id: id.0,
            due,
        });
    }
}
