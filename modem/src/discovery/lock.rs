//! The lock files of serial ports, as UUCP made them and smsd, Gammu, minicom and pppd keep them: `LCK..ttyUSB2` with the
//! process id in ten characters and a line feed. They keep two programs apart even where both run as root.
//!
//! Best effort: where the folder is not there or not ours to write, the port is opened without.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::Pid;

use super::holder::Holder;

/// Where they lie (Filesystem Hierarchy Standard 3.0 §5.9); `/var/lock` leads there.
pub(crate) const FOLDER: &str = "/run/lock";
/// A lock that cannot be read may be in the making for so long.
const IN_THE_MAKING: Duration = Duration::from_secs(10);
/// Octets of a lock that are read.
const MOST: u64 = 64;
/// For names that nobody else uses.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A lock file of ours, removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    file: PathBuf,
}

/// Whose the lock is, read before it is taken.
#[derive(Debug, PartialEq, Eq)]
enum Owner {
    Nobody,
    /// A process that is gone, or this one before it was started anew with the same id.
    Gone,
    Alive(Holder),
    Unreadable,
}

/// Why a port may not be opened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Locked {
    By(Holder),
    /// By whoever has just made the file.
    BySomebody,
}

impl Lock {
    /// Locks a device, given by its own name with links followed. `Ok(None)`: no lock can be made here.
    ///
    /// The caller must hold the device's claim within this process (see `claims`): a lock with our own process id is one
    /// of an earlier life.
    pub(crate) fn take(folder: &Path, device: &Path) -> Result<Option<Self>, Locked> {
        let file = file_of(folder, device);
        for _ in 0..3 {
            match owner(&file) {
                Owner::Alive(holder) => return Err(Locked::By(holder)),
                Owner::Unreadable => return Err(Locked::BySomebody),
                Owner::Gone => {
                    if let Err(error) = remove_stale(folder, &file) {
                        return Ok(without(&file, &error));
                    }
                }
                Owner::Nobody => {}
            }
            match create(folder, &file) {
                Ok(()) => return Ok(Some(Self { file })),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Ok(without(&file, &error)),
            }
        }
        Err(Locked::BySomebody)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Only if it is ours: somebody may have taken it for a stale one.
        if read_id(&self.file) == Some(std::process::id())
            && let Err(error) = fs::remove_file(&self.file)
        {
            tracing::debug!(file = %self.file.display(), %error, "a lock file stays");
        }
    }
}

fn without(file: &Path, error: &io::Error) -> Option<Lock> {
    tracing::debug!(file = %file.display(), %error, "no lock file");
    None
}

/// The program whose lock a device has now, this process left out. `None`: it has none, or a stale one.
pub(crate) fn holder_of(folder: &Path, device: &Path) -> Option<Holder> {
    match owner(&file_of(folder, device)) {
        Owner::Alive(holder) => Some(holder),
        Owner::Nobody | Owner::Gone | Owner::Unreadable => None,
    }
}

/// The lock file of a device, given by its own name with links followed.
pub(crate) fn file_of(folder: &Path, device: &Path) -> PathBuf {
    folder.join(file_name(device))
}

/// `LCK..ttyUSB2`; `LCK..pts_4` for `/dev/pts/4`, as `uucp_lockname` in picocom's `picocom.c` has it.
fn file_name(device: &Path) -> String {
    let name = device.strip_prefix("/dev").unwrap_or(device);
    let name = name.to_string_lossy();
    format!("LCK..{}", name.trim_start_matches('/').replace('/', "_"))
}

fn owner(file: &Path) -> Owner {
    let metadata = match fs::symlink_metadata(file) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Owner::Nobody,
        Err(_) => return Owner::Unreadable,
    };
    match read_id(file) {
        Some(id) if id == std::process::id() => Owner::Gone,
        Some(id) if is_alive(id) => Owner::Alive(Holder::of_process(id)),
        Some(_) => Owner::Gone,
        None => {
            let age = metadata
                .modified()
                .ok()
                .and_then(|made| made.elapsed().ok());
            if age.is_none_or(|age| age > IN_THE_MAKING) {
                Owner::Gone
            } else {
                Owner::Unreadable
            }
        }
    }
}

/// Ten characters, or whatever a program makes of them. In a folder where everyone may write, the name may stand for
/// anything: links are not followed, and a pipe does not hold us up.
fn read_id(file: &Path) -> Option<u32> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).ok()?)
        .open(file)
        .ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = Vec::new();
    file.take(MOST).read_to_end(&mut text).ok()?;
    let text = String::from_utf8_lossy(&text);
    text.split_whitespace().next()?.parse().ok()
}

fn is_alive(id: u32) -> bool {
    let Some(id) = i32::try_from(id).ok().and_then(Pid::from_raw) else {
        return false;
    };
    // Not permitted: it is there, and another user's.
    !matches!(rustix::process::test_kill_process(id), Err(Errno::SRCH))
}

/// Written aside and then linked, so that nobody reads half of it and one of two wins.
fn create(folder: &Path, file: &Path) -> io::Result<()> {
    let aside = aside(folder);
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&aside)
        .and_then(|mut lock| lock.write_all(format!("{:10}\n", std::process::id()).as_bytes()));
    let made = written.and_then(|()| fs::hard_link(&aside, file));
    drop(fs::remove_file(&aside)); // what stays there is in nobody's way
    made
}

