//! SMS-DELIVER-REPORT: how a phone answers a DELIVER (3GPP TS 23.040 §9.2.2.1a).

use crate::data_coding::DataCoding;
use crate::error::{AnomalyKind, DecodeError, Field};
use crate::failure_cause::FailureCause;
use crate::parameters::{Indicator, Parameters};
use crate::protocol_id::ProtocolId;
use crate::reader::Reader;
use crate::tpdu::MTI_DELIVER_REPORT;
use crate::user_data::{HeaderIndicator, UserData};

/// All but TP-MTI and TP-UDHI.
const SPARE: u8 = 0xBC;

/// A phone's answer to a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct DeliverReport {
    /// TP-FCS; `None` where the message was taken.
    pub failure_cause: Option<FailureCause>,
    /// TP-PID; `None` where the report has none.
    pub protocol_id: Option<ProtocolId>,
    /// TP-DCS; `None` where the report has none.
    pub data_coding: Option<DataCoding>,
    /// TP-UD; `None` where the report has none.
    pub user_data: Option<UserData>,
}

impl DeliverReport {
    /// The octets of the TPDU, without a service-centre address.
    pub fn emit(&self) -> Vec<u8> {
        let parameters = Parameters {
            protocol_id: self.protocol_id,
            data_coding: self.data_coding,
            user_data: self.user_data.as_ref(),
        };
        let mut octets = vec![MTI_DELIVER_REPORT | parameters.header_bit()];
        octets.extend(self.failure_cause.map(|cause| cause.0));
        octets.push(parameters.indicator());
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
        let (protocol_id, data_coding, user_data) =
            indicator.parse_parameters(reader, HeaderIndicator::from_first_octet(first))?;
        Ok(Self {
            failure_cause,
            protocol_id,
            data_coding,
            user_data,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DecodeOptions, Direction, Leniency, ServiceCentre, Tpdu, decode_hex};

    /// Spelled out by hand from §9.2.2.1a; a success goes without TP-FCS.
    #[test]
    fn success_and_failure_are_told_apart() {
        for (hex, cause) in [
            ("0000", None),
            ("000100", None),
            ("00D300", Some(0xD3)),
            ("00D30441", Some(0xD3)),
        ] {
            let options = DecodeOptions {
                direction: Direction::ToNetwork,
                service_centre: ServiceCentre::Absent,
                leniency: Leniency::Tolerant,
            };
            let decoded = decode_hex(hex, &options).unwrap();
            let Tpdu::DeliverReport(report) = &decoded.tpdu else {
                panic!("{hex} is no deliver report")
            };
            assert_eq!(report.failure_cause.map(|cause| cause.0), cause, "{hex}");
            if decoded.anomalies.is_empty() {
                assert_eq!(crate::hex::encode(&report.emit()), hex);
            }
        }
        assert_eq!(FailureCause(0xD3).to_string(), "the memory is full");
    }
}
