//! A bench for the engine: virtual time, a scripted modem on the other end, and what came out as text.

mod bring_up;
mod calls;
mod deleting;
mod health;
mod late;
mod network;
mod profiles;
mod quirks;
mod random;
mod reading;
mod restart;
mod sending;
mod simulated;
mod storage;
mod two_step;
mod ussd;
mod vectors;

use std::fmt::Write as _;
use std::time::Duration;

use super::{Answer, Engine, Output, Request, RequestId, Settings};
use crate::config::{Calls, DeliveryReports, Listening};
use crate::event::{Accepted, Event, FollowUp, Origin};
use crate::pdu::RawPdu;
use crate::status::Phase;
use crate::storage::{Memory, StorageSlot};

/// SMS-DELIVER from +12025550100, "hello", with service centre; by hand after 3GPP TS 23.040 §9.2.2.1.
const HELLO: &str = "07912120550591F9040B912120550501F000006210100000000005E8329BFD06";
/// The same, "world".
const WORLD: &str = "07912120550591F9040B912120550501F000006210100000000005F7B79C4D06";
/// SMS-STATUS-REPORT for reference 42 (§9.2.2.3).
const REPORT: &str = "07912120550591F9062A0B912120550501F0621010000000006210100000000000";
/// SMS-SUBMIT to +12025550100, "hello", 18 octets without service centre (§9.2.2.2).
const SUBMIT: &str = "01000B912120550501F0000005E8329BFD06";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn settings() -> Settings {
    Settings {
        service_centre: None,
        pin: None,
        delivery_reports: DeliveryReports::Wanted,
        poll_interval: seconds(60),
        storage: None,
        unfinished: None,
        imei: None,
        init: Vec::new(),
        listening: Listening::Announcements,
        calls: Calls::LetRing,
        network_timeout: Duration::ZERO,
    }
}

fn sim(index: u16) -> StorageSlot {
    StorageSlot {
        memory: Memory::Sim,
        index,
    }
}

fn tpdu() -> Vec<u8> {
    sms_codec::hex::decode(SUBMIT).expect("hexadecimal")
}

/// What the scripted modem does when a command begins so.
struct Rule {
    begins: String,
    /// `None`: nothing is said.
    says: Option<String>,
    after: Duration,
    /// How often it applies; the rules given last come first.
    times: usize,
}

/// An engine, its modem, and the time.
struct Bench {
    engine: Engine,
    now: Duration,
    rules: Vec<Rule>,
    coming: Vec<(Duration, Vec<u8>)>,
    /// Commands and payloads as they were written, without line ends.
    written: Vec<String>,
    /// What came out, a line for each.
    told: String,
    /// What had been told each time that everything was looked through, which `told` leaves out.
    looked_through: Vec<String>,
    last_id: u64,
    /// Each `OK` is said again after this time.
    doubled_after: Option<Duration>,
}

impl Bench {
    fn new(settings: Settings) -> Self {
        Self {
            engine: Engine::new(settings),
            now: Duration::ZERO,
            rules: Vec::new(),
            coming: Vec::new(),
            written: Vec::new(),
            told: String::new(),
            looked_through: Vec::new(),
            last_id: 0,
            doubled_after: None,
        }
    }

    /// Brought up against a modem without peculiarities; what was written and told so far is forgotten.
    fn ready() -> Self {
        let mut bench = Self::new(settings());
        bench.bring_up();
        assert_eq!(*bench.phase(), Phase::Ready, "{:?}", bench.written);
        bench.forget();
        bench
    }

    fn bring_up(&mut self) {
        self.engine.handle_opened(self.now);
        // Longer than an earlier life of the program may owe anything.
        self.run(seconds(16));
    }

    fn forget(&mut self) {
        self.written.clear();
        self.told.clear();
    }

    fn phase(&self) -> &Phase {
        &self.engine.status().phase
    }

    /// The next commands that begin so are answered with these bytes.
    fn rule(&mut self, begins: &str, times: usize, says: &str) -> &mut Self {
        self.rule_after(begins, times, Some(says), Duration::ZERO)
    }

    fn silent(&mut self, begins: &str, times: usize) -> &mut Self {
        self.rule_after(begins, times, None, Duration::ZERO)
    }

    fn rule_after(
        &mut self,
        begins: &str,
        times: usize,
        says: Option<&str>,
        after: Duration,
    ) -> &mut Self {
        let says = says.map(str::to_owned);
        let begins = begins.to_owned();
        self.rules.push(Rule {
            begins,
            says,
            after,
            times,
        });
        self
    }

    fn say(&mut self, bytes: &str) {
        let bytes: Vec<u8> = bytes
            .chars()
            .map(|c| u8::try_from(c).expect("Latin-1"))
            .collect();
        self.engine.handle_input(self.now, &bytes);
        self.drain();
    }

