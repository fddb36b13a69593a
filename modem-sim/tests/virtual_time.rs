//! The modem's behaviour in virtual time: what a client reads after what it wrote.

mod desk;

use std::time::Duration;

use desk::{Desk, OK, SUBMIT, SUBMIT_WITH_REPORT};
use modem_sim::tpdu::{self, Report};
use modem_sim::{
    Chatter, EmptySlot, Event, Friend, Incoming, LostAnswer, NetworkTook, PduForm, Port, Prompt,
    RadioAtStart, Registration, Reports, SendFault, Settings, Simulator, UssdText,
};

fn check(settings: Settings, conversation: &[(&str, &str)]) {
    let mut desk = Desk::new(settings);
    for (command, answer) in conversation {
        let expected = match *answer {
            "OK" => OK.to_owned(),
            "" => String::new(),
            failure
                if failure == "ERROR"
                    || failure.starts_with("+CM") && failure.contains(" ERROR") =>
            {
                format!("\r\n{failure}\r\n")
            }
            line => format!("\r\n{line}\r\n{OK}"),
        };
        assert_eq!(desk.command(command), expected, "{command}");
        desk.now += Duration::from_millis(10);
    }
}

#[test]
fn general_commands() {
    check(
        Settings::default(),
        &[
            ("AT", "OK"),
            ("hello", ""),
            ("AT+FOO", "ERROR"),
            ("ATE0V1Q0&C1&D2S0=0", "OK"),
            ("A/", "OK"),
            ("AT+CGMM", "modem-sim"),
            ("AT+CGSN", "490154203237518"),
            ("AT+CIMI", "001010123456789"),
            ("AT+CCID", "+CCID: 8901001012345678905"),
            ("AT^ICCID?", "^ICCID: 8901001012345678905"),
            ("AT+CNUM", "+CNUM: \"\",\"+12025550198\",145"),
            ("AT+CPIN?", "+CPIN: READY"),
            ("AT+CREG?", "+CREG: 0,1"),
            ("AT+COPS?", "+COPS: 0,0,\"Simulated Mobile\",7"),
            ("AT+COPS=3,2;+COPS?", "+COPS: 0,2,\"00101\",7"),
            ("AT+CSQ", "+CSQ: 20,99"),
            ("AT+CSCA?", "+CSCA: \"+12025550199\",145"),
            (
                "AT+CSCA=\"12025550188\",145;+CSCA?",
                "+CSCA: \"+12025550188\",145",
            ),
            (
                "AT+CSCS=\"UCS2\";+COPS=3,1;+COPS?",
                "+COPS: 0,1,\"00530049004D\",7",
            ),
            ("AT+CSCS?", "+CSCS: \"UCS2\""),
            ("AT+CSCS=\"KLINGON\"", "ERROR"),
            ("AT+CMEE=1;+CMEE?", "+CMEE: 1"),
            ("AT+CSCS=\"KLINGON\"", "+CME ERROR: 4"),
            ("AT+CMEE=2", "OK"),
            ("AT+CSCS=\"KLINGON\"", "+CME ERROR: operation not supported"),
            ("AT+CFUN=4;+CREG?", "+CREG: 0,0"),
            ("AT+CFUN?", "+CFUN: 4"),
            ("AT+CSQ", "+CSQ: 99,99"),
            ("AT+COPS?", "+COPS: 0"),
            ("AT+COPS=0;+CREG?", "+CREG: 0,1"),
        ],
    );
}

