//! The phone line of the world, and what hands over the messages that come in there.
//!
//! What the network makes of a text stands in the text: `[busy]` is put off once, `[refuse]` refused once, and of `[lost]`
//! the first answer is lost.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bridge_core::link::{
    Accepted, Discarded, LinkError, LinkPhase, LinkStatus, RawPdu, SendError, SlotContent, SmsLink,
    StorageSlot, TryAgain, UssdAnswer, UssdInput,
};
use bridge_core::{BridgeHandle, LineName, Origin, PartId, crash};
use sms_codec::{DecodeOptions, Direction, ServiceCentre, Tpdu};
use tokio::sync::watch;

use crate::now;
use crate::world::{Record, World};

/// A command on its way to the modem, and its answer on the way back.
const WAY: Duration = Duration::from_millis(2);
/// In front of what the memory gives back: a service centre.
const CENTRE: &str = "06912143658719";

pub(crate) fn home() -> LineName {
    "home".parse().unwrap()
}

pub(crate) struct Modem {
    world: Arc<World>,
    status: watch::Sender<LinkStatus>,
}

impl Modem {
    pub(crate) fn new(world: Arc<World>) -> Self {
        let status = LinkStatus {
            phase: LinkPhase::Down,
            modem: Some("a modem".to_owned()),
            ..LinkStatus::starting()
        };
        Self {
            world,
            status: watch::Sender::new(status),
        }
    }

    pub(crate) fn come_up(&self) {
        self.status
            .send_modify(|status| status.phase = LinkPhase::Ready);
    }

    async fn transmit_now(
        &self,
        part: PartId,
        tpdu: &[u8],
        slot: Option<u16>,
    ) -> Result<Accepted, SendError> {
        let options = DecodeOptions {
            direction: Direction::ToNetwork,
            service_centre: ServiceCentre::Absent,
            ..DecodeOptions::default()
        };
        let Tpdu::Submit(submit) = sms_codec::decode(tpdu, &options).unwrap().tpdu else {
            panic!("this is no SUBMIT");
        };
        let text = submit.user_data.text().unwrap();
        self.world.happens(vec![Record::Asked {
            part: part.0,
            text: text.clone(),
        }]);
        tokio::time::sleep(WAY).await;
        let outcome = self.world.act(|state| {
            let is_first = state
                .asked
                .iter()
                .filter(|(_, other, _)| *other == text)
                .count()
                == 1;
            if is_first && text.contains("[busy]") {
                let cause = "the network is busy".to_owned();
                return (Vec::new(), Err(SendError::Retry { cause }));
            }
            if is_first && text.contains("[refuse]") {
                let refused = SendError::Reject {
                    cause: "the network is out of order".to_owned(),
                    may_try_again: TryAgain::Sensible,
                };
                return (Vec::new(), Err(refused));
            }
            let was_sent = state.submissions.iter().any(|other| other.text == text);
            let [.., reference] = state.submissions.len().to_be_bytes();
            let mut records = vec![Record::Submitted {
                part: part.0,
                to: submit.destination_address.to_string(),
                text: text.clone(),
                reference,
                at: now(),
            }];
            records.extend(slot.map(Record::StagedSent));
            if text.contains("[lost]") && !was_sent {
                let cause = "the modem did not answer".to_owned();
                return (records, Err(SendError::Unknown { cause }));
            }
            (
                records,
                Ok(Accepted {
                    reference: Some(reference),
                }),
            )
        });
        crash::point("modem: sent, not answered");
        tokio::time::sleep(WAY).await;
        self.world.happens(vec![Record::Told { part: part.0 }]);
        outcome
    }
}

#[async_trait]
impl SmsLink for Modem {
    async fn send(&self, part: PartId, tpdu: &[u8]) -> Result<Accepted, SendError> {
        self.transmit_now(part, tpdu, None).await
    }

