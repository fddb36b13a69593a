//! User data with its header (3GPP TS 23.040 §9.2.3.24): reading, writing, and cutting a text into parts.

use super::{Alphabet, Octets, TpduError, alphabet, to_hex};

/// Which part of which message this is (3GPP TS 23.040 §9.2.3.24.1 and .8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concatenation {
    /// The same in all parts of one message.
    pub reference: u16,
    /// How many parts there are.
    pub total: u8,
    /// This part's place, from 1.
    pub number: u8,
}

/// TP-UD: an optional header and the text or octets after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserData {
    /// What the text is written in.
    pub alphabet: Alphabet,
    /// Information elements without the header's length octet; empty for no header.
    pub header: Vec<u8>,
    /// The text; of octets without a known meaning, their hexadecimal digits.
    pub text: String,
}

/// The length octet and one concatenation element with an 8-bit reference.
const HEADER_8BIT: usize = 6;

impl UserData {
    /// A text in one unit without a header.
    pub fn plain(alphabet: Alphabet, text: &str) -> Self {
        Self {
            alphabet,
            header: Vec::new(),
            text: text.to_owned(),
        }
    }

    /// Cuts a text into as many parts as it needs: one without a header, or several with an 8-bit reference. No part
    /// ends inside an escape or a surrogate pair.
    ///
    /// # Errors
    ///
    /// [`TpduError::Text`] when the alphabet lacks a character or there would be more than 255 parts.
    pub fn split(alphabet: Alphabet, text: &str, reference: u8) -> Result<Vec<Self>, TpduError> {
        let (whole, in_part) = match alphabet {
            Alphabet::Gsm7 => (160, 153),
            Alphabet::Octets => (140, 140 - HEADER_8BIT),
            Alphabet::Ucs2 => (70, 67),
        };
        let pieces = cut(alphabet, text, whole)?;
        if pieces.len() <= 1 {
            return Ok(vec![Self::plain(alphabet, text)]);
        }
        let pieces = cut(alphabet, text, in_part)?;
        let total = super::octet_count(pieces.len(), "more than 255 parts")?;
        let parts = pieces.into_iter().zip(1..=total);
        Ok(parts
            .map(|(text, number)| Self {
                alphabet,
                header: vec![0, 3, reference, total, number],
                text,
            })
            .collect())
    }

    /// The concatenation element of the header, if it has one.
    pub fn concatenation(&self) -> Option<Concatenation> {
        let mut header = Octets(&self.header);
        while let (Ok(identifier), Ok(length)) = (header.octet("header"), header.octet("header")) {
            let value = header.take(usize::from(length), "header").ok()?;
            match (identifier, value) {
                (0x00, &[reference, total, number]) => {
                    return Some(Concatenation {
                        reference: u16::from(reference),
                        total,
                        number,
                    });
                }
                (0x08, &[high, low, total, number]) => {
                    return Some(Concatenation {
                        reference: u16::from_be_bytes([high, low]),
                        total,
                        number,
                    });
                }
                _ => {}
            }
        }
        None
    }

    /// Reads TP-UDL and TP-UD up to the end of the unit.
    pub(crate) fn read(
        mut octets: Octets<'_>,
        data_coding: u8,
        with_header: bool,
    ) -> Result<Self, TpduError> {
        let alphabet = Alphabet::of_coding(data_coding);
        let length = usize::from(octets.octet("TP-UDL")?);
        let octet_length = if alphabet == Alphabet::Gsm7 {
            (length * 7).div_ceil(8)
        } else {
            length
        };
        if octet_length > 140 {
            return Err(TpduError::Invalid("TP-UDL"));
        }
        let user_data = octets.take(octet_length, "TP-UD")?;
        octets.finish()?;
        let mut body = Octets(user_data);
        let mut header = Vec::new();
        if with_header {
            let header_length = body.octet("TP-UDHL")?;
            header = body.take(usize::from(header_length), "TP-UDH")?.to_vec();
        }
        let header_octets = user_data.len() - body.0.len();
        let text = match alphabet {
            Alphabet::Gsm7 => {
                let header_septets = (header_octets * 8).div_ceil(7);
                let count = length
                    .checked_sub(header_septets)
                    .ok_or(TpduError::Invalid("TP-UDL"))?;
                alphabet::septets_to_text(&alphabet::unpack(user_data, header_septets * 7, count))
            }
            Alphabet::Octets => to_hex(body.0),
            Alphabet::Ucs2 => alphabet::ucs2_to_text(body.0),
        };
        Ok(Self {
            alphabet,
            header,
            text,
        })
    }

