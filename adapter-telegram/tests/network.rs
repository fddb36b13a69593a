//! The adapter against the simulated server: what goes wrong, and what the core is told of it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use adapter_telegram::{Settings, Severity, Telegram, Topics, check};
use bridge_core::chat::{
    Attempt, ChatAdapter, Choice, Content, Destination, InboxId, MessageState, OutgoingPost, Place,
    Probe, Receipt, Room, RoomIntent, RoomKind,
};
use bridge_core::conformance::TestLine;
use bridge_core::{
    Address, Bridge, ChatError, Conversation, DeliveryReports, Identity, LineSettings, People,
    Person, PostId, Role, Sending,
};
use serde_json::{Value, json};
use support::{FORUM, GROUP, OWNER, STRANGER, Sim, until};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

fn post(chat: i64, thread: Option<&str>, text: &str) -> OutgoingPost {
    OutgoingPost {
        id: PostId(1),
        room: Room {
            place: Place {
                chat: chat.to_string(),
                thread: thread.map(str::to_owned),
            },
            kind: RoomKind::Shared,
        },
        content: Content::Notice {
            text: text.to_owned(),
        },
        reply_to: None,
        choices: Vec::new(),
        attempt: Attempt::First,
    }
}

fn intent(chat: i64) -> RoomIntent {
    RoomIntent {
        id: PostId(1),
        destination: Destination::Conversation {
            inbox: InboxId(chat.to_string()),
            conversation: Conversation {
                line: "home".parse().unwrap(),
                address: Address::Number("+12025550100".to_owned()),
            },
        },
        title: "+12025550100".to_owned(),
        invite: Vec::new(),
        attempt: Attempt::First,
    }
}

fn cause(error: &ChatError) -> (&'static str, Option<Duration>, String) {
    match error {
        ChatError::Retry { cause, after } => ("retry", *after, cause.clone()),
        ChatError::Reject { cause } => ("reject", None, cause.clone()),
        ChatError::RoomGone { cause } => ("room gone", None, cause.clone()),
        ChatError::Unknown { cause } => ("unknown", None, cause.clone()),
    }
}

