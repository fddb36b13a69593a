//! Whole messages, each built from the standard's tables by hand.

use super::*;
use crate::{DecodeOptions, decode_hex};

/// A DELIVER from +447700900123 with this first octet, TP-PID, TP-DCS and user data, TP-UDL included.
fn deliver(first: &str, protocol: &str, coding: &str, user_data: &str) -> Tpdu {
    let user_data = user_data.replace(' ', "");
    let hex = format!("00{first}0C91447700091032{protocol}{coding}42100251320480{user_data}");
    let decoded = decode_hex(&hex, &DecodeOptions::default()).unwrap();
    assert_eq!(decoded.anomalies, [], "{hex}");
    decoded.tpdu
}

#[track_caller]
fn check(tpdu: &Tpdu, kind: Option<&str>, shown: &str) {
    let content = Content::of(tpdu);
    assert_eq!(content.as_ref().map(Content::kind), kind);
    assert_eq!(
        content
            .map(|content| content.to_string())
            .unwrap_or_default(),
        shown
    );
}

#[test]
fn text_is_nothing_else() {
    check(&deliver("04", "00", "00", "05E8329BFD06"), None, "");
    check(&deliver("04", "00", "F2", "05E8329BFD06"), None, "");
    check(&deliver("04", "00", "04", "0101"), None, "");
}

#[test]
fn protocol_identifiers() {
    let with = |protocol| deliver("04", protocol, "00", "05E8329BFD06");
    check(&with("40"), Some("silent"), "silent message (type 0)");
    check(&with("5F"), Some("return-call"), "wants to be called back");
    check(
        &with("43"),
        Some("replace"),
        "replaces message 3 of this sender",
    );
    check(
        &with("7F"),
        Some("download"),
        "data for the SIM or the phone (SIM data download)",
    );
    check(&with("32"), Some("email"), "e-mail from someone: hello");
}

#[test]
fn flash() {
    check(
        &deliver("04", "00", "10", "05E8329BFD06"),
        Some("flash"),
        "flash message (class 0)",
    );
    check(
        &deliver("04", "00", "F0", "05E8329BFD06"),
        Some("flash"),
        "flash message (class 0)",
    );
}

/// Groups 1100 to 1110 of TP-DCS; elements 01 and 23 of the header.
#[test]
fn mail_is_waiting() {
    let waiting = |tpdu: &Tpdu| match Content::of(tpdu) {
        Some(Content::MailWaiting(waiting)) => waiting,
        other => panic!("{other:?}"),
    };
    let by_coding = deliver("04", "00", "C8", "00");
    check(&by_coding, Some("message-waiting"), "voice mail waiting");
    assert_eq!(waiting(&by_coding)[0].storage, Storage::Discard);
    check(
        &deliver("04", "00", "D1", "00"),
        Some("message-waiting"),
        "no fax waiting",
    );
    let by_header = deliver("44", "00", "00", "0B 08 01028003 01020205 00");
    check(
        &by_header,
        Some("message-waiting"),
        "voice mail waiting: 3, e-mail waiting: 5",
    );
    let storage: Vec<_> = waiting(&by_header)
        .iter()
        .map(|mail| mail.storage)
        .collect();
    assert_eq!(storage, [Storage::Store, Storage::Discard]);
    // Both: the header has the count.
    check(
        &deliver("44", "00", "C8", "06 04 01020000 00"),
        Some("message-waiting"),
        "no voice mail waiting",
    );
    // Enhanced: flags with storage, an access address of four digits, two messages, nothing deleted.
    check(
        &deliver("44", "00", "04", "0B 0A 2308 10 04 81 2143 02 00 00"),
        Some("message-waiting"),
        "voice mail waiting: 2",
    );
}

const TO_PUSH: &str = "0605040B8423F0";

fn push(body: &str) -> Tpdu {
    let user_data = format!("{TO_PUSH}{}", body.replace(' ', ""));
    deliver(
        "44",
        "00",
        "04",
        &format!("{:02X}{user_data}", user_data.len() / 2),
    )
}

#[test]
fn pushes() {
    check(
        &push("01 06 01 AE 02056A0045C60C03 612E62 00 01 03 4869 00 01 01"),
        Some("service-indication"),
        "link: Hi http://a.b",
    );
    check(
        &push("01 06 01 B0 02066A008509 03 612E62 00 01"),
        Some("service-loading"),
        "link to be opened: http://a.b",
    );
    check(
        &push("01 06 01 B6 030B6A00"),
        Some("ota-settings"),
        "settings for a phone (application/vnd.wap.connectivity-wbxml)",
    );
    check(
        &push("01 06 01 88 00"),
        Some("wap-push"),
        "WAP push (text/vnd.wap.wml)",
    );
    check(
        &push(
            "01 06 05 BE 8D 90 AF 84 8C82 9854 00 8D90 8A80 8E0201F4 88058103015180 83 612E62 00",
        ),
        Some("mms-notification"),
        "MMS, 1 kB, kept for 24 hours, at a.b",
    );
    check(
        &push("01"),
        Some("application-data"),
        "data for an application (port 2948)",
    );
}

#[test]
fn cards_and_settings_by_port() {
    let to = |port: &str, text: &str| {
        let body = crate::hex::encode(text.as_bytes());
        let user_data = format!("060504{port}0000{body}");
        deliver(
            "44",
            "00",
            "F5",
            &format!("{:02X}{user_data}", user_data.len() / 2),
        )
    };
    check(
        &to(
            "23F4",
            "BEGIN:VCARD\r\nN:Doe;Jo\r\nTEL:+12025550100\r\nEND:VCARD",
        ),
        Some("vcard"),
        "contact: Jo Doe, +12025550100",
    );
    check(
        &to(
            "23F5",
            "BEGIN:VCALENDAR\r\nSUMMARY:Lunch\r\nDTSTART:20240120T130000",
        ),
        Some("vcalendar"),
        "appointment: Lunch, 20240120T130000",
    );
    check(
        &to("C34F", "x"),
        Some("ota-settings"),
        "settings for a phone (port 49999)",
    );
    check(
        &to("1581", "x"),
        Some("application-data"),
        "data for an application (port 5505)",
    );
}

#[test]
fn a_long_push_is_read_out_of_its_parts() {
    let header = |part: u8| format!("0B 00030702{part:02X} 05040B8423F0");
    let part = |number: u8, body: &str| {
        let user_data = format!("{}{body}", header(number)).replace(' ', "");
        deliver(
            "44",
            "00",
            "04",
            &format!("{:02X}{user_data}", user_data.len() / 2),
        )
    };
    let parts = [
        part(1, "0106 01 BE 8C82 98 31 00 83 61"),
        part(2, "2E62 00"),
    ];
    check(&parts[0], Some("mms-notification"), "MMS, at a");
    check(
        &parts[1],
        Some("application-data"),
        "data for an application (port 2948)",
    );
    let data: Vec<_> = parts.iter().filter_map(Tpdu::user_data).collect();
    let whole = Content::of_parts(ProtocolId::DEFAULT, &data).unwrap();
    assert_eq!(whole.to_string(), "MMS, at a.b");
    let Content::Mms(mms) = whole else { panic!() };
    assert!(!mms.truncated);
}