    /// Writes TP-UDL and TP-UD.
    pub(crate) fn write(&self, tpdu: &mut Vec<u8>) -> Result<(), TpduError> {
        let mut user_data = Vec::with_capacity(140);
        if !self.header.is_empty() {
            user_data.push(super::octet_count(self.header.len(), "the header")?);
            user_data.extend_from_slice(&self.header);
        }
        let length = match self.alphabet {
            Alphabet::Gsm7 => {
                let septets = alphabet::septets(&self.text)
                    .ok_or(TpduError::Text("not in the GSM 7-bit alphabet"))?;
                let header_septets = (user_data.len() * 8).div_ceil(7);
                let fill = header_septets * 7 - user_data.len() * 8;
                user_data.extend(alphabet::pack(&septets, fill));
                header_septets + septets.len()
            }
            Alphabet::Octets => {
                user_data.extend(super::from_hex(&self.text)?);
                user_data.len()
            }
            Alphabet::Ucs2 => {
                user_data.extend(alphabet::ucs2(&self.text));
                user_data.len()
            }
        };
        if user_data.len() > 140 {
            return Err(TpduError::Text("more than 140 octets"));
        }
        tpdu.push(super::octet_count(length, "the text is too long")?);
        tpdu.extend(user_data);
        Ok(())
    }
}

/// Pieces of at most `limit` units (septets, octets or UTF-16 units), whole characters each.
fn cut(alphabet: Alphabet, text: &str, limit: usize) -> Result<Vec<String>, TpduError> {
    let mut pieces = vec![];
    let (mut piece, mut used) = (String::new(), 0);
    let mut digits_left = 0_usize; // octets are written as two digits
    for character in text.chars() {
        let units = match alphabet {
            Alphabet::Gsm7 => alphabet::septets(&character.to_string())
                .ok_or(TpduError::Text("not in the GSM 7-bit alphabet"))?
                .len(),
            Alphabet::Octets => {
                digits_left = 1 - digits_left;
                digits_left
            }
            Alphabet::Ucs2 => character.len_utf16(),
        };
        if used + units > limit {
            pieces.push(std::mem::take(&mut piece));
            used = 0;
        }
        piece.push(character);
        used += units;
    }
    pieces.push(piece);
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(data: &UserData) -> Result<UserData, TpduError> {
        let mut octets = Vec::new();
        data.write(&mut octets)?;
        UserData::read(
            Octets(&octets),
            data.alphabet.coding(),
            !data.header.is_empty(),
        )
    }

    #[test]
    fn texts_are_cut_where_the_standard_allows() {
        // Lengths from 3GPP TS 23.040 §9.2.3.24.1: 160 or 153 septets, 70 or 67 UCS-2 characters.
        for (alphabet, text, parts) in [
            (Alphabet::Gsm7, "a".repeat(160), vec![160]),
            (Alphabet::Gsm7, "a".repeat(161), vec![153, 8]),
            (
                Alphabet::Gsm7,
                format!("{}€{}", "a".repeat(152), "b".repeat(10)),
                vec![152, 11],
            ),
            (Alphabet::Ucs2, "ж".repeat(70), vec![70]),
            (Alphabet::Ucs2, "ж".repeat(71), vec![67, 4]),
            (
                Alphabet::Ucs2,
                format!("{}😀{}", "ж".repeat(66), "ж".repeat(10)),
                vec![66, 11],
            ),
            (Alphabet::Octets, "AB".repeat(141), vec![268, 14]),
            (Alphabet::Gsm7, String::new(), vec![0]),
        ] {
            let cut = UserData::split(alphabet, &text, 9).unwrap();
            assert_eq!(
                cut.iter()
                    .map(|part| part.text.chars().count())
                    .collect::<Vec<_>>(),
                parts,
                "{text}"
            );
            for (part, number) in cut.iter().zip(1..) {
                assert_eq!(round_trip(part).as_ref(), Ok(part));
                let total = u8::try_from(cut.len()).unwrap();
                let expected = (cut.len() > 1).then_some(Concatenation {
                    reference: 9,
                    total,
                    number,
                });
                assert_eq!(part.concatenation(), expected);
            }
        }
    }

    #[test]
    fn a_16_bit_reference_is_read_behind_other_elements() {
        let data = UserData {
            alphabet: Alphabet::Ucs2,
            header: vec![0x24, 1, 7, 0x08, 4, 0x12, 0x34, 3, 2],
            text: "ok".to_owned(),
        };
        assert_eq!(
            data.concatenation(),
            Some(Concatenation {
                reference: 0x1234,
                total: 3,
                number: 2
            })
        );
        assert_eq!(round_trip(&data).as_ref(), Ok(&data));
        assert_eq!(
            UserData {
                header: vec![0x00, 9, 1],
                ..data
            }
            .concatenation(),
            None
        );
    }

    #[test]
    fn lengths_are_checked() {
        for (octets, error) in [
            (vec![], TpduError::Truncated("TP-UDL")),
            (vec![2, 0x41], TpduError::Truncated("TP-UD")),
            (vec![1, 0x41, 0x42], TpduError::Trailing(1)),
            (vec![161], TpduError::Invalid("TP-UDL")),
        ] {
            assert_eq!(UserData::read(Octets(&octets), 0, false), Err(error));
        }
        assert_eq!(
            UserData::read(Octets(&[1, 5]), 0, true),
            Err(TpduError::Truncated("TP-UDH"))
        );
    }
}
