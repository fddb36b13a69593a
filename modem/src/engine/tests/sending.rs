//! Sending: every way it can end, and what is written when.

use expect_test::{Expect, expect};

use super::{Bench, SUBMIT, seconds, settings, sim, tpdu};
use crate::engine::{Request, Settings};
use crate::status::Phase;

/// What is told when the modem answers the three steps of a send so.
fn check(rules: &[(&str, &str)], expected: Expect) -> Bench {
    let mut bench = Bench::ready();
    for (begins, says) in rules {
        bench.rule(begins, 1, says);
    }
    bench.send(7);
    bench.run(seconds(200));
    expected.assert_eq(&bench.told);
    bench
}

#[test]
fn a_send_is_length_payload_and_ctrl_z() {
    let bench = check(
        &[],
        expect![[r#"
        1: accepted, reference 42
    "#]],
    );
    let sent: Vec<&str> = bench.written.iter().take(3).map(String::as_str).collect();
    assert_eq!(sent, ["AT+CMGS=18", &format!("00{SUBMIT}"), "^Z"]);
}

#[test]
fn a_configured_service_centre_stands_in_front_and_is_not_counted() {
    let centre = "+12025550199".parse().expect("a number");
    let mut bench = Bench::new(Settings {
        service_centre: Some(centre),
        ..settings()
    });
    bench.bring_up();
    bench.forget();
    bench.send(7);
    let sent: Vec<&str> = bench.written.iter().take(2).map(String::as_str).collect();
    assert_eq!(sent, ["AT+CMGS=18", &format!("07912120550591F9{SUBMIT}")]);
}

#[test]
fn results_after_ctrl_z_are_sorted() {
    check(
        &[("^Z", "\r\n+CMS ERROR: 1\r\n")],
        expect![[r#"
        1: not sent: nobody has this number: check it (+CMS ERROR: 1)
    "#]],
    );
    check(
        &[("^Z", "\r\n+CMS ERROR: 42\r\n")],
        expect![[r#"
        1: not sent, to be tried again: the network is congested: it is tried again by itself (+CMS ERROR: 42)
    "#]],
    );
    check(
        &[("^Z", "\r\n+CMS ERROR: 331\r\n")],
        expect![[r#"
        1: not sent, to be tried again: the modem is not registered in a network: check antenna, SIM and credit (+CMS ERROR: 331)
    "#]],
    );
    check(
        &[("^Z", "\r\n+CMS ERROR: 332\r\n")],
        expect![[r#"
            1: it cannot be told whether this left: the network did not answer in time (+CMS ERROR: 332)
        "#]],
    );
    check(
        &[("^Z", "\r\nERROR\r\n")],
        expect![[r#"
        1: it cannot be told whether this left: the modem said ERROR and no reason
    "#]],
    );
    check(
        &[("^Z", "\r\n+CMGS: 300\r\n\r\nOK\r\n")],
        expect![[r#"
        1: accepted, no reference
    "#]],
    );
}

#[test]
fn errors_before_ctrl_z_are_retries() {
    check(
        &[("AT+CMGS", "\r\n+CMS ERROR: 500\r\n")],
        expect![[r#"
            1: not sent, to be tried again: the modem reports an unknown error (+CMS ERROR: 500)
        "#]],
    );
    check(
        &[("AT+CMGS", "\r\nERROR\r\n")],
        expect![[r#"
        1: not sent, to be tried again: the modem said ERROR and no reason
    "#]],
    );
}

#[test]
fn a_reference_without_its_ok_counts() {
    check(
        &[("^Z", "\r\n+CMGS: 9\r\n")],
        expect![[r#"
        1: accepted, reference 9
    "#]],
    );
}

#[test]
fn a_tpdu_that_no_modem_takes_is_rejected() {
    let mut bench = Bench::ready();
    bench.ask(Request::Send {
        tag: 1,
        tpdu: Vec::new(),
    });
    bench.ask(Request::Send {
        tag: 2,
        tpdu: vec![1; 200],
    });
    expect![[r#"
        1: not sent: the message cannot be handed to a modem: it is too short
        2: not sent: the message cannot be handed to a modem: it is too long
    "#]]
    .assert_eq(&bench.told);
    assert!(bench.written.is_empty());
}

#[test]
fn nothing_is_written_between_ctrl_z_and_the_result() {
    let mut bench = Bench::ready();
    bench.silent("^Z", 1);
    bench.send(1);
    bench.send(2);
    bench.delete(3, SUBMIT);
    bench.say("\r\n+CMTI: \"SM\",5\r\n");
    bench.run(seconds(149));
    assert_eq!(bench.written.last().map(String::as_str), Some("^Z"));
    assert_eq!(bench.written.len(), 3);
    expect![[r#"
        1: it cannot be told whether this left: the modem did not say what became of it
    "#]]
    .assert_eq(&bench.told);
    bench.run(seconds(50));
    expect![[r#"
        1: it cannot be told whether this left: the modem did not say what became of it
        phase: the modem did not answer; talking to it again
        phase: ready
        3: AlreadyGone
        2: accepted, reference 42
    "#]]
    .assert_eq(&bench.told);
}

/// Row 26 of the list of quirks, and worse: the older result comes where the newer one is awaited.
#[test]
fn two_results_after_one_was_missed_are_told_apart() {
    let check = |rules: &[(&str, u64)], expected: Expect| {
        let mut bench = Bench::ready();
        bench.rule("^Z", 1, "\r\n+CMGS: 5\r\n\r\nOK\r\n");
        bench.send(1);
        bench.silent("^Z", 2);
        bench.send(2);
        bench.run(seconds(160));
        bench.forget();
        bench.send(3);
        for (says, after) in rules {
            bench.run(seconds(*after));
            bench.say(says);
        }
        bench.run(seconds(40));
        expected.assert_eq(&bench.told);
    };
    let (older, newer) = ("+CMGS: 6\r\n\r\nOK\r\n", "+CMGS: 7\r\n\r\nOK\r\n");
    check(
        &[(newer, 3)],
        expect![[r#"
        3: accepted, reference 7
    "#]],
    );
    check(
        &[(older, 3), (newer, 3)],
        expect![[r#"
        late, tag 2: accepted, reference 6
        3: accepted, reference 7
    "#]],
    );
    check(
        &[(older, 3)],
        expect![[r#"
        3: it cannot be told whether this left: the modem did not say what became of it
    "#]],
    );
    check(
        &[("+CMS ERROR: 38\r\n", 3), (newer, 3)],
        expect![[r#"
        late, tag 2: not sent: the network is out of order, probably for longer: try again later (+CMS ERROR: 38)
        3: accepted, reference 7
    "#]],
    );
    check(
        &[("+CMS ERROR: 38\r\n", 3)],
        expect![[r#"
        3: it cannot be told whether this left: the modem did not say what became of it
    "#]],
    );
}

/// The reference of an older send in the middle of another command, whose own `OK` is still to come.
#[test]
fn a_late_reference_does_not_end_another_command() {
    let mut bench = Bench::ready();
    bench.silent("^Z", 1);
    bench.send(1);
    bench.run(seconds(160));
    bench.forget();
    let late = "\r\n+CMGS: 7\r\n\r\nOK\r\n\r\n+CMGR: 0,,24\r\n0004\r\n\r\nOK\r\n";
    bench.rule("AT+CMGR=1", 1, late);
    bench.ask(Request::Inspect { slot: sim(1) });
    bench.run(seconds(1));
    expect![[r#"
        late, tag 1: accepted, reference 7
        2: RecUnread 0004
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn a_late_result_reaches_its_own_send() {
    let mut bench = Bench::ready();
    bench.rule_after("^Z", 1, Some("\r\n+CMGS: 7\r\n\r\nOK\r\n"), seconds(130));
    bench.send(1);
    bench.send(2);
    bench.run(seconds(140));
    expect![[r#"
        1: it cannot be told whether this left: the modem did not say what became of it
        late, tag 1: accepted, reference 7
        2: accepted, reference 42
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn a_late_reference_without_its_ok_counts() {
    let mut bench = Bench::ready();
    bench.rule_after("^Z", 1, Some("\r\n+CMGS: 7\r\n"), seconds(130));
    bench.send(1);
    bench.send(2);
    bench.run(seconds(140));
    expect![[r#"
        1: it cannot be told whether this left: the modem did not say what became of it
        late, tag 1: accepted, reference 7
        phase: the modem did not answer; talking to it again
        phase: ready
        2: accepted, reference 42
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn a_late_rejection_is_told_too() {
    let mut bench = Bench::ready();
    bench.rule_after("^Z", 1, Some("\r\n+CMS ERROR: 41\r\n"), seconds(130));
    bench.send(1);
    bench.run(seconds(140));
    expect![[r#"
        1: it cannot be told whether this left: the modem did not say what became of it
        late, tag 1: not sent: the network failed for the moment: try again (+CMS ERROR: 41)
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn the_port_lost_before_ctrl_z_is_a_retry_and_after_it_unknown() {
    let mut bench = Bench::ready();
    bench.silent("AT+CMGS", 1);
    bench.send(1);
    bench.send(2);
    let gone = || Phase::PortAbsent {
        reason: "gone".to_owned(),
    };
    bench.engine.handle_closed(gone());
    bench.drain();
    expect![[r#"
        phase: gone
        1: not sent, to be tried again: the modem went away: check its cable and power
        2: not sent, to be tried again: the line is not ready: gone
    "#]]
    .assert_eq(&bench.told);

    let mut bench = Bench::ready();
    bench.silent("^Z", 1);
    bench.send(1);
    bench.engine.handle_closed(gone());
    bench.drain();
    expect![[r#"
        phase: gone
        1: it cannot be told whether this left: the modem went away: check its cable and power
    "#]]
    .assert_eq(&bench.told);
}

/// The payload stood in the queue and was not handed out: the port never took it.
#[test]
fn ctrl_z_that_was_never_handed_out_is_a_retry() {
    let mut bench = Bench::ready();
    bench.silent("AT+CMGS", 1);
    bench.send(1);
    bench.engine.handle_input(bench.now, b"\r\n> ");
    assert!(
        bench
            .engine
            .poll_transmit()
            .is_some_and(|payload| payload.starts_with(b"00"))
    );
    bench.engine.handle_closed(Phase::Stopped);
    assert_eq!(bench.engine.poll_transmit(), None);
    bench.drain();
    expect![[r#"
        phase: stopped
        1: not sent, to be tried again: the program was stopping
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn two_steps_stage_transmit_inspect() {
    let mut bench = Bench::ready();
    bench.rule("^Z", 1, "\r\n+CMGW: 4\r\n\r\nOK\r\n");
    bench.ask(Request::Stage { tpdu: tpdu() });
    bench.rule("AT+CMSS=4", 1, "\r\n+CMSS: 17\r\n\r\nOK\r\n");
    bench.ask(Request::Transmit {
        tag: 9,
        slot: sim(4),
    });
    bench.rule(
        "AT+CMGR=4",
        1,
        &format!("\r\n+CMGR: 3,,18\r\n00{SUBMIT}\r\n\r\nOK\r\n"),
    );
    bench.ask(Request::Inspect { slot: sim(4) });
    bench.run(seconds(1));
    expect![[r#"
        1: staged in SM 4
        2: accepted, reference 17
        3: StoSent 0001000B912120550501F0000005E8329BFD06
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn a_transmission_without_an_answer_is_unknown() {
    let mut bench = Bench::ready();
    bench.silent("AT+CMSS", 1);
    bench.ask(Request::Transmit {
        tag: 9,
        slot: sim(4),
    });
    bench.run(seconds(160));
    expect![[r#"
        1: it cannot be told whether this left: the modem did not say what became of it
        phase: the modem did not answer; talking to it again
        phase: ready
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn a_line_that_is_down_answers_at_once() {
    let mut bench = Bench::new(settings());
    bench.send(1);
    bench.delete(1, SUBMIT);
    expect![[r#"
        1: not sent, to be tried again: the line is not ready: opening the port
        2: error: the line is not ready: opening the port
    "#]]
    .assert_eq(&bench.told);
}
