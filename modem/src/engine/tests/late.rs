//! Results of earlier commands where that of a send is awaited, and results of earlier sends: whose is whose.

use expect_test::{Expect, expect};

use super::{Bench, seconds, settings, sim};
use crate::engine::{Request, Settings, Unfinished};
use crate::status::Phase;

const REFUSED: &str = "\r\n+CMS ERROR: 321\r\n";

/// A send under way, with reference 5 before it, while the modem owes the result of a command.
fn owing() -> Bench {
    let mut bench = Bench::ready();
    bench.rule("^Z", 1, "\r\n+CMGS: 5\r\n\r\nOK\r\n");
    bench.send(1);
    bench.silent("AT+CMGR=3", 1);
    bench.ask(Request::Inspect { slot: sim(3) });
    bench.run(seconds(20));
    bench.forget();
    bench.silent("^Z", 1);
    bench.send(2);
    assert_eq!(bench.written.last().map(String::as_str), Some("^Z"));
    bench.forget();
    bench
}

/// What becomes of it when these results come, three seconds apart.
fn check(results: &[&str], expected: Expect) {
    let mut bench = owing();
    for result in results {
        bench.run(seconds(3));
        bench.say(result);
        assert!(bench.written.is_empty(), "{:?}", bench.written);
    }
    bench.run(seconds(160));
    expected.assert_eq(&bench.told);
}

