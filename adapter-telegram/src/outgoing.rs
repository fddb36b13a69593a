//! Content as Telegram shows it: HTML with everything escaped, choices as buttons, states as reactions.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bridge_core::chat::{Attempt, Choice, Content, MessageState, OutgoingPost, RoomKind, Sound};
use teloxide::types::{CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup};

use crate::SettingsError;

/// What Telegram takes in one message, in UTF-16 code units after its markup is read.
const MESSAGE: usize = 4096;
/// What is left for a text once head, notes and the mark of a repeat are taken off.
pub(crate) const TEXT: usize = 3500;
/// What a button may copy: 1 to 256 characters.
const COPIED: usize = 256;
/// The longest name in a head.
const NAME: usize = 128;

/// Telegram's reactions (Bot API, "ReactionTypeEmoji"), without variation selectors; nothing else may be one.
const ALLOWED: &[&str] = &[
    "❤",
    "👍",
    "👎",
    "🔥",
    "🥰",
    "👏",
    "😁",
    "🤔",
    "🤯",
    "😱",
    "🤬",
    "😢",
    "🎉",
    "🤩",
    "🤮",
    "💩",
    "🙏",
    "👌",
    "🕊",
    "🤡",
    "🥱",
    "🥴",
    "😍",
    "🐳",
    "❤\u{200d}🔥",
    "🌚",
    "🌭",
    "💯",
    "🤣",
    "⚡",
    "🍌",
    "🏆",
    "💔",
    "🤨",
    "😐",
    "🍓",
    "🍾",
    "💋",
    "🖕",
    "😈",
    "😴",
    "😭",
    "🤓",
    "👻",
    "👨\u{200d}💻",
    "👀",
    "🎃",
    "🙈",
    "😇",
    "😨",
    "🤝",
    "✍",
    "🤗",
    "🫡",
    "🎅",
    "🎄",
    "☃",
    "💅",
    "🤪",
    "🗿",
    "🆒",
    "💘",
    "🙉",
    "🦄",
    "😘",
    "💊",
    "🙊",
    "😎",
    "👾",
    "🤷\u{200d}♂",
    "🤷",
    "🤷\u{200d}♀",
    "😡",
];

/// The reaction for each state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reactions(BTreeMap<&'static str, String>);

/// 👀 queued, 🕊 sent, 👍 delivered, 💔 failed, 🤷 unknown, 👌 cancelled.
impl Default for Reactions {
    fn default() -> Self {
        let emoji = |state| match state {
            MessageState::Queued => "👀",
            MessageState::Sent => "🕊",
            MessageState::Delivered => "👍",
            MessageState::Failed => "💔",
            MessageState::Unknown => "🤷",
            MessageState::Cancelled => "👌",
        };
        let states = MessageState::ALL.into_iter();
        Self(
            states
                .map(|state| (state.word(), emoji(state).to_owned()))
                .collect(),
        )
    }
}

impl Reactions {
    /// Shows a state by another emoji; by nothing where it is empty.
    ///
    /// # Errors
    ///
    /// It is not in Telegram's list.
    pub fn set(&mut self, state: MessageState, emoji: &str) -> Result<(), SettingsError> {
        let plain = emoji.trim().replace('\u{fe0f}', "");
        if !plain.is_empty() && !ALLOWED.contains(&plain.as_str()) {
            return Err(SettingsError::Reaction {
                state: state.word(),
                emoji: emoji.to_owned(),
            });
        }
        self.0.insert(state.word(), plain);
        Ok(())
    }

    /// The emoji of a state. `None`: it is not shown.
    #[must_use]
    pub fn emoji(&self, state: MessageState) -> Option<&str> {
        let emoji = self.0.get(state.word()).map(String::as_str);
        emoji.filter(|emoji| !emoji.is_empty())
    }

    /// The state that an emoji means.
    #[must_use]
    pub fn state(&self, emoji: &str) -> Option<MessageState> {
        MessageState::ALL
            .into_iter()
            .find(|&state| self.emoji(state) == Some(emoji.replace('\u{fe0f}', "").as_str()))
    }
}

/// A post in Telegram's HTML.
pub(crate) fn html(post: &OutgoingPost) -> String {
    let (head, text, foot) = parts(&post.content, post.room.kind);
    let mark = match post.attempt {
        Attempt::First => String::new(),
        Attempt::Repeat => "<i>possible repeat</i>\n".to_owned(),
    };
    // Head and foot are short; whatever exceeds the message is cut from the text, which the core splits before.
    let room = MESSAGE
        .saturating_sub(head.encode_utf16().count())
        .saturating_sub(foot.encode_utf16().count())
        .saturating_sub(mark.len())
        // The line ends between them.
        .saturating_sub(2);
    let text = escape(&clip(&text, room));
    let mut html = mark;
    for piece in [head, text, foot] {
        if !piece.is_empty() {
            if !html.is_empty() && !html.ends_with('\n') {
                html.push('\n');
            }
            html.push_str(&piece);
        }
    }
    if html.trim().is_empty() {
        "<i>(empty message)</i>".to_owned()
    } else {
        html
    }
}

