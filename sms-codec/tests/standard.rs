//! Every field of every TPDU, from the tables of 3GPP TS 23.040 §9.2 and TS 23.038 by hand: an ordinary clone covers each by
//! itself. All of them are read in strict mode and emitted as they were.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests, which the lints do not take for tests"
)]

use std::time::Duration;

use sms_codec::{
    Alphabet, Class, Command, DataCoding, DecodeOptions, Deliver, DeliverReport, Direction,
    FailureCause, Leniency, Outcome, ProtocolId, Qualifier, ServiceCentre, StatusReport, Submit,
    SubmitReport, Tpdu, TypeOfNumber, ValidityPeriod, decode_hex, hex,
};

/// +12025550100 as an address inside a TPDU.
const NUMBER: &str = "0B912120550501F0";
/// 2024-01-20, 15:23:40, two hours east.
const TIME: &str = "42100251320480";
/// Five septets.
const HELLO: &str = "05E8329BFD06";

#[track_caller]
fn read(direction: Direction, digits: &str) -> Tpdu {
    let options = DecodeOptions {
        direction,
        service_centre: ServiceCentre::Absent,
        leniency: Leniency::Strict,
    };
    let decoded = decode_hex(digits, &options).unwrap();
    assert_eq!(hex::encode(&decoded.tpdu.emit()), digits);
    assert_eq!(decoded.tpdu_octets, digits.len() / 2);
    decoded.tpdu
}

#[track_caller]
fn deliver(first: &str, address: &str, protocol: &str, coding: &str, rest: &str) -> Deliver {
    let digits = format!("{first}{address}{protocol}{coding}{rest}");
    match read(Direction::FromNetwork, &digits) {
        Tpdu::Deliver(found) => found,
        other => panic!("{other}"),
    }
}

fn usual(first: &str) -> Deliver {
    deliver(first, NUMBER, "00", "00", &format!("{TIME}{HELLO}"))
}

#[track_caller]
fn submit(first: &str, middle: &str, rest: &str) -> Submit {
    match read(
        Direction::ToNetwork,
        &format!("{first}2A{NUMBER}{middle}{rest}"),
    ) {
        Tpdu::Submit(found) => found,
        other => panic!("{other}"),
    }
}

/// §9.2.2.1, §9.2.3.1 and the flags of §9.2.3.2, §9.2.3.4, §9.2.3.17, §9.2.3.23 and §9.2.3.28.
#[test]
fn deliver_flags() {
    let plain = usual("04");
    assert!(!plain.more_messages && !plain.loop_prevention && !plain.reply_path);
    assert!(!plain.status_report_indication);
    assert!(usual("00").more_messages);
    assert!(usual("0C").loop_prevention);
    assert!(usual("84").reply_path);
    assert!(usual("24").status_report_indication);
    let headed = deliver("44", NUMBER, "00", "04", &format!("{TIME}07050003CC0201FF"));
    assert_eq!(headed.user_data.concatenation().unwrap().reference, 0xCC);
    assert_eq!(headed.user_data.data(), Some(&[0xFF_u8][..]));
}

/// TP-OA (§9.1.2.5): every type of number, odd, even, longest, none, and the digits that are none.
#[test]
fn addresses() {
    let from = |address: &str| {
        let found = deliver("04", address, "00", "00", &format!("{TIME}00"));
        let address = found.originating_address;
        (address.type_of_number(), address.to_string())
    };
    use TypeOfNumber::{
        Abbreviated, Alphanumeric, International, National, NetworkSpecific, Reserved, Subscriber,
        Unknown,
    };
    for (octets, kind, shown) in [
        (NUMBER, International, "+12025550100"),
        ("0C91440700091032", International, "+447000900123"),
        (
            "149121436587092143658709",
            International,
            "+12345678901234567890",
        ),
        ("0091", International, ""),
        ("0BD0C7F7FBCC2E03", Alphanumeric, "Google"),
    ] {
        assert_eq!(from(octets), (kind, shown.to_owned()), "{octets}");
    }
    for (kind, octet) in [
        (Unknown, "81"),
        (National, "A1"),
        (NetworkSpecific, "B1"),
        (Subscriber, "C1"),
        (Abbreviated, "E1"),
        (Reserved, "F1"),
    ] {
        assert_eq!(from(&format!("03{octet}21F3")), (kind, "123".to_owned()));
        assert_eq!(from(&format!("04{octet}2143")), (kind, "1234".to_owned()));
    }
    // * and # are 10 and 11, then a, b and c.
    assert_eq!(from("0681A1CBED").1, "1*#abc");
}

