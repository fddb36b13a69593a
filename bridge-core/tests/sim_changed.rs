//! Another SIM in the modem sends nothing before an owner agreed; in virtual time.

mod town;

use std::time::Duration;

use bridge_core::Role;
use bridge_core::chat::{MessageState, Verdict};
use town::chat::{ADMIN, LOBBY};
use town::{ALICE, Town};

const ASKS: &str = "another SIM than before is in the modem";

async fn with_another_sim() -> Town {
    let mut town = Town::new(&["one"], &["tele"]).await;
    town.line("one").set_sim("8949001", "262070001");
    town.sends("tele", "one", ALICE, "before").await;
    town.state("tele", "before", MessageState::Sent).await;
    town.take_down("one");
    town.sends("tele", "one", ALICE, "in between").await;
    town.line("one").set_sim("8949002", "262070002");
    town.bring_up("one");
    town
}

#[tokio::test(start_paused = true)]
async fn nothing_leaves_before_an_owner_agrees_and_the_question_survives_a_restart() {
    let mut town = with_another_sim().await;
    let question = town.post("tele", ADMIN, ASKS).await;
    town.sends("tele", "one", ALICE, "after").await;
    town.restart().await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(town.sent("one", ALICE), ["before"]);
    let status = town.writes("tele", LOBBY, "/status").await;
    assert!(matches!(status, Verdict::Answered(_)), "{status:?}");
    town.post("tele", LOBBY, "nothing is sent until an owner agrees")
        .await;
    town.presses("tele", &question, "Send with this SIM").await;
    town.state("tele", "after", MessageState::Sent).await;
    assert_eq!(town.sent("one", ALICE), ["before", "in between", "after"]);
    // It is the line's own from now on, and the earlier one would be another.
    town.restart().await;
    town.sends("tele", "one", ALICE, "later").await;
    town.state("tele", "later", MessageState::Sent).await;
    let asked = town.chat("tele").said(ADMIN);
    let asked = asked.iter().filter(|text| text.contains(ASKS)).count();
    assert_eq!(asked, 0, "the question says who decided by now");
    let verdict = town.presses("tele", &question, "Send with this SIM").await;
    assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
}

#[tokio::test(start_paused = true)]
async fn the_sim_of_before_goes_on_by_itself() {
    let town = with_another_sim().await;
    town.post("tele", ADMIN, ASKS).await;
    town.take_down("one");
    town.line("one").set_sim("8949001", "262070001");
    town.bring_up("one");
    town.state("tele", "in between", MessageState::Sent).await;
    town.post("tele", ADMIN, "the SIM of before is back").await;
    assert_eq!(town.sent("one", ALICE), ["before", "in between"]);
}

#[tokio::test(start_paused = true)]
async fn a_writer_cannot_agree_and_what_waited_for_long_is_asked_about() {
    let mut town = with_another_sim().await;
    let question = town.post("tele", ADMIN, ASKS).await;
    town.role = Role::Writer;
    town.restart().await;
    let verdict = town.presses("tele", &question, "Send with this SIM").await;
    assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
    town.role = Role::Owner;
    town.restart().await;
    tokio::time::sleep(Duration::from_secs(2 * 3600)).await;
    town.answers("tele", &question, "/yes").await;
    town.post("tele", LOBBY, "still send it?").await;
    town.settled().await;
    assert_eq!(town.sent("one", ALICE), ["before"]);
}

#[tokio::test(start_paused = true)]
async fn a_sim_that_tells_less_is_taken_for_the_same() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    town.line("one").set_sim("8949001", "262070001");
    town.sends("tele", "one", ALICE, "before").await;
    town.state("tele", "before", MessageState::Sent).await;
    town.line("one").forget_sim();
    town.sends("tele", "one", ALICE, "after").await;
    town.state("tele", "after", MessageState::Sent).await;
}
