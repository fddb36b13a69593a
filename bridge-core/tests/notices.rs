//! What happens on a line besides SMS, as people get to know of it.

#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

mod world;

use bridge_core::LineNotice;
use bridge_core::chat::MessageState;
use bridge_core::conformance::{Counterpart, Who};
use world::{NUMBER, World, home};

async fn notice(world: &World, notice: LineNotice) {
    let handle = world.bridge.handle();
    handle.line_notice(&home(), notice).await.unwrap();
}

fn call(from: &str) -> LineNotice {
    LineNotice::MissedCall {
        from: (!from.is_empty()).then(|| from.to_owned()),
    }
}

async fn posts(world: &mut World) -> Vec<String> {
    world.settled().await;
    let timeline = world.chat.timeline().await;
    let by_bridge = timeline.into_iter().filter(|seen| seen.by_bridge);
    by_bridge.map(|seen| seen.text).collect()
}

#[tokio::test]
async fn a_missed_call_is_answered_by_sms() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    notice(&world, call(NUMBER)).await;
    let post = world.post(&format!("Missed call from {NUMBER}")).await;
    world
        .chat
        .answer(Who::Owner, &post, "I am in a meeting")
        .await;
    world.state("in a meeting", MessageState::Sent).await;
    assert_eq!(world.sent(), ["I am in a meeting"]);
}

#[tokio::test]
async fn a_missed_call_that_its_chat_refuses_is_shown_and_answered_in_the_admin_chat() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    world.chat.reject_next_post();
    notice(&world, call(NUMBER)).await;
    let post = world.post("could not be shown in its place").await;
    assert!(post.text.contains(NUMBER), "{}", post.text);
    world.chat.answer(Who::Owner, &post, "call me later").await;
    world.state("call me later", MessageState::Sent).await;
    assert_eq!(world.sent(), ["call me later"]);
}

#[tokio::test]
async fn whoever_calls_often_is_shown_once_with_the_count() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    notice(&world, call(NUMBER)).await;
    world.post("Missed call").await;
    notice(&world, call(NUMBER)).await;
    let world = &mut world.restart(folder.path()).await;
    notice(world, call(NUMBER)).await;
    world.post("3 times").await;
    notice(world, call("+12025550101")).await;
    let shown = posts(world).await;
    let [first, second] = shown.as_slice() else {
        panic!("{shown:?}");
    };
    assert!(
        first.contains(NUMBER) && first.contains("3 times"),
        "{first}"
    );
    assert!(second.contains("+12025550101"), "{second}");
}

#[tokio::test]
async fn every_notice_says_what_to_do_and_comes_once() {
    let cases = [
        (
            LineNotice::StorageFull {
                memory: "SM".to_owned(),
            },
            "the SIM's memory for messages is full",
        ),
        (
            LineNotice::StorageFull {
                memory: "ME".to_owned(),
            },
            "the modem's memory for messages is full",
        ),
        (LineNotice::RegistrationDenied, "Call your operator at once"),
        (
            LineNotice::UssdText("Your balance is low".to_owned()),
            "the network sent this by itself:\nYour balance is low",
        ),
        (
            LineNotice::Problem("Plug it in.".to_owned()),
            "SIM home: Plug it in.",
        ),
        (call(""), "somebody who hid their number"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    for (what, _) in &cases {
        notice(&world, what.clone()).await;
        notice(&world, what.clone()).await;
    }
    let shown = posts(&mut world).await;
    assert_eq!(shown.len(), cases.len(), "{shown:?}");
    for ((_, words), post) in cases.iter().zip(&shown) {
        assert!(post.contains(words), "{words}: {post}");
    }
}

#[tokio::test]
async fn a_flood_is_cut_off_and_a_long_text_shortened() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    for number in 0..100 {
        let text = format!("{number} {}", "x".repeat(100_000));
        notice(&world, LineNotice::UssdText(text)).await;
    }
    let shown = posts(&mut world).await;
    assert_eq!(shown.len(), 30);
    assert!(shown.iter().all(|post| post.len() < 1100));
    // The flood may have been made to hide this.
    notice(&world, LineNotice::RegistrationDenied).await;
    world.post("Call your operator at once").await;
}
