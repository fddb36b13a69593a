//! What a simulated modem and its network are like when they are switched on.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::card::Memory;
use crate::profile::Family;
use crate::quirks::Quirks;

/// How the modem, the SIM and the network are set up. Start from `Settings::default()` and change what matters.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Chooses among a friend's replies and the first references; the same seed gives the same run.
    pub seed: u64,
    /// What the clock of the service centre shows at virtual time zero, in seconds since 1970.
    pub start_unix: i64,
    /// The service centre's zone, in quarters of an hour east of UTC.
    pub quarter_hours: i8,
    /// The SIM's own number.
    pub own_number: String,
    /// The service centre that the SIM holds.
    pub service_centre: String,
    /// Whose vendor commands and vendor lines the modem has.
    pub family: Family,
    /// What the modem calls itself.
    pub identity: Identity,
    /// Serial number of the modem (`+CGSN`).
    pub imei: String,
    /// The subscriber (`+CIMI`).
    pub imsi: String,
    /// The card (`+CCID`).
    pub iccid: String,
    /// The network's name (`+COPS?`).
    pub operator: String,
    /// `<AcT>` of `+COPS?` and of `+CREG` (3GPP TS 27.007 §7.3: 0 GSM, 2 UTRAN, 7 E-UTRAN); `None` for a modem that
    /// leaves it out.
    pub access_technology: Option<u8>,
    /// Strength of the signal, 0 to 31, 99 for unknown (3GPP TS 27.007 §8.5).
    pub signal: u8,
    /// The SIM's PIN; `None` for a SIM that asks for none.
    pub pin: Option<String>,
    /// Tries before the SIM wants its PUK.
    pub pin_tries: u8,
    /// How long after power-up the SIM answers `+CME ERROR: 14` (some take about 10 s).
    pub sim_busy_for: Duration,
    /// Whether the radio waits for `+CFUN=1` or `+COPS=0`; until then registration reads `0,0` (ProLink PHS-100).
    pub radio: RadioAtStart,
    /// Message slots of the SIM.
    pub sim_capacity: usize,
    /// Message slots of the modem.
    pub modem_capacity: usize,
    /// Slots for status reports; 0 for a modem without `SR`.
    pub report_capacity: usize,
    /// The index of the first slot: 1 on most modems, 0 on some.
    pub first_index: usize,
    /// The memories that `+CPMS` offers for reading, for writing and for what arrives, as `+CPMS=?` lists them. The first
    /// of each is chosen at power-up. One without slots is not listed.
    pub storages: [Vec<Memory>; 3],
    /// The values that `+CNMI` takes, as `+CNMI=?` lists them, such as `(0-2)` or `(0,2)`. Without slots for reports `<ds>`
    /// has no 2.
    pub cnmi: [String; 5],
    /// From the end of a command line to its answer.
    pub command_latency: Duration,
    /// Command lines with a latency of their own; the first that fits counts.
    pub latencies: Vec<Latency>,
    /// At most that much is added to the latency of a command line, chosen by the seed.
    pub command_jitter: Duration,
    /// From Ctrl-Z to the result of a send (2 to 10 s on a real network).
    pub send_latency: Duration,
    /// At most that much is added to the latency of a send, chosen by the seed.
    pub send_jitter: Duration,
    /// Bits a second of the serial line in either direction, ten for each byte; `None` for a line that takes no time.
    pub baud: Option<u32>,
    /// From the acceptance of a message to its status report.
    pub report_delay: Duration,
    /// What status reports say.
    pub reports: Reports,
    /// Numbers that answer by themselves.
    pub friends: Vec<Friend>,
    /// Recipients that the network always refuses, with the code of `+CMS ERROR`.
    pub refused: BTreeMap<String, u16>,
    /// What `+CUSD` requests are answered with.
    pub ussd: Vec<UssdStep>,
    /// How long the network waits for the next entry of a USSD dialogue before it ends it with `<m>` 5.
    pub ussd_timeout: Duration,
    /// Peculiarities of the modem.
    pub quirks: Quirks,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            start_unix: 1_767_225_600, // 2026-01-01T00:00:00Z
            quarter_hours: 0,
            own_number: "+12025550198".to_owned(),
            service_centre: "+12025550199".to_owned(),
            family: Family::Plain,
            identity: Identity::default(),
            imei: "490154203237518".to_owned(),
            imsi: "001010123456789".to_owned(),
            iccid: "8901001012345678905".to_owned(),
            operator: "Simulated Mobile".to_owned(),
            access_technology: Some(7),
            signal: 20,
            pin: None,
            pin_tries: 3,
            sim_busy_for: Duration::ZERO,
            radio: RadioAtStart::On,
            sim_capacity: 50,
            modem_capacity: 100,
            report_capacity: 10,
            first_index: 1,
            storages: [
                Memory::ALL.to_vec(),
                vec![Memory::Sim, Memory::Modem, Memory::Both],
                vec![Memory::Sim, Memory::Modem, Memory::Both],
            ],
            cnmi: ["(0-2)", "(0-3)", "(0,2)", "(0-2)", "(0,1)"].map(str::to_owned),
            command_latency: Duration::ZERO,
            latencies: Vec::new(),
            command_jitter: Duration::ZERO,
            send_latency: Duration::from_millis(100),
            send_jitter: Duration::ZERO,
            baud: None,
            report_delay: Duration::from_millis(500),
            reports: Reports::On,
            friends: Vec::new(),
            refused: BTreeMap::new(),
            ussd: UssdStep::script(),
            ussd_timeout: Duration::from_secs(60),
            quirks: Quirks::default(),
        }
    }
}

