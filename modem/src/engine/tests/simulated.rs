//! The engine against the simulated modem and network, in virtual time. The simulator's own log says what really
//! happened.

mod events;

use std::time::Duration;

use expect_test::{Expect, expect};
use modem_sim::{
    EmptySlot, Incoming, LostAnswer, NetworkTook, Port, Prompt, Quirks, RadioAtStart, SendFault,
    Settings, Simulator, UssdText,
};

use super::{seconds, settings, told, tpdu};
use crate::config::PinDecision;
use crate::engine::{Answer, Engine, Output, Request, RequestId};
use crate::error::SendError;
use crate::event::{Accepted, Event, Origin};
use crate::pdu::Kind;
use crate::status::{Incoming as Noticed, Phase, Registration};

/// An engine, a simulator, and a taker of events that deletes what it was given.
pub(super) struct Line {
    pub(super) engine: Engine,
    pub(super) simulator: Simulator,
    pub(super) now: Duration,
    pub(super) open: bool,
    pub(super) last_id: u64,
    pub(super) told: Vec<String>,
    /// Answers as they came.
    pub(super) answers: Vec<Output>,
    pub(super) received: Vec<(Kind, String)>,
    /// By tag; the reference of what was accepted.
    pub(super) outcomes: Vec<(u64, Result<Option<u8>, SendError>)>,
    pub(super) tags: u8,
    /// The tag of each request that sends.
    pub(super) asked: std::collections::BTreeMap<RequestId, u64>,
}

impl Line {
    pub(super) fn new(modem: Settings) -> Self {
        let mut pinned = settings();
        pinned.pin = "1234".parse().ok();
        Self::with(pinned, modem)
    }

    pub(super) fn with(engine: crate::engine::Settings, modem: Settings) -> Self {
        Self {
            engine: Engine::new(engine),
            simulator: Simulator::new(modem),
            now: Duration::ZERO,
            open: false,
            last_id: 0,
            told: Vec::new(),
            answers: Vec::new(),
            received: Vec::new(),
            outcomes: Vec::new(),
            tags: 0,
            asked: std::collections::BTreeMap::new(),
        }
    }

    pub(super) fn ready(modem: Settings) -> Self {
        let mut line = Self::new(modem);
        line.run(seconds(30));
        assert_eq!(line.engine.status().phase, Phase::Ready);
        line.told.clear();
        line
    }

    pub(super) fn ask(&mut self, request: Request) {
        self.last_id += 1;
        self.engine
            .handle_request(self.now, RequestId(self.last_id), request);
    }

    /// Sends a message whose TP-MR is its tag, counted from 1.
    pub(super) fn send(&mut self) {
        self.tags += 1;
        let tag = u64::from(self.tags);
        let mut tpdu = tpdu();
        tpdu[1] = self.tags;
        self.asked.insert(RequestId(self.last_id + 1), tag);
        self.ask(Request::Send { tag, tpdu });
    }

