//! The AT send/receive loop without I/O: bytes and the time in, bytes, events and a deadline out.
//!
//! The run loop of whoever owns the port: [`Engine::handle_opened`], then again and again one of the `handle_*`
//! functions, after which everything is drained: [`Engine::poll_transmit`], [`Engine::poll_event`], and
//! [`Engine::poll_timeout`] for when to call [`Engine::handle_timeout`] at the latest. `now` is the time since any fixed
//! moment; it must not go back.
//!
//! | module | what it is |
//! |---|---|
//! | `lines`, `text` | bytes into lines; what stands in a line |
//! | `command`, `job` | what is written; what it is for |
//! | `exchange`, `recovery` | the one command in flight, its deadline, the prompt; talking to a silent modem |
//! | `health` | the ladder of what is tried with a modem that does not serve |
//! | `bring_up` | the table of start-up steps |
//! | `incoming`, `deleting`, `memories` | unsolicited lines, listing, reading and freeing slots, choosing memories |
//! | `outgoing`, `survey`, `late` | sending and storing; what was stored and not freed; results that come late |
//! | `link` | the radio link between the parts of a message |
//! | `ussd`, `spelling` | USSD: the dialogue and its three spellings |
//! | `calls`, `caller` | incoming calls: one event each, hanging up; who calls |
//! | `network` | registration, a sudden refusal, roaming, technology, the network's time |
//! | `upkeep` | what is looked at from time to time |
//!
//! **Invariants:** one command in flight; its deadline is absolute; between handing out Ctrl-Z and the result of a send
//! (or the end of 120 s and 30 s of draining, or a restart of the modem) nothing else is handed out; each request is
//! answered once.

mod bring_up;
mod caller;
mod calls;
mod command;
mod deleting;
mod exchange;
mod health;
mod incoming;
mod job;
mod late;
mod lines;
mod link;
mod memories;
mod network;
mod outgoing;
mod recovery;
mod request;
mod spelling;
mod survey;
#[cfg(test)]
mod tests;
mod text;
mod upkeep;
mod ussd;

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::time::Duration;

use bring_up::BringUp;
use calls::Calls;
use exchange::InFlight;
use health::Health;
use incoming::{DirectPdu, Slots};
use job::Job;
use late::LateResults;
use lines::Lines;
use link::Link;
use memories::Memories;
use network::Network;
use upkeep::Upkeep;
use ussd::Ussd;

use crate::cause::Cause;
use crate::config::{
    Config, DeliveryReports, Imei, InitCommand, Listening, Pin, PinAttempt, ServiceCentre,
};
use crate::error::{CommandError, SendError};
use crate::event::Event;
use crate::status::{Phase, Status};
use crate::storage::Memory;

pub use late::Unfinished;
pub use request::{Answer, Request, RequestId};

/// Outputs and events of the caller that may wait before no further slot is read.
const BACKLOG: usize = 16;

/// What the engine has to know of the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Stands before each TPDU; `None`: the SIM's own.
    pub service_centre: Option<ServiceCentre>,
    /// Entered at most once in a bring-up, after the asker's leave, and not again once it failed.
    pub pin: Option<Pin>,
    /// Whether status reports are routed to us.
    pub delivery_reports: DeliveryReports,
    /// How often the line is looked at.
    pub poll_interval: Duration,
    /// The memory for new messages; `None`: the SIM where it is offered.
    pub storage: Option<Memory>,
    /// A send of an earlier life of the program whose result may still come; `None`: there is none.
    pub unfinished: Option<Unfinished>,
    /// A modem that calls itself otherwise is not used; `None`: any will do.
    pub imei: Option<Imei>,
    /// Written at the end of bring-up.
    pub init: Vec<InitCommand>,
    /// Whether messages are to be announced.
    pub listening: Listening,
    /// What is done with incoming calls.
    pub calls: crate::config::Calls,
    /// How long the SIM may be without a network before the radio is switched off and on. Zero: for ever.
    pub network_timeout: Duration,
}

