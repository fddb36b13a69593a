//! The sled database: opened here alone, written in whole transactions, durable before anything is acknowledged.
//!
//! `Store` commits; a `Transaction` reads and collects what one request writes; `record` says what is stored, `keys`
//! under which names. One tree with key prefixes, so that a commit is one atomic batch.
//!
//! **Invariant:** `Store::commit` returns `Ok` only after `sync_data` of the database file: sled's own flush is no
//! fsync on Linux.

pub(crate) mod automatic;
mod check;
mod compact;
mod contacts;
mod damage;
mod export;
mod image;
mod import;
pub(crate) mod keys;
mod kinds;
mod lock;
mod maintain;
mod migrate;
mod open;
pub(crate) mod record;
mod swap;
mod tally;
mod walk;
mod witness;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use lock::Lock;
use record::{Quarantined, Tally};
use witness::Witness;

use crate::crash::point;

pub use check::{Report, check};
pub use compact::{Compacted, compact};
pub(crate) use contacts::Named;
pub use contacts::{ImportedContacts, export_contacts, import_contacts};
pub use export::{export, export_path, export_to_file};
pub(crate) use image::Page;
pub use import::{Since, import};
pub use maintain::MaintenanceError;
pub(crate) use open::Look;
pub(crate) use walk::Walk;

/// The version of the records below; a newer one is refused at opening.
const FORMAT: u32 = 2;
/// The first octet of every value.
const ENVELOPE: u8 = 1;
/// sled's own default is 1 GiB.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;

/// Why the store did not do something.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("failed to open {path}: {cause}")]
    Open { path: PathBuf, cause: String },
    #[error("the database failed: {0}")]
    Sled(#[from] sled::Error),
    #[error("failed to sync the database file: {0}")]
    Sync(#[from] std::io::Error),
    #[error("the database is damaged: {cause}")]
    Damaged { cause: String },
    #[error("the database is closed")]
    Closed,
    #[error(
        "the disk is full: {free} are free in {folder}, and {kept} are kept for what has begun"
    )]
    Full {
        free: String,
        folder: PathBuf,
        kept: String,
    },
    #[error("the record under {key} cannot be read: {cause}")]
    Record { key: String, cause: String },
}

impl StoreError {
    /// Whether the database itself failed, and has to be opened again; not one record in it.
    pub(crate) fn is_of_the_database(&self) -> bool {
        match self {
            Self::Open { .. }
            | Self::Sled(_)
            | Self::Sync(_)
            | Self::Damaged { .. }
            | Self::Closed => true,
            Self::Record { .. } | Self::Full { .. } => false,
        }
    }

    /// What it means that this one record cannot be read.
    fn of_a_record(self, means: impl FnOnce(String) -> Self) -> Self {
        if let Self::Record { cause, .. } = self {
            return means(cause);
        }
        self
    }
}

pub(crate) type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// The open database.
pub(crate) struct Store {
    db: sled::Db,
    file: Arc<File>,
    /// Where sled puts what is too large for its log.
    blobs: PathBuf,
    folder: PathBuf,
    /// As it was committed last.
    tally: Mutex<Tally>,
    witness: Arc<Witness>,
    /// Who reads the store as it was at one moment. `None`: nobody.
    image: Mutex<Option<image::Image>>,
    _lock: Arc<Lock>,
}

impl Store {
    /// [`commit`](Self::commit) for the start, before there is anybody to keep waiting.
    pub(crate) fn commit_blocking(&self, writes: Writes) -> Result<(), StoreError> {
        let (writes, tally) = self.counted(writes)?;
        self.keep_for_image(&writes)?;
        self.write_whole(writes)?;
        self.learn(tally);
        Ok(())
    }

