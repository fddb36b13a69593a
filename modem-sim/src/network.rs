//! The network's side: what was submitted, what waits for the SIM, and who answers.
//!
//! Knows nothing of AT commands; the message centre accepts finished TPDUs and hands out finished TPDUs.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;

use crate::fault::Fired;
use crate::tpdu::{Submit, TpduError, to_hex};

/// How many submissions, assembled messages and waiting messages are kept; beyond it the oldest go.
pub const KEPT: usize = 10_000;

/// One part that the network took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Submission {
    /// Counts from 1.
    pub seq: u64,
    /// The recipient as a person writes it.
    pub to: String,
    /// The part's own text.
    pub text: String,
    /// TP-MR, as the modem assigned it and `+CMGS:` said.
    pub reference: u8,
    /// This part's number, from 1.
    pub part: u8,
    /// How many parts the message has.
    pub total: u8,
    /// The reference that joins the parts; `None` for a message of one part.
    pub concat_reference: Option<u16>,
    /// Whether a status report was asked for.
    pub srr: bool,
    /// The TPDU in hexadecimal digits, TP-MR as the sender wrote it.
    pub pdu: String,
    /// Virtual time of acceptance, in milliseconds.
    pub at_ms: u64,
}

/// A message all of whose parts were taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The recipient.
    pub to: String,
    /// The whole text.
    pub text: String,
    /// The `seq` of its parts, in the order of the text.
    pub parts: Vec<u64>,
}

/// What the network did, for those who watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A part was taken.
    Submitted(Submission),
    /// A whole message is there.
    Message(Message),
    /// A status report reached the modem.
    Reported {
        /// TP-MR of the part.
        reference: u8,
        /// TP-ST.
        status: u8,
    },
    /// A message reached the modem.
    Delivered {
        /// Its TPDU in hexadecimal digits.
        tpdu: String,
    },
    /// A fault fired.
    Fault(Fired),
    /// The port went away.
    PortClosed,
    /// The port is back.
    PortOpened,
}

/// The message centre.
#[derive(Debug, Clone, Default)]
pub struct Network {
    submitted: VecDeque<Submission>,
    unfinished: Vec<Unfinished>,
    messages: VecDeque<Message>,
    /// TPDUs on their way to the SIM, oldest first; they wait here while it cannot take them.
    pub(crate) waiting: VecDeque<Vec<u8>>,
    last_seq: u64,
}

#[derive(Debug, Clone)]
struct Unfinished {
    to: String,
    reference: u16,
    parts: Vec<Option<(u64, String)>>,
}

impl Network {
    /// Parts taken so far with a `seq` above the given one, oldest first.
    pub fn submitted(&self, since: u64) -> impl Iterator<Item = &Submission> {
        self.submitted
            .iter()
            .filter(move |submission| submission.seq > since)
    }

