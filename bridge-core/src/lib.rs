//! The domain of sms-bridge: conversations, messages, delivery state, routing, people, commands, the store.
//!
//! Knows no chat network and no serial port: those come in through the two ports, [`ChatAdapter`] and [`SmsLink`].
//! Everything that changes the store goes through one writer task; [`BridgeHandle`] is the only way in, and whatever it
//! answers is durable before it answers.

pub mod address;
pub mod chat;
#[cfg(feature = "conformance")]
pub mod conformance;
mod handle;
pub mod id;
pub mod link;
pub mod person;
mod redacted;

pub use address::{Address, AddressError, Conversation, Country, LineName};
pub use chat::{ChatAdapter, ChatError};
pub use handle::{
    Arrival, BridgeError, BridgeHandle, DeliveryReports, LateOutcome, LineSettings, Origin, Pending,
};
pub use id::{MessageId, PartId, PostId, Timestamp};
pub use link::{SendError, SmsLink};
pub use person::{Identity, People, Person, Role};
pub use redacted::Redacted;
