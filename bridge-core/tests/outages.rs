//! Chats that refuse what is posted, lose it, or are away: one notice, nothing gone, and all of it shown in the end.

mod town;

use std::time::Duration;

use bridge_core::chat::{MessageState, Verdict};
use town::chat::{ADMIN, LOBBY, Mood, Shown, room_of};
use town::{ALICE, BOB, Town};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn contacts(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("+120255502{n:02}")).collect()
}

/// The notices in a network's admin chat.
fn notices(town: &Town, network: &str) -> Vec<Shown> {
    let messages = town.chat(network).messages().into_iter();
    let there = messages.filter(|shown| shown.by_bridge && shown.room == ADMIN);
    there.collect()
}

fn said(town: &Town, network: &str, number: &str) -> Vec<String> {
    town.chat(network).said(&room_of("one", number))
}

/// All rooms of contacts in the network.
fn rooms_are(town: &Town, network: &str, mood: Mood) {
    town.chat(network).room_is(ADMIN, Mood::Answers);
    town.chat(network).room_is(LOBBY, Mood::Answers);
    town.chat(network).is(mood);
}

#[tokio::test(start_paused = true)]
async fn what_a_chat_refuses_is_told_once_and_shown_there_when_somebody_says_so() {
    let mut town = Town::new(&["one"], &["tele", "matrix"]).await;
    rooms_are(&town, "tele", Mood::Refuses);
    let contacts = contacts(10);
    for round in 1..=5 {
        for number in &contacts {
            town.arrives("one", number, &format!("round {round}")).await;
        }
        tokio::time::sleep(MINUTE).await;
        if round == 3 {
            town.restart().await;
        }
    }
    town.settled().await;
    let words = "50 messages could not be shown in their places in tele: the bot was thrown out.";
    for network in ["tele", "matrix"] {
        let told = notices(&town, network);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].text.starts_with(words), "{}", told[0].text);
        assert!(
            told[0]
                .text
                .contains(&format!("{}: round 1\n", contacts[0]))
        );
    }
    let status = town.status("tele").await;
    assert!(
        status.contains("Could not be shown in a chat: 50"),
        "{status}"
    );

    rooms_are(&town, "tele", Mood::Answers);
    town.restart().await;
    let notice = notices(&town, "matrix").remove(0);
    let done = town.presses("matrix", &notice, "Try again there").await;
    let words = "Trying to show 50 messages there again.".to_owned();
    assert_eq!(done, Verdict::Answered(words));
    town.settled().await;
    let rounds = ["round 1", "round 2", "round 3", "round 4", "round 5"];
    for network in ["tele", "matrix"] {
        for number in &contacts {
            assert_eq!(said(&town, network, number), rounds, "{network}");
        }
        let told = notices(&town, network);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].text.ends_with("Tried there again."));
        assert!(told[0].choices.is_empty());
        let mut all = town.chat(network).messages().into_iter();
        assert!(!all.any(|shown| shown.is_repeat));
    }
    // Pressed once more on another client that still shows the button.
    let again = town.presses("matrix", &notice, "Try again there").await;
    assert!(matches!(again, Verdict::Refused(_)), "{again:?}");
    let status = town.status("tele").await;
    assert!(!status.contains("Could not be shown"), "{status}");
}

#[tokio::test(start_paused = true)]
async fn what_may_be_there_is_tried_again_only_when_asked_and_marked() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    rooms_are(&town, "tele", Mood::Loses);
    for text in ["1", "2", "3"] {
        town.arrives("one", ALICE, text).await;
    }
    town.settled().await;
    let notice = notices(&town, "tele").remove(0);
    let words = "3 messages may not have been shown in their places in tele: the answer was lost.";
    assert!(notice.text.starts_with(words), "{}", notice.text);
    // Each was tried twice. A repeat shows in the text of this network's posts only as a mark.
    assert_eq!(said(&town, "tele", ALICE), ["1", "1", "2", "2", "3", "3"]);
    town.restart().await;
    tokio::time::sleep(HOUR).await;
    assert_eq!(said(&town, "tele", ALICE).len(), 6);
    rooms_are(&town, "tele", Mood::Answers);
    // Where there are no buttons.
    town.answers("tele", &notice, "/retry").await;
    town.post("tele", ADMIN, "Trying to show 3 messages there again.")
        .await;
    town.settled().await;
    let messages = town.chat("tele").messages();
    let there = messages
        .iter()
        .filter(|shown| shown.room == room_of("one", ALICE));
    let shown: Vec<(&str, bool)> = there
        .map(|shown| (shown.text.as_str(), shown.is_repeat))
        .collect();
    let expected = [("1", false), ("1", true), ("2", false), ("2", true)];
    assert_eq!(shown[..4], expected);
    assert_eq!(shown[6..], [("1", true), ("2", true), ("3", true)]);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_again_is_told_again() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    rooms_are(&town, "tele", Mood::Refuses);
    town.arrives("one", ALICE, "1").await;
    town.arrives("one", BOB, "2").await;
    town.settled().await;
    for so_often in 1..=3 {
        let told = notices(&town, "tele");
        assert_eq!(told.len(), so_often, "{told:?}");
        assert!(told[so_often - 1].text.starts_with("2 messages could not"));
        town.presses("tele", &told[so_often - 1], "Try again there")
            .await;
        town.settled().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_chat_that_refuses_now_and_then_is_told_of_once_in_an_hour() {
    let town = Town::new(&["one"], &["tele"]).await;
    // One contact's room is closed, the others are not.
    town.chat("tele")
        .room_is(&room_of("one", BOB), Mood::Refuses);
    for minute in 0..150 {
        town.arrives("one", ALICE, &format!("to see {minute}"))
            .await;
        town.arrives("one", BOB, &format!("in vain {minute}")).await;
        tokio::time::sleep(MINUTE).await;
    }
    town.settled().await;
    let told = notices(&town, "tele");
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].text.starts_with("60 messages could not be shown"));
    assert!(told[2].text.contains("in vain 149"));
    assert_eq!(said(&town, "tele", ALICE).len(), 150);
}

