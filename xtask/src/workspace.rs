//! Where things are (checkout, cache folder), and how cargo is called there.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// What decides which units cargo builds. The same for build, tests, lints and documentation, so that one of them does
/// not rebuild the dependencies of another. (`--all-features` covers `bridge-core/conformance`.)
pub(crate) const FEATURE_SET: [&str; 3] = ["--workspace", "--all-features", "--locked"];

/// The checkout and the folder for what is installed on its behalf.
pub(crate) struct Workspace {
    /// The folder of the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// `$XDG_CACHE_HOME/sms-bridge`, or `~/.cache/sms-bridge`. Safe to delete at any time.
    pub(crate) cache: PathBuf,
}

impl Workspace {
    /// Finds the checkout by the manifest that cargo runs, not by the working directory.
    pub(crate) fn find() -> Result<Self> {
        // Cargo sets it for `cargo run`; a target folder shared by two checkouts makes the compiled-in path unreliable.
        let manifest_dir = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = manifest_dir
            .parent()
            .context("xtask lies in no workspace")?
            .to_path_buf();
        let cache = match (std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME")) {
            (Some(cache), _) if !cache.is_empty() => PathBuf::from(cache),
            (_, Some(home)) => PathBuf::from(home).join(".cache"),
            (_, None) => {
                bail!("neither XDG_CACHE_HOME nor HOME is set, so there is no cache folder")
            }
        };
        Ok(Self {
            root,
            cache: cache.join("sms-bridge"),
        })
    }

    /// A cargo command in the root of the checkout, with no standard input.
    pub(crate) fn cargo<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args(arguments)
            .current_dir(&self.root)
            .stdin(Stdio::null());
        // What `cargo run` told xtask about its own package. ring's build script, for one, watches these variables,
        // and everything above ring would be built again whenever `cargo xtask test` follows `cargo test`.
        for (name, _) in std::env::vars_os() {
            let told = name.to_str().is_some_and(|name| {
                name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
            });
            if told {
                command.env_remove(name);
            }
        }
        command
    }

    /// What `cargo metadata` prints for one selection of features.
    pub(crate) fn metadata(&self, features: &[&str]) -> Result<serde_json::Value> {
        let mut command = self.cargo(["metadata", "--format-version", "1", "--locked"]);
        command.args(features);
        let printed = output(&mut command)?;
        serde_json::from_str(&printed).context("failed to read what cargo metadata printed")
    }
}

/// Runs a command whose output goes where ours goes.
///
/// # Errors
///
/// It could not be started, or ended with anything but 0.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", shown(command));
    let status = command
        .status()
        .with_context(|| format!("failed to start {}", shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs a command and returns its standard output.
///
/// # Errors
///
/// It could not be started, or ended with anything but 0; the error carries what it wrote to standard error.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let done = command
        .output()
        .with_context(|| format!("failed to start {}", shown(command)))?;
    if !done.status.success() {
        bail!(
            "{} ended with {}\n{}",
            shown(command),
            done.status,
            String::from_utf8_lossy(&done.stderr).trim_end()
        );
    }
    String::from_utf8(done.stdout)
        .with_context(|| format!("{} printed something that is not UTF-8", shown(command)))
}

/// A command as a person would type it; never its environment.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_else(|| command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
