//! The bot: its calls, its long polls, and the loop that brings in what people do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bridge_core::chat::{
    ChatEvent, Cursor, Description, InboxId, MessageState, Network, OutgoingPost, Place, Receipt,
    Repeats, Verdict,
};
use bridge_core::{BridgeError, BridgeHandle, ChatError, Timestamp, command};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Value, json};
use teloxide::payloads::{
    AnswerCallbackQuery, AnswerCallbackQuerySetters as _, DeleteWebhook, EditMessageText,
    EditMessageTextSetters as _, GetMe, SendMessage, SendMessageSetters as _, SetMessageReaction,
    SetMessageReactionSetters as _, SetMyCommands,
};
use teloxide::requests::{JsonRequest, Payload, Request as _};
use teloxide::types::{
    BotCommand, CallbackQueryId, ChatId, LinkPreviewOptions, MessageId, ParseMode, ReactionType,
    ReplyParameters, ThreadId,
};
use teloxide::{ApiError, Bot, RequestError};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::error::{self, Effect, judge};
use crate::incoming::{self, ALLOWED_UPDATES, Me};
use crate::limits::Limits;
use crate::outgoing::{self, TEXT};
use crate::{Settings, SettingsError};

/// Telegram's own server.
const TELEGRAM: &str = "https://api.telegram.org";
/// How long one poll waits for news, in seconds; Telegram waits 50 at most.
const POLL: u64 = 50;
/// How long a call may take.
const CALL: Duration = Duration::from_secs(20);
/// Longer than this a post does not wait for its turn: the core keeps it meanwhile. Less than the core waits at a stop, or
/// a post that was never sent would count as in doubt.
const PATIENCE: Duration = Duration::from_secs(2);
/// After a week without updates Telegram begins another sequence; an offset of the old one would hide the new.
const OFFSET_LIVES: Duration = Duration::from_secs(6 * 24 * 3600);
/// The longest pause between two attempts to reach Telegram.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Presses being answered at once.
const ANSWERS: usize = 16;
/// The ids under which Telegram shows whoever writes as a group, as a channel, and Telegram itself.
const NO_PERSONS: [i64; 3] = [1_087_968_824, 136_817_688, 777_000];

/// One bot.
pub struct Telegram {
    pub(crate) settings: Settings,
    pub(crate) bot: Bot,
    description: Description,
    /// For long polls: a longer time-out than calls have.
    polls: reqwest::Client,
    api: String,
    /// The bot's id, from its token.
    id: i64,
    me: OnceCell<Me>,
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
        let client = |time_out| {
            reqwest::Client::builder()
                .connect_timeout(Duration::from_secs(10))
                .timeout(time_out)
                .tcp_nodelay(true)
                // A connection that the server closes while a post is written leaves the post in doubt.
                .pool_idle_timeout(Duration::from_secs(20))
                .build()
                .map_err(|error| SettingsError::Client(error::network(&error)))
        };
        let polls = client(Duration::from_secs(POLL).saturating_add(CALL))?;
        let bot = Bot::with_client(settings.token.expose_secret(), client(CALL)?).set_api_url(url);
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
            polls,
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

    /// Brings in what people do, until `stop`. Reconnects by itself for ever.
    ///
    /// # Errors
    ///
    /// The bridge does not know this network, or its store is gone for good.
    ///
    /// # Cancel safety
    ///
    /// What was not handed over comes again.
    pub async fn run(
        &self,
        bridge: BridgeHandle,
        stop: CancellationToken,
    ) -> Result<(), BridgeError> {
        tokio::select! {
            () = stop.cancelled() => Ok(()),
            end = self.bring_in(&bridge) => match end {
                Err(BridgeError::Stopping) => Ok(()),
                other => other,
            },
        }
    }

