//! Listing and reading: modems that refuse, stay busy, or offer overlapping memories.

use super::{Bench, HELLO, seconds};

fn hello_in_7(bench: &mut Bench) {
    let stored = format!("\r\n+CMGR: 0,,24\r\n{HELLO}\r\n\r\nOK\r\n");
    bench.rule("AT+CMGR=", usize::MAX, "\r\n+CMS ERROR: 321\r\n");
    bench.rule("AT+CMGR=7", usize::MAX, &stored);
}

/// A listing that is refused in bring-up and at each look that follows from an announcement without a number, a full
/// memory, or time: the message is found each time, and the listing is not asked for again.
#[test]
fn a_refused_listing_is_replaced_by_reading_slot_by_slot() {
    for refusal in ["+CMS ERROR: 303", "+CMS ERROR: 500", "ERROR"] {
        let mut bench = Bench::new(super::settings());
        bench.rule("AT+CMGL=4", usize::MAX, &format!("\r\n{refusal}\r\n"));
        bench.bring_up();
        bench.run(seconds(20));
        bench.forget();
        hello_in_7(&mut bench);
        bench.say("\r\n+CMTI: \"SM\"\r\n");
        bench.run(seconds(20));
        assert_eq!(bench.told, "received SM 7 Message HELLO\n", "{refusal}");
        assert!(
            !bench.written.contains(&"AT+CMGL=4".to_owned()),
            "{refusal}: {:?}",
            bench.written
        );
        bench.forget();
        bench.say("\r\n^SMMEMFULL: \"SM\"\r\n");
        bench.run(seconds(20));
        assert_eq!(bench.told, "SM full: 20 of 20\n", "{refusal}");
        assert!(
            bench.written.contains(&"AT+CMGR=7".to_owned())
                && !bench.written.contains(&"AT+CMGL=4".to_owned()),
            "{refusal}: {:?}",
            bench.written
        );
    }
}

#[test]
fn a_busy_memory_is_listed_again() {
    for (command, refusal) in [
        ("AT+CMGL=4", "+CMS ERROR: 314"),
        ("AT+CMGL=4", "+CME ERROR: 14"),
        ("AT+CMGL=4", "+CME ERROR: 515"),
        ("AT+CPMS=\"ME\"", "+CMS ERROR: 314"),
    ] {
        let mut bench = Bench::new(super::settings());
        bench.rule(
            "AT+CPMS=?",
            1,
            "\r\n+CPMS: (\"SM\",\"ME\"),(\"SM\"),(\"SM\")\r\n\r\nOK\r\n",
        );
        let listing = format!("\r\n+CMGL: 4,1,,24\r\n{HELLO}\r\n\r\nOK\r\n");
        bench.rule("AT+CMGL=4", usize::MAX, &listing);
        bench.rule(command, 3, &format!("\r\n{refusal}\r\n"));
        bench.bring_up();
        let received: Vec<&str> = bench
            .told
            .lines()
            .filter(|line| line.starts_with("received"))
            .collect();
        assert_eq!(
            received,
            ["received SM 4 Message HELLO", "received ME 4 Message HELLO"],
            "{command} {refusal}"
        );
        assert!(
            !bench
                .written
                .iter()
                .any(|written| written.starts_with("AT+CMGR="))
        );
    }
}

/// It is looked at again when something is announced, or after the usual time.
#[test]
fn a_memory_that_stays_busy_is_left_for_later() {
    let mut bench = Bench::new(super::settings());
    bench.rule("AT+CMGL=4", 30, "\r\n+CMS ERROR: 314\r\n");
    let listing = format!("\r\n+CMGL: 4,1,,24\r\n{HELLO}\r\n\r\nOK\r\n");
    bench.engine.handle_opened(bench.now);
    bench.run(seconds(45));
    bench.send(1);
    bench.rules.remove(0);
    bench.rule("AT+CMGL=4", usize::MAX, &listing);
    bench.run(seconds(61));
    assert!(bench.told.contains("1: accepted"), "{}", bench.told);
    assert!(
        bench.told.ends_with("received SM 4 Message HELLO\n"),
        "{}",
        bench.told
    );
}
