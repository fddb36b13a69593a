//! What time it is, on a machine whose clock may be wrong.
//!
//! Pure: the clock's reading and the monotonic moment are arguments. A router has no battery: after a power cut its clock
//! starts in 1970 or where somebody left it, and jumps when NTP corrects it; a wrong correction is possible too.
//!
//! The time is the clock's while the clock is believed. Else it goes on from the last time that was known, at the pace of
//! the monotonic clock, so that a jump lets nothing expire and keeps nothing waiting.
//!
//! | the clock is | when | becomes |
//! |---|---|---|
//! | at the start | no more than a day ahead of what is stored | believed |
//! | at the start | behind that | `Behind` |
//! | at the start | more than a day ahead | `Jumped` |
//! | believed | jumps, either way | `Jumped` |
//! | `Behind` | corrected to no more than a day ahead | believed |
//! | `Jumped`, `Behind` | is where the time is again | believed |
//! | `Jumped`, `Behind` | agrees with a chat network or a service centre within a day | believed |

use std::time::Duration;

use tokio::time::Instant;

use crate::id::Timestamp;

/// The program may have been off for this long without anybody to speak for the clock; and a witness, whose message may
/// have been on its way for a while, has to be this near.
const A_DAY: Duration = Duration::from_secs(24 * 3600);
/// A correction of less is none that matters.
const STEP: Duration = Duration::from_secs(600);
/// 2025-01-01: before this nobody had the program.
const FIRST: Timestamp = Timestamp(1_735_689_600_000);

/// The time, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time {
    /// The time at the moment `at`.
    reached: Timestamp,
    at: Instant,
    clock: Belief,
    /// When the clock began to be believed, or was corrected last.
    sure_since: Instant,
    /// As far as it was known at the start.
    start: Timestamp,
    /// By how much the time was corrected forward since then, and what it was just before.
    corrected: (Duration, Timestamp),
}

/// What is thought of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Belief {
    Believed,
    /// At the start it stood before what is stored: it was set back, and may be corrected.
    Behind,
    /// It stands where it cannot have come by itself.
    Jumped,
}

impl Time {
    /// At the start. `stored` is the last time that is known, or zero.
    pub(crate) fn at_start(stored: Timestamp, clock: Timestamp, at: Instant) -> Self {
        let (reached, belief) = if stored < FIRST {
            let belief = match clock < FIRST {
                true => Belief::Behind,
                false => Belief::Believed,
            };
            (clock.max(stored), belief)
        } else if clock.after(STEP) < stored {
            (stored, Belief::Behind)
        } else if clock.since(stored) > A_DAY {
            (stored, Belief::Jumped)
        } else {
            (clock.max(stored), Belief::Believed)
        };
        Self {
            reached,
            at,
            clock: belief,
            sure_since: at,
            start: reached,
            corrected: (Duration::ZERO, reached),
        }
    }

    /// Whether the clock can be believed, so that what is past is past.
    pub(crate) fn is_sure(&self) -> bool {
        self.clock == Belief::Believed
    }

    /// Since when the clock is believed and runs evenly. `None`: it is not believed.
    pub(crate) fn sure_since(&self) -> Option<Instant> {
        self.is_sure().then_some(self.sure_since)
    }

    /// The time now. It goes back only when a witness spoke against it.
    pub(crate) fn now(&mut self, clock: Timestamp, at: Instant) -> Timestamp {
        let counted = self.reached.after(at.saturating_duration_since(self.at));
        let is_near = distance(counted, clock) <= STEP;
        let is_corrected =
            self.clock == Belief::Behind && clock >= counted && clock.since(counted) <= A_DAY;
        if is_near {
            if !self.is_sure() {
                self.sure_since = at;
            }
            self.clock = Belief::Believed;
            self.reached = self.reached.max(clock);
        } else if is_corrected {
            self.correct(counted, clock, at);
        } else {
            if self.clock == Belief::Believed {
                self.clock = Belief::Jumped;
            }
            self.reached = counted;
        }
        self.at = at;
        self.reached
    }

