//! The rooms of destinations: the stored wish for one, what came of it, and whose room a place is.

use tracing::info;

use crate::address::{Address, Conversation, LineName};
use crate::chat::{Attempt, Destination, Network, Place, Room, RoomIntent, RoomKind};
use crate::harmless;
use crate::id::PostId;
use crate::person::Role;
use crate::store::record::{Post, RoomNote, RoomState, RoomUse};
use crate::store::{StoreError, keys};
use crate::writer::posts::RoomPlan;
use crate::writer::work::Work;

impl Work<'_> {
    /// The room of a post's destination, or the stored wish for it.
    pub(super) fn plan_room(&mut self, post: &Post) -> Result<RoomPlan, StoreError> {
        let (title, invite) = match &post.destination {
            Destination::Place(place) => {
                let kind = self
                    .room_kind(&post.network, place)?
                    .unwrap_or(RoomKind::Shared);
                return Ok(RoomPlan::Ready(Room {
                    place: place.clone(),
                    kind,
                }));
            }
            Destination::Conversation { conversation, .. } => {
                (self.title_of(&conversation.address)?, Role::Reader)
            }
            Destination::Notices { line, .. } => (self.notices_title(line), Role::Reader),
            Destination::Admin { .. } => ("SMS bridge".to_owned(), Role::Owner),
        };
        let key = keys::room(&post.network, &post.destination);
        let note = match self.transaction.load::<RoomNote>(&key)? {
            Some(note) => Some(note),
            None => self.earlier_room(post)?,
        };
        let (intent, attempt) = match note {
            Some(RoomNote {
                state: RoomState::Made(room),
                ..
            }) if room.kind == RoomKind::Dedicated => {
                return Ok(RoomPlan::Ready(room.shows(&post.destination)));
            }
            // Whether a chat has topics may change: the adapter is asked each time, and has nothing to make.
            Some(RoomNote {
                intent,
                state: RoomState::Made(_),
            }) => (intent, Attempt::First),
            Some(RoomNote {
                intent,
                state: RoomState::Wanted(attempt),
            }) => (intent, attempt),
            None => (PostId(self.next_id()), Attempt::First),
        };
        self.transaction.save(
            key,
            &RoomNote {
                intent,
                state: RoomState::Wanted(Attempt::Repeat),
            },
        )?;
        let members = self.members()?;
        let people = [&self.core.settings.people, &members];
        Ok(RoomPlan::Ensure(RoomIntent {
            id: intent,
            destination: post.destination.clone(),
            title,
            invite: people
                .into_iter()
                .flat_map(|people| people.ids(&post.network, invite))
                .map(str::to_owned)
                .collect(),
            attempt,
        }))
    }

    /// What a contact's room is called.
    pub(super) fn title_of(&self, address: &Address) -> Result<String, StoreError> {
        Ok(harmless::line(&self.called(address)?))
    }

    /// The contact's room from a time when the line's country was not known, and their number was kept as it was written.
    fn earlier_room(&mut self, post: &Post) -> Result<Option<RoomNote>, StoreError> {
        let Destination::Conversation {
            inbox,
            conversation,
        } = &post.destination
        else {
            return Ok(None);
        };
        for address in conversation.address.once_written() {
            // What still is another's number on this line is not this contact's.
            if address
                .clone()
                .placed(self.core.country(&conversation.line))
                != conversation.address
            {
                continue;
            }
            let earlier = Destination::Conversation {
                inbox: inbox.clone(),
                conversation: Conversation {
                    line: conversation.line.clone(),
                    address,
                },
            };
            let note: Option<RoomNote> = self
                .transaction
                .load(&keys::room(&post.network, &earlier))?;
            if let Some(RoomNote {
                state: RoomState::Made(room),
                intent,
            }) = note
                && room.kind == RoomKind::Dedicated
            {
                info!(adapter = post.network.0, "a contact keeps their room");
                let used_for = RoomUse::Conversation(conversation.clone());
                let place = keys::place(&post.network, &room.place);
                self.transaction.save(place, &used_for)?;
                let note = RoomNote {
                    intent,
                    state: RoomState::Made(room),
                };
                let key = keys::room(&post.network, &post.destination);
                self.transaction.save(key, &note)?;
                return Ok(Some(note));
            }
        }
        Ok(None)
    }

    /// A conversation whose number can be placed by now.
    pub(super) fn placed(&self, conversation: Conversation) -> Conversation {
        let Conversation { line, address } = conversation;
        let address = address.placed(self.core.country(&line));
        Conversation { line, address }
    }

    pub(super) fn room_made(
        &mut self,
        network: &Network,
        destination: &Destination,
        room: Room,
    ) -> Result<(), StoreError> {
        let key = keys::room(network, destination);
        let Some(note) = self.transaction.load::<RoomNote>(&key)? else {
            return Ok(());
        };
        let used_for = match (room.kind, destination) {
            (RoomKind::Dedicated, Destination::Conversation { conversation, .. }) => {
                RoomUse::Conversation(conversation.clone())
            }
            (RoomKind::Dedicated, Destination::Notices { .. }) => RoomUse::Notices,
            (RoomKind::Dedicated | RoomKind::Shared, _) => RoomUse::Shared,
        };
        self.transaction
            .save(keys::place(network, &room.place), &used_for)?;
        self.transaction.save(
            key,
            &RoomNote {
                intent: note.intent,
                state: RoomState::Made(room),
            },
        )
    }

    /// A room that an earlier life made for a contact, and of which it did not learn: what is written there goes to the
    /// contact too.
    pub(super) fn adopt_room(
        &mut self,
        network: &Network,
        place: &Place,
        destination: &Destination,
    ) -> Result<(), StoreError> {
        let key = keys::place(network, place);
        let used_for = match destination {
            Destination::Conversation { conversation, .. }
                if self.core.line(&conversation.line).is_some() =>
            {
                RoomUse::Conversation(conversation.clone())
            }
            Destination::Notices { .. } => RoomUse::Notices,
            Destination::Admin { inbox } => {
                let known = self.core.chats.get(network);
                if !known.is_some_and(|known| known.admins.contains(inbox)) {
                    return Ok(());
                }
                self.note_admin_room(network, place, destination)?;
                RoomUse::Shared
            }
            Destination::Conversation { .. } | Destination::Place(_) => return Ok(()),
        };
        if !self.transaction.exists(&key)? {
            info!(
                adapter = network.0,
                "a stray room is taken for what it was made for"
            );
            self.transaction.save(key, &used_for)?;
        }
        Ok(())
    }

    /// An adapter may have an admin room before anything is posted there.
    fn note_admin_room(
        &mut self,
        network: &Network,
        place: &Place,
        destination: &Destination,
    ) -> Result<(), StoreError> {
        let key = keys::room(network, destination);
        if self.transaction.exists(&key)? {
            return Ok(());
        }
        let note = RoomNote {
            intent: PostId(self.next_id()),
            state: RoomState::Made(Room {
                place: place.clone(),
                kind: RoomKind::Shared,
            }),
        };
        self.transaction.save(key, &note)
    }

    /// The wish was proven not to be granted: the next try need not look for its result.
    pub(super) fn room_not_made(
        &mut self,
        network: &Network,
        destination: &Destination,
    ) -> Result<(), StoreError> {
        let key = keys::room(network, destination);
        let Some(note) = self.transaction.load::<RoomNote>(&key)? else {
            return Ok(());
        };
        let state = RoomState::Wanted(Attempt::First);
        self.transaction.save(
            key,
            &RoomNote {
                intent: note.intent,
                state,
            },
        )
    }

    pub(super) fn room_gone(&mut self, post: &Post) -> Result<(), StoreError> {
        let key = keys::room(&post.network, &post.destination);
        if let Some(RoomNote {
            state: RoomState::Made(room),
            ..
        }) = self.transaction.load::<RoomNote>(&key)?
        {
            self.transaction
                .remove(keys::place(&post.network, &room.place));
        }
        self.transaction.remove(key);
        Ok(())
    }

    pub(super) fn room_kind(
        &self,
        network: &Network,
        place: &Place,
    ) -> Result<Option<RoomKind>, StoreError> {
        Ok(self
            .transaction
            .load::<RoomUse>(&keys::place(network, place))?
            .map(|used_for| match used_for {
                RoomUse::Conversation(_) => RoomKind::Dedicated,
                RoomUse::Notices | RoomUse::Shared => RoomKind::Shared,
            }))
    }

    /// Whose room a place is. `None` for a shared or unknown one.
    pub(super) fn conversation_at(
        &self,
        network: &Network,
        place: &Place,
    ) -> Result<Option<Conversation>, StoreError> {
        Ok(
            match self
                .transaction
                .load::<RoomUse>(&keys::place(network, place))?
            {
                Some(RoomUse::Conversation(conversation)) => Some(conversation),
                Some(RoomUse::Notices | RoomUse::Shared) | None => None,
            },
        )
    }

    /// Whether a place is where senders without a room of their own are shown, and nothing else.
    pub(super) fn is_for_notices(
        &self,
        network: &Network,
        place: &Place,
    ) -> Result<bool, StoreError> {
        let used_for: Option<RoomUse> = self.transaction.load(&keys::place(network, place))?;
        Ok(used_for == Some(RoomUse::Notices))
    }

    fn notices_title(&self, line: &LineName) -> String {
        match self.core.settings.lines.len() {
            0 | 1 => "Notices".to_owned(),
            _ => format!("Notices (SIM {line})"),
        }
    }
}
