//! Requests to a running simulator, as JSON (see the crate's documentation for each with an example).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::arrival::Incoming;
use crate::at::state::Registration;
use crate::card::{Memory, Slot};
use crate::fault::{LostAnswer, NetworkTook, SendFault};
use crate::quirks::Quirks;
use crate::settings::{Friend, Reports, UssdStep};
use crate::simulator::{Port, Simulator};
use crate::tpdu::{Deliver, Report, Submit, from_hex, split_service_centre, to_hex};

/// One request.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// Someone writes to the SIM.
    Deliver(Incoming),
    /// A raw TPDU for the SIM.
    DeliverPdu {
        /// Hexadecimal digits, without a service-centre address.
        tpdu: String,
    },
    /// The port goes away and comes back.
    DropPort {
        /// For how long.
        seconds: f64,
    },
    /// The next send fails.
    FailNextSend {
        /// The code of `+CMS ERROR`.
        code: u16,
        /// At which point; after the PDU if absent.
        #[serde(default)]
        when: When,
        /// Whether the network takes the message all the same (only after the PDU).
        #[serde(default)]
        accepted: bool,
        /// How many sends fail so; one if absent.
        #[serde(default = "once")]
        times: u16,
    },
    /// The next send (or the next command that begins so) takes effect without an answer.
    LoseNextAnswer {
        /// How the command begins; absent for the next send.
        #[serde(default)]
        command: Option<String>,
    },
    /// The next send's result comes late; other commands are answered meanwhile.
    LateNextAnswer {
        /// From Ctrl-Z to the result.
        seconds: f64,
    },
    /// The network takes the next message; its result waits for `release`.
    HoldNextSend,
    /// Prints the result that was held.
    Release,
    /// The next send goes wrong in one of the rarer ways.
    SpoilNextSend {
        /// Which.
        how: Spoil,
        /// The line of `line_before_prompt` and `line_before_result`.
        #[serde(default)]
        line: Option<String>,
        /// For `drop_port`: how long it stays away.
        #[serde(default)]
        seconds: Option<f64>,
    },
    /// The modem neither reads nor writes.
    Hang {
        /// For how long.
        seconds: f64,
    },
    /// An unsolicited line, where a modem would print one.
    Say {
        /// Without line ends.
        line: String,
    },
    /// Text printed at once, whatever goes on.
    Print {
        /// With its line ends, if any.
        text: String,
    },
    /// Someone rings.
    Ring {
        /// Who.
        from: String,
    },
    /// Coverage is lost or comes back.
    Coverage {
        /// What the network offers.
        state: Registration,
        /// Back to home after that long; `None` for as it is.
        #[serde(default)]
        seconds: Option<f64>,
    },
    /// What was submitted.
    Submitted {
        /// Only parts with a `seq` above it.
        #[serde(default)]
        since: u64,
    },
    /// What the memories hold.
    Stored,
    /// How the modem and the network are.
    Status,
    /// Changes settings; what is absent stays.
    Set(Box<Change>),
}

/// At which point a send fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Instead of the prompt.
    BeforePrompt,
    /// After the PDU.
    #[default]
    AfterSubmit,
}

/// The rarer ways in which a send goes wrong, see [`SendFault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the SendFault of its name")]
pub enum Spoil {
    NoPrompt,
    OkWithoutReference,
    BareError,
    DoubledResult,
    LineBeforePrompt,
    LineBeforeResult,
    DropPort,
}

/// Settings to change.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Change {
    /// From the acceptance of a message to its report.
    pub report_delay_ms: Option<u64>,
    /// From Ctrl-Z to the result.
    pub send_latency_ms: Option<u64>,
    /// From a command to its answer.
    pub command_latency_ms: Option<u64>,
    /// What reports say.
    pub reports: Option<Reports>,
    /// Strength of the signal.
    pub signal: Option<u8>,
    /// The friends, all of them.
    pub friends: Option<Vec<Friend>>,
    /// The refused recipients with their codes, all of them.
    pub refused: Option<std::collections::BTreeMap<String, u16>>,
    /// The USSD script, all of it.
    pub ussd: Option<Vec<UssdStep>>,
    /// The peculiarities, all of them: those that are absent are off.
    pub quirks: Option<Quirks>,
    /// The card's number, as when another SIM is put in (drop the port, too).
    pub iccid: Option<String>,
    /// The card's subscriber.
    pub imsi: Option<String>,
    /// The card's phone number.
    pub own_number: Option<String>,
}

