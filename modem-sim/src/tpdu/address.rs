//! Addresses of the transfer layer (3GPP TS 23.040 §9.1.2.5): numbers in semi-octets and alphanumeric senders.

use std::fmt;

use super::{Octets, TpduError, alphabet};

/// The other party of a message, or a service centre.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    type_of_address: u8,
    /// Digits without a plus sign, or the text of an alphanumeric address.
    value: String,
}

/// Semi-octets above nine (3GPP TS 23.040 §9.1.2.3).
const EXTRA_DIGITS: [char; 5] = ['*', '#', 'a', 'b', 'c'];

const INTERNATIONAL: u8 = 0x91;
const UNKNOWN: u8 = 0x81;
const ALPHANUMERIC: u8 = 0xD0;

impl Address {
    /// An address as a person writes it: `+` and digits is international, digits alone (and `*#abc`) of unknown type,
    /// anything else alphanumeric.
    pub fn new(written: &str) -> Self {
        let digits = written.strip_prefix('+').unwrap_or(written);
        let dialled = !digits.is_empty()
            && digits
                .chars()
                .all(|c| c.is_ascii_digit() || EXTRA_DIGITS.contains(&c));
        match (dialled, written.starts_with('+')) {
            (true, true) => Self {
                type_of_address: INTERNATIONAL,
                value: digits.to_owned(),
            },
            (true, false) => Self {
                type_of_address: UNKNOWN,
                value: digits.to_owned(),
            },
            (false, _) => Self {
                type_of_address: ALPHANUMERIC,
                value: written.to_owned(),
            },
        }
    }

    /// The octet that says what kind of number this is (3GPP TS 23.040 §9.1.2.5).
    pub fn type_of_address(&self) -> u8 {
        self.type_of_address
    }

    fn is_alphanumeric(&self) -> bool {
        self.type_of_address & 0x70 == 0x50
    }

    fn is_international(&self) -> bool {
        self.type_of_address & 0x70 == 0x10
    }

    /// Reads an address value of `semi_octets` useful semi-octets.
    pub(crate) fn from_octets(
        type_of_address: u8,
        semi_octets: usize,
        octets: &[u8],
    ) -> Result<Self, TpduError> {
        if type_of_address & 0x70 == 0x50 {
            let septets = alphabet::unpack(octets, 0, semi_octets * 4 / 7);
            return Ok(Self {
                type_of_address,
                value: alphabet::septets_to_text(&septets),
            });
        }
        let mut value = String::with_capacity(semi_octets);
        for nibble in octets
            .iter()
            .flat_map(|octet| [octet & 0xF, octet >> 4])
            .take(semi_octets)
        {
            match nibble {
                0..=9 => value.push(char::from(b'0' + nibble)),
                0xF => break,
                extra => value.push(
                    EXTRA_DIGITS
                        .get(usize::from(extra - 10))
                        .copied()
                        .unwrap_or('?'),
                ),
            }
        }
        Ok(Self {
            type_of_address,
            value,
        })
    }

    /// Reads an address field: length in semi-octets, type, value.
    pub(crate) fn read(octets: &mut Octets<'_>, field: &'static str) -> Result<Self, TpduError> {
        let semi_octets = usize::from(octets.octet(field)?);
        if semi_octets > 20 {
            return Err(TpduError::Invalid(field)); // ten octets at most, 3GPP TS 23.040 §9.1.2.5
        }
        let type_of_address = octets.octet(field)?;
        let value = octets.take(semi_octets.div_ceil(2), field)?;
        Self::from_octets(type_of_address, semi_octets, value)
    }

    /// Writes an address field.
    pub(crate) fn write(&self, tpdu: &mut Vec<u8>) -> Result<(), TpduError> {
        let octets = self.octets();
        let semi_octets = if self.is_alphanumeric() {
            let septets = alphabet::septets(&self.value)
                .ok_or(TpduError::Text("an alphanumeric address is GSM 7-bit"))?;
            (septets.len() * 7).div_ceil(4)
        } else {
            self.value.chars().count()
        };
        if octets.len() > 10 {
            return Err(TpduError::Text("an address has ten octets at most"));
        }
        tpdu.push(super::octet_count(semi_octets, "the address")?);
        tpdu.push(self.type_of_address);
        tpdu.extend_from_slice(&octets);
        Ok(())
    }

    /// The value alone: packed septets or swapped semi-octets, padded with 0xF.
    pub(crate) fn octets(&self) -> Vec<u8> {
        if self.is_alphanumeric() {
            return alphabet::pack(&alphabet::septets(&self.value).unwrap_or_default(), 0);
        }
        let nibbles: Vec<u8> = self
            .value
            .chars()
            .filter_map(|character| match character.to_digit(10) {
                Some(digit) => u8::try_from(digit).ok(),
                None => EXTRA_DIGITS
                    .iter()
                    .position(|extra| *extra == character)
                    .and_then(|at| u8::try_from(at + 10).ok()),
            })
            .collect();
        nibbles
            .chunks(2)
            .map(|pair| {
                let low = pair.first().copied().unwrap_or(0xF);
                let high = pair.get(1).copied().unwrap_or(0xF);
                (high << 4) | low
            })
            .collect()
    }
}

/// As a person writes it: with a plus sign where international.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_international() {
            f.write_str("+")?;
        }
        f.write_str(&self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tpdu::{from_hex, to_hex};

    #[test]
    fn addresses_are_written_and_read() {
        for (written, field) in [
            ("+12025550100", "0B912120550501F0"),
            ("12345", "0581214 3F5"),
            ("*100#", "0581 1A00FB"),
            ("Bank", "07D0C2B07B0D"), // four septets are seven semi-octets
            ("+447700900123", "0C914477 00091032"),
        ] {
            let field = field.replace(' ', "");
            let address = Address::new(written);
            let mut octets = Vec::new();
            address.write(&mut octets).unwrap();
            assert_eq!(to_hex(&octets), field, "{written}");
            let octets = from_hex(&field).unwrap();
            let mut reader = Octets(&octets);
            let read = Address::read(&mut reader, "test").unwrap();
            assert_eq!((read.to_string().as_str(), reader.0.len()), (written, 0));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(
            Address::new("TwelveLetters").write(&mut Vec::new()),
            Err(TpduError::Text("an address has ten octets at most"))
        );
        assert_eq!(
            Address::new("Банк").write(&mut Vec::new()),
            Err(TpduError::Text("an alphanumeric address is GSM 7-bit"))
        );
        assert_eq!(
            Address::read(&mut Octets(&[30, 0x91]), "TP-DA"),
            Err(TpduError::Invalid("TP-DA"))
        );
    }
}
