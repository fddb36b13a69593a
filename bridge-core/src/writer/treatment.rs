//! Contacts whose messages are shown without a sound, or not at all. Everything of theirs is stored all the same.

use serde::{Deserialize, Serialize};

use crate::address::{Address, Conversation};
use crate::chat::{Sound, Verdict};
use crate::command::Treat;
use crate::person::Role;
use crate::store::{StoreError, keys};
use crate::writer::submit::Said;
use crate::writer::work::Work;

/// How what comes from a number is shown. None is stored where it is shown as usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Treatment {
    /// Without a sound.
    Muted,
    /// Not at all.
    Blocked,
}

impl Work<'_> {
    pub(super) fn treatment(&self, address: &Address) -> Result<Option<Treatment>, StoreError> {
        self.transaction.load(&keys::treated(address))
    }

    /// With which sound something of theirs is shown. `None`: it is not shown.
    pub(super) fn sound(&self, address: &Address) -> Result<Option<Sound>, StoreError> {
        Ok(match self.treatment(address)? {
            None => Some(Sound::Usual),
            Some(Treatment::Muted) => Some(Sound::Silent),
            Some(Treatment::Blocked) => None,
        })
    }

    /// `/mute`, `/block` and their opposites.
    pub(super) fn treat(
        &mut self,
        said: &Said<'_>,
        how: Treat,
        who: &str,
    ) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Writer {
            let words =
                "You can read here, but not mute or block contacts. An owner can change that.";
            return self.refuse(said, words.to_owned());
        }
        let meant = match self.meant(said, who)? {
            Ok(meant) => meant,
            Err(words) => return self.refuse(said, format!("Nothing was changed: {words}.")),
        };
        let Meant { shown, numbers } = meant;
        for number in &numbers {
            let (key, before) = (keys::treated(number), self.treatment(number)?);
            match (how, before) {
                (Treat::Mute, _) => self.transaction.save(key, &Treatment::Muted)?,
                (Treat::Block, _) => self.transaction.save(key, &Treatment::Blocked)?,
                (Treat::Unmute, Some(Treatment::Muted))
                | (Treat::Unblock, Some(Treatment::Blocked)) => self.transaction.remove(key),
                (Treat::Unmute, None | Some(Treatment::Blocked))
                | (Treat::Unblock, None | Some(Treatment::Muted)) => {}
            }
        }
        let prefix = self.prefix(said.network);
        let words = match how {
            Treat::Mute => {
                format!("What {shown} writes is shown without a sound. {prefix}unmute ends it.")
            }
            Treat::Block => format!(
                "What {shown} writes is stored, and not shown any more. {prefix}unblock ends it; {prefix}history shows \
                 what came meanwhile."
            ),
            Treat::Unmute => format!("{shown} is not muted."),
            Treat::Unblock => format!("{shown} is not blocked."),
        };
        self.confirm(said, &words)
    }

    /// Whom a command is about: a number or name behind it, else the contact whose message it answers or whose room it is
    /// written in. Without a full stop where that is not clear.
    pub(super) fn meant(
        &self,
        said: &Said<'_>,
        who: &str,
    ) -> Result<Result<Meant, String>, StoreError> {
        let who = who.trim().trim_matches(['"', '“', '”', '„']);
        if who.is_empty() {
            let Some(Conversation { address, .. }) = self.addressee(said)? else {
                let words =
                    "write the number or name behind the command, or reply to a message of theirs";
                return Ok(Err(words.to_owned()));
            };
            return Ok(Ok(match self.transaction.contact_of(&address)? {
                Some((_, contact)) => Meant {
                    shown: contact.name,
                    numbers: contact.numbers,
                },
                None => Meant {
                    shown: address.to_string(),
                    numbers: vec![address],
                },
            }));
        }
        let numbers = match self.whoever(who, self.usual_country())? {
            Ok(numbers) => numbers,
            Err(words) => match self.sender_named(who)? {
                Some(sender) => vec![sender],
                None => return Ok(Err(words)),
            },
        };
        let shown = match numbers.as_slice() {
            [only] => self.called(only)?,
            [first, ..] => {
                let contact = self.transaction.contact_of(first)?;
                contact.map_or_else(|| first.to_string(), |(_, contact)| contact.name)
            }
            [] => who.to_owned(),
        };
        Ok(Ok(Meant { shown, numbers }))
    }
}

/// Whom a command is about.
pub(super) struct Meant {
    /// As people know them.
    pub(super) shown: String,
    /// At least one.
    pub(super) numbers: Vec<Address>,
}
