//! USB mode switching: sticks that show a disc with their maker's program until they are told to be a modem.
//!
//! Everything here is pure but [`sources`], which reads files. What tables say becomes one [`SwitchPlan`]; what has to be
//! said to the device for it is a list of [`steps`].
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
//! | [`steps`] | a plan as transfers and waits |
//!
//! usb_modeswitch's tables are under the GPL: they are read where the user has them, and no part of them is in here.
//!
//! **Invariant:** what is in a file is data from strangers: every reader has bounds, and none panics.

mod families;
pub mod file_name;
pub mod openwrt;
pub mod pack;
mod plan;
pub mod settings;
pub mod sources;
pub mod steps;

pub use families::known;
pub use plan::{Message, MessageError, Method, SwitchPlan, Target, UsbId, UsbIdError};

#[cfg(test)]
mod debian;
