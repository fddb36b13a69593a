//! The SIM and its PIN. The state of the PIN goes `NotWanted → Wanted → Allowed → Entered`; `Allowed` is the gate's word,
//! `Entered` is reached by writing it once, whatever the modem answers.

use std::time::Duration;

use super::super::{Engine, Output, text};
use super::table::{self, Verdict};
use super::{BUSY_ATTEMPTS, BUSY_PAUSE, LEAST_TRIES, PinState};
use crate::cause::ModemError;
use crate::config::PinAttempt;
use crate::event::Event;
use crate::status::{Blocked, Phase};

/// A SIM that says nothing is asked again so often.
const SILENT_ATTEMPTS: u8 = 2;
/// A PIN is given again to a busy SIM so often if its tries are not known: should it have been tried, one is left.
const UNCOUNTED_ATTEMPTS: u8 = 1;

impl Engine {
    /// `+CPIN: READY` and its kin.
    pub(super) fn note_sim(&mut self, lines: &[String]) -> Verdict {
        let said = lines
            .first()
            .and_then(|line| text::arguments(line).into_iter().next());
        let Some(said) = said else {
            // The result of another command, or of a modem that does not tell: what follows shows whether the SIM works.
            return self.ask_sim_again();
        };
        match said.as_str() {
            "READY" => {
                self.note_pin_accepted();
                Verdict::Next
            }
            "SIM PIN" => self.want_pin(),
            "SIM PUK" => Verdict::Block(Blocked::PukWanted),
            "NOT INSERTED" | "NOT READY" if self.is_waiting_for_sim() => Verdict::Again,
            "NOT INSERTED" | "NOT READY" => Verdict::Block(Blocked::SimMissing),
            _ => Verdict::Block(Blocked::OtherLock),
        }
    }

    fn ask_sim_again(&self) -> Verdict {
        let often = self
            .bring_up
            .as_ref()
            .is_some_and(|bring_up| bring_up.busy >= SILENT_ATTEMPTS);
        if often {
            Verdict::NextCommand
        } else {
            Verdict::Again
        }
    }

    /// Also where no PIN was asked for: we may have been killed between entering it and hearing that it was right.
    pub(super) fn note_pin_accepted(&mut self) {
        self.pin_failed = false;
        if self.settings.pin.is_some() {
            self.event(Event::PinAccepted);
        }
    }

    pub(super) fn is_waiting_for_sim(&self) -> bool {
        self.bring_up
            .as_ref()
            .is_some_and(|bring_up| bring_up.busy < BUSY_ATTEMPTS)
    }

    pub(super) fn want_pin(&mut self) -> Verdict {
        let Some(bring_up) = &mut self.bring_up else {
            return Verdict::Next;
        };
        match bring_up.pin {
            // It was taken and the card still starts.
            PinState::Entered if bring_up.busy < BUSY_ATTEMPTS => Verdict::Again,
            PinState::Entered => Verdict::Block(Blocked::PinWrong),
            PinState::NotWanted | PinState::Wanted { .. } | PinState::Allowed { .. }
                if self.settings.pin.is_none() =>
            {
                Verdict::Block(Blocked::PinWanted)
            }
            PinState::NotWanted | PinState::Wanted { .. } | PinState::Allowed { .. }
                if self.pin_failed =>
            {
                let told = self.status.phase == Phase::Blocked(Blocked::PinWrong);
                Verdict::Block(if told {
                    Blocked::PinWrong
                } else {
                    Blocked::PinWithheld
                })
            }
            PinState::NotWanted | PinState::Wanted { .. } | PinState::Allowed { .. } => {
                bring_up.pin = PinState::Wanted { tries: None };
                Verdict::Next
            }
        }
    }

    pub(super) fn judge_sim(&mut self, error: Option<ModemError>) -> Verdict {
        match error {
            Some(ModemError::Cme(10) | ModemError::Cms(310)) => Verdict::Block(Blocked::SimMissing),
            Some(ModemError::Cme(13..=15) | ModemError::Cms(313..=315)) => {
                Verdict::Block(Blocked::SimFailure)
            }
            Some(ModemError::Cme(11) | ModemError::Cms(311)) => self.want_pin(),
            Some(ModemError::Cme(12) | ModemError::Cms(316)) => Verdict::Block(Blocked::PukWanted),
            Some(ModemError::Cme(5 | 17 | 18 | 40) | ModemError::Cms(312 | 317 | 318)) => {
                Verdict::Block(Blocked::OtherLock)
            }
            // A modem without the command, or without an answer just now: what follows shows whether the SIM works.
            Some(_) | None => Verdict::Next,
        }
    }

