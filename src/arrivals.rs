//! The way of everything that comes in from a modem to the core: [`pump`].
//!
//! At the very first start of a line what its SIM holds already goes another way ([`FirstStart`]).
//!
//! **Invariant:** a slot of the modem is freed only after the core has stored what was in it ([`Intake`] says when). While
//! the store fails nothing more is taken from the modem than there is room for, and the modem keeps its messages.

use std::pin::Pin;
use std::time::Duration;

use bridge_core::link::RawPdu;
use bridge_core::{
    Arrival, BridgeError, BridgeHandle, LateOutcome, LineName, LineNotice, Origin, PartId,
};
use modem::Event;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::first_start::{self, FirstStart};
use crate::intake::{Batch, Freed, Intake};
use crate::pin::Attempts;
use crate::sms_link::slot_to_core;

/// The first wait after the store refused; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How often it is looked whether people can read of what the SIM held at first.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The stop as the way in from a modem sees it. Some of what comes in stands nowhere else, such as status reports: it is
/// taken to the core for as long as the core takes anything.
#[derive(Clone, Debug, Default)]
pub(crate) struct IntakeStop {
    /// Cancelled when the stop begins.
    pub(crate) begins: CancellationToken,
    /// Cancelled by the way in once everything that came before `begins` is stored, or when it ends.
    pub(crate) drained: CancellationToken,
    /// Cancelled when the core has closed.
    pub(crate) closed: CancellationToken,
}

/// Takes what comes from the modem to the core until either ends or the core has closed. A PIN that the SIM took is struck
/// off `pin_attempts`.
pub(crate) async fn pump(
    line: LineName,
    modem: modem::Handle,
    events: mpsc::Receiver<Event>,
    pin_attempts: Option<Attempts>,
    bridge: BridgeHandle,
    stop: IntakeStop,
) {
    let _drained = stop.drained.clone().drop_guard();
    let work = take_over(&line, &modem, events, pin_attempts.as_ref(), &bridge, &stop);
    tokio::select! {
        () = work => {}
        () = stop.closed.cancelled() => {}
    }
}

/// What [`take_over`] does beside listening to the modem: one commit and one deletion at a time, so that a burst shares
/// its commits and is read while they last. `None` while there is nothing to do.
type Doing<'a, T> = Option<Pin<Box<dyn Future<Output = T> + Send + 'a>>>;

