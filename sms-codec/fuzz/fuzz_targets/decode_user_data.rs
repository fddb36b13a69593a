//! `RUSTC_BOOTSTRAP=1 cargo fuzz run decode_user_data` in `sms-codec/`: user data under any coding, alone and as parts.

#![no_main]

#[path = "../harness.rs"]
mod harness;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| harness::decode_user_data(data));
