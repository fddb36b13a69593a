//! A week of everyday life, end to end: who may do what, what the operator is asked, another SIM, and two chats that show each
//! other's messages. The simulated network is the judge of what left.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::bench::{ANN, Bench};
use support::bridge::Bridge;
use support::counterpart::until;
use support::matrix::MatrixUser;
use support::modem::Modem;
use support::synapse::{Limits, Synapse};
use support::telegram::{GROUP, OWNER, STRANGER, Telegram};

const BOB: &str = "+12025550101";
const WRITER: i64 = 1003;
const READER: i64 = 1004;

/// Everything that could make an SMS leave, or change what the bridge keeps.
fn attempts(who: &str) -> Vec<String> {
    vec![
        format!("/send {BOB} {who} by command"),
        "/send".to_owned(),
        BOB.to_owned(),
        format!("{who} by steps"),
        format!("/send {BOB}"),
        format!("{who} by one step"),
        format!("/name {BOB} {who}"),
        format!("/block {BOB}"),
        format!("/unblock {BOB}"),
        "/ussd *100#".to_owned(),
        format!("/forget {ANN} yes"),
        "/history".to_owned(),
        "/search everybody".to_owned(),
        "/people".to_owned(),
        "/people remove writer".to_owned(),
        "/allow write".to_owned(),
        "/status".to_owned(),
        "/contacts".to_owned(),
        "/help".to_owned(),
        format!("{who} to nobody"),
    ]
}

/// What the simulated network took, without the order in which it did.
async fn sent(modem: &mut Modem) -> Vec<(String, String)> {
    let mut sent = modem.sent().await;
    sent.sort();
    sent
}

/// A stranger, a reader, a writer, an owner and an anonymous administrator each try everything, in private and in a shared inbox.
#[tokio::test]
async fn each_may_do_what_their_role_allows_and_no_sms_leaves_that_should_not() {
    let options = ["--send-latency", "20", "--report-delay", "100"];
    let (Some(mut modem), Some(telegram)) = (Modem::start(&options).await, Telegram::start().await)
    else {
        return;
    };
    for (id, name) in [(WRITER, "Wanda"), (READER, "Rita")] {
        let user = json!({ "id": id, "first_name": name });
        telegram.act("user", user).await;
        let start = json!({ "user": id, "silent": true });
        telegram.act("start", start).await;
        let join = json!({ "chat": GROUP, "user": id, "status": "member" });
        telegram.act("member", join).await;
    }
    let people = format!(
        "[person.writer]\nrole = \"writer\"\ntelegram = {WRITER}\n[person.reader]\nrole = \"reader\"\ntelegram = {READER}\n"
    );
    let config = format!(
        "{people}{}\n[line.home]\nport = \"{}\"\n",
        telegram.config(&[GROUP]),
        modem.port().display()
    );
    let mut bridge = Bridge::start(&config);
    bridge.looked().await;
    modem.deliver(ANN, "to everybody").await;
    let notice = telegram.post(GROUP, "to everybody").await;
    modem
        .ask(json!({ "do": "fail_next_send", "code": 38 }))
        .await;
    let refused = json!({ "chat": GROUP, "from": OWNER, "text": "owner, refused at first", "reply_to": notice["message_id"] });
    telegram.act("write", refused).await;
    let question = telegram.post(GROUP, "Not sent: the network").await;

    let people = [
        ("stranger", STRANGER),
        ("reader", READER),
        ("anonymous", OWNER),
        ("writer", WRITER),
        ("owner", OWNER),
    ];
    for (who, from) in people {
        let mut write = json!({ "chat": GROUP, "from": from, "text": format!("{who} by reply") });
        write["reply_to"] = notice["message_id"].clone();
        if who == "anonymous" {
            write["as"] = json!(GROUP);
        }
        telegram.act("write", write).await;
        if who != "anonymous" {
            for text in attempts(who) {
                let write = json!({ "chat": from, "from": from, "text": text });
                telegram.act("write", write).await;
            }
        }
        // The button under the message that was refused belongs to whoever may send.
        if ["stranger", "reader"].contains(&who) {
            let press = json!({ "chat": GROUP, "message_id": question["message_id"], "from": from, "label": "Send again" });
            let id = telegram.act("press", press).await["callback_query_id"].clone();
            let mut answer = Value::Null;
            until(async || {
                answer = telegram.act("callback", json!({ "id": id })).await;
                answer["answered"] == true
            })
            .await;
            let told = answer["text"].as_str().unwrap_or_default();
            assert!(!told.contains("Sending"), "{who}: {answer}");
        }
    }
    // Those who may are done when the last of theirs left.
    let by = |who: &str| {
        let to_bob = ["by command", "by steps", "by one step"];
        let mut all: Vec<(String, String)> = to_bob
            .iter()
            .map(|how| (BOB.to_owned(), format!("{who} {how}")))
            .collect();
        all.push((ANN.to_owned(), format!("{who} by reply")));
        all
    };
    let mut expected = [by("writer"), by("owner")].concat();
    expected.sort();
    let mut last = Vec::new();
    until(async || {
        last = sent(&mut modem).await;
        last.len() >= expected.len()
    })
    .await;
    assert_eq!(last, expected);
    // The network was asked by the owner alone, and the owner sees who tried.
    telegram.post(OWNER, "Your balance is 12.50").await;
    telegram.post(OWNER, "Someone unknown wrote").await;
    for id in [STRANGER, READER, WRITER] {
        let seen = telegram.messages(id).await;
        let said: Vec<&str> = seen
            .iter()
            .filter(|message| message["by_bot"] == true)
            .filter_map(|message| message["text"].as_str())
            .collect();
        let hidden = ["balance", "to everybody", "Olga"];
        let told = said
            .iter()
            .find(|text| hidden.iter().any(|word| text.contains(word)));
        assert_eq!(told, None, "{id}");
        assert_eq!(said.is_empty(), id == STRANGER, "{id}: {said:#?}");
    }
    // Once, and in place.
    telegram
        .post(GROUP, "you can read here, but not send")
        .await;
    bridge.stop().await;
    assert_eq!(sent(&mut modem).await, expected);
}

