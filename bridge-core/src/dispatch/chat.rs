//! A network's worker: as many jobs at once as the network likes, never two of one room. All that can be begun is claimed
//! in one commit. A call that takes long gives its place to another, so that chats that hang do not hold the others up.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::chat::{
    Attempt, ChatAdapter, ChatError, MessageState, OutgoingPost, Probe, Receipt, Room, RoomIntent,
    RoomKind,
};
use crate::crash::point;
use crate::dispatch::{idle, settle};
use crate::handle::{BridgeHandle, Request};
use crate::id::PostId;
use crate::writer::{ChatJob, Claim, PostOutcome, RoomPlan};

/// An adapter that is silent for this long is taken for broken.
const CALL_LIMIT: Duration = Duration::from_secs(180);
/// What takes longer is slow.
pub(crate) const SLOW: Duration = Duration::from_secs(15);
/// For each place there are so many jobs at most, the slow ones with it.
const WITH_SLOW: usize = 8;

/// Posts until told to stop, and ends what was begun. What takes longer than `slow` does not count among what is done at
/// once.
pub(crate) async fn run(
    bridge: BridgeHandle,
    adapter: Arc<dyn ChatAdapter>,
    waker: Arc<Notify>,
    stop: CancellationToken,
    slow: Duration,
) {
    let network = adapter.describe().network.clone();
    let concurrency = adapter.describe().concurrency.max(1);
    let mut jobs = JoinSet::new();
    let mut given: HashMap<tokio::task::Id, (Given, Instant)> = HashMap::new();
    while !stop.is_cancelled() {
        let mut at = None;
        let (room, next_slow) = loop {
            let (room, next_slow) = room_for_more(&given, concurrency, (Instant::now(), slow));
            if room == 0 {
                break (room, next_slow);
            }
            let claim = |reply| Request::ClaimChat {
                network: network.clone(),
                most: room,
                reply,
            };
            match settle(&bridge, claim).await {
                None => return,
                Some(Claim::Job(claimed)) => {
                    for job in claimed {
                        let what = Given::of(&job);
                        let worker = Worker {
                            bridge: bridge.clone(),
                            adapter: Arc::clone(&adapter),
                        };
                        given.insert(jobs.spawn(worker.work(job)).id(), (what, Instant::now()));
                    }
                }
                Some(Claim::Wait(next)) => {
                    at = next;
                    break (room, next_slow);
                }
            }
        };
        let wake = match room {
            0 => next_slow,
            _ => at,
        };
        tokio::select! {
            Some(ended) = jobs.join_next_with_id() => match ended {
                Ok((id, ())) => drop(given.remove(&id)),
                Err(error) => {
                    tracing::error!(adapter = network.0, %error, "a chat worker failed; what it did is in doubt");
                    if let Some((job, _)) = given.remove(&error.id()) {
                        job.doubt(&bridge).await;
                    }
                }
            },
            _woken = idle(wake, &waker, &stop), if room > 0 || wake.is_some() => {}
            () = stop.cancelled() => {}
        }
    }
    while jobs.join_next().await.is_some() {}
}

/// How many jobs can be begun, and where none can, when one of those under way will be slow.
fn room_for_more(
    given: &HashMap<tokio::task::Id, (Given, Instant)>,
    concurrency: usize,
    (now, slow): (Instant, Duration),
) -> (usize, Option<Instant>) {
    let slow_from = given.values().map(|(_, begun)| *begun + slow);
    let quick = slow_from.clone().filter(|at| *at > now).count();
    let most = concurrency.saturating_mul(WITH_SLOW);
    let room = concurrency
        .saturating_sub(quick)
        .min(most.saturating_sub(given.len()));
    let next_slow = slow_from.filter(|at| *at > now).min();
    (room, next_slow.filter(|_| given.len() < most))
}

/// What a worker was given, to be settled for it should it panic.
enum Given {
    Post(PostId),
    Amend(PostId, u32),
    Mark(PostId, MessageState),
    Rename(PostId, String),
}

impl Given {
    fn of(job: &ChatJob) -> Self {
        match job {
            ChatJob::Post { id, .. } => Self::Post(*id),
            ChatJob::Amend { id, revision, .. } => Self::Amend(*id, *revision),
            ChatJob::Mark { id, state, .. } => Self::Mark(*id, *state),
            ChatJob::Rename { id, title, .. } => Self::Rename(*id, title.clone()),
        }
    }

    async fn doubt(self, bridge: &BridgeHandle) {
        let error = || ChatError::Unknown {
            cause: "the adapter failed in the middle of it".to_owned(),
        };
        match self {
            Self::Post(id) => {
                let request = |reply| Request::SettlePost {
                    id,
                    outcome: PostOutcome::Failed(error()),
                    reply,
                };
                settle(bridge, request).await;
            }
            Self::Amend(id, revision) => {
                let request = |reply| Request::SettleAmend {
                    id,
                    revision,
                    outcome: Err(error()),
                    reply,
                };
                settle(bridge, request).await;
            }
            Self::Rename(id, title) => {
                let request = |reply| Request::SettleRenaming {
                    id,
                    title: title.clone(),
                    outcome: Err(error()),
                    reply,
                };
                settle(bridge, request).await;
            }
            Self::Mark(id, shown) => {
                let request = |reply| Request::SettleMark {
                    id,
                    shown,
                    outcome: Err(error()),
                    reply,
                };
                settle(bridge, request).await;
            }
        }
    }
}

struct Worker {
    bridge: BridgeHandle,
    adapter: Arc<dyn ChatAdapter>,
}

