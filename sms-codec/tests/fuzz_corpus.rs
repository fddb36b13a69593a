//! The committed corpus of the fuzz targets, without a fuzzer: what was found once stays mended.

#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "helpers of tests, which the lints do not take for tests"
)]

#[path = "../fuzz/harness.rs"]
mod harness;

use std::path::Path;

#[test]
fn decode() {
    replay("decode", harness::decode);
}

#[test]
fn decode_user_data() {
    replay("decode_user_data", harness::decode_user_data);
}

#[test]
fn wap_push() {
    replay("wap_push", harness::wap_push);
}

#[track_caller]
fn replay(target: &str, run: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut replayed = 0;
    for entry in std::fs::read_dir(&corpus).expect("the corpus is committed") {
        let path = entry.expect("an entry").path();
        let data = std::fs::read(&path).expect("a file");
        if let Err(panic) = std::panic::catch_unwind(|| run(&data)) {
            eprintln!("{} breaks {target}", path.display());
            std::panic::resume_unwind(panic);
        }
        replayed += 1;
    }
    assert!(
        replayed >= 5,
        "only {replayed} files in {}",
        corpus.display()
    );
}
