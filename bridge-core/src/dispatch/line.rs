//! A line's worker: one part at a time, while the line is up.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::address::LineName;
use crate::dispatch::{idle, settle};
use crate::handle::{BridgeHandle, Request};
use crate::link::{LinkPhase, SendError, SmsLink};
use crate::writer::{Claim, ClaimedPart};

/// Longer than any link takes (120 s for the result and 30 s of draining): a link that is silent for this long is broken.
const SEND_LIMIT: Duration = Duration::from_secs(300);

/// Sends until told to stop.
pub(crate) async fn run(
    bridge: BridgeHandle,
    line: LineName,
    link: Arc<dyn SmsLink>,
    waker: Arc<Notify>,
    stop: CancellationToken,
) {
    let mut status = link.status();
    while !stop.is_cancelled() {
        let phase = status.borrow_and_update().phase;
        if phase == LinkPhase::Down {
            let hold = |reply| Request::HoldLine {
                line: line.clone(),
                reply,
            };
            if settle(&bridge, hold).await.is_none() {
                return;
            }
            tokio::select! {
                changed = status.changed() => if changed.is_err() {
                    // The link is gone for good; nothing will go out until the program starts again.
                    tracing::error!(%line, "the line's driver has ended");
                    return stop.cancelled().await;
                },
                () = waker.notified() => {}
                () = stop.cancelled() => {}
            }
            continue;
        }
        let claim = |reply| Request::ClaimPart {
            line: line.clone(),
            reply,
        };
        match settle(&bridge, claim).await {
            None => return,
            Some(Claim::Job(ClaimedPart { id, tpdu })) => {
                let sent = tokio::time::timeout(SEND_LIMIT, link.send(id, &tpdu)).await;
                let outcome = sent.unwrap_or_else(|_elapsed| {
                    Err(SendError::Unknown {
                        cause: "the modem's driver did not answer".to_owned(),
                    })
                });
                let outcome = |reply| Request::SettlePart {
                    id,
                    outcome: outcome.clone(),
                    reply,
                };
                if settle(&bridge, outcome).await.is_none() {
                    return;
                }
            }
            Some(Claim::Wait(at)) => {
                tokio::select! {
                    () = idle(at, &waker, &stop) => {}
                    changed = status.changed() => drop(changed),
                }
            }
        }
    }
}
