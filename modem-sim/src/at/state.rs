//! What a client has set up in the modem. Lost with the power, unlike what the SIM holds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::card::{Memory, Status};
use crate::settings::{RadioAtStart, Settings};

/// Registration in a network (`<stat>` of `+CREG`, 3GPP TS 27.007 §7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// 0: not registered and not looking.
    None,
    /// 1: registered at home.
    Home,
    /// 2: looking.
    Searching,
    /// 3: refused by the network.
    Denied,
    /// 5: registered abroad.
    Roaming,
}

impl Registration {
    /// `<stat>`.
    pub fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Home => 1,
            Self::Searching => 2,
            Self::Denied => 3,
            Self::Roaming => 5,
        }
    }

    /// Whether messages go through.
    pub fn is_registered(self) -> bool {
        matches!(self, Self::Home | Self::Roaming)
    }
}

/// What the modem waits for after its prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// `+CMGS=<length>`, with the fault that this attempt meets.
    Send {
        length: usize,
        fault: Option<crate::fault::SendFault>,
    },
    /// `+CMGS="<number>"` in text mode.
    SendText {
        to: String,
        fault: Option<crate::fault::SendFault>,
    },
    /// `+CMGW=<length>`.
    Write { length: usize, status: Status },
    /// `+CMGW="<number>"` in text mode.
    WriteText { to: String, status: Status },
}

/// The character set of strings (`+CSCS`, 3GPP TS 27.007 §5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CharacterSet {
    Ira,
    Gsm,
    Ucs2,
}

impl CharacterSet {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ira => "IRA",
            Self::Gsm => "GSM",
            Self::Ucs2 => "UCS2",
        }
    }
}

/// An arrival that waits for `+CNMA`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unacknowledged {
    pub(crate) arrival: u64,
    pub(crate) tpdu: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(crate) struct ModemState {
    pub(crate) powered_at: Duration,
    pub(crate) echo: bool,
    /// 0: bare `ERROR`; 1: numbers; 2: words.
    pub(crate) error_form: u16,
    pub(crate) text_mode: bool,
    /// `<mode>,<mt>,<bm>,<ds>,<bfr>`.
    pub(crate) cnmi: [u16; 5],
    /// `<service>` of `+CSMS`.
    pub(crate) service: u16,
    pub(crate) memories: [Memory; 3],
    pub(crate) character_set: CharacterSet,
    /// `<n>` of `+CREG`, `+CGREG`, `+CEREG`.
    pub(crate) registration_lines: [u16; 3],
    pub(crate) operator_format: u16,
    pub(crate) radio_on: bool,
    pub(crate) detached: bool,
    pub(crate) unlocked: bool,
    pub(crate) keep_link: u16,
    pub(crate) caller_lines: u16,
    /// `+CRC`: `+CRING: VOICE` for `RING`.
    pub(crate) long_rings: u16,
    /// `+CTZR`, and `+CLTS` of SIM800.
    pub(crate) time_lines: u16,
    /// `+CTZU`.
    pub(crate) time_update: u16,
    /// `+CVHU`; 0 lets `ATH` end a call.
    pub(crate) hang_up_control: u16,
    /// `^CURC` of Huawei: 0 stops its lines.
    pub(crate) vendor_lines: u16,
    /// When the last message left, for `+CMMS=1`.
    pub(crate) last_send: Duration,
    /// `<fo>,<vp>,<pid>,<dcs>` of text mode (`+CSMP`).
    pub(crate) text_parameters: [u16; 4],
    pub(crate) show_text_details: u16,
    pub(crate) ussd_lines: u16,
    pub(crate) ussd_open: bool,
    /// Counts dialogues and their steps, so that an old time-out ends nothing new.
    pub(crate) ussd_step: u64,
    pub(crate) unacknowledged: Option<Unacknowledged>,
    pub(crate) arrivals: u64,
    pub(crate) last_line: String,
}

impl ModemState {
    pub(crate) fn new(settings: &Settings, powered_at: Duration) -> Self {
        let first = |memories: &Vec<Memory>| memories.first().copied().unwrap_or(Memory::Sim);
        Self {
            powered_at,
            echo: true,
            error_form: 0,
            text_mode: false,
            cnmi: [0; 5],
            service: 0,
            memories: settings.storages.each_ref().map(first),
            character_set: CharacterSet::Ira,
            registration_lines: [0; 3],
            operator_format: 0,
            radio_on: settings.radio == RadioAtStart::On,
            detached: false,
            unlocked: false,
            keep_link: 0,
            caller_lines: 0,
            long_rings: 0,
            time_lines: 0,
            time_update: 0,
            hang_up_control: 1,
            vendor_lines: 1,
            last_send: Duration::ZERO,
            text_parameters: [17, 167, 0, 0],
            show_text_details: 0,
            ussd_lines: 0,
            ussd_open: false,
            ussd_step: 0,
            unacknowledged: None,
            arrivals: 0,
            last_line: String::new(),
        }
    }

    /// `<mode>` 0 keeps message lines back (3GPP TS 27.005 §3.4.1).
    pub(crate) fn message_lines_wait(&self) -> bool {
        matches!(self.cnmi, [0, ..])
    }
}
