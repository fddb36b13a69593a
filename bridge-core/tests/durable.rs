//! Nothing is acknowledged, and nothing leaves, before an `fdatasync` of the database file that follows its write: seen
//! from outside, by strace. It counts on the way what one SMS costs a flash (`docs/operating.md`).
//!
//! The test runs itself again under strace; its marks are lines that it writes to a file.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may be blunt"
)]

#[path = "durable/trace.rs"]
mod trace;
mod world;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bridge_core::conformance::{Counterpart, TestLine, Who};
use bridge_core::link::{
    Accepted, Discarded, LinkError, LinkStatus, RawPdu, SendError, SlotContent, StorageSlot,
    UssdAnswer, UssdInput,
};
use bridge_core::{
    Bridge, DeliveryReports, Limits, LineSettings, Origin, PartId, People, Sending, Settings,
    SmsLink,
};
use tokio::sync::watch;
use trace::{Event, Trace};
use world::memory::MemoryChat;
use world::{NUMBER, home};

const FOLDER: &str = "SMS_BRIDGE_TEST_TRACED";
const ROUNDS: usize = 12;
/// Rooms are made in the first ones.
const WARM: usize = 2;

/// strace, if it is here and may trace.
fn strace() -> Option<PathBuf> {
    let required = std::env::var("SMS_BRIDGE_REQUIRE").unwrap_or_default();
    let insists = required.split(',').any(|name| name.trim() == "strace");
    if !required.is_empty() && !insists {
        println!("skipped: strace was left out");
        return None;
    }
    let strace =
        PathBuf::from(std::env::var_os("SMS_BRIDGE_STRACE").unwrap_or_else(|| "strace".into()));
    let tried = Command::new(&strace)
        .args(["-o", "/dev/null", "true"])
        .stdin(Stdio::null())
        .output();
    match tried {
        Ok(tried) if tried.status.success() => Some(strace),
        Ok(tried) => {
            let why = String::from_utf8_lossy(&tried.stderr);
            println!("skipped: strace may not trace here ({})", why.trim());
            None
        }
        Err(error) if insists => panic!("strace: {error} (apt-get install strace)"),
        Err(_) => {
            println!("skipped: strace is missing, install strace");
            None
        }
    }
}

/// Lines in a file, by which the trace tells what happened when.
#[derive(Clone)]
struct Marks(Arc<Mutex<File>>);

impl Marks {
    fn say(&self, what: &str) {
        let mut file = self.0.lock().unwrap();
        file.write_all(format!("{what}\n").as_bytes()).unwrap();
    }
}

/// A line that says when something leaves.
struct Marked {
    line: Arc<TestLine>,
    marks: Marks,
}

#[async_trait]
impl SmsLink for Marked {
    async fn send(&self, part: PartId, tpdu: &[u8]) -> Result<Accepted, SendError> {
        self.marks.say("leaves");
        self.line.send(part, tpdu).await
    }

    async fn stage(&self, tpdu: &[u8]) -> Result<StorageSlot, LinkError> {
        self.line.stage(tpdu).await
    }

    async fn transmit(&self, part: PartId, slot: &StorageSlot) -> Result<Accepted, SendError> {
        self.line.transmit(part, slot).await
    }

    async fn inspect(&self, slot: &StorageSlot) -> Result<SlotContent, LinkError> {
        self.line.inspect(slot).await
    }

    async fn discard(&self, slot: &StorageSlot, expected: &RawPdu) -> Result<Discarded, LinkError> {
        self.line.discard(slot, expected).await
    }

    async fn staged(&self) -> Result<Vec<(StorageSlot, SlotContent)>, LinkError> {
        self.line.staged().await
    }

    async fn ussd(&self, input: &UssdInput) -> Result<UssdAnswer, LinkError> {
        self.line.ussd(input).await
    }

    async fn end_ussd(&self) -> Result<(), LinkError> {
        self.line.end_ussd().await
    }

    fn status(&self) -> watch::Receiver<LinkStatus> {
        self.line.status()
    }
}

