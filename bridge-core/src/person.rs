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

/// The longest name shown, in characters.
const LONGEST_NAME: usize = 40;

/// What somebody calls themselves in a chat network, as it may stand in our own words: on one line, not too long, and
/// without characters that turn the direction of writing or cannot be seen. `None` where nothing is left.
pub(crate) fn plain_name(name: &str) -> Option<String> {
    let is_shown = |c: &char| {
        !c.is_control()
            && !matches!(*c,
                '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let shown: String = name
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(is_shown)
        .collect();
    let words: Vec<&str> = shown.split_whitespace().collect();
    let name: String = words.join(" ").chars().take(LONGEST_NAME).collect();
    let name = name.trim_end();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_in_our_own_words() {
        let cases = [
            ("Ann", Some("Ann")),
            ("  Ann\n\tSmith ", Some("Ann Smith")),
            ("Ann\u{202e}nna", Some("Annnna")),
            ("\u{200b}\u{feff}", None),
            ("", None),
            (" \n ", None),
            ("Zoë 🦊", Some("Zoë 🦊")),
        ];
        for (name, expected) in cases {
            assert_eq!(plain_name(name).as_deref(), expected, "{name:?}");
        }
        let long = plain_name(&"x".repeat(5000)).unwrap();
        assert_eq!(long.chars().count(), LONGEST_NAME);
    }
}
