//! `/send` is asked for step by step where something is left out, through restarts; in virtual time.

mod town;

use std::time::Duration;

use bridge_core::Role;
use bridge_core::chat::{MessageState, Verdict};
use town::chat::LOBBY;
use town::{ALICE, BOB, Town};

const WHOM: &str = "Whom is it for?";
const WHAT: &str = "What is the message to";

#[tokio::test(start_paused = true)]
async fn each_step_may_be_answered_by_a_reply_or_just_written_and_survives_a_restart() {
    for by_reply in [true, false] {
        let mut town = Town::new(&["one"], &["tele"]).await;
        let commands = [
            "/send".to_owned(),
            ALICE.to_owned(),
            "hello Alice".to_owned(),
        ];
        let asked = [WHOM, WHAT];
        town.writes("tele", LOBBY, &commands[0]).await;
        for (question, answer) in asked.iter().zip(&commands[1..]) {
            let question = town.post("tele", LOBBY, question).await;
            town.restart().await;
            assert!(town.line("one").parts().is_empty());
            match by_reply {
                true => town.answers("tele", &question, answer).await,
                false => town.writes("tele", LOBBY, answer).await,
            };
        }
        town.state("tele", "hello Alice", MessageState::Sent).await;
        // What is written afterwards belongs to no question.
        town.writes("tele", LOBBY, "and something else").await;
        town.settled().await;
        assert_eq!(town.sent("one", ALICE), ["hello Alice"]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_said_already_is_not_asked_for() {
    let mut town = Town::new(&["one", "two"], &["tele"]).await;
    town.writes("tele", LOBBY, &format!("/send @two {BOB}"))
        .await;
    town.post("tele", LOBBY, WHAT).await;
    town.writes("tele", LOBBY, "hi Bob").await;
    town.state("tele", "hi Bob", MessageState::Sent).await;
    town.writes("tele", LOBBY, "/send @two").await;
    town.post("tele", LOBBY, WHOM).await;
    town.writes("tele", LOBBY, ALICE).await;
    town.post("tele", LOBBY, &format!("{WHAT} {ALICE}")).await;
    town.writes("tele", LOBBY, "hi Alice").await;
    town.state("tele", "hi Alice", MessageState::Sent).await;
    assert_eq!(town.sent("two", BOB), ["hi Bob"]);
    assert_eq!(town.sent("two", ALICE), ["hi Alice"]);
}

#[tokio::test(start_paused = true)]
async fn it_can_be_called_off_and_is_forgotten_after_a_while() {
    for way in ["button", "command", "reply", "time"] {
        let mut town = Town::new(&["one"], &["tele"]).await;
        town.writes("tele", LOBBY, &format!("/send {ALICE}")).await;
        let question = town.post("tele", LOBBY, WHAT).await;
        town.settled().await;
        let verdict = match way {
            "button" => town.presses("tele", &question, "Don't send").await,
            "command" => town.writes("tele", LOBBY, "/cancel").await,
            "reply" => town.answers("tele", &question, "/cancel").await,
            _ => {
                tokio::time::sleep(Duration::from_secs(660)).await;
                town.writes("tele", LOBBY, "much later").await
            }
        };
        match way {
            "time" => assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}"),
            _ => assert!(
                matches!(verdict, Verdict::Answered(_)),
                "{way}: {verdict:?}"
            ),
        }
        town.writes("tele", LOBBY, "for nobody").await;
        town.settled().await;
        assert!(town.line("one").parts().is_empty(), "{way}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_none_may_be_corrected() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    town.writes("tele", LOBBY, "/send").await;
    let question = town.post("tele", LOBBY, WHOM).await;
    for wrong in ["bananas", "@nowhere 8558"] {
        let verdict = town.answers("tele", &question, wrong).await;
        assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
    }
    town.answers("tele", &question, ALICE).await;
    let next = town.post("tele", LOBBY, WHAT).await;
    // The first question is over.
    let verdict = town.answers("tele", &question, BOB).await;
    let Verdict::Refused(why) = verdict else {
        panic!("{verdict:?}");
    };
    assert!(why.contains("You answered that already"), "{why}");
    town.answers("tele", &next, "hi").await;
    town.state("tele", "hi", MessageState::Sent).await;
    assert_eq!(town.line("one").parts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reader_is_asked_nothing() {
    let mut town = Town::new(&["one"], &["tele"]).await;
    town.role = Role::Reader;
    town.restart().await;
    for command in ["/send", &format!("/send {ALICE}")] {
        let verdict = town.writes("tele", LOBBY, command).await;
        assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
    }
    town.settled().await;
    let said = town.chat("tele").said(LOBBY);
    assert!(
        !said.iter().any(|text| text.contains("Reply with")),
        "{said:?}"
    );
}
