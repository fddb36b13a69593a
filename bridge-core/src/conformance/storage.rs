//! The memory of the suite's line for messages to be sent: stored messages, their marks, and what a modem gets wrong.

use std::collections::BTreeMap;

use crate::link::{Accepted, Discarded, LinkError, RawPdu, SendError, SlotContent, StorageSlot};

/// In front of what the memory gives back: a service centre, which nobody wrote there.
const SERVICE_CENTRE: &str = "06912143658719";

/// The memory.
#[derive(Debug, Default)]
pub struct Storage {
    slots: BTreeMap<u16, SlotContent>,
    habit: MarkHabit,
    /// What it refuses with, and how many more commands.
    refuses: Option<(u32, String)>,
    /// The answers to this many writes are lost.
    lost_answers: u32,
    keeps_next_mark: bool,
    garbles_next: bool,
}

/// How a modem marks what it sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarkHabit {
    /// `STO SENT` when the network accepted it.
    #[default]
    Honest,
    /// `STO UNSENT` for ever.
    Stuck,
    /// `STO SENT` as soon as it is written.
    SentAtOnce,
    /// `STO SENT` whatever became of it.
    SentWhenTried,
}

impl Storage {
    /// From now on the modem marks in this way.
    pub fn set_habit(&mut self, habit: MarkHabit) {
        self.habit = habit;
    }

    /// Refuses the next `count` commands.
    pub fn refuse(&mut self, count: u32, cause: &str) {
        self.refuses = Some((count, cause.to_owned()));
    }

    /// The next message is written, but the answer says otherwise.
    pub fn lose_answer(&mut self) {
        self.lost_answers += 1;
    }

    /// The mark of the next message that leaves does not change, just this once (the power failed).
    pub fn keep_next_mark(&mut self) {
        self.keeps_next_mark = true;
    }

    /// The next message is kept in another form than it was written in.
    pub fn garble_next(&mut self) {
        self.garbles_next = true;
    }

    /// Puts something there that is not the bridge's.
    pub fn put(&mut self, index: u16, content: SlotContent) {
        self.slots.insert(index, content);
    }

    /// Somebody takes something out.
    pub fn take(&mut self, index: u16) -> Option<SlotContent> {
        self.slots.remove(&index)
    }

    /// All that stands there.
    #[must_use]
    pub fn contents(&self) -> Vec<(u16, SlotContent)> {
        self.slots
            .iter()
            .map(|(index, content)| (*index, content.clone()))
            .collect()
    }

    pub(super) fn write(&mut self, tpdu: &[u8]) -> Result<StorageSlot, LinkError> {
        self.may_refuse()?;
        let index = (1..).find(|index| !self.slots.contains_key(index));
        let index = index.ok_or_else(|| LinkError("the memory is full".to_owned()))?;
        let mut pdu = RawPdu(format!("{SERVICE_CENTRE}{}", sms_codec::hex::encode(tpdu)));
        if std::mem::take(&mut self.garbles_next) {
            pdu.0.push_str("00");
        }
        let content = match self.habit {
            MarkHabit::Honest | MarkHabit::Stuck | MarkHabit::SentWhenTried => {
                SlotContent::Unsent(pdu)
            }
            MarkHabit::SentAtOnce => SlotContent::Sent(pdu),
        };
        self.slots.insert(index, content);
        if self.lost_answers > 0 {
            self.lost_answers -= 1;
            return Err(LinkError("the modem did not answer".to_owned()));
        }
        Ok(slot(index))
    }

    pub(super) fn tpdu(&self, slot: &StorageSlot) -> Option<Vec<u8>> {
        match self.slots.get(&slot.index)? {
            SlotContent::Unsent(pdu) | SlotContent::Sent(pdu) => {
                sms_codec::hex::decode(pdu.0.strip_prefix(SERVICE_CENTRE)?).ok()
            }
            SlotContent::Empty | SlotContent::Received(_) => None,
        }
    }

    /// What went out, or may have, is marked.
    pub(super) fn mark(&mut self, slot: &StorageSlot, outcome: &Result<Accepted, SendError>) {
        let left = matches!(outcome, Ok(_) | Err(SendError::Unknown { .. }));
        let marks = match self.habit {
            MarkHabit::Honest => left && !std::mem::take(&mut self.keeps_next_mark),
            MarkHabit::Stuck | MarkHabit::SentAtOnce => false,
            MarkHabit::SentWhenTried => true,
        };
        if marks && let Some(SlotContent::Unsent(pdu)) = self.slots.get(&slot.index) {
            let sent = SlotContent::Sent(pdu.clone());
            self.slots.insert(slot.index, sent);
        }
    }

    pub(super) fn read(&mut self, slot: &StorageSlot) -> Result<SlotContent, LinkError> {
        self.may_refuse()?;
        let content = self.slots.get(&slot.index);
        Ok(content.cloned().unwrap_or(SlotContent::Empty))
    }

    pub(super) fn free(
        &mut self,
        slot: &StorageSlot,
        expected: &RawPdu,
    ) -> Result<Discarded, LinkError> {
        self.may_refuse()?;
        let holds = match self.slots.get(&slot.index) {
            None | Some(SlotContent::Empty) => return Ok(Discarded::AlreadyFree),
            Some(
                SlotContent::Unsent(pdu) | SlotContent::Sent(pdu) | SlotContent::Received(pdu),
            ) => pdu,
        };
        if holds != expected {
            return Ok(Discarded::HoldsAnother);
        }
        self.slots.remove(&slot.index);
        Ok(Discarded::Freed)
    }

    pub(super) fn list(&mut self) -> Result<Vec<(StorageSlot, SlotContent)>, LinkError> {
        self.may_refuse()?;
        let own = self.slots.iter().filter(|(_, content)| match content {
            SlotContent::Unsent(_) | SlotContent::Sent(_) => true,
            SlotContent::Empty | SlotContent::Received(_) => false,
        });
        Ok(own
            .map(|(index, content)| (slot(*index), content.clone()))
            .collect())
    }

    fn may_refuse(&mut self) -> Result<(), LinkError> {
        let Some((count, cause)) = &mut self.refuses else {
            return Ok(());
        };
        if *count == 0 {
            return Ok(());
        }
        *count -= 1;
        Err(LinkError(cause.clone()))
    }
}

fn slot(index: u16) -> StorageSlot {
    StorageSlot {
        memory: "SM".to_owned(),
        index,
    }
}
