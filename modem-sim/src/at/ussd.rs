//! USSD: `+CUSD` and the network's side of it (3GPP TS 27.007 §7.15).
//!
//! A dialogue that nobody goes on with ends with `<m>` 5 after the network's time-out; `AT+CUSD=2` ends it at once.

use std::time::Duration;

use super::{Answered, Failure, done, line, parse::Form};
use crate::quirks::UssdText;
use crate::settings::UssdStep;
use crate::simulator::{Due, Simulator, UrcKind};
use crate::tpdu::{alphabet, from_hex, to_hex};

/// How long the network takes for a USSD answer.
const USSD: Duration = Duration::from_millis(300);

impl Simulator {
    pub(super) fn cusd(&mut self, form: &Form) -> Answered {
        match form {
            Form::Test => line("+CUSD: (0-2)"),
            Form::Query => line(format!("+CUSD: {}", self.modem.ussd_lines)),
            Form::Execute => Err(Failure::Plain),
            Form::Set(values) => {
                match values.number(0)? {
                    Some(2) => {
                        self.modem.ussd_open = false;
                        self.modem.ussd_step += 1;
                        return done();
                    }
                    Some(lines @ (0 | 1)) => self.modem.ussd_lines = lines,
                    _ => return Err(Failure::Equipment(3)),
                }
                let Some(request) = values.text(1) else {
                    return done();
                };
                self.sim_for_others()?;
                if !self.registration().is_registered() {
                    return Err(Failure::Equipment(30));
                }
                let request = self.ussd_request(request);
                let step = self
                    .settings
                    .ussd
                    .iter()
                    .find(|step| step.request == request)
                    .cloned();
                let answer = self.ussd_answer(step, USSD);
                if self.modem.ussd_lines == 1 {
                    self.schedule(self.now + USSD, Due::Line(answer));
                }
                done()
            }
        }
    }

    fn ussd_request(&self, written: &str) -> String {
        match (self.settings.quirks.ussd_text, from_hex(written)) {
            (UssdText::PackedHex, Ok(octets)) => {
                let mut septets = alphabet::unpack(&octets, 0, octets.len() * 8 / 7);
                // Seven spare bits at the end read as @ or carry a filling carriage return (3GPP TS 23.038 §6.1.2.3).
                if octets.len().is_multiple_of(7)
                    && septets.last().is_some_and(|last| matches!(last, 0 | b'\r'))
                {
                    septets.pop();
                }
                alphabet::septets_to_text(&septets)
            }
            (UssdText::Ucs2Hex, Ok(octets)) if octets.len().is_multiple_of(2) => {
                alphabet::ucs2_to_text(&octets)
            }
            _ => self.written_string(written),
        }
    }

    /// The line that brings a step to the client, and the time-out of a dialogue that it opens.
    fn ussd_answer(&mut self, step: Option<UssdStep>, after: Duration) -> String {
        self.modem.ussd_step += 1;
        let Some(step) = step else {
            self.modem.ussd_open = false;
            return "+CUSD: 4".to_owned(); // operation not supported, 3GPP TS 27.007 §7.15
        };
        self.modem.ussd_open = step.more;
        if step.more {
            let ends_at = self.now + after + self.settings.ussd_timeout;
            self.schedule(ends_at, Due::UssdEnds(self.modem.ussd_step));
        }
        let text = match self.settings.quirks.ussd_text {
            UssdText::Plain => self.string(&step.reply),
            UssdText::PackedHex => to_hex(&alphabet::pack(
                &alphabet::septets(&step.reply).unwrap_or_default(),
                0,
            )),
            UssdText::Ucs2Hex => to_hex(&alphabet::ucs2(&step.reply)),
        };
        format!("+CUSD: {},\"{text}\",15", u8::from(step.more))
    }

    /// The network says something by itself; with `more` it waits for an answer (`<m>` 1), else it does not (`<m>` 0).
    /// Nothing is printed unless `+CUSD=1` asked for it.
    pub fn push_ussd(&mut self, now: Duration, step: UssdStep) {
        self.handle_timeout(now);
        let line = self.ussd_answer(Some(step), Duration::ZERO);
        if self.modem.ussd_lines == 1 && self.registration().is_registered() {
            self.urc(UrcKind::Other, line);
        }
        self.settle();
    }

    /// The network gives up waiting (`<m>` 5, "network time out").
    pub(crate) fn ussd_ends(&mut self, step: u64) {
        if self.modem.ussd_open && self.modem.ussd_step == step {
            self.modem.ussd_open = false;
            if self.modem.ussd_lines == 1 {
                self.urc(UrcKind::Other, "+CUSD: 5".to_owned());
            }
        }
    }
}
