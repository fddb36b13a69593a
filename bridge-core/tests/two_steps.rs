//! Sending in two steps: what a stop, a lost answer and a modem that gets its marks wrong leave behind. Whatever happens,
//! nothing goes out twice, and nothing stays in the modem's memory but what others put there.

mod world;

use std::sync::Arc;

use bridge_core::chat::MessageState;
use bridge_core::conformance::{Command, Counterpart, MarkHabit, TestLine, When, Who};
use bridge_core::link::{Accepted, LinkPhase, RawPdu, SendError, SlotContent, TryAgain};
use tokio::task::JoinSet;
use world::{NUMBER, World};

/// A draft that a phone left on the SIM, and a message that nobody has read.
fn of_others() -> Vec<(u16, SlotContent)> {
    let pdu = |text: &str| RawPdu(text.to_owned());
    vec![
        (
            2,
            SlotContent::Unsent(pdu("0011000B912120550501F0000005E8329BFD06")),
        ),
        (3, SlotContent::Received(pdu("0004"))),
    ]
}

async fn world(folder: &tempfile::TempDir, habit: MarkHabit) -> World {
    let line = Arc::new(TestLine::default());
    for (index, content) in of_others() {
        line.storage().put(index, content);
    }
    line.storage().set_habit(habit);
    World::two_steps(folder.path(), line).await
}

fn unknown() -> Result<Accepted, SendError> {
    Err(SendError::Unknown {
        cause: "no answer".to_owned(),
    })
}

fn busy() -> Result<Accepted, SendError> {
    Err(SendError::Retry {
        cause: "the network is busy".to_owned(),
    })
}

/// How often a text went out.
fn times(world: &World, text: &str) -> usize {
    world.sent().iter().filter(|sent| *sent == text).count()
}

/// Nothing of ours is left in the modem.
async fn clean(world: &World) {
    world
        .until("only what others put there is left", |world| {
            world.line.storage().contents() == of_others()
        })
        .await;
}

async fn told(world: &mut World, text: &str) -> usize {
    world.settled().await;
    let timeline = world.chat.timeline().await;
    timeline
        .iter()
        .filter(|seen| seen.by_bridge && seen.text.contains(text))
        .count()
}

/// A first message shows that the modem's marks can be believed.
async fn prove_marks(world: &mut World) {
    world.says(&format!("/send {NUMBER} before")).await;
    world.state("before", MessageState::Sent).await;
    clean(world).await;
}

#[tokio::test]
async fn a_message_goes_through_the_memory_and_leaves_nothing_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder, MarkHabit::Honest).await;
    // In one step this would never be answered.
    world.line.hang_at(When::Before, Command::Send);
    let long = ["a", "b"].map(|letter| letter.repeat(153)).concat();
    world.says(&format!("/send {NUMBER} {long}")).await;
    world.state("aaa", MessageState::Sent).await;
    assert_eq!(world.sent(), ["a", "b"].map(|letter| letter.repeat(153)));
    clean(&world).await;
    assert!(!world.line.has_hung());
    let [part, _] = world.line.sent_to(NUMBER).try_into().unwrap();
    world.arrives(&world.line.delivered(&part)).await;
}

/// A stop at each of the steps: before the command was carried out, and after it was without anybody having been told.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_at_any_step_sends_nothing_twice() {
    use MessageState::{Sent, Unknown};
    let cases = [
        (When::Before, Command::Stage, Sent, 1),
        (When::After, Command::Stage, Sent, 1),
        // From here on it may have left, and the slot that reads STO UNSENT does not prove that it did not.
        (When::Before, Command::Inspect, Unknown, 0),
        (When::After, Command::Inspect, Unknown, 0),
        (When::Before, Command::Transmit, Unknown, 0),
        // The slot proves that it left.
        (When::After, Command::Transmit, Sent, 1),
        (When::Before, Command::Discard, Sent, 1),
        (When::After, Command::Discard, Sent, 1),
    ];
    let mut running = JoinSet::new();
    for (when, command, state, count) in cases {
        running.spawn(async move {
            let name = format!("{when:?} {command:?}");
            let folder = tempfile::tempdir().unwrap();
            let mut world = world(&folder, MarkHabit::Honest).await;
            prove_marks(&mut world).await;
            world.line.hang_at(when, command);
            world.says(&format!("/send {NUMBER} interrupted")).await;
            world.until(&name, |world| world.line.has_hung()).await;
            let mut world = world.restart(folder.path()).await;
            world.state("interrupted", state).await;
            clean(&world).await;
            world.settled().await;
            world.state("interrupted", state).await;
            assert_eq!(times(&world, "interrupted"), count, "{name}");
            if state == Unknown {
                let asked = world.post("I can't tell whether this left").await;
                world.chat.choose(&asked, "Send again").await;
                world.state("interrupted", Sent).await;
                assert_eq!(times(&world, "interrupted"), count + 1, "{name}");
                clean(&world).await;
            }
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test]
async fn a_slot_that_reads_sent_settles_a_doubt_before_anybody_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder, MarkHabit::Honest).await;
    prove_marks(&mut world).await;
    world.line.next_outcome(unknown());
    world.says(&format!("/send {NUMBER} doubtful")).await;
    world.state("doubtful", MessageState::Sent).await;
    clean(&world).await;
    assert_eq!(told(&mut world, "I can't tell").await, 0);
    assert_eq!(times(&world, "doubtful"), 1);
}

