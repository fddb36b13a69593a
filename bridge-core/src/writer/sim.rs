//! Another SIM than before in a line's modem: what waits there is held until an owner agrees, or the SIM of before is back.
//!
//! The first SIM that a line is ever seen with is taken for its own.

use tracing::{info, warn};

use crate::address::LineName;
use crate::chat::{Choice, Content, Destination, Verdict};
use crate::person::Role;
use crate::store::record::{OtherSim, Post, SimNote};
use crate::store::{StoreError, keys};
use crate::writer::QueueName;
use crate::writer::outages::numbered;
use crate::writer::submit::Said;
use crate::writer::work::{Change, Draft, Work};

/// The token of the choice to go on with another SIM, before the question's number.
pub(super) const TOKEN: &str = "sim";

/// The question whether another SIM may send.
pub(super) fn told_by(post: &Post) -> Option<u64> {
    numbered(post, &format!("{TOKEN}:"))
}

impl Work<'_> {
    /// Whether messages may leave by the SIM that is in the line's modem now. Where they may not, an owner was asked.
    pub(super) fn sim_may_send(&mut self, line: &LineName) -> Result<bool, StoreError> {
        let Some(status) = self.core.status.get(line) else {
            return Ok(true);
        };
        let now = status.borrow().sim.clone();
        if now.iccid.is_none() && now.imsi.is_none() {
            return Ok(true);
        }
        let key = keys::sim(line);
        let Some(note) = self.transaction.load::<SimNote>(&key)? else {
            let (accepted, other) = (now, None);
            self.transaction.save(key, &SimNote { accepted, other })?;
            return Ok(true);
        };
        let SimNote { accepted, other } = note;
        if !now.differs_from(&accepted) {
            let known = accepted.with(&now);
            let is_news = known != accepted || other.is_some();
            if is_news {
                let note = SimNote {
                    accepted: known,
                    other: None,
                };
                self.transaction.save(key, &note)?;
            }
            if let Some(OtherSim { notices, .. }) = other {
                info!(%line, "the SIM of before is back");
                let words =
                    format!("SIM {line}: the SIM of before is back, and what waited goes out.");
                for notice in notices {
                    self.say_instead_without_choices(notice, &words)?;
                }
            }
            return Ok(true);
        }
        let asked = other.as_ref().filter(|other| !now.differs_from(&other.sim));
        if asked.is_none() {
            warn!(%line, "another SIM than before: an owner is asked before anything is sent");
            let question = self.next_id();
            let notices = self.ask_about_sim(line, question)?;
            for old in other.map(|other| other.notices).unwrap_or_default() {
                let words =
                    format!("SIM {line}: by now it is yet another SIM; answer my newer question.");
                self.say_instead_without_choices(old, &words)?;
            }
            let other = Some(OtherSim {
                sim: now,
                question,
                notices,
            });
            self.transaction.save(key, &SimNote { accepted, other })?;
        }
        Ok(false)
    }

    fn ask_about_sim(
        &mut self,
        line: &LineName,
        question: u64,
    ) -> Result<Vec<crate::id::PostId>, StoreError> {
        let text = format!(
            "SIM {line}: another SIM than before is in the modem, or it has another number. I send nothing with it, and keep \
             what you write, until an owner agrees. Your answers would come from another number than people know. What comes \
             in is shown as always. If you did not change it, look who had their hands on the modem."
        );
        let choices = vec![Choice {
            token: format!("{TOKEN}:{question}"),
            label: "Send with this SIM".to_owned(),
            command: Some("yes".to_owned()),
        }];
        let mut notices = Vec::new();
        for (network, description) in self.core.chats.clone() {
            for inbox in description.admins {
                let content = Content::Notice { text: text.clone() };
                let mut draft = Draft::new(&network, Destination::Admin { inbox }, content);
                draft.choices.clone_from(&choices);
                notices.push(self.add_post(draft)?);
            }
        }
        Ok(notices)
    }

    /// An owner agrees.
    pub(super) fn accept_sim(
        &mut self,
        said: &Said<'_>,
        question: u64,
    ) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Owner {
            return self.refuse_all_but_owners(said);
        }
        for line in self.core.settings.lines.clone() {
            let (line, key) = (&line.name, keys::sim(&line.name));
            let note: Option<SimNote> = self.transaction.load(&key)?;
            let other = note.and_then(|note| note.other);
            let Some(other) = other.filter(|other| other.question == question) else {
                continue;
            };
            let OtherSim { sim, notices, .. } = other;
            let (accepted, other) = (sim, None);
            self.transaction.save(key, &SimNote { accepted, other })?;
            info!(%line, "an owner agreed to another SIM");
            let words = format!(
                "SIM {line}: from now on I send with the other SIM. ({} decided.)",
                said.person.name
            );
            for notice in notices {
                self.say_instead_without_choices(notice, &words)?;
            }
            let queue = QueueName::Line(line.clone());
            self.changes.push(Change::Hurry(queue));
            return self.confirm(said, "I send with this SIM from now on.");
        }
        let words = "That was answered before, or it is another SIM again by now.";
        self.refuse(said, words.to_owned())
    }

    /// Whether a line waits for an owner to agree to its SIM.
    pub(super) fn is_sim_held(&self, line: &LineName) -> Result<bool, StoreError> {
        let note: Option<SimNote> = self.transaction.load(&keys::sim(line))?;
        Ok(note.is_some_and(|note| note.other.is_some()))
    }
}
