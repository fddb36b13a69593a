//! What is plugged in here, and which of it has to be switched.

use std::fs;
use std::path::Path;

use super::file_name::Strings;
use super::plan::UsbId;
use super::sources::{Lookup, Sources};
use crate::config::UsbPath;
use crate::discovery::{Kind, Sysfs, candidates, usb as sysfs};

/// USB class code of discs.
const MASS_STORAGE: u8 = 0x08;
/// Entries of a folder that are looked at.
const ENTRIES: usize = 64;

/// One USB device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Where it is plugged in.
    pub usb_path: UsbPath,
    /// What it is now.
    pub id: UsbId,
    /// The class of its first interface; 0 if it shows none.
    pub class: u8,
    /// What it says of itself.
    pub strings: Strings,
}

/// What a device is to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// A modem, or a device with a serial port.
    Modem(Kind),
    /// A disc of which a table says how a modem comes of it.
    NeedsSwitching,
    /// A disc that no table knows: left alone.
    Unknown,
}

/// A device, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surveyed {
    /// Which.
    pub device: Device,
    /// What it is.
    pub state: State,
    /// What the tables say.
    pub lookup: Lookup,
}

/// All USB devices but hubs.
#[must_use]
pub fn devices(root: &Sysfs) -> Vec<Device> {
    let paths = sysfs::device_paths(root);
    paths
        .into_iter()
        .filter_map(|path| read(root, path))
        .collect()
}

/// Modems and discs, by USB path; other devices are left out.
#[must_use]
pub fn survey(root: &Sysfs, sources: &Sources) -> Vec<Surveyed> {
    let modems = candidates(root);
    let mut found: Vec<Surveyed> = devices(root)
        .into_iter()
        .filter_map(|device| {
            let kind = modems.iter().find(|one| one.usb_path == device.usb_path);
            let kind = kind.map(|one| one.kind).filter(|kind| *kind != Kind::CdRom);
            let disc = device.class == MASS_STORAGE;
            let state = match kind {
                Some(kind) => State::Modem(kind),
                None if disc => State::Unknown,
                None => return None,
            };
            let lookup = match state {
                State::Modem(_) => Lookup::default(),
                State::NeedsSwitching | State::Unknown => {
                    sources.look_up(device.id, &device.strings)
                }
            };
            let worth = lookup
                .found
                .as_ref()
                .is_some_and(|(plan, _)| plan.is_worth_doing());
            Some(Surveyed {
                state: if worth { State::NeedsSwitching } else { state },
                device,
                lookup,
            })
        })
        .collect();
    found.sort_by(|one, other| {
        one.device
            .usb_path
            .as_str()
            .cmp(other.device.usb_path.as_str())
    });
    found
}

/// `None`: it is gone, or a hub.
fn read(root: &Sysfs, usb_path: UsbPath) -> Option<Device> {
    let folder = root.device(&usb_path);
    let id = UsbId {
        vendor: sysfs::hexadecimal(&folder.join("idVendor"))?,
        product: sysfs::hexadecimal(&folder.join("idProduct"))?,
    };
    let mut interfaces = names(&folder);
    interfaces.retain(|name| name.starts_with(&format!("{usb_path}:")));
    let class = |name: &String| sysfs::hexadecimal(&folder.join(name).join("bInterfaceClass"));
    let first = interfaces.first();
    let class = first
        .and_then(class)
        .and_then(|class| u8::try_from(class).ok());
    if class == Some(0x09) {
        return None;
    }
    let said = |name: &str| sysfs::text(&folder.join(name)).unwrap_or_default();
    let disc = first.and_then(|name| disc_of(&folder.join(name)));
    let of_disc = |name: &str| {
        let text = disc.as_ref().and_then(|disc| sysfs::text(&disc.join(name)));
        text.unwrap_or_default()
    };
    Some(Device {
        id,
        class: class.unwrap_or(0),
        strings: Strings {
            manufacturer: said("manufacturer"),
            product: said("product"),
            serial: said("serial"),
            disc_vendor: of_disc("vendor"),
            disc_model: of_disc("model"),
            disc_revision: of_disc("rev"),
        },
        usb_path,
    })
}

/// The SCSI device below an interface: `host0/target0:0:0/0:0:0:0`.
fn disc_of(interface: &Path) -> Option<std::path::PathBuf> {
    let below = |folder: &Path, prefix: &str| {
        let names = names(folder);
        let name = names.iter().find(|name| name.starts_with(prefix))?;
        Some(folder.join(name))
    };
    let target = below(&below(interface, "host")?, "target")?;
    let names = names(&target);
    let name = names.iter().find(|name| name.split(':').count() == 4)?;
    Some(target.join(name))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().take(ENTRIES * 4);
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names.truncate(ENTRIES * 4);
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::fake::{Machine, Plug, Stick};

    fn disc(path: &'static str, vendor: u16, product: u16) -> Stick {
        Stick {
            path,
            vendor,
            product,
            model: "PHS-100",
            interfaces: vec![Plug::without_port((8, 6, 0x50), Some("usb-storage"))],
        }
    }

    #[test]
    fn modems_discs_and_others_are_told_apart() {
        let machine = Machine::new();
        let nothing = Sources {
            root: machine.path("empty"),
            config: None,
        };
        machine.plug_in(&disc("1-1", 0x1e0e, 0xf000));
        machine.plug_in(&disc("1-2", 0x0781, 0x5567));
        machine.plug_in(&Stick {
            interfaces: vec![Plug::serial("ttyUSB0")],
            ..disc("1-3", 0x12d1, 0x1506)
        });
        machine.plug_in(&Stick {
            interfaces: vec![Plug::without_port((3, 1, 1), Some("usbhid"))],
            ..disc("1-4", 0x046d, 0xc31c)
        });
        let found = survey(&machine.sysfs(), &nothing);
        let states: Vec<_> = found
            .iter()
            .map(|one| (one.device.usb_path.as_str(), one.state.clone()))
            .collect();
        assert_eq!(
            states,
            [
                ("1-1", State::NeedsSwitching),
                ("1-2", State::Unknown),
                ("1-3", State::Modem(Kind::Serial)),
            ]
        );
        assert_eq!(found[0].device.strings.product, "PHS-100");
        assert_eq!(found[0].device.class, 8);
    }

    #[test]
    fn a_disc_says_its_name_by_scsi() {
        let machine = Machine::new();
        machine.plug_in(&disc("1-1", 0x05c6, 0x1000));
        let scsi = machine
            .device("1-1")
            .join("1-1:1.0/host0/target0:0:0/0:0:0:0");
        fs::create_dir_all(&scsi).unwrap();
        fs::write(scsi.join("vendor"), "GT      \n").unwrap();
        fs::write(scsi.join("model"), "Max 3.6\n").unwrap();
        let strings = devices(&machine.sysfs()).remove(0).strings;
        assert_eq!(
            (strings.disc_vendor.as_str(), strings.disc_model.as_str()),
            ("GT", "Max 3.6")
        );
    }
}
