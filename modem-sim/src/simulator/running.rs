//! From deadline to deadline: what happens by itself, and all that can be done at one instant.

use std::collections::VecDeque;
use std::time::Duration;

use super::{BackAs, Due, Phase, Port, Simulator, Urc, UrcKind};
use crate::at::state::Registration;
use crate::network::Event;

impl Simulator {
    pub(super) fn advance(&mut self, now: Duration) {
        while let Some(at) = self.poll_timeout().filter(|at| *at <= now) {
            self.now = self.now.max(at);
            if self.hung_until.is_some_and(|until| until <= self.now) {
                self.hung_until = None;
            }
            let baud = self.settings.baud;
            self.input.extend(self.wire.arrived(baud, self.now));
            self.output.extend(self.wire.left(baud, self.now));
            if let Some(entry) = self
                .schedule
                .first_entry()
                .filter(|entry| entry.key().0 <= self.now)
            {
                let due = entry.remove();
                self.happen(due);
            }
            self.settle();
        }
        self.now = self.now.max(now);
        self.settle();
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Tpdu(tpdu) => {
                self.network.queue(tpdu);
                self.deliver_waiting();
            }
            Due::Incoming(incoming) => {
                // Checked when it was scheduled; a friend's reply always fits.
                if let Ok(tpdus) = self.tpdus_of(&incoming) {
                    tpdus.into_iter().for_each(|tpdu| self.network.queue(tpdu));
                }
                self.deliver_waiting();
            }
            Due::Answer(answer) => self.print(&answer),
            Due::Line(line) => self.urc(UrcKind::Other, line),
            Due::Chatter(place) => {
                let line = self
                    .chatters()
                    .nth(place)
                    .map(|chatter| chatter.line.clone());
                if let Some(line) = line {
                    if self.modem.vendor_lines > 0 {
                        self.urc(UrcKind::Other, line);
                    }
                    self.schedule_chatter(place);
                }
            }
            Due::Ring(number) => self.rings(number),
            Due::CallEnds(number) => self.call_ends(number),
            Due::UssdEnds(step) => self.ussd_ends(step),
            Due::Strike(fault, place) => {
                self.strike_now(fault);
                self.schedule_strike(place);
            }
            Due::PortOpens => {
                self.port = Port::Open;
                if std::mem::replace(&mut self.back_as, BackAs::Same) == BackAs::Next {
                    self.port_number = self.port_number.wrapping_add(1);
                }
                self.event(Event::PortOpened);
                self.start_up();
            }
            Due::PortCloses(duration, back_as) => self.close_port(duration, back_as),
            // What comes to be registered now was not before.
            Due::SimReady => self.registration_may_have_changed(Registration::None),
            Due::Coverage(coverage) => self.change_coverage(coverage),
            Due::AcknowledgementMissing(arrival) => self.acknowledgement_missing(arrival),
        }
    }

    /// Does all that can be done at this instant.
    pub(crate) fn settle(&mut self) {
        loop {
            if self.port == Port::Closed || self.hung_until.is_some() {
                return;
            }
            match std::mem::replace(&mut self.phase, Phase::Command) {
                Phase::Busy { until, answer } => {
                    if until > self.now {
                        self.print_urcs();
                        self.phase = Phase::Busy { until, answer };
                        return;
                    }
                    self.print_answer(&answer);
                }
                Phase::Command => {
                    if self.line.is_empty() {
                        self.print_urcs();
                    }
                    let Some(byte) = self.input.pop_front() else {
                        return;
                    };
                    self.command_byte(byte);
                }
                Phase::Prompted { entry, data } => {
                    let Some(byte) = self.input.pop_front() else {
                        self.phase = Phase::Prompted { entry, data };
                        return;
                    };
                    self.entry_byte(byte, entry, data);
                }
            }
        }
    }

    /// An answer, with the unsolicited lines that a fault puts into it.
    pub(super) fn print_answer(&mut self, answer: &[u8]) {
        let (front, back) = match self.inside.take() {
            Some(place) => answer.split_at_checked(place).unwrap_or((answer, &[])),
            None => (answer, &[][..]),
        };
        self.print(front);
        if !back.is_empty() {
            self.print_urcs();
        }
        self.print(back);
    }

    pub(crate) fn print_urcs(&mut self) {
        if self.inside.is_some() || self.faults.wants_arrival_in_answer() {
            return; // they wait for the answer
        }
        let messages_wait = self.modem.message_lines_wait();
        let (waiting, due): (VecDeque<Urc>, VecDeque<Urc>) = std::mem::take(&mut self.urcs)
            .into_iter()
            .partition(|urc| urc.kind == UrcKind::Message && messages_wait);
        self.urcs = waiting;
        for urc in due {
            self.print(format!("\r\n{}\r\n", urc.text).as_bytes());
        }
    }
}
