//! What comes in: unsolicited lines, slots that are listed, read and freed, PDUs without a slot.
//!
//! **Invariant:** a slot is freed without being read first only if this session read it, passed on exactly what is to be
//! deleted, and nothing was announced for it since.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::command::{AnswerLines, CARD, Command};
use super::job::{Deletion, DeletionStage, Job, Purpose, Reply};
use super::text;
use super::{Answer, Engine, RequestId};
use crate::cause::ModemError;
use crate::error::CommandError;
use crate::event::{Accepted, Event, MessageReference, Origin};
use crate::pdu::RawPdu;
use crate::status::Registration;
use crate::storage::{Deleted, Memory, SlotContent, SlotStatus, StorageSlot, StorageUse};

/// Slots that may wait to be read; beyond it the memory is listed instead.
const WAITING: usize = 512;
/// A message that was passed on and not deleted is passed on again after this time: its taker may have failed.
const PASS_ON_AGAIN: Duration = Duration::from_secs(600);
/// Attempts to read a slot, to free it, beyond the first.
const READ_AGAIN: u8 = 2;
const FREE_AGAIN: u8 = 1;
/// Slots read one by one where neither the listing nor the capacity is known.
const USUAL_CAPACITY: u16 = 30;

/// A PDU that the next line will bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DirectPdu;

/// How `+CPMS` is spoken here.
#[derive(Debug, Default)]
pub(super) struct Memories {
    /// What can be read and deleted in; empty if the modem does not tell.
    pub(super) readable: Vec<Memory>,
    /// The one that is read and deleted in now; `None` if it is not known or cannot be chosen.
    pub(super) reading: Option<Memory>,
    /// The one that messages are written to.
    pub(super) writing: Option<Memory>,
    /// The one that new messages go to.
    pub(super) receiving: Option<Memory>,
    /// How many arguments the modem takes: 3, 2 or 1. 0 if it takes none at all.
    pub(super) arguments: usize,
}

impl Memories {
    pub(super) fn must_select(&self, memory: &Memory) -> bool {
        self.arguments > 0 && self.reading.as_ref() != Some(memory)
    }

    pub(super) fn select_command(&self, memory: &Memory) -> Command {
        let writing = self.writing.as_ref().unwrap_or(memory);
        let receiving = self.receiving.as_ref().unwrap_or(writing);
        let all = [memory, writing, receiving];
        let names: Vec<String> = all
            .iter()
            .take(self.arguments.max(1))
            .map(|memory| format!("\"{memory}\""))
            .collect();
        Command::new(
            format!("AT+CPMS={}", names.join(",")),
            AnswerLines::Coded("+CPMS"),
        )
        .within(CARD)
    }
}

/// What is known of the slots.
#[derive(Debug, Default)]
pub(super) struct Slots {
    to_read: VecDeque<StorageSlot>,
    to_list: BTreeSet<Memory>,
    passed_on: BTreeMap<StorageSlot, PassedOn>,
    /// Memories whose listing never answered: read slot by slot.
    unlistable: BTreeSet<Memory>,
    full_told: bool,
}

#[derive(Debug)]
struct PassedOn {
    pdu: RawPdu,
    at: Duration,
}

impl Slots {
    pub(super) fn forget(&mut self) {
        *self = Self {
            unlistable: std::mem::take(&mut self.unlistable),
            ..Self::default()
        };
    }

    pub(super) fn wants_reading(&self) -> bool {
        !self.to_read.is_empty() || !self.to_list.is_empty()
    }

    pub(super) fn next_job(&mut self) -> Option<Job> {
        if let Some(slot) = self.to_read.pop_front() {
            return Some(Job::Read {
                slot,
                purpose: Purpose::Announce,
                left: READ_AGAIN,
            });
        }
        self.to_list.pop_first().map(Job::List)
    }

    pub(super) fn list(&mut self, memory: Memory) {
        self.to_list.insert(memory);
    }

    fn read(&mut self, slot: StorageSlot) {
        if self.to_read.contains(&slot) {
            return;
        }
        if self.to_read.len() < WAITING {
            self.to_read.push_back(slot);
        } else {
            self.to_list.insert(slot.memory);
        }
    }

    fn is_certain(&self, slot: &StorageSlot, expected: &RawPdu) -> bool {
        let same = self
            .passed_on
            .get(slot)
            .is_some_and(|passed| passed.pdu.same_message(expected));
        same && !self.to_read.contains(slot)
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
        let Some(code) = text::code(line) else { return };
        let arguments = text::arguments(line);
        match code {
            "+CMTI" | "+CDSI" => self.handle_announcement(code, &arguments),
            "+CDS" | "+CMT" => self.direct = Some(DirectPdu),
            "+CMGS" | "+CMSS" => {
                let reference = text::number::<u8>(&arguments, 0).map(MessageReference);
                self.late_outcome(Ok(Accepted { reference }));
            }
            "+CREG" | "+CGREG" | "+CEREG" => {
                if let Some(stat) = text::number(&arguments, 0) {
                    self.note_registration(code, Registration::from_stat(stat));
                }
            }
            "+CUSD" => self.handle_ussd(now, line),
            "^SMMEMFULL" => self.tell_full(),
            _ => {}
        }
    }

