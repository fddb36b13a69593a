//! The store as it was at one moment, read a page at a time while it changes.
//!
//! What a commit changes ahead of the reader is first kept as it was, until the reader has passed it. That is little: the
//! reader is fast, and what lies behind it may change as it likes.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{Store, StoreError, Writes, guarded};

/// Octets that are kept at most; beyond that the image is lost.
const MOST: usize = 4 * 1024 * 1024;

/// A reader, and what is kept for it.
#[derive(Debug, Default)]
pub(super) struct Image {
    /// The last key that was read. `None`: none yet.
    read: Option<Vec<u8>>,
    /// What was changed ahead of it, as it was. `None`: it was not there.
    kept: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// Octets in `kept`.
    size: usize,
}

/// What the image has next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// These records, in the order of their keys.
    Records(Vec<(Vec<u8>, Vec<u8>)>),
    /// Everything was read.
    End,
    /// So much changed meanwhile that the image could not be kept.
    Lost,
}

impl Store {
    /// The image is of now. An earlier one is given up.
    pub(crate) fn begin_image(&self) {
        *self.image() = Some(Image::default());
    }

    /// Nothing is kept any more.
    pub(crate) fn end_image(&self) {
        *self.image() = None;
    }

    /// The next records of the image, `most` or a few more.
    pub(crate) fn image_page(&self, most: usize) -> Result<Page, StoreError> {
        let mut held = self.image();
        let Some(image) = held.as_mut() else {
            return Ok(Page::Lost);
        };
        let from = match &image.read {
            Some(read) => Bound::Excluded(read.as_slice()),
            None => Bound::Unbounded,
        };
        let range = (from, Bound::Unbounded);
        let mut stored = self.db.range::<&[u8], _>(range).take(most);
        let mut page = BTreeMap::new();
        while let Some((key, value)) = guarded(|| stored.next().transpose())? {
            page.insert(key.to_vec(), value.to_vec());
        }
        // Of what is kept, as far as this page goes: the last page goes to the end.
        let last = page.keys().next_back().filter(|_| page.len() == most);
        let behind = match last {
            Some(last) => {
                let mut behind = image.kept.split_off(last);
                if let Some(value) = behind.remove(last) {
                    image.kept.insert(last.clone(), value);
                }
                behind
            }
            None => BTreeMap::new(),
        };
        let kept = std::mem::replace(&mut image.kept, behind);
        image.size = image.kept.iter().map(size).sum();
        let read = page.keys().chain(kept.keys()).max().cloned();
        for (key, value) in kept {
            match value {
                Some(value) => page.insert(key, value),
                None => page.remove(&key),
            };
        }
        let Some(read) = read else {
            return Ok(Page::End);
        };
        image.read = Some(read);
        Ok(Page::Records(page.into_iter().collect()))
    }

    /// These are about to be written: what they replace is kept for the image, if there is one.
    pub(super) fn keep_for_image(&self, writes: &Writes) -> Result<(), StoreError> {
        let mut held = self.image();
        let Some(image) = held.as_mut() else {
            return Ok(());
        };
        for key in writes.keys() {
            let is_behind = image.read.as_ref().is_some_and(|read| key <= read);
            if is_behind || image.kept.contains_key(key) {
                continue;
            }
            let value = guarded(|| self.db.get(key))?.map(|value| value.to_vec());
            image.size += size((key, &value));
            image.kept.insert(key.clone(), value);
        }
        if image.size > MOST {
            *held = None;
        }
        Ok(())
    }
}

fn size((key, value): (&Vec<u8>, &Option<Vec<u8>>)) -> usize {
    key.len() + value.as_ref().map_or(0, Vec::len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::keys;

    type Contents = BTreeMap<Vec<u8>, Vec<u8>>;

    fn contents(store: &Store) -> Contents {
        let mut found = Contents::new();
        let each = |key: &[u8], value: &[u8]| {
            found.insert(key.to_vec(), value.to_vec());
            Ok(())
        };
        store.each(each).unwrap();
        found
    }

    fn some(random: &mut fastrand::Rng, length: usize) -> Writes {
        let writes = (0..random.usize(1..30)).map(|_| {
            let key = keys::join("message", &random.u16(0..600).to_be_bytes());
            let value = random.bool().then(|| vec![random.u8(..); length]);
            (key, value)
        });
        writes.collect()
    }

    #[test]
    fn an_image_is_of_one_moment_whatever_changes_while_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store")).unwrap();
        let mut random = fastrand::Rng::with_seed(11);
        for round in 0..60 {
            store.commit_blocking(some(&mut random, 8)).unwrap();
            let then = contents(&store);
            store.begin_image();
            let mut read = Vec::new();
            let mut pages = 0;
            let most = random.usize(1..40);
            loop {
                store.commit_blocking(some(&mut random, 8)).unwrap();
                match store.image_page(most).unwrap() {
                    Page::Records(records) => read.extend(records),
                    Page::End => break,
                    Page::Lost => panic!("lost"),
                }
                pages += 1;
                assert!(pages < 10_000, "{round}");
            }
            store.end_image();
            let expected: Vec<(Vec<u8>, Vec<u8>)> = then.into_iter().collect();
            assert_eq!(read, expected, "{round}");
        }
    }

    #[test]
    fn what_cannot_be_kept_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store")).unwrap();
        let large = |octet| {
            let records = (0..200_u8).map(|number| {
                let key = keys::join("message", &[number]);
                (key, Some(vec![octet; MOST / 100]))
            });
            records.collect::<Writes>()
        };
        store.commit_blocking(large(1)).unwrap();
        store.begin_image();
        store.commit_blocking(large(2)).unwrap();
        assert_eq!(store.image_page(10).unwrap(), Page::Lost);
        store.begin_image();
        assert!(matches!(store.image_page(10).unwrap(), Page::Records(_)));
    }
}
