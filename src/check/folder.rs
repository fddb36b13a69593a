//! Whether the store's folder can be used.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::Access;

use crate::config::Finding;

pub(super) fn check(folder: &Path) -> Finding {
    let shown = folder.display();
    match fs::metadata(folder) {
        Ok(metadata) if !metadata.is_dir() => Finding::error(format!(
            "data_dir: {shown} is no folder: name another, or remove the file"
        )),
        Ok(_) if !writable(folder) => Finding::error(format!(
            "data_dir: this user cannot write in {shown}: chown it to the user that the bridge runs as"
        )),
        Ok(metadata) if metadata.mode() & 0o077 != 0 => Finding::warning(format!(
            "data_dir: other users can look into {shown}, where your messages are: chmod 700 {shown}"
        )),
        Ok(_) => Finding::fine(format!("data_dir: {shown} can be written")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => absent(folder),
        Err(error) => Finding::error(format!("data_dir: {shown} cannot be looked at: {error}")),
    }
}

/// The program makes it at its start, where it may.
fn absent(folder: &Path) -> Finding {
    let shown = folder.display();
    let existing = folder.ancestors().find(|folder| folder.exists());
    match existing {
        Some(existing) if existing.is_dir() && writable(existing) => {
            Finding::fine(format!("data_dir: {shown} will be made at the first start"))
        }
        Some(_) | None => Finding::error(format!(
            "data_dir: {shown} does not exist and this user cannot make it: mkdir -m 700 {shown}, then chown it to the \
             user that the bridge runs as"
        )),
    }
}

fn writable(folder: &Path) -> bool {
    rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::config::Level;

    #[test]
    fn folders() {
        let base = tempfile::tempdir().unwrap();
        let check = |name: &str, level: Level, words: &str| {
            let finding = check(&base.path().join(name));
            assert_eq!(finding.level, level, "{finding}");
            assert!(finding.words.contains(words), "{finding}");
        };
        for (name, mode) in [("private", 0o700), ("open", 0o755)] {
            fs::create_dir(base.path().join(name)).unwrap();
            fs::set_permissions(base.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::write(base.path().join("file"), "").unwrap();
        check("private", Level::Fine, "can be written");
        check("open", Level::Warning, "chmod 700");
        check("file", Level::Error, "is no folder");
        check("absent/deep", Level::Fine, "will be made");
        check("file/below", Level::Error, "data_dir");
    }
}
