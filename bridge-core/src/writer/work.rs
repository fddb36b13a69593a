//! One request's work on the store: what all kinds of requests share.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{error, warn};

use crate::address::{Conversation, Country, LineName};
use crate::chat::{Choice, Content, Description, Destination, Network, Place, Receipt};
use crate::handle::LineSettings;
use crate::id::{MessageId, PartId, PostId, Timestamp};
use crate::link::LinkStatus;
use crate::part::PartState;
use crate::post::PostState;
use crate::settings::{Languages, Settings};
use crate::store::record::{Expiring, Message, Part, Post, ReportWish, Way};
use crate::store::{StoreError, Transaction, encode, keys};
use crate::time::Time;
use crate::writer::QueueName;
use crate::writer::queue::{Due, Kind};

/// Repetitions are recognised for this long.
const MEMORY: Duration = Duration::from_secs(7 * 24 * 3600);

/// What the writer knows besides the store.
pub(super) struct Core {
    pub(super) settings: Settings,
    pub(super) status: BTreeMap<LineName, watch::Receiver<LinkStatus>>,
    pub(super) chats: BTreeMap<Network, Description>,
    pub(super) random: fastrand::Rng,
    /// Networks that did not answer lately.
    pub(super) silent: BTreeMap<Network, Silence>,
    /// What workers have in hand: parts, posts, changed posts and marks. Each is due again, or done, when they settle it.
    handed: BTreeSet<Job>,
    /// Whether the store was opened before in this run.
    pub(super) opened: Opened,
    last_id: u64,
    /// What time it is, where the clock may be wrong.
    pub(super) time: Time,
    /// When this run began.
    started: Instant,
}

impl Core {
    pub(super) fn new(settings: Settings) -> Self {
        let (clock, started) = (settings.clock.now(), Instant::now());
        Self {
            settings,
            status: BTreeMap::new(),
            chats: BTreeMap::new(),
            random: fastrand::Rng::new(),
            silent: BTreeMap::new(),
            handed: BTreeSet::new(),
            opened: Opened::First,
            last_id: 0,
            time: Time::at_start(Timestamp(0), clock, started),
            started,
        }
    }

    pub(super) fn line(&self, name: &LineName) -> Option<&LineSettings> {
        self.settings.lines.iter().find(|line| line.name == *name)
    }

    /// The languages whose national tables may be used on this line.
    pub(super) fn languages(&self, line: &LineName) -> Languages {
        let configured = self.settings.languages.get(line).copied();
        configured.unwrap_or_default()
    }

    /// How numbers without `+` are read on this line.
    pub(super) fn country(&self, line: &LineName) -> Option<Country> {
        let configured = self.line(line).and_then(|line| line.country);
        configured.or_else(|| {
            self.status
                .get(line)
                .and_then(|status| status.borrow().country)
        })
    }

    /// The time, as far as it is known.
    pub(super) fn now(&mut self) -> Timestamp {
        self.time.now(self.settings.clock.now(), Instant::now())
    }

    /// Somebody outside dated something that just came.
    pub(super) fn witness(&mut self, told: Timestamp) {
        self.time
            .witness(told, self.settings.clock.now(), Instant::now());
    }

    /// For how long this run has lasted.
    pub(super) fn running(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) fn is_handed(&self, job: Job) -> bool {
        self.handed.contains(&job)
    }

    /// Takes back what work that failed noted of jobs handed out and settled.
    pub(super) fn undo(&mut self, changes: &[Change]) {
        for change in changes.iter().rev() {
            match change {
                Change::Handed(job) => {
                    self.handed.remove(job);
                }
                Change::Settled(job) => {
                    self.handed.insert(*job);
                }
                Change::Job { .. } | Change::Hurry(_) | Change::Set { .. } => {}
            }
        }
    }

    /// With the time that was reached, so that a start knows how far the clock is from it.
    pub(super) fn encoded_last_id(&mut self) -> Vec<u8> {
        let reached = u64::try_from(self.now().0).unwrap_or(0);
        self.last_id = self.last_id.max(reached.saturating_mul(1000));
        encode(&self.last_id).unwrap_or_default()
    }
}

