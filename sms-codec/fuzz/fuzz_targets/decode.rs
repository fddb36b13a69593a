//! `RUSTC_BOOTSTRAP=1 cargo fuzz run decode` in `sms-codec/`: whole PDUs, as octets and as text.

#![no_main]

#[path = "../harness.rs"]
mod harness;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| harness::decode(data));
