//! What `cargo xtask bench store` measures, each in a process of its own: a store that is filled, its start, and the cost of
//! one message at a time through the real [`BridgeHandle`]. Prints one JSON object.
//!
//! ```sh
//! store fill FOLDER MESSAGES
//! store start FOLDER
//! store work FOLDER MESSAGES
//! ```

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's program: its output is its purpose"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bridge_core::chat::{Cursor, MessageState};
use bridge_core::conformance::instant::{self, InstantChat, Shown};
use bridge_core::conformance::{TestLine, fill};
use bridge_core::link::{RawPdu, StorageSlot};
use bridge_core::{Bridge, BridgeHandle, Clock, Origin};
use serde_json::{Value, json};
use tokio::sync::watch;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Messages each way before anything is measured.
const WARM: usize = 5;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["fill", folder, messages] => filled(Path::new(folder), messages).await,
        ["start", folder] => started(Path::new(folder)).await,
        ["work", folder, messages] => worked(Path::new(folder), messages).await,
        _ => Err("store fill FOLDER MESSAGES | start FOLDER | work FOLDER MESSAGES".into()),
    };
    match done {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn filled(folder: &Path, messages: &str) -> Result<Value, Failure> {
    let messages = messages.parse()?;
    let begun = Instant::now();
    fill(folder, messages, |there| {
        if there.is_multiple_of(50_000) {
            eprintln!("  {there} messages, {} s", begun.elapsed().as_secs());
        }
    })
    .await?;
    Ok(json!({"octets": octets(&folder.join("store"))}))
}

/// The bridge with its chat and its line.
struct House {
    bridge: Bridge,
    chat: watch::Receiver<Shown>,
    line: Arc<TestLine>,
    /// What stands in the modem's slot.
    slot: Option<RawPdu>,
    /// Makes ids that the store has not seen.
    number: u64,
}

impl House {
    async fn open(folder: &Path) -> Result<Self, Failure> {
        let mut bridge = Bridge::open(instant::settings(PathBuf::from(folder))).await?;
        let (chat, line) = (
            Arc::<InstantChat>::default(),
            Arc::new(TestLine::at(Clock::system().now())),
        );
        let shown = chat.shown();
        bridge.attach_chat(chat).await?;
        bridge
            .attach_line(&instant::line(), Arc::<TestLine>::clone(&line))
            .await?;
        Ok(Self {
            bridge,
            chat: shown,
            line,
            slot: None,
            number: u64::try_from(Clock::system().now().0)?,
        })
    }

    fn handle(&self) -> BridgeHandle {
        self.bridge.handle()
    }

    /// One in: until it is acknowledged, and until it is shown and that is stored.
    async fn comes(&mut self) -> Result<(Duration, Duration), Failure> {
        self.number += 1;
        let from = instant::contact(self.number);
        let pdu = self.line.incoming(&from, &instant::text(self.number)).pop();
        let pdu = pdu.ok_or("no PDU")?;
        let slot = StorageSlot {
            memory: "SM".to_owned(),
            index: 1,
        };
        let posts = self.chat.borrow().posts;
        let begun = Instant::now();
        let gone = self.slot.replace(pdu.clone()).into_iter().collect();
        let received = vec![(Origin::Stored(slot), pdu)];
        self.handle()
            .take_over(&instant::line(), gone, received)
            .await?;
        let acknowledged = begun.elapsed();
        self.chat.wait_for(|shown| shown.posts > posts).await?;
        self.settled().await?;
        Ok((acknowledged, begun.elapsed()))
    }

    /// One out: until it is acknowledged, and until it is delivered, shown so and that is stored.
    async fn goes(&mut self) -> Result<(Duration, Duration), Failure> {
        self.number += 1;
        let to = instant::contact(self.number);
        let event = instant::written(self.number, &to, Clock::system().now());
        let cursor = Cursor {
            key: "bench".to_owned(),
            value: self.number.to_string(),
        };
        let begun = Instant::now();
        self.handle()
            .submit(&instant::network(), vec![event], Some(cursor))
            .await?;
        let acknowledged = begun.elapsed();
        self.shows(MessageState::Sent).await?;
        let part = self.line.sent_to(&to).pop().ok_or("nothing was sent")?;
        let report = self.line.delivered(&part);
        self.handle()
            .sms_arrived(&instant::line(), Origin::Direct, report)
            .await?;
        self.shows(MessageState::Delivered).await?;
        Ok((acknowledged, begun.elapsed()))
    }

    async fn shows(&mut self, state: MessageState) -> Result<(), Failure> {
        let shown = self.chat.wait_for(|shown| shown.state == Some(state));
        drop(shown.await?);
        self.settled().await
    }

    /// Nothing waits for the line or for the chat any more.
    async fn settled(&self) -> Result<(), Failure> {
        loop {
            let pending = self.handle().pending().await?;
            if pending.parts == 0 && pending.posts == 0 {
                return Ok(());
            }
            tokio::task::yield_now().await;
        }
    }
}

async fn started(folder: &Path) -> Result<Value, Failure> {
    let begun = Instant::now();
    let house = House::open(folder).await?;
    let (start, memory) = (begun.elapsed(), Memory::now());
    let begun = Instant::now();
    house.bridge.stop().await;
    Ok(json!({
        "start_ms": milliseconds(start),
        "stop_ms": milliseconds(begun.elapsed()),
        "resident_kib": memory.resident,
        "peak_kib": memory.peak,
    }))
}

async fn worked(folder: &Path, messages: &str) -> Result<Value, Failure> {
    let messages: usize = messages.parse()?;
    let begun = Instant::now();
    let mut house = House::open(folder).await?;
    let (start, after_start) = (begun.elapsed(), Memory::now());
    for _ in 0..WARM {
        house.comes().await?;
        house.goes().await?;
    }
    let (mut came, mut went) = (Vec::new(), Vec::new());
    let before = processor();
    for _ in 0..messages {
        came.push(house.comes().await?);
    }
    let between = processor();
    for _ in 0..messages {
        went.push(house.goes().await?);
    }
    let after = processor();
    let after_work = Memory::now();
    house.bridge.stop().await;
    let each = |from: u64, to: u64| {
        u32::try_from(messages).map(|count| {
            // Hundredths of a second (`USER_HZ`, proc(5)).
            let ticks = u32::try_from(to.saturating_sub(from)).unwrap_or(u32::MAX);
            f64::from(ticks) * 10.0 / f64::from(count.max(1))
        })
    };
    let acknowledged = |took: &[(Duration, Duration)]| -> Vec<f64> {
        took.iter().map(|(first, _)| milliseconds(*first)).collect()
    };
    let finished = |took: &[(Duration, Duration)]| -> Vec<f64> {
        took.iter().map(|(_, all)| milliseconds(*all)).collect()
    };
    Ok(json!({
        "start_ms": milliseconds(start),
        "resident_kib": after_start.resident,
        "peak_kib": after_start.peak,
        "resident_after_work_kib": after_work.resident,
        "peak_after_work_kib": after_work.peak,
        "in_stored_ms": acknowledged(&came),
        "in_ms": finished(&came),
        "in_cpu_ms": each(before, between)?,
        "out_stored_ms": acknowledged(&went),
        "out_ms": finished(&went),
        "out_cpu_ms": each(between, after)?,
        "octets": octets(&folder.join("store")),
    }))
}

/// What this process holds, in KiB.
struct Memory {
    /// `VmRSS`.
    resident: u64,
    /// `VmHWM`: the most it ever was.
    peak: u64,
}

impl Memory {
    fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let field = |name: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix(name));
            let value = value.and_then(|value| value.trim().strip_suffix(" kB"));
            value.and_then(|value| value.parse().ok()).unwrap_or(0)
        };
        Self {
            resident: field("VmRSS:"),
            peak: field("VmHWM:"),
        }
    }
}

/// User and system time of this process (fields 14 and 15 of proc(5)).
fn processor() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let (_, numbers) = stat.rsplit_once(')').unwrap_or_default();
    let times = numbers.split_whitespace().skip(11).take(2);
    times.filter_map(|time| time.parse::<u64>().ok()).sum()
}

/// What a folder takes on the disk: blocks of 512 octets (stat(2)), since parts of the files may be holes.
fn octets(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => octets(&entry.path()),
            Ok(metadata) => metadata.blocks() * 512,
            Err(_) => 0,
        })
        .sum()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
