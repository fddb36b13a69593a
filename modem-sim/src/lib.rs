//! A simulated GSM modem and network with virtual time and scripted faults.
//!
//! [`Simulator`] is sans-I/O: bytes and `now` in; bytes, events and the next deadline out. `now` is the [`Duration`]
//! since its start. [`serve`] runs one in real time behind a pseudo-terminal or a TCP port, as the program `modem-sim`
//! does. Apart from the command line and `serve` nothing here knows a clock.
//!
//! It shares no code with the bridge: its own reader and writer of TPDUs ([`tpdu`]) and its own view of the AT commands,
//! so that a fault in one cannot cancel itself out in the other. That real SMS daemons get along with it is proven by
//! its tests against `smsd` (smstools) and `gammu-smsd`.
//!
//! ```
//! use std::time::Duration;
//! use modem_sim::{Incoming, Settings, Simulator};
//!
//! let mut simulator = Simulator::new(Settings::default());
//! let now = Duration::from_secs(1);
//! simulator.handle_input(now, b"ATE0;+CNMI=2,1,0,2,0\r");
//! assert_eq!(simulator.poll_output().as_deref(), Some(&b"ATE0;+CNMI=2,1,0,2,0\r\r\nOK\r\n"[..]));
//! simulator.deliver(now, &Incoming::new("+12025550100", "hello")).unwrap();
//! assert_eq!(simulator.poll_output().as_deref(), Some(&b"\r\n+CMTI: \"SM\",1\r\n"[..]));
//! ```
//!
//! # Control requests
//!
//! JSON objects, one a line on the control socket, or a [`control::Request`] given to [`serve::Handle::request`] or
//! [`Simulator::handle_request`]. Answers are `{"ok":true,…}` or `{"ok":false,"error":"…"}` with the request's `"id"`.
//!
//! | request | effect |
//! |---|---|
//! | `{"do":"deliver","from":"+12025550100","text":"hi"}` | an SMS for the SIM; also `"order":[3,1,2]` (parts may be missing or repeated), `"scts":"2026-01-31T12:00:00Z"`, `"alphabet":"gsm7\|ucs2\|octets"`, `"class":0`, `"reference":7`. Answers `"tpdus"` |
//! | `{"do":"deliver_pdu","tpdu":"040B91…"}` | any TPDU, well formed or not |
//! | `{"do":"submitted","since":0}` | `"submitted":[{seq,to,text,reference,part,total,concat_reference,srr,pdu,at_ms}]`, `"messages":[{to,text,parts}]` |
//! | `{"do":"stored"}` | `"stored":[{memory,index,status,kind,party,text,pdu}]` |
//! | `{"do":"status"}` | port, registration, counts, faults left |
//! | `{"do":"fail_next_send","code":38}` | `+CMS ERROR: 38` after the PDU; `"when":"before_prompt"`, `"accepted":true` (the network has it all the same), `"times":3` |
//! | `{"do":"lose_next_answer"}` | the next send's result never comes; `"command":"+CMGD"`: that command's answer |
//! | `{"do":"late_next_answer","seconds":5}` | it comes late |
//! | `{"do":"hold_next_send"}`, `{"do":"release"}` | it waits for the release |
//! | `{"do":"spoil_next_send","how":"no_prompt"}` | see [`control::Spoil`] |
//! | `{"do":"spoil_next_command","command":"+CSQ","how":"double_echo"}` | see [`control::SpoilCommand`]; `"line"`, `"seconds"` |
//! | `{"do":"spoil_next_arrival","line":"+CMTI: ,-1"}` | another notification of the next stored message; none without `line` |
//! | `{"do":"drop_port","seconds":2}` | unplugged, and plugged in again |
//! | `{"do":"reboot","seconds":2,"new_port":true}` | back under the next number |
//! | `{"do":"cd_rom"}`, `{"do":"switch_mode"}` | a stick in CD-ROM mode, and out of it. Answers `"switched"` |
//! | `{"do":"swap_sim","iccid":"…","imsi":"…"}` | another SIM; also `"own_number"`, `"pin"` |
//! | `{"do":"forget_routing"}` | `+CNMI` as at power-up |
//! | `{"do":"fault_rates","seed":1,"times":1}`, `{"do":"ledger"}` | faults by chance; those that fired |
//! | `{"do":"hang","seconds":5}` | neither reads nor writes |
//! | `{"do":"say","line":"^RSSI:3"}`, `{"do":"print","text":"…"}` | an unsolicited line; raw output |
//! | `{"do":"ring","from":"+12025550100"}` | a call, withheld without `from`; `"seconds":20`, `"ends":"answered_elsewhere"`. Answers `"rang"` |
//! | `{"do":"ussd","text":"…","more":false}`, `{"do":"network_time"}` | by the network itself |
//! | `{"do":"coverage","state":"searching","seconds":5}` | lost registration |
//! | `{"do":"set","send_latency_ms":0}` | `send_latency_ms`, `command_latency_ms`, `report_delay_ms`, `reports` (`on`, `off`, `failed`), `friends`, `refused`, `quirks` …: see [`control::Change`] |
//!
//! # What answers as in the standard, and where it was seen otherwise
//!
//! Messages: 3GPP TS 27.005; the rest: 3GPP TS 27.007 and ITU-T V.250; TPDUs: 3GPP TS 23.040 and 23.038. Peculiarities of
//! real devices are [`Quirks`], off by default, and [`SendFault`]s; each says on which device it was seen.
//!
//! [`Duration`]: std::time::Duration

mod arrival;
mod at;
pub mod card;
pub mod control;
mod fault;
mod network;
mod profile;
mod quirks;
mod random;
pub mod replay;
pub mod serve;
mod settings;
mod simulator;
pub mod tpdu;

pub use arrival::Incoming;
pub use at::calls::{Call, CallEnd};
pub use at::state::Registration;
pub use fault::{
    CommandFault, CommandSpoil, FaultRates, Fired, LostAnswer, ModemFault, NetworkTook,
    NotificationFault, SendFault, SimCard,
};
pub use network::{Event, KEPT, Message, Network, Submission};
pub use profile::{Family, Profile};
pub use quirks::{
    AfterReset, CellForm, Chatter, EmptySlot, HangUp, LineEnd, Overrun, PduForm, Prompt, Quirks,
    SlotAfterSend, SlotServiceCentre, StartUpLine, StatusField, UnknownCommand, UssdText,
};
pub use replay::{Replay, Transcript};
pub use settings::{Friend, Identity, Latency, RadioAtStart, Reports, Settings, UssdStep};
pub use simulator::{Port, Simulator};
