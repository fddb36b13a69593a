//! `/history` and `/search`: what is stored, shown again to an owner who is among themselves.
//!
//! Bounded: so many of the newest messages are looked at, so that nobody waits for it.

use crate::address::Address;
use crate::chat::{Destination, Verdict};
use crate::contact;
use crate::id::Timestamp;
use crate::person::Role;
use crate::store::record::{Message, RoomNote, RoomState, Way};
use crate::store::{StoreError, keys};
use crate::writer::forget::with_spellings;
use crate::writer::submit::Said;
use crate::writer::treatment::Meant;
use crate::writer::work::Work;

/// Messages that are looked at, from the newest on.
const LOOKED_AT: usize = 5000;
/// Messages that are shown where nobody says how many, and at most.
const SHOWN: usize = 10;
const MOST_SHOWN: usize = 50;
/// Characters of one message that are shown.
const LONGEST: usize = 300;
/// UTF-16 code units of one answer; less where the network takes less.
const ANSWER: usize = 3500;

impl Work<'_> {
    /// `/history`: the newest messages of a contact, the newest last.
    pub(super) fn history(
        &mut self,
        said: &Said<'_>,
        who: &str,
        count: Option<usize>,
    ) -> Result<Verdict, StoreError> {
        if let Some(words) = self.is_not_among_owners(said, "history")? {
            return self.refuse(said, words);
        }
        let Meant { shown, numbers } = match self.meant(said, who)? {
            Ok(meant) => meant,
            Err(words) => return self.refuse(said, format!("Nothing is shown: {words}.")),
        };
        let numbers = with_spellings(numbers);
        let most = count.unwrap_or(SHOWN).clamp(1, MOST_SHOWN);
        let found = self.newest(most, |message| {
            let address = &message.conversation.address;
            Ok(numbers.contains(address))
        })?;
        let head = match found.len() {
            0 => format!("Among the newest {LOOKED_AT} messages there is none with {shown}."),
            _ => format!("With {shown} (times in UTC):"),
        };
        self.show_found(said, head, found)
    }

    /// `/search`: the newest messages that have all these words in text, name or number.
    pub(super) fn search(&mut self, said: &Said<'_>, words: &str) -> Result<Verdict, StoreError> {
        if let Some(words) = self.is_not_among_owners(said, "search")? {
            return self.refuse(said, words);
        }
        let folded = contact::folded(words);
        let wanted: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
        if wanted.is_empty() {
            let prefix = self.prefix(said.network);
            let words = format!("Write what to look for, like {prefix}search dentist.");
            return self.refuse(said, words);
        }
        let found = self.newest(SHOWN, |message| {
            let text = message.text.to_lowercase();
            let missing: Vec<&&str> = wanted
                .iter()
                .filter(|word| !text.contains(**word))
                .collect();
            if missing.is_empty() {
                return Ok(true);
            }
            let name = self.called(&message.conversation.address)?.to_lowercase();
            Ok(missing.into_iter().all(|word| name.contains(*word)))
        })?;
        let head = match found.len() {
            0 => format!("Among the newest {LOOKED_AT} messages there is none with these words."),
            _ => "Found (times in UTC):".to_owned(),
        };
        self.show_found(said, head, found)
    }

    /// A sender without a number that calls itself so, and wrote lately.
    pub(super) fn sender_named(&self, name: &str) -> Result<Option<Address>, StoreError> {
        let name = contact::folded(name);
        let found = self.newest(1, |message| {
            Ok(match &message.conversation.address {
                Address::Name(sender) => contact::folded(sender) == name,
                Address::Number(_) | Address::Local(_) => false,
            })
        })?;
        let mut found = found.into_iter();
        Ok(found.next().map(|message| message.conversation.address))
    }

    /// The newest messages that are wanted, the newest first.
    fn newest(
        &self,
        most: usize,
        wanted: impl Fn(&Message) -> Result<bool, StoreError>,
    ) -> Result<Vec<Message>, StoreError> {
        let (mut found, mut before, mut looked_at) = (Vec::new(), u64::MAX, 0_usize);
        let prefix = keys::messages_prefix();
        while looked_at < LOOKED_AT && found.len() < most {
            let page = self.transaction.keys_before(&prefix, before, 250)?;
            let Some(last) = page.last().and_then(|key| keys::last_number(key)) else {
                break;
            };
            looked_at = looked_at.saturating_add(page.len());
            before = last;
            for key in page {
                let message: Option<Message> = self.transaction.load(&key)?;
                if let Some(message) = message
                    && wanted(&message)?
                {
                    found.push(message);
                }
            }
        }
        found.truncate(most);
        Ok(found)
    }

    fn show_found(
        &mut self,
        said: &Said<'_>,
        head: String,
        found: Vec<Message>,
    ) -> Result<Verdict, StoreError> {
        let limit = self.core.chats.get(said.network);
        let limit = limit.map_or(ANSWER, |known| known.text_limit.min(ANSWER));
        let units = |text: &str| text.encode_utf16().count().saturating_add(1);
        let mut room = limit.saturating_sub(units(&head));
        let mut lines = Vec::new();
        for message in found {
            let line = self.line_of(&message)?;
            let Some(left) = room.checked_sub(units(&line)) else {
                break;
            };
            room = left;
            lines.push(line);
        }
        lines.push(head);
        lines.reverse();
        self.confirm(said, &lines.join("\n"))
    }

    fn line_of(&self, message: &Message) -> Result<String, StoreError> {
        let name = self.called(&message.conversation.address)?;
        let who = match &message.way {
            Way::In { .. } => name,
            Way::Out { author, .. } => format!("{author} to {name}"),
        };
        let mut text: String = message.text.chars().take(LONGEST).collect();
        if text.len() < message.text.len() {
            text.push('…');
        }
        Ok(format!("{} {who}: {text}", time(message.at)))
    }

    /// Why this may not be done here. `None`: an owner asks in a private chat or in the admin chat.
    pub(super) fn is_not_among_owners(
        &self,
        said: &Said<'_>,
        command: &str,
    ) -> Result<Option<String>, StoreError> {
        let prefix = self.prefix(said.network);
        if said.person.role < Role::Owner {
            return Ok(Some(format!("Only an owner may use {prefix}{command}.")));
        }
        let place = &said.event.place;
        // Telegram gives a private chat the id of the person in it.
        if place.chat == said.event.author.id {
            return Ok(None);
        }
        let known = self.core.chats.get(said.network);
        for inbox in known.map(|known| known.admins.clone()).unwrap_or_default() {
            if inbox.0 == place.chat {
                return Ok(None);
            }
            let key = keys::room(said.network, &Destination::Admin { inbox });
            let note: Option<RoomNote> = self.transaction.load(&key)?;
            if let Some(RoomNote {
                state: RoomState::Made(room),
                ..
            }) = note
                && room.place == *place
            {
                return Ok(None);
            }
        }
        Ok(Some(format!(
            "{prefix}{command} works in a private chat with me or in the admin chat only: others may read here."
        )))
    }
}

/// `2026-11-22 21:03`.
fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map(|at| at.strftime("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}
