//! Lines, the other party's address, and how people write numbers.
//!
//! Only what is valid is rewritten: a short code or a sender's name stays as it came.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a line (one SIM in one modem) in the configuration: `[line.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LineName(String);

impl LineName {
    /// The name as written in the configuration.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LineName {
    type Err = AddressError;

    fn from_str(name: &str) -> Result<Self, AddressError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 32 || !name.chars().all(allowed) {
            return Err(AddressError::LineName(name.to_owned()));
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for LineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a SIM is at home, as ISO 3166-1 alpha-2 (`PK`): decides how numbers without `+` are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Country(phonenumber::country::Id);

impl Country {
    pub(crate) fn of(id: phonenumber::country::Id) -> Self {
        Self(id)
    }

    /// The two letters.
    pub(crate) fn code(&self) -> &str {
        self.0.as_ref()
    }
}

impl FromStr for Country {
    type Err = AddressError;

    fn from_str(code: &str) -> Result<Self, AddressError> {
        code.to_ascii_uppercase()
            .parse()
            .map(Self)
            .map_err(|_unknown| AddressError::Country(code.to_owned()))
    }
}

/// The other party of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// E.164 with its `+`.
    Number(String),
    /// Digits (and `*`, `#`) that are no international number: a short code, or a number whose country is not known.
    Local(String),
    /// An alphanumeric sender (3GPP TS 23.040 §9.1.2.5). It cannot be answered.
    Name(String),
}

impl Address {
    /// Reads a number as a person types it: `+1 (202) 555-0100`, `0300 1234567` (with the line's `country`), `1234`.
    ///
    /// # Errors
    ///
    /// What is no number says how to write one.
    pub fn typed(text: &str, country: Option<Country>) -> Result<Self, AddressError> {
        let text = text.trim();
        let separator = |c: char| {
            c.is_whitespace() || matches!(c, '-' | '.' | '(' | ')' | '/' | '\u{a0}' | '\u{2011}')
        };
        let compact: String = text
            .chars()
            .filter(|&c| !separator(c))
            .map(ascii_digit)
            .collect();
        let digits = compact.strip_prefix('+').unwrap_or(&compact);
        if digits.is_empty()
            || !digits
                .chars()
                .all(|c| c.is_ascii_digit() || c == '*' || c == '#')
        {
            return Err(AddressError::NoNumber(text.to_owned()));
        }
        if compact.starts_with('+') {
            return match digits.len() {
                7..=15 if digits.chars().all(|c| c.is_ascii_digit()) => Ok(Self::Number(compact)),
                _ => Err(AddressError::NoNumber(text.to_owned())),
            };
        }
        match Self::digits(&compact, country) {
            // A number that is too long for a short code and cannot be placed would go to whoever the network picks.
            Self::Local(local) if local.len() > 8 && country.is_none() => {
                Err(AddressError::NoCountry(local))
            }
            Self::Local(local) if local.len() > 15 => Err(AddressError::NoNumber(local)),
            address @ (Self::Number(_) | Self::Local(_) | Self::Name(_)) => Ok(address),
        }
    }

    /// The address as the network gave it.
    #[must_use]
    pub fn from_network(address: &str, alphanumeric: bool, country: Option<Country>) -> Self {
        if alphanumeric {
            Self::Name(address.to_owned())
        } else if address.starts_with('+') {
            Self::Number(address.to_owned())
        } else {
            Self::digits(address, country)
        }
    }

    fn digits(digits: &str, country: Option<Country>) -> Self {
        let parsed = match country {
            Some(Country(id)) => phonenumber::parse(Some(id), digits).ok(),
            // Most countries dial 00 before a country code (ITU-T E.164 §7.3); what is no valid number behind it stays.
            None => digits
                .strip_prefix("00")
                .and_then(|rest| phonenumber::parse(None, format!("+{rest}")).ok()),
        };
        match parsed.filter(phonenumber::is_valid) {
            Some(number) => Self::Number(number.format().mode(phonenumber::Mode::E164).to_string()),
            None => Self::Local(digits.to_owned()),
        }
    }

    /// How a number may have been kept before the line's country was known: in the ways that it is written without `+`.
    pub(crate) fn once_written(&self) -> Vec<Self> {
        let Self::Number(number) = self else {
            return Vec::new();
        };
        let Ok(parsed) = phonenumber::parse(None, number) else {
            return Vec::new();
        };
        let national = parsed.format().mode(phonenumber::Mode::National);
        let national: String = national
            .to_string()
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        let international = number.trim_start_matches('+');
        let mut written = vec![
            national,
            format!("00{international}"),
            international.to_owned(),
        ];
        written.push(parsed.national().value().to_string());
        written.dedup();
        written.into_iter().map(Self::Local).collect()
    }

