//! What is due when, in memory: made from the store at start and whenever a commit failed, kept in step with each request.
//!
//! A lane holds the jobs of one destination. Of messages only the first of a lane can be due, so those of one conversation
//! keep their order; marks, which only say how a message stands, may overtake each other. Either way nobody has more than
//! one job of a lane, so a stuck destination holds nobody else up. Messages go before marks, and after some messages one
//! mark goes before them, so that neither waits for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::id::Timestamp;

/// No job waits longer than this, whatever the clock said when its due time was stored.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// While messages wait, one mark is taken for so many of them.
const MESSAGES_FOR_ONE_MARK: usize = 10;

/// When a job can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Not before this wall-clock time.
    At(Timestamp),
    /// Then, or as soon as the other side proves to answer again: nobody there asked for the wait.
    BackOff(Timestamp),
    /// Someone has it: it is due again when they settle it.
    Taken,
    /// It is done.
    Done,
}

/// What a job is, which says how it stands to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A post or a part: in order within its lane.
    Message,
    /// The state of a message, shown: in any order, and after messages.
    Mark,
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
    lanes: BTreeMap<(Kind, String), Lane>,
    /// The heads of lanes that are not due yet, as far as anybody looked.
    later: BTreeSet<(Instant, Kind, u64)>,
    /// Those that are due.
    ready: BTreeSet<(Kind, u64)>,
    /// Messages handed out since the last mark.
    since_mark: usize,
}

/// The jobs of one destination.
#[derive(Debug, Default)]
struct Lane {
    /// By id; `None`: taken.
    jobs: BTreeMap<u64, Option<Wait>>,
    /// Those that nobody has.
    waiting: BTreeSet<(Instant, u64)>,
}

#[derive(Clone, Copy, Debug)]
struct Wait {
    until: Instant,
    for_what: WaitsFor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WaitsFor {
    ItsTime,
    /// Its time is a guess.
    AnAnswer,
}

impl Lane {
    fn set(&mut self, id: u64, job: Option<Option<Wait>>) {
        let before = match job {
            Some(job) => self.jobs.insert(id, job),
            None => self.jobs.remove(&id),
        };
        if let Some(Some(before)) = before {
            self.waiting.remove(&(before.until, id));
        }
        if let Some(Some(wait)) = job {
            self.waiting.insert((wait.until, id));
        }
    }

    /// The job that can be taken next, and when. `None`: none before another is settled.
    fn head(&self, kind: Kind) -> Option<(Instant, u64)> {
        match kind {
            Kind::Message => {
                let (&id, wait) = self.jobs.first_key_value()?;
                wait.map(|wait| (wait.until, id))
            }
            Kind::Mark if self.waiting.len() < self.jobs.len() => None,
            Kind::Mark => self.waiting.first().copied(),
        }
    }

    /// Jobs that wait for an answer wait no longer.
    fn hurry(&mut self, now: Instant) {
        let early: Vec<u64> = self
            .jobs
            .iter()
            .filter(|(_, wait)| {
                wait.is_some_and(|wait| wait.for_what == WaitsFor::AnAnswer && wait.until > now)
            })
            .map(|(&id, _)| id)
            .collect();
        for id in early {
            let wait = Wait {
                until: now,
                for_what: WaitsFor::ItsTime,
            };
            self.set(id, Some(Some(wait)));
        }
    }
}

impl Queue {
    /// Notes when job `id` of `lane` is due. `now` is the same moment by both clocks.
    pub(crate) fn set(
        &mut self,
        kind: Kind,
        lane: &str,
        id: u64,
        due: Due,
        now: (Timestamp, Instant),
    ) {
        let wait = |at: Timestamp, for_what| {
            let until = now.1 + at.since(now.0).min(LONGEST_WAIT);
            Some(Some(Wait { until, for_what }))
        };
        let job = match due {
            Due::At(at) => wait(at, WaitsFor::ItsTime),
            Due::BackOff(at) => wait(at, WaitsFor::AnAnswer),
            Due::Taken => Some(None),
            Due::Done => None,
        };
        let key = (kind, lane.to_owned());
        if job.is_none() && !self.lanes.contains_key(&key) {
            return;
        }
        let lane = self.lanes.entry(key.clone()).or_default();
        if let Some((at, head)) = lane.head(kind) {
            self.later.remove(&(at, kind, head));
            self.ready.remove(&(kind, head));
        }
        lane.set(id, job);
        if let Some((at, head)) = lane.head(kind) {
            self.later.insert((at, kind, head));
        }
        if lane.jobs.is_empty() {
            self.lanes.remove(&key);
        }
    }

