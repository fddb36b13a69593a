//! What years of traffic leave in a store, made in minutes: for benchmarks.
//!
//! The writer's own work makes every record, step by step as for real traffic, with a line and a chat that answer at once.
//! Only the commits differ: many messages share one, with all that happens to them until they are finished.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::chat::Cursor;
use crate::conformance::{SentPart, TestLine, instant};
use crate::dispatch::chat::shows_already;
use crate::handle::{BridgeError, Origin};
use crate::id::{PostId, Timestamp};
use crate::link::{Accepted, RawPdu, StorageSlot};
use crate::settings::Clock;
use crate::store::StoreError;
use crate::writer::posts::{ChatJob, PostOutcome, RoomPlan};
use crate::writer::{Claim, Group, QueueName, Writer, claim};

/// Messages in one commit; half of them come in.
const TOGETHER: u64 = 100;
/// Between two messages: what is forgotten after a week is there for the last 20,000 of them.
const EVERY: Duration = Duration::from_secs(30);

/// Fills the empty store in `data_dir` with so many messages, half of them each way, all finished; the last came just now.
/// `filled` is told how many are there.
///
/// # Errors
///
/// The store failed.
pub async fn fill(
    data_dir: &Path,
    messages: u64,
    mut filled: impl FnMut(u64) + Send,
) -> Result<(), BridgeError> {
    let failed = |error: StoreError| BridgeError::Store(error.to_string());
    let all = i64::try_from(EVERY.as_millis() * u128::from(messages)).unwrap_or(i64::MAX);
    let begin = Clock::system().now().0.saturating_sub(all);
    let clock = Arc::new(AtomicI64::new(begin));
    let mut settings = instant::settings(data_dir.to_owned());
    let shown = Arc::clone(&clock);
    settings.clock = Clock::new(move || Timestamp(shown.load(Ordering::Relaxed)));
    let opened = tokio::task::spawn_blocking(move || Writer::open(settings));
    let writer = opened
        .await
        .map_err(|error| BridgeError::Store(error.to_string()))?
        .map_err(failed)?;
    let mut fill = Fill {
        writer,
        clock,
        line: TestLine::at(Timestamp(begin)),
        slot: None,
        made: 0,
    };
    fill.attach().map_err(failed)?;
    while fill.made < messages {
        let some = TOGETHER.min(messages - fill.made);
        let group = fill.some(some).map_err(failed)?;
        fill.writer.commit(group).await;
        if fill.writer.renewal_due().is_some() {
            fill.writer.renew().await;
        }
        filled(fill.made);
    }
    Ok(())
}

