//! What is emitted is read as what it was, for every type with any fields: addresses, times, periods, codings, headers.

use proptest::prelude::*;

use super::*;
use crate::command::CommandType;
use crate::data_coding::DataCoding;
use crate::error::Field;
use crate::failure_cause::FailureCause;
use crate::protocol_id::ProtocolId;
use crate::reader::Reader;
use crate::status::Status;
use crate::status_report::Qualifier;
use crate::timestamp::Timestamp;
use crate::user_data::HeaderIndicator;
use crate::validity::{RelativePeriod, ValidityPeriod};
use crate::{
    Address, DecodeOptions, Direction, PduLine, ServiceCentre, TypeOfNumber, decode, decode_hex,
};

/// Any digits of any type and plan.
fn number() -> impl Strategy<Value = Address> {
    let digits = prop::collection::vec(0_u8..0x0F, 0..=20);
    (0x80_u8.., digits).prop_map(|(kind, digits)| {
        // Type 5 is alphanumeric.
        let kind = if kind & 0x70 == 0x50 {
            kind ^ 0x10
        } else {
            kind
        };
        let mut octets = vec![u8::try_from(digits.len()).unwrap(), kind];
        octets.extend(digits.chunks(2).map(|pair| match pair {
            [low, high] => high << 4 | low,
            _ => 0xF0 | pair[0],
        }));
        let mut reader = Reader::new(&octets, Vec::new());
        let address = Address::parse(&mut reader, Field::DestinationAddress).unwrap();
        assert_eq!(reader.into_anomalies(), []);
        address
    })
}

fn address() -> impl Strategy<Value = Address> {
    // An `@` behind seven characters is taken for fill bits.
    let name = "[A-Za-z0-9 _.&!Ääñ]{1,11}|[a-c€]{1,5}";
    prop_oneof![
        4 => number(),
        1 => name.prop_map(|name| Address::alphanumeric(&name).unwrap()),
    ]
}

fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        (631_152_000..3_786_912_000_i64, -48_i8..=56).prop_map(|(seconds, quarters)| {
            Timestamp::from_unix_seconds(seconds, quarters)
                .unwrap_or_else(|| Timestamp::from_octets([0; 7]))
        }),
        any::<[u8; 7]>().prop_map(Timestamp::from_octets),
    ]
}

fn validity() -> impl Strategy<Value = Option<ValidityPeriod>> {
    prop_oneof![
        Just(None),
        any::<u8>().prop_map(|period| Some(ValidityPeriod::Relative(RelativePeriod(period)))),
        time().prop_map(|until| Some(ValidityPeriod::Absolute(until))),
        any::<[u8; 7]>().prop_map(|octets| Some(ValidityPeriod::Enhanced(octets))),
    ]
}

/// Elements of a header with any identifier and any octets, most of them well-formed.
fn header() -> impl Strategy<Value = Vec<u8>> {
    let element =
        (any::<u8>(), prop::collection::vec(any::<u8>(), 0..8)).prop_map(|(identifier, data)| {
            let length = u8::try_from(data.len()).unwrap();
            [vec![identifier, length], data].concat()
        });
    let known = prop::sample::select(vec![
        "0003420301",
        "0804420A0301",
        "05040B8423F0",
        "0102C003",
        "240101",
        "250104",
        "22080B912120550501F0",
        "0A03000410",
    ])
    .prop_map(|hex| crate::hex::decode(hex).unwrap());
    prop::collection::vec(prop_oneof![element, known], 0..5).prop_map(|elements| {
        let elements = elements.concat();
        [vec![u8::try_from(elements.len()).unwrap()], elements].concat()
    })
}

/// User data of any coding, with a header that fits, with one that does not, or without.
fn user_data(coding: impl Strategy<Value = u8>) -> impl Strategy<Value = UserData> {
    let body = prop::collection::vec(any::<u8>(), 0..=90);
    (coding, any::<bool>(), header(), body).prop_map(|(coding, is_headed, header, body)| {
        let coding = DataCoding::from_octet(coding);
        let octets = if is_headed {
            [header, body].concat()
        } else {
            body
        };
        let indicator = if is_headed {
            HeaderIndicator::Present
        } else {
            HeaderIndicator::Absent
        };
        let plain = read_user_data(coding, indicator, octets.len(), &octets);
        if plain.unit() == crate::user_data::Unit::Septets {
            read_user_data(coding, indicator, octets.len() * 8 / 7, &octets)
        } else {
            plain
        }
    })
}

fn read_user_data(
    coding: DataCoding,
    indicator: HeaderIndicator,
    length: usize,
    octets: &[u8],
) -> UserData {
    let octets = [&[u8::try_from(length).unwrap()], octets].concat();
    UserData::parse(&mut Reader::new(&octets, Vec::new()), coding, indicator).unwrap()
}

/// TP-PI's fields: user data has the coding that is named, or GSM 7-bit where none is.
fn parameters() -> impl Strategy<Value = (Option<ProtocolId>, Option<DataCoding>, Option<UserData>)>
{
    let protocol_id = prop::option::of(any::<u8>().prop_map(ProtocolId));
    let rest = prop_oneof![
        prop::option::of(any::<u8>().prop_map(DataCoding::from_octet))
            .prop_map(|coding| (coding, None)),
        user_data(any::<u8>()).prop_map(|found| (Some(found.data_coding()), Some(found))),
        user_data(Just(0)).prop_map(|found| (None, Some(found))),
    ];
    (protocol_id, rest).prop_map(|(protocol_id, (coding, found))| (protocol_id, coding, found))
}

