//! `RUSTC_BOOTSTRAP=1 cargo fuzz run usb_tables` in `modem/`: any file as a table for USB mode switching.

#![no_main]

#[path = "../usb_tables.rs"]
mod usb_tables;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| usb_tables::run(data));