    async fn stage(&self, tpdu: &[u8]) -> Result<StorageSlot, LinkError> {
        tokio::time::sleep(WAY).await;
        let index = self.world.act(|state| {
            let free = (1..)
                .find(|index| !state.staged.contains_key(index))
                .unwrap();
            let tpdu = sms_codec::hex::encode(tpdu);
            (vec![Record::Staged { slot: free, tpdu }], free)
        });
        crash::point("modem: staged, not answered");
        tokio::time::sleep(WAY).await;
        Ok(slot(index))
    }

    async fn transmit(&self, part: PartId, slot: &StorageSlot) -> Result<Accepted, SendError> {
        let staged = self.world.state().staged.get(&slot.index).cloned();
        let Some((tpdu, _)) = staged else {
            let cause = "there is nothing in this slot".to_owned();
            return Err(SendError::Retry { cause });
        };
        let tpdu = sms_codec::hex::decode(&tpdu).unwrap();
        self.transmit_now(part, &tpdu, Some(slot.index)).await
    }

    async fn inspect(&self, slot: &StorageSlot) -> Result<SlotContent, LinkError> {
        tokio::time::sleep(WAY).await;
        let state = self.world.state();
        Ok(state
            .staged
            .get(&slot.index)
            .map_or(SlotContent::Empty, content))
    }

    async fn discard(&self, slot: &StorageSlot, expected: &RawPdu) -> Result<Discarded, LinkError> {
        tokio::time::sleep(WAY).await;
        let index = slot.index;
        Ok(self.world.act(|state| match state.staged.get(&index) {
            None => (Vec::new(), Discarded::AlreadyFree),
            Some((tpdu, _)) if expected.0 == format!("{CENTRE}{tpdu}") => {
                (vec![Record::Unstaged(index)], Discarded::Freed)
            }
            Some(_) => (Vec::new(), Discarded::HoldsAnother),
        }))
    }

    async fn staged(&self) -> Result<Vec<(StorageSlot, SlotContent)>, LinkError> {
        tokio::time::sleep(WAY).await;
        let state = self.world.state();
        let all = state.staged.iter();
        Ok(all
            .map(|(index, staged)| (slot(*index), content(staged)))
            .collect())
    }

    async fn ussd(&self, _input: &UssdInput) -> Result<UssdAnswer, LinkError> {
        Err(LinkError("this line knows no USSD".to_owned()))
    }

    async fn end_ussd(&self) -> Result<(), LinkError> {
        Ok(())
    }

    fn status(&self) -> watch::Receiver<LinkStatus> {
        self.status.subscribe()
    }
}

fn slot(index: u16) -> StorageSlot {
    StorageSlot {
        memory: "SM".to_owned(),
        index,
    }
}

fn content((tpdu, sent): &(String, bool)) -> SlotContent {
    let pdu = RawPdu(format!("{CENTRE}{tpdu}"));
    match sent {
        true => SlotContent::Sent(pdu),
        false => SlotContent::Unsent(pdu),
    }
}

/// Hands over what stands in the slots, and frees them, until the bridge is gone.
pub(crate) async fn intake(world: Arc<World>, bridge: BridgeHandle) {
    let mut gone: Vec<RawPdu> = Vec::new();
    loop {
        let listed = world.state().slots.clone();
        if listed.is_empty() && gone.is_empty() {
            tokio::time::sleep(WAY).await;
            continue;
        }
        let received = listed.iter();
        let received = received
            .map(|(index, pdu)| (Origin::Stored(slot(*index)), RawPdu(pdu.clone())))
            .collect();
        if bridge
            .take_over(&home(), gone.clone(), received)
            .await
            .is_err()
        {
            return;
        }
        gone.clear();
        crash::point("modem: taken over, not freed");
        for (index, pdu) in listed {
            world.happens(vec![Record::Freed(index)]);
            gone.push(RawPdu(pdu));
            crash::point("modem: freed, not told");
        }
        tokio::time::sleep(WAY).await;
    }
}