/// TP-PID (§9.2.3.9) and TP-DCS (TS 23.038 §4).
#[test]
fn protocol_and_coding() {
    let found = deliver("04", NUMBER, "41", "00", &format!("{TIME}{HELLO}"));
    assert_eq!(found.protocol_id.replace_type(), Some(1));
    assert_eq!(found.user_data.text().as_deref(), Some("hello"));
    let flash = deliver("04", NUMBER, "00", "10", &format!("{TIME}{HELLO}"));
    assert_eq!(flash.data_coding().class(), Some(Class::Flash));
    let wide = deliver("04", NUMBER, "00", "08", &format!("{TIME}0404310430"));
    assert_eq!(wide.data_coding().alphabet(), Alphabet::Ucs2);
    assert_eq!(wide.user_data.text().as_deref(), Some("ба"));
    let data = deliver("04", NUMBER, "00", "F5", &format!("{TIME}03AABBCC"));
    assert_eq!(data.data_coding().class(), Some(Class::Phone));
    assert_eq!(data.user_data.data(), Some(&[0xAA, 0xBB, 0xCC][..]));
    let waiting = deliver("04", NUMBER, "00", "C8", &format!("{TIME}00"));
    assert!(matches!(
        waiting.data_coding(),
        DataCoding::MessageWaiting { .. }
    ));
}

/// TP-SCTS (§9.2.3.11): both signs of the zone.
#[test]
fn times() {
    let at = |octets: &str| {
        deliver("04", NUMBER, "00", "00", &format!("{octets}00"))
            .service_centre_timestamp
            .to_string()
    };
    assert_eq!(at(TIME), "2024-01-20T15:23:40+02:00");
    assert_eq!(at("99213132959500"), "1999-12-13T23:59:59Z");
    assert_eq!(at("42100251320488"), "2024-01-20T15:23:40-02:00");
    assert_eq!(at("42100251320432"), "2024-01-20T15:23:40+05:45");
}

/// TP-UDL and TP-UD (§9.2.3.16, §9.2.3.24): fill bits behind a header, and the elements that change the text.
#[test]
fn user_data() {
    let with = |first: &str, coding: &str, rest: &str| {
        deliver(first, NUMBER, "00", coding, &format!("{TIME}{rest}")).user_data
    };
    // Six octets of header are 48 bits; one fill bit, then "hi".
    let part = with("44", "00", "09050003CC0201D069");
    assert_eq!(part.text().as_deref(), Some("hi"));
    let place = part.concatenation().unwrap();
    assert_eq!((place.reference, place.total, place.part), (0xCC, 2, 1));
    assert_eq!(place.width.bits(), 8);
    let wide = with("44", "04", "080608041234030201".get(..18).unwrap());
    let place = wide.concatenation().unwrap();
    assert_eq!((place.reference, place.total, place.part), (0x1234, 3, 2));
    assert_eq!(place.width.bits(), 16);
    let ports = with("44", "04", "0706050423F4C34F").ports().unwrap();
    assert_eq!((ports.destination, ports.source), (0x23F4, 0xC34F));
    let ports = with("44", "04", "05040402F0F1").ports().unwrap();
    assert_eq!((ports.destination, ports.source), (0xF0, 0xF1));
    let reply = with("44", "04", "0B0A22080B912120550501F0").reply_address();
    assert_eq!(reply.unwrap().to_string(), "+12025550100");
}

