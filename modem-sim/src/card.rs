//! Message storage: the SIM (`SM`), the modem's own memory (`ME`), both as one (`MT`), and status reports (`SR`).
//!
//! **Invariant:** a slot keeps exactly the octets that were put into it, service-centre address and TPDU.

use serde::Serialize;

/// A message memory by the name of 3GPP TS 27.005 §3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Memory {
    /// The SIM.
    #[serde(rename = "SM")]
    Sim,
    /// The modem's own.
    #[serde(rename = "ME")]
    Modem,
    /// The SIM's slots, then the modem's.
    #[serde(rename = "MT")]
    Both,
    /// Status reports.
    #[serde(rename = "SR")]
    Reports,
}

impl Memory {
    /// All, in the order that `+CPMS=?` lists them.
    pub const ALL: [Self; 4] = [Self::Sim, Self::Modem, Self::Both, Self::Reports];

    /// As written in commands.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sim => "SM",
            Self::Modem => "ME",
            Self::Both => "MT",
            Self::Reports => "SR",
        }
    }

    /// The memory of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|memory| memory.name() == name)
    }
}

/// What a slot's message has been through (`<stat>`, 3GPP TS 27.005 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// 0, `REC UNREAD`.
    ReceivedUnread,
    /// 1, `REC READ`.
    ReceivedRead,
    /// 2, `STO UNSENT`.
    StoredUnsent,
    /// 3, `STO SENT`.
    StoredSent,
}

impl Status {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 4] = [
        Self::ReceivedUnread,
        Self::ReceivedRead,
        Self::StoredUnsent,
        Self::StoredSent,
    ];

    /// As text mode writes it.
    pub fn words(self) -> &'static str {
        match self {
            Self::ReceivedUnread => "REC UNREAD",
            Self::ReceivedRead => "REC READ",
            Self::StoredUnsent => "STO UNSENT",
            Self::StoredSent => "STO SENT",
        }
    }

    /// As PDU mode writes it.
    pub fn number(self) -> usize {
        Self::ALL
            .iter()
            .position(|status| *status == self)
            .unwrap_or(0)
    }
}

/// One stored message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// What it has been through.
    pub status: Status,
    /// The service-centre address (its length octet first) and the TPDU.
    pub pdu: Vec<u8>,
}

impl Slot {
    /// How many octets of the PDU are the TPDU (`<length>`).
    pub fn tpdu_length(&self) -> usize {
        let service_centre = self
            .pdu
            .first()
            .map_or(0, |length| usize::from(*length) + 1);
        self.pdu.len().saturating_sub(service_centre)
    }
}

/// The memories of one modem.
#[derive(Debug, Clone)]
pub struct Card {
    sim: Vec<Option<Slot>>,
    modem: Vec<Option<Slot>>,
    reports: Vec<Option<Slot>>,
    first_index: usize,
}

impl Card {
    /// Empty memories.
    pub fn new(sim: usize, modem: usize, reports: usize, first_index: usize) -> Self {
        Self {
            sim: vec![None; sim],
            modem: vec![None; modem],
            reports: vec![None; reports],
            first_index,
        }
    }

    /// As when another SIM is put in.
    pub(crate) fn empty_sim(&mut self) {
        self.sim.iter_mut().for_each(|slot| *slot = None);
    }

    /// How many slots a memory has.
    pub fn capacity(&self, memory: Memory) -> usize {
        match memory {
            Memory::Sim => self.sim.len(),
            Memory::Modem => self.modem.len(),
            Memory::Both => self.sim.len() + self.modem.len(),
            Memory::Reports => self.reports.len(),
        }
    }

    /// How many slots hold something.
    pub fn used(&self, memory: Memory) -> usize {
        self.slots(memory).count()
    }

    /// The occupied slots with their indices, lowest first.
    pub fn slots(&self, memory: Memory) -> impl Iterator<Item = (usize, &Slot)> {
        let (front, back): (&[Option<Slot>], &[Option<Slot>]) = match memory {
            Memory::Sim => (&self.sim, &[]),
            Memory::Modem => (&self.modem, &[]),
            Memory::Both => (&self.sim, &self.modem),
            Memory::Reports => (&self.reports, &[]),
        };
        let first = self.first_index;
        front
            .iter()
            .chain(back)
            .enumerate()
            .filter_map(move |(offset, slot)| slot.as_ref().map(|slot| (offset + first, slot)))
    }

    /// The place of an index: `None` where the memory has no such index.
    pub fn slot_mut(&mut self, memory: Memory, index: usize) -> Option<&mut Option<Slot>> {
        let offset = index.checked_sub(self.first_index)?;
        match memory {
            Memory::Sim => self.sim.get_mut(offset),
            Memory::Modem => self.modem.get_mut(offset),
            Memory::Reports => self.reports.get_mut(offset),
            Memory::Both if offset < self.sim.len() => self.sim.get_mut(offset),
            Memory::Both => self.modem.get_mut(offset - self.sim.len()),
        }
    }

    /// Puts a message into the first free slot and returns its index, or the message when there is none.
    ///
    /// # Errors
    ///
    /// The slot itself, when the memory is full.
    pub fn store(&mut self, memory: Memory, slot: Slot) -> Result<usize, Slot> {
        let (first, last) = (self.first_index, self.first_index + self.capacity(memory));
        for index in first..last {
            if let Some(free @ None) = self.slot_mut(memory, index) {
                *free = Some(slot);
                return Ok(index);
            }
        }
        Err(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(octet: u8) -> Slot {
        Slot {
            status: Status::ReceivedUnread,
            pdu: vec![0, octet],
        }
    }

    #[test]
    fn both_memories_count_on_from_the_first() {
        let mut card = Card::new(1, 2, 0, 1);
        assert_eq!(card.store(Memory::Both, slot(1)), Ok(1));
        assert_eq!(card.store(Memory::Both, slot(2)), Ok(2));
        assert_eq!(card.store(Memory::Modem, slot(3)), Ok(2));
        assert_eq!(card.store(Memory::Both, slot(4)), Err(slot(4)));
        assert_eq!(card.store(Memory::Reports, slot(4)), Err(slot(4)));
        let held: Vec<_> = card
            .slots(Memory::Both)
            .map(|(index, slot)| (index, slot.pdu[1]))
            .collect();
        assert_eq!(held, [(1, 1), (2, 2), (3, 3)]);
        assert_eq!(
            (card.used(Memory::Sim), card.capacity(Memory::Both)),
            (1, 3)
        );
        *card.slot_mut(Memory::Both, 1).unwrap() = None;
        assert_eq!(card.store(Memory::Sim, slot(5)), Ok(1));
        assert!(card.slot_mut(Memory::Sim, 0).is_none());
        assert!(card.slot_mut(Memory::Reports, 1).is_none());
    }

    #[test]
    fn the_length_of_a_slot_leaves_the_service_centre_out() {
        for (pdu, length) in [
            (vec![0, 1, 2, 3], 3),
            (vec![2, 0x91, 0x21, 1], 1),
            (vec![], 0),
            (vec![9, 1], 0),
        ] {
            assert_eq!(
                Slot {
                    status: Status::StoredSent,
                    pdu: pdu.clone()
                }
                .tpdu_length(),
                length,
                "{pdu:?}"
            );
        }
    }
}
