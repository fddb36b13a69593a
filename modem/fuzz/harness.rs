//! An engine under any schedule of bytes, time and requests, and what has to hold throughout. Shared by the fuzz target
//! `engine_input` and by `tests/fuzz_corpus.rs`, which replays the committed corpus.
//!
//! Seen from outside alone:
//!
//! - nothing panics, and the engine comes to rest;
//! - a command is written only if something came or time passed since the one before;
//! - between Ctrl-Z (or the line of `+CMSS`) and the answer to its request nothing is written, and if nothing came at all,
//!   nothing for 150 s;
//! - each request is answered once: at most once before the end, and at the end;
//! - what comes out is bounded by what went in.
//!
//! The first octet of the data says how the modem is at first, then each octet is a deed, some with an argument behind it.

use std::collections::BTreeMap;
use std::time::Duration;

use modem::engine::{Answer, Engine, Output, Request, RequestId, Settings};
use modem::{Address, Config, DeliveryReports, Memory, Phase, PinDecision, RawPdu, StorageSlot};

const HELLO: &str = "07912120550591F9040B912120550501F000006210100000000005E8329BFD06";
const SUBMIT: [u8; 18] = [
    0x01, 0x00, 0x0B, 0x91, 0x21, 0x20, 0x55, 0x05, 0x01, 0xF0, 0x00, 0x00, 0x05, 0xE8, 0x32, 0x9B,
    0xFD, 0x06,
];

/// What modems say, so that the fuzzer need not find it letter by letter. Only added to at the end: the corpus counts.
const PIECES: [&str; 56] = [
    "\r\nOK\r\n",
    "\r\nERROR\r\n",
    "\r\n> ",
    "> \r\n",
    "\r\n+CMGS: 7\r\n",
    "\r\n+CMGS: 8\r\n\r\nOK\r\n",
    "\r\n+CMSS: 9\r\n\r\nOK\r\n",
    "\r\n+CMGW: 4\r\n\r\nOK\r\n",
    "\r\n+CMS ERROR: 38\r\n",
    "\r\n+CMS ERROR: 42\r\n",
    "\r\n+CMS ERROR: 322\r\n",
    "\r\n+CMS ERROR: 512\r\n",
    "\r\n+CMS ERROR: 321\r\n",
    "\r\n+CMS ERROR: 314\r\n",
    "\r\n+CME ERROR: 14\r\n",
    "\r\n+CME ERROR: 13\r\n",
    "\r\n+CME ERROR: 10\r\n",
    "\r\n+CME ERROR: SIM busy\r\n",
    "COMMAND NOT SUPPORT\r\n",
    "\r\n+CMTI: \"SM\",1\r\n",
    "\r\n+CMTI: \"MT\",3\r\n",
    "\r\n+CMTI: ,-1\r\n",
    "\r\n+CDSI: \"SR\",2\r\n",
    "\r\n+CDS: 25\r\n",
    "07912120550591F9062A0B912120550501F0621010000000006210100000000000\r\n",
    "07912120550591F9040B912120550501F000006210100000000005E8329BFD06\r\n",
    "\r\n+CMGR: 0,,24\r\n",
    "\r\n+CMGR: 2,,18\r\n",
    "\r\n+CMGL: 1,0,,24\r\n",
    "\r\n+CMGL: 161,3,,18\r\n",
    "00010000B912120550501F0000005E8329BFD06\r\n",
    "\r\n+CPMS: 20,20,20,20,20,20\r\n\r\nOK\r\n",
    "\r\n+CPMS: (\"SM\",\"ME\",\"MT\",\"SR\"),(\"SM\",\"ME\"),(\"MT\")\r\n\r\nOK\r\n",
    "\r\n+CPMS: \"SM\",0,20,\"ME\",1,100,\"MT\",1,120\r\n\r\nOK\r\n",
    "\r\n+CNMI: 0,0,0,0,0\r\n\r\nOK\r\n",
    "\r\n+CNMI: 2,1,0,1,0\r\n\r\nOK\r\n",
    "\r\n+CPIN: READY\r\n\r\nOK\r\n",
    "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n",
    "\r\n+CPIN: NOT READY\r\n",
    "\r\n+CREG: 0,2\r\n\r\nOK\r\n",
    "\r\n+CREG: 2\r\n",
    "\r\n+CREG: 1\r\n",
    "\r\n+CUSD: 1,\"1 Balance\r\n2 Number\",15\r\n",
    "\r\n+CUSD: 0,\"00410042\",72\r\n",
    "+CUSD: 0,\"a",
    "\r\nRDY\r\n",
    "^SYSSTART\r\n",
    "^RSSI:3\r\n",
    "^BOOT:91409020,0,0,0,6\r\n",
    "^SMMEMFULL: \"SM\"\r\n",
    "+SMS FULL\r\n",
    "\r\nRING\r\n",
    "\r\n+CLIP: \"+12025550100\",145\r\n",
    "\r\nNO CARRIER\r\n",
    "AT+CMGR=1\r",
    "\0\0\r\n",
];

