//! What the profiles answer and print, in virtual time.

mod desk;

use std::time::Duration;

use desk::{Desk, OK, SUBMIT};
use modem_sim::card::Memory;
use modem_sim::{Port, Profile};

/// A modem of that profile without latencies, echo off, some time after its start.
fn started(profile: Profile) -> Desk {
    let mut settings = profile.settings();
    settings.command_latency = Duration::ZERO;
    settings.command_jitter = Duration::ZERO;
    settings.latencies.clear();
    settings.quirks.chatter = None;
    settings.quirks.more_chatter.clear();
    let mut desk = Desk::raw(settings);
    desk.wait(20_000);
    assert_eq!(desk.command("ATE0"), format!("ATE0\r{OK}"));
    desk
}

#[test]
fn each_says_who_it_is_and_what_it_offers() {
    use Profile::{
        HuaweiE173, HuaweiE3531, ProlinkPhs100, QuectelEc25, Sim800, UbloxSaraU201, WavecomM1306,
        ZteMf180,
    };
    let iccid = "8901001012345678905";
    for (profile, command, expected) in [
        (ProlinkPhs100, "AT+CGMI", "QUALCOMM INCORPORATED"),
        (ProlinkPhs100, "AT+GCAP", "+GCAP: +CGSM,+DS,+ES"),
        (ProlinkPhs100, "AT+CICCID", &format!("+ICCID: {iccid}")),
        (ProlinkPhs100, "AT+CREG?", "+CREG: 0,0"),
        (ProlinkPhs100, "AT+COPS=0;+CREG?", "+CREG: 0,1"),
        (
            ProlinkPhs100,
            "AT+CFUN=1;+CREG=2;+CREG?",
            "+CREG: 2,1,\"00A1\",\"0000B2C3\",2",
        ),
        (HuaweiE173, "AT+CGMI;+CGMM", "huawei\r\nE173"),
        (
            HuaweiE173,
            "AT+CPMS=?",
            "+CPMS: (\"ME\",\"MT\",\"SM\",\"SR\"),(\"ME\",\"MT\",\"SM\",\"SR\"),(\"ME\",\"MT\",\"SM\",\"SR\")",
        ),
        (
            HuaweiE173,
            "AT+CPMS?",
            "+CPMS: \"ME\",0,23,\"ME\",0,23,\"ME\",0,23",
        ),
        (HuaweiE173, "AT+CREG=2;+CREG?", "+CREG: 2,1,A1,B2C3"),
        (HuaweiE173, "AT^ICCID?", &format!("^ICCID: {iccid}")),
        (HuaweiE173, "AT^SYSINFO", "^SYSINFO:2,3,0,5,1"),
        (
            HuaweiE3531,
            "AT+CPMS=\"SM\",\"SM\",\"SM\"",
            "+CPMS: 0,50,0,50,0,50",
        ),
        (
            HuaweiE3531,
            "AT+CNMI=?",
            "+CNMI: (0-2),(0-3),(0,2,3),(0-1),(0,1)",
        ),
        (ZteMf180, "AT+CGMI;+CGMM", "ZTE CORPORATION\r\nMF180"),
        (ZteMf180, "AT+ZGETICCID", &format!("+ZGETICCID: {iccid}")),
        (
            ZteMf180,
            "AT+CPMS=\"SM\",\"SM\",\"SM\"",
            "+CPMS: 0,50,0,50,0,50",
        ),
        (QuectelEc25, "AT+QCCID", &format!("+QCCID: {iccid}")),
        (
            QuectelEc25,
            "AT+CPMS?",
            "+CPMS: \"ME\",0,255,\"ME\",0,255,\"ME\",0,255",
        ),
        (QuectelEc25, "AT+CEREG?", "+CEREG: 0,1"),
        (QuectelEc25, "AT+COPS?", "+COPS: 0,0,\"Simulated Mobile\",7"),
        (Sim800, "AT+CCID", iccid),
        (Sim800, "AT+CPMS=?", "+CPMS: (\"SM\"),(\"SM\"),(\"SM\")"),
        (Sim800, "AT+CNMI=?", "+CNMI: (0-3),(0-3),(0,2),(0,1),(0,1)"),
        (Sim800, "AT+COPS?", "+COPS: 0,0,\"Simulated Mobile\""),
        (UbloxSaraU201, "AT+CCID", &format!("+CCID: {iccid}")),
        (
            UbloxSaraU201,
            "AT+CPMS=?",
            "+CPMS: (\"ME\",\"SM\",\"MT\",\"SR\"),(\"ME\",\"SM\",\"MT\"),(\"ME\",\"SM\",\"MT\")",
        ),
        (WavecomM1306, "AT+CGMM", " MULTIBAND  900E  1800 "),
        (
            WavecomM1306,
            "AT+CPMS=?",
            "+CPMS: ((\"SM\",\"BM\",\"SR\"),(\"SM\"))",
        ),
        (WavecomM1306, "AT+CPMS=\"SM\",\"SM\"", "+CPMS: 0,20,0,20"),
        (WavecomM1306, "AT+CNMI=3,3,3,2,1;+CNMI?", "+CNMI: 3,3,3,2,1"),
    ] {
        let mut desk = started(profile);
        assert_eq!(
            desk.command(command),
            format!("\r\n{expected}\r\n{OK}"),
            "{} {command}",
            profile.name()
        );
    }
}

