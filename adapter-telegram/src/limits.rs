//! How much Telegram takes (Bots FAQ, "My bot is hitting limits"): about one call a second in a chat, 20 a minute in a
//! group with all its topics, 30 a second over all. Edits, reactions and topics count like messages, so that where many
//! messages wait their marks would take most of what there is: while a message waits for its turn in a chat, one mark
//! passes there for so many messages.
//!
//! Pure: the caller brings the time. In memory only: a new process begins with full allowances.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// Chats remembered; those that were quiet longest go first.
const CHATS: usize = 1_000;

/// A span of time, and how many calls may fall into it. The spans are a little longer than Telegram's, since it counts
/// when a call arrives.
#[derive(Clone, Copy)]
struct Window {
    span: Duration,
    calls: usize,
}

/// One a second, of which three may come together.
const PRIVATE: Window = Window {
    span: Duration::from_millis(3_200),
    calls: 3,
};
const GROUP: Window = Window {
    span: Duration::from_millis(61_000),
    calls: 20,
};
const OVER_ALL: Window = Window {
    span: Duration::from_millis(1_100),
    calls: 30,
};

/// While messages wait, one mark passes for so many of them.
const MESSAGES_FOR_ONE_MARK: usize = 10;
/// A message that was told to wait comes again within this after the wait, and the next one after it.
const COMES_AGAIN: Duration = Duration::from_millis(500);

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A message, an edit, a topic.
    Message,
    /// The state of a message, shown by a reaction.
    Mark,
}

/// The calls made lately.
#[derive(Default)]
pub(crate) struct Limits {
    all: VecDeque<Instant>,
    chats: BTreeMap<i64, Chat>,
    scope: Scope,
}

/// What is held to.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Scope {
    /// Telegram's limits, and what it wishes.
    #[default]
    Everything,
    /// What the server wishes.
    Wishes,
}

#[derive(Default)]
struct Chat {
    calls: VecDeque<Instant>,
    /// Telegram's own wish.
    not_before: Option<Instant>,
    /// Until then the next call is a message's, which was told to wait.
    reserved: Option<Instant>,
    /// Messages since the last mark.
    since_mark: usize,
}

impl Limits {
    /// Only what the server itself asks for.
    pub(crate) fn none() -> Self {
        Self {
            scope: Scope::Wishes,
            ..Self::default()
        }
    }

    /// Counts a call to this chat, or says how long to wait for it.
    pub(crate) fn take(
        &mut self,
        chat: i64,
        purpose: Purpose,
        now: Instant,
    ) -> Result<(), Duration> {
        let window = if chat < 0 { GROUP } else { PRIVATE };
        let entry = self.chats.entry(chat).or_default();
        let wish = entry
            .not_before
            .map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        let wait =
            wish.max(wait(&mut entry.calls, window, now))
                .max(wait(&mut self.all, OVER_ALL, now));
        if wait > Duration::ZERO {
            if purpose == Purpose::Message {
                entry.reserved = now.checked_add(wait.saturating_add(COMES_AGAIN));
            }
            return Err(wait);
        }
        match purpose {
            Purpose::Message => {
                // Behind one that waited there may be others.
                entry.reserved = entry
                    .reserved
                    .take()
                    .and_then(|_| now.checked_add(COMES_AGAIN));
                entry.since_mark = entry.since_mark.saturating_add(1);
            }
            Purpose::Mark => {
                let reserved = entry
                    .reserved
                    .map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
                if reserved > Duration::ZERO && entry.since_mark < MESSAGES_FOR_ONE_MARK {
                    return Err(reserved);
                }
                entry.since_mark = 0;
            }
        }
        if self.scope == Scope::Everything {
            entry.calls.push_back(now);
            self.all.push_back(now);
        }
        self.forget(chat);
        Ok(())
    }

    /// Telegram asked to leave this chat alone for so long.
    pub(crate) fn hold(&mut self, chat: i64, wait: Duration, now: Instant) {
        self.chats.entry(chat).or_default().not_before = now.checked_add(wait);
    }

    fn forget(&mut self, current: i64) {
        if self.chats.len() > CHATS {
            let oldest = self
                .chats
                .iter()
                .filter(|(id, _)| **id != current)
                .min_by_key(|(_, chat)| (chat.not_before, chat.calls.back().copied()))
                .map(|(id, _)| *id);
            if let Some(id) = oldest {
                self.chats.remove(&id);
            }
        }
    }
}

fn wait(calls: &mut VecDeque<Instant>, window: Window, now: Instant) -> Duration {
    while calls
        .front()
        .is_some_and(|&at| now.saturating_duration_since(at) >= window.span)
    {
        calls.pop_front();
    }
    match calls.front() {
        Some(&oldest) if calls.len() >= window.calls => window
            .span
            .saturating_sub(now.saturating_duration_since(oldest)),
        Some(_) | None => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls that pass at once, and the wait after them.
    fn burst(chat: i64, limits: &mut Limits, now: Instant) -> (usize, Duration) {
        let mut passed = 0;
        loop {
            match limits.take(chat, Purpose::Message, now) {
                Ok(()) => passed += 1,
                Err(wait) => return (passed, wait),
            }
        }
    }

    #[test]
    fn allowances() {
        let now = Instant::now();
        let mut limits = Limits::default();
        assert_eq!(burst(5, &mut limits, now), (3, PRIVATE.span));
        assert_eq!(burst(-5, &mut limits, now), (20, GROUP.span));
        // 23 of the 30 over all are used up.
        assert_eq!(burst(-6, &mut limits, now), (7, OVER_ALL.span));
        let later = now + Duration::from_millis(3_200);
        assert_eq!(burst(5, &mut limits, later).0, 3);
        assert_eq!(burst(-5, &mut limits, later).0, 0);
        assert_eq!(burst(-5, &mut limits, now + GROUP.span).0, 20);
    }

    /// A message that waits for its turn has it, whatever marks want; but they have theirs now and then.
    #[test]
    fn marks_leave_the_turn_to_messages() {
        let mut now = Instant::now();
        let mut limits = Limits::default();
        assert_eq!(burst(5, &mut limits, now).0, 3);
        let (mut messages, mut marks) = (0, 0);
        for _ in 0..400 {
            // Marks ask first, each time.
            marks += usize::from(limits.take(5, Purpose::Mark, now).is_ok());
            messages += usize::from(limits.take(5, Purpose::Message, now).is_ok());
            now += Duration::from_millis(100);
        }
        assert!(messages >= 33, "{messages} of about 37");
        assert!((2..=4).contains(&marks), "{marks}");
        // Where no message waits, marks have all of it.
        now += Duration::from_secs(10);
        let alone = (0..3).filter(|_| limits.take(5, Purpose::Mark, now).is_ok());
        assert_eq!(alone.count(), 3);
        assert_eq!(limits.take(6, Purpose::Mark, now), Ok(()));
    }

    #[test]
    fn a_wish_holds_one_chat_only() {
        let now = Instant::now();
        let mut limits = Limits::default();
        limits.hold(5, Duration::from_secs(7), now);
        assert_eq!(
            limits.take(5, Purpose::Message, now),
            Err(Duration::from_secs(7))
        );
        assert_eq!(limits.take(6, Purpose::Message, now), Ok(()));
        assert_eq!(
            limits.take(5, Purpose::Message, now + Duration::from_secs(7)),
            Ok(())
        );
    }
}
