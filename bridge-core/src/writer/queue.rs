//! What is due when, in memory: made from the store at start and whenever a commit failed, kept in step with each request.
//!
//! A lane holds its jobs in order, and only its first can be due: so messages of one conversation keep their order, and
//! a stuck one holds nobody else up.

use std::collections::{BTreeMap, BTreeSet};
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Take these jobs: one at least, the oldest first, and no two of one lane.
    Ready(Vec<u64>),
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
    /// The first jobs of lanes that nobody has and that are not due yet, as far as anybody looked.
    later: BTreeSet<(Instant, u64)>,
    /// Those that are due.
    ready: BTreeSet<u64>,
}

impl Queue {
    /// Notes when job `id` of `lane` is due. `now` is the same moment by both clocks.
    pub(crate) fn set(&mut self, lane: &str, id: u64, due: Due, now: (Timestamp, Instant)) {
        if let Some((&first, &Some(at))) = self.first(lane) {
            self.later.remove(&(at, first));
            self.ready.remove(&first);
        }
        let at = match due {
            Due::At(at) => Some(Some(now.1 + at.since(now.0).min(LONGEST_WAIT))),
            Due::Taken => Some(None),
            Due::Done => None,
        };
        match at {
            Some(at) => {
                self.lanes
                    .entry(lane.to_owned())
                    .or_default()
                    .insert(id, at);
            }
            None => {
                if let Some(jobs) = self.lanes.get_mut(lane) {
                    jobs.remove(&id);
                    if jobs.is_empty() {
                        self.lanes.remove(lane);
                    }
                }
            }
        }
        if let Some((&first, &Some(at))) = self.first(lane) {
            self.later.insert((at, first));
        }
    }

    fn first(&self, lane: &str) -> Option<(&u64, &Option<Instant>)> {
        self.lanes.get(lane).and_then(|jobs| jobs.first_key_value())
    }

    /// The oldest jobs that are due, `most` of them, or the time when one will be.
    pub(crate) fn next(&mut self, now: Instant, most: usize) -> Next {
        while let Some((at, id)) = self.later.pop_first() {
            if at > now {
                self.later.insert((at, id));
                break;
            }
            self.ready.insert(id);
        }
        if most > 0 && !self.ready.is_empty() {
            return Next::Ready(self.ready.iter().take(most).copied().collect());
        }
        self.later
            .first()
            .map_or(Next::Idle, |(at, _)| Next::At(*at))
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
        assert_eq!(queue.next(start, 1), Next::Idle);
        queue.set("a", 1, second(10), now);
        queue.set("a", 2, second(0), now);
        queue.set("b", 3, second(0), now);
        queue.set("b", 4, second(0), now);
        assert_eq!(
            queue.next(start, 1),
            Next::Ready(vec![3]),
            "1 is not due, and 2 stands behind it"
        );
        queue.set("b", 3, Due::Taken, now);
        assert_eq!(
            queue.next(start, 1),
            Next::At(start + Duration::from_secs(10))
        );
        queue.set("b", 3, Due::Done, now);
        assert_eq!(queue.next(start, 1), Next::Ready(vec![4]));
        assert_eq!(
            queue.next(start + Duration::from_secs(10), 1),
            Next::Ready(vec![1])
        );
        for (lane, id) in [("a", 1), ("a", 2), ("b", 4)] {
            queue.set(lane, id, Due::Done, now);
        }
        assert_eq!((queue.next(start, 1), queue.len()), (Next::Idle, 0));
    }

    #[test]
    fn a_clock_that_jumps_holds_nothing_for_ever() {
        let start = Instant::now();
        let year = Timestamp(365 * 24 * 3600 * 1000);
        let mut queue = Queue::default();
        queue.set("a", 1, Due::At(year), (Timestamp(0), start));
        assert_eq!(queue.next(start + LONGEST_WAIT, 1), Next::Ready(vec![1]));
        queue.set("a", 1, Due::At(Timestamp(0)), (year, start));
        assert_eq!(queue.next(start, 1), Next::Ready(vec![1]));
    }
}
