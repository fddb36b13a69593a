//! `cargo xtask ci`: every check, one after the other, each with its time.
//!
//! A step that fails does not stop the others, so that one run names everything that is wrong.

use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::test::Summary;
use crate::workspace::{FEATURE_SET, Workspace, output, run as run_command};
use crate::{boundaries, crash, readme, soak, test};

/// The version of cargo-deny that is installed into the cache folder where the path has no other of this version.
const CARGO_DENY: &str = "0.20.2";

/// Feature sets of the program besides the one that everything else is checked with.
const ROUTER_BUILDS: [&str; 3] = ["telegram", "matrix", "demo"];

/// Runs all steps, prints the table and the closing line of the tests; `false` if a step failed.
///
/// # Errors
///
/// None at present: a step that cannot be run is a step that failed.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let mut steps = Steps::default();
    let mut summary = Summary::default();
    steps.run("fmt", || {
        run_command(&mut workspace.cargo(["fmt", "--all", "--check"]))
    });
    steps.run("readme", || readme::run(workspace));
    steps.run("boundaries", || match boundaries::run(workspace) {
        Ok(true) => Ok(()),
        Ok(false) => bail!("a boundary is broken"),
        Err(error) => Err(error),
    });
    steps.run("clippy", || {
        let mut command = workspace.cargo(["clippy"]);
        run_command(command.args(FEATURE_SET).args([
            "--all-targets",
            "--keep-going",
            "--",
            "--deny=warnings",
        ]))
    });
    steps.run("test", || {
        summary = test::run(workspace, &[], None)?;
        if summary.failed > 0 {
            bail!("{summary}");
        }
        Ok(())
    });
    steps.run("soak", || soak::run(workspace, &soak::Options::of_ci()));
    steps.run("crash", || crash::run(workspace, &crash::Options::of_ci()));
    steps.run("doc", || {
        let mut command = workspace.cargo(["doc"]);
        run_command(
            command
                .args(FEATURE_SET)
                .args(["--no-deps", "--keep-going"])
                .env("RUSTDOCFLAGS", "--deny=warnings"),
        )
    });
    for features in ROUTER_BUILDS {
        // clippy and not check: what one feature set leaves unused is a warning too.
        steps.run(&format!("only {features}"), || {
            let mut command =
                workspace.cargo(["clippy", "--package=sms-bridge", "--bins", "--locked"]);
            run_command(command.args([
                "--no-default-features",
                "--features",
                features,
                "--",
                "--deny=warnings",
            ]))
        });
    }
    steps.run("deny", || deny(workspace));
    println!("\n{steps}");
    // What failed outside the tests must not close with "0 failed".
    summary.failed += steps.failed().filter(|name| *name != "test").count();
    if summary.failed == 0 && steps.failed().next().is_some() {
        summary.failed = 1;
    }
    println!("{summary}");
    Ok(summary.failed == 0)
}

/// Licences, bans and sources. (The advisory database would have to be fetched from a host that CI does not reach.)
fn deny(workspace: &Workspace) -> Result<()> {
    let program = cargo_deny(workspace)?;
    let mut command = Command::new(program);
    command
        .current_dir(&workspace.root)
        .args(["--all-features", "--locked", "--log-level=error"]);
    run_command(command.args(["check", "licenses", "bans", "sources"]))
}

/// The path of cargo-deny, installed if need be: about a minute on two cores.
fn cargo_deny(workspace: &Workspace) -> Result<PathBuf> {
    let tools = workspace.cache.join("tools");
    let installed = tools.join("bin/cargo-deny");
    for program in [PathBuf::from("cargo-deny"), installed.clone()] {
        if output(Command::new(&program).arg("--version"))
            .is_ok_and(|version| version.trim() == format!("cargo-deny {CARGO_DENY}"))
        {
            return Ok(program);
        }
    }
    let mut install = workspace.cargo(["install", "--locked", "--debug", "--root"]);
    install.arg(&tools).arg(format!("cargo-deny@{CARGO_DENY}"));
    // Built in a folder of its own, which cargo removes: ours is kept from run to run.
    run_command(install.env_remove("CARGO_TARGET_DIR"))?;
    Ok(installed)
}

/// What ran, for the table at the end.
#[derive(Default)]
struct Steps(Vec<Step>);

struct Step {
    name: String,
    took: Duration,
    outcome: Result<()>,
}

impl Steps {
    fn run(&mut self, name: &str, step: impl FnOnce() -> Result<()>) {
        println!("\n== {name}");
        let started = Instant::now();
        let outcome = step();
        let took = started.elapsed();
        if let Err(error) = &outcome {
            println!("error: {error:#}");
        }
        println!(
            "== {name}: {} after {} s",
            if outcome.is_ok() { "ok" } else { "FAILED" },
            took.as_secs()
        );
        self.0.push(Step {
            name: name.to_owned(),
            took,
            outcome,
        });
    }

    fn failed(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|step| step.outcome.is_err())
            .map(|step| step.name.as_str())
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "step            seconds")?;
        for Step {
            name,
            took,
            outcome,
        } in &self.0
        {
            write!(out, "{name:<16}{:>7}  ", took.as_secs())?;
            match outcome {
                Ok(()) => writeln!(out, "ok")?,
                // The first line: the rest stands above, where the step ran.
                Err(error) => writeln!(
                    out,
                    "FAILED: {}",
                    error.to_string().lines().next().unwrap_or_default()
                )?,
            }
        }
        let total: Duration = self.0.iter().map(|step| step.took).sum();
        writeln!(out, "{:<16}{:>7}", "all", total.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_what_failed() {
        let mut steps = Steps::default();
        steps.run("fmt", || Ok(()));
        steps.run("clippy", || {
            bail!("cargo clippy ended with 101\nwarning: …")
        });
        assert_eq!(steps.failed().collect::<Vec<_>>(), ["clippy"]);
        assert_eq!(
            steps.to_string(),
            "step            seconds\nfmt                   0  ok\nclippy                0  FAILED: cargo clippy ended with 101\nall                   0\n"
        );
    }
}
