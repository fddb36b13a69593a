//! A person at the keyboard: lines with editing and history while other things are being shown, and what may be shown.

mod editor;
mod keyboard;

use std::io;

pub(crate) use keyboard::{Input, KeyByKey, Keys, read};

/// To the first column, and everything right of it away.
pub(crate) const CLEAR_LINE: &str = "\r\x1b[K";

/// The end of a text that fits into so many columns: a line being typed must not wrap, or it could not be taken away.
pub(crate) fn tail(text: &str, columns: usize) -> &str {
    let mut room = columns;
    for (at, character) in text.char_indices().rev() {
        let width = if u32::from(character) < 0x1100 { 1 } else { 2 };
        match room.checked_sub(width) {
            Some(left) => room = left,
            None => return text.get(at + character.len_utf8()..).unwrap_or_default(),
        }
    }
    text
}

/// How wide the terminal is.
pub(crate) fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout());
    size.ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|&columns| columns > 0)
        .unwrap_or(80)
}

/// A text from the air may hold codes that a terminal obeys.
pub(crate) fn plain(text: &str) -> String {
    let harmless = |c: char| c == '\n' || !(c.is_control() || is_direction(c));
    text.chars()
        .map(|c| if harmless(c) { c } else { '\u{fffd}' })
        .collect()
}

/// Turns the direction of what follows, and so could make one text look like another.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_being_typed_is_cut_to_its_end() {
        let cases = [
            ("hello", 10, "hello"),
            ("hello", 5, "hello"),
            ("hello", 3, "llo"),
            ("a😀b", 3, "😀b"),
            ("a😀b", 2, "b"),
            ("", 0, ""),
        ];
        for (text, columns, expected) in cases {
            assert_eq!(tail(text, columns), expected, "{text} {columns}");
        }
    }
}
