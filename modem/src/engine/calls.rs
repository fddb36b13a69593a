//! Calls that come in: one event for each, told when it ends. None is ever answered.
//!
//! | what comes | what it does |
//! |---|---|
//! | `RING`, `+CRING` | begins a call, or is one more ring of it |
//! | `+CLIP`, `+CLCC` | says who calls; another caller than before ends that call and begins one |
//! | `+CCWA` | somebody else calls meanwhile: a call of its own |
//! | `NO CARRIER`, `^CEND`, `VOICE CALL: END`, `MISSED_CALL`, `+CLCC` with state 6 | ends the call |
//! | 12 s without a ring | ends it: the caller gave up, or somebody answered elsewhere |
//! | hanging up was taken | ends it after 8 s without a ring, if nothing else does |
//!
//! With [`Calls::HangUp`] a call is hung up once its caller is known, or at the second ring: `AT+CHUP`, then `ATH` where
//! that is refused or it rings on.
//!
//! **Invariant:** two calls at most are kept, the one that rings and the one that knocks.

use std::collections::VecDeque;
use std::time::Duration;

use super::caller::{Caller, caller_of, cleaned};
use super::command::{AnswerLines, CARD, Command};
use super::job::{Job, Reply};
use super::{Engine, text};
use crate::config::Calls as Policy;
use crate::event::{Call, CallOutcome, Event};
use crate::redacted::Redacted;

/// Rings come every 3 to 6 s; one may be lost.
const SILENCE: Duration = Duration::from_secs(12);
/// `+CCWA` comes once, so nothing tells how long somebody knocks.
const KNOCK: Duration = Duration::from_secs(30);
/// After hanging up: longer than from one ring to the next.
const HUNG_UP: Duration = Duration::from_secs(8);
/// A ring that was under way when the call was hung up.
const STRAGGLER: Duration = Duration::from_millis(1500);
/// Some modems say both `RING` and `+CRING` for one ring.
const SAME_RING: Duration = Duration::from_millis(500);
/// A word about a call that ended by another word just now is not a further call.
const SAME_END: Duration = Duration::from_secs(5);
/// Rings after which a caller who was not named is not waited for.
const UNNAMED: u16 = 2;
/// The caller is named right after a ring.
const NAMED_AFTER: Duration = Duration::from_secs(2);

/// The calls of this moment. Never shown: they hold numbers.
#[derive(Default)]
pub(super) struct Calls {
    ringing: Option<Ringing>,
    knocking: Option<Ringing>,
    last_end: Option<Duration>,
}

struct Ringing {
    bearer: Bearer,
    caller: Caller,
    rings: u16,
    last_ring: Option<Duration>,
    /// When it is over if nothing more is heard of it.
    ends: Duration,
    hanging_up: HangingUp,
    /// Whether the list of calls was asked for.
    listed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bearer {
    /// Taken for a voice call.
    Untold,
    Voice,
    /// Data or fax: not told and not hung up.
    Other,
}

/// `Not → Wanted(Chup) → Done | Wanted(Ath) → Done | Failed`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HangingUp {
    Not,
    Wanted(Way),
    Done { at: Duration, way: Way },
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Chup,
    Ath,
}

impl Ringing {
    fn new(ends: Duration) -> Self {
        Self {
            bearer: Bearer::Untold,
            caller: Caller::Untold,
            rings: 0,
            last_ring: None,
            ends,
            hanging_up: HangingUp::Not,
            listed: false,
        }
    }

    fn is_another(&self, caller: &Caller) -> bool {
        self.caller != Caller::Untold && *caller != Caller::Untold && self.caller != *caller
    }
}

impl Calls {
    pub(super) fn deadline(&self) -> Option<Duration> {
        [&self.ringing, &self.knocking]
            .into_iter()
            .flatten()
            .map(|call| call.ends)
            .min()
    }
}

impl Engine {
    /// Gives whether the line was about a call.
    pub(super) fn handle_call(&mut self, now: Duration, line: &str) -> bool {
        if let Some(missed) = line.strip_prefix("MISSED_CALL:") {
            self.note_missed(now, missed);
            return true;
        }
        match line {
            "RING" => self.note_ring(now, Bearer::Untold),
            "NO CARRIER" => self.end_ringing(now),
            _ if line.starts_with("VOICE CALL: END") => self.end_ringing(now),
            _ => match text::code(line) {
                Some("+CRING") => self.note_ring(now, bearer(line)),
                Some("+CLIP") => self.note_caller(now, caller_of(&text::arguments(line), 0, 5)),
                Some("+CLCC") => self.note_listed(now, line),
                Some("+CCWA") => self.note_knock(now, line),
                Some("^CEND") => self.end_ringing(now),
                Some(_) | None => return false,
            },
        }
        true
    }

