//! What comes in: unsolicited lines, slots that are listed and read, PDUs without a slot.
//!
//! **Invariant:** a message in a slot is passed on once for each filling of the slot and session, and again only if
//! nobody deleted it for ten minutes. Whoever takes it finds repeats by the PDU.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem;
use std::time::Duration;

use super::command::{AnswerLines, Command};
use super::job::{Job, Purpose, Reply};
use super::memories::MEMORIES;
use super::text;
use super::{Answer, Engine};
use crate::cause::ModemError;
use crate::error::CommandError;
use crate::event::{Accepted, Event, MessageReference, Origin};
use crate::pdu::RawPdu;
use crate::storage::{Memory, SlotContent, SlotStatus, StorageSlot};

/// Slots that may wait to be read; beyond it the memory is listed instead.
const WAITING: usize = 512;
/// Messages that are remembered: far more than any modem has.
const PASSED_ON: usize = 4096;
/// A message that was passed on and not deleted is passed on again after this time: its taker may have failed.
const PASS_ON_AGAIN: Duration = Duration::from_secs(600);
/// Attempts to read a slot beyond the first.
const READ_AGAIN: u8 = 2;
/// The same for listing a memory that is busy, as a SIM is for about 10 s after it started.
pub(super) const LIST_AGAIN: u8 = 12;
pub(super) const BUSY_PAUSE: Duration = Duration::from_secs(1);
/// How long a slot is read again before it is freed, after a result that belonged to nothing.
const WARY: Duration = Duration::from_secs(60);
/// Slots read one by one where neither the listing nor the capacity is known.
const USUAL_CAPACITY: u16 = 30;

/// A PDU that the next line will bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DirectPdu;

/// What is known of the slots.
#[derive(Debug, Default)]
pub(super) struct Slots {
    to_read: VecDeque<StorageSlot>,
    to_list: BTreeSet<Memory>,
    passed_on: BTreeMap<StorageSlot, PassedOn>,
    /// Until then answers are not trusted enough to delete by them alone.
    wary_until: Duration,
    /// Memories whose listing never answered, or was refused: read slot by slot.
    unlistable: BTreeSet<Memory>,
    /// The line came up and [`Event::LookedThrough`] was not told since.
    first_look: FirstLook,
    /// What was announced meanwhile: it is new, and is read behind [`Event::LookedThrough`].
    announced: BTreeSet<StorageSlot>,
}

/// Whether the look at everything is over that a line takes when it comes up.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum FirstLook {
    UnderWay,
    #[default]
    Over,
}

#[derive(Debug)]
struct PassedOn {
    pdu: RawPdu,
    at: Duration,
    /// Whether answers came in order when it was read.
    certain: bool,
}

impl Slots {
    pub(super) fn forget(&mut self) {
        *self = Self {
            unlistable: mem::take(&mut self.unlistable),
            wary_until: self.wary_until,
            ..Self::default()
        };
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.to_read.len()
            + self.to_list.len()
            + self.passed_on.len()
            + self.unlistable.len()
            + self.announced.len()
    }

    pub(super) fn wants_reading(&self) -> bool {
        !self.to_read.is_empty() || !self.to_list.is_empty()
    }

    pub(super) fn list(&mut self, memory: Memory) {
        if self.to_list.len() < MEMORIES {
            self.to_list.insert(memory);
        }
    }

    /// The line came up, and everything is to be listed.
    pub(super) fn begin_first_look(&mut self) {
        self.first_look = FirstLook::UnderWay;
    }

    fn announced(&mut self, slot: StorageSlot) {
        if self.first_look == FirstLook::UnderWay && self.announced.len() < WAITING {
            self.announced.insert(slot);
        } else {
            self.read(slot);
        }
    }

    /// What was announced during the first look is not part of it.
    fn waits_its_turn(&self, slot: &StorageSlot) -> bool {
        self.first_look == FirstLook::UnderWay && self.announced.contains(slot)
    }

