//! End to end with Telegram: the built program between `modem-sim` behind a pseudo-terminal and `bot-api-sim`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

mod support;

use serde_json::{Value, json};
use support::bridge::Bridge;
use support::counterpart::until;
use support::modem::Modem;
use support::telegram::{FORUM, GROUP, OWNER, STRANGER, Telegram};

const ANN: &str = "+12025550100";
const BOB: &str = "+12025550101";

/// Three parts in Urdu and one of emoji, each a surrogate pair.
const URDU: &str = "السلام علیکم! آپ کیسے ہیں؟ امید ہے کہ آپ خیریت سے ہوں گے۔ کل شام کو ہمارے گھر میں ایک چھوٹی سی دعوت ہے اور ہم چاہتے ہیں کہ آپ \
                    بھی ضرور تشریف لائیں۔ کھانا رات آٹھ بجے ہوگا۔ بچے بھی آئیں 😀🎉🕊";

/// The three together.
struct Bench {
    modem: Modem,
    telegram: Telegram,
    bridge: Bridge,
}

async fn bench(inbox: &[i64]) -> Option<Bench> {
    let modem = Modem::start(&["--send-latency", "20", "--report-delay", "200"]).await?;
    let telegram = Telegram::start().await?;
    let config = format!(
        "{}\n[line.home]\nport = \"{}\"\n",
        telegram.config(inbox),
        modem.port().display()
    );
    let bridge = Bridge::start(&config);
    bridge.looked().await;
    Some(Bench {
        bridge,
        modem,
        telegram,
    })
}

macro_rules! bench {
    ($inbox:expr) => {
        match bench($inbox).await {
            Some(bench) => bench,
            None => return,
        }
    };
}

