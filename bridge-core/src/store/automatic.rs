//! Exports that the bridge makes by itself while it runs: written by a thread of their own, page by page as the writer hands
//! them over, and the newest kept.
//!
//! What is not complete is called `….part`; the next export, or the end of this one, clears it away.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;
use tracing::warn;

use super::export::{PREFIX, Private, SUFFIX, compact_time, finish, head, record};
use super::maintain::MaintenanceError;
use crate::crash::point;
use crate::id::Timestamp;

/// How many are kept.
const KEPT: usize = 3;
/// Behind the time in the name: others are a person's, and stay.
const OWN: &str = "-auto";
const UNFINISHED: &str = ".part";
/// Octets that are written before they are synced, so that no sync takes long.
const SYNCED_TOGETHER: usize = 2 * 1024 * 1024;

/// What the writer hands over.
#[derive(Debug)]
pub(crate) enum Piece {
    Records(Vec<(Vec<u8>, Vec<u8>)>),
    /// All of it was handed over.
    End,
}

/// When the newest was made, and how large it is. `None`: there is none.
pub(crate) fn newest(data_dir: &Path) -> Option<(Timestamp, u64)> {
    let (at, path) = own(data_dir).pop()?;
    let octets = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    Some((at, octets))
}

/// Writes what is handed over until its end, and removes all but the newest. `None`: the writer gave it up.
///
/// # Errors
///
/// The file cannot be written; nothing is left of it.
pub(crate) fn write(
    data_dir: &Path,
    now: Timestamp,
    pieces: &mut mpsc::Receiver<Piece>,
) -> Result<Option<u64>, MaintenanceError> {
    let name = format!("{PREFIX}{}{OWN}{SUFFIX}", compact_time(now));
    let path = data_dir.join(&name);
    let unfinished = data_dir.join(format!("{name}{UNFINISHED}"));
    clear_unfinished(data_dir);
    let written = write_unfinished(&unfinished, now, pieces);
    let records = match written {
        Ok(Some(records)) => records,
        given_up => {
            // What is left of it is worth nothing.
            drop(std::fs::remove_file(&unfinished));
            return given_up;
        }
    };
    point("export: synced, not named");
    std::fs::rename(&unfinished, &path)
        .and_then(|()| File::open(data_dir)?.sync_all())
        .map_err(|error| MaintenanceError::file(&path, &error))?;
    point("export: named, old ones not removed");
    // One whose name says a time to come is of a clock that was wrong.
    let mut found = own(data_dir);
    found.sort_by_key(|(at, _)| (*at <= now, *at));
    let too_many = found.len().saturating_sub(KEPT);
    for (_, path) in found.into_iter().take(too_many) {
        if let Err(error) = std::fs::remove_file(&path) {
            warn!(%error, "an old export could not be removed");
        }
    }
    Ok(Some(records))
}

fn write_unfinished(
    path: &Path,
    now: Timestamp,
    pieces: &mut mpsc::Receiver<Piece>,
) -> Result<Option<u64>, MaintenanceError> {
    let failed = |error: io::Error| MaintenanceError::file(path, &error);
    let file = File::create_new_private(path).map_err(failed)?;
    let mut out = Counted {
        out: BufWriter::new(file),
        octets: 0,
    };
    head(&mut out, now)?;
    let mut records = 0;
    loop {
        match pieces.blocking_recv() {
            Some(Piece::Records(some)) => {
                for (key, value) in some {
                    records += record(&mut out, &key, &value)?;
                }
                if out.octets >= SYNCED_TOGETHER {
                    out.sync().map_err(failed)?;
                }
                point("export: some written");
            }
            Some(Piece::End) => break,
            None => return Ok(None),
        }
    }
    finish(&mut out, records)?;
    out.sync().map_err(failed)?;
    Ok(Some(records))
}

/// Knows how much was written since the last sync.
struct Counted {
    out: BufWriter<File>,
    octets: usize,
}

impl Counted {
    fn sync(&mut self) -> io::Result<()> {
        self.out.flush()?;
        self.octets = 0;
        self.out.get_ref().sync_data()
    }
}

impl Write for Counted {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.out.write(octets)?;
        self.octets += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Those that the bridge made, the oldest first.
fn own(data_dir: &Path) -> Vec<(Timestamp, PathBuf)> {
    let entries = std::fs::read_dir(data_dir).into_iter().flatten().flatten();
    let mut found: Vec<(Timestamp, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let time = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
            Some((made_at(time.strip_suffix(OWN)?)?, entry.path()))
        })
        .collect();
    found.sort();
    found
}

/// The opposite of [`compact_time`].
fn made_at(compact: &str) -> Option<Timestamp> {
    let (date, time) = compact.split_once('T')?;
    let (year, day) = date.split_at_checked(4)?;
    let (month, day) = day.split_at_checked(2)?;
    let (hour, rest) = time.split_at_checked(2)?;
    let (minute, second) = rest.split_at_checked(2)?;
    Timestamp::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}"))
}

fn clear_unfinished(data_dir: &Path) {
    let entries = std::fs::read_dir(data_dir).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let end = format!("{OWN}{SUFFIX}{UNFINISHED}");
        if name.starts_with(PREFIX) && name.ends_with(&end) {
            // Should it stay, the next export tries again.
            drop(std::fs::remove_file(entry.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_and_a_persons_own_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert_eq!(newest(path), None);
        let day = |number: i64| Timestamp(1_796_083_448_000 + number * 86_400_000);
        let names = |day| format!("store-export-{}-auto.jsonl", compact_time(day));
        for number in [1, 2, 3, 4, 900] {
            std::fs::write(path.join(names(day(number))), "x").unwrap();
        }
        for other in [
            "store-export-20260101T000000Z.jsonl",
            "store-export-x-auto.jsonl",
            "store-export-20260101T000000Z-auto.jsonl.part",
        ] {
            std::fs::write(path.join(other), "x").unwrap();
        }
        assert_eq!(newest(path), Some((day(900), 1)));
        let (sender, mut pieces) = mpsc::channel(4);
        let records = vec![(b"event\0x".to_vec(), b"\x01null".to_vec())];
        sender.try_send(Piece::Records(records)).unwrap();
        sender.try_send(Piece::End).unwrap();
        assert_eq!(write(path, day(5), &mut pieces).unwrap(), Some(1));
        let mut found: Vec<String> = std::fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        let mut expected = vec![
            "store-export-20260101T000000Z.jsonl".to_owned(),
            names(day(3)),
            names(day(4)),
            names(day(5)),
            "store-export-x-auto.jsonl".to_owned(),
        ];
        expected.sort();
        assert_eq!(found, expected, "the one of a time to come is gone");

        // Given up: nothing is left of it.
        drop(sender);
        assert_eq!(write(path, day(6), &mut pieces).unwrap(), None);
        assert_eq!(std::fs::read_dir(path).unwrap().count(), 5);
    }
}
