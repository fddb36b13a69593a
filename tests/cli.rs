//! The command line as a person meets it: help, `check`, `pdu`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use support::{program, run_with_input, stderr, stdout};

fn output(arguments: &[&str]) -> Output {
    program()
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn check(file: &Path) -> Output {
    program()
        .arg("check")
        .arg("--config")
        .arg(file)
        .output()
        .expect("the program starts")
}

#[test]
fn help_shows_examples() {
    for arguments in [
        &["--help"][..],
        &["check", "--help"],
        &["pdu", "decode", "--help"],
    ] {
        let output = output(arguments);
        assert!(output.status.success());
        let help = stdout(&output);
        assert!(help.contains("Examples:\n  sms-bridge "), "{help}");
    }
}

#[test]
fn three_mistakes_are_three_findings_that_say_what_to_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let token = folder.path().join("token");
    fs::write(&token, "123456:AAExample").expect("a file in it");
    fs::set_permissions(&token, fs::Permissions::from_mode(0o644)).expect("its permissions");
    let file = folder.path().join("config.toml");
    let text = format!(
        r#"
        data_dir = "{data}"
        [line.home]
        port = "{absent}"
        [person.me]
        role = "onwer"
        telegram = 123456789
        [telegram]
        token_file = "{token}"
        inbox = [-1001234567890]
        "#,
        data = folder.path().join("data").display(),
        absent = folder.path().join("ttyUSB9").display(),
        token = token.display(),
    );
    fs::write(&file, text).expect("a file in it");

    let output = check(&file);
    let shown = stdout(&output);
    let errors: Vec<&str> = shown
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(output.status.code(), Some(1), "{shown}");
    // A build without Telegram has one more to say.
    let without = shown.contains("built without Telegram");
    assert_eq!(without, cfg!(not(feature = "telegram")), "{shown}");
    assert_eq!(errors.len(), 3 + usize::from(without), "{shown}");
    for words in ["did you mean \"owner\"?", "chmod 600", "plug the modem in"] {
        assert!(
            errors.iter().any(|error| error.contains(words)),
            "{words}: {shown}"
        );
    }
    assert!(!shown.contains("AAExample"), "{shown}");
    let known = ["error: ", "warning: ", "ok: "];
    assert!(
        shown
            .lines()
            .all(|line| known.iter().any(|level| line.starts_with(level))),
        "{shown}"
    );
}

#[test]
fn an_absent_or_broken_file_is_a_finding() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("config.toml");
    let absent = check(&file);
    assert_eq!(absent.status.code(), Some(1));
    assert!(
        stdout(&absent).contains("config.example.toml"),
        "{}",
        stdout(&absent)
    );
    fs::write(&file, "[line.home\n").expect("a file in it");
    let broken = check(&file);
    assert_eq!(broken.status.code(), Some(1));
    assert!(
        stdout(&broken).contains("is not valid TOML"),
        "{}",
        stdout(&broken)
    );
}

#[test]
fn run_refuses_a_wrong_file_with_the_same_findings() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("config.toml");
    fs::write(&file, "[lines.home]\nport = \"/dev/null\"\n").expect("a file in it");
    let output = program()
        .arg("run")
        .arg("--config")
        .arg(&file)
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    let words = stderr(&output);
    assert!(words.contains("did you mean line?"), "{words}");
}

#[test]
fn a_secret_is_not_taken_from_the_command_line() {
    let output = output(&["run", "--token", "123456:AAExample"]);
    assert_eq!(output.status.code(), Some(2));
}

/// PDU written by hand from 3GPP TS 23.040 §9.2.2.1: service centre +12025550199, from +12025550100,
/// 2026-01-31 12:00:00 +05:00, "hello".
const HELLO: &str = "0791212055059 1F9040B912120550501F000006210132100000205E8329BFD06";

fn hello() -> String {
    HELLO.replace(' ', "")
}

fn decode_json(arguments: &[&str], input: &str) -> (Output, Vec<Value>) {
    let output = run_with_input(
        program().args(["pdu", "decode", "--json"]).args(arguments),
        input,
    );
    let objects = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is a JSON object"))
        .collect();
    (output, objects)
}

