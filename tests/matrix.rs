//! End to end with Matrix: the built program between `modem-sim` behind a pseudo-terminal and a real Synapse.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use support::bridge::Bridge;
use support::counterpart::until;
use support::matrix::{MatrixUser, Message};
use support::modem::Modem;
use support::synapse::{Limits, Synapse};
use support::telegram::{OWNER, Telegram};

const ANN: &str = "+12025550100";
const BOB: &str = "+12025550101";

/// Three parts in Urdu, some of its emoji surrogate pairs.
const URDU: &str = "السلام علیکم! آپ کیسے ہیں؟ امید ہے کہ آپ خیریت سے ہوں گے۔ کل شام کو ہمارے گھر میں ایک چھوٹی سی دعوت ہے اور ہم چاہتے ہیں کہ آپ \
                    بھی ضرور تشریف لائیں۔ کھانا رات آٹھ بجے ہوگا۔ بچے بھی آئیں 😀🎉🕊";

const OPTIONS: &[&str] = &["--send-latency", "20", "--report-delay", "200"];

/// Tests share a homeserver: each has people of its own.
static NAMES: AtomicU32 = AtomicU32::new(0);

/// The owner, the bridge's account, and the bridge between them.
struct Bench {
    modem: Modem,
    me: MatrixUser,
    bot: MatrixUser,
    bridge: Bridge,
    url: String,
    /// Ends after the bridge, with the last test that uses it.
    _synapse: Option<Arc<Synapse>>,
}

async fn bench() -> Option<Bench> {
    let modem = Modem::start(OPTIONS).await?;
    let synapse = Synapse::shared().await?;
    let mut bench = bench_on(modem, &synapse.url(), "").await;
    bench._synapse = Some(synapse);
    Some(bench)
}

async fn bench_on(modem: Modem, url: &str, more: &str) -> Bench {
    let number = NAMES.fetch_add(1, Ordering::Relaxed);
    let me = MatrixUser::register(url, &format!("me{number}"), "mine").await;
    let bot = MatrixUser::register(url, &format!("sms{number}"), "for tests only").await;
    let person = if more.contains("[person.me]") {
        String::new()
    } else {
        "[person.me]\nrole = \"owner\"\n".to_owned()
    };
    let matrix = format!(
        "[matrix]\nhomeserver = \"{url}\"\nuser = \"{}\"\npassword = \"for tests only\"\n",
        bot.id
    );
    // A person's ids stand in one section, whichever network brought it along.
    let people = format!("{person}{more}").replacen(
        "role = \"owner\"\n",
        &format!("role = \"owner\"\nmatrix = \"{}\"\n", me.id),
        1,
    );
    let line = format!("[line.home]\nport = \"{}\"\n", modem.port().display());
    let bridge = Bridge::start(&format!("{people}\n{matrix}\n{line}"));
    bridge.looked().await;
    Bench {
        bridge,
        modem,
        me,
        bot,
        url: url.to_owned(),
        _synapse: None,
    }
}

macro_rules! bench {
    () => {
        match bench().await {
            Some(bench) => bench,
            None => return,
        }
    };
}

impl Bench {
    /// The bridge's messages that say this, once there is one.
    async fn posts(&mut self, text: &str) -> Vec<Message> {
        let (mut all, mut found) = (Vec::new(), Vec::new());
        until(async || {
            all = self.me.timeline().await;
            found = all
                .iter()
                .filter(|message| message.sender == self.bot.id && message.text.contains(text))
                .cloned()
                .collect();
            !found.is_empty()
        })
        .await;
        assert!(!found.is_empty(), "nothing says {text:?}: {all:#?}");
        found
    }

    /// The bridge's only message that says this.
    async fn post(&mut self, text: &str) -> Message {
        let mut found = self.posts(text).await;
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0)
    }

    /// Waits until the bridge's only mark on a message is this.
    async fn expect_mark(&mut self, message: &str, mark: &str) {
        let mut marks = Vec::new();
        until(async || {
            marks = self.marks(message).await;
            marks == [mark]
        })
        .await;
        assert_eq!(marks, [mark]);
    }

    async fn marks(&mut self, message: &str) -> Vec<String> {
        let timeline = self.me.timeline().await;
        let found = timeline.into_iter().find(|one| one.id == message);
        let reactions = found.map(|one| one.reactions).unwrap_or_default();
        reactions
            .into_iter()
            .filter(|(_, who)| *who == self.bot.id)
            .map(|(mark, _)| mark)
            .collect()
    }

    /// The room where the owners give commands.
    async fn admin_room(&mut self) -> String {
        let mut found = None;
        until(async || {
            for room in self.me.join_all().await {
                if self.me.room(&room).await.name == "SMS bridge" {
                    found = Some(room);
                }
            }
            found.is_some()
        })
        .await;
        found.expect("the bridge invites to an admin room")
    }

    async fn expect_sent(&mut self, expected: &[(&str, &str)]) {
        self.modem.expect_sent(expected).await;
    }
}

