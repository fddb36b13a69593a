//! The file `store.lock` beside the store: whoever holds its lock may open the store. It names the holder, so that a second
//! process can be told whom to stop.
//!
//! The lock is the kernel's (`flock`) and ends with the process, however that ends. The file stays: removing it would let
//! two processes hold locks on two files of one name.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// A holder that is about to end is waited for this often, and this long each time.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// The held lock; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock. Waits two seconds at most for a holder that is just ending.
    pub(super) fn hold(path: &Path) -> Result<Self, String> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|error| explain(path, &error))?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Self::held(file).map_err(|error| explain(path, &error)),
                Err(TryLockError::WouldBlock) => std::thread::park_timeout(PAUSE),
                Err(TryLockError::Error(error)) => return Err(explain(path, &error)),
            }
        }
        Err(in_use(file))
    }

    fn held(mut file: File) -> io::Result<Self> {
        file.set_len(0)?;
        file.write_all(format!("{}\n", std::process::id()).as_bytes())?;
        Ok(Self { _file: file })
    }
}

fn in_use(file: File) -> String {
    let mut holder = String::new();
    // A holder that cannot be read is not named.
    let read = file.take(20).read_to_string(&mut holder);
    let named = match (read, holder.trim().parse::<u32>()) {
        (Ok(_), Ok(number)) => format!(" by process {number}"),
        (Ok(_) | Err(_), _) => String::new(),
    };
    format!(
        "it is in use{named}: stop that one first (systemctl stop sms-bridge), or use another data_dir"
    )
}

/// What to do about an error of the file system.
pub(super) fn explain(path: &Path, error: &io::Error) -> String {
    let shown = path.display();
    let kind = error.kind();
    let advice = if kind == io::ErrorKind::PermissionDenied {
        "chown the folder to the user that the bridge runs as, or run this as that user"
    } else if kind == io::ErrorKind::ReadOnlyFilesystem {
        "its file system is read-only: look into the kernel's log (dmesg) for why, and mount it writable again"
    } else if [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded].contains(&kind) {
        "make room on its file system, then start again"
    } else {
        return format!("{shown}: {error}");
    };
    format!("{shown}: {error}; nothing was changed: {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_told_of_the_first_and_the_lock_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.lock");
        let first = Lock::hold(&path).unwrap();
        let told = Lock::hold(&path).unwrap_err();
        let process = format!("in use by process {}", std::process::id());
        assert!(told.contains(&process), "{told}");
        drop(first);
        Lock::hold(&path).unwrap();
    }
}
