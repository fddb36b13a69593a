//! The program `bot-api-sim`, and people in front of it. `bot-api-sim/src/control.rs` has the acts.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::counterpart::{counterpart, ready, until};
use super::discretion;

/// `[person.me]`, whose private chat with the bot is open.
pub(crate) const OWNER: i64 = 1001;
/// Someone unknown, whose private chat is open too.
pub(crate) const STRANGER: i64 = 1002;
/// A group with topics, which the bot may manage.
pub(crate) const FORUM: i64 = -1_002_000_000_001;
/// A group without.
pub(crate) const GROUP: i64 = -2001;

const TOKEN: &str = "1000001:for-tests-only";

/// A simulated Telegram.
pub(crate) struct Telegram {
    url: String,
    http: reqwest::Client,
    /// Ends with this value.
    _child: Child,
}

impl Telegram {
    /// Starts one with people and chats. `None`: the program is not there, which was said.
    pub(crate) async fn start() -> Option<Self> {
        let program = counterpart("bot-api-sim", "SMS_BRIDGE_BOT_API_SIM")?;
        let mut child = Command::new(program)
            .args(["--token", TOKEN])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("bot-api-sim starts");
        let url = ready(&mut child).await;
        let telegram = Self {
            url,
            http: reqwest::Client::new(),
            _child: child,
        };
        for (id, name) in [(OWNER, "Olga"), (STRANGER, "Sam")] {
            let user = json!({ "id": id, "first_name": name });
            telegram.act("user", user).await;
            let start = json!({ "user": id, "silent": true });
            telegram.act("start", start).await;
        }
        let members = json!([OWNER, STRANGER]);
        let forum = json!({ "id": FORUM, "type": "forum", "title": "SMS", "members": members, "bot": "topics" });
        telegram.act("chat", forum).await;
        let group = json!({ "id": GROUP, "type": "group", "title": "Home", "members": members });
        telegram.act("chat", group).await;
        Some(telegram)
    }

    /// The configuration's sections for it, with the owner.
    pub(crate) fn config(&self, inbox: &[i64]) -> String {
        let inbox = if inbox.is_empty() {
            String::new()
        } else {
            format!("inbox = {inbox:?}\n")
        };
        format!(
            "[person.me]\nrole = \"owner\"\ntelegram = {OWNER}\n[telegram]\ntoken = \"{TOKEN}\"\napi_url = \"{}\"\n{inbox}",
            self.url
        )
    }

    /// Somebody does something.
    pub(crate) async fn act(&self, act: &str, body: Value) -> Value {
        body["text"].as_str().into_iter().for_each(discretion::note);
        let url = format!("{}/control/{act}", self.url);
        let sent = self.http.post(url).json(&body).send().await;
        let response = sent.expect("bot-api-sim answers");
        let status = response.status();
        let answer: Value = response.json().await.expect("an answer in JSON");
        assert!(status.is_success(), "{act} {body}: {answer}");
        answer
    }

    /// The owner writes in their private chat; the message's id.
    pub(crate) async fn write(&self, text: &str) -> i64 {
        let body = json!({ "chat": OWNER, "from": OWNER, "text": text });
        id(&self.act("write", body).await)
    }

    /// The owner answers a message; the answer's id.
    pub(crate) async fn reply(&self, chat: i64, to: &Value, text: &str) -> i64 {
        let body =
            json!({ "chat": chat, "from": OWNER, "text": text, "reply_to": to["message_id"] });
        id(&self.act("write", body).await)
    }

    pub(crate) async fn messages(&self, chat: i64) -> Vec<Value> {
        let messages = self.act("messages", json!({ "chat": chat })).await;
        messages.as_array().expect("a list").clone()
    }

    /// The bot's messages that say this, once there is one.
    pub(crate) async fn posts(&self, chat: i64, text: &str) -> Vec<Value> {
        let mut found = Vec::new();
        let mut all = Vec::new();
        until(async || {
            all = self.messages(chat).await;
            let says = |message: &&Value| {
                message["by_bot"] == true
                    && message["text"]
                        .as_str()
                        .is_some_and(|said| said.contains(text))
            };
            found = all.iter().filter(says).cloned().collect();
            !found.is_empty()
        })
        .await;
        assert!(!found.is_empty(), "nothing says {text:?}: {all:#?}");
        found
    }

    /// The bot's only message that says this.
    pub(crate) async fn post(&self, chat: i64, text: &str) -> Value {
        let mut found = self.posts(chat, text).await;
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0)
    }

    /// Waits for a mark on a message.
    pub(crate) async fn expect_mark(&self, chat: i64, message: i64, mark: &str) {
        let mut last = Value::Null;
        until(async || {
            let messages = self.messages(chat).await;
            last = messages
                .into_iter()
                .find(|one| one["message_id"] == message)
                .unwrap_or_default();
            last["reactions"] == json!([mark])
        })
        .await;
        assert_eq!(last["reactions"], json!([mark]), "{last:#}");
    }

    /// The owner presses a button; what they are told.
    pub(crate) async fn press(&self, chat: i64, message: &Value, label: &str) -> String {
        let press = json!({ "chat": chat, "message_id": message["message_id"], "from": OWNER, "label": label });
        let id = self.act("press", press).await["callback_query_id"].clone();
        let mut answer = Value::Null;
        until(async || {
            answer = self.act("callback", json!({ "id": id })).await;
            answer["answered"] == true
        })
        .await;
        assert_eq!(answer["answered"], true, "the press was not answered");
        answer["text"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) async fn fault(&self, method: &str, what: Value) {
        let fault = json!({ "method": method, "what": what });
        self.act("fault", fault).await;
    }

    /// How often the bot called a method.
    pub(crate) async fn calls(&self, method: &str) -> Vec<Value> {
        let calls = self.act("calls", json!({})).await;
        let calls = calls.as_array().expect("a list").clone();
        calls
            .into_iter()
            .filter(|call| call["method"] == method)
            .collect()
    }
}

fn id(answer: &Value) -> i64 {
    answer["message_id"].as_i64().expect("a message id")
}
