//! Commands that are not about messages: ITU-T V.250 and 3GPP TS 27.007.

use std::time::Duration;

use super::state::{CharacterSet, ModemState};
use super::{Answered, Failure, done, line, parse::Arguments, parse::Form};
use crate::quirks::UssdText;
use crate::settings::UssdStep;
use crate::simulator::{Due, Simulator};
use crate::tpdu::{Address, alphabet, from_hex, to_hex};

/// How long the network takes for a USSD answer.
const USSD: Duration = Duration::from_millis(300);
/// How long `+CFUN=1,1` takes the port away.
const RESET: Duration = Duration::from_secs(2);

const MANUFACTURER: &str = "Simulated";
const MODEL: &str = "modem-sim";

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
                format!("Manufacturer: {MANUFACTURER}"),
                format!("Model: {MODEL}"),
                format!("Revision: {}", env!("CARGO_PKG_VERSION")),
                format!("IMEI: {}", self.settings.imei),
            ])),
            ("S?", _) => line("000"),
            ("V", 1) | ("Q", 0) => done(),
            ("H" | "S" | "X" | "L" | "M" | "&C" | "&D" | "&K" | "&S" | "&W" | "\\Q", _) => done(),
            _ => Err(Failure::Plain),
        }
    }

    /// As after power-up, but the SIM stays unlocked and the radio as it is.
    fn reset_settings(&mut self) {
        let fresh = ModemState::new(self.settings.radio, self.modem.powered_at);
        let old = std::mem::replace(&mut self.modem, fresh);
        self.modem.radio_on = old.radio_on;
        self.modem.detached = old.detached;
        self.modem.unlocked = old.unlocked;
        self.modem.unacknowledged = old.unacknowledged;
        self.modem.arrivals = old.arrivals;
    }

    pub(super) fn general(&mut self, name: &str, form: &Form) -> Answered {
        match (name, form) {
            ("+CGMI" | "+GMI", Form::Execute) => line(MANUFACTURER),
            ("+CGMM" | "+GMM", Form::Execute) => line(MODEL),
            ("+CGMR" | "+GMR", Form::Execute) => line(env!("CARGO_PKG_VERSION")),
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
            ("+CCID" | "+ICCID" | "^ICCID", Form::Execute | Form::Query) => {
                self.sim_for_others()?;
                line(format!("{name}: {}", self.settings.iccid))
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
            ("+GCAP", Form::Execute) => line("+GCAP: +CGSM"),
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
            ("+CPAS", Form::Execute) => line("+CPAS: 0"),
            ("+CBC", Form::Execute) => line("+CBC: 0,100"),
            ("+CGATT", Form::Query) => line(format!(
                "+CGATT: {}",
                u8::from(self.registration().is_registered())
            )),
            ("+CCLK", Form::Query) => line(format!("+CCLK: \"{}\"", self.service_centre_time())),
            // Set and forgotten: nothing here depends on them.
            (
                "+CRC" | "+CR" | "+IPR" | "+IFC" | "+ICF" | "+CMUT" | "+CTZU" | "+CTZR" | "+CSCB"
                | "+CLIR",
                Form::Set(_),
            ) => done(),
            ("+CSAS" | "+CRES", Form::Execute | Form::Set(_)) => done(),
            _ => Err(Failure::Plain),
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
                        Due::PortCloses(RESET),
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
                "{name}: 2,{},\"00A1\",\"0000B2C3\",7",
                registration.number()
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
                line(format!("+COPS: 0,{format},\"{name}\",7"))
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

    fn cusd(&mut self, form: &Form) -> Answered {
        match form {
            Form::Test => line("+CUSD: (0-2)"),
            Form::Query => line(format!("+CUSD: {}", self.modem.ussd_lines)),
            Form::Execute => Err(Failure::Plain),
            Form::Set(values) => {
                match values.number(0)? {
                    Some(2) => {
                        self.modem.ussd_open = false;
                        return done();
                    }
                    Some(lines @ (0 | 1)) => self.modem.ussd_lines = lines,
                    _ => return Err(Failure::Equipment(3)),
                }
                let Some(request) = values.text(1) else {
                    return done();
                };
                self.sim_for_others()?;
                if !self.registration().is_registered() {
                    return Err(Failure::Equipment(30));
                }
                let request = self.ussd_request(request);
                let step = self
                    .settings
                    .ussd
                    .iter()
                    .find(|step| step.request == request)
                    .cloned();
                let answer = self.ussd_answer(step);
                if self.modem.ussd_lines == 1 {
                    self.schedule(self.now + USSD, Due::Line(answer));
                }
                done()
            }
        }
    }

    fn ussd_request(&self, written: &str) -> String {
        match (self.settings.quirks.ussd_text, from_hex(written)) {
            (UssdText::PackedHex, Ok(octets)) => {
                let mut septets = alphabet::unpack(&octets, 0, octets.len() * 8 / 7);
                // Seven spare bits at the end read as @ or carry a filling carriage return (3GPP TS 23.038 §6.1.2.3).
                if octets.len().is_multiple_of(7)
                    && septets.last().is_some_and(|last| matches!(last, 0 | b'\r'))
                {
                    septets.pop();
                }
                alphabet::septets_to_text(&septets)
            }
            (UssdText::Ucs2Hex, Ok(octets)) if octets.len().is_multiple_of(2) => {
                alphabet::ucs2_to_text(&octets)
            }
            _ => self.written_string(written),
        }
    }

    fn ussd_answer(&mut self, step: Option<UssdStep>) -> String {
        let Some(step) = step else {
            self.modem.ussd_open = false;
            return "+CUSD: 4".to_owned(); // operation not supported, 3GPP TS 27.007 §7.15
        };
        self.modem.ussd_open = step.more;
        let text = match self.settings.quirks.ussd_text {
            UssdText::Plain => self.string(&step.reply),
            UssdText::PackedHex => to_hex(&alphabet::pack(
                &alphabet::septets(&step.reply).unwrap_or_default(),
                0,
            )),
            UssdText::Ucs2Hex => to_hex(&alphabet::ucs2(&step.reply)),
        };
        format!("+CUSD: {},\"{text}\",15", u8::from(step.more))
    }

    /// Someone rings, twice; `+CLIP` says who.
    pub fn ring(&mut self, now: Duration, from: &str) {
        self.handle_timeout(now);
        let caller = Address::new(from);
        for rings in [0, 3] {
            let at = self.now + Duration::from_secs(rings);
            self.schedule(at, Due::Line("RING".to_owned()));
            if self.modem.caller_lines == 1 {
                let clip = format!(
                    "+CLIP: \"{}\",{},,,,0",
                    self.string(&caller.to_string()),
                    caller.type_of_address()
                );
                self.schedule(at, Due::Line(clip));
            }
        }
        self.handle_timeout(now);
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
