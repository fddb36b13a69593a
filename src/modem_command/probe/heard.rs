//! What went over the port during bring-up, command by command: what was taken and what was refused.
//!
//! Bounded, and tolerant: it only ever adds to a report.

use modem::transcript::Direction;

/// Commands that are remembered.
const MOST: usize = 500;
const LONGEST: usize = 4096;

/// How each command ended.
#[derive(Debug, Default)]
pub(super) struct Heard {
    to: Vec<u8>,
    from: Vec<u8>,
    pub(super) commands: Vec<Command>,
}

/// One command and its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// As it was written, without its line end.
    pub(super) text: String,
    /// `OK`, `ERROR`, `+CME ERROR: 10`. `None`: none came before the next command.
    pub(super) end: Option<String>,
}

impl Heard {
    pub(super) fn take(&mut self, direction: Direction, bytes: &[u8]) {
        for &byte in bytes {
            let gathered = match direction {
                Direction::ToModem => &mut self.to,
                Direction::FromModem => &mut self.from,
            };
            if !matches!(byte, b'\r' | b'\n' | 0x1a | 0x1b) {
                if gathered.len() < LONGEST {
                    gathered.push(byte);
                }
                continue;
            }
            let line: String = gathered.drain(..).map(char::from).collect();
            let line = line.trim();
            if !line.is_empty() {
                match direction {
                    Direction::ToModem => self.command(line),
                    Direction::FromModem => self.line(line),
                }
            }
        }
    }

    /// The last command that begins so and was taken.
    pub(super) fn taken(&self, beginning: &str) -> Option<&str> {
        self.commands
            .iter()
            .rev()
            .find(|command| {
                command.text.starts_with(beginning) && command.end.as_deref() == Some("OK")
            })
            .map(|command| command.text.as_str())
    }

    fn command(&mut self, line: &str) {
        if line.starts_with("AT") && self.commands.len() < MOST {
            self.commands.push(Command {
                text: line.to_owned(),
                end: None,
            });
        }
    }

    fn line(&mut self, line: &str) {
        let is_end = matches!(
            line,
            "OK" | "ERROR" | "COMMAND NOT SUPPORT" | "NOT SUPPORTED"
        ) || line.starts_with("+CME ERROR")
            || line.starts_with("+CMS ERROR");
        if is_end && let Some(command) = self.commands.last_mut().filter(|last| last.end.is_none())
        {
            command.end = Some(line.chars().take(64).collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_their_ends_come_together() {
        let mut heard = Heard::default();
        let said: [(Direction, &str); 7] = [
            (Direction::ToModem, "AT+CNMI=2,1,0,1,0\r"),
            (Direction::FromModem, "\r\n+CMS ERROR: 303\r"),
            (Direction::FromModem, "\n"),
            (Direction::ToModem, "AT+CNMI=2,1\r"),
            (Direction::FromModem, "^RSSI:3\r\nOK\r\n"),
            (Direction::ToModem, "AT+CNUM\r"),
            (Direction::FromModem, "+CNUM: ,\"+12025550198\",145\r\n"),
        ];
        for (direction, bytes) in said {
            heard.take(direction, bytes.as_bytes());
        }
        let ends: Vec<Option<&str>> = heard.commands.iter().map(|c| c.end.as_deref()).collect();
        assert_eq!(ends, [Some("+CMS ERROR: 303"), Some("OK"), None]);
        assert_eq!(heard.taken("AT+CNMI="), Some("AT+CNMI=2,1"));
    }
}