    pub(super) fn submitted(&self) -> usize {
        self.simulator.network().submitted(0).count()
    }

    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.settle();
            let due = [self.engine.poll_timeout(), self.simulator.poll_timeout()];
            let Some(due) = due.into_iter().flatten().min().filter(|&due| due <= end) else {
                break;
            };
            self.now = self.now.max(due);
            self.simulator.handle_timeout(self.now);
            self.engine.handle_timeout(self.now);
        }
        self.now = end;
        self.settle();
    }

    /// Moves bytes until both are quiet. A stick that shows its CD-ROM is switched at once.
    pub(super) fn settle(&mut self) {
        for _ in 0..100_000 {
            if self.simulator.is_cd_rom() {
                self.simulator.switch_mode(self.now);
            }
            match (self.simulator.port(), self.open) {
                (Port::Open, false) => {
                    self.open = true;
                    self.engine.handle_opened(self.now);
                }
                (Port::Closed, true) => {
                    self.open = false;
                    self.engine.handle_closed(Phase::PortAbsent {
                        reason: "unplugged".to_owned(),
                    });
                }
                (Port::Open, true) | (Port::Closed, false) => {}
            }
            let mut busy = false;
            if let Some(bytes) = self.simulator.poll_output() {
                busy = true;
                self.engine.handle_input(self.now, &bytes);
            }
            self.engine.handle_timeout(self.now);
            while let Some(bytes) = self.engine.poll_transmit() {
                busy = true;
                self.simulator.handle_input(self.now, &bytes);
            }
            while let Some(output) = self.engine.poll_event() {
                busy = true;
                self.take(&output);
            }
            while self.simulator.poll_event().is_some() {}
            if !busy {
                return;
            }
        }
        panic!(
            "they never rest: {:?}",
            self.told.iter().rev().take(20).collect::<Vec<_>>()
        );
    }

    pub(super) fn take(&mut self, output: &Output) {
        // When the line came up says nothing of its sends.
        if *output != Output::Event(Event::LookedThrough) {
            self.told.push(told(output));
        }
        if matches!(output, Output::Answer { .. }) {
            self.answers.push(output.clone());
        }
        match output {
            Output::Event(Event::Received { origin, pdu, kind }) => {
                self.received.push((*kind, pdu.as_str().to_owned()));
                if let Origin::Stored(slot) = origin {
                    self.ask(Request::Delete {
                        slot: slot.clone(),
                        expected: pdu.clone(),
                    });
                }
            }
            Output::AskPin(_) => self
                .engine
                .handle_pin_decision(self.now, PinDecision::Enter),
            Output::ClosePort | Output::ResetUsb => {
                self.engine.handle_closed(Phase::NotAnswering);
                self.engine.handle_opened(self.now);
            }
            Output::Answer {
                id,
                answer: Answer::Sent(result),
            } => {
                self.outcomes
                    .push((self.asked[id], result.clone().map(reference_of)));
            }
            Output::Event(Event::LateOutcome { tag, outcome }) => {
                self.outcomes
                    .push((*tag, outcome.clone().map(reference_of)));
            }
            Output::Answer { .. }
            | Output::Event(
                Event::PhaseChanged(_)
                | Event::LookedThrough
                | Event::Ussd(_)
                | Event::Call(_)
                | Event::NetworkTime(_)
                | Event::RegistrationDenied
                | Event::Roaming(_)
                | Event::PinAccepted
                | Event::StorageFull(_),
            ) => {}
        }
    }

    pub(super) fn messages(&self) -> usize {
        self.received
            .iter()
            .filter(|(kind, _)| *kind == Kind::Message)
            .count()
    }

    pub(super) fn reports(&self) -> usize {
        self.received
            .iter()
            .filter(|(kind, _)| *kind == Kind::StatusReport)
            .count()
    }
}

fn reference_of(accepted: Accepted) -> Option<u8> {
    accepted.reference.map(|reference| reference.0)
}

fn with_quirks(quirks: Quirks) -> Settings {
    Settings {
        quirks,
        ..Settings::default()
    }
}

#[test]
fn bring_up_reads_who_and_where_it_is() {
    let line = Line::ready(Settings::default());
    let status = line.engine.status();
    assert_eq!(
        status.identity.imei.as_ref().map(|imei| imei.reveal()),
        Some("490154203237518")
    );
    assert_eq!(
        status.identity.imsi.as_ref().map(|imsi| imsi.reveal()),
        Some("001010123456789")
    );
    assert_eq!(
        status.identity.iccid.as_ref().map(|iccid| iccid.reveal()),
        Some("8901001012345678905")
    );
    assert_eq!(status.operator.as_deref(), Some("Simulated Mobile"));
    assert_eq!(status.registration, Registration::Home);
    assert_eq!(status.incoming, Noticed::Announced);
    assert_eq!(
        status.service_centre.as_ref().map(|centre| centre.reveal()),
        Some("+12025550199")
    );
}

#[test]
fn a_locked_busy_sim_with_its_radio_off_comes_up() {
    let line = Line::ready(Settings {
        pin: Some("1234".to_owned()),
        sim_busy_for: seconds(10),
        radio: RadioAtStart::Off,
        ..Settings::default()
    });
    assert!(line.engine.status().registration.is_registered());
}

