//! What a line spends: counted when a message is accepted, and asked about before it where it is more than the
//! [`limits`](crate::limits) allow.
//!
//! What is asked about is held in the outbox like any other message, survives a restart, and expires in time. A message that
//! is called off counts as sent: the counters say what was accepted.
//!
//! **Invariant:** nothing of a held message goes out before somebody who may agree to all reasons has said so; what the
//! counters hold is stored in the commit that lets the message go.

use std::time::Duration;

use tracing::info;

use crate::address::{Conversation, LineName};
use crate::chat::{Choice, Content, Destination, Network, Verdict};
use crate::id::{MessageId, PartId};
use crate::limits::{self, Judgement, Limits, Reach, Reason, Spent, Wish};
use crate::part::{HoldReason, PartState};
use crate::person::Role;
use crate::store::record::{Confirmed, Message, Part, Way};
use crate::store::{StoreError, keys};
use crate::writer::submit::Said;
use crate::writer::work::{Draft, Work};

/// Of what waited for longer nothing is counted any more.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// The token of the choice to send it, before message and number of parts.
const TOKEN: &str = "spend";

/// What is to be done with a message that somebody wants to send.
#[derive(Debug)]
pub(super) enum Leave {
    /// It was counted, and goes.
    Goes,
    /// It is held, and somebody is asked for these reasons.
    Asks(Vec<Reason>),
    /// It is not taken, for this reason.
    Refused(String),
}

impl Leave {
    /// The state of its parts.
    pub(super) fn state(&self, goes: PartState) -> PartState {
        match self {
            Self::Goes | Self::Refused(_) => goes,
            Self::Asks(_) => PartState::Held {
                reason: HoldReason::Unconfirmed,
                doubt: None,
            },
        }
    }
}

