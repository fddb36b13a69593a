//! Memories: which are looked into, and how a full one is noticed, told and emptied. Answers by hand after 3GPP TS 27.005
//! §3.2.2; the vendors' lines from the manuals and programs that `memories` names.

use super::{Bench, HELLO, WORLD, seconds, settings, sim, tpdu};
use crate::engine::{Request, Settings};
use crate::storage::Memory;

const THREE: &str = "(\"SM\",\"ME\",\"MT\")";

/// Brought up with these memories, of which `wanted` is asked for; what each holds by a listing.
fn with_memories(offered: &str, wanted: Option<Memory>) -> Bench {
    let mut bench = Bench::new(Settings {
        storage: wanted,
        ..settings()
    });
    let says = format!("\r\n+CPMS: {offered},{offered},{offered}\r\n\r\nOK\r\n");
    bench.rule("AT+CPMS=?", usize::MAX, &says);
    bench.bring_up();
    bench
}

fn chosen(bench: &Bench) -> Vec<&str> {
    let chosen = bench.written.iter().map(String::as_str);
    chosen
        .filter(|written| written.starts_with("AT+CPMS=\"") || *written == "AT+CMGL=4")
        .collect()
}

/// Each message is seen once: `MT` has numbers of its own for what is in `SM` and `ME`.
#[test]
fn mt_is_never_listed_beside_its_parts() {
    let bench = with_memories(THREE, None);
    assert_eq!(
        chosen(&bench),
        [
            "AT+CPMS=\"SM\",\"SM\",\"SM\"",
            "AT+CMGL=4",
            "AT+CPMS=\"ME\",\"SM\",\"SM\"",
            "AT+CMGL=4"
        ]
    );
    let bench = with_memories(THREE, Some(Memory::Both));
    assert_eq!(
        chosen(&bench),
        [
            "AT+CPMS=\"MT\",\"MT\",\"MT\"",
            "AT+CPMS=\"SM\",\"MT\",\"MT\"",
            "AT+CMGL=4",
            "AT+CPMS=\"ME\",\"MT\",\"MT\"",
            "AT+CMGL=4"
        ],
    );
    let bench = with_memories("(\"SM\",\"MT\")", Some(Memory::Both));
    assert_eq!(
        chosen(&bench),
        ["AT+CPMS=\"MT\",\"MT\",\"MT\"", "AT+CMGL=4"],
        "only as a whole"
    );
}

/// An announcement that counts in `MT` is answered by listing its parts, and one of a part by listing the whole.
#[test]
fn an_announcement_in_the_other_numbering_leads_to_the_message_once() {
    let listing = format!("\r\n+CMGL: 4,0,,24\r\n{HELLO}\r\n\r\nOK\r\n");
    let check = |offered: &str, announced: &str, told: &str| {
        let mut bench = with_memories(offered, Some(Memory::Both));
        bench.forget();
        bench.rule("AT+CMGL=4", 1, &listing);
        bench.say(&format!("\r\n+CMTI: \"{announced}\",104\r\n"));
        bench.run(seconds(2));
        assert_eq!(bench.told, told, "{announced}");
        assert!(
            !bench
                .written
                .iter()
                .any(|written| written.starts_with("AT+CMGR")),
            "{:?}",
            bench.written
        );
    };
    // The part that is chosen already, or the first, is where the bench's only listing comes from.
    check(THREE, "MT", "received SM 4 Message HELLO\n");
    check("(\"SM\",\"MT\")", "SM", "received MT 4 Message HELLO\n");
}

#[test]
fn every_way_of_saying_full_is_told_once_with_the_name_and_the_size() {
    for says in [
        "^SMMEMFULL:\"SM\"",
        "^SMMEMFULL: \"SM\"",
        "+QIND: \"smsfull\",\"SM\"",
        "+CIEV: \"SMSFULL\",2",
        "+CIEV: smsfull,1",
        "+SMS FULL",
        "^SMMEMFULL: \"X9\"",
    ] {
        let mut bench = with_memories("(\"SM\")", None);
        bench.forget();
        bench.say(&format!("\r\n{says}\r\n"));
        bench.say(&format!("\r\n{says}\r\n"));
        bench.run(seconds(5));
        assert_eq!(bench.told, "SM full: 20 of 20\n", "{says}");
        assert_eq!(bench.written, ["AT+CMGL=4", "AT+CMGL=4"], "{says}");
    }
    let mut bench = Bench::ready();
    bench.say("\r\n+CIEV: smsfull,0\r\n\r\n+CIEV: \"MESSAGE\",1\r\n\r\n+QIND: \"csq\",20,99\r\n");
    bench.run(seconds(5));
    assert_eq!((bench.told.as_str(), bench.written.len()), ("", 0));
}

/// The memory that is full is another one than that for new messages.
#[test]
fn a_named_memory_is_the_one_that_is_told_and_read() {
    let mut bench = with_memories(THREE, None);
    bench.forget();
    bench.say("\r\n^SMMEMFULL: \"ME\"\r\n");
    bench.run(seconds(5));
    assert_eq!(bench.told, "ME full: 20 of 20\n");
    assert_eq!(bench.written, ["AT+CMGL=4"], "ME is chosen since the start");
}

