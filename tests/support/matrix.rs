//! Somebody in front of a Matrix client: the plain client-server API, and nothing of ours.

use std::collections::HashMap;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::discretion;

/// An account that is logged in.
pub(crate) struct MatrixUser {
    http: reqwest::Client,
    url: String,
    token: String,
    /// `@name:localhost`
    pub(crate) id: String,
    transaction: u64,
    /// Where this client stands; Synapse answers a client that asks for everything again from a cache of two minutes.
    since: Option<String>,
}

/// One message as a client shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) room: String,
    pub(crate) sender: String,
    /// Its plain text, edits applied.
    pub(crate) text: String,
    /// `m.text`, `m.notice`.
    pub(crate) kind: String,
    /// What it answers.
    pub(crate) reply_to: Option<String>,
    /// Reactions that stand on it, with who made them.
    pub(crate) reactions: Vec<(String, String)>,
    pub(crate) at: i64,
}

/// A room as a client shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RoomInfo {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) topic: String,
    pub(crate) join_rule: String,
    pub(crate) version: String,
    /// Who is in it or invited.
    pub(crate) members: Vec<(String, String)>,
}

impl MatrixUser {
    /// A new account.
    pub(crate) async fn register(url: &str, name: &str, password: &str) -> Self {
        let body =
            json!({"username": name, "password": password, "auth": {"type": "m.login.dummy"}});
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(60))
            .build()
            .expect("a client");
        let mut user = Self {
            http,
            url: url.to_owned(),
            token: String::new(),
            id: String::new(),
            transaction: 0,
            since: None,
        };
        let answer = user
            .call(Method::POST, "/_matrix/client/v3/register", Some(body))
            .await;
        user.token = text(&answer, "access_token");
        user.id = text(&answer, "user_id");
        user
    }

    /// Joins every room that the user is invited to, and returns all that they are in.
    pub(crate) async fn join_all(&mut self) -> Vec<String> {
        let filter = r#"{"room":{"timeline":{"limit":1},"state":{"types":[]}}}"#;
        let mut path = format!(
            "/_matrix/client/v3/sync?timeout=0&filter={}",
            escaped(filter)
        );
        if let Some(since) = &self.since {
            path.push_str("&since=");
            path.push_str(&escaped(since));
        }
        let answer = self.get(&path).await;
        self.since = answer["next_batch"].as_str().map(str::to_owned);
        if let Some(invited) = answer.pointer("/rooms/invite").and_then(Value::as_object) {
            for room in invited.keys() {
                self.join(room).await;
            }
        }
        let joined = self.get("/_matrix/client/v3/joined_rooms").await;
        joined["joined_rooms"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|room| room.as_str().map(str::to_owned))
            .collect()
    }

    pub(crate) async fn join(&self, room: &str) {
        let path = format!("/_matrix/client/v3/join/{}", escaped(room));
        self.call(Method::POST, &path, Some(json!({}))).await;
    }

    pub(crate) async fn invite(&self, room: &str, user: &str) {
        let path = format!("/_matrix/client/v3/rooms/{}/invite", escaped(room));
        self.call(Method::POST, &path, Some(json!({"user_id": user})))
            .await;
    }

    /// A private room with somebody, and with a state event in it from its creation.
    pub(crate) async fn make_room(
        &self,
        name: &str,
        with: &str,
        state: Option<(&str, Value)>,
    ) -> String {
        let state: Vec<Value> = state
            .into_iter()
            .map(|(kind, content)| json!({"type": kind, "state_key": "", "content": content}))
            .collect();
        let body = json!({
            "name": name, "invite": [with], "preset": "private_chat", "initial_state": state
        });
        let answer = self
            .call(Method::POST, "/_matrix/client/v3/createRoom", Some(body))
            .await;
        text(&answer, "room_id")
    }

    /// The content of a room's state event.
    pub(crate) async fn state(&self, room: &str, kind: &str) -> Value {
        let path = format!(
            "/_matrix/client/v3/rooms/{}/state/{}/",
            escaped(room),
            escaped(kind)
        );
        self.get(&path).await
    }

    /// A private chat with somebody.
    pub(crate) async fn direct_chat(&self, with: &str) -> String {
        let body = json!({"invite": [with], "is_direct": true, "preset": "trusted_private_chat"});
        let answer = self
            .call(Method::POST, "/_matrix/client/v3/createRoom", Some(body))
            .await;
        text(&answer, "room_id")
    }

    pub(crate) async fn say(&mut self, room: &str, words: &str) -> String {
        self.send(room, json!({"msgtype": "m.text", "body": words}))
            .await
    }

    pub(crate) async fn reply(&mut self, room: &str, to: &str, words: &str) -> String {
        let content = json!({
            "msgtype": "m.text", "body": words, "m.relates_to": {"m.in_reply_to": {"event_id": to}},
        });
        self.send(room, content).await
    }

    /// Changes an earlier message, as clients do.
    pub(crate) async fn change(&mut self, room: &str, message: &str, words: &str) {
        let content = json!({
            "msgtype": "m.text", "body": format!("* {words}"), "m.new_content": {"msgtype": "m.text", "body": words},
            "m.relates_to": {"rel_type": "m.replace", "event_id": message},
        });
        self.send(room, content).await;
    }

    /// Takes an earlier message out of the room.
    pub(crate) async fn redact(&mut self, room: &str, message: &str) {
        self.transaction += 1;
        let path = format!(
            "/_matrix/client/v3/rooms/{}/redact/{}/t{}",
            escaped(room),
            escaped(message),
            self.transaction
        );
        self.call(Method::PUT, &path, Some(json!({}))).await;
    }

    /// Sends any message and returns its event id.
    pub(crate) async fn send(&mut self, room: &str, content: Value) -> String {
        for said in [&content["body"], &content["m.new_content"]["body"]] {
            said.as_str().into_iter().for_each(discretion::note);
        }
        self.transaction += 1;
        let path = format!(
            "/_matrix/client/v3/rooms/{}/send/m.room.message/t{}",
            escaped(room),
            self.transaction
        );
        let answer = self.call(Method::PUT, &path, Some(content)).await;
        text(&answer, "event_id")
    }

    /// The sessions of this account.
    pub(crate) async fn devices(&self) -> usize {
        let answer = self.get("/_matrix/client/v3/devices").await;
        answer["devices"].as_array().map_or(0, Vec::len)
    }

    /// Ends every session of this account, this one too.
    pub(crate) async fn log_out_everywhere(&self) {
        self.call(
            Method::POST,
            "/_matrix/client/v3/logout/all",
            Some(json!({})),
        )
        .await;
    }

    /// What a client shows above a room.
    pub(crate) async fn room(&self, room: &str) -> RoomInfo {
        let path = format!("/_matrix/client/v3/rooms/{}/state", escaped(room));
        let state = self.get(&path).await;
        let mut info = RoomInfo {
            id: room.to_owned(),
            ..RoomInfo::default()
        };
        for event in state.as_array().into_iter().flatten() {
            let content = &event["content"];
            match event["type"].as_str().unwrap_or_default() {
                "m.room.name" => info.name = text(content, "name"),
                "m.room.topic" => info.topic = text(content, "topic"),
                "m.room.join_rules" => info.join_rule = text(content, "join_rule"),
                "m.room.create" => info.version = text(content, "room_version"),
                "m.room.member" => info
                    .members
                    .push((text(event, "state_key"), text(content, "membership"))),
                _ => {}
            }
        }
        info
    }

    /// What is in the file that a message shows.
    pub(crate) async fn file(&self, message: &Message) -> String {
        let path = format!(
            "/_matrix/client/v3/rooms/{}/event/{}",
            escaped(&message.room),
            escaped(&message.id)
        );
        let event = self.get(&path).await;
        let url = text(&event["content"], "url");
        let place = url.strip_prefix("mxc://").expect("a file's address");
        let url = format!("{}/_matrix/client/v1/media/download/{place}", self.url);
        let request = self.http.get(url).bearer_auth(&self.token);
        let answer = request.send().await.expect("the homeserver answers");
        assert!(answer.status().is_success(), "{}", answer.status());
        answer.text().await.expect("the file is text")
    }

    /// All that the user can read in all their rooms, invitations accepted, oldest first.
    pub(crate) async fn timeline(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        for room in self.join_all().await {
            messages.extend(self.room_timeline(&room).await);
        }
        messages.sort_by_key(|message| message.at);
        messages
    }

    async fn room_timeline(&self, room: &str) -> Vec<Message> {
        let mut events = Vec::new();
        let mut from = String::new();
        loop {
            let path = format!(
                "/_matrix/client/v3/rooms/{}/messages?dir=f&limit=500{from}",
                escaped(room)
            );
            let page = self.get(&path).await;
            events.extend(page["chunk"].as_array().cloned().unwrap_or_default());
            match page["end"].as_str() {
                Some(end) => from = format!("&from={}", escaped(end)),
                None => break,
            }
        }
        shown(room, &events)
    }

    async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, None).await
    }

    /// Waits as long as the homeserver wants, and asks again where it went away, like a patient client.
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut lost = 0;
        loop {
            let mut request = self
                .http
                .request(method.clone(), format!("{}{path}", self.url));
            if !self.token.is_empty() {
                request = request.bearer_auth(&self.token);
            }
            if let Some(body) = &body {
                request = request.json(body);
            }
            let answered = async {
                let answer = request.send().await?;
                Ok::<_, reqwest::Error>((answer.status(), answer.json::<Value>().await?))
            };
            let (status, value) = match answered.await {
                Ok(answer) => answer,
                Err(error) => {
                    lost += 1;
                    assert!(lost < 600, "the homeserver does not answer: {error}");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                }
            };
            if status.as_u16() == 429 {
                let wait = value["retry_after_ms"].as_u64().unwrap_or(1_000);
                tokio::time::sleep(Duration::from_millis(wait)).await;
                continue;
            }
            assert!(status.is_success(), "{method} {path}: {status} {value}");
            return value;
        }
    }
}

