//! What came in from a modem and is not done with: in which order it is stored, and when its slots may be freed.
//!
//! Pure: no modem, no store, no clock. `sms_link` hands over what is received, stores a [`Batch`] in one commit, and
//! frees what [`Intake::stored`] gives. While one batch is being stored and slots are being freed the next messages
//! collect here, so that a burst shares its commits.
//!
//! | a message | left by | to |
//! |---|---|---|
//! | waits | [`Intake::next_batch`], in the order of arrival | is being stored |
//! | is being stored | [`Intake::stored`] | waits to be freed; done with if it has no slot |
//! | waits to be freed | [`Intake::next_to_free`], one at a time | is being freed |
//! | is being freed | [`Intake::freed`] | is gone; done with if it stays |
//! | is gone | [`Intake::next_batch`] | is being noted as gone |
//! | is being noted as gone | [`Intake::stored`] | done with |
//! | is being stored, and the core keeps it back | [`Intake::stored`] | is kept back in its slot |
//! | is kept back | [`Intake::let_go`] | waits |
//!
//! **Invariants:** a slot is freed only after the batch with its message was stored. A message waits, and everything behind
//! it, while an earlier one of the same slot, or the same one of another slot, is not done with: the core tells repetitions
//! of messages without a valid time by their slot alone, and is to know that it was freed. What is kept back holds up
//! nothing: its slot stays full until the core lets it go.

use std::collections::VecDeque;

use modem::{Origin, RawPdu, StorageSlot};

/// Messages in one commit.
const BATCH: usize = 32;
/// Messages that are not done with, at most; beyond it nothing is taken from the modem, which keeps its own.
const ROOM: usize = 64;
/// Messages that are kept back, at most: more than any modem has. One beyond it is handed over again by the modem later.
const KEPT_BACK: usize = 4096;

/// A message in its slot.
type Held = (StorageSlot, RawPdu);

/// What goes into one commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    /// Messages that are gone from their slots.
    pub(crate) gone: Vec<RawPdu>,
    /// In the order of arrival.
    pub(crate) arrived: Vec<(Origin, RawPdu)>,
}

/// What became of a slot that was to be freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freed {
    /// The message is no longer in it.
    Gone,
    /// It is; the modem hands it over again one day.
    Stays,
}

/// What came in and is not done with.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    waiting: VecDeque<(Origin, RawPdu)>,
    storing: Vec<Held>,
    to_free: VecDeque<Held>,
    freeing: Option<Held>,
    gone: Vec<Held>,
    kept_back: Vec<Held>,
    noting: Vec<Held>,
    /// Whether a batch with messages is being stored; `storing` has only those of slots.
    is_storing: bool,
}

impl Intake {
    /// Whether another message may be taken from the modem.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() + self.in_slots().count() < ROOM
    }

    /// Whether everything is done with.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.in_slots().next().is_none()
    }

    /// Whether everything that came is stored, though perhaps not freed.
    pub(crate) fn is_stored(&self) -> bool {
        self.waiting.is_empty() && !self.is_storing
    }

    /// The modem handed over a message.
    pub(crate) fn received(&mut self, origin: Origin, pdu: RawPdu) {
        self.waiting.push_back((origin, pdu));
    }

    /// What to store next, while nothing is being stored. `None`: nothing yet.
    pub(crate) fn next_batch(&mut self) -> Option<Batch> {
        let mut arrived = Vec::new();
        while arrived.len() < BATCH
            && let Some((origin, pdu)) = self.next_waiting()
        {
            if let Origin::Stored(slot) = &origin {
                self.storing.push((slot.clone(), pdu.clone()));
            }
            arrived.push((origin, pdu));
        }
        self.noting.append(&mut self.gone);
        let gone = self.noting.iter().map(|(_, pdu)| pdu.clone()).collect();
        self.is_storing = !arrived.is_empty();
        let batch = Batch { gone, arrived };
        (batch != Batch::default()).then_some(batch)
    }

    /// The batch is durable. The core wants `kept_back` of it to stay in their slots.
    pub(crate) fn stored(&mut self, kept_back: &[RawPdu]) {
        self.is_storing = false;
        self.noting.clear();
        for held in self.storing.drain(..) {
            if !kept_back.contains(&held.1) {
                self.to_free.push_back(held);
            } else if self.kept_back.len() < KEPT_BACK && !self.kept_back.contains(&held) {
                self.kept_back.push(held);
            }
        }
    }

    /// Whether something is kept back.
    pub(crate) fn keeps_back(&self) -> bool {
        !self.kept_back.is_empty()
    }

    /// What was kept back may be freed: the core is to say so of each.
    pub(crate) fn let_go(&mut self) {
        let held = self.kept_back.drain(..);
        self.waiting
            .extend(held.map(|(slot, pdu)| (Origin::Stored(slot), pdu)));
    }

    /// The batch will not be stored: its slots stay as they are, and the modem hands them over again one day.
    pub(crate) fn given_up(&mut self) {
        self.is_storing = false;
        self.noting.clear();
        self.storing.clear();
    }

    /// The next slot to free, while none is being freed. `None`: none yet.
    pub(crate) fn next_to_free(&mut self) -> Option<(StorageSlot, RawPdu)> {
        self.freeing = self.to_free.pop_front();
        self.freeing.clone()
    }

    /// What became of the slot that was to be freed.
    pub(crate) fn freed(&mut self, outcome: Freed) {
        let held = self.freeing.take();
        match outcome {
            Freed::Gone => self.gone.extend(held),
            Freed::Stays => {}
        }
    }

    fn next_waiting(&mut self) -> Option<(Origin, RawPdu)> {
        let (origin, pdu) = self.waiting.front()?;
        let of_same_slot = |slot: &StorageSlot| match origin {
            Origin::Stored(own) => own == slot,
            Origin::Direct => false,
        };
        let held_back = self
            .in_slots()
            .any(|(slot, other)| of_same_slot(slot) || other.same_message(pdu));
        if held_back {
            return None;
        }
        self.waiting.pop_front()
    }

    /// Messages of a slot that are not done with.
    fn in_slots(&self) -> impl Iterator<Item = &Held> {
        self.storing
            .iter()
            .chain(&self.to_free)
            .chain(&self.freeing)
            .chain(&self.gone)
            .chain(&self.noting)
    }
}

