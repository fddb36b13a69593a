//! What the writer is asked, by whoever holds a handle and by the workers.

use std::sync::Arc;

use tokio::sync::{Notify, oneshot, watch};

use crate::address::LineName;
use crate::chat::{
    Author, ChatError, ChatEvent, Cursor, Description, Destination, Gap, MessageState, Network,
    Place, Room, RoomKind, Verdict,
};
use crate::handle::{
    Arrival, BridgeError, LateOutcome, LineNotice, Origin, Pending, UnfinishedPart,
};
use crate::id::{PartId, PostId};
use crate::link::{Accepted, LinkError, LinkStatus, RawPdu, SendError, StorageSlot, UssdAnswer};
use crate::person::{People, Role};
use crate::slots::Reading;
use crate::writer::first_start::{FirstLookPlan, Saved};
use crate::writer::{ChatJob, Checked, Claim, ClaimedPart, PostOutcome, SlotWork, UssdJob};

/// How the workers of a line are woken.
#[derive(Debug)]
pub(crate) struct LineWakers {
    pub(crate) parts: Arc<Notify>,
    pub(crate) ussd: Arc<Notify>,
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
    AdoptRoom {
        network: Network,
        place: Place,
        destination: Destination,
        reply: Reply<()>,
    },
    RoomKind {
        network: Network,
        place: Place,
        reply: Reply<Option<RoomKind>>,
    },
    Pair {
        network: Network,
        author: Author,
        role: Role,
        reply: Reply<String>,
    },
    Members {
        reply: Reply<People>,
    },
    Pending {
        reply: Reply<Pending>,
    },
    AttachLine {
        line: LineName,
        status: watch::Receiver<LinkStatus>,
        reply: Reply<LineWakers>,
    },
    SettleRenaming {
        id: PostId,
        title: String,
        outcome: Result<(), ChatError>,
        reply: Reply<()>,
    },
    ClaimUssd {
        line: LineName,
        reply: Reply<Claim<UssdJob>>,
    },
    SettleUssd {
        id: u64,
        outcome: Result<UssdAnswer, LinkError>,
        reply: Reply<()>,
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
