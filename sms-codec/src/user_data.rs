//! TP-UD: header and text, or data, of one TPDU (3GPP TS 23.040 §9.2.3.24).
//!
//! The octets are kept as on the air and read on demand. A text that was cut by its sender inside an escape pair or a
//! surrogate pair is whole again only when its parts are joined *before* they are read as characters:
//! [`join`](crate::join).

use crate::address::Address;
use crate::data_coding::{Alphabet, DataCoding};
use crate::error::{AnomalyKind, DecodeError, Field};
use crate::gsm7::{self, Reading, Shifts};
use crate::inline::Inline;
use crate::reader::Reader;
use crate::ucs2::{self, Edges};
use crate::user_data_header::{Concatenation, Element, Elements, Malformed, Ports, WrittenHeader};

/// Octets of user data that a TPDU has room for, header included.
pub const MAX_OCTETS: usize = 140;

/// The user data of one TPDU.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserData {
    data_coding: DataCoding,
    header_indicator: HeaderIndicator,
    /// TP-UDL. Counts septets for the GSM 7-bit alphabet and octets otherwise, the header included (§9.2.3.16).
    length: u8,
    /// As many as TP-UDL can count, because some come that are longer than they may be.
    octets: Inline<255>,
}

/// TP-UDHI: whether user data begins with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum HeaderIndicator {
    Absent,
    Present,
}

impl HeaderIndicator {
    const BIT: u8 = 0x40;

    pub(crate) fn from_first_octet(octet: u8) -> Self {
        if octet & Self::BIT == 0 {
            Self::Absent
        } else {
            Self::Present
        }
    }

    /// Notes a header that is announced where there is no user data at all.
    pub(crate) fn flag_without_user_data(self, reader: &mut Reader<'_>) {
        if self == Self::Present {
            reader.flag(reader.offset(), AnomalyKind::HeaderBeyondUserData);
        }
    }

    pub(crate) fn bit(self) -> u8 {
        match self {
            Self::Absent => 0,
            Self::Present => Self::BIT,
        }
    }
}

impl UserData {
    /// 8-bit data without a header. `None` where it is longer than 140 octets.
    pub fn data_only(data: &[u8]) -> Option<Self> {
        Self::new(
            DataCoding::DATA,
            WrittenHeader::default(),
            Body::Octets(data),
        )
    }

    /// TP-DCS of the message.
    pub fn data_coding(&self) -> DataCoding {
        self.data_coding
    }

    /// TP-UDL: septets for the GSM 7-bit alphabet, octets otherwise, the header included.
    pub fn length(&self) -> u8 {
        self.length
    }

