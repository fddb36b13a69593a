//! The number of a service centre.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The number of a service centre, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceCentre {
    digits: String,
    international: bool,
}

impl ServiceCentre {
    /// The address as it stands before a TPDU: length in octets, type of address, digits in swapped pairs
    /// (3GPP TS 24.011 §8.2.5.2).
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        let digits: Vec<u8> = self
            .digits
            .bytes()
            .map(|digit| digit.wrapping_sub(b'0'))
            .collect();
        let pairs = digits.chunks(2).map(|pair| match pair {
            [low, high] => low | (high << 4),
            [low] => low | 0xF0,
            _ => 0xFF,
        });
        let mut octets = vec![0, if self.international { 0x91 } else { 0x81 }];
        octets.extend(pairs);
        let length = u8::try_from(octets.len() - 1).unwrap_or(u8::MAX);
        if let Some(first) = octets.first_mut() {
            *first = length;
        }
        octets
    }
}

impl FromStr for ServiceCentre {
    type Err = ServiceCentreError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (international, digits) = match text.strip_prefix('+') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let digits: String = digits
            .chars()
            .filter(|digit| !matches!(digit, ' ' | '-' | '(' | ')'))
            .collect();
        let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
        if plain && (3..=20).contains(&digits.len()) {
            Ok(Self {
                digits,
                international,
            })
        } else {
            Err(ServiceCentreError)
        }
    }
}

impl fmt::Debug for ServiceCentre {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ServiceCentre([{} digits])", self.digits.len())
    }
}

/// A service centre that is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "the service centre is no phone number: write 3 to 20 digits, with + and the country code in front"
)]
pub struct ServiceCentreError;

#[cfg(test)]
mod tests {
    use super::ServiceCentre;

    #[test]
    fn a_service_centre_is_encoded_before_the_tpdu() {
        let check = |text: &str, expected: Option<&[u8]>| {
            let octets = text
                .parse::<ServiceCentre>()
                .ok()
                .map(|centre| centre.octets());
            assert_eq!(octets.as_deref(), expected, "{text}");
        };
        check(
            "+12025550199",
            Some(&[7, 0x91, 0x21, 0x20, 0x55, 0x05, 0x91, 0xF9]),
        );
        check(
            "+44 7700 900123",
            Some(&[7, 0x91, 0x44, 0x77, 0x00, 0x09, 0x10, 0x32]),
        );
        check("1234", Some(&[3, 0x81, 0x21, 0x43]));
        check("", None);
        check("12", None);
        check("+1202555abc", None);
    }
}
