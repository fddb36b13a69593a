//! Two-step sending: the memory that is written to, what a slot tells afterwards, leftovers, modems that cannot do it.

use expect_test::expect;

use super::{Bench, HELLO, SUBMIT, seconds, settings, sim, tpdu};
use crate::engine::{Request, Settings};
use crate::storage::{Memory, StorageSlot};

/// New messages go to the SIM, what is written goes to the modem, and a report memory is there.
const MIXED: &str = "\r\n+CPMS: (\"SM\",\"ME\",\"SR\"),(\"ME\"),(\"SM\")\r\n\r\nOK\r\n";

fn mixed() -> Bench {
    let mut bench = Bench::new(settings());
    bench.rule("AT+CPMS=?", usize::MAX, MIXED);
    bench.bring_up();
    bench.forget();
    bench
}

fn modem(index: u16) -> StorageSlot {
    StorageSlot {
        memory: Memory::Modem,
        index,
    }
}

fn transmit(slot: StorageSlot) -> Request {
    Request::Transmit { tag: 9, slot }
}

/// A listing with a received message, one that was sent and one that was not.
fn listing() -> String {
    format!(
        "\r\n+CMGL: 1,2,,18\r\n00{SUBMIT}\r\n+CMGL: 2,0,,24\r\n{HELLO}\r\n+CMGL: 5,3,,18\r\n00{SUBMIT}\r\n\r\nOK\r\n"
    )
}

