//! Addresses: who sent it, who gets it, which service centre (3GPP TS 23.040 §9.1.2.5).
//!
//! A length, an octet with type of number and numbering plan, then semi-octets (`0`–`9 * # a b c`) or, for the
//! alphanumeric type, packed GSM 7-bit text. In front of a TPDU the length counts octets (3GPP TS 24.011 §8.2.5.1),
//! inside it the useful semi-octets.

use std::fmt;

use thiserror::Error;

use crate::error::{AnomalyKind, DecodeError, Fault, Field};
use crate::gsm7::{self, Septets};
use crate::inline::Inline;
use crate::reader::Reader;

/// Digits that fit in an address inside a TPDU: 10 octets of two (3GPP TS 23.040 §9.1.2.5).
pub const MAX_DIGITS: usize = 20;

/// GSM 7-bit characters that fit in an alphanumeric address: 10 octets.
pub const MAX_ALPHANUMERIC_SEPTETS: usize = 11;

/// Octets of the longest address: its length, its type and what stands behind them.
pub(crate) const MAX_ADDRESS_OCTETS: usize = 12;

/// One address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    type_of_number: TypeOfNumber,
    numbering_plan: NumberingPlan,
    /// UTF-8: at most 20 digits, or 11 characters of at most two octets each.
    text: Inline<24>,
}

impl Address {
    /// Reads what a person or a configuration writes: `+12025550100`, `12345`, `*100#`. Spaces, hyphens, dots, slashes,
    /// parentheses and the direction marks that come along when a number is pasted are left out. With `+` it is
    /// international, without it of unknown type; both in the telephone numbering plan.
    ///
    /// # Errors
    ///
    /// [`NumberError`] where there are no digits, too many, or something else between them.
    pub fn parse_number(text: &str) -> Result<Self, NumberError> {
        let mut type_of_number = TypeOfNumber::Unknown;
        let mut digits = Inline::EMPTY;
        let mut count = 0;
        // `a`, `b` and `c` are digits of the standard, but alone they are a word.
        let mut word = None;
        let mut only_letters = true;
        for character in text.chars().filter(|character| !is_separator(*character)) {
            match character {
                '0'..='9' | '*' | '#' => only_letters = false,
                'a'..='c' => word = word.or(Some(character)),
                '+' if count == 0 && type_of_number == TypeOfNumber::Unknown => {
                    type_of_number = TypeOfNumber::International;
                    continue;
                }
                other => return Err(NumberError::NotADigit(other)),
            }
            // What is too long is refused below.
            push(&mut digits, character);
            count += 1;
        }
        if let Some(letter) = word.filter(|_| only_letters) {
            return Err(NumberError::NotADigit(letter));
        }
        match count {
            0 => Err(NumberError::Empty),
            1..=MAX_DIGITS => Ok(Self {
                type_of_number,
                numbering_plan: NumberingPlan::Telephone,
                text: digits,
            }),
            _ => Err(NumberError::TooLong(count)),
        }
    }

    /// A sender with a name, which cannot be answered.
    ///
    /// # Errors
    ///
    /// [`NumberError`] where the text is empty, not in the GSM 7-bit alphabet, or longer than 11 septets.
    pub fn alphanumeric(text: &str) -> Result<Self, NumberError> {
        let septets =
            gsm7::encode(text).map_err(|error| NumberError::NotInAlphabet(error.character))?;
        match septets.len() {
            0 => Err(NumberError::Empty),
            count @ 1..=MAX_ALPHANUMERIC_SEPTETS => Ok(Self {
                type_of_number: TypeOfNumber::Alphanumeric,
                numbering_plan: NumberingPlan::Unknown,
                text: Inline::new(text.as_bytes()).ok_or(NumberError::TooLong(count))?,
            }),
            count => Err(NumberError::TooLong(count)),
        }
    }

    /// Type of number.
    pub fn type_of_number(&self) -> TypeOfNumber {
        self.type_of_number
    }

    /// Numbering plan identification.
    pub fn numbering_plan(&self) -> NumberingPlan {
        self.numbering_plan
    }

