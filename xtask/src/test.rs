//! `cargo xtask test`: builds, sets up the counterparts, runs every test and sums up.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow};

use crate::build::{self, Built};
use crate::counterparts::{Counterpart, Readiness};
use crate::leftovers;
use crate::tally::{Show, Tally};
use crate::workspace::{FEATURE_SET, Workspace, shown};

/// Programs of this workspace that tests start, and the variable that carries the path of each.
pub(crate) const PROGRAMS: [(&str, &str); 3] = [
    ("sms-bridge", "SMS_BRIDGE_BIN"),
    ("modem-sim", "SMS_BRIDGE_MODEM_SIM"),
    ("bot-api-sim", "SMS_BRIDGE_BOT_API_SIM"),
];

/// What came of a run. Its `Display` is the closing line.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    /// Tests that ran and held.
    pub(crate) passed: usize,
    /// Tests that did not, counterparts that could not be set up, processes that were left running, a failed build.
    pub(crate) failed: usize,
    /// Tests that skipped themselves.
    pub(crate) skipped: usize,
    /// What `--without` named.
    pub(crate) without: Vec<Counterpart>,
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(out, ", {} skipped", self.skipped)?;
        }
        if !self.without.is_empty() {
            let names: Vec<_> = self.without.iter().map(Counterpart::to_string).collect();
            write!(out, " (without: {})", names.join(", "))?;
        }
        Ok(())
    }
}

/// Runs the tests whose name contains `filter`, or all.
///
/// # Errors
///
/// Something stopped the run itself. A test that fails is no error but part of the summary.
pub(crate) fn run(
    workspace: &Workspace,
    without: &[Counterpart],
    filter: Option<&str>,
) -> Result<Summary> {
    let without: Vec<_> = Counterpart::ALL
        .into_iter()
        .filter(|name| without.contains(name))
        .collect();
    let mut summary = Summary {
        without,
        ..Summary::default()
    };
    let counterparts: Vec<_> = Counterpart::ALL
        .into_iter()
        .map(|name| (name, name.prepare(workspace, &summary.without)))
        .collect();
    let built = match build::run(workspace) {
        Ok(built) => built,
        Err(error) => {
            eprintln!("error: {error:#}");
            summary.failed = 1;
            return Ok(summary);
        }
    };

    let mark = leftovers::mark();
    let mut command = workspace.cargo(["test"]);
    command
        .args(FEATURE_SET)
        .arg("--no-fail-fast")
        .args(filter)
        .args(["--", "--show-output"]);
    command.env(leftovers::VARIABLE, &mark);
    let absent = tell_tests(&mut command, &built, &counterparts);
    let (tally, left_running) = stream(&mut command, built, &mark)?;

    summary.passed = tally.passed();
    summary.failed = tally.failed() + absent.len() + left_running.len();
    summary.skipped = tally.skipped();
    print_cases(&tally);
    for test in &tally.failures {
        println!("failed: {test}");
    }
    for program in &tally.crashed {
        println!("crashed, or did not build: {program}");
    }
    for program in absent {
        println!("the workspace has no program {program}, which the tests start");
    }
    for process in left_running {
        println!("left running by a test: {process}");
    }
    for (name, readiness) in &counterparts {
        if let Readiness::Missing(error) = readiness {
            println!("no {name}: {error:#}\n  (cargo xtask test --without {name} leaves it out)");
            summary.failed += 1;
        }
    }
    Ok(summary)
}

/// Sets the environment by which a test finds what it talks to. Returns the programs of ours that were not built.
fn tell_tests(
    command: &mut Command,
    built: &Built,
    counterparts: &[(Counterpart, Readiness)],
) -> Vec<&'static str> {
    let mut required = Vec::new();
    let mut absent = Vec::new();
    for (program, variable) in PROGRAMS {
        if let Some(path) = built.programs.get(program) {
            command.env(variable, path);
            required.push(program.to_owned());
        } else {
            command.env_remove(variable);
            absent.push(program);
        }
    }
    for (name, readiness) in counterparts {
        match readiness {
            Readiness::Ready(path) => {
                command.env(name.variable(), path);
                required.push(name.to_string());
            }
            // Inherited from the caller it would contradict the closing line.
            Readiness::Missing(_) | Readiness::LeftOut => {
                command.env_remove(name.variable());
            }
        }
    }
    command.env("SMS_BRIDGE_REQUIRE", required.join(","));
    absent
}

