//! Talking to a modem that did not answer, until it answers and owes nothing any more.
//!
//! After a command without an end: 2 s of silence for its late answer, ESC, `AT` up to six times, then silence until no
//! further result comes. Without an answer the port is closed and opened again, and what follows stands in `health`.

use std::time::Duration;

use super::exchange::Stage;
use super::job::Job;
use super::{Engine, Output, Port, Transmit};
use crate::status::Phase;

/// Silence after a command without an end, for its late answer.
const DRAIN: Duration = Duration::from_secs(2);
/// After a late answer, an ESC or a doubled result.
pub(super) const SETTLE: Duration = Duration::from_millis(100);
/// After the modem answered to AT at once; each further result restarts the wait, and it is longer then.
const SILENCE: Duration = Duration::from_millis(300);
const LONG_SILENCE: Duration = Duration::from_secs(1);
/// Results that a modem may owe. One that gives more is out of its mind.
pub(super) const OWED: u8 = 200;
/// Stray results after which a modem is taken for one that doubles them.
const DOUBLES: u8 = 2;
/// How long ESC and AT wait.
pub(super) const ESCAPE: Duration = Duration::from_millis(500);
pub(super) const SYNCHRONISE: Duration = Duration::from_millis(1500);
/// Attempts to be answered before the port is closed.
pub(super) const ATTEMPTS: u8 = 6;
impl Engine {
    /// A prompt that nobody waits for would swallow the next command.
    pub(super) fn handle_stray_prompt(&mut self, _now: Duration) {
        match &self.in_flight {
            None => {
                self.lines.clear();
                if self.next.front() != Some(&Job::Escape) {
                    self.talk_again();
                }
            }
            Some(in_flight) if in_flight.stage == Stage::Answer && !in_flight.left => {
                self.lines.clear();
                self.transmits.push_back(Transmit {
                    bytes: vec![0x1B],
                    leaves: false,
                });
            }
            Some(_) => {}
        }
    }

    /// A result that belongs to nothing: the late one that was waited for, or a doubled one.
    pub(super) fn handle_stray_result(&mut self, now: Duration) {
        self.slots.be_wary(now);
        self.late.pay(now);
        self.stray_results = self.stray_results.saturating_add(1);
        if self.synchronising {
            if self.bring_up.is_some() {
                // Whether it doubles results or owes them: a pause after each keeps bring-up in step.
                self.settle = SETTLE;
            }
            self.quiet_until = now + LONG_SILENCE;
            if self.stray_results >= OWED {
                self.close_port();
            }
        } else if self.status.phase == Phase::Recovering {
            self.quiet_until = now + SETTLE;
        } else {
            self.quiet_until = self.quiet_until.max(now + SETTLE);
            if self.bring_up.is_some() || self.stray_results >= DOUBLES {
                self.settle = SETTLE;
            }
        }
    }

    /// Waits for a late answer, then talks to the modem until it answers, before anything else is done.
    pub(super) fn recover(&mut self, now: Duration) {
        if self.bring_up.is_none() {
            self.set_phase(Phase::Recovering);
        }
        self.quiet_until = now + DRAIN;
        self.slots.be_wary(now);
        self.talk_again();
    }

    pub(super) fn talk_again(&mut self) {
        // What was to be said for the same end is said now: a modem that prompts again and again lets nothing pile up.
        self.next
            .retain(|job| !matches!(job, Job::Escape | Job::Synchronise { .. }));
        self.next.push_front(Job::Synchronise { left: ATTEMPTS });
        self.next.push_front(Job::Escape);
    }

    pub(super) fn close_port(&mut self) {
        self.port = Port::Closing;
        self.outputs.push_back(Output::ClosePort);
    }

    pub(super) fn handle_synchronised(&mut self, now: Duration, left: u8) {
        // Further results, of the commands that were waited for, may be on their way.
        let at_once = left == ATTEMPTS && self.status.phase != Phase::Recovering;
        let silence = if at_once { SILENCE } else { LONG_SILENCE };
        self.quiet_until = self.quiet_until.max(now + silence);
        self.synchronising = true;
        self.health.note_answer();
        if self.status.phase == Phase::Recovering && self.bring_up.is_none() {
            self.set_phase(Phase::Ready);
        }
    }
}
