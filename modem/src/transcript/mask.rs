//! Texts without what they say: letters become `x` and `X`, digits `0`; blanks and punctuation stay.
//!
//! **Invariant:** the length stays, in whatever unit the text is counted.

use sms_codec::gsm7::{self, ESCAPE, Shifts};
use sms_codec::{hex, ucs2};

use super::numbers::SHORTEST;

/// One character.
pub(super) fn character(character: char) -> char {
    match character {
        '0'..='9' => '0',
        'A'..='Z' => 'X',
        'a'..='z' => 'x',
        '\0'..='\x7f' => character,
        _ if character.is_whitespace() => character,
        _ if character.is_uppercase() => 'X',
        _ => 'x',
    }
}

/// A text.
pub(super) fn text(text: &str) -> String {
    text.chars().map(character).collect()
}

/// Septets of the GSM 7-bit alphabet, in the tables that their header names.
pub(super) fn septets(septets: &[u8], shifts: Shifts) -> Vec<u8> {
    let mut masked = Vec::with_capacity(septets.len());
    let mut rest = septets.iter().copied();
    while let Some(septet) = rest.next() {
        if septet != ESCAPE {
            masked.push(written(&[], septet, shifts));
            continue;
        }
        masked.push(ESCAPE);
        if let Some(septet) = rest.next() {
            masked.push(written(&[ESCAPE], septet, shifts));
        }
    }
    masked
}

/// The septet that stands, behind `front`, for the masked character.
fn written(front: &[u8], septet: u8, shifts: Shifts) -> u8 {
    let read = |septet: u8| {
        let mut septets = front.to_vec();
        septets.push(septet);
        gsm7::decode(&septets, shifts).chars().next()
    };
    let Some(shown) = read(septet) else {
        return septet;
    };
    let wanted = character(shown);
    if wanted == shown {
        return septet;
    }
    let fits = |fits: &dyn Fn(char) -> bool| {
        (0..=0x7f).find(|&septet| septet != ESCAPE && read(septet).is_some_and(fits))
    };
    // A national table need not have an x; its first letter says as little.
    fits(&|character| character == wanted)
        .or_else(|| fits(&char::is_alphabetic))
        .unwrap_or(b' ')
}

/// Code units of UCS-2; surrogates, of which pairs may be cut anywhere, become those of one smile.
pub(super) fn code_units(units: &[u16]) -> Vec<u16> {
    let masked = units.iter().map(|&unit| match unit {
        0xd800..=0xdbff => 0xd83d,
        0xdc00..=0xdfff => 0xde42,
        _ => {
            let shown = char::from_u32(u32::from(unit)).map_or('x', character);
            u16::try_from(u32::from(shown)).unwrap_or(unit)
        }
    });
    masked.collect()
}

/// A text in hexadecimal digits, as UCS-2 or as packed septets (3GPP TS 23.038 §6.1.2.3), whichever it seems to be.
pub(super) fn hexadecimal(digits: &str) -> String {
    let Ok(octets) = hex::decode(digits) else {
        return zeros(digits);
    };
    let units = ucs2::code_units(&octets);
    let shifts = Shifts::default();
    let masked = if octets.len().is_multiple_of(2) && seems_ucs2(&units) {
        ucs2::octets(&code_units(&units))
    } else {
        let unpacked = gsm7::unpack(&octets, 0, octets.len() * 8 / 7);
        if is_service_code(&gsm7::decode(&unpacked, shifts)) {
            return digits.to_owned();
        }
        gsm7::pack(&septets(&unpacked, shifts), 0)
    };
    in_case_of(digits, hex::encode(&masked))
}

/// Whether this is what one dials to ask the network something, such as `*100#`, and holds no number of a person.
fn is_service_code(text: &str) -> bool {
    let text = text.trim_end_matches(['\r', '@']);
    let short = text.len() < 12 && text.ends_with('#');
    short
        && text
            .split(['*', '#'])
            .all(|run| run.len() < SHORTEST && run.bytes().all(|digit| digit.is_ascii_digit()))
}

/// Whether these are characters of a living script, and not packed septets read wrongly.
pub(super) fn seems_ucs2(units: &[u16]) -> bool {
    let plausible = |unit: &u16| {
        matches!(unit, 0x0a | 0x0d | 0x20..=0x7e | 0xa0..=0x0eff | 0x2000..=0x20cf | 0x3000..=0x30ff | 0x4e00..=0x9fff
            | 0xac00..=0xdfff)
    };
    units.iter().all(plausible)
}

/// What is hexadecimal and no text.
pub(super) fn zeros(digits: &str) -> String {
    digits
        .chars()
        .map(|digit| {
            if digit.is_ascii_hexdigit() {
                '0'
            } else {
                digit
            }
        })
        .collect()
}

/// Digits in the letter case of others.
pub(super) fn in_case_of(model: &str, digits: String) -> String {
    if model.bytes().any(|digit| digit.is_ascii_lowercase()) {
        digits.to_ascii_lowercase()
    } else {
        digits
    }
}

#[cfg(test)]
mod tests {
    use sms_codec::Language;

    use super::*;

    #[test]
    fn what_a_text_says_is_gone_and_its_shape_stays() {
        let cases = [
            ("Your code is 123-456!", "Xxxx xxxx xx 000-000!"),
            ("Grüße Öl £5 سلام", "Xxxxx Xx x0 xxxx"),
            ("a\r\nb", "x\r\nx"),
        ];
        for (given, expected) in cases {
            assert_eq!(text(given), expected);
        }
    }

    #[test]
    fn septets_stay_septets() {
        let shifts = Shifts::default();
        let given = gsm7::encode("Pay €5 to [Ana] Δ").unwrap();
        let masked = septets(&given, shifts);
        assert_eq!(masked.len(), given.len());
        assert_eq!(gsm7::decode(&masked, shifts), "Xxx x0 xx [Xxx] X");
        // An escape at the end announces what stands in the next part.
        assert_eq!(septets(&[ESCAPE], shifts), [ESCAPE]);
    }

    #[test]
    fn national_tables_say_nothing_either() {
        for language in Language::ALL {
            let shifts = Shifts {
                locking: Some(language),
                single: Some(language),
            };
            let all: Vec<u8> = (0..=0x7f).filter(|&septet| septet != ESCAPE).collect();
            let letters = |septets: &[u8]| -> std::collections::BTreeSet<char> {
                let text = gsm7::decode(septets, shifts);
                text.chars().filter(|c| c.is_alphabetic()).collect()
            };
            let masked = septets(&all, shifts);
            assert_eq!(masked.len(), all.len());
            assert!(
                letters(&masked).len() <= 2,
                "{language}: {:?}",
                letters(&masked)
            );
        }
    }

    #[test]
    fn both_kinds_of_hexadecimal_texts_are_masked() {
        // "Hi 5" in UCS-2, "Hi 5" in packed septets (3GPP TS 23.038 §6.1.2.3, by hand).
        assert_eq!(hexadecimal("0048006900200035"), "0058007800200030");
        let packed = hex::encode(&gsm7::pack(&gsm7::encode("Hi 5").unwrap(), 0));
        let expected = hex::encode(&gsm7::pack(&gsm7::encode("Xx 0").unwrap(), 0));
        assert_eq!(hexadecimal(&packed), expected);
        assert_eq!(hexadecimal("0627064b"), "00780078");
        assert_eq!(
            hexadecimal("d83dde00"),
            "d83dde42",
            "an emoji of one's own is gone"
        );
    }
}
