//! UCS-2 user data, read and written as UTF-16 big endian: phones have sent surrogate pairs (emoji) in it for years.

/// The code units of octets; an odd last octet is left out.
pub fn code_units(octets: &[u8]) -> Vec<u16> {
    each_code_unit(octets).collect()
}

/// What [`code_units`] gives, one after the other.
pub(crate) fn each_code_unit(octets: &[u8]) -> impl ExactSizeIterator<Item = u16> + Clone {
    octets
        .as_chunks::<2>()
        .0
        .iter()
        .map(|pair| u16::from_be_bytes(*pair))
}

/// The octets of code units.
pub fn octets(code_units: &[u16]) -> Vec<u8> {
    code_units
        .iter()
        .flat_map(|unit| unit.to_be_bytes())
        .collect()
}

/// The text of code units; half a surrogate pair is U+FFFD.
pub fn decode(code_units: &[u16]) -> String {
    decode_each(code_units.iter().copied())
}

pub(crate) fn decode_each(code_units: impl Iterator<Item = u16> + Clone) -> String {
    let mut text = String::with_capacity(code_units.clone().map(octets_in_utf8).sum());
    text.extend(characters(code_units));
    text
}

/// The characters of code units; half a surrogate pair is U+FFFD.
pub(crate) fn characters(code_units: impl Iterator<Item = u16>) -> impl Iterator<Item = char> {
    char::decode_utf16(code_units).map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
}

/// How many octets of a `String` a code unit takes. Of a surrogate pair each takes two; half of one takes three.
pub(crate) fn octets_in_utf8(code_unit: u16) -> usize {
    match code_unit {
        0..0x80 => 1,
        0x80..0x800 | 0xD800..0xE000 => 2,
        _ => 3,
    }
}

/// Index of the first code unit that is half a surrogate pair, where the halves at `edges` do not count because their
/// other half may be in a neighbouring part.
pub(crate) fn lone_surrogate(
    code_units: impl ExactSizeIterator<Item = u16>,
    edges: Edges,
) -> Option<usize> {
    let last = code_units.len().checked_sub(1)?;
    let mut index = 0;
    for character in char::decode_utf16(code_units) {
        match character {
            Ok(character) => index += character.len_utf16(),
            Err(error) => {
                let high = error.unpaired_surrogate() < 0xDC00;
                let continued = match edges {
                    Edges::Closed => false,
                    Edges::Open => (high && index == last) || (!high && index == 0),
                };
                if !continued {
                    return Some(index);
                }
                index += 1;
            }
        }
    }
    None
}

/// Whether a text stands alone or continues in neighbouring parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edges {
    Closed,
    Open,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrogate_pairs_are_one_character() {
        let units = code_units(&[0x00, 0x41, 0xD8, 0x3D, 0xDE, 0x42, 0x00]);
        assert_eq!(units, [0x41, 0xD83D, 0xDE42]);
        assert_eq!(decode(&units), "A🙂");
        assert_eq!(octets(&units), [0x00, 0x41, 0xD8, 0x3D, 0xDE, 0x42]);
    }

    #[test]
    fn lone_halves_are_found_where_no_neighbour_can_hold_the_other() {
        for (units, closed, open) in [
            (&[0x41, 0xD83D, 0xDE42][..], None, None),
            (&[0x41, 0xD83D], Some(1), None),
            (&[0xDE42, 0x41], Some(0), None),
            (&[0xD83D, 0x41], Some(0), Some(0)),
            (&[0x41, 0xDE42], Some(1), Some(1)),
            (&[], None, None),
        ] {
            assert_eq!(
                lone_surrogate(units.iter().copied(), Edges::Closed),
                closed,
                "{units:x?}"
            );
            assert_eq!(
                lone_surrogate(units.iter().copied(), Edges::Open),
                open,
                "{units:x?}"
            );
        }
        assert_eq!(decode(&[0x41, 0xD83D]), "A\u{FFFD}");
    }
}
