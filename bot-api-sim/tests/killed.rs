//! The program, killed in the middle: it comes back with what it had answered.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

/// Ends with this value, by SIGKILL.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().unwrap_or_default();
        self.0.wait().map(drop).unwrap_or_default();
    }
}

/// Starts the program and waits until it listens; host and port.
fn start(listen: &str, state: &Path) -> (Program, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bot-api-sim"))
        .args(["--token", "1000001:secret", "--listen", listen, "--state"])
        .arg(state)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let output = child.stdout.take().unwrap();
    let program = Program(child);
    BufReader::new(output).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("ready http://");
    let address = address.expect("the ready line").to_owned();
    (program, address)
}

/// The body of the answer. `None`: there was no whole answer.
fn post(address: &str, path: &str, body: &Value) -> Option<Value> {
    let body = body.to_string();
    let mut stream = TcpStream::connect(address).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: sim\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (_head, body) = answer.split_once("\r\n\r\n")?;
    serde_json::from_str(body).ok()
}

#[test]
fn nothing_that_was_answered_is_lost_by_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let (mut program, address) = start("127.0.0.1:0", &state);
    let person = json!({ "id": 7, "first_name": "Ann" });
    post(&address, "/control/user", &person).unwrap();
    post(&address, "/control/start", &json!({ "user": 7 })).unwrap();

    let over = AtomicBool::new(false);
    let write = |path: &str, text: &str, body: &dyn Fn(String) -> Value| {
        let mut answered = Vec::new();
        for number in 0.. {
            if over.load(Ordering::SeqCst) {
                break;
            }
            let text = format!("{text} {number}");
            if post(&address, path, &body(text.clone())).is_some() {
                answered.push(text);
            }
        }
        answered
    };
    let answered = std::thread::scope(|scope| {
        let by_bot = scope.spawn(|| {
            write(
                "/bot1000001:secret/sendMessage",
                "bot",
                &|text| json!({ "chat_id": 7, "text": text }),
            )
        });
        let by_person = scope.spawn(|| {
            write(
                "/control/write",
                "Ann",
                &|text| json!({ "chat": 7, "from": 7, "text": text }),
            )
        });
        for _ in 0..10 {
            let before = std::fs::metadata(&state).unwrap().len();
            // It is killed after a few more messages, wherever it then is.
            while std::fs::metadata(&state).unwrap().len() < before + 2_000 {
                std::thread::yield_now();
            }
            program.0.kill().unwrap();
            program.0.wait().unwrap();
            (program, _) = start(&address, &state);
        }
        over.store(true, Ordering::SeqCst);
        let mut answered = by_bot.join().unwrap();
        answered.extend(by_person.join().unwrap());
        answered
    });
    assert!(answered.len() > 50, "{}", answered.len());

    let messages = post(&address, "/control/messages", &json!({ "chat": 7 })).unwrap();
    let messages = messages.as_array().unwrap();
    let texts: Vec<&str> = messages
        .iter()
        .filter_map(|it| it["text"].as_str())
        .collect();
    for text in &answered {
        let times = texts.iter().filter(|it| *it == text).count();
        assert_eq!(times, 1, "{text}");
    }
    // Each message of a person is an update, in their order, and none twice.
    let pending = post(&address, "/control/pending", &json!({})).unwrap();
    let by_person = messages.iter().filter(|it| it["by_bot"] == json!(false));
    assert_eq!(pending["updates"], json!(by_person.count()));
    let ids: Vec<i64> = messages
        .iter()
        .filter_map(|it| it["message_id"].as_i64())
        .collect();
    assert!(ids.is_sorted() && ids.windows(2).all(|pair| pair[0] != pair[1]));
}