#[tokio::test]
async fn a_code_reaches_the_operator_and_a_reply_goes_on() {
    let Some(mut bench) = Bench::start(&[]).await else {
        return;
    };
    bench.telegram.write("/ussd *101#").await;
    let menu = bench.telegram.post(OWNER, "1 Balance\n2 Own number").await;
    assert_eq!(menu["buttons"], json!(["End it"]));
    bench.telegram.reply(OWNER, &menu, "1").await;
    bench.telegram.post(OWNER, "Your balance is 12.50.").await;
    // A reply that comes too late is no code.
    bench.telegram.reply(OWNER, &menu, "2").await;
    bench
        .telegram
        .post(OWNER, "waits for no reply to this any more")
        .await;
    // A new code ends the dialogue before it.
    bench.telegram.write("/ussd *101#").await;
    until(async || {
        bench
            .telegram
            .posts(OWNER, "1 Balance\n2 Own number")
            .await
            .len()
            == 2
    })
    .await;
    bench.telegram.write("/ussd *100#").await;
    bench.telegram.post(OWNER, "Valid until 31.12.2030").await;
    assert_eq!(bench.modem.sent().await, []);
    bench.bridge.stop().await;
}

#[tokio::test]
async fn what_is_stored_comes_as_a_file() {
    let Some(mut bench) = Bench::start(&["--send-latency", "20", "--report-delay", "100"]).await
    else {
        return;
    };
    bench.modem.deliver(ANN, "a question <of> mine").await;
    bench.telegram.post(OWNER, "a question").await;
    let sent = bench.send("an answer of mine").await;
    bench.settled(sent, &["👍"]).await;
    bench.telegram.write(&format!("/export {ANN}")).await;
    let mut file = Value::Null;
    until(async || {
        let messages = bench.telegram.messages(OWNER).await;
        let found = messages.into_iter().find(|one| one["document"].is_object());
        file = found.unwrap_or_default();
        !file.is_null()
    })
    .await;
    assert_eq!(
        file["caption"],
        format!("All 2 messages with {ANN}"),
        "{file:#}"
    );
    assert_eq!(file["document"]["file_name"], "messages.txt", "{file:#}");
    let content = &file["document"]["content_of_the_simulator"];
    let content = content.as_str().unwrap_or_default();
    let lines: Vec<&str> = content.lines().collect();
    assert_eq!(lines.len(), 3, "{content}");
    assert!(
        lines[1].ends_with(&format!("{ANN}: a question <of> mine")),
        "{content}"
    );
    assert!(
        lines[2].ends_with("[delivered]: an answer of mine"),
        "{content}"
    );
    // Not where others read.
    let asked = json!({ "chat": GROUP, "from": OWNER, "text": "/export" });
    bench.telegram.act("write", asked).await;
    bench
        .telegram
        .post(GROUP, "works in a private chat with me")
        .await;
    bench.bridge.stop().await;
}

#[tokio::test]
async fn another_sim_sends_nothing_until_the_owner_agrees() {
    let Some(mut bench) = Bench::start(&["--send-latency", "20", "--report-delay", "100"]).await
    else {
        return;
    };
    let before = bench.send("with the first SIM").await;
    bench.settled(before, &["👍"]).await;
    let sim =
        json!({ "do": "swap_sim", "iccid": "8949020000012345678", "imsi": "262070123456789" });
    bench.modem.ask(sim).await;
    bench
        .modem
        .ask(json!({ "do": "reboot", "seconds": 1.0 }))
        .await;
    let waits = bench.send("with the second SIM").await;
    let question = bench
        .telegram
        .post(OWNER, "another SIM than before is in the modem")
        .await;
    bench.settled(waits, &["👀"]).await;
    bench.bridge.kill().await;
    bench.bridge.restart();
    bench.line_is_ready().await;
    bench
        .modem
        .expect_sent(&[(ANN, "with the first SIM")])
        .await;
    bench
        .telegram
        .press(OWNER, &question, "Send with this SIM")
        .await;
    bench.settled(waits, &["👍"]).await;
    let sent = [(ANN, "with the first SIM"), (ANN, "with the second SIM")];
    bench.modem.expect_sent(&sent).await;
    bench.bridge.stop().await;
    let log = bench.bridge.log();
    assert!(!log.contains("262070123456789") && !log.contains("8949020000012345678"));
}

