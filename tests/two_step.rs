//! `two_step_send` with the built program: stored in the modem, sent from there, and freed. The simulated network is the judge
//! of what left, the modem's memory of what stayed behind.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

mod support;

use serde_json::{Value, json};
use support::bench::{ANN, Bench};
use support::counterpart::until;
use support::modem::Modem;
use support::telegram::OWNER;

/// Two steps, and no report that would tell of a delivery.
async fn bench(quirks: Value) -> Option<Bench> {
    let mut modem = Modem::start(&["--send-latency", "20"]).await?;
    modem
        .ask(json!({ "do": "set", "reports": "off", "quirks": quirks }))
        .await;
    Bench::start_with(modem, "two_step_send = true\n").await
}

/// What the modem's memories hold.
async fn stored(bench: &mut Bench) -> Vec<Value> {
    let answer = bench.modem.ask(json!({ "do": "stored" })).await;
    answer["stored"].as_array().expect("a list").clone()
}

/// Waits until nothing is left there.
async fn is_freed(bench: &mut Bench) {
    let mut last = Vec::new();
    until(async || {
        last = stored(bench).await;
        last.is_empty()
    })
    .await;
    assert_eq!(last, Vec::<Value>::new());
}

/// Sends a message whose answer is kept back, and kills the bridge once the network has it.
async fn killed_while_sending(bench: &mut Bench, text: &str) -> i64 {
    let before = bench.modem.sent().await.len();
    bench.modem.ask(json!({ "do": "hold_next_send" })).await;
    let message = bench.send(text).await;
    until(async || bench.modem.sent().await.len() > before).await;
    // In its slot: it did not go out in one step.
    let held = stored(bench).await;
    assert_eq!(held.len(), 1, "{held:#?}");
    assert_eq!(held[0]["text"], text, "{held:#?}");
    bench.bridge.kill().await;
    bench.modem.ask(json!({ "do": "release" })).await;
    message
}

#[tokio::test]
async fn a_kill_behind_the_send_is_settled_by_the_slot_and_nothing_goes_out_twice() {
    let Some(mut bench) = bench(json!({})).await else {
        return;
    };
    // Its slot shows that this modem tells the truth.
    let plain = bench.send("in two steps").await;
    bench.settled(plain, &["🕊"]).await;
    is_freed(&mut bench).await;
    let doubtful = killed_while_sending(&mut bench, "did it leave?").await;
    assert_eq!(stored(&mut bench).await[0]["status"], "stored_sent");
    bench.bridge.restart();
    bench.settled(doubtful, &["🕊"]).await;
    is_freed(&mut bench).await;
    let later = bench.send("later").await;
    bench.settled(later, &["🕊"]).await;
    is_freed(&mut bench).await;
    bench
        .modem
        .expect_sent(&[
            (ANN, "in two steps"),
            (ANN, "did it leave?"),
            (ANN, "later"),
        ])
        .await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn a_slot_that_never_says_sent_leaves_the_doubt_and_is_given_up() {
    let Some(mut bench) = bench(json!({ "slot_after_send": "stays" })).await else {
        return;
    };
    let doubtful = killed_while_sending(&mut bench, "did it leave?").await;
    assert_eq!(stored(&mut bench).await[0]["status"], "stored_unsent");
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
    // The next one is known to have been accepted, and its slot does not say so.
    let next = bench.send("the next").await;
    bench.settled(next, &["🕊"]).await;
    bench
        .telegram
        .post(OWNER, "two_step_send is of no use with this modem")
        .await;
    is_freed(&mut bench).await;
    // From now on in one step: nothing is stored that a kill could leave behind.
    bench.modem.ask(json!({ "do": "hold_next_send" })).await;
    let last = bench.send("in one step").await;
    until(async || bench.modem.sent().await.len() > 2).await;
    assert_eq!(stored(&mut bench).await, Vec::<Value>::new());
    bench.modem.ask(json!({ "do": "release" })).await;
    bench.settled(last, &["🕊"]).await;
    assert_eq!(bench.mark(doubtful).await.as_deref(), Some("🤷"));
    bench
        .modem
        .expect_sent(&[
            (ANN, "did it leave?"),
            (ANN, "the next"),
            (ANN, "in one step"),
        ])
        .await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn what_a_full_memory_does_not_take_goes_out_in_one_step() {
    let Some(mut bench) = bench(json!({})).await else {
        return;
    };
    let full = json!({ "do": "spoil_next_command", "command": "+CMGW", "how": "fail", "line": "+CMS ERROR: 322" });
    bench.modem.ask(full).await;
    let message = bench.send("no room").await;
    bench.settled(message, &["🕊"]).await;
    bench
        .telegram
        .post(OWNER, "the modem did not store a message before sending it")
        .await;
    let later = bench.send("room again").await;
    bench.settled(later, &["🕊"]).await;
    is_freed(&mut bench).await;
    bench
        .modem
        .expect_sent(&[(ANN, "no room"), (ANN, "room again")])
        .await;
    bench.bridge.stop().await;
}
