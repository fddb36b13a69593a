//! The recorder from outside: bytes in, transcript out. Fixtures are made by hand after AT-QUIRKS rows and 3GPP TS 27.005,
//! 27.007 unless a line says otherwise; every number, IMEI, IMSI and ICCID is fictional.

use std::time::Duration;

use proptest::prelude::*;
use sms_codec::{
    Address, DecodeOptions, Decoded, Deliver, PduLine, Reference, SegmentOptions, StatusReport,
    Submit, Timestamp, Tpdu, decode_hex, hex, segment,
};

use super::{Direction, HEADER, Recorder};

const TO: Direction = Direction::ToModem;
const FROM: Direction = Direction::FromModem;

/// The transcript without its header and times.
fn transcript(pieces: &[(Direction, &[u8])]) -> Vec<String> {
    let mut recorder = Recorder::new();
    for (at, (direction, bytes)) in pieces.iter().enumerate() {
        let now = Duration::from_millis(u64::try_from(at).unwrap());
        recorder.handle_bytes(now, *direction, bytes);
    }
    recorder.finish();
    assert_eq!(recorder.poll_line().as_deref(), Some(HEADER));
    std::iter::from_fn(|| recorder.poll_line())
        .map(|line| line.split_once(' ').unwrap().1.to_owned())
        .collect()
}

fn check(pieces: &[(Direction, &str)], expected: &[&str]) {
    let pieces: Vec<_> = pieces
        .iter()
        .map(|(direction, text)| (*direction, text.as_bytes()))
        .collect();
    assert_eq!(transcript(&pieces), expected, "{pieces:?}");
}

/// One line from the modem after a command.
fn answer(command: &str, line: &str) -> String {
    let (command, given) = (format!("{command}\r"), format!("{line}\r\n"));
    let shown = transcript(&[(TO, command.as_bytes()), (FROM, given.as_bytes())]);
    let shown = shown.last().unwrap().strip_prefix("< ").unwrap();
    shown.strip_suffix("\\r\\n").unwrap().to_owned()
}

#[test]
fn a_record_has_its_time_its_direction_and_its_bytes() {
    let mut recorder = Recorder::new();
    recorder.handle_bytes(Duration::from_millis(3), TO, b"AT\r");
    recorder.handle_bytes(Duration::from_millis(1_010), FROM, b"\r\nOK\r\n");
    recorder.handle_bytes(Duration::from_secs(100), FROM, b"\0\0RDY\\\t\xff\r\n");
    let lines: Vec<String> = std::iter::from_fn(|| recorder.poll_line()).collect();
    assert_eq!(
        lines,
        [
            "# sms-bridge modem transcript 1",
            "0.003 > AT\\r",
            "1.010 < \\r\\nOK\\r\\n",
            "100.000 < \\x00\\x00XXX\\\\\\tx\\r\\n",
        ]
    );
}

#[test]
fn bytes_are_gathered_to_lines_before_anything_is_written() {
    check(
        &[
            (FROM, "\r\n+CLIP: \"+4477"),
            (FROM, "00900123\",145\r"),
            (FROM, "\n\r\nRING\r\n"),
        ],
        &[
            "< \\r\\n+CLIP: \"+121255501000\",145\\r\\n",
            "< \\r\\nRING\\r\\n",
        ],
    );
    // The prompt has no line end, and the Ctrl-Z may be written by itself.
    check(
        &[
            (TO, "AT+CMGS=13\r"),
            (FROM, "\r\n> "),
            (TO, "zz"),
            (TO, "\x1a"),
        ],
        &["> AT+CMGS=13\\r", "< \\r\\n> ", "> xx\\x1a"],
    );
}

