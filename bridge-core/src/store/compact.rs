//! A store written anew without what is not needed any more: sled's file never shrinks.

use std::path::Path;
use std::sync::Arc;

use super::Store;
use super::maintain::{MaintenanceError, hold_existing, size};
use super::open::Look;
use super::swap::{Building, Old};

/// Octets on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Before.
    pub before: u64,
    /// After.
    pub after: u64,
}

/// Writes the store in `data_dir` anew and puts it in place of the old one. A kill at any instant leaves one of both, whole.
///
/// # Errors
///
/// The store is in use or damaged, or there is no room for a second one. It is as it was then.
pub fn compact(data_dir: &Path) -> Result<Compacted, MaintenanceError> {
    let (folder, lock) = hold_existing(data_dir)?;
    let before = size(&folder);
    let mut building = Building::begin(&folder, Arc::clone(&lock))?;
    {
        let store = Store::open_held(&folder, lock, Look::Whole)?;
        store.each(|key, value| building.add(key.to_vec(), value.to_vec()))?;
    }
    building.finish(Old::Removed)?;
    Ok(Compacted {
        before,
        after: size(&folder),
    })
}