impl From<&Config> for Settings {
    fn from(config: &Config) -> Self {
        Self {
            service_centre: config.service_centre.clone(),
            pin: config.pin.as_ref().map(|entry| entry.pin.clone()),
            delivery_reports: config.delivery_reports,
            poll_interval: config.poll_interval,
            storage: config.storage.clone(),
            unfinished: config.unfinished,
            imei: config.imei.clone(),
            init: config.init.clone(),
            listening: config.listening,
            calls: config.calls,
            network_timeout: config.network_timeout,
        }
    }
}

/// What comes out of [`Engine::poll_event`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// The one answer to a request.
    Answer {
        /// Which request.
        id: RequestId,
        /// The answer.
        answer: Answer,
    },
    /// Something that happened by itself.
    Event(Event),
    /// Leave is asked for one attempt to enter the PIN: answer with [`Engine::handle_pin_decision`].
    AskPin(PinAttempt),
    /// The modem does not answer any more: close the port, call [`Engine::handle_closed`], open it again.
    ClosePort,
    /// The same, and the modem is to be reset at its USB port before the port is opened again, if that can be done.
    ResetUsb,
}

/// Bytes for the port, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Transmit {
    bytes: Vec<u8>,
    /// Whether a message may have left once these bytes were handed out.
    leaves: bool,
}

/// Whether the port is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    Closed,
    Open,
    /// [`Output::ClosePort`] was given and nothing more is written.
    Closing,
}

/// Whose turn it is when several want the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Reading,
    Sending,
    Commands,
    Upkeep,
}

/// One modem.
pub struct Engine {
    settings: Settings,
    status: Status,
    port: Port,
    lines: Lines,
    transmits: VecDeque<Transmit>,
    outputs: VecDeque<Output>,
    in_flight: Option<InFlight>,
    /// Goes before everything else.
    next: VecDeque<Job>,
    /// Nothing is written before this moment: late and doubled answers are let through.
    quiet_until: Duration,
    /// Pause after every result; becomes positive once a modem was seen to answer doubly.
    settle: Duration,
    /// Results that belonged to nothing since the modem was last synchronised.
    stray_results: u8,
    /// Whether the modem answered to AT just now and may still owe results of earlier commands.
    synchronising: bool,
    /// Events that the caller still holds.
    backlog: usize,
    bring_up: Option<BringUp>,
    /// Whether the PIN was entered and the SIM did not become ready by it: it is not entered again.
    pin_failed: bool,
    sends: VecDeque<(RequestId, Request)>,
    commands: VecDeque<(RequestId, Request)>,
    turn: Turn,
    memories: Memories,
    slots: Slots,
    direct: Option<DirectPdu>,
    ussd: Ussd,
    calls: Calls,
    network: Network,
    link: Link,
    upkeep: Upkeep,
    late: LateResults,
    health: Health,
}