    /// The digits without `+`, or the text of an alphanumeric address.
    pub fn as_str(&self) -> &str {
        // Only whole characters were put in.
        std::str::from_utf8(self.text.as_slice()).unwrap_or_default()
    }

    /// Whether it is a name, which cannot be answered.
    pub fn is_alphanumeric(&self) -> bool {
        self.type_of_number == TypeOfNumber::Alphanumeric
    }

    /// Whether it has no digit and no character. Networks send that for a withheld sender.
    pub fn is_empty(&self) -> bool {
        self.text.as_slice().is_empty()
    }

    /// The address inside a TPDU, length in semi-octets first.
    pub(crate) fn emit(&self, octets: &mut Vec<u8>) {
        let (semi_octets, value) = self.value();
        octets.extend([semi_octets, self.type_octet()]);
        octets.extend_from_slice(value.as_slice());
    }

    /// The address in front of a TPDU, length in octets (the type included) first.
    pub(crate) fn emit_service_centre(&self, octets: &mut Vec<u8>) {
        let (_, value) = self.value();
        let value = value.as_slice();
        octets.push(u8::try_from(value.len() + 1).unwrap_or(u8::MAX));
        octets.push(self.type_octet());
        octets.extend_from_slice(value);
    }

    /// Reads the address of a TPDU.
    pub(crate) fn parse(reader: &mut Reader<'_>, field: Field) -> Result<Self, DecodeError> {
        let start = reader.offset();
        let semi_octets = reader.octet(field)?;
        if usize::from(semi_octets) > MAX_DIGITS {
            return Err(reader.fault(
                start,
                Fault::AddressLength {
                    field,
                    length: semi_octets,
                },
            ));
        }
        let (type_of_number, numbering_plan) = parse_type(reader, field)?;
        let start = reader.offset();
        let octets = reader.take(usize::from(semi_octets).div_ceil(2), field)?;
        let known = reader.anomalies().len();
        let text = if type_of_number == TypeOfNumber::Alphanumeric {
            alphanumeric_text(reader, field, start, octets, usize::from(semi_octets))
        } else {
            digits(reader, field, start, octets, usize::from(semi_octets))
        };
        let address = Self {
            type_of_number,
            numbering_plan,
            text,
        };
        let (useful, value) = address.value();
        if address.is_alphanumeric()
            && known == reader.anomalies().len()
            && (useful, value.as_slice()) != (semi_octets, octets)
        {
            reader.flag(start, AnomalyKind::LooseName(field));
        }
        Ok(address)
    }

    /// Reads the service-centre address in front of a TPDU; `None` where its length is zero (the SIM's own is used).
    pub(crate) fn parse_service_centre(
        reader: &mut Reader<'_>,
    ) -> Result<Option<Self>, DecodeError> {
        let field = Field::ServiceCentreAddress;
        let length = reader.octet(field)?;
        let digit_octets = match usize::from(length) {
            0 => return Ok(None),
            length @ 1..=11 => length - 1,
            _ => return Err(reader.fault(0, Fault::AddressLength { field, length })),
        };
        let (type_of_number, numbering_plan) = parse_type(reader, field)?;
        let start = reader.offset();
        let octets = reader.take(digit_octets, field)?;
        let text = if type_of_number == TypeOfNumber::Alphanumeric {
            alphanumeric_text(reader, field, start, octets, octets.len() * 2)
        } else {
            // The length counts octets, so a fill digit at the end is the only sign of an odd number.
            let filled = octets.last().is_some_and(|octet| octet >> 4 == FILL);
            digits(
                reader,
                field,
                start,
                octets,
                octets.len() * 2 - usize::from(filled),
            )
        };
        Ok(Some(Self {
            type_of_number,
            numbering_plan,
            text,
        }))
    }

    fn type_octet(&self) -> u8 {
        0x80 | self.type_of_number.value() << 4 | self.numbering_plan.value()
    }