/// `<mem2>` is where `+CMGW` writes and `+CMSS` sends from (3GPP TS 27.005 §3.2.2), `<mem1>` where `+CMGR` reads.
#[test]
fn the_slot_is_told_sent_and_read_in_the_memory_that_was_written_to() {
    let mut bench = mixed();
    bench.rule("^Z", 1, "\r\n+CMGW: 4\r\n\r\nOK\r\n");
    bench.ask(Request::Stage { tpdu: tpdu() });
    bench.rule("AT+CMSS=4", 1, "\r\n+CMSS: 17\r\n\r\nOK\r\n");
    bench.ask(transmit(modem(4)));
    let sent = format!("\r\n+CMGR: 3,,18\r\n00{SUBMIT}\r\n\r\nOK\r\n");
    bench.rule("AT+CMGR=4", 1, &sent);
    bench.ask(Request::Inspect { slot: modem(4) });
    bench.run(seconds(1));
    expect![[r#"
        1: staged in ME 4
        2: accepted, reference 17
        3: StoSent 0001000B912120550501F0000005E8329BFD06
    "#]]
    .assert_eq(&bench.told);
    let memory = bench
        .written
        .iter()
        .rfind(|written| written.starts_with("AT+CPMS="));
    assert!(
        memory.is_none_or(|chosen| chosen == "AT+CPMS=\"ME\",\"ME\",\"SM\""),
        "{:?}",
        bench.written
    );
}

/// The index counts in one memory: in another one it may be another message, which would be sent.
#[test]
fn nothing_is_sent_from_another_memory_than_the_one_named() {
    let mut bench = Bench::ready();
    bench.ask(transmit(modem(4)));
    bench.run(seconds(1));
    expect![[r#"
        1: not sent, to be tried again: the modem cannot send what is stored in ME: was another modem put in?
    "#]]
    .assert_eq(&bench.told);
    assert!(bench.written.is_empty(), "{:?}", bench.written);

    let mut bench = Bench::new(settings());
    let both = "\r\n+CPMS: (\"SM\",\"ME\"),(\"SM\",\"ME\"),(\"SM\",\"ME\")\r\n\r\nOK\r\n";
    bench.rule("AT+CPMS=?", usize::MAX, both);
    bench.bring_up();
    bench.forget();
    bench.rule("AT+CMSS=4", 1, "\r\n+CMSS: 17\r\n\r\nOK\r\n");
    bench.ask(transmit(modem(4)));
    bench.run(seconds(1));
    assert_eq!(bench.written, ["AT+CPMS=\"ME\",\"ME\",\"SM\"", "AT+CMSS=4"]);
}

/// A memory that cannot be chosen: nothing left.
#[test]
fn a_memory_that_is_refused_is_a_retry() {
    let mut bench = Bench::new(settings());
    let both = "\r\n+CPMS: (\"SM\",\"ME\"),(\"SM\",\"ME\"),(\"SM\")\r\n\r\nOK\r\n";
    bench.rule("AT+CPMS=?", usize::MAX, both);
    bench.bring_up();
    bench.forget();
    bench.rule("AT+CPMS=\"ME\"", 1, "\r\n+CMS ERROR: 302\r\n");
    bench.ask(transmit(modem(4)));
    bench.run(seconds(1));
    expect![[r#"
        1: not sent, to be tried again: the modem does not allow this now (+CMS ERROR: 302)
    "#]]
    .assert_eq(&bench.told);
}

/// With one argument `+CPMS` moves everything: after a look at the reports, writing would go there.
#[test]
fn a_modem_with_one_memory_at_a_time_is_led_back_before_writing() {
    let mut bench = Bench::new(settings());
    bench.rule(
        "AT+CPMS=?",
        usize::MAX,
        "\r\n+CPMS: (\"SM\",\"SR\")\r\n\r\nOK\r\n",
    );
    bench.bring_up();
    bench.say("\r\n+CDSI: \"SR\",2\r\n");
    bench.run(seconds(1));
    bench.forget();
    bench.rule("^Z", 1, "\r\n+CMGW: 4\r\n\r\nOK\r\n");
    bench.ask(Request::Stage { tpdu: tpdu() });
    bench.run(seconds(1));
    assert_eq!(
        bench.written.first().map(String::as_str),
        Some("AT+CPMS=\"SM\"")
    );
    assert_eq!(bench.told, "1: staged in SM 4\n");
}

#[test]
fn results_of_a_transmission_are_sorted_as_those_of_a_send() {
    let check = |says: &str, expected: &str| {
        let mut bench = Bench::ready();
        bench.rule("AT+CMSS", 1, says);
        bench.ask(transmit(sim(4)));
        bench.run(seconds(5));
        assert!(bench.told.starts_with(expected), "{says:?}: {}", bench.told);
    };
    check("\r\n+CMSS: 9\r\n", "1: accepted, reference 9");
    check(
        "\r\n+CMSS: 9,\"26/01/01,00:00:00+00\"\r\n\r\nOK\r\n",
        "1: accepted, reference 9",
    );
    check("\r\nOK\r\n", "1: it cannot be told");
    check("\r\nERROR\r\n", "1: it cannot be told");
    check("\r\n+CMS ERROR: 38\r\n", "1: not sent: ");
    check("\r\n+CMS ERROR: 321\r\n", "1: not sent, to be tried again");
    check("\r\n+CMS ERROR: 332\r\n", "1: it cannot be told");
    check("\r\n+CME ERROR: 100\r\n", "1: it cannot be told");
}

/// The slot may be filled, and is found by what lies in the memory. What was received meanwhile is passed on.
#[test]
fn a_lost_answer_to_writing_leaves_a_slot_that_is_found() {
    let mut bench = Bench::ready();
    bench.silent("^Z", 1);
    bench.ask(Request::Stage { tpdu: tpdu() });
    bench.run(seconds(40));
    bench.rule("AT+CMGL=4", 1, &listing());
    bench.ask(Request::Staged);
    bench.run(seconds(1));
    expect![[r#"
        1: error: the modem did not answer in time
        phase: the modem did not answer; talking to it again
        phase: ready
        received SM 2 Message HELLO
        2: listed [SM 1 StoUnsent 0001000B912120550501F0000005E8329BFD06, SM 5 StoSent 0001000B912120550501F0000005E8329BFD06]
    "#]]
    .assert_eq(&bench.told);
}

/// A modem that cannot list is read slot by slot, once in its own numbers; one that is busy is asked again.
#[test]
fn leftovers_are_found_slot_by_slot_and_after_a_pause() {
    let mut bench = Bench::ready();
    bench.rule("AT+CMGL=4", usize::MAX, "\r\n+CMS ERROR: 303\r\n");
    bench.rule("AT+CMGR", usize::MAX, "\r\n+CMS ERROR: 321\r\n");
    let unsent = format!("\r\n+CMGR: 2,,18\r\n00{SUBMIT}\r\n\r\nOK\r\n");
    bench.rule("AT+CMGR=7", 1, &unsent);
    bench.ask(Request::Staged);
    bench.run(seconds(20));
    assert_eq!(
        bench.told,
        "1: listed [SM 7 StoUnsent 0001000B912120550501F0000005E8329BFD06]\n"
    );
    let read = bench
        .written
        .iter()
        .filter(|written| written.starts_with("AT+CMGR"));
    assert_eq!(read.count(), 21, "20 slots, counted from 0 or from 1");

    let mut bench = Bench::ready();
    bench.rule("AT+CMGL=4", 1, &listing());
    bench.rule("AT+CMGL=4", 2, "\r\n+CMS ERROR: 314\r\n");
    bench.ask(Request::Staged);
    bench.run(seconds(5));
    assert!(
        bench.told.contains("1: listed [SM 1 StoUnsent"),
        "{}",
        bench.told
    );
}

#[test]
fn a_survey_that_gets_nowhere_is_answered() {
    let mut bench = Bench::ready();
    bench.rule("AT+CMGL=4", usize::MAX, "\r\nERROR\r\n");
    bench.silent("AT+CMGR", 1);
    bench.ask(Request::Staged);
    bench.run(seconds(20));
    assert!(
        bench
            .told
            .starts_with("1: error: the modem did not answer in time\n"),
        "{}",
        bench.told
    );

    let mut bench = mixed();
    bench.rule("AT+CPMS=\"ME\"", usize::MAX, "\r\n+CMS ERROR: 302\r\n");
    bench.rule(
        "AT+CMGR=1",
        1,
        &format!("\r\n+CMGR: 0,,24\r\n{HELLO}\r\n\r\nOK\r\n"),
    );
    bench.say("\r\n+CMTI: \"SM\",1\r\n");
    bench.run(seconds(1));
    bench.forget();
    bench.ask(Request::Staged);
    bench.run(seconds(5));
    assert_eq!(
        bench.told,
        "1: error: the modem does not allow this now (+CMS ERROR: 302)\n"
    );
    assert_eq!(bench.written.len(), 1, "{:?}", bench.written);
}

/// A modem without `+CMGW` says so in one of these ways, and nothing is written behind it.
#[test]
fn a_modem_that_cannot_write_says_so() {
    for says in [
        "ERROR",
        "COMMAND NOT SUPPORT",
        "+CMS ERROR: 303",
        "+CME ERROR: operation not supported",
    ] {
        let mut bench = Bench::new(Settings { ..settings() });
        bench.bring_up();
        bench.forget();
        bench.rule("AT+CMGW", 1, &format!("\r\n{says}\r\n"));
        bench.ask(Request::Stage { tpdu: tpdu() });
        bench.run(seconds(2));
        assert!(
            bench.told.starts_with("1: error: the modem "),
            "{says}: {}",
            bench.told
        );
        assert_eq!(bench.written, ["AT+CMGW=18"], "{says}");
    }
}

/// The mark does not change although the message left: the engine tells what the modem says, others decide.
#[test]
fn a_slot_that_stays_unsent_is_told_as_it_reads() {
    let mut bench = Bench::ready();
    bench.rule("AT+CMSS=4", 1, "\r\n+CMSS: 17\r\n\r\nOK\r\n");
    bench.ask(transmit(sim(4)));
    for (status, expected) in [
        ("2", "StoUnsent"),
        ("3", "StoSent"),
        ("\"STO UNSENT\"", "StoUnsent"),
        ("7", "Other(7)"),
    ] {
        bench.forget();
        let says = format!("\r\n+CMGR: {status},,18\r\n00{SUBMIT}\r\n\r\nOK\r\n");
        bench.rule("AT+CMGR=4", 1, &says);
        bench.ask(Request::Inspect { slot: sim(4) });
        bench.run(seconds(1));
        assert!(
            bench.told.contains(&format!(": {expected} 00")),
            "{}",
            bench.told
        );
    }
}

/// Read slot by slot, a SIM that has no time hides what it holds: the list would lack it.
#[test]
fn a_busy_slot_is_no_empty_one() {
    let mut bench = mixed();
    bench.rule("AT+CMGL", 1, "\r\nERROR\r\n");
    bench.rule("AT+CMGR=1", 1, "\r\n+CMS ERROR: 314\r\n");
    bench.ask(Request::Staged);
    bench.run(seconds(30));
    assert!(bench.told.starts_with("1: error: "), "{}", bench.told);
}
