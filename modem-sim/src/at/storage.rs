//! Stored messages: `+CMGF`, `+CSCA`, `+CMGL`, `+CMGR`, `+CMGD`, `+CMGW` (3GPP TS 27.005 §3).

use super::general::at_most;
use super::state::Entry;
use super::{
    Answered, CMS_INVALID_INDEX, CMS_INVALID_PDU, CMS_MEMORY_FULL, CMS_OPERATION_NOT_SUPPORTED,
    Failure, Outcome, done, line, parse::Form,
};
use crate::card::{Memory, Slot, Status};
use crate::quirks::{EmptySlot, PduForm, StatusField};
use crate::simulator::Simulator;
use crate::tpdu::{Address, split_service_centre, to_hex};

impl Simulator {
    pub(super) fn cmgf(&mut self, form: &Form) -> Answered {
        match form {
            Form::Test => line("+CMGF: (0,1)"),
            Form::Query => line(format!("+CMGF: {}", u8::from(self.modem.text_mode))),
            Form::Set(values) => {
                self.modem.text_mode = at_most(values, 0, 1)? == 1;
                done()
            }
            Form::Execute => {
                self.modem.text_mode = false;
                done()
            }
        }
    }

    pub(super) fn csca(&mut self, form: &Form) -> Answered {
        self.sim_for_messages()?;
        match form {
            Form::Query => {
                let service_centre = Address::new(&self.settings.service_centre);
                let shown = self.string(&service_centre.to_string());
                line(format!(
                    "+CSCA: \"{shown}\",{}",
                    service_centre.type_of_address()
                ))
            }
            Form::Set(values) => {
                let written =
                    self.written_string(values.text(0).ok_or(CMS_OPERATION_NOT_SUPPORTED)?);
                let plus = values.number(1)? == Some(145) && !written.starts_with('+');
                self.settings.service_centre = if plus { format!("+{written}") } else { written };
                done()
            }
            Form::Test => done(),
            Form::Execute => Err(Failure::Plain),
        }
    }

    fn shown_pdu(&self, slot: &Slot) -> String {
        let digits = to_hex(&slot.pdu);
        match self.settings.quirks.pdu_form {
            PduForm::Upper => digits,
            PduForm::Lower => digits.to_ascii_lowercase(),
            PduForm::TrailingQuote => digits + "\"",
            PduForm::Padded => digits + &"FF".repeat(164_usize.saturating_sub(slot.tpdu_length())),
        }
    }

    fn shown_status(&self, slot: &Slot) -> String {
        match self.settings.quirks.status_field {
            StatusField::Number => slot.status.number().to_string(),
            StatusField::Empty => String::new(),
        }
    }

    pub(super) fn cmgl(&mut self, form: &Form) -> Answered {
        self.sim_for_messages()?;
        let wanted = match form {
            Form::Test if self.modem.text_mode => {
                return line(
                    "+CMGL: (\"REC UNREAD\",\"REC READ\",\"STO UNSENT\",\"STO SENT\",\"ALL\")",
                );
            }
            Form::Test => return line("+CMGL: (0-4)"),
            Form::Execute | Form::Query => Some(Status::ReceivedUnread),
            Form::Set(values) if self.modem.text_mode => {
                let words = values.text(0).unwrap_or("REC UNREAD").to_ascii_uppercase();
                let status = Status::ALL
                    .into_iter()
                    .find(|status| status.words() == words);
                if status.is_none() && words != "ALL" {
                    return Err(CMS_OPERATION_NOT_SUPPORTED);
                }
                status
            }
            Form::Set(values) => match values.number(0)?.unwrap_or(0) {
                4 => None,
                number => {
                    let status = Status::ALL.get(usize::from(number)).copied();
                    Some(status.ok_or(CMS_OPERATION_NOT_SUPPORTED)?)
                }
            },
        };
        let [memory, ..] = self.modem.memories;
        let listed: Vec<(usize, Slot)> = self
            .card
            .slots(memory)
            .filter(|(_, slot)| wanted.is_none_or(|status| slot.status == status))
            .map(|(index, slot)| (index, slot.clone()))
            .collect();
        let mut lines = Vec::new();
        for (index, slot) in listed {
            if self.modem.text_mode {
                lines.extend(self.text_listing(index, &slot));
            } else {
                lines.push(format!(
                    "+CMGL: {index},{},,{}",
                    self.shown_status(&slot),
                    slot.tpdu_length()
                ));
                lines.push(self.shown_pdu(&slot));
            }
            self.mark_read(memory, index);
        }
        Ok(Outcome::Done(lines))
    }

