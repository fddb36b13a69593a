//! A line's worker: one part at a time, while the line is up; and between them what stands in the modem's memory. The
//! next part is claimed in the commit that settles the one before.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::address::LineName;
use crate::crash::point;
use crate::dispatch::slots::{self, Cleared};
use crate::dispatch::{Woken, idle, settle};
use crate::handle::{BridgeHandle, Request};
use crate::id::PartId;
use crate::link::{Accepted, LinkError, LinkPhase, SendError, SmsLink, StorageSlot};
use crate::slots::Reading;
use crate::writer::{Checked, Claim, ClaimedPart, Step};

/// Longer than any link takes (120 s for the result and 30 s of draining): a link that is silent for this long is broken.
const SEND_LIMIT: Duration = Duration::from_secs(300);
/// The first wait before the modem's memory is looked at again after that failed; doubled each time.
const FIRST_LOOK: Duration = Duration::from_secs(60);
const LAST_LOOK: Duration = Duration::from_secs(3600);

/// Sends until told to stop.
pub(crate) async fn run(
    bridge: BridgeHandle,
    line: LineName,
    link: Arc<dyn SmsLink>,
    waker: Arc<Notify>,
    stop: CancellationToken,
) {
    let worker = Worker { bridge, line, link };
    let mut status = worker.link.status();
    let mut look = Look::now();
    while !stop.is_cancelled() {
        let phase = status.borrow_and_update().phase;
        if phase == LinkPhase::Down {
            look = Look::now();
            if worker.hold().await.is_none() {
                return;
            }
            tokio::select! {
                changed = status.changed() => if changed.is_err() {
                    return worker.end(&stop).await;
                },
                () = waker.notified() => {}
                () = stop.cancelled() => {}
            }
            continue;
        }
        if look.is_due() {
            match slots::clear(&worker.bridge, &worker.line, &worker.link).await {
                None => return,
                Some(cleared) => look = look.after(cleared),
            }
            continue;
        }
        match worker.claim().await {
            None => return,
            Some(Claim::Job(part)) => {
                // What is claimed is sent: nothing may stand between the claim and that.
                let goes_on = || {
                    !stop.is_cancelled()
                        && status.borrow().phase == LinkPhase::Ready
                        && !look.is_due()
                };
                match worker.work(part, &goes_on).await {
                    None => return,
                    Some(Memory::Touched) => look = Look::now(),
                    Some(Memory::Filled) => look.holds = true,
                    Some(Memory::Untouched) => {}
                }
            }
            Some(Claim::Wait(at)) => {
                let at = [at, look.at].into_iter().flatten().min();
                tokio::select! {
                    woken = idle(at, &waker, &stop) => {
                        if woken == Woken::ByNews {
                            look = look.after_news();
                        }
                    }
                    changed = status.changed() => if changed.is_err() {
                        return worker.end(&stop).await;
                    },
                }
            }
        }
    }
}

/// When the modem's memory is looked at.
#[derive(Clone, Copy)]
struct Look {
    /// `None`: nothing of ours stands there that is not needed.
    at: Option<Instant>,
    wait: Duration,
    /// Something stands there that is needed.
    holds: bool,
}

impl Look {
    fn now() -> Self {
        Self {
            at: Some(Instant::now()),
            wait: FIRST_LOOK,
            holds: false,
        }
    }

    fn is_due(self) -> bool {
        self.at.is_some_and(|at| at <= Instant::now())
    }

    /// What waited in its slot may have been called off. Where a look failed, the next one keeps its time.
    fn after_news(self) -> Self {
        if self.holds && self.at.is_none() {
            Self::now()
        } else {
            self
        }
    }

    fn after(self, cleared: Cleared) -> Self {
        match cleared {
            Cleared::All | Cleared::AllButNeeded => Self {
                at: None,
                wait: FIRST_LOOK,
                holds: cleared == Cleared::AllButNeeded,
            },
            Cleared::LookAgain => Self::now(),
            Cleared::NotAll => Self {
                at: Some(Instant::now() + self.wait),
                wait: (self.wait * 2).min(LAST_LOOK),
                holds: true,
            },
        }
    }
}

/// Whether a part's way went through the modem's memory, so that there is something to look at.
enum Memory {
    Touched,
    /// It stands there and waits for its turn.
    Filled,
    Untouched,
}

struct Worker {
    bridge: BridgeHandle,
    line: LineName,
    link: Arc<dyn SmsLink>,
}