    /// Somebody outside dated something that just came: not later than now, and perhaps a while ago.
    pub(crate) fn witness(&mut self, told: Timestamp, clock: Timestamp, at: Instant) {
        let counted = self.now(clock, at);
        if !self.is_sure() && told >= FIRST && distance(told, clock) <= A_DAY {
            self.correct(counted, clock, at);
        }
    }

    fn correct(&mut self, counted: Timestamp, clock: Timestamp, at: Instant) {
        let (by, _) = self.corrected;
        self.corrected = (by.saturating_add(clock.since(counted)), counted);
        self.reached = clock;
        self.clock = Belief::Believed;
        self.sure_since = at;
    }

    /// Whether this was before the start, so that the time since then is known only if the clock is believed.
    pub(crate) fn was_before_the_start(&self, then: Timestamp) -> bool {
        then <= self.start
    }

    /// How long ago something was noted, where that is known. What was noted since the start is no older for a correction.
    pub(crate) fn since(&self, then: Timestamp) -> Option<Duration> {
        let apparent = self.reached.since(then);
        if self.was_before_the_start(then) {
            return self.is_sure().then_some(apparent);
        }
        let (by, until) = self.corrected;
        Some(match then <= until {
            true => apparent.saturating_sub(by),
            false => apparent,
        })
    }
}

