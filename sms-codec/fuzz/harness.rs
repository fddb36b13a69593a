//! What has to hold for any octets at all, shared by the fuzz targets and by the test that replays their corpus.

#![allow(dead_code, reason = "each fuzz target uses one of the functions")]

use sms_codec::{
    Content, DecodeOptions, Decoded, Direction, Element, Leniency, ProtocolId, ServiceCentre, Tpdu,
    UserData, decode as decode_octets, decode_hex, hex, join, join_data,
};

const DIRECTIONS: [Direction; 3] = [
    Direction::Stored,
    Direction::FromNetwork,
    Direction::ToNetwork,
];

/// Whole PDUs: as octets in every direction, and as text.
pub(crate) fn decode(data: &[u8]) {
    for direction in DIRECTIONS {
        for service_centre in [ServiceCentre::InFront, ServiceCentre::Absent] {
            let options = |leniency| DecodeOptions {
                direction,
                service_centre,
                leniency,
            };
            let tolerant = decode_octets(data, &options(Leniency::Tolerant));
            let strict = decode_octets(data, &options(Leniency::Strict));
            match (&tolerant, &strict) {
                (Ok(found), Ok(same)) => {
                    assert_eq!(found, same);
                    assert!(found.anomalies.is_empty());
                    assert_inverse(data, found, &options(Leniency::Strict));
                }
                (Ok(found), Err(error)) => {
                    let first = found.anomalies.first();
                    assert_eq!(first.map(|first| first.offset), Some(error.offset));
                }
                (Err(_), Ok(_)) => panic!("strict mode reads what tolerant mode does not"),
                (Err(_), Err(_)) => {}
            }
            if let Ok(found) = tolerant {
                exhaust(&found, data.len());
            }
        }
    }
    let text = String::from_utf8_lossy(data);
    for text in [text.as_ref(), hex::encode(data).as_str()] {
        if let Ok(found) = decode_hex(text, &DecodeOptions::default()) {
            exhaust(&found, text.len());
        }
    }
}

/// What is emitted is what was read, and reads as the same.
fn assert_inverse(data: &[u8], found: &Decoded, options: &DecodeOptions) {
    let emitted = found.tpdu.emit();
    let tail = data.get(data.len() - found.tpdu_octets..);
    // A TP-PI that announces nothing may be written and may be left out (3GPP TS 23.040 §9.2.2.3).
    let mut written = emitted.clone();
    if matches!(found.tpdu, Tpdu::StatusReport(_))
        && tail.is_some_and(|tail| tail.len() == emitted.len() + 1)
    {
        written.push(0);
    }
    assert_eq!(Some(written.as_slice()), tail);
    let again = decode_octets(
        &emitted,
        &DecodeOptions {
            service_centre: ServiceCentre::Absent,
            ..*options
        },
    );
    assert_eq!(again.map(|again| again.tpdu).as_ref(), Ok(&found.tpdu));
}

fn exhaust(found: &Decoded, length: usize) {
    assert!(
        found
            .anomalies
            .iter()
            .all(|anomaly| anomaly.offset <= length)
    );
    assert!(!format!("{found:?} {}", found.tpdu).is_empty());
    if let Some(user_data) = found.tpdu.user_data() {
        read(user_data);
    }
    show(Content::of(&found.tpdu), length);
}

fn read(user_data: &UserData) {
    let length = user_data.octets().len();
    for (element, octets) in user_data.elements().with_octets() {
        assert!(octets.len() <= length && !element.name().is_empty());
        if let Element::Ems(ems) = element {
            assert!(!ems.to_string().is_empty());
        }
    }
    assert!(user_data.elements().count() <= length);
    if let Some(text) = user_data.text() {
        // Three octets of UTF-8 for each of up to eight septets in seven octets.
        assert!(text.len() <= length * 4, "{} of {length}", text.len());
    }
    assert!(user_data.text().is_none() || user_data.data().is_none());
    let _address = user_data.reply_address();
    let joined = join(&[Some(user_data), None, Some(user_data)], "…");
    assert_eq!(joined.is_some(), user_data.text().is_some());
    assert_eq!(
        join_data(&[user_data]).is_some(),
        user_data.data().is_some()
    );
}

fn show(content: Option<Content>, length: usize) {
    let Some(content) = content else { return };
    let shown = content.to_string();
    assert!(!content.kind().is_empty() && !shown.is_empty());
    assert!(
        shown.len() <= length * 64 + 20_000,
        "{} of {length}",
        shown.len()
    );
}

/// User data by itself: the first octet says whether it begins with a header, the second is TP-DCS, the third TP-PID,
/// the fourth how many octets of what follows are in the first of two parts.
pub(crate) fn decode_user_data(data: &[u8]) {
    let [first, coding, protocol, cut, body @ ..] = data else {
        return;
    };
    let (front, back) = body.split_at(usize::from(*cut).min(body.len()));
    let parts: Vec<Tpdu> = [front, back]
        .into_iter()
        .filter_map(|body| deliver(*first, *protocol, *coding, body))
        .collect();
    let user_data: Vec<&UserData> = parts.iter().filter_map(Tpdu::user_data).collect();
    for part in &user_data {
        read(part);
    }
    for part in &parts {
        show(Content::of(part), data.len());
    }
    show(
        Content::of_parts(ProtocolId(*protocol), &user_data),
        data.len(),
    );
    let slots: Vec<Option<&UserData>> = user_data.iter().copied().map(Some).collect();
    let _text = join(&slots, "");
    let _data = join_data(&user_data);
}

/// What comes to a port: the first octet chooses it, what follows is cut into parts of 128 octets.
pub(crate) fn wap_push(data: &[u8]) {
    let [choice, body @ ..] = data else { return };
    let port = match choice % 4 {
        0 | 1 => "0B84",
        2 => "23F4",
        _ => "C34F",
    };
    let chunks: Vec<&[u8]> = body.chunks(128).take(255).collect();
    let total = chunks.len();
    let parts: Vec<Tpdu> = chunks
        .iter()
        .enumerate()
        .filter_map(|(at, chunk)| {
            let header = format!("0B000307{total:02X}{:02X}0504{port}23F0", at + 1);
            let octets = [hex::decode(&header).ok()?, chunk.to_vec()].concat();
            deliver(0x44, 0, 0x04, &octets)
        })
        .collect();
    let user_data: Vec<&UserData> = parts.iter().filter_map(Tpdu::user_data).collect();
    show(
        Content::of_parts(ProtocolId::DEFAULT, &user_data),
        data.len(),
    );
    for part in &parts {
        show(Content::of(part), data.len());
    }
}

/// A DELIVER with that user data, as far as it fits.
fn deliver(first: u8, protocol: u8, coding: u8, body: &[u8]) -> Option<Tpdu> {
    let body = body.get(..140).unwrap_or(body);
    let length = match coding & 0x0C {
        0 => body.len() * 8 / 7,
        _ => body.len(),
    };
    let mut octets = vec![first & 0x40 | 0x04, 0x02, 0x91, 0x21, protocol, coding];
    octets.extend([0x42, 0x10, 0x02, 0x51, 0x32, 0x04, 0x80]);
    octets.push(u8::try_from(length).ok()?);
    octets.extend(body);
    let options = DecodeOptions {
        service_centre: ServiceCentre::Absent,
        ..DecodeOptions::default()
    };
    decode_octets(&octets, &options)
        .ok()
        .map(|found| found.tpdu)
}
