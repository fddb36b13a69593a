//! Quiet hours: when nothing makes a sound, by the time of day where a line is at home.
//!
//! Pure. They delay nothing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::Timestamp;

/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// The furthest offset that there is is fourteen hours.
const FURTHEST: i16 = 14 * 60;

/// From a time of day to another, past midnight or not: `22:00-07:00`. The end is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// Minutes since midnight.
    from: u16,
    to: u16,
}

impl QuietHours {
    /// Whether it is quiet at this time in a place with this offset.
    #[must_use]
    pub fn is_quiet(&self, at: Timestamp, offset: UtcOffset) -> bool {
        let minutes = at.0.div_euclid(60_000).saturating_add(i64::from(offset.0));
        let now = u16::try_from(minutes.rem_euclid(i64::from(DAY))).unwrap_or(0);
        if self.from < self.to {
            (self.from..self.to).contains(&now)
        } else {
            now >= self.from || now < self.to
        }
    }
}

impl FromStr for QuietHours {
    type Err = QuietError;

    fn from_str(written: &str) -> Result<Self, QuietError> {
        let wrong = || QuietError::Hours(written.to_owned());
        let (from, to) = written.split_once(['-', '–']).ok_or_else(wrong)?;
        let (from, to) = (time(from).ok_or_else(wrong)?, time(to).ok_or_else(wrong)?);
        let to = to % DAY;
        if from == to || from == DAY {
            return Err(wrong());
        }
        Ok(Self { from, to })
    }
}

/// `07:00` or `7:00` as minutes; `24:00` too.
fn time(written: &str) -> Option<u16> {
    let (hours, minutes) = written.trim().split_once(':')?;
    let number = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
        let is_number = lengths.contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
        is_number.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours, 1..=2)?, number(minutes, 2..=2)?);
    let all = hours.checked_mul(60)?.checked_add(minutes)?;
    (minutes < 60 && all <= DAY).then_some(all)
}

/// By how much the time of day is ahead of UTC, in minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UtcOffset(i16);

impl UtcOffset {
    /// In seconds.
    pub(crate) fn seconds(self) -> i32 {
        i32::from(self.0).saturating_mul(60)
    }

    /// Of a time in RFC 3339.
    #[must_use]
    pub fn of_time(time: &str) -> Option<Self> {
        if time.ends_with('Z') {
            return Some(Self(0));
        }
        let at = time.len().checked_sub(6)?;
        time.get(at..)?.parse().ok()
    }
}

/// `+05:30`, `-03:00`.
impl FromStr for UtcOffset {
    type Err = QuietError;

    fn from_str(written: &str) -> Result<Self, QuietError> {
        let wrong = || QuietError::Offset(written.to_owned());
        let mut chars = written.trim().chars();
        let sign = match chars.next() {
            Some('+') => 1,
            Some('-' | '\u{2212}') => -1,
            Some(_) | None => return Err(wrong()),
        };
        let minutes = time(chars.as_str()).and_then(|minutes| i16::try_from(minutes).ok());
        match minutes {
            Some(minutes) if minutes <= FURTHEST => Ok(Self(sign * minutes)),
            Some(_) | None => Err(wrong()),
        }
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { '-' } else { '+' };
        let minutes = self.0.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// What a line's quiet hours are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// When.
    pub hours: QuietHours,
    /// Where. `None`: as the messages of the line's own country say.
    pub offset: Option<UtcOffset>,
}

/// Why something is not understood, in words for the one who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuietError {
    /// Not two times of day.
    #[error("\"{0}\" are no hours: write them like \"22:00-07:00\"")]
    Hours(String),
    /// Not an offset.
    #[error(
        "\"{0}\" is no offset: write how far the clock is ahead of UTC, like \"+05:00\" or \"-03:30\""
    )]
    Offset(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64, minutes: i64) -> Timestamp {
        // 2026-12-01T00:00:00Z
        Timestamp(1_796_083_200_000 + (hours * 60 + minutes) * 60_000)
    }

    #[test]
    fn hours() {
        // When, where, at, whether it is quiet.
        let cases = [
            ("22:00-07:00", "+00:00", (21, 59), false),
            ("22:00-07:00", "+00:00", (22, 0), true),
            ("22:00-07:00", "+00:00", (23, 59), true),
            ("22:00-07:00", "+00:00", (0, 0), true),
            ("22:00-07:00", "+00:00", (6, 59), true),
            ("22:00-07:00", "+00:00", (7, 0), false),
            ("22:00-07:00", "+00:00", (12, 0), false),
            ("22:00-07:00", "+05:00", (16, 59), false),
            ("22:00-07:00", "+05:00", (17, 0), true),
            ("22:00-07:00", "+05:00", (2, 0), false),
            ("22:00-07:00", "-03:30", (1, 29), false),
            ("22:00-07:00", "-03:30", (1, 30), true),
            ("13:00-14:30", "+00:00", (14, 29), true),
            ("13:00-14:30", "+00:00", (14, 30), false),
            ("13:00-14:30", "+00:00", (1, 0), false),
            ("22:00-24:00", "+00:00", (23, 59), true),
            ("22:00-24:00", "+00:00", (0, 0), false),
        ];
        for (written, offset, (hour, minute), expected) in cases {
            let hours: QuietHours = written.parse().unwrap();
            let found = hours.is_quiet(at(hour, minute), offset.parse().unwrap());
            assert_eq!(found, expected, "{written} {offset} {hour}:{minute}");
        }
        for wrong in [
            "",
            "22",
            "22-7",
            "22:00",
            "22:00-",
            "25:00-07:00",
            "22:60-07:00",
            "22:00-22:00",
            "22:0-07:00",
            "-1:00-07:00",
            "24:00-07:00",
            "22:00-24:01",
            "0:00-24:00",
        ] {
            assert!(wrong.parse::<QuietHours>().is_err(), "{wrong}");
        }
        // No time is too far.
        let night: QuietHours = "22:00-07:00".parse().unwrap();
        for far in [i64::MIN, i64::MAX] {
            let _either = night.is_quiet(Timestamp(far), UtcOffset(FURTHEST));
        }
    }

    #[test]
    fn offsets() {
        for (written, shown) in [
            ("+05:00", "+05:00"),
            ("-3:30", "-03:30"),
            ("+14:00", "+14:00"),
            ("\u{2212}01:00", "-01:00"),
        ] {
            assert_eq!(written.parse::<UtcOffset>().unwrap().to_string(), shown);
        }
        for wrong in ["", "5", "05:00", "+5", "+15:00", "+05:60", "Z", "++5:00"] {
            assert!(wrong.parse::<UtcOffset>().is_err(), "{wrong}");
        }
        for (time, expected) in [
            ("2026-11-22T21:03:29+05:00", Some(300)),
            ("2026-11-22T21:03:29-03:30", Some(-210)),
            ("2026-11-22T21:03:29Z", Some(0)),
            ("2026-11-22T21:03:29", None),
            ("", None),
            ("äöü+05:00", Some(300)),
            ("€€", None),
        ] {
            assert_eq!(
                UtcOffset::of_time(time).map(|offset| offset.0),
                expected,
                "{time}"
            );
        }
    }
}
