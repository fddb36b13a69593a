//! A person at a terminal: what the modem says goes above the line being typed.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::incoming::Shown;
use super::{Given, Line, NO_COMMAND, understand};
use crate::signals::Signals;
use crate::terminal_style;
use crate::typing::{CLEAR_LINE, Input, KeyByKey, Keys, columns, read, tail};

/// The terminal, and what of the conversation decides how the next line is taken.
struct Screen {
    typing: String,
    colours: bool,
    /// A command that waits for a yes.
    asking: Option<String>,
    at_prompt: bool,
}

pub(super) async fn run(mut line: Line, yes: bool, mut signals: Signals) -> Result<ExitCode> {
    // Until the end of this function, whatever happens.
    let key_by_key = KeyByKey::begin().context("failed to set up the terminal")?;
    let mut screen = Screen {
        typing: String::new(),
        colours: terminal_style::colours(&io::stdout()),
        asking: None,
        at_prompt: false,
    };
    screen.write(&format!(
        "{}: AT commands; the arrow keys bring back earlier ones, Ctrl-D ends.",
        line.port.name()
    ))?;
    let outcome = tokio::select! {
        outcome = converse(&mut line, &mut screen, yes) => outcome,
        _ = signals.next() => Ok(()),
    };
    line.leave().await;
    let mut out = io::stdout().lock();
    write!(out, "{CLEAR_LINE}")?;
    out.flush()?;
    drop(key_by_key);
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn converse(line: &mut Line, screen: &mut Screen, yes: bool) -> Result<()> {
    let mut inputs = read(Keys::Each).context("failed to read standard input")?;
    loop {
        tokio::select! {
            heard = line.heard() => {
                for shown in heard? {
                    screen.show(&shown)?;
                }
                screen.at_prompt = line.incoming.at_prompt();
                screen.write_typing()?;
            }
            input = inputs.recv() => match input {
                None => return Ok(()),
                Some(input) => match input.context("failed to read standard input")? {
                    Input::Typing(text) => {
                        screen.typing = text;
                        screen.write_typing()?;
                    }
                    Input::Line(text) => given(line, screen, &text, yes).await?,
                },
            },
        }
    }
}

async fn given(line: &mut Line, screen: &mut Screen, text: &str, yes: bool) -> Result<()> {
    screen.typing.clear();
    screen.write(&format!("{}{text}", screen.front()))?;
    if let Some(command) = screen.asking.take() {
        if matches!(text.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
            line.command(&command).await?;
        } else {
            screen.write("not sent")?;
        }
    } else if screen.at_prompt {
        screen.at_prompt = false;
        line.payload(text).await?;
        if text.trim().is_empty() {
            screen.write("taken back: nothing was sent")?;
        }
    } else {
        match understand(text) {
            Given::Nothing => {}
            Given::NoCommand => screen.write(NO_COMMAND)?,
            Given::Dangerous(command, does) if !yes => {
                screen.write(&format!("this {does}"))?;
                screen.asking = Some(command.to_owned());
            }
            Given::Dangerous(command, _) | Given::Command(command) => line.command(command).await?,
        }
    }
    screen.write_typing()?;
    Ok(())
}

impl Screen {
    /// What stands before the line being typed.
    fn front(&self) -> &'static str {
        if self.asking.is_some() {
            "send it? y/N "
        } else if self.at_prompt {
            "PDU> "
        } else {
            "> "
        }
    }

    fn show(&self, shown: &Shown) -> io::Result<()> {
        let mut words = shown.line.clone();
        if let Some(decoded) = &shown.decoded {
            for line in decoded.lines() {
                words.push_str(&if self.colours {
                    format!("\n    \x1b[2m{line}\x1b[0m")
                } else {
                    format!("\n    {line}")
                });
            }
        }
        self.write(&words)
    }

    /// Writes whole lines; the line being typed goes below them.
    fn write(&self, words: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{CLEAR_LINE}{words}")?;
        out.flush()
    }

    fn write_typing(&self) -> io::Result<()> {
        let front = self.front();
        let room = columns().saturating_sub(front.len() + 1);
        let mut out = io::stdout().lock();
        write!(out, "{CLEAR_LINE}{front}{}", tail(&self.typing, room))?;
        out.flush()
    }
}
