//! Elements of the user data header (3GPP TS 23.040 §9.2.3.24).
//!
//! Each is an identifier, a length and that many octets. What this crate knows is typed; all else is kept as
//! [`Element::Other`], with the text behind the header intact.

use std::fmt;

use crate::address::Address;
use crate::data_coding::Waiting;
use crate::ems::Ems;
use crate::error::Field;
use crate::gsm7::Shifts;
use crate::inline::Inline;
use crate::national::Language;
use crate::reader::Reader;

const CONCATENATION_8: u8 = 0x00;
const SPECIAL_MESSAGE: u8 = 0x01;
const PORTS_8: u8 = 0x04;
const PORTS_16: u8 = 0x05;
const CONCATENATION_16: u8 = 0x08;
const EMAIL_HEADER: u8 = 0x20;
const REPLY_ADDRESS: u8 = 0x22;
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
    /// 20: the text begins with a header of an e-mail.
    EmailHeader {
        /// How many characters of the text that is.
        length: u8,
    },
    /// 22: whom an answer is to go to instead of the sender.
    ReplyAddress(ReplyAddress<'a>),
    /// 24: the extension table of this language.
    SingleShift(Language),
    /// 25: the main table of this language.
    LockingShift(Language),
    /// 0A to 1A: enhanced messaging.
    Ems(Ems<'a>),
    /// An identifier that is not decoded here, or a known one with a length or a value that does not fit it.
    Other {
        /// Information element identifier.
        identifier: u8,
        /// What it holds.
        data: &'a [u8],
    },
}

/// The address of a reply address element (3GPP TS 23.040 §9.2.3.24.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReplyAddress<'a> {
    octets: &'a [u8],
}

impl ReplyAddress<'_> {
    /// The address; `None` where the octets are none.
    pub fn address(&self) -> Option<Address> {
        let mut reader = Reader::new(self.octets, Vec::new());
        Address::parse(&mut reader, Field::UserDataHeader).ok()
    }

    /// As on the air.
    pub fn octets(&self) -> &[u8] {
        self.octets
    }
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
    fn emit<const N: usize>(&self, octets: &mut Inline<N>) {
        let [high, low] = self.reference.to_be_bytes();
        let (total, part) = (self.total, self.part);
        let _fits = match self.width {
            ReferenceWidth::Eight => octets.extend(&[CONCATENATION_8, 3, low, total, part]),
            ReferenceWidth::Sixteen => {
                octets.extend(&[CONCATENATION_16, 4, high, low, total, part])
            }
        };
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
            Self::EmailHeader { .. } => EMAIL_HEADER,
            Self::ReplyAddress(_) => REPLY_ADDRESS,
            Self::SingleShift(_) => SINGLE_SHIFT,
            Self::LockingShift(_) => LOCKING_SHIFT,
            Self::Ems(ems) => ems.identifier(),
            Self::Other { identifier, .. } => *identifier,
        }
    }

    /// What the standard calls it, whether it is typed here or kept as octets (3GPP TS 23.040 §9.2.3.24).
    pub fn name(&self) -> &'static str {
        match self.identifier() {
            CONCATENATION_8 => "concatenation, 8-bit reference",
            SPECIAL_MESSAGE => "special SMS message indication",
            PORTS_8 => "application ports, 8-bit",
            PORTS_16 => "application ports, 16-bit",
            0x06 => "service centre control parameters",
            0x07 => "user data header source indicator",
            CONCATENATION_16 => "concatenation, 16-bit reference",
            0x09 => "wireless control message protocol",
            0x0A => "text formatting",
            0x0B => "predefined sound",
            0x0C => "user defined sound",
            0x0D => "predefined animation",
            0x0E => "large animation",
            0x0F => "small animation",
            0x10 => "large picture",
            0x11 => "small picture",
            0x12 => "variable picture",
            0x13 => "user prompt indicator",
            0x14 => "extended object",
            0x15 => "reused extended object",
            0x16 => "compression control",
            0x17 => "object distribution indicator",
            0x18 => "standard WVG object",
            0x19 => "character size WVG object",
            0x1A => "extended object data request",
            EMAIL_HEADER => "e-mail header",
            0x21 => "hyperlink",
            REPLY_ADDRESS => "reply address",
            0x23 => "enhanced voice mail information",
            SINGLE_SHIFT => "national language single shift",
            LOCKING_SHIFT => "national language locking shift",
            0x70..=0x7F => "SIM toolkit security header",
            0x80..=0x9F => "between phones",
            0xC0..=0xDF => "service centre's own",
            0x02 | 0x03 | 0x1B..=0x1F | 0x26..=0x6F | 0xA0..=0xBF | 0xE0..=0xFF => "reserved",
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

    /// As on the air: at most 13 octets, its length among them.
    pub(crate) fn emit(&self) -> Inline<16> {
        let mut octets = Inline::EMPTY;
        let Some(behind_length) = self
            .octets()
            .checked_sub(1)
            .and_then(|length| u8::try_from(length).ok())
        else {
            return octets;
        };
        let _fits = octets.extend(&[behind_length]);
        if let Some(concatenation) = self.concatenation {
            concatenation.emit(&mut octets);
        }
        for (identifier, language) in [
            (SINGLE_SHIFT, self.shifts.single),
            (LOCKING_SHIFT, self.shifts.locking),
        ] {
            if let Some(language) = language {
                let _fits = octets.extend(&[identifier, 1, language.identifier()]);
            }
        }
        octets
    }
}

