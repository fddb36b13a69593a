//! The only part of this crate that has a clock and a port: it feeds the engine and does what the engine says.
//!
//! One task owns the port and the engine. A port that goes away is waited for and opened again, as soon as a device
//! comes; nothing is reset unless the engine asks for it, and nothing is sent again by itself. Which modem and which of
//! its ports `auto` means is found by `find` and `probe`.
//!
//! **Invariants:** each question is answered once; a piece of what the engine writes is asked for only after the piece
//! before it was written, so the engine knows whether Ctrl-Z can have left.

mod find;
mod handle;
mod port;
mod probe;
mod raw_port;
mod switching;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin as Pinned;
use std::time::Duration;

use find::Finder;
use handle::Ask;
pub use handle::Handle;
use port::Port;
pub use raw_port::RawPort;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::cause::Cause;
use crate::config::{Address, Config, PinAttempt, PinDecision, UsbPath};
use crate::discovery::hotplug::Hotplug;
use crate::engine::{Answer, Engine, Output, Request, RequestId, Settings};
use crate::error::{CommandError, SendError};
use crate::event::{Event, Origin};
use crate::status::{Phase, Status};
use crate::transcript::Direction;

/// Questions that may wait in each of the two queues; askers beyond it wait in their own call.
const QUEUE: usize = 32;
/// Events that may wait for their taker. Beyond it no slot is read, so nothing is lost.
const EVENTS: usize = 64;
/// Events without a slot, and news of the line, that are kept beyond that.
const KEPT: usize = 2048;
/// Between two attempts to open the port: doubled from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// The same for a modem that does not answer.
const LAST_SILENT_PAUSE: Duration = Duration::from_secs(30);
/// A message on its way is waited for so long at shutdown.
const GRACE: Duration = Duration::from_secs(3);
/// The port is closed within this at shutdown, or by itself later.
const LET_GO: Duration = Duration::from_secs(1);
/// A PIN gate that takes longer has refused.
const GATE: Duration = Duration::from_secs(60);

/// Starts a line and returns at once. Must be called inside a tokio runtime.
///
/// Everything that came in must be taken from the receiver: while it is full, no further message is read.
#[must_use]
pub fn spawn(config: Config) -> (Handle, mpsc::Receiver<Event>) {
    let (sends, send_asks) = mpsc::channel(QUEUE);
    let (commands, command_asks) = mpsc::channel(QUEUE);
    let (events, event_receiver) = mpsc::channel(EVENTS);
    let (status_sender, status) = watch::channel(Status::default());
    let stop = CancellationToken::new();
    if let Some(warning) = config.address.warning() {
        tracing::warn!(port = %config.address, "{warning}");
    }
    let finder = Finder::new(&config);
    let driver = Driver {
        engine: Engine::new(Settings::from(&config)),
        config,
        started: now_of_the_clock(),
        sends: send_asks,
        commands: command_asks,
        events,
        status: status_sender,
        stop: stop.clone(),
        asked: HashMap::new(),
        last_id: 0,
        waiting: VecDeque::new(),
        gate: None,
        ends: None,
    };
    tokio::spawn(driver.run(finder));
    (
        Handle {
            sends,
            commands,
            status,
            stop,
        },
        event_receiver,
    )
}

#[allow(clippy::disallowed_methods, reason = "the driver is where time enters")]
fn now_of_the_clock() -> Instant {
    Instant::now()
}

/// A question that the engine has.
#[derive(Debug)]
struct Asked {
    reply: oneshot::Sender<Answer>,
    /// Of a send, for its late outcome.
    tag: Option<u64>,
}

/// The task.
struct Driver {
    engine: Engine,
    config: Config,
    started: Instant,
    sends: mpsc::Receiver<Ask>,
    commands: mpsc::Receiver<Ask>,
    events: mpsc::Sender<Event>,
    status: watch::Sender<Status>,
    stop: CancellationToken,
    asked: HashMap<RequestId, Asked>,
    last_id: u64,
    /// Events that their taker has no room for.
    waiting: VecDeque<Event>,
    gate: Option<Pinned<Box<dyn Future<Output = PinDecision> + Send>>>,
    /// When to stop at the latest, once stopping.
    ends: Option<Instant>,
}

/// What happened next.
enum Happening {
    Read(std::io::Result<usize>),
    Asked(Option<Ask>),
    Room,
    Decided(PinDecision),
    Time,
    Stop,
}

/// Why a session with an open port ended.
enum Ended {
    PortGone,
    Silent,
    /// The modem is to be reset at its USB port.
    Reset,
    Stop,
}

