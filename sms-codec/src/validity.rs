//! TP-VP: how long the service centre keeps trying (3GPP TS 23.040 §9.2.3.12).

use std::fmt;
use std::time::Duration;

use crate::error::{DecodeError, Field};
use crate::reader::Reader;
use crate::timestamp::Timestamp;

/// The validity period of a SUBMIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValidityPeriod {
    /// Counted from the moment the service centre gets it, in the steps of §9.2.3.12.1.
    Relative(RelativePeriod),
    /// Until a point in time.
    Absolute(Timestamp),
    /// The enhanced format, kept as received (§9.2.3.12.3): an octet with flags and the format of what follows.
    Enhanced([u8; 7]),
}

/// Bit 6 of the first octet of the enhanced format.
const SINGLE_SHOT: u8 = 0x40;

impl ValidityPeriod {
    /// The shortest relative period that is no shorter than `duration`; the longest there is where none is.
    pub fn at_least(duration: Duration) -> Self {
        let octet = (0..=u8::MAX).find(|octet| RelativePeriod(*octet).duration() >= duration);
        Self::Relative(RelativePeriod(octet.unwrap_or(u8::MAX)))
    }

    /// How long, from the moment the service centre gets it. `None` for a point in time, and for an enhanced format that
    /// names no period or is reserved.
    pub fn duration(&self) -> Option<Duration> {
        match self {
            Self::Relative(period) => Some(period.duration()),
            Self::Absolute(_) => None,
            Self::Enhanced([flags, first, second, third, ..]) => match flags & 0x07 {
                1 => Some(RelativePeriod(*first).duration()),
                2 if *first > 0 => Some(Duration::from_secs(u64::from(*first))),
                3 => {
                    let [hours, minutes, seconds] = [*first, *second, *third].map(two_digits);
                    Some(Duration::from_secs(
                        hours? * 3600 + minutes? * 60 + seconds?,
                    ))
                }
                _ => None,
            },
        }
    }

    /// Whether the service centre is to try once only, whatever the period.
    pub fn is_single_shot(&self) -> bool {
        match self {
            Self::Enhanced([flags, ..]) => flags & SINGLE_SHOT != 0,
            Self::Relative(_) | Self::Absolute(_) => false,
        }
    }

    /// TP-VPF, the two bits in the first octet.
    pub(crate) fn format_bits(period: Option<Self>) -> u8 {
        match period {
            None => 0b00 << 3,
            Some(Self::Enhanced(_)) => 0b01 << 3,
            Some(Self::Relative(_)) => 0b10 << 3,
            Some(Self::Absolute(_)) => 0b11 << 3,
        }
    }

    pub(crate) fn parse(
        reader: &mut Reader<'_>,
        first_octet: u8,
    ) -> Result<Option<Self>, DecodeError> {
        let field = Field::ValidityPeriod;
        match first_octet >> 3 & 0b11 {
            0b00 => Ok(None),
            0b01 => Ok(Some(Self::Enhanced(reader.array(field)?))),
            0b10 => Ok(Some(Self::Relative(RelativePeriod(reader.octet(field)?)))),
            _ => Ok(Some(Self::Absolute(Timestamp::parse(reader, field)?))),
        }
    }

    pub(crate) fn emit(&self, octets: &mut Vec<u8>) {
        match self {
            Self::Relative(RelativePeriod(octet)) => octets.push(*octet),
            Self::Absolute(time) => octets.extend(time.octets()),
            Self::Enhanced(raw) => octets.extend(raw),
        }
    }
}

/// Two decimal digits, the first in the low half.
fn two_digits(octet: u8) -> Option<u64> {
    let (tens, units) = (octet & 0x0F, octet >> 4);
    (tens <= 9 && units <= 9).then(|| u64::from(tens) * 10 + u64::from(units))
}

impl fmt::Display for ValidityPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Relative(period) => period.fmt(f),
            Self::Absolute(time) => write!(f, "until {time}"),
            Self::Enhanced(raw) => write!(f, "enhanced format {}", crate::hex::encode(raw)),
        }
    }
}

/// The octet of a relative validity period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RelativePeriod(pub u8);

impl RelativePeriod {
    /// From 5 minutes (0) to 63 weeks (255).
    pub fn duration(self) -> Duration {
        const MINUTE: u64 = 60;
        const DAY: u64 = 24 * 60 * MINUTE;
        let value = u64::from(self.0);
        Duration::from_secs(match value {
            0..=143 => (value + 1) * 5 * MINUTE,
            144..=167 => DAY / 2 + (value - 143) * 30 * MINUTE,
            168..=196 => (value - 166) * DAY,
            _ => (value - 192) * 7 * DAY,
        })
    }
}

impl fmt::Display for RelativePeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.duration().as_secs() / 60;
        let (count, unit) = match minutes {
            minutes if minutes % (7 * 24 * 60) == 0 => (minutes / (7 * 24 * 60), "week"),
            minutes if minutes % (24 * 60) == 0 => (minutes / (24 * 60), "day"),
            minutes if minutes % 60 == 0 => (minutes / 60, "hour"),
            minutes => (minutes, "minute"),
        };
        write!(f, "{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formats of §9.2.3.12.3.
    #[test]
    fn enhanced_periods() {
        for (octets, seconds, single_shot) in [
            ([0x00, 0, 0, 0, 0, 0, 0], None, false),
            ([0x41, 0xA8, 0, 0, 0, 0, 0], Some(172_800), true),
            ([0x02, 90, 0, 0, 0, 0, 0], Some(90), false),
            ([0x02, 0, 0, 0, 0, 0, 0], None, false),
            ([0x03, 0x21, 0x43, 0x65, 0, 0, 0], Some(45_296), false),
            ([0x03, 0xA1, 0x43, 0x65, 0, 0, 0], None, false),
            ([0x07, 1, 0, 0, 0, 0, 0], None, false),
        ] {
            let period = ValidityPeriod::Enhanced(octets);
            assert_eq!(
                period.duration(),
                seconds.map(Duration::from_secs),
                "{octets:?}"
            );
            assert_eq!(period.is_single_shot(), single_shot);
        }
    }

    /// The corners of the table in §9.2.3.12.1.
    #[test]
    fn relative_periods_follow_the_table() {
        for (octet, text) in [
            (0, "5 minutes"),
            (11, "1 hour"),
            (143, "12 hours"),
            (144, "750 minutes"),
            (167, "1 day"),
            (168, "2 days"),
            (173, "1 week"),
            (196, "30 days"),
            (197, "5 weeks"),
            (255, "63 weeks"),
        ] {
            assert_eq!(RelativePeriod(octet).to_string(), text, "{octet}");
        }
    }

    #[test]
    fn a_duration_is_rounded_up() {
        let hours = |hours: u64| ValidityPeriod::at_least(Duration::from_secs(hours * 3600));
        assert_eq!(hours(0), ValidityPeriod::Relative(RelativePeriod(0)));
        assert_eq!(hours(48), ValidityPeriod::Relative(RelativePeriod(168)));
        assert_eq!(hours(49), ValidityPeriod::Relative(RelativePeriod(169)));
        assert_eq!(
            hours(1_000_000),
            ValidityPeriod::Relative(RelativePeriod(255))
        );
    }
}
