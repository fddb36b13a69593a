//! For whom something is that a person wrote: asked where the bridge cannot tell, and sent when it is answered.
//!
//! It may be an answer to a post whose receipt is not known, since the program ended in between, or no answer at all.
//!
//! **Invariant:** what was asked about goes out once at most, however often the question is answered.

use tracing::info;

use crate::address::Conversation;
use crate::chat::{Choice, Content, Destination, Verdict};
use crate::person::Role;
use crate::store::record::{Post, Question, QuestionState};
use crate::store::{StoreError, keys};
use crate::writer::outages::numbered;
use crate::writer::submit::Said;
use crate::writer::work::{Draft, Work};

/// The token of the choice to leave it, before the question's number.
const TOKEN: &str = "drop:";

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
            origin: said.here.clone(),
            state: QuestionState::Open,
        };
        let key = keys::question(id);
        self.expire(&key)?;
        self.transaction.save(key, &question)?;
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
        let content = Content::Notice {
            text: words.clone(),
        };
        let destination = Destination::Place(said.here.place.clone());
        let mut draft = Draft::new(said.network, destination, content);
        draft.reply_to = Some(said.here.message.clone());
        draft.choices = vec![Choice {
            token: format!("{TOKEN}{id}"),
            label: "Don't send".to_owned(),
            command: Some("cancel".to_owned()),
        }];
        self.add_post(draft)?;
        Ok(Verdict::Refused(words))
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
        let (line, number) = match answer.trim().strip_prefix('@') {
            Some(rest) => match rest.split_once(char::is_whitespace) {
                Some((line, number)) => (Some(line), number),
                None => (Some(rest), ""),
            },
            None => (None, answer),
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
                QuestionState::Sent => {
                    Err("I have sent that already: reply to your message to write to the contact.")
                }
                QuestionState::Dropped => Err("You called that off: write the message again."),
            },
        })
    }
}
