//! The one command in flight: its lines, its prompt, its end, and what is done when it has none.
//!
//! | stage | left by | to |
//! |---|---|---|
//! | `Answer` | final result, deadline | done |
//! | `Prompt` | prompt | `Result` |
//! | `Prompt` | error, deadline (10 s) | done: nothing left |
//! | `Result` | final result | done |
//! | `Result` | deadline (120 s) | `Late`: answered `Unknown` |
//! | `Late` | final result | done: late outcome |
//! | `Late` | deadline (30 s) | done: the modem is talked back to |
//!
//! A command without an end is followed by what `recovery` does.
//!
//! **Invariant:** no command is written while an answer to an earlier one may still come. An answer does not name its
//! slot, so one that is taken for the next command's would have the wrong message deleted.

use std::mem;
use std::time::Duration;

use super::command::{AnswerLines, Command, LATE_RESULT, LISTING, Leaves, RESULT, SHORT};
use super::job::{Job, Reply};
use super::late::{self, Order, Whose};
use super::recovery::{ESCAPE, OWED, SETTLE, SYNCHRONISE};
use super::text::{self, Final};
use super::{Engine, Transmit, network};

/// An empty answer, or an error, where a slot was read: the real answer would follow within this time if the result was
/// that of an earlier command.
const AFTER_EMPTY: Duration = Duration::from_millis(300);
/// An information line is there: so soon its `OK` must follow, or it has none (Wavecom after `+CPIN: READY`).
const RESULT_AFTER_LINE: Duration = Duration::from_secs(2);
/// Most that one answer may hold.
const ANSWER_BYTES: usize = 1 << 20;

/// The command in flight.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) job: Job,
    pub(super) deadline: Duration,
    /// Whether a message may have left with what was handed out.
    pub(super) left: bool,
    command: Command,
    pub(super) stage: Stage,
    lines: Vec<String>,
    bytes: usize,
    /// Whether a listing header came and its PDU did not.
    wants_pdu: bool,
    /// Whether an `OK` came where a listing or a message was expected.
    seems_empty: bool,
    /// Whether the next `OK` belongs to a late result that came in between.
    skip_ok: bool,
    /// A result that may be an older send's; see `late`.
    held: Option<Held>,
    /// Results of a send that were taken for those of earlier commands; as many as were owed.
    passed_over: Vec<Final>,
    /// Whether what it asks for came by an unsolicited line already.
    is_answered: bool,
}

/// A result that waits for another one.
#[derive(Debug)]
struct Held {
    ended: Final,
    lines: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Answer,
    Prompt,
    Result,
    Late,
}

impl InFlight {
    pub(super) fn may_have_left(&self) -> bool {
        self.left
    }

    pub(super) fn is_command(&self, line: &str) -> bool {
        self.command.text == line
    }

    fn takes(&self, line: &str) -> bool {
        if self.stage == Stage::Prompt {
            return false;
        }
        match self.command.answer {
            AnswerLines::None => false,
            // `+CREG: 1` is unsolicited, `+CREG: 0,1` is the answer.
            AnswerLines::Coded(code @ ("+CREG" | "+CGREG" | "+CEREG")) => {
                text::code(line) == Some(code) && network::answers_registration(line)
            }
            AnswerLines::Coded(code) | AnswerLines::CodedThenPdu(code) => {
                text::code(line) == Some(code)
            }
            AnswerLines::Text(codes) => match text::code(line) {
                Some(code) => codes.contains(&code),
                None => !text::is_unsolicited(line),
            },
        }
    }

    fn push(&mut self, line: &str) {
        self.bytes = self.bytes.saturating_add(line.len());
        if self.bytes <= ANSWER_BYTES {
            self.lines.push(line.to_owned());
        }
    }
}

impl Engine {
    pub(super) fn awaits_prompt(&self) -> bool {
        self.in_flight
            .as_ref()
            .is_some_and(|in_flight| in_flight.stage == Stage::Prompt)
    }

    /// Whether the payload was asked for and is not handed out yet.
    fn holds_payload(&self) -> bool {
        let asked = self
            .in_flight
            .as_ref()
            .is_some_and(|in_flight| in_flight.stage == Stage::Result);
        asked && !self.transmits.is_empty()
    }

