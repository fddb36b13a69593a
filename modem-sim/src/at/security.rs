//! The SIM's PIN: `+CPIN`, `+CPINR`, `+CLCK` (3GPP TS 27.007 §8.3, §8.65, §7.4).
//!
//! **Invariant:** tries that were used stay used, through a reset and a dropped port.

use super::{Answered, Failure, done, line, parse::Form};
use crate::simulator::Simulator;

/// Why the SIM cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SimProblem {
    /// It starts up.
    Busy,
    /// It wants its PIN.
    Pin,
    /// The tries are used up.
    Puk,
}

const INCORRECT_PASSWORD: Failure = Failure::Equipment(16);

impl Simulator {
    pub(crate) fn sim_problem(&self) -> Option<SimProblem> {
        if self.now < self.modem.powered_at + self.settings.sim_busy_for {
            return Some(SimProblem::Busy);
        }
        match (&self.settings.pin, self.modem.unlocked, self.pin_tries_left) {
            (None, _, _) | (Some(_), true, _) => None,
            (Some(_), false, 0) => Some(SimProblem::Puk),
            (Some(_), false, _) => Some(SimProblem::Pin),
        }
    }

    pub(super) fn cpin(&mut self, form: &Form) -> Answered {
        match form {
            Form::Query => match self.sim_problem() {
                None => line("+CPIN: READY"),
                Some(SimProblem::Pin) => line("+CPIN: SIM PIN"),
                Some(SimProblem::Puk) => line("+CPIN: SIM PUK"),
                Some(SimProblem::Busy) => Err(Failure::Equipment(14)),
            },
            Form::Set(values) => match (self.sim_problem(), values.text(0)) {
                (Some(SimProblem::Busy), _) => Err(Failure::Equipment(14)),
                (Some(SimProblem::Puk), _) => Err(Failure::Equipment(12)),
                (None, _) => Err(Failure::Equipment(3)),
                (Some(SimProblem::Pin), given) if given == self.settings.pin.as_deref() => {
                    let before = self.registration();
                    self.pin_tries_left = self.settings.pin_tries;
                    self.modem.unlocked = true;
                    self.registration_may_have_changed(before);
                    done()
                }
                (Some(SimProblem::Pin), _) => {
                    self.pin_tries_left = self.pin_tries_left.saturating_sub(1);
                    if self.pin_tries_left == 0 {
                        Err(Failure::Equipment(12))
                    } else {
                        Err(INCORRECT_PASSWORD)
                    }
                }
            },
            Form::Test => done(),
            Form::Execute => Err(Failure::Plain),
        }
    }

    pub(super) fn cpinr(&self, form: &Form) -> Answered {
        match form {
            Form::Test => done(),
            Form::Execute | Form::Query | Form::Set(_) => line(format!(
                "+CPINR: SIM PIN,{},{}",
                self.pin_tries_left, self.settings.pin_tries
            )),
        }
    }

    /// Whether the PIN is asked for at power-up: query of facility `SC` only.
    pub(super) fn clck(&self, form: &Form) -> Answered {
        match form {
            Form::Test => line("+CLCK: (\"SC\")"),
            Form::Set(values) if (values.text(0), values.text(1)) == (Some("SC"), Some("2")) => {
                line(format!("+CLCK: {}", u8::from(self.settings.pin.is_some())))
            }
            Form::Set(_) => Err(Failure::Equipment(4)),
            Form::Execute | Form::Query => Err(Failure::Plain),
        }
    }
}
