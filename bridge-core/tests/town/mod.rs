//! A bridge in virtual time with several lines and several chat networks that have moods.

#![allow(dead_code, reason = "each test file uses its part")]
#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

pub(crate) mod chat;
#[path = "../world/clock.rs"]
mod clock;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bridge_core::chat::{Body, MessageState, Verdict};
use bridge_core::conformance::TestLine;
use bridge_core::link::{LinkPhase, RawPdu};
use bridge_core::quiet::Quiet;
use bridge_core::{
    Bridge, Clock, CodesFor, DeliveryReports, Identity, Limits, LineName, LineSettings, Origin,
    People, Person, Role, Rules, Sending, Settings,
};
use chat::{LOBBY, Server, Shown, network};
use tempfile::TempDir;

pub(crate) const ALICE: &str = "+12025550100";
pub(crate) const BOB: &str = "+12025550101";

/// The bridge, and what is around it.
pub(crate) struct Town {
    pub(crate) folder: TempDir,
    pub(crate) clock: Clock,
    pub(crate) lines: BTreeMap<&'static str, Arc<TestLine>>,
    pub(crate) chats: BTreeMap<&'static str, Arc<Server>>,
    /// `None` while the program is off.
    pub(crate) bridge: Option<Bridge>,
    /// Of the one person, from the next start on.
    pub(crate) role: Role,
    /// Of every line, from the next start on.
    pub(crate) limits: Limits,
    /// From the next start on.
    pub(crate) rules: Rules,
    /// Who else is known, from the next start on.
    pub(crate) others: Vec<Person>,
    pub(crate) codes: CodesFor,
    /// Of every line, from the next start on.
    pub(crate) quiet: Option<Quiet>,
    events: u64,
}

impl Town {
    pub(crate) async fn new(lines: &[&'static str], networks: &[&'static str]) -> Self {
        let mut town = Self {
            folder: tempfile::tempdir().unwrap(),
            clock: clock::of_the_runtime(),
            lines: lines.iter().map(|name| (*name, Arc::default())).collect(),
            chats: networks
                .iter()
                .map(|name| (*name, Arc::new(Server::new(name))))
                .collect(),
            bridge: None,
            role: Role::Owner,
            limits: Limits::plenty(),
            rules: Rules::default(),
            others: Vec::new(),
            codes: CodesFor::default(),
            quiet: None,
            events: 0,
        };
        town.start().await;
        town
    }

    pub(crate) async fn start(&mut self) {
        let identity = |name: &&str| Identity {
            network: network(name),
            id: "1".to_owned(),
        };
        let owner = Person {
            name: "me".to_owned(),
            role: self.role,
            identities: self.chats.keys().map(identity).collect(),
        };
        let line = |name: &&str| LineSettings {
            name: line(name),
            country: None,
            delivery_reports: DeliveryReports::Ask,
            sending: Sending::OneStep,
        };
        let mut people = vec![owner];
        people.extend(self.others.iter().cloned());
        let mut settings = Settings::new(
            self.folder.path().to_owned(),
            People(people),
            self.lines.keys().map(line).collect(),
        )
        .with_limits(&self.limits);
        settings.clock = self.clock.clone();
        settings.rules = self.rules.clone();
        settings.codes = self.codes;
        let quiet = |name: &&str| Some((self::line(name), self.quiet?));
        settings.quiet = self.lines.keys().filter_map(quiet).collect();
        let mut bridge = Bridge::open(settings).await.unwrap();
        for server in self.chats.values() {
            bridge.attach_chat(server.adapter()).await.unwrap();
        }
        for (name, link) in &self.lines {
            let link = Arc::<TestLine>::clone(link);
            bridge.attach_line(&self::line(name), link).await.unwrap();
        }
        self.bridge = Some(bridge);
    }

