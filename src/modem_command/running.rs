//! The real driver for a limited time, without a PIN, and without a chat or store behind it.
//!
//! **Invariant:** it is asked to set up and listen, and for nothing else: what is in the modem's memory stays there.

use std::time::Duration;

use modem::transcript::Tap;
use modem::{Address, Config, Event, Handle, Origin, Phase, Status};
use tokio::sync::mpsc;

/// A driver and what it reported.
pub(super) struct Watched {
    handle: Handle,
    events: mpsc::Receiver<Event>,
    /// Messages that no memory keeps.
    lost: usize,
}

impl Watched {
    pub(super) fn start(address: Address, tap: Tap) -> Self {
        let mut config = Config::new(address);
        config.tap = Some(tap);
        // Whoever only looks switches no radio off.
        config.network_timeout = Duration::ZERO;
        let (handle, events) = modem::spawn(config);
        Self {
            handle,
            events,
            lost: 0,
        }
    }

    /// Waits until the status is as wished. `None`: it did not come to that in time.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub(super) async fn until(
        &mut self,
        patience: Duration,
        mut fits: impl FnMut(&Status) -> bool,
    ) -> Option<Status> {
        let mut status = self.handle.status();
        let wait = async {
            loop {
                let now = status.borrow_and_update().clone();
                if fits(&now) {
                    return Some(now);
                }
                tokio::select! {
                    changed = status.changed() => if changed.is_err() {
                        return None;
                    },
                    event = self.events.recv() => match event {
                        Some(Event::Received { origin: Origin::Direct, .. }) => self.lost += 1,
                        // Everything else stays where it is.
                        Some(_) => {}
                        None => return None,
                    },
                }
            }
        };
        tokio::time::timeout(patience, wait).await.ok().flatten()
    }

    /// What is known now.
    pub(super) fn status(&self) -> Status {
        self.handle.status().borrow().clone()
    }

    /// Lets go of the port, and says if something was handed to us that the modem does not keep.
    pub(super) async fn stop(self) -> Option<String> {
        self.handle.shutdown().await;
        (self.lost > 0).then(|| {
            format!(
                "meanwhile {} came in that the modem keeps nowhere (a delivery report, or a message for the screen only); the \
                 bridge will not see it",
                if self.lost == 1 { "something".to_owned() } else { format!("{} things", self.lost) }
            )
        })
    }
}

/// Whether nothing more comes of waiting.
pub(super) fn is_settled(phase: &Phase) -> bool {
    match phase {
        Phase::Opening | Phase::BringingUp { .. } | Phase::Recovering => false,
        Phase::PortAbsent { .. }
        | Phase::PortUnusable { .. }
        | Phase::Ready
        | Phase::NotAnswering
        | Phase::Mending { .. }
        | Phase::Blocked(_)
        | Phase::Stopped => true,
    }
}
