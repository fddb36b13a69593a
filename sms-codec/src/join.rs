//! The parts of a long message put together.
//!
//! Neighbouring parts in one alphabet are joined as septets or code units and read as characters only then, because
//! senders exist that cut between an escape and its character, or through a surrogate pair.

use crate::gsm7::{self, Shifts};
use crate::ucs2;
use crate::user_data::{Unit, UserData};

/// The text of a message out of its parts in order, where `None` is a part that is missing: `gap` is shown there, once
/// for missing parts in a row. `None` if no part has any text.
///
/// Escape and surrogate pairs that the sender cut in two are whole again, unless the other half is missing.
pub fn join(parts: &[Option<&UserData>], gap: &str) -> Option<String> {
    let mut text = String::new();
    let mut found = false;
    let mut run: Option<Run> = None;
    let mut missing = false;
    for part in parts {
        let Some(part) = part else {
            run.take().into_iter().for_each(|run| run.finish(&mut text));
            if !missing {
                text.push_str(gap);
            }
            missing = true;
            continue;
        };
        missing = false;
        let Some(next) = Run::of(part) else { continue };
        found = true;
        run = Some(match run.take() {
            None => next,
            Some(run) => run.followed_by(next, &mut text),
        });
    }
    run.into_iter().for_each(|run| run.finish(&mut text));
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

/// Neighbouring parts in one alphabet, not yet read as characters.
enum Run {
    Septets(Vec<u8>, Shifts),
    CodeUnits(Vec<u16>),
}

impl Run {
    fn of(part: &UserData) -> Option<Self> {
        match part.unit() {
            Unit::Septets => Some(Self::Septets(part.septets(), part.shifts())),
            Unit::Utf16 => Some(Self::CodeUnits(ucs2::code_units(part.body()))),
            Unit::Octets => None,
        }
    }

    fn followed_by(self, next: Self, text: &mut String) -> Self {
        match (self, next) {
            (Self::Septets(mut septets, shifts), Self::Septets(more, same)) if shifts == same => {
                septets.extend(more);
                Self::Septets(septets, shifts)
            }
            (Self::CodeUnits(mut units), Self::CodeUnits(more)) => {
                units.extend(more);
                Self::CodeUnits(units)
            }
            (run, next) => {
                run.finish(text);
                next
            }
        }
    }

    fn finish(self, text: &mut String) {
        text.push_str(&match self {
            Self::Septets(septets, shifts) => gsm7::decode(&septets, shifts),
            Self::CodeUnits(units) => ucs2::decode(&units),
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data_coding::DataCoding;
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
