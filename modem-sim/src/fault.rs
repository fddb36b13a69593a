//! Faults that a test or a person scripts. Each says where it was seen.

use std::time::Duration;

use crate::at::state::Registration;
use crate::simulator::{Simulator, UrcKind};

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

/// Scripted faults that wait; more are ignored.
const FAULTS: usize = 10_000;

/// Interventions: what a test or a person does to the modem from outside.
impl Simulator {
    /// The next send goes wrong in this way; several wait for one attempt each.
    pub fn fail_send(&mut self, fault: SendFault) {
        if self.send_faults.len() < FAULTS {
            self.send_faults.push_back(fault);
        }
    }

    /// The next command that begins so takes effect without an answer.
    pub fn lose_answer(&mut self, fault: LostAnswer) {
        if self.lost_answers.len() < FAULTS {
            self.lost_answers.push(fault);
        }
    }

    /// Prints the result that [`SendFault::Hold`] keeps back; false when there is none.
    pub fn release(&mut self, now: Duration) -> bool {
        self.handle_timeout(now);
        let Some(answer) = self.held_answer.take() else {
            return false;
        };
        self.print(&answer);
        true
    }

    /// The modem neither reads nor writes until then.
    pub fn hang(&mut self, now: Duration, duration: Duration) {
        self.handle_timeout(now);
        self.hung_until = Some(now + duration);
    }

    /// The port goes away, as after pulling the plug, and comes back after that long.
    pub fn drop_port(&mut self, now: Duration, duration: Duration) {
        self.handle_timeout(now);
        self.close_port(duration);
        self.settle();
    }

    /// An unsolicited line, printed where a real modem would print one.
    pub fn say(&mut self, now: Duration, line: &str) {
        self.handle_timeout(now);
        self.urc(UrcKind::Other, line.to_owned());
        self.settle();
    }

    /// Bytes printed at once, whatever is going on: noise, a half line, a second echo.
    pub fn inject_output(&mut self, now: Duration, bytes: &[u8]) {
        self.handle_timeout(now);
        self.print(bytes);
    }

    /// Coverage changes; the modem says so if `+CREG` asked for it.
    pub fn set_coverage(&mut self, now: Duration, coverage: Registration) {
        self.handle_timeout(now);
        self.change_coverage(coverage);
        self.settle();
    }
}