/// Moved aside and looked at once more: another program may have taken the stale lock over in between.
fn remove_stale(folder: &Path, file: &Path) -> io::Result<()> {
    let aside = aside(folder);
    match fs::rename(file, &aside) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    let put_back = match owner(&aside) {
        Owner::Alive(_) => fs::hard_link(&aside, file),
        Owner::Nobody | Owner::Gone | Owner::Unreadable => Ok(()),
    };
    fs::remove_file(&aside)?;
    put_back
}

fn aside(folder: &Path) -> PathBuf {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    folder.join(format!("LTMP..sms-bridge.{}.{number}", std::process::id()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::{Lock, Locked, file_name, holder_of};

    fn lock(folder: &Path) -> Result<Option<Lock>, Locked> {
        Lock::take(folder, Path::new("/dev/ttyUSB2"))
    }

    /// The id of a process that has just ended.
    fn gone() -> u32 {
        let mut child = Command::new("true").spawn().expect("a program");
        child.wait().expect("it ends");
        child.id()
    }

    #[test]
    fn names_are_those_of_other_programs() {
        assert_eq!(file_name(Path::new("/dev/ttyUSB2")), "LCK..ttyUSB2");
        assert_eq!(file_name(Path::new("/dev/pts/4")), "LCK..pts_4");
    }

    #[test]
    fn a_lock_holds_the_process_id_and_goes_with_the_port() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("LCK..ttyUSB2");
        let held = lock(folder.path()).expect("free").expect("writable");
        let text = std::fs::read_to_string(&file).expect("a lock");
        assert_eq!(text, format!("{:10}\n", std::process::id()));
        drop(held);
        assert!(!file.exists());
        assert_eq!(
            std::fs::read_dir(folder.path()).expect("a folder").count(),
            0
        );
    }

    #[test]
    fn the_lock_of_a_living_program_is_honoured_and_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut sleeper = Command::new("sleep").arg("60").spawn().expect("a program");
        let file = folder.path().join("LCK..ttyUSB2");
        // As minicom and smsd write them.
        for text in [
            format!("{:10}\n", sleeper.id()),
            format!("{:10} minicom root\n", sleeper.id()),
        ] {
            std::fs::write(&file, &text).expect("a lock");
            let refused = lock(folder.path());
            let Err(Locked::By(holder)) = refused else {
                panic!("{refused:?}")
            };
            assert_eq!(holder.id, sleeper.id());
            assert_eq!(
                holder_of(folder.path(), Path::new("/dev/ttyUSB2")),
                Some(holder)
            );
            assert_eq!(std::fs::read_to_string(&file).expect("it stays"), text);
        }
        sleeper.kill().expect("it runs");
        sleeper.wait().expect("it ends");
        assert_eq!(
            holder_of(folder.path(), Path::new("/dev/ttyUSB2")),
            None,
            "it is stale"
        );
        assert!(lock(folder.path()).expect("free").is_some());
    }

    #[test]
    fn a_stale_lock_is_taken_over() {
        for text in [
            format!("{:10}\n", gone()),
            format!("{:10}\n", std::process::id()),
            "0\n".to_owned(),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            std::fs::write(folder.path().join("LCK..ttyUSB2"), &text).expect("a lock");
            assert!(lock(folder.path()).expect("stale").is_some(), "{text:?}");
        }
    }

    #[test]
    fn a_lock_that_is_just_being_made_is_honoured() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("LCK..ttyUSB2");
        let made = std::fs::File::create(&file).expect("a lock");
        assert!(matches!(lock(folder.path()), Err(Locked::BySomebody)));
        let before = std::time::SystemTime::UNIX_EPOCH;
        made.set_modified(before).expect("a time");
        assert!(lock(folder.path()).expect("never written").is_some());
    }

    /// In a folder where everyone may write, somebody may have put anything there.
    #[test]
    fn what_is_no_file_holds_nobody_up_and_is_no_lock() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};

        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("LCK..ttyUSB2");
        let mut sleeper = Command::new("sleep").arg("60").spawn().expect("a program");
        let elsewhere = folder.path().join("elsewhere");
        std::fs::write(&elsewhere, format!("{:10}\n", sleeper.id())).expect("a file");
        std::os::unix::fs::symlink(&elsewhere, &file).expect("a link");
        assert!(
            matches!(lock(folder.path()), Err(Locked::BySomebody)),
            "a new link is not followed, and may be a lock in the making"
        );
        std::fs::remove_file(&file).expect("it is there");
        mknodat(CWD, &file, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
        assert!(matches!(lock(folder.path()), Err(Locked::BySomebody)));
        std::fs::remove_file(&file).expect("it is there");
        std::os::unix::fs::symlink("/dev/zero", &file).expect("a link");
        assert!(matches!(lock(folder.path()), Err(Locked::BySomebody)));
        sleeper.kill().expect("it runs");
        sleeper.wait().expect("it ends");
        let text = std::fs::read_to_string(&elsewhere).expect("it stays");
        assert_eq!(text, format!("{:10}\n", sleeper.id()));
    }

    #[test]
    fn without_a_folder_the_port_is_opened_without_a_lock() {
        assert!(matches!(lock(Path::new("/absent")), Ok(None)));
        assert!(matches!(lock(Path::new("/proc")), Ok(None)));
    }

    #[test]
    fn a_lock_that_somebody_took_over_is_left_to_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("LCK..ttyUSB2");
        let held = lock(folder.path()).expect("free");
        std::fs::write(&file, "         1\n").expect("a lock");
        drop(held);
        assert!(file.exists());
    }
}
