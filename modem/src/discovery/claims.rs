//! Which line of this process has which device, so that lines side by side do not open or disturb each other's ports.
//!
//! A claim is for what a line has open or is asking now. A reservation is for what a line names in its configuration,
//! whether or not it is there: a line that takes any modem leaves it alone.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Sysfs;
use crate::config::Imei;

static CLAIMS: Mutex<Claims> = Mutex::new(Claims {
    taken: BTreeSet::new(),
    reserved: Vec::new(),
    imeis: Vec::new(),
    last: 0,
});

#[derive(Debug)]
struct Claims {
    /// Device files with links followed, and folders of USB devices.
    taken: BTreeSet<PathBuf>,
    /// Each with the number of its reservation; device files as they are written.
    reserved: Vec<(u64, PathBuf)>,
    /// Each with the number of its reservation and the machine that it is for.
    imeis: Vec<(u64, Sysfs, Imei)>,
    last: u64,
}

fn claims() -> MutexGuard<'static, Claims> {
    CLAIMS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a line holds; given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    paths: Vec<PathBuf>,
}

impl Claim {
    /// Takes all of these or none. `None`: another line of this process has one.
    pub(crate) fn take(paths: Vec<PathBuf>) -> Option<Self> {
        let mut claims = claims();
        if paths.iter().any(|path| claims.taken.contains(path)) {
            return None;
        }
        claims.taken.extend(paths.iter().cloned());
        Some(Self { paths })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claims = claims();
        for path in &self.paths {
            claims.taken.remove(path);
        }
    }
}

/// What a line names in its configuration; ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    number: u64,
}

impl Reservation {
    /// `path`: a device file as it is written, or the folder of a USB device. `None` where a line names nothing.
    pub(crate) fn make(path: Option<PathBuf>) -> Self {
        let mut claims = claims();
        claims.last += 1;
        let number = claims.last;
        claims.reserved.extend(path.map(|path| (number, path)));
        Self { number }
    }

    /// The line's modem is the one of this machine with this IMEI.
    pub(crate) fn of_imei(self, machine: &Sysfs, imei: Option<&Imei>) -> Self {
        let named = imei.map(|imei| (self.number, machine.clone(), imei.clone()));
        claims().imeis.extend(named);
        self
    }

    /// The IMEIs that other lines of this process name on this machine.
    pub(crate) fn other_imeis(&self, machine: &Sysfs) -> Vec<Imei> {
        let claims = claims();
        let others = claims
            .imeis
            .iter()
            .filter(|(number, of, _)| *number != self.number && of == machine);
        others.map(|(_, _, imei)| imei.clone()).collect()
    }

    /// What other lines of this process name.
    pub(crate) fn others(&self) -> Vec<PathBuf> {
        claims()
            .reserved
            .iter()
            .filter(|(number, _)| *number != self.number)
            .map(|(_, path)| path.clone())
            .collect()
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut claims = claims();
        claims.reserved.retain(|(number, _)| *number != self.number);
        claims.imeis.retain(|(number, _, _)| *number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Claim, Reservation};

    #[test]
    fn a_device_has_one_holder_at_a_time() {
        let paths = |names: &[&str]| -> Vec<PathBuf> {
            names
                .iter()
                .map(|name| PathBuf::from(format!("/claims/{name}")))
                .collect()
        };
        let first = Claim::take(paths(&["one", "two"])).expect("free");
        assert!(Claim::take(paths(&["two", "three"])).is_none());
        let third = Claim::take(paths(&["three"])).expect("nothing was taken of a refused claim");
        drop(first);
        assert!(Claim::take(paths(&["one", "two"])).is_some());
        drop(third);
    }

    #[test]
    fn a_reservation_is_seen_by_the_others_until_it_ends() {
        let named = PathBuf::from("/reservations/ttyUSB0");
        let one = Reservation::make(Some(named.clone()));
        let other = Reservation::make(None);
        assert!(other.others().contains(&named) && !one.others().contains(&named));
        drop(one);
        assert!(!other.others().contains(&named));
    }
}
