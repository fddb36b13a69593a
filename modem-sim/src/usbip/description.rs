//! What a stick is like, and the descriptors that say so (USB 2.0 §9.6, and for CDC ACM the Class Definitions for
//! Communication Devices 1.2 §5.2).
//!
//! A *port* is what becomes one `ttyUSB` or `ttyACM`. Port `n` has the endpoints `1 + n` for bulk transfers, both ways,
//! and `8 + n` for interrupts.

use std::fmt;
use std::str::FromStr;

use super::storage::SwitchCommand;

/// The most ports that there are endpoints for.
const PORTS: u8 = 7;
/// Interrupt endpoints begin here.
const INTERRUPTS: u8 = 8;

/// A stick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    id: UsbId,
    layout: Layout,
    ports: u8,
    at_port: u8,
    /// Manufacturer, product, serial number: the string descriptors 1 to 3. An empty one is left out.
    strings: [String; 3],
    disc: Option<Disc>,
}

/// What a stick is until it is switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disc {
    /// Its vendor and product.
    pub id: UsbId,
    /// What switches it.
    pub switch: SwitchCommand,
}

/// Vendor and product, written `1e0e:9000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsbId {
    /// idVendor.
    pub vendor: u16,
    /// idProduct.
    pub product: u16,
}

/// How the ports appear among the interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One vendor-specific interface (class 0xff) for each port, as on sticks that the driver `option` knows by their id.
    Vendor,
    /// A communication and a data interface for each port (CDC ACM), which the driver `cdc_acm` knows by their class.
    Acm,
    /// No ports: a disc of the class mass storage, which the driver `usb-storage` knows by its class.
    Disc,
}

/// Why a description does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not four hexadecimal digits, a colon and four more.
    #[error("{0:?} is no USB id such as 1e0e:9000")]
    Id(String),
    /// None, or more than there are endpoints for.
    #[error("a simulated stick has 1 to {PORTS} ports, not {0}")]
    Ports(u8),
    /// The port that talks AT is not one of them.
    #[error("port {at} cannot talk AT: the stick has ports 0 to {last}")]
    AtPort {
        /// The port that was asked for.
        at: u8,
        /// The last one that there is.
        last: u8,
    },
}

impl FromStr for UsbId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let number = |digits: &str| {
            let hexadecimal =
                digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            hexadecimal
                .then(|| u16::from_str_radix(digits, 16).ok())
                .flatten()
        };
        text.split_once(':')
            .and_then(|(vendor, product)| {
                Some(Self {
                    vendor: number(vendor)?,
                    product: number(product)?,
                })
            })
            .ok_or_else(|| Invalid::Id(text.to_owned()))
    }
}

impl fmt::Display for UsbId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04x}:{:04x}", self.vendor, self.product)
    }
}

impl Description {
    /// A stick with this many ports, of which one talks AT.
    ///
    /// # Errors
    ///
    /// When there are no such ports.
    pub fn new(id: UsbId, layout: Layout, ports: u8, at_port: u8) -> Result<Self, Invalid> {
        if ports == 0 || ports > PORTS {
            return Err(Invalid::Ports(ports));
        }
        if at_port >= ports {
            let last = ports - 1;
            return Err(Invalid::AtPort { at: at_port, last });
        }
        let strings = ["Simulated".to_owned(), "Modem".to_owned(), String::new()];
        Ok(Self {
            id,
            layout,
            ports,
            at_port,
            strings,
            disc: None,
        })
    }

    /// With these strings; an empty one is left out, as cheap sticks leave out their serial number.
    #[must_use]
    pub fn with_strings(mut self, manufacturer: &str, product: &str, serial: &str) -> Self {
        // A string descriptor has 255 octets at most.
        let cut = |text: &str| text.chars().take(60).collect::<String>();
        self.strings = [cut(manufacturer), cut(product), cut(serial)];
        self
    }

