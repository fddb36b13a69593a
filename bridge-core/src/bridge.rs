//! The bridge as a whole: the writer and the workers, started and stopped in order.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::address::LineName;
use crate::chat::ChatAdapter;
use crate::dispatch;
use crate::handle::{BridgeError, BridgeHandle, LineWakers, QUEUE, Request};
use crate::link::SmsLink;
use crate::settings::Settings;
use crate::store::StoreError;
use crate::writer::Writer;

/// What was begun when the stop came may end within this; a part that is on its way to the network for longer is unknown.
const GRACE: Duration = Duration::from_millis(3200);
/// The writer has little to do at the end.
const CLOSING: Duration = Duration::from_secs(1);

/// The running bridge.
pub struct Bridge {
    handle: BridgeHandle,
    lines: Vec<LineName>,
    workers: JoinSet<()>,
    writer: JoinSet<()>,
    ended: CancellationToken,
    stop: CancellationToken,
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge")
            .field("lines", &self.lines)
            .finish_non_exhaustive()
    }
}

impl Bridge {
    /// Opens the store and takes up what was under way when it was closed. Attach the chats first and then the lines, so
    /// that the first SMS finds every inbox.
    ///
    /// # Errors
    ///
    /// [`BridgeError::Open`] says why the store cannot be opened, and what to do.
    pub async fn open(settings: Settings) -> Result<Self, BridgeError> {
        let path = settings.data_dir.join("store");
        let lines = settings
            .lines
            .iter()
            .map(|line| line.name.clone())
            .collect();
        let opened = tokio::task::spawn_blocking(move || Writer::open(settings)).await;
        let writer = match opened {
            Ok(Ok(writer)) => writer,
            Ok(Err(StoreError::Open { path, cause })) => {
                return Err(BridgeError::Open { path, cause });
            }
            Ok(Err(error)) => {
                return Err(BridgeError::Open {
                    path,
                    cause: error.to_string(),
                });
            }
            Err(error) => {
                return Err(BridgeError::Open {
                    path,
                    cause: format!("the database panicked: {error}"),
                });
            }
        };
        let (sender, requests) = mpsc::channel(QUEUE);
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let _ended = guard;
            writer.run(requests).await;
        });
        Ok(Self {
            handle: BridgeHandle::new(sender),
            lines,
            workers: JoinSet::new(),
            writer: tasks,
            ended,
            stop: CancellationToken::new(),
        })
    }

    /// The way in.
    #[must_use]
    pub fn handle(&self) -> BridgeHandle {
        self.handle.clone()
    }

    /// Connects a chat network: its posts go out from now on.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn attach_chat(&mut self, adapter: Arc<dyn ChatAdapter>) -> Result<(), BridgeError> {
        let description = adapter.describe().clone();
        let waker = self
            .handle
            .ask(|reply| Request::AttachChat { description, reply })
            .await?;
        let (handle, stop) = (self.handle.clone(), self.stop.clone());
        self.workers.spawn(dispatch::chat::run(
            handle,
            adapter,
            waker,
            stop,
            dispatch::chat::SLOW,
        ));
        Ok(())
    }

    /// Connects a phone line: its messages go out from now on.
    ///
    /// # Errors
    ///
    /// The line is not in [`Settings::lines`], or the store failed.
    pub async fn attach_line(
        &mut self,
        line: &LineName,
        link: Arc<dyn SmsLink>,
    ) -> Result<(), BridgeError> {
        if !self.lines.contains(line) {
            return Err(BridgeError::NotConfigured(format!("[line.{line}]")));
        }
        let (name, status) = (line.clone(), link.status());
        let LineWakers { parts, ussd } = self
            .handle
            .ask(|reply| Request::AttachLine {
                line: name,
                status,
                reply,
            })
            .await?;
        let (handle, stop) = (self.handle.clone(), self.stop.clone());
        let workers = (handle.clone(), Arc::clone(&link), stop.clone());
        self.workers
            .spawn(dispatch::line::run(handle, line.clone(), link, parts, stop));
        let (handle, link, stop) = workers;
        self.workers
            .spawn(dispatch::ussd::run(handle, line.clone(), link, ussd, stop));
        Ok(())
    }

    /// Resolves when the writer ended by itself, which is a fault: nothing is stored any more.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Lets what was begun end, and closes the store. Takes 4.2 s at most.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let all = async { while self.workers.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, all).await.is_err() {
            tracing::warn!("some work did not end in time; its outcome counts as unknown");
            self.workers.shutdown().await;
        }
        let closed = self.handle.ask(|reply| Request::Stop { reply });
        if !matches!(tokio::time::timeout(CLOSING, closed).await, Ok(Ok(()))) {
            tracing::warn!("the store did not close in time");
        }
        self.writer.shutdown().await;
    }
}
