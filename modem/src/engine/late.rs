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
//! A send that gets no answer either while an older one is open takes its place, and only the reference that it alone can
//! have is ascribed to it from then on.
//!
//! A command that got no answer, though the modem answers others, owes a result for [`OWED`]. A result without a reference
//! that comes after Ctrl-Z meanwhile may be that one, of which an error would read as if nothing had left: it counts as
//! paid, and the send waits for its own. An error that only a send ends with is its own.
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
/// How long the result of its last send is expected, from when the port was opened.
const UNFINISHED: Duration = Duration::from_secs(150);

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
    /// That of an earlier life, until the port was first opened.
    unfinished: Option<u64>,
    /// Whether the port was ever open.
    begun: bool,
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
    takes: Takes,
}

/// Which late results are an open send's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// All: it is the only one.
    All,
    /// That with this reference: another send was open before it.
    Reference(u8),
    /// None: the same, and no reference is known.
    Nothing,
}

impl Open {
    fn takes(&self, outcome: &Result<Accepted, SendError>) -> bool {
        match self.takes {
            Takes::All => true,
            Takes::Reference(own) => matches!(
                outcome,
                Ok(Accepted { reference: Some(MessageReference(given)) }) if *given == own
            ),
            Takes::Nothing => false,
        }
    }
}

impl LateResults {
    /// At the start of the program.
    pub(super) fn new(unfinished: Option<Unfinished>) -> Self {
        Self {
            owed: 0,
            owed_until: Duration::ZERO,
            ended_at: Duration::ZERO,
            open: None,
            unfinished: unfinished.map(|unfinished| unfinished.tag),
            begun: false,
            last_reference: unfinished.and_then(|unfinished| unfinished.last_reference),
            left_since: 1,
        }
    }

    /// The port was opened. The first time the modem may owe what an earlier life of the program asked for.
    pub(super) fn begin(&mut self, now: Duration) {
        if self.begun {
            return;
        }
        self.begun = true;
        self.owed = 1;
        self.owed_until = now + OWED_AT_START;
        // It may have been handed over while another one's result was awaited still, and never begun.
        let takes = self.last_reference.map_or(Takes::Nothing, |last| {
            Takes::Reference(last.wrapping_add(self.left_since))
        });
        self.open = self.unfinished.take().map(|tag| Open {
            tag,
            until: now + UNFINISHED,
            takes,
        });
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

    pub(super) fn owes(&self, now: Duration) -> bool {
        self.owed > 0 && now < self.owed_until
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
        let takes = match self.last_reference {
            _ if !self.is_open(now) => Takes::All,
            Some(last) => Takes::Reference(last.wrapping_add(self.left_since)),
            None => Takes::Nothing,
        };
        let until = now + OPEN;
        self.open = Some(Open { tag, until, takes });
    }

    /// A send ended with an `OK` that may have been another command's: its reference may still come.
    pub(super) fn expect_reference(&mut self, now: Duration, tag: u64) {
        if self.open.is_none() {
            let until = now + OWED;
            let takes = Takes::All;
            self.open = Some(Open { tag, until, takes });
        }
    }

    /// A result that may have been either send's stayed alone.
    pub(super) fn settle(&mut self, lines: &[String]) -> Whose {
        let alone = !self.is_crowded();
        self.open = None;
        let whose = if self.last_reference.is_some() || !alone {
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

    /// The same for a result that came late: it may be older than what was seen since.
    fn note_late(&mut self, outcome: &Result<Accepted, SendError>) {
        let given = match outcome {
            Ok(Accepted { reference }) => reference.map(|reference| reference.0),
            Err(_) => None,
        };
        let newer = |given: u8| {
            self.last_reference
                .is_none_or(|last| (1..128).contains(&given.wrapping_sub(last)))
        };
        if given.is_some_and(newer) {
            self.note(outcome);
        }
    }

    /// Whether more than one older send may have a result.
    fn is_crowded(&self) -> bool {
        self.open
            .as_ref()
            .is_some_and(|open| open.takes != Takes::All)
    }

    /// Tells two results apart that came while an older send was open.
    pub(super) fn order(&self, first: (Final, &[String]), last: (Final, &[String])) -> Order {
        let (first_reference, last_reference) = (reference(first), reference(last));
        if last_reference.is_some() && last_reference == self.highest() {
            return Order::AsTheyCame;
        }
        if self.is_crowded() {
            return Order::Unclear;
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
            Final::Error(error) => {
                only_a_send_ends_so(error)
                    || passed_over.iter().all(|over| says_the_same(*over, error))
            }
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

/// Whether no other command ends with this error: the causes of the network (3GPP TS 27.005 §3.2.5), a PDU that is wrong,
/// no service centre, no network, no answer of it. A store that finds its PDU wrong says so at once.
fn only_a_send_ends_so(error: ModemError) -> bool {
    matches!(error, ModemError::Cms(1..=255 | 304 | 330..=332))
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
        let proven = match ended {
            Final::Ok => accepted(lines).is_some(),
            Final::Error(error) => only_a_send_ends_so(error),
        };
        let owed = !proven && self.late.owes(now);
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
        if !open.takes(&outcome) {
            return; // One of the older sends' and nobody knows which: they stay in doubt.
        }
        self.late.note_late(&outcome);
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
