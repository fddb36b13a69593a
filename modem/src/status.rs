//! What a line is doing and what is known of its modem, SIM and network, in words that a person can be shown.

use std::fmt;

use crate::country::country_of_imsi;
use crate::redacted::Redacted;
use crate::storage::StorageUse;

/// A snapshot of one line. The driver publishes a new one on every change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// What the line is doing.
    pub phase: Phase,
    /// Who made the modem and which SIM is in it, as far as it told.
    pub identity: Identity,
    /// Registration for calls and SMS (`+CREG`).
    pub registration: Registration,
    /// Registration for packet data (`+CGREG` or `+CEREG`): some networks carry SMS over it alone.
    pub packet_registration: Registration,
    /// The operator's name or number; `None` while unknown.
    pub operator: Option<String>,
    /// What kind of network serves the SIM (`<AcT>`); `None` while unknown or not registered.
    pub technology: Option<Technology>,
    /// Signal strength; `None` while the modem does not know it.
    pub signal: Option<Signal>,
    /// The SIM's service centre as `+CSCA?` says it; `None` if it is not set or not readable.
    pub service_centre: Option<Redacted>,
    /// How full the memories are, those that were read.
    pub storage: Vec<StorageUse>,
    /// How incoming messages are noticed.
    pub incoming: Incoming,
}

impl Status {
    /// The SIM's home country as ISO 3166-1 alpha-2; `None` before the IMSI is known.
    #[must_use]
    pub fn country(&self) -> Option<&'static str> {
        self.identity
            .imsi
            .as_ref()
            .and_then(|imsi| country_of_imsi(imsi.reveal()))
    }

    /// Whether messages can be sent now, as far as the modem knows.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }
}

/// What a line is doing. `Display` says it in plain words, with what to do where a person must act.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Phase {
    /// The port is being opened.
    #[default]
    Opening,
    /// There is no such port; it is waited for, nothing is reset.
    PortAbsent {
        /// Why, with the port's name.
        reason: String,
    },
    /// The port is there and could not be opened; it is tried again.
    PortUnusable {
        /// Why, with the port's name and what to do.
        reason: String,
    },
    /// The modem is being set up.
    BringingUp {
        /// What is being asked or tried now.
        step: &'static str,
    },
    /// Messages can be sent and received.
    Ready,
    /// A command got no answer; the modem is being talked back to.
    Recovering,
    /// The modem does not answer at all; the port is opened again from time to time.
    NotAnswering,
    /// The modem does not serve, and something is tried that interrupts it.
    Mending {
        /// What is wrong and what is tried.
        doing: &'static str,
    },
    /// Nothing goes on before a person acts; it is looked at again from time to time.
    Blocked(Blocked),
    /// The driver ended.
    Stopped,
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opening => formatter.write_str("opening the port"),
            Self::PortAbsent { reason } | Self::PortUnusable { reason } => formatter.write_str(reason),
            Self::BringingUp { step } => write!(formatter, "setting the modem up: {step}"),
            Self::Ready => formatter.write_str("ready"),
            Self::Recovering => formatter.write_str("the modem did not answer; talking to it again"),
            Self::NotAnswering => {
                formatter.write_str("the modem does not answer: is this its AT port? Unplugging it for a moment may help")
            }
            Self::Mending { doing } => formatter.write_str(doing),
            Self::Blocked(blocked) => blocked.fmt(formatter),
            Self::Stopped => formatter.write_str("stopped"),
        }
    }
}

/// What only a person can mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// No SIM.
    SimMissing,
    /// The SIM does not work.
    SimFailure,
    /// The SIM wants its PIN and none is configured.
    PinWanted,
    /// The SIM did not take the PIN. It is not tried again.
    PinWrong,
    /// Fewer than 3 tries are left, or an attempt with this PIN was made before: none is risked.
    PinWithheld,
    /// The SIM wants its PUK.
    PukWanted,
    /// The SIM or the modem wants another code.
    OtherLock,
    /// The modem refused PDU mode, without which nothing works.
    NoPduMode,
    /// The modem has another IMEI than the configured one.
    OtherModem,
}

impl fmt::Display for Blocked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::SimMissing => "there is no SIM in the modem: insert one",
            Self::SimFailure => "the SIM failed: take it out, clean it and put it in again",
            Self::PinWanted => "the SIM wants its PIN: set pin_file in the configuration, or switch the PIN off in a phone",
            Self::PinWrong => "the SIM did not take the PIN: correct it in pin_file; it is not tried again by itself",
            Self::PinWithheld => {
                "the PIN is not tried: it failed before or fewer than 3 tries are left. Put the SIM in a phone, \
                 enter the PIN once, then correct pin_file."
            }
            Self::PukWanted => "the SIM is locked and wants its PUK: put it in a phone and unlock it there",
            Self::OtherLock => "the modem or the SIM is locked with another code: is it locked to one network?",
            Self::NoPduMode => "the modem refuses PDU mode: is this its AT port, and not a diagnostics port?",
            Self::OtherModem => {
                "this modem has another IMEI than the one in the configuration: plug the right one in, or correct imei"
            }
        })
    }
}

