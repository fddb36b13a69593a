//! Faults that a test or a person scripts. Each says where it was seen.

use std::time::Duration;

/// What goes wrong with the next attempt to send. Faults are used up in the order in which they were scripted, one for
/// each `+CMGS` or `+CMSS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendFault {
    /// `+CMS ERROR: code` instead of the prompt; nothing leaves. (`+CMSS` has no prompt: the send fails.)
    BeforePrompt {
        /// The code, 3GPP TS 27.005 §3.2.5 or a vendor's.
        code: u16,
    },
    /// `+CMS ERROR: code` after the PDU. 512 was seen where sending met receiving (Huawei); 332 with a message that had
    /// left and stayed `STO UNSENT`.
    AfterSubmit {
        /// The code.
        code: u16,
        /// Whether the network took the message all the same.
        network: NetworkTook,
    },
    /// The prompt never appears, though the modem waits for a PDU (seen on several; the way out is ESC and CR).
    NoPrompt,
    /// The network takes the message; the final result never comes.
    LoseAnswer,
    /// The network takes the message; the result comes that much later, and the modem answers other commands meanwhile.
    LateAnswer(Duration),
    /// The network takes the message; the result waits for [`Simulator::release`](crate::Simulator::release).
    Hold,
    /// The PDU is echoed, then `OK` without `+CMGS:` (Huawei; outcome unknown to the sender).
    OkWithoutReference,
    /// A bare `ERROR`, though the network took the message.
    BareError,
    /// A line of junk before `+CMGS:` (`pad`, seen with a padded PDU), or any unsolicited line.
    LineBeforeResult(String),
    /// A line before the prompt (`+ZPASR: "UMTS"`, ZTE).
    LineBeforePrompt(String),
    /// `OK` twice.
    DoubledResult,
    /// The port goes away after Ctrl-Z, before the result, for that long; the network took the message.
    DropPort(Duration),
}

/// Whether a failed send left nevertheless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkTook {
    /// It left: the network has it.
    It,
    /// Nothing left.
    Nothing,
}

/// The answer of one command is lost: the command takes effect, and nothing is printed.
///
/// A lost answer to `+CMGD` and a new message in the freed slot are what makes blind repetition dangerous.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostAnswer {
    /// How the command begins, such as `+CMGD`.
    pub command: String,
}
