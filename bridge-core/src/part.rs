//! One part (one TPDU) of an outgoing message on its way to the network, as a state machine.
//!
//! Pure: no clock, no store, no modem. The writer loads a part's state, applies one event and stores the result.
//!
//! | state | event | becomes |
//! |---|---|---|
//! | `Queued`, `Held(LineDown)` | `Claimed` | `Transmitting` |
//! | `Queued`, `Held(LineDown)` | `ClaimedToStage` | `Staging` |
//! | `Staging` | `Stored(slot)` | `Staged(slot)` |
//! | `Staging` | `NotStored` | `Transmitting` without a slot |
//! | `Staging` | `Postponed`, `Restarted` | `Queued` |
//! | `Staged(slot)` | `Claimed` | `Transmitting(slot)` |
//! | `Transmitting(slot)` | `SlotUnfit` | `Transmitting` without a slot |
//! | `Transmitting(slot)` | `Postponed` | `Staged(slot)`, later |
//! | `Queued` | `Held(reason)` | `Held(reason)` |
//! | `Staged`, `Held(_)` | `Held(EarlierPart)` | `Held(EarlierPart)` |
//! | `Queued`, `Held(LineDown)`, `Staged` | `Held(Stale)` | `Held(Stale)` |
//! | `Transmitting` | `Accepted`, `AcceptedLate` | `Sent` |
//! | `Transmitting` without a slot | `Postponed` | `Queued`, later |
//! | `Transmitting` of no earlier doubt | `Refused`, `RefusedLate` | `Failed` |
//! | `Transmitting` again, of an earlier doubt | `Refused` | `Unknown` as before |
//! | `Transmitting` | `Doubted`, `Restarted` | `Unknown` |
//! | `Unknown` | `AcceptedLate`, `Accepted`, `FoundSent` | `Sent` |
//! | `Unknown` | `RefusedLate`, `Refused` | `Failed` |
//! | `Sent`, `Unknown` | `Reported(Delivered)` | `Delivered` |
//! | `Sent`, `Unknown` | `Reported(Failed)` | `Failed` |
//! | `Queued`, `Held(_)`, `Staging`, `Staged` | `Cancelled` | `Cancelled` |
//! | `Queued`, `Held(_)`, `Staged` | `Expired` | `Expired` |
//! | `Unknown`, `Failed`, `Held(EarlierPart)`, `Held(Stale)`, `Held(Unconfirmed)`, `Expired` | `AskedAgain` | `Queued` |
//!
//! Everything else leaves the state as it is. A part that a person sends again carries its `Doubt` along while it waits:
//! a late outcome, a slot that reads `STO SENT` or a report of the first try still resolves it, and `Cancelled` or `Expired`
//! then leads back to `Unknown`.
//!
//! In two steps a part is written into the modem's memory first (`Staging`, `Staged`), where nothing of it can have left,
//! and then sent from its slot. Only [`crate::slots`] knows when a slot may be believed; here `FoundSent` is a fact.
//!
//! **Invariant:** a part in `Unknown` is never sent again without a person asking: the only way from there to `Queued` is
//! `AskedAgain`.

mod apply;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::MessageState;
use crate::id::Timestamp;
use crate::link::{StorageSlot, TryAgain};

