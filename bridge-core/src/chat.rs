//! The port to a chat network, and the words that core and adapters share.
//!
//! The core says *what* to show ([`Content`], [`MessageState`]); an adapter decides *how* it looks in its network,
//! escapes it, and never re-sends by itself: every retry is a stored decision of this crate. What people do in a chat
//! comes in as [`ChatEvent`]s through [`BridgeHandle::submit`](crate::BridgeHandle::submit).

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::address::{Conversation, LineName};
use crate::id::PostId;

mod events;

pub use events::{Audience, Author, Body, ChatEvent, Cursor, Gap, Verdict};

/// One chat network.
#[async_trait]
pub trait ChatAdapter: Send + Sync {
    /// Limits and habits of the network. Constant while the adapter lives.
    fn describe(&self) -> &Description;

    /// Finds or makes the room of a destination. The intent is stored before this is called; after a crash it is called
    /// again with the same intent, so a room that was made but not recorded has to be found where the network allows it.
    ///
    /// # Errors
    ///
    /// See [`ChatError`].
    ///
    /// # Cancel safety
    ///
    /// The room may exist when this future is dropped.
    async fn ensure_room(&self, intent: &RoomIntent) -> Result<Room, ChatError>;

    /// Gives a room of one contact another title, made of it as [`ensure_room`](Self::ensure_room) makes one of
    /// [`RoomIntent::title`]. A set-operation: may be replayed. Does nothing where rooms have no titles.
    ///
    /// # Errors
    ///
    /// See [`ChatError`].
    async fn rename_room(&self, _room: &Room, _title: &str) -> Result<(), ChatError> {
        Ok(())
    }

    /// Shows one post.
    ///
    /// # Errors
    ///
    /// See [`ChatError`]: a post that may have arrived is always `Unknown`, never `Retry`, unless the network tells
    /// repeats apart by the post's id ([`Repeats::Recognised`]).
    ///
    /// # Cancel safety
    ///
    /// The post may have arrived when this future is dropped.
    async fn post(&self, post: &OutgoingPost) -> Result<Receipt, ChatError>;

    /// Replaces the content of an earlier post: a late part, a count of repeats. A set-operation: may be replayed.
    ///
    /// # Errors
    ///
    /// See [`ChatError`].
    async fn amend(&self, receipt: &Receipt, post: &OutgoingPost) -> Result<(), ChatError>;

    /// Shows the state of an outgoing message on the post that it was written in, or that mirrors it. A set-operation:
    /// may be replayed, and replaces the state shown before.
    ///
    /// # Errors
    ///
    /// See [`ChatError`].
    async fn show_state(&self, receipt: &Receipt, state: MessageState) -> Result<(), ChatError>;

    /// Whether an earlier attempt at this post arrived.
    ///
    /// # Errors
    ///
    /// See [`ChatError`].
    async fn probe(&self, post: &OutgoingPost) -> Result<Probe, ChatError>;
}

/// The short name of a network: `telegram`, `matrix`, `terminal`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Network(pub String);

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A chat that gets every SMS, as the adapter names it: a Telegram chat id; for Matrix, which has a room for each
/// contact, one name for all of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InboxId(pub String);

/// What the core has to know of a network.
#[derive(Clone, Debug)]
pub struct Description {
    /// Short name, in keys and logs.
    pub network: Network,
    /// As people call it: `Telegram`.
    pub label: String,
    /// The chats that get every SMS.
    pub inboxes: Vec<InboxId>,
    /// The chats that get alerts.
    pub admins: Vec<InboxId>,
    /// The longest text of one post in UTF-16 code units, the adapter's own head and markup already taken off.
    pub text_limit: usize,
    /// What happens to the same post sent twice.
    pub repeats: Repeats,
    /// How many posts to different rooms may be under way at once; at least 1.
    pub concurrency: usize,
    /// What stands before a command in help texts: `/` or `!`.
    pub command_prefix: char,
}

/// What a network does with a post that it has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// The post's id is the network's transaction id: a repeat changes nothing.
    Recognised,
    /// A repeat is a second post.
    Shown,
}

/// A place in a network where something can be written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// A chat or room id.
    pub chat: String,
    /// A topic in it. `None` for the chat itself.
    pub thread: Option<String>,
}

/// The chat-side reference of a post, by which a reply finds its conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Receipt {
    /// Where it stands.
    pub place: Place,
    /// The network's id of the message there.
    pub message: String,
}

/// Where a post is to appear.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// Wherever this inbox shows this contact.
    Conversation {
        /// One of [`Description::inboxes`].
        inbox: InboxId,
        /// Whose messages.
        conversation: Conversation,
    },
    /// Wherever this inbox shows the senders of a line that have no room of their own: short codes, and names without a
    /// number.
    Notices {
        /// One of [`Description::inboxes`].
        inbox: InboxId,
        /// Whose senders.
        line: LineName,
    },
    /// The admin chat.
    Admin {
        /// One of [`Description::admins`].
        inbox: InboxId,
    },
    /// A known place: the answer to something written there.
    Place(Place),
}

/// A stored wish for a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomIntent {
    /// Rises with each new wish, and stays the same when one is repeated after a crash.
    pub id: PostId,
    /// For what. Never [`Destination::Place`].
    pub destination: Destination,
    /// What the room is called: the contact's name or number, or "Notices".
    pub title: String,
    /// The ids in this network of the persons who belong there.
    pub invite: Vec<String>,
    /// Whether an earlier call with this intent may have made the room.
    pub attempt: Attempt,
}