#[test]
fn message_settings() {
    check(
        Settings::default(),
        &[
            ("AT+CSMS=1", "+CSMS: 1,1,1"),
            ("AT+CSMS?", "+CSMS: 1,1,1,1"),
            ("AT+CSMS=0", "+CSMS: 1,1,1"),
            ("AT+CMGF?", "+CMGF: 0"),
            ("AT+CMGF=2", "ERROR"),
            (
                "AT+CPMS=?",
                "+CPMS: (\"SM\",\"ME\",\"MT\",\"SR\"),(\"SM\",\"ME\",\"MT\"),(\"SM\",\"ME\",\"MT\")",
            ),
            ("AT+CPMS=\"MT\",\"ME\"", "+CPMS: 0,150,0,100,0,50"),
            ("AT+CPMS?", "+CPMS: \"MT\",0,150,\"ME\",0,100,\"SM\",0,50"),
            ("AT+CPMS=\"SM\",\"SR\"", "+CMS ERROR: 303"),
            ("AT+CNMI=?", "+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)"),
            ("AT+CNMI=2,1,0,2", "OK"),
            ("AT+CNMI?", "+CNMI: 2,1,0,2,0"),
            ("AT+CNMI=5", "+CMS ERROR: 303"),
            ("AT+CNMA", "+CMS ERROR: 340"),
            ("AT+CMMS=2;+CMMS?", "+CMMS: 2"),
            ("AT+CMGR=1", "+CMS ERROR: 321"),
            ("AT+CMGR=999", "+CMS ERROR: 321"),
            ("AT+CMGD=1", "OK"),
            ("AT+CMGD=0", "+CMS ERROR: 321"),
            ("AT+CMGL=4", "OK"),
            ("AT+CMGL=7", "+CMS ERROR: 303"),
            ("AT+CMSS=1", "+CMS ERROR: 321"),
        ],
    );
    let without_reports = Settings {
        report_capacity: 0,
        ..Settings::default()
    };
    check(
        without_reports,
        &[
            ("AT+CNMI=?", "+CNMI: (0-2),(0-3),(0,2),(0-1),(0,1)"),
            ("AT+CNMI=2,1,0,2", "+CMS ERROR: 303"),
            ("AT+CPMS=\"SR\"", "+CMS ERROR: 303"),
        ],
    );
}

#[test]
fn a_pin_is_asked_for_and_its_tries_are_counted() {
    let locked = || Settings {
        pin: Some("1234".to_owned()),
        ..Settings::default()
    };
    check(
        locked(),
        &[
            ("AT+CMEE=1", "OK"),
            ("AT+CPIN?", "+CPIN: SIM PIN"),
            ("AT+CIMI", "+CME ERROR: 11"),
            ("AT+CMGL=4", "+CMS ERROR: 311"),
            ("AT+CREG?", "+CREG: 0,0"),
            ("AT+CPIN=\"0000\"", "+CME ERROR: 16"),
            ("AT+CPINR", "+CPINR: SIM PIN,2,3"),
            ("AT+CPIN=\"1234\"", "OK"),
            ("AT+CPIN?", "+CPIN: READY"),
            ("AT+CPINR", "+CPINR: SIM PIN,3,3"),
            ("AT+CREG?", "+CREG: 0,1"),
            ("AT+CLCK=\"SC\",2", "+CLCK: 1"),
        ],
    );
    check(
        locked(),
        &[
            ("AT+CMEE=1", "OK"),
            ("AT+CPIN=0000", "+CME ERROR: 16"),
            ("AT+CPIN=0000", "+CME ERROR: 16"),
            ("AT+CPIN=0000", "+CME ERROR: 12"),
            ("AT+CPIN?", "+CPIN: SIM PUK"),
            ("AT+CPIN=1234", "+CME ERROR: 12"),
        ],
    );
}

#[test]
fn start_up_takes_its_time() {
    let slow = Settings {
        sim_busy_for: Duration::from_secs(10),
        ..Settings::default()
    };
    let mut desk = Desk::new(slow);
    assert_eq!(desk.command("AT+CMEE=1;+CPIN?"), "\r\n+CME ERROR: 14\r\n");
    assert_eq!(desk.deliver("early"), "");
    desk.wait(10_000);
    assert_eq!(
        desk.command("AT+CPIN?"),
        format!("\r\n+CPIN: READY\r\n{OK}")
    );
    assert!(desk.command("AT+CMGL=4").contains("+CMGL: 1,0,,"));

    // A stick that waits for the radio to be switched on, with registration lines (3GPP TS 27.007 §7.2).
    let mut desk = Desk::new(Settings {
        radio: RadioAtStart::Off,
        ..Settings::default()
    });
    assert_eq!(
        desk.command("AT+CREG=1;+CREG?"),
        format!("\r\n+CREG: 1,0\r\n{OK}")
    );
    assert_eq!(desk.command("AT+CFUN=1"), format!("{OK}\r\n+CREG: 1\r\n"));
    let now = desk.now;
    desk.simulator.set_coverage(now, Registration::Searching);
    assert_eq!(desk.read(), "\r\n+CREG: 2\r\n");
    assert_eq!(desk.send(SUBMIT), "");
    assert_eq!(desk.wait(1_000), "\r\n+CMS ERROR: 331\r\n");
}

