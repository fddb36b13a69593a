//! TP-ST: what became of a message, as the service centre reports it (3GPP TS 23.040 §9.2.3.15).
//!
//! | value | block |
//! |---|---|
//! | 00–1F | the transaction is completed |
//! | 20–3F | temporary error, the service centre is still trying |
//! | 40–5F | permanent error, no more attempts |
//! | 60–7F | temporary error, no more attempts |
//! | 80–FF | reserved |
//!
//! Reserved values are to be read as "service rejected" (63) and kept as received, so says the standard.

use std::fmt;

/// The status octet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u8);

/// What a status means for the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The recipient's phone has it.
    Delivered,
    /// The service centre is done with it and does not say that it arrived: forwarded without confirmation, replaced by
    /// a later message, or a code of its own.
    Unconfirmed,
    /// Not there yet; another report follows.
    StillTrying,
    /// It will not arrive.
    Failed(Failure),
}

/// Why it will not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// Trying again would not help.
    Permanent,
    /// A passing obstacle that lasted for longer than the service centre was willing to try.
    GivenUp,
}

impl Status {
    /// What it means for the sender.
    pub fn outcome(self) -> Outcome {
        if self.is_reserved() {
            return Outcome::Failed(Failure::GivenUp);
        }
        match self.0 {
            0x00 => Outcome::Delivered,
            0x01..=0x1F => Outcome::Unconfirmed,
            0x20..=0x3F => Outcome::StillTrying,
            0x40..=0x5F => Outcome::Failed(Failure::Permanent),
            _ => Outcome::Failed(Failure::GivenUp),
        }
    }

    /// Whether no further report is to come.
    pub fn is_final(self) -> bool {
        self.outcome() != Outcome::StillTrying
    }

    /// Whether the standard reserves this value.
    pub fn is_reserved(self) -> bool {
        matches!(self.0, 0x03..=0x0F | 0x26..=0x2F | 0x4A..=0x4F | 0x66..=0x6F | 0x80..=0xFF)
    }

    /// The cause in plain words, to be shown behind the outcome.
    pub fn meaning(self) -> &'static str {
        match self.0 {
            0x00 => "received by the recipient's phone",
            0x01 => "handed on, but whether it arrived is not confirmed",
            0x02 => "replaced by a later message",
            0x10..=0x1F => "completed with a code of the network's own",
            0x20 | 0x60 => "the network is congested",
            0x21 | 0x61 => "the recipient's phone is busy",
            0x22 | 0x62 => "the recipient's phone does not respond",
            0x23 | 0x63 => "the network rejected the service",
            0x24 | 0x44 | 0x64 => "the requested quality of service is not available",
            0x25 | 0x65 => "an error in the recipient's phone",
            0x30..=0x3F | 0x50..=0x5F | 0x70..=0x7F => "an error with a code of the network's own",
            0x40 => "an error between the networks",
            0x41 => "the recipient's phone cannot take this kind of message",
            0x42 => "the recipient's phone refused it",
            0x43 => "the recipient cannot be reached at all (wrong number?)",
            0x45 => "the networks do not work together",
            0x46 => "its time ran out before the phone could be reached",
            0x47 => "deleted at the sender's request",
            0x48 => "deleted by the network's operator",
            0x49 => "the network no longer knows this message",
            _ => "a code that the standard reserves, to be read as rejected",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.outcome(), self.meaning())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Delivered => "delivered",
            Self::Unconfirmed => "delivery not confirmed",
            Self::StillTrying => "still trying",
            Self::Failed(Failure::Permanent) => "failed for good",
            Self::Failed(Failure::GivenUp) => "given up",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The blocks of §9.2.3.15, with their corners.
    #[test]
    fn every_block_has_its_outcome() {
        for (values, outcome) in [
            (0x00..=0x00, Outcome::Delivered),
            (0x01..=0x02, Outcome::Unconfirmed),
            (0x03..=0x0F, Outcome::Failed(Failure::GivenUp)),
            (0x10..=0x1F, Outcome::Unconfirmed),
            (0x20..=0x25, Outcome::StillTrying),
            (0x26..=0x2F, Outcome::Failed(Failure::GivenUp)),
            (0x30..=0x3F, Outcome::StillTrying),
            (0x40..=0x49, Outcome::Failed(Failure::Permanent)),
            (0x50..=0x5F, Outcome::Failed(Failure::Permanent)),
            (0x60..=0x7F, Outcome::Failed(Failure::GivenUp)),
            (0x80..=0xFF, Outcome::Failed(Failure::GivenUp)),
        ] {
            for value in values {
                assert_eq!(Status(value).outcome(), outcome, "{value:#04x}");
                assert!(!Status(value).meaning().is_empty());
            }
        }
    }

    #[test]
    fn the_words_are_plain() {
        assert_eq!(
            Status(0x00).to_string(),
            "delivered: received by the recipient's phone"
        );
        assert_eq!(
            Status(0x22).to_string(),
            "still trying: the recipient's phone does not respond"
        );
        assert_eq!(
            Status(0x46).to_string(),
            "failed for good: its time ran out before the phone could be reached"
        );
        assert_eq!(
            Status(0xAB).to_string(),
            "given up: a code that the standard reserves, to be read as rejected"
        );
    }
}
