//! Every profile of the simulated modem: what it is to do, and what every fault and every rung of the health ladder ends in,
//! by the simulator's own log. In virtual time.

use std::time::Duration;

use modem_sim::{
    CommandFault, CommandSpoil, Incoming, ModemFault, NetworkTook, Profile, SendFault,
    SlotAfterSend,
};

use super::simulated::Line;
use super::{seconds, settings, tpdu};
use crate::engine::{Answer, Output, Request};
use crate::error::SendError;
use crate::status::Phase;
use crate::storage::{SlotStatus, StorageSlot};

/// A line with this modem, ready, and what was told so far forgotten.
fn ready(profile: Profile) -> Line {
    ready_within(profile, 0)
}

fn ready_within(profile: Profile, network_timeout: u64) -> Line {
    let engine = crate::engine::Settings {
        network_timeout: seconds(network_timeout),
        ..settings()
    };
    let mut line = Line::with(engine, profile.settings());
    line.run(seconds(180));
    assert_eq!(
        line.engine.status().phase,
        Phase::Ready,
        "{}: {:?}",
        profile.name(),
        line.told
    );
    line.told.clear();
    line
}

fn deliver(line: &mut Line, text: &str) {
    line.simulator
        .deliver(line.now, &Incoming::new("+12025550100", text))
        .expect("a message");
}

/// One message each way, whatever came before.
#[track_caller]
fn assert_serves(line: &mut Line, what: &str) {
    let (messages, submitted) = (line.messages(), line.submitted());
    deliver(line, &format!("after {what}"));
    line.send();
    let tag = u64::from(line.tags);
    line.run(seconds(240));
    assert_eq!(
        line.engine.status().phase,
        Phase::Ready,
        "{what}: {:?}",
        line.told
    );
    assert!(line.messages() > messages, "{what}: {:?}", line.told);
    assert_eq!(line.submitted(), submitted + 1, "{what}: {:?}", line.told);
    let last = line.outcomes.iter().rfind(|(of, _)| *of == tag);
    assert!(
        matches!(last, Some((_, Ok(_)))),
        "{what}: {last:?} {:?}",
        line.told
    );
    let used = line.simulator.card().used(modem_sim::card::Memory::Sim);
    assert_eq!(used, 0, "{what}: slots are freed");
}

#[test]
fn every_profile_carries_messages_each_way() {
    for profile in Profile::ALL {
        let mut line = ready(profile);
        deliver(&mut line, &"long ".repeat(70));
        line.run(seconds(20));
        assert!(line.messages() >= 2, "{}: {:?}", profile.name(), line.told);
        assert_serves(&mut line, profile.name());
    }
}

/// What one outcome is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Accepted,
    Retry,
    Reject,
    Unknown,
}

fn end_of(outcome: &Result<Option<u8>, SendError>) -> End {
    match outcome {
        Ok(_) => End::Accepted,
        Err(SendError::Retry { .. }) => End::Retry,
        Err(SendError::Reject { .. }) => End::Reject,
        Err(SendError::Unknown { .. }) => End::Unknown,
    }
}

/// Each way in which a send can go wrong: how often the network gets it, and the first and the last word on it.
#[test]
fn every_fault_in_sending_ends_alike_on_every_profile() {
    let after = |code, network| SendFault::AfterSubmit { code, network };
    let faults = [
        (
            SendFault::BeforePrompt { code: 500 },
            0,
            End::Retry,
            End::Retry,
        ),
        (after(38, NetworkTook::Nothing), 0, End::Reject, End::Reject),
        (after(42, NetworkTook::Nothing), 0, End::Retry, End::Retry),
        (after(332, NetworkTook::It), 1, End::Unknown, End::Unknown),
        (after(512, NetworkTook::It), 1, End::Unknown, End::Unknown),
        (SendFault::NoPrompt, 0, End::Retry, End::Retry),
        (SendFault::LoseAnswer, 1, End::Unknown, End::Unknown),
        (
            SendFault::LateAnswer(seconds(60)),
            1,
            End::Accepted,
            End::Accepted,
        ),
        (
            SendFault::LateAnswer(seconds(130)),
            1,
            End::Unknown,
            End::Accepted,
        ),
        (SendFault::OkWithoutReference, 1, End::Unknown, End::Unknown),
        (SendFault::BareError, 1, End::Unknown, End::Unknown),
        (
            SendFault::LineBeforeResult("pad".to_owned()),
            1,
            End::Accepted,
            End::Accepted,
        ),
        (
            SendFault::LineBeforePrompt("+ZPASR: \"UMTS\"".to_owned()),
            1,
            End::Accepted,
            End::Accepted,
        ),
        (SendFault::DoubledResult, 1, End::Accepted, End::Accepted),
        (
            SendFault::DropPort(seconds(5)),
            1,
            End::Unknown,
            End::Unknown,
        ),
        (
            SendFault::PowerLost(seconds(10)),
            1,
            End::Unknown,
            End::Unknown,
        ),
        (
            SendFault::ArrivalBeforeResult(Incoming::new("+12025550100", "in between")),
            1,
            End::Accepted,
            End::Accepted,
        ),
    ];
    for profile in Profile::ALL {
        for (fault, submitted, first, last) in &faults {
            let what = format!("{} {}", profile.name(), fault.name());
            let mut line = ready(profile);
            line.simulator.fail_send(fault.clone());
            line.send();
            line.run(seconds(900));
            assert_eq!(line.submitted(), *submitted, "{what}: {:?}", line.told);
            let ends: Vec<End> = line
                .outcomes
                .iter()
                .map(|(_, outcome)| end_of(outcome))
                .collect();
            assert_eq!(ends.first(), Some(first), "{what}: {:?}", line.told);
            assert_eq!(ends.last(), Some(last), "{what}: {:?}", line.told);
            assert_serves(&mut line, &what);
        }
    }
}