/// Runs `cargo test`, passing on what a person wants to see of its output as it comes. Returns what it left running,
/// too.
fn stream(command: &mut Command, built: Built, mark: &str) -> Result<(Tally, Vec<String>)> {
    println!("$ {}", shown(command));
    // One pipe for both, so that cargo's "Running …" stays before the output of what it runs.
    let (reader, writer) = std::io::pipe().context("failed to make a pipe")?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().context("failed to start cargo test")?;
    // The command still holds our ends of the pipe, which would keep it open for ever.
    command.stdout(Stdio::null()).stderr(Stdio::null());

    let mut tally = Tally::new(built.end_to_end);
    let (status, left_running) = std::thread::scope(|scope| {
        // What was left running may hold the pipe open as well, so it is ended while we read.
        let ended = scope.spawn(move || (child.wait(), leftovers::end(mark, leftovers::PATIENCE)));
        pass_on(BufReader::new(reader), &mut tally)?;
        ended
            .join()
            .map_err(|_panic| anyhow!("the thread that waited for cargo test panicked"))
    })?;
    tally.finish();
    let status = status.context("failed to wait for cargo test")?;
    if !status.success() && tally.failed() == 0 {
        tally
            .crashed
            .push(format!("cargo test, which ended with {status}"));
    }
    Ok((tally, left_running))
}

/// Feeds the tally and prints what it says is worth printing.
fn pass_on(mut from: impl BufRead, tally: &mut Tally) -> Result<()> {
    let mut line = Vec::new();
    // Not `lines()`: a child of a test may write anything.
    while from
        .read_until(b'\n', &mut line)
        .context("failed to read from cargo test")?
        > 0
    {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\n', '\r']);
        match tally.handle_line(text) {
            Show::Line => println!("{text}"),
            Show::Instead(other) => println!("{other}"),
            Show::Nothing => {}
        }
        line.clear();
    }
    Ok(())
}

fn print_cases(tally: &Tally) {
    if tally.cases.is_empty() {
        return;
    }
    println!("end-to-end cases:");
    for ((file, name), outcome) in &tally.cases {
        println!("  {outcome:<8}{file}  {name}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_says_what_was_left_out() {
        let plain = Summary {
            passed: 412,
            ..Summary::default()
        };
        assert_eq!(plain.to_string(), "412 passed, 0 failed");
        let skipping = Summary {
            passed: 400,
            failed: 1,
            skipped: 11,
            ..Summary::default()
        };
        assert_eq!(skipping.to_string(), "400 passed, 1 failed, 11 skipped");
        let without = vec![Counterpart::Synapse, Counterpart::GammuSmsd];
        let left_out = Summary {
            passed: 401,
            skipped: 11,
            without,
            ..Summary::default()
        };
        assert_eq!(
            left_out.to_string(),
            "401 passed, 0 failed, 11 skipped (without: synapse, gammu-smsd)"
        );
    }

    #[test]
    fn tests_are_told_what_is_there_and_what_they_must_not_skip() {
        let programs =
            ["sms-bridge", "modem-sim"].map(|name| (name.to_owned(), format!("/t/{name}").into()));
        let built = Built {
            programs: programs.into(),
            ..Built::default()
        };
        let counterparts = [
            (
                Counterpart::Python3,
                Readiness::Ready("/usr/bin/python3".into()),
            ),
            (Counterpart::Synapse, Readiness::LeftOut),
            (
                Counterpart::Smstools,
                Readiness::Missing(anyhow::anyhow!("no apt-get")),
            ),
        ];
        let mut command = Command::new("true");
        assert_eq!(
            tell_tests(&mut command, &built, &counterparts),
            ["bot-api-sim"]
        );
        let told: Vec<_> = command
            .get_envs()
            .map(|(name, value)| (name.to_str(), value.and_then(|v| v.to_str())))
            .collect();
        assert_eq!(
            told,
            [
                (Some("SMS_BRIDGE_BIN"), Some("/t/sms-bridge")),
                (Some("SMS_BRIDGE_BOT_API_SIM"), None),
                (Some("SMS_BRIDGE_MODEM_SIM"), Some("/t/modem-sim")),
                (Some("SMS_BRIDGE_PYTHON3"), Some("/usr/bin/python3")),
                (
                    Some("SMS_BRIDGE_REQUIRE"),
                    Some("sms-bridge,modem-sim,python3")
                ),
                (Some("SMS_BRIDGE_SMSD"), None),
                (Some("SMS_BRIDGE_SYNAPSE_PYTHON"), None),
            ]
        );
    }
}
