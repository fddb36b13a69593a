//! Where a client finds the modem: a pseudo-terminal or a TCP port. One client at a time on TCP.

use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, TcpStream};

use super::Pty;

/// Where the modem is to be found, again after each drop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A new pseudo-terminal each time, under the same link.
    Pty {
        /// The link; `None` for a pseudo-terminal without one. `{n}` in its file name stands for a number that counts up
        /// whenever the port comes back under another one.
        link: Option<PathBuf>,
    },
    /// A TCP port; 0 takes any free one and keeps it.
    Tcp(SocketAddr),
}

#[derive(Debug)]
pub(super) enum Connection {
    Pty(Pty),
    Tcp {
        listener: TcpListener,
        client: Option<TcpStream>,
    },
}

impl Connection {
    /// Opens the place; the number stands for `{n}` in its link.
    pub(super) async fn open(place: &Place, number: u32) -> io::Result<Self> {
        match place {
            Place::Pty { link } => {
                let link = link.as_deref().map(|link| numbered(link, number));
                Ok(Self::Pty(Pty::open(link.as_deref())?))
            }
            Place::Tcp(address) => Ok(Self::Tcp {
                listener: TcpListener::bind(address).await?,
                client: None,
            }),
        }
    }

    /// The place to open after a drop: with the port that was found, where any was asked for.
    pub(super) fn same_again(&self, place: Place) -> Place {
        match self {
            Self::Pty(_) => place,
            Self::Tcp { listener, .. } => listener.local_addr().map_or(place, Place::Tcp),
        }
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Self::Pty(pty) => match pty.link() {
                Some(link) => format!("pty={} link={}", pty.path().display(), link.display()),
                None => format!("pty={}", pty.path().display()),
            },
            Self::Tcp { .. } => format!("tcp={}", self.address()),
        }
    }

    pub(super) fn address(&self) -> String {
        match self {
            Self::Pty(pty) => pty
                .link()
                .unwrap_or_else(|| pty.path())
                .display()
                .to_string(),
            Self::Tcp { listener, .. } => listener
                .local_addr()
                .map_or_else(|_| String::new(), |at| at.to_string()),
        }
    }

    /// Waits until bytes came, or some of `pending` went, or a client came or left (then nothing is returned).
    pub(super) async fn exchange(&mut self, pending: &mut Vec<u8>) -> io::Result<Vec<u8>> {
        match self {
            Self::Pty(pty) => pty.exchange(pending).await,
            Self::Tcp {
                listener,
                client: client @ None,
            } => {
                let (stream, _) = listener.accept().await?;
                pending.clear(); // what was said before anyone listened
                *client = Some(stream);
                Ok(Vec::new())
            }
            Self::Tcp { client, .. } => {
                let exchanged = match client {
                    Some(stream) => exchange_tcp(stream, pending).await,
                    None => None,
                };
                if exchanged.is_none() {
                    *client = None; // left, or failed: the next one may come
                }
                Ok(exchanged.unwrap_or_default())
            }
        }
    }
}

fn numbered(link: &Path, number: u32) -> PathBuf {
    match link.file_name().and_then(OsStr::to_str) {
        Some(name) if name.contains("{n}") => {
            link.with_file_name(name.replace("{n}", &number.to_string()))
        }
        Some(_) | None => link.to_owned(),
    }
}

/// `None` when the client is gone.
async fn exchange_tcp(stream: &TcpStream, pending: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        tokio::select! {
            ready = stream.readable() => {
                ready.ok()?;
                let mut buffer = vec![0; 4_096];
                match stream.try_read(&mut buffer) {
                    Ok(0) => return None,
                    Ok(read) => {
                        buffer.truncate(read);
                        return Some(buffer);
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => return None,
                }
            }
            ready = stream.writable(), if !pending.is_empty() => {
                ready.ok()?;
                match stream.try_write(pending) {
                    Ok(written) => {
                        pending.drain(..written);
                        return Some(Vec::new());
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => return None,
                }
            }
        }
    }
}
