//! Latencies, the serial line's rate and faults by chance, in virtual time.

mod desk;

use std::collections::BTreeMap;
use std::time::Duration;

use desk::{Desk, OK, SUBMIT};
use modem_sim::{
    Event, FaultRates, Incoming, Latency, Port, Profile, SendFault, Settings, Simulator,
};

#[test]
fn a_line_takes_ten_bits_a_byte_either_way() {
    let mut desk = Desk::raw(Settings {
        baud: Some(9_600),
        ..Settings::default()
    });
    // Three bytes there, then nine bytes back ("AT\r" and "\r\nOK\r\n"): the echo begins when the third is in.
    assert_eq!(desk.command("AT"), "");
    let byte = Duration::from_nanos(10 * 1_000_000_000 / 9_600);
    let mut last = Duration::ZERO;
    let mut read = String::new();
    while let Some(due) = desk.simulator.poll_timeout() {
        last = due;
        desk.simulator.handle_timeout(due);
        read.push_str(&desk.read());
    }
    assert_eq!(read, format!("AT\r{OK}"));
    let expected = byte * 12;
    assert!(
        last.abs_diff(expected) < Duration::from_micros(1),
        "{last:?} for {expected:?}"
    );

    // A send of 46 digits with its echo, at 115200: what a client measures is the sum of its bytes.
    let mut desk = Desk::raw(Settings {
        baud: Some(115_200),
        send_latency: Duration::ZERO,
        ..Settings::default()
    });
    desk.command("ATE0");
    desk.wait(1_000);
    let start = desk.now;
    desk.command("AT+CMGS=22");
    assert_eq!(desk.wait(10), "\r\n> ");
    let typed = format!("{SUBMIT}\u{1a}");
    desk.now = start + Duration::from_millis(10);
    desk.type_in(&typed);
    let answer = desk.wait(3);
    assert_eq!(answer, "", "47 bytes take 4.08 ms");
    assert!(desk.wait(5).ends_with(OK));
}

#[test]
fn a_port_that_goes_away_loses_what_is_on_the_line() {
    let mut desk = Desk::raw(Settings {
        baud: Some(300),
        ..Settings::default()
    });
    desk.command("AT");
    desk.simulator.drop_port(desk.now, Duration::from_secs(1));
    assert_eq!(desk.wait(10_000), "");
    assert_eq!(desk.simulator.port(), Port::Open);
    desk.command("AT");
    assert_eq!(desk.wait(10_000), format!("AT\r{OK}"));
}

#[test]
fn commands_have_latencies_of_their_own_and_jitter() {
    let seconds = Duration::from_secs;
    let settings = |seed| Settings {
        seed,
        command_latency: Duration::from_millis(20),
        latencies: vec![
            Latency::new("+COPS=?", seconds(40)),
            Latency::new("+COPS=", seconds(4)),
        ],
        command_jitter: Duration::from_millis(30),
        send_jitter: seconds(2),
        ..Settings::default()
    };
    let took = |desk: &mut Desk, command: &str| {
        let start = desk.now;
        desk.command(command);
        let due = desk.simulator.poll_timeout().unwrap();
        desk.wait(100_000);
        due - start
    };
    let run = |seed| {
        let mut desk = Desk::raw(settings(seed));
        let usual: Vec<Duration> = (0..20).map(|_| took(&mut desk, "AT+CSQ")).collect();
        let scan = took(&mut desk, "AT+COPS=?");
        let choice = took(&mut desk, "AT+COPS=0");
        desk.command("AT+CMGS=22");
        let send = took(&mut desk, &format!("{SUBMIT}\u{1a}"));
        (usual, scan, choice, send)
    };
    let (usual, scan, choice, send) = run(7);
    let most = Duration::from_millis(30);
    let within = |base: Duration, took: Duration| base <= took && took <= base + most;
    assert!(
        usual
            .iter()
            .all(|took| within(Duration::from_millis(20), *took)),
        "{usual:?}"
    );
    let distinct: std::collections::BTreeSet<_> = usual.iter().collect();
    assert!(distinct.len() > 10, "{usual:?}");
    assert!(within(seconds(40), scan), "{scan:?}");
    assert!(within(seconds(4), choice), "{choice:?}");
    let least = Duration::from_millis(100);
    assert!(least <= send && send <= least + seconds(2), "{send:?}");
    assert_eq!(run(7), run(7));
    assert_ne!(run(7).0, run(8).0);
}

