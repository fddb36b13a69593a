//! The single writer: every change of the store is made here, one request after the other.
//!
//! Requests that wait together share one commit. Each runs as a [`Work`](work::Work) on a transaction of its own, which
//! is dropped whole when it fails. The queues follow at once, so that a job can be settled and the next one of its lane be
//! handed out in one commit; should that fail, they are made anew from the store. After the commit, and only then, workers
//! are woken and everybody is answered.
//!
//! **Invariant:** no answer and no effect outside before the commit that it rests on is durable.

mod codes;
mod compose;
mod contacts;
mod edits;
mod exports;
#[cfg(feature = "conformance")]
mod fill;
pub(crate) mod first_start;
mod forget;
mod fragments;
mod incoming;
mod looking_back;
mod marks;
mod notices;
mod outages;
mod outgoing;
mod people;
mod posts;
mod questions;
mod queue;
mod quiet;
mod renaming;
mod renewal;
mod reports;
mod requests;
mod restored;
mod retention;
mod rooms;
mod rules;
mod sim;
mod slots;
mod space;
mod spending;
mod status;
mod submit;
#[cfg(all(test, feature = "conformance"))]
mod tests;
pub(crate) mod treatment;
mod unfinished;
mod ussd;
mod waiting;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::address::LineName;
use crate::chat::Network;
use crate::crash::point;
use crate::handle::{BridgeError, Reply, Request};
use crate::id::PartId;
use crate::link::{Accepted, SendError};
use crate::settings::Settings;
use crate::slots::Reading;
use crate::store::{Look, Store, StoreError, Transaction, keys};

use exports::Exports;
#[cfg(feature = "conformance")]
pub use fill::fill;
pub(crate) use outgoing::{ClaimedPart, Step};
#[cfg(test)]
pub(crate) use posts::PostDraft;
pub(crate) use posts::{ChatJob, PostOutcome, RoomPlan};
use queue::{Due, Next, Queue};
use renewal::Renewal;
use retention::Retention;
pub(crate) use slots::{Checked, KnownSlot, SlotWork};
use space::{Need, Space};
pub(crate) use ussd::UssdJob;
use work::{Change, Core, Opened, Work};

/// Requests that share one commit, at most.
const GROUP: usize = 64;
/// How often it is looked for what waited for too long.
const EXPIRY: Duration = Duration::from_secs(60);

/// The name of a worker's queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum QueueName {
    Line(LineName),
    Ussd(LineName),
    Chat(Network),
}

/// What a worker gets when it asks for something to do.
#[derive(Debug)]
pub(crate) enum Claim<T> {
    /// This, and the store says so.
    Job(T),
    /// Nothing before then. `None`: nothing until woken.
    Wait(Option<Instant>),
}

/// The owner of the store.
pub(crate) struct Writer {
    path: PathBuf,
    /// `None` only while it is opened again.
    store: Option<Store>,
    core: Core,
    queues: BTreeMap<QueueName, (Queue, Arc<Notify>)>,
    /// Sets of parts that are waited for: when to show the gap.
    sets: BTreeMap<Vec<u8>, Instant>,
    space: Space,
    retention: Retention,
    exports: Exports,
    renewal: Renewal,
    /// When it is looked for what waited for too long.
    next_expiry: Instant,
    /// What the request that is carried out needs room for.
    need: Need,
    /// How much of the store is read when it is opened again.
    look: Look,
}

/// Answers a request with what became of the commit.
type Answer = Box<dyn FnOnce(Result<(), BridgeError>) + Send>;

/// What goes into one commit.
#[derive(Default)]
struct Group {
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// Octets in `writes`.
    size: usize,
    changes: Vec<Change>,
    /// Whose workers may have something to do after it.
    wake: BTreeSet<QueueName>,
    answers: Vec<Answer>,
    /// The database failed while it was read.
    failed: Option<String>,
}

impl Group {
    /// Keeps an answer until the commit.
    fn answer<T: Send + 'static>(&mut self, reply: Reply<T>, result: Result<T, StoreError>) {
        self.answers.push(Box::new(move |committed| {
            let answer = match (committed, result) {
                (Ok(()), Ok(value)) => Ok(value),
                (Err(error), _) => Err(error),
                (_, Err(error)) => Err(BridgeError::Store(error.to_string())),
            };
            // Whoever asked may have gone; what they asked for is done all the same.
            drop(reply.send(answer));
        }));
    }
}

