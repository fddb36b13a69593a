//! The two chat networks of the world, and what hands over what people do there.
//!
//! One is like Telegram: a shared chat, in which a repeated post stands twice. One is like Matrix: a room for each contact,
//! and a post that is known by its id. A text with `[flood]` is put off once; one with `[closed]` is refused until somebody
//! asks for it to be tried there again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bridge_core::chat::{
    Attempt, Audience, Author, Body, ChatEvent, Content, Cursor, Description, Destination, InboxId,
    MessageState, Network, OutgoingPost, Place, Probe, Receipt, Repeats, Room, RoomIntent,
    RoomKind,
};
use bridge_core::{BridgeHandle, ChatAdapter, ChatError, Timestamp, crash};

use crate::world::{KNOWS, Record, SHOWS, Said, Shown, World};

/// A call on its way to the server, and its answer on the way back.
const WAY: Duration = Duration::from_millis(1);

pub(crate) struct Adapter {
    world: Arc<World>,
    description: Description,
}

impl Adapter {
    pub(crate) fn new(world: Arc<World>, network: &str) -> Self {
        let inbox = || vec![InboxId("inbox".to_owned())];
        let description = Description {
            network: Network(network.to_owned()),
            label: network.to_owned(),
            inboxes: inbox(),
            admins: inbox(),
            text_limit: 4000,
            repeats: match network {
                SHOWS => Repeats::Shown,
                _ => Repeats::Recognised,
            },
            concurrency: 3,
            command_prefix: '!',
        };
        Self { world, description }
    }

    fn network(&self) -> &str {
        &self.description.network.0
    }
}

/// The room of a destination in the network that has a room for each.
pub(crate) fn room_of(destination: &Destination) -> String {
    match destination {
        Destination::Conversation { conversation, .. } => format!("of {}", conversation.address),
        Destination::Notices { line, .. } => format!("notices of {line}"),
        Destination::Admin { .. } => "admin".to_owned(),
        Destination::Place(place) => place.chat.clone(),
    }
}

fn rendered(post: &OutgoingPost) -> String {
    match &post.content {
        Content::Sms { text, notes, .. } => format!("{text}\n{}", notes.join("\n")),
        Content::Mirror { text, .. } | Content::Notice { text } | Content::Digest { text } => {
            text.clone()
        }
        Content::File { caption, text, .. } => format!("{caption}\n{text}"),
    }
}

fn receipt(post: &OutgoingPost, index: usize) -> Receipt {
    Receipt {
        place: post.room.place.clone(),
        message: index.to_string(),
    }
}

#[async_trait]
impl ChatAdapter for Adapter {
    fn describe(&self) -> &Description {
        &self.description
    }

    async fn ensure_room(&self, intent: &RoomIntent) -> Result<Room, ChatError> {
        tokio::time::sleep(WAY).await;
        let kind = match (self.network(), &intent.destination) {
            (KNOWS, Destination::Conversation { .. }) => RoomKind::Dedicated,
            _ => RoomKind::Shared,
        };
        let chat = match self.network() {
            KNOWS => room_of(&intent.destination),
            _ => "group".to_owned(),
        };
        if self.network() == KNOWS {
            let network = KNOWS.to_owned();
            self.world.act(|state| {
                // Found by its marker.
                let made = state.chat(KNOWS).rooms.contains(&chat);
                let record = Record::RoomMade {
                    network,
                    destination: chat.clone(),
                };
                ((!made).then_some(record).into_iter().collect(), ())
            });
        }
        crash::point("chat: room there, not answered");
        tokio::time::sleep(WAY).await;
        let place = Place { chat, thread: None };
        Ok(Room { place, kind })
    }

