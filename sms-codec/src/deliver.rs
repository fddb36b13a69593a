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
