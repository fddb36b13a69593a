//! Cell broadcast: one page of a message to everybody in a cell (3GPP TS 23.041 §9.4.1), as modems print it behind `+CBM:`.
//!
//! Read only: networks send them, phones do not. A page is 88 octets, 82 of them content; each can be read by itself, and
//! the text of a message is the texts of its pages in their order.

mod coding;
mod identifier;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::data_coding::Alphabet;
use crate::decode::Leniency;
use crate::error::{Anomaly, AnomalyKind, DecodeError, Fault, Field};
use crate::gsm7::{self, Reading, Shifts};
use crate::inline::Inline;
use crate::reader::Reader;
use crate::ucs2;
use crate::user_data_header::{Element, Elements};
use crate::wrapping;

pub use coding::BroadcastCoding;
pub use identifier::{Emergency, MessageIdentifier};

/// Octets of a page, header included.
pub const PAGE_OCTETS: usize = 88;

/// Octets of the content of a page.
const CONTENT_OCTETS: usize = 82;

/// One page of a cell broadcast message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BroadcastPage {
    /// By which pages of one message, its updates and its repetitions are recognised, together with the identifier.
    pub serial_number: SerialNumber,
    /// What it is about.
    pub message_identifier: MessageIdentifier,
    /// The alphabet of the content, and its language.
    pub data_coding: BroadcastCoding,
    /// Number of this page, from 1 to `total`.
    pub page: u8,
    /// Number of pages, 1 to 15.
    pub total: u8,
    content: Inline<CONTENT_OCTETS>,
}

/// What was made of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedPage {
    /// The page.
    pub page: BroadcastPage,
    /// What was sloppy, in the order in which it was met.
    pub anomalies: Vec<Anomaly>,
}

/// Serial number of a message (3GPP TS 23.041 §9.4.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SerialNumber(pub u16);

impl SerialNumber {
    /// Where the message is the same one.
    pub fn scope(self) -> GeographicalScope {
        match self.0 >> 14 {
            0 => GeographicalScope::CellImmediate,
            1 => GeographicalScope::Network,
            2 => GeographicalScope::Area,
            _ => GeographicalScope::Cell,
        }
    }

    /// Tells messages with the same identifier apart; 0 to 1023.
    pub fn message_code(self) -> u16 {
        self.0 >> 4 & 0x3FF
    }

    /// Grows with each change of the content of one message, from 15 back to 0.
    pub fn update_number(self) -> u8 {
        self.0.to_be_bytes()[1] & 0x0F
    }

    /// Whether phones are to sound an alarm; of meaning only where the identifier is one of ETWS.
    pub fn asks_for_alarm(self) -> bool {
        self.message_code() & 0x200 != 0
    }

    /// Whether phones are to show it at once; of meaning only where the identifier is one of ETWS.
    pub fn asks_for_popup(self) -> bool {
        self.message_code() & 0x100 != 0
    }
}

/// Where a message is the same one, so that a phone that moves need not show it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GeographicalScope {
    /// In the cell, and to be shown at once.
    CellImmediate,
    /// In the network.
    Network,
    /// In the location area, service area or tracking area.
    Area,
    /// In the cell.
    Cell,
}

impl fmt::Display for GeographicalScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CellImmediate => "cell, shown at once",
            Self::Network => "network",
            Self::Area => "area",
            Self::Cell => "cell",
        })
    }
}

/// Decodes the hexadecimal digits of a page, with the same leniency as [`decode_hex`](crate::decode_hex).
///
/// # Errors
///
/// [`DecodeError`] where it is no page, or for any anomaly in strict mode.
pub fn decode_broadcast_hex(text: &str, leniency: Leniency) -> Result<DecodedPage, DecodeError> {
    let (octets, anomalies) = wrapping::unwrap(text)?;
    decode(&octets, leniency, anomalies)
}

/// Decodes the octets of a page.
///
/// # Errors
///
/// [`DecodeError`] where it is no page, or for any anomaly in strict mode.
pub fn decode_broadcast(octets: &[u8], leniency: Leniency) -> Result<DecodedPage, DecodeError> {
    decode(octets, leniency, Vec::new())
}

fn decode(
    octets: &[u8],
    leniency: Leniency,
    anomalies: Vec<Anomaly>,
) -> Result<DecodedPage, DecodeError> {
    if octets.is_empty() {
        return Err(DecodeError {
            offset: 0,
            fault: Fault::Empty,
        });
    }
    let mut reader = Reader::new(octets, anomalies);
    let page = BroadcastPage::parse(&mut reader);
    if let (Leniency::Strict, Some(Anomaly { offset, kind })) =
        (leniency, reader.anomalies().first())
    {
        return Err(DecodeError {
            offset: *offset,
            fault: Fault::Anomaly(*kind),
        });
    }
    Ok(DecodedPage {
        page: page?,
        anomalies: reader.into_anomalies(),
    })
}