const TIMES: [u64; 16] = [
    0, 1, 20, 100, 300, 500, 1500, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 150_000,
    600_000,
];

/// What was handed out that may be a message, and for which request.
struct Leaving {
    id: Option<RequestId>,
    at: Duration,
    /// Whether anything came since.
    heard: bool,
}

struct World {
    engine: Engine,
    now: Duration,
    open: bool,
    /// Whether the modem answers as one without peculiarities.
    usual: bool,
    asked: BTreeMap<RequestId, usize>,
    /// Requests that send, in their order, not yet answered.
    sends: Vec<RequestId>,
    last_id: u64,
    last_line: Option<String>,
    /// When a command was last written, and whether anything came or went since.
    wrote: Option<Duration>,
    heard: bool,
    leaving: Option<Leaving>,
    wants_pin: bool,
    outputs: usize,
    allowed: usize,
}

/// Runs one schedule. Panics if something does not hold.
pub(crate) fn run(data: &[u8]) {
    let Some((&first, deeds)) = data.split_first() else {
        return;
    };
    let mut config = Config::new(Address::Auto);
    config.network_timeout = Duration::from_secs(if first & 1 == 0 { 0 } else { 300 });
    if first & 2 != 0 {
        config.delivery_reports = DeliveryReports::Unwanted;
    }
    if first & 4 != 0 {
        config.storage = Some(Memory::Both);
    }
    let mut settings = Settings::from(&config);
    if first & 8 != 0 {
        settings.pin = "1234".parse().ok();
    }
    let mut world = World {
        engine: Engine::new(settings),
        now: Duration::ZERO,
        open: false,
        usual: first & 16 == 0,
        asked: BTreeMap::new(),
        sends: Vec::new(),
        last_id: 0,
        last_line: None,
        wrote: None,
        heard: true,
        leaving: None,
        wants_pin: false,
        outputs: 0,
        allowed: 256,
    };
    world.open();
    world.pass(Duration::from_secs(10));
    let mut deeds = deeds.iter().copied();
    for _ in 0..400 {
        let Some(deed) = deeds.next() else { break };
        let mut argument = || deeds.next().unwrap_or_default();
        match deed {
            0..=95 => {
                let piece = PIECES.iter().cycle().nth(usize::from(deed));
                world.say(piece.copied().unwrap_or_default().as_bytes());
            }
            96..=127 => {
                let length = usize::from(deed) - 95;
                let bytes: Vec<u8> = (0..length).map(|_| argument()).collect();
                world.say(&bytes);
            }
            128..=175 => {
                let time = TIMES.iter().cycle().nth(usize::from(deed));
                world.pass(Duration::from_millis(time.copied().unwrap_or_default()));
            }
            176..=191 => world.send(Request::Send {
                tag: 1,
                tpdu: SUBMIT.to_vec(),
            }),
            192..=195 => {
                let slot = slot(argument());
                world.send(Request::Transmit { tag: 2, slot });
            }
            196..=199 => {
                let length = usize::from(argument());
                world.ask(Request::Stage {
                    tpdu: SUBMIT.iter().copied().cycle().take(length).collect(),
                });
            }
            200..=203 => {
                let slot = slot(argument());
                world.ask(Request::Inspect { slot });
            }
            204..=207 => {
                let slot = slot(argument());
                let expected = RawPdu::new(HELLO);
                world.ask(Request::Delete { slot, expected });
            }
            208..=211 => world.ask(Request::Staged),
            212..=215 => world.ask(Request::Ussd {
                code: "*100#".to_owned(),
            }),
            216..=223 => world.usual = !world.usual,
            224..=227 => world.close(Phase::PortAbsent {
                reason: "gone".to_owned(),
            }),
            228..=231 => world.open(),
            232..=235 if world.wants_pin => {
                world.wants_pin = false;
                let decision = if deed & 1 == 0 {
                    PinDecision::Enter
                } else {
                    PinDecision::Refuse
                };
                world.engine.handle_pin_decision(world.now, decision);
            }
            236..=239 => world.engine.handle_backlog(usize::from(argument())),
            232..=235 | 240..=255 => {}
        }
        world.allowed += 64;
        world.drain();
    }
    world.close(Phase::Stopped);
    world.drain();
    for (id, answers) in &world.asked {
        assert_eq!(*answers, 1, "answers to request {id:?}");
    }
}

