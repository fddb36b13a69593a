//! The sled database: opened here alone, written in whole transactions, durable before anything is acknowledged.
//!
//! [`Store`] commits; a [`Transaction`] reads and collects what one request writes; `record` says what is stored, `keys`
//! under which names. One tree with key prefixes, so that a commit is one atomic batch.
//!
//! **Invariant:** [`Store::commit`] returns `Ok` only after `sync_data` of the database file: sled's own flush is no
//! fsync on Linux.

pub(crate) mod keys;
pub(crate) mod record;

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The version of the records below; a newer one is refused at opening.
const SCHEMA: u32 = 1;
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
            Self::Open { .. } | Self::Sled(_) | Self::Sync(_) | Self::Closed => true,
            Self::Record { .. } | Self::Full { .. } => false,
        }
    }
}

pub(crate) type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// The open database.
pub(crate) struct Store {
    db: sled::Db,
    file: Arc<File>,
    /// Where sled puts what is too large for its log.
    blobs: PathBuf,
}

impl Store {
    /// Opens the database in `folder`, and makes it where there is none. Blocks; an earlier owner in the same process
    /// that is still closing is waited for.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let failed = |cause: String| StoreError::Open {
            path: folder.to_owned(),
            cause,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| failed(format!("{error} (does this user own the folder above?)")))?;
        let mut tries = 0;
        let db = loop {
            match open_sled(folder) {
                Ok(db) => break db,
                Err(error) if is_locked(&error) && tries < 20 => {
                    tries += 1;
                    std::thread::park_timeout(Duration::from_millis(100));
                }
                Err(error) => return Err(failed(advice(&error))),
            }
        };
        let file = File::open(folder.join("db")).map_err(|error| failed(error.to_string()))?;
        for entry in std::fs::read_dir(folder)
            .map_err(|error| failed(error.to_string()))?
            .flatten()
        {
            if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                std::fs::set_permissions(entry.path(), Permissions::from_mode(0o600))
                    .map_err(|error| failed(error.to_string()))?;
            }
        }
        let store = Self {
            db,
            file: Arc::new(file),
            blobs: folder.join("blobs"),
        };
        match store.schema()? {
            Some(SCHEMA) => {}
            Some(newer) => {
                return Err(failed(format!(
                    "it was written by a newer sms-bridge (format {newer}, this one knows {SCHEMA}); install that \
                     version again, nothing was changed"
                )));
            }
            None => {
                let none = Writes::new();
                let mut transaction = Transaction::new(&store, &none);
                transaction.save(keys::schema(), &SCHEMA)?;
                store.commit_blocking(transaction.into_writes())?;
            }
        }
        store.file.sync_all()?;
        File::open(folder)?.sync_all()?;
        Ok(store)
    }

    fn schema(&self) -> Result<Option<u32>, StoreError> {
        let none = Writes::new();
        Transaction::new(self, &none).load(&keys::schema())
    }

    /// [`commit`](Self::commit) for the start, before there is anybody to keep waiting.
    pub(crate) fn commit_blocking(&self, writes: Writes) -> Result<(), StoreError> {
        self.db.apply_batch(batch(writes))?;
        self.db.flush()?;
        Ok(sync(&self.file, &self.blobs)?)
    }

    /// Makes the writes durable, all or none. The flush must not run on sled's own pool: there it waits for a write that
    /// the same pool has to make, so that a process with as many databases as the pool has threads hangs for ever.
    pub(crate) async fn commit(&self, writes: Writes) -> Result<(), StoreError> {
        self.db.apply_batch(batch(writes))?;
        let (db, file, blobs) = (self.db.clone(), Arc::clone(&self.file), self.blobs.clone());
        tokio::task::spawn_blocking(move || {
            db.flush()?;
            Ok(sync(&file, &blobs)?)
        })
        .await
        .map_err(|error| StoreError::Sync(std::io::Error::other(error)))?
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

fn open_sled(folder: &Path) -> Result<sled::Db, sled::Error> {
    #[expect(clippy::disallowed_methods, reason = "this is bridge_core::store")]
    sled::Config::new()
        .path(folder)
        .cache_capacity(CACHE_BYTES)
        .open()
}

fn is_locked(error: &sled::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

fn advice(error: &sled::Error) -> String {
    if is_locked(error) {
        return "another sms-bridge has it open; stop that one first".to_owned();
    }
    if matches!(error, sled::Error::Corruption { .. }) {
        return format!(
            "{error}; move the folder aside to start with an empty one, and keep it for a report"
        );
    }
    error.to_string()
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
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(store: &'a Store, before: &'a Writes) -> Self {
        Self {
            store,
            before,
            own: Writes::new(),
        }
    }

    /// Octets that it writes, more or less.
    pub(crate) fn size(&self) -> usize {
        let own = self.own.iter();
        own.map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len) + 16)
            .sum()
    }

    pub(crate) fn into_writes(self) -> Writes {
        self.own
    }

    /// The record under `key`. `None` where there is none.
    pub(crate) fn load<R: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<R>, StoreError> {
        let written = self.own.get(key).or_else(|| self.before.get(key));
        match written {
            Some(Some(value)) => decode(key, value).map(Some),
            Some(None) => Ok(None),
            None => self
                .store
                .db
                .get(key)?
                .map(|value| decode(key, &value))
                .transpose(),
        }
    }

    pub(crate) fn exists(&self, key: &[u8]) -> Result<bool, StoreError> {
        match self.own.get(key).or_else(|| self.before.get(key)) {
            Some(written) => Ok(written.is_some()),
            None => Ok(self.store.db.contains_key(key)?),
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

    /// The keys that begin with `prefix`, in order, at most `most`.
    pub(crate) fn keys(&self, prefix: &[u8], most: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut found: BTreeMap<Vec<u8>, bool> = BTreeMap::new();
        let hidden = self.own.len() + self.before.len();
        for key in self
            .store
            .db
            .scan_prefix(prefix)
            .keys()
            .take(most.saturating_add(hidden))
        {
            found.insert(key?.to_vec(), true);
        }
        for writes in [self.before, &self.own] {
            let range = writes
                .range(prefix.to_vec()..)
                .take_while(|(key, _)| key.starts_with(prefix));
            for (key, value) in range {
                found.insert(key.clone(), value.is_some());
            }
        }
        Ok(found
            .into_iter()
            .filter_map(|(key, there)| there.then_some(key))
            .take(most)
            .collect())
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
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_commit_is_there_after_reopening_and_a_transaction_sees_what_came_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        {
            let store = Store::open(&path).unwrap();
            let none = Writes::new();
            let mut first = Transaction::new(&store, &none);
            first.save(b"a1".to_vec(), &1_u32).unwrap();
            first.save(b"a2".to_vec(), &2_u32).unwrap();
            let before = first.into_writes();
            let mut second = Transaction::new(&store, &before);
            assert_eq!(second.load::<u32>(b"a1").unwrap(), Some(1));
            second.remove(b"a1".to_vec());
            assert_eq!(second.load::<u32>(b"a1").unwrap(), None);
            assert_eq!(second.keys(b"a", 10).unwrap(), vec![b"a2".to_vec()]);
            let mut all = before.clone();
            all.extend(second.into_writes());
            store.commit(all).await.unwrap();
        }
        let store = Store::open(&path).unwrap();
        let none = Writes::new();
        let transaction = Transaction::new(&store, &none);
        assert_eq!(transaction.load::<u32>(b"a1").unwrap(), None);
        assert_eq!(transaction.load::<u32>(b"a2").unwrap(), Some(2));
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&path.join("db"))), (0o700, 0o600));
    }

    #[test]
    fn a_store_of_a_newer_version_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        {
            let store = Store::open(folder.path()).unwrap();
            store
                .db
                .insert(keys::schema(), encode(&9_u32).unwrap())
                .unwrap();
            store.db.flush().unwrap();
        }
        let error = Store::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("newer sms-bridge (format 9"), "{error}");
    }

    #[test]
    fn a_second_owner_is_told_about_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let _first = Store::open(folder.path()).unwrap();
        let error = Store::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("another sms-bridge has it open"), "{error}");
    }
}
