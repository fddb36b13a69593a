//! Dialogues with the network by USSD, which owners begin with a code and go on with by replying to its answers.
//!
//! | state | what happens |
//! |---|---|
//! | `Waiting` | the line's worker takes it |
//! | `UnderWay` | it is said; a start that finds it so says that nobody knows whether it was |
//! | `Open` | the network waits for a reply, or for the end |
//! | `Ending` | the worker ends it |
//! | `Over` | replies to it are refused, until it is forgotten |
//!
//! **Invariant:** what was said, or may have been, is never said again: a code may cost money.

use tracing::{info, warn};

use crate::address::LineName;
use crate::chat::{Choice, Content, Destination, Verdict};
use crate::link::{LinkError, LinkPhase, UssdAnswer, UssdInput};
use crate::person::Role;
use crate::store::record::{Post, Ussd, UssdState};
use crate::store::{StoreError, keys};
use crate::writer::QueueName;
use crate::writer::outages::numbered;
use crate::writer::queue::{Due, Kind};
use crate::writer::submit::Said;
use crate::writer::work::{Change, Draft, Opened, Work};

/// The token of the choice to end a dialogue, before its number.
pub(super) const TOKEN: &str = "hangup";
/// Of a code or a reply, in characters (3GPP TS 23.038 §5).
const LONGEST: usize = 182;
/// Dialogues that are remembered.
const MOST: usize = 1000;

/// Something to say, for the line's worker. `None`: the dialogue is to be ended.
#[derive(Debug)]
pub(crate) struct UssdJob {
    pub(crate) id: u64,
    pub(crate) input: Option<UssdInput>,
}

/// The dialogue whose answer a post is.
pub(super) fn told_by(post: &Post) -> Option<u64> {
    numbered(post, &format!("{TOKEN}:"))
}

