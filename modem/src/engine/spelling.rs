//! The spellings of USSD texts.
//!
//! Modems answer in plain text, in packed 7-bit octets as hexadecimal or in UCS-2 as hexadecimal, whatever coding scheme
//! they name, so the text itself decides. An E160 answers `ERROR` to a plain question and takes packed octets.

use std::collections::BTreeSet;

use sms_codec::{gsm7, hex, ucs2};

/// Coding scheme 17: UCS-2 behind two septet-packed letters of a language (3GPP TS 23.038 §5).
const UCS2_WITH_LANGUAGE: u8 = 17;
const CARRIAGE_RETURN: u8 = 0x0D;

/// How a question is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As it is.
    #[default]
    Plain,
    /// Septets packed into octets, in hexadecimal.
    Packed,
}

impl Spelling {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Plain => Self::Packed,
            Self::Packed => Self::Plain,
        }
    }
}

/// Septets in octets, in hexadecimal. Seven bits that are left over would read as `@`, so they become a carriage return
/// (3GPP TS 23.038 §6.1.2.3.1).
pub(super) fn pack(code: &str) -> String {
    let mut septets = gsm7::encode(code).unwrap_or_default();
    if septets.len() % 8 == 7 {
        septets.push(CARRIAGE_RETURN);
    }
    hex::encode(&gsm7::pack(&septets, 0))
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
    use super::{pack, spell};

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

    /// As an E160 took it, by the report of its user: `*144#` is `AA188D3602`.
    #[test]
    fn questions_are_packed() {
        assert_eq!(pack("*144#"), "AA188D3602");
        assert_eq!(pack("*100#"), "AA180C3602");
        assert_eq!(pack("1"), "31");
        // Seven septets leave seven bits.
        assert!(pack("*12345#").ends_with("1A"), "{}", pack("*12345#"));
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