#[test]
fn a_pdu_is_shown_for_people_and_for_programs() {
    let pdu = hello();
    let people = output(&["pdu", "decode", &pdu]);
    assert!(people.status.success(), "{}", stdout(&people));
    let shown = stdout(&people);
    for words in ["deliver", "+12025550100", "hello"] {
        assert!(shown.contains(words), "{shown}");
    }
    let (output, objects) = decode_json(&[&pdu], "");
    assert!(output.status.success());
    let object = &objects[0];
    assert_eq!(object["type"], "deliver");
    assert_eq!(object["from"], "+12025550100");
    assert_eq!(object["text"], "hello");
    assert_eq!(object["alphabet"], "gsm7");
    assert_eq!(
        (&object["protocol_id"], &object["data_coding"]),
        (&json!(0), &json!(0))
    );
    assert!(object.get("concat").is_none() && object.get("data").is_none());
}

#[test]
fn a_bad_line_is_an_object_too_and_the_next_is_read() {
    let pdu = hello();
    let input = format!("{pdu}\nzz\n\n0791\n{pdu}\n");
    let (output, objects) = decode_json(&[], &input);
    assert_eq!(output.status.code(), Some(1));
    let is_error: Vec<bool> = objects
        .iter()
        .map(|object| object.get("error").is_some())
        .collect();
    assert_eq!(is_error, [false, true, true, true, false]);
    assert_eq!(objects[1]["error"]["offset"], 0);
    assert!(
        objects[1]["error"]["message"]
            .as_str()
            .is_some_and(|words| words.contains("hexadecimal"))
    );
}

/// From +12025550100, made by hand: TP-DCS C8; an MMS notification over port 2948; class 0; TP-PID 42.
#[test]
fn what_is_not_plain_text_says_what_it_is() {
    let message = |first: &str, protocol: &str, coding: &str, user_data: &str| {
        format!("00{first}0B912120550501F0{protocol}{coding}62101321000002{user_data}")
    };
    let mms = "0605040B8423F0010605BE8D90AF848C829854008918802B31323032353535303130302F54\
        5950453D504C4D4E008E0201F48805810301518083612E6200";
    let input = [
        message("04", "00", "C8", "00"),
        message("44", "00", "04", &format!("{:02X}{mms}", mms.len() / 2)),
        message("04", "00", "10", "05E8329BFD06"),
        message("04", "42", "00", "05E8329BFD06"),
        message("04", "00", "00", "05E8329BFD06"),
    ]
    .join("\n");
    let (output, objects) = decode_json(&[], &input);
    assert!(output.status.success());
    let content = |at: usize| objects[at].get("content").cloned().unwrap_or_default();
    assert_eq!(
        content(0),
        json!({"kind": "message-waiting", "summary": "voice mail waiting", "waiting": "voicemail",
            "active": true, "store": false})
    );
    assert_eq!(content(1)["kind"], "mms-notification");
    assert_eq!(content(1)["from"], "+12025550100");
    assert_eq!(
        (
            &content(1)["size"],
            &content(1)["expiry"],
            &content(1)["url"]
        ),
        (&json!(500), &json!(86_400), &json!("a.b"))
    );
    assert_eq!(content(2)["kind"], "flash");
    assert_eq!(
        (&content(3)["kind"], &content(3)["number"]),
        (&json!("replace"), &json!(2))
    );
    assert!(objects[4].get("content").is_none());
    let people = run_with_input(program().args(["pdu", "decode"]), &input);
    assert!(stdout(&people).contains("MMS from +12025550100, 1 kB, kept for 24 hours, at a.b"));
}

#[test]
fn a_pdu_out_of_a_log_is_read_and_what_stood_around_it_is_said() {
    let logged = format!("+CMT: \"Ann\",,24\r\n'{}'\r\n", hello().to_lowercase());
    let (output, objects) = decode_json(&[&logged], "");
    assert!(output.status.success());
    assert_eq!(objects.len(), 1);
    assert_eq!(objects[0]["text"], "hello");
    assert_eq!(objects[0]["anomalies"].as_array().map(Vec::len), Some(2));
    // Line by line, the modem's own line is an object too.
    let (output, objects) = decode_json(&[], &logged);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(objects.len(), 2);
    assert!(objects[0]["error"]["message"].is_string());
    assert_eq!(objects[1]["text"], "hello");
}

