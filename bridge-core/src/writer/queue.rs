//! What is due when, in memory: made from the store at start, kept in step with each commit.
//!
//! A lane holds its jobs in order, and only its first can be due: so messages of one conversation keep their order, and
//! a stuck one holds nobody else up.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::id::Timestamp;

/// No job waits longer than this, whatever the clock said when its due time was stored.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// When a job can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Not before this wall-clock time.
    At(Timestamp),
    /// Someone has it: it is due again when they settle it.
    Taken,
    /// It is done.
    Done,
}

/// What a worker is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Take this job.
    Ready(u64),
    /// Come again then.
    At(Instant),
    /// Wait to be woken.
    Idle,
}

/// The jobs of one worker.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// Jobs by id in each lane; `None`: taken.
    lanes: BTreeMap<String, BTreeMap<u64, Option<Instant>>>,
}

impl Queue {
    /// Notes when job `id` of `lane` is due. `now` is the same moment by both clocks.
    pub(crate) fn set(&mut self, lane: &str, id: u64, due: Due, now: (Timestamp, Instant)) {
        let at = match due {
            Due::At(at) => Some(now.1 + at.since(now.0).min(LONGEST_WAIT)),
            Due::Taken => None,
            Due::Done => {
                if let Some(jobs) = self.lanes.get_mut(lane) {
                    jobs.remove(&id);
                    if jobs.is_empty() {
                        self.lanes.remove(lane);
                    }
                }
                return;
            }
        };
        self.lanes
            .entry(lane.to_owned())
            .or_default()
            .insert(id, at);
    }

    /// The oldest job that is due, or the time when one will be.
    pub(crate) fn next(&self, now: Instant) -> Next {
        let heads = self
            .lanes
            .values()
            .filter_map(|jobs| jobs.first_key_value());
        let (mut ready, mut soonest) = (None::<u64>, None::<Instant>);
        for (&id, &at) in heads {
            match at {
                Some(at) if at <= now => ready = Some(ready.map_or(id, |other| other.min(id))),
                Some(at) => soonest = Some(soonest.map_or(at, |other| other.min(at))),
                None => {}
            }
        }
        match (ready, soonest) {
            (Some(id), _) => Next::Ready(id),
            (None, Some(at)) => Next::At(at),
            (None, None) => Next::Idle,
        }
    }

    /// How many jobs are not done.
    pub(crate) fn len(&self) -> usize {
        self.lanes.values().map(BTreeMap::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_keep_their_order_and_do_not_hold_each_other_up() {
        let start = Instant::now();
        let now = (Timestamp(0), start);
        let second = |seconds: i64| Due::At(Timestamp(seconds * 1000));
        let mut queue = Queue::default();
        assert_eq!(queue.next(start), Next::Idle);
        queue.set("a", 1, second(10), now);
        queue.set("a", 2, second(0), now);
        queue.set("b", 3, second(0), now);
        queue.set("b", 4, second(0), now);
        assert_eq!(
            queue.next(start),
            Next::Ready(3),
            "1 is not due, and 2 stands behind it"
        );
        queue.set("b", 3, Due::Taken, now);
        assert_eq!(queue.next(start), Next::At(start + Duration::from_secs(10)));
        queue.set("b", 3, Due::Done, now);
        assert_eq!(queue.next(start), Next::Ready(4));
        assert_eq!(queue.next(start + Duration::from_secs(10)), Next::Ready(1));
        for (lane, id) in [("a", 1), ("a", 2), ("b", 4)] {
            queue.set(lane, id, Due::Done, now);
        }
        assert_eq!((queue.next(start), queue.len()), (Next::Idle, 0));
    }

    #[test]
    fn a_clock_that_jumps_holds_nothing_for_ever() {
        let start = Instant::now();
        let year = Timestamp(365 * 24 * 3600 * 1000);
        let mut queue = Queue::default();
        queue.set("a", 1, Due::At(year), (Timestamp(0), start));
        assert_eq!(queue.next(start + LONGEST_WAIT), Next::Ready(1));
        queue.set("a", 1, Due::At(Timestamp(0)), (year, start));
        assert_eq!(queue.next(start), Next::Ready(1));
    }
}
