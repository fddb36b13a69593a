//! SMS-DELIVER: a message that the network brings (3GPP TS 23.040 §9.2.2.1).

use crate::address::Address;
use crate::data_coding::DataCoding;
use crate::error::{AnomalyKind, DecodeError, Field};
use crate::protocol_id::ProtocolId;
use crate::reader::Reader;
use crate::timestamp::Timestamp;
use crate::tpdu::{LOOP_PREVENTION, NO_MORE_MESSAGES, REPLY_PATH, STATUS_REPORT};
use crate::user_data::{HeaderIndicator, UserData};

const SPARE: u8 = 0x10;

/// A message from the network.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Deliver {
    /// TP-MMS: more messages are waiting in the service centre.
    pub more_messages: bool,
    /// TP-LP: it was forwarded already and is not to be forwarded again.
    pub loop_prevention: bool,
    /// TP-RP: an answer may go through the service centre that the message came through.
    pub reply_path: bool,
    /// TP-SRI: the sender asked for a status report.
    pub status_report_indication: bool,
    /// TP-OA.
    pub originating_address: Address,
    /// TP-PID.
    pub protocol_id: ProtocolId,
    /// TP-SCTS: when the service centre got it.
    pub service_centre_timestamp: Timestamp,
    /// TP-DCS, TP-UDHI, TP-UDL and TP-UD.
    pub user_data: UserData,
}

impl Deliver {
    /// A message with none of the flags set.
    pub fn new(
        originating_address: Address,
        service_centre_timestamp: Timestamp,
        user_data: UserData,
    ) -> Self {
        Self {
            more_messages: false,
            loop_prevention: false,
            reply_path: false,
            status_report_indication: false,
            originating_address,
            protocol_id: ProtocolId::DEFAULT,
            service_centre_timestamp,
            user_data,
        }
    }

    /// TP-DCS.
    pub fn data_coding(&self) -> DataCoding {
        self.user_data.data_coding()
    }

    /// The octets of the TPDU, without a service-centre address.
    pub fn emit(&self) -> Vec<u8> {
        let mut first = self.user_data.header_indicator().bit();
        for (set, bit) in [
            (!self.more_messages, NO_MORE_MESSAGES),
            (self.loop_prevention, LOOP_PREVENTION),
            (self.status_report_indication, STATUS_REPORT),
            (self.reply_path, REPLY_PATH),
        ] {
            first |= if set { bit } else { 0 };
        }
        let mut octets = vec![first];
        self.originating_address.emit(&mut octets);
        octets.extend([self.protocol_id.0, self.data_coding().octet()]);
        octets.extend(self.service_centre_timestamp.octets());
        self.user_data.emit(&mut octets);
        octets
    }

    pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = reader.offset();
        let first = reader.octet(Field::FirstOctet)?;
        if first & SPARE != 0 {
            reader.flag(start, AnomalyKind::SpareBits(Field::FirstOctet));
        }
        let originating_address = Address::parse(reader, Field::OriginatingAddress)?;
        let protocol_id = ProtocolId(reader.octet(Field::ProtocolIdentifier)?);
        let data_coding = DataCoding::parse(reader)?;
        let service_centre_timestamp = Timestamp::parse(reader, Field::ServiceCentreTimeStamp)?;
        let user_data = UserData::parse(
            reader,
            data_coding,
            HeaderIndicator::from_first_octet(first),
        )?;
        Ok(Self {
            more_messages: first & NO_MORE_MESSAGES == 0,
            loop_prevention: first & LOOP_PREVENTION != 0,
            reply_path: first & REPLY_PATH != 0,
            status_report_indication: first & STATUS_REPORT != 0,
            originating_address,
            protocol_id,
            service_centre_timestamp,
            user_data,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DecodeOptions, PduLine, Reference, SegmentOptions, Tpdu, decode_hex, segment};

    #[track_caller]
    fn check(deliver: &Deliver, hex: &str) {
        let service_centre = Address::parse_number("+12025550199").unwrap();
        assert_eq!(
            PduLine::new(Some(&service_centre), &deliver.emit()).hex,
            hex
        );
        let decoded = decode_hex(hex, &DecodeOptions::default()).unwrap();
        assert_eq!(decoded.tpdu, Tpdu::Deliver(deliver.clone()));
        assert_eq!(decoded.service_centre, Some(service_centre));
        assert_eq!(decoded.anomalies, []);
    }

    fn deliver(from: Address, text: &str) -> Deliver {
        let timestamp = Timestamp::from_unix_seconds(1_705_757_020, 8).unwrap();
        let options = SegmentOptions::new(Reference::Eight(1));
        Deliver::new(
            from,
            timestamp,
            segment(text, &options).unwrap().parts.remove(0),
        )
    }

    /// Spelled out by hand from §9.2.2.1.
    #[test]
    fn fields_stand_where_the_standard_has_them() {
        let from = Address::parse_number("+447700900123").unwrap();
        let plain = deliver(from.clone(), "hello");
        check(
            &plain,
            "07912120550591F9040C9144770009103200004210025132048005E8329BFD06",
        );
        check(
            &deliver(from, "Да"),
            "07912120550591F9040C914477000910320008421002513204800404140430",
        );
        let named = Address::alphanumeric("InfoSMS").unwrap();
        check(
            &deliver(named, "@"),
            "07912120550591F9040DD049B7F93D6D4E010000421002513204800100",
        );
        let flags = Deliver {
            more_messages: true,
            loop_prevention: true,
            reply_path: true,
            status_report_indication: true,
            protocol_id: ProtocolId(0x41),
            ..plain
        };
        check(
            &flags,
            "07912120550591F9A80C9144770009103241004210025132048005E8329BFD06",
        );
    }

    #[test]
    fn spare_bits_and_impossible_times_are_flagged() {
        let decoded = decode_hex(
            "00140C9144770009103200000000000000000000",
            &DecodeOptions::default(),
        )
        .unwrap();
        let kinds: Vec<_> = decoded
            .anomalies
            .iter()
            .map(|anomaly| (anomaly.offset, anomaly.kind))
            .collect();
        assert_eq!(
            kinds,
            [
                (1, AnomalyKind::SpareBits(Field::FirstOctet)),
                (12, AnomalyKind::InvalidTime(Field::ServiceCentreTimeStamp)),
            ]
        );
    }
}
