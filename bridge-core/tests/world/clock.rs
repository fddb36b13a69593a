//! Clocks that a test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bridge_core::{Clock, Timestamp};
use tokio::time::Instant;

/// A clock that is wrong: by how much it differs from the right time, in milliseconds.
#[derive(Clone, Default)]
pub(crate) struct Wrong(Arc<AtomicI64>);

impl Wrong {
    pub(crate) fn by(&self, by: i64) {
        self.0.store(by, Ordering::Relaxed);
    }

    /// It starts in 1970.
    pub(crate) fn in_1970(&self) {
        self.by(-Clock::system().now().0);
    }

    pub(crate) fn clock(&self) -> Clock {
        let by = Arc::clone(&self.0);
        Clock::new(move || {
            let Timestamp(right) = Clock::system().now();
            Timestamp(right + by.load(Ordering::Relaxed))
        })
    }
}

/// A clock that goes as fast as the time of a paused runtime.
pub(crate) fn of_the_runtime() -> Clock {
    let (begun, start) = (Clock::system().now(), Instant::now());
    Clock::new(move || begun.after(start.elapsed()))
}
