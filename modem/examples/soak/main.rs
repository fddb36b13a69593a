//! Long random schedules of faults in virtual time: every profile of the simulated modem, every fault, by seed.
//!
//! `cargo xtask soak --hours 10000` runs it. By the simulator's own log no part is submitted more often than people asked,
//! each part that the network has is told to be sent or unknown, and each SMS that reached the modem is received. After
//! each day of faults come calm hours, in which everything must settle: a line that does not is a deadlock.
//!
//! Not a test of `cargo test`, which has a short one of its own (`engine/tests/simulated.rs`): this one may run for hours.

#![allow(
    clippy::disallowed_methods,
    reason = "the limit is one of real time; the lines have their own"
)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program: its output is its purpose"
)]

mod chaos;
mod ledger;
mod line;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use modem_sim::Profile;

use chaos::Day;

/// Random faults for a modem line, in virtual time.
#[derive(Debug, Parser)]
struct Arguments {
    /// Simulated hours, shared among the profiles
    #[arg(long, default_value_t = 10_000)]
    hours: u64,
    /// End after so many seconds of real time, whatever was simulated
    #[arg(long)]
    seconds: Option<u64>,
    /// The same seed gives the same schedules
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this profile
    #[arg(long)]
    profile: Option<String>,
    /// Runs at once
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Print every byte and every output
    #[arg(long)]
    trace: bool,
}

/// One day of one modem: what is run, and what it comes to.
#[derive(Debug, Clone, Copy)]
struct Run {
    profile: Profile,
    seed: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let profiles: Vec<Profile> = match &arguments.profile {
        None => Profile::ALL.to_vec(),
        Some(name) => match Profile::named(name) {
            Some(profile) => vec![profile],
            None => {
                let names: Vec<&str> = Profile::ALL.iter().map(|profile| profile.name()).collect();
                eprintln!(
                    "error: there is no profile {name}; there are {}",
                    names.join(", ")
                );
                return ExitCode::FAILURE;
            }
        },
    };
    let runs = arguments.hours.div_ceil(Day::HOURS);
    let began = Instant::now();
    let limit = arguments.seconds.map(Duration::from_secs);
    let next = AtomicU64::new(0);
    let days = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..arguments.jobs.clamp(1, 64) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= runs || limit.is_some_and(|limit| began.elapsed() >= limit) {
                        return;
                    }
                    let which = usize::try_from(at).unwrap_or(0) % profiles.len();
                    let Some(&profile) = profiles.get(which) else {
                        return;
                    };
                    let run = Run {
                        profile,
                        seed: arguments.seed.wrapping_add(at),
                    };
                    let day = chaos::day(run.profile, run.seed, arguments.trace);
                    if let Ok(mut days) = days.lock() {
                        days.push((run, day));
                    }
                }
            });
        }
    });
    let days = days.into_inner().unwrap_or_default();
    report(&arguments, &profiles, &days, began.elapsed())
}

fn report(
    arguments: &Arguments,
    profiles: &[Profile],
    days: &[(Run, Result<Day, String>)],
    took: Duration,
) -> ExitCode {
    println!(
        "seed {}, {} days of {} hours with faults and calm, in {:.0} s",
        arguments.seed,
        days.len(),
        Day::HOURS,
        took.as_secs_f64()
    );
    let heads = [
        "hours", "faults", "written", "submits", "sent", "unknown", "failed", "again", "arrived",
        "received", "repeats", "misread", "reopens", "resets", "switches", "kills",
    ];
    print_row("profile", heads);
    for profile in profiles {
        let of = days.iter().filter(|(run, _)| run.profile == *profile);
        let sum: Day = of
            .filter_map(|(_, day)| day.as_ref().ok())
            .fold(Day::default(), |sum, day| sum.plus(day));
        let totals = sum.totals;
        let figures = [
            sum.days * Day::HOURS,
            totals.faults,
            totals.written,
            totals.submitted,
            totals.sent,
            totals.unknown,
            totals.failed,
            totals.asked_again,
            totals.delivered,
            totals.received,
            totals.recognised,
            totals.misread,
            sum.reopenings,
            sum.resets,
            sum.switches,
            sum.kills,
        ];
        print_row(profile.name(), figures);
    }
    let mut wrong = 0;
    for (run, day) in days {
        if let Err(words) = day {
            wrong += 1;
            println!(
                "WRONG: {words}\n  again: cargo xtask soak --profile {} --seed {} --hours {}",
                run.profile.name(),
                run.seed,
                Day::HOURS
            );
        }
    }
    let hours = u64::try_from(days.len())
        .unwrap_or(u64::MAX)
        .saturating_mul(Day::HOURS);
    println!("{hours} simulated hours, {wrong} days with something lost, doubled, untrue or stuck");
    if wrong == 0 && !days.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn print_row<const N: usize>(name: &str, cells: [impl std::fmt::Display; N]) {
    let cells: Vec<String> = cells.iter().map(|cell| format!("{cell:>8}")).collect();
    println!("{name:<16} {}", cells.join(" "));
}