/// Every method answers `None` when the bridge is stopping.
impl Worker {
    /// The link is gone for good; nothing will go out until the program starts again.
    async fn end(&self, stop: &CancellationToken) {
        tracing::error!(line = %self.line, "the line's driver has ended");
        stop.cancelled().await;
    }

    async fn hold(&self) -> Option<()> {
        let hold = |reply| Request::HoldLine {
            line: self.line.clone(),
            reply,
        };
        settle(&self.bridge, hold).await
    }

    async fn claim(&self) -> Option<Claim<ClaimedPart>> {
        let claim = |reply| Request::ClaimPart {
            line: self.line.clone(),
            reply,
        };
        settle(&self.bridge, claim).await
    }

    /// Does what is to be done with a part, and with the parts after it as long as it `goes_on`.
    async fn work(
        &self,
        mut part: ClaimedPart,
        goes_on: &(impl Fn() -> bool + Sync),
    ) -> Option<Memory> {
        loop {
            let ClaimedPart { id, tpdu, step } = part;
            part = match step {
                Step::Send => {
                    let sent = self.send_now(id, &tpdu).await;
                    let then = goes_on().then(|| self.line.clone());
                    match self.settle(id, sent, None, then).await? {
                        Some(next) => next,
                        None => return Some(Memory::Untouched),
                    }
                }
                Step::Stage => return self.stage(id, &tpdu).await,
                Step::Transmit(slot) => {
                    self.transmit(id, &tpdu, &slot).await?;
                    return Some(Memory::Touched);
                }
            };
        }
    }

    async fn send(&self, id: PartId, tpdu: &[u8]) -> Option<()> {
        let sent = self.send_now(id, tpdu).await;
        self.settle(id, sent, None, None).await.map(drop)
    }

    async fn send_now(&self, id: PartId, tpdu: &[u8]) -> Result<Accepted, SendError> {
        point("line: claimed, not sent");
        let sent = limited(self.link.send(id, tpdu)).await;
        point("line: sent, not stored");
        sent
    }

    async fn stage(&self, id: PartId, tpdu: &[u8]) -> Option<Memory> {
        point("line: claimed, not staged");
        let staged = tokio::time::timeout(SEND_LIMIT, self.link.stage(tpdu)).await;
        point("line: staged, not stored");
        let outcome = staged.unwrap_or_else(|_elapsed| {
            Err(LinkError("the modem's driver did not answer".to_owned()))
        });
        let staged = |reply| Request::SettleStaging {
            id,
            outcome: outcome.clone(),
            reply,
        };
        let otherwise = settle(&self.bridge, staged).await?;
        if outcome.is_ok() {
            return Some(Memory::Filled);
        }
        if let Some(ClaimedPart { id, tpdu, .. }) = otherwise {
            self.send(id, &tpdu).await?;
        }
        Some(Memory::Touched)
    }

    async fn transmit(&self, id: PartId, tpdu: &[u8], slot: &StorageSlot) -> Option<()> {
        // Whatever stands there is what would be sent.
        let reading = slots::look(&self.link, slot, tpdu).await;
        point("line: slot read, not stored");
        let check = |reply| Request::SettleCheck { id, reading, reply };
        match settle(&self.bridge, check).await? {
            Checked::Transmit => {}
            Checked::Otherwise(ClaimedPart { id, tpdu, .. }) => return self.send(id, &tpdu).await,
            Checked::Settled => return Some(()),
        }
        point("line: slot checked, not sent");
        let sent = limited(self.link.transmit(id, slot)).await;
        point("line: sent from its slot, not stored");
        let reading = match &sent {
            Err(SendError::Unknown { .. }) => slots::look(&self.link, slot, tpdu).await,
            Ok(_) | Err(SendError::Retry { .. } | SendError::Reject { .. }) => None,
        };
        self.settle(id, sent, reading, None).await.map(drop)
    }

    async fn settle(
        &self,
        id: PartId,
        outcome: Result<Accepted, SendError>,
        reading: Option<Reading>,
        then: Option<LineName>,
    ) -> Option<Option<ClaimedPart>> {
        let outcome = |reply| Request::SettlePart {
            id,
            outcome: outcome.clone(),
            reading,
            then: then.clone(),
            reply,
        };
        let next = settle(&self.bridge, outcome).await;
        point("line: outcome stored");
        next
    }
}

async fn limited(
    sending: impl Future<Output = Result<Accepted, SendError>>,
) -> Result<Accepted, SendError> {
    let sent = tokio::time::timeout(SEND_LIMIT, sending).await;
    sent.unwrap_or_else(|_elapsed| {
        Err(SendError::Unknown {
            cause: "the modem's driver did not answer".to_owned(),
        })
    })
}