impl Writer {
    /// Opens the store and takes up what was under way when it was closed.
    pub(crate) fn open(settings: Settings) -> Result<Self, StoreError> {
        let path = settings.data_dir.join("store");
        let mut space = Space::new(&path);
        space.check_opening()?;
        let store = Store::open_or_replace(&path, settings.clock.now(), Look::Usual)?;
        let mut writer = Self {
            path,
            store: Some(store),
            core: Core::new(settings.clone()),
            queues: BTreeMap::new(),
            sets: BTreeMap::new(),
            space,
            retention: Retention::new(settings.retention, Instant::now()),
            exports: Exports::new(settings.export_every, settings.data_dir, Instant::now()),
            renewal: Renewal::new(Instant::now()),
            next_expiry: Instant::now(),
            need: Need::Outcome,
            look: Look::Usual,
        };
        if let Err(error) = writer.take_up() {
            if !matches!(error, StoreError::Damaged { .. }) {
                return Err(error);
            }
            // A page that cannot be read is only found when it is.
            warn!(%error, "the store is damaged; all of it is read");
            writer.store = None;
            let (path, now) = (writer.path.clone(), writer.core.settings.clock.now());
            writer.store = Some(Store::open_or_replace(&path, now, Look::Whole)?);
            writer.take_up()?;
        }
        writer.core.opened = Opened::Again;
        Ok(writer)
    }

    /// Takes up what the store says.
    fn take_up(&mut self) -> Result<(), StoreError> {
        let group = self.recover()?;
        point("writer: recovered, not stored");
        if let Some(store) = &self.store {
            store.commit_blocking(group.writes)?;
        }
        self.learn(group.changes, &group.wake);
        Ok(())
    }

    /// Reads the queues from the store; parts that were being sent become unknown.
    fn recover(&mut self) -> Result<Group, StoreError> {
        self.queues
            .values_mut()
            .for_each(|(queue, _)| *queue = Queue::default());
        self.sets.clear();
        // What was under way is known as such only once this is written, be there room or not.
        self.need = Need::Opening;
        let mut group = Group::default();
        let result = self.work(&mut group, |work| {
            work.recover_last_id()?;
            work.recover_restored()?;
            work.recover_parts()?;
            work.recover_posts()?;
            work.recover_ussd()?;
            work.recover_sets()
        });
        result.map(|()| group)
    }