#[test]
fn messages_and_reports_come_in_and_their_slots_are_freed() {
    for report_capacity in [0, 10] {
        let mut line = Line::ready(Settings {
            report_capacity,
            ..Settings::default()
        });
        line.simulator
            .deliver(line.now, &Incoming::new("+12025550100", "hello"))
            .expect("a message");
        line.simulator
            .deliver(
                line.now,
                &Incoming::new("+12025550101", &"long ".repeat(70)),
            )
            .expect("a message");
        line.asked.insert(RequestId(line.last_id + 1), 1);
        line.ask(Request::Send {
            tag: 1,
            tpdu: with_report(),
        });
        line.run(seconds(10));
        assert_eq!((line.messages(), line.reports()), (4, 1), "{:?}", line.told);
        assert!(matches!(line.outcomes.as_slice(), [(1, Ok(Some(_)))]));
        for memory in [
            modem_sim::card::Memory::Sim,
            modem_sim::card::Memory::Reports,
        ] {
            assert_eq!(line.simulator.card().used(memory), 0);
        }
    }
}

/// TP-SRR set in the fixture.
fn with_report() -> Vec<u8> {
    let mut tpdu = tpdu();
    if let Some(first) = tpdu.first_mut() {
        *first |= 0x20;
    }
    tpdu
}

#[test]
fn what_came_while_nobody_listened_is_found_at_start() {
    let mut line = Line::new(Settings::default());
    for number in 0..5 {
        let text = format!("message {number}");
        line.simulator
            .deliver(line.now, &Incoming::new("+12025550100", &text))
            .expect("a message");
    }
    line.run(seconds(10));
    assert_eq!(line.messages(), 5);
    assert_eq!(line.simulator.card().used(modem_sim::card::Memory::Sim), 0);
}