    /// Showing a disc first, until it is switched.
    #[must_use]
    pub fn with_disc(mut self, disc: Disc) -> Self {
        self.disc = Some(disc);
        self
    }

    /// What the stick is before it is switched; `None`: it is a modem at once.
    pub(super) fn before(&self) -> Option<(Self, SwitchCommand)> {
        let disc = self.disc?;
        let before = Self {
            id: disc.id,
            layout: Layout::Disc,
            ports: 1,
            at_port: 0,
            strings: self.strings.clone(),
            disc: None,
        };
        Some((before, disc.switch))
    }

    /// What the bulk endpoint of this number leads to.
    pub(super) fn bulk(&self, endpoint: u8) -> Option<Port> {
        let port = endpoint.checked_sub(1).filter(|port| *port < self.ports)?;
        Some(if self.layout == Layout::Disc {
            Port::Disc
        } else if port == self.at_port {
            Port::At
        } else if port == 0 {
            Port::Diagnostics
        } else {
            Port::Silent
        })
    }

    /// Whether this is an endpoint for interrupts.
    pub(super) fn is_interrupt(&self, endpoint: u8) -> bool {
        self.layout != Layout::Disc && (INTERRUPTS..INTERRUPTS + self.ports).contains(&endpoint)
    }

    /// The descriptor of this type and index (the value of a `GET_DESCRIPTOR`); `None` for one that it has not.
    pub(super) fn descriptor(&self, kind: u8, index: u8) -> Option<Vec<u8>> {
        match (kind, index) {
            (1, 0) => Some(self.device_descriptor()),
            (2, 0) => Some(self.configuration_descriptor()),
            // The languages: English (United States) alone.
            (3, 0) => Some(vec![4, 3, 0x09, 0x04]),
            (3, index) => {
                let text = self.strings.get(usize::from(index) - 1)?;
                let units = text.encode_utf16().flat_map(u16::to_le_bytes);
                (!text.is_empty()).then(|| headed(3, units))
            }
            _ => None,
        }
    }

    fn device_descriptor(&self) -> Vec<u8> {
        let mut rest = vec![0x00, 0x02]; // USB 2.0
        rest.extend(self.device_class());
        rest.push(64); // endpoint 0
        rest.extend(self.id.vendor.to_le_bytes());
        rest.extend(self.id.product.to_le_bytes());
        rest.extend([0x00, 0x01]); // release 1.00
        rest.extend((1..=3).map(|index| self.string_index(index)));
        rest.push(1); // configurations
        headed(1, rest)
    }

    fn string_index(&self, index: u8) -> u8 {
        let there = self.descriptor(3, index).is_some();
        if there { index } else { 0 }
    }

    /// Class, subclass and protocol of the device: said by its interfaces, or by associations of them.
    fn device_class(&self) -> [u8; 3] {
        match self.layout {
            Layout::Vendor | Layout::Disc => [0, 0, 0],
            Layout::Acm => [0xef, 2, 1],
        }
    }

    fn configuration_descriptor(&self) -> Vec<u8> {
        let body: Vec<u8> = (0..self.ports)
            .flat_map(|port| match self.layout {
                Layout::Vendor => vendor_port(port),
                Layout::Acm => acm_port(port),
                Layout::Disc => disc(),
            })
            .collect();
        let total = u16::try_from(9 + body.len()).unwrap_or(u16::MAX);
        let mut rest = total.to_le_bytes().to_vec();
        let interfaces = u8::try_from(self.interfaces().len()).unwrap_or(u8::MAX);
        // Configuration 1, without a name, powered by the bus, with 500 mA.
        rest.extend([interfaces, 1, 0, 0x80, 250]);
        let mut descriptor = headed(2, rest);
        descriptor.extend(body);
        descriptor
    }

