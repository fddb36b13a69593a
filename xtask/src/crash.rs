//! `cargo xtask crash`: everything that can be killed is killed at random while messages go both ways.
//!
//! The program that does it is the example `crash` of the root package; here it is built, with all that it starts.

use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::counterparts::{Counterpart, Readiness};
use crate::test::PROGRAMS;
use crate::workspace::{FEATURE_SET, Workspace, run as run_command};
use crate::{build, leftovers};

/// What is played, and for how long.
#[derive(Args)]
pub(crate) struct Options {
    /// For so long things are killed
    #[arg(long, default_value_t = 120)]
    seconds: u64,
    /// The same seed gives the same instants and texts, as far as the machine allows
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Messages a minute, both ways together
    #[arg(long, default_value_t = 120)]
    pace: u64,
    /// Afterwards everything has so many seconds to settle
    #[arg(long, default_value_t = 600)]
    settle: u64,
    /// Kill the release build: its lives get further
    #[arg(long)]
    release: bool,
    /// Keep the folder with logs and store; it is kept anyway when something is wrong
    #[arg(long)]
    keep: bool,
}

impl Options {
    /// Two minutes with a fixed seed, as CI has it.
    pub(crate) fn of_ci() -> Self {
        Self {
            seconds: 120,
            seed: 1,
            pace: 120,
            settle: 600,
            release: false,
            keep: false,
        }
    }
}

/// Plays it; an error if a message was lost, doubled or told untruly of.
///
/// # Errors
///
/// That, or something cannot be built or started.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let python = match Counterpart::Synapse.prepare(workspace, &[]) {
        Readiness::Ready(python) => python,
        Readiness::Missing(error) => return Err(error.context("Synapse cannot be set up")),
        Readiness::LeftOut => bail!("Synapse was left out"),
    };
    let mut command = workspace.cargo(["build"]);
    if options.release {
        command.args(["--release", "--locked", "--package=sms-bridge"]);
        command.args(["--package=modem-sim", "--package=bot-api-sim"]);
        command.args(["--bins", "--example=crash"]);
    } else {
        // With the tests, as `cargo xtask test` does: the features of dependencies are the same then.
        command.args(FEATURE_SET);
        command.args(["--bins", "--tests", "--example=crash"]);
    }
    let built = build::build(workspace, command)?;
    let program = |name: &str| {
        let path = built.programs.get(name);
        path.with_context(|| format!("the workspace has no program {name}"))
    };
    let mut play = Command::new(program("crash")?);
    play.env(Counterpart::Synapse.variable(), python);
    for (name, variable) in PROGRAMS {
        play.env(variable, program(name)?);
    }
    play.arg(format!("--seconds={}", options.seconds))
        .arg(format!("--seed={}", options.seed))
        .arg(format!("--pace={}", options.pace))
        .arg(format!("--settle={}", options.settle));
    if options.keep {
        play.arg("--keep");
    }
    let mark = leftovers::mark();
    let played = run_command(play.env(leftovers::VARIABLE, &mark));
    for process in leftovers::end(&mark, leftovers::PATIENCE) {
        println!("left running: {process}");
    }
    played
}