    async fn post(&self, post: &OutgoingPost) -> Result<Receipt, ChatError> {
        let network = || self.network().to_owned();
        let text = rendered(post);
        let is_first = self.world.act(|state| {
            let is_first = !state
                .chat(self.network())
                .called
                .iter()
                .any(|(id, _)| *id == post.id.0);
            let (network, post) = (network(), post.id.0);
            (vec![Record::Called { network, post }], is_first)
        });
        tokio::time::sleep(WAY).await;
        let is_own_words = matches!(post.content, Content::Notice { .. });
        if text.contains("[closed]") && !is_own_words && !self.world.state().asked_there() {
            let cause = "the room is closed".to_owned();
            return Err(ChatError::Reject { cause });
        }
        if is_first && text.contains("[flood]") {
            let after = Some(Duration::from_millis(5));
            let cause = "not so fast".to_owned();
            return Err(ChatError::Retry { cause, after });
        }
        let index = self.world.act(|state| {
            let messages = &state.chat(self.network()).messages;
            let known = messages
                .iter()
                .position(|other| other.post == Some(post.id.0));
            if let Some(known) = known.filter(|_| self.network() == KNOWS) {
                return (Vec::new(), known);
            }
            let shown = Shown {
                post: Some(post.id.0),
                room: post.room.place.chat.clone(),
                text: text.clone(),
                marked: post.attempt == Attempt::Repeat,
                reply_to: post.reply_to.clone(),
                choices: post
                    .choices
                    .iter()
                    .map(|choice| choice.token.clone())
                    .collect(),
                state: None,
            };
            let network = network();
            (vec![Record::Posted { network, shown }], messages.len())
        });
        crash::point("chat: posted, not answered");
        tokio::time::sleep(WAY).await;
        Ok(receipt(post, index))
    }

    async fn amend(&self, receipt: &Receipt, post: &OutgoingPost) -> Result<(), ChatError> {
        tokio::time::sleep(WAY).await;
        self.world.happens(vec![Record::Amended {
            network: self.network().to_owned(),
            message: receipt.message.clone(),
            text: rendered(post),
        }]);
        Ok(())
    }

    async fn show_state(&self, receipt: &Receipt, state: MessageState) -> Result<(), ChatError> {
        tokio::time::sleep(WAY).await;
        self.world.happens(vec![Record::State {
            network: self.network().to_owned(),
            message: receipt.message.clone(),
            state,
        }]);
        Ok(())
    }

    async fn probe(&self, _post: &OutgoingPost) -> Result<Probe, ChatError> {
        Ok(Probe::CannotTell)
    }
}

/// Hands over what people do, from where the bridge stands, until the bridge is gone; counts it in `done`.
pub(crate) async fn listen(
    world: Arc<World>,
    bridge: BridgeHandle,
    network: &'static str,
    done: Arc<AtomicUsize>,
) {
    let name = Network(network.to_owned());
    let Ok(cursor) = bridge.cursor(&name, "at").await else {
        return;
    };
    let stands: usize = cursor.map_or(0, |at| at.parse().unwrap());
    done.store(stands, Ordering::Relaxed);
    // The network tells the last thing once more.
    let mut at = stands.saturating_sub(1);
    loop {
        let said: Vec<Said> = world
            .state()
            .chat(network)
            .said
            .iter()
            .skip(at)
            .cloned()
            .collect();
        if said.is_empty() {
            tokio::time::sleep(WAY).await;
            continue;
        }
        let events = said.iter().enumerate();
        let events: Vec<ChatEvent> = events
            .map(|(index, said)| event(at + index, said))
            .collect();
        at += events.len();
        let cursor = Cursor {
            key: "at".to_owned(),
            value: at.to_string(),
        };
        if bridge.submit(&name, events, Some(cursor)).await.is_err() {
            return;
        }
        crash::point("chat: taken over, not confirmed");
        done.store(at, Ordering::Relaxed);
    }
}

fn event(id: usize, said: &Said) -> ChatEvent {
    let (message, room, reply_to, body) = match said.clone() {
        Said::Wrote {
            message,
            room,
            reply_to,
            text,
        } => (message, room, reply_to, Body::Text(text)),
        Said::Pressed {
            message,
            room,
            token,
        } => (message, room, None, Body::Choice(token)),
    };
    ChatEvent {
        id: id.to_string(),
        author: Author {
            id: "1".to_owned(),
            name: "Me".to_owned(),
            is_person: true,
        },
        place: Place {
            chat: room,
            thread: None,
        },
        message,
        reply_to,
        audience: Audience::Bridge,
        body,
        at: Timestamp(0),
    }
}
