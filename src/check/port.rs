//! Whether a modem's port is there and can be had. Says what is there instead, and who has it.

use std::fs;
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::config::Finding;

/// How long a serial server may take to accept.
const CONNECT: Duration = Duration::from_secs(3);

pub(super) fn check_device(path: &Path) -> Finding {
    let shown = path.display();
    let Ok(metadata) = fs::metadata(path) else {
        return Finding::error(format!("there is no {shown}: {}", elsewhere()));
    };
    if !metadata.file_type().is_char_device() {
        return Finding::error(format!("{shown} is no serial port: {}", elsewhere()));
    }
    if let Some((id, name)) = holder(path) {
        return if name == "sms-bridge" {
            Finding::fine(format!(
                "{shown} is in use by sms-bridge itself (process {id})"
            ))
        } else {
            Finding::error(format!(
                "{shown} is in use by {name} (process {id}): stop it, or keep it away from this port{}",
                if name == "ModemManager" {
                    " (systemctl disable --now ModemManager)"
                } else {
                    ""
                }
            ))
        };
    }
    // Without NONBLOCK a port that waits for its carrier would hang here.
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(_) => Finding::fine(format!("{shown} can be opened")),
        Err(Errno::ACCESS | Errno::PERM) => {
            let group = group_name(metadata.gid());
            Finding::error(format!(
                "this user may not open {shown}: usermod -aG {group} USER, with the user that the bridge runs as, and \
                 log in again"
            ))
        }
        Err(Errno::BUSY) => Finding::error(format!(
            "{shown} is in use by another process: stop it (sudo fuser {shown} names it)"
        )),
        Err(Errno::NODEV | Errno::NXIO | Errno::IO) => Finding::error(format!(
            "{shown} does not react: unplug the modem and plug it in again"
        )),
        Err(error) => Finding::error(format!("{shown} cannot be opened: {error}")),
    }
}

pub(super) fn check_tcp(host: &str, port: u16) -> Finding {
    let addresses = match (host, port).to_socket_addrs() {
        Ok(addresses) => addresses,
        Err(error) => {
            return Finding::error(format!(
                "{host} is not known here: {error}; write its address in numbers"
            ));
        }
    };
    let mut last = None;
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(_) => return Finding::fine(format!("{host}:{port} accepts connections")),
            Err(error) => last = Some(error),
        }
    }
    let cause = last.map_or_else(|| "it has no address".to_owned(), |error| error.to_string());
    Finding::error(format!(
        "{host}:{port} accepts no connection ({cause}): is the serial server (ser2net) running there?"
    ))
}

/// What to write instead.
fn elsewhere() -> String {
    let folder = |path: &str, fits: fn(&str) -> bool| {
        let mut found: Vec<PathBuf> = fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.file_name().to_str().is_some_and(fits))
            .map(|entry| entry.path())
            .collect();
        found.sort();
        found
    };
    // Names by id stay the same when ports are numbered anew.
    let mut ports = folder("/dev/serial/by-id", |_| true);
    if ports.is_empty() {
        ports = folder("/dev", |name| {
            name.starts_with("ttyUSB") || name.starts_with("ttyACM")
        });
    }
    if ports.is_empty() {
        return "plug the modem in; no USB serial port is there now".to_owned();
    }
    let names: Vec<String> = ports
        .iter()
        .map(|port| port.display().to_string())
        .collect();
    format!("plug the modem in, or write one of {}", names.join(", "))
}

/// Process id and name of whoever has the port open, as far as this user may know. Not whoever made a pseudo-terminal:
/// they keep both of its ends open.
fn holder(path: &Path) -> Option<(u32, String)> {
    let device = path.canonicalize().ok()?;
    let own = std::process::id();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    for process in processes {
        let Some(id) = process
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let files = fs::read_dir(process.path().join("fd"))
            .into_iter()
            .flatten()
            .flatten();
        let open: Vec<PathBuf> = files
            .filter_map(|file| fs::read_link(file.path()).ok())
            .collect();
        let made_it =
            device.starts_with("/dev/pts") && open.iter().any(|file| file.ends_with("ptmx"));
        let holds = id != own && !made_it && open.contains(&device);
        if holds {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some((id, name.trim().to_owned()));
        }
    }
    None
}

fn group_name(id: u32) -> String {
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    let name = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id.to_string()).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| "dialout".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Level;

    #[test]
    fn ports_that_are_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(check_device(&file).words.contains("no serial port"));
        let absent = check_device(&folder.path().join("absent"));
        assert!(absent.words.contains("plug the modem in"), "{absent}");
    }

    #[test]
    fn a_port_that_is_free_can_be_opened() {
        let master = rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR).unwrap();
        rustix::pty::grantpt(&master).unwrap();
        rustix::pty::unlockpt(&master).unwrap();
        let name = rustix::pty::ptsname(&master, Vec::new()).unwrap();
        let finding = check_device(Path::new(name.to_str().unwrap()));
        assert_eq!(finding.level, Level::Fine, "{finding}");
    }

    #[test]
    fn a_serial_server_is_asked() {
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        assert_eq!(check_tcp("127.0.0.1", port).level, Level::Fine);
        drop(server);
        let gone = check_tcp("127.0.0.1", port);
        assert!(gone.words.contains("ser2net"), "{gone}");
    }
}
