//! Families of real modems, as settings: what they call themselves, what they print by themselves, what they lack and
//! how long they take.
//!
//! A profile is where a run starts; everything in it can be changed. What a family does differently is said with where it
//! is known from; what is only likely is called *assumed*. Serial numbers, SIM and network are those of
//! [`Settings::default`], never those of a real device.

mod huawei;
mod quectel;
mod simcom;
mod ublox;
mod wavecom;
mod zte;

use std::time::Duration;

use crate::quirks::{Chatter, StartUpLine};
use crate::settings::{Latency, Settings};

/// A real modem to be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// ProLink PHS-100, a SIMCom-based HSDPA stick (USB 1e0e:9000).
    ProlinkPhs100,
    /// Huawei E173, for E1xx sticks.
    HuaweiE173,
    /// Huawei E3531, for E3xx sticks.
    HuaweiE3531,
    /// ZTE MF180, for MF sticks.
    ZteMf180,
    /// Quectel EC25.
    QuectelEc25,
    /// SIMCom SIM800.
    Sim800,
    /// u-blox SARA-U201.
    UbloxSaraU201,
    /// Wavecom M1306.
    WavecomM1306,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ProlinkPhs100,
        Self::HuaweiE173,
        Self::HuaweiE3531,
        Self::ZteMf180,
        Self::QuectelEc25,
        Self::Sim800,
        Self::UbloxSaraU201,
        Self::WavecomM1306,
    ];

    /// As `--profile` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ProlinkPhs100 => "prolink-phs100",
            Self::HuaweiE173 => "huawei-e173",
            Self::HuaweiE3531 => "huawei-e3531",
            Self::ZteMf180 => "zte-mf180",
            Self::QuectelEc25 => "quectel-ec25",
            Self::Sim800 => "sim800",
            Self::UbloxSaraU201 => "ublox-sara-u201",
            Self::WavecomM1306 => "wavecom-m1306",
        }
    }

    /// The profile of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// Settings to start from.
    pub fn settings(self) -> Settings {
        match self {
            Self::ProlinkPhs100 => simcom::prolink_phs100(),
            Self::HuaweiE173 => huawei::e173(),
            Self::HuaweiE3531 => huawei::e3531(),
            Self::ZteMf180 => zte::mf180(),
            Self::QuectelEc25 => quectel::ec25(),
            Self::Sim800 => simcom::sim800(),
            Self::UbloxSaraU201 => ublox::sara_u201(),
            Self::WavecomM1306 => wavecom::m1306(),
        }
    }
}

/// Whose vendor commands and lines a modem has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// The standards only, and the three usual commands for the card's number.
    Plain,
    /// SIMCom's sticks with a Qualcomm chip.
    Qualcomm,
    /// `^` commands and lines.
    Huawei,
    /// `+Z` commands and lines.
    Zte,
    /// `+Q` commands and lines.
    Quectel,
    /// SIMCom's GSM modules.
    Sim800,
    /// `+U` commands and lines.
    Ublox,
    /// `+W` commands and lines.
    Wavecom,
}

impl Family {
    /// The commands that tell the card's number, each with what stands before the number.
    pub(crate) fn iccid_commands(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Plain => &[
                ("+CCID", "+CCID: "),
                ("+ICCID", "+ICCID: "),
                ("^ICCID", "^ICCID: "),
            ],
            Self::Qualcomm => &[("+CICCID", "+ICCID: ")], // assumed, as SIMCom's later modules
            Self::Huawei => &[("^ICCID", "^ICCID: ")],
            Self::Zte => &[("+ZGETICCID", "+ZGETICCID: ")],
            Self::Quectel => &[("+QCCID", "+QCCID: "), ("+CCID", "+CCID: ")],
            Self::Sim800 => &[("+CCID", "")],
            // "Card identification +CCID", u-blox SARA-R4 AT commands manual, UBX-17003787, §4.12
            Self::Ublox | Self::Wavecom => &[("+CCID", "+CCID: ")],
        }
    }
}

/// Latencies that no source gives for one device: an answer within some ten milliseconds, the network's commands in
/// seconds. A send takes 2 to 10 s on a real network.
fn usual_latencies(settings: &mut Settings) {
    settings.command_latency = Duration::from_millis(20);
    settings.command_jitter = Duration::from_millis(60);
    settings.latencies = vec![
        Latency::new("+COPS=?", Duration::from_secs(45)),
        Latency::new("+COPS=", Duration::from_secs(4)),
        Latency::new("+CFUN=", Duration::from_secs(2)),
        Latency::new("+CPIN=", Duration::from_millis(800)),
        Latency::new("+CMGD", Duration::from_millis(150)),
        Latency::new("+CMGL", Duration::from_millis(250)),
        Latency::new("+CPMS", Duration::from_millis(100)),
    ];
    settings.send_latency = Duration::from_millis(2_500);
    settings.send_jitter = Duration::from_millis(3_500);
    settings.report_delay = Duration::from_secs(4);
}

fn chatter(line: &str, every_ms: u64) -> Chatter {
    Chatter {
        line: line.to_owned(),
        every_ms,
    }
}

fn start_up(lines: &[(u64, &str)]) -> Vec<StartUpLine> {
    lines
        .iter()
        .map(|(after_ms, line)| StartUpLine {
            line: (*line).to_owned(),
            after_ms: *after_ms,
        })
        .collect()
}

fn commands(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_and_no_two_are_alike() {
        for profile in Profile::ALL {
            assert_eq!(Profile::named(profile.name()), Some(profile));
        }
        let identities: std::collections::BTreeSet<_> = Profile::ALL
            .iter()
            .map(|profile| profile.settings().identity.model)
            .collect();
        assert_eq!(identities.len(), Profile::ALL.len());
        assert_eq!(Profile::named("nokia"), None);
    }
}