#[test]
fn each_lacks_what_it_lacks() {
    use Profile::{HuaweiE173, QuectelEc25, Sim800, WavecomM1306, ZteMf180};
    let not_support = "\r\nCOMMAND NOT SUPPORT\r\n";
    let error = "\r\nERROR\r\n";
    let ready = "\r\n+CPIN: READY\r\n";
    for (profile, command, expected) in [
        (HuaweiE173, "AT+CEREG?", not_support),
        (HuaweiE173, "AT+NOSUCH", not_support),
        (HuaweiE173, "AT+CMGL=4", ""),
        (HuaweiE173, "AT+CMGR=3", OK),
        (HuaweiE173, "AT+CCID", not_support),
        (ZteMf180, "AT+CEREG=2", error),
        (ZteMf180, "AT+ZOPRT=5", OK),
        (QuectelEc25, "AT^ICCID?", error),
        (Sim800, "AT+CNMI=2,1,0,2", "\r\n+CMS ERROR: 303\r\n"),
        (Sim800, "AT+CNMI=2,1,0,1", OK),
        (Sim800, "AT+CPMS=\"ME\"", "\r\n+CMS ERROR: 303\r\n"),
        (WavecomM1306, "AT+CPIN?", ready),
        (WavecomM1306, "AT+CPMS=\"BM\"", "\r\n+CMS ERROR: 303\r\n"),
    ] {
        let name = profile.name();
        assert_eq!(
            started(profile).command(command),
            expected,
            "{name} {command}"
        );
    }
}

#[test]
fn power_up_and_chatter_come_by_themselves() {
    use Profile::{HuaweiE173, ProlinkPhs100, QuectelEc25, Sim800, UbloxSaraU201, ZteMf180};
    let sim800 =
        "\r\nRDY\r\n\r\n+CFUN: 1\r\n\r\n+CPIN: READY\r\n\r\nCall Ready\r\n\r\nSMS Ready\r\n";
    for (profile, seconds, expected) in [
        (ProlinkPhs100, 100, ""),
        (Sim800, 100, sim800),
        (
            QuectelEc25,
            100,
            "\r\nRDY\r\n\r\n+CFUN: 1\r\n\r\n+CPIN: READY\r\n\r\n+QUSIM: 1\r\n\r\n+QIND: SMS DONE\r\n\r\n+QIND: PB DONE\r\n",
        ),
        (UbloxSaraU201, 10, "\r\n+UUSIMSTAT: 4\r\n\r\n+UMWI: 0,1\r\n"),
        (ZteMf180, 3, "\r\n+ZUSIMR:2\r\n\r\n+ZUSIMR:2\r\n"),
        (
            HuaweiE173,
            23,
            "\r\n^SIMST:1\r\n\r\n^SRVST:1\r\n\r\n^SRVST:2\r\n\r\n^MODE:5,4\r\n\r\n^RSSI:17\r\n\r\n^RSSI:17\r\n",
        ),
    ] {
        let mut desk = Desk::raw(profile.settings());
        let printed = desk.wait(seconds * 1_000);
        assert_eq!(printed, expected, "{}", profile.name());
    }
    let mut desk = Desk::raw(HuaweiE173.settings());
    assert_eq!(
        desk.wait(600_000).matches("^BOOT:91409020,0,0,0,6").count(),
        20
    );
    desk.command("AT^CURC=0");
    desk.wait(1_000);
    assert_eq!(desk.wait(600_000), "");
}

