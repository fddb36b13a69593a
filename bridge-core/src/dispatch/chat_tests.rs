//! A network's worker in front of chats that hang: the tests play the writer.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::chat::{
    Attempt, ChatAdapter, ChatError, Content, Description, InboxId, MessageState, Network,
    OutgoingPost, Place, Probe, Receipt, Repeats, Room, RoomIntent, RoomKind,
};
use crate::dispatch::chat;
use crate::handle::{BridgeHandle, Request};
use crate::id::PostId;
use crate::writer::{ChatJob, Claim, PostDraft, PostOutcome, RoomPlan};

/// Answers nothing about posts below this id, and takes the others.
const HANGS_BELOW: u64 = 100;
const CONCURRENCY: usize = 2;

struct Adapter {
    description: Description,
    /// Calls under way, and the most there were at once.
    under_way: Arc<Mutex<(usize, usize)>>,
}

#[async_trait]
impl ChatAdapter for Adapter {
    fn describe(&self) -> &Description {
        &self.description
    }

    async fn ensure_room(&self, _intent: &RoomIntent) -> Result<Room, ChatError> {
        Ok(room())
    }

    async fn post(&self, post: &OutgoingPost) -> Result<Receipt, ChatError> {
        {
            let mut under_way = self.under_way.lock().unwrap();
            under_way.0 += 1;
            under_way.1 = under_way.1.max(under_way.0);
        }
        if post.id.0 < HANGS_BELOW {
            std::future::pending::<()>().await;
        }
        self.under_way.lock().unwrap().0 -= 1;
        Ok(Receipt {
            place: room().place,
            message: post.id.to_string(),
        })
    }

    async fn amend(&self, _receipt: &Receipt, _post: &OutgoingPost) -> Result<(), ChatError> {
        Ok(())
    }

    async fn show_state(&self, _receipt: &Receipt, _shown: MessageState) -> Result<(), ChatError> {
        Ok(())
    }

    async fn probe(&self, _post: &OutgoingPost) -> Result<Probe, ChatError> {
        Ok(Probe::CannotTell)
    }
}

fn room() -> Room {
    Room {
        place: Place {
            chat: "chat".to_owned(),
            thread: None,
        },
        kind: RoomKind::Shared,
    }
}

fn job(id: u64) -> ChatJob {
    ChatJob::Post {
        id: PostId(id),
        room: RoomPlan::Ready(room()),
        draft: PostDraft {
            content: Content::Notice {
                text: String::new(),
            },
            reply_to: None,
            choices: Vec::new(),
        },
        attempt: Attempt::First,
        mirrors: None,
    }
}

/// Gives out these jobs in order, as many as are asked for, until all that can be settled are.
async fn play(jobs: std::ops::Range<u64>) -> (BTreeSet<u64>, usize) {
    let (sender, mut requests) = mpsc::channel(8);
    let under_way = Arc::new(Mutex::new((0, 0)));
    let adapter = Adapter {
        description: Description {
            network: Network("memory".to_owned()),
            label: "Memory".to_owned(),
            inboxes: vec![InboxId("chat".to_owned())],
            admins: Vec::new(),
            text_limit: 1000,
            repeats: Repeats::Recognised,
            concurrency: CONCURRENCY,
            command_prefix: '/',
        },
        under_way: Arc::clone(&under_way),
    };
    let stop = CancellationToken::new();
    tokio::spawn(chat::run(
        BridgeHandle::new(sender),
        Arc::new(adapter),
        Arc::new(Notify::new()),
        stop.clone(),
        Duration::from_millis(20),
    ));
    let settleable = jobs.clone().filter(|id| *id >= HANGS_BELOW).count();
    let (mut waiting, mut settled) = (jobs, BTreeSet::new());
    while settled.len() < settleable {
        let request = tokio::time::timeout(Duration::from_secs(20), requests.recv());
        let request = request.await.unwrap().unwrap();
        if let Request::ClaimChat { most, reply, .. } = request {
            let given: Vec<ChatJob> = waiting.by_ref().take(most).map(job).collect();
            let claim = match given.is_empty() {
                true => Claim::Wait(None),
                false => Claim::Job(given),
            };
            drop(reply.send(Ok(claim)));
            continue;
        }
        let Request::SettlePost { id, outcome, reply } = request else {
            panic!("the worker asked for something else");
        };
        match outcome {
            PostOutcome::Arrived(_) => {
                settled.insert(id.0);
            }
            PostOutcome::Needless | PostOutcome::Failed(_) | PostOutcome::NotTried(_) => {
                assert!(id.0 < HANGS_BELOW, "{id}");
            }
        }
        drop(reply.send(Ok(())));
    }
    stop.cancel();
    let most = under_way.lock().unwrap().1;
    (settled, most)
}

#[tokio::test]
async fn chats_that_hang_do_not_hold_the_others_up() {
    let (settled, most) = play(90..110).await;
    assert_eq!(settled, (100..110).collect());
    assert!((11..=12).contains(&most), "ten hang, {most} were under way");
    // What is under way is bounded all the same: this is one less than fills it.
    let (settled, most) = play(85..110).await;
    assert_eq!(settled, (100..110).collect());
    assert_eq!(most, CONCURRENCY * 8);
}
