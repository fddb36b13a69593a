//! `sms-bridge modem` as a person meets it, against the simulated modem behind a pseudo-terminal.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::json;
use support::counterpart::{counterpart, ready};
use support::modem::Modem;
use support::{PATIENCE, pause, program, run_with_input, stderr, stdout, wait_for_end};

const IMSI: &str = "234150999888777";
const ICCID: &str = "8944100555666777888";
const OWN: &str = "+447700900321";
const FRIEND: &str = "+447700900123";
const TEXT: &str = "Meet Barbara at nine";
const PIN: &str = "7391";

fn modem_command(arguments: &[&str]) -> Command {
    let mut command = program();
    command.arg("modem").args(arguments);
    command
}

/// Off the runtime, whose simulator must go on meanwhile.
async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().expect("the program starts"))
        .await
        .expect("it ends")
}

async fn piped(mut command: Command, input: &'static str) -> Output {
    tokio::task::spawn_blocking(move || run_with_input(&mut command, input))
        .await
        .expect("it ends")
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// A modem whose numbers are known, with one message in its SIM.
async fn modem(options: &[&str]) -> Option<Modem> {
    let mut modem = Modem::start(options).await?;
    modem
        .ask(json!({"do": "set", "iccid": ICCID, "imsi": IMSI, "own_number": OWN}))
        .await;
    Some(modem)
}

#[test]
fn list_works_without_a_modem_and_without_root() {
    let people = modem_command(&["list"])
        .output()
        .expect("the program starts");
    let json = modem_command(&["list", "--json"])
        .output()
        .expect("the program starts");
    let devices: serde_json::Value = serde_json::from_str(&stdout(&json)).expect("JSON");
    let devices = devices.as_array().expect("a list");
    if devices.is_empty() {
        assert!(
            stdout(&people).contains("plug the stick in"),
            "{}",
            stdout(&people)
        );
        assert_eq!(people.status.code(), Some(1));
    } else {
        assert_eq!(
            stdout(&people).matches("usb_path ").count() > 0,
            devices[0]["usb_path"].is_string()
        );
    }
}

#[test]
fn a_port_that_is_none_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let absent = shown(&folder.path().join("ttyUSB9"));
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let refused = format!("tcp://{}", free.local_addr().expect("its address"));
    drop(free);
    let cases = [
        (absent.as_str(), "plug the modem in"),
        (&shown(folder.path()), "is no serial port"),
        ("/dev/null", "is no serial port"),
        (&refused, "ser2net"),
        ("tcp://nowhere", "write tcp://host:port"),
    ];
    let file = shown(&folder.path().join("transcript"));
    for (port, words) in cases {
        for arguments in [
            &["probe", port, "--timeout", "20"][..],
            &["console", port],
            &["record", port, &file, "--seconds", "1"],
        ] {
            let output = run_with_input(&mut modem_command(arguments), "AT\n");
            let said = stdout(&output) + &stderr(&output);
            assert!(!output.status.success(), "{arguments:?}: {said}");
            assert!(said.contains(words), "{arguments:?}: {said}");
            drop(fs::remove_file(&file));
        }
    }
}

/// A pseudo-terminal at which nobody answers.
fn silent_port() -> (rustix::fd::OwnedFd, rustix::fd::OwnedFd, PathBuf) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
        .expect("a pseudo-terminal");
    grantpt(&master).expect("it is granted");
    unlockpt(&master).expect("it is unlocked");
    let name = ptsname(&master, Vec::new()).expect("its name");
    let path = PathBuf::from(name.to_str().expect("a plain name"));
    // No other test's programs are to have it too.
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let slave = rustix::fs::open(&path, flags, Mode::empty()).expect("its other end");
    (master, slave, path)
}

#[test]
fn a_port_at_which_nobody_answers_is_told_in_time() {
    let (_master, _slave, port) = silent_port();
    let began = Instant::now();
    let probe = modem_command(&["probe", &shown(&port), "--timeout", "5"])
        .output()
        .expect("the program starts");
    assert_eq!(probe.status.code(), Some(1));
    assert!(began.elapsed() < PATIENCE);
    assert!(stdout(&probe).contains("error: "), "{}", stdout(&probe));
}

