//! Where a modem keeps messages: memories, and numbered slots in them (3GPP TS 27.005 §3.1).

use std::fmt;

use crate::pdu::RawPdu;

/// A message memory by the name that `+CPMS` gives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Memory {
    /// `SM`: the SIM card.
    Sim,
    /// `ME`: the modem itself.
    Modem,
    /// `MT`: both of them together.
    Both,
    /// `SR`: status reports.
    StatusReports,
    /// Any other name, such as `BM` or `SM_P`.
    Other(String),
}

impl Memory {
    /// Reads a name as the modem writes it.
    ///
    /// `None` for what cannot be a name, so that a name never carries a quote or a line end into a command.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "SM" => Some(Self::Sim),
            "ME" => Some(Self::Modem),
            "MT" => Some(Self::Both),
            "SR" => Some(Self::StatusReports),
            other => {
                let fits = (1..=8).contains(&other.len());
                let named = other.starts_with(|first: char| first.is_ascii_uppercase());
                let plain = other
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                (fits && named && plain).then(|| Self::Other(other.to_owned()))
            }
        }
    }

    /// The name as a command takes it, without quotes.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Sim => "SM",
            Self::Modem => "ME",
            Self::Both => "MT",
            Self::StatusReports => "SR",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// One numbered place in one memory. Index 0 and indices above 100 exist.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorageSlot {
    /// The memory that the index counts in.
    pub memory: Memory,
    /// The number that `+CMGR` and `+CMGD` take.
    pub index: u16,
}

impl fmt::Display for StorageSlot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.memory, self.index)
    }
}

/// What `+CMGR` says of the message in a slot (`<stat>`, 3GPP TS 27.005 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotStatus {
    /// 0, or nothing at all: some ZTE sticks leave it empty.
    RecUnread,
    /// 1
    RecRead,
    /// 2: written by `+CMGW`, not sent as far as the modem knows.
    StoUnsent,
    /// 3: sent by `+CMSS`.
    StoSent,
    /// A number that the standard does not have.
    Other(u8),
}

impl SlotStatus {
    /// Reads `<stat>` as PDU mode writes it, or as text mode does.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "" | "0" | "REC UNREAD" => Self::RecUnread,
            "1" | "REC READ" => Self::RecRead,
            "2" | "STO UNSENT" => Self::StoUnsent,
            "3" | "STO SENT" => Self::StoSent,
            other => Self::Other(other.parse().unwrap_or(u8::MAX)),
        }
    }

    /// Whether the message was written by `+CMGW`, by us or by another program.
    #[must_use]
    pub fn is_written(self) -> bool {
        match self {
            Self::StoUnsent | Self::StoSent => true,
            Self::RecUnread | Self::RecRead | Self::Other(_) => false,
        }
    }

    /// Whether the message came from the network.
    #[must_use]
    pub fn is_received(self) -> bool {
        match self {
            Self::RecUnread | Self::RecRead => true,
            Self::StoUnsent | Self::StoSent | Self::Other(_) => false,
        }
    }
}

/// What a slot holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotContent {
    /// How the modem marks it. [`SlotStatus::RecUnread`] for an empty slot, where it means nothing.
    pub status: SlotStatus,
    /// The message; `None` for an empty slot.
    pub pdu: Option<RawPdu>,
}

/// What came of the wish to free a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It held the expected message and is free now.
    Freed,
    /// It was empty already.
    AlreadyGone,
    /// It holds another message, which was left alone and is read as a new one.
    HoldsOther,
}

/// How full a memory is, from `+CPMS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageUse {
    /// Which memory.
    pub memory: Memory,
    /// Messages in it.
    pub used: u16,
    /// Messages that it can hold.
    pub total: u16,
}

impl StorageUse {
    /// Whether the network can deliver nothing more into it.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.total > 0 && self.used >= self.total
    }
}

#[cfg(test)]
mod tests {
    use super::{Memory, SlotStatus, StorageUse};

    #[test]
    fn names_are_read_and_written_alike() {
        for name in ["SM", "ME", "MT", "SR", "BM", "SM_P"] {
            assert_eq!(
                Memory::parse(name)
                    .map(|memory| memory.to_string())
                    .as_deref(),
                Some(name)
            );
        }
    }

    #[test]
    fn a_name_cannot_carry_a_command() {
        for name in ["", "3", "SM\"", "SM\r", "A VERY LONG", "абв"] {
            assert_eq!(Memory::parse(name), None, "{name:?}");
        }
    }

    #[test]
    fn status_is_read_in_both_spellings() {
        let check = |text: &str, expected: SlotStatus| {
            assert_eq!(SlotStatus::parse(text), expected, "{text:?}");
        };
        check("", SlotStatus::RecUnread);
        check("0", SlotStatus::RecUnread);
        check("REC READ", SlotStatus::RecRead);
        check("2", SlotStatus::StoUnsent);
        check("3", SlotStatus::StoSent);
        check("9", SlotStatus::Other(9));
        check("x", SlotStatus::Other(255));
    }

    #[test]
    fn a_memory_without_a_size_is_not_full() {
        let full = |used, total| {
            StorageUse {
                memory: Memory::Sim,
                used,
                total,
            }
            .is_full()
        };
        assert!(full(20, 20) && !full(19, 20) && !full(0, 0));
    }
}
