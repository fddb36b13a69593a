//! `sms-bridge demo`: the whole bridge, with its real store and its real modem driver, on a simulated modem and network.
//!
//! Reads no configuration and no environment, and opens no port but the pseudo-terminal that it makes itself. With
//! standard input that is no terminal it ends at end of file once everything in flight is settled.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use bridge_core::link::{LinkPhase, LinkStatus};
use bridge_core::{
    BridgeHandle, DeliveryReports, Limits, LineName, LineSettings, People, Sending, Settings,
};
use modem_sim::control::Request;
use modem_sim::serve::{Handle, Place, Server};
use modem_sim::{Friend, Simulator};
use tokio::sync::watch;

use crate::config::LogFormat;
use crate::running::Running;
use crate::signals::Signals;
use crate::terminal::{Colours, Terminal, owner};
use crate::typing::{self, Input, KeyByKey, Keys};
use crate::{logging, terminal_style};

/// How long the simulated modem may take to come up.
const COMING_UP: Duration = Duration::from_secs(30);

/// How long to wait, at end of file, for what is in flight.
const SETTLING: Duration = Duration::from_secs(60);

/// Between two looks at what is in flight.
const LOOK: Duration = Duration::from_millis(50);

/// Plays the demo to its end.
///
/// # Errors
///
/// A part cannot start or fails, or what is in flight does not settle.
pub(crate) fn run() -> Result<ExitCode> {
    logging::start("error", LogFormat::Text)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let outcome = runtime.block_on(demo());
    // The thread that reads standard input may wait for ever.
    runtime.shutdown_timeout(Duration::from_millis(100));
    outcome
}

