//! The end of the program under load: soon, whatever hangs, and nothing is lost by it.

mod town;

use std::collections::BTreeMap;
use std::time::Duration;

use bridge_core::chat::{Body, MessageState};
use bridge_core::link::{LinkPhase, RawPdu};
use bridge_core::{BridgeError, Origin};
use tokio::task::JoinSet;
use tokio::time::Instant;
use town::chat::{self, LOBBY, Mood, room_of};
use town::{ALICE, BOB, Town};

/// What is promised to whoever ends the program.
const PROMISED: Duration = Duration::from_secs(5);
/// Messages each way.
const COUNT: usize = 200;

fn number(contact: usize) -> String {
    format!("+120255502{contact:02}")
}

fn texts(contact: usize) -> Vec<String> {
    let of_contact = (0..COUNT).filter(|count| count % 10 == contact);
    of_contact.map(|count| format!("number {count}")).collect()
}

/// Ends the program, in virtual time: what takes the processor long does not count, what waits does.
async fn stops_soon(town: &mut Town) {
    let begun = Instant::now();
    town.stop().await;
    let took = begun.elapsed();
    assert!(took < PROMISED, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn with_a_chat_and_a_line_that_hang_it_ends_soon_and_all_arrives_later() {
    let mut town = Town::new(&["one", "two"], &["tele", "matrix"]).await;
    town.chat("tele").is(Mood::Hangs);
    town.chat("tele").room_is(LOBBY, Mood::Answers);
    town.line("one").hang();
    town.take_down("two");
    for count in 0..COUNT {
        let (contact, text) = (number(count % 10), format!("number {count}"));
        town.arrives("one", &contact, &text).await;
        let line = if count % 20 < 10 { "one" } else { "two" };
        town.sends("tele", line, &contact, &text).await;
    }
    stops_soon(&mut town).await;
    // One part was on its way; nothing else left.
    let sent = |town: &Town| {
        let contacts = (0..10).map(number);
        let all = contacts.flat_map(|contact| {
            let by_one = town.sent("one", &contact);
            [by_one, town.sent("two", &contact)].concat()
        });
        all.collect::<Vec<String>>()
    };
    assert_eq!(sent(&town), ["number 0"]);
    town.chat("tele").is(Mood::Answers);
    town.bring_up("two");
    town.start().await;
    town.settled().await;
    town.state("tele", "number 0", MessageState::Unknown).await;
    town.post("tele", LOBBY, "I can't tell whether this left")
        .await;
    assert_eq!(sent(&town).len(), COUNT, "each left once");
    for contact in 0..10 {
        for network in ["tele", "matrix"] {
            let mut shown = town.chat(network).said(&room_of("one", &number(contact)));
            // What was written there is mirrored in the other network.
            shown.retain(|text| !text.starts_with("via "));
            assert_eq!(shown, texts(contact), "{network}");
        }
        let by = |line| town.sent(line, &number(contact));
        let mut left = [by("one"), by("two")].concat();
        let mut expected = texts(contact);
        left.sort();
        expected.sort();
        assert_eq!(left, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_taken_over_at_the_end_is_handed_over_again() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    town.chat("tele").is(Mood::Hangs);
    town.line("one").set_phase(LinkPhase::Down);
    let home = town::line("one");
    let network = chat::network("tele");
    let at = town.clock.now();
    let incoming: BTreeMap<usize, RawPdu> = (0..COUNT)
        .map(|count| {
            (
                count,
                town.line("one")
                    .incoming(ALICE, &format!("in {count}"))
                    .remove(0),
            )
        })
        .collect();
    let event = |count: usize| {
        let text = format!("/send {BOB} out {count}");
        let number = u64::try_from(count).unwrap_or_default();
        chat::event(
            number,
            LOBBY,
            format!("own {count}"),
            None,
            Body::Text(text),
            at,
        )
    };
    // All at once, and the end in the middle of it.
    let mut tasks = JoinSet::new();
    for (count, pdu) in incoming.clone() {
        let (handle, home) = (town.handle(), home.clone());
        tasks.spawn(async move {
            let taken = handle.sms_arrived(&home, Origin::Direct, pdu).await;
            (true, count, taken.map(drop))
        });
        let (handle, network, event) = (town.handle(), network.clone(), event(count));
        tasks.spawn(async move {
            let taken = handle.submit(&network, vec![event], None).await;
            (false, count, taken.map(drop))
        });
    }
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    stops_soon(&mut town).await;
    let (mut taken, mut left) = (0, Vec::new());
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok((_, _, Ok(()))) => taken += 1,
            Ok((is_sms, count, Err(error))) => {
                assert!(matches!(error, BridgeError::Stopping), "{error}");
                left.push((is_sms, count));
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(taken + left.len(), 2 * COUNT);
    town.chat("tele").is(Mood::Answers);
    town.start().await;
    // Modem and network hand over again whatever was not confirmed; and one thing that was.
    left.extend([(true, 0), (false, 0)]);
    for (is_sms, count) in left {
        if is_sms {
            town.part_arrives("one", incoming[&count].clone()).await;
        } else {
            let (handle, events) = (town.handle(), vec![event(count)]);
            let submitted = handle.submit(&network, events, None).await;
            assert!(submitted.is_ok(), "{submitted:?}");
        }
    }
    town.bring_up("one");
    town.settled().await;
    let mut shown = town.chat("tele").said(&room_of("one", ALICE));
    // The network may have delivered the first one twice.
    shown.iter_mut().for_each(|text| {
        if let Some((said, _)) = text.split_once('\n') {
            *text = said.to_owned();
        }
    });
    let mut sent = town.sent("one", BOB);
    let expected = |way: &str| {
        let mut all: Vec<String> = (0..COUNT).map(|count| format!("{way} {count}")).collect();
        all.sort();
        all
    };
    shown.sort();
    sent.sort();
    assert_eq!(shown, expected("in"));
    assert_eq!(sent, expected("out"));
}
