//! Which other program has a port open, read from `/proc`, and what to do about it.
//!
//! Another user's open files are not shown to everyone: where nobody can be named, the programs that are known to take
//! modems and run here are.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Candidate;

/// Processes that are looked at.
const PROCESSES: usize = 32_768;
/// Open files of one process that are looked at.
const FILES: usize = 4_096;
/// Programs that take modems, as `/proc/PID/comm` writes them (15 characters at most).
const KNOWN: [&str; 8] = [
    "ModemManager",
    "brltty",
    "gammu-smsd",
    "minicom",
    "picocom",
    "pppd",
    "smsd",
    "wvdial",
];

/// A process that has a port open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub id: u32,
    /// The program's name as the kernel knows it, at most 15 characters.
    pub name: String,
}

/// Such as `ModemManager (process 812)`.
impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (process {})", self.name, self.id)
    }
}

impl Holder {
    /// The process with this id; its name is a question mark if it cannot be read.
    #[must_use]
    pub fn of_process(id: u32) -> Self {
        let name = name(&PathBuf::from(format!("/proc/{id}")));
        Self {
            id,
            name: name.unwrap_or_else(|| "?".to_owned()),
        }
    }

    /// What to do about it. `device` is the stick that the port belongs to, if it is known.
    #[must_use]
    pub fn advice(&self, device: Option<&Candidate>) -> String {
        match (self.name.as_str(), device) {
            ("ModemManager", Some(device)) => format!(
                "write {} into /etc/udev/rules.d/99-sms-bridge.rules, run udevadm control --reload && udevadm trigger, \
                 and plug the modem in again; or stop it: systemctl disable --now ModemManager",
                ignore_rule(device)
            ),
            ("ModemManager", None) => "stop it: systemctl disable --now ModemManager".to_owned(),
            ("brltty", _) => {
                "it takes serial adapters for Braille displays: apt-get remove brltty, or \
                 systemctl mask --now brltty brltty-udev"
                    .to_owned()
            }
            ("smsd", _) => {
                "two programs cannot share a modem: systemctl disable --now smstools".to_owned()
            }
            ("gammu-smsd", _) => {
                "two programs cannot share a modem: systemctl disable --now gammu-smsd".to_owned()
            }
            (_, _) => "stop it, or keep it away from this port".to_owned(),
        }
    }
}

/// The udev rule that keeps ModemManager away from exactly this model.
#[must_use]
pub fn ignore_rule(device: &Candidate) -> String {
    format!(
        "ATTRS{{idVendor}}==\"{:04x}\", ATTRS{{idProduct}}==\"{:04x}\", ENV{{ID_MM_DEVICE_IGNORE}}=\"1\"",
        device.vendor, device.product
    )
}

/// Who has this port open, this process left out, as far as this user may know. Not whoever made a pseudo-terminal: they
/// keep both of its ends open.
#[must_use]
pub fn holders(port: &Path) -> Vec<Holder> {
    let Ok(device) = port.canonicalize() else {
        return Vec::new();
    };
    let pseudo = device.starts_with("/dev/pts");
    let own = std::process::id();
    let holds = |process: &Path| {
        let files = fs::read_dir(process.join("fd")).into_iter().flatten();
        let mut open = false;
        for file in files.take(FILES).flatten() {
            let Ok(file) = fs::read_link(file.path()) else {
                continue;
            };
            if pseudo && file.ends_with("ptmx") {
                return false;
            }
            open |= file == device;
        }
        open
    };
    processes()
        .filter(|(id, process)| *id != own && holds(process))
        .map(|(id, process)| Holder {
            id,
            name: name(&process).unwrap_or_else(|| "?".to_owned()),
        })
        .collect()
}

/// The programs that are known to take modems and run here, whether or not they have one now.
#[must_use]
pub fn suspects() -> Vec<Holder> {
    processes()
        .filter_map(|(id, process)| {
            let name = name(&process)?;
            KNOWN
                .contains(&name.as_str())
                .then_some(Holder { id, name })
        })
        .collect()
}

/// Why a port cannot be had that others hold, and what to do: `shown` is in use by whom.
#[must_use]
pub fn in_use(shown: &dyn fmt::Display, holders: &[Holder], device: Option<&Candidate>) -> String {
    if let [first, others @ ..] = holders {
        let advice = first.advice(device);
        let others: String = others.iter().map(|other| format!(" and {other}")).collect();
        return format!("{shown} is in use by {first}{others}: {advice}");
    }
    match suspects().first() {
        Some(suspect) => {
            let advice = suspect.advice(device);
            format!("{shown} is in use by another program, perhaps {suspect}: {advice}")
        }
        None => {
            format!("{shown} is in use by another program: stop it (sudo fuser {shown} names it)")
        }
    }
}

