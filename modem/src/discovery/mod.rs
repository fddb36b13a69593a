//! What this machine knows of its USB modems: sticks, their serial ports, and who else has them open.
//!
//! Reads sysfs, `/proc` and the lock files of other programs, without udev and without a library. It opens no port and
//! asks no modem: which port of a stick answers is found out by the driver. Every walk is short and bounded, blocks for
//! milliseconds at most, and takes what it reads for data from strangers: a USB device writes its own name.
//!
//! | module | what it is |
//! |---|---|
//! | `usb` | one device of sysfs, read |
//! | `kind` | what a device is to us, and what to do where it shows no port |
//! | [`holder`] | who has a port open, and what to do about it |
//! | `lock`, `claims` | one program at a port, one line of this program at a device |
//! | `hotplug` | devices that come and go |
//! | `reset` | one device taken anew by the kernel |
//! | `tables` | facts: vendors, sticks in CD-ROM mode, which port of a stick to ask first |

pub(crate) mod claims;
#[cfg(test)]
pub(crate) mod fake;
pub mod holder;
pub(crate) mod hotplug;
mod kind;
pub(crate) mod lock;
pub(crate) mod reset;
mod tables;
#[cfg(test)]
mod tests;
pub(crate) mod usb;

use std::fmt;
use std::path::{Path, PathBuf};

pub use kind::Kind;

use crate::config::UsbPath;
use crate::redacted::Redacted;

/// Where the kernel shows its devices. Tests name a folder of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sysfs {
    /// `/sys`.
    pub sys: PathBuf,
    /// `/dev`.
    pub dev: PathBuf,
}

impl Default for Sysfs {
    fn default() -> Self {
        Self {
            sys: PathBuf::from("/sys"),
            dev: PathBuf::from("/dev"),
        }
    }
}

impl Sysfs {
    /// The folder of a USB device.
    #[must_use]
    pub fn device(&self, path: &UsbPath) -> PathBuf {
        self.sys.join("bus/usb/devices").join(path.as_str())
    }
}

/// One USB device that is a modem, looks like one, or has a serial port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where it is plugged in.
    pub usb_path: UsbPath,
    /// `idVendor`.
    pub vendor: u16,
    /// `idProduct`. Changes when a stick leaves its CD-ROM mode.
    pub product: u16,
    /// What the device calls its maker; without control characters. `None` if it does not say.
    pub manufacturer: Option<String>,
    /// What the device calls itself; without control characters. `None` if it does not say.
    pub model: Option<String>,
    /// Its serial number, which on some sticks is the IMEI. `None` if it does not say.
    pub serial: Option<Redacted>,
    /// Its serial ports, by interface number.
    pub ports: Vec<SerialPort>,
    /// All its interfaces, by number, those with a port included.
    pub interfaces: Vec<Interface>,
    /// What it is to us.
    pub kind: Kind,
}

/// One interface of a USB device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// `bInterfaceNumber`.
    pub number: u8,
    /// `bInterfaceClass`, such as 0xff for vendor specific.
    pub class: u8,
    /// `bInterfaceSubClass`.
    pub subclass: u8,
    /// `bInterfaceProtocol`.
    pub protocol: u8,
    /// The driver that has it, such as `option`. `None`: none.
    pub driver: Option<String>,
}

/// One serial port of a USB device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialPort {
    /// As the kernel names it: `ttyUSB2`, `ttyACM0`.
    pub name: String,
    /// Its device file. It need not exist, and may be a link.
    pub path: PathBuf,
    /// The interface that it belongs to.
    pub interface: Interface,
}

impl Candidate {
    /// The ports in the order in which to ask them: by what is known of this model, else by interface number.
    #[must_use]
    pub fn ports_to_ask(&self) -> Vec<&SerialPort> {
        let mut ports: Vec<&SerialPort> = self.ports.iter().collect();
        ports.sort_by_key(|port| {
            let rank = tables::rank(self.vendor, self.product, &port.interface);
            (rank, port.interface.number)
        });
        ports
    }

    /// Whether this port is known to be the one for commands and announcements.
    #[must_use]
    pub fn is_known_for_commands(&self, port: &SerialPort) -> bool {
        tables::rank(self.vendor, self.product, &port.interface) == tables::FIRST
    }

    /// Whether one of the ports is this device file, links followed.
    #[must_use]
    pub fn has_port(&self, path: &Path) -> bool {
        let same = |port: &SerialPort| match (port.path.canonicalize(), path.canonicalize()) {
            (Ok(port), Ok(path)) => port == path,
            (Ok(_) | Err(_), _) => port.path == path,
        };
        self.ports.iter().any(same)
    }

    /// What to do where it shows no port, or shows one that may not be a modem's; `None` for a modem with ports.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        kind::advice(self)
    }
}

/// Such as `HUAWEI Mobile (12d1:1506, usb_path 1-1.2)`.
impl fmt::Display for Candidate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let vendor = tables::vendor(self.vendor);
        let maker = self.manufacturer.as_deref().or(vendor);
        let model = self.model.as_deref();
        // Some write their maker into the name of the model too.
        let maker = maker.filter(|maker| {
            !model.is_some_and(|model| model.to_lowercase().starts_with(&maker.to_lowercase()))
        });
        match (maker, model) {
            (Some(maker), Some(model)) => write!(formatter, "{maker} {model}")?,
            (Some(name), None) | (None, Some(name)) => formatter.write_str(name)?,
            (None, None) => formatter.write_str("a USB device")?,
        }
        let (vendor, product, path) = (self.vendor, self.product, &self.usb_path);
        write!(formatter, " ({vendor:04x}:{product:04x}, usb_path {path})")
    }
}

/// The USB devices of this machine that are modems, look like one, or have a serial port, by USB path. Empty where sysfs
/// is not there.
#[must_use]
pub fn candidates(root: &Sysfs) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = usb::device_paths(root)
        .into_iter()
        .filter_map(|path| usb::read(root, path))
        .collect();
    found.sort_by_key(|one| natural(&one.usb_path));
    found
}

/// The device that this port belongs to, links followed; `None` if it is no USB device's.
#[must_use]
pub fn device_of(root: &Sysfs, port: &Path) -> Option<Candidate> {
    candidates(root)
        .into_iter()
        .find(|candidate| candidate.has_port(port))
}

/// The program that says by a lock file in `/run/lock` that this port is its own, links followed. `None`: none does, or its
/// process is gone, or it is this one.
#[must_use]
pub fn lock_holder(port: &Path) -> Option<holder::Holder> {
    let device = port.canonicalize().ok()?;
    lock::holder_of(Path::new(lock::FOLDER), &device)
}

/// So that `1-2` comes before `1-10`.
fn natural(path: &UsbPath) -> Vec<u16> {
    path.as_str()
        .split(['-', '.'])
        .map(|number| number.parse().unwrap_or(u16::MAX))
        .collect()
}