/// 3GPP TS 23.040 §9.2.3.24.10.1.1 and §9.2.3.24.10.1.2: bold, red on white, for two characters, and a sound.
#[test]
fn formatted_text_is_named_with_its_values_and_its_text_is_whole() {
    let header = "0D0A040102109A0B020303700101";
    let pdu = format!("0041000B912120550501F0000410{header}6869");
    let (output, objects) = decode_json(&[&pdu], "");
    assert!(output.status.success(), "{objects:?}");
    assert_eq!(objects[0]["data"], "6869");
    let elements = &objects[0]["elements"];
    assert_eq!(elements[0]["kind"], "text formatting");
    assert_eq!(elements[0]["position"], 1);
    assert_eq!(
        elements[0]["format"],
        json!({
            "length": 2, "styles": ["bold"], "size": "normal", "alignment": "left",
            "foreground": "bright red", "background": "white",
        })
    );
    assert_eq!(elements[1]["kind"], "predefined sound");
    assert_eq!(elements[1]["meaning"], "tada behind 3 characters");
    assert!(elements[2].get("meaning").is_none());
}

/// 3GPP TS 23.041 §9.4.1: page 1 of 2 of a test alert in English, padded with carriage returns.
#[test]
fn a_page_of_a_cell_broadcast_is_read() {
    // "hit", six octets of header and three of text, then eight carriage returns in every seven octets.
    let page = format!("4001111C0112E834BD{}D100", "D168341A8D46A3".repeat(11));
    let (output, objects) = decode_json(&["--direction", "broadcast", &page], "");
    assert!(output.status.success(), "{objects:?}");
    let object = &objects[0];
    assert_eq!(object["type"], "broadcast");
    assert_eq!(object["page"], json!({"number": 1, "total": 2}));
    assert_eq!(object["language"], "en");
    assert_eq!(
        object["message_identifier"],
        json!({"number": 4380, "meaning": "required monthly test", "emergency": "cmas", "test": true})
    );
    assert_eq!(
        object["serial_number"],
        json!({"scope": "network", "message_code": 0, "update": 1})
    );
    assert_eq!(object["alphabet"], "gsm7");
    assert!(
        object["text"]
            .as_str()
            .is_some_and(|text| text.starts_with("hit"))
    );
    let people = output_of_page(&page);
    assert!(
        people.contains("channel          4380 (required monthly test)"),
        "{people}"
    );
}

fn output_of_page(page: &str) -> String {
    stdout(&output(&[
        "pdu",
        "decode",
        "--direction",
        "broadcast",
        page,
    ]))
}

