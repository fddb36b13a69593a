//! What is under way, for `/status` and for whoever waits for the end of it.

use crate::handle::{Pending, Sending};
use crate::link::LinkPhase;
use crate::slots::Marks;
use crate::store::record::Way;
use crate::store::{StoreError, keys};
use crate::writer::work::Work;

/// More than this many are not counted.
const MOST: usize = 10_000;

impl Work<'_> {
    pub(super) fn pending(&self, parts: usize, posts: usize) -> Result<Pending, StoreError> {
        Ok(Pending {
            parts,
            reports: self
                .transaction
                .keys(&keys::all_awaited_prefix(), MOST)?
                .len(),
            posts,
        })
    }

    /// The answer to `/status`.
    pub(super) fn status_text(&self) -> Result<String, StoreError> {
        let mut text = String::new();
        for line in &self.core.settings.lines {
            let Some(status) = self.core.status.get(&line.name) else {
                text += &format!("SIM {}: starting\n", line.name);
                continue;
            };
            let status = status.borrow();
            text += &format!("SIM {}: ", line.name);
            match status.phase {
                LinkPhase::Ready => text += "ready",
                LinkPhase::Down => text += &format!("not ready – {}", status.words),
            }
            if self
                .core
                .line(&line.name)
                .is_some_and(|line| line.sending == Sending::TwoSteps)
                && self.marks(&line.name)? == Some(Marks::Silent)
            {
                text += ", two_step_send is of no use with this modem";
            }
            if self.is_sim_held(&line.name)? {
                text += ", another SIM than before: nothing is sent until an owner agrees";
            }
            if let Some(operator) = &status.operator {
                text += &format!(", {operator}");
            }
            if let Some(signal) = status.signal_dbm {
                text += &format!(", signal {signal} dBm");
            }
            let (spent, limit) = self.spent_of(&line.name)?;
            text += &format!(", {spent} of {limit} parts used in 24 hours");
            for (way, is_out) in [("in", false), ("out", true)] {
                let last = self.newest(1, |message| {
                    let goes_out = matches!(message.way, Way::Out { .. });
                    Ok(goes_out == is_out && message.conversation.line == line.name)
                })?;
                if let Some((_, message)) = last.first() {
                    text += &format!(", last SMS {way} {}", self.time(message)?);
                }
            }
            text.push('\n');
        }
        let count = |prefix: Vec<u8>| self.transaction.keys(&prefix, MOST).map(|keys| keys.len());
        text += &format!("Waiting to be sent: {}\n", count(keys::outbox_prefix())?);
        text += &format!(
            "Sent, no delivery report yet: {}\n",
            count(keys::all_awaited_prefix())?
        );
        text += &format!(
            "Waiting to be shown in a chat: {}",
            count(keys::post_due_prefix())?
        );
        let unshown = count(keys::dead_prefix())?;
        if unshown > 0 {
            text += &format!("\nCould not be shown in a chat: {unshown}");
        }
        let unreadable = count(keys::quarantine_prefix())?;
        if unreadable > 0 {
            text += &format!("\nStored records that cannot be read, set aside: {unreadable}");
        }
        Ok(text)
    }
}