/// A network did not answer, so that what is meant for it was put off.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Silence {
    /// Whether it still is silent, as far as is known.
    pub(super) lasts: bool,
    /// When what waits was brought forward last. `None`: not yet.
    pub(super) hurried: Option<Instant>,
}

/// Whether this run opened the store before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// Nothing is in any worker's hands: what was under way when the program ended is in doubt.
    First,
    /// The store had failed: workers still have what they were handed.
    Again,
}

/// Something that a worker has in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Job {
    Part(PartId),
    Chat(PostId),
}

/// What the queues learn after the commit.
#[derive(Debug)]
pub(super) enum Change {
    Job {
        queue: QueueName,
        kind: Kind,
        lane: String,
        id: u64,
        due: Due,
    },
    /// The other side answers again: what was put off because it did not is due.
    Hurry(QueueName),
    /// A worker gets this job, unless the commit fails.
    Handed(Job),
    /// A worker gave this job back, unless the commit fails.
    Settled(Job),
    /// A set of parts is waited for; `None`: no more.
    Set {
        key: Vec<u8>,
        wait: Option<Duration>,
    },
}

/// One request's work.
pub(super) struct Work<'a> {
    pub(super) transaction: Transaction<'a>,
    pub(super) core: &'a mut Core,
    pub(super) changes: Vec<Change>,
    pub(super) now: Timestamp,
}