/// What a modem and its SIM call themselves. IMEI, IMSI, ICCID and number show in no log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// `+CGMI`
    pub manufacturer: Option<String>,
    /// `+CGMM`
    pub model: Option<String>,
    /// `+CGMR`
    pub firmware: Option<String>,
    /// `+CGSN`: the modem's serial number.
    pub imei: Option<Redacted>,
    /// `+CIMI`: the subscriber. `None` before the PIN.
    pub imsi: Option<Redacted>,
    /// `+CCID` and its variants: the card's number.
    pub iccid: Option<Redacted>,
    /// `+CNUM`: the SIM's own phone number. Most cards do not hold it.
    pub own_number: Option<Redacted>,
}

/// Registration in the network (`<stat>` of `+CREG`, 3GPP TS 27.007 §7.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Registration {
    /// Not asked yet, 4, or a number that we do not know.
    #[default]
    Unclear,
    /// 0: not registered and not looking for a network.
    Idle,
    /// 1, 6
    Home,
    /// 2
    Searching,
    /// 3: the network refuses this SIM.
    Denied,
    /// 5, 7
    Roaming,
}

impl Registration {
    /// Reads `<stat>`.
    #[must_use]
    pub fn from_stat(stat: u8) -> Self {
        match stat {
            0 => Self::Idle,
            1 | 6 => Self::Home,
            2 => Self::Searching,
            3 => Self::Denied,
            5 | 7 => Self::Roaming,
            _ => Self::Unclear,
        }
    }

    /// Whether a network serves the SIM.
    #[must_use]
    pub fn is_registered(self) -> bool {
        match self {
            Self::Home | Self::Roaming => true,
            Self::Unclear | Self::Idle | Self::Searching | Self::Denied => false,
        }
    }
}

impl fmt::Display for Registration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unclear => "unknown",
            Self::Idle => "not registered",
            Self::Home => "registered",
            Self::Searching => "looking for a network",
            Self::Denied => "refused by the network: check the SIM and the credit",
            Self::Roaming => "registered, roaming",
        })
    }
}

/// Access technology (`<AcT>`, 3GPP TS 27.007 §7.3), as people name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Technology {
    /// 0, 1, 3, 8: GSM, EDGE and its offspring for things.
    Second,
    /// 2, 4, 5, 6: UMTS and HSPA.
    Third,
    /// 7, 9: LTE and its narrow band.
    Fourth,
    /// 10 to 13: NR, or LTE with a core or a second carrier of NR.
    Fifth,
}

impl Technology {
    /// Reads `<AcT>`; `None` for a number that we do not know.
    #[must_use]
    pub fn from_act(act: u8) -> Option<Self> {
        match act {
            0 | 1 | 3 | 8 => Some(Self::Second),
            2 | 4..=6 => Some(Self::Third),
            7 | 9 => Some(Self::Fourth),
            10..=13 => Some(Self::Fifth),
            _ => None,
        }
    }
}

impl fmt::Display for Technology {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Second => "2G",
            Self::Third => "3G",
            Self::Fourth => "4G",
            Self::Fifth => "5G",
        })
    }
}

/// `<rssi>` of `+CSQ`: 0 to 31.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal(u8);

impl Signal {
    /// `None` for 99 (not known) and other numbers out of range.
    #[must_use]
    pub fn from_rssi(rssi: u8) -> Option<Self> {
        (rssi <= 31).then_some(Self(rssi))
    }

    /// Received power in dBm, -113 to -51.
    #[must_use]
    pub fn dbm(self) -> i16 {
        -113 + 2 * i16::from(self.0)
    }

    /// 0 to 100.
    #[must_use]
    pub fn percent(self) -> u8 {
        u8::try_from(u16::from(self.0) * 100 / 31).unwrap_or(100)
    }
}

/// How incoming messages are noticed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Incoming {
    /// The modem announces each, and a slow poll catches what it missed.
    #[default]
    Announced,
    /// The modem announces nothing: its memory is read every few seconds.
    Polled,
}

#[cfg(test)]
mod tests {
    use super::{Blocked, Identity, Phase, Registration, Signal, Status};
    use crate::redacted::Redacted;

    #[test]
    fn debug_shows_no_identity() {
        let identity = Identity {
            imsi: Some(Redacted::new("410011234567890")),
            ..Identity::default()
        };
        let status = Status {
            identity,
            ..Status::default()
        };
        assert!(!format!("{status:?}").contains("41001"));
        assert_eq!(status.country(), Some("PK"));
    }

    #[test]
    fn signal_is_told_in_dbm_and_percent() {
        let check = |rssi: u8, expected: Option<(i16, u8)>| {
            assert_eq!(
                Signal::from_rssi(rssi).map(|signal| (signal.dbm(), signal.percent())),
                expected,
                "{rssi}"
            );
        };
        check(0, Some((-113, 0)));
        check(15, Some((-83, 48)));
        check(31, Some((-51, 100)));
        check(32, None);
        check(99, None);
    }

    #[test]
    fn registration_is_read_from_its_number() {
        let registered: Vec<u8> = (0..=20)
            .filter(|&stat| Registration::from_stat(stat).is_registered())
            .collect();
        assert_eq!(registered, [1, 5, 6, 7]);
    }

    #[test]
    fn phases_say_what_to_do() {
        let text = Phase::Blocked(Blocked::PinWanted).to_string();
        assert!(text.contains("pin_file"), "{text}");
        assert_eq!(
            Phase::BringingUp {
                step: "asking for the model"
            }
            .to_string(),
            "setting the modem up: asking for the model"
        );
    }
}
