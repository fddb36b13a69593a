//! A message that a person wrote, made ready to go: finished TPDUs in the outbox, its mark, and its mirrors in the other
//! chats.

use tracing::info;

use crate::address::{Conversation, LineName};
use crate::chat::{Content, Verdict};
use crate::handle::DeliveryReports;
use crate::id::{MessageId, PartId};
use crate::link::LinkPhase;
use crate::part::PartState;
use crate::person::Role;
use crate::store::record::{Message, Part, ReceiptNote, ReportWish, Way};
use crate::store::{StoreError, keys};
use crate::wire;
use crate::writer::incoming::pieces;
use crate::writer::spending::Leave;
use crate::writer::submit::Said;
use crate::writer::work::{Draft, Work};

/// Longer texts are refused before they are cut into parts: 255 parts of 153 septets is the most there is.
const LONGEST_TEXT: usize = 40_000;

impl Work<'_> {
    pub(super) fn compose(
        &mut self,
        said: &Said<'_>,
        conversation: Conversation,
        text: &str,
    ) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Writer {
            return self.refuse_reader(said);
        }
        if !conversation.address.can_be_answered() {
            let name = &conversation.address;
            return self.refuse(
                said,
                format!("Not sent: {name} is a name and not a number; it cannot be answered."),
            );
        }
        let Some(line) = self.core.line(&conversation.line).cloned() else {
            let words = format!(
                "Not sent: the SIM {} is not configured any more.",
                conversation.line
            );
            return self.refuse(said, words);
        };
        let report = match line.delivery_reports {
            DeliveryReports::Ask => ReportWish::Asked,
            DeliveryReports::Skip => ReportWish::NotAsked,
        };
        let is_old = self.is_from_before(said.event.at)?;
        let id = MessageId(self.next_id());
        let tpdus = match self.tpdus(&conversation, text, report)? {
            Ok(tpdus) => tpdus,
            Err(why) => return self.refuse(said, format!("Not sent: {why}.")),
        };
        let leave = match is_old {
            true => Leave::Goes,
            false => self.spend(&conversation, tpdus.len())?,
        };
        if let Leave::Refused(why) = leave {
            return self.refuse(said, format!("Not sent: {why}."));
        }
        info!(message_id = %id, line = %line.name, parts = tpdus.len(), adapter = said.network.0, "message queued");
        let mut parts = 0;
        for tpdu in tpdus {
            let state = if is_old {
                Self::doubted_since(said.event.at)
            } else {
                leave.state(PartState::Queued {
                    attempt: 0,
                    due: self.now,
                    doubt: None,
                })
            };
            let part = Part {
                conversation: conversation.clone(),
                tpdu,
                report,
                state,
            };
            self.save_part(PartId::new(id, parts), None, &part)?;
            parts = parts.saturating_add(1);
        }
        let message = Message {
            conversation,
            text: text.to_owned(),
            at: self.now,
            way: Way::Out {
                author: said.person.name.clone(),
                network: said.network.clone(),
                origin: said.here.clone(),
                parts,
                again: 0,
                asked_at: None,
            },
        };
        self.transaction.save(keys::message(id), &message)?;
        let note = ReceiptNote {
            conversation: Some(message.conversation.clone()),
            message: Some(id),
            outage: None,
            question: None,
            stranger: None,
            ussd: None,
            sim: None,
        };
        self.transaction.save(
            keys::receipt(said.network, &said.here.place.chat, &said.here.message),
            &note,
        )?;
        self.add_mark(said.network, said.here.clone(), id)?;
        if is_old {
            self.ask_about_old(id)?;
            return Ok(Verdict::Accepted);
        }
        self.mirror(said, id, &message)?;
        match leave {
            Leave::Asks(reasons) => {
                self.ask_before_sending(said, id, &message.conversation, parts, &reasons)?;
            }
            Leave::Goes | Leave::Refused(_) => self.say_if_line_is_down(said, &line.name)?,
        }
        Ok(Verdict::Accepted)
    }

    /// A text as finished TPDUs, or why it is no SMS.
    pub(super) fn tpdus(
        &mut self,
        conversation: &Conversation,
        text: &str,
        report: ReportWish,
    ) -> Result<Result<Vec<String>, String>, StoreError> {
        if text.trim().is_empty() {
            return Ok(Err("there is no text".to_owned()));
        }
        if text.len() > LONGEST_TEXT {
            let words = "this is longer than any SMS; cut it into shorter messages";
            return Ok(Err(words.to_owned()));
        }
        let key = keys::reference(&conversation.line);
        let reference = self
            .transaction
            .load::<u8>(&key)?
            .unwrap_or_default()
            .wrapping_add(1);
        self.transaction.save(key, &reference)?;
        let languages = self.core.languages(&conversation.line);
        let composed = wire::compose(text, &conversation.address, reference, report, languages);
        Ok(composed.map_err(|error| error.to_string()))
    }

    /// Shows what was written here in every other inbox; it never goes out again from there.
    fn mirror(
        &mut self,
        said: &Said<'_>,
        id: MessageId,
        message: &Message,
    ) -> Result<(), StoreError> {
        let via = self
            .core
            .chats
            .get(said.network)
            .map_or_else(|| said.network.0.clone(), |known| known.label.clone());
        let name = &said.event.author.name;
        let author = if name.trim().is_empty() {
            said.person.name.clone()
        } else {
            name.clone()
        };
        let to = self.called(&message.conversation.address)?;
        let effects = self.shown_with(&message.conversation)?;
        for (network, description) in self.core.chats.clone() {
            for inbox in description.inboxes {
                if !effects.shows_in(&network, &inbox) {
                    continue;
                }
                let destination =
                    self.destination(&network, &inbox, &message.conversation, &effects)?;
                for text in pieces(&message.text, description.text_limit) {
                    let content = Content::Mirror {
                        to: to.clone(),
                        author: author.clone(),
                        via: via.clone(),
                        text,
                    };
                    let mut draft = Draft::new(&network, destination.clone(), content);
                    draft.message = Some(id);
                    draft.conversation = Some(message.conversation.clone());
                    draft.mirrors = (network == *said.network).then(|| said.here.clone());
                    self.add_post(draft)?;
                }
            }
        }
        Ok(())
    }

    fn say_if_line_is_down(&mut self, said: &Said<'_>, line: &LineName) -> Result<(), StoreError> {
        let Some(status) = self
            .core
            .status
            .get(line)
            .map(|status| status.borrow().clone())
        else {
            return Ok(());
        };
        if status.phase == LinkPhase::Ready {
            return Ok(());
        }
        let text = format!(
            "The SIM {line} is not ready: {}. Your message waits, and goes out when it is.",
            status.words
        );
        self.reply(said.network, &said.here, text)
    }
}
