//! The simulated Bot API server, and people in front of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::net::SocketAddr;
use std::time::Duration;

use adapter_telegram::{Reactions, Settings, Topics};
use bot_api_sim::{DEFAULT_TOKEN, Server};
use serde_json::{Value, json};
use tokio::time::Instant;

/// An owner of the bridge, whose private chat with the bot is open.
pub(crate) const OWNER: i64 = 1001;
/// Someone unknown, whose private chat with the bot is open too.
pub(crate) const STRANGER: i64 = 1002;
/// A group with topics, in which both are and the bot may manage topics.
pub(crate) const FORUM: i64 = -1_002_000_000_001;
/// A group without topics, in which both are and the bot is a member.
pub(crate) const GROUP: i64 = -2001;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A server with people and chats.
pub(crate) struct Sim {
    pub(crate) server: Server,
    http: reqwest::Client,
}

impl Sim {
    pub(crate) async fn start() -> Self {
        Self::start_on("127.0.0.1:0".parse().unwrap()).await
    }

    pub(crate) async fn start_on(listen: SocketAddr) -> Self {
        let server = Server::start(listen, &[DEFAULT_TOKEN.to_owned()])
            .await
            .unwrap();
        let sim = Self {
            server,
            http: reqwest::Client::new(),
        };
        for (id, name) in [(OWNER, "Olga"), (STRANGER, "Sam")] {
            sim.act("user", json!({ "id": id, "first_name": name }))
                .await;
            sim.act("start", json!({ "user": id, "silent": true }))
                .await;
        }
        let members = json!([OWNER, STRANGER]);
        let forum = json!({ "id": FORUM, "type": "forum", "title": "SMS", "members": members, "bot": "topics" });
        sim.act("chat", forum).await;
        let group = json!({ "id": GROUP, "type": "group", "title": "Home", "members": members });
        sim.act("chat", group).await;
        sim
    }

    /// Somebody does something; see `bot_api_sim::control`.
    pub(crate) async fn act(&self, act: &str, body: Value) -> Value {
        let url = format!("{}/control/{act}", self.server.url());
        let response = self.http.post(url).json(&body).send().await.unwrap();
        let status = response.status();
        let answer: Value = response.json().await.unwrap();
        assert!(status.is_success(), "{act} {body}: {answer}");
        answer
    }

    pub(crate) async fn messages(&self, chat: i64) -> Vec<Value> {
        let messages = self.act("messages", json!({ "chat": chat })).await;
        messages.as_array().unwrap().clone()
    }

    /// Somebody writes; the message's id.
    pub(crate) async fn write(&self, chat: i64, from: i64, text: &str) -> i64 {
        let body = json!({ "chat": chat, "from": from, "text": text });
        self.act("write", body).await["message_id"]
            .as_i64()
            .unwrap()
    }

    /// How often the bot called a method.
    pub(crate) async fn calls(&self, method: &str) -> usize {
        let calls = self.act("calls", json!({})).await;
        let calls = calls.as_array().unwrap();
        calls.iter().filter(|call| call["method"] == method).count()
    }

    /// The first message that is as wanted, once there is one.
    pub(crate) async fn wait_for(
        &self,
        chat: i64,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let messages = self.messages(chat).await;
            if let Some(message) = messages.iter().find(|message| wanted(message)) {
                return message.clone();
            }
            assert!(Instant::now() < deadline, "no {what} in {messages:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        settings(&self.server.url())
    }
}

/// The owner's private chat is the inbox.
pub(crate) fn settings(api_url: &str) -> Settings {
    Settings {
        token: DEFAULT_TOKEN.into(),
        api_url: Some(api_url.to_owned()),
        proxy: None,
        inbox: vec![],
        topics: Topics::Auto,
        owners: vec![OWNER],
        reactions: Reactions::default(),
    }
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
