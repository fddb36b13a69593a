//! Secrets from files: read once, checked for who else can read them, never printed.

use std::fs::{self, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use secrecy::SecretString;

/// A longer file holds something else.
const LIMIT: u64 = 64 * 1024;

/// Reads a secret: the file's text without white space around it.
///
/// # Errors
///
/// In words for the one who wrote the configuration.
pub(crate) fn read(path: &Path) -> Result<SecretString, String> {
    let shown = path.display();
    let file = fs::File::open(path).map_err(|error| {
        let kind = error.kind();
        if kind == ErrorKind::NotFound {
            format!("there is no file {shown}: write the secret into it, then chmod 600 {shown}")
        } else if kind == ErrorKind::PermissionDenied {
            format!(
                "{shown} cannot be read by this user: give it to the user that the bridge runs as (chown, chmod 600)"
            )
        } else {
            format!("{shown} cannot be read: {error}")
        }
    })?;
    let metadata = file
        .metadata()
        .map_err(|error| format!("{shown} cannot be read: {error}"))?;
    if !metadata.is_file() {
        return Err(format!("{shown} is no ordinary file"));
    }
    if open_to_others(&metadata) {
        return Err(format!(
            "{shown} can be read by other users: chmod 600 {shown}"
        ));
    }
    let mut text = String::new();
    file.take(LIMIT + 1)
        .read_to_string(&mut text)
        .map_err(|error| format!("{shown} cannot be read: {error}"))?;
    if text.len() as u64 > LIMIT {
        return Err(format!("{shown} is too long for a secret"));
    }
    match text.trim() {
        "" => Err(format!("{shown} is empty: write the secret into it")),
        secret => Ok(SecretString::from(secret)),
    }
}

/// Others have no business in it; nor has the group, unless the file is root's and the group is how we may read it
/// (`root:sms-bridge 640`, a credential of systemd).
fn open_to_others(metadata: &Metadata) -> bool {
    let ours = metadata.uid() == rustix::process::geteuid().as_raw();
    let forbidden = if ours { 0o077 } else { 0o027 };
    metadata.mode() & forbidden != 0
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_secret_file_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let cases = [
            (0o600, "abc\n", Ok("abc")),
            (0o400, "  abc", Ok("abc")),
            (0o644, "abc", Err("chmod 600")),
            (0o640, "abc", Err("chmod 600")),
            (0o602, "abc", Err("chmod 600")),
            (0o600, " \n", Err("is empty")),
        ];
        for (mode, text, expected) in cases {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let secret = read(&path);
            fs::remove_file(&path).unwrap();
            match (secret, expected) {
                (Ok(secret), Ok(expected)) => assert_eq!(secret.expose_secret(), expected),
                (Err(words), Err(expected)) => assert!(words.contains(expected), "{words}"),
                (secret, expected) => panic!("{mode:o}: {} {expected:?}", secret.is_ok()),
            }
        }
        assert!(read(&path).unwrap_err().contains("there is no file"));
        assert!(
            read(folder.path())
                .unwrap_err()
                .contains("no ordinary file")
        );
    }
}
