//! The way in: a bounded channel to the writer task. An answer means that it is durable.

mod chat;
mod line;
mod request;

use std::fmt;

use tokio::sync::{mpsc, oneshot};

pub use line::{
    Arrival, DeliveryReports, FirstLook, LateOutcome, LineNotice, LineSettings, Origin, Sending,
    UnfinishedPart,
};
pub(crate) use request::{LineWakers, Reply, Request};

/// How many requests may wait for the writer; whoever comes then waits to be let in.
pub(crate) const QUEUE: usize = 256;

/// The only way to the store. Cheap to clone.
///
/// Every method waits while the queue is full, and returns once what it did is durable.
///
/// # Cancel safety
///
/// A request that was handed over is carried out even when its future is dropped; all of them recognise a repetition.
#[derive(Clone)]
pub struct BridgeHandle {
    requests: mpsc::Sender<Request>,
}

impl fmt::Debug for BridgeHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BridgeHandle")
    }
}

impl BridgeHandle {
    pub(crate) fn new(requests: mpsc::Sender<Request>) -> Self {
        Self { requests }
    }

    /// What is still under way.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub async fn pending(&self) -> Result<Pending, BridgeError> {
        self.ask(|reply| Request::Pending { reply }).await
    }

    pub(crate) async fn ask<T>(
        &self,
        request: impl FnOnce(Reply<T>) -> Request,
    ) -> Result<T, BridgeError> {
        let (reply, answer) = oneshot::channel();
        self.requests
            .send(request(reply))
            .await
            .map_err(|_closed| BridgeError::Stopping)?;
        answer.await.map_err(|_dropped| BridgeError::Stopping)?
    }
}

/// What is still under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// Parts that wait or are being sent.
    pub parts: usize,
    /// Parts sent whose report has not come.
    pub reports: usize,
    /// Posts and state marks that have not been shown.
    pub posts: usize,
}

/// Why the bridge did not take something over.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BridgeError {
    /// The program is stopping.
    #[error("the bridge is stopping")]
    Stopping,
    /// The store failed; it is opened again by itself, and the same request may be repeated.
    #[error("the store failed: {0}")]
    Store(String),
    /// The store cannot be opened.
    #[error("failed to open the store in {path}: {cause}")]
    Open {
        /// The folder.
        path: std::path::PathBuf,
        /// What happened and what to do.
        cause: String,
    },
    /// The line or network is not configured.
    #[error("{0} is not configured")]
    NotConfigured(String),
}