    /// Class, subclass and protocol of each interface.
    fn interfaces(&self) -> Vec<[u8; 3]> {
        let port: &[[u8; 3]] = match self.layout {
            Layout::Vendor => &[VENDOR],
            Layout::Acm => &[ACM_CONTROL, ACM_DATA],
            Layout::Disc => &[STORAGE],
        };
        port.repeat(usize::from(self.ports))
    }

    /// As it stands in the replies of USB/IP, under the bus id `1-1`.
    pub(super) fn exported(&self) -> (Vec<u8>, Vec<u8>) {
        let mut device = Vec::new();
        device.extend(b"/sys/devices/simulated/usb1/1-1");
        device.resize(256, 0);
        device.extend(BUS_ID.as_bytes());
        device.resize(256 + 32, 0);
        // Bus 1, device 2, high speed.
        device.extend([1_u32, 2, 3].into_iter().flat_map(u32::to_be_bytes));
        for number in [self.id.vendor, self.id.product, 0x0100] {
            device.extend(number.to_be_bytes());
        }
        device.extend(self.device_class());
        let interfaces = self.interfaces();
        // Not configured yet, one configuration.
        device.extend([0, 1, u8::try_from(interfaces.len()).unwrap_or(u8::MAX)]);
        let interfaces = interfaces
            .into_iter()
            .flat_map(|[class, subclass, protocol]| [class, subclass, protocol, 0]);
        (device, interfaces.collect())
    }
}

/// Under which name the one device of a server is imported.
pub(super) const BUS_ID: &str = "1-1";

/// What a port is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Port {
    /// The modem.
    At,
    /// Commands to the disc, and their answers.
    Disc,
    /// Answers everything with octets that are no text.
    Diagnostics,
    /// Swallows what it is told.
    Silent,
}

const VENDOR: [u8; 3] = [0xff, 0xff, 0xff];
/// Communication interface, abstract control model, AT commands of V.250.
const ACM_CONTROL: [u8; 3] = [2, 2, 1];
const ACM_DATA: [u8; 3] = [10, 0, 0];
/// Mass storage, transparent SCSI, bulk-only.
const STORAGE: [u8; 3] = [8, 6, 0x50];

fn disc() -> Vec<u8> {
    [interface(0, 2, STORAGE), bulk(0x80, 0), bulk(0, 0)].concat()
}

fn vendor_port(port: u8) -> Vec<u8> {
    [
        interface(port, 3, VENDOR),
        interrupt_in(port),
        bulk(0x80, port),
        bulk(0, port),
    ]
    .concat()
}

fn acm_port(port: u8) -> Vec<u8> {
    let (control, data) = (2 * port, 2 * port + 1);
    let [class, subclass, protocol] = ACM_CONTROL;
    [
        // An association of the two.
        headed(11, [control, 2, class, subclass, protocol, 0]),
        interface(control, 1, ACM_CONTROL),
        // Header 1.10, no call management, line coding and serial state, the union.
        headed(0x24, [0, 0x10, 0x01]),
        headed(0x24, [1, 0, data]),
        headed(0x24, [2, 2]),
        headed(0x24, [6, control, data]),
        interrupt_in(port),
        interface(data, 2, ACM_DATA),
        bulk(0x80, port),
        bulk(0, port),
    ]
    .concat()
}

fn interface(number: u8, endpoints: u8, [class, subclass, protocol]: [u8; 3]) -> Vec<u8> {
    headed(4, [number, 0, endpoints, class, subclass, protocol, 0])
}

/// 64 octets, every 2^(9-1) eighths of a millisecond.
fn interrupt_in(port: u8) -> Vec<u8> {
    headed(5, [0x80 | (INTERRUPTS + port), 3, 64, 0, 9])
}

/// 512 octets, as high speed wants it.
fn bulk(direction: u8, port: u8) -> Vec<u8> {
    headed(5, [direction | (1 + port), 2, 0x00, 0x02, 0])
}

