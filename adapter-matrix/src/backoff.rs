//! How long to wait after a failure: twice as long each time, to a minute.

use std::time::Duration;

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after one more failure; at least what the server `asked` for.
    pub(crate) fn next_wait(&mut self, asked: Option<Duration>) -> Duration {
        let factor = 2_u32.saturating_pow(self.failures.min(10));
        self.failures = self.failures.saturating_add(1);
        SHORTEST
            .saturating_mul(factor)
            .min(LONGEST)
            .max(asked.unwrap_or_default())
    }

    /// Something worked.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_to_a_minute_and_starts_over() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..8).map(|_| backoff.next_wait(None).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(
            backoff.next_wait(Some(Duration::from_secs(600))).as_secs(),
            600
        );
        backoff.reset();
        assert_eq!(backoff.next_wait(None).as_secs(), 1);
    }
}
