//! Text mode (`+CMGF=1`), as far as clients that prefer PDU mode touch it: `+CSMP`, `+CSDH`, and the text forms of
//! reading, listing, sending and direct delivery (3GPP TS 27.005 §3.1 to §3.5).
//!
//! Left out: headers, sending more than one part, and `+CMGL` details under `+CSDH=1` beyond the standard's order.

use super::state::CharacterSet;
use super::{Answered, CMS_INVALID_PDU, CMS_INVALID_TEXT, Failure, done, line, parse::Form};
use crate::card::Slot;
use crate::simulator::Simulator;
use crate::tpdu::{
    Address, Alphabet, Deliver, Report, Submit, UserData, alphabet, from_hex, split_service_centre,
    to_hex,
};

impl Simulator {
    pub(super) fn csmp(&mut self, form: &Form) -> Answered {
        match form {
            Form::Test => line("+CSMP: (0-255),(0-255),(0-255),(0-255)"),
            Form::Query => line(format!(
                "+CSMP: {}",
                self.modem
                    .text_parameters
                    .map(|value| value.to_string())
                    .join(",")
            )),
            Form::Set(values) => {
                let mut chosen = self.modem.text_parameters;
                for (place, value) in chosen.iter_mut().enumerate() {
                    if let Some(wanted) = values.number(place)? {
                        *value = wanted.min(255);
                    }
                }
                self.modem.text_parameters = chosen;
                done()
            }
            Form::Execute => Err(Failure::Plain),
        }
    }

    pub(super) fn csdh(&mut self, form: &Form) -> Answered {
        match form {
            Form::Test => line("+CSDH: (0,1)"),
            Form::Query => line(format!("+CSDH: {}", self.modem.show_text_details)),
            Form::Set(values) => {
                self.modem.show_text_details = super::general::at_most(values, 0, 1)?;
                done()
            }
            Form::Execute => Err(Failure::Plain),
        }
    }

    /// A typed text as a TPDU, with the parameters of `+CSMP`.
    pub(super) fn text_submit(&self, to: &str, typed: &[u8]) -> Result<Vec<u8>, Failure> {
        let [first, validity, protocol, data_coding] = self
            .modem
            .text_parameters
            .map(|value| u8::try_from(value).unwrap_or(0));
        let alphabet = Alphabet::of_coding(data_coding);
        let typed_text = || String::from_utf8_lossy(typed).replace('\r', "\n");
        let text = match (self.modem.character_set, alphabet) {
            (_, Alphabet::Octets) => typed_text(),
            (CharacterSet::Ucs2, _) => {
                let octets = from_hex(typed_text().trim()).map_err(|_not_hex| CMS_INVALID_TEXT)?;
                alphabet::ucs2_to_text(&octets)
            }
            (CharacterSet::Gsm, _) => alphabet::septets_to_text(typed),
            (CharacterSet::Ira, _) => typed_text(),
        };
        let validity = if first & 0x18 == 0x10 {
            vec![validity]
        } else {
            Vec::new()
        };
        let submit = Submit {
            report_requested: first & 0x20 != 0,
            reference: 0,
            to: Address::new(to),
            protocol,
            data_coding,
            validity,
            user_data: UserData::plain(alphabet, &text),
        };
        submit.write().map_err(|_does_not_fit| CMS_INVALID_TEXT)
    }

    pub(super) fn text_listing(&self, index: usize, slot: &Slot) -> Vec<String> {
        let status = slot.status.words();
        match self.text_of(slot) {
            Some(Text::Received {
                from, time, text, ..
            }) => {
                vec![
                    format!("+CMGL: {index},\"{status}\",\"{from}\",,\"{time}\""),
                    text,
                ]
            }
            Some(Text::Written { to, text }) => {
                vec![format!("+CMGL: {index},\"{status}\",\"{to}\",,"), text]
            }
            Some(Text::Report(fields)) => vec![format!("+CMGL: {index},\"{status}\",{fields}")],
            None => vec![
                format!("+CMGL: {index},\"{status}\",\"\",,"),
                to_hex(&slot.pdu),
            ],
        }
    }