    /// Makes the writes durable, all or none. The flush must not run on sled's own pool: there it waits for a write that
    /// the same pool has to make, so that a process with as many databases as the pool has threads hangs for ever.
    pub(crate) async fn commit(&self, writes: Writes) -> Result<(), StoreError> {
        point("store: nothing written");
        let (writes, tally) = self.counted(writes)?;
        self.keep_for_image(&writes)?;
        guarded(|| self.db.apply_batch(batch(writes)))?;
        point("store: batch applied");
        let (db, file, blobs) = (self.db.clone(), Arc::clone(&self.file), self.blobs.clone());
        tokio::task::spawn_blocking(move || {
            guarded(|| db.flush())?;
            point("store: flushed");
            sync(&file, &blobs).map_err(StoreError::Sync)?;
            point("store: synced");
            Ok::<(), StoreError>(())
        })
        .await
        .map_err(|error| StoreError::Sync(std::io::Error::other(error)))??;
        self.learn(tally);
        Ok(())
    }

    /// Writes without making it durable: that follows.
    fn write_unsynced(&self, writes: Writes) -> Result<(), StoreError> {
        guarded(|| self.db.apply_batch(batch(writes)))
    }

    /// Makes the writes durable as they are.
    fn write_whole(&self, writes: Writes) -> Result<(), StoreError> {
        guarded(|| self.db.apply_batch(batch(writes)))?;
        point("store: batch applied");
        guarded(|| self.db.flush())?;
        point("store: flushed");
        sync(&self.file, &self.blobs)?;
        point("store: synced");
        Ok(())
    }

    /// With the tally as it is after them.
    fn counted(&self, mut writes: Writes) -> Result<(Writes, Tally), StoreError> {
        let tally = self.tally().after(&writes, |key| self.contains(key))?;
        let value = encode(&tally).map_err(|cause| StoreError::Record {
            key: "tally".to_owned(),
            cause,
        })?;
        writes.insert(keys::tally(), Some(value));
        Ok((writes, tally))
    }

    /// A commit is durable.
    fn learn(&self, tally: Tally) {
        *self.tally() = tally;
        self.note_commits();
    }

    fn note_commits(&self) {
        // It only tells of a loss: what is stored is stored without it.
        if let Err(error) = self.witness.note(self.tally().commits) {
            tracing::warn!(%error, "failed to note how many commits there were");
        }
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn image(&self) -> MutexGuard<'_, Option<image::Image>> {
        self.image.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn contains(&self, key: &[u8]) -> Result<bool, StoreError> {
        guarded(|| self.db.contains_key(key))
    }
}

/// Calls sled, which panics where it finds what it never wrote.
fn guarded<T>(call: impl FnOnce() -> Result<T, sled::Error>) -> Result<T, StoreError> {
    let damaged = |cause: String| StoreError::Damaged { cause };
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) if is_damage(&error) => Err(damaged(error.to_string())),
        Ok(Err(error)) => Err(StoreError::Sled(error)),
        Err(_panic) => Err(damaged("the database panicked".to_owned())),
    }
}

/// Whether the database says that it is damaged; anything else the system says.
fn is_damage(error: &sled::Error) -> bool {
    match error {
        sled::Error::Corruption { .. }
        | sled::Error::ReportableBug(_)
        | sled::Error::CollectionNotFound(_) => true,
        sled::Error::Io(cause) => {
            use std::io::ErrorKind;
            let kinds = [
                ErrorKind::InvalidData,
                ErrorKind::InvalidInput,
                ErrorKind::UnexpectedEof,
                ErrorKind::Other,
            ];
            kinds.contains(&cause.kind()) && !open::is_locked(error)
        }
        sled::Error::Unsupported(_) => false,
    }
}

