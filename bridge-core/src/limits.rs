//! What a line may spend: how much goes out without a question, and what a person is asked first.
//!
//! Pure: no clock, no store. The writer counts what it accepts in a stored [`Spent`], and asks [`judge`] before each message.
//!
//! | what | unless configured | who may say "send it" |
//! |---|---|---|
//! | more than `confirm_parts` parts | more than 3 | whoever wrote it |
//! | more than `messages_per_minute` | 10 | an owner; whoever wrote it once it fits |
//! | more than `parts_per_day` in 24 hours | 50 | an owner; whoever wrote it once it fits |
//! | the first message to a short code, a premium number or another country | none may | an owner, once for each |
//! | as many questions within a minute as messages are allowed | | nobody: it is refused |
//!
//! Where the country of a line is not known (neither `country` is set nor has its SIM told it), every country is another
//! one: an owner is asked once for each, so once at all for most people. To take the first country that somebody writes to
//! for the line's own would spare that question, and let whoever writes first choose an expensive one.
//!
//! **Invariant:** no line is without limits: they can be set high, and not left out.

mod destination;
mod price;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::address::Country;
use crate::id::Timestamp;
pub(crate) use destination::Reach;
pub use price::{Price, PriceError};

/// A window of messages, and how finely it is counted.
const MINUTE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(5));
/// A window of parts, and how finely it is counted.
const DAY: (Duration, Duration) = (Duration::from_secs(24 * 3600), Duration::from_secs(3600));

/// What a line may spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// So many messages go out within a minute without an owner being asked.
    pub messages_per_minute: u32,
    /// So many parts within 24 hours.
    pub parts_per_day: u32,
    /// A message of more parts is asked about.
    pub confirm_parts: u32,
    /// Of one part. `None`: no cost is shown.
    pub price_per_part: Option<Price>,
    /// Where messages go besides the line's own country without an owner being asked.
    pub may_text: MayText,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            messages_per_minute: 10,
            parts_per_day: 50,
            confirm_parts: 3,
            price_per_part: None,
            may_text: MayText::default(),
        }
    }
}

impl Limits {
    /// For simulated lines, which cost nothing.
    #[must_use]
    pub fn plenty() -> Self {
        Self {
            messages_per_minute: 1_000_000,
            parts_per_day: 100_000_000,
            confirm_parts: 255,
            price_per_part: None,
            may_text: MayText::Everywhere,
        }
    }
}

/// Where messages may go without an owner being asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MayText {
    /// Everywhere.
    Everywhere,
    /// To these countries (`DE`) and numbers.
    These(BTreeSet<String>),
}

impl Default for MayText {
    fn default() -> Self {
        Self::These(BTreeSet::new())
    }
}

impl MayText {
    /// Reads countries (two letters), short codes and numbers, or `everywhere`.
    ///
    /// # Errors
    ///
    /// The first that is none of these, in words.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let (mut these, mut everywhere) = (BTreeSet::new(), false);
        for text in texts {
            let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            let digits = compact.strip_prefix('+').unwrap_or(&compact);
            if compact.eq_ignore_ascii_case("everywhere") {
                everywhere = true;
            } else if let Ok(country) = compact.parse::<Country>() {
                these.insert(country.code().to_owned());
            } else if !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) {
                these.insert(compact);
            } else {
                return Err(format!(
                    "\"{text}\" is neither a country (two letters, like DE) nor a number; \"everywhere\" means all"
                ));
            }
        }
        Ok(match everywhere {
            true => Self::Everywhere,
            false => Self::These(these),
        })
    }

    /// Whether nobody has to be asked about this.
    fn covers(&self, reach: &Reach) -> bool {
        match (self, reach.key()) {
            (Self::Everywhere, _) | (Self::These(_), None) => true,
            (Self::These(these), Some(key)) => these.contains(key),
        }
    }
}

/// What a line was asked to send lately. Stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spent {
    /// Messages of the last minute.
    messages: Vec<Bucket>,
    /// Questions of the last minute.
    questions: Vec<Bucket>,
    /// Parts of the last day.
    parts: Vec<Bucket>,
    /// The country of the SIM when it was last known. `None`: it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<Country>,
}

/// What was counted in a short while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Bucket {
    since: Timestamp,
    count: u32,
}

impl Spent {
    /// Forgets what is too old to count. What seems to lie ahead was counted by a clock that was wrong: it was now at the
    /// latest.
    pub(crate) fn tidy(&mut self, now: Timestamp) {
        let counts = [
            (&mut self.messages, MINUTE),
            (&mut self.questions, MINUTE),
            (&mut self.parts, DAY),
        ];
        for (buckets, (window, width)) in counts {
            for bucket in buckets.iter_mut() {
                bucket.since = bucket.since.min(now);
            }
            buckets.retain(|bucket| now.since(bucket.since) < window.saturating_add(width));
        }
    }

