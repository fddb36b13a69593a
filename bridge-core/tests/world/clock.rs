//! Clocks that a test sets.

#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bridge_core::{Clock, Timestamp};
use tokio::time::Instant;

/// A clock that is wrong: by how much it differs from the right time, in milliseconds.
#[derive(Clone)]
pub(crate) struct Wrong {
    by: Arc<AtomicI64>,
    right: Clock,
}

impl Default for Wrong {
    fn default() -> Self {
        Self::beside(Clock::system())
    }
}

impl Wrong {
    /// Beside a clock that is right.
    pub(crate) fn beside(right: Clock) -> Self {
        let by = Arc::default();
        Self { by, right }
    }

    pub(crate) fn by(&self, by: i64) {
        self.by.store(by, Ordering::Relaxed);
    }

    /// It starts in 1970.
    pub(crate) fn in_1970(&self) {
        self.by(-self.right.now().0);
    }

    pub(crate) fn clock(&self) -> Clock {
        let Self { by, right } = self.clone();
        Clock::new(move || {
            let Timestamp(right) = right.now();
            Timestamp(right + by.load(Ordering::Relaxed))
        })
    }
}

/// A clock that goes as fast as the time of a paused runtime.
pub(crate) fn of_the_runtime() -> Clock {
    let (begun, start) = (Clock::system().now(), Instant::now());
    Clock::new(move || begun.after(start.elapsed()))
}
