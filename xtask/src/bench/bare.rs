//! The fewest AT commands that send and receive, with nothing stored and nothing asked twice: what the port itself allows.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::program::Usage;
use super::simulator::Simulator;
use super::{Player, text};

/// For any one answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The client: a thread of its own, so that messages come in while nothing is sent.
pub(super) struct Bare {
    orders: Option<Sender<u32>>,
    answers: Receiver<Result<Told>>,
    thread: Option<JoinHandle<()>>,
    read: u32,
}

/// What the thread tells.
enum Told {
    /// What was ordered is sent.
    Sent,
    /// So many messages were read and deleted so far.
    Read(u32),
}

impl Bare {
    /// Opens the port and sets the modem up.
    pub(super) fn start(folder: &Path) -> Result<Self> {
        let (orders, ordered) = channel();
        let (teller, answers) = channel();
        let mut port = Port::open(&folder.join("modem"))?;
        for command in [
            "ATE0",
            "AT+CMGF=0",
            "AT+CPMS=\"SM\",\"SM\",\"SM\"",
            "AT+CNMI=2,1,0,0,0",
        ] {
            port.command(command)?;
        }
        let thread = std::thread::spawn(move || serve(port, &ordered, &teller));
        Ok(Self {
            orders: Some(orders),
            answers,
            thread: Some(thread),
            read: 0,
        })
    }

    fn told(&self) -> Result<Told> {
        let told = self.answers.recv_timeout(PATIENCE * 10);
        told.context("the bare client ended")?
    }
}

impl Player for Bare {
    fn send(&mut self, count: u32, _simulator: &mut Simulator) -> Result<()> {
        let orders = self
            .orders
            .as_ref()
            .context("the bare client was stopped")?;
        orders.send(count)?;
        loop {
            match self.told()? {
                Told::Sent => return Ok(()),
                Told::Read(read) => self.read = read,
            }
        }
    }

    fn received(&mut self, total: u32, _simulator: &mut Simulator) -> Result<()> {
        while self.read < total {
            if let Told::Read(read) = self.told()? {
                self.read = read;
            }
        }
        Ok(())
    }

    fn usage(&self) -> Option<Usage> {
        None
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn serve(mut port: Port, orders: &Receiver<u32>, teller: &Sender<Result<Told>>) {
    let mut read = 0;
    let mut number = 0;
    loop {
        let done = match orders.try_recv() {
            Ok(count) => (0..count)
                .try_for_each(|_| {
                    number += 1;
                    port.submit(number)
                })
                .map(|()| Some(Told::Sent)),
            Err(std::sync::mpsc::TryRecvError::Disconnected) => return,
            Err(std::sync::mpsc::TryRecvError::Empty) => port.take().map(|took| {
                took.then(|| {
                    read += 1;
                    Told::Read(read)
                })
            }),
        };
        let failed = done.is_err();
        if let Some(told) = done.transpose()
            && (teller.send(told).is_err() || failed)
        {
            return;
        }
    }
}

/// The port, read with a time-out.
struct Port {
    file: File,
    /// What was read and is not looked at yet.
    input: Vec<u8>,
    /// Slots that were announced.
    announced: VecDeque<String>,
}

impl Port {
    fn open(link: &Path) -> Result<Self> {
        // The standard library has no way to give a terminal's reads an end: raw, and back with nothing after 0.1 s.
        let set = Command::new("stty")
            .arg("-F")
            .arg(link)
            .args(["raw", "-echo", "min", "0", "time", "1"])
            .status()
            .context("failed to start stty")?;
        if !set.success() {
            bail!("stty failed on {}", link.display());
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(link)
            .with_context(|| format!("failed to open {}", link.display()))?;
        Ok(Self {
            file,
            input: Vec::new(),
            announced: VecDeque::new(),
        })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.file.write_all(bytes)?)
    }

    /// Reads until there is something, or a moment has passed.
    fn fill(&mut self) -> Result<()> {
        let mut buffer = [0; 4096];
        let length = self.file.read(&mut buffer)?;
        self.input.extend(buffer.iter().take(length));
        Ok(())
    }

    /// The next line that is none of the announcements, which are noted. `None`: no whole line is there.
    fn line(&mut self) -> Option<String> {
        while let Some(end) = self.input.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.input.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).trim().to_owned();
            if let Some(announced) = line.strip_prefix("+CMTI:") {
                let slot = announced.rsplit(',').next().unwrap_or_default();
                self.announced.push_back(slot.to_owned());
            } else if !line.is_empty() {
                return Some(line);
            }
        }
        None
    }