    /// What was accepted to be sent.
    pub(crate) fn accept(&mut self, wish: Wish, now: Timestamp) {
        add(&mut self.messages, wish.messages, now, MINUTE.1);
        add(&mut self.parts, wish.parts, now, DAY.1);
    }

    /// A person was asked.
    pub(crate) fn ask(&mut self, now: Timestamp) {
        add(&mut self.questions, 1, now, MINUTE.1);
    }

    /// Parts of the last 24 hours.
    pub(crate) fn parts(&self) -> u32 {
        sum(&self.parts)
    }
}

fn add(buckets: &mut Vec<Bucket>, count: u32, now: Timestamp, width: Duration) {
    if count == 0 {
        return;
    }
    match buckets.last_mut() {
        Some(last) if now.since(last.since) < width => {
            last.count = last.count.saturating_add(count);
        }
        Some(_) | None => buckets.push(Bucket { since: now, count }),
    }
}

fn sum(buckets: &[Bucket]) -> u32 {
    let counts = buckets.iter().map(|bucket| bucket.count);
    counts.fold(0, u32::saturating_add)
}

/// What is to go out besides what was counted already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) messages: u32,
    pub(crate) parts: u32,
}

/// Why a person is asked first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It takes so many parts.
    Parts { parts: u32, cost: Option<String> },
    /// More messages than may go out in a minute.
    Minute { limit: u32 },
    /// More parts than may go out in a day.
    Day { limit: u32, spent: u32, parts: u32 },
    /// Nobody agreed to it yet that the line texts there.
    Reach(Reach),
}

impl Reason {
    /// Whether only an owner may wave it aside.
    pub(crate) fn is_for_owners(&self) -> bool {
        match self {
            Self::Parts { .. } => false,
            Self::Minute { .. } | Self::Day { .. } | Self::Reach(_) => true,
        }
    }
}

/// What is to be done with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    Send,
    /// For these reasons, at least one.
    Ask(Vec<Reason>),
    /// Too many questions already.
    Refuse,
}

/// Whether a message of `whole` parts may go there, of which `wish` was not counted yet. `spent` is tidy; `reach` is `None`
/// where an owner agreed.
pub(crate) fn judge(
    limits: &Limits,
    spent: &Spent,
    wish: Wish,
    whole: u32,
    reach: Option<Reach>,
) -> Judgement {
    let mut reasons = over(limits, spent, wish, reach);
    if whole > limits.confirm_parts {
        let reason = parts(limits, whole);
        reasons.insert(0, reason);
    }
    if reasons.is_empty() {
        return Judgement::Send;
    }
    if sum(&spent.questions) >= limits.messages_per_minute {
        return Judgement::Refuse;
    }
    Judgement::Ask(reasons)
}

/// The reasons that only an owner may wave aside.
pub(crate) fn over(
    limits: &Limits,
    spent: &Spent,
    wish: Wish,
    reach: Option<Reach>,
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let reach = reach.filter(|reach| !limits.may_text.covers(reach));
    reasons.extend(reach.map(Reason::Reach));
    let messages = sum(&spent.messages).saturating_add(wish.messages);
    if wish.messages > 0 && messages > limits.messages_per_minute {
        reasons.push(Reason::Minute {
            limit: limits.messages_per_minute,
        });
    }
    let parts = spent.parts().saturating_add(wish.parts);
    if wish.parts > 0 && parts > limits.parts_per_day {
        reasons.push(Reason::Day {
            limit: limits.parts_per_day,
            spent: spent.parts(),
            parts: wish.parts,
        });
    }
    reasons
}

/// That it takes so many parts, with what they cost.
pub(crate) fn parts(limits: &Limits, parts: u32) -> Reason {
    let price = limits.price_per_part.as_ref();
    Reason::Parts {
        parts,
        cost: price.map(|price| price.of(parts)),
    }
}

/// The question, or what of it an owner has to answer.
pub(crate) fn in_words(reasons: &[Reason]) -> String {
    let sentences = reasons.iter().map(|reason| match reason {
        Reason::Parts { parts: 1, cost } => format!("This takes 1 part{}.", costs(cost.as_ref())),
        Reason::Parts { parts, cost } => {
            format!("This takes {parts} parts{}.", costs(cost.as_ref()))
        }
        Reason::Minute { limit: 1 } => "This SIM may send 1 message a minute.".to_owned(),
        Reason::Minute { limit } => format!("This SIM may send {limit} messages a minute."),
        Reason::Day {
            limit,
            spent,
            parts,
        } => format!(
            "This SIM may send {limit} parts a day; {spent} were used in the last 24 hours, and this takes {parts} more."
        ),
        Reason::Reach(reach) => reach.in_words(),
    });
    sentences.collect::<Vec<_>>().join(" ")
}

fn costs(cost: Option<&String>) -> String {
    cost.map(|cost| format!(" (about {cost})"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
