//! The modem's memories: which one is read, and how full they are.

use std::collections::BTreeSet;
use std::time::Duration;

use super::command::{AnswerLines, CARD, Command};
use super::incoming::content_of;
use super::job::{Job, Reply};
use super::{Answer, Engine, incoming, text};
use crate::error::CommandError;
use crate::event::Event;
use crate::storage::{Memory, StorageSlot, StorageUse};

/// Memories that are remembered. No modem has so many.
const MOST_MEMORIES: usize = 16;

/// How `+CPMS` is spoken here.
#[derive(Debug, Default)]
pub(super) struct Memories {
    /// What can be read and deleted in; empty if the modem does not tell.
    pub(super) readable: Vec<Memory>,
    /// The one that is read and deleted in now; `None` if it is not known or cannot be chosen.
    pub(super) reading: Option<Memory>,
    /// The one that messages are written to and sent from (`<mem2>`).
    pub(super) writing: Option<Memory>,
    /// What can be written to; empty if the modem does not tell.
    pub(super) writable: Vec<Memory>,
    /// The one that new messages go to.
    pub(super) receiving: Option<Memory>,
    /// Those that were told to be full, until they have room again.
    full_told: BTreeSet<Memory>,
    /// How many arguments the modem takes: 3, 2 or 1. 0 if it takes none at all.
    pub(super) arguments: usize,
}

impl Memories {
    pub(super) fn must_select(&self, memory: &Memory) -> bool {
        self.arguments > 0 && self.reading.as_ref() != Some(memory)
    }

    /// Where `+CMGW` puts a message.
    pub(super) fn written_to(&self) -> Memory {
        self.writing.clone().unwrap_or(Memory::Sim)
    }

    /// With one argument `+CPMS` chooses one memory for everything: writing needs it chosen as reading does.
    pub(super) fn to_select_for_writing(&self) -> Option<Memory> {
        (self.arguments == 1).then(|| self.written_to())
    }