    /// Useful semi-octets, and the octets that hold them.
    fn value(&self) -> (u8, Inline<MAX_VALUE_OCTETS>) {
        if self.is_alphanumeric() {
            // What was received may hold characters of which this alphabet has none; they are left out.
            let mut septets = Inline::<MAX_VALUE_OCTETS>::EMPTY;
            for written in self.as_str().chars().filter_map(gsm7::septets_of) {
                let _fits = match written {
                    Septets::One(septet) => septets.extend(&[septet]),
                    Septets::Escaped(septet) => septets.extend(&[gsm7::ESCAPE, septet]),
                };
            }
            let septets = septets.as_slice();
            let mut octets =
                Inline::zeros((septets.len() * 7).div_ceil(8)).unwrap_or(Inline::EMPTY);
            gsm7::pack_into(octets.as_mut_slice(), septets, 0);
            let semi_octets = (septets.len() * 7).div_ceil(4);
            return (u8::try_from(semi_octets).unwrap_or(u8::MAX), octets);
        }
        let mut octets = Inline::EMPTY;
        let mut semi_octets = 0;
        let mut values = self.as_str().chars().filter_map(digit_value);
        while let Some(low) = values.next() {
            let high = values.next();
            semi_octets += if high.is_some() { 2 } else { 1 };
            let _fits = octets.extend(&[high.unwrap_or(FILL) << 4 | low]);
        }
        (semi_octets, octets)
    }
}

/// International with `+`, alphanumeric as its text, all else as digits.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.type_of_number == TypeOfNumber::International && !self.text.as_slice().is_empty() {
            f.write_str("+")?;
        }
        f.write_str(self.as_str())
    }
}

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NumberError {
    /// Nothing but separators.
    #[error("there is no digit in it")]
    Empty,
    /// More than fits.
    #[error("{0} digits or characters are too many (20 digits or 11 characters fit)")]
    TooLong(usize),
    /// A character that no telephone has.
    #[error("'{0}' is not a digit, * or #")]
    NotADigit(char),
    /// A character that an alphanumeric sender cannot have.
    #[error("'{0}' is not in the GSM 7-bit alphabet")]
    NotInAlphabet(char),
}

/// Type of number (3GPP TS 23.040 §9.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TypeOfNumber {
    /// Nothing known beforehand: what a person dials, short codes too.
    Unknown,
    /// With the country code, written with `+`.
    International,
    /// Without the country code.
    National,
    /// Administration or service number of the serving network.
    NetworkSpecific,
    /// Known to the service centre under a short number.
    Subscriber,
    /// A name in GSM 7-bit text.
    Alphanumeric,
    /// Abbreviated.
    Abbreviated,
    /// Reserved for extension.
    Reserved,
}

impl TypeOfNumber {
    fn from_bits(bits: u8) -> Self {
        match bits & 0x07 {
            0 => Self::Unknown,
            1 => Self::International,
            2 => Self::National,
            3 => Self::NetworkSpecific,
            4 => Self::Subscriber,
            5 => Self::Alphanumeric,
            6 => Self::Abbreviated,
            _ => Self::Reserved,
        }
    }

    fn value(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::International => 1,
            Self::National => 2,
            Self::NetworkSpecific => 3,
            Self::Subscriber => 4,
            Self::Alphanumeric => 5,
            Self::Abbreviated => 6,
            Self::Reserved => 7,
        }
    }
}

impl fmt::Display for TypeOfNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "unknown",
            Self::International => "international",
            Self::National => "national",
            Self::NetworkSpecific => "network specific",
            Self::Subscriber => "subscriber",
            Self::Alphanumeric => "alphanumeric",
            Self::Abbreviated => "abbreviated",
            Self::Reserved => "reserved",
        })
    }
}

/// Numbering plan identification (3GPP TS 23.040 §9.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NumberingPlan {
    /// Unknown.
    Unknown,
    /// ISDN and telephone (E.164).
    Telephone,
    /// Data (X.121).
    Data,
    /// Telex.
    Telex,
    /// Service centre specific, 5 or 6.
    ServiceCentreSpecific(u8),
    /// National.
    National,
    /// Private.
    Private,
    /// ERMES.
    Ermes,
    /// A value that the standard reserves.
    Reserved(u8),
}

