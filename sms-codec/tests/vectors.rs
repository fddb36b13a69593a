//! Facts from the test suites of other projects (`../shared/vectors`, not part of this repository) against this codec.
//!
//! An ordinary clone has no such folder and skips with a word; `SMS_BRIDGE_REQUIRE_VECTORS=1` insists. Each vector is
//! checked for everything that its source asserts of it, and for more: what decodes is emitted again and compared.
//! Where a source is wrong, [`EXCEPTIONS`] says why; an exception that no longer is one fails the test.

#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests, which the lints do not take for tests"
)]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

use std::path::PathBuf;

use serde_json::Value;
use sms_codec::{
    Address, AlphabetChoice, DecodeOptions, Decoded, Direction, Language, Leniency, Outcome,
    PduLine, Reference, ReferenceWidth, SegmentOptions, ServiceCentre, Submit, Timestamp, Tpdu,
    UserData, decode_hex, gsm7, hex, join, segment,
};

/// Vectors that do not hold, each with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    (
        "node_pdu-001",
        "the source drops the + of an international number (type 91)",
    ),
    (
        "warthog_tpdu-037",
        "the source takes TP-ST AB for granted; it is reserved, which strict mode meets first",
    ),
    ("warthog_tpdu-038", "as 037"),
    ("warthog_tpdu-039", "as 037"),
];

#[test]
fn modemmanager() {
    run("modemmanager", 29);
}

#[test]
fn node_pdu() {
    run("node-pdu", 46);
}

#[test]
fn python_messaging() {
    run("python-messaging", 37);
}

#[test]
fn warthog_tpdu() {
    run("warthog-tpdu", 59);
}

#[test]
fn gammu_at_sms_encode() {
    run("gammu-at-sms-encode", 96);
}

#[track_caller]
fn run(file: &str, expected_count: usize) {
    let Some(vectors) = load(file) else { return };
    let vectors = vectors.as_array().unwrap();
    assert_eq!(
        vectors.len(),
        expected_count,
        "{file} has another number of vectors than this test knows"
    );
    let mut wrong = Vec::new();
    for vector in vectors {
        let id = string(vector, "id").unwrap();
        let exception = EXCEPTIONS.iter().find(|(excepted, _)| *excepted == id);
        match (check(vector), exception) {
            (Ok(()), None) | (Err(_), Some(_)) => {}
            (Ok(()), Some((_, reason))) => {
                wrong.push(format!("{id} holds, but is excepted: {reason}"));
            }
            (Err(fault), None) => wrong.push(format!(
                "{id} ({}): {fault}",
                string(vector, "case").unwrap_or_default()
            )),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} do not hold:\n{}",
        wrong.len(),
        vectors.len(),
        wrong.join("\n")
    );
}

