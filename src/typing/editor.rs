//! One line being typed. Pure: keys in as octets, what became of the line out. The arrow keys up and down bring back what
//! was typed before.
//!
//! The terminal's own line editing would leave a half-typed line behind whatever is shown meanwhile.

/// The line and what of it is not complete yet.
#[derive(Debug, Default)]
pub(crate) struct Editor {
    text: String,
    /// Octets of a character that is not whole.
    partial: Vec<u8>,
    escape: Escape,
    /// What was typed before, the newest last.
    history: Vec<String>,
    /// How far back in it the line is; 0 is the new line, which waits in `draft` meanwhile.
    back: usize,
    draft: String,
}

/// What became of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Edited {
    /// Nothing yet.
    Unchanged,
    /// It stands like this now.
    Line(String),
    /// Enter.
    Finished(String),
    /// Ctrl-D on an empty line.
    End,
}

/// Whether an arrow or function key is being received: `ESC [ … letter` or `ESC letter`. Others than up and down do
/// nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Escape {
    #[default]
    None,
    Begun,
    Sequence,
}

/// A longer line takes no more; no message is that long.
const LIMIT: usize = 64 * 1024;
/// Lines that can be brought back.
const REMEMBERED: usize = 200;

impl Editor {
    /// Takes one octet from the keyboard.
    pub(crate) fn key(&mut self, octet: u8) -> Edited {
        match (self.escape, octet) {
            (Escape::Begun, b'[' | b'O') => self.escape = Escape::Sequence,
            (Escape::Sequence, b'0'..=b'9' | b';') => {}
            (Escape::Sequence, b'A' | b'B') => {
                self.escape = Escape::None;
                return self.recall(octet == b'A');
            }
            (Escape::Begun | Escape::Sequence, _) => self.escape = Escape::None,
            (Escape::None, 0x1b) => self.escape = Escape::Begun,
            (Escape::None, b'\r' | b'\n') => {
                self.partial.clear();
                let line = std::mem::take(&mut self.text);
                self.remember(&line);
                return Edited::Finished(line);
            }
            (Escape::None, 0x04) if self.text.is_empty() => return Edited::End,
            (Escape::None, 0x08 | 0x7f) => {
                self.text.pop();
                return self.line();
            }
            // Ctrl-U
            (Escape::None, 0x15) => {
                self.text.clear();
                return self.line();
            }
            // Ctrl-W
            (Escape::None, 0x17) => {
                let kept = self.text.trim_end().rfind(' ').map_or(0, |space| space + 1);
                self.text.truncate(kept);
                return self.line();
            }
            (Escape::None, b'\t') => return self.add(' '),
            (Escape::None, 0x00..=0x1f) => {}
            (Escape::None, _) => return self.octet(octet),
        }
        Edited::Unchanged
    }

    fn octet(&mut self, octet: u8) -> Edited {
        // A character begins anew where the last one was cut off.
        if octet & 0xc0 != 0x80 {
            self.partial.clear();
        }
        self.partial.push(octet);
        let whole = std::str::from_utf8(&self.partial)
            .ok()
            .and_then(|text| text.chars().next());
        match whole {
            Some(character) => {
                self.partial.clear();
                self.add(character)
            }
            None => {
                if self.partial.len() >= 4 {
                    self.partial.clear();
                }
                Edited::Unchanged
            }
        }
    }

    fn add(&mut self, character: char) -> Edited {
        if self.text.len() >= LIMIT {
            return Edited::Unchanged;
        }
        self.text.push(character);
        self.line()
    }

    fn remember(&mut self, line: &str) {
        self.back = 0;
        if !line.trim().is_empty() && self.history.last().is_none_or(|last| last != line) {
            if self.history.len() >= REMEMBERED {
                self.history.remove(0);
            }
            self.history.push(line.to_owned());
        }
    }

    fn recall(&mut self, older: bool) -> Edited {
        let back = if older {
            self.back + 1
        } else {
            self.back.saturating_sub(1)
        };
        if back == self.back || back > self.history.len() {
            return Edited::Unchanged;
        }
        if self.back == 0 {
            self.draft.clone_from(&self.text);
        }
        self.back = back;
        let recalled = self.history.iter().rev().nth(back.wrapping_sub(1));
        self.text.clone_from(recalled.unwrap_or(&self.draft));
        self.line()
    }

    fn line(&self) -> Edited {
        Edited::Line(self.text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[u8]) -> (Edited, String) {
        let mut editor = Editor::default();
        let mut last = Edited::Unchanged;
        for &key in keys {
            last = editor.key(key);
        }
        (last, editor.text)
    }

    #[test]
    fn keys_make_a_line() {
        let cases: [(&[u8], &str); 10] = [
            (b"hello", "hello"),
            (b"helo\x7flo", "hello"),
            (b"\x7f", ""),
            (b"one two\x17", "one "),
            (b"one two  \x17x", "one x"),
            (b"one\x15two", "two"),
            ("سلام 😀".as_bytes(), "سلام 😀"),
            ("a😀\u{7f}b".as_bytes(), "ab"),
            (b"a\x1b[Ab\x1b[3~c\x1bOPd\x1bxe", "abcde"),
            (b"a\xff\xf0b\x01\tc", "ab c"),
        ];
        for (keys, expected) in cases {
            assert_eq!(typed(keys).1, expected, "{keys:?}");
        }
    }

    #[test]
    fn up_and_down_bring_back_what_was_typed() {
        const UP: &str = "\x1b[A";
        const DOWN: &str = "\x1bOB";
        let cases = [
            (format!("one\rtwo\r{UP}"), "two"),
            (format!("one\rtwo\r{UP}{UP}"), "one"),
            (format!("one\rtwo\r{UP}{UP}{UP}"), "one"),
            (format!("one\rtwo\r{UP}{UP}{DOWN}"), "two"),
            (format!("one\rhal{UP}{DOWN}f"), "half"),
            (format!("one\r{UP}!\r{UP}{UP}"), "one"),
            (format!("one\rone\r \rtwo\r{UP}{UP}{UP}"), "one"),
            (format!("{UP}{DOWN}x"), "x"),
        ];
        for (keys, expected) in cases {
            assert_eq!(typed(keys.as_bytes()).1, expected, "{keys:?}");
        }
    }

    #[test]
    fn enter_finishes_and_ctrl_d_ends_an_empty_line_only() {
        assert_eq!(
            typed(b"hi\r"),
            (Edited::Finished("hi".to_owned()), String::new())
        );
        assert_eq!(typed(b"hi\x04").0, Edited::Unchanged);
        assert_eq!(typed(b"hi\r\x04").0, Edited::End);
    }
}
