//! `sms-bridge bench`: the bridge as it runs, with a chat network that answers at once. For `cargo xtask bench modem`.
//!
//! Not for people: hidden, and only in builds with the feature `bench`. The store, the glue and the modem's driver are
//! those of `sms-bridge run`, wired by the same `running`; nothing is measured in here. Orders come as lines on standard
//! input and are answered on standard output, one JSON object a line:
//!
//! | order | answered once |
//! |---|---|
//! | (none) | the line is up: `{"event":"ready"}` |
//! | `send N` | the marks of N more messages say how they ended: `{"event":"sent","sent":N,"other":0}`, of all so far |
//! | `await N` | N SMS were posted since the start, each after its commit: `{"event":"posted","posted":N}` |
//!
//! It ends at end of file.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use bridge_core::chat::{
    Audience, Author, Body, ChatEvent, Content, Description, Destination, InboxId, MessageState,
    Network, OutgoingPost, Place, Probe, Receipt, Repeats, Room, RoomIntent, RoomKind,
};
use bridge_core::link::LinkPhase;
use bridge_core::{
    BridgeHandle, ChatAdapter, ChatError, Clock, DeliveryReports, Identity, Limits, LineName,
    LineSettings, People, Person, Role, Sending, Settings,
};
use clap::Args;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::watch;

use crate::config::LogFormat;
use crate::logging;
use crate::running::Running;
use crate::signals::Signals;

const NETWORK: &str = "bench";
/// How the ids of messages begin that were written here.
const WRITTEN: &str = "written";
/// Who writes.
const YOU: &str = "you";
/// How many contacts are written to in turn.
const CONTACTS: u64 = 10;
/// What a chat network hands over at once.
const BATCH: u64 = 20;
/// How long the modem may take to come up.
const COMING_UP: Duration = Duration::from_secs(60);

/// `sms-bridge bench PORT --data-dir FOLDER`.
#[derive(Args)]
pub(crate) struct Options {
    /// The simulated modem.
    port: PathBuf,
    /// Where the store goes; on a disk, since what is measured is how long it takes to be durable.
    #[arg(long, value_name = "FOLDER")]
    data_dir: PathBuf,
}

