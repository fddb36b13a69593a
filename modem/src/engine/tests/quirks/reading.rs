//! Peculiarities of what comes in: slots, listings, reports, USSD.

use std::time::Duration;

use expect_test::expect;

use super::{check_input, check_send, hello};
use crate::engine::Request;
use crate::engine::tests::{Bench, HELLO, REPORT, WORLD, seconds, settings};

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

/// Row 35: the service centre in front of a report is another one than the message was submitted to. It goes through whole:
/// reference and recipient stand behind it, and by these alone it finds its message.
#[test]
fn a_report_through_another_service_centre_goes_through_whole() {
    let mut bench = Bench::ready();
    bench.send(1);
    bench.run(seconds(1));
    let from_elsewhere = REPORT.replacen("07912120550591F9", "0791447700091032", 1);
    assert_ne!(from_elsewhere, REPORT);
    bench.say(&format!("\r\n+CDS: 25\r\n{from_elsewhere}\r\n"));
    bench.rule(
        "AT+CMGR=2",
        1,
        &format!("\r\n+CMGR: 0,,25\r\n{from_elsewhere}\r\n\r\nOK\r\n"),
    );
    bench.say("\r\n+CDSI: \"SM\",2\r\n");
    bench.delete(2, &from_elsewhere);
    bench.run(seconds(1));
    expect![[r#"
        1: accepted, reference 42
        received direct StatusReport 0791447700091032062A0B912120550501F0621010000000006210100000000000
        received SM 2 StatusReport 0791447700091032062A0B912120550501F0621010000000006210100000000000
        2: Freed
    "#]]
    .assert_eq(&bench.told);
}
