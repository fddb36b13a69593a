//! USSD as a dialogue: questions, replies, the end of it, and what modems make of each. The lines are our own, after
//! 3GPP TS 27.007 §7.15.

use std::time::Duration;

use expect_test::{Expect, expect};

use super::{Bench, seconds};
use crate::engine::Request;

fn ask(bench: &mut Bench, code: &str) {
    bench.ask(Request::Ussd {
        code: code.to_owned(),
    });
}

/// What is told and written when one question meets these answers.
fn check(rules: &[(&str, &str)], input: &str, expected: Expect) -> Bench {
    let mut bench = Bench::ready();
    for (begins, says) in rules {
        bench.rule(begins, 1, says);
    }
    ask(&mut bench, "*100#");
    bench.run(seconds(3));
    bench.say(input);
    bench.run(seconds(1));
    expected.assert_eq(&bench.told);
    bench
}

fn questions(bench: &Bench) -> Vec<&str> {
    bench
        .written
        .iter()
        .map(String::as_str)
        .filter(|written| written.starts_with("AT+CUSD"))
        .collect()
}

#[test]
fn an_answer_comes_before_after_or_without_the_result() {
    let told = "1: Ended Balance 5.00\n";
    let answer = "\r\n+CUSD: 0,\"Balance 5.00\",15\r\n";
    let answer_then_ok = format!("{answer}\r\nOK\r\n");
    let ok_then_answer = format!("\r\nOK\r\n{answer}");
    for (says, later) in [
        (answer_then_ok.as_str(), ""),
        (&ok_then_answer, ""),
        ("\r\nOK\r\n", answer),
        (answer, ""),
        (answer, "\r\nOK\r\n"),
    ] {
        let mut bench = Bench::ready();
        bench.rule("AT+CUSD", 1, says);
        ask(&mut bench, "*100#");
        bench.run(seconds(3));
        bench.say(later);
        bench.run(seconds(30));
        assert_eq!(bench.told, told, "{says:?} then {later:?}");
        // The modem was not taken for one that does not answer, and goes on.
        assert!(!bench.written.contains(&"ESC".to_owned()), "{says:?}");
        bench.send(7);
        bench.run(seconds(1));
        assert!(
            bench.told.ends_with("2: accepted, reference 42\n"),
            "{says:?}"
        );
    }
}