impl NumberingPlan {
    fn from_bits(bits: u8) -> Self {
        match bits & 0x0F {
            0 => Self::Unknown,
            1 => Self::Telephone,
            3 => Self::Data,
            4 => Self::Telex,
            plan @ 5..=6 => Self::ServiceCentreSpecific(plan),
            8 => Self::National,
            9 => Self::Private,
            10 => Self::Ermes,
            reserved => Self::Reserved(reserved),
        }
    }

    fn value(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Telephone => 1,
            Self::Data => 3,
            Self::Telex => 4,
            Self::National => 8,
            Self::Private => 9,
            Self::Ermes => 10,
            Self::ServiceCentreSpecific(value) | Self::Reserved(value) => value & 0x0F,
        }
    }
}

impl fmt::Display for NumberingPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::Telephone => f.write_str("telephone (E.164)"),
            Self::Data => f.write_str("data (X.121)"),
            Self::Telex => f.write_str("telex"),
            Self::ServiceCentreSpecific(value) => write!(f, "service centre specific ({value})"),
            Self::National => f.write_str("national"),
            Self::Private => f.write_str("private"),
            Self::Ermes => f.write_str("ERMES"),
            Self::Reserved(value) => write!(f, "reserved ({value})"),
        }
    }
}

/// What fits behind the type: 24 octets of text are 24 digits at most.
const MAX_VALUE_OCTETS: usize = 24;

/// The semi-octet that fills the last octet of an odd number of digits.
const FILL: u8 = 0x0F;

fn parse_type(
    reader: &mut Reader<'_>,
    field: Field,
) -> Result<(TypeOfNumber, NumberingPlan), DecodeError> {
    let start = reader.offset();
    let octet = reader.octet(field)?;
    if octet & 0x80 == 0 {
        reader.flag(start, AnomalyKind::SpareBits(field));
    }
    Ok((
        TypeOfNumber::from_bits(octet >> 4),
        NumberingPlan::from_bits(octet),
    ))
}

fn digits(
    reader: &mut Reader<'_>,
    field: Field,
    start: usize,
    octets: &[u8],
    semi_octets: usize,
) -> Inline<24> {
    let mut text = Inline::EMPTY;
    let halves = octets.iter().flat_map(|octet| [octet & 0x0F, octet >> 4]);
    for (index, half) in halves.enumerate() {
        match (index < semi_octets, digit_character(half)) {
            (true, Some(digit)) => push(&mut text, digit),
            (true, None) => {
                reader.flag(start, AnomalyKind::FillInsideAddress(field));
                break;
            }
            (false, None) => {}
            (false, Some(_)) => reader.flag(start, AnomalyKind::MissingFill(field)),
        }
    }
    text
}

fn alphanumeric_text(
    reader: &mut Reader<'_>,
    field: Field,
    start: usize,
    octets: &[u8],
    semi_octets: usize,
) -> Inline<24> {
    let mut septets = Inline::<MAX_ALPHANUMERIC_SEPTETS>::EMPTY;
    let count = semi_octets * 4 / 7;
    gsm7::for_each_septet(octets, 0, count, |septet| {
        let _fits = septets.extend(&[septet]);
    });
    let (whole, bits) = (count * 7 / 8, count * 7 % 8);
    let mut behind = octets.iter().skip(whole);
    let first = behind.next().map_or(0, |octet| octet >> bits);
    if first != 0 || behind.any(|octet| *octet != 0) {
        reader.flag(start, AnomalyKind::SpareBits(field));
    }
    let septets = match septets.as_slice() {
        // Seven characters leave seven bits over. A sender that counts whole octets makes an eighth character (`@`) of
        // them.
        [seven @ .., 0] if seven.len() == 7 => seven,
        septets => septets,
    };
    let mut reading = gsm7::Reading::new(gsm7::Shifts::NONE);
    let mut text = Inline::EMPTY;
    for character in septets.iter().filter_map(|septet| reading.next(*septet)) {
        push(&mut text, character);
    }
    text
}

