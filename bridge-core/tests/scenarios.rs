//! What the core does on bad days, seen from a chat and from the line.

#![expect(clippy::string_slice, reason = "a test may be blunt")]

mod world;

use std::sync::Arc;
use std::time::Duration;

use bridge_core::chat::MessageState;
use bridge_core::conformance::{Counterpart, Who};
use bridge_core::link::{Accepted, LinkPhase, RawPdu, SendError, TryAgain};
use bridge_core::{Arrival, Language, Languages, LateOutcome, Origin, PartId, Role, Sending};
use tokio::time::Instant;
use world::memory::MemoryChat;
use world::{NUMBER, World, home};

/// Three parts in the GSM alphabet, told apart by their letter.
fn three_parts() -> String {
    ["a", "b", "c"].map(|letter| letter.repeat(153)).concat()
}

#[tokio::test]
async fn a_report_that_overtakes_the_answer_of_the_modem_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    // The line counts from 0: this is the report of the part to come.
    let part = bridge_core::conformance::SentPart {
        to: NUMBER.to_owned(),
        text: String::new(),
        reference: 0,
    };
    let report = world.line.delivered(&part);
    world.arrives(&report).await;
    world.says(&format!("/send {NUMBER} overtaken")).await;
    world.state("overtaken", MessageState::Delivered).await;
}

/// 108 Turkish characters: two parts of UCS-2, and one with the tables that the configuration allows.
#[tokio::test]
async fn national_tables_are_used_on_lines_that_may() {
    let text = "Akşam görüşürüz. Çocuğu ".repeat(4) + "Işık görünce";
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    world.says(&format!("/send {NUMBER} {text}")).await;
    world.state("Işık", MessageState::Sent).await;
    assert_eq!(
        (world.sent().len(), world.sent().concat()),
        (2, text.clone())
    );

    let folder = tempfile::tempdir().unwrap();
    let mut world = World::with(folder.path(), None, |settings| {
        let languages = Languages::NONE.with(Language::Turkish);
        settings.languages.insert(home(), languages);
    })
    .await;
    world.says(&format!("/send {NUMBER} {text}")).await;
    world.state("Işık", MessageState::Sent).await;
    assert_eq!(world.sent(), [text]);
}

#[tokio::test]
async fn every_part_has_to_be_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    world
        .says(&format!("/send {NUMBER} {}", three_parts()))
        .await;
    world.state("aaa", MessageState::Sent).await;
    let [first, second, third] = world.line.sent_to(NUMBER).try_into().unwrap();
    for part in [&third, &first] {
        world.arrives(&world.line.delivered(part)).await;
    }
    world.settled().await;
    world.state("aaa", MessageState::Sent).await;
    // The last report comes after a restart.
    let mut world = world.restart(folder.path()).await;
    world.arrives(&world.line.delivered(&second)).await;
    world.state("aaa", MessageState::Delivered).await;
}

#[tokio::test]
async fn a_report_of_a_doubtful_part_resolves_the_doubt() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    world.line.next_outcome(Err(SendError::Unknown {
        cause: "no answer".to_owned(),
    }));
    world.says(&format!("/send {NUMBER} doubtful")).await;
    world.state("doubtful", MessageState::Unknown).await;
    let [part] = world.line.sent_to(NUMBER).try_into().unwrap();
    world.arrives(&world.line.delivered(&part)).await;
    world.state("doubtful", MessageState::Delivered).await;
    assert_eq!(world.sent(), ["doubtful"]);
}

#[tokio::test]
async fn a_late_answer_of_the_modem_resolves_the_doubt() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    world.line.next_outcome(Err(SendError::Unknown {
        cause: "no answer".to_owned(),
    }));
    world.says(&format!("/send {NUMBER} late")).await;
    world.state("late", MessageState::Unknown).await;
    let part = world.line.parts().pop().unwrap();
    world
        .bridge
        .handle()
        .outcome_arrived_late(part, LateOutcome::Accepted(Some(77)))
        .await
        .unwrap();
    world.state("late", MessageState::Sent).await;
    // And a part that nobody knows is nobody's.
    world
        .bridge
        .handle()
        .outcome_arrived_late(PartId(1), LateOutcome::Accepted(None))
        .await
        .unwrap();
}