/// A client that sends every minute and gets a message every ten, for that many hours: what fired, and what became of it.
fn hours(
    profile: Profile,
    seed: u64,
    hours: u32,
) -> (Simulator, BTreeMap<&'static str, usize>, Vec<Event>) {
    let mut simulator =
        Simulator::new(profile.settings()).with_rates(FaultRates::usual(seed).times(3.0));
    let mut events = Vec::new();
    let mut now = Duration::ZERO;
    for minute in 0..hours * 60 {
        let end = Duration::from_secs(u64::from(minute + 1) * 60);
        if minute % 10 == 0 {
            let incoming = Incoming::new("+12025550101", &format!("number {minute}"));
            let delivered = simulator.deliver(now, &incoming);
            assert!(delivered.is_ok(), "{delivered:?}");
        }
        simulator.switch_mode(now);
        for (after, typed) in [
            (0, "ATE0;+CMEE=1\r".to_owned()),
            (5, "AT+CFUN=1\r".to_owned()),
            (10, "AT+CNMI=2,1\r".to_owned()),
            (15, "AT+CMGD=1,4\r".to_owned()),
            (20, "AT+CMGS=22\r".to_owned()),
            (25, format!("{SUBMIT}\u{1a}")),
            (45, "\u{1b}\r".to_owned()),
        ] {
            now = Duration::from_secs(u64::from(minute) * 60 + after);
            simulator.handle_input(now, typed.as_bytes());
            simulator.poll_output();
        }
        while let Some(due) = simulator.poll_timeout().filter(|due| *due <= end) {
            assert!(
                due >= now || simulator.port() == Port::Closed,
                "a deadline that is over"
            );
            now = now.max(due);
            simulator.handle_timeout(now);
            simulator.poll_output();
        }
        now = end;
        events.extend(std::iter::from_fn(|| simulator.poll_event()));
    }
    let mut counts = BTreeMap::new();
    for fired in simulator.ledger() {
        *counts.entry(fired.fault).or_insert(0) += 1;
    }
    (simulator, counts, events)
}

#[test]
fn every_kind_of_fault_strikes_by_chance_and_is_in_the_ledger() {
    let (simulator, counts, events) = hours(Profile::QuectelEc25, 5, 300);
    let rates = FaultRates::usual(5);
    let names = (rates.sends.iter().map(|(_, fault)| fault.name()))
        .chain(rates.commands.iter().map(|(_, fault)| fault.name()))
        .chain(rates.notifications.iter().map(|(_, fault)| fault.name()))
        .chain(rates.hours.iter().map(|(_, fault)| fault.name()));
    for name in names {
        assert!(counts.contains_key(name), "{name} never struck: {counts:?}");
    }
    let told = events
        .iter()
        .filter(|event| matches!(event, Event::Fault(_)))
        .count();
    assert_eq!(told, counts.values().sum::<usize>(), "each is an event too");
    let times: Vec<u64> = simulator.ledger().map(|fired| fired.at_ms).collect();
    assert!(times.is_sorted());
    assert!(simulator.port_number() > 10, "reboots renumber the port");
    // About 18,000 sends, each with a chance of 0.03 for "no prompt", less those that had no port or network.
    let no_prompt = counts.get("no_prompt").copied().unwrap_or(0);
    assert!((300..=600).contains(&no_prompt), "{no_prompt}");
}

#[test]
fn the_same_seed_gives_the_same_faults_with_every_profile() {
    for profile in Profile::ALL {
        let (_, first, _) = hours(profile, 11, 10);
        assert_eq!(first, hours(profile, 11, 10).1, "{}", profile.name());
        assert_ne!(first, hours(profile, 12, 10).1, "{}", profile.name());
    }
}

#[test]
fn scripted_faults_come_before_those_by_chance_and_all_can_be_cleared() {
    let rates = FaultRates {
        sends: vec![(1.0, SendFault::BareError)],
        ..FaultRates::none(1)
    };
    let mut desk = Desk::new(Settings::default());
    desk.simulator.set_rates(rates);
    desk.simulator.fail_send(SendFault::DoubledResult);
    desk.send(SUBMIT);
    assert!(desk.wait(1_000).ends_with("OK\r\nOK\r\n"));
    desk.send(SUBMIT);
    assert_eq!(desk.wait(1_000), "\r\nERROR\r\n");
    desk.simulator.clear_faults();
    desk.send(SUBMIT);
    assert!(desk.wait(1_000).ends_with(&format!("\r\n{OK}")));
    assert_eq!(desk.fired(), ["doubled_result", "bare_error"]);
}