/// By its numbers, and again when it filled anew after there was room.
#[test]
fn a_memory_that_fills_anew_is_told_anew() {
    let mut bench = Bench::ready();
    let numbers = |used: u8| {
        format!("\r\n+CPMS: \"SM\",{used},20,\"SM\",{used},20,\"SM\",{used},20\r\n\r\nOK\r\n")
    };
    for used in [20, 20, 19, 20] {
        bench.rules.clear();
        bench.rule("AT+CPMS?", usize::MAX, &numbers(used));
        bench.run(seconds(61));
    }
    assert_eq!(bench.told, "SM full: 20 of 20\nSM full: 20 of 20\n");
}

/// `+CMS ERROR: 322`, wherever it comes. What was asked is answered as any other refusal is.
#[test]
fn something_that_does_not_fit_tells_of_the_full_memory() {
    let mut bench = Bench::ready();
    bench.rule("AT+CMGW", 1, "\r\n+CMS ERROR: 322\r\n");
    bench.ask(Request::Stage { tpdu: tpdu() });
    bench.run(seconds(5));
    assert_eq!(
        bench.told,
        "SM full: 20 of 20\n1: error: the modem's message memory is full (+CMS ERROR: 322)\n"
    );
    let mut bench = Bench::ready();
    bench.rule("^Z", 1, "\r\n+CMS ERROR: memory full\r\n");
    bench.send(1);
    bench.run(seconds(5));
    assert_eq!(
        bench.told,
        "SM full: 20 of 20\n1: not sent, to be tried again: the modem's message memory is full (+CMS ERROR: 322)\n"
    );
    assert_eq!(bench.written.last().map(String::as_str), Some("AT+CMGL=4"));
}

/// The listing that follows finds what can be stored elsewhere, and deleting makes room.
#[test]
fn a_full_memory_is_emptied_by_storing() {
    let mut bench = Bench::ready();
    let listing =
        format!("\r\n+CMGL: 1,0,,24\r\n{HELLO}\r\n+CMGL: 2,0,,24\r\n{WORLD}\r\n\r\nOK\r\n");
    bench.rule("AT+CMGL=4", 1, &listing);
    bench.say("\r\n^SMMEMFULL: \"SM\"\r\n");
    bench.delete(1, HELLO);
    bench.delete(2, WORLD);
    bench.run(seconds(1));
    assert_eq!(
        bench.told,
        "SM full: 20 of 20\nreceived SM 1 Message HELLO\nreceived SM 2 Message WORLD\n1: Freed\n2: Freed\n"
    );
    assert_eq!(sim(1).memory, Memory::Sim);
}

/// By it the first start knows that it has seen all: told behind the last message, however the memories are read, and once
/// each time that the line comes up.
#[test]
fn that_everything_was_looked_through_is_told_behind_it() {
    let both = "(\"SM\",\"ME\")";
    let listing =
        format!("\r\n+CMGL: 1,0,,24\r\n{HELLO}\r\n+CMGL: 2,1,,24\r\n{WORLD}\r\n\r\nOK\r\n");
    let read = |pdu: &str| format!("\r\n+CMGR: 0,,24\r\n{pdu}\r\n\r\nOK\r\n");
    type Script<'a> = &'a dyn Fn(&mut Bench);
    let both_told = "received SM 1 Message HELLO\nreceived SM 2 Message WORLD\n";
    let first_told = "received SM 1 Message HELLO\n";
    let cases: [(&str, &str, Script<'_>); 4] = [
        ("listed", both_told, &|bench| {
            bench.rule("AT+CMGL=4", 1, &listing);
        }),
        ("a SIM that is busy at first", both_told, &|bench| {
            bench.rule("AT+CMGL=4", 1, &listing);
            bench.rule("AT+CMGL=4", 3, "\r\n+CMS ERROR: 314\r\n");
        }),
        ("no listing", both_told, &|bench| {
            bench.rule("AT+CMGL=4", usize::MAX, "\r\nERROR\r\n");
            bench.rule("AT+CMGR=1", 1, &read(HELLO));
            bench.rule("AT+CMGR=2", 1, &read(WORLD));
        }),
        ("announced meanwhile: it is new", first_told, &|bench| {
            bench.rule("AT+CMGR=2", 1, &read(WORLD));
            let first =
                format!("\r\n+CMGL: 1,0,,24\r\n{HELLO}\r\n\r\n+CMTI: \"SM\",2\r\n\r\nOK\r\n");
            bench.rule("AT+CMGL=4", 1, &first);
        }),
    ];
    for (what, told, script) in cases {
        let mut bench = Bench::new(settings());
        bench.rule(
            "AT+CPMS=?",
            usize::MAX,
            &format!("\r\n+CPMS: {both},{both},{both}\r\n\r\nOK\r\n"),
        );
        script(&mut bench);
        bench.bring_up();
        bench.run(seconds(300));
        let [before] = bench.looked_through.as_slice() else {
            panic!("{what}: {:?}", bench.looked_through);
        };
        assert!(before.ends_with(told), "{what}: {before}");
        assert!(bench.told.contains(both_told), "{what}: {}", bench.told);
        bench.engine.handle_closed(crate::status::Phase::Opening);
        bench.bring_up();
        bench.run(seconds(300));
        assert_eq!(bench.looked_through.len(), 2, "{what}: it came up again");
    }
}
