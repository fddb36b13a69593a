//! `bot-api-sim --listen 127.0.0.1:0 [--token T]… [--state FILE]`: the simulated Bot API server as a program. It prints
//! `ready http://127.0.0.1:PORT` once it listens, and runs until it is ended.
#![allow(
    clippy::print_stdout,
    reason = "the ready line is how a test learns the port"
)]

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use bot_api_sim::Server;
use clap::Parser;

/// A Telegram Bot API server for tests
#[derive(Parser)]
#[command(
    version,
    after_help = "Examples:\n  bot-api-sim --listen 127.0.0.1:8081\n  bot-api-sim --token 1000001:abc --token 1000002:def\n\n\
                  Point a bot at it with api_url = \"http://127.0.0.1:8081\". Tests act as people under /control/."
)]
struct Arguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A bot's token, <digits>:<anything>; may be given several times
    #[arg(long = "token", default_value = bot_api_sim::DEFAULT_TOKEN)]
    tokens: Vec<String>,
    /// Keep a journal here, and go on where it ends: the server may be killed at any instant
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Arguments {
        listen,
        tokens,
        state,
    } = Arguments::parse();
    let server = match state {
        Some(state) => Server::resume(listen, &tokens, &state).await?,
        None => Server::start(listen, &tokens).await?,
    };
    println!("ready {}", server.url());
    std::io::stdout()
        .flush()
        .context("failed to write to standard output")?;
    server.wait().await;
    Ok(())
}
