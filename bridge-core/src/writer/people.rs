//! Who may do what, besides those of the configuration: strangers, of whom the owners are told once, and members, whom an
//! owner let in from a chat or who paired.
//!
//! Whoever stands in the configuration is what it says there, whatever is stored.

use tracing::{info, warn};

use crate::chat::{
    Audience, Author, ChatEvent, Choice, Content, Destination, Network, Place, Verdict,
};
use crate::command::Access;
use crate::id::PostId;
use crate::person::{Identity, People, Person, Role, plain_name};
use crate::store::record::{Member, Post, Stranger};
use crate::store::{StoreError, keys};
use crate::writer::outages::numbered;
use crate::writer::submit::Said;
use crate::writer::work::{Draft, Work};

/// The tokens of the choices, before the stranger's number.
const READ: &str = "read:";
const WRITE: &str = "write:";
const IGNORE: &str = "ignore:";

/// Strangers of whom the owners hear in a week. Whoever makes accounts to write to the bridge is not to fill their chats.
const MOST: usize = 50;
/// Members, the ignored ones too.
const MOST_MEMBERS: usize = 1000;

/// The stranger whom a post is about.
pub(super) fn told_by(post: &Post) -> Option<u64> {
    numbered(post, READ)
}

impl Work<'_> {
    /// Whoever this is, if they are known: by the configuration, else by what is stored.
    pub(super) fn person(
        &self,
        network: &Network,
        author: &Author,
    ) -> Result<Option<Person>, StoreError> {
        if let Some(person) = self.core.settings.people.find(network, &author.id) {
            return Ok(Some(person.clone()));
        }
        let member: Option<Member> = self.transaction.load(&keys::member(network, &author.id))?;
        Ok(member.and_then(|member| member.person(network, &author.id)))
    }

    /// Those who were let in or paired, but not those of the configuration.
    pub(super) fn members(&self) -> Result<People, StoreError> {
        let mut people = Vec::new();
        for (network, id, member) in self.member_records()? {
            if self.core.settings.people.find(&network, &id).is_none() {
                people.extend(member.person(&network, &id));
            }
        }
        Ok(People(people))
    }

    fn member_records(&self) -> Result<Vec<(Network, String, Member)>, StoreError> {
        let mut found = Vec::new();
        for key in self
            .transaction
            .keys(&keys::members_prefix(), MOST_MEMBERS)?
        {
            let member: Option<Member> = self.transaction.load(&key)?;
            if let (Some(member), Some((network, id))) = (member, keys::member_of(&key)) {
                found.push((network, id, member));
            }
        }
        Ok(found)
    }

    /// Silence for the stranger, one notice to the owners.
    pub(super) fn stranger(
        &mut self,
        network: &Network,
        event: &ChatEvent,
    ) -> Result<Verdict, StoreError> {
        let ChatEvent { author, place, .. } = event;
        let key = keys::told_of_stranger(network, &author.id);
        let is_for_us =
            event.audience == Audience::Bridge || self.conversation_at(network, place)?.is_some();
        let is_ignored = self
            .transaction
            .exists(&keys::member(network, &author.id))?;
        if !is_for_us || is_ignored || self.transaction.exists(&key)? {
            return Ok(Verdict::Ignored);
        }
        let strangers = self.transaction.keys(&keys::strangers_prefix(), MOST)?;
        if strangers.len() >= MOST {
            warn!(
                adapter = network.0,
                "too many strangers wrote within a week: the owners are not told of this one"
            );
            return Ok(Verdict::Ignored);
        }
        info!(
            adapter = network.0,
            "a stranger wrote; the owners are told once"
        );
        self.transaction.save(key.clone(), &())?;
        self.expire(&key)?;
        let id = self.next_id();
        let name = plain_name(&author.name).unwrap_or_else(|| "somebody without a name".to_owned());
        let label = self.label(network);
        let text = match author.is_person {
            true => format!(
                "Someone unknown wrote to this bridge in {label}: {name} ({}). They got no answer, and nothing was sent.",
                author.id
            ),
            false => format!(
                "Someone wrote to this bridge in {label} in the name of {name}, and I cannot know who. Nothing was sent. \
                 Whoever is to be served has to write as themselves: in the group's list of administrators, switch \
                 \"remain anonymous\" off for them."
            ),
        };
        let choice = |token: &str, label: &str, command: &str| Choice {
            token: format!("{token}{id}"),
            label: label.to_owned(),
            command: Some(command.to_owned()),
        };
        let mut choices = vec![
            choice(READ, "Let them read", "allow read"),
            choice(WRITE, "Let them send too", "allow write"),
            choice(IGNORE, "Ignore them", "ignore"),
        ];
        if !author.is_person {
            choices.clear();
        }
        let mut notices = Vec::new();
        for (chat, description) in self.core.chats.clone() {
            for inbox in description.admins {
                let content = Content::Notice { text: text.clone() };
                let mut draft = Draft::new(&chat, Destination::Admin { inbox }, content);
                draft.choices.clone_from(&choices);
                notices.push(self.add_post(draft)?);
            }
        }
        if !author.is_person {
            return Ok(Verdict::Ignored);
        }
        let stranger = Stranger {
            network: network.clone(),
            id: author.id.clone(),
            name,
            place: place.clone(),
            notices,
        };
        let key = keys::stranger(id);
        self.expire(&key)?;
        self.transaction.save(key, &stranger)?;
        Ok(Verdict::Ignored)
    }

    /// One of the choices of a notice about a stranger. `None`: the token is of something else.
    pub(super) fn stranger_choice(
        &mut self,
        said: &Said<'_>,
        token: &str,
    ) -> Result<Option<Verdict>, StoreError> {
        let choices = [
            (READ, Decision::LetIn(Role::Reader)),
            (WRITE, Decision::LetIn(Role::Writer)),
            (IGNORE, Decision::Ignore),
        ];
        for (prefix, decision) in choices {
            if let Some(Ok(id)) = token.strip_prefix(prefix).map(str::parse) {
                return self.decide(said, id, decision).map(Some);
            }
        }
        Ok(None)
    }

    /// `/allow` in reply to a notice about a stranger.
    pub(super) fn allow(
        &mut self,
        said: &Said<'_>,
        stranger: Option<u64>,
        access: Option<Access>,
    ) -> Result<Verdict, StoreError> {
        let role = match access {
            Some(Access::Read) => Role::Reader,
            Some(Access::Write) => Role::Writer,
            None => {
                let prefix = self.prefix(said.network);
                return self.refuse(
                    said,
                    format!("Write {prefix}allow read or {prefix}allow write."),
                );
            }
        };
        match stranger {
            Some(id) => self.decide(said, id, Decision::LetIn(role)),
            None => self.no_stranger(said),
        }
    }

    /// `/ignore` in reply to a notice about a stranger.
    pub(super) fn ignore(
        &mut self,
        said: &Said<'_>,
        stranger: Option<u64>,
    ) -> Result<Verdict, StoreError> {
        match stranger {
            Some(id) => self.decide(said, id, Decision::Ignore),
            None => self.no_stranger(said),
        }
    }

    fn no_stranger(&mut self, said: &Said<'_>) -> Result<Verdict, StoreError> {
        let words =
            "Write this in reply to my notice that someone unknown wrote. Nothing was changed.";
        self.refuse(said, words.to_owned())
    }

    fn decide(
        &mut self,
        said: &Said<'_>,
        id: u64,
        decision: Decision,
    ) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Owner {
            return self.refuse_all_but_owners(said);
        }
        let Some(stranger) = self.transaction.load::<Stranger>(&keys::stranger(id))? else {
            let words = "That was too long ago: when they write again I ask you again.".to_owned();
            return self.refuse(said, words);
        };
        let Stranger {
            network,
            id,
            name,
            place,
            notices,
        } = stranger;
        if let Some(known) = self.core.settings.people.find(&network, &id) {
            let words = format!(
                "They stand in the configuration already, as [person.{}]; change it there.",
                known.name
            );
            return self.refuse(said, words);
        }
        let key = keys::member(&network, &id);
        let before: Option<Member> = self.transaction.load(&key)?;
        if before.is_none() && self.members_are_full()? {
            let words =
                "I know too many people already: remove some first, with /people remove NAME.";
            return self.refuse(said, words.to_owned());
        }
        let role = match decision {
            Decision::LetIn(role) => Some(role),
            Decision::Ignore => None,
        };
        // An owner who paired is not made less by an old button.
        if before
            .as_ref()
            .is_some_and(|member| member.role == Some(Role::Owner))
        {
            return self.refuse(said, "They are an owner by now.".to_owned());
        }
        let name = match &before {
            Some(member) => member.name.clone(),
            None => self.free_name(&name)?,
        };
        let label = self.label(&network);
        let words = match role {
            Some(Role::Reader) => format!("{name} ({label}) may read here now, but not send."),
            Some(Role::Writer | Role::Owner) => format!("{name} ({label}) may read and send now."),
            None => format!("{name} ({label}) is ignored from now on."),
        };
        let is_news = before.as_ref().is_none_or(|member| member.role != role);
        let member = Member {
            name,
            role,
            by: said.person.name.clone(),
            at: self.now,
        };
        self.transaction.save(key, &member)?;
        info!(adapter = network.0, ?role, "an owner decided on a stranger");
        let shown = format!("{words} ({} decided.)", said.person.name);
        for notice in notices {
            self.say_instead_without_choices(notice, &shown)?;
        }
        if let Some(role) = role.filter(|_| is_news) {
            self.welcome(&network, place, role)?;
        }
        self.confirm(said, &words)
    }

    /// Somebody who was let in hears of it where they wrote.
    fn welcome(&mut self, network: &Network, place: Place, role: Role) -> Result<(), StoreError> {
        let prefix = self.prefix(network);
        let may = match role {
            Role::Reader => "You may read what comes in, but not send.",
            Role::Writer | Role::Owner => "You may read what comes in, and send.",
        };
        let text = format!(
            "An owner let you in. {may} {prefix}help tells how. What you wrote before was not sent."
        );
        let content = Content::Notice { text };
        self.add_post(Draft::new(network, Destination::Place(place), content))
            .map(|_| ())
    }

    pub(super) fn say_instead_without_choices(
        &mut self,
        id: PostId,
        text: &str,
    ) -> Result<(), StoreError> {
        if let Some(mut post) = self.transaction.load::<Post>(&keys::post(id))? {
            // What the post was about stays known by its receipt.
            post.choices.clear();
            self.transaction.save(keys::post(id), &post)?;
        }
        self.say_instead(id, text)
    }

    pub(super) fn refuse_all_but_owners(&mut self, said: &Said<'_>) -> Result<Verdict, StoreError> {
        let words = "Only an owner can do that. Nothing was changed.";
        self.refuse(said, words.to_owned())
    }

    /// `/people`: everybody who may do something here.
    pub(super) fn list_people(&mut self, said: &Said<'_>) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Owner {
            return self.refuse_all_but_owners(said);
        }
        let may = |role: Role| match role {
            Role::Reader => "may read",
            Role::Writer => "may read and send",
            Role::Owner => "may do everything",
        };
        let mut text = "Who may do what here:\n".to_owned();
        for person in &self.core.settings.people.0 {
            let networks: Vec<String> = person
                .identities
                .iter()
                .map(|identity| self.label(&identity.network))
                .collect();
            text += &format!(
                "\n{} ({}) {}, by the configuration",
                person.name,
                networks.join(", "),
                may(person.role)
            );
        }
        for (network, _, member) in self.member_records()? {
            let label = self.label(&network);
            let Member { name, role, by, .. } = member;
            text += &match (role, by.is_empty()) {
                (Some(role), true) => format!("\n{name} ({label}) {}, by pairing", may(role)),
                (Some(role), false) => format!("\n{name} ({label}) {}, let in by {by}", may(role)),
                (None, _) => format!("\n{name} ({label}) is ignored, as {by} wished"),
            };
        }
        let prefix = self.prefix(said.network);
        text += &format!(
            "\n\n{prefix}people remove NAME takes that back from whoever is not in the configuration."
        );
        self.answer_here(said, text)
    }

    /// `/people remove NAME`.
    pub(super) fn remove_person(
        &mut self,
        said: &Said<'_>,
        name: &str,
    ) -> Result<Verdict, StoreError> {
        if said.person.role < Role::Owner {
            return self.refuse_all_but_owners(said);
        }
        let is_called = |known: &str| known.to_lowercase() == name.to_lowercase();
        let mut configured = self.core.settings.people.0.iter();
        if let Some(person) = configured.find(|person| is_called(&person.name)) {
            let words = format!(
                "{} stands in the configuration: remove [person.{}] there and restart me. Nothing was changed.",
                person.name, person.name
            );
            return self.refuse(said, words);
        }
        let mut members = self.member_records()?.into_iter();
        let Some((network, id, member)) = members.find(|(_, _, member)| is_called(&member.name))
        else {
            let prefix = self.prefix(said.network);
            return self.refuse(
                said,
                format!(
                    "I know nobody called {name}; {prefix}people lists all. Nothing was changed."
                ),
            );
        };
        self.transaction.remove(keys::member(&network, &id));
        // When they write again it is asked again.
        self.transaction
            .remove(keys::told_of_stranger(&network, &id));
        self.transaction.remove(keys::told_reader(&network, &id));
        info!(adapter = network.0, "an owner removed somebody");
        let words = format!(
            "{} is a stranger to me now: I do nothing for them. Whether they can still read a chat is decided there.",
            member.name
        );
        self.confirm(said, &words)
    }

    /// Makes somebody an owner who proved that the one at the machine wants it. Their name here.
    pub(super) fn pair(
        &mut self,
        network: &Network,
        author: &Author,
        role: Role,
    ) -> Result<String, StoreError> {
        if let Some(known) = self.core.settings.people.find(network, &author.id) {
            return Ok(known.name.clone());
        }
        let key = keys::member(network, &author.id);
        let before: Option<Member> = self.transaction.load(&key)?;
        let name = match before {
            Some(member) => member.name,
            None => {
                let wished = plain_name(&author.name).unwrap_or_else(|| "owner".to_owned());
                self.free_name(&wished)?
            }
        };
        let member = Member {
            name: name.clone(),
            role: Some(role),
            by: String::new(),
            at: self.now,
        };
        self.transaction.save(key, &member)?;
        info!(adapter = network.0, ?role, "somebody paired");
        Ok(name)
    }

    fn members_are_full(&self) -> Result<bool, StoreError> {
        let prefix = keys::members_prefix();
        let known = self.transaction.keys(&prefix, MOST_MEMBERS)?;
        Ok(known.len() >= MOST_MEMBERS)
    }

    /// By its name a person is recognised as the author of a message: nobody can take the name of another.
    fn free_name(&self, wished: &str) -> Result<String, StoreError> {
        let configured = self.core.settings.people.0.iter();
        let mut taken: Vec<String> = configured
            .map(|person| person.name.to_lowercase())
            .collect();
        let members = self.member_records()?;
        taken.extend(
            members
                .iter()
                .map(|(_, _, member)| member.name.to_lowercase()),
        );
        let is_free = |name: &String| !taken.contains(&name.to_lowercase());
        let numbered = (2..).map(|number: usize| format!("{wished} {number}"));
        let mut names = std::iter::once(wished.to_owned()).chain(numbered);
        Ok(names.find(is_free).unwrap_or_else(|| wished.to_owned()))
    }

    pub(super) fn label(&self, network: &Network) -> String {
        let known = self.core.chats.get(network);
        known.map_or_else(|| network.0.clone(), |known| known.label.clone())
    }
}

/// What an owner decided on a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    LetIn(Role),
    Ignore,
}

impl Member {
    /// `None` for one who is ignored.
    fn person(&self, network: &Network, id: &str) -> Option<Person> {
        Some(Person {
            name: self.name.clone(),
            role: self.role?,
            identities: vec![Identity {
                network: network.clone(),
                id: id.to_owned(),
            }],
        })
    }
}