/// Each fault, what its sender is told, how often the network got it; the send after it passes.
#[test]
fn every_fault_in_sending_ends_as_promised_and_nothing_is_sent_twice() {
    let check = |fault: SendFault, submitted: usize, expected: Expect| {
        let mut line = Line::ready(Settings::default());
        line.simulator.fail_send(fault.clone());
        line.send();
        line.run(seconds(200));
        assert_eq!(line.submitted(), submitted, "{fault:?}");
        line.send();
        line.run(seconds(20));
        assert_eq!(
            line.submitted(),
            submitted + 1,
            "{fault:?}: {:?}",
            line.told
        );
        let told: Vec<&str> = line
            .told
            .iter()
            .map(String::as_str)
            .filter(|told| !told.starts_with("phase"))
            .collect();
        expected.assert_eq(&told.join("\n"));
    };
    check(
        SendFault::BeforePrompt { code: 500 },
        0,
        expect![[r#"
        1: not sent, to be tried again: the modem reports an unknown error (+CMS ERROR: 500)
        2: accepted, reference 193"#]],
    );
    check(
        SendFault::AfterSubmit {
            code: 38,
            network: NetworkTook::Nothing,
        },
        0,
        expect![[r#"
            1: not sent: the network is out of order, probably for longer: try again later (+CMS ERROR: 38)
            2: accepted, reference 193"#]],
    );
    check(
        SendFault::AfterSubmit {
            code: 332,
            network: NetworkTook::It,
        },
        1,
        expect![[r#"
            1: it cannot be told whether this left: the network did not answer in time (+CMS ERROR: 332)
            2: accepted, reference 194"#]],
    );
    check(
        SendFault::AfterSubmit {
            code: 512,
            network: NetworkTook::It,
        },
        1,
        expect![[r#"
            1: it cannot be told whether this left: the modem reports a fault of its own (+CMS ERROR: 512)
            2: accepted, reference 194"#]],
    );
    check(
        SendFault::NoPrompt,
        0,
        expect![[r#"
        1: not sent, to be tried again: the modem did not take the message
        2: accepted, reference 193"#]],
    );
    check(
        SendFault::LoseAnswer,
        1,
        expect!["1: it cannot be told whether this left: the modem did not say what became of it"],
    );
    check(
        SendFault::LateAnswer(seconds(30)),
        1,
        expect![[r#"
        1: accepted, reference 193
        2: accepted, reference 194"#]],
    );
    check(
        SendFault::LateAnswer(seconds(130)),
        1,
        expect![[r#"
        1: it cannot be told whether this left: the modem did not say what became of it
        late, tag 1: accepted, reference 193
        2: accepted, reference 194"#]],
    );
    check(
        SendFault::OkWithoutReference,
        1,
        expect![[r#"
        1: it cannot be told whether this left: the modem said OK, but not that the network took it
        2: accepted, reference 194"#]],
    );
    check(
        SendFault::BareError,
        1,
        expect![[r#"
        1: it cannot be told whether this left: the modem said ERROR and no reason
        2: accepted, reference 194"#]],
    );
    check(
        SendFault::LineBeforeResult("pad".to_owned()),
        1,
        expect![[r#"
            1: accepted, reference 193
            2: accepted, reference 194"#]],
    );
    check(
        SendFault::LineBeforePrompt("+ZPASR: \"UMTS\"".to_owned()),
        1,
        expect![[r#"
            1: accepted, reference 193
            2: accepted, reference 194"#]],
    );
    check(
        SendFault::DoubledResult,
        1,
        expect![[r#"
        1: accepted, reference 193
        2: accepted, reference 194"#]],
    );
    check(
        SendFault::DropPort(seconds(5)),
        1,
        expect![[r#"
            1: it cannot be told whether this left: the modem went away: check its cable and power
            PIN accepted
            2: accepted, reference 194"#]],
    );
}

#[test]
fn a_lost_deletion_and_a_new_message_in_the_slot_lose_nothing() {
    let mut line = Line::ready(Settings {
        sim_capacity: 1,
        ..Settings::default()
    });
    line.simulator.lose_answer(LostAnswer {
        command: "+CMGD".to_owned(),
    });
    line.simulator
        .deliver(line.now, &Incoming::new("+12025550100", "first"))
        .expect("a message");
    line.simulator
        .deliver(line.now, &Incoming::new("+12025550100", "second"))
        .expect("a message");
    line.run(seconds(120));
    assert_eq!(line.messages(), 2, "{:?}", line.told);
    assert_eq!(line.simulator.card().used(modem_sim::card::Memory::Sim), 0);
}

#[test]
fn a_port_that_goes_away_and_comes_back_keeps_the_queue_going() {
    let mut line = Line::ready(Settings {
        send_latency: seconds(3),
        ..Settings::default()
    });
    line.send();
    line.send();
    line.run(seconds(1));
    line.simulator.drop_port(line.now, seconds(5));
    line.simulator
        .deliver(line.now, &Incoming::new("+12025550100", "meanwhile"))
        .expect("a message");
    line.run(seconds(30));
    let (first, second) = (line.outcomes.first(), line.outcomes.get(1));
    assert!(
        matches!(first, Some((1, Err(SendError::Unknown { .. })))),
        "{first:?}"
    );
    assert!(
        matches!(second, Some((2, Err(SendError::Retry { .. })))),
        "{second:?}"
    );
    assert_eq!(line.messages(), 1);
    line.send();
    line.run(seconds(10));
    let third = line.outcomes.get(2);
    assert!(matches!(third, Some((3, Ok(Some(_))))), "{:?}", line.told);
}

#[test]
fn a_hung_modem_is_talked_back_to() {
    let mut line = Line::ready(Settings::default());
    line.simulator.hang(line.now, seconds(100));
    line.run(seconds(200));
    assert_eq!(line.engine.status().phase, Phase::Ready);
    line.send();
    line.run(seconds(5));
    assert!(matches!(line.outcomes.as_slice(), [(1, Ok(Some(_)))]));
}

/// Each peculiarity by itself: one message in, one out.
#[test]
fn peculiar_modems_carry_a_message_each_way() {
    let commands = |names: &[&str]| {
        names
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<_>>()
    };
    let forms = [
        modem_sim::PduForm::Lower,
        modem_sim::PduForm::TrailingQuote,
        modem_sim::PduForm::Padded,
    ];
    let profiles = [
        Quirks {
            empty_slot: EmptySlot::BareOk,
            ..Quirks::default()
        },
        Quirks {
            prompt: Prompt::WithLineEnd,
            ..Quirks::default()
        },
        Quirks {
            chatter: Some(modem_sim::Chatter {
                line: "^BOOT:91409020,0,0,0,6".to_owned(),
                every_ms: 3000,
            }),
            ..Quirks::default()
        },
        Quirks {
            refused_commands: commands(&[
                "+CSMS", "+CREG=", "+COPS=", "+CEREG", "+CGREG", "+CNMI", "+CCID",
            ]),
            ..Quirks::default()
        },
        Quirks {
            cpms_memories: 1,
            greeting: "\0\0\r\nRDY\r\n".to_owned(),
            ..Quirks::default()
        },
        Quirks {
            without_final: commands(&["+CPIN?", "+CSCA?"]),
            ..Quirks::default()
        },
        Quirks {
            silent_commands: commands(&["+CMGL=4"]),
            ..Quirks::default()
        },
        Quirks {
            silent_commands: commands(&["+CPMS", "+CNMI=?"]),
            ..Quirks::default()
        },
    ];
    let forms = forms.map(|pdu_form| Quirks {
        pdu_form,
        ..Quirks::default()
    });
    for quirks in profiles.into_iter().chain(forms) {
        let name = format!("{quirks:?}");
        let mut line = Line::new(Settings {
            sim_capacity: 8,
            ..with_quirks(quirks)
        });
        line.simulator
            .deliver(line.now, &Incoming::new("+12025550100", "before"))
            .expect("a message");
        line.run(seconds(120));
        line.simulator
            .deliver(line.now, &Incoming::new("+12025550100", "hello"))
            .expect("a message");
        line.send();
        line.run(seconds(120));
        assert_eq!(line.messages(), 2, "{name}: {:?}", line.told);
        assert!(
            matches!(line.outcomes.as_slice(), [(_, Ok(Some(_)))]),
            "{name}"
        );
        assert_eq!(line.submitted(), 1, "{name}");
    }
}

#[test]
fn ussd_is_read_in_every_spelling() {
    for ussd_text in [UssdText::Plain, UssdText::PackedHex, UssdText::Ucs2Hex] {
        let mut line = Line::ready(with_quirks(Quirks {
            ussd_text,
            ..Quirks::default()
        }));
        line.ask(Request::Ussd {
            code: "*100#".to_owned(),
        });
        line.run(seconds(5));
        assert_eq!(
            line.told,
            ["1: Ended Your balance is 12.50. Valid until 31.12.2030."],
            "{ussd_text:?}"
        );
    }
}

/// A modem that hangs answers everything at once afterwards, one answer for each attempt to talk to it: none of them may be
/// taken for that of another slot, since the wrong message would be deleted.
#[test]
fn answers_that_pile_up_are_not_taken_for_other_slots() {
    for length in 1..120 {
        let mut line = Line::ready(Settings {
            command_latency: Duration::from_millis(250),
            ..Settings::default()
        });
        for number in 1..=3 {
            let message = Incoming::new("+12025550100", &format!("number {number}"));
            line.simulator
                .deliver(line.now, &message)
                .expect("a message");
            line.run(Duration::from_millis(number * 130));
        }
        line.simulator
            .hang(line.now, Duration::from_millis(length * 500));
        for number in 4..=5 {
            let message = Incoming::new("+12025550100", &format!("number {number}"));
            line.simulator
                .deliver(line.now, &message)
                .expect("a message");
        }
        line.run(seconds(900));
        let mut messages: Vec<&String> = line.received.iter().map(|(_, pdu)| pdu).collect();
        messages.sort();
        messages.dedup();
        assert_eq!(messages.len(), 5, "{length}: {:?}", line.told);
        assert_eq!(
            line.simulator.card().used(modem_sim::card::Memory::Sim),
            0,
            "{length}"
        );
    }
}

/// More of them were run before this was landed.
const SEEDS: u64 = 150;

/// Faults by seed. By the simulator's own log: nothing is submitted twice, what was submitted is told to have been
/// accepted (with its reference) or to be in doubt, and every message delivered arrives and leaves its slot.
#[test]
fn random_faults_lose_nothing_and_send_nothing_twice() {
    for seed in 0..SEEDS {
        let mut random = splitmix(seed);
        let mut line = Line::ready(Settings {
            seed,
            send_latency: Duration::from_millis(random(6000)),
            command_latency: Duration::from_millis(random(300)),
            sim_capacity: 5,
            report_capacity: if seed % 2 == 0 { 0 } else { 5 },
            ..Settings::default()
        });
        let mut delivered = 0;
        for _ in 0..60 {
            disturb(&mut line, &mut random, &mut delivered);
            line.run(Duration::from_millis(random(30_000)));
        }
        line.run(seconds(1800));
        assert_eq!(line.engine.status().phase, Phase::Ready, "seed {seed}");
        check_ledger(&line, seed);
        let mut messages: Vec<&String> = line
            .received
            .iter()
            .filter(|(kind, _)| *kind == Kind::Message)
            .map(|(_, pdu)| pdu)
            .collect();
        messages.sort();
        messages.dedup();
        assert_eq!(messages.len(), delivered, "seed {seed}: {:?}", line.told);
        let used = line.simulator.card().used(modem_sim::card::Memory::Sim);
        assert_eq!(used, 0, "seed {seed}: {:?}", line.told);
    }
}

/// One thing that happens to a line.
fn disturb(line: &mut Line, random: &mut impl FnMut(u64) -> u64, delivered: &mut usize) {
    let now = line.now;
    let fault = match random(24) {
        0 => SendFault::LoseAnswer,
        1 => SendFault::NoPrompt,
        2 => SendFault::AfterSubmit {
            code: 512,
            network: NetworkTook::It,
        },
        3 => SendFault::AfterSubmit {
            code: 38,
            network: NetworkTook::Nothing,
        },
        4 => SendFault::BeforePrompt { code: 302 },
        // A modem that answered AT answers nothing older: later ones have tests of their own.
        5 => SendFault::LateAnswer(seconds(random(145))),
        6 => SendFault::OkWithoutReference,
        7 => SendFault::BareError,
        8 => SendFault::DoubledResult,
        9 => SendFault::DropPort(seconds(random(20))),
        10 => {
            let commands = ["+CMGD", "+CMGR", "+CMGL", "+CPMS", "+CNMI", "+CREG"];
            let command = commands[usize::try_from(random(6)).expect("below 6")].to_owned();
            return line.simulator.lose_answer(LostAnswer { command });
        }
        11 => return line.simulator.drop_port(now, seconds(random(20))),
        12 => return line.simulator.hang(now, seconds(random(60))),
        13..=17 => {
            *delivered += 1;
            let message = Incoming::new("+12025550100", &format!("number {delivered}"));
            return drop(line.simulator.deliver(now, &message).expect("a message"));
        }
        _ => return line.send(),
    };
    line.simulator.fail_send(fault);
}

/// Compares what was told of each send with what the network has. TP-MR as written holds the tag.
fn check_ledger(line: &Line, seed: u64) {
    let mut submitted = std::collections::BTreeMap::new();
    for submission in line.simulator.network().submitted(0) {
        let tag = submission
            .pdu
            .get(2..4)
            .and_then(|tag| u64::from_str_radix(tag, 16).ok())
            .expect("hexadecimal");
        let earlier = submitted.insert(tag, submission.reference);
        assert_eq!(
            earlier, None,
            "seed {seed}: {tag} was submitted twice: {:?}",
            line.told
        );
    }
    let mut outcomes = std::collections::BTreeMap::new();
    for (tag, outcome) in &line.outcomes {
        // A late one replaces the doubt.
        outcomes.insert(*tag, outcome);
    }
    assert_eq!(
        outcomes.len(),
        usize::from(line.tags),
        "seed {seed}: each send is answered"
    );
    for (tag, outcome) in outcomes {
        let took = submitted.get(&tag);
        match outcome {
            Ok(reference) => assert_eq!(
                took,
                reference.as_ref(),
                "seed {seed}, tag {tag}: {:?}",
                line.told
            ),
            Err(SendError::Unknown { .. }) => {}
            Err(SendError::Retry { .. } | SendError::Reject { .. }) => {
                assert_eq!(
                    took, None,
                    "seed {seed}, tag {tag}: {outcome:?} {:?}",
                    line.told
                );
            }
        }
    }
}

/// splitmix64, so that a seed is a run.
fn splitmix(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |bound| {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}
