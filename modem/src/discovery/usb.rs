//! One USB device as sysfs shows it.
//!
//! `/sys/bus/usb/devices` holds a link for each device (`1-1.2`) and each interface (`1-1.2:1.0`). Below an interface
//! stand its ports: `ttyUSB0` of a usb-serial driver, `tty/ttyACM0` of cdc-acm.

use std::fs;
use std::path::Path;

use super::{Candidate, Interface, SerialPort, Sysfs, kind};
use crate::config::UsbPath;
use crate::redacted::Redacted;

/// Devices and interfaces that are looked at; far more than a machine has.
const ENTRIES: usize = 4_096;
/// Entries of one folder of a device.
const CHILDREN: usize = 256;
/// Characters that are kept of what a device says of itself.
const STRING: usize = 64;

pub(crate) fn device_paths(root: &Sysfs) -> Vec<UsbPath> {
    let folder = root.sys.join("bus/usb/devices");
    names(&folder, ENTRIES)
        .iter()
        .filter_map(|name| name.parse().ok())
        .collect()
}

/// `None`: it is gone, or it is nothing that a modem could be.
pub(super) fn read(root: &Sysfs, usb_path: UsbPath) -> Option<Candidate> {
    let folder = root.device(&usb_path);
    let mut interfaces = Vec::new();
    let mut ports = Vec::new();
    let prefix = format!("{usb_path}:");
    for name in names(&folder, CHILDREN) {
        if name.starts_with(&prefix)
            && let Some(interface) = read_interface(&folder.join(&name))
        {
            for name in port_names(&folder.join(&name)) {
                ports.push(SerialPort {
                    path: root.dev.join(&name),
                    name,
                    interface: interface.clone(),
                });
            }
            interfaces.push(interface);
        }
    }
    interfaces.sort_by_key(|interface| interface.number);
    ports.sort_by(|one, other| {
        let key = |port: &SerialPort| (port.interface.number, port.name.len(), port.name.clone());
        key(one).cmp(&key(other))
    });
    let vendor = hexadecimal(&folder.join("idVendor"))?;
    let product = hexadecimal(&folder.join("idProduct"))?;
    let kind = kind::kind(vendor, product, &interfaces, &ports)?;
    Some(Candidate {
        usb_path,
        vendor,
        product,
        manufacturer: text(&folder.join("manufacturer")),
        model: text(&folder.join("product")),
        serial: text(&folder.join("serial")).map(Redacted::new),
        ports,
        interfaces,
        kind,
    })
}

fn read_interface(folder: &Path) -> Option<Interface> {
    let number = |name: &str| hexadecimal(&folder.join(name)).and_then(|n| u8::try_from(n).ok());
    Some(Interface {
        number: number("bInterfaceNumber")?,
        class: number("bInterfaceClass")?,
        subclass: number("bInterfaceSubClass")?,
        protocol: number("bInterfaceProtocol")?,
        driver: driver(folder),
    })
}

fn driver(folder: &Path) -> Option<String> {
    let driver = fs::read_link(folder.join("driver")).ok()?;
    Some(driver.file_name()?.to_str()?.to_owned())
}

fn port_names(interface: &Path) -> Vec<String> {
    let is_port = |name: &String| name.starts_with("tty") && name.len() > 3;
    let mut found: Vec<String> = names(interface, CHILDREN);
    found.extend(names(&interface.join("tty"), CHILDREN));
    found.retain(is_port);
    found
}

fn names(folder: &Path, most: usize) -> Vec<String> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .take(most)
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

pub(crate) fn hexadecimal(file: &Path) -> Option<u16> {
    u16::from_str_radix(fs::read_to_string(file).ok()?.trim(), 16).ok()
}

/// What the device says of itself may be anything.
pub(crate) fn text(file: &Path) -> Option<String> {
    let bytes = fs::read(file).ok()?;
    let text: String = String::from_utf8_lossy(&bytes)
        .chars()
        .filter(|c| !c.is_control() && !is_format(*c))
        .take(STRING)
        .collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Characters that would turn the line around them, and the replacement of what is no UTF-8.
fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffd}')
}
