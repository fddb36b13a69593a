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
//! | `export.rs` | the TCP port, and who may import |
//!
//! Not here: isochronous transfers, several devices on one port, and the CD-ROM that many sticks are before they are
//! switched. That will be a second [`Layout`] with a bulk-only function in `device.rs`, and an export whose
//! description changes.
//!
//! **Invariant:** one importer at a time. When its connection ends, for whatever reason, its kernel sees the stick pulled.
//! The modem itself goes without power only where a scripted fault says so.

mod description;
mod device;
mod export;
mod wire;

pub use description::{Description, Invalid, Layout, UsbId};
pub(crate) use export::Export;
