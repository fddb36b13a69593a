//! Carries a plan out. Blocks for seconds: for a thread of its own.
//!
//! **Invariant:** a device that is gone, at any step, was switched, by this or by another program; what counts is what
//! appears then.

#![allow(
    clippy::disallowed_methods,
    reason = "runs in a thread of its own, where waiting harms nobody"
)]

use std::thread::sleep;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::devices::{Device, devices};
use super::plan::{SwitchPlan, UsbId};
use crate::config::UsbPath;
use crate::discovery::Sysfs;

/// From the last step until the modem is there. Slow sticks take 20 s.
const APPEARS: Duration = Duration::from_secs(40);
/// For OpenWrt's program, which takes a second or two.
#[cfg(not(feature = "usb"))]
const USBMODE: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);
/// So long an unchanged id must be there to be what came of it.
const SETTLES: Duration = Duration::from_millis(600);

/// What came of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switched {
    /// What it is now.
    pub id: UsbId,
    /// Where.
    pub usb_path: UsbPath,
}

/// Why a device was not switched.
#[derive(Debug, Error)]
pub enum SwitchError {
    /// The device's file may not be written.
    #[error(
        "this user may not write to {device}: as root, write the line\n  {rule}\ninto /etc/udev/rules.d/70-sms-bridge-usb.rules, run udevadm control --reload, and plug it in again"
    )]
    Denied {
        /// Which.
        device: UsbId,
        /// The line.
        rule: String,
    },
    /// A step that is needed failed.
    #[error("{device} did not take it: {what}: {why}")]
    Refused {
        /// Which.
        device: UsbId,
        /// Which step.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// It stayed as it was, or stayed away.
    #[error("{device} took it, and no modem appeared within {} s", APPEARS.as_secs())]
    NothingAppeared {
        /// Which.
        device: UsbId,
    },
    /// It has no port for us whatever is done.
    #[error("{device} has only an MBIM mode besides: it has no AT port")]
    Pointless {
        /// Which.
        device: UsbId,
    },
    /// This program was built without USB, and OpenWrt's is not here.
    #[error(
        "this program is built without USB support here: install usbmode (OpenWrt) or usb-modeswitch"
    )]
    NotBuilt,
}

/// The line of a udev rule that lets the group `plugdev` speak to this model.
#[must_use]
pub fn udev_rule(id: UsbId) -> String {
    format!(
        "SUBSYSTEM==\"usb\", ATTR{{idVendor}}==\"{:04x}\", ATTR{{idProduct}}==\"{:04x}\", MODE=\"0660\", GROUP=\"plugdev\"",
        id.vendor, id.product
    )
}

/// Switches a device, and waits for what comes of it.
///
/// # Errors
///
/// When it may not be spoken to, refuses, or nothing comes of it.
pub fn switch(root: &Sysfs, device: &Device, plan: &SwitchPlan) -> Result<Switched, SwitchError> {
    if !plan.is_worth_doing() {
        return Err(SwitchError::Pointless { device: device.id });
    }
    let before = devices(root);
    carry_out(root, device, plan)?;
    let deadline = Instant::now() + APPEARS;
    let mut seen: Option<(Switched, Instant)> = None;
    while Instant::now() < deadline {
        let now = appeared(&before, &devices(root), device, plan);
        seen = match (seen, now) {
            (Some((old, since)), Some(new)) if old == new => {
                if since.elapsed() >= SETTLES {
                    return Ok(new);
                }
                Some((old, since))
            }
            (_, now) => now.map(|now| (now, Instant::now())),
        };
        sleep(LOOK);
    }
    Err(SwitchError::NothingAppeared { device: device.id })
}

/// The target: at the same place, or new.
fn appeared(
    before: &[Device],
    now: &[Device],
    device: &Device,
    plan: &SwitchPlan,
) -> Option<Switched> {
    now.iter()
        .filter(|one| one.usb_path == device.usb_path || !before.contains(one))
        .find(|one| plan.target.is(device.id, one.id, one.class))
        .map(|one| Switched {
            id: one.id,
            usb_path: one.usb_path.clone(),
        })
}

#[cfg(not(feature = "usb"))]
fn carry_out(_root: &Sysfs, _device: &Device, _plan: &SwitchPlan) -> Result<(), SwitchError> {
    // It has its own table, and switches whatever it finds there. What it made of it shows by what appears.
    let mut child = std::process::Command::new("usbmode")
        .arg("-s")
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .map_err(|_absent| SwitchError::NotBuilt)?;
    let deadline = Instant::now() + USBMODE;
    while Instant::now() < deadline {
        match child.try_wait() {
            Ok(None) => sleep(LOOK),
            Ok(Some(_)) | Err(_) => return Ok(()),
        }
    }
    // It may have ended just now.
    drop(child.kill());
    drop(child.wait());
    Ok(())
}

#[cfg(feature = "usb")]
use wire::carry_out;

#[cfg(feature = "usb")]
#[path = "wire.rs"]
mod wire;

#[cfg(test)]
mod tests {
    use super::super::plan::{Method, Target};
    use super::*;

    fn device(path: &str, id: &str, class: u8) -> Device {
        Device {
            usb_path: path.parse().unwrap(),
            id: id.parse().unwrap(),
            class,
            strings: super::super::file_name::Strings::default(),
        }
    }

    #[test]
    fn what_appeared_is_at_the_same_place_or_new() {
        let disc = device("1-1", "1e0e:f000", 8);
        let other = device("1-2", "1e0e:9000", 0xff);
        let plan = SwitchPlan::new(
            Method::StandardEject,
            Target {
                vendor: Some(0x1e0e),
                products: vec![0x9000],
                class: None,
            },
        );
        let before = [disc.clone(), other.clone()];
        let look = |now: &[Device]| appeared(&before, now, &disc, &plan).map(|one| one.usb_path);
        assert_eq!(look(&before), None, "the other one was there before");
        assert_eq!(look(std::slice::from_ref(&other)), None);
        let here = device("1-1", "1e0e:9000", 0xff);
        assert_eq!(look(&[other.clone(), here.clone()]), Some(here.usb_path));
        let elsewhere = device("1-3", "1e0e:9000", 0xff);
        assert_eq!(look(&[other, elsewhere.clone()]), Some(elsewhere.usb_path));
    }
}