    /// The elements of the header, if there is one.
    pub fn elements(&self) -> Elements<'_> {
        Elements::new(self.header())
    }

    /// Where this belongs in a longer message; `None` where it stands alone. Of several such elements the last counts.
    pub fn concatenation(&self) -> Option<Concatenation> {
        self.elements()
            .filter_map(|element| {
                if let Element::Concatenation(found) = element {
                    Some(found)
                } else {
                    None
                }
            })
            .last()
    }

    /// The application that this is for; `None` where it is for a person. Of several such elements the last counts.
    pub fn ports(&self) -> Option<Ports> {
        self.elements()
            .filter_map(|element| {
                if let Element::Ports(found) = element {
                    Some(found)
                } else {
                    None
                }
            })
            .last()
    }

    /// Whom an answer is to go to instead of the sender; `None` where the header does not say (§9.2.3.24.12).
    pub fn reply_address(&self) -> Option<Address> {
        self.elements().find_map(|element| match element {
            Element::ReplyAddress(found) => found.address(),
            Element::Concatenation(_)
            | Element::SpecialMessage { .. }
            | Element::Ports(_)
            | Element::EmailHeader { .. }
            | Element::SingleShift(_)
            | Element::LockingShift(_)
            | Element::Ems(_)
            | Element::Other { .. } => None,
        })
    }

    /// The national tables that the header names. Of several elements the last counts.
    pub fn shifts(&self) -> Shifts {
        self.elements()
            .fold(Shifts::default(), |shifts, element| match element {
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
            })
    }

    /// The text of this part alone; `None` where it is data (8-bit or compressed).
    pub fn text(&self) -> Option<String> {
        match self.unit() {
            Unit::Septets => {
                let mut text = String::with_capacity(self.text_room());
                let mut reading = Reading::new(self.shifts());
                self.for_each_septet(|septet| text.extend(reading.next(septet)));
                Some(text)
            }
            Unit::Utf16 => Some(ucs2::decode_each(ucs2::each_code_unit(self.body()))),
            Unit::Octets => None,
        }
    }

    /// The octets behind the header. For data this is the data; for text it is the text undecoded.
    pub fn body(&self) -> &[u8] {
        self.octets()
            .get(self.header_octets()..)
            .unwrap_or_default()
    }

    /// The data behind the header; `None` where it is text.
    pub fn data(&self) -> Option<&[u8]> {
        match self.unit() {
            Unit::Octets => Some(self.body()),
            Unit::Septets | Unit::Utf16 => None,
        }
    }

    /// Header and body as on the air, TP-UDL left out.
    pub fn octets(&self) -> &[u8] {
        self.octets.as_slice()
    }

    /// `None` where it is longer than 140 octets.
    pub(crate) fn new(
        data_coding: DataCoding,
        header: WrittenHeader,
        body: Body<'_>,
    ) -> Option<Self> {
        let header = header.emit();
        let header = header.as_slice();
        let header_septets = (header.len() * 8).div_ceil(7);
        let (length, count) = match body {
            Body::Septets(septets) => {
                let length = header_septets + septets.len();
                (length, (length * 7).div_ceil(8))
            }
            Body::CodeUnits(units) => {
                let count = header.len() + 2 * units.len();
                (count, count)
            }
            Body::Octets(data) => {
                let count = header.len() + data.len();
                (count, count)
            }
        };
        if count > MAX_OCTETS {
            return None;
        }
        let mut octets = Inline::zeros(count)?;
        let (header_part, body_part) = octets.as_mut_slice().split_at_mut_checked(header.len())?;
        header_part.copy_from_slice(header);
        match body {
            Body::Septets(septets) => {
                let fill_bits = u8::try_from(header_septets * 7 - header.len() * 8).ok()?;
                gsm7::pack_into(body_part, septets, fill_bits);
            }
            Body::CodeUnits(units) => {
                for (pair, unit) in body_part.as_chunks_mut::<2>().0.iter_mut().zip(units) {
                    *pair = unit.to_be_bytes();
                }
            }
            Body::Octets(data) => body_part.copy_from_slice(data),
        }
        let header_indicator = if header.is_empty() {
            HeaderIndicator::Absent
        } else {
            HeaderIndicator::Present
        };
        Some(Self {
            data_coding,
            header_indicator,
            length: u8::try_from(length).ok()?,
            octets,
        })
    }

    pub(crate) fn header_indicator(&self) -> HeaderIndicator {
        self.header_indicator
    }

    /// TP-UDL and TP-UD.
    pub(crate) fn emit(&self, octets: &mut Vec<u8>) {
        octets.push(self.length);
        octets.extend_from_slice(self.octets());
    }

    /// Reads TP-UDL and TP-UD.
    pub(crate) fn parse(
        reader: &mut Reader<'_>,
        data_coding: DataCoding,
        header_indicator: HeaderIndicator,
    ) -> Result<Self, DecodeError> {
        let announced = reader.octet(Field::UserDataLength)?;
        let start = reader.offset();
        let septets = unit_of(data_coding) == Unit::Septets;
        let wanted = if septets {
            (usize::from(announced) * 7).div_ceil(8)
        } else {
            usize::from(announced)
        };
        let available = reader.rest().len();
        let octets = reader.take(wanted.min(available), Field::UserData)?;
        let length = if wanted <= available {
            announced
        } else {
            let present = if septets {
                available * 8 / 7
            } else {
                available
            };
            let present = u8::try_from(present).unwrap_or(announced).min(announced);
            reader.flag(start, AnomalyKind::UserDataBeyondPdu { announced, present });
            present
        };
        if octets.len() > MAX_OCTETS {
            reader.flag(
                start,
                AnomalyKind::UserDataTooLong {
                    octets: octets.len(),
                },
            );
        }
        let user_data = Self {
            data_coding,
            header_indicator,
            length,
            octets: Inline::new(octets).unwrap_or(Inline::EMPTY),
        };
        user_data.flag_anomalies(reader, start);
        Ok(user_data)
    }

    fn flag_anomalies(&self, reader: &mut Reader<'_>, start: usize) {
        if self.header_indicator == HeaderIndicator::Present && self.header_octets() == 0 {
            reader.flag(start, AnomalyKind::HeaderBeyondUserData);
        }
        for (offset, fault) in self.elements().malformed() {
            let kind = match fault {
                Malformed::BeyondHeader { identifier } => {
                    AnomalyKind::ElementBeyondHeader { identifier }
                }
                Malformed::Length { identifier } => AnomalyKind::ElementLength { identifier },
                Malformed::OutOfRange => AnomalyKind::ConcatenationOutOfRange,
                Malformed::Language(identifier) => AnomalyKind::UnknownLanguage(identifier),
            };
            reader.flag(start + 1 + offset, kind);
        }
        let edges = if self.concatenation().is_some() {
            Edges::Open
        } else {
            Edges::Closed
        };
        let body = start + self.header_octets();
        let end = start + self.octets().len();
        match self.unit() {
            Unit::Octets => {}
            Unit::Septets => {
                if edges == Edges::Closed && self.ends_in_escape() {
                    reader.flag(end.saturating_sub(1), AnomalyKind::LoneEscape);
                }
            }
            Unit::Utf16 => {
                if self.body().len() % 2 == 1 {
                    reader.flag(end - 1, AnomalyKind::HalfCodeUnit);
                }
                if let Some(index) = ucs2::lone_surrogate(ucs2::each_code_unit(self.body()), edges)
                {
                    reader.flag(body + 2 * index, AnomalyKind::LoneSurrogate);
                }
            }
        }
    }

    /// The header without its length octet; empty where there is none or where it is longer than the user data.
    fn header(&self) -> &[u8] {
        self.octets()
            .get(1..self.header_octets())
            .unwrap_or_default()
    }

    /// Octets of the header, its length octet included; 0 where there is none or where it is longer than the user data.
    fn header_octets(&self) -> usize {
        match (self.header_indicator, self.octets().first()) {
            (HeaderIndicator::Present, Some(length))
                if usize::from(*length) < self.octets().len() =>
            {
                usize::from(*length) + 1
            }
            (HeaderIndicator::Present | HeaderIndicator::Absent, _) => 0,
        }
    }

    /// The septets behind the header and its fill bits.
    pub(crate) fn septets(&self) -> Vec<u8> {
        let mut septets = Vec::new();
        self.for_each_septet(|septet| septets.push(septet));
        septets
    }

    #[inline]
    pub(crate) fn for_each_septet(&self, take: impl FnMut(u8)) {
        let header_septets = (self.header_octets() * 8).div_ceil(7);
        let count = usize::from(self.length).saturating_sub(header_septets);
        gsm7::for_each_septet(self.octets(), header_septets * 7, count, take);
    }

    /// Whether the text ends with an escape that announces nothing.
    fn ends_in_escape(&self) -> bool {
        let mut last = 0;
        self.for_each_septet(|septet| last = septet);
        last == gsm7::ESCAPE && gsm7::ends_in_escape(&self.septets())
    }

    /// Octets that the text is likely to take in memory; a text with many letters that ASCII has not takes more.
    pub(crate) fn text_room(&self) -> usize {
        match self.unit() {
            Unit::Septets => usize::from(self.length),
            Unit::Utf16 => ucs2::each_code_unit(self.body())
                .map(ucs2::octets_in_utf8)
                .sum(),
            Unit::Octets => 0,
        }
    }

    pub(crate) fn unit(&self) -> Unit {
        unit_of(self.data_coding)
    }
}

