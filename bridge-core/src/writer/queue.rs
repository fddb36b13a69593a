//! What is due when, in memory: made from the store at start and whenever a commit failed, kept in step with each request.
//!
//! A lane holds the jobs of one destination. Of messages only the first of a lane can be due, so those of one conversation
//! keep their order; marks, which only say how a message stands, may overtake each other. Either way nobody has more than
//! one job of a lane, so a stuck destination holds nobody else up. Messages go before marks, and after some messages one
//! mark goes before them, so that neither waits for ever.
//!
//! A lane whose last job was in somebody's hands for long is slow. There may be many of those, in a chat with many rooms
//! that hangs: they go behind all others, but now and then, and have no more than some of the places.

use std::collections::{BTreeMap, BTreeSet, btree_set};
use std::time::Duration;

use tokio::time::Instant;

use crate::dispatch::chat::SLOW;
use crate::id::Timestamp;

/// No job waits longer than this, whatever the clock said when its due time was stored.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// While messages wait, one mark is taken for so many of them.
const MESSAGES_FOR_ONE_MARK: usize = 10;
/// Of the messages that are due the newest is taken after so many others: should those before it all hang, it does not
/// wait for each of them.
const OLDEST_FOR_ONE_NEWEST: usize = 3;
/// While others are due, one job of a slow lane is taken for so many of them.
const OTHERS_FOR_ONE_SLOW: usize = 10;
/// So many jobs of slow lanes are in hand at once, at most.
const SLOW_AT_ONCE: usize = 4;

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
    /// Take these jobs: one at least, and no two of one lane.
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
    later: BTreeSet<(Instant, Rank)>,
    /// Those that are due.
    ready: BTreeSet<Rank>,
    /// Messages handed out since the last mark.
    since_mark: usize,
    /// Messages handed out since the last one that was not the oldest.
    since_newest: usize,
    /// Jobs handed out since the last one of a slow lane.
    since_slow: usize,
    /// Jobs of slow lanes in somebody's hands.
    slow_in_hand: usize,
}

/// Where a job stands among those that are due.
type Rank = (Class, u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Message,
    Mark,
    /// Either, of a slow lane.
    Slow,
}

/// The jobs of one destination.
#[derive(Debug, Default)]
struct Lane {
    /// By id; `None`: taken.
    jobs: BTreeMap<u64, Option<Wait>>,
    /// Those that nobody has.
    waiting: BTreeSet<(Instant, u64)>,
    /// Since when somebody has one. `None`: nobody has.
    taken: Option<Instant>,
    /// Whether the last one that somebody had took long.
    is_slow: bool,
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
    fn set(&mut self, id: u64, job: Option<Option<Wait>>, now: Instant) {
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
        if self.waiting.len() < self.jobs.len() {
            self.taken = self.taken.or(Some(now));
        } else if let Some(since) = self.taken.take() {
            self.is_slow = now.saturating_duration_since(since) > SLOW;
        }
    }

    /// The job that can be taken next, and when. `None`: none before another is settled.
    fn head(&self, kind: Kind) -> Option<(Instant, Rank)> {
        let class = match kind {
            _ if self.is_slow => Class::Slow,
            Kind::Message => Class::Message,
            Kind::Mark => Class::Mark,
        };
        let (at, id) = match kind {
            Kind::Message => {
                let (&id, wait) = self.jobs.first_key_value()?;
                ((*wait)?.until, id)
            }
            Kind::Mark if self.taken.is_some() => return None,
            Kind::Mark => *self.waiting.first()?,
        };
        Some((at, (class, id)))
    }

    fn slow_in_hand(&self) -> usize {
        usize::from(self.is_slow && self.taken.is_some())
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
            self.set(id, Some(Some(wait)), now);
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
        let before = (lane.head(kind), lane.slow_in_hand());
        lane.set(id, job, now.1);
        let after = (lane.head(kind), lane.slow_in_hand());
        if lane.jobs.is_empty() {
            self.lanes.remove(&key);
        }
        self.slow_in_hand = self.slow_in_hand.saturating_sub(before.1) + after.1;
        self.replace(before.0, after.0);
    }

    /// A lane has another head, or the same one as before.
    fn replace(&mut self, before: Option<(Instant, Rank)>, after: Option<(Instant, Rank)>) {
        if let Some((at, rank)) = before {
            self.later.remove(&(at, rank));
            self.ready.remove(&rank);
        }
        self.later.extend(after);
    }

