//! The suite that every chat adapter passes: in a private chat, and in a forum with a topic per contact.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

mod support;

use std::sync::Arc;

use adapter_telegram::{Reactions, Settings, Telegram};
use async_trait::async_trait;
use bridge_core::chat::{ChatAdapter, Network};
use bridge_core::conformance::{Counterpart, Seen, Who, run};
use bridge_core::{BridgeHandle, Identity, Person, Role};
use serde_json::{Value, json};
use support::{FORUM, OWNER, STRANGER, Sim};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

struct Chats {
    sim: Sim,
    settings: Settings,
    running: Option<(CancellationToken, JoinHandle<()>)>,
}

fn id(who: Who) -> i64 {
    match who {
        Who::Owner => OWNER,
        Who::Stranger => STRANGER,
    }
}

impl Chats {
    async fn open(inbox: &[i64]) -> Self {
        let sim = Sim::start().await;
        let settings = Settings {
            inbox: inbox.to_vec(),
            ..sim.settings()
        };
        Self {
            sim,
            settings,
            running: None,
        }
    }

    async fn reply(&self, who: Who, post: &Seen, field: &str, value: Value) {
        let (chat, topic) = &post.place;
        let chat: i64 = chat.parse().unwrap();
        // Nobody but the owner is in the private chat; a stranger has to write in their own.
        let chat = if chat == OWNER { id(who) } else { chat };
        let mut body = json!({ "chat": chat, "from": id(who), field: value });
        match topic {
            // In a topic people just write.
            Some(topic) => body["topic"] = json!(topic.parse::<i64>().unwrap()),
            None if chat == OWNER => body["reply_to"] = json!(post.id.parse::<i64>().unwrap()),
            None => {}
        }
        self.sim.act("write", body).await;
    }
}

#[async_trait]
impl Counterpart for Chats {
    fn owner(&self) -> Person {
        Person {
            name: "me".to_owned(),
            role: Role::Owner,
            identities: vec![Identity {
                network: Network("telegram".to_owned()),
                id: OWNER.to_string(),
            }],
        }
    }

    async fn start(&mut self, bridge: BridgeHandle) -> Arc<dyn ChatAdapter> {
        let telegram = Telegram::without_limits(self.settings.clone()).unwrap();
        let (stop, adapter) = (CancellationToken::new(), Arc::clone(&telegram));
        let stopping = stop.clone();
        let task = tokio::spawn(async move { telegram.run(bridge, stopping).await.unwrap() });
        self.running = Some((stop, task));
        adapter
    }

    async fn stop(&mut self) {
        if let Some((stop, task)) = self.running.take() {
            stop.cancel();
            task.await.unwrap();
        }
    }

    async fn timeline(&mut self) -> Vec<Seen> {
        let mut seen = Vec::new();
        for chat in [OWNER, FORUM] {
            let messages = self.sim.messages(chat).await;
            for message in messages
                .iter()
                .filter(|message| message["service"] == false)
            {
                let in_topic = message["is_topic_message"] == true;
                let text = message["text"].as_str().unwrap_or_default();
                let mark = message["reactions"][0].as_str();
                seen.push(Seen {
                    id: message["message_id"].to_string(),
                    place: (
                        chat.to_string(),
                        in_topic.then(|| message["message_thread_id"].to_string()),
                    ),
                    text: text.to_owned(),
                    by_bridge: message["by_bot"] == true,
                    state: mark.and_then(|mark| Reactions::default().state(mark)),
                });
            }
        }
        seen
    }

    async fn command(&mut self, who: Who, text: &str) {
        self.sim.write(id(who), id(who), text).await;
    }

    async fn answer(&mut self, who: Who, post: &Seen, text: &str) {
        self.reply(who, post, "text", json!(text)).await;
    }

    async fn answer_with_picture(&mut self, post: &Seen) {
        self.reply(Who::Owner, post, "media", json!("photo")).await;
    }

    async fn choose(&mut self, post: &Seen, label: &str) {
        let chat: i64 = post.place.0.parse().unwrap();
        let message: i64 = post.id.parse().unwrap();
        let press = json!({ "chat": chat, "message_id": message, "from": OWNER, "label": label });
        self.sim.act("press", press).await;
    }

    async fn lose_next_answer(&mut self) {
        let fault = json!({ "method": "sendMessage", "what": "lose_answer" });
        self.sim.act("fault", fault).await;
    }

    async fn refuse_posts(&mut self, count: u32) {
        let fault =
            json!({ "method": "sendMessage", "times": count, "what": { "retry_after": 1 } });
        self.sim.act("fault", fault).await;
    }

    fn shows_repeats(&self) -> bool {
        true
    }
}

async fn passes(inbox: &[i64]) {
    let folder = tempfile::tempdir().unwrap();
    let mut chats = Chats::open(inbox).await;
    run(&mut chats, folder.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_private_chat() {
    passes(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_forum_with_a_topic_for_each_contact() {
    passes(&[FORUM]).await;
}
