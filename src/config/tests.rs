//! What a person writes, and what they are told.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use bridge_core::{Language, Limits, MayText};
use secrecy::ExposeSecret;

use super::telegram::Topics;
use super::*;

mod showing;

const EXAMPLE: &str = include_str!("../../config.example.toml");

const GOOD: &str = r#"
    data_dir = "/var/lib/sms-bridge"
    [line.home]
    port = "/dev/ttyUSB2"
    [person.me]
    role = "owner"
    telegram = 123456789
    matrix = "@me:example.org"
    [telegram]
    token = "123456:AAExample"
    inbox = [-1001234567890]
    [matrix]
    homeserver = "https://matrix.example.org/"
    user = "@sms:example.org"
    password = "example"
"#;

fn read(text: &str, variables: &[(&str, &str)]) -> (Option<Config>, Vec<String>) {
    let variables = variables
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let (config, findings) = parse(text, variables, "config.toml");
    let words = findings
        .iter()
        .filter(|finding| !finding.words.contains("was built without"))
        .map(Finding::to_string)
        .collect();
    (config, words)
}

fn check(text: &str, expected: &[&str]) {
    let (_, findings) = read(text, &[]);
    let meets = findings.len() == expected.len()
        && findings
            .iter()
            .zip(expected)
            .all(|(finding, words)| finding.contains(words));
    assert!(meets, "{text}\n{findings:#?}\n{expected:#?}");
}

#[test]
fn every_line_has_limits() {
    let (config, _) = read(GOOD, &[]);
    let config = config.unwrap();
    let usual = &config.lines[0].limits;
    assert_eq!(
        (
            usual.messages_per_minute,
            usual.parts_per_day,
            usual.confirm_parts
        ),
        (10, 50, 3)
    );
    assert_eq!(usual.may_text, MayText::default());
    let keys = "messages_per_minute = 20\nparts_per_day = 500\nconfirm_parts = 6\nprice_per_part = \"0.09 EUR\"\n\
                may_text = [\"de\", \"8558\"]\n";
    let text = GOOD.replace("[person.me]", &format!("{keys}[person.me]"));
    let (config, findings) = read(&text, &[]);
    assert_eq!(findings, Vec::<String>::new());
    let config = config.unwrap();
    let expected = Limits {
        messages_per_minute: 20,
        parts_per_day: 500,
        confirm_parts: 6,
        price_per_part: "0.09 EUR".parse().ok(),
        may_text: MayText::parse(["DE", "8558"]).unwrap(),
    };
    assert_eq!(config.lines[0].limits, expected);
}

#[test]
fn a_good_file_is_read() {
    let (config, findings) = read(GOOD, &[]);
    let config = config.unwrap();
    assert_eq!(findings, Vec::<String>::new());
    assert_eq!((config.retention, config.export_every), (None, None));
    let waits = (config.stale_after, config.expire_after);
    assert_eq!(waits, (STALE_AFTER, EXPIRE_AFTER));
    assert_eq!(config.log, "info");
    assert_eq!(config.log_format, LogFormat::Text);
    assert_eq!(config.people.0.len(), 1);
    let line = &config.lines[0];
    assert_eq!((line.baud, line.delivery_reports), (115_200, true));
    assert!(line.country.is_none() && line.service_centre.is_none() && line.pin.is_none());
    let telegram = config.telegram.unwrap();
    assert_eq!(telegram.token.expose_secret(), "123456:AAExample");
    assert_eq!(
        (telegram.inbox, telegram.topics),
        (vec![-1_001_234_567_890], Topics::Auto)
    );
    assert_eq!(
        config.matrix.unwrap().homeserver,
        "https://matrix.example.org"
    );
}

