//! What may go wrong between the adapter and a real Synapse: crashes between two stores, lost answers, a lost session.

#![allow(
    dead_code,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where it fails; the support modules are shared with other tests"
)]

#[path = "../../tests/support/discretion.rs"]
#[allow(dead_code, reason = "nobody reads a log here")]
mod discretion;
#[path = "../../tests/support/matrix.rs"]
mod matrix;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "../../tests/support/synapse.rs"]
mod synapse;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use adapter_matrix::{Matrix, Reactions, Settings, Severity};
use bridge_core::chat::Network;
use bridge_core::conformance::TestLine;
use bridge_core::{
    Bridge, BridgeError, DeliveryReports, Identity, LineName, LineSettings, Origin, People, Person,
    Role, Sending,
};
use matrix::{MatrixUser, Message};
use proxy::Faults;
use secrecy::SecretString;
use synapse::{Limits, Synapse};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const ANN: &str = "+12025550100";
const PATIENCE: Duration = Duration::from_secs(120);

struct Bench {
    _synapse: Synapse,
    faults: Arc<Faults>,
    folder: tempfile::TempDir,
    line: Arc<TestLine>,
    settings: Settings,
    me: MatrixUser,
    bot: MatrixUser,
    running: Option<Running>,
}

struct Running {
    bridge: Bridge,
    adapter: Arc<Matrix>,
    task: JoinHandle<Result<(), BridgeError>>,
    stop: CancellationToken,
}

async fn bench() -> Option<Bench> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let synapse = Synapse::start(Limits::Off).await?;
    let folder = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let bot = MatrixUser::register(&synapse.url(), "sms", "bot password").await;
    let me = MatrixUser::register(&synapse.url(), "me", "mine").await;
    let owner = Person {
        name: "me".to_owned(),
        role: Role::Owner,
        identities: vec![Identity {
            network: Network("matrix".to_owned()),
            id: me.id.clone(),
        }],
    };
    let settings = Settings {
        homeserver: proxy::start(synapse.url(), Arc::clone(&faults)).await,
        user: bot.id.clone(),
        password: Some(SecretString::from("bot password")),
        data_dir: folder.path().to_owned(),
        people: People(vec![owner]),
        reactions: Reactions::default(),
    };
    Some(Bench {
        _synapse: synapse,
        faults,
        folder,
        line: Arc::new(TestLine::default()),
        settings,
        me,
        bot,
        running: None,
    })
}

fn home() -> LineName {
    "home".parse().unwrap()
}

impl Bench {
    /// Starts the bridge with its own store in `store`.
    async fn start(&mut self, store: &str) {
        let line = LineSettings {
            name: home(),
            country: None,
            delivery_reports: DeliveryReports::Ask,
            sending: Sending::OneStep,
        };
        let settings =
            bridge_core::Settings::new(self.store(store), self.settings.people.clone(), vec![line])
                .with_limits(&bridge_core::Limits::plenty());
        let mut bridge = Bridge::open(settings).await.unwrap();
        let adapter = Arc::new(Matrix::new(self.settings.clone()).unwrap());
        let stop = CancellationToken::new();
        let (incoming, handle, stopped) = (Arc::clone(&adapter), bridge.handle(), stop.clone());
        let task = tokio::spawn(async move { incoming.run(handle, stopped).await });
        bridge
            .attach_chat(Arc::<Matrix>::clone(&adapter))
            .await
            .unwrap();
        bridge
            .attach_line(&home(), Arc::<TestLine>::clone(&self.line))
            .await
            .unwrap();
        self.running = Some(Running {
            bridge,
            adapter,
            task,
            stop,
        });
    }