    fn ask(&mut self, request: Request) {
        self.last_id += 1;
        self.engine
            .handle_request(self.now, RequestId(self.last_id), request);
        self.drain();
    }

    fn send(&mut self, tag: u64) {
        self.ask(Request::Send { tag, tpdu: tpdu() });
    }

    fn delete(&mut self, index: u16, expected: &str) {
        let expected = RawPdu::new(expected);
        self.ask(Request::Delete {
            slot: sim(index),
            expected,
        });
    }

    /// Lets the given time pass.
    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.drain();
            let coming = self.coming.iter().map(|(at, _)| *at).min();
            let due = [self.engine.poll_timeout(), coming]
                .into_iter()
                .flatten()
                .min();
            let Some(due) = due.filter(|&due| due <= end) else {
                break;
            };
            self.now = self.now.max(due);
            let position = self.coming.iter().position(|(at, _)| *at <= self.now);
            if let Some(position) = position {
                let (_, bytes) = self.coming.remove(position);
                self.engine.handle_input(self.now, &bytes);
            }
            self.engine.handle_timeout(self.now);
        }
        self.now = end;
        self.engine.handle_timeout(self.now);
        self.drain();
    }

    fn drain(&mut self) {
        for _ in 0..10_000 {
            let mut busy = false;
            while let Some(bytes) = self.engine.poll_transmit() {
                busy = true;
                let text = String::from_utf8(bytes).expect("ASCII");
                let text = text.replace('\u{1a}', "^Z").replace('\u{1b}', "ESC");
                let text = text.trim_end_matches('\r').to_owned();
                self.written.push(text.clone());
                self.react(&text);
            }
            while let Some(output) = self.engine.poll_event() {
                busy = true;
                if output == Output::Event(Event::LookedThrough) {
                    self.looked_through.push(self.told.clone());
                    continue;
                }
                let line = told(&output)
                    .replace(HELLO, "HELLO")
                    .replace(WORLD, "WORLD")
                    .replace(REPORT, "REPORT");
                writeln!(self.told, "{line}").expect("to a string");
            }
            self.engine.handle_timeout(self.now);
            if !busy {
                return;
            }
        }
        panic!(
            "the engine never rests: {:?}",
            self.written.iter().rev().take(20).collect::<Vec<_>>()
        );
    }

    fn react(&mut self, written: &str) {
        let rule = self
            .rules
            .iter_mut()
            .rev()
            .find(|rule| rule.times > 0 && written.starts_with(&rule.begins));
        let (says, after) = match rule {
            Some(rule) => {
                rule.times -= 1;
                (rule.says.clone(), rule.after)
            }
            None => (usual(written).map(str::to_owned), Duration::ZERO),
        };
        let Some(says) = says else { return };
        if let Some(doubled_after) = self.doubled_after
            && says.ends_with("OK\r\n")
        {
            self.coming
                .push((self.now + after + doubled_after, b"OK\r\n".to_vec()));
        }
        let bytes: Vec<u8> = says
            .chars()
            .map(|c| u8::try_from(c).expect("Latin-1"))
            .collect();
        if after.is_zero() {
            self.engine.handle_input(self.now, &bytes);
        } else {
            self.coming.push((self.now + after, bytes));
        }
    }
}

/// What a modem without peculiarities says.
fn usual(written: &str) -> Option<&'static str> {
    Some(match written {
        "ESC" => return None,
        "^Z" => "\r\n+CMGS: 42\r\n\r\nOK\r\n",
        "AT+CFUN?" => "\r\n+CFUN: 1\r\n\r\nOK\r\n",
        "AT+CGMI" => "\r\nTest Works\r\n\r\nOK\r\n",
        "AT+CGMM" => "\r\nT100\r\n\r\nOK\r\n",
        "AT+CGMR" => "\r\n1.0\r\n\r\nOK\r\n",
        "AT+CGSN" => "\r\n490154203237518\r\n\r\nOK\r\n",
        "AT+CCID" => "\r\n+CCID: 8901001012345678905\r\n\r\nOK\r\n",
        "AT+CPIN?" => "\r\n+CPIN: READY\r\n\r\nOK\r\n",
        "AT+CIMI" => "\r\n001010123456789\r\n\r\nOK\r\n",
        "AT+CREG?" => "\r\n+CREG: 0,1\r\n\r\nOK\r\n",
        "AT+CGREG?" => "\r\n+CGREG: 0,1\r\n\r\nOK\r\n",
        "AT+CEREG?" => "\r\nERROR\r\n",
        "AT+CSQ" => "\r\n+CSQ: 20,99\r\n\r\nOK\r\n",
        "AT+COPS?" => "\r\n+COPS: 0,0,\"Test Net\"\r\n\r\nOK\r\n",
        "AT+CSCA?" => "\r\n+CSCA: \"+12025550199\",145\r\n\r\nOK\r\n",
        "AT+CSMS=0" => "\r\n+CSMS: 1,1,1\r\n\r\nOK\r\n",
        "AT+CPMS=?" => "\r\n+CPMS: (\"SM\"),(\"SM\"),(\"SM\")\r\n\r\nOK\r\n",
        "AT+CPMS?" => "\r\n+CPMS: \"SM\",0,20,\"SM\",0,20,\"SM\",0,20\r\n\r\nOK\r\n",
        "AT+CNMI=?" => "\r\n+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)\r\n\r\nOK\r\n",
        "AT+CNMI?" => "\r\n+CNMI: 2,1,0,1,0\r\n\r\nOK\r\n",
        _ if written.starts_with("AT+CPMS=") => "\r\n+CPMS: 0,20,0,20,0,20\r\n\r\nOK\r\n",
        _ if written.starts_with("AT+CMGS=") || written.starts_with("AT+CMGW=") => "\r\n> ",
        _ if written.starts_with("AT") => "\r\nOK\r\n",
        _ => return None,
    })
}