#[test]
fn how_long_messages_may_wait() {
    let (config, findings) = read(
        &format!("stale_after = \"15m\"\nexpire_after = \"48h\"\n{GOOD}"),
        &[],
    );
    assert_eq!(findings, Vec::<String>::new());
    let config = config.unwrap();
    let minutes = |wait: std::time::Duration| wait.as_secs() / 60;
    let waits = (minutes(config.stale_after), minutes(config.expire_after));
    assert_eq!(waits, (15, 48 * 60));
    check(
        &format!("expire_after = \"30m\"\n{GOOD}"),
        &["expire_after"],
    );
    check(&format!("stale_after = \"1s\"\n{GOOD}"), &["stale_after"]);
}

#[test]
fn the_environment_comes_after_the_file() {
    let (config, findings) = read(
        GOOD,
        &[
            ("SMS_BRIDGE__TELEGRAM__TOKEN", "7:other"),
            ("SMS_BRIDGE__TELEGRAM__INBOX", "-1,-2"),
            ("SMS_BRIDGE__LINE__HOME__BAUD", "9600"),
            ("SMS_BRIDGE__LINE__HOME__DELIVERY_REPORTS", "false"),
            ("SMS_BRIDGE__LOG_FORMAT", "json"),
            ("SMS_BRIDGE_OTHER", "x"),
        ],
    );
    assert_eq!(findings, Vec::<String>::new());
    let config = config.unwrap();
    let telegram = config.telegram.unwrap();
    assert_eq!(telegram.token.expose_secret(), "7:other");
    assert_eq!(telegram.inbox, [-2, -1]);
    assert_eq!(
        (config.lines[0].baud, config.lines[0].delivery_reports),
        (9600, false)
    );
    assert_eq!(config.log_format, LogFormat::Json);

    let (_, findings) = read(GOOD, &[("SMS_BRIDGE__TELEGRAM__TOKN", "7:other")]);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].contains("did you mean token?"), "{findings:?}");
}