impl Worker {
    async fn work(self, job: ChatJob) {
        point("chat: claimed, not begun");
        match job {
            ChatJob::Post {
                id,
                room,
                draft,
                attempt,
                mirrors,
            } => {
                let outcome = match self.room(room).await {
                    Ok(room) if shows_already(&room, mirrors.as_ref()) => Ok(PostOutcome::Needless),
                    Ok(room) => {
                        let (content, reply_to, choices) =
                            (draft.content, draft.reply_to, draft.choices);
                        let post = OutgoingPost {
                            id,
                            room,
                            content,
                            reply_to,
                            choices,
                            attempt,
                        };
                        Ok(self.post(post).await)
                    }
                    Err(Some(error)) => Ok(PostOutcome::NotTried(error)),
                    Err(None) => Err(()),
                };
                let Ok(outcome) = outcome else { return };
                self.settle_post(id, outcome).await;
            }
            ChatJob::Amend {
                id,
                revision,
                receipt,
                room,
                draft,
            } => {
                let (content, reply_to, choices) = (draft.content, draft.reply_to, draft.choices);
                let post = OutgoingPost {
                    id,
                    room,
                    content,
                    reply_to,
                    choices,
                    attempt: Attempt::First,
                };
                let outcome = limited(self.adapter.amend(&receipt, &post)).await;
                point("chat: amended, not stored");
                let request = |reply| Request::SettleAmend {
                    id,
                    revision,
                    outcome: outcome.clone(),
                    reply,
                };
                settle(&self.bridge, request).await;
            }
            ChatJob::Rename { id, room, title } => {
                let outcome = limited(self.adapter.rename_room(&room, &title)).await;
                point("chat: room renamed, not stored");
                let request = |reply| Request::SettleRenaming {
                    id,
                    title: title.clone(),
                    outcome: outcome.clone(),
                    reply,
                };
                settle(&self.bridge, request).await;
            }
            ChatJob::Mark { id, receipt, state } => {
                let outcome = limited(self.adapter.show_state(&receipt, state)).await;
                point("chat: state shown, not stored");
                let request = |reply| Request::SettleMark {
                    id,
                    shown: state,
                    outcome: outcome.clone(),
                    reply,
                };
                settle(&self.bridge, request).await;
            }
        }
    }

    async fn settle_post(&self, id: PostId, outcome: PostOutcome) {
        let request = |reply| Request::SettlePost {
            id,
            outcome: outcome.clone(),
            reply,
        };
        settle(&self.bridge, request).await;
        point("chat: post stored");
    }

    /// The room to post in. `Err(None)`: the bridge is stopping.
    async fn room(&self, plan: RoomPlan) -> Result<Room, Option<ChatError>> {
        let intent: RoomIntent = match plan {
            RoomPlan::Ready(room) => return Ok(room),
            RoomPlan::Ensure(intent) => intent,
        };
        let network = self.adapter.describe().network.clone();
        let destination = intent.destination.clone();
        let made = limited(self.adapter.ensure_room(&intent)).await;
        point("chat: room made, not stored");
        match made {
            Ok(room) => {
                let request = |reply| Request::RoomMade {
                    network: network.clone(),
                    destination: destination.clone(),
                    room: room.clone(),
                    reply,
                };
                settle(&self.bridge, request).await.ok_or(None)?;
                point("chat: room stored, not used");
                Ok(room.shows(&destination))
            }
            Err(error) => {
                if matches!(error, ChatError::Retry { .. } | ChatError::Reject { .. })
                    && intent.attempt == Attempt::First
                {
                    let request = |reply| Request::RoomNotMade {
                        network: network.clone(),
                        destination: destination.clone(),
                        reply,
                    };
                    settle(&self.bridge, request).await.ok_or(None)?;
                }
                Err(Some(error))
            }
        }
    }

    /// What may stand there is looked for before it goes out again. A network that recognises repeats by their transaction
    /// id forgets it after a day or so, and no clock here can be trusted to tell when.
    async fn post(&self, mut post: OutgoingPost) -> PostOutcome {
        if post.attempt == Attempt::Repeat {
            let probed = limited(self.adapter.probe(&post)).await;
            point("chat: looked for, not posted");
            match probed {
                Ok(Probe::Arrived(receipt)) => return PostOutcome::Arrived(receipt),
                Ok(Probe::Absent) => post.attempt = Attempt::First,
                Ok(Probe::CannotTell) => {}
                Err(error) => return PostOutcome::NotTried(error),
            }
        }
        let posted = limited(self.adapter.post(&post)).await;
        point("chat: posted, not stored");
        match posted {
            Ok(receipt) => PostOutcome::Arrived(receipt),
            Err(error) => PostOutcome::Failed(error),
        }
    }
}

/// Whether the room is where a person wrote what the post mirrors.
pub(crate) fn shows_already(room: &Room, mirrors: Option<&Receipt>) -> bool {
    mirrors.is_some_and(|origin| match room.kind {
        RoomKind::Dedicated => room.place == origin.place,
        RoomKind::Shared if room.place.thread.is_some() => room.place == origin.place,
        RoomKind::Shared => room.place.chat == origin.place.chat,
    })
}

async fn limited<T>(call: impl Future<Output = Result<T, ChatError>>) -> Result<T, ChatError> {
    tokio::time::timeout(CALL_LIMIT, call)
        .await
        .unwrap_or_else(|_elapsed| {
            Err(ChatError::Unknown {
                cause: "the chat network did not answer in time".to_owned(),
            })
        })
}
