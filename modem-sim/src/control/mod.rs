//! Requests to a running simulator, as JSON (see the crate's documentation for each with an example).

mod change;
mod report;
mod request;

use std::time::Duration;

use serde_json::{Value, json};

use crate::arrival::Incoming;
use crate::at::calls::Call;
use crate::fault::{
    CommandFault, CommandSpoil, FaultRates, LostAnswer, ModemFault, NetworkTook, NotificationFault,
    SendFault,
};
use crate::settings::UssdStep;
use crate::simulator::Simulator;
use crate::tpdu::{from_hex, to_hex};

pub use change::Change;
pub use request::{Request, Spoil, SpoilCommand, When};

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
            } => self.fail_send(send_fault(how, line, duration)?),
            Request::SpoilNextCommand {
                command,
                how,
                line,
                seconds: duration,
            } => {
                let how = command_spoil(how, line, duration)?;
                self.fail_command(CommandFault { command, how });
            }
            Request::SpoilNextArrival { line } => {
                let fault = line.map_or(NotificationFault::Lost, NotificationFault::As);
                self.fail_notification(fault);
            }
            Request::Reboot {
                seconds: duration,
                new_port: true,
            } => self.reboot(now, seconds(duration)?),
            Request::Reboot {
                seconds: duration,
                new_port: false,
            } => self.drop_port(now, seconds(duration)?),
            Request::CdRom => self.strike(now, ModemFault::CdRom),
            Request::SwitchMode => return Ok(json!({ "switched": self.switch_mode(now) })),
            Request::ForgetRouting => self.strike(now, ModemFault::ForgetRouting),
            Request::SwapSim(sim) => self.swap_sim(now, &sim),
            Request::FaultRates { seed, times } => {
                if !(0.0..=1_000.0).contains(&times) {
                    return Err(format!("{times} is no number of times from 0 to 1000"));
                }
                self.set_rates(FaultRates::usual(seed).times(times));
            }
            Request::Ledger => {
                let fired: Vec<_> = self.ledger().collect();
                return Ok(json!({ "ledger": fired }));
            }
            Request::Hang { seconds: duration } => self.hang(now, seconds(duration)?),
            Request::Say { line } => self.say(now, &line),
            Request::Print { text } => self.inject_output(now, text.as_bytes()),
            Request::Ring {
                from,
                seconds: duration,
                ends,
            } => {
                let call = Call {
                    from,
                    rings_for: seconds(duration)?,
                    ends,
                };
                return Ok(json!({ "rang": self.call(now, call) }));
            }
            Request::Ussd { text, more } => self.push_ussd(
                now,
                UssdStep {
                    request: String::new(),
                    reply: text,
                    more,
                },
            ),
            Request::NetworkTime => self.network_time(now),
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
}

fn send_fault(
    how: Spoil,
    line: Option<String>,
    duration: Option<f64>,
) -> Result<SendFault, String> {
    let line = line.unwrap_or_else(|| "+ZPASR: \"UMTS\"".to_owned());
    let duration = seconds(duration.unwrap_or(1.0))?;
    Ok(match how {
        Spoil::NoPrompt => SendFault::NoPrompt,
        Spoil::OkWithoutReference => SendFault::OkWithoutReference,
        Spoil::BareError => SendFault::BareError,
        Spoil::DoubledResult => SendFault::DoubledResult,
        Spoil::LineBeforePrompt => SendFault::LineBeforePrompt(line),
        Spoil::LineBeforeResult => SendFault::LineBeforeResult(line),
        Spoil::DropPort => SendFault::DropPort(duration),
        Spoil::PowerLost => SendFault::PowerLost(duration),
        Spoil::ArrivalBeforeResult => {
            SendFault::ArrivalBeforeResult(Incoming::new("+12025550101", "while you sent"))
        }
    })
}

fn command_spoil(
    how: SpoilCommand,
    line: Option<String>,
    duration: Option<f64>,
) -> Result<CommandSpoil, String> {
    let or = |usual: &str| line.clone().unwrap_or_else(|| usual.to_owned());
    Ok(match how {
        SpoilCommand::GluedBeforeEcho => {
            CommandSpoil::GluedBeforeEcho(or("^SRVST:1\r\n\r\n^SRVST:2\r\n"))
        }
        SpoilCommand::DoubleEcho => CommandSpoil::DoubleEcho,
        SpoilCommand::LineInAnswer => CommandSpoil::LineInAnswer(or("^RSSI:3")),
        SpoilCommand::ArrivalInAnswer => CommandSpoil::ArrivalInAnswer,
        SpoilCommand::DoubledResult => CommandSpoil::DoubledResult,
        SpoilCommand::Fail => CommandSpoil::Fail(or("COMMAND NOT SUPPORT")),
        SpoilCommand::LateAnswer => CommandSpoil::LateAnswer(seconds(duration.unwrap_or(10.0))?),
        SpoilCommand::LoseAnswer => CommandSpoil::LoseAnswer,
    })
}
