//! Removing what is older than people want to keep: messages with their parts, posts, marks and receipts.
//!
//! In small batches, when nobody has asked for anything for a while; under steady load one batch an hour. Rooms stay, so a
//! contact who writes again after years is shown where they were.
//!
//! **Invariants:** nothing that is not finished is removed, however old. Nothing is removed before the clock was believed
//! ([`Time`](crate::time::Time)) and ran evenly for an hour. What was stored under a clock that was plainly wrong has no age,
//! and stays.

use std::time::Duration;

use tokio::time::Instant;
use tracing::info;

use crate::chat::{Network, Receipt};
use crate::id::{MessageId, PostId, Timestamp};
use crate::part::{HoldReason, PartState};
use crate::post::PostState;
use crate::store::record::{Mark, Message, Post, Way};
use crate::store::{StoreError, keys};
use crate::writer::outages;
use crate::writer::work::{Job, Work};

/// Messages, and as many posts, that are looked at in one commit.
const BATCH: usize = 50;
/// Between two batches.
const PAUSE: Duration = Duration::from_secs(1);
/// Nobody asked for anything for so long.
const QUIET: Duration = Duration::from_secs(5);
/// Between two looks at a clock that is not believed for long enough.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// Between two rounds, and how long the clock has to run evenly.
const HOUR: Duration = Duration::from_secs(3600);
/// 2020-01-01: no message of this program is older.
const PLAUSIBLE: Timestamp = Timestamp(1_577_836_800_000);

/// How far a round has come: the last id that was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    message: u64,
    post: u64,
}

/// What one batch came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Swept {
    /// Where the next begins. `None`: the round is over.
    next: Option<Position>,
    removed: usize,
}

impl Swept {
    /// Where the next batch begins. `None`: there is none.
    pub(super) fn next(self) -> Option<Position> {
        self.next
    }
}

/// When to remove something next.
#[derive(Debug)]
pub(super) struct Retention {
    /// `None`: everything is kept for ever.
    keep: Option<Duration>,
    position: Position,
    removed: usize,
    next: Instant,
    /// When a batch is due whatever else happens.
    latest: Instant,
}

impl Retention {
    pub(super) fn new(keep: Option<Duration>, now: Instant) -> Self {
        Self {
            keep,
            position: Position::default(),
            removed: 0,
            next: now,
            latest: now + HOUR,
        }
    }

    /// When to come again. `None`: never.
    pub(super) fn due(&self) -> Option<Instant> {
        self.keep.map(|_| self.next)
    }

    /// Somebody asked for something.
    pub(super) fn disturbed(&mut self, now: Instant) {
        self.next = self.next.max(now + QUIET).min(self.latest.max(self.next));
    }

    /// What to remove now: everything older than the first, from the second on. `None`: nothing yet. `sure_since`: when the
    /// clock began to be believed, if it is.
    pub(super) fn poll(
        &mut self,
        sure_since: Option<Instant>,
        now: Instant,
    ) -> Option<(Duration, Position)> {
        let keep = self.keep.filter(|_| self.next <= now)?;
        if sure_since.is_none_or(|since| now < since + HOUR) {
            self.wait(now + LOOK_AGAIN);
            return None;
        }
        Some((keep, self.position))
    }

    /// The batch is in its commit.
    pub(super) fn swept(&mut self, swept: Swept, now: Instant) {
        self.removed += swept.removed;
        match swept.next() {
            Some(position) => {
                self.position = position;
                self.wait(now + PAUSE);
            }
            None => {
                if self.removed > 0 {
                    info!(entries = self.removed, "what was too old is removed");
                }
                self.position = Position::default();
                self.removed = 0;
                self.wait(now + HOUR);
            }
        }
    }

    /// Nothing could be removed now.
    pub(super) fn failed(&mut self, now: Instant) {
        self.wait(now + HOUR);
    }

    fn wait(&mut self, until: Instant) {
        self.next = until;
        self.latest = until + HOUR;
    }
}

