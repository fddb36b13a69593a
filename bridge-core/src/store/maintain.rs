//! What `sms-bridge store` does: with a store that nobody uses, found by the folder above it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::lock::{Lock, explain};
use super::open::hold;
use super::{StoreError, swap};

/// Why a store was not looked after.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaintenanceError {
    /// There is none.
    #[error("there is no store in {0}")]
    Absent(PathBuf),
    /// It cannot be opened: in use, not ours, or of a newer version.
    #[error("failed to open {path}: {cause}")]
    Open {
        /// The folder.
        path: PathBuf,
        /// What happened and what to do.
        cause: String,
    },
    /// The database failed, or is damaged.
    #[error(
        "{0}; nothing was changed. `sms-bridge store check` tells more; the bridge puts a damaged store aside when it starts"
    )]
    Failed(String),
    /// An import is for an empty store.
    #[error(
        "the store in {path} holds {records} records already: an import is for an empty one. Nothing was changed; use another \
         data_dir, or move that folder aside"
    )]
    NotEmpty {
        /// The folder.
        path: PathBuf,
        /// How many there are.
        records: u64,
    },
    /// A line of an export cannot be read.
    #[error("line {number}: {cause}; nothing was changed")]
    Line {
        /// From 1.
        number: u64,
        /// What is wrong with it.
        cause: String,
    },
    /// A file cannot be read or written.
    #[error("{0}")]
    File(String),
}

impl MaintenanceError {
    pub(super) fn file(path: &Path, error: &io::Error) -> Self {
        Self::File(explain(path, error))
    }
}

impl From<StoreError> for MaintenanceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Open { path, cause } => Self::Open { path, cause },
            StoreError::Sled(_)
            | StoreError::Sync(_)
            | StoreError::Damaged { .. }
            | StoreError::Closed
            | StoreError::Full { .. }
            | StoreError::Record { .. } => Self::Failed(error.to_string()),
        }
    }
}

/// The store's folder and its lock; nobody else has it until the lock is dropped.
pub(super) fn hold_existing(data_dir: &Path) -> Result<(PathBuf, Arc<Lock>), MaintenanceError> {
    let folder = data_dir.join("store");
    if !swap::is_there(&folder) {
        return Err(MaintenanceError::Absent(data_dir.to_owned()));
    }
    let lock = hold(&folder)?;
    Ok((folder, lock))
}

/// Octets in the files of a folder, those of its folders included.
pub(super) fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests;
