//! The first start of a line: what its SIM held already.
//!
//! It is old, and perhaps much: it is saved to a file and told in one silent post, not shown message by message.
//!
//! | the first look is | left by | to |
//! |---|---|---|
//! | unknown | the line's first start | `Looking`, with the file's name |
//! | unknown | a line whose messages were taken over by an earlier version | `Over` |
//! | `Looking` | all that is held was handed over, and the file is synced | `Saved`, with a post for each admin chat |
//! | `Looking` | nothing is held | `Over` |
//! | `Saved` | one of the posts stands in its chat | `Over` |
//! | `Saved` | a start at which no post can come to stand any more | `Saved`, with new posts |
//!
//! **Invariants:** a slot is not freed before the look is `Over`, so that a kill at any instant loses nothing; the name of
//! the file is stored before it is written, so that a look that begins anew writes the same one; the posts are one commit
//! with `Saved`, so that they are made once.

mod digest;
mod file;

use std::path::{Path, PathBuf};

use tracing::{info, warn};

use crate::address::{Country, LineName};
use crate::chat::{Content, Destination};
use crate::handle::{Arrival, FirstLook};
use crate::id::PostId;
use crate::link::{RawPdu, StorageSlot};
use crate::post::PostState;
use crate::store::record::{FirstLookNote, FirstLookState, Post};
use crate::store::{StoreError, keys};
use crate::wire::Received;
use crate::writer::work::{Draft, Work};
use digest::{Digest, Held};

/// What is to be done for a first look.
#[derive(Debug)]
pub(crate) struct FirstLookPlan {
    pub(crate) look: FirstLook,
    /// Where what is held is saved.
    pub(crate) path: PathBuf,
    /// How numbers are read.
    pub(crate) country: Option<Country>,
}

/// What was held, and stands in its file.
#[derive(Debug)]
pub(crate) struct Saved(Digest);

/// Writes what is held to its file. Blocks.
pub(crate) fn save(
    line: &LineName,
    path: &Path,
    held: &[(StorageSlot, RawPdu)],
    country: Option<Country>,
) -> Result<Saved, file::FileError> {
    let digest = digest::digest(line, held, country);
    if digest.messages > 0 {
        file::write(path, &digest.lines)?;
    }
    Ok(Saved(digest))
}