/// Where a part stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PartState {
    /// Waits for its turn, or for the next try.
    Queued {
        /// How often it was tried.
        attempt: u32,
        /// Not before this.
        due: Timestamp,
        /// An earlier try may have left. `None`: none did.
        doubt: Option<Doubt>,
    },
    /// Waits for something other than its turn.
    Held {
        /// For what.
        reason: HoldReason,
        /// As in `Queued`.
        doubt: Option<Doubt>,
    },
    /// Being written into the modem's memory, from where nothing leaves by itself.
    Staging {
        /// How often it was tried.
        attempt: u32,
        /// Since when.
        at: Timestamp,
        /// As in `Queued`.
        doubt: Option<Doubt>,
    },
    /// In the modem's memory, and waits for its turn, or for the next try.
    Staged {
        /// How often it was tried.
        attempt: u32,
        /// Not before this.
        due: Timestamp,
        /// Where it stands.
        slot: StorageSlot,
        /// As in `Queued`.
        doubt: Option<Doubt>,
    },
    /// Handed to the modem, the outcome not yet stored.
    Transmitting {
        /// Which try this is, from 1.
        attempt: u32,
        /// Since when.
        at: Timestamp,
        /// As in `Queued`.
        doubt: Option<Doubt>,
        /// From where in the modem's memory. `None`: in one step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        slot: Option<StorageSlot>,
    },
    /// The network took it.
    Sent {
        /// TP-MR. `None` where the modem did not say.
        reference: Option<u8>,
        /// When.
        at: Timestamp,
    },
    /// The recipient's phone has it.
    Delivered,
    /// Refused by the network, or not delivered.
    Failed {
        /// In plain words.
        cause: String,
        /// Whether asking again makes sense.
        may_try_again: TryAgain,
    },
    /// It may have left.
    Unknown(Doubt),
    /// Called off before it left.
    Cancelled,
    /// It waited for so long that it is not sent any more.
    Expired,
}

/// What is known of a try whose outcome is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Doubt {
    /// In plain words.
    pub(crate) cause: String,
    /// When it was tried.
    pub(crate) at: Timestamp,
}

/// Why a part waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HoldReason {
    /// The modem or the network is away.
    LineDown,
    /// An earlier part of the same message was refused.
    EarlierPart,
    /// It waited for so long that a person is asked whether it is still to be sent.
    Stale,
    /// It costs more than goes out unasked: a person is asked first.
    Unconfirmed,
}

/// What happened to a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PartEvent {
    /// To be sent now: from its slot where it has one, else in one step.
    Claimed,
    /// To be written into the modem's memory now.
    ClaimedToStage,
    /// It stands there.
    Stored {
        slot: StorageSlot,
    },
    /// The modem did not take it into its memory: it goes out in one step.
    NotStored,
    /// Before anything was sent its slot proved not to hold it as it was stored: it goes out in one step.
    SlotUnfit,
    /// A slot that can be believed shows that a try whose outcome was in doubt was sent.
    FoundSent,
    Held(HoldReason),
    Accepted {
        reference: Option<u8>,
    },
    Postponed {
        wait: Duration,
    },
    Refused {
        cause: String,
        may_try_again: TryAgain,
    },
    Doubted {
        cause: String,
    },
    Restarted,
    AcceptedLate {
        reference: Option<u8>,
    },
    RefusedLate {
        cause: String,
    },
    Reported(Report),
    Cancelled,
    Expired,
    AskedAgain,
}

/// What a final status report says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    Delivered,
    Failed { cause: String },
}

/// What a person has to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It failed, for this cause.
    TellFailure {
        cause: String,
        may_try_again: TryAgain,
    },
    /// Nobody knows; ask whether to send again.
    AskAboutDoubt { cause: String },
}

impl PartState {
    /// Whether the line's worker has to do something about it.
    pub(crate) fn is_due(&self) -> bool {
        match self {
            Self::Queued { .. }
            | Self::Staged { .. }
            | Self::Held {
                reason: HoldReason::LineDown,
                ..
            } => true,
            Self::Held {
                reason: HoldReason::EarlierPart | HoldReason::Stale | HoldReason::Unconfirmed,
                ..
            }
            | Self::Staging { .. }
            | Self::Transmitting { .. }
            | Self::Sent { .. }
            | Self::Delivered
            | Self::Failed { .. }
            | Self::Unknown(_)
            | Self::Cancelled
            | Self::Expired => false,
        }
    }

    /// Whether it waits for the answer of a person.
    pub(crate) fn is_stale(&self) -> bool {
        matches!(
            self,
            Self::Held {
                reason: HoldReason::Stale | HoldReason::Unconfirmed,
                ..
            }
        )
    }

