//! The modem's commands. `parse` cuts lines, this file dispatches them and formats answers; the commands themselves are
//! grouped as the standards group them: `general`, `security`, `calls` and `ussd` (V.250 and 3GPP TS 27.007), `routing`, `storage`
//! and `sending` (3GPP TS 27.005), `text_mode` (the text forms of both), `vendor` (what no standard has).

pub(crate) mod calls;
pub(crate) mod general;
pub(crate) mod parse;
pub(crate) mod routing;
pub(crate) mod security;
pub(crate) mod sending;
pub(crate) mod state;
pub(crate) mod storage;
pub(crate) mod text_mode;
pub(crate) mod ussd;
pub(crate) mod vendor;

use std::time::Duration;

use crate::fault::CommandSpoil;
use crate::quirks::{LineEnd, UnknownCommand};
use crate::simulator::{Reaction, Simulator};
use parse::{Command, Form, NotANumber};
use state::Entry;

/// Why a command failed, and by which code a client learns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// `ERROR`.
    Plain,
    /// The modem has no such command: `ERROR`, or what its maker thought of.
    Unknown,
    /// `+CME ERROR: n` (3GPP TS 27.007 §9.2), in the form that `+CMEE` chose.
    Equipment(u16),
    /// `+CMS ERROR: n` (3GPP TS 27.005 §3.2.5).
    Message(u16),
}

impl From<NotANumber> for Failure {
    fn from(_: NotANumber) -> Self {
        Self::Plain
    }
}

/// What a command that did not fail leads to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Information lines (possibly none) and, at the end of the command line, `OK`.
    Done(Vec<String>),
    /// A PDU or text is wanted.
    Prompt(Entry),
    /// The answer is made already, by a send.
    Sent(Reaction),
}

pub(crate) type Answered = Result<Outcome, Failure>;

pub(crate) fn done() -> Answered {
    Ok(Outcome::Done(Vec::new()))
}

pub(crate) fn line(text: impl Into<String>) -> Answered {
    Ok(Outcome::Done(vec![text.into()]))
}

/// 3GPP TS 27.005 §3.2.5 and 27.007 §9.2.
pub(crate) const CMS_OPERATION_NOT_SUPPORTED: Failure = Failure::Message(303);
pub(crate) const CMS_INVALID_PDU: Failure = Failure::Message(304);
pub(crate) const CMS_INVALID_TEXT: Failure = Failure::Message(305);
pub(crate) const CMS_INVALID_INDEX: Failure = Failure::Message(321);
pub(crate) const CMS_MEMORY_FULL: Failure = Failure::Message(322);
pub(crate) const CMS_NO_NETWORK: Failure = Failure::Message(331);
pub(crate) const CMS_NO_ACKNOWLEDGEMENT_EXPECTED: Failure = Failure::Message(340);

impl Simulator {
    /// Runs a command line: all its commands up to the first that fails or asks for more.
    pub(crate) fn command_line(&mut self, line: &str) -> Reaction {
        let repeated = line.trim().eq_ignore_ascii_case("A/");
        let line = if repeated {
            self.modem.last_line.clone()
        } else {
            line.to_owned()
        };
        let Some(commands) = parse::commands(&line) else {
            return Reaction::Silence;
        };
        self.modem.last_line.clone_from(&line);
        let written = written_behind_at(&line);
        let begins = |pattern: &String| written.starts_with(pattern.to_ascii_uppercase().as_str());
        let quirks = &self.settings.quirks;
        let silent = quirks.silent_commands.iter().any(begins);
        let without_final = quirks.without_final.iter().any(begins);
        let refused = quirks.refused_commands.iter().any(begins);
        self.latency = self.latency_of(&written);
        let spoil = self.command_fault(&written);
        if spoil == Some(CommandSpoil::DoubleEcho) && self.modem.echo {
            self.print(format!("\n{line}\r").as_bytes());
        }
        if let Some(fail @ CommandSpoil::Fail(_)) = &spoil {
            return self.spoilt_answer(&[], Ok(()), fail);
        }
        if refused {
            return self.answer(Vec::new(), Err(Failure::Message(500)));
        }
        let mut lines = Vec::new();
        let mut result = Ok(());
        for command in commands {
            match self.command(&command) {
                Ok(Outcome::Done(more)) => lines.extend(more),
                Ok(Outcome::Prompt(entry)) => return self.prompt(entry),
                Ok(Outcome::Sent(reaction)) => return reaction,
                Err(failure) => {
                    result = Err(failure);
                    break;
                }
            }
        }
        if let Some(spoil) = &spoil {
            return self.spoilt_answer(&lines, result, spoil);
        }
        if silent && result.is_ok() {
            return Reaction::Silence;
        }
        let answer = if without_final && result.is_ok() {
            self.information(&lines).into_bytes()
        } else {
            self.answer_bytes(&lines, result)
        };
        Reaction::Answer {
            after: self.latency,
            answer,
        }
    }

    fn latency_of(&mut self, written: &str) -> Duration {
        let own = self.settings.latencies.iter();
        let usual = self.settings.command_latency;
        let latency = own
            .filter(|own| written.starts_with(own.command.as_str()))
            .map(|own| own.latency)
            .next()
            .unwrap_or(usual);
        latency + self.jitter(self.settings.command_jitter)
    }