/// What a client makes of a room's events: messages, with edits and reactions applied to them.
fn shown(room: &str, events: &[Value]) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    let mut edits: HashMap<String, String> = HashMap::new();
    let mut reactions: HashMap<String, Vec<(String, String)>> = HashMap::new();
    for event in events {
        let content = &event["content"];
        let relation = &content["m.relates_to"];
        let (target, kind) = (text(relation, "event_id"), text(relation, "rel_type"));
        match event["type"].as_str().unwrap_or_default() {
            "m.room.message" if kind == "m.replace" => {
                edits.insert(target, text(&content["m.new_content"], "body"));
            }
            "m.room.message" if content["msgtype"].is_string() => messages.push(Message {
                id: text(event, "event_id"),
                room: room.to_owned(),
                sender: text(event, "sender"),
                text: text(content, "body"),
                kind: text(content, "msgtype"),
                reply_to: relation
                    .pointer("/m.in_reply_to/event_id")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
                reactions: Vec::new(),
                at: event["origin_server_ts"].as_i64().unwrap_or_default(),
            }),
            "m.reaction" if kind == "m.annotation" => reactions
                .entry(target)
                .or_default()
                .push((text(relation, "key"), text(event, "sender"))),
            _ => {}
        }
    }
    for message in &mut messages {
        if let Some(edited) = edits.remove(&message.id) {
            message.text = edited;
        }
        message.reactions = reactions.remove(&message.id).unwrap_or_default();
    }
    messages
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// For a path or query.
fn escaped(part: &str) -> String {
    part.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
