//! Places where the program may end at any time, named so that a test can end it there.
//!
//! Without the feature `crash-points` [`point`] does nothing, and nothing of this is in the program. With it a process
//! whose environment names a point and a visit of it (`SMS_BRIDGE_CRASH_AT=store: batch applied:3`) aborts there: no
//! destructor runs and nothing is flushed, as after `kill -9`. `tests/crash_points` does so at every visit of every point.

#[cfg(feature = "crash-points")]
pub use armed::{point, visits};

/// A place where the program may end.
#[cfg(not(feature = "crash-points"))]
#[inline]
pub(crate) fn point(_name: &'static str) {}

#[cfg(feature = "crash-points")]
mod armed {
    use std::collections::BTreeMap;
    use std::sync::{Mutex, OnceLock, PoisonError};

    /// How often each point was passed.
    static VISITS: Mutex<BTreeMap<&'static str, u64>> = Mutex::new(BTreeMap::new());
    /// Where to end. `None`: nowhere, and nothing is counted.
    static END: OnceLock<Option<End>> = OnceLock::new();

    /// A point and one of its visits, from 1; nowhere, where it names no point.
    struct End {
        name: String,
        visit: u64,
    }

    fn end() -> Option<&'static End> {
        let read = || {
            let told = std::env::var("SMS_BRIDGE_CRASH_AT").ok()?;
            let (name, visit) = told.rsplit_once(':').unwrap_or_default();
            Some(End {
                name: name.to_owned(),
                visit: visit.parse().unwrap_or(0),
            })
        };
        END.get_or_init(read).as_ref()
    }

    /// A place where the program may end.
    pub fn point(name: &'static str) {
        let Some(end) = end() else { return };
        let visit = {
            let mut visits = VISITS.lock().unwrap_or_else(PoisonError::into_inner);
            let visit = visits.entry(name).or_default();
            *visit += 1;
            *visit
        };
        if name == end.name && visit == end.visit {
            std::process::abort();
        }
    }

    /// How often each point was passed in this process; empty where `SMS_BRIDGE_CRASH_AT` is not set.
    #[must_use]
    pub fn visits() -> BTreeMap<&'static str, u64> {
        VISITS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
