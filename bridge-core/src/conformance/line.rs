//! A phone line for the suite: it says of each part what the case told it to, and remembers all that was sent.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sms_codec::{
    Address, DecodeOptions, Deliver, Direction, MessageReference, Reference, SegmentOptions,
    ServiceCentre, Status, StatusReport, Timestamp, Tpdu,
};
use tokio::sync::watch;

use crate::conformance::menu::Menu;
use crate::conformance::storage::Storage;
use crate::id::PartId;
use crate::link::{
    Accepted, Discarded, LinkError, LinkPhase, LinkStatus, RawPdu, SendError, Sim, SlotContent,
    SmsLink, StorageSlot, UssdAnswer, UssdInput,
};
use crate::settings::Clock;

/// A phone line under the suite's control.
#[derive(Debug)]
pub struct TestLine {
    status: watch::Sender<LinkStatus>,
    outcomes: Mutex<VecDeque<Result<Accepted, SendError>>>,
    /// By number.
    always: Mutex<BTreeMap<String, SendError>>,
    sent: Mutex<Vec<SentPart>>,
    parts: Mutex<Vec<PartId>>,
    hang: Mutex<Option<(When, Command)>>,
    storage: Mutex<Storage>,
    menu: Mutex<Menu>,
    /// Of the next PDU, in seconds since 1970; each is a second later than the one before.
    time: AtomicI64,
}

/// When, seen from a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Nothing of it has happened yet.
    Before,
    /// It was done, and nobody was told.
    After,
}

/// What the line is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// [`SmsLink::send`].
    Send,
    /// [`SmsLink::stage`].
    Stage,
    /// [`SmsLink::inspect`].
    Inspect,
    /// [`SmsLink::transmit`].
    Transmit,
    /// [`SmsLink::discard`].
    Discard,
    /// [`SmsLink::ussd`].
    Ussd,
}

/// One part that went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentPart {
    /// To whom, as on the wire.
    pub to: String,
    /// The text of this part.
    pub text: String,
    /// The reference that the line gave it.
    pub reference: u8,
}

impl Default for TestLine {
    fn default() -> Self {
        let status = LinkStatus {
            phase: LinkPhase::Ready,
            words: "ready".to_owned(),
            ..LinkStatus::starting()
        };
        Self {
            status: watch::Sender::new(status),
            outcomes: Mutex::default(),
            always: Mutex::default(),
            sent: Mutex::default(),
            parts: Mutex::default(),
            hang: Mutex::default(),
            storage: Mutex::default(),
            menu: Mutex::default(),
            time: AtomicI64::new(Clock::system().now().0 / 1000),
        }
    }
}

impl TestLine {
    /// Whose PDUs are of this time.
    #[must_use]
    pub fn at(time: crate::id::Timestamp) -> Self {
        let line = Self::default();
        line.set_time(time);
        line
    }

    /// The next PDU is of this time.
    pub fn set_time(&self, time: crate::id::Timestamp) {
        self.time.store(time.0 / 1000, Ordering::Relaxed);
    }

    /// What the next part is answered; without one, every part is accepted.
    pub fn next_outcome(&self, outcome: Result<Accepted, SendError>) {
        lock(&self.outcomes).push_back(outcome);
    }

    /// From now on every part to this number is answered so. `None`: like any other.
    pub fn always(&self, number: &str, error: Option<SendError>) {
        let mut always = lock(&self.always);
        match error {
            Some(error) => always.insert(number.to_owned(), error),
            None => always.remove(number),
        };
    }

    /// The network takes the next part, and the modem never says so.
    pub fn hang(&self) {
        self.hang_at(When::After, Command::Send);
    }

    /// The next command of this kind is never answered.
    pub fn hang_at(&self, when: When, command: Command) {
        *lock(&self.hang) = Some((when, command));
    }

    /// Whether a command hung since it was told to.
    #[must_use]
    pub fn has_hung(&self) -> bool {
        lock(&self.hang).is_none()
    }

    /// The memory for messages to be sent.
    pub fn storage(&self) -> MutexGuard<'_, Storage> {
        lock(&self.storage)
    }

    /// Every part that was tried, in order.
    #[must_use]
    pub fn parts(&self) -> Vec<PartId> {
        lock(&self.parts).clone()
    }

    /// Takes the line down or brings it up.
    pub fn set_phase(&self, phase: LinkPhase) {
        self.status.send_modify(|status| {
            status.phase = phase;
            status.words = match phase {
                LinkPhase::Ready => "ready".to_owned(),
                LinkPhase::Down => "the modem is unplugged: plug it in".to_owned(),
            };
        });
    }

    /// All parts that went out to this number, doubtful ones too.
    #[must_use]
    pub fn sent_to(&self, number: &str) -> Vec<SentPart> {
        lock(&self.sent)
            .iter()
            .filter(|part| part.to == number)
            .cloned()
            .collect()
    }

    /// Another modem, by its maker and model, with the same SIM.
    pub fn set_modem(&self, modem: &str) {
        self.status
            .send_modify(|status| status.modem = Some(modem.to_owned()));
    }

    /// Another SIM is in the modem.
    pub fn set_sim(&self, iccid: &str, imsi: &str) {
        let sim = Sim {
            iccid: Some(iccid.to_owned()),
            imsi: Some(imsi.to_owned()),
        };
        self.status.send_modify(|status| status.sim = sim);
    }

    /// The modem does not tell which SIM it has.
    pub fn forget_sim(&self) {
        self.status
            .send_modify(|status| status.sim = Sim::default());
    }

    /// What the network answers to the next thing that is said by USSD; without one it knows no code.
    pub fn next_ussd(&self, text: &str, expects_reply: bool) {
        lock(&self.menu).next(text, expects_reply);
    }

    /// What was said by USSD, in order; `end` where a dialogue was ended.
    #[must_use]
    pub fn ussd_heard(&self) -> Vec<String> {
        lock(&self.menu).heard()
    }

    /// An SMS from `sender` in as many PDUs as it takes. A sender without digits is a name.
    ///
    /// # Panics
    ///
    /// Where the suite itself asks for what no SMS can be.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test's own input")]
    pub fn incoming(&self, sender: &str, text: &str) -> Vec<RawPdu> {
        let time = self.time.fetch_add(1, Ordering::Relaxed);
        let [.., reference] = time.to_be_bytes();
        let parts = sms_codec::segment(text, &SegmentOptions::new(Reference::Eight(reference)))
            .expect("not too long");
        let sender = match sender.contains(|c: char| c.is_ascii_digit()) {
            true => Address::parse_number(sender),
            false => Address::alphanumeric(sender),
        };
        let (sender, at) = (
            sender.expect("a sender"),
            Timestamp::from_unix_seconds(time, 4).expect("a time"),
        );
        let emit = |part| raw(&Deliver::new(sender.clone(), at, part).emit());
        parts.parts.into_iter().map(emit).collect()
    }

    /// The report that a part was delivered.
    ///
    /// # Panics
    ///
    /// Where the suite itself asks for what no report can be.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test's own input")]
    pub fn delivered(&self, part: &SentPart) -> RawPdu {
        let recipient = Address::parse_number(&part.to).expect("a number");
        let time = self.time.fetch_add(1, Ordering::Relaxed);
        let at = || Timestamp::from_unix_seconds(time, 0).expect("a time");
        raw(&StatusReport::new(
            MessageReference(part.reference),
            recipient,
            at(),
            at(),
            Status(0),
        )
        .emit())
    }
}