fn slot(argument: u8) -> StorageSlot {
    let memory = match argument >> 6 {
        0 | 1 => Memory::Sim,
        2 => Memory::Modem,
        _ => Memory::StatusReports,
    };
    let index = u16::from(argument & 0x3F);
    StorageSlot { memory, index }
}

impl World {
    fn open(&mut self) {
        if !self.open {
            self.open = true;
            self.heard = true;
            self.leaving = None;
            self.engine.handle_opened(self.now);
            self.drain();
        }
    }

    fn close(&mut self, phase: Phase) {
        self.open = false;
        self.wants_pin = false;
        self.leaving = None;
        self.engine.handle_closed(phase);
        self.drain();
    }

    fn say(&mut self, bytes: &[u8]) {
        self.allowed += 64 + 2 * bytes.len();
        self.heard = true;
        if let Some(leaving) = &mut self.leaving {
            leaving.heard = true;
        }
        self.engine.handle_input(self.now, bytes);
    }

    fn send(&mut self, request: Request) {
        self.sends.push(RequestId(self.last_id + 1));
        self.ask(request);
    }

    fn ask(&mut self, request: Request) {
        self.last_id += 1;
        let id = RequestId(self.last_id);
        self.asked.insert(id, 0);
        self.engine.handle_request(self.now, id, request);
    }

    /// Lets time pass, with a look at the engine whenever it wants one.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        for _ in 0..2000 {
            self.drain();
            let due = self.engine.poll_timeout().filter(|&due| due <= end);
            let Some(due) = due else { break };
            self.move_to(due);
            self.engine.handle_timeout(self.now);
            self.allowed += 64;
        }
        self.move_to(end);
        self.engine.handle_timeout(self.now);
        self.drain();
    }

    fn move_to(&mut self, time: Duration) {
        if time > self.now {
            self.now = time;
            self.heard = true;
        }
    }

    fn drain(&mut self) {
        for _ in 0..10_000 {
            let mut busy = false;
            while let Some(output) = self.engine.poll_event() {
                busy = true;
                self.take(output);
            }
            if let Some(bytes) = self.engine.poll_transmit() {
                busy = true;
                self.written(&bytes);
            }
            self.engine.handle_timeout(self.now);
            if !busy {
                return;
            }
        }
        panic!("the engine never rests");
    }

    fn written(&mut self, bytes: &[u8]) {
        assert!(self.open, "written to a closed port");
        assert!(bytes.is_ascii() && !bytes.is_empty() && bytes.len() < 1000);
        if let Some(leaving) = &self.leaving {
            let silence = self.now.saturating_sub(leaving.at);
            assert!(
                leaving.id.is_none(),
                "{bytes:?} is written before the result of a send"
            );
            assert!(
                leaving.heard || silence >= Duration::from_secs(150),
                "{bytes:?} is written {silence:?} after Ctrl-Z, and nothing came"
            );
            self.leaving = None;
        }
        let text = String::from_utf8_lossy(bytes).into_owned();
        let line = text.strip_suffix('\r');
        if let Some(line) = line {
            assert!(
                self.heard,
                "{line:?} is written right behind {:?}",
                self.last_line
            );
            self.heard = false;
            self.wrote = Some(self.now);
            self.last_line = Some(line.to_owned());
        }
        let sends = |begins: &str| {
            self.last_line
                .as_ref()
                .is_some_and(|line| line.starts_with(begins))
        };
        if text == "\u{1a}" && sends("AT+CMGS=") || line.is_some() && sends("AT+CMSS=") {
            self.leaving = Some(Leaving {
                id: self.sends.first().copied(),
                at: self.now,
                heard: false,
            });
        }
        if self.usual
            && let Some(says) = usual(line.unwrap_or(&text), self.last_line.as_deref())
        {
            self.say(says.as_bytes());
        }
    }

    fn take(&mut self, output: Output) {
        self.outputs += 1;
        assert!(
            self.outputs <= self.allowed,
            "{} outputs from so little",
            self.outputs
        );
        match output {
            Output::Answer { id, answer } => {
                match self.asked.get_mut(&id) {
                    Some(answers) if *answers == 0 => *answers = 1,
                    Some(_) => panic!("request {id:?} is answered again"),
                    None => panic!("{id:?} was never asked"),
                }
                self.sends.retain(|send| *send != id);
                if let Some(leaving) = &mut self.leaving
                    && leaving.id == Some(id)
                {
                    assert!(matches!(answer, Answer::Sent(_)));
                    leaving.id = None;
                }
            }
            Output::AskPin(_) => self.wants_pin = true,
            Output::ClosePort | Output::ResetUsb => {
                self.close(Phase::NotAnswering);
                self.open();
            }
            Output::Event(_) => {}
        }
    }
}

