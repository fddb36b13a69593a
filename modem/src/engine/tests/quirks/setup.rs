//! Peculiarities of setting a modem up and of keeping it so.

use std::time::Duration;

use expect_test::expect;

use super::check_send;
use crate::engine::Settings;
use crate::engine::tests::{Bench, HELLO, seconds, settings};
use crate::status::{Incoming, Phase, Registration};

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

/// Row 24.
#[test]
fn a_doubled_echo_and_515() {
    let mut bench = Bench::ready();
    bench.rule("AT+CSQ", 1, "AT+CSQ\r\nAT+CSQ\r\n+CME ERROR: 515\r\n");
    bench.run(seconds(61));
    assert_eq!(*bench.phase(), Phase::Ready);
    assert_eq!(bench.told, "");
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

/// Row 32: the stick falls off the bus at the last rung but one, and is a CD-ROM for a while: it is waited for, nothing
/// more is tried meanwhile, and what comes back is set up from the beginning.
#[test]
fn a_restart_that_takes_the_port_away_is_expected() {
    let mut bench = Bench::new(Settings {
        network_timeout: seconds(300),
        ..settings()
    });
    let searching = "\r\n+CREG: 0,2\r\n\r\nOK\r\n";
    bench.rule("AT+CREG?", usize::MAX, searching);
    bench.rule("AT+CGREG?", usize::MAX, "\r\n+CGREG: 0,2\r\n\r\nOK\r\n");
    bench.bring_up();
    // The modem says nothing to it: its port is gone.
    bench.silent("AT+CFUN=1,1", usize::MAX);
    while bench
        .written
        .last()
        .is_none_or(|written| written != "AT+CFUN=1,1")
    {
        assert!(bench.now < seconds(3600), "{:?}", bench.told);
        bench.run(seconds(1));
    }
    bench.forget();
    bench.engine.handle_closed(Phase::PortAbsent {
        reason: "the stick shows its CD-ROM".to_owned(),
    });
    bench.send(1);
    bench.run(seconds(1800));
    expect![[r#"
        phase: the stick shows its CD-ROM
        1: not sent, to be tried again: the line is not ready: the stick shows its CD-ROM
    "#]]
    .assert_eq(&bench.told);
    assert!(bench.written.is_empty(), "{:?}", bench.written);
    bench.rules.clear();
    bench.bring_up();
    assert_eq!(*bench.phase(), Phase::Ready);
    for needed in ["ATE0", "AT+CMGF=0", "AT+CNMI=2,1,0,1,0", "AT+CMGL=4"] {
        assert!(
            bench.written.iter().any(|written| written == needed),
            "{needed}"
        );
    }
}
