//! SMS-STATUS-REPORT: what became of a message that was sent (3GPP TS 23.040 §9.2.2.3).

use crate::address::Address;
use crate::data_coding::DataCoding;
use crate::error::{AnomalyKind, DecodeError, Field};
use crate::parameters::{Indicator, Parameters};
use crate::protocol_id::ProtocolId;
use crate::reader::Reader;
use crate::status::Status;
use crate::timestamp::Timestamp;
use crate::tpdu::{
    LOOP_PREVENTION, MTI_STATUS_REPORT, MessageReference, NO_MORE_MESSAGES, STATUS_REPORT,
};
use crate::user_data::{HeaderIndicator, UserData};

const SPARE: u8 = 0x90;

/// A report of the service centre.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StatusReport {
    /// TP-MMS: more messages are waiting in the service centre.
    pub more_messages: bool,
    /// TP-LP: it was forwarded already and is not to be forwarded again.
    pub loop_prevention: bool,
    /// TP-SRQ: what it answers.
    pub qualifier: Qualifier,
    /// TP-MR of the message that it is about.
    pub message_reference: MessageReference,
    /// TP-RA: whom that message was sent to.
    pub recipient_address: Address,
    /// TP-SCTS: when the service centre got that message.
    pub service_centre_timestamp: Timestamp,
    /// TP-DT: when it was delivered, or last tried.
    pub discharge_time: Timestamp,
    /// TP-ST.
    pub status: Status,
    /// TP-PID; `None` where the report has none.
    pub protocol_id: Option<ProtocolId>,
    /// TP-DCS; `None` where the report has none.
    pub data_coding: Option<DataCoding>,
    /// TP-UD; `None` where the report has none. Its coding is `data_coding`, or GSM 7-bit without one.
    pub user_data: Option<UserData>,
}

/// TP-SRQ: what a report answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Qualifier {
    /// A SUBMIT.
    Submit,
    /// A COMMAND.
    Command,
}

impl StatusReport {
    /// A report with the mandatory fields alone.
    pub fn new(
        message_reference: MessageReference,
        recipient_address: Address,
        service_centre_timestamp: Timestamp,
        discharge_time: Timestamp,
        status: Status,
    ) -> Self {
        Self {
            more_messages: false,
            loop_prevention: false,
            qualifier: Qualifier::Submit,
            message_reference,
            recipient_address,
            service_centre_timestamp,
            discharge_time,
            status,
            protocol_id: None,
            data_coding: None,
            user_data: None,
        }
    }

    /// The octets of the TPDU, without a service-centre address.
    pub fn emit(&self) -> Vec<u8> {
        let parameters = Parameters {
            protocol_id: self.protocol_id,
            data_coding: self.data_coding,
            user_data: self.user_data.as_ref(),
        };
        let mut first = MTI_STATUS_REPORT | parameters.header_bit();
        for (set, bit) in [
            (!self.more_messages, NO_MORE_MESSAGES),
            (self.loop_prevention, LOOP_PREVENTION),
            (self.qualifier == Qualifier::Command, STATUS_REPORT),
        ] {
            first |= if set { bit } else { 0 };
        }
        let mut octets = vec![first, self.message_reference.0];
        self.recipient_address.emit(&mut octets);
        octets.extend(self.service_centre_timestamp.octets());
        octets.extend(self.discharge_time.octets());
        octets.push(self.status.0);
        if parameters.indicator() != 0 {
            octets.push(parameters.indicator());
            parameters.emit(&mut octets);
        }
        octets
    }

    pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = reader.offset();
        let first = reader.octet(Field::FirstOctet)?;
        if first & SPARE != 0 {
            reader.flag(start, AnomalyKind::SpareBits(Field::FirstOctet));
        }
        let message_reference = MessageReference(reader.octet(Field::MessageReference)?);
        let recipient_address = Address::parse(reader, Field::RecipientAddress)?;
        let service_centre_timestamp = Timestamp::parse(reader, Field::ServiceCentreTimeStamp)?;
        let discharge_time = Timestamp::parse(reader, Field::DischargeTime)?;
        let start = reader.offset();
        let status = Status(reader.octet(Field::Status)?);
        if status.is_reserved() {
            reader.flag(start, AnomalyKind::ReservedValue(Field::Status, status.0));
        }
        // Octets of FF behind the status are padding of a storage record and no parameter indicator.
        let (protocol_id, data_coding, user_data) =
            if reader.rest().iter().all(|octet| *octet == 0xFF) {
                HeaderIndicator::from_first_octet(first).flag_without_user_data(reader);
                (None, None, None)
            } else {
                Indicator::parse(reader)?
                    .parse_parameters(reader, HeaderIndicator::from_first_octet(first))?
            };
        Ok(Self {
            more_messages: first & NO_MORE_MESSAGES == 0,
            loop_prevention: first & LOOP_PREVENTION != 0,
            qualifier: if first & STATUS_REPORT == 0 {
                Qualifier::Submit
            } else {
                Qualifier::Command
            },
            message_reference,
            recipient_address,
            service_centre_timestamp,
            discharge_time,
            status,
            protocol_id,
            data_coding,
            user_data,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DecodeOptions, Decoded, Outcome, PduLine, Tpdu, decode_hex};

    /// Spelled out by hand from §9.2.2.3: sent at 15:23:40, delivered at 15:23:52, two hours east.
    const DELIVERED: &str = "00062A0B912120550501F0421002513204804210025132258000";

    fn decode(hex: &str) -> (Decoded, StatusReport) {
        let decoded = decode_hex(hex, &DecodeOptions::default()).unwrap();
        let Tpdu::StatusReport(report) = decoded.tpdu.clone() else {
            panic!("{hex} is no status report")
        };
        (decoded, report)
    }

    #[test]
    fn fields_stand_where_the_standard_has_them() {
        let (decoded, report) = decode(DELIVERED);
        assert_eq!(decoded.anomalies, []);
        let expected = StatusReport::new(
            MessageReference(42),
            Address::parse_number("+12025550100").unwrap(),
            Timestamp::from_unix_seconds(1_705_757_020, 8).unwrap(),
            Timestamp::from_unix_seconds(1_705_757_032, 8).unwrap(),
            Status(0x00),
        );
        assert_eq!(report, expected);
        assert_eq!(report.status.outcome(), Outcome::Delivered);
        assert_eq!(PduLine::new(None, &report.emit()).hex, DELIVERED);
    }

    #[test]
    fn optional_fields_are_read_and_written() {
        for tail in [
            "0100",
            "0200",
            "0300F6",
            "0400",
            "0702040 3414243",
            "07410002C834",
        ] {
            let hex = format!("{DELIVERED}{tail}").replace(' ', "");
            let (decoded, report) = decode(&hex);
            assert_eq!(decoded.anomalies, [], "{tail}");
            assert_eq!(PduLine::new(None, &report.emit()).hex, hex);
        }
        let (_, report) = decode(&format!("{DELIVERED}07410002C834"));
        assert_eq!(report.protocol_id, Some(ProtocolId(0x41)));
        assert_eq!(report.user_data.unwrap().text().unwrap(), "Hi");
    }

    /// Some modems fill the record to 164 octets.
    #[test]
    fn padding_is_no_parameter_indicator() {
        let hex = format!("{DELIVERED}{}", "FF".repeat(139));
        let (decoded, report) = decode(&hex);
        assert_eq!(report.status, Status(0));
        assert_eq!(decoded.tpdu_octets, 25);
        let kinds: Vec<_> = decoded
            .anomalies
            .iter()
            .map(|anomaly| anomaly.kind)
            .collect();
        assert_eq!(kinds, [AnomalyKind::TrailingPadding { octets: 139 }]);
    }

    #[test]
    fn a_promised_field_that_is_missing_costs_nothing_but_a_flag() {
        let (decoded, report) = decode(&format!("{DELIVERED}07"));
        assert_eq!(report.protocol_id, None);
        let kinds: Vec<_> = decoded
            .anomalies
            .iter()
            .map(|anomaly| anomaly.kind)
            .collect();
        assert_eq!(
            kinds,
            [
                Field::ProtocolIdentifier,
                Field::DataCodingScheme,
                Field::UserDataLength
            ]
            .map(AnomalyKind::MissingParameter)
        );
    }
}
