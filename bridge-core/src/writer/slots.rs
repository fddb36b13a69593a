//! Parts that stand in the modem's memory: what was written there, what it tells afterwards, and what is cleared away.
//!
//! A note is stored before anything is written into the modem, and stays until its slot is known to be free. So every
//! leftover has a note, and what has none is not ours.

use tracing::{info, warn};

use crate::address::{Conversation, LineName};
use crate::handle::{LineNotice, Sending};
use crate::id::PartId;
use crate::link::{Accepted, LinkError, SendError, StorageSlot};
use crate::part::{PartEvent, PartState};
use crate::slots::{self, Marks, Reading, Tried};
use crate::store::record::StagedNote;
use crate::store::{StoreError, keys};
use crate::writer::outgoing::ClaimedPart;
use crate::writer::work::{Job, Work};

/// Notes of one line that are looked at together.
const MOST: usize = 200;

/// What is to be looked at and cleared away in a modem's memory.
#[derive(Debug, Default)]
pub(crate) struct SlotWork {
    /// Slots that are known.
    pub(crate) known: Vec<KnownSlot>,
    /// What may stand in slots that nobody told us of: the notes, and the TPDUs.
    pub(crate) lost: Vec<(u64, Vec<u8>)>,
    /// Slots that are still needed.
    pub(crate) needed: Vec<StorageSlot>,
}

/// A slot that a part was stored in.
#[derive(Debug)]
pub(crate) struct KnownSlot {
    pub(crate) note: u64,
    pub(crate) slot: StorageSlot,
    pub(crate) tpdu: Vec<u8>,
}

/// How it goes on with a part whose slot was looked at before it was to be sent from there.
#[derive(Debug)]
pub(crate) enum Checked {
    /// It stands there: send it.
    Transmit,
    /// It does not, and this is sent in one step.
    Otherwise(ClaimedPart),
    /// It is settled.
    Settled,
}

