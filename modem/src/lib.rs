//! A GSM modem on a serial port: bring-up and the AT/PDU send/receive loop.
//!
//! [`engine`] is sans-I/O: bytes and the time in; bytes, events and a deadline out. The driver behind [`spawn`] is the
//! only part with a clock, a port and a task; [`discovery`] is what it knows of the machine: USB devices, other programs. TPDUs pass through as bytes on the way out and as text on the way in:
//! nothing here knows what they say, what a conversation is, or where anything is stored.
//!
//! What always holds:
//!
//! - One command is in flight. Its deadline is absolute: unsolicited lines never extend it.
//! - Nothing is written between Ctrl-Z and the result.
//! - A send is answered once: accepted, `Retry` (nothing left), `Reject`, or `Unknown` when in doubt. It is never
//!   repeated by itself.
//! - A slot is freed only if it holds the message that the caller names.
//! - Numbers, texts, IMEI, IMSI, ICCID and PIN are in no log above trace, and the PIN in none at all.

mod cause;
mod config;
mod country;
pub mod discovery;
mod driver;
pub mod engine;
mod error;
mod event;
mod pdu;
mod redacted;
mod status;
mod storage;
pub mod transcript;
pub mod usb;

pub use cause::{Cause, ModemError};
pub use config::{
    Address, AddressError, Calls, Config, DeliveryReports, FlowControl, Imei, ImeiError,
    InitCommand, InitCommandError, Listening, Pacing, Pin, PinAttempt, PinDecision, PinEntry,
    PinError, PinGate, ServiceCentre, ServiceCentreError, UsbPath, UsbPathError,
};
pub use country::{country_of_imsi, country_of_mcc};
pub use driver::{Handle, RawPort, spawn};
pub use error::{CommandError, SendError};
pub use event::{
    Accepted, Call, CallOutcome, Event, FollowUp, MessageReference, NetworkTime, Origin, Roaming,
    UssdAnswer,
};
pub use pdu::{Kind, RawPdu};
pub use redacted::Redacted;
pub use status::{Blocked, Identity, Incoming, Phase, Registration, Signal, Status, Technology};
pub use storage::{Deleted, Memory, SlotContent, SlotStatus, StorageSlot, StorageUse};