    /// The other side answers: what was put off because it did not is due.
    pub(crate) fn hurry(&mut self, now: Instant) {
        for (&(kind, _), lane) in &mut self.lanes {
            let before = lane.head(kind);
            lane.hurry(now);
            let after = lane.head(kind);
            if before == after {
                continue;
            }
            if let Some((at, head)) = before {
                self.later.remove(&(at, kind, head));
                self.ready.remove(&(kind, head));
            }
            if let Some((at, head)) = after {
                self.later.insert((at, kind, head));
            }
        }
    }

    /// The oldest jobs that are due, `most` of them, or the time when one will be.
    pub(crate) fn next(&mut self, now: Instant, most: usize) -> Next {
        while let Some((at, kind, id)) = self.later.pop_first() {
            if at > now {
                self.later.insert((at, kind, id));
                break;
            }
            self.ready.insert((kind, id));
        }
        if most > 0 && !self.ready.is_empty() {
            return Next::Ready(self.choose(most));
        }
        self.later
            .first()
            .map_or(Next::Idle, |(at, ..)| Next::At(*at))
    }

    fn choose(&mut self, most: usize) -> Vec<u64> {
        let mut marks = self.ready.range((Kind::Mark, 0)..).map(|&(_, id)| id);
        let mut messages = self.ready.range(..(Kind::Mark, 0)).map(|&(_, id)| id);
        let (mut next_message, mut next_mark) = (messages.next(), marks.next());
        let mut chosen = Vec::new();
        while chosen.len() < most {
            let is_mark = match (next_message, next_mark) {
                (None, None) => break,
                (Some(_), None) => false,
                (None, Some(_)) => true,
                (Some(_), Some(_)) => self.since_mark >= MESSAGES_FOR_ONE_MARK,
            };
            if is_mark {
                chosen.extend(next_mark);
                next_mark = marks.next();
                self.since_mark = 0;
            } else {
                chosen.extend(next_message);
                next_message = messages.next();
                self.since_mark = self.since_mark.saturating_add(1);
            }
        }
        chosen
    }

