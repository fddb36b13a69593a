//! A chat network with a room for each contact, where a repeated post is a second one; and each room has its mood.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bridge_core::chat::{
    Attempt, Audience, Author, Body, ChatEvent, Choice, Content, Description, Destination, InboxId,
    MessageState, Network, OutgoingPost, Place, Probe, Receipt, Repeats, Room, RoomIntent,
    RoomKind, Sound,
};
use bridge_core::{ChatAdapter, ChatError, Timestamp};
use tokio::time::Instant;

/// Where people write to the bridge itself.
pub(crate) const LOBBY: &str = "lobby";
pub(crate) const ADMIN: &str = "admin";

/// How a room treats what is posted there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Answers,
    /// No call ever ends.
    Hangs,
    /// Nothing is taken.
    Away,
    /// Nothing is taken, and the network says how long to wait.
    Wants(Duration),
    /// One post in so much time; whoever comes earlier is told to wait.
    OneIn(Duration),
    /// Everything is taken, and no answer comes back.
    Loses,
    /// Everything is refused for good.
    Refuses,
}

/// What stands in a room.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) id: String,
    pub(crate) room: String,
    pub(crate) text: String,
    pub(crate) by_bridge: bool,
    pub(crate) at: Instant,
    pub(crate) is_repeat: bool,
    pub(crate) choices: Vec<Choice>,
    pub(crate) state: Option<MessageState>,
    /// How often it was changed.
    pub(crate) edits: usize,
}

/// What outlives the bridge.
#[derive(Debug)]
pub(crate) struct Server {
    network: &'static str,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    messages: Vec<Shown>,
    moods: BTreeMap<String, Mood>,
    /// Of the rooms that have none of their own.
    mood: Mood,
    /// When the next post is taken, by room.
    next: BTreeMap<String, Instant>,
    /// Each time that somebody was told to wait.
    told_to_wait: usize,
    /// Each time that somebody did not.
    too_early: usize,
    calls: usize,
    /// What rooms are called, by room, as they were made or renamed last.
    titles: BTreeMap<String, String>,
}

impl Server {
    pub(crate) fn new(network: &'static str) -> Self {
        let state = Mutex::default();
        Self { network, state }
    }

