//! What rewrites a whole store is killed between any two of its steps, and so is the start that follows: a whole store is
//! left each time.
//!
//! The test runs itself again as the process that is killed, as `tests/crash_points` does.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may be blunt"
)]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use bridge_core::Clock;
use bridge_core::conformance::fill;
use bridge_core::crash::visits;
use bridge_core::store::{MaintenanceError, Report, Since, check, compact, export_to_file, import};

const FOLDER: &str = "SMS_BRIDGE_TEST_FOLDER";
const EXPORT: &str = "SMS_BRIDGE_TEST_EXPORT";
const END_AT: &str = "SMS_BRIDGE_CRASH_AT";
const NOWHERE: &str = "nowhere:0";
const ABORTED: i32 = 6;
/// So many that they are not written all together.
const MESSAGES: u64 = 240;

/// What a process does.
#[derive(Clone, Copy, Debug)]
enum Act {
    Compact,
    Import,
    /// What every start and every command does first.
    Look,
}

impl Act {
    fn name(self) -> &'static str {
        match self {
            Self::Compact => "a_killed_compact_leaves_a_whole_store",
            Self::Import => "a_killed_import_leaves_none_or_a_whole_store",
            Self::Look => "a_look_at_what_is_left",
        }
    }

    fn play(self, folder: &Path) {
        match self {
            Self::Compact => drop(compact(folder).unwrap()),
            Self::Import => imported(folder, Path::new(&std::env::var_os(EXPORT).unwrap())),
            Self::Look => drop(check(folder)),
        }
        for (point, count) in visits() {
            println!("\nvisited {count} {point}");
        }
    }

    /// Runs it in a process of its own, to end at this visit of this point.
    fn run(self, folder: &Path, export: &Path, end: &str) -> std::process::Output {
        Command::new(std::env::current_exe().unwrap())
            .args([self.name(), "--exact", "--nocapture"])
            .env(FOLDER, folder)
            .env(EXPORT, export)
            .env(END_AT, end)
            .output()
            .unwrap()
    }

    /// Every visit of every point that it passes.
    fn ends(self, folder: &Path, export: &Path) -> Vec<String> {
        let output = self.run(folder, export, NOWHERE);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{self:?}: {said}");
        let visited = said
            .lines()
            .filter_map(|line| line.strip_prefix("visited "));
        let visited = visited.filter_map(|line| line.split_once(' '));
        visited
            .flat_map(|(count, point)| {
                let count: u64 = count.parse().unwrap();
                (1..=count).map(move |visit| format!("{point}:{visit}"))
            })
            .collect()
    }

    fn killed(self, folder: &Path, export: &Path, end: &str) {
        let output = self.run(folder, export, end);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), Some(ABORTED), "{end}: {said}");
    }
}

/// Whether this process is the one to be killed; then it did its work.
fn is_played(act: Act) -> bool {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return false;
    };
    act.play(Path::new(&folder));
    true
}

fn imported(folder: &Path, export: &Path) {
    import(folder, export, Since::Unknown, Clock::system().now()).unwrap();
}

/// A filled store, and an export of it.
async fn filled(folder: &Path) -> (PathBuf, PathBuf, Report) {
    let (data, export) = (folder.join("data"), folder.join("export"));
    fill(&data, MESSAGES, |_| {}).await.unwrap();
    export_to_file(&data, &export, Clock::system().now()).unwrap();
    let report = check(&data).unwrap();
    assert!(report.is_fine(), "{report:?}");
    (data, export, report)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// The folders that are there, by which a look knows what was under way.
fn folders(data: &Path) -> BTreeSet<OsString> {
    let entries = std::fs::read_dir(data).unwrap();
    entries.map(|entry| entry.unwrap().file_name()).collect()
}

/// Kills `act` at each of its steps in a folder like `begin`; then, once for each way in which things can be left, the look
/// that follows at each of its own; and judges what is left.
fn at_every_step(act: Act, begin: &Path, export: &Path, judge: &dyn Fn(&str, &Path)) {
    let above = begin.parent().unwrap();
    let fresh = |name: &str, from: &Path| {
        let folder = above.join(name);
        drop(std::fs::remove_dir_all(&folder));
        copy(from, &folder);
        folder
    };
    let ends = act.ends(&fresh("dry", begin), export);
    assert!(ends.iter().any(|end| end.starts_with("swap: some written")));
    let mut seen = BTreeSet::new();
    for end in &ends {
        let killed = fresh("killed", begin);
        act.killed(&killed, export, end);
        if seen.insert(folders(&killed)) {
            for then in Act::Look.ends(&fresh("dry", &killed), export) {
                let again = fresh("again", &killed);
                Act::Look.killed(&again, export, &then);
                judge(&format!("{end}, then {then}"), &again);
            }
        }
        judge(end, &killed);
    }
}

#[test]
fn a_look_at_what_is_left() {
    is_played(Act::Look);
}

#[tokio::test]
async fn a_killed_compact_leaves_a_whole_store() {
    if is_played(Act::Compact) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, export, whole) = filled(folder.path()).await;
    at_every_step(Act::Compact, &data, &export, &|end, left| {
        let report = check(left).unwrap();
        assert!(report.is_fine(), "{end}: {report:?}");
        assert_eq!(report.records, whole.records, "{end}");
        let left = folders(left);
        assert_eq!(left.len(), 2, "{end}: the store and its lock, not {left:?}");
    });
}

#[tokio::test]
async fn a_killed_import_leaves_none_or_a_whole_store() {
    if is_played(Act::Import) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (_, export, mut whole) = filled(folder.path()).await;
    whole.records.insert("restored".to_owned(), 1);
    let begin = folder.path().join("empty");
    std::fs::create_dir(&begin).unwrap();
    at_every_step(Act::Import, &begin, &export, &|end, left| {
        if matches!(check(left), Err(MaintenanceError::Absent(_))) {
            imported(left, &export);
        }
        let report = check(left).unwrap();
        assert!(report.is_fine(), "{end}: {report:?}");
        assert_eq!(report.records, whole.records, "{end}");
    });
}
