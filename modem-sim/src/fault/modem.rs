//! What goes wrong by itself: with the modem, the port, the network, and with what tells of an arrival.

use std::time::Duration;

use crate::at::state::Registration;
use crate::card::Memory;
use crate::simulator::{BackAs, Due, Simulator, UrcKind};

/// Something that goes wrong while nobody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModemFault {
    /// The modem neither reads nor writes for that long: the complaint of a modem that stopped answering.
    Hang(Duration),
    /// The port goes away and comes back as it was: a loose plug, a hub without power.
    DropPort(Duration),
    /// The modem starts anew and its port comes back under the next number.
    Reboot(Duration),
    /// The stick falls back into CD-ROM mode (AT-QUIRKS.md row 32).
    CdRom,
    /// No network for that long; the modem looks for one.
    NoNetwork(Duration),
    /// The network refuses the SIM for that long (`<stat>` 3 of `+CREG`).
    Denied(Duration),
    /// An unsolicited line, as those that Huawei and ZTE print by themselves.
    Line(String),
    /// Raw bytes at once, whatever goes on: NULs, half a line, a wrong baud rate.
    Noise(Vec<u8>),
    /// `+CNMI` falls back to the state of power-up, as on modems that forget it after a missing acknowledgement
    /// (AT-QUIRKS.md row 21).
    ForgetRouting,
}

impl ModemFault {
    /// As the ledger calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hang(_) => "hang",
            Self::DropPort(_) => "drop_port",
            Self::Reboot(_) => "reboot",
            Self::CdRom => "cd_rom",
            Self::NoNetwork(_) => "no_network",
            Self::Denied(_) => "denied",
            Self::Line(_) => "line",
            Self::Noise(_) => "noise",
            Self::ForgetRouting => "forget_routing",
        }
    }
}

/// What the modem says of a stored message goes wrong; the message itself is stored all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotificationFault {
    /// Nothing is said. Expected where lines are lost, as in a full buffer of the port.
    Lost,
    /// That line is printed; `{index}` stands for the slot: `+CMTI: "SM",{index},"MMS PUSH",2,1`, `+CMTI: ,-1`
    /// (AT-QUIRKS.md row 16).
    As(String),
}

impl NotificationFault {
    /// As the ledger calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Lost => "notification_lost",
            Self::As(_) => "notification_as",
        }
    }
}

impl Simulator {
    /// It goes wrong now.
    pub fn strike(&mut self, now: Duration, fault: ModemFault) {
        self.handle_timeout(now);
        self.strike_now(fault);
        self.settle();
    }

    pub(crate) fn strike_now(&mut self, fault: ModemFault) {
        let detail = match &fault {
            ModemFault::Hang(time)
            | ModemFault::DropPort(time)
            | ModemFault::Reboot(time)
            | ModemFault::NoNetwork(time)
            | ModemFault::Denied(time) => format!("{time:?}"),
            ModemFault::Line(line) => line.clone(),
            ModemFault::CdRom | ModemFault::Noise(_) | ModemFault::ForgetRouting => String::new(),
        };
        self.fired(fault.name(), detail);
        match fault {
            ModemFault::Hang(time) => {
                let until = self.now + time;
                self.hung_until = Some(self.hung_until.map_or(until, |old| old.max(until)));
            }
            ModemFault::DropPort(time) => self.close_port(time, BackAs::Same),
            ModemFault::Reboot(time) => self.close_port(time, BackAs::Next),
            ModemFault::CdRom => self.close_port(Duration::ZERO, BackAs::Switched),
            ModemFault::NoNetwork(time) => self.lose_network(Registration::Searching, time),
            ModemFault::Denied(time) => self.lose_network(Registration::Denied, time),
            ModemFault::Line(line) => self.urc(UrcKind::Other, line),
            ModemFault::Noise(bytes) => self.print(&bytes),
            ModemFault::ForgetRouting => self.modem.cnmi = [0; 5],
        }
    }

    fn lose_network(&mut self, to: Registration, time: Duration) {
        self.change_coverage(to);
        self.schedule(self.now + time, Due::Coverage(Registration::Home));
    }

    /// `+CMTI` for a stored message, or what a fault makes of it.
    pub(crate) fn announce(&mut self, memory: Memory, index: usize) {
        let usual = format!("+CMTI: \"{}\",{index}", memory.name());
        let scripted = self.faults.notifications.pop_front();
        let met = scripted.or_else(|| {
            let rates = self.faults.rates.as_mut();
            rates.and_then(|rates| rates.notification())
        });
        if let Some(fault) = &met {
            self.fired(fault.name(), usual.clone());
        }
        match met {
            None => self.urc(UrcKind::Message, usual),
            Some(NotificationFault::Lost) => {}
            Some(NotificationFault::As(line)) => {
                let line = line.replace("{index}", &index.to_string());
                self.urc(UrcKind::Message, line);
            }
        }
    }
}
