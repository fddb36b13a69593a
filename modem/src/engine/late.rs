//! Results that come late: which send they belong to.
//!
//! A send that got no answer within its 120 s stays open for [`OPEN`]. If the next send is answered meanwhile, the answer
//! may be the older one's. Results come in the order of the sends, and TP-MR counts up, so:
//!
//! | the answer | is taken for |
//! |---|---|
//! | has the highest reference that is possible now | the newer send's |
//! | is followed by another within 30 s, both with references | that with the lower reference the older send's |
//! | is followed by another within 30 s, of which one has the highest reference | that one the newer send's |
//! | is followed by another within 30 s, and neither proves anything | neither's, unless both say the same |
//! | is followed by none, and an earlier reference is known | neither's: both stay in doubt |
//! | is followed by none, and no earlier reference is known | the newer send's |
//!
//! An earlier life of the program may have left a send open too: [`Unfinished`] says so, and lets its result find it.
//!
//! A command that got no answer, though the modem answers others, owes a result for [`OWED`]. A result without a reference
//! that comes after Ctrl-Z meanwhile may be that one, of which an error would read as if nothing had left: it counts as
//! paid, and the send waits for its own.
//!
//! **Invariant:** while a send is open, no answer is taken for a send's at once, unless its reference proves it; while a
//! result is owed, none without a reference is.

use std::time::Duration;

use super::Engine;
use super::text::{self, Final};
use crate::cause::ModemError;
use crate::error::SendError;
use crate::event::{Accepted, Event, MessageReference};

/// How long a result is still expected. Longer than any modem was seen to take.
const OPEN: Duration = Duration::from_secs(600);

/// How long a command that is no send may owe its result.
const OWED: Duration = Duration::from_secs(150);
/// The same for the last command of an earlier life of the program, of which nothing is known.
const OWED_AT_START: Duration = Duration::from_secs(15);

/// A result that comes so soon after another may be the same once more.
const DOUBLED: Duration = Duration::from_millis(200);

/// A send that an earlier life of the program handed to the modem and did not see the end of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfinished {
    /// The caller's own mark of it.
    pub tag: u64,
    /// The reference that the modem gave just before it; `None` if none is known, or if another send in between may have
    /// taken one.
    pub last_reference: Option<u8>,
}

/// What is known for telling late results apart.
#[derive(Debug, Default)]
pub(super) struct LateResults {
    /// Results of commands that are no sends, and until when they may come.
    owed: u8,
    owed_until: Duration,
    /// When a command last ended.
    ended_at: Duration,
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

/// Which of two results is the older send's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The one that came first.
    AsTheyCame,
    /// The one that came last: a modem that lets a send be overtaken.
    Reversed,
    /// Nothing tells.
    Unclear,
}

#[derive(Debug)]
struct Open {
    tag: u64,
    until: Duration,
}

impl LateResults {
    /// At the start of the program.
    pub(super) fn new(unfinished: Option<Unfinished>) -> Self {
        let until = Duration::from_secs(150);
        Self {
            owed: 1,
            owed_until: OWED_AT_START,
            ended_at: Duration::ZERO,
            open: unfinished.map(|Unfinished { tag, .. }| Open { tag, until }),
            last_reference: unfinished.and_then(|unfinished| unfinished.last_reference),
            left_since: 1,
        }
    }

    /// A command other than a send got no answer.
    pub(super) fn owe(&mut self, now: Duration) {
        self.owed = if now < self.owed_until {
            self.owed.saturating_add(1)
        } else {
            1
        };
        self.owed_until = now + OWED;
    }

    /// A command ended.
    pub(super) fn ended(&mut self, now: Duration) {
        self.ended_at = now;
    }

    /// A result that belonged to nothing: one that was owed, unless it doubles the one just before it.
    pub(super) fn pay(&mut self, now: Duration) {
        if now > self.ended_at + DOUBLED {
            self.owed = self.owed.saturating_sub(1);
        }
    }

