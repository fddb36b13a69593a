//! Opening: the folder and who may look into it, the lock, sled, the format and its migrations, and what may be missing.
//!
//! Nothing here repairs: what is damaged is reported as [`StoreError::Damaged`].

use std::fs::{DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::{info, warn};

use super::lock::{Lock, explain};
use super::record::Tally;
use super::swap;
use super::tally;
use super::witness::Witness;
use super::{CACHE_BYTES, FORMAT, Store, StoreError, Transaction, Writes, guarded, keys, migrate};

/// A store with no more records than this is read whole at each start; a larger one after a failure only, since that takes
/// seconds.
const SOON_READ: u64 = 50_000;

/// How much of a store is read when it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// What it says of itself; all of it where that is soon done.
    Usual,
    /// Every record.
    Whole,
}

impl Store {
    /// Opens the database in `folder`, and makes it where there is none. Blocks; an earlier owner that is just closing is
    /// waited for.
    #[cfg(test)]
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let lock = hold(folder)?;
        Self::open_held(folder, lock, Look::Usual)
    }

    pub(super) fn open_held(
        folder: &Path,
        lock: Arc<Lock>,
        look: Look,
    ) -> Result<Self, StoreError> {
        let store = Self::open_unread(folder, lock)?;
        store.take_format()?;
        store.look(look)?;
        store.note_commits();
        store.file.sync_all()?;
        File::open(folder)?.sync_all()?;
        Ok(store)
    }

    /// Opens the database without a look at what is in it.
    pub(super) fn open_unread(folder: &Path, lock: Arc<Lock>) -> Result<Self, StoreError> {
        let failed = |error: io::Error| open_error(folder, explain(folder, &error));
        private_folder(folder).map_err(failed)?;
        mend_settings(folder);
        let db = open_sled(folder)?;
        let file = File::open(folder.join("db")).map_err(failed)?;
        let witness = Witness::open(folder).map_err(failed)?;
        close_to_others(folder).map_err(failed)?;
        Ok(Self {
            db,
            file: Arc::new(file),
            blobs: folder.join("blobs"),
            folder: folder.to_owned(),
            tally: Mutex::new(Tally::default()),
            witness: Arc::new(witness),
            image: Mutex::default(),
            _lock: lock,
        })
    }

    /// Brings an older format up to date, and refuses a newer one.
    pub(super) fn take_format(&self) -> Result<(), StoreError> {
        let format = self.format().map_err(|error| {
            error.of_a_record(|cause| open_error(
                &self.folder,
                format!(
                    "its format cannot be read: {cause}. Nothing was changed. Install the version of sms-bridge that wrote \
                     it, or move the folder aside and import an export"
                ),
            ))
        })?;
        match format {
            Some(FORMAT) => Ok(()),
            Some(newer) if newer > FORMAT => Err(open_error(
                &self.folder,
                format!(
                    "it was written by a newer sms-bridge (format {newer}, this one knows {FORMAT}); install that \
                     version again, nothing was changed"
                ),
            )),
            Some(older) => migrate::run(self, older),
            None if guarded(|| self.db.iter().next().transpose())?.is_none() => {
                match self.witness.commits() {
                    Some(commits) if commits > 1 => Err(StoreError::Damaged {
                        cause: format!("all {commits} commits are gone"),
                    }),
                    Some(_) | None => self.begin(),
                }
            }
            None => Err(StoreError::Damaged {
                cause: "it does not say its format any more".to_owned(),
            }),
        }
    }

    /// `None` where nothing is stored yet.
    pub(super) fn format(&self) -> Result<Option<u32>, StoreError> {
        let none = Writes::new();
        Transaction::new(self, &none).load_strictly(&keys::schema())
    }

    fn begin(&self) -> Result<(), StoreError> {
        let none = Writes::new();
        let mut transaction = Transaction::new(self, &none);
        transaction.save(keys::schema(), &FORMAT)?;
        self.commit_blocking(transaction.into_writes())
    }

    /// Compares what is there with what was told of it.
    pub(super) fn look(&self, look: Look) -> Result<(), StoreError> {
        let none = Writes::new();
        let told: Option<Tally> = Transaction::new(self, &none)
            .load_strictly(&keys::tally())
            .map_err(|error| {
                error.of_a_record(|cause| StoreError::Damaged {
                    cause: format!("its tally cannot be read: {cause}"),
                })
            })?;
        let Some(told) = told else {
            return Err(StoreError::Damaged {
                cause: "its tally is gone".to_owned(),
            });
        };
        if let Some(commits) = self.witness.commits()
            && commits > told.commits
        {
            return Err(StoreError::Damaged {
                cause: format!("the last {} commits are gone", commits - told.commits),
            });
        }
        let is_soon_read = told.records.values().sum::<u64>() <= SOON_READ;
        if look == Look::Whole || is_soon_read {
            let counted = tally::count(self)?;
            if let Some(cause) = tally::difference(&told.records, &counted) {
                return Err(StoreError::Damaged { cause });
            }
        }
        *self.tally() = told;
        Ok(())
    }
}