    /// Serves until told to stop, or until nobody can ask any more.
    pub(crate) async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut next_cleaning = Instant::now();
        let mut next_look = Instant::now();
        loop {
            // Until the first line is attached some inbox may be missing, and a gap would not be shown there.
            let first_set = self
                .sets
                .values()
                .min()
                .filter(|_| !self.core.status.is_empty());
            let first_set = first_set.map_or(next_cleaning, |due| next_cleaning.min(*due));
            let wake = first_set.min(next_look).min(self.next_expiry);
            let wake = self.retention.due().map_or(wake, |due| wake.min(due));
            let wake = self.exports.due().map_or(wake, |due| wake.min(due));
            let wake = self.renewal_due().map_or(wake, |due| wake.min(due));
            let mut group = Group::default();
            let first = tokio::select! {
                request = requests.recv() => match request {
                    Some(request) => Some(request),
                    None => return,
                },
                () = tokio::time::sleep_until(wake) => None,
            };
            next_look = Instant::now() + space::LOOK;
            self.look_for_room(&mut group);
            let mut stopped = None;
            match first {
                Some(request) => {
                    self.retention.disturbed(Instant::now());
                    self.renewal.disturbed(Instant::now());
                    stopped = self.handle(request, &mut group);
                }
                None => self.tick(&mut group, &mut next_cleaning),
            }
            while stopped.is_none() && group.answers.len() < GROUP {
                let Ok(request) = requests.try_recv() else {
                    break;
                };
                stopped = self.handle(request, &mut group);
            }
            self.commit(group).await;
            if stopped.is_none() && self.renewal_due().is_some_and(|due| due <= Instant::now()) {
                self.renew().await;
            }
            if let Some(stopped) = stopped {
                requests.close();
                // The database is closed before the one who asked goes on.
                drop(self);
                drop(requests);
                if stopped.send(Ok(())).is_err() {
                    info!("nobody waited for the store to close");
                }
                return;
            }
        }
    }

    fn tick(&mut self, group: &mut Group, next_cleaning: &mut Instant) {
        let now = Instant::now();
        self.need = Need::New;
        let due: Vec<Vec<u8>> = self
            .sets
            .iter()
            .filter(|(_, at)| **at <= now && !self.core.status.is_empty())
            .map(|(key, _)| key.clone())
            .collect();
        for key in due {
            self.sets.insert(key.clone(), now + Duration::from_secs(60));
            if let Err(error) = self.work(group, |work| work.show_gap(key)) {
                error!(%error, "an incomplete message could not be shown; tried again in a minute");
            }
        }
        if *next_cleaning <= now {
            *next_cleaning = now + Duration::from_secs(3600);
            self.need = Need::Outcome;
            if let Err(error) = self.work(group, |work| work.forget_old()) {
                warn!(%error, "old entries could not be removed");
            }
        }
        if self.next_expiry <= now {
            self.next_expiry = now + EXPIRY;
            self.need = Need::Outcome;
            if let Err(error) = self.work(group, |work| work.expire_waiting()) {
                warn!(%error, "what waited for too long could not be called off");
            }
        }
        self.remove_old(group, now);
        self.export(group, now);
    }

    /// Removes some of what people do not want to keep any longer.
    fn remove_old(&mut self, group: &mut Group, now: Instant) {
        // A jump since the last look is noticed now.
        self.core.now();
        let sure_since = self.core.time.sure_since();
        let Some((keep, from)) = self.retention.poll(sure_since, now) else {
            return;
        };
        self.need = Need::Outcome;
        match self.work(group, |work| work.sweep(keep, from)) {
            Ok(swept) => self.retention.swept(swept, now),
            Err(error) => {
                warn!(%error, "old messages could not be removed");
                self.retention.failed(now);
            }
        }
    }

    /// A small step of the export that the bridge makes by itself.
    fn export(&mut self, group: &mut Group, now: Instant) {
        let Some(store) = &self.store else { return };
        let time = self.core.now();
        let time = self.core.time.is_sure().then_some(time);
        if let Err(error) = self.exports.step(store, &self.space, time, now) {
            warn!(%error, "the store could not be read for an export");
            self.exports.give_up(now);
            if error.is_of_the_database() {
                self.look = Look::Whole;
                group.failed = Some(error.to_string());
            }
        }
    }

    /// Runs one request's work; what it wrote joins the group only if it succeeds.
    fn work<T>(
        &mut self,
        group: &mut Group,
        work: impl FnOnce(&mut Work<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let Some(store) = &self.store else {
            return Err(StoreError::Closed);
        };
        let now = self.core.now();
        let mut current = Work {
            transaction: Transaction::new(store, &group.writes),
            core: &mut self.core,
            changes: Vec::new(),
            now,
        };
        let mut result = work(&mut current);
        if result.is_ok()
            && let Err(error) = current.tell_of_quarantine()
        {
            result = Err(error);
        }
        let Work {
            transaction,
            changes,
            ..
        } = current;
        let size = transaction.size();
        let writes = transaction.into_writes();
        let result = result.and_then(|done| match size {
            0 => Ok(done),
            _ => self
                .space
                .check(self.need, group.size + size)
                .map(|()| done),
        });
        match &result {
            Ok(_) => {
                group.size += size;
                group.writes.extend(writes);
                self.follow(group, changes);
            }
            Err(error) => {
                self.core.undo(&changes);
                if matches!(error, StoreError::Damaged { .. }) {
                    self.look = Look::Whole;
                }
                if error.is_of_the_database() {
                    group.failed = Some(error.to_string());
                }
            }
        }
        result
    }

    /// The queues learn what is due, for the requests behind it in the same commit.
    fn follow(&mut self, group: &mut Group, changes: Vec<Change>) {
        let now = (self.core.now(), Instant::now());
        for change in changes {
            match change {
                Change::Job {
                    queue: name,
                    kind,
                    lane,
                    id,
                    due,
                } => {
                    let (queue, _) = self.queues.entry(name.clone()).or_default();
                    queue.set(kind, &lane, id, due, now);
                    match due {
                        Due::At(_) | Due::BackOff(_) | Due::Done => {
                            group.wake.insert(name);
                        }
                        Due::Taken => {}
                    }
                }
                Change::Hurry(name) => {
                    if let Some((queue, _)) = self.queues.get_mut(&name) {
                        queue.hurry(now.1);
                    }
                    group.wake.insert(name);
                }
                Change::Handed(_) | Change::Settled(_) | Change::Set { .. } => {
                    group.changes.push(change);
                }
            }
        }
    }

    /// Whether there is room for what comes, and a word to people where that changed.
    fn look_for_room(&mut self, group: &mut Group) {
        self.space.look();
        let now = Instant::now();
        if self.core.chats.is_empty() {
            return;
        }
        if let Some(words) = self.space.news(now) {
            self.need = Need::Show;
            if self.work(group, |work| work.tell_admins(&words)).is_ok() {
                self.space.told(now);
            }
        }
    }

    /// [`work`](Self::work), with the answer kept until the commit.
    fn answer<T: Send + 'static>(
        &mut self,
        group: &mut Group,
        reply: Reply<T>,
        work: impl FnOnce(&mut Work<'_>) -> Result<T, StoreError>,
    ) {
        let result = self.work(group, work);
        group.answer(reply, result);
    }

    /// The next part of a line, for its worker.
    fn claim_part(
        &mut self,
        group: &mut Group,
        line: LineName,
    ) -> Result<Claim<ClaimedPart>, StoreError> {
        let next = self.next(&QueueName::Line(line.clone()), 1);
        let claimed = self.work(group, |work| {
            if work.sim_may_send(&line)? {
                return claim(next, |id| work.claim_part(PartId(id)));
            }
            work.hold_line(&line)?;
            Ok(Claim::Wait(None))
        })?;
        Ok(first(claimed))
    }

    /// Stores what became of a part; with `then` the worker of that line gets the next one in the same commit.
    fn settle_part(
        &mut self,
        group: &mut Group,
        settled: (PartId, Result<Accepted, SendError>, Option<Reading>),
        then: Option<LineName>,
    ) -> Result<Option<ClaimedPart>, StoreError> {
        let (id, outcome, reading) = settled;
        self.work(group, |work| work.settle_part(id, outcome, reading))?;
        self.need = Need::New;
        let claimed = then.map(|line| self.claim_part(group, line));
        // What went wrong with the claim is told when the worker asks for itself: this part is settled all the same.
        Ok(match claimed {
            Some(Ok(Claim::Job(part))) => Some(part),
            Some(Ok(Claim::Wait(_)) | Err(_)) | None => None,
        })
    }

    fn waker(&mut self, name: QueueName) -> Arc<Notify> {
        Arc::clone(&self.queues.entry(name).or_default().1)
    }

    fn next(&mut self, name: &QueueName, most: usize) -> Next {
        self.queues
            .get_mut(name)
            .map_or(Next::Idle, |(queue, _)| queue.next(Instant::now(), most))
    }

    async fn commit(&mut self, mut group: Group) {
        let writes = !group.writes.is_empty();
        let size = group.size;
        let committed = match (&self.store, group.failed.take()) {
            (_, Some(failed)) => Err(failed),
            (Some(_), None) if group.writes.is_empty() => Ok(()),
            (Some(store), None) => {
                group
                    .writes
                    .insert(keys::last_id(), Some(self.core.encoded_last_id()));
                let committed = store.commit(group.writes).await;
                if matches!(committed, Err(StoreError::Damaged { .. })) {
                    self.look = Look::Whole;
                }
                committed.map_err(|error| error.to_string())
            }
            (None, None) => Err(StoreError::Closed.to_string()),
        };
        match committed {
            Ok(()) => {
                self.renewal.wrote(size);
                self.learn(group.changes, &group.wake);
                group.answers.into_iter().for_each(|answer| answer(Ok(())));
                if writes {
                    point("writer: answered");
                }
            }
            Err(failed) => {
                error!(error = %failed, "the store failed; nothing was acknowledged, opening it again");
                self.core.undo(&group.changes);
                let told = BridgeError::Store(failed);
                group
                    .answers
                    .into_iter()
                    .for_each(|answer| answer(Err(told.clone())));
                self.reopen().await;
            }
        }
    }

    /// After a commit: what is waited for is noted, and workers are woken.
    fn learn(&mut self, changes: Vec<Change>, wake: &BTreeSet<QueueName>) {
        for name in wake {
            if let Some((_, waker)) = self.queues.get(name) {
                waker.notify_one();
            }
        }
        for change in changes {
            match change {
                Change::Job { .. } | Change::Hurry(_) | Change::Handed(_) | Change::Settled(_) => {}
                Change::Set {
                    key,
                    wait: Some(wait),
                } => {
                    self.sets.insert(key, Instant::now() + wait);
                }
                Change::Set { key, wait: None } => {
                    self.sets.remove(&key);
                }
            }
        }
    }
}

/// Takes what is due. Where none of it is to be done any more the queue knows by now: it is asked again at once.
fn claim<T>(
    next: Next,
    mut take: impl FnMut(u64) -> Result<Option<T>, StoreError>,
) -> Result<Claim<Vec<T>>, StoreError> {
    match next {
        Next::Ready(ids) => {
            let mut jobs = Vec::new();
            for id in ids {
                jobs.extend(take(id)?);
            }
            Ok(if jobs.is_empty() {
                Claim::Wait(Some(Instant::now()))
            } else {
                Claim::Job(jobs)
            })
        }
        Next::At(at) => Ok(Claim::Wait(Some(at))),
        Next::Idle => Ok(Claim::Wait(None)),
    }
}

/// Of what was claimed for a worker that does one thing at a time.
fn first<T>(claimed: Claim<Vec<T>>) -> Claim<T> {
    match claimed {
        Claim::Job(jobs) => match jobs.into_iter().next() {
            Some(job) => Claim::Job(job),
            None => Claim::Wait(Some(Instant::now())),
        },
        Claim::Wait(at) => Claim::Wait(at),
    }
}