    /// Calls of which nothing more was heard are over.
    pub(super) fn expire_calls(&mut self, now: Duration) {
        if self
            .calls
            .ringing
            .as_ref()
            .is_some_and(|call| call.ends <= now)
        {
            self.end_ringing(now);
        }
        if let Some(call) = self.calls.knocking.take_if(|call| call.ends <= now) {
            self.tell_call(call);
        }
    }

    /// Port or modem began anew: no call goes on.
    pub(super) fn end_calls(&mut self) {
        let calls = [self.calls.ringing.take(), self.calls.knocking.take()];
        for call in calls.into_iter().flatten() {
            self.tell_call(call);
        }
    }

    pub(super) fn call_list_command() -> Command {
        Command::new("AT+CLCC", AnswerLines::Coded("+CLCC"))
    }

    /// `None`: the call is over, or was hung up meanwhile.
    pub(super) fn hang_up_command(&self) -> Option<Command> {
        let HangingUp::Wanted(way) = self.calls.ringing.as_ref()?.hanging_up else {
            return None;
        };
        let text = match way {
            Way::Chup => "AT+CHUP",
            Way::Ath => "ATH",
        };
        Some(Command::new(text, AnswerLines::None).within(CARD))
    }

    pub(super) fn finish_hanging_up(&mut self, now: Duration, reply: &Reply) {
        let Some(call) = &mut self.calls.ringing else {
            return;
        };
        let HangingUp::Wanted(way) = call.hanging_up else {
            return;
        };
        call.hanging_up = match (reply, way) {
            (Reply::Ok(_), way) => {
                call.ends = now + HUNG_UP;
                HangingUp::Done { at: now, way }
            }
            (Reply::Error(_), Way::Chup) => {
                once(&mut self.next, Job::HangUp);
                HangingUp::Wanted(Way::Ath)
            }
            (Reply::Error(_), Way::Ath) | (Reply::NoAnswer, _) => HangingUp::Failed,
        };
    }

    pub(super) fn finish_call_list(&mut self, now: Duration, reply: Reply) {
        if let Reply::Ok(lines) = reply {
            for line in lines {
                self.note_listed(now, &line);
            }
        }
    }

    fn note_ring(&mut self, now: Duration, bearer: Bearer) {
        let call = self
            .calls
            .ringing
            .get_or_insert_with(|| Ringing::new(now + SILENCE));
        if bearer != Bearer::Untold {
            call.bearer = bearer;
        }
        if call.last_ring.is_some_and(|last| now < last + SAME_RING) {
            return self.consider_call();
        }
        call.last_ring = Some(now);
        if let HangingUp::Done { at, way } = call.hanging_up {
            if now < at + STRAGGLER {
                return;
            }
            // It was taken and had no effect.
            call.hanging_up = match way {
                Way::Chup => {
                    once(&mut self.next, Job::HangUp);
                    HangingUp::Wanted(Way::Ath)
                }
                Way::Ath => HangingUp::Failed,
            };
        }
        call.rings = call.rings.saturating_add(1);
        call.ends = now + SILENCE;
        self.consider_call();
    }

    fn note_caller(&mut self, now: Duration, caller: Caller) {
        let mut rings = 0;
        if let Some(mut call) = self.calls.ringing.take_if(|call| call.is_another(&caller)) {
            if call.last_ring.is_some_and(|last| now < last + NAMED_AFTER) {
                // It was the next caller's.
                call.rings = call.rings.saturating_sub(1);
                rings = 1;
            }
            self.tell_call(call);
        }
        let knocks = self
            .calls
            .knocking
            .take_if(|call| caller != Caller::Untold && call.caller == caller);
        let call = self.calls.ringing.get_or_insert_with(|| {
            let mut call = knocks.unwrap_or_else(|| Ringing::new(now));
            call.ends = now + SILENCE;
            call.rings += rings;
            call
        });
        if caller != Caller::Untold {
            call.caller = caller;
        }
        if !matches!(call.hanging_up, HangingUp::Done { .. }) {
            call.ends = call.ends.max(now + SILENCE);
        }
        self.consider_call();
    }

    /// `+CLCC: <id>,<dir>,<stat>,<mode>,<mpty>,"<number>",<type>` (3GPP TS 27.007 §7.18).
    fn note_listed(&mut self, now: Duration, line: &str) {
        let arguments = text::arguments(line);
        let number = |at: usize| -> Option<u8> { text::number(&arguments, at) };
        if number(1) != Some(1) {
            return; // Not incoming.
        }
        match number(2) {
            Some(4) => {
                if number(3).is_some_and(|mode| mode != 0) {
                    self.note_bearer(Bearer::Other);
                }
                let caller = caller_of(&arguments, 5, usize::MAX);
                if caller == Caller::Withheld {
                    // An empty number in the list may only be not known yet.
                    return;
                }
                self.note_caller(now, caller);
            }
            Some(5) => self.note_knocking(now, caller_of(&arguments, 5, usize::MAX)),
            Some(6) => self.end_ringing(now),
            Some(_) | None => {}
        }
    }

