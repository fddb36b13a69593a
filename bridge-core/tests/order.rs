//! Order within a conversation, and nobody waits for somebody else's trouble; in virtual time.

mod town;

use std::time::Duration;

use bridge_core::chat::MessageState;
use bridge_core::link::{SendError, TryAgain};
use tokio::time::Instant;
use town::chat::{ADMIN, LOBBY, Mood, room_of};
use town::{ALICE, BOB, Town};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn busy() -> SendError {
    SendError::Retry {
        cause: "network busy".to_owned(),
    }
}

fn doubt() -> SendError {
    SendError::Unknown {
        cause: "no answer".to_owned(),
    }
}

/// Three parts in the GSM alphabet, told apart by their letter.
fn long() -> String {
    ["a", "b", "c"].map(|letter| letter.repeat(153)).concat()
}

fn parts_of_long() -> [String; 3] {
    ["a", "b", "c"].map(|letter| letter.repeat(153))
}

/// What came in, as it is shown in a contact's room, repeats aside.
fn shown(town: &Town, network: &str, number: &str) -> Vec<String> {
    let mut texts = town.chat(network).said(&room_of("one", number));
    texts.dedup();
    texts
}

fn numbered(count: usize) -> Vec<String> {
    (1..=count)
        .map(|number| format!("number {number}"))
        .collect()
}

// What people write.

