//! [`Link`]: a modem as the core's way out to a line, and the words of each side in those of the other. The way in is
//! `arrivals.rs`.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bridge_core::link::{
    Accepted, Discarded, LinkError, LinkPhase, LinkStatus, RawPdu, Sim, SlotContent, StorageSlot,
    TryAgain, UssdAnswer, UssdInput,
};
use bridge_core::{LineName, PartId, SendError, SmsLink};
use modem::{FollowUp, Memory, Phase, SlotStatus};
use tokio::sync::watch;
use tracing::info;

/// One line as the core sees it.
pub(crate) struct Link {
    modem: modem::Handle,
    status: watch::Receiver<LinkStatus>,
    /// The network waited for a reply when it answered last.
    dialogue_is_open: AtomicBool,
}

impl Link {
    /// The line of `modem`, and the task that keeps its status up to date; it ends with the modem.
    pub(crate) fn new(line: LineName, modem: modem::Handle) -> (Self, impl Future<Output = ()>) {
        let (sender, status) = watch::channel(LinkStatus::starting());
        let told = modem.status();
        let link = Self {
            modem,
            status,
            dialogue_is_open: AtomicBool::new(false),
        };
        (link, mirror(line, told, sender))
    }
}

#[async_trait]
impl SmsLink for Link {
    async fn send(&self, part: PartId, tpdu: &[u8]) -> Result<Accepted, SendError> {
        let sent = self.modem.send(part.0, tpdu).await;
        sent.map(accepted).map_err(refused)
    }

    async fn stage(&self, tpdu: &[u8]) -> Result<StorageSlot, LinkError> {
        self.modem
            .stage(tpdu)
            .await
            .map(slot_to_core)
            .map_err(failed)
    }

    async fn transmit(&self, part: PartId, slot: &StorageSlot) -> Result<Accepted, SendError> {
        let slot = slot_to_modem(slot).map_err(|error| SendError::Retry { cause: error.0 })?;
        let sent = self.modem.transmit(part.0, &slot).await;
        sent.map(accepted).map_err(refused)
    }

    async fn inspect(&self, slot: &StorageSlot) -> Result<SlotContent, LinkError> {
        let content = self
            .modem
            .inspect(&slot_to_modem(slot)?)
            .await
            .map_err(failed)?;
        slot_content(content)
    }

    async fn discard(&self, slot: &StorageSlot, expected: &RawPdu) -> Result<Discarded, LinkError> {
        let expected = modem::RawPdu::new(expected.0.clone());
        let deleted = self.modem.delete(&slot_to_modem(slot)?, &expected).await;
        Ok(match deleted.map_err(failed)? {
            modem::Deleted::Freed => Discarded::Freed,
            modem::Deleted::AlreadyGone => Discarded::AlreadyFree,
            modem::Deleted::HoldsOther => Discarded::HoldsAnother,
        })
    }

    async fn staged(&self) -> Result<Vec<(StorageSlot, SlotContent)>, LinkError> {
        let listed = self.modem.staged().await.map_err(failed)?;
        // What a modem marks in a way of its own is nothing that we wrote.
        Ok(listed
            .into_iter()
            .filter_map(|(slot, content)| Some((slot_to_core(slot), slot_content(content).ok()?)))
            .collect())
    }

    async fn ussd(&self, input: &UssdInput) -> Result<UssdAnswer, LinkError> {
        let said = match input {
            UssdInput::Code(code) => {
                // The network would take it for a reply.
                if self.dialogue_is_open.swap(false, Ordering::Relaxed) {
                    self.end_ussd().await?;
                }
                self.modem.ussd(code).await
            }
            UssdInput::Reply(text) => self.modem.ussd_reply(text).await,
        };
        let answer = said.map_err(failed)?;
        let expects_reply = match answer.follow_up {
            FollowUp::Expected => true,
            FollowUp::EndedByNetwork if answer.text.reveal().is_empty() => {
                return Err(LinkError(
                    "the network ended the dialogue without a word".to_owned(),
                ));
            }
            FollowUp::Ended | FollowUp::EndedByNetwork => false,
            FollowUp::Elsewhere => {
                return Err(LinkError(
                    "the answer went to another program, or to the SIM's own menu".to_owned(),
                ));
            }
            FollowUp::NotSupported => {
                return Err(LinkError("the network does not know this code".to_owned()));
            }
            FollowUp::TimedOut => {
                return Err(LinkError("the network did not answer in time".to_owned()));
            }
        };
        self.dialogue_is_open
            .store(expects_reply, Ordering::Relaxed);
        Ok(UssdAnswer {
            text: answer.text.reveal().to_owned(),
            expects_reply,
        })
    }

    async fn end_ussd(&self) -> Result<(), LinkError> {
        self.dialogue_is_open.store(false, Ordering::Relaxed);
        self.modem.end_ussd().await.map_err(failed)
    }

    fn status(&self) -> watch::Receiver<LinkStatus> {
        self.status.clone()
    }
}

async fn mirror(
    line: LineName,
    mut told: watch::Receiver<modem::Status>,
    sender: watch::Sender<LinkStatus>,
) {
    loop {
        let status = link_status(&told.borrow_and_update());
        sender.send_if_modified(|last| {
            let changed = *last != status;
            *last = status;
            changed
        });
        if told.changed().await.is_err() {
            info!(%line, "the modem's driver ended");
            return;
        }
    }
}

fn revealed(digits: Option<&modem::Redacted>) -> Option<String> {
    digits.map(|digits| digits.reveal().to_owned())
}

