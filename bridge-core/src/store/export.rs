//! A store as JSON lines: a head, one object for each record, and an end by which a cut is noticed.
//!
//! ```text
//! {"sms_bridge_export":1,"format":2,"at":1700000000000}
//! {"kind":"message","id":1700000000000000,"key":"…","version":1,"value":{…}}
//! {"kind":"post","key":"…","raw":"…"}
//! {"end":true,"records":2}
//! ```
//!
//! `key` is what follows the kind in the record's key, in hexadecimal; `id` is the same as a number, for readers, where it is
//! one. A record that cannot be read is given with its octets as `raw`. How many records there are (`tally`) and the format
//! are not given: the import makes its own.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::maintain::{MaintenanceError, hold_existing};
use super::{ENVELOPE, FORMAT, Store, StoreError, keys};
use crate::id::Timestamp;

/// The form of the lines.
pub(super) const EXPORT: u32 = 1;
/// What exports in `data_dir` are called: by this a start after damage finds the newest.
pub(super) const PREFIX: &str = "store-export-";
pub(super) const SUFFIX: &str = ".jsonl";

/// The first line.
#[derive(Serialize)]
struct Head {
    sms_bridge_export: u32,
    format: u32,
    at: Timestamp,
}

/// A record.
#[derive(Serialize)]
struct Line<'a> {
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<String>,
}

/// The last line.
#[derive(Serialize)]
struct End {
    end: bool,
    records: u64,
}

/// Where an export of this moment goes where nobody names a file.
#[must_use]
pub fn export_path(data_dir: &Path, now: Timestamp) -> PathBuf {
    data_dir.join(format!("{PREFIX}{}{SUFFIX}", compact_time(now)))
}

/// Writes every record of the store in `data_dir` to a file, which only its owner can read; returns how many there are.
/// The file is there whole or not at all.
///
/// # Errors
///
/// The store is in use or cannot be read, or the file cannot be written.
pub fn export_to_file(data_dir: &Path, to: &Path, now: Timestamp) -> Result<u64, MaintenanceError> {
    let failed = |error: io::Error| MaintenanceError::file(to, &error);
    let unfinished = {
        let mut name = to.as_os_str().to_owned();
        name.push(".part");
        PathBuf::from(name)
    };
    let written = File::create_new_private(&unfinished)
        .map_err(failed)
        .and_then(|file| {
            let mut out = BufWriter::new(file);
            let records = export(data_dir, &mut out, now)?;
            let file = out
                .into_inner()
                .map_err(|error| failed(error.into_error()))?;
            file.sync_all().map_err(failed)?;
            std::fs::rename(&unfinished, to).map_err(failed)?;
            if let Some(above) = to.parent().filter(|above| !above.as_os_str().is_empty()) {
                File::open(above)
                    .and_then(|above| above.sync_all())
                    .map_err(failed)?;
            }
            Ok(records)
        });
    if written.is_err() {
        // What is left of it is worth nothing; the error tells the rest.
        drop(std::fs::remove_file(&unfinished));
    }
    written
}

/// Writes every record of the store in `data_dir`; returns how many there are.
///
/// # Errors
///
/// The store is in use or cannot be read, or `out` fails.
pub fn export(
    data_dir: &Path,
    out: &mut dyn Write,
    now: Timestamp,
) -> Result<u64, MaintenanceError> {
    let (folder, lock) = hold_existing(data_dir)?;
    let store = Store::open_unread(&folder, lock)?;
    store.take_format()?;
    write(&store, out, now)
}

pub(super) fn write(
    store: &Store,
    out: &mut dyn Write,
    now: Timestamp,
) -> Result<u64, MaintenanceError> {
    let mut records = 0;
    let mut failed = None;
    head(out, now)?;
    store.each(|key, value| {
        if failed.is_none() {
            match record(out, key, value) {
                Ok(written) => records += written,
                Err(error) => failed = Some(error),
            }
        }
        Ok(())
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    finish(out, records)?;
    Ok(records)
}

/// The first line.
pub(super) fn head(out: &mut dyn Write, now: Timestamp) -> Result<(), MaintenanceError> {
    put(
        out,
        &Head {
            sms_bridge_export: EXPORT,
            format: FORMAT,
            at: now,
        },
    )
}

/// A record; how many lines that is: what every store makes for itself is not given.
pub(super) fn record(
    out: &mut dyn Write,
    key: &[u8],
    value: &[u8],
) -> Result<u64, MaintenanceError> {
    if key == keys::tally() || key == keys::schema() {
        return Ok(0);
    }
    let line = line(key, value).ok_or_else(|| StoreError::Record {
        key: keys::shown(key),
        cause: "its key is none of this program's".to_owned(),
    })?;
    put(out, &line)?;
    Ok(1)
}

/// The last line.
pub(super) fn finish(out: &mut dyn Write, records: u64) -> Result<(), MaintenanceError> {
    put(out, &End { end: true, records })?;
    out.flush()
        .map_err(|error| MaintenanceError::File(error.to_string()))
}

fn line<'a>(key: &'a [u8], value: &[u8]) -> Option<Line<'a>> {
    let (kind, rest) = keys::split(key)?;
    let json = match value.split_first() {
        Some((&ENVELOPE, json)) => serde_json::from_slice(json).ok(),
        Some(_) | None => None,
    };
    Some(Line {
        kind,
        id: rest.as_array().map(|octets| u64::from_be_bytes(*octets)),
        key: sms_codec::hex::encode(rest),
        version: json.is_some().then_some(ENVELOPE),
        raw: json.is_none().then(|| sms_codec::hex::encode(value)),
        value: json,
    })
}

fn put(out: &mut dyn Write, line: &impl Serialize) -> Result<(), MaintenanceError> {
    let failed = |error: io::Error| MaintenanceError::File(format!("failed to write: {error}"));
    serde_json::to_writer(&mut *out, line).map_err(|error| failed(error.into()))?;
    out.write_all(b"\n").map_err(failed)
}

/// `20261201T000408Z`.
pub(super) fn compact_time(now: Timestamp) -> String {
    let text = now.to_string();
    text.chars()
        .filter(|&sign| sign != '-' && sign != ':')
        .collect()
}

pub(super) trait Private {
    fn create_new_private(path: &Path) -> io::Result<File>;
}

impl Private for File {
    /// Anew, for its owner alone: one that others could read already would stay theirs.
    fn create_new_private(path: &Path) -> io::Result<Self> {
        if let Err(error) = std::fs::remove_file(path)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600).open(path)
    }
}
