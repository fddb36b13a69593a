//! Marks: the state of an outgoing message, shown where it was written and where it is mirrored.
//!
//! What is wanted is read from the message when a mark is claimed, so several changes become one.

use tracing::warn;

use crate::chat::{ChatError, MessageState, Network, Receipt};
use crate::id::{MessageId, PostId, Timestamp};
use crate::part::{back_off, message_state};
use crate::store::record::Mark;
use crate::store::{StoreError, keys};
use crate::writer::QueueName;
use crate::writer::posts::ChatJob;
use crate::writer::queue::{Due, Kind};
use crate::writer::work::{Change, Job, Work, place_lane};

/// How often the mark of a state is tried where nobody knows what became of it.
const DOUBTS: u32 = 20;

impl Work<'_> {
    /// Shows the message's state at this place from now on.
    pub(super) fn add_mark(
        &mut self,
        network: &Network,
        receipt: Receipt,
        message: MessageId,
    ) -> Result<(), StoreError> {
        let id = PostId(self.next_id());
        let mark = Mark {
            network: network.clone(),
            receipt,
            message,
            shown: None,
            tries: 0,
            due: self.now,
        };
        self.transaction.save(keys::mark(id), &mark)?;
        self.transaction.save(keys::mark_of(message, id), &())?;
        self.queue_mark(id, &mark, Due::At(self.now))
    }

    /// Puts every mark of a message in its queue whose state is not the one shown.
    pub(super) fn refresh_marks(&mut self, message: MessageId) -> Result<(), StoreError> {
        let wanted = message_state(self.parts(message)?.iter().map(|(_, part)| &part.state));
        for key in self
            .transaction
            .keys(&keys::marks_of_prefix(message), 1000)?
        {
            let Some(id) = keys::last_number(&key).map(PostId) else {
                continue;
            };
            let Some(mark) = self.transaction.load::<Mark>(&keys::mark(id))? else {
                continue;
            };
            if mark.shown != Some(wanted) && !self.core.is_handed(Job::Chat(id)) {
                // What the network wished, or a back-off, still holds.
                self.queue_mark(id, &mark, Due::At(mark.due.max(self.now)))?;
            }
        }
        Ok(())
    }

    pub(super) fn queue_mark(
        &mut self,
        id: PostId,
        mark: &Mark,
        due: Due,
    ) -> Result<(), StoreError> {
        match due {
            Due::At(_) | Due::BackOff(_) => self.transaction.save(keys::mark_due(id), &())?,
            // That it is due is stored since before it could be taken: nothing to commit.
            Due::Taken => {}
            Due::Done => self.transaction.remove(keys::mark_due(id)),
        }
        let queue = QueueName::Chat(mark.network.clone());
        self.changes.push(Change::Job {
            queue,
            kind: Kind::Mark,
            lane: place_lane(&mark.receipt.place),
            id: id.0,
            due,
        });
        Ok(())
    }

    pub(super) fn claim_mark(&mut self, id: PostId) -> Result<Option<ChatJob>, StoreError> {
        let Some(mark) = self.transaction.load::<Mark>(&keys::mark(id))? else {
            return Ok(None);
        };
        let state = message_state(
            self.parts(mark.message)?
                .iter()
                .map(|(_, part)| &part.state),
        );
        if mark.shown == Some(state) {
            self.queue_mark(id, &mark, Due::Done)?;
            return Ok(None);
        }
        self.hand_out(Job::Chat(id));
        self.queue_mark(id, &mark, Due::Taken)?;
        Ok(Some(ChatJob::Mark {
            id,
            receipt: mark.receipt,
            state,
        }))
    }

    pub(super) fn settle_mark(
        &mut self,
        id: PostId,
        shown: MessageState,
        outcome: Result<(), ChatError>,
    ) -> Result<(), StoreError> {
        self.give_back(Job::Chat(id));
        let Some(mut mark) = self.transaction.load::<Mark>(&keys::mark(id))? else {
            return Ok(());
        };
        self.note_whether_it_answers(&mark.network, outcome.as_ref().err());
        mark.tries = mark.tries.saturating_add(1);
        let mut due: fn(Timestamp) -> Due = Due::At;
        match outcome {
            Ok(()) => {
                mark.shown = Some(shown);
                mark.tries = 0;
            }
            Err(ChatError::Reject { cause } | ChatError::RoomGone { cause }) => {
                warn!(adapter = mark.network.0, error = %cause, "a state cannot be shown");
                mark.shown = Some(shown);
            }
            Err(ChatError::Unknown { cause }) if mark.tries >= DOUBTS => {
                warn!(adapter = mark.network.0, error = %cause, "a state cannot be shown; given up");
                mark.shown = Some(shown);
            }
            // However long a network is away: the state that counts is the last one.
            Err(ChatError::Retry { after, .. }) => {
                if after.is_none() {
                    due = Due::BackOff;
                }
                mark.due = self
                    .now
                    .after(after.unwrap_or_else(|| back_off(mark.tries, &mut self.core.random)));
            }
            Err(ChatError::Unknown { .. }) => {
                due = Due::BackOff;
                mark.due = self.now.after(back_off(mark.tries, &mut self.core.random));
            }
        }
        self.transaction.save(keys::mark(id), &mark)?;
        let wanted = message_state(
            self.parts(mark.message)?
                .iter()
                .map(|(_, part)| &part.state),
        );
        let due = if mark.shown == Some(wanted) {
            Due::Done
        } else {
            due(mark.due)
        };
        self.queue_mark(id, &mark, due)
    }
}