fn load(file: &str) -> Option<Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors");
    let Ok(text) = std::fs::read_to_string(folder.join(format!("{file}.json"))) else {
        assert!(
            std::env::var_os("SMS_BRIDGE_REQUIRE_VECTORS").is_none(),
            "there is no {file} in {}",
            folder.display()
        );
        println!("skipped: {file}, there is no ../shared/vectors beside this checkout");
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

/// One vector, whatever it is of.
fn check(vector: &Value) -> Result<(), String> {
    let pdu = string(vector, "pdu").unwrap_or_default();
    let expected = vector.get("expected").ok_or("nothing expected")?;
    match (
        string(vector, "direction").unwrap_or_default(),
        string(expected, "kind").unwrap_or_default(),
    ) {
        ("gsm7-packed", _) => check_packed(pdu, expected),
        ("address", _) => check_address(pdu, expected),
        _ if string(vector, "expect") == Some("error") => check_error(vector, pdu, expected),
        (_, "append2") => check_join(vector, pdu, expected),
        (_, "encode") => check_encoded(vector, pdu, expected),
        _ => check_decoded(vector, pdu, expected).map(|_| ()),
    }
}

fn options(vector: &Value, leniency: Leniency) -> DecodeOptions {
    let direction = match vector
        .get("expected")
        .and_then(|expected| string(expected, "mti_direction"))
    {
        Some("MT") => Direction::FromNetwork,
        Some("MO") => Direction::ToNetwork,
        _ => Direction::Stored,
    };
    let in_front = vector.get("smsc_included").and_then(Value::as_bool) == Some(true);
    let service_centre = if in_front {
        ServiceCentre::InFront
    } else {
        ServiceCentre::Absent
    };
    DecodeOptions {
        direction,
        service_centre,
        leniency,
    }
}

fn check_error(vector: &Value, pdu: &str, expected: &Value) -> Result<(), String> {
    let error = match decode_hex(pdu, &options(vector, Leniency::Strict)) {
        Ok(decoded) => return Err(format!("strict mode finds nothing wrong in {decoded:?}")),
        Err(error) => error,
    };
    match number(expected, "error_offset") {
        Some(offset) => equal("offset", &error.offset, &usize::try_from(offset).unwrap()),
        None => Ok(()),
    }
}

/// Everything that the source asserts, and that emitting gives the same octets.
fn check_decoded(vector: &Value, pdu: &str, expected: &Value) -> Result<Decoded, String> {
    let options = options(vector, Leniency::Tolerant);
    let decoded = decode_hex(pdu, &options).map_err(|error| error.to_string())?;
    let fields = Fields::of(&decoded);
    for (key, value) in expected.as_object().ok_or("expected is no object")? {
        fields.check(key, value)?;
    }
    if decoded.anomalies.is_empty() {
        let emitted = decoded.tpdu.emit();
        let emitted = match options.service_centre {
            ServiceCentre::InFront => PduLine::new(decoded.service_centre.as_ref(), &emitted).hex,
            ServiceCentre::Absent => hex::encode(&emitted),
        };
        equal("emitted", &emitted, &pdu.to_uppercase())?;
    }
    Ok(decoded)
}

/// The bytes, made of the inputs; what the source does not say of them (flags, validity) is taken from the PDU.
fn check_encoded(vector: &Value, pdu: &str, expected: &Value) -> Result<(), String> {
    let decoded = check_decoded(vector, pdu, expected)?;
    let user_data = decoded.tpdu.user_data().ok_or("no user data")?;
    if let Some(text) = string(expected, "full_text").or_else(|| string(expected, "text")) {
        check_segment(text, user_data)?;
    }
    let (Tpdu::Submit(submit), Some(address)) = (&decoded.tpdu, string(expected, "address")) else {
        return Ok(());
    };
    let address = Address::parse_number(address).map_err(|error| error.to_string())?;
    let made = Submit {
        destination_address: address,
        ..submit.clone()
    };
    let service_centre =
        string(expected, "smsc").map(|number| Address::parse_number(number).unwrap());
    equal(
        "encoded",
        &PduLine::new(service_centre.as_ref(), &made.emit())
            .hex
            .as_str(),
        &pdu,
    )
}

/// What `segment` makes of the text has the same octets in it.
fn check_segment(text: &str, user_data: &UserData) -> Result<(), String> {
    let concatenation = user_data.concatenation();
    let reference = concatenation.map_or(Reference::Eight(0), |found| match found.width {
        ReferenceWidth::Eight => Reference::Eight(u8::try_from(found.reference).unwrap()),
        ReferenceWidth::Sixteen => Reference::Sixteen(found.reference),
    });
    let alphabet = match user_data.data_coding().alphabet() {
        sms_codec::Alphabet::Ucs2 => AlphabetChoice::Ucs2,
        sms_codec::Alphabet::Gsm7 => AlphabetChoice::Gsm7,
        sms_codec::Alphabet::Data => return Ok(()),
    };
    let options = SegmentOptions {
        alphabet,
        class: user_data.data_coding().class(),
        ..SegmentOptions::new(reference)
    };
    let segmentation = segment(text, &options).map_err(|error| error.to_string())?;
    let index = concatenation.map_or(0, |found| usize::from(found.part) - 1);
    let part = segmentation.parts.get(index).ok_or("too few parts")?;
    equal("part", part, user_data)
}

fn check_join(vector: &Value, pdu: &str, expected: &Value) -> Result<(), String> {
    let options = options(vector, Leniency::Strict);
    let mut parts = Vec::new();
    for pdu in [pdu, string(expected, "pdu2").ok_or("no second PDU")?] {
        let decoded = decode_hex(pdu, &options).map_err(|error| error.to_string())?;
        let user_data = decoded.tpdu.user_data().ok_or("no user data")?.clone();
        let concatenation = user_data.concatenation().ok_or("not concatenated")?;
        parts.push((concatenation, user_data));
    }
    // What tells messages apart is for the caller: reference, width and total.
    let same = parts.iter().all(|(found, _)| {
        (found.reference, found.width, found.total)
            == (parts[0].0.reference, parts[0].0.width, parts[0].0.total)
    });
    let Some(text) = string(expected, "group_text") else {
        return equal("one message", &same, &false);
    };
    equal("one message", &same, &true)?;
    let total = parts[0].0.total;
    let slots: Vec<_> = (1..=total)
        .map(|part| {
            parts
                .iter()
                .find(|(found, _)| found.part == part)
                .map(|(_, user_data)| user_data)
        })
        .collect();
    equal(
        "joined",
        &join(&slots, "").unwrap_or_default().as_str(),
        &text,
    )
}

fn check_packed(pdu: &str, expected: &Value) -> Result<(), String> {
    let text = string(expected, "text").ok_or("no text")?;
    let octets = hex::decode(pdu).map_err(|error| error.to_string())?;
    let septets = gsm7::encode(text).map_err(|error| error.to_string())?;
    if let Some(length) = number(expected, "code_len") {
        equal("septets", &septets.len(), &usize::try_from(length).unwrap())?;
    }
    let fill_bits = u8::try_from(number(expected, "align_bits").unwrap_or_default()).unwrap();
    equal(
        "packed",
        &hex::encode(&gsm7::pack(&septets, fill_bits)).as_str(),
        &pdu,
    )?;
    let unpacked = gsm7::unpack(&octets, usize::from(fill_bits), septets.len());
    equal(
        "unpacked",
        &gsm7::decode(&unpacked, gsm7::Shifts::default()).as_str(),
        &text,
    )
}

/// An address by itself, put where a TPDU has one.
fn check_address(pdu: &str, expected: &Value) -> Result<(), String> {
    let text = string(expected, "address").ok_or("no address")?;
    let address = Address::parse_number(text).map_err(|error| error.to_string())?;
    let emitted = if expected.get("is_smsc").and_then(Value::as_bool) == Some(true) {
        PduLine::new(Some(&address), &[]).hex
    } else {
        let empty = UserData::data_only(&[]).unwrap();
        let tpdu = hex::encode(&Submit::new(address, empty).emit());
        tpdu[4..tpdu.len() - 6].to_owned()
    };
    equal("address", &emitted.as_str(), &pdu)
}

/// What a decoded TPDU says, in the words of the vectors.
struct Fields<'a> {
    decoded: &'a Decoded,
    address: Option<String>,
    timestamp: Option<Timestamp>,
    discharge: Option<Timestamp>,
    message_reference: Option<u8>,
    status: Option<(u8, Outcome)>,
    failure_cause: Option<u8>,
    protocol_id: Option<u8>,
    data_coding: Option<u8>,
}

