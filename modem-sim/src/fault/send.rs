//! What goes wrong with a send. What lies between Ctrl-Z and the result is what a client cannot know.

use std::time::Duration;

use crate::arrival::Incoming;

/// What goes wrong with the next attempt to send. Faults are used up in the order in which they were scripted, one for
/// each `+CMGS` or `+CMSS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendFault {
    /// `+CMS ERROR: code` instead of the prompt; nothing leaves. (`+CMSS` has no prompt: the send fails.)
    BeforePrompt {
        /// The code, 3GPP TS 27.005 §3.2.5 or a vendor's.
        code: u16,
    },
    /// `+CMS ERROR: code` after the PDU. 512 was seen where sending met receiving (Huawei, AT-QUIRKS.md row
    /// 28), 38 for one recipient (row 29); 332 is expected with a message that had left and stayed `STO UNSENT` (row 38).
    AfterSubmit {
        /// The code.
        code: u16,
        /// Whether the network took the message all the same.
        network: NetworkTook,
    },
    /// The prompt never appears, though the modem waits for a PDU (AT-QUIRKS.md row 22; the way out is ESC and
    /// CR).
    NoPrompt,
    /// The network takes the message; the final result never comes.
    LoseAnswer,
    /// The network takes the message; the result comes that much later, and the modem answers other commands meanwhile
    /// (AT-QUIRKS.md row 26, expected).
    LateAnswer(Duration),
    /// The network takes the message; the result waits for [`Simulator::release`](crate::Simulator::release).
    Hold,
    /// The PDU is echoed, then `OK` without `+CMGS:` (AT-QUIRKS.md row 7; outcome unknown to the sender).
    OkWithoutReference,
    /// A bare `ERROR`, though the network took the message.
    BareError,
    /// A line of junk before `+CMGS:` (`pad`, AT-QUIRKS.md row 8), or any unsolicited line.
    LineBeforeResult(String),
    /// A line before the prompt (`+ZPASR: "UMTS"`, ZTE, AT-QUIRKS.md row 3).
    LineBeforePrompt(String),
    /// `OK` twice (AT-QUIRKS.md row 9).
    DoubledResult,
    /// The port goes away after Ctrl-Z, before the result, for that long; the network took the message.
    DropPort(Duration),
    /// The power goes between the acceptance and the change of the slot's status, for that long: as `DropPort`, but a slot
    /// that `+CMSS` sent from stays `STO UNSENT` (AT-QUIRKS.md row 39, expected).
    PowerLost(Duration),
    /// Someone's message arrives between the PDU and the result, and is told there (AT-QUIRKS.md row 25, expected).
    ArrivalBeforeResult(Incoming),
}

impl SendFault {
    /// As the ledger calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::BeforePrompt { .. } => "before_prompt",
            Self::AfterSubmit { .. } => "after_submit",
            Self::NoPrompt => "no_prompt",
            Self::LoseAnswer => "lose_answer",
            Self::LateAnswer(_) => "late_answer",
            Self::Hold => "hold",
            Self::OkWithoutReference => "ok_without_reference",
            Self::BareError => "bare_error",
            Self::LineBeforeResult(_) => "line_before_result",
            Self::LineBeforePrompt(_) => "line_before_prompt",
            Self::DoubledResult => "doubled_result",
            Self::DropPort(_) => "drop_port",
            Self::PowerLost(_) => "power_lost",
            Self::ArrivalBeforeResult(_) => "arrival_before_result",
        }
    }
}

/// Whether a failed send left nevertheless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkTook {
    /// It left: the network has it.
    It,
    /// Nothing left.
    Nothing,
}
