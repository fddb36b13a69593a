//! That the simulator is fair: the real `smsd` of smstools 3 sends and receives 20 messages through it.

mod support;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use support::{Bench, Process, program, until};
use tokio::process::Command;

const PATIENCE: Duration = Duration::from_secs(180);

/// Twenty texts, the third of three parts and the fourth in UCS-2. Without emoji: of a text with one, smsd 3.1.21 submits
/// only what stands before it.
fn texts(direction: &str) -> Vec<String> {
    let mut texts: Vec<String> = (0..18)
        .map(|number| format!("{direction} {number} [ä] @"))
        .collect();
    texts.insert(
        2,
        format!("{direction} {}end", "a message of three parts, ".repeat(15)),
    );
    texts.insert(3, format!("{direction} سلام دنیا"));
    texts
}

fn configuration(folder: &Path) -> String {
    let at = folder.display();
    format!(
        "devices = GSM1\n\
         outgoing = {at}/outgoing\nchecked = {at}/checked\nincoming = {at}/incoming\n\
         failed = {at}/failed\nsent = {at}/sent\nreport = {at}/report\n\
         infofile = {at}/smsd.working\npidfile = {at}/smsd.pid\nlogfile = {at}/smsd.log\n\
         loglevel = 7\ndelaytime = 1\ndelaytime_mainprocess = 1\nerrorsleeptime = 1\n\
         autosplit = 3\ninternal_combine = yes\ndecode_unicode_text = yes\nincoming_utf8 = yes\n\
         [GSM1]\ndevice = {at}/modem\nincoming = yes\nbaudrate = 115200\nrtscts = no\ninit = AT\n"
    )
}

/// The texts of received messages: what follows the headers of each file. One that smsd is still writing or renaming is
/// left for the next look.
fn received(folder: &Path) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with("GSM1.") {
            continue;
        }
        let Ok(file) = std::fs::read_to_string(entry.path()) else {
            continue;
        };
        if let Some((_, text)) = file.split_once("\n\n") {
            texts.push(text.to_owned());
        }
    }
    texts.sort();
    Ok(texts)
}

#[tokio::test]
async fn smsd_sends_and_receives_twenty_messages() -> Result<()> {
    exchange(&[]).await
}

/// `+CMGR` of an empty slot, unsolicited lines, `COMMAND NOT SUPPORT`: what smsd copes with has to be close to the real thing.
#[tokio::test]
async fn smsd_gets_along_with_a_huawei_stick() -> Result<()> {
    exchange(&HUAWEI).await
}

#[tokio::test]
async fn smsd_gets_along_with_a_sim800() -> Result<()> {
    exchange(&SIM800).await
}

/// The E3531, which answers AT+CMGL=4, at the speed of a test. smsd ends at once where the SIM is busy at its start.
const HUAWEI: [&str; 6] = [
    "--profile",
    "huawei-e3531",
    "--command-latency",
    "5",
    "--sim-busy",
    "0",
];
const SIM800: [&str; 8] = [
    "--profile",
    "sim800",
    "--baud",
    "115200",
    "--command-latency",
    "5",
    "--sim-busy",
    "0",
];

async fn exchange(options: &[&str]) -> Result<()> {
    let Some(smsd) = program("smsd", "SMS_BRIDGE_SMSD", "smstools")? else {
        return Ok(());
    };
    let mut bench = Bench::start(&[&["--send-latency", "20"], options].concat()).await?;
    let folder = bench.folder().to_owned();
    for name in [
        "outgoing", "checked", "incoming", "failed", "sent", "report",
    ] {
        std::fs::create_dir(folder.join(name))?;
    }
    let configured = folder.join("smsd.conf");
    std::fs::write(&configured, configuration(&folder))?;
    for (text, number) in texts("out").iter().zip(10..) {
        let file = format!("To: 12025550100\nAlphabet: UTF-8\n\n{text}");
        std::fs::write(folder.join(format!("outgoing/message{number}")), file)?;
    }
    let output = std::fs::File::create(folder.join("smsd.out"))?;
    let mut daemon = Process::start(
        Command::new(smsd)
            .args(["-t", "-c"])
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
    let finished = until("smsd", PATIENCE, async || {
        let sent = bench.messages().await?.len() >= expected_out.len();
        let came = received(&folder.join("incoming"))? == expected_in;
        Ok((sent && came || daemon.has_ended()?).then_some(()))
    })
    .await;
    let log = std::fs::read_to_string(folder.join("smsd.log")).unwrap_or_default();

    let mut sent = bench.messages().await?;
    sent.sort();
    assert_eq!(sent, expected_out, "{log}");
    assert_eq!(received(&folder.join("incoming"))?, expected_in, "{log}");
    finished.context("every text is right, but something is left")?;
    daemon.stop(Duration::from_secs(60)).await?;
    assert_eq!(
        std::fs::read_dir(folder.join("failed"))?.count(),
        0,
        "{log}"
    );
    assert_eq!(std::fs::read_dir(folder.join("sent"))?.count(), 20, "{log}");
    let stored = bench.ask(serde_json::json!({ "do": "stored" })).await?;
    assert_eq!(
        support::strings(&stored, "stored", "text"),
        Vec::<String>::new(),
        "smsd empties the SIM"
    );
    Ok(())
}
