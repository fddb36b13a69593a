//! What others wrote, so that it can do nothing but be read.
//!
//! Pure. Applied to everything that goes to a chat, in the one place where posts are handed out: what is stored is what
//! came. An adapter escapes the markup of its network besides.
//!
//! - Characters that turn the direction of writing, or that nobody sees, are left out: by them one text passes for another.
//!   Those that scripts and emoji need stay.
//! - Mentions of everybody in a room, and many mentions at once, mention nobody.
//! - A message that looks like the bridge's own words is shown under its sender's name, also where the room has that name.

use crate::chat::Content;

/// Mentions of everybody, in one network or another.
const EVERYBODY: &[&str] = &["room", "all", "everyone", "here", "channel", "everybody"];
/// More mentions than this in a text are a mass.
const MENTIONS: usize = 3;
/// It reads the same and takes no more room, and no network takes a name behind it for a mention.
const HARMLESS_AT: char = '＠';
/// Marks upon one letter; more are no language's, and reach over other lines.
const MARKS: usize = 8;
/// Begins a flag that is written with characters that nobody sees.
const BLACK_FLAG: char = '\u{1f3f4}';

/// How the bridge's own words begin, and what stands before them: folded as [`folded`] folds.
const OURS: &[&str] = &[
    "a code from",
    "among the newest",
    "an owner has to agree",
    "an owner let you in",
    "called off",
    "erased:",
    "i can't tell whether",
    "i don't know whom",
    "it cannot be called off",
    "it is not sent",
    "it may have left",
    "messages that may have been sent",
    "missed call from",
    "not sent",
    "nothing is shown",
    "nothing was",
    "only an owner",
    "possible repeat",
    "send it?",
    "sending it",
    "sms bridge",
    "sms from",
    "sms-bridge",
    "someone unknown wrote",
    "someone wrote to this bridge",
    "something arrived on",
    "something that i had stored",
    "still send it",
    "the disk of the bridge",
    "the last",
    "the bridge",
    "the rest of it",
    "the sim",
    "there is no command",
    "there is room on the disk",
    "this bridge",
    "this erases",
    "this sim",
    "this takes",
    "this was not sent",
    "trying to show",
    "waiting to be",
    "what goes out is",
    "what i had stored",
    "what i have stored",
    "who may do what",
    "your change was not",
];

/// What stands before a sender in a chat with many.
const SIGNS: &[char] = &['📩'];

/// A text: what can be seen of it, mentioning nobody it should not.
pub(crate) fn text(written: &str) -> String {
    let mut shown = String::with_capacity(written.len());
    let (mut in_flag, mut marks) = (false, 0_usize);
    let mut before = ' ';
    for c in written.chars() {
        let is_second = before == '\r' && c == '\n';
        before = c;
        if is_second {
            continue;
        }
        in_flag = c == BLACK_FLAG || (in_flag && is_tag(c));
        marks = if is_mark(c) {
            marks.saturating_add(1)
        } else {
            0
        };
        if marks > MARKS {
            continue;
        }
        match c {
            '\n' | '\t' => shown.push(c),
            '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{b}' | '\u{c}' => shown.push('\n'),
            c if is_tag(c) && in_flag => shown.push(c),
            c if c.is_control() || is_hidden(c) || is_tag(c) => {}
            c => shown.push(c),
        }
    }
    unmentioned(&shown)
}

/// The same on one line: a name.
pub(crate) fn line(written: &str) -> String {
    let shown = text(written);
    let words: Vec<&str> = shown.split_whitespace().collect();
    words.join(" ")
}

/// What a post says, so that it can do nothing but be read.
pub(crate) fn content(content: Content) -> Content {
    let all = |notes: Vec<String>| notes.iter().map(|note| line(note)).collect();
    match content {
        Content::Sms {
            from,
            line: on,
            text: written,
            sent_at,
            notes,
            sound,
            code,
        } => {
            let from = line(&from);
            let mut shown = text(&written);
            if poses_as_ours(&shown) {
                shown.insert_str(0, &format!("SMS from {from}:\n"));
            }
            Content::Sms {
                from,
                line: on,
                text: shown,
                sent_at,
                notes: all(notes),
                sound,
                code,
            }
        }
        Content::Mirror {
            to,
            author,
            via,
            text: written,
        } => Content::Mirror {
            to: line(&to),
            author: line(&author),
            via,
            text: text(&written),
        },
        Content::Notice { text: words } => Content::Notice { text: text(&words) },
        Content::Digest { text: words } => Content::Digest { text: text(&words) },
        // The file has what came, as it came.
        Content::File {
            name,
            caption,
            text,
        } => Content::File {
            name,
            caption: line(&caption),
            text,
        },
    }
}

