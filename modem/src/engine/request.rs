//! What can be asked of the engine and what it answers, exactly one answer for each request.

use std::fmt;

use crate::error::{CommandError, SendError};
use crate::event::{Accepted, UssdAnswer};
use crate::pdu::RawPdu;
use crate::storage::{Deleted, SlotContent, StorageSlot};

/// The asker's number for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Something to be done with the modem. `Debug` shows no message and no code.
#[derive(Clone, PartialEq, Eq)]
pub enum Request {
    /// `+CMGS`
    Send {
        /// The caller's own mark, for a late outcome.
        tag: u64,
        /// The finished TPDU without the service centre.
        tpdu: Vec<u8>,
    },
    /// `+CMSS`
    Transmit {
        /// The caller's own mark, for a late outcome.
        tag: u64,
        /// Where [`Request::Stage`] put the message.
        slot: StorageSlot,
    },
    /// `+CMGW`
    Stage {
        /// The finished TPDU without the service centre.
        tpdu: Vec<u8>,
    },
    /// `+CMGR`
    Inspect {
        /// Which slot.
        slot: StorageSlot,
    },
    /// `+CMGL` in the memory that [`Request::Stage`] writes to.
    Staged,
    /// `+CMGD`, by comparison.
    Delete {
        /// Which slot.
        slot: StorageSlot,
        /// What it must hold to be freed.
        expected: RawPdu,
    },
    /// `+CUSD`
    Ussd {
        /// The code, such as `*100#`, or the reply to a question.
        code: String,
    },
    /// `+CUSD`, but only while the network waits for a reply: what was meant as one is no code of its own.
    UssdReply {
        /// What is replied.
        text: String,
    },
    /// `+CUSD=2`: ends the dialogue; a [`Request::Ussd`] that waits for its answer gets an error.
    UssdEnd,
}

impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { tag, tpdu } => write!(formatter, "Send({tag}, {} octets)", tpdu.len()),
            Self::Transmit { tag, slot } => write!(formatter, "Transmit({tag}, {slot})"),
            Self::Stage { tpdu } => write!(formatter, "Stage({} octets)", tpdu.len()),
            Self::Inspect { slot } => write!(formatter, "Inspect({slot})"),
            Self::Staged => formatter.write_str("Staged"),
            Self::Delete { slot, .. } => write!(formatter, "Delete({slot})"),
            Self::Ussd { .. } => formatter.write_str("Ussd(..)"),
            Self::UssdReply { .. } => formatter.write_str("UssdReply(..)"),
            Self::UssdEnd => formatter.write_str("UssdEnd"),
        }
    }
}

impl Request {
    /// Whether it sends a message: those wait apart, so that they and everything else take turns.
    #[must_use]
    pub fn is_sending(&self) -> bool {
        match self {
            Self::Send { .. } | Self::Transmit { .. } => true,
            Self::Stage { .. }
            | Self::Inspect { .. }
            | Self::Staged
            | Self::Delete { .. }
            | Self::Ussd { .. }
            | Self::UssdReply { .. }
            | Self::UssdEnd => false,
        }
    }
}

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To [`Request::Send`] and [`Request::Transmit`].
    Sent(Result<Accepted, SendError>),
    /// To [`Request::Stage`].
    Staged(Result<StorageSlot, CommandError>),
    /// To [`Request::Inspect`].
    Inspected(Result<SlotContent, CommandError>),
    /// To [`Request::Staged`]: the slots with a message that was written by `+CMGW`, sent or not.
    Listed(Result<Vec<(StorageSlot, SlotContent)>, CommandError>),
    /// To [`Request::Delete`].
    Deleted(Result<Deleted, CommandError>),
    /// To [`Request::Ussd`] and [`Request::UssdReply`].
    Ussd(Result<UssdAnswer, CommandError>),
    /// To [`Request::UssdEnd`]. That there was nothing to end is no error.
    UssdEnded(Result<(), CommandError>),
}