/// Telit modems answer after seconds; 20 s are well within what a network may take.
#[test]
fn a_slow_result_is_waited_for() {
    let mut bench = Bench::ready();
    bench.rule_after(
        "AT+CUSD",
        1,
        Some("\r\n+CUSD: 1,\"1 Balance\r\n2 Offers\",15\r\n\r\nOK\r\n"),
        seconds(20),
    );
    ask(&mut bench, "*100#");
    bench.run(seconds(60));
    expect![[r#"
        1: Expected 1 Balance
        2 Offers
    "#]]
    .assert_eq(&bench.told);
}

/// A modem that says nothing at all does not hold messages back for ever, and the answer is still taken.
#[test]
fn a_result_that_never_comes_is_given_up_and_the_answer_is_not() {
    let mut bench = Bench::ready();
    bench.silent("AT+CUSD", 1);
    ask(&mut bench, "*100#");
    bench.send(7);
    bench.run(seconds(40));
    expect![[r#"
        phase: the modem did not answer; talking to it again
        phase: ready
        2: accepted, reference 42
    "#]]
    .assert_eq(&bench.told);
    bench.say("+CUSD: 0,\"Balance 5.00\",15\r\n");
    assert!(bench.told.ends_with("1: Ended Balance 5.00\n"));
}

#[test]
fn a_message_goes_its_way_while_an_answer_is_awaited() {
    let mut bench = Bench::ready();
    ask(&mut bench, "*100#");
    bench.run(seconds(5));
    bench.send(7);
    bench.run(seconds(5));
    bench.say("+CUSD: 0,\"Balance 5.00\",15\r\n");
    expect![[r#"
        2: accepted, reference 42
        1: Ended Balance 5.00
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn a_question_is_replied_to() {
    let mut bench = check(
        &[(
            "AT+CUSD=1,\"*100#\"",
            "\r\nOK\r\n+CUSD: 1,\"1 Balance\",15\r\n",
        )],
        "",
        expect![[r#"
            1: Expected 1 Balance
        "#]],
    );
    bench.rule("AT+CUSD=1,\"1\"", 1, "\r\nOK\r\n+CUSD: 0,\"5.00\",15\r\n");
    ask(&mut bench, "1");
    bench.run(seconds(1));
    assert!(bench.told.ends_with("2: Ended 5.00\n"), "{}", bench.told);
    assert_eq!(
        questions(&bench),
        ["AT+CUSD=1,\"*100#\",15", "AT+CUSD=1,\"1\",15"]
    );
}

/// An E160 answers `ERROR` to plain text and takes packed septets.
#[test]
fn a_modem_that_refuses_plain_text_is_asked_in_packed_septets() {
    let mut bench = check(
        &[("AT+CUSD=1,\"*100#\"", "\r\nERROR\r\n")],
        "+CUSD: 0,\"C2303BEC1E9775A01A\",15\r\n",
        expect![[r#"
            1: Ended Balance: 5
        "#]],
    );
    let packed = "AT+CUSD=1,\"AA180C3602\",15";
    assert_eq!(questions(&bench), ["AT+CUSD=1,\"*100#\",15", packed]);
    // Remembered.
    bench.forget();
    ask(&mut bench, "*100#");
    bench.run(seconds(1));
    assert_eq!(questions(&bench), [packed]);
}

#[test]
fn a_spelling_that_no_network_answered_is_not_remembered() {
    let mut bench = check(
        &[("AT+CUSD=1,\"*100#\"", "\r\n+CME ERROR: 100\r\n")],
        "+CUSD: 2\r\n",
        expect![[r#"
            1: EndedByNetwork 
        "#]],
    );
    bench.forget();
    ask(&mut bench, "*100#");
    assert_eq!(questions(&bench), ["AT+CUSD=1,\"*100#\",15"]);
}

#[test]
fn a_refusal_is_told_after_both_spellings() {
    let check = |error: &str, written: usize| {
        let mut bench = Bench::ready();
        bench.rule("AT+CUSD", 2, &format!("\r\n{error}\r\n"));
        ask(&mut bench, "*100#");
        bench.run(seconds(1));
        assert!(bench.told.starts_with("1: error: "), "{}", bench.told);
        assert!(bench.told.contains(error), "{}", bench.told);
        assert_eq!(bench.told.lines().count(), 1, "{}", bench.told);
        assert_eq!(questions(&bench).len(), written, "{error}");
    };
    check("ERROR", 2);
    check("+CME ERROR: 100", 2);
    // No network, no time: another spelling would not help.
    for error in ["+CME ERROR: 30", "+CME ERROR: 14", "+CME ERROR: 515"] {
        check(error, 1);
    }
}

#[test]
fn the_network_ends_a_dialogue_with_or_without_a_word() {
    let check = |line: &str, expected: Expect| {
        check(&[], &format!("{line}\r\n"), expected);
    };
    check(
        "+CUSD: 2",
        expect![[r#"
            1: EndedByNetwork 
        "#]],
    );
    // A Quectel M35 and a HE910 were seen to bring the answer so.
    check(
        "+CUSD: 2,\"Balance 5.00\",15",
        expect![[r#"
            1: EndedByNetwork Balance 5.00
        "#]],
    );
    check(
        "+CUSD: 3",
        expect![[r#"
            1: Elsewhere 
        "#]],
    );
    check(
        "+CUSD: 4",
        expect![[r#"
            1: NotSupported 
        "#]],
    );
    check(
        "+CUSD: 5",
        expect![[r#"
            1: TimedOut 
        "#]],
    );
}

#[test]
fn without_an_answer_the_dialogue_is_ended_in_the_network() {
    let mut bench = Bench::ready();
    ask(&mut bench, "*100#");
    bench.run(Duration::from_millis(59_900));
    assert_eq!(bench.told, "");
    bench.run(seconds(1));
    // The modem's word for it is no news.
    bench.say("+CUSD: 2\r\n");
    expect![[r#"
        1: error: the modem did not answer in time
    "#]]
    .assert_eq(&bench.told);
    assert_eq!(questions(&bench), ["AT+CUSD=1,\"*100#\",15", "AT+CUSD=2"]);
}

#[test]
fn a_dialogue_is_ended_on_demand() {
    // While an answer is awaited.
    let mut bench = Bench::ready();
    ask(&mut bench, "*100#");
    bench.ask(Request::UssdEnd);
    bench.run(seconds(1));
    expect![[r#"
        1: error: the USSD dialogue was ended before its answer came
        2: the dialogue is over
    "#]]
    .assert_eq(&bench.told);
    // While the network waits for a reply.
    let mut bench = Bench::ready();
    bench.say("+CUSD: 1,\"1 Yes\",15\r\n");
    bench.ask(Request::UssdEnd);
    bench.run(seconds(1));
    assert_eq!(questions(&bench), ["AT+CUSD=2"]);
    expect![[r#"
        ussd, Expected: 1 Yes
        1: the dialogue is over
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn ending_what_is_not_open_is_no_error() {
    let check = |open: bool, expected: &str| {
        let mut bench = Bench::ready();
        if open {
            bench.say("+CUSD: 1,\"1 Yes\",15\r\n");
        }
        bench.forget();
        bench.rule("AT+CUSD=2", 1, "\r\n+CME ERROR: 3\r\n");
        bench.ask(Request::UssdEnd);
        bench.run(seconds(1));
        assert!(bench.told.starts_with(expected), "{}", bench.told);
    };
    check(false, "1: the dialogue is over\n");
    check(true, "1: error: ");
}

#[test]
fn a_reply_goes_out_only_while_the_network_waits_for_one() {
    let reply = |bench: &mut Bench| {
        bench.ask(Request::UssdReply {
            text: "1".to_owned(),
        });
        bench.run(seconds(1));
    };
    let mut bench = Bench::ready();
    reply(&mut bench);
    assert!(questions(&bench).is_empty());
    bench.say("+CUSD: 1,\"1 Yes\",15\r\n");
    reply(&mut bench);
    bench.say("+CUSD: 0,\"Done\",15\r\n");
    bench.run(seconds(1));
    // The dialogue is over.
    reply(&mut bench);
    assert_eq!(questions(&bench), ["AT+CUSD=1,\"1\",15"]);
    expect![[r#"
        1: error: the network waits for no reply any more: begin again with the code
        ussd, Expected: 1 Yes
        2: Ended Done
        3: error: the network waits for no reply any more: begin again with the code
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn what_the_network_begins_is_an_event() {
    let mut bench = Bench::ready();
    bench.say("+CUSD: 1,\"Top up? 1 Yes\",15\r\n");
    bench.run(seconds(30));
    // It tires of waiting.
    bench.say("+CUSD: 2\r\n");
    bench.say("+CUSD: 0,\"You have 10 minutes\",15\r\n");
    expect![[r#"
        ussd, Expected: Top up? 1 Yes
        ussd, EndedByNetwork: 
        ussd: You have 10 minutes
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn an_answer_is_lost_with_the_modem() {
    let mut bench = Bench::ready();
    ask(&mut bench, "*100#");
    bench.say("RDY\r\n");
    bench.run(seconds(10));
    expect![[r#"
        1: error: the modem went away
        phase: setting the modem up: talking to the modem
        phase: ready
    "#]]
    .assert_eq(&bench.told);
}