/// Shows the phase alone: everything else may hold a number or a text.
impl fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Engine")
            .field("phase", &self.status.phase)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine whose port is closed.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            late: LateResults::new(settings.unfinished),
            settings,
            status: Status::default(),
            port: Port::Closed,
            lines: Lines::default(),
            transmits: VecDeque::new(),
            outputs: VecDeque::new(),
            in_flight: None,
            next: VecDeque::new(),
            quiet_until: Duration::ZERO,
            settle: Duration::ZERO,
            stray_results: 0,
            synchronising: false,
            backlog: 0,
            bring_up: None,
            pin_failed: false,
            sends: VecDeque::new(),
            commands: VecDeque::new(),
            turn: Turn::Reading,
            memories: Memories::default(),
            slots: Slots::default(),
            direct: None,
            ussd: Ussd::default(),
            calls: Calls::default(),
            network: Network::default(),
            link: Link::default(),
            upkeep: Upkeep::default(),
            health: Health::default(),
        }
    }

    /// What the line is doing and what is known of it.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// Whether a request to send would be begun soon: one waits at most, the rest is better kept by the caller.
    #[must_use]
    pub fn wants_sending(&self) -> bool {
        self.sends.is_empty()
    }

    /// The same for every other request.
    #[must_use]
    pub fn wants_command(&self) -> bool {
        self.commands.is_empty()
    }

    /// Whether a message may be leaving at this moment.
    #[must_use]
    pub fn is_sending(&self) -> bool {
        self.in_flight.as_ref().is_some_and(InFlight::may_have_left)
    }

    /// The port is open: bring-up begins.
    pub fn handle_opened(&mut self, now: Duration) {
        self.port = Port::Open;
        self.lines.clear();
        self.transmits.clear();
        self.quiet_until = now;
        self.settle = Duration::ZERO;
        self.stray_results = 0;
        self.synchronising = false;
        self.begin_bring_up(now);
        self.advance(now);
    }

    /// The port is gone or is being waited for; `phase` says why. Everything asked for is answered.
    pub fn handle_closed(&mut self, phase: Phase) {
        self.port = Port::Closed;
        self.lines.clear();
        self.transmits.clear();
        let phase = match (self.health.take_words(), phase) {
            (Some(doing), Phase::NotAnswering) => Phase::Mending { doing },
            (Some(_) | None, phase) => phase,
        };
        self.set_phase(phase);
        self.lose_everything();
        self.bring_up = None;
        self.direct = None;
        self.memories = Memories::default();
        self.slots.forget();
        if !matches!(self.status.phase, Phase::NotAnswering) {
            self.late.forget();
        }
        self.turn_away();
    }

    /// What waits for its turn is answered that the line is down.
    fn turn_away(&mut self) {
        let waiting: Vec<_> = self
            .sends
            .drain(..)
            .chain(self.commands.drain(..))
            .collect();
        for (id, request) in waiting {
            self.answer_line_down(id, &request);
        }
    }

    /// Something to be done. A line that is not up answers at once that nothing was done.
    pub fn handle_request(&mut self, now: Duration, id: RequestId, request: Request) {
        match self.status.phase {
            Phase::Ready | Phase::Recovering => {
                let queue = if request.is_sending() {
                    &mut self.sends
                } else {
                    &mut self.commands
                };
                queue.push_back((id, request));
                self.advance(now);
            }
            Phase::Opening
            | Phase::PortAbsent { .. }
            | Phase::PortUnusable { .. }
            | Phase::BringingUp { .. }
            | Phase::NotAnswering
            | Phase::Mending { .. }
            | Phase::Blocked(_)
            | Phase::Stopped => self.answer_line_down(id, &request),
        }
    }

    /// Bytes from the port.
    pub fn handle_input(&mut self, now: Duration, bytes: &[u8]) {
        if self.port == Port::Closed {
            return;
        }
        for &byte in bytes {
            if let Some(line) = self.lines.take(byte) {
                self.handle_line(now, &line);
            } else if self.lines.at_prompt() && self.awaits_prompt() {
                self.lines.clear();
                self.handle_prompt(now);
            }
        }
        if self.lines.at_prompt() {
            self.handle_stray_prompt(now);
        }
        self.settle_refusal(now);
        self.advance(now);
    }

    /// How many events the caller holds because nobody takes them: above a few no further slot is read.
    pub fn handle_backlog(&mut self, waiting: usize) {
        self.backlog = waiting;
    }

    /// The time has come that [`Engine::poll_timeout`] gave; also due after events were drained. Harmless at other times.
    pub fn handle_timeout(&mut self, now: Duration) {
        if self
            .in_flight
            .as_ref()
            .is_some_and(|in_flight| in_flight.deadline <= now)
        {
            self.expire(now);
        }
        self.expire_ussd(now);
        self.expire_calls(now);
        self.settle_refusal(now);
        self.advance(now);
    }

    /// The next bytes to write. Each piece must have been written before the next is asked for.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        let transmit = self.transmits.pop_front()?;
        if transmit.leaves
            && let Some(in_flight) = &mut self.in_flight
        {
            in_flight.left = true;
        }
        Some(transmit.bytes)
    }

    /// The next thing to tell.
    pub fn poll_event(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Engine::handle_timeout`] is due at the latest; `None`: not before something else happens.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        if self.port != Port::Open {
            return None;
        }
        let exchange = match &self.in_flight {
            Some(in_flight) => Some(in_flight.deadline),
            None if self.has_work() => Some(self.quiet_until),
            None => match &self.bring_up {
                Some(bring_up) => bring_up.due().map(|due| due.max(self.quiet_until)),
                None => {
                    let due = self.upkeep.due();
                    let due = self.health_due().map_or(due, |mend| due.min(mend));
                    Some(due.max(self.quiet_until))
                }
            },
        };
        let others = [
            self.ussd.deadline(),
            self.calls.deadline(),
            self.network.deadline(),
        ];
        others.into_iter().chain([exchange]).flatten().min()
    }

    /// How many things the engine remembers, for the test that they have a bound.
    #[cfg(test)]
    fn waiting(&self) -> usize {
        let queues = [
            self.next.len(),
            self.transmits.len(),
            self.outputs.len(),
            self.sends.len(),
            self.commands.len(),
            self.status.storage.len(),
        ];
        queues.iter().sum::<usize>() + self.slots.remembered()
    }

    fn has_room(&self) -> bool {
        self.outputs.len().saturating_add(self.backlog) < BACKLOG
    }

    fn has_work(&self) -> bool {
        let reading = self.slots.wants_reading() && self.has_room();
        let up = self.bring_up.is_none();
        !self.next.is_empty()
            || (up && (reading || !self.sends.is_empty() || !self.commands.is_empty()))
    }

    /// Starts whatever is next, until a command is in flight or nothing is left to do.
    fn advance(&mut self, now: Duration) {
        while self.port == Port::Open && self.in_flight.is_none() && now >= self.quiet_until {
            let job = if let Some(job) = self.next.pop_front() {
                job
            } else if self.mend(now) {
                continue;
            } else if self.bring_up.is_some() {
                if !self.continue_bring_up(now) {
                    return;
                }
                continue;
            } else if let Some(job) = self.pick(now) {
                job
            } else {
                return;
            };
            self.start(now, job);
        }
    }

    /// Takes turns, so that neither a full memory nor a long queue starves the other.
    fn pick(&mut self, now: Duration) -> Option<Job> {
        for _ in 0..4 {
            let turn = self.turn;
            self.turn = match turn {
                Turn::Reading => Turn::Sending,
                Turn::Sending => Turn::Commands,
                Turn::Commands => Turn::Upkeep,
                Turn::Upkeep => Turn::Reading,
            };
            let job = match turn {
                Turn::Reading if self.has_room() => self.next_reading(),
                Turn::Reading => None,
                Turn::Sending => self
                    .sends
                    .pop_front()
                    .and_then(|(id, request)| self.job_of(now, id, request))
                    .map(|job| self.keeping_link(now, job)),
                Turn::Commands => self
                    .commands
                    .pop_front()
                    .and_then(|(id, request)| self.job_of(now, id, request)),
                Turn::Upkeep => self.next_check(now),
            };
            if job.is_some() {
                return job;
            }
        }
        None
    }

    fn set_phase(&mut self, phase: Phase) {
        if self.status.phase == phase {
            return;
        }
        let same_kind = mem::discriminant(&self.status.phase) == mem::discriminant(&phase);
        let step_only = same_kind && matches!(phase, Phase::BringingUp { .. });
        self.status.phase = phase;
        if !step_only {
            tracing::info!(phase = %self.status.phase, "the line changed");
            self.event(Event::PhaseChanged(self.status.phase.clone()));
        }
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn answer(&mut self, id: RequestId, answer: Answer) {
        self.outputs.push_back(Output::Answer { id, answer });
    }

    fn answer_line_down(&mut self, id: RequestId, request: &Request) {
        let doing = self.status.phase.to_string();
        let answer = match request {
            Request::Send { .. } | Request::Transmit { .. } => {
                Answer::Sent(Err(SendError::Retry {
                    cause: Cause::LineDown(doing),
                }))
            }
            Request::Stage { .. } => Answer::Staged(Err(CommandError::LineDown(doing))),
            Request::Inspect { .. } => Answer::Inspected(Err(CommandError::LineDown(doing))),
            Request::Staged => Answer::Listed(Err(CommandError::LineDown(doing))),
            Request::Delete { .. } => Answer::Deleted(Err(CommandError::LineDown(doing))),
            Request::Ussd { .. } => Answer::Ussd(Err(CommandError::LineDown(doing))),
            Request::UssdEnd => Answer::UssdEnded(Err(CommandError::LineDown(doing))),
        };
        self.answer(id, answer);
    }
}