    pub(crate) async fn stop(&mut self) {
        self.bridge.take().unwrap().stop().await;
    }

    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.start().await;
    }

    pub(crate) fn handle(&self) -> bridge_core::BridgeHandle {
        self.bridge.as_ref().unwrap().handle()
    }

    pub(crate) fn chat(&self, network: &str) -> &Server {
        self.chats.get(network).unwrap()
    }

    pub(crate) fn line(&self, name: &str) -> &TestLine {
        self.lines.get(name).unwrap()
    }

    pub(crate) fn take_down(&self, name: &str) {
        self.line(name).set_phase(LinkPhase::Down);
    }

    pub(crate) fn bring_up(&self, name: &str) {
        self.line(name).set_phase(LinkPhase::Ready);
    }

    /// An SMS comes in.
    pub(crate) async fn arrives(&self, line: &str, from: &str, text: &str) {
        for pdu in self.line(line).incoming(from, text) {
            self.part_arrives(line, pdu).await;
        }
    }

    pub(crate) async fn part_arrives(&self, line: &str, pdu: RawPdu) {
        let (handle, line) = (self.handle(), self::line(line));
        let taken = handle.sms_arrived(&line, Origin::Direct, pdu);
        taken.await.unwrap();
    }

    async fn event(
        &mut self,
        network: &str,
        room: &str,
        message: String,
        reply_to: Option<String>,
        body: Body,
    ) -> Verdict {
        self.events += 1;
        let event = chat::event(self.events, room, message, reply_to, body, self.clock.now());
        let (handle, network) = (self.handle(), chat::network(network));
        let verdicts = handle.submit(&network, vec![event], None);
        verdicts.await.unwrap().pop().unwrap()
    }

    /// Somebody writes something.
    pub(crate) async fn writes(&mut self, network: &str, room: &str, text: &str) -> Verdict {
        let message = self.chat(network).written(room, text);
        self.event(network, room, message, None, Body::Text(text.to_owned()))
            .await
    }

    /// Somebody answers something.
    pub(crate) async fn answers(&mut self, network: &str, to: &Shown, text: &str) -> Verdict {
        let message = self.chat(network).written(&to.room, text);
        let (room, reply_to) = (to.room.clone(), Some(to.id.clone()));
        self.event(
            network,
            &room,
            message,
            reply_to,
            Body::Text(text.to_owned()),
        )
        .await
    }

    /// Somebody else than the owner does something.
    pub(crate) async fn other(
        &mut self,
        network: &str,
        (id, name): (&str, &str),
        room: &str,
        reply_to: Option<&Shown>,
        body: Body,
    ) -> Verdict {
        self.events += 1;
        let text = match &body {
            Body::Text(text) => text.clone(),
            Body::Unsupported(_) | Body::Choice(_) | Body::Edited(_) | Body::Withdrawn => {
                format!("{body:?}")
            }
        };
        let message = self.chat(network).written(room, &text);
        let reply_to = reply_to.map(|shown| shown.id.clone());
        let now = self.clock.now();
        let mut event = chat::event(self.events, room, message, reply_to, body, now);
        event.author = chat::author(id, name);
        event.author.is_person = !id.starts_with('-');
        let (handle, network) = (self.handle(), chat::network(network));
        let verdicts = handle.submit(&network, vec![event], None);
        verdicts.await.unwrap().pop().unwrap()
    }

    /// Somebody changes what was written.
    #[allow(dead_code, reason = "not every suite needs it")]
    pub(crate) async fn changes(&mut self, network: &str, what: &Shown, text: &str) -> Verdict {
        let (room, message) = (what.room.clone(), what.id.clone());
        self.event(network, &room, message, None, Body::Edited(text.to_owned()))
            .await
    }

    /// Somebody takes something out of the chat.
    #[allow(dead_code, reason = "not every suite needs it")]
    pub(crate) async fn withdraws(&mut self, network: &str, what: &Shown) -> Verdict {
        let (room, message) = (what.room.clone(), what.id.clone());
        self.event(network, &room, message, None, Body::Withdrawn)
            .await
    }

    /// Somebody presses a button.
    pub(crate) async fn presses(&mut self, network: &str, on: &Shown, label: &str) -> Verdict {
        let choice = on.choices.iter().find(|choice| choice.label == label);
        let token = choice.unwrap().token.clone();
        let (room, message) = (on.room.clone(), on.id.clone());
        self.event(network, &room, message, None, Body::Choice(token))
            .await
    }

    /// Somebody has a message sent by a line.
    pub(crate) async fn sends(&mut self, network: &str, line: &str, to: &str, text: &str) {
        let text = format!("/send @{line} {to} {text}");
        self.writes(network, LOBBY, &text).await;
    }

    /// The answer to `/status`.
    pub(crate) async fn status(&mut self, network: &str) -> String {
        let before = self.chat(network).messages().len();
        self.writes(network, LOBBY, "/status").await;
        let answer = |town: &Self| {
            let mut new = town.chat(network).messages().into_iter().skip(before);
            new.find(|shown| shown.by_bridge && shown.text.contains("Waiting to be sent"))
        };
        self.until("/status is answered", |town| answer(town).is_some())
            .await;
        answer(self).unwrap().text
    }

    /// What was sent by a line to somebody.
    pub(crate) fn sent(&self, line: &str, to: &str) -> Vec<String> {
        let sent = self.line(line).sent_to(to);
        sent.into_iter().map(|part| part.text).collect()
    }

    /// Waits until this holds, a day of virtual time at most.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        for _ in 0..24 * 3600 {
            if holds(self) {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("{what}");
    }

    /// Waits until a post says this there, and gives it.
    pub(crate) async fn post(&self, network: &str, room: &str, text: &str) -> Shown {
        let find = |town: &Self| {
            let all = town.chat(network).messages();
            let mut there = all.into_iter().filter(|shown| shown.room == room);
            there.find(|shown| shown.by_bridge && shown.text.contains(text))
        };
        let what = format!("{text:?} in {room} of {network}");
        self.until(&what, |town| find(town).is_some()).await;
        find(self).unwrap()
    }

    /// Waits until what somebody wrote is shown to be so.
    pub(crate) async fn state(&self, network: &str, text: &str, state: MessageState) {
        let what = format!("{state:?} on {text:?} in {network}");
        self.until(&what, |town| {
            let mut all = town.chat(network).messages().into_iter();
            all.any(|shown| {
                !shown.by_bridge && shown.text.ends_with(text) && shown.state == Some(state)
            })
        })
        .await;
    }

    /// Waits until nothing is under way any more.
    pub(crate) async fn settled(&self) {
        for _ in 0..24 * 3600 {
            let pending = self.handle().pending().await.unwrap();
            if pending.parts == 0 && pending.posts == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("{:?}", self.handle().pending().await);
    }
}

pub(crate) fn line(name: &str) -> LineName {
    name.parse().unwrap()
}