#[cfg(test)]
mod tests {
    use modem::Memory;

    use super::*;

    fn slot(index: u16) -> StorageSlot {
        StorageSlot {
            memory: Memory::Sim,
            index,
        }
    }

    /// A message that says `text`, in that slot.
    fn comes(intake: &mut Intake, index: u16, text: &str) {
        intake.received(Origin::Stored(slot(index)), pdu(text));
    }

    /// Made by hand: no decoder sees it.
    fn pdu(text: &str) -> RawPdu {
        RawPdu::new(text)
    }

    /// Slots and texts of what the next batch stores, and what it notes as gone.
    fn batch(intake: &mut Intake) -> (Vec<String>, Vec<String>) {
        let batch = intake.next_batch().unwrap_or_default();
        let arrived = batch.arrived.iter().map(|(_, pdu)| pdu.as_str().to_owned());
        let gone = batch.gone.iter().map(|pdu| pdu.as_str().to_owned());
        (arrived.collect(), gone.collect())
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn nothing_is_freed_before_it_is_stored() {
        let mut intake = Intake::default();
        comes(&mut intake, 1, "A1");
        comes(&mut intake, 2, "A2");
        assert_eq!(intake.next_to_free(), None, "nothing was stored");
        assert_eq!(batch(&mut intake), (texts(&["A1", "A2"]), texts(&[])));
        comes(&mut intake, 3, "A3");
        assert_eq!(intake.next_to_free(), None, "the commit is under way");
        intake.stored(&[]);
        assert_eq!(intake.next_to_free(), Some((slot(1), pdu("A1"))));
        assert_eq!(batch(&mut intake), (texts(&["A3"]), texts(&[])));
        intake.freed(Freed::Gone);
        assert_eq!(intake.next_to_free(), Some((slot(2), pdu("A2"))));
        intake.freed(Freed::Stays);
        assert_eq!(intake.next_to_free(), None, "3 is being stored");
        intake.stored(&[]);
        assert_eq!(intake.next_to_free(), Some((slot(3), pdu("A3"))));
        intake.freed(Freed::Gone);
        assert_eq!(batch(&mut intake), (texts(&[]), texts(&["A1", "A3"])));
        assert!(!intake.is_empty(), "they are not noted yet");
        intake.stored(&[]);
        assert!(intake.is_empty());
    }

    #[test]
    fn what_the_core_keeps_back_stays_in_its_slot_and_holds_up_nothing() {
        let mut intake = Intake::default();
        comes(&mut intake, 1, "A1");
        comes(&mut intake, 2, "A2");
        assert_eq!(batch(&mut intake).0, ["A1", "A2"]);
        intake.stored(&[pdu("A1")]);
        assert_eq!(intake.next_to_free(), Some((slot(2), pdu("A2"))));
        intake.freed(Freed::Gone);
        assert_eq!(batch(&mut intake).1, ["A2"]);
        intake.stored(&[]);
        assert!(intake.is_empty() && intake.keeps_back());
        // The modem hands it over again, as it was not deleted.
        comes(&mut intake, 1, "A1");
        assert_eq!(batch(&mut intake).0, ["A1"]);
        intake.stored(&[pdu("A1")]);
        assert_eq!(intake.next_to_free(), None);
        intake.let_go();
        assert!(!intake.keeps_back());
        assert_eq!(batch(&mut intake), (texts(&["A1"]), texts(&[])));
        intake.stored(&[]);
        assert_eq!(intake.next_to_free(), Some((slot(1), pdu("A1"))));
    }

    #[test]
    fn a_batch_that_is_given_up_frees_nothing() {
        let mut intake = Intake::default();
        comes(&mut intake, 1, "A1");
        assert!(intake.next_batch().is_some());
        intake.given_up();
        assert_eq!(intake.next_to_free(), None);
        assert!(intake.is_empty());
    }

    /// The slot is full again before the core was told that it was free, and what is in it looks like what was in it: no
    /// repetition, and the core could not tell.
    #[test]
    fn the_next_message_of_a_slot_waits_until_the_core_knows_that_it_was_free() {
        let mut intake = Intake::default();
        comes(&mut intake, 1, "A1");
        comes(&mut intake, 1, "A1");
        comes(&mut intake, 2, "A2");
        let mut steps = vec![batch(&mut intake)];
        intake.stored(&[]);
        steps.push(batch(&mut intake));
        assert!(intake.next_to_free().is_some());
        steps.push(batch(&mut intake));
        intake.freed(Freed::Gone);
        steps.push(batch(&mut intake));
        steps.push((Vec::new(), Vec::new()));
        intake.stored(&[]);
        steps.push(batch(&mut intake));
        let stored = |arrived: &[&str], gone: &[&str]| (texts(arrived), texts(gone));
        assert_eq!(
            steps,
            [
                stored(&["A1"], &[]),
                stored(&[], &[]),
                stored(&[], &[]),
                stored(&[], &["A1"]),
                stored(&[], &[]),
                stored(&["A1", "A2"], &[]),
            ]
        );
    }

    #[test]
    fn what_came_without_a_slot_is_stored_only_once_its_batch_is() {
        let mut intake = Intake::default();
        assert!(intake.is_stored());
        intake.received(Origin::Direct, pdu("A1"));
        assert!(!intake.is_stored(), "it waits");
        assert_eq!(batch(&mut intake).0, ["A1"]);
        assert!(!intake.is_stored(), "the commit is under way");
        intake.stored(&[]);
        assert!(intake.is_stored());
        comes(&mut intake, 1, "A2");
        assert_eq!(batch(&mut intake).0, ["A2"]);
        intake.stored(&[]);
        assert!(intake.is_stored() && !intake.is_empty(), "its slot waits");
    }

    #[test]
    fn the_same_message_in_two_slots_is_taken_over_one_after_the_other() {
        let mut intake = Intake::default();
        comes(&mut intake, 1, "A1");
        comes(&mut intake, 2, "a1");
        intake.received(Origin::Direct, pdu("A2"));
        assert_eq!(batch(&mut intake).0, ["A1"]);
        intake.stored(&[]);
        assert_eq!(batch(&mut intake).0, texts(&[]));
        assert!(intake.next_to_free().is_some());
        intake.freed(Freed::Stays);
        assert_eq!(batch(&mut intake).0, ["a1", "A2"]);
    }

    #[test]
    fn what_is_not_done_with_has_a_bound_whatever_its_state() {
        let mut intake = Intake::default();
        let fill = |intake: &mut Intake, first: u16| {
            let mut taken = 0;
            while intake.has_room() {
                taken += 1;
                comes(intake, first + taken, &format!("{:04X}", first + taken));
            }
            taken
        };
        assert_eq!(fill(&mut intake, 0), 64);
        assert_eq!(batch(&mut intake).0.len(), 32);
        assert_eq!(fill(&mut intake, 100), 0, "being stored");
        intake.stored(&[]);
        assert_eq!(fill(&mut intake, 100), 0, "waiting to be freed");
        for _ in 0..32 {
            assert!(intake.next_to_free().is_some());
            assert_eq!(fill(&mut intake, 100), 0, "being freed");
            intake.freed(Freed::Gone);
        }
        assert_eq!(fill(&mut intake, 100), 0, "not noted yet");
        assert_eq!(batch(&mut intake).1.len(), 32);
        intake.stored(&[]);
        assert_eq!(fill(&mut intake, 100), 32);
    }
}
