//! `sms-bridge check` against counterparts: what it says when everything works, and when the other side disagrees.

#![allow(clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use support::bridge::Bridge;
use support::counterpart::until;
use support::modem::Modem;
use support::telegram::Telegram;
use support::{program, stdout};

/// Exit code and lines of a check of this configuration.
fn check(config: &str) -> (Option<i32>, Vec<String>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder in it");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).expect("its permissions");
    let file: PathBuf = folder.path().join("config.toml");
    let text = format!("data_dir = \"{}\"\n{config}", data.display());
    fs::write(&file, text).expect("a file in it");
    let checked = program()
        .args(["check", "--config"])
        .arg(&file)
        .output()
        .expect("the program runs");
    let lines = stdout(&checked).lines().map(str::to_owned).collect();
    (checked.status.code(), lines)
}

#[tokio::test]
async fn all_is_well_before_the_start_and_while_the_bridge_runs() {
    let Some(modem) = Modem::start(&[]).await else {
        return;
    };
    let Some(telegram) = Telegram::start().await else {
        return;
    };
    let config = format!(
        "{}\n[line.home]\nport = \"{}\"\n",
        telegram.config(&[]),
        modem.port().display()
    );
    let (code, lines) = check(&config);
    assert_eq!(code, Some(0), "{lines:#?}");
    assert!(
        lines.iter().all(|line| line.starts_with("ok: ")),
        "{lines:#?}"
    );
    for words in ["is valid", "data_dir", "[line.home] port", "[telegram]"] {
        assert!(
            lines.iter().any(|line| line.contains(words)),
            "{words}: {lines:#?}"
        );
    }

    let mut bridge = Bridge::start(&config);
    until(async || bridge.log().contains("phase=ready")).await;
    let (code, lines) = check(&config);
    assert_eq!(code, Some(0), "{lines:#?}");
    assert!(
        lines
            .iter()
            .any(|line| line.contains("in use by sms-bridge itself")),
        "{lines:#?}"
    );
    bridge.stop().await;
}

#[tokio::test]
async fn what_telegram_refuses_is_said_with_what_to_do() {
    let Some(modem) = Modem::start(&[]).await else {
        return;
    };
    let Some(telegram) = Telegram::start().await else {
        return;
    };
    let line = format!("\n[line.home]\nport = \"{}\"\n", modem.port().display());
    let good = telegram.config(&[]);
    let (_, rest) = good.split_once("token = \"").expect("the token's key");
    let (token, _) = rest.split_once('"').expect("the token's end");
    let wrong = format!("{}{line}", good.replace(token, "1000001:somebody-elses"));
    let (code, lines) = check(&wrong);
    assert_eq!(code, Some(1), "{lines:#?}");
    let errors: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(errors.len(), 1, "{lines:#?}");
    assert!(
        errors
            .iter()
            .all(|line| line.contains("BotFather") && !line.contains("somebody")),
        "{lines:#?}"
    );

    let absent = format!("{}{line}", telegram.config(&[-1_009_999_999_999]));
    let (code, lines) = check(&absent);
    assert_eq!(code, Some(1), "{lines:#?}");
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("error: ") && line.contains("-1009999999999")),
        "{lines:#?}"
    );
}
