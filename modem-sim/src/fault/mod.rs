//! Faults that a test or a person scripts, or that strike by a rate. Each says where it was seen.
//!
//! Every fault that fires is written into the ledger with its virtual time, and told as `Event::Fault`.

mod command;
mod modem;
mod rates;
mod send;

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::at::state::Registration;
use crate::network::Event;
use crate::simulator::{BackAs, Due, Simulator, UrcKind};

pub use command::{CommandFault, CommandSpoil, LostAnswer};
pub use modem::{ModemFault, NotificationFault};
pub use rates::FaultRates;
pub use send::{NetworkTook, SendFault};

/// A fault that fired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fired {
    /// Virtual time, in milliseconds.
    pub at_ms: u64,
    /// Which, as its `name()` says.
    pub fault: &'static str,
    /// What it met or printed: the command line, a code, how long; empty where there is nothing to tell.
    pub detail: String,
}

/// Another SIM (see [`Simulator::swap_sim`]).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimCard {
    /// The card's number.
    pub iccid: String,
    /// The subscriber.
    pub imsi: String,
    /// The phone number; `None` for the one before.
    #[serde(default)]
    pub own_number: Option<String>,
    /// Its PIN; `None` for a SIM that asks for none.
    #[serde(default)]
    pub pin: Option<String>,
}

/// The scripted faults that wait, the rates, and what fired.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) sends: VecDeque<SendFault>,
    pub(crate) lost_answers: Vec<LostAnswer>,
    pub(crate) commands: Vec<CommandFault>,
    pub(crate) notifications: VecDeque<NotificationFault>,
    /// What meets the command line that is being typed, by its rate.
    pub(crate) struck: Option<CommandSpoil>,
    pub(crate) rates: Option<rates::Running>,
    ledger: VecDeque<Fired>,
}

impl Faults {
    /// How many scripted faults wait.
    pub(crate) fn waiting(&self) -> usize {
        self.sends.len() + self.lost_answers.len() + self.commands.len() + self.notifications.len()
    }

    /// Whether unsolicited lines wait for an answer to be put into.
    pub(crate) fn wants_arrival_in_answer(&self) -> bool {
        let scripted = self.commands.iter().map(|fault| &fault.how);
        scripted
            .chain(&self.struck)
            .any(|how| *how == CommandSpoil::ArrivalInAnswer)
    }
}

impl Simulator {
    /// Writes into the ledger.
    pub(crate) fn fired(&mut self, fault: &'static str, detail: String) {
        let fired = Fired {
            at_ms: u64::try_from(self.now.as_millis()).unwrap_or(u64::MAX),
            fault,
            detail,
        };
        if self.faults.ledger.len() >= LEDGER {
            self.faults.ledger.pop_front();
        }
        self.faults.ledger.push_back(fired.clone());
        self.event(Event::Fault(fired));
    }

    /// The fault that a send meets: a scripted one, else one by its rate.
    pub(crate) fn send_fault(&mut self, written: &str) -> Option<SendFault> {
        let scripted = self.faults.sends.pop_front();
        let met = scripted.or_else(|| self.faults.rates.as_mut().and_then(|rates| rates.send()));
        if let Some(fault) = &met {
            let name = fault.name();
            let detail = if let SendFault::BeforePrompt { code }
            | SendFault::AfterSubmit { code, .. } = fault
            {
                format!("{written} {code}")
            } else {
                written.to_owned()
            };
            self.fired(name, detail);
        }
        met
    }
}

/// Entries of the ledger that are kept; beyond it the oldest go.
const LEDGER: usize = 100_000;

/// Scripted faults that wait; more are ignored.
const FAULTS: usize = 10_000;

/// Interventions: what a test or a person does to the modem from outside.
impl Simulator {
    /// The next send goes wrong in this way; several wait for one attempt each.
    pub fn fail_send(&mut self, fault: SendFault) {
        if self.faults.sends.len() < FAULTS {
            self.faults.sends.push_back(fault);
        }
    }

