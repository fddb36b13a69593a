//! The bot: how it is set up, and its calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bridge_core::ChatError;
use bridge_core::chat::{
    Content, Description, InboxId, MessageState, Network, OutgoingPost, Place, Receipt, Repeats,
    RoomKind,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use teloxide::payloads::{
    EditMessageText, EditMessageTextSetters as _, SendDocument, SendDocumentSetters as _,
    SendMessage, SendMessageSetters as _, SetMessageReaction, SetMessageReactionSetters as _,
};
use teloxide::requests::{JsonRequest, MultipartRequest, Payload, Request as _};
use teloxide::types::{
    ChatId, InputFile, LinkPreviewOptions, MessageId, ParseMode, ReactionType, ReplyParameters,
    ThreadId,
};
use teloxide::{Bot, RequestError};
use tokio::sync::OnceCell;
use tracing::warn;

use crate::error::{self, Effect, judge};
use crate::incoming::Me;
use crate::limits::{Limits, Purpose};
use crate::outgoing::{self, TEXT};
use crate::proxy;
use crate::rooms;
use crate::{Settings, SettingsError};

/// Telegram's own server.
const TELEGRAM: &str = "https://api.telegram.org";
/// How long a call may take.
pub(crate) const CALL: Duration = Duration::from_secs(20);
/// Longer than this a post does not wait for its turn, all in all: the core keeps it meanwhile. Together with
/// [`ROOM_PATIENCE`] less than the core waits at a stop, or a post that was never sent would count as in doubt.
const PATIENCE: Duration = Duration::from_secs(2);
/// The same for the topic that the post goes to.
pub(crate) const ROOM_PATIENCE: Duration = Duration::from_secs(1);
/// The ids under which Telegram shows whoever writes as a group, as a channel, and Telegram itself.
pub(crate) const NO_PERSONS: [i64; 3] = [1_087_968_824, 136_817_688, 777_000];

/// One bot.
pub struct Telegram {
    pub(crate) settings: Settings,
    pub(crate) bot: Bot,
    description: Description,
    /// For calls past teloxide; each brings its own time-out.
    pub(crate) direct: reqwest::Client,
    pub(crate) api: String,
    /// The bot's id, from its token.
    pub(crate) id: i64,
    pub(crate) me: OnceCell<Me>,
    limits: Mutex<Limits>,
    /// The supergroup that a group became, by the group's old id. Learnt anew after a restart.
    moved: Mutex<BTreeMap<i64, i64>>,
    /// Which chats are forums, and when that was learnt.
    pub(crate) forums: Mutex<BTreeMap<i64, (Instant, bool)>>,
}

/// The token stays where it is.
impl std::fmt::Debug for Telegram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telegram")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Telegram {
    /// Sets a bot up. Asks nobody: it starts without a network too.
    ///
    /// # Errors
    ///
    /// See [`SettingsError`].
    pub fn new(settings: Settings) -> Result<Arc<Self>, SettingsError> {
        Self::with_limits(settings, Limits::default())
    }

    /// As [`new`](Self::new), for a server that takes any number of calls, as one for tests may.
    ///
    /// # Errors
    ///
    /// See [`SettingsError`].
    pub fn without_limits(settings: Settings) -> Result<Arc<Self>, SettingsError> {
        Self::with_limits(settings, Limits::none())
    }

    fn with_limits(settings: Settings, limits: Limits) -> Result<Arc<Self>, SettingsError> {
        let id = bot_id(&settings.token).ok_or(SettingsError::Token)?;
        let api = settings.api_url.as_deref().unwrap_or(TELEGRAM);
        let api = api.trim().trim_end_matches('/').to_owned();
        let url = reqwest::Url::parse(&api)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| SettingsError::ApiUrl(api.clone()))?;
        let inboxes = if settings.inbox.is_empty() {
            settings.owners.clone()
        } else {
            settings.inbox.clone()
        };
        if inboxes.is_empty() {
            return Err(SettingsError::NoChat);
        }
        let mut named = settings.owners.iter().chain(&settings.inbox);
        if let Some(&id) = named.find(|id| NO_PERSONS.contains(id)) {
            return Err(SettingsError::NotAPerson(id));
        }
        let admins = if settings.owners.is_empty() {
            inboxes.clone()
        } else {
            settings.owners.clone()
        };
        let proxy = settings.proxy.as_ref().map(proxy::read).transpose()?;
        let client = || {
            let builder = reqwest::Client::builder();
            match &proxy {
                Some(proxy) => builder.proxy(proxy.clone()),
                None => builder,
            }
            .connect_timeout(Duration::from_secs(10))
            .timeout(CALL)
            .tcp_nodelay(true)
            // A connection that the server closes while a post is written leaves the post in doubt.
            .pool_idle_timeout(Duration::from_secs(20))
            .build()
            .map_err(|error| SettingsError::Client(error::network(&error)))
        };
        let direct = client()?;
        let bot = Bot::with_client(settings.token.expose_secret(), client()?).set_api_url(url);
        Ok(Arc::new(Self {
            description: Description {
                network: Network("telegram".to_owned()),
                label: "Telegram".to_owned(),
                inboxes: inboxes.iter().map(inbox_id).collect(),
                admins: admins.iter().map(inbox_id).collect(),
                text_limit: TEXT,
                repeats: Repeats::Shown,
                concurrency: 8,
                command_prefix: '/',
            },
            settings,
            bot,
            direct,
            api,
            id,
            me: OnceCell::new(),
            limits: Mutex::new(limits),
            moved: Mutex::default(),
            forums: Mutex::default(),
        }))
    }

    pub(crate) fn description(&self) -> &Description {
        &self.description
    }

    pub(crate) async fn send(&self, post: &OutgoingPost) -> Result<Receipt, ChatError> {
        let place = &post.room.place;
        let chat = self.chat(&place.chat)?;
        self.expect_topic(post, chat).await?;
        if let Content::File { name, text, .. } = &post.content {
            return self.send_file(post, chat, (name, text)).await;
        }
        let mut message = SendMessage::new(ChatId(chat), outgoing::html(post))
            .parse_mode(ParseMode::Html)
            .link_preview_options(no_preview());
        if outgoing::is_silent(&post.content) {
            message = message.disable_notification(true);
        }
        if let Some(thread) = thread(place)? {
            message = message.message_thread_id(thread);
        }
        if let Some(answered) = self.answered(post)? {
            message = message.reply_parameters(answered);
        }
        if let Some(keyboard) = outgoing::keyboard(&post.content, &post.choices) {
            message = message.reply_markup(keyboard);
        }
        self.turn(chat, Purpose::Message, PATIENCE).await?;
        let shown = call(&self.bot, message)
            .await
            .map_err(|error| self.refused(&error, Effect::Once, chat))?;
        let id = shown.get("message_id").and_then(Value::as_i64);
        let id = id.ok_or_else(|| ChatError::Unknown {
            cause: "Telegram's answer names no message".to_owned(),
        })?;
        let receipt = Receipt {
            place: Place {
                chat: chat.to_string(),
                thread: place.thread.clone(),
            },
            message: id.to_string(),
        };
        if rooms::in_topic(post) && shown.get("is_topic_message").is_none() {
            // The chat ceased to be a forum since it was asked. Say whose the post is.
            self.forget(chat);
            let mut headed = post.clone();
            headed.room.kind = RoomKind::Shared;
            if let Err(error) = self.edit(&receipt, &headed).await {
                warn!(adapter = "telegram", %error, "a post outside its topic shows no sender");
            }
        }
        Ok(receipt)
    }

    /// A text file (`sendDocument`), with what stands beside it as its caption.
    async fn send_file(
        &self,
        post: &OutgoingPost,
        chat: i64,
        (name, text): (&str, &str),
    ) -> Result<Receipt, ChatError> {
        let place = &post.room.place;
        let file = InputFile::memory(text.to_owned()).file_name(name.to_owned());
        let mut message = SendDocument::new(ChatId(chat), file)
            .caption(outgoing::html(post))
            .parse_mode(ParseMode::Html)
            .disable_content_type_detection(true);
        if let Some(thread) = thread(place)? {
            message = message.message_thread_id(thread);
        }
        if let Some(answered) = self.answered(post)? {
            message = message.reply_parameters(answered);
        }
        self.turn(chat, Purpose::Message, PATIENCE).await?;
        let shown = MultipartRequest::new(self.bot.clone(), message)
            .send()
            .await;
        let shown = shown.map_err(|error| self.refused(&error, Effect::Once, chat))?;
        Ok(Receipt {
            place: Place {
                chat: chat.to_string(),
                thread: place.thread.clone(),
            },
            message: shown.id.0.to_string(),
        })
    }

    /// What a post answers.
    fn answered(&self, post: &OutgoingPost) -> Result<Option<ReplyParameters>, ChatError> {
        let Some(answered) = &post.reply_to else {
            return Ok(None);
        };
        if self.chat_of_messages(&post.room.place.chat).is_err() {
            // There the number is another message's.
            return Ok(None);
        }
        let answered = ReplyParameters::new(message_id(answered)?);
        Ok(Some(answered.allow_sending_without_reply()))
    }

    pub(crate) async fn edit(
        &self,
        receipt: &Receipt,
        post: &OutgoingPost,
    ) -> Result<(), ChatError> {
        let chat = self.chat_of_messages(&receipt.place.chat)?;
        self.expect_topic(post, chat).await?;
        let html = outgoing::html(post);
        let mut message = EditMessageText::new(ChatId(chat), message_id(&receipt.message)?, html)
            .parse_mode(ParseMode::Html)
            .link_preview_options(no_preview());
        // Without markup the buttons go.
        if let Some(keyboard) = outgoing::keyboard(&post.content, &post.choices) {
            message = message.reply_markup(keyboard);
        }
        self.turn(chat, Purpose::Message, PATIENCE).await?;
        match call(&self.bot, message).await {
            Ok(_message) => Ok(()),
            Err(error) if error::is_not_modified(&error) => Ok(()),
            Err(error) => Err(self.refused(&error, Effect::Set, chat)),
        }
    }

    pub(crate) async fn react(
        &self,
        receipt: &Receipt,
        state: MessageState,
    ) -> Result<(), ChatError> {
        let chat = self.chat_of_messages(&receipt.place.chat)?;
        let emoji = self.settings.reactions.emoji(state).map(str::to_owned);
        let reaction = SetMessageReaction::new(ChatId(chat), message_id(&receipt.message)?)
            .reaction(emoji.map(|emoji| ReactionType::Emoji { emoji }));
        self.turn(chat, Purpose::Mark, PATIENCE).await?;
        call(&self.bot, reaction)
            .await
            .map(drop)
            .map_err(|error| self.refused(&error, Effect::Set, chat))
    }

    /// Waits until a call to this chat is within the limits; what would take longer than `patience` is put off.
    pub(crate) async fn turn(
        &self,
        chat: i64,
        purpose: Purpose,
        patience: Duration,
    ) -> Result<(), ChatError> {
        let begun = Instant::now();
        loop {
            let now = Instant::now();
            let Err(wait) = self.limits().take(chat, purpose, now) else {
                return Ok(());
            };
            if now.duration_since(begun).saturating_add(wait) > patience {
                return Err(ChatError::Retry {
                    cause: "as much as Telegram takes was sent to this chat".to_owned(),
                    after: Some(wait),
                });
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// What the core can do about a refusal. A wish to wait holds for the whole chat, a new id for all that follows.
    pub(crate) fn refused(&self, error: &RequestError, effect: Effect, chat: i64) -> ChatError {
        if let RequestError::RetryAfter(wait) = error {
            self.limits().hold(chat, wait.duration(), Instant::now());
        }
        if let RequestError::MigrateToChatId(new) = error {
            warn!(
                adapter = "telegram",
                "a group became a supergroup; write {new} instead of {chat} into telegram.inbox"
            );
            self.moved().insert(chat, new.0);
        }
        judge(error, effect, chat)
    }

    /// Where new posts for a chat go: under the id that it has now.
    pub(crate) fn chat(&self, chat: &str) -> Result<i64, ChatError> {
        let id = chat_id(chat)?;
        Ok(self.moved().get(&id).copied().unwrap_or(id))
    }

    /// The groups and chats that get every SMS, under the ids that they have now.
    pub(crate) fn inboxes(&self) -> Vec<i64> {
        let moved = self.moved();
        let inboxes = self.settings.inbox.iter();
        inboxes
            .map(|id| moved.get(id).copied().unwrap_or(*id))
            .collect()
    }

    /// The chat in which its messages have the ids that are known of them. A group that became a supergroup counts anew.
    pub(crate) fn chat_of_messages(&self, chat: &str) -> Result<i64, ChatError> {
        let id = chat_id(chat)?;
        if self.moved().contains_key(&id) {
            return Err(ChatError::Reject {
                cause:
                    "the group became a supergroup, and what was written before cannot be changed"
                        .to_owned(),
            });
        }
        Ok(id)
    }

    fn moved(&self) -> MutexGuard<'_, BTreeMap<i64, i64>> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call. Its result stays JSON: an answer with something new in it must not look like a failure, or a post that
/// arrived would be taken for one in doubt.
pub(crate) async fn call<P>(bot: &Bot, payload: P) -> Result<Value, RequestError>
where
    P: Payload + Serialize + Send + 'static,
{
    JsonRequest::new(bot.clone(), Plain(payload)).send().await
}

/// A method whose result is not parsed.
#[derive(Serialize)]
#[serde(transparent)]
struct Plain<P>(P);

impl<P: Payload> Payload for Plain<P> {
    type Output = Value;
    const NAME: &'static str = P::NAME;
}

/// The digits before the colon.
fn bot_id(token: &SecretString) -> Option<i64> {
    let (id, secret) = token.expose_secret().split_once(':')?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let id: i64 = id.parse().ok()?;
    (id > 0 && !secret.is_empty() && secret.chars().all(allowed)).then_some(id)
}

/// The topic of a place.
pub(crate) fn thread(place: &Place) -> Result<Option<ThreadId>, ChatError> {
    let thread = place.thread.as_deref().map(message_id).transpose()?;
    Ok(thread.map(ThreadId))
}

fn inbox_id(id: &i64) -> InboxId {
    InboxId(id.to_string())
}

fn chat_id(chat: &str) -> Result<i64, ChatError> {
    chat.parse().map_err(|_error| ChatError::Reject {
        cause: format!("\"{chat}\" is no Telegram chat"),
    })
}

fn message_id(message: &str) -> Result<MessageId, ChatError> {
    let parsed = message.parse().map(MessageId);
    parsed.map_err(|_error| ChatError::Reject {
        cause: format!("\"{message}\" is no Telegram message"),
    })
}

/// Telegram would fetch every address in an SMS, one-time ones too.
fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(token: &str) -> Settings {
        Settings {
            token: SecretString::from(token),
            api_url: None,
            proxy: None,
            inbox: vec![-1001],
            topics: crate::Topics::Auto,
            owners: vec![5],
            reactions: crate::Reactions::default(),
        }
    }

    #[test]
    fn settings_are_read() {
        let telegram = Telegram::new(settings("12:ab-C_d")).unwrap();
        let described = telegram.description();
        assert_eq!(described.inboxes, [InboxId("-1001".to_owned())]);
        assert_eq!(described.admins, [InboxId("5".to_owned())]);
        assert_eq!(telegram.cursor_key(), "12@https://api.telegram.org");
        let private = Telegram::new(Settings {
            inbox: vec![],
            api_url: Some("http://127.0.0.1:1/".to_owned()),
            ..settings("12:x")
        })
        .unwrap();
        assert_eq!(private.description().inboxes, [InboxId("5".to_owned())]);
        assert_eq!(private.cursor_key(), "12@http://127.0.0.1:1");
    }

    #[test]
    fn settings_that_cannot_work() {
        let fails = |settings| Telegram::new(settings).unwrap_err();
        for token in ["", "12", "12:", "x:y", "12:a b"] {
            assert_eq!(fails(settings(token)), SettingsError::Token, "{token}");
        }
        let nobody = Settings {
            inbox: vec![],
            owners: vec![],
            ..settings("1:x")
        };
        assert_eq!(fails(nobody), SettingsError::NoChat);
        let anonymous = Settings {
            owners: vec![1_087_968_824],
            ..settings("1:x")
        };
        assert_eq!(fails(anonymous), SettingsError::NotAPerson(1_087_968_824));
        let address = Settings {
            api_url: Some("telegram".to_owned()),
            ..settings("1:x")
        };
        assert_eq!(fails(address), SettingsError::ApiUrl("telegram".to_owned()));
    }

    #[tokio::test]
    async fn many_who_wait_for_a_turn_wait_no_longer_together_than_one() {
        let telegram = Telegram::new(settings("12:x")).unwrap();
        let turns = (0..20).map(|_| {
            let telegram = Arc::clone(&telegram);
            tokio::spawn(async move {
                telegram
                    .turn(5, Purpose::Message, Duration::from_secs(4))
                    .await
            })
        });
        let mut put_off = 0;
        for turn in turns.collect::<Vec<_>>() {
            put_off += usize::from(turn.await.unwrap().is_err());
        }
        // Three at once, three after 3.2 s; the others would have to wait as long again.
        assert_eq!(put_off, 14);
    }

    #[test]
    fn the_token_is_in_no_debug() {
        let telegram = Telegram::new(settings("12:SECRET")).unwrap();
        assert!(!format!("{telegram:?} {:?}", telegram.settings).contains("SECRET"));
    }
}
