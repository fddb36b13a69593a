//! What one command in flight is for, so that its reply finds its way.

use crate::cause::ModemError;
use crate::engine::health::Ill;
use crate::engine::request::RequestId;
use crate::engine::spelling::Spelling;
use crate::engine::text::Final;
use crate::pdu::RawPdu;
use crate::storage::{Memory, SlotContent, StorageSlot};

/// The purpose of the command in flight. Never shown: it may hold a message or a code.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Job {
    /// Leaves a prompt that may stand open.
    Escape,
    /// Finds out whether the modem answers. `left`: further attempts.
    Synchronise { left: u8 },
    /// Switches the radio off or on.
    Radio(Radio),
    /// `+CFUN=1,1`, for what is wrong.
    Restart { ill: Ill },
    /// The current step of bring-up.
    BringUp,
    /// Makes a memory the one that is read and deleted in, for the job that wants it.
    Select {
        memory: Memory,
        wanted_by: Box<Self>,
    },
    /// Lists a memory and announces what it holds. `left`: further attempts.
    List { memory: Memory, left: u8 },
    /// Reads a slot. `left`: further attempts.
    Read {
        slot: StorageSlot,
        purpose: Purpose,
        left: u8,
    },
    /// Frees a slot.
    Delete(Deletion),
    /// Sends a message.
    Send(Sending),
    /// Writes a message into the memory. `memory` has to be selected first where `+CPMS` takes one argument only.
    Stage {
        id: RequestId,
        tpdu: Vec<u8>,
        memory: Option<Memory>,
    },
    /// Finds the messages that were written into the memory.
    Survey(Survey),
    /// Asks the network by USSD.
    Ussd { code: String, spelling: Spelling },
    /// Ends a USSD dialogue, because somebody asked for it or because no answer came.
    UssdEnd { id: Option<RequestId> },
    /// Keeps the radio link open: another part of a message follows.
    KeepLink,
    /// Asks who calls.
    ListCalls,
    /// Hangs an incoming call up.
    HangUp,
    /// Looks after the line.
    Check(Check),
}

impl Job {
    /// The memory that has to be selected first; `None` if any will do.
    pub(super) fn memory(&self) -> Option<&Memory> {
        match self {
            Self::List { memory, .. } => Some(memory),
            Self::Read { slot, .. } => Some(&slot.memory),
            Self::Delete(deletion) => Some(&deletion.slot.memory),
            Self::Survey(survey) => Some(&survey.memory),
            Self::Stage { memory, .. } => memory.as_ref(),
            // The standard sends from the memory that is written to: it has to be that of the slot.
            Self::Send(Sending {
                what: Outgoing::Slot(slot),
                ..
            }) => Some(&slot.memory),
            Self::Escape
            | Self::Synchronise { .. }
            | Self::Radio(_)
            | Self::Restart { .. }
            | Self::BringUp
            | Self::Select { .. }
            | Self::Send(_)
            | Self::Ussd { .. }
            | Self::UssdEnd { .. }
            | Self::KeepLink
            | Self::ListCalls
            | Self::HangUp
            | Self::Check(_) => None,
        }
    }
}

/// The radio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Radio {
    /// `mode` of `+CFUN`: 4, the flight mode, or 0 where there is none.
    Off { mode: u8 },
    /// `+CFUN=1`
    On,
}

/// Why a slot is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To pass on what came in.
    Announce,
    /// Because someone asked.
    Inspect(RequestId),
}

/// A slot on its way to being freed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deletion {
    pub(super) id: RequestId,
    pub(super) slot: StorageSlot,
    pub(super) expected: RawPdu,
    pub(super) stage: DeletionStage,
}

/// `Compare → Free → (no answer) → Verify → Free …`; `Free` at once where nothing is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeletionStage {
    /// The slot is read before anything is done.
    Compare,
    /// `+CMGD`. `left`: further attempts.
    Free { left: u8 },
    /// The answer to `+CMGD` was lost: the slot is read. `left`: further attempts.
    Verify { left: u8 },
}

/// A look for what was written into a memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Survey {
    pub(super) id: RequestId,
    pub(super) memory: Memory,
    pub(super) stage: SurveyStage,
    /// What was found so far.
    pub(super) found: Vec<(StorageSlot, SlotContent)>,
}

/// `Listing`, or slot after slot where the memory cannot be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SurveyStage {
    /// `+CMGL`. `left`: further attempts while the memory is busy.
    Listing { left: u8 },
    /// `+CMGR` of this slot; `last` is the last one.
    Slot { index: u16, last: u16 },
}

/// A message on its way out.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Sending {
    pub(super) id: RequestId,
    pub(super) tag: u64,
    pub(super) what: Outgoing,
}

/// What is sent.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Outgoing {
    /// These octets (`+CMGS`).
    Tpdu(Vec<u8>),
    /// What was stored in this slot (`+CMSS`).
    Slot(StorageSlot),
}

/// What is looked at from time to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// `+CREG?`
    Registration,
    /// `+CSQ`
    Signal,
    /// `+COPS?`
    Operator,
    /// `+CPMS?`
    Storage,
    /// `+CNMI?`: some modems forget it by themselves.
    Routing,
    /// `+CNMI=` again, as it was chosen.
    RestoreRouting,
    /// `+CFUN=1`: no network is looked for.
    WakeRadio,
    /// `+COPS=0`: the same.
    ChooseNetwork,
}

impl Reply {
    pub(super) fn new(ended: Final, lines: Vec<String>) -> Self {
        match ended {
            Final::Ok => Self::Ok(lines),
            Final::Error(error) => Self::Error(error),
        }
    }
}

/// How a command ended. Never shown: its lines may hold a number or a text.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// `OK`, with the lines of the answer.
    Ok(Vec<String>),
    /// An error.
    Error(ModemError),
    /// Nothing in time.
    NoAnswer,
}