    /// Starts a job: its command, or the selection of its memory before it.
    pub(super) fn start(&mut self, now: Duration, job: Job) {
        if let Some(memory) = job.memory()
            && self.memories.must_select(memory)
        {
            let memory = memory.clone();
            let wanted_by = Box::new(job);
            return self.start(now, Job::Select { memory, wanted_by });
        }
        let Some(command) = self.command_for(&job) else {
            return;
        };
        tracing::debug!(command = command.shown(), "written");
        self.lines.drop_result();
        if self.synchronising && !matches!(job, Job::Escape | Job::Synchronise { .. }) {
            self.synchronising = false;
            self.stray_results = 0;
        }
        let mut bytes = command.text.clone().into_bytes();
        bytes.push(b'\r');
        self.transmits.push_back(Transmit {
            bytes,
            leaves: command.leaves == Leaves::WithLine,
        });
        let stage = if command.payload.is_some() {
            Stage::Prompt
        } else {
            Stage::Answer
        };
        let deadline = now + command.limit;
        self.in_flight = Some(InFlight {
            job,
            deadline,
            left: false,
            command,
            stage,
            lines: Vec::new(),
            bytes: 0,
            wants_pdu: false,
            seems_empty: false,
            skip_ok: false,
            held: None,
            passed_over: Vec::new(),
            is_answered: false,
        });
    }

    fn command_for(&self, job: &Job) -> Option<Command> {
        Some(match job {
            Job::Escape => Command::new("\u{1b}", AnswerLines::None).within(ESCAPE),
            Job::Synchronise { .. } => Command::new("AT", AnswerLines::None).within(SYNCHRONISE),
            Job::Radio(radio) => Self::radio_command(*radio),
            Job::Restart { .. } => Self::restart_command(),
            Job::BringUp => self.bring_up_command()?,
            Job::Select { memory, .. } => self.memories.select_command(memory),
            Job::List { .. } => {
                Command::new("AT+CMGL=4", AnswerLines::CodedThenPdu("+CMGL")).within(LISTING)
            }
            Job::Read { slot, .. } => Self::read_command(slot),
            Job::Delete(deletion) => Self::deletion_command(deletion),
            Job::Send(sending) => self.send_command(sending),
            Job::Stage { tpdu, .. } => self.stage_command(tpdu),
            Job::Survey(survey) => Self::survey_command(survey),
            Job::Ussd { code, spelling } => Self::ussd_command(code, *spelling),
            Job::UssdEnd { .. } => Command::new("AT+CUSD=2", AnswerLines::None),
            Job::KeepLink => Command::new("AT+CMMS=1", AnswerLines::None),
            Job::ListCalls => Self::call_list_command(),
            Job::HangUp => self.hang_up_command()?,
            Job::Check(check) => self.check_command(*check),
        })
    }

    /// The modem asks for the payload.
    pub(super) fn handle_prompt(&mut self, now: Duration) {
        let Some(in_flight) = &mut self.in_flight else {
            return;
        };
        let payload = in_flight.command.payload.clone().unwrap_or_default();
        in_flight.stage = Stage::Result;
        let leaves = in_flight.command.leaves == Leaves::WithPayload;
        // Absolute from here: nothing that comes in between extends it.
        in_flight.deadline = now + if leaves { RESULT } else { LISTING };
        self.transmits.push_back(Transmit {
            bytes: payload.into_bytes(),
            leaves: false,
        });
        self.transmits.push_back(Transmit {
            bytes: vec![0x1A],
            leaves,
        });
    }

    pub(super) fn handle_line(&mut self, now: Duration, line: &str) {
        if line.starts_with("AT+")
            || line.starts_with("AT^")
            || line == "AT"
            || line.starts_with("ATE")
        {
            // An echo, perhaps of an earlier command; not logged, it may hold the PIN.
            return self.note_echo(line);
        }
        tracing::trace!(line, "read");
        if self.take_direct(line) || self.take_rest_of_ussd(now, line) {
            return;
        }
        let ended = text::final_result(line);
        if ended.is_none() && self.is_restart(line) {
            self.handle_restart(now);
        }
        let Some(in_flight) = &mut self.in_flight else {
            return match ended {
                Some(_) => self.handle_stray_result(now),
                None => self.handle_unsolicited(now, line),
            };
        };
        if let Some(ended) = ended {
            return self.handle_final(now, ended);
        }
        if in_flight
            .command
            .payload
            .as_deref()
            .is_some_and(|payload| payload.eq_ignore_ascii_case(line))
        {
            return;
        }
        if in_flight.wants_pdu && text::is_pdu(line) {
            in_flight.wants_pdu = false;
            return in_flight.push(line);
        }
        if !in_flight.takes(line) {
            return self.handle_unsolicited(now, line);
        }
        in_flight.push(line);
        match in_flight.command.answer {
            AnswerLines::CodedThenPdu(_) => in_flight.wants_pdu = true,
            AnswerLines::Coded(_) if in_flight.stage == Stage::Late => {
                // Told now: its `OK` may never come.
                in_flight.deadline = in_flight.deadline.min(now + SHORT);
                let lines = in_flight.lines.clone();
                self.resolve_late(Final::Ok, &lines);
            }
            AnswerLines::Coded(_) => {
                let soon = if in_flight.stage == Stage::Result {
                    SHORT
                } else {
                    RESULT_AFTER_LINE
                };
                in_flight.deadline = in_flight.deadline.min(now + soon);
            }
            AnswerLines::None | AnswerLines::Text(_) => {}
        }
    }

