//! The two errors at the edge of this crate: what became of a send, and why another command failed.
//!
//! | what happened | [`SendError`] |
//! |---|---|
//! | anything before Ctrl-Z (or before the line of `+CMSS`) | `Retry` |
//! | `+CMS ERROR` 42, 47, 300 to 331 | `Retry` |
//! | `+CMS ERROR` 1 to 255 except 42, 47, 127 | `Reject` |
//! | `+CMS ERROR` 0, 127, 256 to 299, 332 and above | `Unknown` |
//! | bare `ERROR`, `+CME ERROR`, `OK` without a reference, no answer, the port gone | `Unknown` |
//!
//! **Invariant:** when in doubt whether the network has the message, the answer is `Unknown`.

use thiserror::Error;

use crate::cause::{Cause, ModemError};

/// What the caller can do after a send that gave no reference.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SendError {
    /// Nothing left: send the same bytes again later.
    #[error("not sent, to be tried again: {cause}")]
    Retry {
        /// Why.
        cause: Cause,
    },
    /// The network refused this message: trying again by itself would not help.
    #[error("not sent: {cause}")]
    Reject {
        /// Why; [`Cause::offers_another_try`] says whether a person may well try again.
        cause: Cause,
    },
    /// It may have left: never send it again unless a person asks.
    #[error("it cannot be told whether this left: {cause}")]
    Unknown {
        /// What was missing.
        cause: Cause,
    },
}

impl SendError {
    /// The reason, whatever follows from it.
    #[must_use]
    pub fn cause(&self) -> &Cause {
        match self {
            Self::Retry { cause } | Self::Reject { cause } | Self::Unknown { cause } => cause,
        }
    }

    /// Sorts a final result that came after Ctrl-Z: the table above.
    #[must_use]
    pub fn after_leaving(error: ModemError) -> Self {
        let cause = Cause::Refused(error);
        match error {
            ModemError::Cms(42 | 47 | 300..=331) => Self::Retry { cause },
            ModemError::Cms(0 | 127) => Self::Unknown { cause },
            ModemError::Cms(1..=255) => Self::Reject { cause },
            ModemError::Cms(_)
            | ModemError::Cme(_)
            | ModemError::Plain
            | ModemError::NotSupported => Self::Unknown { cause },
        }
    }
}

/// Why a command other than a send gave nothing. All of these may be asked again.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommandError {
    /// The line was not ready; the text says in plain words what it is doing.
    #[error("the line is not ready: {0}")]
    LineDown(String),
    /// The program is stopping.
    #[error("the program was stopping")]
    Stopped,
    /// The port went away in the middle: it is not known whether the command took effect.
    #[error("the modem went away")]
    PortLost,
    /// No answer came in time: it is not known whether the command took effect.
    #[error("the modem did not answer in time")]
    NoAnswer,
    /// The modem refused.
    #[error("{0}")]
    Refused(ModemError),
    /// The answer was not what the command promises.
    #[error("the modem's answer to {command} makes no sense")]
    Unreadable {
        /// The command without its arguments.
        command: &'static str,
    },
    /// What was asked for cannot be put into a command. The text says what is wrong.
    #[error("{0}")]
    Unusable(&'static str),
}

impl CommandError {
    /// Whether the modem cannot do this at all, so that asking again is of no use: it does not know the command, does not
    /// allow or does not support it. A bare `ERROR` counts: it is what most say of a command that they do not know.
    #[must_use]
    pub fn means_unsupported(&self) -> bool {
        match self {
            Self::Refused(error) => matches!(
                error,
                ModemError::Plain
                    | ModemError::NotSupported
                    | ModemError::Cms(302 | 303)
                    | ModemError::Cme(3 | 4)
            ),
            Self::LineDown(_)
            | Self::Stopped
            | Self::PortLost
            | Self::NoAnswer
            | Self::Unreadable { .. }
            | Self::Unusable(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CommandError, SendError};
    use crate::cause::ModemError;

    fn sort(error: ModemError) -> &'static str {
        match SendError::after_leaving(error) {
            SendError::Retry { .. } => "retry",
            SendError::Reject { .. } => "reject",
            SendError::Unknown { .. } => "unknown",
        }
    }

    /// The lists are DESIGN.md's; every code that it does not name must not be taken for "nothing left". Spelled out by
    /// ranges, so that a class that grows at either end is noticed.
    #[test]
    fn results_after_leaving_are_sorted_as_the_table_says() {
        let classes = [
            (0..=0, "unknown"),
            (1..=41, "reject"),
            (42..=42, "retry"),
            (43..=46, "reject"),
            (47..=47, "retry"),
            (48..=126, "reject"),
            (127..=127, "unknown"),
            (128..=255, "reject"),
            (256..=299, "unknown"),
            (300..=331, "retry"),
            (332..=u16::MAX, "unknown"),
        ];
        let mut next = 0_u32;
        for (codes, expected) in classes {
            assert_eq!(
                u32::from(*codes.start()),
                next,
                "no gap between the classes"
            );
            next = u32::from(*codes.end()) + 1;
            for code in codes {
                assert_eq!(sort(ModemError::Cms(code)), expected, "+CMS ERROR: {code}");
            }
        }
        assert_eq!(next, 65_536);
        for code in 0..=u16::MAX {
            assert_eq!(sort(ModemError::Cme(code)), "unknown", "+CME ERROR: {code}");
        }
        assert_eq!(sort(ModemError::Plain), "unknown");
        assert_eq!(sort(ModemError::NotSupported), "unknown");
    }

    #[test]
    fn what_a_modem_cannot_do_is_told_from_what_it_cannot_do_now() {
        let check = |error: ModemError, expected: bool| {
            assert_eq!(
                CommandError::Refused(error).means_unsupported(),
                expected,
                "{error}"
            );
        };
        check(ModemError::Plain, true);
        check(ModemError::NotSupported, true);
        check(ModemError::Cms(303), true);
        check(ModemError::Cme(4), true);
        check(ModemError::Cms(322), false);
        check(ModemError::Cms(314), false);
        assert!(!CommandError::NoAnswer.means_unsupported());
    }

    #[test]
    fn errors_say_what_can_be_done() {
        let text = SendError::after_leaving(ModemError::Cms(38)).to_string();
        assert_eq!(
            text,
            "not sent: the network is out of order, probably for longer: try again later (+CMS ERROR: 38)"
        );
        let text = SendError::after_leaving(ModemError::Plain).to_string();
        assert_eq!(
            text,
            "it cannot be told whether this left: the modem said ERROR and no reason"
        );
    }
}
