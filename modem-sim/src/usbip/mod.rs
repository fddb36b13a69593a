//! The simulated modem as a USB device, over USB/IP: a kernel that imports it takes it for a stick that was plugged in.
//!
//! What a pseudo-terminal cannot show comes from the kernel's own drivers: `ttyUSB0` to `ttyUSB2` of which one talks AT,
//! sysfs with ids and paths, uevents, numbers that change, a port that hangs up under its reader. Protocol version
//! 1.1.1, as in the kernel's `Documentation/usb/usbip_protocol.rst`.
//!
//! | file | what it is |
//! |---|---|
//! | `wire.rs` | the protocol's octets, and nothing about devices |
//! | `description.rs` | what a stick is like, and its descriptors (USB 2.0 §9.6) |
//! | `device.rs` | a stick that is plugged in: transfers in, transfers and serial octets out. Sans-I/O |
//! | `storage.rs` | the disc of a stick that was not switched yet: bulk-only mass storage. Sans-I/O |
//! | `export.rs` | the TCP port, and who may import |
//!
//! A stick with a [`Disc`] is mass storage until it is switched: 600 ms after the command it hangs up, and after 1.2 s more it
//! can be imported as a modem. After a drop of its port it is a disc again, as a stick that was unplugged.
//!
//! Not here: isochronous transfers, and several devices on one port.
//!
//! **Invariant:** one importer at a time. When its connection ends, for whatever reason, its kernel sees the stick pulled.
//! The modem itself goes without power only where a scripted fault says so.

mod description;
mod device;
mod export;
mod storage;
mod wire;

pub use description::{Description, Disc, Invalid, Layout, UsbId};
pub(crate) use export::Export;
pub use storage::SwitchCommand;
