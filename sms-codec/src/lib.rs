//! SMS TPDUs and alphabets of 3GPP TS 23.040 and TS 23.038: parse, emit, segment. No I/O, no clock, no async.
//!
//! In: [`decode_hex`] or [`decode`] make a [`Tpdu`] of what a modem printed, with a list of [`Anomaly`]s for what was
//! read around. The parts of a long message say where they belong ([`UserData::concatenation`]) and are put together by
//! [`join`].
//!
//! Out: [`segment`] cuts a text into the [`UserData`] of as few TPDUs as it takes, [`Submit::new`] and
//! [`Submit::emit`] make a TPDU of each, [`PduLine`] is what `+CMGS` wants of it.
//!
//! One module for each TPDU and each field, under the field's name. Every type of field has its `parse` beside its
//! `emit`.
//!
//! **Invariants:** no input panics, loops or allocates more than in proportion to its length. What is not known is kept
//! ([`DataCoding::Reserved`], [`Element::Other`], an invalid [`Timestamp`]), not refused.

mod address;
mod command;
mod data_coding;
mod decode;
mod deliver;
mod deliver_report;
mod error;
mod failure_cause;
pub mod gsm7;
pub mod hex;
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

pub use address::{
    Address, MAX_ALPHANUMERIC_SEPTETS, MAX_DIGITS, NumberError, NumberingPlan, TypeOfNumber,
};
pub use command::{Command, CommandType};
pub use data_coding::{
    Alphabet, Class, Compression, DataCoding, Retention, Waiting, WaitingHandling, WaitingState,
};
pub use decode::{DecodeOptions, Decoded, Direction, Leniency, ServiceCentre, decode, decode_hex};
pub use deliver::Deliver;
pub use deliver_report::DeliverReport;
pub use error::{Anomaly, AnomalyKind, DecodeError, Fault, Field};
pub use failure_cause::FailureCause;
pub use join::{join, join_data};
pub use national::Language;
pub use pdu_line::PduLine;
pub use protocol_id::ProtocolId;
pub use segmentation::{
    AlphabetChoice, MAX_PARTS, Reference, SegmentError, SegmentOptions, Segmentation, segment,
};
pub use status::{Failure, Outcome, Status};
pub use status_report::{Qualifier, StatusReport};
pub use submit::Submit;
pub use submit_report::SubmitReport;
pub use timestamp::Timestamp;
pub use tpdu::{MessageReference, Tpdu};
pub use user_data::{MAX_OCTETS, UserData};
pub use user_data_header::{Concatenation, Element, Elements, Ports, ReferenceWidth};
pub use validity::{RelativePeriod, ValidityPeriod};
