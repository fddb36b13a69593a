//! SMS-SUBMIT: a message that a phone hands to the network (3GPP TS 23.040 §9.2.2.2).

use crate::address::{Address, MAX_ADDRESS_OCTETS};
use crate::data_coding::DataCoding;
use crate::error::{DecodeError, Field};
use crate::protocol_id::ProtocolId;
use crate::reader::Reader;
use crate::tpdu::{MTI_SUBMIT, MessageReference, REJECT_DUPLICATES, REPLY_PATH, STATUS_REPORT};
use crate::user_data::{HeaderIndicator, UserData};
use crate::validity::ValidityPeriod;

/// Octets in front of the user data, at most: two, the address, TP-PID, TP-DCS, TP-VP and TP-UDL.
const EMIT_ROOM: usize = 2 + MAX_ADDRESS_OCTETS + 2 + 7 + 1;

/// A message to the network.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Submit {
    /// TP-RD: the service centre is to reject it where it still holds one with the same reference and destination.
    pub reject_duplicates: bool,
    /// TP-RP: the answer may come back through the same service centre.
    pub reply_path: bool,
    /// TP-SRR: ask for a status report.
    pub status_report_request: bool,
    /// TP-MR. Modems overwrite it and tell the one that they used in `+CMGS`.
    pub message_reference: MessageReference,
    /// TP-DA.
    pub destination_address: Address,
    /// TP-PID.
    pub protocol_id: ProtocolId,
    /// TP-VPF and TP-VP; `None` leaves it to the service centre.
    pub validity: Option<ValidityPeriod>,
    /// TP-DCS, TP-UDHI, TP-UDL and TP-UD.
    pub user_data: UserData,
}

impl Submit {
    /// A message with nothing asked for: no report, the service centre's own validity, reference 0.
    pub fn new(destination_address: Address, user_data: UserData) -> Self {
        Self {
            reject_duplicates: false,
            reply_path: false,
            status_report_request: false,
            message_reference: MessageReference(0),
            destination_address,
            protocol_id: ProtocolId::DEFAULT,
            validity: None,
            user_data,
        }
    }

    /// With or without a request for a status report.
    #[must_use]
    pub fn with_status_report(self, requested: bool) -> Self {
        Self {
            status_report_request: requested,
            ..self
        }
    }

    /// With a validity period.
    #[must_use]
    pub fn with_validity(self, validity: ValidityPeriod) -> Self {
        Self {
            validity: Some(validity),
            ..self
        }
    }

    /// With a message reference.
    #[must_use]
    pub fn with_message_reference(self, message_reference: MessageReference) -> Self {
        Self {
            message_reference,
            ..self
        }
    }

    /// TP-DCS.
    pub fn data_coding(&self) -> DataCoding {
        self.user_data.data_coding()
    }

    /// The octets of the TPDU, without a service-centre address.
    pub fn emit(&self) -> Vec<u8> {
        let mut first = MTI_SUBMIT
            | ValidityPeriod::format_bits(self.validity)
            | self.user_data.header_indicator().bit();
        for (set, bit) in [
            (self.reject_duplicates, REJECT_DUPLICATES),
            (self.status_report_request, STATUS_REPORT),
            (self.reply_path, REPLY_PATH),
        ] {
            first |= if set { bit } else { 0 };
        }
        let mut octets = Vec::with_capacity(EMIT_ROOM + self.user_data.octets().len());
        octets.extend([first, self.message_reference.0]);
        self.destination_address.emit(&mut octets);
        octets.extend([self.protocol_id.0, self.data_coding().octet()]);
        if let Some(validity) = self.validity {
            validity.emit(&mut octets);
        }
        self.user_data.emit(&mut octets);
        octets
    }

    pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let first = reader.octet(Field::FirstOctet)?;
        let message_reference = MessageReference(reader.octet(Field::MessageReference)?);
        let destination_address = Address::parse(reader, Field::DestinationAddress)?;
        let protocol_id = ProtocolId(reader.octet(Field::ProtocolIdentifier)?);
        let data_coding = DataCoding::parse(reader)?;
        let validity = ValidityPeriod::parse(reader, first)?;
        let user_data = UserData::parse(
            reader,
            data_coding,
            HeaderIndicator::from_first_octet(first),
        )?;
        Ok(Self {
            reject_duplicates: first & REJECT_DUPLICATES != 0,
            reply_path: first & REPLY_PATH != 0,
            status_report_request: first & STATUS_REPORT != 0,
            message_reference,
            destination_address,
            protocol_id,
            validity,
            user_data,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{DecodeOptions, PduLine, Reference, SegmentOptions, Tpdu, decode_hex, segment};

    #[track_caller]
    fn check(submit: &Submit, hex: &str) {
        let line = PduLine::new(None, &submit.emit());
        assert_eq!(line.hex, hex);
        let decoded = decode_hex(hex, &DecodeOptions::default()).unwrap();
        assert_eq!(decoded.tpdu, Tpdu::Submit(submit.clone()));
        assert_eq!(decoded.tpdu_octets, line.length);
        assert_eq!(decoded.anomalies, []);
    }

    fn parts(text: &str) -> Vec<Submit> {
        let to = Address::parse_number("+12025550100").unwrap();
        let options = SegmentOptions::new(Reference::Eight(0x2A));
        segment(text, &options)
            .unwrap()
            .parts
            .into_iter()
            .map(|part| Submit::new(to.clone(), part))
            .collect()
    }

    /// Spelled out by hand from §9.2.2.2.
    #[test]
    fn fields_stand_where_the_standard_has_them() {
        let plain = parts("hello").remove(0);
        check(&plain, "0001000B912120550501F0000005E8329BFD06");
        check(
            &plain
                .clone()
                .with_status_report(true)
                .with_validity(ValidityPeriod::at_least(Duration::from_secs(172_800))),
            "0031000B912120550501F00000A805E8329BFD06",
        );
        check(
            &plain.with_message_reference(MessageReference(0x99)),
            "0001990B912120550501F0000005E8329BFD06",
        );
        check(
            &parts("🙂").remove(0),
            "0001000B912120550501F0000804D83DDE42",
        );
    }

    #[test]
    fn parts_carry_their_header() {
        let parts = parts(&"ж".repeat(71));
        assert_eq!(parts.len(), 2);
        check(
            &parts[1],
            "0041000B912120550501F000080E0500032A02020436043604360436",
        );
    }
}