#[tokio::test]
async fn a_post_its_buttons_its_change_and_its_state() {
    let sim = Sim::start().await;
    let telegram = Telegram::without_limits(sim.settings()).unwrap();
    let question = sim.write(OWNER, OWNER, "a question").await;
    let mut asked = post(OWNER, None, "see <https://example.org>?");
    asked.reply_to = Some(question.to_string());
    asked.choices = vec![Choice {
        token: "t".to_owned(),
        label: "Send again".to_owned(),
        command: None,
    }];
    let receipt = telegram.post(&asked).await.unwrap();
    let shown = |messages: Vec<Value>| messages.last().unwrap().clone();
    let message = shown(sim.messages(OWNER).await);
    assert_eq!(message["text"], "see <https://example.org>?");
    assert_eq!(message["link_preview_options"]["is_disabled"], true);
    assert_eq!(message["answers"], question);
    assert_eq!(message["buttons"], json!(["Send again"]));

    telegram.amend(&receipt, &asked).await.unwrap();
    asked.choices.clear();
    asked.content = Content::Notice {
        text: "changed".to_owned(),
    };
    telegram.amend(&receipt, &asked).await.unwrap();
    let message = shown(sim.messages(OWNER).await);
    assert_eq!(
        (message["text"].clone(), message["buttons"].clone()),
        (json!("changed"), json!([]))
    );

    let theirs = Receipt {
        message: question.to_string(),
        ..receipt.clone()
    };
    for (state, mark) in [(MessageState::Queued, "👀"), (MessageState::Failed, "💔")] {
        telegram.show_state(&theirs, state).await.unwrap();
        let messages = sim.messages(OWNER).await;
        assert_eq!(messages[messages.len() - 2]["reactions"], json!([mark]));
    }
    // Its own post too, and twice the same: a set-operation.
    telegram
        .show_state(&receipt, MessageState::Sent)
        .await
        .unwrap();
    telegram
        .show_state(&receipt, MessageState::Sent)
        .await
        .unwrap();
    assert_eq!(shown(sim.messages(OWNER).await)["reactions"], json!(["🕊"]));

    // What it answers may have been deleted meanwhile.
    asked.reply_to = Some("999999".to_owned());
    telegram.post(&asked).await.unwrap();
    sim.server.stop().await;
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let sim = Sim::start().await;
    let telegram = Telegram::without_limits(sim.settings()).unwrap();
    let refused = async |chat: i64, thread: Option<&str>| {
        let error = telegram.post(&post(chat, thread, "x")).await.unwrap_err();
        cause(&error)
    };
    let minute = Some(Duration::from_secs(60));

    sim.act("block", json!({ "user": OWNER })).await;
    let (kind, after, words) = refused(OWNER, None).await;
    assert_eq!((kind, after), ("retry", minute));
    assert!(words.contains("press Restart"), "{words}");
    sim.act("unblock", json!({ "user": OWNER })).await;
    telegram.post(&post(OWNER, None, "x")).await.unwrap();

    let (kind, after, words) = refused(4242, None).await;
    assert_eq!((kind, after), ("retry", minute));
    assert!(words.contains("press Start"), "{words}");

    let (kind, after, words) = refused(-4242, None).await;
    assert_eq!((kind, after), ("retry", minute));
    assert!(words.contains("add the bot there"), "{words}");

    let kicked = json!({ "chat": GROUP, "user": 1_000_001, "status": "kicked" });
    sim.act("member", kicked).await;
    let (kind, after, _) = refused(GROUP, None).await;
    assert_eq!((kind, after), ("retry", minute));

    let (kind, ..) = refused(FORUM, Some("77")).await;
    assert_eq!(kind, "room gone");

    let wish = json!({ "method": "sendMessage", "what": { "retry_after": 2 } });
    sim.act("fault", wish).await;
    let (kind, after, _) = refused(OWNER, None).await;
    assert_eq!((kind, after), ("retry", Some(Duration::from_secs(2))));
    let calls = sim.calls("sendmessage").await;
    // Until then the chat is left alone: the next post waits for its turn.
    let begun = Instant::now();
    telegram.post(&post(OWNER, None, "x")).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(1900));
    assert_eq!(sim.calls("sendmessage").await, calls + 1);

    let forbidden = json!({ "chat": OWNER, "from": OWNER, "text": "x" });
    let message = sim.act("write", forbidden).await["message_id"].to_string();
    let gone = Receipt {
        place: post(OWNER, None, "").room.place,
        message: (message.parse::<i64>().unwrap() + 100).to_string(),
    };
    let error = telegram
        .show_state(&gone, MessageState::Sent)
        .await
        .unwrap_err();
    assert_eq!(cause(&error).0, "reject");
    sim.server.stop().await;
}

#[tokio::test]
async fn a_doubt_is_a_doubt_and_a_certainty_none() {
    let sim = Sim::start().await;
    let telegram = Telegram::without_limits(sim.settings()).unwrap();
    for what in ["lose_answer", "lose_call"] {
        sim.act("fault", json!({ "method": "sendMessage", "what": what }))
            .await;
        let error = telegram.post(&post(OWNER, None, what)).await.unwrap_err();
        let (kind, _, words) = cause(&error);
        assert_eq!(kind, "unknown", "{what}: {words}");
        assert!(!words.contains("1000001:"), "{words}");
    }
    let receipt = telegram.post(&post(OWNER, None, "x")).await.unwrap();
    sim.act(
        "fault",
        json!({ "method": "setMessageReaction", "what": "lose_answer" }),
    )
    .await;
    let error = telegram
        .show_state(&receipt, MessageState::Sent)
        .await
        .unwrap_err();
    assert_eq!(cause(&error).0, "retry");

    sim.server.stop().await;
    let error = telegram.post(&post(OWNER, None, "x")).await.unwrap_err();
    let (kind, after, words) = cause(&error);
    assert_eq!((kind, after), ("retry", None), "{words}");
    assert!(words.starts_with("Telegram cannot be reached"), "{words}");
    assert!(!words.contains("1000001:"), "{words}");
}

