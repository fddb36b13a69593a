//! The committed corpus of the fuzz target `engine_input`, without a fuzzer: what was found once stays mended.

#[path = "../fuzz/harness.rs"]
mod harness;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/engine_input");

#[test]
fn nothing_in_the_corpus_breaks_the_engine() {
    let mut replayed = 0;
    for entry in std::fs::read_dir(CORPUS).expect("the corpus is committed") {
        let path = entry.expect("an entry").path();
        let data = std::fs::read(&path).expect("a file");
        let name = path.display().to_string();
        if let Err(panic) = std::panic::catch_unwind(|| harness::run(&data)) {
            eprintln!("{name} breaks the engine");
            std::panic::resume_unwind(panic);
        }
        replayed += 1;
    }
    assert!(replayed >= 20, "only {replayed} files in {CORPUS}");
}
