//! What a SIM held, as lines of a file and as words.
//!
//! Pure. Parts of longer messages are joined; a message that stands in two slots counts once; status reports are left out.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use crate::address::{Conversation, Country, LineName};
use crate::id::Timestamp;
use crate::link::{RawPdu, StorageSlot};
use crate::reassembly::{self, Placement};
use crate::store::record::{Dated, FragmentSet};
use crate::wire::{self, IncomingSms, PlaceInSet, Received};

/// Of a sender's name or number, as much as is shown.
const LONGEST_SENDER: usize = 40;

/// What was held.
#[derive(Debug)]
pub(super) struct Digest {
    /// JSON, one message to a line, the oldest first.
    pub(super) lines: String,
    pub(super) messages: usize,
    /// Of those, how many could not be read.
    unreadable: usize,
    /// The newest one's sender and time.
    newest: Option<(String, String)>,
    /// What stands where.
    pub(super) held: Vec<Held>,
}

/// One TPDU that was held.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) slot: StorageSlot,
    pub(super) tpdu: String,
    pub(super) dated: Dated,
}

/// One line of the file.
#[derive(Debug, Serialize)]
struct Line {
    /// `None` where it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// When the network took it. `None` where it carries no valid time.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// Which parts are missing, or why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// As they came.
    pdus: Vec<String>,
    /// For the order.
    #[serde(skip)]
    instant: Option<Timestamp>,
}

/// Parts with one sender, reference and number of parts.
struct Sets {
    place: (Conversation, u8, u16),
    sets: Vec<FragmentSet>,
}

/// Puts together what was found in slots.
pub(super) fn digest(
    line: &LineName,
    found: &[(StorageSlot, RawPdu)],
    country: Option<Country>,
) -> Digest {
    let mut held = Vec::new();
    let mut lines = Vec::new();
    let mut long: Vec<Sets> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut unreadable = 0;
    for (slot, pdu) in found {
        let (tpdu, dated, received) = match wire::read(pdu, country) {
            Received::Report(_) => continue,
            Received::Sms(sms) => (sms.tpdu.clone(), sms.dated, Ok(sms)),
            Received::Unreadable(cause) => (pdu.0.clone(), Dated::No, Err(cause)),
        };
        let is_new = seen.insert(tpdu.clone());
        held.push(Held {
            slot: slot.clone(),
            tpdu,
            dated,
        });
        match received {
            _ if !is_new => {}
            Ok(sms) => match sms.place_in_set {
                None => lines.push(whole(sms, pdu)),
                Some(place) => collect(line, &mut long, sms, place, pdu),
            },
            Err(cause) => {
                unreadable += 1;
                lines.push(Line {
                    from: None,
                    sent_at: None,
                    text: None,
                    note: Some(format!("cannot be read: {cause}")),
                    pdus: vec![pdu.0.clone()],
                    instant: None,
                });
            }
        }
    }
    lines.extend(
        long.iter()
            .flat_map(|sets| &sets.sets)
            .map(|set| joined(set, country)),
    );
    lines.sort_by_key(|line| line.instant);
    let newest = lines.iter().rev().find_map(|line| {
        let sender: String = line.from.as_ref()?.chars().take(LONGEST_SENDER).collect();
        Some((sender, line.sent_at.clone()?))
    });
    Digest {
        messages: lines.len(),
        // None of them can fail: all fields are texts.
        lines: lines
            .iter()
            .filter_map(|line| serde_json::to_string(line).ok())
            .map(|line| line + "\n")
            .collect(),
        unreadable,
        newest,
        held,
    }
}

fn whole(sms: IncomingSms, pdu: &RawPdu) -> Line {
    Line {
        from: Some(sms.from.to_string()),
        sent_at: sms.sent_at,
        text: Some(sms.text),
        note: None,
        pdus: vec![pdu.0.clone()],
        instant: sms.instant,
    }
}

/// Puts a part with the others of its message.
fn collect(
    line: &LineName,
    long: &mut Vec<Sets>,
    sms: IncomingSms,
    place: PlaceInSet,
    pdu: &RawPdu,
) {
    let PlaceInSet {
        reference,
        bits,
        total,
        number,
    } = place;
    let conversation = Conversation {
        line: line.clone(),
        address: sms.from,
    };
    let wanted = (conversation, bits, reference);
    let at = match long.iter().position(|sets| sets.place == wanted) {
        Some(at) => at,
        None => {
            long.push(Sets {
                place: wanted.clone(),
                sets: Vec::new(),
            });
            long.len() - 1
        }
    };
    let Some(Sets { sets, .. }) = long.get_mut(at) else {
        return;
    };
    let same = |set: &FragmentSet| set.total == total;
    let open: Vec<FragmentSet> = sets.iter().filter(|set| same(set)).cloned().collect();
    // All are found now: only the times of the parts tell messages with the same reference apart.
    let now = Timestamp(0);
    let chosen = match reassembly::place(&open, number, &pdu.0, (sms.instant, now)) {
        Placement::There(_) => return,
        Placement::Add(position) => open.get(position).cloned(),
        Placement::Open => None,
    };
    match chosen.and_then(|chosen| sets.iter_mut().find(|set| **set == chosen)) {
        Some(set) => {
            set.parts.push((number, pdu.0.clone()));
            set.parts.sort_unstable();
        }
        None => sets.push(FragmentSet {
            conversation: wanted.0,
            total,
            parts: vec![(number, pdu.0.clone())],
            last_at: now,
            sent_at: sms.instant,
            shown: None,
        }),
    }
}

