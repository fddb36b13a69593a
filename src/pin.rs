//! Leave to enter a SIM's PIN, committed before each attempt.
//!
//! A program that is started again and again must not use up the SIM's three tries. So an attempt is written down
//! durably before it is made, and only taken back once the line has come up. A PIN that is written down is not tried
//! again on the same card; another PIN is. A program that was ended between writing down and trying would lock a right
//! PIN out, so a second attempt is made where the modem says that no try was used up, and no third whatever it says.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridge_core::LineName;
use modem::{Pin, PinAttempt, PinDecision, PinGate};
use tracing::{error, warn};

/// Tries of a PIN that was not entered wrongly (3GPP TS 31.101 leaves the number to the card; 3 is usual).
const ALL_TRIES: u8 = 3;
/// Attempts with one PIN on one card, by the modem's word that none was used up. Should it be wrong, one is left.
const MOST_ATTEMPTS: u32 = 2;

/// The attempts of one line, in a file of the data folder.
#[derive(Clone, Debug)]
pub(crate) struct Attempts {
    file: PathBuf,
}

impl Attempts {
    pub(crate) fn new(data_dir: &Path, line: &LineName) -> Self {
        Self {
            file: data_dir.join(format!("pin-attempt-{line}")),
        }
    }

    /// Asked by the modem before each attempt with `pin`.
    pub(crate) fn gate(&self, pin: &Pin) -> PinGate {
        let (attempts, pin) = (self.clone(), pin.clone());
        Arc::new(move |attempt| {
            let (attempts, pin) = (attempts.clone(), pin.clone());
            Box::pin(async move {
                let decided =
                    tokio::task::spawn_blocking(move || attempts.decide(&pin, &attempt)).await;
                decided.unwrap_or(PinDecision::Refuse)
            })
        })
    }

    /// The line came up: the PIN was right.
    pub(crate) fn succeeded(&self) {
        match fs::remove_file(&self.file) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                warn!(file = %self.file.display(), %error, "failed to take back a PIN attempt; remove the file by hand");
            }
        }
    }

    fn decide(&self, pin: &Pin, attempt: &PinAttempt) -> PinDecision {
        let next = Record {
            pin: hash(pin.reveal()),
            card: attempt.iccid.as_ref().map(|iccid| hash(iccid.reveal())),
            attempts: 1,
        };
        let record = match fs::read_to_string(&self.file) {
            Ok(last) => next.after(Record::parse(&last)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => next,
            Err(error) => {
                error!(file = %self.file.display(), %error, "failed to read the last PIN attempt; the PIN is not tried");
                return PinDecision::Refuse;
            }
        };
        let untouched = attempt.tries_left.is_some_and(|left| left >= ALL_TRIES);
        if record.attempts > 1 && !(untouched && record.attempts <= MOST_ATTEMPTS) {
            error!(
                file = %self.file.display(),
                "the PIN was tried before and the SIM did not become ready; correct pin_file, or remove this file to have \
                 the same PIN tried again"
            );
            return PinDecision::Refuse;
        }
        match self.commit(&record) {
            Ok(()) => PinDecision::Enter,
            Err(error) => {
                error!(file = %self.file.display(), %error, "failed to write the PIN attempt down; the PIN is not tried");
                PinDecision::Refuse
            }
        }
    }

    fn commit(&self, record: &Record) -> io::Result<()> {
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&self.file)?;
        writeln!(file, "{record}")?;
        file.sync_all()?;
        match self.file.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// What is written down: the PIN and the card, each by its hash, and how often they were brought together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Record {
    pin: u64,
    /// `None`: the card did not tell its number before the PIN. It counts as the same card then.
    card: Option<u64>,
    attempts: u32,
}

impl Record {
    /// `None` for what this version did not write.
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let pin = u64::from_str_radix(words.next()?, 16).ok()?;
        let card = match words.next()? {
            "-" => None,
            card => Some(u64::from_str_radix(card, 16).ok()?),
        };
        let attempts = words.next()?.parse().ok()?;
        Some(Self {
            pin,
            card,
            attempts,
        })
    }

    /// This attempt behind the last one. One that cannot be read counts as an attempt with this PIN on this card.
    fn after(self, last: Option<Self>) -> Self {
        let last = last.unwrap_or(self);
        let other_card = matches!((self.card, last.card), (Some(card), Some(last)) if card != last);
        if last.pin != self.pin || other_card {
            return self;
        }
        Self {
            card: self.card.or(last.card),
            attempts: last.attempts.saturating_add(1),
            ..self
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x} ", self.pin)?;
        match self.card {
            Some(card) => write!(formatter, "{card:016x} ")?,
            None => write!(formatter, "- ")?,
        }
        write!(formatter, "{}", self.attempts)
    }
}

