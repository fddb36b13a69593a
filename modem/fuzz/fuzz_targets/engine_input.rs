//! `RUSTC_BOOTSTRAP=1 cargo fuzz run engine_input` in `modem/`: any schedule of bytes, time and requests.

#![no_main]

#[path = "../harness.rs"]
mod harness;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| harness::run(data));