#[tokio::test(start_paused = true)]
async fn what_is_behind_one_that_is_tried_again_waits_and_other_contacts_do_not() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    town.line("one").always(ALICE, Some(busy()));
    let begun = Instant::now();
    for text in ["1", &long(), "3"] {
        town.sends("tele", "one", ALICE, text).await;
        town.sends("tele", "one", BOB, text).await;
    }
    let [a, b, c] = parts_of_long();
    let all = ["1".to_owned(), a, b, c, "3".to_owned()];
    town.until("Bob has all", |town| town.sent("one", BOB) == all)
        .await;
    assert!(begun.elapsed() < MINUTE, "{:?}", begun.elapsed());
    tokio::time::sleep(HOUR / 3).await;
    assert!(town.sent("one", ALICE).is_empty());
    town.line("one").always(ALICE, None);
    town.settled().await;
    assert_eq!(town.sent("one", ALICE), all);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_doubt_holds_up_nobody() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    let begun = Instant::now();
    town.line("one").always(ALICE, Some(doubt()));
    for text in ["1", &long()] {
        town.sends("tele", "one", ALICE, text).await;
        town.sends("tele", "one", BOB, text).await;
    }
    town.state("tele", "1", MessageState::Unknown).await;
    town.line("one").always(ALICE, None);
    town.sends("tele", "one", ALICE, "3").await;
    town.settled().await;
    let [a, b, c] = parts_of_long();
    let long = [a, b, c];
    let expected = [&["1".to_owned()], long.as_slice()].concat();
    assert_eq!(town.sent("one", BOB), expected);
    let expected = [expected, vec!["3".to_owned()]].concat();
    assert_eq!(town.sent("one", ALICE), expected, "each once, and in order");
    assert!(begun.elapsed() < MINUTE, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_or_is_asked_about_holds_up_nobody() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    let refused = SendError::Reject {
        cause: "no credit".to_owned(),
        may_try_again: TryAgain::Sensible,
    };
    town.line("one").always(ALICE, Some(refused));
    town.sends("tele", "one", ALICE, &long()).await;
    town.state("tele", &long(), MessageState::Failed).await;
    town.line("one").always(ALICE, None);
    // Two more wait for the line for too long.
    town.take_down("one");
    town.sends("tele", "one", ALICE, "first").await;
    town.sends("tele", "one", ALICE, "second").await;
    town.sends("tele", "one", BOB, "to Bob").await;
    tokio::time::sleep(2 * HOUR).await;
    town.sends("tele", "one", ALICE, "now").await;
    town.sends("tele", "one", BOB, "now").await;
    town.bring_up("one");
    town.settled().await;
    assert_eq!(town.sent("one", ALICE), ["now"]);
    assert_eq!(town.sent("one", BOB), ["now"]);
    let questions: Vec<_> = town
        .chat("tele")
        .messages()
        .into_iter()
        .filter(|shown| shown.text.contains("still send it?"))
        .collect();
    assert_eq!(questions.len(), 3);
    for question in &questions {
        town.presses("tele", question, "Send").await;
    }
    town.settled().await;
    assert_eq!(town.sent("one", ALICE), ["now", "first", "second"]);
    assert_eq!(town.sent("one", BOB), ["now", "to Bob"]);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_down_or_hangs_holds_up_no_other() {
    let mut town = Town::new(&["one", "two", "three"], &["tele"]).await;
    town.take_down("one");
    town.line("two").hang();
    let begun = Instant::now();
    for text in ["1", "2"] {
        for line in ["one", "two", "three"] {
            town.sends("tele", line, ALICE, text).await;
        }
    }
    town.arrives("one", BOB, "in by one").await;
    town.arrives("two", BOB, "in by two").await;
    town.until("the third line sends", |town| {
        town.sent("three", ALICE) == ["1", "2"]
    })
    .await;
    for line in ["one", "two"] {
        let text = format!("in by {line}");
        town.post("tele", &room_of(line, BOB), &text).await;
    }
    assert!(begun.elapsed() < MINUTE, "{:?}", begun.elapsed());
    assert!(town.sent("one", ALICE).is_empty());
    assert_eq!(town.sent("two", ALICE), ["1"]);
    // In the end the line that hangs is given up, with a question, and goes on.
    town.until("the second line goes on", |town| {
        town.sent("two", ALICE) == ["1", "2"]
    })
    .await;
    town.post("tele", LOBBY, "I can't tell whether this left")
        .await;
    town.bring_up("one");
    town.settled().await;
    assert_eq!(town.sent("one", ALICE), ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_keeps_its_order_over_restarts() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    town.take_down("one");
    for number in numbered(5) {
        town.sends("tele", "one", ALICE, &number).await;
    }
    town.restart().await;
    town.sends("tele", "one", ALICE, &long()).await;
    town.line("one").always(ALICE, Some(busy()));
    town.bring_up("one");
    tokio::time::sleep(10 * MINUTE).await;
    town.restart().await;
    town.sends("tele", "one", ALICE, "the last").await;
    town.line("one").always(ALICE, None);
    town.settled().await;
    let last = vec!["the last".to_owned()];
    let all = [numbered(5), parts_of_long().to_vec(), last].concat();
    assert_eq!(town.sent("one", ALICE), all);
}

// What comes in.

#[tokio::test(start_paused = true)]
async fn what_comes_in_keeps_its_order_while_its_chat_puts_it_off() {
    for mood in [
        Mood::OneIn(Duration::from_secs(7)),
        Mood::Away,
        Mood::Wants(HOUR),
        Mood::Hangs,
    ] {
        let town = &mut Town::new(&["one"], &["tele", "matrix"]).await;
        let room = room_of("one", ALICE);
        town.chat("tele").room_is(&room, mood.clone());
        let mut expected = Vec::new();
        for (index, number) in numbered(8).into_iter().enumerate() {
            if index == 4 {
                town.restart().await;
                town.arrives("one", ALICE, &long()).await;
                expected.push(long());
            }
            town.arrives("one", ALICE, &number).await;
            town.arrives("one", BOB, &number).await;
            expected.push(number);
        }
        let all_elsewhere = |town: &Town| {
            shown(town, "matrix", ALICE) == expected
                && shown(town, "matrix", BOB) == numbered(8)
                && shown(town, "tele", BOB) == numbered(8)
        };
        let begun = Instant::now();
        town.until("all is shown elsewhere", all_elsewhere).await;
        assert!(begun.elapsed() < MINUTE, "{mood:?}: {:?}", begun.elapsed());
        if !matches!(mood, Mood::OneIn(_)) {
            assert!(shown(town, "tele", ALICE).is_empty());
            tokio::time::sleep(MINUTE).await;
            town.chat("tele").room_is(&room, Mood::Answers);
        }
        town.settled().await;
        if mood == Mood::Hangs {
            // Two tries of it are in doubt, one of either life of the program.
            let doubtful = expected.remove(0);
            town.post("tele", ADMIN, &doubtful).await;
        }
        assert_eq!(shown(town, "tele", ALICE), expected, "{mood:?}");
        let repeats = town.chat("tele").messages();
        let marked = repeats.iter().filter(|shown| shown.is_repeat).count();
        let most = usize::from(mood == Mood::Hangs) * 2;
        assert!(marked <= most, "{mood:?}: {marked} marked repeats");
        assert_eq!(town.chat("tele").too_early(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn many_rooms_that_hang_do_not_hold_up_another() {
    for many in [1, 7, 8, 20, 60] {
        let town = Town::new(&["one"], &["tele"]).await;
        let stuck: Vec<String> = (0..many).map(|n| format!("+120255502{n:02}")).collect();
        for number in &stuck {
            let room = room_of("one", number);
            town.chat("tele").room_is(&room, Mood::Hangs);
            for text in ["1", "2", "3"] {
                town.arrives("one", number, text).await;
            }
        }
        // From the first minute on, and while more and more is given up.
        for round in 0..20 {
            let begun = Instant::now();
            let text = format!("free {round}");
            town.arrives("one", ALICE, &text).await;
            town.post("tele", &room_of("one", ALICE), &text).await;
            let waited = begun.elapsed();
            assert!(waited < 3 * MINUTE, "{many}: {waited:?}");
            tokio::time::sleep(MINUTE).await;
        }
        for number in &stuck {
            let room = room_of("one", number);
            town.chat("tele").room_is(&room, Mood::Answers);
        }
        town.settled().await;
        // Nothing of it is gone: it stands in its room, or in the admin chat.
        let notices = town.chat("tele").said(ADMIN);
        let count = |notice: &String| notice.split(' ').next()?.parse::<usize>().ok();
        let given_up: usize = notices.iter().filter_map(count).sum();
        let in_rooms = stuck.iter().map(|number| shown(&town, "tele", number));
        let in_rooms: usize = in_rooms.map(|texts| texts.len()).sum();
        assert_eq!(in_rooms + given_up, 3 * stuck.len());
    }
}

#[tokio::test(start_paused = true)]
async fn a_network_that_is_away_holds_up_neither_the_line_nor_the_other_network() {
    let mut town = Town::new(&["one"], &["tele", "matrix"]).await;
    town.chat("tele").is(Mood::Hangs);
    town.restart().await;
    let begun = Instant::now();
    for number in numbered(20) {
        town.arrives("one", ALICE, &number).await;
        town.sends("matrix", "one", BOB, &number).await;
    }
    town.until("all arrives and leaves", |town| {
        shown(town, "matrix", ALICE) == numbered(20) && town.sent("one", BOB) == numbered(20)
    })
    .await;
    town.state("matrix", "number 20", MessageState::Sent).await;
    assert!(begun.elapsed() < MINUTE, "{:?}", begun.elapsed());
    town.chat("tele").is(Mood::Answers);
    town.settled().await;
    assert_eq!(shown(&town, "tele", ALICE), numbered(20));
    let mirrors: Vec<String> = numbered(20)
        .iter()
        .map(|text| format!("via matrix: {text}"))
        .collect();
    assert_eq!(shown(&town, "tele", BOB), mirrors);
}

#[tokio::test(start_paused = true)]
async fn long_and_short_ones_from_one_contact_are_shown_as_they_became_whole() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    let mut parts = town.line("one").incoming(ALICE, &long());
    let last = parts.pop().unwrap();
    town.arrives("one", ALICE, "before").await;
    for pdu in parts {
        town.part_arrives("one", pdu).await;
    }
    town.arrives("one", ALICE, "in between").await;
    town.restart().await;
    town.part_arrives("one", last).await;
    town.arrives("one", ALICE, "behind").await;
    town.settled().await;
    let expected = ["before", "in between", &long(), "behind"];
    assert_eq!(shown(&town, "tele", ALICE), expected);
}