    /// The next command that begins so takes effect without an answer.
    pub fn lose_answer(&mut self, fault: LostAnswer) {
        if self.faults.lost_answers.len() < FAULTS {
            self.faults.lost_answers.push(fault);
        }
    }

    /// The next command that begins so goes wrong in that way.
    pub fn fail_command(&mut self, fault: CommandFault) {
        if self.faults.commands.len() < FAULTS {
            self.faults.commands.push(fault);
        }
    }

    /// What the modem says of the next stored message goes wrong.
    pub fn fail_notification(&mut self, fault: NotificationFault) {
        if self.faults.notifications.len() < FAULTS {
            self.faults.notifications.push_back(fault);
        }
    }

    /// Faults strike by themselves from now on.
    #[must_use]
    pub fn with_rates(mut self, rates: FaultRates) -> Self {
        self.set_rates(rates);
        self
    }

    /// Faults that fired, oldest first: the scripted ones and those by rates.
    pub fn ledger(&self) -> impl Iterator<Item = &Fired> {
        self.faults.ledger.iter()
    }

    /// Forgets the scripted faults that wait, and the rates.
    pub fn clear_faults(&mut self) {
        self.forget_strikes();
        self.faults = Faults {
            ledger: std::mem::take(&mut self.faults.ledger),
            ..Faults::default()
        };
    }

    /// Prints the result that [`SendFault::Hold`] keeps back; false when there is none.
    pub fn release(&mut self, now: Duration) -> bool {
        self.handle_timeout(now);
        let Some(answer) = self.held_answer.take() else {
            return false;
        };
        self.print(&answer);
        true
    }

    /// The modem neither reads nor writes until then.
    pub fn hang(&mut self, now: Duration, duration: Duration) {
        self.handle_timeout(now);
        self.hung_until = Some(now + duration);
    }

    /// The port goes away, as after pulling the plug, and comes back after that long.
    pub fn drop_port(&mut self, now: Duration, duration: Duration) {
        self.handle_timeout(now);
        self.close_port(duration, BackAs::Same);
        self.settle();
    }

    /// The modem starts anew, and its port comes back after that long under the next number, as `ttyUSB1` for `ttyUSB0`
    /// where something still held the old one.
    pub fn reboot(&mut self, now: Duration, duration: Duration) {
        self.handle_timeout(now);
        self.close_port(duration, BackAs::Next);
        self.settle();
    }

    /// Another SIM is put in while the modem runs: its memory is empty, it wants its own PIN, it takes its time to start.
    pub fn swap_sim(&mut self, now: Duration, sim: &SimCard) {
        self.handle_timeout(now);
        let before = self.registration();
        self.settings.iccid.clone_from(&sim.iccid);
        self.settings.imsi.clone_from(&sim.imsi);
        if let Some(own_number) = &sim.own_number {
            self.settings.own_number.clone_from(own_number);
        }
        self.settings.pin.clone_from(&sim.pin);
        self.pin_tries_left = self.settings.pin_tries;
        self.card.empty_sim();
        self.modem.unlocked = false;
        self.modem.powered_at = self.now;
        self.schedule(self.now + self.settings.sim_busy_for, Due::SimReady);
        self.registration_may_have_changed(before);
        self.settle();
    }

    /// An unsolicited line, printed where a real modem would print one.
    pub fn say(&mut self, now: Duration, line: &str) {
        self.handle_timeout(now);
        self.urc(UrcKind::Other, line.to_owned());
        self.settle();
    }

    /// Bytes printed at once, whatever is going on: noise, a half line, a second echo.
    pub fn inject_output(&mut self, now: Duration, bytes: &[u8]) {
        self.handle_timeout(now);
        self.print(bytes);
    }

    /// Coverage changes; the modem says so if `+CREG` asked for it.
    pub fn set_coverage(&mut self, now: Duration, coverage: Registration) {
        self.handle_timeout(now);
        self.change_coverage(coverage);
        self.settle();
    }
}
