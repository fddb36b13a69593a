//! What people do in a chat, as an adapter hands it to the core.

use std::fmt;

use super::Place;
use crate::id::Timestamp;

/// Something that somebody did in a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatEvent {
    /// The network's id of this event, by which a repetition is recognised: a Matrix event id; for Telegram chat and
    /// message id, or the callback id.
    pub id: String,
    /// Who, as the network proves it.
    pub author: Author,
    /// Where.
    pub place: Place,
    /// The network's id of the message itself (for a choice: of our post that carries it; for a message that was changed or
    /// withdrawn: of that one).
    pub message: String,
    /// The message in the same chat that the person answered. `None` where they answered none; a topic's implicit reply
    /// is none.
    pub reply_to: Option<String>,
    /// To whom it was said.
    pub audience: Audience,
    /// What.
    pub body: Body,
    /// When, by the network's clock.
    pub at: Timestamp,
}

/// Who did something in a chat.
#[derive(Clone, PartialEq, Eq)]
pub struct Author {
    /// The network's id: decides what they may do.
    pub id: String,
    /// What others call them: shown only.
    pub name: String,
    /// One person stands behind this id. False for a group in whose name its administrators write: nobody is let in as
    /// that.
    pub is_person: bool,
}

/// An id leads to a person: not for logs.
impl fmt::Debug for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Author([redacted])")
    }
}

/// To whom something in a chat was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// To the bridge: in a private chat with it, by a command, by a reply to one of its posts.
    Bridge,
    /// To a group in which the bridge listens too: it answers only where the room or a reply names a contact.
    Group,
}

/// What somebody did.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// Wrote a text, without markup.
    Text(String),
    /// Sent something that no SMS can carry, named with its article: "a photo", "a voice message".
    Unsupported(String),
    /// Took a choice of one of our posts: its [`Choice::token`](super::Choice::token).
    Choice(String),
    /// Changed an earlier message of their own ([`ChatEvent::message`]): the whole new text, without markup.
    Edited(String),
    /// Took an earlier message ([`ChatEvent::message`]) out of the chat.
    Withdrawn,
}

/// It holds a text: not for logs.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text([redacted])"),
            Self::Unsupported(what) => write!(f, "Unsupported({what})"),
            Self::Choice(_) => f.write_str("Choice"),
            Self::Edited(_) => f.write_str("Edited([redacted])"),
            Self::Withdrawn => f.write_str("Withdrawn"),
        }
    }
}

/// Where an adapter stands in what its network has to say: committed with the events that it covers.
#[derive(Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Which of the adapter's cursors: for Telegram one per bot and server.
    pub key: String,
    /// The adapter's own words: an offset, a sync token.
    pub value: String,
}

/// A sync token is no secret, but no use in a log either.
impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({})", self.key)
    }
}

/// Something that people may have written and that the bridge will never see, because their network does not give it.
#[derive(Clone, PartialEq, Eq)]
pub struct Gap {
    /// Where it was written. `None` where that could be anywhere.
    pub place: Option<Place>,
    /// What happened and what to do, in whole sentences.
    pub words: String,
}

/// A place leads to people: not for logs.
impl fmt::Debug for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gap")
    }
}

/// What the bridge made of one [`ChatEvent`]. The person is answered by posts; this is for a button's short answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is on its way as an SMS.
    Accepted,
    /// It was done, or answered by a post. The words fit on a button's answer.
    Answered(String),
    /// It was handled before.
    Repeated,
    /// It was refused; the words say why and what to do.
    Refused(String),
    /// Nothing was done and nothing will be said: a stranger, or talk among people.
    Ignored,
}