#[test]
fn arrivals_go_where_cnmi_sends_them() {
    let stored = "\r\n+CMTI: \"SM\",1\r\n";
    for (cnmi, class, head) in [
        ("0,0", None, ""),
        ("2,0", None, ""),
        ("2,1", None, stored),
        ("1,1", Some(1), stored),
        ("2,1", Some(0), "\r\n+CMT: ,20\r\n"),
        ("2,2", None, "\r\n+CMT: ,20\r\n"),
        ("2,2", Some(2), stored),
        ("2,3", Some(3), "\r\n+CMT: ,20\r\n"),
        ("2,3", Some(1), stored),
        ("0,1", None, ""), // kept back until the mode changes
    ] {
        let mut desk = Desk::new(Settings::default());
        assert_eq!(desk.command(&format!("AT+CNMI={cnmi}")), OK);
        let incoming = Incoming {
            class,
            ..Incoming::new("+12025550101", "a")
        };
        desk.simulator.deliver(Duration::ZERO, &incoming).unwrap();
        let read = desk.read();
        let (first, rest) = read.split_at(head.len());
        assert_eq!(first, head, "{cnmi} {class:?}");
        let direct = head.contains("+CMT:");
        assert_eq!(rest.is_empty(), !direct, "{cnmi} {class:?}");
        let held = desk.simulator.card().used(modem_sim::card::Memory::Sim);
        assert_eq!(held, usize::from(!direct), "{cnmi} {class:?}");
    }
    let mut desk = Desk::new(Settings::default());
    desk.command("AT+CNMI=0,1");
    assert_eq!(desk.deliver("a"), "");
    assert_eq!(desk.command("AT+CNMI=2,1"), format!("{OK}{stored}"));
}

#[test]
fn reading_marks_as_read_and_deleting_makes_room() {
    let mut desk = Desk::new(Settings {
        sim_capacity: 2,
        ..Settings::default()
    });
    desk.command("AT+CNMI=2,1");
    assert_eq!(desk.deliver("one"), "\r\n+CMTI: \"SM\",1\r\n");
    assert_eq!(desk.deliver("two"), "\r\n+CMTI: \"SM\",2\r\n");
    assert_eq!(desk.deliver("three"), "", "the SIM is full");
    for (command, statuses) in [
        ("AT+CMGR=1", &["+CMGR: 0,,22"][..]),
        ("AT+CMGR=1", &["+CMGR: 1,,22"]),
        ("AT+CMGL=0", &["+CMGL: 2,0,,22"]),
        ("AT+CMGL=0", &[]),
        ("AT+CMGL=1", &["+CMGL: 1,1,,22", "+CMGL: 2,1,,22"]),
        ("AT+CMGL=4", &["+CMGL: 1,1,,22", "+CMGL: 2,1,,22"]),
    ] {
        let answer = desk.command(command);
        let found: Vec<&str> = answer
            .lines()
            .filter(|line| line.starts_with('+'))
            .collect();
        assert_eq!(found, statuses, "{command}");
    }
    assert_eq!(
        desk.command("AT+CMGD=1"),
        format!("{OK}\r\n+CMTI: \"SM\",1\r\n"),
        "the third comes now"
    );
    assert!(desk.command("AT+CMGR=1").contains("+CMGR: 0,,24"));
    assert_eq!(desk.command("AT+CMGD=1,4"), OK);
    assert_eq!(
        desk.command("AT+CMGD=?"),
        format!("\r\n+CMGD: (),(0-4)\r\n{OK}")
    );
}

