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
//! | `Transmitting` | `Accepted`, `AcceptedLate` | `Sent` |
//! | `Transmitting` without a slot | `Postponed` | `Queued`, later |
//! | `Transmitting` | `Refused`, `RefusedLate` | `Failed` |
//! | `Transmitting` | `Doubted`, `Restarted` | `Unknown` |
//! | `Unknown` | `AcceptedLate`, `Accepted`, `FoundSent` | `Sent` |
//! | `Unknown` | `RefusedLate`, `Refused` | `Failed` |
//! | `Sent`, `Unknown` | `Reported(Delivered)` | `Delivered` |
//! | `Sent`, `Unknown` | `Reported(Failed)` | `Failed` |
//! | `Queued`, `Held(_)`, `Staged` | `Cancelled` | `Cancelled` |
//! | `Unknown`, `Failed`, `Held(EarlierPart)` | `AskedAgain` | `Queued` |
//!
//! Everything else leaves the state as it is. A part that a person sends again carries its `Doubt` along while it waits:
//! a late outcome, a slot that reads `STO SENT` or a report of the first try still resolves it, and `Cancelled` then leads
//! back to `Unknown`.
//!
//! In two steps a part is written into the modem's memory first (`Staging`, `Staged`), where nothing of it can have left,
//! and then sent from its slot. Only [`crate::slots`] knows when a slot may be believed; here `FoundSent` is a fact.
//!
//! **Invariant:** a part in `Unknown` is never sent again without a person asking: the only way from there to `Queued` is
//! `AskedAgain`.

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
    /// The state after `event`, and what a person has to be told of it. `None` where the event changes nothing.
    pub(crate) fn apply(self, event: PartEvent, now: Timestamp) -> (Self, Option<Effect>) {
        use PartEvent as E;
        let failed = |cause: String, may_try_again| {
            let effect = Effect::TellFailure {
                cause: cause.clone(),
                may_try_again,
            };
            (
                Self::Failed {
                    cause,
                    may_try_again,
                },
                Some(effect),
            )
        };
        let transmitting = |attempt: u32, doubt, slot| Self::Transmitting {
            attempt: attempt.saturating_add(1),
            at: now,
            doubt,
            slot,
        };
        let staging = |attempt, doubt| Self::Staging {
            attempt,
            at: now,
            doubt,
        };
        let doubted = |cause: String, at| {
            let effect = Effect::AskAboutDoubt {
                cause: cause.clone(),
            };
            (Self::Unknown(Doubt { cause, at }), Some(effect))
        };
        match (self, event) {
            (Self::Queued { attempt, doubt, .. }, E::Claimed) => {
                (transmitting(attempt, doubt, None), None)
            }
            (
                Self::Held {
                    reason: HoldReason::LineDown,
                    doubt,
                },
                E::Claimed,
            ) => (transmitting(0, doubt, None), None),
            (
                Self::Staged {
                    attempt,
                    doubt,
                    slot,
                    ..
                },
                E::Claimed,
            ) => (transmitting(attempt, doubt, Some(slot)), None),
            (Self::Staging { attempt, doubt, .. }, E::NotStored) => {
                (transmitting(attempt, doubt, None), None)
            }
            (
                Self::Transmitting {
                    attempt,
                    at,
                    doubt,
                    slot: Some(_),
                },
                E::SlotUnfit,
            ) => (
                Self::Transmitting {
                    attempt,
                    at,
                    doubt,
                    slot: None,
                },
                None,
            ),
            (Self::Queued { attempt, doubt, .. }, E::ClaimedToStage) => {
                (staging(attempt, doubt), None)
            }
            (
                Self::Held {
                    reason: HoldReason::LineDown,
                    doubt,
                },
                E::ClaimedToStage,
            ) => (staging(0, doubt), None),
            (Self::Staging { attempt, doubt, .. }, E::Stored { slot }) => (
                Self::Staged {
                    attempt,
                    due: now,
                    slot,
                    doubt,
                },
                None,
            ),
            (Self::Staging { attempt, doubt, .. }, E::Restarted) => (
                Self::Queued {
                    attempt,
                    due: now,
                    doubt,
                },
                None,
            ),
            (Self::Queued { doubt, .. }, E::Held(reason)) => (Self::Held { reason, doubt }, None),
            (
                Self::Held { doubt, .. } | Self::Staged { doubt, .. },
                E::Held(reason @ HoldReason::EarlierPart),
            ) => (Self::Held { reason, doubt }, None),
            // The late outcome may overtake the doubt that it resolves.
            (
                Self::Transmitting { .. },
                E::Accepted { reference } | E::AcceptedLate { reference },
            ) => (Self::Sent { reference, at: now }, None),
            (Self::Transmitting { .. }, E::RefusedLate { cause }) => {
                failed(cause, TryAgain::Sensible)
            }
            (
                Self::Transmitting {
                    attempt,
                    doubt,
                    slot: Some(slot),
                    ..
                },
                E::Postponed { wait },
            ) => (
                Self::Staged {
                    attempt,
                    due: now.after(wait),
                    slot,
                    doubt,
                },
                None,
            ),
            (
                Self::Transmitting { attempt, doubt, .. } | Self::Staging { attempt, doubt, .. },
                E::Postponed { wait },
            ) => (
                Self::Queued {
                    attempt,
                    due: now.after(wait),
                    doubt,
                },
                None,
            ),
            (
                Self::Transmitting { .. },
                E::Refused {
                    cause,
                    may_try_again,
                },
            ) => failed(cause, may_try_again),
            (Self::Transmitting { at, .. }, E::Doubted { cause }) => doubted(cause, at),
            (Self::Transmitting { at, .. }, E::Restarted) => doubted(
                "the bridge was stopped while the modem was sending it".to_owned(),
                at,
            ),
            (
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
                },
                E::FoundSent,
            ) => (
                Self::Sent {
                    reference: None,
                    at: doubt.at,
                },
                None,
            ),
            (
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
                },
                E::AcceptedLate { reference } | E::Accepted { reference },
            ) => (
                Self::Sent {
                    reference,
                    at: doubt.at,
                },
                None,
            ),
            (Self::Unknown(_), E::RefusedLate { cause } | E::Refused { cause, .. }) => {
                failed(cause, TryAgain::Sensible)
            }
            (
                Self::Sent { .. }
                | Self::Unknown(_)
                | Self::Queued { doubt: Some(_), .. }
                | Self::Held { doubt: Some(_), .. }
                | Self::Staging { doubt: Some(_), .. }
                | Self::Staged { doubt: Some(_), .. },
                E::Reported(Report::Delivered),
            ) => (Self::Delivered, None),
            (Self::Sent { .. } | Self::Unknown(_), E::Reported(Report::Failed { cause })) => {
                failed(cause, TryAgain::Sensible)
            }
            (
                Self::Queued {
                    doubt: Some(doubt), ..
                }
                | Self::Held {
                    doubt: Some(doubt), ..
                }
                | Self::Staged {
                    doubt: Some(doubt), ..
                },
                E::Cancelled,
            ) => (Self::Unknown(doubt), None),
            (Self::Queued { .. } | Self::Held { .. } | Self::Staged { .. }, E::Cancelled) => {
                (Self::Cancelled, None)
            }
            (Self::Unknown(doubt), E::AskedAgain) => (
                Self::Queued {
                    attempt: 0,
                    due: now,
                    doubt: Some(doubt),
                },
                None,
            ),
            (
                Self::Held {
                    reason: HoldReason::EarlierPart,
                    doubt,
                },
                E::AskedAgain,
            ) => (
                Self::Queued {
                    attempt: 0,
                    due: now,
                    doubt,
                },
                None,
            ),
            (Self::Failed { .. }, E::AskedAgain) => (
                Self::Queued {
                    attempt: 0,
                    due: now,
                    doubt: None,
                },
                None,
            ),
            (state, _unchanged) => (state, None),
        }
    }

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
                reason: HoldReason::EarlierPart,
                ..
            }
            | Self::Staging { .. }
            | Self::Transmitting { .. }
            | Self::Sent { .. }
            | Self::Delivered
            | Self::Failed { .. }
            | Self::Unknown(_)
            | Self::Cancelled => false,
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
            | Self::Cancelled => false,
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
            | Self::Cancelled => None,
        }
    }
}

/// The state of a message with these parts, as it is shown.
pub(crate) fn message_state<'a>(parts: impl IntoIterator<Item = &'a PartState>) -> MessageState {
    let (mut unknown, mut waiting, mut sent, mut cancelled) = (false, false, false, false);
    for part in parts {
        match part {
            PartState::Failed { .. }
            | PartState::Held {
                reason: HoldReason::EarlierPart,
                ..
            } => {
                return MessageState::Failed;
            }
            PartState::Unknown(_) => unknown = true,
            PartState::Queued { .. }
            | PartState::Held {
                reason: HoldReason::LineDown,
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