#[test]
fn an_owed_error_is_passed_over_and_the_own_result_decides() {
    check(
        &[REFUSED, "\r\n+CMGS: 6\r\n\r\nOK\r\n"],
        expect![[r#"
            3: accepted, reference 6
        "#]],
    );
}

/// One of them says that nothing left, the other one that nobody knows.
#[test]
fn two_errors_that_differ_leave_it_unknown() {
    check(
        &[REFUSED, "\r\n+CMS ERROR: 500\r\n"],
        expect![[r#"
            3: it cannot be told whether this left: the modem did not say what became of it
        "#]],
    );
}

#[test]
fn two_errors_that_say_the_same_are_believed() {
    check(
        &[REFUSED, "\r\n+CMS ERROR: 320\r\n"],
        expect![[r#"
            3: not sent, to be tried again: the modem's message memory failed (+CMS ERROR: 320)
        "#]],
    );
}

/// The error may have been its own, and the reference that of a send nobody remembers.
#[test]
fn another_reference_than_the_highest_after_an_error_is_unknown() {
    check(
        &[REFUSED, "\r\n+CMGS: 9\r\n\r\nOK\r\n"],
        expect![[r#"
            3: it cannot be told whether this left: the modem did not say what became of it
        "#]],
    );
}

/// No command but a send ends so: nobody waits for a further result.
#[test]
fn a_cause_of_the_network_is_always_the_sends_own() {
    check(
        &["\r\n+CMS ERROR: 38\r\n"],
        expect![[r#"
            3: not sent: the network is out of order, probably for longer: try again later (+CMS ERROR: 38)
        "#]],
    );
}

/// It came after the 120 s, and says of a slot what would read as if nothing had left.
#[test]
fn an_owed_error_among_late_results_settles_nothing() {
    let mut bench = owing();
    bench.run(seconds(122));
    bench.say(REFUSED);
    bench.run(seconds(1));
    expect![[r#"
        3: it cannot be told whether this left: the modem did not say what became of it
    "#]]
    .assert_eq(&bench.told);
    bench.say("\r\n+CMGS: 6\r\n\r\nOK\r\n");
    bench.run(seconds(10));
    expect![[r#"
        3: it cannot be told whether this left: the modem did not say what became of it
        late, tag 2: accepted, reference 6
    "#]]
    .assert_eq(&bench.told);
}

/// Reference 5 was seen, the send with tag 2 got none in time.
fn open() -> Bench {
    let mut bench = Bench::ready();
    bench.rule("^Z", 1, "\r\n+CMGS: 5\r\n\r\nOK\r\n");
    bench.send(1);
    bench.silent("^Z", 2);
    bench.send(2);
    bench.run(seconds(170));
    bench.forget();
    bench
}

#[test]
fn results_in_reversed_order_are_told_apart_by_reference() {
    let mut bench = Bench::ready();
    bench.rule("^Z", 1, "\r\n+CMGS: 4\r\n\r\nOK\r\n");
    bench.send(1);
    bench.rule("^Z", 1, "\r\n+CMS ERROR: 500\r\n");
    bench.send(2);
    bench.silent("^Z", 2);
    bench.send(3);
    bench.run(seconds(170));
    bench.forget();
    bench.send(4);
    // The refused one took no reference, so neither is the highest that is possible.
    bench.say("\r\n+CMGS: 6\r\n\r\nOK\r\n");
    bench.run(seconds(3));
    bench.say("\r\n+CMGS: 5\r\n\r\nOK\r\n");
    bench.run(seconds(40));
    expect![[r#"
        late, tag 3: accepted, reference 5
        4: accepted, reference 6
    "#]]
    .assert_eq(&bench.told);
}

/// Row 8 of a modem that gives no `OK` after a reference: it is weighed as with it.
#[test]
fn an_older_reference_without_its_ok_is_not_the_newer_sends() {
    let mut bench = open();
    bench.send(3);
    bench.say("\r\n+CMGS: 6\r\n");
    bench.run(seconds(40));
    expect![[r#"
        3: it cannot be told whether this left: the modem did not say what became of it
    "#]]
    .assert_eq(&bench.told);
}

/// The older send's reference comes between the prompt and Ctrl-Z.
#[test]
fn a_reference_before_ctrl_z_is_the_older_sends() {
    let mut bench = open();
    bench.rule("AT+CMGS", 1, "\r\n> \r\n+CMGS: 6\r\n\r\nOK\r\n");
    bench.send(3);
    bench.run(seconds(20));
    bench.say("\r\n+CMGS: 7\r\n\r\nOK\r\n");
    bench.run(seconds(1));
    expect![[r#"
        late, tag 2: accepted, reference 6
        3: accepted, reference 7
    "#]]
    .assert_eq(&bench.told);
}

/// Two sends without an answer: what comes then is the second one's only by the reference that it alone can have.
#[test]
fn of_two_open_sends_only_the_highest_reference_tells() {
    let check = |reference: u8, expected: Expect| {
        let mut bench = open();
        bench.send(3);
        bench.run(seconds(122));
        bench.forget();
        bench.say(&format!("\r\n+CMGS: {reference}\r\n\r\nOK\r\n"));
        bench.run(seconds(1));
        expected.assert_eq(&bench.told);
    };
    check(6, expect![[""]]);
    check(
        7,
        expect![[r#"
            late, tag 3: accepted, reference 7
        "#]],
    );
}

/// The port is not there at once, and the clock does not begin with the engine.
#[test]
fn an_unfinished_send_of_an_earlier_life_finds_its_result() {
    let mut bench = Bench::new(Settings {
        unfinished: Some(Unfinished {
            tag: 77,
            last_reference: Some(5),
        }),
        ..settings()
    });
    bench.now = seconds(1000);
    bench.engine.handle_closed(Phase::PortAbsent {
        reason: "held".to_owned(),
    });
    bench.bring_up();
    bench.forget();
    bench.silent("^Z", 1);
    bench.send(1);
    bench.run(seconds(2));
    bench.say("\r\n+CMGS: 6\r\n\r\nOK\r\n");
    bench.run(seconds(2));
    assert_eq!(bench.told, "");
    bench.say("\r\n+CMGS: 7\r\n\r\nOK\r\n");
    bench.run(seconds(1));
    expect![[r#"
        late, tag 77: accepted, reference 6
        1: accepted, reference 7
    "#]]
    .assert_eq(&bench.told);
}

/// What came late is older than what was seen since: the highest reference stays the highest.
#[test]
fn a_late_reference_does_not_turn_the_count_back() {
    let mut bench = open();
    bench.rule("^Z", 1, "\r\n+CMGS: 7\r\n\r\nOK\r\n");
    bench.send(3);
    bench.say("\r\n+CMGS: 6\r\n\r\nOK\r\n");
    bench.run(seconds(1));
    bench.silent("^Z", 2);
    bench.send(4);
    bench.run(seconds(170));
    bench.forget();
    bench.send(5);
    // The fourth one's, which is not the highest that is possible now.
    bench.say("\r\n+CMGS: 8\r\n\r\nOK\r\n");
    bench.run(seconds(40));
    expect![[r#"
        5: it cannot be told whether this left: the modem did not say what became of it
    "#]]
    .assert_eq(&bench.told);
}

/// An error of an earlier command before the prompt: it is left before anything else is written.
#[test]
fn a_prompt_behind_an_owed_error_is_left() {
    let mut bench = Bench::ready();
    bench.silent("AT+CMGR=3", 1);
    bench.ask(Request::Inspect { slot: sim(3) });
    bench.run(seconds(20));
    bench.forget();
    bench.rule("AT+CMGS", 1, REFUSED);
    bench.send(1);
    bench.run(seconds(5));
    let written: Vec<&str> = bench.written.iter().take(3).map(String::as_str).collect();
    assert_eq!(written, ["AT+CMGS=18", "ESC", "AT"]);
    assert!(
        bench.told.starts_with("2: not sent, to be tried again: "),
        "{}",
        bench.told
    );
}
