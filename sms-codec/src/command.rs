//! SMS-COMMAND: what a phone asks the service centre to do with an earlier message (3GPP TS 23.040 §9.2.2.4).

use std::fmt;

use crate::address::Address;
use crate::data_coding::DataCoding;
use crate::error::{AnomalyKind, DecodeError, Field};
use crate::protocol_id::ProtocolId;
use crate::reader::Reader;
use crate::tpdu::{MTI_COMMAND, MessageReference, STATUS_REPORT};
use crate::user_data::{HeaderIndicator, UserData};

/// All but TP-MTI, TP-SRR and TP-UDHI.
const SPARE: u8 = 0x9C;

/// A command to the service centre.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Command {
    /// TP-SRR: ask for a status report.
    pub status_report_request: bool,
    /// TP-MR of the command itself.
    pub message_reference: MessageReference,
    /// TP-PID.
    pub protocol_id: ProtocolId,
    /// TP-CT: what to do.
    pub command_type: CommandType,
    /// TP-MN: the reference of the message that it is about.
    pub message_number: MessageReference,
    /// TP-DA: whom that message was sent to.
    pub destination_address: Address,
    /// TP-UDHI, TP-CDL and TP-CD, which are shaped like 8-bit user data.
    pub command_data: UserData,
}

/// TP-CT (3GPP TS 23.040 §9.2.3.19).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommandType(pub u8);

impl fmt::Display for CommandType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("enquiry"),
            1 => f.write_str("cancel the status report"),
            2 => f.write_str("delete the message"),
            3 => f.write_str("enable the status report"),
            value @ 0xE0..=0xFF => write!(f, "service centre's own command {value:#04x}"),
            value => write!(f, "reserved command {value:#04x}"),
        }
    }
}

impl Command {
    /// The octets of the TPDU, without a service-centre address.
    pub fn emit(&self) -> Vec<u8> {
        let report = if self.status_report_request {
            STATUS_REPORT
        } else {
            0
        };
        let mut octets = vec![
            MTI_COMMAND | report | self.command_data.header_indicator().bit(),
            self.message_reference.0,
            self.protocol_id.0,
            self.command_type.0,
            self.message_number.0,
        ];
        self.destination_address.emit(&mut octets);
        self.command_data.emit(&mut octets);
        octets
    }

    pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = reader.offset();
        let first = reader.octet(Field::FirstOctet)?;
        if first & SPARE != 0 {
            reader.flag(start, AnomalyKind::SpareBits(Field::FirstOctet));
        }
        let message_reference = MessageReference(reader.octet(Field::MessageReference)?);
        let protocol_id = ProtocolId(reader.octet(Field::ProtocolIdentifier)?);
        let command_type = CommandType(reader.octet(Field::CommandType)?);
        let message_number = MessageReference(reader.octet(Field::MessageNumber)?);
        let destination_address = Address::parse(reader, Field::DestinationAddress)?;
        if reader.rest().is_empty() {
            return Err(reader.truncated(Field::CommandDataLength));
        }
        let command_data = UserData::parse(
            reader,
            DataCoding::DATA,
            HeaderIndicator::from_first_octet(first),
        )?;
        Ok(Self {
            status_report_request: first & STATUS_REPORT != 0,
            message_reference,
            protocol_id,
            command_type,
            message_number,
            destination_address,
            command_data,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DecodeOptions, Direction, PduLine, Tpdu, decode_hex};

    /// Spelled out by hand from §9.2.2.4: delete message 42 to +12025550100.
    #[test]
    fn fields_stand_where_the_standard_has_them() {
        let command = Command {
            status_report_request: true,
            message_reference: MessageReference(43),
            protocol_id: ProtocolId::DEFAULT,
            command_type: CommandType(2),
            message_number: MessageReference(42),
            destination_address: Address::parse_number("+12025550100").unwrap(),
            command_data: UserData::data_only(&[]).unwrap(),
        };
        let hex = "00222B00022A0B912120550501F000";
        assert_eq!(PduLine::new(None, &command.emit()).hex, hex);
        let options = DecodeOptions {
            direction: Direction::ToNetwork,
            ..DecodeOptions::default()
        };
        let decoded = decode_hex(hex, &options).unwrap();
        assert_eq!(
            (decoded.tpdu, decoded.anomalies),
            (Tpdu::Command(command), vec![])
        );
    }

    #[test]
    fn types_have_their_names() {
        for (value, name) in [
            (0, "enquiry"),
            (2, "delete the message"),
            (0x20, "reserved command 0x20"),
            (0xE0, "service centre's own command 0xe0"),
        ] {
            assert_eq!(CommandType(value).to_string(), name);
        }
    }
}
