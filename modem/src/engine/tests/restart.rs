//! A modem or SIM that begins anew behind an open port, in the middle of something.

use expect_test::{Expect, expect};

use super::{Bench, HELLO, RawPdu, Request, seconds};
use crate::status::Phase;
use crate::storage::{Memory, StorageSlot};

/// Both commands get no answer but the restart.
fn check(command: &str, deed: impl FnOnce(&mut Bench), says: &str, expected: Expect) -> Bench {
    let mut bench = Bench::ready();
    bench.rule(command, 1, says);
    deed(&mut bench);
    bench.run(seconds(10));
    expected.assert_eq(&bench.told);
    assert_eq!(*bench.phase(), Phase::Ready, "{:?}", bench.written);
    bench
}

/// A slot is never freed in the memory that happens to be chosen after the restart.
#[test]
fn a_restart_while_a_memory_is_chosen_frees_nothing_elsewhere() {
    let mut bench = Bench::new(super::settings());
    bench.rule(
        "AT+CPMS=?",
        usize::MAX,
        "\r\n+CPMS: (\"SM\",\"SR\"),(\"SM\"),(\"SM\")\r\n\r\nOK\r\n",
    );
    bench.rule(
        "AT+CMGR=2",
        1,
        &format!("\r\n+CMGR: 0,,24\r\n{HELLO}\r\n\r\nOK\r\n"),
    );
    bench.bring_up();
    bench.say("\r\n+CDSI: \"SR\",2\r\n");
    bench.run(seconds(1));
    bench.say("\r\n+CMTI: \"SM\",9\r\n");
    bench.run(seconds(1));
    bench.forget();
    bench.rule(
        "AT+CPMS=\"SR\"",
        1,
        "\r\n+CPIN: NOT READY\r\n\r\n+CMS ERROR: 314\r\n",
    );
    bench.ask(Request::Delete {
        slot: StorageSlot {
            memory: Memory::StatusReports,
            index: 2,
        },
        expected: RawPdu::new(HELLO),
    });
    bench.run(seconds(10));
    assert!(
        !bench
            .written
            .iter()
            .any(|written| written.starts_with("AT+CMGD")),
        "{:?}",
        bench.written
    );
    expect![[r#"
        1: error: the modem went away
        phase: setting the modem up: talking to the modem
        phase: ready
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn what_was_under_way_is_answered_by_what_is_known_of_it() {
    check(
        "^Z",
        |bench| bench.send(1),
        "\r\n^SYSSTART\r\n",
        expect![[r#"
            1: it cannot be told whether this left: the modem went away: check its cable and power
            phase: setting the modem up: talking to the modem
            phase: ready
        "#]],
    );
    check(
        "AT+CMGS",
        |bench| bench.send(1),
        "\r\nRDY\r\n",
        expect![[r#"
            1: not sent, to be tried again: the modem went away: check its cable and power
            phase: setting the modem up: talking to the modem
            phase: ready
        "#]],
    );
    check(
        "AT+CUSD",
        |bench| {
            bench.ask(Request::Ussd {
                code: "*100#".to_owned(),
            });
        },
        "\r\nOK\r\nRDY\r\n",
        expect![[r#"
            1: error: the modem went away
            phase: setting the modem up: talking to the modem
            phase: ready
        "#]],
    );
}

/// A `+CDS` whose PDU the restart swallowed does not make a later listing's PDU a direct message.
#[test]
fn a_direct_message_does_not_outlive_the_restart() {
    let mut bench = Bench::ready();
    bench.say("\r\n+CDS: 25\r\n\r\nRDY\r\n");
    bench.rule(
        "AT+CMGL=4",
        1,
        &format!("\r\n+CMGL: 4,1,,24\r\n{HELLO}\r\n\r\nOK\r\n"),
    );
    bench.run(seconds(10));
    expect![[r#"
        phase: setting the modem up: talking to the modem
        phase: ready
        received SM 4 Message HELLO
    "#]]
    .assert_eq(&bench.told);
}

/// A supply that gives way when the radio comes on: what was set up before is gone.
#[test]
fn a_restart_while_it_is_set_up_begins_anew() {
    let mut bench = Bench::new(super::settings());
    bench.rule("AT+CMGF=0", 1, "\r\nRDY\r\n");
    bench.bring_up();
    assert_eq!(*bench.phase(), Phase::Ready, "{:?}", bench.written);
    let count = |command: &str| {
        let same = bench.written.iter().filter(|written| *written == command);
        same.count()
    };
    assert_eq!((count("ATE0"), count("AT+CMGF=0")), (2, 2));
}

/// Some say so at whatever they are told: they are set up all the same.
#[test]
fn a_modem_that_begins_anew_again_and_again_is_set_up_all_the_same() {
    let mut bench = Bench::new(super::settings());
    bench.rule("AT+CMGF=0", 100, "\r\nRDY\r\n\r\nOK\r\n");
    bench.bring_up();
    assert_eq!(*bench.phase(), Phase::Ready, "{:?}", bench.written);
}