/// AT-QUIRKS 38 and 39: the network took it, and the mark did not change.
#[tokio::test]
async fn a_slot_that_reads_unsent_proves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder, MarkHabit::Honest).await;
    prove_marks(&mut world).await;
    world.line.next_outcome(unknown());
    world.line.storage().keep_next_mark();
    world.says(&format!("/send {NUMBER} doubtful")).await;
    world.state("doubtful", MessageState::Unknown).await;
    clean(&world).await;
    let mut world = world.restart(folder.path()).await;
    assert_eq!(told(&mut world, "I can't tell").await, 1);
    world.state("doubtful", MessageState::Unknown).await;
    assert_eq!(times(&world, "doubtful"), 1);
    // The modem is believed all the same: this was no message whose acceptance is known.
    world.line.next_outcome(unknown());
    world.says(&format!("/send {NUMBER} another")).await;
    world.state("another", MessageState::Sent).await;
}

#[tokio::test]
async fn a_modem_is_believed_once_it_was_seen_to_tell_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder, MarkHabit::Honest).await;
    world.line.next_outcome(unknown());
    world.says(&format!("/send {NUMBER} first of all")).await;
    world.state("first of all", MessageState::Unknown).await;
    let mut world = world.restart(folder.path()).await;
    assert_eq!(told(&mut world, "I can't tell").await, 1);
    world.state("first of all", MessageState::Unknown).await;
    world.says(&format!("/send {NUMBER} and then")).await;
    world.state("and then", MessageState::Sent).await;
    world.state("first of all", MessageState::Sent).await;
    clean(&world).await;
    assert_eq!(times(&world, "first of all"), 1);
}

#[tokio::test]
async fn a_modem_whose_marks_say_nothing_is_found_out_and_told_once() {
    let refused = || {
        Err(SendError::Reject {
            cause: "no credit".to_owned(),
            may_try_again: TryAgain::Pointless,
        })
    };
    let accepted = || {
        Ok(Accepted {
            reference: Some(17),
        })
    };
    let cases = [
        (MarkHabit::Stuck, accepted(), MessageState::Sent, 1),
        (MarkHabit::SentAtOnce, accepted(), MessageState::Sent, 1),
        (MarkHabit::SentWhenTried, refused(), MessageState::Failed, 0),
    ];
    for (habit, outcome, state, count) in cases {
        let folder = tempfile::tempdir().unwrap();
        let mut world = world(&folder, habit).await;
        world.line.next_outcome(outcome);
        world.says(&format!("/send {NUMBER} the first")).await;
        world.state("the first", state).await;
        world
            .post("two_step_send is of no use with this modem")
            .await;
        clean(&world).await;
        assert_eq!(times(&world, "the first"), count, "{habit:?}");
        // What would go through the memory now would hang there.
        world.line.hang_at(When::Before, Command::Stage);
        let mut world = world.restart(folder.path()).await;
        world.line.next_outcome(unknown());
        world.says(&format!("/send {NUMBER} the second")).await;
        world.state("the second", MessageState::Unknown).await;
        assert!(!world.line.has_hung(), "{habit:?}");
        assert_eq!(told(&mut world, "two_step_send is of no use").await, 1);
        world.says("/status").await;
        world
            .post("ready, two_step_send is of no use with this modem")
            .await;
        assert_eq!(times(&world, "the second"), 1, "{habit:?}");
    }
}