    pub(super) fn text_reading(&self, slot: &Slot) -> Vec<String> {
        let status = slot.status.words();
        match self.text_of(slot) {
            Some(Text::Received {
                from,
                time,
                text,
                details,
            }) => {
                let details = if self.modem.show_text_details == 1 {
                    details
                } else {
                    String::new()
                };
                vec![
                    format!("+CMGR: \"{status}\",\"{from}\",,\"{time}\"{details}"),
                    text,
                ]
            }
            Some(Text::Written { to, text }) => {
                vec![format!("+CMGR: \"{status}\",\"{to}\","), text]
            }
            Some(Text::Report(fields)) => vec![format!("+CMGR: \"{status}\",{fields}")],
            None => vec![format!("+CMGR: \"{status}\",\"\","), to_hex(&slot.pdu)],
        }
    }

    /// `+CMT` or `+CDS` in text mode.
    pub(crate) fn direct_text_lines(&self, name: &str, tpdu: &[u8]) -> String {
        match self.text_of_tpdu(tpdu) {
            Some(Text::Received {
                from, time, text, ..
            }) => format!("{name}: \"{from}\",,\"{time}\"\r\n{text}"),
            Some(Text::Report(fields)) => format!("{name}: {fields}"),
            Some(Text::Written { .. }) | None => format!("{name}: \"\",,\"\"\r\n{}", to_hex(tpdu)),
        }
    }

    fn text_of(&self, slot: &Slot) -> Option<Text> {
        let (_, tpdu) = split_service_centre(&slot.pdu)
            .map_err(|_malformed| CMS_INVALID_PDU)
            .ok()?;
        match slot.status {
            crate::card::Status::ReceivedRead | crate::card::Status::ReceivedUnread => {
                self.text_of_tpdu(tpdu)
            }
            crate::card::Status::StoredSent | crate::card::Status::StoredUnsent => {
                let submit = Submit::read(tpdu).ok()?;
                Some(Text::Written {
                    to: self.string(&submit.to.to_string()),
                    text: self.typed(&submit.user_data),
                })
            }
        }
    }

    fn text_of_tpdu(&self, tpdu: &[u8]) -> Option<Text> {
        if let Ok(report) = Report::read(tpdu) {
            let recipient = self.string(&report.recipient.to_string());
            return Some(Text::Report(format!(
                "6,{},\"{recipient}\",{},\"{}\",\"{}\",{}",
                report.reference,
                report.recipient.type_of_address(),
                report.service_centre_time,
                report.discharge_time,
                report.status
            )));
        }
        let deliver = Deliver::read(tpdu).ok()?;
        let text = self.typed(&deliver.user_data);
        let details = format!(
            ",{},{},{},{},\"{}\",145,{}",
            deliver.from.type_of_address(),
            tpdu.first().copied().unwrap_or(0),
            deliver.protocol,
            deliver.data_coding,
            self.string(&self.settings.service_centre),
            deliver.user_data.text.chars().count(),
        );
        let from = self.string(&deliver.from.to_string());
        Some(Text::Received {
            from,
            time: deliver.service_centre_time.to_string(),
            text,
            details,
        })
    }

    /// The text as the character set prints it; with a header, in hexadecimal digits (3GPP TS 27.005 §3.1, `<data>`).
    fn typed(&self, user_data: &UserData) -> String {
        match (user_data.alphabet, self.modem.character_set) {
            (Alphabet::Octets, _) => user_data.text.clone(),
            (Alphabet::Ucs2, _) => to_hex(&alphabet::ucs2(&user_data.text)),
            (Alphabet::Gsm7, _) => self.string(&user_data.text),
        }
    }
}

enum Text {
    Received {
        from: String,
        time: String,
        text: String,
        details: String,
    },
    Written {
        to: String,
        text: String,
    },
    /// The fields behind the status.
    Report(String),
}
