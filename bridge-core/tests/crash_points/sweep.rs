//! Every visit of every point, one after the other: the life that ends there, and the lives after it.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::judge::{Tally, judge};
use crate::script::Scenario;
use crate::world::World;

/// Lives that go on beside each other: they wait most of the time.
const BESIDE: usize = 6;
/// Names the scenario and the folder, in a process that is to live.
pub(crate) const LIFE: &str = "SMS_BRIDGE_CRASH_LIFE";

/// How a life ended.
enum End {
    Settled(BTreeMap<String, u64>),
    Crashed,
    Otherwise(String),
}

fn live(folder: &Path, scenario: &Scenario, crash_at: &str) -> End {
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program)
        .args(["--exact", "a_life_of_its_own", "--nocapture", "--quiet"])
        .env(LIFE, format!("{}={}", scenario.name, folder.display()))
        .env("SMS_BRIDGE_CRASH_AT", crash_at)
        .output()
        .unwrap();
    if output.status.signal() == Some(6) && !crash_at.is_empty() {
        return End::Crashed;
    }
    if output.status.success() {
        let visits = std::fs::read(folder.join("visits")).unwrap();
        return End::Settled(serde_json::from_slice(&visits).unwrap());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    End::Otherwise(format!("{}: {said}{told}", output.status))
}

#[derive(Default)]
struct Sum {
    runs: usize,
    crashes: usize,
    tally: Tally,
    wrong: Vec<String>,
}

/// Plays a scenario with an end at each visit of each point, and says what is wrong.
pub(crate) fn sweep(scenario: &Scenario) {
    let visits = {
        let folder = folder();
        let End::Settled(visits) = live(folder.path(), scenario, "") else {
            panic!("{}: does not settle even without a crash", scenario.name);
        };
        let (tally, wrong) = judge(&World::read(folder.path()), scenario, &[]);
        assert!(
            wrong.is_empty(),
            "{}, without a crash: {wrong:#?}",
            scenario.name
        );
        assert_eq!(tally.marked, 0, "{}, without a crash", scenario.name);
        visits
    };
    let mut todo: Vec<(String, u64)> = visits
        .iter()
        .flat_map(|(point, times)| (1..=*times).map(|visit| (point.clone(), visit)))
        .collect();
    let all = todo.len();
    todo.reverse();
    let (todo, sum) = (Mutex::new(todo), Mutex::new(Sum::default()));
    std::thread::scope(|scope| {
        for _ in 0..BESIDE {
            scope.spawn(|| {
                loop {
                    let next = todo.lock().unwrap().pop();
                    let Some((point, visit)) = next else { return };
                    end_at(scenario, &point, visit, &sum);
                }
            });
        }
    });
    let Sum {
        runs,
        crashes,
        tally,
        wrong,
    } = sum.into_inner().unwrap();
    eprintln!(
        "{}: {all} visits of {} points, {runs} runs, {crashes} crashes, {} unknown, {} marked repeats, {} wrong",
        scenario.name,
        visits.len(),
        tally.unknown,
        tally.marked,
        wrong.len(),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(crashes * 2 > all, "too few points were reached again");
}

/// Ends one life at this visit, and has the next one settle; and for every other visit ends the next one there too, and has
/// a third one settle.
fn end_at(scenario: &Scenario, point: &str, visit: u64, sum: &Mutex<Sum>) {
    let first = folder();
    let again = folder();
    let mut crashes = Vec::new();
    let mut end = live(first.path(), scenario, &format!("{point}:{visit}"));
    if matches!(end, End::Crashed) {
        crashes.push(point);
        copy(first.path(), again.path());
        end = live(first.path(), scenario, "");
        note(sum, scenario, (point, visit), &crashes, first.path(), end);
        if visit.is_multiple_of(2) {
            return;
        }
        end = live(again.path(), scenario, &format!("{point}:1"));
        if matches!(end, End::Crashed) {
            crashes.push(point);
            end = live(again.path(), scenario, "");
        }
        note(sum, scenario, (point, visit), &crashes, again.path(), end);
    } else {
        note(sum, scenario, (point, visit), &crashes, first.path(), end);
    }
}

fn note(
    sum: &Mutex<Sum>,
    scenario: &Scenario,
    (point, visit): (&str, u64),
    crashes: &[&str],
    folder: &Path,
    end: End,
) {
    let at = format!(
        "{}: {point}:{visit} ({} crashes)",
        scenario.name,
        crashes.len()
    );
    let (tally, wrong) = match end {
        End::Settled(_) => judge(&World::read(folder), scenario, crashes),
        End::Crashed => (Tally::default(), vec!["ended there once more".to_owned()]),
        End::Otherwise(how) => (Tally::default(), vec![how]),
    };
    let mut sum = sum.lock().unwrap();
    sum.runs += 1;
    sum.crashes += crashes.len();
    sum.tally.unknown += tally.unknown;
    sum.tally.marked += tally.marked;
    if !wrong.is_empty() {
        let kept = keep(folder, sum.wrong.len());
        sum.wrong.push(format!(
            "{at}, see {}:\n  {}",
            kept.display(),
            wrong.join("\n  ")
        ));
    }
}

/// The world of a run that went wrong, for whoever looks into it: only the first of them.
fn keep(folder: &Path, number: usize) -> PathBuf {
    let journal = folder.join("world");
    let kept = std::env::temp_dir().join(format!("crash-{}-{number}", std::process::id()));
    if number < 3 {
        drop(std::fs::copy(&journal, &kept));
    }
    kept
}

/// In memory where that is possible: what is synced there survives the end of a process all the same.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory).unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
