//! What the network says of itself: registration and its technology, a sudden refusal, roaming, and the time.
//!
//! | registration of a domain (circuit, or packet) | then |
//! |---|---|
//! | registered | a refusal of this domain that was told, or waits to be told, is past |
//! | refused, and it was registered before | told after 15 s, unless it is registered again by then |
//! | refused, and it never was registered | the status alone says so |
//!
//! **Invariant:** a refusal is told once until the domain that was refused is registered again.

use std::time::Duration;

use super::{Engine, text};
use crate::event::{Event, NetworkTime, Roaming};
use crate::status::{Registration, Technology};

/// A modem that changes cells is refused by one and taken by the next.
const PATIENCE: Duration = Duration::from_secs(15);
/// The same time zone is told again after this time.
const TIME_AGAIN: Duration = Duration::from_secs(3600);
/// Quarter hours that a zone may differ from UTC, daylight saving included.
const ZONES: std::ops::RangeInclusive<i8> = -48..=56;
/// Most that `<n>` and `<stat>` of a registration can be; above it a number is an area code.
const HIGHEST_STAT: u8 = 11;

/// What is known of the network beyond the status.
#[derive(Debug, Default)]
pub(super) struct Network {
    circuit: Domain,
    packet: Domain,
    /// `+CGREG` and `+CEREG`: one of the two serves, or none.
    general_packet: Registration,
    evolved_packet: Registration,
    refusal: Refusal,
    /// The last registration that was one.
    served_as: Option<Registration>,
    told_time: Option<(Duration, i8)>,
}

/// What a domain was, through restarts of the modem.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Domain {
    #[default]
    NeverServed,
    Served,
    Refused,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Refusal {
    #[default]
    None,
    Noticed,
    /// It is told at this time.
    Waits(Duration),
    Told,
}

impl Network {
    pub(super) fn deadline(&self) -> Option<Duration> {
        match self.refusal {
            Refusal::Waits(until) => Some(until),
            Refusal::None | Refusal::Noticed | Refusal::Told => None,
        }
    }

    /// A modem that begins anew has to register anew.
    pub(super) fn forget_registration(&mut self) {
        self.general_packet = Registration::default();
        self.evolved_packet = Registration::default();
    }

    fn follow(&mut self, domain: fn(&mut Self) -> &mut Domain, registration: Registration) {
        let was = *domain(self);
        if registration.is_registered() {
            *domain(self) = Domain::Served;
            if was == Domain::Refused {
                self.refusal = Refusal::None;
            }
        } else if registration == Registration::Denied && was == Domain::Served {
            *domain(self) = Domain::Refused;
            if self.refusal == Refusal::None {
                self.refusal = Refusal::Noticed;
            }
        }
    }

    /// The registration for packets. Of two networks the one that serves wins, else the one that was told of last.
    fn packet(&mut self, code: &str, told: Registration) -> Registration {
        if code == "+CGREG" {
            self.general_packet = told;
        } else {
            self.evolved_packet = told;
        }
        [self.evolved_packet, self.general_packet]
            .into_iter()
            .find(|registration| registration.is_registered())
            .unwrap_or(told)
    }
}

impl Engine {
    /// `+CREG`, `+CGREG` or `+CEREG`, asked for or not.
    pub(super) fn handle_registration(&mut self, line: &str) {
        let (Some(code), Some(said)) = (text::code(line), registration(line)) else {
            return;
        };
        if code == "+CREG" {
            self.status.registration = said.registration;
            self.network
                .follow(|network| &mut network.circuit, said.registration);
        } else {
            let packet = self.network.packet(code, said.registration);
            self.status.packet_registration = packet;
            self.network.follow(|network| &mut network.packet, packet);
        }
        if said.technology.is_some() && said.registration.is_registered() {
            self.status.technology = said.technology;
        }
        let (circuit, packet) = (self.status.registration, self.status.packet_registration);
        if !circuit.is_registered() && !packet.is_registered() {
            self.status.technology = None;
        }
        // The packet network speaks for a SIM that has no other.
        let serving = if self.network.circuit == Domain::NeverServed {
            packet
        } else {
            circuit
        };
        if serving.is_registered() {
            self.note_serving(serving);
        }
    }

    fn note_serving(&mut self, serving: Registration) {
        let before = self.network.served_as.replace(serving);
        if before.is_some_and(|before| before != serving) {
            self.event(Event::Roaming(if serving == Registration::Roaming {
                Roaming::Began
            } else {
                Roaming::Ended
            }));
        }
    }

