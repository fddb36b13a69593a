//! Parts on their way to the network: taken by the line's worker, settled with their outcome.

use std::time::Duration;

use tracing::{info, warn};

use crate::address::{Conversation, LineName};
use crate::chat::{Choice, Content, Destination};
use crate::handle::LateOutcome;
use crate::id::{MessageId, PartId};
use crate::link::{Accepted, SendError, StorageSlot, TryAgain};
use crate::part::{Effect, HoldReason, PartEvent, PartState, back_off};
use crate::slots::Reading;
use crate::store::record::{Message, Way};
use crate::store::{StoreError, Walk, keys};
use crate::writer::work::{Draft, Job, Opened, Work};

/// After this many tries the writer is told that it is still not sent.
const TELL_AFTER: u32 = 3;

/// A part with which a line's worker is to do something now.
#[derive(Debug)]
pub(crate) struct ClaimedPart {
    pub(crate) id: PartId,
    pub(crate) tpdu: Vec<u8>,
    pub(crate) step: Step,
}

/// What is to be done with a part.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send it in one step.
    Send,
    /// Write it into the modem's memory.
    Stage,
    /// Send it from there.
    Transmit(StorageSlot),
}

impl Work<'_> {
    /// Whatever was being sent when the program ended is unknown; the rest waits as before, and so does what was only being
    /// written into the modem's memory.
    pub(super) fn recover_parts(&mut self) -> Result<(), StoreError> {
        let mut walk = Walk::over(keys::outbox_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let Some(id) = keys::last_number(&key).map(PartId) else {
                continue;
            };
            match self.part(id)? {
                Some(part) if part.state.is_in_hand() => {
                    match self.core.opened {
                        Opened::First => {
                            if matches!(part.state, PartState::Transmitting { .. }) {
                                warn!(part_id = %id, "it was being sent when the program ended; its outcome is unknown");
                                self.note_doubt(id)?;
                            }
                            self.apply_to_part(id, PartEvent::Restarted)?;
                        }
                        Opened::Again if self.core.is_handed(Job::Part(id)) => {
                            self.save_part(id, None, &part)?;
                        }
                        // The commit that was to hand it out failed: no worker has it.
                        Opened::Again => {
                            self.apply_to_part(
                                id,
                                PartEvent::Postponed {
                                    wait: Duration::ZERO,
                                },
                            )?;
                        }
                    }
                }
                // While the program was off the line was down.
                Some(part)
                    if self.core.opened == Opened::First
                        && matches!(part.state, PartState::Queued { .. }) =>
                {
                    self.apply_to_part(id, PartEvent::Held(HoldReason::LineDown))?;
                }
                Some(part) => self.save_part(id, None, &part)?,
                None => self.transaction.remove(key),
            }
        }
        Ok(())
    }

    pub(super) fn claim_part(&mut self, id: PartId) -> Result<Option<ClaimedPart>, StoreError> {
        let Some(part) = self.part(id)? else {
            return Ok(None);
        };
        if part.state.is_due() && !self.may_go(id, &part)? {
            return Ok(None);
        }
        let line = part.conversation.line;
        if let PartState::Staged { slot, .. } = &part.state {
            self.note_transmitting(&line, id, slot)?;
            self.apply_to_part(id, PartEvent::Claimed)?;
        } else if self.stages_now(&line)? {
            self.apply_to_part(id, PartEvent::ClaimedToStage)?;
            let staging = self.part(id)?;
            if staging.is_some_and(|part| matches!(part.state, PartState::Staging { .. })) {
                self.note_staging(&line, id)?;
            }
        } else {
            self.apply_to_part(id, PartEvent::Claimed)?;
        }
        self.claimed(id)
    }

    /// What the worker is to do with a part that it gets. `None`: nothing; it may have been called off, or held, in the
    /// same commit.
    pub(super) fn claimed(&mut self, id: PartId) -> Result<Option<ClaimedPart>, StoreError> {
        let Some(part) = self.part(id)? else {
            return Ok(None);
        };
        let step = match part.state {
            PartState::Transmitting { slot: None, .. } => Step::Send,
            PartState::Transmitting {
                slot: Some(slot), ..
            } => Step::Transmit(slot),
            PartState::Staging { .. } => Step::Stage,
            PartState::Queued { .. }
            | PartState::Held { .. }
            | PartState::Staged { .. }
            | PartState::Sent { .. }
            | PartState::Delivered
            | PartState::Failed { .. }
            | PartState::Unknown(_)
            | PartState::Cancelled
            | PartState::Expired => return Ok(None),
        };
        self.hand_out(Job::Part(id));
        // The octets were made by `compose` and stored: they decode.
        let tpdu = sms_codec::hex::decode(&part.tpdu).unwrap_or_default();
        Ok(Some(ClaimedPart { id, tpdu, step }))
    }

    /// The line went down: what waits for it says so.
    pub(super) fn hold_line(&mut self, line: &LineName) -> Result<(), StoreError> {
        let mut walk = Walk::over(keys::outbox_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let Some(id) = keys::last_number(&key).map(PartId) else {
                continue;
            };
            if self
                .part(id)?
                .is_some_and(|part| part.conversation.line == *line)
            {
                self.apply_to_part(id, PartEvent::Held(HoldReason::LineDown))?;
            }
        }
        Ok(())
    }

    /// `reading`: what the part's slot read right after an outcome in doubt.
    pub(super) fn settle_part(
        &mut self,
        id: PartId,
        outcome: Result<Accepted, SendError>,
        reading: Option<Reading>,
    ) -> Result<(), StoreError> {
        self.give_back(Job::Part(id));
        let outcome = self.outcome_by_slot(id, outcome, reading)?;
        let attempt = self
            .part(id)?
            .map_or(1, |part| part.state.attempt_under_way());
        let event = match outcome {
            Ok(Accepted { reference }) => {
                info!(part_id = %id, attempt, "part sent");
                PartEvent::Accepted { reference }
            }
            Err(SendError::Retry { cause }) => {
                let wait = back_off(attempt, &mut self.core.random);
                warn!(part_id = %id, attempt, retry_in = ?wait, error = %cause, "part postponed");
                if attempt == TELL_AFTER {
                    let prefix = self.prefix_for(id)?;
                    let words = |which| {
                        format!(
                            "Not sent yet{which}: {cause}. I keep trying; {prefix}cancel in reply to it calls it off."
                        )
                    };
                    self.tell_writer(id, words, Vec::new())?;
                }
                PartEvent::Postponed { wait }
            }
            Err(SendError::Reject {
                cause,
                may_try_again,
            }) => {
                warn!(part_id = %id, attempt, error = %cause, "part refused");
                PartEvent::Refused {
                    cause,
                    may_try_again,
                }
            }
            Err(SendError::Unknown { cause }) => {
                warn!(part_id = %id, attempt, error = %cause, "the outcome of a part is unknown");
                PartEvent::Doubted { cause }
            }
        };
        self.apply_to_part(id, event)
    }

    pub(super) fn outcome_arrived_late(
        &mut self,
        id: PartId,
        outcome: LateOutcome,
    ) -> Result<(), StoreError> {
        info!(part_id = %id, "a late outcome arrived");
        self.apply_to_part(
            id,
            match outcome {
                LateOutcome::Accepted(reference) => PartEvent::AcceptedLate { reference },
                LateOutcome::Rejected(cause) => PartEvent::RefusedLate { cause },
            },
        )
    }

    /// One step of a part, and all that follows from it.
    pub(super) fn apply_to_part(&mut self, id: PartId, event: PartEvent) -> Result<(), StoreError> {
        let Some(mut part) = self.part(id)? else {
            return Ok(());
        };
        let before = part.state.clone();
        let (state, effect) = before.clone().apply(event, self.now);
        if state == before {
            return Ok(());
        }
        part.state = state;
        self.save_part(id, Some(&before), &part)?;
        self.note_send(&part.conversation.line, id, &before, &part.state)?;
        let message = id.message();
        match &part.state {
            PartState::Failed { .. } => self.hold_rest(message)?,
            PartState::Sent { .. } | PartState::Unknown(_) => {
                let Conversation { line, address } = &part.conversation;
                self.match_kept_reports(line, address)?;
            }
            PartState::Queued { .. }
            | PartState::Held { .. }
            | PartState::Staging { .. }
            | PartState::Staged { .. }
            | PartState::Transmitting { .. }
            | PartState::Delivered
            | PartState::Cancelled
            | PartState::Expired => {}
        }
        // The report that was kept may have settled it already.
        let settled = self.part(id)?.is_some_and(|now| now.state != part.state);
        match effect {
            Some(Effect::TellFailure {
                cause,
                may_try_again,
            }) => self.tell_failure(id, &cause, may_try_again)?,
            Some(Effect::AskAboutDoubt { cause }) if !settled => {
                self.ask_about_doubt(id, &cause)?;
            }
            Some(Effect::AskAboutDoubt { .. }) | None => {}
        }
        self.refresh_marks(message)
    }

    /// After a refusal the parts that have not left stay: half a message helps nobody.
    fn hold_rest(&mut self, message: MessageId) -> Result<(), StoreError> {
        for (id, mut part) in self.parts(message)? {
            if part.state.is_due() {
                let before = part.state.clone();
                (part.state, _) = before
                    .clone()
                    .apply(PartEvent::Held(HoldReason::EarlierPart), self.now);
                self.save_part(id, Some(&before), &part)?;
            }
        }
        Ok(())
    }

    /// The mark of commands where the part was written.
    fn prefix_for(&self, id: PartId) -> Result<char, StoreError> {
        let message = self.message(id.message())?;
        Ok(match message.map(|message| message.way) {
            Some(Way::Out { network, .. }) => self.prefix(&network),
            Some(Way::In { .. }) | None => '/',
        })
    }

    fn tell_failure(
        &mut self,
        id: PartId,
        cause: &str,
        may_try_again: TryAgain,
    ) -> Result<(), StoreError> {
        let again = || Choice {
            token: format!("again:{}", id.message()),
            label: "Send again".to_owned(),
            command: Some("retry".to_owned()),
        };
        let choices = match may_try_again {
            TryAgain::Sensible => vec![again()],
            TryAgain::Pointless => Vec::new(),
        };
        self.tell_writer(id, |which| format!("Not sent{which}: {cause}."), choices)
    }

    fn ask_about_doubt(&mut self, id: PartId, cause: &str) -> Result<(), StoreError> {
        self.ask_whether_again(id, |which| {
            format!(
                "I can't tell whether this left{which}: {cause}. Sending again may deliver it twice."
            )
        })
    }

    pub(super) fn ask_whether_again(
        &mut self,
        id: PartId,
        words: impl FnOnce(String) -> String,
    ) -> Result<(), StoreError> {
        let choice = |token: &str, label: &str, command: Option<&str>| Choice {
            token: format!("{token}:{}", id.message()),
            label: label.to_owned(),
            command: command.map(str::to_owned),
        };
        let choices = vec![
            choice("again", "Send again", Some("retry")),
            choice("leave", "Leave it", None),
        ];
        self.tell_writer(id, words, choices)
    }

    /// Says something about a part in reply to what its writer wrote.
    fn tell_writer(
        &mut self,
        id: PartId,
        words: impl FnOnce(String) -> String,
        choices: Vec<Choice>,
    ) -> Result<(), StoreError> {
        let message_id = id.message();
        let Some(message) = self.message(message_id)? else {
            return Ok(());
        };
        let Message {
            way:
                Way::Out {
                    network,
                    origin,
                    parts,
                    ..
                },
            conversation,
            ..
        } = message
        else {
            return Ok(());
        };
        let which = if parts > 1 {
            format!(
                " (part {} of {parts})",
                u16::from(id.index()).saturating_add(1)
            )
        } else {
            String::new()
        };
        let content = Content::Notice { text: words(which) };
        let mut draft = Draft::new(&network, Destination::Place(origin.place.clone()), content);
        draft.reply_to = Some(origin.message);
        draft.choices = choices;
        draft.conversation = Some(conversation);
        draft.message = Some(message_id);
        self.add_post(draft).map(|_| ())
    }
}