#[test]
fn direct_arrivals_want_an_acknowledgement_under_csms_1() {
    let mut desk = Desk::new(Settings::default());
    desk.command("AT+CSMS=1;+CNMI=2,2,0,1");
    assert!(desk.deliver("one").starts_with("\r\n+CMT: ,22\r\n"));
    assert_eq!(desk.deliver("two"), "", "one at a time");
    assert!(
        desk.command("AT+CNMA")
            .starts_with(&format!("{OK}\r\n+CMT: ,22\r\n"))
    );
    // No acknowledgement: direct routing ends and the message is stored (3GPP TS 27.005 §3.4.4).
    assert_eq!(desk.wait(15_000), "");
    assert_eq!(
        desk.command("AT+CNMI?"),
        format!("\r\n+CNMI: 2,0,0,0,0\r\n{OK}")
    );
    assert!(desk.command("AT+CMGL=4").contains("+CMGL: 1,0,,22"));
}

#[test]
fn a_send_is_answered_recorded_and_reported() {
    let mut desk = Desk::new(Settings::default());
    desk.command("AT+CNMI=2,1,0,1");
    assert_eq!(desk.send(SUBMIT_WITH_REPORT), "");
    assert_eq!(desk.submitted(), 1, "the network has it at Ctrl-Z");
    let answer = desk.wait(100);
    let submission = desk
        .simulator
        .network()
        .submitted(0)
        .next()
        .unwrap()
        .clone();
    assert_eq!(
        answer,
        format!("\r\n+CMGS: {}\r\n{OK}", submission.reference)
    );
    assert_eq!(
        (submission.to.as_str(), submission.text.as_str()),
        ("+12025550100", "hellohello")
    );
    let report = desk.wait(400);
    let (head, pdu) = report.trim().split_once("\r\n").unwrap();
    assert_eq!(head, "+CDS: 25");
    let octets = tpdu::from_hex(pdu).unwrap();
    let (_, tpdu) = tpdu::split_service_centre(&octets).unwrap();
    let report = Report::read(tpdu).unwrap();
    assert_eq!((report.reference, report.status), (submission.reference, 0));
    assert_eq!(report.recipient.to_string(), "+12025550100");
    let events: Vec<Event> = std::iter::from_fn(|| desk.simulator.poll_event()).collect();
    assert!(
        matches!(
            events[..],
            [
                Event::Submitted(_),
                Event::Message(_),
                Event::Reported { .. }
            ]
        ),
        "{events:?}"
    );

    desk.simulator.settings_mut().reports = Reports::Failed;
    desk.command("AT+CNMI=2,1,0,2");
    desk.send(SUBMIT_WITH_REPORT);
    assert!(desk.wait(1_000).ends_with("\r\n+CDSI: \"SR\",1\r\n"));
    let read = desk.command("AT+CPMS=\"SR\";+CMGR=1");
    assert!(
        read.contains("+CMGR: 0,,25\r\n") && read.contains("46\r\n"),
        "{read}"
    );
}

#[test]
fn pdus_that_do_not_hold_are_refused() {
    for (length, pdu, result) in [
        (21, SUBMIT, "\r\n+CMS ERROR: 304\r\n"), // another length than announced
        (22, "zz", "\r\n+CMS ERROR: 304\r\n"),   // no hexadecimal digits
        (
            22,
            "0004000B912120550501F000000AE8329BFD4697D9EC37",
            "\r\n+CMS ERROR: 304\r\n",
        ), // no SMS-SUBMIT
    ] {
        let mut desk = Desk::new(Settings::default());
        assert_eq!(desk.command(&format!("AT+CMGS={length}")), "\r\n> ");
        let answer = desk.type_in(&format!("{pdu}\u{1a}"));
        assert_eq!(answer + &desk.wait(1_000), result, "{pdu}");
        assert_eq!(desk.submitted(), 0);
    }
    let mut desk = Desk::new(Settings::default());
    desk.command("AT+CMGS=22");
    assert_eq!(desk.type_in("0001\u{1b}"), OK, "ESC cancels");
    assert_eq!(desk.command("AT"), OK);
    assert_eq!(desk.submitted(), 0);
}

