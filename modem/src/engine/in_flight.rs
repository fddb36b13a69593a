//! The command in flight: what it waits for, and which lines it takes.

use std::time::Duration;

use super::command::{AnswerLines, Command, Leaves};
use super::job::Job;
use super::network;
use super::text::{self, Final};

/// Most that one answer may hold.
const ANSWER_BYTES: usize = 1 << 20;

/// The command in flight. Never shown: its lines may be a number or a text.
pub(super) struct InFlight {
    pub(super) job: Job,
    pub(super) deadline: Duration,
    /// Whether a message may have left with what was handed out.
    pub(super) left: bool,
    pub(super) command: Command,
    pub(super) stage: Stage,
    pub(super) lines: Vec<String>,
    bytes: usize,
    /// Whether a listing header came and its PDU did not.
    pub(super) wants_pdu: bool,
    /// Whether an `OK` came where a listing or a message was expected.
    pub(super) seems_empty: bool,
    /// Whether the next `OK` belongs to a late result that came in between.
    pub(super) skip_ok: bool,
    /// A result that may be an older send's; see `late`.
    pub(super) held: Option<Held>,
    /// Results of a send that were taken for those of earlier commands; as many as were owed.
    pub(super) passed_over: Vec<Final>,
    /// Whether what it asks for came by an unsolicited line already.
    pub(super) is_answered: bool,
}

/// A result that waits for another one.
pub(super) struct Held {
    pub(super) ended: Final,
    pub(super) lines: Vec<String>,
}

/// Where it stands; the table is in `exchange`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Answer,
    Prompt,
    Result,
    Late,
}

impl InFlight {
    /// A command that is written now.
    pub(super) fn new(now: Duration, job: Job, command: Command) -> Self {
        let stage = if command.payload.is_some() {
            Stage::Prompt
        } else {
            Stage::Answer
        };
        Self {
            job,
            deadline: now + command.limit,
            left: false,
            command,
            stage,
            lines: Vec::new(),
            bytes: 0,
            wants_pdu: false,
            seems_empty: false,
            skip_ok: false,
            held: None,
            passed_over: Vec::new(),
            is_answered: false,
        }
    }

    pub(super) fn may_have_left(&self) -> bool {
        self.left
    }

    pub(super) fn is_command(&self, line: &str) -> bool {
        self.command.text == line
    }

    /// Whether a line belongs to its answer.
    pub(super) fn takes(&self, line: &str) -> bool {
        // Before it is handed out, a reference is that of an older send.
        let is_held_back = self.command.leaves != Leaves::Never && !self.left;
        if self.stage == Stage::Prompt || is_held_back {
            return false;
        }
        match self.command.answer {
            AnswerLines::None => false,
            // `+CREG: 1` is unsolicited, `+CREG: 0,1` is the answer.
            AnswerLines::Coded(code @ ("+CREG" | "+CGREG" | "+CEREG")) => {
                text::code(line) == Some(code) && network::answers_registration(line)
            }
            AnswerLines::Coded(code) | AnswerLines::CodedThenPdu(code) => {
                text::code(line) == Some(code)
            }
            AnswerLines::Text(codes) => match text::code(line) {
                Some(code) => codes.contains(&code),
                None => !text::is_unsolicited(line),
            },
        }
    }

    pub(super) fn push(&mut self, line: &str) {
        self.bytes = self.bytes.saturating_add(line.len());
        if self.bytes <= ANSWER_BYTES {
            self.lines.push(line.to_owned());
        }
    }
}