#[tokio::test]
async fn a_doubt_from_before_the_marks_proved_silent_stays_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder, MarkHabit::SentWhenTried).await;
    world.line.next_outcome(unknown());
    world.says(&format!("/send {NUMBER} doubtful")).await;
    world.state("doubtful", MessageState::Unknown).await;
    world.line.next_outcome(Err(SendError::Reject {
        cause: "no credit".to_owned(),
        may_try_again: TryAgain::Pointless,
    }));
    world.says(&format!("/send {NUMBER} refused")).await;
    world.state("refused", MessageState::Failed).await;
    world.post("two_step_send is of no use").await;
    clean(&world).await;
    world.settled().await;
    world.state("doubtful", MessageState::Unknown).await;
}

#[tokio::test]
async fn what_the_memory_does_not_take_goes_out_in_one_step() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder, MarkHabit::Honest).await;
    world.line.storage().refuse(1, "its memory is full");
    world.says(&format!("/send {NUMBER} no room")).await;
    world.state("no room", MessageState::Sent).await;
    world
        .post("did not store a message before sending it (its memory is full)")
        .await;
    // The answer to the write is lost: it stands there, goes out in one step, and is found.
    world.line.storage().lose_answer();
    world.says(&format!("/send {NUMBER} no answer")).await;
    world.state("no answer", MessageState::Sent).await;
    clean(&world).await;
    // The same, and the modem cannot be listed then: the next start finds it.
    world.line.storage().lose_answer();
    world.line.hang_at(When::Before, Command::Send);
    world.says(&format!("/send {NUMBER} stopped")).await;
    world.until("it hangs", |world| world.line.has_hung()).await;
    let mut world = world.restart(folder.path()).await;
    clean(&world).await;
    world.state("stopped", MessageState::Unknown).await;
    let counts = ["no room", "no answer", "stopped"].map(|text| times(&world, text));
    assert_eq!(counts, [1, 1, 0]);
}

#[tokio::test]
async fn a_slot_that_holds_something_else_is_not_sent_from() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder, MarkHabit::Honest).await;
    prove_marks(&mut world).await;
    world.line.next_outcome(busy());
    world.says(&format!("/send {NUMBER} swapped")).await;
    world
        .until("it waits in its slot", |world| {
            world.line.parts().len() == 2 && world.line.storage().contents().len() == 3
        })
        .await;
    // Somebody's draft comes to stand where it was.
    let (_, draft) = of_others().remove(0);
    world.line.storage().put(1, draft.clone());
    world.state("swapped", MessageState::Sent).await;
    assert_eq!(world.sent(), ["before", "swapped"]);
    world.settled().await;
    assert_eq!(world.line.storage().contents().first(), Some(&(1, draft)));
}

#[tokio::test]
async fn what_waits_in_its_slot_is_sent_from_there_later_or_called_off() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder, MarkHabit::Honest).await;
    world.line.next_outcome(busy());
    world.says(&format!("/send {NUMBER} patient")).await;
    world
        .until("the first try", |world| world.line.parts().len() == 1)
        .await;
    // Not written again: the memory takes nothing more.
    world.line.hang_at(When::Before, Command::Stage);
    world.state("patient", MessageState::Sent).await;
    assert!(!world.line.has_hung());
    clean(&world).await;
    world.line.hang_at(When::Before, Command::Send);
    world.line.next_outcome(busy());
    world.says(&format!("/send {NUMBER} never mind")).await;
    world
        .until("the third try", |world| world.line.parts().len() == 3)
        .await;
    world.line.set_phase(LinkPhase::Down);
    let mine = world
        .seen("the message", |seen| {
            !seen.by_bridge && seen.text.contains("never mind")
        })
        .await;
    world.chat.answer(Who::Owner, &mine, "/cancel").await;
    world.state("never mind", MessageState::Cancelled).await;
    world.line.set_phase(LinkPhase::Ready);
    clean(&world).await;
    assert_eq!(world.sent(), ["patient"]);
}

/// What waited in its slot is cleared away as soon as it is called off, while the line stays up.
#[tokio::test]
async fn a_slot_of_what_was_called_off_is_freed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder, MarkHabit::Honest).await;
    world.line.next_outcome(busy());
    world.says(&format!("/send {NUMBER} never mind")).await;
    world
        .until("the first try", |world| world.line.parts().len() == 1)
        .await;
    let mine = world
        .seen("the message", |seen| {
            !seen.by_bridge && seen.text.contains("never mind")
        })
        .await;
    world.chat.answer(Who::Owner, &mine, "/cancel").await;
    world.state("never mind", MessageState::Cancelled).await;
    clean(&world).await;
    assert_eq!(times(&world, "never mind"), 0);
}