    pub(super) fn cmgr(&mut self, form: &Form) -> Answered {
        self.sim_for_messages()?;
        let values = match form {
            Form::Test => return done(),
            Form::Set(values) => values,
            Form::Execute | Form::Query => return Err(Failure::Plain),
        };
        let index = usize::from(values.number(0)?.ok_or(CMS_INVALID_INDEX)?);
        let [memory, ..] = self.modem.memories;
        let slot = match (
            self.card.slot_mut(memory, index),
            self.settings.quirks.empty_slot,
        ) {
            (Some(Some(slot)), _) => slot.clone(),
            (Some(None), EmptySlot::BareOk) => return done(),
            (Some(None), EmptySlot::Error321) | (None, _) => return Err(CMS_INVALID_INDEX),
        };
        let lines = if self.modem.text_mode {
            self.text_reading(&slot)
        } else {
            vec![
                format!(
                    "+CMGR: {},,{}",
                    self.shown_status(&slot),
                    slot.tpdu_length()
                ),
                self.shown_pdu(&slot),
            ]
        };
        self.mark_read(memory, index);
        Ok(Outcome::Done(lines))
    }

    /// 3GPP TS 27.005 §3.4.2 and §3.4.3: reading turns "received unread" into "received read".
    fn mark_read(&mut self, memory: Memory, index: usize) {
        if let Some(Some(slot)) = self.card.slot_mut(memory, index)
            && slot.status == Status::ReceivedUnread
        {
            slot.status = Status::ReceivedRead;
        }
    }

    pub(super) fn cmgd(&mut self, form: &Form) -> Answered {
        self.sim_for_messages()?;
        let [memory, ..] = self.modem.memories;
        let values = match form {
            Form::Test => {
                let indices: Vec<String> = self
                    .card
                    .slots(memory)
                    .map(|(index, _)| index.to_string())
                    .collect();
                return line(format!("+CMGD: ({}),(0-4)", indices.join(",")));
            }
            Form::Set(values) => values,
            Form::Execute | Form::Query => return Err(Failure::Plain),
        };
        let index = usize::from(values.number(0)?.ok_or(CMS_INVALID_INDEX)?);
        // <delflag>, 3GPP TS 27.005 §3.5.4: the index counts for 0 only.
        let goes: &[Status] = match values.number(1)?.unwrap_or(0) {
            0 => {
                *self.card.slot_mut(memory, index).ok_or(CMS_INVALID_INDEX)? = None;
                &[]
            }
            1 => &[Status::ReceivedRead],
            2 => &[Status::ReceivedRead, Status::StoredSent],
            3 => &[
                Status::ReceivedRead,
                Status::StoredSent,
                Status::StoredUnsent,
            ],
            4 => &Status::ALL,
            _ => return Err(CMS_OPERATION_NOT_SUPPORTED),
        };
        let indices: Vec<usize> = self
            .card
            .slots(memory)
            .filter(|(_, slot)| goes.contains(&slot.status))
            .map(|(index, _)| index)
            .collect();
        for index in indices {
            if let Some(slot) = self.card.slot_mut(memory, index) {
                *slot = None;
            }
        }
        self.full_was_said = false;
        self.deliver_waiting();
        done()
    }

    pub(super) fn cmgw(&self, form: &Form) -> Answered {
        self.sim_for_messages()?;
        let values = match form {
            Form::Test => return done(),
            Form::Set(values) => values,
            Form::Execute | Form::Query => return Err(Failure::Plain),
        };
        if self.modem.text_mode {
            let to = self.written_string(values.text(0).unwrap_or(""));
            return Ok(Outcome::Prompt(Entry::WriteText {
                to,
                status: Status::StoredUnsent,
            }));
        }
        let length = usize::from(values.number(0)?.ok_or(CMS_INVALID_PDU)?);
        let status = Status::ALL
            .get(usize::from(values.number(1)?.unwrap_or(2)))
            .copied();
        Ok(Outcome::Prompt(Entry::Write {
            length,
            status: status.ok_or(CMS_OPERATION_NOT_SUPPORTED)?,
        }))
    }

    /// Stores what a client wrote; returns the answer's line.
    pub(super) fn store_written(
        &mut self,
        status: Status,
        pdu: Vec<u8>,
    ) -> Result<String, Failure> {
        split_service_centre(&pdu).map_err(|_malformed| CMS_INVALID_PDU)?;
        let [_, memory, _] = self.modem.memories;
        let index = self
            .card
            .store(memory, Slot { status, pdu })
            .map_err(|_full| {
                self.memory_is_full();
                CMS_MEMORY_FULL
            })?;
        Ok(format!("+CMGW: {index}"))
    }
}