/// Written alternately in both chats, with a kill in the middle: each leaves once and is shown once in the other, in order.
#[tokio::test]
async fn a_hundred_messages_from_two_chats_are_mirrored_once_and_in_order() {
    const EACH: usize = 50;
    let options = ["--send-latency", "20", "--report-delay", "100"];
    let (Some(mut modem), Some(telegram)) = (Modem::start(&options).await, Telegram::start().await)
    else {
        return;
    };
    let Some(synapse) = Synapse::start(Limits::Off).await else {
        return;
    };
    // Its limits are another test's: a post a second would take minutes here.
    telegram.act("limits", json!({ "on": false })).await;
    let url = synapse.url();
    let mut me = MatrixUser::register(&url, "me", "mine").await;
    let bot = MatrixUser::register(&url, "sms", "for tests only").await;
    let people = telegram.config(&[]).replacen(
        "role = \"owner\"\n",
        &format!("role = \"owner\"\nmatrix = \"{}\"\n", me.id),
        1,
    );
    let config = format!(
        "{people}\n[matrix]\nhomeserver = \"{url}\"\nuser = \"{}\"\npassword = \"for tests only\"\n[line.home]\nport = \"{}\"\n",
        bot.id,
        modem.port().display()
    );
    let mut bridge = Bridge::start(&config);
    bridge.looked().await;
    modem.deliver(ANN, "hello both").await;
    let notice = telegram.post(OWNER, "hello both").await;
    let mut room = String::new();
    until(async || {
        let timeline = me.timeline().await;
        let found = timeline
            .into_iter()
            .find(|one| one.text.contains("hello both"));
        room = found.map(|one| one.room).unwrap_or_default();
        !room.is_empty()
    })
    .await;
    assert!(!room.is_empty(), "no room for the contact");

    let text = |from: &str, number: usize| format!("{from} says number {number:03}.");
    for number in 0..EACH {
        let said = text("Telegram", number);
        telegram.reply(OWNER, &notice, &said).await;
        me.say(&room, &text("Matrix", number)).await;
        if number == EACH / 2 {
            until(async || modem.sent().await.len() >= EACH / 4).await;
            bridge.kill().await;
            bridge.restart();
        }
    }
    let deadline = Instant::now() + Duration::from_secs(240);
    let (mut in_telegram, mut in_matrix) = (Vec::new(), Vec::new());
    while (in_telegram.len() < EACH || in_matrix.len() < EACH) && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let messages = telegram.messages(OWNER).await;
        let mirrors = messages.iter().filter(|one| one["by_bot"] == true);
        in_telegram = mirrors
            .filter_map(|one| one["text"].as_str())
            .filter(|text| text.contains("Matrix says number"))
            .map(str::to_owned)
            .collect();
        let timeline = me.timeline().await;
        in_matrix = timeline
            .into_iter()
            .filter(|one| one.sender == bot.id && one.text.contains("Telegram says number"))
            .map(|one| one.text)
            .collect();
    }
    // What was being posted when it was killed may stand in Telegram twice, and says so.
    let repeats = in_telegram
        .iter()
        .filter(|text| text.contains("possible repeat"))
        .count();
    assert!(repeats <= 1, "{in_telegram:#?}");
    let once = |shown: &[String], from: &str| {
        let mut order: Vec<usize> = Vec::new();
        for text in shown {
            let number = text.rsplit("number ").next().and_then(|rest| rest.get(..3));
            let number = number.and_then(|digits| digits.parse().ok());
            let number: usize = number.expect("a number");
            // The first of the two may not have arrived.
            if !order.contains(&number) {
                order.push(number);
            }
        }
        assert_eq!(order, (0..EACH).collect::<Vec<_>>(), "from {from}");
    };
    once(&in_telegram, "Matrix");
    once(&in_matrix, "Telegram");
    assert!(
        in_matrix
            .iter()
            .all(|text| text.contains("(Olga) via Telegram"))
    );
    assert!(in_telegram.iter().all(|text| text.contains("via Matrix")));

    // Each left once; of the one that was on its way when it was killed nobody may know, and it left once at most.
    let mut sent = Vec::new();
    until(async || {
        sent = modem.sent().await;
        sent.len() >= 2 * EACH
    })
    .await;
    for from in ["Telegram", "Matrix"] {
        let of_one: Vec<&String> = sent
            .iter()
            .map(|(_, text)| text)
            .filter(|text| text.starts_with(from))
            .collect();
        let mut sorted = of_one.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(of_one, sorted, "in order and none twice, from {from}");
        assert!(of_one.len() + 1 >= EACH, "{from}: {}", of_one.len());
    }
    assert!(sent.len() + 1 >= 2 * EACH && sent.iter().all(|(to, _)| to == ANN));
    bridge.stop().await;
}
