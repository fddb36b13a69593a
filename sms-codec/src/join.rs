//! The parts of a long message put together.
//!
//! Neighbouring parts in one alphabet are joined as septets or code units and read as characters only then, because
//! senders exist that cut between an escape and its character, or through a surrogate pair.

use crate::gsm7::Reading;
use crate::ucs2;
use crate::user_data::{Unit, UserData};

/// The text of a message out of its parts in order, where `None` is a part that is missing: `gap` is shown there, once
/// for missing parts in a row. `None` if no part has any text.
///
/// Escape and surrogate pairs that the sender cut in two are whole again, unless the other half is missing.
pub fn join(parts: &[Option<&UserData>], gap: &str) -> Option<String> {
    let units = parts.iter().flatten().map(|part| part.text_room());
    let mut text = String::with_capacity(units.sum());
    let mut found = false;
    let mut run = Run::Nothing;
    let mut missing = false;
    for part in parts {
        let Some(part) = part else {
            run.end(&mut text);
            run = Run::Nothing;
            if !missing {
                text.push_str(gap);
            }
            missing = true;
            continue;
        };
        missing = false;
        if part.unit() != Unit::Octets {
            found = true;
            run = run.followed_by(part, &mut text);
        }
    }
    run.end(&mut text);
    found.then_some(text)
}

/// The data of a message out of its parts in order; `None` where one of them is text.
pub fn join_data(parts: &[&UserData]) -> Option<Vec<u8>> {
    parts
        .iter()
        .map(|part| part.data())
        .collect::<Option<Vec<_>>>()
        .map(|slices| slices.concat())
}

/// What neighbouring parts in one alphabet leave to each other.
#[derive(Clone, Copy)]
enum Run {
    Nothing,
    /// Whether an escape came last.
    Septets(Reading),
    /// The first half of a surrogate pair, if that came last.
    CodeUnits(Option<u16>),
}

impl Run {
    fn followed_by(self, part: &UserData, text: &mut String) -> Self {
        match (part.unit(), self) {
            (Unit::Septets, Self::Septets(mut reading)) if reading.shifts == part.shifts() => {
                part.for_each_septet(|septet| text.extend(reading.next(septet)));
                Self::Septets(reading)
            }
            (Unit::Septets, _) => {
                self.end(text);
                let mut reading = Reading::new(part.shifts());
                part.for_each_septet(|septet| text.extend(reading.next(septet)));
                Self::Septets(reading)
            }
            (Unit::Utf16, Self::CodeUnits(half)) => Self::code_units(half, part, text),
            (Unit::Utf16, _) => {
                self.end(text);
                Self::code_units(None, part, text)
            }
            (Unit::Octets, _) => self,
        }
    }

    fn code_units(half: Option<u16>, part: &UserData, text: &mut String) -> Self {
        let units = ucs2::each_code_unit(part.body());
        // Without a second half to come, it may still have its other half in the next part.
        let last = units
            .clone()
            .last()
            .or(half)
            .filter(|last| (0xD800..0xDC00).contains(last));
        let units = half.into_iter().chain(units);
        let count =
            part.body().len() / 2 + usize::from(half.is_some()) - usize::from(last.is_some());
        text.extend(ucs2::characters(units.take(count)));
        Self::CodeUnits(last)
    }

    /// Nothing that belongs to it follows.
    fn end(self, text: &mut String) {
        if let Self::CodeUnits(Some(_)) = self {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data_coding::DataCoding;
    use crate::gsm7;
    use crate::user_data::Body;
    use crate::user_data_header::{Concatenation, ReferenceWidth, WrittenHeader};

    fn part(data_coding: u8, total: u8, number: u8, body: Body<'_>) -> UserData {
        let width = ReferenceWidth::Eight;
        let concatenation = Concatenation {
            reference: 1,
            width,
            total,
            part: number,
        };
        UserData::new(
            DataCoding::from_octet(data_coding),
            WrittenHeader {
                concatenation: Some(concatenation),
                ..WrittenHeader::default()
            },
            body,
        )
        .unwrap()
    }

    #[test]
    fn pairs_that_a_sender_cut_are_whole_again() {
        let septets = [&[0x41, gsm7::ESCAPE][..], &[0x65, 0x42]];
        let parts = [
            part(0, 2, 1, Body::Septets(septets[0])),
            part(0, 2, 2, Body::Septets(septets[1])),
        ];
        assert_eq!(
            join(&[Some(&parts[0]), Some(&parts[1])], "…").unwrap(),
            "A€B"
        );

        let units = [&[0x41, 0xD83D][..], &[0xDE42, 0x42]];
        let parts = [
            part(8, 2, 1, Body::CodeUnits(units[0])),
            part(8, 2, 2, Body::CodeUnits(units[1])),
        ];
        assert_eq!(
            join(&[Some(&parts[0]), Some(&parts[1])], "…").unwrap(),
            "A🙂B"
        );
        assert_eq!(join(&[Some(&parts[0]), None], "…").unwrap(), "A\u{FFFD}…");
    }

    #[test]
    fn gaps_are_shown_once() {
        let (a, b) = (
            part(0, 5, 1, Body::Septets(&[0x41])),
            part(8, 5, 4, Body::CodeUnits(&[0x42])),
        );
        assert_eq!(
            join(&[Some(&a), None, None, Some(&b), None], " […] ").unwrap(),
            "A […] B […] "
        );
        assert_eq!(join(&[None, Some(&a), Some(&b)], "…").unwrap(), "…AB");
        let data = part(4, 5, 1, Body::Octets(&[1]));
        assert_eq!(join(&[Some(&data), None], "…"), None);
        assert_eq!(join(&[], "…"), None);
        assert_eq!(join_data(&[&data, &a]), None);
    }

    proptest! {
        /// A foreign sender may cut anywhere.
        #[test]
        fn cut_anywhere_and_joined(text in "[a🙂€\\[ж]{1,33}", cut in 0_usize..67) {
            let units: Vec<u16> = text.encode_utf16().collect();
            let cut = cut.min(units.len());
            let parts = [part(8, 2, 1, Body::CodeUnits(&units[..cut])), part(8, 2, 2, Body::CodeUnits(&units[cut..]))];
            prop_assert_eq!(join(&[Some(&parts[0]), Some(&parts[1])], "…"), Some(text));
        }

        #[test]
        fn septets_cut_anywhere_and_joined(text in "[a€\\[@]{1,70}", cut in 0_usize..140) {
            let septets = gsm7::encode(&text).unwrap();
            let cut = cut.min(septets.len());
            let parts = [part(0, 2, 1, Body::Septets(&septets[..cut])), part(0, 2, 2, Body::Septets(&septets[cut..]))];
            prop_assert_eq!(join(&[Some(&parts[0]), Some(&parts[1])], "…"), Some(text));
        }
    }
}
