//! What the store says, read through the program's own command after its last end.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

/// A message of the store's export.
pub(crate) struct Stored {
    pub(crate) text: String,
    pub(crate) incoming: bool,
}

/// Ends with a word if `sms-bridge store check` finds anything wrong.
pub(crate) async fn check(folder: &Path) -> Result<(), String> {
    let output = run(folder, &["store", "check"]).await;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "sms-bridge store check: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

/// All messages of `sms-bridge store export`.
pub(crate) async fn messages(folder: &Path) -> Vec<Stored> {
    let output = run(folder, &["store", "export", "--to", "-"]).await;
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "no export: {error}");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a line is one JSON object"))
        .filter(|line| line["kind"] == "message")
        .map(|line| Stored {
            text: line["value"]["text"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            incoming: line["value"]["way"].get("in").is_some(),
        })
        .collect()
}

async fn run(folder: &Path, arguments: &[&str]) -> std::process::Output {
    let program = std::env::var_os("SMS_BRIDGE_BIN").expect("xtask says where it is");
    let mut command = Command::new(program);
    command
        .args(arguments)
        .arg("--config")
        .arg(folder.join("config.toml"))
        .stdin(Stdio::null());
    let output = tokio::time::timeout(crate::PATIENCE, command.output()).await;
    output.expect("it ends").expect("sms-bridge starts")
}
