//! The file that `sms-bridge modem record` writes: what went over a serial port, with its times.
//!
//! ```text
//! # sms-bridge modem transcript 1
//! 0.000 > AT+CPIN?\r
//! 0.031 < \r\n+CPIN: READY\r\n\r\nOK\r\n
//! ```
//!
//! UTF-8, one record a line: seconds since the start with three decimals, a blank, `>` (to the modem) or `<` (from it), a
//! blank, the bytes. Outside printable ASCII, and for `\`, bytes are written `\r`, `\n`, `\t`, `\\` or `\xHH`. Lines that
//! begin with `#`, and empty ones, are passed over; the first line names the format and its version.

use std::time::Duration;

const FORMAT: &str = "# sms-bridge modem transcript ";

/// What went over a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// Its records, in order of time.
    pub records: Vec<Record>,
}

/// Bytes that went one way at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Since the start.
    pub at: Duration,
    /// Which way.
    pub direction: Direction,
    /// The bytes themselves.
    pub bytes: Vec<u8>,
}

/// Which way bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `>`
    ToModem,
    /// `<`
    FromModem,
}

/// What a file has in place of a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct TranscriptError {
    /// Counted from 1.
    pub line: usize,
    /// What does not hold there.
    pub problem: Problem,
}

/// What does not hold in a line of a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The first line is another one.
    #[error("this is no transcript: it should begin with \"# sms-bridge modem transcript 1\"")]
    NoTranscript,
    /// A later version of the format.
    #[error("this transcript is of another version than 1: use the sms-bridge that recorded it")]
    OtherVersion,
    /// Not a number of seconds with three decimals.
    #[error("the time should be seconds with three decimals, as in 12.345")]
    Time,
    /// Earlier than the record before.
    #[error("the time is before that of the line above")]
    Backwards,
    /// Neither `>` nor `<`.
    #[error("behind the time should stand \" > \" (to the modem) or \" < \" (from it)")]
    Direction,
    /// A backslash before something else.
    #[error("a backslash should be followed by r, n, t, \\ or x and two hexadecimal digits")]
    Escape,
    /// A control character or one beyond ASCII.
    #[error("a byte outside printable ASCII should be written \\xHH")]
    Unescaped,
}

impl Transcript {
    /// Reads a transcript.
    ///
    /// # Errors
    ///
    /// [`TranscriptError`] for the first line that does not hold.
    pub fn parse(text: &str) -> Result<Self, TranscriptError> {
        let mut lines = text.lines().zip(1..);
        let first = lines.next().map_or("", |(line, _)| line);
        let problem = match first.strip_prefix(FORMAT).map(str::trim_end) {
            Some("1") => None,
            Some(_) => Some(Problem::OtherVersion),
            None => Some(Problem::NoTranscript),
        };
        if let Some(problem) = problem {
            return Err(TranscriptError { line: 1, problem });
        }
        let mut records: Vec<Record> = Vec::new();
        for (text, line) in lines {
            if text.trim().is_empty() || text.starts_with('#') {
                continue;
            }
            let record = record(text).map_err(|problem| TranscriptError { line, problem })?;
            if records.last().is_some_and(|last| last.at > record.at) {
                let problem = Problem::Backwards;
                return Err(TranscriptError { line, problem });
            }
            records.push(record);
        }
        Ok(Self { records })
    }
}

fn record(line: &str) -> Result<Record, Problem> {
    let (time, rest) = line.split_once(' ').ok_or(Problem::Direction)?;
    let at = self::time(time).ok_or(Problem::Time)?;
    let (direction, written) = match rest.split_at_checked(2) {
        Some(("> ", written)) => (Direction::ToModem, written),
        Some(("< ", written)) => (Direction::FromModem, written),
        Some(_) | None => return Err(Problem::Direction),
    };
    Ok(Record {
        at,
        direction,
        bytes: bytes(written)?,
    })
}

fn time(written: &str) -> Option<Duration> {
    let (seconds, thousandths) = written.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if thousandths.len() != 3 || seconds.len() > 9 || !digits(seconds) || !digits(thousandths) {
        return None;
    }
    let seconds = Duration::from_secs(seconds.parse().ok()?);
    Some(seconds + Duration::from_millis(thousandths.parse().ok()?))
}

fn bytes(written: &str) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::with_capacity(written.len());
    let mut rest = written.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next() {
                Some(b'r') => b'\r',
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'\\') => b'\\',
                Some(b'x') => {
                    let digit = |byte: Option<u8>| {
                        let digit = byte.and_then(|byte| char::from(byte).to_digit(16));
                        digit.and_then(|digit| u8::try_from(digit).ok())
                    };
                    match (digit(rest.next()), digit(rest.next())) {
                        (Some(high), Some(low)) => high * 16 + low,
                        (Some(_) | None, _) => return Err(Problem::Escape),
                    }
                }
                Some(_) | None => return Err(Problem::Escape),
            },
            b' '..=b'~' => byte,
            _ => return Err(Problem::Unescaped),
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_with_their_escapes() {
        let text = "# sms-bridge modem transcript 1\n# a comment\n\n\
                    0.000 > AT\\r\n12.345 < \\0x\\\\\\t\\x1a\\x1B ~\n";
        let unreadable = Transcript::parse(text);
        assert_eq!(
            unreadable.unwrap_err().to_string(),
            "line 5: a backslash should be followed by r, n, t, \\ or x and two hexadecimal digits"
        );
        let read = Transcript::parse(&text.replace("\\0x", "")).unwrap();
        let record = |at, direction, bytes: &[u8]| Record {
            at: Duration::from_millis(at),
            direction,
            bytes: bytes.to_vec(),
        };
        assert_eq!(
            read.records,
            [
                record(0, Direction::ToModem, b"AT\r"),
                record(12_345, Direction::FromModem, b"\\\t\x1a\x1b ~"),
            ]
        );
    }

    #[test]
    fn what_is_no_record_is_named_with_its_line() {
        let head = "# sms-bridge modem transcript 1\n0.500 > AT\\r\n";
        for (text, line, problem) in [
            ("", 1, Problem::NoTranscript),
            ("0.000 > AT\\r\n", 1, Problem::NoTranscript),
            (
                "# sms-bridge modem transcript 12\n",
                1,
                Problem::OtherVersion,
            ),
            (&format!("{head}1 > AT\\r\n"), 3, Problem::Time),
            (&format!("{head}1.5 > AT\\r\n"), 3, Problem::Time),
            (&format!("{head}-1.500 > AT\\r\n"), 3, Problem::Time),
            (&format!("{head}9999999999.000 > AT\\r\n"), 3, Problem::Time),
            (&format!("{head}0.499 > AT\\r\n"), 3, Problem::Backwards),
            (&format!("{head}0.600 AT\\r\n"), 3, Problem::Direction),
            (&format!("{head}0.600 >AT\\r\n"), 3, Problem::Direction),
            (&format!("{head}0.600\n"), 3, Problem::Direction),
            (&format!("{head}\n0.600 < \\x1\n"), 4, Problem::Escape),
            (&format!("{head}0.600 < \\\n"), 3, Problem::Escape),
            (&format!("{head}0.600 < é\n"), 3, Problem::Unescaped),
            (&format!("{head}0.600 < a\tb\n"), 3, Problem::Unescaped),
        ] {
            let expected = TranscriptError { line, problem };
            assert_eq!(Transcript::parse(text), Err(expected), "{text:?}");
        }
    }
}