/// Whether a line of it begins as the bridge's own words do.
pub(crate) fn poses_as_ours(shown: &str) -> bool {
    shown.lines().any(|line| {
        let begin: String = line.chars().take(200).collect();
        if begin.trim_start().starts_with(SIGNS) {
            return true;
        }
        let begin = folded(&begin);
        let of_sim = || {
            let mut words = begin.splitn(3, ' ');
            words.next() == Some("sim") && words.next().is_some_and(|name| name.ends_with(':'))
        };
        // "(Ann) via Telegram: …"
        let is_mirror = || {
            let behind = begin.split_once(") via ").map(|(_, behind)| behind);
            line.trim_start().starts_with('(') && behind.is_some_and(|behind| behind.contains(':'))
        };
        OURS.iter().any(|ours| begins_with(&begin, ours)) || of_sim() || is_mirror()
    })
}

fn begins_with(line: &str, words: &str) -> bool {
    let rest = line.strip_prefix(words);
    rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// In small letters of the Latin alphabet where a letter of another looks like one, from the first letter or digit on.
fn folded(line: &str) -> String {
    let letters = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    let mut folded = String::with_capacity(letters.len());
    for c in letters.chars().flat_map(char::to_lowercase) {
        match latin(c) {
            c if is_mark(c)
                || matches!(
                    c,
                    '\u{200c}' | '\u{200d}' | '\u{200e}' | '\u{200f}' | '\u{61c}'
                ) => {}
            c if c.is_whitespace() => {
                if !folded.ends_with(' ') {
                    folded.push(' ');
                }
            }
            c => folded.push(c),
        }
    }
    folded
}

/// The letter that it looks like.
fn latin(c: char) -> char {
    let full = u32::from(c).wrapping_sub(0xff01);
    match c {
        'а' | 'α' => 'a',
        'ь' | 'в' | 'β' => 'b',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'ё' | 'ε' => 'e',
        'һ' | 'н' | 'η' => 'h',
        'і' | 'ι' | 'ı' | 'ӏ' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'м' | 'μ' => 'm',
        'п' | 'ν' => 'n',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' | 'у' => 'y',
        'ѡ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'ζ' => 'z',
        '’' | '‘' | 'ʼ' | '`' | '´' => '\'',
        '‐' | '‑' | '–' | '—' | '−' => '-',
        '：' => ':',
        // Letters as wide as Chinese ones.
        '\u{ff01}'..='\u{ff5e}' => {
            let plain = char::from_u32(full.saturating_add(0x21)).unwrap_or(c);
            plain.to_ascii_lowercase()
        }
        c => c,
    }
}

/// Without mentions of everybody, and without any where there are many.
fn unmentioned(text: &str) -> String {
    let mut before = ' ';
    let mut mentions: Vec<(usize, bool)> = Vec::new();
    for (index, c) in text.char_indices() {
        // The middle of an e-mail address mentions nobody.
        if c == '@' && !before.is_alphanumeric() {
            let behind = text.get(index.saturating_add(1)..).unwrap_or_default();
            let name: String = behind
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .take(64)
                .collect();
            let is_of_all = EVERYBODY.contains(&name.to_lowercase().as_str());
            if !name.is_empty() {
                mentions.push((index, is_of_all));
            }
        }
        before = c;
    }
    let is_mass = mentions.len() > MENTIONS;
    let mut mentions = mentions.into_iter().peekable();
    text.char_indices()
        .map(
            |(index, c)| match mentions.next_if(|(at, _)| *at == index) {
                Some((_, is_of_all)) if is_of_all || is_mass => HARMLESS_AT,
                Some(_) | None => c,
            },
        )
        .collect()
}

/// What nobody sees and no script needs, and what turns the direction of others. The plain marks of direction (U+200E,
/// U+200F, U+061C) and the joiners (U+200C, U+200D) stay: Urdu, Persian, Hebrew, Indian languages and emoji have them.
fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
    )
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0000}'..='\u{e007f}')
}

/// Marks that stand upon the letter before them.
fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}'
    )
}

#[cfg(test)]
mod tests;
