//! TP-PI and the optional fields that it announces at the end of reports (3GPP TS 23.040 §9.2.3.27).

use crate::data_coding::DataCoding;
use crate::error::{AnomalyKind, DecodeError, Field};
use crate::protocol_id::ProtocolId;
use crate::reader::Reader;
use crate::user_data::{HeaderIndicator, UserData};

const PROTOCOL_ID: u8 = 0x01;
const DATA_CODING: u8 = 0x02;
const USER_DATA: u8 = 0x04;
const RESERVED: u8 = 0x78;
const EXTENSION: u8 = 0x80;

/// The optional fields of a report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Parameters {
    pub(crate) protocol_id: Option<ProtocolId>,
    pub(crate) data_coding: Option<DataCoding>,
    pub(crate) user_data: Option<UserData>,
}

impl Parameters {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// TP-PI and what it announces.
    pub(crate) fn emit(&self, octets: &mut Vec<u8>) {
        let mut indicator = 0;
        for (set, bit) in [
            (self.protocol_id.is_some(), PROTOCOL_ID),
            (self.data_coding.is_some(), DATA_CODING),
            (self.user_data.is_some(), USER_DATA),
        ] {
            indicator |= if set { bit } else { 0 };
        }
        octets.push(indicator);
        octets.extend(self.protocol_id.map(|protocol_id| protocol_id.0));
        octets.extend(self.data_coding.map(|data_coding| data_coding.octet()));
        if let Some(user_data) = &self.user_data {
            user_data.emit(octets);
        }
    }

    /// Reads TP-PI and what it announces. Announced fields that are not there are flagged: the report is of use without.
    pub(crate) fn parse(
        reader: &mut Reader<'_>,
        header_indicator: HeaderIndicator,
    ) -> Result<Self, DecodeError> {
        let start = reader.offset();
        let indicator = reader.octet(Field::ParameterIndicator)?;
        if indicator & RESERVED != 0 {
            reader.flag(
                start,
                AnomalyKind::ReservedValue(Field::ParameterIndicator, indicator),
            );
        }
        let mut extension = indicator;
        while extension & EXTENSION != 0 {
            extension = reader.octet(Field::ParameterIndicator)?;
        }
        let mut parameters = Self::default();
        let announced = |bit: u8, field: Field, reader: &mut Reader<'_>| {
            let announced = indicator & bit != 0;
            let there = !reader.rest().is_empty();
            if announced && !there {
                let offset = reader.offset();
                reader.flag(offset, AnomalyKind::MissingParameter(field));
            }
            announced && there
        };
        if announced(PROTOCOL_ID, Field::ProtocolIdentifier, reader) {
            parameters.protocol_id = Some(ProtocolId(reader.octet(Field::ProtocolIdentifier)?));
        }
        if announced(DATA_CODING, Field::DataCodingScheme, reader) {
            parameters.data_coding = Some(DataCoding::parse(reader)?);
        }
        if announced(USER_DATA, Field::UserDataLength, reader) {
            let data_coding = parameters.data_coding.unwrap_or(DataCoding::GSM7);
            parameters.user_data = Some(UserData::parse(reader, data_coding, header_indicator)?);
        }
        Ok(parameters)
    }
}
