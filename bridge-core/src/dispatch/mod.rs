//! The workers: one for the messages of each line and one for its USSD, one for each network. They take what is due, do it
//! through a port, and hand the outcome back. They decide nothing: what happens next is the writer's.

pub(crate) mod chat;
#[cfg(test)]
mod chat_tests;
pub(crate) mod line;
pub(crate) mod slots;
#[cfg(all(test, feature = "conformance"))]
mod tests;
pub(crate) mod ussd;

use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::handle::{BridgeError, BridgeHandle, Reply, Request};

/// Hands an outcome to the writer, again and again while the store fails: an outcome that is known is not to be lost.
/// `None`: the bridge is stopping.
async fn settle<T>(bridge: &BridgeHandle, request: impl Fn(Reply<T>) -> Request) -> Option<T> {
    loop {
        match bridge.ask(&request).await {
            Ok(value) => return Some(value),
            Err(BridgeError::Stopping) => return None,
            Err(
                BridgeError::Store(_) | BridgeError::Open { .. } | BridgeError::NotConfigured(_),
            ) => {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Woken {
    /// Something was stored that the worker may have to know.
    ByNews,
    /// The time is over, or the bridge is stopping.
    Otherwise,
}

/// Waits until something may be due.
async fn idle(at: Option<Instant>, waker: &Notify, stop: &CancellationToken) -> Woken {
    let timer = async {
        match at {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = timer => Woken::Otherwise,
        () = waker.notified() => Woken::ByNews,
        () = stop.cancelled() => Woken::Otherwise,
    }
}
