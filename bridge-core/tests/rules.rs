//! What rules make of messages, and the room that senders without a number share.

#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

mod town;

use bridge_core::chat::{MessageState, Verdict};
use bridge_core::rules::{Effects, Rule, Rules};
use town::chat::{ADMIN, room_of};
use town::{ALICE, BOB, Town};

const BANK: &str = "MyBank";
const SHOP: &str = "8558";

fn rule(from: &[&str], effects: Effects) -> Rule {
    Rule {
        from: from.iter().map(|one| one.parse().unwrap()).collect(),
        effects,
        ..Rule::default()
    }
}

fn notices() -> String {
    room_of("home", "notices")
}

async fn town_with(networks: &[&'static str], rules: Vec<Rule>) -> Town {
    let mut town = Town::new(&["home"], networks).await;
    town.rules = Rules(rules);
    town.restart().await;
    town
}

#[tokio::test(start_paused = true)]
async fn a_rule_says_where_a_message_is_shown_and_whether_it_makes_a_sound() {
    let only_b = Effects {
        inboxes: Some(vec!["b".parse().unwrap()]),
        tag: "family".parse().ok(),
        ..Effects::default()
    };
    let silent = Effects {
        silent: true,
        ..Effects::default()
    };
    let rules = vec![rule(&[BOB], only_b), rule(&["+1*"], silent)];
    let mut town = town_with(&["a", "b"], rules).await;
    town.arrives("home", BOB, "from Bob").await;
    town.arrives("home", ALICE, "from Alice").await;
    for network in ["a", "b"] {
        let shown = town
            .post(network, &room_of("home", ALICE), "from Alice")
            .await;
        assert!(shown.text.contains("(silent)"));
    }
    let shown = town.post("b", &room_of("home", BOB), "from Bob").await;
    assert!(shown.text.contains("(#family)") && !shown.text.contains("(silent)"));
    town.settled().await;
    // Neither is what is written to them.
    town.answers("b", &shown, "to Bob").await;
    town.state("b", "to Bob", MessageState::Sent).await;
    town.settled().await;
    assert_eq!(town.chat("a").said(&room_of("home", BOB)), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_is_stored_and_what_is_blocked_is_not_shown_by_any_rule() {
    let dropped = Effects {
        drop: true,
        ..Effects::default()
    };
    let mut town = town_with(&["a"], vec![rule(&["+1*"], dropped)]).await;
    town.arrives("home", ALICE, "an advert").await;
    town.settled().await;
    assert_eq!(town.chat("a").said(&room_of("home", ALICE)), [""; 0]);
    // In private.
    town.writes("a", "1", "/search advert").await;
    town.post("a", "1", "an advert").await;
    // What the owner has to know is no message.
    let notice = bridge_core::LineNotice::RegistrationDenied;
    let handle = town.handle();
    handle
        .line_notice(&town::line("home"), notice)
        .await
        .unwrap();
    town.post("a", ADMIN, "suddenly refuses this SIM").await;
    town.rules = Rules(vec![rule(&["+1*"], Effects::default())]);
    town.restart().await;
    town.writes("a", town::chat::LOBBY, &format!("/block {ALICE}"))
        .await;
    town.arrives("home", ALICE, "hidden").await;
    town.settled().await;
    assert_eq!(town.chat("a").said(&room_of("home", ALICE)), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn senders_of_notices_share_a_room_where_a_reply_finds_the_right_one() {
    let mut town = town_with(&["a", "b"], Vec::new()).await;
    town.arrives("home", BANK, "from the bank").await;
    town.arrives("home", SHOP, "from the shop").await;
    town.arrives("home", "8559", "from another").await;
    town.arrives("home", ALICE, "from Alice").await;
    town.post("a", &room_of("home", ALICE), "from Alice").await;
    town.post("a", &notices(), "from the bank").await;
    town.post("a", &notices(), "from another").await;
    let shop = town.post("a", &notices(), "from the shop").await;
    town.restart().await;
    town.answers("a", &shop, "STOP").await;
    town.state("a", "STOP", MessageState::Sent).await;
    assert_eq!(town.sent("home", SHOP), ["STOP"]);
    // The other chat shows it in the same room.
    town.post("b", &notices(), "STOP").await;
    let verdict = town.writes("a", &notices(), "to nobody").await;
    assert!(matches!(verdict, Verdict::Refused(_)));
    town.post("a", &notices(), "several senders write here")
        .await;
    town.settled().await;
    assert!(town.sent("home", "8559").is_empty());
    assert_eq!(town.sent("home", SHOP), ["STOP"]);
}

#[tokio::test(start_paused = true)]
async fn a_sender_gets_a_room_of_their_own_and_keeps_it() {
    let mut town = town_with(&["a"], Vec::new()).await;
    town.arrives("home", SHOP, "one").await;
    town.arrives("home", BANK, "of the bank").await;
    let shop = town.post("a", &notices(), "one").await;
    town.answers("a", &shop, "/room").await;
    town.post("a", &notices(), "opens a room or topic of its own")
        .await;
    town.restart().await;
    town.arrives("home", SHOP, "two").await;
    town.post("a", &room_of("home", SHOP), "two").await;
    town.restart().await;
    town.arrives("home", SHOP, "three").await;
    town.post("a", &room_of("home", SHOP), "three").await;
    // What is written there needs no reply any more.
    town.writes("a", &room_of("home", SHOP), "INFO").await;
    town.state("a", "INFO", MessageState::Sent).await;
    assert_eq!(town.sent("home", SHOP), ["INFO"]);
    town.writes("a", town::chat::LOBBY, "/room mybank").await;
    town.post("a", town::chat::LOBBY, "opens a room").await;
    town.arrives("home", BANK, "again").await;
    town.post("a", &room_of("home", BANK), "again").await;
    town.writes("a", town::chat::LOBBY, &format!("/room {SHOP}"))
        .await;
    town.post("a", town::chat::LOBBY, "has a room of their own already")
        .await;
    town.settled().await;
    assert_eq!(
        town.chat("a")
            .said(&notices())
            .iter()
            .filter(|said| !said.contains("opens a room"))
            .collect::<Vec<_>>(),
        ["one", "of the bank"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_room_from_before_stays_its_senders() {
    let own = Effects {
        room: Some(bridge_core::rules::RoomChoice::Own),
        ..Effects::default()
    };
    let mut town = town_with(&["a"], vec![rule(&[SHOP], own)]).await;
    town.arrives("home", SHOP, "one").await;
    town.post("a", &room_of("home", SHOP), "one").await;
    town.settled().await;
    town.rules = Rules::default();
    town.restart().await;
    town.arrives("home", SHOP, "two").await;
    town.post("a", &room_of("home", SHOP), "two").await;
}