/// §9.2.2.2: TP-RD, TP-RP, TP-SRR, TP-MR, TP-DA, and the three formats of TP-VP (§9.2.3.12).
#[test]
fn submits() {
    let plain = submit("01", "0000", HELLO);
    assert_eq!(plain.message_reference.0, 0x2A);
    assert_eq!(plain.destination_address.to_string(), "+12025550100");
    assert_eq!(plain.protocol_id, ProtocolId::DEFAULT);
    assert_eq!(plain.validity, None);
    assert!(!plain.reject_duplicates && !plain.reply_path && !plain.status_report_request);
    assert!(submit("05", "0000", HELLO).reject_duplicates);
    assert!(submit("81", "0000", HELLO).reply_path);
    assert!(submit("21", "0000", HELLO).status_report_request);
    let period = |first: &str, octets: &str| {
        submit(first, &format!("0000{octets}"), HELLO)
            .validity
            .unwrap()
    };
    for (octet, seconds) in [
        ("00", 5 * 60),
        ("8F", 12 * 3600),
        ("90", 12 * 3600 + 1800),
        ("A7", 24 * 3600),
        ("A8", 2 * 86_400),
        ("C4", 30 * 86_400),
        ("C5", 5 * 7 * 86_400),
        ("FF", 63 * 7 * 86_400),
    ] {
        let found = period("11", octet).duration();
        assert_eq!(found, Some(Duration::from_secs(seconds)), "{octet}");
    }
    match period("19", TIME) {
        ValidityPeriod::Absolute(until) => {
            assert_eq!(until.to_string(), "2024-01-20T15:23:40+02:00");
        }
        other => panic!("{other:?}"),
    }
    let enhanced = period("09", "02780000000000");
    assert_eq!(enhanced.duration(), Some(Duration::from_secs(120)));
    assert!(period("09", "41A80000000000").is_single_shot());
}

/// §9.2.2.3: TP-SRQ, TP-RA, TP-DT, TP-ST (§9.2.3.15), and TP-PI with what it announces (§9.2.3.27).
#[test]
fn status_reports() {
    let report = |first: &str, status: &str, rest: &str| -> StatusReport {
        let digits = format!("{first}2A{NUMBER}{TIME}42100251322580{status}{rest}");
        match read(Direction::FromNetwork, &digits) {
            Tpdu::StatusReport(found) => found,
            other => panic!("{other}"),
        }
    };
    let plain = report("06", "00", "");
    assert_eq!(plain.message_reference.0, 0x2A);
    assert_eq!(plain.recipient_address.to_string(), "+12025550100");
    assert_eq!(
        plain.discharge_time.to_string(),
        "2024-01-20T15:23:52+02:00"
    );
    assert_eq!(plain.qualifier, Qualifier::Submit);
    assert!(!plain.more_messages && !plain.loop_prevention);
    assert!(report("02", "00", "").more_messages);
    assert!(report("0E", "00", "").loop_prevention);
    assert_eq!(report("26", "00", "").qualifier, Qualifier::Command);
    for (status, is_final) in [("00", true), ("30", false), ("46", true), ("60", true)] {
        assert_eq!(
            report("06", status, "").status.is_final(),
            is_final,
            "{status}"
        );
    }
    assert!(matches!(plain.status.outcome(), Outcome::Delivered));
    let full = report("06", "00", &format!("073F00{HELLO}"));
    assert_eq!(full.protocol_id, Some(ProtocolId(0x3F)));
    assert_eq!(full.data_coding, Some(DataCoding::GSM7));
    assert_eq!(full.user_data.unwrap().text().as_deref(), Some("hello"));
    assert_eq!(
        report("06", "00", "013F").protocol_id,
        Some(ProtocolId(0x3F))
    );
    assert_eq!(
        report("06", "00", "0208").data_coding,
        Some(DataCoding::UCS2)
    );
}

