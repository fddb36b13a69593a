//! Which set a part of a concatenated message belongs to.
//!
//! Pure. A set keeps part numbers, takes duplicates and any order; the same number with other content, or parts more than
//! 24 hours apart, open a new set, since references wrap (3GPP TS 23.040 §9.2.3.24.1). How far they are apart the service
//! centre says, whose clock is right: ours counts only where a part carries no time.

use std::time::Duration;

use crate::id::Timestamp;
use crate::store::record::FragmentSet;
use crate::time::distance;

/// Parts further apart than this belong to different messages.
const LONGEST_GAP: Duration = Duration::from_secs(24 * 3600);

/// What to do with a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// Add it to the set at this position of the list.
    Add(usize),
    /// The set at this position has it already.
    There(usize),
    /// Open a new set.
    Open,
}

/// Where the part `number` with this content goes, given the open sets with its reference, oldest first. `sent_at` is its
/// TP-SCTS where it has a valid one.
pub(crate) fn place(
    sets: &[FragmentSet],
    number: u8,
    pdu: &str,
    (sent_at, now): (Option<Timestamp>, Timestamp),
) -> Placement {
    for (position, set) in sets.iter().enumerate().rev() {
        let gap = match (set.sent_at, sent_at) {
            (Some(one), Some(other)) => distance(one, other),
            _ => now.since(set.last_at),
        };
        if gap > LONGEST_GAP {
            continue;
        }
        match set.parts.iter().find(|(known, _)| *known == number) {
            Some((_, content)) if content == pdu => return Placement::There(position),
            Some(_) => {}
            None => return Placement::Add(position),
        }
    }
    Placement::Open
}

/// The part numbers that have not come, in words. `None` where all have.
pub(crate) fn gap(set: &FragmentSet) -> Option<String> {
    let missing: Vec<String> = (1..=set.total)
        .filter(|number| !set.parts.iter().any(|(known, _)| known == number))
        .map(|number| number.to_string())
        .collect();
    match missing.len() {
        0 => None,
        1 => Some(format!(
            "part {} of {} has not come",
            missing.concat(),
            set.total
        )),
        _ => Some(format!(
            "parts {} of {} have not come",
            missing.join(", "),
            set.total
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{Address, Conversation};

    fn set(parts: &[(u8, &str)], last_at: i64) -> FragmentSet {
        FragmentSet {
            conversation: Conversation {
                line: "home".parse().unwrap(),
                address: Address::Number("+12025550100".to_owned()),
            },
            total: 3,
            parts: parts
                .iter()
                .map(|&(number, pdu)| (number, pdu.to_owned()))
                .collect(),
            last_at: Timestamp(last_at),
            sent_at: None,
            shown: None,
        }
    }

    #[test]
    fn placements() {
        let day = 24 * 3600 * 1000;
        let cases: [(&[FragmentSet], u8, &str, i64, Placement); 7] = [
            (&[], 1, "a", 0, Placement::Open),
            (&[set(&[(2, "b")], 0)], 1, "a", 5, Placement::Add(0)),
            (&[set(&[(2, "b")], 0)], 2, "b", 5, Placement::There(0)),
            (&[set(&[(2, "b")], 0)], 2, "other", 5, Placement::Open),
            (&[set(&[(2, "b")], 0)], 1, "a", day, Placement::Add(0)),
            (&[set(&[(2, "b")], 0)], 1, "a", day + 1, Placement::Open),
            (
                &[set(&[(2, "b")], 0), set(&[(2, "other")], 3)],
                1,
                "a",
                5,
                Placement::Add(1),
            ),
        ];
        for (sets, number, pdu, now, expected) in cases {
            assert_eq!(
                place(sets, number, pdu, (None, Timestamp(now))),
                expected,
                "{sets:?} {number} {pdu}"
            );
        }
    }

    #[test]
    fn the_service_centre_says_how_far_parts_are_apart() {
        let day = 24 * 3600 * 1000;
        let mut old = set(&[(2, "b")], 0);
        old.sent_at = Some(Timestamp(100));
        let place = |sent_at, now| {
            let at = (sent_at, Timestamp(now));
            place(std::slice::from_ref(&old), 1, "a", at)
        };
        let sent = |at| Some(Timestamp(at));
        // Our clock jumped by a year between the parts.
        assert_eq!(place(sent(101), 365 * day), Placement::Add(0));
        assert_eq!(place(sent(99), 0), Placement::Add(0));
        assert_eq!(place(sent(101 + day), 0), Placement::Open);
        assert_eq!(place(None, 365 * day), Placement::Open);
    }

    #[test]
    fn gaps_in_words() {
        assert_eq!(gap(&set(&[(1, ""), (2, ""), (3, "")], 0)), None);
        assert_eq!(
            gap(&set(&[(1, ""), (3, "")], 0)).as_deref(),
            Some("part 2 of 3 has not come")
        );
        assert_eq!(
            gap(&set(&[(3, "")], 0)).as_deref(),
            Some("parts 1, 2 of 3 have not come")
        );
    }
}
