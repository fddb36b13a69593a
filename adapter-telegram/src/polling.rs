//! Long polls, and the loop that brings in what people do.
//!
//! **Invariant:** events and the offset behind them are handed over in one call, and the next poll comes after it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bridge_core::chat::{ChatEvent, Cursor, Verdict};
use bridge_core::{BridgeError, BridgeHandle, ChatError, Timestamp, command};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use teloxide::payloads::{
    AnswerCallbackQuery, AnswerCallbackQuerySetters as _, DeleteWebhook, GetMe, SetMyCommands,
};
use teloxide::types::{BotCommand, CallbackQueryId};
use teloxide::{ApiError, Bot, RequestError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::client::{CALL, Telegram, call};
use crate::error::{self, Effect, judge};
use crate::incoming::{self, ALLOWED_UPDATES, Me};
use crate::outage::Reached;

/// How long one poll waits for news; Telegram waits 50 s at most.
const POLL: Duration = Duration::from_secs(50);
/// How long the answer to a poll may take.
const POLL_ANSWER: Duration = POLL.saturating_add(CALL);
/// After a week without updates Telegram begins another sequence; an offset of the old one would hide the new.
const OFFSET_LIVES: Duration = Duration::from_secs(6 * 24 * 3600);
/// The longest pause between two attempts to reach Telegram.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Presses being answered at once.
const ANSWERS: usize = 16;

impl Telegram {
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
        let network = &self.description().network;
        let key = self.cursor_key();
        let stored = until_stored(|| bridge.cursor(network, &key)).await?;
        let mut offset = stored.as_deref().and_then(Offset::parse);
        let mut reached = Reached::read(bridge, network, &key).await?;
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
            reached.note(bridge, network, wall_clock()).await?;
            let Some(last) = updates.last().and_then(incoming::update_id) else {
                continue;
            };
            let now = wall_clock();
            let next = Offset {
                // Even if it is smaller than the one before: Telegram began another sequence.
                next: last.saturating_add(1),
                at: now,
            };
            let inboxes = self.inboxes();
            let taken: Vec<_> = updates
                .iter()
                .filter_map(|update| incoming::read(update, &me, &inboxes, now))
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
            let hand_over = || bridge.submit(network, events.clone(), Some(cursor.clone()));
            let verdicts = until_stored(hand_over).await?;
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
        let mut body =
            json!({ "timeout": POLL.as_secs(), "limit": 100, "allowed_updates": ALLOWED_UPDATES });
        if let (Some(fields), Some(offset)) = (body.as_object_mut(), offset) {
            fields.insert("offset".to_owned(), json!(offset));
        }
        let mut updates = self.ask("getUpdates", &body, POLL_ANSWER).await?;
        let updates = updates.as_array_mut().map(std::mem::take);
        updates.ok_or_else(|| Failure::unreadable(200))
    }

    /// Whether Telegram works just now, asked by a look at this chat. Past teloxide, which sleeps 10 s after a 5xx.
    pub(crate) async fn is_up(&self, chat: i64) -> Result<(), ChatError> {
        match self.ask("getChat", &json!({ "chat_id": chat }), CALL).await {
            Ok(_chat) => Ok(()),
            // It works, and refuses this: the post will be told so, and that is no doubt.
            Err(failure) if matches!(failure.code, 400 | 403) => Ok(()),
            Err(failure) => Err(ChatError::Retry {
                cause: failure.words,
                after: failure.after,
            }),
        }
    }

    /// One call, its answer as it is.
    async fn ask(&self, method: &str, body: &Value, patience: Duration) -> Result<Value, Failure> {
        let token = self.settings.token.expose_secret();
        let url = format!("{}/bot{token}/{method}", self.api);
        let broken = |error: reqwest::Error| Failure {
            code: 0,
            words: error::network(&error),
            after: None,
        };
        let call = self.direct.post(url).json(body).timeout(patience);
        let response = call.send().await.map_err(broken)?;
        let status = response.status().as_u16();
        let mut answer: Value = match response.json().await {
            Ok(answer) => answer,
            Err(error) if error.is_decode() => Value::Null,
            Err(error) => return Err(broken(error)),
        };
        if answer.get("ok").and_then(Value::as_bool) == Some(true) {
            let result = answer.get_mut("result").map(Value::take);
            return result.ok_or_else(|| Failure::unreadable(status));
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

    /// One for each bot and server: offsets of one mean nothing to another.
    pub(crate) fn cursor_key(&self) -> String {
        format!("{}@{}", self.id, self.api)
    }
}

/// Asks the bridge until its store answers; it is opened again by itself.
pub(crate) async fn until_stored<T, F>(ask: impl Fn() -> F) -> Result<T, BridgeError>
where
    F: Future<Output = Result<T, BridgeError>>,
{
    let mut pause = Pause::default();
    loop {
        match ask().await {
            Err(BridgeError::Store(cause)) => {
                warn!(adapter = "telegram", error = %cause, "the store failed, trying again");
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
        match judge(error, Effect::Look, 0) {
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

fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp(since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failing_store_is_asked_again_and_a_stop_is_not() {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let ask = |then: Result<u8, BridgeError>| {
            let before = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            std::future::ready(match before {
                0 => Err(BridgeError::Store("disk full".to_owned())),
                _ => then,
            })
        };
        assert!(matches!(until_stored(|| ask(Ok(7))).await, Ok(7)));
        let stop = || ask(Err(BridgeError::Stopping));
        assert!(matches!(
            until_stored(stop).await,
            Err(BridgeError::Stopping)
        ));
        assert_eq!(asked.into_inner(), 3);
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
