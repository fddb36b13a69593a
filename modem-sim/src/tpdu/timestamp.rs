//! Service-centre times (TP-SCTS, 3GPP TS 23.040 §9.2.3.11) and the small calendar that makes them from seconds.

use std::fmt;

use super::{Octets, TpduError};

/// A local time with its distance from UTC, as the service centre writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp {
    /// The last two digits of the year.
    pub year: u8,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// East of UTC, in quarters of an hour.
    pub quarter_hours: i8,
}

impl Timestamp {
    /// The local time at `unix_seconds` in a zone that many quarters of an hour east of UTC.
    pub fn from_unix(unix_seconds: i64, quarter_hours: i8) -> Self {
        let local = unix_seconds.saturating_add(i64::from(quarter_hours) * 900);
        let (days, seconds) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let small = |value: i64| u8::try_from(value).unwrap_or(0);
        Self {
            year: small(year.rem_euclid(100)),
            month: small(month),
            day: small(day),
            hour: small(seconds / 3_600),
            minute: small(seconds / 60 % 60),
            second: small(seconds % 60),
            quarter_hours,
        }
    }

    /// Reads RFC 3339 (`2026-01-31T12:00:00+05:00`, `Z` for UTC); seconds may not have a fraction.
    ///
    /// # Errors
    ///
    /// [`TpduError::Invalid`] when it is written otherwise or out of range.
    pub fn parse(written: &str) -> Result<Self, TpduError> {
        parse_rfc3339(written).ok_or(TpduError::Invalid(
            "the time (wanted: 2026-01-31T12:00:00+00:00)",
        ))
    }

    pub(crate) fn read(octets: &mut Octets<'_>, field: &'static str) -> Result<Self, TpduError> {
        let mut digits = [0_u8; 7];
        for digit in &mut digits {
            *digit = octets.octet(field)?;
        }
        let [year, month, day, hour, minute, second, zone] = digits;
        let decimal = |octet: u8| (octet & 0xF) * 10 + (octet >> 4);
        // The zone's sign is bit 3 of the first semi-octet.
        let quarters = i8::try_from((zone & 0x7) * 10 + (zone >> 4)).unwrap_or(0);
        Ok(Self {
            year: decimal(year),
            month: decimal(month),
            day: decimal(day),
            hour: decimal(hour),
            minute: decimal(minute),
            second: decimal(second),
            quarter_hours: if zone & 0x8 == 0 { quarters } else { -quarters },
        })
    }

    pub(crate) fn write(self, tpdu: &mut Vec<u8>) {
        let swapped = |value: u8| ((value % 10) << 4) | (value / 10 % 10);
        tpdu.extend(
            [
                self.year,
                self.month,
                self.day,
                self.hour,
                self.minute,
                self.second,
            ]
            .map(swapped),
        );
        let sign = if self.quarter_hours < 0 { 0x8 } else { 0 };
        tpdu.push(swapped(self.quarter_hours.unsigned_abs()) | sign);
    }
}

/// As 27.005 prints it in text mode: `yy/MM/dd,hh:mm:ss±zz`, the zone in quarters of an hour.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            quarter_hours,
        } = self;
        write!(
            f,
            "{year:02}/{month:02}/{day:02},{hour:02}:{minute:02}:{second:02}{quarter_hours:+03}"
        )
    }
}

fn parse_rfc3339(written: &str) -> Option<Timestamp> {
    let (date, time) = written.split_once(['T', ' '])?;
    let number = |digits: &str, most: u8| digits.parse::<u8>().ok().filter(|value| *value <= most);
    let mut date = date.split('-');
    let year = date.next()?.parse::<u16>().ok()?;
    let (month, day) = (number(date.next()?, 12)?, number(date.next()?, 31)?);
    let zone_at = time.find(['Z', '+', '-'])?;
    let (clock, zone) = time.split_at_checked(zone_at)?;
    let mut clock = clock.split(':');
    let (hour, minute, second) = (
        number(clock.next()?, 23)?,
        number(clock.next()?, 59)?,
        number(clock.next()?, 59)?,
    );
    let quarter_hours = if zone == "Z" {
        0
    } else {
        let (sign, offset) = zone.split_at_checked(1)?;
        let (hours, minutes) = offset.split_once(':')?;
        let quarters = i8::try_from(number(hours, 19)? * 4 + number(minutes, 59)? / 15).ok()?;
        if sign == "-" { -quarters } else { quarters }
    };
    let year = u8::try_from(year % 100).ok()?;
    Some(Timestamp {
        year,
        month,
        day,
        hour,
        minute,
        second,
        quarter_hours,
    })
}

/// Year, month and day of a count of days since 1970-01-01, in the Gregorian calendar: whole 400-year cycles first,
/// then years that begin in March, so that the leap day comes last.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let cycle = shifted.div_euclid(146_097);
    let day_of_cycle = shifted.rem_euclid(146_097);
    let year_of_cycle = (day_of_cycle - day_of_cycle / 1_460 + day_of_cycle / 36_524
        - day_of_cycle / 146_096)
        / 365;
    let day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_cycle + cycle * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tpdu::to_hex;

    #[test]
    fn seconds_become_service_centre_times() {
        for (unix, quarters, shown, octets) in [
            (0, 0, "70/01/01,00:00:00+00", "07101000000000"),
            (951_782_400, 0, "00/02/29,00:00:00+00", "00209200000000"),
            (1_767_225_599, 20, "26/01/01,04:59:59+20", "62101040959502"),
            (1_767_225_599, -16, "25/12/31,19:59:59-16", "52211391959569"),
        ] {
            let time = Timestamp::from_unix(unix, quarters);
            assert_eq!(time.to_string(), shown);
            let mut written = Vec::new();
            time.write(&mut written);
            assert_eq!(to_hex(&written), octets, "{shown}");
            assert_eq!(Timestamp::read(&mut Octets(&written), "TP-SCTS"), Ok(time));
        }
    }

    #[test]
    fn times_are_taken_as_rfc_3339() {
        for (written, shown) in [
            ("2026-01-31T12:34:56Z", Some("26/01/31,12:34:56+00")),
            ("2026-01-31T12:34:56+05:30", Some("26/01/31,12:34:56+22")),
            ("2026-01-31T12:34:56-08:00", Some("26/01/31,12:34:56-32")),
            ("2026-13-31T12:34:56Z", None),
            ("yesterday", None),
        ] {
            assert_eq!(
                Timestamp::parse(written)
                    .ok()
                    .map(|time| time.to_string())
                    .as_deref(),
                shown,
                "{written}"
            );
        }
    }
}
