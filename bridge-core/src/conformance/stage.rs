//! The bridge, a line and the counterpart together, and ways to wait for what a person would see.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::address::LineName;
use crate::bridge::Bridge;
use crate::chat::MessageState;
use crate::conformance::{Counterpart, Seen, TestLine, Who};
use crate::handle::{DeliveryReports, LineSettings, Origin, Sending};
use crate::limits::Limits;
use crate::link::RawPdu;
use crate::person::People;
use crate::settings::Settings;

/// How long a person waits before something counts as missing. The longest wait of a case is one back-off.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long nothing must happen before it counts as never.
const QUIET: Duration = Duration::from_secs(1);
/// How long a message with missing parts is waited for here.
const REASSEMBLY_WAIT: Duration = Duration::from_secs(3);

/// What a case sees when it fails.
pub(super) type Outcome = Result<(), String>;

pub(super) struct Stage<'a> {
    pub(super) counterpart: &'a mut dyn Counterpart,
    pub(super) line: Arc<TestLine>,
    data_dir: PathBuf,
    bridge: Option<Bridge>,
    numbers: u32,
}

impl<'a> Stage<'a> {
    pub(super) async fn open(counterpart: &'a mut dyn Counterpart, data_dir: &Path) -> Self {
        let line = Arc::new(TestLine::default());
        let mut stage = Self {
            counterpart,
            line,
            data_dir: data_dir.to_owned(),
            bridge: None,
            numbers: 0,
        };
        stage.start().await;
        stage
    }

    pub(super) async fn close(mut self) {
        self.stop().await;
    }

    #[expect(
        clippy::expect_used,
        reason = "without a bridge there is nothing to test"
    )]
    pub(super) async fn start(&mut self) {
        let settings = Settings {
            reassembly_wait: REASSEMBLY_WAIT,
            ..Settings::new(
                self.data_dir.clone(),
                People(vec![self.counterpart.owner()]),
                vec![LineSettings {
                    name: home(),
                    country: None,
                    delivery_reports: DeliveryReports::Ask,
                    sending: Sending::OneStep,
                }],
            )
            .with_limits(&Limits::plenty())
        };
        let mut bridge = Bridge::open(settings).await.expect("the store opens");
        let adapter = self.counterpart.start(bridge.handle()).await;
        bridge
            .attach_chat(adapter)
            .await
            .expect("the chat attaches");
        bridge
            .attach_line(&home(), Arc::<TestLine>::clone(&self.line))
            .await
            .expect("the line attaches");
        self.bridge = Some(bridge);
    }

    pub(super) async fn stop(&mut self) {
        self.counterpart.stop().await;
        if let Some(bridge) = self.bridge.take() {
            bridge.stop().await;
        }
    }

    /// A number that no case had before.
    pub(super) fn number(&mut self) -> String {
        self.numbers += 1;
        format!("+120255501{:02}", self.numbers)
    }

    pub(super) async fn arrives(&self, pdus: &[RawPdu]) -> Outcome {
        let bridge = self.bridge.as_ref().ok_or("the bridge is stopped")?;
        for pdu in pdus {
            let arrived = bridge
                .handle()
                .sms_arrived(&home(), Origin::Direct, pdu.clone())
                .await;
            arrived.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// An SMS comes in and is shown; the post that shows it.
    pub(super) async fn shown(&mut self, number: &str, text: &str) -> Result<Seen, String> {
        let pdus = self.line.incoming(number, text);
        self.arrives(&pdus).await?;
        self.post_with(text).await
    }

    /// The oldest post of the bridge that says this.
    pub(super) async fn post_with(&mut self, text: &str) -> Result<Seen, String> {
        self.seen(&format!("a post that says {text:?}"), |seen| {
            seen.by_bridge && seen.text.contains(text)
        })
        .await
    }

    /// All posts of the bridge that say this.
    pub(super) async fn posts_with(&mut self, text: &str) -> Vec<Seen> {
        let timeline = self.counterpart.timeline().await;
        timeline
            .into_iter()
            .filter(|seen| seen.by_bridge && seen.text.contains(text))
            .collect()
    }

    /// What the owner wrote shows this state.
    pub(super) async fn state_of(&mut self, text: &str, state: MessageState) -> Outcome {
        let what = format!("{state:?} on {text:?}");
        let wanted =
            |seen: &Seen| !seen.by_bridge && seen.text.contains(text) && seen.state == Some(state);
        self.seen(&what, wanted).await.map(|_| ())
    }

    async fn seen(&mut self, what: &str, wanted: impl Fn(&Seen) -> bool) -> Result<Seen, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let timeline = self.counterpart.timeline().await;
            if let Some(seen) = timeline.iter().find(|seen| wanted(seen)) {
                return Ok(seen.clone());
            }
            if Instant::now() > deadline {
                let last: Vec<&Seen> = timeline.iter().rev().take(4).collect();
                return Err(format!("expected {what}; the last that is there: {last:?}"));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The parts that went out to a number are these texts, and stay so.
    pub(super) async fn sent(&self, number: &str, texts: &[&str]) -> Outcome {
        let deadline = Instant::now() + PATIENCE;
        let sent = || {
            self.line
                .sent_to(number)
                .into_iter()
                .map(|part| part.text)
                .collect::<Vec<_>>()
        };
        while sent().len() < texts.len() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if sent() == texts {
            Ok(())
        } else {
            Err(format!(
                "expected {texts:?} to go out, and {:?} did",
                sent()
            ))
        }
    }

    /// A text goes out to a number, or the bridge says why not.
    pub(super) async fn sent_or_told(&mut self, number: &str, text: &str, words: &str) -> Outcome {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self
                .line
                .sent_to(number)
                .iter()
                .any(|part| part.text == text)
            {
                return self.sent(number, &[text]).await;
            }
            if !self.posts_with(words).await.is_empty() {
                return self.nothing_sent(number).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!(
            "{text:?} neither went out nor was answered with {words:?}"
        ))
    }

    /// Nothing goes out to a number for a while.
    pub(super) async fn nothing_sent(&self, number: &str) -> Outcome {
        tokio::time::sleep(QUIET).await;
        self.sent(number, &[]).await
    }

    /// The report that the newest part to this number was delivered comes in.
    pub(super) async fn delivered(&self, number: &str) -> Outcome {
        let sent = self.line.sent_to(number);
        let part = sent.last().ok_or("nothing was sent")?;
        self.arrives(&[self.line.delivered(part)]).await
    }

    pub(super) async fn answer(&mut self, post: &Seen, text: &str) {
        self.counterpart.answer(Who::Owner, post, text).await;
    }

    pub(super) async fn command(&mut self, text: &str) {
        self.counterpart.command(Who::Owner, text).await;
    }
}

#[expect(clippy::expect_used, reason = "a name of ours")]
fn home() -> LineName {
    "home".parse().expect("a valid name")
}
