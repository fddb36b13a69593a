//! From one format of the store to the next, in order, each in one commit together with the number of the new format: a
//! migration that was interrupted did not happen.
//!
//! | format | what is new |
//! |---|---|
//! | 1 | – |
//! | 2 | `tally`: how many records of each kind there are |

use tracing::info;

use super::record::Tally;
use super::{FORMAT, Store, StoreError, Transaction, Writes, keys, tally};

/// What a migration writes.
type Migration = fn(&Store) -> Result<Writes, StoreError>;

/// From format 1 on; the last leads to [`FORMAT`].
static MIGRATIONS: &[Migration] = &[count_records];

/// Brings a store of `format` up to date.
pub(super) fn run(store: &Store, format: u32) -> Result<(), StoreError> {
    for (from, migration) in (1..).zip(MIGRATIONS) {
        if from < format {
            continue;
        }
        let writes = migration(store)?;
        let to = from + 1;
        info!(from, to, "the store is brought up to date");
        store.write_whole(with_format(store, writes, to)?)?;
    }
    Ok(())
}

fn with_format(store: &Store, writes: Writes, format: u32) -> Result<Writes, StoreError> {
    let mut transaction = Transaction::new(store, &writes);
    transaction.save(keys::schema(), &format)?;
    let own = transaction.into_writes();
    let mut all = writes;
    all.extend(own);
    Ok(all)
}

fn count_records(store: &Store) -> Result<Writes, StoreError> {
    let tally = Tally {
        commits: 1,
        records: tally::count(store)?,
    };
    let none = Writes::new();
    let mut transaction = Transaction::new(store, &none);
    transaction.save(keys::tally(), &tally)?;
    Ok(transaction.into_writes())
}

const _: () = assert!(FORMAT as usize == MIGRATIONS.len() + 1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::kinds;
    use crate::store::open::hold;

    /// Written by the program of format 1, dumped as keys in hexadecimal and JSON.
    const FORMAT_1: &str = include_str!("../../tests/fixtures/format1.txt");

    fn records() -> Vec<(Vec<u8>, Vec<u8>)> {
        let lines = FORMAT_1.lines().map(|line| {
            let (key, json) = line.split_once(' ').unwrap();
            let value = [&[1], json.as_bytes()].concat();
            (sms_codec::hex::decode(key).unwrap(), value)
        });
        lines.collect()
    }

    #[test]
    fn a_store_of_format_1_is_brought_up_to_date_once_and_keeps_every_record() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        {
            let store = Store::open_unread(&path, hold(&path).unwrap()).unwrap();
            let writes = records().into_iter().map(|(key, value)| (key, Some(value)));
            store.write_whole(writes.collect()).unwrap();
            assert_eq!(store.format().unwrap(), Some(1));
        }
        for _ in 0..2 {
            let store = Store::open(&path).unwrap();
            assert_eq!(store.format().unwrap(), Some(2));
            let mut found = Vec::new();
            let each = |key: &[u8], value: &[u8]| {
                found.push((key.to_vec(), value.to_vec()));
                Ok(())
            };
            store.each(each).unwrap();
            found.retain(|(key, _)| *key != keys::tally() && *key != keys::schema());
            let mut expected = records();
            expected.retain(|(key, _)| *key != keys::schema());
            assert_eq!(found, expected);
            assert_eq!(
                store.tally().records.values().sum::<u64>(),
                records().len() as u64
            );
        }
    }

    #[test]
    fn every_record_of_format_1_can_be_read_and_is_written_as_it_was() {
        for (key, value) in records() {
            let kind = keys::shown(&key);
            let json = &value[1..];
            let again = kinds::reader(&kind).unwrap()(json).unwrap();
            assert_eq!(
                String::from_utf8(again),
                String::from_utf8(json.to_vec()),
                "{kind}"
            );
        }
    }
}
