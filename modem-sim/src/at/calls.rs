//! Calls that come in: one at a time, ringing every 5 s until it ends.
//!
//! | it ends because | printed |
//! |---|---|
//! | the caller gives up, or someone else answers | the family's lines |
//! | `AT+CHUP`, `ATH` | `OK`, then the family's lines |
//! | the port goes away | nothing |
//!
//! Answering is possible (`ATA`), so that a client that should not can be caught; there is no voice.

use std::time::Duration;

use serde::Deserialize;

use super::{Answered, done, line};
use crate::profile::Family;
use crate::quirks::HangUp;
use crate::simulator::{Due, Simulator, UrcKind};
use crate::tpdu::Address;

/// From one ring to the next: 5 s in most networks.
const RINGS: Duration = Duration::from_secs(5);

/// A call for the SIM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The number of the caller; `None` where it is withheld.
    pub from: Option<String>,
    /// How long it rings, unless it is hung up.
    pub rings_for: Duration,
    /// How it ends by itself.
    pub ends: CallEnd,
}

/// How a call ends that nobody hangs up here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallEnd {
    /// The caller gives up.
    #[default]
    GivenUp,
    /// Another phone takes it, as with two SIMs of one number. A modem cannot tell it from the first, but that Huawei
    /// names another cause.
    AnsweredElsewhere,
}

/// The call that there is.
#[derive(Debug, Clone)]
pub(crate) struct Ringing {
    call: Call,
    number: u64,
    answered: bool,
}

/// Which command ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Ath,
    Chup,
}

impl Simulator {
    /// Someone calls. While there is a call already, or no network, the caller hears that and nothing is printed: then
    /// it returns false.
    pub fn call(&mut self, now: Duration, call: Call) -> bool {
        self.handle_timeout(now);
        if self.ringing.is_some() || !self.registration().is_registered() {
            return false;
        }
        self.calls += 1;
        let number = self.calls;
        let ends_at = self.now + call.rings_for;
        self.schedule(self.now, Due::Ring(number));
        self.schedule(ends_at, Due::CallEnds(number));
        self.ringing = Some(Ringing {
            call,
            number,
            answered: false,
        });
        self.handle_timeout(now);
        true
    }

    /// Someone rings twice and gives up.
    pub fn ring(&mut self, now: Duration, from: &str) {
        self.call(
            now,
            Call {
                from: Some(from.to_owned()),
                rings_for: Duration::from_secs(9),
                ends: CallEnd::GivenUp,
            },
        );
    }

    pub(crate) fn rings(&mut self, number: u64) {
        let Some(ringing) = self.ringing.clone() else {
            return;
        };
        if ringing.number != number || ringing.answered {
            return;
        }
        let ring = match self.modem.long_rings {
            0 => "RING",
            _ => "+CRING: VOICE", // 3GPP TS 27.007 §6.11
        };
        self.urc(UrcKind::Other, ring.to_owned());
        if self.modem.caller_lines == 1 {
            let line = self.clip(&ringing.call);
            self.urc(UrcKind::Other, line);
        }
        self.schedule(self.now + RINGS, Due::Ring(number));
    }

    /// `+CLIP: <number>,<type>,,,,<CLI validity>`: 1 for a withheld number (3GPP TS 27.007 §7.6).
    fn clip(&self, call: &Call) -> String {
        match &call.from {
            None => "+CLIP: \"\",128,,,,1".to_owned(),
            Some(from) => {
                let caller = Address::new(from);
                let shown = self.string(&caller.to_string());
                format!("+CLIP: \"{shown}\",{},,,,0", caller.type_of_address())
            }
        }
    }

    pub(crate) fn call_ends(&mut self, number: u64) {
        if self
            .ringing
            .as_ref()
            .is_some_and(|ringing| ringing.number == number)
        {
            self.end_call();
        }
    }

    fn end_call(&mut self) {
        let Some(ringing) = self.ringing.take() else {
            return;
        };
        for line in self.end_lines(&ringing) {
            self.urc(UrcKind::Other, line);
        }
    }

    fn end_lines(&self, ringing: &Ringing) -> Vec<String> {
        let usual = "NO CARRIER".to_owned(); // ITU-T V.250 §5.7.1
        let caller = ringing.call.from.clone().unwrap_or_default();
        match self.settings.family {
            Family::Plain | Family::Quectel | Family::Sim800 | Family::Ublox | Family::Wavecom => {
                vec![usual]
            }
            // Seen on SIM7600, Xinyuan-LilyGO/T-SIM7600X issue 44; the time in front of the number is assumed.
            Family::Qualcomm if !ringing.answered => {
                let time = self.service_centre_time().to_string();
                let clock: String = time.chars().skip(9).take(5).collect();
                vec![format!("MISSED_CALL: {clock} {caller}")]
            }
            Family::Qualcomm => vec![usual],
            // Call, duration, no cause, cause of the network (3GPP TS 24.008 §10.5.4.11: 16 normal clearing, 26
            // non-selected user clearing): assumed.
            Family::Huawei => {
                let cause = match ringing.call.ends {
                    CallEnd::GivenUp => 16,
                    CallEnd::AnsweredElsewhere => 26,
                };
                vec![format!("^CEND:1,0,104,{cause}"), usual]
            }
            Family::Zte => vec!["+ZEND".to_owned(), usual], // assumed
        }
    }

    pub(super) fn hang_up(&mut self, by: By) -> Answered {
        let goes_on = by == By::Ath
            && self.settings.quirks.hang_up == HangUp::AthAfterCvhu
            && self.modem.hang_up_control != 0;
        if !goes_on {
            self.end_call();
        }
        done()
    }

    pub(super) fn answer_call(&mut self) -> Answered {
        match &mut self.ringing {
            Some(ringing) => {
                ringing.answered = true;
                done()
            }
            None => line("NO CARRIER"),
        }
    }

    /// `+CLCC: <id>,<dir>,<stat>,<mode>,<mpty>,<number>,<type>` (3GPP TS 27.007 §7.18): 4 incoming, 0 active.
    pub(super) fn clcc(&self) -> Answered {
        let Some(ringing) = &self.ringing else {
            return done();
        };
        let status = if ringing.answered { 0 } else { 4 };
        let number = match &ringing.call.from {
            None => ",\"\",128".to_owned(),
            Some(from) => {
                let caller = Address::new(from);
                format!(
                    ",\"{}\",{}",
                    self.string(&caller.to_string()),
                    caller.type_of_address()
                )
            }
        };
        line(format!("+CLCC: 1,1,{status},0,0{number}"))
    }

    /// `<pas>` of `+CPAS` (3GPP TS 27.007 §8.1): 0 ready, 3 ringing, 4 call in progress.
    pub(super) fn activity(&self) -> u8 {
        match &self.ringing {
            None => 0,
            Some(ringing) if ringing.answered => 4,
            Some(_) => 3,
        }
    }
}
