//! The serial line at a baud rate: ten bits for each byte, either way, in virtual time.
//!
//! Bytes are handed over in pieces of up to 16, as an interface would that wakes its reader for each piece; a piece is
//! through when its last byte is. Late calls cost nothing: each piece counts from the end of the one before.
//!
//! **Invariant:** no byte is through sooner than the rate allows, and none overtakes another.

use std::collections::VecDeque;
use std::time::Duration;

/// Bytes that are handed over together.
const PIECE: usize = 16;
/// A start bit, eight bits, a stop bit.
const BITS: u64 = 10;

#[derive(Debug, Default)]
pub(super) struct Wire {
    arriving: Way,
    leaving: Way,
}

/// One direction.
#[derive(Debug, Default)]
struct Way {
    bytes: VecDeque<u8>,
    /// When the first of `bytes` began, or when the last that went was through.
    since: Duration,
}

impl Way {
    fn put(&mut self, now: Duration, bytes: impl Iterator<Item = u8>) {
        if self.bytes.is_empty() {
            self.since = self.since.max(now);
        }
        self.bytes.extend(bytes);
    }

    /// When the next piece is through.
    fn next(&self, baud: Option<u32>) -> Option<Duration> {
        (!self.bytes.is_empty()).then(|| self.since + took(baud, self.bytes.len().min(PIECE)))
    }

    fn take(&mut self, baud: Option<u32>, now: Duration) -> Vec<u8> {
        let mut through = Vec::new();
        while let Some(at) = self.next(baud).filter(|at| *at <= now) {
            let piece = self.bytes.len().min(PIECE);
            through.extend(self.bytes.drain(..piece));
            self.since = at;
        }
        through
    }
}

/// How long that many bytes take.
fn took(baud: Option<u32>, bytes: usize) -> Duration {
    let Some(baud) = baud else {
        return Duration::ZERO;
    };
    let bits = u64::try_from(bytes)
        .unwrap_or(u64::MAX)
        .saturating_mul(BITS);
    Duration::from_nanos(bits.saturating_mul(1_000_000_000) / u64::from(baud.max(1)))
}

impl Wire {
    pub(super) fn arriving(&self) -> usize {
        self.arriving.bytes.len()
    }

    pub(super) fn leaving(&self) -> usize {
        self.leaving.bytes.len()
    }

    /// Bytes from the client set out.
    pub(super) fn arrive(&mut self, now: Duration, bytes: impl Iterator<Item = u8>) {
        self.arriving.put(now, bytes);
    }

    /// Bytes for the client set out.
    pub(super) fn leave(&mut self, now: Duration, bytes: &[u8]) {
        self.leaving.put(now, bytes.iter().copied());
    }

    /// What came from the client up to now.
    pub(super) fn arrived(&mut self, baud: Option<u32>, now: Duration) -> Vec<u8> {
        self.arriving.take(baud, now)
    }

    /// What reached the client up to now.
    pub(super) fn left(&mut self, baud: Option<u32>, now: Duration) -> Vec<u8> {
        self.leaving.take(baud, now)
    }

    /// When the next piece is through, either way.
    pub(super) fn next(&self, baud: Option<u32>) -> Option<Duration> {
        let ways = [self.arriving.next(baud), self.leaving.next(baud)];
        ways.into_iter().flatten().min()
    }

    pub(super) fn clear(&mut self) {
        self.arriving.bytes.clear();
        self.leaving.bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_as_fast_as_its_rate() {
        let mut wire = Wire::default();
        let baud = Some(9_600);
        let start = Duration::from_secs(5);
        wire.leave(start, &[b'x'; 960]);
        assert_eq!(wire.left(baud, start), b"");
        let mut now = start;
        let mut read = 0;
        while let Some(at) = wire.next(baud) {
            now = at;
            read += wire.left(baud, now).len();
        }
        assert_eq!(read, 960);
        let took = now - start;
        let second = Duration::from_secs(1);
        assert!(
            took <= second && second - took < Duration::from_micros(1),
            "{took:?}"
        );
        // Called late, it has lost nothing.
        wire.arrive(now, std::iter::repeat_n(b'y', 96));
        assert_eq!(
            wire.arrived(baud, now + Duration::from_millis(100)).len(),
            96
        );
        assert_eq!(wire.next(baud), None);
    }
}