/// Until nothing more comes and everything that came is done with, or until the bridge stops.
async fn take_over(
    line: &LineName,
    modem: &modem::Handle,
    mut events: mpsc::Receiver<Event>,
    pin_attempts: Option<&Attempts>,
    bridge: &BridgeHandle,
    stop: &IntakeStop,
) {
    let mut intake = Intake::default();
    let mut first = match FirstStart::of(line, bridge).await {
        Ok(first) => first,
        Err(error) => {
            // Only a bridge that stops ends here.
            info!(%line, %error, "nothing was taken from the modem");
            return;
        }
    };
    let mut next_look = Instant::now();
    let mut stopping = false;
    let mut storing: Doing<'_, Result<Vec<modem::RawPdu>, BridgeError>> = None;
    let mut saving: Doing<'_, Result<(), BridgeError>> = None;
    let mut freeing: Doing<'_, Freed> = None;
    let mut more = true;
    while more || !intake.is_empty() {
        if stopping && events.is_empty() && intake.is_stored() {
            stop.drained.cancel();
        }
        if storing.is_none()
            && let Some(batch) = intake.next_batch()
        {
            storing = Some(Box::pin(store(line, bridge, batch)));
        }
        if freeing.is_none()
            && let Some((slot, pdu)) = intake.next_to_free()
        {
            freeing = Some(Box::pin(free(line, modem, slot, pdu)));
        }
        if saving.is_none()
            && let Some(held) = first.take_all()
        {
            saving = Some(Box::pin(first_start::save(line, bridge, held)));
        }
        let handled = tokio::select! {
            // What is saved is not to come by again as something new.
            event = events.recv(), if more && intake.has_room() && saving.is_none() => match event {
                Some(Event::Received { origin: modem::Origin::Stored(slot), pdu, kind })
                    if first.collects(kind) =>
                {
                    first.collect(slot, pdu);
                    Ok(())
                }
                Some(Event::LookedThrough) => {
                    first.is_complete();
                    Ok(())
                }
                Some(Event::Received { origin, pdu, kind: _ }) => {
                    intake.received(origin, pdu);
                    Ok(())
                }
                Some(event) => handle(line, event, pin_attempts, bridge).await,
                None => {
                    more = false;
                    Ok(())
                }
            },
            stored = done(&mut storing) => match stored {
                Ok(kept_back) => {
                    intake.stored(&kept_back);
                    Ok(())
                }
                Err(error) => {
                    intake.given_up();
                    Err(error)
                }
            },
            saved = done(&mut saving) => {
                for (slot, pdu) in first.saved() {
                    intake.received(modem::Origin::Stored(slot), pdu);
                }
                saved
            }
            () = first.waited_long_enough() => {
                first.is_complete();
                Ok(())
            }
            () = tokio::time::sleep_until(next_look), if intake.keeps_back() => {
                next_look = Instant::now() + LOOK_AGAIN;
                if matches!(bridge.first_look_is_shown(line).await, Ok(true)) {
                    intake.let_go();
                }
                Ok(())
            }
            freed = done(&mut freeing) => {
                intake.freed(freed);
                Ok(())
            }
            () = stop.begins.cancelled(), if !stopping => {
                stopping = true;
                Ok(())
            }
        };
        match handled {
            Ok(()) => {}
            Err(BridgeError::Stopping) => return,
            Err(
                error @ (BridgeError::Store(_)
                | BridgeError::Open { .. }
                | BridgeError::NotConfigured(_)),
            ) => error!(%line, %error, "something from the modem was not taken over"),
        }
    }
}

/// The end of what is being done; never, while nothing is.
async fn done<T>(doing: &mut Doing<'_, T>) -> T {
    let done = match doing {
        Some(doing) => doing.await,
        None => std::future::pending().await,
    };
    *doing = None;
    done
}

async fn handle(
    line: &LineName,
    event: Event,
    pin_attempts: Option<&Attempts>,
    bridge: &BridgeHandle,
) -> Result<(), BridgeError> {
    match event {
        Event::LateOutcome { tag, outcome } => {
            let late = match outcome {
                Ok(accepted) => {
                    LateOutcome::Accepted(accepted.reference.map(|reference| reference.0))
                }
                Err(modem::SendError::Reject { cause }) => LateOutcome::Rejected(cause.to_string()),
                // Who asked was told "unknown" before: whether it left is no clearer now, or it is plain that it did
                // not. Either way the person decides.
                Err(modem::SendError::Retry { cause } | modem::SendError::Unknown { cause }) => {
                    info!(%line, part_id = tag, %cause, "a send that was given up ended without a result");
                    return Ok(());
                }
            };
            until_stored(line, || {
                bridge.outcome_arrived_late(PartId(tag), late.clone())
            })
            .await?;
        }
        Event::PhaseChanged(phase) => info!(%line, phase = %phase, "line"),
        Event::PinAccepted => {
            if let Some(attempts) = pin_attempts {
                attempts.succeeded();
            }
        }
        Event::Ussd(answer) => {
            let text = answer.text.reveal().to_owned();
            // A dialogue that ends without a word is nobody's news.
            if text.trim().is_empty() {
                info!(%line, "the network ended a USSD dialogue");
            } else {
                notice(line, bridge, LineNotice::UssdText(text)).await?;
            }
        }
        Event::Call(call) => {
            info!(%line, outcome = ?call.outcome, rings = call.rings, "a call came in and is over");
            let from = call.from.map(|number| number.reveal().to_owned());
            notice(line, bridge, LineNotice::MissedCall { from }).await?;
        }
        Event::NetworkTime(time) => {
            info!(%line, offset_quarters = time.offset_quarters, "the network told its time zone");
        }
        Event::RegistrationDenied => {
            warn!(%line, "the network refuses the SIM that it served before: was it barred, or the number moved to another SIM?");
            notice(line, bridge, LineNotice::RegistrationDenied).await?;
        }
        Event::Roaming(modem::Roaming::Began) => info!(%line, "the SIM went to a foreign network"),
        Event::Roaming(modem::Roaming::Ended) => {
            info!(%line, "the SIM is in its home network again");
        }
        Event::StorageFull(full) => {
            warn!(
                %line, memory = %full.memory, used = full.used, total = full.total,
                "a memory for messages is full: the network keeps what comes until there is room"
            );
            let memory = full.memory.to_string();
            notice(line, bridge, LineNotice::StorageFull { memory }).await?;
        }
        // `take_over` has those.
        Event::Received { .. } | Event::LookedThrough => {}
    }
    Ok(())
}