    async fn bring_in(&self, bridge: &BridgeHandle) -> Result<(), BridgeError> {
        let mut pause = Pause::default();
        let me = loop {
            match self.me().await {
                Ok(me) => break me.clone(),
                Err(error) => pause.after(&error).await,
            }
        };
        self.register_commands().await;
        let network = &self.description.network;
        let key = self.cursor_key();
        let stored = bridge.cursor(network, &key).await?;
        let mut offset = stored.as_deref().and_then(Offset::parse);
        let mut answers = JoinSet::new();
        info!(adapter = "telegram", "bringing in updates");
        pause = Pause::default();
        loop {
            let valid = offset.filter(|offset| offset.is_valid(wall_clock()));
            let updates = match self.poll(valid.map(|offset| offset.next)).await {
                Ok(updates) => updates,
                Err(failure) => {
                    if failure.is_webhook() {
                        warn!(adapter = "telegram", "the bot had a webhook; removing it");
                        drop(call(&self.bot, DeleteWebhook::new()).await);
                    }
                    pause.after(&failure).await;
                    continue;
                }
            };
            pause = Pause::default();
            let Some(last) = updates.last().and_then(incoming::update_id) else {
                continue;
            };
            let now = wall_clock();
            let next = Offset {
                // Even if it is smaller than the one before: Telegram began another sequence.
                next: last.saturating_add(1),
                at: now,
            };
            let taken: Vec<_> = updates
                .iter()
                .filter_map(|update| incoming::read(update, &me, now))
                .collect();
            let events: Vec<ChatEvent> = taken.iter().map(|taken| taken.event.clone()).collect();
            debug!(
                adapter = "telegram",
                updates = updates.len(),
                events = events.len(),
                "updates"
            );
            let cursor = Cursor {
                key: key.clone(),
                value: next.to_string(),
            };
            let verdicts = submit(bridge, network, events, cursor).await?;
            offset = Some(next);
            for (taken, verdict) in taken.into_iter().zip(verdicts) {
                if let Some(id) = taken.callback {
                    while answers.len() >= ANSWERS {
                        answers.join_next().await;
                    }
                    answers.spawn(answer(self.bot.clone(), id, verdict));
                }
            }
            while answers.try_join_next().is_some() {}
        }
    }

    /// One `getUpdates`. Past teloxide: its offset has 32 bits, and it drops what it cannot parse.
    async fn poll(&self, offset: Option<i64>) -> Result<Vec<Value>, Failure> {
        let url = format!(
            "{}/bot{}/getUpdates",
            self.api,
            self.settings.token.expose_secret()
        );
        let mut body = json!({ "timeout": POLL, "limit": 100, "allowed_updates": ALLOWED_UPDATES });
        if let (Some(fields), Some(offset)) = (body.as_object_mut(), offset) {
            fields.insert("offset".to_owned(), json!(offset));
        }
        let broken = |error: reqwest::Error| Failure {
            code: 0,
            words: error::network(&error),
            after: None,
        };
        let response = self.polls.post(url).json(&body).send().await;
        let response = response.map_err(broken)?;
        let status = response.status().as_u16();
        let mut answer: Value = match response.json().await {
            Ok(answer) => answer,
            Err(error) if error.is_decode() => Value::Null,
            Err(error) => return Err(broken(error)),
        };
        if answer.get("ok").and_then(Value::as_bool) == Some(true) {
            let updates = answer.get_mut("result").and_then(Value::as_array_mut);
            let updates = updates.map(std::mem::take);
            return updates.ok_or_else(|| Failure::unreadable(status));
        }
        let wish = answer
            .pointer("/parameters/retry_after")
            .and_then(Value::as_u64);
        match answer.get("description").and_then(Value::as_str) {
            Some(description) => Err(Failure {
                code: status,
                words: description.to_owned(),
                after: wish.map(Duration::from_secs),
            }),
            None => Err(Failure::unreadable(status)),
        }
    }

    /// Who the bot is; asked once.
    async fn me(&self) -> Result<&Me, Failure> {
        self.me
            .get_or_try_init(|| async {
                let me = call(&self.bot, GetMe::new()).await;
                let me = me.map_err(|error| Failure::from_call(&error))?;
                let username = me.get("username").and_then(Value::as_str);
                Ok(Me {
                    id: self.id,
                    username: username.unwrap_or_default().to_owned(),
                })
            })
            .await
    }

    /// For the menu beside the input field. A nicety: without it everything works.
    async fn register_commands(&self) {
        let commands = command::TABLE.iter().map(|row| {
            let description = format!("{} {}", row.arguments, row.meaning);
            BotCommand::new(row.name, description.trim())
        });
        if let Err(error) = call(&self.bot, SetMyCommands::new(commands)).await {
            let failure = Failure::from_call(&error);
            debug!(adapter = "telegram", error = %failure.words, "commands not registered");
        }
    }

