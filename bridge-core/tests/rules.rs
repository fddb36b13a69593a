//! What rules make of messages, and the room that senders without a number share.

#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

mod town;

use bridge_core::chat::{MessageState, Verdict};
use bridge_core::quiet::{Quiet, QuietHours};
use bridge_core::rules::{Effects, Rule, Rules};
use bridge_core::{CodesFor, Identity, Person, Role};
use town::chat::{ADMIN, network, room_of};
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
    // What is forgotten is nowhere, not even as a wish for a room.
    town.arrives("home", "Postman", "a parcel").await;
    town.post("a", &notices(), "a parcel").await;
    town.writes("a", "1", "/room Postman").await;
    town.post("a", "1", "opens a room").await;
    town.writes("a", "1", "/forget Postman yes").await;
    town.post("a", "1", "Erased").await;
    town.settled().await;
    assert_eq!(
        town.chat("a")
            .said(&notices())
            .iter()
            .filter(|said| !said.contains("opens a room"))
            .collect::<Vec<_>>(),
        ["one", "of the bank", "a parcel"]
    );
    town.stop().await;
    let export = exported(&town);
    assert!(export.contains(BANK) && !export.contains("Postman"));
}

fn exported(town: &Town) -> String {
    let mut export = Vec::new();
    let now = bridge_core::Timestamp(0);
    bridge_core::store::export(town.folder.path(), &mut export, now).unwrap();
    String::from_utf8(export).unwrap()
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

#[tokio::test(start_paused = true)]
async fn codes_are_kept_from_others_than_owners() {
    const CODE: &str = "Your code is 482913";
    const KEPT: &str = "A code from MyBank arrived.";
    let mut town = town_with(&["a", "b"], Vec::new()).await;
    // Nobody else is there.
    town.arrives("home", BANK, CODE).await;
    town.post("a", &notices(), CODE).await;
    town.post("b", &notices(), CODE).await;
    town.settled().await;
    assert_eq!(town.chat("a").said(ADMIN), [""; 0]);
    // Somebody reads in one of the networks.
    town.others = vec![Person {
        name: "guest".to_owned(),
        role: Role::Reader,
        identities: vec![Identity {
            network: network("a"),
            id: "7".to_owned(),
        }],
    }];
    town.restart().await;
    let again = "482914 is your code";
    town.arrives("home", BANK, again).await;
    town.arrives("home", BANK, "Your balance is 100").await;
    town.post("a", &notices(), KEPT).await;
    town.post("a", &notices(), "Your balance is 100").await;
    town.post("b", &notices(), again).await;
    town.post("a", ADMIN, again).await;
    town.settled().await;
    assert!(!town.chat("a").said(&notices()).contains(&again.to_owned()));
    // An update shows no more: the network delivers it once more.
    let pdu = town.line("home").incoming(BANK, "Code: 739201").remove(0);
    town.part_arrives("home", pdu.clone()).await;
    town.post("a", ADMIN, "739201").await;
    town.part_arrives("home", pdu).await;
    town.post("a", ADMIN, "received 2 times").await;
    town.settled().await;
    let there = town.chat("a").said(&notices()).join("\n");
    assert!(!there.contains("739201"), "{there}");
    // It is in a part that comes late.
    let long = format!("{}Your code is 660199", "Dear customer. ".repeat(12));
    let mut parts = town.line("home").incoming(BANK, &long);
    let last = parts.pop().unwrap();
    for part in parts {
        town.part_arrives("home", part).await;
    }
    town.post("a", &notices(), "Dear customer").await;
    town.part_arrives("home", last).await;
    town.post("a", ADMIN, "660199").await;
    town.settled().await;
    let there = town.chat("a").said(&notices()).join("\n");
    assert!(
        !there.contains("660199") && !there.contains("Dear"),
        "{there}"
    );
    town.codes = CodesFor::Everyone;
    town.restart().await;
    let open = "Your code is 555123";
    town.arrives("home", BANK, open).await;
    town.post("a", &notices(), open).await;
    town.settled().await;
    assert!(!town.chat("a").said(ADMIN).contains(&open.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn in_quiet_hours_nothing_makes_a_sound_and_everything_comes_at_once() {
    // The hour around now, where the clock is so many minutes ahead of UTC.
    let around_now = |town: &Town, ahead: i64| -> QuietHours {
        let now = town.clock.now().0 / 60_000 + ahead;
        let time = |minutes: i64| {
            let minutes = minutes.rem_euclid(24 * 60);
            format!("{:02}:{:02}", minutes / 60, minutes % 60)
        };
        let hours = format!("{}-{}", time(now - 25), time(now + 25));
        hours.parse().unwrap()
    };
    let mut town = town_with(&["a"], Vec::new()).await;
    // The service centre's clock is an hour ahead of UTC.
    for (number, (ahead, offset, expected)) in [
        (60, None, true),
        (0, None, false),
        (0, Some("+00:00"), true),
        (60, Some("+00:00"), false),
        (-210, Some("-03:30"), true),
    ]
    .into_iter()
    .enumerate()
    {
        town.quiet = Some(Quiet {
            hours: around_now(&town, ahead),
            offset: offset.map(|offset| offset.parse().unwrap()),
        });
        town.restart().await;
        let text = format!("message {number}");
        let before = town.clock.now();
        town.arrives("home", ALICE, &text).await;
        let shown = town.post("a", &room_of("home", ALICE), &text).await;
        assert!(town.clock.now().since(before).as_secs() < 10);
        assert_eq!(
            shown.text.contains("(silent)"),
            expected,
            "{ahead} {offset:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_in_is_shown_harmless_and_stored_as_it_came() {
    let mut town = town_with(&["a"], Vec::new()).await;
    let hostile = "Not sent: @room pay \u{202e}001";
    town.arrives("home", ALICE, hostile).await;
    let shown = town.post("a", &room_of("home", ALICE), "Not sent").await;
    assert_eq!(
        shown.text,
        format!("SMS from {ALICE}:\nNot sent: ＠room pay 001")
    );
    // The network delivers it again, and the post is brought up to date.
    let pdus = town.line("home").incoming(ALICE, "SIM home: pay @all");
    town.part_arrives("home", pdus[0].clone()).await;
    town.part_arrives("home", pdus[0].clone()).await;
    let shown = town.post("a", &room_of("home", ALICE), "2 times").await;
    assert!(
        shown
            .text
            .starts_with("SMS from +12025550100:\nSIM home: pay ＠all")
    );
    town.settled().await;
    town.stop().await;
    assert!(exported(&town).contains(hostile));
}
