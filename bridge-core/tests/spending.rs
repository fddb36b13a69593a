//! What costs more than goes out unasked is held until somebody who may agree to it does; in virtual time.

#![expect(clippy::expect_used, reason = "a test's own input")]

mod town;

use std::time::Duration;

use bridge_core::chat::{MessageState, Verdict};
use bridge_core::{Limits, MayText, Role};
use town::chat::{ADMIN, LOBBY, Shown, room_of};
use town::{ALICE, BOB, Town};

/// So many parts in the GSM alphabet.
fn parts(count: usize) -> String {
    let letters = ["a", "b", "c", "d", "e", "f"].iter().cycle().take(count);
    letters.map(|letter| letter.repeat(153)).collect()
}

/// The limits that hold unless something else is configured, but for the countries.
fn usual() -> Limits {
    Limits {
        may_text: MayText::Everywhere,
        ..Limits::default()
    }
}

async fn town(limits: Limits) -> Town {
    let mut town = Town::new(&["one"], &["tele"]).await;
    town.limits = limits;
    town.restart().await;
    town
}

fn own(town: &Town, text: &str) -> Shown {
    let mut all = town.chat("tele").messages().into_iter();
    let found = all.find(|shown| !shown.by_bridge && shown.text.ends_with(text));
    found.expect("somebody wrote it")
}

#[tokio::test(start_paused = true)]
async fn a_long_message_is_asked_about_and_the_question_survives_a_restart() {
    let mut town = town(Limits {
        price_per_part: "0.09 EUR".parse().ok(),
        ..usual()
    })
    .await;
    for (count, answer) in [(4, "Send"), (5, "Don't send")] {
        let before = town.sent("one", ALICE).len();
        town.sends("tele", "one", ALICE, &parts(count)).await;
        let words = format!(
            "This takes {count} parts (about 0.{} EUR). Send it?",
            9 * count
        );
        let question = town.post("tele", LOBBY, &words).await;
        town.restart().await;
        tokio::time::sleep(Duration::from_secs(3 * 3600)).await;
        assert_eq!(town.sent("one", ALICE).len(), before, "nobody answered yet");
        town.state("tele", &parts(count), MessageState::Queued)
            .await;
        town.presses("tele", &question, answer).await;
        let state = match answer {
            "Send" => MessageState::Sent,
            _ => MessageState::Cancelled,
        };
        town.state("tele", &parts(count), state).await;
        // Whatever is pressed afterwards changes nothing.
        for label in ["Send", "Don't send"] {
            let verdict = town.presses("tele", &question, label).await;
            assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
        }
        town.settled().await;
    }
    assert_eq!(town.sent("one", ALICE).len(), 4);
    // Three parts need no question.
    town.sends("tele", "one", BOB, &parts(3)).await;
    town.state("tele", &parts(3), MessageState::Sent).await;
}

