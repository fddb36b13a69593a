//! USSD: a dialogue of questions and answers with the network, in whatever spelling the modem wants and gives.
//!
//! | what comes | what it does |
//! |---|---|
//! | a question, or a reply | written as plain text, or as packed octets where plain text was refused |
//! | `OK` | nothing: the network answers by `+CUSD`, before it, after it, or without it |
//! | an error | the other spelling is tried once, then the asker is told |
//! | `+CUSD` while an answer is awaited | is the answer |
//! | `+CUSD` otherwise | is told as an event |
//! | 60 s without an answer, or the asker's wish | ends the dialogue in the network (`AT+CUSD=2`) |
//!
//! The port is free between the `OK` and the answer, so messages go their way meanwhile. A modem that keeps its `OK` back
//! until the network has answered holds it for 30 s at most.
//!
//! **Invariant:** each question is answered once; one awaits its answer at a time.

use std::time::Duration;

use super::command::{AnswerLines, Command};
use super::job::{Job, Reply};
use super::spelling::{Spelling, pack, spell};
use super::text;
use super::{Answer, Engine, RequestId};
use crate::cause::ModemError;
use crate::error::CommandError;
use crate::event::{Event, FollowUp, UssdAnswer};
use crate::redacted::Redacted;

/// For the network's answer.
const LIMIT: Duration = Duration::from_secs(60);
/// For the result of the command; some modems give it only after the network's answer.
const RESULT: Duration = Duration::from_secs(30);
/// Lines of one answer, and characters of one question.
const MOST_LINES: usize = 24;
const LONGEST_CODE: usize = 182;
/// Coding scheme of a question: the default alphabet, no language (3GPP TS 23.038 §5).
const DEFAULT_ALPHABET: u8 = 15;

/// The dialogue. Never shown: it may hold a text.
#[derive(Default)]
pub(super) struct Ussd {
    waiting: Option<Waiting>,
    /// Whether the network waits for a reply.
    open: bool,
    /// An answer whose closing quote has not come.
    partial: Option<Partial>,
    /// The spelling that the network answered to last.
    spelling: Spelling,
}

#[derive(Debug)]
struct Waiting {
    id: RequestId,
    deadline: Duration,
    spelling: Spelling,
    /// What the modem said to the first spelling.
    refused: Option<ModemError>,
}

struct Partial {
    text: String,
    lines: usize,
}

impl Ussd {
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.waiting.as_ref().map(|waiting| waiting.deadline)
    }
}

