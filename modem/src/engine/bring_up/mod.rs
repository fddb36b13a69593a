//! Setting a modem up: a table of steps, most of which may fail.
//!
//! Each step tries its commands in order until one is taken. A busy SIM or modem is asked again every second for 20 s.
//! A step that fails is left out, unless nothing works without it: then the line is blocked, a person is told what to
//! do, and it is begun anew every minute.
//!
//! The PIN is tried at most once in a bring-up, after the asker's leave, never with fewer than 3 tries left by the
//! modem's own word, and not again in the life of an engine once it was entered and the SIM did not become ready. A SIM
//! that was too busy to try it is given it again: while the modem still counts 3 tries, or once if it does not count.

mod identity;
mod routing;
mod sim;
mod table;

use std::time::Duration;

use table::{Commands, Failed, STEPS, Step, Verdict};

use super::command::Command;
use super::job::{Job, Reply};
use super::{Engine, Port, incoming, recovery, text};
use crate::cause::ModemError;
use crate::config::PinDecision;
use crate::status::{Blocked, Identity, Incoming, Phase, Registration};

/// Between two attempts at a busy SIM, and how many there are.
const BUSY_PAUSE: Duration = Duration::from_secs(1);
const BUSY_ATTEMPTS: u8 = 20;
/// A blocked line is looked at again.
const BLOCKED_PAUSE: Duration = Duration::from_secs(60);
/// Fewer tries than this are not risked.
const LEAST_TRIES: u8 = 3;

/// Where bring-up stands.
#[derive(Debug)]
pub(super) struct BringUp {
    step: usize,
    command: usize,
    busy: u8,
    /// `None`: an answer from outside is awaited.
    wait_until: Option<Duration>,
    /// `+CFUN` was not 1, or the registration stays at 0.
    asleep: bool,
    pin: PinState,
    /// How often SIM or modem had no time to take the PIN: it was not tried then.
    pin_busy: u8,
    /// `=?` of `+CNMI`; empty if the modem does not tell.
    routing: Vec<String>,
    last_error: Option<ModemError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PinState {
    NotWanted,
    Wanted { tries: Option<u8> },
    Allowed { tries: Option<u8> },
    Entered,
}

impl BringUp {
    pub(super) fn new(now: Duration) -> Self {
        Self {
            step: 0,
            command: 0,
            busy: 0,
            wait_until: Some(now),
            asleep: false,
            pin: PinState::NotWanted,
            pin_busy: 0,
            routing: Vec::new(),
            last_error: None,
        }
    }

    /// Whether the echo was switched off, or cannot be.
    pub(super) fn is_past_echo(&self) -> bool {
        self.step > 0
    }

    pub(super) fn due(&self) -> Option<Duration> {
        self.wait_until
    }

    fn go_to(&mut self, wanted: fn(&Step) -> bool) {
        self.step = STEPS.iter().position(wanted).unwrap_or_default();
        self.command = 0;
        self.busy = 0;
        self.last_error = None;
    }

    fn advance(&mut self) {
        self.step += 1;
        self.command = 0;
        self.busy = 0;
        self.last_error = None;
    }
}

impl Engine {
    pub(super) fn begin_bring_up(&mut self, now: Duration) {
        self.bring_up = Some(BringUp::new(now));
        self.status.identity = Identity::default();
        self.status.registration = Registration::default();
        self.status.packet_registration = Registration::default();
        self.status.technology = None;
        self.network.forget_registration();
        self.status.incoming = Incoming::default();
        self.status.storage.clear();
        self.health.begin_anew();
        self.next.push_front(Job::Synchronise {
            left: recovery::ATTEMPTS,
        });
        self.next.push_front(Job::Escape);
        self.set_step("talking to the modem");
    }

    /// Whether an unsolicited line says that modem or SIM began anew: what was set up is gone.
    ///
    /// While the modem is set up, its own word counts, the SIM's does not: that is asked for then.
    pub(super) fn is_restart(&mut self, line: &str) -> bool {
        let anew = matches!(line, "RDY" | "^SYSSTART" | "NORMAL POWER DOWN");
        if let Some(bring_up) = &self.bring_up {
            let switches_radio = self.in_flight.as_ref().is_some_and(|in_flight| {
                in_flight.is_command("AT+CFUN=1") || in_flight.job != Job::BringUp
            });
            return anew
                && self.port == Port::Open
                && bring_up.is_past_echo()
                && bring_up.due().is_some()
                && !switches_radio
                && !self.health.is_mending()
                && self.health.note_restart();
        }
        let lost_sim = text::code(line) == Some("+CPIN")
            && (!line.ends_with("READY") || line.ends_with("NOT READY"));
        self.port == Port::Open && (anew || lost_sim)
    }

    pub(super) fn handle_restart(&mut self, now: Duration) {
        tracing::warn!("the modem or its SIM began anew; it is set up again");
        self.forget_everything();
        self.begin_bring_up(now);
        self.turn_away();
    }

    /// Leave to enter the PIN, or not.
    pub fn handle_pin_decision(&mut self, now: Duration, decision: PinDecision) {
        let Some(bring_up) = &mut self.bring_up else {
            return;
        };
        let PinState::Wanted { tries } = bring_up.pin else {
            return;
        };
        if bring_up.wait_until.is_some() {
            return;
        }
        match decision {
            PinDecision::Enter => {
                bring_up.pin = PinState::Allowed { tries };
                bring_up.wait_until = Some(now);
                bring_up.advance();
            }
            PinDecision::Refuse => self.block(now, Blocked::PinWithheld),
        }
        self.advance(now);
    }

