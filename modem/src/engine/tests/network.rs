//! What the network tells: technology, a sudden refusal, roaming, the time; a radio that falls asleep; the steps of
//! bring-up that belong to it; the link between the parts of a message. The lines are our own, after 3GPP TS 27.007
//! §7.2, §7.3, §8.41 and 3GPP TS 27.005 §3.5.6.

use expect_test::{Expect, expect};

use super::{Bench, SUBMIT, seconds, settings};
use crate::config::{DeliveryReports, Listening};
use crate::engine::{Request, Settings};
use crate::status::{Blocked, Incoming, Phase, Registration, Technology};

/// "hello" to +12025550100 as the given part of two, by hand after 3GPP TS 23.040 §9.2.3.24.1.
fn part(number: u8) -> Vec<u8> {
    let hex = format!("41000B912120550501F000000C05000307020{number}D06536FBCD02");
    sms_codec::hex::decode(&hex).expect("hexadecimal")
}

fn send(bench: &mut Bench, tag: u64, tpdu: &[u8]) {
    bench.ask(Request::Send {
        tag,
        tpdu: tpdu.to_vec(),
    });
}

/// What is told when these lines come by themselves, so many seconds after each other.
fn check(lines: &[(u64, &str)], expected: Expect) -> Bench {
    let mut bench = Bench::ready();
    for (after, line) in lines {
        bench.run(seconds(*after));
        bench.say(&format!("\r\n{line}\r\n"));
    }
    bench.run(seconds(40));
    expected.assert_eq(&bench.told);
    bench
}

#[test]
fn the_technology_is_known_by_every_way() {
    let check = |begins: &str, says: &str, expected: Option<Technology>| {
        let mut bench = Bench::new(settings());
        bench.rule(begins, 1, &format!("\r\n{says}\r\n\r\nOK\r\n"));
        bench.bring_up();
        assert_eq!(bench.engine.status().technology, expected, "{says}");
    };
    check(
        "AT+COPS?",
        "+COPS: 0,0,\"Test Net\",2",
        Some(Technology::Third),
    );
    check("AT+COPS?", "+COPS: 0,0,\"Test Net\"", None);
    check("AT+COPS?", "+COPS: 0", None);
    check("AT+COPS?", "+COPS: 0,0,\"Test Net\",99", None);
    check(
        "AT+CREG?",
        "+CREG: 2,1,\"00C3\",\"001B2\",0",
        Some(Technology::Second),
    );
    check(
        "AT+CEREG?",
        "+CEREG: 2,5,\"00C3\",\"001B2\",7",
        Some(Technology::Fourth),
    );
    check("AT+CEREG?", "+CEREG: 2,0,\"00C3\",\"001B2\",7", None);
    assert_eq!(Technology::Fourth.to_string(), "4G");
}

#[test]
fn the_technology_follows_and_goes_with_the_network() {
    let mut bench = Bench::ready();
    let technology = |bench: &Bench| bench.engine.status().technology;
    bench.say("+CREG: 1,\"00C3\",\"01B2\",2\r\n");
    assert_eq!(technology(&bench), Some(Technology::Third));
    bench.say("+CGREG: 1,00C3,01B2,7\r\n");
    assert_eq!(technology(&bench), Some(Technology::Fourth));
    bench.say("+CREG: 2\r\n+CGREG: 2\r\n");
    assert_eq!(technology(&bench), None);
    assert_eq!(bench.engine.status().registration, Registration::Searching);
}

/// An area code that looks like a number is not the state.
#[test]
fn an_area_code_is_not_taken_for_an_answer() {
    let mut bench = Bench::ready();
    bench.rule(
        "AT+CREG?",
        1,
        "\r\n+CREG: 5,\"0001\",\"0002\",2\r\n\r\n+CREG: 2,3\r\n\r\nOK\r\n",
    );
    bench.run(seconds(61));
    assert_eq!(bench.engine.status().registration, Registration::Denied);
}

#[test]
fn registration_falls_back_to_words_without_technology() {
    let mut bench = Bench::new(settings());
    for code in ["+CREG", "+CGREG", "+CEREG"] {
        bench.rule(&format!("AT{code}=2"), 1, "\r\n+CME ERROR: 4\r\n");
    }
    bench.bring_up();
    let written: Vec<&str> = bench
        .written
        .iter()
        .map(String::as_str)
        .filter(|written| written.contains("REG="))
        .collect();
    assert_eq!(
        written,
        [
            "AT+CREG=2",
            "AT+CREG=1",
            "AT+CGREG=2",
            "AT+CGREG=1",
            "AT+CEREG=2",
            "AT+CEREG=1"
        ]
    );
}