#[test]
fn a_line_has_every_key() {
    let more = "
imei = \"49-015420-323751-8\"
flow_control = \"hardware\"
smsc = \"+12025550199\"
send_delay = \"10ms\"
two_step_send = true
languages = [\"turkish\", \"Spanish\"]
storage = \"ME\"
incoming = \"polled\"
poll_interval = \"30s\"
init = [\"AT+CGDCONT=1\", \"AT^CURC=0\"]
hang_up_calls = true
network_timeout = \"1h\"
";
    let auto = GOOD.replace("port = \"/dev/ttyUSB2\"", &format!("port = \"auto\"{more}"));
    let (config, findings) = read(&auto, &[]);
    assert_eq!(findings, Vec::<String>::new());
    let config = config.unwrap();
    let line = &config.lines[0];
    assert_eq!(line.port, modem::Address::Auto);
    assert!(
        line.imei
            .as_ref()
            .is_some_and(|imei| imei.is("490154203237518"))
    );
    assert_eq!(line.flow_control, modem::FlowControl::Hardware);
    assert!(line.service_centre.is_some() && line.two_step_send);
    let languages: Vec<_> = line.languages.iter().collect();
    assert_eq!(languages, [Language::Turkish, Language::Spanish]);
    assert_eq!(line.pacing, Some(modem::Pacing::GENTLE));
    assert_eq!(line.storage, Some(modem::Memory::Modem));
    assert_eq!(line.listening, modem::Listening::Polling);
    assert_eq!(line.poll_interval, Some(Duration::from_secs(30)));
    assert_eq!((line.init.len(), line.calls), (2, modem::Calls::HangUp));
    assert_eq!(line.network_timeout, Some(Duration::from_secs(3600)));
}

#[test]
fn mistakes_in_a_line_say_what_to_write() {
    let with = |keys: &str| {
        GOOD.replace(
            "port = \"/dev/ttyUSB2\"",
            &format!("port = \"auto\"\n{keys}"),
        )
    };
    check(
        &with("imei = \"12\""),
        &["[line.home] imei: the IMEI is 15 digits"],
    );
    check(&with("usb_path = \"ttyUSB0\""), &["sms-bridge modem list"]);
    check(
        &with("flow_control = \"xon\""),
        &["none of none, hardware, software"],
    );
    check(
        &with("smsc = \"+12025550199\"\nservice_centre = \"+12025550199\""),
        &["keep one of the two"],
    );
    check(
        &with("send_delay = \"5 parsecs\""),
        &["no time from 0s to 1s"],
    );
    check(
        &with("languages = [\"turkisch\"]"),
        &[
            "[line.home] languages: \"turkisch\" has no table of its own; those that have are turkish, spanish,",
        ],
    );
    for key in ["messages_per_minute", "parts_per_day", "confirm_parts"] {
        for wrong in ["0", "-1", "1000000000000"] {
            let words = format!("[line.home] {key}: expected a number from 1 to");
            check(&with(&format!("{key} = {wrong}")), &[&words]);
        }
    }
    check(&with("price_per_part = \"cheap\""), &["like \"0.09 EUR\""]);
    check(&with("price_per_part = 0.09"), &["like \"0.09 EUR\""]);
    check(&with("may_text = [\"Germany\"]"), &["two letters, like DE"]);
    check(&with("storage = \"the SIM\""), &["\"SM\" (the SIM)"]);
    check(&with("poll_interval = \"1s\""), &["no time from 5s to 1h"]);
    check(
        &with("network_timeout = \"1m\""),
        &["or 0s: write one like"],
    );
    check(&with("init = [\"AT+CMGD=1,4\"]"), &["the bridge's own"]);
    check(&with("init = 7"), &["[line.home] init: expected"]);
    check(
        &GOOD.replace(
            "port = \"/dev/ttyUSB2\"",
            "port = \"/dev/ttyUSB2\"\nusb_path = \"1-1\"",
        ),
        &["only with port = \"auto\""],
    );
    let two = |first: &str, second: &str| {
        let file = with(first);
        format!("{file}\n[line.work]\nport = \"auto\"\n{second}\n")
    };
    check(&two("", ""), &["tell them apart with imei or usb_path"]);
    check(&two("usb_path = \"1-1\"", "usb_path = \"1-2\""), &[]);
}

#[test]
fn every_mistake_is_one_finding_that_says_what_to_do() {
    let with = |from: &str, to: &str| GOOD.replace(from, to);
    check(
        &with("port =", "prot ="),
        &["[line.home]: unknown key prot; did you mean port?"],
    );
    check(
        &with("data_dir", "datadir"),
        &["unknown key datadir above the first section; did you mean data_dir?"],
    );
    check(
        &with("[line.home]", "[lines.home]"),
        &["unknown section [lines]; did you mean line?"],
    );
    check(
        &with("[line.home]", "[line]"),
        &["[line] has no name", "no SIM is configured"],
    );
    check(
        &with("[person.me]", "[persons.me]"),
        &["did you mean person?"],
    );
    check(
        &with("\"owner\"", "\"onwer\""),
        &["none of owner, writer, reader; did you mean \"owner\"?"],
    );
    check(
        &with("\"owner\"", "\"writer\""),
        &["no owner is configured"],
    );
    check(
        &with("= 123456789", "= 1087968824"),
        &["every anonymous group administrator"],
    );
    check(&with("= 123456789", "= -100123"), &["positive number"]);
    check(
        &with("= 123456789", "= \"me\""),
        &["[person.me] telegram: expected a whole number"],
    );
    check(
        &with("\"@me:example.org\"", "\"me\""),
        &["\"me\" is no Matrix id"],
    );
    check(
        &with("[telegram]", "[telgram]"),
        &["unknown section [telgram]; did you mean telegram?"],
    );
    check(&with("123456:AAExample", "123456"), &["no bot token"]);
    check(
        &with("token =", "# token ="),
        &["token_file: it is missing"],
    );
    check(
        &with("[-1001234567890]", "\"x\""),
        &["expected a list of whole numbers"],
    );
    check(
        &with("inbox =", "topics = \"atuo\"\ninbox ="),
        &["did you mean \"auto\"?"],
    );
    check(
        &with("https://matrix.example.org/", "matrix.example.org"),
        &["no address of a server"],
    );
    check(
        &with("https://matrix", "http://matrix"),
        &["warning: [matrix] homeserver: http://"],
    );
    check(
        &with("@sms:", "@me:"),
        &["the bridge needs an account of its own"],
    );
    check(
        &with("port =", "country = \"Pakistan\"\nport ="),
        &["use two letters, like PK or DE"],
    );
    check(
        &with("port =", "service_centre = \"x\"\nport ="),
        &["the service centre is no phone number"],
    );
    check(
        &with("port =", "baud = 1\nport ="),
        &["expected bits per second"],
    );
    check(
        &with("port =", "pin = \"12\"\nport ="),
        &["the PIN must be 4 to 8 digits"],
    );
    check(
        &with("port =", "delivery_reports = \"perhaps\"\nport ="),
        &["expected true or false"],
    );
    check(
        &with("/dev/ttyUSB2", "tcp://modem"),
        &["write tcp://host:port"],
    );
    check(
        &with("[line.home]", "[line.\"my home\"]"),
        &["[line.my home]: a name has letters"],
    );
    check(
        &with("/var/lib", "var/lib"),
        &["data_dir: write a full path"],
    );
    check(
        &with("[line.home]", "log = \"inof\"\n[line.home]"),
        &["log: \"inof\" is no level"],
    );
    check(
        &format!("{GOOD}\n[line.work]\nport = \"/dev/ttyUSB2\"\n"),
        &["is the port of [line.home] too"],
    );
    check(
        &format!("{GOOD}\n[person.you]\nrole = \"reader\"\ntelegram = 123456789\n"),
        &["[person.you] telegram: [person.me] has the same id"],
    );
    check(
        &format!("{GOOD}\n[person.you]\nrole = \"reader\"\n"),
        &["[person.you] has no id"],
    );
    check(
        &format!("{GOOD}\n[telegram.reactions]\ndelivered = \"👍\"\nsend = \"🕊\"\n"),
        &["[telegram.reactions]: unknown key send; did you mean sent?"],
    );
    check(
        "",
        &[
            "no SIM is configured",
            "no chat network is configured",
            "no owner is configured",
        ],
    );
    check("data_dir = ", &["config.toml is not valid TOML"]);
}

#[test]
fn a_secret_stands_in_one_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "7:fromfile\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let file = format!("token_file = \"{}\"", path.display());
    let token = "token = \"123456:AAExample\"";

    let (config, findings) = read(&GOOD.replace(token, &file), &[]);
    assert_eq!(findings, Vec::<String>::new());
    assert_eq!(
        config.unwrap().telegram.unwrap().token.expose_secret(),
        "7:fromfile"
    );

    check(
        &GOOD.replace(token, &format!("{token}\n{file}")),
        &["token is given too: keep one of the two"],
    );
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (config, findings) = read(&GOOD.replace(token, &file), &[]);
    assert!(findings[0].contains("chmod 600"), "{findings:?}");
    assert!(!format!("{findings:?} {config:?}").contains("fromfile"));
}

