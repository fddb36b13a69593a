//! Alphabets of short messages (3GPP TS 23.038 §6.2.1): the GSM 7-bit default alphabet with its extension table, packed
//! septets, and which alphabet a data coding scheme names (§4).

/// The default alphabet in code order; the escape at 0x1B stands as U+001B (3GPP TS 23.038 §6.2.1).
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1b}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                     ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// The extension table (3GPP TS 23.038 §6.2.1.1).
const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{c}'),
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

const ESCAPE: u8 = 0x1B;

/// What the user data of a message is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alphabet {
    /// The GSM 7-bit default alphabet with its extension table.
    Gsm7,
    /// Octets without a known meaning.
    Octets,
    /// UCS-2 big-endian; surrogate pairs are taken as UTF-16.
    Ucs2,
}

impl Alphabet {
    /// The alphabet that TP-DCS names (3GPP TS 23.038 §4); reserved codings count as GSM 7-bit, as the standard asks.
    pub fn of_coding(data_coding: u8) -> Self {
        match data_coding >> 4 {
            0..=7 if data_coding & 0x20 != 0 => Self::Octets, // compressed
            0..=7 => match (data_coding >> 2) & 3 {
                1 => Self::Octets,
                2 => Self::Ucs2,
                _ => Self::Gsm7,
            },
            0xE => Self::Ucs2,
            0xF if data_coding & 4 != 0 => Self::Octets,
            _ => Self::Gsm7,
        }
    }

    /// The smallest alphabet that can write the text: GSM 7-bit if it can, else UCS-2.
    pub fn for_text(text: &str) -> Self {
        if septets(text).is_some() {
            Self::Gsm7
        } else {
            Self::Ucs2
        }
    }

    /// TP-DCS of the general group without a class (3GPP TS 23.038 §4).
    pub fn coding(self) -> u8 {
        match self {
            Self::Gsm7 => 0x00,
            Self::Octets => 0x04,
            Self::Ucs2 => 0x08,
        }
    }
}

/// The septets of a text, or `None` if a character is outside the default alphabet and its extension.
pub fn septets(text: &str) -> Option<Vec<u8>> {
    let mut septets = Vec::with_capacity(text.len());
    for character in text.chars() {
        septets.extend_from_slice(&character_septets(character)?);
    }
    Some(septets)
}

fn character_septets(character: char) -> Option<Vec<u8>> {
    if let Some((code, _)) = EXTENSION
        .iter()
        .find(|(_, extended)| *extended == character)
    {
        return Some(vec![ESCAPE, *code]);
    }
    let code = BASIC
        .chars()
        .position(|basic| basic == character && basic != '\u{1b}')?;
    Some(vec![u8::try_from(code).ok()?])
}

/// The text of septets; an unknown extension shows as the character of the default table (3GPP TS 23.038 §6.2.1.1).
pub fn septets_to_text(septets: &[u8]) -> String {
    let table: Vec<char> = BASIC.chars().collect();
    let basic = |code: u8| table.get(usize::from(code & 0x7F)).copied().unwrap_or(' ');
    let mut text = String::with_capacity(septets.len());
    let mut escaped = false;
    for &septet in septets {
        if escaped {
            escaped = false;
            let extended = EXTENSION
                .iter()
                .find(|(code, _)| *code == septet)
                .map(|(_, character)| *character);
            text.push(
                extended.unwrap_or_else(|| if septet == ESCAPE { ' ' } else { basic(septet) }),
            );
        } else if septet == ESCAPE {
            escaped = true;
        } else {
            text.push(basic(septet));
        }
    }
    text
}

/// Septets packed least significant bit first, after `start_bit` zero bits (3GPP TS 23.038 §6.1.2.1).
pub fn pack(septets: &[u8], start_bit: usize) -> Vec<u8> {
    let mut octets = vec![0_u8; (start_bit + septets.len() * 7).div_ceil(8)];
    for (position, septet) in septets.iter().enumerate() {
        let bit = start_bit + position * 7;
        let [low, high] = (u16::from(septet & 0x7F) << (bit % 8)).to_le_bytes();
        if let Some(octet) = octets.get_mut(bit / 8) {
            *octet |= low;
        }
        if let Some(octet) = octets.get_mut(bit / 8 + 1) {
            *octet |= high;
        }
    }
    octets
}

