//! The promise, on the worst days: kill after kill, a stop in the middle of a send, a restart without a modem. (One of each
//! is in `telegram.rs`.) The simulated network is the judge of what left, the chat of what arrived.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

mod support;

use serde_json::{Value, json};
use support::bench::{ANN, Bench};
use support::counterpart::until;
use support::telegram::{OWNER, Telegram};

#[tokio::test]
async fn what_waits_survives_a_restart_and_goes_out_once_in_order() {
    let Some(mut bench) = Bench::start(&["--send-latency", "20", "--report-delay", "100"]).await
    else {
        return;
    };
    bench
        .modem
        .ask(json!({ "do": "drop_port", "seconds": 12 }))
        .await;
    let mut messages = Vec::new();
    for text in ["first", "second", "third"] {
        let message = bench.send(text).await;
        bench.settled(message, &["👀"]).await;
        messages.push(message);
    }
    bench.bridge.stop().await;
    assert_eq!(bench.modem.sent().await, []);
    bench.bridge.restart();
    for message in messages {
        bench.settled(message, &["👍"]).await;
    }
    bench
        .modem
        .expect_sent(&[(ANN, "first"), (ANN, "second"), (ANN, "third")])
        .await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn sigterm_stops_in_time_while_a_message_is_on_its_way() {
    let Some(mut bench) = Bench::start(&["--report-delay", "100"]).await else {
        return;
    };
    bench
        .modem
        .ask(json!({ "do": "set", "reports": "off" }))
        .await;
    bench.modem.ask(json!({ "do": "hold_next_send" })).await;
    let held = bench.send("held").await;
    until(async || !bench.modem.sent().await.is_empty()).await;
    let waiting = bench.send("waiting").await;
    bench.settled(waiting, &["👀"]).await;
    // Within 5 s, although the network keeps silent for longer.
    bench.bridge.stop().await;
    bench.modem.ask(json!({ "do": "release" })).await;
    bench.bridge.restart();
    // Its result has waited at the port, but without an earlier reference nothing proves whose it is.
    bench.settled(held, &["🤷"]).await;
    bench.settled(waiting, &["🕊"]).await;
    bench
        .modem
        .expect_sent(&[(ANN, "held"), (ANN, "waiting")])
        .await;
    bench.bridge.stop().await;
}

/// A stop is no crash: in the middle of traffic both ways it takes 5 s at most, and nothing is in doubt afterwards but what
/// was under way.
#[tokio::test]
async fn sigterm_in_the_middle_of_traffic_both_ways_loses_and_repeats_nothing() {
    let options = ["--send-latency", "300", "--report-delay", "100"];
    let Some(mut bench) = Bench::start(&options).await else {
        return;
    };
    let mut sent = Vec::new();
    for number in 1..=6 {
        let text = format!("out number {number}.");
        sent.push((bench.send(&text).await, text));
    }
    let came: Vec<_> = (1..=40)
        .map(|number| format!("in number {number}."))
        .collect();
    for text in &came {
        bench.modem.deliver(ANN, text).await;
    }
    until(async || count(&bench.telegram, "in number ").await >= 3).await;
    until(async || bench.modem.sent().await.len() >= 2).await;
    bench.bridge.stop().await;
    let shown = count(&bench.telegram, "in number ").await;
    let left = bench.modem.sent().await.len();
    assert!(shown < 40 || left < 6, "nothing was left to do at the stop");
    bench.bridge.restart();
    for text in &came {
        let posts = bench.telegram.posts(OWNER, text).await;
        let unmarked = posts
            .iter()
            .filter(|post| !says(post, "possible repeat"))
            .count();
        assert!(unmarked <= 1 && posts.len() <= 2, "{text}: {posts:#?}");
    }
    for (message, _) in &sent {
        bench.settled(*message, &["👍"]).await;
    }
    let texts: Vec<_> = sent.iter().map(|(_, text)| (ANN, text.as_str())).collect();
    bench.modem.expect_sent(&texts).await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn a_doubt_survives_a_second_kill_and_is_still_not_sent_again() {
    let Some(mut bench) = Bench::start(&[]).await else {
        return;
    };
    // A report would tell that it arrived, and the doubt would be gone.
    bench
        .modem
        .ask(json!({ "do": "set", "reports": "off" }))
        .await;
    let before = bench.send("before").await;
    bench.settled(before, &["🕊"]).await;
    bench.modem.ask(json!({ "do": "lose_next_answer" })).await;
    let doubtful = bench.send("did it leave?").await;
    until(async || bench.modem.sent().await.len() == 2).await;
    bench.bridge.kill().await;
    bench.bridge.restart();
    bench.settled(doubtful, &["🤷"]).await;
    let mut told = Value::Null;
    until(async || {
        told = bench.answer_to(doubtful).await;
        !told.is_null()
    })
    .await;
    assert_eq!(
        told["buttons"],
        json!(["Send again", "Leave it"]),
        "{told:#}"
    );
    // A later message passes, and the doubtful one has still left once.
    let later = bench.send("later").await;
    bench.settled(later, &["🕊"]).await;
    bench.bridge.kill().await;
    bench.bridge.restart();
    bench.line_is_ready().await;
    bench
        .modem
        .expect_sent(&[(ANN, "before"), (ANN, "did it leave?"), (ANN, "later")])
        .await;
    assert_eq!(bench.mark(doubtful).await.as_deref(), Some("🤷"));
    bench.bridge.stop().await;
}

/// The modem's answer comes to a program that was killed and started anew in between: it belongs to the part that was on
/// its way, and to no other.
#[tokio::test]
async fn a_result_that_comes_after_a_kill_and_a_restart_finds_its_part() {
    let Some(mut bench) = Bench::start(&[]).await else {
        return;
    };
    bench
        .modem
        .ask(json!({ "do": "set", "reports": "off" }))
        .await;
    let before = bench.send("before").await;
    bench.settled(before, &["🕊"]).await;
    bench.modem.ask(json!({ "do": "hold_next_send" })).await;
    let interrupted = bench.send("interrupted").await;
    until(async || bench.modem.sent().await.len() == 2).await;
    bench.bridge.kill().await;
    bench.bridge.restart();
    bench.settled(interrupted, &["🤷"]).await;
    bench.line_is_ready().await;
    bench.modem.ask(json!({ "do": "release" })).await;
    bench.settled(interrupted, &["🕊"]).await;
    // The next one has its own result, and at once.
    let later = bench.send("later").await;
    bench.settled(later, &["🕊"]).await;
    bench
        .modem
        .expect_sent(&[(ANN, "before"), (ANN, "interrupted"), (ANN, "later")])
        .await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn killed_again_and_again_while_sms_arrive_it_loses_none() {
    let Some(mut bench) = Bench::start(&[]).await else {
        return;
    };
    let mut texts = Vec::new();
    for round in 1..=6 {
        for number in 1..=5 {
            let text = format!("round {round} number {number}.");
            bench.modem.deliver(ANN, &text).await;
            texts.push(text);
        }
        // Each round dies at another point: with nothing, some or all of it read, stored, posted or freed.
        let posted = texts.len() - 5 + (round % 3) * 2;
        until(async || count(&bench.telegram, "round ").await >= posted).await;
        bench.bridge.kill().await;
        bench.bridge.restart();
    }
    for text in &texts {
        let posts = bench.telegram.posts(OWNER, text).await;
        // Telegram cannot tell a repeat: a post that was under way at the kill comes once more, and says so.
        let unmarked = posts
            .iter()
            .filter(|post| !says(post, "possible repeat"))
            .count();
        assert!(unmarked <= 1 && posts.len() <= 2, "{text}: {posts:#?}");
    }
    // What was shown is freed, so that the SIM does not fill up.
    let mut stored = Value::Null;
    until(async || {
        stored = bench.modem.ask(json!({ "do": "stored" })).await["stored"].clone();
        stored == json!([])
    })
    .await;
    assert_eq!(stored, json!([]));
    bench.bridge.stop().await;
}

fn says(message: &Value, words: &str) -> bool {
    message["by_bot"] == true
        && message["text"]
            .as_str()
            .is_some_and(|text| text.contains(words))
}

async fn count(telegram: &Telegram, words: &str) -> usize {
    let messages = telegram.messages(OWNER).await;
    messages
        .iter()
        .filter(|message| says(message, words))
        .count()
}
