//! Export, import, compact and check, against each other.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::*;
use crate::id::{PartId, Timestamp};
use crate::store::open::Look;
use crate::store::{
    Since, Store, Transaction, Writes, check, compact, export, export_path, export_to_file, import,
    keys,
};

/// As in the test of the migration.
const RECORDS: &str = include_str!("../../../tests/fixtures/format1.txt");
const NOW: Timestamp = Timestamp(1_796_083_448_000);

fn records() -> Writes {
    let records = RECORDS.lines().map(|line| {
        let (key, json) = line.split_once(' ').unwrap();
        let value = [&[1], json.as_bytes()].concat();
        (sms_codec::hex::decode(key).unwrap(), Some(value))
    });
    records.filter(|(key, _)| *key != keys::schema()).collect()
}

fn with(writes: Writes) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("store")).unwrap();
    store.commit_blocking(writes).unwrap();
    folder
}

fn exported(folder: &tempfile::TempDir) -> String {
    let mut out = Vec::new();
    export(folder.path(), &mut out, NOW).unwrap();
    String::from_utf8(out).unwrap()
}

fn imported(lines: &str, since: Since) -> Result<tempfile::TempDir, MaintenanceError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("export");
    std::fs::write(&file, lines).unwrap();
    import(folder.path(), &file, since, NOW).map(|_| folder)
}

fn contents(folder: &tempfile::TempDir) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let path = folder.path().join("store");
    let store = Store::open_held(&path, hold(&path).unwrap(), Look::Whole).unwrap();
    let mut found = BTreeMap::new();
    let each = |key: &[u8], value: &[u8]| {
        found.insert(key.to_vec(), value.to_vec());
        Ok(())
    };
    store.each(each).unwrap();
    found.remove(&keys::tally());
    found
}

#[test]
fn an_export_makes_the_same_store_again() {
    let first = with(records());
    let lines = exported(&first);
    let second = imported(&lines, Since::Nothing).unwrap();
    assert_eq!(contents(&first), contents(&second));
    assert_eq!(exported(&second), lines);
    assert!(check(second.path()).unwrap().is_fine());
    // Where the bridge may have run on the next start is told so, and nothing else differs.
    let mut cautious = contents(&imported(&lines, Since::Unknown).unwrap());
    assert!(cautious.remove(&keys::restored()).is_some());
    assert_eq!(cautious, contents(&first));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Any part of the records, and octets that nobody can read.
    #[test]
    fn export_of_import_of_export_is_export(
        kept in proptest::collection::vec(any::<bool>(), 96),
        broken in proptest::collection::btree_map(0..96_usize, proptest::collection::vec(any::<u8>(), 0..20), 0..4),
    ) {
        let all = records().into_iter().zip(kept).enumerate();
        let writes = all.filter(|(_, (_, kept))| *kept).map(|(number, ((key, value), _))| {
            (key, broken.get(&number).cloned().map_or(value, Some))
        });
        let lines = exported(&with(writes.collect()));
        let again = exported(&imported(&lines, Since::Nothing).unwrap());
        prop_assert_eq!(again, lines);
    }
}