#[tokio::test]
async fn an_sms_makes_a_room_and_what_is_written_there_goes_out() {
    let mut bench = bench!();
    bench
        .modem
        .deliver(ANN, "Are you there? <3 & more @room")
        .await;
    let post = bench.post("Are you there?").await;
    assert_eq!(post.text, "Are you there? <3 & more ＠room");
    assert_eq!(post.kind, "m.text");
    let room = bench.me.room(&post.room).await;
    assert_eq!(room.name, ANN);
    assert_eq!(room.join_rule, "invite");
    assert_eq!(room.version, "12");
    assert!(
        room.topic.contains(ANN) && room.topic.contains("home"),
        "{}",
        room.topic
    );
    let both = [bench.me.id.clone(), bench.bot.id.clone()];
    let mut members = room.members;
    members.sort();
    assert_eq!(members, both.map(|id| (id, "join".to_owned())));

    let said = bench.me.say(&post.room, "Yes, I am").await;
    bench.expect_mark(&said, "✓✓").await;
    bench.expect_sent(&[(ANN, "Yes, I am")]).await;

    bench.modem.deliver(ANN, "And now?").await;
    assert_eq!(bench.post("And now?").await.room, post.room);
    bench.modem.deliver(BOB, "Somebody else").await;
    let other = bench.post("Somebody else").await;
    assert_ne!(other.room, post.room);
    assert_eq!(bench.me.room(&other.room).await.name, BOB);

    // The room is called as its contact is.
    bench.me.say(&post.room, "!name Ann @room Smith").await;
    let mut name = String::new();
    until(async || {
        name = bench.me.room(&post.room).await.name;
        name != ANN
    })
    .await;
    assert_eq!(name, "Ann ＠room Smith");
    assert_eq!(bench.me.room(&other.room).await.name, BOB);
    bench.bridge.stop().await;
}