    /// The modem went away: nothing comes any more.
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

    /// A send ended with an `OK` that may have been another command's: its reference may still come.
    pub(super) fn expect_reference(&mut self, now: Duration, tag: u64) {
        if self.open.is_none() {
            let until = now + OWED;
            self.open = Some(Open { tag, until });
        }
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

    /// Tells two results apart that came while an older send was open.
    pub(super) fn order(&self, first: (Final, &[String]), last: (Final, &[String])) -> Order {
        let (first_reference, last_reference) = (reference(first), reference(last));
        if last_reference.is_some() && last_reference == self.highest() {
            return Order::AsTheyCame;
        }
        match (first_reference, last_reference) {
            (Some(first), Some(last)) => {
                // References count up and wrap at 256.
                if last.wrapping_sub(first) < 128 {
                    Order::AsTheyCame
                } else {
                    Order::Reversed
                }
            }
            (None, None) if self.open.is_none() || first.0 == last.0 => Order::AsTheyCame,
            (None | Some(_), None) | (None, Some(_)) if self.open.is_none() => Order::AsTheyCame,
            (None | Some(_), None) | (None, Some(_)) => Order::Unclear,
        }
    }

    /// Whether a result is a send's own although others were passed over before it: by its reference, or since all say
    /// the same.
    pub(super) fn proves(&self, ended: Final, lines: &[String], passed_over: &[Final]) -> bool {
        match ended {
            Final::Error(error) => passed_over.iter().all(|over| says_the_same(*over, error)),
            Final::Ok => match self.highest() {
                Some(highest) => reference((ended, lines)) == Some(highest),
                None => self.open.is_none(),
            },
        }
    }

    /// The reference that only the newer send can have.
    fn highest(&self) -> Option<u8> {
        self.last_reference
            .map(|last| last.wrapping_add(self.left_since).wrapping_add(1))
    }

    /// Whether a result may be an older send's.
    fn may_be_older(&self, now: Duration, ended: Final, lines: &[String]) -> bool {
        let given = reference((ended, lines));
        let newest = given.is_some() && given == self.highest();
        self.is_open(now) && !newest
    }
}

/// Whether two results lead to the same, should either be a send's.
fn says_the_same(one: Final, other: ModemError) -> bool {
    let Final::Error(one) = one else {
        return false;
    };
    match (
        SendError::after_leaving(one),
        SendError::after_leaving(other),
    ) {
        (SendError::Retry { .. }, SendError::Retry { .. })
        | (SendError::Reject { .. }, SendError::Reject { .. })
        | (SendError::Unknown { .. }, SendError::Unknown { .. }) => true,
        (SendError::Retry { .. } | SendError::Reject { .. } | SendError::Unknown { .. }, _) => {
            false
        }
    }
}

fn reference((ended, lines): (Final, &[String])) -> Option<u8> {
    match ended {
        Final::Ok => accepted(lines)
            .and_then(|accepted| accepted.reference)
            .map(|reference| reference.0),
        Final::Error(_) => None,
    }
}

impl Engine {
    /// Whether what ends a send may be the result of an earlier command, which counts as paid then.
    pub(super) fn is_owed(&mut self, now: Duration, ended: Final, lines: &[String]) -> bool {
        let proven = ended == Final::Ok && accepted(lines).is_some();
        let owed = !proven && self.late.owed > 0 && now < self.late.owed_until;
        if owed {
            self.late.owed = self.late.owed.saturating_sub(1);
        }
        owed
    }

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

    /// Neither of two results can be ascribed: both sends stay in doubt.
    pub(super) fn leave_in_doubt(&mut self, first: &[String], last: &[String]) {
        self.late.open = None;
        for lines in [first, last] {
            if let Some(accepted) = accepted(lines) {
                self.late.note(&Ok(accepted));
            }
        }
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