impl Work<'_> {
    /// Somebody wrote a message of so many parts.
    pub(super) fn spend(&mut self, to: &Conversation, parts: usize) -> Result<Leave, StoreError> {
        let parts = count(parts);
        let wish = Wish { messages: 1, parts };
        self.leave(to, wish, parts)
    }

    /// Somebody changed a message that waits, so that it has so many parts now. What was asked about before, and not
    /// answered, is asked about again.
    pub(super) fn spend_on_change(
        &mut self,
        to: &Conversation,
        old: &[(PartId, Part)],
        parts: usize,
    ) -> Result<Leave, StoreError> {
        let (whole, before) = (count(parts), count(old.len()));
        if old.iter().any(|(_, part)| part.state.is_unconfirmed()) {
            let mut spent = self.spent(&to.line)?;
            let limits = self.limits(&to.line);
            let wish = Wish {
                messages: 1,
                parts: whole,
            };
            let reach = self.reach(to, &spent)?;
            let mut reasons = vec![limits::parts(&limits, whole)];
            reasons.extend(limits::over(&limits, &spent, wish, reach));
            spent.ask(self.now);
            self.transaction.save(keys::spent(&to.line), &spent)?;
            return Ok(Leave::Asks(reasons));
        }
        if whole <= before {
            return Ok(Leave::Goes);
        }
        let wish = Wish {
            messages: 0,
            parts: whole.saturating_sub(before),
        };
        self.leave(to, wish, whole)
    }

    fn leave(&mut self, to: &Conversation, wish: Wish, whole: u32) -> Result<Leave, StoreError> {
        let mut spent = self.spent(&to.line)?;
        let limits = self.limits(&to.line);
        let reach = self.reach(to, &spent)?;
        let leave = match limits::judge(&limits, &spent, wish, whole, reach) {
            Judgement::Send => {
                spent.accept(wish, self.now);
                Leave::Goes
            }
            Judgement::Ask(reasons) => {
                spent.ask(self.now);
                Leave::Asks(reasons)
            }
            Judgement::Refuse => Leave::Refused(
                "too many messages at once; I asked about several already. Wait a minute, then write it again"
                    .to_owned(),
            ),
        };
        self.transaction.save(keys::spent(&to.line), &spent)?;
        Ok(leave)
    }

    /// Asks whoever wrote the message, and the owners where only they may answer.
    pub(super) fn ask_before_sending(
        &mut self,
        said: &Said<'_>,
        id: MessageId,
        to: &Conversation,
        parts: u8,
        reasons: &[Reason],
    ) -> Result<(), StoreError> {
        info!(message_id = %id, line = %to.line, "somebody is asked before it is sent");
        let choice = |token: String, label: &str, command: &str| Choice {
            token,
            label: label.to_owned(),
            command: Some(command.to_owned()),
        };
        let choices = vec![
            choice(format!("{TOKEN}:{id}:{parts}"), "Send", "yes"),
            choice(format!("cancel:{id}"), "Don't send", "no"),
        ];
        let why = limits::in_words(reasons);
        let for_owners = reasons.iter().any(Reason::is_for_owners);
        let is_owner = said.person.role == Role::Owner;
        let asks = match (for_owners, is_owner) {
            (true, false) => "An owner has to agree: send it?",
            (true, true) | (false, _) => "Send it?",
        };
        let draft = |network: &Network, destination, text| {
            let mut draft = Draft::new(network, destination, Content::Notice { text });
            draft.choices.clone_from(&choices);
            draft.conversation = Some(to.clone());
            draft.message = Some(id);
            draft
        };
        let here = Destination::Place(said.here.place.clone());
        let mut question = draft(said.network, here, format!("Not sent yet. {why} {asks}"));
        question.reply_to = Some(said.here.message.clone());
        self.add_post(question)?;
        if !for_owners || is_owner {
            return Ok(());
        }
        let text = format!(
            "{} wants to text {}. {why} Send it?",
            said.person.name,
            self.called(&to.address)?
        );
        for (network, description) in self.core.chats.clone() {
            for inbox in description.admins {
                let destination = Destination::Admin { inbox };
                self.add_post(draft(&network, destination, text.clone()))?;
            }
        }
        Ok(())
    }

    /// The button of the question: `id`, and the number of parts that it named.
    pub(super) fn agreed(&mut self, said: &Said<'_>, token: &str) -> Result<Verdict, StoreError> {
        let read = token
            .split_once(':')
            .and_then(|(id, asked)| Some((MessageId(id.parse().ok()?), asked.parse().ok()?)));
        let Some((id, asked)) = read else {
            return self.refuse(said, "This button is too old.".to_owned());
        };
        let parts = self.parts(id)?;
        if !parts.iter().any(|(_, part)| part.state.is_unconfirmed()) {
            let words =
                "That was answered before; the mark on the message shows what became of it.";
            return self.refuse(said, words.to_owned());
        }
        let asked: usize = asked;
        if parts.len() != asked {
            let words = "The message was changed since I asked this: answer the newer question.";
            return self.refuse(said, words.to_owned());
        }
        self.send_again(said, id)
    }

    /// Somebody wants these parts sent now, for the first time or again. `Some`: why they may not.
    pub(super) fn spend_again(
        &mut self,
        said: &Said<'_>,
        message: &Message,
        chosen: &[&PartState],
    ) -> Result<Option<String>, StoreError> {
        let to = &message.conversation;
        let mut spent = self.spent(&to.line)?;
        let asked_at = match &message.way {
            Way::Out { asked_at, .. } => asked_at.unwrap_or(message.at),
            Way::In { .. } => message.at,
        };
        let is_recent = self.now.since(asked_at) < DAY;
        let was_counted = |state: &&&PartState| {
            is_recent
                && matches!(
                    state,
                    PartState::Held {
                        reason: HoldReason::EarlierPart | HoldReason::Stale,
                        ..
                    }
                )
        };
        let parts = chosen.iter().filter(|state| !was_counted(state)).count();
        let wish = Wish {
            messages: u32::from(parts > 0),
            parts: count(parts),
        };
        let limits = self.limits(&to.line);
        let reach = self.reach(to, &spent)?;
        let reasons = limits::over(&limits, &spent, wish, reach);
        if !reasons.is_empty() && said.person.role < Role::Owner {
            self.transaction.save(keys::spent(&to.line), &spent)?;
            let why = limits::in_words(&reasons);
            let next = match reasons
                .iter()
                .any(|reason| matches!(reason, Reason::Reach(_)))
            {
                true => "Only an owner can agree to that.",
                false => "Only an owner can have it sent now; or wait, and try again.",
            };
            return Ok(Some(format!("Not sent. {why} {next}")));
        }
        for reason in &reasons {
            if let Reason::Reach(reach) = reason {
                self.remember(said, &to.line, reach)?;
            }
        }
        spent.accept(wish, self.now);
        self.transaction.save(keys::spent(&to.line), &spent)?;
        Ok(None)
    }

    /// An owner agreed to this once for all.
    fn remember(
        &mut self,
        said: &Said<'_>,
        line: &LineName,
        reach: &Reach,
    ) -> Result<(), StoreError> {
        let Some(key) = reach.key() else {
            return Ok(());
        };
        let confirmed = Confirmed {
            by: said.person.name.clone(),
            at: self.now,
        };
        self.transaction
            .save(keys::confirmed(line, key), &confirmed)
    }

    /// What a line spent lately, and where it is at home.
    fn spent(&self, line: &LineName) -> Result<Spent, StoreError> {
        let mut spent: Spent = self
            .transaction
            .load(&keys::spent(line))?
            .unwrap_or_default();
        spent.tidy(self.now);
        spent.country = self.core.country(line).or(spent.country);
        Ok(spent)
    }

    /// Parts of the last 24 hours, of how many.
    pub(super) fn spent_of(&self, line: &LineName) -> Result<(u32, u32), StoreError> {
        let spent = self.spent(line)?;
        Ok((spent.parts(), self.limits(line).parts_per_day))
    }

    /// Where it goes. `None`: nobody has to be asked about that.
    fn reach(&self, to: &Conversation, spent: &Spent) -> Result<Option<Reach>, StoreError> {
        let reach = Reach::of(&to.address, spent.country);
        let Some(key) = reach.key() else {
            return Ok(None);
        };
        let is_known = self.transaction.exists(&keys::confirmed(&to.line, key))?;
        Ok((!is_known).then_some(reach))
    }

    fn limits(&self, line: &LineName) -> Limits {
        let configured = self.core.settings.limits.get(line);
        configured.cloned().unwrap_or_default()
    }
}

fn count(parts: usize) -> u32 {
    u32::try_from(parts).unwrap_or(u32::MAX)
}
