//! What a line reports by itself, and what it answers.

use crate::error::SendError;
use crate::pdu::{Kind, RawPdu};
use crate::redacted::Redacted;
use crate::status::Phase;
use crate::storage::{StorageSlot, StorageUse};

/// Something that happened without having been asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A message or a status report came in, or was found in a memory.
    Received {
        /// Where it is, and so whether it must be deleted once it is stored.
        origin: Origin,
        /// The text as received.
        pdu: RawPdu,
        /// What it seems to be.
        kind: Kind,
    },
    /// What became of a send after its caller had been answered `Unknown`, or had gone away.
    LateOutcome {
        /// The caller's own mark of that send.
        tag: u64,
        /// As [`crate::Handle::send`] would have answered.
        outcome: Result<Accepted, SendError>,
    },
    /// The line does something else now. The whole picture is in [`crate::Handle::status`].
    PhaseChanged(Phase),
    /// The network sent a USSD text that nobody had asked for.
    Ussd(UssdAnswer),
    /// A PIN is configured and the SIM is ready: it took the PIN now or before, so an attempt that a
    /// [`crate::PinGate`] committed may be struck out.
    PinAccepted,
    /// A memory is full: nothing more can be delivered into it before something is deleted. Told once for each filling.
    /// A total of 0: the modem does not say how many messages it holds.
    StorageFull(StorageUse),
}

/// Where a received PDU is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In this slot until it is deleted.
    Stored(StorageSlot),
    /// Nowhere: the modem handed it over and forgot it (`+CDS`, `+CMT`, class 0).
    Direct,
}

/// The network took the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// TP-MR, by which a status report finds its message. `None` where only the slot tells that it was sent.
    pub reference: Option<MessageReference>,
}

/// TP-MR (3GPP TS 23.040 §9.2.3.6). Wraps at 256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageReference(pub u8);

/// What the network says to a USSD code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UssdAnswer {
    /// What it says; empty if nothing. May hold a balance or a number.
    pub text: Redacted,
    /// Whether it waits for a reply.
    pub follow_up: FollowUp,
}

/// `<m>` of `+CUSD` (3GPP TS 27.007 §7.15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FollowUp {
    /// 0, 2, 3: the dialogue is over.
    Ended,
    /// 1: the network waits for a reply.
    Expected,
    /// 4: the network does not support the request.
    NotSupported,
    /// 5: the network did not answer in time.
    TimedOut,
}
