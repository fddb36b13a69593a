//! What waited for too long: a person is asked whether it is still to be sent, and after much longer it is not sent at
//! all.
//!
//! Only a wait for the line counts, or for the program: a message that stands in a long queue goes out when its turn comes.
//! How long it waited is counted by [`Time`](crate::time::Time). After a start with a clock that cannot be believed nobody
//! knows for how long the program was off; then a message of before waits a little, until the clock has been corrected or
//! something came from outside, and failing that a person is asked.

use std::collections::BTreeSet;
use std::time::Duration;

use tracing::{info, warn};

use crate::chat::{Choice, Content, Destination};
use crate::id::{MessageId, PartId, Timestamp};
use crate::part::{HoldReason, PartEvent, PartState};
use crate::store::record::{Message, Part, Way};
use crate::store::{StoreError, Walk, keys};
use crate::writer::QueueName;
use crate::writer::queue::{Due, Kind};
use crate::writer::work::{Change, Draft, Work};

/// After a start, for something to speak for or against the clock.
const FOR_A_WITNESS: Duration = Duration::from_secs(180);
/// Then it is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How long a message waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// For so long.
    Known(Duration),
    /// The program was off, and the clock does not tell for how long.
    NotKnown,
}

impl Work<'_> {
    /// Before a part is claimed: whether it may go. Where its message waited for too long, all of it that has not left is
    /// held, and the person who wrote it is asked.
    pub(super) fn may_go(&mut self, id: PartId, part: &Part) -> Result<bool, StoreError> {
        let limit = self.core.settings.stale_after;
        let Some(message) = self.message(id.message())? else {
            return Ok(true);
        };
        if !self.waited_for_the_line(&part.state) {
            return Ok(true);
        }
        let wait = self.wait(&message);
        match wait {
            Wait::Known(wait) if wait <= limit => return Ok(true),
            Wait::NotKnown if self.core.running() < FOR_A_WITNESS => {
                let again = self.now.after(LOOK_AGAIN);
                self.changes.push(Change::Job {
                    queue: QueueName::Line(part.conversation.line.clone()),
                    kind: Kind::Message,
                    lane: part.conversation.address.to_string(),
                    id: id.0,
                    due: Due::At(again),
                });
                return Ok(false);
            }
            Wait::Known(_) | Wait::NotKnown => {}
        }
        info!(message_id = %id.message(), "it waited for too long; a person is asked");
        let waiting = self.apply_to_waiting(id.message(), &PartEvent::Held(HoldReason::Stale))?;
        self.ask_if_still(id.message(), message, wait, waiting)?;
        Ok(false)
    }

    /// Whether it waited because its line was down, the network did not take it, or the program was off; and not only for
    /// its turn.
    fn waited_for_the_line(&self, state: &PartState) -> bool {
        match state {
            PartState::Held {
                reason: HoldReason::LineDown,
                ..
            } => true,
            PartState::Queued { attempt, .. } => *attempt > 0,
            PartState::Staged { attempt, due, .. } => {
                *attempt > 0 || self.now.since(*due) > self.core.settings.stale_after
            }
            PartState::Held { .. }
            | PartState::Staging { .. }
            | PartState::Transmitting { .. }
            | PartState::Sent { .. }
            | PartState::Delivered
            | PartState::Failed { .. }
            | PartState::Unknown(_)
            | PartState::Cancelled
            | PartState::Expired => false,
        }
    }

    /// Since it was written, or a person asked for it last.
    fn wait(&self, message: &Message) -> Wait {
        let since = self.core.time.since(since(message));
        since.map_or(Wait::NotKnown, Wait::Known)
    }

    /// The parts of a message that wait go this way. How many it were, of how many.
    fn apply_to_waiting(
        &mut self,
        id: MessageId,
        event: &PartEvent,
    ) -> Result<(usize, usize), StoreError> {
        let parts = self.parts(id)?;
        let whole = parts.len();
        let mut waiting: usize = 0;
        for (part, record) in parts {
            if record.state.is_due() || record.state.is_stale() {
                waiting = waiting.saturating_add(1);
                self.apply_to_part(part, event.clone())?;
            }
        }
        Ok((waiting, whole))
    }

    fn ask_if_still(
        &mut self,
        id: MessageId,
        message: Message,
        wait: Wait,
        waiting: (usize, usize),
    ) -> Result<(), StoreError> {
        let what = match waiting {
            (waiting, whole) if waiting < whole => {
                format!("The last {waiting} of {whole} parts of this")
            }
            _ => "This".to_owned(),
        };
        let text = match wait {
            Wait::Known(wait) => {
                format!("{what} waited for {}: still send it?", in_words(wait))
            }
            Wait::NotKnown => format!(
                "{what} waited while the bridge was off, and I can't tell for how long: still send it?"
            ),
        };
        let choice = |token: &str, label: &str, command: &str| Choice {
            token: format!("{token}:{id}"),
            label: label.to_owned(),
            command: Some(command.to_owned()),
        };
        let choices = vec![
            choice("again", "Send", "retry"),
            choice("cancel", "Don't send", "cancel"),
        ];
        self.say_about(id, message, text, choices)
    }

    /// Says something in reply to a message, where it was written.
    fn say_about(
        &mut self,
        id: MessageId,
        message: Message,
        text: String,
        choices: Vec<Choice>,
    ) -> Result<(), StoreError> {
        let Way::Out {
            network, origin, ..
        } = message.way
        else {
            return Ok(());
        };
        let destination = Destination::Place(origin.place);
        let mut draft = Draft::new(&network, destination, Content::Notice { text });
        draft.reply_to = Some(origin.message);
        draft.choices = choices;
        draft.conversation = Some(message.conversation);
        draft.message = Some(id);
        self.add_post(draft).map(|_| ())
    }

    /// What waited for much too long is not sent any more, and whoever wrote it is told. While the clock cannot be believed
    /// nothing expires.
    pub(super) fn expire_waiting(&mut self) -> Result<(), StoreError> {
        let limit = self.core.settings.expire_after;
        if !self.core.time.is_sure() {
            return Ok(());
        }
        let mut seen = BTreeSet::new();
        let mut walk = Walk::over(keys::outbox_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let Some(part) = keys::last_number(&key).map(PartId) else {
                continue;
            };
            let id = part.message();
            if !seen.insert(id) {
                continue;
            }
            let Some(message) = self.message(id)? else {
                continue;
            };
            let Wait::Known(wait) = self.wait(&message) else {
                continue;
            };
            let Some(record) = self.part(part)? else {
                continue;
            };
            let state = record.state;
            if wait <= limit || !(self.waited_for_the_line(&state) || state.is_stale()) {
                continue;
            }
            warn!(message_id = %id, "it waited for too long; it is not sent any more");
            let (expired, whole) = self.apply_to_waiting(id, &PartEvent::Expired)?;
            let what = match expired < whole {
                true => format!("The last {expired} of {whole} parts were not sent"),
                false => "Not sent".to_owned(),
            };
            let text = format!("{what}: this waited for {}.", in_words(wait));
            let choices = vec![Choice {
                token: format!("again:{id}"),
                label: "Send again".to_owned(),
                command: Some("retry".to_owned()),
            }];
            self.say_about(id, message, text, choices)?;
        }
        Ok(())
    }
}

fn since(message: &Message) -> Timestamp {
    match &message.way {
        Way::Out { asked_at, .. } => asked_at.unwrap_or(message.at),
        Way::In { .. } => message.at,
    }
}

/// "90 minutes", "5 hours", "3 days": a little less than it is.
fn in_words(wait: Duration) -> String {
    let minutes = wait.as_secs() / 60;
    let (hours, days) = (minutes / 60, minutes / (24 * 60));
    match (days, hours, minutes) {
        (0, 0 | 1, 1) => "1 minute".to_owned(),
        (0, 0 | 1, minutes) => format!("{minutes} minutes"),
        (0 | 1, hours, _) => format!("{hours} hours"),
        (days, ..) => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_in_words() {
        let cases = [
            (59, "0 minutes"),
            (60, "1 minute"),
            (3_600, "60 minutes"),
            (7_199, "119 minutes"),
            (7_200, "2 hours"),
            (47 * 3_600, "47 hours"),
            (48 * 3_600, "2 days"),
            (30 * 86_400, "30 days"),
        ];
        for (seconds, words) in cases {
            assert_eq!(in_words(Duration::from_secs(seconds)), words, "{seconds}");
        }
    }
}