/// What stands behind the header of user data to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body<'a> {
    Septets(&'a [u8]),
    CodeUnits(&'a [u16]),
    Octets(&'a [u8]),
}

/// What the body of user data is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Septets,
    Utf16,
    Octets,
}

fn unit_of(data_coding: DataCoding) -> Unit {
    match data_coding.alphabet() {
        _ if data_coding.is_compressed() => Unit::Octets,
        Alphabet::Gsm7 => Unit::Septets,
        Alphabet::Ucs2 => Unit::Utf16,
        Alphabet::Data => Unit::Octets,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// User data of a PDU: TP-DCS, then TP-UDL and TP-UD.
    fn read(data_coding: u8, header: HeaderIndicator, hex: &str) -> (UserData, Vec<AnomalyKind>) {
        let octets = crate::hex::decode(hex).unwrap();
        let mut reader = Reader::new(&octets, Vec::new());
        let user_data =
            UserData::parse(&mut reader, DataCoding::from_octet(data_coding), header).unwrap();
        let anomalies = reader.into_anomalies();
        (
            user_data,
            anomalies.into_iter().map(|anomaly| anomaly.kind).collect(),
        )
    }

    #[track_caller]
    fn check(
        data_coding: u8,
        header: HeaderIndicator,
        hex: &str,
        text: Option<&str>,
        anomalies: &[AnomalyKind],
    ) {
        let (user_data, found) = read(data_coding, header, hex);
        assert_eq!(user_data.text().as_deref(), text);
        assert_eq!(found, anomalies);
        if anomalies.is_empty() {
            let mut emitted = Vec::new();
            user_data.emit(&mut emitted);
            assert_eq!(crate::hex::encode(&emitted), hex);
        }
    }

    use HeaderIndicator::{Absent, Present};

    /// Packed by hand; §9.2.3.16 for what TP-UDL counts, §9.2.3.24 for the fill bits.
    #[test]
    fn texts_of_every_alphabet_are_read() {
        check(0x00, Absent, "05E8329BFD06", Some("hello"), &[]);
        check(0x00, Absent, "00", Some(""), &[]);
        check(0x08, Absent, "08D83DDE4200210021", Some("🙂!!"), &[]);
        check(0x04, Absent, "03010203", None, &[]);
        check(0x20, Absent, "03010203", None, &[]);
        // Eight septets, the last an `@`, fill seven octets to the last bit.
        check(0x00, Absent, "0831D98C56B3DD00", Some("1234567@"), &[]);
        check(0x00, Absent, "0731D98C56B3DD00", Some("1234567"), &[]);
        // A header of six octets is seven septets with one fill bit.
        check(0x00, Present, "090500032A0201D034", Some("h4"), &[]);
    }

    #[test]
    fn what_is_not_text_is_kept_as_octets() {
        let (user_data, _) = read(
            0xF5,
            Present,
            "0A06050 40B8423F0C0DE01".replace(' ', "").as_str(),
        );
        assert_eq!(user_data.data(), Some(&[0xC0, 0xDE, 0x01][..]));
        assert_eq!(
            user_data.ports(),
            Some(Ports {
                destination: 2948,
                source: 9200
            })
        );
        assert_eq!(user_data.text(), None);
    }

    #[test]
    fn national_languages_are_taken_from_the_header() {
        // Single and locking shift to Urdu: seven octets, eight septets, no fill bits; then alef and alef madda.
        check(
            0x00,
            Present,
            "0A06240 10D25010D8000".replace(' ', "").as_str(),
            Some("\u{627}\u{622}"),
            &[],
        );
    }

    #[test]
    fn lengths_that_lie_are_survived() {
        let beyond = |announced, present| AnomalyKind::UserDataBeyondPdu { announced, present };
        check(
            0x00,
            Absent,
            "0BE8329BFD06",
            Some("hello"),
            &[beyond(11, 5)],
        );
        check(0x00, Absent, "A0", Some(""), &[beyond(160, 0)]);
        check(0x08, Absent, "FF0041", Some("A"), &[beyond(255, 2)]);
        check(
            0x08,
            Absent,
            "03004100",
            Some("A"),
            &[AnomalyKind::HalfCodeUnit],
        );
        check(
            0x08,
            Absent,
            "02D83D",
            Some("\u{FFFD}"),
            &[AnomalyKind::LoneSurrogate],
        );
        check(0x00, Absent, "011B", Some(""), &[AnomalyKind::LoneEscape]);
        check(
            0x04,
            Present,
            "020500",
            None,
            &[AnomalyKind::HeaderBeyondUserData],
        );
        check(
            0x08,
            Present,
            "00",
            Some(""),
            &[AnomalyKind::HeaderBeyondUserData],
        );
        check(
            0x08,
            Present,
            "0602000 30041".replace(' ', "").as_str(),
            Some("A"),
            &[
                beyond(6, 5),
                AnomalyKind::ElementBeyondHeader { identifier: 0 },
            ],
        );
        check(
            0x08,
            Present,
            "080500032A02030041",
            Some("A"),
            &[AnomalyKind::ConcatenationOutOfRange],
        );
    }

    #[test]
    fn too_much_data_is_refused() {
        assert!(UserData::data_only(&[0; 140]).is_some());
        assert_eq!(UserData::data_only(&[0; 141]), None);
    }
}
