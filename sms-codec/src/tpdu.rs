//! A TPDU of any type, and what the types have in common (3GPP TS 23.040 §9.2.2).

use std::fmt;

use crate::command::Command;
use crate::deliver::Deliver;
use crate::deliver_report::DeliverReport;
use crate::status_report::StatusReport;
use crate::submit::Submit;
use crate::submit_report::SubmitReport;
use crate::user_data::UserData;

/// TP-MTI of a SUBMIT.
pub(crate) const MTI_SUBMIT: u8 = 0x01;
/// TP-MTI of a DELIVER-REPORT.
pub(crate) const MTI_DELIVER_REPORT: u8 = 0x00;
/// TP-MTI of a SUBMIT-REPORT.
pub(crate) const MTI_SUBMIT_REPORT: u8 = 0x01;
/// TP-MTI of a COMMAND.
pub(crate) const MTI_COMMAND: u8 = 0x02;
/// TP-MTI of a STATUS-REPORT.
pub(crate) const MTI_STATUS_REPORT: u8 = 0x02;
/// TP-MMS, which is 0 where there *are* more messages.
pub(crate) const NO_MORE_MESSAGES: u8 = 0x04;
/// TP-RD.
pub(crate) const REJECT_DUPLICATES: u8 = 0x04;
/// TP-LP.
pub(crate) const LOOP_PREVENTION: u8 = 0x08;
/// TP-SRI, TP-SRR or TP-SRQ, by type.
pub(crate) const STATUS_REPORT: u8 = 0x20;
/// TP-RP.
pub(crate) const REPLY_PATH: u8 = 0x80;

/// TP-MR: the number by which a status report finds its message. It wraps at 256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageReference(pub u8);

impl fmt::Display for MessageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A TPDU.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Tpdu {
    /// A message from the network.
    Deliver(Deliver),
    /// A message to the network.
    Submit(Submit),
    /// What became of a message.
    StatusReport(StatusReport),
    /// A phone's answer to a DELIVER; modems send it by themselves.
    DeliverReport(DeliverReport),
    /// The network's answer to a SUBMIT; modems make `+CMGS` or an error of it.
    SubmitReport(SubmitReport),
    /// A command to the service centre.
    Command(Command),
}

impl Tpdu {
    /// The octets, without a service-centre address.
    pub fn emit(&self) -> Vec<u8> {
        match self {
            Self::Deliver(deliver) => deliver.emit(),
            Self::Submit(submit) => submit.emit(),
            Self::StatusReport(report) => report.emit(),
            Self::DeliverReport(report) => report.emit(),
            Self::SubmitReport(report) => report.emit(),
            Self::Command(command) => command.emit(),
        }
    }

    /// TP-UD, or TP-CD of a command; `None` where the type has none or this one goes without.
    pub fn user_data(&self) -> Option<&UserData> {
        match self {
            Self::Deliver(deliver) => Some(&deliver.user_data),
            Self::Submit(submit) => Some(&submit.user_data),
            Self::StatusReport(report) => report.user_data.as_ref(),
            Self::DeliverReport(report) => report.user_data.as_ref(),
            Self::SubmitReport(report) => report.user_data.as_ref(),
            Self::Command(command) => Some(&command.command_data),
        }
    }
}

/// The name of the type, as the standard writes it.
impl fmt::Display for Tpdu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deliver(_) => "SMS-DELIVER",
            Self::Submit(_) => "SMS-SUBMIT",
            Self::StatusReport(_) => "SMS-STATUS-REPORT",
            Self::DeliverReport(_) => "SMS-DELIVER-REPORT",
            Self::SubmitReport(_) => "SMS-SUBMIT-REPORT",
            Self::Command(_) => "SMS-COMMAND",
        })
    }
}

#[cfg(test)]
mod tests;