#[tokio::test]
async fn after_a_refusal_the_rest_stays_and_retry_sends_only_that() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    world.line.next_outcome(Ok(Accepted {
        reference: Some(200),
    }));
    let cause = "no credit".to_owned();
    world.line.next_outcome(Err(SendError::Reject {
        cause,
        may_try_again: TryAgain::Pointless,
    }));
    world
        .says(&format!("/send {NUMBER} {}", three_parts()))
        .await;
    world.state("aaa", MessageState::Failed).await;
    let told = world.post("(part 2 of 3): no credit").await;
    world.settled().await;
    assert_eq!(world.sent(), ["a".repeat(153)]);
    world.chat.answer(Who::Owner, &told, "/retry").await;
    world.state("aaa", MessageState::Sent).await;
    assert_eq!(
        world.sent(),
        ["a", "b", "c"].map(|letter| letter.repeat(153))
    );
    world.chat.answer(Who::Owner, &told, "/retry").await;
    world.post("there is nothing to send again").await;
    assert_eq!(world.sent().len(), 3);
}

#[tokio::test]
async fn after_a_doubt_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    world.line.next_outcome(Ok(Accepted { reference: Some(1) }));
    world.line.next_outcome(Err(SendError::Unknown {
        cause: "no answer".to_owned(),
    }));
    world
        .says(&format!("/send {NUMBER} {}", three_parts()))
        .await;
    world.state("aaa", MessageState::Unknown).await;
    let told = world.post("left (part 2 of 3): no answer").await;
    world.settled().await;
    assert_eq!(
        world.sent(),
        ["a", "b", "c"].map(|letter| letter.repeat(153))
    );
    // Asked, only the doubtful part goes again; pressed twice, it goes once.
    world.chat.choose(&told, "Send again").await;
    world.chat.choose(&told, "Send again").await;
    world.state("aaa", MessageState::Sent).await;
    world.settled().await;
    assert_eq!(
        world.sent(),
        ["a", "b", "c", "b"].map(|letter| letter.repeat(153))
    );
}

#[tokio::test]
async fn a_message_that_waits_can_be_called_off() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    world.line.set_phase(LinkPhase::Down);
    world.says(&format!("/send {NUMBER} never mind")).await;
    world.post("Your message waits").await;
    let mine = world.seen("the message", |seen| !seen.by_bridge).await;
    world.chat.answer(Who::Owner, &mine, "/cancel").await;
    world.state("never mind", MessageState::Cancelled).await;
    world.line.set_phase(LinkPhase::Ready);
    world.says(&format!("/send {NUMBER} but this")).await;
    world.state("but this", MessageState::Sent).await;
    assert_eq!(world.sent(), ["but this"]);
}

#[tokio::test]
async fn one_recipient_who_cannot_be_reached_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    world.line.next_outcome(Err(SendError::Retry {
        cause: "network busy".to_owned(),
    }));
    world.says("/send +12025550101 stuck").await;
    world.says("/send +12025550101 behind it").await;
    world.says(&format!("/send {NUMBER} free")).await;
    world.state("free", MessageState::Sent).await;
    // Order within the conversation is kept.
    world.state("behind it", MessageState::Sent).await;
    let sent: Vec<String> = world
        .line
        .sent_to("+12025550101")
        .into_iter()
        .map(|part| part.text)
        .collect();
    assert_eq!(sent, ["stuck", "behind it"]);
}

#[tokio::test]
async fn a_reader_is_told_once_and_sends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::open(
        folder.path(),
        MemoryChat::default(),
        Arc::default(),
        Role::Reader,
    )
    .await;
    world.says(&format!("/send {NUMBER} one")).await;
    world.post("you can read here, but not send").await;
    world.says(&format!("/send {NUMBER} two")).await;
    world.says("/status").await;
    world.post("SIM home: ready").await;
    world.settled().await;
    let told = world
        .chat
        .timeline()
        .await
        .into_iter()
        .filter(|seen| seen.text.contains("but not send"))
        .count();
    assert_eq!((told, world.sent().len()), (1, 0));
}

#[tokio::test]
async fn an_owner_hears_of_a_stranger_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    for text in ["hello", "/send +12025550100 x", "/help"] {
        world.chat.command(Who::Stranger, text).await;
    }
    world
        .post("Someone unknown wrote to this bridge in Memory")
        .await;
    world.settled().await;
    let posts = world
        .chat
        .timeline()
        .await
        .into_iter()
        .filter(|seen| seen.by_bridge)
        .count();
    assert_eq!((posts, world.sent().len()), (1, 0));
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_and_announced_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    let broken = RawPdu("0004FF".to_owned());
    assert_eq!(world.arrives(&broken).await, Arrival::New);
    assert_eq!(world.arrives(&broken).await, Arrival::Repeated);
    world.post("no readable SMS").await;
    world.settled().await;
    assert_eq!(world.chat.timeline().await.len(), 1);
}

