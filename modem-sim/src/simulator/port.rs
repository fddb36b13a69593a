//! The port goes away and comes back: as it was, under the next number, or not before the stick is switched.

use std::time::Duration;

use super::{Due, Phase, Port, SWITCH, Simulator};
use crate::at::state::ModemState;
use crate::network::Event;
use crate::quirks::AfterReset;

/// How the port comes back after it went away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BackAs {
    /// As it was.
    Same,
    /// Under the next number.
    Next,
    /// Not before the stick is switched out of CD-ROM mode.
    Switched,
}

impl From<AfterReset> for BackAs {
    fn from(reset: AfterReset) -> Self {
        match reset {
            AfterReset::SamePort => Self::Same,
            AfterReset::NewPort => Self::Next,
            AfterReset::CdRom => Self::Switched,
        }
    }
}

impl Simulator {
    pub(crate) fn close_port(&mut self, duration: Duration, back_as: BackAs) {
        if self.is_cd_rom() {
            return; // it is gone already, and only switching brings it back
        }
        self.port = Port::Closed;
        self.back_as = back_as;
        self.modem = ModemState::new(&self.settings, self.now + duration);
        self.phase = Phase::Command;
        self.hung_until = None;
        self.held_answer = None;
        self.inside = None;
        self.ringing = None;
        self.wire.clear();
        self.line.clear();
        self.input.clear();
        self.output.clear();
        self.urcs.clear();
        self.schedule.retain(|_, due| {
            !matches!(
                due,
                Due::Answer(_)
                    | Due::PortOpens
                    | Due::SimReady
                    | Due::Chatter(_)
                    | Due::Line(_)
                    | Due::Ring(_)
                    | Due::CallEnds(_)
                    | Due::UssdEnds(_)
            )
        });
        self.event(Event::PortClosed);
        if back_as != BackAs::Switched {
            self.schedule(self.now + duration, Due::PortOpens);
        }
    }

    /// The stick is told to leave CD-ROM mode, as `usb_modeswitch` does; its port comes a second later. False where it is
    /// in no such mode.
    pub fn switch_mode(&mut self, now: Duration) -> bool {
        self.handle_timeout(now);
        let switches = self.is_cd_rom();
        if switches {
            self.back_as = BackAs::Next;
            self.modem.powered_at = self.now + SWITCH;
            self.schedule(self.now + SWITCH, Due::PortOpens);
        }
        switches
    }
}
