//! The keys under a prefix, in order: some of them, or all of them a page at a time.

use std::collections::BTreeSet;
use std::ops::Bound;

use super::{StoreError, Transaction, guarded};

/// Keys that a [`Walk`] holds at once.
const PAGE: usize = 500;

impl Transaction<'_> {
    /// The keys that begin with `prefix`, in order, at most `most`.
    pub(crate) fn keys(&self, prefix: &[u8], most: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        self.keys_behind(prefix, Bound::Included(prefix), most)
    }

    /// As [`keys`](Self::keys), from somewhere on.
    fn keys_behind(
        &self,
        prefix: &[u8],
        from: Bound<&[u8]>,
        most: usize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut found = BTreeSet::new();
        let range = (from, Bound::Unbounded);
        let mut stored = self.store.db.range::<&[u8], _>(range).keys();
        // The last that was looked at. `None`: all of them were.
        let mut last = None;
        while found.len() < most {
            let key = guarded(|| stored.next().transpose())?;
            let Some(key) = key.filter(|key| key.starts_with(prefix)) else {
                last = None;
                break;
            };
            if self.written(&key).is_none_or(Option::is_some) {
                found.insert(key.to_vec());
            }
            last = Some(key);
        }
        for writes in [self.before, &self.own] {
            let range = writes.range::<[u8], _>((from, Bound::Unbounded));
            let range = range.take_while(|(key, _)| {
                key.starts_with(prefix)
                    && last
                        .as_ref()
                        .is_none_or(|last| key.as_slice() <= last.as_ref())
            });
            let added = range.filter(|(key, _)| self.written(key).is_some_and(Option::is_some));
            found.extend(added.map(|(key, _)| key.clone()));
        }
        Ok(found.into_iter().take(most).collect())
    }

    /// The keys that are `prefix` and a number above `after`, in order, at most `most`. Only of what is committed.
    pub(crate) fn keys_after(
        &self,
        prefix: &[u8],
        after: u64,
        most: usize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut first = prefix.to_vec();
        first.extend(after.saturating_add(1).to_be_bytes());
        let mut found = Vec::new();
        let mut stored = self.store.db.range(first..).keys().take(most);
        while let Some(key) = guarded(|| stored.next().transpose())? {
            if !key.starts_with(prefix) {
                break;
            }
            found.push(key.to_vec());
        }
        Ok(found)
    }
}

impl Transaction<'_> {
    /// The keys that are `prefix` and a number below `before`, the greatest first, at most `most`. Only of what is committed.
    pub(crate) fn keys_before(
        &self,
        prefix: &[u8],
        before: u64,
        most: usize,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut end = prefix.to_vec();
        end.extend(before.to_be_bytes());
        let mut found = Vec::new();
        let stored = self.store.db.range(prefix.to_vec()..end);
        let mut stored = stored.keys().rev().take(most);
        while let Some(key) = guarded(|| stored.next().transpose())? {
            found.push(key.to_vec());
        }
        Ok(found)
    }
}

/// Walks over all keys with a prefix, a page at a time: what is written on the way is seen.
pub(crate) struct Walk {
    prefix: Vec<u8>,
    last: Option<Vec<u8>>,
    page: std::vec::IntoIter<Vec<u8>>,
}

impl Walk {
    pub(crate) fn over(prefix: Vec<u8>) -> Self {
        Self {
            prefix,
            last: None,
            page: Vec::new().into_iter(),
        }
    }

    /// The next key. `None`: there is none any more.
    pub(crate) fn next(
        &mut self,
        transaction: &Transaction<'_>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if self.page.len() == 0 {
            let from = match &self.last {
                Some(last) => Bound::Excluded(last.as_slice()),
                None => Bound::Included(self.prefix.as_slice()),
            };
            let page = transaction.keys_behind(&self.prefix, from, PAGE)?;
            self.page = page.into_iter();
        }
        let next = self.page.next();
        if next.is_some() {
            self.last.clone_from(&next);
        }
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Store, Writes};
    use super::*;

    fn walked(transaction: &Transaction<'_>) -> Vec<Vec<u8>> {
        let mut walk = Walk::over(b"a".to_vec());
        std::iter::from_fn(|| walk.next(transaction).unwrap()).collect()
    }

    #[test]
    fn a_walk_sees_what_is_stored_and_what_is_written_and_nothing_twice() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store")).unwrap();
        let key = |number: usize| [b"a", number.to_string().as_bytes()].concat();
        let written = |numbers: &mut dyn Iterator<Item = usize>, there: bool| -> Writes {
            numbers
                .map(|number| (key(number), there.then(|| vec![1])))
                .collect()
        };
        // Of three numbers one is stored; then some of all come and go, in two transactions, the second undoing some of the first.
        let mut stored = written(&mut (0..4 * PAGE).step_by(3), true);
        stored.extend([(b"b".to_vec(), Some(vec![])), (b"Z".to_vec(), Some(vec![]))]);
        store.commit_blocking(stored.clone()).unwrap();
        let mut before = written(&mut (0..4 * PAGE).step_by(5), true);
        before.extend(written(&mut (0..4 * PAGE).step_by(7), false));
        let mut own = written(&mut (0..4 * PAGE).step_by(11), true);
        own.extend(written(&mut (0..3 * PAGE).step_by(2), false));

        let mut model = stored;
        model.extend(before.clone());
        model.extend(own.clone());
        let model = model.into_iter().filter(|(_, value)| value.is_some());
        let model: Vec<Vec<u8>> = model
            .map(|(key, _)| key)
            .filter(|key| key.starts_with(b"a"))
            .collect();
        assert!(model.len() > 2 * PAGE / 3, "{}", model.len());
        let mut transaction = Transaction::new(&store, &before);
        transaction.own = own;
        assert_eq!(walked(&transaction), model);
        for most in [0, 1, 7, PAGE, usize::MAX] {
            let some: Vec<Vec<u8>> = model.iter().take(most).cloned().collect();
            assert_eq!(transaction.keys(b"a", most).unwrap(), some);
        }
    }

    #[test]
    fn what_is_written_ahead_is_seen_and_what_is_removed_behind_harms_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store")).unwrap();
        let none = Writes::new();
        let mut transaction = Transaction::new(&store, &none);
        transaction.own.insert(b"a0".to_vec(), Some(vec![]));
        let mut walk = Walk::over(b"a".to_vec());
        for number in 0..5_u8 {
            let key = walk.next(&transaction).unwrap();
            assert_eq!(key, Some(vec![b'a', b'0' + number]));
            transaction.own.insert(vec![b'a', b'0' + number], None);
            transaction
                .own
                .insert(vec![b'a', b'1' + number], Some(vec![]));
        }
    }
}
