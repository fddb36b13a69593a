//! The modem's memories: which one is read, and how full they are.

use std::time::Duration;

use super::command::{AnswerLines, CARD, Command};
use super::job::{Job, Reply};
use super::{Engine, incoming, text};
use crate::event::Event;
use crate::storage::{Memory, StorageUse};

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
    /// Whether it was told that the memory for new messages is full.
    full_told: bool,
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
            self.memories.full_told = false;
        }
    }

    pub(super) fn tell_full(&mut self) {
        if !self.memories.full_told {
            self.memories.full_told = true;
            self.event(Event::StorageFull);
        }
        if let Some(memory) = self.memories.receiving.clone() {
            self.slots.list(memory);
        }
    }
}