/// Whether something may have been done before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attempt {
    /// Never tried, or proven not done.
    First,
    /// Tried, and nobody knows whether it was done.
    Repeat,
}

/// A room of a destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Where.
    pub place: Place,
    /// Whose.
    pub kind: RoomKind,
}

impl Room {
    /// The same, as the posts of a destination find it: where several senders are shown, each post names its own.
    pub(crate) fn shows(mut self, destination: &Destination) -> Self {
        match destination {
            Destination::Notices { .. } => self.kind = RoomKind::Shared,
            Destination::Conversation { .. }
            | Destination::Admin { .. }
            | Destination::Place(_) => {}
        }
        self
    }
}

/// Whether what is written in a room without a reply has one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// A room or topic of one contact: everything written there goes to them. Posts need no head with the number. What an
    /// adapter answers for [`Destination::Notices`] too, where it is a place of its own; posts there come with
    /// [`RoomKind::Shared`].
    Dedicated,
    /// A place with many contacts, or the admin chat: a reply finds the contact. Posts name the contact.
    Shared,
}

/// One post as an adapter shows it.
#[derive(Clone, Debug)]
pub struct OutgoingPost {
    /// Also the transaction id, where the network has such.
    pub id: PostId,
    /// Where.
    pub room: Room,
    /// What.
    pub content: Content,
    /// The network's id of the message in the same chat that this answers. `None` where it answers none.
    pub reply_to: Option<String>,
    /// Buttons, or commands where the network has none.
    pub choices: Vec<Choice>,
    /// [`Attempt::Repeat`]: an earlier attempt may have arrived, and the post says so ("possible repeat") where the
    /// network shows repeats.
    pub attempt: Attempt,
}

/// What a post says. Texts are data: an adapter escapes them and turns link previews and mentions off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// An SMS that came in.
    Sms {
        /// The contact's name or number.
        from: String,
        /// The SIM it came in on. `None` where there is one line only and the name would be noise.
        line: Option<String>,
        /// Its text; a missing part is marked in it.
        text: String,
        /// When the network took it, RFC 3339 with the network's zone. `None` where the SMS carries no valid time.
        sent_at: Option<String>,
        /// What else to know: "received 3 times", "part 2 of 3 is missing".
        notes: Vec<String>,
        /// Whether a phone is to make a sound for it.
        #[serde(default, skip_serializing_if = "Sound::is_usual")]
        sound: Sound,
        /// The one-time code in the text, as it has to be typed: to be copied at a touch where the network can.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
    },
    /// What a person wrote to the contact from somewhere else.
    Mirror {
        /// To whom: shown in shared chats.
        to: String,
        /// Who wrote.
        author: String,
        /// In which network, as people call it: "Telegram".
        via: String,
        /// What.
        text: String,
    },
    /// The bridge's own words, in plain text.
    Notice {
        /// Several lines are possible.
        text: String,
    },
    /// The same, of something old that nobody need look at now: shown without a sound.
    Digest {
        /// Several lines are possible.
        text: String,
    },
    /// A text file to keep.
    File {
        /// What it is called: letters, digits, `-` and `.`.
        name: String,
        /// What stands beside it; one line.
        caption: String,
        /// What is in it. Empty once it was posted: the chat keeps it.
        text: String,
    },
}

/// Whether a phone is to make a sound for a post.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sound {
    /// As the person has set their chat.
    #[default]
    Usual,
    /// None, like for a muted contact.
    Silent,
}

impl Sound {
    /// As if nothing had been said.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::Usual
    }
}

/// Something that the reader of a post can do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Comes back in [`Body::Choice`]; at most 64 bytes of ASCII.
    pub token: String,
    /// On the button: "Send again".
    pub label: String,
    /// The command that does the same when written in reply to the post, without its prefix: `retry`. `None` where
    /// nothing need be done.
    pub command: Option<String>,
}

/// The state of an outgoing message, over all its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// Stored; on its way, or waiting for the line.
    Queued,
    /// The network took every part.
    Sent,
    /// The recipient's phone has every part.
    Delivered,
    /// At least one part was refused, or not delivered.
    Failed,
    /// Nobody can tell whether it left.
    Unknown,
    /// A person called it off before it left.
    Cancelled,
}

impl MessageState {
    /// Every state, in the order of a message's life.
    pub const ALL: [Self; 6] = [
        Self::Queued,
        Self::Sent,
        Self::Delivered,
        Self::Failed,
        Self::Unknown,
        Self::Cancelled,
    ];

    /// One lower-case word: a configuration key and a log field.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What became of an earlier attempt at a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It stands there.
    Arrived(Receipt),
    /// It proves not to be there.
    Absent,
    /// The network offers no way to know.
    CannotTell,
}

/// Why a chat network did not do something, by what the caller can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// It proves not to be done; try again.
    #[error("{cause}")]
    Retry {
        /// What happened.
        cause: String,
        /// The network's own wish (Telegram's `retry_after`, Matrix's `retry_after_ms`). `None`: the caller backs off.
        after: Option<Duration>,
    },
    /// It was refused, and will be again until a person does something.
    #[error("{cause}")]
    Reject {
        /// What happened and what the person can do.
        cause: String,
    },
    /// The room is gone: make a new one and post there.
    #[error("{cause}")]
    RoomGone {
        /// What happened.
        cause: String,
    },
    /// It may have been done.
    #[error("{cause}")]
    Unknown {
        /// What happened.
        cause: String,
    },
}
