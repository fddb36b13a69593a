//! Times of the service centre: TP-SCTS, TP-DT and the absolute TP-VP (3GPP TS 23.040 §9.2.3.11).
//!
//! Seven octets of swapped decimal digits: year, month, day, hour, minute, second, and the zone in quarters of an hour
//! with its sign in bit 3. Local time at that zone. Two-digit years are read as 2000 to 2099.
//!
//! **Invariant:** the octets are kept as received; an impossible date is a value that has no [`unix_seconds`].
//!
//! [`unix_seconds`]: Timestamp::unix_seconds

use std::fmt;

use crate::error::{AnomalyKind, DecodeError, Field};
use crate::reader::Reader;

/// A time as the service centre wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timestamp {
    octets: [u8; 7],
}

impl Timestamp {
    /// From the seven octets of a TPDU; they need not be a possible time.
    pub fn from_octets(octets: [u8; 7]) -> Self {
        Self { octets }
    }

    /// The time `unix_seconds` shown in a zone `quarter_hours` east of UTC. `None` outside of the years 1990 to 2089,
    /// or for a zone of more than 79 quarters.
    pub fn from_unix_seconds(unix_seconds: i64, quarter_hours: i8) -> Option<Self> {
        let magnitude = quarter_hours.unsigned_abs();
        if magnitude > 79 {
            return None;
        }
        let local = unix_seconds.checked_add(i64::from(quarter_hours) * 900)?;
        let (days, second_of_day) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = date_of(days)?;
        let sign = if quarter_hours < 0 { 0x08 } else { 0x00 };
        Some(Self {
            octets: [
                semi_octets(year % 100)?,
                semi_octets(month)?,
                semi_octets(day)?,
                semi_octets(second_of_day / 3600)?,
                semi_octets(second_of_day / 60 % 60)?,
                semi_octets(second_of_day % 60)?,
                semi_octets(i64::from(magnitude))? | sign,
            ],
        })
    }

    /// As received.
    pub fn octets(&self) -> [u8; 7] {
        self.octets
    }

    /// Whether it is a possible date, time of day and zone.
    pub fn is_valid(&self) -> bool {
        self.civil().is_some()
    }

    /// Seconds since 1970-01-01T00:00:00Z; `None` where it is no possible time.
    pub fn unix_seconds(&self) -> Option<i64> {
        let civil = self.civil()?;
        let days = days_of(civil.year, civil.month, civil.day);
        let local = days * 86_400 + civil.hour * 3600 + civil.minute * 60 + civil.second;
        Some(local - civil.offset_minutes * 60)
    }

    /// The zone, in minutes east of UTC; `None` where the whole is no possible time.
    pub fn offset_minutes(&self) -> Option<i64> {
        self.civil().map(|civil| civil.offset_minutes)
    }

    pub(crate) fn parse(reader: &mut Reader<'_>, field: Field) -> Result<Self, DecodeError> {
        let start = reader.offset();
        let timestamp = Self {
            octets: reader.array(field)?,
        };
        if !timestamp.is_valid() {
            reader.flag(start, AnomalyKind::InvalidTime(field));
        }
        Ok(timestamp)
    }

    fn civil(&self) -> Option<Civil> {
        let [year, month, day, hour, minute, second, zone] = self.octets;
        let quarters = decimal(zone & 0xF7)?;
        let civil = Civil {
            year: match decimal(year)? {
                // The first SMS was sent in 1992.
                year @ 90.. => 1900 + year,
                year => 2000 + year,
            },
            month: decimal(month)?,
            day: decimal(day)?,
            hour: decimal(hour)?,
            minute: decimal(minute)?,
            second: decimal(second)?,
            offset_minutes: if zone & 0x08 == 0 {
                quarters * 15
            } else {
                quarters * -15
            },
        };
        let possible = (1..=12).contains(&civil.month)
            && (1..=days_in_month(civil.year, civil.month)).contains(&civil.day)
            && civil.hour < 24
            && civil.minute < 60
            && civil.second < 60;
        possible.then_some(civil)
    }
}

/// RFC 3339 with the service centre's zone, or the octets where it is no possible time.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Civil {
            year,
            month,
            day,
            hour,
            minute,
            second,
            offset_minutes,
        }) = self.civil()
        else {
            return write!(f, "invalid time {}", crate::hex::encode(&self.octets));
        };
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        match offset_minutes {
            0 => f.write_str("Z"),
            minutes => {
                let sign = if minutes < 0 { '-' } else { '+' };
                write!(
                    f,
                    "{sign}{:02}:{:02}",
                    minutes.abs() / 60,
                    minutes.abs() % 60
                )
            }
        }
    }
}

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    offset_minutes: i64,
}

