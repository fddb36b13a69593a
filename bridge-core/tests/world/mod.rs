//! A bridge with one line and one chat in memory, and what a person sees of it.

#![allow(dead_code, reason = "each test file uses its part")]
#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

#[path = "../memory/mod.rs"]
pub(crate) mod memory;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bridge_core::chat::MessageState;
use bridge_core::conformance::{Counterpart, Seen, TestLine, Who};
use bridge_core::link::RawPdu;
use bridge_core::{
    Arrival, Bridge, DeliveryReports, LineName, LineSettings, Origin, People, Role, Sending,
    Settings,
};
use memory::MemoryChat;
use tokio::time::Instant;

pub(crate) const NUMBER: &str = "+12025550100";

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
        );
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

    /// With messages stored in the modem before they are sent.
    pub(crate) async fn two_steps(folder: &Path, line: Arc<TestLine>) -> Self {
        let (chat, wait) = (MemoryChat::default(), Duration::from_secs(180));
        Self::open_with(folder, chat, line, Role::Owner, wait, Sending::TwoSteps).await
    }

    /// Waits until this holds.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
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
        let deadline = Instant::now() + Duration::from_secs(20);
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
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let pending = self.bridge.handle().pending().await.unwrap();
            if pending.parts == 0 && pending.posts == 0 {
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
