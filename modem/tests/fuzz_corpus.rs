//! The committed corpora of the fuzz targets, without a fuzzer: what was found once stays mended.

#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test ends where it fails, and says where"
)]

#[path = "../fuzz/harness.rs"]
mod harness;
#[path = "../fuzz/usb_tables.rs"]
mod usb_tables;

const CORPORA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus");

#[test]
fn nothing_in_the_corpus_breaks_the_engine() {
    replay("engine_input", harness::run);
}

#[test]
fn nothing_in_the_corpus_breaks_the_readers_of_usb_tables() {
    replay("usb_tables", usb_tables::run);
}

fn replay(target: &str, run: fn(&[u8])) {
    let mut replayed = 0;
    for entry in std::fs::read_dir(format!("{CORPORA}/{target}")).expect("the corpus is committed")
    {
        let path = entry.expect("an entry").path();
        let data = std::fs::read(&path).expect("a file");
        if let Err(panic) = std::panic::catch_unwind(|| run(&data)) {
            eprintln!("{} breaks {target}", path.display());
            std::panic::resume_unwind(panic);
        }
        replayed += 1;
    }
    assert!(replayed >= 20, "only {replayed} files of {target}");
}
