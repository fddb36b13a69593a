//! The simplest chat network there can be: one shared chat in memory that shows repeats.

#![expect(clippy::expect_used, reason = "a test's own input")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bridge_core::chat::{
    Attempt, Audience, Author, Body, ChatEvent, Choice, Content, Description, Destination, InboxId,
    MessageState, Network, OutgoingPost, Place, Probe, Receipt, Repeats, Room, RoomIntent,
    RoomKind,
};
use bridge_core::conformance::{Counterpart, Seen, Who};
use bridge_core::{BridgeHandle, ChatAdapter, ChatError, Clock, Identity, Person, Role, Timestamp};

/// The adapter and the people in front of it.
#[derive(Default)]
pub(crate) struct MemoryChat {
    /// When people write. `None`: now.
    pub(crate) writes_at: Option<Timestamp>,
    server: Arc<Server>,
    bridge: Option<BridgeHandle>,
    events: AtomicU64,
}

/// What outlives the bridge.
#[derive(Default)]
struct Server {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    messages: Vec<(Seen, Vec<Choice>)>,
    lose: bool,
    refuse: u32,
    reject: bool,
    dedicated: bool,
    /// Titles of the rooms that were made.
    rooms: Vec<String>,
}

impl Server {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, text: String, by_bridge: bool, choices: Vec<Choice>) -> String {
        let mut state = self.state();
        let id = state.messages.len().to_string();
        let place = ("chat".to_owned(), None);
        state.messages.push((
            Seen {
                id: id.clone(),
                place,
                text,
                by_bridge,
                state: None,
            },
            choices,
        ));
        id
    }
}

struct Adapter {
    server: Arc<Server>,
    description: Description,
}

fn network() -> Network {
    Network("memory".to_owned())
}

fn place() -> Place {
    Place {
        chat: "chat".to_owned(),
        thread: None,
    }
}

fn rendered(post: &OutgoingPost) -> String {
    let repeat = if post.attempt == Attempt::Repeat {
        " (possible repeat)"
    } else {
        ""
    };
    let text = match &post.content {
        Content::Sms {
            from,
            text,
            notes,
            sound,
            ..
        } => {
            let silent = if sound.is_usual() { "" } else { "\n(silent)" };
            format!("{from}{repeat}\n{text}\n{}{silent}", notes.join("\n"))
        }
        Content::Mirror {
            to,
            author,
            via,
            text,
        } => format!("{to} ({author}) via {via}: {text}"),
        Content::Notice { text } | Content::Digest { text } => text.clone(),
        Content::File { caption, text, .. } => format!("{caption}\n{text}"),
    };
    text.replace('\u{202e}', "")
}

#[async_trait]
impl ChatAdapter for Adapter {
    fn describe(&self) -> &Description {
        &self.description
    }

    async fn ensure_room(&self, intent: &RoomIntent) -> Result<Room, ChatError> {
        let mut state = self.server.state();
        let has_room = matches!(
            intent.destination,
            Destination::Conversation { .. } | Destination::Notices { .. }
        );
        if state.dedicated && has_room {
            state.rooms.push(intent.title.clone());
            let chat = format!("room {}", state.rooms.len());
            let place = Place { chat, thread: None };
            let kind = RoomKind::Dedicated;
            return Ok(Room { place, kind });
        }
        Ok(Room {
            place: place(),
            kind: RoomKind::Shared,
        })
    }

    async fn post(&self, post: &OutgoingPost) -> Result<Receipt, ChatError> {
        {
            let mut state = self.server.state();
            if state.refuse > 0 {
                state.refuse -= 1;
                return Err(ChatError::Retry {
                    cause: "try later".to_owned(),
                    after: None,
                });
            }
            if std::mem::take(&mut state.reject) {
                return Err(ChatError::Reject {
                    cause: "not here".to_owned(),
                });
            }
        }
        let message = self.server.add(rendered(post), true, post.choices.clone());
        if let Some((seen, _)) = self.server.state().messages.last_mut() {
            seen.place.0.clone_from(&post.room.place.chat);
        }
        if std::mem::take(&mut self.server.state().lose) {
            return Err(ChatError::Unknown {
                cause: "the answer was lost".to_owned(),
            });
        }
        Ok(Receipt {
            place: post.room.place.clone(),
            message,
        })
    }

    async fn amend(&self, receipt: &Receipt, post: &OutgoingPost) -> Result<(), ChatError> {
        let mut state = self.server.state();
        if let Some((seen, _)) = state
            .messages
            .iter_mut()
            .find(|(seen, _)| seen.id == receipt.message)
        {
            seen.text = rendered(post);
        }
        Ok(())
    }

