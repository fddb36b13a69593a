//! Sticks that show a disc become modems, before a modem is looked for.

use std::time::Duration;

use crate::config::UsbPath;
use crate::discovery::Sysfs;
use crate::discovery::claims::Claim;
use crate::usb::devices::{State, survey};
use crate::usb::sources::Sources;
use crate::usb::switch::switch;

/// The kernel makes the ports of a modem, and udevd sets their owner, a moment after it is there.
const SETTLE: Duration = Duration::from_millis(500);

/// Why a stick stayed a disc, in words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stayed(pub(super) String);

/// Switches each disc that some table knows and this line may have. `None`: none stayed one.
///
/// # Cancel safety
///
/// A switch that began goes on to its end.
pub(super) async fn switch_all(
    sysfs: &Sysfs,
    sources: &Sources,
    may_have: impl Fn(&UsbPath) -> bool,
) -> Option<Stayed> {
    let look = {
        let (sysfs, sources) = (sysfs.clone(), sources.clone());
        move || {
            if sources.is_disabled() {
                Vec::new()
            } else {
                survey(&sysfs, &sources)
            }
        }
    };
    let found = tokio::task::spawn_blocking(look).await.unwrap_or_default();
    let mut stayed = None;
    for one in found {
        let device = one.device;
        for problem in &one.lookup.problems {
            tracing::warn!(%problem, "a table for USB sticks is not used");
        }
        let (State::NeedsSwitching, Some((plan, source))) = (one.state, one.lookup.found) else {
            continue;
        };
        if !may_have(&device.usb_path) {
            continue;
        }
        // Held until it is a modem: two lines must not tell it twice.
        let Some(claim) = Claim::take(vec![sysfs.device(&device.usb_path)]) else {
            continue;
        };
        let (id, path) = (device.id, device.usb_path.clone());
        tracing::info!(device = %id, usb_path = %path, method = plan.method.name(), table = %source, "switching a stick that shows a disc");
        let sysfs = sysfs.clone();
        let work = move || {
            let switched = switch(&sysfs, &device, &plan);
            drop(claim);
            switched.map_err(|error| error.to_string())
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(now)) => {
                tracing::info!(device = %id, now = %now.id, usb_path = %now.usb_path, "it is a modem");
                rest(SETTLE).await;
            }
            Ok(Err(why)) => {
                tracing::warn!(device = %id, usb_path = %path, %why, "it stayed a disc");
                stayed = Some(Stayed(format!(
                    "the stick at usb_path {path} shows a disc and was not switched: {why}"
                )));
            }
            Err(_ended) => {}
        }
    }
    stayed
}

#[allow(clippy::disallowed_methods, reason = "the driver is where time enters")]
async fn rest(time: Duration) {
    tokio::time::sleep(time).await;
}