#[tokio::test]
async fn a_listing_of_the_same_slot_is_no_repetition_but_a_new_one_with_the_same_text_is_another() {
    use bridge_core::link::StorageSlot;
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    let slot = |index| {
        Origin::Stored(StorageSlot {
            memory: "SM".to_owned(),
            index,
        })
    };
    let pdu = world.line.incoming(NUMBER, "in a slot").remove(0);
    let handle = world.bridge.handle();
    let arrive = |origin, pdu: &RawPdu| {
        let (handle, pdu) = (handle.clone(), pdu.clone());
        async move { handle.sms_arrived(&home(), origin, pdu).await.unwrap() }
    };
    assert_eq!(arrive(slot(3), &pdu).await, Arrival::New);
    assert_eq!(
        arrive(slot(3), &pdu).await,
        Arrival::Repeated,
        "listed again after a crash"
    );
    world.post("in a slot").await;
    assert_eq!(
        arrive(slot(4), &pdu).await,
        Arrival::Repeated,
        "delivered again by the network"
    );
    world.post("received 2 times").await;
    let other = world.line.incoming(NUMBER, "in a slot").remove(0);
    assert_eq!(
        arrive(slot(3), &other).await,
        Arrival::New,
        "a second later by the service centre's clock"
    );
    // Without a valid time only the slot tells; once it is free, what stands there is another.
    // 00, first octet, length, type, six octets of digits, TP-PID, TP-DCS: then seven octets of TP-SCTS.
    let undated = RawPdu(format!(
        "{}{}{}",
        &pdu.0[..24],
        "F".repeat(14),
        &pdu.0[38..]
    ));
    assert_ne!(undated, pdu, "the time stands where this test thinks");
    assert_eq!(arrive(slot(5), &undated).await, Arrival::New);
    assert_eq!(arrive(slot(5), &undated).await, Arrival::Repeated);
    let arrivals = handle
        .take_over(
            &home(),
            vec![undated.clone()],
            vec![(slot(5), undated.clone()), (slot(5), undated.clone())],
        )
        .await
        .unwrap();
    assert_eq!(
        arrivals,
        [Arrival::New, Arrival::Repeated],
        "that the slot was free counts before what arrived in it"
    );
}

#[tokio::test]
async fn a_stop_in_the_middle_of_a_send_leaves_a_doubt_and_sends_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    world.line.hang();
    world.says(&format!("/send {NUMBER} on its way")).await;
    let deadline = Instant::now() + Duration::from_secs(20);
    while world.sent().is_empty() {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let begun = Instant::now();
    let mut world = world.restart(folder.path()).await;
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "a modem that hangs must not hold the stop up"
    );
    world.state("on its way", MessageState::Unknown).await;
    world.post("I can't tell whether this left").await;
    world.settled().await;
    assert_eq!(world.sent(), ["on its way"]);
}

#[tokio::test]
async fn a_gap_that_was_waited_for_over_a_restart_is_shown_and_filled() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    let [first, second] = world
        .line
        .incoming(NUMBER, &"over a restart ".repeat(15))
        .try_into()
        .unwrap();
    world.arrives(&first).await;
    world.settled().await;
    world.chat.stop().await;
    world.bridge.stop().await;
    // The wait is over when the program starts: before any chat is there.
    let (chat, line) = (world.chat, world.line);
    let mut world = World::open_with(
        folder.path(),
        chat,
        line,
        Role::Owner,
        Duration::ZERO,
        Sending::OneStep,
    )
    .await;
    world.post("part 2 of 2 has not come").await;
    world.arrives(&second).await;
    world
        .post("over a restart over a restart over a restart")
        .await;
    world
        .seen("the gap filled", |seen| !seen.text.contains("has not come"))
        .await;
}

#[tokio::test]
async fn calling_off_a_second_try_leaves_the_doubt_about_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    world.line.next_outcome(Err(SendError::Unknown {
        cause: "no answer".to_owned(),
    }));
    world.says(&format!("/send {NUMBER} twice or not")).await;
    world.state("twice or not", MessageState::Unknown).await;
    let told = world.post("no answer").await;
    world.line.set_phase(LinkPhase::Down);
    world.chat.choose(&told, "Send again").await;
    world.state("twice or not", MessageState::Queued).await;
    world.chat.answer(Who::Owner, &told, "/cancel").await;
    world
        .post("Whether the first try left is still not known")
        .await;
    world.state("twice or not", MessageState::Unknown).await;
    world.line.set_phase(LinkPhase::Ready);
    let [part] = world.line.sent_to(NUMBER).try_into().unwrap();
    world.arrives(&world.line.delivered(&part)).await;
    world.state("twice or not", MessageState::Delivered).await;
    assert_eq!(world.sent(), ["twice or not"]);
}
