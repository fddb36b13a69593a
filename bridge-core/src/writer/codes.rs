//! One-time codes: who sees them where an inbox has other readers than owners.

use crate::chat::{Content, Destination, InboxId, Network, Sound};
use crate::codes;
use crate::id::MessageId;
use crate::person::Role;
use crate::settings::CodesFor;
use crate::store::StoreError;
use crate::store::record::Message;
use crate::writer::work::{Draft, Work};

impl Work<'_> {
    /// Whether this place is to learn only that a code came.
    pub(super) fn is_kept_from(
        &self,
        network: &Network,
        destination: &Destination,
        code: Option<&str>,
    ) -> Result<bool, StoreError> {
        if code.is_none() || self.core.settings.codes == CodesFor::Everyone {
            return Ok(false);
        }
        match destination {
            Destination::Conversation { inbox, .. } | Destination::Notices { inbox, .. } => {
                self.has_other_readers(network, inbox)
            }
            Destination::Admin { .. } | Destination::Place(_) => Ok(false),
        }
    }

    /// Somebody who is no owner may read what is shown there: anybody else whom the bridge knows in this network, unless it
    /// is an owner's private chat, which has their id.
    fn has_other_readers(&self, network: &Network, inbox: &InboxId) -> Result<bool, StoreError> {
        let members = self.members()?;
        let people = [&self.core.settings.people, &members];
        let mut owners = people
            .into_iter()
            .flat_map(|people| people.ids(network, Role::Owner));
        if owners.any(|id| id == inbox.0) {
            return Ok(false);
        }
        let others = people.into_iter().flat_map(|people| &people.0);
        let mut others = others.filter(|person| person.role < Role::Owner);
        Ok(others.any(|person| {
            let mut known = person.identities.iter();
            known.any(|identity| identity.network == *network)
        }))
    }

    /// What the others see.
    pub(super) fn kept_code(&self, from: &str, sound: Sound) -> Content {
        let text = format!("A code from {from} arrived. The owners have it in the admin chat.");
        match sound {
            Sound::Usual => Content::Notice { text },
            Sound::Silent => Content::Digest { text },
        }
    }

    /// The owners get in the admin chats what was kept from others. Where a network knows no owner there is none.
    pub(super) fn give_code_to_owners(
        &mut self,
        id: MessageId,
        message: &Message,
    ) -> Result<(), StoreError> {
        for (network, description) in self.core.chats.clone() {
            let people = &self.core.settings.people;
            if people.ids(&network, Role::Owner).next().is_none() {
                continue;
            }
            for inbox in description.admins {
                let destination = Destination::Admin { inbox };
                for content in
                    self.contents(message, description.text_limit, &network, &destination)?
                {
                    let mut draft = Draft::new(&network, destination.clone(), content);
                    draft.message = Some(id);
                    draft.conversation = Some(message.conversation.clone());
                    self.add_post(draft)?;
                }
            }
        }
        Ok(())
    }

    /// The same of a message that has become longer, or where somebody was let in since.
    pub(super) fn give_code_that_is_new(
        &mut self,
        id: MessageId,
        message: &Message,
        shown: &[(Network, Destination)],
    ) -> Result<(), StoreError> {
        let is_given = |(_, destination): &(Network, Destination)| {
            matches!(destination, Destination::Admin { .. })
        };
        if shown.iter().any(is_given) {
            return Ok(());
        }
        let code = Self::code_in(message);
        for (network, destination) in shown {
            if self.is_kept_from(network, destination, code.as_deref())? {
                return self.give_code_to_owners(id, message);
            }
        }
        Ok(())
    }

    /// The code in a message.
    pub(super) fn code_in(message: &Message) -> Option<String> {
        codes::find(&message.text)
    }
}