/// Somebody may have moved the number to another SIM.
#[test]
fn a_sudden_refusal_is_told_once() {
    check(
        &[
            (1, "+CREG: 3"),
            (20, "+CREG: 3"),
            (20, "+CGREG: 3"),
            (20, "+CREG: 2"),
        ],
        expect![[r#"
            registration denied
        "#]],
    );
    // The packet network counts too.
    check(
        &[(1, "+CGREG: 3")],
        expect![[r#"
            registration denied
        "#]],
    );
    // Again after it was registered again.
    check(
        &[(1, "+CREG: 3"), (20, "+CREG: 1"), (1, "+CREG: 3")],
        expect![[r#"
            registration denied
            registration denied
        "#]],
    );
}

#[test]
fn a_passing_refusal_is_not_told() {
    check(
        &[(1, "+CREG: 3"), (5, "+CREG: 2"), (5, "+CREG: 1")],
        expect![[""]],
    );
    // It does not become one by being followed by a search.
    check(
        &[(1, "+CREG: 3"), (5, "+CREG: 2")],
        expect![[r#"
            registration denied
        "#]],
    );
}

#[test]
fn a_sim_that_never_was_registered_is_not_suddenly_refused() {
    let mut bench = Bench::new(settings());
    for code in ["CREG", "CGREG"] {
        let answer = format!("\r\n+{code}: 2,3\r\n\r\nOK\r\n");
        bench.rule(&format!("AT+{code}?"), usize::MAX, &answer);
    }
    bench.bring_up();
    bench.run(seconds(120));
    assert!(!bench.told.contains("denied"), "{}", bench.told);
    assert_eq!(bench.engine.status().registration, Registration::Denied);
}

/// A swap shows after a restart too: the modem registers anew and is refused.
#[test]
fn a_refusal_after_a_restart_is_told() {
    let mut bench = Bench::ready();
    bench.rule("AT+CREG?", usize::MAX, "\r\n+CREG: 2,3\r\n\r\nOK\r\n");
    bench.say("RDY\r\n");
    bench.run(seconds(40));
    expect![[r#"
        phase: setting the modem up: talking to the modem
        phase: ready
        registration denied
    "#]]
    .assert_eq(&bench.told);
}

#[test]
fn roaming_is_told_when_it_changes() {
    check(
        &[
            (1, "+CREG: 5"),
            (1, "+CREG: 5"),
            (1, "+CREG: 2"),
            (1, "+CREG: 5"),
            (1, "+CREG: 1"),
        ],
        expect![[r#"
            roaming: Began
            roaming: Ended
        "#]],
    );
}

#[test]
fn the_networks_time_is_told_when_it_is_news() {
    let mut bench = check(
        &[
            (1, "+CTZV: \"+04\""),
            (1, "+CTZV: \"+04\""),
            (1, "*PSUTTZ: 2026,11,25,12,11,12,\"+4\",0"),
            (1, "+CTZV: +08,1"),
            (1, "+CTZV: junk"),
            (1, "+CCLK: \"80/01/06,00:00:00+00\""),
        ],
        expect![[r#"
            network time: 4 quarters, None
            network time: 8 quarters, None
        "#]],
    );
    bench.forget();
    bench.run(seconds(3600));
    bench.say("+CTZE: \"+08\",1,\"2026/11/25,14:11:12\"\r\n");
    assert!(
        bench
            .told
            .contains("network time: 8 quarters, Some(1795608672)"),
        "{}",
        bench.told
    );
    assert!(!bench.written.iter().any(|written| written.contains("CCLK")));
}

/// Quirk row 36 (ProLink PHS-100), when it happens later than at the start.
#[test]
fn a_radio_that_falls_asleep_is_woken_and_the_user_told() {
    let mut bench = Bench::ready();
    bench.rule("AT+CREG?", 1, "\r\n+CREG: 2,0\r\n\r\nOK\r\n");
    bench.rule_after("AT+COPS=0", 1, Some("\r\nOK\r\n"), seconds(30));
    bench.say("+CREG: 0\r\n+CGREG: 0\r\n");
    bench.run(seconds(25));
    assert_eq!(
        bench.phase().to_string(),
        "setting the modem up: not registered: letting the modem choose a network, which takes up to 2 minutes"
    );
    bench.send(1);
    bench.run(seconds(40));
    let told: Vec<&str> = bench.told.lines().collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(
        told.first(),
        Some(&"phase: setting the modem up: not registered: switching the radio on")
    );
    assert!(
        told.get(1)
            .is_some_and(|line| line.starts_with("1: not sent, to be tried again"))
    );
    assert_eq!(told.get(2), Some(&"phase: ready"));
    let tried: Vec<&str> = bench
        .written
        .iter()
        .map(String::as_str)
        .filter(|written| ["AT+CFUN=1", "AT+COPS=0", "AT+CREG?"].contains(written))
        .collect();
    assert_eq!(tried, ["AT+CREG?", "AT+CFUN=1", "AT+COPS=0", "AT+CREG?"]);
    assert_eq!(bench.engine.status().registration, Registration::Home);
}

#[test]
fn a_radio_that_stays_asleep_is_woken_from_time_to_time() {
    let mut bench = Bench::ready();
    bench.rule("AT+CREG?", usize::MAX, "\r\n+CREG: 2,0\r\n\r\nOK\r\n");
    bench.rule("AT+CGREG?", usize::MAX, "\r\n+CGREG: 2,0\r\n\r\nOK\r\n");
    bench.say("+CREG: 0\r\n+CGREG: 0\r\n");
    bench.run(seconds(3600));
    let woken = bench
        .written
        .iter()
        .filter(|&written| written == "AT+COPS=0");
    assert_eq!(woken.count(), 6);
}

/// A line that is served for packets alone is not asleep.
#[test]
fn a_packet_network_is_enough() {
    let mut bench = Bench::ready();
    bench.rule("AT+CREG?", usize::MAX, "\r\n+CREG: 2,0\r\n\r\nOK\r\n");
    bench.say("+CEREG: 1,\"00C3\",\"01B2\",7\r\n+CREG: 0\r\n");
    bench.run(seconds(300));
    assert!(!bench.written.contains(&"AT+CFUN=1".to_owned()));
}

#[test]
fn the_packet_network_that_serves_wins() {
    let mut bench = Bench::ready();
    let packet = |bench: &Bench| bench.engine.status().packet_registration;
    bench.say("+CEREG: 1\r\n+CGREG: 0\r\n");
    assert_eq!(packet(&bench), Registration::Home);
    bench.say("+CEREG: 0\r\n");
    assert_eq!(packet(&bench), Registration::Idle);
    bench.say("+CGREG: 5\r\n");
    assert_eq!(packet(&bench), Registration::Roaming);
}

#[test]
fn the_sims_own_number_is_kept_if_it_has_one() {
    let check = |says: &str, expected: Option<&str>| {
        let mut bench = Bench::new(settings());
        bench.rule("AT+CNUM", 1, &format!("\r\n{says}\r\n"));
        bench.bring_up();
        assert_eq!(*bench.phase(), Phase::Ready, "{says}");
        let number = bench.engine.status().identity.own_number.clone();
        assert_eq!(number.as_ref().map(|number| number.reveal()), expected);
    };
    check(
        "+CNUM: \"Own\",\"+12025550123\",145\r\n\r\nOK",
        Some("+12025550123"),
    );
    check(
        "+CNUM: ,\"\",128\r\n+CNUM: \"2\",\"07700900123\",129\r\n\r\nOK",
        Some("07700900123"),
    );
    check("OK", None);
    check("+CME ERROR: 22", None);
    check("+CNUM: \r\n\r\nOK", None);
}

#[test]
fn another_modem_than_the_configured_one_is_not_used() {
    let check = |imei: &str, told: &str, expected: Phase| {
        let mut bench = Bench::new(Settings {
            imei: Some(imei.parse().expect("an IMEI")),
            ..settings()
        });
        bench.rule("AT+CGSN", usize::MAX, &format!("\r\n{told}\r\n"));
        bench.rule("AT+GSN", usize::MAX, &format!("\r\n{told}\r\n"));
        bench.bring_up();
        assert_eq!(*bench.phase(), expected, "{imei} {told}");
        let asked_sim = bench.written.contains(&"AT+CPIN?".to_owned());
        assert_eq!(asked_sim, expected == Phase::Ready);
    };
    let other = Phase::Blocked(Blocked::OtherModem);
    check("490154203237518", "490154203237518\r\n\r\nOK", Phase::Ready);
    // The check digit, and a version number in its place, are left out.
    check("49015420323751", "4901542032375102\r\n\r\nOK", Phase::Ready);
    check(
        "490154203237526",
        "490154203237518\r\n\r\nOK",
        other.clone(),
    );
    check("490154203237526", "ERROR", Phase::Ready);
    let words = other.to_string();
    assert!(words.contains("correct imei"), "{words}");
}

#[test]
fn the_configurations_commands_are_written_last_and_each() {
    let init = ["AT+CGDCONT=1,\"IP\",\"net\"", "AT^CURC=0", "AT+COPS=0"];
    let mut bench = Bench::new(Settings {
        init: init
            .iter()
            .map(|command| command.parse().expect("allowed"))
            .collect(),
        ..settings()
    });
    bench.rule("AT^CURC=0", 1, "\r\nERROR\r\n");
    bench.bring_up();
    let last: Vec<&str> = bench
        .written
        .iter()
        .map(String::as_str)
        .filter(|written| !["AT+CMGL=4", "AT+CNMI?"].contains(written))
        .rev()
        .take(3)
        .collect();
    assert_eq!(
        last,
        ["AT+COPS=0", "AT^CURC=0", "AT+CGDCONT=1,\"IP\",\"net\""]
    );
    assert_eq!(*bench.phase(), Phase::Ready);
}

#[test]
fn polling_leaves_announcements_off_and_reads_every_few_seconds() {
    let check = |reports: DeliveryReports, offer: &str, expected: &str| {
        let mut bench = Bench::new(Settings {
            listening: Listening::Polling,
            delivery_reports: reports,
            ..settings()
        });
        bench.rule("AT+CNMI=?", 1, &format!("\r\n{offer}\r\n\r\nOK\r\n"));
        bench.bring_up();
        let routing = bench
            .written
            .iter()
            .find(|written| written.starts_with("AT+CNMI=") && !written.ends_with('?'));
        assert_eq!(routing.map(String::as_str), Some(expected));
        assert_eq!(bench.engine.status().incoming, Incoming::Polled);
        bench.forget();
        bench.run(seconds(60));
        let listings = bench
            .written
            .iter()
            .filter(|&written| written == "AT+CMGL=4");
        assert!((10..=13).contains(&listings.count()));
        // Nor are they switched on by the check of what the modem forgot.
        assert!(!bench.written.iter().any(|written| written.contains("CNMI")));
    };
    let offer = "+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)";
    check(DeliveryReports::Wanted, offer, "AT+CNMI=2,0,0,1,0");
    check(DeliveryReports::Unwanted, offer, "AT+CNMI=2,0,0,0,0");
}

fn links(bench: &Bench) -> String {
    let written = bench.written.iter().map(|written| match written.as_str() {
        "AT+CMMS=1" => "link",
        written if written.starts_with("AT+CMGS") => "part",
        _ => "",
    });
    written
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn the_link_is_kept_open_while_another_part_follows() {
    let mut bench = Bench::ready();
    for number in [1, 2] {
        send(&mut bench, u64::from(number), &part(number));
        bench.run(seconds(0));
    }
    assert_eq!(links(&bench), "link part part");
    // A message of one part costs nothing.
    bench.send(3);
    bench.run(seconds(10));
    assert_eq!(links(&bench), "link part part part");
    // The modem closed the link by itself meanwhile.
    send(&mut bench, 4, &part(1));
    bench.run(seconds(1));
    assert_eq!(links(&bench), "link part part part link part");
    assert_eq!(bench.told.matches("accepted").count(), 4);
}

/// Quirk row 17.
#[test]
fn a_modem_that_refuses_to_keep_the_link_is_not_asked_again() {
    let check = |says: Option<&str>, expected: &str| {
        let mut bench = Bench::ready();
        bench.rule_after("AT+CMMS=1", 1, says, seconds(0));
        for number in [1, 2, 1, 2] {
            send(&mut bench, u64::from(number), &part(number));
            bench.run(seconds(30));
        }
        assert_eq!(links(&bench), expected, "{says:?}");
        assert_eq!(bench.told.matches("accepted").count(), 4, "{says:?}");
    };
    let once = "link part part part part";
    check(Some("\r\n+CMS ERROR: 500\r\n"), once);
    check(Some("\r\nERROR\r\n"), once);
    check(None, once);
    // Busy is no refusal.
    check(
        Some("\r\n+CME ERROR: 14\r\n"),
        "link part part link part part",
    );
}

/// The link is asked for before a part, which is lost with the port like any other that was not begun.
#[test]
fn a_part_behind_the_link_is_answered_when_the_port_goes() {
    let mut bench = Bench::ready();
    bench.silent("AT+CMMS=1", 1);
    send(&mut bench, 1, &part(1));
    bench.engine.handle_closed(Phase::NotAnswering);
    bench.drain();
    assert!(
        bench.told.contains("1: not sent, to be tried again"),
        "{}",
        bench.told
    );
    assert_eq!(links(&bench), "link");
    assert!(!bench.written.iter().any(|written| written.contains(SUBMIT)));
}

/// The line is looked at again before the modem has woken: it is ready afterwards all the same.
#[test]
fn waking_the_radio_ends_with_the_line_ready_however_often_it_is_looked_at() {
    let mut bench = Bench::new(Settings {
        poll_interval: seconds(5),
        ..settings()
    });
    bench.bring_up();
    bench.rule("AT+CREG?", 6, "\r\n+CREG: 0,0\r\n\r\nOK\r\n");
    bench.rule_after("AT+CFUN=1", 1, Some("\r\nOK\r\n"), seconds(12));
    bench.say("\r\n+CGREG: 0\r\n\r\n+CREG: 0\r\n");
    bench.run(seconds(300));
    assert!(
        bench.told.contains("switching the radio on"),
        "{}",
        bench.told
    );
    assert_eq!(*bench.phase(), Phase::Ready, "{}", bench.told);
}
