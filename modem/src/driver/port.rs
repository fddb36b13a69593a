//! Opening, reading and writing a port, with a limit on everything that could hang.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_serial::SerialStream;

use crate::config::{Address, Pacing};
use crate::status::Phase;

const CONNECT: Duration = Duration::from_secs(10);
/// For each piece that is written; a modem that takes nothing for so long is gone.
const WRITE: Duration = Duration::from_secs(5);

/// An open port.
#[derive(Debug)]
pub(super) enum Port {
    Serial(Box<SerialStream>),
    Tcp(TcpStream),
}

impl Port {
    /// Opens a port, or says in the words of a [`Phase`] why not.
    pub(super) async fn open(address: &Address, baud: u32) -> Result<Self, Phase> {
        match address {
            Address::Auto => Err(Phase::PortAbsent {
                reason: "the modem is not looked for yet".to_owned(),
            }),
            Address::Path(path) => {
                let path = path.clone();
                // Opening a serial port can block for seconds, so it is done off the reactor.
                match tokio::task::spawn_blocking(move || open_serial(&path, baud)).await {
                    Ok(opened) => opened.map(|serial| Self::Serial(Box::new(serial))),
                    Err(error) => Err(Phase::PortUnusable {
                        reason: format!("failed to open {address}: {error}"),
                    }),
                }
            }
            Address::Tcp { host, port } => {
                match timeout(CONNECT, TcpStream::connect((host.as_str(), *port))).await {
                    Ok(Ok(stream)) => {
                        if let Err(error) = stream.set_nodelay(true) {
                            tracing::debug!(port = %address, %error, "no TCP_NODELAY");
                        }
                        Ok(Self::Tcp(stream))
                    }
                    Ok(Err(error)) => Err(Phase::PortAbsent {
                        reason: format!(
                            "failed to reach {address}: {error} (is ser2net running there?)"
                        ),
                    }),
                    Err(_elapsed) => Err(Phase::PortAbsent {
                        reason: format!(
                            "failed to reach {address}: no answer within 10 s (is the host up?)"
                        ),
                    }),
                }
            }
        }
    }

    /// Reads what there is. `Ok(0)` means that the port is gone: a hung-up serial port reads so for ever.
    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Serial(serial) => serial.read(buffer).await,
            Self::Tcp(stream) => stream.read(buffer).await,
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
            let written = match self {
                Self::Serial(serial) => timeout(WRITE, serial.write_all(bytes)).await,
                Self::Tcp(stream) => timeout(WRITE, stream.write_all(bytes)).await,
            };
            written.map_err(|_elapsed| io::Error::from(io::ErrorKind::TimedOut))??;
        }
        Ok(())
    }
}

#[allow(clippy::disallowed_methods, reason = "the driver is where time enters")]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

fn open_serial(path: &Path, baud: u32) -> Result<SerialStream, Phase> {
    let name = path.display();
    let absent = || Phase::PortAbsent {
        reason: format!("{name} is not there: waiting for the modem to be plugged in"),
    };
    let real = match path.canonicalize() {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(absent()),
        Err(error) => return Err(unusable(&name, &error)),
    };
    if !is_device(&real) {
        return Err(Phase::PortUnusable {
            reason: format!("{name} is no serial port: write one such as /dev/ttyUSB2"),
        });
    }
    let builder = tokio_serial::new(real.to_string_lossy(), baud);
    // Opened for ourselves alone (TIOCEXCL).
    let mut serial = SerialStream::open(&builder).map_err(|error| match error.kind {
        tokio_serial::ErrorKind::NoDevice if real.exists() => Phase::PortUnusable {
            reason: format!("{name} is held by another program: stop ModemManager, brltty or smsd, whichever runs here"),
        },
        tokio_serial::ErrorKind::NoDevice => absent(),
        tokio_serial::ErrorKind::Io(io::ErrorKind::NotFound) => absent(),
        tokio_serial::ErrorKind::Io(kind) => unusable(&name, &io::Error::new(kind, error.description)),
        tokio_serial::ErrorKind::InvalidInput | tokio_serial::ErrorKind::Unknown => {
            Phase::PortUnusable { reason: format!("failed to open {name}: {}", error.description) }
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
    Ok(serial)
}

fn unusable(name: &dyn std::fmt::Display, error: &io::Error) -> Phase {
    #[allow(clippy::wildcard_enum_match_arm, reason = "not our enum")]
    let reason = match error.kind() {
        io::ErrorKind::PermissionDenied => format!(
            "failed to open {name}: permission denied (is this user in the group dialout? sudo usermod -aG dialout USER, \
             then log in again)"
        ),
        io::ErrorKind::ResourceBusy => {
            format!(
                "{name} is held by another program: stop ModemManager, brltty or smsd, whichever runs here"
            )
        }
        _ => format!("failed to open {name}: {error}"),
    };
    Phase::PortUnusable { reason }
}

fn is_device(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_char_device())
}