    /// Starts the next command of bring-up. Gives `false` if there is nothing to start now.
    pub(super) fn continue_bring_up(&mut self, now: Duration) -> bool {
        let Some(bring_up) = &self.bring_up else {
            return false;
        };
        if bring_up.wait_until.is_none_or(|until| until > now) {
            return false;
        }
        let Some(step) = STEPS.get(bring_up.step) else {
            self.bring_up = None;
            self.set_phase(Phase::Ready);
            self.note_ready();
            self.begin_upkeep(now);
            return true;
        };
        if matches!(step.commands, Commands::AskPin) {
            return self.ask_for_pin(now);
        }
        let command = bring_up.command;
        if self.step_commands(step).len() > command {
            self.set_step(step.words);
            if self.is_entering_pin() {
                self.pin_failed = true; // Until the SIM says otherwise.
            }
            self.start(now, Job::BringUp);
        } else if command == 0 {
            self.next_step();
        } else {
            let error = bring_up.last_error;
            let verdict = match &step.failed {
                Failed::LeaveOut | Failed::Warn => Verdict::Next,
                Failed::Block(blocked) => Verdict::Block(*blocked),
                Failed::Judge(judge) => judge(self, error),
            };
            self.follow(now, verdict);
        }
        true
    }

    pub(super) fn bring_up_command(&self) -> Option<Command> {
        let bring_up = self.bring_up.as_ref()?;
        let step = STEPS.get(bring_up.step)?;
        let text = self.step_commands(step).into_iter().nth(bring_up.command)?;
        Some(Command::new(text, step.answer).within(step.limit))
    }

    pub(super) fn finish_step(&mut self, now: Duration, reply: Reply) {
        let Some(bring_up) = &mut self.bring_up else {
            return;
        };
        let Some(step) = STEPS.get(bring_up.step) else {
            return;
        };
        if let PinState::Allowed { tries } = bring_up.pin {
            if incoming::is_busy(&reply) {
                return self.enter_pin_later(now, tries);
            }
            if !matches!(reply, Reply::Error(_)) {
                bring_up.pin = PinState::Entered;
                return bring_up.advance();
            }
        }
        let busy = incoming::is_busy(&reply) && bring_up.busy < BUSY_ATTEMPTS;
        if matches!(step.failed, Failed::Warn) && !matches!(reply, Reply::Ok(_)) && !busy {
            self.warn_of_command(&reply);
        }
        let Some(bring_up) = &mut self.bring_up else {
            return;
        };
        let verdict = match reply {
            Reply::Ok(lines) => (step.note)(self, &lines),
            Reply::Error(error @ (ModemError::Cme(14 | 515) | ModemError::Cms(314)))
                if bring_up.busy < BUSY_ATTEMPTS =>
            {
                bring_up.last_error = Some(error);
                Verdict::Again
            }
            Reply::Error(error) => {
                bring_up.last_error = Some(error);
                Verdict::NextCommand
            }
            Reply::NoAnswer => Verdict::NextCommand,
        };
        self.follow(now, verdict);
    }

    fn warn_of_command(&self, reply: &Reply) {
        let error = match reply {
            Reply::Error(error) => error.to_string(),
            Reply::Ok(_) | Reply::NoAnswer => "the modem did not answer in time".to_owned(),
        };
        if let Some(command) = self.bring_up_command() {
            tracing::warn!(command = command.shown(), %error, "a command of init in the configuration failed; it is left out");
        }
    }

    fn follow(&mut self, now: Duration, verdict: Verdict) {
        let Some(bring_up) = &mut self.bring_up else {
            return;
        };
        match verdict {
            Verdict::Next => bring_up.advance(),
            Verdict::NextCommand => bring_up.command += 1,
            Verdict::Again if bring_up.busy >= BUSY_ATTEMPTS => bring_up.command += 1,
            Verdict::Again => {
                bring_up.busy += 1;
                bring_up.wait_until = Some(now + BUSY_PAUSE);
            }
            Verdict::Block(blocked) => self.block(now, blocked),
        }
    }

    fn next_step(&mut self) {
        if let Some(bring_up) = &mut self.bring_up {
            bring_up.advance();
        }
    }

    fn block(&mut self, now: Duration, blocked: Blocked) {
        self.set_phase(Phase::Blocked(blocked));
        self.note_blocked(now, blocked);
        self.turn_away();
        self.bring_up = Some(BringUp::new(now + BLOCKED_PAUSE));
    }

    /// A blocked line stays blocked in the eyes of people until it is past the reason.
    fn set_step(&mut self, step: &'static str) {
        if !matches!(self.status.phase, Phase::Blocked(_)) && !self.health.is_mending() {
            self.set_phase(Phase::BringingUp { step });
        }
    }

    fn step_commands(&self, step: &Step) -> Vec<String> {
        match &step.commands {
            Commands::These(commands) => {
                commands.iter().map(|&command| command.to_owned()).collect()
            }
            Commands::Chosen(choose) => choose(self),
            Commands::AskPin => Vec::new(),
        }
    }
}
