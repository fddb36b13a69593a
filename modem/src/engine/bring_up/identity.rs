//! Who the modem and the SIM are, and whether the radio is on.

use super::super::{Engine, text};
use super::table::Verdict;
use crate::redacted::Redacted;
use crate::status::{Blocked, Identity};

impl Engine {
    pub(super) fn note_text(
        &mut self,
        lines: &[String],
        field: fn(&mut Identity) -> &mut Option<String>,
    ) -> Verdict {
        let Some(line) = lines.first() else {
            return Verdict::NextCommand;
        };
        let said = match text::code(line) {
            Some(_) => text::arguments(line).join(","),
            None => line.clone(),
        };
        *field(&mut self.status.identity) = Some(said.chars().take(64).collect());
        Verdict::Next
    }

    pub(super) fn note_digits(
        &mut self,
        lines: &[String],
        lengths: std::ops::RangeInclusive<usize>,
        field: fn(&mut Identity) -> &mut Option<Redacted>,
    ) -> Verdict {
        let found = lines
            .iter()
            .map(|line| digits_in(line))
            .find(|digits| lengths.contains(&digits.len()));
        let Some(digits) = found else {
            return Verdict::NextCommand;
        };
        *field(&mut self.status.identity) = Some(Redacted::new(digits));
        Verdict::Next
    }

    /// A modem that does not tell its IMEI is taken for the right one.
    pub(super) fn note_imei(&mut self, lines: &[String]) -> Verdict {
        let verdict = self.note_digits(lines, 14..=16, |identity| &mut identity.imei);
        let other = match (&self.settings.imei, &self.status.identity.imei) {
            (Some(wanted), Some(told)) => !wanted.is(told.reveal()),
            (Some(_) | None, _) => false,
        };
        if other {
            Verdict::Block(Blocked::OtherModem)
        } else {
            verdict
        }
    }

    /// `+CNUM: "Own",+12025550100,145`, a line for each number; most cards hold none.
    pub(super) fn note_own_number(&mut self, lines: &[String]) {
        self.status.identity.own_number = lines
            .iter()
            .filter_map(|line| text::arguments(line).into_iter().nth(1))
            .find(|number| number.bytes().any(|byte| byte.is_ascii_digit()))
            .map(|number| Redacted::new(number.chars().take(40).collect::<String>()));
    }

    /// `+CRSM: 144,0,"98…"` is the card's own spelling, each pair of digits swapped.
    pub(super) fn note_iccid(&mut self, lines: &[String]) -> Verdict {
        let swapped = lines.iter().find(|line| text::code(line) == Some("+CRSM"));
        let digits = match swapped {
            Some(line) => {
                let arguments = text::arguments(line);
                let raw: Vec<char> = arguments
                    .get(2)
                    .map_or_else(Vec::new, |raw| raw.chars().collect());
                let pairs = raw.chunks(2).flat_map(|pair| pair.iter().rev().copied());
                pairs.filter(char::is_ascii_digit).collect()
            }
            None => lines
                .iter()
                .map(|line| digits_in(line))
                .max_by_key(String::len)
                .unwrap_or_default(),
        };
        if (18..=22).contains(&digits.len()) {
            self.status.identity.iccid = Some(Redacted::new(digits));
            Verdict::Next
        } else {
            Verdict::NextCommand
        }
    }

    pub(super) fn note_radio(&mut self, lines: &[String]) -> Verdict {
        let mode: Option<u8> = lines
            .first()
            .and_then(|line| text::number(&text::arguments(line), 0));
        self.note_asleep(mode.is_some_and(|mode| mode != 1))
    }

    pub(super) fn note_asleep(&mut self, asleep: bool) -> Verdict {
        if let Some(bring_up) = &mut self.bring_up {
            bring_up.asleep = asleep;
        }
        Verdict::Next
    }

    pub(super) fn note_network(&mut self, lines: &[String]) -> Verdict {
        self.note_registration_answer(lines);
        Verdict::Next
    }

    pub(super) fn if_asleep(&self, command: &str) -> Vec<String> {
        let asleep = self
            .bring_up
            .as_ref()
            .is_some_and(|bring_up| bring_up.asleep);
        if asleep {
            vec![command.to_owned()]
        } else {
            Vec::new()
        }
    }
}

fn digits_in(line: &str) -> String {
    let after = text::code(line)
        .and_then(|code| line.get(code.len()..))
        .unwrap_or(line);
    after.chars().filter(char::is_ascii_digit).collect()
}
