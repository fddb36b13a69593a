//! The people, bots, chats and messages that there are.

use std::collections::{BTreeMap, VecDeque};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::faults::{Faults, Limits};
use crate::journal::Journal;
use crate::updates::Queue;

/// Messages kept in one chat.
const MESSAGES: usize = 20_000;
/// Calls kept for [`control`](crate::control).
const CALLS: usize = 20_000;
/// Callback queries kept.
const CALLBACKS: usize = 1_000;

/// Who writes anonymously as a group's administrator (Bot API, "Message", `from`).
pub(crate) const ANONYMOUS: i64 = 1_087_968_824;
/// Who stands as the author where a channel writes in a group.
pub(crate) const CHANNEL_BOT: i64 = 136_817_688;

/// Everything.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) bots: BTreeMap<i64, Bot>,
    pub(crate) users: BTreeMap<i64, User>,
    pub(crate) chats: BTreeMap<ChatKey, Chat>,
    pub(crate) faults: Faults,
    pub(crate) limits: Limits,
    pub(crate) calls: VecDeque<Call>,
    pub(crate) callbacks: VecDeque<Callback>,
    /// Where every change is written down. `None`: nowhere, and while the journal is being played.
    pub(crate) journal: Option<Journal>,
    /// Unix time in seconds of the change that is played from the journal. `None`: it is now.
    pub(crate) played_at: Option<i64>,
    next_callback: u64,
    /// Private chats and basic groups share one sequence of message ids; each supergroup has its own.
    next_shared_message: i32,
}

/// A bot and its updates.
pub(crate) struct Bot {
    pub(crate) id: i64,
    pub(crate) token: String,
    /// Privacy mode: in groups it sees only what is meant for it.
    pub(crate) privacy: bool,
    pub(crate) queue: Queue,
    /// By scope and language, as serialized JSON.
    pub(crate) commands: BTreeMap<String, Value>,
}

impl Bot {
    pub(crate) fn username(&self) -> String {
        format!("sim_{}_bot", self.id)
    }
}

/// A person.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) first_name: String,
    pub(crate) last_name: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) deleted: bool,
}

/// Which chat: a private one exists once for each bot and person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ChatKey {
    Private { bot: i64, user: i64 },
    Group(i64),
}

/// What kind of chat (Bot API, "Chat", `type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Private,
    Group,
    Supergroup,
    Forum,
    Channel,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Group => "group",
            Self::Supergroup | Self::Forum => "supergroup",
            Self::Channel => "channel",
        }
    }

    pub(crate) fn has_own_message_ids(self) -> bool {
        match self {
            Self::Private | Self::Group => false,
            Self::Supergroup | Self::Forum | Self::Channel => true,
        }
    }
}

/// A chat.
pub(crate) struct Chat {
    pub(crate) key: ChatKey,
    /// As methods name it.
    pub(crate) id: i64,
    pub(crate) kind: Kind,
    pub(crate) title: String,
    /// People and bots by id.
    pub(crate) members: BTreeMap<i64, Member>,
    pub(crate) messages: BTreeMap<i32, Message>,
    pub(crate) topics: BTreeMap<i32, Topic>,
    /// The person blocked the bot.
    pub(crate) blocked: bool,
    /// The reactions that the chat allows. `None`: all of them.
    pub(crate) reactions: Option<Vec<String>>,
    /// The supergroup that this group became.
    pub(crate) migrated_to: Option<i64>,
    /// The bot that wrote last: it gets commands without a name in privacy mode.
    pub(crate) last_bot: Option<i64>,
    next_message: i32,
}

/// Somebody in a chat.
#[derive(Clone)]
pub(crate) struct Member {
    /// `creator`, `administrator`, `member`, `left` or `kicked`.
    pub(crate) status: String,
    pub(crate) can_manage_topics: bool,
}

impl Member {
    pub(crate) fn is_present(&self) -> bool {
        !matches!(self.status.as_str(), "left" | "kicked")
    }

    pub(crate) fn is_administrator(&self) -> bool {
        matches!(self.status.as_str(), "creator" | "administrator")
    }
}

/// A forum topic; its id is that of the message that created it.
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) icon_color: i64,
    pub(crate) icon_custom_emoji_id: Option<String>,
    pub(crate) closed: bool,
}

/// A message.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) id: i32,
    pub(crate) date: i64,
    pub(crate) edit_date: Option<i64>,
    pub(crate) from: i64,
    pub(crate) sender_chat: Option<i64>,
    pub(crate) thread: Option<i32>,
    pub(crate) is_topic: bool,
    pub(crate) reply_to: Option<i32>,
    /// The text, or a medium's caption.
    pub(crate) text: String,
    pub(crate) entities: Vec<Value>,
    /// What else there is, in the Bot API's words: `photo`, `voice`, `forum_topic_created`. `None` for a text.
    pub(crate) extra: Option<(String, Value)>,
    pub(crate) keyboard: Option<Value>,
    pub(crate) link_preview_options: Option<Value>,
    /// Nobody's phone made a sound (Bot API, "sendMessage", `disable_notification`).
    pub(crate) silent: bool,
    /// Emoji by who reacted.
    pub(crate) reactions: BTreeMap<i64, Vec<String>>,
}

