//! Bring-up: what is asked in which order, and what every refusal leads to.

use expect_test::{Expect, expect};

use super::{Bench, seconds, settings};
use crate::config::{Pin, PinDecision};
use crate::engine::Settings;
use crate::status::{Incoming, Phase, Registration};

fn check(rules: &[(&str, &str)], expected: Expect) -> Bench {
    let mut bench = Bench::new(settings());
    for (begins, says) in rules {
        bench.rule(begins, usize::MAX, says);
    }
    bench.engine.handle_opened(bench.now);
    bench.run(seconds(45));
    expected.assert_eq(&bench.told);
    bench
}

fn with_pin() -> Bench {
    let pin: Pin = "1234".parse().expect("digits");
    Bench::new(Settings {
        pin: Some(pin),
        ..settings()
    })
}

#[test]
fn a_plain_modem_is_asked_everything_once_and_in_order() {
    let bench = check(
        &[],
        expect![[r#"
        phase: setting the modem up: talking to the modem
        phase: ready
    "#]],
    );
    expect![[r#"
        ESC
        AT
        ATE0
        AT+CMEE=1
        AT+CFUN?
        AT+CGMI
        AT+CGMM
        AT+CGMR
        AT+CGSN
        AT+CCID
        AT+CPIN?
        AT+CIMI
        AT+CNUM
        AT+CREG=2
        AT+CREG?
        AT+CGREG=2
        AT+CGREG?
        AT+CEREG=2
        AT+CEREG?
        AT+CSQ
        AT+COPS=3,0
        AT+COPS?
        AT+CTZR=1
        AT+CSCA?
        AT+CMGF=0
        AT+CSMS=0
        AT+CPMS=?
        AT+CPMS="SM","SM","SM"
        AT+CNMI=?
        AT+CNMI=2,1,0,1,0
        AT+CUSD=1
        AT+CRC=1
        AT+CLIP=1
        AT+CCWA=1
        AT+CMGL=4
        AT+CNMI?"#]]
    .assert_eq(&bench.written.join("\n"));
    let status = bench.engine.status();
    assert_eq!(status.operator.as_deref(), Some("Test Net"));
    assert_eq!(status.registration, Registration::Home);
    assert_eq!(status.incoming, Incoming::Announced);
    assert_eq!(status.signal.map(|signal| signal.dbm()), Some(-73));
    assert_eq!(
        status.identity.iccid.as_ref().map(|iccid| iccid.reveal()),
        Some("8901001012345678905")
    );
    assert_eq!(
        status.service_centre.as_ref().map(|centre| centre.reveal()),
        Some("+12025550199")
    );
}

#[test]
fn optional_steps_may_all_fail() {
    let mut bench = Bench::new(settings());
    bench.rule("AT", usize::MAX, "\r\nERROR\r\n");
    for needed in ["AT+CMGF=0", "AT+CPIN?"] {
        bench.rule(needed, usize::MAX, "\r\nOK\r\n");
    }
    bench.engine.handle_opened(bench.now);
    bench.run(seconds(5));
    assert_eq!(*bench.phase(), Phase::Ready);
    assert_eq!(bench.engine.status().incoming, Incoming::Polled);
}

#[test]
fn without_pdu_mode_nothing_works() {
    check(
        &[("AT+CMGF=0", "\r\nERROR\r\n")],
        expect![[r#"
        phase: setting the modem up: talking to the modem
        phase: the modem refuses PDU mode: is this its AT port, and not a diagnostics port?
    "#]],
    );
}

#[test]
fn a_silent_modem_has_its_port_opened_again() {
    let mut bench = Bench::new(settings());
    bench.silent("", usize::MAX);
    bench.engine.handle_opened(bench.now);
    bench.run(seconds(60));
    expect![[r#"
        phase: setting the modem up: talking to the modem
        close the port
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn a_missing_sim_is_told_and_looked_for_every_minute() {
    let mut bench = check(
        &[("AT+CPIN?", "\r\n+CME ERROR: 10\r\n")],
        expect![[r#"
        phase: setting the modem up: talking to the modem
        phase: there is no SIM in the modem: insert one
    "#]],
    );
    bench.rule("AT+CPIN?", usize::MAX, "\r\n+CPIN: READY\r\n\r\nOK\r\n");
    bench.forget();
    bench.run(seconds(60));
    expect![[r#"
        phase: ready
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn a_puk_is_reported_and_nothing_is_entered() {
    let bench = check(
        &[("AT+CPIN?", "\r\n+CPIN: SIM PUK\r\n\r\nOK\r\n")],
        expect![[r#"
            phase: setting the modem up: talking to the modem
            phase: the SIM is locked and wants its PUK: put it in a phone and unlock it there
        "#]],
    );
    assert!(
        !bench
            .written
            .iter()
            .any(|written| written.starts_with("AT+CPIN="))
    );
}

#[test]
fn a_pin_that_is_not_configured_is_asked_for() {
    check(
        &[("AT+CPIN?", "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n")],
        expect![[r#"
            phase: setting the modem up: talking to the modem
            phase: the SIM wants its PIN: set pin_file in the configuration, or switch the PIN off in a phone
        "#]],
    );
}

#[test]
fn a_pin_is_entered_after_leave_was_given() {
    let mut bench = with_pin();
    bench.rule("AT+CPIN?", usize::MAX, "\r\n+CPIN: READY\r\n\r\nOK\r\n");
    bench.rule("AT+CPIN?", 1, "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n");
    bench.rule("AT+CPINR", 1, "\r\n+CPINR: SIM PIN,3,3\r\n\r\nOK\r\n");
    bench.engine.handle_opened(bench.now);
    bench.run(seconds(20));
    expect![[r#"
        phase: setting the modem up: talking to the modem
        may the PIN be entered? card 8901001012345678905, tries left Some(3)
    "#]]
    .assert_eq(&bench.told);
    assert!(!bench.written.contains(&"AT+CPIN=\"1234\"".to_owned()));
    bench
        .engine
        .handle_pin_decision(bench.now, PinDecision::Enter);
    bench.run(seconds(5));
    expect![[r#"
        phase: setting the modem up: talking to the modem
        may the PIN be entered? card 8901001012345678905, tries left Some(3)
        PIN accepted
        phase: ready
    "#]]
    .assert_eq(&bench.told);
    assert_eq!(
        bench
            .written
            .iter()
            .filter(|written| *written == "AT+CPIN=\"1234\"")
            .count(),
        1
    );
}

#[test]
fn a_sim_that_is_ready_strikes_an_earlier_attempt_out() {
    let mut bench = with_pin();
    bench.bring_up();
    expect![[r#"
        phase: setting the modem up: talking to the modem
        PIN accepted
        phase: ready
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn a_pin_with_two_tries_left_is_not_risked() {
    let mut bench = with_pin();
    bench.rule("AT+CPIN?", usize::MAX, "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n");
    bench.rule("AT+CPINR", usize::MAX, "\r\nERROR\r\n");
    bench.rule(
        "AT^CPIN?",
        usize::MAX,
        "\r\n^CPIN: SIM PIN,,10,2,10,3\r\n\r\nOK\r\n",
    );
    bench.engine.handle_opened(bench.now);
    bench.run(seconds(20));
    expect![[r#"
        phase: setting the modem up: talking to the modem
        phase: the PIN is not tried: it failed before or fewer than 3 tries are left. Put the SIM in a phone, enter the PIN once, then correct pin_file.
    "#]].assert_eq(&bench.told);
}

#[test]
fn a_wrong_pin_is_entered_once_for_all() {
    let mut bench = with_pin();
    bench.rule("AT+CPIN?", usize::MAX, "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n");
    bench.rule("AT+CPINR", usize::MAX, "\r\nERROR\r\n");
    bench.rule("AT^CPIN?", usize::MAX, "\r\nERROR\r\n");
    bench.rule("AT+SPIC", usize::MAX, "\r\nERROR\r\n");
    bench.rule("AT+CPIN=", usize::MAX, "\r\n+CME ERROR: 16\r\n");
    bench.engine.handle_opened(bench.now);
    bench.run(seconds(20));
    bench
        .engine
        .handle_pin_decision(bench.now, PinDecision::Enter);
    bench.run(seconds(600));
    expect![[r#"
        phase: setting the modem up: talking to the modem
        may the PIN be entered? card 8901001012345678905, tries left None
        phase: the SIM did not take the PIN: correct it in pin_file; it is not tried again by itself
    "#]]
    .assert_eq(&bench.told);
    assert_eq!(
        bench
            .written
            .iter()
            .filter(|written| written.starts_with("AT+CPIN="))
            .count(),
        1
    );
}

/// A SIM that is too busy to try the PIN is given it again, as long as no try can be lost by that.
#[test]
fn a_busy_sim_is_given_the_pin_again_while_no_try_is_at_stake() {
    let check = |tries: &str, refusal: &str, times: usize, entered: usize, ends: &str| {
        let mut bench = with_pin();
        bench.rule("AT+CPIN?", usize::MAX, "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n");
        bench.rule("AT^CPIN?", usize::MAX, "\r\nERROR\r\n");
        bench.rule("AT+SPIC", usize::MAX, "\r\nERROR\r\n");
        bench.rule("AT+CPINR", usize::MAX, &format!("\r\n{tries}\r\n"));
        bench.rule("AT+CPIN=", times, &format!("\r\n{refusal}\r\n"));
        bench.engine.handle_opened(bench.now);
        bench.run(seconds(5));
        bench
            .engine
            .handle_pin_decision(bench.now, PinDecision::Enter);
        for _ in 0..40 {
            bench.run(seconds(1));
            let count = bench
                .written
                .iter()
                .filter(|written| written.starts_with("AT+CPIN="))
                .count();
            if count > times {
                bench.rule("AT+CPIN?", usize::MAX, "\r\n+CPIN: READY\r\n\r\nOK\r\n");
            }
        }
        let count = bench
            .written
            .iter()
            .filter(|written| written.starts_with("AT+CPIN="))
            .count();
        assert_eq!(count, entered, "{tries} {refusal} {times}: {}", bench.told);
        let phase = bench.phase().to_string();
        assert!(
            phase.starts_with(ends),
            "{tries} {refusal} {times}: {phase}"
        );
        assert_eq!(
            bench.told.matches("may the PIN").count(),
            1,
            "{}",
            bench.told
        );
    };
    let counted = "+CPINR: SIM PIN,3,3\r\n\r\nOK";
    check(counted, "+CME ERROR: 14", 4, 5, "ready");
    check(counted, "+CME ERROR: 515", 4, 5, "ready");
    check(counted, "+CME ERROR: 14", usize::MAX, 21, "the SIM failed");
    check("ERROR", "+CME ERROR: 14", 1, 2, "ready");
    check("ERROR", "+CME ERROR: 14", usize::MAX, 2, "the SIM failed");
}

#[test]
fn a_refused_gate_leaves_the_sim_alone() {
    let mut bench = with_pin();
    bench.rule("AT+CPIN?", usize::MAX, "\r\n+CME ERROR: 11\r\n");
    bench.engine.handle_opened(bench.now);
    bench.run(seconds(5));
    bench
        .engine
        .handle_pin_decision(bench.now, PinDecision::Refuse);
    bench.run(seconds(5));
    expect![[r#"
        phase: setting the modem up: talking to the modem
        may the PIN be entered? card 8901001012345678905, tries left None
        phase: the PIN is not tried: it failed before or fewer than 3 tries are left. Put the SIM in a phone, enter the PIN once, then correct pin_file.
    "#]].assert_eq(&bench.told);
    assert!(
        !bench
            .written
            .iter()
            .any(|written| written.starts_with("AT+CPIN="))
    );
}

/// The choice among what `+CPMS=?` and `+CNMI=?` offer: commands written for each offer.
#[test]
fn storages_and_routing_follow_the_offer() {
    let check = |memories: &str, routing: &str, expected: Expect| {
        let mut bench = Bench::new(settings());
        bench.rule("AT+CPMS=?", 1, &format!("\r\n{memories}\r\n\r\nOK\r\n"));
        bench.rule("AT+CNMI=?", 1, &format!("\r\n{routing}\r\n\r\nOK\r\n"));
        bench.engine.handle_opened(bench.now);
        bench.run(seconds(5));
        let chosen = bench.written.iter().filter(|written| {
            (written.starts_with("AT+CPMS=") || written.starts_with("AT+CNMI="))
                && !written.ends_with("=?")
                || written.starts_with("AT+CMGL")
        });
        expected.assert_eq(&chosen.map(String::as_str).collect::<Vec<_>>().join(" "));
    };
    let usual = "+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)";
    check(
        "+CPMS: (\"SM\",\"ME\"), (\"SM\",\"ME\"), (\"SM\",\"ME\")",
        usual,
        expect![[
            r#"AT+CPMS="SM","SM","SM" AT+CNMI=2,1,0,1,0 AT+CMGL=4 AT+CPMS="ME","SM","SM" AT+CMGL=4"#
        ]],
    );
    check(
        "+CPMS: (\"ME\",\"SM\",\"SR\"),(\"ME\",\"SM\"),(\"ME\",\"SM\")",
        usual,
        expect![[
            r#"AT+CPMS="SM","SM","SM" AT+CNMI=2,1,0,2,0 AT+CMGL=4 AT+CPMS="ME","SM","SM" AT+CMGL=4 AT+CPMS="SR","SM","SM" AT+CMGL=4"#
        ]],
    );
    check(
        "+CPMS: (\"SM\")",
        usual,
        expect![[r#"AT+CPMS="SM" AT+CNMI=2,1,0,1,0 AT+CMGL=4"#]],
    );
    check(
        "+CPMS: \"SM\",\"SM\",\"SM\"",
        "+CNMI: (0-2),(0,1,3),(0),(0,1),(0,1)",
        expect![[r#"AT+CPMS="SM","SM","SM" AT+CNMI=2,1,0,1,0 AT+CMGL=4"#]],
    );
    check(
        "+CPMS: (\"ME\",\"MT\"),(\"ME\"),(\"ME\")",
        "+CNMI:(0,1),(0,1),(0),(0),(1)",
        expect![[r#"AT+CPMS="ME","ME","ME" AT+CNMI=1,1,0,0,1 AT+CMGL=4"#]],
    );
    check(
        "+CPMS: ",
        "+CNMI: (2),(0),(0),(0),(0)",
        expect![[r#"AT+CPMS="SM" AT+CNMI=2,1,0,0,0 AT+CMGL=4 AT+CPMS="ME" AT+CMGL=4"#]],
    );
}

/// Each holds the line up for 15 s and what it takes to talk to the modem again, not for two minutes.
#[test]
fn a_command_of_init_without_an_answer_does_not_hold_the_line_up_for_long() {
    let mut bench = Bench::new(Settings {
        init: vec!["AT+ODD=1".parse().expect("a command")],
        ..settings()
    });
    bench.silent("AT+ODD=1", 1);
    bench.bring_up();
    bench.run(seconds(10));
    assert_eq!(*bench.phase(), Phase::Ready, "{:?}", bench.written);
}
