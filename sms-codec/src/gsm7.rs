//! The GSM 7-bit alphabet: characters to septets and back, septets to octets and back (3GPP TS 23.038 §6).
//!
//! Septets stay septets between the two steps, because a text may be cut anywhere by a foreign sender, even behind an
//! escape; only the joined septets are read as characters.

use std::fmt;

use thiserror::Error;

use crate::national::Language;

/// Announces a character of the extension table.
pub const ESCAPE: u8 = 0x1B;

/// What an escape, or a place without a character, is shown as when nothing better is known.
const UNREADABLE: char = char::REPLACEMENT_CHARACTER;

/// The national tables in use (3GPP TS 23.038 §6.2.1.2); both `None` for the default alphabet with its extension table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Shifts {
    /// The locking shift: the table that replaces the default alphabet; `None` leaves it.
    pub locking: Option<Language>,
    /// The single shift: the table that replaces the extension table behind an escape; `None` leaves it.
    pub single: Option<Language>,
}

impl Shifts {
    /// The default alphabet and its extension table.
    pub const NONE: Self = Self {
        locking: None,
        single: None,
    };
}

/// `Turkish locking shift and Spanish single shift`; nothing for the default alphabet.
impl fmt::Display for Shifts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.locking, self.single) {
            (None, None) => Ok(()),
            (Some(locking), None) => write!(f, "{locking} locking shift"),
            (None, Some(single)) => write!(f, "{single} single shift"),
            (Some(locking), Some(single)) if locking == single => {
                write!(f, "{locking} locking and single shift")
            }
            (Some(locking), Some(single)) => {
                write!(f, "{locking} locking shift and {single} single shift")
            }
        }
    }
}

/// A character of which the default alphabet and its extension have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("'{character}' is not in the GSM 7-bit alphabet")]
pub struct NotInAlphabet {
    /// The first such character.
    pub character: char,
    /// Characters in front of it.
    pub offset: usize,
}

impl Shifts {
    /// The septets of a character with these tables; `None` where neither has it.
    pub fn septets_of(self, character: char) -> Option<Septets> {
        let main = match self.locking {
            Some(language) if language.has_locking_table() => language.locking_septet(character),
            _ => place_in_default(character),
        };
        if let Some(septet) = main {
            return Some(Septets::One(septet));
        }
        let extension = match self.single {
            Some(language) => language.single_shift_septet(character),
            None => place_in_extension(character),
        };
        extension.map(Septets::Escaped)
    }
}

/// The septets of a character in the default alphabet or its extension; `None` where it is in neither.
pub fn septets_of(character: char) -> Option<Septets> {
    Shifts::default().septets_of(character)
}

/// How a character is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Septets {
    /// One septet.
    One(u8),
    /// An escape and this septet.
    Escaped(u8),
}

impl Septets {
    /// 1 or 2.
    pub fn count(self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Escaped(_) => 2,
        }
    }

    pub(crate) fn push_to(self, septets: &mut Vec<u8>) {
        match self {
            Self::One(septet) => septets.push(septet),
            Self::Escaped(septet) => septets.extend([ESCAPE, septet]),
        }
    }
}

/// The septets of a text in the default alphabet and its extension.
///
/// # Errors
///
/// [`NotInAlphabet`] at the first character that is in neither.
pub fn encode(text: &str) -> Result<Vec<u8>, NotInAlphabet> {
    encode_with(text, Shifts::default())
}

/// The septets of a text with these tables. A character that both have is written with the main one, which is shorter.
///
/// # Errors
///
/// [`NotInAlphabet`] at the first character that neither table has.
pub fn encode_with(text: &str, shifts: Shifts) -> Result<Vec<u8>, NotInAlphabet> {
    if shifts == Shifts::NONE {
        return encode_default(text);
    }
    let mut septets = Vec::with_capacity(text.len());
    for (offset, character) in text.chars().enumerate() {
        shifts
            .septets_of(character)
            .ok_or(NotInAlphabet { character, offset })?
            .push_to(&mut septets);
    }
    Ok(septets)
}

/// The same with the default tables.
fn encode_default(text: &str) -> Result<Vec<u8>, NotInAlphabet> {
    let mut septets = Vec::with_capacity(text.len());
    if text.is_ascii() {
        let mut marks = 0;
        septets.extend(text.bytes().map(|octet| {
            let septet = latin_place(octet);
            marks |= septet;
            septet
        }));
        if marks & ESCAPED == 0 {
            return Ok(septets);
        }
        septets.clear();
    }
    for (offset, character) in text.chars().enumerate() {
        match place(character) {
            ABSENT => return Err(NotInAlphabet { character, offset }),
            escaped if escaped & ESCAPED != 0 => septets.extend([ESCAPE, escaped & !ESCAPED]),
            septet => septets.push(septet),
        }
    }
    Ok(septets)
}

