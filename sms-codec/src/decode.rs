//! From what a modem printed to a TPDU, with a record of what was sloppy on the way.

use crate::address::Address;
use crate::deliver::Deliver;
use crate::error::{Anomaly, AnomalyKind, DecodeError, Fault};
use crate::reader::Reader;
use crate::status_report::StatusReport;
use crate::submit::Submit;
use crate::tpdu::Tpdu;

/// How to read a PDU. The default fits what `+CMGR`, `+CMGL`, `+CMT` and `+CDS` print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DecodeOptions {
    /// Which way it went, as TP-MTI alone does not tell.
    pub direction: Direction,
    /// Whether a service-centre address stands in front.
    pub service_centre: ServiceCentre,
    /// What to do about anomalies.
    pub leniency: Leniency,
}

/// Which way a TPDU went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// What a SIM or a modem's memory holds and routes: DELIVER, SUBMIT and STATUS-REPORT.
    #[default]
    Stored,
    /// From the network: DELIVER, STATUS-REPORT, SUBMIT-REPORT.
    FromNetwork,
    /// To the network: SUBMIT, COMMAND, DELIVER-REPORT.
    ToNetwork,
}

/// Whether a service-centre address stands in front of a TPDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServiceCentre {
    /// As modems print it, maybe with a length of zero (3GPP TS 27.005 §3.1).
    #[default]
    InFront,
    /// The TPDU alone.
    Absent,
}

/// What to do about anomalies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Leniency {
    /// Read around them and list them.
    #[default]
    Tolerant,
    /// Stop at the first.
    Strict,
}

/// What was made of a PDU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The service centre; `None` where there is no address, or an empty one that stands for the SIM's own.
    pub service_centre: Option<Address>,
    /// The message.
    pub tpdu: Tpdu,
    /// Octets of the TPDU alone: the number that `+CMGS` and `+CMGR` give.
    pub tpdu_octets: usize,
    /// What was sloppy, in the order in which it was met.
    pub anomalies: Vec<Anomaly>,
}

/// Decodes the hexadecimal digits of a modem: in either case, with white space anywhere and quotes around them.
///
/// # Errors
///
/// [`DecodeError`] where no TPDU can be made of it, or for any anomaly in strict mode.
pub fn decode_hex(text: &str, options: &DecodeOptions) -> Result<Decoded, DecodeError> {
    let mut octets = Vec::with_capacity(text.len() / 2);
    let mut anomalies = Vec::new();
    let mut high: Option<u8> = None;
    let unspaced =
        text.trim_matches(|character: char| character.is_whitespace() || character == '\0');
    let unquoted = unspaced.trim_matches('"');
    if unquoted.len() != unspaced.len() {
        let offset = if unspaced.starts_with('"') {
            0
        } else {
            unquoted.len() / 2
        };
        anomalies.push(Anomaly {
            offset,
            kind: AnomalyKind::Quote,
        });
    }
    for character in unquoted
        .chars()
        .filter(|character| !character.is_whitespace())
    {
        let digit = character
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok());
        let digit = digit.ok_or(DecodeError {
            offset: octets.len(),
            fault: Fault::NotHex(character),
        })?;
        match high.take() {
            None => high = Some(digit),
            Some(high) => octets.push(high << 4 | digit),
        }
    }
    if high.is_some() {
        anomalies.push(Anomaly {
            offset: octets.len(),
            kind: AnomalyKind::HalfOctet,
        });
    }
    decode_with(&octets, options, anomalies)
}

/// Decodes octets.
///
/// # Errors
///
/// [`DecodeError`] where no TPDU can be made of them, or for any anomaly in strict mode.
pub fn decode(octets: &[u8], options: &DecodeOptions) -> Result<Decoded, DecodeError> {
    decode_with(octets, options, Vec::new())
}

fn decode_with(
    octets: &[u8],
    options: &DecodeOptions,
    anomalies: Vec<Anomaly>,
) -> Result<Decoded, DecodeError> {
    if octets.is_empty() {
        return Err(DecodeError {
            offset: 0,
            fault: Fault::Empty,
        });
    }
    let mut reader = Reader::new(octets, anomalies);
    let service_centre = match options.service_centre {
        ServiceCentre::InFront => Address::parse_service_centre(&mut reader)?,
        ServiceCentre::Absent => None,
    };
    let start = reader.offset();
    let tpdu = Tpdu::parse(&mut reader, options.direction)?;
    let tpdu_octets = reader.offset() - start;
    let rest = reader.rest();
    if !rest.is_empty() {
        let octets = rest.len();
        let padding = rest.iter().all(|octet| *octet == 0xFF);
        let kind = if padding {
            AnomalyKind::TrailingPadding { octets }
        } else {
            AnomalyKind::TrailingOctets { octets }
        };
        let offset = reader.offset();
        reader.flag(offset, kind);
    }
    let anomalies = reader.into_anomalies();
    match (options.leniency, anomalies.first()) {
        (Leniency::Strict, Some(Anomaly { offset, kind })) => Err(DecodeError {
            offset: *offset,
            fault: Fault::Anomaly(*kind),
        }),
        (Leniency::Strict | Leniency::Tolerant, _) => Ok(Decoded {
            service_centre,
            tpdu,
            tpdu_octets,
            anomalies,
        }),
    }
}

impl Tpdu {
    fn parse(reader: &mut Reader<'_>, direction: Direction) -> Result<Self, DecodeError> {
        let message_type = reader.rest().first().map(|first| first & 0x03);
        match (message_type, direction) {
            (Some(0), Direction::Stored | Direction::FromNetwork) => {
                Deliver::parse(reader).map(Self::Deliver)
            }
            (Some(1), Direction::Stored | Direction::ToNetwork) => {
                Submit::parse(reader).map(Self::Submit)
            }
            (Some(2), Direction::Stored | Direction::FromNetwork) => {
                StatusReport::parse(reader).map(Self::StatusReport)
            }
            (Some(message_type @ 0..=2), Direction::FromNetwork | Direction::ToNetwork) => {
                Err(reader.fault(reader.offset(), Fault::UnsupportedMessageType(message_type)))
            }
            (Some(message_type), _) => {
                Err(reader.fault(reader.offset(), Fault::ReservedMessageType(message_type)))
            }
            (None, _) => Err(reader.fault(
                reader.offset(),
                Fault::Truncated(crate::error::Field::FirstOctet),
            )),
        }
    }
}