    async fn stop(&mut self) {
        let running = self.running.take().expect("it runs");
        running.stop.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(3), running.task).await;
        ended
            .expect("it stops soon")
            .expect("it does not panic")
            .expect("it was stopped");
        running.bridge.stop().await;
    }

    fn store(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn arrives(&self, text: &str) {
        let running = self.running.as_ref().expect("it runs");
        for pdu in self.line.incoming(ANN, text) {
            let arrived = running.bridge.handle();
            arrived
                .sms_arrived(&home(), Origin::Direct, pdu)
                .await
                .unwrap();
        }
    }

    async fn posts(&mut self, text: &str) -> Vec<Message> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let all = self.me.timeline().await;
            let found: Vec<Message> = all
                .iter()
                .filter(|message| message.sender == self.bot.id && message.text.contains(text))
                .cloned()
                .collect();
            if !found.is_empty() {
                return found;
            }
            assert!(Instant::now() < deadline, "nothing says {text:?}: {all:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn say_all(&mut self, room: &str, texts: &[String]) {
        for text in texts {
            self.me.say(room, text).await;
        }
    }

    async fn sent(&self, expected: &[String]) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let parts = self.line.sent_to(ANN);
            let texts: Vec<String> = parts.into_iter().map(|part| part.text).collect();
            if texts == expected {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{texts:?} instead of {expected:?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sdk_has_seen_and_the_core_has_not_stored_is_fetched() {
    let Some(mut bench) = bench().await else {
        return;
    };
    bench.start("first").await;
    bench.arrives("hello").await;
    let room = bench.posts("hello").await.remove(0).room;
    bench.stop().await;
    copy(&bench.store("first"), &bench.store("second"));
    copy(&bench.store("first"), &bench.store("third"));

    bench.start("first").await;
    let mut said = vec!["message 1".to_owned(), "message 2".to_owned()];
    bench.say_all(&room, &said).await;
    bench.sent(&said).await;
    bench.stop().await;

    // The core as it was before, with the SDK as it is now: what was said comes once more.
    bench.start("second").await;
    let mut sent = [said.clone(), said.clone()].concat();
    bench.sent(&sent).await;
    bench.stop().await;

    // More than one answer of the homeserver holds, so that it has to be paged for.
    bench.start("first").await;
    let more: Vec<String> = (3..=60).map(|number| format!("message {number}")).collect();
    bench.say_all(&room, &more).await;
    sent.extend(more.clone());
    bench.sent(&sent).await;
    bench.stop().await;

    // From the same position as before, for which the homeserver may have kept its answer: all of it, in order, and what
    // follows.
    bench.start("third").await;
    bench.me.say(&room, "the last").await;
    said.extend(more);
    said.push("the last".to_owned());
    sent.extend(said);
    bench.sent(&sent).await;
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_in_a_room_that_was_made_twice_goes_out() {
    let Some(mut bench) = bench().await else {
        return;
    };
    bench.start("store").await;
    bench.arrives("hello").await;
    let room = bench.posts("hello").await.remove(0).room;
    // As a homeserver leaves it that ends the making of a room after the program that wished for it was killed, and after
    // the next one has looked for it.
    let marker = bench.bot.state(&room, "org.sms_bridge.room").await;
    let stray = bench
        .bot
        .make_room(
            "+1 202-555-0100",
            &bench.me.id,
            Some(("org.sms_bridge.room", marker)),
        )
        .await;
    bench.me.join_all().await;
    bench.me.say(&stray, "in the stray room").await;
    bench.sent(&["in the stray room".to_owned()]).await;
    bench.me.say(&room, "in the other").await;
    let both = ["in the stray room", "in the other"].map(str::to_owned);
    bench.sent(&both).await;
    // A room with a marker that somebody else set is nobody's.
    let marker = bench.bot.state(&room, "org.sms_bridge.room").await;
    let trap = bench
        .me
        .make_room("trap", &bench.bot.id, Some(("org.sms_bridge.room", marker)))
        .await;
    let deadline = Instant::now() + PATIENCE;
    let joined = (bench.bot.id.clone(), "join".to_owned());
    while !bench.me.room(&trap).await.members.contains(&joined) {
        assert!(Instant::now() < deadline, "the bot does not come in");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bench.me.say(&trap, "in a trap").await;
    let answer = bench.posts("I don't know whom this is for").await;
    assert_eq!(answer[0].room, trap);
    bench.sent(&both).await;
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_homeserver_does_not_give_is_told_in_the_room() {
    let Some(mut bench) = bench().await else {
        return;
    };
    bench.start("store").await;
    bench.arrives("hello").await;
    let room = bench.posts("hello").await.remove(0).room;
    bench.stop().await;
    // One answer holds 50 of them, and the others are not to be had.
    let said: Vec<String> = (1..=53).map(|number| format!("message {number}")).collect();
    bench.say_all(&room, &said).await;
    bench.faults.refuse_pages.store(true, Ordering::SeqCst);
    bench.start("store").await;
    let told = bench.posts("I could not read everything").await;
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0].room, room);
    assert!(told[0].text.contains("Internal server error"), "{told:#?}");
    bench.sent(&said[3..]).await;
    // Once the room can be read again nothing is told.
    bench.faults.refuse_pages.store(false, Ordering::SeqCst);
    bench.me.say(&room, "after").await;
    let rest = [said[3..].to_vec(), vec!["after".to_owned()]].concat();
    bench.sent(&rest).await;
    assert_eq!(bench.posts("I could not read everything").await.len(), 1);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_whose_making_was_not_answered_is_taken_up() {
    let Some(mut bench) = bench().await else {
        return;
    };
    bench.start("store").await;
    // The admin room is there before the fault.
    let deadline = Instant::now() + PATIENCE;
    while bench.me.join_all().await.is_empty() {
        assert!(Instant::now() < deadline, "no admin room");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bench.faults.lose_next_room.store(true, Ordering::SeqCst);
    bench.arrives("in a room of doubt").await;
    let posts = bench.posts("in a room of doubt").await;
    assert_eq!(posts.len(), 1);
    assert_eq!(
        bench.me.join_all().await.len(),
        2,
        "one for Ann and one for commands"
    );
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ended_by_the_homeserver_is_said_in_words() {
    let Some(mut bench) = bench().await else {
        return;
    };
    assert_eq!(adapter_matrix::check(&bench.settings).await, []);
    bench.start("store").await;
    bench.arrives("hello").await;
    bench.posts("hello").await;
    assert_eq!(adapter_matrix::check(&bench.settings).await, []);
    bench.bot.log_out_everywhere().await;
    let found = adapter_matrix::check(&bench.settings).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].severity, Severity::Error);
    assert!(found[0].what.contains("ended"), "{found:?}");
    assert!(found[0].what_to_do.contains("session.json"), "{found:?}");
    // It does not log in by itself again, and stops as soon as ever.
    bench.stop().await;
    assert_eq!(bench.faults.logins.load(Ordering::SeqCst), 1);
}