impl<'a> Fields<'a> {
    fn of(decoded: &'a Decoded) -> Self {
        let none = Self {
            decoded,
            address: None,
            timestamp: None,
            discharge: None,
            message_reference: None,
            status: None,
            failure_cause: None,
            protocol_id: None,
            data_coding: decoded
                .tpdu
                .user_data()
                .map(|found| found.data_coding().octet()),
        };
        match &decoded.tpdu {
            Tpdu::Deliver(deliver) => Self {
                address: Some(deliver.originating_address.to_string()),
                timestamp: Some(deliver.service_centre_timestamp),
                protocol_id: Some(deliver.protocol_id.0),
                ..none
            },
            Tpdu::Submit(submit) => Self {
                address: Some(submit.destination_address.to_string()),
                message_reference: Some(submit.message_reference.0),
                protocol_id: Some(submit.protocol_id.0),
                ..none
            },
            Tpdu::StatusReport(report) => Self {
                address: Some(report.recipient_address.to_string()),
                timestamp: Some(report.service_centre_timestamp),
                discharge: Some(report.discharge_time),
                message_reference: Some(report.message_reference.0),
                status: Some((report.status.0, report.status.outcome())),
                protocol_id: report.protocol_id.map(|found| found.0),
                data_coding: report.data_coding.map(|found| found.octet()),
                ..none
            },
            Tpdu::DeliverReport(report) => Self {
                failure_cause: report.failure_cause.map(|found| found.0),
                protocol_id: report.protocol_id.map(|found| found.0),
                data_coding: report.data_coding.map(|found| found.octet()),
                ..none
            },
            Tpdu::SubmitReport(report) => Self {
                failure_cause: report.failure_cause.map(|found| found.0),
                protocol_id: report.protocol_id.map(|found| found.0),
                data_coding: report.data_coding.map(|found| found.octet()),
                timestamp: Some(report.service_centre_timestamp),
                ..none
            },
            Tpdu::Command(command) => Self {
                address: Some(command.destination_address.to_string()),
                message_reference: Some(command.message_reference.0),
                protocol_id: Some(command.protocol_id.0),
                ..none
            },
        }
    }