    /// Tells a refusal that has lasted. Called after everything that came in.
    pub(super) fn settle_refusal(&mut self, now: Duration) {
        match self.network.refusal {
            Refusal::Noticed => self.network.refusal = Refusal::Waits(now + PATIENCE),
            Refusal::Waits(until) if until <= now => {
                self.network.refusal = Refusal::Told;
                tracing::warn!("the network refuses the SIM that it served before");
                self.event(Event::RegistrationDenied);
            }
            Refusal::None | Refusal::Waits(_) | Refusal::Told => {}
        }
    }

    /// A line about the time.
    pub(super) fn handle_network_time(&mut self, now: Duration, line: &str) {
        let Some(time) = network_time(line) else {
            return;
        };
        let known = self.network.told_time.is_some_and(|(at, offset)| {
            offset == time.offset_quarters && now < at.saturating_add(TIME_AGAIN)
        });
        if !known {
            self.network.told_time = Some((now, time.offset_quarters));
            self.event(Event::NetworkTime(time));
        }
    }
}

/// Whether a line is the answer to `+CREG?` and its kin, `<n>,<stat>[,…]`, and not a word by itself, `<stat>[,<lac>,…]`.
pub(super) fn answers_registration(line: &str) -> bool {
    // An area code stands in quotes, or has more digits than a number of these.
    let fields = fields(line);
    let second: Option<u8> = fields.get(1).and_then(|stat| stat.parse().ok());
    second.is_some_and(|stat| stat <= HIGHEST_STAT)
        && fields.get(1).is_some_and(|stat| stat.len() <= 2)
}

/// What a line about the registration says.
struct Said {
    registration: Registration,
    technology: Option<Technology>,
}

fn registration(line: &str) -> Option<Said> {
    let fields = fields(line);
    let first = usize::from(answers_registration(line));
    let number = |at: usize| -> Option<u8> { fields.get(at)?.trim_matches('"').parse().ok() };
    Some(Said {
        registration: Registration::from_stat(number(first)?),
        // Behind area and cell.
        technology: number(first + 3).and_then(Technology::from_act),
    })
}

/// Split at every comma, quotes kept: those of some Huawei sticks do not match.
fn fields(line: &str) -> Vec<&str> {
    let rest = line.split_once(':').map_or("", |(_, rest)| rest);
    rest.split(',').map(str::trim).collect()
}

/// `+CTZV: "+04"`, `+CTZE: "+04",0,"2026/11/25,10:11:12"`, `*PSUTTZ: 2026,11,25,9,11,12,"+4",0`,
/// `^NWTIME: 26/11/25,10:11:12+4,00`: the zone in quarter hours.
fn network_time(line: &str) -> Option<NetworkTime> {
    let arguments = text::arguments(line);
    let zone = |at: usize| -> Option<i8> { arguments.get(at)?.parse().ok() };
    let (offset, utc_seconds) = match text::code(line)? {
        "+CTZV" => (zone(0)?, None),
        // <time> is local with the one and universal with the other (3GPP TS 27.007 §8.41).
        code @ ("+CTZE" | "+CTZEU") => {
            let offset = zone(0)?;
            let told = arguments
                .get(2..)
                .and_then(|parts| seconds_of(&parts.join(",")));
            let ahead = if code == "+CTZE" {
                i64::from(offset) * 900
            } else {
                0
            };
            (offset, told.map(|told| told - ahead))
        }
        "*PSUTTZ" => (zone(6)?, None),
        "^NWTIME" => {
            let bare = line.replace('"', "");
            let at = bare.rfind(['+', '-'])?;
            let zone: String = bare
                .get(at..)?
                .chars()
                .enumerate()
                .take_while(|(index, character)| *index == 0 || character.is_ascii_digit())
                .map(|(_, character)| character)
                .collect();
            (zone.parse().ok()?, None)
        }
        _ => return None,
    };
    ZONES.contains(&offset).then_some(NetworkTime {
        offset_quarters: offset,
        utc_seconds,
    })
}

