//! Owners talk to the network by USSD, and nothing is ever said to it twice; in virtual time.

mod town;

use bridge_core::Role;
use bridge_core::chat::Verdict;
use bridge_core::conformance::{Command, When};
use town::Town;
use town::chat::LOBBY;

async fn refused(town: &mut Town, command: &str) -> String {
    let verdict = town.writes("tele", LOBBY, command).await;
    let Verdict::Refused(why) = verdict else {
        panic!("{command}: {verdict:?}");
    };
    why
}

#[tokio::test(start_paused = true)]
async fn a_code_is_answered_and_a_menu_goes_on_by_replies() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    town.line("one").next_ussd("1 Balance\n2 Offers", true);
    town.line("one").next_ussd("You have 3.20", false);
    town.writes("tele", LOBBY, "/ussd *100#").await;
    let menu = town.post("tele", LOBBY, "1 Balance\n2 Offers").await;
    town.answers("tele", &menu, "1").await;
    let balance = town.post("tele", LOBBY, "You have 3.20").await;
    // Neither goes on, and neither is an SMS.
    for post in [&menu, &balance] {
        town.answers("tele", post, "2").await;
    }
    town.settled().await;
    assert_eq!(town.line("one").ussd_heard(), ["*100#", "1"]);
    assert!(town.line("one").parts().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dialogue_is_ended_by_a_button_or_a_word() {
    for by_button in [true, false] {
        let mut town = Town::new(&["one"], &["tele"]).await;
        town.line("one").next_ussd("1 Balance", true);
        town.writes("tele", LOBBY, "/ussd *100#").await;
        let menu = town.post("tele", LOBBY, "1 Balance").await;
        match by_button {
            true => town.presses("tele", &menu, "End it").await,
            false => town.answers("tele", &menu, "/cancel").await,
        };
        town.until("it is ended", |town| {
            town.line("one").ussd_heard() == ["*100#", "end"]
        })
        .await;
        town.answers("tele", &menu, "1").await;
        town.post("tele", LOBBY, "waits for no reply to this any more")
            .await;
        assert_eq!(town.line("one").ussd_heard(), ["*100#", "end"]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_under_way_at_a_restart_is_unknown_and_not_said_again() {
    for when in [When::Before, When::After] {
        let mut town = Town::new(&["one"], &["tele"]).await;
        town.line("one").next_ussd("Topped up", false);
        town.line("one").hang_at(when, Command::Ussd);
        town.writes("tele", LOBBY, "/ussd *123*4567#").await;
        town.until("it hangs", |town| town.line("one").has_hung())
            .await;
        town.restart().await;
        town.post("tele", LOBBY, "Whether this reached it is not known")
            .await;
        town.restart().await;
        town.settled().await;
        let heard = town.line("one").ussd_heard();
        assert_eq!(heard.len(), usize::from(when == When::After), "{heard:?}");
        let said = town.chat("tele").said(LOBBY);
        let told = said
            .iter()
            .filter(|text| text.contains("is not known"))
            .count();
        assert_eq!(told, 1, "{said:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_reply_waits_for_the_answer_to_the_first() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    town.line("one").next_ussd("1 Balance", true);
    town.writes("tele", LOBBY, "/ussd *100#").await;
    let menu = town.post("tele", LOBBY, "1 Balance").await;
    town.line("one").hang_at(When::Before, Command::Ussd);
    town.answers("tele", &menu, "1").await;
    town.until("it hangs", |town| town.line("one").has_hung())
        .await;
    assert_eq!(town.handle().pending().await.unwrap().parts, 1);
    let verdict = town.answers("tele", &menu, "1").await;
    let Verdict::Refused(why) = verdict else {
        panic!("{verdict:?}");
    };
    assert!(why.contains("wait for the network's answer"), "{why}");
    assert_eq!(town.line("one").ussd_heard(), ["*100#"]);
}

#[tokio::test(start_paused = true)]
async fn an_open_menu_does_not_survive_a_restart() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    town.line("one").next_ussd("1 Balance", true);
    town.writes("tele", LOBBY, "/ussd *100#").await;
    let menu = town.post("tele", LOBBY, "1 Balance").await;
    town.restart().await;
    town.answers("tele", &menu, "1").await;
    town.post("tele", LOBBY, "begin again with").await;
    assert_eq!(town.line("one").ussd_heard(), ["*100#"]);
}

#[tokio::test(start_paused = true)]
async fn only_owners_may_and_only_codes_while_the_line_is_up() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    for command in ["/ussd", "/ussd balance", "/ussd *100# now", "/ussd ٣"] {
        let why = refused(&mut town, command).await;
        assert!(why.contains("*100#"), "{command}: {why}");
    }
    let why = refused(&mut town, "/ussd @work *100#").await;
    assert!(why.contains("@work"), "{why}");
    town.take_down("one");
    let why = refused(&mut town, "/ussd *100#").await;
    assert!(
        why.contains("is not ready") && why.contains("unplugged"),
        "{why}"
    );
    town.bring_up("one");
    for role in [Role::Writer, Role::Reader] {
        town.role = role;
        town.restart().await;
        let why = refused(&mut town, "/ussd *100#").await;
        assert!(why.contains("Only an owner"), "{why}");
    }
    town.settled().await;
    assert!(town.line("one").ussd_heard().is_empty());
}