async fn settled(bridge: &Bridge) {
    loop {
        let pending = bridge.handle().pending().await.unwrap();
        if pending.parts == 0 && pending.posts == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What is traced: SMS in and out, one after the other, as a modem and a chat network hand them over.
async fn traffic(folder: &Path) {
    let marks = Marks(Arc::new(Mutex::new(
        File::create(folder.join("marks")).unwrap(),
    )));
    let (mut chat, line) = (MemoryChat::default(), Arc::<TestLine>::default());
    let settings = Settings::new(
        folder.join("data"),
        People(vec![chat.owner()]),
        vec![LineSettings {
            name: home(),
            country: None,
            delivery_reports: DeliveryReports::Ask,
            sending: Sending::OneStep,
        }],
    )
    .with_limits(&Limits::plenty());
    let mut bridge = Bridge::open(settings).await.unwrap();
    let adapter = chat.start(bridge.handle()).await;
    bridge.attach_chat(adapter).await.unwrap();
    let marked = Marked {
        line: Arc::clone(&line),
        marks: marks.clone(),
    };
    bridge.attach_line(&home(), Arc::new(marked)).await.unwrap();
    let handle = bridge.handle();
    for round in 0..ROUNDS {
        let pdu = line
            .incoming(NUMBER, &format!("incoming-{round}-"))
            .remove(0);
        let origin = Origin::Stored(StorageSlot {
            memory: "SM".to_owned(),
            index: 1,
        });
        marks.say("incoming begins");
        handle
            .sms_arrived(&home(), origin, pdu.clone())
            .await
            .unwrap();
        marks.say("incoming acknowledged");
        let line_name = home();
        let gone = handle.take_over(&line_name, vec![pdu], Vec::new());
        gone.await.unwrap();
        settled(&bridge).await;
        marks.say("incoming ends");

        marks.say("outgoing begins");
        // Returns once the adapter was told that it is taken over.
        let text = format!("!send {NUMBER} outgoing-{round}-");
        chat.command(Who::Owner, &text).await;
        marks.say("outgoing acknowledged");
        settled(&bridge).await;
        let part = line.sent_to(NUMBER).pop().unwrap();
        handle
            .sms_arrived(&home(), Origin::Direct, line.delivered(&part))
            .await
            .unwrap();
        settled(&bridge).await;
        marks.say("outgoing ends");
    }
    bridge.stop().await;
}

/// What lies between these two marks, for each round.
fn windows<'a>(trace: &'a Trace, from: &str, to: &str) -> Vec<&'a [Event]> {
    let at = |text: &str| -> Vec<usize> {
        let events = trace.events.iter().enumerate();
        let marks = events.filter(|(_, event)| matches!(event, Event::Mark(mark) if mark == text));
        marks.map(|(at, _)| at).collect()
    };
    let (from, to) = (at(from), at(to));
    assert_eq!((from.len(), to.len()), (ROUNDS, ROUNDS));
    let pairs = from.into_iter().zip(to);
    pairs
        .map(|(from, to)| trace.events.get(from..to).unwrap())
        .collect()
}

/// A write with this text, and behind it a whole `fdatasync`. What is behind that.
fn durable<'a>(events: &'a [Event], text: &str) -> Option<&'a [Event]> {
    let written = events
        .iter()
        .position(|event| matches!(event, Event::Written { data, .. } if data.contains(text)))?;
    let (_, rest) = events.split_at(written);
    let begun = rest.iter().position(|event| *event == Event::SyncBegins)?;
    let (_, rest) = rest.split_at(begun);
    let done = rest.iter().position(|event| *event == Event::Synced)?;
    Some(rest.split_at(done).1)
}

fn median(mut numbers: Vec<u64>) -> u64 {
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

fn cost(name: &str, windows: &[&[Event]]) -> (u64, u64) {
    let windows = windows.get(WARM..).unwrap();
    let syncs = windows.iter().map(|events| {
        let synced = events.iter().filter(|event| **event == Event::Synced);
        synced.count() as u64
    });
    let octets = windows.iter().map(|events| -> u64 {
        let written = events.iter().map(|event| match event {
            Event::Written { octets, .. } => *octets,
            Event::Mark(_) | Event::SyncBegins | Event::Synced => 0,
        });
        written.sum()
    });
    let cost = (median(syncs.collect()), median(octets.collect()));
    println!("{name}: {} syncs, {} octets written", cost.0, cost.1);
    cost
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_fdatasync_lies_between_a_write_and_its_acknowledgement() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return traffic(Path::new(&folder)).await;
    }
    let Some(strace) = strace() else { return };
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("trace");
    let output = Command::new(strace)
        .args(["-f", "-y", "-s", "1000000", "-e", "signal=none", "-e"])
        // The fsync of sled's own thread comes at its own time and proves nothing.
        .arg("trace=write,pwrite64,fdatasync")
        .arg("-o")
        .arg(&log)
        .arg(std::env::current_exe().unwrap())
        .arg("an_fdatasync_lies_between_a_write_and_its_acknowledgement")
        .args(["--exact", "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{failed}"
    );
    let trace = Trace::read(&String::from_utf8_lossy(&std::fs::read(&log).unwrap()));

    let incoming = windows(&trace, "incoming begins", "incoming acknowledged");
    for (round, events) in incoming.into_iter().enumerate() {
        let is_durable = durable(events, &format!("incoming-{round}-")).is_some();
        assert!(is_durable, "incoming {round}: {events:#?}");
    }
    let outgoing = windows(&trace, "outgoing begins", "outgoing acknowledged");
    for (round, events) in outgoing.into_iter().enumerate() {
        let is_durable = durable(events, &format!("outgoing-{round}-")).is_some();
        assert!(is_durable, "outgoing {round}: {events:#?}");
    }
    // The claim of a part says that it is being sent, before it is.
    for events in windows(&trace, "outgoing begins", "outgoing ends") {
        let leaves = |event: &Event| *event == Event::Mark("leaves".to_owned());
        let until = events.iter().position(leaves).expect("it leaves");
        let before = events.get(..until).unwrap();
        assert!(durable(before, "\"transmitting\"").is_some(), "{before:#?}");
    }

    let incoming = cost(
        "incoming",
        &windows(&trace, "incoming begins", "incoming ends"),
    );
    let outgoing = cost(
        "outgoing",
        &windows(&trace, "outgoing begins", "outgoing ends"),
    );
    // A bound that tells when somebody adds a commit; the figures stand in docs/operating.md.
    assert!(
        incoming.0 <= 8 && outgoing.0 <= 16,
        "{incoming:?} {outgoing:?}"
    );
}
