//! Keeps numbers, texts and identities out of logs: `Debug` and `Display` say how long the value is and nothing else.

use std::fmt;

/// A value that is personal: shown by its length, whatever the formatter.
///
/// The value itself goes to logs at trace level only, by [`Redacted::reveal`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Redacted(String);

impl Redacted {
    /// Wraps a personal value.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself: for what is done with it, never for a log above trace.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Redacted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "[{} characters]", self.0.chars().count())
    }
}

impl fmt::Display for Redacted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::Redacted;

    #[test]
    fn neither_formatter_shows_the_value() {
        let imsi = Redacted::new("310150123456789");
        assert_eq!(
            format!("{imsi:?} {imsi}"),
            "[15 characters] [15 characters]"
        );
        assert_eq!(imsi.reveal(), "310150123456789");
    }
}
