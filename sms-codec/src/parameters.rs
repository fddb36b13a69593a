//! TP-PI and the optional fields that it announces at the end of reports (3GPP TS 23.040 §9.2.3.27).

use crate::data_coding::DataCoding;
use crate::error::{AnomalyKind, DecodeError, Field};
use crate::failure_cause::FailureCause;
use crate::protocol_id::ProtocolId;
use crate::reader::Reader;
use crate::user_data::{HeaderIndicator, UserData};

const PROTOCOL_ID: u8 = 0x01;
const DATA_CODING: u8 = 0x02;
const USER_DATA: u8 = 0x04;
const RESERVED: u8 = 0x78;
const EXTENSION: u8 = 0x80;

/// The optional fields of a report to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameters<'a> {
    pub(crate) protocol_id: Option<ProtocolId>,
    pub(crate) data_coding: Option<DataCoding>,
    pub(crate) user_data: Option<&'a UserData>,
}

impl Parameters<'_> {
    /// TP-PI.
    pub(crate) fn indicator(&self) -> u8 {
        [
            (self.protocol_id.is_some(), PROTOCOL_ID),
            (self.data_coding.is_some(), DATA_CODING),
            (self.user_data.is_some(), USER_DATA),
        ]
        .into_iter()
        .fold(
            0,
            |indicator, (set, bit)| if set { indicator | bit } else { indicator },
        )
    }

    /// TP-UDHI.
    pub(crate) fn header_bit(&self) -> u8 {
        self.user_data
            .map_or(HeaderIndicator::Absent, UserData::header_indicator)
            .bit()
    }

    /// The fields, TP-PI left out.
    pub(crate) fn emit(&self, octets: &mut Vec<u8>) {
        octets.extend(self.protocol_id.map(|protocol_id| protocol_id.0));
        octets.extend(self.data_coding.map(|data_coding| data_coding.octet()));
        if let Some(user_data) = self.user_data {
            user_data.emit(octets);
        }
    }
}

/// TP-PI as read; its extensions announce nothing that is known today.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Indicator(u8);

/// The optional fields of a report.
type Announced = (Option<ProtocolId>, Option<DataCoding>, Option<UserData>);

impl Indicator {
    pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = reader.offset();
        let indicator = reader.octet(Field::ParameterIndicator)?;
        if indicator & (RESERVED | EXTENSION) != 0 {
            reader.flag(
                start,
                AnomalyKind::ReservedValue(Field::ParameterIndicator, indicator),
            );
        }
        let mut extension = indicator;
        while extension & EXTENSION != 0 {
            extension = reader.octet(Field::ParameterIndicator)?;
        }
        Ok(Self(indicator))
    }

    /// Reads what is announced. What is not there is flagged: the report is of use without.
    pub(crate) fn parse_parameters(
        self,
        reader: &mut Reader<'_>,
        header_indicator: HeaderIndicator,
    ) -> Result<Announced, DecodeError> {
        let mut protocol_id = None;
        let mut data_coding = None;
        let mut user_data = None;
        if self.announces(PROTOCOL_ID, Field::ProtocolIdentifier, reader) {
            protocol_id = Some(ProtocolId(reader.octet(Field::ProtocolIdentifier)?));
        }
        if self.announces(DATA_CODING, Field::DataCodingScheme, reader) {
            data_coding = Some(DataCoding::parse(reader)?);
        }
        if self.announces(USER_DATA, Field::UserDataLength, reader) {
            let data_coding = data_coding.unwrap_or(DataCoding::GSM7);
            user_data = Some(UserData::parse(reader, data_coding, header_indicator)?);
        }
        if user_data.is_none() {
            header_indicator.flag_without_user_data(reader);
        }
        Ok((protocol_id, data_coding, user_data))
    }

    fn announces(self, bit: u8, field: Field, reader: &mut Reader<'_>) -> bool {
        let announced = self.0 & bit != 0;
        let there = !reader.rest().is_empty();
        if announced && !there {
            let offset = reader.offset();
            reader.flag(offset, AnomalyKind::MissingParameter(field));
        }
        announced && there
    }
}

impl FailureCause {
    /// Reads TP-FCS where there is one. Reports of success go without, and only the value tells: a cause is 80 or more,
    /// and a TP-PI in its place has neither its reserved bits nor its extension in use.
    pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Option<Self>, DecodeError> {
        match reader.rest().first() {
            Some(octet) if octet & (EXTENSION | RESERVED) == 0 => Ok(None),
            Some(_) | None => reader
                .octet(Field::FailureCause)
                .map(|cause| Some(Self(cause))),
        }
    }
}
