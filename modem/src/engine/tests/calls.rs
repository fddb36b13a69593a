//! Incoming calls: one event each, whatever the modem says and leaves out, and hanging up. The lines are our own, after
//! 3GPP TS 27.007 §6.11, §7.11, §7.12 and §7.18, and in the shapes that the comments name.

use std::time::Duration;

use expect_test::{Expect, expect};

use super::{Bench, seconds, settings};
use crate::config::Calls;
use crate::engine::Settings;

const CLIP: &str = "+CLIP: \"+12025550123\",145,\"\",0,\"\",0\r\n";
const OTHER: &str = "+CLIP: \"+12025550124\",145,\"\",0,\"\",0\r\n";

fn hanging_up() -> Bench {
    let mut bench = Bench::new(Settings {
        calls: Calls::HangUp,
        ..settings()
    });
    bench.bring_up();
    bench.forget();
    bench
}

/// Plays what is said, each piece after so many seconds, then a minute of silence.
fn play(bench: &mut Bench, pieces: &[(u64, &str)]) {
    for (after, piece) in pieces {
        bench.run(seconds(*after));
        bench.say(piece);
    }
    bench.run(seconds(45));
}

fn check(pieces: &[(u64, &str)], expected: Expect) {
    let mut bench = Bench::ready();
    play(&mut bench, pieces);
    expected.assert_eq(&bench.told);
}

fn commands(bench: &Bench) -> Vec<&str> {
    bench
        .written
        .iter()
        .map(String::as_str)
        .filter(|written| ["AT+CHUP", "ATH", "AT+CLCC"].contains(written))
        .collect()
}

