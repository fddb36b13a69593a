//! Resets one USB device: the kernel lets go of it and takes it again (`authorized`, see the kernel's
//! `Documentation/usb/authorization.rst`). Its ports go and come back, perhaps with other numbers. Needs root.
//!
//! It does not switch the device's power; a stick whose firmware hangs altogether may need to be unplugged.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use super::Sysfs;
use crate::config::UsbPath;

/// How long the device is let go of.
const APART: Duration = Duration::from_millis(500);
/// A device that was let go of must be taken again.
const TRIES: usize = 5;

/// Why a device was not reset.
#[derive(Debug, Error)]
pub(crate) enum ResetError {
    /// Neither was anything done.
    #[error("only root may reset it at its USB port, by {file}")]
    Denied {
        /// The file that says whether the kernel has the device.
        file: PathBuf,
    },
    /// The device may be let go of or not.
    #[error("{file} cannot be written: {source}")]
    Failed {
        /// The same.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Resets a device that is plugged in there.
///
/// # Cancel safety
///
/// A reset that began goes on to its end: the device must not stay let go of.
pub(crate) async fn reset(root: &Sysfs, path: &UsbPath) -> Result<(), ResetError> {
    let file = root.device(path).join("authorized");
    let failed = ResetError::Failed {
        file: file.clone(),
        source: io::Error::other("the program ends"),
    };
    match tokio::spawn(let_go_and_take(file)).await {
        Ok(done) => done,
        Err(_ended) => Err(failed),
    }
}

async fn let_go_and_take(file: PathBuf) -> Result<(), ResetError> {
    write(&file, "0").await?;
    let mut taken = Ok(());
    for _ in 0..TRIES {
        rest(APART).await;
        taken = write(&file, "1").await;
        if taken.is_ok() {
            break;
        }
    }
    taken
}

/// The kernel acts while it is written to, for seconds if need be.
async fn write(file: &Path, text: &'static str) -> Result<(), ResetError> {
    let path = file.to_owned();
    let write = move || {
        // Never made anew: what is not there is no device.
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.write_all(text.as_bytes())
    };
    let written = match tokio::task::spawn_blocking(write).await {
        Ok(written) => written,
        Err(error) => Err(io::Error::other(error)),
    };
    written.map_err(|source| {
        let file = file.to_owned();
        if source.kind() == io::ErrorKind::PermissionDenied {
            ResetError::Denied { file }
        } else {
            ResetError::Failed { file, source }
        }
    })
}

#[allow(
    clippy::disallowed_methods,
    reason = "the reset is the driver's, where time enters"
)]
async fn rest(time: Duration) {
    tokio::time::sleep(time).await;
}
