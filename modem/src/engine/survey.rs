//! What was written into the modem's memory and still lies there: the listing by which leftovers of a two-step send are
//! found.
//!
//! Received messages that are met on the way are passed on as by any other listing. Nothing is freed here: whoever asked
//! compares, and has the slot freed by [`super::Request::Delete`].
//!
//! | stage | answer | then |
//! |---|---|---|
//! | `Listing` | the listing | done |
//! | `Listing` | busy | again after a second, up to 12 times |
//! | `Listing` | refused, none | `Slot`, from 0 to the last |
//! | `Slot` | a message, an empty slot, refused | the next slot, or done |
//! | `Slot` | none, busy | the asker is told so |
//!
//! **Invariant:** at most [`MOST`] slots are read and told.

use std::time::Duration;

use super::command::{AnswerLines, Command, LISTING};
use super::incoming::{BUSY_PAUSE, LIST_AGAIN, content_of, is_busy, listed};
use super::job::{Job, Reply, Survey, SurveyStage};
use super::{Answer, Engine, RequestId};
use crate::cause::ModemError;
use crate::error::CommandError;
use crate::storage::{SlotContent, StorageSlot};

/// More than any SIM or modem was seen to hold.
const MOST: u16 = 300;

impl Engine {
    pub(super) fn survey(&self, id: RequestId) -> Survey {
        let memory = self.memories.written_to();
        let stage = if self.slots.is_unlistable(&memory) {
            self.first_slot(&memory)
        } else {
            SurveyStage::Listing { left: LIST_AGAIN }
        };
        Survey {
            id,
            memory,
            stage,
            found: Vec::new(),
        }
    }

    fn first_slot(&self, memory: &crate::storage::Memory) -> SurveyStage {
        let last = self.last_index(memory).min(MOST - 1);
        SurveyStage::Slot { index: 0, last }
    }

    pub(super) fn survey_command(survey: &Survey) -> Command {
        match survey.stage {
            SurveyStage::Listing { .. } => {
                Command::new("AT+CMGL=4", AnswerLines::CodedThenPdu("+CMGL")).within(LISTING)
            }
            SurveyStage::Slot { index, .. } => Self::read_command(&StorageSlot {
                memory: survey.memory.clone(),
                index,
            }),
        }
    }

    pub(super) fn finish_survey(&mut self, now: Duration, mut survey: Survey, reply: Reply) {
        match survey.stage {
            SurveyStage::Listing { left } => match reply {
                Reply::Ok(lines) => {
                    for (slot, status, pdu) in listed(&survey.memory, lines) {
                        if status.is_written() {
                            let pdu = Some(pdu);
                            survey.found.push((slot, SlotContent { status, pdu }));
                        } else {
                            self.pass_on(now, slot, status, pdu);
                        }
                    }
                    survey.found.truncate(usize::from(MOST));
                    self.answer(survey.id, Answer::Listed(Ok(survey.found)));
                }
                busy if is_busy(&busy) => match left.checked_sub(1) {
                    Some(left) => {
                        self.quiet_until = self.quiet_until.max(now + BUSY_PAUSE);
                        survey.stage = SurveyStage::Listing { left };
                        self.next.push_front(Job::Survey(survey));
                    }
                    None => {
                        let error = match busy {
                            Reply::Error(error) => CommandError::Refused(error),
                            Reply::Ok(_) | Reply::NoAnswer => CommandError::NoAnswer,
                        };
                        self.answer(survey.id, Answer::Listed(Err(error)));
                    }
                },
                Reply::Error(_) | Reply::NoAnswer => {
                    self.slots.note_unlistable(survey.memory.clone());
                    survey.stage = self.first_slot(&survey.memory);
                    self.next.push_front(Job::Survey(survey));
                }
            },
            SurveyStage::Slot { index, last } => {
                let slot = StorageSlot {
                    memory: survey.memory.clone(),
                    index,
                };
                match content_of(reply) {
                    Ok(SlotContent {
                        status,
                        pdu: Some(pdu),
                    }) if !status.is_written() => self.pass_on(now, slot, status, pdu),
                    Ok(SlotContent { pdu: None, .. }) => self.slots.emptied(&slot),
                    Ok(content) => survey.found.push((slot, content)),
                    Err(CommandError::NoAnswer) => {
                        let lost = Answer::Listed(Err(CommandError::NoAnswer));
                        return self.answer(survey.id, lost);
                    }
                    // It may hold something.
                    Err(
                        error @ CommandError::Refused(
                            ModemError::Cms(314) | ModemError::Cme(14 | 515),
                        ),
                    ) => {
                        return self.answer(survey.id, Answer::Listed(Err(error)));
                    }
                    // An empty slot on most modems.
                    Err(_) => {}
                }
                if index >= last {
                    return self.answer(survey.id, Answer::Listed(Ok(survey.found)));
                }
                let index = index + 1;
                survey.stage = SurveyStage::Slot { index, last };
                self.next.push_front(Job::Survey(survey));
            }
        }
    }
}
