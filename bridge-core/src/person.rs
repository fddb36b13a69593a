//! People: who is known in which chat network, and what they may do.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::chat::Network;

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read.
    Reader,
    /// Read and send.
    Writer,
    /// Everything.
    Owner,
}

/// Someone known by id in one or more chat networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// `NAME` of `[person.NAME]`.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Who they are in each chat network.
    pub identities: Vec<Identity>,
}

/// A person's id in one network: a Telegram user id in decimal, a Matrix user id.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Where.
    pub network: Network,
    /// Who, as the network writes it.
    pub id: String,
}

/// An id leads to a person: not for logs.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.network)
    }
}

/// Everybody who is known.
#[derive(Clone, Debug, Default)]
pub struct People(pub Vec<Person>);

impl People {
    /// The person with this id in this network. `None` for a stranger.
    #[must_use]
    pub fn find(&self, network: &Network, id: &str) -> Option<&Person> {
        self.0.iter().find(|person| {
            person
                .identities
                .iter()
                .any(|known| known.network == *network && known.id == id)
        })
    }

    /// The ids in `network` of all who have at least `role`.
    pub fn ids<'a>(&'a self, network: &'a Network, role: Role) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |person| person.role >= role)
            .flat_map(|person| &person.identities)
            .filter(move |identity| identity.network == *network)
            .map(|identity| identity.id.as_str())
    }
}