#[tokio::test(start_paused = true)]
async fn where_the_admin_chat_refuses_too_it_is_told_as_soon_as_the_chat_answers() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    town.chat("tele").is(Mood::Refuses);
    town.arrives("one", ALICE, "unseen").await;
    town.arrives("one", ALICE, "unseen too").await;
    town.settled().await;
    assert!(town.chat("tele").messages().is_empty());
    town.restart().await;
    town.chat("tele").is(Mood::Answers);
    town.arrives("one", ALICE, "seen").await;
    let notice = town.post("tele", ADMIN, "2 messages could not be").await;
    town.presses("tele", &notice, "Try again there").await;
    town.settled().await;
    assert_eq!(said(&town, "tele", ALICE), ["seen", "unseen", "unseen too"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_the_notice_goes_to_the_contact_if_there_is_one_only() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    rooms_are(&town, "tele", Mood::Refuses);
    town.arrives("one", ALICE, "call me").await;
    let notice = town.post("tele", ADMIN, "1 message could not be").await;
    assert!(notice.text.ends_with(&format!("{ALICE}: call me")));
    town.answers("tele", &notice, "I will").await;
    town.state("tele", "I will", MessageState::Sent).await;
    assert_eq!(town.sent("one", ALICE), ["I will"]);
    // What was answered is not shown in Alice's room either; and now the notice tells of Bob as well.
    town.post("tele", ADMIN, "2 messages could not be").await;
    town.arrives("one", BOB, "me too").await;
    town.post("tele", ADMIN, "3 messages could not be").await;
    town.answers("tele", &notice, "whom?").await;
    town.post("tele", ADMIN, "I don't know which contact").await;
    town.settled().await;
    assert_eq!(town.sent("one", ALICE), ["I will"]);
    assert!(town.sent("one", BOB).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_notice_has_room_for_some_and_counts_the_rest() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    rooms_are(&town, "tele", Mood::Refuses);
    let long = "x".repeat(600);
    for _ in 0..12 {
        town.arrives("one", ALICE, &long).await;
    }
    town.settled().await;
    let notice = notices(&town, "tele").remove(0);
    assert!(notice.text.starts_with("12 messages could not be shown"));
    assert!(notice.text.ends_with("… and 8 more."), "{}", notice.text);
    assert!(notice.text.len() < 3000);
    rooms_are(&town, "tele", Mood::Answers);
    town.presses("tele", &notice, "Try again there").await;
    town.settled().await;
    assert_eq!(said(&town, "tele", ALICE), vec![long; 12]);
}

#[tokio::test(start_paused = true)]
async fn an_hour_without_a_chat_loses_nothing_and_floods_nobody() {
    for mood in [Mood::Away, Mood::Wants(5 * MINUTE), Mood::Hangs] {
        let mut town = Town::new(&["one"], &["tele", "matrix"]).await;
        rooms_are(&town, "tele", mood.clone());
        let contacts = contacts(8);
        let mut expected = vec![Vec::new(); contacts.len()];
        for count in 0..200 {
            let who = count * 7 % 13 % contacts.len();
            let text = format!("number {count}");
            town.arrives("one", &contacts[who], &text).await;
            expected[who].push(text);
            tokio::time::sleep(HOUR / 200).await;
            if count == 120 {
                town.restart().await;
            }
        }
        let tries = town.chat("tele").calls();
        // Eight rooms, each at most once in about four minutes after the first ones.
        assert!(tries < 8 * 30, "{mood:?}: {tries} tries");
        // A post in three seconds and room, as in a group of Telegram.
        let limit = Mood::OneIn(Duration::from_secs(3));
        rooms_are(&town, "tele", limit.clone());
        town.chat("tele").room_is(ADMIN, limit);
        town.settled().await;
        // What was tried twice is told in one notice, and shown when somebody says so.
        for network in ["tele", "matrix"] {
            let told = notices(&town, network);
            assert!(told.len() <= 1, "{mood:?}: {told:?}");
        }
        let given_up = notices(&town, "matrix");
        assert_eq!(given_up.is_empty(), mood != Mood::Hangs, "{given_up:?}");
        for notice in &given_up {
            town.presses("matrix", notice, "Try again there").await;
            town.settled().await;
        }
        for (number, expected) in contacts.iter().zip(&expected) {
            assert_eq!(&said(&town, "matrix", number), expected);
            let mut shown = said(&town, "tele", number);
            let mut expected = expected.clone();
            if mood == Mood::Hangs {
                // What was given up comes behind what was not.
                shown.sort();
                expected.sort();
            }
            assert_eq!(shown, expected, "{mood:?}");
        }
        // Whoever was told to wait waited for so long.
        let refused = town.chat("tele").told_to_wait();
        assert!(refused <= 200, "{mood:?}: {refused} came too early");
    }
}
