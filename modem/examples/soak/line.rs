//! One line in virtual time: an engine, a simulated modem, and a stand-in for the core with a store that outlives kills.
//!
//! The stand-in does what the core promises: a part is stored as on its way before it is handed over, a start that finds
//! one takes it for unknown, what came in is stored before its slot is freed, and nothing goes out again unasked.

use std::collections::BTreeMap;
use std::time::Duration;

use modem::engine::{Answer, Engine, Output, Request, RequestId, Settings, Unfinished};
use modem::{Event, Kind, Origin, Phase, PinDecision, SendError};
use modem_sim::{Port, Simulator};

use crate::ledger::Ledger;

/// Between two tries of a part that did not leave, at first and at most.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// From a reset of the USB port to the modem's return.
const RESET: Duration = Duration::from_secs(3);
/// So long the result of a send may come late.
const LATE: Duration = Duration::from_secs(150);
/// More rounds without time passing are a loop.
const ROUNDS: usize = 200_000;

/// Where a part stands in the stand-in's store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Queued { due: Duration, wait: Duration },
    Transmitting,
    Sent(Option<u8>),
    Unknown,
    Failed,
}

/// Whether the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    Running,
    /// Killed; started again then.
    Killed {
        until: Duration,
    },
}

pub(crate) struct Line {
    pub(crate) simulator: Simulator,
    pub(crate) now: Duration,
    pub(crate) ledger: Ledger,
    pub(crate) parts: BTreeMap<u64, Part>,
    settings: Settings,
    engine: Engine,
    open: bool,
    program: Program,
    started: Duration,
    /// Of the newest part that the modem took, as the core has it stored.
    last_reference: Option<u8>,
    /// The newest part that a kill met on its way, and when.
    unfinished: Option<(u64, Duration)>,
    last_id: u64,
    sending: Option<(RequestId, u64)>,
    last_part: u64,
    pub(crate) reopenings: u64,
    pub(crate) kills: u64,
    pub(crate) switches: u64,
    pub(crate) resets: u64,
    /// Prints every byte and every output, for whoever looks into a day that went wrong.
    pub(crate) trace: bool,
}

impl Line {
    pub(crate) fn new(settings: Settings, simulator: Simulator) -> Self {
        Self {
            engine: Engine::new(settings.clone()),
            settings,
            simulator,
            now: Duration::ZERO,
            ledger: Ledger::default(),
            parts: BTreeMap::new(),
            open: false,
            program: Program::Running,
            started: Duration::ZERO,
            last_reference: None,
            unfinished: None,
            last_id: 0,
            sending: None,
            last_part: 0,
            reopenings: 0,
            kills: 0,
            switches: 0,
            resets: 0,
            trace: false,
        }
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.engine.status().is_ready()
    }

    pub(crate) fn phase(&self) -> &Phase {
        &self.engine.status().phase
    }

    /// Someone writes a message of one part; its text is its number.
    pub(crate) fn write(&mut self) {
        self.last_part += 1;
        let due = self.now;
        self.parts.insert(
            self.last_part,
            Part::Queued {
                due,
                wait: FIRST_WAIT,
            },
        );
        self.ledger.wrote(self.last_part);
    }

    /// Someone asks for every part in doubt to be sent again, as only a person may.
    pub(crate) fn ask_again(&mut self) {
        for (number, part) in &mut self.parts {
            if *part == Part::Unknown {
                *part = Part::Queued {
                    due: self.now,
                    wait: FIRST_WAIT,
                };
                self.ledger.asked_again(*number);
            }
        }
    }

