//! Sending: `+CMGS`, `+CMSS`, `+CMMS` and what follows a prompt (3GPP TS 27.005 §3.5), with the scripted faults.
//!
//! The network has the message at Ctrl-Z; the result follows after the send latency. What lies between is where a client
//! cannot know, so the faults sit there.

use std::time::Duration;

use super::state::Entry;
use super::{
    Answered, CMS_INVALID_INDEX, CMS_INVALID_PDU, CMS_NO_NETWORK, Failure, Outcome, done, line,
    parse::{Arguments, Form},
};
use crate::arrival::Incoming;
use crate::card::Status;
use crate::fault::{NetworkTook, SendFault};
use crate::network::Event;
use crate::quirks::{Prompt, SlotAfterSend};
use crate::settings::Reports;
use crate::simulator::{BackAs, Due, Reaction, Simulator};
use crate::tpdu::{Report, Submit, from_hex, split_service_centre};

/// How much of a message a friend repeats.
const REPEATED: usize = 60;

/// How long `+CMMS=1` keeps the link for the next message.
const LINK_KEPT: Duration = Duration::from_secs(5);

/// TP-ST of a failed message: the validity period expired (3GPP TS 23.040 §9.2.3.15).
const EXPIRED: u8 = 0x46;

impl Simulator {
    pub(super) fn cmgs(&mut self, form: &Form) -> Answered {
        let values = match form {
            Form::Test => return done(),
            Form::Set(values) => values,
            Form::Execute | Form::Query => return Err(Failure::Plain),
        };
        self.sim_for_messages()?;
        let fault = self.send_fault("+CMGS");
        if let Some(SendFault::BeforePrompt { code }) = fault {
            return Err(Failure::Message(code));
        }
        if self.modem.text_mode {
            return Ok(Outcome::Prompt(Entry::SendText {
                to: self.recipient(values)?,
                fault,
            }));
        }
        let length = usize::from(values.number(0)?.ok_or(CMS_INVALID_PDU)?);
        Ok(Outcome::Prompt(Entry::Send { length, fault }))
    }

    fn recipient(&self, values: &Arguments) -> Result<String, Failure> {
        let written = self.written_string(values.text(0).ok_or(super::CMS_INVALID_TEXT)?);
        let plus = values.number(1)? == Some(145) && !written.starts_with('+');
        Ok(if plus { format!("+{written}") } else { written })
    }

    pub(super) fn cmss(&mut self, form: &Form) -> Answered {
        let values = match form {
            Form::Test => return done(),
            Form::Set(values) => values,
            Form::Execute | Form::Query => return Err(Failure::Plain),
        };
        self.sim_for_messages()?;
        let index = usize::from(values.number(0)?.ok_or(CMS_INVALID_INDEX)?);
        let [_, memory, _] = self.modem.memories;
        let Some(Some(slot)) = self.card.slot_mut(memory, index) else {
            return Err(CMS_INVALID_INDEX);
        };
        let pdu = slot.pdu.clone();
        let fault = self.send_fault("+CMSS");
        if let Some(SendFault::BeforePrompt { code }) = fault {
            return Err(Failure::Message(code));
        }
        let (_, tpdu) = split_service_centre(&pdu).map_err(|_malformed| CMS_INVALID_PDU)?;
        // A slot whose send ended in an error stays unsent, even where the network took the message (3GPP TS 27.005
        // §3.5.2 leaves it open; seen with +CMS ERROR: 332).
        let stays = matches!(
            fault,
            Some(SendFault::AfterSubmit { .. } | SendFault::BareError | SendFault::PowerLost(_))
        ) || self.settings.quirks.slot_after_send == SlotAfterSend::Stays;
        let taken_before = self.network.submitted(0).count();
        let reaction = self.send("+CMSS", tpdu, fault, b"");
        let taken = self.network.submitted(0).count() > taken_before;
        if let Some(Some(slot)) = self.card.slot_mut(memory, index)
            && taken
            && !stays
        {
            slot.status = Status::StoredSent;
        }
        Ok(Outcome::Sent(reaction))
    }

    pub(super) fn cmms(&mut self, form: &Form) -> Answered {
        match form {
            Form::Test => line("+CMMS: (0-2)"),
            Form::Query => {
                // 1 falls back to 0 when nothing follows within 1 to 5 s (3GPP TS 27.005 §3.5.6).
                if self.modem.keep_link == 1 && self.now > self.modem.last_send + LINK_KEPT {
                    self.modem.keep_link = 0;
                }
                line(format!("+CMMS: {}", self.modem.keep_link))
            }
            Form::Set(values) => {
                self.modem.keep_link = super::general::at_most(values, 0, 2)?;
                self.modem.last_send = self.now;
                done()
            }
            Form::Execute => Err(Failure::Plain),
        }
    }