#[test]
fn ctrl_c_ends_a_probe_with_what_was_found_out() {
    let (_master, _slave, port) = silent_port();
    let mut child = modem_command(&["probe", &shown(&port), "--timeout", "600"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut said = [0; 10];
    let mut words = child.stderr.take().expect("standard error is piped");
    words.read_exact(&mut said).expect("it says what it does");
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).expect("it runs");
    let ended = wait_for_end(&mut child, PATIENCE).expect("it ends");
    assert_eq!(ended.code(), Some(1));
    let mut report = String::new();
    let mut out = child.stdout.take().expect("standard output is piped");
    out.read_to_string(&mut report).expect("a report");
    assert!(report.contains("state "), "{report}");
}

#[tokio::test]
async fn probe_says_what_works_and_shortens_what_is_personal() {
    let Some(mut modem) = modem(&[]).await else {
        return;
    };
    modem.deliver(FRIEND, TEXT).await;
    let port = shown(&modem.port());
    let probe = output(modem_command(&["probe", &port])).await;
    let report = stdout(&probe);
    assert!(probe.status.success(), "{report}{}", stderr(&probe));
    for words in [
        "state            ready",
        "operator         Simulated Mobile",
        "dBm",
        "It works",
    ] {
        assert!(report.contains(words), "{words}: {report}");
    }
    for secret in [IMSI, ICCID, "7700900", TEXT] {
        assert!(!report.contains(secret), "{secret}: {report}");
    }
    let full = output(modem_command(&["probe", &port, "--show-numbers"])).await;
    assert!(stdout(&full).contains(IMSI), "{}", stdout(&full));
    let stored = modem.ask(json!({"do": "stored"})).await;
    assert!(
        stored.to_string().contains("Barbara")
            || !stored["messages"].as_array().is_none_or(Vec::is_empty),
        "{stored}"
    );
    assert_eq!(modem.sent().await, []);
}

#[tokio::test]
async fn probe_enters_no_pin() {
    let Some(modem) = modem(&["--pin", PIN]).await else {
        return;
    };
    let probe = output(modem_command(&["probe", &shown(&modem.port())])).await;
    assert_eq!(probe.status.code(), Some(1));
    assert!(
        stdout(&probe).contains("the SIM wants its PIN"),
        "{}",
        stdout(&probe)
    );
}

#[tokio::test]
async fn piped_commands_are_answered_and_dangerous_ones_refused() {
    let Some(mut modem) = modem(&[]).await else {
        return;
    };
    modem.deliver(FRIEND, TEXT).await;
    let port = shown(&modem.port());
    let harmless = piped(
        modem_command(&["console", &port]),
        "AT\n\nAT+CMGF=0\nAT+CMGL=4\n",
    )
    .await;
    let said = stdout(&harmless);
    assert!(harmless.status.success(), "{said}{}", stderr(&harmless));
    assert_eq!(said.matches("OK\n").count(), 3, "{said}");
    for words in [
        "    from             +447700900123",
        &format!("    text             {TEXT}"),
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }

    let input = "AT+CMGD=1\nAT+CMGS=19\n0011000B912120550501F00000FF05E8329BFD06\nAT\n";
    let refused = piped(modem_command(&["console", &port]), input).await;
    let words = stderr(&refused);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        words.contains("AT+CMGD=1 deletes messages; --yes allows it"),
        "{words}"
    );
    assert!(words.contains("AT+CMGS=19 sends a message"), "{words}");
    assert!(words.contains("a command begins with AT"), "{words}");
    assert!(stdout(&refused).contains("OK"));
    assert_eq!(modem.sent().await, []);

    // To +12025550100, "hello".
    let input = "AT+CMGF=0\nAT+CMGS=19\n0011000B912120550501F00000FF05E8329BFD06\n";
    let allowed = piped(modem_command(&["console", &port, "--yes"]), input).await;
    assert!(
        allowed.status.success(),
        "{}{}",
        stdout(&allowed),
        stderr(&allowed)
    );
    assert!(stdout(&allowed).contains("+CMGS: "), "{}", stdout(&allowed));
    modem.expect_sent(&[("+12025550100", "hello")]).await;
}

/// A program in a terminal of its own.
struct AtTerminal {
    child: Child,
    master: fs::File,
    seen: std::sync::mpsc::Receiver<Vec<u8>>,
    shown: String,
}

impl AtTerminal {
    fn start(mut command: Command, columns: u16) -> Self {
        let (master, slave, _) = silent_port();
        let size = rustix::termios::Winsize {
            ws_row: 24,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        rustix::termios::tcsetwinsize(&slave, size).expect("a size");
        let end = || Stdio::from(slave.try_clone().expect("another handle"));
        let child = command
            .env("TERM", "xterm")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("the program starts");
        let master = fs::File::from(master);
        let mut reader = master.try_clone().expect("another handle");
        let (sender, seen) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length) = reader.read(&mut buffer) {
                if length == 0 || sender.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            master,
            seen,
            shown: String::new(),
        }
    }