/// All characters of an address fit; should one not, it is left out whole.
fn push(text: &mut Inline<24>, character: char) {
    let _fits = text.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// What people put between digits, and marks that nobody sees.
fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2013}'
        )
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn digit_character(value: u8) -> Option<char> {
    match value {
        0..=9 => Some(char::from(b'0' + value)),
        10 => Some('*'),
        11 => Some('#'),
        12 => Some('a'),
        13 => Some('b'),
        14 => Some('c'),
        _ => None,
    }
}

fn digit_value(character: char) -> Option<u8> {
    match character {
        '0'..='9' => character
            .to_digit(10)
            .and_then(|digit| u8::try_from(digit).ok()),
        '*' => Some(10),
        '#' => Some(11),
        'a' => Some(12),
        'b' => Some(13),
        'c' => Some(14),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Anomaly;

    #[track_caller]
    fn check(hex: &str, text: &str, type_of_number: TypeOfNumber, anomalies: &[AnomalyKind]) {
        let octets = crate::hex::decode(hex).unwrap();
        let mut reader = Reader::new(&octets, Vec::new());
        let address = Address::parse(&mut reader, Field::OriginatingAddress).unwrap();
        assert_eq!(
            (address.to_string().as_str(), address.type_of_number()),
            (text, type_of_number)
        );
        assert!(reader.rest().is_empty());
        let kinds: Vec<_> = reader
            .into_anomalies()
            .into_iter()
            .map(|Anomaly { kind, .. }| kind)
            .collect();
        assert_eq!(kinds, anomalies);
        if anomalies.is_empty() {
            let mut emitted = Vec::new();
            address.emit(&mut emitted);
            assert_eq!(crate::hex::encode(&emitted), hex);
        }
    }

    /// Spelled out by hand from §9.1.2.5.
    #[test]
    fn addresses_of_every_kind_are_read_and_written() {
        check(
            "0B912120550501F0",
            "+12025550100",
            TypeOfNumber::International,
            &[],
        );
        check(
            "0C91447700091032",
            "+447700900123",
            TypeOfNumber::International,
            &[],
        );
        check("05812143F5", "12345", TypeOfNumber::Unknown, &[]);
        check("05811AB0FC", "*10#a", TypeOfNumber::Unknown, &[]);
        check("0AA12020555510", "0202555501", TypeOfNumber::National, &[]);
        check(
            "148121436587092143658709",
            "12345678901234567890",
            TypeOfNumber::Unknown,
            &[],
        );
        check("0080", "", TypeOfNumber::Unknown, &[]);
        check("0091", "", TypeOfNumber::International, &[]);
        // "Bank" is 28 bits, 7 semi-octets; "InfoSMS" is 49 bits, 13 semi-octets.
        check("07D0C2B07B0D", "Bank", TypeOfNumber::Alphanumeric, &[]);
        check(
            "0DD049B7F93D6D4E01",
            "InfoSMS",
            TypeOfNumber::Alphanumeric,
            &[],
        );
        // Counted in whole octets by the sender: no `@` comes of the seven bits over.
        let sloppy = crate::hex::decode("0ED049B7F93D6D4E01").unwrap();
        let read = Address::parse(
            &mut Reader::new(&sloppy, Vec::new()),
            Field::OriginatingAddress,
        )
        .unwrap();
        assert_eq!(read.to_string(), "InfoSMS");
    }

    #[test]
    fn sloppy_addresses_are_read_and_flagged() {
        let field = Field::OriginatingAddress;
        check(
            "058121F3F5",
            "123",
            TypeOfNumber::Unknown,
            &[AnomalyKind::FillInsideAddress(field)],
        );
        check(
            "03812143",
            "123",
            TypeOfNumber::Unknown,
            &[AnomalyKind::MissingFill(field)],
        );
        check(
            "031121F3",
            "+123",
            TypeOfNumber::International,
            &[AnomalyKind::SpareBits(field)],
        );
        // "AB" is 14 bits; the two above them are set.
        check(
            "04D041E1",
            "AB",
            TypeOfNumber::Alphanumeric,
            &[AnomalyKind::SpareBits(field)],
        );
        // Four characters are 28 bits, seven semi-octets; eight are announced.
        check(
            "08D061F11800",
            "abc@",
            TypeOfNumber::Alphanumeric,
            &[AnomalyKind::LooseName(field)],
        );
    }

    #[test]
    fn too_long_or_cut_off_addresses_are_refused() {
        for (hex, offset) in [
            ("", 0),
            ("02", 1),
            ("0291", 2),
            ("059121", 2),
            ("15910000", 0),
            ("FF91", 0),
        ] {
            let octets = crate::hex::decode(hex).unwrap();
            let error = Address::parse(
                &mut Reader::new(&octets, Vec::new()),
                Field::OriginatingAddress,
            );
            assert_eq!(error.unwrap_err().offset, offset, "{hex}");
        }
    }

    #[test]
    fn what_people_write_is_read() {
        let read = |text| Address::parse_number(text).map(|address| address.to_string());
        assert_eq!(read(" +1 (202) 555-01.00 "), Ok("+12025550100".to_owned()));
        assert_eq!(
            read("\u{202a}+1\u{a0}202\u{2011}5550100\u{202c}"),
            Ok("+12025550100".to_owned())
        );
        assert_eq!(read("++1"), Err(NumberError::NotADigit('+')));
        assert_eq!(read("12345"), Ok("12345".to_owned()));
        assert_eq!(read("*100#"), Ok("*100#".to_owned()));
        assert_eq!(read("*#abc"), Ok("*#abc".to_owned()));
        assert_eq!(read("cab"), Err(NumberError::NotADigit('c')));
        assert_eq!(read(""), Err(NumberError::Empty));
        assert_eq!(read("+"), Err(NumberError::Empty));
        assert_eq!(read("1+2"), Err(NumberError::NotADigit('+')));
        assert_eq!(read("Bank"), Err(NumberError::NotADigit('B')));
        assert_eq!(
            read("+123456789012345678901"),
            Err(NumberError::TooLong(21))
        );
    }

    #[test]
    fn names_fit_or_are_refused() {
        assert_eq!(
            Address::alphanumeric("InternetSMS").unwrap().to_string(),
            "InternetSMS"
        );
        assert_eq!(
            Address::alphanumeric("InternetSMSs"),
            Err(NumberError::TooLong(12))
        );
        assert_eq!(
            Address::alphanumeric("Банк"),
            Err(NumberError::NotInAlphabet('Б'))
        );
        assert_eq!(Address::alphanumeric(""), Err(NumberError::Empty));
    }

    /// 3GPP TS 24.011 §8.2.5.1: the length counts octets.
    #[test]
    fn service_centre_addresses_count_octets() {
        for (hex, text) in [
            ("00", None),
            ("07912120550591F9", Some("+12025550199")),
            ("03812143", Some("1234")),
            ("0191", Some("")),
        ] {
            let octets = crate::hex::decode(hex).unwrap();
            let address =
                Address::parse_service_centre(&mut Reader::new(&octets, Vec::new())).unwrap();
            assert_eq!(
                address.as_ref().map(ToString::to_string).as_deref(),
                text,
                "{hex}"
            );
        }
        let octets = [0x0C; 20];
        let error =
            Address::parse_service_centre(&mut Reader::new(&octets, Vec::new())).unwrap_err();
        assert_eq!(
            error.fault,
            Fault::AddressLength {
                field: Field::ServiceCentreAddress,
                length: 12
            }
        );
    }

    #[test]
    fn every_type_octet_comes_back() {
        for octet in 0x80..=0xFF_u8 {
            let octets = [0x00, octet];
            let address = Address::parse(
                &mut Reader::new(&octets, Vec::new()),
                Field::OriginatingAddress,
            )
            .unwrap();
            let mut emitted = Vec::new();
            address.emit(&mut emitted);
            assert_eq!(emitted, octets);
        }
    }
}
