//! What a chat refuses, or may not show: one notice for each inbox and outage, and the way back.
//!
//! An outage begins with the first post that is given up, and takes in all that follow it in the same inbox: until a
//! person has them tried again, or, where something was shown there meanwhile, for an hour. Its notice stands in the
//! admin chats, grows with it, and says what the posts say, so that nothing of them is gone.

use std::time::Duration;

use tracing::{info, warn};

use crate::chat::{Choice, Content, Destination, Verdict};
use crate::id::PostId;
use crate::person::Role;
use crate::post::{PostEvent, PostState};
use crate::store::record::{Outage, Post, ReceiptNote};
use crate::store::{StoreError, Walk, keys};
use crate::writer::incoming::pieces;
use crate::writer::submit::Said;
use crate::writer::work::{Draft, Work};

/// Where a chat shows some posts and refuses others there is one notice in this.
const QUIET: Duration = Duration::from_secs(3600);
/// In UTF-16 code units, of what the posts say.
const LISTED: usize = 2500;
/// In UTF-16 code units, of the cause.
const CAUSE: usize = 300;
/// So many are tried again at once.
const MOST: usize = 2000;
/// The token of the choice, before the outage's number.
const TOKEN: &str = "there:";
/// Below a notice that may stand there twice already.
const SAID_BEFORE: &str = "(I may have said this before.)";

/// The outage that a post tells of.
pub(super) fn told_by(post: &Post) -> Option<u64> {
    numbered(post, TOKEN)
}

/// The number behind this in the token of a post's choice.
pub(super) fn numbered(post: &Post, token: &str) -> Option<u64> {
    let tokens = post.choices.iter().map(|choice| choice.token.as_str());
    tokens
        .filter_map(|known| known.strip_prefix(token)?.parse().ok())
        .next()
}

