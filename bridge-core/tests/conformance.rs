//! The core against the conformance suite, with the simplest chat network there can be. What fails here is no adapter's
//! fault.

mod memory;

use bridge_core::conformance;
use memory::MemoryChat;

#[tokio::test(flavor = "multi_thread")]
async fn the_core_passes_the_suite() {
    let folder = tempfile::tempdir().unwrap();
    let mut chat = MemoryChat::default();
    conformance::run(&mut chat, folder.path()).await;
}
