//! Slots: read once, passed on once, freed only with the right message in them.

use expect_test::expect;

use super::{Bench, HELLO, WORLD, seconds};

fn stored(status: &str, pdu: &str) -> String {
    format!("\r\n+CMGR: {status},,24\r\n{pdu}\r\n\r\nOK\r\n")
}

/// A message that was read in this session and passed on.
fn with_hello_in_3() -> Bench {
    let mut bench = Bench::ready();
    bench.rule("AT+CMGR=3", 1, &stored("0", HELLO));
    bench.say("\r\n+CMTI: \"SM\",3\r\n");
    assert_eq!(bench.told, "received SM 3 Message HELLO\n");
    bench.forget();
    bench
}

#[test]
fn what_was_just_read_is_freed_at_once() {
    let mut bench = with_hello_in_3();
    bench.delete(3, HELLO);
    assert_eq!(bench.written, ["AT+CMGD=3"]);
    expect![[r#"
        1: Freed
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn what_was_not_read_in_this_session_is_compared_first() {
    let mut bench = Bench::ready();
    bench.rule("AT+CMGR=3", 1, &stored("1", HELLO));
    bench.delete(3, HELLO);
    assert_eq!(bench.written, ["AT+CMGR=3", "AT+CMGD=3"]);
    expect![[r#"
        1: Freed
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn another_message_in_the_slot_is_left_and_passed_on() {
    let mut bench = Bench::ready();
    bench.rule("AT+CMGR=3", 1, &stored("1", WORLD));
    bench.delete(3, HELLO);
    assert_eq!(bench.written, ["AT+CMGR=3"]);
    expect![[r#"
        received SM 3 Message WORLD
        1: HoldsOther
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn an_empty_slot_is_gone_already() {
    let mut bench = Bench::ready();
    bench.rule("AT+CMGR=3", 1, "\r\nOK\r\n");
    bench.delete(3, HELLO);
    bench.rule("AT+CMGR=4", 1, "\r\n+CMS ERROR: 321\r\n");
    bench.delete(4, HELLO);
    bench.run(seconds(1));
    expect![[r#"
        1: AlreadyGone
        2: AlreadyGone
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn a_lost_answer_is_followed_by_reading_the_slot() {
    let mut bench = with_hello_in_3();
    bench.silent("AT+CMGD=3", 1);
    bench.rule("AT+CMGR=3", 1, "\r\nOK\r\n");
    bench.delete(3, HELLO);
    bench.run(seconds(12));
    expect!["AT+CMGD=3 ESC AT AT+CMGR=3"].assert_eq(&bench.written.join(" "));
    expect![[r#"
        phase: the modem did not answer; talking to it again
        phase: ready
        1: Freed
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn a_command_that_was_lost_is_repeated_once_the_slot_was_read() {
    let mut bench = with_hello_in_3();
    bench.silent("AT+CMGD=3", 1);
    bench.rule("AT+CMGR=3", 1, &stored("1", HELLO));
    bench.delete(3, HELLO);
    bench.run(seconds(12));
    expect!["AT+CMGD=3 ESC AT AT+CMGR=3 AT+CMGD=3"].assert_eq(&bench.written.join(" "));
    expect![[r#"
        phase: the modem did not answer; talking to it again
        phase: ready
        1: Freed
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn a_slot_is_listed_and_passed_on_once() {
    let mut bench = Bench::ready();
    let listing = format!(
        "\r\n+CMGL: 0,1,,24\r\n{HELLO}\r\n+CMGL: 161,0,,24\r\n{WORLD}\r\n+CMGL: 5,3,,18\r\n0001\r\n\r\nOK\r\n"
    );
    bench.rule("AT+CMGL=4", 3, &listing);
    bench.run(seconds(61));
    expect![[r#"
        received SM 0 Message HELLO
        received SM 161 Message WORLD
    "#]]
    .assert_eq(&bench.told);
    bench.forget();
    bench.run(seconds(60));
    expect![[""]].assert_eq(&bench.told);
}

#[test]
fn a_message_that_nobody_deletes_is_passed_on_again_after_ten_minutes() {
    let mut bench = with_hello_in_3();
    bench.rule(
        "AT+CMGL=4",
        usize::MAX,
        &format!("\r\n+CMGL: 3,1,,24\r\n{HELLO}\r\n\r\nOK\r\n"),
    );
    bench.run(seconds(590));
    assert_eq!(bench.told, "");
    bench.run(seconds(90));
    expect![[r#"
        received SM 3 Message HELLO
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn a_full_memory_is_told_once() {
    let mut bench = Bench::ready();
    bench.rule(
        "AT+CPMS?",
        usize::MAX,
        "\r\n+CPMS: \"SM\",20,20,\"SM\",20,20,\"SM\",20,20\r\n\r\nOK\r\n",
    );
    bench.run(seconds(300));
    expect![[r#"
        SM full: 20 of 20
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn reading_and_sending_take_turns() {
    let mut bench = Bench::ready();
    bench.rule_after("^Z", 1, Some("\r\n+CMGS: 1\r\n\r\nOK\r\n"), seconds(3));
    bench.send(1);
    bench.send(2);
    bench.rule("AT+CMGR", usize::MAX, &stored("0", HELLO));
    bench.say("\r\n+CMTI: \"SM\",1\r\n\r\n+CMTI: \"SM\",2\r\n\r\n+CMTI: \"SM\",3\r\n");
    bench.delete(9, WORLD);
    bench.run(seconds(5));
    let order: Vec<&str> = bench
        .written
        .iter()
        .map(String::as_str)
        .filter(|written| written.starts_with("AT"))
        .collect();
    expect!["AT+CMGS=18 AT+CMGR=9 AT+CMGR=1 AT+CMGS=18 AT+CMGR=2 AT+CMGR=3"]
        .assert_eq(&order.join(" "));
}

#[test]
fn events_that_nobody_takes_hold_reading_back() {
    let mut bench = Bench::ready();
    bench.engine.handle_backlog(100);
    bench.say("\r\n+CMTI: \"SM\",1\r\n");
    bench.run(seconds(5));
    assert!(bench.written.is_empty());
    bench.rule("AT+CMGR=1", 1, &stored("0", HELLO));
    bench.engine.handle_backlog(0);
    bench.run(seconds(1));
    expect![[r#"
        received SM 1 Message HELLO
    "#]]
    .assert_eq(&bench.told);
}
