//! A line's worker for USSD: one dialogue at a time, beside the messages, since an answer may take a minute.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::address::LineName;
use crate::crash::point;
use crate::dispatch::{idle, settle};
use crate::handle::{BridgeHandle, Request};
use crate::link::{LinkError, SmsLink, UssdAnswer};
use crate::writer::{Claim, UssdJob};

/// Longer than any link takes (60 s for the answer, and what is under way before): a link that is silent for this long is
/// broken.
const LIMIT: Duration = Duration::from_secs(180);

/// Asks the network until told to stop.
pub(crate) async fn run(
    bridge: BridgeHandle,
    line: LineName,
    link: Arc<dyn SmsLink>,
    waker: Arc<Notify>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let claim = |reply| Request::ClaimUssd {
            line: line.clone(),
            reply,
        };
        match settle(&bridge, claim).await {
            None => return,
            Some(Claim::Job(UssdJob { id, input })) => {
                point("ussd: claimed, not said");
                let outcome = match input {
                    Some(input) => limited(link.ussd(&input)).await,
                    None => limited(link.end_ussd()).await.map(|()| UssdAnswer {
                        text: String::new(),
                        expects_reply: false,
                    }),
                };
                let settled = |reply| Request::SettleUssd {
                    id,
                    outcome: outcome.clone(),
                    reply,
                };
                if settle(&bridge, settled).await.is_none() {
                    return;
                }
            }
            Some(Claim::Wait(at)) => {
                idle(at, &waker, &stop).await;
            }
        }
    }
}

async fn limited<T>(said: impl Future<Output = Result<T, LinkError>>) -> Result<T, LinkError> {
    let answer = tokio::time::timeout(LIMIT, said).await;
    answer.unwrap_or_else(|_elapsed| Err(LinkError("the modem's driver did not answer".to_owned())))
}
