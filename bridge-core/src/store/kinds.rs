//! Which kinds of records there are, and what each holds: for whoever looks at all of them, knowing none in advance.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::contact::Contact;
use crate::limits::Spent;
use crate::quiet::UtcOffset;
use crate::slots::Marks;
use crate::store::record::{
    Confirmed, Expiring, FirstLookNote, FragmentSet, Mark, Member, Message, NoticeHour, Outage,
    Part, Post, Quarantined, Question, ReceiptNote, Renaming, Restored, RoomNote, RoomUse, Sends,
    SimNote, StagedNote, Stranger, Taken, Tally, ToldNotice, UnmatchedReport, Ussd,
};
use crate::writer::treatment::Treatment;

/// Reads the JSON of a record and gives it back as this program writes it.
type Read = fn(&[u8]) -> Result<Vec<u8>, String>;

/// Every kind, by the first word of its keys.
static KINDS: &[(&str, Read)] = &[
    ("asking", read::<u64>),
    ("awaited", read::<()>),
    ("confirmed", read::<Confirmed>),
    ("contact", read::<Contact>),
    ("contact-named", read::<u64>),
    ("contact-of", read::<u64>),
    ("cursor", read::<String>),
    ("dead", read::<u64>),
    ("event", read::<()>),
    ("expiry", read::<Expiring>),
    ("first-look", read::<FirstLookNote>),
    ("fragments", read::<FragmentSet>),
    ("held", read::<()>),
    ("last-id", read::<u64>),
    ("mark", read::<Mark>),
    ("mark-due", read::<()>),
    ("mark-of", read::<()>),
    ("member", read::<Member>),
    ("message", read::<Message>),
    ("notice-hour", read::<NoticeHour>),
    ("offset", read::<UtcOffset>),
    ("outage", read::<Outage>),
    ("outage-at", read::<u64>),
    ("outbox", read::<()>),
    ("part", read::<Part>),
    ("place", read::<RoomUse>),
    ("post", read::<Post>),
    ("post-due", read::<()>),
    ("post-of", read::<()>),
    ("quarantine", read::<Quarantined>),
    ("question", read::<Question>),
    ("receipt", read::<ReceiptNote>),
    ("reference", read::<u8>),
    ("renaming", read::<Renaming>),
    ("restored", read::<Restored>),
    ("room", read::<RoomNote>),
    ("schema", read::<u32>),
    ("sends", read::<Sends>),
    ("sim", read::<SimNote>),
    ("slot-marks", read::<Marks>),
    ("spent", read::<Spent>),
    ("staged", read::<StagedNote>),
    ("stranger", read::<Stranger>),
    ("taken", read::<Taken>),
    ("tally", read::<Tally>),
    ("told", read_told),
    ("treated", read::<Treatment>),
    ("unmatched", read::<UnmatchedReport>),
    ("ussd", read::<Ussd>),
];

/// The reader of a kind. `None` where this program does not know it.
pub(super) fn reader(kind: &str) -> Option<Read> {
    let known = KINDS.iter().find(|(name, _)| *name == kind);
    known.map(|(_, read)| *read)
}

fn read<R: Serialize + DeserializeOwned>(json: &[u8]) -> Result<Vec<u8>, String> {
    let record: R = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    serde_json::to_vec(&record).map_err(|error| error.to_string())
}

/// That somebody was told something: a notice with what belongs to it, or nothing but the fact.
fn read_told(json: &[u8]) -> Result<Vec<u8>, String> {
    read::<()>(json).or_else(|_| read::<ToldNotice>(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever adds a kind of record to `keys` tells here what it holds.
    #[test]
    fn every_kind_of_key_is_known() {
        let source = include_str!("keys.rs");
        let named = source.split("Key::new(\"").skip(1);
        for kind in named.filter_map(|rest| rest.split('"').next()) {
            assert!(reader(kind).is_some(), "add {kind} to KINDS");
        }
        assert!(
            KINDS.is_sorted_by_key(|(name, _)| name),
            "keep the table in order"
        );
    }
}