#[test]
fn faults_of_a_send() {
    use SendFault::{
        AfterSubmit, ArrivalBeforeResult, BareError, BeforePrompt, DoubledResult, DropPort, Hold,
        LateAnswer, LineBeforePrompt, LineBeforeResult, LoseAnswer, NoPrompt, OkWithoutReference,
        PowerLost,
    };
    let line = || "+ZPASR: \"UMTS\"".to_owned();
    let echoed = format!("{SUBMIT}{OK}");
    // "#" stands for the reference. What is read at the command, then within a second of Ctrl-Z; whether it left.
    for (fault, at_command, after, left) in [
        (BeforePrompt { code: 500 }, "\r\n+CMS ERROR: 500\r\n", "", 0),
        (
            AfterSubmit {
                code: 38,
                network: NetworkTook::Nothing,
            },
            "\r\n> ",
            "\r\n+CMS ERROR: 38\r\n",
            0,
        ),
        (
            AfterSubmit {
                code: 512,
                network: NetworkTook::It,
            },
            "\r\n> ",
            "\r\n+CMS ERROR: 512\r\n",
            1,
        ),
        (NoPrompt, "", "\r\n+CMGS: #\r\n\r\nOK\r\n", 1),
        (LoseAnswer, "\r\n> ", "", 1),
        (LateAnswer(Duration::from_secs(150)), "\r\n> ", "", 1),
        (Hold, "\r\n> ", "", 1),
        (OkWithoutReference, "\r\n> ", &echoed, 1),
        (BareError, "\r\n> ", "\r\nERROR\r\n", 1),
        (
            LineBeforeResult(line()),
            "\r\n> ",
            "\r\n+ZPASR: \"UMTS\"\r\n+CMGS: #\r\n\r\nOK\r\n",
            1,
        ),
        (
            LineBeforePrompt(line()),
            "\r\n+ZPASR: \"UMTS\"\r\n> ",
            "\r\n+CMGS: #\r\n\r\nOK\r\n",
            1,
        ),
        (
            DoubledResult,
            "\r\n> ",
            "\r\n+CMGS: #\r\n\r\nOK\r\nOK\r\n",
            1,
        ),
        (DropPort(Duration::from_secs(5)), "\r\n> ", "", 1),
        (
            ArrivalBeforeResult(Incoming::new("+12025550101", "now")),
            "\r\n> ",
            "\r\n+CMGS: #\r\n\r\nOK\r\n",
            1,
        ),
    ] {
        let mut desk = Desk::new(Settings::default());
        desk.simulator.fail_send(fault.clone());
        assert_eq!(desk.command("AT+CMGS=22"), at_command, "{fault:?}");
        desk.type_in(&format!("{SUBMIT}\u{1a}"));
        let reference = desk
            .simulator
            .network()
            .submitted(0)
            .next()
            .map_or(0, |part| part.reference);
        assert_eq!(
            desk.wait(1_000),
            after.replace('#', &reference.to_string()),
            "{fault:?}"
        );
        assert_eq!(desk.submitted(), left, "{fault:?}");
        match fault {
            LateAnswer(_) => {
                assert_eq!(
                    desk.command("AT"),
                    OK,
                    "other commands are answered meanwhile"
                );
                assert_eq!(
                    desk.wait(150_000),
                    format!("\r\n+CMGS: {reference}\r\n{OK}")
                );
            }
            Hold => {
                assert_eq!(desk.command("AT"), OK);
                let now = desk.now;
                assert!(desk.simulator.release(now));
                assert_eq!(desk.read(), format!("\r\n+CMGS: {reference}\r\n{OK}"));
                assert!(!desk.simulator.release(now));
            }
            DropPort(_) | PowerLost(_) => {
                assert_eq!(desk.simulator.port(), Port::Closed);
                assert_eq!(desk.command("AT"), "");
                desk.wait(5_000);
                assert_eq!(desk.simulator.port(), Port::Open);
                assert_eq!(desk.command("AT"), format!("AT\r{OK}"), "echo is on again");
            }
            BeforePrompt { .. }
            | AfterSubmit { .. }
            | NoPrompt
            | LoseAnswer
            | OkWithoutReference
            | BareError
            | LineBeforeResult(_)
            | LineBeforePrompt(_)
            | DoubledResult
            | ArrivalBeforeResult(_) => {
                assert_eq!(desk.command("AT"), OK, "{fault:?}");
            }
        }
    }
}

