//! One part (one TPDU) of an outgoing message on its way to the network, as a state machine.
//!
//! Pure: no clock, no store, no modem. The writer loads a part's state, applies one event and stores the result.
//!
//! | state | event | becomes |
//! |---|---|---|
//! | `Queued`, `Held(LineDown)` | `Claimed` | `Transmitting` |
//! | `Queued` | `Held(reason)` | `Held(reason)` |
//! | `Transmitting` | `Accepted`, `AcceptedLate` | `Sent` |
//! | `Transmitting` | `Postponed` | `Queued`, later |
//! | `Transmitting` | `Refused`, `RefusedLate` | `Failed` |
//! | `Transmitting` | `Doubted`, `Restarted` | `Unknown` |
//! | `Unknown` | `AcceptedLate`, `Accepted` | `Sent` |
//! | `Unknown` | `RefusedLate`, `Refused` | `Failed` |
//! | `Sent`, `Unknown` | `Reported(Delivered)` | `Delivered` |
//! | `Sent`, `Unknown` | `Reported(Failed)` | `Failed` |
//! | `Queued`, `Held(_)` | `Cancelled` | `Cancelled` |
//! | `Unknown`, `Failed`, `Held(EarlierPart)` | `AskedAgain` | `Queued` |
//!
//! Everything else leaves the state as it is. A part that a person sends again carries its `Doubt` along while it waits:
//! a late outcome or a report of the first try still resolves it, and `Cancelled` then leads back to `Unknown`.
//!
//! **Invariant:** a part in `Unknown` is never sent again without a person asking: the only way from there to `Queued` is
//! `AskedAgain`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::MessageState;
use crate::id::Timestamp;
use crate::link::TryAgain;

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
    /// Handed to the modem, the outcome not yet stored.
    Transmitting {
        /// Which try this is, from 1.
        attempt: u32,
        /// Since when.
        at: Timestamp,
        /// As in `Queued`.
        doubt: Option<Doubt>,
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
    Claimed,
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
        let doubted = |cause: String, at| {
            let effect = Effect::AskAboutDoubt {
                cause: cause.clone(),
            };
            (Self::Unknown(Doubt { cause, at }), Some(effect))
        };
        match (self, event) {
            (Self::Queued { attempt, doubt, .. }, E::Claimed) => (
                Self::Transmitting {
                    attempt: attempt.saturating_add(1),
                    at: now,
                    doubt,
                },
                None,
            ),
            (
                Self::Held {
                    reason: HoldReason::LineDown,
                    doubt,
                },
                E::Claimed,
            ) => (
                Self::Transmitting {
                    attempt: 1,
                    at: now,
                    doubt,
                },
                None,
            ),
            (Self::Queued { doubt, .. }, E::Held(reason)) => (Self::Held { reason, doubt }, None),
            (Self::Held { doubt, .. }, E::Held(reason @ HoldReason::EarlierPart)) => {
                (Self::Held { reason, doubt }, None)
            }
            // The late outcome may overtake the doubt that it resolves.
            (
                Self::Transmitting { .. },
                E::Accepted { reference } | E::AcceptedLate { reference },
            ) => (Self::Sent { reference, at: now }, None),
            (Self::Transmitting { .. }, E::RefusedLate { cause }) => {
                failed(cause, TryAgain::Sensible)
            }
            (Self::Transmitting { attempt, doubt, .. }, E::Postponed { wait }) => (
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
                | Self::Held { doubt: Some(_), .. },
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
                },
                E::Cancelled,
            ) => (Self::Unknown(doubt), None),
            (Self::Queued { .. } | Self::Held { .. }, E::Cancelled) => (Self::Cancelled, None),
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
            | Self::Held {
                reason: HoldReason::LineDown,
                ..
            } => true,
            Self::Held {
                reason: HoldReason::EarlierPart,
                ..
            }
            | Self::Transmitting { .. }
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
            } => Some((None, doubt.at)),
            Self::Queued { .. }
            | Self::Held { .. }
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
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);
    const THEN: Timestamp = Timestamp(5_000);

    fn doubt() -> Doubt {
        Doubt {
            cause: "no answer".to_owned(),
            at: THEN,
        }
    }

    fn held(reason: HoldReason, doubt: Option<Doubt>) -> PartState {
        PartState::Held { reason, doubt }
    }

    fn states() -> Vec<PartState> {
        vec![
            PartState::Queued {
                attempt: 1,
                due: THEN,
                doubt: None,
            },
            PartState::Queued {
                attempt: 0,
                due: THEN,
                doubt: Some(doubt()),
            },
            held(HoldReason::LineDown, None),
            held(HoldReason::LineDown, Some(doubt())),
            held(HoldReason::EarlierPart, None),
            PartState::Transmitting {
                attempt: 2,
                at: THEN,
                doubt: None,
            },
            PartState::Sent {
                reference: Some(7),
                at: THEN,
            },
            PartState::Delivered,
            PartState::Failed {
                cause: "refused".to_owned(),
                may_try_again: TryAgain::Pointless,
            },
            PartState::Unknown(doubt()),
            PartState::Cancelled,
        ]
    }

    fn events() -> Vec<PartEvent> {
        let cause = || "c".to_owned();
        vec![
            PartEvent::Claimed,
            PartEvent::Held(HoldReason::LineDown),
            PartEvent::Accepted { reference: Some(9) },
            PartEvent::Postponed {
                wait: Duration::from_secs(5),
            },
            PartEvent::Refused {
                cause: cause(),
                may_try_again: TryAgain::Sensible,
            },
            PartEvent::Doubted { cause: cause() },
            PartEvent::Restarted,
            PartEvent::AcceptedLate { reference: None },
            PartEvent::RefusedLate { cause: cause() },
            PartEvent::Reported(Report::Delivered),
            PartEvent::Reported(Report::Failed { cause: cause() }),
            PartEvent::Cancelled,
            PartEvent::AskedAgain,
        ]
    }

    /// The table at the head of this module, whole: every pair that changes a state.
    #[test]
    fn transition_table() {
        let mut table = String::new();
        for state in states() {
            for event in events() {
                let (after, effect) = state.clone().apply(event.clone(), NOW);
                if after != state {
                    table += &format!("{state:?} + {event:?} = {after:?}");
                    table += &effect
                        .map(|effect| format!(" ! {effect:?}"))
                        .unwrap_or_default();
                    table.push('\n');
                } else {
                    assert_eq!(effect, None, "{state:?} + {event:?}");
                }
            }
        }
        expect_test::expect_file!["../tests/snapshots/part_transitions.txt"].assert_eq(&table);
    }

    #[test]
    fn nothing_but_a_person_sends_a_doubtful_part_again() {
        for event in events() {
            let unknown = PartState::Unknown(doubt());
            let (after, _) = unknown.apply(event.clone(), NOW);
            assert_eq!(after.is_due(), event == PartEvent::AskedAgain, "{event:?}");
        }
    }

    #[test]
    fn the_state_of_a_message() {
        let sent = || PartState::Sent {
            reference: None,
            at: THEN,
        };
        let unknown = || PartState::Unknown(doubt());
        let queued = || PartState::Queued {
            attempt: 0,
            due: THEN,
            doubt: None,
        };
        let failed = || PartState::Failed {
            cause: String::new(),
            may_try_again: TryAgain::Pointless,
        };
        let cases = [
            (vec![queued(), queued()], MessageState::Queued),
            (vec![sent(), queued()], MessageState::Queued),
            (vec![sent(), sent()], MessageState::Sent),
            (vec![PartState::Delivered, sent()], MessageState::Sent),
            (
                vec![PartState::Delivered, PartState::Delivered],
                MessageState::Delivered,
            ),
            (vec![unknown(), queued()], MessageState::Unknown),
            (vec![unknown(), failed()], MessageState::Failed),
            (
                vec![sent(), held(HoldReason::EarlierPart, None)],
                MessageState::Failed,
            ),
            (
                vec![PartState::Cancelled, PartState::Cancelled],
                MessageState::Cancelled,
            ),
        ];
        for (parts, state) in cases {
            assert_eq!(message_state(&parts), state, "{parts:?}");
        }
    }

    #[test]
    fn back_off_grows_and_stays_bounded() {
        let mut random = fastrand::Rng::with_seed(1);
        for attempt in 0..100 {
            let wait = back_off(attempt, &mut random);
            assert!(
                wait >= Duration::from_millis(3_750) && wait <= LONGEST_BACK_OFF,
                "{attempt}: {wait:?}"
            );
        }
        assert!(back_off(9, &mut random) >= Duration::from_secs(225));
    }
}
