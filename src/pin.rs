//! Leave to enter a SIM's PIN, committed before each attempt.
//!
//! A program that is started again and again must not use up the SIM's three tries. So an attempt is written down
//! durably before it is made, and only taken back once the line has come up. A PIN that is written down is not tried
//! again on the same card; another PIN is.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridge_core::LineName;
use modem::{Pin, PinAttempt, PinDecision, PinGate};
use tracing::{error, warn};

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
        let card = attempt.iccid.as_ref().map_or("", |iccid| iccid.reveal());
        let mark = mark(card, pin.reveal());
        match fs::read_to_string(&self.file) {
            Ok(last) if last.trim() == mark => return PinDecision::Refuse,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                error!(file = %self.file.display(), %error, "failed to read the last PIN attempt; the PIN is not tried");
                return PinDecision::Refuse;
            }
        }
        match self.commit(&mark) {
            Ok(()) => PinDecision::Enter,
            Err(error) => {
                error!(file = %self.file.display(), %error, "failed to write the PIN attempt down; the PIN is not tried");
                PinDecision::Refuse
            }
        }
    }

    fn commit(&self, mark: &str) -> io::Result<()> {
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&self.file)?;
        writeln!(file, "{mark}")?;
        file.sync_all()?;
        match self.file.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// Tells one card and PIN from another, the same in every build (FNV-1a, 64 bits). It hides neither: the file is for its
/// owner alone, as the PIN's own file is.
fn mark(card: &str, pin: &str) -> String {
    let octets = card.bytes().chain([0]).chain(pin.bytes());
    let hash = octets.fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use modem::Redacted;

    use super::*;

    #[test]
    fn a_pin_is_tried_once_on_a_card_until_it_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        let attempts = Attempts::new(folder.path(), &"home".parse().unwrap());
        let decide = |card: &str, pin: &str| {
            let attempt = PinAttempt {
                iccid: Some(Redacted::new(card)),
                tries_left: Some(3),
            };
            attempts.decide(&pin.parse().unwrap(), &attempt)
        };
        assert_eq!(decide("8901", "1234"), PinDecision::Enter);
        assert_eq!(decide("8901", "1234"), PinDecision::Refuse);
        assert_eq!(decide("8901", "4321"), PinDecision::Enter);
        assert_eq!(decide("8902", "4321"), PinDecision::Enter);
        assert_eq!(decide("8902", "4321"), PinDecision::Refuse);
        attempts.succeeded();
        attempts.succeeded();
        assert_eq!(decide("8902", "4321"), PinDecision::Enter);
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