fn link_status(status: &modem::Status) -> LinkStatus {
    let ready = status.phase == Phase::Ready;
    let registered =
        status.registration.is_registered() || status.packet_registration.is_registered();
    LinkStatus {
        phase: if ready {
            LinkPhase::Ready
        } else {
            LinkPhase::Down
        },
        words: if ready && !registered {
            status.registration.to_string()
        } else {
            status.phase.to_string()
        },
        modem: modem_name(&status.identity),
        operator: status.operator.clone().filter(|_| registered),
        signal_dbm: status.signal.map(modem::Signal::dbm),
        country: status.country().and_then(|code| code.parse().ok()),
        sim: Sim {
            iccid: revealed(status.identity.iccid.as_ref()),
            imsi: revealed(status.identity.imsi.as_ref()),
        },
    }
}

/// Maker, model and firmware: how a modem marks its slots is a habit of these.
fn modem_name(identity: &modem::Identity) -> Option<String> {
    let known = [&identity.manufacturer, &identity.model, &identity.firmware];
    let known: Vec<&str> = known.into_iter().flatten().map(String::as_str).collect();
    (!known.is_empty()).then(|| known.join(" "))
}

fn accepted(accepted: modem::Accepted) -> Accepted {
    Accepted {
        reference: accepted.reference.map(|reference| reference.0),
    }
}

fn refused(error: modem::SendError) -> SendError {
    match error {
        modem::SendError::Retry { cause } => SendError::Retry {
            cause: cause.to_string(),
        },
        modem::SendError::Reject { cause } => SendError::Reject {
            may_try_again: if cause.offers_another_try() {
                TryAgain::Sensible
            } else {
                TryAgain::Pointless
            },
            cause: cause.to_string(),
        },
        modem::SendError::Unknown { cause } => SendError::Unknown {
            cause: cause.to_string(),
        },
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: modem::CommandError) -> LinkError {
    LinkError(error.to_string())
}

fn slot_content(content: modem::SlotContent) -> Result<SlotContent, LinkError> {
    let Some(pdu) = content.pdu else {
        return Ok(SlotContent::Empty);
    };
    let pdu = RawPdu(pdu.as_str().to_owned());
    match content.status {
        SlotStatus::RecUnread | SlotStatus::RecRead => Ok(SlotContent::Received(pdu)),
        SlotStatus::StoUnsent => Ok(SlotContent::Unsent(pdu)),
        SlotStatus::StoSent => Ok(SlotContent::Sent(pdu)),
        SlotStatus::Other(mark) => Err(LinkError(format!(
            "the modem marks the slot with {mark}, which no standard names"
        ))),
    }
}

pub(crate) fn slot_to_core(slot: modem::StorageSlot) -> StorageSlot {
    StorageSlot {
        memory: slot.memory.to_string(),
        index: slot.index,
    }
}

fn slot_to_modem(slot: &StorageSlot) -> Result<modem::StorageSlot, LinkError> {
    let memory = Memory::parse(&slot.memory)
        .ok_or_else(|| LinkError(format!("{} is no memory of a modem", slot.memory)))?;
    Ok(modem::StorageSlot {
        memory,
        index: slot.index,
    })
}

#[cfg(test)]
mod tests {
    use modem::{Cause, ModemError, Registration, Signal, Status};

    use super::*;

    #[test]
    fn errors_keep_what_the_caller_can_do() {
        let refuse = |code| refused(modem::SendError::after_leaving(ModemError::Cms(code)));
        assert!(matches!(refuse(331), SendError::Retry { .. }));
        let SendError::Reject {
            cause,
            may_try_again,
        } = refuse(38)
        else {
            panic!("38 is a refusal");
        };
        assert!(cause.contains("out of order"), "{cause}");
        assert_eq!(may_try_again, TryAgain::Sensible);
        assert!(matches!(
            refuse(1),
            SendError::Reject {
                may_try_again: TryAgain::Pointless,
                ..
            }
        ));
        let unknown = modem::SendError::Unknown {
            cause: Cause::NoAnswer,
        };
        assert!(matches!(refused(unknown), SendError::Unknown { .. }));
    }

    #[test]
    fn slots_go_through_unchanged() {
        for memory in ["SM", "ME", "MT", "SR", "BM"] {
            let slot = StorageSlot {
                memory: memory.to_owned(),
                index: 300,
            };
            assert_eq!(slot_to_modem(&slot).map(slot_to_core), Ok(slot));
        }
        let wrong = StorageSlot {
            memory: "S\"M".to_owned(),
            index: 1,
        };
        assert!(slot_to_modem(&wrong).is_err());
    }

    #[test]
    fn a_status_is_told_in_words() {
        let mut status = Status {
            phase: Phase::Ready,
            registration: Registration::Searching,
            operator: Some("Simulated Mobile".to_owned()),
            signal: Signal::from_rssi(15),
            ..Status::default()
        };
        let told = link_status(&status);
        assert_eq!(
            (told.phase, told.words.as_str(), told.operator),
            (LinkPhase::Ready, "looking for a network", None)
        );
        status.registration = Registration::Home;
        let told = link_status(&status);
        assert_eq!((told.words.as_str(), told.signal_dbm), ("ready", Some(-83)));
        assert_eq!(told.operator.as_deref(), Some("Simulated Mobile"));
        assert_eq!(told.modem, None);
        status.identity.model = Some("SIM7600G".to_owned());
        status.identity.firmware = Some("LE20B04".to_owned());
        let told = link_status(&status);
        assert_eq!(told.modem.as_deref(), Some("SIM7600G LE20B04"));
        status.phase = Phase::Opening;
        assert_eq!(link_status(&status).phase, LinkPhase::Down);
    }
}
