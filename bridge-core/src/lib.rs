//! The domain of sms-bridge: conversations, messages, delivery state, routing, people, commands, the store.
//!
//! Knows no chat network and no serial port: those come in through the two ports, [`ChatAdapter`] and [`SmsLink`].
//! Everything that changes the store goes through one writer task; [`BridgeHandle`] is the only way in, and whatever it
//! answers is durable before it answers.

pub mod address;
mod bridge;
pub mod chat;
pub mod codes;
pub mod command;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod contact;
#[cfg(feature = "crash-points")]
pub mod crash;
#[cfg(not(feature = "crash-points"))]
mod crash;
mod dispatch;
mod handle;
mod harmless;
pub mod id;
mod limits;
pub mod link;
mod part;
pub mod person;
mod post;
pub mod quiet;
mod reassembly;
mod redacted;
pub mod rules;
mod settings;
mod slots;
pub mod store;
mod time;
pub mod vcard;
mod wire;
mod writer;

pub use address::{Address, AddressError, Conversation, Country, LineName};
pub use bridge::Bridge;
pub use chat::{ChatAdapter, ChatError};
pub use contact::Contact;
pub use handle::{
    Arrival, BridgeError, BridgeHandle, DeliveryReports, FirstLook, LateOutcome, LineNotice,
    LineSettings, Origin, Pending, Sending, UnfinishedPart,
};
pub use id::{MessageId, PartId, PostId, Timestamp};
pub use limits::{Limits, MayText, Price, PriceError};
pub use link::{SendError, SmsLink};
pub use person::{Identity, People, Person, Role};
pub use redacted::Redacted;
pub use rules::Rules;
pub use settings::{Clock, CodesFor, EXPIRE_AFTER, Language, Languages, STALE_AFTER, Settings};