impl Driver {
    async fn run(mut self, mut finder: Finder) {
        let mut pause = FIRST_PAUSE;
        let mut hotplug = match &self.config.address {
            Address::Auto | Address::Path(_) => Some(Hotplug::watch(&self.config.sysfs)),
            Address::Tcp { .. } => None,
        };
        loop {
            if let Some(hotplug) = &mut hotplug {
                hotplug.look();
            }
            let last = match self.serve(finder.open()).await {
                None => break,
                Some(Ok(mut port)) => {
                    let name = port.name().to_owned();
                    self.engine.handle_opened(self.now());
                    let ended = self.session(&mut port).await;
                    if self.engine.status().is_ready() {
                        pause = FIRST_PAUSE;
                    }
                    let (phase, last) = match &ended {
                        Ended::Stop => {
                            // One that takes longer is closed all the same.
                            drop(tokio::time::timeout(LET_GO, port.close()).await);
                            break;
                        }
                        Ended::PortGone => {
                            let reason = format!("{name} went away: waiting for it");
                            (Some(Phase::PortAbsent { reason }), LAST_PAUSE)
                        }
                        Ended::Silent => (Some(Phase::NotAnswering), LAST_SILENT_PAUSE),
                        Ended::Reset => (None, LAST_PAUSE),
                    };
                    if let Some(phase) = phase {
                        self.close(phase);
                    }
                    if self.serve(port.close()).await.is_none() {
                        break;
                    }
                    match ended {
                        Ended::PortGone | Ended::Stop => {}
                        Ended::Silent => {
                            finder.handle_silence();
                            tell_of_modem_manager(&name).await;
                        }
                        Ended::Reset => {
                            let Some(done) = self.serve(finder.reset()).await else {
                                break;
                            };
                            self.close(after_reset(&name, done));
                            finder.handle_silence();
                        }
                    }
                    last
                }
                Some(Err(phase)) => {
                    self.close(phase);
                    LAST_PAUSE
                }
            };
            match self.serve(rest_or_change(pause, hotplug.as_mut())).await {
                None => break,
                Some(Woken::ByTime) => pause = (pause * 2).min(last),
                Some(Woken::ByDevice) => pause = FIRST_PAUSE,
            }
        }
        self.finish().await;
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn see(&self, direction: Direction, bytes: &[u8]) {
        if let Some(tap) = &self.config.tap {
            tap.see(direction, bytes);
        }
    }

    fn close(&mut self, phase: Phase) {
        self.gate = None;
        self.engine.handle_closed(phase);
        self.publish();
    }

    /// Answers questions while something else is waited for. `None`: it is time to stop.
    async fn serve<T>(&mut self, other: impl Future<Output = T>) -> Option<T> {
        let mut other = std::pin::pin!(other);
        loop {
            self.publish();
            let happening = tokio::select! {
                done = &mut other => return Some(done),
                happening = self.next_question(None) => happening,
            };
            if matches!(happening, Happening::Asked(None) | Happening::Stop) {
                return None;
            }
            self.handle(happening, &[]);
        }
    }

    /// Feeds the engine from an open port until the port or the time is over.
    async fn session(&mut self, port: &mut Port) -> Ended {
        let mut buffer = vec![0; 4096];
        loop {
            self.engine.handle_timeout(self.now());
            while let Some(bytes) = self.engine.poll_transmit() {
                self.see(Direction::ToModem, &bytes);
                if let Err(error) = port.write(&bytes, self.config.pacing).await {
                    tracing::warn!(port = %self.config.address, %error, "the port takes nothing any more");
                    return Ended::PortGone;
                }
            }
            match self.publish() {
                Wish::None => {}
                Wish::ClosePort => return Ended::Silent,
                Wish::ResetUsb => return Ended::Reset,
            }
            let stopping = self.ends.is_some();
            if stopping && !self.engine.is_sending() {
                return Ended::Stop;
            }
            let due = self.engine.poll_timeout().map(|due| self.started + due);
            let due = [due, self.ends].into_iter().flatten().min();
            let happening = tokio::select! {
                read = port.read(&mut buffer) => Happening::Read(read),
                happening = self.next_question(due) => happening,
            };
            match &happening {
                Happening::Read(Ok(0)) => return Ended::PortGone,
                Happening::Read(Err(error)) => {
                    tracing::warn!(port = %self.config.address, %error, "the port cannot be read any more");
                    return Ended::PortGone;
                }
                Happening::Asked(None) | Happening::Stop => {
                    self.ends = Some(self.started + self.now() + GRACE);
                }
                Happening::Time
                    if self
                        .ends
                        .is_some_and(|ends| ends <= self.started + self.now()) =>
                {
                    return Ended::Stop;
                }
                Happening::Read(Ok(length)) => {
                    let bytes = buffer.get(..*length).unwrap_or_default();
                    self.see(Direction::FromModem, bytes);
                    self.handle(happening, bytes);
                }
                Happening::Asked(Some(_))
                | Happening::Room
                | Happening::Decided(_)
                | Happening::Time => self.handle(happening, &[]),
            }
        }
    }

    /// Everything that can happen apart from the port.
    async fn next_question(&mut self, due: Option<Instant>) -> Happening {
        let stopping = self.ends.is_some();
        let gate = &mut self.gate;
        tokio::select! {
            () = self.stop.cancelled(), if !stopping => Happening::Stop,
            ask = self.sends.recv(), if !stopping && self.engine.wants_sending() => Happening::Asked(ask),
            ask = self.commands.recv(), if !stopping && self.engine.wants_command() => Happening::Asked(ask),
            permit = self.events.reserve(), if !self.waiting.is_empty() => {
                match permit {
                    Ok(permit) => {
                        if let Some(event) = self.waiting.pop_front() {
                            permit.send(event);
                        }
                    }
                    // Nobody listens any more; what is in the modem stays there.
                    Err(_closed) => self.waiting.clear(),
                }
                Happening::Room
            }
            decision = async { match gate.as_mut() { Some(gate) => gate.await, None => std::future::pending().await } } => {
                *gate = None;
                Happening::Decided(decision)
            }
            () = wait_until(due) => Happening::Time,
        }
    }

    fn handle(&mut self, happening: Happening, bytes: &[u8]) {
        let now = self.now();
        match happening {
            Happening::Read(_) => self.engine.handle_input(now, bytes),
            Happening::Asked(Some(ask)) => self.ask(now, ask),
            Happening::Decided(decision) => self.engine.handle_pin_decision(now, decision),
            Happening::Room | Happening::Time | Happening::Asked(None) | Happening::Stop => {}
        }
        self.engine.handle_backlog(self.waiting.len());
    }

    fn ask(&mut self, now: Duration, ask: Ask) {
        let tag = tag_of(&ask.request);
        if ask.reply.is_closed() {
            // Whoever asked went away before its turn: nothing is done.
            if let Some(tag) = tag {
                self.keep(Event::LateOutcome {
                    tag,
                    outcome: Err(SendError::Retry {
                        cause: Cause::Stopped,
                    }),
                });
            }
            return;
        }
        self.last_id += 1;
        let id = RequestId(self.last_id);
        self.asked.insert(
            id,
            Asked {
                reply: ask.reply,
                tag,
            },
        );
        self.engine.handle_request(now, id, ask.request);
    }

    /// Passes on what the engine has to tell.
    fn publish(&mut self) -> Wish {
        let mut wish = Wish::None;
        while let Some(output) = self.engine.poll_event() {
            match output {
                Output::Answer { id, answer } => self.reply(id, answer),
                Output::Event(event) => self.keep(event),
                Output::AskPin(attempt) => self.ask_gate(attempt),
                Output::ClosePort => wish = Wish::ClosePort,
                Output::ResetUsb => wish = Wish::ResetUsb,
            }
        }
        while let Some(event) = self.waiting.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(event)) => {
                    self.waiting.push_front(event);
                    break;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => self.waiting.clear(),
            }
        }
        self.engine.handle_backlog(self.waiting.len());
        let status = self.engine.status();
        self.status.send_if_modified(|published| {
            let changed = published != status;
            if changed {
                published.clone_from(status);
            }
            changed
        });
        wish
    }

    fn reply(&mut self, id: RequestId, answer: Answer) {
        let Some(asked) = self.asked.remove(&id) else {
            return;
        };
        let Err(unheard) = asked.reply.send(answer) else {
            return;
        };
        if let (Some(tag), Answer::Sent(outcome)) = (asked.tag, unheard) {
            self.keep(Event::LateOutcome { tag, outcome });
        }
    }

    /// Keeps an event until it is taken. Stored messages are bounded by the modem's memory; everything else by [`KEPT`].
    fn keep(&mut self, event: Event) {
        if !is_in_slot(&event) && self.waiting.len() >= KEPT {
            tracing::warn!(port = %self.config.address, "nobody takes the events of this line; one was dropped");
            return;
        }
        self.waiting.push_back(event);
    }

    fn ask_gate(&mut self, attempt: PinAttempt) {
        let Some(entry) = &self.config.pin else {
            return;
        };
        let decision = (entry.gate)(attempt);
        self.gate = Some(Box::pin(async move {
            tokio::time::timeout(GATE, decision)
                .await
                .unwrap_or(PinDecision::Refuse)
        }));
    }

    /// Answers everything that is left. Messages in slots that nobody takes now are left to the modem; whatever else
    /// happened is offered for a moment.
    async fn finish(&mut self) {
        self.close(Phase::Stopped);
        self.sends.close();
        self.commands.close();
        while let Ok(ask) = self.sends.try_recv() {
            self.refuse(ask);
        }
        while let Ok(ask) = self.commands.try_recv() {
            self.refuse(ask);
        }
        self.publish();
        let only_here = self.waiting.drain(..).filter(|event| !is_in_slot(event));
        for event in only_here.collect::<Vec<_>>() {
            if self.events.send_timeout(event, FIRST_PAUSE).await.is_err() {
                break;
            }
        }
    }

    fn refuse(&mut self, ask: Ask) {
        let stopped = CommandError::Stopped;
        let tag = tag_of(&ask.request);
        let answer = match ask.request {
            Request::Send { .. } | Request::Transmit { .. } => {
                Answer::Sent(Err(SendError::Retry {
                    cause: Cause::Stopped,
                }))
            }
            Request::Stage { .. } => Answer::Staged(Err(stopped)),
            Request::Inspect { .. } => Answer::Inspected(Err(stopped)),
            Request::Staged => Answer::Listed(Err(stopped)),
            Request::Delete { .. } => Answer::Deleted(Err(stopped)),
            Request::Ussd { .. } | Request::UssdReply { .. } => Answer::Ussd(Err(stopped)),
            Request::UssdEnd => Answer::UssdEnded(Err(stopped)),
        };
        self.last_id += 1;
        let id = RequestId(self.last_id);
        self.asked.insert(
            id,
            Asked {
                reply: ask.reply,
                tag,
            },
        );
        self.reply(id, answer);
    }
}

