//! Results that come late: which send they belong to.
//!
//! A send that got no answer within its 120 s stays open for [`OPEN`]. If the next send is answered meanwhile, the answer
//! may be the older one's. Results come in the order of the sends, and TP-MR counts up, so:
//!
//! | the answer | is taken for |
//! |---|---|
//! | has the highest reference that is possible now | the newer send's |
//! | is followed by another within 30 s | the older send's; the other one is the newer's |
//! | is followed by none, and an earlier reference is known | neither's: both stay in doubt |
//! | is followed by none, and no earlier reference is known | the newer send's |
//!
//! **Invariant:** while a send is open, no answer is taken for a send's at once, unless its reference proves it.

use std::time::Duration;

use super::Engine;
use super::text::{self, Final};
use crate::error::SendError;
use crate::event::{Accepted, Event, MessageReference};

/// How long a result is still expected. Longer than any modem was seen to take.
const OPEN: Duration = Duration::from_secs(600);

/// What is known for telling late results apart.
#[derive(Debug, Default)]
pub(super) struct LateResults {
    open: Option<Open>,
    /// The last reference that was seen; `None` at first.
    last_reference: Option<u8>,
    /// Sends that may have left since then, each of which may have taken a reference.
    left_since: u8,
}

/// Whose a lonely result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Newer,
    Unclear,
}

#[derive(Debug)]
struct Open {
    tag: u64,
    until: Duration,
}

impl LateResults {
    /// The port was closed: nothing comes any more.
    pub(super) fn forget(&mut self) {
        self.open = None;
    }

    pub(super) fn is_open(&self, now: Duration) -> bool {
        self.open.as_ref().is_some_and(|open| now < open.until)
    }

    /// Until when a result is expected; `None`: none is.
    pub(super) fn open_until(&self) -> Option<Duration> {
        self.open.as_ref().map(|open| open.until)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.open.is_none()
    }

    /// A send got no answer in time.
    pub(super) fn open(&mut self, now: Duration, tag: u64) {
        let until = now + OPEN;
        self.open = Some(Open { tag, until });
    }

    /// A result that may have been either send's stayed alone.
    pub(super) fn settle(&mut self, lines: &[String]) -> Whose {
        self.open = None;
        let whose = if self.last_reference.is_some() {
            Whose::Unclear
        } else {
            Whose::Newer
        };
        if let Some(accepted) = accepted(lines) {
            self.note(&Ok(accepted));
        }
        whose
    }

    /// A send was answered; an older one is past.
    pub(super) fn note(&mut self, outcome: &Result<Accepted, SendError>) {
        if let Ok(Accepted {
            reference: Some(MessageReference(reference)),
        }) = outcome
        {
            self.last_reference = Some(*reference);
            self.left_since = 0;
        } else {
            self.left_since = self.left_since.saturating_add(1);
        }
    }

    /// Whether a result may be an older send's.
    fn may_be_older(&self, now: Duration, ended: Final, lines: &[String]) -> bool {
        let highest = self
            .last_reference
            .map(|last| last.wrapping_add(self.left_since).wrapping_add(1));
        let reference = match ended {
            Final::Ok => accepted(lines).and_then(|accepted| accepted.reference),
            Final::Error(_) => None,
        };
        let newest = reference.is_some() && reference.map(|reference| reference.0) == highest;
        self.is_open(now) && !newest
    }
}

impl Engine {
    /// Whether the result of a send has to wait for another one, by which it can be told whose it is.
    pub(super) fn must_hold(&self, now: Duration, ended: Final, lines: &[String]) -> bool {
        self.late.may_be_older(now, ended, lines)
    }

    /// A result belongs to the send that was left open.
    pub(super) fn late_outcome(&mut self, outcome: Result<Accepted, SendError>) {
        let Some(open) = self.late.open.take() else {
            return;
        };
        self.late.note(&outcome);
        self.event(Event::LateOutcome {
            tag: open.tag,
            outcome,
        });
    }

    /// The same, from the lines and the end of an answer. What is in doubt stays in doubt.
    pub(super) fn resolve_late(&mut self, ended: Final, lines: &[String]) {
        match ended {
            Final::Ok => {
                if let Some(accepted) = accepted(lines) {
                    self.late_outcome(Ok(accepted));
                }
            }
            Final::Error(error) => match SendError::after_leaving(error) {
                SendError::Unknown { .. } => self.late.open = None,
                certain @ (SendError::Retry { .. } | SendError::Reject { .. }) => {
                    self.late_outcome(Err(certain));
                }
            },
        }
    }
}

/// `None` without a line that gives a reference; a number above 255 is taken for accepted without one.
pub(super) fn accepted(lines: &[String]) -> Option<Accepted> {
    let number: u32 = lines
        .iter()
        .find_map(|line| text::number(&text::arguments(line), 0))?;
    Some(Accepted {
        reference: u8::try_from(number).ok().map(MessageReference),
    })
}