fn failure_cause() -> impl Strategy<Value = Option<FailureCause>> {
    prop::option::of((0x80_u8..).prop_map(FailureCause))
}

#[track_caller]
fn check(tpdu: Tpdu, direction: Direction, service_centre: &Address) -> Result<(), TestCaseError> {
    let octets = tpdu.emit();
    let options = DecodeOptions {
        direction,
        service_centre: ServiceCentre::Absent,
        ..DecodeOptions::default()
    };
    let decoded =
        decode(&octets, &options).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(&decoded.tpdu, &tpdu);
    prop_assert_eq!(decoded.tpdu_octets, octets.len());
    prop_assert_eq!(&decoded.tpdu.emit(), &octets);
    let line = PduLine::new(Some(service_centre), &octets);
    let options = DecodeOptions {
        service_centre: ServiceCentre::InFront,
        ..options
    };
    let decoded =
        decode_hex(&line.hex, &options).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(decoded.service_centre.as_ref(), Some(service_centre));
    prop_assert_eq!(&decoded.tpdu, &tpdu);
    prop_assert_eq!(decoded.tpdu_octets, line.length);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn delivers(
        flags in any::<[bool; 4]>(), from in address(), protocol in any::<u8>(), at in time(),
        body in user_data(any::<u8>()), service_centre in number(),
    ) {
        let [more_messages, loop_prevention, reply_path, status_report_indication] = flags;
        check(Tpdu::Deliver(Deliver {
            more_messages,
            loop_prevention,
            reply_path,
            status_report_indication,
            originating_address: from,
            protocol_id: ProtocolId(protocol),
            service_centre_timestamp: at,
            user_data: body,
        }), Direction::Stored, &service_centre)?;
    }

    #[test]
    fn submits(
        flags in any::<[bool; 3]>(), reference in any::<u8>(), to in address(), protocol in any::<u8>(),
        validity in validity(), body in user_data(any::<u8>()), service_centre in number(),
    ) {
        let [reject_duplicates, reply_path, status_report_request] = flags;
        check(Tpdu::Submit(Submit {
            reject_duplicates,
            reply_path,
            status_report_request,
            message_reference: MessageReference(reference),
            destination_address: to,
            protocol_id: ProtocolId(protocol),
            validity,
            user_data: body,
        }), Direction::ToNetwork, &service_centre)?;
    }

    #[test]
    fn status_reports(
        flags in any::<[bool; 3]>(), reference in any::<u8>(), to in address(), times in (time(), time()),
        status in any::<u8>(), parameters in parameters(), service_centre in number(),
    ) {
        let [more_messages, loop_prevention, of_command] = flags;
        let (protocol_id, data_coding, user_data) = parameters;
        check(Tpdu::StatusReport(StatusReport {
            more_messages,
            loop_prevention,
            qualifier: if of_command { Qualifier::Command } else { Qualifier::Submit },
            message_reference: MessageReference(reference),
            recipient_address: to,
            service_centre_timestamp: times.0,
            discharge_time: times.1,
            status: Status(status),
            protocol_id,
            data_coding,
            user_data,
        }), Direction::FromNetwork, &service_centre)?;
    }

    #[test]
    fn deliver_reports(failure_cause in failure_cause(), parameters in parameters(), service_centre in number()) {
        let (protocol_id, data_coding, user_data) = parameters;
        check(Tpdu::DeliverReport(DeliverReport { failure_cause, protocol_id, data_coding, user_data }),
            Direction::ToNetwork, &service_centre)?;
    }

    #[test]
    fn submit_reports(
        failure_cause in failure_cause(), at in time(), parameters in parameters(), service_centre in number(),
    ) {
        let (protocol_id, data_coding, user_data) = parameters;
        check(Tpdu::SubmitReport(SubmitReport {
            failure_cause,
            service_centre_timestamp: at,
            protocol_id,
            data_coding,
            user_data,
        }), Direction::FromNetwork, &service_centre)?;
    }

    #[test]
    fn commands(
        status_report_request in any::<bool>(), numbers in any::<[u8; 4]>(), to in address(),
        data in user_data(Just(0x04)), service_centre in number(),
    ) {
        let [reference, protocol, command, number] = numbers;
        check(Tpdu::Command(Command {
            status_report_request,
            message_reference: MessageReference(reference),
            protocol_id: ProtocolId(protocol),
            command_type: CommandType(command),
            message_number: MessageReference(number),
            destination_address: to,
            command_data: data,
        }), Direction::ToNetwork, &service_centre)?;
    }
}

/// The strategies reach what they are to reach.
#[test]
fn every_kind_of_field_is_among_what_is_tried() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let addresses: Vec<Address> = (0..2000)
        .map(|_| address().new_tree(&mut runner).unwrap().current())
        .collect();
    for kind in [
        TypeOfNumber::Unknown,
        TypeOfNumber::International,
        TypeOfNumber::Alphanumeric,
        TypeOfNumber::Reserved,
    ] {
        assert!(addresses.iter().any(|found| found.type_of_number() == kind));
    }
    assert!(addresses.iter().any(Address::is_empty));
    assert!(addresses.iter().any(|found| found.as_str().len() == 20));
    let bodies: Vec<UserData> = (0..2000)
        .map(|_| {
            user_data(any::<u8>())
                .new_tree(&mut runner)
                .unwrap()
                .current()
        })
        .collect();
    assert!(bodies.iter().any(|found| found.concatenation().is_some()));
    assert!(bodies.iter().any(|found| found.ports().is_some()));
    assert!(bodies.iter().any(|found| found.shifts().locking.is_some()));
    assert!(bodies.iter().any(|found| found.reply_address().is_some()));
}
