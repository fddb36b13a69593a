//! One post on its way to one chat, as a state machine.
//!
//! Pure: no clock, no store, no network. The writer loads a post's state, applies one event and stores the result.
//!
//! | state | event | becomes |
//! |---|---|---|
//! | `Queued` | `Claimed` | `Posting` |
//! | `Posting` | `Arrived` | `Posted` |
//! | `Posting` | `Postponed` | `Queued`, later; what was in doubt before still is |
//! | `Posting` | `Refused` | `Dead` |
//! | `Posting` | `Doubted`, where the network recognises repeats | `Queued`, later |
//! | `Posting` | `Doubted`, where it shows them, for the first time | `Queued`, once more, to be marked "possible repeat" |
//! | `Posting` | `Doubted`, where it shows them, once more | `Doubtful` |
//! | `Queued`, `Posting` | `Needless` | `Dropped` |
//! | `Dead` | `AskedAgain` | `Queued` |
//! | `Doubtful` | `AskedAgain` | `Queued`, to be marked "possible repeat" |
//!
//! Everything else leaves the state as it is.
//!
//! **Invariant:** where a network shows repeats, a post in doubt goes out at most once more unless a person asks, and
//! marked.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::{Attempt, Receipt, Repeats};
use crate::id::Timestamp;

/// Where a post stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PostState {
    /// Waits for its turn, or for the next try.
    Queued {
        tries: u32,
        due: Timestamp,
        attempt: Attempt,
    },
    /// Handed to the adapter, the outcome not yet stored.
    Posting { tries: u32, attempt: Attempt },
    /// It stands there.
    Posted { receipt: Receipt },
    /// Tried twice, and nobody knows whether it arrived.
    Doubtful { cause: String },
    /// The network refuses it.
    Dead { cause: String },
    /// It turned out to be of no use: the chat shows the same already.
    Dropped,
}

/// What happened to a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PostEvent {
    Claimed,
    Arrived(Receipt),
    Postponed {
        wait: Duration,
    },
    Refused {
        cause: String,
    },
    Doubted {
        cause: String,
        wait: Duration,
    },
    Needless,
    /// A person wants it to be tried again.
    AskedAgain,
}

impl PostState {
    /// A post that was just made.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self::Queued {
            tries: 0,
            due: now,
            attempt: Attempt::First,
        }
    }

    /// The state after `event`, in a network that treats repeats so.
    pub(crate) fn apply(self, event: PostEvent, repeats: Repeats, now: Timestamp) -> Self {
        use PostEvent as E;
        match (self, event) {
            (Self::Queued { tries, attempt, .. }, E::Claimed) => Self::Posting {
                tries: tries.saturating_add(1),
                attempt,
            },
            (Self::Posting { .. }, E::Arrived(receipt)) => Self::Posted { receipt },
            (Self::Posting { tries, attempt }, E::Postponed { wait }) => Self::Queued {
                tries,
                due: now.after(wait),
                attempt,
            },
            (Self::Posting { .. }, E::Refused { cause }) => Self::Dead { cause },
            (Self::Posting { tries, attempt }, E::Doubted { cause, wait }) => {
                match (repeats, attempt) {
                    (Repeats::Recognised, _) | (Repeats::Shown, Attempt::First) => Self::Queued {
                        tries,
                        due: now.after(wait),
                        attempt: Attempt::Repeat,
                    },
                    (Repeats::Shown, Attempt::Repeat) => Self::Doubtful { cause },
                }
            }
            (Self::Queued { .. } | Self::Posting { .. }, E::Needless) => Self::Dropped,
            (Self::Dead { .. }, E::AskedAgain) => Self::new(now),
            (Self::Doubtful { .. }, E::AskedAgain) => Self::Queued {
                tries: 0,
                due: now,
                attempt: Attempt::Repeat,
            },
            (state, _unchanged) => state,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Place;

    const NOW: Timestamp = Timestamp(1_000_000);

    #[test]
    fn transition_table() {
        let receipt = || Receipt {
            place: Place {
                chat: "1".to_owned(),
                thread: None,
            },
            message: "2".to_owned(),
        };
        let wait = Duration::from_secs(5);
        let states = [
            PostState::new(Timestamp(0)),
            PostState::Queued {
                tries: 1,
                due: NOW,
                attempt: Attempt::Repeat,
            },
            PostState::Posting {
                tries: 1,
                attempt: Attempt::First,
            },
            PostState::Posting {
                tries: 2,
                attempt: Attempt::Repeat,
            },
            PostState::Posted { receipt: receipt() },
            PostState::Doubtful {
                cause: "x".to_owned(),
            },
            PostState::Dead {
                cause: "x".to_owned(),
            },
            PostState::Dropped,
        ];
        let events = [
            PostEvent::Claimed,
            PostEvent::Arrived(receipt()),
            PostEvent::Postponed { wait },
            PostEvent::Refused {
                cause: "c".to_owned(),
            },
            PostEvent::Doubted {
                cause: "c".to_owned(),
                wait,
            },
            PostEvent::Needless,
            PostEvent::AskedAgain,
        ];
        let mut table = String::new();
        for repeats in [Repeats::Recognised, Repeats::Shown] {
            table += &format!("{repeats:?}\n");
            for state in &states {
                for event in &events {
                    let after = state.clone().apply(event.clone(), repeats, NOW);
                    if after != *state {
                        table += &format!("  {state:?} + {event:?} = {after:?}\n");
                    }
                }
            }
        }
        expect_test::expect_file!["../tests/snapshots/post_transitions.txt"].assert_eq(&table);
    }
}
