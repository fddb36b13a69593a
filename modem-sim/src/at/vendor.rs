//! What only some families have: the card's number, vendor commands, and the lines that tell the network's time.

use std::time::Duration;

use super::general::at_most;
use super::{Answered, Failure, done, line, parse::Form};
use crate::profile::Family;
use crate::simulator::{Simulator, UrcKind};

impl Simulator {
    /// Commands that no standard has; what is none of the family's fails as an unknown one.
    pub(super) fn vendor(&mut self, name: &str, form: &Form) -> Answered {
        let family = self.settings.family;
        let card = family.iccid_commands().iter().find(|(own, _)| *own == name);
        if let (Some((_, prefix)), Form::Execute | Form::Query) = (card, form) {
            self.sim_for_others()?;
            return line(format!("{prefix}{}", self.settings.iccid));
        }
        let registered = self.registration().is_registered();
        match (family, name, form) {
            // Service, domain, roaming, system mode (5: WCDMA), SIM (1: valid): Huawei's sticks; the values are assumed.
            (Family::Huawei, "^SYSINFO", Form::Execute) if registered => line("^SYSINFO:2,3,0,5,1"),
            (Family::Huawei, "^SYSINFO", Form::Execute) => line("^SYSINFO:0,0,0,0,1"),
            (Family::Huawei, "^CURC", Form::Set(values)) => {
                self.modem.vendor_lines = at_most(values, 0, 2)?;
                done()
            }
            (Family::Huawei, "^CURC", Form::Query) => {
                line(format!("^CURC: {}", self.modem.vendor_lines))
            }
            // gammu/gammu issue 170
            (Family::Zte, "+ZOPRT" | "+ZCDRUN", Form::Set(_)) => done(),
            // SIM800 Series AT Command Manual V1.09, list of unsolicited result codes
            (Family::Sim800, "+CLTS", Form::Set(values)) => {
                self.modem.time_lines = at_most(values, 0, 1)?;
                done()
            }
            (Family::Sim800, "+CLTS", Form::Query) => {
                line(format!("+CLTS: {}", self.modem.time_lines))
            }
            (Family::Quectel, "+QNWINFO", Form::Execute) if registered => {
                line("+QNWINFO: \"FDD LTE\",\"00101\",\"LTE BAND 3\",1300") // assumed
            }
            (Family::Wavecom, "+WIND", Form::Query) => line("+WIND: 50"),
            (Family::Wavecom, "+WIND", Form::Set(_)) => done(),
            _ => Err(Failure::Unknown),
        }
    }

    /// The network tells its time; the modem prints it as its family does, where a client asked for it.
    pub fn network_time(&mut self, now: Duration) {
        self.handle_timeout(now);
        let time = self.service_centre_time().to_string();
        let quarters = self.settings.quarter_hours;
        let zone = format!("{quarters:+03}");
        let clock = time.get(..17).unwrap_or("").to_owned();
        let asked = self.modem.time_lines;
        let lines = match self.settings.family {
            // Printed unless ^CURC=0 (assumed).
            Family::Huawei if self.modem.vendor_lines > 0 => {
                vec![format!("^NWTIME:{clock}{zone},00")]
            }
            Family::Huawei => vec![],
            Family::Sim800 if asked > 0 => {
                let numbers: Vec<String> = clock
                    .split(['/', ',', ':'])
                    .map(|number| number.trim_start_matches('0'))
                    .map(|number| if number.is_empty() { "0" } else { number }.to_owned())
                    .collect();
                vec![
                    format!("*PSUTTZ: 20{},\"{quarters:+}\",0", numbers.join(",")),
                    format!("+CTZV: \"{quarters:+}\""),
                    "DST: 0".to_owned(),
                ]
            }
            Family::Plain
            | Family::Qualcomm
            | Family::Zte
            | Family::Quectel
            | Family::Sim800
            | Family::Ublox
            | Family::Wavecom => match asked {
                0 => vec![],
                // 3GPP TS 27.007 §8.41: +CTZV: <tz>; +CTZE: <tz>,<dst>,<time>
                1 => vec![format!("+CTZV: \"{zone}\"")],
                _ => vec![format!("+CTZE: \"{zone}\",0,\"20{clock}\"")],
            },
        };
        for line in lines {
            self.urc(UrcKind::Other, line);
        }
        self.settle();
    }
}
