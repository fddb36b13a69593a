//! What stands in a modem's memory of ours: looked at, and cleared away by comparison.
//!
//! **Invariant:** nothing is cleared away whose PDU is not one that we recorded, and nothing before what it proves is
//! stored.

use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, info};

use crate::address::LineName;
use crate::crash::point;
use crate::dispatch::settle;
use crate::handle::{BridgeHandle, Request};
use crate::link::{LinkError, RawPdu, SlotContent, SmsLink, StorageSlot};
use crate::slots::{self, Reading};
use crate::writer::{KnownSlot, SlotWork};

/// Longer than any link takes for a command that sends nothing.
const LIMIT: Duration = Duration::from_secs(120);

/// Whether something is left to be looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cleared {
    All,
    /// What is left is still needed.
    AllButNeeded,
    NotAll,
    /// What was learnt may tell more of what was left alone.
    LookAgain,
}

/// What a slot holds of this part now. `None`: the modem did not say.
pub(crate) async fn look(
    link: &Arc<dyn SmsLink>,
    slot: &StorageSlot,
    tpdu: &[u8],
) -> Option<Reading> {
    match limited(link.inspect(slot)).await {
        Ok(content) => Some(slots::read(&content, tpdu)),
        Err(error) => {
            debug!(%error, "a slot could not be looked at");
            None
        }
    }
}

/// Looks at what is not needed any more, has stored what it proves, and clears it away. `None`: the bridge is stopping.
pub(crate) async fn clear(
    bridge: &BridgeHandle,
    line: &LineName,
    link: &Arc<dyn SmsLink>,
) -> Option<Cleared> {
    let work = |reply| Request::SlotWork {
        line: line.clone(),
        reply,
    };
    let SlotWork {
        known,
        lost,
        needed,
    } = settle(bridge, work).await?;
    let mut cleared = Cleared::All;
    for KnownSlot { note, slot, tpdu } in &known {
        let content = limited(link.inspect(slot)).await;
        let Ok(content) = content else {
            cleared = Cleared::NotAll;
            continue;
        };
        let reading = slots::read(&content, tpdu);
        let read = |reply| Request::SlotRead {
            line: line.clone(),
            note: *note,
            reading,
            reply,
        };
        settle(bridge, read).await?;
        point("slots: reading stored, not freed");
        if discard(link, slot, &content, reading).await {
            forget(bridge, line, vec![*note]).await?;
        } else {
            cleared = Cleared::NotAll;
        }
    }
    if !lost.is_empty() {
        let known = known.iter().map(|known| &known.slot);
        let spared: Vec<&StorageSlot> = needed.iter().chain(known).collect();
        let tpdus: Vec<&[u8]> = lost.iter().map(|(_, tpdu)| tpdu.as_slice()).collect();
        if sweep(line, link, &tpdus, &spared).await {
            forget(bridge, line, lost.iter().map(|(note, _)| *note).collect()).await?;
        } else {
            cleared = Cleared::NotAll;
        }
    }
    Some(match cleared {
        Cleared::All if needed.is_empty() => Cleared::All,
        // A first look at a slot whose outcome is known tells whether those in doubt can be believed.
        Cleared::All if !known.is_empty() => Cleared::LookAgain,
        Cleared::All => Cleared::AllButNeeded,
        other @ (Cleared::AllButNeeded | Cleared::NotAll | Cleared::LookAgain) => other,
    })
}

/// Clears away what equals one of these, wherever it stands. Whether all of it is gone.
async fn sweep(
    line: &LineName,
    link: &Arc<dyn SmsLink>,
    tpdus: &[&[u8]],
    spared: &[&StorageSlot],
) -> bool {
    let listed = match limited(link.staged()).await {
        Ok(listed) => listed,
        Err(error) => {
            debug!(%line, %error, "the modem's memory could not be listed");
            return false;
        }
    };
    let mut all = true;
    for (slot, content) in listed {
        let ours = tpdus
            .iter()
            .map(|tpdu| slots::read(&content, tpdu))
            .find(|reading| *reading != Reading::NotOurs);
        if let Some(reading) = ours
            && !spared.contains(&&slot)
        {
            info!(%line, "a leftover in the modem's memory is cleared away");
            all &= discard(link, &slot, &content, reading).await;
        }
    }
    all
}

/// Frees a slot that holds what was ours when it was read. Whether nothing of ours stands there now.
async fn discard(
    link: &Arc<dyn SmsLink>,
    slot: &StorageSlot,
    content: &SlotContent,
    reading: Reading,
) -> bool {
    let expected: &RawPdu = match (content, reading) {
        (SlotContent::Unsent(pdu) | SlotContent::Sent(pdu), Reading::Unsent | Reading::Sent) => pdu,
        (SlotContent::Empty | SlotContent::Received(_), _) | (_, Reading::NotOurs) => return true,
    };
    let discarded = limited(link.discard(slot, expected)).await;
    point("slots: freed, not stored");
    match discarded {
        Ok(_whatever_stands_there_now) => true,
        Err(error) => {
            debug!(%error, "a slot was not freed");
            false
        }
    }
}

async fn forget(bridge: &BridgeHandle, line: &LineName, notes: Vec<u64>) -> Option<()> {
    let cleared = |reply| Request::SlotsCleared {
        line: line.clone(),
        notes: notes.clone(),
        reply,
    };
    settle(bridge, cleared).await
}

async fn limited<T>(asking: impl Future<Output = Result<T, LinkError>>) -> Result<T, LinkError> {
    let answered = tokio::time::timeout(LIMIT, asking).await;
    answered
        .unwrap_or_else(|_elapsed| Err(LinkError("the modem's driver did not answer".to_owned())))
}
