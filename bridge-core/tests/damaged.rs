//! A store that is damaged, as people get to know of it: nothing goes out twice, and nothing is gone in silence.

#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

mod world;

use std::path::Path;

use bridge_core::chat::MessageState;
use bridge_core::conformance::{Counterpart, Who};
use bridge_core::link::LinkPhase;
use bridge_core::{Clock, Timestamp, store};
use world::{NUMBER, World};

/// Nothing of the database can be read.
fn spoil(folder: &Path) {
    let file = folder.join("store").join("db");
    let length = std::fs::metadata(&file).unwrap().len();
    std::fs::write(&file, vec![0xA5; usize::try_from(length).unwrap()]).unwrap();
}

fn put_aside(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| name.starts_with("store.damaged-"))
        .count()
}

#[tokio::test]
async fn what_waited_in_the_export_may_have_left_since_and_is_asked_about() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let mut world = World::new(path).await;
    world.line.set_phase(LinkPhase::Down);
    world
        .says(&format!("/send {NUMBER} before the export"))
        .await;
    world.state("before the export", MessageState::Queued).await;
    world.chat.stop().await;
    world.bridge.stop().await;
    let now = Clock::system().now();
    store::export_to_file(path, &store::export_path(path, now), now).unwrap();

    // It goes on after the export, and what waited leaves.
    world.line.set_phase(LinkPhase::Ready);
    let (line, chat) = (world.line, world.chat);
    let mut world = World::open(path, chat, line, bridge_core::Role::Owner).await;
    world.state("before the export", MessageState::Sent).await;
    world.settled().await;
    world.chat.stop().await;
    world.bridge.stop().await;
    spoil(path);

    let (line, chat) = (world.line, world.chat);
    let mut world = World::open(path, chat, line, bridge_core::Role::Owner).await;
    assert_eq!(put_aside(path), 1);
    let told = world.post("What I had stored is damaged").await;
    assert!(
        told.text.contains("I go on from the export of"),
        "{}",
        told.text
    );
    let question = world.post("I can't tell whether this was sent").await;
    assert!(
        question.text.contains("may deliver it twice"),
        "{}",
        question.text
    );
    world
        .state("before the export", MessageState::Unknown)
        .await;
    world.settled().await;
    assert_eq!(world.sent(), ["before the export"], "sent again unasked");
    // New messages go out, and told is told once.
    world.says(&format!("/send {NUMBER} afterwards")).await;
    world.state("afterwards", MessageState::Sent).await;
    let mut world = world.restart(path).await;
    world.settled().await;
    let timeline = world.chat.timeline().await;
    let told = timeline
        .iter()
        .filter(|seen| seen.text.contains("What I had stored"));
    assert_eq!(told.count(), 1);
    // Only a person who asks has it sent again.
    let original = timeline
        .iter()
        .find(|seen| !seen.by_bridge && seen.text.contains("before the export"));
    let original = original.unwrap().clone();
    world.chat.answer(Who::Owner, &original, "/retry").await;
    world.state("before the export", MessageState::Sent).await;
    assert_eq!(
        world.sent(),
        ["before the export", "afterwards", "before the export"]
    );
}

#[tokio::test]
async fn without_an_export_it_begins_empty_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let mut world = World::new(path).await;
    world.says(&format!("/send {NUMBER} once")).await;
    world.state("once", MessageState::Sent).await;
    world.settled().await;
    world.chat.stop().await;
    world.bridge.stop().await;
    spoil(path);
    let (line, chat) = (world.line, world.chat);
    let mut world = World::open(path, chat, line, bridge_core::Role::Owner).await;
    let told = world.post("What I had stored is damaged").await;
    assert!(
        told.text.contains("I begin with an empty one"),
        "{}",
        told.text
    );
    assert_eq!((put_aside(path), world.sent().len()), (1, 1));
    // A network hands over again what was written before.
    world.chat.writes_at = Some(Timestamp(Clock::system().now().0 - 600_000));
    world.says(&format!("/send {NUMBER} once")).await;
    let question = world.post("I can't tell whether this was sent").await;
    world.settled().await;
    assert_eq!(world.sent(), ["once"], "sent again unasked");
    world.chat.writes_at = None;
    world.chat.choose(&question, "Leave it").await;
    world.says(&format!("/send {NUMBER} something new")).await;
    world.state("something new", MessageState::Sent).await;
    assert_eq!(world.sent(), ["once", "something new"]);
}