/// A descriptor: its length, its type, the rest.
fn headed(kind: u8, rest: impl IntoIterator<Item = u8>) -> Vec<u8> {
    let mut descriptor = vec![0, kind];
    descriptor.extend(rest);
    let length = u8::try_from(descriptor.len()).unwrap_or(u8::MAX);
    if let Some(first) = descriptor.first_mut() {
        *first = length;
    }
    descriptor
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends where it fails")]
mod tests {
    use super::*;

    fn stick(layout: Layout, ports: u8) -> Description {
        let id = "1e0e:9000".parse().unwrap();
        Description::new(id, layout, ports, ports - 1).unwrap()
    }

    #[test]
    fn ids_are_four_and_four_digits() {
        let id: UsbId = "1e0e:9000".parse().unwrap();
        assert_eq!((id.vendor, id.product), (0x1e0e, 0x9000));
        assert_eq!(id.to_string(), "1e0e:9000");
        for wrong in [
            "",
            "1e0e",
            "1e0e:900",
            "1e0e:+900",
            "1e0e:9000:1",
            "xxxx:9000",
        ] {
            assert_eq!(wrong.parse::<UsbId>(), Err(Invalid::Id(wrong.to_owned())));
        }
    }

    #[test]
    fn ports_have_to_be_there() {
        let new =
            |ports, at| Description::new("1e0e:9000".parse().unwrap(), Layout::Vendor, ports, at);
        assert_eq!(new(0, 0), Err(Invalid::Ports(0)));
        assert_eq!(new(8, 0), Err(Invalid::Ports(8)));
        assert_eq!(new(3, 3), Err(Invalid::AtPort { at: 3, last: 2 }));
        assert!(new(7, 6).is_ok());
    }

    /// Walks the configuration by the lengths in it, as a host does.
    #[test]
    fn a_configuration_is_a_chain_of_descriptors_that_ends_where_it_says() {
        for (layout, ports, interfaces) in [
            (Layout::Vendor, 3, 3),
            (Layout::Vendor, 7, 7),
            (Layout::Acm, 1, 2),
            (Layout::Acm, 7, 14),
        ] {
            let configuration = stick(layout, ports).descriptor(2, 0).unwrap();
            assert_eq!(configuration.get(4), Some(&interfaces));
            let total = configuration.get(2..4).unwrap();
            assert_eq!(
                usize::from(u16::from_le_bytes(total.try_into().unwrap())),
                configuration.len()
            );
            let (mut rest, mut endpoints, mut numbers) =
                (configuration.as_slice(), Vec::new(), Vec::new());
            while let Some(&length) = rest.first() {
                let (descriptor, after) = rest.split_at(usize::from(length));
                match *descriptor {
                    [_, 4, number, ..] => numbers.push(number),
                    [_, 5, address, ..] => endpoints.push(address),
                    _ => {}
                }
                rest = after;
            }
            assert_eq!(numbers, (0..interfaces).collect::<Vec<_>>());
            assert_eq!(endpoints.len(), 3 * usize::from(ports));
            endpoints.sort_unstable();
            endpoints.dedup();
            assert_eq!(endpoints.len(), 3 * usize::from(ports), "each address once");
        }
    }

    #[test]
    fn strings_that_are_empty_are_not_there() {
        let stick = stick(Layout::Vendor, 3).with_strings("SimTech", "PHS-100", "");
        let device = stick.descriptor(1, 0).unwrap();
        assert_eq!(device.len(), 18);
        assert_eq!(device.get(8..12), Some(&[0x0e, 0x1e, 0x00, 0x90][..]));
        assert_eq!(device.get(14..18), Some(&[1, 2, 0, 1][..]));
        let name: Vec<u8> = [16, 3]
            .into_iter()
            .chain("PHS-100".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        assert_eq!(stick.descriptor(3, 2), Some(name));
        assert_eq!(stick.descriptor(3, 3), None);
        assert_eq!(stick.descriptor(3, 200), None);
        assert_eq!(stick.descriptor(15, 0), None);
    }
}
