//! What can be wrong with a PDU: errors that stop decoding, and anomalies that are recorded on the way.
//!
//! A [`DecodeError`] means that no TPDU can be made of the octets. An [`Anomaly`] means that one could, although the
//! sender or the modem was sloppy; [`Leniency::Strict`](crate::Leniency::Strict) makes the first anomaly an error.
//! Both carry the octet offset in what was handed in, service-centre address included.

use std::fmt;

use thiserror::Error;

/// A field of a TPDU, by the name that the standard gives it (3GPP TS 23.040 §9.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The service-centre address in front of the TPDU (3GPP TS 27.005 §3.1).
    ServiceCentreAddress,
    /// First octet: TP-MTI and the flags beside it.
    FirstOctet,
    /// TP-OA.
    OriginatingAddress,
    /// TP-DA.
    DestinationAddress,
    /// TP-RA.
    RecipientAddress,
    /// TP-PID.
    ProtocolIdentifier,
    /// TP-DCS.
    DataCodingScheme,
    /// TP-SCTS.
    ServiceCentreTimeStamp,
    /// TP-DT.
    DischargeTime,
    /// TP-VP.
    ValidityPeriod,
    /// TP-MR.
    MessageReference,
    /// TP-ST.
    Status,
    /// TP-FCS.
    FailureCause,
    /// TP-PI.
    ParameterIndicator,
    /// TP-CT.
    CommandType,
    /// TP-MN.
    MessageNumber,
    /// TP-CDL.
    CommandDataLength,
    /// TP-UDL.
    UserDataLength,
    /// TP-UD.
    UserData,
    /// The user data header inside TP-UD.
    UserDataHeader,
    /// Serial number of a cell broadcast (3GPP TS 23.041 §9.4.1.2.1).
    SerialNumber,
    /// Message identifier of a cell broadcast.
    MessageIdentifier,
    /// Page parameter of a cell broadcast.
    PageParameter,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServiceCentreAddress => "service-centre address",
            Self::FirstOctet => "first octet",
            Self::OriginatingAddress => "TP-OA",
            Self::DestinationAddress => "TP-DA",
            Self::RecipientAddress => "TP-RA",
            Self::ProtocolIdentifier => "TP-PID",
            Self::DataCodingScheme => "TP-DCS",
            Self::ServiceCentreTimeStamp => "TP-SCTS",
            Self::DischargeTime => "TP-DT",
            Self::ValidityPeriod => "TP-VP",
            Self::MessageReference => "TP-MR",
            Self::Status => "TP-ST",
            Self::FailureCause => "TP-FCS",
            Self::ParameterIndicator => "TP-PI",
            Self::CommandType => "TP-CT",
            Self::MessageNumber => "TP-MN",
            Self::CommandDataLength => "TP-CDL",
            Self::UserDataLength => "TP-UDL",
            Self::UserData => "TP-UD",
            Self::UserDataHeader => "user data header",
            Self::SerialNumber => "serial number",
            Self::MessageIdentifier => "message identifier",
            Self::PageParameter => "page parameter",
        })
    }
}

/// Octets of which no TPDU can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("octet {offset}: {fault}")]
pub struct DecodeError {
    /// Octets in front of the fault, counted from the start of what was handed in.
    pub offset: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// Why decoding stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// There is nothing to decode.
    #[error("the PDU is empty")]
    Empty,
    /// The line that a modem prints in front of a PDU, and nothing behind it.
    #[error("a modem's line without a PDU, which stands in the next one")]
    NoPdu,
    /// A character that is no hexadecimal digit.
    #[error("'{}' is not a hexadecimal digit", .0.escape_default())]
    NotHex(char),
    /// The PDU ends inside or in front of this field.
    #[error("the PDU ends before {0} is complete")]
    Truncated(Field),
    /// An address longer than the standard permits: 20 digits, or 10 octets behind the type.
    #[error("{field} cannot be {length} long")]
    AddressLength {
        /// Which address.
        field: Field,
        /// The length octet.
        length: u8,
    },
    /// TP-MTI 3, which the standard reserves.
    #[error("message type {0} is reserved by the standard")]
    ReservedMessageType(u8),
    /// An anomaly, in strict mode.
    #[error("{0}")]
    Anomaly(AnomalyKind),
}

/// Something that a standard-conforming sender and modem would not have produced, and that was read around.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Anomaly {
    /// Octets in front of it, counted from the start of what was handed in.
    pub offset: usize,
    /// What it is.
    pub kind: AnomalyKind,
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "octet {}: {}", self.offset, self.kind)
    }
}