fn joined(set: &FragmentSet, country: Option<Country>) -> Line {
    let first = set
        .parts
        .first()
        .map(|(_, pdu)| wire::read(&RawPdu(pdu.clone()), country));
    let (sent_at, instant) = match first {
        Some(Received::Sms(sms)) => (sms.sent_at, sms.instant),
        Some(Received::Report(_) | Received::Unreadable(_)) | None => (None, None),
    };
    Line {
        from: Some(set.conversation.address.to_string()),
        sent_at,
        text: Some(wire::join(set.total, &set.parts)),
        note: reassembly::gap(set),
        pdus: set.parts.iter().map(|(_, pdu)| pdu.clone()).collect(),
        instant,
    }
}

impl Digest {
    /// What the admin chats are told. `line`: where there are several.
    pub(super) fn words(&self, line: Option<&LineName>, path: &Path) -> String {
        let sim = line.map_or_else(|| "The SIM".to_owned(), |line| format!("The SIM {line}"));
        let messages = match self.messages {
            1 => "1 message".to_owned(),
            count => format!("{count} messages"),
        };
        let mut words = format!(
            "{sim} held {messages} already when I first looked. I do not show what is old one by one: it is saved to {}, \
             a line for each message with its sender, time and text.",
            path.display()
        );
        if let Some((sender, at)) = &self.newest {
            let at: String = at.chars().take(16).collect();
            words += &format!(" The newest is from {sender} ({}).", at.replace('T', " "));
        }
        if self.unreadable > 0 {
            words += &format!(
                " {} could not be read and is saved as it came.",
                self.unreadable
            );
        }
        words
            + " Now that you can read this I clear the SIM, so that new messages find room. What comes from now on is shown."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SMS-DELIVER from +12025550100, sent 2026-01-01 00:00:00 UTC; by hand after 3GPP TS 23.040 §9.2.2.1.
    const HELLO: &str = "07912120550591F9040B912120550501F000006210100000000005E8329BFD06";
    /// The same a minute later, "world".
    const WORLD: &str = "07912120550591F9040B912120550501F000006210100010000005F7B79C4D06";
    /// SMS-STATUS-REPORT (§9.2.2.3).
    const REPORT: &str = "07912120550591F9062A0B912120550501F0621010000000006210100000000000";

    fn of(pdus: &[&str]) -> Digest {
        let found: Vec<_> = (1_u16..)
            .zip(pdus)
            .map(|(index, pdu)| {
                let memory = "SM".to_owned();
                (StorageSlot { memory, index }, RawPdu((*pdu).to_owned()))
            })
            .collect();
        digest(&"home".parse().unwrap(), &found, None)
    }

    /// Part `number` of three, in UCS-2, with reference 7 (§9.2.3.24.1).
    fn part_of(number: u8, letter: char) -> String {
        let letter = u32::from(letter);
        format!(
            "07912120550591F9440B912120550501F0000862101000000000080500030703{number:02X}{letter:04X}"
        )
    }

    #[test]
    fn the_file_has_a_line_for_each_message_the_oldest_first() {
        let found = of(&[WORLD, REPORT, HELLO, HELLO, "00FF"]);
        let lines: Vec<serde_json::Value> = found
            .lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let [unreadable, hello, world] = lines.as_slice() else {
            panic!("{lines:#?}")
        };
        assert_eq!(unreadable["pdus"], serde_json::json!(["00FF"]));
        assert_eq!(
            (&hello["text"], &world["text"]),
            (&"hello".into(), &"world".into())
        );
        assert_eq!(world["from"], "+12025550100");
        assert_eq!(world["pdus"], serde_json::json!([WORLD]));
        assert!(
            world["sent_at"]
                .as_str()
                .unwrap()
                .starts_with("2026-01-01T00:01:00"),
            "{world}"
        );
        assert_eq!(
            (found.messages, found.held.len()),
            (3, 4),
            "both of the same are held, the report is not"
        );
        let words = found.words(None, Path::new("/data/sim.jsonl"));
        for part in [
            "held 3 messages",
            "/data/sim.jsonl",
            "+12025550100 (2026-01-01 00:01)",
            "1 could not be read",
        ] {
            assert!(words.contains(part), "{words}");
        }
    }

    #[test]
    fn nothing_is_held_where_there_are_reports_only() {
        let found = of(&[REPORT]);
        assert_eq!(
            (found.messages, found.held.len(), found.lines.as_str()),
            (0, 0, "")
        );
    }

    #[test]
    fn parts_are_joined_in_any_order_and_a_gap_is_noted() {
        let parts = [part_of(3, 'c'), part_of(1, 'a'), part_of(2, 'b')];
        let found = of(&[&parts[0], &parts[1], &parts[2]]);
        let line: serde_json::Value = serde_json::from_str(&found.lines).unwrap();
        assert_eq!((&line["text"], line.get("note")), (&"abc".into(), None));
        assert_eq!(found.held.len(), 3);
        let found = of(&[&parts[0], &parts[1]]);
        let line: serde_json::Value = serde_json::from_str(&found.lines).unwrap();
        assert_eq!(line["note"], "part 2 of 3 has not come");
        // The same number with another content is another message.
        let other = part_of(3, 'x');
        assert_eq!(of(&[&parts[0], &parts[1], &other]).messages, 2);
    }

    #[test]
    fn one_message_and_one_of_several_sims_in_words() {
        let line = "work".parse().unwrap();
        let words = of(&[HELLO]).words(Some(&line), Path::new("f"));
        assert!(
            words.starts_with("The SIM work held 1 message already"),
            "{words}"
        );
    }
}
