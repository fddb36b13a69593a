//! What becomes of a message that came in: rules in order, of which the first that fits decides.
//!
//! Pure. What no rule decides is shown everywhere with a sound; short codes and senders with a name and no number share one
//! room for each line.

mod pattern;

use std::fmt;
use std::str::FromStr;

use crate::address::{Address, Country, LineName};
use crate::chat::{InboxId, Network};
use crate::codes;
use crate::contact::folded;

pub use pattern::{Pattern, PatternError};

/// Most rules; more are not read.
pub const MOST_RULES: usize = 200;
/// The longest tag, in characters.
const LONGEST_TAG: usize = 32;

/// What a message is, as far as a rule can ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// A text, a code or not.
    Sms,
    /// A text with a one-time code.
    Code,
    /// An MMS can be fetched, or a report on one.
    Mms,
    /// Voice mail or other mail is waiting, or somebody wants to be called back.
    Voicemail,
    /// A missed call.
    Call,
    /// A text that a phone shows at once and does not keep (class 0).
    Flash,
    /// Something for a phone or a program and not for a person: settings, data of an application.
    Data,
}

impl MessageKind {
    /// Every kind with the word for it in the configuration.
    pub const ALL: [(&'static str, Self); 7] = [
        ("sms", Self::Sms),
        ("code", Self::Code),
        ("mms", Self::Mms),
        ("voicemail", Self::Voicemail),
        ("call", Self::Call),
        ("flash", Self::Flash),
        ("data", Self::Data),
    ];
}

/// A message as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// Who sent it.
    pub from: &'a Address,
    /// What they are called here.
    pub contact: Option<&'a str>,
    /// Where it came in.
    pub line: &'a LineName,
    /// How numbers without `+` are read there.
    pub country: Option<Country>,
    /// What it is.
    pub kind: MessageKind,
    /// What it says. Empty for a call.
    pub text: &'a str,
}

/// From whom a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// `+44*`: numbers and names that begin so.
    Prefix(String),
    /// A number as people write it, a sender's name, or a contact's.
    One(String),
}

impl Sender {
    fn fits(&self, incoming: &Incoming<'_>) -> bool {
        let Incoming { from, contact, .. } = incoming;
        match self {
            Self::Prefix(prefix) => folded(from.as_str()).starts_with(prefix),
            Self::One(written) => {
                Address::typed(written, incoming.country).is_ok_and(|typed| typed == **from)
                    || folded(from.as_str()) == folded(written)
                    || contact.is_some_and(|name| folded(name) == folded(written))
            }
        }
    }
}

impl FromStr for Sender {
    type Err = RuleError;

    fn from_str(written: &str) -> Result<Self, RuleError> {
        let written = written.trim();
        match written.strip_suffix('*') {
            // `*` and `#` are digits of short codes too, but none ends with one.
            Some("") => Err(RuleError::Everybody),
            None if written.is_empty() => Err(RuleError::Nobody),
            None => Ok(Self::One(written.to_owned())),
            Some(prefix) if prefix.starts_with('+') => {
                let digits = prefix.chars().filter(|c| *c == '+' || c.is_ascii_digit());
                Ok(Self::Prefix(digits.collect()))
            }
            Some(prefix) => Ok(Self::Prefix(folded(prefix))),
        }
    }
}

/// A chat that gets every message, or all of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbox {
    /// `telegram`
    pub network: Network,
    /// `-1001234567890`. `None`: all of the network.
    pub id: Option<InboxId>,
}

impl Inbox {
    /// Whether it is this one.
    #[must_use]
    pub fn is(&self, network: &Network, id: &InboxId) -> bool {
        self.network == *network && self.id.as_ref().is_none_or(|own| own == id)
    }
}

/// `telegram`, `matrix`, `telegram:-1001234567890`.
impl FromStr for Inbox {
    type Err = RuleError;

    fn from_str(written: &str) -> Result<Self, RuleError> {
        let (network, id) = match written.trim().split_once(':') {
            Some((network, id)) => (network.trim(), Some(InboxId(id.trim().to_owned()))),
            None => (written.trim(), None),
        };
        let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let has_no_id = id.as_ref().is_some_and(|id| id.0.is_empty());
        if network.is_empty() || !network.chars().all(is_word) || has_no_id {
            return Err(RuleError::Inbox(written.to_owned()));
        }
        let network = Network(network.to_owned());
        Ok(Self { network, id })
    }
}

impl fmt::Display for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{}:{}", self.network, id.0),
            None => self.network.fmt(f),
        }
    }
}

/// A word that is shown below a message, so that it can be searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(String);

impl FromStr for Tag {
    type Err = RuleError;

    fn from_str(written: &str) -> Result<Self, RuleError> {
        let word = written.trim().trim_start_matches('#');
        let fits = |c: char| c.is_alphanumeric() || c == '_';
        let is_short = (1..=LONGEST_TAG).contains(&word.chars().count());
        if !is_short || !word.chars().all(fits) || !word.chars().any(char::is_alphabetic) {
            return Err(RuleError::Tag(written.to_owned()));
        }
        Ok(Self(word.to_owned()))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// In which room a sender is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomChoice {
    /// One of their own.
    Own,
    /// The one that short codes and senders without a number share.
    Notices,
}

/// What becomes of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Where it is shown. `None`: everywhere.
    pub inboxes: Option<Vec<Inbox>>,
    /// It makes no sound.
    pub silent: bool,
    /// It is stored and not shown.
    pub drop: bool,
    /// What stands below it.
    pub tag: Option<Tag>,
    /// `None`: as the sender is.
    pub room: Option<RoomChoice>,
}

