//! Whether the world, as it stands when all is settled, is one that the bridge promised.

use std::collections::{BTreeMap, BTreeSet};

use bridge_core::chat::MessageState;

use crate::script::{Scenario, What, segments};
use crate::world::{Chat, KNOWS, SHOWS, Said, Shown, State};

/// Posts that are under way at once in one network.
const AT_ONCE: usize = 3;

/// What is counted besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Questions about a doubt.
    pub(crate) unknown: usize,
    /// Posts that were marked "possible repeat".
    pub(crate) marked: usize,
}

/// What is wrong with the world; `crashes`: where the lives before the last one ended.
pub(crate) fn judge(state: &State, scenario: &Scenario, crashes: &[&str]) -> (Tally, Vec<String>) {
    let mut judge = Judge {
        state,
        scenario,
        crashes,
        tally: Tally::default(),
        wrong: Vec::new(),
    };
    for (network, chat) in &state.chats {
        judge.posts(network, chat);
    }
    judge.arrived();
    for step in &scenario.steps {
        match step.what {
            What::Send { network, text, .. } | What::Answer { network, text, .. } => {
                judge.left(network, text);
            }
            What::AnswerOwn { network, text, .. } if !text.starts_with('!') => {
                judge.left(network, text);
            }
            What::AnswerOwn { .. } | What::Sms { .. } | What::Garbage => {}
        }
    }
    (judge.tally, judge.wrong)
}

struct Judge<'a> {
    state: &'a State,
    scenario: &'a Scenario,
    crashes: &'a [&'a str],
    tally: Tally,
    wrong: Vec<String>,
}

/// Shown once more, since two tries were in doubt, or since it was refused in its place.
fn given_up(shown: &Shown) -> bool {
    shown.text.contains("may not have been shown")
        || shown.text.contains("could not be shown")
        || shown.text.contains("may have said this")
}

fn is_question(shown: &Shown) -> bool {
    shown.text.starts_with("I can't tell whether this left")
}