#[tokio::test]
async fn a_message_is_changed_or_taken_back_while_it_waits_and_not_once_it_left() {
    let mut bench = bench!();
    bench.modem.deliver(ANN, "hello").await;
    let room = bench.post("hello").await.room;
    // They wait behind one whose result is not there yet.
    bench.modem.ask(json!({ "do": "hold_next_send" })).await;
    bench.me.say(&room, "before").await;
    until(async || !bench.modem.sent().await.is_empty()).await;
    let changed = bench.me.say(&room, "at nine").await;
    let regretted = bench.me.say(&room, "never mind").await;
    bench.expect_mark(&regretted, "⏳").await;
    bench.me.redact(&room, &regretted).await;
    bench.post("Called off; it was not sent.").await;
    bench.me.change(&room, &changed, "at ten").await;
    // Answered after the change: that is stored.
    bench.me.say(&room, "!nonsense").await;
    bench.post("There is no command").await;
    bench.modem.ask(json!({ "do": "release" })).await;
    bench.expect_mark(&changed, "✓✓").await;
    let last = bench.me.say(&room, "last").await;
    bench.expect_mark(&last, "✓✓").await;
    let sent = [(ANN, "before"), (ANN, "at ten"), (ANN, "last")];
    bench.expect_sent(&sent).await;
    bench.me.change(&room, &changed, "at eleven").await;
    let told = bench.post("It was sent as: at ten").await;
    assert_eq!(told.reply_to.as_deref(), Some(changed.as_str()));
    bench.me.redact(&room, &last).await;
    bench.post("does not call it back").await;
    bench.expect_sent(&sent).await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn commands_in_the_admin_room_are_answered() {
    let mut bench = bench!();
    let admin = bench.admin_room().await;
    let first = bench
        .me
        .say(&admin, "!send +1 (202) 555-0100 hello there")
        .await;
    bench.expect_mark(&first, "✓✓").await;
    let second = bench
        .me
        .say(&admin, &format!("/send {BOB} with a slash"))
        .await;
    bench.expect_mark(&second, "✓✓").await;
    bench
        .expect_sent(&[(ANN, "hello there"), (BOB, "with a slash")])
        .await;
    for (said, answer) in [
        ("!help", "!send NUMBER|NAME TEXT"),
        ("!status", "SIM home: ready"),
        ("!nonsense", "There is no command !nonsense"),
        ("!send bananas hello", "\"bananas\" is no phone number"),
        ("!send +12 3 hello", "the number or name and the text"),
        ("!send +12025550100", "What is the message to +12025550100?"),
        ("!cancel", "It is not sent."),
    ] {
        bench.me.say(&admin, said).await;
        let post = bench.posts(answer).await;
        assert_eq!(post[0].kind, "m.notice", "{post:#?}");
        assert_eq!(post[0].room, admin);
    }
    // What is stored, as a file.
    bench.me.say(&admin, "!export").await;
    let file = bench.post("All 2 messages with everybody").await;
    assert_eq!((file.kind.as_str(), &file.room), ("m.file", &admin));
    let content = bench.me.file(&file).await;
    assert!(content.starts_with("# All stored messages"), "{content}");
    assert!(content.contains("hello there") && content.contains("with a slash"));
    bench.bridge.stop().await;
}

#[tokio::test]
async fn a_direct_chat_takes_commands_too() {
    let mut bench = bench!();
    let bot = bench.bot.id.clone();
    let chat = bench.me.direct_chat(&bot).await;
    let mut joined = Vec::new();
    until(async || {
        joined = bench.me.room(&chat).await.members;
        joined.contains(&(bot.clone(), "join".to_owned()))
    })
    .await;
    assert!(
        joined.contains(&(bot.clone(), "join".to_owned())),
        "{joined:?}"
    );
    let said = bench
        .me
        .say(&chat, &format!("!send {ANN} from a direct chat"))
        .await;
    bench.expect_mark(&said, "✓✓").await;
    bench.expect_sent(&[(ANN, "from a direct chat")]).await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn what_no_sms_can_carry_is_answered() {
    let mut bench = bench!();
    bench.modem.deliver(ANN, "show me").await;
    let room = bench.post("show me").await.room;
    for (content, answer) in [
        (
            json!({"msgtype": "m.image", "body": "cat.jpg", "url": "mxc://localhost/cat"}),
            "a picture cannot go out as an SMS",
        ),
        (
            json!({"msgtype": "m.audio", "body": "v", "url": "mxc://localhost/v", "org.matrix.msc3245.voice": {}}),
            "a voice message cannot go out as an SMS",
        ),
        (
            json!({"msgtype": "m.location", "body": "here", "geo_uri": "geo:1,2"}),
            "a location cannot go out as an SMS",
        ),
    ] {
        bench.me.send(&room, content).await;
        bench.post(answer).await;
    }
    // Another bot's words, and an edit of what has left.
    bench
        .me
        .send(&room, json!({"msgtype": "m.notice", "body": "beep"}))
        .await;
    let said = bench.me.say(&room, "first").await;
    bench.expect_mark(&said, "✓✓").await;
    let edit = json!({
        "msgtype": "m.text", "body": "* second", "m.new_content": {"msgtype": "m.text", "body": "second"},
        "m.relates_to": {"rel_type": "m.replace", "event_id": said},
    });
    bench.me.send(&room, edit).await;
    let last = bench.me.say(&room, "last").await;
    bench.expect_mark(&last, "✓✓").await;
    bench.expect_sent(&[(ANN, "first"), (ANN, "last")]).await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn long_texts_and_emoji_are_whole_in_both_directions() {
    let mut bench = bench!();
    let parts = json!({ "do": "deliver", "from": ANN, "text": URDU, "order": [3, 1, 2] });
    let tpdus = bench.modem.ask(parts).await["tpdus"].clone();
    assert_eq!(tpdus.as_array().map(Vec::len), Some(3), "{tpdus}");
    let post = bench.post(URDU).await;
    assert_eq!(post.text, URDU);
    let said = bench.me.say(&post.room, URDU).await;
    bench.expect_mark(&said, "✓✓").await;
    bench.expect_sent(&[(ANN, URDU)]).await;
    bench.modem.deliver(ANN, "😀👩‍👩‍👧‍👦🇵🇰").await;
    assert_eq!(bench.post("😀👩‍👩‍👧‍👦🇵🇰").await.room, post.room);
    bench.bridge.stop().await;
}

#[tokio::test]
async fn a_stranger_is_not_served() {
    let mut bench = bench!();
    let name = format!("stranger{}", NAMES.fetch_add(1, Ordering::Relaxed));
    let stranger = MatrixUser::register(&bench.url, &name, "x").await;
    let mut stranger = stranger;
    let bot = bench.bot.id.clone();
    let chat = stranger.direct_chat(&bot).await;
    stranger
        .say(&chat, &format!("!send {ANN} from a stranger"))
        .await;
    // In a room where the bridge does listen.
    bench.modem.deliver(ANN, "for the family").await;
    let room = bench.post("for the family").await.room;
    bench.me.invite(&room, &stranger.id).await;
    stranger.join(&room).await;
    stranger.say(&room, "from a stranger").await;
    let said = bench.me.say(&room, "from me").await;
    bench.expect_mark(&said, "✓✓").await;
    bench.expect_sent(&[(ANN, "from me")]).await;
    let members = stranger.room(&chat).await.members;
    assert!(members.contains(&(bot, "invite".to_owned())), "{members:?}");
    // An owner lets them read, then send.
    let admin = bench.admin_room().await;
    let notice = bench.post("Someone unknown wrote").await;
    bench.me.reply(&admin, &notice.id, "!allow read").await;
    bench
        .post("may read here now, but not send. (me decided.)")
        .await;
    stranger.say(&room, "from a reader").await;
    bench.post("This was not sent: you can read here").await;
    bench.me.reply(&admin, &notice.id, "!allow write").await;
    bench.post("may read and send now. (me decided.)").await;
    let said = stranger.say(&room, "from a writer").await;
    bench.expect_mark(&said, "✓✓").await;
    bench
        .expect_sent(&[(ANN, "from me"), (ANN, "from a writer")])
        .await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn a_failure_is_told_with_its_cause_and_a_reply_sends_again() {
    let mut bench = bench!();
    let admin = bench.admin_room().await;
    // 3GPP TS 24.011 §E.2: 38, network out of order.
    bench
        .modem
        .ask(json!({ "do": "fail_next_send", "code": 38 }))
        .await;
    let said = bench.me.say(&admin, &format!("!send {ANN} refused")).await;
    bench.expect_mark(&said, "✗").await;
    let told = bench.post("Not sent: the network is out of order").await;
    assert_eq!(told.reply_to.as_ref(), Some(&said));
    assert!(
        told.text.contains("Send again: reply !retry"),
        "{}",
        told.text
    );
    assert_eq!(bench.modem.sent().await, []);
    bench.me.reply(&admin, &told.id, "!retry").await;
    bench.expect_mark(&said, "✓✓").await;
    bench.expect_sent(&[(ANN, "refused")]).await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn what_is_queued_survives_a_restart_and_the_session_stays_the_same() {
    let mut bench = bench!();
    bench.modem.deliver(ANN, "before the restart").await;
    let room = bench.post("before the restart").await.room;
    bench
        .modem
        .ask(json!({ "do": "coverage", "state": "none" }))
        .await;
    let first = bench.me.say(&room, "while there is no network").await;
    bench.expect_mark(&first, "⏳").await;
    bench.bridge.stop().await;
    // Written while nobody listens: the homeserver keeps it.
    let second = bench.me.say(&room, "while the bridge is off").await;
    bench
        .modem
        .ask(json!({ "do": "coverage", "state": "home" }))
        .await;
    bench.bridge.restart();
    bench.expect_mark(&first, "✓✓").await;
    bench.expect_mark(&second, "✓✓").await;
    bench
        .expect_sent(&[
            (ANN, "while there is no network"),
            (ANN, "while the bridge is off"),
        ])
        .await;
    bench.modem.deliver(ANN, "after the restart").await;
    assert_eq!(bench.post("after the restart").await.room, room);
    // One from the registration, one from the bridge's only login.
    assert_eq!(bench.bot.devices().await, 2);
    bench.bridge.stop().await;
}

#[tokio::test]
async fn killed_at_any_time_it_loses_nothing_and_shows_nothing_twice() {
    let mut bench = bench!();
    bench.modem.deliver(ANN, "to begin with").await;
    let room = bench.post("to begin with").await.room;
    let texts: Vec<String> = (1..=6)
        .map(|number| format!("number {number} of many"))
        .collect();
    let mut said = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        bench.modem.deliver(ANN, text).await;
        said.push(bench.me.say(&room, &format!("answer {index}")).await);
        if index % 2 == 1 {
            bench.bridge.kill().await;
            bench.bridge.restart();
        }
    }
    for text in &texts {
        bench.post(text).await;
    }
    for message in &said {
        // A part on its way when the program was killed is in doubt, and shown so.
        let mut marks = Vec::new();
        until(async || {
            marks = bench.marks(message).await;
            ["✓", "✓✓", "?"].iter().any(|mark| marks == [*mark])
        })
        .await;
        assert!(
            ["✓", "✓✓", "?"].iter().any(|mark| marks == [*mark]),
            "{marks:?}"
        );
    }
    let sent = bench.modem.sent().await;
    let mut once = sent.clone();
    once.dedup();
    assert_eq!(sent, once, "something went out twice");
    bench.bridge.stop().await;
}

#[tokio::test]
async fn the_homeserver_goes_away_and_comes_back() {
    let Some(modem) = Modem::start(OPTIONS).await else {
        return;
    };
    let Some(mut synapse) = Synapse::start(Limits::Off).await else {
        return;
    };
    let mut bench = bench_on(modem, &synapse.url(), "").await;
    bench.modem.deliver(ANN, "before").await;
    let room = bench.post("before").await.room;
    synapse.kill();
    bench.modem.deliver(ANN, "while it was away").await;
    bench.modem.deliver(ANN, "still away").await;
    synapse.start_again().await;
    let said = bench.me.say(&room, "written at once").await;
    let first = bench.post("while it was away").await;
    let second = bench.post("still away").await;
    assert!(first.at <= second.at);
    bench.expect_mark(&said, "✓✓").await;
    bench.expect_sent(&[(ANN, "written at once")]).await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn synapses_usual_limits_slow_it_down_and_lose_nothing() {
    let Some(modem) = Modem::start(OPTIONS).await else {
        return;
    };
    let Some(synapse) = Synapse::start(Limits::Default).await else {
        return;
    };
    let mut bench = bench_on(modem, &synapse.url(), "").await;
    let texts: Vec<String> = (1..=12)
        .map(|number| format!("number {number:02}"))
        .collect();
    for text in &texts {
        bench.modem.deliver(ANN, text).await;
    }
    let mut seen = Vec::new();
    until(async || {
        // Looked at with patience: the owner is limited too.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let timeline = bench.me.timeline().await;
        seen = timeline
            .into_iter()
            .map(|message| message.text)
            .filter(|text| text.starts_with("number "))
            .collect();
        seen.len() >= texts.len()
    })
    .await;
    assert_eq!(seen, texts);
    assert!(
        bench.bridge.log().contains("M_LIMIT_EXCEEDED"),
        "no limit was met"
    );
    bench.bridge.stop().await;
}

#[tokio::test]
async fn both_networks_show_an_sms_and_an_answer_goes_out_once() {
    let Some(modem) = Modem::start(OPTIONS).await else {
        return;
    };
    let (Some(telegram), Some(synapse)) = (Telegram::start().await, Synapse::shared().await) else {
        return;
    };
    let mut bench = bench_on(modem, &synapse.url(), &telegram.config(&[])).await;
    bench._synapse = Some(synapse);
    bench.modem.deliver(ANN, "to both").await;
    let in_matrix = bench.post("to both").await;
    let in_telegram = telegram.post(OWNER, "to both").await;

    let said = telegram.reply(OWNER, &in_telegram, "from Telegram").await;
    telegram.expect_mark(OWNER, said, "👍").await;
    let mirror = bench.post("(Olga) via Telegram: from Telegram").await;
    assert_eq!(mirror.room, in_matrix.room);
    bench.expect_mark(&mirror.id, "✓✓").await;

    let said = bench.me.say(&in_matrix.room, "from Matrix").await;
    bench.expect_mark(&said, "✓✓").await;
    let mirror = telegram.post(OWNER, "from Matrix").await;
    let text = mirror["text"].as_str().unwrap_or_default();
    assert!(text.contains("via Matrix"), "{text}");
    let id = mirror["message_id"].as_i64().expect("an id");
    telegram.expect_mark(OWNER, id, "👍").await;
    bench
        .expect_sent(&[(ANN, "from Telegram"), (ANN, "from Matrix")])
        .await;
    bench.bridge.stop().await;
}
