//! Whether a modem's port is there and can be had. Says what is there instead, and who has it.

use std::fs;
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use modem::discovery::{Candidate, Kind, Sysfs, candidates, device_of, holder, lock_holder};
use modem::{Imei, UsbPath};
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
    // Another user's open files are not shown to everyone; its lock file is.
    let mut holders = holder::holders(path);
    if holders.is_empty() {
        holders.extend(lock_holder(path));
    }
    if let Some(own) = holders.iter().find(|holder| holder.name == "sms-bridge") {
        let id = own.id;
        return Finding::fine(format!(
            "{shown} is in use by sms-bridge itself (process {id})"
        ));
    }
    let device = || device_of(&Sysfs::default(), path);
    if !holders.is_empty() {
        return Finding::error(holder::in_use(&shown, &holders, device().as_ref()));
    }
    // Without NONBLOCK a port that waits for its carrier would hang here.
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(_) => with_manager(format!("{shown} can be opened"), device),
        Err(Errno::ACCESS | Errno::PERM) => Finding::error(holder::denied(&shown, path)),
        Err(Errno::BUSY) => Finding::error(holder::in_use(&shown, &[], device().as_ref())),
        Err(Errno::NODEV | Errno::NXIO | Errno::IO) => Finding::error(format!(
            "{shown} does not react: unplug the modem and plug it in again"
        )),
        Err(error) => Finding::error(format!("{shown} cannot be opened: {error}")),
    }
}

/// What `auto` would find. No port is opened.
pub(super) fn check_auto(usb_path: Option<&UsbPath>, imei: Option<&Imei>) -> Finding {
    let all = candidates(&Sysfs::default());
    judge(&all, usb_path, imei)
}

fn judge(all: &[Candidate], usb_path: Option<&UsbPath>, imei: Option<&Imei>) -> Finding {
    let named = |one: &&Candidate| usb_path.is_none_or(|path| one.usb_path == *path);
    let usable = |one: &&Candidate| {
        one.kind == Kind::Serial || (usb_path.is_some() && one.kind == Kind::Adapter)
    };
    let there: Vec<&Candidate> = all.iter().filter(named).collect();
    let modems: Vec<String> = there
        .iter()
        .filter(|one| usable(one))
        .map(ToString::to_string)
        .collect();
    let hints: Vec<String> = there
        .iter()
        .filter_map(|one| one.advice().map(|advice| format!("{one}: {advice}")))
        .collect();
    match (modems.as_slice(), imei) {
        ([one], _) => Finding::fine(format!("found {one}")),
        ([], _) => {
            let place = usb_path.map_or_else(String::new, |path| format!(" at usb_path {path}"));
            let hints = if hints.is_empty() {
                String::new()
            } else {
                format!(". {}", hints.join(". "))
            };
            Finding::error(format!("no USB modem is plugged in{place}{hints}"))
        }
        (several, Some(_)) => {
            Finding::fine(format!("looks for its imei among {}", several.join("; ")))
        }
        (several, None) => Finding::error(format!(
            "several USB modems are plugged in: set usb_path or imei. They are: {}",
            several.join("; ")
        )),
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

/// ModemManager may have no port open now and take it at the next occasion.
fn with_manager(words: String, device: impl Fn() -> Option<Candidate>) -> Finding {
    let manager = holder::suspects()
        .into_iter()
        .find(|suspect| suspect.name == "ModemManager");
    match manager {
        Some(manager) => {
            let advice = manager.advice(device().as_ref());
            Finding::warning(format!("{words}, but {manager} runs here: {advice}"))
        }
        None => Finding::fine(words),
    }
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
    fn what_auto_would_find_is_judged() {
        let stick = |path: &str, kind| Candidate {
            usb_path: path.parse().unwrap(),
            vendor: 0x1e0e,
            product: 0x9000,
            manufacturer: None,
            model: None,
            serial: None,
            ports: Vec::new(),
            interfaces: Vec::new(),
            kind,
        };
        let imei: Imei = "490154203237518".parse().unwrap();
        let here: UsbPath = "1-1".parse().unwrap();
        let check = |all: &[Candidate], path, imei, level: Level, words: &str| {
            let finding = judge(all, path, imei);
            assert_eq!(finding.level, level, "{finding}");
            assert!(finding.words.contains(words), "{finding}");
        };
        let one = stick("1-1", Kind::Serial);
        let two = [one.clone(), stick("1-2", Kind::Serial)];
        check(&[], None, None, Level::Error, "no USB modem is plugged in");
        check(&[], Some(&here), None, Level::Error, "at usb_path 1-1");
        check(
            &[stick("1-1", Kind::CdRom)],
            None,
            None,
            Level::Error,
            "usb-modeswitch",
        );
        check(
            &[stick("1-1", Kind::Adapter)],
            None,
            None,
            Level::Error,
            "usb_path = \"1-1\"",
        );
        check(
            &[stick("1-1", Kind::Adapter)],
            Some(&here),
            None,
            Level::Fine,
            "found",
        );
        check(
            &[one],
            None,
            None,
            Level::Fine,
            "found SIMCom (1e0e:9000, usb_path 1-1)",
        );
        check(&two, None, None, Level::Error, "set usb_path or imei");
        check(&two, None, Some(&imei), Level::Fine, "looks for its imei");
        check(&two, Some(&here), None, Level::Fine, "usb_path 1-1");
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
