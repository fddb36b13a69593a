//! A chat network that answers at once and keeps nothing, with a room for each contact; and the traffic of a house with one
//! line. For measuring the core alone.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use tokio::sync::watch;

use crate::address::LineName;
use crate::chat::{
    Audience, Author, Body, ChatAdapter, ChatError, ChatEvent, Description, Destination, InboxId,
    MessageState, Network, OutgoingPost, Place, Probe, Receipt, Repeats, Room, RoomIntent,
    RoomKind,
};
use crate::handle::{DeliveryReports, LineSettings, Sending};
use crate::id::Timestamp;
use crate::limits::Limits;
use crate::person::{Identity, People, Person, Role};
use crate::settings::Settings;

/// How many contacts there are.
pub const CONTACTS: u64 = 200;

const NETWORK: &str = "instant";
const OWNER: &str = "1";

/// The bridge of a house: one line that asks for delivery reports, one owner, one network.
#[must_use]
pub fn settings(data_dir: PathBuf) -> Settings {
    let line = LineSettings {
        name: line(),
        country: None,
        delivery_reports: DeliveryReports::Ask,
        sending: Sending::OneStep,
    };
    let identity = Identity {
        network: network(),
        id: OWNER.to_owned(),
    };
    let owner = Person {
        name: "me".to_owned(),
        role: Role::Owner,
        identities: vec![identity],
    };
    Settings::new(data_dir, People(vec![owner]), vec![line]).with_limits(&Limits::plenty())
}

/// The line of [`settings`].
///
/// # Panics
///
/// Never.
#[must_use]
#[expect(clippy::expect_used, reason = "a constant")]
pub fn line() -> LineName {
    "home".parse().expect("a name")
}

/// The network of [`InstantChat`].
#[must_use]
pub fn network() -> Network {
    Network(NETWORK.to_owned())
}

/// The number of a contact.
#[must_use]
pub fn contact(number: u64) -> String {
    format!("+1202555{:04}", number % CONTACTS)
}

/// A text of one part, as long as what people write.
#[must_use]
pub fn text(number: u64) -> String {
    format!("Message {number}: the shop is open until six, see you there.")
}

/// The owner writes a contact something in its room; `number` makes it another event each time.
#[must_use]
pub fn written(number: u64, to: &str, at: Timestamp) -> ChatEvent {
    ChatEvent {
        id: format!("event-{number}"),
        author: Author {
            id: OWNER.to_owned(),
            name: "Me".to_owned(),
            is_person: true,
        },
        place: place(to),
        message: format!("written-{number}"),
        reply_to: None,
        audience: Audience::Group,
        body: Body::Text(text(number)),
        at,
    }
}

/// The room that a destination gets.
pub(crate) fn room(intent: &RoomIntent) -> Room {
    let kind = match intent.destination {
        Destination::Conversation { .. } | Destination::Notices { .. } => RoomKind::Dedicated,
        Destination::Admin { .. } | Destination::Place(_) => RoomKind::Shared,
    };
    Room {
        place: place(&intent.title),
        kind,
    }
}

/// What a post becomes.
pub(crate) fn receipt(id: u64, room: &Room) -> Receipt {
    Receipt {
        place: room.place.clone(),
        message: format!("post-{id}"),
    }
}

fn place(title: &str) -> Place {
    Place {
        chat: format!("room of {title}"),
        thread: None,
    }
}

/// The adapter.
#[derive(Debug)]
pub struct InstantChat {
    description: Description,
    posts: AtomicU64,
    shown: watch::Sender<Shown>,
}

/// What was shown last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// How many posts there were.
    pub posts: u64,
    /// The state of a message. `None`: none was shown.
    pub state: Option<MessageState>,
}

impl Default for InstantChat {
    fn default() -> Self {
        let inbox = || vec![InboxId("house".to_owned())];
        Self {
            description: Description {
                network: network(),
                label: "Instant".to_owned(),
                inboxes: inbox(),
                admins: inbox(),
                text_limit: 4000,
                repeats: Repeats::Recognised,
                concurrency: 8,
                command_prefix: '/',
            },
            posts: AtomicU64::new(0),
            shown: watch::Sender::default(),
        }
    }
}

impl InstantChat {
    /// What is shown, as it changes.
    #[must_use]
    pub fn shown(&self) -> watch::Receiver<Shown> {
        self.shown.subscribe()
    }
}

#[async_trait]
impl ChatAdapter for InstantChat {
    fn describe(&self) -> &Description {
        &self.description
    }

    async fn ensure_room(&self, intent: &RoomIntent) -> Result<Room, ChatError> {
        Ok(room(intent))
    }

    async fn post(&self, post: &OutgoingPost) -> Result<Receipt, ChatError> {
        let posts = self.posts.fetch_add(1, Ordering::Relaxed) + 1;
        self.shown.send_modify(|shown| shown.posts = posts);
        Ok(receipt(post.id.0, &post.room))
    }

    async fn amend(&self, _receipt: &Receipt, _post: &OutgoingPost) -> Result<(), ChatError> {
        Ok(())
    }

    async fn show_state(&self, _receipt: &Receipt, state: MessageState) -> Result<(), ChatError> {
        self.shown.send_modify(|shown| shown.state = Some(state));
        Ok(())
    }

    async fn probe(&self, post: &OutgoingPost) -> Result<Probe, ChatError> {
        Ok(Probe::Arrived(receipt(post.id.0, &post.room)))
    }
}
