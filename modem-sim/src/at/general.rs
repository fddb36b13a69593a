//! Commands that are not about messages: ITU-T V.250 and 3GPP TS 27.007.

use std::time::Duration;

use super::state::{CharacterSet, ModemState};
use super::{Answered, Failure, done, line, parse::Arguments, parse::Form};
use crate::simulator::{Due, Simulator};
use crate::tpdu::{Address, alphabet, from_hex, to_hex};

/// How long `+CFUN=1,1` takes the port away.
const RESET: Duration = Duration::from_secs(2);

impl Simulator {
    pub(super) fn basic(&mut self, name: &str, number: Option<u16>) -> Answered {
        match (name, number.unwrap_or(0)) {
            ("E", echo @ (0 | 1)) => {
                self.modem.echo = echo == 1;
                done()
            }
            ("Z" | "&F", _) => {
                self.reset_settings();
                done()
            }
            ("I", _) => Ok(super::Outcome::Done(vec![
                format!("Manufacturer: {}", self.settings.identity.manufacturer),
                format!("Model: {}", self.settings.identity.model),
                format!("Revision: {}", self.settings.identity.firmware),
                format!("IMEI: {}", self.settings.imei),
            ])),
            ("S?", _) => line("000"),
            ("V", 1) | ("Q", 0) => done(),
            ("H", _) => self.hang_up(super::calls::By::Ath),
            ("A", _) => self.answer_call(),
            ("S" | "X" | "L" | "M" | "&C" | "&D" | "&K" | "&S" | "&W" | "\\Q", _) => done(),
            _ => Err(Failure::Plain),
        }
    }

    /// As after power-up, but the SIM stays unlocked and the radio as it is.
    fn reset_settings(&mut self) {
        let fresh = ModemState::new(&self.settings, self.modem.powered_at);
        let old = std::mem::replace(&mut self.modem, fresh);
        self.modem.radio_on = old.radio_on;
        self.modem.detached = old.detached;
        self.modem.unlocked = old.unlocked;
        self.modem.unacknowledged = old.unacknowledged;
        self.modem.arrivals = old.arrivals;
    }

