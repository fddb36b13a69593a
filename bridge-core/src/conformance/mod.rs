//! The suite that every chat adapter runs in its own tests: what a person sees in any network, whatever its marks and
//! markup.
//!
//! An adapter's test brings a [`Counterpart`]: its adapter, wired to a real or faithful server, and a person in front of
//! a client of that network. [`run`] plays the cases and says which failed.

mod cases;
pub mod instant;
mod line;
mod menu;
mod stage;
mod storage;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

pub use line::{Command, SentPart, TestLine, When};
use stage::Stage;
pub use storage::{MarkHabit, Storage};

pub use crate::writer::fill;

use crate::chat::{ChatAdapter, MessageState};
use crate::handle::BridgeHandle;
use crate::person::Person;

/// Plays every case against the adapter, with its store in `data_dir`, and says which failed.
///
/// # Panics
///
/// With the name of each failed case and what was seen, if there are any.
#[expect(clippy::print_stderr, reason = "the test's own report")]
pub async fn run(counterpart: &mut dyn Counterpart, data_dir: &Path) {
    let mut stage = Stage::open(counterpart, data_dir).await;
    let mut failed = Vec::new();
    for case in cases::ALL {
        let result = (case.play)(&mut stage).await;
        eprintln!(
            "conformance: {} ... {}",
            case.name,
            result.as_ref().map_or("FAILED", |()| "ok")
        );
        failed.extend(result.err().map(|seen| format!("{}: {seen}", case.name)));
    }
    stage.close().await;
    assert!(
        failed.is_empty(),
        "{} of {} cases failed:\n{}",
        failed.len(),
        cases::ALL.len(),
        failed.join("\n")
    );
}

/// An adapter under test, and the people in front of its network.
///
/// Methods that act return once the network has taken the act; methods that look return what stands there now. The
/// suite waits and looks again.
#[async_trait]
pub trait Counterpart: Send {
    /// `[person.me]`, an owner, with their identity in this network.
    fn owner(&self) -> Person;

    /// Starts the adapter, its loop for incoming events included, on this bridge: a new process as the network sees it,
    /// with the same account and the same files as before.
    async fn start(&mut self, bridge: BridgeHandle) -> Arc<dyn ChatAdapter>;

    /// Stops what `start` began, as the end of the process would.
    async fn stop(&mut self);

    /// All that the owner can see in all chats with the bridge, oldest first, the bridge's posts and people's both.
    async fn timeline(&mut self) -> Vec<Seen>;

    /// Somebody writes in the chat where commands are given (the private chat with the bot, the admin room).
    async fn command(&mut self, who: Who, text: &str);

    /// Somebody answers a post in the way of this network: by a reply, or in the contact's room.
    async fn answer(&mut self, who: Who, post: &Seen, text: &str);

    /// The owner sends a picture as an answer to a post.
    async fn answer_with_picture(&mut self, post: &Seen);

    /// The owner takes the choice with this label, as the network shows it: a button, or its command.
    async fn choose(&mut self, post: &Seen, label: &str);

    /// The next post takes effect, but the bridge does not get the answer.
    async fn lose_next_answer(&mut self);

    /// The network refuses the next `count` calls that post, in the way that proves that nothing was done.
    async fn refuse_posts(&mut self, count: u32);

    /// Whether the network shows a repeated post twice (then marked) or once.
    fn shows_repeats(&self) -> bool;
}

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// [`Counterpart::owner`].
    Owner,
    /// Someone whom the bridge does not know, in front of the same network.
    Stranger,
}

/// One message as the owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The network's id of it.
    pub id: String,
    /// The chat, and the topic where there is one, in the network's words.
    pub place: (String, Option<String>),
    /// What it says, without markup.
    pub text: String,
    /// Whether the bridge wrote it.
    pub by_bridge: bool,
    /// The state shown on it. `None` where none is.
    pub state: Option<MessageState>,
}
