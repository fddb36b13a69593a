//! A regular expression that anybody may write and no text can make slow.

use std::str::FromStr;

use regex::{Regex, RegexBuilder};

/// Octets of a compiled expression. `\w{200}` is refused, what people write is not.
const SIZE: usize = 256 * 1024;
/// Octets that matching may remember.
const MEMORY: usize = 1024 * 1024;

/// A regular expression in the words of crate `regex`, bounded in size. Matching takes time in proportion to the text.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Whether it is found anywhere in the text.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(written: &str) -> Result<Self, PatternError> {
        RegexBuilder::new(written)
            .size_limit(SIZE)
            .dfa_size_limit(MEMORY)
            .build()
            .map(Self)
            .map_err(|error| {
                if matches!(error, regex::Error::CompiledTooBig(_)) {
                    PatternError::TooLarge
                } else {
                    PatternError::Wrong(error.to_string())
                }
            })
    }
}

/// Why a regular expression is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It would need too much memory.
    #[error("this regular expression is too large: repeat less in it")]
    TooLarge,
    /// It is none.
    #[error("this is no regular expression: {0}")]
    Wrong(String),
}