impl Engine {
    pub(super) fn ussd_job(&mut self, now: Duration, id: RequestId, code: String) -> Option<Job> {
        let plain = code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"*#+ .,-/:?!".contains(&byte));
        let wrong = if self.ussd.waiting.is_some() {
            "a USSD code is under way already: wait for its answer"
        } else if code.is_empty() || code.len() > LONGEST_CODE || !plain {
            "this is no USSD code: write one such as *100#"
        } else {
            let spelling = self.ussd.spelling;
            self.ussd.waiting = Some(Waiting {
                id,
                deadline: now + LIMIT,
                spelling,
                refused: None,
            });
            return Some(Job::Ussd { code, spelling });
        };
        self.answer(id, Answer::Ussd(Err(CommandError::Unusable(wrong))));
        None
    }

    /// Some networks would take a reply that comes too late for a code of its own.
    pub(super) fn ussd_reply_job(
        &mut self,
        now: Duration,
        id: RequestId,
        text: String,
    ) -> Option<Job> {
        if self.ussd.open || self.ussd.waiting.is_some() {
            return self.ussd_job(now, id, text);
        }
        let wrong = "the network waits for no reply any more: begin again with the code";
        self.answer(id, Answer::Ussd(Err(CommandError::Unusable(wrong))));
        None
    }

    /// Somebody ends the dialogue. Who waits for an answer gets none.
    pub(super) fn ussd_end_job(&mut self, id: RequestId) -> Job {
        self.fail_ussd(CommandError::Unusable(
            "the USSD dialogue was ended before its answer came",
        ));
        Job::UssdEnd { id: Some(id) }
    }

    pub(super) fn ussd_command(code: &str, spelling: Spelling) -> Command {
        let written = match spelling {
            Spelling::Plain => code.to_owned(),
            Spelling::Packed => pack(code),
        };
        Command::new(
            format!("AT+CUSD=1,\"{written}\",{DEFAULT_ALPHABET}"),
            AnswerLines::None,
        )
        .within(RESULT)
    }

    pub(super) fn finish_ussd(&mut self, code: String, reply: &Reply) {
        match reply {
            // The answer may still come, whether or not the modem says anything more.
            Reply::Ok(_) | Reply::NoAnswer => {}
            Reply::Error(error) => {
                let Some(waiting) = &mut self.ussd.waiting else {
                    return;
                };
                match waiting.refused {
                    None if is_about_spelling(*error) => {
                        waiting.refused = Some(*error);
                        waiting.spelling = waiting.spelling.other();
                        let spelling = waiting.spelling;
                        self.next.push_front(Job::Ussd { code, spelling });
                    }
                    first => self.fail_ussd(CommandError::Refused(first.unwrap_or(*error))),
                }
            }
        }
    }

    pub(super) fn finish_ussd_end(&mut self, id: Option<RequestId>, reply: &Reply) {
        let was_open = std::mem::take(&mut self.ussd.open);
        let Some(id) = id else { return };
        let result = match reply {
            Reply::Ok(_) => Ok(()),
            // There was nothing to end.
            Reply::Error(_) if !was_open => Ok(()),
            Reply::Error(error) => Err(CommandError::Refused(*error)),
            Reply::NoAnswer => Err(CommandError::NoAnswer),
        };
        self.answer(id, Answer::UssdEnded(result));
    }

    /// The port went away, or the modem began anew.
    pub(super) fn lose_ussd(&mut self, error: CommandError) {
        self.ussd.open = false;
        self.fail_ussd(error);
    }

    fn fail_ussd(&mut self, error: CommandError) {
        self.ussd.partial = None;
        if let Some(waiting) = self.ussd.waiting.take() {
            self.answer(waiting.id, Answer::Ussd(Err(error)));
        }
    }

    pub(super) fn expire_ussd(&mut self, now: Duration) {
        if self.ussd.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        if let Some(partial) = self.ussd.partial.take() {
            return self.tell_ussd(now, &partial.text);
        }
        self.fail_ussd(CommandError::NoAnswer);
        self.next.push_back(Job::UssdEnd { id: None });
    }

    /// `+CUSD: m,"text",dcs`, whose text may go on over several lines.
    pub(super) fn handle_ussd(&mut self, now: Duration, line: &str) {
        if text::has_open_quote(line) {
            self.ussd.partial = Some(Partial {
                text: line.to_owned(),
                lines: 1,
            });
        } else {
            self.tell_ussd(now, line);
        }
    }

    /// Gives whether the line went into an answer that had begun.
    pub(super) fn take_rest_of_ussd(&mut self, now: Duration, line: &str) -> bool {
        let Some(mut partial) = self.ussd.partial.take() else {
            return false;
        };
        if text::final_result(line).is_some()
            || text::code(line).is_some()
            || partial.lines >= MOST_LINES
        {
            self.tell_ussd(now, &partial.text);
            return false;
        }
        partial.text.push('\n');
        partial.text.push_str(line);
        partial.lines += 1;
        if text::has_open_quote(&partial.text) {
            self.ussd.partial = Some(partial);
        } else {
            self.tell_ussd(now, &partial.text);
        }
        true
    }

    fn tell_ussd(&mut self, now: Duration, line: &str) {
        let arguments = text::arguments(line);
        let follow_up = match text::number::<u8>(&arguments, 0) {
            Some(1) => FollowUp::Expected,
            Some(2) => FollowUp::EndedByNetwork,
            Some(3) => FollowUp::Elsewhere,
            Some(4) => FollowUp::NotSupported,
            Some(5) => FollowUp::TimedOut,
            Some(_) | None => FollowUp::Ended,
        };
        let said = arguments
            .get(1)
            .map_or_else(String::new, |said| spell(said, text::number(&arguments, 2)));
        let was_open = self.ussd.open;
        self.ussd.open = follow_up == FollowUp::Expected;
        let silent = said.is_empty();
        let answer = UssdAnswer {
            text: Redacted::new(said),
            follow_up,
        };
        if let Some(waiting) = self.ussd.waiting.take() {
            if !silent {
                self.ussd.spelling = waiting.spelling;
            }
            self.answer(waiting.id, Answer::Ussd(Ok(answer)));
            self.answered_early(now);
        } else if !silent || was_open || follow_up == FollowUp::Expected {
            // Without a text and a dialogue it is the echo of our own `AT+CUSD=2`.
            self.event(Event::Ussd(answer));
        }
    }
}

/// Whether another spelling may be taken: not if SIM, network or modem cannot do it now.
fn is_about_spelling(error: ModemError) -> bool {
    match error {
        ModemError::Plain | ModemError::NotSupported | ModemError::Cms(_) => true,
        ModemError::Cme(code) => !matches!(code, 10..=18 | 30..=32 | 132..=134 | 515),
    }
}