/// Why this user may not open a port, and what to do.
#[must_use]
pub fn denied(shown: &dyn fmt::Display, port: &Path) -> String {
    let group = fs::metadata(port).map_or_else(|_| None, |metadata| group_name(metadata.gid()));
    let group = group
        .filter(|group| group != "root")
        .unwrap_or_else(|| "dialout".to_owned());
    format!(
        "this user may not open {shown} (permission denied): usermod -aG {group} USER, with the user that the bridge runs \
         as, and log in again or restart the service"
    )
}

fn processes() -> impl Iterator<Item = (u32, PathBuf)> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            Some((id, entry.path()))
        })
        .take(PROCESSES)
}

/// Without control characters: a process names itself.
fn name(process: &Path) -> Option<String> {
    let name = fs::read(process.join("comm")).ok()?;
    let name: String = String::from_utf8_lossy(&name)
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    (!name.is_empty()).then_some(name)
}

fn group_name(id: u32) -> Option<String> {
    let groups = fs::read_to_string("/etc/group").ok()?;
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id.to_string()).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::super::fake::{Machine, Plug, Stick};
    use super::super::{Candidate, candidates};
    use super::{Holder, denied, holders, in_use};
    use modem_sim::serve::Pty;

    fn prolink() -> Candidate {
        let machine = Machine::new();
        machine.plug_in(&Stick {
            path: "1-1",
            vendor: 0x1e0e,
            product: 0x9000,
            model: "",
            interfaces: vec![Plug::serial("ttyUSB0")],
        });
        candidates(&machine.sysfs()).pop().expect("a stick")
    }

    /// A real program that has the port open, as `sleep` has its standard input.
    fn sleep_on(port: &std::path::Path) -> Child {
        let port = std::fs::File::open(port).expect("the port");
        Command::new("sleep")
            .arg("60")
            .stdin(Stdio::from(port))
            .spawn()
            .expect("a program")
    }

    #[tokio::test]
    async fn a_program_that_has_the_port_open_is_named_with_its_process() {
        let port = Pty::open(None).expect("a pseudo-terminal");
        assert_eq!(
            holders(port.path()),
            [],
            "its maker and this process do not count"
        );
        let mut sleeper = sleep_on(port.path());
        // Before it has become `sleep`, the child is a copy of this process with the port open all the same.
        let found = tokio::time::timeout(std::time::Duration::from_secs(30), async {
            loop {
                let found = holders(port.path());
                if found.iter().any(|holder| holder.name == "sleep") {
                    return found;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("it is found");
        let words = in_use(&"/dev/ttyUSB2", &found, None);
        sleeper.kill().expect("it runs");
        sleeper.wait().expect("it ends");
        let expected = format!(
            "/dev/ttyUSB2 is in use by sleep (process {}): stop it",
            sleeper.id()
        );
        assert!(words.starts_with(&expected), "{words}");
        assert_eq!(holders(port.path()), []);
    }

    #[test]
    fn each_known_program_has_its_own_advice() {
        let stick = prolink();
        let check = |name: &str, device: Option<&Candidate>, expected: &str| {
            let holder = Holder {
                id: 812,
                name: name.to_owned(),
            };
            let words = in_use(&"/dev/ttyUSB2", &[holder], device);
            assert!(
                words.contains(&format!("{name} (process 812): ")),
                "{words}"
            );
            assert!(words.contains(expected), "{words}");
        };
        check(
            "ModemManager",
            Some(&stick),
            "ATTRS{idVendor}==\"1e0e\", ATTRS{idProduct}==\"9000\", ENV{ID_MM_DEVICE_IGNORE}=\"1\"",
        );
        check("ModemManager", None, "disable --now ModemManager");
        check("brltty", Some(&stick), "apt-get remove brltty");
        check("smsd", None, "disable --now smstools");
        check("gammu-smsd", None, "disable --now gammu-smsd");
        check("screen", None, "stop it");
    }

    #[test]
    fn who_may_not_open_a_port_is_told_its_group() {
        let words = denied(&"/dev/ttyUSB2", std::path::Path::new("/dev/absent"));
        assert!(words.contains("usermod -aG dialout"), "{words}");
        if std::path::Path::new("/dev/ptmx").exists()
            && std::fs::read_to_string("/etc/group").is_ok_and(|g| g.contains("tty:"))
        {
            let words = denied(&"it", std::path::Path::new("/dev/ptmx"));
            assert!(words.contains("usermod -aG"), "{words}");
        }
    }
}
