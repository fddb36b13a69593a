//! Rooms are called as their contacts are, whatever happens in between; in virtual time.

mod town;

use std::time::Duration;

use town::chat::{LOBBY, Mood, room_of};
use town::{ALICE, BOB, Town};

async fn with_rooms() -> Town {
    let town = Town::new(&["one", "two"], &["tele", "mat"]).await;
    for line in ["one", "two"] {
        town.arrives(line, ALICE, "hello").await;
    }
    town.arrives("one", BOB, "hi").await;
    town.settled().await;
    town
}

/// Waits until every room of this number is called so.
async fn all_called(town: &Town, number: &str, title: &str) {
    town.until("the rooms are called so", |town| {
        ["one", "two"].iter().all(|line| {
            let room = room_of(line, number);
            ["tele", "mat"].iter().all(|chat| {
                let called = town.chat(chat).title(&room);
                called.is_none_or(|called| called == title)
            })
        })
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_name_renames_every_room_of_the_contact_and_no_other() {
    let mut town = with_rooms().await;
    all_called(&town, ALICE, ALICE).await;
    for name in ["Alice", "Alice Smith"] {
        town.writes("tele", LOBBY, &format!("/name {ALICE} {name}"))
            .await;
        all_called(&town, ALICE, name).await;
    }
    all_called(&town, BOB, BOB).await;
    // Who has two numbers is told apart by them, in rooms that have been there before too.
    town.writes("tele", LOBBY, &format!("/name {BOB} Alice Smith"))
        .await;
    all_called(&town, ALICE, &format!("Alice Smith ({ALICE})")).await;
    all_called(&town, BOB, &format!("Alice Smith ({BOB})")).await;
    let pending = town.handle().pending().await.unwrap();
    assert_eq!(pending.posts, 0);
}

#[tokio::test(start_paused = true)]
async fn a_network_that_is_away_renames_later_also_after_a_restart() {
    let mut town = with_rooms().await;
    town.chat("mat").is(Mood::Away);
    town.writes("tele", LOBBY, &format!("/name {ALICE} Alice"))
        .await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    let room = room_of("one", ALICE);
    assert_eq!(town.chat("tele").title(&room).as_deref(), Some("Alice"));
    assert_eq!(town.chat("mat").title(&room).as_deref(), Some(ALICE));
    town.restart().await;
    town.writes("tele", LOBBY, &format!("/name {ALICE} Alice Smith"))
        .await;
    town.restart().await;
    town.chat("mat").is(Mood::Answers);
    all_called(&town, ALICE, "Alice Smith").await;
}

#[tokio::test(start_paused = true)]
async fn a_room_that_refuses_keeps_its_title_and_holds_nothing_up() {
    let mut town = with_rooms().await;
    let room = room_of("one", ALICE);
    town.chat("tele").room_is(&room, Mood::Refuses);
    town.writes("tele", LOBBY, &format!("/name {ALICE} Alice"))
        .await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let calls = town.chat("tele").calls();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(town.chat("tele").calls(), calls, "it is not tried again");
    assert_eq!(town.chat("tele").title(&room).as_deref(), Some(ALICE));
    let other = room_of("two", ALICE);
    assert_eq!(town.chat("tele").title(&other).as_deref(), Some("Alice"));
    town.chat("tele").room_is(&room, Mood::Answers);
    town.arrives("one", ALICE, "still here").await;
    town.post("tele", &room, "still here").await;
}

#[tokio::test(start_paused = true)]
async fn a_number_that_goes_to_somebody_else_renames_what_is_left_behind() {
    let mut town = with_rooms().await;
    for number in [ALICE, BOB] {
        town.writes("tele", LOBBY, &format!("/name {number} Alice"))
            .await;
    }
    all_called(&town, BOB, &format!("Alice ({BOB})")).await;
    // Bob has a number already.
    for number in ["+12025550102", BOB] {
        town.writes("tele", LOBBY, &format!("/name {number} Bob"))
            .await;
    }
    all_called(&town, BOB, &format!("Bob ({BOB})")).await;
    // One number is left, and needs not to be told apart.
    all_called(&town, ALICE, "Alice").await;
}
