//! Calls, USSD by the network, the network's time, registration: more than messages, in virtual time.

mod desk;

use std::time::Duration;

use desk::{Desk, OK};
use modem_sim::{Call, CallEnd, Family, HangUp, Registration, Settings, SimCard, UssdStep};

fn call(from: Option<&str>, seconds: u64, ends: CallEnd) -> Call {
    Call {
        from: from.map(str::to_owned),
        rings_for: Duration::from_secs(seconds),
        ends,
    }
}

#[test]
fn a_call_rings_every_five_seconds_until_it_ends() {
    let clip = "\r\n+CLIP: \"+12025550101\",145,,,,0\r\n";
    let withheld = "\r\n+CLIP: \"\",128,,,,1\r\n";
    for (family, set_up, from, ends, expected) in [
        (
            Family::Plain,
            "AT",
            None,
            CallEnd::GivenUp,
            "\r\nRING\r\n".repeat(3) + "\r\nNO CARRIER\r\n",
        ),
        (
            Family::Plain,
            "AT+CLIP=1",
            Some("+12025550101"),
            CallEnd::AnsweredElsewhere,
            format!("\r\nRING\r\n{clip}").repeat(3) + "\r\nNO CARRIER\r\n",
        ),
        (
            Family::Sim800,
            "AT+CLIP=1;+CRC=1",
            None,
            CallEnd::GivenUp,
            format!("\r\n+CRING: VOICE\r\n{withheld}").repeat(3) + "\r\nNO CARRIER\r\n",
        ),
        (
            Family::Qualcomm,
            "AT",
            Some("+12025550101"),
            CallEnd::GivenUp,
            "\r\nRING\r\n".repeat(3) + "\r\nMISSED_CALL: 00:00 +12025550101\r\n",
        ),
        (
            Family::Huawei,
            "AT",
            Some("+12025550101"),
            CallEnd::AnsweredElsewhere,
            "\r\nRING\r\n".repeat(3) + "\r\n^CEND:1,0,104,26\r\n\r\nNO CARRIER\r\n",
        ),
    ] {
        let mut desk = Desk::new(Settings {
            family,
            ..Settings::default()
        });
        assert_eq!(desk.command(set_up), OK);
        assert!(desk.simulator.call(desk.now, call(from, 14, ends)));
        let busy = desk.simulator.call(desk.now, call(from, 14, ends));
        assert!(!busy, "one call at a time");
        assert_eq!(desk.wait(60_000), expected, "{family:?}");
        assert_eq!(desk.simulator.poll_timeout(), None);
    }
}

#[test]
fn a_call_is_listed_hung_up_or_answered() {
    for (hang_up, commands) in [
        (HangUp::Ath, &["ATH"][..]),
        (HangUp::Ath, &["AT+CHUP"]),
        (HangUp::AthAfterCvhu, &["AT+CHUP"]),
        (HangUp::AthAfterCvhu, &["ATH", "AT+CVHU=0", "ATH"]),
    ] {
        let mut settings = Settings::default();
        settings.quirks.hang_up = hang_up;
        let mut desk = Desk::new(settings);
        assert_eq!(
            desk.command("AT+CLCC;+CPAS"),
            format!("\r\n+CPAS: 0\r\n{OK}")
        );
        let caller = Some("+12025550101");
        desk.simulator
            .call(desk.now, call(caller, 60, CallEnd::GivenUp));
        assert_eq!(desk.read(), "\r\nRING\r\n");
        assert_eq!(
            desk.command("AT+CLCC;+CPAS"),
            format!("\r\n+CLCC: 1,1,4,0,0,\"+12025550101\",145\r\n+CPAS: 3\r\n{OK}")
        );
        let (last, before) = commands.split_last().unwrap();
        for command in before {
            assert_eq!(desk.command(command), OK, "{command}: the call goes on");
        }
        assert_eq!(
            desk.command(last),
            format!("{OK}\r\nNO CARRIER\r\n"),
            "{commands:?}"
        );
        assert_eq!(desk.wait(60_000), "");
    }
    let mut desk = Desk::new(Settings::default());
    assert_eq!(desk.command("ATA"), format!("\r\nNO CARRIER\r\n{OK}"));
    desk.simulator
        .call(desk.now, call(None, 8, CallEnd::GivenUp));
    assert_eq!(desk.command("ATA"), format!("\r\nRING\r\n{OK}"));
    assert!(
        desk.command("AT+CLCC")
            .contains("+CLCC: 1,1,0,0,0,\"\",128")
    );
    assert_eq!(desk.wait(60_000), "\r\nNO CARRIER\r\n", "it rings no more");
    desk.simulator
        .set_coverage(desk.now, Registration::Searching);
    assert!(
        !desk
            .simulator
            .call(desk.now, call(None, 8, CallEnd::GivenUp))
    );
}