/// The text of septets. A place that a table leaves empty is U+FFFD; an escape before a place that the extension leaves
/// empty shows the character of the main table, as the standard asks for; an escape at the end is left out.
pub fn decode(septets: &[u8], shifts: Shifts) -> String {
    let mut text = String::with_capacity(septets.len());
    let mut reading = Reading::new(shifts);
    text.extend(septets.iter().filter_map(|septet| reading.next(*septet)));
    text
}

/// Septets read one after the other; what is kept between them is whether the last was an escape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) shifts: Shifts,
    escaped: bool,
}

impl Reading {
    pub(crate) fn new(shifts: Shifts) -> Self {
        Self {
            shifts,
            escaped: false,
        }
    }

    /// The character that ends with this septet; `None` behind the first half of a pair.
    #[inline]
    pub(crate) fn next(&mut self, septet: u8) -> Option<char> {
        match (self.escaped, septet) {
            (false, ESCAPE) => {
                self.escaped = true;
                None
            }
            (false, _) => Some(main_character(septet, self.shifts)),
            (true, _) => {
                self.escaped = false;
                Some(escaped_character(septet, self.shifts))
            }
        }
    }
}

/// Whether septets end with an escape that announces nothing.
pub(crate) fn ends_in_escape(septets: &[u8]) -> bool {
    // Two escapes are a pair by themselves, so an odd run is what is left open.
    septets
        .iter()
        .rev()
        .take_while(|septet| **septet == ESCAPE)
        .count()
        % 2
        == 1
}

/// Packs septets into octets, behind `fill_bits` (0 to 6) zero bits that follow a user data header.
pub fn pack(septets: &[u8], fill_bits: u8) -> Vec<u8> {
    let mut octets = vec![0; (usize::from(fill_bits % 7) + septets.len() * 7).div_ceil(8)];
    pack_into(&mut octets, septets, fill_bits);
    octets
}

/// The same into the octets that they take; what does not fit is left out.
pub(crate) fn pack_into(octets: &mut [u8], septets: &[u8], fill_bits: u8) {
    let mut pending: u64 = 0;
    let mut bits = fill_bits % 7;
    // Eight septets are seven octets, whatever is pending in front of them.
    let (eights, rest) = septets.as_chunks::<8>();
    let (whole, behind) = octets.split_at_mut(octets.len().min(eights.len() * 7));
    for (seven, eight) in whole.as_chunks_mut::<7>().0.iter_mut().zip(eights) {
        pending |= squeezed(*eight) << bits;
        let [a, b, c, d, e, f, g, left] = pending.to_le_bytes();
        *seven = [a, b, c, d, e, f, g];
        pending = u64::from(left);
    }
    let mut octets = behind.iter_mut();
    for septet in rest {
        pending |= u64::from(septet & 0x7F) << bits;
        bits += 7;
        if bits >= 8 {
            let [low, ..] = pending.to_le_bytes();
            if let Some(octet) = octets.next() {
                *octet = low;
            }
            pending >>= 8;
            bits -= 8;
        }
    }
    if let (1.., Some(octet)) = (bits, octets.next()) {
        let [low, ..] = pending.to_le_bytes();
        *octet = low;
    }
}

/// Eight septets without the bit between each two: pairs first, then pairs of pairs, then both halves.
#[inline]
fn squeezed(septets: [u8; 8]) -> u64 {
    let eights = u64::from_le_bytes(septets);
    let pairs = (eights & 0x007F_007F_007F_007F) | (eights & 0x7F00_7F00_7F00_7F00) >> 1;
    let fours = (pairs & 0x0000_3FFF_0000_3FFF) | (pairs & 0x3FFF_0000_3FFF_0000) >> 2;
    (fours & 0x0FFF_FFFF) | (fours & 0x0FFF_FFFF_0000_0000) >> 4
}

/// Up to `count` septets out of octets, from bit `start` on; fewer where the octets end before.
pub fn unpack(octets: &[u8], start: usize, count: usize) -> Vec<u8> {
    let available = (octets.len() * 8).saturating_sub(start) / 7;
    let mut septets = Vec::with_capacity(count.min(available));
    for_each_septet(octets, start, count, |septet| septets.push(septet));
    septets
}

