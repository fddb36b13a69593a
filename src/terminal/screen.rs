//! What stands in the terminal: numbered messages, and how each looks.
//!
//! **Invariant:** everything written goes through here, whole lines at a time, so that nothing is torn.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bridge_core::PostId;
use bridge_core::chat::{Content, MessageState, OutgoingPost};

use super::Colours;
use crate::typing::{CLEAR_LINE, columns, plain, tail};

/// Messages that can be answered; a number below the oldest is no longer known.
const KEPT: usize = 1_000;

/// Characters of one's own text that are repeated beside its first state.
const EXCERPT: usize = 40;

pub(super) struct Screen {
    colours: Colours,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    messages: BTreeMap<u64, Message>,
    /// Of the newest message from or to a contact.
    newest: Option<u64>,
    /// The line being typed, which stands below everything else. `None` where nobody types.
    typing: Option<String>,
}

/// One numbered message.
struct Message {
    /// `None` for what the person typed.
    post: Option<PostId>,
    /// With whom. `None` for the bridge's own words and for commands.
    contact: Option<String>,
    /// What was typed, until its first state was shown.
    typed: Option<String>,
}

/// Colours by meaning.
#[derive(Clone, Copy)]
enum Ink {
    Number,
    Contact,
    Good,
    Bad,
    Faint,
}

impl Screen {
    pub(super) fn new(colours: Colours) -> Self {
        Self {
            colours,
            state: Mutex::new(State::default()),
        }
    }

    pub(super) fn say(&self, words: &str) -> io::Result<()> {
        self.write(&self.lock(), words)
    }

    /// Shows the line being typed; `None` takes it away.
    pub(super) fn typing(&self, line: Option<&str>) -> io::Result<()> {
        let mut state = self.lock();
        let mut out = io::stdout().lock();
        if state.typing.is_some() {
            write!(out, "{CLEAR_LINE}")?;
        }
        state.typing = line.map(str::to_owned);
        self.write_typing(&state, &mut out)
    }

    /// Numbers a typed line and finds what it answers: its own number, the text, and the number it answers.
    pub(super) fn typed(&self, line: &str) -> io::Result<(u64, String, Option<u64>)> {
        let mut state = self.lock();
        if let Some(typing) = &mut state.typing {
            typing.clear();
        }
        self.write(&state, &format!("> {line}"))?;
        let (answered, text) = split_answer(line);
        let is_command = text.starts_with('/') && !text.starts_with("//");
        let answered = answered.or_else(|| state.newest.filter(|_| !is_command));
        let contact = if is_command {
            sent_to(text)
        } else {
            let answered = answered.and_then(|number| state.messages.get(&number));
            answered.and_then(|message| message.contact.clone())
        };
        let own_text = if is_command { sent_text(text) } else { text };
        let number = state.add(Message {
            post: None,
            contact,
            typed: Some(own_text.to_owned()),
        });
        Ok((number, text.to_owned(), answered))
    }

    /// What was typed goes out: a text typed next answers the same contact.
    pub(super) fn accepted(&self, number: u64) {
        let mut state = self.lock();
        // The contact's own message may have come meanwhile.
        state.newest = state.newest.max(Some(number));
    }

    /// Shows a post and says its number.
    pub(super) fn post(&self, post: &OutgoingPost) -> io::Result<u64> {
        let mut state = self.lock();
        let contact = match &post.content {
            Content::Sms { from, .. } => Some(from.clone()),
            Content::Mirror { to, .. } => Some(to.clone()),
            Content::Notice { .. } | Content::Digest { .. } | Content::File { .. } => None,
        };
        let number = state.add(Message {
            post: Some(post.id),
            contact,
            typed: None,
        });
        let lines = self.render(number, post, "");
        self.write(&state, &lines)?;
        Ok(number)
    }

    /// Shows a post anew, as a terminal cannot take back what it printed.
    pub(super) fn amend(&self, number: u64, post: &OutgoingPost) -> io::Result<()> {
        let lines = self.render(number, post, " (now complete or changed)");
        self.write(&self.lock(), &lines)
    }

    pub(super) fn state(&self, number: u64, message_state: MessageState) -> io::Result<()> {
        let mut state = self.lock();
        let (mark, ink) = match message_state {
            MessageState::Queued => ("…", Ink::Faint),
            MessageState::Sent => ("✓", Ink::Good),
            MessageState::Delivered => ("✓✓", Ink::Good),
            MessageState::Failed => ("✗", Ink::Bad),
            MessageState::Unknown => ("?", Ink::Bad),
            MessageState::Cancelled => ("–", Ink::Faint),
        };
        let mut line = format!(
            "{} {}",
            self.ink(Ink::Number, &format!("#{number}")),
            self.ink(ink, &format!("{mark:<2} {}", message_state.word()))
        );
        if let Some(message) = state.messages.get_mut(&number)
            && let Some(typed) = message.typed.take()
            && let Some(contact) = message.contact.clone()
        {
            line.push_str(&format!(
                ", to {}: {}",
                self.ink(Ink::Contact, &plain(&contact)),
                excerpt(&typed)
            ));
        }
        self.write(&state, &line)
    }