    /// One assertion of the source.
    fn check(&self, key: &str, value: &Value) -> Result<(), String> {
        let user_data = self.decoded.tpdu.user_data();
        let text = || value.as_str().ok_or_else(|| format!("{key} is no text"));
        let octet = || value.as_u64().and_then(|value| u8::try_from(value).ok());
        match key {
            "smsc" => equal(
                key,
                &self
                    .decoded
                    .service_centre
                    .as_ref()
                    .map(ToString::to_string)
                    .as_deref(),
                &value.as_str(),
            ),
            "address" => equal(key, &self.address.as_deref(), &Some(text()?)),
            "text" => equal(
                key,
                &user_data.and_then(UserData::text).as_deref(),
                &Some(text()?),
            ),
            "data" => equal(
                key,
                &user_data
                    .and_then(UserData::data)
                    .map(hex::encode)
                    .as_deref(),
                &Some(text()?),
            ),
            "text_8bit" => equal(
                key,
                &user_data.and_then(UserData::data),
                &Some(text()?.as_bytes()),
            ),
            "ud_text" => {
                let found = user_data.map(|found| {
                    found
                        .text()
                        .map_or_else(|| found.body().to_vec(), String::into_bytes)
                });
                equal(key, &found.as_deref(), &Some(text()?.as_bytes()))
            }
            "timestamp" => same_time(key, self.timestamp, text()?),
            "timestamp_utc" => same_instant(key, self.timestamp, text()?),
            "discharge" => same_time(key, self.discharge, text()?),
            "is_multipart" => equal(
                key,
                &user_data.is_some_and(|found| found.concatenation().is_some()),
                &value.as_bool().unwrap(),
            ),
            "concat" => self.check_concatenation(value),
            "ports" => {
                let ports = user_data.and_then(UserData::ports).ok_or("no ports")?;
                equal(
                    "ports.dst",
                    &Some(u64::from(ports.destination)),
                    &number(value, "dst"),
                )?;
                equal(
                    "ports.src",
                    &Some(u64::from(ports.source)),
                    &number(value, "src"),
                )
            }
            "mr" => equal(key, &self.message_reference, &octet()),
            "status" => equal(key, &self.status.map(|(status, _)| status), &octet()),
            "pid" => equal(key, &self.protocol_id, &octet()),
            "dcs" => equal(key, &self.data_coding, &octet()),
            "udl" => equal(key, &user_data.map(UserData::length), &octet()),
            "fcs" => equal(key, &self.failure_cause, &octet()),
            "cls" => {
                let class = user_data.and_then(|found| found.data_coding().class());
                equal(key, &class.map(sms_codec::Class::number), &octet())
            }
            // Inputs of encoding, looked at there; what the source says about itself; content of later issues.
            "kind"
            | "full_text"
            | "text_input"
            | "coding"
            | "state"
            | "folder"
            | "sent"
            | "roundtrip"
            | "address_alias"
            | "validity_relative_minutes"
            | "expected_msgstart"
            | "mti_direction"
            | "timestamp_note"
            | "mms_of_group"
            | "pi" => Ok(()),
            unknown => Err(format!("the test does not know what to do with {unknown}")),
        }
    }