    fn read(&mut self, slot: StorageSlot) {
        if self.to_read.contains(&slot) {
            return;
        }
        if self.to_read.len() < WAITING {
            self.to_read.push_back(slot);
        } else {
            self.list(slot.memory);
        }
    }

    pub(super) fn is_certain(&self, slot: &StorageSlot, expected: &RawPdu) -> bool {
        let same = self
            .passed_on
            .get(slot)
            .is_some_and(|passed| passed.certain && passed.pdu.same_message(expected));
        same && !self.to_read.contains(slot)
    }

    /// A result came late or belonged to nothing.
    pub(super) fn be_wary(&mut self, now: Duration) {
        self.wary_until = now + WARY;
    }

    /// The slot is empty: what it held is no longer there.
    pub(super) fn emptied(&mut self, slot: &StorageSlot) {
        self.passed_on.remove(slot);
    }

    /// Whether the memory has to be read slot by slot.
    pub(super) fn is_unlistable(&self, memory: &Memory) -> bool {
        self.unlistable.contains(memory)
    }

    pub(super) fn note_unlistable(&mut self, memory: Memory) {
        if self.unlistable.len() < MEMORIES {
            self.unlistable.insert(memory);
        }
    }

    fn left_over(&self, now: Duration, memory: &Memory) -> Vec<StorageSlot> {
        let due = |passed: &PassedOn| now >= passed.at + PASS_ON_AGAIN;
        let held = self
            .passed_on
            .iter()
            .filter(|(slot, passed)| slot.memory == *memory && due(passed));
        held.map(|(slot, _)| slot.clone()).collect()
    }

    fn held_in(&self, memory: &Memory) -> usize {
        self.passed_on
            .keys()
            .filter(|slot| slot.memory == *memory)
            .count()
    }
}

impl Engine {
    /// A line that is no answer.
    pub(super) fn handle_unsolicited(&mut self, now: Duration, line: &str) {
        if self.handle_full(line) || self.handle_call(now, line) {
            return;
        }
        let Some(code) = text::code(line) else { return };
        let arguments = text::arguments(line);
        match code {
            "+CMTI" | "+CDSI" => self.handle_announcement(code, &arguments),
            "+CDS" | "+CMT" => self.direct = Some(DirectPdu),
            "+CMGS" | "+CMSS" => {
                let reference = text::number::<u8>(&arguments, 0).map(MessageReference);
                self.late_outcome(Ok(Accepted { reference }));
                self.skip_ok();
            }
            "+CREG" | "+CGREG" | "+CEREG" => {
                self.handle_registration(line);
                self.look_again_if_idle(now);
            }
            "+CTZV" | "+CTZE" | "+CTZEU" | "*PSUTTZ" | "^NWTIME" => {
                self.handle_network_time(now, line);
            }
            "+CUSD" => self.handle_ussd(now, line),
            _ => {}
        }
    }

    /// `+CMTI: "SM",3` and `+CDSI`, with extra, absent and impossible parameters.
    fn handle_announcement(&mut self, code: &str, arguments: &[String]) {
        let named = arguments.first().and_then(|name| Memory::parse(name));
        let usual = if code == "+CDSI" {
            Some(Memory::StatusReports)
        } else {
            self.memories.receiving.clone()
        };
        let memory = named.or(usual).unwrap_or(Memory::Sim);
        let index = text::number::<u16>(arguments, 1);
        match index.map(|index| self.slot_of(memory.clone(), index)) {
            Some(Some(slot)) => self.slots.announced(slot),
            Some(None) => {
                for place in self.places_of_new_messages() {
                    self.slots.list(place);
                }
            }
            None => self.slots.list(memory),
        }
    }

    /// The next slot to read or memory to list; one that cannot be listed is read slot by slot.
    pub(super) fn next_reading(&mut self) -> Option<Job> {
        let job = self.reading_due();
        if job.is_some() || self.slots.first_look == FirstLook::Over {
            return job;
        }
        self.slots.first_look = FirstLook::Over;
        self.event(Event::LookedThrough);
        for slot in mem::take(&mut self.slots.announced) {
            self.slots.read(slot);
        }
        self.reading_due()
    }

