//! The terminal as a chat network: one shared chat in which every post has a number.
//!
//! Not a curiosity of the demo but an adapter like the others: what it shows comes through [`ChatAdapter`], what is typed
//! goes in through [`BridgeHandle::submit`], and the core decides what either means.
//!
//! | typed | goes to |
//! |---|---|
//! | `/send NUMBER TEXT` | the number |
//! | `#2 TEXT` | the contact of message 2 |
//! | `TEXT` | the contact of the newest message |

mod screen;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bridge_core::chat::{
    Attempt, Audience, Author, Body, ChatEvent, Content, Description, InboxId, MessageState,
    Network, OutgoingPost, Place, Probe, Receipt, Repeats, Room, RoomIntent, RoomKind, Verdict,
};
use bridge_core::{
    BridgeError, BridgeHandle, ChatAdapter, ChatError, Identity, Person, Role, Timestamp,
};

use screen::Screen;

const NETWORK: &str = "terminal";

/// What is being shown is noted within this, or something keeps failing.
const NOTED: Duration = Duration::from_secs(2);

/// The only one who types.
const YOU: &str = "you";

/// The chat in the terminal.
pub(crate) struct Terminal {
    description: Description,
    screen: Screen,
    /// SMS shown so far.
    received: AtomicU64,
}

/// The person at the terminal, who owns the demo.
pub(crate) fn owner() -> Person {
    Person {
        name: YOU.to_owned(),
        role: Role::Owner,
        identities: vec![Identity {
            network: Network(NETWORK.to_owned()),
            id: YOU.to_owned(),
        }],
    }
}

impl Terminal {
    pub(crate) fn new(colours: Colours) -> Self {
        let inbox = InboxId(NETWORK.to_owned());
        Self {
            description: Description {
                network: Network(NETWORK.to_owned()),
                label: "the terminal".to_owned(),
                inboxes: vec![inbox.clone()],
                admins: vec![inbox],
                text_limit: 10_000,
                repeats: Repeats::Recognised,
                concurrency: 1,
                command_prefix: '/',
            },
            screen: Screen::new(colours),
            received: AtomicU64::new(0),
        }
    }

    /// How many SMS were shown.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Acquire)
    }

    /// Shows words of the demo itself.
    ///
    /// # Errors
    ///
    /// Standard output fails.
    pub(crate) fn say(&self, words: &str) -> io::Result<()> {
        self.screen.say(words)
    }

    /// Shows the line being typed below everything else; `None` takes it away.
    ///
    /// # Errors
    ///
    /// Standard output fails.
    pub(crate) fn typing(&self, line: Option<&str>) -> io::Result<()> {
        self.screen.typing(line)
    }

    /// Hands one typed line to the core.
    ///
    /// # Errors
    ///
    /// The core did not take it, or standard output fails.
    pub(crate) async fn typed(&self, line: &str, bridge: &BridgeHandle) -> anyhow::Result<()> {
        let (number, text, reply_to) = self.screen.typed(line)?;
        if reply_to.is_some() {
            until_noted(bridge).await?;
        }
        let event = ChatEvent {
            id: number.to_string(),
            author: Author {
                id: YOU.to_owned(),
                name: YOU.to_owned(),
                is_person: true,
            },
            place: place(),
            message: number.to_string(),
            reply_to: reply_to.map(|number| number.to_string()),
            audience: Audience::Bridge,
            body: Body::Text(text),
            at: now(),
        };
        let network = &self.description.network;
        match bridge.submit(network, vec![event], None).await {
            Ok(verdicts) => {
                if verdicts.contains(&Verdict::Accepted) {
                    self.screen.accepted(number);
                }
                Ok(())
            }
            Err(BridgeError::Stopping) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn show(&self, post: &OutgoingPost) -> Result<u64, ChatError> {
        let shown = self.screen.post(post).map_err(|error| broken(&error))?;
        if let Content::Sms { .. } = post.content {
            self.received.fetch_add(1, Ordering::AcqRel);
        }
        Ok(shown)
    }
}

#[async_trait]
impl ChatAdapter for Terminal {
    fn describe(&self) -> &Description {
        &self.description
    }

    async fn ensure_room(&self, _intent: &RoomIntent) -> Result<Room, ChatError> {
        Ok(Room {
            place: place(),
            kind: RoomKind::Shared,
        })
    }

    async fn post(&self, post: &OutgoingPost) -> Result<Receipt, ChatError> {
        if post.attempt == Attempt::Repeat
            && let Some(number) = self.screen.shown(post.id)
        {
            return Ok(receipt(number));
        }
        self.show(post).map(receipt)
    }

    async fn amend(&self, receipt: &Receipt, post: &OutgoingPost) -> Result<(), ChatError> {
        let number = number(receipt)?;
        let amended = self.screen.amend(number, post);
        amended.map_err(|error| broken(&error))
    }

    async fn show_state(&self, receipt: &Receipt, state: MessageState) -> Result<(), ChatError> {
        let shown = self.screen.state(number(receipt)?, state);
        shown.map_err(|error| broken(&error))
    }

    async fn probe(&self, post: &OutgoingPost) -> Result<Probe, ChatError> {
        Ok(match self.screen.shown(post.id) {
            Some(number) => Probe::Arrived(receipt(number)),
            None => Probe::Absent,
        })
    }
}

/// A post stands here a moment before the core has noted where. Whoever answers it that fast is to be understood, too.
async fn until_noted(bridge: &BridgeHandle) -> Result<(), BridgeError> {
    let noted = async {
        while bridge.pending().await?.posts > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    };
    tokio::time::timeout(NOTED, noted).await.unwrap_or(Ok(()))
}

/// Whether escape sequences may colour what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colours {
    On,
    Off,
}

fn place() -> Place {
    Place {
        chat: NETWORK.to_owned(),
        thread: None,
    }
}

fn receipt(number: u64) -> Receipt {
    Receipt {
        place: place(),
        message: number.to_string(),
    }
}

fn number(receipt: &Receipt) -> Result<u64, ChatError> {
    receipt
        .message
        .parse()
        .map_err(|_no_number| ChatError::Reject {
            cause: format!("there is no message #{}", receipt.message),
        })
}

fn broken(error: &io::Error) -> ChatError {
    ChatError::Reject {
        cause: format!("the terminal cannot be written to: {error}"),
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
