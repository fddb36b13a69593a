//! The SIM's PIN, and the leave to enter it.

use std::fmt;
use std::future::Future;
use std::pin::Pin as Pinned;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

use crate::redacted::Redacted;

/// A PIN: 4 to 8 digits. Shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(Redacted);

impl Pin {
    /// The digits, for the one command that takes them.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

impl FromStr for Pin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let plain = text.bytes().all(|digit| digit.is_ascii_digit());
        if plain && (4..=8).contains(&text.len()) {
            Ok(Self(Redacted::new(text)))
        } else {
            Err(PinError)
        }
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pin(..)")
    }
}

/// A PIN that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the PIN must be 4 to 8 digits")]
pub struct PinError;

/// A PIN and the leave to enter it.
#[derive(Clone)]
pub struct PinEntry {
    /// The PIN.
    pub pin: Pin,
    /// Asked before each attempt.
    pub gate: PinGate,
}

impl fmt::Debug for PinEntry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PinEntry(..)")
    }
}

/// Commits an attempt durably before it is made and says whether it may be made: a program that is started again and
/// again must not use up the tries. A gate that takes over 60 s has refused.
pub type PinGate =
    Arc<dyn Fn(PinAttempt) -> Pinned<Box<dyn Future<Output = PinDecision> + Send>> + Send + Sync>;

/// One attempt that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinAttempt {
    /// The card; `None` if the modem does not tell before the PIN.
    pub iccid: Option<Redacted>,
    /// Tries left by the modem's own word; `None` if it does not tell. Fewer than 3 are never risked.
    pub tries_left: Option<u8>,
}

/// The gate's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinDecision {
    /// The attempt is committed: enter the PIN.
    Enter,
    /// Leave the SIM alone: this PIN failed on this card before, or the attempt could not be committed.
    Refuse,
}

#[cfg(test)]
mod tests {
    use super::Pin;

    #[test]
    fn a_pin_is_checked_and_never_shown() {
        assert_eq!(
            "1234\n".parse::<Pin>().map(|pin| format!("{pin:?}")),
            Ok("Pin(..)".to_owned())
        );
        for text in ["", "123", "123456789", "12a4", "1234\r5"] {
            assert!(text.parse::<Pin>().is_err(), "{text:?}");
        }
    }
}
