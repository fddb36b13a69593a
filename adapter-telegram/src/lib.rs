//! Telegram as a chat network of sms-bridge.
//!
//! What it is: a [`ChatAdapter`] over the Bot API, and the loop that brings in what people do ([`Telegram::run`]). A
//! private chat with the bot, a group, or a forum in which each contact gets a topic; states are reactions, choices are
//! buttons. What it is not: it keeps nothing and sends nothing twice by itself; every retry is the core's.
//!
//! | file | what |
//! |---|---|
//! | `client.rs` | the bot and its calls |
//! | `polling.rs` | long polls, and the loop that brings in what people do |
//! | `incoming.rs` | an update → a `ChatEvent` |
//! | `outgoing.rs` | content → HTML, choices → buttons, states → reactions |
//! | `rooms.rs` | a destination → a chat or topic |
//! | `proxy.rs` | the way to Telegram |
//! | `limits.rs` | how much Telegram takes |
//! | `error.rs` | a refusal → what the core can do |
//! | `check.rs` | `sms-bridge check` |
//!
//! **Invariants.** An offset is committed with the events that it covers, in one call, before the next poll. The token
//! is in no error, no log line and no `Debug`.

mod check;
mod client;
mod error;
mod incoming;
mod limits;
mod outage;
mod outgoing;
mod polling;
mod proxy;
mod rooms;

use async_trait::async_trait;
use bridge_core::ChatError;
use bridge_core::chat::{
    ChatAdapter, Description, MessageState, OutgoingPost, Probe, Receipt, Room, RoomIntent,
};
use secrecy::SecretString;

pub use check::{Finding, Severity, check};
pub use client::Telegram;
pub use outgoing::Reactions;

/// `[telegram]` of the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The bot's token from @BotFather.
    pub token: SecretString,
    /// Another Bot API server. `None`: Telegram's own.
    pub api_url: Option<String>,
    /// How Telegram is reached: `socks5://127.0.0.1:1080`. `None`: directly, or as the environment says (`HTTPS_PROXY`).
    pub proxy: Option<SecretString>,
    /// The chats that get every SMS. Empty: the owners' private chats.
    pub inbox: Vec<i64>,
    /// Whether contacts get topics.
    pub topics: Topics,
    /// The Telegram ids of the owners: their private chats with the bot get alerts.
    pub owners: Vec<i64>,
    /// How states look.
    pub reactions: Reactions,
}

/// Whether a contact gets a topic of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Topics {
    /// Where the chat is a forum in which the bot may manage topics.
    #[default]
    Auto,
    /// Always; a chat where that is impossible holds its posts back and says why.
    On,
    /// Never.
    Off,
}

/// A setting that cannot work, in words for the one who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Not `<digits>:<letters>`.
    #[error("the Telegram token is malformed; copy it whole from @BotFather, like 123456789:AAE…")]
    Token,
    /// Not an address.
    #[error("telegram.api_url \"{0}\" is no address; write it like https://api.telegram.org")]
    ApiUrl(String),
    /// Not a proxy's address, or of a kind that is not understood.
    #[error(
        "telegram.proxy is none that I can use; write it like socks5://127.0.0.1:1080 or http://name:password@proxy.example.org:8080 \
         (Telegram's own MTProto proxies are for its apps only)"
    )]
    Proxy,
    /// Not in Telegram's list.
    #[error(
        "Telegram does not allow \"{emoji}\" as a reaction (state {state}); choose one of its own, like 👀 🕊 👍 💔 🤷"
    )]
    Reaction {
        /// The state's word.
        state: &'static str,
        /// What was configured.
        emoji: String,
    },
    /// Nobody would see anything.
    #[error(
        "Telegram has no chat to write to; name telegram.inbox, or a person with role = \"owner\" and a telegram id"
    )]
    NoChat,
    /// An id behind which anybody may stand.
    #[error(
        "{0} is no person's id: Telegram uses it for everybody who writes anonymously or for a channel"
    )]
    NotAPerson(i64),
    /// The system's certificates or the like.
    #[error("failed to set up the connection to Telegram: {0}")]
    Client(String),
}

#[async_trait]
impl ChatAdapter for Telegram {
    fn describe(&self) -> &Description {
        self.description()
    }

    async fn ensure_room(&self, intent: &RoomIntent) -> Result<Room, ChatError> {
        self.room(intent).await
    }

    async fn rename_room(&self, room: &Room, title: &str) -> Result<(), ChatError> {
        self.rename_topic(room, title).await
    }

    async fn post(&self, post: &OutgoingPost) -> Result<Receipt, ChatError> {
        self.send(post).await
    }

    async fn amend(&self, receipt: &Receipt, post: &OutgoingPost) -> Result<(), ChatError> {
        self.edit(receipt, post).await
    }

    async fn show_state(&self, receipt: &Receipt, state: MessageState) -> Result<(), ChatError> {
        self.react(receipt, state).await
    }

    /// The Bot API has no way to look for a post. But a post in doubt goes out once more only, so that is put off until
    /// Telegram works again.
    async fn probe(&self, post: &OutgoingPost) -> Result<Probe, ChatError> {
        self.is_up(self.chat(&post.room.place.chat)?).await?;
        Ok(Probe::CannotTell)
    }
}
