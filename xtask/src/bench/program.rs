//! A started program: what its processes use, and that it ends.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use super::{pause, until};
use crate::leftovers;

/// Linux counts the processor time of processes in hundredths of a second (`USER_HZ`, proc(5)).
const TICKS: u64 = 100;
const ENDING: Duration = Duration::from_secs(30);

/// What a program and the processes that it started use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    /// User and system time since the start.
    pub(super) cpu: Duration,
    /// `VmRSS` now.
    pub(super) resident_kib: f64,
    /// `RssAnon` now: what is backed by no file.
    pub(super) anonymous_kib: f64,
    /// `VmHWM`: the most that was resident.
    pub(super) peak_kib: f64,
}

/// A process that ends with this value.
pub(super) struct Program {
    child: Child,
}

impl Program {
    /// Starts it with pipes for its input and output.
    pub(super) fn start(command: &mut Command, mark: &str) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command
            .env(leftovers::VARIABLE, mark)
            .stdin(Stdio::piped())
            .spawn()
            .with_context(|| format!("failed to start {name}"))?;
        Ok(Self { child })
    }

    pub(super) fn input(&mut self) -> Result<ChildStdin> {
        self.child.stdin.take().context("no standard input")
    }

    pub(super) fn output(&mut self) -> Result<ChildStdout> {
        self.child.stdout.take().context("no standard output")
    }

    pub(super) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    pub(super) fn usage(&self) -> Usage {
        let mut usage = Usage {
            cpu: Duration::ZERO,
            resident_kib: 0.0,
            anonymous_kib: 0.0,
            peak_kib: 0.0,
        };
        for id in family(self.child.id()) {
            // One that is gone by now is counted with its parent, if that has waited for it.
            let Some(stat) = stat(id) else { continue };
            let ticks: u64 = stat.get(11..15).unwrap_or_default().iter().sum();
            usage.cpu += Duration::from_millis(ticks * 1000 / TICKS);
            let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
            usage.resident_kib += kib(&status, "VmRSS:");
            usage.anonymous_kib += kib(&status, "RssAnon:");
            usage.peak_kib += kib(&status, "VmHWM:");
        }
        usage
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.stdin.take());
        let id = self.child.id().to_string();
        let _told = Command::new("sh")
            .args(["-c", "kill -TERM \"$0\"", &id])
            .output();
        let ended = until("the end", ENDING, Duration::from_millis(20), || {
            Ok(self.has_ended()?.then_some(()))
        });
        if ended.is_err() {
            drop(self.child.kill());
            drop(self.child.wait());
        }
        // The other end of a pseudo-terminal notices a moment later.
        pause(Duration::from_millis(50));
    }
}

/// A process, and all that descend from it.
fn family(first: u32) -> BTreeSet<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|id: u32| Some((id, u32::try_from(*stat(id)?.get(1)?).ok()?)))
        .collect();
    let mut family = BTreeSet::from([first]);
    loop {
        let before = family.len();
        for (id, parent) in &parents {
            if family.contains(parent) {
                family.insert(*id);
            }
        }
        if family.len() == before {
            return family;
        }
    }
}

/// The numbers of `/proc/ID/stat` from its third field on; those that are none, or negative, are 0 (proc(5)).
fn stat(id: u32) -> Option<Vec<u64>> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in parentheses may hold anything.
    let (_, numbers) = stat.rsplit_once(')')?;
    let numbers = numbers.split_whitespace();
    Some(numbers.map(|number| number.parse().unwrap_or(0)).collect())
}

/// A figure of `/proc/ID/status`.
fn kib(status: &str, name: &str) -> f64 {
    status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|value| value.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_child_of_a_child_is_counted() {
        let mut command = Command::new("sh");
        command.args(["-c", "sh -c 'while :; do :; done' & wait"]);
        let program = Program::start(&mut command, &leftovers::mark()).unwrap();
        let used = until(
            "processor time",
            Duration::from_secs(30),
            Duration::from_millis(20),
            || {
                let usage = program.usage();
                Ok((usage.cpu >= Duration::from_millis(100)).then_some(usage))
            },
        );
        let family = family(program.child.id());
        for id in &family {
            let _ended = Command::new("sh")
                .args(["-c", "kill -KILL \"$0\"", &id.to_string()])
                .output();
        }
        assert_eq!(family.len(), 2);
        assert!(used.unwrap().resident_kib > 100.0);
    }
}
