//! The port to a phone line. `src/sms_link.rs` of the program implements it over `modem::Handle`.
//!
//! An implementation reconnects by itself, but never sends a second time by itself: every retry is a stored decision of
//! this crate.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::address::Country;
use crate::id::PartId;

/// One phone line.
#[async_trait]
pub trait SmsLink: Send + Sync {
    /// Hands one finished SUBMIT TPDU (without a service-centre address) to the network.
    ///
    /// # Errors
    ///
    /// See [`SendError`]: what may have left is always `Unknown`, never `Retry`.
    ///
    /// # Cancel safety
    ///
    /// The part may have left when this future is dropped: the caller has to take it for unknown.
    async fn send(&self, part: PartId, tpdu: &[u8]) -> Result<Accepted, SendError>;

    /// Writes a TPDU into the modem's storage without sending it (`+CMGW`, 3GPP TS 27.005 §4.4).
    ///
    /// # Errors
    ///
    /// Nothing was sent in any case.
    async fn stage(&self, tpdu: &[u8]) -> Result<StorageSlot, LinkError>;

    /// Sends what [`stage`](Self::stage) stored (`+CMSS`, 3GPP TS 27.005 §4.7).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    async fn transmit(&self, part: PartId, slot: &StorageSlot) -> Result<Accepted, SendError>;

    /// What a slot holds now (`+CMGR`).
    ///
    /// # Errors
    ///
    /// The modem did not answer, or refused.
    async fn inspect(&self, slot: &StorageSlot) -> Result<SlotContent, LinkError>;

    /// Frees a slot, but only while it still holds `expected`.
    ///
    /// # Errors
    ///
    /// The modem did not answer, or refused; the slot may or may not be free.
    async fn discard(&self, slot: &StorageSlot, expected: &RawPdu) -> Result<Discarded, LinkError>;

    /// All that stands in the memory for messages to be sent: what we stored, and what others did (`+CMGL`, 3GPP TS 27.005
    /// §4.2).
    ///
    /// # Errors
    ///
    /// The modem did not answer, refused, or cannot list.
    async fn staged(&self) -> Result<Vec<(StorageSlot, SlotContent)>, LinkError>;

    /// Says something to the network by USSD (`+CUSD`, 3GPP TS 27.007 §7.15) and waits for its answer. A code ends a
    /// dialogue that is open; a reply goes out only while the network waits for one.
    ///
    /// # Errors
    ///
    /// The modem did not answer, the network refused, or it waits for no reply any more. Without an answer it may have
    /// reached the network all the same: it is not to be said again by itself.
    ///
    /// # Cancel safety
    ///
    /// It may have reached the network when this future is dropped.
    async fn ussd(&self, input: &UssdInput) -> Result<UssdAnswer, LinkError>;

    /// Ends the dialogue (`AT+CUSD=2`). That there was none is no error.
    ///
    /// # Errors
    ///
    /// The modem did not answer, or refused.
    async fn end_ussd(&self) -> Result<(), LinkError>;

    /// The line's condition, as it changes.
    fn status(&self) -> watch::Receiver<LinkStatus>;
}

/// A PDU as the modem wrote it, in hexadecimal, with its service-centre address.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RawPdu(pub String);

/// It holds a number and a text: not for logs.
impl fmt::Debug for RawPdu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawPdu({} hex digits)", self.0.len())
    }
}

/// A place in a modem's message storage (3GPP TS 27.005 §3.2.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StorageSlot {
    /// `SM`, `ME`, `MT` or `SR`.
    pub memory: String,
    /// From 0 or 1, as the modem counts.
    pub index: u16,
}

/// What a slot holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotContent {
    /// Nothing.
    Empty,
    /// A received message or status report.
    Received(RawPdu),
    /// Stored and not sent (`STO UNSENT`).
    Unsent(RawPdu),
    /// Stored and sent (`STO SENT`).
    Sent(RawPdu),
}

/// What became of a slot that was to be freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discarded {
    /// It is free now.
    Freed,
    /// It was free already.
    AlreadyFree,
    /// It holds something else, and was left alone.
    HoldsAnother,
}

/// The network took a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// TP-MR, by which the status report is found (3GPP TS 23.040 §9.2.3.6). `None` where the modem did not say.
    pub reference: Option<u8>,
}

/// Why a part was not sent, by what the caller can do. The cause is plain words for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nothing left; it may be tried again.
    #[error("{cause}")]
    Retry {
        /// What happened.
        cause: String,
    },
    /// The network refused it; trying again by itself is of no use.
    #[error("{cause}")]
    Reject {
        /// What happened and what the person can do.
        cause: String,
        /// Whether a person may sensibly try again (network busy or out of order, 3GPP TS 24.011 causes 38 and 41).
        may_try_again: TryAgain,
    },
    /// It may have left.
    #[error("{cause}")]
    Unknown {
        /// What happened.
        cause: String,
    },
}