    pub(super) fn prompt(&self, entry: Entry) -> Reaction {
        let mut prompt = match self.settings.quirks.prompt {
            Prompt::Bare => b"\r\n> ".to_vec(),
            Prompt::WithLineEnd => b"\r\n> \r\n".to_vec(),
        };
        if let Entry::Send {
            fault: Some(fault), ..
        }
        | Entry::SendText {
            fault: Some(fault), ..
        } = &entry
        {
            match fault {
                SendFault::NoPrompt => prompt.clear(),
                SendFault::LineBeforePrompt(line) => {
                    prompt = [format!("\r\n{line}").as_bytes(), &prompt].concat();
                }
                SendFault::BeforePrompt { .. }
                | SendFault::AfterSubmit { .. }
                | SendFault::LoseAnswer
                | SendFault::LateAnswer(_)
                | SendFault::Hold
                | SendFault::OkWithoutReference
                | SendFault::BareError
                | SendFault::LineBeforeResult(_)
                | SendFault::DoubledResult
                | SendFault::DropPort(_)
                | SendFault::PowerLost(_)
                | SendFault::ArrivalBeforeResult(_) => {}
            }
        }
        if let (Entry::Send { .. } | Entry::SendText { .. }, Some(line)) =
            (&entry, &self.settings.quirks.lines_around_send)
        {
            prompt = [format!("\r\n{line}").as_bytes(), &prompt].concat();
        }
        Reaction::Prompt { entry, prompt }
    }

    /// Ctrl-Z after a prompt.
    pub(crate) fn finish_entry(&mut self, entry: Entry, data: &[u8]) -> Reaction {
        match entry {
            Entry::Send { length, fault } => match pdu_of(length, data) {
                Ok(pdu) => match split_service_centre(&pdu) {
                    Ok((_, tpdu)) => self.send("+CMGS", tpdu, fault, data),
                    Err(_malformed) => self.answer(Vec::new(), Err(CMS_INVALID_PDU)),
                },
                Err(failure) => self.answer(Vec::new(), Err(failure)),
            },
            Entry::SendText { to, fault } => match self.text_submit(&to, data) {
                Ok(tpdu) => self.send("+CMGS", &tpdu, fault, data),
                Err(failure) => self.answer(Vec::new(), Err(failure)),
            },
            Entry::Write { length, status } => {
                let stored = pdu_of(length, data).and_then(|pdu| self.store_written(status, pdu));
                self.write_answer(stored)
            }
            Entry::WriteText { to, status } => {
                let stored = self.text_submit(&to, data).and_then(|tpdu| {
                    let pdu = crate::tpdu::join_service_centre(None, &tpdu);
                    self.store_written(status, pdu)
                });
                self.write_answer(stored)
            }
        }
    }

    fn write_answer(&self, stored: Result<String, Failure>) -> Reaction {
        match stored {
            Ok(line) => self.answer(vec![line], Ok(())),
            Err(failure) => self.answer(Vec::new(), Err(failure)),
        }
    }

    /// Hands a TPDU to the network and makes the answer, spoilt as the fault says.
    fn send(
        &mut self,
        name: &str,
        tpdu: &[u8],
        fault: Option<SendFault>,
        typed: &[u8],
    ) -> Reaction {
        let after = self.send_latency();
        if let Some(SendFault::AfterSubmit {
            code,
            network: NetworkTook::Nothing,
        }) = fault
        {
            return Reaction::Answer {
                after,
                answer: self.answer_bytes(&[], Err(Failure::Message(code))),
            };
        }
        let reference = match self.submit(tpdu) {
            Ok(reference) => reference,
            Err(failure) => {
                return Reaction::Answer {
                    after,
                    answer: self.answer_bytes(&[], Err(failure)),
                };
            }
        };
        self.modem.last_send = self.now + after;
        let result = vec![format!("{name}: {reference}")];
        let mut usual = self.answer_bytes(&result, Ok(()));
        if let Some(line) = &self.settings.quirks.lines_around_send {
            usual = [format!("\r\n{line}").as_bytes(), &usual].concat();
        }
        let answer = match fault {
            None
            | Some(
                SendFault::NoPrompt
                | SendFault::LineBeforePrompt(_)
                | SendFault::BeforePrompt { .. },
            ) => usual,
            Some(SendFault::AfterSubmit { code, .. }) => {
                self.answer_bytes(&[], Err(Failure::Message(code)))
            }
            Some(SendFault::BareError) => self.answer_bytes(&[], Err(Failure::Plain)),
            Some(SendFault::LoseAnswer) => return Reaction::Silence,
            Some(SendFault::LateAnswer(late)) => {
                self.schedule(self.now + late, Due::Answer(usual));
                return Reaction::Silence;
            }
            Some(SendFault::Hold) => {
                self.held_answer = Some(usual);
                return Reaction::Silence;
            }
            Some(SendFault::OkWithoutReference) => {
                [typed, &self.answer_bytes(&[], Ok(()))].concat()
            }
            Some(SendFault::LineBeforeResult(junk)) => {
                [format!("\r\n{junk}").as_bytes(), &usual].concat()
            }
            Some(SendFault::DoubledResult) => [&usual[..], b"OK\r\n"].concat(),
            Some(SendFault::DropPort(duration) | SendFault::PowerLost(duration)) => {
                self.schedule(self.now, Due::PortCloses(duration, BackAs::Same));
                return Reaction::Silence;
            }
            Some(SendFault::ArrivalBeforeResult(incoming)) => {
                // A message that cannot be written does not arrive.
                let tpdus = self.tpdus_of(&incoming).unwrap_or_default();
                tpdus.into_iter().for_each(|tpdu| self.network.queue(tpdu));
                self.deliver_waiting();
                self.print_urcs();
                usual
            }
        };
        Reaction::Answer { after, answer }
    }

