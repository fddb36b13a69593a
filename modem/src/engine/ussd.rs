//! USSD: one question, one answer from the network, told apart in its three spellings.
//!
//! Modems answer in plain text, in packed 7-bit octets as hexadecimal or in UCS-2 as hexadecimal, whatever coding scheme
//! they name, so the text itself decides.

use std::collections::BTreeSet;
use std::time::Duration;

use sms_codec::{gsm7, hex, ucs2};

use super::job::{Job, Reply};
use super::text;
use super::{Answer, Engine, RequestId};
use crate::error::CommandError;
use crate::event::{Event, FollowUp, UssdAnswer};
use crate::redacted::Redacted;

/// For the network's answer.
const LIMIT: Duration = Duration::from_secs(60);
/// Lines of one answer, and characters of one question.
const MOST_LINES: usize = 24;
const LONGEST_CODE: usize = 182;
/// Coding scheme 17: UCS-2 behind two septet-packed letters of a language (3GPP TS 23.038 §5).
const UCS2_WITH_LANGUAGE: u8 = 17;

/// The dialogue.
#[derive(Debug, Default)]
pub(super) struct Ussd {
    waiting: Option<Waiting>,
    /// An answer whose closing quote has not come.
    partial: Option<Partial>,
}

#[derive(Debug)]
struct Waiting {
    id: RequestId,
    deadline: Duration,
}

#[derive(Debug)]
struct Partial {
    text: String,
    lines: usize,
}

impl Ussd {
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.waiting.as_ref().map(|waiting| waiting.deadline)
    }
}

impl Engine {
    pub(super) fn ussd_job(&mut self, now: Duration, id: RequestId, code: String) -> Option<Job> {
        let plain = code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"*#+ .,".contains(&byte));
        let wrong = if self.ussd.waiting.is_some() {
            "a USSD code is under way already: wait for its answer"
        } else if code.is_empty() || code.len() > LONGEST_CODE || !plain {
            "this is no USSD code: write one such as *100#"
        } else {
            self.ussd.waiting = Some(Waiting {
                id,
                deadline: now + LIMIT,
            });
            return Some(Job::Ussd { id, code });
        };
        self.answer(id, Answer::Ussd(Err(CommandError::Unusable(wrong))));
        None
    }

    pub(super) fn finish_ussd(&mut self, reply: &Reply) {
        match reply {
            Reply::Ok(_) => {}
            Reply::Error(error) => self.fail_ussd(CommandError::Refused(*error)),
            Reply::NoAnswer => self.fail_ussd(CommandError::NoAnswer),
        }
    }

    pub(super) fn fail_ussd(&mut self, error: CommandError) {
        self.ussd.partial = None;
        if let Some(waiting) = self.ussd.waiting.take() {
            self.answer(waiting.id, Answer::Ussd(Err(error)));
        }
    }

    pub(super) fn expire_ussd(&mut self, now: Duration) {
        if self.ussd.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        if let Some(partial) = self.ussd.partial.take() {
            return self.tell_ussd(&partial.text);
        }
        self.fail_ussd(CommandError::NoAnswer);
        self.next.push_back(Job::UssdEnd);
    }

    /// `+CUSD: m,"text",dcs`, whose text may go on over several lines.
    pub(super) fn handle_ussd(&mut self, _now: Duration, line: &str) {
        if text::has_open_quote(line) {
            self.ussd.partial = Some(Partial {
                text: line.to_owned(),
                lines: 1,
            });
        } else {
            self.tell_ussd(line);
        }
    }

    /// Gives whether the line went into an answer that had begun.
    pub(super) fn take_rest_of_ussd(&mut self, line: &str) -> bool {
        let Some(mut partial) = self.ussd.partial.take() else {
            return false;
        };
        if text::final_result(line).is_some()
            || text::code(line).is_some()
            || partial.lines >= MOST_LINES
        {
            self.tell_ussd(&partial.text);
            return false;
        }
        partial.text.push('\n');
        partial.text.push_str(line);
        partial.lines += 1;
        if text::has_open_quote(&partial.text) {
            self.ussd.partial = Some(partial);
        } else {
            self.tell_ussd(&partial.text);
        }
        true
    }

    fn tell_ussd(&mut self, line: &str) {
        let arguments = text::arguments(line);
        let follow_up = match text::number::<u8>(&arguments, 0) {
            Some(1) => FollowUp::Expected,
            Some(4) => FollowUp::NotSupported,
            Some(5) => FollowUp::TimedOut,
            Some(_) | None => FollowUp::Ended,
        };
        let said = arguments
            .get(1)
            .map_or_else(String::new, |said| spell(said, text::number(&arguments, 2)));
        let answer = UssdAnswer {
            text: Redacted::new(said),
            follow_up,
        };
        match self.ussd.waiting.take() {
            Some(waiting) => self.answer(waiting.id, Answer::Ussd(Ok(answer))),
            None => self.event(Event::Ussd(answer)),
        }
    }
}

