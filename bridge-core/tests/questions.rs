//! For whom something is that a person wrote, where the bridge cannot tell.

mod world;

use std::path::Path;

use bridge_core::Role;
use bridge_core::chat::MessageState;
use bridge_core::conformance::{Counterpart, Seen, Who};
use bridge_core::link::LinkPhase;
use world::{NUMBER, World};

/// An SMS was shown, but the answer of the chat was lost; somebody answers that post, and is asked whom it is for.
async fn asked(folder: &Path) -> (World, Seen) {
    let mut world = World::new(folder).await;
    world.chat.lose_next_answer().await;
    let sms = world.line.incoming(NUMBER, "are you there?").remove(0);
    world.arrives(&sms).await;
    world.settled().await;
    let shown = world.post("are you there?").await;
    world.chat.answer(Who::Owner, &shown, "yes, I am").await;
    let question = world.post("I don't know which contact").await;
    world.settled().await;
    assert!(world.sent().is_empty());
    (world, question)
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_post_that_is_not_known_goes_out_once_it_is_known_whom_it_is_for() {
    let folder = tempfile::tempdir().unwrap();
    let (world, question) = asked(folder.path()).await;
    let mut world = world.restart(folder.path()).await;
    world.chat.answer(Who::Owner, &question, "bananas").await;
    world.post("\"bananas\" is no phone number").await;
    world.settled().await;
    assert!(world.sent().is_empty());
    world
        .chat
        .answer(Who::Owner, &question, "+1 (202) 555-0100")
        .await;
    // Its state is shown where it was written first.
    world.state("yes, I am", MessageState::Sent).await;
    assert_eq!(world.sent(), ["yes, I am"]);
    for number in [NUMBER, "+12025550101"] {
        world.chat.answer(Who::Owner, &question, number).await;
    }
    let mut world = world.restart(folder.path()).await;
    world.chat.answer(Who::Owner, &question, NUMBER).await;
    world.chat.choose(&question, "Don't send").await;
    world.settled().await;
    let timeline = world.chat.timeline().await;
    let already = timeline
        .iter()
        .filter(|seen| seen.text.contains("I have sent that already"));
    assert_eq!(already.count(), 3);
    assert_eq!(world.line.parts().len(), 1, "whatever was said since");
    // What was written is an own message of that contact from now on.
    let own = timeline.iter().find(|seen| seen.text == "yes, I am");
    world
        .chat
        .answer(Who::Owner, own.unwrap(), "and you?")
        .await;
    world.state("and you?", MessageState::Sent).await;
    assert_eq!(world.sent(), ["yes, I am", "and you?"]);
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_its_line_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let (mut world, question) = asked(folder.path()).await;
    world.line.set_phase(LinkPhase::Down);
    let answer = format!("@home {NUMBER}");
    world.chat.answer(Who::Owner, &question, &answer).await;
    world.post("The SIM home is not ready").await;
    let mut world = world.restart(folder.path()).await;
    world.state("yes, I am", MessageState::Queued).await;
    world.line.set_phase(LinkPhase::Ready);
    world.state("yes, I am", MessageState::Sent).await;
    assert_eq!(world.sent(), ["yes, I am"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_called_off_is_not_sent() {
    for by_command in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let (mut world, question) = asked(folder.path()).await;
        if by_command {
            world.chat.answer(Who::Owner, &question, "/cancel").await;
            world.post("It is not sent.").await;
        } else {
            world.chat.choose(&question, "Don't send").await;
        }
        world.chat.answer(Who::Owner, &question, NUMBER).await;
        world.post("You called that off").await;
        world.settled().await;
        assert!(world.sent().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_sim_that_is_not_there_or_no_number_is_told_and_may_be_answered_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut world, question) = asked(folder.path()).await;
    for (answer, words) in [
        ("@office +12025550100", "there is no SIM @office"),
        ("@home", "is no phone number"),
        ("0300 1234567", "lacks its country"),
        ("", "is no phone number"),
    ] {
        world.chat.answer(Who::Owner, &question, answer).await;
        world.post(words).await;
    }
    world.settled().await;
    assert!(world.sent().is_empty());
    world.chat.answer(Who::Owner, &question, NUMBER).await;
    world.state("yes, I am", MessageState::Sent).await;
    assert_eq!(world.sent(), ["yes, I am"]);
}

#[tokio::test(start_paused = true)]
async fn what_answers_nothing_is_asked_about_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    world.says("hello?").await;
    let question = world.post("I don't know whom this is for").await;
    world.chat.answer(Who::Owner, &question, NUMBER).await;
    world.state("hello?", MessageState::Sent).await;
    assert_eq!(world.sent(), ["hello?"]);
}

#[tokio::test(start_paused = true)]
async fn a_reader_is_not_asked_and_cannot_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (world, question) = asked(folder.path()).await;
    let (chat, line) = world.end().await;
    let mut world = World::open(folder.path(), chat, line, Role::Reader).await;
    world.chat.answer(Who::Owner, &question, NUMBER).await;
    world.post("you can read here, but not send").await;
    world.says("hello?").await;
    world.settled().await;
    let timeline = world.chat.timeline().await;
    let asked = timeline
        .iter()
        .filter(|seen| seen.text.contains("whom this is for"));
    assert_eq!(asked.count(), 0);
    assert!(world.sent().is_empty());
}