/// What [`unpack`] gives, one after the other.
#[inline]
pub(crate) fn for_each_septet(octets: &[u8], start: usize, count: usize, mut take: impl FnMut(u8)) {
    let available = (octets.len() * 8).saturating_sub(start) / 7;
    let mut count = count.min(available);
    let mut rest = octets.get(start / 8..).unwrap_or_default();
    let mut pending: u64 = 0;
    let mut bits = 0;
    if let (skipped @ 1.., Some((first, behind))) = (start % 8, rest.split_first()) {
        pending = u64::from(*first) >> skipped;
        bits = 8 - skipped;
        rest = behind;
    }
    // Seven octets are eight septets, whatever is pending in front of them.
    while let (8.., Some(([a, b, c, d, e, f, g], behind))) = (count, rest.split_first_chunk::<7>())
    {
        pending |= u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, 0]) << bits;
        for place in 0..8_u8 {
            take(low_septet(pending >> (7 * place)));
        }
        pending >>= 56;
        count -= 8;
        rest = behind;
    }
    for _ in 0..count {
        if bits < 7 {
            if let Some((octet, behind)) = rest.split_first() {
                pending |= u64::from(*octet) << bits;
                rest = behind;
            }
            bits += 8;
        }
        take(low_septet(pending));
        pending >>= 7;
        bits -= 7;
    }
}

fn low_septet(bits: u64) -> u8 {
    let [low, ..] = bits.to_le_bytes();
    low & 0x7F
}

fn main_character(septet: u8, shifts: Shifts) -> char {
    match shifts.locking {
        Some(language) if language.has_locking_table() => {
            language.locking_character(septet).unwrap_or(UNREADABLE)
        }
        _ => DEFAULT
            .get(usize::from(septet))
            .copied()
            .unwrap_or(UNREADABLE),
    }
}

fn escaped_character(septet: u8, shifts: Shifts) -> char {
    match extension_character(septet, shifts) {
        Some(character) => character,
        // Reserved for a further table; to be shown as a space until there is one.
        None if septet == ESCAPE => ' ',
        None => main_character(septet, shifts),
    }
}

fn extension_character(septet: u8, shifts: Shifts) -> Option<char> {
    match shifts.single {
        Some(language) => language.single_shift_character(septet),
        None => EXTENSION
            .iter()
            .find(|(place, _)| *place == septet)
            .map(|(_, character)| *character),
    }
}

fn place_in_default(character: char) -> Option<u8> {
    match place(character) {
        ABSENT => None,
        escaped if escaped & ESCAPED != 0 => None,
        septet => Some(septet),
    }
}

fn place_in_extension(character: char) -> Option<u8> {
    match place(character) {
        ABSENT => None,
        escaped if escaped & ESCAPED != 0 => Some(escaped & !ESCAPED),
        _ => None,
    }
}

/// Marks a septet behind an escape.
const ESCAPED: u8 = 0x80;

/// Of a character that is in neither table. (No place behind an escape is 7F.)
const ABSENT: u8 = 0xFF;

/// Where a character stands.
#[inline]
fn place(character: char) -> u8 {
    if let Ok(latin) = u8::try_from(character) {
        return latin_place(latin);
    }
    match character {
        'Δ' => 0x10,
        'Φ' => 0x12,
        'Γ' => 0x13,
        'Λ' => 0x14,
        'Ω' => 0x15,
        'Π' => 0x16,
        'Ψ' => 0x17,
        'Σ' => 0x18,
        'Θ' => 0x19,
        'Ξ' => 0x1A,
        '€' => ESCAPED | 0x65,
        _ => ABSENT,
    }
}

#[inline]
fn latin_place(character: u8) -> u8 {
    LATIN.get(usize::from(character)).copied().unwrap_or(ABSENT)
}

/// Where the characters up to U+00FF stand.
static LATIN: [u8; 256] = latin();

#[allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "the compiler evaluates it, and would refuse what is out of bounds"
)]
const fn latin() -> [u8; 256] {
    let mut places = [ABSENT; 256];
    let mut index = 0;
    while index < EXTENSION.len() {
        let (septet, character) = EXTENSION[index];
        if (character as usize) < places.len() {
            places[character as usize] = ESCAPED | septet;
        }
        index += 1;
    }
    let mut septet = 0_u8;
    while (septet as usize) < DEFAULT.len() {
        let character = DEFAULT[septet as usize];
        if septet != ESCAPE && (character as usize) < places.len() {
            places[character as usize] = septet;
        }
        septet += 1;
    }
    places
}

