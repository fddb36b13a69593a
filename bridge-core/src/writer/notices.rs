//! What happens on a line besides SMS: told to those whom it concerns, each at most once an hour.
//!
//! A missed call belongs to the caller's conversation, so that a reply answers it by SMS; everything else to the admin
//! chats.

use std::time::Duration;

use tracing::{info, warn};

use crate::address::{Address, Conversation, LineName};
use crate::chat::{Content, Sound};
use crate::handle::LineNotice;
use crate::id::PostId;
use crate::post::PostState;
use crate::store::record::{NoticeHour, Post, ToldNotice};
use crate::store::{StoreError, keys};
use crate::writer::incoming::pieces;
use crate::writer::rules::Showing;
use crate::writer::work::{Draft, Work};

/// The same notice is told once within this.
const QUIET: Duration = Duration::from_secs(3600);
/// Different notices of a line within an hour; a network or a caller that sends more is not to fill the chats.
const MOST: u32 = 30;
/// Of a text from outside, in UTF-16 code units; a USSD text has 182 characters at most (3GPP TS 23.038 §5).
const LONGEST: usize = 1000;

impl Work<'_> {
    pub(super) fn line_notice(
        &mut self,
        line: &LineName,
        notice: LineNotice,
    ) -> Result<(), StoreError> {
        info!(%line, ?notice, "a notice of a line");
        let (name, caller) = match &notice {
            LineNotice::MissedCall { from } => {
                let from = from.as_deref().unwrap_or_default();
                let caller = (!from.is_empty())
                    .then(|| Address::from_network(from, false, self.core.country(line)));
                let name = caller.as_ref().map(Address::to_string).unwrap_or_default();
                (format!("call {name}"), caller)
            }
            LineNotice::StorageFull { memory } => (format!("storage {memory}"), None),
            LineNotice::RegistrationDenied => ("denied".to_owned(), None),
            LineNotice::UssdText(text) => (format!("ussd {}", first(text)), None),
            LineNotice::Problem(words) => (format!("problem {}", first(words)), None),
        };
        let key = keys::told_notice(line, &name);
        let told: Option<ToldNotice> = self.transaction.load(&key)?;
        if let Some(mut told) = told.filter(|told| self.now.since(told.at) < QUIET) {
            told.count = told.count.saturating_add(1);
            if let Some(caller) = &caller {
                let text = self.missed_call(line, caller, told.count)?;
                for post in &told.posts {
                    self.say_instead(*post, &text)?;
                }
            }
            return self.transaction.save(key, &told);
        }
        // Whoever takes a number over may call it from many others first, so that this is one too many.
        let is_alarm = match &notice {
            LineNotice::RegistrationDenied => true,
            LineNotice::MissedCall { .. }
            | LineNotice::StorageFull { .. }
            | LineNotice::UssdText(_)
            | LineNotice::Problem(_) => false,
        };
        if !is_alarm && !self.may_tell(line)? {
            warn!(%line, "too many notices within an hour: this one is not shown");
            return Ok(());
        }
        let posts = match (notice, caller) {
            (LineNotice::MissedCall { .. }, Some(address)) => {
                let text = self.missed_call(line, &address, 1)?;
                self.tell_inboxes(line, address, &text)?
            }
            (notice, _) => {
                self.tell_admins(&words(line, &notice))?;
                Vec::new()
            }
        };
        self.expire(&key)?;
        let told = ToldNotice {
            at: self.now,
            count: 1,
            posts,
        };
        self.transaction.save(key, &told)
    }

    fn missed_call(
        &self,
        line: &LineName,
        caller: &Address,
        count: u32,
    ) -> Result<String, StoreError> {
        let caller = self.called(caller)?;
        let on = match self.core.settings.lines.len() {
            0 | 1 => String::new(),
            _ => format!(" on SIM {line}"),
        };
        let times = match count {
            0 | 1 => String::new(),
            count => format!(", {count} times"),
        };
        Ok(format!(
            "Missed call from {caller}{on}{times}. A reply to this goes out as an SMS."
        ))
    }

    fn tell_inboxes(
        &mut self,
        line: &LineName,
        address: Address,
        text: &str,
    ) -> Result<Vec<PostId>, StoreError> {
        let conversation = Conversation {
            line: line.clone(),
            address,
        };
        let mut posts = Vec::new();
        let Some(Showing { sound, effects }) = self.showing_of_call(&conversation)? else {
            return Ok(posts);
        };
        for (network, description) in self.core.chats.clone() {
            for inbox in description.inboxes {
                if !effects.shows_in(&network, &inbox) {
                    continue;
                }
                let text = text.to_owned();
                let content = match sound {
                    Sound::Usual => Content::Notice { text },
                    Sound::Silent => Content::Digest { text },
                };
                let destination = self.destination(&network, &inbox, &conversation, &effects)?;
                let mut draft = Draft::new(&network, destination, content);
                draft.conversation = Some(conversation.clone());
                posts.push(self.add_post(draft)?);
            }
        }
        Ok(posts)
    }

    pub(super) fn say_instead(&mut self, id: PostId, text: &str) -> Result<(), StoreError> {
        let Some(mut post) = self.transaction.load::<Post>(&keys::post(id))? else {
            return Ok(());
        };
        match post.state {
            PostState::Queued { .. } | PostState::Posting { .. } | PostState::Posted { .. } => {}
            PostState::Doubtful { .. } | PostState::Dead { .. } | PostState::Dropped => {
                return Ok(());
            }
        }
        post.content = Content::Notice {
            text: text.to_owned(),
        };
        post.revision = post.revision.saturating_add(1);
        self.save_post(id, &post)
    }

    fn may_tell(&mut self, line: &LineName) -> Result<bool, StoreError> {
        let key = keys::notice_hour(line);
        let hour: Option<NoticeHour> = self.transaction.load(&key)?;
        let mut hour = hour
            .filter(|hour| self.now.since(hour.since) < QUIET)
            .unwrap_or(NoticeHour {
                since: self.now,
                told: 0,
            });
        if hour.told >= MOST {
            return Ok(false);
        }
        hour.told = hour.told.saturating_add(1);
        self.transaction.save(key, &hour)?;
        Ok(true)
    }
}

