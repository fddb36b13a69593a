//! The client's bytes: command lines, PDUs and texts.

use std::time::Duration;

use super::{LINE_LIMIT, Phase, Reaction, Simulator};
use crate::at::state::Entry;

impl Simulator {
    pub(super) fn command_byte(&mut self, byte: u8) {
        if self.line.is_empty()
            && byte.is_ascii_graphic()
            && let Some(glued) = self.begin_command()
        {
            self.print(glued.as_bytes());
        }
        if self.modem.echo && byte != 0 {
            self.print(&[byte]);
        }
        match byte {
            b'\r' => {
                let line = std::mem::take(&mut self.line);
                let reaction = self.command_line(&String::from_utf8_lossy(&line));
                self.react(reaction);
            }
            // Line feeds, NULs, and the ESC and Ctrl-Z of an entry that is over already.
            b'\n' | 0 | 0x1B | 0x1A => {}
            0x08 => drop(self.line.pop()),
            _ if self.line.len() < LINE_LIMIT => self.line.push(byte),
            _ => {}
        }
    }

    /// Whether a byte of a PDU gets lost, since too many came without a pause (`Quirks::overrun`).
    fn is_overrun(&mut self, byte: u8) -> bool {
        let Some(overrun) = self.settings.quirks.overrun else {
            return false;
        };
        let (last, count) = self.burst;
        let paused = self.now.saturating_sub(last) >= Duration::from_millis(overrun.gap_ms);
        let count = if paused { 1 } else { count.saturating_add(1) };
        self.burst = (self.now, count);
        count > overrun.burst && !matches!(byte, 0x1A | 0x1B)
    }

    pub(super) fn entry_byte(&mut self, byte: u8, entry: Entry, mut data: Vec<u8>) {
        if self.is_overrun(byte) {
            self.phase = Phase::Prompted { entry, data };
            return;
        }
        match byte {
            0x1A => {
                if self.modem.echo {
                    self.print(b"\r\n");
                }
                let reaction = self.finish_entry(entry, &data);
                self.react(reaction);
            }
            // 3GPP TS 27.005 §3.5.1: cancelled by ESC.
            0x1B => self.print(b"\r\nOK\r\n"),
            _ => {
                if self.modem.echo {
                    self.print(&[byte]);
                }
                if byte == b'\r' && self.modem.text_mode {
                    self.print(b"\n> ");
                }
                if data.len() < LINE_LIMIT {
                    data.push(byte);
                }
                self.phase = Phase::Prompted { entry, data };
            }
        }
    }

    fn react(&mut self, reaction: Reaction) {
        match reaction {
            Reaction::Silence => {}
            Reaction::Answer { after, answer } if after.is_zero() => self.print_answer(&answer),
            Reaction::Answer { after, answer } => {
                self.phase = Phase::Busy {
                    until: self.now + after,
                    answer,
                }
            }
            Reaction::Prompt { entry, prompt } => {
                self.print(&prompt);
                self.phase = Phase::Prompted {
                    entry,
                    data: Vec::new(),
                };
            }
        }
    }
}
