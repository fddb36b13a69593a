//! The running parts: the core, the modems, the chat networks. Each is a task with a name, watched until the stop.
//!
//! **Invariant:** a part that ends or panics by itself ends the program with an error. A bridge without one of its parts
//! would look as if nobody wrote.
//!
//! Stop order, within 5 s: chat networks take in nothing more; what came from the modems is stored; the core lets what was
//! begun end, still takes what comes from the modems, and closes the store; the modems let go of their ports. What was not
//! begun is stored and goes on at the next start.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use bridge_core::link::LinkStatus;
use bridge_core::{
    Bridge, BridgeError, BridgeHandle, ChatAdapter, LineName, Settings, SmsLink, UnfinishedPart,
};
use modem::engine::Unfinished;
use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::arrivals::{IntakeStop, pump};
use crate::pin::Attempts;
use crate::sms_link::Link;

/// What came from the modems before the stop is stored within this, or the disc is too slow.
const DRAIN: Duration = Duration::from_millis(300);
/// What is left of the 5 s once the core has stopped.
const LET_GO: Duration = Duration::from_millis(400);

/// A bridge with its parts.
pub(crate) struct Running {
    bridge: Bridge,
    modems: Vec<modem::Handle>,
    intakes: Vec<IntakeStop>,
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
            intakes: Vec::new(),
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
        self.take_in(line, modem, events, attempts);
        Ok(told)
    }

    fn take_in(
        &mut self,
        line: &LineName,
        modem: modem::Handle,
        events: mpsc::Receiver<modem::Event>,
        attempts: Option<Attempts>,
    ) {
        let stop = IntakeStop {
            begins: self.stop.clone(),
            ..IntakeStop::default()
        };
        self.intakes.push(stop.clone());
        let incoming = pump(line.clone(), modem, events, attempts, self.handle(), stop);
        self.spawn(format!("line {line}"), incoming);
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
        let drained = async {
            for intake in &self.intakes {
                intake.drained.cancelled().await;
            }
        };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            warn!("what came from the modems is not stored yet");
        }
        self.bridge.stop().await;
        for intake in &self.intakes {
            intake.closed.cancel();
        }
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

    fn settings(folder: &tempfile::TempDir) -> Settings {
        Settings::new(folder.path().to_owned(), People::default(), Vec::new())
    }

    async fn running(folder: &tempfile::TempDir) -> Running {
        Running::open(settings(folder)).await.unwrap()
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

    /// A status report stands in no slot: what the modem handed over before the stop is stored by it.
    #[tokio::test]
    async fn what_came_before_the_stop_is_stored_although_it_stands_in_no_slot() {
        let folder = tempfile::tempdir().unwrap();
        let line: LineName = "home".parse().unwrap();
        let mut running = running(&folder).await;
        let nowhere = modem::Config::new("/dev/absent".parse().unwrap());
        let (modem, _) = modem::spawn(nowhere);
        let (sender, events) = mpsc::channel(64);
        running.take_in(&line, modem.clone(), events, None);
        // Made by hand: a DELIVER from a fictional number.
        let pdu = "00040B912120550501F00000625011215243000AE8329BFD4697D9EC37";
        for _ in 0..40 {
            let event = modem::Event::Received {
                origin: modem::Origin::Direct,
                pdu: modem::RawPdu::new(pdu),
                kind: modem::RawPdu::new(pdu).kind(),
            };
            sender.try_send(event).unwrap();
        }
        running.stop().await;
        modem.shutdown().await;
        let bridge = Bridge::open(settings(&folder)).await.unwrap();
        let pdu = bridge_core::link::RawPdu(pdu.to_owned());
        let again = bridge.handle();
        let again = again.sms_arrived(&line, bridge_core::Origin::Direct, pdu);
        assert_eq!(again.await.unwrap(), bridge_core::Arrival::Repeated);
        bridge.stop().await;
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
