//! A modem that answers as one did in a transcript. With the run loop of [`Simulator`](crate::Simulator), so that a test of
//! an engine can use either, in virtual time.
//!
//! Lenient, since the client of today may ask in another order than the one of the recording:
//!
//! - A command line is looked for from the present place on, then from the start: first an equal one, then one with the same
//!   beginning up to `=`. What followed it up to the next thing that was sent is printed with its recorded delays.
//! - A PDU or text (what follows a prompt, up to Ctrl-Z) stands for any that was recorded, ESC for any ESC.
//! - What is nowhere in the transcript is answered `ERROR`, an ESC `OK`.
//! - What the modem said before anything was sent comes at its times.
//!
//! It knows nothing of AT commands, of SIMs or of networks.

mod transcript;

use std::collections::BTreeMap;
use std::time::Duration;

pub use transcript::{Direction, Problem, Record, Transcript, TranscriptError};

/// Bytes of output and of a line that wait; more are lost.
const LIMIT: usize = 1024 * 1024;

/// A transcript that answers.
#[derive(Debug)]
pub struct Replay {
    exchanges: Vec<Exchange>,
    /// Where the next search begins.
    place: usize,
    entry: Entering,
    due: BTreeMap<(Duration, u64), Vec<u8>>,
    last_due: u64,
    output: Vec<u8>,
    now: Duration,
}

/// Something that was sent to the modem, and what followed.
#[derive(Debug)]
struct Exchange {
    sent: Sent,
    /// Each with its delay.
    answers: Vec<(Duration, Vec<u8>)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Sent {
    /// A command line, in capitals, without its carriage return.
    Command(String),
    /// A PDU or text.
    Entry,
    /// ESC instead of one.
    Cancelled,
}

/// Cuts what a client writes into command lines and entries.
#[derive(Debug, Default)]
struct Entering {
    bytes: Vec<u8>,
    /// A prompt was printed: carriage returns belong to the text.
    prompted: bool,
}

impl Entering {
    fn byte(&mut self, byte: u8) -> Option<Sent> {
        match (byte, self.prompted) {
            (b'\r', false) => {
                let line = std::mem::take(&mut self.bytes);
                let command = String::from_utf8_lossy(&line).trim().to_ascii_uppercase();
                (!command.is_empty()).then_some(Sent::Command(command))
            }
            (0x1A, _) => {
                *self = Self::default();
                Some(Sent::Entry)
            }
            (0x1B, true) => {
                *self = Self::default();
                Some(Sent::Cancelled)
            }
            (0 | b'\n' | 0x1B, false) => None,
            _ if self.bytes.len() < LIMIT => {
                self.bytes.push(byte);
                None
            }
            _ => None,
        }
    }

    fn saw(&mut self, output: &[u8]) {
        self.prompted |= output.starts_with(b"> ") || output.windows(3).any(|end| end == b"\n> ");
    }
}

impl Replay {
    /// A modem at virtual time zero.
    pub fn new(transcript: &Transcript) -> Self {
        let mut replay = Self {
            exchanges: Vec::new(),
            place: 0,
            entry: Entering::default(),
            due: BTreeMap::new(),
            last_due: 0,
            output: Vec::new(),
            now: Duration::ZERO,
        };
        let mut entering = Entering::default();
        let mut ended_at = Duration::ZERO;
        let mut anything_sent = false;
        let mut ended = false;
        for record in &transcript.records {
            match record.direction {
                Direction::ToModem => {
                    anything_sent = true;
                    let sent = record.bytes.iter().filter_map(|byte| entering.byte(*byte));
                    let sent: Vec<Sent> = sent.collect();
                    ended = !sent.is_empty();
                    for sent in sent {
                        ended_at = record.at;
                        replay.exchanges.push(Exchange {
                            sent,
                            answers: Vec::new(),
                        });
                    }
                }
                Direction::FromModem => {
                    entering.saw(&record.bytes);
                    let delay = record.at.saturating_sub(ended_at);
                    match replay.exchanges.last_mut() {
                        Some(exchange) if ended => {
                            exchange.answers.push((delay, record.bytes.clone()));
                        }
                        Some(_) => {}
                        None if anything_sent => {} // as above, the echo of half a line
                        None => replay.schedule(record.at, record.bytes.clone()),
                    }
                }
            }
        }
        replay.advance(Duration::ZERO);
        replay
    }

    /// Bytes from the client.
    pub fn handle_input(&mut self, now: Duration, bytes: &[u8]) {
        self.advance(now);
        for byte in bytes {
            if let Some(sent) = self.entry.byte(*byte) {
                self.answer(&sent);
            }
        }
        self.advance(now);
    }

    /// Time passed: what was due up to `now` is printed.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.advance(now);
    }

    /// Bytes for the client, all that there are.
    pub fn poll_output(&mut self) -> Option<Vec<u8>> {
        (!self.output.is_empty()).then(|| std::mem::take(&mut self.output))
    }

    /// When to call [`Self::handle_timeout`] at the latest; `None` while nothing is to come.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    fn answer(&mut self, sent: &Sent) {
        let Some(found) = self.find(sent) else {
            let answer: &[u8] = match sent {
                Sent::Command(_) | Sent::Entry => b"\r\nERROR\r\n",
                Sent::Cancelled => b"\r\nOK\r\n",
            };
            return self.schedule(self.now, answer.to_vec());
        };
        self.place = found + 1;
        let answers = self.exchanges.get(found).map(|found| found.answers.clone());
        for (delay, bytes) in answers.unwrap_or_default() {
            self.schedule(self.now + delay, bytes);
        }
    }

    fn find(&self, wanted: &Sent) -> Option<usize> {
        let count = self.exchanges.len();
        let order = || (self.place.min(count)..count).chain(0..self.place.min(count));
        let sent = |place: usize| self.exchanges.get(place).map(|exchange| &exchange.sent);
        let equal = order().find(|place| sent(*place) == Some(wanted));
        equal.or_else(|| {
            let head = head(wanted)?;
            order().find(|place| sent(*place).and_then(self::head) == Some(head))
        })
    }

    fn schedule(&mut self, at: Duration, bytes: Vec<u8>) {
        self.last_due += 1;
        self.due.insert((at, self.last_due), bytes);
    }

    fn advance(&mut self, now: Duration) {
        self.now = self.now.max(now);
        while let Some(entry) = self.due.first_entry().filter(|due| due.key().0 <= self.now) {
            let bytes = entry.remove();
            self.entry.saw(&bytes);
            if self.output.len() + bytes.len() <= LIMIT {
                self.output.extend(bytes);
            }
        }
    }
}

/// What stands before `=`, of a command that sets something.
fn head(sent: &Sent) -> Option<&str> {
    match sent {
        Sent::Command(command) => command.split_once('=').map(|(head, _)| head),
        Sent::Entry | Sent::Cancelled => None,
    }
}