    /// Whether it waits for somebody to agree to its price.
    pub(crate) fn is_unconfirmed(&self) -> bool {
        matches!(
            self,
            Self::Held {
                reason: HoldReason::Unconfirmed,
                ..
            }
        )
    }

    /// Which try is under way, from 1.
    pub(crate) fn attempt_under_way(&self) -> u32 {
        match self {
            Self::Transmitting { attempt, .. } => *attempt,
            Self::Queued { .. }
            | Self::Held { .. }
            | Self::Staging { .. }
            | Self::Staged { .. }
            | Self::Sent { .. }
            | Self::Delivered
            | Self::Failed { .. }
            | Self::Unknown(_)
            | Self::Cancelled
            | Self::Expired => 1,
        }
    }

    /// Whether a worker has it, or had it when the program ended.
    pub(crate) fn is_in_hand(&self) -> bool {
        match self {
            Self::Staging { .. } | Self::Transmitting { .. } => true,
            Self::Queued { .. }
            | Self::Held { .. }
            | Self::Staged { .. }
            | Self::Sent { .. }
            | Self::Delivered
            | Self::Failed { .. }
            | Self::Unknown(_)
            | Self::Cancelled
            | Self::Expired => false,
        }
    }

    /// When it went out, or may have, while a report can still tell more of it; and its reference.
    pub(crate) fn awaits_report(&self) -> Option<(Option<u8>, Timestamp)> {
        match self {
            Self::Sent { reference, at } => Some((*reference, *at)),
            Self::Unknown(doubt)
            | Self::Queued {
                doubt: Some(doubt), ..
            }
            | Self::Held {
                doubt: Some(doubt), ..
            }
            | Self::Staging {
                doubt: Some(doubt), ..
            }
            | Self::Staged {
                doubt: Some(doubt), ..
            } => Some((None, doubt.at)),
            Self::Queued { .. }
            | Self::Held { .. }
            | Self::Staging { .. }
            | Self::Staged { .. }
            | Self::Transmitting { .. }
            | Self::Delivered
            | Self::Failed { .. }
            | Self::Cancelled
            | Self::Expired => None,
        }
    }
}

/// The state of a message with these parts, as it is shown.
pub(crate) fn message_state<'a>(parts: impl IntoIterator<Item = &'a PartState>) -> MessageState {
    let (mut unknown, mut waiting, mut sent, mut cancelled) = (false, false, false, false);
    for part in parts {
        match part {
            PartState::Failed { .. }
            | PartState::Expired
            | PartState::Held {
                reason: HoldReason::EarlierPart,
                ..
            } => {
                return MessageState::Failed;
            }
            PartState::Unknown(_) => unknown = true,
            PartState::Queued { .. }
            | PartState::Held {
                reason: HoldReason::LineDown | HoldReason::Stale | HoldReason::Unconfirmed,
                ..
            }
            | PartState::Staging { .. }
            | PartState::Staged { .. }
            | PartState::Transmitting { .. } => {
                waiting = true;
            }
            PartState::Sent { .. } => sent = true,
            PartState::Delivered => {}
            PartState::Cancelled => cancelled = true,
        }
    }
    match (unknown, waiting, cancelled, sent) {
        (true, ..) => MessageState::Unknown,
        (_, true, ..) => MessageState::Queued,
        (_, _, true, _) => MessageState::Cancelled,
        (.., true) => MessageState::Sent,
        (.., false) => MessageState::Delivered,
    }
}

/// How long to wait before try number `attempt` + 1: 5 s doubled to 5 min, each with up to a quarter taken off so that
/// many do not come at once.
pub(crate) fn back_off(attempt: u32, random: &mut fastrand::Rng) -> Duration {
    let longest = LONGEST_BACK_OFF.as_millis();
    let whole = (5_000_u128 << attempt.saturating_sub(1).min(16)).min(longest);
    let whole = u64::try_from(whole).unwrap_or(u64::MAX);
    Duration::from_millis(whole - random.u64(0..=whole / 4))
}

/// No due time lies further ahead than this, whatever the clock said when it was stored.
pub(crate) const LONGEST_BACK_OFF: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests;
