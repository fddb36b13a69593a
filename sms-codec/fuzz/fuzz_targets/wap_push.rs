//! `RUSTC_BOOTSTRAP=1 cargo fuzz run wap_push` in `sms-codec/`: WAP pushes and what else comes to a port, in one part or several.

#![no_main]

#[path = "../harness.rs"]
mod harness;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| harness::wap_push(data));