/// What `+CGMI`, `+CGMM`, `+CGMR`, `+GCAP` and `ATI` answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `+CGMI`.
    pub manufacturer: String,
    /// `+CGMM`.
    pub model: String,
    /// `+CGMR`.
    pub firmware: String,
    /// Behind `+GCAP: `.
    pub capabilities: String,
}

impl Identity {
    /// A modem that has no other capability than GSM.
    pub fn new(manufacturer: &str, model: &str, firmware: &str) -> Self {
        Self {
            manufacturer: manufacturer.to_owned(),
            model: model.to_owned(),
            firmware: firmware.to_owned(),
            capabilities: "+CGSM".to_owned(),
        }
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self::new("Simulated", "modem-sim", env!("CARGO_PKG_VERSION"))
    }
}

/// The latency of some command lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latency {
    /// How the line begins behind `AT`, in capitals, such as `+COPS=`.
    pub command: String,
    /// From the end of the line to its answer.
    pub latency: Duration,
}

impl Latency {
    /// A latency for lines that begin so.
    pub fn new(command: &str, latency: Duration) -> Self {
        Self {
            command: command.to_owned(),
            latency,
        }
    }
}

/// Whether the modem looks for a network by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RadioAtStart {
    /// Registered as soon as the SIM is ready.
    On,
    /// Off until `+CFUN=1` or `+COPS=0`.
    Off,
}

/// What the network reports of submitted messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reports {
    /// Every message is delivered.
    On,
    /// No report comes.
    Off,
    /// Every message fails for good: TP-ST 0x46, the validity period expired (3GPP TS 23.040 §9.2.3.15).
    Failed,
}

/// A number that answers every message to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Friend {
    /// Whose messages are answered.
    pub number: String,
    /// One is chosen for each message; `{text}` stands for what was written.
    pub replies: Vec<String>,
    /// From the message to the answer.
    pub delay_ms: u64,
}

impl Friend {
    /// Two friends for demonstrations, `+12025550100` and `+12025550101`.
    pub fn pair() -> Vec<Self> {
        let friend = |number: &str, replies: &[&str], delay_ms| Self {
            number: number.to_owned(),
            replies: replies.iter().map(|reply| (*reply).to_owned()).collect(),
            delay_ms,
        };
        vec![
            friend(
                "+12025550100",
                &[
                    "Hi! Got your message: {text}",
                    "Good to hear from you. Coffee on Saturday?",
                    "Ha, I was just about to write to you.",
                    "On the train, will call later.",
                ],
                1_500,
            ),
            friend(
                "+12025550101",
                &[
                    "سلام! آپ کا پیغام مل گیا 😀",
                    "Thanks for {text} – will do 👍",
                    "OK",
                    "Who is this? New phone… 📱",
                ],
                2_500,
            ),
        ]
    }
}

/// One answer of the USSD script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UssdStep {
    /// What was dialled or typed.
    pub request: String,
    /// What the network answers.
    pub reply: String,
    /// Whether the network waits for more (`<m>` 1) or is done (`<m>` 0).
    pub more: bool,
}

impl UssdStep {
    /// A balance, and a menu with one level.
    pub fn script() -> Vec<Self> {
        let step = |request: &str, reply: &str, more| Self {
            request: request.to_owned(),
            reply: reply.to_owned(),
            more,
        };
        vec![
            step(
                "*100#",
                "Your balance is 12.50. Valid until 31.12.2030.",
                false,
            ),
            step("*101#", "1 Balance\n2 Own number", true),
            step("1", "Your balance is 12.50.", false),
            step("2", "Your number is +12025550198.", false),
        ]
    }
}