    fn type_keys(&mut self, keys: &str) {
        self.master
            .write_all(keys.as_bytes())
            .expect("the terminal takes keys");
    }

    /// Waits for words that were not waited for yet.
    fn wait_for(&mut self, words: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.shown.contains(words) {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(bytes) = self.seen.recv_timeout(left) else {
                panic!("no {words:?} in {:?}", self.shown);
            };
            self.shown.push_str(&String::from_utf8_lossy(&bytes));
        }
        let at = self.shown.find(words).expect("it is there") + words.len();
        self.shown.drain(..at);
    }

    fn end(mut self) -> Option<i32> {
        wait_for_end(&mut self.child, PATIENCE)
            .expect("it ends")
            .code()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_types_is_asked_and_sees_pdus_decoded() {
    let Some(mut modem) = modem(&[]).await else {
        return;
    };
    modem.deliver(FRIEND, TEXT).await;
    let port = shown(&modem.port());
    tokio::task::block_in_place(|| {
        let mut person = AtTerminal::start(modem_command(&["console", &port]), 30);
        person.wait_for("Ctrl-D ends.");
        person.type_keys("AT+CMGF=0\r");
        person.wait_for("OK");
        person.type_keys("AT+CMGL=4\r");
        person.wait_for("+CMGL: ");
        person.wait_for(TEXT);
        person.wait_for("OK");
        // Longer than the terminal is wide: only its end is shown, and it does not wrap.
        person.type_keys(&"x".repeat(100));
        person.wait_for("> xxxxxxxxxxxxxxxxxxxxxxxxxxx");
        person.type_keys("\u{15}AT+CMGD=1\r");
        person.wait_for("this deletes messages");
        person.type_keys("n\r");
        person.wait_for("not sent");
        person.type_keys("AT+CMGS=19\r");
        person.wait_for("send it? y/N ");
        person.type_keys("y\r");
        person.wait_for("PDU> ");
        person.type_keys("0011000B912120550501F00000FF05E8329BFD06\r");
        person.wait_for("+CMGS: ");
        // Three back: the PDU, y, AT+CMGS=19.
        person.type_keys("\u{1b}[A\u{1b}[A\u{1b}[A");
        person.wait_for("> AT+CMGS=19");
        person.type_keys("\u{15}AT\r");
        person.wait_for("OK");
        person.type_keys("\u{4}");
        assert_eq!(person.end(), Some(0));
    });
    modem.expect_sent(&[("+12025550100", "hello")]).await;
    let stored = modem.ask(json!({"do": "stored"})).await;
    assert!(
        stored.to_string().len() > 40,
        "nothing was deleted: {stored}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_leaves_the_prompt_and_ends() {
    let Some(mut modem) = modem(&[]).await else {
        return;
    };
    let port = shown(&modem.port());
    tokio::task::block_in_place(|| {
        let mut person = AtTerminal::start(modem_command(&["console", &port, "--yes"]), 80);
        person.wait_for("Ctrl-D ends.");
        person.type_keys("AT+CMGS=19\r");
        person.wait_for("PDU> ");
        let id = rustix::process::Pid::from_child(&person.child);
        rustix::process::kill_process(id, rustix::process::Signal::INT).expect("it runs");
        assert_eq!(person.end(), Some(0));
    });
    // The modem takes commands again.
    let again = piped(modem_command(&["console", &port]), "AT\n").await;
    assert!(stdout(&again).contains("OK"), "{}", stdout(&again));
    assert_eq!(modem.sent().await, []);
}

/// What a transcript may not hold: as it is, and in the swapped halves of a PDU.
fn assert_without(transcript: &str, secret: &str) {
    let swapped: String = secret
        .trim_start_matches('+')
        .as_bytes()
        .chunks(2)
        .flat_map(|pair| pair.iter().rev().map(|&byte| char::from(byte)))
        .take_while(char::is_ascii_digit)
        .collect();
    assert!(!transcript.contains(secret), "{secret} in {transcript}");
    let plain = secret.trim_start_matches('+');
    assert!(!transcript.contains(plain), "{plain} in {transcript}");
    assert!(
        swapped.len() < 8 || !transcript.contains(&swapped),
        "{swapped} in {transcript}"
    );
}

#[tokio::test]
async fn a_recording_holds_no_secret_and_can_be_replayed() {
    let Some(mut modem) = modem(&[]).await else {
        return;
    };
    modem.deliver(FRIEND, TEXT).await;
    modem
        .ask(json!({"do": "deliver", "from": FRIEND, "text": "کل ملیں گے", "alphabet": "ucs2"}))
        .await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("modem.txt");
    let port = shown(&modem.port());
    let record = modem_command(&["record", &port, &shown(&file), "--seconds", "8"]);
    let recording = output(record).await;
    assert!(recording.status.success(), "{}", stderr(&recording));
    let transcript = fs::read_to_string(&file).expect("the file is there");
    assert!(
        transcript.starts_with("# sms-bridge modem transcript 1\n"),
        "{transcript}"
    );
    assert!(transcript.contains(" > AT+CMGL=4\\r"), "{transcript}");
    let full = stdout(&output(modem_command(&["probe", &port, "--show-numbers"])).await);
    let imei = full
        .lines()
        .find_map(|line| line.strip_prefix("IMEI "))
        .expect("the modem tells its IMEI")
        .trim()
        .to_owned();
    for secret in [imei.as_str(), IMSI, ICCID, OWN, FRIEND, "+12025550199"] {
        assert_without(&transcript, secret);
    }
    // "Meet Barbara" and the Urdu text, as they stand in a PDU.
    let pdus = transcript.lines().filter_map(|line| {
        let hex = line
            .split(" < ")
            .nth(1)?
            .trim_end_matches("\\n")
            .trim_end_matches("\\r");
        (hex.len() > 20 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(hex)
    });
    let mut decoded = 0;
    for pdu in pdus {
        let output = program()
            .args(["pdu", "decode", "--json", pdu])
            .output()
            .expect("it starts");
        let object: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
        let text = object["text"].as_str().expect("a text");
        assert!(text.chars().all(|c| "xX0 ".contains(c)), "{text}");
        decoded += 1;
    }
    assert!(decoded >= 2, "{transcript}");
    assert_eq!(modem.sent().await, []);
    // A second time it is not written over.
    let again = output(modem_command(&["record", &port, &shown(&file)])).await;
    assert!(
        stderr(&again).contains("is there already"),
        "{}",
        stderr(&again)
    );
    drop(modem);

    let program = counterpart("modem-sim", "SMS_BRIDGE_MODEM_SIM").expect("it was there before");
    let link = folder.path().join("replayed");
    let mut replaying = tokio::process::Command::new(program)
        .arg("--replay")
        .arg(&file)
        .arg("--pty")
        .arg(&link)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("modem-sim starts");
    ready(&mut replaying).await;
    let probe = output(modem_command(&["probe", &shown(&link)])).await;
    let report = stdout(&probe);
    assert!(probe.status.success(), "{report}{}", stderr(&probe));
    assert!(report.contains("Simulated Mobile"), "{report}");
}

#[tokio::test]
async fn a_recording_of_a_locked_sim_holds_no_pin() {
    let Some(modem) = modem(&["--pin", PIN]).await else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("modem.txt");
    let mut command = modem_command(&["record", &shown(&modem.port()), &shown(&file)]);
    command.args(["--seconds", "4"]);
    let recording = output(command).await;
    assert!(recording.status.success(), "{}", stderr(&recording));
    let transcript = fs::read_to_string(&file).expect("the file is there");
    assert!(transcript.contains("+CPIN: SIM PIN"), "{transcript}");
    assert!(
        !transcript.contains(PIN) && !transcript.contains("AT+CPIN="),
        "{transcript}"
    );
}

#[tokio::test]
async fn a_port_that_another_program_has_is_named_with_it() {
    let (_master, slave, port) = silent_port();
    let mut holder = Command::new("sleep")
        .arg("600")
        .stdin(Stdio::from(slave.try_clone().expect("another handle")))
        .spawn()
        .expect("a program that holds it");
    let until = Instant::now() + PATIENCE;
    let words = loop {
        let probe = modem_command(&["probe", &shown(&port), "--timeout", "2"]).output();
        let words = stderr(&probe.expect("the program starts"));
        if words.contains("in use by") || Instant::now() > until {
            break words;
        }
        pause();
    };
    let expected = format!("in use by sleep (process {})", holder.id());
    holder.kill().expect("it runs");
    holder.wait().expect("it ends");
    assert!(words.contains(&expected), "{words}");
}