#[test]
fn half_a_line_is_written_after_a_time_and_its_rest_says_nothing() {
    let mut recorder = Recorder::new();
    assert_eq!(recorder.poll_timeout(), None);
    recorder.handle_bytes(Duration::ZERO, FROM, b"+CLIP: \"+44770");
    assert_eq!(recorder.poll_timeout(), Some(Duration::from_secs(1)));
    recorder.handle_timeout(Duration::from_millis(999));
    recorder.handle_timeout(Duration::from_secs(1));
    recorder.handle_bytes(
        Duration::from_secs(2),
        FROM,
        b"0900123\",\"Ana\"\r\n+CSQ: 20,99\r\n",
    );
    let lines: Vec<String> = std::iter::from_fn(|| recorder.poll_line()).collect();
    assert_eq!(
        lines,
        [
            HEADER,
            "0.000 < +CLIP: \"+12100",
            "2.000 < 0000000\",\"Xxx\"\\r\\n",
            "2.000 < +CSQ: 20,99\\r\\n",
        ]
    );
}

#[test]
fn a_line_without_an_end_is_bounded() {
    let mut recorder = Recorder::new();
    for _ in 0..100 {
        recorder.handle_bytes(Duration::ZERO, FROM, &[b'7'; 1000]);
    }
    recorder.finish();
    let lines: Vec<String> = std::iter::from_fn(|| recorder.poll_line()).collect();
    assert!(lines.iter().all(|line| line.len() < 4200));
    assert!(lines.iter().all(|line| !line.contains("77777")));
}

#[test]
fn each_answer_keeps_its_form_and_loses_what_is_personal() {
    let cases = [
        ("AT+CGSN", "490154203237518", "121255501000000"),
        (
            "AT+CGSN",
            "+CGSN: \"490154203237518\"",
            "+CGSN: \"121255501000000\"",
        ),
        ("AT+CIMI", "234150123456789", "234000000000000"),
        (
            "AT+CCID",
            "+CCID: \"8944100123456789012\"",
            "+CCID: \"8900000000000000000\"",
        ),
        ("AT+CCID", "8944100123456789012F", "8900000000000000000F"),
        (
            "AT^ICCID?",
            "^ICCID: 8944100123456789012F",
            "^ICCID: 8900000000000000000F",
        ),
        (
            "AT+CRSM=176,12258,0,0,10",
            "+CRSM: 144,0,\"984401103254769810F2\"",
            "+CRSM: 144,0,\"980000000000000000F0\"",
        ),
        (
            "AT+CRSM=178,28476,1,4,20",
            "+CRSM: 144,0,\"0107911234FF\"",
            "+CRSM: 144,0,\"000000000000\"",
        ),
        (
            "AT+CNUM",
            "+CNUM: \"Ana\",\"+447700900123\",145",
            "+CNUM: \"Xxx\",\"+121255501000\",145",
        ),
        (
            "AT+CSCA?",
            "+CSCA: \"+447700900999\",145",
            "+CSCA: \"+121255501000\",145",
        ),
        // The service centre in UCS-2, after +CSCS="UCS2".
        (
            "AT+CSCA?",
            "+CSCA: \"002B003400340037003700300030\",145",
            "+CSCA: \"002B003000300030003000300030\",145",
        ),
        (
            "AT+CREG?",
            "+CREG: 2,1,\"0B01\",\"01007A02\",7",
            "+CREG: 2,1,\"0000\",\"00000000\",7",
        ),
        (
            "AT+CREG?",
            "+CREG: 2,1,\"0B,\"0100701\",7",
            "+CREG: 2,1,\"00,\"0000000\",7",
        ),
        (
            "AT+COPS?",
            "+COPS: 0,0,\"Simulated Mobile\",7",
            "+COPS: 0,0,\"Simulated Mobile\",7",
        ),
        ("AT+CGMI", "huawei", "huawei"),
        (
            "AT+CGMR",
            "11.608.13.02.162 20210330",
            "11.608.13.02.162 20210330",
        ),
        ("AT+CGMR", "IMEI 490154203237518", "IMEI 121255501000000"),
        (
            "AT+CPMS?",
            "+CPMS: \"SM\",3,50,\"SM\",3,50,\"SM\",3,50",
            "+CPMS: \"SM\",3,50,\"SM\",3,50,\"SM\",3,50",
        ),
        ("AT+CSQ", "^RSSI:17", "^RSSI:17"),
        ("AT+CSQ", "+CMS ERROR: 38", "+CMS ERROR: 38"),
        (
            "AT+CUSD=1,\"*100#\",15",
            "+CUSD: 0,\"You have 12.50 left, Ana\",15",
            "+CUSD: 0,\"Xxx xxxx 00.00 xxxx, Xxx\",15",
        ),
        (
            "AT+CUSD=1,\"*100#\",15",
            "+CUSD: 0,\"00480069\",72",
            "+CUSD: 0,\"00580078\",72",
        ),
        // Without quotes, and without a coding.
        (
            "AT+CUSD=1,\"*100#\",15",
            "+CUSD: 0,You have 12345678",
            "+CUSD: 0,Xxx xxxx 00000000",
        ),
        ("AT+CUSD=1,\"*100#\",15", "+CUSD: 2", "+CUSD: 2"),
        // What is not known is masked, whatever it is.
        ("AT+CSQ", "My pin is 1234", "Xx xxx xx 0000"),
        (
            "AT",
            "AT+CSQ is not what was asked",
            "XX+XXX xx xxx xxxx xxx xxxxx",
        ),
    ];
    for (command, given, expected) in cases {
        assert_eq!(answer(command, given), expected, "{command} {given}");
    }
}

