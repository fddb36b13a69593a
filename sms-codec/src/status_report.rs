//! SMS-STATUS-REPORT: what became of a message that was sent (3GPP TS 23.040 §9.2.2.3).

use crate::address::Address;
use crate::data_coding::DataCoding;
use crate::error::{AnomalyKind, DecodeError, Field};
use crate::parameters::Parameters;
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
        let header = self
            .user_data
            .as_ref()
            .map_or(HeaderIndicator::Absent, UserData::header_indicator);
        let mut first = MTI_STATUS_REPORT | header.bit();
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
        let parameters = Parameters {
            protocol_id: self.protocol_id,
            data_coding: self.data_coding,
            user_data: self.user_data.clone(),
        };
        if !parameters.is_empty() {
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
        let parameters = if reader.rest().iter().all(|octet| *octet == 0xFF) {
            Parameters::default()
        } else {
            Parameters::parse(reader, HeaderIndicator::from_first_octet(first))?
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
            protocol_id: parameters.protocol_id,
            data_coding: parameters.data_coding,
            user_data: parameters.user_data,
        })
    }
}