impl Work<'_> {
    /// Looks at the next messages and posts that are older than `keep`, and removes those that are finished.
    pub(super) fn sweep(&mut self, keep: Duration, from: Position) -> Result<Swept, StoreError> {
        let mut swept = Swept {
            next: None,
            removed: 0,
        };
        // While the clock cannot be believed nothing expires.
        if !self.core.time.is_sure() {
            return Ok(swept);
        }
        let mut position = from;
        let messages = self.older(&keys::messages_prefix(), from.message, keep)?;
        for &id in &messages {
            position.message = id;
            swept.removed += usize::from(self.remove_message(MessageId(id))?);
        }
        let posts = if messages.len() < BATCH {
            self.older(&keys::posts_prefix(), from.post, keep)?
        } else {
            Vec::new()
        };
        for &id in &posts {
            position.post = id;
            swept.removed += usize::from(self.remove_lone_post(PostId(id))?);
        }
        let more = messages.len() == BATCH || posts.len() == BATCH;
        swept.next = more.then_some(position);
        Ok(swept)
    }

    /// The next ids under a prefix that are older than `keep`.
    fn older(&self, prefix: &[u8], after: u64, keep: Duration) -> Result<Vec<u64>, StoreError> {
        let first = after.max(u64::try_from(PLAUSIBLE.0).unwrap_or(0).saturating_mul(1000));
        let found = self.transaction.keys_after(prefix, first, BATCH)?;
        let ids = found.iter().filter_map(|key| keys::last_number(key));
        Ok(ids
            .take_while(|id| {
                let at = Timestamp(i64::try_from(id / 1000).unwrap_or(i64::MAX));
                self.now.since(at) > keep
            })
            .collect())
    }

    /// Removes a message with all that hangs on it, unless something of it is not finished.
    pub(super) fn remove_message(&mut self, id: MessageId) -> Result<bool, StoreError> {
        let Some(message) = self.message(id)? else {
            return Ok(false);
        };
        let parts = self.parts(id)?;
        for (part, record) in &parts {
            if !is_finished(&record.state) || self.transaction.exists(&keys::outbox(*part))? {
                return Ok(false);
            }
        }
        let posts = self.ids(&keys::posts_of_prefix(id))?;
        let marks = self.ids(&keys::marks_of_prefix(id))?;
        for post in posts.iter().chain(&marks) {
            if !self.is_idle(*post)? {
                return Ok(false);
            }
        }
        for (part, record) in parts {
            if let Some((reference, _)) = record.state.awaits_report() {
                let conversation = &record.conversation;
                let (line, address) = (&conversation.line, &conversation.address);
                self.transaction
                    .remove(keys::awaited(line, address, reference, part));
            }
            self.transaction.remove(keys::part(part));
        }
        for post in posts {
            self.transaction.remove(keys::post_of(id, post));
            self.remove_post(post)?;
        }
        for mark in marks {
            self.transaction.remove(keys::mark_of(id, mark));
            if let Some(record) = self.transaction.load::<Mark>(&keys::mark(mark))? {
                self.remove_receipt(&record.network, &record.receipt);
                self.transaction.remove(keys::mark(mark));
            }
        }
        let Message { way, .. } = message;
        if let Way::Out {
            network, origin, ..
        } = way
        {
            self.remove_receipt(&network, &origin);
        }
        self.transaction.remove(keys::message(id));
        Ok(true)
    }

    /// Removes a post of the bridge's own words, or one whose message is gone.
    pub(super) fn remove_lone_post(&mut self, id: PostId) -> Result<bool, StoreError> {
        let Some(post) = self.transaction.load::<Post>(&keys::post(id))? else {
            return Ok(false);
        };
        let is_needed = match post.message {
            Some(message) => self.transaction.exists(&keys::message(message))?,
            None => false,
        };
        if is_needed || !self.is_idle(id)? {
            return Ok(false);
        }
        if let Some(message) = post.message {
            self.transaction.remove(keys::post_of(message, id));
        }
        self.remove_post(id)?;
        Ok(true)
    }

    fn remove_post(&mut self, id: PostId) -> Result<(), StoreError> {
        let key = keys::post(id);
        if let Some(post) = self.transaction.load::<Post>(&key)? {
            if let PostState::Posted { receipt } = &post.state {
                self.remove_receipt(&post.network, receipt);
            }
            if let Some(outage) = outages::told_by(&post) {
                self.transaction.remove(keys::outage(outage));
            }
            self.transaction.remove(keys::dead(id));
            self.transaction.remove(key);
        }
        Ok(())
    }

    fn remove_receipt(&mut self, network: &Network, receipt: &Receipt) {
        let key = keys::receipt(network, &receipt.place.chat, &receipt.message);
        self.transaction.remove(key);
    }

    fn ids(&self, prefix: &[u8]) -> Result<Vec<PostId>, StoreError> {
        let found = self.transaction.keys(prefix, 1000)?;
        let ids = found.iter().filter_map(|key| keys::last_number(key));
        Ok(ids.map(PostId).collect())
    }

    /// Neither waits to be shown nor is in a worker's hands.
    fn is_idle(&self, id: PostId) -> Result<bool, StoreError> {
        Ok(!self.core.is_handed(Job::Chat(id))
            && !self.transaction.exists(&keys::post_due(id))?
            && !self.transaction.exists(&keys::mark_due(id))?)
    }
}

/// Nothing more happens to it by itself, and no person is asked about it any more. A state that is not listed is kept.
fn is_finished(state: &PartState) -> bool {
    matches!(
        state,
        PartState::Sent { .. }
            | PartState::Delivered
            | PartState::Failed { .. }
            | PartState::Unknown(_)
            | PartState::Cancelled
            | PartState::Expired
            | PartState::Held {
                reason: HoldReason::EarlierPart,
                ..
            }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

    #[test]
    fn the_clock_has_to_run_evenly_for_an_hour() {
        let start = Instant::now();
        let minutes = |count: u64| start + Duration::from_secs(60 * count);
        let mut retention = Retention::new(Some(YEAR), start);
        // It is believed, jumps after 50 minutes, and somebody agrees with it at 70.
        let sure_since = |minute: u64| match minute {
            0..50 => Some(start),
            50..70 => None,
            _ => Some(minutes(70)),
        };
        let began = (0..300_u64).find(|&minute| {
            let polled = retention.poll(sure_since(minute), minutes(minute));
            polled.is_some()
        });
        assert_eq!(began, Some(130));
        assert_eq!(Retention::new(None, start).due(), None);
    }

    #[test]
    fn a_batch_waits_for_a_quiet_time_but_not_for_ever() {
        let start = Instant::now();
        let mut retention = Retention::new(Some(YEAR), start);
        let more = Swept {
            next: Some(Position::default()),
            removed: 1,
        };
        retention.swept(more, start);
        assert_eq!(retention.due(), Some(start + PAUSE));
        let mut now = start;
        while now < start + HOUR * 2 {
            now += Duration::from_secs(2);
            retention.disturbed(now);
        }
        assert_eq!(retention.due(), Some(start + PAUSE + HOUR));
    }
}
