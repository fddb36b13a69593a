//! The faults and quirks that play a row of AT-QUIRKS.md and have no test elsewhere; docs/simulator.md lists all rows.

mod desk;

use std::time::Duration;

use desk::{Desk, OK, SUBMIT, SUBMIT_WITH_REPORT};
use modem_sim::tpdu;
use modem_sim::{
    CommandFault, CommandSpoil, Incoming, LineEnd, ModemFault, NotificationFault, Overrun,
    SendFault, Settings, SlotAfterSend, SlotServiceCentre, StatusField,
};

fn spoil(desk: &mut Desk, command: &str, how: CommandSpoil) {
    desk.simulator.fail_command(CommandFault {
        command: command.to_owned(),
        how,
    });
}

#[test]
fn commands_go_wrong() {
    use CommandSpoil::{
        DoubleEcho, DoubledResult, Fail, GluedBeforeEcho, LateAnswer, LineInAnswer, LoseAnswer,
    };
    let csq = "\r\n+CSQ: 20,99\r\n";
    for (how, expected) in [
        (
            GluedBeforeEcho("^SRVST:1\r\n\r\n^SRVST:2\r\n".to_owned()),
            format!("^SRVST:1\r\n\r\n^SRVST:2\r\nAT+CSQ\r{csq}{OK}"),
        ),
        (DoubleEcho, format!("AT+CSQ\r\nAT+CSQ\r{csq}{OK}")),
        (
            LineInAnswer("^RSSI:3".to_owned()),
            format!("AT+CSQ\r\r\n^RSSI:3\r\n{csq}{OK}"),
        ),
        (DoubledResult, format!("AT+CSQ\r{csq}{OK}OK\r\n")),
        (
            Fail("COMMAND NOT SUPPORT".to_owned()),
            "AT+CSQ\r\r\nCOMMAND NOT SUPPORT\r\n".to_owned(),
        ),
        (LoseAnswer, "AT+CSQ\r".to_owned()),
        (LateAnswer(Duration::from_secs(8)), "AT+CSQ\r".to_owned()),
    ] {
        let mut desk = Desk::raw(Settings::default());
        spoil(&mut desk, "+csq", how.clone());
        if !matches!(how, GluedBeforeEcho(_)) {
            assert_eq!(desk.command("AT"), format!("AT\r{OK}"), "{how:?}: another");
        }
        assert_eq!(desk.command("AT+CSQ"), expected, "{how:?}");
        let late = desk.wait(10_000);
        let expected = match how {
            LateAnswer(_) => format!("{csq}{OK}"),
            _ => String::new(),
        };
        assert_eq!(late, expected, "{how:?}");
        assert_eq!(
            desk.command("AT+CSQ"),
            format!("AT+CSQ\r{csq}{OK}"),
            "only once"
        );
        assert_eq!(desk.fired(), [how.name()]);
    }
    // A failed command had no effect.
    let mut desk = Desk::new(Settings::default());
    spoil(&mut desk, "+CMEE=1", Fail("+CME ERROR: 515".to_owned()));
    assert_eq!(desk.command("AT+CMEE=1"), "\r\n+CME ERROR: 515\r\n");
    assert_eq!(desk.command("AT+CMEE?"), format!("\r\n+CMEE: 0\r\n{OK}"));
}

/// Row 21: `+CDS` between the lines of an answer and its result.
#[test]
fn a_report_comes_in_the_middle_of_an_answer() {
    let mut desk = Desk::new(Settings::default());
    desk.command("AT+CNMI=2,1,0,1");
    desk.send(SUBMIT_WITH_REPORT);
    desk.wait(200);
    spoil(&mut desk, "+CSQ", CommandSpoil::ArrivalInAnswer);
    assert_eq!(desk.wait(5_000), "", "the report waits");
    let answer = desk.command("AT+CSQ");
    let (before, after) = answer.split_once("\r\n+CDS: 25\r\n").unwrap();
    assert_eq!(before, "\r\n+CSQ: 20,99\r\n");
    assert!(after.ends_with(OK), "{after}");
    assert_eq!(desk.command("AT+CSQ"), format!("\r\n+CSQ: 20,99\r\n{OK}"));
}

/// Row 16, and a line that gets lost.
#[test]
fn notifications_go_wrong() {
    let odd = "+CMTI: \"SM\",{index},\"MMS PUSH\",2,1".to_owned();
    let mut desk = Desk::new(Settings::default());
    desk.command("AT+CNMI=2,1");
    desk.simulator.fail_notification(NotificationFault::As(odd));
    desk.simulator.fail_notification(NotificationFault::Lost);
    assert_eq!(
        desk.deliver("a"),
        "\r\n+CMTI: \"SM\",1,\"MMS PUSH\",2,1\r\n"
    );
    assert_eq!(desk.deliver("b"), "");
    assert_eq!(desk.deliver("c"), "\r\n+CMTI: \"SM\",3\r\n");
    assert!(
        desk.command("AT+CMGR=2").contains("+CMGR: 0,,"),
        "it is stored"
    );
    desk.simulator.strike(desk.now, ModemFault::ForgetRouting);
    assert_eq!(
        desk.command("AT+CNMI?"),
        format!("\r\n+CNMI: 0,0,0,0,0\r\n{OK}")
    );
    assert_eq!(
        desk.fired(),
        ["notification_as", "notification_lost", "forget_routing"]
    );
}

