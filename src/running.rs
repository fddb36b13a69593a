//! The running parts: the core, the modems, the chat networks. Each is a task with a name, watched until the stop.
//!
//! **Invariant:** a part that ends or panics by itself ends the program with an error. A bridge without one of its parts
//! would look as if nobody wrote.
//!
//! Stop order, within 5 s: chat networks take in nothing more; the core lets what was begun end and closes the store;
//! the modems let go of their ports. What was not begun is stored and goes on at the next start.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use bridge_core::link::LinkStatus;
use bridge_core::{
    Bridge, BridgeError, BridgeHandle, ChatAdapter, LineName, Settings, SmsLink, UnfinishedPart,
};
use modem::engine::Unfinished;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::pin::Attempts;
use crate::sms_link::{Link, pump};

/// What is left of the 5 s once the core has stopped.
const LET_GO: Duration = Duration::from_millis(400);

/// A bridge with its parts.
pub(crate) struct Running {
    bridge: Bridge,
    modems: Vec<modem::Handle>,
    tasks: JoinSet<()>,
    names: Vec<(Id, String)>,
    stop: CancellationToken,
}

impl Running {
    /// Opens the store. Chats are to be connected first and then lines, so that the first SMS finds every inbox.
    ///
    /// # Errors
    ///
    /// The store cannot be opened.
    pub(crate) async fn open(settings: Settings) -> Result<Self> {
        Ok(Self {
            bridge: Bridge::open(settings).await?,
            modems: Vec::new(),
            tasks: JoinSet::new(),
            names: Vec::new(),
            stop: CancellationToken::new(),
        })
    }

    /// The way into the core.
    pub(crate) fn handle(&self) -> BridgeHandle {
        self.bridge.handle()
    }

    /// Cancelled when the stop begins.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Connects a chat network, and runs `incoming`, which brings in what people write until the stop.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(crate) async fn connect_chat(
        &mut self,
        adapter: Arc<dyn ChatAdapter>,
        incoming: impl Future<Output = Result<(), BridgeError>> + Send + 'static,
    ) -> Result<()> {
        let network = adapter.describe().label.clone();
        self.bridge
            .attach_chat(adapter)
            .await
            .with_context(|| format!("failed to connect {network}"))?;
        let (name, stop) = (network.clone(), self.stop.clone());
        self.spawn(network, async move {
            match incoming.await {
                Err(error) if !stop.is_cancelled() => {
                    error!(adapter = name, %error, "nothing more comes in");
                }
                Ok(()) | Err(_) => {}
            }
        });
        Ok(())
    }

    /// Starts a modem and connects it as a line; returns its status as the core sees it. A PIN that works is struck off
    /// `attempts`.
    ///
    /// # Errors
    ///
    /// The store failed, or the line is not in the core's settings.
    pub(crate) async fn connect_line(
        &mut self,
        line: &LineName,
        config: modem::Config,
        attempts: Option<Attempts>,
    ) -> Result<watch::Receiver<LinkStatus>> {
        let unfinished = self.handle().unfinished(line).await;
        let unfinished = unfinished
            .with_context(|| format!("failed to look for what the line {line} left unfinished"))?
            .map(unfinished_send);
        let (modem, events) = modem::spawn(modem::Config {
            unfinished,
            ..config
        });
        self.modems.push(modem.clone());
        let (link, status) = Link::new(line.clone(), modem.clone());
        let told = link.status();
        self.bridge
            .attach_line(line, Arc::new(link))
            .await
            .with_context(|| format!("failed to connect the line {line}"))?;
        self.spawn(format!("status of line {line}"), status);
        let bridge = self.handle();
        let stop = self.stop.clone();
        let incoming = pump(line.clone(), modem, events, attempts, bridge, stop);
        self.spawn(format!("line {line}"), incoming);
        Ok(told)
    }

    /// Waits until a part ends by itself.
    pub(crate) async fn failed(&mut self) -> anyhow::Error {
        loop {
            let ended = tokio::select! {
                () = self.bridge.ended() => return anyhow!("the store's writer ended by itself"),
                ended = self.tasks.join_next_with_id() => ended,
            };
            match ended {
                Some(Ok((id, ()))) => return anyhow!("{} ended by itself", self.name(id)),
                Some(Err(failure)) => return self.panicked(&failure),
                // Nothing is connected: only the writer can end.
                None => {
                    self.bridge.ended().await;
                }
            }
        }
    }

    /// Stops everything in order. Nothing that was acknowledged is lost by it.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        self.bridge.stop().await;
        let modems = std::mem::take(&mut self.modems);
        let let_go = async {
            for modem in &modems {
                modem.shutdown().await;
            }
            while let Some(ended) = self.tasks.join_next_with_id().await {
                if let Err(failure) = ended
                    && failure.is_panic()
                {
                    error!(
                        task = self
                            .names
                            .iter()
                            .find(|(id, _)| *id == failure.id())
                            .map(|(_, name)| name.as_str()),
                        "panicked while stopping"
                    );
                }
            }
        };
        if tokio::time::timeout(LET_GO, let_go).await.is_err() {
            warn!(
                "something did not stop in time and is left behind; nothing of it was acknowledged"
            );
        }
    }

    fn spawn(&mut self, name: String, task: impl Future<Output = ()> + Send + 'static) {
        let id = self.tasks.spawn(task).id();
        self.names.push((id, name));
    }

    fn name(&self, id: Id) -> &str {
        let known = self.names.iter().find(|(known, _)| *known == id);
        known.map_or("a part", |(_, name)| name.as_str())
    }

    fn panicked(&self, failure: &JoinError) -> anyhow::Error {
        anyhow!(
            "{} failed, which is a fault of this program: {failure}",
            self.name(failure.id())
        )
    }
}

/// What the modem loop is to know of a part whose result an earlier life of the program did not see.
fn unfinished_send(unfinished: UnfinishedPart) -> Unfinished {
    info!(part_id = %unfinished.part, "its result may still come");
    Unfinished {
        tag: unfinished.part.0,
        last_reference: unfinished.last_reference,
    }
}

#[cfg(test)]
mod tests {
    use bridge_core::People;

    use super::*;

    async fn running(folder: &tempfile::TempDir) -> Running {
        let settings = Settings::new(folder.path().to_owned(), People::default(), Vec::new());
        Running::open(settings).await.unwrap()
    }

    #[tokio::test]
    async fn a_part_that_panics_or_ends_is_noticed_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut running = running(&folder).await;
        running.spawn("the first part".to_owned(), async { panic!("on purpose") });
        let failure = running.failed().await.to_string();
        assert!(failure.starts_with("the first part failed"), "{failure}");
        running.spawn("the second part".to_owned(), async {});
        let failure = running.failed().await.to_string();
        assert_eq!(failure, "the second part ended by itself");
        running.stop().await;
    }

    #[tokio::test]
    async fn a_part_that_does_not_stop_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let mut running = running(&folder).await;
        running.spawn("a stubborn part".to_owned(), std::future::pending());
        let bridge = running.handle();
        tokio::time::timeout(Duration::from_secs(30), running.stop())
            .await
            .expect("the stop does not wait for it");
        assert!(bridge.pending().await.is_err(), "the store is closed");
    }
}