    fn reading_due(&mut self) -> Option<Job> {
        loop {
            if let Some(slot) = self.slots.to_read.pop_front() {
                return Some(Job::Read {
                    slot,
                    purpose: Purpose::Announce,
                    left: READ_AGAIN,
                });
            }
            let memory = self.slots.to_list.pop_first()?;
            if !self.slots.unlistable.contains(&memory) {
                let left = LIST_AGAIN;
                return Some(Job::List { memory, left });
            }
            self.read_one_by_one(&memory);
        }
    }

    /// The line after `+CDS` or `+CMT`, if it was awaited. Gives whether the line was taken.
    pub(super) fn take_direct(&mut self, line: &str) -> bool {
        if self.direct.is_none() || !text::is_pdu(line) {
            return false;
        }
        self.direct = None;
        let pdu = RawPdu::new(line);
        let kind = pdu.kind();
        self.event(Event::Received {
            origin: Origin::Direct,
            pdu,
            kind,
        });
        true
    }

    pub(super) fn read_command(slot: &StorageSlot) -> Command {
        Command::new(
            format!("AT+CMGR={}", slot.index),
            AnswerLines::CodedThenPdu("+CMGR"),
        )
    }

    pub(super) fn finish_list(&mut self, now: Duration, memory: Memory, left: u8, reply: Reply) {
        let busy = is_busy(&reply);
        let lines = match reply {
            Reply::Ok(lines) => lines,
            Reply::Error(_) if busy => {
                if let Some(left) = left.checked_sub(1) {
                    self.quiet_until = self.quiet_until.max(now + BUSY_PAUSE);
                    self.next.push_front(Job::List { memory, left });
                }
                return;
            }
            Reply::Error(_) | Reply::NoAnswer => {
                self.read_one_by_one(&memory);
                self.slots.note_unlistable(memory);
                return;
            }
        };
        let mut held = BTreeSet::new();
        for (slot, status, pdu) in listed(&memory, lines) {
            held.insert(slot.clone());
            self.pass_on(now, slot, status, pdu);
        }
        self.slots
            .passed_on
            .retain(|slot, _| slot.memory != memory || held.contains(slot));
    }

    /// Lists a memory, or reads it slot by slot where the listing never answers and something new may be in it.
    pub(super) fn look_into(&mut self, now: Duration, memory: Memory) {
        if !self.slots.unlistable.contains(&memory) {
            return self.slots.list(memory);
        }
        // What was passed on and not deleted is due again.
        for slot in self.slots.left_over(now, &memory) {
            self.slots.read(slot);
        }
        let used = self
            .status
            .storage
            .iter()
            .find(|known| known.memory == memory)
            .map(|known| usize::from(known.used));
        if used.is_none_or(|used| used > self.slots.held_in(&memory)) {
            self.read_one_by_one(&memory);
        }
    }

    /// The highest index that a slot may have: some count from 0, others from 1.
    pub(super) fn last_index(&self, memory: &Memory) -> u16 {
        let total = self
            .status
            .storage
            .iter()
            .find(|known| known.memory == *memory)
            .map(|known| known.total);
        total.filter(|&total| total > 0).unwrap_or(USUAL_CAPACITY)
    }

    fn read_one_by_one(&mut self, memory: &Memory) {
        let last = self.last_index(memory);
        let room = WAITING.saturating_sub(self.slots.to_read.len());
        for index in (0..=last).take(room) {
            let slot = StorageSlot {
                memory: memory.clone(),
                index,
            };
            if !self.slots.to_read.contains(&slot) {
                self.slots.to_read.push_back(slot);
            }
        }
    }

