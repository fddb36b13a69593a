//! Faults that a test scripts, and flood limits.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use crate::world::Kind;

/// Faults that may wait.
const FAULTS: usize = 1_000;

/// Something that goes wrong with the next call that fits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// A method, any case. `None`: any but `getUpdates`.
    pub(crate) method: Option<String>,
    /// A chat as the call names it. `None`: any.
    pub(crate) chat: Option<i64>,
    /// How many calls, 1 unless said.
    #[serde(default = "one")]
    pub(crate) times: u32,
    /// How many calls that fit go well before.
    #[serde(default)]
    pub(crate) after: u32,
    pub(crate) what: Harm,
}

fn one() -> u32 {
    1
}

/// What goes wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Harm {
    /// The call takes effect, and the connection is closed without an answer.
    LoseAnswer,
    /// The connection is closed and nothing is done.
    LoseCall,
    /// The call takes effect, after this many milliseconds.
    DelayMs(u64),
    /// 429 with this `retry_after`; nothing is done.
    RetryAfter(u64),
    /// This error; nothing is done.
    Error { code: u16, description: String },
    /// This error, although the call took effect.
    LateError { code: u16, description: String },
}

/// All that were scripted.
#[derive(Default)]
pub(crate) struct Faults(VecDeque<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) -> bool {
        let room = self.0.len() < FAULTS;
        if room {
            self.0.push_back(fault);
        }
        room
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The harm that this call comes to.
    pub(crate) fn take(&mut self, method: &str, chat: Option<i64>) -> Option<Harm> {
        let fits = |fault: &Fault| {
            fault.times > 0
                && match &fault.method {
                    Some(wanted) => wanted.eq_ignore_ascii_case(method),
                    None => !method.eq_ignore_ascii_case("getUpdates"),
                }
                && (fault.chat.is_none() || fault.chat == chat)
        };
        let fault = self.0.iter_mut().find(|fault| fits(fault))?;
        if fault.after > 0 {
            fault.after = fault.after.saturating_sub(1);
            return None;
        }
        fault.times = fault.times.saturating_sub(1);
        let harm = fault.what.clone();
        self.0.retain(|fault| fault.times > 0);
        Some(harm)
    }
}

/// Flood limits (Bots FAQ, "My bot is hitting limits"): one message a second in a chat, 20 a minute in a group, 30 a
/// second over all. A short burst passes, as there. Off unless a test turns them on.
#[derive(Default)]
pub(crate) struct Limits {
    pub(crate) on: bool,
    windows: BTreeMap<(i64, Option<i64>), VecDeque<Instant>>,
}

/// A window of time and how many calls it takes.
const PER_CHAT: (Duration, usize) = (Duration::from_secs(3), 5);
const PER_GROUP: (Duration, usize) = (Duration::from_secs(60), 20);
const OVER_ALL: (Duration, usize) = (Duration::from_secs(1), 30);

impl Limits {
    /// Counts a call that writes, or says in how many seconds it may be made.
    pub(crate) fn take(&mut self, bot: i64, chat: i64, kind: Option<Kind>) -> Result<(), u64> {
        if !self.on {
            return Ok(());
        }
        let mut windows = vec![((bot, None), OVER_ALL)];
        windows.push(match kind {
            Some(Kind::Private) | None => ((bot, Some(chat)), PER_CHAT),
            Some(Kind::Group | Kind::Supergroup | Kind::Forum | Kind::Channel) => {
                ((bot, Some(chat)), PER_GROUP)
            }
        });
        let now = Instant::now();
        for &(key, (span, most)) in &windows {
            let calls = self.windows.entry(key).or_default();
            while calls
                .front()
                .is_some_and(|&at| now.duration_since(at) >= span)
            {
                calls.pop_front();
            }
            if calls.len() >= most {
                let oldest = calls.front().copied().unwrap_or(now);
                let left = span.saturating_sub(now.duration_since(oldest));
                return Err(left.as_secs().saturating_add(1));
            }
        }
        for (key, _) in windows {
            self.windows.entry(key).or_default().push_back(now);
        }
        Ok(())
    }
}