    /// Sees to it that `+CMSS` sends from this memory. Gives `false` if it cannot: an index counts in one memory, and in
    /// another one it may be another message.
    pub(super) fn send_from(&mut self, memory: &Memory) -> bool {
        if self.written_to() == *memory {
            return true;
        }
        let possible = self.arguments > 0 && self.writable.contains(memory);
        if possible {
            self.writing = Some(memory.clone());
            self.reading = None; // So that it is chosen before anything else.
        }
        possible
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

impl Engine {
    pub(super) fn finish_select(
        &mut self,
        now: Duration,
        memory: Memory,
        wanted_by: Job,
        reply: Reply,
    ) {
        match reply {
            Reply::Ok(lines) => {
                self.note_storage(&memory, &lines);
                self.memories.reading = Some(memory);
                self.next.push_front(wanted_by);
            }
            failed @ (Reply::Error(_) | Reply::NoAnswer) => {
                self.memories.reading = None;
                if let Job::Survey(survey) = wanted_by {
                    let error = content_of(failed).err().unwrap_or(CommandError::NoAnswer);
                    return self.answer(survey.id, Answer::Listed(Err(error)));
                }
                // That a memory cannot be chosen says nothing of listing it: the next look at it comes by itself.
                if !matches!(wanted_by, Job::List { .. }) || incoming::is_busy(&failed) {
                    self.finish(now, wanted_by, failed, false);
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

    /// `+CPMS?` names where new messages go: a modem may have gone back to a memory of its own, or never left it. It is told
    /// again where it can be, and what went there is looked for.
    pub(super) fn compare_receiving(&mut self, lines: &[String]) {
        let named = lines.first().and_then(|line| {
            let arguments = text::arguments(line);
            arguments.get(6).and_then(|name| Memory::parse(name))
        });
        let Some(actual) = named else { return };
        if self.memories.receiving.as_ref() == Some(&actual) {
            return;
        }
        tracing::warn!(
            command = "AT+CPMS",
            "the modem puts messages into another memory than it was told"
        );
        if self.memories.arguments == 3 {
            // The next choice of a memory chooses all three.
            self.memories.reading = None;
        } else {
            self.memories.receiving = Some(actual.clone());
        }
        self.slots.list(actual);
    }

    fn note_use(&mut self, storage: StorageUse) {
        let full = storage.is_full();
        let matters = self.places_of_new_messages().contains(&storage.memory)
            || self.memories.receiving.as_ref() == Some(&storage.memory);
        let memory = storage.memory.clone();
        let uses = &mut self.status.storage;
        if let Some(known) = uses.iter_mut().find(|known| known.memory == memory) {
            *known = storage;
        } else if uses.len() < MOST_MEMORIES {
            uses.push(storage);
        }
        if !full {
            self.memories.full_told.remove(&memory);
        } else if matters {
            self.tell_full(memory);
        }
    }

    /// A memory is full by its numbers, by the modem's own word, or because something did not fit into it: it is told once
    /// for each filling, and what can be stored elsewhere is looked for.
    pub(super) fn tell_full(&mut self, memory: Memory) {
        if self.memories.full_told.len() < MOST_MEMORIES
            && self.memories.full_told.insert(memory.clone())
        {
            let total = self
                .status
                .storage
                .iter()
                .find(|known| known.memory == memory)
                .map_or(0, |known| known.total);
            // The last numbers may be older than the modem's word.
            self.event(Event::StorageFull(StorageUse {
                memory: memory.clone(),
                used: total,
                total,
            }));
        }
        if memory == Memory::Both || !self.is_known(&memory) {
            for place in self.places_of_new_messages() {
                self.slots.list(place);
            }
        } else {
            self.slots.list(memory);
        }
    }

    /// `^SMMEMFULL: "SM"` (Huawei MU509, AT Command Interface Specification §6.21), `+QIND: "smsfull","ME"` (Quectel),
    /// `+CIEV: "SMSFULL",2` (Ai-Thinker A6), `+SMS FULL` (SIMCom SIM7600). Gives whether the line says so.
    pub(super) fn handle_full(&mut self, line: &str) -> bool {
        let arguments = text::arguments(line);
        let says = |index: usize| {
            arguments
                .get(index)
                .is_some_and(|said| said.eq_ignore_ascii_case("smsfull"))
        };
        let named = match text::code(line) {
            Some("^SMMEMFULL") => arguments.first(),
            Some("+QIND") if says(0) => arguments.get(1),
            Some("+CIEV") if says(0) => {
                if text::number::<u8>(&arguments, 1) == Some(0) {
                    return true; // There is room again: the numbers tell.
                }
                None
            }
            None if line == "+SMS FULL" => None,
            Some(_) | None => return false,
        };
        let named = named
            .and_then(|name| Memory::parse(name))
            .filter(|memory| self.is_known(memory));
        let memory = named
            .or_else(|| self.memories.receiving.clone())
            .unwrap_or(Memory::Sim);
        self.tell_full(memory);
        true
    }

    /// Something did not fit into a memory (`+CMS ERROR: 322`).
    pub(super) fn handle_refused_for_room(&mut self, job: &Job, reply: &Reply) {
        let Reply::Error(error) = reply else { return };
        if !error.is_memory_full() {
            return;
        }
        let memory = match job {
            Job::Stage { .. } => Some(self.memories.written_to()),
            Job::Send(_) => self.memories.receiving.clone(),
            Job::List { memory, .. } => Some(memory.clone()),
            Job::Read { slot, .. } => Some(slot.memory.clone()),
            Job::Delete(deletion) => Some(deletion.slot.memory.clone()),
            Job::Survey(survey) => Some(survey.memory.clone()),
            // The memory may be that for names and numbers.
            Job::Escape
            | Job::Synchronise { .. }
            | Job::Radio(_)
            | Job::Restart { .. }
            | Job::BringUp
            | Job::Select { .. }
            | Job::Ussd { .. }
            | Job::UssdEnd { .. }
            | Job::KeepLink
            | Job::ListCalls
            | Job::HangUp
            | Job::Check(_) => return,
        };
        self.tell_full(memory.unwrap_or(Memory::Sim));
    }

    fn is_known(&self, memory: &Memory) -> bool {
        self.memories.readable.is_empty() || self.memories.readable.contains(memory)
    }

    /// Where new messages are looked for. `MT` is `SM` and `ME` together with numbers of its own, so that a message would be
    /// seen twice if it were listed beside them: it is read itself only where those two cannot both be read.
    pub(super) fn places_of_new_messages(&self) -> Vec<Memory> {
        let receiving = self.memories.receiving.clone().unwrap_or(Memory::Sim);
        let parts = [Memory::Sim, Memory::Modem];
        let apart = parts
            .iter()
            .all(|memory| self.memories.readable.contains(memory));
        if receiving == Memory::Both && apart {
            parts.to_vec()
        } else {
            vec![receiving]
        }
    }

    /// Where an announced slot is to be read; `None` if its index does not tell, and the places are to be listed.
    pub(super) fn slot_of(&self, memory: Memory, index: u16) -> Option<StorageSlot> {
        let places = self.places_of_new_messages();
        let overlaps = |one: &Memory, other: &Memory| {
            *one == Memory::Both && matches!(other, Memory::Sim | Memory::Modem)
        };
        let elsewhere = places
            .iter()
            .any(|place| overlaps(place, &memory) || overlaps(&memory, place));
        (!elsewhere).then_some(StorageSlot { memory, index })
    }
}
