//! The file of what a SIM held: there whole, or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Why the file could not be written.
#[derive(Debug, thiserror::Error)]
#[error(
    "failed to write {path}: {cause} (what the SIM holds is saved there before it is cleared; it stays on the SIM)"
)]
pub(crate) struct FileError {
    path: PathBuf,
    cause: io::Error,
}

/// Writes beside it, syncs, and puts it in its place; what an earlier attempt left there is replaced.
pub(super) fn write(path: &Path, lines: &str) -> Result<(), FileError> {
    let failed = |cause| FileError {
        path: path.to_owned(),
        cause,
    };
    let beside = path.with_extension("part");
    // Made anew, for its mode.
    match fs::remove_file(&beside) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let put = || -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(lines.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        match path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    };
    put().map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_file_is_private_and_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sim-home.jsonl");
        // Of an attempt that was killed.
        fs::write(folder.path().join("sim-home.part"), "half a li").unwrap();
        for lines in ["a longer line\n", "a line\n"] {
            write(&path, lines).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), lines);
        }
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let nowhere = folder.path().join("absent/sim-home.jsonl");
        let error = write(&nowhere, "a line\n").unwrap_err().to_string();
        assert!(error.contains("absent/sim-home.jsonl"), "{error}");
    }
}
