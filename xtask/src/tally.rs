//! Reads what `cargo test … -- --show-output` prints: the counts, the end-to-end cases, and the tests that skipped
//! themselves.
//!
//! libtest has no word for a test that finds at run time that its counterpart is absent. Such a test prints a line
//! `skipped: reason` and returns; libtest captures it and calls it passed. With `--show-output` the line comes to light
//! after the run, together with everything else that passing tests printed, which is kept from the screen.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What became of one end-to-end case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Ran and held.
    Passed,
    /// Ran and did not hold.
    Failed,
    /// Passed by its own word only: it printed `skipped: …`.
    Skipped,
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Passed => "ok",
            Self::Failed => "FAILED",
            Self::Skipped => "skipped",
        })
    }
}

/// Whether a line is worth a person's eye.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    /// As it is.
    Line,
    /// This instead.
    Instead(String),
    /// Output of a test that passed.
    Nothing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    /// `test name ... ok`, and anything that child processes write.
    Running,
    /// Output of tests that passed, or skipped themselves.
    Successes,
    /// Output of tests that failed.
    Failures,
}

/// The sum over all test programs of one `cargo test`.
pub(crate) struct Tally {
    /// File names of the test programs whose cases are the end-to-end cases.
    end_to_end: BTreeSet<String>,
    section: Section,
    /// The test program that runs, as cargo names it, until its first result.
    unfinished: Option<String>,
    /// The file of the end-to-end tests that run now.
    file: Option<String>,
    /// The test whose captured output is being read.
    test: Option<String>,
    passed: usize,
    failed: usize,
    /// `(file, test)` of those that said `skipped:`; a set, as one test may say it twice.
    skipped: BTreeSet<(String, String)>,
    header: String,
    /// Tests that did not hold, each with its program, for the end of a long output.
    pub(crate) failures: Vec<String>,
    /// Test programs that ended without a result: they crashed or were killed.
    pub(crate) crashed: Vec<String>,
    /// By file and test.
    pub(crate) cases: BTreeMap<(String, String), Outcome>,
}

impl Tally {
    /// Starts a sum; `end_to_end` as in [`crate::build::Built`].
    pub(crate) fn new(end_to_end: BTreeSet<String>) -> Self {
        Self {
            end_to_end,
            section: Section::Running,
            unfinished: None,
            file: None,
            test: None,
            passed: 0,
            failed: 0,
            skipped: BTreeSet::new(),
            header: String::new(),
            failures: Vec::new(),
            crashed: Vec::new(),
            cases: BTreeMap::new(),
        }
    }

    /// Tests that ran and held.
    pub(crate) fn passed(&self) -> usize {
        self.passed.saturating_sub(self.skipped.len())
    }

    /// Tests that did not hold, and test programs that never came to a result.
    pub(crate) fn failed(&self) -> usize {
        self.failed + self.crashed.len()
    }

    /// Tests that skipped themselves.
    pub(crate) fn skipped(&self) -> usize {
        self.skipped.len()
    }

    /// Takes in one line, without its line ending.
    pub(crate) fn handle_line(&mut self, line: &str) -> Show {
        if let Some(header) = header(line) {
            self.finish();
            self.section = Section::Running;
            self.unfinished = Some(header.to_owned());
            header.clone_into(&mut self.header);
            self.file = self.end_to_end_file(header);
            return Show::Line;
        }
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.passed += count(counts, "passed");
            self.failed += count(counts, "failed");
            self.unfinished = None;
            self.section = Section::Running;
            return Show::Line;
        }
        match (self.section, line) {
            (Section::Running | Section::Successes, "failures:") => {
                self.section = Section::Failures;
                Show::Line
            }
            (Section::Running, "successes:") => {
                self.section = Section::Successes;
                Show::Nothing
            }
            (Section::Running, _) => {
                self.handle_result(line);
                Show::Line
            }
            (Section::Successes, _) => self.handle_captured(line),
            (Section::Failures, _) => Show::Line,
        }
    }

    /// The output is at its end.
    pub(crate) fn finish(&mut self) {
        self.crashed.extend(self.unfinished.take());
    }

    fn handle_result(&mut self, line: &str) {
        let Some((name, result)) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.rsplit_once(" ... "))
        else {
            return;
        };
        let outcome = match result {
            "ok" => Outcome::Passed,
            "FAILED" => Outcome::Failed,
            _ => return,
        };
        if outcome == Outcome::Failed {
            let program = self.header.split(" (").next().unwrap_or_default();
            self.failures.push(format!("{program}  {name}"));
        }
        if let Some(file) = &self.file {
            self.cases.insert((file.clone(), name.to_owned()), outcome);
        }
    }

    fn handle_captured(&mut self, line: &str) -> Show {
        if let Some(name) = line
            .strip_prefix("---- ")
            .and_then(|rest| rest.strip_suffix(" stdout ----"))
        {
            self.test = Some(name.to_owned());
        } else if let (Some(reason), Some(test)) = (line.strip_prefix("skipped:"), &self.test) {
            if self.skipped.insert((self.header.clone(), test.clone()))
                && let Some(file) = &self.file
            {
                self.cases
                    .insert((file.clone(), test.clone()), Outcome::Skipped);
            }
            return Show::Instead(format!("test {test} skipped:{reason}"));
        }
        Show::Nothing
    }

    /// `tests/telegram.rs` of `tests/telegram.rs (/target/debug/deps/telegram-1)`, if that is an end-to-end test.
    fn end_to_end_file(&self, header: &str) -> Option<String> {
        let (file, executable) = header.strip_suffix(')')?.split_once(" (")?;
        let name = executable.rsplit('/').next()?;
        self.end_to_end.contains(name).then(|| file.to_owned())
    }
}