    pub(crate) async fn send(&self, post: &OutgoingPost) -> Result<Receipt, ChatError> {
        let place = &post.room.place;
        let chat = self.chat(&place.chat)?;
        let mut message = SendMessage::new(ChatId(chat), outgoing::html(post))
            .parse_mode(ParseMode::Html)
            .link_preview_options(no_preview());
        if let Some(thread) = &place.thread {
            message = message.message_thread_id(ThreadId(message_id(thread)?));
        }
        if let Some(answered) = &post.reply_to {
            let answered = ReplyParameters::new(message_id(answered)?);
            message = message.reply_parameters(answered.allow_sending_without_reply());
        }
        if let Some(keyboard) = outgoing::keyboard(&post.choices) {
            message = message.reply_markup(keyboard);
        }
        self.turn(chat).await?;
        let shown = call(&self.bot, message)
            .await
            .map_err(|error| self.refused(&error, Effect::Once, chat))?;
        let id = shown.get("message_id").and_then(Value::as_i64);
        let id = id.ok_or_else(|| ChatError::Unknown {
            cause: "Telegram's answer names no message".to_owned(),
        })?;
        Ok(Receipt {
            place: Place {
                chat: chat.to_string(),
                thread: place.thread.clone(),
            },
            message: id.to_string(),
        })
    }

    pub(crate) async fn edit(
        &self,
        receipt: &Receipt,
        post: &OutgoingPost,
    ) -> Result<(), ChatError> {
        let chat = self.chat(&receipt.place.chat)?;
        let html = outgoing::html(post);
        let mut message = EditMessageText::new(ChatId(chat), message_id(&receipt.message)?, html)
            .parse_mode(ParseMode::Html)
            .link_preview_options(no_preview());
        // Without markup the buttons go.
        if let Some(keyboard) = outgoing::keyboard(&post.choices) {
            message = message.reply_markup(keyboard);
        }
        self.turn(chat).await?;
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
        let chat = self.chat(&receipt.place.chat)?;
        let emoji = self.settings.reactions.emoji(state).map(str::to_owned);
        let reaction = SetMessageReaction::new(ChatId(chat), message_id(&receipt.message)?)
            .reaction(emoji.map(|emoji| ReactionType::Emoji { emoji }));
        self.turn(chat).await?;
        call(&self.bot, reaction)
            .await
            .map(drop)
            .map_err(|error| self.refused(&error, Effect::Set, chat))
    }