    /// How many jobs are not done.
    pub(crate) fn len(&self) -> usize {
        self.lanes.values().map(|lane| lane.jobs.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: Kind = Kind::Message;

    #[test]
    fn lanes_keep_their_order_and_do_not_hold_each_other_up() {
        let start = Instant::now();
        let now = (Timestamp(0), start);
        let second = |seconds: i64| Due::At(Timestamp(seconds * 1000));
        let mut queue = Queue::default();
        assert_eq!(queue.next(start, 1), Next::Idle);
        queue.set(MESSAGE, "a", 1, second(10), now);
        queue.set(MESSAGE, "a", 2, second(0), now);
        queue.set(MESSAGE, "b", 3, second(0), now);
        queue.set(MESSAGE, "b", 4, second(0), now);
        assert_eq!(
            queue.next(start, 1),
            Next::Ready(vec![3]),
            "1 is not due, and 2 stands behind it"
        );
        queue.set(MESSAGE, "b", 3, Due::Taken, now);
        assert_eq!(
            queue.next(start, 1),
            Next::At(start + Duration::from_secs(10))
        );
        queue.set(MESSAGE, "b", 3, Due::Done, now);
        assert_eq!(queue.next(start, 1), Next::Ready(vec![4]));
        assert_eq!(
            queue.next(start + Duration::from_secs(10), 1),
            Next::Ready(vec![1])
        );
        for (lane, id) in [("a", 1), ("a", 2), ("b", 4)] {
            queue.set(MESSAGE, lane, id, Due::Done, now);
        }
        assert_eq!((queue.next(start, 1), queue.len()), (Next::Idle, 0));
    }

    #[test]
    fn a_clock_that_jumps_holds_nothing_for_ever() {
        let start = Instant::now();
        let year = Timestamp(365 * 24 * 3600 * 1000);
        let mut queue = Queue::default();
        queue.set(MESSAGE, "a", 1, Due::At(year), (Timestamp(0), start));
        assert_eq!(queue.next(start + LONGEST_WAIT, 1), Next::Ready(vec![1]));
        queue.set(MESSAGE, "a", 1, Due::At(Timestamp(0)), (year, start));
        assert_eq!(queue.next(start, 1), Next::Ready(vec![1]));
    }

    #[test]
    fn messages_go_before_older_marks_and_neither_waits_for_ever() {
        let start = Instant::now();
        let now = (Timestamp(0), start);
        let at_once = Due::At(Timestamp(0));
        let mut queue = Queue::default();
        for id in 0..300 {
            queue.set(Kind::Mark, &format!("mark {id}"), id, at_once, now);
        }
        for id in 1000..1100 {
            queue.set(MESSAGE, &format!("message {id}"), id, at_once, now);
        }
        let mut taken = Vec::new();
        while let Next::Ready(ids) = queue.next(start, 4) {
            for id in ids {
                let (kind, lane) = match id < 1000 {
                    true => (Kind::Mark, format!("mark {id}")),
                    false => (MESSAGE, format!("message {id}")),
                };
                queue.set(kind, &lane, id, Due::Done, now);
                taken.push(id);
            }
        }
        let last_message = taken.iter().position(|&id| id == 1099).unwrap();
        let marks_before = taken.iter().take(last_message).filter(|&&id| id < 1000);
        assert_eq!((last_message, marks_before.count()), (108, 9));
        assert_eq!((taken.len(), queue.len()), (400, 0));
    }

    #[test]
    fn marks_of_one_place_overtake_each_other_and_are_had_one_at_a_time() {
        let start = Instant::now();
        let now = (Timestamp(0), start);
        let mut queue = Queue::default();
        queue.set(Kind::Mark, "a", 1, Due::At(Timestamp(60_000)), now);
        queue.set(Kind::Mark, "a", 2, Due::At(Timestamp(0)), now);
        queue.set(Kind::Mark, "a", 3, Due::At(Timestamp(0)), now);
        assert_eq!(queue.next(start, 5), Next::Ready(vec![2]));
        queue.set(Kind::Mark, "a", 2, Due::Taken, now);
        assert_eq!(queue.next(start, 5), Next::Idle);
        queue.set(Kind::Mark, "a", 2, Due::Done, now);
        assert_eq!(queue.next(start, 5), Next::Ready(vec![3]));
    }

    #[test]
    fn an_answer_ends_the_waits_that_nobody_asked_for() {
        let start = Instant::now();
        let now = (Timestamp(0), start);
        let mut queue = Queue::default();
        let later = Timestamp(300_000);
        queue.set(MESSAGE, "a", 1, Due::BackOff(later), now);
        queue.set(MESSAGE, "a", 2, Due::At(Timestamp(0)), now);
        queue.set(MESSAGE, "b", 3, Due::At(later), now);
        queue.set(Kind::Mark, "c", 4, Due::BackOff(later), now);
        assert_eq!(
            queue.next(start, 5),
            Next::At(start + Duration::from_secs(300))
        );
        queue.hurry(start);
        assert_eq!(
            queue.next(start, 5),
            Next::Ready(vec![1, 4]),
            "3 waits because the network said so"
        );
    }
}