#[test]
fn each_takes_a_message_and_brings_one() {
    for profile in Profile::ALL {
        let name = profile.name();
        let mut desk = started(profile);
        desk.command("AT+CFUN=1;+CNMI=2,1");
        let memory = profile.settings().storages[2][0].name();
        let index = profile.settings().first_index;
        assert_eq!(
            desk.deliver("hello"),
            format!("\r\n+CMTI: \"{memory}\",{index}\r\n"),
            "{name}"
        );
        let read = desk.command(&format!("AT+CPMS=\"{memory}\";+CMGR={index}"));
        let status = if profile == Profile::ZteMf180 {
            ""
        } else {
            "0"
        };
        assert!(
            read.contains(&format!("+CMGR: {status},,24\r\n")),
            "{name}: {read}"
        );

        let line = if profile == Profile::ZteMf180 {
            "\r\n+ZPASR: \"UMTS\""
        } else {
            ""
        };
        assert_eq!(
            desk.command("AT+CMGS=22"),
            format!("{line}\r\n> "),
            "{name}"
        );
        assert_eq!(desk.type_in(&format!("{SUBMIT}\u{1a}")), "");
        assert_eq!(desk.wait(2_000), "", "{name}: a send takes its time");
        let answer = desk.wait(8_000);
        let reference = desk
            .simulator
            .network()
            .submitted(0)
            .next()
            .unwrap()
            .reference;
        assert_eq!(
            answer,
            format!("{line}\r\n+CMGS: {reference}\r\n{OK}"),
            "{name}"
        );
    }
}

#[test]
fn a_full_memory_is_told_once_and_a_reset_may_lead_elsewhere() {
    let mut settings = Profile::HuaweiE173.settings();
    settings.modem_capacity = 1;
    settings.quirks.chatter = None;
    settings.quirks.more_chatter.clear();
    let mut desk = Desk::raw(settings);
    desk.wait(20_000);
    desk.command("ATE0;+CNMI=2,1");
    desk.wait(3_000);
    desk.deliver("one");
    assert_eq!(desk.deliver("two"), "\r\n^SMMEMFULL:\"SM\"\r\n");
    assert_eq!(desk.deliver("three"), "");
    assert_eq!(desk.simulator.card().used(Memory::Modem), 1);
    assert_eq!(
        desk.command("AT+CMGD=0") + &desk.wait(1_000),
        format!("\r\n+CMTI: \"ME\",0\r\n\r\n^SMMEMFULL:\"SM\"\r\n{OK}")
    );

    for (profile, number, cd_rom) in [
        (Profile::UbloxSaraU201, 0, false),
        (Profile::HuaweiE173, 1, false),
        (Profile::ProlinkPhs100, 0, true),
    ] {
        let mut desk = started(profile);
        desk.command("AT+CFUN=1,1");
        desk.wait(60_000);
        let name = profile.name();
        assert_eq!(desk.simulator.port_number(), number, "{name}");
        assert_eq!(desk.simulator.is_cd_rom(), cd_rom, "{name}");
        assert_eq!(desk.simulator.port() == Port::Closed, cd_rom, "{name}");
        assert_eq!(desk.simulator.switch_mode(desk.now), cd_rom, "{name}");
        desk.wait(1_000);
        assert_eq!(desk.simulator.port(), Port::Open, "{name}");
    }
}
