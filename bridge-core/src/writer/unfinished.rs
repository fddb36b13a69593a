//! What a line's modem may still have to tell when the program starts: a part whose result may come late, and which
//! message reference the modem gave last (TP-MR, 3GPP TS 23.040 §9.2.3.6).
//!
//! One record for each line, changed with the outcome of each send in the commit that stores it. It proves nothing: where a
//! result is ascribed is the modem loop's decision.

use std::time::Duration;

use crate::address::LineName;
use crate::handle::UnfinishedPart;
use crate::id::{PartId, Timestamp};
use crate::part::PartState;
use crate::store::record::Sends;
use crate::store::{StoreError, keys};
use crate::writer::work::Work;

/// No result comes later than this: the modem loop waits 120 s for it, and a little passes before a program runs again.
const LATE: Duration = Duration::from_secs(150);

impl Work<'_> {
    /// A part went from one state to another.
    pub(super) fn note_send(
        &mut self,
        line: &LineName,
        id: PartId,
        before: &PartState,
        after: &PartState,
    ) -> Result<(), StoreError> {
        let is_late = doubted_at(before).is_some();
        let was_sent = matches!(before, PartState::Transmitting { .. })
            && !matches!(after, PartState::Transmitting { .. });
        if !was_sent && !is_late {
            return Ok(());
        }
        let key = keys::sends(line);
        let known: Option<Sends> = self.transaction.load(&key)?;
        let next = known.clone().unwrap_or_default().after(id, after, is_late);
        if Some(&next) == known.as_ref() {
            return Ok(());
        }
        self.transaction.save(key, &next)
    }

    /// The newest part of the line that may have left and whose result may still come.
    pub(super) fn unfinished(&self, line: &LineName) -> Result<Option<UnfinishedPart>, StoreError> {
        let Some(sends) = self.transaction.load::<Sends>(&keys::sends(line))? else {
            return Ok(None);
        };
        let Some(id) = sends.doubtful else {
            return Ok(None);
        };
        let part = self.part(id)?;
        let doubted_at = part.and_then(|part| doubted_at(&part.state));
        let is_young = doubted_at.is_some_and(|at| self.now.since(at) < LATE);
        Ok(is_young.then(|| UnfinishedPart {
            part: id,
            last_reference: sends.before_doubtful(),
        }))
    }
}

impl Sends {
    /// After the outcome of a send. `is_late`: the part was in doubt, so another may have been sent since.
    fn after(self, id: PartId, state: &PartState, is_late: bool) -> Self {
        let given = match state {
            PartState::Sent { reference, .. } => *reference,
            PartState::Queued { .. }
            | PartState::Held { .. }
            | PartState::Staging { .. }
            | PartState::Staged { .. }
            | PartState::Transmitting { .. }
            | PartState::Delivered
            | PartState::Failed { .. }
            | PartState::Unknown(_)
            | PartState::Cancelled
            | PartState::Expired => None,
        };
        let next = match given {
            Some(reference) => self.given(reference, is_late),
            None if is_late => self,
            None => Self {
                since: self.since.saturating_add(1),
                ..self
            },
        };
        if is_late {
            return next;
        }
        let doubtful = if matches!(state, PartState::Unknown(_)) {
            Some(id)
        } else if matches!(state, PartState::Sent { .. } | PartState::Failed { .. }) {
            // Results come in the order of the sends: none is expected for one that was before this.
            None
        } else {
            next.doubtful
        };
        Self { doubtful, ..next }
    }

    fn given(self, reference: u8, is_late: bool) -> Self {
        // References count up and wrap at 256: by how much this is ahead.
        let ahead = self
            .reference
            .map_or(1, |last| reference.wrapping_sub(last));
        if is_late && !(1..128).contains(&ahead) {
            return self;
        }
        Self {
            reference: Some(reference),
            since: if is_late {
                self.since.saturating_sub(ahead)
            } else {
                0
            },
            doubtful: self.doubtful,
        }
    }

    /// The reference that the modem gave just before the part in doubt. `None`: none is known, or another send in between
    /// may have taken one.
    fn before_doubtful(&self) -> Option<u8> {
        self.reference.filter(|_| self.since <= 1)
    }
}

/// When the try was whose outcome is in doubt. `None`: none is.
fn doubted_at(state: &PartState) -> Option<Timestamp> {
    if matches!(state, PartState::Sent { .. }) {
        return None;
    }
    state.awaits_report().map(|(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::TryAgain;
    use crate::part::Doubt;

    #[derive(Clone, Copy)]
    enum Came {
        Given(u8),
        WithoutReference,
        Doubt,
        Refused,
        Late(u8),
        LateRefusal,
    }

    fn state(came: Came) -> (PartState, bool) {
        let at = Timestamp(0);
        let sent = |reference| PartState::Sent { reference, at };
        let failed = PartState::Failed {
            cause: String::new(),
            may_try_again: TryAgain::Sensible,
        };
        match came {
            Came::Given(reference) => (sent(Some(reference)), false),
            Came::WithoutReference => (sent(None), false),
            Came::Doubt => {
                let cause = String::new();
                (PartState::Unknown(Doubt { cause, at }), false)
            }
            Came::Refused => (failed, false),
            Came::Late(reference) => (sent(Some(reference)), true),
            Came::LateRefusal => (failed, true),
        }
    }

    #[test]
    fn the_reference_just_before_the_part_in_doubt_is_known_or_none_is_told() {
        use Came::{Doubt, Given, Late, LateRefusal, Refused, WithoutReference};
        let cases: &[(&[Came], Option<u64>, Option<u8>)] = &[
            (&[], None, None),
            (&[Doubt], Some(0), None),
            (&[Given(4), Doubt], Some(1), Some(4)),
            (&[Given(255), Doubt], Some(1), Some(255)),
            (&[Given(255), Refused, Doubt], Some(2), None),
            (&[Given(4), Doubt, Doubt], Some(2), None),
            (&[Given(4), WithoutReference, Doubt], Some(2), None),
            // What was sent after it is answered: its own result is past.
            (&[Given(4), Doubt, Given(6)], None, Some(6)),
            (&[Given(4), Doubt, Refused], None, None),
            // A late result says what the older one had.
            (&[Given(4), Doubt, Late(5), Doubt], Some(3), Some(5)),
            (&[Given(4), Doubt, Doubt, Late(5)], Some(2), Some(5)),
            (
                &[Given(4), Doubt, Given(6), Late(5), Doubt],
                Some(4),
                Some(6),
            ),
            (&[Given(4), Doubt, LateRefusal, Doubt], Some(3), None),
            // A modem that was started anew counts from the beginning.
            (&[Given(200), Given(1), Doubt], Some(2), Some(1)),
        ];
        for (number, (came, doubtful, reference)) in cases.iter().enumerate() {
            let sends = came
                .iter()
                .enumerate()
                .fold(Sends::default(), |sends, (at, came)| {
                    let (state, is_late) = state(*came);
                    sends.after(PartId(at as u64), &state, is_late)
                });
            assert_eq!(sends.doubtful, doubtful.map(PartId), "{number}");
            assert_eq!(sends.before_doubtful(), *reference, "{number}");
        }
    }
}
