//! That the simulator is fair: the real `gammu-smsd` sends and receives 20 messages through it.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use support::{Bench, Process, program, until};
use tokio::process::Command;

const PATIENCE: Duration = Duration::from_secs(180);

/// Twenty texts, the third of three parts and the fourth in UCS-2 with a surrogate pair.
fn texts(direction: &str) -> Vec<String> {
    let mut texts: Vec<String> = (0..18)
        .map(|number| format!("{direction} {number} [ä] @"))
        .collect();
    texts.insert(
        2,
        format!("{direction} {}end", "a message of three parts, ".repeat(15)),
    );
    texts.insert(3, format!("{direction} سلام دنیا 😀"));
    texts
}

fn configuration(folder: &Path) -> String {
    let at = folder.display();
    format!(
        "[gammu]\ndevice = {at}/modem\nconnection = at115200\nsynchronizetime = no\n\
         [smsd]\nservice = files\nlogfile = {at}/gammu.log\ndebuglevel = 1\n\
         inboxpath = {at}/inbox/\noutboxpath = {at}/outbox/\nsentsmspath = {at}/sent/\nerrorsmspath = {at}/error/\n\
         inboxformat = unicode\noutboxformat = unicode\ntransmitformat = auto\n\
         commtimeout = 1\nsendtimeout = 30\nloopsleep = 1\nreceivefrequency = 1\n\
         checksecurity = 0\nchecksignal = 0\nchecknetwork = 0\ncheckbattery = 0\n"
    )
}

/// Received messages: `IN<date>_<time>_<serial>_<number>_<part>.txt`, each part in UTF-16 with a byte order mark of its
/// own. Behind the text gammu 1.42 writes a NUL and whatever its buffer held. A file that is half written is left for
/// the next look.
fn received(folder: &Path) -> Result<Vec<String>> {
    let mut messages: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let octets = std::fs::read(entry.path())?;
        let units: Vec<u16> = octets
            .chunks_exact(2)
            .filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)))
            .take_while(|unit| *unit != 0)
            .collect();
        let text = String::from_utf16_lossy(&units);
        let text = text.trim_start_matches('\u{feff}').to_owned();
        let message = name
            .rsplit_once('_')
            .map_or("", |(message, _)| message)
            .to_owned();
        messages.entry(message).or_default().insert(name, text);
    }
    let mut texts: Vec<String> = messages
        .into_values()
        .map(|parts| parts.into_values().collect())
        .collect();
    texts.sort();
    Ok(texts)
}

fn utf16(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect()
}

#[tokio::test]
async fn gammu_smsd_sends_and_receives_twenty_messages() -> Result<()> {
    exchange(&[]).await
}

/// Unsolicited lines, memories, the empty status: what gammu copes with has to be close to the real thing.
#[tokio::test]
async fn gammu_smsd_gets_along_with_a_quectel() -> Result<()> {
    exchange(&[
        "--profile",
        "quectel-ec25",
        "--baud",
        "115200",
        "--command-latency",
        "5",
        "--sim-busy",
        "500",
    ])
    .await
}

async fn exchange(options: &[&str]) -> Result<()> {
    let Some(gammu) = program("gammu-smsd", "SMS_BRIDGE_GAMMU_SMSD", "gammu-smsd")? else {
        return Ok(());
    };
    let mut bench = Bench::start(&[&["--send-latency", "20"], options].concat()).await?;
    let folder = bench.folder().to_owned();
    for name in ["inbox", "outbox", "sent", "error"] {
        std::fs::create_dir(folder.join(name))?;
    }
    let configured = folder.join("gammu-smsdrc");
    std::fs::write(&configured, configuration(&folder))?;
    for (text, number) in texts("out").iter().zip(10..) {
        let name = format!("outbox/OUTA20260101_000000_{number}_+12025550100_x.txt");
        std::fs::write(folder.join(name), utf16(text))?;
    }
    let output = std::fs::File::create(folder.join("gammu.out"))?;
    let mut daemon = Process::start(
        Command::new(gammu)
            .arg("-c")
            .arg(&configured)
            .current_dir(&folder)
            .stdout(output.try_clone()?)
            .stderr(output),
    )?;
    for (text, place) in texts("in").iter().zip(0..) {
        let order: &[u8] = if place == 2 { &[3, 1, 2] } else { &[] };
        bench.deliver("+12025550101", text, order).await?;
    }

    let (mut expected_out, mut expected_in) = (texts("out"), texts("in"));
    expected_out.sort();
    expected_in.sort();
    let finished = until("gammu-smsd", PATIENCE, async || {
        let moved = std::fs::read_dir(folder.join("sent"))?.count() >= expected_out.len();
        let came = received(&folder.join("inbox"))? == expected_in;
        Ok((moved && came || daemon.has_ended()?).then_some(()))
    })
    .await;
    let log = std::fs::read_to_string(folder.join("gammu.log")).unwrap_or_default();

    let mut sent = bench.messages().await?;
    sent.sort();
    assert_eq!(sent, expected_out, "{log}");
    assert_eq!(received(&folder.join("inbox"))?, expected_in, "{log}");
    finished.context("every text is right, but something is left")?;
    daemon.stop(Duration::from_secs(60)).await?;
    assert_eq!(std::fs::read_dir(folder.join("error"))?.count(), 0, "{log}");
    Ok(())
}
