//! What a modem says, line by line, with PDUs decoded. Pure.

use sms_codec::{Direction, Leniency};

use crate::pdu;

/// Longer than any PDU; more of one line is cut off.
const LONGEST: usize = 4096;
/// Hexadecimal digits of the shortest PDU that is looked for where none was announced.
const SHORTEST: usize = 22;

/// The line that comes in, and what the lines before it say about it.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    partial: Vec<u8>,
    /// What was written last: its echo is not shown again.
    sent: String,
    /// A header such as `+CMGR:` announced a PDU.
    announced: bool,
}

/// One line, ready to be shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// Without its end, control characters made harmless.
    pub(super) line: String,
    /// What its PDU says, in several lines.
    pub(super) decoded: Option<String>,
}

impl Shown {
    /// Whether a command ends with it.
    pub(super) fn is_final(&self) -> bool {
        let line = self.line.as_str();
        matches!(
            line,
            "OK" | "ERROR"
                | "COMMAND NOT SUPPORT"
                | "NOT SUPPORTED"
                | "TOO MANY PARAMETERS"
                | "NO CARRIER"
                | "BUSY"
                | "NO ANSWER"
                | "NO DIALTONE"
        ) || line.starts_with("+CME ERROR")
            || line.starts_with("+CMS ERROR")
            || line.starts_with("CONNECT")
    }

    pub(super) fn is_ok(&self) -> bool {
        self.line == "OK" || self.line.starts_with("CONNECT")
    }
}

impl Incoming {
    /// Takes bytes and gives the lines that end with them. Empty lines and the echo vanish.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<Shown> {
        let mut lines = Vec::new();
        for &byte in bytes {
            match byte {
                b'\r' | b'\n' => {
                    let line = String::from_utf8_lossy(&self.partial).into_owned();
                    self.partial.clear();
                    lines.extend(self.line(&line));
                }
                0 | 0x1a | 0x1b => {}
                _ => {
                    if self.partial.len() < LONGEST {
                        self.partial.push(byte);
                    }
                }
            }
        }
        lines
    }

    /// Whether the modem waits for a PDU or a text.
    pub(super) fn at_prompt(&self) -> bool {
        self.partial.trim_ascii() == b">"
    }

    /// What was written.
    pub(super) fn sent(&mut self, text: &str) {
        self.partial.clear();
        text.trim().clone_into(&mut self.sent);
    }

    fn line(&mut self, line: &str) -> Option<Shown> {
        let line = line.trim();
        let line = line.strip_prefix("> ").unwrap_or(line).trim();
        let is_echo = !self.sent.is_empty() && line.eq_ignore_ascii_case(&self.sent);
        if line.is_empty() || line == ">" || is_echo {
            return None;
        }
        let announced = std::mem::take(&mut self.announced);
        const HEADERS: [&str; 5] = ["+CMGR:", "+CMGL:", "+CMT:", "+CDS:", "+CBM:"];
        self.announced = HEADERS.iter().any(|header| line.starts_with(header));
        Some(Shown {
            decoded: decoded(line, announced),
            line: shown(line),
        })
    }
}

fn decoded(line: &str, announced: bool) -> Option<String> {
    let digits = line.trim_matches('"');
    let is_hex = digits.len() >= SHORTEST && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if announced {
        pdu::describe(line, Direction::Stored, Leniency::Tolerant)
    } else if is_hex {
        pdu::describe(line, Direction::Stored, Leniency::Strict)
    } else {
        None
    }
}

/// A line may hold codes that a terminal obeys.
fn shown(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for character in line.chars() {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    crate::typing::plain(&shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by hand from 3GPP TS 23.040 §9.2.2.1: service centre +12025550199, from +12025550100, "hello".
    const HELLO: &str = "07912120550591F9040B912120550501F000006210132100000205E8329BFD06";

    fn taken(incoming: &mut Incoming, bytes: &str) -> Vec<(String, bool)> {
        let lines = incoming.take(bytes.as_bytes());
        lines
            .into_iter()
            .map(|shown| (shown.line, shown.decoded.is_some()))
            .collect()
    }

    #[test]
    fn pdus_are_decoded_where_they_stand() {
        let mut incoming = Incoming::default();
        incoming.sent("AT+CMGR=1");
        let given = format!("AT+CMGR=1\r\r\n+CMGR: 0,,24\r\n{HELLO}\r\n\r\nOK\r\n");
        let lines = incoming.take(given.as_bytes());
        assert_eq!(lines.len(), 3, "{lines:?}");
        let decoded = lines[1].decoded.as_deref().unwrap();
        assert!(
            decoded.contains("+12025550100") && decoded.contains("hello"),
            "{decoded}"
        );
        assert!(lines[2].is_final() && lines[2].is_ok());
        // A PDU that nobody announced, and numbers that look like one.
        assert_eq!(
            taken(&mut incoming, &format!("{HELLO}\r\n")),
            [(HELLO.to_owned(), true)]
        );
        for number in [
            "490154203237518",
            "8901001012345678905",
            "89010010123456789056",
        ] {
            assert_eq!(
                taken(&mut incoming, &format!("{number}\r\n")),
                [(number.to_owned(), false)]
            );
        }
    }

    #[test]
    fn the_prompt_is_seen_without_a_line_end() {
        let mut incoming = Incoming::default();
        incoming.sent("AT+CMGS=13");
        assert_eq!(incoming.take(b"AT+CMGS=13\r\r\n> "), []);
        assert!(incoming.at_prompt());
        incoming.sent("0011");
        assert!(!incoming.at_prompt());
    }

    #[test]
    fn what_comes_cannot_command_the_terminal() {
        let mut incoming = Incoming::default();
        let lines = taken(&mut incoming, "a\u{7}\u{9b}2J\u{202e}\r\n");
        assert_eq!(lines, [("a\\u{7}\\u{9b}2J\u{fffd}".to_owned(), false)]);
        assert_eq!(taken(&mut incoming, &"x".repeat(10_000)), []);
        assert_eq!(taken(&mut incoming, "\r\n")[0].0.len(), LONGEST);
    }
}