impl Work<'_> {
    /// Whether new parts are stored in the modem first.
    pub(super) fn stages(&self, line: &LineName) -> Result<bool, StoreError> {
        let sending = self.core.line(line).map(|line| line.sending);
        Ok(sending == Some(Sending::TwoSteps) && self.marks(line)? != Some(Marks::Silent))
    }

    /// What is known of the marks of the modem that the line has now.
    pub(super) fn marks(&self, line: &LineName) -> Result<Option<Marks>, StoreError> {
        self.transaction.load(&self.marks_key(line))
    }

    fn marks_key(&self, line: &LineName) -> Vec<u8> {
        let modem = self
            .core
            .status
            .get(line)
            .and_then(|status| status.borrow().modem.clone());
        keys::slot_marks(line, &modem.unwrap_or_default())
    }

    /// The part is about to be written into the modem.
    pub(super) fn note_staging(&mut self, line: &LineName, part: PartId) -> Result<(), StoreError> {
        let key = keys::staged(line, self.next_id());
        let note = StagedNote {
            part,
            slot: None,
            tried: Tried::Not,
        };
        self.expire(&key)?;
        self.transaction.save(key, &note)
    }

    /// What became of writing a part into the modem. What comes back is to be sent in one step.
    pub(super) fn settle_staging(
        &mut self,
        id: PartId,
        outcome: Result<StorageSlot, LinkError>,
    ) -> Result<Option<ClaimedPart>, StoreError> {
        let Some(part) = self.part(id)? else {
            self.give_back(Job::Part(id));
            return Ok(None);
        };
        let line = part.conversation.line;
        let waits = matches!(part.state, PartState::Staging { .. });
        let last = self
            .notes(&line)?
            .into_iter()
            .rfind(|(_, note)| note.part == id && note.slot.is_none());
        match outcome {
            Ok(slot) => {
                if let Some((key, mut note)) = last {
                    note.slot = Some(slot.clone());
                    self.transaction.save(key, &note)?;
                }
                self.give_back(Job::Part(id));
                self.apply_to_part(id, PartEvent::Stored { slot })?;
                Ok(None)
            }
            Err(error) => {
                warn!(part_id = %id, %line, %error, "the modem did not store a part; it is sent in one step");
                // It may stand there all the same, but one note is enough to find it by.
                let notes = self.notes(&line)?;
                let mut lost = notes
                    .into_iter()
                    .filter(|(_, note)| note.part == id && note.slot.is_none());
                lost.next();
                for (key, _) in lost {
                    self.transaction.remove(key);
                }
                if !waits {
                    self.give_back(Job::Part(id));
                    return Ok(None);
                }
                self.line_notice(
                    &line,
                    LineNotice::Problem(format!(
                        "two_step_send: the modem did not store a message before sending it ({error}). It is sent \
                         directly instead. If this comes often, make room in the memory of the SIM, or remove \
                         two_step_send from the configuration."
                    )),
                )?;
                self.apply_to_part(id, PartEvent::NotStored)?;
                self.claimed(id)
            }
        }
    }

    /// A slot was looked at before the part is sent from there. `None`: the modem did not say what it holds.
    pub(super) fn settle_check(
        &mut self,
        id: PartId,
        reading: Option<Reading>,
    ) -> Result<Checked, StoreError> {
        let Some(part) = self.part(id)? else {
            self.give_back(Job::Part(id));
            return Ok(Checked::Settled);
        };
        let PartState::Transmitting {
            attempt,
            slot: Some(_),
            ..
        } = &part.state
        else {
            self.give_back(Job::Part(id));
            return Ok(Checked::Settled);
        };
        let Conversation { line, .. } = &part.conversation;
        match reading {
            Some(Reading::Unsent) => Ok(Checked::Transmit),
            Some(Reading::Sent) => {
                // Nothing was tried, or nothing had left: the mark is not true.
                self.saw(line, Tried::Not, Reading::Sent)?;
                if *attempt > 1 {
                    let cause =
                        "the modem had said that it did not leave, but marks it as sent".to_owned();
                    self.settle_part(id, Err(SendError::Unknown { cause }), None)?;
                    return Ok(Checked::Settled);
                }
                self.otherwise(id)
            }
            Some(Reading::NotOurs) | None => self.otherwise(id),
        }
    }

    fn otherwise(&mut self, id: PartId) -> Result<Checked, StoreError> {
        warn!(part_id = %id, "the modem's memory does not hold a part as it was stored; it is sent in one step");
        self.apply_to_part(id, PartEvent::SlotUnfit)?;
        Ok(self
            .claimed(id)?
            .map_or(Checked::Settled, Checked::Otherwise))
    }

    /// The outcome as it is with what the slot read right after it, which is noted for a later look.
    pub(super) fn outcome_by_slot(
        &mut self,
        id: PartId,
        outcome: Result<Accepted, SendError>,
        reading: Option<Reading>,
    ) -> Result<Result<Accepted, SendError>, StoreError> {
        let Some(part) = self.part(id)? else {
            return Ok(outcome);
        };
        let PartState::Transmitting {
            slot: Some(slot), ..
        } = &part.state
        else {
            return Ok(outcome);
        };
        let line = &part.conversation.line;
        let tried = match &outcome {
            Ok(Accepted { reference: Some(_) }) => Tried::Accepted,
            Ok(Accepted { reference: None }) => Tried::Over,
            Err(SendError::Retry { .. } | SendError::Reject { .. }) => Tried::Refused,
            Err(SendError::Unknown { .. }) => Tried::Doubted,
        };
        self.set_tried(line, id, slot, tried)?;
        let proven = match reading {
            Some(reading) => slots::proves_sent(self.marks(line)?, tried, reading),
            None => false,
        };
        if proven {
            info!(part_id = %id, "the modem's memory shows that a part in doubt was sent");
            return Ok(Ok(Accepted { reference: None }));
        }
        Ok(outcome)
    }

    /// The program ended while a part was being sent from its slot.
    pub(super) fn note_doubt(&mut self, id: PartId) -> Result<(), StoreError> {
        let cause = String::new();
        self.outcome_by_slot(id, Err(SendError::Unknown { cause }), None)
            .map(drop)
    }

    /// What there is to look at and to clear away now.
    pub(super) fn slot_work(&mut self, line: &LineName) -> Result<SlotWork, StoreError> {
        let mut work = SlotWork::default();
        let marks = self.marks(line)?;
        let stages = self.stages(line)?;
        for (key, note) in self.notes(line)? {
            let Some(id) = keys::last_number(&key) else {
                continue;
            };
            let Some(part) = self.part(note.part)? else {
                self.transaction.remove(key);
                continue;
            };
            let in_use = match &part.state {
                PartState::Staged { slot, .. }
                | PartState::Transmitting {
                    slot: Some(slot), ..
                } => Some(slot),
                PartState::Queued { .. }
                | PartState::Held { .. }
                | PartState::Staging { .. }
                | PartState::Transmitting { slot: None, .. }
                | PartState::Sent { .. }
                | PartState::Delivered
                | PartState::Failed { .. }
                | PartState::Unknown(_)
                | PartState::Cancelled => None,
            };
            work.needed.extend(in_use.cloned());
            // Its doubt may yet be resolved, once the modem was seen to tell the truth.
            let may_tell = note.tried == Tried::Doubted
                && marks.is_none()
                && stages
                && part.state.awaits_report().is_some();
            let needed = note.slot.is_some() && (may_tell || in_use == note.slot.as_ref());
            let tpdu = sms_codec::hex::decode(&part.tpdu).unwrap_or_default();
            match (note.slot, needed) {
                (Some(slot), true) => work.needed.push(slot),
                (Some(slot), false) => work.known.push(KnownSlot {
                    note: id,
                    slot,
                    tpdu,
                }),
                (None, _) => work.lost.push((id, tpdu)),
            }
        }
        Ok(work)
    }

    /// A slot was looked at that is not needed any more: what it proves is stored before it is freed.
    pub(super) fn slot_read(
        &mut self,
        line: &LineName,
        note: u64,
        reading: Reading,
    ) -> Result<(), StoreError> {
        let key = keys::staged(line, note);
        let Some(mut note) = self.transaction.load::<StagedNote>(&key)? else {
            return Ok(());
        };
        self.saw(line, note.tried, reading)?;
        if slots::proves_sent(self.marks(line)?, note.tried, reading) {
            info!(part_id = %note.part, "the modem's memory shows that a part in doubt was sent");
            self.apply_to_part(note.part, PartEvent::FoundSent)?;
        }
        if note.tried != Tried::Over {
            note.tried = Tried::Over;
            self.transaction.save(key, &note)?;
        }
        Ok(())
    }

    /// Nothing of ours stands there any more.
    pub(super) fn slots_cleared(
        &mut self,
        line: &LineName,
        notes: &[u64],
    ) -> Result<(), StoreError> {
        for note in notes {
            self.transaction.remove(keys::staged(line, *note));
        }
        Ok(())
    }

    /// One more look at the modem's marks.
    fn saw(&mut self, line: &LineName, tried: Tried, reading: Reading) -> Result<(), StoreError> {
        let before = self.marks(line)?;
        let Some(after) = slots::observe(before, tried, reading) else {
            return Ok(());
        };
        if before == Some(after) {
            return Ok(());
        }
        self.transaction.save(self.marks_key(line), &after)?;
        match after {
            Marks::Telling => info!(%line, "the modem's memory tells what was sent"),
            Marks::Silent => {
                warn!(%line, "the modem's memory does not tell what was sent: messages go out in one step");
                self.tell_admins(&format!(
                    "SIM {line}: two_step_send is of no use with this modem, because its memory does not tell whether \
                     a message was sent. Messages go out in one step from now on, and where it is not known whether \
                     one left, I ask you as before. You can remove two_step_send from the configuration."
                ))?;
            }
        }
        Ok(())
    }

    fn set_tried(
        &mut self,
        line: &LineName,
        part: PartId,
        slot: &StorageSlot,
        tried: Tried,
    ) -> Result<(), StoreError> {
        let found = self
            .notes(line)?
            .into_iter()
            .rfind(|(_, note)| note.part == part && note.slot.as_ref() == Some(slot));
        if let Some((key, mut note)) = found {
            note.tried = tried;
            self.transaction.save(key, &note)?;
        }
        Ok(())
    }

    /// The notes of a line, oldest first.
    fn notes(&self, line: &LineName) -> Result<Vec<(Vec<u8>, StagedNote)>, StoreError> {
        let mut notes = Vec::new();
        for key in self.transaction.keys(&keys::staged_prefix(line), MOST)? {
            if let Some(note) = self.transaction.load(&key)? {
                notes.push((key, note));
            }
        }
        Ok(notes)
    }
}