/// §9.2.2.1a, §9.2.2.2a: TP-FCS (§9.2.3.22) present and absent.
#[test]
fn reports() {
    let of_deliver = |digits: &str| -> DeliverReport {
        match read(Direction::ToNetwork, digits) {
            Tpdu::DeliverReport(found) => found,
            other => panic!("{other}"),
        }
    };
    assert_eq!(of_deliver("0000"), DeliverReport::default());
    let refused = of_deliver(&format!("00D3077F00{HELLO}"));
    assert_eq!(refused.failure_cause, Some(FailureCause(0xD3)));
    assert_eq!(refused.protocol_id, Some(ProtocolId(0x7F)));
    assert!(refused.user_data.is_some());
    let of_submit = |digits: &str| -> SubmitReport {
        match read(Direction::FromNetwork, digits) {
            Tpdu::SubmitReport(found) => found,
            other => panic!("{other}"),
        }
    };
    let taken = of_submit(&format!("0100{TIME}"));
    assert_eq!(taken.failure_cause, None);
    assert_eq!(
        taken.service_centre_timestamp.to_string(),
        "2024-01-20T15:23:40+02:00"
    );
    let refused = of_submit(&format!("01C501{TIME}00"));
    assert_eq!(refused.failure_cause, Some(FailureCause(0xC5)));
    assert_eq!(refused.protocol_id, Some(ProtocolId(0)));
    let unexplained = (0..=u8::MAX).filter(|cause| FailureCause(*cause).to_string().is_empty());
    assert_eq!(unexplained.count(), 0);
    for (cause, words) in [
        (0x81, "short message type 0 is not supported"),
        (0xC3, "the recipient's number is not valid"),
        (0xD0, "the SIM's memory for messages is full"),
        (0xD3, "the memory is full"),
        (0xC8, "a cause that the standard reserves"),
    ] {
        assert_eq!(FailureCause(cause).to_string(), words);
    }
}

/// §9.2.2.4: TP-CT, TP-MN, TP-CDL, TP-CD.
#[test]
fn commands() {
    let command = |digits: &str| -> Command {
        match read(Direction::ToNetwork, digits) {
            Tpdu::Command(found) => found,
            other => panic!("{other}"),
        }
    };
    let plain = command(&format!("0207000209{NUMBER}00"));
    assert_eq!(plain.message_reference.0, 7);
    assert_eq!(plain.command_type.to_string(), "delete the message");
    assert_eq!(plain.message_number.0, 9);
    assert_eq!(plain.destination_address.to_string(), "+12025550100");
    assert!(plain.command_data.octets().is_empty() && !plain.status_report_request);
    let full = command(&format!("2207000009{NUMBER}02AABB"));
    assert!(full.status_report_request);
    assert_eq!(full.command_data.octets(), [0xAA, 0xBB]);
    let headed = command(&format!("4207000009{NUMBER}0403700142"));
    assert_eq!(headed.command_data.elements().count(), 1);
}

/// The service centre in front (TS 24.011 §8.2.5.1): length in octets; none; a length of zero.
#[test]
fn service_centres() {
    let centre = |front: &str| {
        let digits = format!("{front}04{NUMBER}0000{TIME}{HELLO}");
        let options = DecodeOptions {
            leniency: Leniency::Strict,
            ..DecodeOptions::default()
        };
        let decoded = decode_hex(&digits, &options).unwrap();
        assert_eq!(decoded.tpdu_octets, 24);
        decoded.service_centre.map(|found| found.to_string())
    };
    assert_eq!(centre("07912120550591F9").as_deref(), Some("+12025550199"));
    assert_eq!(centre("03812143").as_deref(), Some("1234"));
    assert_eq!(centre("00"), None);
}