#[test]
fn an_import_of_a_wrong_line_names_it_and_changes_nothing() {
    let lines = exported(&with(records()));
    let count = lines.lines().count();
    let changed = |number: usize, line: &str| {
        let mut all: Vec<&str> = lines.lines().collect();
        all[number - 1] = line;
        all.join("\n") + "\n"
    };
    let twice = {
        let second = lines.lines().nth(1).unwrap();
        lines.replacen(second, &format!("{second}\n{second}"), 1)
    };
    let cut: String = lines
        .lines()
        .take(count - 1)
        .map(|line| format!("{line}\n"))
        .collect();
    let cases = [
        ("hello\n".to_owned(), "line 1: "),
        (String::new(), "line 1: the export is cut off here"),
        (
            changed(1, r#"{"sms_bridge_export":1,"format":9,"at":0}"#),
            "line 1: it is of format 9",
        ),
        (changed(5, "{"), "line 5: "),
        (
            changed(5, r#"{"kind":"message","key":"00","version":1,"value":{}}"#),
            "line 5: message: ",
        ),
        (
            changed(5, r#"{"kind":"riddle","key":"00","version":1,"value":{}}"#),
            "the kind riddle is not known",
        ),
        (
            changed(5, r#"{"kind":"message","key":"0","version":1,"value":{}}"#),
            "line 5: key: ",
        ),
        (twice, "line 3: this record stands there twice"),
        (cut, &format!("line {count}: the export is cut off here")),
        (
            lines.lines().next().unwrap().to_owned() + "\n" + r#"{"end":true,"records":1}"#,
            "line 2: 0 records stand",
        ),
    ];
    for (lines, words) in cases {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("export");
        std::fs::write(&file, lines).unwrap();
        let error = import(folder.path(), &file, Since::Nothing, NOW)
            .unwrap_err()
            .to_string();
        assert!(error.contains(words), "{error}");
        assert!(!folder.path().join("store").exists());
        // The next one is not disturbed by what was left.
        let store = Store::open(&folder.path().join("store")).unwrap();
        assert!(!folder.path().join("store.building").exists());
        drop(store);
    }
}

#[test]
fn an_import_is_for_an_empty_store_and_nothing_is_done_while_the_bridge_runs() {
    let folder = with(records());
    let file = export_path(folder.path(), NOW);
    assert!(
        file.ends_with("store-export-20261201T000408Z.jsonl"),
        "{file:?}"
    );
    assert_eq!(export_to_file(folder.path(), &file, NOW).unwrap(), 95);
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let error = import(folder.path(), &file, Since::Nothing, NOW).unwrap_err();
    assert!(
        matches!(error, MaintenanceError::NotEmpty { .. }),
        "{error}"
    );

    let other = tempfile::tempdir().unwrap();
    let absent = check(other.path()).unwrap_err().to_string();
    assert!(absent.contains("there is no store"), "{absent}");
    assert_eq!(std::fs::read_dir(other.path()).unwrap().count(), 0);
    // One that was begun and never used is as good as none.
    let running = Store::open(&other.path().join("store")).unwrap();
    let told = [
        check(other.path()).err(),
        compact(other.path()).err(),
        import(other.path(), &file, Since::Nothing, NOW).err(),
        export(other.path(), &mut Vec::new(), NOW).err(),
    ];
    for error in told {
        let error = error.unwrap().to_string();
        assert!(error.contains("in use by process"), "{error}");
    }
    drop(running);
    assert_eq!(
        import(other.path(), &file, Since::Nothing, NOW).unwrap(),
        95
    );
    assert_eq!(contents(&folder), contents(&other));
}

#[test]
fn compact_keeps_every_record() {
    let folder = with(records());
    let before = contents(&folder);
    {
        // Writes that leave garbage.
        let store = Store::open(&folder.path().join("store")).unwrap();
        for number in 0..200_u32 {
            let text = format!("{number}").repeat(5_000);
            let none = Writes::new();
            let mut transaction = Transaction::new(&store, &none);
            transaction.save(b"cursor\0x".to_vec(), &text).unwrap();
            store.commit_blocking(transaction.into_writes()).unwrap();
        }
        store
            .commit_blocking(Writes::from([(b"cursor\0x".to_vec(), None)]))
            .unwrap();
    }
    let done = compact(folder.path()).unwrap();
    assert!(done.after < done.before, "{done:?}");
    assert_eq!(contents(&folder), before);
    let names = std::fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["store", "store.lock"]);
}

#[test]
fn check_finds_what_points_nowhere_and_what_cannot_be_read() {
    let folder = with(records());
    let fine = check(folder.path()).unwrap();
    assert_eq!((fine.findings, fine.records["message"]), (vec![], 7));
    let of = |kind: &str| {
        let mut keys = records().into_keys().filter(|key| keys::shown(key) == kind);
        keys.next().unwrap()
    };
    let waiting = keys::part(PartId(keys::last_number(&of("outbox")).unwrap()));
    let cases = [
        (of("outbox"), None, "it waits, but nobody would send it"),
        (waiting, None, "there is no such part"),
        (of("post"), None, "there is no such post"),
        (of("mark"), None, "there is no such mark"),
        (of("mark-of"), None, "its message does not know of it"),
        (of("message"), Some(vec![]), "message: it is empty"),
        (of("post"), Some(vec![7]), "post: its version is 7"),
        (
            of("taken"),
            Some(b"\x01{".to_vec()),
            "taken: it cannot be read",
        ),
        (
            b"riddle\0".to_vec(),
            Some(b"\x01{}".to_vec()),
            "a kind that this program does not know",
        ),
    ];
    for (key, value, words) in cases {
        let folder = with(records());
        let store = Store::open(&folder.path().join("store")).unwrap();
        store.commit_blocking(Writes::from([(key, value)])).unwrap();
        drop(store);
        let report = check(folder.path()).unwrap();
        assert!(
            report.findings.iter().any(|found| found.contains(words)),
            "{words}: {report:#?}"
        );
    }
}