#[test]
fn commands_lose_pin_and_numbers() {
    let cases = [
        ("AT+CPIN=\"1234\"", "AT+CPIN=\"****\""),
        ("AT+CPIN=12345678", "AT+CPIN=********"),
        ("AT+CMEE=1;+CPIN=\"1234\"", "AT+CMEE=1;+CPIN=\"****\""),
        ("AT+CLCK=\"SC\",0,\"1234\"", "AT+CLCK=\"SC\",0,\"****\""),
        (
            "AT+CPWD=\"SC\",\"1234\",\"56789\"",
            "AT+CPWD=\"SC\",\"****\",\"*****\"",
        ),
        (
            "AT+CSCA=\"+447700900999\",145",
            "AT+CSCA=\"+121255501000\",145",
        ),
        ("AT+CMGS=\"+447700900123\"", "AT+CMGS=\"+121255501000\""),
        ("ATD+447700900123;", "ATD+121255501000;"),
        (
            "AT+CUSD=1,\"*123*98765432101#\",15",
            "AT+CUSD=1,\"*123*12125550100#\",15",
        ),
        ("AT+CUSD=1,\"AA180C3602\",15", "AT+CUSD=1,\"AA180C3602\",15"),
        ("AT+CNMI=2,1,0,2,0", "AT+CNMI=2,1,0,2,0"),
    ];
    for (given, expected) in cases {
        let shown = transcript(&[(TO, format!("{given}\r").as_bytes())]);
        assert_eq!(shown, [format!("> {expected}\\r")], "{given}");
    }
    // The echo too, in whatever case.
    check(
        &[
            (TO, "AT+CPIN=\"1234\"\r"),
            (FROM, "at+cpin=\"1234\"\r\r\nOK\r\n"),
        ],
        &[
            "> AT+CPIN=\"****\"\\r",
            "< AT+CPIN=\"****\"\\r\\r\\n",
            "< OK\\r\\n",
        ],
    );
}

