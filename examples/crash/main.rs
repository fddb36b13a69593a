//! `cargo xtask crash`: the built program between a simulated modem, a real Synapse and a simulated Telegram, all of them
//! ended with SIGKILL at random instants while SMS and chat messages go both ways, and every message accounted for.
//!
//! What happened is judged from the outside: by the log of the simulated network, by what stands in both chats, and by the
//! export of the store.
//! `docs/reliability.md` says what the figures mean.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a developer's program: its output is its purpose, and it ends where its world falls apart"
)]
#![allow(dead_code, reason = "a part of what the tests share is used")]

mod account;
mod bridge;
mod chance;
#[path = "../../tests/support/counterpart.rs"]
mod counterpart;
#[path = "../../tests/support/discretion.rs"]
mod discretion;
mod kills;
#[path = "../../tests/support/matrix.rs"]
mod matrix;
#[path = "../../tests/support/modem.rs"]
mod modem;
mod stage;
mod stored;
#[path = "../../tests/support/synapse.rs"]
mod synapse;
mod telegram;
mod traffic;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;

use crate::stage::Stage;

/// How long anything may take before the run gives up on it.
const PATIENCE: Duration = Duration::from_secs(120);

/// Kill everything at random while messages go both ways, and account for each of them
#[derive(Clone, Debug, Parser)]
pub(crate) struct Options {
    /// For so long things are killed
    #[arg(long, default_value_t = 120)]
    pub(crate) seconds: u64,
    /// The same seed gives the same instants and texts, as far as the machine allows
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Messages a minute, both ways together
    #[arg(long, default_value_t = 120)]
    pub(crate) pace: u64,
    /// Afterwards everything has so many seconds to settle
    #[arg(long, default_value_t = 600)]
    pub(crate) settle: u64,
    /// Keep the folder with logs and store
    #[arg(long)]
    pub(crate) keep: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let Some(stage) = Stage::set(&options).await else {
        println!("started by cargo xtask crash, which says where everything is");
        return ExitCode::FAILURE;
    };
    let stage = Arc::new(stage);
    println!("everything is up, in {}", stage.folder.display());

    let until = Instant::now() + Duration::from_secs(options.seconds);
    let traffic = tokio::spawn(traffic::run(Arc::clone(&stage), options.clone(), until));
    let kills = kills::run(&stage, options.seed, until).await;
    let sent = traffic.await.expect("the traffic ends");
    println!("{kills}; now it has {} s to settle", options.settle);

    stage.calm().await;
    let ended = Instant::now();
    let account = loop {
        let account = account::take(&stage, &sent).await;
        let waited = ended.elapsed();
        if !account.waits() || waited > Duration::from_secs(options.settle) {
            println!("settled after {} s", waited.as_secs());
            break account;
        }
        println!("after {} s: {}", waited.as_secs(), account.summary());
        tokio::time::sleep(Duration::from_secs(5)).await;
    };
    // What would come twice comes now.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let mut account = if account.waits() {
        account
    } else {
        account::take(&stage, &sent).await
    };
    stage.bridge.lock().await.end().await;
    if let Err(wrong) = stored::check(&stage.folder).await {
        account.finds(wrong);
    }
    account.compare(&stored::messages(&stage.folder).await, &sent);
    println!("{kills}\n{account}");
    let failed = account.is_wrong();
    stage.end(options.keep || failed).await;
    match failed {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}
