//! Who the modem and the SIM are, and whether the radio is on.

use super::super::{Engine, text};
use super::table::Verdict;
use crate::redacted::Redacted;
use crate::status::Identity;

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
