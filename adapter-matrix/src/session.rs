//! The bot's session on disk: logged in once, restored at every later start.
//!
//! `data_dir/matrix` (0700) holds `session.json` and `store.key` (both 0600) and one folder of the SDK's own store for
//! each device. The device id is chosen and stored *before* the first login, so that a login whose answer was lost is
//! repeated for the same device and leaves no second one behind.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use matrix_sdk::ruma::{OwnedDeviceId, OwnedUserId};
use serde::{Deserialize, Serialize};

/// What `session.json` holds. Printed nowhere: it has the access token in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Where it is valid.
    pub(crate) homeserver: String,
    /// Whose it is.
    pub(crate) user_id: OwnedUserId,
    /// The bot's device there, and the name of its store's folder.
    pub(crate) device_id: OwnedDeviceId,
    /// `None` until the first login has been answered.
    pub(crate) access_token: Option<String>,
    /// When the device was made, in milliseconds since 1970: transaction ids from before it are not recognised.
    pub(crate) created_at: i64,
}

/// The folder of everything that this adapter keeps.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

/// What is wrong with the folder, with the path in it.
#[derive(Debug, thiserror::Error)]
#[error("{action} {path}: {source}")]
pub(crate) struct FolderError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl Folder {
    /// The folder below the bridge's data folder; made by the first method that writes.
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self(data_dir.join("matrix"))
    }

    /// The stored session. `None` before the first login, or where the configuration now names another account.
    pub(crate) fn session(
        &self,
        homeserver: &str,
        user: &OwnedUserId,
    ) -> Result<Option<Session>, FolderError> {
        let path = self.session_file();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(FolderError {
                    action: "failed to read",
                    path,
                    source,
                });
            }
        };
        let session: Session = serde_json::from_str(&text).map_err(|error| FolderError {
            action: "failed to understand (delete it to log in anew)",
            path,
            source: io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
        })?;
        Ok(Some(session).filter(|found| found.homeserver == homeserver && found.user_id == *user))
    }

    /// Replaces the stored session, durably.
    pub(crate) fn keep(&self, session: &Session) -> Result<(), FolderError> {
        self.make()?;
        let path = self.session_file();
        let text = serde_json::to_vec_pretty(session).map_err(|error| FolderError {
            action: "failed to write",
            path: path.clone(),
            source: io::Error::other(error.to_string()),
        })?;
        self.write(&path, &text)
    }

    /// A new session for a device that does not exist yet.
    pub(crate) fn plan(
        &self,
        homeserver: &str,
        user: &OwnedUserId,
        now: i64,
    ) -> Result<Session, FolderError> {
        let session = Session {
            homeserver: homeserver.to_owned(),
            user_id: user.clone(),
            device_id: device_id(self.random()?),
            access_token: None,
            created_at: now,
        };
        self.keep(&session)?;
        Ok(session)
    }

    /// The key of the SDK's stores, made at first use.
    pub(crate) fn store_key(&self) -> Result<[u8; 32], FolderError> {
        let path = self.0.join("store.key");
        match fs::read(&path) {
            Ok(bytes) => <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_size| FolderError {
                action: "not 32 octets long (put it back, or delete the whole folder to log in anew):",
                path,
                source: io::ErrorKind::InvalidData.into(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make()?;
                let key = self.random()?;
                self.write(&path, &key)?;
                Ok(key)
            }
            Err(source) => Err(FolderError {
                action: "failed to read",
                path,
                source,
            }),
        }
    }

    /// Where the SDK keeps the store of a device.
    pub(crate) fn store(&self, session: &Session) -> Result<PathBuf, FolderError> {
        let name: String = session
            .device_id
            .as_str()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        let path = self.0.join(format!("store-{name}"));
        self.make()?;
        make_private(&path)?;
        Ok(path)
    }

    /// For messages to people.
    pub(crate) fn session_file(&self) -> PathBuf {
        self.0.join("session.json")
    }

    fn make(&self) -> Result<(), FolderError> {
        make_private(&self.0)
    }

    /// Writes beside the file, then puts it in place: a crash leaves the old or the new one.
    fn write(&self, path: &Path, content: &[u8]) -> Result<(), FolderError> {
        let fail = |source| FolderError {
            action: "failed to write",
            path: path.to_owned(),
            source,
        };
        let fresh = path.with_extension("new");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)
            .map_err(fail)?;
        file.write_all(content).map_err(fail)?;
        file.sync_all().map_err(fail)?;
        fs::rename(&fresh, path).map_err(fail)?;
        fs::File::open(&self.0)
            .and_then(|folder| folder.sync_all())
            .map_err(fail)
    }

    fn random(&self) -> Result<[u8; 32], FolderError> {
        let path = PathBuf::from("/dev/urandom");
        let mut bytes = [0; 32];
        fs::File::open(&path)
            .and_then(|mut source| source.read_exact(&mut bytes))
            .map_err(|source| FolderError {
                action: "failed to read",
                path,
                source,
            })?;
        Ok(bytes)
    }
}

fn make_private(path: &Path) -> Result<(), FolderError> {
    let fail = |source| FolderError {
        action: "failed to make",
        path: path.to_owned(),
        source,
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(fail)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(fail)
}

/// Ten letters, as homeservers make them.
fn device_id(random: [u8; 32]) -> OwnedDeviceId {
    let name: String = random
        .iter()
        .take(10)
        .map(|byte| char::from(b'A'.saturating_add(byte % 26)))
        .collect();
    OwnedDeviceId::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> OwnedUserId {
        OwnedUserId::try_from("@sms:example.org").unwrap()
    }

    #[test]
    fn a_session_is_planned_kept_and_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path());
        assert!(folder.session("http://h", &user()).unwrap().is_none());
        let mut session = folder.plan("http://h", &user(), 7).unwrap();
        assert_eq!(session.device_id.as_str().len(), 10);
        session.access_token = Some("secret".to_owned());
        folder.keep(&session).unwrap();
        assert!(folder.session("http://h", &user()).unwrap() == Some(session));
        assert!(folder.session("http://other", &user()).unwrap().is_none());
    }

    #[test]
    fn nobody_else_can_read_what_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path());
        let session = folder.plan("http://h", &user(), 7).unwrap();
        let key = folder.store_key().unwrap();
        assert_eq!(folder.store_key().unwrap(), key);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir.path().join("matrix")), 0o700);
        assert_eq!(mode(&dir.path().join("matrix/session.json")), 0o600);
        assert_eq!(mode(&dir.path().join("matrix/store.key")), 0o600);
        assert_eq!(mode(&folder.store(&session).unwrap()), 0o700);
    }

    #[test]
    fn broken_files_are_named_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path());
        folder.make().unwrap();
        fs::write(dir.path().join("matrix/session.json"), "{").unwrap();
        let words = folder
            .session("http://h", &user())
            .err()
            .unwrap()
            .to_string();
        assert!(
            words.contains("delete it") && words.contains("session.json"),
            "{words}"
        );
        fs::write(dir.path().join("matrix/store.key"), "short").unwrap();
        let words = folder.store_key().err().unwrap().to_string();
        assert!(words.contains("32 octets"), "{words}");
    }
}
