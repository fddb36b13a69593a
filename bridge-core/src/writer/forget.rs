//! `/forget`: everything of a contact is taken out of the store, once an owner has said so twice.
//!
//! What stands in the chats already is out of reach, and people are told so. What is not finished stays until it is.

use std::collections::BTreeSet;

use tracing::info;

use crate::address::{Address, Conversation, LineName};
use crate::chat::{Attempt, Choice, Content, Destination, RoomKind, Verdict};
use crate::command::Sure;
use crate::id::{MessageId, PostId};
use crate::store::record::{
    Expiring, FragmentSet, Message, Outage, Post, Question, QuestionState, RoomNote, RoomState,
    Taken, UnmatchedReport,
};
use crate::store::{StoreError, Walk, keys};
use crate::writer::submit::Said;
use crate::writer::treatment::Meant;
use crate::writer::work::{Change, Draft, Work};

/// Before the numbers in the text of a question whether to erase: no text of a person begins so.
const ERASING: &str = "\u{0}erase\u{0}";
/// Messages that are erased in one commit.
const MOST: usize = 2000;

impl Work<'_> {
    pub(super) fn forget(
        &mut self,
        said: &Said<'_>,
        who: &str,
        sure: Sure,
    ) -> Result<Verdict, StoreError> {
        if let Some(words) = self.is_not_among_owners(said, "forget")? {
            return self.refuse(said, words);
        }
        let meant = match self.meant(said, who)? {
            Ok(meant) => meant,
            Err(words) => return self.refuse(said, format!("Nothing was erased: {words}.")),
        };
        match sure {
            Sure::Yes => self.erase(said, meant),
            Sure::No => self.ask_whether_to_erase(said, &meant),
        }
    }

    fn ask_whether_to_erase(
        &mut self,
        said: &Said<'_>,
        meant: &Meant,
    ) -> Result<Verdict, StoreError> {
        let Meant { shown, numbers } = meant;
        let id = self.next_id();
        let numbers: Vec<&str> = numbers.iter().map(Address::as_str).collect();
        let question = Question {
            text: format!(
                "{ERASING}{}",
                serde_json::to_string(&meant.numbers).unwrap_or_default()
            ),
            line: None,
            to: None,
            origin: said.here.clone(),
            state: QuestionState::Open,
        };
        let key = keys::question(id);
        self.expire(&key)?;
        self.transaction.save(key, &question)?;
        let prefix = self.prefix(said.network);
        let words = format!(
            "This erases all that I have stored of {shown} ({}): messages, name, and whether they are muted or blocked. \
             It cannot be undone. What stands in the chats already stays there. If you are sure, write \
             {prefix}forget {} yes.",
            numbers.join(", "),
            match numbers.as_slice() {
                [only] => (*only).to_owned(),
                _ => format!("\"{shown}\""),
            }
        );
        let content = Content::Notice {
            text: words.clone(),
        };
        let destination = Destination::Place(said.here.place.clone());
        let mut draft = Draft::new(said.network, destination, content);
        draft.reply_to = Some(said.here.message.clone());
        draft.choices = vec![Choice {
            token: format!("erase:{id}"),
            label: "Erase it".to_owned(),
            command: None,
        }];
        self.add_post(draft)?;
        Ok(Verdict::Answered(words))
    }

    /// The button of the question was pressed.
    pub(super) fn erase_asked(&mut self, said: &Said<'_>, id: u64) -> Result<Verdict, StoreError> {
        if let Some(words) = self.is_not_among_owners(said, "forget")? {
            return self.refuse(said, words);
        }
        let question: Option<Question> = self.transaction.load(&keys::question(id))?;
        let numbers = question.and_then(|question| erasing(&question));
        let Some(numbers) = numbers.filter(|numbers| !numbers.is_empty()) else {
            let words = "Nothing was erased: I asked that too long ago, or did it already.";
            return self.refuse(said, words.to_owned());
        };
        self.transaction.remove(keys::question(id));
        let shown = "them".to_owned();
        let words = self.erase(said, Meant { shown, numbers })?;
        // A button's answer is gone at once: what was erased is told in the chat too.
        if let Verdict::Answered(text) = &words {
            self.reply(said.network, &said.here, text.clone())?;
        }
        Ok(words)
    }

    fn erase(&mut self, said: &Said<'_>, meant: Meant) -> Result<Verdict, StoreError> {
        let numbers = with_spellings(meant.numbers);
        let erased = self.erase_messages(&numbers)?;
        let mut needles: Vec<String> = numbers.iter().map(Address::to_string).collect();
        if erased.stays == 0 && !erased.has_more {
            for number in &numbers {
                if let Some((id, contact)) = self.transaction.contact_of(number)? {
                    needles.push(contact.name.clone());
                    self.transaction.take_number(id, contact, number)?;
                }
                self.transaction.remove(keys::treated(number));
                // That an owner agreed to text a short code, or what costs more than other numbers.
                for line in &self.core.settings.lines {
                    let key = keys::confirmed(&line.name, number.as_str());
                    self.transaction.remove(key);
                }
            }
            self.erase_rooms(&numbers, &erased.conversations)?;
        }
        let notices = self.erase_notices(&numbers, &needles)?;
        self.erase_outages(&needles)?;
        self.erase_questions(&numbers)?;
        self.forget_renamings(&numbers)?;
        self.erase_expiries()?;
        info!(
            messages = erased.count,
            "a contact was erased because an owner asked"
        );
        let count = |count: usize, one: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {one}s"),
        };
        let mut words = format!(
            "Erased: {} and {} of mine about them.",
            count(erased.count, "message"),
            count(notices, "notice")
        );
        if erased.has_more {
            words += " There is more: write it again.";
        } else if erased.stays > 0 {
            words += &format!(
                " {} stayed, still on the way to the network or to a chat, and the name with them: write it again when \
                 that is over.",
                count(erased.stays, "message")
            );
        } else {
            words += " Name and rooms are forgotten.";
        }
        words += " I cannot erase what stands in the chats, in exports that were made, and in the SIM. \
                  `sms-bridge store compact` takes the last traces out of the store's file.";
        self.confirm(said, &words)
    }

    fn erase_messages(&mut self, numbers: &[Address]) -> Result<Erased, StoreError> {
        let mut erased = Erased::default();
        let mut gone = BTreeSet::new();
        let mut walk = Walk::over(keys::messages_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let Some(id) = keys::last_number(&key).map(MessageId) else {
                continue;
            };
            let message: Option<Message> = self.transaction.load(&key)?;
            let Some(message) = message.filter(|it| numbers.contains(&it.conversation.address))
            else {
                continue;
            };
            if erased.count >= MOST {
                erased.has_more = true;
                break;
            }
            if self.remove_message(id)? {
                erased.count = erased.count.saturating_add(1);
                erased.conversations.insert(message.conversation);
                gone.insert(id);
            } else {
                erased.stays = erased.stays.saturating_add(1);
            }
        }
        for line in self.core.settings.lines.clone() {
            self.erase_traces(&line.name, numbers, &gone)?;
        }
        Ok(erased)
    }

    /// What was taken over of these messages, by which a repetition would be recognised, unfinished sets and lone reports.
    fn erase_traces(
        &mut self,
        line: &LineName,
        numbers: &[Address],
        gone: &BTreeSet<MessageId>,
    ) -> Result<(), StoreError> {
        let mut walk = Walk::over(keys::taken_prefix(line));
        while let Some(key) = walk.next(&self.transaction)? {
            let taken: Option<Taken> = self.transaction.load(&key)?;
            let is_theirs = |taken: &Taken| {
                // While it stands in its slot it must not be taken for a new one.
                taken.slot.is_none() && taken.message.is_some_and(|id| gone.contains(&id))
            };
            if taken.as_ref().is_some_and(is_theirs) {
                self.transaction.remove(key);
            }
        }
        let mut walk = Walk::over(keys::fragments_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let set: Option<FragmentSet> = self.transaction.load(&key)?;
            if set.is_some_and(|set| numbers.contains(&set.conversation.address)) {
                self.transaction.remove(key.clone());
                self.changes.push(Change::Set { key, wait: None });
            }
        }
        let mut walk = Walk::over(keys::unmatched_prefix(line));
        while let Some(key) = walk.next(&self.transaction)? {
            let report: Option<UnmatchedReport> = self.transaction.load(&key)?;
            if report.is_some_and(|report| numbers.contains(&report.recipient)) {
                self.transaction.remove(key);
            }
        }
        Ok(())
    }

    fn erase_rooms(
        &mut self,
        numbers: &[Address],
        conversations: &BTreeSet<Conversation>,
    ) -> Result<(), StoreError> {
        let mut conversations = conversations.clone();
        for line in &self.core.settings.lines {
            conversations.extend(numbers.iter().map(|address| Conversation {
                line: line.name.clone(),
                address: address.clone(),
            }));
        }
        for (network, description) in self.core.chats.clone() {
            for inbox in &description.inboxes {
                for conversation in &conversations {
                    let destination = Destination::Conversation {
                        inbox: inbox.clone(),
                        conversation: conversation.clone(),
                    };
                    let key = keys::room(&network, &destination);
                    let note: Option<RoomNote> = self.transaction.load(&key)?;
                    match note.map(|note| note.state) {
                        Some(RoomState::Made(room)) => {
                            if room.kind == RoomKind::Dedicated {
                                self.transaction.remove(keys::place(&network, &room.place));
                            }
                            self.transaction.remove(key);
                        }
                        // No worker has it in hand.
                        Some(RoomState::Wanted(Attempt::First)) => self.transaction.remove(key),
                        Some(RoomState::Wanted(Attempt::Repeat)) | None => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// Words of the bridge that name them: missed calls, answers to `/history`.
    fn erase_notices(
        &mut self,
        numbers: &[Address],
        needles: &[String],
    ) -> Result<usize, StoreError> {
        let mut count = 0_usize;
        let mut walk = Walk::over(keys::posts_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let Some(id) = keys::last_number(&key).map(PostId) else {
                continue;
            };
            let post: Option<Post> = self.transaction.load(&key)?;
            let names_them = |post: &Post| match (&post.conversation, &post.content) {
                (Some(conversation), _) if numbers.contains(&conversation.address) => true,
                (_, Content::Notice { text } | Content::Digest { text }) => {
                    needles.iter().any(|needle| text.contains(needle))
                }
                (_, Content::File { caption, text, .. }) => needles
                    .iter()
                    .any(|needle| caption.contains(needle) || text.contains(needle)),
                (_, Content::Sms { .. } | Content::Mirror { .. }) => false,
            };
            if post.as_ref().is_some_and(names_them) && self.remove_lone_post(id)? {
                count = count.saturating_add(1);
            }
        }
        Ok(count)
    }

    /// Whether to erase them was asked, perhaps several times.
    fn erase_questions(&mut self, numbers: &[Address]) -> Result<(), StoreError> {
        let mut walk = Walk::over(keys::questions_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let question: Option<Question> = self.transaction.load(&key)?;
            let about = question.map(|question| {
                let to = question.to.as_ref().map(|to| to.address.clone());
                let erasing = erasing(&question).unwrap_or_default();
                to.into_iter().chain(erasing).collect::<Vec<_>>()
            });
            if about.is_some_and(|about| about.iter().any(|number| numbers.contains(number))) {
                self.transaction.remove(key);
            }
        }
        Ok(())
    }

    /// A key that was to be removed some time may hold a number or a text, and outlives its record here.
    fn erase_expiries(&mut self) -> Result<(), StoreError> {
        let mut walk = Walk::over(keys::expiry_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let expiring: Option<Expiring> = self.transaction.load(&key)?;
            let named = expiring.and_then(|it| sms_codec::hex::decode(&it.key).ok());
            if let Some(named) = named
                && !self.transaction.exists(&named)?
            {
                self.transaction.remove(key);
            }
        }
        Ok(())
    }

    fn erase_outages(&mut self, needles: &[String]) -> Result<(), StoreError> {
        let mut walk = Walk::over(keys::outages_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let outage: Option<Outage> = self.transaction.load(&key)?;
            if let Some(mut outage) = outage
                && needles.iter().any(|needle| outage.listed.contains(needle))
            {
                outage.listed.clear();
                outage.unlisted = outage.refused.saturating_add(outage.doubtful);
                self.transaction.save(key, &outage)?;
            }
        }
        Ok(())
    }
}

/// These numbers, and how they may have been kept before the line's country was known.
pub(super) fn with_spellings(numbers: Vec<Address>) -> Vec<Address> {
    let older: Vec<Address> = numbers.iter().flat_map(Address::once_written).collect();
    numbers.into_iter().chain(older).collect()
}

/// Whom a question asks to erase. `None`: it asks something else.
fn erasing(question: &Question) -> Option<Vec<Address>> {
    serde_json::from_str(question.text.strip_prefix(ERASING)?).ok()
}

/// What became of a contact's messages.
#[derive(Default)]
struct Erased {
    count: usize,
    /// Not finished.
    stays: usize,
    /// There was no room for all of them in one commit.
    has_more: bool,
    conversations: BTreeSet<Conversation>,
}