#[test]
fn a_call_is_told_once_when_it_ends() {
    let ring = format!("RING\r\n{CLIP}");
    check(
        &[(1, &ring), (5, &ring), (5, &ring), (2, "NO CARRIER\r\n")],
        expect![[r#"
            call from +12025550123: Missed, 3 rings
        "#]],
    );
}

#[test]
fn silence_ends_a_call() {
    let ring = format!("+CRING: VOICE\r\n\r\n{CLIP}");
    let mut bench = Bench::ready();
    bench.say(&ring);
    bench.run(seconds(6));
    bench.say(&ring);
    bench.run(Duration::from_millis(11_900));
    assert_eq!(bench.told, "");
    bench.run(Duration::from_millis(200));
    expect![[r#"
        call from +12025550123: Missed, 2 rings
    "#]]
    .assert_eq(&bench.told);
}

/// A modem that ignores `+CRC=1` in part says both for one ring.
#[test]
fn one_ring_in_two_spellings_counts_once() {
    let ring = format!("RING\r\n+CRING: VOICE\r\n{CLIP}");
    check(
        &[(1, &ring), (5, &ring)],
        expect![[r#"
            call from +12025550123: Missed, 2 rings
        "#]],
    );
}

#[test]
fn callers_are_named_or_not() {
    let check = |clip: &str, expected: Expect| {
        check(&[(1, &format!("RING\r\n{clip}"))], expected);
    };
    check(
        "+CLIP: \"\",128,,,,1\r\n",
        expect![[r#"
            call from nobody: Missed, 1 rings
        "#]],
    );
    check(
        "+CLIP: \"002B00310032003000320035003500350030003100320033\",145,,,,0\r\n",
        expect![[r#"
            call from +12025550123: Missed, 1 rings
        "#]],
    );
    check(
        "+CLIP: \"07700900123\",129\r\n",
        expect![[r#"
            call from 07700900123: Missed, 1 rings
        "#]],
    );
    check(
        "",
        expect![[r#"
            call from nobody: Missed, 1 rings
        "#]],
    );
}

#[test]
fn a_caller_who_is_not_named_is_looked_up_once() {
    let mut bench = Bench::ready();
    bench.rule(
        "AT+CLCC",
        1,
        "\r\n+CLCC: 1,1,4,0,0,\"+12025550123\",145\r\n\r\nOK\r\n",
    );
    play(
        &mut bench,
        &[(1, "RING\r\n"), (5, "RING\r\n"), (5, "RING\r\n")],
    );
    expect![[r#"
        call from +12025550123: Missed, 3 rings
    "#]]
    .assert_eq(&bench.told);
    assert_eq!(commands(&bench), ["AT+CLCC"]);
}

#[test]
fn data_and_fax_calls_are_left_alone() {
    let mut bench = hanging_up();
    for kind in ["REL ASYNC", "SYNC", "FAX", "GPRS \"IP\",\"10.0.0.1\""] {
        let ring = format!("+CRING: {kind}\r\n{CLIP}");
        play(&mut bench, &[(1, &ring), (5, &ring)]);
    }
    assert_eq!((bench.told.as_str(), commands(&bench)), ("", vec![]));
    // By the list of calls, where the ring does not tell.
    bench.rule(
        "AT+CLCC",
        1,
        "\r\n+CLCC: 1,1,4,1,0,\"+12025550123\",145\r\n\r\nOK\r\n",
    );
    bench.rule("AT+CHUP", 9, "\r\nERROR\r\n");
    play(&mut bench, &[(1, "RING\r\n"), (5, "RING\r\n")]);
    assert_eq!(bench.told, "");
}

/// `^CEND` as Huawei sticks say it, `VOICE CALL: END` and `MISSED_CALL` as a SIM7600 was seen to.
#[test]
fn every_word_for_the_end_ends_a_call() {
    for end in [
        "NO CARRIER\r\n",
        "^CEND:1,0,104,16\r\n",
        "VOICE CALL: END: 000000\r\n",
        "MISSED_CALL: 11:53AM 12025550123\r\n",
        "+CLCC: 1,1,6,0,0,\"+12025550123\",145\r\n",
    ] {
        let mut bench = Bench::ready();
        bench.say(&format!("RING\r\n{CLIP}"));
        bench.run(seconds(1));
        assert_eq!(bench.told, "", "{end}");
        bench.say(end);
        assert_eq!(
            bench.told, "call from +12025550123: Missed, 1 rings\n",
            "{end}"
        );
        bench.run(seconds(60));
        assert_eq!(bench.told.lines().count(), 1, "{end}");
    }
}

#[test]
fn several_words_for_one_end_are_one_call() {
    let ring = format!("RING\r\n{CLIP}");
    check(
        &[
            (1, &ring),
            (3, "NO CARRIER\r\nMISSED_CALL: 11:53AM 12025550123\r\n"),
            (1, "VOICE CALL: END: 000000\r\n"),
        ],
        expect![[r#"
            call from +12025550123: Missed, 1 rings
        "#]],
    );
}

#[test]
fn a_missed_call_is_told_where_no_ring_was() {
    check(
        &[
            (1, "MISSED_CALL: 02:13PM 07700900123\r\n"),
            (9, "NO CARRIER\r\n"),
        ],
        expect![[r#"
            call from 07700900123: Missed, 0 rings
        "#]],
    );
}

#[test]
fn a_second_caller_is_a_call_of_its_own() {
    let first = format!("RING\r\n{CLIP}");
    let second = format!("RING\r\n{OTHER}");
    check(
        &[(1, &first), (5, &first), (5, &second), (5, &second)],
        expect![[r#"
            call from +12025550123: Missed, 2 rings
            call from +12025550124: Missed, 2 rings
        "#]],
    );
    check(
        &[(1, &first), (2, "+CCWA: \"+12025550124\",145,1\r\n")],
        expect![[r#"
            call from +12025550123: Missed, 1 rings
            call from +12025550124: Missed, 0 rings
        "#]],
    );
    // The one who knocked rings once the first has gone.
    check(
        &[
            (1, &first),
            (2, "+CCWA: \"+12025550124\",145,1\r\n"),
            (2, "NO CARRIER\r\n"),
            (1, &second),
            (5, &second),
        ],
        expect![[r#"
            call from +12025550123: Missed, 1 rings
            call from +12025550124: Missed, 2 rings
        "#]],
    );
    // An answer to `AT+CCWA?`, and a fax that knocks.
    check(
        &[(1, "+CCWA: 1,1\r\n+CCWA: \"+12025550124\",145,4\r\n")],
        expect![[""]],
    );
}

#[test]
fn a_call_is_hung_up_once_its_caller_is_known() {
    let mut bench = hanging_up();
    play(
        &mut bench,
        &[(1, "RING\r\n"), (1, CLIP), (1, "NO CARRIER\r\n")],
    );
    expect![[r#"
        call from +12025550123: HungUp, 1 rings
    "#]]
    .assert_eq(&bench.told);
    assert_eq!(commands(&bench), ["AT+CHUP"]);
}

/// SIMCom modems say so (a simulated ProLink PHS-100 found it).
#[test]
fn the_end_of_a_call_may_come_before_the_result_of_hanging_up() {
    let mut bench = hanging_up();
    bench.rule("AT+CHUP", 1, "\r\nNO CARRIER\r\n\r\nOK\r\n");
    play(&mut bench, &[(1, &format!("RING\r\n{CLIP}"))]);
    expect![[r#"
        call from +12025550123: HungUp, 1 rings
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn a_call_without_a_caller_is_hung_up_at_the_second_ring() {
    let mut bench = hanging_up();
    bench.say("RING\r\n");
    bench.run(seconds(4));
    assert!(commands(&bench).is_empty());
    bench.say("RING\r\n");
    bench.run(seconds(7));
    assert_eq!(commands(&bench), ["AT+CLCC", "AT+CHUP"]);
    assert_eq!(bench.told, "");
    bench.run(seconds(2));
    expect![[r#"
        call from nobody: HungUp, 2 rings
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn hanging_up_falls_back_and_gives_up() {
    let ring = format!("RING\r\n{CLIP}");
    let check = |rules: &[(&str, &str)], rings: u64, written: &[&str], expected: Expect| {
        let mut bench = hanging_up();
        for (begins, says) in rules {
            bench.rule(begins, usize::MAX, says);
        }
        for _ in 0..rings {
            bench.say(&ring);
            bench.run(seconds(5));
        }
        bench.run(seconds(60));
        expected.assert_eq(&bench.told);
        assert_eq!(commands(&bench), written);
    };
    check(
        &[("AT+CHUP", "\r\n+CME ERROR: 4\r\n")],
        1,
        &["AT+CHUP", "ATH"],
        expect![[r#"
            call from +12025550123: HungUp, 1 rings
        "#]],
    );
    let refused = "\r\nERROR\r\n";
    check(
        &[("AT+CHUP", refused), ("ATH", refused)],
        3,
        &["AT+CHUP", "ATH"],
        expect![[r#"
            call from +12025550123: Missed, 3 rings
        "#]],
    );
    // Taken, and it rings on.
    check(
        &[],
        4,
        &["AT+CHUP", "ATH"],
        expect![[r#"
            call from +12025550123: Missed, 4 rings
        "#]],
    );
}

#[test]
fn nothing_is_hung_up_while_a_message_is_leaving() {
    let mut bench = hanging_up();
    bench.rule_after("^Z", 1, Some("\r\n+CMGS: 7\r\n\r\nOK\r\n"), seconds(8));
    bench.send(1);
    for _ in 0..2 {
        bench.say(&format!("RING\r\n{CLIP}"));
        bench.run(Duration::from_millis(3900));
    }
    assert_eq!(bench.written.last().map(String::as_str), Some("^Z"));
    bench.run(seconds(2));
    assert_eq!(commands(&bench), ["AT+CHUP"]);
    bench.run(seconds(20));
    expect![[r#"
        1: accepted, reference 7
        call from +12025550123: HungUp, 2 rings
    "#]]
    .assert_eq(&bench.told);
}

/// By the time the port is free the caller has given up.
#[test]
fn a_call_that_is_over_is_not_hung_up() {
    let mut bench = hanging_up();
    bench.rule_after("^Z", 1, Some("\r\n+CMGS: 7\r\n\r\nOK\r\n"), seconds(30));
    bench.send(1);
    bench.say(&format!("RING\r\n{CLIP}"));
    bench.run(seconds(60));
    assert!(commands(&bench).is_empty(), "{:?}", commands(&bench));
    expect![[r#"
        call from +12025550123: Missed, 1 rings
        1: accepted, reference 7
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn a_ring_in_the_middle_of_an_answer_is_no_part_of_it() {
    let mut bench = Bench::new(settings());
    bench.rule(
        "AT+CGMM",
        1,
        &format!("\r\nRING\r\n{CLIP}MISSED_CALL: 11:53AM 1\r\nT200\r\n\r\nOK\r\n"),
    );
    bench.bring_up();
    assert_eq!(
        bench.engine.status().identity.model.as_deref(),
        Some("T200")
    );
    assert!(
        bench
            .told
            .contains("call from +12025550123: Missed, 1 rings")
    );
}

#[test]
fn a_call_ends_with_the_port_and_the_modem() {
    let mut bench = Bench::ready();
    bench.say(&format!("RING\r\n{CLIP}+CCWA: \"+12025550124\",145,1\r\n"));
    bench.say("RDY\r\n");
    bench.run(seconds(60));
    expect![[r#"
        call from +12025550123: Missed, 1 rings
        call from +12025550124: Missed, 0 rings
        phase: setting the modem up: talking to the modem
        phase: ready
    "#]]
    .assert_eq(&bench.told);
}

/// They come and go while a message is leaving: nothing piles up for the time after it.
#[test]
fn callers_during_one_command_leave_one_wish_behind() {
    let mut bench = hanging_up();
    bench.rule_after("^Z", 1, Some("\r\n+CMGS: 7\r\n\r\nOK\r\n"), seconds(60));
    bench.send(1);
    for caller in 0..50 {
        bench.say(&format!("RING\r\n+CLIP: \"0770090{caller:04}\",129\r\n"));
        bench.run(seconds(1));
    }
    assert!(bench.engine.next.len() <= 2);
    bench.run(seconds(60));
    assert!(commands(&bench).len() <= 1, "{:?}", commands(&bench));
    assert_eq!(bench.told.matches("call from").count(), 50);
}

/// Whatever rings: one event for each caller, nothing kept.
#[test]
fn a_thousand_callers_are_a_thousand_events() {
    let mut bench = Bench::ready();
    for caller in 0..1000 {
        bench.say(&format!("RING\r\n+CLIP: \"0770090{caller:04}\",129\r\n"));
        bench.run(seconds(1));
    }
    bench.run(seconds(60));
    assert_eq!(bench.told.matches("call from 0770090").count(), 1000);
    assert_eq!(bench.told.matches(": Missed, 1 rings").count(), 1000);
}
