//! What people are called, and whom somebody means by a name. Whose number is whose is kept by `store::contacts`.
//!
//! **Invariant:** what a post calls somebody is decided in [`Work::called`] alone.

use crate::address::{Address, Conversation, Country};
use crate::chat::Verdict;
use crate::contact::{self, Contact};
use crate::person::Role;
use crate::store::{Named, StoreError};
use crate::writer::submit::Said;
use crate::writer::work::Work;

/// Contacts that one answer lists.
const LISTED: usize = 50;
/// Names that are offered where several fit.
const OFFERED: usize = 8;

impl Work<'_> {
    /// What the other party is called wherever people see them: the contact's name, with the number where they have several,
    /// or the number alone. A sender that calls itself like a contact is told apart from it.
    pub(super) fn called(&self, address: &Address) -> Result<String, StoreError> {
        if let Some((_, contact)) = self.transaction.contact_of(address)? {
            return Ok(match contact.numbers.len() {
                0 | 1 => contact.name,
                _ => format!("{} ({address})", contact.name),
            });
        }
        let claims = match address {
            Address::Name(name) => self.transaction.contact_named(name)?.is_some(),
            Address::Number(_) | Address::Local(_) => false,
        };
        Ok(if claims {
            format!("{address} (calls itself so; not your contact)")
        } else {
            address.to_string()
        })
    }

    // Whom somebody means.

    /// The one that a person means by a number or a name, or why that is not clear.
    pub(super) fn whom(
        &self,
        written: &str,
        country: Option<Country>,
    ) -> Result<Result<Address, String>, StoreError> {
        let numbers = match self.whoever(written, country)? {
            Ok(numbers) => numbers,
            Err(words) => return Ok(Err(words)),
        };
        Ok(match numbers.as_slice() {
            [only] => Ok(only.clone()),
            several => {
                let several: Vec<String> = several.iter().map(Address::to_string).collect();
                Err(format!(
                    "{} has several numbers; write one of them: {}",
                    written.trim(),
                    several.join(", ")
                ))
            }
        })
    }

    /// The numbers of whom a person means by a number or a name; at least one.
    pub(super) fn whoever(
        &self,
        written: &str,
        country: Option<Country>,
    ) -> Result<Result<Vec<Address>, String>, StoreError> {
        let error = match Address::typed(written, country) {
            Ok(address) => return Ok(Ok(vec![address])),
            Err(error) => error,
        };
        let fits = match self.transaction.contact_named(written)? {
            Some((_, contact)) => vec![contact],
            None => {
                let has_words = |contact: &Contact| contact::has_words(&contact.name, written);
                self.transaction.contacts(OFFERED, has_words)?.0
            }
        };
        Ok(match fits.as_slice() {
            [] => Err(error.to_string()),
            [only] => Ok(only.numbers.clone()),
            several => {
                let several: Vec<String> = several
                    .iter()
                    .map(|contact| format!("\"{}\"", contact.name))
                    .collect();
                Err(format!(
                    "several contacts are called so: {}. Write the whole name, in quotes, or the number",
                    several.join(", ")
                ))
            }
        })
    }

    // Commands.

    /// `/name`: with a number, or in reply to a message, or in the contact's room.
    pub(super) fn name_contact(
        &mut self,
        said: &Said<'_>,
        number: Option<&str>,
        name: &str,
    ) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Writer {
            let words = "You can read here, but not name contacts. An owner can change that.";
            return self.refuse(said, words.to_owned());
        }
        let prefix = self.prefix(said.network);
        let name = match contact::name(name) {
            Ok(name) => name,
            Err(error) => return self.refuse(said, format!("Nobody was named: {error}.")),
        };
        let address = match number {
            Some(number) => Address::typed(number, self.usual_country())
                .map_err(|error| format!("Nobody was named: {error}.")),
            None => match self.addressee(said)? {
                Some(Conversation { address, .. }) => Ok(address),
                None => Err(format!(
                    "Write {prefix}name NUMBER NAME, or {prefix}name NAME in reply to a message of theirs."
                )),
            },
        };
        let address = match address {
            Ok(address) => address,
            Err(words) => return self.refuse(said, words),
        };
        let before = self.transaction.contact_of(&address)?;
        let before = before.map_or_else(Vec::new, |(_, contact)| contact.numbers);
        let mut book = self.transaction.book()?;
        let named = self.transaction.give_name(&mut book, &address, &name)?;
        if named.is_ok() {
            self.rename_rooms(&address, before)?;
        }
        match named {
            Ok(Named::Alone) => {
                self.confirm(said, &format!("{address} is called {name} from now on."))
            }
            Ok(Named::Among(count)) => self.confirm(
                said,
                &format!("{address} belongs to {name} from now on, who has {count} numbers."),
            ),
            Err(words) => self.refuse(said, words),
        }
    }

    /// `/contacts`: all, or those that have a part of this in name or number.
    pub(super) fn list_contacts(
        &mut self,
        said: &Said<'_>,
        part: &str,
    ) -> Result<Verdict, StoreError> {
        let folded = contact::folded(part);
        let wanted = |contact: &Contact| {
            contact::folded(&contact.name).contains(&folded)
                || contact
                    .numbers
                    .iter()
                    .any(|number| number.as_str().contains(part))
        };
        let (found, more) = self.transaction.contacts(LISTED, wanted)?;
        let prefix = self.prefix(said.network);
        let text = match (found.as_slice(), part.is_empty()) {
            ([], true) => format!(
                "There are no contacts yet. {prefix}name NUMBER NAME makes one, or {prefix}name NAME in reply to a \
                 message of theirs."
            ),
            ([], false) => format!("No contact has \"{part}\" in name or number."),
            (found, _) => {
                let mut lines: Vec<String> = found.iter().map(line).collect();
                if more > 0 {
                    lines.push(format!(
                        "… and {more} more; {prefix}contacts PART finds them."
                    ));
                }
                lines.join("\n")
            }
        };
        self.confirm(said, &text)
    }

    /// How numbers are read where no SIM is named.
    pub(super) fn usual_country(&self) -> Option<Country> {
        let line = self.core.settings.lines.first()?;
        self.core.country(&line.name)
    }
}

fn line(contact: &Contact) -> String {
    let numbers: Vec<&str> = contact.numbers.iter().map(Address::as_str).collect();
    format!("{} – {}", contact.name, numbers.join(", "))
}
