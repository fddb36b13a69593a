//! What modems do: one test for each peculiarity, named after it. The bytes are our own, in the manner of the capture or
//! report that each comment names by its row in the team's list of quirks.

use std::time::Duration;

use expect_test::{Expect, expect};

use super::{Bench, HELLO, REPORT, SUBMIT, WORLD, seconds, settings};
use crate::engine::Request;
use crate::status::{Incoming, Phase, Registration};

/// What is told when one send meets these answers.
fn check_send(rules: &[(&str, &str)], expected: Expect) -> Bench {
    let mut bench = Bench::ready();
    for (begins, says) in rules {
        bench.rule(begins, 1, says);
    }
    bench.send(1);
    bench.run(seconds(30));
    expected.assert_eq(&bench.told);
    bench
}

/// What is told when these bytes come by themselves and slots read so.
fn check_input(rules: &[(&str, &str)], input: &str, expected: Expect) -> Bench {
    let mut bench = Bench::ready();
    for (begins, says) in rules {
        bench.rule(begins, 1, says);
    }
    bench.say(input);
    bench.run(seconds(1));
    expected.assert_eq(&bench.told);
    bench
}

fn hello() -> String {
    format!("\r\n+CMGR: 0,,24\r\n{HELLO}\r\n\r\nOK\r\n")
}

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

/// Row 4: Huawei.
#[test]
fn unsolicited_lines_glued_before_the_echo() {
    let mut bench = Bench::new(settings());
    bench.rule(
        "AT+CPIN?",
        1,
        "^SRVST:1\r\n\r\n^SRVST:2\r\nAT+CPIN?\r\r\n+CPIN: READY\r\n\r\nOK\r\n",
    );
    bench.bring_up();
    assert_eq!(*bench.phase(), Phase::Ready);
}

