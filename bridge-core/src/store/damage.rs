//! A damaged store is put aside, never deleted, and made anew: of what can still be read of it, else of the newest export in
//! the folder above, else empty.
//!
//! **Invariant:** whatever it is made of may be older than what happened. It carries a [`Restored`](super::record::Restored),
//! by which the writer asks before it sends what may have left.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{error, warn};

use super::export::{PREFIX, SUFFIX, compact_time};
use super::import::{self, Since};
use super::lock::{Lock, explain};
use super::open::{Look, hold, open_error};
use super::record::{RestoredFrom, Tally};
use super::swap::{Building, Old};
use super::{FORMAT, Store, StoreError, Transaction, Writes, guarded, keys};
use crate::id::Timestamp;

/// Octets that can be written where the disk is in order.
const PROBE: usize = 64 * 1024;

impl Store {
    /// Opens the store in `folder`. One that is damaged is put aside, and a new one takes its place.
    pub(crate) fn open_or_replace(
        folder: &Path,
        now: Timestamp,
        look: Look,
    ) -> Result<Self, StoreError> {
        let lock = hold(folder)?;
        for look in [look, Look::Whole] {
            match Self::open_held(folder, Arc::clone(&lock), look) {
                // Once more: it may have been short of memory or files.
                Err(StoreError::Damaged { cause }) => warn!(%cause, "the store seems damaged"),
                opened => return opened,
            }
        }
        probe(folder)?;
        replace(folder, &lock, now)?;
        Self::open_held(folder, lock, Look::Whole)
    }
}

/// A disk that cannot be written makes a store look damaged that is not.
fn probe(folder: &Path) -> Result<(), StoreError> {
    let path = folder.with_extension("probe");
    let written = File::create(&path).and_then(|mut file| {
        file.write_all(&[0; PROBE])?;
        file.sync_all()
    });
    let removed = std::fs::remove_file(&path);
    written
        .and(removed)
        .map_err(|error| open_error(folder, explain(&path, &error)))
}

fn replace(folder: &Path, lock: &Arc<Lock>, now: Timestamp) -> Result<(), StoreError> {
    let aside = aside(folder, now);
    let name = aside.file_name().unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    let (mut building, from) = match salvage(folder, lock) {
        Ok(saved) if saved.is_nearly_all() => (saved.building, RestoredFrom::Itself),
        saved => {
            drop(saved);
            match newest_export(folder, lock) {
                Some((building, at)) => (building, RestoredFrom::Export(at)),
                None => match salvage(folder, lock) {
                    Ok(saved) if saved.building.records() > 0 => {
                        (saved.building, RestoredFrom::Itself)
                    }
                    Ok(_) | Err(_) => {
                        let building = Building::begin(folder, Arc::clone(lock))?;
                        (building, RestoredFrom::Nothing)
                    }
                },
            }
        }
    };
    error!(
        aside = name,
        from = ?from,
        records = building.records(),
        "the store is damaged: it is put aside, and a new one takes its place"
    );
    import::note(&mut building, now, from, Some(name))?;
    building.finish(Old::Kept(aside))
}

/// `store.damaged-20261201T000408Z`, with a number behind it where that is taken.
fn aside(folder: &Path, now: Timestamp) -> PathBuf {
    let first = format!("damaged-{}", compact_time(now));
    let more = (2..).map(|number| format!("{first}-{number}"));
    let names = std::iter::once(first.clone()).chain(more);
    let mut paths = names.map(|name| folder.with_extension(name));
    paths
        .find(|path| !path.exists())
        .unwrap_or_else(|| folder.with_extension(first))
}

/// What could be read of a damaged store.
struct Saved {
    building: Building,
    /// How many records there were. `None`: it does not say.
    told: Option<u64>,
}

impl Saved {
    fn is_nearly_all(&self) -> bool {
        self.told.is_some_and(|told| {
            self.building.records().saturating_mul(10) >= told.saturating_mul(9)
        })
    }
}

/// Reads from both ends towards what cannot be read.
fn salvage(folder: &Path, lock: &Arc<Lock>) -> Result<Saved, StoreError> {
    let store = Store::open_unread(folder, Arc::clone(lock))?;
    if store.format()? != Some(FORMAT) {
        return Err(StoreError::Damaged {
            cause: "it does not say its format".to_owned(),
        });
    }
    let none = Writes::new();
    let tally: Result<Option<Tally>, StoreError> =
        Transaction::new(&store, &none).load_strictly(&keys::tally());
    let told = tally.ok().flatten();
    let told = told.map(|tally| tally.records.values().sum());
    let mut building = Building::begin(folder, Arc::clone(lock))?;
    let mut last = Vec::new();
    let mut entries = store.db.iter();
    let whole = loop {
        match guarded(|| entries.next().transpose()) {
            Ok(Some((key, value))) => {
                last = key.to_vec();
                add(&mut building, last.clone(), value.to_vec())?;
            }
            Ok(None) => break true,
            Err(_damaged) => break false,
        }
    };
    let mut entries = store.db.iter();
    while !whole && let Ok(Some((key, value))) = guarded(|| entries.next_back().transpose()) {
        if *key <= *last {
            break;
        }
        add(&mut building, key.to_vec(), value.to_vec())?;
    }
    Ok(Saved { building, told })
}

/// What the damaged store itself was made of is of no interest any more.
fn add(building: &mut Building, key: Vec<u8>, value: Vec<u8>) -> Result<(), StoreError> {
    if key == keys::restored() {
        return Ok(());
    }
    building.add(key, value)
}

fn newest_export(folder: &Path, lock: &Arc<Lock>) -> Option<(Building, Timestamp)> {
    let entries = std::fs::read_dir(folder.parent()?).ok()?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX))
        .collect();
    // The time is in the name, so that they sort by it.
    names.sort();
    for name in names.into_iter().rev() {
        let path = folder.with_file_name(&name);
        let read = File::open(&path)
            .map_err(|error| error.to_string())
            .and_then(|file| {
                import::read(
                    folder,
                    Arc::clone(lock),
                    BufReader::new(file),
                    Since::Unknown,
                )
                .map_err(|error| error.to_string())
            });
        match read {
            Ok(read) => return Some(read),
            Err(error) => warn!(file = name, %error, "this export cannot be read"),
        }
    }
    None
}

#[cfg(test)]
mod tests;
