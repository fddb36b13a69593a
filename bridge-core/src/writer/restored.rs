//! A store that was made anew from something older: what was under way in it may have ended since.
//!
//! **Invariant:** of what such a store holds, and of what was written before it was made, nothing is sent without a person
//! asking.

use tracing::warn;

use crate::chat::{Attempt, Content, Description, Destination};
use crate::id::{MessageId, PartId, PostId, Timestamp};
use crate::part::{Doubt, PartState};
use crate::post::PostState;
use crate::store::record::{Post, Restored, RestoredFrom};
use crate::store::{StoreError, Walk, keys};
use crate::writer::work::{Draft, Work};

/// 2023-11-14: a clock before this was never set.
const PLAUSIBLE: Timestamp = Timestamp(1_700_000_000_000);

const CAUSE: &str = "what I had stored was damaged or replaced since";

impl Work<'_> {
    /// At the first start after it: what waited to be sent is in doubt, and what waited to be shown may be shown already.
    pub(super) fn recover_restored(&mut self) -> Result<(), StoreError> {
        let Some(mut restored) = self.restored()? else {
            return Ok(());
        };
        if restored.is_settled {
            return Ok(());
        }
        let at = match restored.from {
            RestoredFrom::Export(at) => at,
            RestoredFrom::Itself | RestoredFrom::Nothing => restored.at,
        };
        let mut walk = Walk::over(keys::posts_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let Some(id) = keys::last_number(&key).map(PostId) else {
                continue;
            };
            if let Some(mut post) = self.transaction.load::<Post>(&key)? {
                if let PostState::Queued { attempt, .. } = &mut post.state {
                    *attempt = Attempt::Repeat;
                }
                self.save_post(id, &post)?;
            }
        }
        let mut doubtful: Vec<MessageId> = Vec::new();
        let mut walk = Walk::over(keys::parts_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let Some(id) = keys::last_number(&key).map(PartId) else {
                continue;
            };
            let Some(mut part) = self.part(id)? else {
                continue;
            };
            if !part.state.is_due() && !part.state.is_in_hand() {
                continue;
            }
            let before = part.state.clone();
            let cause = CAUSE.to_owned();
            part.state = PartState::Unknown(Doubt { cause, at });
            self.save_part(id, Some(&before), &part)?;
            if doubtful.last() != Some(&id.message()) {
                doubtful.push(id.message());
            }
        }
        warn!(
            messages = doubtful.len(),
            "what waited to be sent in the restored store is in doubt"
        );
        for message in doubtful {
            self.ask_about_old(message)?;
            self.refresh_marks(message)?;
        }
        restored.is_settled = true;
        self.transaction.save(keys::restored(), &restored)
    }

    fn restored(&self) -> Result<Option<Restored>, StoreError> {
        self.transaction.load(&keys::restored())
    }

    /// Whether something written then may have been taken over by the store that was there before.
    pub(super) fn is_from_before(&mut self, at: Timestamp) -> Result<bool, StoreError> {
        let Some(mut restored) = self.restored()? else {
            return Ok(false);
        };
        // A router's clock may not have been set yet when the store was made; before anybody can write it is.
        if restored.at < PLAUSIBLE && self.now >= PLAUSIBLE {
            restored.at = self.now;
            self.transaction.save(keys::restored(), &restored)?;
        }
        Ok(at < restored.at)
    }

    /// The state of a part that nobody knows whether it was sent already.
    pub(super) fn doubted_since(at: Timestamp) -> PartState {
        let cause = CAUSE.to_owned();
        PartState::Unknown(Doubt { cause, at })
    }

    pub(super) fn ask_about_old(&mut self, message: MessageId) -> Result<(), StoreError> {
        self.ask_whether_again(PartId::new(message, 0), |_which| {
            format!(
                "I can't tell whether this was sent: {CAUSE}. Sending again may deliver it twice."
            )
        })
    }

    /// Tells a network's admin chats once.
    pub(super) fn tell_of_restoring(
        &mut self,
        description: &Description,
    ) -> Result<(), StoreError> {
        let Some(mut restored) = self.restored()? else {
            return Ok(());
        };
        if restored.told.contains(&description.network) {
            return Ok(());
        }
        let text = words(&restored, description.command_prefix);
        for inbox in description.admins.clone() {
            let content = Content::Notice { text: text.clone() };
            let destination = Destination::Admin { inbox };
            self.add_post(Draft::new(&description.network, destination, content))?;
        }
        restored.told.push(description.network.clone());
        self.transaction.save(keys::restored(), &restored)
    }
}

fn words(restored: &Restored, prefix: char) -> String {
    let from = match &restored.from {
        RestoredFrom::Itself => {
            "I made a new one of what can still be read; the latest of it may be missing."
                .to_owned()
        }
        RestoredFrom::Export(at) => {
            format!("I go on from the export of {at}: I know nothing of what happened since.")
        }
        RestoredFrom::Nothing => format!(
            "There is no export in its folder, so I begin with an empty one: I know of no earlier message. An answer to one \
             finds nobody; write {prefix}send NUMBER TEXT."
        ),
    };
    let asks = "Messages that may have been sent are asked about and never sent again by themselves; SMS that came meanwhile \
                may be missing or shown twice.";
    match &restored.aside {
        Some(aside) => format!(
            "What I had stored is damaged. It is put aside as {aside}. {from} {asks} Please look after the disk of the bridge."
        ),
        None => format!("What I have stored was imported. {from} {asks}"),
    }
}
