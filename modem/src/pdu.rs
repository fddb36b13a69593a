//! What the modem said of one message: hexadecimal text, passed through unparsed.
//!
//! The only thing looked at is the first octet after the service centre, as a hint for the log and for routing.

use std::fmt;

/// A message as the modem wrote it: service centre address, then TPDU, in hexadecimal, possibly with rubbish after it.
///
/// Kept as text so that what cannot be decoded is not lost. Shown by its length, since it holds a number and a text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RawPdu(String);

impl RawPdu {
    /// Takes the text as it was received, without its line end.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it was received.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether two readings are of the same message: letter case and what follows the hexadecimal digits do not count.
    #[must_use]
    pub fn same_message(&self, other: &Self) -> bool {
        self.digits().eq(other.digits())
    }

    /// What the first octet after the service centre says (TP-MTI, 3GPP TS 23.040 §9.2.3.1).
    #[must_use]
    pub fn kind(&self) -> Kind {
        let octet = |index: usize| -> Option<u8> {
            let digits: String = self.digits().skip(index.checked_mul(2)?).take(2).collect();
            (digits.len() == 2)
                .then(|| u8::from_str_radix(&digits, 16).ok())
                .flatten()
        };
        let first = octet(0).and_then(|service_centre| octet(usize::from(service_centre) + 1));
        match first.map(|octet| octet & 0b11) {
            Some(0b00) => Kind::Message,
            Some(0b10) => Kind::StatusReport,
            Some(_) | None => Kind::Unclear,
        }
    }

    fn digits(&self) -> impl Iterator<Item = char> + '_ {
        let text = self.0.trim_start_matches(['"', ' ']);
        text.chars()
            .take_while(char::is_ascii_hexdigit)
            .map(|digit| digit.to_ascii_uppercase())
    }
}

impl fmt::Debug for RawPdu {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RawPdu([{} characters])", self.0.chars().count())
    }
}

/// What a received PDU seems to be. A hint: whoever decodes it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// SMS-DELIVER: someone wrote.
    Message,
    /// SMS-STATUS-REPORT: what became of something that we sent.
    StatusReport,
    /// Neither, or too short to tell.
    Unclear,
}

#[cfg(test)]
mod tests {
    use super::{Kind, RawPdu};

    /// Fixtures written by hand from 3GPP TS 23.040 §9.2.2.
    #[test]
    fn the_kind_is_read_after_the_service_centre() {
        let check =
            |text: &str, expected: Kind| assert_eq!(RawPdu::new(text).kind(), expected, "{text}");
        check("07912143658709F1040B9112025550100F0", Kind::Message);
        check("0006010B911202555010F0", Kind::StatusReport);
        check("0004", Kind::Message);
        check("0001", Kind::Unclear);
        check("", Kind::Unclear);
        check("FF04", Kind::Unclear);
        check("zz", Kind::Unclear);
    }

    #[test]
    fn letter_case_and_rubbish_at_the_end_make_no_other_message() {
        let stored = RawPdu::new("0004AB12");
        assert!(stored.same_message(&RawPdu::new("0004ab12\"")));
        assert!(!stored.same_message(&RawPdu::new("0004AB13")));
        assert!(!stored.same_message(&RawPdu::new("0004AB12FF")));
    }

    #[test]
    fn debug_shows_no_digit_of_it() {
        assert_eq!(
            format!("{:?}", RawPdu::new("0004AB12")),
            "RawPdu([8 characters])"
        );
    }
}