    fn handle_final(&mut self, now: Duration, ended: Final) {
        // A doubled `OK` of the command before; without a prompt and a payload only an error ends a send.
        if ended == Final::Ok && (self.awaits_prompt() || self.holds_payload()) {
            return;
        }
        let Some(mut in_flight) = self.in_flight.take() else {
            return;
        };
        if in_flight.job == Job::Escape {
            // Whatever the modem still owes comes now.
            self.stray_results = self.stray_results.saturating_add(1);
            if self.stray_results < OWED {
                in_flight.deadline = now + ESCAPE;
            }
            self.in_flight = Some(in_flight);
            return;
        }
        if mem::take(&mut in_flight.skip_ok) && ended == Final::Ok {
            self.in_flight = Some(in_flight);
            return;
        }
        let reads = matches!(in_flight.command.answer, AnswerLines::CodedThenPdu(_));
        if reads && ended == Final::Ok && in_flight.lines.is_empty() && !in_flight.seems_empty {
            in_flight.seems_empty = true;
            in_flight.deadline = in_flight.deadline.min(now + AFTER_EMPTY);
            self.in_flight = Some(in_flight);
            return;
        }
        if matches!(
            in_flight.job,
            Job::Read { .. } | Job::List { .. } | Job::Survey(_) | Job::Delete(_)
        ) && ended != Final::Ok
        {
            self.quiet_until = self.quiet_until.max(now + AFTER_EMPTY);
        }
        if !in_flight.left {
            self.transmits.clear(); // A payload that was not handed out must not follow.
        }
        tracing::debug!(command = in_flight.command.shown(), result = ?ended, "answered");
        self.quiet_until = self.quiet_until.max(now + self.settle);
        self.late.ended(now);
        if in_flight.stage == Stage::Late {
            return self.resolve_late(ended, &in_flight.lines);
        }
        if in_flight.left && self.is_owed(now, ended, &in_flight.lines) {
            // Its own result comes, or it stays in doubt.
            in_flight.passed_over.push(ended);
            self.in_flight = Some(in_flight);
            return;
        }
        if !in_flight.passed_over.is_empty()
            && !self
                .late
                .proves(ended, &in_flight.lines, &in_flight.passed_over)
        {
            // Which of them was its own cannot be told.
            return self.finish(now, in_flight.job, Reply::NoAnswer, true);
        }
        if let Some(older) = in_flight.held.take() {
            if ended == Final::Ok && in_flight.lines.is_empty() {
                // Doubled, and no result of its own.
                in_flight.held = Some(older);
                self.in_flight = Some(in_flight);
                return;
            }
            let first = (older.ended, older.lines.as_slice());
            match self.late.order(first, (ended, &in_flight.lines)) {
                Order::AsTheyCame => self.resolve_late(older.ended, &older.lines),
                Order::Reversed => {
                    self.resolve_late(ended, &in_flight.lines);
                    let reply = Reply::new(older.ended, older.lines);
                    return self.finish(now, in_flight.job, reply, true);
                }
                Order::Unclear => {
                    self.leave_in_doubt(&older.lines, &in_flight.lines);
                    return self.finish(now, in_flight.job, Reply::NoAnswer, true);
                }
            }
        } else if in_flight.left && self.must_hold(now, ended, &in_flight.lines) {
            let lines = mem::take(&mut in_flight.lines);
            in_flight.held = Some(Held { ended, lines });
            in_flight.deadline = now + LATE_RESULT;
            self.in_flight = Some(in_flight);
            return;
        }
        let left = in_flight.left;
        let reply = Reply::new(ended, in_flight.lines);
        self.finish(now, in_flight.job, reply, left);
    }