#[test]
fn the_network_speaks_by_ussd_and_waits_only_so_long() {
    let step = |reply: &str, more| UssdStep {
        request: String::new(),
        reply: reply.to_owned(),
        more,
    };
    let mut desk = Desk::new(Settings {
        ussd_timeout: Duration::from_secs(30),
        ..Settings::default()
    });
    desk.simulator.push_ussd(desk.now, step("unheard", false));
    assert_eq!(desk.read(), "", "nobody asked for it");
    desk.command("AT+CUSD=1");
    desk.simulator.push_ussd(desk.now, step("Plan ends", false));
    assert_eq!(desk.read(), "\r\n+CUSD: 0,\"Plan ends\",15\r\n");
    assert_eq!(desk.wait(120_000), "");

    desk.simulator.push_ussd(desk.now, step("1 Yes", true));
    assert_eq!(desk.read(), "\r\n+CUSD: 1,\"1 Yes\",15\r\n");
    assert_eq!(desk.wait(29_000), "");
    assert_eq!(
        desk.wait(2_000),
        "\r\n+CUSD: 5\r\n",
        "the network's time-out"
    );

    // An answer in time, and a cancelled dialogue, have no time-out.
    desk.simulator.push_ussd(desk.now, step("1 Yes", true));
    desk.read();
    assert_eq!(desk.command("AT+CUSD=1,\"1\",15"), OK);
    assert!(
        desk.wait(120_000)
            .starts_with("\r\n+CUSD: 0,\"Your balance")
    );
    desk.command("AT+CUSD=1,\"*101#\",15");
    assert!(desk.wait(1_000).contains("+CUSD: 1,"));
    assert_eq!(desk.command("AT+CUSD=2"), OK);
    assert_eq!(desk.wait(120_000), "");
}

#[test]
fn the_network_tells_its_time_as_the_family_does() {
    for (family, set_up, expected) in [
        (Family::Plain, "AT", ""),
        (Family::Plain, "AT+CTZU=1;+CTZR=1", "\r\n+CTZV: \"+08\"\r\n"),
        (
            Family::Quectel,
            "AT+CTZR=2",
            "\r\n+CTZE: \"+08\",0,\"2026/01/01,02:00:00\"\r\n",
        ),
        (
            Family::Huawei,
            "AT",
            "\r\n^NWTIME:26/01/01,02:00:00+08,00\r\n",
        ),
        (Family::Huawei, "AT^CURC=0", ""),
        (
            Family::Sim800,
            "AT+CLTS=1",
            "\r\n*PSUTTZ: 2026,1,1,2,0,0,\"+8\",0\r\n\r\n+CTZV: \"+8\"\r\n\r\nDST: 0\r\n",
        ),
    ] {
        let mut desk = Desk::new(Settings {
            family,
            quarter_hours: 8,
            ..Settings::default()
        });
        assert_eq!(desk.command(set_up), OK);
        desk.simulator.network_time(desk.now);
        assert_eq!(desk.read(), expected, "{family:?} {set_up}");
    }
}

#[test]
fn another_sim_is_put_in_while_it_runs() {
    let mut desk = Desk::new(Settings {
        sim_busy_for: Duration::from_secs(3),
        ..Settings::default()
    });
    desk.wait(3_000);
    desk.command("AT+CREG=1;+CNMI=2,1;+CMEE=1");
    assert_eq!(desk.deliver("old"), "\r\n+CMTI: \"SM\",1\r\n");
    let sim = SimCard {
        iccid: "8901009999999999999".to_owned(),
        imsi: "001019999999999".to_owned(),
        own_number: None,
        pin: Some("4321".to_owned()),
    };
    desk.simulator.swap_sim(desk.now, &sim);
    assert_eq!(desk.read(), "\r\n+CREG: 0\r\n");
    assert_eq!(desk.command("AT+CPIN?"), "\r\n+CME ERROR: 14\r\n");
    assert_eq!(desk.wait(3_000), "");
    assert_eq!(
        desk.command("AT+CPIN?"),
        format!("\r\n+CPIN: SIM PIN\r\n{OK}")
    );
    assert_eq!(
        desk.command("AT+CPIN=4321"),
        format!("{OK}\r\n+CREG: 1\r\n")
    );
    assert_eq!(
        desk.command("AT+CCID;+CIMI;+CMGL=4"),
        format!("\r\n+CCID: 8901009999999999999\r\n001019999999999\r\n{OK}"),
        "and what the old one held is gone"
    );
}