/// Makes the folder above the store where there is none, and takes the store's lock.
pub(super) fn hold(folder: &Path) -> Result<Arc<Lock>, StoreError> {
    let failed = |cause: String| open_error(folder, cause);
    if let Some(above) = folder.parent()
        && !above.as_os_str().is_empty()
        && !above.exists()
    {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(above)
            .map_err(|error| failed(explain(above, &error)))?;
    }
    let lock = Lock::hold(&folder.with_extension("lock")).map_err(failed)?;
    swap::settle(folder).map_err(|error| failed(explain(folder, &error)))?;
    Ok(Arc::new(lock))
}

pub(super) fn open_error(folder: &Path, cause: String) -> StoreError {
    StoreError::Open {
        path: folder.to_owned(),
        cause,
    }
}

fn private_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new().mode(0o700).create(folder)
}

/// Takes from others what they may do with the store's folders and files, which an earlier version or a copy may have left.
fn close_to_others(folder: &Path) -> io::Result<()> {
    for folder in [folder.to_owned(), folder.join("blobs")] {
        if !folder.is_dir() {
            continue;
        }
        close(&folder, 0o700)?;
        for entry in std::fs::read_dir(&folder)?.flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                close(&entry.path(), 0o600)?;
            }
        }
    }
    Ok(())
}

fn close(path: &Path, mode: u32) -> io::Result<()> {
    let change = std::fs::metadata(path).and_then(|metadata| {
        if metadata.permissions().mode() & 0o777 == mode {
            return Ok(());
        }
        std::fs::set_permissions(path, Permissions::from_mode(mode))
    });
    // sled removes files of its own at its own time.
    change.or_else(|error| match error.kind() == io::ErrorKind::NotFound {
        true => Ok(()),
        false => Err(error),
    })
}

/// sled's settings file is always the same, and sled writes it where there is none: a damaged one is put aside.
fn mend_settings(folder: &Path) {
    let path = folder.join("conf");
    let Ok(octets) = std::fs::read(&path) else {
        return;
    };
    let Some((settings, sum)) = octets.split_last_chunk::<4>() else {
        return;
    };
    if [u32::from_le_bytes(*sum), u32::from_be_bytes(*sum)].contains(&crc32(settings)) {
        return;
    }
    warn!("the settings file of the database is damaged; it is put aside and written anew");
    if let Err(error) = std::fs::rename(&path, folder.join("conf.damaged")) {
        warn!(%error, "failed to put it aside");
    }
}

/// The sum that sled puts behind its settings (IEEE 802.3).
fn crc32(octets: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for octet in octets {
        sum ^= u32::from(*octet);
        for _ in 0..8 {
            let carry = if sum & 1 == 1 { 0xEDB8_8320 } else { 0 };
            sum = (sum >> 1) ^ carry;
        }
    }
    !sum
}

fn open_sled(folder: &Path) -> Result<sled::Db, StoreError> {
    let mut tries = 0;
    loop {
        let opened = guarded(|| {
            #[expect(clippy::disallowed_methods, reason = "this is bridge_core::store")]
            sled::Config::new()
                .path(folder)
                .cache_capacity(CACHE_BYTES)
                .open()
        });
        match opened {
            // Threads of a database that was closed just now may still have it; another process cannot, as we hold the lock.
            Err(StoreError::Sled(error)) if is_locked(&error) => {
                tries += 1;
                if tries > 20 {
                    let cause = "another program has its file db open; stop that one first";
                    return Err(open_error(folder, cause.to_owned()));
                }
                std::thread::park_timeout(Duration::from_millis(100));
            }
            Err(StoreError::Sled(sled::Error::Io(error))) => {
                return Err(open_error(folder, explain(folder, &error)));
            }
            Err(StoreError::Sled(sled::Error::Unsupported(cause))) => {
                let cause = format!(
                    "{cause} Nothing was changed: install the version of sms-bridge that wrote it"
                );
                return Err(open_error(folder, cause));
            }
            Ok(db) => {
                if tries > 0 {
                    info!(tries, "the database was closed by its earlier owner");
                }
                return Ok(db);
            }
            Err(error) => return Err(error),
        }
    }
}

pub(super) fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}
