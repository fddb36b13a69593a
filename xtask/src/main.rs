//! Developers' automation of sms-bridge: the tests with their counterparts, the checks of CI, the crate boundaries, the
//! benchmark.
//!
//! Depends on no crate of the workspace, so that it builds in seconds and still runs where the workspace does not.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's command line program: its output is its purpose"
)]

mod bench;
mod boundaries;
mod build;
mod ci;
mod counterparts;
mod crash;
mod leftovers;
mod readme;
mod soak;
mod tally;
mod test;
mod virtual_machine;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::counterparts::Counterpart;
use crate::workspace::Workspace;

/// Developers' automation of sms-bridge.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every test, the end-to-end tests against their real counterparts included.
    Test {
        /// Leave a counterpart out; the tests that need it are skipped, and the closing line says so.
        #[arg(long, value_name = "NAME")]
        without: Vec<Counterpart>,
        /// Run only the tests whose name contains this.
        filter: Option<String>,
    },
    /// Run everything that CI runs, and time each step.
    Ci,
    /// Measure, and print a table with what was to be reached and what other programs do in the same run.
    Bench(bench::Options),
    /// Play days of random faults in virtual time, and account for every message.
    Soak(soak::Options),
    /// Kill the program, its modem and both chat servers at random while messages go both ways, and account for each.
    Crash(crash::Options),
    /// Prove the dependencies between crates that must not exist.
    Boundaries,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = Workspace::find().and_then(|workspace| match arguments.command {
        Task::Test { without, filter } => {
            test::run(&workspace, &without, filter.as_deref()).map(|summary| {
                println!("{summary}");
                summary.failed == 0
            })
        }
        Task::Ci => ci::run(&workspace),
        Task::Bench(options) => bench::run(&workspace, &options),
        Task::Soak(options) => soak::run(&workspace, &options).map(|()| true),
        Task::Crash(options) => crash::run(&workspace, &options).map(|()| true),
        Task::Boundaries => boundaries::run(&workspace),
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