/// Two decimal digits, the first in the low half.
fn decimal(octet: u8) -> Option<i64> {
    let (tens, units) = (octet & 0x0F, octet >> 4);
    (tens <= 9 && units <= 9).then(|| i64::from(tens) * 10 + i64::from(units))
}

/// The octet of a number from 0 to 99.
fn semi_octets(value: i64) -> Option<u8> {
    let value = u8::try_from(value).ok().filter(|value| *value < 100)?;
    Some(((value % 10) << 4) | (value / 10))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date from 2000 on.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let years: i64 = (1970..year)
        .map(|year| if is_leap(year) { 366 } else { 365 })
        .sum();
    let months: i64 = (1..month).map(|month| days_in_month(year, month)).sum();
    years + months + day - 1
}

/// The date that many days after 1970-01-01, from 1990-01-01 to 2089-12-31.
fn date_of(days: i64) -> Option<(i64, i64, i64)> {
    let mut left = days - days_of(1990, 1, 1);
    if left < 0 {
        return None;
    }
    for year in 1990..2090 {
        for month in 1..=12 {
            let length = days_in_month(year, month);
            if left < length {
                return Some((year, month, left + 1));
            }
            left -= length;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(hex: &str, text: &str, unix_seconds: Option<i64>) {
        let octets: [u8; 7] = crate::hex::decode(hex).unwrap().try_into().unwrap();
        let timestamp = Timestamp::from_octets(octets);
        assert_eq!(timestamp.to_string(), text);
        assert_eq!(timestamp.unix_seconds(), unix_seconds);
        if let (Some(seconds), Some(minutes)) = (unix_seconds, timestamp.offset_minutes()) {
            let quarters = i8::try_from(minutes / 15).unwrap();
            let written = Timestamp::from_unix_seconds(seconds, quarters).unwrap();
            // A negative zone of zero is the only time with two spellings.
            if octets[6] != 0x08 {
                assert_eq!(written, timestamp);
            }
        }
    }

    /// Spelled out by hand from §9.2.3.11; the seconds were computed with `date -u -d … +%s`.
    #[test]
    fn times_are_read_with_their_zone() {
        check(
            "42100251320480",
            "2024-01-20T15:23:40+02:00",
            Some(1_705_757_020),
        );
        check(
            "4210025132048A",
            "2024-01-20T15:23:40-07:00",
            Some(1_705_789_420),
        );
        check("00101000000000", "2000-01-01T00:00:00Z", Some(946_684_800));
        check(
            "98211332959500",
            "2089-12-31T23:59:59Z",
            Some(3_786_911_999),
        );
        check("09101000000000", "1990-01-01T00:00:00Z", Some(631_152_000));
        check(
            "99309251619580",
            "1999-03-29T15:16:59+02:00",
            Some(922_713_419),
        );
        check(
            "42209232959500",
            "2024-02-29T23:59:59Z",
            Some(1_709_251_199),
        );
        check(
            "42209232959508",
            "2024-02-29T23:59:59Z",
            Some(1_709_251_199),
        );
    }

    #[test]
    fn impossible_times_are_kept_raw() {
        for hex in [
            "00000000000000", // month and day 0: an absent time
            "32209200000000", // 2023-02-29
            "42143100000000", // month 41
            "42100242000000", // hour 24
            "42100200060000", // minute 60
            "4210020000F000", // no decimal digit
            "421002000000F0", // zone no decimal digit
        ] {
            let octets: [u8; 7] = crate::hex::decode(hex).unwrap().try_into().unwrap();
            let timestamp = Timestamp::from_octets(octets);
            assert!(!timestamp.is_valid(), "{hex}");
            assert_eq!(timestamp.to_string(), format!("invalid time {hex}"));
            assert_eq!(timestamp.octets(), octets);
        }
    }

    #[test]
    fn times_outside_of_the_century_cannot_be_written() {
        assert_eq!(Timestamp::from_unix_seconds(631_151_999, 0), None);
        assert_eq!(Timestamp::from_unix_seconds(3_786_912_000, 0), None);
        assert_eq!(Timestamp::from_unix_seconds(i64::MAX, 1), None);
        assert_eq!(Timestamp::from_unix_seconds(1_709_251_199, 80), None);
    }
}
