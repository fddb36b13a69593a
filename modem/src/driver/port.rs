//! Opening, reading and writing a port, with a limit on everything that could hang.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_serial::SerialStream;

use crate::config::{Address, Config, FlowControl, Pacing};
use crate::discovery::claims::Claim;
use crate::discovery::lock::{Lock, Locked};
use crate::discovery::{Candidate, Sysfs, device_of, holder, lock};
use crate::status::Phase;

const CONNECT: Duration = Duration::from_secs(10);
/// For each piece that is written; a modem that takes nothing for so long is gone.
const WRITE: Duration = Duration::from_secs(5);
/// A serial server that is gone without a word is noticed after this silence and this many unanswered questions.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(30);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(10);
const KEEPALIVE_TRIES: u32 = 3;

/// How a serial port is opened.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    pub(super) baud: u32,
    pub(super) flow_control: FlowControl,
    pub(super) sysfs: Sysfs,
    pub(super) lock_folder: PathBuf,
}

impl From<&Config> for Opening {
    fn from(config: &Config) -> Self {
        Self {
            baud: config.baud,
            flow_control: config.flow_control,
            sysfs: config.sysfs.clone(),
            lock_folder: config.lock_folder.clone(),
        }
    }
}

/// An open port. Dropped in this order: the port, its lock file, its claim within this process.
#[derive(Debug)]
pub(super) struct Port {
    stream: Stream,
    /// As a person is told of it.
    name: String,
    _lock: Option<Lock>,
    claim: Option<Claim>,
}

#[derive(Debug)]
enum Stream {
    Serial(Box<SerialStream>),
    Tcp(TcpStream),
}

impl Port {
    /// Opens the port at a device file, or says in the words of a [`Phase`] why not. `claim` covers it where the whole
    /// device was claimed before; without one the port is claimed alone.
    pub(super) async fn open_serial(
        path: &Path,
        opening: &Opening,
        claimed: Claimed,
    ) -> Result<Self, Phase> {
        let (path, opening) = (path.to_owned(), opening.clone());
        let shown = path.display().to_string();
        // Opening a serial port can block for seconds, so it is done off the reactor.
        match tokio::task::spawn_blocking(move || open_serial(&path, &opening, claimed)).await {
            Ok(opened) => opened,
            Err(error) => Err(Phase::PortUnusable {
                reason: format!("failed to open {shown}: {error}"),
            }),
        }
    }

    /// Connects to a serial server.
    pub(super) async fn connect(host: &str, port: u16) -> Result<Self, Phase> {
        let address = Address::Tcp {
            host: host.to_owned(),
            port,
        };
        match timeout(CONNECT, TcpStream::connect((host, port))).await {
            Ok(Ok(stream)) => {
                if let Err(error) = prepare(&stream) {
                    tracing::debug!(port = %address, %error, "no TCP_NODELAY or no keepalive");
                }
                Ok(Self {
                    stream: Stream::Tcp(stream),
                    name: address.to_string(),
                    _lock: None,
                    claim: None,
                })
            }
            Ok(Err(error)) => Err(Phase::PortAbsent {
                reason: format!("failed to reach {address}: {error} (is ser2net running there?)"),
            }),
            Err(_elapsed) => Err(Phase::PortAbsent {
                reason: format!(
                    "failed to reach {address}: no answer within 10 s (is the host up?)"
                ),
            }),
        }
    }

    /// As a person is told of it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Keeps the claim of the whole device for as long as the port is open.
    pub(super) fn keep(&mut self, claim: Claim) {
        self.claim = Some(claim);
    }

    /// Closes the port off the reactor: Linux waits up to 30 s for a device to take what was written to it
    /// (`closing_wait`, setserial(8)).
    ///
    /// # Cancel safety
    ///
    /// It is closed all the same.
    pub(super) async fn close(self) {
        drop(tokio::task::spawn_blocking(move || drop(self)).await);
    }

    /// Reads what there is. `Ok(0)` means that the port is gone: a hung-up serial port reads so for ever.
    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.stream {
            Stream::Serial(serial) => serial.read(buffer).await,
            Stream::Tcp(stream) => stream.read(buffer).await,
        }
    }

    /// Writes all, never flushes: that would block the reactor until the last bit has left the wire.
    pub(super) async fn write(&mut self, bytes: &[u8], pacing: Option<Pacing>) -> io::Result<()> {
        let piece = pacing.map_or(bytes.len(), |pacing| pacing.piece).max(1);
        for (at, bytes) in bytes.chunks(piece).enumerate() {
            if let Some(pacing) = pacing
                && at > 0
            {
                pause(pacing.pause).await;
            }
            let written = match &mut self.stream {
                Stream::Serial(serial) => timeout(WRITE, serial.write_all(bytes)).await,
                Stream::Tcp(stream) => timeout(WRITE, stream.write_all(bytes)).await,
            };
            written.map_err(|_elapsed| io::Error::from(io::ErrorKind::TimedOut))??;
        }
        Ok(())
    }
}