impl Work<'_> {
    pub(super) fn recover_last_id(&mut self) -> Result<(), StoreError> {
        let stored = self.transaction.load(&keys::last_id())?.unwrap_or(0);
        self.core.last_id = self.core.last_id.max(stored);
        if self.core.opened == Opened::First {
            let stored = Timestamp(i64::try_from(self.core.last_id / 1000).unwrap_or(i64::MAX));
            let clock = self.core.settings.clock.now();
            self.core.time = Time::at_start(stored, clock, Instant::now());
            self.now = self.core.now();
            if !self.core.time.is_sure() {
                warn!(
                    "the clock cannot be believed yet: nothing expires until it agrees with a chat network or an SMS"
                );
            }
        }
        Ok(())
    }

    /// Microseconds since 1970, or one more than the last where the clock stands or went back.
    pub(super) fn next_id(&mut self) -> u64 {
        let now = u64::try_from(self.now.0).unwrap_or(0).saturating_mul(1000);
        self.core.last_id = now.max(self.core.last_id.saturating_add(1));
        self.core.last_id
    }

    /// Hands a job to the worker that asked.
    pub(super) fn hand_out(&mut self, job: Job) {
        if self.core.handed.insert(job) {
            self.changes.push(Change::Handed(job));
        }
    }

    /// A worker gives a job back.
    pub(super) fn give_back(&mut self, job: Job) {
        if self.core.handed.remove(&job) {
            self.changes.push(Change::Settled(job));
        }
    }

    /// Removes `key` in a week.
    pub(super) fn expire(&mut self, key: &[u8]) -> Result<(), StoreError> {
        let id = self.next_id();
        self.transaction.save(
            keys::expiry(id),
            &Expiring {
                key: sms_codec::hex::encode(key),
            },
        )
    }

    pub(super) fn forget_old(&mut self) -> Result<(), StoreError> {
        if !self.core.time.is_sure() {
            return Ok(());
        }
        for key in self.transaction.keys(&keys::expiry_prefix(), 1000)? {
            let made = keys::last_number(&key)
                .map_or(0, |id| i64::try_from(id / 1000).unwrap_or(i64::MAX));
            if self.now.since(Timestamp(made)) < MEMORY {
                break;
            }
            let expiring: Option<Expiring> = self.transaction.load(&key)?;
            if let Some(octets) =
                expiring.and_then(|expiring| sms_codec::hex::decode(&expiring.key).ok())
            {
                self.transaction.remove(octets);
            }
            self.transaction.remove(key);
        }
        Ok(())
    }

    /// Records that could not be read on the way are set aside in the same commit, so that this is said once.
    pub(super) fn tell_of_quarantine(&mut self) -> Result<(), StoreError> {
        for kind in self.transaction.broken() {
            error!(
                kind,
                "a stored record cannot be read; it is set aside, see `sms-bridge store check`"
            );
            self.tell_admins(&format!(
                "Something that I had stored cannot be read any more (a record of the kind \"{kind}\"). I set it aside and \
                 go on without it. `sms-bridge store check` tells more; if there are several, look after the disk."
            ))?;
        }
        Ok(())
    }

    // Parts.

    pub(super) fn part(&self, id: PartId) -> Result<Option<Part>, StoreError> {
        self.transaction.load(&keys::part(id))
    }

    /// Stores a part in a new state, with everything that hangs on it: the outbox, the wait for its report, its queue.
    pub(super) fn save_part(
        &mut self,
        id: PartId,
        before: Option<&PartState>,
        part: &Part,
    ) -> Result<(), StoreError> {
        let Conversation { line, address } = &part.conversation;
        if let Some((reference, _)) = before.and_then(PartState::awaits_report) {
            self.transaction
                .remove(keys::awaited(line, address, reference, id));
        }
        if part.report == ReportWish::Asked
            && let Some((reference, _)) = part.state.awaits_report()
        {
            let key = keys::awaited(line, address, reference, id);
            self.expire(&key)?;
            self.transaction.save(key, &())?;
        }
        let due = match &part.state {
            PartState::Queued { due, .. } | PartState::Staged { due, .. } => Due::At(*due),
            PartState::Staging { .. } | PartState::Transmitting { .. } => Due::Taken,
            state if state.is_due() => Due::At(self.now),
            PartState::Held { .. }
            | PartState::Sent { .. }
            | PartState::Delivered
            | PartState::Failed { .. }
            | PartState::Unknown(_)
            | PartState::Cancelled
            | PartState::Expired => Due::Done,
        };
        match due {
            Due::At(_) | Due::BackOff(_) | Due::Taken => {
                self.transaction.save(keys::outbox(id), &())?;
            }
            // It may yet expire.
            Due::Done if part.state.is_stale() => {
                self.transaction.save(keys::outbox(id), &())?;
            }
            Due::Done => self.transaction.remove(keys::outbox(id)),
        }
        let (queue, lane) = (QueueName::Line(line.clone()), address.to_string());
        self.changes.push(Change::Job {
            queue,
            kind: Kind::Message,
            lane,
            id: id.0,
            due,
        });
        self.transaction.save(keys::part(id), part)
    }

    /// A part that nobody ever handed to the modem is no more.
    pub(super) fn drop_part(&mut self, id: PartId, part: &Part) {
        let Conversation { line, address } = &part.conversation;
        self.changes.push(Change::Job {
            queue: QueueName::Line(line.clone()),
            kind: Kind::Message,
            lane: address.to_string(),
            id: id.0,
            due: Due::Done,
        });
        self.transaction.remove(keys::outbox(id));
        self.transaction.remove(keys::part(id));
    }

    /// The parts of an outgoing message, in order.
    pub(super) fn parts(&self, id: MessageId) -> Result<Vec<(PartId, Part)>, StoreError> {
        let Some(Message {
            way: Way::Out { parts, .. },
            ..
        }) = self.message(id)?
        else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for index in 0..parts {
            let part = PartId::new(id, index);
            found.extend(self.part(part)?.map(|record| (part, record)));
        }
        Ok(found)
    }

    pub(super) fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        self.transaction.load(&keys::message(id))
    }

    // Posts.

    /// Stores a new post and puts it in its queue.
    pub(super) fn add_post(&mut self, draft: Draft) -> Result<PostId, StoreError> {
        let id = PostId(self.next_id());
        let Draft {
            network,
            destination,
            content,
            reply_to,
            choices,
            message,
            conversation,
            mirrors,
        } = draft;
        let post = Post {
            network,
            destination,
            content,
            reply_to,
            choices,
            message,
            conversation,
            mirrors,
            made_at: self.now,
            state: PostState::new(self.now),
            revision: 0,
            shown_revision: 0,
        };
        if let Some(message) = message {
            self.transaction.save(keys::post_of(message, id), &())?;
        }
        self.save_post(id, &post)?;
        Ok(id)
    }

    /// Stores a post, and puts it in its queue as its state says.
    pub(super) fn save_post(&mut self, id: PostId, post: &Post) -> Result<(), StoreError> {
        let due = match &post.state {
            PostState::Queued { due, .. } => Due::At(*due),
            PostState::Posting { .. } => Due::Taken,
            PostState::Posted { .. } if self.core.is_handed(Job::Chat(id)) => Due::Taken,
            PostState::Posted { .. } if post.revision > post.shown_revision => Due::At(self.now),
            PostState::Posted { .. }
            | PostState::Doubtful { .. }
            | PostState::Dead { .. }
            | PostState::Dropped => Due::Done,
        };
        self.note_due(&post.network, lane(&post.destination), id, due)?;
        self.transaction.save(keys::post(id), post)
    }

    pub(super) fn note_due(
        &mut self,
        network: &Network,
        lane: String,
        id: PostId,
        due: Due,
    ) -> Result<(), StoreError> {
        match due {
            Due::At(_) | Due::BackOff(_) | Due::Taken => {
                self.transaction.save(keys::post_due(id), &())?;
            }
            Due::Done => self.transaction.remove(keys::post_due(id)),
        }
        self.changes.push(Change::Job {
            queue: QueueName::Chat(network.clone()),
            kind: Kind::Message,
            lane,
            id: id.0,
            due,
        });
        Ok(())
    }

    /// Says something where somebody wrote, in answer to it.
    pub(super) fn reply(
        &mut self,
        network: &Network,
        to: &Receipt,
        text: String,
    ) -> Result<(), StoreError> {
        let mut draft = Draft::new(
            network,
            Destination::Place(to.place.clone()),
            Content::Notice { text },
        );
        draft.reply_to = Some(to.message.clone());
        self.add_post(draft).map(|_| ())
    }

    /// Says something in every admin chat.
    pub(super) fn tell_admins(&mut self, text: &str) -> Result<(), StoreError> {
        for (network, description) in self.core.chats.clone() {
            for inbox in description.admins {
                let content = Content::Notice {
                    text: text.to_owned(),
                };
                self.add_post(Draft::new(&network, Destination::Admin { inbox }, content))?;
            }
        }
        Ok(())
    }
}