    /// The network takes a TPDU or refuses it. What follows from it is scheduled: the report, a friend's answer.
    fn submit(&mut self, tpdu: &[u8]) -> Result<u8, Failure> {
        if !self.registration().is_registered() {
            return Err(CMS_NO_NETWORK);
        }
        let read = Submit::read(tpdu).map_err(|_malformed| CMS_INVALID_PDU)?;
        if let Some(code) = self.settings.refused.get(&read.to.to_string()) {
            return Err(Failure::Message(*code));
        }
        let reference = self.next_reference;
        let (submit, submission, message) = self
            .network
            .accept(self.now, tpdu, reference)
            .map_err(|_malformed| CMS_INVALID_PDU)?;
        self.next_reference = self.next_reference.wrapping_add(1);
        self.event(Event::Submitted(submission));
        if submit.report_requested {
            self.schedule_report(reference, &submit);
        }
        if let Some(message) = message {
            self.friend_answers(&message.to, &message.text);
            self.event(Event::Message(message));
        }
        Ok(reference)
    }

    fn schedule_report(&mut self, reference: u8, submit: &Submit) {
        let status = match self.settings.reports {
            Reports::On => 0,
            Reports::Failed => EXPIRED,
            Reports::Off => return,
        };
        let service_centre_time = self.service_centre_time();
        let at = self.now + self.settings.report_delay;
        let discharge = i64::try_from(at.as_secs()).unwrap_or(0);
        let discharge_time = crate::tpdu::Timestamp::from_unix(
            self.settings.start_unix.saturating_add(discharge),
            self.settings.quarter_hours,
        );
        let report = Report {
            reference,
            recipient: submit.to.clone(),
            service_centre_time,
            discharge_time,
            status,
        };
        if let Ok(tpdu) = report.write() {
            self.schedule(at, Due::Tpdu(tpdu));
        }
    }

    fn friend_answers(&mut self, to: &str, text: &str) {
        let Some(friend) = self
            .settings
            .friends
            .iter()
            .find(|friend| friend.number == to)
            .cloned()
        else {
            return;
        };
        let count = u64::try_from(friend.replies.len()).unwrap_or(0);
        let chosen = usize::try_from(self.choose(count)).unwrap_or(0);
        let Some(reply) = friend.replies.get(chosen) else {
            return;
        };
        let repeated: String = text.chars().take(REPEATED).collect();
        let incoming = Incoming::new(to, &reply.replace("{text}", &repeated));
        self.schedule(
            self.now + Duration::from_millis(friend.delay_ms),
            Due::Incoming(incoming),
        );
    }
}

/// The PDU that was typed, if its TPDU is as long as announced. Blanks and line ends are passed over.
fn pdu_of(length: usize, typed: &[u8]) -> Result<Vec<u8>, Failure> {
    let digits: String = typed
        .iter()
        .map(|byte| char::from(*byte))
        .filter(|c| !c.is_ascii_whitespace())
        .collect();
    let pdu = from_hex(&digits).map_err(|_not_hex| CMS_INVALID_PDU)?;
    match split_service_centre(&pdu) {
        Ok((_, tpdu)) if tpdu.len() == length => Ok(pdu),
        Ok(_) | Err(_) => Err(CMS_INVALID_PDU),
    }
}
