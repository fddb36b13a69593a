//! The very first start of a line: what its SIM holds already is collected, and given to the core in one piece.
//!
//! The core saves it to a file and tells people in one silent post; after that each message goes the way of all others,
//! and the core keeps it back in its slot until the post can be read.
//!
//! **Invariant:** nothing that is collected here is freed or acknowledged: whenever the program ends, the modem has it all.

use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

use bridge_core::link::RawPdu;
use bridge_core::{BridgeError, BridgeHandle, FirstLook, LineName};
use modem::{Kind, StorageSlot};
use tokio::time::Instant;
use tracing::info;

use crate::arrivals::until_stored;
use crate::sms_link::slot_to_core;

/// The modem says when it has looked through everything. If it does not, it is not waited for longer than this after the
/// first message.
const LOOK: Duration = Duration::from_secs(600);
/// Messages that are collected, at most: more than any modem has. What is beyond it comes again, and is shown.
const MOST: usize = 4096;

type Found = BTreeMap<StorageSlot, modem::RawPdu>;

/// How far the first look is.
#[derive(Debug)]
pub(crate) enum FirstStart {
    /// What comes from slots is collected.
    Collecting {
        found: Found,
        until: Option<Instant>,
    },
    /// All was seen.
    Complete { found: Found },
    /// The core has it in hand.
    Saving { found: Found },
    /// Everything goes its usual way.
    Over,
}

impl FirstStart {
    /// Whether this is one.
    ///
    /// # Errors
    ///
    /// The bridge is stopping.
    pub(crate) async fn of(line: &LineName, bridge: &BridgeHandle) -> Result<Self, BridgeError> {
        Ok(
            match until_stored(line, || bridge.first_look(line)).await? {
                FirstLook::Due => {
                    info!(%line, "the first start of this line: looking at what its SIM holds");
                    Self::Collecting {
                        found: Found::new(),
                        until: None,
                    }
                }
                FirstLook::Over => Self::Over,
            },
        )
    }

    /// Whether a message in a slot belongs here. Status reports do not: they tell of what another program sent, and go
    /// their usual way, at whose end nothing is shown.
    pub(crate) fn collects(&self, kind: Kind) -> bool {
        match (self, kind) {
            (Self::Collecting { found, .. }, Kind::Message | Kind::Unclear) => found.len() < MOST,
            (Self::Collecting { .. }, Kind::StatusReport)
            | (Self::Complete { .. } | Self::Saving { .. } | Self::Over, _) => false,
        }
    }

    /// Takes a message; that of the same slot which came before, as it does when the modem starts anew, is replaced.
    pub(crate) fn collect(&mut self, slot: StorageSlot, pdu: modem::RawPdu) {
        if let Self::Collecting { found, until } = self {
            until.get_or_insert_with(|| Instant::now() + LOOK);
            found.insert(slot, pdu);
        }
    }

    /// Everything was seen.
    pub(crate) fn is_complete(&mut self) {
        *self = match mem::replace(self, Self::Over) {
            Self::Collecting { found, .. } => Self::Complete { found },
            other @ (Self::Complete { .. } | Self::Saving { .. } | Self::Over) => other,
        };
    }

    /// What is to be saved now, once.
    pub(crate) fn take_all(&mut self) -> Option<Vec<(StorageSlot, modem::RawPdu)>> {
        match mem::replace(self, Self::Over) {
            Self::Complete { found } => {
                let all = found.clone().into_iter().collect();
                *self = Self::Saving { found };
                Some(all)
            }
            other @ (Self::Collecting { .. } | Self::Saving { .. } | Self::Over) => {
                *self = other;
                None
            }
        }
    }

    /// It is saved: what goes the usual way from now on.
    pub(crate) fn saved(&mut self) -> Found {
        match mem::replace(self, Self::Over) {
            Self::Saving { found } => found,
            Self::Collecting { .. } | Self::Complete { .. } | Self::Over => Found::new(),
        }
    }

    /// Resolves when the modem was waited for long enough.
    pub(crate) async fn waited_long_enough(&self) {
        match self {
            Self::Collecting {
                until: Some(until), ..
            } => tokio::time::sleep_until(*until).await,
            Self::Collecting { until: None, .. }
            | Self::Complete { .. }
            | Self::Saving { .. }
            | Self::Over => std::future::pending().await,
        }
    }
}

/// Gives the core all that was found. Does not return before it is durable.
///
/// # Errors
///
/// The bridge is stopping.
pub(crate) async fn save(
    line: &LineName,
    bridge: &BridgeHandle,
    found: Vec<(StorageSlot, modem::RawPdu)>,
) -> Result<(), BridgeError> {
    let held: Vec<_> = found
        .into_iter()
        .map(|(slot, pdu)| (slot_to_core(slot), RawPdu(pdu.as_str().to_owned())))
        .collect();
    until_stored(line, || bridge.save_first_look(line, held.clone())).await?;
    info!(%line, messages = held.len(), "the first look at the SIM is over");
    Ok(())
}

#[cfg(test)]
mod tests {
    use modem::Memory;

    use super::*;

    fn slot(index: u16) -> StorageSlot {
        StorageSlot {
            memory: Memory::Sim,
            index,
        }
    }

    #[test]
    fn messages_are_collected_until_all_were_seen_and_given_away_once() {
        let mut first = FirstStart::Collecting {
            found: Found::new(),
            until: None,
        };
        assert!(first.collects(Kind::Message) && first.collects(Kind::Unclear));
        assert!(!first.collects(Kind::StatusReport));
        for (index, text) in [(2, "B0"), (1, "A0"), (2, "B1")] {
            first.collect(slot(index), modem::RawPdu::new(text));
        }
        assert!(first.take_all().is_none(), "the modem is not through");
        first.is_complete();
        assert!(!first.collects(Kind::Message));
        let all = [
            (slot(1), modem::RawPdu::new("A0")),
            (slot(2), modem::RawPdu::new("B1")),
        ];
        assert_eq!(first.take_all().as_deref(), Some(all.as_slice()));
        assert!(first.take_all().is_none());
        first.is_complete();
        assert!(first.saved().into_iter().eq(all));
        assert!(first.saved().is_empty());
        assert!(!first.collects(Kind::Message), "what comes now is new");
    }

    #[tokio::test]
    async fn a_modem_that_never_gets_through_is_not_waited_for_for_ever() {
        async fn is_over(first: &FirstStart) -> bool {
            tokio::select! {
                biased;
                () = first.waited_long_enough() => true,
                () = std::future::ready(()) => false,
            }
        }
        let mut first = FirstStart::Collecting {
            found: Found::new(),
            until: None,
        };
        assert!(!is_over(&first).await, "nothing was found yet");
        first.collect(slot(1), modem::RawPdu::new("A0"));
        assert!(!is_over(&first).await, "it was found just now");
        let late = FirstStart::Collecting {
            found: Found::new(),
            until: Some(Instant::now()),
        };
        let over = tokio::time::timeout(Duration::from_secs(60), late.waited_long_enough());
        assert!(over.await.is_ok());
        assert!(!is_over(&FirstStart::Over).await);
    }
}
