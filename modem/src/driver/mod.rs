//! The only part of this crate that has a clock and a port: it feeds the engine and does what the engine says.

mod handle;

use handle::Ask;
pub use handle::Handle;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::cause::Cause;
use crate::config::Config;
use crate::engine::{Answer, Request};
use crate::error::{CommandError, SendError};
use crate::event::Event;
use crate::status::{Phase, Status};

/// Questions that may wait in each of the two queues; askers beyond it wait in their own call.
const QUEUE: usize = 32;

/// Events that may wait for their taker. Beyond it no slot is read, so nothing is lost.
const EVENTS: usize = 64;

/// Starts a line and returns at once. Must be called inside a tokio runtime.
///
/// Everything that came in must be taken from the receiver: while it is full, no further message is read.
#[must_use]
pub fn spawn(config: Config) -> (Handle, mpsc::Receiver<Event>) {
    let (sends, send_asks) = mpsc::channel(QUEUE);
    let (commands, command_asks) = mpsc::channel(QUEUE);
    let (event_sender, events) = mpsc::channel(EVENTS);
    let (status_sender, status) = watch::channel(Status::default());
    let stop = CancellationToken::new();
    tokio::spawn(run(
        config,
        send_asks,
        command_asks,
        event_sender,
        status_sender,
        stop.clone(),
    ));
    (
        Handle {
            sends,
            commands,
            status,
            stop,
        },
        events,
    )
}

async fn run(
    config: Config,
    mut sends: mpsc::Receiver<Ask>,
    mut commands: mpsc::Receiver<Ask>,
    events: mpsc::Sender<Event>,
    status: watch::Sender<Status>,
    stop: CancellationToken,
) {
    loop {
        let ask = tokio::select! {
            () = stop.cancelled() => break,
            Some(ask) = sends.recv() => ask,
            Some(ask) = commands.recv() => ask,
            else => break,
        };
        let _unheard = ask
            .reply
            .send(line_down(&ask.request, &status.borrow().phase));
    }
    drop((config, events));
    status.send_modify(|status| status.phase = Phase::Stopped);
}

fn line_down(request: &Request, phase: &Phase) -> Answer {
    let doing = phase.to_string();
    match request {
        Request::Send { .. } | Request::Transmit { .. } => Answer::Sent(Err(SendError::Retry {
            cause: Cause::LineDown(doing),
        })),
        Request::Stage { .. } => Answer::Staged(Err(CommandError::LineDown(doing))),
        Request::Inspect { .. } => Answer::Inspected(Err(CommandError::LineDown(doing))),
        Request::Delete { .. } => Answer::Deleted(Err(CommandError::LineDown(doing))),
        Request::Ussd { .. } => Answer::Ussd(Err(CommandError::LineDown(doing))),
    }
}