fn once() -> u16 {
    1
}

#[derive(Serialize)]
struct Stored {
    memory: Memory,
    index: usize,
    status: crate::card::Status,
    kind: &'static str,
    party: String,
    text: String,
    pdu: String,
}

/// An upper bound for durations, so that a large number cannot overflow the schedule.
const LONGEST: f64 = 31_536_000.0;

fn seconds(seconds: f64) -> Result<Duration, String> {
    if seconds.is_finite() && (0.0..=LONGEST).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(format!(
            "{seconds} is no number of seconds from 0 to {LONGEST}"
        ))
    }
}

impl Simulator {
    /// Does what a request asks.
    ///
    /// # Errors
    ///
    /// What does not hold, in words for the one who asked.
    pub fn handle_request(&mut self, now: Duration, request: Request) -> Result<Value, String> {
        self.handle_timeout(now);
        match request {
            Request::Deliver(incoming) => {
                let tpdus = self
                    .deliver(now, &incoming)
                    .map_err(|error| error.to_string())?;
                let tpdus: Vec<String> = tpdus.iter().map(|tpdu| to_hex(tpdu)).collect();
                return Ok(json!({ "tpdus": tpdus }));
            }
            Request::DeliverPdu { tpdu } => {
                let octets = from_hex(&tpdu).map_err(|error| error.to_string())?;
                self.deliver_tpdu(now, octets);
            }
            Request::DropPort { seconds: duration } => self.drop_port(now, seconds(duration)?),
            Request::FailNextSend {
                code,
                when,
                accepted,
                times,
            } => {
                let network = if accepted {
                    NetworkTook::It
                } else {
                    NetworkTook::Nothing
                };
                let fault = match when {
                    When::BeforePrompt => SendFault::BeforePrompt { code },
                    When::AfterSubmit => SendFault::AfterSubmit { code, network },
                };
                (0..times).for_each(|_| self.fail_send(fault.clone()));
            }
            Request::LoseNextAnswer { command: None } => self.fail_send(SendFault::LoseAnswer),
            Request::LoseNextAnswer {
                command: Some(command),
            } => self.lose_answer(LostAnswer { command }),
            Request::LateNextAnswer { seconds: late } => {
                self.fail_send(SendFault::LateAnswer(seconds(late)?));
            }
            Request::HoldNextSend => self.fail_send(SendFault::Hold),
            Request::Release => return Ok(json!({ "released": self.release(now) })),
            Request::SpoilNextSend {
                how,
                line,
                seconds: duration,
            } => {
                let line = line.unwrap_or_else(|| "+ZPASR: \"UMTS\"".to_owned());
                let fault = match how {
                    Spoil::NoPrompt => SendFault::NoPrompt,
                    Spoil::OkWithoutReference => SendFault::OkWithoutReference,
                    Spoil::BareError => SendFault::BareError,
                    Spoil::DoubledResult => SendFault::DoubledResult,
                    Spoil::LineBeforePrompt => SendFault::LineBeforePrompt(line),
                    Spoil::LineBeforeResult => SendFault::LineBeforeResult(line),
                    Spoil::DropPort => SendFault::DropPort(seconds(duration.unwrap_or(1.0))?),
                };
                self.fail_send(fault);
            }
            Request::Hang { seconds: duration } => self.hang(now, seconds(duration)?),
            Request::Say { line } => self.say(now, &line),
            Request::Print { text } => self.inject_output(now, text.as_bytes()),
            Request::Ring { from } => self.ring(now, &from),
            Request::Coverage {
                state,
                seconds: duration,
            } => {
                let back = duration.map(seconds).transpose()?;
                self.set_coverage(now, state);
                if let Some(back) = back {
                    self.restore_coverage(now + back);
                }
            }
            Request::Submitted { since } => {
                let parts: Vec<_> = self.network.submitted(since).collect();
                let messages: Vec<_> = self.network.messages().collect();
                return Ok(json!({ "submitted": parts, "messages": messages }));
            }
            Request::Stored => return Ok(json!({ "stored": self.stored() })),
            Request::Status => return Ok(self.status()),
            Request::Set(change) => self.change(*change),
        }
        Ok(json!({}))
    }