    /// The deadline of the command in flight has come.
    pub(super) fn expire(&mut self, now: Duration) {
        let Some(mut in_flight) = self.in_flight.take() else {
            return;
        };
        if !in_flight.left {
            self.transmits.clear(); // A payload that was not handed out must not follow.
        }
        if let Some(held) = in_flight.held.take() {
            if in_flight.lines.is_empty() {
                let reply = match self.late.settle(&held.lines) {
                    Whose::Newer => Reply::new(held.ended, held.lines),
                    Whose::Unclear => Reply::NoAnswer,
                };
                return self.finish(now, in_flight.job, reply, true);
            }
            self.resolve_late(held.ended, &held.lines);
        }
        let has_line = matches!(in_flight.command.answer, AnswerLines::Coded(_))
            && !in_flight.lines.is_empty()
            || in_flight.seems_empty && in_flight.lines.is_empty()
            || in_flight.is_answered;
        if has_line && in_flight.stage != Stage::Late {
            let left = in_flight.left;
            let reply = Reply::Ok(mem::take(&mut in_flight.lines));
            return self.finish(now, in_flight.job, reply, left);
        }
        tracing::debug!(command = in_flight.command.shown(), stage = ?in_flight.stage, "no answer in time");
        if in_flight.left && in_flight.stage != Stage::Late {
            self.give_up_waiting(now, &in_flight.job);
            in_flight.stage = Stage::Late;
            in_flight.deadline = now + LATE_RESULT;
            self.in_flight = Some(in_flight);
            return;
        }
        if in_flight.job == Job::Escape {
            self.quiet_until = now + SETTLE;
        } else if let Job::Synchronise { left } = in_flight.job {
            self.late.owe(now);
            let Some(left) = left.checked_sub(1) else {
                return self.give_up(now);
            };
            self.next.push_front(Job::Synchronise { left });
            self.next.push_front(Job::Escape);
        } else {
            if in_flight.stage != Stage::Late {
                if !in_flight.left {
                    self.late.owe(now);
                }
                self.finish(now, in_flight.job, Reply::NoAnswer, in_flight.left);
            }
            self.recover(now);
        }
    }

    /// Brings a reply home.
    pub(super) fn finish(&mut self, now: Duration, job: Job, reply: Reply, left: bool) {
        self.handle_refused_for_room(&job, &reply);
        let talks = matches!(
            job,
            Job::Escape
                | Job::Synchronise { .. }
                | Job::Radio(_)
                | Job::Restart { .. }
                | Job::Select { .. }
        );
        if !talks {
            self.note_reply(now, &reply);
        }
        let error = match &reply {
            Reply::Error(error) => Some(*error),
            Reply::Ok(_) | Reply::NoAnswer => None,
        };
        match job {
            Job::Escape => self.quiet_until = self.quiet_until.max(now + SETTLE),
            Job::Synchronise { left } => self.handle_synchronised(now, left),
            Job::Radio(radio) => self.finish_radio(now, radio, &reply),
            Job::Restart { ill } => self.finish_restart(now, ill, &reply),
            Job::BringUp => self.finish_step(now, reply),
            Job::Select { memory, wanted_by } => self.finish_select(now, memory, *wanted_by, reply),
            Job::List { memory, left } => self.finish_list(now, memory, left, reply),
            Job::Read {
                slot,
                purpose,
                left,
            } => self.finish_read(now, slot, purpose, left, reply),
            Job::Delete(deletion) => self.finish_deletion(now, deletion, reply),
            Job::Send(sending) => {
                let unreferenced =
                    matches!(&reply, Reply::Ok(lines) if late::accepted(lines).is_none());
                self.finish_send(&sending, reply, left);
                if unreferenced {
                    self.late.expect_reference(now, sending.tag);
                }
                self.note_link_used(now);
            }
            Job::Stage { id, .. } => self.finish_stage(id, reply),
            Job::Survey(survey) => self.finish_survey(now, survey, reply),
            Job::Ussd { code, .. } => self.finish_ussd(code, &reply),
            Job::UssdEnd { id } => self.finish_ussd_end(id, &reply),
            Job::KeepLink => self.finish_keeping_link(now, &reply),
            Job::ListCalls => self.finish_call_list(now, reply),
            Job::HangUp => self.finish_hanging_up(now, &reply),
            Job::Check(check) => self.finish_check(now, check, reply),
        }
        if let Some(error) = error {
            self.look_for_lost_sim(now, error);
        }
    }

    /// The port is gone or the modem began anew: what was in flight is answered by what is known of it, what was to
    /// follow was not begun.
    pub(super) fn lose_everything(&mut self) {
        if let Some(in_flight) = self.in_flight.take() {
            if let Job::Send(sending) = in_flight.job {
                // In `Late` it was answered already.
                if in_flight.stage != Stage::Late {
                    self.lose_send(&sending, in_flight.lines, in_flight.left);
                }
            } else {
                self.lose(in_flight.job);
            }
        }
        for job in mem::take(&mut self.next) {
            self.lose(job);
        }
        let gone = self.command_lost();
        self.lose_ussd(gone);
        self.end_calls();
        self.close_link();
    }

    /// What the command in flight asks for came before its result: that follows soon, or not at all.
    pub(super) fn answered_early(&mut self, now: Duration) {
        if let Some(in_flight) = &mut self.in_flight
            && matches!(in_flight.job, Job::Ussd { .. })
        {
            in_flight.deadline = in_flight.deadline.min(now + SHORT);
            in_flight.is_answered = true;
        }
    }

    /// A late reference came while another command waits for its own end: the `OK` behind it is not that end.
    pub(super) fn skip_ok(&mut self) {
        if let Some(in_flight) = &mut self.in_flight
            && in_flight.stage == Stage::Answer
        {
            in_flight.skip_ok = true;
        }
    }
}