/// 3GPP TS 23.038 §6.2.1.
#[rustfmt::skip] // Sixteen to a row, as the standard prints columns.
static DEFAULT: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å',
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1b}', 'Æ', 'æ', 'ß', 'É',
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§',
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

/// 3GPP TS 23.038 §6.2.1.1. 0A is a page break; 0D is a control character that is read as a line break.
static EXTENSION: [(u8, char); 11] = [
    (0x0A, '\u{c}'),
    (0x0D, '\n'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Packed by hand from 3GPP TS 23.038 §6.1.2.1.
    #[test]
    fn septets_are_packed_from_the_low_bit() {
        for (text, hex) in [
            ("", ""),
            ("a", "61"),
            ("hello", "E8329BFD06"),
            ("€", "9B32"),
            ("1234567", "31D98C56B3DD00"),
        ] {
            let septets = encode(text).unwrap();
            let octets = crate::hex::decode(hex).unwrap();
            assert_eq!(pack(&septets, 0), octets, "{text}");
            assert_eq!(unpack(&octets, 0, septets.len()), septets, "{text}");
        }
    }

    #[test]
    fn every_place_comes_back() {
        for septet in (0..128).filter(|septet| *septet != ESCAPE) {
            let text = decode(&[septet], Shifts::default());
            assert_eq!(encode(&text), Ok(vec![septet]));
        }
        for character in ['^', '{', '}', '\\', '[', '~', ']', '|', '€', '\u{c}'] {
            let septets = encode(&character.to_string()).unwrap();
            assert_eq!(septets.first(), Some(&ESCAPE));
            assert_eq!(decode(&septets, Shifts::default()), character.to_string());
        }
    }

    /// The tables read the slow way.
    #[test]
    fn characters_lead_to_their_places() {
        for character in '\0'..='\u{FFFF}' {
            let main = DEFAULT.iter().position(|found| *found == character);
            let extended = EXTENSION.iter().find(|(_, found)| *found == character);
            let expected = match (main, extended) {
                _ if character == '\u{1b}' => None,
                (Some(septet), _) => u8::try_from(septet).ok().map(Septets::One),
                (None, Some((septet, _))) => Some(Septets::Escaped(*septet)),
                (None, None) => None,
            };
            assert_eq!(septets_of(character), expected, "{character:?}");
        }
    }

    #[test]
    fn a_character_outside_is_named() {
        assert_eq!(
            encode("naïve"),
            Err(NotInAlphabet {
                character: 'ï',
                offset: 2
            })
        );
        assert_eq!(
            encode("\u{1b}"),
            Err(NotInAlphabet {
                character: '\u{1b}',
                offset: 0
            })
        );
    }

    /// 3GPP TS 23.038 §6.2.1.1: an unknown extension shows the main character, a doubled escape a space.
    #[test]
    fn escapes_without_a_meaning_are_survived() {
        assert_eq!(decode(&[ESCAPE, 0x41], Shifts::default()), "A");
        assert_eq!(decode(&[ESCAPE, ESCAPE, 0x41], Shifts::default()), " A");
        assert_eq!(decode(&[0x41, ESCAPE], Shifts::default()), "A");
        assert!(ends_in_escape(&[0x41, ESCAPE]));
        assert!(!ends_in_escape(&[0x41, ESCAPE, ESCAPE]));
        assert!(!ends_in_escape(&[]));
    }

    #[test]
    fn national_tables_take_the_place_of_the_default_ones() {
        let urdu = Shifts {
            locking: Some(Language::Urdu),
            single: Some(Language::Urdu),
        };
        assert_eq!(decode(&[0x00, 0x01], urdu), "\u{627}\u{622}");
        let turkish = Shifts {
            locking: None,
            single: Some(Language::Turkish),
        };
        assert_eq!(decode(&[ESCAPE, 0x49, ESCAPE, 0x73], turkish), "İş");
        let spanish = Shifts {
            locking: Some(Language::Spanish),
            single: Some(Language::Spanish),
        };
        assert_eq!(decode(&[0x40, ESCAPE, 0x61], spanish), "¡á");
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(septets in prop::collection::vec(0_u8..128, 0..200), fill_bits in 0_u8..7) {
            let octets = pack(&septets, fill_bits);
            prop_assert_eq!(unpack(&octets, usize::from(fill_bits), septets.len()), septets);
        }

        #[test]
        fn unpacking_never_reads_past_the_end(octets in prop::collection::vec(any::<u8>(), 0..40), start in 0_usize..400) {
            let septets = unpack(&octets, start, usize::MAX);
            prop_assert!(septets.len() * 7 + start <= octets.len() * 8 || septets.is_empty());
        }
    }
}
