//! Posts on their way to a chat: taken by the network's workers, settled with their outcome.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

use crate::chat::{
    Attempt, ChatError, Choice, Content, Description, Destination, MessageState, Network, Receipt,
    Repeats, Room, RoomIntent, RoomKind,
};
use crate::harmless;
use crate::id::{PostId, Timestamp};
use crate::part::back_off;
use crate::post::{PostEvent, PostState};
use crate::store::record::{Mark, Post, ReceiptNote};
use crate::store::{StoreError, Walk, keys};
use crate::writer::queue::Due;
use crate::writer::work::{Change, Draft, Job, Opened, Silence, Work, lane};
use crate::writer::{QueueName, outages, people, questions, sim, ussd};

/// A changed post that could not be shown is tried again after this.
const AMEND_AGAIN: Duration = Duration::from_secs(30);
/// What waits for a network is brought forward at most once in this.
const HURRY_AGAIN: Duration = Duration::from_secs(60);

/// Something that a network's worker is to do now.
#[derive(Debug)]
pub(crate) enum ChatJob {
    /// Show a post.
    Post {
        id: PostId,
        room: RoomPlan,
        draft: PostDraft,
        attempt: Attempt,
        /// Where a person wrote the same: nothing to show there.
        mirrors: Option<Receipt>,
    },
    /// Bring a post up to date.
    Amend {
        id: PostId,
        revision: u32,
        receipt: Receipt,
        room: Room,
        draft: PostDraft,
    },
    /// Give a room another title.
    Rename {
        id: PostId,
        room: Room,
        title: String,
    },
    /// Show a state.
    Mark {
        id: PostId,
        receipt: Receipt,
        state: MessageState,
    },
}

/// A post without its room.
#[derive(Debug)]
pub(crate) struct PostDraft {
    pub(crate) content: Content,
    pub(crate) reply_to: Option<String>,
    pub(crate) choices: Vec<Choice>,
}

/// Where a post is to go.
#[derive(Debug)]
pub(crate) enum RoomPlan {
    /// There.
    Ready(Room),
    /// Wherever the adapter says; the wish is stored.
    Ensure(RoomIntent),
}

/// What became of a post.
#[derive(Clone, Debug)]
pub(crate) enum PostOutcome {
    Arrived(Receipt),
    Needless,
    Failed(ChatError),
    /// Nothing was tried, or it proves not to be there.
    NotTried(ChatError),
}

