//! What is wrong with a configuration, one line each: what, where, and what to do.

use std::fmt;

/// One line of `sms-bridge check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) level: Level,
    /// Where and what, then what to do. One line, no full stop.
    pub(crate) words: String,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// As it should be.
    Fine,
    /// It works, but perhaps not as meant.
    Warning,
    /// The bridge does not start.
    Error,
}

impl Finding {
    pub(crate) fn error(words: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            words: words.into(),
        }
    }

    pub(crate) fn warning(words: impl Into<String>) -> Self {
        Self {
            level: Level::Warning,
            words: words.into(),
        }
    }

    pub(crate) fn fine(words: impl Into<String>) -> Self {
        Self {
            level: Level::Fine,
            words: words.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Fine => "ok",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        // A server's or the system's words may hold line ends; a finding is one line.
        let words = self.words.split_whitespace().collect::<Vec<_>>().join(" ");
        write!(f, "{level}: {words}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line() {
        let finding = Finding::error("a server said\n  no");
        assert_eq!(finding.to_string(), "error: a server said no");
        assert_eq!(Finding::fine("x").to_string(), "ok: x");
    }
}