    /// `kill -9`: what was not stored is gone, and nobody reads the port for a while.
    pub(crate) fn kill(&mut self, away: Duration) {
        self.kills += 1;
        self.ledger.may_misread = true;
        self.program = Program::Killed {
            until: self.now + away,
        };
        self.open = false;
        self.sending = None;
        for (number, part) in &mut self.parts {
            if *part == Part::Transmitting {
                *part = Part::Unknown;
                self.unfinished = Some((*number, self.now));
            }
        }
        let recent = self.unfinished.filter(|(number, at)| {
            self.parts.get(number) == Some(&Part::Unknown) && self.now < *at + LATE
        });
        let unfinished = recent.map(|(tag, _)| Unfinished {
            tag,
            last_reference: self.last_reference,
        });
        self.engine = Engine::new(Settings {
            unfinished,
            ..self.settings.clone()
        });
    }

    /// Lets that much time pass.
    ///
    /// # Errors
    ///
    /// What went wrong by the ledger, or that the two never rest.
    pub(crate) fn run(&mut self, time: Duration) -> Result<(), String> {
        let end = self.now + time;
        loop {
            self.settle()?;
            let start = match self.program {
                Program::Running => None,
                Program::Killed { until } => Some(until),
            };
            let queued = self.next_due();
            let engine = self.engine.poll_timeout().map(|due| due + self.started);
            let due = [engine, self.simulator.poll_timeout(), start, queued];
            let Some(due) = due.into_iter().flatten().min().filter(|&due| due <= end) else {
                break;
            };
            self.now = self.now.max(due);
            self.simulator.handle_timeout(self.now);
            if self.program == Program::Running {
                self.engine.handle_timeout(self.clock());
            }
        }
        self.now = end;
        self.settle()
    }

    /// When a queued part is next to be tried; only one later than now, since the line may not be ready for it.
    fn next_due(&self) -> Option<Duration> {
        let dues = self.parts.values().filter_map(|part| match part {
            Part::Queued { due, .. } if *due > self.now => Some(*due),
            Part::Queued { .. }
            | Part::Transmitting
            | Part::Sent(_)
            | Part::Unknown
            | Part::Failed => None,
        });
        dues.min()
    }

    fn settle(&mut self) -> Result<(), String> {
        for _ in 0..ROUNDS {
            if let Program::Killed { until } = self.program {
                if until > self.now {
                    // What the modem says meanwhile is lost with the closed port.
                    while self.simulator.poll_output().is_some() {}
                    return self.take_events();
                }
                self.program = Program::Running;
                self.started = self.now;
            }
            let mut busy = self.follow_port();
            if let Some(bytes) = self.simulator.poll_output() {
                busy = true;
                self.trace("<", &bytes);
                self.engine.handle_input(self.clock(), &bytes);
            }
            self.engine.handle_timeout(self.clock());
            while let Some(bytes) = self.engine.poll_transmit() {
                busy = true;
                self.trace(">", &bytes);
                self.simulator.handle_input(self.now, &bytes);
            }
            while let Some(output) = self.engine.poll_event() {
                busy = true;
                self.take(output)?;
            }
            self.take_events()?;
            busy |= self.send_next();
            if !busy {
                return Ok(());
            }
        }
        Err("engine and modem never rest".to_owned())
    }

    fn follow_port(&mut self) -> bool {
        // What switches sticks out of CD-ROM mode does so at once.
        if self.simulator.is_cd_rom() && self.simulator.switch_mode(self.now) {
            self.switches += 1;
        }
        match (self.simulator.port(), self.open) {
            (Port::Open, false) => {
                self.open = true;
                self.engine.handle_opened(self.clock());
                true
            }
            (Port::Closed, true) => {
                self.open = false;
                let reason = "unplugged".to_owned();
                self.engine.handle_closed(Phase::PortAbsent { reason });
                true
            }
            (Port::Open, true) | (Port::Closed, false) => false,
        }
    }

    fn take_events(&mut self) -> Result<(), String> {
        while let Some(event) = self.simulator.poll_event() {
            if self.trace {
                println!("{:.3} * {event:?}", self.now.as_secs_f64());
            }
            self.ledger.happened(event)?;
        }
        Ok(())
    }