    fn change(&mut self, change: Change) {
        let settings = self.settings_mut();
        let Change {
            report_delay_ms,
            send_latency_ms,
            command_latency_ms,
            reports,
            signal,
            friends,
            refused,
            ussd,
            quirks,
            iccid,
            imsi,
            own_number,
        } = change;
        let duration =
            |milliseconds: Option<u64>, old| milliseconds.map_or(old, Duration::from_millis);
        settings.report_delay = duration(report_delay_ms, settings.report_delay);
        settings.send_latency = duration(send_latency_ms, settings.send_latency);
        settings.command_latency = duration(command_latency_ms, settings.command_latency);
        settings.reports = reports.unwrap_or(settings.reports);
        settings.signal = signal.unwrap_or(settings.signal);
        for (setting, wanted) in [
            (&mut settings.iccid, iccid),
            (&mut settings.imsi, imsi),
            (&mut settings.own_number, own_number),
        ] {
            if let Some(wanted) = wanted {
                *setting = wanted;
            }
        }
        if let Some(quirks) = quirks {
            settings.quirks = quirks;
        }
        if let Some(friends) = friends {
            settings.friends = friends;
        }
        if let Some(refused) = refused {
            settings.refused = refused;
        }
        if let Some(ussd) = ussd {
            settings.ussd = ussd;
        }
    }

    fn status(&self) -> Value {
        json!({
            "port": if self.port() == Port::Open { "open" } else { "closed" },
            "registration": self.registration(),
            "waiting": self.network.waiting.len(),
            "submitted": self.network.submitted(0).count(),
            "stored": { "SM": self.card.used(Memory::Sim), "ME": self.card.used(Memory::Modem), "SR": self.card.used(Memory::Reports) },
            "capacity": { "SM": self.card.capacity(Memory::Sim), "ME": self.card.capacity(Memory::Modem), "SR": self.card.capacity(Memory::Reports) },
            "faults": self.send_faults.len() + self.lost_answers.len(),
            "held": self.held_answer.is_some(),
            "pin_tries_left": self.pin_tries_left,
            "cnmi": self.modem.cnmi,
            "csms": self.modem.service,
            "now_ms": u64::try_from(self.now.as_millis()).unwrap_or(u64::MAX),
        })
    }

    fn stored(&self) -> Vec<Stored> {
        let memories = [Memory::Sim, Memory::Modem, Memory::Reports];
        memories
            .into_iter()
            .flat_map(|memory| {
                self.card
                    .slots(memory)
                    .map(move |(index, slot)| stored(memory, index, slot))
            })
            .collect()
    }
}

fn stored(memory: Memory, index: usize, slot: &Slot) -> Stored {
    let tpdu = split_service_centre(&slot.pdu).map_or(&[][..], |(_, tpdu)| tpdu);
    let (kind, party, text) = if let Ok(deliver) = Deliver::read(tpdu) {
        ("deliver", deliver.from.to_string(), deliver.user_data.text)
    } else if let Ok(submit) = Submit::read(tpdu) {
        ("submit", submit.to.to_string(), submit.user_data.text)
    } else if let Ok(report) = Report::read(tpdu) {
        (
            "report",
            report.recipient.to_string(),
            format!("{} {:#04x}", report.reference, report.status),
        )
    } else {
        ("unreadable", String::new(), String::new())
    };
    Stored {
        memory,
        index,
        status: slot.status,
        kind,
        party,
        text,
        pdu: to_hex(&slot.pdu),
    }
}