impl BroadcastPage {
    fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let serial_number = SerialNumber(u16::from_be_bytes(reader.array(Field::SerialNumber)?));
        let identifier = u16::from_be_bytes(reader.array(Field::MessageIdentifier)?);
        let start = reader.offset();
        let data_coding = BroadcastCoding::from_octet(reader.octet(Field::DataCodingScheme)?);
        if data_coding.is_reserved() {
            reader.flag(
                start,
                AnomalyKind::ReservedValue(Field::DataCodingScheme, data_coding.octet()),
            );
        }
        let start = reader.offset();
        let parameter = reader.octet(Field::PageParameter)?;
        let (page, total) = match (parameter >> 4, parameter & 0x0F) {
            (page @ 1.., total) if page <= total => (page, total),
            // To be taken for the only page (§9.4.1.2.4).
            _ => {
                reader.flag(
                    start,
                    AnomalyKind::ReservedValue(Field::PageParameter, parameter),
                );
                (1, 1)
            }
        };
        let start = reader.offset();
        let rest = reader.rest();
        let content = rest.get(..CONTENT_OCTETS).unwrap_or(rest);
        if content.len() < CONTENT_OCTETS {
            reader.flag(
                start,
                AnomalyKind::PageTooShort {
                    octets: content.len(),
                },
            );
        }
        if let behind @ 1.. = rest.len() - content.len() {
            reader.flag(
                start + CONTENT_OCTETS,
                AnomalyKind::TrailingOctets { octets: behind },
            );
        }
        let page = Self {
            serial_number,
            message_identifier: MessageIdentifier(identifier),
            data_coding,
            page,
            total,
            content: Inline::new(content).unwrap_or(Inline::EMPTY),
        };
        if data_coding.has_header() && page.header_octets() == 0 {
            reader.flag(start, AnomalyKind::HeaderBeyondUserData);
        }
        Ok(page)
    }

    /// The 82 octets of content as on the air, or as many as there were.
    pub fn content(&self) -> &[u8] {
        self.content.as_slice()
    }

    /// The elements of the header, where the coding says that there is one.
    pub fn elements(&self) -> Elements<'_> {
        let header = self.content().get(1..self.header_octets());
        Elements::new(header.unwrap_or_default())
    }

    /// ISO 639 code of the language: from the coding, or from the first characters of the content; `None` where neither
    /// says.
    pub fn language(&self) -> Option<String> {
        match self.data_coding.language() {
            Some(code) => Some(code.to_owned()),
            None => self.indicated().map(|(language, _)| language),
        }
    }

    /// The text without the padding behind it and the language in front of it; `None` where it is data.
    pub fn text(&self) -> Option<String> {
        if self.data_coding.is_compressed() {
            return None;
        }
        let mut text = match self.data_coding.alphabet() {
            Alphabet::Gsm7 => {
                let text = self.septets_as_text();
                match self.indicated() {
                    Some((_, behind)) => text.chars().skip(behind).collect(),
                    None => text,
                }
            }
            Alphabet::Ucs2 => {
                let skipped = match self.indicated() {
                    Some((_, behind)) => behind,
                    None => self.header_octets(),
                };
                let octets = self.content().get(skipped..).unwrap_or_default();
                ucs2::decode_each(ucs2::each_code_unit(octets))
            }
            Alphabet::Data => return None,
        };
        text.truncate(text.trim_end_matches('\r').len());
        Some(text)
    }

    /// The octets behind the header; `None` where they are text.
    pub fn data(&self) -> Option<&[u8]> {
        match self.data_coding.alphabet() {
            Alphabet::Gsm7 | Alphabet::Ucs2 if !self.data_coding.is_compressed() => None,
            Alphabet::Gsm7 | Alphabet::Ucs2 | Alphabet::Data => {
                self.content().get(self.header_octets()..)
            }
        }
    }

    /// The language that the content begins with, and what it takes there: characters of GSM 7-bit text, octets of UCS-2.
    fn indicated(&self) -> Option<(String, usize)> {
        if !self.data_coding.begins_with_language() {
            return None;
        }
        let mut septets = [0; 3];
        let mut places = septets.iter_mut();
        gsm7::for_each_septet(self.content(), 0, 3, |septet| {
            if let Some(place) = places.next() {
                *place = septet;
            }
        });
        let [first, second, third] = septets;
        let code = [first, second].map(char::from);
        if !code.iter().all(char::is_ascii_alphabetic) {
            return None;
        }
        let code = code.iter().map(char::to_ascii_lowercase).collect();
        match self.data_coding.alphabet() {
            Alphabet::Gsm7 => (third == CARRIAGE_RETURN).then_some((code, 3)),
            // Two septets and two spare bits.
            Alphabet::Ucs2 | Alphabet::Data => Some((code, 2)),
        }
    }

    fn septets_as_text(&self) -> String {
        let header_septets = (self.header_octets() * 8).div_ceil(7);
        let shifts = self
            .elements()
            .fold(Shifts::NONE, |shifts, element| match element {
                Element::SingleShift(language) => Shifts {
                    single: Some(language),
                    ..shifts
                },
                Element::LockingShift(language) => Shifts {
                    locking: Some(language),
                    ..shifts
                },
                Element::Concatenation(_)
                | Element::SpecialMessage { .. }
                | Element::Ports(_)
                | Element::EmailHeader { .. }
                | Element::ReplyAddress(_)
                | Element::Ems(_)
                | Element::Other { .. } => shifts,
            });
        let mut text = String::with_capacity(CONTENT_OCTETS * 8 / 7);
        let mut reading = Reading::new(shifts);
        gsm7::for_each_septet(self.content(), header_septets * 7, usize::MAX, |septet| {
            text.extend(reading.next(septet));
        });
        text
    }

    /// Octets of the header, its length octet included; 0 where there is none or where it is longer than the content.
    fn header_octets(&self) -> usize {
        match self.content().first() {
            Some(length)
                if self.data_coding.has_header() && usize::from(*length) < self.content().len() =>
            {
                usize::from(*length) + 1
            }
            Some(_) | None => 0,
        }
    }
}

/// Pads the content of a page, and ends the language in front of a text.
const CARRIAGE_RETURN: u8 = 0x0D;
