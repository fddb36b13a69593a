//! For whom something is that a person wrote: asked where the bridge cannot tell, and sent when it is answered.
//!
//! It may be an answer to a post whose receipt is not known, since the program ended in between, or no answer at all.
//!
//! **Invariant:** what was asked about goes out once at most, however often the question is answered.

use std::time::Duration;

use tracing::info;

use crate::address::{Conversation, LineName};
use crate::chat::{Audience, Choice, Content, Destination, Verdict};
use crate::id::Timestamp;
use crate::person::Role;
use crate::store::record::{Post, Question, QuestionState};
use crate::store::{StoreError, keys};
use crate::writer::outages::numbered;
use crate::writer::submit::Said;
use crate::writer::work::{Draft, Work};

/// The token of the choice to leave it, before the question's number.
const TOKEN: &str = "drop:";
/// For so long what a person writes next is taken for the answer.
const A_MOMENT: Duration = Duration::from_secs(600);

/// The question that a post asks.
pub(super) fn asked_by(post: &Post) -> Option<u64> {
    numbered(post, TOKEN)
}

impl Work<'_> {
    pub(super) fn ask_for_whom(
        &mut self,
        said: &Said<'_>,
        text: &str,
    ) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Writer {
            return self.refuse_reader(said);
        }
        let id = self.next_id();
        let question = Question {
            text: text.to_owned(),
            line: None,
            to: None,
            origin: said.here.clone(),
            state: QuestionState::Open,
        };
        let prefix = self.prefix(said.network);
        let why = if said.event.reply_to.is_some() {
            "I don't know which contact the message belongs to that you answered."
        } else {
            "I don't know whom this is for."
        };
        let words = format!(
            "{why} Nothing was sent. Reply to this with the contact's name or number, and I send it there. Next time reply to a \
             message of the contact, or write {prefix}send NAME TEXT."
        );
        self.ask(said, id, &question, words.clone())?;
        Ok(Verdict::Refused(words))
    }

    fn ask(
        &mut self,
        said: &Said<'_>,
        id: u64,
        question: &Question,
        words: String,
    ) -> Result<(), StoreError> {
        let key = keys::question(id);
        self.expire(&key)?;
        self.transaction.save(key, question)?;
        let content = Content::Notice { text: words };
        let destination = Destination::Place(said.here.place.clone());
        let mut draft = Draft::new(said.network, destination, content);
        draft.reply_to = Some(said.here.message.clone());
        draft.choices = vec![Choice {
            token: format!("{TOKEN}{id}"),
            label: "Don't send".to_owned(),
            command: Some("cancel".to_owned()),
        }];
        self.add_post(draft).map(|_| ())
    }

    /// `/send` without a text, or without the one whom it is for.
    pub(super) fn ask_for_the_rest(
        &mut self,
        said: &Said<'_>,
        line: Option<&str>,
        number: &str,
        text: &str,
    ) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Writer {
            return self.refuse_reader(said);
        }
        if number.is_empty() && !text.is_empty() {
            let prefix = self.prefix(said.network);
            let words = format!(
                "Not sent: write {prefix}send, the number or name and the text, like {prefix}send +12025550100 Hello! \
                 Leave out spaces in the number."
            );
            return self.refuse(said, words);
        }
        let line = match line.map(|named| self.pick_line(Some(named))).transpose() {
            Ok(line) => line,
            Err(words) => return self.refuse(said, words),
        };
        self.ask_step(said, line, number)
    }

    /// Asks whom it is for, or what they are to be told.
    fn ask_step(
        &mut self,
        said: &Said<'_>,
        line: Option<LineName>,
        number: &str,
    ) -> Result<Verdict, StoreError> {
        let (to, words) = if number.is_empty() {
            (
                None,
                "Whom is it for? Reply with a name or a number.".to_owned(),
            )
        } else {
            let line = match line.clone().map_or_else(|| self.pick_line(None), Ok) {
                Ok(line) => line,
                Err(words) => return self.refuse(said, words),
            };
            let address = match self.whom(number, self.core.country(&line))? {
                Ok(address) => address,
                Err(error) => return self.refuse(said, format!("Not sent: {error}.")),
            };
            let words = format!(
                "What is the message to {}? Reply with it.",
                self.called(&address)?
            );
            (Some(Conversation { line, address }), words)
        };
        let id = self.next_id();
        let question = Question {
            text: String::new(),
            line,
            to,
            origin: said.here.clone(),
            state: QuestionState::Open,
        };
        self.ask(said, id, &question, words)?;
        let key = keys::asking(said.network, &said.here.place, &said.person.name);
        self.transaction.save(key.clone(), &id)?;
        self.expire(&key)?;
        Ok(Verdict::Accepted)
    }

    /// The question of a `/send` that this person was asked here a moment ago, where nobody but the bridge is addressed.
    pub(super) fn asking(&self, said: &Said<'_>) -> Result<Option<u64>, StoreError> {
        if said.event.audience != Audience::Bridge || said.event.reply_to.is_some() {
            return Ok(None);
        }
        let key = keys::asking(said.network, &said.event.place, &said.person.name);
        let Some(id) = self.transaction.load::<u64>(&key)? else {
            return Ok(None);
        };
        let asked = Timestamp(i64::try_from(id / 1000).unwrap_or(0));
        let is_open = self
            .transaction
            .load::<Question>(&keys::question(id))?
            .is_some_and(|question| question.state == QuestionState::Open);
        Ok((is_open && self.now.since(asked) < A_MOMENT).then_some(id))
    }

    /// A person says whom it is for: a number, and before it perhaps a SIM.
    pub(super) fn question_answered(
        &mut self,
        said: &Said<'_>,
        id: u64,
        answer: &str,
    ) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Writer {
            return self.refuse_reader(said);
        }
        let mut question = match self.open_question(id)? {
            Ok(question) => question,
            Err(words) => return self.refuse(said, words.to_owned()),
        };
        if let Some(to) = question.to.clone() {
            let verdict = self.compose(said, to, answer)?;
            if verdict == Verdict::Accepted {
                question.state = QuestionState::Sent;
                self.transaction.save(keys::question(id), &question)?;
            }
            return Ok(verdict);
        }
        let (line, number) = match answer.trim().strip_prefix('@') {
            Some(rest) => match rest.split_once(char::is_whitespace) {
                Some((line, number)) => (Some(line), number),
                None => (Some(rest), ""),
            },
            None => (question.line.as_ref().map(LineName::as_str), answer),
        };
        let line = match self.pick_line(line) {
            Ok(line) => line,
            Err(words) => return self.refuse(said, words),
        };
        let address = match self.whom(number, self.core.country(&line))? {
            Ok(address) => address,
            Err(error) => {
                let words = format!(
                    "Not sent: {error}. Reply to my question with the name or number alone."
                );
                return self.refuse(said, words);
            }
        };
        if question.text.is_empty() {
            question.state = QuestionState::Answered;
            self.transaction.save(keys::question(id), &question)?;
            return self.ask_step(said, Some(line), number);
        }
        let first = Said {
            here: question.origin.clone(),
            ..said.clone()
        };
        let verdict = self.compose(&first, Conversation { line, address }, &question.text)?;
        if verdict == Verdict::Accepted {
            info!("a person said whom it is for");
            question.state = QuestionState::Sent;
            self.transaction.save(keys::question(id), &question)?;
        }
        Ok(verdict)
    }

    pub(super) fn drop_question(
        &mut self,
        said: &Said<'_>,
        id: u64,
    ) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Writer {
            return self.refuse_reader(said);
        }
        match self.open_question(id)? {
            Ok(mut question) => {
                question.state = QuestionState::Dropped;
                self.transaction.save(keys::question(id), &question)?;
                self.confirm(said, "It is not sent.")
            }
            Err(words) => self.refuse(said, words.to_owned()),
        }
    }

    /// A question that nobody answered yet, or why it cannot be answered any more.
    fn open_question(&self, id: u64) -> Result<Result<Question, &'static str>, StoreError> {
        let question: Option<Question> = self.transaction.load(&keys::question(id))?;
        Ok(match question {
            None => Err("I asked that too long ago: write the message again."),
            Some(question) => match question.state {
                QuestionState::Open => Ok(question),
                QuestionState::Answered => {
                    Err("You answered that already: reply to what I asked after it.")
                }
                QuestionState::Sent => {
                    Err("I have sent that already: reply to your message to write to the contact.")
                }
                QuestionState::Dropped => Err("You called that off: write the message again."),
            },
        })
    }
}
