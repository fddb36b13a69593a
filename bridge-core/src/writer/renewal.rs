//! The database, closed and opened again: when it failed, and now and then while nothing else goes on.
//!
//! A start reads all that the database wrote since it was opened last, and only then notes where everything stands. After a
//! year without a start that would be gigabytes. So it is opened anew every so often: a start has little to read.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, error};

use crate::crash::point;
use crate::store::{Look, Store, StoreError};
use crate::writer::Writer;

/// Octets of records; the database writes two to three times as much, and a start reads that.
const AFTER: usize = 16 * 1024 * 1024;
/// Nobody asked for anything for so long.
const QUIET: Duration = Duration::from_secs(5);
/// Where it is never quiet, it is done after so many times as much.
const AT_LATEST: usize = 8;

#[derive(Debug)]
pub(super) struct Renewal {
    /// Octets of records committed since the database was opened.
    written: usize,
    /// When somebody asked for something last.
    asked: Instant,
    /// After how many octets.
    pub(super) after: usize,
}

impl Renewal {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            written: 0,
            asked: now,
            after: AFTER,
        }
    }

    pub(super) fn disturbed(&mut self, now: Instant) {
        self.asked = now;
    }

    pub(super) fn wrote(&mut self, octets: usize) {
        self.written = self.written.saturating_add(octets);
    }

    /// When it is time. `None`: not yet.
    pub(super) fn due(&self) -> Option<Instant> {
        if self.written >= self.after.saturating_mul(AT_LATEST) {
            return Some(self.asked);
        }
        (self.written >= self.after).then(|| self.asked + QUIET)
    }

    /// The database was opened.
    pub(super) fn done(&mut self) {
        self.written = 0;
    }
}

impl Writer {
    /// When the database is to be opened anew. `None`: not yet, or not while somebody reads it.
    pub(super) fn renewal_due(&self) -> Option<Instant> {
        self.renewal.due().filter(|_| !self.exports.is_running())
    }

    /// Closes the database and opens it again, so that the next start has little to read.
    pub(super) async fn renew(&mut self) {
        if !self.space.has_plenty_besides(0) {
            // Opening it takes room, and it works as it is.
            self.renewal.done();
            return;
        }
        debug!("the database is opened anew");
        self.reopen_after(Duration::ZERO).await;
    }

    /// Closes the database and opens it until that works: what is in it is what counts.
    pub(super) async fn reopen(&mut self) {
        self.reopen_after(Duration::from_secs(1)).await;
    }

    async fn reopen_after(&mut self, mut wait: Duration) {
        self.renewal.done();
        self.exports.give_up(Instant::now());
        loop {
            self.store = None;
            if wait > Duration::ZERO {
                tokio::time::sleep(wait).await;
            }
            wait = (wait * 2).clamp(Duration::from_secs(1), Duration::from_secs(60));
            point("writer: database closed");
            if let Err(error) = self.space.check_opening() {
                error!(%error, retry_in = ?wait, "the store waits for room");
                continue;
            }
            let (path, now) = (self.path.clone(), self.core.settings.clock.now());
            let look = self.look;
            let opened =
                tokio::task::spawn_blocking(move || Store::open_or_replace(&path, now, look)).await;
            let failed = match opened {
                Ok(Ok(store)) => {
                    self.store = Some(store);
                    match self.take_up() {
                        Ok(()) => {
                            self.look = Look::Usual;
                            return;
                        }
                        Err(error) => {
                            if matches!(error, StoreError::Damaged { .. }) {
                                self.look = Look::Whole;
                            }
                            error.to_string()
                        }
                    }
                }
                Ok(Err(error)) => error.to_string(),
                Err(error) => error.to_string(),
            };
            error!(error = %failed, retry_in = ?wait, "the store cannot be opened");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_for_a_quiet_moment_but_not_for_ever() {
        let start = Instant::now();
        let mut renewal = Renewal::new(start);
        renewal.wrote(AFTER - 1);
        assert_eq!(renewal.due(), None);
        renewal.wrote(1);
        assert_eq!(renewal.due(), Some(start + QUIET));
        let later = start + QUIET;
        renewal.disturbed(later);
        assert_eq!(renewal.due(), Some(later + QUIET));
        renewal.wrote(AFTER * (AT_LATEST - 1));
        assert_eq!(renewal.due(), Some(later), "at once");
        renewal.done();
        assert_eq!(renewal.due(), None);
    }
}