/// Row 5: Huawei.
#[test]
fn caret_lines_are_never_the_answer() {
    let answer = format!("^RSSI:3\r\n+CMGR: 0,,24\r\n^RSSI:4\r\n{HELLO}\r\n^RSSI:5\r\n\r\nOK\r\n");
    check_input(
        &[("AT+CMGR", &answer)],
        "\r\n+CMTI: \"SM\",1\r\n",
        expect![[r#"
            received SM 1 Message HELLO
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

/// Row 9, from the first command on: bring-up stays in step, so that no result is taken for the SIM's word.
#[test]
fn a_modem_that_doubles_every_result_apart_is_brought_up_in_step() {
    for (pin, operator, ends) in [
        ("READY", Some("Test Net"), "ready"),
        ("SIM PUK", None, "the SIM is locked and wants its PUK"),
    ] {
        let mut bench = Bench::new(settings());
        bench.doubled_after = Some(Duration::from_millis(20));
        let sim = format!("\r\n+CPIN: {pin}\r\n\r\nOK\r\n");
        bench.rule("AT+CPIN?", usize::MAX, &sim);
        bench.bring_up();
        let status = bench.engine.status();
        assert!(status.phase.to_string().starts_with(ends), "{}", bench.told);
        assert_eq!(status.operator.as_deref(), operator);
        assert_eq!(
            status.identity.model.as_deref(),
            Some("T100"),
            "{:?}",
            bench.written
        );
    }
}

/// Nor is an `OK` without a line, whatever it belongs to.
#[test]
fn a_sim_that_says_nothing_is_asked_again() {
    let mut bench = Bench::new(settings());
    bench.rule("AT+CPIN?", usize::MAX, "\r\n+CPIN: SIM PUK\r\n\r\nOK\r\n");
    bench.rule("AT+CPIN?", 1, "\r\nOK\r\n");
    bench.bring_up();
    expect![[r#"
        phase: setting the modem up: talking to the modem
        phase: the SIM is locked and wants its PUK: put it in a phone and unlock it there
    "#]]
    .assert_eq(&bench.told);
}

/// Row 9, where it would do the most harm: the answer for slot 1 comes behind a result that is not its own, while slot 2
/// waits to be read.
#[test]
fn a_doubled_result_before_a_slot_is_read_does_not_swap_messages() {
    for doubled in ["OK\r\n", "ERROR\r\n", "+CMS ERROR: 321\r\n"] {
        let mut bench = Bench::ready();
        bench.silent("AT+CMGR", 2);
        bench.say("\r\n+CMTI: \"SM\",1\r\n\r\n+CMTI: \"SM\",2\r\n");
        bench.say(doubled);
        bench.run(Duration::from_millis(100));
        bench.say(&hello());
        bench.run(Duration::from_millis(500));
        bench.say(&format!("\r\n+CMGR: 0,,24\r\n{WORLD}\r\n\r\nOK\r\n"));
        bench.run(seconds(1));
        assert!(
            !bench.told.contains("SM 2 Message HELLO"),
            "{doubled}: {}",
            bench.told
        );
        assert!(
            bench.told.contains("SM 2 Message WORLD"),
            "{doubled}: {}",
            bench.told
        );
    }
}

/// Row 10.
#[test]
fn an_empty_slot_is_a_bare_ok() {
    check_input(
        &[("AT+CMGR", "AT+CMGR=12\r\r\nOK\r\n")],
        "+CMTI: \"SM\",12\r\n",
        expect![[""]],
    );
}

/// Row 11: Wavecom.
#[test]
fn a_known_command_may_end_without_a_result() {
    let mut bench = Bench::new(settings());
    bench.rule("AT+CPIN?", 1, "\r\n+CPIN: READY\r\n");
    bench.bring_up();
    assert_eq!(*bench.phase(), Phase::Ready);
}

/// Row 12.
#[test]
fn command_not_support_is_an_error() {
    let mut bench = Bench::new(settings());
    for optional in ["AT+CCID", "AT+CSMS", "AT+CEREG?", "AT+CMEE"] {
        bench.rule(optional, 1, "COMMAND NOT SUPPORT\r\n");
    }
    bench.bring_up();
    assert_eq!(*bench.phase(), Phase::Ready);
    check_send(
        &[("AT+CMGS", "COMMAND NOT SUPPORT\r\n")],
        expect![[r#"
        1: not sent, to be tried again: the modem does not know this command
    "#]],
    );
}

/// Rows 13 and 14.
#[test]
fn listings_hold_extra_carriage_returns_index_0_and_indices_above_100() {
    let mut bench = Bench::ready();
    let listing = format!(
        "\r\r\n+CMGL: 0,1,,80\r\r\n{HELLO}\r\r\n+CMGL: 161,1,,135\r\r\n{WORLD}\r\r\n\r\nOK\r\r\n"
    );
    bench.rule("AT+CMGL", 1, &listing);
    bench.run(seconds(61));
    expect![[r#"
        received SM 0 Message HELLO
        received SM 161 Message WORLD
    "#]]
    .assert_eq(&bench.told);
    check_send(
        &[("^Z", "+CMGS\r\r\n+CMGS: 3\r\r\nOK\r\r\n")],
        expect![[r#"
        1: accepted, reference 3
    "#]],
    );
}

/// Row 15: ZTE leaves the status empty; a service centre of length 0.
#[test]
fn an_empty_status_and_an_empty_service_centre() {
    let report = format!(
        "\r\n+CMGR: ,,27\r\n00{}\r\n\r\nOK\r\n",
        REPORT.get(16..).unwrap_or_default()
    );
    check_input(
        &[("AT+CMGR", &report)],
        "+CMTI: \"SM\",1\r\n",
        expect![[r#"
        received SM 1 StatusReport 00062A0B912120550501F0621010000000006210100000000000
    "#]],
    );
    let report = "\r\n+CMGR: 1,,26\r\n0006010B912120550501F0\r\n\r\nOK\r\n";
    check_input(
        &[("AT+CMGR", report)],
        "+CMTI: \"SM\",1\r\n",
        expect![[r#"
        received SM 1 StatusReport 0006010B912120550501F0
    "#]],
    );
}

/// Row 16: SIMCom adds parameters; others leave them out or make them impossible.
#[test]
fn announcements_with_extra_absent_and_impossible_parameters() {
    check_input(
        &[("AT+CMGR=1", &hello())],
        "+CMTI: \"SM\",1,\"MMS PUSH\",2,1\r\n",
        expect![[r#"
            received SM 1 Message HELLO
        "#]],
    );
    let listing = format!("\r\n+CMGL: 4,0,,24\r\n{HELLO}\r\n\r\nOK\r\n");
    check_input(
        &[("AT+CMGL", &listing)],
        "+CMTI: ,-1\r\n",
        expect![[r#"
        received SM 4 Message HELLO
    "#]],
    );
    check_input(
        &[("AT+CMGL", &listing)],
        "+CMTI:\r\n",
        expect![[r#"
        received SM 4 Message HELLO
    "#]],
    );
}

/// Row 17.
#[test]
fn an_optional_command_may_fail_with_500() {
    let mut bench = Bench::new(settings());
    bench.rule("AT+CSMS=0", 1, "\r\n+CMS ERROR: 500\r\n");
    bench.bring_up();
    assert_eq!(*bench.phase(), Phase::Ready);
}

/// Row 18: Qualcomm's SIM is busy for about 10 s after the start; 515 is Huawei's busy.
#[test]
fn a_busy_sim_is_asked_again() {
    for busy in [
        "\r\n+CME ERROR: 14\r\n",
        "\r\n+CME ERROR: 515\r\n",
        "\r\n+CMS ERROR: 314\r\n",
    ] {
        let mut bench = Bench::new(settings());
        bench.rule("AT+CSCA?", 10, busy);
        bench.rule("AT+CPIN?", 4, busy);
        bench.engine.handle_opened(bench.now);
        bench.run(seconds(10));
        assert!(matches!(bench.phase(), Phase::BringingUp { .. }), "{busy}");
        bench.run(seconds(10));
        assert_eq!(*bench.phase(), Phase::Ready, "{busy}");
        assert!(bench.engine.status().service_centre.is_some(), "{busy}");
    }
}

/// Row 18: `+CME ERROR: 11` asks for the PIN.
#[test]
fn error_11_asks_for_the_pin() {
    let mut bench = Bench::new(settings());
    bench.rule("AT+CPIN?", 1, "\r\n+CME ERROR: 11\r\n");
    bench.bring_up();
    expect![[r#"
        phase: setting the modem up: talking to the modem
        phase: the SIM wants its PIN: set pin_file in the configuration, or switch the PIN off in a phone
    "#]].assert_eq(&bench.told);
}

/// Row 19.
#[test]
fn a_pdu_padded_with_ff_passes_through_whole() {
    let padded = format!("{REPORT}{}", "FF".repeat(132));
    let answer = format!("\r\n+CMGR: 0,,25\r\n{padded}\r\n\r\nOK\r\n");
    let bench = check_input(
        &[("AT+CMGR", &answer)],
        "+CDSI: \"SM\",1\r\n",
        expect![[r#"
        received SM 1 StatusReport REPORTFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF
    "#]],
    );
    assert!(bench.told.contains(&"FF".repeat(132)));
}

/// Row 20.
#[test]
fn hexadecimal_in_lower_case_and_a_quote_behind_it() {
    let answer = format!(
        "\r\n+CMGR: 0,,24\r\n{}\"\r\n\r\nOK\r\n",
        HELLO.to_lowercase()
    );
    let mut bench = check_input(
        &[("AT+CMGR", &answer)],
        "+CMTI: \"SM\",1\r\n",
        expect![[r#"
        received SM 1 Message 07912120550591f9040b912120550501f000006210100000000005e8329bfd06"
    "#]],
    );
    bench.delete(1, HELLO);
    assert_eq!(bench.written.last().map(String::as_str), Some("AT+CMGD=1"));
}

/// Row 21.
#[test]
fn a_report_in_the_middle_of_a_command() {
    let report = format!("\r\n+CDS: 25\r\n{REPORT}\r\n+CMGS: 8\r\n\r\nOK\r\n");
    check_send(
        &[("^Z", &report)],
        expect![[r#"
        received direct StatusReport REPORT
        1: accepted, reference 8
    "#]],
    );
    let between = format!("\r\n+CMGR: 0,,24\r\n+CDS: 25\r\n{REPORT}\r\n{HELLO}\r\n\r\nOK\r\n");
    check_input(
        &[("AT+CMGR", &between)],
        "+CMTI: \"SM\",1\r\n",
        expect![[r#"
        received direct StatusReport REPORT
        received SM 1 Message HELLO
    "#]],
    );
}

/// Row 21: the routing is looked at from time to time and restored when it was forgotten. The first time the modem is set
/// up from the beginning, since it may have begun anew; see `health`.
#[test]
fn a_forgotten_routing_is_restored() {
    let mut bench = Bench::ready();
    let forgotten = "\r\n+CNMI: 0,0,0,0,0\r\n\r\nOK\r\n";
    bench.rule("AT+CNMI?", 1, forgotten);
    bench.run(seconds(90));
    assert!(
        bench.written.contains(&"AT+CMGF=0".to_owned()),
        "{:?}",
        bench.written
    );
    bench.rule("AT+CNMI?", 1, forgotten);
    bench.forget();
    bench.run(seconds(120));
    assert!(
        !bench.written.contains(&"AT+CMGF=0".to_owned()),
        "{:?}",
        bench.written
    );
    let set: Vec<&String> = bench
        .written
        .iter()
        .filter(|written| written.starts_with("AT+CNMI="))
        .collect();
    assert_eq!(set, ["AT+CNMI=2,1,0,1,0"]);
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

/// Row 24.
#[test]
fn a_doubled_echo_and_515() {
    let mut bench = Bench::ready();
    bench.rule("AT+CSQ", 1, "AT+CSQ\r\nAT+CSQ\r\n+CME ERROR: 515\r\n");
    bench.run(seconds(61));
    assert_eq!(*bench.phase(), Phase::Ready);
    assert_eq!(bench.told, "");
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

/// Row 27.
#[test]
fn nuls_at_power_up_are_dropped() {
    let mut bench = Bench::new(settings());
    bench.engine.handle_opened(bench.now);
    bench.say("\0\0\r\nRDY\r\n");
    bench.run(seconds(10));
    assert_eq!(*bench.phase(), Phase::Ready);
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

/// Row 30: Huawei.
#[test]
fn a_listing_that_never_answers_is_replaced_by_reading_slot_by_slot() {
    let mut bench = Bench::new(settings());
    bench.silent("AT+CMGL", usize::MAX);
    bench.rule("AT+CMGR", usize::MAX, "\r\nOK\r\n");
    bench.rule("AT+CMGR=2", 1, &hello());
    bench.rule(
        "AT+CPMS=\"",
        usize::MAX,
        "\r\n+CPMS: 1,3,1,3,1,3\r\n\r\nOK\r\n",
    );
    bench.rule(
        "AT+CPMS?",
        usize::MAX,
        "\r\n+CPMS: \"SM\",1,3,\"SM\",1,3,\"SM\",1,3\r\n\r\nOK\r\n",
    );
    bench.engine.handle_opened(bench.now);
    bench.run(seconds(50));
    expect![[r#"
        phase: setting the modem up: talking to the modem
        phase: ready
        phase: the modem did not answer; talking to it again
        phase: ready
        received SM 2 Message HELLO
    "#]]
    .assert_eq(&bench.told);
    let read: Vec<&String> = bench
        .written
        .iter()
        .filter(|written| written.starts_with("AT+CMG"))
        .collect();
    expect![[r#"["AT+CMGF=0", "AT+CMGL=4", "AT+CMGR=0", "AT+CMGR=1", "AT+CMGR=2", "AT+CMGR=3"]"#]]
        .assert_eq(&format!("{read:?}"));
    bench.forget();
    bench.run(seconds(120));
    assert!(
        !bench
            .written
            .iter()
            .any(|written| written.starts_with("AT+CMG")),
        "{:?}",
        bench.written
    );
}

/// Row 31.
#[test]
fn memories_are_chosen_with_three_arguments_or_with_one() {
    let check = |refuses: &str, says: &str, expected: &str| {
        let mut bench = Bench::new(settings());
        bench.rule(
            "AT+CPMS=\"SM\"",
            usize::MAX,
            "\r\n+CPMS: 0,20,0,20,0,20\r\n\r\nOK\r\n",
        );
        bench.rule(refuses, 1, says);
        bench.bring_up();
        let chosen = bench
            .written
            .iter()
            .rfind(|written| written.starts_with("AT+CPMS=\""));
        assert_eq!(chosen.map(String::as_str), Some(expected));
    };
    check(
        "AT+CPMS=\"SM\",\"SM\",\"SM\"",
        "\r\n+CMS ERROR: 304\r\n",
        "AT+CPMS=\"SM\"",
    );
    check("AT+CPMS=nothing", "", "AT+CPMS=\"SM\",\"SM\",\"SM\"");
}

/// Row 33.
#[test]
fn ussd_answers_come_in_three_spellings() {
    let check = |answer: &str, expected: &str| {
        let mut bench = Bench::ready();
        bench.ask(Request::Ussd {
            code: "*100#".to_owned(),
        });
        bench.say(answer);
        assert_eq!(bench.written, ["AT+CUSD=1,\"*100#\",15"]);
        assert_eq!(bench.told, expected);
    };
    check(
        "\r\n+CUSD: 0,\"Balance: 5\",15\r\n",
        "1: Ended Balance: 5\n",
    );
    check(
        "\r\n+CUSD: 1,\"1 Balance\r\n2 Number\",15\r\n",
        "1: Expected 1 Balance\n2 Number\n",
    );
    check(
        "\r\n+CUSD: 0,\"C2303BEC1E9775A01A\",15\r\n",
        "1: Ended Balance: 5\n",
    );
    check(
        "\r\n+CUSD: 0,\"00420061006C003A00200035\",15\r\n",
        "1: Ended Bal: 5\n",
    );
    check("\r\n+CUSD: 4\r\n", "1: NotSupported \n");
}

#[test]
fn ussd_without_an_answer_ends_after_a_minute_and_by_the_network_is_an_event() {
    let mut bench = Bench::ready();
    bench.ask(Request::Ussd {
        code: "*100#".to_owned(),
    });
    bench.ask(Request::Ussd {
        code: "*101#".to_owned(),
    });
    bench.ask(Request::Ussd {
        code: "\"\r".to_owned(),
    });
    bench.run(seconds(59));
    bench.run(seconds(2));
    bench.say("\r\n+CUSD: 0,\"Hello from your network\",15\r\n");
    expect![[r#"
        2: error: a USSD code is under way already: wait for its answer
        3: error: a USSD code is under way already: wait for its answer
        1: error: the modem did not answer in time
        ussd: Hello from your network
    "#]]
    .assert_eq(&bench.told);
}

/// Row 34: an MMS notification is 8-bit data to a port; whatever it is, it passes through raw.
#[test]
fn a_binary_notification_passes_through_raw() {
    let binary =
        "07912120550591F9440B912120550501F000F56210100000000014060504 0B8423F0010603BEAF84"
            .replace(' ', "");
    let answer = format!("\r\n+CMGR: 0,,40\r\n{binary}\r\n\r\nOK\r\n");
    let mut bench = check_input(
        &[("AT+CMGR", &answer)],
        "+CMTI: \"SM\",1\r\n",
        expect![[r#"
        received SM 1 Message 07912120550591F9440B912120550501F000F562101000000000140605040B8423F0010603BEAF84
    "#]],
    );
    bench.delete(1, &binary);
    bench.run(seconds(1));
    assert!(bench.told.ends_with("1: Freed\n"), "{}", bench.told);
}

/// Row 36: ProLink PHS-100.
#[test]
fn a_registration_that_stays_at_0_is_woken() {
    let mut bench = Bench::new(settings());
    bench.rule("AT+CREG?", 1, "\r\n+CREG: 0,0\r\n\r\nOK\r\n");
    bench.rule_after("AT+COPS=0", 1, Some("\r\nOK\r\n"), seconds(40));
    bench.engine.handle_opened(bench.now);
    bench.run(seconds(5));
    let Phase::BringingUp { step } = bench.phase() else {
        panic!("{:?}", bench.phase())
    };
    assert!(step.contains("choose a network"), "{step}");
    bench.run(seconds(50));
    assert_eq!(*bench.phase(), Phase::Ready);
    assert_eq!(bench.engine.status().registration, Registration::Home);
    let woken: Vec<&String> = bench
        .written
        .iter()
        .filter(|written| *written == "AT+CFUN=1" || *written == "AT+COPS=0")
        .collect();
    assert_eq!(woken, ["AT+CFUN=1", "AT+COPS=0"]);
}

/// Row 37.
#[test]
fn a_lost_answer_to_the_deletion_and_a_new_message_in_the_slot() {
    let mut bench = Bench::ready();
    bench.rule("AT+CMGR=3", 1, &hello());
    bench.say("\r\n+CMTI: \"SM\",3\r\n");
    bench.silent("AT+CMGD=3", 1);
    bench.rule(
        "AT+CMGR=3",
        2,
        &format!("\r\n+CMGR: 0,,24\r\n{WORLD}\r\n\r\nOK\r\n"),
    );
    bench.delete(3, HELLO);
    bench.say("\r\n+CMTI: \"SM\",3\r\n");
    bench.run(seconds(15));
    expect![[r#"
        received SM 3 Message HELLO
        phase: the modem did not answer; talking to it again
        phase: ready
        received SM 3 Message WORLD
        1: HoldsOther
    "#]]
    .assert_eq(&bench.told);
    assert_eq!(
        bench
            .written
            .iter()
            .filter(|written| *written == "AT+CMGD=3")
            .count(),
        1
    );
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

/// A modem that offers no announcement is polled.
#[test]
fn a_modem_without_announcements_is_polled() {
    let mut bench = Bench::new(settings());
    bench.rule("AT+CNMI", usize::MAX, "\r\nERROR\r\n");
    bench.bring_up();
    assert_eq!(bench.engine.status().incoming, Incoming::Polled);
    bench.rule(
        "AT+CMGL",
        1,
        &format!("\r\n+CMGL: 1,0,,24\r\n{HELLO}\r\n\r\nOK\r\n"),
    );
    bench.forget();
    bench.run(seconds(11));
    assert_eq!(bench.told, "received SM 1 Message HELLO\n");
}

/// Reports stored in `SR` are read there and the usual memory is chosen again afterwards.
#[test]
fn a_stored_report_is_read_in_its_own_memory() {
    let mut bench = Bench::new(settings());
    bench.rule(
        "AT+CPMS=?",
        1,
        "\r\n+CPMS: (\"SM\",\"SR\"),(\"SM\"),(\"SM\")\r\n\r\nOK\r\n",
    );
    bench.bring_up();
    bench.forget();
    bench.rule(
        "AT+CMGR=2",
        1,
        &format!("\r\n+CMGR: 0,,25\r\n{REPORT}\r\n\r\nOK\r\n"),
    );
    bench.rule("AT+CMGR=3", 1, &hello());
    bench.say("\r\n+CDSI: \"SR\",2\r\n\r\n+CMTI: \"SM\",3\r\n");
    bench.run(seconds(1));
    expect![[r#"AT+CMGR=2 AT+CPMS="SM","SM","SM" AT+CMGR=3"#]].assert_eq(&bench.written.join(" "));
    expect![[r#"
        received SR 2 StatusReport REPORT
        received SM 3 Message HELLO
    "#]]
    .assert_eq(&bench.told);
}

/// A modem on a plain serial line that restarts keeps its port, and forgets PDU mode and routing.
#[test]
fn a_modem_that_restarts_is_set_up_again() {
    for line in ["RDY", "^SYSSTART", "+CPIN: NOT READY", "+CPIN: SIM PIN"] {
        let mut bench = Bench::ready();
        bench.say(&format!("\r\n{line}\r\n"));
        bench.run(seconds(5));
        assert_eq!(*bench.phase(), Phase::Ready, "{line}");
        for needed in ["AT+CMGF=0", "AT+CNMI=2,1,0,1,0", "AT+CMGL=4"] {
            assert!(
                bench.written.iter().any(|written| written == needed),
                "{line}: {:?}",
                bench.written
            );
        }
    }
    let mut bench = Bench::ready();
    bench.say("\r\n+CPIN: READY\r\n");
    bench.run(seconds(5));
    assert!(bench.written.is_empty(), "{:?}", bench.written);
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
