//! What a person changes, or takes out of the chat, after they wrote it: until it has begun to leave; in virtual time.

#![expect(clippy::expect_used, reason = "a test's own input")]

mod town;

use std::time::Duration;

use bridge_core::chat::{MessageState, Verdict};
use bridge_core::link::{SendError, TryAgain};
use town::chat::{LOBBY, Shown, room_of};
use town::{ALICE, BOB, Town};

/// What somebody wrote.
fn written(town: &Town, network: &str, text: &str) -> Shown {
    let mut all = town.chat(network).messages().into_iter();
    let found = all.find(|shown| !shown.by_bridge && shown.text.ends_with(text));
    found.expect("somebody wrote it")
}

/// A contact's rooms in two networks, and a line that is down.
async fn waiting(text: &str) -> (Town, Shown) {
    let mut town = Town::new(&["one"], &["tele", "mat"]).await;
    let room = room_of("one", ALICE);
    town.arrives("one", ALICE, "hello").await;
    for network in ["tele", "mat"] {
        town.post(network, &room, "hello").await;
    }
    town.take_down("one");
    town.writes("tele", &room, text).await;
    town.state("tele", text, MessageState::Queued).await;
    town.post("mat", &room, text).await;
    let message = written(&town, "tele", text);
    (town, message)
}

/// Three parts in the GSM alphabet, told apart by their letter.
fn long() -> String {
    ["a", "b", "c"].map(|letter| letter.repeat(153)).concat()
}

