//! The suite that every adapter passes, against a real Synapse with a faulty wire to it.

#![allow(
    dead_code,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::panic,
    reason = "a test; the support modules are shared with other tests"
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

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use adapter_matrix::{Matrix, Reactions, Settings};
use async_trait::async_trait;
use bridge_core::chat::Network;
use bridge_core::conformance::{self, Counterpart, Seen, Who};
use bridge_core::{BridgeError, BridgeHandle, ChatAdapter, Identity, People, Person, Role};
use matrix::MatrixUser;
use proxy::Faults;
use secrecy::SecretString;
use serde_json::json;
use synapse::{Limits, Synapse};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread")]
async fn matrix_passes_the_suite() {
    drop(rustls::crypto::ring::default_provider().install_default());
    // Quiet unless RUST_LOG says otherwise.
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_test_writer()
        .init();
    let Some(synapse) = Synapse::start(Limits::Off).await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let bot = MatrixUser::register(&synapse.url(), "sms", "bot password").await;
    let mut bench = Bench {
        proxy: proxy::start(synapse.url(), Arc::clone(&faults)).await,
        faults,
        data_dir: folder.path().to_owned(),
        owner: MatrixUser::register(&synapse.url(), "me", "x").await,
        stranger: MatrixUser::register(&synapse.url(), "stranger", "x").await,
        bot: bot.id.clone(),
        running: None,
    };
    conformance::run(&mut bench, folder.path()).await;
    // Registering made one device, the bridge another: however often it was started.
    assert_eq!(bench.faults.logins.load(Ordering::SeqCst), 1);
    assert_eq!(bot.devices().await, 2);
}

struct Bench {
    proxy: String,
    faults: Arc<Faults>,
    data_dir: PathBuf,
    owner: MatrixUser,
    stranger: MatrixUser,
    bot: String,
    running: Option<(JoinHandle<Result<(), BridgeError>>, CancellationToken)>,
}

impl Bench {
    fn user(&mut self, who: Who) -> &mut MatrixUser {
        match who {
            Who::Owner => &mut self.owner,
            Who::Stranger => &mut self.stranger,
        }
    }

    /// Where commands are given.
    async fn admin_room(&mut self) -> String {
        for _try in 0..600 {
            for room in self.owner.join_all().await {
                if self.owner.room(&room).await.name == "SMS bridge" {
                    return room;
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no admin room");
    }
}

#[async_trait]
impl Counterpart for Bench {
    fn owner(&self) -> Person {
        Person {
            name: "me".to_owned(),
            role: Role::Owner,
            identities: vec![Identity {
                network: Network("matrix".to_owned()),
                id: self.owner.id.clone(),
            }],
        }
    }

    async fn start(&mut self, bridge: BridgeHandle) -> Arc<dyn ChatAdapter> {
        let adapter = Matrix::new(Settings {
            homeserver: self.proxy.clone(),
            user: self.bot.clone(),
            password: Some(SecretString::from("bot password")),
            data_dir: self.data_dir.clone(),
            people: People(vec![self.owner()]),
            reactions: Reactions::default(),
        });
        let adapter = Arc::new(adapter.expect("the settings are good"));
        let stop = CancellationToken::new();
        let (running, stopped) = (Arc::clone(&adapter), stop.clone());
        let task = tokio::spawn(async move { running.run(bridge, stopped).await });
        self.running = Some((task, stop));
        adapter
    }

    async fn stop(&mut self) {
        if let Some((task, stop)) = self.running.take() {
            stop.cancel();
            tokio::time::timeout(Duration::from_secs(5), task)
                .await
                .expect("it stops soon")
                .expect("it does not panic")
                .expect("it ends because it was stopped");
        }
    }

    async fn timeline(&mut self) -> Vec<Seen> {
        let reactions = Reactions::default();
        let bot = self.bot.clone();
        let messages = self.owner.timeline().await;
        messages
            .into_iter()
            .map(|message| {
                let states: Vec<_> = message
                    .reactions
                    .iter()
                    .filter(|(_, who)| *who == bot)
                    .filter_map(|(mark, _)| reactions.state(mark))
                    .collect();
                Seen {
                    id: message.id,
                    place: (message.room, None),
                    text: message.text,
                    by_bridge: message.sender == bot,
                    state: states.last().copied(),
                }
            })
            .collect()
    }

    async fn command(&mut self, who: Who, text: &str) {
        let room = match who {
            Who::Owner => self.admin_room().await,
            Who::Stranger => {
                let bot = self.bot.clone();
                self.stranger.direct_chat(&bot).await
            }
        };
        self.user(who).say(&room, text).await;
    }

    async fn answer(&mut self, who: Who, post: &Seen, text: &str) {
        let (room, _) = post.place.clone();
        if who == Who::Stranger {
            let stranger = self.stranger.id.clone();
            self.owner.invite(&room, &stranger).await;
            self.stranger.join(&room).await;
        }
        self.user(who).say(&room, text).await;
    }

    async fn answer_with_picture(&mut self, post: &Seen) {
        let picture =
            json!({"msgtype": "m.image", "body": "cat.jpg", "url": "mxc://localhost/cat"});
        self.owner.send(&post.place.0, picture).await;
    }

    async fn choose(&mut self, post: &Seen, label: &str) {
        let command = post
            .text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{label}: reply ")))
            .expect("the choice is offered")
            .to_owned();
        self.owner.reply(&post.place.0, &post.id, &command).await;
    }

    async fn lose_next_answer(&mut self) {
        self.faults.lose_next_answer.store(true, Ordering::SeqCst);
    }

    async fn refuse_posts(&mut self, count: u32) {
        self.faults.refuse_posts.store(count, Ordering::SeqCst);
    }

    fn shows_repeats(&self) -> bool {
        false
    }
}