/// What cargo says it runs next: `Running unittests src/lib.rs (…)`, `Doc-tests modem`.
fn header(line: &str) -> Option<&str> {
    // Indented to the column of cargo's verbs, so that a test that prints such words is not taken for one.
    let indented = line
        .strip_prefix("     Running ")
        .filter(|rest| rest.ends_with(')') && rest.contains(" ("));
    indented.or_else(|| line.strip_prefix("   Doc-tests "))
}

/// The number before a word in `ok. 7 passed; 0 failed; …`.
fn count(counts: &str, word: &str) -> usize {
    let mut words = counts.split([' ', ';', '.']);
    let mut before = "";
    words
        .find_map(|this| {
            let found = (this == word).then(|| before.parse().ok());
            before = this;
            found
        })
        .flatten()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `cargo test --no-fail-fast -- --show-output` of cargo 1.95 prints it, reduced.
    const PRINTED: &str = "\
   Compiling modem v0.1.0 (/w/modem)
    Finished `test` profile [unoptimized] target(s) in 1.24s
     Running unittests src/lib.rs (/t/debug/deps/modem-0a)

running 2 tests
test engine::tests::a_late_answer_is_drained ... ok
test engine::tests::b ... ok

successes:

---- engine::tests::b stdout ----
     running late
test result of an earlier day

successes:
    engine::tests::a_late_answer_is_drained
    engine::tests::b

test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

     Running tests/telegram.rs (/t/debug/deps/telegram-0b)

running 3 tests
test aiogram_talks_to_the_server ... ok
test a_reply_goes_out ... ok
test a_stranger_is_not_served ... FAILED

successes:

---- aiogram_talks_to_the_server stdout ----
skipped: needs aiogram, run cargo xtask test
skipped: really

successes:
    a_reply_goes_out
    aiogram_talks_to_the_server

failures:

---- a_stranger_is_not_served stdout ----
skipped: this is output of a failed test
thread panicked

failures:
    a_stranger_is_not_served

test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

error: test failed, to rerun pass `--test telegram`
     Running tests/matrix.rs (/t/debug/deps/matrix-0c)

running 1 test
error: test failed, to rerun pass `--test matrix`

Caused by:
  process didn't exit successfully: `/t/debug/deps/matrix-0c` (signal: 6, SIGABRT: process abort signal)
   Doc-tests modem

running 1 test
test modem/src/lib.rs - (line 3) ... ok

successes:

successes:
    modem/src/lib.rs - (line 3)

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s

";

    fn read(printed: &str) -> (Tally, Vec<String>) {
        let mut tally = Tally::new(BTreeSet::from([
            "telegram-0b".to_owned(),
            "matrix-0c".to_owned(),
        ]));
        let shown = printed
            .lines()
            .filter_map(|line| match tally.handle_line(line) {
                Show::Line => Some(line.to_owned()),
                Show::Instead(other) => Some(other),
                Show::Nothing => None,
            });
        let shown = shown.collect();
        tally.finish();
        (tally, shown)
    }

    #[test]
    fn counts_are_summed_over_programs() {
        let (tally, _) = read(PRINTED);
        assert_eq!((tally.passed(), tally.failed(), tally.skipped()), (4, 2, 1));
    }

    #[test]
    fn a_program_without_a_result_has_crashed() {
        assert_eq!(
            read(PRINTED).0.crashed,
            ["tests/matrix.rs (/t/debug/deps/matrix-0c)"]
        );
        let (cut_off, _) = read(
            "     Running unittests src/main.rs (/t/debug/deps/sms_bridge-0d)\n\nrunning 9 tests\n",
        );
        assert_eq!((cut_off.passed(), cut_off.failed()), (0, 1));
    }

    #[test]
    fn failures_are_kept_for_the_end() {
        let (tally, _) = read(PRINTED);
        assert_eq!(
            tally.failures,
            ["tests/telegram.rs  a_stranger_is_not_served"]
        );
    }

    #[test]
    fn end_to_end_cases_are_those_of_the_root_tests() {
        let (tally, _) = read(PRINTED);
        let cases: Vec<_> = tally
            .cases
            .iter()
            .map(|((file, name), outcome)| format!("{outcome} {file} {name}"))
            .collect();
        assert_eq!(
            cases,
            [
                "ok tests/telegram.rs a_reply_goes_out",
                "FAILED tests/telegram.rs a_stranger_is_not_served",
                "skipped tests/telegram.rs aiogram_talks_to_the_server",
            ]
        );
    }

    #[test]
    fn output_of_passing_tests_stays_away_but_their_reason_to_skip_does_not() {
        let (_, shown) = read(PRINTED);
        let holds = |text: &str| shown.iter().any(|line| line.contains(text));
        assert!(!holds("running late"));
        assert!(!holds("successes:"));
        assert!(holds(
            "test aiogram_talks_to_the_server skipped: needs aiogram, run cargo xtask test"
        ));
        assert!(holds("thread panicked"));
        assert!(holds("error: test failed, to rerun pass `--test telegram`"));
    }

    #[test]
    fn a_result_line_is_read_by_its_words() {
        for (line, passed, failed) in [
            (
                "ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 2.00s",
                12,
                0,
            ),
            ("FAILED. 0 passed; 34 failed; 0 ignored", 0, 34),
            ("ok.", 0, 0),
        ] {
            assert_eq!(
                (count(line, "passed"), count(line, "failed")),
                (passed, failed),
                "{line}"
            );
        }
    }
}
