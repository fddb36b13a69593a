//! What one part costs, as the configuration says it.

use std::fmt;
use std::str::FromStr;

/// An amount in ten-thousandths, with its currency: exact, where a binary fraction would not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    ten_thousandths: u64,
    currency: String,
}

/// Digits behind the point.
const PLACES: usize = 4;
const WHOLE: u64 = 10_000;
/// Of the currency, in characters.
const LONGEST: usize = 8;

impl Price {
    /// What so many parts cost, in words.
    #[must_use]
    pub fn of(&self, parts: u32) -> String {
        let total = u128::from(self.ten_thousandths).saturating_mul(u128::from(parts));
        let whole = u128::from(WHOLE);
        let mut fraction = format!("{:04}", total % whole);
        while fraction.len() > 2 && fraction.ends_with('0') {
            fraction.pop();
        }
        format!("{}.{fraction} {}", total / whole, self.currency)
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.of(1))
    }
}

/// Not a price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no price; write an amount and a currency, like \"0.09 EUR\"")]
pub struct PriceError(String);

impl FromStr for Price {
    type Err = PriceError;

    fn from_str(text: &str) -> Result<Self, PriceError> {
        read(text).ok_or_else(|| PriceError(text.to_owned()))
    }
}

fn read(text: &str) -> Option<Price> {
    let (amount, currency) = text.trim().split_once(char::is_whitespace)?;
    let currency = currency.trim();
    let is_name = |c: char| !c.is_control() && !c.is_whitespace() && !c.is_ascii_digit();
    if currency.is_empty() || currency.chars().count() > LONGEST || !currency.chars().all(is_name) {
        return None;
    }
    let (whole, fraction) = amount.split_once(['.', ',']).unwrap_or((amount, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    if !are_digits(whole) || whole.len() > 9 || !are_digits(fraction) || fraction.len() > PLACES {
        return None;
    }
    let fraction: u64 = format!("{fraction:0<PLACES$}").parse().ok()?;
    let ten_thousandths = whole.parse::<u64>().ok()?.checked_mul(WHOLE)?;
    Some(Price {
        ten_thousandths: ten_thousandths.checked_add(fraction)?,
        currency: currency.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices() {
        let cases = [
            ("0.09 EUR", 1, Some("0.09 EUR")),
            ("0.09 EUR", 5, Some("0.45 EUR")),
            ("0,09 €", 12, Some("1.08 €")),
            ("0.0075 USD", 1, Some("0.0075 USD")),
            ("0.0075 USD", 4, Some("0.03 USD")),
            ("2 PKR", 7, Some("14.00 PKR")),
            (
                "999999999.9999 X",
                u32::MAX,
                Some("4294967294999570503.2705 X"),
            ),
            ("0.09", 1, None),
            ("EUR 0.09", 1, None),
            ("-1 EUR", 1, None),
            ("0.00001 EUR", 1, None),
            ("1. EUR", 1, None),
            (".5 EUR", 1, None),
            ("1e3 EUR", 1, None),
            ("9999999999 EUR", 1, None),
            ("1 two words", 1, None),
            ("", 1, None),
        ];
        for (text, parts, expected) in cases {
            let price = text.parse::<Price>().ok().map(|price| price.of(parts));
            assert_eq!(price.as_deref(), expected, "{text} x {parts}");
        }
    }
}
