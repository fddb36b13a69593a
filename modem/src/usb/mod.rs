//! USB mode switching: sticks that show a disc with their maker's program until they are told to be a modem.
//!
//! Everything here is pure but [`sources`] and [`devices`], which read files, and [`mod@switch`]. What tables say becomes one
//! [`SwitchPlan`]; what has to be said to the device for it is a list of [`steps`].
//!
//! | module | what it is |
//! |---|---|
//! | `plan` | what to do with a device, and what it is afterwards |
//! | [`settings`] | `Key=value`, as usb_modeswitch's files have it, old and new |
//! | [`file_name`] | `VID:PID:uMa=…`, which device a file is for |
//! | [`pack`] | `configPack.tar.gz`, all such files in one |
//! | [`openwrt`] | OpenWrt's `/etc/usb-mode.json` |
//! | `families` | a small table of our own |
//! | [`sources`] | which of these says what about a device |
//! | [`steps`], `sequences` | a plan as transfers and waits |
//! | [`devices`] | what is plugged in, and which of it has to be switched |
//! | [`mod@switch`], `wire` | a plan carried out; needs the feature `usb`, without which OpenWrt's `usbmode` is called |
//!
//! usb_modeswitch's tables are under the GPL: they are read where the user has them, and no part of them is in here.
//!
//! **Invariant:** what is in a file is data from strangers: every reader has bounds, and none panics.

pub mod devices;
mod families;
pub mod file_name;
pub mod openwrt;
pub mod pack;
mod plan;
mod sequences;
pub mod settings;
pub mod sources;
pub mod steps;
pub mod switch;

pub use families::known;
pub use plan::{Message, MessageError, Method, SwitchPlan, Target, UsbId, UsbIdError};

#[cfg(test)]
mod debian;
