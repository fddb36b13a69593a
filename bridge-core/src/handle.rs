//! The way in: a bounded channel to the writer task. An answer means that it is durable.

use std::fmt;

use std::sync::Arc;

use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::address::{Country, LineName};
use crate::chat::{
    ChatError, ChatEvent, Cursor, Description, Destination, Gap, MessageState, Network, Place,
    Room, RoomKind, Verdict,
};
use crate::id::{PartId, PostId};
use crate::link::{Accepted, LinkError, LinkStatus, RawPdu, SendError, StorageSlot};
use crate::slots::Reading;
use crate::writer::first_start::{self, FirstLookPlan, Saved};
use crate::writer::{ChatJob, Checked, Claim, ClaimedPart, PostOutcome, SlotWork};

/// How many requests may wait for the writer; whoever comes then waits to be let in.
pub(crate) const QUEUE: usize = 256;

/// The only way to the store. Cheap to clone.
///
/// Every method waits while the queue is full, and returns once what it did is durable.
///
/// # Cancel safety
///
/// A request that was handed over is carried out even when its future is dropped; all of them recognise a repetition.
#[derive(Clone)]
pub struct BridgeHandle {
    requests: mpsc::Sender<Request>,
}

impl fmt::Debug for BridgeHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BridgeHandle")
    }
}

impl BridgeHandle {
    pub(crate) fn new(requests: mpsc::Sender<Request>) -> Self {
        Self { requests }
    }

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

    /// Takes over what people did in a chat, and the adapter's cursor with it, in one commit. One verdict for each event.
    ///
    /// # Errors
    ///
    /// Nothing was stored; the cursor stays where it was, and the adapter hands the same events over again.
    pub async fn submit(
        &self,
        network: &Network,
        events: Vec<ChatEvent>,
        cursor: Option<Cursor>,
    ) -> Result<Vec<Verdict>, BridgeError> {
        self.submit_with_gaps(network, events, Vec::new(), cursor)
            .await
    }

    /// [`submit`](Self::submit), where the cursor goes past something that the network does not give: whoever may have
    /// written it is told, once, as that is one commit with the cursor.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    pub async fn submit_with_gaps(
        &self,
        network: &Network,
        events: Vec<ChatEvent>,
        gaps: Vec<Gap>,
        cursor: Option<Cursor>,
    ) -> Result<Vec<Verdict>, BridgeError> {
        let network = network.clone();
        self.ask(|reply| Request::Submit {
            network,
            events,
            gaps,
            cursor,
            reply,
        })
        .await
    }

    /// The cursor committed last under this key. `None` before the first.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub async fn cursor(
        &self,
        network: &Network,
        key: &str,
    ) -> Result<Option<String>, BridgeError> {
        let (network, key) = (network.clone(), key.to_owned());
        self.ask(|reply| Request::Cursor {
            network,
            key,
            reply,
        })
        .await
    }

    /// What the bridge uses a place for. `None` for one that it never posted to.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub async fn room_kind(
        &self,
        network: &Network,
        place: &Place,
    ) -> Result<Option<RoomKind>, BridgeError> {
        let (network, place) = (network.clone(), place.clone());
        self.ask(|reply| Request::RoomKind {
            network,
            place,
            reply,
        })
        .await
    }

    /// What is still under way.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub async fn pending(&self) -> Result<Pending, BridgeError> {
        self.ask(|reply| Request::Pending { reply }).await
    }

    pub(crate) async fn ask<T>(
        &self,
        request: impl FnOnce(Reply<T>) -> Request,
    ) -> Result<T, BridgeError> {
        let (reply, answer) = oneshot::channel();
        self.requests
            .send(request(reply))
            .await
            .map_err(|_closed| BridgeError::Stopping)?;
        answer.await.map_err(|_dropped| BridgeError::Stopping)?
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

/// What is still under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// Parts that wait or are being sent.
    pub parts: usize,
    /// Parts sent whose report has not come.
    pub reports: usize,
    /// Posts and state marks that have not been shown.
    pub posts: usize,
}