/// A post to be.
pub(super) struct Draft {
    pub(super) network: Network,
    pub(super) destination: Destination,
    pub(super) content: Content,
    pub(super) reply_to: Option<String>,
    pub(super) choices: Vec<Choice>,
    pub(super) message: Option<MessageId>,
    pub(super) conversation: Option<Conversation>,
    pub(super) mirrors: Option<Receipt>,
}

impl Draft {
    pub(super) fn new(network: &Network, destination: Destination, content: Content) -> Self {
        Self {
            network: network.clone(),
            destination,
            content,
            reply_to: None,
            choices: Vec::new(),
            message: None,
            conversation: None,
            mirrors: None,
        }
    }
}

/// The lane of a destination: posts there keep their order.
pub(super) fn lane(destination: &Destination) -> String {
    match destination {
        Destination::Conversation {
            inbox,
            conversation,
        } => {
            format!(
                "conversation\0{}\0{}\0{}",
                inbox.0, conversation.line, conversation.address
            )
        }
        Destination::Notices { inbox, line } => format!("notices\0{}\0{line}", inbox.0),
        Destination::Admin { inbox } => format!("admin\0{}", inbox.0),
        Destination::Place(place) => place_lane(place),
    }
}

pub(super) fn place_lane(place: &Place) -> String {
    format!(
        "place\0{}\0{}",
        place.chat,
        place.thread.as_deref().unwrap_or_default()
    )
}
