//! The requests, as they are written.

use serde::Deserialize;

use super::Change;
use crate::arrival::Incoming;
use crate::at::calls::CallEnd;
use crate::at::state::Registration;
use crate::fault::SimCard;

/// One request.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// Someone writes to the SIM.
    Deliver(Incoming),
    /// A raw TPDU for the SIM.
    DeliverPdu {
        /// Hexadecimal digits, without a service-centre address.
        tpdu: String,
    },
    /// The port goes away and comes back.
    DropPort {
        /// For how long.
        seconds: f64,
    },
    /// The next send fails.
    FailNextSend {
        /// The code of `+CMS ERROR`.
        code: u16,
        /// At which point; after the PDU if absent.
        #[serde(default)]
        when: When,
        /// Whether the network takes the message all the same (only after the PDU).
        #[serde(default)]
        accepted: bool,
        /// How many sends fail so; one if absent.
        #[serde(default = "once")]
        times: u16,
    },
    /// The next send (or the next command that begins so) takes effect without an answer.
    LoseNextAnswer {
        /// How the command begins; absent for the next send.
        #[serde(default)]
        command: Option<String>,
    },
    /// The next send's result comes late; other commands are answered meanwhile.
    LateNextAnswer {
        /// From Ctrl-Z to the result.
        seconds: f64,
    },
    /// The network takes the next message; its result waits for `release`.
    HoldNextSend,
    /// Prints the result that was held.
    Release,
    /// The next send goes wrong in one of the rarer ways.
    SpoilNextSend {
        /// Which.
        how: Spoil,
        /// The line of `line_before_prompt` and `line_before_result`.
        #[serde(default)]
        line: Option<String>,
        /// For `drop_port` and `power_lost`: how long it stays away.
        #[serde(default)]
        seconds: Option<f64>,
    },
    /// The next command goes wrong.
    SpoilNextCommand {
        /// How it begins behind `AT`; absent for whichever comes next.
        #[serde(default)]
        command: String,
        /// In which way.
        how: SpoilCommand,
        /// The line of `glued_before_echo`, `line_in_answer` and `fail`.
        #[serde(default)]
        line: Option<String>,
        /// For `late_answer`.
        #[serde(default)]
        seconds: Option<f64>,
    },
    /// What the modem says of the next stored message goes wrong.
    SpoilNextArrival {
        /// What it says instead, with `{index}` for the slot; nothing if absent.
        #[serde(default)]
        line: Option<String>,
    },
    /// The modem starts anew.
    Reboot {
        /// How long the port is away.
        seconds: f64,
        /// Whether it comes back under the next number.
        #[serde(default)]
        new_port: bool,
    },
    /// The stick falls back into CD-ROM mode.
    CdRom,
    /// The stick is switched out of CD-ROM mode.
    SwitchMode,
    /// `+CNMI` falls back to the state of power-up.
    ForgetRouting,
    /// Another SIM is put in while the modem runs.
    SwapSim(SimCard),
    /// Faults strike by chance from now on.
    FaultRates {
        /// The same seed, the same faults.
        #[serde(default)]
        seed: u64,
        /// How many times as often as usual; 0 for never.
        times: f64,
    },
    /// The faults that fired.
    Ledger,
    /// The modem neither reads nor writes.
    Hang {
        /// For how long.
        seconds: f64,
    },
    /// An unsolicited line, where a modem would print one.
    Say {
        /// Without line ends.
        line: String,
    },
    /// Text printed at once, whatever goes on.
    Print {
        /// With its line ends, if any.
        text: String,
    },
    /// Someone rings.
    Ring {
        /// Who; absent where the number is withheld.
        #[serde(default)]
        from: Option<String>,
        /// For how long.
        #[serde(default = "a_while")]
        seconds: f64,
        /// How it ends by itself.
        #[serde(default)]
        ends: CallEnd,
    },
    /// The network says something by USSD, by itself.
    Ussd {
        /// What.
        text: String,
        /// Whether it waits for an answer.
        #[serde(default)]
        more: bool,
    },
    /// The network tells its time.
    NetworkTime,
    /// Coverage is lost or comes back.
    Coverage {
        /// What the network offers.
        state: Registration,
        /// Back to home after that long; `None` for as it is.
        #[serde(default)]
        seconds: Option<f64>,
    },
    /// What was submitted.
    Submitted {
        /// Only parts with a `seq` above it.
        #[serde(default)]
        since: u64,
    },
    /// What the memories hold.
    Stored,
    /// How the modem and the network are.
    Status,
    /// Changes settings; what is absent stays.
    Set(Box<Change>),
}

/// At which point a send fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Instead of the prompt.
    BeforePrompt,
    /// After the PDU.
    #[default]
    AfterSubmit,
}

/// The rarer ways in which a send goes wrong, see [`SendFault`](crate::SendFault).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the SendFault of its name")]
pub enum Spoil {
    NoPrompt,
    OkWithoutReference,
    BareError,
    DoubledResult,
    LineBeforePrompt,
    LineBeforeResult,
    DropPort,
    PowerLost,
    ArrivalBeforeResult,
}

/// The ways in which a command goes wrong, see [`CommandSpoil`](crate::CommandSpoil).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the CommandSpoil of its name")]
pub enum SpoilCommand {
    GluedBeforeEcho,
    DoubleEcho,
    LineInAnswer,
    ArrivalInAnswer,
    DoubledResult,
    Fail,
    LateAnswer,
    LoseAnswer,
}

fn once() -> u16 {
    1
}

fn a_while() -> f64 {
    9.0
}