async fn notice(
    line: &LineName,
    bridge: &BridgeHandle,
    notice: LineNotice,
) -> Result<(), BridgeError> {
    until_stored(line, || bridge.line_notice(line, notice.clone())).await
}

/// Asks again until it is durable: what the modem handed over may stand nowhere else.
pub(crate) async fn until_stored<T, F>(
    line: &LineName,
    mut ask: impl FnMut() -> F,
) -> Result<T, BridgeError>
where
    F: Future<Output = Result<T, BridgeError>>,
{
    let mut wait = FIRST_WAIT;
    loop {
        match ask().await {
            Err(BridgeError::Store(cause)) => {
                error!(%line, error = %cause, retry_in = ?wait, "the store refused; the modem keeps its messages");
            }
            Ok(done) => return Ok(done),
            Err(
                error @ (BridgeError::Stopping
                | BridgeError::Open { .. }
                | BridgeError::NotConfigured(_)),
            ) => return Err(error),
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Makes one batch durable. Gives what the core wants to stay in its slot.
async fn store(
    line: &LineName,
    bridge: &BridgeHandle,
    batch: Batch,
) -> Result<Vec<modem::RawPdu>, BridgeError> {
    let to_core = |origin: &modem::Origin| match origin {
        modem::Origin::Stored(slot) => Origin::Stored(slot_to_core(slot.clone())),
        modem::Origin::Direct => Origin::Direct,
    };
    let raw = |pdu: &modem::RawPdu| RawPdu(pdu.as_str().to_owned());
    let gone: Vec<_> = batch.gone.iter().map(raw).collect();
    let arrived: Vec<_> = batch
        .arrived
        .iter()
        .map(|(origin, pdu)| (to_core(origin), raw(pdu)))
        .collect();
    let arrivals = until_stored(line, || {
        bridge.take_over(line, gone.clone(), arrived.clone())
    });
    let kept_back = arrivals
        .await?
        .into_iter()
        .zip(batch.arrived)
        .filter(|(arrival, _)| *arrival == Arrival::KeptBack);
    Ok(kept_back.map(|(_, (_, pdu))| pdu).collect())
}

/// Frees a slot whose message is stored. One that stays is listed again by the modem's next start or poll, recognised as
/// a repetition, and freed then.
async fn free(
    line: &LineName,
    modem: &modem::Handle,
    slot: modem::StorageSlot,
    pdu: modem::RawPdu,
) -> Freed {
    match modem.delete(&slot, &pdu).await {
        Ok(modem::Deleted::Freed | modem::Deleted::AlreadyGone) => Freed::Gone,
        Ok(modem::Deleted::HoldsOther) => {
            info!(%line, %slot, "a slot holds another message by now");
            Freed::Gone
        }
        Err(error) => {
            warn!(%line, %slot, %error, "a slot was not freed; it will be");
            Freed::Stays
        }
    }
}