    pub(super) fn note_registration(&mut self, code: &str, registration: Registration) {
        match code {
            "+CREG" => self.status.registration = registration,
            // Two packet networks: the one that serves wins.
            _ if registration.is_registered()
                || !self.status.packet_registration.is_registered() =>
            {
                self.status.packet_registration = registration;
            }
            "+CEREG" => {}
            _ => self.status.packet_registration = registration,
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
        match text::number::<u16>(arguments, 1) {
            Some(index) => self.slots.read(StorageSlot { memory, index }),
            None => self.slots.list(memory),
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

    pub(super) fn finish_select(&mut self, now: Duration, memory: Memory, reply: Reply) {
        match reply {
            Reply::Ok(lines) => {
                self.note_storage(&memory, &lines);
                self.memories.reading = Some(memory);
            }
            failed @ (Reply::Error(_) | Reply::NoAnswer) => {
                // Whatever wanted this memory cannot have it.
                self.memories.reading = None;
                if let Some(job) = self.next.pop_front() {
                    self.finish(now, job, failed, false);
                }
            }
        }
    }

    /// The numbers of `+CPMS: used,total,…` are those of `memory`; of `+CPMS: "SM",used,total,…` those of each.
    pub(super) fn note_storage(&mut self, memory: &Memory, lines: &[String]) {
        let Some(line) = lines.first() else { return };
        let arguments = text::arguments(line);
        if let (Some(used), Some(total)) =
            (text::number(&arguments, 0), text::number(&arguments, 1))
        {
            self.note_use(StorageUse {
                memory: memory.clone(),
                used,
                total,
            });
        } else {
            for triple in arguments.chunks(3) {
                let [name, ..] = triple else { continue };
                let numbers = (text::number(triple, 1), text::number(triple, 2));
                if let (Some(memory), (Some(used), Some(total))) = (Memory::parse(name), numbers) {
                    self.note_use(StorageUse {
                        memory,
                        used,
                        total,
                    });
                }
            }
        }
    }

    fn note_use(&mut self, storage: StorageUse) {
        let full = storage.is_full() && storage.memory != Memory::StatusReports;
        let receiving = self
            .memories
            .receiving
            .as_ref()
            .is_none_or(|memory| *memory == storage.memory);
        match self
            .status
            .storage
            .iter_mut()
            .find(|known| known.memory == storage.memory)
        {
            Some(known) => *known = storage,
            None => self.status.storage.push(storage),
        }
        if receiving && full {
            self.tell_full();
        } else if receiving {
            self.slots.full_told = false;
        }
    }

    fn tell_full(&mut self) {
        if !self.slots.full_told {
            self.slots.full_told = true;
            self.event(Event::StorageFull);
        }
        if let Some(memory) = self.memories.receiving.clone() {
            self.slots.list(memory);
        }
    }

    pub(super) fn finish_list(&mut self, now: Duration, memory: &Memory, reply: Reply) {
        let lines = match reply {
            Reply::Ok(lines) => lines,
            Reply::Error(_) => return,
            Reply::NoAnswer => {
                self.slots.unlistable.insert(memory.clone());
                return self.read_one_by_one(memory);
            }
        };
        let mut held = BTreeSet::new();
        let mut lines = lines.into_iter().peekable();
        while let Some(header) = lines.next() {
            if text::code(&header) != Some("+CMGL") {
                continue;
            }
            let arguments = text::arguments(&header);
            let pdu = lines.next_if(|line| text::code(line).is_none());
            if let (Some(index), Some(pdu)) = (text::number(&arguments, 0), pdu) {
                let slot = StorageSlot {
                    memory: memory.clone(),
                    index,
                };
                held.insert(slot.clone());
                let status = SlotStatus::parse(arguments.get(1).map_or("", String::as_str));
                self.pass_on(now, slot, status, RawPdu::new(pdu));
            }
        }
        self.slots
            .passed_on
            .retain(|slot, _| slot.memory != *memory || held.contains(slot));
    }

    /// Lists a memory, or reads it slot by slot where the listing never answers and something new may be in it.
    pub(super) fn look_into(&mut self, memory: Memory) {
        if !self.slots.unlistable.contains(&memory) {
            return self.slots.list(memory);
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

    fn read_one_by_one(&mut self, memory: &Memory) {
        let total = self
            .status
            .storage
            .iter()
            .find(|known| known.memory == *memory)
            .map(|known| known.total);
        let last = total.filter(|&total| total > 0).unwrap_or(USUAL_CAPACITY);
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
                    self.slots.passed_on.remove(&slot);
                }
                Err(
                    CommandError::NoAnswer
                    | CommandError::Refused(ModemError::Cms(314 | 500) | ModemError::Cme(14 | 515)),
                ) if left > 0 => {
                    self.quiet_until = self.quiet_until.max(now + Duration::from_secs(1));
                    self.next.push_front(Job::Read {
                        slot,
                        purpose,
                        left: left - 1,
                    });
                }
                // An empty slot on some modems; if it is not, the next listing finds it.
                Err(_) => {}
            },
        }
    }

    /// Passes a message on, once for each filling of its slot.
    fn pass_on(&mut self, now: Duration, slot: StorageSlot, status: SlotStatus, pdu: RawPdu) {
        if !status.is_received() {
            return;
        }
        if let Some(known) = self.slots.passed_on.get(&slot)
            && known.pdu == pdu
            && now < known.at + PASS_ON_AGAIN
        {
            return;
        }
        self.slots.passed_on.insert(
            slot.clone(),
            PassedOn {
                pdu: pdu.clone(),
                at: now,
            },
        );
        let kind = pdu.kind();
        self.event(Event::Received {
            origin: Origin::Stored(slot),
            pdu,
            kind,
        });
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
            self.slots.passed_on.remove(&deletion.slot);
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

/// Reads the reply to `+CMGR`. A bare `OK` is an empty slot; so is a header without a message.
fn content_of(reply: Reply) -> Result<SlotContent, CommandError> {
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
