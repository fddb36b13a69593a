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
    /// Whatever the modem's memories held when the line came up has been passed on, and nothing that was announced since.
    /// Told once each time that it comes up; a memory that cannot be read for a long time is left to a later look.
    LookedThrough,
    /// What became of a send after its caller had been answered `Unknown`, or had gone away.
    LateOutcome {
        /// The caller's own mark of that send.
        tag: u64,
        /// As [`crate::Handle::send`] would have answered.
        outcome: Result<Accepted, SendError>,
    },
    /// The line does something else now. The whole picture is in [`crate::Handle::status`].
    PhaseChanged(Phase),
    /// The network sent a USSD text that nobody had asked for, or ended a dialogue that waited for a reply.
    Ussd(UssdAnswer),
    /// Somebody called, and the call is over: told once for each call, when it ends.
    Call(Call),
    /// The network told its time zone, and perhaps the time: told when it differs from what was told before, or once an
    /// hour.
    NetworkTime(NetworkTime),
    /// The network refuses the SIM that it served before, and did not take it back for a while: it was barred, its
    /// contract ended, or somebody moved the number to another SIM. Told once until the SIM is registered again.
    RegistrationDenied,
    /// The SIM went to a foreign network, or came back.
    Roaming(Roaming),
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
    /// 0: the dialogue is over.
    Ended,
    /// 2: the network ended the dialogue; some networks say their last word with it.
    EndedByNetwork,
    /// 3: the answer went to another program or to the SIM's own menu.
    Elsewhere,
    /// 1: the network waits for a reply.
    Expected,
    /// 4: the network does not support the request.
    NotSupported,
    /// 5: the network did not answer in time.
    TimedOut,
}

/// A call that came in. Data and fax calls are not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The caller's number as the network gave it; `None` if it was withheld or not told.
    pub from: Option<Redacted>,
    /// How it ended.
    pub outcome: CallOutcome,
    /// How often it rang; 0 for a second caller who only knocked (`+CCWA`), and where the modem tells nothing before the
    /// end.
    pub rings: u16,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallOutcome {
    /// The caller gave up, or somebody answered elsewhere: a modem cannot tell the two apart.
    Missed,
    /// We hung up (see [`crate::Calls::HangUp`]).
    HungUp,
}

/// What the network says of the time (NITZ, 3GPP TS 22.042).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkTime {
    /// Local time minus UTC in quarter hours, daylight saving included.
    pub offset_quarters: i8,
    /// Seconds since 1970-01-01 00:00 UTC. `None` if the modem told the zone alone, or a time of which its makers do not
    /// agree whether it is local. The modem's own clock (`+CCLK?`) is never asked: it may never have been set.
    pub utc_seconds: Option<i64>,
}

/// Whether the SIM is in a foreign network. SMS may cost more there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Roaming {
    /// It was in its home network before.
    Began,
    /// It is in its home network again.
    Ended,
}
