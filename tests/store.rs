//! `sms-bridge store` as a person meets it.

#![allow(clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use support::{program, stderr, stdout};

/// Made by hand: the head, the chat network's place, a contact's room, and the end.
const EXPORT: &str = r#"{"sms_bridge_export":1,"format":2,"at":1700000000000}
{"kind":"cursor","key":"74656C656772616D006F666673657400","version":1,"value":"42"}
{"kind":"place","key":"74656C656772616D002D313030003700","version":1,"value":{"conversation":{"address":{"number":"+12025550100"},"line":"home"}}}
{"end":true,"records":2}
"#;

fn store(arguments: &[&str], data_dir: &Path) -> Output {
    program()
        .arg("store")
        .args(arguments)
        .arg("--data-dir")
        .arg(data_dir)
        .output()
        .expect("the program starts")
}

#[test]
fn an_export_is_imported_checked_compacted_and_exported_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let file = folder.path().join("backup.jsonl");
    let from = file.display().to_string();

    let absent = store(&["check"], &data);
    assert_eq!(absent.status.code(), Some(1));
    assert!(
        stderr(&absent).contains("there is no store in"),
        "{}",
        stderr(&absent)
    );

    fs::write(&file, EXPORT.replace("\"42\"", "42")).expect("a file in it");
    let refused = store(&["import", &from], &data);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("line 2: cursor: "),
        "{}",
        stderr(&refused)
    );

    fs::write(&file, EXPORT).expect("a file in it");
    let imported = store(&["import", &from, "--as-it-was"], &data);
    assert!(imported.status.success(), "{}", stderr(&imported));
    let again = store(&["import", &from], &data);
    assert!(
        stderr(&again).contains("holds 2 records already"),
        "{}",
        stderr(&again)
    );

    let checked = store(&["check"], &data);
    assert!(checked.status.success(), "{}", stdout(&checked));
    assert!(
        stdout(&checked).ends_with("nothing is wrong\n"),
        "{}",
        stdout(&checked)
    );
    let compacted = store(&["compact"], &data);
    assert!(
        stdout(&compacted).contains("MiB on disk"),
        "{}",
        stderr(&compacted)
    );

    let exported = stdout(&store(&["export", "--to", "-"], &data));
    let lines = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&exported), lines(EXPORT));
    let named = stdout(&store(&["export"], &data));
    assert!(named.contains("2 records are in"), "{named}");
    let names = fs::read_dir(&data).expect("the folder");
    let exports = names.filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name();
        name.to_string_lossy().starts_with("store-export-")
    });
    assert_eq!(exports.count(), 1);
}

#[test]
fn the_configuration_names_the_folder_whatever_else_is_wrong_with_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("config.toml");
    let check = |text: String| {
        fs::write(&file, text).expect("a file in it");
        let checked = program()
            .args(["store", "check", "--config"])
            .arg(&file)
            .output()
            .expect("the program starts");
        stderr(&checked)
    };
    let data = folder.path().join("data");
    let told = check(format!("data_dir = \"{}\"", data.display()));
    assert!(
        told.contains(&format!("there is no store in {}", data.display())),
        "{told}"
    );
    let told = check(format!("datadir = \"{}\"", data.display()));
    assert!(told.contains("did you mean data_dir?"), "{told}");
}