/// Whether trying again later makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TryAgain {
    /// The cause may pass.
    Sensible,
    /// The cause stays.
    Pointless,
}

/// The modem did not do something that leaves nothing in doubt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LinkError(pub String);

/// What is said to the network by USSD.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UssdInput {
    /// A code, which begins a dialogue: `*100#`.
    Code(String),
    /// The reply to the network's question.
    Reply(String),
}

/// It may hold a voucher or a PIN: not for logs.
impl fmt::Debug for UssdInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Code(_) => "Code(..)",
            Self::Reply(_) => "Reply(..)",
        })
    }
}

/// The network's answer to a USSD code.
#[derive(Clone, PartialEq, Eq)]
pub struct UssdAnswer {
    /// The text.
    pub text: String,
    /// Whether the network waits for a choice.
    pub expects_reply: bool,
}

/// It may hold a balance or a number: not for logs.
impl fmt::Debug for UssdAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UssdAnswer")
            .field("expects_reply", &self.expects_reply)
            .finish_non_exhaustive()
    }
}

/// A line's condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkStatus {
    /// Whether a part would be tried now.
    pub phase: LinkPhase,
    /// In plain words, with what to do where a person has to: "waiting for /dev/ttyUSB2: plug the modem in".
    pub words: String,
    /// Maker, model and firmware of the modem, by which it is known again. `None` until it has told them.
    pub modem: Option<String>,
    /// The network's name. `None` while not registered.
    pub operator: Option<String>,
    /// Signal strength in dBm (`+CSQ`, 3GPP TS 27.007 §8.5). `None` while not known.
    pub signal_dbm: Option<i16>,
    /// The SIM's country, from its IMSI. `None` while not known.
    pub country: Option<Country>,
    /// Which SIM it is.
    pub sim: Sim,
}

/// Which SIM is in the modem, as far as it told.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sim {
    /// The number of the card (ITU-T E.118). `None` while not known.
    pub iccid: Option<String>,
    /// The number of the subscription (ITU-T E.212). `None` while not known.
    pub imsi: Option<String>,
}

/// It names a person's SIM: not for logs.
impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim")
            .field("iccid", &self.iccid.as_ref().map(|_| ".."))
            .field("imsi", &self.imsi.as_ref().map(|_| ".."))
            .finish()
    }
}

impl Sim {
    /// Whether this is proven to be another SIM, or another subscription on the same card. What one of the two does not
    /// tell proves nothing.
    #[must_use]
    pub fn differs_from(&self, other: &Self) -> bool {
        let differ = |one: &Option<String>, two: &Option<String>| {
            one.is_some() && two.is_some() && one != two
        };
        differ(&self.iccid, &other.iccid) || differ(&self.imsi, &other.imsi)
    }

    /// What is known of the same SIM from both.
    #[must_use]
    pub(crate) fn with(&self, newer: &Self) -> Self {
        Self {
            iccid: newer.iccid.clone().or_else(|| self.iccid.clone()),
            imsi: newer.imsi.clone().or_else(|| self.imsi.clone()),
        }
    }
}

/// Whether a line can send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPhase {
    /// Coming up, or waiting for the modem or the network.
    Down,
    /// Registered and idle or busy: parts are taken.
    Ready,
}

impl LinkStatus {
    /// Not up yet.
    #[must_use]
    pub fn starting() -> Self {
        Self {
            phase: LinkPhase::Down,
            words: "starting".to_owned(),
            modem: None,
            operator: None,
            signal_dbm: None,
            country: None,
            sim: Sim::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sim;

    #[test]
    fn another_sim_is_one_that_is_proven_to_be() {
        let sim = |iccid: &str, imsi: &str| {
            let known = |digits: &str| (!digits.is_empty()).then(|| digits.to_owned());
            Sim {
                iccid: known(iccid),
                imsi: known(imsi),
            }
        };
        for (before, now, differs) in [
            (sim("1", "2"), sim("1", "2"), false),
            (sim("1", "2"), sim("3", "4"), true),
            (sim("1", "2"), sim("1", "4"), true),
            (sim("1", "2"), sim("3", "2"), true),
            (sim("1", "2"), sim("", "2"), false),
            (sim("1", "2"), sim("", "4"), true),
            (sim("1", ""), sim("", "2"), false),
            (sim("1", "2"), sim("", ""), false),
            (sim("", ""), sim("1", "2"), false),
        ] {
            assert_eq!(now.differs_from(&before), differs, "{differs}");
        }
        assert_eq!(sim("1", "").with(&sim("", "2")), sim("1", "2"));
        assert_eq!(
            format!("{:?}", sim("1", "")),
            r#"Sim { iccid: Some(".."), imsi: None }"#
        );
    }
}
