//! SMS TPDUs and alphabets of 3GPP TS 23.040 and TS 23.038: parse, emit, segment. No I/O, no clock, no async.
//!
//! In: [`decode_hex`] or [`decode`] make a [`Tpdu`] of what a modem printed, with a list of [`Anomaly`]s for what was
//! read around. The parts of a long message say where they belong ([`UserData::concatenation`]) and are put together by
//! [`join`].
//!
//! Out: [`segment`] finds the cheapest [`Encoding`] of a text, says what made it dear ([`Surcharge`]), and cuts it into the
//! [`UserData`] of as few TPDUs as it takes. [`Submit::new`] and [`Submit::emit`] make a TPDU of each, [`PduLine`] is what
//! `+CMGS` wants of it.
//!
//! ```
//! use sms_codec::{Address, DecodeOptions, PduLine, Reference, SegmentOptions, Submit, Tpdu, decode_hex, segment};
//!
//! let recipient = Address::parse_number("+1 202 555 0100")?;
//! let segmentation = segment("See you at 8 🙂", &SegmentOptions::new(Reference::Eight(42)))?;
//! for part in segmentation.parts {
//!     let submit = Submit::new(recipient.clone(), part).with_status_report(true);
//!     let line = PduLine::new(None, &submit.emit());
//!     // `AT+CMGS=` with `line.length`, and behind the prompt `line.hex` and Ctrl-Z.
//!     # assert_eq!(line.length, 43);
//!     # assert_eq!(decode_hex(&line.hex, &DecodeOptions::default())?.tpdu, Tpdu::Submit(submit));
//! }
//!
//! let decoded = decode_hex("07912120550591F9040C9144770009103200004210025132048005E8329BFD06", &DecodeOptions::default())?;
//! if let Tpdu::Deliver(deliver) = decoded.tpdu {
//!     assert_eq!(deliver.originating_address.to_string(), "+447700900123");
//!     assert_eq!(deliver.service_centre_timestamp.to_string(), "2024-01-20T15:23:40+02:00");
//!     assert_eq!(deliver.user_data.text().as_deref(), Some("hello"));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! On the side: [`decode_broadcast_hex`] reads a page of a cell broadcast.
//!
//! One module for each TPDU and each field, under the field's name. Every type of field has its `parse` beside its
//! `emit`.
//!
//! **Invariants:** no input panics, loops or allocates more than in proportion to its length. What is not known is kept
//! ([`DataCoding::Reserved`], [`Element::Other`], an invalid [`Timestamp`]), not refused.

mod address;
mod broadcast;
mod command;
mod content;
mod data_coding;
mod decode;
mod deliver;
mod deliver_report;
mod ems;
mod error;
mod failure_cause;
pub mod gsm7;
pub mod hex;
mod inline;
mod join;
mod national;
mod parameters;
mod pdu_line;
mod protocol_id;
mod reader;
mod segmentation;
mod status;
mod status_report;
mod submit;
mod submit_report;
mod timestamp;
mod tpdu;
pub mod ucs2;
mod user_data;
mod user_data_header;
mod validity;
mod wrapping;

pub use address::{
    Address, MAX_ALPHANUMERIC_SEPTETS, MAX_DIGITS, NumberError, NumberingPlan, TypeOfNumber,
};
pub use broadcast::{
    BroadcastCoding, BroadcastPage, DecodedPage, Emergency, GeographicalScope, MessageIdentifier,
    PAGE_OCTETS, SerialNumber, decode_broadcast, decode_broadcast_hex,
};
pub use command::{Command, CommandType};
pub use content::{
    Appointment, Contact, Content, Email, MailWaiting, MmsExpiry, MmsKind, MmsNotification,
    ServiceIndication, ServiceLoading, Storage,
};
pub use data_coding::{
    Alphabet, Class, Compression, DataCoding, Retention, Waiting, WaitingHandling, WaitingState,
};
pub use decode::{DecodeOptions, Decoded, Direction, Leniency, ServiceCentre, decode, decode_hex};
pub use deliver::Deliver;
pub use deliver_report::DeliverReport;
pub use ems::{
    Alignment, Colour, Ems, ExtendedObject, FontSize, Forwarding, GraphicSize, PictureSize,
    TextFormatting,
};
pub use error::{Anomaly, AnomalyKind, DecodeError, Fault, Field};
pub use failure_cause::FailureCause;
pub use join::{join, join_data};
pub use national::{Language, Languages, UnknownLanguage};
pub use pdu_line::PduLine;
pub use protocol_id::ProtocolId;
pub use segmentation::{
    AlphabetChoice, Cause, Cheaper, Encoding, LookAlike, MAX_PARTS, Reference, SegmentError,
    SegmentOptions, Segmentation, Substitution, Surcharge, look_alike, segment,
};
pub use status::{Failure, Outcome, Status};
pub use status_report::{Qualifier, StatusReport};
pub use submit::Submit;
pub use submit_report::SubmitReport;
pub use timestamp::Timestamp;
pub use tpdu::{MessageReference, Tpdu};
pub use user_data::{MAX_OCTETS, UserData};
pub use user_data_header::{
    Concatenation, Element, Elements, ElementsWithOctets, Ports, ReferenceWidth, ReplyAddress,
};
pub use validity::{RelativePeriod, ValidityPeriod};