/// What the admin chats are told.
fn words(line: &LineName, notice: &LineNotice) -> String {
    match notice {
        LineNotice::MissedCall { .. } => {
            format!("SIM {line}: missed call from somebody who hid their number.")
        }
        LineNotice::StorageFull { memory } => {
            let (full, advice) = match memory.as_str() {
                "SM" => (
                    "the SIM's memory for messages",
                    "put the SIM into a phone and delete old messages and drafts there",
                ),
                _ => (
                    "the modem's memory for messages",
                    "delete old messages and drafts there with the maker's program",
                ),
            };
            format!(
                "SIM {line}: {full} is full, and the network keeps back what people send until there is room. I store \
                 what has arrived and clear it away. If this comes again, {advice}: I leave drafts alone."
            )
        }
        LineNotice::RegistrationDenied => format!(
            "SIM {line}: the network suddenly refuses this SIM. If you did not have it blocked or replaced, somebody \
             may have had your number moved to a SIM of theirs (SIM swap), and gets your messages and codes now. Call \
             your operator at once from another phone and ask; have the number blocked if so, and secure the accounts \
             that send codes to it, your bank's first. An unpaid bill or a SIM that expired does the same."
        ),
        LineNotice::UssdText(text) => {
            format!(
                "SIM {line}: the network sent this by itself:\n{}",
                first(text)
            )
        }
        LineNotice::Problem(words) => format!("SIM {line}: {}", first(words)),
    }
}

/// As much of a text as is shown.
fn first(text: &str) -> String {
    pieces(text, LONGEST).into_iter().next().unwrap_or_default()
}