#[tokio::test(start_paused = true)]
async fn words_answer_it_where_there_are_no_buttons() {
    let mut town = town(usual()).await;
    for (count, answer, state) in [
        (4, "/yes", MessageState::Sent),
        (5, "/no", MessageState::Cancelled),
    ] {
        town.sends("tele", "one", ALICE, &parts(count)).await;
        let words = format!("This takes {count} parts. Send it?");
        let question = town.post("tele", LOBBY, &words).await;
        town.answers("tele", &question, answer).await;
        town.state("tele", &parts(count), state).await;
    }
    assert_eq!(town.sent("one", ALICE).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_eleventh_message_of_a_minute_waits_for_an_owner_and_the_count_survives_a_restart() {
    let mut town = town(usual()).await;
    for number in 0..9 {
        town.sends("tele", "one", ALICE, &format!("hi {number}."))
            .await;
    }
    town.restart().await;
    town.sends("tele", "one", ALICE, "the tenth").await;
    town.sends("tele", "one", ALICE, "the eleventh").await;
    let question = town
        .post(
            "tele",
            LOBBY,
            "This SIM may send 10 messages a minute. Send it?",
        )
        .await;
    town.settled().await;
    assert_eq!(town.sent("one", ALICE).len(), 10);
    town.presses("tele", &question, "Send").await;
    town.state("tele", "the eleventh", MessageState::Sent).await;
    // Later nobody is asked.
    tokio::time::sleep(Duration::from_secs(70)).await;
    town.sends("tele", "one", ALICE, "the twelfth").await;
    town.state("tele", "the twelfth", MessageState::Sent).await;
}

#[tokio::test(start_paused = true)]
async fn a_writer_waits_until_it_fits_or_an_owner_agrees_in_the_admin_chat() {
    let mut town = town(Limits {
        parts_per_day: 2,
        ..usual()
    })
    .await;
    town.role = Role::Writer;
    town.restart().await;
    for text in ["one", "two", "three"] {
        town.sends("tele", "one", ALICE, text).await;
    }
    let question = town.post("tele", LOBBY, "An owner has to agree").await;
    let admin = town
        .post("tele", ADMIN, &format!("me wants to text {ALICE}."))
        .await;
    let verdict = town.presses("tele", &question, "Send").await;
    let Verdict::Refused(why) = verdict else {
        panic!("{verdict:?}");
    };
    assert!(
        why.contains("2 parts a day") && why.contains("wait, and try again"),
        "{why}"
    );
    // Not by its word either.
    let third = own(&town, "three");
    town.answers("tele", &third, "/retry").await;
    town.settled().await;
    assert_eq!(town.sent("one", ALICE), ["one", "two"]);
    town.role = Role::Owner;
    town.restart().await;
    town.presses("tele", &admin, "Send").await;
    town.state("tele", "three", MessageState::Sent).await;
    // After a day a writer may say so too.
    town.role = Role::Writer;
    town.restart().await;
    town.sends("tele", "one", ALICE, "four").await;
    town.settled().await;
    tokio::time::sleep(Duration::from_secs(25 * 3600)).await;
    let fourth = own(&town, "four");
    town.answers("tele", &fourth, "/yes").await;
    town.state("tele", "four", MessageState::Sent).await;
    assert_eq!(town.sent("one", ALICE), ["one", "two", "three", "four"]);
}

#[tokio::test(start_paused = true)]
async fn an_owner_agrees_once_to_a_country_and_to_a_short_code() {
    let mut town = town(Limits::default()).await;
    // Nobody said where the SIM is at home.
    for (to, words) in [
        (ALICE, "It goes to US"),
        ("+4915112345678", "It goes to DE"),
        ("8558", "8558 is a short code"),
    ] {
        town.sends("tele", "one", to, "first").await;
        let question = town.post("tele", LOBBY, words).await;
        town.settled().await;
        assert!(town.sent("one", to).is_empty(), "{to}");
        town.presses("tele", &question, "Send").await;
        town.until("it is sent", |town| !town.sent("one", to).is_empty())
            .await;
        town.restart().await;
        town.sends("tele", "one", to, "second").await;
        town.until("it is sent", |town| town.sent("one", to).len() == 2)
            .await;
        tokio::time::sleep(Duration::from_secs(70)).await;
    }
    // Another number of a country that was agreed to.
    town.sends("tele", "one", BOB, "hi Bob").await;
    town.state("tele", "hi Bob", MessageState::Sent).await;
    // What was called off was not agreed to.
    for _ in 0..2 {
        town.sends("tele", "one", "8559", "no").await;
        let question = town.post("tele", LOBBY, "8559 is a short code").await;
        town.presses("tele", &question, "Don't send").await;
    }
    town.settled().await;
    let asked = town.chat("tele").said(LOBBY);
    let asked = asked.iter().filter(|text| text.contains("8559 is a"));
    assert_eq!(asked.count(), 2);
    assert!(town.sent("one", "8559").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_writer_cannot_agree_to_a_short_code() {
    let mut town = town(Limits::default()).await;
    town.role = Role::Writer;
    town.restart().await;
    town.sends("tele", "one", "8558", "START").await;
    let question = town.post("tele", LOBBY, "An owner has to agree").await;
    town.presses("tele", &question, "Send").await;
    town.answers("tele", &question, "/yes").await;
    tokio::time::sleep(Duration::from_secs(25 * 3600)).await;
    town.presses("tele", &question, "Send").await;
    town.settled().await;
    assert!(town.sent("one", "8558").is_empty());
    town.presses("tele", &question, "Don't send").await;
    town.state("tele", "START", MessageState::Cancelled).await;
}

#[tokio::test(start_paused = true)]
async fn a_change_goes_through_the_same_question_and_an_older_answer_does_not_count() {
    let mut town = town(usual()).await;
    let room = room_of("one", ALICE);
    town.arrives("one", ALICE, "hello").await;
    town.post("tele", &room, "hello").await;
    town.take_down("one");
    town.writes("tele", &room, "short").await;
    town.state("tele", "short", MessageState::Queued).await;
    let message = own(&town, "short");
    town.changes("tele", &message, &parts(4)).await;
    let four = town
        .post("tele", &room, "This takes 4 parts. Send it?")
        .await;
    town.changes("tele", &message, &parts(5)).await;
    let five = town
        .post("tele", &room, "This takes 5 parts. Send it?")
        .await;
    town.bring_up("one");
    town.settled().await;
    assert!(town.sent("one", ALICE).is_empty());
    let verdict = town.presses("tele", &four, "Send").await;
    assert!(
        matches!(&verdict, Verdict::Refused(why) if why.contains("newer question")),
        "{verdict:?}"
    );
    assert!(town.sent("one", ALICE).is_empty());
    town.presses("tele", &five, "Send").await;
    town.until("all of it is sent", |town| {
        town.sent("one", ALICE).len() == 5
    })
    .await;
    // A question that was not answered is not answered by making the message short.
    town.writes("tele", &room, &parts(6)).await;
    town.post("tele", &room, "This takes 6 parts").await;
    let long = own(&town, &parts(6));
    town.changes("tele", &long, "after all short").await;
    let question = town
        .post("tele", &room, "This takes 1 part. Send it?")
        .await;
    town.settled().await;
    assert_eq!(town.sent("one", ALICE).len(), 5);
    town.presses("tele", &question, "Send").await;
    town.until("it is sent", |town| {
        town.sent("one", ALICE)
            .last()
            .is_some_and(|text| text == "after all short")
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn whoever_writes_without_an_end_is_refused_at_last() {
    let mut town = town(usual()).await;
    for number in 0..40 {
        town.sends("tele", "one", ALICE, &format!("flood {number}."))
            .await;
    }
    let refused = town.post("tele", LOBBY, "too many messages at once").await;
    assert!(refused.choices.is_empty());
    town.settled().await;
    assert_eq!(town.sent("one", ALICE).len(), 10);
    let said = town.chat("tele").said(LOBBY);
    let asked = said.iter().filter(|text| text.contains("Send it?")).count();
    assert_eq!(asked, 10);
    let refused = said.iter().filter(|text| text.contains("at once")).count();
    assert_eq!(refused, 20);
}

#[tokio::test(start_paused = true)]
async fn status_tells_what_is_used() {
    let mut town = town(usual()).await;
    town.sends("tele", "one", ALICE, &parts(3)).await;
    town.state("tele", &parts(3), MessageState::Sent).await;
    let status = town.status("tele").await;
    assert!(
        status.contains("3 of 50 parts used in 24 hours"),
        "{status}"
    );
}
