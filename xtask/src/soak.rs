//! `cargo xtask soak`: long random schedules of faults for a modem line, in virtual time.
//!
//! The program is the example `soak` of `modem`, built in release: one minute of it is thousands of simulated hours.

use anyhow::Result;
use clap::Args;

use crate::workspace::{Workspace, run as run_command};

/// What is played, and for how long.
#[derive(Args)]
pub(crate) struct Options {
    /// Simulated hours, shared among the profiles of the simulated modem
    #[arg(long, default_value_t = 10_000)]
    hours: u64,
    /// End after so many seconds, whatever was simulated
    #[arg(long)]
    seconds: Option<u64>,
    /// The same seed gives the same schedules
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this profile
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Print every byte and every output
    #[arg(long)]
    trace: bool,
}

impl Options {
    /// At most two minutes with a fixed seed, as CI has it.
    pub(crate) fn of_ci() -> Self {
        Self {
            hours: 10_000,
            seconds: Some(120),
            seed: 1,
            profile: None,
            trace: false,
        }
    }
}

/// Plays it; an error if something was lost, doubled, untrue or stuck.
///
/// # Errors
///
/// That, or the program cannot be built.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let mut command = workspace.cargo(["run", "--release", "--quiet", "--locked"]);
    command.args(["--package=modem", "--example=soak", "--"]);
    command.arg(format!("--hours={}", options.hours));
    command.arg(format!("--seed={}", options.seed));
    if let Some(seconds) = options.seconds {
        command.arg(format!("--seconds={seconds}"));
    }
    if let Some(profile) = &options.profile {
        command.arg(format!("--profile={profile}"));
    }
    if options.trace {
        command.arg("--trace");
    }
    run_command(&mut command)
}