/// Row 23: what comes in one go is cut, what comes in pieces of 18 every 10 ms is not.
#[test]
fn a_long_pdu_has_to_be_paced() {
    let overrun = Overrun {
        burst: 18,
        gap_ms: 10,
    };
    let run = |piece: usize, pause: u64| {
        let mut settings = Settings::default();
        settings.quirks.overrun = Some(overrun);
        let mut desk = Desk::new(settings);
        desk.command("AT+CMGS=22");
        for piece in SUBMIT.as_bytes().chunks(piece) {
            desk.type_in(&String::from_utf8_lossy(piece));
            desk.wait(pause);
        }
        let answer = desk.type_in("\u{1a}") + &desk.wait(1_000);
        (answer, desk.submitted())
    };
    assert_eq!(run(100, 0), ("\r\n+CMS ERROR: 304\r\n".to_owned(), 0));
    assert_eq!(run(18, 5), ("\r\n+CMS ERROR: 304\r\n".to_owned(), 0));
    assert_eq!(run(18, 10).1, 1);
}

/// Row 25: the notification stands between Ctrl-Z and `+CMGS:`.
#[test]
fn a_message_arrives_before_the_result() {
    let mut desk = Desk::new(Settings::default());
    desk.command("AT+CNMI=2,1");
    let incoming = Incoming::new("+12025550101", "now");
    desk.simulator
        .fail_send(SendFault::ArrivalBeforeResult(incoming));
    assert_eq!(desk.send(SUBMIT), "\r\n+CMTI: \"SM\",1\r\n");
    assert!(desk.wait(1_000).starts_with("\r\n+CMGS: "));
}

/// Rows 13, 15 and 35: how listings and reports are written.
#[test]
fn listings_have_peculiarities() {
    let mut settings = Settings::default();
    settings.quirks.line_end = LineEnd::CrCrLf;
    settings.quirks.status_field = StatusField::Empty;
    settings.quirks.slot_service_centre = SlotServiceCentre::Empty;
    let mut desk = Desk::new(settings);
    desk.deliver("x");
    let pdu = "00040B912120550501F10000621010000000000178";
    assert_eq!(
        desk.command("AT+CMGR=1"),
        format!("\r\n+CMGR: ,,20\r\r\n{pdu}\r\r\n{OK}")
    );
    assert_eq!(
        desk.command("AT+CMGL=4"),
        format!("\r\n+CMGL: 1,,,20\r\r\n{pdu}\r\r\n{OK}")
    );

    let mut settings = Settings::default();
    settings.quirks.report_service_centre = Some("+12025550177".to_owned());
    let mut desk = Desk::new(settings);
    desk.command("AT+CNMI=2,1,0,1");
    desk.send(SUBMIT_WITH_REPORT);
    let read = desk.wait(1_000);
    let (_, pdu) = read.trim().rsplit_once("\r\n").unwrap();
    let octets = tpdu::from_hex(pdu).unwrap();
    let (service_centre, _) = tpdu::split_service_centre(&octets).unwrap();
    assert_eq!(service_centre.unwrap().to_string(), "+12025550177");
    desk.deliver("x");
    assert!(desk.command("AT+CMGR=1").contains("\r\n07912120550591F9"));
}

/// Rows 38 and 39, and a modem whose slots never change.
#[test]
fn a_slot_does_not_tell_whether_it_was_sent() {
    for (fault, stays, status) in [
        (None, SlotAfterSend::Changes, 3),
        (None, SlotAfterSend::Stays, 2),
        (
            Some(SendFault::PowerLost(Duration::from_secs(5))),
            SlotAfterSend::Changes,
            2,
        ),
        (
            Some(SendFault::DropPort(Duration::from_secs(5))),
            SlotAfterSend::Changes,
            3,
        ),
    ] {
        let mut settings = Settings::default();
        settings.quirks.slot_after_send = stays;
        let mut desk = Desk::new(settings);
        desk.command("AT+CMGW=22");
        desk.type_in(&format!("{SUBMIT}\u{1a}"));
        if let Some(fault) = fault.clone() {
            desk.simulator.fail_send(fault);
        }
        desk.command("AT+CMSS=1");
        desk.wait(10_000);
        assert_eq!(desk.submitted(), 1);
        let read = desk.command("AT+CMGR=1");
        assert!(
            read.contains(&format!("+CMGR: {status},,22\r\n")),
            "{fault:?} {stays:?}: {read}"
        );
    }
}

/// Row 32, the capacity, and `+CMMS=1`, which falls back.
#[test]
fn memories_fill_and_links_are_not_kept() {
    let mut desk = Desk::new(Settings {
        sim_capacity: 1,
        ..Settings::default()
    });
    for answer in [
        format!("\r\n+CMGW: 1\r\n{OK}"),
        "\r\n+CMS ERROR: 322\r\n".to_owned(),
    ] {
        desk.command("AT+CMGW=22");
        assert_eq!(desk.type_in(&format!("{SUBMIT}\u{1a}")), answer);
    }
    desk.command("AT+CMMS=1");
    desk.wait(4_000);
    assert_eq!(desk.command("AT+CMMS?"), format!("\r\n+CMMS: 1\r\n{OK}"));
    desk.wait(4_000);
    assert_eq!(desk.command("AT+CMMS?"), format!("\r\n+CMMS: 0\r\n{OK}"));
    desk.command("AT+CMMS=2");
    desk.wait(60_000);
    assert_eq!(desk.command("AT+CMMS?"), format!("\r\n+CMMS: 2\r\n{OK}"));
}
