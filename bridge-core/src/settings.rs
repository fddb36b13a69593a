//! What the bridge is told at its start.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use sms_codec::{Language, Languages};

use crate::address::LineName;
use crate::handle::LineSettings;
use crate::id::Timestamp;
use crate::limits::Limits;
use crate::person::People;
use crate::quiet::Quiet;
use crate::rules::Rules;

/// [`Settings::stale_after`] unless told otherwise.
pub const STALE_AFTER: Duration = Duration::from_secs(3600);
/// [`Settings::expire_after`] unless told otherwise.
pub const EXPIRE_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);

/// What the bridge is told at its start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The store is in its subfolder `store`.
    pub data_dir: PathBuf,
    /// Who is known.
    pub people: People,
    /// The phone lines.
    pub lines: Vec<LineSettings>,
    /// How long a message with missing parts is waited for before it is shown with the gap marked.
    pub reassembly_wait: Duration,
    /// What is finished and older than this is removed. `None`: everything is kept for ever.
    pub retention: Option<Duration>,
    /// How often an export is written into [`Settings::data_dir`], of which the newest three stay. `None`: never.
    pub export_every: Option<Duration>,
    /// A message that waited longer than this for its line is sent only after a person was asked.
    pub stale_after: Duration,
    /// A message that waited longer than this is not sent any more.
    pub expire_after: Duration,
    /// The languages whose national tables may be used in what goes out on a line. None where the line is not in here: a
    /// phone without the tables shows other characters.
    pub languages: BTreeMap<LineName, Languages>,
    /// What may be spent on a line. Where a line is not in here, what [`Limits::default`] says.
    pub limits: BTreeMap<LineName, Limits>,
    /// What becomes of messages that come in.
    pub rules: Rules,
    /// Who sees one-time codes.
    pub codes: CodesFor,
    /// When nothing makes a sound. Never on a line that is not in here.
    pub quiet: BTreeMap<LineName, Quiet>,
    /// Where the time of day comes from.
    pub clock: Clock,
}

/// Who sees one-time codes where an inbox has other readers than owners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CodesFor {
    /// The owners, in the admin chats; the others learn that one came.
    #[default]
    Owner,
    /// Everybody who sees the other messages.
    Everyone,
}

impl Settings {
    /// With the usual waits (3 minutes for missing parts, [`STALE_AFTER`], [`EXPIRE_AFTER`]), everything kept for ever, no
    /// exports, and the system's clock.
    #[must_use]
    pub fn new(data_dir: PathBuf, people: People, lines: Vec<LineSettings>) -> Self {
        Self {
            data_dir,
            people,
            lines,
            reassembly_wait: Duration::from_secs(180),
            retention: None,
            export_every: None,
            stale_after: STALE_AFTER,
            expire_after: EXPIRE_AFTER,
            languages: BTreeMap::new(),
            limits: BTreeMap::new(),
            rules: Rules::default(),
            codes: CodesFor::default(),
            quiet: BTreeMap::new(),
            clock: Clock::system(),
        }
    }

    /// With the same limits on every line.
    #[must_use]
    pub fn with_limits(mut self, limits: &Limits) -> Self {
        let names = self.lines.iter().map(|line| line.name.clone());
        self.limits = names.map(|name| (name, limits.clone())).collect();
        self
    }
}

/// The time of day. An argument, so that tests can set it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(|| {
            let since = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
        })
    }

    /// Any clock.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