impl Work<'_> {
    pub(in crate::writer) fn first_look(
        &mut self,
        line: &LineName,
    ) -> Result<FirstLookPlan, StoreError> {
        let key = keys::first_look(line);
        let note = match self.transaction.load::<FirstLookNote>(&key)? {
            Some(note) => note,
            None => {
                let known = !self
                    .transaction
                    .keys(&keys::taken_prefix(line), 1)?
                    .is_empty();
                let state = if known {
                    FirstLookState::Over
                } else {
                    FirstLookState::Looking
                };
                let note = FirstLookNote {
                    at: self.now,
                    file: self.file_name(line),
                    state,
                };
                self.transaction.save(key, &note)?;
                note
            }
        };
        let look = match &note.state {
            FirstLookState::Looking => FirstLook::Due,
            FirstLookState::Over => FirstLook::Over,
            FirstLookState::Saved { text, posts } => {
                if !self.may_come_to_stand(posts)? {
                    warn!(%line, "nobody could be told what the SIM held at first; telling again");
                    let state = self.tell_saved(text.clone())?;
                    self.transaction.save(
                        keys::first_look(line),
                        &FirstLookNote {
                            state,
                            ..note.clone()
                        },
                    )?;
                }
                FirstLook::Over
            }
        };
        Ok(FirstLookPlan {
            look,
            path: self.core.settings.data_dir.join(note.file),
            country: self.core.country(line),
        })
    }

    /// By line and date. The end is left to chance: an earlier store, which is gone, may have left a file of that day.
    fn file_name(&mut self, line: &LineName) -> String {
        let date: String = self.now.to_string().chars().take(10).collect();
        let chance = self.core.random.u32(..);
        format!("sim-{line}-{date}-{chance:08x}.jsonl")
    }

    pub(in crate::writer) fn first_look_saved(
        &mut self,
        line: &LineName,
        saved: Saved,
    ) -> Result<(), StoreError> {
        let key = keys::first_look(line);
        let Some(note) = self.transaction.load::<FirstLookNote>(&key)? else {
            return Ok(());
        };
        match note.state {
            FirstLookState::Looking => {}
            FirstLookState::Saved { .. } | FirstLookState::Over => return Ok(()),
        }
        let Saved(digest) = saved;
        let state = if digest.messages == 0 {
            FirstLookState::Over
        } else {
            info!(%line, messages = digest.messages, "saved what the SIM held at first");
            for Held { slot, tpdu, dated } in &digest.held {
                self.transaction.save(keys::held(line, tpdu), &())?;
                self.take(keys::taken(line, tpdu), Some(slot), None, *dated)?;
            }
            let path = self.core.settings.data_dir.join(&note.file);
            let name = (self.core.settings.lines.len() > 1).then_some(line);
            self.tell_saved(digest.words(name, &path))?
        };
        self.transaction.save(key, &FirstLookNote { state, ..note })
    }

    fn tell_saved(&mut self, text: String) -> Result<FirstLookState, StoreError> {
        let mut posts = Vec::new();
        for (network, description) in self.core.chats.clone() {
            for inbox in description.admins {
                let content = Content::Digest { text: text.clone() };
                let draft = Draft::new(&network, Destination::Admin { inbox }, content);
                posts.push(self.add_post(draft)?);
            }
        }
        Ok(FirstLookState::Saved { text, posts })
    }

    /// Whether one of these posts stands, or is still on its way.
    fn may_come_to_stand(&self, posts: &[PostId]) -> Result<bool, StoreError> {
        self.any(posts, |state| match state {
            PostState::Queued { .. } | PostState::Posting { .. } | PostState::Posted { .. } => true,
            PostState::Doubtful { .. } | PostState::Dead { .. } | PostState::Dropped => false,
        })
    }

    fn any(
        &self,
        posts: &[PostId],
        holds: impl Fn(&PostState) -> bool,
    ) -> Result<bool, StoreError> {
        for id in posts {
            let post: Option<Post> = self.transaction.load(&keys::post(*id))?;
            if post.is_some_and(|post| holds(&post.state)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(in crate::writer) fn first_look_shown(
        &mut self,
        line: &LineName,
    ) -> Result<bool, StoreError> {
        let key = keys::first_look(line);
        let Some(note) = self.transaction.load::<FirstLookNote>(&key)? else {
            return Ok(true);
        };
        let FirstLookState::Saved { posts, .. } = &note.state else {
            return Ok(note.state == FirstLookState::Over);
        };
        let shown = self.any(posts, |state| matches!(state, PostState::Posted { .. }))?;
        if shown {
            info!(%line, "people can read what the SIM held at first; its slots are freed");
            let state = FirstLookState::Over;
            self.transaction
                .save(key, &FirstLookNote { state, ..note })?;
        }
        Ok(shown)
    }

    /// What to say of a message in a slot if the SIM held it at the first look. `None`: it did not.
    pub(in crate::writer) fn held_arrived(
        &self,
        line: &LineName,
        pdu: &RawPdu,
        received: &Received,
    ) -> Result<Option<Arrival>, StoreError> {
        let tpdu = match received {
            Received::Sms(sms) => &sms.tpdu,
            Received::Report(_) => return Ok(None),
            Received::Unreadable(_) => &pdu.0,
        };
        if !self.transaction.exists(&keys::held(line, tpdu))? {
            return Ok(None);
        }
        let note: Option<FirstLookNote> = self.transaction.load(&keys::first_look(line))?;
        Ok(note.map(|note| match note.state {
            FirstLookState::Looking | FirstLookState::Saved { .. } => Arrival::KeptBack,
            FirstLookState::Over => Arrival::Repeated,
        }))
    }
}
