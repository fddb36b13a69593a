//! `cargo xtask bench store`: what one message costs, how long a start takes and what is held in memory and on disk, with
//! 1,000, 100,000 and 1,000,000 messages stored.
//!
//! The measured work is the example `store` of `bridge-core`, in a process of its own for each figure. The stores are filled
//! first and then measured by turns, so that what else the machine does falls on all of them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Options;
use super::table::{median, number};
use crate::workspace::{self, Workspace};

const FEW: u64 = 1_000;
const MANY: u64 = 100_000;
const MOST: u64 = 1_000_000;
/// Messages each way in one round.
const EACH: u64 = 100;
/// What a message may cost at most with the most stored, as a multiple of its cost with few.
const TIMES: f64 = 2.0;
/// In how many milliseconds a start with [`MANY`] is over.
const START_MS: f64 = 2_000.0;

/// Measures, and prints the table.
///
/// # Errors
///
/// Something cannot be built, or does not do its work. Figures that are not reached are no error.
pub(super) fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let (target, program) = build(workspace)?;
    let folder = options.dir.clone().unwrap_or_else(|| target.join("bench"));
    let (sizes, rounds) = match options.quick {
        true => (vec![FEW, MANY], 1),
        false => (vec![FEW, MANY, MOST], options.rounds.max(1)),
    };
    let mut table = Table::default();
    let outcome = measure(&program, &folder, &sizes, rounds, &mut table);
    for size in &sizes {
        let folder = place(&folder, *size);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("failed to remove {}", folder.display()))?;
        }
    }
    outcome?;
    println!("\n{table}");
    Ok(true)
}

fn place(folder: &Path, size: u64) -> PathBuf {
    folder.join(format!("store-{size}"))
}

fn measure(
    program: &Path,
    folder: &Path,
    sizes: &[u64],
    rounds: usize,
    table: &mut Table,
) -> Result<()> {
    for size in sizes {
        let place = place(folder, *size);
        if place.exists() {
            std::fs::remove_dir_all(&place)
                .with_context(|| format!("failed to empty {}", place.display()))?;
        }
        std::fs::create_dir_all(&place)
            .with_context(|| format!("failed to make {}", place.display()))?;
        println!("filling {size}");
        let filled = play(program, "fill", &place, Some(*size))?;
        table.note(*size, Figure::Disk, mib(&filled, "octets", 1024.0 * 1024.0));
        let first = play(program, "start", &place, None)?;
        table.note(*size, Figure::FirstStart, one(&first, "start_ms"));
    }
    for round in 1..=rounds {
        for size in sizes {
            println!("{size} messages, round {round} of {rounds}");
            let told = play(program, "work", &place(folder, *size), Some(EACH))?;
            for (figure, name) in [
                (Figure::In, "in_ms"),
                (Figure::InStored, "in_stored_ms"),
                (Figure::Out, "out_ms"),
                (Figure::OutStored, "out_stored_ms"),
            ] {
                let values = told.get(name).and_then(Value::as_array);
                let values = values.with_context(|| format!("{name} was not told"))?;
                let values = values.iter().filter_map(Value::as_f64);
                values.for_each(|value| table.note(*size, figure, value));
            }
            for (figure, name) in [
                (Figure::InCpu, "in_cpu_ms"),
                (Figure::OutCpu, "out_cpu_ms"),
                (Figure::Start, "start_ms"),
            ] {
                table.note(*size, figure, one(&told, name));
            }
            for (figure, name) in [
                (Figure::Resident, "resident_kib"),
                (Figure::Peak, "peak_kib"),
                (Figure::ResidentAfter, "resident_after_work_kib"),
                (Figure::PeakAfter, "peak_after_work_kib"),
            ] {
                table.note(*size, figure, mib(&told, name, 1024.0));
            }
        }
    }
    Ok(())
}