    fn result(&mut self) -> Result<Vec<String>> {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = Vec::new();
        while Instant::now() < deadline {
            while let Some(line) = self.line() {
                if line == "OK" {
                    return Ok(lines);
                }
                if line.contains("ERROR") {
                    bail!("the simulated modem answered {line}");
                }
                lines.push(line);
            }
            self.fill()?;
        }
        bail!("the simulated modem did not answer")
    }

    fn command(&mut self, command: &str) -> Result<Vec<String>> {
        self.write(format!("{command}\r").as_bytes())?;
        self.result()
    }

    fn submit(&mut self, number: u32) -> Result<()> {
        let tpdu = submit(&format!("1202555010{}", number % 10), &text(number));
        self.write(format!("AT+CMGS={}\r", tpdu.len() / 2).as_bytes())?;
        let deadline = Instant::now() + PATIENCE;
        while !self.input.ends_with(b"> ") {
            if Instant::now() > deadline {
                bail!("no prompt came");
            }
            self.fill()?;
        }
        self.input.truncate(self.input.len() - 2);
        self.write(format!("00{tpdu}\u{1a}").as_bytes())?;
        let answer = self.result()?;
        if answer.iter().any(|line| line.starts_with("+CMGS:")) {
            return Ok(());
        }
        bail!("a message was not taken: {answer:?}")
    }

    /// Reads and deletes the next message that was announced. `false`: none was within a moment.
    fn take(&mut self) -> Result<bool> {
        if self.announced.is_empty() {
            self.fill()?;
            while self.line().is_some() {}
        }
        let Some(slot) = self.announced.pop_front() else {
            return Ok(false);
        };
        let message = self.command(&format!("AT+CMGR={slot}"))?;
        if message.len() < 2 {
            bail!("slot {slot} was announced and is empty");
        }
        self.command(&format!("AT+CMGD={slot}"))?;
        Ok(true)
    }
}

/// An SMS-SUBMIT in hexadecimal digits, to an international number, in the GSM 7-bit alphabet (3GPP TS 23.040 §9.2.2.2);
/// for texts of ASCII letters, digits, spaces and `:,.`, whose codes are the same there (3GPP TS 23.038 §6.2.1).
fn submit(number: &str, text: &str) -> String {
    let mut tpdu = format!("0100{:02X}91", number.len());
    let digits: Vec<char> = number.chars().collect();
    for pair in digits.chunks(2) {
        tpdu.push(pair.get(1).copied().unwrap_or('F'));
        tpdu.extend(pair.first());
    }
    let mut bits = 0_u32;
    let mut held = 0;
    // Writing to a string cannot fail.
    let _written = write!(tpdu, "0000{:02X}", text.len());
    for byte in text.bytes() {
        bits |= u32::from(byte & 0x7F) << held;
        held += 7;
        if held >= 8 {
            let _written = write!(tpdu, "{:02X}", bits & 0xFF);
            bits >>= 8;
            held -= 8;
        }
    }
    if held > 0 {
        let _written = write!(tpdu, "{:02X}", bits & 0xFF);
    }
    tpdu
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submission_is_packed_as_the_standard_says() {
        // By hand, from 3GPP TS 23.040 §9.2.2.2 and 23.038 §6.1.2.1: "hello" packs to E8 32 9B FD 06.
        assert_eq!(
            submit("12025550100", "hello"),
            "01000B912120550501F0000005E8329BFD06"
        );
    }
}
