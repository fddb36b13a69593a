//! A simulated modem, a simulated Telegram and the bridge between them.

use serde_json::Value;

use super::bridge::Bridge;
use super::counterpart::until;
use super::modem::Modem;
use super::telegram::{OWNER, Telegram};

/// Whom the owner writes to.
pub(crate) const ANN: &str = "+12025550100";

/// The three together.
pub(crate) struct Bench {
    pub(crate) modem: Modem,
    pub(crate) telegram: Telegram,
    pub(crate) bridge: Bridge,
}

impl Bench {
    /// Starts them; `options` are the modem's. `None`: one is not there, which was said.
    pub(crate) async fn start(options: &[&str]) -> Option<Self> {
        Self::start_with(Modem::start(options).await?, "").await
    }

    /// With more keys of the line.
    pub(crate) async fn start_with(modem: Modem, keys: &str) -> Option<Self> {
        let telegram = Telegram::start().await?;
        let config = format!(
            "{}\n[line.home]\nport = \"{}\"\n{keys}",
            telegram.config(&[]),
            modem.port().display()
        );
        let bench = Self {
            bridge: Bridge::start(&config),
            modem,
            telegram,
        };
        bench.line_is_ready().await;
        Some(bench)
    }

    /// As the owner sees it.
    pub(crate) async fn line_is_ready(&self) {
        let mut last = String::new();
        until(async || {
            let asked = self.telegram.write("/status").await;
            let mut answer = Value::Null;
            until(async || {
                answer = self.answer_to(asked).await;
                !answer.is_null()
            })
            .await;
            last = answer["text"].as_str().unwrap_or_default().to_owned();
            last.contains("SIM home: ready")
        })
        .await;
        assert!(last.contains("SIM home: ready"), "{last}");
    }

    /// The bot's first message that answers this one.
    pub(crate) async fn answer_to(&self, message: i64) -> Value {
        let messages = self.telegram.messages(OWNER).await;
        let mut answers = messages
            .into_iter()
            .filter(|one| one["by_bot"] == true && one["answers"] == message);
        answers.next().unwrap_or_default()
    }

    /// The owner writes to [`ANN`]; the message's id.
    pub(crate) async fn send(&self, text: &str) -> i64 {
        self.telegram.write(&format!("/send {ANN} {text}")).await
    }

    /// What the owner sees on a message of theirs.
    pub(crate) async fn mark(&self, message: i64) -> Option<String> {
        let messages = self.telegram.messages(OWNER).await;
        let found = messages
            .into_iter()
            .find(|one| one["message_id"] == message)?;
        found["reactions"][0].as_str().map(str::to_owned)
    }

    /// Waits until a message has one of these marks.
    pub(crate) async fn settled(&self, message: i64, marks: &[&str]) -> String {
        let mut last = None;
        until(async || {
            last = self.mark(message).await;
            last.as_deref().is_some_and(|mark| marks.contains(&mark))
        })
        .await;
        let mark = last.unwrap_or_default();
        assert!(
            marks.contains(&mark.as_str()),
            "{mark:?} is none of {marks:?}"
        );
        mark
    }
}
