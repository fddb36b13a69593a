//! What a person changes, or takes out of the chat, after they wrote it.
//!
//! | the message | changed | taken out |
//! |---|---|---|
//! | waits, and no part of it was handed to the modem | the new text goes out instead of the old one | it is called off |
//! | has begun to leave, or left | its writer is told what was sent | its writer is told that the contact has it |
//! | is none that was to go out | its writer is told that the change is not sent | nothing |
//!
//! **Invariant:** a part that may have left is never changed, so what the chat shows as sent is what was sent.

use tracing::info;

use crate::address::Conversation;
use crate::chat::{Audience, Content, MessageState, Verdict};
use crate::command::{self, Command, Parsed};
use crate::id::{MessageId, PartId};
use crate::part::{PartState, message_state};
use crate::person::Role;
use crate::store::record::{Message, Part, Post, ReceiptNote, Way};
use crate::store::{StoreError, keys};
use crate::writer::incoming::pieces;
use crate::writer::spending::Leave;
use crate::writer::submit::Said;
use crate::writer::work::Work;

/// So much of an old text is named in a notice.
const NAMED: usize = 200;

impl Work<'_> {
    /// The message at `said.here` says something else now.
    pub(super) fn edited(&mut self, said: &Said<'_>, text: &str) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Writer {
            return Ok(Verdict::Ignored);
        }
        let Some(note) = self.note_here(said)? else {
            if said.event.audience == Audience::Group {
                return Ok(Verdict::Ignored);
            }
            let words =
                "I did not take your change over. Write what you want to send as a new message.";
            return self.refuse(said, words.to_owned());
        };
        let Some((id, message)) = self.own_message(said, &note)? else {
            return Ok(Verdict::Ignored);
        };
        let text = match self.new_text(&message.conversation, text)? {
            Ok(text) => text,
            Err(why) => {
                let words = format!(
                    "Your change was not taken over: {why}. {}",
                    self.fate(said, id)?
                );
                return self.refuse(said, words);
            }
        };
        if text == message.text {
            return Ok(Verdict::Ignored);
        }
        let parts = self.parts(id)?;
        if !parts.iter().all(|(_, part)| is_untouched(&part.state)) {
            let words = format!(
                "Your change was not sent. {} Write what is to be different as a new message.",
                self.fate(said, id)?
            );
            return self.refuse(said, words);
        }
        self.replace(said, id, message, &parts, text)
    }

    /// The message at `said.here` was taken out of the chat.
    pub(super) fn withdrawn(&mut self, said: &Said<'_>) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Writer {
            return Ok(Verdict::Ignored);
        }
        let Some(note) = self.note_here(said)? else {
            return Ok(Verdict::Ignored);
        };
        let Some((id, _)) = self.own_message(said, &note)? else {
            return Ok(Verdict::Ignored);
        };
        let parts = self.parts(id)?;
        let state = message_state(parts.iter().map(|(_, part)| &part.state));
        match state {
            MessageState::Queued => self.cancel(said, id),
            MessageState::Sent | MessageState::Delivered => {
                let words = "Taking it out of the chat does not call it back: it was sent.";
                self.refuse(said, words.to_owned())
            }
            MessageState::Unknown => {
                let words = "It is not sent again. Whether it left is still not known.";
                self.refuse(said, words.to_owned())
            }
            MessageState::Failed | MessageState::Cancelled => Ok(Verdict::Ignored),
        }
    }

    fn note_here(&self, said: &Said<'_>) -> Result<Option<ReceiptNote>, StoreError> {
        let here = &said.here;
        self.transaction.load(&keys::receipt(
            said.network,
            &here.place.chat,
            &here.message,
        ))
    }

    /// The message that was written at `said.here`. `None` where a post of ours stands there.
    fn own_message(
        &self,
        said: &Said<'_>,
        note: &ReceiptNote,
    ) -> Result<Option<(MessageId, Message)>, StoreError> {
        let Some(id) = note.message else {
            return Ok(None);
        };
        let message = self.message(id)?.filter(|message| match &message.way {
            Way::Out {
                network, origin, ..
            } => *network == *said.network && *origin == said.here,
            Way::In { .. } => false,
        });
        Ok(message.map(|message| (id, message)))
    }

    /// What is to be sent instead, or why nothing is.
    fn new_text(
        &self,
        conversation: &Conversation,
        written: &str,
    ) -> Result<Result<String, String>, StoreError> {
        Ok(match command::parse(written) {
            Parsed::Text(text) => Ok(text.to_owned()),
            Parsed::Command(Command::Send { line, number, text }) => {
                let other = || "the recipient cannot be changed".to_owned();
                if line.is_some_and(|line| !line.eq_ignore_ascii_case(conversation.line.as_str())) {
                    return Ok(Err(other()));
                }
                match self.whom(number, self.core.country(&conversation.line))? {
                    Ok(address) if address == conversation.address => Ok(text.to_owned()),
                    Ok(_) | Err(_) => Err(other()),
                }
            }
            Parsed::Command(_) => Err("it is a command now".to_owned()),
        })
    }

    /// What becomes of the old text, in a sentence.
    fn fate(&self, said: &Said<'_>, id: MessageId) -> Result<String, StoreError> {
        let Some(message) = self.message(id)? else {
            return Ok(String::new());
        };
        let mut text: String = message.text.chars().take(NAMED).collect();
        if text.len() < message.text.len() {
            text.push('…');
        }
        let parts = self.parts(id)?;
        let untouched = parts.iter().all(|(_, part)| is_untouched(&part.state));
        let state = message_state(parts.iter().map(|(_, part)| &part.state));
        Ok(match state {
            MessageState::Queued if untouched => format!("What goes out is still: {text}"),
            MessageState::Queued => format!("It has begun to leave as: {text}"),
            MessageState::Sent | MessageState::Delivered => format!("It was sent as: {text}"),
            MessageState::Unknown => format!("It may have left as: {text}"),
            MessageState::Failed => {
                let prefix = self.prefix(said.network);
                format!("It failed, and {prefix}retry would send: {text}")
            }
            MessageState::Cancelled => "It was called off.".to_owned(),
        })
    }

    /// The new text in place of the old one: parts, mirrors and all.
    fn replace(
        &mut self,
        said: &Said<'_>,
        id: MessageId,
        mut message: Message,
        old: &[(PartId, Part)],
        text: String,
    ) -> Result<Verdict, StoreError> {
        let Some((_, first)) = old.first() else {
            return Ok(Verdict::Ignored);
        };
        let tpdus = match self.tpdus(&message.conversation, &text, first.report)? {
            Ok(tpdus) => tpdus,
            Err(why) => {
                let words = format!(
                    "Your change was not taken over: {why}. {}",
                    self.fate(said, id)?
                );
                return self.refuse(said, words);
            }
        };
        let leave = self.spend_on_change(&message.conversation, old, tpdus.len())?;
        if let Leave::Refused(why) = leave {
            let words = format!(
                "Your change was not taken over: {why}. {}",
                self.fate(said, id)?
            );
            return self.refuse(said, words);
        }
        info!(message_id = %id, parts = tpdus.len(), "a message that waited was changed by its writer");
        let mut count = 0;
        for tpdu in tpdus {
            let part = PartId::new(id, count);
            let earlier = old.iter().find(|(id, _)| *id == part);
            let earlier = earlier.map_or(first, |(_, record)| record);
            let changed = Part {
                tpdu,
                state: leave.state(earlier.state.clone()),
                ..earlier.clone()
            };
            self.save_part(part, Some(&earlier.state), &changed)?;
            count = count.saturating_add(1);
        }
        for (part, record) in old {
            if *part >= PartId::new(id, count) {
                self.drop_part(*part, record);
            }
        }
        message.text = text;
        if let Way::Out { parts, .. } = &mut message.way {
            *parts = count;
        }
        self.transaction.save(keys::message(id), &message)?;
        self.amend_posts(id, &message)?;
        if let Leave::Asks(reasons) = leave {
            self.ask_before_sending(said, id, &message.conversation, count, &reasons)?;
        }
        Ok(Verdict::Accepted)
    }
}

/// What the mirrors of a message say, made after one of them.
pub(super) fn mirrored(sample: &Post, text: &str, limit: usize) -> Vec<Content> {
    let pieces = pieces(text, limit).into_iter();
    pieces.map(|text| with_text(sample, text)).collect()
}

/// What a mirror says that is not needed any more, since the text became shorter.
pub(super) fn nothing_more(mirror: &Post) -> Content {
    with_text(mirror, "(it was changed, and is shorter now)".to_owned())
}

fn with_text(mirror: &Post, new: String) -> Content {
    let mut content = mirror.content.clone();
    if let Content::Mirror { text, .. } = &mut content {
        *text = new;
    }
    content
}

/// Whether the network cannot have any of it.
fn is_untouched(state: &PartState) -> bool {
    matches!(
        state,
        PartState::Queued { doubt: None, .. } | PartState::Held { doubt: None, .. }
    )
}
