//! Commands from a pipe or a file: one line, one command, then its answer. Nothing is asked.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::Instant;

use super::{Given, Line, NO_COMMAND, understand};
use crate::cli::say;
use crate::signals::Signals;
use crate::typing::{Input, Keys, read};

/// How long an answer may take; of what goes to the network longer.
const ANSWER: Duration = Duration::from_secs(30);
const NETWORK: Duration = Duration::from_secs(180);

/// What came of a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Ok,
    Refused,
    Prompt,
    NoAnswer,
}

pub(super) async fn run(mut line: Line, yes: bool, mut signals: Signals) -> Result<ExitCode> {
    let outcome = tokio::select! {
        outcome = converse(&mut line, yes) => outcome,
        signal = signals.next() => {
            say(&format!("{signal}: stopped"));
            Ok(ExitCode::FAILURE)
        }
    };
    line.leave().await;
    outcome
}

async fn converse(line: &mut Line, yes: bool) -> Result<ExitCode> {
    let mut inputs = read(Keys::Lines).context("failed to read standard input")?;
    let mut all_well = true;
    let mut at_prompt = false;
    while let Some(input) = inputs.recv().await {
        let (Input::Line(given) | Input::Typing(given)) =
            input.context("failed to read standard input")?;
        let end = if at_prompt {
            line.payload(&given).await?;
            answer(line, NETWORK, "").await?
        } else {
            match understand(&given) {
                Given::Nothing => continue,
                Given::NoCommand => {
                    say(&format!("not sent: {NO_COMMAND}"));
                    End::Refused
                }
                Given::Dangerous(command, does) if !yes => {
                    say(&format!("not sent: {command} {does}; --yes allows it"));
                    End::Refused
                }
                Given::Dangerous(command, _) | Given::Command(command) => {
                    line.command(command).await?;
                    answer(line, patience(command), command).await?
                }
            }
        };
        at_prompt = end == End::Prompt;
        match end {
            End::Ok | End::Prompt => {}
            End::Refused => all_well = false,
            End::NoAnswer => {
                say(
                    "no answer came: is this the modem's AT port? `sms-bridge modem list` shows the others",
                );
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    if at_prompt {
        say("the PDU is missing: nothing was sent");
        all_well = false;
    }
    Ok(if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Prints what comes until the command has ended.
async fn answer(line: &mut Line, patience: Duration, command: &str) -> Result<End> {
    let until = Instant::now() + patience;
    // The network answers after the OK.
    let waits_for_network = command.to_ascii_uppercase().contains("+CUSD=1");
    let mut was_ok = false;
    loop {
        let Ok(heard) = tokio::time::timeout_at(until, line.heard()).await else {
            return Ok(if was_ok { End::Ok } else { End::NoAnswer });
        };
        let mut out = io::stdout().lock();
        let mut end = None;
        for shown in heard? {
            writeln!(out, "{}", shown.line)?;
            for decoded in shown.decoded.iter().flat_map(|decoded| decoded.lines()) {
                writeln!(out, "    {decoded}")?;
            }
            if shown.is_ok() {
                was_ok = true;
                if !waits_for_network {
                    end = Some(End::Ok);
                }
            } else if shown.is_final() {
                end = Some(End::Refused);
            } else if was_ok && shown.line.starts_with("+CUSD:") {
                end = Some(End::Ok);
            }
        }
        out.flush()?;
        if let Some(end) = end {
            return Ok(end);
        }
        if line.incoming.at_prompt() {
            return Ok(End::Prompt);
        }
    }
}

fn patience(command: &str) -> Duration {
    let upper = command.to_ascii_uppercase();
    let slow = ["+COPS", "+CMGS", "+CMSS", "+CUSD", "+CLCK", "D", "+CFUN"];
    if slow
        .iter()
        .any(|slow| upper.get(2..).unwrap_or_default().starts_with(slow))
    {
        NETWORK
    } else {
        ANSWER
    }
}
