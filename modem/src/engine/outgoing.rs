//! Sending and storing, and turning requests into jobs.
//!
//! **Invariant:** every request that becomes a job is answered once: here, or with what the loss of the port leaves of it.

use std::time::Duration;

use super::command::{AnswerLines, Command, Leaves, RESULT};
use super::job::{Job, Outgoing, Purpose, Reply, Sending};
use super::late::accepted;
use super::text;
use super::{Answer, Engine, Request, RequestId};
use crate::cause::Cause;
use crate::error::{CommandError, SendError};
use crate::status::Phase;
use crate::storage::StorageSlot;

/// A TPDU in octets: 164 is the longest that a SIM stores, 176 with room for what a modem adds.
const LONGEST_TPDU: usize = 176;

impl Engine {
    /// Turns a request into a job; answers it at once and gives `None` if it cannot be put to a modem.
    pub(super) fn job_of(&mut self, now: Duration, id: RequestId, request: Request) -> Option<Job> {
        match request {
            Request::Send { tag, tpdu } => match unusable(&tpdu) {
                None => Some(Job::Send(Sending {
                    id,
                    tag,
                    what: Outgoing::Tpdu(tpdu),
                })),
                Some(wrong) => {
                    let cause = Cause::UnusableTpdu(wrong);
                    self.answer(id, Answer::Sent(Err(SendError::Reject { cause })));
                    None
                }
            },
            Request::Transmit { tag, slot } => {
                if !self.memories.send_from(&slot.memory) {
                    let cause = Cause::UnusableSlot(slot.memory);
                    self.answer(id, Answer::Sent(Err(SendError::Retry { cause })));
                    return None;
                }
                Some(Job::Send(Sending {
                    id,
                    tag,
                    what: Outgoing::Slot(slot),
                }))
            }
            Request::Stage { tpdu } => match unusable(&tpdu) {
                None => Some(Job::Stage {
                    id,
                    tpdu,
                    memory: self.memories.to_select_for_writing(),
                }),
                Some(wrong) => {
                    self.answer(id, Answer::Staged(Err(CommandError::Unusable(wrong))));
                    None
                }
            },
            Request::Inspect { slot } => Some(Job::Read {
                slot,
                purpose: Purpose::Inspect(id),
                left: 0,
            }),
            Request::Staged => Some(Job::Survey(self.survey(id))),
            Request::Delete { slot, expected } => {
                Some(Job::Delete(self.deletion(id, slot, expected)))
            }
            Request::Ussd { code } => self.ussd_job(now, id, code),
            Request::UssdReply { text } => self.ussd_reply_job(now, id, text),
            Request::UssdEnd => Some(self.ussd_end_job(id)),
        }
    }

    pub(super) fn send_command(&self, sending: &Sending) -> Command {
        match &sending.what {
            Outgoing::Tpdu(tpdu) => Command::new(
                format!("AT+CMGS={}", tpdu.len()),
                AnswerLines::Coded("+CMGS"),
            )
            .with_payload(self.payload(tpdu))
            .leaving(Leaves::WithPayload),
            Outgoing::Slot(slot) => Command::new(
                format!("AT+CMSS={}", slot.index),
                AnswerLines::Coded("+CMSS"),
            )
            .within(RESULT)
            .leaving(Leaves::WithLine),
        }
    }

    pub(super) fn stage_command(&self, tpdu: &[u8]) -> Command {
        Command::new(
            format!("AT+CMGW={}", tpdu.len()),
            AnswerLines::Coded("+CMGW"),
        )
        .with_payload(self.payload(tpdu))
    }

    /// The service centre, which the length of `+CMGS` does not count, and the TPDU.
    fn payload(&self, tpdu: &[u8]) -> String {
        let service_centre = self
            .settings
            .service_centre
            .as_ref()
            .map_or_else(|| vec![0], |centre| centre.octets());
        service_centre
            .iter()
            .chain(tpdu)
            .map(|octet| format!("{octet:02X}"))
            .collect()
    }

    pub(super) fn finish_send(&mut self, sending: &Sending, reply: Reply, left: bool) {
        let outcome = match reply {
            Reply::Ok(lines) => accepted(&lines).ok_or(SendError::Unknown {
                cause: Cause::NoReference,
            }),
            Reply::Error(error) if left => Err(SendError::after_leaving(error)),
            Reply::Error(error) => Err(SendError::Retry {
                cause: Cause::Refused(error),
            }),
            Reply::NoAnswer if left => Err(SendError::Unknown {
                cause: Cause::NoAnswer,
            }),
            Reply::NoAnswer => Err(SendError::Retry {
                cause: Cause::NoPrompt,
            }),
        };
        if left {
            self.late.note(&outcome);
        }
        self.answer(sending.id, Answer::Sent(outcome));
    }

    /// The deadline of a send has come: the caller is answered, the result may still come.
    pub(super) fn give_up_waiting(&mut self, now: Duration, job: &Job) {
        if let Job::Send(sending) = job {
            self.finish_send(sending, Reply::NoAnswer, true);
            self.late.open(now, sending.tag);
        }
    }

    /// The port went away under a send.
    pub(super) fn lose_send(&mut self, sending: &Sending, lines: Vec<String>, left: bool) {
        if left && self.late.is_closed() && accepted(&lines).is_some() {
            return self.finish_send(sending, Reply::Ok(lines), left);
        }
        let cause = if self.status.phase == Phase::Stopped {
            Cause::Stopped
        } else {
            Cause::PortLost
        };
        let error = if left {
            SendError::Unknown { cause }
        } else {
            SendError::Retry { cause }
        };
        let outcome = Err(error);
        if left {
            self.late.note(&outcome); // It may have taken a reference.
        }
        self.answer(sending.id, Answer::Sent(outcome));
    }

    pub(super) fn finish_stage(&mut self, id: RequestId, reply: Reply) {
        let result = match reply {
            Reply::Ok(lines) => {
                let index = lines
                    .first()
                    .and_then(|line| text::number(&text::arguments(line), 0));
                let memory = self.memories.written_to();
                index
                    .map(|index| StorageSlot { memory, index })
                    .ok_or(CommandError::Unreadable { command: "+CMGW" })
            }
            Reply::Error(error) => Err(CommandError::Refused(error)),
            Reply::NoAnswer => Err(CommandError::NoAnswer),
        };
        self.answer(id, Answer::Staged(result));
    }
}

fn unusable(tpdu: &[u8]) -> Option<&'static str> {
    if tpdu.len() < 2 {
        Some("it is too short")
    } else if tpdu.len() > LONGEST_TPDU {
        Some("it is too long")
    } else {
        None
    }
}