impl Work<'_> {
    /// Puts what is stored into the queues. Whether a network asked for a wait is not stored: all that waits is due when it
    /// proves to answer, and a network that still wants the wait says so again.
    pub(super) fn recover_posts(&mut self) -> Result<(), StoreError> {
        let mut walk = Walk::over(keys::post_due_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let Some(id) = keys::last_number(&key).map(PostId) else {
                continue;
            };
            match self.transaction.load::<Post>(&keys::post(id))? {
                Some(mut post) => {
                    let handed = self.core.is_handed(Job::Chat(id));
                    // At the start one that was being posted waits for its adapter, which knows what a repeat means
                    // there. Later, one that no worker has was never handed out.
                    if self.core.opened == Opened::Again && !handed {
                        let event = PostEvent::Postponed {
                            wait: Duration::ZERO,
                        };
                        post.state = post.state.apply(event, Repeats::Shown, self.now);
                    }
                    self.save_post(id, &post)?;
                    if let PostState::Queued { due, .. } = post.state {
                        let lane = lane(&post.destination);
                        self.note_due(&post.network, lane, id, Due::BackOff(due))?;
                        self.seems_silent(&post.network, due);
                    }
                }
                None => self.transaction.remove(key),
            }
        }
        self.recover_renamings()?;
        let mut walk = Walk::over(keys::mark_due_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let Some(id) = keys::last_number(&key).map(PostId) else {
                continue;
            };
            match self.transaction.load::<Mark>(&keys::mark(id))? {
                Some(_) if self.core.is_handed(Job::Chat(id)) => {}
                Some(mark) => {
                    self.queue_mark(id, &mark, Due::BackOff(mark.due))?;
                    self.seems_silent(&mark.network, mark.due);
                }
                None => self.transaction.remove(key),
            }
        }
        Ok(())
    }

    /// Something waited for this network when the store was closed.
    fn seems_silent(&mut self, network: &Network, due: Timestamp) {
        if due > self.now {
            self.core.silent.entry(network.clone()).or_default().lasts = true;
        }
    }

    /// A network is there: what was being posted when the program ended is in doubt.
    pub(super) fn attach_chat(&mut self, description: Description) -> Result<(), StoreError> {
        self.core
            .chats
            .insert(description.network.clone(), description.clone());
        self.tell_of_restoring(&description)?;
        let mut walk = Walk::over(keys::post_due_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let Some(id) = keys::last_number(&key).map(PostId) else {
                continue;
            };
            let Some(mut post) = self.transaction.load::<Post>(&keys::post(id))? else {
                continue;
            };
            if post.network == description.network
                && matches!(post.state, PostState::Posting { .. })
            {
                let cause = "the bridge was stopped while it was being posted".to_owned();
                let event = PostEvent::Doubted {
                    cause,
                    wait: Duration::ZERO,
                };
                post.state = post.state.apply(event, description.repeats, self.now);
                self.save_post(id, &post)?;
                self.note_if_given_up(id, &post)?;
            }
        }
        Ok(())
    }

    pub(super) fn claim_chat(&mut self, id: PostId) -> Result<Option<ChatJob>, StoreError> {
        if let Some(post) = self.transaction.load::<Post>(&keys::post(id))? {
            return self.claim_post(id, post);
        }
        if let Some(job) = self.claim_renaming(id)? {
            return Ok(Some(job));
        }
        self.claim_mark(id)
    }

    fn claim_post(&mut self, id: PostId, mut post: Post) -> Result<Option<ChatJob>, StoreError> {
        let draft = PostDraft {
            content: harmless::content(post.content.clone()),
            reply_to: post.reply_to.clone(),
            choices: post.choices.clone(),
        };
        match post.state.clone() {
            PostState::Queued { attempt, .. } => {
                let repeats = self.repeats(&post.network);
                post.state = post.state.apply(PostEvent::Claimed, repeats, self.now);
                self.hand_out(Job::Chat(id));
                self.save_post(id, &post)?;
                let room = self.plan_room(&post)?;
                let Post { mirrors, .. } = post;
                Ok(Some(ChatJob::Post {
                    id,
                    room,
                    draft,
                    attempt,
                    mirrors,
                }))
            }
            PostState::Posted { receipt } if post.revision > post.shown_revision => {
                self.hand_out(Job::Chat(id));
                self.save_post(id, &post)?;
                let kind = self
                    .room_kind(&post.network, &receipt.place)?
                    .unwrap_or(RoomKind::Shared);
                let room = Room {
                    place: receipt.place.clone(),
                    kind,
                };
                Ok(Some(ChatJob::Amend {
                    id,
                    revision: post.revision,
                    receipt,
                    room,
                    draft,
                }))
            }
            PostState::Posting { .. }
            | PostState::Posted { .. }
            | PostState::Doubtful { .. }
            | PostState::Dead { .. }
            | PostState::Dropped => {
                self.save_post(id, &post)?;
                Ok(None)
            }
        }
    }

    pub(super) fn repeats(&self, network: &Network) -> Repeats {
        self.core
            .chats
            .get(network)
            .map_or(Repeats::Shown, |description| description.repeats)
    }

    pub(super) fn settle_post(
        &mut self,
        id: PostId,
        outcome: PostOutcome,
    ) -> Result<(), StoreError> {
        self.give_back(Job::Chat(id));
        let Some(mut post) = self.transaction.load::<Post>(&keys::post(id))? else {
            return Ok(());
        };
        let PostState::Posting { tries, .. } = post.state else {
            return Ok(());
        };
        let adapter = post.network.0.clone();
        let failed = match &outcome {
            PostOutcome::Failed(error) | PostOutcome::NotTried(error) => Some(error.clone()),
            PostOutcome::Arrived(_) | PostOutcome::Needless => None,
        };
        if !matches!(outcome, PostOutcome::Needless) {
            self.note_whether_it_answers(&post.network, failed.as_ref());
        }
        let wait = back_off(tries, &mut self.core.random);
        let event = match outcome {
            PostOutcome::Arrived(receipt) => {
                info!(post_id = %id, adapter, attempt = tries, "posted");
                self.note_receipt(&post, &receipt)?;
                self.note_shown(&post)?;
                if let Content::File { text, .. } = &mut post.content {
                    text.clear();
                }
                PostEvent::Arrived(receipt)
            }
            PostOutcome::Needless => PostEvent::Needless,
            PostOutcome::Failed(ChatError::Retry { cause, after })
            | PostOutcome::NotTried(ChatError::Retry { cause, after }) => {
                let wait = after.unwrap_or(wait);
                warn!(post_id = %id, adapter, attempt = tries, retry_in = ?wait, error = %cause, "post postponed");
                PostEvent::Postponed { wait }
            }
            PostOutcome::NotTried(ChatError::Unknown { cause } | ChatError::RoomGone { cause }) => {
                warn!(post_id = %id, adapter, attempt = tries, retry_in = ?wait, error = %cause, "post postponed");
                PostEvent::Postponed { wait }
            }
            PostOutcome::Failed(ChatError::RoomGone { cause }) => {
                warn!(post_id = %id, adapter, error = %cause, "the room is gone");
                if let Destination::Place(_) = post.destination {
                    PostEvent::Refused { cause }
                } else {
                    self.room_gone(&post)?;
                    PostEvent::Postponed {
                        wait: if tries > 1 { wait } else { Duration::ZERO },
                    }
                }
            }
            PostOutcome::Failed(ChatError::Unknown { cause }) => {
                warn!(post_id = %id, adapter, attempt = tries, error = %cause, "nobody knows whether the post arrived");
                PostEvent::Doubted { cause, wait }
            }
            PostOutcome::Failed(ChatError::Reject { cause })
            | PostOutcome::NotTried(ChatError::Reject { cause }) => {
                tracing::error!(post_id = %id, adapter, error = %cause, "the network refuses the post");
                PostEvent::Refused { cause }
            }
        };
        let repeats = self.repeats(&post.network);
        post.state = post.state.apply(event, repeats, self.now);
        self.save_post(id, &post)?;
        self.note_if_given_up(id, &post)?;
        match (&post.state, failed) {
            (PostState::Queued { due, .. }, Some(error)) if is_a_guess(&error) => self.note_due(
                &post.network,
                lane(&post.destination),
                id,
                Due::BackOff(*due),
            ),
            _ => Ok(()),
        }
    }

    /// What is put off because a network does not answer is due when it does.
    pub(super) fn note_whether_it_answers(
        &mut self,
        network: &Network,
        failed: Option<&ChatError>,
    ) {
        match failed {
            Some(error) if is_a_guess(error) => {
                self.core.silent.entry(network.clone()).or_default().lasts = true;
            }
            Some(_) => {}
            None => self.it_answers(network),
        }
    }

    /// Something came from a network, or arrived there. What waits is brought forward at most once a minute: one chat of a
    /// network may be silent while the others answer.
    pub(super) fn it_answers(&mut self, network: &Network) {
        let Some(silence) = self.core.silent.get_mut(network) else {
            return;
        };
        let lately = silence
            .hurried
            .is_some_and(|hurried| hurried.elapsed() < HURRY_AGAIN);
        if !silence.lasts || lately {
            return;
        }
        *silence = Silence {
            lasts: false,
            hurried: Some(Instant::now()),
        };
        info!(
            adapter = network.0,
            "the network answers again; what waited for it is due"
        );
        let queue = QueueName::Chat(network.clone());
        self.changes.push(Change::Hurry(queue));
    }

    /// By this a reply to the post finds its conversation, and a mirrored message shows its state.
    fn note_receipt(&mut self, post: &Post, receipt: &Receipt) -> Result<(), StoreError> {
        let key = keys::receipt(&post.network, &receipt.place.chat, &receipt.message);
        let note = ReceiptNote {
            conversation: post.conversation.clone(),
            message: post.message,
            outage: outages::told_by(post),
            question: questions::asked_by(post),
            stranger: people::told_by(post),
            ussd: ussd::told_by(post),
            sim: sim::told_by(post),
        };
        self.transaction.save(key, &note)?;
        if let (Content::Mirror { .. }, Some(message)) = (&post.content, post.message) {
            self.add_mark(&post.network, receipt.clone(), message)?;
        }
        Ok(())
    }

    /// What a post should say now, as a new post: the old one is gone, or never came to be.
    pub(super) fn show_anew(&mut self, post: &Post) -> Result<(), StoreError> {
        let content = post.content.clone();
        let mut draft = Draft::new(&post.network, post.destination.clone(), content);
        draft.message = post.message;
        draft.conversation = post.conversation.clone();
        self.add_post(draft).map(|_| ())
    }

    pub(super) fn settle_amend(
        &mut self,
        id: PostId,
        revision: u32,
        outcome: Result<(), ChatError>,
    ) -> Result<(), StoreError> {
        self.give_back(Job::Chat(id));
        let Some(mut post) = self.transaction.load::<Post>(&keys::post(id))? else {
            return Ok(());
        };
        self.note_whether_it_answers(&post.network, outcome.as_ref().err());
        match outcome {
            Ok(()) => post.shown_revision = revision,
            Err(ChatError::Reject { cause } | ChatError::RoomGone { cause }) => {
                warn!(post_id = %id, error = %cause, "a post cannot be brought up to date; shown anew");
                post.shown_revision = revision;
                // The count on a notice is not worth another one.
                if outages::told_by(&post).is_none() {
                    self.show_anew(&post)?;
                }
            }
            Err(ChatError::Retry { after, .. }) => {
                self.transaction.save(keys::post(id), &post)?;
                let due = match after {
                    Some(after) => Due::At(self.now.after(after)),
                    None => Due::BackOff(self.now.after(AMEND_AGAIN)),
                };
                return self.note_due(&post.network, lane(&post.destination), id, due);
            }
            Err(ChatError::Unknown { .. }) => {
                let due = Due::BackOff(self.now.after(AMEND_AGAIN));
                return self.note_due(&post.network, lane(&post.destination), id, due);
            }
        }
        self.save_post(id, &post)
    }
}

/// Whether the wait after this error is our own guess, and not the network's wish.
fn is_a_guess(error: &ChatError) -> bool {
    match error {
        ChatError::Retry { after, .. } => after.is_none(),
        ChatError::Unknown { .. } => true,
        ChatError::Reject { .. } | ChatError::RoomGone { .. } => false,
    }
}