impl Work<'_> {
    /// A post was settled: where it was given up people are told.
    pub(super) fn note_if_given_up(&mut self, id: PostId, post: &Post) -> Result<(), StoreError> {
        let (cause, is_doubtful) = match &post.state {
            PostState::Dead { cause } => (cause, false),
            PostState::Doubtful { cause } => (cause, true),
            PostState::Queued { .. }
            | PostState::Posting { .. }
            | PostState::Posted { .. }
            | PostState::Dropped => return Ok(()),
        };
        let inbox = match &post.destination {
            Destination::Conversation { inbox, .. } | Destination::Notices { inbox, .. } => {
                inbox.clone()
            }
            Destination::Admin { .. } | Destination::Place(_) => return self.say_again(post),
        };
        let latest = keys::outage_at(&post.network, &inbox);
        let known = match self.transaction.load::<u64>(&latest)? {
            Some(known) => {
                let outage = self.transaction.load::<Outage>(&keys::outage(known))?;
                outage.map(|outage| (known, outage))
            }
            None => None,
        };
        let goes_on =
            known.filter(|(_, outage)| !outage.is_over || self.now.since(outage.since) < QUIET);
        let (outage_id, mut outage) = match goes_on {
            Some(known) => known,
            None => {
                let number = self.next_id();
                warn!(
                    adapter = post.network.0,
                    "a chat does not show what is posted"
                );
                self.transaction.save(latest, &number)?;
                let outage = Outage {
                    network: post.network.clone(),
                    inbox,
                    since: self.now,
                    cause: String::new(),
                    refused: 0,
                    doubtful: 0,
                    listed: String::new(),
                    unlisted: 0,
                    conversation: post.conversation.clone(),
                    notices: Vec::new(),
                    is_over: false,
                };
                (number, outage)
            }
        };
        outage.cause = pieces(cause, CAUSE).into_iter().next().unwrap_or_default();
        outage.is_over = false;
        if is_doubtful {
            outage.doubtful = outage.doubtful.saturating_add(1);
        } else {
            outage.refused = outage.refused.saturating_add(1);
        }
        if outage.conversation != post.conversation {
            outage.conversation = None;
        }
        list(&mut outage, &post.content);
        self.transaction.save(keys::dead(id), &outage_id)?;
        let text = self.words(&outage);
        self.tell_of_outage(outage_id, &mut outage, &text, vec![try_again(outage_id)])?;
        self.transaction.save(keys::outage(outage_id), &outage)
    }

    /// An inbox shows what is posted there.
    pub(super) fn note_shown(&mut self, post: &Post) -> Result<(), StoreError> {
        let (Destination::Conversation { inbox, .. } | Destination::Notices { inbox, .. }) =
            &post.destination
        else {
            return Ok(());
        };
        let latest = keys::outage_at(&post.network, inbox);
        let Some(id) = self.transaction.load::<u64>(&latest)? else {
            return Ok(());
        };
        let key = keys::outage(id);
        let Some(mut outage) = self.transaction.load::<Outage>(&key)? else {
            self.transaction.remove(latest);
            return Ok(());
        };
        if outage.is_over {
            return Ok(());
        }
        outage.is_over = true;
        // Where the notice was refused as well, nobody knows of it yet.
        let mut is_told = false;
        for notice in &outage.notices {
            let post = self.transaction.load::<Post>(&keys::post(*notice))?;
            is_told |= post.is_some_and(|post| may_be_seen(&post.state));
        }
        if !is_told {
            outage.notices.clear();
            let text = self.words(&outage);
            self.tell_of_outage(id, &mut outage, &text, vec![try_again(id)])?;
        }
        self.transaction.save(key, &outage)
    }

    /// A person wants all of an outage to be tried again, where it was to be shown.
    pub(super) fn show_again(&mut self, said: &Said<'_>, id: u64) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Writer {
            return self.refuse_reader(said);
        }
        let key = keys::outage(id);
        let outage = self.transaction.load::<Outage>(&key)?;
        let mut again: usize = 0;
        let mut is_all = true;
        let mut walk = Walk::over(keys::dead_prefix());
        while let Some(dead) = walk.next(&self.transaction)? {
            if self.transaction.load::<u64>(&dead)? != Some(id) {
                continue;
            }
            if again == MOST {
                is_all = false;
                break;
            }
            if let Some(post_id) = keys::last_number(&dead).map(PostId)
                && let Some(mut post) = self.transaction.load::<Post>(&keys::post(post_id))?
            {
                let repeats = self.repeats(&post.network);
                post.state = post.state.apply(PostEvent::AskedAgain, repeats, self.now);
                self.save_post(post_id, &post)?;
                again = again.saturating_add(1);
            }
            self.transaction.remove(dead);
        }
        info!(posts = again, "shown again because a person asked");
        if let Some(mut outage) = outage.filter(|_| is_all) {
            let latest = keys::outage_at(&outage.network, &outage.inbox);
            if self.transaction.load::<u64>(&latest)? == Some(id) {
                self.transaction.remove(latest);
            }
            let text = format!("{}\n\nTried there again.", self.words(&outage));
            self.tell_of_outage(id, &mut outage, &text, Vec::new())?;
            self.transaction.remove(key);
        }
        match again {
            0 => self.refuse(said, "There is nothing left to try again.".to_owned()),
            1 => self.confirm(said, "Trying to show it there again."),
            _ if is_all => self.confirm(
                said,
                &format!("Trying to show {again} messages there again."),
            ),
            _ => self.confirm(
                said,
                &format!(
                    "Trying to show {again} messages there again; ask once more for the rest."
                ),
            ),
        }
    }

    /// Says it in the admin chats, or has what stands there say it.
    fn tell_of_outage(
        &mut self,
        id: u64,
        outage: &mut Outage,
        text: &str,
        choices: Vec<Choice>,
    ) -> Result<(), StoreError> {
        for notice in &outage.notices {
            let Some(mut post) = self.transaction.load::<Post>(&keys::post(*notice))? else {
                continue;
            };
            if !may_be_seen(&post.state) {
                continue;
            }
            post.content = self.notice(&post.network, text);
            post.choices.clone_from(&choices);
            post.revision = post.revision.saturating_add(1);
            if post.conversation != outage.conversation {
                post.conversation.clone_from(&outage.conversation);
                if let PostState::Posted { receipt } = &post.state {
                    let note = ReceiptNote {
                        conversation: post.conversation.clone(),
                        message: None,
                        outage: Some(id),
                        question: None,
                        stranger: None,
                        ussd: None,
                        sim: None,
                    };
                    let key = keys::receipt(&post.network, &receipt.place.chat, &receipt.message);
                    self.transaction.save(key, &note)?;
                }
            }
            self.save_post(*notice, &post)?;
        }
        if !outage.notices.is_empty() {
            return Ok(());
        }
        for (network, description) in self.core.chats.clone() {
            for inbox in description.admins {
                let content = self.notice(&network, text);
                let mut draft = Draft::new(&network, Destination::Admin { inbox }, content);
                draft.choices.clone_from(&choices);
                draft.conversation.clone_from(&outage.conversation);
                outage.notices.push(self.add_post(draft)?);
            }
        }
        Ok(())
    }

    fn notice(&self, network: &crate::chat::Network, text: &str) -> Content {
        let limit = self
            .core
            .chats
            .get(network)
            .map_or(LISTED, |description| description.text_limit);
        let text = pieces(text, limit).into_iter().next().unwrap_or_default();
        Content::Notice { text }
    }

    fn words(&self, outage: &Outage) -> String {
        let chat = self.core.chats.get(&outage.network);
        let label = chat.map_or(&outage.network.0, |known| &known.label);
        let whose = match chat.is_some_and(|known| known.inboxes.len() > 1) {
            true => format!("{label} ({})", outage.inbox.0),
            false => label.clone(),
        };
        let messages = |count: u32| match count {
            1 => "1 message".to_owned(),
            count => format!("{count} messages"),
        };
        let place = match outage.refused.saturating_add(outage.doubtful) {
            1 => "its place",
            _ => "their places",
        };
        let what = match (outage.refused, outage.doubtful) {
            (refused, 0) => format!("{} could not be shown", messages(refused)),
            (0, doubtful) => format!("{} may not have been shown", messages(doubtful)),
            (refused, doubtful) => format!(
                "{} could not be shown, and {doubtful} may not have been shown",
                messages(refused)
            ),
        };
        let mut text = format!("{what} in {place} in {whose}: {}.", outage.cause);
        if !outage.listed.is_empty() {
            text += &format!("\n\n{}", outage.listed);
        }
        if outage.unlisted > 0 {
            text += &format!("\n… and {} more.", outage.unlisted);
        }
        text
    }

    /// The bridge's own words stand nowhere else: where two tries were in doubt they are said once more, and say so.
    fn say_again(&mut self, post: &Post) -> Result<(), StoreError> {
        let (PostState::Doubtful { .. }, Content::Notice { text }) = (&post.state, &post.content)
        else {
            return Ok(());
        };
        if text.ends_with(SAID_BEFORE) {
            return Ok(());
        }
        let text = format!("{text}\n{SAID_BEFORE}");
        let content = Content::Notice { text };
        let mut draft = Draft::new(&post.network, post.destination.clone(), content);
        draft.reply_to.clone_from(&post.reply_to);
        draft.choices.clone_from(&post.choices);
        draft.message = post.message;
        draft.conversation.clone_from(&post.conversation);
        let again = self.add_post(draft)?;
        if let Some(id) = told_by(post)
            && let Some(mut outage) = self.transaction.load::<Outage>(&keys::outage(id))?
        {
            outage.notices.push(again);
            self.transaction.save(keys::outage(id), &outage)?;
        }
        Ok(())
    }
}