/// Each way in which modem, port and network can go wrong, while a message is on its way in and one out.
#[test]
fn every_fault_of_the_modem_is_survived_by_every_profile() {
    let faults = [
        ModemFault::Hang(seconds(100)),
        ModemFault::DropPort(seconds(30)),
        ModemFault::Reboot(seconds(20)),
        ModemFault::CdRom,
        ModemFault::NoNetwork(seconds(600)),
        ModemFault::Denied(seconds(600)),
        ModemFault::Line("^RSSI:3".to_owned()),
        ModemFault::Noise(b"\0\xFF\r\n+CM\r\n> ".to_vec()),
        ModemFault::ForgetRouting,
    ];
    for profile in Profile::ALL {
        for fault in &faults {
            let what = format!("{} {}", profile.name(), fault.name());
            let mut line = ready(profile);
            line.send();
            line.run(Duration::from_millis(40));
            line.simulator.strike(line.now, fault.clone());
            line.run(seconds(1500));
            assert!(line.submitted() <= 1, "{what}: {:?}", line.told);
            assert_eq!(
                line.engine.status().phase,
                Phase::Ready,
                "{what}: {:?}",
                line.told
            );
            assert_serves(&mut line, &what);
        }
    }
}

/// The answers of the commands that a line needs, each spoilt in every way, over the profiles in turn.
#[test]
fn every_spoilt_command_is_survived_by_some_profiles() {
    let ways = [
        CommandSpoil::GluedBeforeEcho("^SRVST:1".to_owned()),
        CommandSpoil::DoubleEcho,
        CommandSpoil::LineInAnswer("^RSSI:4".to_owned()),
        CommandSpoil::ArrivalInAnswer,
        CommandSpoil::DoubledResult,
        CommandSpoil::Fail("+CME ERROR: 515".to_owned()),
        CommandSpoil::LateAnswer(seconds(7)),
        CommandSpoil::LoseAnswer,
    ];
    let commands = ["+CMGR", "+CMGD", "+CMGL", "+CPMS", "+CNMI", "+CREG"];
    for (nth, command) in commands.into_iter().enumerate() {
        for (way, how) in ways.iter().enumerate() {
            for at in [nth + way, nth + way + 3] {
                let profile = Profile::ALL[at % Profile::ALL.len()];
                let what = format!("{} {command} {}", profile.name(), how.name());
                let mut line = ready(profile);
                line.simulator.fail_command(CommandFault {
                    command: command.to_owned(),
                    how: how.clone(),
                });
                deliver(&mut line, &what);
                line.run(seconds(200));
                assert_serves(&mut line, &what);
            }
        }
    }
}

/// A modem that hangs for long: the ladder is climbed, and the modem serves again once it lives, nothing sent twice.
#[test]
fn a_long_silence_is_survived_by_every_profile() {
    for profile in Profile::ALL {
        let mut line = ready(profile);
        line.send();
        line.run(seconds(30));
        line.simulator.hang(line.now, seconds(2400));
        deliver(&mut line, "meanwhile");
        line.run(seconds(2300));
        let tried = |words: &str| line.told.iter().any(|told| told.contains(words));
        assert!(
            tried("the modem does not answer: restarting it"),
            "{}",
            profile.name()
        );
        assert!(tried("reset at the USB port"), "{}", profile.name());
        line.run(seconds(900));
        assert_eq!(line.submitted(), 1, "{}", profile.name());
        assert_serves(&mut line, profile.name());
    }
}