#[test]
fn faults_of_the_modem() {
    let mut desk = Desk::new(Settings::default());
    desk.deliver("one");
    desk.simulator.lose_answer(LostAnswer {
        command: "+CMGD".to_owned(),
    });
    assert_eq!(desk.command("AT+CMGL=0").lines().count(), 5);
    assert_eq!(
        desk.command("AT+CMGD=1"),
        "",
        "it took effect without an answer"
    );
    assert_eq!(desk.command("AT+CMGL=4"), OK);

    desk.simulator.hang(desk.now, Duration::from_secs(5));
    assert_eq!(desk.command("AT"), "");
    desk.command("AT+CNMI=2,1");
    assert_eq!(desk.wait(5_000), format!("{OK}{OK}"));

    assert_eq!(desk.type_in("AT+C"), "");
    desk.simulator.say(desk.now, "^RSSI:3");
    assert_eq!(desk.deliver("x"), "", "lines wait while a command is typed");
    assert_eq!(
        desk.type_in("SQ\r"),
        format!("\r\n+CSQ: 20,99\r\n{OK}\r\n^RSSI:3\r\n\r\n+CMTI: \"SM\",1\r\n")
    );

    desk.simulator.drop_port(desk.now, Duration::from_secs(3));
    assert_eq!(desk.deliver("while away"), "");
    assert_eq!(desk.wait(3_000), "");
    let listed = desk.command("ATE0;+CMGL=4");
    assert!(
        listed.contains("+CMGL: 1,0,,") && listed.contains("+CMGL: 2,0,,"),
        "{listed}"
    );

    assert_eq!(desk.command("AT+CFUN=1,1"), OK);
    desk.wait(200);
    assert_eq!(desk.simulator.port(), Port::Closed);
}

#[test]
fn quirks() {
    let mut settings = Settings {
        first_index: 0,
        ..Settings::default()
    };
    settings.quirks.empty_slot = EmptySlot::BareOk;
    settings.quirks.prompt = Prompt::WithLineEnd;
    settings.quirks.chatter = Some(Chatter {
        line: "^BOOT:91409020,0,0,0,6".to_owned(),
        every_ms: 30_000,
    });
    settings.quirks.refused_commands = vec!["+CMMS".to_owned()];
    settings.quirks.without_final = vec!["+CPIN?".to_owned()];
    settings.quirks.silent_commands = vec!["+CMGL=4".to_owned()];
    settings.refused.insert("+12025550100".to_owned(), 38);
    let mut desk = Desk::new(settings);
    assert_eq!(desk.command("AT+CMGR=0"), OK);
    assert_eq!(desk.command("AT+CMGR=50"), "\r\n+CMS ERROR: 321\r\n");
    assert_eq!(desk.command("AT+CMMS=2"), "\r\n+CMS ERROR: 500\r\n");
    assert_eq!(desk.command("AT+CPIN?"), "\r\n+CPIN: READY\r\n");
    assert_eq!(desk.command("AT+CMGL=4"), "");
    assert_eq!(desk.command("AT+CMGS=22"), "\r\n> \r\n");
    desk.type_in(&format!("{SUBMIT}\u{1a}"));
    assert_eq!(desk.wait(100), "\r\n+CMS ERROR: 38\r\n");
    assert_eq!(desk.submitted(), 0);
    assert_eq!(desk.wait(60_000).matches("^BOOT").count(), 2);
}