#[test]
fn messages_in_text_mode_are_masked_to_their_end() {
    check(
        &[
            (TO, "AT+CMGL=\"ALL\"\r"),
            (
                FROM,
                "+CMGL: 1,\"REC READ\",\"+447700900123\",\"Ana\",\"26/01/31,12:00:00+20\"\r\nOK then,\r\n+LOL: hi Bob\r\n\
                 huawei\r\n+CMGL: 2,\"REC READ\",\"BANK\",,\"26/01/31,12:00:01+20\"\r\nCode 1234\r\n\r\nOK\r\n",
            ),
        ],
        &[
            "> AT+CMGL=\"ALL\"\\r",
            "< +CMGL: 1,\"REC READ\",\"+121255501000\",\"Xxx\",\"26/01/31,12:00:00+20\"\\r\\n",
            "< XX xxxx,\\r\\n",
            "< +XXX: xx Xxx\\r\\n",
            "< xxxxxx\\r\\n",
            "< +CMGL: 2,\"REC READ\",\"XXXX\",,\"26/01/31,12:00:01+20\"\\r\\n",
            "< Xxxx 0000\\r\\n",
            "< \\r\\nOK\\r\\n",
        ],
    );
    check(
        &[
            (TO, "AT+CGMI\r"),
            (
                FROM,
                "+CUSD: 1,\"Dear Ana,\r\nhuawei 1\r\n2\",15\r\nhuawei\r\n",
            ),
        ],
        &[
            "> AT+CGMI\\r",
            "< +CUSD: 1,\"Xxxx Xxx,\\r\\n",
            "< xxxxxx 0\\r\\n",
            "< 0\",00\\r\\n",
            "< huawei\\r\\n",
        ],
    );
}

fn at() -> Timestamp {
    Timestamp::from_unix_seconds(1_769_860_800, 20).unwrap()
}