/// The same text to the same number is the same TPDU: which of the two a slot is about only its note can tell.
#[tokio::test]
async fn a_slot_that_another_message_took_over_says_nothing_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder, MarkHabit::Honest).await;
    world.line.next_outcome(unknown());
    world.says(&format!("/send {NUMBER} call me")).await;
    world.state("call me", MessageState::Unknown).await;
    world.settled().await;
    // Somebody clears the SIM in a phone, and the next message comes to stand where the first one stood.
    assert!(world.line.storage().take(1).is_some());
    world.line.hang_at(When::Before, Command::Discard);
    world.says(&format!("/send {NUMBER} call me")).await;
    world
        .until("it is to be freed", |world| world.line.has_hung())
        .await;
    let mut world = world.restart(folder.path()).await;
    clean(&world).await;
    world.settled().await;
    let mut states: Vec<_> = world.chat.timeline().await;
    states.retain(|seen| !seen.by_bridge && seen.text.contains("call me"));
    let states: Vec<_> = states.iter().map(|seen| seen.state).collect();
    assert_eq!(
        states,
        [Some(MessageState::Unknown), Some(MessageState::Sent)]
    );
    assert_eq!(times(&world, "call me"), 2);
}

/// A mark that one modem set says nothing in another, which is believed.
#[tokio::test]
async fn a_mark_of_another_modem_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder, MarkHabit::Honest).await;
    world.line.set_modem("Acme M1");
    prove_marks(&mut world).await;
    // Another, which marks what never left.
    world.line.set_modem("Acme M2");
    world.line.storage().set_habit(MarkHabit::SentWhenTried);
    world.line.hang_at(When::After, Command::Transmit);
    world.line.next_outcome(busy());
    world.says(&format!("/send {NUMBER} stuck")).await;
    world.until("it hangs", |world| world.line.has_hung()).await;
    world.line.set_modem("Acme M1");
    let mut world = world.restart(folder.path()).await;
    clean(&world).await;
    world.settled().await;
    world.state("stuck", MessageState::Unknown).await;
    assert_eq!(times(&world, "stuck"), 0);
}

/// A SIM has room for ten messages or so, and those that people send us need it.
#[tokio::test]
async fn what_waits_takes_no_more_than_five_slots() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder, MarkHabit::Honest).await;
    for number in 0..9 {
        world.line.next_outcome(busy());
        world
            .says(&format!("/send +1202555012{number} nobody hears"))
            .await;
    }
    world
        .until("a try of each", |world| world.line.parts().len() >= 9)
        .await;
    let ours = world.line.storage().contents().len() - of_others().len();
    assert_eq!(ours, 5);
    world
        .until("all went out", |world| {
            (0..9).all(|number| world.line.sent_to(&format!("+1202555012{number}")).len() == 1)
        })
        .await;
    clean(&world).await;
}

/// Two-step sending would fill the memory with what cannot be told from the drafts of others.
#[tokio::test]
async fn a_memory_that_gives_back_something_else_is_not_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = world(&folder, MarkHabit::Honest).await;
    world.line.storage().garble_next();
    world.says(&format!("/send {NUMBER} garbled")).await;
    world.state("garbled", MessageState::Sent).await;
    world.post("does not give back what was stored there").await;
    world.line.hang_at(When::Before, Command::Stage);
    world.says(&format!("/send {NUMBER} after it")).await;
    world.state("after it", MessageState::Sent).await;
    assert!(!world.line.has_hung());
    assert_eq!(world.sent(), ["garbled", "after it"]);
}

/// Sent again by a person and refused then: whether the first try left is still not known.
#[tokio::test]
async fn a_refusal_of_the_second_try_does_not_settle_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path()).await;
    world.line.next_outcome(unknown());
    world.says(&format!("/send {NUMBER} twice")).await;
    world.state("twice", MessageState::Unknown).await;
    let asked = world.post("I can't tell whether this left").await;
    world.line.next_outcome(Err(SendError::Reject {
        cause: "no credit".to_owned(),
        may_try_again: TryAgain::Pointless,
    }));
    world.chat.choose(&asked, "Send again").await;
    world.post("sent again, it was refused: no credit").await;
    world.settled().await;
    world.state("twice", MessageState::Unknown).await;
}
