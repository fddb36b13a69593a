//! What went over a port, as a text that may be shown to strangers: the format, and a recorder that anonymises.
//!
//! A transcript is UTF-8 text with one record a line. Its first line is [`HEADER`]; lines that begin with `#` are
//! comments. A record is the seconds since the start with three decimals, a space, `>` (to the modem) or `<` (from the
//! modem), a space, and the bytes: printable ASCII as it is, `\r \n \t \\`, and `\xHH` for everything else.
//!
//! ```text
//! # sms-bridge modem transcript 1
//! 0.003 > AT+CSQ\r
//! 0.010 < \r\n+CSQ: 20,99\r\n
//! ```
//!
//! Neither a log nor exact to the byte: lines are held back until they are whole, because only a whole line can be
//! anonymised, and numbers, texts and identities are replaced by others of the same length. Replaying one gives what the
//! modem did, not what anybody wrote.
//!
//! **Invariants:** no bytes are written before they went through `anonymise`; what is not understood is replaced and
//! not kept; what is held back is bounded.

mod anonymise;
mod arguments;
mod mask;
mod numbers;
mod pdu;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use anonymise::{Anonymiser, Extent};

/// The first line of a transcript.
pub const HEADER: &str = "# sms-bridge modem transcript 1";

/// A line that stays half for so long is written as it is.
const HALF: Duration = Duration::from_secs(1);
/// A line that is longer is written in pieces. Longer than any PDU.
const LONGEST: usize = 4096;

/// Which way bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From us to the modem.
    ToModem,
    /// From the modem to us.
    FromModem,
}

/// Sees every byte that the driver of one line writes or reads, PIN and texts included. Must not block.
#[derive(Clone)]
pub struct Tap(Arc<See>);

type See = dyn Fn(Direction, &[u8]) + Send + Sync;

impl Tap {
    /// Calls this for every piece that is written or read.
    #[must_use]
    pub fn new(see: impl Fn(Direction, &[u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(see))
    }

    pub(crate) fn see(&self, direction: Direction, bytes: &[u8]) {
        (self.0)(direction, bytes);
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tap")
    }
}

/// Makes an anonymised transcript of what a [`Tap`] sees. Sans-I/O: bytes and the time in, lines of text out.
#[derive(Debug, Default)]
pub struct Recorder {
    anonymiser: Anonymiser,
    to_modem: Gathering,
    from_modem: Gathering,
    lines: VecDeque<String>,
}

/// What has come of a line.
#[derive(Debug, Default)]
struct Gathering {
    bytes: Vec<u8>,
    /// When the last byte came.
    at: Duration,
}

impl Recorder {
    /// A recorder that has seen nothing. The first line that it gives is [`HEADER`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            lines: VecDeque::from([HEADER.to_owned()]),
            ..Self::default()
        }
    }

    /// Takes bytes that went over the port `now` after the start.
    pub fn handle_bytes(&mut self, now: Duration, direction: Direction, bytes: &[u8]) {
        self.handle_timeout(now);
        if direction == Direction::ToModem && self.from_modem.waits_for_us() {
            self.write(Direction::FromModem, Extent::Whole);
        }
        for &byte in bytes {
            let gathering = self.gathering(direction);
            gathering.bytes.push(byte);
            gathering.at = now;
            if gathering.is_whole(direction, byte) {
                self.write(direction, Extent::Whole);
            } else if gathering.bytes.len() >= LONGEST {
                self.write(direction, Extent::Half);
            }
        }
        if direction == Direction::FromModem && self.from_modem.at_prompt() {
            self.write(direction, Extent::Whole);
        }
    }

    /// Writes what has been half for too long.
    pub fn handle_timeout(&mut self, now: Duration) {
        for direction in [Direction::FromModem, Direction::ToModem] {
            let gathering = self.gathering(direction);
            if !gathering.bytes.is_empty() && gathering.at + HALF <= now {
                self.write(direction, Extent::Half);
            }
        }
    }

    /// When [`Recorder::handle_timeout`] has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        let due = |gathering: &Gathering| {
            (!gathering.bytes.is_empty()).then(|| gathering.at.saturating_add(HALF))
        };
        [due(&self.from_modem), due(&self.to_modem)]
            .into_iter()
            .flatten()
            .min()
    }

    /// Writes what is half, because nothing more will come.
    pub fn finish(&mut self) {
        self.write(Direction::FromModem, Extent::Half);
        self.write(Direction::ToModem, Extent::Half);
    }

    /// The next line of the transcript, without its end.
    pub fn poll_line(&mut self) -> Option<String> {
        self.lines.pop_front()
    }

    fn gathering(&mut self, direction: Direction) -> &mut Gathering {
        match direction {
            Direction::ToModem => &mut self.to_modem,
            Direction::FromModem => &mut self.from_modem,
        }
    }

    fn write(&mut self, direction: Direction, extent: Extent) {
        let gathering = self.gathering(direction);
        let bytes = std::mem::take(&mut gathering.bytes);
        let at = gathering.at;
        if bytes.is_empty() {
            return;
        }
        let shown = self.anonymiser.replace(direction, &bytes, extent);
        self.lines.push_back(record(at, direction, &shown));
    }
}

impl Gathering {
    fn is_whole(&self, direction: Direction, last: u8) -> bool {
        match direction {
            Direction::ToModem => matches!(last, b'\r' | b'\n' | 0x1a | 0x1b),
            // What stands in front of an answer belongs to it.
            Direction::FromModem => last == b'\n' && !self.bytes.trim_ascii().is_empty(),
        }
    }

    fn at_prompt(&self) -> bool {
        self.bytes.trim_ascii_start() == b"> "
    }

    /// Whether the modem has said all and now it is our turn, though no line feed came.
    fn waits_for_us(&self) -> bool {
        self.bytes.last() == Some(&b'\r') || self.bytes.trim_ascii() == b">"
    }
}

fn record(at: Duration, direction: Direction, bytes: &[u8]) -> String {
    let arrow = match direction {
        Direction::ToModem => '>',
        Direction::FromModem => '<',
    };
    let mut line = format!("{}.{:03} {arrow} ", at.as_secs(), at.subsec_millis());
    for &byte in bytes {
        match byte {
            b'\r' => line.push_str("\\r"),
            b'\n' => line.push_str("\\n"),
            b'\t' => line.push_str("\\t"),
            b'\\' => line.push_str("\\\\"),
            b' '..=b'~' => line.push(char::from(byte)),
            _ => {
                // Writing to a String cannot fail.
                let _infallible = write!(line, "\\x{byte:02x}");
            }
        }
    }
    line
}
