//! Peculiarities of sending.

use expect_test::expect;

use super::{check_send, hello};
use crate::engine::Request;
use crate::engine::tests::{Bench, SUBMIT, seconds, sim};
use crate::status::Phase;

/// Row 1.
#[test]
fn the_prompt_has_no_line_end() {
    check_send(
        &[("AT+CMGS", "AT+CMGS=18\r\r\n> ")],
        expect![[r#"
        1: accepted, reference 42
    "#]],
    );
}

/// Row 2.
#[test]
fn the_prompt_has_a_line_end() {
    check_send(
        &[("AT+CMGS", "\r\n> \r\n")],
        expect![[r#"
        1: accepted, reference 42
    "#]],
    );
}

/// Row 3: ZTE.
#[test]
fn unsolicited_lines_before_the_prompt_and_before_the_reference() {
    check_send(
        &[
            ("AT+CMGS", "+ZPASR: \"UMTS\"\r\n> "),
            (
                "^Z",
                "+ZDONR: \"TEST\",1,1,\"CS_ONLY\"\r\n+ZPASR: \"UMTS\"\r\n+CMGS: 5\r\nOK\r\n",
            ),
        ],
        expect![[r#"
            1: accepted, reference 5
        "#]],
    );
}

/// Row 6: Huawei sends such a line every 30 s.
#[test]
fn noise_does_not_extend_a_deadline() {
    let mut bench = Bench::ready();
    bench.silent("^Z", 1);
    bench.send(1);
    for _ in 0..13 {
        bench.run(seconds(9));
        bench.say("^BOOT:91409020,0,0,0,6\r\n");
    }
    assert_eq!(bench.told, "");
    bench.run(seconds(3));
    expect![[r#"
        1: it cannot be told whether this left: the modem did not say what became of it
    "#]]
    .assert_eq(&bench.told);
}

/// Row 7: Huawei.
#[test]
fn the_payload_echoed_and_ok_without_a_reference_is_unknown() {
    let echo = format!("00{SUBMIT}\x1a\r\nOK\r\n");
    check_send(
        &[("^Z", &echo)],
        expect![[r#"
        1: it cannot be told whether this left: the modem said OK, but not that the network took it
    "#]],
    );
}

/// Row 8.
#[test]
fn a_junk_line_before_the_reference() {
    check_send(
        &[("^Z", "\r\npad\r\n+CMGS: 43\r\n\r\nOK\r\n")],
        expect![[r#"
        1: accepted, reference 43
    "#]],
    );
}

/// Row 9.
#[test]
fn a_doubled_result_ends_one_command_only() {
    let mut bench = Bench::ready();
    bench.rule("^Z", 2, "\r\n+CMGS: 1\r\n\r\nOK\r\nOK\r\n");
    bench.rule("AT+CMGR", 1, &hello());
    bench.send(1);
    bench.say("\r\n+CMTI: \"SM\",1\r\n");
    bench.send(2);
    bench.run(seconds(2));
    expect![[r#"
        1: accepted, reference 1
        received SM 1 Message HELLO
        2: accepted, reference 1
    "#]]
    .assert_eq(&bench.told);
}

/// Row 9, the second result in a read of its own.
#[test]
fn a_doubled_result_that_comes_apart_is_let_through() {
    let mut bench = Bench::ready();
    bench.send(1);
    bench.say("OK\r\n");
    bench.send(2);
    bench.say("OK\r\n");
    bench.send(3);
    bench.run(seconds(2));
    expect![[r#"
        1: accepted, reference 42
        2: accepted, reference 42
        3: accepted, reference 42
    "#]]
    .assert_eq(&bench.told);
}

/// Row 22.
#[test]
fn no_prompt_is_left_by_escape_and_synchronised() {
    let bench = check_send(
        &[("AT+CMGS", "\r\n")],
        expect![[r#"
        1: not sent, to be tried again: the modem did not take the message
        phase: the modem did not answer; talking to it again
        phase: ready
    "#]],
    );
    expect!["AT+CMGS=18 ESC AT"].assert_eq(&bench.written.join(" "));
}

/// Row 22: the prompt comes after the modem was given up.
#[test]
fn a_late_prompt_swallows_nothing() {
    let mut bench = Bench::ready();
    bench.rule_after("AT+CMGS", 1, Some("\r\n> "), seconds(11));
    bench.send(1);
    bench.run(seconds(30));
    bench.send(2);
    bench.run(seconds(5));
    expect![[r#"
        1: not sent, to be tried again: the modem did not take the message
        phase: the modem did not answer; talking to it again
        phase: ready
        2: accepted, reference 42
    "#]]
    .assert_eq(&bench.told);
    assert_eq!(
        bench
            .written
            .iter()
            .filter(|written| *written == "^Z")
            .count(),
        1
    );
}

/// Row 25.
#[test]
fn an_announcement_during_a_send_is_acted_on_later() {
    let mut bench = Bench::ready();
    bench.rule("^Z", 1, "\r\n+CMTI: \"SM\",3\r\n\r\n+CMGS: 6\r\n\r\nOK\r\n");
    bench.rule("AT+CMGR=3", 1, &hello());
    bench.send(1);
    bench.run(seconds(1));
    expect![[r#"
        1: accepted, reference 6
        received SM 3 Message HELLO
    "#]]
    .assert_eq(&bench.told);
}

/// Row 26.
#[test]
fn a_reference_long_after_the_time_out_is_reconciled() {
    let mut bench = Bench::ready();
    bench.rule_after(
        "^Z",
        1,
        Some("\r\n+CMGS: 7\r\n\r\nOK\r\n"),
        seconds(150) + seconds(1),
    );
    bench.send(1);
    bench.send(2);
    bench.run(seconds(170));
    expect![[r#"
        1: it cannot be told whether this left: the modem did not say what became of it
        phase: the modem did not answer; talking to it again
        late, tag 1: accepted, reference 7
        phase: ready
        2: accepted, reference 42
    "#]]
    .assert_eq(&bench.told);
}

/// Row 28: Huawei, where sending meets receiving.
#[test]
fn a_vendor_code_is_an_unknown_outcome() {
    check_send(
        &[("^Z", "\r\n+CMS ERROR: 512\r\n")],
        expect![[r#"
            1: it cannot be told whether this left: the modem reports a fault of its own (+CMS ERROR: 512)
        "#]],
    );
}

/// Row 29.
#[test]
fn a_refused_recipient_does_not_block_the_queue() {
    let mut bench = Bench::ready();
    bench.rule("^Z", 1, "\r\n+CMS ERROR: 38\r\n");
    bench.send(1);
    bench.send(2);
    bench.run(seconds(5));
    expect![[r#"
        1: not sent: the network is out of order, probably for longer: try again later (+CMS ERROR: 38)
        2: accepted, reference 42
    "#]].assert_eq(&bench.told);
}

/// Row 38.
#[test]
fn an_acknowledgement_lost_in_the_network_is_unknown() {
    check_send(
        &[("^Z", "\r\n+CMS ERROR: 332\r\n")],
        expect![[r#"
            1: it cannot be told whether this left: the network did not answer in time (+CMS ERROR: 332)
        "#]],
    );
}

/// A doubled result between the prompt and the payload: nothing can have been sent yet.
#[test]
fn a_result_right_behind_the_prompt_is_not_that_of_the_send() {
    check_send(
        &[("AT+CMGS", "\r\n> \r\nOK\r\n")],
        expect![[r#"
        1: accepted, reference 42
    "#]],
    );
}

/// Row 39: the power goes between the network's acceptance and the change of the slot's mark. The mark is told as it reads,
/// the outcome stays unknown, and nothing is sent by itself.
#[test]
fn power_lost_before_the_slot_is_marked_is_unknown() {
    let mut bench = Bench::ready();
    bench.silent("AT+CMSS", 1);
    bench.ask(Request::Transmit {
        tag: 1,
        slot: sim(4),
    });
    bench.run(seconds(2));
    bench.engine.handle_closed(Phase::PortAbsent {
        reason: "gone".to_owned(),
    });
    bench.bring_up();
    let unsent = format!("\r\n+CMGR: 2,,18\r\n00{SUBMIT}\r\n\r\nOK\r\n");
    bench.rule("AT+CMGR=4", 1, &unsent);
    bench.ask(Request::Inspect { slot: sim(4) });
    bench.run(seconds(700));
    expect![[r#"
        phase: gone
        1: it cannot be told whether this left: the modem went away: check its cable and power
        phase: setting the modem up: talking to the modem
        phase: ready
        2: StoUnsent 0001000B912120550501F0000005E8329BFD06
    "#]]
    .assert_eq(&bench.told);
    let transmitted = bench
        .written
        .iter()
        .filter(|written| written.starts_with("AT+CMSS"));
    assert_eq!(transmitted.count(), 1);
}
