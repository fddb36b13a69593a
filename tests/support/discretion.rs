//! What must stand in no log above trace: whatever a test has people write, whom they write to, and every secret.
//!
//! The test's own ways to speak note it here; a bridge that is stopped is searched for all of it.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Shorter texts may be words of the log's own.
const TEXT: usize = 12;

/// The simulated modem's identities, and what stands in every configuration of these tests.
const ALWAYS: &[&str] = &[
    "for-tests-only",
    "for tests only",
    // A Matrix access token of Synapse's.
    "syt_",
    // IMSI and ICCID.
    "001010123456789",
    "8901001012345678905",
];

static NOTED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Somebody wrote this, or it is somebody's number.
pub(crate) fn note(said: &str) {
    let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    for word in said.split_whitespace() {
        let digits: String = word.chars().filter(char::is_ascii_digit).collect();
        if digits.len() >= 7 {
            noted.insert(digits);
        }
    }
    // Of a command what is sent by it.
    let text = match said.strip_prefix(['/', '!']) {
        Some(command) => command.splitn(3, ' ').nth(2).unwrap_or_default(),
        None => said,
    };
    if text.chars().count() >= TEXT {
        noted.insert(text.to_owned());
    }
}

/// The lines of a log that hold something of it.
pub(crate) fn indiscreet(log: &str) -> Vec<String> {
    let noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    let words: Vec<&str> = noted
        .iter()
        .map(String::as_str)
        .chain(ALWAYS.iter().copied())
        .collect();
    log.lines()
        .filter(|line| words.iter().any(|word| line.contains(word)))
        .map(str::to_owned)
        .collect()
}
