//! Where the reply to a command goes, and what is answered when there will be none.
//!
//! **Invariant:** every job that somebody asked for is answered once: by its reply, or by [`Engine::lose_everything`].

use std::mem;
use std::time::Duration;

use super::in_flight::Stage;
use super::job::{Job, Purpose, Reply};
use super::recovery::SETTLE;
use super::text::Final;
use super::{Answer, Engine, Request, RequestId, late};
use crate::cause::Cause;
use crate::error::{CommandError, SendError};
use crate::status::Phase;

impl Engine {
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
        // What the network says of a message says nothing of the modem.
        let by_network = left && matches!(reply, Reply::Error(_));
        if !talks && !by_network {
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
                    let passed_over = &in_flight.passed_over;
                    let clear = passed_over.is_empty()
                        || self.late.proves(Final::Ok, &in_flight.lines, passed_over);
                    let lines = if clear { in_flight.lines } else { Vec::new() };
                    self.lose_send(&sending, lines, in_flight.left);
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

    pub(super) fn command_lost(&self) -> CommandError {
        if self.status.phase == Phase::Stopped {
            CommandError::Stopped
        } else {
            CommandError::PortLost
        }
    }

    /// The port went away under a job that sends nothing, or before it was begun.
    pub(super) fn lose(&mut self, job: Job) {
        let gone = self.command_lost();
        match job {
            Job::Send(sending) => self.lose_send(&sending, Vec::new(), false),
            Job::Stage { id, .. } => self.answer(id, Answer::Staged(Err(gone))),
            Job::Read {
                purpose: Purpose::Inspect(id),
                ..
            } => self.answer(id, Answer::Inspected(Err(gone))),
            Job::Survey(survey) => self.answer(survey.id, Answer::Listed(Err(gone))),
            Job::Delete(deletion) => self.answer(deletion.id, Answer::Deleted(Err(gone))),
            Job::Select { wanted_by, .. } => self.lose(*wanted_by),
            Job::UssdEnd { id: Some(id) } => self.answer(id, Answer::UssdEnded(Err(gone))),
            // The dialogue is answered by itself.
            Job::Ussd { .. } | Job::UssdEnd { id: None } => {}
            Job::Read {
                purpose: Purpose::Announce,
                ..
            }
            | Job::Escape
            | Job::Synchronise { .. }
            | Job::Radio(_)
            | Job::Restart { .. }
            | Job::BringUp
            | Job::List { .. }
            | Job::KeepLink
            | Job::ListCalls
            | Job::HangUp
            | Job::Check(_) => {}
        }
    }

    /// What waits for its turn is answered that the line is down.
    pub(super) fn turn_away(&mut self) {
        let waiting: Vec<_> = self
            .sends
            .drain(..)
            .chain(self.commands.drain(..))
            .collect();
        for (id, request) in waiting {
            self.answer_line_down(id, &request);
        }
    }

    pub(super) fn answer_line_down(&mut self, id: RequestId, request: &Request) {
        let doing = self.status.phase.to_string();
        let answer = match request {
            Request::Send { .. } | Request::Transmit { .. } => {
                Answer::Sent(Err(SendError::Retry {
                    cause: Cause::LineDown(doing),
                }))
            }
            Request::Stage { .. } => Answer::Staged(Err(CommandError::LineDown(doing))),
            Request::Inspect { .. } => Answer::Inspected(Err(CommandError::LineDown(doing))),
            Request::Staged => Answer::Listed(Err(CommandError::LineDown(doing))),
            Request::Delete { .. } => Answer::Deleted(Err(CommandError::LineDown(doing))),
            Request::Ussd { .. } | Request::UssdReply { .. } => {
                Answer::Ussd(Err(CommandError::LineDown(doing)))
            }
            Request::UssdEnd => Answer::UssdEnded(Err(CommandError::LineDown(doing))),
        };
        self.answer(id, answer);
    }
}