/// One output as a line of a snapshot.
fn told(output: &Output) -> String {
    match output {
        Output::Answer {
            id: RequestId(id),
            answer,
        } => {
            let what = match answer {
                Answer::Sent(Ok(accepted)) => accepted_words(*accepted),
                Answer::Sent(Err(error)) => error.to_string(),
                Answer::Staged(Ok(slot)) => format!("staged in {slot}"),
                Answer::Inspected(Ok(content)) => format!(
                    "{:?} {}",
                    content.status,
                    content.pdu.as_ref().map_or("empty", RawPdu::as_str)
                ),
                Answer::Listed(Ok(slots)) => {
                    let slots = slots.iter().map(|(slot, content)| {
                        let pdu = content.pdu.as_ref().map_or("empty", RawPdu::as_str);
                        format!("{slot} {:?} {pdu}", content.status)
                    });
                    format!("listed [{}]", slots.collect::<Vec<_>>().join(", "))
                }
                Answer::Deleted(Ok(deleted)) => format!("{deleted:?}"),
                Answer::Ussd(Ok(answer)) => {
                    format!("{:?} {}", answer.follow_up, answer.text.reveal())
                }
                Answer::UssdEnded(Ok(())) => "the dialogue is over".to_owned(),
                Answer::Staged(Err(error))
                | Answer::Inspected(Err(error))
                | Answer::Listed(Err(error))
                | Answer::Deleted(Err(error))
                | Answer::UssdEnded(Err(error))
                | Answer::Ussd(Err(error)) => format!("error: {error}"),
            };
            format!("{id}: {what}")
        }
        Output::Event(Event::Received { origin, pdu, kind }) => {
            let place = match origin {
                Origin::Stored(slot) => slot.to_string(),
                Origin::Direct => "direct".to_owned(),
            };
            format!("received {place} {kind:?} {}", pdu.as_str())
        }
        Output::Event(Event::LateOutcome { tag, outcome }) => match outcome {
            Ok(accepted) => format!("late, tag {tag}: {}", accepted_words(*accepted)),
            Err(error) => format!("late, tag {tag}: {error}"),
        },
        Output::Event(Event::LookedThrough) => "looked through".to_owned(),
        Output::Event(Event::PhaseChanged(phase)) => format!("phase: {phase}"),
        Output::Event(Event::Ussd(answer)) if answer.follow_up == FollowUp::Ended => {
            format!("ussd: {}", answer.text.reveal())
        }
        Output::Event(Event::Ussd(answer)) => {
            format!("ussd, {:?}: {}", answer.follow_up, answer.text.reveal())
        }
        Output::Event(Event::Call(call)) => format!(
            "call from {}: {:?}, {} rings",
            call.from.as_ref().map_or("nobody", |from| from.reveal()),
            call.outcome,
            call.rings
        ),
        Output::Event(Event::NetworkTime(time)) => format!(
            "network time: {} quarters, {:?}",
            time.offset_quarters, time.utc_seconds
        ),
        Output::Event(Event::RegistrationDenied) => "registration denied".to_owned(),
        Output::Event(Event::Roaming(roaming)) => format!("roaming: {roaming:?}"),
        Output::Event(Event::PinAccepted) => "PIN accepted".to_owned(),
        Output::Event(Event::StorageFull(full)) => {
            format!("{} full: {} of {}", full.memory, full.used, full.total)
        }
        Output::AskPin(attempt) => format!(
            "may the PIN be entered? card {}, tries left {:?}",
            attempt
                .iccid
                .as_ref()
                .map_or("unknown", |iccid| iccid.reveal()),
            attempt.tries_left
        ),
        Output::ResetUsb => "reset at the USB port".to_owned(),
        Output::ClosePort => "close the port".to_owned(),
    }
}

fn accepted_words(accepted: Accepted) -> String {
    match accepted.reference {
        Some(reference) => format!("accepted, reference {}", reference.0),
        None => "accepted, no reference".to_owned(),
    }
}