/// Head in HTML, text as it is, foot in HTML.
fn parts(content: &Content, kind: RoomKind) -> (String, String, String) {
    let name = |name: &str| escape(&clip(&neutral(name), NAME));
    match content {
        Content::Sms {
            from,
            line,
            text,
            sent_at,
            notes,
            sound: _,
            code: _,
        } => {
            let mut head = match kind {
                RoomKind::Shared => format!("📩 <b>{}</b>", name(from)),
                RoomKind::Dedicated => String::new(),
            };
            if let Some(line) = line {
                if !head.is_empty() {
                    head.push_str(" · ");
                }
                head.push_str(&name(line));
            }
            let mut foot: Vec<String> = notes.iter().take(8).map(|note| name(note)).collect();
            if let (RoomKind::Shared, Some(at)) = (kind, sent_at) {
                foot.insert(0, name(&short_time(at)));
            }
            let foot = if foot.is_empty() {
                String::new()
            } else {
                format!("<i>{}</i>", foot.join(" · "))
            };
            let text = neutral(text);
            let text = if text.trim().is_empty() {
                "(empty message)".to_owned()
            } else {
                text
            };
            (head, text, foot)
        }
        Content::Mirror {
            to,
            author,
            via,
            text,
        } => {
            let mut head = format!("({}) via {}", name(author), name(via));
            match kind {
                RoomKind::Shared => {
                    // Writing to a `String` cannot fail.
                    if write!(head, " to <b>{}</b>:", name(to)).is_err() {
                        head.push(':');
                    }
                }
                RoomKind::Dedicated => head.push(':'),
            }
            (head, neutral(text), String::new())
        }
        Content::Notice { text } | Content::Digest { text } => {
            (String::new(), neutral(text), String::new())
        }
        Content::File { caption, .. } => (String::new(), neutral(caption), String::new()),
    }
}

/// Whether nobody's phone is to make a sound for it.
pub(crate) fn is_silent(content: &Content) -> bool {
    match content {
        Content::Digest { .. } => true,
        Content::Sms { sound, .. } => *sound == Sound::Silent,
        Content::Mirror { .. } | Content::Notice { .. } | Content::File { .. } => false,
    }
}

/// `2026-11-22T21:03:29+05:00` as `2026-11-22 21:03`, the time where it was sent.
fn short_time(at: &str) -> String {
    let head: String = at.chars().take(16).collect();
    head.replace('T', " ")
}

/// Characters that turn the direction of what follows are dropped, or a number could be shown as another.
fn neutral(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\0'))
        .collect()
}

