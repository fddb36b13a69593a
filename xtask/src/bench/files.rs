//! Programs that take messages from one folder and put them into another.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::until;

const PATIENCE: Duration = Duration::from_secs(300);

/// The folders.
pub(super) struct Folders {
    /// Where messages to send are put.
    pub(super) out: PathBuf,
    /// Where they lie once they are sent.
    pub(super) sent: PathBuf,
    /// Where messages that came in are put.
    pub(super) within: PathBuf,
}

impl Folders {
    /// Puts messages into the folder, each whole under its name at once, and waits until they are sent.
    pub(super) fn send(&self, messages: Vec<(String, Vec<u8>)>) -> Result<()> {
        let sent = count(&self.sent)? + messages.len();
        let beside = self.out.with_extension("new");
        for (name, octets) in messages {
            fs::write(&beside, octets)?;
            fs::rename(&beside, self.out.join(name))?;
        }
        until("sent files", PATIENCE, Duration::from_millis(5), || {
            Ok((count(&self.sent)? >= sent).then_some(()))
        })
    }

    /// Waits until so many messages came in.
    pub(super) fn received(&self, total: u32) -> Result<()> {
        let total = usize::try_from(total)?;
        until("received files", PATIENCE, Duration::from_millis(2), || {
            Ok((count(&self.within)? >= total).then_some(()))
        })
    }
}

fn count(folder: &Path) -> Result<usize> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("failed to read {}", folder.display()))?;
    Ok(entries.count())
}