    pub(super) fn finish_read(
        &mut self,
        now: Duration,
        slot: StorageSlot,
        purpose: Purpose,
        left: u8,
        reply: Reply,
    ) {
        match purpose {
            Purpose::Inspect(id) => {
                let result = content_of(reply);
                self.answer(id, Answer::Inspected(result));
            }
            Purpose::Announce => match content_of(reply) {
                Ok(SlotContent {
                    status,
                    pdu: Some(pdu),
                }) => self.pass_on(now, slot, status, pdu),
                Ok(SlotContent { pdu: None, .. }) => {
                    self.slots.emptied(&slot);
                }
                Err(
                    CommandError::NoAnswer
                    | CommandError::Refused(ModemError::Cms(314 | 500) | ModemError::Cme(14 | 515)),
                ) if left > 0 => {
                    self.quiet_until = self.quiet_until.max(now + BUSY_PAUSE);
                    self.next.push_front(Job::Read {
                        slot,
                        purpose,
                        left: left - 1,
                    });
                }
                Err(CommandError::Refused(ModemError::Cms(321) | ModemError::Cme(21 | 22))) => {
                    self.slots.emptied(&slot);
                }
                // An empty slot on some modems; if it is not, the next listing finds it.
                Err(_) => {}
            },
        }
    }

    /// Passes a message on, once for each filling of its slot.
    pub(super) fn pass_on(
        &mut self,
        now: Duration,
        slot: StorageSlot,
        status: SlotStatus,
        pdu: RawPdu,
    ) {
        if !status.is_received() || self.slots.waits_its_turn(&slot) {
            return;
        }
        if let Some(known) = self.slots.passed_on.get(&slot)
            && known.pdu == pdu
            && now < known.at + PASS_ON_AGAIN
        {
            return;
        }
        if self.slots.passed_on.len() >= PASSED_ON {
            self.slots.passed_on.pop_first(); // It is passed on again when it is seen next.
        }
        self.slots.passed_on.insert(
            slot.clone(),
            PassedOn {
                pdu: pdu.clone(),
                at: now,
                certain: now >= self.slots.wary_until,
            },
        );
        let kind = pdu.kind();
        self.event(Event::Received {
            origin: Origin::Stored(slot),
            pdu,
            kind,
        });
    }
}

/// Reads the lines of a listing.
pub(super) fn listed(
    memory: &Memory,
    lines: Vec<String>,
) -> impl Iterator<Item = (StorageSlot, SlotStatus, RawPdu)> {
    let mut lines = lines.into_iter().peekable();
    std::iter::from_fn(move || {
        while let Some(header) = lines.next() {
            if text::code(&header) != Some("+CMGL") {
                continue;
            }
            let arguments = text::arguments(&header);
            let pdu = lines.next_if(|line| text::code(line).is_none());
            if let (Some(index), Some(pdu)) = (text::number(&arguments, 0), pdu) {
                let memory = memory.clone();
                let status = SlotStatus::parse(arguments.get(1).map_or("", String::as_str));
                return Some((StorageSlot { memory, index }, status, RawPdu::new(pdu)));
            }
        }
        None
    })
}

/// Whether SIM or modem have no time just now.
pub(super) fn is_busy(reply: &Reply) -> bool {
    let Reply::Error(error) = reply else {
        return false;
    };
    matches!(error, ModemError::Cms(314) | ModemError::Cme(14 | 515))
}

/// Reads the reply to `+CMGR`. A bare `OK` is an empty slot; so is a header without a message.
pub(super) fn content_of(reply: Reply) -> Result<SlotContent, CommandError> {
    let lines = match reply {
        Reply::Ok(lines) => lines,
        Reply::Error(error) => return Err(CommandError::Refused(error)),
        Reply::NoAnswer => return Err(CommandError::NoAnswer),
    };
    let mut lines = lines.into_iter();
    let Some(header) = lines.next() else {
        return Ok(SlotContent {
            status: SlotStatus::RecUnread,
            pdu: None,
        });
    };
    let arguments = text::arguments(&header);
    let status = SlotStatus::parse(arguments.first().map_or("", String::as_str));
    Ok(SlotContent {
        status,
        pdu: lines.next().map(RawPdu::new),
    })
}
