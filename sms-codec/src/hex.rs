//! Hexadecimal text, as modems print PDUs.
//!
//! Strict here: pairs of digits in either case and nothing else. What modems add (spaces, a quote, half an octet) is
//! the business of [`decode_hex`](crate::decode_hex), which records it.

use thiserror::Error;

/// Why a text is no hexadecimal text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HexError {
    /// A character that is no hexadecimal digit.
    #[error("octet {offset}: '{}' is not a hexadecimal digit", character.escape_default())]
    NotADigit {
        /// Octets in front of it.
        offset: usize,
        /// What stands there.
        character: char,
    },
    /// The number of digits is odd, so the last octet is half there.
    #[error("octet {offset}: half an octet at the end")]
    HalfOctet {
        /// Whole octets in front of it.
        offset: usize,
    },
}

/// The octets as upper-case digits without separators.
pub fn encode(octets: &[u8]) -> String {
    encode_all(&[octets])
}

/// Several pieces one behind the other, as [`encode`] writes them.
pub(crate) fn encode_all(pieces: &[&[u8]]) -> String {
    let octets: usize = pieces.iter().map(|piece| piece.len()).sum();
    let mut digits = vec![0; octets * 2];
    let pairs = digits.as_chunks_mut::<2>().0;
    for (pair, octet) in pairs.iter_mut().zip(pieces.iter().copied().flatten()) {
        *pair = [digit_of(octet >> 4), digit_of(octet & 0x0F)];
    }
    // Nothing but ASCII was put in.
    String::from_utf8(digits).unwrap_or_default()
}

#[inline]
fn digit_of(value: u8) -> u8 {
    let letter = if value > 9 { b'A' - b'0' - 10 } else { 0 };
    b'0' + value + letter
}

/// The octets that pairs of digits stand for.
///
/// # Errors
///
/// [`HexError`] at the first character that is no digit, or for an odd number of digits.
pub fn decode(text: &str) -> Result<Vec<u8>, HexError> {
    let mut octets = Vec::with_capacity(text.len() / 2);
    let mut high: Option<u8> = None;
    for character in text.chars() {
        let digit = digit(character).ok_or(HexError::NotADigit {
            offset: octets.len(),
            character,
        })?;
        match high.take() {
            None => high = Some(digit),
            Some(high) => octets.push(high << 4 | digit),
        }
    }
    match high {
        None => Ok(octets),
        Some(_) => Err(HexError::HalfOctet {
            offset: octets.len(),
        }),
    }
}

fn digit(character: char) -> Option<u8> {
    character
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_cases_are_read_and_upper_case_is_written() {
        assert_eq!(decode("00fFa5"), Ok(vec![0x00, 0xFF, 0xA5]));
        assert_eq!(encode(&[0x00, 0xFF, 0xA5]), "00FFA5");
        assert_eq!(encode_all(&[&[0x1B], &[], &[0x9A, 0xC0]]), "1B9AC0");
        let all: Vec<u8> = (0..=u8::MAX).collect();
        assert_eq!(decode(&encode(&all)), Ok(all));
        assert_eq!(decode(""), Ok(vec![]));
    }

    #[test]
    fn faults_carry_their_octet() {
        assert_eq!(
            decode("00g0"),
            Err(HexError::NotADigit {
                offset: 1,
                character: 'g'
            })
        );
        assert_eq!(decode("00112"), Err(HexError::HalfOctet { offset: 2 }));
        assert_eq!(
            decode("é"),
            Err(HexError::NotADigit {
                offset: 0,
                character: 'é'
            })
        );
    }
}