/// Why the bridge did not take something over.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BridgeError {
    /// The program is stopping.
    #[error("the bridge is stopping")]
    Stopping,
    /// The store failed; it is opened again by itself, and the same request may be repeated.
    #[error("the store failed: {0}")]
    Store(String),
    /// The store cannot be opened.
    #[error("failed to open the store in {path}: {cause}")]
    Open {
        /// The folder.
        path: std::path::PathBuf,
        /// What happened and what to do.
        cause: String,
    },
    /// The line or network is not configured.
    #[error("{0} is not configured")]
    NotConfigured(String),
}

pub(crate) type Reply<T> = oneshot::Sender<Result<T, BridgeError>>;

/// What the writer is asked.
pub(crate) enum Request {
    TakeOver {
        line: LineName,
        gone: Vec<RawPdu>,
        received: Vec<(Origin, RawPdu)>,
        reply: Reply<Vec<Arrival>>,
    },
    FirstLook {
        line: LineName,
        reply: Reply<FirstLookPlan>,
    },
    FirstLookSaved {
        line: LineName,
        saved: Saved,
        reply: Reply<()>,
    },
    FirstLookShown {
        line: LineName,
        reply: Reply<bool>,
    },
    LateOutcome {
        part: PartId,
        outcome: LateOutcome,
        reply: Reply<()>,
    },
    Submit {
        network: Network,
        events: Vec<ChatEvent>,
        gaps: Vec<Gap>,
        cursor: Option<Cursor>,
        reply: Reply<Vec<Verdict>>,
    },
    Cursor {
        network: Network,
        key: String,
        reply: Reply<Option<String>>,
    },
    RoomKind {
        network: Network,
        place: Place,
        reply: Reply<Option<RoomKind>>,
    },
    Pending {
        reply: Reply<Pending>,
    },
    AttachLine {
        line: LineName,
        status: watch::Receiver<LinkStatus>,
        reply: Reply<Arc<Notify>>,
    },
    AttachChat {
        description: Description,
        reply: Reply<Arc<Notify>>,
    },
    ClaimPart {
        line: LineName,
        reply: Reply<Claim<ClaimedPart>>,
    },
    SettleStaging {
        id: PartId,
        outcome: Result<StorageSlot, LinkError>,
        reply: Reply<Option<ClaimedPart>>,
    },
    SettleCheck {
        id: PartId,
        reading: Option<Reading>,
        reply: Reply<Checked>,
    },
    SlotWork {
        line: LineName,
        reply: Reply<SlotWork>,
    },
    SlotRead {
        line: LineName,
        note: u64,
        reading: Reading,
        reply: Reply<()>,
    },
    SlotsCleared {
        line: LineName,
        notes: Vec<u64>,
        reply: Reply<()>,
    },
    LineNotice {
        line: LineName,
        notice: LineNotice,
        reply: Reply<()>,
    },
    HoldLine {
        line: LineName,
        reply: Reply<()>,
    },
    SettlePart {
        id: PartId,
        outcome: Result<Accepted, SendError>,
        reading: Option<Reading>,
        /// Whose next part its worker takes in the same commit.
        then: Option<LineName>,
        reply: Reply<Option<ClaimedPart>>,
    },
    ClaimChat {
        network: Network,
        /// How many jobs, at most; no two of one lane.
        most: usize,
        reply: Reply<Claim<Vec<ChatJob>>>,
    },
    RoomMade {
        network: Network,
        destination: Destination,
        room: Room,
        reply: Reply<()>,
    },
    RoomNotMade {
        network: Network,
        destination: Destination,
        reply: Reply<()>,
    },
    SettlePost {
        id: PostId,
        outcome: PostOutcome,
        reply: Reply<()>,
    },
    SettleAmend {
        id: PostId,
        revision: u32,
        outcome: Result<(), ChatError>,
        reply: Reply<()>,
    },
    SettleMark {
        id: PostId,
        shown: MessageState,
        outcome: Result<(), ChatError>,
        reply: Reply<()>,
    },
    Unfinished {
        line: LineName,
        reply: Reply<Option<UnfinishedPart>>,
    },
    Stop {
        reply: Reply<()>,
    },
}
