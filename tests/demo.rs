//! `sms-bridge demo` as a person meets it, typed or piped.

#![cfg(feature = "demo")]
#![allow(clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use support::{PATIENCE, program, run_with_input, stderr, stdout};

const FRIEND: &str = "+12025550100";
const OTHER: &str = "+12025550101";

fn demo() -> Command {
    let mut command = program();
    command.arg("demo");
    command
}

fn position(shown: &str, words: &str) -> usize {
    shown
        .find(words)
        .unwrap_or_else(|| panic!("no {words:?} in:\n{shown}"))
}

#[test]
fn a_piped_message_is_sent_delivered_and_answered() {
    let output = run_with_input(&mut demo(), "/send +12025550100 hello\n");
    let shown = stdout(&output);
    assert!(output.status.success(), "{shown}{}", stderr(&output));
    assert!(shown.contains("Nothing leaves this computer"), "{shown}");
    let steps = [
        "> /send +12025550100 hello",
        "queued, to +12025550100: hello",
        "✓  sent",
        "✓✓ delivered",
    ];
    let positions: Vec<usize> = steps.iter().map(|step| position(&shown, step)).collect();
    assert!(positions.is_sorted(), "{shown}");
    // What the friend says is drawn by lot.
    let answers = shown
        .lines()
        .filter(|line| line.contains(&format!(" {FRIEND}: ")) && !line.contains("queued"));
    assert_eq!(answers.count(), 1, "{shown}");
    assert!(
        !shown.contains('\u{1b}'),
        "no escape sequences where there is no terminal:\n{shown}"
    );
    assert_eq!(stderr(&output), "");
}

#[test]
fn an_empty_input_ends_at_once() {
    let output = run_with_input(&mut demo(), "");
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn the_environment_is_ignored_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = demo();
    command
        .env("TMPDIR", folder.path())
        .env("SMS_BRIDGE__DATA_DIR", folder.path().join("data"))
        .env("SMS_BRIDGE__LINE__HOME__PORT", "/dev/ttyUSB99")
        .env("SMS_BRIDGE__TELEGRAM__TOKEN", "123456:AAExample");
    let output = run_with_input(&mut command, "/status\n");
    let shown = stdout(&output);
    assert!(output.status.success(), "{shown}{}", stderr(&output));
    assert!(shown.contains("SIM home: ready"), "{shown}");
    assert!(!shown.contains("ttyUSB99"), "{shown}");
    let left: Vec<_> = folder
        .path()
        .read_dir()
        .expect("the folder is there")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn mistakes_get_a_helpful_answer_and_nothing_is_sent() {
    let output = run_with_input(
        &mut demo(),
        "hello?\n/send\n/send you hello\n/sned +12025550100 hello\n/help\n",
    );
    let shown = stdout(&output);
    assert!(output.status.success(), "{shown}{}", stderr(&output));
    for words in [
        "I don't know whom this is for",
        "no phone number",
        "There is no command /sned",
        "/send NUMBER|NAME TEXT",
    ] {
        position(&shown, words);
    }
    assert!(!shown.contains("queued"), "{shown}");
}

/// Types and reads like a person: waits for what appears before the next line.
#[test]
fn an_answer_goes_to_the_contact_of_its_message() {
    let mut child = demo()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    let stdout = child.stdout.take().expect("standard output is piped");
    let (sender, lines) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            drop(sender.send(line));
        }
    });
    let mut shown = Vec::new();
    let mut wait_for = |fits: &dyn Fn(&str) -> bool| -> String {
        loop {
            let Ok(line) = lines.recv_timeout(PATIENCE) else {
                panic!("what is waited for does not appear:\n{}", shown.join("\n"));
            };
            shown.push(line.clone());
            if fits(&line) {
                return line;
            }
        }
    };
    let from = |contact: &str| {
        let words = format!(" {contact}: ");
        move |line: &str| line.contains(&words) && !line.contains("queued")
    };
    let mut type_line = |line: &str| writeln!(stdin, "{line}").expect("the program reads");

    type_line(&format!("/send {FRIEND} hello"));
    let first = wait_for(&from(FRIEND));
    type_line(&format!("/send {OTHER} hello"));
    wait_for(&from(OTHER));
    let number = first
        .split_whitespace()
        .next()
        .expect("a post begins with its number")
        .to_owned();
    type_line(&format!("{number} to the first of you"));
    wait_for(&|line| line.contains(&format!("to {FRIEND}: to the first of you")));
    wait_for(&from(FRIEND));
    type_line("and to the newest");
    wait_for(&|line| line.contains(&format!("to {FRIEND}: and to the newest")));
    drop(stdin);
    let ended = support::wait_for_end(&mut child, PATIENCE + Duration::from_secs(10));
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
    reader.join().expect("the reader ends");
}
