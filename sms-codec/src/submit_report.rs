//! SMS-SUBMIT-REPORT: how the network answers a SUBMIT (3GPP TS 23.040 §9.2.2.2a).

use crate::data_coding::DataCoding;
use crate::error::{AnomalyKind, DecodeError, Field};
use crate::failure_cause::FailureCause;
use crate::parameters::{Indicator, Parameters};
use crate::protocol_id::ProtocolId;
use crate::reader::Reader;
use crate::timestamp::Timestamp;
use crate::tpdu::MTI_SUBMIT_REPORT;
use crate::user_data::{HeaderIndicator, UserData};

/// All but TP-MTI and TP-UDHI.
const SPARE: u8 = 0xBC;

/// The service centre's answer to a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SubmitReport {
    /// TP-FCS; `None` where the message was taken.
    pub failure_cause: Option<FailureCause>,
    /// TP-SCTS: when the service centre got the message.
    pub service_centre_timestamp: Timestamp,
    /// TP-PID; `None` where the report has none.
    pub protocol_id: Option<ProtocolId>,
    /// TP-DCS; `None` where the report has none.
    pub data_coding: Option<DataCoding>,
    /// TP-UD; `None` where the report has none.
    pub user_data: Option<UserData>,
}

impl SubmitReport {
    /// The octets of the TPDU, without a service-centre address.
    pub fn emit(&self) -> Vec<u8> {
        let parameters = Parameters {
            protocol_id: self.protocol_id,
            data_coding: self.data_coding,
            user_data: self.user_data.as_ref(),
        };
        let mut octets = vec![MTI_SUBMIT_REPORT | parameters.header_bit()];
        octets.extend(self.failure_cause.map(|cause| cause.0));
        octets.push(parameters.indicator());
        octets.extend(self.service_centre_timestamp.octets());
        parameters.emit(&mut octets);
        octets
    }

    pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = reader.offset();
        let first = reader.octet(Field::FirstOctet)?;
        if first & SPARE != 0 {
            reader.flag(start, AnomalyKind::SpareBits(Field::FirstOctet));
        }
        let failure_cause = FailureCause::parse(reader)?;
        let indicator = Indicator::parse(reader)?;
        let service_centre_timestamp = Timestamp::parse(reader, Field::ServiceCentreTimeStamp)?;
        let (protocol_id, data_coding, user_data) =
            indicator.parse_parameters(reader, HeaderIndicator::from_first_octet(first))?;
        Ok(Self {
            failure_cause,
            service_centre_timestamp,
            protocol_id,
            data_coding,
            user_data,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::{DecodeOptions, Direction, PduLine, Tpdu, decode_hex};

    /// Spelled out by hand from §9.2.2.2a: a success goes without TP-FCS.
    #[test]
    fn success_and_failure_are_told_apart() {
        for (hex, cause, protocol_id) in [
            ("00010042100251320480", None, None),
            ("0001014210025132048041", None, Some(0x41)),
            ("0001C30042100251320480", Some(0xC3), None),
        ] {
            let options = DecodeOptions {
                direction: Direction::FromNetwork,
                ..DecodeOptions::default()
            };
            let decoded = decode_hex(hex, &options).unwrap();
            let Tpdu::SubmitReport(report) = &decoded.tpdu else {
                panic!("{hex} is no submit report")
            };
            assert_eq!(report.failure_cause.map(|cause| cause.0), cause, "{hex}");
            assert_eq!(
                report.protocol_id.map(|found| found.0),
                protocol_id,
                "{hex}"
            );
            assert_eq!(
                report.service_centre_timestamp.unix_seconds(),
                Some(1_705_757_020),
                "{hex}"
            );
            assert_eq!(decoded.anomalies, [], "{hex}");
            assert_eq!(PduLine::new(None, &report.emit()).hex, hex);
        }
    }
}
