//! A bridge with one line and one chat in memory, and what a person sees of it.

#![allow(dead_code, reason = "each test file uses its part")]
#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

pub(crate) mod clock;
#[path = "../memory/mod.rs"]
pub(crate) mod memory;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bridge_core::chat::MessageState;
use bridge_core::conformance::{Counterpart, Seen, TestLine, Who};
use bridge_core::link::RawPdu;
use bridge_core::{
    Arrival, Bridge, DeliveryReports, Limits, LineName, LineSettings, Origin, Pending, People,
    Role, Sending, Settings, Timestamp, store,
};
use memory::MemoryChat;
use tokio::time::Instant;

pub(crate) const NUMBER: &str = "+12025550100";
/// For whatever is to happen, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A bridge with one line and one chat, and what a person sees of it.
pub(crate) struct World {
    pub(crate) bridge: Bridge,
    pub(crate) line: Arc<TestLine>,
    pub(crate) chat: MemoryChat,
    sending: Sending,
}

impl World {
    pub(crate) async fn open(
        folder: &Path,
        chat: MemoryChat,
        line: Arc<TestLine>,
        role: Role,
    ) -> Self {
        let wait = Duration::from_secs(180);
        Self::open_with(folder, chat, line, role, wait, Sending::OneStep).await
    }

    pub(crate) async fn open_with(
        folder: &Path,
        chat: MemoryChat,
        line: Arc<TestLine>,
        role: Role,
        reassembly_wait: Duration,
        sending: Sending,
    ) -> Self {
        let change = |settings: &mut Settings| settings.reassembly_wait = reassembly_wait;
        Self::open_changed(folder, chat, line, (role, sending), change).await
    }

    /// With settings that differ from the usual ones.
    pub(crate) async fn open_changed(
        folder: &Path,
        mut chat: MemoryChat,
        line: Arc<TestLine>,
        (role, sending): (Role, Sending),
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut person = chat.owner();
        person.role = role;
        let mut settings = Settings::new(
            folder.to_owned(),
            People(vec![person]),
            vec![LineSettings {
                name: home(),
                country: None,
                delivery_reports: DeliveryReports::Ask,
                sending,
            }],
        )
        .with_limits(&Limits::plenty());
        change(&mut settings);
        let mut bridge = Bridge::open(settings).await.unwrap();
        let adapter = chat.start(bridge.handle()).await;
        bridge.attach_chat(adapter).await.unwrap();
        bridge
            .attach_line(&home(), Arc::<TestLine>::clone(&line))
            .await
            .unwrap();
        Self {
            bridge,
            line,
            chat,
            sending,
        }
    }

    pub(crate) async fn new(folder: &Path) -> Self {
        Self::open(folder, MemoryChat::default(), Arc::default(), Role::Owner).await
    }

    /// Ends the program and starts it again.
    pub(crate) async fn restart(mut self, folder: &Path) -> Self {
        self.chat.stop().await;
        self.bridge.stop().await;
        let wait = Duration::from_secs(180);
        Self::open_with(
            folder,
            self.chat,
            self.line,
            Role::Owner,
            wait,
            self.sending,
        )
        .await
    }

    /// The same with other settings, and perhaps another chat and line before it.
    pub(crate) async fn with(
        folder: &Path,
        before: Option<Self>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let (chat, line) = match before {
            Some(before) => before.end().await,
            None => (MemoryChat::default(), Arc::default()),
        };
        let how = (Role::Owner, Sending::OneStep);
        Self::open_changed(folder, chat, line, how, change).await
    }

    /// Ends the program; chat and line live on.
    pub(crate) async fn end(mut self) -> (MemoryChat, Arc<TestLine>) {
        self.chat.stop().await;
        self.bridge.stop().await;
        (self.chat, self.line)
    }

    /// Ends the program: how many records of each kind it stored.
    pub(crate) async fn stored(self, folder: &Path) -> BTreeMap<String, usize> {
        self.end().await;
        let mut export = Vec::new();
        store::export(folder, &mut export, Timestamp(0)).unwrap();
        let mut kinds = BTreeMap::new();
        for line in String::from_utf8(export).unwrap().lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            if let Some(kind) = line.get("kind").and_then(|kind| kind.as_str()) {
                *kinds.entry(kind.to_owned()).or_default() += 1;
            }
        }
        kinds
    }

    /// The answer to `/status`.
    pub(crate) async fn status(&mut self) -> String {
        let before = self.chat.timeline().await.len();
        self.says("/status").await;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let timeline = self.chat.timeline().await;
            let mut new = timeline.into_iter().skip(before);
            if let Some(seen) = new.find(|seen| seen.text.starts_with("SIM home")) {
                return seen.text;
            }
            assert!(Instant::now() < deadline, "no answer to /status");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// With messages stored in the modem before they are sent.
    pub(crate) async fn two_steps(folder: &Path, line: Arc<TestLine>) -> Self {
        let (chat, wait) = (MemoryChat::default(), Duration::from_secs(180));
        Self::open_with(folder, chat, line, Role::Owner, wait, Sending::TwoSteps).await
    }

    /// Waits until this holds.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < deadline, "{what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn arrives(&self, pdu: &RawPdu) -> Arrival {
        self.bridge
            .handle()
            .sms_arrived(&home(), Origin::Direct, pdu.clone())
            .await
            .unwrap()
    }

    pub(crate) async fn says(&mut self, text: &str) {
        self.chat.command(Who::Owner, text).await;
    }

    pub(crate) async fn seen(&mut self, what: &str, wanted: impl Fn(&Seen) -> bool) -> Seen {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let timeline = self.chat.timeline().await;
            if let Some(seen) = timeline.iter().find(|seen| wanted(seen)) {
                return seen.clone();
            }
            assert!(
                Instant::now() < deadline,
                "{what} is not there: {timeline:#?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn state(&mut self, text: &str, state: MessageState) {
        let wanted =
            |seen: &Seen| !seen.by_bridge && seen.text.contains(text) && seen.state == Some(state);
        self.seen(&format!("{state:?} on {text}"), wanted).await;
    }

    pub(crate) async fn post(&mut self, text: &str) -> Seen {
        self.seen(text, |seen| seen.by_bridge && seen.text.contains(text))
            .await
    }

    pub(crate) fn sent(&self) -> Vec<String> {
        self.line
            .sent_to(NUMBER)
            .into_iter()
            .map(|part| part.text)
            .collect()
    }

    /// Nothing is queued, nothing waits to be shown.
    pub(crate) async fn settled(&self) {
        self.pending(|pending| pending.parts == 0 && pending.posts == 0)
            .await;
    }

    /// Nothing waits to be shown.
    pub(crate) async fn shown(&self) {
        self.pending(|pending| pending.posts == 0).await;
    }

    async fn pending(&self, wanted: impl Fn(Pending) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let pending = self.bridge.handle().pending().await.unwrap();
            if wanted(pending) {
                return;
            }
            assert!(Instant::now() < deadline, "{pending:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(crate) fn home() -> LineName {
    "home".parse().unwrap()
}
