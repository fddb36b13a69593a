//! A pseudo-terminal whose client side looks like a modem's serial port.
//!
//! **Invariant:** while it is open, one handle of the client side stays open here, so that reading never fails for lack
//! of a client (it would, with EIO, again and again).

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::OptionalActions;
use tokio::io::unix::AsyncFd;

/// An open pseudo-terminal, in raw mode without echo, and the link that names it.
#[derive(Debug)]
pub struct Pty {
    master: AsyncFd<OwnedFd>,
    _client_side: OwnedFd,
    path: PathBuf,
    link: Option<PathBuf>,
}

impl Pty {
    /// Opens a pseudo-terminal; with a link, a symbolic link there leads to it (one that is there already is replaced,
    /// any other file is not).
    ///
    /// # Errors
    ///
    /// When no pseudo-terminal can be had or the link cannot be made. Call it within a tokio runtime.
    pub fn open(link: Option<&Path>) -> io::Result<Self> {
        let master =
            rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        rustix::pty::grantpt(&master)?;
        rustix::pty::unlockpt(&master)?;
        let name = rustix::pty::ptsname(&master, Vec::new())?;
        let path = PathBuf::from(OsStr::from_bytes(name.to_bytes()));
        let client_side = rustix::fs::open(
            &path,
            OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let mut attributes = rustix::termios::tcgetattr(&client_side)?;
        attributes.make_raw();
        rustix::termios::tcsetattr(&client_side, OptionalActions::Now, &attributes)?;
        let flags = rustix::fs::fcntl_getfl(&master)?;
        rustix::fs::fcntl_setfl(&master, flags | OFlags::NONBLOCK)?;
        #[expect(
            deprecated,
            reason = "the safe form: OwnedFd keeps its descriptor open as AsyncFd wants it"
        )]
        let master = AsyncFd::new(master)?;
        let mut pty = Self {
            master,
            _client_side: client_side,
            path,
            link: None,
        };
        if let Some(link) = link {
            pty.make_link(link)?;
        }
        Ok(pty)
    }

    /// The pseudo-terminal itself, `/dev/pts/N`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The link that leads to it, if there is one.
    pub fn link(&self) -> Option<&Path> {
        self.link.as_deref()
    }

    fn make_link(&mut self, link: &Path) -> io::Result<()> {
        let named = |error: io::Error| {
            io::Error::new(
                error.kind(),
                format!("failed to link {}: {error}", link.display()),
            )
        };
        if link
            .symlink_metadata()
            .is_ok_and(|found| found.is_symlink())
        {
            std::fs::remove_file(link).map_err(named)?;
        }
        std::os::unix::fs::symlink(&self.path, link).map_err(named)?;
        self.link = Some(link.to_owned());
        Ok(())
    }

    /// Waits until bytes came (they are returned) or some of `pending` went (they are taken off).
    pub(super) async fn exchange(&self, pending: &mut Vec<u8>) -> io::Result<Vec<u8>> {
        loop {
            tokio::select! {
                ready = self.master.readable() => {
                    let mut buffer = vec![0; 4_096];
                    let read = ready?.try_io(|master| Ok(rustix::io::read(master.get_ref(), &mut buffer)?));
                    if let Ok(read) = read {
                        buffer.truncate(read?);
                        return Ok(buffer);
                    }
                }
                ready = self.master.writable(), if !pending.is_empty() => {
                    let written = ready?.try_io(|master| Ok(rustix::io::write(master.get_ref(), pending)?));
                    if let Ok(written) = written {
                        pending.drain(..written?);
                        return Ok(Vec::new());
                    }
                }
            }
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if let Some(link) = &self.link
            && std::fs::read_link(link).is_ok_and(|leads_to| leads_to == self.path)
        {
            drop(std::fs::remove_file(link)); // nothing more can be done about a link that stays
        }
    }
}