/// sled flushes its log with no fsync, and never its blobs, of which there are few or none.
fn sync(file: &File, blobs: &Path) -> std::io::Result<()> {
    let mut any = false;
    for blob in std::fs::read_dir(blobs).into_iter().flatten() {
        match File::open(blob?.path()) {
            Ok(blob) => blob.sync_data()?,
            // sled removes blobs that are not needed any more at its own time.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        any = true;
    }
    if any {
        File::open(blobs)?.sync_all()?;
    }
    file.sync_data()
}

fn batch(writes: Writes) -> sled::Batch {
    let mut batch = sled::Batch::default();
    for (key, value) in writes {
        match value {
            Some(value) => batch.insert(key, value),
            None => batch.remove(key),
        }
    }
    batch
}

/// What one request reads and writes: sees the requests before it in the same commit, and its own writes.
pub(crate) struct Transaction<'a> {
    store: &'a Store,
    before: &'a Writes,
    own: Writes,
    /// What could not be read, by its key.
    broken: RefCell<BTreeMap<Vec<u8>, Quarantined>>,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(store: &'a Store, before: &'a Writes) -> Self {
        Self {
            store,
            before,
            own: Writes::new(),
            broken: RefCell::default(),
        }
    }

    /// Octets that it writes, more or less.
    pub(crate) fn size(&self) -> usize {
        let own = self.own.iter();
        own.map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len) + 16)
            .sum()
    }

    /// What it wrote, and the records that it could not read as moved into quarantine.
    pub(crate) fn into_writes(mut self) -> Writes {
        for (key, quarantined) in self.broken.take() {
            let Ok(value) = encode(&quarantined) else {
                continue;
            };
            self.own.insert(keys::quarantine(&key), Some(value));
            self.own.entry(key).or_insert(None);
        }
        self.own
    }

    /// The kinds of the records that it could not read.
    pub(crate) fn broken(&self) -> Vec<String> {
        let broken = self.broken.borrow();
        broken.keys().map(|key| keys::shown(key)).collect()
    }

    /// The record under `key`. `None` where there is none, and where it cannot be read: then it goes into quarantine with
    /// what this transaction writes.
    pub(crate) fn load<R: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<R>, StoreError> {
        let Some(value) = self.value(key)? else {
            return Ok(None);
        };
        match decode(key, &value) {
            Ok(record) => Ok(Some(record)),
            Err(StoreError::Record { cause, .. }) => {
                let value = sms_codec::hex::encode(&value);
                let quarantined = Quarantined { value, cause };
                self.broken.borrow_mut().insert(key.to_vec(), quarantined);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// As [`load`](Self::load), but a record that cannot be read is an error.
    fn load_strictly<R: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<R>, StoreError> {
        let value = self.value(key)?;
        value.map(|value| decode(key, &value)).transpose()
    }

    fn value(&self, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        match self.written(key) {
            Some(written) => Ok(written.as_deref().map(sled::IVec::from)),
            None => guarded(|| self.store.db.get(key)),
        }
    }

    pub(crate) fn exists(&self, key: &[u8]) -> Result<bool, StoreError> {
        match self.written(key) {
            Some(written) => Ok(written.is_some()),
            None => self.store.contains(key),
        }
    }

    pub(crate) fn save<R: Serialize>(
        &mut self,
        key: Vec<u8>,
        record: &R,
    ) -> Result<(), StoreError> {
        let value = encode(record).map_err(|cause| StoreError::Record {
            key: keys::shown(&key),
            cause,
        })?;
        self.own.insert(key, Some(value));
        Ok(())
    }

    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.own.insert(key, None);
    }

    /// What this transaction, or one before it, wrote under a key.
    fn written(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.own.get(key).or_else(|| self.before.get(key))
    }
}

/// One octet of version, then JSON.
pub(crate) fn encode<R: Serialize>(record: &R) -> Result<Vec<u8>, String> {
    let mut value = vec![ENVELOPE];
    serde_json::to_writer(&mut value, record).map_err(|error| error.to_string())?;
    Ok(value)
}

fn decode<R: DeserializeOwned>(key: &[u8], value: &[u8]) -> Result<R, StoreError> {
    let broken = |cause: String| StoreError::Record {
        key: keys::shown(key),
        cause,
    };
    match value.split_first() {
        Some((&ENVELOPE, json)) => {
            serde_json::from_slice(json).map_err(|error| broken(error.to_string()))
        }
        Some((version, _)) => Err(broken(format!(
            "its version is {version}, this program knows {ENVELOPE}"
        ))),
        None => Err(broken("it is empty".to_owned())),
    }
}

#[cfg(test)]
mod tests;