#[tokio::test]
async fn the_one_repeat_waits_until_telegram_works_again() {
    let sim = Sim::start().await;
    let telegram = Telegram::without_limits(sim.settings()).unwrap();
    let fault =
        |method, times: u32, what| json!({ "method": method, "times": times, "what": what });
    let down = json!({ "error": { "code": 502, "description": "Bad Gateway" } });
    sim.act("fault", fault(json!("sendMessage"), 1, json!("lose_call")))
        .await;
    let mut doubtful = post(OWNER, None, "an SMS");
    let error = telegram.post(&doubtful).await.unwrap_err();
    assert_eq!(cause(&error).0, "unknown");

    sim.act("fault", fault(Value::Null, 10, down)).await;
    for _ in 0..10 {
        let error = telegram.probe(&doubtful).await.unwrap_err();
        let (kind, after, words) = cause(&error);
        assert_eq!(
            (kind, after, words.as_str()),
            ("retry", None, "Bad Gateway")
        );
    }
    assert_eq!(sim.messages(OWNER).await, [] as [Value; 0]);
    assert_eq!(telegram.probe(&doubtful).await, Ok(Probe::CannotTell));
    doubtful.attempt = Attempt::Repeat;
    telegram.post(&doubtful).await.unwrap();
    let messages = sim.messages(OWNER).await;
    assert_eq!(messages.len(), 1, "{messages:#?}");
    let text = messages[0]["text"].as_str().unwrap();
    assert!(
        text.contains("an SMS") && text.contains("possible repeat"),
        "{text}"
    );

    // A chat that refuses shows that Telegram works; a wish to wait is passed on.
    sim.act("block", json!({ "user": OWNER })).await;
    let refusal = json!({ "error": { "code": 400, "description": "Bad Request: chat not found" } });
    sim.act("fault", fault(json!("getChat"), 1, refusal)).await;
    assert_eq!(telegram.probe(&doubtful).await, Ok(Probe::CannotTell));
    let wish = json!({ "retry_after": 9 });
    sim.act("fault", fault(json!("getChat"), 1, wish)).await;
    let error = telegram.probe(&doubtful).await.unwrap_err();
    assert_eq!(cause(&error).1, Some(Duration::from_secs(9)));
    sim.server.stop().await;
    let error = telegram.probe(&doubtful).await.unwrap_err();
    assert_eq!(cause(&error).0, "retry");
}

#[tokio::test]
async fn a_wrong_token_is_named_and_not_shown() {
    let sim = Sim::start().await;
    let settings = Settings {
        token: "1000001:WRONG".into(),
        ..sim.settings()
    };
    let telegram = Telegram::new(settings.clone()).unwrap();
    let error = telegram.post(&post(OWNER, None, "x")).await.unwrap_err();
    let (kind, after, words) = cause(&error);
    assert_eq!((kind, after), ("retry", Some(Duration::from_secs(60))));
    assert!(
        words.contains("@BotFather") && !words.contains("WRONG"),
        "{words}"
    );
    let findings = check(&settings).await;
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].severity, Severity::Error);
    sim.server.stop().await;
}

#[tokio::test]
async fn rooms() {
    let sim = Sim::start().await;
    let make = |topics| {
        let settings = Settings {
            topics,
            ..sim.settings()
        };
        Telegram::new(settings).unwrap()
    };
    let auto = make(Topics::Auto);
    for chat in [OWNER, GROUP] {
        let room = auto.ensure_room(&intent(chat)).await.unwrap();
        assert_eq!((room.kind, room.place.thread), (RoomKind::Shared, None));
    }
    let room = auto.ensure_room(&intent(FORUM)).await.unwrap();
    assert_eq!(room.kind, RoomKind::Dedicated);
    let topics = sim.act("topics", json!({ "chat": FORUM })).await;
    assert_eq!(topics[0]["name"], "+12025550100");
    assert_eq!(
        room.place.thread,
        Some(topics[0]["message_thread_id"].to_string())
    );

    let off = make(Topics::Off).ensure_room(&intent(FORUM)).await.unwrap();
    assert_eq!(off.kind, RoomKind::Shared);

    let demoted = json!({ "chat": FORUM, "user": 1_000_001, "status": "member" });
    sim.act("member", demoted).await;
    let room = auto.ensure_room(&intent(FORUM)).await.unwrap();
    assert_eq!(room.kind, RoomKind::Shared);
    let error = make(Topics::On)
        .ensure_room(&intent(FORUM))
        .await
        .unwrap_err();
    let (kind, _, words) = cause(&error);
    assert_eq!(kind, "retry");
    assert!(
        words.contains("administrator who may manage topics"),
        "{words}"
    );
    let error = make(Topics::On)
        .ensure_room(&intent(GROUP))
        .await
        .unwrap_err();
    let (kind, after, words) = cause(&error);
    assert_eq!((kind, after), ("retry", Some(Duration::from_secs(60))));
    assert!(words.contains("has no topics"), "{words}");
    sim.server.stop().await;
}

