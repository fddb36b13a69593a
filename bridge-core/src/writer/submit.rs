//! What people do in a chat: recognised, authorised, understood, and stored with the adapter's cursor in one commit.

use tracing::{debug, info, warn};

use crate::address::{Conversation, LineName};
use crate::chat::{
    Audience, Body, ChatEvent, Content, Cursor, Destination, Gap, MessageState, Network, Receipt,
    Verdict,
};
use crate::command::{self, Command, Parsed};
use crate::id::{MessageId, PartId};
use crate::part::{HoldReason, PartEvent, PartState, message_state};
use crate::person::{Person, Role};
use crate::store::record::{Part, ReceiptNote, Way};
use crate::store::{StoreError, keys};
use crate::writer::work::{Draft, Work};
use crate::writer::{sim, ussd};

impl Work<'_> {
    pub(super) fn submit(
        &mut self,
        network: &Network,
        events: Vec<ChatEvent>,
        cursor: Option<Cursor>,
    ) -> Result<Vec<Verdict>, StoreError> {
        self.it_answers(network);
        let mut verdicts = Vec::with_capacity(events.len());
        for event in events {
            let key = keys::event(network, &event.id);
            if self.transaction.exists(&key)? {
                verdicts.push(Verdict::Repeated);
                continue;
            }
            self.core.witness(event.at);
            self.now = self.core.now();
            let verdict = self.event(network, event)?;
            if verdict != Verdict::Ignored {
                self.transaction.save(key.clone(), &())?;
                self.expire(&key)?;
            }
            verdicts.push(verdict);
        }
        if let Some(cursor) = cursor {
            self.transaction
                .save(keys::cursor(network, &cursor.key), &cursor.value)?;
        }
        Ok(verdicts)
    }

    /// Says what will never be read: where it was written, if the bridge is at home there, or in the admin chats.
    pub(super) fn tell_gaps(
        &mut self,
        network: &Network,
        gaps: Vec<Gap>,
    ) -> Result<(), StoreError> {
        for Gap { place, words } in gaps {
            warn!(
                adapter = network.0,
                "something that was written cannot be read; people are told"
            );
            let place = match place {
                Some(place) => self.room_kind(network, &place)?.map(|_| place),
                None => None,
            };
            match place {
                Some(place) => {
                    let content = Content::Notice { text: words };
                    self.add_post(Draft::new(network, Destination::Place(place), content))?;
                }
                None => self.tell_admins(&words)?,
            }
        }
        Ok(())
    }

    fn event(&mut self, network: &Network, event: ChatEvent) -> Result<Verdict, StoreError> {
        let here = Receipt {
            place: event.place.clone(),
            message: event.message.clone(),
        };
        let Some(person) = self.person(network, &event.author)? else {
            return self.stranger(network, &event);
        };
        let said = Said {
            network,
            event: &event,
            here,
            person,
        };
        match &event.body {
            Body::Text(text) => match command::parse(text) {
                Parsed::Command(command) => self.command(&said, command),
                Parsed::Text(text) => self.text(&said, text),
            },
            Body::Unsupported(what) => {
                if event.audience == Audience::Group && self.addressee(&said)?.is_none() {
                    return Ok(Verdict::Ignored);
                }
                self.refuse(
                    &said,
                    format!("Not sent: {what} cannot go out as an SMS, only text can."),
                )
            }
            Body::Choice(token) => self.choice(&said, token),
            Body::Edited(text) => self.edited(&said, text),
            Body::Withdrawn => self.withdrawn(&said),
        }
    }

    fn text(&mut self, said: &Said<'_>, text: &str) -> Result<Verdict, StoreError> {
        match self.answered(said)? {
            Some(ReceiptNote {
                question: Some(question),
                ..
            }) => return self.question_answered(said, question, text),
            Some(ReceiptNote {
                ussd: Some(dialogue),
                ..
            }) => return self.reply_ussd(said, dialogue, text),
            Some(_) | None => {}
        }
        match self.addressee(said)? {
            Some(conversation) => self.compose(said, conversation, text),
            None if let Some(question) = self.asking(said)? => {
                self.question_answered(said, question, text)
            }
            None if self.is_for_notices(said.network, &said.event.place)? => {
                self.refuse_in_notices(said)
            }
            None if said.event.audience == Audience::Group => Ok(Verdict::Ignored),
            None => self.ask_for_whom(said, text),
        }
    }

    /// Whom something written here goes to: by what it answers, else by whose room this is.
    pub(super) fn addressee(&self, said: &Said<'_>) -> Result<Option<Conversation>, StoreError> {
        if let Some(note) = self.answered(said)?
            && (said.event.audience == Audience::Bridge || self.is_own(said, &note)?)
            && let Some(conversation) = note.conversation
        {
            return Ok(Some(self.placed(conversation)));
        }
        let conversation = self.conversation_at(said.network, &said.event.place)?;
        Ok(conversation.map(|conversation| self.placed(conversation)))
    }

    /// In a group people answer each other too: only what answers the bridge, or one's own earlier message, goes out.
    fn is_own(&self, said: &Said<'_>, note: &ReceiptNote) -> Result<bool, StoreError> {
        let Some(id) = note.message else {
            return Ok(false);
        };
        Ok(match self.message(id)?.map(|message| message.way) {
            Some(Way::Out { author, .. }) => author == said.person.name,
            Some(Way::In { .. }) | None => false,
        })
    }

    /// What the message is about that this one answers.
    fn answered(&self, said: &Said<'_>) -> Result<Option<ReceiptNote>, StoreError> {
        let Some(answered) = &said.event.reply_to else {
            return Ok(None);
        };
        self.transaction.load(&keys::receipt(
            said.network,
            &said.event.place.chat,
            answered,
        ))
    }

    fn command(&mut self, said: &Said<'_>, command: Command<'_>) -> Result<Verdict, StoreError> {
        let prefix = self.prefix(said.network);
        match command {
            Command::Help => self.answer_here(said, command::help(prefix)),
            Command::Status => {
                let text = self.status_text()?;
                self.answer_here(said, text)
            }
            Command::Send { line, number, text } => {
                let line = match self.pick_line(line) {
                    Ok(line) => line,
                    Err(words) => return self.refuse(said, words),
                };
                match self.whom(number, self.core.country(&line))? {
                    Ok(address) => self.compose(said, Conversation { line, address }, text),
                    Err(error) => self.refuse(said, format!("Not sent: {error}.")),
                }
            }
            Command::Name { number, name } => self.name_contact(said, number, name),
            Command::Contacts(part) => self.list_contacts(said, part),
            Command::Room(who) => self.give_room(said, who),
            Command::Treat { how, who } => self.treat(said, how, who),
            Command::History { who, count } => self.history(said, who, count),
            Command::Search(words) => self.search(said, words),
            Command::Export(who) => self.export(said, who),
            Command::Forget { who, sure } => self.forget(said, who, sure),
            Command::SendIncomplete { line, number, text } => {
                self.ask_for_the_rest(said, line, number, text)
            }
            Command::Ussd { line, code } => self.begin_ussd(said, line, code),
            Command::Retry => match self.answered(said)? {
                Some(ReceiptNote {
                    outage: Some(outage),
                    ..
                }) => self.show_again(said, outage),
                Some(ReceiptNote {
                    sim: Some(question),
                    ..
                }) => self.accept_sim(said, question),
                Some(ReceiptNote {
                    message: Some(message),
                    ..
                }) => self.send_again(said, message),
                Some(_) | None => self.refuse(
                    said,
                    format!("Write {prefix}retry in reply to the message that failed."),
                ),
            },
            Command::Cancel => match self.answered(said)? {
                Some(ReceiptNote {
                    question: Some(question),
                    ..
                }) => self.drop_question(said, question),
                Some(ReceiptNote {
                    ussd: Some(dialogue),
                    ..
                }) => self.end_ussd(said, dialogue),
                Some(ReceiptNote {
                    message: Some(message),
                    ..
                }) => self.cancel(said, message),
                Some(_) | None => match self.asking(said)? {
                    Some(question) => self.drop_question(said, question),
                    None => self.refuse(
                        said,
                        format!("Write {prefix}cancel in reply to your message that still waits."),
                    ),
                },
            },
            Command::Allow(access) => {
                let stranger = self.answered(said)?.and_then(|note| note.stranger);
                self.allow(said, stranger, access)
            }
            Command::Ignore => {
                let stranger = self.answered(said)?.and_then(|note| note.stranger);
                self.ignore(said, stranger)
            }
            Command::People => self.list_people(said),
            Command::RemovePerson(name) => self.remove_person(said, name),
            Command::NotKnown(word) => {
                let words = format!(
                    "There is no command {prefix}{word}; {prefix}help lists them. To send a text that begins with \
                     {prefix}, write {prefix}{prefix}. Nothing was sent."
                );
                self.refuse(said, words)
            }
        }
    }

    pub(super) fn pick_line(&self, named: Option<&str>) -> Result<LineName, String> {
        let lines = &self.core.settings.lines;
        let names = || {
            lines
                .iter()
                .map(|line| format!("@{}", line.name))
                .collect::<Vec<_>>()
                .join(", ")
        };
        match (named, lines.as_slice()) {
            (Some(named), _) => lines
                .iter()
                .find(|line| line.name.as_str().eq_ignore_ascii_case(named))
                .map(|line| line.name.clone())
                .ok_or_else(|| {
                    format!("Not sent: there is no SIM @{named}; there is {}.", names())
                }),
            (None, [line, ..]) => Ok(line.name.clone()),
            (None, []) => Err("Not sent: no SIM is configured.".to_owned()),
        }
    }

    // Sending again, and calling off.

    fn choice(&mut self, said: &Said<'_>, token: &str) -> Result<Verdict, StoreError> {
        if let Some(verdict) = self.stranger_choice(said, token)? {
            return Ok(verdict);
        }
        let (what, id) = token.split_once(':').unwrap_or((token, ""));
        match (what, id.parse().map(MessageId)) {
            ("again", Ok(message)) => self.send_again(said, message),
            ("cancel", Ok(message)) => self.cancel(said, message),
            ("there", Ok(MessageId(outage))) => self.show_again(said, outage),
            ("spend", _) => self.agreed(said, id),
            (ussd::TOKEN, Ok(MessageId(dialogue))) => self.end_ussd(said, dialogue),
            (sim::TOKEN, Ok(MessageId(question))) => self.accept_sim(said, question),
            ("drop", Ok(MessageId(question))) => self.drop_question(said, question),
            ("erase", Ok(MessageId(question))) => self.erase_asked(said, question),
            ("leave", Ok(_)) => Ok(Verdict::Answered("Left as it is.".to_owned())),
            _ => {
                debug!(adapter = said.network.0, "an unknown choice");
                Ok(Verdict::Refused("This button is too old.".to_owned()))
            }
        }
    }

    /// Only because a person asks: first what was refused; what is in doubt only where nothing was.
    pub(super) fn send_again(
        &mut self,
        said: &Said<'_>,
        id: MessageId,
    ) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Writer {
            return self.refuse_reader(said);
        }
        if self.is_from_before(said.event.at)? {
            let words = "What I had stored was damaged or replaced after you asked for this: ask again if you still want it.";
            return self.refuse(said, words.to_owned());
        }
        let parts = self.parts(id)?;
        if parts.is_empty() {
            return self.refuse(
                said,
                "You received that message; there is nothing to send again.".to_owned(),
            );
        }
        let refused = |state: &PartState| {
            matches!(
                state,
                PartState::Failed { .. }
                    | PartState::Expired
                    | PartState::Held {
                        reason: HoldReason::EarlierPart
                            | HoldReason::Stale
                            | HoldReason::Unconfirmed,
                        ..
                    }
            )
        };
        let any_refused = parts.iter().any(|(_, part)| refused(&part.state));
        let (chosen, states): (Vec<PartId>, Vec<&PartState>) = parts
            .iter()
            .filter(|(_, part)| match any_refused {
                true => refused(&part.state),
                false => matches!(part.state, PartState::Unknown(_)),
            })
            .map(|(id, part)| (*id, &part.state))
            .unzip();
        if chosen.is_empty() {
            let state = message_state(parts.iter().map(|(_, part)| &part.state));
            let words = match state {
                MessageState::Queued => "It is on its way already.",
                MessageState::Sent | MessageState::Delivered => {
                    "It was sent; there is nothing to send again."
                }
                MessageState::Cancelled => "It was called off; write it again.",
                MessageState::Failed | MessageState::Unknown => "There is nothing to send again.",
            };
            return self.refuse(said, words.to_owned());
        }
        if let Some(mut message) = self.message(id)? {
            if let Some(why) = self.spend_again(said, &message, &states)? {
                return self.refuse(said, why);
            }
            if let Way::Out {
                again, asked_at, ..
            } = &mut message.way
            {
                *again = again.saturating_add(1);
                *asked_at = Some(self.now);
            }
            self.transaction.save(keys::message(id), &message)?;
        }
        let was_tried =
            |(_, part): &(PartId, Part)| !part.state.is_stale() && part.state != PartState::Expired;
        let words = match parts.iter().any(was_tried) {
            true => "Sending it again.",
            false => "Sending it.",
        };
        info!(message_id = %id, parts = chosen.len(), "sent because a person asked");
        for part in chosen {
            self.apply_to_part(part, PartEvent::AskedAgain)?;
        }
        self.confirm(said, words)
    }

    pub(super) fn cancel(&mut self, said: &Said<'_>, id: MessageId) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Writer {
            return self.refuse_reader(said);
        }
        let parts = self.parts(id)?;
        if parts.is_empty() {
            return self.refuse(
                said,
                "You received that message; there is nothing to call off.".to_owned(),
            );
        }
        // Of a message that waited for too long a part may have left; the rest can still be called off.
        let stale = parts.iter().any(|(_, part)| part.state.is_stale());
        let waits = |state: &PartState| {
            state.is_due() || state.is_stale() || matches!(state, PartState::Staging { .. })
        };
        if !stale && !parts.iter().all(|(_, part)| waits(&part.state)) {
            return self.refuse(
                said,
                "It cannot be called off any more: it has begun to leave, or is done.".to_owned(),
            );
        }
        let doubtful = parts
            .iter()
            .any(|(_, part)| part.state.awaits_report().is_some());
        let begun = parts.iter().any(|(_, part)| !waits(&part.state));
        for (part, record) in parts {
            if waits(&record.state) {
                self.apply_to_part(part, PartEvent::Cancelled)?;
            }
        }
        if begun {
            self.confirm(said, "The rest of it is not sent.")
        } else if doubtful {
            self.confirm(
                said,
                "It is not sent again. Whether the first try left is still not known.",
            )
        } else {
            self.confirm(said, "Called off; it was not sent.")
        }
    }

    // Answers.

    pub(super) fn prefix(&self, network: &Network) -> char {
        self.core
            .chats
            .get(network)
            .map_or('/', |known| known.command_prefix)
    }

    pub(super) fn answer_here(
        &mut self,
        said: &Said<'_>,
        text: String,
    ) -> Result<Verdict, StoreError> {
        self.reply(said.network, &said.here, text)?;
        Ok(Verdict::Answered(String::new()))
    }

    /// Says that it was done: on the button, or by a post.
    pub(super) fn confirm(&mut self, said: &Said<'_>, words: &str) -> Result<Verdict, StoreError> {
        match said.event.body {
            Body::Choice(_) => {}
            Body::Text(_) | Body::Unsupported(_) | Body::Edited(_) | Body::Withdrawn => {
                self.reply(said.network, &said.here, words.to_owned())?;
            }
        }
        Ok(Verdict::Answered(words.to_owned()))
    }

    /// Says why not: by a post, or on the button that was pressed.
    pub(super) fn refuse(&mut self, said: &Said<'_>, words: String) -> Result<Verdict, StoreError> {
        match said.event.body {
            Body::Choice(_) => {}
            Body::Text(_) | Body::Unsupported(_) | Body::Edited(_) | Body::Withdrawn => {
                self.reply(said.network, &said.here, words.clone())?;
            }
        }
        Ok(Verdict::Refused(words))
    }

    /// A reader is told once, in place.
    pub(super) fn refuse_reader(&mut self, said: &Said<'_>) -> Result<Verdict, StoreError> {
        let words = "This was not sent: you can read here, but not send. An owner can change that."
            .to_owned();
        let key = keys::told_reader(said.network, &said.event.author.id);
        if self.transaction.exists(&key)? {
            return Ok(Verdict::Refused(words));
        }
        self.transaction.save(key, &())?;
        self.refuse(said, words)
    }
}

/// One event of a known person.
#[derive(Clone)]
pub(super) struct Said<'a> {
    pub(super) network: &'a Network,
    pub(super) event: &'a ChatEvent,
    pub(super) here: Receipt,
    pub(super) person: Person,
}
