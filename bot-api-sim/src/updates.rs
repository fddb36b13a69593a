//! A bot's updates and `getUpdates` (Bot API, "Getting updates").

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::Shared;
use crate::answer::{Answer, Failure};
use crate::journal;
use crate::request::Parameters;
use crate::world::World;

/// Updates kept for a bot that does not come for them; the oldest go first.
const UPDATES: usize = 50_000;
/// How far beyond the end an offset may point and still count; further ones are taken for leftovers of an older sequence
/// and served from the oldest update, as on the open server.
const AHEAD: i64 = 10;
/// Left out unless asked for (Bot API, "getUpdates", `allowed_updates`).
const ONLY_ON_REQUEST: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];
/// The longest that a call waits.
const LONGEST_WAIT: u64 = 50;

/// What waits for a bot.
pub(crate) struct Queue {
    waiting: VecDeque<(i64, Value)>,
    next_id: i64,
    /// Empty: all but [`ONLY_ON_REQUEST`].
    allowed: Vec<String>,
    /// Counts calls of `getUpdates`: a newer one ends the older.
    poller: u64,
    wake: Arc<Notify>,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            next_id: 700_000_001,
            allowed: Vec::new(),
            poller: 0,
            wake: Arc::new(Notify::new()),
        }
    }
}

impl Queue {
    pub(crate) fn pending(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// After a week without updates the next identifier is chosen at random (Bot API, "Update"): it may be smaller.
    pub(crate) fn continue_at(&mut self, id: i64) {
        self.next_id = id;
    }

    pub(crate) fn push(&mut self, kind: &str, object: Value) {
        let wanted = if self.allowed.is_empty() {
            !ONLY_ON_REQUEST.contains(&kind)
        } else {
            self.allowed.iter().any(|allowed| allowed == kind)
        };
        if !wanted {
            return;
        }
        let id = self.next_id;
        self.next_id = id.saturating_add(1);
        self.waiting
            .push_back((id, json!({ "update_id": id, kind: object })));
        if self.waiting.len() > UPDATES {
            self.waiting.pop_front();
        }
        self.wake.notify_waiters();
    }

    /// Forgets what an offset acknowledges; how many those were.
    fn acknowledge(&mut self, offset: i64) -> usize {
        let before = self.waiting.len();
        if offset < 0 {
            let keep = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            let surplus = self.waiting.len().saturating_sub(keep);
            self.waiting.drain(..surplus);
        } else if offset > 0 && offset <= self.next_id.saturating_add(AHEAD) {
            while self.waiting.front().is_some_and(|(id, _)| *id < offset) {
                self.waiting.pop_front();
            }
        }
        before - self.waiting.len()
    }

    /// What a call changes before it waits. `true`: something.
    fn apply(&mut self, offset: i64, allowed: Option<&Vec<Value>>) -> bool {
        let allowed = allowed.map(|names| {
            let names = names.iter().filter_map(Value::as_str);
            names.map(str::to_owned).collect::<Vec<_>>()
        });
        let other = allowed.filter(|allowed| *allowed != self.allowed);
        let changed = other.is_some();
        if let Some(allowed) = other {
            self.allowed = allowed;
        }
        self.acknowledge(offset) > 0 || changed
    }

    pub(crate) fn batch(&self, limit: usize) -> Vec<Value> {
        let updates = self.waiting.iter().take(limit);
        updates.map(|(_id, update)| update.clone()).collect()
    }
}

/// What `getUpdates` changes: which updates there will be, and which the bot has had.
pub(crate) fn settle(world: &mut World, bot: i64, parameters: &Parameters) -> Result<(), Failure> {
    let offset = parameters.integer("offset").unwrap_or(0);
    let allowed = parameters.json("allowed_updates", "allowed_updates")?;
    let queue = match world.bots.get_mut(&bot) {
        Some(bot) => &mut bot.queue,
        None => return Err(Failure::new(401, "Unauthorized")),
    };
    if queue.apply(offset, allowed.as_ref().and_then(Value::as_array)) {
        journal::called(world, bot, "getupdates", parameters)?;
    }
    Ok(())
}

/// `getUpdates`: waits until there is something, or `timeout` is over.
pub(crate) async fn poll(shared: &Shared, bot: i64, parameters: &Parameters) -> Answer {
    let gone = || Failure::new(401, "Unauthorized");
    let limit = match parameters.integer("limit") {
        Some(limit @ 1..=100) => usize::try_from(limit).unwrap_or(100),
        Some(_) | None => 100,
    };
    let timeout = parameters
        .integer("timeout")
        .and_then(|seconds| u64::try_from(seconds).ok())
        .unwrap_or(0)
        .min(LONGEST_WAIT);
    let (mine, wake) = {
        let mut world = shared.world();
        settle(&mut world, bot, parameters)?;
        let queue = &mut world.bots.get_mut(&bot).ok_or_else(gone)?.queue;
        queue.poller = queue.poller.wrapping_add(1);
        queue.wake.notify_waiters();
        (queue.poller, Arc::clone(&queue.wake))
    };
    let end = Instant::now() + Duration::from_secs(timeout);
    loop {
        let woken = wake.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        {
            let world = shared.world();
            let queue = &world.bots.get(&bot).ok_or_else(gone)?.queue;
            if queue.poller != mine {
                return Err(Failure::new(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                ));
            }
            let batch = queue.batch(limit);
            if !batch.is_empty() || Instant::now() >= end {
                return Ok(Value::Array(batch));
            }
        }
        tokio::select! {
            () = woken => {}
            () = tokio::time::sleep_until(end) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(queue: &Queue) -> Vec<i64> {
        queue.waiting.iter().map(|(id, _)| *id).collect()
    }

    #[test]
    fn offsets_acknowledge() {
        for (offset, left) in [
            (0, vec![5, 6, 7]),
            (5, vec![5, 6, 7]),
            (6, vec![6, 7]),
            (8, vec![]),
            (1, vec![5, 6, 7]),
            (500, vec![5, 6, 7]),
            (-1, vec![7]),
            (-2, vec![6, 7]),
            (-9, vec![5, 6, 7]),
        ] {
            let mut queue = Queue::default();
            queue.continue_at(5);
            for _ in 0..3 {
                queue.push("message", json!({}));
            }
            queue.acknowledge(offset);
            assert_eq!(ids(&queue), left, "offset {offset}");
        }
    }

    #[test]
    fn only_allowed_updates_are_kept() {
        let mut queue = Queue::default();
        queue.push("message_reaction", json!({}));
        queue.push("edited_message", json!({}));
        assert_eq!(queue.pending(), 1);
        queue.allowed = vec!["message".to_owned()];
        queue.push("edited_message", json!({}));
        assert_eq!(queue.pending(), 1);
    }
}