    pub(crate) fn adapter(self: &Arc<Self>) -> Arc<dyn ChatAdapter> {
        let inbox = || vec![InboxId("inbox".to_owned())];
        Arc::new(Adapter {
            server: Arc::clone(self),
            description: Description {
                network: network(self.network),
                label: self.network.to_owned(),
                inboxes: inbox(),
                admins: inbox(),
                text_limit: 4000,
                repeats: Repeats::Shown,
                concurrency: 1,
                command_prefix: '/',
            },
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// From now on.
    pub(crate) fn is(&self, mood: Mood) {
        self.state().mood = mood;
    }

    /// From now on, in this room.
    pub(crate) fn room_is(&self, room: &str, mood: Mood) {
        self.state().moods.insert(room.to_owned(), mood);
    }

    pub(crate) fn messages(&self) -> Vec<Shown> {
        self.state().messages.clone()
    }

    /// What the bridge said in a room.
    pub(crate) fn said(&self, room: &str) -> Vec<String> {
        let messages = self.messages().into_iter();
        let there = messages.filter(|shown| shown.by_bridge && shown.room == room);
        there.map(|shown| shown.text).collect()
    }

    pub(crate) fn told_to_wait(&self) -> usize {
        self.state().told_to_wait
    }

    pub(crate) fn too_early(&self) -> usize {
        self.state().too_early
    }

    pub(crate) fn title(&self, room: &str) -> Option<String> {
        self.state().titles.get(room).cloned()
    }

    pub(crate) fn calls(&self) -> usize {
        self.state().calls
    }

    /// A person writes.
    pub(crate) fn written(&self, room: &str, text: &str) -> String {
        self.add(room, text.to_owned(), None)
    }

    fn add(&self, room: &str, text: String, post: Option<&OutgoingPost>) -> String {
        let mut state = self.state();
        let id = state.messages.len().to_string();
        state.messages.push(Shown {
            id: id.clone(),
            room: room.to_owned(),
            text,
            by_bridge: post.is_some(),
            at: Instant::now(),
            is_repeat: post.is_some_and(|post| post.attempt == Attempt::Repeat),
            choices: post.map(|post| post.choices.clone()).unwrap_or_default(),
            state: None,
            edits: 0,
        });
        id
    }

    /// What the room makes of a call: whether its answer is lost.
    async fn call(&self, room: &str) -> Result<bool, ChatError> {
        let mood = {
            let mut state = self.state();
            state.calls += 1;
            let mood = state.moods.get(room);
            mood.unwrap_or(&state.mood).clone()
        };
        let wait = |after| ChatError::Retry {
            cause: "too fast".to_owned(),
            after: Some(after),
        };
        match mood {
            Mood::Answers => Ok(false),
            Mood::Loses => Ok(true),
            Mood::Hangs => std::future::pending().await,
            Mood::Away => Err(ChatError::Retry {
                cause: "no connection".to_owned(),
                after: None,
            }),
            Mood::Wants(after) => Err(wait(after)),
            Mood::Refuses => Err(ChatError::Reject {
                cause: "the bot was thrown out".to_owned(),
            }),
            Mood::OneIn(pause) => {
                let (now, mut state) = (Instant::now(), self.state());
                let next = state.next.get(room).copied().unwrap_or(now);
                if next > now {
                    state.told_to_wait += 1;
                    return Err(wait(next - now));
                }
                state.next.insert(room.to_owned(), now + pause);
                Ok(false)
            }
        }
    }
}

pub(crate) fn network(name: &str) -> Network {
    Network(name.to_owned())
}

/// Somebody by their id.
pub(crate) fn author(id: &str, name: &str) -> Author {
    Author {
        id: id.to_owned(),
        name: name.to_owned(),
        is_person: true,
    }
}

/// Something that the owner did.
pub(crate) fn event(
    number: u64,
    room: &str,
    message: String,
    reply_to: Option<String>,
    body: Body,
    at: Timestamp,
) -> ChatEvent {
    ChatEvent {
        id: number.to_string(),
        author: author("1", "Me"),
        place: place(room),
        message,
        reply_to,
        audience: Audience::Bridge,
        body,
        at,
    }
}

fn place(room: &str) -> Place {
    Place {
        chat: room.to_owned(),
        thread: None,
    }
}

fn rendered(content: &Content) -> String {
    match content {
        Content::Sms {
            text, notes, sound, ..
        } => {
            let mut shown = text.clone();
            if !notes.is_empty() {
                shown += &format!("\n({})", notes.join("; "));
            }
            if *sound == Sound::Silent {
                shown += "\n(silent)";
            }
            shown
        }
        Content::Mirror { text, via, .. } => format!("via {via}: {text}"),
        Content::Notice { text } | Content::Digest { text } => text.clone(),
        Content::File { caption, text, .. } => format!("{caption}\n{text}"),
    }
}

struct Adapter {
    server: Arc<Server>,
    description: Description,
}

#[async_trait]
impl ChatAdapter for Adapter {
    fn describe(&self) -> &Description {
        &self.description
    }

    async fn ensure_room(&self, intent: &RoomIntent) -> Result<Room, ChatError> {
        let (room, kind) = match &intent.destination {
            Destination::Conversation { conversation, .. } => (
                room_of(conversation.line.as_str(), conversation.address.as_str()),
                RoomKind::Dedicated,
            ),
            Destination::Notices { line, .. } => {
                (room_of(line.as_str(), "notices"), RoomKind::Dedicated)
            }
            Destination::Admin { .. } => (ADMIN.to_owned(), RoomKind::Shared),
            Destination::Place(place) => (place.chat.clone(), RoomKind::Shared),
        };
        self.server
            .state()
            .titles
            .insert(room.clone(), intent.title.clone());
        Ok(Room {
            place: place(&room),
            kind,
        })
    }

    async fn rename_room(&self, room: &Room, title: &str) -> Result<(), ChatError> {
        self.server.call(&room.place.chat).await?;
        let mut state = self.server.state();
        state
            .titles
            .insert(room.place.chat.clone(), title.to_owned());
        Ok(())
    }

    async fn post(&self, post: &OutgoingPost) -> Result<Receipt, ChatError> {
        let place = post.room.place.clone();
        let is_lost = self.server.call(&place.chat).await?;
        let text = rendered(&post.content);
        let message = self.server.add(&place.chat, text, Some(post));
        if is_lost {
            return Err(ChatError::Unknown {
                cause: "the answer was lost".to_owned(),
            });
        }
        Ok(Receipt { place, message })
    }

    async fn amend(&self, receipt: &Receipt, post: &OutgoingPost) -> Result<(), ChatError> {
        self.server.call(&receipt.place.chat).await?;
        let mut state = self.server.state();
        let mut messages = state.messages.iter_mut();
        if let Some(shown) = messages.find(|shown| shown.id == receipt.message) {
            shown.text = rendered(&post.content);
            shown.choices.clone_from(&post.choices);
            shown.edits += 1;
        }
        Ok(())
    }

    async fn show_state(&self, receipt: &Receipt, shown: MessageState) -> Result<(), ChatError> {
        self.server.call(&receipt.place.chat).await?;
        let mut state = self.server.state();
        let mut messages = state.messages.iter_mut();
        if let Some(message) = messages.find(|message| message.id == receipt.message) {
            message.state = Some(shown);
        }
        Ok(())
    }

    async fn probe(&self, _post: &OutgoingPost) -> Result<Probe, ChatError> {
        Ok(Probe::CannotTell)
    }
}

/// The room of a contact.
pub(crate) fn room_of(line: &str, number: &str) -> String {
    format!("{line} {number}")
}
