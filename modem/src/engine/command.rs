//! One command: what is written, what belongs to its answer, and how long it may take.

use std::fmt;
use std::time::Duration;

/// Usual commands.
pub(super) const SHORT: Duration = Duration::from_secs(5);
/// `+CFUN`, `+CPIN=`, `+CPMS=` on a slow card.
pub(super) const CARD: Duration = Duration::from_secs(15);
/// `+CMGL`
pub(super) const LISTING: Duration = Duration::from_secs(20);
/// `+COPS`: the network is looked for.
pub(super) const NETWORK: Duration = Duration::from_secs(120);
/// From `+CMGS` to the prompt.
pub(super) const PROMPT: Duration = Duration::from_secs(10);
/// From Ctrl-Z to the result of a send.
pub(super) const RESULT: Duration = Duration::from_secs(120);
/// For a result after that time.
pub(super) const LATE_RESULT: Duration = Duration::from_secs(30);

/// A command and how its answer is recognised.
#[derive(Clone)]
pub(super) struct Command {
    /// Without the carriage return.
    pub(super) text: String,
    pub(super) answer: AnswerLines,
    pub(super) limit: Duration,
    /// What is written at the prompt, before Ctrl-Z.
    pub(super) payload: Option<String>,
    /// Whether a message leaves, and with which byte.
    pub(super) leaves: Leaves,
}

/// When a message may have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaves {
    /// Nothing is sent by this command.
    Never,
    /// With the line itself (`+CMSS`).
    WithLine,
    /// With the Ctrl-Z after the payload (`+CMGS`).
    WithPayload,
}

/// Which lines belong to the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerLines {
    /// None: the final result says all.
    None,
    /// Those with this code.
    Coded(&'static str),
    /// Those with this code, each followed by a line with a PDU.
    CodedThenPdu(&'static str),
    /// Any text that is not unsolicited, and lines with one of these codes.
    Text(&'static [&'static str]),
}

impl fmt::Debug for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Command({})", self.shown())
    }
}

impl Command {
    /// A usual command.
    pub(super) fn new(text: impl Into<String>, answer: AnswerLines) -> Self {
        Self {
            text: text.into(),
            answer,
            limit: SHORT,
            payload: None,
            leaves: Leaves::Never,
        }
    }

    pub(super) fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    pub(super) fn with_payload(mut self, payload: String) -> Self {
        self.payload = Some(payload);
        self.limit = PROMPT;
        self
    }

    pub(super) fn leaving(mut self, leaves: Leaves) -> Self {
        self.leaves = leaves;
        self
    }

    /// The command without its arguments, for logs: they may be a number, a code or a PIN.
    pub(super) fn shown(&self) -> &str {
        match self.text.split_once('=') {
            Some((name, "?")) => self.text.get(..name.len() + 2).unwrap_or(name),
            Some((name, _)) => name,
            None if self.text.starts_with('\u{1b}') => "ESC",
            None => &self.text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AnswerLines, Command};

    #[test]
    fn a_log_shows_no_argument() {
        let check = |text: &str, expected: &str| {
            assert_eq!(Command::new(text, AnswerLines::None).shown(), expected);
        };
        check("AT+CPIN=\"1234\"", "AT+CPIN");
        check("AT+CPMS=?", "AT+CPMS=?");
        check("AT+CPIN?", "AT+CPIN?");
        check("\u{1b}", "ESC");
    }
}