impl TestLine {
    /// Does it, unless this is where the line was told to hang.
    async fn around<T>(&self, command: Command, act: impl FnOnce() -> T + Send) -> T {
        if self.hangs(When::Before, command) {
            std::future::pending::<()>().await;
        }
        let done = act();
        if self.hangs(When::After, command) {
            std::future::pending::<()>().await;
        }
        done
    }

    fn hangs(&self, when: When, command: Command) -> bool {
        lock(&self.hang)
            .take_if(|told| *told == (when, command))
            .is_some()
    }

    fn transmit_now(&self, part: PartId, tpdu: &[u8]) -> Result<Accepted, SendError> {
        lock(&self.parts).push(part);
        let options = DecodeOptions {
            direction: Direction::ToNetwork,
            service_centre: ServiceCentre::Absent,
            ..DecodeOptions::default()
        };
        let decoded = sms_codec::decode(tpdu, &options);
        let Ok(Tpdu::Submit(submit)) = decoded.map(|decoded| decoded.tpdu) else {
            return Err(SendError::Reject {
                cause: "this is no SUBMIT".to_owned(),
                may_try_again: crate::link::TryAgain::Pointless,
            });
        };
        let mut sent = lock(&self.sent);
        let [.., reference] = sent.len().to_be_bytes();
        let always = lock(&self.always)
            .get(&submit.destination_address.to_string())
            .cloned();
        let outcome = match always {
            Some(error) => Err(error),
            None => lock(&self.outcomes).pop_front().unwrap_or(Ok(Accepted {
                reference: Some(reference),
            })),
        };
        if matches!(outcome, Ok(_) | Err(SendError::Unknown { .. })) {
            sent.push(SentPart {
                to: submit.destination_address.to_string(),
                text: submit.user_data.text().unwrap_or_default(),
                reference: outcome
                    .as_ref()
                    .ok()
                    .and_then(|accepted| accepted.reference)
                    .unwrap_or(reference),
            });
        }
        outcome
    }
}

fn raw(tpdu: &[u8]) -> RawPdu {
    RawPdu(format!("00{}", sms_codec::hex::encode(tpdu)))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl SmsLink for TestLine {
    async fn send(&self, part: PartId, tpdu: &[u8]) -> Result<Accepted, SendError> {
        self.around(Command::Send, || self.transmit_now(part, tpdu))
            .await
    }

    async fn stage(&self, tpdu: &[u8]) -> Result<StorageSlot, LinkError> {
        self.around(Command::Stage, || self.storage().write(tpdu))
            .await
    }

    async fn transmit(&self, part: PartId, slot: &StorageSlot) -> Result<Accepted, SendError> {
        let transmit = || {
            let Some(tpdu) = self.storage().tpdu(slot) else {
                return Err(SendError::Retry {
                    cause: "there is nothing in this slot".to_owned(),
                });
            };
            let outcome = self.transmit_now(part, &tpdu);
            self.storage().mark(slot, &outcome);
            outcome
        };
        self.around(Command::Transmit, transmit).await
    }

    async fn inspect(&self, slot: &StorageSlot) -> Result<SlotContent, LinkError> {
        self.around(Command::Inspect, || self.storage().read(slot))
            .await
    }

    async fn discard(&self, slot: &StorageSlot, expected: &RawPdu) -> Result<Discarded, LinkError> {
        self.around(Command::Discard, || self.storage().free(slot, expected))
            .await
    }

    async fn staged(&self) -> Result<Vec<(StorageSlot, SlotContent)>, LinkError> {
        self.storage().list()
    }

    async fn ussd(&self, input: &UssdInput) -> Result<UssdAnswer, LinkError> {
        self.around(Command::Ussd, || lock(&self.menu).answer(input))
            .await
    }

    async fn end_ussd(&self) -> Result<(), LinkError> {
        lock(&self.menu).end();
        Ok(())
    }

    fn status(&self) -> watch::Receiver<LinkStatus> {
        self.status.subscribe()
    }
}
