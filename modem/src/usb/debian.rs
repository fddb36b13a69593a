//! Every file of Debian's `usb-modeswitch-data`, where it is installed or was fetched. They are under the GPL: read, and
//! no part of this program.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use super::file_name::FileName;
use super::plan::UsbId;
use super::{families, pack, settings, steps};

/// Where the package has it; or `SMS_BRIDGE_MODESWITCH_PACK`, where it was only unpacked.
fn archive() -> Option<File> {
    let fetched = std::env::var_os("SMS_BRIDGE_MODESWITCH_PACK").map(PathBuf::from);
    let installed = PathBuf::from("/usr/share/usb_modeswitch/configPack.tar.gz");
    File::open(fetched.unwrap_or(installed)).ok()
}

#[test]
fn every_file_of_debians_table_is_understood() {
    let Some(archive) = archive() else {
        eprintln!(
            "skipped: usb-modeswitch-data is not installed here, and SMS_BRIDGE_MODESWITCH_PACK names no configPack.tar.gz"
        );
        return;
    };
    let files = pack::read(archive, |_| true).expect("an archive of files");
    let (mut methods, mut read) = (BTreeMap::new(), 0);
    for file in &files {
        let Some(name) = FileName::parse(&file.name) else {
            assert_eq!(file.name, "new.lst", "a name that is not understood");
            continue;
        };
        let entries = settings::parse(&file.text)
            .unwrap_or_else(|error| panic!("{}: {error}\n{}", file.name, file.text));
        let [entry] = entries.as_slice() else {
            panic!("{}: {entries:?}", file.name);
        };
        assert!(
            entry.unknown.is_empty(),
            "{}: {:?}",
            file.name,
            entry.unknown
        );
        assert!(entry.devices.is_empty(), "{}", file.name);
        let plan = &entry.plan;
        assert_eq!(
            plan.is_worth_doing(),
            !steps::steps(plan).is_empty(),
            "{}",
            file.name
        );
        *methods.entry(plan.method.name()).or_insert(0) += 1;
        read += 1;
        if name.conditions.is_empty() {
            agrees(name.id, plan, &file.name);
        }
    }
    println!("{read} files of usb-modeswitch-data: {methods:?}");
    assert!(read >= 512, "only {read} of {}", files.len());
}

/// What our own table says of a device is what this one says.
fn agrees(id: UsbId, theirs: &super::SwitchPlan, name: &str) {
    if let Some(own) = families::known(id) {
        assert_eq!(own.method, theirs.method, "{name}");
        if own.method == super::Method::Messages {
            assert_eq!(own.messages, theirs.messages, "{name}");
        }
    }
}