    fn note_bearer(&mut self, bearer: Bearer) {
        if let Some(call) = &mut self.calls.ringing {
            call.bearer = bearer;
        }
    }

    /// `+CCWA: "<number>",<type>,<class>[,"<name>"[,<validity>]]` (3GPP TS 27.007 §7.12).
    fn note_knock(&mut self, now: Duration, line: &str) {
        let arguments = text::arguments(line);
        let class = text::number::<u8>(&arguments, 2).unwrap_or(1);
        let voice = class & 1 == 1;
        // `+CCWA: <status>,<class>` is an answer and no call.
        if voice && arguments.len() >= 3 {
            self.note_knocking(now, caller_of(&arguments, 0, 4));
        }
    }

    fn note_knocking(&mut self, now: Duration, caller: Caller) {
        let rings = self
            .calls
            .ringing
            .as_ref()
            .is_some_and(|call| call.caller == caller && caller != Caller::Untold);
        if rings {
            return;
        }
        if let Some(call) = self.calls.knocking.take_if(|call| call.is_another(&caller)) {
            self.tell_call(call);
        }
        let call = self
            .calls
            .knocking
            .get_or_insert_with(|| Ringing::new(now + KNOCK));
        call.caller = caller;
        call.ends = now + KNOCK;
    }

    /// `MISSED_CALL: 11:53AM 08020866256` (SIMCom): the end of the call that rang, or all that is heard of one.
    fn note_missed(&mut self, now: Duration, said: &str) {
        let number = said.split_whitespace().last().unwrap_or_default();
        let caller = match cleaned(number, false) {
            number if number.is_empty() => Caller::Untold,
            number => Caller::Number(number),
        };
        match &mut self.calls.ringing {
            Some(call) => {
                if call.caller == Caller::Untold {
                    call.caller = caller;
                }
                self.end_ringing(now);
            }
            None if self.calls.last_end.is_some_and(|end| now < end + SAME_END) => {}
            None => {
                let mut call = Ringing::new(now);
                call.caller = caller;
                self.calls.last_end = Some(now);
                self.tell_call(call);
            }
        }
    }

    fn end_ringing(&mut self, now: Duration) {
        if let Some(call) = self.calls.ringing.take() {
            self.calls.last_end = Some(now);
            self.tell_call(call);
        }
    }

    /// Asks who calls, or hangs up, as soon as that is due.
    fn consider_call(&mut self) {
        let Some(call) = &mut self.calls.ringing else {
            return;
        };
        let unnamed = call.caller == Caller::Untold && call.rings >= UNNAMED;
        if call.bearer == Bearer::Other || (call.caller == Caller::Untold && !unnamed) {
            return;
        }
        if unnamed && !call.listed {
            call.listed = true;
            once(&mut self.next, Job::ListCalls);
        }
        if self.settings.calls == Policy::HangUp && call.hanging_up == HangingUp::Not {
            call.hanging_up = HangingUp::Wanted(Way::Chup);
            once(&mut self.next, Job::HangUp);
        }
    }

    fn tell_call(&mut self, call: Ringing) {
        if call.bearer == Bearer::Other {
            return;
        }
        let asked_now = self
            .in_flight
            .as_ref()
            .is_some_and(|in_flight| in_flight.job == Job::HangUp);
        let outcome = match call.hanging_up {
            HangingUp::Done { .. } => CallOutcome::HungUp,
            // Some modems say that the call is over before they say `OK`.
            HangingUp::Wanted(_) if asked_now => CallOutcome::HungUp,
            HangingUp::Not | HangingUp::Wanted(_) | HangingUp::Failed => CallOutcome::Missed,
        };
        let from = match call.caller {
            Caller::Number(number) => Some(Redacted::new(number)),
            Caller::Untold | Caller::Withheld => None,
        };
        self.event(Event::Call(Call {
            from,
            outcome,
            rings: call.rings,
        }));
    }
}

/// Callers come and go while one command is in flight: what is to be done for the one who rings then is done once.
fn once(next: &mut VecDeque<Job>, job: Job) {
    if !next.contains(&job) {
        next.push_back(job);
    }
}

/// `+CRING: VOICE` (3GPP TS 27.007 §6.11). `ALT …` can become a voice call, so it counts as one.
fn bearer(line: &str) -> Bearer {
    let said = text::arguments(line).into_iter().next().unwrap_or_default();
    let said = said.to_ascii_uppercase();
    if said.contains("VOICE") {
        Bearer::Voice
    } else if said.is_empty() {
        Bearer::Untold
    } else {
        Bearer::Other
    }
}