    pub(super) fn if_pin_wanted(&self, commands: &[&str]) -> Vec<String> {
        match self.bring_up.as_ref().map(|bring_up| bring_up.pin) {
            Some(PinState::Wanted { .. }) => {
                commands.iter().map(|&command| command.to_owned()).collect()
            }
            Some(PinState::NotWanted | PinState::Allowed { .. } | PinState::Entered) | None => {
                Vec::new()
            }
        }
    }

    /// `+CPINR: SIM PIN,3,3`, `^CPIN: SIM PIN,,10,3,10,3` (code, tries of the code asked for, PUK, PIN, …), `+SPIC: 3,…`
    pub(super) fn note_tries(&mut self, lines: &[String]) -> Verdict {
        let tries = lines.iter().find_map(|line| {
            let arguments = text::arguments(line);
            match text::code(line)? {
                "+CPINR" if arguments.first().is_some_and(|name| name == "SIM PIN") => {
                    text::number(&arguments, 1)
                }
                "^CPIN" => text::number(&arguments, 1).or_else(|| text::number(&arguments, 3)),
                "+SPIC" => text::number(&arguments, 0),
                _ => None,
            }
        });
        match (tries, &mut self.bring_up) {
            (Some(tries), Some(bring_up)) => {
                bring_up.pin = PinState::Wanted { tries: Some(tries) };
                Verdict::Next
            }
            _ => Verdict::NextCommand,
        }
    }

    pub(super) fn ask_for_pin(&mut self, now: Duration) -> bool {
        let Some(bring_up) = &mut self.bring_up else {
            return false;
        };
        match bring_up.pin {
            PinState::NotWanted | PinState::Allowed { .. } | PinState::Entered => {
                bring_up.advance();
                true
            }
            PinState::Wanted { tries: Some(tries) } if tries < LEAST_TRIES => {
                self.block(now, Blocked::PinWithheld);
                true
            }
            // Leave was given, and the attempt was not made.
            PinState::Wanted { tries } if bring_up.pin_busy > 0 => {
                bring_up.pin = PinState::Allowed { tries };
                bring_up.advance();
                true
            }
            PinState::Wanted { tries } => {
                bring_up.wait_until = None;
                let iccid = self.status.identity.iccid.clone();
                self.outputs.push_back(Output::AskPin(PinAttempt {
                    iccid,
                    tries_left: tries,
                }));
                false
            }
        }
    }

    /// SIM or modem had no time to try the PIN: state and tries are asked for again before it is entered again.
    pub(super) fn enter_pin_later(&mut self, now: Duration, tries: Option<u8>) {
        self.pin_failed = false;
        let Some(bring_up) = &mut self.bring_up else {
            return;
        };
        let most = if tries.is_some() {
            BUSY_ATTEMPTS
        } else {
            UNCOUNTED_ATTEMPTS
        };
        if bring_up.pin_busy >= most {
            return self.block(now, Blocked::SimFailure);
        }
        bring_up.pin_busy += 1;
        bring_up.pin = PinState::NotWanted;
        bring_up.wait_until = Some(now + BUSY_PAUSE);
        bring_up.go_to(table::asks_for_sim);
    }

    pub(super) fn pin_command(&self) -> Vec<String> {
        match (&self.settings.pin, self.is_entering_pin()) {
            (Some(pin), true) => vec![format!("AT+CPIN=\"{}\"", pin.reveal())],
            (Some(_) | None, _) => Vec::new(),
        }
    }

    pub(super) fn is_entering_pin(&self) -> bool {
        self.bring_up
            .as_ref()
            .is_some_and(|bring_up| matches!(bring_up.pin, PinState::Allowed { .. }))
    }

    pub(super) fn if_pin_entered(&self, command: &str) -> Vec<String> {
        let entered = self
            .bring_up
            .as_ref()
            .is_some_and(|bring_up| bring_up.pin == PinState::Entered);
        if entered {
            vec![command.to_owned()]
        } else {
            Vec::new()
        }
    }
}