/// Serves orders until standard input ends.
///
/// # Errors
///
/// A part cannot start or fails, or an order is none.
pub(crate) fn run(options: Options) -> Result<ExitCode> {
    logging::start("error", LogFormat::Text)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let outcome = runtime.block_on(bench(options));
    // The thread that reads standard input may wait for ever.
    runtime.shutdown_timeout(Duration::from_millis(100));
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn bench(options: Options) -> Result<()> {
    let mut signals = Signals::new()?;
    let line: LineName = "home".parse()?;
    let settings = Settings::new(
        options.data_dir,
        People(vec![owner()]),
        vec![LineSettings {
            name: line.clone(),
            country: None,
            delivery_reports: DeliveryReports::Skip,
            sending: Sending::OneStep,
        }],
    )
    .with_limits(&Limits::plenty());
    let mut running = Running::open(settings).await?;
    let outcome = tokio::select! {
        served = serve(&mut running, &line, options.port) => served,
        _ = signals.next() => Ok(()),
    };
    running.stop().await;
    outcome
}

async fn serve(running: &mut Running, line: &LineName, port: PathBuf) -> Result<()> {
    let chat = Arc::new(Chat::new());
    let stopping = running.stopping();
    let incoming = async move {
        stopping.cancelled().await;
        Ok(())
    };
    running.connect_chat(chat.clone(), incoming).await?;
    let config = modem::Config {
        delivery_reports: modem::DeliveryReports::Unwanted,
        ..modem::Config::new(modem::Address::Path(port))
    };
    let mut status = running.connect_line(line, config, None).await?;
    let bridge = running.handle();
    let obey = async {
        let ready = async {
            let status = status.wait_for(|status| status.phase == LinkPhase::Ready);
            status.await.is_ok()
        };
        if !tokio::time::timeout(COMING_UP, ready)
            .await
            .unwrap_or(false)
        {
            bail!("the simulated modem did not come up");
        }
        say(&json!({ "event": "ready" }))?;
        obey(&chat, &bridge).await
    };
    tokio::select! {
        obeyed = obey => obeyed,
        failure = running.failed() => Err(failure),
    }
}

async fn obey(chat: &Chat, bridge: &BridgeHandle) -> Result<()> {
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    let mut handed_over = 0;
    while let Some(order) = orders.next_line().await? {
        let (word, count) = order.split_once(' ').unwrap_or((&order, ""));
        let count: u64 = count
            .parse()
            .with_context(|| format!("{order:?} has no number"))?;
        match word {
            "send" => {
                chat.write(bridge, handed_over, count).await?;
                handed_over += count;
                let mut ended = chat.ended.subscribe();
                let ended = ended.wait_for(|ended| ended.sent + ended.other >= handed_over);
                let Ended { sent, other } = *ended.await?;
                say(&json!({ "event": "sent", "sent": sent, "other": other }))?;
            }
            "await" => {
                let mut posted = chat.posted.subscribe();
                let posted = *posted.wait_for(|posted| *posted >= count).await?;
                say(&json!({ "event": "posted", "posted": posted }))?;
            }
            _ => bail!("{order:?} is no order"),
        }
    }
    Ok(())
}

/// A chat network that does at once what it is asked, and has a room for each contact.
struct Chat {
    description: Description,
    /// SMS posted since the start.
    posted: watch::Sender<u64>,
    ended: watch::Sender<Ended>,
}

/// How messages that were written ended.
#[derive(Clone, Copy, Default)]
struct Ended {
    sent: u64,
    other: u64,
}

impl Chat {
    fn new() -> Self {
        let inbox = InboxId(NETWORK.to_owned());
        Self {
            description: Description {
                network: Network(NETWORK.to_owned()),
                label: "the benchmark".to_owned(),
                inboxes: vec![inbox.clone()],
                admins: vec![inbox],
                text_limit: 10_000,
                repeats: Repeats::Recognised,
                concurrency: 8,
                command_prefix: '/',
            },
            posted: watch::Sender::new(0),
            ended: watch::Sender::new(Ended::default()),
        }
    }

    /// Writes `count` messages more: the first to each contact by its number, later ones in the contact's room.
    async fn write(&self, bridge: &BridgeHandle, before: u64, count: u64) -> Result<()> {
        let mut left = before..before + count;
        loop {
            let events: Vec<ChatEvent> = left
                .by_ref()
                .take(usize::try_from(BATCH)?)
                .map(message)
                .collect();
            if events.is_empty() {
                return Ok(());
            }
            bridge
                .submit(&self.description.network, events, None)
                .await?;
        }
    }
}

#[async_trait]
impl ChatAdapter for Chat {
    fn describe(&self) -> &Description {
        &self.description
    }

    async fn ensure_room(&self, intent: &RoomIntent) -> Result<Room, ChatError> {
        let contact = match &intent.destination {
            Destination::Conversation { conversation, .. } => Some(&conversation.address),
            Destination::Notices { .. } | Destination::Admin { .. } | Destination::Place(_) => None,
        };
        Ok(Room {
            place: place(contact.map(ToString::to_string)),
            kind: RoomKind::Dedicated,
        })
    }

    async fn post(&self, post: &OutgoingPost) -> Result<Receipt, ChatError> {
        if let Content::Sms { .. } = post.content {
            self.posted.send_modify(|posted| *posted += 1);
        }
        Ok(Receipt {
            place: post.room.place.clone(),
            message: post.id.to_string(),
        })
    }

    async fn amend(&self, _receipt: &Receipt, _post: &OutgoingPost) -> Result<(), ChatError> {
        Ok(())
    }

    async fn show_state(&self, receipt: &Receipt, state: MessageState) -> Result<(), ChatError> {
        // What mirrors a message in the contact's room has a mark as well.
        if !receipt.message.starts_with(WRITTEN) {
            return Ok(());
        }
        self.ended.send_modify(|ended| match state {
            MessageState::Queued => {}
            MessageState::Sent | MessageState::Delivered => ended.sent += 1,
            MessageState::Failed | MessageState::Unknown | MessageState::Cancelled => {
                ended.other += 1;
            }
        });
        Ok(())
    }

    async fn probe(&self, _post: &OutgoingPost) -> Result<Probe, ChatError> {
        Ok(Probe::CannotTell)
    }
}

/// Message `number` of the run. The first to each contact makes its room.
fn message(number: u64) -> ChatEvent {
    let contact = format!("+1202555010{}", number % CONTACTS);
    let text = format!("Message {number}: the shop is open until six, see you there.");
    let (place, text) = if number < CONTACTS {
        (place(None), format!("/send {contact} {text}"))
    } else {
        (place(Some(contact)), text)
    };
    ChatEvent {
        id: format!("event {number}"),
        author: Author {
            id: YOU.to_owned(),
            name: YOU.to_owned(),
            is_person: true,
        },
        place,
        message: format!("{WRITTEN} {number}"),
        reply_to: None,
        audience: Audience::Bridge,
        body: Body::Text(text),
        at: Clock::system().now(),
    }
}

fn place(thread: Option<String>) -> Place {
    Place {
        chat: NETWORK.to_owned(),
        thread,
    }
}

fn owner() -> Person {
    Person {
        name: YOU.to_owned(),
        role: Role::Owner,
        identities: vec![Identity {
            network: Network(NETWORK.to_owned()),
            id: YOU.to_owned(),
        }],
    }
}

fn say(answer: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{answer}")?;
    out.flush()
}