fn decoded(text: &str) -> Decoded {
    decode_hex(text, &DecodeOptions::default()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The only PDU in a transcript.
fn only_pdu(lines: &[String]) -> String {
    let shown = lines.iter().find_map(|line| {
        let body = line
            .strip_prefix("< ")?
            .trim_end_matches("\\n")
            .trim_end_matches("\\r");
        (body.len() > 20 && body.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(body)
    });
    shown
        .unwrap_or_else(|| panic!("no PDU in {lines:?}"))
        .to_owned()
}

#[test]
fn a_pdu_keeps_everything_but_numbers_and_text() {
    let sender = Address::parse_number("+447700900123").unwrap();
    let centre = Address::parse_number("+447700900999").unwrap();
    let part = segment("Hi Ana, 7 pm?", &SegmentOptions::new(Reference::Eight(0))).unwrap();
    let deliver = Deliver::new(sender, at(), part.parts.into_iter().next().unwrap());
    let line = PduLine::new(Some(&centre), &deliver.emit());
    let given = format!("+CMGR: 0,,{}\r\n{}\r\n\r\nOK\r\n", line.length, line.hex);
    let shown = transcript(&[(TO, b"AT+CMGR=1\r"), (FROM, given.as_bytes())]);
    let pdu = only_pdu(&shown);
    assert_eq!(pdu.len(), line.hex.len());
    let after = decoded(&pdu);
    assert!(after.anomalies.is_empty(), "{:?}", after.anomalies);
    assert_eq!(after.service_centre.unwrap().to_string(), "+121255501000");
    let Tpdu::Deliver(after) = after.tpdu else {
        panic!("{pdu}")
    };
    assert_eq!(after.originating_address.to_string(), "+121255501001");
    assert_eq!(after.user_data.text().as_deref(), Some("Xx Xxx, 0 xx?"));
    assert_eq!(after.service_centre_timestamp, at());
    // Lower case, a quote behind it, half an octet, rubbish: quirks stay.
    let odd = format!(
        "+CMGR: 0,,{}\r\n{}5\"\r\nOK\r\n",
        line.length,
        line.hex.to_lowercase()
    );
    let shown = transcript(&[(TO, b"AT+CMGR=1\r"), (FROM, odd.as_bytes())]);
    assert_eq!(shown[2], format!("< {}0\"\\r\\n", pdu.to_lowercase()));
}

#[test]
fn what_does_not_decode_keeps_its_length_and_nothing_else() {
    let cases = [
        // A service centre longer than all there is.
        (
            "+CMT: ,30",
            "FF91447700900123447700900123",
            "FF00000000000000000000000000",
        ),
        // A reserved type.
        (
            "+CMT: ,30",
            "0007447700900123447700900123",
            "0007000000000000000000000000",
        ),
    ];
    for (header, given, expected) in cases {
        let bytes = format!("{header}\r\n{given}\r\n");
        let shown = transcript(&[(FROM, bytes.as_bytes())]);
        assert_eq!(shown[1], format!("< {expected}\\r\\n"));
    }
}

/// What must not survive: the numbers' digits and the words, wherever they stand.
fn survives(transcript: &str, secret: &str) -> bool {
    let swapped: String = secret
        .as_bytes()
        .chunks(2)
        .flat_map(|pair| pair.iter().rev().map(|&byte| char::from(byte)))
        .collect();
    transcript.contains(secret) || transcript.contains(&swapped)
}

fn number() -> impl Strategy<Value = String> {
    // No run of it stands in a fictional one.
    "[6-9]{7,15}"
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[B-Wb-w]{6,20}( [B-Wb-w]{4,8}){0,30}",
        "[б-э]{6,20}( [ء-ي]{4,8}){0,30}",
        "[B-Wb-w]{6}[@£$€\\[\\]{}|~^]{0,5}[1-9]{6} ?[B-Wb-w]{10,200}",
    ]
}

fn letters_of(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() >= 4)
        .map(str::to_owned)
        .collect()
}

/// Type, alphabet, length and place among its parts.
fn structure(tpdu: &Tpdu) -> String {
    let data = tpdu.user_data();
    format!(
        "{:?} {:?} {:?} {:?}",
        std::mem::discriminant(tpdu),
        data.map(|data| (data.data_coding(), data.length())),
        data.and_then(sms_codec::UserData::concatenation),
        data.map(|data| data.elements().map(|e| e.identifier()).collect::<Vec<_>>()),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_number_and_no_text_survives(
        other in number(), centre in number(), imsi in "234[6-9]{12}", imei in "[6-9]{15}", pin in "[1-9]{4}",
        text in words(), balance in words(), cut in 1_usize..97,
    ) {
        let sender = Address::parse_number(&format!("+{other}")).unwrap();
        let service_centre = Address::parse_number(&format!("+{centre}")).unwrap();
        let segmentation = segment(&text, &SegmentOptions::new(Reference::Eight(7))).unwrap();
        let mut given = Vec::new();
        let mut pieces: Vec<(Direction, String)> = vec![
            (TO, format!("AT+CPIN=\"{pin}\"\r")),
            (FROM, "\r\nOK\r\n".to_owned()),
            (TO, "AT+CGSN\r".to_owned()),
            (FROM, format!("\r\n{imei}\r\n\r\nOK\r\n")),
            (TO, "AT+CIMI\r".to_owned()),
            (FROM, format!("\r\n{imsi}\r\n\r\nOK\r\n+CLIP: \"+{other}\",145,\"\",,\"{balance}\"\r\n")),
            (FROM, format!("^X: {imsi},\"{imei}\"\r\n+CUSD: 0,\"{balance}\",15\r\n")),
        ];
        for part in &segmentation.parts {
            let deliver = Deliver::new(sender.clone(), at(), part.clone()).emit();
            let submit = Submit::new(sender.clone(), part.clone()).emit();
            let line = PduLine::new(Some(&service_centre), &deliver);
            pieces.push((TO, "AT+CMGR=3\r".to_owned()));
            pieces.push((FROM, format!("\r\n+CMGR: 1,,{}\r\n{}\r\n\r\nOK\r\n", line.length, line.hex)));
            given.push(line.hex);
            let line = PduLine::new(Some(&service_centre), &submit);
            pieces.push((TO, format!("AT+CMGS={}\r", line.length)));
            pieces.push((FROM, "\r\n> ".to_owned()));
            pieces.push((TO, format!("{}\x1a", line.hex)));
            pieces.push((FROM, "\r\n+CMGS: 3\r\n\r\nOK\r\n".to_owned()));
            given.push(line.hex);
        }
        let report = StatusReport::new(
            sms_codec::MessageReference(3), sender, at(), at(), sms_codec::Status(0),
        ).emit();
        let line = PduLine::new(Some(&service_centre), &report);
        pieces.push((FROM, format!("\r\n+CDS: {}\r\n{}\r\n", line.length, line.hex)));
        given.push(line.hex);

        // In pieces of any size, as a port gives them.
        let chunks: Vec<(Direction, &[u8])> = pieces
            .iter()
            .flat_map(|(direction, text)| text.as_bytes().chunks(cut).map(move |chunk| (*direction, chunk)))
            .collect();
        let shown = transcript(&chunks);
        let all = shown.join("\n");
        let is_hex = |line: &&str| line.len() > 20 && line.bytes().all(|byte| byte.is_ascii_hexdigit());
        let body = |line: &'_ str| -> String {
            let bytes = line.split_once(' ').map_or(line, |(_, bytes)| bytes);
            let bytes = bytes.trim_end_matches("\\n").trim_end_matches("\\r");
            bytes.trim_end_matches("\\x1a").to_owned()
        };
        let (pdus, plain): (Vec<String>, Vec<String>) =
            shown.iter().map(|line| body(line)).partition(|line| is_hex(&line.as_str()));
        let own = imsi.get(3..).unwrap_or_default();
        for secret in [other.as_str(), &centre, &imei, own] {
            prop_assert!(!survives(&all, secret), "{secret} in {all}");
            for run in secret.as_bytes().windows(5).filter_map(|run| std::str::from_utf8(run).ok()) {
                prop_assert!(!plain.iter().any(|line| line.contains(run)), "{run} in {all}");
            }
        }
        let pin_quoted = format!("\"{}\"", pin);
        prop_assert!(!all.contains(&pin_quoted), "the PIN in {}", all);
        for word in letters_of(&balance) {
            prop_assert!(!all.contains(&word), "{word} in {all}");
        }

        prop_assert_eq!(pdus.len(), given.len());
        for (before, after) in given.iter().zip(&pdus) {
            prop_assert_eq!(before.len(), after.len());
            let (before, after) = (decoded(before), decoded(after));
            prop_assert_eq!(structure(&before.tpdu), structure(&after.tpdu));
            prop_assert!(after.anomalies.is_empty());
            let centre_after = after.service_centre.unwrap().to_string();
            prop_assert_ne!(centre_after, format!("+{centre}"));
            let shown = format!("{:?}", after.tpdu);
            prop_assert!(!shown.contains(&other), "{} in {}", other, shown);
            if let Some(text) = after.tpdu.user_data().and_then(sms_codec::UserData::text) {
                prop_assert!(text.chars().all(|c| !c.is_alphanumeric() || "xX0".contains(c)), "{}", text);
            }
        }
    }

    #[test]
    fn whatever_comes_is_survived(
        pieces in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..200)), 0..20),
        heads in proptest::collection::vec(0_usize..6, 0..20),
    ) {
        const HEADS: [&[u8]; 6] = [b"+CMT: ,30\r\n", b"+CUSD: 0,\"", b"AT+CMGR=1\r", b"0791", b"+CRSM: 144,0,\"98", b"\x1a"];
        let mut recorder = Recorder::new();
        for (at, ((to, bytes), head)) in pieces.iter().zip(heads.iter().cycle().chain([&0])).enumerate() {
            let direction = if *to { TO } else { FROM };
            let now = Duration::from_millis(u64::try_from(at).unwrap() * 400);
            recorder.handle_bytes(now, direction, HEADS[*head]);
            recorder.handle_bytes(now, direction, bytes);
            recorder.handle_bytes(now, direction, hex::encode(bytes).as_bytes());
        }
        recorder.finish();
        let lines: Vec<String> = std::iter::from_fn(|| recorder.poll_line()).collect();
        prop_assert!(lines.iter().all(|line| line.bytes().all(|byte| (b' '..=b'~').contains(&byte))));
    }
}