    /// Waits until a call to this chat is within the limits; what would take long is put off.
    pub(crate) async fn turn(&self, chat: i64) -> Result<(), ChatError> {
        loop {
            let Err(wait) = self.limits().take(chat, Instant::now()) else {
                return Ok(());
            };
            if wait > PATIENCE {
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

    /// A chat as the core names it, under the id that it has now.
    pub(crate) fn chat(&self, chat: &str) -> Result<i64, ChatError> {
        let id: i64 = chat.parse().map_err(|_error| ChatError::Reject {
            cause: format!("\"{chat}\" is no Telegram chat"),
        })?;
        Ok(self.moved().get(&id).copied().unwrap_or(id))
    }

    fn moved(&self) -> MutexGuard<'_, BTreeMap<i64, i64>> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One for each bot and server: offsets of one mean nothing to another.
    fn cursor_key(&self) -> String {
        format!("{}@{}", self.id, self.api)
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

/// Hands events over until they are stored.
async fn submit(
    bridge: &BridgeHandle,
    network: &Network,
    events: Vec<ChatEvent>,
    cursor: Cursor,
) -> Result<Vec<Verdict>, BridgeError> {
    let mut pause = Pause::default();
    loop {
        let handed = bridge.submit(network, events.clone(), Some(cursor.clone()));
        match handed.await {
            Err(BridgeError::Store(cause)) => {
                warn!(adapter = "telegram", error = %cause, "not stored, trying again");
                pause.wait(None).await;
            }
            done => return done,
        }
    }
}

/// Answers a press, or the button would spin for ever.
async fn answer(bot: Bot, id: String, verdict: Verdict) {
    let words = match verdict {
        Verdict::Accepted => "On its way".to_owned(),
        Verdict::Answered(words) | Verdict::Refused(words) => words,
        Verdict::Repeated => "Done already".to_owned(),
        Verdict::Ignored => String::new(),
    };
    let mut answer = AnswerCallbackQuery::new(CallbackQueryId(id));
    if !words.is_empty() {
        // "0-200 characters".
        answer = answer.text(words.chars().take(200).collect::<String>());
    }
    if let Err(error) = call(&bot, answer).await {
        let failure = Failure::from_call(&error);
        debug!(adapter = "telegram", error = %failure.words, "press not answered");
    }
}

/// Why a call of the loop failed.
struct Failure {
    /// HTTP status. 0 where there was no answer.
    code: u16,
    words: String,
    after: Option<Duration>,
}

impl Failure {
    fn unreadable(code: u16) -> Self {
        Self {
            code,
            words: format!("Telegram answered {code} and nothing that could be read"),
            after: None,
        }
    }

    fn from_call(error: &RequestError) -> Self {
        let code = match error {
            RequestError::Api(ApiError::InvalidToken) => 401,
            RequestError::RetryAfter(_) => 429,
            RequestError::Api(_)
            | RequestError::MigrateToChatId(_)
            | RequestError::Network(_)
            | RequestError::InvalidJson { .. }
            | RequestError::Io(_) => 0,
        };
        match judge(error, Effect::Set, 0) {
            ChatError::Retry { cause, after } => Self {
                code,
                words: cause,
                after,
            },
            ChatError::Reject { cause }
            | ChatError::RoomGone { cause }
            | ChatError::Unknown { cause } => Self {
                code,
                words: cause,
                after: None,
            },
        }
    }

    fn is_webhook(&self) -> bool {
        self.code == 409 && self.words.contains("webhook")
    }
}

/// Growing pauses between attempts.
#[derive(Default)]
struct Pause(Duration);

impl Pause {
    /// Says what is wrong, in words for whom it concerns, and waits.
    async fn after(&mut self, failure: &Failure) {
        match failure.code {
            401 | 404 => error!(
                adapter = "telegram",
                "Telegram does not accept the token: it is wrong or was revoked; put the one from @BotFather into \
                 telegram.token_file and restart"
            ),
            409 => error!(
                adapter = "telegram",
                error = %failure.words,
                "another program reads this bot's messages; stop it, or give sms-bridge a bot of its own"
            ),
            _ => warn!(adapter = "telegram", error = %failure.words, "no updates, trying again"),
        }
        self.wait(failure.after).await;
    }

    async fn wait(&mut self, wish: Option<Duration>) {
        self.0 = self
            .0
            .saturating_mul(2)
            .clamp(Duration::from_millis(500), LONGEST_PAUSE);
        tokio::time::sleep(self.0.max(wish.unwrap_or_default())).await;
    }
}

/// The next update to ask for, and when the last one came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Offset {
    next: i64,
    at: Timestamp,
}

impl Offset {
    fn parse(stored: &str) -> Option<Self> {
        let (next, at) = stored.split_once(' ')?;
        Some(Self {
            next: next.parse().ok()?,
            at: Timestamp(at.parse().ok()?),
        })
    }

    fn is_valid(self, now: Timestamp) -> bool {
        now.since(self.at) < OFFSET_LIVES
    }
}

impl std::fmt::Display for Offset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.next, self.at.0)
    }
}

/// The digits before the colon.
fn bot_id(token: &SecretString) -> Option<i64> {
    let (id, secret) = token.expose_secret().split_once(':')?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let id: i64 = id.parse().ok()?;
    (id > 0 && !secret.is_empty() && secret.chars().all(allowed)).then_some(id)
}

fn inbox_id(id: &i64) -> InboxId {
    InboxId(id.to_string())
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

fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp(since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(token: &str) -> Settings {
        Settings {
            token: SecretString::from(token),
            api_url: None,
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

    #[test]
    fn the_token_is_in_no_debug() {
        let telegram = Telegram::new(settings("12:SECRET")).unwrap();
        assert!(!format!("{telegram:?} {:?}", telegram.settings).contains("SECRET"));
    }

    #[test]
    fn offsets_last_six_days() {
        let offset = Offset {
            next: 5_000_000_000,
            at: Timestamp(1_000),
        };
        assert_eq!(Offset::parse(&offset.to_string()), Some(offset));
        let days = |days: i64| Timestamp(1_000 + days * 24 * 3_600_000);
        assert!(offset.is_valid(days(5)));
        assert!(!offset.is_valid(days(6)));
        assert_eq!(Offset::parse("nonsense"), None);
    }
}