/// At most so many UTF-16 code units, the last of them an ellipsis where something was cut.
fn clip(text: &str, units: usize) -> String {
    if text.encode_utf16().count() <= units {
        return text.to_owned();
    }
    let mut left = units.saturating_sub(1);
    let kept: String = text
        .chars()
        .take_while(|c| match left.checked_sub(c.len_utf16()) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        })
        .collect();
    kept + "…"
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Two buttons in a row, above them one that copies the code. `None` without choices and code.
pub(crate) fn keyboard(content: &Content, choices: &[Choice]) -> Option<InlineKeyboardMarkup> {
    let code = match content {
        Content::Sms { code, .. } => code.as_ref(),
        Content::Mirror { .. }
        | Content::Notice { .. }
        | Content::Digest { .. }
        | Content::File { .. } => None,
    };
    if choices.is_empty() && code.is_none() {
        return None;
    }
    let copy = code.map(|code| {
        let text = clip(&neutral(code), COPIED);
        let label = format!("Copy {}", clip(&text, NAME));
        vec![InlineKeyboardButton::copy_text_button(
            label,
            CopyTextButton { text },
        )]
    });
    let button = |choice: &Choice| {
        InlineKeyboardButton::callback(clip(&choice.label, 64), choice.token.clone())
    };
    let rows = choices.chunks(2);
    let rows = rows.map(|row| row.iter().map(button).collect::<Vec<_>>());
    Some(InlineKeyboardMarkup::new(copy.into_iter().chain(rows)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bridge_core::PostId;
    use bridge_core::chat::{Place, Room};

    fn post(content: Content, kind: RoomKind, attempt: Attempt) -> OutgoingPost {
        OutgoingPost {
            id: PostId(1),
            room: Room {
                place: Place {
                    chat: "5".to_owned(),
                    thread: None,
                },
                kind,
            },
            content,
            reply_to: None,
            choices: Vec::new(),
            attempt,
        }
    }

    fn sms(text: &str) -> Content {
        Content::Sms {
            from: "+12025550100".to_owned(),
            line: None,
            text: text.to_owned(),
            sent_at: Some("2026-11-22T21:03:29+05:00".to_owned()),
            notes: vec!["received 2 times".to_owned()],
            sound: Sound::Usual,
            code: None,
        }
    }

    #[test]
    fn content_as_html() {
        let mirror = || Content::Mirror {
            to: "Ann".to_owned(),
            author: "me".to_owned(),
            via: "Matrix".to_owned(),
            text: "hi".to_owned(),
        };
        let notice = |text: &str| Content::Notice {
            text: text.to_owned(),
        };
        let cases = [
            (
                post(sms("a <b> & \"c\""), RoomKind::Shared, Attempt::First),
                "📩 <b>+12025550100</b>\na &lt;b&gt; &amp; &quot;c&quot;\n<i>2026-11-22 21:03 · received 2 times</i>",
            ),
            (
                post(sms("hi"), RoomKind::Dedicated, Attempt::Repeat),
                "<i>possible repeat</i>\nhi\n<i>received 2 times</i>",
            ),
            (
                post(sms(""), RoomKind::Dedicated, Attempt::First),
                "(empty message)\n<i>received 2 times</i>",
            ),
            (
                post(mirror(), RoomKind::Shared, Attempt::First),
                "(me) via Matrix to <b>Ann</b>:\nhi",
            ),
            (
                post(mirror(), RoomKind::Dedicated, Attempt::First),
                "(me) via Matrix:\nhi",
            ),
            (
                post(notice("one\ntwo"), RoomKind::Shared, Attempt::First),
                "one\ntwo",
            ),
            (
                post(notice(" "), RoomKind::Shared, Attempt::First),
                "<i>(empty message)</i>",
            ),
        ];
        for (post, expected) in cases {
            assert_eq!(html(&post), expected);
        }
    }

    #[test]
    fn nothing_turns_the_direction() {
        assert_eq!(
            neutral("a\u{202e}b\u{2066}c\u{2069} \u{200f}d"),
            "abc \u{200f}d"
        );
    }

    #[test]
    fn a_message_never_exceeds_what_telegram_takes() {
        let long = post(sms(&"👍".repeat(4000)), RoomKind::Shared, Attempt::Repeat);
        let html = html(&long);
        assert!(html.encode_utf16().count() <= MESSAGE, "{}", html.len());
        assert!(html.ends_with("</i>"));
    }

    #[test]
    fn reactions_are_telegrams_own() {
        let mut reactions = Reactions::default();
        for state in MessageState::ALL {
            let emoji = reactions.emoji(state).unwrap().to_owned();
            assert_eq!(reactions.set(state, &emoji), Ok(()));
            assert_eq!(reactions.state(&emoji), Some(state));
        }
        assert!(reactions.set(MessageState::Sent, "✅").is_err());
        assert_eq!(reactions.set(MessageState::Sent, "❤\u{fe0f}"), Ok(()));
        assert_eq!(reactions.emoji(MessageState::Sent), Some("❤"));
        assert_eq!(reactions.set(MessageState::Sent, ""), Ok(()));
        assert_eq!(reactions.emoji(MessageState::Sent), None);
    }

    #[test]
    fn choices_are_buttons() {
        let choice = |token: &str| Choice {
            token: token.to_owned(),
            label: token.to_uppercase(),
            command: None,
        };
        let words = Content::Notice {
            text: "x".to_owned(),
        };
        assert_eq!(keyboard(&words, &[]), None);
        let mut content = sms("Your code is 482-913");
        assert_eq!(keyboard(&content, &[]), None);
        if let Content::Sms { code, .. } = &mut content {
            *code = Some("482913".to_owned());
        }
        let copy = keyboard(&content, &[choice("a")]).unwrap();
        let copy = serde_json::to_value(copy).unwrap();
        assert_eq!(
            copy.pointer("/inline_keyboard/0/0"),
            Some(&serde_json::json!({
                "text": "Copy 482913",
                "copy_text": { "text": "482913" },
            }))
        );
        assert!(copy.pointer("/inline_keyboard/1/0/callback_data").is_some());
        let rows = keyboard(&words, &[choice("a"), choice("b"), choice("c")])
            .unwrap()
            .inline_keyboard;
        assert_eq!(rows.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    }
}