async fn demo() -> Result<ExitCode> {
    let mut signals = Signals::new()?;
    let colours = if terminal_style::colours(&io::stdout()) {
        Colours::On
    } else {
        Colours::Off
    };
    let interactive = io::stdin().is_terminal() && io::stdout().is_terminal();
    let keys = if interactive { Keys::Each } else { Keys::Lines };
    let terminal = Arc::new(Terminal::new(colours));
    greet(&terminal)?;
    // Kept until the store in it is closed; then it is removed.
    let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
    let line: LineName = "home".parse()?;
    let (server, network) = Server::open(simulator(), Place::Pty { link: None })
        .await
        .context("failed to make a pseudo-terminal for the simulated modem")?;
    let port = PathBuf::from(server.address());
    let simulated = tokio::spawn(server.run());

    let settings = Settings::new(
        folder.path().to_owned(),
        People(vec![owner()]),
        vec![LineSettings {
            name: line.clone(),
            country: None,
            delivery_reports: DeliveryReports::Ask,
            sending: Sending::OneStep,
        }],
    )
    .with_limits(&Limits::plenty());
    let mut running = Running::open(settings).await?;
    // Until the end of this function, whatever happens.
    let _key_by_key = interactive.then(KeyByKey::begin).transpose()?;
    let outcome = tokio::select! {
        played = play(&mut running, &terminal, keys, &line, port, &network) => played,
        _ = signals.next() => Ok(()),
    };
    terminal.typing(None)?;
    running.stop().await;
    network.stop().await;
    simulated
        .await
        .context("the simulated modem failed")?
        .context("the simulated modem failed")?;
    outcome?;
    if interactive {
        terminal.say("Bye. Everything in this demo was temporary and is gone.")?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn play(
    running: &mut Running,
    terminal: &Arc<Terminal>,
    keys: Keys,
    line: &LineName,
    port: PathBuf,
    network: &Handle,
) -> Result<()> {
    let stopping = running.stopping();
    let incoming = async move {
        stopping.cancelled().await;
        Ok(())
    };
    running.connect_chat(terminal.clone(), incoming).await?;
    let config = modem::Config::new(modem::Address::Path(port));
    let status = running.connect_line(line, config, None).await?;
    let bridge = running.handle();
    tokio::select! {
        played = converse(terminal, keys, &bridge, status, network) => played,
        failure = running.failed() => Err(failure),
    }
}

async fn converse(
    terminal: &Terminal,
    keys: Keys,
    bridge: &BridgeHandle,
    mut status: watch::Receiver<LinkStatus>,
    network: &Handle,
) -> Result<()> {
    let ready = async {
        // What is returned borrows the status, and nobody could tell a new one meanwhile.
        let status = status
            .wait_for(|status| status.phase == LinkPhase::Ready)
            .await;
        status.is_ok()
    };
    if !tokio::time::timeout(COMING_UP, ready)
        .await
        .unwrap_or(false)
    {
        bail!("the simulated modem did not come up");
    }
    let mut inputs = typing::read(keys)?;
    if keys == Keys::Each {
        terminal.typing(Some(""))?;
    }
    while let Some(input) = inputs.recv().await {
        match input.context("failed to read standard input")? {
            Input::Typing(line) => terminal.typing(Some(&line))?,
            Input::Line(line) if line.trim().is_empty() => {}
            Input::Line(line) if matches!(line.trim(), "/quit" | "/exit") => break,
            Input::Line(line) => terminal.typed(line.trim(), bridge).await?,
        }
    }
    if keys == Keys::Each {
        return Ok(());
    }
    match tokio::time::timeout(SETTLING, settle(terminal, bridge, network)).await {
        Ok(settled) => settled,
        Err(_) => {
            let left = bridge.pending().await?;
            bail!(
                "not everything settled within {} s: {} parts wait, {} delivery reports and {} posts are missing",
                SETTLING.as_secs(),
                left.parts,
                left.reports,
                left.posts
            )
        }
    }
}

/// Waits until nothing is in flight any more: no part, no report, no post, and no friend who still owes an answer.
async fn settle(terminal: &Terminal, bridge: &BridgeHandle, network: &Handle) -> Result<()> {
    loop {
        let left = bridge.pending().await?;
        let idle = left.parts == 0 && left.reports == 0 && left.posts == 0;
        if idle && answers_due(network).await? <= terminal.received() {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// How many messages the friends got: each answers each.
async fn answers_due(network: &Handle) -> Result<u64> {
    let submitted = network.request(Request::Submitted { since: 0 }).await?;
    let friends = Friend::pair();
    let messages = submitted
        .get("messages")
        .and_then(serde_json::Value::as_array);
    let to_friends = messages.into_iter().flatten().filter(|message| {
        let to = message.get("to").and_then(serde_json::Value::as_str);
        friends
            .iter()
            .any(|friend| Some(friend.number.as_str()) == to)
    });
    Ok(u64::try_from(to_friends.count())?)
}

fn greet(terminal: &Terminal) -> io::Result<()> {
    let numbers: Vec<String> = Friend::pair()
        .into_iter()
        .map(|friend| friend.number)
        .collect();
    let first = numbers.first().map_or("", String::as_str);
    let numbers = numbers.join(" and ");
    let lines = [
        "sms-bridge demo: the real bridge on a simulated modem. Nothing leaves this computer.",
        &format!("Two friends are on the simulated network: {numbers}."),
        "",
        &format!("  Text one    /send {first} hello"),
        "  Answer      type a text; with #2 before it, it answers message 2, else the newest",
        "  More        /help, /status; Ctrl-D ends",
        "",
    ];
    lines.into_iter().try_for_each(|line| terminal.say(line))
}

/// A stick with two friends on its network, as quick as a good day of a real one.
fn simulator() -> Simulator {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let usual = modem_sim::Settings::default();
    Simulator::new(modem_sim::Settings {
        seed: since.as_secs(),
        start_unix: i64::try_from(since.as_secs()).unwrap_or(usual.start_unix),
        send_latency: Duration::from_millis(600),
        report_delay: Duration::from_millis(700),
        friends: Friend::pair(),
        ..usual
    })
}
