//! The simulated server against a third-party client: aiogram, which parses every answer into strict types of its own.
//!
//! `SMS_BRIDGE_AIOGRAM_PYTHON` names a Python that has aiogram; `cargo xtask test` sets it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

use std::env;
use std::process::Stdio;
use std::time::Duration;

use bot_api_sim::{DEFAULT_TOKEN, Server};
use tokio::process::Command;

#[tokio::test]
async fn aiogram_finds_everything_as_documented() {
    let Some(python) = env::var_os("SMS_BRIDGE_AIOGRAM_PYTHON") else {
        let required = env::var("SMS_BRIDGE_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|name| name == "aiogram"),
            "SMS_BRIDGE_REQUIRE lists aiogram, but SMS_BRIDGE_AIOGRAM_PYTHON names no Python that has it"
        );
        println!("skipped: needs aiogram; run cargo xtask test");
        return;
    };
    let listen = "127.0.0.1:0".parse().unwrap();
    let server = Server::start(listen, &[DEFAULT_TOKEN.to_owned()])
        .await
        .unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/check.py");
    let run = Command::new(python)
        .args([script, &server.url(), DEFAULT_TOKEN])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(120), run)
        .await
        .expect("the checks end within two minutes")
        .expect("the Python that was named starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    assert!(said.contains("all checks passed"), "{said}");
    server.stop().await;
}