#[test]
fn strict_takes_an_anomaly_for_an_error() {
    let sloppy = format!("{}FFFF", hello());
    let (output, objects) = decode_json(&[&sloppy], "");
    assert!(output.status.success());
    assert_eq!(objects[0]["anomalies"].as_array().map(Vec::len), Some(1));
    let (output, objects) = decode_json(&["--strict", &sloppy], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(objects[0]["error"]["offset"].is_number());
}

#[test]
fn what_is_encoded_decodes_to_the_same() {
    let text = "آداب عرض ہے 😀 ".repeat(12);
    let encode = [
        "pdu",
        "encode",
        "--to",
        "+12025550100",
        "--report",
        "--validity",
        "2d",
        "--reference",
        "7",
    ];
    let encoded = program()
        .args(encode)
        .args(["--text", &text])
        .output()
        .expect("the program starts");
    assert!(encoded.status.success(), "{}", stderr(&encoded));
    let (output, objects) = decode_json(&["--direction", "submit"], &stdout(&encoded));
    assert!(output.status.success());
    assert!(objects.len() > 1);
    let whole: String = objects
        .iter()
        .filter_map(|object| object["text"].as_str())
        .collect();
    assert_eq!(whole, text);
    for (at, object) in objects.iter().enumerate() {
        assert_eq!(object["to"], "+12025550100");
        assert_eq!(object["concat"]["part"], at + 1);
        assert_eq!(object["concat"]["total"], objects.len());
        assert_eq!(object["concat"]["reference"], 7);
        assert_eq!(object["validity"]["seconds"], 2 * 86_400);
        assert_eq!(object["alphabet"], "ucs2");
    }
    let json = program()
        .args(encode)
        .args(["--text", &text, "--json"])
        .output()
        .expect("the program starts");
    let object: Value = serde_json::from_str(&stdout(&json)).expect("one JSON object");
    let pdus: Vec<&str> = object["parts"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|part| part["pdu"].as_str())
        .collect();
    assert_eq!(pdus, stdout(&encoded).lines().collect::<Vec<_>>());
}

/// What `sms-bridge pdu` prints with these arguments, which it takes.
fn pdu(arguments: &[&str]) -> String {
    let output = program()
        .arg("pdu")
        .args(arguments)
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn the_cost_of_a_text_is_told_with_its_reason() {
    let text = format!("It’s{}", " and so on".repeat(14));
    assert_eq!(
        pdu(&["cost", &text]),
        "3 parts in UCS-2, room for 57 more\n\
         ’ needs UCS-2; with ' it is 1 part instead of 3\n"
    );
    assert_eq!(
        pdu(&["cost", "--substitute", &text]),
        "1 part in GSM 7-bit, room for 16 more\nwritten plainly: ’ as '\n"
    );
    let object: Value =
        serde_json::from_str(&pdu(&["cost", "--json", &text])).expect("one JSON object");
    assert_eq!(object["parts"], 3);
    assert_eq!(object["alphabet"], "ucs2");
    assert_eq!(object["costly_character"], "’");
    assert_eq!(object["cheaper_parts"], 1);
    assert_eq!(object["units_left"], 57);
    assert_eq!(object.get("locking_shift"), None);
}

#[test]
fn national_tables_are_written_for_those_who_can_read_them() {
    let text = "Şu an evdeyim, akşam görüşürüz";
    let encode = ["encode", "--to", "+905550000001", "--text", text, "--json"];
    let object: Value = serde_json::from_str(&pdu(&encode)).expect("one JSON object");
    assert_eq!(object["alphabet"], "ucs2");
    let turkish = pdu(&[&encode[..], &["--language", "turkish"]].concat());
    let object: Value = serde_json::from_str(&turkish).expect("one JSON object");
    assert_eq!(object["alphabet"], "gsm7");
    assert_eq!(object["locking_shift"], "Turkish");
    let (_, decoded) = decode_json(
        &[object["parts"][0]["pdu"].as_str().unwrap_or_default()],
        "",
    );
    assert_eq!(decoded[0]["text"], text);
    assert_eq!(decoded[0]["languages"][0], "Turkish");
}

#[test]
fn what_cannot_be_encoded_says_why() {
    let cases = [
        (
            &["--to", "you", "--text", "x"][..],
            "you is no phone number",
        ),
        (
            &["--to", "+12025550100", "--text", "😀", "--alphabet", "gsm7"],
            "'😀' is not in the GSM 7-bit alphabet; leave --alphabet gsm7 out",
        ),
        (
            &[
                "--to",
                "+12025550100",
                "--text",
                "ş",
                "--language",
                "klingon",
            ],
            "has no table of its own; those that have are turkish, spanish",
        ),
        (
            &["--to", "+12025550100", "--text", "x", "--validity", "64w"],
            "no network tries longer than 63 weeks",
        ),
        (
            &["--to", "+12025550100", "--text", "x", "--reference", "256"],
            "0 to 255",
        ),
        (
            &["--to", "+12025550100", "--text", "x", "--validity", "soon"],
            "like 2d",
        ),
    ];
    for (arguments, words) in cases {
        let output = program()
            .args(["pdu", "encode"])
            .args(arguments)
            .output()
            .expect("the program starts");
        assert!(!output.status.success());
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}

#[test]
fn a_reader_that_leaves_is_no_fault() {
    use std::io::Write;
    use std::process::Stdio;

    let mut child = program()
        .args(["pdu", "decode", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().expect("standard input is piped");
    // Enough that the program notices while it still has something to say.
    drop(stdin.write_all(format!("{}\n", hello()).repeat(2_000).as_bytes()));
    drop(stdin);
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(stderr(&output), "");
}