/// What a modem without peculiarities says.
fn usual(written: &str, line: Option<&str>) -> Option<&'static str> {
    Some(match written {
        "\u{1b}" => return None,
        "\u{1a}" if line.is_some_and(|line| line.starts_with("AT+CMGW")) => {
            "\r\n+CMGW: 4\r\n\r\nOK\r\n"
        }
        "\u{1a}" => "\r\n+CMGS: 42\r\n\r\nOK\r\n",
        "AT+CFUN?" => "\r\n+CFUN: 1\r\n\r\nOK\r\n",
        "AT+CGSN" => "\r\n490154203237518\r\n\r\nOK\r\n",
        "AT+CCID" => "\r\n+CCID: 8901001012345678905\r\n\r\nOK\r\n",
        "AT+CPIN?" => "\r\n+CPIN: READY\r\n\r\nOK\r\n",
        "AT+CIMI" => "\r\n001010123456789\r\n\r\nOK\r\n",
        "AT+CREG?" => "\r\n+CREG: 0,1\r\n\r\nOK\r\n",
        "AT+CSQ" => "\r\n+CSQ: 20,99\r\n\r\nOK\r\n",
        "AT+COPS?" => "\r\n+COPS: 0,0,\"Test Net\"\r\n\r\nOK\r\n",
        "AT+CPMS=?" => {
            "\r\n+CPMS: (\"SM\",\"ME\",\"MT\"),(\"SM\",\"ME\"),(\"SM\",\"MT\")\r\n\r\nOK\r\n"
        }
        "AT+CPMS?" => "\r\n+CPMS: \"SM\",0,20,\"SM\",0,20,\"SM\",0,20\r\n\r\nOK\r\n",
        "AT+CNMI=?" => "\r\n+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)\r\n\r\nOK\r\n",
        "AT+CNMI?" => "\r\n+CNMI: 2,1,0,1,0\r\n\r\nOK\r\n",
        _ if written.starts_with("AT+CPMS=") => "\r\n+CPMS: 0,20,0,20,0,20\r\n\r\nOK\r\n",
        _ if written.starts_with("AT+CMGS=") || written.starts_with("AT+CMGW=") => "\r\n> ",
        _ if written.starts_with("AT+CMSS=") => "\r\n+CMSS: 43\r\n\r\nOK\r\n",
        _ if written.starts_with("AT+CMGR=") => {
            "\r\n+CMGR: 0,,24\r\n07912120550591F9040B912120550501F000006210100000000005E8329BFD06\r\n\r\nOK\r\n"
        }
        _ if written.starts_with("AT") => "\r\nOK\r\n",
        _ => return None,
    })
}
