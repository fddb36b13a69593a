//! What comes from a line: what its modem received, what became of its sends, and what else happened there.

use std::fmt;

use crate::address::{Country, LineName};
use crate::handle::{BridgeError, BridgeHandle, Request};
use crate::id::PartId;
use crate::link::{RawPdu, StorageSlot};
use crate::writer::first_start::{self, FirstLookPlan};

impl BridgeHandle {
    /// Takes over one thing that a modem received: a message, or a status report. Only after `Ok` may its slot be freed.
    ///
    /// # Errors
    ///
    /// Nothing was stored, and the modem keeps it.
    pub async fn sms_arrived(
        &self,
        line: &LineName,
        origin: Origin,
        pdu: RawPdu,
    ) -> Result<Arrival, BridgeError> {
        let arrivals = self.take_over(line, Vec::new(), vec![(origin, pdu)]);
        let arrival = arrivals.await?.pop();
        arrival.ok_or_else(|| BridgeError::Store("nothing was said of the message".to_owned()))
    }

    /// Takes over in one commit what a modem has to tell: first that the messages of `gone`, which were taken over before,
    /// are no longer in their slots, so that the next ones there are taken for others; then what it received, in this
    /// order. One arrival for each. Only after `Ok` may their slots be freed.
    ///
    /// # Errors
    ///
    /// Nothing was stored, and the modem keeps it. As long as nobody was told that a message is gone, one without a valid
    /// time that says the same could be taken for a repetition.
    pub async fn take_over(
        &self,
        line: &LineName,
        gone: Vec<RawPdu>,
        received: Vec<(Origin, RawPdu)>,
    ) -> Result<Vec<Arrival>, BridgeError> {
        let line = line.clone();
        self.ask(|reply| Request::TakeOver {
            line,
            gone,
            received,
            reply,
        })
        .await
    }

    /// Whether this is the first start of a line, at which what its SIM holds already is not shown message by message. To be
    /// asked when the chats are connected, before anything of the line is handed over.
    ///
    /// # Errors
    ///
    /// Nothing was stored.
    pub async fn first_look(&self, line: &LineName) -> Result<FirstLook, BridgeError> {
        let line = line.clone();
        let plan = self.ask(|reply| Request::FirstLook { line, reply }).await?;
        Ok(plan.look)
    }

    /// Takes over all messages that a SIM held at the first start of its line: saves them to a file in the data folder, and
    /// tells the admin chats of it in one silent post. After it each of them is to be handed over by
    /// [`take_over`](Self::take_over), which says when its slot may be freed.
    ///
    /// # Errors
    ///
    /// The file, or the store, could not be written; asking again is safe.
    ///
    /// # Cancel safety
    ///
    /// Asking again is safe, in this life of the program or in the next.
    pub async fn save_first_look(
        &self,
        line: &LineName,
        held: Vec<(StorageSlot, RawPdu)>,
    ) -> Result<(), BridgeError> {
        let asked = line.clone();
        let plan = self.ask(|reply| Request::FirstLook { line: asked, reply });
        let FirstLookPlan {
            look,
            path,
            country,
        } = plan.await?;
        match look {
            FirstLook::Over => return Ok(()),
            FirstLook::Due => {}
        }
        let name = line.clone();
        let save = move || first_start::save(&name, &path, &held, country);
        let saved = tokio::task::spawn_blocking(save)
            .await
            .map_err(|error| BridgeError::Store(error.to_string()))?
            .map_err(|error| BridgeError::Store(error.to_string()))?;
        let line = line.clone();
        self.ask(|reply| Request::FirstLookSaved { line, saved, reply })
            .await
    }