#[test]
fn quirks_of_listings_and_start_up() {
    let pdu = "07912120550591F9040B912120550501F10000621010000000000178";
    for (pdu_form, shown) in [
        (PduForm::Upper, pdu.to_owned()),
        (PduForm::Lower, pdu.to_ascii_lowercase()),
        (PduForm::TrailingQuote, format!("{pdu}\"")),
        (PduForm::Padded, format!("{pdu}{}", "FF".repeat(144))),
    ] {
        let mut settings = Settings::default();
        settings.quirks.pdu_form = pdu_form;
        settings.quirks.cpms_memories = 1;
        let mut desk = Desk::new(settings);
        desk.deliver("x");
        assert_eq!(
            desk.command("AT+CMGR=1"),
            format!("\r\n+CMGR: 0,,20\r\n{shown}\r\n{OK}")
        );
        assert_eq!(
            desk.command("AT+CPMS?"),
            format!("\r\n+CPMS: \"SM\",1,50\r\n{OK}")
        );
        assert_eq!(
            desk.command("AT+CPMS=\"ME\",\"ME\""),
            "\r\n+CMS ERROR: 303\r\n"
        );
    }
    let mut settings = Settings::default();
    settings.quirks.greeting = "\0\0\r\nRDY\r\n".to_owned();
    let mut simulator = Simulator::new(settings);
    assert_eq!(
        simulator.poll_output().as_deref(),
        Some(&b"\0\0\r\nRDY\r\n"[..])
    );
}

#[test]
fn latencies_hold_the_next_command_back() {
    let latency = Duration::from_millis(50);
    let mut desk = Desk {
        simulator: Simulator::new(Settings {
            command_latency: latency,
            ..Settings::default()
        }),
        now: Duration::ZERO,
    };
    assert_eq!(desk.command("AT"), "AT\r");
    assert_eq!(desk.command("AT+CSQ"), "");
    assert_eq!(desk.simulator.poll_timeout(), Some(latency));
    assert_eq!(desk.wait(50), format!("{OK}AT+CSQ\r"));
    assert_eq!(desk.wait(50), format!("\r\n+CSQ: 20,99\r\n{OK}"));
    assert_eq!(desk.simulator.poll_timeout(), None);
}

#[test]
fn written_messages_are_sent_from_their_slots() {
    let mut desk = Desk::new(Settings::default());
    assert_eq!(desk.command("AT+CMGW=22"), "\r\n> ");
    assert_eq!(
        desk.type_in(&format!("{SUBMIT}\u{1a}")),
        format!("\r\n+CMGW: 1\r\n{OK}")
    );
    assert!(
        desk.command("AT+CMGR=1")
            .starts_with("\r\n+CMGR: 2,,22\r\n")
    );
    // Accepted by the network, the acknowledgement lost: the slot stays unsent.
    desk.simulator.fail_send(SendFault::AfterSubmit {
        code: 332,
        network: NetworkTook::It,
    });
    desk.command("AT+CMSS=1");
    assert_eq!(desk.wait(100), "\r\n+CMS ERROR: 332\r\n");
    assert!(
        desk.command("AT+CMGR=1")
            .starts_with("\r\n+CMGR: 2,,22\r\n")
    );
    desk.command("AT+CMSS=1");
    assert!(desk.wait(100).starts_with("\r\n+CMSS: "));
    assert!(
        desk.command("AT+CMGR=1")
            .starts_with("\r\n+CMGR: 3,,22\r\n")
    );
    assert_eq!(desk.submitted(), 2);
}

