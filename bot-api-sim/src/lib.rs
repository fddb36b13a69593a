//! A Telegram Bot API server for tests, written from the Bot API's documentation (<https://core.telegram.org/bots/api>,
//! cited below as "Bot API, section") and from how its open server (<https://github.com/tdlib/telegram-bot-api>) words
//! its errors.
//!
//! What it is: one process that holds people, chats, forum topics and bots in memory, answers the Bot API's methods the
//! way Telegram does, refusals included, and has a control surface for tests under `/control/` ([`control`]): people
//! write, press buttons and look, and faults are scripted. On request it keeps a journal, so that it may be killed at any
//! instant and goes on where it was. What it is not: a Telegram; no uploaded file is kept, and Markdown is refused.
//!
//! **Invariants.** Whatever the documentation forbids is an error here too, so that a bot that works against this server
//! had no help. Memory is bounded: the oldest messages, calls and callback queries go first.

mod answer;
mod connection;
pub mod control;
mod faults;
mod html;
mod journal;
mod methods;
mod people;
mod reactions;
mod render;
mod request;
mod updates;
mod world;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, post};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::connection::{Connection, Severable};
use crate::world::World;

/// The bot that there is when no token is named.
pub const DEFAULT_TOKEN: &str = "1000001:TEST-token-of-the-simulated-bot";

/// Uploads beyond this are refused; Telegram takes 50 MB, and nobody here sends files.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// A server that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts a server with one bot for each token (`<digits>:<anything>`).
    ///
    /// # Errors
    ///
    /// The address cannot be listened on, or a token is malformed.
    pub async fn start(listen: SocketAddr, tokens: &[String]) -> anyhow::Result<Self> {
        Self::serve(listen, with_bots(tokens)?).await
    }

    /// Like [`Server::start`], with chats, messages, ids and updates as the journal in `state` leaves them; each change is
    /// in it before it is answered, so that a server that is killed comes back as it was. Scripted faults do not come back.
    ///
    /// # Errors
    ///
    /// As [`Server::start`], and a journal that cannot be read or is not of these bots.
    pub async fn resume(
        listen: SocketAddr,
        tokens: &[String],
        state: &Path,
    ) -> anyhow::Result<Self> {
        let mut world = with_bots(tokens)?;
        journal::resume(&mut world, state)?;
        Self::serve(listen, world).await
    }

    async fn serve(listen: SocketAddr, world: World) -> anyhow::Result<Self> {
        let shared = Shared(Arc::new(Mutex::new(world)));
        let router = Router::new()
            .route("/control/{act}", post(control::handle))
            .route("/{bot}/{method}", any(methods::handle))
            .fallback(methods::not_found)
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .with_state(shared);
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("failed to listen on {listen}"))?;
        let address = listener.local_addr().context("failed to read the port")?;
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let service = router.into_make_service_with_connect_info::<Connection>();
            let serving = async { axum::serve(Severable(listener), service).await };
            tokio::select! {
                _never = serving => {}
                _stop = stopped => {}
            }
        });
        Ok(Self {
            address,
            stop,
            task,
        })
    }

    /// Where it listens, as `api_url` takes it: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for ever, or until the server breaks.
    pub async fn wait(self) {
        // The sender has to live until the end: the server takes its drop for a stop.
        let Self { stop, task, .. } = self;
        finish(task).await;
        drop(stop);
    }

    /// Stops listening.
    pub async fn stop(self) {
        let Self { stop, task, .. } = self;
        drop(stop);
        finish(task).await;
    }
}

fn with_bots(tokens: &[String]) -> anyhow::Result<World> {
    let mut world = World::default();
    for token in tokens {
        world.add_bot(token)?;
    }
    Ok(world)
}

/// A task that panicked has said so itself.
async fn finish(task: JoinHandle<()>) {
    task.await.unwrap_or_default();
}

/// The world behind every request.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
