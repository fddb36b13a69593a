//! A look at everything that is stored: nothing is changed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::lock::Lock;
use super::maintain::{MaintenanceError, hold_existing, size};
use super::open::Look;
use super::record::{Mark, Part, Post};
use super::{ENVELOPE, FORMAT, Store, StoreError, keys, kinds, open};
use crate::id::{PartId, PostId};
use crate::post::PostState;

/// Findings that are listed one by one.
const LISTED: usize = 20;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The format of the store. `None` where it cannot be opened that far.
    pub format: Option<u32>,
    /// Octets on disk.
    pub size: u64,
    /// How many records of each kind there are.
    pub records: BTreeMap<String, u64>,
    /// What is wrong, in words, without numbers of people and texts.
    pub findings: Vec<String>,
    /// More of it that is not listed.
    pub more: u64,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.findings.is_empty()
    }

    fn add(&mut self, finding: String) {
        if self.findings.len() < LISTED {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }
}

/// Reads every record of the store in `data_dir` and follows where they point.
///
/// # Errors
///
/// The store is in use, or cannot be opened for a reason that is no damage.
pub fn check(data_dir: &Path) -> Result<Report, MaintenanceError> {
    let (folder, lock) = hold_existing(data_dir)?;
    let mut report = Report {
        size: size(&folder),
        ..Report::default()
    };
    match look(&folder, lock, &mut report) {
        Err(StoreError::Damaged { cause }) => report.add(format!("damaged: {cause}")),
        looked => looked?,
    }
    Ok(report)
}

fn look(folder: &Path, lock: Arc<Lock>, report: &mut Report) -> Result<(), StoreError> {
    let store = Store::open_unread(folder, lock)?;
    report.format = store.format().map_err(|error| {
        error.of_a_record(|cause| StoreError::Damaged {
            cause: format!("its format cannot be read: {cause}"),
        })
    })?;
    match report.format {
        Some(FORMAT) => match store.look(Look::Whole) {
            Err(StoreError::Damaged { cause }) => report.add(cause),
            looked => looked?,
        },
        Some(newer) if newer > FORMAT => {
            let cause = format!("format {newer} is newer than this program; nothing was looked at");
            return Err(open::open_error(folder, cause));
        }
        Some(_older) => {}
        None => report.add("it does not say its format".to_owned()),
    }
    store.each(|key, value| {
        let kind = keys::shown(key);
        *report.records.entry(kind.clone()).or_default() += 1;
        for finding in record(&store, &kind, key, value)? {
            report.add(finding);
        }
        Ok(())
    })
}

/// What is wrong with a record.
fn record(store: &Store, kind: &str, key: &[u8], value: &[u8]) -> Result<Vec<String>, StoreError> {
    let Some(read) = kinds::reader(kind) else {
        return Ok(vec![format!(
            "{kind:?}: a kind that this program does not know"
        )]);
    };
    let json = match value.split_first() {
        Some((&ENVELOPE, json)) => json,
        Some((version, _)) => {
            return Ok(vec![format!(
                "{kind}: its version is {version}, this program knows {ENVELOPE}"
            )]);
        }
        None => return Ok(vec![format!("{kind}: it is empty")]),
    };
    if let Err(cause) = read(json) {
        return Ok(vec![format!("{kind}: it cannot be read: {cause}")]);
    }
    let mut findings = Vec::new();
    let number = keys::last_number(key);
    let mut wants = |wanted: Vec<u8>, there: bool, words: &str| -> Result<(), StoreError> {
        if store.contains(&wanted)? != there {
            let which = number.map(|id| format!(" {id}")).unwrap_or_default();
            findings.push(format!("{kind}{which}: {words}"));
        }
        Ok(())
    };
    match (kind, number) {
        ("quarantine", _) => findings.push(format!(
            "quarantine: a record of the kind {:?} could not be read and is set aside",
            keys::split(key)
                .map(|(_, rest)| keys::shown(rest))
                .unwrap_or_default()
        )),
        ("outbox", Some(id)) => wants(keys::part(PartId(id)), true, "there is no such part")?,
        ("part", Some(id)) => {
            let message = keys::message(PartId(id).message());
            wants(message, true, "there is no message that it is a part of")?;
            if let Some(part) = parse::<Part>(json) {
                let waits = part.state.is_due() || part.state.is_in_hand();
                let words = match waits {
                    true => "it waits, but nobody would send it",
                    false => "it is finished, but stands in the outbox",
                };
                wants(keys::outbox(PartId(id)), waits, words)?;
            }
        }
        ("post", Some(id)) => {
            if let Some(post) = parse::<Post>(json)
                && matches!(
                    post.state,
                    PostState::Queued { .. } | PostState::Posting { .. }
                )
            {
                wants(
                    keys::post_due(PostId(id)),
                    true,
                    "it waits, but nobody would show it",
                )?;
            }
        }
        ("post-due" | "post-of", Some(id)) => {
            wants(keys::post(PostId(id)), true, "there is no such post")?;
        }
        ("mark-due" | "mark-of", Some(id)) => {
            wants(keys::mark(PostId(id)), true, "there is no such mark")?;
        }
        ("mark", Some(id)) => {
            if let Some(mark) = parse::<Mark>(json) {
                let index = keys::mark_of(mark.message, PostId(id));
                wants(index, true, "its message does not know of it")?;
            }
        }
        ("awaited", Some(id)) => wants(keys::part(PartId(id)), true, "there is no such part")?,
        _ => {}
    }
    Ok(findings)
}

fn parse<R: DeserializeOwned>(json: &[u8]) -> Option<R> {
    serde_json::from_slice(json).ok()
}
