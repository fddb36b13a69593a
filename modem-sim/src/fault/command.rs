//! What goes wrong with a command that does not send.

use std::time::Duration;

use crate::at::Failure;
use crate::simulator::{Due, Reaction, Simulator};

/// The answer of one command is lost: the command takes effect, and nothing is printed.
///
/// A lost answer to `+CMGD` and a new message in the freed slot are what makes blind repetition dangerous (AT-QUIRKS.md
/// row 37, expected).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostAnswer {
    /// How the command begins, such as `+CMGD`.
    pub command: String,
}

/// The next command line that begins so goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandFault {
    /// How the line begins behind `AT`, such as `+CSQ`; empty for whichever comes next.
    pub command: String,
    /// In which way.
    pub how: CommandSpoil,
}

/// How a command line goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandSpoil {
    /// Unsolicited lines stand right before the echo, as in `^SRVST:2\r\nAT+CPIN?` (AT-QUIRKS.md row 4). The text is printed
    /// as it is, at the first letter of the command, so that `CommandFault::command` does not choose: it meets whichever
    /// command comes next.
    GluedBeforeEcho(String),
    /// The echo comes twice (AT-QUIRKS.md row 24: `AT+CSQ\r\nAT+CSQ\r\n+CME ERROR: 515`).
    DoubleEcho,
    /// An unsolicited line between the echo and the answer (AT-QUIRKS.md row 5: `^RSSI:3`, then `+CMGR: …`).
    LineInAnswer(String),
    /// What arrives from now on waits, and is told between the answer's lines and its result: `+CDS` in the middle of a
    /// command (AT-QUIRKS.md row 21).
    ArrivalInAnswer,
    /// `OK` twice (AT-QUIRKS.md row 9).
    DoubledResult,
    /// The command does nothing and ends with that line: `COMMAND NOT SUPPORT` (AT-QUIRKS.md row 12), `+CME ERROR: 515`, 14
    /// or 11 (row 18), `+CMS ERROR: 500` (row 17).
    Fail(String),
    /// The command takes effect; its answer comes that much later, and the modem answers others meanwhile.
    LateAnswer(Duration),
    /// The command takes effect; its answer never comes.
    LoseAnswer,
}

impl CommandSpoil {
    /// As the ledger calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::GluedBeforeEcho(_) => "glued_before_echo",
            Self::DoubleEcho => "double_echo",
            Self::LineInAnswer(_) => "line_in_answer",
            Self::ArrivalInAnswer => "arrival_in_answer",
            Self::DoubledResult => "doubled_result",
            Self::Fail(_) => "fail",
            Self::LateAnswer(_) => "late_answer",
            Self::LoseAnswer => "lose_answer",
        }
    }
}

impl Simulator {
    /// A command line begins: whether a fault meets it is decided by its rate, and what is glued before it is returned.
    pub(crate) fn begin_command(&mut self) -> Option<String> {
        self.faults.struck = self.faults.rates.as_mut().and_then(|rates| rates.command());
        let queue = &mut self.faults.commands;
        let scripted = queue
            .iter()
            .position(|fault| matches!(fault.how, CommandSpoil::GluedBeforeEcho(_)))
            .map(|place| queue.remove(place).how);
        let random = self
            .faults
            .struck
            .take_if(|spoil| matches!(spoil, CommandSpoil::GluedBeforeEcho(_)));
        match scripted.or(random) {
            Some(CommandSpoil::GluedBeforeEcho(text)) => {
                self.fired("glued_before_echo", text.trim().to_owned());
                Some(text)
            }
            Some(_) | None => None,
        }
    }

    /// The fault that a finished command line meets: a scripted one, else one by its rate. Sends have their own.
    pub(crate) fn command_fault(&mut self, written: &str) -> Option<CommandSpoil> {
        let meets = |command: &str| written.starts_with(command.to_ascii_uppercase().as_str());
        let random = self.faults.struck.take();
        let lost = &mut self.faults.lost_answers;
        let queue = &mut self.faults.commands;
        let met = if let Some(place) = lost.iter().position(|fault| meets(&fault.command)) {
            lost.remove(place);
            Some(CommandSpoil::LoseAnswer)
        } else if let Some(place) = queue.iter().position(|fault| {
            meets(&fault.command) && !matches!(fault.how, CommandSpoil::GluedBeforeEcho(_))
        }) {
            Some(queue.remove(place).how)
        } else {
            random.filter(|_| !written.starts_with("+CMGS") && !written.starts_with("+CMSS"))
        };
        if let Some(spoil) = &met {
            self.fired(spoil.name(), written.to_owned());
        }
        met
    }

    /// An answer as the fault lets it out.
    pub(crate) fn spoilt_answer(
        &mut self,
        lines: &[String],
        result: Result<(), Failure>,
        spoil: &CommandSpoil,
    ) -> Reaction {
        let usual = self.answer_bytes(lines, result);
        let answer = match spoil {
            CommandSpoil::GluedBeforeEcho(_) | CommandSpoil::DoubleEcho => usual,
            CommandSpoil::LineInAnswer(line) => {
                [format!("\r\n{line}\r\n").as_bytes(), &usual].concat()
            }
            CommandSpoil::ArrivalInAnswer => {
                self.inside = Some(self.information(lines).len());
                usual
            }
            CommandSpoil::DoubledResult => [&usual[..], b"OK\r\n"].concat(),
            CommandSpoil::Fail(line) => format!("\r\n{line}\r\n").into_bytes(),
            CommandSpoil::LateAnswer(late) => {
                self.schedule(self.now + *late, Due::Answer(usual));
                return Reaction::Silence;
            }
            CommandSpoil::LoseAnswer => return Reaction::Silence,
        };
        Reaction::Answer {
            after: self.latency,
            answer,
        }
    }
}
