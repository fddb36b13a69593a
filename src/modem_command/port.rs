//! Whether a port can be had, in words that say what to do; and the way to one without a driver.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use modem::discovery::{Sysfs, device_of, holder};
use modem::{Address, Config, RawPort};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use tokio::time::Instant;

use crate::cli::say;

/// Within this an AT port answers `AT`.
const ANSWER: Duration = Duration::from_secs(2);

/// Says why a port cannot be used before it is opened, as far as that can be seen, and warns where it is open to others.
///
/// # Errors
///
/// It is absent, no serial port, held by another program, or forbidden; the text says what to do.
pub(super) fn check(address: &Address) -> Result<()> {
    match address {
        Address::Auto => Ok(()),
        Address::Path(path) => check_path(path),
        Address::Tcp { host, .. } => {
            let address: Option<IpAddr> = host.parse().ok();
            let local = host == "localhost" || address.is_some_and(|address| address.is_loopback());
            if !local {
                say(&format!(
                    "warning: {address} asks nobody for a password: whoever reaches it can use this SIM",
                    address = host
                ));
            }
            Ok(())
        }
    }
}

fn check_path(path: &Path) -> Result<()> {
    let shown = path.display();
    let Ok(metadata) = fs::metadata(path) else {
        bail!(
            "there is no {shown}: plug the modem in; `sms-bridge modem list` shows the ports that are there"
        );
    };
    let none =
        || anyhow!("{shown} is no serial port: `sms-bridge modem list` shows those that are there");
    // Major number 1 is the kernel's own memory and null devices, which every process may have open.
    let is_memory = rustix::fs::major(metadata.rdev()) == 1;
    if !metadata.file_type().is_char_device() || is_memory {
        return Err(none());
    }
    let held = holder::holders(path);
    if !held.is_empty() {
        return Err(in_use(path, &held));
    }
    // Without NONBLOCK a port that waits for its carrier would hang here.
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(port) if rustix::termios::isatty(&port) => Ok(()),
        Ok(_) | Err(Errno::ISDIR) => Err(none()),
        Err(Errno::ACCESS | Errno::PERM) => Err(anyhow!(holder::denied(&shown, path))),
        Err(Errno::BUSY) => Err(in_use(path, &[])),
        Err(Errno::NODEV | Errno::NXIO | Errno::IO) => {
            bail!("{shown} does not react: unplug the modem and plug it in again")
        }
        Err(error) => bail!("{shown} cannot be opened: {error}"),
    }
}

fn in_use(path: &Path, holders: &[holder::Holder]) -> anyhow::Error {
    let shown = path.display();
    if let Some(own) = holders.iter().find(|holder| holder.name == "sms-bridge") {
        return anyhow!(
            "{shown} is in use by sms-bridge itself (process {}): stop it first (systemctl stop sms-bridge)",
            own.id
        );
    }
    let device = device_of(&Sysfs::default(), path);
    anyhow!(holder::in_use(&shown, holders, device.as_ref()))
}

/// Opens a port by itself; for `auto` the driver's choice.
///
/// # Errors
///
/// It cannot be opened, or no modem is found; the text says what to do.
pub(super) async fn open(address: &Address) -> Result<RawPort> {
    check(address)?;
    match RawPort::open(&Config::new(address.clone())).await {
        Ok(port) => Ok(port),
        Err(phase) => bail!("{phase}"),
    }
}

/// What to say where no modem is plugged in.
pub(super) const NOTHING: &str = "no modem is plugged in here: plug the stick in, wait 20 s, and look again. If it is plugged in: \
     `lsusb` shows whether this computer sees it at all; a stick that draws much needs a hub with its own power";

/// Whether somebody behind this port answers `AT`.
///
/// # Errors
///
/// It cannot be opened; the text says what to do.
pub(super) async fn answers(path: &Path) -> Result<bool> {
    let mut port = open(&Address::Path(path.to_owned())).await?;
    let until = Instant::now() + ANSWER;
    if port.write(b"AT\r").await.is_err() {
        return Ok(false);
    }
    let mut heard = Vec::new();
    let mut buffer = [0; 256];
    while let Ok(Ok(length)) = tokio::time::timeout_at(until, port.read(&mut buffer)).await {
        heard.extend_from_slice(buffer.get(..length).unwrap_or_default());
        let said = heard
            .split(|byte| matches!(byte, b'\r' | b'\n'))
            .any(|line| matches!(line, b"OK" | b"ERROR"));
        if said || length == 0 || heard.len() > 4096 {
            return Ok(said);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &Path) -> String {
        check(&Address::Path(path.to_owned()))
            .expect_err("it is no port")
            .to_string()
    }

    #[test]
    fn what_is_no_port_is_told_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [folder.path(), &file, Path::new("/dev/null")] {
            let words = refusal(path);
            assert!(
                words.contains("is no serial port: `sms-bridge modem list`"),
                "{words}"
            );
        }
        let absent = refusal(&folder.path().join("ttyUSB9"));
        assert!(absent.starts_with("there is no /"), "{absent}");
        assert!(absent.contains("plug the modem in"), "{absent}");
    }
}
