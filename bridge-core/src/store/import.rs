//! An export made a store again: into an empty place only, all of it or nothing.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::export::EXPORT;
use super::lock::Lock;
use super::maintain::MaintenanceError;
use super::open::hold;
use super::record::{Restored, RestoredFrom};
use super::swap::{Building, Old};
use super::{ENVELOPE, FORMAT, Store, StoreError, encode, keys, kinds, tally};
use crate::id::Timestamp;

/// No line of an export is nearly as long.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Whether the bridge ran on after the export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// It may have: what was not sent by then may have been sent since, so nothing of it is sent without a question.
    Unknown,
    /// It did not: it goes on exactly where it was.
    Nothing,
}

/// A line, whichever it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    sms_bridge_export: Option<u32>,
    format: Option<u32>,
    at: Option<Timestamp>,
    end: Option<bool>,
    records: Option<u64>,
    kind: Option<String>,
    /// For readers.
    #[serde(rename = "id")]
    _id: Option<u64>,
    key: Option<String>,
    version: Option<u8>,
    #[serde(default, deserialize_with = "there")]
    value: Option<Value>,
    raw: Option<String>,
}

/// `null` is a value too.
fn there<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// Makes the store in `data_dir` from an export; returns how many records there are.
///
/// # Errors
///
/// There is a store already, or a line of the export is wrong. Nothing was changed then.
pub fn import(
    data_dir: &Path,
    from: &Path,
    since: Since,
    now: Timestamp,
) -> Result<u64, MaintenanceError> {
    let file = File::open(from).map_err(|error| MaintenanceError::file(from, &error))?;
    let folder = data_dir.join("store");
    let lock = hold(&folder)?;
    refuse_full(&folder, Arc::clone(&lock))?;
    let (mut building, at) = read(&folder, lock, BufReader::new(file), since)?;
    let records = building.records();
    if since == Since::Unknown {
        note(&mut building, now, RestoredFrom::Export(at), None)?;
    }
    building.finish(Old::Removed)?;
    Ok(records)
}

/// So that the next start asks before it sends what may have been sent.
pub(super) fn note(
    building: &mut Building,
    now: Timestamp,
    from: RestoredFrom,
    aside: Option<String>,
) -> Result<(), StoreError> {
    let restored = Restored {
        at: now,
        from,
        aside,
        is_settled: false,
        told: Vec::new(),
    };
    let value = encode(&restored).map_err(|cause| StoreError::Record {
        key: "restored".to_owned(),
        cause,
    })?;
    building.add(keys::restored(), value)
}

fn refuse_full(folder: &Path, lock: Arc<Lock>) -> Result<(), MaintenanceError> {
    if !folder.is_dir() {
        return Ok(());
    }
    let store = Store::open_unread(folder, lock)?;
    let mut counts = tally::count(&store)?;
    counts.retain(|kind, _| !["schema", "last-id"].contains(&kind.as_str()));
    match counts.values().sum() {
        0 => Ok(()),
        records => Err(MaintenanceError::NotEmpty {
            path: folder.to_owned(),
            records,
        }),
    }
}

/// Reads an export into a store under construction; says when the export was made.
pub(super) fn read(
    folder: &Path,
    lock: Arc<Lock>,
    mut from: impl BufRead,
    since: Since,
) -> Result<(Building, Timestamp), MaintenanceError> {
    let mut building = Building::begin(folder, lock)?;
    let mut made = None;
    let mut records = 0_u64;
    let mut last = Vec::new();
    let mut text = Vec::new();
    for number in 1.. {
        let wrong = |cause: String| MaintenanceError::Line { number, cause };
        text.clear();
        let length = from
            .by_ref()
            .take(LONGEST)
            .read_until(b'\n', &mut text)
            .map_err(|error| wrong(error.to_string()))?;
        if length == 0 {
            return Err(wrong(
                "the export is cut off here, its end is missing".to_owned(),
            ));
        }
        let line: Line = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        if number == 1 {
            made = Some(head(&line).map_err(wrong)?);
        } else if line.end == Some(true) {
            if line.records != Some(records) {
                return Err(wrong(format!(
                    "{records} records stand before it, not as many as it says"
                )));
            }
            break;
        } else {
            let (key, value) = record(line).map_err(wrong)?;
            if key <= last {
                return Err(wrong(
                    "this record stands there twice, or not in its place".to_owned(),
                ));
            }
            last.clone_from(&key);
            records += 1;
            // It is of an earlier time: a new one takes its place.
            if since == Since::Nothing || key != keys::restored() {
                building.add(key, value)?;
            }
        }
    }
    Ok((building, made.unwrap_or(Timestamp(0))))
}

fn head(line: &Line) -> Result<Timestamp, String> {
    match (line.sms_bridge_export, line.format, line.at) {
        (Some(EXPORT), Some(FORMAT), Some(at)) => Ok(at),
        (Some(EXPORT), Some(format), Some(_)) => Err(format!(
            "it is of format {format}, and this program imports format {FORMAT}: import it with the version that wrote it, \
             and let this one open that store"
        )),
        (Some(other), ..) if other != EXPORT => {
            Err(format!("an export of the form {other} is not known"))
        }
        _ => Err("this is no export of sms-bridge".to_owned()),
    }
}

fn record(line: Line) -> Result<(Vec<u8>, Vec<u8>), String> {
    let kind = line.kind.ok_or("it names no kind")?;
    let rest = line.key.ok_or("it has no key")?;
    let rest = sms_codec::hex::decode(&rest).map_err(|error| format!("key: {error}"))?;
    let read = kinds::reader(&kind).ok_or_else(|| format!("the kind {kind} is not known"))?;
    let key = keys::join(&kind, &rest);
    let value = match (line.version, line.value, line.raw) {
        (Some(ENVELOPE), Some(value), None) => {
            let json = serde_json::to_vec(&value).map_err(|error| error.to_string())?;
            let mut octets = vec![ENVELOPE];
            octets.extend(read(&json).map_err(|error| format!("{kind}: {error}"))?);
            octets
        }
        (None, None, Some(raw)) => {
            sms_codec::hex::decode(&raw).map_err(|error| format!("raw: {error}"))?
        }
        (Some(version), ..) if version != ENVELOPE => {
            return Err(format!("{kind}: version {version} is not known"));
        }
        _ => return Err(format!("{kind}: it has neither a value nor octets")),
    };
    Ok((key, value))
}
