//! Whose number is whose: contacts and the two ways to find them, by number and by name.
//!
//! **Invariants:** a number belongs to one contact at most, and no two contacts are called the same, however it is written.

use std::path::Path;

use super::maintain::{MaintenanceError, hold_existing};
use super::{Look, Store, StoreError, Transaction, Walk, Writes, keys};
use crate::address::{Address, Country};
use crate::contact::{self, Contact, MOST_NUMBERS};
use crate::vcard::Card;

/// More contacts are not taken.
const MOST: usize = 10_000;

/// What naming came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// It is the only number of its contact.
    Alone,
    /// The contact has so many numbers now.
    Among(usize),
}

/// How many contacts there are, and the number of the last: read once for many names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Book {
    count: usize,
    last: u64,
}

impl Transaction<'_> {
    pub(crate) fn book(&self) -> Result<Book, StoreError> {
        let found = self.keys(&keys::contacts_prefix(), MOST)?;
        let last = found.last().and_then(|key| keys::last_number(key));
        Ok(Book {
            count: found.len(),
            last: last.unwrap_or(0),
        })
    }

    /// Whose number it is.
    pub(crate) fn contact_of(
        &self,
        address: &Address,
    ) -> Result<Option<(u64, Contact)>, StoreError> {
        self.contact_at(&keys::contact_of(address))
    }

    /// Who is called so.
    pub(crate) fn contact_named(&self, name: &str) -> Result<Option<(u64, Contact)>, StoreError> {
        self.contact_at(&keys::contact_named(&contact::folded(name)))
    }

    fn contact_at(&self, index: &[u8]) -> Result<Option<(u64, Contact)>, StoreError> {
        let Some(id) = self.load::<u64>(index)? else {
            return Ok(None);
        };
        let contact = self.load::<Contact>(&keys::contact(id))?;
        Ok(contact.map(|contact| (id, contact)))
    }

    /// The contacts that `wanted` likes, by name; at most `most`, and how many more there are.
    pub(crate) fn contacts(
        &self,
        most: usize,
        wanted: impl Fn(&Contact) -> bool,
    ) -> Result<(Vec<Contact>, usize), StoreError> {
        let (mut found, mut more) = (Vec::new(), 0_usize);
        let mut walk = Walk::over(keys::contacts_named_prefix());
        while let Some(key) = walk.next(self)? {
            let contact = self.contact_at(&key)?.map(|(_, contact)| contact);
            let Some(contact) = contact.filter(&wanted) else {
                continue;
            };
            if found.len() < most {
                found.push(contact);
            } else {
                more = more.saturating_add(1);
            }
        }
        Ok((found, more))
    }

    /// Calls a number so from now on, or says why not.
    pub(crate) fn give_name(
        &mut self,
        book: &mut Book,
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
                self.remove(keys::contact_named(&contact::folded(&contact.name)));
                (id, contact)
            }
            (None, None) => {
                if book.count >= MOST {
                    let words = format!("There are {MOST} contacts; more are not kept.");
                    return Ok(Err(words));
                }
                book.count = book.count.saturating_add(1);
                book.last = book.last.saturating_add(1);
                let contact = Contact {
                    name: String::new(),
                    numbers: vec![address.clone()],
                };
                (book.last, contact)
            }
        };
        name.clone_into(&mut contact.name);
        self.save(keys::contact_named(&contact::folded(name)), &id)?;
        self.save(keys::contact_of(address), &id)?;
        self.save(keys::contact(id), &contact)?;
        Ok(Ok(match contact.numbers.len() {
            0 | 1 => Named::Alone,
            count => Named::Among(count),
        }))
    }

    /// A number is this contact's no more; with the last one the contact goes.
    pub(crate) fn take_number(
        &mut self,
        id: u64,
        mut contact: Contact,
        address: &Address,
    ) -> Result<(), StoreError> {
        contact.numbers.retain(|number| number != address);
        self.remove(keys::contact_of(address));
        if contact.numbers.is_empty() {
            self.remove(keys::contact_named(&contact::folded(&contact.name)));
            self.remove(keys::contact(id));
            return Ok(());
        }
        self.save(keys::contact(id), &contact)
    }
}

/// What an import of contacts came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportedContacts {
    /// So many numbers have the name of their card now.
    pub numbers: usize,
    /// What was left out, each in a sentence.
    pub left_out: Vec<String>,
}

/// Names the numbers of these cards in the store in `data_dir`, which nobody uses. `country`: of numbers without `+`.
///
/// # Errors
///
/// The store is in use, not there or damaged; nothing is changed then.
pub fn import_contacts(
    data_dir: &Path,
    cards: &[Card],
    country: Option<Country>,
) -> Result<ImportedContacts, MaintenanceError> {
    let (folder, lock) = hold_existing(data_dir)?;
    let store = Store::open_held(&folder, lock, Look::Whole)?;
    let before = Writes::new();
    let mut transaction = Transaction::new(&store, &before);
    let mut book = transaction.book()?;
    let mut imported = ImportedContacts::default();
    for card in cards {
        let name = match contact::name(&card.name) {
            Ok(name) => name,
            Err(error) => {
                imported.left_out.push(format!("{:?}: {error}", card.name));
                continue;
            }
        };
        let mut named = Vec::new();
        for number in &card.numbers {
            match Address::typed(number, country) {
                Ok(address) => named.push(address),
                Err(error) => imported.left_out.push(format!("{name}: {error}")),
            }
        }
        named.extend(card.senders.iter().cloned().map(Address::Name));
        for address in named {
            match transaction.give_name(&mut book, &address, &name)? {
                Ok(_) => imported.numbers = imported.numbers.saturating_add(1),
                Err(words) => imported.left_out.push(words),
            }
        }
    }
    let writes = transaction.into_writes();
    if !writes.is_empty() {
        store.commit_blocking(writes)?;
    }
    Ok(imported)
}

/// The contacts in the store in `data_dir`, which nobody uses, by name.
///
/// # Errors
///
/// The store is in use, not there or damaged.
pub fn export_contacts(data_dir: &Path) -> Result<Vec<Card>, MaintenanceError> {
    let (folder, lock) = hold_existing(data_dir)?;
    let store = Store::open_held(&folder, lock, Look::Whole)?;
    let before = Writes::new();
    let (contacts, _) = Transaction::new(&store, &before).contacts(MOST, |_| true)?;
    let card = |contact: Contact| {
        let (senders, numbers): (Vec<Address>, Vec<Address>) = contact
            .numbers
            .into_iter()
            .partition(|address| matches!(address, Address::Name(_)));
        let text = |addresses: Vec<Address>| addresses.iter().map(Address::to_string).collect();
        Card {
            name: contact.name,
            numbers: text(numbers),
            senders: text(senders),
        }
    };
    Ok(contacts.into_iter().map(card).collect())
}