/// A message that the modem has too, and hands over again.
fn is_in_slot(event: &Event) -> bool {
    matches!(
        event,
        Event::Received {
            origin: Origin::Stored(_),
            ..
        }
    )
}

/// What the engine wants of the driver beside telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    None,
    ClosePort,
    ResetUsb,
}

fn tag_of(request: &Request) -> Option<u64> {
    match request {
        Request::Send { tag, .. } | Request::Transmit { tag, .. } => Some(*tag),
        Request::Stage { .. }
        | Request::Inspect { .. }
        | Request::Staged
        | Request::Delete { .. }
        | Request::Ussd { .. }
        | Request::UssdReply { .. }
        | Request::UssdEnd => None,
    }
}

#[allow(clippy::disallowed_methods, reason = "the driver is where time enters")]
async fn rest(time: Duration) {
    tokio::time::sleep(time).await;
}

/// What ended a pause between two attempts.
enum Woken {
    ByTime,
    /// A device came or went: what was not there may be there now.
    ByDevice,
}

async fn rest_or_change(time: Duration, hotplug: Option<&mut Hotplug>) -> Woken {
    let Some(hotplug) = hotplug else {
        rest(time).await;
        return Woken::ByTime;
    };
    tokio::select! {
        () = rest(time) => Woken::ByTime,
        () = hotplug.change() => Woken::ByDevice,
    }
}

/// ModemManager need not have the port open at the moment to keep a modem busy.
async fn tell_of_modem_manager(port: &str) {
    if let Some(manager) = find::modem_manager().await {
        tracing::warn!(
            port,
            "the modem does not answer, and {manager} runs here: {}",
            manager.advice(None)
        );
    }
}

fn after_reset(port: &str, done: Result<UsbPath, String>) -> Phase {
    match done {
        Ok(path) => {
            tracing::warn!(port, usb_path = %path, "the modem was reset at its USB port");
            Phase::PortAbsent {
                reason: format!(
                    "the modem at {port} was reset at its USB port: waiting for it to come back"
                ),
            }
        }
        Err(error) => {
            tracing::error!(port, error, "the modem cannot be reset at its USB port");
            Phase::PortUnusable {
                reason: format!(
                    "the modem at {port} does not serve and cannot be reset at its USB port ({error}): unplug it for a moment"
                ),
            }
        }
    }
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