    /// The number of a post that was shown.
    pub(super) fn shown(&self, post: PostId) -> Option<u64> {
        let state = self.lock();
        let found = state
            .messages
            .iter()
            .find(|(_, message)| message.post == Some(post));
        found.map(|(&number, _)| number)
    }

    fn render(&self, number: u64, post: &OutgoingPost, remark: &str) -> String {
        let number_shown = self.ink(Ink::Number, &format!("#{number}"));
        let mut lines = match &post.content {
            Content::Sms {
                from,
                line,
                text,
                notes,
                sent_at: _,
                sound: _,
                code: _,
            } => {
                let line = line
                    .as_ref()
                    .map(|line| format!(" on {line}"))
                    .unwrap_or_default();
                let mut lines = format!(
                    "{number_shown} {}{line}{remark}: {}",
                    self.ink(Ink::Contact, &plain(from)),
                    plain(text)
                );
                for note in notes {
                    lines.push_str(&format!("\n({})", self.ink(Ink::Faint, &plain(note))));
                }
                lines
            }
            Content::Mirror {
                to,
                author,
                via,
                text,
            } => format!(
                "{number_shown} ({} via {}) to {}{remark}: {}",
                plain(author),
                plain(via),
                self.ink(Ink::Contact, &plain(to)),
                plain(text)
            ),
            Content::Notice { text } | Content::Digest { text } => {
                format!("{number_shown}{remark} {}", plain(text))
            }
            Content::File { caption, text, .. } => {
                format!(
                    "{number_shown}{remark} {}:\n{}",
                    plain(caption),
                    plain(text)
                )
            }
        };
        for choice in &post.choices {
            if let Some(command) = &choice.command {
                lines.push_str(&format!(
                    "\n{}: type #{number} /{command}",
                    plain(&choice.label)
                ));
            }
        }
        lines
    }

    /// Writes whole lines; those after the first are set in. The line being typed goes below them.
    fn write(&self, state: &State, words: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if state.typing.is_some() {
            write!(out, "{CLEAR_LINE}")?;
        }
        writeln!(out, "{}", words.replace('\n', "\n   "))?;
        self.write_typing(state, &mut out)
    }

    fn write_typing(&self, state: &State, out: &mut impl Write) -> io::Result<()> {
        if let Some(typing) = &state.typing {
            write!(out, "> {}", tail(typing, columns().saturating_sub(3)))?;
        }
        out.flush()
    }

    fn ink(&self, ink: Ink, words: &str) -> String {
        if self.colours == Colours::Off {
            return words.to_owned();
        }
        let code = match ink {
            Ink::Number => "2",
            Ink::Contact => "1;36",
            Ink::Good => "32",
            Ink::Bad => "1;31",
            Ink::Faint => "2",
        };
        format!("\x1b[{code}m{words}\x1b[0m")
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What is behind it is numbers and texts: whole whenever the lock is free.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, message: Message) -> u64 {
        self.last += 1;
        if message.post.is_some() && message.contact.is_some() {
            self.newest = Some(self.last);
        }
        self.messages.insert(self.last, message);
        while self.messages.len() > KEPT {
            self.messages.pop_first();
        }
        self.last
    }
}

/// `#2 text` answers message 2.
fn split_answer(line: &str) -> (Option<u64>, &str) {
    let line = line.trim();
    let Some(rest) = line.strip_prefix('#') else {
        return (None, line);
    };
    let (number, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    match number.parse() {
        Ok(number) => (Some(number), text.trim_start()),
        Err(_) => (None, line),
    }
}

/// The number in `/send NUMBER TEXT`, to be shown beside its state; what it means is the core's to say.
fn sent_to(command: &str) -> Option<String> {
    let mut words = command.split_whitespace();
    (words.next() == Some("/send")).then_some(())?;
    words.next().map(str::to_owned)
}

fn sent_text(command: &str) -> &str {
    command
        .splitn(3, char::is_whitespace)
        .nth(2)
        .unwrap_or_default()
}

fn excerpt(text: &str) -> String {
    let mut shown: String = plain(text).replace('\n', " ");
    if shown.chars().count() > EXCERPT {
        shown = shown.chars().take(EXCERPT - 1).collect();
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_its_message() {
        let cases = [
            ("#2 hello there", (Some(2), "hello there")),
            (" #12  /retry ", (Some(12), "/retry")),
            ("#2", (Some(2), "")),
            ("#tag of mine", (None, "#tag of mine")),
            ("hello #2", (None, "hello #2")),
            ("", (None, "")),
        ];
        for (line, expected) in cases {
            assert_eq!(split_answer(line), expected, "{line}");
        }
    }

    #[test]
    fn what_came_by_air_cannot_command_the_terminal() {
        assert_eq!(plain("a\x1b[2Jb\nc\u{202e}d"), "a\u{fffd}[2Jb\nc\u{fffd}d");
        assert_eq!(excerpt(&"x".repeat(50)).chars().count(), EXCERPT);
    }

    #[test]
    fn a_send_names_its_number() {
        assert_eq!(
            sent_to("/send +12025550100 hello").as_deref(),
            Some("+12025550100")
        );
        assert_eq!(sent_to("/status"), None);
        assert_eq!(sent_text("/send +12025550100 hello you"), "hello you");
    }
}
