//! `configPack.tar.gz`: usb_modeswitch's whole table as Debian installs it, one small file for each device.

use std::io::{self, Read};

use flate2::read::GzDecoder;

/// Octets of the whole table when it is unpacked; Debian's has 800 KiB.
const UNPACKED: u64 = 16 * 1024 * 1024;
/// Octets of one device's file.
const FILE: u64 = 64 * 1024;
/// Files.
const FILES: usize = 8_192;

/// One device's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Without its folder: `12d1:1446`.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// The files for which `wanted` holds, by their names.
///
/// # Errors
///
/// When it is no such archive, or one beyond all bounds. What was read before that is lost.
pub fn read(archive: impl Read, mut wanted: impl FnMut(&str) -> bool) -> io::Result<Vec<File>> {
    let mut archive = tar::Archive::new(GzDecoder::new(archive).take(UNPACKED));
    let mut files = Vec::new();
    for (index, entry) in archive.entries()?.enumerate() {
        if index >= FILES {
            return Err(io::Error::other("there are too many files in it"));
        }
        let entry = entry?;
        let path = entry.path_bytes();
        let name = path.rsplit(|octet| *octet == b'/').next();
        let name = String::from_utf8_lossy(name.unwrap_or_default()).into_owned();
        if entry.header().entry_type() != tar::EntryType::Regular || !wanted(&name) {
            continue;
        }
        if entry.size() > FILE {
            return Err(io::Error::other("a file in it is too long"));
        }
        let mut octets = Vec::new();
        entry.take(FILE).read_to_end(&mut octets)?;
        files.push(File {
            name,
            text: String::from_utf8_lossy(&octets).into_owned(),
        });
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(files: &[(&str, &str)]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(u64::try_from(text.len()).unwrap());
            header.set_mode(0o644);
            header.set_cksum();
            archive
                .append_data(&mut header, name, text.as_bytes())
                .unwrap();
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&archive.into_inner().unwrap()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn files_are_read_by_name() {
        let octets = packed(&[
            ("12d1:1446", "HuaweiNewMode=1\n"),
            ("folder/1e0e:f000", "StandardEject=1\n"),
        ]);
        let all = read(octets.as_slice(), |_| true).unwrap();
        let names: Vec<_> = all.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["12d1:1446", "1e0e:f000"]);
        let one = read(octets.as_slice(), |name| name == "1e0e:f000").unwrap();
        assert_eq!(one[0].text, "StandardEject=1\n");
    }

    #[test]
    fn what_is_cut_off_or_too_long_is_refused() {
        let octets = packed(&[("12d1:1446", "HuaweiNewMode=1\n")]);
        for length in [0, 1, 10, 40, octets.len() / 2] {
            assert!(read(&octets[..length], |_| true).is_err(), "{length}");
        }
        assert!(read(&b"HuaweiNewMode=1"[..], |_| true).is_err());
        let long = packed(&[("12d1:1446", &"#".repeat(65 * 1024))]);
        assert!(read(long.as_slice(), |_| true).is_err());
    }
}
