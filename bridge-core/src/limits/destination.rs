//! Where a message goes, as far as its price is concerned.

use phonenumber::Type;
use phonenumber::metadata::DATABASE;

use crate::address::{Address, Country};

/// Where a message goes, as far as its price is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// An ordinary number of the line's own country.
    Home,
    /// A number of another country: two letters, or its country code where it belongs to none.
    Abroad(String),
    /// A number of a country, where that of the line is not known.
    Somewhere(String),
    /// Too short for a phone number, or of a country that nobody knows.
    ShortCode(String),
    /// A number that costs more than others.
    Premium(String),
}

impl Reach {
    /// Of a message to `address` from a line that is at home in `home`.
    pub(crate) fn of(address: &Address, home: Option<Country>) -> Self {
        let number = match address {
            Address::Number(number) => number,
            Address::Local(code) | Address::Name(code) => return Self::ShortCode(code.clone()),
        };
        let Ok(parsed) = phonenumber::parse(None, number) else {
            return Self::Abroad(number.clone());
        };
        if matches!(
            parsed.number_type(&DATABASE),
            Type::PremiumRate | Type::SharedCost
        ) {
            return Self::Premium(number.clone());
        }
        let country = parsed.country();
        match (country.id().map(Country::of), home) {
            (Some(there), Some(home)) if there == home => Self::Home,
            (Some(there), Some(_)) => Self::Abroad(there.code().to_owned()),
            (Some(there), None) => Self::Somewhere(there.code().to_owned()),
            (None, _) => Self::Abroad(format!("+{}", country.code())),
        }
    }

    /// What is remembered when an owner agrees. `None`: nobody has to.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::Home => None,
            Self::Abroad(key)
            | Self::Somewhere(key)
            | Self::ShortCode(key)
            | Self::Premium(key) => Some(key),
        }
    }

    /// Why an owner is asked.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Home => String::new(),
            Self::Abroad(country) => format!(
                "It goes to another country ({country}), which may cost more; this SIM has not texted there before."
            ),
            Self::Somewhere(country) => format!(
                "It goes to {country}; this SIM has not texted there before, and I don't know which country is its own \
                 (country in the configuration says so)."
            ),
            Self::ShortCode(code) => format!(
                "{code} is a short code, which may cost more; this SIM has not texted it before."
            ),
            Self::Premium(number) => format!("{number} is a number that costs more than others."),
        }
    }
}
