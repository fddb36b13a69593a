//! The network's side of USSD for [`TestLine`](super::TestLine): answers as it was told to, and remembers what it heard.

use std::collections::VecDeque;

use crate::link::{LinkError, UssdAnswer, UssdInput};

/// What a network with nothing to say says.
const UNKNOWN: &str = "the network does not know this code";

#[derive(Debug, Default)]
pub(super) struct Menu {
    answers: VecDeque<UssdAnswer>,
    heard: Vec<UssdInput>,
    is_open: bool,
}

impl Menu {
    pub(super) fn next(&mut self, text: &str, expects_reply: bool) {
        self.answers.push_back(UssdAnswer {
            text: text.to_owned(),
            expects_reply,
        });
    }

    /// What was said, `end` where a dialogue was ended.
    pub(super) fn heard(&self) -> Vec<String> {
        let heard = self.heard.iter().map(|input| match input {
            UssdInput::Code(said) | UssdInput::Reply(said) => said.clone(),
        });
        heard.collect()
    }

    pub(super) fn answer(&mut self, input: &UssdInput) -> Result<UssdAnswer, LinkError> {
        if matches!(input, UssdInput::Reply(_)) && !self.is_open {
            return Err(LinkError(
                "the network waits for no reply any more".to_owned(),
            ));
        }
        self.heard.push(input.clone());
        let answer = self.answers.pop_front();
        self.is_open = answer.as_ref().is_some_and(|answer| answer.expects_reply);
        answer.ok_or_else(|| LinkError(UNKNOWN.to_owned()))
    }

    pub(super) fn end(&mut self) {
        if std::mem::take(&mut self.is_open) {
            self.heard.push(UssdInput::Reply("end".to_owned()));
        }
    }
}