#[tokio::test]
async fn a_group_that_became_a_supergroup_is_found_again() {
    let sim = Sim::start().await;
    let telegram = Telegram::without_limits(sim.settings()).unwrap();
    telegram.post(&post(GROUP, None, "before")).await.unwrap();
    let new: i64 = -1_002_000_000_009;
    sim.act("migrate", json!({ "chat": GROUP, "to": new }))
        .await;
    let error = telegram
        .post(&post(GROUP, None, "after"))
        .await
        .unwrap_err();
    assert_eq!(
        (cause(&error).0, cause(&error).1),
        ("retry", Some(Duration::ZERO))
    );
    let receipt = telegram.post(&post(GROUP, None, "after")).await.unwrap();
    assert_eq!(receipt.place.chat, new.to_string());
    telegram
        .show_state(&receipt, MessageState::Sent)
        .await
        .unwrap();
    let messages = sim.messages(new).await;
    assert_eq!(messages.last().unwrap()["reactions"], json!(["🕊"]));
    sim.server.stop().await;
}

#[tokio::test]
async fn after_a_move_old_numbers_touch_no_new_message() {
    let sim = Sim::start().await;
    let telegram = Telegram::without_limits(sim.settings()).unwrap();
    let old = telegram.post(&post(GROUP, None, "before")).await.unwrap();
    let new: i64 = -1_002_000_000_009;
    sim.act("migrate", json!({ "chat": GROUP, "to": new }))
        .await;
    let error = telegram
        .post(&post(GROUP, None, "after"))
        .await
        .unwrap_err();
    assert_eq!(cause(&error).0, "retry");
    // Every id up to the old ones is taken in the new chat, by somebody else's words.
    let last: i64 = old.message.parse().unwrap();
    while sim.write(new, OWNER, "talk").await < last {}
    let mut after = post(GROUP, None, "after");
    after.reply_to = Some(old.message.clone());
    telegram.post(&after).await.unwrap();
    let messages = sim.messages(new).await;
    let shown = messages.last().unwrap();
    assert_eq!(
        (&shown["text"], &shown["answers"]),
        (&json!("after"), &Value::Null)
    );

    let error = telegram.amend(&old, &after).await.unwrap_err();
    assert_eq!(cause(&error).0, "reject");
    let error = telegram
        .show_state(&old, MessageState::Sent)
        .await
        .unwrap_err();
    assert_eq!(cause(&error).0, "reject");
    assert_eq!(sim.messages(new).await, messages);
    // What is written there is known by the new id, and so is the room.
    let room = telegram.ensure_room(&intent(GROUP)).await.unwrap();
    assert_eq!(room.place.chat, new.to_string());
    let admin = RoomIntent {
        destination: Destination::Admin {
            inbox: InboxId(GROUP.to_string()),
        },
        ..intent(GROUP)
    };
    let room = telegram.ensure_room(&admin).await.unwrap();
    assert_eq!(room.place.chat, new.to_string());
    sim.server.stop().await;
}

