//! The readers of tables for USB mode switching under any content. Shared by the fuzz target `usb_tables` and by
//! `tests/fuzz_corpus.rs`.
//!
//! The first octet says which reader; what has to hold: nothing panics, what is read is bounded by what it was read from,
//! and each plan becomes a list of steps.

use modem::usb::file_name::{FileName, Strings};
use modem::usb::{openwrt, pack, settings, steps};

/// The most steps: those of MobileAction, and the messages.
const STEPS: usize = 1_024;

/// Runs one file. Panics if something does not hold.
pub(crate) fn run(data: &[u8]) {
    let Some((&form, content)) = data.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(content);
    let strings = Strings {
        manufacturer: "Option N.V.".to_owned(),
        ..Strings::default()
    };
    match form % 4 {
        0 => read_settings(&text),
        1 => {
            let id = "05c6:1000".parse().expect("an id");
            if let Ok(Some(plan)) = openwrt::find(&text, id, &strings) {
                assert!(steps::steps(&plan).len() <= STEPS);
            }
        }
        2 => {
            if let Some(name) = FileName::parse(&text) {
                assert!(name.conditions.len() <= content.len());
                let other = "0000:0001".parse().expect("an id");
                assert!(name.id == other || !name.is_of(other, &strings));
            }
        }
        _ => {
            for file in pack::read(content, |_| true).unwrap_or_default() {
                read_settings(&file.text);
            }
        }
    }
}

fn read_settings(text: &str) {
    let _disabled: bool = settings::is_switching_disabled(text);
    for entry in settings::parse(text).unwrap_or_default() {
        assert!(entry.devices.len() <= text.len());
        let octets: usize = entry
            .plan
            .messages
            .iter()
            .map(|one| one.octets().len())
            .sum();
        assert!(2 * octets <= text.len());
        assert!(steps::steps(&entry.plan).len() <= STEPS);
    }
}