    fn command(&mut self, command: &Command) -> Answered {
        match command {
            Command::Basic { name, number } => self.basic(name, *number),
            Command::Extended { name, .. }
                if self.settings.quirks.missing_commands.contains(name) =>
            {
                Err(Failure::Unknown)
            }
            Command::Extended { name, form } => self.extended(name, form),
            Command::Dial => line("NO CARRIER"),
        }
    }

    fn extended(&mut self, name: &str, form: &Form) -> Answered {
        match name {
            "+CSMS" => self.csms(form),
            "+CPMS" => self.cpms(form),
            "+CMGF" => self.cmgf(form),
            "+CSCA" => self.csca(form),
            "+CNMI" => self.cnmi(form),
            "+CNMA" => self.cnma(form),
            "+CMGL" => self.cmgl(form),
            "+CMGR" => self.cmgr(form),
            "+CMGD" => self.cmgd(form),
            "+CMGW" => self.cmgw(form),
            "+CMGS" => self.cmgs(form),
            "+CMSS" => self.cmss(form),
            "+CMMS" => self.cmms(form),
            "+CSMP" => self.csmp(form),
            "+CSDH" => self.csdh(form),
            "+CPIN" => self.cpin(form),
            "+CPINR" => self.cpinr(form),
            "+CLCK" => self.clck(form),
            _ => self.general(name, form),
        }
    }

    /// An answer after the usual latency.
    pub(crate) fn answer(&self, lines: Vec<String>, result: Result<(), Failure>) -> Reaction {
        Reaction::Answer {
            after: self.latency,
            answer: self.answer_bytes(&lines, result),
        }
    }

    /// An answer as V.250 §5.7.1 frames it: `\r\nline\r\n` … `\r\nOK\r\n`.
    pub(crate) fn answer_bytes(&self, lines: &[String], result: Result<(), Failure>) -> Vec<u8> {
        let result = match (result, self.modem.error_form) {
            (Ok(()), _) => "OK".to_owned(),
            (Err(Failure::Message(code)), _) => format!("+CMS ERROR: {code}"),
            (Err(Failure::Unknown), _) => match self.settings.quirks.unknown_command {
                UnknownCommand::Error => "ERROR".to_owned(),
                UnknownCommand::NotSupport => "COMMAND NOT SUPPORT".to_owned(),
            },
            (Err(Failure::Plain), _) | (Err(Failure::Equipment(_)), 0) => "ERROR".to_owned(),
            (Err(Failure::Equipment(code)), 2) => format!("+CME ERROR: {}", equipment_error(code)),
            (Err(Failure::Equipment(code)), _) => format!("+CME ERROR: {code}"),
        };
        format!("{}\r\n{result}\r\n", self.information(lines)).into_bytes()
    }

    /// The answer's lines, framed.
    pub(crate) fn information(&self, lines: &[String]) -> String {
        let end = match self.settings.quirks.line_end {
            LineEnd::CrLf => "\r\n",
            LineEnd::CrCrLf => "\r\r\n",
        };
        if lines.is_empty() {
            String::new()
        } else {
            format!("\r\n{}{end}", lines.join(end))
        }
    }

    /// Fails where the SIM is not ready, as 3GPP TS 27.005 §3.2.5 numbers it.
    pub(crate) fn sim_for_messages(&self) -> Result<(), Failure> {
        match self.sim_problem() {
            None => Ok(()),
            Some(security::SimProblem::Busy) => Err(Failure::Message(314)),
            Some(security::SimProblem::Pin) => Err(Failure::Message(311)),
            Some(security::SimProblem::Puk) => Err(Failure::Message(316)),
        }
    }

    /// The same for other commands, as 3GPP TS 27.007 §9.2 numbers it.
    pub(crate) fn sim_for_others(&self) -> Result<(), Failure> {
        match self.sim_problem() {
            None => Ok(()),
            Some(security::SimProblem::Busy) => Err(Failure::Equipment(14)),
            Some(security::SimProblem::Pin) => Err(Failure::Equipment(11)),
            Some(security::SimProblem::Puk) => Err(Failure::Equipment(12)),
        }
    }

    /// How long a send takes from its end to its result.
    pub(crate) fn send_latency(&mut self) -> Duration {
        self.settings.send_latency + self.jitter(self.settings.send_jitter)
    }
}

/// The line behind `AT`, in capitals, for comparison with the beginnings of commands.
fn written_behind_at(line: &str) -> String {
    let upper = line.to_ascii_uppercase();
    let behind = upper
        .split_once("AT")
        .map_or(upper.as_str(), |(_, behind)| behind);
    behind.trim().to_owned()
}

fn equipment_error(code: u16) -> String {
    let words = match code {
        3 => "operation not allowed",
        4 => "operation not supported",
        10 => "SIM not inserted",
        11 => "SIM PIN required",
        12 => "SIM PUK required",
        13 => "SIM failure",
        14 => "SIM busy",
        16 => "incorrect password",
        30 => "no network service",
        100 => "unknown",
        other => return other.to_string(),
    };
    words.to_owned()
}