#[tokio::test]
async fn without_topics_no_sms_goes_without_its_sender() {
    let sim = Sim::start().await;
    let settings = sim.settings();
    let start = || Telegram::without_limits(settings.clone()).unwrap();
    let telegram = start();
    let room = telegram.ensure_room(&intent(FORUM)).await.unwrap();
    assert_eq!(room.kind, RoomKind::Dedicated);
    let sms = |room: &Room| OutgoingPost {
        room: room.clone(),
        content: Content::Sms {
            from: "+12025550100".to_owned(),
            line: None,
            text: "hello".to_owned(),
            sent_at: None,
            sound: bridge_core::chat::Sound::Usual,
            code: None,
            notes: Vec::new(),
        },
        ..post(FORUM, None, "")
    };
    let receipt = telegram.post(&sms(&room)).await.unwrap();
    sim.act("type", json!({ "chat": FORUM, "type": "supergroup" }))
        .await;
    let before = sim.messages(FORUM).await;
    // One that has asked lately learns it from the next answer; any other asks first.
    let restarted = start();
    let error = restarted.post(&sms(&room)).await.unwrap_err();
    assert_eq!(cause(&error).0, "room gone");
    let error = restarted.amend(&receipt, &sms(&room)).await.unwrap_err();
    assert_eq!(cause(&error).0, "room gone");
    assert_eq!(sim.messages(FORUM).await, before);
    let last = async || {
        let messages = sim.messages(FORUM).await;
        messages.last().unwrap()["text"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    telegram.post(&sms(&room)).await.unwrap();
    assert!(last().await.contains("+12025550100"));
    let error = telegram.post(&sms(&room)).await.unwrap_err();
    assert_eq!(cause(&error).0, "room gone");

    let chat = telegram.ensure_room(&intent(FORUM)).await.unwrap();
    assert_eq!((chat.kind, &chat.place.thread), (RoomKind::Shared, &None));
    telegram.post(&sms(&chat)).await.unwrap();
    assert!(last().await.contains("+12025550100"));
    sim.server.stop().await;
}

#[tokio::test]
async fn check_explains_what_is_missing() {
    let sim = Sim::start().await;
    let found = async |inbox: &[i64], topics| {
        let settings = Settings {
            inbox: inbox.to_vec(),
            topics,
            ..sim.settings()
        };
        let findings = check(&settings).await;
        let words = findings
            .into_iter()
            .map(|found| (found.severity, found.what));
        words.collect::<Vec<_>>()
    };
    assert_eq!(found(&[], Topics::Auto).await, []);
    assert_eq!(found(&[FORUM], Topics::Auto).await, []);
    let [(severity, what)] = &found(&[GROUP], Topics::Auto).await[..] else {
        panic!("one finding");
    };
    assert_eq!(*severity, Severity::Warning);
    assert!(what.contains("privacy mode"), "{what}");
    let [(severity, what), _] = &found(&[GROUP], Topics::On).await[..] else {
        panic!("two findings");
    };
    assert_eq!(*severity, Severity::Error);
    assert!(what.contains("has no topics"), "{what}");
    let [(severity, what)] = &found(&[4242], Topics::Auto).await[..] else {
        panic!("one finding");
    };
    assert_eq!(*severity, Severity::Error);
    assert!(what.contains("press Start"), "{what}");
    let settings = Settings {
        api_url: Some("http://127.0.0.1:1".to_owned()),
        ..sim.settings()
    };
    assert_eq!(check(&settings).await[0].severity, Severity::Warning);
    sim.server.stop().await;
}

/// A bridge with one owner and one line, and the adapter's loop on it.
struct Running {
    bridge: Bridge,
    line: Arc<TestLine>,
    stop: CancellationToken,
    task: JoinHandle<()>,
    folder: tempfile::TempDir,
}

impl Running {
    async fn start(settings: Settings) -> Self {
        Self::start_in(settings, tempfile::tempdir().unwrap()).await
    }

    async fn start_in(settings: Settings, folder: tempfile::TempDir) -> Self {
        let network = bridge_core::chat::Network("telegram".to_owned());
        let me = Person {
            name: "me".to_owned(),
            role: Role::Owner,
            identities: vec![Identity {
                network,
                id: OWNER.to_string(),
            }],
        };
        let name: bridge_core::LineName = "home".parse().unwrap();
        let lines = vec![LineSettings {
            name: name.clone(),
            country: None,
            delivery_reports: DeliveryReports::Ask,
            sending: Sending::OneStep,
        }];
        let data_dir = folder.path().to_owned();
        let core = bridge_core::Settings::new(data_dir, People(vec![me]), lines)
            .with_limits(&bridge_core::Limits::plenty());
        let mut bridge = Bridge::open(core).await.unwrap();
        let telegram = Telegram::without_limits(settings).unwrap();
        let adapter: Arc<dyn ChatAdapter> = Arc::<Telegram>::clone(&telegram);
        bridge.attach_chat(adapter).await.unwrap();
        let line = Arc::new(TestLine::default());
        let link = Arc::<TestLine>::clone(&line);
        bridge.attach_line(&name, link).await.unwrap();
        let (stop, handle) = (CancellationToken::new(), bridge.handle());
        let stopping = stop.clone();
        let task = tokio::spawn(async move { telegram.run(handle, stopping).await.unwrap() });
        Self {
            bridge,
            line,
            stop,
            task,
            folder,
        }
    }

    async fn sent(&self, number: &str, texts: &[&str]) {
        until(&format!("{texts:?} sent to {number}"), async || {
            let sent = self.line.sent_to(number);
            sent.iter()
                .map(|part| part.text.as_str())
                .eq(texts.iter().copied())
        })
        .await;
    }

    async fn end(self) -> tempfile::TempDir {
        let asked = Instant::now();
        self.stop.cancel();
        self.task.await.unwrap();
        assert!(asked.elapsed() < Duration::from_secs(1));
        self.bridge.stop().await;
        self.folder
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_loop_survives_a_second_poller_and_a_jump_of_the_numbers() {
    let sim = Sim::start().await;
    let running = Running::start(sim.settings()).await;
    sim.write(OWNER, OWNER, "/send +12025550101 one").await;
    running.sent("+12025550101", &["one"]).await;
    // Another program with the same token: the loop is cut off with 409 and comes back.
    let thief = format!(
        "{}/bot{}/getUpdates?timeout=0",
        sim.server.url(),
        bot_api_sim::DEFAULT_TOKEN
    );
    let stolen: Value = reqwest::get(thief).await.unwrap().json().await.unwrap();
    assert_eq!(stolen["ok"], true);
    sim.write(OWNER, OWNER, "/send +12025550102 two").await;
    running.sent("+12025550102", &["two"]).await;
    until("the second is acknowledged", async || {
        sim.act("pending", json!({})).await["updates"] == 0
    })
    .await;
    // After a week Telegram goes on with any number, which may be smaller.
    sim.act("next_update_id", json!({ "id": 77 })).await;
    for (number, text) in [("+12025550103", "three"), ("+12025550104", "four")] {
        sim.write(OWNER, OWNER, &format!("/send {number} {text}"))
            .await;
        running.sent(number, &[text]).await;
    }
    let folder = running.end().await;
    // A restart goes on from there.
    let running = Running::start_in(sim.settings(), folder).await;
    sim.write(OWNER, OWNER, "/send +12025550105 five").await;
    running.sent("+12025550105", &["five"]).await;
    assert!(running.line.sent_to("+12025550104").is_empty());
    running.end().await;
    sim.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_that_were_not_acknowledged_are_handled_once() {
    let sim = Sim::start().await;
    // The answer to a poll is lost: the same updates come again.
    sim.act(
        "fault",
        json!({ "method": "getUpdates", "times": 2, "what": "lose_answer" }),
    )
    .await;
    sim.write(OWNER, OWNER, "/send +12025550101 once").await;
    let running = Running::start(sim.settings()).await;
    running.sent("+12025550101", &["once"]).await;
    sim.write(OWNER, OWNER, "/send +12025550102 after").await;
    running.sent("+12025550102", &["after"]).await;
    running.sent("+12025550101", &["once"]).await;
    running.end().await;
    sim.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starts_without_a_network_and_goes_on_when_it_is_there() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    drop(taken);
    let mut settings = support::settings("http://127.0.0.1:1");
    settings.api_url = Some(format!("http://{address}"));
    let running = Running::start(settings).await;
    let sim = Sim::start_on(address).await;
    sim.write(OWNER, OWNER, "/send +12025550101 hello").await;
    running.sent("+12025550101", &["hello"]).await;
    running.end().await;
    sim.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_group_only_what_is_meant_for_the_bridge_counts() {
    let sim = Sim::start().await;
    sim.act("privacy", json!({ "on": false })).await;
    let settings = Settings {
        inbox: vec![GROUP],
        ..sim.settings()
    };
    let running = Running::start(settings).await;
    for pdu in running.line.incoming("+12025550101", "are you there?") {
        let handle = running.bridge.handle();
        let origin = bridge_core::Origin::Direct;
        handle
            .sms_arrived(&"home".parse().unwrap(), origin, pdu)
            .await
            .unwrap();
    }
    let notice = sim
        .wait_for(GROUP, "the SMS", |message| {
            message["text"]
                .as_str()
                .is_some_and(|text| text.contains("are you there?"))
        })
        .await;
    assert!(notice["text"].as_str().unwrap().contains("+12025550101"));

    // Talk among people, commands for another bot, a stranger, and somebody anonymous.
    sim.write(GROUP, OWNER, "did you see that?").await;
    sim.write(GROUP, OWNER, "/send@other_bot +12025550102 x")
        .await;
    sim.write(GROUP, STRANGER, "/send +12025550103 x").await;
    let anonymous =
        json!({ "chat": GROUP, "from": OWNER, "text": "/send +12025550104 x", "as": GROUP });
    sim.act("write", anonymous).await;
    let reply =
        json!({ "chat": GROUP, "from": OWNER, "text": "yes", "reply_to": notice["message_id"] });
    let reply = sim.act("write", reply).await["message_id"].clone();
    running.sent("+12025550101", &["yes"]).await;
    sim.wait_for(GROUP, "the mark", |message| {
        message["message_id"] == reply && message["reactions"] == json!(["🕊"])
    })
    .await;
    sim.write(GROUP, OWNER, "/send@sim_1000001_bot +12025550105 last")
        .await;
    running.sent("+12025550105", &["last"]).await;
    for number in ["+12025550102", "+12025550103", "+12025550104"] {
        assert!(running.line.sent_to(number).is_empty(), "{number}");
    }
    // Nobody was answered in the group.
    let posts = sim.messages(GROUP).await;
    let posts: Vec<_> = posts
        .iter()
        .filter(|message| message["by_bot"] == true)
        .collect();
    assert_eq!(posts.len(), 1, "{posts:#?}");
    running.end().await;
    sim.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_topic_of_an_inbox_nobody_is_left_in_doubt() {
    let sim = Sim::start().await;
    let settings = Settings {
        inbox: vec![FORUM],
        ..sim.settings()
    };
    let running = Running::start(settings).await;
    let topic = json!({ "chat": FORUM, "from": OWNER, "name": "+12025550101" });
    let topic = sim.act("topic", topic).await["message_thread_id"].clone();
    let said = json!({ "chat": FORUM, "from": OWNER, "text": "hello?", "topic": topic });
    let said = sim.act("write", said).await["message_id"].clone();
    let answer = sim
        .wait_for(FORUM, "an answer", |message| message["by_bot"] == true)
        .await;
    let text = answer["text"].as_str().unwrap();
    assert!(text.contains("I don't know whom this is for"), "{text}");
    assert_eq!(
        (&answer["answers"], &answer["message_thread_id"]),
        (&said, &topic)
    );
    running.end().await;
    sim.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_press_is_answered_and_the_pressers_right_is_checked() {
    let sim = Sim::start().await;
    let settings = Settings {
        inbox: vec![GROUP],
        ..sim.settings()
    };
    let running = Running::start(settings).await;
    let cause = "the modem did not answer".to_owned();
    running
        .line
        .next_outcome(Err(bridge_core::SendError::Unknown { cause }));
    sim.write(GROUP, OWNER, "/send +12025550101 maybe").await;
    let doubt = sim
        .wait_for(GROUP, "the question", |message| {
            message["buttons"] == json!(["Send again", "Leave it"])
        })
        .await;
    let press = async |who: i64| {
        let press = json!({ "chat": GROUP, "message_id": doubt["message_id"], "from": who, "label": "Send again" });
        let id = sim.act("press", press).await["callback_query_id"].clone();
        let answer = || async { sim.act("callback", json!({ "id": id })).await };
        until("the press is answered", async || {
            answer().await["answered"] == true
        })
        .await;
        answer().await["text"].clone()
    };
    assert_eq!(press(STRANGER).await, "");
    assert_ne!(press(OWNER).await, "");
    running.sent("+12025550101", &["maybe", "maybe"]).await;
    press(OWNER).await;
    running.sent("+12025550101", &["maybe", "maybe"]).await;
    running.end().await;
    sim.server.stop().await;
}
