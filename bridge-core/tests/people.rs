//! Strangers, and whom an owner lets in.

mod town;

use bridge_core::Role;
use bridge_core::chat::{Body, Verdict};
use town::Town;
use town::chat::{ADMIN, LOBBY, Shown, author, network, room_of};

const ANN: (&str, &str) = ("77", "Ann\u{202e}\nSmith");
const BOB: (&str, &str) = ("78", "me");
const NUMBER: &str = "+12025550100";

fn text(text: &str) -> Body {
    Body::Text(text.to_owned())
}

/// Ann wrote; the notices of it in both chats.
async fn strange() -> (Town, Shown, Shown) {
    let mut town = Town::new(&["home"], &["blue", "red"]).await;
    let said = town
        .other("blue", ANN, LOBBY, None, text("let me in"))
        .await;
    assert_eq!(said, Verdict::Ignored);
    let blue = town.post("blue", ADMIN, "Someone unknown wrote").await;
    let red = town.post("red", ADMIN, "Someone unknown wrote").await;
    (town, blue, red)
}

fn send() -> Body {
    text(&format!("/send {NUMBER} from Ann"))
}

#[tokio::test(start_paused = true)]
async fn a_stranger_gets_silence_and_the_owners_one_notice() {
    let (mut town, blue, _) = strange().await;
    assert!(
        blue.text.contains("in blue: Ann Smith (77)"),
        "{}",
        blue.text
    );
    for body in [
        text("hello?"),
        send(),
        text("/people"),
        Body::Choice("write:1".to_owned()),
        Body::Unsupported("a photo".to_owned()),
    ] {
        assert_eq!(
            town.other("blue", ANN, LOBBY, None, body).await,
            Verdict::Ignored
        );
    }
    // The button of the very notice is no use to her either.
    let token = blue.choices.get(1).unwrap().token.clone();
    let pressed = town.other("blue", ANN, ADMIN, None, Body::Choice(token));
    assert_eq!(pressed.await, Verdict::Ignored);
    town.restart().await;
    town.other("blue", ANN, LOBBY, None, send()).await;
    town.settled().await;
    assert_eq!(town.chat("blue").said(LOBBY), [""; 0]);
    assert_eq!(town.chat("blue").said(ADMIN).len(), 1);
    assert_eq!(town.sent("home", NUMBER), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn who_was_let_in_to_send_may_send_and_nothing_from_before_goes_out() {
    let (mut town, blue, _) = strange().await;
    town.other("blue", ANN, LOBBY, None, send()).await;
    town.presses("blue", &blue, "Let them send too").await;
    town.post("blue", LOBBY, "An owner let you in.").await;
    for network in ["blue", "red"] {
        let notice = town
            .post(
                network,
                ADMIN,
                "Ann Smith (blue) may read and send now. (me decided.)",
            )
            .await;
        assert_eq!((notice.choices.len(), notice.edits), (0, 1));
    }
    assert_eq!(town.sent("home", NUMBER), [""; 0]);
    town.restart().await;
    let sent = town.other("blue", ANN, LOBBY, None, send()).await;
    assert_eq!(sent, Verdict::Accepted);
    town.settled().await;
    assert_eq!(town.sent("home", NUMBER), ["from Ann"]);
    // Where it is shown too, it says who wrote.
    let mirrored = town.post("red", &room_of("home", NUMBER), "from Ann").await;
    assert!(mirrored.text.starts_with("via blue"), "{}", mirrored.text);
    // A writer is no owner.
    town.other("blue", ANN, LOBBY, None, text("/people")).await;
    town.post("blue", LOBBY, "Only an owner can do that").await;
    // In another network the same id is somebody else.
    let said = town.other("red", ANN, LOBBY, None, send()).await;
    assert_eq!(said, Verdict::Ignored);
}

#[tokio::test(start_paused = true)]
async fn who_was_let_in_to_read_is_told_once_that_it_was_not_sent() {
    let (mut town, _, red) = strange().await;
    town.answers("red", &red, "/allow read").await;
    town.post("blue", LOBBY, "You may read what comes in, but not send.")
        .await;
    for _ in 0..3 {
        town.other("blue", ANN, LOBBY, None, send()).await;
    }
    town.settled().await;
    let told = |town: &Town| {
        let said = town.chat("blue").said(LOBBY);
        said.iter()
            .filter(|text| text.contains("This was not sent"))
            .count()
    };
    assert_eq!(told(&town), 1);
    // A second thought counts.
    town.answers("red", &red, "/allow write").await;
    town.other("blue", ANN, LOBBY, None, send()).await;
    town.settled().await;
    assert_eq!(town.sent("home", NUMBER), ["from Ann"]);
    // Removed, she is a stranger again.
    town.writes("blue", LOBBY, "/people remove ann smith").await;
    let verdict = town.other("blue", ANN, LOBBY, None, send()).await;
    assert_eq!(verdict, Verdict::Ignored);
    town.settled().await;
    assert_eq!(town.sent("home", NUMBER).len(), 1);
    let asked = town.chat("blue").said(ADMIN);
    let asked = asked.iter().filter(|text| text.contains("Someone unknown"));
    assert_eq!(asked.count(), 1, "the owners are asked anew");
}

#[tokio::test(start_paused = true)]
async fn who_is_ignored_is_not_told_of_again() {
    let (mut town, blue, _) = strange().await;
    town.presses("blue", &blue, "Ignore them").await;
    town.post("blue", ADMIN, "is ignored from now on").await;
    // Longer than whatever is remembered for a while.
    tokio::time::sleep(std::time::Duration::from_secs(30 * 24 * 3600)).await;
    town.restart().await;
    town.other("blue", ANN, LOBBY, None, send()).await;
    town.settled().await;
    assert_eq!(town.chat("blue").said(ADMIN).len(), 1);
    town.writes("blue", LOBBY, "/people").await;
    let list = town.post("blue", LOBBY, "Who may do what here").await.text;
    assert!(list.contains("me (blue, red) may do everything"), "{list}");
    assert!(
        list.contains("Ann Smith (blue) is ignored, as me wished"),
        "{list}"
    );
    // The button is too old by now, and says so instead of doing anything.
    let pressed = town.presses("blue", &blue, "Let them send too").await;
    assert!(matches!(pressed, Verdict::Refused(words) if words.contains("too long ago")));
}

#[tokio::test(start_paused = true)]
async fn nobody_takes_the_name_of_another() {
    let (mut town, _, _) = strange().await;
    town.other("blue", BOB, LOBBY, None, text("hi")).await;
    let notice = town.post("blue", ADMIN, "me (78)").await;
    town.answers("blue", &notice, "/allow write").await;
    town.post("blue", ADMIN, "me 2 (blue) may read and send now")
        .await;
    // What is in the configuration is changed there only.
    town.writes("blue", LOBBY, "/people remove me").await;
    town.post("blue", LOBBY, "remove [person.me] there").await;
    town.writes("blue", LOBBY, "/people remove nobody").await;
    town.post("blue", LOBBY, "I know nobody called nobody")
        .await;
    town.writes("blue", LOBBY, "/allow write").await;
    town.post(
        "blue",
        LOBBY,
        "in reply to my notice that someone unknown wrote",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_paired_is_an_owner_through_a_restart_and_no_old_button_makes_less_of_them() {
    let (mut town, blue, _) = strange().await;
    let handle = town.handle();
    for _ in 0..2 {
        let paired = handle
            .pair(&network("blue"), author(ANN.0, ANN.1), Role::Owner)
            .await
            .unwrap();
        assert_eq!(paired, "Ann Smith");
    }
    drop(handle);
    town.restart().await;
    let members = town.handle().members().await.unwrap();
    let blue_network = network("blue");
    let owners: Vec<&str> = members.ids(&blue_network, Role::Owner).collect();
    assert_eq!(owners, [ANN.0]);
    let pressed = town.presses("blue", &blue, "Let them read").await;
    assert!(matches!(pressed, Verdict::Refused(words) if words.contains("an owner by now")));
    town.other("blue", ANN, LOBBY, None, text("/people")).await;
    let list = town.post("blue", LOBBY, "Who may do what here").await.text;
    assert!(
        list.contains("Ann Smith (blue) may do everything, by pairing"),
        "{list}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_crowd_of_strangers_does_not_fill_the_owners_chats() {
    let mut town = Town::new(&["home"], &["blue"]).await;
    for number in 0..120 {
        let id = format!("{}", 1000 + number);
        town.other("blue", (&id, "Spam"), LOBBY, None, text("hi"))
            .await;
    }
    town.settled().await;
    assert_eq!(town.chat("blue").said(ADMIN).len(), 50);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_let_in_as_a_group() {
    let mut town = Town::new(&["home"], &["blue"]).await;
    town.other("blue", ("-100", "Family"), LOBBY, None, send())
        .await;
    let notice = town.post("blue", ADMIN, "in the name of Family").await;
    assert!(notice.choices.is_empty(), "{:?}", notice.choices);
    town.answers("blue", &notice, "/allow write").await;
    town.post("blue", ADMIN, "in reply to my notice").await;
    town.other("blue", ("-100", "Family"), LOBBY, None, send())
        .await;
    town.settled().await;
    assert_eq!(town.sent("home", NUMBER), [""; 0]);
}