    /// One part at a time, in order, as the core's worker does.
    fn send_next(&mut self) -> bool {
        if self.sending.is_some() || *self.phase() != Phase::Ready {
            return false;
        }
        let now = self.now;
        let next = self.parts.iter().find_map(|(number, part)| match part {
            Part::Queued { due, .. } if *due <= now => Some(*number),
            Part::Queued { .. }
            | Part::Transmitting
            | Part::Sent(_)
            | Part::Unknown
            | Part::Failed => None,
        });
        let Some(number) = next else { return false };
        self.parts.insert(number, Part::Transmitting);
        let tpdu = crate::ledger::tpdu(number);
        let id = self.ask(Request::Send { tag: number, tpdu });
        self.sending = Some((id, number));
        self.trace("+", format!("part {number} handed over").as_bytes());
        true
    }

    fn ask(&mut self, request: Request) -> RequestId {
        self.last_id += 1;
        let id = RequestId(self.last_id);
        self.engine.handle_request(self.clock(), id, request);
        id
    }

    /// The time since the program was started, which is the engine's.
    fn clock(&self) -> Duration {
        self.now.saturating_sub(self.started)
    }

    fn trace(&self, direction: &str, bytes: &[u8]) {
        if self.trace {
            println!(
                "{:.3} {direction} {}",
                self.now.as_secs_f64(),
                bytes.escape_ascii()
            );
        }
    }

    fn take(&mut self, output: Output) -> Result<(), String> {
        if self.trace {
            println!("{:.3} = {output:?}", self.now.as_secs_f64());
        }
        match output {
            Output::Event(Event::Received { origin, pdu, kind }) => {
                if kind == Kind::Message {
                    self.ledger.received(pdu.as_str())?;
                }
                if let Origin::Stored(slot) = origin {
                    self.ask(Request::Delete {
                        slot,
                        expected: pdu,
                    });
                }
            }
            Output::Event(Event::LateOutcome { tag, outcome }) => {
                let part = self.parts.get(&tag).copied();
                let later = match (part, outcome) {
                    (Some(Part::Unknown), Ok(accepted)) => {
                        Part::Sent(accepted.reference.map(|reference| reference.0))
                    }
                    (Some(Part::Unknown), Err(SendError::Reject { .. })) => Part::Failed,
                    (_, _) => return Ok(()),
                };
                self.parts.insert(tag, later);
            }
            Output::Answer {
                id,
                answer: Answer::Sent(outcome),
            } => {
                let Some((_, number)) = self.sending.take_if(|(sending, _)| *sending == id) else {
                    return Err(format!("{id:?} is answered and was not asked"));
                };
                if let Ok(modem::Accepted {
                    reference: Some(reference),
                }) = &outcome
                {
                    self.last_reference = Some(reference.0);
                }
                if matches!(outcome, Err(SendError::Unknown { .. })) {
                    self.last_reference = None;
                }
                self.parts.insert(number, self.after(outcome));
            }
            Output::AskPin(_) => self
                .engine
                .handle_pin_decision(self.clock(), PinDecision::Enter),
            Output::ClosePort => {
                self.reopenings += 1;
                self.engine.handle_closed(Phase::NotAnswering);
                self.open = false;
            }
            Output::ResetUsb => {
                self.resets += 1;
                self.engine.handle_closed(Phase::NotAnswering);
                self.open = false;
                self.simulator.drop_port(self.now, RESET);
            }
            Output::Answer { .. } | Output::Event(_) => {}
        }
        Ok(())
    }

    fn after(&self, outcome: Result<modem::Accepted, SendError>) -> Part {
        match outcome {
            Ok(accepted) => Part::Sent(accepted.reference.map(|reference| reference.0)),
            Err(SendError::Retry { .. }) => Part::Queued {
                due: self.now + FIRST_WAIT,
                wait: (FIRST_WAIT * 2).min(LONGEST_WAIT),
            },
            Err(SendError::Reject { .. }) => Part::Failed,
            Err(SendError::Unknown { .. }) => Part::Unknown,
        }
    }
}