/// `2026/11/25,10:11:12` as seconds since 1970, whatever its zone; `None` if it is no date of this century.
fn seconds_of(written: &str) -> Option<i64> {
    let mut numbers = written
        .split(['/', ',', ':', ' '])
        .map(|number| number.parse::<i64>().ok());
    let mut next = |range: std::ops::RangeInclusive<i64>| -> Option<i64> {
        numbers.next()?.filter(|number| range.contains(number))
    };
    let (year, month, day) = (next(2000..=2099)?, next(1..=12)?, next(1..=31)?);
    let (hour, minute, second) = (next(0..=23)?, next(0..=59)?, next(0..=60)?);
    // Days from the first of March of year 0, which has the leap day at its end.
    let shifted = if month > 2 { year } else { year - 1 };
    let month_from_march = (month + 9) % 12;
    let days = 365 * shifted + shifted / 4 - shifted / 100
        + shifted / 400
        + (153 * month_from_march + 2) / 5
        + day
        - 1;
    let since_1970 = days - 719_468;
    Some(((since_1970 * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::{answers_registration, network_time, registration, seconds_of};
    use crate::status::{Registration, Technology};

    /// Own lines in the shapes of the captures of Gammu's tests that the team's vectors hold (Huawei, Sierra).
    #[test]
    fn answers_are_told_from_words_by_themselves() {
        let check = |line: &str, answer: bool, stat: Registration, act: Option<Technology>| {
            assert_eq!(answers_registration(line), answer, "{line}");
            let said = registration(line).expect("readable");
            assert_eq!((said.registration, said.technology), (stat, act), "{line}");
        };
        use Registration::{Denied, Home, Idle, Roaming};
        use Technology::{Fourth, Second, Third};
        check("+CREG: 0,1", true, Home, None);
        check("+CREG: 1", false, Home, None);
        check("+CREG: 2,1,4CA,81DE445", true, Home, None);
        check(
            "+CREG: 2,5,\"2AF5\",\"0B88E350\",2",
            true,
            Roaming,
            Some(Third),
        );
        check("+CREG: 2,1,\"0B,\"0100701\",7", true, Home, Some(Fourth));
        check(
            "+CREG: 5,\"2AF5\",\"0B88E350\",2",
            false,
            Roaming,
            Some(Third),
        );
        check("+CREG: 1,\"0001\",\"0002\",0", false, Home, Some(Second));
        check("+CREG: 1,\"1\",\"2\",0", false, Home, Some(Second));
        check("+CEREG: 1,2AF5,0B88E350,7", false, Home, Some(Fourth));
        check("+CREG: 3", false, Denied, None);
        check("+CREG: 2,0", true, Idle, None);
        check("+CREG: 2,1,\"\",\"605F\"", true, Home, None);
    }

    #[test]
    fn a_line_without_a_number_says_nothing() {
        for line in ["+CREG:", "+CREG: ,", "+CREG: x,y", "+CREG: 300"] {
            assert!(registration(line).is_none(), "{line}");
        }
    }

    /// `+CTZE` after the EC25 manual, `^NWTIME` as an E3372 was seen to write it; the times are made up.
    #[test]
    fn the_zone_is_read_from_every_spelling() {
        let check = |line: &str, expected: Option<(i8, Option<i64>)>| {
            let time = network_time(line).map(|time| (time.offset_quarters, time.utc_seconds));
            assert_eq!(time, expected, "{line}");
        };
        check("+CTZV: \"+32\"", Some((32, None)));
        check("+CTZV: +32,0", Some((32, None)));
        check("+CTZV: -09", Some((-9, None)));
        check("+CTZV: 8,\"16/05/24,10:00:00\"", Some((8, None)));
        let noon = 1_795_608_672; // 2026-11-25 12:11:12 UTC.
        check(
            "+CTZE: \"+04\",0,\"2026/11/25,13:11:12\"",
            Some((4, Some(noon))),
        );
        check(
            "+CTZE: \"-20\",0,\"2026/11/25,07:11:12\"",
            Some((-20, Some(noon))),
        );
        check(
            "+CTZEU: \"+04\",0,\"2026/11/25,12:11:12\"",
            Some((4, Some(noon))),
        );
        check("+CTZE: \"+04\",1", Some((4, None)));
        check("*PSUTTZ: 2026,11,25,12,11,12,\"+4\",0", Some((4, None)));
        check("^NWTIME:18/12/13,06:20:04+28,00", Some((28, None)));
        check("^NWTIME: \"26/11/25,06:20:04-12,0\"", Some((-12, None)));
        check("+CTZV: 99", None);
        check("+CTZV:", None);
        check("^NWTIME: 26/11/25", None);
        check("*PSUTTZ: 1", None);
    }

    /// The days against a calendar: the leap days of 2000, 2024 and 2028, the ends of years.
    #[test]
    fn dates_become_seconds() {
        let check = |written: &str, expected: Option<i64>| {
            assert_eq!(seconds_of(written), expected, "{written}");
        };
        check("2000/01/01,00:00:00", Some(946_684_800));
        check("2000/02/29,00:00:00", Some(951_782_400));
        check("2024/02/29,23:59:59", Some(1_709_251_199));
        check("2024/03/01,00:00:00", Some(1_709_251_200));
        check("2027/12/31,00:00:00", Some(1_830_211_200));
        check("1980/01/06,00:00:00", None);
        check("2026/13/01,00:00:00", None);
        check("2026/11/25", None);
    }
}
