//! The simulated Telegram, which may be killed too: it goes on from its journal, at the same address.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use crate::counterpart::{counterpart, ready};
use crate::synapse::free_port;

/// Whose private chat with the bot it is.
pub(crate) const OWNER: i64 = 1001;
const TOKEN: &str = "1000001:for-tests-only";

/// The server, and somebody in front of it.
pub(crate) struct Telegram {
    program: PathBuf,
    state: PathBuf,
    port: u16,
    http: reqwest::Client,
    child: Mutex<Child>,
}

impl Telegram {
    /// Starts it. `None`: the program is not there, which was said.
    pub(crate) async fn start(folder: &Path) -> Option<Self> {
        let program = counterpart("bot-api-sim", "SMS_BRIDGE_BOT_API_SIM")?;
        let (state, port) = (folder.join("telegram"), free_port());
        let child = spawn(&program, &state, port).await;
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(20))
            .build()
            .expect("a client");
        let telegram = Self {
            program,
            state,
            port,
            http,
            child: Mutex::new(child),
        };
        telegram
            .act("user", json!({ "id": OWNER, "first_name": "Olga" }))
            .await;
        telegram
            .act("start", json!({ "user": OWNER, "silent": true }))
            .await;
        telegram.act("limits", json!({ "on": false })).await;
        Some(telegram)
    }

    pub(crate) fn config(&self) -> String {
        format!(
            "[telegram]\ntoken = \"{TOKEN}\"\napi_url = \"http://127.0.0.1:{}\"\n",
            self.port
        )
    }

    /// SIGKILL, and a new life after `pause`.
    pub(crate) async fn kill(&self, pause: Duration) {
        let mut child = self.child.lock().await;
        child.kill().await.expect("it can be killed");
        tokio::time::sleep(pause).await;
        *child = spawn(&self.program, &self.state, self.port).await;
    }

    pub(crate) async fn end(&self) {
        self.child
            .lock()
            .await
            .kill()
            .await
            .expect("it can be killed");
    }

    /// Somebody writes; the message's id. The text is like no other.
    pub(crate) async fn write(&self, text: &str) -> i64 {
        let body = json!({ "chat": OWNER, "from": OWNER, "text": text });
        loop {
            if let Some(answer) = self.try_act("write", &body).await {
                return answer["message_id"].as_i64().expect("a message id");
            }
            // It may stand there all the same.
            let messages = self.messages().await;
            let found = messages
                .iter()
                .find(|one| one["by_bot"] == false && one["text"] == text);
            if let Some(id) = found.and_then(|one| one["message_id"].as_i64()) {
                return id;
            }
        }
    }

    /// All that stands in the chat.
    pub(crate) async fn messages(&self) -> Vec<Value> {
        let messages = self.act("messages", json!({ "chat": OWNER })).await;
        messages.as_array().expect("a list").clone()
    }

    /// An act that may be repeated.
    async fn act(&self, act: &str, body: Value) -> Value {
        loop {
            if let Some(answer) = self.try_act(act, &body).await {
                return answer;
            }
        }
    }

    /// `None`: no answer; it may have been done.
    async fn try_act(&self, act: &str, body: &Value) -> Option<Value> {
        let url = format!("http://127.0.0.1:{}/control/{act}", self.port);
        let sent = self.http.post(url).json(body).send().await;
        let answer = match sent {
            Ok(response) => {
                let status = response.status();
                response
                    .json::<Value>()
                    .await
                    .ok()
                    .map(|answer| (status, answer))
            }
            Err(_lost) => None,
        };
        let Some((status, answer)) = answer else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            return None;
        };
        assert!(status.is_success(), "{act} {body}: {answer}");
        Some(answer)
    }
}

async fn spawn(program: &Path, state: &Path, port: u16) -> Child {
    let mut child = Command::new(program)
        .args([
            "--token",
            TOKEN,
            "--listen",
            &format!("127.0.0.1:{port}"),
            "--state",
        ])
        .arg(state)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("bot-api-sim starts");
    ready(&mut child).await;
    child
}
