//! Contacts: whose number is whose, what people are called, and whom somebody means by a name.
//!
//! **Invariants:** a number belongs to one contact at most, and no two contacts are called the same, however it is written
//! (`keys::contact_of`, `keys::contact_named`). What a post calls somebody is decided in [`Work::called`] alone.

use crate::address::{Address, Conversation, Country};
use crate::chat::Verdict;
use crate::contact::{self, Contact, MOST_NUMBERS};
use crate::person::Role;
use crate::store::{StoreError, Walk, keys};
use crate::writer::submit::Said;
use crate::writer::work::Work;

/// More contacts are not taken.
const MOST: usize = 10_000;
/// Contacts that one answer lists.
const LISTED: usize = 50;
/// Names that are offered where several fit.
const OFFERED: usize = 8;

impl Work<'_> {
    /// What the other party is called wherever people see them: the contact's name, with the number where they have several,
    /// or the number alone. A sender that calls itself like a contact is told apart from it.
    pub(super) fn called(&self, address: &Address) -> Result<String, StoreError> {
        if let Some((_, contact)) = self.contact_of(address)? {
            return Ok(match contact.numbers.len() {
                0 | 1 => contact.name,
                _ => format!("{} ({address})", contact.name),
            });
        }
        let claims = match address {
            Address::Name(name) => self.contact_named(name)?.is_some(),
            Address::Number(_) | Address::Local(_) => false,
        };
        Ok(if claims {
            format!("{address} (calls itself so; not your contact)")
        } else {
            address.to_string()
        })
    }

    /// Whose number it is.
    pub(super) fn contact_of(
        &self,
        address: &Address,
    ) -> Result<Option<(u64, Contact)>, StoreError> {
        self.contact_at(&keys::contact_of(address))
    }

    fn contact_named(&self, name: &str) -> Result<Option<(u64, Contact)>, StoreError> {
        self.contact_at(&keys::contact_named(&contact::folded(name)))
    }

    fn contact_at(&self, index: &[u8]) -> Result<Option<(u64, Contact)>, StoreError> {
        let Some(id) = self.transaction.load::<u64>(index)? else {
            return Ok(None);
        };
        let contact = self.transaction.load::<Contact>(&keys::contact(id))?;
        Ok(contact.map(|contact| (id, contact)))
    }

    /// Every contact that `wanted` likes, by name; at most `most`, and how many more there are.
    fn contacts(
        &self,
        most: usize,
        wanted: impl Fn(&Contact) -> bool,
    ) -> Result<(Vec<Contact>, usize), StoreError> {
        let (mut found, mut more) = (Vec::new(), 0_usize);
        let mut walk = Walk::over(keys::contacts_named_prefix());
        while let Some(key) = walk.next(&self.transaction)? {
            let Some((_, contact)) = self.contact_at(&key)? else {
                continue;
            };
            if !wanted(&contact) {
                continue;
            }
            if found.len() < most {
                found.push(contact);
            } else {
                more = more.saturating_add(1);
            }
        }
        Ok((found, more))
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
        let fits = match self.contact_named(written)? {
            Some((_, contact)) => vec![contact],
            None => {
                let has_words = |contact: &Contact| contact::has_words(&contact.name, written);
                self.contacts(OFFERED, has_words)?.0
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
        match self.give_name(&address, &name)? {
            Ok(Named::New) => {
                self.confirm(said, &format!("{address} is called {name} from now on."))
            }
            Ok(Named::Another(count)) => self.confirm(
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
        let (found, more) = self.contacts(LISTED, wanted)?;
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

    /// Calls a number so from now on, or says why not.
    pub(super) fn give_name(
        &mut self,
        address: &Address,
        name: &str,
    ) -> Result<Result<Named, String>, StoreError> {
        let (before, namesake) = (self.contact_of(address)?, self.contact_named(name)?);
        let (id, mut contact) = match (before, namesake) {
            // Another way to write the same name.
            (Some((id, contact)), Some((same, _))) if id == same => (id, contact),
            (before, Some((id, mut contact))) => {
                if contact.numbers.len() >= MOST_NUMBERS {
                    let words =
                        format!("{name} has {MOST_NUMBERS} numbers already; more are not kept.");
                    return Ok(Err(words));
                }
                if let Some((other, before)) = before {
                    self.take_number(other, before, address)?;
                }
                contact.numbers.push(address.clone());
                (id, contact)
            }
            (Some((id, contact)), None) => {
                let old = keys::contact_named(&contact::folded(&contact.name));
                self.transaction.remove(old);
                (id, contact)
            }
            (None, None) => {
                let prefix = keys::contacts_prefix();
                if self.transaction.keys(&prefix, MOST)?.len() >= MOST {
                    return Ok(Err(format!(
                        "There are {MOST} contacts; more are not kept."
                    )));
                }
                let contact = Contact {
                    name: String::new(),
                    numbers: vec![address.clone()],
                };
                (self.next_id(), contact)
            }
        };
        name.clone_into(&mut contact.name);
        let named = match contact.numbers.len() {
            0 | 1 => Named::New,
            count => Named::Another(count),
        };
        let by_name = keys::contact_named(&contact::folded(name));
        self.transaction.save(by_name, &id)?;
        self.transaction.save(keys::contact_of(address), &id)?;
        self.transaction.save(keys::contact(id), &contact)?;
        Ok(Ok(named))
    }

    /// A number is this contact's no more; with the last one the contact goes.
    pub(super) fn take_number(
        &mut self,
        id: u64,
        mut contact: Contact,
        address: &Address,
    ) -> Result<(), StoreError> {
        contact.numbers.retain(|number| number != address);
        self.transaction.remove(keys::contact_of(address));
        if contact.numbers.is_empty() {
            let by_name = keys::contact_named(&contact::folded(&contact.name));
            self.transaction.remove(by_name);
            self.transaction.remove(keys::contact(id));
            return Ok(());
        }
        self.transaction.save(keys::contact(id), &contact)
    }

    /// How numbers are read where no SIM is named.
    pub(super) fn usual_country(&self) -> Option<Country> {
        let line = self.core.settings.lines.first()?;
        self.core.country(&line.name)
    }
}

/// What naming came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// It is the only number of its contact.
    New,
    /// The contact has so many numbers now.
    Another(usize),
}

fn line(contact: &Contact) -> String {
    let numbers: Vec<&str> = contact.numbers.iter().map(Address::as_str).collect();
    format!("{} – {}", contact.name, numbers.join(", "))
}
