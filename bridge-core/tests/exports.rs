//! Exports that the bridge makes by itself (`export_every`): of one moment however much goes on meanwhile, whole or not at all
//! whenever it is killed, and what a start after damage goes on from.
//!
//! The test runs itself again as the process that is killed, as `tests/crash_points` does.

#![expect(clippy::unwrap_used, reason = "a test may be blunt")]

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bridge_core::conformance::instant::{self, InstantChat};
use bridge_core::conformance::{TestLine, fill};
use bridge_core::store::{Report, Since, check, import};
use bridge_core::{Bridge, Clock, Origin};

const FOLDER: &str = "SMS_BRIDGE_TEST_FOLDER";
const END_AT: &str = "SMS_BRIDGE_CRASH_AT";
const ABORTED: i32 = 6;
/// Some pages of records.
const MESSAGES: u64 = 240;

async fn opened(folder: &Path) -> Bridge {
    let mut settings = instant::settings(folder.to_owned());
    settings.export_every = Some(Duration::from_secs(3600));
    let mut bridge = Bridge::open(settings).await.unwrap();
    let chat = Arc::<InstantChat>::default();
    bridge.attach_chat(chat).await.unwrap();
    bridge
}

/// What lies in the folder besides the store, by the end of its name.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = paths
        .filter(|path| path.to_string_lossy().ends_with(end))
        .collect();
    found.sort();
    found
}

/// Waits for an export, with SMS coming in all the while; how many did.
async fn until_exported(bridge: &Bridge, folder: &Path, before: usize) -> u64 {
    let (line, home) = (TestLine::default(), instant::line());
    let mut came = 0;
    while files(folder, "-auto.jsonl").len() <= before {
        let contact = instant::contact(came);
        let pdu = line.incoming(&contact, &instant::text(came)).remove(0);
        let handle = bridge.handle();
        let taken = handle.sms_arrived(&home, Origin::Direct, pdu);
        taken.await.unwrap();
        came += 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    came
}

fn restored(export: &Path, since: Since) -> Report {
    let folder = tempfile::tempdir().unwrap();
    import(folder.path(), export, since, Clock::system().now()).unwrap();
    let report = check(folder.path()).unwrap();
    assert!(report.is_fine(), "{report:?}");
    report
}

fn messages(report: &Report) -> u64 {
    report.records.get("message").copied().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_beside_traffic_is_of_one_moment_and_damage_goes_on_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fill(path, MESSAGES, |_| {}).await.unwrap();
    let bridge = opened(path).await;
    let came = until_exported(&bridge, path, 0).await;
    bridge.stop().await;
    let export = files(path, "-auto.jsonl").remove(0);
    let mode = std::fs::metadata(&export).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let exported = restored(&export, Since::Nothing);
    let (least, most) = (MESSAGES, MESSAGES + came);
    assert!((least..=most).contains(&messages(&exported)));

    // Another start finds that none is due; and makes no other one.
    opened(path).await.stop().await;
    assert_eq!(files(path, "-auto.jsonl"), vec![export]);

    // Nothing of the database can be read any more.
    let database = path.join("store").join("db");
    let length = std::fs::metadata(&database).unwrap().len();
    let noise = vec![0xA5; usize::try_from(length).unwrap()];
    std::fs::write(&database, noise).unwrap();
    let settings = instant::settings(path.to_owned());
    Bridge::open(settings).await.unwrap().stop().await;
    let report = check(path).unwrap();
    assert!(report.is_fine(), "{report:?}");
    assert_eq!(messages(&report), messages(&exported));
    assert_eq!(report.records.get("restored"), Some(&1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_is_killed_is_whole_or_made_again() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let folder = Path::new(&folder);
        let bridge = opened(folder).await;
        until_exported(&bridge, folder, 1).await;
        // Named: what is left to be done is to remove what is too old.
        tokio::time::sleep(Duration::from_secs(120)).await;
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fill(path, MESSAGES, |_| {}).await.unwrap();
    // An old one, by which to see that the newest is taken; nothing else of it matters.
    let old = path.join("store-export-20250101T000000Z-auto.jsonl");
    std::fs::write(&old, "").unwrap();
    let ends = [
        ("export: some written:1", 1),
        ("export: some written:4", 1),
        ("export: synced, not named:1", 1),
        ("export: named, old ones not removed:1", 2),
    ];
    for (end, whole) in ends {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["an_export_that_is_killed_is_whole_or_made_again", "--exact"])
            .env(FOLDER, path)
            .env(END_AT, end)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), Some(ABORTED), "{end}: {said}");
        assert_eq!(files(path, "-auto.jsonl").len(), whole, "{end}");
        assert!(check(path).unwrap().is_fine(), "{end}");
    }
    let export = files(path, "-auto.jsonl").pop().unwrap();
    assert!(messages(&restored(&export, Since::Nothing)) >= MESSAGES);
    assert_eq!(files(path, ".part").len(), 0);

    // Cut off in the middle, it is not taken for one: the next start makes another.
    std::fs::rename(
        &export,
        path.join("store-export-20250102T000000Z-auto.jsonl.part"),
    )
    .unwrap();
    let bridge = opened(path).await;
    until_exported(&bridge, path, 1).await;
    bridge.stop().await;
    let names: BTreeSet<PathBuf> = files(path, "").into_iter().collect();
    assert_eq!(
        names.len(),
        4,
        "two exports, the store and its lock: {names:?}"
    );
}
