//! Builds the programs and the tests once, and says where cargo put them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace::{FEATURE_SET, Workspace, shown};

/// What one build of the workspace produced.
#[derive(Default)]
pub(crate) struct Built {
    /// Programs by name: `sms-bridge`, `modem-sim`, `bot-api-sim`; the example `crash` too, where it was asked for.
    pub(crate) programs: BTreeMap<String, PathBuf>,
    /// File names of the test programs from the root `tests/`: the end-to-end tests.
    pub(crate) end_to_end: BTreeSet<String>,
}

impl Built {
    /// Takes in one line of `cargo build --message-format=json`.
    fn artifact(&mut self, message: &Value, root_manifest: &str) {
        let Some(executable) = message.get("executable").and_then(Value::as_str) else {
            return;
        };
        let executable = PathBuf::from(executable);
        let kinds = || {
            message
                .pointer("/target/kind")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
        };
        let is_test = message.pointer("/profile/test").and_then(Value::as_bool) == Some(true);
        let name = message.pointer("/target/name").and_then(Value::as_str);
        if let (false, Some(name), true) = (
            is_test,
            name,
            kinds().any(|kind| kind == "bin" || kind == "example"),
        ) {
            self.programs.insert(name.to_owned(), executable);
        } else if kinds().any(|kind| kind == "test")
            && message.get("manifest_path").and_then(Value::as_str) == Some(root_manifest)
            && let Some(file) = executable.file_name()
        {
            self.end_to_end.insert(file.to_string_lossy().into_owned());
        }
    }
}

/// Builds every program and every test with the one feature set. Both at once, because the features of dependencies
/// differ between a build with and one without the dev-dependencies, and that would build them twice.
///
/// # Errors
///
/// The build failed; the compiler's messages are on standard error already.
pub(crate) fn run(workspace: &Workspace) -> Result<Built> {
    let mut command = workspace.cargo(["build"]);
    command.args(FEATURE_SET).args(["--bins", "--tests"]);
    build(workspace, command)
}

/// Builds what a `cargo build` command names.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn build(workspace: &Workspace, mut command: Command) -> Result<Built> {
    println!("$ {}", shown(&command));
    command
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped());
    let mut child = command.spawn().context("failed to start cargo build")?;
    let root_manifest = workspace
        .root
        .join("Cargo.toml")
        .to_string_lossy()
        .into_owned();
    let mut built = Built::default();
    for line in BufReader::new(child.stdout.take().context("cargo build has no output")?).lines() {
        let message: Value = serde_json::from_str(&line?).unwrap_or_default();
        if message
            .get("reason")
            .is_some_and(|reason| reason == "compiler-artifact")
        {
            built.artifact(&message, &root_manifest);
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("the build ended with {status}");
    }
    Ok(built)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_end_to_end_tests_are_told_apart() {
        // Fields as cargo 1.95 prints them, reduced to those that are read.
        let messages = [
            r#"{"manifest_path":"/w/Cargo.toml","target":{"kind":["bin"],"name":"sms-bridge"},"profile":{"test":false},"executable":"/t/debug/sms-bridge"}"#,
            r#"{"manifest_path":"/w/Cargo.toml","target":{"kind":["bin"],"name":"sms-bridge"},"profile":{"test":true},"executable":"/t/debug/deps/sms_bridge-1"}"#,
            r#"{"manifest_path":"/w/Cargo.toml","target":{"kind":["test"],"name":"telegram"},"profile":{"test":true},"executable":"/t/debug/deps/telegram-2"}"#,
            r#"{"manifest_path":"/w/modem-sim/Cargo.toml","target":{"kind":["test"],"name":"pty"},"profile":{"test":true},"executable":"/t/debug/deps/pty-3"}"#,
            r#"{"manifest_path":"/w/modem/Cargo.toml","target":{"kind":["lib"],"name":"modem"},"profile":{"test":false},"executable":null}"#,
        ];
        let mut built = Built::default();
        for message in messages {
            built.artifact(&serde_json::from_str(message).unwrap(), "/w/Cargo.toml");
        }
        assert_eq!(
            built.programs,
            BTreeMap::from([(
                "sms-bridge".to_owned(),
                PathBuf::from("/t/debug/sms-bridge")
            )])
        );
        assert_eq!(built.end_to_end, BTreeSet::from(["telegram-2".to_owned()]));
    }
}
