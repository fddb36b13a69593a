//! The reactions by which the state of an outgoing message is shown.

use std::collections::HashMap;

use bridge_core::chat::MessageState;

/// One reaction for each state. An empty one shows nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reactions(HashMap<MessageState, String>);

/// ⏳ queued, ✓ sent, ✓✓ delivered, ✗ failed, ? unknown, 🚫 cancelled.
impl Default for Reactions {
    fn default() -> Self {
        let usual = |state| match state {
            MessageState::Queued => "⏳",
            MessageState::Sent => "✓",
            MessageState::Delivered => "✓✓",
            MessageState::Failed => "✗",
            MessageState::Unknown => "?",
            MessageState::Cancelled => "🚫",
        };
        Self(
            MessageState::ALL
                .into_iter()
                .map(|state| (state, usual(state).to_owned()))
                .collect(),
        )
    }
}

impl Reactions {
    /// Shows a state by another reaction: Matrix takes any text.
    pub fn set(&mut self, state: MessageState, mark: &str) {
        self.0.insert(state, mark.trim().to_owned());
    }

    /// The reaction of a state; empty where nothing is shown.
    #[must_use]
    pub fn of(&self, state: MessageState) -> &str {
        self.0.get(&state).map_or("", String::as_str)
    }

    /// The state that a reaction stands for. `None` for any other.
    #[must_use]
    pub fn state(&self, mark: &str) -> Option<MessageState> {
        MessageState::ALL
            .into_iter()
            .find(|&state| !mark.is_empty() && self.of(state) == mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_own_and_can_be_given_another() {
        let mut reactions = Reactions::default();
        for state in MessageState::ALL {
            assert_eq!(reactions.state(reactions.of(state)), Some(state));
        }
        reactions.set(MessageState::Queued, "");
        reactions.set(MessageState::Sent, " 🕊 ");
        assert_eq!(reactions.of(MessageState::Sent), "🕊");
        assert_eq!(reactions.state("✓"), None);
        assert_eq!(reactions.state(""), None);
    }
}
