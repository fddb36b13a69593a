//! Elements of the user data header (3GPP TS 23.040 §9.2.3.24).
//!
//! Each is an identifier, a length and that many octets. What this crate knows is typed; all else is kept as
//! [`Element::Other`], with the text behind the header intact.

use std::fmt;

use crate::data_coding::Waiting;
use crate::gsm7::Shifts;
use crate::national::Language;

const CONCATENATION_8: u8 = 0x00;
const SPECIAL_MESSAGE: u8 = 0x01;
const PORTS_8: u8 = 0x04;
const PORTS_16: u8 = 0x05;
const CONCATENATION_16: u8 = 0x08;
const SINGLE_SHIFT: u8 = 0x24;
const LOCKING_SHIFT: u8 = 0x25;

/// One element of a user data header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Element<'a> {
    /// 00 and 08: this is a part of a longer message.
    Concatenation(Concatenation),
    /// 01: mail is waiting, in this number.
    SpecialMessage {
        /// What kind of mail.
        kind: Waiting,
        /// The octet with the kind, as received: bit 7 says that the message is to be stored.
        indication: u8,
        /// How many are waiting; 255 stands for 255 or more.
        count: u8,
    },
    /// 04 and 05: for an application, not for a person.
    Ports(Ports),
    /// 24: the extension table of this language.
    SingleShift(Language),
    /// 25: the main table of this language.
    LockingShift(Language),
    /// An identifier that is not decoded here, or a known one with a length or a value that does not fit it.
    Other {
        /// Information element identifier.
        identifier: u8,
        /// What it holds.
        data: &'a [u8],
    },
}

/// Where a part belongs in a longer message (3GPP TS 23.040 §9.2.3.24.1 and §9.2.3.24.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Concatenation {
    /// Common to all parts of a message, chosen by the sender. Two messages with references of different width are
    /// different messages even where the numbers are equal.
    pub reference: u16,
    /// Which of the two elements it came in.
    pub width: ReferenceWidth,
    /// Number of parts, at least 1.
    pub total: u8,
    /// Number of this part, from 1 to `total`.
    pub part: u8,
}

/// How wide the reference of a concatenation is on the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReferenceWidth {
    /// Element 00.
    Eight,
    /// Element 08.
    Sixteen,
}

impl ReferenceWidth {
    /// 8 or 16.
    pub fn bits(self) -> u8 {
        match self {
            Self::Eight => 8,
            Self::Sixteen => 16,
        }
    }
}

/// Application ports (3GPP TS 23.040 §9.2.3.24.3 and §9.2.3.24.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ports {
    /// The receiving application, such as 2948 for WAP push.
    pub destination: u16,
    /// The sending application.
    pub source: u16,
}

impl Concatenation {
    pub(crate) fn emit(&self, octets: &mut Vec<u8>) {
        let [high, low] = self.reference.to_be_bytes();
        match self.width {
            ReferenceWidth::Eight => octets.extend([CONCATENATION_8, 3, low]),
            ReferenceWidth::Sixteen => octets.extend([CONCATENATION_16, 4, high, low]),
        }
        octets.extend([self.total, self.part]);
    }

    fn is_in_range(&self) -> bool {
        (1..=self.total).contains(&self.part)
    }
}

impl fmt::Display for Concatenation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "part {} of {} (reference {}, {} bits)",
            self.part,
            self.total,
            self.reference,
            self.width.bits()
        )
    }
}

impl Element<'_> {
    /// Information element identifier.
    pub fn identifier(&self) -> u8 {
        match self {
            Self::Concatenation(Concatenation {
                width: ReferenceWidth::Eight,
                ..
            }) => CONCATENATION_8,
            Self::Concatenation(Concatenation {
                width: ReferenceWidth::Sixteen,
                ..
            }) => CONCATENATION_16,
            Self::SpecialMessage { .. } => SPECIAL_MESSAGE,
            Self::Ports(Ports {
                destination: 0..=0xFF,
                source: 0..=0xFF,
            }) => PORTS_8,
            Self::Ports(_) => PORTS_16,
            Self::SingleShift(_) => SINGLE_SHIFT,
            Self::LockingShift(_) => LOCKING_SHIFT,
            Self::Other { identifier, .. } => *identifier,
        }
    }
}

/// What the header of a text to be written says; nothing, and there is no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct WrittenHeader {
    /// Where it belongs; `None` for a text in one part.
    pub(crate) concatenation: Option<Concatenation>,
    /// The national tables of the text.
    pub(crate) shifts: Shifts,
}