/// How far two times are apart, either way round.
pub(crate) fn distance(one: Timestamp, other: Timestamp) -> Duration {
    one.since(other).max(other.since(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    /// 2026-01-01.
    const STORED: i64 = 1_767_225_600_000;

    fn start(clock: i64) -> (Time, Instant) {
        let at = Instant::now();
        (Time::at_start(Timestamp(STORED), Timestamp(clock), at), at)
    }

    /// What the time is `after` the start where the clock then says this.
    fn now(time: &mut Time, begun: Instant, after: i64, clock: i64) -> i64 {
        let after = Duration::from_millis(u64::try_from(after).unwrap());
        time.now(Timestamp(clock), begun + after).0
    }

    #[test]
    fn at_the_start_what_is_stored_speaks_for_the_clock() {
        let cases = [
            (STORED, Belief::Believed, STORED),
            (STORED - 60_000, Belief::Believed, STORED),
            (STORED + 3 * HOUR, Belief::Believed, STORED + 3 * HOUR),
            (0, Belief::Behind, STORED),
            (STORED - YEAR, Belief::Behind, STORED),
            (STORED + YEAR, Belief::Jumped, STORED),
            (STORED + 2 * DAY, Belief::Jumped, STORED),
        ];
        for (clock, belief, reached) in cases {
            let (time, _) = start(clock);
            assert_eq!((time.clock, time.reached.0), (belief, reached), "{clock}");
        }
        let first = |clock| Time::at_start(Timestamp(0), Timestamp(clock), Instant::now());
        assert_eq!(first(0).clock, Belief::Behind);
        assert!(first(STORED).is_sure());
    }

    #[test]
    fn a_start_in_1970_goes_on_from_what_is_stored_until_the_clock_is_corrected() {
        let (mut time, begun) = start(0);
        assert_eq!(now(&mut time, begun, 5_000, 5_000), STORED + 5_000);
        assert!(!time.is_sure());
        let corrected = STORED + 3 * HOUR;
        assert_eq!(now(&mut time, begun, 60_000, corrected), corrected);
        assert!(time.is_sure());
    }

    #[test]
    fn a_jump_moves_nothing_and_its_end_restores_the_belief() {
        for jump in [YEAR, -YEAR, 2 * HOUR, -2 * HOUR, -STORED] {
            let (mut time, begun) = start(STORED);
            assert_eq!(
                now(&mut time, begun, HOUR, STORED + HOUR + jump),
                STORED + HOUR,
                "{jump}"
            );
            assert!(!time.is_sure());
            assert_eq!(
                now(&mut time, begun, 2 * HOUR, STORED + 2 * HOUR),
                STORED + 2 * HOUR
            );
            assert!(time.is_sure());
        }
    }

    #[test]
    fn it_is_known_since_when_the_clock_runs_evenly() {
        let (mut time, begun) = start(STORED);
        let minutes = |count: u64| begun + Duration::from_secs(60 * count);
        let mut look = |after: u64, clock: i64| {
            time.now(Timestamp(clock), minutes(after));
            time.sure_since()
        };
        let clock = |minutes: i64| STORED + minutes * 60_000;
        assert_eq!(look(30, clock(30)), Some(begun));
        assert_eq!(look(40, clock(40) + YEAR), None, "it jumped");
        assert_eq!(look(50, clock(50)), Some(minutes(50)), "and came back");
        assert_eq!(look(90, clock(90)), Some(minutes(50)));
        let far = clock(100) + YEAR;
        assert_eq!(look(100, far), None);
        time.witness(Timestamp(far), Timestamp(far), minutes(100));
        assert_eq!(time.sure_since(), Some(minutes(100)), "somebody agreed");
    }

    #[test]
    fn a_witness_within_a_day_settles_it_and_any_other_does_not() {
        // Off for a week: nothing tells that from a jump, until a message comes.
        let week = STORED + 7 * DAY;
        let (mut time, begun) = start(week);
        assert_eq!(now(&mut time, begun, 1_000, week + 1_000), STORED + 1_000);
        time.witness(Timestamp(0), Timestamp(5), begun);
        assert!(!time.is_sure(), "two that start in 1970 prove nothing");
        for old in [0, STORED, week - 2 * DAY, week + 2 * DAY] {
            time.witness(Timestamp(old), Timestamp(week + 1_000), begun);
            assert!(!time.is_sure(), "{old}");
        }
        time.witness(Timestamp(week - HOUR), Timestamp(week + 1_000), begun);
        assert!(time.is_sure());
        assert_eq!(now(&mut time, begun, 1_000, week + 2_000), week + 2_000);
    }

    #[test]
    fn a_clock_that_was_a_year_ahead_from_the_first_start_is_set_right_by_a_witness() {
        let begun = Instant::now();
        let mut time = Time::at_start(Timestamp(0), Timestamp(STORED + YEAR), begun);
        assert_eq!(now(&mut time, begun, HOUR, STORED), STORED + YEAR + HOUR);
        let later = begun + Duration::from_secs(3600);
        time.witness(Timestamp(STORED), Timestamp(STORED), later);
        assert_eq!(now(&mut time, begun, HOUR, STORED + 1_000), STORED + 1_000);
    }

    #[test]
    fn what_was_noted_since_the_start_is_no_older_for_a_correction() {
        let (mut time, begun) = start(0);
        let noted = now(&mut time, begun, HOUR, HOUR);
        assert_eq!(
            time.since(Timestamp(STORED - HOUR)),
            None,
            "off for how long?"
        );
        now(&mut time, begun, HOUR + 60_000, STORED + 5 * HOUR);
        assert!(time.is_sure());
        let since = |then| time.since(Timestamp(then)).map(|since| since.as_secs());
        assert_eq!(since(noted), Some(60));
        assert_eq!(since(STORED - HOUR), Some(6 * 3600));
        // And one that is corrected by a witness.
        let (mut time, begun) = start(STORED + 7 * DAY);
        let noted = now(&mut time, begun, 1_000, STORED + 7 * DAY + 1_000);
        let clock = Timestamp(STORED + 7 * DAY + 2_000);
        time.witness(clock, clock, begun + Duration::from_secs(2));
        let since = |then| time.since(Timestamp(then)).map(|since| since.as_secs());
        assert_eq!(since(noted), Some(1));
        assert_eq!(since(STORED), Some(7 * 86_400 + 2));
    }

    #[test]
    fn small_corrections_are_followed_and_never_go_back() {
        let (mut time, begun) = start(STORED);
        assert_eq!(
            now(&mut time, begun, 1_000, STORED + 60_000),
            STORED + 60_000
        );
        assert_eq!(
            now(&mut time, begun, 2_000, STORED + 3_000),
            STORED + 60_000
        );
        assert!(time.is_sure());
    }
}
