//! `sms-bridge modem console`: AT commands by hand, typed or piped. No engine: what is written is what was typed.
//!
//! **Invariants:** what is dangerous goes out only after a yes, or with `--yes`; a line that is no command goes out only
//! where the modem asks for one; a modem is not left at its prompt.

mod incoming;
mod piped;
mod typed;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use modem::{Address, RawPort};

use self::incoming::Incoming;
use super::dangerous;
use super::port;
use crate::signals::Signals;

#[derive(Args)]
pub(crate) struct Console {
    /// A device such as /dev/ttyUSB2, a name in /dev/serial/by-id, tcp://host:port, or auto.
    port: Address,
    /// Do what is dangerous without asking; needed for it where commands are piped in.
    #[arg(long)]
    yes: bool,
}

/// The port, and what has come of its lines.
struct Line {
    port: RawPort,
    incoming: Incoming,
    buffer: Vec<u8>,
}

impl Console {
    pub(super) async fn run(self) -> Result<ExitCode> {
        let signals = Signals::new()?;
        let port = port::open(&self.port).await?;
        let line = Line {
            port,
            incoming: Incoming::default(),
            buffer: vec![0; 4096],
        };
        if io::stdin().is_terminal() && io::stdout().is_terminal() {
            typed::run(line, self.yes, signals).await
        } else {
            piped::run(line, self.yes, signals).await
        }
    }
}

/// What a typed line is to be.
#[derive(Debug, PartialEq, Eq)]
enum Given<'a> {
    Nothing,
    Command(&'a str),
    /// Does this.
    Dangerous(&'a str, &'static str),
    /// Neither a command nor asked for.
    NoCommand,
}

fn understand(line: &str) -> Given<'_> {
    let line = line.trim();
    let begins = line
        .get(..2)
        .is_some_and(|front| front.eq_ignore_ascii_case("AT"));
    if line.is_empty() {
        Given::Nothing
    } else if !(begins || line.eq_ignore_ascii_case("A/") || line == "+++") {
        Given::NoCommand
    } else if let Some(does) = dangerous::why(line) {
        Given::Dangerous(line, does)
    } else {
        Given::Command(line)
    }
}

const NO_COMMAND: &str = "a command begins with AT; a PDU is asked for by AT+CMGS=…";

impl Line {
    /// Waits for bytes and gives the lines that they end.
    ///
    /// # Errors
    ///
    /// The port is gone.
    async fn heard(&mut self) -> Result<Vec<incoming::Shown>> {
        let length = self
            .port
            .read(&mut self.buffer)
            .await
            .context("the port went away")?;
        if length == 0 {
            anyhow::bail!("the port went away: was the modem unplugged, or did it restart?");
        }
        let bytes = self.buffer.get(..length).unwrap_or_default();
        Ok(self.incoming.take(bytes))
    }

    async fn command(&mut self, command: &str) -> Result<()> {
        let command: String = command.chars().filter(|c| !c.is_control()).collect();
        self.incoming.sent(&command);
        self.write(format!("{command}\r").as_bytes()).await
    }

    /// Answers the prompt: a PDU or text and Ctrl-Z, or for an empty line ESC, which sends nothing.
    async fn payload(&mut self, text: &str) -> Result<()> {
        let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
        self.incoming.sent(&text);
        if text.is_empty() {
            return self.write(b"\x1b").await;
        }
        self.write(format!("{text}\x1a").as_bytes()).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.port
            .write(bytes)
            .await
            .context("the port takes nothing any more: was the modem unplugged?")
    }

    /// Leaves the prompt, if the modem is at one.
    async fn leave(&mut self) {
        if self.incoming.at_prompt() {
            // The port may be gone, and then there is no prompt either.
            drop(self.port.write(b"\x1b").await);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_commands_go_out_and_what_is_dangerous_is_known() {
        assert_eq!(understand("  "), Given::Nothing);
        assert_eq!(understand(" at+csq "), Given::Command("at+csq"));
        assert_eq!(understand("0011000B91"), Given::NoCommand);
        assert_eq!(understand("é"), Given::NoCommand);
        assert!(matches!(
            understand("AT+CMGD=1"),
            Given::Dangerous("AT+CMGD=1", "deletes messages")
        ));
        assert!(matches!(understand("A/"), Given::Dangerous("A/", _)));
    }
}
