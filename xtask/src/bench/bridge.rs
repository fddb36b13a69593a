//! `sms-bridge bench`: the program itself, told by lines what to send.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Player;
use super::program::{Program, Usage};
use super::simulator::Simulator;

/// How many contacts it writes to in turn.
pub(super) const CONTACTS: u32 = 10;

/// The running bridge.
pub(super) struct Bridge {
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    program: Program,
    sent: u64,
}

impl Bridge {
    /// Starts it and waits until its line is up.
    pub(super) fn start(program: &Path, folder: &Path, mark: &str) -> Result<Self> {
        let data = folder.join("data");
        std::fs::create_dir(&data)?;
        let mut command = Command::new(program);
        command
            .arg("bench")
            .arg(folder.join("modem"))
            .arg("--data-dir")
            .arg(&data)
            .stdout(Stdio::piped());
        let mut program = Program::start(&mut command, mark)?;
        let mut bridge = Self {
            orders: program.input()?,
            answers: BufReader::new(program.output()?),
            program,
            sent: 0,
        };
        bridge.answer("ready")?;
        Ok(bridge)
    }

    fn answer(&mut self, event: &str) -> Result<Value> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let answer: Value =
            serde_json::from_str(&line).context("sms-bridge bench ended before it was done")?;
        ensure!(
            answer.get("event").and_then(Value::as_str) == Some(event),
            "{event} was awaited, and {answer} came"
        );
        Ok(answer)
    }
}

impl Player for Bridge {
    fn send(&mut self, count: u32, _simulator: &mut Simulator) -> Result<()> {
        writeln!(self.orders, "send {count}")?;
        let answer = self.answer("sent")?;
        self.sent += u64::from(count);
        ensure!(
            answer.get("sent").and_then(Value::as_u64) == Some(self.sent),
            "not every message of {} was sent: {answer}",
            self.sent
        );
        Ok(())
    }

    fn received(&mut self, total: u32, _simulator: &mut Simulator) -> Result<()> {
        writeln!(self.orders, "await {total}")?;
        let answer = self.answer("posted")?;
        ensure!(
            answer.get("posted").and_then(Value::as_u64) == Some(u64::from(total)),
            "{total} messages came, and other posts were made: {answer}"
        );
        Ok(())
    }

    fn usage(&self) -> Option<Usage> {
        Some(self.program.usage())
    }
}