fn try_again(outage: u64) -> Choice {
    Choice {
        token: format!("{TOKEN}{outage}"),
        label: "Try again there".to_owned(),
        command: Some("retry".to_owned()),
    }
}

/// It stands there, or will.
fn may_be_seen(state: &PostState) -> bool {
    match state {
        PostState::Queued { .. } | PostState::Posting { .. } | PostState::Posted { .. } => true,
        PostState::Doubtful { .. } | PostState::Dead { .. } | PostState::Dropped => false,
    }
}

/// Adds what a post says to what the notice lists, where there is room.
fn list(outage: &mut Outage, content: &Content) {
    let entry = match content {
        Content::Sms {
            from, text, notes, ..
        } if notes.is_empty() => format!("{from}: {text}"),
        Content::Sms {
            from, text, notes, ..
        } => format!("{from}: {text} ({})", notes.join("; ")),
        Content::Mirror {
            to, author, text, ..
        } => format!("{author} to {to}: {text}"),
        Content::Notice { text } | Content::Digest { text } => text.clone(),
        Content::File { caption, .. } => caption.clone(),
    };
    let length = |text: &str| text.encode_utf16().count();
    let has_room = length(&outage.listed).saturating_add(length(&entry)) < LISTED;
    match (outage.listed.is_empty(), has_room) {
        (true, _) => {
            let mut pieces = pieces(&entry, LISTED).into_iter();
            outage.listed = pieces.next().unwrap_or_default();
            if pieces.next().is_some() {
                outage.listed.push_str(" […]");
            }
        }
        (false, true) if outage.unlisted == 0 => {
            outage.listed.push('\n');
            outage.listed.push_str(&entry);
        }
        (false, _) => outage.unlisted = outage.unlisted.saturating_add(1),
    }
}