impl Message {
    pub(crate) fn new(from: i64, text: impl Into<String>) -> Self {
        Self {
            id: 0,
            date: 0,
            edit_date: None,
            from,
            sender_chat: None,
            thread: None,
            is_topic: false,
            reply_to: None,
            text: text.into(),
            entities: Vec::new(),
            extra: None,
            keyboard: None,
            link_preview_options: None,
            silent: false,
            reactions: BTreeMap::new(),
        }
    }

    pub(crate) fn service(from: i64, field: &str, value: Value) -> Self {
        Self {
            extra: Some((field.to_owned(), value)),
            ..Self::new(from, "")
        }
    }

    /// Whether it is a service message: nothing that a person wrote.
    pub(crate) fn is_service(&self) -> bool {
        self.extra.as_ref().is_some_and(|(field, _value)| {
            field.starts_with("forum_topic_")
                || field.starts_with("migrate_")
                || matches!(field.as_str(), "pinned_message" | "new_chat_members")
        })
    }
}

/// A call that a bot made.
pub(crate) struct Call {
    pub(crate) bot: i64,
    pub(crate) method: String,
    pub(crate) chat: Option<String>,
    /// HTTP status of the answer; 0 where the answer was withheld.
    pub(crate) code: u16,
    /// Unix time in milliseconds.
    pub(crate) at_ms: u64,
}

/// A button that was pressed.
pub(crate) struct Callback {
    pub(crate) id: String,
    pub(crate) bot: i64,
    /// What the bot answered. `None` before it did.
    pub(crate) answer: Option<Value>,
}

impl World {
    pub(crate) fn add_bot(&mut self, token: &str) -> anyhow::Result<()> {
        let (id, secret) = token
            .split_once(':')
            .with_context(|| format!("token {token} lacks a colon"))?;
        ensure!(!secret.is_empty(), "token {token} ends at its colon");
        let id: i64 = id
            .parse()
            .with_context(|| format!("token {token} does not begin with the bot's id"))?;
        self.bots.insert(
            id,
            Bot {
                id,
                token: token.to_owned(),
                privacy: true,
                queue: Queue::default(),
                commands: BTreeMap::new(),
            },
        );
        Ok(())
    }

    pub(crate) fn bot_by_token(&self, token: &str) -> Option<i64> {
        self.bots
            .values()
            .find(|bot| bot.token == token)
            .map(|bot| bot.id)
    }

    /// The bot that a test means when it names none.
    pub(crate) fn first_bot(&self) -> Option<i64> {
        self.bots.keys().next().copied()
    }

    /// The chat that a bot or person calls `id`: a person's id is their private chat with the bot.
    pub(crate) fn key(&self, bot: i64, id: i64) -> ChatKey {
        if self.chats.contains_key(&ChatKey::Group(id)) || id < 0 {
            ChatKey::Group(id)
        } else {
            ChatKey::Private { bot, user: id }
        }
    }

    pub(crate) fn chat(&self, bot: i64, id: i64) -> Option<&Chat> {
        self.chats.get(&self.key(bot, id))
    }

    /// Unix time in seconds, of the change that is made.
    pub(crate) fn now(&self) -> i64 {
        self.played_at.unwrap_or_else(now)
    }

    /// Puts a message into a chat and gives it its id and date.
    pub(crate) fn put(&mut self, key: ChatKey, mut message: Message) -> Option<Message> {
        let shared = self.next_shared_message.saturating_add(1);
        message.date = self.now();
        let chat = self.chats.get_mut(&key)?;
        message.id = if chat.kind.has_own_message_ids() {
            chat.next_message = chat.next_message.saturating_add(1);
            // Id 1 is the creation of the supergroup, and the General topic of a forum.
            chat.next_message.saturating_add(1)
        } else {
            self.next_shared_message = shared;
            shared
        };
        if self.bots.contains_key(&message.from) {
            chat.last_bot = Some(message.from);
        }
        chat.messages.insert(message.id, message.clone());
        while chat.messages.len() > MESSAGES {
            chat.messages.pop_first();
        }
        Some(message)
    }

    pub(crate) fn add_chat(&mut self, key: ChatKey, kind: Kind, title: &str) -> &mut Chat {
        let id = match key {
            ChatKey::Private { user, .. } => user,
            ChatKey::Group(id) => id,
        };
        self.chats.entry(key).or_insert_with(|| Chat {
            key,
            id,
            kind,
            title: title.to_owned(),
            members: BTreeMap::new(),
            messages: BTreeMap::new(),
            topics: BTreeMap::new(),
            blocked: false,
            reactions: None,
            migrated_to: None,
            last_bot: None,
            next_message: 0,
        })
    }

    pub(crate) fn record(&mut self, call: Call) {
        self.calls.push_back(call);
        if self.calls.len() > CALLS {
            self.calls.pop_front();
        }
    }

    pub(crate) fn add_callback(&mut self, bot: i64) -> String {
        self.next_callback = self.next_callback.saturating_add(1);
        let id = format!("{}", 4_000_000_000_u64.saturating_add(self.next_callback));
        self.callbacks.push_back(Callback {
            id: id.clone(),
            bot,
            answer: None,
        });
        if self.callbacks.len() > CALLBACKS {
            self.callbacks.pop_front();
        }
        id
    }
}

/// Unix time in seconds.
fn now() -> i64 {
    i64::try_from(now_ms() / 1000).unwrap_or(i64::MAX)
}

/// Unix time in milliseconds.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
}