impl Effects {
    /// Whether it is shown there.
    #[must_use]
    pub fn shows_in(&self, network: &Network, inbox: &InboxId) -> bool {
        let inboxes = self.inboxes.as_ref();
        !self.drop && inboxes.is_none_or(|all| all.iter().any(|one| one.is(network, inbox)))
    }

    /// In which room this sender is shown, unless they have one of their own already.
    #[must_use]
    pub fn room_of(&self, from: &Address) -> RoomChoice {
        self.room.unwrap_or_else(|| usual_room(from))
    }
}

/// Nobody talks with those who send notices, and each would have a room for one message a month.
fn usual_room(from: &Address) -> RoomChoice {
    match from {
        Address::Name(_) => RoomChoice::Notices,
        // A number of which the country is not known has more digits.
        Address::Local(digits) if digits.chars().count() <= 6 => RoomChoice::Notices,
        Address::Local(_) | Address::Number(_) => RoomChoice::Own,
    }
}

/// Says when a rule fits, and what becomes of the message then. A condition that is empty fits everything.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// Any of these.
    pub from: Vec<Sender>,
    /// Any of these.
    pub lines: Vec<LineName>,
    /// Any of these.
    pub kinds: Vec<MessageKind>,
    /// Any of these words is in the text, in capitals or not.
    pub contains: Vec<String>,
    /// It is found in the text.
    pub matches: Option<Pattern>,
    /// What becomes of it.
    pub effects: Effects,
}

impl Rule {
    /// Whether it fits every message.
    #[must_use]
    pub fn is_for_all(&self) -> bool {
        self.from.is_empty()
            && self.lines.is_empty()
            && self.kinds.is_empty()
            && self.contains.is_empty()
            && self.matches.is_none()
    }

    fn is_of_kind(&self, incoming: &Incoming<'_>) -> bool {
        let is_text = match incoming.kind {
            MessageKind::Sms | MessageKind::Flash => true,
            MessageKind::Code
            | MessageKind::Mms
            | MessageKind::Voicemail
            | MessageKind::Call
            | MessageKind::Data => false,
        };
        let wants_code = self.kinds.contains(&MessageKind::Code);
        self.kinds.contains(&incoming.kind)
            || (wants_code && is_text && codes::find(incoming.text).is_some())
    }

    fn fits(&self, incoming: &Incoming<'_>) -> bool {
        let any = |holds: bool, is_empty: bool| is_empty || holds;
        let has_word = || {
            let text = incoming.text.to_lowercase();
            let mut words = self.contains.iter();
            words.any(|word| text.contains(&word.to_lowercase()))
        };
        any(
            self.from.iter().any(|sender| sender.fits(incoming)),
            self.from.is_empty(),
        ) && any(self.lines.contains(incoming.line), self.lines.is_empty())
            && any(self.is_of_kind(incoming), self.kinds.is_empty())
            && (self.contains.is_empty() || has_word())
            && self
                .matches
                .as_ref()
                .is_none_or(|pattern| pattern.is_in(incoming.text))
    }
}

/// All rules, in their order.
#[derive(Clone, Debug, Default)]
pub struct Rules(pub Vec<Rule>);

/// Which rule decided, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Which.
    pub by: DecidedBy,
    /// What.
    pub effects: Effects,
}

/// Which rule decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecidedBy {
    /// One of the configuration, counted from 0.
    Rule(usize),
    /// The program's own: data that no person reads makes no sound.
    SilentData,
    /// None.
    Nothing,
}

impl Rules {
    /// What becomes of a message.
    #[must_use]
    pub fn decide(&self, incoming: &Incoming<'_>) -> Decision {
        let first = self.0.iter().position(|rule| rule.fits(incoming));
        if let Some((number, rule)) = first.and_then(|number| Some((number, self.0.get(number)?))) {
            return Decision {
                by: DecidedBy::Rule(number),
                effects: rule.effects.clone(),
            };
        }
        match incoming.kind {
            MessageKind::Data => Decision {
                by: DecidedBy::SilentData,
                effects: Effects {
                    silent: true,
                    ..Effects::default()
                },
            },
            MessageKind::Sms
            | MessageKind::Code
            | MessageKind::Mms
            | MessageKind::Voicemail
            | MessageKind::Call
            | MessageKind::Flash => Decision {
                by: DecidedBy::Nothing,
                effects: Effects::default(),
            },
        }
    }
}

/// Why something in a rule cannot be meant so, in words for the one who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// `*`
    #[error("* alone is everybody: leave the key out")]
    Everybody,
    /// An empty text.
    #[error("it is empty: write a number, the beginning of one like \"+44*\", or a name")]
    Nobody,
    /// No network, or an empty id.
    #[error(
        "\"{0}\" is no inbox: write one like \"matrix\", \"telegram\" or \"telegram:-1001234567890\""
    )]
    Inbox(String),
    /// Not one word.
    #[error(
        "\"{0}\" is no tag: write one word of letters, digits and _, with at most {LONGEST_TAG}"
    )]
    Tag(String),
}

#[cfg(test)]
mod tests;