    fn check_concatenation(&self, value: &Value) -> Result<(), String> {
        let found = self
            .decoded
            .tpdu
            .user_data()
            .and_then(UserData::concatenation)
            .ok_or("not concatenated")?;
        for (key, found) in [
            ("ref", u64::from(found.reference)),
            ("total", u64::from(found.total)),
            ("seq", u64::from(found.part)),
            ("bits", u64::from(found.width.bits())),
        ] {
            if let Some(expected) = number(value, key) {
                equal(key, &found, &expected)?;
            }
        }
        Ok(())
    }
}

/// Same instant and same zone, where sources write `+01`, `+01:00` and `Z`.
fn same_time(key: &str, found: Option<Timestamp>, expected: &str) -> Result<(), String> {
    let found = found.ok_or_else(|| format!("no {key}"))?.to_string();
    let expected = match expected.len() {
        22 => format!("{expected}:00"),
        _ => expected.to_owned(),
    };
    equal(
        key,
        &found.replace("+00:00", "Z"),
        &expected.replace("+00:00", "Z"),
    )
}

fn same_instant(key: &str, found: Option<Timestamp>, expected: &str) -> Result<(), String> {
    let found = found
        .and_then(|found| found.unix_seconds())
        .ok_or_else(|| format!("no {key}"))?;
    let utc = Timestamp::from_unix_seconds(found, 0).ok_or("outside of the century")?;
    equal(key, &utc.to_string().as_str(), &expected)
}

fn equal<T: PartialEq + std::fmt::Debug>(
    what: &str,
    found: &T,
    expected: &T,
) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what} is {found:?}, expected {expected:?}"))
    }
}

fn string<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

fn number(value: &Value, key: &str) -> Option<u64> {
    value.get(key)?.as_u64()
}

/// Places of the national tables where the file differs from 3GPP TS 23.038 annex A.
const TABLE_EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "hindi",
        "00",
        "the candrabindu of Bengali; A.3.6 has U+0901",
    ),
    ("hindi", "01", "the anusvara of Bengali; A.3.6 has U+0902"),
    ("hindi", "02", "the visarga of Bengali; A.3.6 has U+0903"),
];

#[test]
fn gsm7_national_tables() {
    let Some(file) = load("gsm7-national-tables") else {
        return;
    };
    let tables = file.get("tables").and_then(Value::as_object).unwrap();
    let mut compared = 0;
    for (name, tables) in tables {
        let language = Language::ALL
            .into_iter()
            .find(|language| language.to_string().to_lowercase() == *name);
        for (table, places) in tables.as_object().unwrap() {
            for (place, character) in places.as_object().unwrap() {
                let septet = u8::from_str_radix(place, 16).unwrap();
                let expected = character.as_str().unwrap();
                let (prefix, shifts): (&[u8], _) = if table.ends_with("ExtDecoder") {
                    (
                        &[gsm7::ESCAPE],
                        gsm7::Shifts {
                            single: language,
                            locking: None,
                        },
                    )
                } else {
                    (
                        &[],
                        gsm7::Shifts {
                            single: None,
                            locking: language,
                        },
                    )
                };
                if septet == gsm7::ESCAPE {
                    continue;
                }
                let found = gsm7::decode(&[prefix, &[septet]].concat(), shifts);
                let excepted = prefix.is_empty()
                    && TABLE_EXCEPTIONS
                        .iter()
                        .any(|(table, other, _)| (*table, *other) == (name, place));
                assert_eq!(
                    found == expected,
                    !excepted,
                    "{table} {place}: {found:?}, expected {expected:?}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 2000, "{compared}");
}
