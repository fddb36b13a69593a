//! What became of each message, seen from the outside: from the network's log, from what stands in both chats, and from the
//! store's export.

use std::fmt;

use crate::stage::Stage;
use crate::stored::Stored;
use crate::traffic::{Outgoing, Place, Written};

/// A message in a chat.
struct Shown {
    id: String,
    text: String,
    by_bridge: bool,
    mark: Option<State>,
}

/// What the mark on a person's message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Queued,
    Sent,
    Delivered,
    Failed,
    Unknown,
    Other,
}

/// The account.
#[derive(Debug, Default)]
pub(crate) struct Account {
    incoming: usize,
    outgoing: usize,
    delivered: usize,
    unknown: usize,
    failed: usize,
    marked: usize,
    lost: Vec<String>,
    repeated: Vec<String>,
    unasked: Vec<String>,
    waiting: Vec<String>,
    untrue: Vec<String>,
    /// Not once in the store.
    misstored: Vec<String>,
}

/// Looks at everything.
pub(crate) async fn take(stage: &Stage, written: &Written) -> Account {
    let sent = stage.modem.lock().await.sent().await;
    let telegram = telegram(stage).await;
    let matrix = matrix(stage).await;
    let mut account = Account {
        incoming: written.incoming.len(),
        outgoing: written.outgoing.len(),
        ..Account::default()
    };
    for text in &written.incoming {
        account.shown(&telegram, text, "telegram", Repeats::Shown);
        account.shown(&matrix, text, "matrix", Repeats::Recognised);
    }
    for message in &written.outgoing {
        let times = sent
            .iter()
            .filter(|(_, text)| *text == message.text)
            .count();
        account.left(message, times, &telegram, &matrix);
    }
    account
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeats {
    Shown,
    Recognised,
}

async fn telegram(stage: &Stage) -> Vec<Shown> {
    let messages = stage.telegram.messages().await;
    let shown = |message: serde_json::Value| Shown {
        id: message["message_id"].to_string(),
        text: message["text"].as_str().unwrap_or_default().to_owned(),
        by_bridge: message["by_bot"] == true,
        mark: message["reactions"][0].as_str().map(|mark| match mark {
            "👀" => State::Queued,
            "🕊" => State::Sent,
            "👍" => State::Delivered,
            "💔" => State::Failed,
            "🤷" => State::Unknown,
            _ => State::Other,
        }),
    };
    messages.into_iter().map(shown).collect()
}

async fn matrix(stage: &Stage) -> Vec<Shown> {
    let messages = stage.me.lock().await.timeline().await;
    let shown = |message: crate::matrix::Message| {
        let mut marks = message.reactions.iter().filter(|(_, by)| *by == stage.bot);
        Shown {
            mark: marks.next_back().map(|(mark, _)| match mark.as_str() {
                "⏳" => State::Queued,
                "✓" => State::Sent,
                "✓✓" => State::Delivered,
                "✗" => State::Failed,
                "?" => State::Unknown,
                _ => State::Other,
            }),
            id: message.id,
            text: message.text,
            by_bridge: message.sender == stage.bot,
        }
    };
    messages.into_iter().map(shown).collect()
}

impl Account {
    /// A text stands in a chat by the bridge: once, or more often and marked where the network shows repeats.
    fn shown(&mut self, chat: &[Shown], text: &str, network: &str, repeats: Repeats) {
        let posts = chat
            .iter()
            .filter(|shown| shown.by_bridge && shown.text.contains(text));
        let (mut all, mut marked) = (0, 0);
        for post in posts {
            all += 1;
            marked += usize::from(
                post.text.contains("possible repeat")
                    || post.text.contains("may not have been shown"),
            );
        }
        self.marked += marked;
        if all == 0 {
            self.lost.push(format!("{network}: {text:?}"));
        }
        let allowed = match repeats {
            Repeats::Shown => marked + 1,
            Repeats::Recognised => 1,
        };
        if all > allowed {
            self.repeated.push(format!(
                "{network}: {all} times, {marked} of them marked: {text:?}"
            ));
        }
    }

    /// What a person wrote left once, or its mark says what became of it; and it stands in the other chat.
    fn left(&mut self, message: &Outgoing, times: usize, telegram: &[Shown], matrix: &[Shown]) {
        let own = match &message.place {
            Place::Telegram(id) => {
                self.shown(matrix, &message.text, "matrix", Repeats::Recognised);
                telegram.iter().find(|shown| shown.id == id.to_string())
            }
            Place::Matrix { event, .. } => {
                self.shown(telegram, &message.text, "telegram", Repeats::Shown);
                matrix.iter().find(|shown| shown.id == *event)
            }
        };
        let mark = own.and_then(|own| own.mark);
        let (place, text) = (&message.place, &message.text);
        let what = format!("{mark:?}, and left {times} times: {text:?}, {place:?}");
        if times > 1 {
            self.unasked.push(what.clone());
        }
        match (mark, times) {
            (Some(State::Delivered | State::Sent), 1..) => self.delivered += 1,
            (Some(State::Unknown), _) => self.unknown += 1,
            (Some(State::Failed), 0) => self.failed += 1,
            (None, 0) => self.lost.push(what),
            (Some(State::Queued) | None, _) => self.waiting.push(what),
            (Some(State::Delivered | State::Sent | State::Failed | State::Other), _) => {
                self.untrue.push(what);
            }
        }
    }

    /// Each message stands in the store exactly once.
    pub(crate) fn compare(&mut self, stored: &[Stored], written: &Written) {
        let incoming = written.incoming.iter().map(|text| (text, true));
        let outgoing = written.outgoing.iter().map(|out| (&out.text, false));
        for (text, incoming) in incoming.chain(outgoing) {
            let times = stored
                .iter()
                .filter(|one| one.incoming == incoming && one.text == *text)
                .count();
            if times != 1 {
                self.misstored.push(format!("{times} times: {text:?}"));
            }
        }
    }

    /// What is wrong with the store as a whole.
    pub(crate) fn finds(&mut self, what: String) {
        self.misstored.push(what);
    }

    /// Whether anything may yet change.
    pub(crate) fn waits(&self) -> bool {
        !(self.lost.is_empty() && self.waiting.is_empty() && self.untrue.is_empty())
    }

    /// Whether the promise was broken.
    pub(crate) fn is_wrong(&self) -> bool {
        self.waits()
            || !(self.repeated.is_empty() && self.unasked.is_empty() && self.misstored.is_empty())
    }

    /// In one line.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{} messages in, {} out ({} sent, {} failed, {} unknown), {} lost, {} waiting, {} repeated, {} marked repeats, \
             {} sent again unasked, {} untrue, {} not once in the store",
            self.incoming,
            self.outgoing,
            self.delivered,
            self.failed,
            self.unknown,
            self.lost.len(),
            self.waiting.len(),
            self.repeated.len(),
            self.marked,
            self.unasked.len(),
            self.untrue.len(),
            self.misstored.len(),
        )
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.summary())?;
        for (name, list) in [
            ("lost", &self.lost),
            ("waiting", &self.waiting),
            ("repeated", &self.repeated),
            ("sent again unasked", &self.unasked),
            ("untrue", &self.untrue),
            ("store", &self.misstored),
        ] {
            for what in list.iter().take(20) {
                writeln!(f, "  {name}: {what}")?;
            }
        }
        Ok(())
    }
}