impl WrittenHeader {
    /// Octets on the air, the length octet included; 0 where there is no header.
    pub(crate) fn octets(&self) -> usize {
        let concatenation =
            self.concatenation
                .map_or(0, |concatenation| match concatenation.width {
                    ReferenceWidth::Eight => 5,
                    ReferenceWidth::Sixteen => 6,
                });
        let shifts = [self.shifts.single, self.shifts.locking];
        let elements = concatenation + 3 * shifts.iter().flatten().count();
        if elements == 0 { 0 } else { elements + 1 }
    }

    pub(crate) fn emit(&self, octets: &mut Vec<u8>) {
        let Some(behind_length) = self
            .octets()
            .checked_sub(1)
            .and_then(|length| u8::try_from(length).ok())
        else {
            return;
        };
        octets.push(behind_length);
        if let Some(concatenation) = self.concatenation {
            concatenation.emit(octets);
        }
        for (identifier, language) in [
            (SINGLE_SHIFT, self.shifts.single),
            (LOCKING_SHIFT, self.shifts.locking),
        ] {
            if let Some(language) = language {
                octets.extend([identifier, 1, language.identifier()]);
            }
        }
    }
}

/// The elements of a header, in the order in which they came.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    /// Of the octets behind the header's length.
    pub(crate) fn new(header: &'a [u8]) -> Self {
        Self { rest: header }
    }

    /// The next element undecoded, or what is wrong with it.
    fn next_raw(&mut self) -> Option<Result<RawElement<'a>, Malformed>> {
        let (identifier, behind) = self.rest.split_first()?;
        let taken = behind
            .split_first()
            .and_then(|(length, behind)| behind.split_at_checked(usize::from(*length)));
        match taken {
            Some((data, rest)) => {
                self.rest = rest;
                Some(Ok(RawElement {
                    identifier: *identifier,
                    data,
                }))
            }
            None => {
                self.rest = &[];
                Some(Err(Malformed::BeyondHeader {
                    identifier: *identifier,
                }))
            }
        }
    }

    /// What is wrong in the header, with octets in front of it.
    pub(crate) fn malformed(mut self) -> Vec<(usize, Malformed)> {
        let length = self.rest.len();
        let mut found = Vec::new();
        loop {
            let offset = length - self.rest.len();
            match self.next_raw() {
                None => return found,
                Some(Err(fault)) => found.push((offset, fault)),
                Some(Ok(raw)) => found.extend(raw.decode().err().map(|fault| (offset, fault))),
            }
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let raw = self.next_raw()?.ok()?;
        Some(raw.decode().unwrap_or(Element::Other {
            identifier: raw.identifier,
            data: raw.data,
        }))
    }
}

/// What can be wrong in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Malformed {
    BeyondHeader { identifier: u8 },
    Length { identifier: u8 },
    OutOfRange,
    Language(u8),
}

#[derive(Debug, Clone, Copy)]
struct RawElement<'a> {
    identifier: u8,
    data: &'a [u8],
}

impl<'a> RawElement<'a> {
    fn decode(&self) -> Result<Element<'a>, Malformed> {
        let identifier = self.identifier;
        match (identifier, self.data) {
            (CONCATENATION_8, [reference, total, part]) => {
                concatenation(u16::from(*reference), ReferenceWidth::Eight, *total, *part)
            }
            (CONCATENATION_16, [high, low, total, part]) => concatenation(
                u16::from_be_bytes([*high, *low]),
                ReferenceWidth::Sixteen,
                *total,
                *part,
            ),
            (SPECIAL_MESSAGE, [indication, count]) => Ok(Element::SpecialMessage {
                kind: Waiting::from_bits(*indication),
                indication: *indication,
                count: *count,
            }),
            (PORTS_8, [destination, source]) => Ok(Element::Ports(Ports {
                destination: u16::from(*destination),
                source: u16::from(*source),
            })),
            (PORTS_16, [destination_high, destination_low, source_high, source_low]) => {
                Ok(Element::Ports(Ports {
                    destination: u16::from_be_bytes([*destination_high, *destination_low]),
                    source: u16::from_be_bytes([*source_high, *source_low]),
                }))
            }
            (SINGLE_SHIFT, [language]) => Language::from_identifier(*language)
                .map(Element::SingleShift)
                .ok_or(Malformed::Language(*language)),
            (LOCKING_SHIFT, [language]) => Language::from_identifier(*language)
                .filter(|language| language.has_locking_table())
                .map(Element::LockingShift)
                .ok_or(Malformed::Language(*language)),
            (
                CONCATENATION_8 | CONCATENATION_16 | SPECIAL_MESSAGE | PORTS_8 | PORTS_16
                | SINGLE_SHIFT | LOCKING_SHIFT,
                _,
            ) => Err(Malformed::Length { identifier }),
            (_, data) => Ok(Element::Other { identifier, data }),
        }
    }
}