#[test]
fn text_mode() {
    let mut desk = Desk::new(Settings::default());
    desk.command("AT+CMGF=1;+CNMI=2,1");
    desk.deliver("hi there");
    assert_eq!(
        desk.command("AT+CMGR=1"),
        format!(
            "\r\n+CMGR: \"REC UNREAD\",\"+12025550101\",,\"26/01/01,00:00:00+00\"\r\nhi there\r\n{OK}"
        )
    );
    assert_eq!(
        desk.command("AT+CMGL=\"ALL\""),
        format!(
            "\r\n+CMGL: 1,\"REC READ\",\"+12025550101\",,\"26/01/01,00:00:00+00\"\r\nhi there\r\n{OK}"
        )
    );
    assert_eq!(desk.command("AT+CMGS=\"+12025550100\""), "\r\n> ");
    desk.type_in("hello\u{1a}");
    assert!(desk.wait(100).contains("+CMGS: "));
    desk.command("AT+CSCS=\"UCS2\";+CSMP=49,167,0,8;+CMGS=\"002B00310032003000320035003500350030003100300030\"");
    desk.type_in("06330644\u{1a}");
    desk.wait(100);
    let sent: Vec<_> = desk
        .simulator
        .network()
        .submitted(0)
        .map(|part| (part.to.as_str(), part.text.as_str(), part.srr))
        .collect();
    assert_eq!(
        sent,
        [
            ("+12025550100", "hello", false),
            ("+12025550100", "سل", true)
        ]
    );
}

#[test]
fn ussd_and_calls() {
    for (form, request, answer) in [
        (
            UssdText::Plain,
            "*100#",
            "+CUSD: 0,\"Your balance is 12.50.",
        ),
        (
            UssdText::Plain,
            "*101#",
            "+CUSD: 1,\"1 Balance\n2 Own number\",15",
        ),
        (UssdText::Plain, "*999#", "+CUSD: 4"),
        (UssdText::PackedHex, "AA180C3602", "+CUSD: 0,\"D9775D0E"), // *100# in packed septets
        (
            UssdText::Ucs2Hex,
            "002A0031003000300023",
            "+CUSD: 0,\"0059006F0075",
        ),
    ] {
        let mut settings = Settings::default();
        settings.quirks.ussd_text = form;
        let mut desk = Desk::new(settings);
        assert_eq!(desk.command(&format!("AT+CUSD=1,\"{request}\",15")), OK);
        let came = desk.wait(1_000);
        assert!(
            came.starts_with(&format!("\r\n{answer}")),
            "{request}: {came}"
        );
    }
    let mut desk = Desk::new(Settings::default());
    desk.command("AT+CLIP=1");
    desk.simulator.ring(desk.now, "+12025550101");
    assert_eq!(
        desk.wait(10_000),
        "\r\nRING\r\n\r\n+CLIP: \"+12025550101\",145,,,,0\r\n".repeat(2) + "\r\nNO CARRIER\r\n"
    );
}

#[test]
fn friends_answer_and_a_seed_repeats_itself() {
    let run = |seed| {
        let mut desk = Desk::new(Settings {
            seed,
            friends: Friend::pair(),
            ..Settings::default()
        });
        desk.command("AT+CNMI=2,1");
        let mut read = String::new();
        for _ in 0..4 {
            read.push_str(&desk.send(SUBMIT));
            read.push_str(&desk.wait(5_000));
        }
        read.push_str(&desk.command("AT+CMGL=4"));
        read
    };
    let first = run(7);
    assert_eq!(first.matches("+CMTI").count(), 4);
    assert_eq!(first, run(7));
    assert_ne!(first, run(8));
}

/// Whatever a client types, it neither panics nor keeps more than it may.
#[test]
fn noise_is_survived() {
    let mut desk = Desk::new(Settings::default());
    let mut state = 1_u64;
    for _ in 0..200 {
        let noise: Vec<u8> = (0..512)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                match state >> 60 {
                    0 => b'\r',
                    1 => 0x1A,
                    2 => 0x1B,
                    3..=6 => b"AT+CMGS=,\"1?;"[usize::try_from(state >> 33).unwrap() % 13],
                    _ => state.to_be_bytes()[2],
                }
            })
            .collect();
        desk.simulator.handle_input(desk.now, &noise);
        desk.simulator.poll_output();
        desk.now += Duration::from_secs(1);
    }
    desk.type_in("\u{1b}\r");
    assert!(desk.command("ATE0").ends_with(OK));
    assert_eq!(desk.command("AT"), OK);
}
