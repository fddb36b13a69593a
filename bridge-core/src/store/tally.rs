//! How many records of each kind there are: kept with each commit, and compared with what is found.

use std::collections::BTreeMap;

use super::record::Tally;
use super::{Store, StoreError, Writes, guarded, keys};

/// By kind.
pub(super) type Counts = BTreeMap<String, u64>;

impl Tally {
    /// After one more commit that does this. `exists` tells whether a key was there before.
    pub(super) fn after(
        &self,
        writes: &Writes,
        exists: impl Fn(&[u8]) -> Result<bool, StoreError>,
    ) -> Result<Self, StoreError> {
        let mut next = self.clone();
        next.commits = next.commits.saturating_add(1);
        for (key, value) in writes {
            let (before, after) = (exists(key)?, value.is_some());
            if before == after {
                continue;
            }
            let count = next.records.entry(keys::shown(key)).or_default();
            *count = if after {
                count.saturating_add(1)
            } else {
                count.saturating_sub(1)
            };
        }
        next.records.retain(|_, count| *count > 0);
        Ok(next)
    }
}

/// Reads every record and counts; the tally itself does not count.
pub(super) fn count(store: &Store) -> Result<Counts, StoreError> {
    let mut counts = Counts::new();
    store.each(|key, _| {
        if key != keys::tally() {
            *counts.entry(keys::shown(key)).or_default() += 1;
        }
        Ok(())
    })?;
    Ok(counts)
}

/// What is missing or too much, in words. `None` where nothing is.
pub(super) fn difference(told: &Counts, counted: &Counts) -> Option<String> {
    let mut words = Vec::new();
    let mut kinds: Vec<&String> = told.keys().chain(counted.keys()).collect();
    kinds.sort();
    kinds.dedup();
    for kind in kinds {
        let count = |counts: &Counts| counts.get(kind).copied().unwrap_or(0);
        let (told, counted) = (count(told), count(counted));
        if told != counted {
            words.push(format!("{kind}: {counted} of {told}"));
        }
    }
    (!words.is_empty()).then(|| format!("records are missing ({})", words.join(", ")))
}

impl Store {
    /// Hands over every record in the order of the keys.
    pub(super) fn each(
        &self,
        mut what: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut entries = self.db.iter();
        while let Some((key, value)) = guarded(|| entries.next().transpose())? {
            what(&key, &value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_and_goes_is_counted_and_what_stays_is_not() {
        let (message, post) = (b"message\0a".to_vec(), b"post\0a".to_vec());
        let mut tally = Tally::default();
        let one = |key: &Vec<u8>, value: Option<Vec<u8>>| Writes::from([(key.clone(), value)]);
        for (writes, exists, expected) in [
            (one(&message, Some(vec![])), false, vec![("message", 1)]),
            (one(&message, Some(vec![])), true, vec![("message", 1)]),
            (one(&post, None), false, vec![("message", 1)]),
            (one(&message, None), true, vec![]),
        ] {
            tally = tally.after(&writes, |_| Ok(exists)).unwrap();
            let records: Vec<(&str, u64)> = tally
                .records
                .iter()
                .map(|(kind, count)| (kind.as_str(), *count))
                .collect();
            assert_eq!(records, expected);
        }
        assert_eq!(tally.commits, 4);
    }

    #[test]
    fn a_difference_names_the_kinds() {
        let counts = |message, post| {
            Counts::from([("message".to_owned(), message), ("post".to_owned(), post)])
        };
        assert_eq!(difference(&counts(1, 2), &counts(1, 2)), None);
        let words = difference(&counts(1, 2), &counts(1, 0)).unwrap();
        assert_eq!(words, "records are missing (post: 0 of 2)");
    }
}