fn one(told: &Value, name: &str) -> f64 {
    told.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

fn mib(told: &Value, name: &str, unit: f64) -> f64 {
    one(told, name) / unit
}

fn build(workspace: &Workspace) -> Result<(PathBuf, PathBuf)> {
    let mut command = workspace.cargo(["build", "--release", "--locked", "--example", "store"]);
    command.args(["--package", "bridge-core", "--features", "conformance"]);
    workspace::run(&mut command)?;
    let metadata = workspace.metadata(&["--no-deps"])?;
    let target = metadata
        .get("target_directory")
        .and_then(Value::as_str)
        .context("cargo metadata names no target folder")?;
    let target = PathBuf::from(target);
    let program = target.join("release/examples/store");
    Ok((target, program))
}

/// Runs the example, which prints one JSON object.
fn play(program: &Path, what: &str, folder: &Path, count: Option<u64>) -> Result<Value> {
    let mut command = Command::new(program);
    command.arg(what).arg(folder);
    command.args(count.map(|count| count.to_string()));
    command.stderr(std::process::Stdio::inherit());
    let output = command
        .output()
        .with_context(|| format!("failed to start {}", program.display()))?;
    anyhow::ensure!(output.status.success(), "store {what} failed");
    serde_json::from_slice(&output.stdout).with_context(|| format!("what store {what} told"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Figure {
    /// One in, until it is shown and that is stored.
    In,
    /// Of it until it is acknowledged.
    InStored,
    /// One out, until it is delivered and that is shown and stored.
    Out,
    OutStored,
    InCpu,
    OutCpu,
    /// After all that was filled in.
    FirstStart,
    /// After a short run.
    Start,
    Resident,
    Peak,
    ResidentAfter,
    PeakAfter,
    Disk,
}

/// Every value that was measured, by how much was stored.
#[derive(Default)]
struct Table(BTreeMap<(u64, Figure), Vec<f64>>);

impl Table {
    fn note(&mut self, size: u64, figure: Figure, value: f64) {
        self.0.entry((size, figure)).or_default().push(value);
    }

    fn median(&self, size: u64, figure: Figure) -> f64 {
        let mut values = self.0.get(&(size, figure)).cloned().unwrap_or_default();
        median(&mut values)
    }

    /// Of a hundred values five are above it.
    fn high(&self, size: u64, figure: Figure) -> f64 {
        let mut values = self.0.get(&(size, figure)).cloned().unwrap_or_default();
        values.sort_by(f64::total_cmp);
        let at = (values.len() * 95).div_ceil(100).saturating_sub(1);
        values.get(at).copied().unwrap_or(f64::NAN)
    }

    fn sizes(&self) -> Vec<u64> {
        let mut sizes: Vec<u64> = self.0.keys().map(|(size, _)| *size).collect();
        sizes.dedup();
        sizes
    }

    /// The cost with the most stored, as a multiple of that with the fewest.
    fn times(&self, figure: Figure) -> Option<f64> {
        let sizes = self.sizes();
        let (fewest, most) = (sizes.first()?, sizes.last()?);
        (fewest < most).then(|| self.median(*most, figure) / self.median(*fewest, figure))
    }
}

fn verdict(reached: bool) -> &'static str {
    match reached {
        true => "reached",
        false => "**not reached**",
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes = self.sizes();
        f.write_str("| messages stored |")?;
        for size in &sizes {
            write!(f, " {size} |")?;
        }
        f.write_str(" most / fewest | |\n|---|")?;
        f.write_str(&"---|".repeat(sizes.len() + 2))?;
        f.write_str("\n")?;
        for (figure, words) in [
            (Figure::In, "one SMS in, ms: median (95 %)"),
            (Figure::InStored, "of it until acknowledged"),
            (
                Figure::Out,
                "one SMS out with its report, ms: median (95 %)",
            ),
            (Figure::OutStored, "of it until acknowledged"),
            (Figure::InCpu, "CPU ms, in"),
            (Figure::OutCpu, "CPU ms, out"),
            (Figure::FirstStart, "start after all that, ms"),
            (Figure::Start, "start after a short run, ms"),
            (Figure::Resident, "resident after the start, MiB"),
            (Figure::Peak, "most during the start, MiB"),
            (Figure::ResidentAfter, "resident after the work, MiB"),
            (Figure::PeakAfter, "most until then, MiB"),
            (Figure::Disk, "on disk, MiB"),
        ] {
            write!(f, "| {words} |")?;
            let has_a_tail = matches!(
                figure,
                Figure::In | Figure::InStored | Figure::Out | Figure::OutStored
            );
            for size in &sizes {
                write!(f, " {}", number(self.median(*size, figure)))?;
                if has_a_tail {
                    write!(f, " ({})", number(self.high(*size, figure)))?;
                }
                f.write_str(" |")?;
            }
            match self.times(figure) {
                Some(times) => write!(f, " {} |", number(times))?,
                None => f.write_str(" |")?,
            }
            if matches!(figure, Figure::In | Figure::Out) {
                let reached = self.times(figure).map(|times| times <= TIMES);
                let words = reached.map_or("", verdict);
                writeln!(f, " within {TIMES}: {words} |")?;
            } else if figure == Figure::FirstStart && sizes.contains(&MANY) {
                let reached = self.median(MANY, figure) < START_MS;
                writeln!(f, " below {START_MS} at {MANY}: {} |", verdict(reached))?;
            } else {
                f.write_str(" |\n")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_is_compared_with_the_fewest() {
        let mut table = Table::default();
        for (size, each) in [(FEW, 10.0), (MANY, 15.0), (MOST, 21.0)] {
            for value in [1.0, 1.0, 5.0] {
                table.note(size, Figure::In, each * value);
            }
            table.note(size, Figure::Out, 10.0);
            table.note(size, Figure::FirstStart, each * 100.0);
        }
        let shown = table.to_string();
        for line in [
            "| one SMS in, ms: median (95 %) | 10.0 (50.0) | 15.0 (75.0) | 21.0 (105) | 2.10 | within 2: **not reached** |",
            "| 10.0 (10.0) | 10.0 (10.0) | 1.00 | within 2: reached |",
            "| 1000 | 1500 | 2100 | 2.10 | below 2000 at 100000: reached |",
        ] {
            assert!(shown.contains(line), "{shown}");
        }
    }
}