/// Finds out which spelling it is and reads it.
pub(super) fn spell(said: &str, coding: Option<u8>) -> String {
    let Ok(octets) = hex::decode(said.trim()) else {
        return said.to_owned();
    };
    if octets.is_empty() {
        return said.to_owned();
    }
    let skip = if coding == Some(UCS2_WITH_LANGUAGE) {
        2
    } else {
        0
    };
    wide(octets.get(skip..).unwrap_or_default())
        .or_else(|| packed(&octets))
        .unwrap_or_else(|| said.to_owned())
}

/// Reads UCS-2 up to a NUL; `None` if the characters come from too many scripts to be a text.
fn wide(octets: &[u8]) -> Option<String> {
    if octets.is_empty() || !octets.len().is_multiple_of(2) {
        return None;
    }
    let mut units = ucs2::code_units(octets);
    if let Some(end) = units.iter().position(|&unit| unit == 0) {
        units.truncate(end);
    }
    let text = ucs2::decode(&units);
    let strange = |character: char| {
        (character.is_control() && !matches!(character, '\r' | '\n' | '\t'))
            || character == char::REPLACEMENT_CHARACTER
    };
    let scripts: BTreeSet<u16> = units.iter().filter_map(|&unit| script(unit)).collect();
    (!text.is_empty() && !text.chars().any(strange) && scripts.len() <= 1).then_some(text)
}

/// A rough script of a code unit; `None` for what goes with every script.
fn script(unit: u16) -> Option<u16> {
    match unit >> 8 {
        0x00 | 0x01 | 0x1E | 0x20..=0x22 | 0x25..=0x27 | 0xD8..=0xDF | 0xFF => None,
        0x30 | 0x4E..=0x9F => Some(0x4E),
        0xAC..=0xD7 => Some(0xAC),
        0x06 | 0xFB..=0xFE => Some(0x06),
        page => Some(page),
    }
}

/// Reads packed septets; `None` if the result does not look like a text.
fn packed(octets: &[u8]) -> Option<String> {
    let septets = gsm7::unpack(octets, 0, octets.len() * 8 / 7);
    let text = gsm7::decode(&septets, gsm7::Shifts::default());
    // Seven zero bits at the end are filling: a carriage return, or `@`.
    let text = text.trim_end_matches(['\r', '@']).to_owned();
    let all = text.chars().count();
    let usual = text
        .chars()
        .filter(|character| matches!(character, ' '..='~' | '\r' | '\n'))
        .count();
    (all > 0 && usual * 100 >= all * 85).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::spell;

    fn check(said: &str, coding: Option<u8>, expected: &str) {
        assert_eq!(spell(said, coding), expected, "{said}");
    }

    /// Own fixtures, packed and written out by hand after 3GPP TS 23.038 §6.1.2.3.
    #[test]
    fn packed_septets_are_read() {
        // "Balance: 5"
        check("C2303BEC1E9775A01A", Some(15), "Balance: 5");
        check("C2303BEC1E9775A01A", Some(72), "Balance: 5");
    }

    #[test]
    fn ucs2_is_read_whatever_the_coding_scheme_says() {
        check("00420061006C003A00200035", Some(15), "Bal: 5");
        check("0411043004380020002B0035", Some(72), "Баи +5");
        check("0411043004380020002B0035", None, "Баи +5");
    }

    #[test]
    fn a_language_in_front_and_rubbish_behind_are_left_out() {
        check("613906310635064A0020003500000FFF60B1", Some(17), "رصي 5");
    }

    #[test]
    fn plain_text_stays_even_if_it_could_be_hexadecimal() {
        check("Your balance is 5", Some(15), "Your balance is 5");
        check("12345678", Some(15), "12345678");
        check("123456", Some(15), "123456");
        check("", Some(15), "");
        check("DEADBEEFDEAD", Some(15), "DEADBEEFDEAD");
    }
}