    pub(super) fn general(&mut self, name: &str, form: &Form) -> Answered {
        match (name, form) {
            ("+CGMI" | "+GMI", Form::Execute) => line(self.settings.identity.manufacturer.clone()),
            ("+CGMM" | "+GMM", Form::Execute) => line(self.settings.identity.model.clone()),
            ("+CGMR" | "+GMR", Form::Execute) => line(self.settings.identity.firmware.clone()),
            ("+CGSN" | "+GSN", Form::Execute) => line(self.settings.imei.clone()),
            (
                "+CGMI" | "+GMI" | "+CGMM" | "+GMM" | "+CGMR" | "+GMR" | "+CGSN" | "+GSN" | "+CIMI"
                | "+CNUM",
                Form::Test,
            ) => done(),
            ("+CIMI", Form::Execute) => {
                self.sim_for_others()?;
                line(self.settings.imsi.clone())
            }
            ("+CNUM", Form::Execute) => {
                self.sim_for_others()?;
                let number = Address::new(&self.settings.own_number);
                let shown = self.string(&number.to_string());
                line(format!(
                    "+CNUM: \"\",\"{shown}\",{}",
                    number.type_of_address()
                ))
            }
            ("+GCAP", Form::Execute) => {
                line(format!("+GCAP: {}", self.settings.identity.capabilities))
            }
            ("+CMEE", Form::Set(values)) => {
                self.modem.error_form = at_most(values, 0, 2)?;
                done()
            }
            ("+CMEE", Form::Query) => line(format!("+CMEE: {}", self.modem.error_form)),
            ("+CMEE", Form::Test) => line("+CMEE: (0-2)"),
            ("+CFUN", form) => self.cfun(form),
            ("+CREG" | "+CGREG" | "+CEREG", form) => self.creg(name, form),
            ("+COPS", form) => self.cops(form),
            ("+CSQ", Form::Execute) => {
                let signal = if self.registration().is_registered() {
                    self.settings.signal
                } else {
                    99
                };
                line(format!("+CSQ: {signal},99"))
            }
            ("+CSQ", Form::Test) => line("+CSQ: (0-31,99),(99)"),
            ("+CSCS", form) => self.cscs(form),
            ("+CLIP", Form::Set(values)) => {
                self.modem.caller_lines = at_most(values, 0, 1)?;
                done()
            }
            ("+CLIP", Form::Query) => line(format!("+CLIP: {},1", self.modem.caller_lines)),
            ("+CLIP", Form::Test) => line("+CLIP: (0,1)"),
            ("+CUSD", form) => self.cusd(form),
            ("+CHUP", Form::Execute) => self.hang_up(super::calls::By::Chup),
            ("+CLCC", Form::Execute) => self.clcc(),
            ("+CPAS", Form::Execute) => line(format!("+CPAS: {}", self.activity())),
            ("+CRC", Form::Set(values)) => {
                self.modem.long_rings = at_most(values, 0, 1)?;
                done()
            }
            ("+CRC", Form::Query) => line(format!("+CRC: {}", self.modem.long_rings)),
            ("+CVHU", Form::Set(values)) => {
                self.modem.hang_up_control = at_most(values, 0, 1)?;
                done()
            }
            ("+CTZR", Form::Set(values)) => {
                self.modem.time_lines = at_most(values, 0, 2)?;
                done()
            }
            ("+CTZR", Form::Query) => line(format!("+CTZR: {}", self.modem.time_lines)),
            ("+CTZU", Form::Set(values)) => {
                self.modem.time_update = at_most(values, 0, 1)?;
                done()
            }
            ("+CTZU", Form::Query) => line(format!("+CTZU: {}", self.modem.time_update)),
            ("+CBC", Form::Execute) => line("+CBC: 0,100"),
            ("+CGATT", Form::Query) => line(format!(
                "+CGATT: {}",
                u8::from(self.registration().is_registered())
            )),
            ("+CCLK", Form::Query) => line(format!("+CCLK: \"{}\"", self.service_centre_time())),
            // Set and forgotten: nothing here depends on them.
            ("+CR" | "+IPR" | "+IFC" | "+ICF" | "+CMUT" | "+CSCB" | "+CLIR", Form::Set(_)) => {
                done()
            }
            ("+CSAS" | "+CRES", Form::Execute | Form::Set(_)) => done(),
            _ => self.vendor(name, form),
        }
    }

    fn cfun(&mut self, form: &Form) -> Answered {
        match form {
            Form::Test => line("+CFUN: (0,1,4),(0,1)"),
            Form::Query => line(format!(
                "+CFUN: {}",
                if self.modem.radio_on { 1 } else { 4 }
            )),
            Form::Set(values) => {
                let before = self.registration();
                match (values.number(0)?, values.number(1)?) {
                    // A reset: the port goes away and comes back.
                    (Some(1), Some(1)) => self.schedule(
                        self.now + Duration::from_millis(100),
                        Due::PortCloses(RESET, self.settings.quirks.after_reset.into()),
                    ),
                    (Some(1), _) => {
                        self.modem.radio_on = true;
                        self.modem.detached = false;
                    }
                    (Some(0 | 4), _) => self.modem.radio_on = false,
                    _ => return Err(Failure::Equipment(3)),
                }
                self.registration_may_have_changed(before);
                done()
            }
            Form::Execute => Err(Failure::Plain),
        }
    }