impl Work<'_> {
    /// `/ussd CODE`.
    pub(super) fn begin_ussd(
        &mut self,
        said: &Said<'_>,
        line: Option<&str>,
        code: &str,
    ) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Owner {
            return self.refuse_all_but_owners(said);
        }
        let prefix = self.prefix(said.network);
        let is_code = code.chars().count() <= LONGEST
            && code.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '*' | '#'))
            && code
                .chars()
                .all(|c| c.is_ascii_digit() || matches!(c, '*' | '#' | '+'));
        if !is_code {
            let words = format!(
                "Write the code that your operator gives, such as {prefix}ussd *100# for the balance. Nothing was sent."
            );
            return self.refuse(said, words);
        }
        let line = match self.pick_line(line) {
            Ok(line) => line,
            Err(words) => return self.refuse(said, words),
        };
        if let Some(why) = self.ussd_cannot_go(&line)? {
            return self.refuse(said, why);
        }
        if self.transaction.keys(&keys::ussd_prefix(), MOST)?.len() >= MOST {
            return self.refuse(said, "Not sent: too many codes within a week.".to_owned());
        }
        let id = self.next_id();
        self.expire(&keys::ussd(id))?;
        let ussd = Ussd {
            line,
            network: said.network.clone(),
            origin: said.here.clone(),
            state: UssdState::Waiting(UssdInput::Code(code.to_owned())),
        };
        info!(line = %ussd.line, "a USSD code is to be sent");
        self.save_ussd(id, &ussd)?;
        Ok(Verdict::Accepted)
    }

    /// A code is for now: it is not kept until the line comes back.
    fn ussd_cannot_go(&mut self, line: &LineName) -> Result<Option<String>, StoreError> {
        if !self.sim_may_send(line)? {
            return Ok(Some(format!(
                "Not sent: SIM {line} is another one than before, and an owner has to agree to it first."
            )));
        }
        let words = match self.core.status.get(line) {
            None => Some("it is starting".to_owned()),
            Some(status) => {
                let status = status.borrow();
                (status.phase == LinkPhase::Down).then(|| status.words.clone())
            }
        };
        Ok(words
            .map(|words| format!("Not sent: SIM {line} is not ready – {words}. Try again later.")))
    }

    /// Somebody replied to the network's answer.
    pub(super) fn reply_ussd(
        &mut self,
        said: &Said<'_>,
        id: u64,
        text: &str,
    ) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Owner {
            return self.refuse_all_but_owners(said);
        }
        let mut ussd = match self.open_ussd(said, id)? {
            Ok(ussd) => ussd,
            Err(words) => return self.refuse(said, words),
        };
        let text = text.trim();
        if text.is_empty() || text.chars().count() > LONGEST || !text.is_ascii() {
            let words = "Not sent: reply with the number of the choice, or what the network asks for, in plain letters \
                         and digits.";
            return self.refuse(said, words.to_owned());
        }
        ussd.network = said.network.clone();
        ussd.origin = said.here.clone();
        ussd.state = UssdState::Waiting(UssdInput::Reply(text.to_owned()));
        self.save_ussd(id, &ussd)?;
        Ok(Verdict::Accepted)
    }

    /// Somebody has enough of it.
    pub(super) fn end_ussd(&mut self, said: &Said<'_>, id: u64) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Owner {
            return self.refuse_all_but_owners(said);
        }
        let mut ussd = match self.open_ussd(said, id)? {
            Ok(ussd) => ussd,
            Err(words) => return self.refuse(said, words),
        };
        ussd.state = UssdState::Ending;
        self.save_ussd(id, &ussd)?;
        self.confirm(said, "Ended.")
    }

    /// A dialogue in which the network waits for a reply, or why it does not.
    fn open_ussd(&self, said: &Said<'_>, id: u64) -> Result<Result<Ussd, String>, StoreError> {
        let ussd: Option<Ussd> = self.transaction.load(&keys::ussd(id))?;
        let prefix = self.prefix(said.network);
        Ok(match ussd {
            Some(ussd) if ussd.state == UssdState::Open => Ok(ussd),
            Some(Ussd {
                state: UssdState::Waiting(_) | UssdState::UnderWay,
                ..
            }) => {
                Err("Not sent: wait for the network's answer to what was said before.".to_owned())
            }
            Some(_) | None => Err(format!(
                "The network waits for no reply to this any more: begin again with {prefix}ussd CODE."
            )),
        })
    }

    /// For the line's worker: from now on nobody knows whether it was said, until the answer comes.
    pub(super) fn claim_ussd(&mut self, id: u64) -> Result<Option<UssdJob>, StoreError> {
        let Some(mut ussd) = self.transaction.load::<Ussd>(&keys::ussd(id))? else {
            return Ok(None);
        };
        let input = match std::mem::replace(&mut ussd.state, UssdState::UnderWay) {
            UssdState::Waiting(input) => Some(input),
            UssdState::Ending => {
                ussd.state = UssdState::Over;
                None
            }
            UssdState::UnderWay | UssdState::Open | UssdState::Over => return Ok(None),
        };
        self.save_ussd(id, &ussd)?;
        Ok(Some(UssdJob { id, input }))
    }

    pub(super) fn settle_ussd(
        &mut self,
        id: u64,
        outcome: Result<UssdAnswer, LinkError>,
    ) -> Result<(), StoreError> {
        let Some(mut ussd) = self.transaction.load::<Ussd>(&keys::ussd(id))? else {
            return Ok(());
        };
        if ussd.state != UssdState::UnderWay {
            return Ok(());
        }
        let line = ussd.line.clone();
        let (state, text) = match outcome {
            Ok(UssdAnswer {
                text,
                expects_reply: true,
            }) => (
                UssdState::Open,
                format!("SIM {line}, the network asks:\n{text}\n\nReply to this to answer it."),
            ),
            Ok(UssdAnswer { text, .. }) => (
                UssdState::Over,
                format!("SIM {line}, the network answers:\n{text}"),
            ),
            Err(error) => {
                warn!(%line, "a USSD code got no answer");
                (
                    UssdState::Over,
                    format!("SIM {line} got no answer: {error}. I do not send it again by myself."),
                )
            }
        };
        ussd.state = state;
        self.save_ussd(id, &ussd)?;
        self.tell_of_ussd(id, &ussd, text)
    }

    fn tell_of_ussd(&mut self, id: u64, ussd: &Ussd, text: String) -> Result<(), StoreError> {
        let place = Destination::Place(ussd.origin.place.clone());
        let mut draft = Draft::new(&ussd.network, place, Content::Notice { text });
        draft.reply_to = Some(ussd.origin.message.clone());
        if ussd.state == UssdState::Open {
            draft.choices = vec![Choice {
                token: format!("{TOKEN}:{id}"),
                label: "End it".to_owned(),
                command: Some("cancel".to_owned()),
            }];
        }
        self.add_post(draft).map(|_| ())
    }

    pub(super) fn save_ussd(&mut self, id: u64, ussd: &Ussd) -> Result<(), StoreError> {
        self.queue_ussd(id, ussd);
        self.transaction.save(keys::ussd(id), ussd)
    }

    fn queue_ussd(&mut self, id: u64, ussd: &Ussd) {
        let due = match ussd.state {
            UssdState::Waiting(_) | UssdState::Ending => Due::At(self.now),
            UssdState::UnderWay => Due::Taken,
            UssdState::Open | UssdState::Over => Due::Done,
        };
        self.changes.push(Change::Job {
            queue: QueueName::Ussd(ussd.line.clone()),
            kind: Kind::Message,
            lane: String::new(),
            id,
            due,
        });
    }

    /// After a start, no dialogue is open in the network. What was not said is not said any more. Where only the store was
    /// opened again, the worker and its dialogues are still there.
    pub(super) fn recover_ussd(&mut self) -> Result<(), StoreError> {
        for key in self.transaction.keys(&keys::ussd_prefix(), MOST)? {
            let (Some(id), Some(mut ussd)) = (
                keys::last_number(&key),
                self.transaction.load::<Ussd>(&key)?,
            ) else {
                continue;
            };
            if self.core.opened == Opened::Again {
                self.queue_ussd(id, &ussd);
                continue;
            }
            let words = match std::mem::replace(&mut ussd.state, UssdState::Over) {
                UssdState::Over => continue,
                UssdState::Open | UssdState::Ending => None,
                UssdState::Waiting(_) => {
                    Some("I was restarted before this was sent: write it again.")
                }
                UssdState::UnderWay => Some(
                    "I was restarted before the network answered. Whether this reached it is not known, and I do not send \
                     it again by myself.",
                ),
            };
            self.save_ussd(id, &ussd)?;
            if let Some(words) = words {
                self.tell_of_ussd(id, &ussd, words.to_owned())?;
            }
        }
        Ok(())
    }
}
