//! Parts that stand in the modem's memory: what was written there, what it tells afterwards, and what is cleared away.
//!
//! A note is stored before anything is written into the modem, and stays until its slot is known to be free. So every
//! leftover has a note, and what has none is not ours.

use std::time::Duration;

use tracing::{info, warn};

use crate::address::{Conversation, LineName};
use crate::handle::{LineNotice, Sending};
use crate::id::{PartId, Timestamp};
use crate::link::{Accepted, LinkError, LinkPhase, SendError, StorageSlot};
use crate::part::{PartEvent, PartState};
use crate::slots::{self, Marks, Reading, Tried};
use crate::store::record::StagedNote;
use crate::store::{StoreError, keys};
use crate::time::distance;
use crate::writer::outgoing::ClaimedPart;
use crate::writer::work::{Job, Work};

/// Notes of one line that are looked at together.
const MOST: usize = 200;
/// With this many notes parts go out in one step: the memory of a SIM has room for ten messages or so, and what people
/// send us needs it too.
const MOST_HELD: usize = 5;
/// Slots that are kept for a doubt that they may resolve once the modem is believed.
const MOST_KEPT: usize = 2;
/// A slot that was written so lately and does not hold what was written was not changed by anybody else.
const FRESH: Duration = Duration::from_secs(120);

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
    /// Whether a part is stored in the modem first, now.
    pub(super) fn stages_now(&self, line: &LineName) -> Result<bool, StoreError> {
        Ok(self.stages(line)? && self.notes(line)?.len() < MOST_HELD)
    }

    /// Whether parts are stored in the modem first while there is room.
    fn stages(&self, line: &LineName) -> Result<bool, StoreError> {
        let sending = self.core.line(line).map(|line| line.sending);
        Ok(sending == Some(Sending::TwoSteps) && self.marks(line)? != Some(Marks::Silent))
    }

    /// What is known of the marks of the modem that the line has now.
    pub(super) fn marks(&self, line: &LineName) -> Result<Option<Marks>, StoreError> {
        self.transaction.load(&self.marks_key(line))
    }

    fn marks_key(&self, line: &LineName) -> Vec<u8> {
        keys::slot_marks(line, &self.modem(line))
    }

    /// The modem that the line has now; empty where it does not say.
    fn modem(&self, line: &LineName) -> String {
        let status = self.core.status.get(line);
        status
            .and_then(|status| status.borrow().modem.clone())
            .unwrap_or_default()
    }

    /// The part is about to be written into the modem.
    pub(super) fn note_staging(&mut self, line: &LineName, part: PartId) -> Result<(), StoreError> {
        let key = keys::staged(line, self.next_id());
        let note = StagedNote {
            part,
            slot: None,
            tried: Tried::Not,
            modem: Some(self.modem(line)),
        };
        self.expire(&key)?;
        self.transaction.save(key, &note)
    }

    /// The part is about to be sent from its slot: by this modem, which may be another than the one that wrote it.
    pub(super) fn note_transmitting(
        &mut self,
        line: &LineName,
        part: PartId,
        slot: &StorageSlot,
    ) -> Result<(), StoreError> {
        if let Some((key, mut note)) = self.note_of(line, part, slot)? {
            note.modem = Some(self.modem(line));
            self.transaction.save(key, &note)?;
        }
        Ok(())
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
        match outcome {
            Ok(slot) => {
                let mut notes = self.notes(&line)?;
                // What stood there before is gone, whoever cleared it away: this says nothing of its part.
                for (key, _) in notes
                    .extract_if(.., |(_, note)| note.slot.as_ref() == Some(&slot))
                    .filter(|(_, note)| note.part != id || note.tried != Tried::Not)
                {
                    self.transaction.remove(key);
                }
                let last = notes
                    .into_iter()
                    .rfind(|(_, note)| note.part == id && note.slot.is_none());
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
                match part.state {
                    PartState::Staging { .. } => {}
                    // The answer to the same request was lost with the store, which has it.
                    PartState::Transmitting { slot: None, .. } => return self.claimed(id),
                    PartState::Transmitting { slot: Some(_), .. }
                    | PartState::Queued { .. }
                    | PartState::Held { .. }
                    | PartState::Staged { .. }
                    | PartState::Sent { .. }
                    | PartState::Delivered
                    | PartState::Failed { .. }
                    | PartState::Unknown(_)
                    | PartState::Cancelled
                    | PartState::Expired => {
                        self.give_back(Job::Part(id));
                        return Ok(None);
                    }
                }
                // A line that went down meanwhile is no problem of its memory.
                if self.is_ready(&line) {
                    self.line_notice(
                        &line,
                        LineNotice::Problem(format!(
                            "two_step_send: the modem did not store a message before sending it ({error}). It is sent \
                             directly instead. If this comes often, make room in the memory of the SIM, or remove \
                             two_step_send from the configuration."
                        )),
                    )?;
                }
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
        let (attempt, slot) = match &part.state {
            PartState::Transmitting {
                attempt,
                slot: Some(slot),
                ..
            } => (*attempt, slot),
            // The answer to the same request was lost with the store, which has it.
            PartState::Transmitting { slot: None, .. } => {
                return Ok(self
                    .claimed(id)?
                    .map_or(Checked::Settled, Checked::Otherwise));
            }
            PartState::Queued { .. }
            | PartState::Held { .. }
            | PartState::Staging { .. }
            | PartState::Staged { .. }
            | PartState::Sent { .. }
            | PartState::Delivered
            | PartState::Failed { .. }
            | PartState::Unknown(_)
            | PartState::Cancelled
            | PartState::Expired => {
                self.give_back(Job::Part(id));
                return Ok(Checked::Settled);
            }
        };
        let Conversation { line, .. } = &part.conversation;
        match reading {
            Some(Reading::Unsent) => Ok(Checked::Transmit),
            Some(Reading::Sent) => {
                // Nothing was tried, or nothing had left: the mark is not true.
                self.saw(line, Tried::Not, Reading::Sent)?;
                if attempt > 1 {
                    let cause =
                        "the modem had said that it did not leave, but marks it as sent".to_owned();
                    self.settle_part(id, Err(SendError::Unknown { cause }), None)?;
                    return Ok(Checked::Settled);
                }
                self.otherwise(id)
            }
            Some(Reading::NotOurs) => {
                let note = self.note_of(line, id, slot)?;
                let written = note.and_then(|(key, _)| keys::last_number(&key));
                let written = written.and_then(|id| i64::try_from(id / 1000).ok());
                let fresh = written.is_some_and(|at| distance(Timestamp(at), self.now) < FRESH);
                if attempt == 1 && fresh {
                    self.is_silent(
                        line,
                        "because its memory does not give back what was stored there",
                    )?;
                }
                self.otherwise(id)
            }
            None => self.otherwise(id),
        }
    }

    fn is_ready(&self, line: &LineName) -> bool {
        let status = self.core.status.get(line);
        status.is_some_and(|status| status.borrow().phase == LinkPhase::Ready)
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
        let Some((key, mut note)) = self.note_of(line, id, slot)? else {
            return Ok(outcome);
        };
        note.tried = tried;
        self.transaction.save(key, &note)?;
        let proven = match reading {
            Some(reading) if self.is_by_this_modem(line, &note) => {
                slots::proves_sent(self.marks(line)?, tried, reading)
            }
            Some(_) | None => false,
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
        let mut kept = 0;
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
                | PartState::Cancelled
                | PartState::Expired => None,
            };
            work.needed.extend(in_use.cloned());
            // Its doubt may yet be resolved, once the modem was seen to tell the truth.
            let may_tell = note.tried == Tried::Doubted
                && marks.is_none()
                && stages
                && kept < MOST_KEPT
                && part.state.awaits_report().is_some();
            kept += usize::from(may_tell);
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
        // On a SIM that was put into another modem the marks are not that modem's.
        if self.is_by_this_modem(line, &note) {
            self.saw(line, note.tried, reading)?;
            if slots::proves_sent(self.marks(line)?, note.tried, reading) {
                info!(part_id = %note.part, "the modem's memory shows that a part in doubt was sent");
                self.apply_to_part(note.part, PartEvent::FoundSent)?;
            }
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
        match after {
            Marks::Telling => {
                info!(%line, "the modem's memory tells what was sent");
                self.transaction.save(self.marks_key(line), &after)
            }
            Marks::Silent => self.is_silent(
                line,
                "because its memory does not tell whether a message was sent",
            ),
        }
    }

    /// The modem's marks are not believed from now on.
    fn is_silent(&mut self, line: &LineName, why: &str) -> Result<(), StoreError> {
        warn!(%line, why, "two-step sending is of no use with this modem: messages go out in one step");
        self.transaction
            .save(self.marks_key(line), &Marks::Silent)?;
        self.tell_admins(&format!(
            "SIM {line}: two_step_send is of no use with this modem, {why}. Messages go out in one step from now on, and \
             where it is not known whether one left, I ask you as before. You can remove two_step_send from the \
             configuration."
        ))
    }

    /// Whether the mark of this note's slot was set by the modem that the line has now.
    fn is_by_this_modem(&self, line: &LineName, note: &StagedNote) -> bool {
        note.modem.as_ref() == Some(&self.modem(line))
    }

    fn note_of(
        &self,
        line: &LineName,
        part: PartId,
        slot: &StorageSlot,
    ) -> Result<Option<(Vec<u8>, StagedNote)>, StoreError> {
        let mut notes = self.notes(line)?.into_iter();
        Ok(notes.rfind(|(_, note)| note.part == part && note.slot.as_ref() == Some(slot)))
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
