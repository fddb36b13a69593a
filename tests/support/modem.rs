//! The program `modem-sim` behind a pseudo-terminal, and its control socket. Its crate's documentation has the requests.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

use super::PATIENCE;
use super::counterpart::{counterpart, ready, until};
use super::discretion;

/// A simulated modem with its network.
pub(crate) struct Modem {
    folder: TempDir,
    control: BufReader<UnixStream>,
    /// Ends with this value.
    _child: Child,
}

impl Modem {
    /// Starts one. `None`: the program is not there, which was said.
    pub(crate) async fn start(options: &[&str]) -> Option<Self> {
        let program = counterpart("modem-sim", "SMS_BRIDGE_MODEM_SIM")?;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let socket = folder.path().join("control");
        let mut child = Command::new(program)
            .arg("--pty")
            .arg(folder.path().join("modem"))
            .arg("--control")
            .arg(&socket)
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("modem-sim starts");
        ready(&mut child).await;
        let control = UnixStream::connect(&socket).await;
        Some(Self {
            folder,
            control: BufReader::new(control.expect("the control socket is there")),
            _child: child,
        })
    }

    /// The port, for the configuration.
    pub(crate) fn port(&self) -> PathBuf {
        self.folder.path().join("modem")
    }

    /// A control request and its answer.
    pub(crate) async fn ask(&mut self, request: Value) -> Value {
        for field in ["from", "text", "number"] {
            request[field]
                .as_str()
                .into_iter()
                .for_each(discretion::note);
        }
        let line = format!("{request}\n");
        let written = self.control.get_mut().write_all(line.as_bytes()).await;
        written.expect("the control socket takes a request");
        let mut answer = String::new();
        let read = tokio::time::timeout(PATIENCE, self.control.read_line(&mut answer)).await;
        read.expect("an answer in time").expect("an answer");
        let answer: Value = serde_json::from_str(&answer).expect("an answer in JSON");
        assert_eq!(answer["ok"], true, "{request}: {answer}");
        answer
    }

    /// An SMS for the SIM.
    pub(crate) async fn deliver(&mut self, from: &str, text: &str) {
        self.ask(json!({ "do": "deliver", "from": from, "text": text }))
            .await;
    }

    /// The whole messages that the network took, as recipient and text.
    pub(crate) async fn sent(&mut self) -> Vec<(String, String)> {
        let answer = self.ask(json!({ "do": "submitted" })).await;
        let messages = answer["messages"].as_array().expect("a list");
        messages
            .iter()
            .map(|message| {
                let field = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
                (field("to"), field("text"))
            })
            .collect()
    }

    /// Waits until the network took exactly these messages, in this order.
    pub(crate) async fn expect_sent(&mut self, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|&(to, text)| (to.to_owned(), text.to_owned()))
            .collect();
        let mut last = Vec::new();
        until(async || {
            last = self.sent().await;
            last.len() >= expected.len()
        })
        .await;
        assert_eq!(last, expected);
    }
}