    /// Whole messages, oldest first.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter()
    }

    /// Takes a TPDU from the modem. Returns it as read, the log entry, and the message that it completes.
    ///
    /// # Errors
    ///
    /// [`TpduError`] for what is no well-formed SMS-SUBMIT.
    pub(crate) fn accept(
        &mut self,
        now: Duration,
        tpdu: &[u8],
        reference: u8,
    ) -> Result<(Submit, Submission, Option<Message>), TpduError> {
        let submit = Submit::read(tpdu)?;
        let concatenation = submit
            .user_data
            .concatenation()
            .filter(|parts| parts.total > 1 && parts.number > 0);
        self.last_seq += 1;
        let submission = Submission {
            seq: self.last_seq,
            to: submit.to.to_string(),
            text: submit.user_data.text.clone(),
            reference,
            part: concatenation.map_or(1, |parts| parts.number),
            total: concatenation.map_or(1, |parts| parts.total),
            concat_reference: concatenation.map(|parts| parts.reference),
            srr: submit.report_requested,
            pdu: to_hex(tpdu),
            at_ms: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
        };
        keep(&mut self.submitted, submission.clone());
        let message = self.assemble(&submission);
        if let Some(message) = &message {
            keep(&mut self.messages, message.clone());
        }
        Ok((submit, submission, message))
    }

    fn assemble(&mut self, part: &Submission) -> Option<Message> {
        let Some(reference) = part.concat_reference else {
            return Some(Message {
                to: part.to.clone(),
                text: part.text.clone(),
                parts: vec![part.seq],
            });
        };
        let total = usize::from(part.total);
        let same = |set: &Unfinished| {
            set.to == part.to && set.reference == reference && set.parts.len() == total
        };
        let at = self.unfinished.iter().position(same).unwrap_or_else(|| {
            if self.unfinished.len() >= KEPT {
                self.unfinished.remove(0);
            }
            self.unfinished.push(Unfinished {
                to: part.to.clone(),
                reference,
                parts: vec![None; total],
            });
            self.unfinished.len() - 1
        });
        let set = self.unfinished.get_mut(at)?;
        *set.parts.get_mut(usize::from(part.part) - 1)? = Some((part.seq, part.text.clone()));
        let parts: Option<Vec<(u64, String)>> = set.parts.iter().cloned().collect();
        let (seqs, texts): (Vec<u64>, Vec<String>) = parts?.into_iter().unzip();
        let set = self.unfinished.remove(at);
        Some(Message {
            to: set.to,
            text: texts.concat(),
            parts: seqs,
        })
    }

    /// Puts a TPDU into the queue for the SIM.
    pub(crate) fn queue(&mut self, tpdu: Vec<u8>) {
        keep(&mut self.waiting, tpdu);
    }
}

fn keep<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() >= KEPT {
        queue.pop_front();
    }
    queue.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tpdu::{Address, UserData};

    fn submit(to: &str, user_data: UserData) -> Vec<u8> {
        Submit {
            report_requested: true,
            reference: 0,
            to: Address::new(to),
            protocol: 0,
            data_coding: user_data.alphabet.coding(),
            validity: vec![],
            user_data,
        }
        .write()
        .unwrap()
    }

    #[test]
    fn parts_become_a_message_in_any_order() {
        let text = "ж".repeat(150);
        let parts = UserData::split(crate::tpdu::Alphabet::Ucs2, &text, 7).unwrap();
        let mut network = Network::default();
        let mut whole = None;
        for at in [2, 0, 2, 1] {
            let tpdu = submit("+12025550100", parts[at].clone());
            whole = network.accept(Duration::from_secs(1), &tpdu, 5).unwrap().2;
            assert_eq!(whole.is_some(), at == 1);
        }
        assert_eq!(
            whole,
            Some(Message {
                to: "+12025550100".to_owned(),
                text,
                parts: vec![2, 4, 3]
            })
        );
        let last = network.submitted(3).collect::<Vec<_>>();
        assert_eq!(last.len(), 1);
        assert_eq!(
            (last[0].part, last[0].total, last[0].concat_reference),
            (2, 3, Some(7))
        );
        assert_eq!(network.messages().count(), 1);
    }

    #[test]
    fn a_message_of_one_part_is_whole_at_once_and_junk_is_refused() {
        let mut network = Network::default();
        let tpdu = submit(
            "+12025550100",
            UserData::plain(crate::tpdu::Alphabet::Gsm7, "hi"),
        );
        let (_, submission, message) = network
            .accept(Duration::from_millis(1_500), &tpdu, 9)
            .unwrap();
        assert_eq!(
            (submission.reference, submission.at_ms, submission.srr),
            (9, 1_500, true)
        );
        assert_eq!(message.map(|message| message.text).as_deref(), Some("hi"));
        assert!(network.accept(Duration::ZERO, &[1, 2, 3], 0).is_err());
        assert_eq!(network.submitted(0).count(), 1);
    }
}
