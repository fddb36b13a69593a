//! A running `modem-sim` and its control socket.

use std::io::{BufRead, BufReader, Write};
use std::ops::Range;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde_json::{Value, json};

use super::program::Program;
use super::{shown, text, until};

/// Requests on their way at once: well below what a socket holds.
const TOGETHER: usize = 50;
/// For all messages of one figure.
const PATIENCE: Duration = Duration::from_secs(300);

/// How fast modem and network are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Pace {
    /// Everything is answered at once.
    NoLatency,
    /// The same, through a serial line of 115200 baud.
    Baud,
    /// The network takes 2 s for each message, as a real one does.
    SlowSends,
}

/// The simulator.
pub(super) struct Simulator {
    _program: Program,
    control: BufReader<UnixStream>,
    pace: Pace,
}

/// What the simulator says of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Status {
    /// Parts that the network took.
    pub(super) submitted: u64,
    /// Messages in the modem's memories, and those that wait in the network for room there.
    pub(super) held: u64,
}

impl Simulator {
    /// Starts it behind a pseudo-terminal, linked as `modem` in the folder.
    pub(super) fn start(program: &Path, folder: &Path, pace: Pace, mark: &str) -> Result<Self> {
        let socket = folder.join("control");
        let mut command = Command::new(program);
        command
            .arg("--pty")
            .arg(folder.join("modem"))
            .arg("--control")
            .arg(&socket)
            .stdout(Stdio::piped());
        match pace {
            Pace::NoLatency => command.args(["--send-latency", "0"]),
            Pace::Baud => command.args(["--send-latency", "0", "--baud", "115200"]),
            Pace::SlowSends => command.args(["--send-latency", "2000"]),
        };
        let mut program = Program::start(&mut command, mark)?;
        let mut ready = String::new();
        BufReader::new(program.output()?).read_line(&mut ready)?;
        ensure!(ready.starts_with("ready"), "modem-sim did not start");
        let stream = UnixStream::connect(&socket)
            .with_context(|| format!("failed to connect to {}", shown(&socket)))?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self {
            _program: program,
            control: BufReader::new(stream),
            pace,
        })
    }

    /// Whether each send takes seconds.
    pub(super) fn is_slow(&self) -> bool {
        self.pace == Pace::SlowSends
    }

    /// Someone writes to the SIM. When this returns the modem has stored all and said so, or its memory is full and the
    /// network keeps the rest.
    pub(super) fn deliver(&mut self, numbers: Range<u32>) -> Result<()> {
        let numbers: Vec<u32> = numbers.collect();
        // Together, so that asking does not slow down what is measured.
        for numbers in numbers.chunks(TOGETHER) {
            let request = |number| {
                let from = format!("+1202555010{}", number % 10);
                json!({ "do": "deliver", "from": from, "text": text(number) })
            };
            let requests: Vec<Value> = numbers.iter().copied().map(request).collect();
            self.ask_all(&requests)?;
        }
        Ok(())
    }

    pub(super) fn status(&mut self) -> Result<Status> {
        let answer = self.ask(&json!({ "do": "status" }))?;
        let number = |pointer| answer.pointer(pointer).and_then(Value::as_u64);
        let held = ["/waiting", "/stored/SM", "/stored/ME"].map(number);
        Ok(Status {
            submitted: number("/submitted").context("no count of submissions")?,
            held: held.into_iter().flatten().sum(),
        })
    }

    /// Waits until every message was taken out of the modem.
    pub(super) fn until_empty(&mut self) -> Result<()> {
        until("an empty SIM", PATIENCE, Duration::from_micros(500), || {
            Ok((self.status()?.held == 0).then_some(()))
        })
    }

    fn ask(&mut self, request: &Value) -> Result<Value> {
        let answers = self.ask_all(std::slice::from_ref(request))?;
        answers.into_iter().next().context("no answer")
    }

    fn ask_all(&mut self, requests: &[Value]) -> Result<Vec<Value>> {
        let lines: String = requests
            .iter()
            .map(|request| format!("{request}\n"))
            .collect();
        self.control.get_mut().write_all(lines.as_bytes())?;
        let answer = |request: &Value| {
            let mut answer = String::new();
            self.control
                .read_line(&mut answer)
                .context("modem-sim does not answer")?;
            let answer: Value = serde_json::from_str(&answer)?;
            ensure!(
                answer.get("ok") == Some(&Value::Bool(true)),
                "{request}: {answer}"
            );
            Ok(answer)
        };
        requests.iter().map(answer).collect()
    }
}