    fn creg(&mut self, name: &str, form: &Form) -> Answered {
        let place = match name {
            "+CREG" => 0,
            "+CGREG" => 1,
            _ => 2,
        };
        let registration = self.registration();
        let Some(lines) = self.modem.registration_lines.get_mut(place) else {
            return Err(Failure::Plain);
        };
        match form {
            Form::Test => line(format!("{name}: (0-2)")),
            Form::Set(values) => {
                *lines = at_most(values, 0, 2)?;
                done()
            }
            Form::Query if *lines == 2 && registration.is_registered() => line(format!(
                "{name}: 2,{}{}",
                registration.number(),
                self.cell()
            )),
            Form::Query => line(format!("{name}: {lines},{}", registration.number())),
            Form::Execute => Err(Failure::Plain),
        }
    }

    fn cops(&mut self, form: &Form) -> Answered {
        match form {
            Form::Test => line(format!(
                "+COPS: (2,\"{}\",\"SIM\",\"00101\",7),,(0-4),(0-2)",
                self.string(&self.settings.operator)
            )),
            Form::Query if self.registration().is_registered() => {
                let format = self.modem.operator_format;
                let name = match format {
                    0 => self.string(&self.settings.operator),
                    1 => self.string("SIM"),
                    _ => "00101".to_owned(),
                };
                let technology = self.settings.access_technology;
                let technology = technology.map_or(String::new(), |number| format!(",{number}"));
                line(format!("+COPS: 0,{format},\"{name}\"{technology}"))
            }
            Form::Query => line(format!(
                "+COPS: {}",
                if self.modem.detached { 2 } else { 0 }
            )),
            Form::Set(values) => {
                if let Some(format) = values.number(1)? {
                    self.modem.operator_format = format.min(2);
                }
                let before = self.registration();
                match values.number(0)? {
                    Some(0 | 1 | 4) => {
                        self.modem.radio_on = true;
                        self.modem.detached = false;
                    }
                    Some(2) => self.modem.detached = true,
                    Some(3) => {}
                    _ => return Err(Failure::Equipment(3)),
                }
                self.registration_may_have_changed(before);
                done()
            }
            Form::Execute => Err(Failure::Plain),
        }
    }

    fn cscs(&mut self, form: &Form) -> Answered {
        const SETS: [CharacterSet; 3] = [CharacterSet::Ira, CharacterSet::Gsm, CharacterSet::Ucs2];
        match form {
            Form::Test => line("+CSCS: (\"IRA\",\"GSM\",\"UCS2\")"),
            Form::Query => line(format!("+CSCS: \"{}\"", self.modem.character_set.name())),
            Form::Set(values) => {
                let wanted = values.text(0).unwrap_or("").to_ascii_uppercase();
                let found = SETS.into_iter().find(|set| set.name() == wanted);
                self.modem.character_set = found.ok_or(Failure::Equipment(4))?;
                done()
            }
            Form::Execute => Err(Failure::Plain),
        }
    }

    /// A string as the chosen character set writes it: in UCS-2, hexadecimal digits.
    pub(crate) fn string(&self, text: &str) -> String {
        match self.modem.character_set {
            CharacterSet::Ucs2 => to_hex(&alphabet::ucs2(text)),
            CharacterSet::Ira | CharacterSet::Gsm => text.to_owned(),
        }
    }

    /// A string that the client wrote, which may be UCS-2 in hexadecimal digits. Digits that are too few for UCS-2 are
    /// taken as they are, since clients often forget.
    pub(crate) fn written_string(&self, written: &str) -> String {
        match (self.modem.character_set, from_hex(written)) {
            (CharacterSet::Ucs2, Ok(octets))
                if octets.len() >= 2 && octets.len().is_multiple_of(2) =>
            {
                alphabet::ucs2_to_text(&octets)
            }
            _ => written.to_owned(),
        }
    }
}

/// The value at that place, from 0 to `most`; absent counts as 0.
pub(super) fn at_most(values: &Arguments, place: usize, most: u16) -> Result<u16, Failure> {
    let value = values.number(place)?.unwrap_or(0);
    if value <= most {
        Ok(value)
    } else {
        Err(Failure::Equipment(3))
    }
}