/// The elements of a header, in the order in which they came.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    rest: &'a [u8],
}

/// Elements with their octets, identifier and length left out.
#[derive(Debug, Clone)]
pub struct ElementsWithOctets<'a> {
    elements: Elements<'a>,
}

impl<'a> Iterator for ElementsWithOctets<'a> {
    type Item = (Element<'a>, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let raw = self.elements.next_raw()?.ok()?;
        Some((raw.element(), raw.data))
    }
}

impl<'a> Elements<'a> {
    /// The same with the octets of each element beside it.
    pub fn with_octets(self) -> ElementsWithOctets<'a> {
        ElementsWithOctets { elements: self }
    }

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

    /// What is wrong in the header, with the octets in front of it.
    pub(crate) fn malformed(mut self) -> impl Iterator<Item = (usize, Malformed)> {
        let length = self.rest.len();
        std::iter::from_fn(move || {
            loop {
                let offset = length - self.rest.len();
                let fault = match self.next_raw()? {
                    Err(fault) => fault,
                    Ok(raw) => match raw.decode() {
                        Err(fault) => fault,
                        Ok(_) => continue,
                    },
                };
                return Some((offset, fault));
            }
        })
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        Some(self.next_raw()?.ok()?.element())
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
    /// Decoded, or as it is where that cannot be.
    fn element(&self) -> Element<'a> {
        self.decode().unwrap_or(Element::Other {
            identifier: self.identifier,
            data: self.data,
        })
    }

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
                kind: Waiting::from_indication(*indication),
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
            (EMAIL_HEADER, [length]) => Ok(Element::EmailHeader { length: *length }),
            (REPLY_ADDRESS, octets) if fits_address(octets) => {
                Ok(Element::ReplyAddress(ReplyAddress { octets }))
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
                | EMAIL_HEADER | REPLY_ADDRESS | SINGLE_SHIFT | LOCKING_SHIFT,
                _,
            ) => Err(Malformed::Length { identifier }),
            (_, data) if Ems::has(identifier) => Ems::parse(identifier, data)
                .map(Element::Ems)
                .ok_or(Malformed::Length { identifier }),
            (_, data) => Ok(Element::Other { identifier, data }),
        }
    }
}

/// A length in semi-octets, a type, and just as many octets as the length asks for.
fn fits_address(octets: &[u8]) -> bool {
    matches!(octets, [length @ 0..=20, _, digits @ ..] if digits.len() == usize::from(*length).div_ceil(2))
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
        assert_eq!(
            Elements::new(&octets).malformed().collect::<Vec<_>>(),
            malformed
        );
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
        check(
            "01028702",
            &[Element::SpecialMessage {
                kind: Waiting::Video,
                indication: 0x87,
                count: 2,
            }],
            &[],
        );
        check("200119", &[Element::EmailHeader { length: 25 }], &[]);
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
            let octets = header.emit();
            assert_eq!(crate::hex::encode(octets.as_slice()), hex);
            assert_eq!(octets.as_slice().len(), header.octets());
        }
    }

    #[test]
    fn answers_may_go_elsewhere() {
        let octets = crate::hex::decode("22080B912120550501F0").unwrap();
        let Some(Element::ReplyAddress(found)) = Elements::new(&octets).next() else {
            panic!("no reply address")
        };
        assert_eq!(found.address().unwrap().to_string(), "+12025550100");
        check(
            "22020B91",
            &[Element::Other {
                identifier: 0x22,
                data: &[0x0B, 0x91],
            }],
            &[(0, Malformed::Length { identifier: 0x22 })],
        );
    }

    #[test]
    fn every_identifier_has_a_name() {
        for identifier in 0..=u8::MAX {
            let element = Element::Other {
                identifier,
                data: &[],
            };
            assert!(!element.name().is_empty());
        }
    }

    #[test]
    fn unknown_and_malformed_elements_are_kept_or_flagged() {
        check(
            "7003000410",
            &[Element::Other {
                identifier: 0x70,
                data: &[0x00, 0x04, 0x10],
            }],
            &[],
        );
        check(
            "0A020004",
            &[Element::Other {
                identifier: 0x0A,
                data: &[0x00, 0x04],
            }],
            &[(0, Malformed::Length { identifier: 0x0A })],
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