/// No network for hours: every rung is tried, a restart that takes the port away too, and the network's return is the proof.
#[test]
fn a_long_time_without_a_network_is_survived_by_every_profile() {
    for profile in Profile::ALL {
        let mut line = ready_within(profile, 300);
        line.simulator
            .strike(line.now, ModemFault::NoNetwork(seconds(3 * 3600)));
        line.run(seconds(2 * 3600));
        for words in [
            "switching the radio off and on",
            "restarting the modem",
            "reset at the USB port",
        ] {
            assert!(
                line.told.iter().any(|told| told.contains(words)),
                "{} {words}: {:?}",
                profile.name(),
                line.told
            );
        }
        line.run(seconds(3600 + 600));
        assert!(
            line.engine.status().registration.is_registered(),
            "{}",
            profile.name()
        );
        assert_serves(&mut line, profile.name());
        line.told.clear();
        line.run(seconds(6 * 3600));
        assert!(
            !line.told.iter().any(|told| told.contains("radio off")),
            "{}: {:?}",
            profile.name(),
            line.told
        );
    }
}

/// Two steps on a modem that marks what it sent, and on one that does not. The engine says what the slot reads; what lies
/// there is found and freed.
#[test]
fn a_slot_is_told_as_the_modem_marks_it() {
    for (mark, expected) in [
        (SlotAfterSend::Changes, SlotStatus::StoSent),
        (SlotAfterSend::Stays, SlotStatus::StoUnsent),
    ] {
        let mut modem = modem_sim::Settings::default();
        modem.quirks.slot_after_send = mark;
        let mut line = Line::ready(modem);
        let answer = ask(&mut line, Request::Stage { tpdu: tpdu() });
        let Answer::Staged(Ok(slot)) = answer else {
            panic!("{answer:?}")
        };
        let sent = ask_to_send(&mut line, slot.clone());
        assert!(matches!(sent, Answer::Sent(Ok(_))), "{sent:?}");
        assert_eq!(line.submitted(), 1);
        let answer = ask(&mut line, Request::Inspect { slot: slot.clone() });
        let Answer::Inspected(Ok(content)) = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(content.status, expected, "{mark:?}");
        let answer = ask(&mut line, Request::Staged);
        let Answer::Listed(Ok(listed)) = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(listed, [(slot.clone(), content.clone())]);
        let expected = content.pdu.expect("a message");
        ask(&mut line, Request::Delete { slot, expected });
        assert_eq!(
            ask(&mut line, Request::Staged),
            Answer::Listed(Ok(Vec::new()))
        );
    }
}

/// What was written is found without having been told where; a result that is lost leaves the mark as the only witness.
#[test]
fn what_a_two_step_send_lost_is_found_in_the_memory() {
    let mut line = Line::ready(modem_sim::Settings::default());
    let staged = ask(&mut line, Request::Stage { tpdu: tpdu() });
    assert!(matches!(staged, Answer::Staged(Ok(_))), "{staged:?}");
    let answer = ask(&mut line, Request::Staged);
    let Answer::Listed(Ok(listed)) = answer else {
        panic!("{answer:?}")
    };
    let [(slot, content)] = listed.as_slice() else {
        panic!("{listed:?}")
    };
    assert_eq!(content.status, SlotStatus::StoUnsent);
    line.simulator.fail_send(SendFault::LoseAnswer);
    let doubt = ask_to_send(&mut line, slot.clone());
    assert!(
        matches!(doubt, Answer::Sent(Err(SendError::Unknown { .. }))),
        "{doubt:?}"
    );
    assert_eq!(line.submitted(), 1);
    let read = ask(&mut line, Request::Inspect { slot: slot.clone() });
    assert!(
        matches!(&read, Answer::Inspected(Ok(content)) if content.status == SlotStatus::StoSent),
        "{read:?}"
    );
}

fn ask_to_send(line: &mut Line, slot: StorageSlot) -> Answer {
    let id = crate::engine::RequestId(line.last_id + 1);
    line.asked.insert(id, 1);
    ask(line, Request::Transmit { tag: 1, slot })
}

/// Asks and waits for the answer.
fn ask(line: &mut Line, request: Request) -> Answer {
    line.answers.clear();
    line.ask(request);
    line.run(seconds(200));
    match line.answers.pop() {
        Some(Output::Answer { answer, .. }) => answer,
        other => panic!("{other:?}: {:?}", line.told),
    }
}