/// Whether the caller has claimed the port's device for its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claimed {
    /// With the whole device.
    Already,
    /// Not yet.
    NotYet,
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    use rustix::net::sockopt;
    stream.set_nodelay(true)?;
    // A router that lost its power says no goodbye.
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, KEEPALIVE_AFTER)?;
    sockopt::set_tcp_keepintvl(stream, KEEPALIVE_EVERY)?;
    sockopt::set_tcp_keepcnt(stream, KEEPALIVE_TRIES)?;
    Ok(())
}

#[allow(clippy::disallowed_methods, reason = "the driver is where time enters")]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

fn open_serial(path: &Path, opening: &Opening, claimed: Claimed) -> Result<Port, Phase> {
    let name = path.display();
    let absent = || Phase::PortAbsent {
        reason: format!("{name} is not there: waiting for the modem to be plugged in"),
    };
    let unusable = |reason: String| Phase::PortUnusable { reason };
    let real = match path.canonicalize() {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(absent()),
        Err(error) => return Err(unusable(why(&name, path, error.kind(), &error))),
    };
    if !is_device(&real) {
        return Err(unusable(format!(
            "{name} is no serial port: write one such as /dev/ttyUSB2"
        )));
    }
    let device = || -> Option<Candidate> { device_of(&opening.sysfs, path) };
    let claim = match claimed {
        Claimed::Already => None,
        Claimed::NotYet => Some(Claim::take(vec![real.clone()]).ok_or_else(|| {
            unusable(format!(
                "{name} is in use by another line of this program: give each line its own modem"
            ))
        })?),
    };
    let lock = Lock::take(&opening.lock_folder, &real).map_err(|locked| {
        let holders = match locked {
            Locked::By(holder) => vec![holder],
            Locked::BySomebody => Vec::new(),
        };
        let words = holder::in_use(&name, &holders, device().as_ref());
        // A process id is given again: what stands there now may have nothing to do with the port.
        let file = lock::file_of(&opening.lock_folder, &real);
        let file = file.display();
        unusable(format!(
            "{words}. So says the lock file {file}: remove it if that program does not use the port"
        ))
    })?;
    // Root opens what others hold, and not everyone keeps lock files.
    let holders = holder::holders(&real);
    if !holders.is_empty() {
        return Err(unusable(holder::in_use(&name, &holders, device().as_ref())));
    }
    let builder = tokio_serial::new(real.to_string_lossy(), opening.baud).flow_control(
        match opening.flow_control {
            FlowControl::None => tokio_serial::FlowControl::None,
            FlowControl::Hardware => tokio_serial::FlowControl::Hardware,
            FlowControl::Software => tokio_serial::FlowControl::Software,
        },
    );
    // Opened for ourselves alone (TIOCEXCL).
    let mut serial = SerialStream::open(&builder).map_err(|error| match error.kind {
        tokio_serial::ErrorKind::NoDevice if real.exists() => unusable(holder::in_use(
            &name,
            &holder::holders(&real),
            device().as_ref(),
        )),
        tokio_serial::ErrorKind::NoDevice => absent(),
        tokio_serial::ErrorKind::Io(io::ErrorKind::NotFound) => absent(),
        tokio_serial::ErrorKind::Io(io::ErrorKind::ResourceBusy) => unusable(holder::in_use(
            &name,
            &holder::holders(&real),
            device().as_ref(),
        )),
        tokio_serial::ErrorKind::Io(kind) => unusable(why(&name, &real, kind, &error.description)),
        tokio_serial::ErrorKind::InvalidInput | tokio_serial::ErrorKind::Unknown => {
            unusable(format!("failed to open {name}: {}", error.description))
        }
    })?;
    if real.starts_with("/dev/pts") {
        // A pseudo-terminal stays exclusive for as long as its other end lives, even after we were killed.
        if let Err(error) = serial.set_exclusive(false) {
            tracing::debug!(port = %name, %error, "a pseudo-terminal stays exclusive");
        }
    }
    // Best effort: a pseudo-terminal has no control lines.
    if let Err(error) = tokio_serial::SerialPort::write_data_terminal_ready(&mut serial, true) {
        tracing::debug!(port = %name, %error, "no control lines");
    }
    Ok(Port {
        stream: Stream::Serial(Box::new(serial)),
        name: name.to_string(),
        _lock: lock,
        claim,
    })
}

fn why(
    name: &dyn std::fmt::Display,
    path: &Path,
    kind: io::ErrorKind,
    error: &dyn std::fmt::Display,
) -> String {
    if kind == io::ErrorKind::PermissionDenied {
        holder::denied(name, path)
    } else {
        format!("failed to open {name}: {error}")
    }
}

fn is_device(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_char_device())
}

#[cfg(test)]
mod tests {
    use super::{KEEPALIVE_AFTER, Port, Stream};
    use rustix::net::sockopt;

    #[tokio::test]
    async fn a_serial_server_that_is_gone_without_a_word_is_noticed() {
        let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let number = server.local_addr().expect("an address").port();
        let port = Port::connect("127.0.0.1", number)
            .await
            .expect("it listens");
        let Stream::Tcp(stream) = &port.stream else {
            panic!("{port:?}")
        };
        assert_eq!(sockopt::socket_keepalive(stream), Ok(true));
        assert_eq!(sockopt::tcp_keepidle(stream), Ok(KEEPALIVE_AFTER));
    }
}
