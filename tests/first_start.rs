//! The very first start, end to end: what the SIM holds already is saved, told once without a sound, and only then freed.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};
use support::bridge::Bridge;
use support::counterpart::until;
use support::modem::Modem;
use support::telegram::{OWNER, Telegram};

const ANN: &str = "+12025550100";
const OLD: usize = 12;

/// What the SIM holds.
async fn on_sim(modem: &mut Modem) -> usize {
    let answer = modem.ask(json!({ "do": "stored" })).await;
    answer["stored"].as_array().expect("a list").len()
}

fn saved(bridge: &Bridge) -> Vec<PathBuf> {
    let entries = fs::read_dir(bridge.data()).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .filter(|path| path.extension().is_some_and(|it| it == "jsonl"))
        .collect()
}

/// The posts of the bridge in the owner's chat.
async fn posts(telegram: &Telegram) -> Vec<Value> {
    let messages = telegram.messages(OWNER).await;
    messages
        .into_iter()
        .filter(|message| message["by_bot"] == true)
        .collect()
}

#[tokio::test]
async fn what_the_sim_holds_is_saved_and_told_once_through_kills() {
    let Some(mut modem) = Modem::start(&["--capacity", "30"]).await else {
        return;
    };
    let Some(telegram) = Telegram::start().await else {
        return;
    };
    for number in 0..OLD {
        modem.deliver(ANN, &format!("ancient {number}")).await;
    }
    let long = "a long ancient message ".repeat(20);
    modem.deliver("+12025550101", long.trim_end()).await;
    let held = on_sim(&mut modem).await;
    assert!(held > OLD + 1, "the long one takes several slots: {held}");

    // Telegram takes nothing for now.
    let fault = json!({ "method": "sendMessage", "what": { "error": { "code": 502, "description": "Bad Gateway" } }, "times": 1000 });
    telegram.act("fault", fault).await;
    let config = format!(
        "{}\n[line.home]\nport = \"{}\"\n",
        telegram.config(&[]),
        modem.port().display()
    );
    let mut bridge = Bridge::start(&config);
    bridge.looked().await;
    let [path] = saved(&bridge).try_into().expect("one file");
    let mode = fs::metadata(&path).expect("it is there").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let lines = fs::read_to_string(&path).expect("a text");
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let texts: Vec<_> = lines
        .iter()
        .filter_map(|line| line["text"].as_str())
        .collect();
    assert_eq!(texts.len(), OLD + 1, "{texts:?}");
    for number in 0..OLD {
        let text = format!("ancient {number}");
        assert!(texts.contains(&text.as_str()), "{text}: {texts:?}");
    }
    assert!(texts.contains(&long.trim_end()), "joined: {texts:?}");
    assert_eq!(on_sim(&mut modem).await, held, "nobody can read of it");

    bridge.kill().await;
    bridge.restart();
    modem.deliver(ANN, "a new one").await;
    telegram.act("clear_faults", json!({})).await;
    telegram.post(OWNER, "a new one").await;
    let digest = telegram.post(OWNER, "held 13 messages already").await;
    assert_eq!(digest["silent"], true, "{digest}");
    let text = digest["text"].as_str().unwrap_or_default();
    assert!(text.contains(&path.display().to_string()), "{text}");
    // All are freed now, and nothing is shown of them.
    until(async || on_sim(&mut modem).await == 0).await;
    bridge.kill().await;
    bridge.restart();
    modem.deliver(ANN, "the last").await;
    telegram.post(OWNER, "the last").await;
    let all = posts(&telegram).await;
    let with = |words: &str| {
        let texts = all.iter().filter_map(|post| post["text"].as_str());
        texts.filter(|text| text.contains(words)).count()
    };
    assert_eq!(
        (with("ancient"), with("held 13 messages")),
        (0, 1),
        "{all:#?}"
    );
    let new = all.iter().find(|post| {
        post["text"]
            .as_str()
            .is_some_and(|text| text.contains("a new one"))
    });
    assert_eq!(new.expect("it was there")["silent"], false);
    assert_eq!(saved(&bridge).len(), 1);
    bridge.stop().await;
}