    /// The other side answers: what was put off because it did not is due.
    pub(crate) fn hurry(&mut self, now: Instant) {
        let mut moved = Vec::new();
        for (&(kind, _), lane) in &mut self.lanes {
            let before = lane.head(kind);
            lane.hurry(now);
            let after = lane.head(kind);
            if before != after {
                moved.push((before, after));
            }
        }
        for (before, after) in moved {
            self.replace(before, after);
        }
    }

    /// Jobs that are due, `most` of them, or the time when one will be.
    pub(crate) fn next(&mut self, now: Instant, most: usize) -> Next {
        while let Some((at, rank)) = self.later.pop_first() {
            if at > now {
                self.later.insert((at, rank));
                break;
            }
            self.ready.insert(rank);
        }
        let chosen = self.choose(most);
        if !chosen.is_empty() {
            return Next::Ready(chosen);
        }
        self.later
            .first()
            .map_or(Next::Idle, |(at, ..)| Next::At(*at))
    }

    fn choose(&mut self, most: usize) -> Vec<u64> {
        let mut messages = self.ready.range(..(Class::Mark, 0));
        let mut marks = self.ready.range((Class::Mark, 0)..(Class::Slow, 0));
        let mut slow = self.ready.range((Class::Slow, 0)..);
        let mut slow_room = SLOW_AT_ONCE.saturating_sub(self.slow_in_hand);
        let mut chosen = Vec::new();
        while chosen.len() < most {
            let is_there = |class: &btree_set::Range<'_, Rank>| class.clone().next().is_some();
            let others = (is_there(&messages), is_there(&marks));
            let any_slow = slow_room > 0 && is_there(&slow);
            let next = match others {
                (false, false) if !any_slow => break,
                (false, false) => Class::Slow,
                _ if any_slow && self.since_slow >= OTHERS_FOR_ONE_SLOW => Class::Slow,
                (true, true) if self.since_mark >= MESSAGES_FOR_ONE_MARK => Class::Mark,
                (true, _) => Class::Message,
                (false, true) => Class::Mark,
            };
            let job = match next {
                Class::Slow => {
                    self.since_slow = 0;
                    slow_room = slow_room.saturating_sub(1);
                    slow.next()
                }
                Class::Mark => {
                    self.since_slow = self.since_slow.saturating_add(1);
                    self.since_mark = 0;
                    marks.next()
                }
                Class::Message => {
                    self.since_slow = self.since_slow.saturating_add(1);
                    self.since_mark = self.since_mark.saturating_add(1);
                    self.since_newest = self.since_newest.saturating_add(1);
                    if self.since_newest > OLDEST_FOR_ONE_NEWEST {
                        self.since_newest = 0;
                        messages.next_back()
                    } else {
                        messages.next()
                    }
                }
            };
            chosen.extend(job.map(|&(_, id)| id));
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
        let last_message = taken.iter().rposition(|&id| id >= 1000).unwrap();
        let marks_before = taken.iter().take(last_message).filter(|&&id| id < 1000);
        assert_eq!((last_message, marks_before.count()), (108, 9));
        assert_eq!((taken.len(), queue.len()), (400, 0));
    }

    #[test]
    fn slow_lanes_go_behind_the_others_but_now_and_then_and_have_some_places_only() {
        let start = Instant::now();
        let mut queue = Queue::default();
        let at_once = Due::At(Timestamp(0));
        let set = |queue: &mut Queue, id: u64, due, after: Duration| {
            let now = (Timestamp(0).after(after), start + after);
            queue.set(MESSAGE, &format!("lane {id}"), id, due, now);
        };
        let begin = Duration::ZERO;
        for id in 0..8 {
            set(&mut queue, id, at_once, begin);
            set(&mut queue, id, Due::Taken, begin);
            set(&mut queue, id, at_once, SLOW * 2);
        }
        for id in 100..120 {
            set(&mut queue, id, at_once, SLOW * 2);
        }
        let mut slow_after = Vec::new();
        let mut quick = 0;
        let now = start + SLOW * 2;
        while let Next::Ready(ids) = queue.next(now, 1) {
            for id in ids {
                set(&mut queue, id, Due::Taken, SLOW * 2);
                if id < 100 {
                    slow_after.push(quick);
                } else {
                    quick += 1;
                    set(&mut queue, id, Due::Done, SLOW * 2);
                }
            }
        }
        assert_eq!(slow_after, [10, 20, 20, 20], "and no fifth at once");
        assert_eq!(queue.next(now, 5), Next::Idle);
        // One that is answered at once is slow no more, and makes room.
        set(&mut queue, 0, Due::Done, SLOW * 2);
        assert_eq!(queue.next(now, 5), Next::Ready(vec![4]));
        assert_eq!(queue.len(), 7);
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