/// `count` septets from packed octets, beginning at `start_bit`; bits beyond the end read as zero.
pub fn unpack(octets: &[u8], start_bit: usize, count: usize) -> Vec<u8> {
    let at = |index: usize| octets.get(index).copied().unwrap_or(0);
    (0..count)
        .map(|position| {
            let bit = start_bit + position * 7;
            let pair = u16::from_le_bytes([at(bit / 8), at(bit / 8 + 1)]) >> (bit % 8);
            let [septet, _] = pair.to_le_bytes();
            septet & 0x7F
        })
        .collect()
}

/// UCS-2 big-endian octets of a text; characters beyond the basic plane become surrogate pairs.
pub fn ucs2(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// The text of UCS-2 octets. Half a surrogate pair and a last odd octet show as U+FFFD.
pub fn ucs2_to_text(octets: &[u8]) -> String {
    let pairs = octets.chunks_exact(2);
    let odd = !pairs.remainder().is_empty();
    let units: Vec<u16> = pairs
        .map(|pair| {
            pair.iter()
                .fold(0, |unit, octet| (unit << 8) | u16::from(*octet))
        })
        .collect();
    let mut text = String::from_utf16_lossy(&units);
    if odd {
        text.push('\u{fffd}');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tpdu::{from_hex, to_hex};

    #[test]
    fn the_default_alphabet_has_128_places_in_the_order_of_the_standard() {
        assert_eq!(BASIC.chars().count(), 128);
        // Corners of the table in 3GPP TS 23.038 §6.2.1.
        for (code, character) in [
            (0x00, '@'),
            (0x09, 'Ç'),
            (0x10, 'Δ'),
            (0x1A, 'Ξ'),
            (0x1C, 'Æ'),
            (0x20, ' '),
            (0x24, '¤'),
            (0x40, '¡'),
            (0x41, 'A'),
            (0x5B, 'Ä'),
            (0x60, '¿'),
            (0x7F, 'à'),
        ] {
            assert_eq!(septets_to_text(&[code]), character.to_string(), "{code:#x}");
            assert_eq!(
                septets(&character.to_string()),
                Some(vec![code]),
                "{character}"
            );
        }
    }

    #[test]
    fn septets_pack_as_the_standard_shows() {
        for (text, packed) in [
            ("hellohello", "E8329BFD4697D9EC37"), // the well-known example of packed septets
            ("1", "31"),
            ("12345678", "31D98C56B3DD70"),
            ("{€}", "1BD4A6BC4901"), // 1B28 1B65 1B29
        ] {
            let septets = septets(text).unwrap();
            let octets = pack(&septets, 0);
            assert_eq!(to_hex(&octets), packed, "{text}");
            assert_eq!(septets_to_text(&unpack(&octets, 0, septets.len())), text);
            for fill in 0..7 {
                let shifted = pack(&septets, fill);
                assert_eq!(
                    unpack(&shifted, fill, septets.len()),
                    septets,
                    "{text} after {fill} fill bits"
                );
            }
        }
    }

    #[test]
    fn coding_names_the_alphabet() {
        for (coding, alphabet) in [
            (0x00, Alphabet::Gsm7),
            (0x04, Alphabet::Octets),
            (0x08, Alphabet::Ucs2),
            (0x10, Alphabet::Gsm7),
            (0x18, Alphabet::Ucs2),
            (0x20, Alphabet::Octets),
            (0xC0, Alphabet::Gsm7),
            (0xE0, Alphabet::Ucs2),
            (0xF1, Alphabet::Gsm7),
            (0xF5, Alphabet::Octets),
        ] {
            assert_eq!(Alphabet::of_coding(coding), alphabet, "{coding:#04x}");
        }
        assert_eq!(Alphabet::for_text("naïve"), Alphabet::Ucs2);
        assert_eq!(Alphabet::for_text("10 € [x]"), Alphabet::Gsm7);
    }

    #[test]
    fn ucs2_keeps_emoji_and_shows_halves() {
        assert_eq!(
            to_hex(&ucs2("سلام 😀")),
            "0633064406270645 0020D83DDE00".replace(' ', "")
        );
        assert_eq!(ucs2_to_text(&from_hex("D83DDE00").unwrap()), "😀");
        assert_eq!(ucs2_to_text(&from_hex("0041D83D").unwrap()), "A\u{fffd}");
        assert_eq!(ucs2_to_text(&from_hex("004100").unwrap()), "A\u{fffd}");
    }
}
