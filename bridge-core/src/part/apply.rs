//! The table at the head of [`part`](crate::part), in code.

use crate::id::Timestamp;
use crate::link::TryAgain;
use crate::part::{Doubt, Effect, HoldReason, PartEvent, PartState, Report};

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
            (
                Self::Queued { doubt, .. },
                E::Held(reason @ (HoldReason::LineDown | HoldReason::EarlierPart)),
            ) => (Self::Held { reason, doubt }, None),
            (
                Self::Held { doubt, .. } | Self::Staged { doubt, .. },
                E::Held(reason @ HoldReason::EarlierPart),
            ) => (Self::Held { reason, doubt }, None),
            (
                Self::Queued { doubt, .. }
                | Self::Staged { doubt, .. }
                | Self::Held {
                    reason: HoldReason::LineDown,
                    doubt,
                },
                E::Held(reason @ HoldReason::Stale),
            ) => (Self::Held { reason, doubt }, None),
            // The late outcome may overtake the doubt that it resolves.
            (
                Self::Transmitting { .. },
                E::Accepted { reference } | E::AcceptedLate { reference },
            ) => (Self::Sent { reference, at: now }, None),
            (Self::Transmitting { doubt: None, .. }, E::RefusedLate { cause }) => {
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
                Self::Transmitting { doubt: None, .. },
                E::Refused {
                    cause,
                    may_try_again,
                },
            ) => failed(cause, may_try_again),
            // That this try did not leave says nothing of the one before.
            (
                Self::Transmitting {
                    doubt: Some(doubt), ..
                },
                E::Refused { cause, .. },
            ) => doubted(
                format!("{}; sent again, it was refused: {cause}", doubt.cause),
                doubt.at,
            ),
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
                E::Cancelled | E::Expired,
            )
            | (
                Self::Staging {
                    doubt: Some(doubt), ..
                },
                E::Cancelled,
            ) => (Self::Unknown(doubt), None),
            (
                Self::Queued { .. }
                | Self::Held { .. }
                | Self::Staging { .. }
                | Self::Staged { .. },
                E::Cancelled,
            ) => (Self::Cancelled, None),
            (Self::Queued { .. } | Self::Held { .. } | Self::Staged { .. }, E::Expired) => {
                (Self::Expired, None)
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
                    reason: HoldReason::EarlierPart | HoldReason::Stale | HoldReason::Unconfirmed,
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
            (Self::Failed { .. } | Self::Expired, E::AskedAgain) => (
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
}