    /// Whether people can read of what the SIM held at first, so that what [`take_over`](Self::take_over) called
    /// [`Arrival::KeptBack`] may be handed over once more, to be freed.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn first_look_is_shown(&self, line: &LineName) -> Result<bool, BridgeError> {
        let line = line.clone();
        self.ask(|reply| Request::FirstLookShown { line, reply })
            .await
    }

    /// Takes over the outcome of a part whose sending was given up as unknown before.
    ///
    /// # Errors
    ///
    /// Nothing was stored.
    pub async fn outcome_arrived_late(
        &self,
        part: PartId,
        outcome: LateOutcome,
    ) -> Result<(), BridgeError> {
        self.ask(|reply| Request::LateOutcome {
            part,
            outcome,
            reply,
        })
        .await
    }

    /// The part of a line that was on its way when the program ended, or is in doubt for another reason, and whose result
    /// the modem may still tell. To be asked before the line is connected. `None`: there is none, or it is too old.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub async fn unfinished(&self, line: &LineName) -> Result<Option<UnfinishedPart>, BridgeError> {
        let line = line.clone();
        self.ask(|reply| Request::Unfinished { line, reply }).await
    }

    /// Takes over what happened on a line besides SMS, and tells those whom it concerns: a missed call in the caller's
    /// conversation, everything else in the admin chats. The same notice is told at most once an hour.
    ///
    /// # Errors
    ///
    /// Nothing was stored.
    pub async fn line_notice(
        &self,
        line: &LineName,
        notice: LineNotice,
    ) -> Result<(), BridgeError> {
        let line = line.clone();
        self.ask(|reply| Request::LineNotice {
            line,
            notice,
            reply,
        })
        .await
    }
}

/// How an SMS came out of the modem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It stands in a slot until it is freed.
    Stored(StorageSlot),
    /// It was handed over directly (`+CMT`, `+CDS`, class 0) and stands nowhere else.
    Direct,
}

/// What an arrived PDU was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Stored now.
    New,
    /// Stored before.
    Repeated,
    /// The SIM held it at the first start. It is saved, but its slot must not be freed before
    /// [`BridgeHandle::first_look_is_shown`].
    KeptBack,
}

/// Whether a line's SIM was looked at before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstLook {
    /// Never, or not to the end: what it holds is to be collected, and given to [`BridgeHandle::save_first_look`].
    Due,
    /// Whatever comes is new, or known.
    Over,
}

/// A part whose result may come late, to another life of the program than the one that sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnfinishedPart {
    /// To be named with [`BridgeHandle::outcome_arrived_late`].
    pub part: PartId,
    /// The message reference (TP-MR) that the modem gave just before it. `None`: none is known, or another send in between
    /// may have taken one.
    pub last_reference: Option<u8>,
}

/// The outcome of a part that came after it was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LateOutcome {
    /// The network took it. `None`: without a reference.
    Accepted(Option<u8>),
    /// The network refused it, for this cause in plain words.
    Rejected(String),
}

/// What happened on a line besides SMS.
#[derive(Clone, PartialEq, Eq)]
pub enum LineNotice {
    /// Somebody called, and nobody answered.
    MissedCall {
        /// The number as the network showed it (`+CLIP`, 3GPP TS 27.007 §7.11). `None` where it was withheld.
        from: Option<String>,
    },
    /// A memory for messages is full.
    StorageFull {
        /// `SM`, `ME`, `MT` or `SR` (3GPP TS 27.005 §3.2.3).
        memory: String,
    },
    /// The network refuses the SIM, which it took before.
    RegistrationDenied,
    /// The network sent a USSD text that nobody had asked for.
    UssdText(String),
    /// Something else, in plain words with what to do, as a whole sentence.
    Problem(String),
}

/// It may hold a number or a text: not for logs.
impl fmt::Debug for LineNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MissedCall { .. } => "MissedCall",
            Self::StorageFull { .. } => "StorageFull",
            Self::RegistrationDenied => "RegistrationDenied",
            Self::UssdText(_) => "UssdText",
            Self::Problem(_) => "Problem",
        })
    }
}

/// A line as configured.
#[derive(Clone, Debug)]
pub struct LineSettings {
    /// `[line.NAME]`.
    pub name: LineName,
    /// How numbers without `+` are read. `None`: as the SIM's country says.
    pub country: Option<Country>,
    /// Whether delivery reports are asked for.
    pub delivery_reports: DeliveryReports,
    /// How messages leave the modem.
    pub sending: Sending,
}

/// How messages leave the modem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// Straight to the network.
    OneStep,
    /// Stored in the modem's memory, then sent from there: slower, and wears the SIM, but where the modem's answer is lost
    /// its memory can tell whether a message left.
    TwoSteps,
}

/// Whether delivery reports are asked for; some operators charge for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryReports {
    /// TP-SRR is set.
    Ask,
    /// It is not; "sent" is the last that is known.
    Skip,
}