fn as_count(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

struct Fill {
    writer: Writer,
    clock: Arc<AtomicI64>,
    line: TestLine,
    /// What stands in the modem's slot until the next message comes.
    slot: Option<RawPdu>,
    /// Messages so far.
    made: u64,
}

impl Fill {
    fn attach(&mut self) -> Result<(), StoreError> {
        let chat = instant::InstantChat::default();
        let description = crate::ChatAdapter::describe(&chat).clone();
        let status = crate::SmsLink::status(&self.line);
        self.writer.work(&mut Group::default(), |work| {
            work.core.status.insert(instant::line(), status);
            work.attach_chat(description)
        })
    }

    /// Some more messages, from their arrival until they are finished.
    fn some(&mut self, count: u64) -> Result<Group, StoreError> {
        let mut group = Group::default();
        // What is written goes where something came from: those contacts have a room.
        let first = self.made / 2;
        for contact in (first..).take(as_count(count.div_ceil(2))) {
            self.arrives(&mut group, contact)?;
        }
        self.show(&mut group)?;
        for contact in (first..).take(as_count(count / 2)) {
            self.is_written(&mut group, contact)?;
        }
        self.show(&mut group)?;
        for part in self.send(&mut group)? {
            let report = self.line.delivered(&part);
            self.take_over(&mut group, Origin::Direct, report)?;
        }
        self.show(&mut group)?;
        self.writer.work(&mut group, |work| work.forget_old())?;
        Ok(group)
    }

    fn next(&mut self) -> u64 {
        let every = i64::try_from(EVERY.as_millis()).unwrap_or(i64::MAX);
        let at = self.clock.fetch_add(every, Ordering::Relaxed);
        self.line.set_time(Timestamp(at));
        self.made += 1;
        self.made
    }

    fn arrives(&mut self, group: &mut Group, contact: u64) -> Result<(), StoreError> {
        let number = self.next();
        let contact = instant::contact(contact);
        let pdu = self.line.incoming(&contact, &instant::text(number)).pop();
        let Some(pdu) = pdu else { return Ok(()) };
        let gone: Vec<RawPdu> = self.slot.replace(pdu.clone()).into_iter().collect();
        self.writer.work(group, |work| {
            work.take_over(&instant::line(), &gone, &[])?;
            Ok(())
        })?;
        let slot = StorageSlot {
            memory: "SM".to_owned(),
            index: 1,
        };
        self.take_over(group, Origin::Stored(slot), pdu)
    }

    fn take_over(
        &mut self,
        group: &mut Group,
        origin: Origin,
        pdu: RawPdu,
    ) -> Result<(), StoreError> {
        self.writer.work(group, |work| {
            work.take_over(&instant::line(), &[], &[(origin, pdu)])
                .map(drop)
        })
    }

    fn is_written(&mut self, group: &mut Group, contact: u64) -> Result<(), StoreError> {
        let number = self.next();
        let to = instant::contact(contact);
        let event = instant::written(number, &to, Timestamp(self.clock.load(Ordering::Relaxed)));
        let cursor = Cursor {
            key: "bench".to_owned(),
            value: number.to_string(),
        };
        self.writer.work(group, |work| {
            work.submit(&instant::network(), vec![event], Some(cursor))
                .map(drop)
        })
    }

    /// What waits for the line leaves; the parts that did.
    fn send(&mut self, group: &mut Group) -> Result<Vec<SentPart>, StoreError> {
        let mut sent = Vec::new();
        while let Claim::Job(claimed) = self.writer.claim_part(group, instant::line())? {
            let id = claimed.id;
            let part = self.writer.work(group, |work| work.part(id))?;
            let [.., reference] = sent.len().to_be_bytes();
            sent.extend(part.map(|part| SentPart {
                to: part.conversation.address.to_string(),
                text: String::new(),
                reference,
            }));
            let accepted = Ok(Accepted {
                reference: Some(reference),
            });
            self.writer.settle_part(group, (id, accepted, None), None)?;
        }
        Ok(sent)
    }

    /// What waits for the chat is shown.
    fn show(&mut self, group: &mut Group) -> Result<(), StoreError> {
        let name = QueueName::Chat(instant::network());
        let mut jobs = VecDeque::new();
        loop {
            let next = self.writer.next(&name, 8);
            let claimed = self
                .writer
                .work(group, |work| claim(next, |id| work.claim_chat(PostId(id))))?;
            match claimed {
                Claim::Job(more) => jobs.extend(more),
                Claim::Wait(None) => return Ok(()),
                // None of it was to be done any more: what is behind it is.
                Claim::Wait(Some(_)) => {}
            }
            while let Some(job) = jobs.pop_front() {
                self.writer.work(group, |work| match job {
                    ChatJob::Post {
                        id, room, mirrors, ..
                    } => {
                        let room = match room {
                            RoomPlan::Ready(room) => room,
                            RoomPlan::Ensure(intent) => {
                                let room = instant::room(&intent);
                                let network = instant::network();
                                work.room_made(&network, &intent.destination, room.clone())?;
                                room
                            }
                        };
                        let outcome = match shows_already(&room, mirrors.as_ref()) {
                            true => PostOutcome::Needless,
                            false => PostOutcome::Arrived(instant::receipt(id.0, &room)),
                        };
                        work.settle_post(id, outcome)
                    }
                    ChatJob::Amend { id, revision, .. } => work.settle_amend(id, revision, Ok(())),
                    ChatJob::Rename { id, title, .. } => work.settle_renaming(id, &title, Ok(())),
                    ChatJob::Mark { id, state, .. } => work.settle_mark(id, state, Ok(())),
                })?;
            }
        }
    }
}