/// The kinds of [`Anomaly`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnomalyKind {
    /// A quote beside the hexadecimal digits; left out.
    Quote,
    /// A line or a prompt of a modem, or the command to it, in front of the digits or behind them; left out.
    ModemLine,
    /// A byte order mark in front of the digits; left out.
    ByteOrderMark,
    /// `0x` or `\x` in front of digits; left out.
    Prefix,
    /// A space, a line break or punctuation between the digits; left out.
    Separator,
    /// Ctrl-Z or a zero, as what is written to a modem ends with; left out.
    ControlZ,
    /// Half an octet at the end; left out.
    HalfOctet,
    /// `FF` octets behind the TPDU, as some modems fill a storage record; left out.
    TrailingPadding {
        /// How many.
        octets: usize,
    },
    /// Other octets behind the TPDU; left out.
    TrailingOctets {
        /// How many.
        octets: usize,
    },
    /// A bit that the standard keeps at zero is set (for an address type: a bit that it keeps at one is not).
    SpareBits(Field),
    /// A value that the standard reserves.
    ReservedValue(Field, u8),
    /// A fill digit (`F`) inside an address; its digits end there.
    FillInsideAddress(Field),
    /// The high half of the last octet of an odd address is not `F`; left out.
    MissingFill(Field),
    /// A name that takes more semi-octets than its characters, as senders write it that count whole octets, or that has
    /// characters without a meaning.
    LooseName(Field),
    /// Not a date, a time of day or a zone; kept raw.
    InvalidTime(Field),
    /// TP-UDL promises more than there is; what is there was read.
    UserDataBeyondPdu {
        /// TP-UDL, in septets or octets.
        announced: u8,
        /// What is there, in the same unit.
        present: u8,
    },
    /// More than the 140 octets that a TPDU has room for.
    UserDataTooLong {
        /// How many.
        octets: usize,
    },
    /// The user data header is longer than the user data; read as if there were none.
    HeaderBeyondUserData,
    /// An element of the user data header is longer than the header; it and what follows is left out.
    ElementBeyondHeader {
        /// Its identifier.
        identifier: u8,
    },
    /// An element with a length that does not fit its identifier; kept, with no effect.
    ElementLength {
        /// Its identifier.
        identifier: u8,
    },
    /// A concatenation element with a total of zero or a part outside of it; no effect.
    ConcatenationOutOfRange,
    /// A national language that the standard does not name; the default alphabet is used.
    UnknownLanguage(u8),
    /// UCS-2 with an odd number of octets; the last one is left out.
    HalfCodeUnit,
    /// Half of a surrogate pair where its other half cannot be in a neighbouring part; shown as U+FFFD.
    LoneSurrogate,
    /// An escape at the end with nothing behind it; left out.
    LoneEscape,
    /// A page of a cell broadcast with less than 82 octets of content; what is there was read.
    PageTooShort {
        /// How many.
        octets: usize,
    },
    /// TP-PI announces a parameter that is not there.
    MissingParameter(Field),
}

impl fmt::Display for AnomalyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quote => f.write_str("a quote around the digits"),
            Self::ModemLine => f.write_str("a modem's line around the digits"),
            Self::ByteOrderMark => f.write_str("a byte order mark in front of the digits"),
            Self::Prefix => f.write_str("0x in front of the digits"),
            Self::Separator => f.write_str("a separator between the digits"),
            Self::ControlZ => f.write_str("a control character behind the digits"),
            Self::HalfOctet => f.write_str("half an octet at the end"),
            Self::TrailingPadding { octets } => {
                write!(f, "{octets} padding octets (FF) behind the TPDU")
            }
            Self::TrailingOctets { octets } => write!(f, "{octets} octets behind the TPDU"),
            Self::SpareBits(field) => {
                write!(f, "spare bits of {field} are not as the standard has them")
            }
            Self::ReservedValue(field, value) => {
                write!(f, "{field} has the reserved value {value:#04x}")
            }
            Self::FillInsideAddress(field) => write!(f, "{field} has a fill digit inside"),
            Self::MissingFill(field) => {
                write!(f, "{field} has an odd number of digits and no fill digit")
            }
            Self::LooseName(field) => {
                write!(f, "{field} has more in it than the characters of its name")
            }
            Self::InvalidTime(field) => write!(f, "{field} is not a time"),
            Self::UserDataBeyondPdu { announced, present } => {
                write!(f, "TP-UDL says {announced}, but only {present} are there")
            }
            Self::UserDataTooLong { octets } => {
                write!(f, "TP-UD has {octets} octets, 140 is the limit")
            }
            Self::HeaderBeyondUserData => {
                f.write_str("the user data header is longer than the user data")
            }
            Self::ElementBeyondHeader { identifier } => {
                write!(
                    f,
                    "header element {identifier:#04x} is longer than the header"
                )
            }
            Self::ElementLength { identifier } => {
                write!(f, "header element {identifier:#04x} has a wrong length")
            }
            Self::ConcatenationOutOfRange => {
                f.write_str("the part number is outside of the number of parts")
            }
            Self::UnknownLanguage(identifier) => {
                write!(f, "national language {identifier} is not known")
            }
            Self::HalfCodeUnit => f.write_str("UCS-2 text with an odd number of octets"),
            Self::LoneSurrogate => f.write_str("half of a surrogate pair"),
            Self::LoneEscape => f.write_str("an escape with nothing behind it"),
            Self::PageTooShort { octets } => {
                write!(f, "{octets} octets of content, a page has 82")
            }
            Self::MissingParameter(field) => {
                write!(f, "TP-PI announces {field}, which is not there")
            }
        }
    }
}
