//! What waits for too long is not sent unasked; and a clock that is wrong changes nothing about it.

mod world;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bridge_core::chat::MessageState;
use bridge_core::conformance::{Counterpart, Seen, Who};
use bridge_core::link::LinkPhase;
use bridge_core::{Role, Sending, Settings};
use world::clock::Wrong;
use world::memory::MemoryChat;
use world::{NUMBER, World};

const HOUR: i64 = 3_600_000;
const YEAR: i64 = 365 * 24 * HOUR;

/// Opens a bridge whose line is down.
async fn open(
    folder: &Path,
    before: Option<World>,
    wrong: &Wrong,
    change: impl FnOnce(&mut Settings),
) -> World {
    let (chat, line) = match before {
        Some(world) => {
            let World {
                bridge,
                mut chat,
                line,
                ..
            } = world;
            chat.stop().await;
            bridge.stop().await;
            (chat, line)
        }
        None => (MemoryChat::default(), Arc::default()),
    };
    line.set_phase(LinkPhase::Down);
    let how = (Role::Owner, Sending::OneStep);
    World::open_changed(folder, chat, line, how, |settings| {
        settings.clock = wrong.clock();
        change(settings);
    })
    .await
}

fn as_usual(_settings: &mut Settings) {}

async fn mine(world: &mut World, text: &str) -> Seen {
    world
        .seen(text, |seen| !seen.by_bridge && seen.text.contains(text))
        .await
}

async fn asked(world: &mut World) -> bool {
    let timeline = world.chat.timeline().await;
    timeline.iter().any(|seen| seen.text.contains("still send"))
}

#[tokio::test]
async fn what_waited_for_its_line_goes_out_only_when_somebody_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let soon = |settings: &mut Settings| settings.stale_after = Duration::from_millis(200);
    let mut world = open(folder.path(), None, &Wrong::default(), soon).await;
    for text in ["one", "two", "three", "four"] {
        world.says(&format!("/send {NUMBER} {text}")).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.line.set_phase(LinkPhase::Ready);
    world.settled().await;
    let timeline = world.chat.timeline().await;
    let questions: Vec<Seen> = timeline
        .into_iter()
        .filter(|seen| seen.text == "This waited for 0 minutes: still send it?")
        .collect();
    assert_eq!(questions.len(), 4);
    world.settled().await;
    assert_eq!(world.sent().len(), 0);
    world.state("one", MessageState::Queued).await;
    world.chat.choose(&questions[0], "Send").await;
    world.state("one", MessageState::Sent).await;
    world.chat.choose(&questions[1], "Don't send").await;
    world.state("two", MessageState::Cancelled).await;
    let third = mine(&mut world, "three").await;
    world.chat.answer(Who::Owner, &third, "/retry").await;
    world.post("Sending it.").await;
    world.state("three", MessageState::Sent).await;
    world
        .chat
        .answer(Who::Owner, &questions[3], "/cancel")
        .await;
    world.post("Called off; it was not sent.").await;
    world.state("four", MessageState::Cancelled).await;
    world.settled().await;
    assert_eq!(world.sent(), ["one", "three"]);
}

#[tokio::test]
async fn what_waited_while_the_program_was_off_is_asked_about_and_the_question_survives() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = Wrong::default();
    let mut world = open(folder.path(), None, &wrong, as_usual).await;
    world
        .says(&format!("/send {NUMBER} from this morning"))
        .await;
    wrong.by(3 * HOUR);
    let mut world = open(folder.path(), Some(world), &wrong, as_usual).await;
    world.line.set_phase(LinkPhase::Ready);
    let question = world.post("This waited for 3 hours: still send it?").await;
    // Another start asks no second time, and sends nothing.
    let mut world = open(folder.path(), Some(world), &wrong, as_usual).await;
    world.line.set_phase(LinkPhase::Ready);
    world.says(&format!("/send {NUMBER} and this")).await;
    world.state("and this", MessageState::Sent).await;
    assert_eq!(world.sent(), ["and this"]);
    world.chat.choose(&question, "Send").await;
    world.state("from this morning", MessageState::Sent).await;
    let timeline = world.chat.timeline().await;
    let questions = timeline
        .iter()
        .filter(|seen| seen.text.contains("still send"));
    assert_eq!(questions.count(), 1);
}

#[tokio::test]
async fn what_waited_for_much_too_long_is_not_sent_and_can_be_sent_after_all() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = Wrong::default();
    let five_hours = |settings: &mut Settings| {
        settings.expire_after = Duration::from_secs(5 * 3600);
    };
    let mut world = open(folder.path(), None, &wrong, five_hours).await;
    world.says(&format!("/send {NUMBER} too late")).await;
    wrong.by(6 * HOUR);
    let mut world = open(folder.path(), Some(world), &wrong, five_hours).await;
    let told = world.post("Not sent: this waited for 6 hours.").await;
    world.state("too late", MessageState::Failed).await;
    world.line.set_phase(LinkPhase::Ready);
    world.says(&format!("/send {NUMBER} news")).await;
    world.state("news", MessageState::Sent).await;
    assert_eq!(world.sent(), ["news"]);
    world.chat.choose(&told, "Send again").await;
    world.state("too late", MessageState::Sent).await;
}

#[tokio::test]
async fn a_clock_that_jumps_while_the_program_runs_makes_nothing_old_and_nothing_wait() {
    for jump in [YEAR, -YEAR, 2 * HOUR] {
        let folder = tempfile::tempdir().unwrap();
        let wrong = Wrong::default();
        let mut world = open(folder.path(), None, &wrong, as_usual).await;
        world.says(&format!("/send {NUMBER} before")).await;
        wrong.by(jump);
        world.says(&format!("/send {NUMBER} after")).await;
        world.line.set_phase(LinkPhase::Ready);
        world.state("after", MessageState::Sent).await;
        assert_eq!(world.sent(), ["before", "after"], "{jump}");
        assert!(!asked(&mut world).await);
        // What comes back to the right time finds everything as it was.
        wrong.by(0);
        world.says(&format!("/send {NUMBER} in the end")).await;
        world.state("in the end", MessageState::Sent).await;
    }
}

#[tokio::test]
async fn after_a_start_in_1970_nothing_of_before_goes_out_until_the_clock_is_right() {
    for (off_for, in_words) in [(0, None), (3 * HOUR, Some("3 hours"))] {
        let folder = tempfile::tempdir().unwrap();
        let wrong = Wrong::default();
        let mut world = open(folder.path(), None, &wrong, as_usual).await;
        world.says(&format!("/send {NUMBER} before")).await;
        wrong.in_1970();
        let mut world = open(folder.path(), Some(world), &wrong, as_usual).await;
        world.line.set_phase(LinkPhase::Ready);
        // What is written now goes out now: how long it waited is known.
        world.says("/send +12025550101 now").await;
        world.state("now", MessageState::Sent).await;
        assert!(!asked(&mut world).await && world.sent().is_empty());
        wrong.by(off_for);
        match in_words {
            None => world.state("before", MessageState::Sent).await,
            Some(words) => {
                world
                    .post(&format!("This waited for {words}: still send it?"))
                    .await;
                assert!(world.sent().is_empty());
            }
        }
    }
}
