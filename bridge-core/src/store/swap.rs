//! A store that is built beside the one in use, and put in its place: whole at any instant, whenever the program is killed.
//!
//! | folder | what |
//! |---|---|
//! | `store` | the store in use |
//! | `store.building` | not complete: worth nothing |
//! | `store.new` | complete, and about to become `store` |
//! | `store.old` | was `store`, and is about to be removed |

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::lock::{Lock, explain};
use super::open::open_error;
use super::record::Tally;
use super::{FORMAT, Store, StoreError, Transaction, Writes, keys};
use crate::crash::point;

/// Records that are written together.
const TOGETHER: usize = 2_000;

/// What becomes of the store that was in use.
pub(super) enum Old {
    Removed,
    /// Kept under this path, which is free.
    Kept(PathBuf),
}

/// A store under construction.
pub(super) struct Building {
    folder: PathBuf,
    store: Store,
    waiting: Writes,
    tally: Tally,
}

impl Building {
    pub(super) fn begin(folder: &Path, lock: Arc<Lock>) -> Result<Self, StoreError> {
        let building = beside(folder, "building");
        remove(&building).map_err(|error| open_error(&building, explain(&building, &error)))?;
        point("swap: nothing built");
        Ok(Self {
            folder: folder.to_owned(),
            store: Store::open_unread(&building, lock)?,
            waiting: Writes::new(),
            tally: Tally {
                commits: 1,
                ..Tally::default()
            },
        })
    }

    /// One record, whose key is new. The format and the tally are written at the end.
    pub(super) fn add(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<(), StoreError> {
        if key == keys::tally() || key == keys::schema() {
            return Ok(());
        }
        let count = self.tally.records.entry(keys::shown(&key)).or_default();
        *count = count.saturating_add(1);
        self.waiting.insert(key, Some(value));
        if self.waiting.len() >= TOGETHER {
            self.store
                .write_unsynced(std::mem::take(&mut self.waiting))?;
            point("swap: some written");
        }
        Ok(())
    }

    /// Completes it and puts it in place of the store in use, which must be closed.
    pub(super) fn finish(mut self, old: Old) -> Result<(), StoreError> {
        self.tally.records.insert("schema".to_owned(), 1);
        let mut transaction = Transaction::new(&self.store, &self.waiting);
        transaction.save(keys::schema(), &FORMAT)?;
        transaction.save(keys::tally(), &self.tally)?;
        let last = transaction.into_writes();
        self.waiting.extend(last);
        self.store.write_whole(self.waiting)?;
        self.store.learn(self.tally);
        drop(self.store);
        point("swap: complete, not synced");
        let put = put_in_place(&self.folder, &old);
        put.map_err(|error| open_error(&self.folder, explain(&self.folder, &error)))
    }

    pub(super) fn records(&self) -> u64 {
        self.tally.records.values().sum()
    }
}

fn put_in_place(folder: &Path, old: &Old) -> io::Result<()> {
    let (building, new) = (beside(folder, "building"), beside(folder, "new"));
    for entry in std::fs::read_dir(&building)? {
        File::open(entry?.path())?.sync_all()?;
    }
    File::open(&building)?.sync_all()?;
    remove(&new)?;
    point("swap: synced, not named");
    std::fs::rename(&building, &new)?;
    point("swap: named new");
    sync_above(folder)?;
    if folder.exists() {
        let aside = match old {
            Old::Removed => beside(folder, "old"),
            Old::Kept(path) => path.clone(),
        };
        point("swap: about to be put in place");
        std::fs::rename(folder, aside)?;
        point("swap: old one put away");
        sync_above(folder)?;
    }
    settle(folder)
}

/// Ends what was under way when the program was killed.
pub(super) fn settle(folder: &Path) -> io::Result<()> {
    let (new, old) = (beside(folder, "new"), beside(folder, "old"));
    if !folder.exists() {
        // Only a complete one is ever called so, and only then is the store in use put away.
        if new.exists() {
            point("swap: none in place");
            std::fs::rename(&new, folder)?;
            point("swap: new one in place");
            sync_above(folder)?;
        } else if old.exists() {
            std::fs::rename(&old, folder)?;
            sync_above(folder)?;
        }
    }
    for left in [beside(folder, "building"), new, old] {
        let is_there = left.exists();
        remove(&left)?;
        if is_there {
            point("swap: cleared away");
        }
    }
    Ok(())
}

/// Whether there is a store, or will be once what was under way is settled.
pub(super) fn is_there(folder: &Path) -> bool {
    folder.is_dir() || beside(folder, "new").is_dir() || beside(folder, "old").is_dir()
}

fn beside(folder: &Path, what: &str) -> PathBuf {
    folder.with_extension(what)
}

fn remove(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn sync_above(folder: &Path) -> io::Result<()> {
    match folder.parent() {
        Some(above) if !above.as_os_str().is_empty() => File::open(above)?.sync_all(),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After a kill between any two steps the store is the old one or the new one, whole.
    #[test]
    fn whatever_was_under_way_one_store_is_left_and_it_is_whole() {
        let cases = [
            (&["store"][..], "store"),
            (&["store", "store.building"], "store"),
            (&["store", "store.new"], "store"),
            (&["store.new", "store.old"], "store.new"),
            (&["store.new", "store.damaged-1"], "store.new"),
            (&["store", "store.old"], "store"),
            (&["store.old", "store.building"], "store.old"),
            (&["store.building"], ""),
        ];
        for (found, kept) in cases {
            let above = tempfile::tempdir().unwrap();
            for name in found {
                std::fs::create_dir(above.path().join(name)).unwrap();
                std::fs::write(above.path().join(name).join("from"), name).unwrap();
            }
            let folder = above.path().join("store");
            assert_eq!(is_there(&folder), !kept.is_empty(), "{found:?}");
            settle(&folder).unwrap();
            let from = std::fs::read_to_string(folder.join("from")).unwrap_or_default();
            assert_eq!(from, kept, "{found:?}");
            let left = std::fs::read_dir(above.path()).unwrap();
            let names = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let others = names.filter(|name| name != "store" && !name.contains("damaged"));
            assert_eq!(others.count(), 0, "{found:?}");
        }
    }
}