#[tokio::test(start_paused = true)]
async fn what_waits_goes_out_as_it_was_changed_and_is_shown_so_elsewhere() {
    let (mut town, message) = waiting("se you at nine").await;
    let mirror = room_of("one", ALICE);
    let changed = town.changes("tele", &message, "see you at ten").await;
    assert_eq!(changed, Verdict::Accepted);
    town.post("mat", &mirror, "see you at ten").await;
    town.restart().await;
    town.bring_up("one");
    town.until("it is sent", |town| !town.sent("one", ALICE).is_empty())
        .await;
    town.settled().await;
    assert_eq!(town.sent("one", ALICE), ["see you at ten"]);
    let said = town.chat("mat").said(&mirror);
    assert!(
        !said.iter().any(|text| text.contains("se you at nine")),
        "{said:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_may_take_more_parts_or_fewer() {
    let (mut town, message) = waiting("short").await;
    town.changes("tele", &message, &long()).await;
    town.restart().await;
    town.bring_up("one");
    town.until("all of it is sent", |town| {
        town.sent("one", ALICE).len() == 3
    })
    .await;
    town.settled().await;
    let parts = ["a", "b", "c"].map(|letter| letter.repeat(153));
    assert_eq!(town.sent("one", ALICE), parts);

    let (mut town, message) = waiting(&long()).await;
    town.changes("tele", &message, "short").await;
    town.restart().await;
    town.bring_up("one");
    town.until("it is sent", |town| !town.sent("one", ALICE).is_empty())
        .await;
    town.settled().await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(town.sent("one", ALICE), ["short"]);
    town.state("tele", &long(), MessageState::Sent).await;
}

#[tokio::test(start_paused = true)]
async fn of_what_has_left_the_writer_is_told_what_was_sent() {
    let (mut town, message) = waiting("meet at nine").await;
    town.bring_up("one");
    town.settled().await;
    let verdict = town.changes("tele", &message, "meet at ten").await;
    assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
    let told = town
        .post("tele", &message.room, "Your change was not sent")
        .await;
    assert!(
        told.text.contains("It was sent as: meet at nine"),
        "{}",
        told.text
    );
    town.settled().await;
    assert_eq!(town.sent("one", ALICE), ["meet at nine"]);
}

#[tokio::test(start_paused = true)]
async fn what_may_have_left_or_failed_is_not_changed_either() {
    let unknown = SendError::Unknown {
        cause: "no answer".to_owned(),
    };
    let refused = SendError::Reject {
        cause: "barred".to_owned(),
        may_try_again: TryAgain::Pointless,
    };
    for (error, state, words) in [
        (unknown, MessageState::Unknown, "It may have left as: nine"),
        (refused, MessageState::Failed, "It failed"),
    ] {
        let (mut town, message) = waiting("nine").await;
        town.line("one").always(ALICE, Some(error));
        town.bring_up("one");
        town.state("tele", "nine", state).await;
        town.changes("tele", &message, "ten").await;
        let told = town
            .post("tele", &message.room, "Your change was not sent")
            .await;
        assert!(told.text.contains(words), "{}", told.text);
        town.settled().await;
        assert!(!town.sent("one", ALICE).contains(&"ten".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_command_sends_its_text_to_the_same_contact_only() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    town.take_down("one");
    town.sends("tele", "one", ALICE, "nine").await;
    town.state("tele", "nine", MessageState::Queued).await;
    let message = written(&town, "tele", "nine");
    for other in [
        format!("/send @one {BOB} ten"),
        "/help".to_owned(),
        format!("/send {ALICE}"),
        format!("/send @two {ALICE} ten"),
    ] {
        town.changes("tele", &message, &other).await;
    }
    let told = |town: &Town| {
        let said = town.chat("tele").said(LOBBY);
        let told = said.iter().filter(|text| {
            text.contains("was not taken over") && text.contains("What goes out is still: nine")
        });
        told.count()
    };
    town.until("each is refused", |town| told(town) == 4).await;
    let changed = format!("/send {ALICE} ten");
    assert_eq!(
        town.changes("tele", &message, &changed).await,
        Verdict::Accepted
    );
    town.bring_up("one");
    town.settled().await;
    assert_eq!(town.sent("one", ALICE), ["ten"]);
    assert_eq!(town.sent("one", BOB), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_or_endless_change_leaves_it_as_it_was() {
    let (mut town, message) = waiting("nine").await;
    for text in ["", "  \n", &"x".repeat(50_000)] {
        let verdict = town.changes("tele", &message, text).await;
        assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
    }
    let same = town.changes("tele", &message, "nine").await;
    assert_eq!(same, Verdict::Ignored);
    town.bring_up("one");
    town.settled().await;
    assert_eq!(town.sent("one", ALICE), ["nine"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_message_to_a_contact_is_not_sent_because_it_is_changed() {
    let (mut town, message) = waiting("nine").await;
    town.writes("tele", LOBBY, "/status").await;
    let command = written(&town, "tele", "/status");
    let sms = town.post("tele", &message.room, "hello").await;
    let mirror = town.post("mat", &message.room, "nine").await;
    let verdict = town
        .changes("tele", &command, &format!("/send {BOB} hi"))
        .await;
    assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
    assert_eq!(
        town.changes("tele", &sms, "hello yourself").await,
        Verdict::Ignored
    );
    assert_eq!(town.changes("mat", &mirror, "ten").await, Verdict::Ignored);
    assert_eq!(town.withdraws("mat", &mirror).await, Verdict::Ignored);
    town.bring_up("one");
    town.settled().await;
    assert_eq!(town.sent("one", ALICE), ["nine"]);
    assert_eq!(town.sent("one", BOB), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_out_of_the_chat_before_it_leaves_is_called_off() {
    let (mut town, message) = waiting("nine").await;
    town.withdraws("tele", &message).await;
    town.restart().await;
    town.bring_up("one");
    town.state("tele", "nine", MessageState::Cancelled).await;
    town.settled().await;
    assert_eq!(town.sent("one", ALICE), [""; 0]);
    // Called off: a change does not bring it back.
    town.changes("tele", &message, "ten").await;
    town.settled().await;
    assert_eq!(town.sent("one", ALICE), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn taken_out_of_the_chat_afterwards_it_is_not_called_back_and_that_is_said() {
    let (mut town, message) = waiting("nine").await;
    town.bring_up("one");
    town.settled().await;
    town.withdraws("tele", &message).await;
    town.post("tele", &message.room, "does not call it back")
        .await;
    assert_eq!(town.sent("one", ALICE), ["nine"]);
}