    async fn show_state(&self, receipt: &Receipt, shown: MessageState) -> Result<(), ChatError> {
        let mut state = self.server.state();
        if let Some((seen, _)) = state
            .messages
            .iter_mut()
            .find(|(seen, _)| seen.id == receipt.message)
        {
            seen.state = Some(shown);
        }
        Ok(())
    }

    async fn probe(&self, _post: &OutgoingPost) -> Result<Probe, ChatError> {
        Ok(Probe::CannotTell)
    }
}

impl MemoryChat {
    /// The next post is refused for good.
    #[allow(dead_code, reason = "not every test needs it")]
    pub(crate) fn reject_next_post(&self) {
        self.server.state().reject = true;
    }

    /// From now on each contact has a room.
    #[allow(dead_code, reason = "not every test needs it")]
    pub(crate) fn give_rooms(&self) {
        self.server.state().dedicated = true;
    }

    /// The titles of the rooms that were made, in order.
    #[allow(dead_code, reason = "not every test needs it")]
    pub(crate) fn rooms(&self) -> Vec<String> {
        self.server.state().rooms.clone()
    }

    async fn event(&self, who: Who, message: String, reply_to: Option<String>, body: Body) {
        let id = match who {
            Who::Owner => "1",
            Who::Stranger => "2",
        };
        let event = ChatEvent {
            id: self.events.fetch_add(1, Ordering::Relaxed).to_string(),
            author: Author {
                id: id.to_owned(),
                name: "Me".to_owned(),
                is_person: true,
            },
            place: place(),
            message,
            reply_to,
            audience: Audience::Bridge,
            body,
            at: self.writes_at.unwrap_or_else(|| Clock::system().now()),
        };
        let bridge = self.bridge.as_ref().expect("the adapter runs");
        bridge
            .submit(&network(), vec![event], None)
            .await
            .expect("it is stored");
    }
}

#[async_trait]
impl Counterpart for MemoryChat {
    fn owner(&self) -> Person {
        let identities = vec![Identity {
            network: network(),
            id: "1".to_owned(),
        }];
        Person {
            name: "me".to_owned(),
            role: Role::Owner,
            identities,
        }
    }

    async fn start(&mut self, bridge: BridgeHandle) -> Arc<dyn ChatAdapter> {
        self.bridge = Some(bridge);
        let inbox = || vec![InboxId("chat".to_owned())];
        Arc::new(Adapter {
            server: Arc::clone(&self.server),
            description: Description {
                network: network(),
                label: "Memory".to_owned(),
                inboxes: inbox(),
                admins: inbox(),
                text_limit: 4000,
                repeats: Repeats::Shown,
                concurrency: 1,
                command_prefix: '!',
            },
        })
    }

    async fn stop(&mut self) {
        self.bridge = None;
    }

    async fn timeline(&mut self) -> Vec<Seen> {
        self.server
            .state()
            .messages
            .iter()
            .map(|(seen, _)| seen.clone())
            .collect()
    }

    async fn command(&mut self, who: Who, text: &str) {
        let id = self.server.add(text.to_owned(), false, Vec::new());
        self.event(who, id, None, Body::Text(text.to_owned())).await;
    }

    async fn answer(&mut self, who: Who, post: &Seen, text: &str) {
        let id = self.server.add(text.to_owned(), false, Vec::new());
        self.event(who, id, Some(post.id.clone()), Body::Text(text.to_owned()))
            .await;
    }

    async fn answer_with_picture(&mut self, post: &Seen) {
        let id = self.server.add(String::new(), false, Vec::new());
        self.event(
            Who::Owner,
            id,
            Some(post.id.clone()),
            Body::Unsupported("a photo".to_owned()),
        )
        .await;
    }

    async fn choose(&mut self, post: &Seen, label: &str) {
        let choices = self
            .server
            .state()
            .messages
            .iter()
            .find(|(seen, _)| seen.id == post.id)
            .map(|(_, c)| c.clone());
        let choice = choices
            .unwrap_or_default()
            .into_iter()
            .find(|choice| choice.label == label)
            .expect("the button");
        self.event(
            Who::Owner,
            post.id.clone(),
            None,
            Body::Choice(choice.token),
        )
        .await;
    }

    async fn lose_next_answer(&mut self) {
        self.server.state().lose = true;
    }

    async fn refuse_posts(&mut self, count: u32) {
        self.server.state().refuse = count;
    }

    fn shows_repeats(&self) -> bool {
        true
    }
}
