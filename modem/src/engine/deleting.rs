//! Freeing slots, by comparison.
//!
//! | stage | the slot reads | then |
//! |---|---|---|
//! | `Compare` | empty | already gone |
//! | `Compare` | the same message | `Free` |
//! | `Compare`, `Verify` | another message | left alone, and passed on as a new one |
//! | `Free` | (`+CMGD`, no answer) | `Verify` |
//! | `Free` | (`+CMGD`, SIM or modem busy) | `Verify` after a second |
//! | `Verify` | empty | freed |
//! | `Verify` | the same message | `Free`, twice at most |
//!
//! **Invariant:** `+CMGD` is written only for a slot that was read in this session and held the message that the caller
//! names, with nothing announced for it since.

use std::time::Duration;

use super::command::{AnswerLines, Command};
use super::incoming::{BUSY_PAUSE, content_of, is_busy};
use super::job::{Deletion, DeletionStage, Job, Reply};
use super::{Answer, Engine, RequestId};
use crate::cause::ModemError;
use crate::error::CommandError;
use crate::pdu::RawPdu;
use crate::storage::{Deleted, StorageSlot};

/// Attempts to free a slot beyond the first.
const FREE_AGAIN: u8 = 2;

impl Engine {
    pub(super) fn deletion_command(deletion: &Deletion) -> Command {
        match deletion.stage {
            DeletionStage::Compare | DeletionStage::Verify { .. } => {
                Self::read_command(&deletion.slot)
            }
            DeletionStage::Free { .. } => Command::new(
                format!("AT+CMGD={}", deletion.slot.index),
                AnswerLines::None,
            ),
        }
    }

    pub(super) fn deletion(&self, id: RequestId, slot: StorageSlot, expected: RawPdu) -> Deletion {
        let certain = self.slots.is_certain(&slot, &expected);
        let stage = if certain {
            DeletionStage::Free { left: FREE_AGAIN }
        } else {
            DeletionStage::Compare
        };
        Deletion {
            id,
            slot,
            expected,
            stage,
        }
    }

    pub(super) fn finish_deletion(&mut self, now: Duration, deletion: Deletion, reply: Reply) {
        let result = match (deletion.stage, reply) {
            (DeletionStage::Free { .. }, Reply::Ok(_)) => Ok(Deleted::Freed),
            (DeletionStage::Free { .. }, Reply::Error(ModemError::Cms(321))) => {
                Ok(Deleted::AlreadyGone)
            }
            (DeletionStage::Free { left }, busy) if left > 0 && is_busy(&busy) => {
                self.quiet_until = self.quiet_until.max(now + BUSY_PAUSE);
                let stage = DeletionStage::Verify { left };
                return self
                    .next
                    .push_front(Job::Delete(Deletion { stage, ..deletion }));
            }
            (DeletionStage::Free { .. }, Reply::Error(error)) => Err(CommandError::Refused(error)),
            (DeletionStage::Free { left }, Reply::NoAnswer) => {
                let stage = DeletionStage::Verify { left };
                return self
                    .next
                    .push_front(Job::Delete(Deletion { stage, ..deletion }));
            }
            (DeletionStage::Compare, reply) => match self.compare(now, &deletion, reply) {
                Ok(None) => Ok(Deleted::AlreadyGone),
                Ok(Some(Comparison::Same)) => {
                    let stage = DeletionStage::Free { left: FREE_AGAIN };
                    return self
                        .next
                        .push_front(Job::Delete(Deletion { stage, ..deletion }));
                }
                Ok(Some(Comparison::Other)) => Ok(Deleted::HoldsOther),
                Err(error) => Err(error),
            },
            (DeletionStage::Verify { left }, reply) => match self.compare(now, &deletion, reply) {
                Ok(None) => Ok(Deleted::Freed),
                Ok(Some(Comparison::Same)) if left > 0 => {
                    let stage = DeletionStage::Free { left: left - 1 };
                    return self
                        .next
                        .push_front(Job::Delete(Deletion { stage, ..deletion }));
                }
                Ok(Some(Comparison::Same)) => Err(CommandError::NoAnswer),
                Ok(Some(Comparison::Other)) => Ok(Deleted::HoldsOther),
                Err(error) => Err(error),
            },
        };
        if matches!(result, Ok(Deleted::Freed | Deleted::AlreadyGone)) {
            self.slots.emptied(&deletion.slot);
        }
        self.answer(deletion.id, Answer::Deleted(result));
    }

    /// What the slot holds beside what is to be deleted. Another received message is passed on as a new one.
    fn compare(
        &mut self,
        now: Duration,
        deletion: &Deletion,
        reply: Reply,
    ) -> Result<Option<Comparison>, CommandError> {
        let content = match content_of(reply) {
            Err(CommandError::Refused(ModemError::Cms(321) | ModemError::Cme(21 | 22))) => {
                return Ok(None);
            }
            other => other?,
        };
        let Some(pdu) = content.pdu else {
            return Ok(None);
        };
        if pdu.same_message(&deletion.expected) {
            return Ok(Some(Comparison::Same));
        }
        self.pass_on(now, deletion.slot.clone(), content.status, pdu);
        Ok(Some(Comparison::Other))
    }
}

/// A slot's content beside the message that was expected in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Same,
    Other,
}