impl Judge<'_> {
    fn wrong(&mut self, what: String) {
        self.wrong.push(what);
    }

    /// How many doubts there may be.
    fn doubts(&self) -> usize {
        let told = |step: &crate::script::Step| match step.what {
            What::Send { text, .. } | What::Answer { text, .. } | What::AnswerOwn { text, .. } => {
                // The refusal of a try says nothing of an earlier one.
                text.contains("[lost]") || text.contains("[refuse]")
            }
            What::Sms { .. } | What::Garbage => false,
        };
        self.crashes.len() + self.scenario.steps.iter().filter(|step| told(step)).count()
    }

    /// Nothing stands twice in a chat without saying so.
    fn posts(&mut self, network: &str, chat: &Chat) {
        let mut by_post: BTreeMap<u64, Vec<&Shown>> = BTreeMap::new();
        for shown in &chat.messages {
            if let Some(post) = shown.post {
                by_post.entry(post).or_default().push(shown);
            }
        }
        let mut unseen = 0;
        for (post, shown) in &by_post {
            let marked = shown.iter().filter(|shown| shown.marked).count();
            if network == SHOWS {
                self.tally.marked += marked;
                if shown.len() - marked > 1 || shown.len() > 2 + self.state.asks_there() {
                    self.wrong(format!(
                        "{network}: a post stands there {} times, {marked} of them marked: {:?}",
                        shown.len(),
                        shown[0].text
                    ));
                }
                // That it was claimed is stored a moment before the chat sees anything of it.
                let begun =
                    |(called, life): &&(u64, u32)| called == post && *life < self.state.lives;
                if marked > 0 && chat.called.iter().filter(begun).count() == 0 {
                    unseen += 1;
                }
            } else if shown.len() > 1 {
                self.wrong(format!(
                    "{network}: a post stands there {} times: {:?}",
                    shown.len(),
                    shown[0].text
                ));
            }
        }
        if unseen > AT_ONCE * self.crashes.len() {
            self.wrong(format!(
                "{network}: {unseen} posts are marked that were never tried before"
            ));
        }
        let mut rooms = chat.rooms.clone();
        rooms.sort();
        rooms.dedup();
        if rooms.len() != chat.rooms.len() {
            self.wrong(format!(
                "{network}: rooms were made twice: {:?}",
                chat.rooms
            ));
        }
        let mut by_content: BTreeMap<(&str, &str, Option<&str>), BTreeSet<u64>> = BTreeMap::new();
        let mut questions = BTreeSet::new();
        for shown in &chat.messages {
            let Some(post) = shown.post else { continue };
            if is_question(shown) {
                questions.insert(post);
            } else {
                let content = (&*shown.room, &*shown.text, shown.reply_to.as_deref());
                by_content.entry(content).or_default().insert(post);
            }
        }
        for ((_, text, _), posts) in by_content {
            if posts.len() > 1 {
                self.wrong(format!(
                    "{network}: said by {} posts: {text:?}",
                    posts.len()
                ));
            }
        }
        self.tally.unknown += questions.len();
        if questions.len() > self.doubts() {
            self.wrong(format!(
                "{network}: {} questions about a doubt",
                questions.len()
            ));
        }
        for shown in &chat.messages {
            let is_doubtful = !shown.text.contains("could not be shown");
            if shown.post.is_some() && given_up(shown) && is_doubtful && self.crashes.len() < 2 {
                self.wrong(format!(
                    "{network}: given up after one crash: {:?}",
                    shown.text
                ));
            }
        }
    }

    /// All that came in is shown in each chat, in its order.
    fn arrived(&mut self) {
        let mut texts: Vec<(&str, &str)> = Vec::new();
        for step in &self.scenario.steps {
            match step.what {
                What::Sms { from, text, .. } if !texts.contains(&(from, text)) => {
                    texts.push((from, text));
                }
                What::Garbage => texts.push(("", "no readable SMS")),
                What::Sms { .. }
                | What::Answer { .. }
                | What::Send { .. }
                | What::AnswerOwn { .. } => {}
            }
        }
        for (network, chat) in &self.state.chats {
            let mut last: BTreeMap<&str, usize> = BTreeMap::new();
            for (from, text) in &texts {
                let shown = |shown: &Shown| shown.post.is_some() && shown.text.contains(text);
                match chat.messages.iter().position(shown) {
                    None => self.wrong(format!("{network}: lost: {text:?}")),
                    Some(at) => {
                        if last.insert(from, at).is_some_and(|before| before > at) {
                            self.wrong(format!("{network}: out of order: {text:?}"));
                        }
                    }
                }
                let posts: BTreeSet<u64> = chat
                    .messages
                    .iter()
                    .filter(|one| shown(one) && !given_up(one))
                    .filter_map(|shown| shown.post)
                    .collect();
                if posts.len() > 1 || posts.is_empty() && text.contains("[closed]") {
                    self.wrong(format!(
                        "{network}: shown by {} posts: {text:?}",
                        posts.len()
                    ));
                }
            }
        }
        if !self.state.slots.is_empty() {
            self.wrong("the modem's memory still holds what came in".to_owned());
        }
    }

    /// What a person wrote left once, or says what became of it, and says the same everywhere.
    fn left(&mut self, network: &str, text: &str) {
        let chat = self.state.chat(network);
        let own = chat
            .messages
            .iter()
            .find(|shown| shown.post.is_none() && shown.text.ends_with(text));
        let Some(own) = own else {
            return self.wrong(format!("{network}: {text:?} was never written"));
        };
        let refused = |shown: &Shown| {
            let message = shown
                .reply_to
                .as_deref()
                .and_then(|to| to.parse::<usize>().ok());
            let own = message.and_then(|message| chat.messages.get(message));
            shown.text.starts_with("I don't know which contact")
                && own.is_some_and(|own| own.text == text)
        };
        // An answer to a post whose receipt is not stored yet, or was lost with the process, is asked about.
        if chat.messages.iter().any(refused) {
            return;
        }
        let asks = self.asks(text);
        let mut times = Vec::new();
        for part in segments(text) {
            let part = part.text().unwrap();
            let submitted = self
                .state
                .submissions
                .iter()
                .filter(|one| one.text == part)
                .count();
            if submitted > 1 + asks {
                self.wrong(format!(
                    "sent {submitted} times, asked for again {asks} times: {part:?}"
                ));
            }
            times.push(submitted);
        }
        let (all, none) = (
            times.iter().all(|times| *times > 0),
            times.iter().all(|times| *times == 0),
        );
        let is_true = match own.state {
            Some(MessageState::Delivered) => all && self.scenario.reports,
            Some(MessageState::Sent) => all && !self.scenario.reports,
            Some(MessageState::Cancelled) => none,
            Some(MessageState::Unknown) => self.may_be_unknown(text, all),
            Some(MessageState::Failed | MessageState::Queued) | None => false,
        };
        if !is_true {
            self.wrong(format!(
                "{text:?} is {:?} and its parts left {times:?} times",
                own.state
            ));
        }
        let other = if network == SHOWS { KNOWS } else { SHOWS };
        let mirrors: Vec<&Shown> = self
            .state
            .chat(other)
            .messages
            .iter()
            .filter(|shown| {
                shown.post.is_some()
                    && (shown.text == text || given_up(shown) && shown.text.contains(text))
            })
            .collect();
        match mirrors.last() {
            None => self.wrong(format!(
                "{other}: lost what was written elsewhere: {text:?}"
            )),
            // Where nobody knows whether it stands there, nothing shows a state either.
            Some(mirror) if mirror.state.is_none() && self.crashes.len() > 1 => {}
            Some(mirror) if mirror.state != own.state => {
                self.wrong(format!(
                    "{other}: {text:?} is {:?} here and {:?} there",
                    own.state, mirror.state
                ));
            }
            Some(_) => {}
        }
    }

    /// How often a person asked for it to be sent again.
    fn asks(&self, text: &str) -> usize {
        let asked = |said: &&Said| match said {
            Said::Pressed { token, .. } => token.starts_with("again"),
            Said::Wrote { text, .. } => text == "!retry",
        };
        let all = self
            .state
            .chats
            .values()
            .flat_map(|chat| &chat.said)
            .filter(asked)
            .count();
        let is_asked = self.scenario.asks_again || text.contains("[refuse]");
        if is_asked { all } else { 0 }
    }

    /// Only what was under way when a process ended, or whose answer was lost, may be unknown; and a report, a late result or
    /// the modem's memory resolves it.
    fn may_be_unknown(&self, text: &str, left: bool) -> bool {
        // Not more of them than processes ended, as is judged by the questions.
        let begun = !self.crashes.is_empty();
        let reason = begun || text.contains("[lost]");
        // Two parts in doubt to one recipient have no report of their own.
        let resolved = left && self.scenario.reports && self.crashes.len() < 2;
        reason && !resolved
    }
}