fn concatenation<'a>(
    reference: u16,
    width: ReferenceWidth,
    total: u8,
    part: u8,
) -> Result<Element<'a>, Malformed> {
    let concatenation = Concatenation {
        reference,
        width,
        total,
        part,
    };
    // The standard has a receiver ignore the whole element otherwise.
    if concatenation.is_in_range() {
        Ok(Element::Concatenation(concatenation))
    } else {
        Err(Malformed::OutOfRange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(hex: &str, elements: &[Element<'_>], malformed: &[(usize, Malformed)]) {
        let octets = crate::hex::decode(hex).unwrap();
        assert_eq!(Elements::new(&octets).collect::<Vec<_>>(), elements);
        assert_eq!(Elements::new(&octets).malformed(), malformed);
    }

    /// Spelled out by hand from §9.2.3.24 and its subsections.
    #[test]
    fn known_elements_are_typed() {
        let concatenation = |reference, width, total, part| {
            Element::Concatenation(Concatenation {
                reference,
                width,
                total,
                part,
            })
        };
        check(
            "0003CC0301",
            &[concatenation(0xCC, ReferenceWidth::Eight, 3, 1)],
            &[],
        );
        check(
            "080400CC0302",
            &[concatenation(0xCC, ReferenceWidth::Sixteen, 3, 2)],
            &[],
        );
        check(
            "05040B8423F0",
            &[Element::Ports(Ports {
                destination: 2948,
                source: 9200,
            })],
            &[],
        );
        check(
            "0402F4E2",
            &[Element::Ports(Ports {
                destination: 0xF4,
                source: 0xE2,
            })],
            &[],
        );
        check(
            "24010D25010D",
            &[
                Element::SingleShift(Language::Urdu),
                Element::LockingShift(Language::Urdu),
            ],
            &[],
        );
        check(
            "01028003",
            &[Element::SpecialMessage {
                kind: Waiting::Voicemail,
                indication: 0x80,
                count: 3,
            }],
            &[],
        );
        check("", &[], &[]);
    }

    /// Spelled out by hand, as above.
    #[test]
    fn headers_are_written_as_they_are_read() {
        let place = |reference, width| {
            Some(Concatenation {
                reference,
                width,
                total: 3,
                part: 2,
            })
        };
        let shifts = |locking, single| Shifts { locking, single };
        for (concatenation, shifts, hex) in [
            (None, Shifts::NONE, ""),
            (
                place(0xCC, ReferenceWidth::Eight),
                Shifts::NONE,
                "050003CC0302",
            ),
            (
                None,
                shifts(Some(Language::Urdu), Some(Language::Turkish)),
                "0624010125010D",
            ),
            (
                place(0x1234, ReferenceWidth::Sixteen),
                shifts(None, Some(Language::Spanish)),
                "09080412340302240102",
            ),
        ] {
            let header = WrittenHeader {
                concatenation,
                shifts,
            };
            let mut octets = Vec::new();
            header.emit(&mut octets);
            assert_eq!(crate::hex::encode(&octets), hex);
            assert_eq!(octets.len(), header.octets());
        }
    }

    #[test]
    fn unknown_and_malformed_elements_are_kept_or_flagged() {
        check(
            "0A03000410",
            &[Element::Other {
                identifier: 0x0A,
                data: &[0x00, 0x04, 0x10],
            }],
            &[],
        );
        check(
            "0003CC0304",
            &[Element::Other {
                identifier: 0x00,
                data: &[0xCC, 3, 4],
            }],
            &[(0, Malformed::OutOfRange)],
        );
        check(
            "0003CC0300",
            &[Element::Other {
                identifier: 0x00,
                data: &[0xCC, 3, 0],
            }],
            &[(0, Malformed::OutOfRange)],
        );
        check(
            "700000020102",
            &[
                Element::Other {
                    identifier: 0x70,
                    data: &[],
                },
                Element::Other {
                    identifier: 0x00,
                    data: &[1, 2],
                },
            ],
            &[(2, Malformed::Length { identifier: 0 })],
        );
        check(
            "2401FF",
            &[Element::Other {
                identifier: 0x24,
                data: &[0xFF],
            }],
            &[(0, Malformed::Language(0xFF))],
        );
        check(
            "250102",
            &[Element::Other {
                identifier: 0x25,
                data: &[2],
            }],
            &[(0, Malformed::Language(2))],
        );
        check(
            "7000000300",
            &[Element::Other {
                identifier: 0x70,
                data: &[],
            }],
            &[(2, Malformed::BeyondHeader { identifier: 0 })],
        );
        check(
            "70",
            &[],
            &[(0, Malformed::BeyondHeader { identifier: 0x70 })],
        );
    }
}