#[tokio::test]
async fn an_sms_comes_in_and_a_reply_goes_out_and_is_delivered() {
    let mut bench = bench!(&[]);
    bench.modem.deliver(ANN, "Are you there? <3 & more").await;
    let notice = bench.telegram.post(OWNER, "Are you there?").await;
    let text = notice["text"].as_str().unwrap_or_default();
    assert!(text.contains(ANN) && text.contains("<3 & more"), "{text}");
    assert_eq!(notice["link_preview_options"]["is_disabled"], true);
    let reply = bench.telegram.reply(OWNER, &notice, "Yes, I am").await;
    bench.telegram.expect_mark(OWNER, reply, "👍").await;
    bench.modem.expect_sent(&[(ANN, "Yes, I am")]).await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn a_group_inbox_sees_every_sms_and_a_reply_there_goes_out() {
    let mut bench = bench!(&[OWNER, GROUP]);
    bench.modem.deliver(ANN, "to everybody").await;
    bench.telegram.post(OWNER, "to everybody").await;
    let notice = bench.telegram.post(GROUP, "to everybody").await;
    let reply = bench.telegram.reply(GROUP, &notice, "from the group").await;
    bench.telegram.expect_mark(GROUP, reply, "👍").await;
    bench.modem.expect_sent(&[(ANN, "from the group")]).await;
    // The other inbox shows what was written.
    let mirror = bench.telegram.post(OWNER, "from the group").await;
    let text = mirror["text"].as_str().unwrap_or_default();
    assert!(
        text.contains("(Olga) via Telegram") && text.contains(ANN),
        "{text}"
    );
    bench.bridge.stop().await;
}

#[tokio::test]
async fn each_contact_has_a_topic_and_what_is_written_there_goes_out() {
    let mut bench = bench!(&[FORUM]);
    bench.modem.deliver(ANN, "first").await;
    let first = bench.telegram.post(FORUM, "first").await;
    bench.modem.deliver("+12025550101", "from another").await;
    let other = bench.telegram.post(FORUM, "from another").await;
    bench.modem.deliver(ANN, "second").await;
    let second = bench.telegram.post(FORUM, "second").await;
    assert_eq!(first["message_thread_id"], second["message_thread_id"]);
    assert_ne!(first["message_thread_id"], other["message_thread_id"]);
    let topics = bench.telegram.act("topics", json!({ "chat": FORUM })).await;
    let mut names: Vec<_> = topics
        .as_array()
        .expect("a list")
        .iter()
        .map(|topic| &topic["name"])
        .collect();
    names.sort_by_key(|name| name.to_string());
    assert_eq!(names, [&json!(ANN), &json!("+12025550101")]);

    let said = json!({ "chat": FORUM, "from": OWNER, "text": "no reply needed", "topic": first["message_thread_id"] });
    let said = bench.telegram.act("write", said).await["message_id"]
        .as_i64()
        .expect("an id");
    bench.telegram.expect_mark(FORUM, said, "👍").await;
    bench.modem.expect_sent(&[(ANN, "no reply needed")]).await;

    // The topic is called as its contact is.
    let named = json!({ "chat": FORUM, "from": OWNER, "text": "/name Ann Smith", "topic": first["message_thread_id"] });
    bench.telegram.act("write", named).await;
    let mut names = Vec::new();
    until(async || {
        let topics = bench.telegram.act("topics", json!({ "chat": FORUM })).await;
        let topics = topics.as_array().expect("a list").iter();
        names = topics.map(|topic| topic["name"].clone()).collect();
        names.contains(&json!("Ann Smith"))
    })
    .await;
    names.sort_by_key(Value::to_string);
    assert_eq!(names, [json!("+12025550101"), json!("Ann Smith")]);

    // Somebody deletes the topic: the next SMS makes another.
    let gone = json!({ "chat": FORUM, "message_thread_id": first["message_thread_id"] });
    bench.telegram.act("delete_topic", gone).await;
    bench.modem.deliver(ANN, "third").await;
    let third = bench.telegram.post(FORUM, "third").await;
    assert_ne!(third["message_thread_id"], first["message_thread_id"]);
    bench.bridge.stop().await;
}

#[tokio::test]
async fn commands_and_mistakes_are_answered() {
    let mut bench = bench!(&[]);
    let send = bench
        .telegram
        .write("/send +1 (202) 555-0100 hello there")
        .await;
    bench.telegram.expect_mark(OWNER, send, "👍").await;
    for (said, answer) in [
        ("/start", "/send NUMBER|NAME TEXT"),
        ("/status", "SIM home: ready"),
        ("/nonsense", "There is no command /nonsense"),
        ("/send bananas hello", "\"bananas\" is no phone number"),
        ("/send +12 3 hello", "and the text, like /send"),
        ("/send +12025550100", "What is the message to +12025550100?"),
        ("/cancel", "It is not sent."),
        ("hello?", "I don't know whom this is for"),
    ] {
        bench.telegram.write(said).await;
        bench.telegram.post(OWNER, answer).await;
    }
    bench
        .telegram
        .act(
            "write",
            json!({ "chat": OWNER, "from": OWNER, "media": "photo" }),
        )
        .await;
    bench
        .telegram
        .post(OWNER, "a photo cannot go out as an SMS")
        .await;
    bench.modem.expect_sent(&[(ANN, "hello there")]).await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn long_texts_and_emoji_are_whole_in_both_directions() {
    let mut bench = bench!(&[]);
    let parts = json!({ "do": "deliver", "from": ANN, "text": URDU, "order": [3, 1, 2] });
    let tpdus = bench.modem.ask(parts).await["tpdus"].clone();
    assert_eq!(tpdus.as_array().map(Vec::len), Some(3), "{tpdus}");
    let notice = bench.telegram.post(OWNER, URDU).await;
    let reply = bench.telegram.reply(OWNER, &notice, URDU).await;
    bench.telegram.expect_mark(OWNER, reply, "👍").await;
    bench.modem.expect_sent(&[(ANN, URDU)]).await;
    bench.modem.deliver(ANN, "😀👩‍👩‍👧‍👦🇵🇰").await;
    let notice = bench.telegram.post(OWNER, "😀👩‍👩‍👧‍👦🇵🇰").await;
    bench.telegram.reply(OWNER, &notice, "🎉🕊️").await;
    bench.modem.expect_sent(&[(ANN, URDU), (ANN, "🎉🕊️")]).await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn a_message_is_changed_while_it_waits_and_not_once_it_left() {
    let mut bench = bench!(&[]);
    let change = async |bench: &Bench, message: i64, text: &str| {
        let edit = json!({ "chat": OWNER, "message_id": message, "text": text });
        bench.telegram.act("edit", edit).await;
    };
    // It waits behind one whose result is not there yet.
    bench.modem.ask(json!({ "do": "hold_next_send" })).await;
    bench.telegram.write(&format!("/send {ANN} before")).await;
    until(async || !bench.modem.sent().await.is_empty()).await;
    let message = bench.telegram.write(&format!("/send {ANN} at nine")).await;
    bench.telegram.expect_mark(OWNER, message, "👀").await;
    change(&bench, message, &format!("/send {BOB} at ten")).await;
    bench
        .telegram
        .post(OWNER, "What goes out is still: at nine")
        .await;
    change(&bench, message, &format!("/send {ANN} at ten")).await;
    // Answered after the change: that is stored.
    bench.telegram.write("/nonsense").await;
    bench.telegram.post(OWNER, "There is no command").await;
    bench.modem.ask(json!({ "do": "release" })).await;
    bench.telegram.expect_mark(OWNER, message, "👍").await;
    let sent = [(ANN, "before"), (ANN, "at ten")];
    bench.modem.expect_sent(&sent).await;
    change(&bench, message, &format!("/send {ANN} at eleven")).await;
    let told = bench.telegram.post(OWNER, "Your change was not sent").await;
    assert_eq!(told["answers"], message, "{told:#}");
    let text = told["text"].as_str().unwrap_or_default();
    assert!(text.contains("It was sent as: at ten"), "{told:#}");
    bench.modem.expect_sent(&sent).await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn a_stranger_is_not_served() {
    let mut bench = bench!(&[]);
    let said = format!("/send {ANN} from a stranger");
    let write = json!({ "chat": STRANGER, "from": STRANGER, "text": said });
    bench.telegram.act("write", write).await;
    // The owner is told once, the stranger nothing.
    bench.telegram.post(OWNER, "Someone unknown wrote").await;
    let write = json!({ "chat": STRANGER, "from": STRANGER, "text": "/help" });
    bench.telegram.act("write", write).await;
    bench.telegram.write(&format!("/send {ANN} from me")).await;
    bench.modem.expect_sent(&[(ANN, "from me")]).await;
    bench.telegram.post(OWNER, "Someone unknown wrote").await;
    let seen = bench.telegram.messages(STRANGER).await;
    assert!(
        seen.iter().all(|message| message["by_bot"] == false),
        "{seen:#?}"
    );
    // The owner lets them in, also for the next life.
    let notice = bench.telegram.post(OWNER, "Someone unknown wrote").await;
    let told = bench
        .telegram
        .press(OWNER, &notice, "Let them send too")
        .await;
    assert!(told.contains("may read and send now"), "{told}");
    bench
        .telegram
        .post(OWNER, "may read and send now. (me decided.)")
        .await;
    bench.telegram.post(STRANGER, "An owner let you in").await;
    bench.bridge.stop().await;
    bench.bridge.restart();
    let said = format!("/send {ANN} from a friend");
    let write = json!({ "chat": STRANGER, "from": STRANGER, "text": said });
    bench.telegram.act("write", write).await;
    bench
        .modem
        .expect_sent(&[(ANN, "from me"), (ANN, "from a friend")])
        .await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn a_failure_is_told_with_its_cause() {
    let mut bench = bench!(&[]);
    // 3GPP TS 24.011 §E.2: 38, network out of order.
    bench
        .modem
        .ask(json!({ "do": "fail_next_send", "code": 38 }))
        .await;
    let said = bench.telegram.write(&format!("/send {ANN} refused")).await;
    bench.telegram.expect_mark(OWNER, said, "💔").await;
    let told = bench
        .telegram
        .post(OWNER, "Not sent: the network is out of order")
        .await;
    assert_eq!(told["answers"], said, "{told:#}");
    assert_eq!(bench.modem.sent().await, []);
    bench.telegram.press(OWNER, &told, "Send again").await;
    bench.telegram.expect_mark(OWNER, said, "👍").await;
    bench.modem.expect_sent(&[(ANN, "refused")]).await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn a_doubt_is_shown_and_one_press_sends_once() {
    let mut bench = bench!(&[]);
    bench
        .modem
        .ask(json!({ "do": "fail_next_send", "code": 332 }))
        .await;
    let said = bench.telegram.write(&format!("/send {ANN} maybe")).await;
    bench.telegram.expect_mark(OWNER, said, "🤷").await;
    let mut doubt = Value::Null;
    until(async || {
        let messages = bench.telegram.messages(OWNER).await;
        doubt = messages
            .into_iter()
            .find(|one| one["buttons"] == json!(["Send again", "Leave it"]))
            .unwrap_or_default();
        !doubt.is_null()
    })
    .await;
    assert_eq!(doubt["answers"], said, "{doubt:#}");
    let before = bench.modem.sent().await.len();
    assert_ne!(bench.telegram.press(OWNER, &doubt, "Send again").await, "");
    bench.telegram.expect_mark(OWNER, said, "👍").await;
    // A second press, as of an impatient thumb, sends nothing more.
    bench.telegram.act("press", json!({ "chat": OWNER, "message_id": doubt["message_id"], "from": OWNER, "label": "Send again" })).await;
    bench.telegram.write(&format!("/send {ANN} after")).await;
    until(async || {
        bench
            .modem
            .sent()
            .await
            .iter()
            .any(|(_, text)| text == "after")
    })
    .await;
    assert_eq!(bench.modem.sent().await.len(), before + 2);
    bench.bridge.stop().await;
}

#[tokio::test]
async fn telegrams_wish_to_wait_is_honoured_and_nothing_is_lost() {
    let mut bench = bench!(&[]);
    bench
        .telegram
        .fault("sendMessage", json!({ "retry_after": 3 }))
        .await;
    bench.modem.deliver(ANN, "be patient").await;
    bench.telegram.post(OWNER, "be patient").await;
    let calls = bench.telegram.calls("sendmessage").await;
    let codes: Vec<_> = calls.iter().map(|call| call["code"].as_u64()).collect();
    assert_eq!(codes, [Some(429), Some(200)]);
    let at = |call: &Value| call["at_ms"].as_u64().expect("a time");
    assert!(at(&calls[1]) - at(&calls[0]) >= 3000, "{calls:#?}");
    bench.bridge.stop().await;
}

#[tokio::test]
async fn a_lost_answer_leaves_at_most_one_repeat_and_it_is_marked() {
    let mut bench = bench!(&[]);
    bench
        .telegram
        .fault("sendMessage", json!("lose_answer"))
        .await;
    bench.modem.deliver(ANN, "in doubt").await;
    bench.telegram.posts(OWNER, "possible repeat").await;
    bench.modem.deliver(ANN, "afterwards").await;
    bench.telegram.post(OWNER, "afterwards").await;
    let posts = bench.telegram.posts(OWNER, "in doubt").await;
    let marked = posts
        .iter()
        .filter(|post| {
            post["text"]
                .as_str()
                .is_some_and(|text| text.contains("possible repeat"))
        })
        .count();
    assert_eq!((posts.len(), marked), (2, 1), "{posts:#?}");
    bench.bridge.stop().await;
}

#[tokio::test]
async fn what_is_queued_survives_a_restart() {
    let mut bench = bench!(&[]);
    bench.modem.deliver(ANN, "before the restart").await;
    let notice = bench.telegram.post(OWNER, "before the restart").await;
    bench
        .modem
        .ask(json!({ "do": "coverage", "state": "none" }))
        .await;
    let first = bench
        .telegram
        .reply(OWNER, &notice, "while there is no network")
        .await;
    bench.telegram.expect_mark(OWNER, first, "👀").await;
    bench.bridge.stop().await;
    // Written while nobody listens: Telegram keeps it.
    let second = bench
        .telegram
        .reply(OWNER, &notice, "while the bridge is off")
        .await;
    bench
        .modem
        .ask(json!({ "do": "coverage", "state": "home" }))
        .await;
    bench.bridge.restart();
    bench.telegram.expect_mark(OWNER, first, "👍").await;
    bench.telegram.expect_mark(OWNER, second, "👍").await;
    bench
        .modem
        .expect_sent(&[
            (ANN, "while there is no network"),
            (ANN, "while the bridge is off"),
        ])
        .await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn the_port_disappears_in_the_middle_of_a_queue_and_returns() {
    let mut bench = bench!(&[]);
    // A report that comes while the port is away costs the mark of delivery, as the design says.
    let settled = |mark: &Value| mark == "🕊" || mark == "👍";
    let mut said = Vec::new();
    let texts = ["one", "two", "three", "four"];
    for text in texts {
        said.push(bench.telegram.write(&format!("/send {ANN} {text}")).await);
        if text == "two" {
            until(async || !bench.modem.sent().await.is_empty()).await;
            bench
                .modem
                .ask(json!({ "do": "drop_port", "seconds": 2 }))
                .await;
        }
    }
    for (text, message) in texts.into_iter().zip(said) {
        let mut mark = Value::Null;
        until(async || {
            let messages = bench.telegram.messages(OWNER).await;
            let found = messages.iter().find(|one| one["message_id"] == message);
            mark = found.map_or(Value::Null, |one| one["reactions"][0].clone());
            settled(&mark) || mark == "🤷"
        })
        .await;
        let sent = bench.modem.sent().await;
        let times = sent.iter().filter(|(_, sent)| sent == text).count();
        // The one that was on its way when the port went may be in doubt; none is left waiting or sent twice.
        let fine = (settled(&mark) && times == 1) || (mark == "🤷" && times <= 1);
        assert!(fine, "{text}: {mark}, {sent:?}");
    }
    bench.bridge.stop().await;
}

#[tokio::test]
async fn killed_while_sms_arrive_it_loses_none() {
    let mut bench = bench!(&[]);
    let texts: Vec<String> = (1..=8)
        .map(|number| format!("number {number} of many"))
        .collect();
    for (index, text) in texts.iter().enumerate() {
        bench.modem.deliver(ANN, text).await;
        if index == 3 {
            bench.telegram.posts(OWNER, "number 1").await;
            bench.bridge.kill().await;
        }
    }
    bench.bridge.restart();
    for text in &texts {
        let posts = bench.telegram.posts(OWNER, text).await;
        let says = |post: &&Value| {
            post["text"]
                .as_str()
                .is_some_and(|text| text.contains("possible repeat"))
        };
        let marked = posts.iter().filter(says).count();
        // What was being posted when it was killed may come twice, and then says so.
        assert!(posts.len() - marked <= 1 && marked <= 1, "{posts:#?}");
    }
    let mut stored = Value::Null;
    until(async || {
        stored = bench.modem.ask(json!({ "do": "stored" })).await;
        stored["stored"] == json!([])
    })
    .await;
    assert_eq!(stored["stored"], json!([]));
    bench.bridge.stop().await;
}

#[tokio::test]
async fn killed_before_the_result_it_asks_and_sends_nothing_again() {
    let mut bench = bench!(&[]);
    bench
        .modem
        .ask(json!({ "do": "set", "reports": "off" }))
        .await;
    bench.modem.ask(json!({ "do": "hold_next_send" })).await;
    let said = bench
        .telegram
        .write(&format!("/send {ANN} on its way"))
        .await;
    bench.modem.expect_sent(&[(ANN, "on its way")]).await;
    bench.bridge.kill().await;
    bench.modem.ask(json!({ "do": "release" })).await;
    bench.bridge.restart();
    bench.telegram.expect_mark(OWNER, said, "🤷").await;
    let asked = bench.telegram.post(OWNER, "may deliver it twice").await;
    assert_eq!(asked["buttons"], json!(["Send again", "Leave it"]));
    bench.telegram.press(OWNER, &asked, "Leave it").await;
    let next = bench.telegram.write(&format!("/send {ANN} the next")).await;
    bench.telegram.expect_mark(OWNER, next, "🕊").await;
    bench
        .modem
        .expect_sent(&[(ANN, "on its way"), (ANN, "the next")])
        .await;
    bench.bridge.stop().await;
}