    /// The same, now that the line's country is known.
    pub(crate) fn placed(self, country: Option<Country>) -> Self {
        match self {
            Self::Local(digits) => Self::digits(&digits, country),
            Self::Number(_) | Self::Name(_) => self,
        }
    }

    /// Whether an SMS can be sent there.
    #[must_use]
    pub fn can_be_answered(&self) -> bool {
        match self {
            Self::Number(_) | Self::Local(_) => true,
            Self::Name(_) => false,
        }
    }

    /// As shown to people and used in keys.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Number(text) | Self::Local(text) | Self::Name(text) => text,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Arabic and Persian digits are typed on the phones of many users.
pub(crate) fn ascii_digit(c: char) -> char {
    let zero = match c {
        '\u{660}'..='\u{669}' => 0x660,
        '\u{6f0}'..='\u{6f9}' => 0x6f0,
        '\u{ff10}'..='\u{ff19}' => 0xff10,
        '\u{ff0b}' => return '+',
        _ => return c,
    };
    char::from_digit(u32::from(c).saturating_sub(zero), 10).unwrap_or(c)
}

/// The messages of one line with one address: what becomes a room.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Conversation {
    /// Our SIM.
    pub line: LineName,
    /// The other party.
    pub address: Address,
}

/// What cannot be an address, a line or a country, in words for the one who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not a phone number at all.
    #[error("\"{0}\" is no phone number; write it with + and the country code, like +12025550100")]
    NoNumber(String),
    /// A national number, and nobody said of which country.
    #[error("{0} lacks its country; write it with + and the country code, like +12025550100")]
    NoCountry(String),
    /// A name that cannot stand in keys and commands.
    #[error("\"{0}\" cannot name a line; use letters, digits, - and _, at most 32")]
    LineName(String),
    /// Not an ISO 3166-1 code.
    #[error("\"{0}\" is no country code; use two letters, like PK or DE")]
    Country(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_numbers() {
        let pk = Some("pk".parse().unwrap());
        let number = |n: &str| Ok(Address::Number(n.to_owned()));
        let local = |n: &str| Ok(Address::Local(n.to_owned()));
        let cases = [
            ("+1 (202) 555-0100", None, number("+12025550100")),
            ("+12025550100", pk, number("+12025550100")),
            ("0300 1234567", pk, number("+923001234567")),
            ("0092 300 1234567", pk, number("+923001234567")),
            (
                "\u{660}\u{663}\u{660}\u{660}1234567",
                pk,
                number("+923001234567"),
            ),
            ("0092 300 1234567", None, number("+923001234567")),
            ("00 1 (202) 555-0100", None, number("+12025550100")),
            ("0012", None, local("0012")),
            ("1234", pk, local("1234")),
            ("1234", None, local("1234")),
            ("*123#", None, local("*123#")),
            (
                "03001234567",
                None,
                Err(AddressError::NoCountry("03001234567".to_owned())),
            ),
            (
                "hello",
                None,
                Err(AddressError::NoNumber("hello".to_owned())),
            ),
            ("", None, Err(AddressError::NoNumber(String::new()))),
            ("+", None, Err(AddressError::NoNumber("+".to_owned()))),
            ("+12", None, Err(AddressError::NoNumber("+12".to_owned()))),
            (
                "+1234567890123456",
                None,
                Err(AddressError::NoNumber("+1234567890123456".to_owned())),
            ),
        ];
        for (text, country, expected) in cases {
            assert_eq!(Address::typed(text, country), expected, "{text}");
        }
    }

    #[test]
    fn every_spelling_comes_to_the_same() {
        let pk = Some("PK".parse().unwrap());
        let number = Address::Number("+923001234567".to_owned());
        let written = number.once_written();
        for expected in [
            "03001234567",
            "00923001234567",
            "923001234567",
            "3001234567",
        ] {
            let expected = Address::Local(expected.to_owned());
            assert!(written.contains(&expected), "{expected} in {written:?}");
        }
        for spelling in written {
            assert_eq!(spelling.clone().placed(pk), number, "{spelling}");
        }
        let code = Address::Local("8558".to_owned());
        assert_eq!(code.clone().placed(pk), code);
        assert!(code.once_written().is_empty());
    }

    #[test]
    fn addresses_from_the_network() {
        let pk = Some("PK".parse().unwrap());
        assert_eq!(
            Address::from_network("03001234567", false, pk),
            Address::Number("+923001234567".to_owned())
        );
        assert_eq!(
            Address::from_network("8558", false, pk),
            Address::Local("8558".to_owned())
        );
        assert_eq!(
            Address::from_network("+12", false, pk),
            Address::Number("+12".to_owned())
        );
        assert_eq!(
            Address::from_network("MyBank", true, pk),
            Address::Name("MyBank".to_owned())
        );
        assert!(!Address::Name("MyBank".to_owned()).can_be_answered());
    }
}
