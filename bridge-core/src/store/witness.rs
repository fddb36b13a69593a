//! The file `commits` in the store's folder: how many commits were made durable, told by something other than the database.
//!
//! Written after each commit and synced by nobody, so it never runs ahead of the database and costs the flash next to
//! nothing. A database that knows of fewer commits has lost some: sled takes a damaged end of its log for one that was never
//! written.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

#[derive(Debug)]
pub(super) struct Witness(File);

impl Witness {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(folder.join("commits"))
            .map(Self)
    }

    /// `None` where it is new, or does not say the same twice.
    pub(super) fn commits(&self) -> Option<u64> {
        let mut octets = [0; 42];
        self.0.read_exact_at(&mut octets, 0).ok()?;
        let text = std::str::from_utf8(&octets).ok()?;
        let (first, second) = text.trim_end().split_once(' ')?;
        (first == second).then(|| first.parse().ok()).flatten()
    }

    pub(super) fn note(&self, commits: u64) -> io::Result<()> {
        let line = format!("{commits:020} {commits:020}\n");
        self.0.write_all_at(line.as_bytes(), 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_was_noted_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let witness = Witness::open(folder.path()).unwrap();
        assert_eq!(witness.commits(), None);
        for commits in [0, 7, u64::MAX] {
            witness.note(commits).unwrap();
            assert_eq!(
                Witness::open(folder.path()).unwrap().commits(),
                Some(commits)
            );
        }
        witness.0.write_all_at(b"9", 3).unwrap();
        assert_eq!(witness.commits(), None);
    }
}