#[test]
fn nothing_prints_a_secret() {
    let text = GOOD.replace("port =", "pin = \"4321\"\nport =");
    let (config, _) = read(&text, &[]);
    let shown = format!("{:?}", config.unwrap());
    for secret in ["AAExample", "4321", "\"example\""] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn the_example_is_valid() {
    let (_, findings) = read(EXAMPLE, &[]);
    // The files with the secrets are not there.
    let other: Vec<&String> = findings
        .iter()
        .filter(|words| !words.contains("there is no file"))
        .collect();
    assert!(other.is_empty(), "{other:#?}");
    assert_eq!(findings.len(), 2);
}

/// Both ways: every key that is read stands in the example, and every key of the example is read.
#[test]
fn the_example_has_every_key() {
    let uncommented: String = EXAMPLE
        .lines()
        .map(|line| {
            let inner = line.trim_start_matches("# ");
            let is_key = inner
                .split_once(" = ")
                .is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
            if is_key || (inner.starts_with('[') && inner.ends_with(']')) {
                inner
            } else {
                ""
            }
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    let (_, findings) = read(&uncommented, &[]);
    let unknown: Vec<&String> = findings
        .iter()
        .filter(|words| words.contains("unknown"))
        .collect();
    assert!(unknown.is_empty(), "{unknown:#?}");

    let mut section = String::new();
    let mut listed = std::collections::BTreeSet::new();
    for line in uncommented.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some((key, _)) = line.split_once(" = ") {
            listed.insert(format!("{section}.{key}"));
        }
    }
    let sections: [(&str, &[&str]); 9] = [
        ("", KEYS),
        ("line.home", line::KEYS),
        ("person.me", people::KEYS),
        ("[rule", rule::KEYS),
        ("telegram", telegram::KEYS),
        ("telegram.reactions", REACTIONS),
        ("matrix", matrix::KEYS),
        ("matrix.reactions", REACTIONS),
        ("usb", USB),
    ];
    let is_section = [
        "line",
        "person",
        "rule",
        "telegram",
        "matrix",
        "reactions",
        "usb",
    ];
    for (section, keys) in sections {
        for key in keys {
            let absent = !listed.contains(&format!("{section}.{key}"));
            let sub_section =
                is_section.contains(key) && (section.is_empty() || *key == "reactions");
            assert!(
                !absent || sub_section,
                "[{section}] {key} is missing in config.example.toml"
            );
        }
    }
}

#[test]
fn states_have_the_keys_of_their_words() {
    let words: Vec<&str> = MessageState::ALL
        .into_iter()
        .map(MessageState::word)
        .collect();
    assert_eq!(words, REACTIONS);
}

#[test]
fn messages_are_kept_for_ever_or_for_a_week_at_least() {
    let with = |value: &str| format!("retention = \"{value}\"\n{GOOD}");
    let (config, findings) = read(&with("1y"), &[]);
    assert_eq!(findings, Vec::<String>::new());
    let year = Duration::from_secs(365 * 24 * 3600);
    assert_eq!(config.unwrap().retention, Some(year));
    check(&with("forever"), &[]);
    check(
        &with("1d"),
        &["retention: \"1d\" is no time that messages can be kept: write \"90d\""],
    );
}

#[test]
fn how_often_all_is_exported() {
    let with = |value: &str| format!("export_every = \"{value}\"\n{GOOD}");
    let (config, findings) = read(&with("1w"), &[]);
    assert_eq!(findings, Vec::<String>::new());
    let week = Duration::from_secs(7 * 24 * 3600);
    assert_eq!(config.unwrap().export_every, Some(week));
    check(&with("never"), &[]);
    check(
        &with("0d"),
        &["export_every: \"0d\" is no time between two exports: write \"1d\""],
    );
}

#[test]
fn the_file_for_sticks_has_to_be_of_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("usb_switch.conf");
    let text = format!("{GOOD}\n[usb]\nconfig = \"{}\"\n", path.display());
    let (_, findings) = read(&text, &[]);
    assert!(
        findings[0].contains("config") && findings[0].contains("cannot be read"),
        "{findings:?}"
    );
    std::fs::write(
        &path,
        "DefaultVendor=0x1e0e\nDefaultProduct=0xf000\nStandardEject=1\n",
    )
    .unwrap();
    let (config, findings) = read(&text, &[]);
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(config.unwrap().usb_config, Some(path));
}