/// Tells one card or PIN from another, the same in every build (FNV-1a, 64 bits). It hides neither: the file is for its
/// owner alone, as the PIN's own file is.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use modem::Redacted;

    use super::*;

    /// Cards (empty: not readable), PINs and tries left in the order of the attempts, and whether each is made.
    fn check(deeds: &[(&str, &str, Option<u8>, PinDecision)]) {
        let folder = tempfile::tempdir().unwrap();
        let attempts = Attempts::new(folder.path(), &"home".parse().unwrap());
        for (place, (card, pin, tries_left, expected)) in deeds.iter().enumerate() {
            let attempt = PinAttempt {
                iccid: (!card.is_empty()).then(|| Redacted::new(*card)),
                tries_left: *tries_left,
            };
            let decided = attempts.decide(&pin.parse().unwrap(), &attempt);
            assert_eq!(decided, *expected, "{place} of {deeds:?}");
        }
    }

    #[test]
    fn a_pin_is_tried_once_on_a_card() {
        use PinDecision::{Enter, Refuse};
        check(&[
            ("8901", "1234", None, Enter),
            ("8901", "1234", None, Refuse),
            ("8901", "4321", None, Enter),
            ("8902", "4321", None, Enter),
            ("8902", "4321", None, Refuse),
        ]);
        // A card whose number cannot be read may be any card.
        check(&[
            ("", "1234", None, Enter),
            ("8901", "1234", None, Refuse),
            ("", "1234", None, Refuse),
        ]);
        check(&[
            ("8901", "1234", None, Enter),
            ("", "1234", None, Refuse),
            ("8901", "1234", None, Refuse),
        ]);
    }

    #[test]
    fn a_pin_that_cost_no_try_is_tried_once_more() {
        use PinDecision::{Enter, Refuse};
        check(&[
            ("8901", "1234", Some(3), Enter),
            ("", "1234", Some(2), Refuse),
            ("", "1234", Some(3), Enter),
            ("8901", "1234", Some(3), Refuse),
            ("8902", "1234", Some(3), Enter),
        ]);
    }

    #[test]
    fn a_pin_that_was_right_may_be_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let attempts = Attempts::new(folder.path(), &"home".parse().unwrap());
        let attempt = PinAttempt {
            iccid: None,
            tries_left: None,
        };
        let decide = || attempts.decide(&"1234".parse().unwrap(), &attempt);
        assert_eq!(
            (decide(), decide()),
            (PinDecision::Enter, PinDecision::Refuse)
        );
        attempts.succeeded();
        attempts.succeeded();
        assert_eq!(decide(), PinDecision::Enter);
    }

    #[test]
    fn a_record_is_written_and_read_alike_and_what_is_none_counts_as_an_attempt() {
        for (text, record) in [
            (
                "00000000000004d2 - 1",
                Some(Record {
                    pin: 1234,
                    card: None,
                    attempts: 1,
                }),
            ),
            (
                "00000000000004d2 0000000000000001 2",
                Some(Record {
                    pin: 1234,
                    card: Some(1),
                    attempts: 2,
                }),
            ),
            ("", None),
            ("00000000000004d2", None),
        ] {
            assert_eq!(Record::parse(text), record, "{text}");
            match record {
                Some(record) => assert_eq!(record.to_string(), text),
                None => {
                    let next = Record {
                        pin: 1,
                        card: None,
                        attempts: 1,
                    };
                    assert_eq!(next.after(record).attempts, 2, "{text}");
                }
            }
        }
    }

    #[test]
    fn an_attempt_that_cannot_be_written_down_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let attempts = Attempts::new(&folder.path().join("absent"), &"home".parse().unwrap());
        let attempt = PinAttempt {
            iccid: None,
            tries_left: None,
        };
        assert_eq!(
            attempts.decide(&"1234".parse().unwrap(), &attempt),
            PinDecision::Refuse
        );
    }
}
