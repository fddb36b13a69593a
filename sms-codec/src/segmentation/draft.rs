//! A text in one encoding, cut but not yet packed, so that encodings can be compared.

use super::tally::Tally;
use super::{AlphabetChoice, Encoding, MAX_PARTS, Reference, SegmentError, SegmentOptions, cut};
use crate::gsm7::{self, NotInAlphabet, Shifts};
use crate::national::Languages;
use crate::user_data::{Body, MAX_OCTETS};

/// A text in units of one encoding, and where its parts end.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) encoding: Encoding,
    pub(super) units: Units,
    /// Units in front of the end of each part, ascending; at least one, the last is the number of units.
    ends: Vec<usize>,
    pub(super) units_per_part: usize,
    /// Of user data in all parts, headers included.
    pub(super) octets: usize,
}

/// Parts first, octets second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost {
    pub(super) parts: usize,
    pub(super) octets: usize,
}

impl Draft {
    /// The cheapest of what the options allow; of equals the first of: default, single shift, locking shift, both,
    /// UCS-2.
    pub(super) fn cheapest(text: &str, options: &SegmentOptions) -> Result<Self, SegmentError> {
        let reference = options.reference;
        let in_gsm7 = |shifts| Self::new(text, Encoding::Gsm7(shifts), reference);
        match options.alphabet {
            AlphabetChoice::Ucs2 => return Ok(Self::new(text, Encoding::Ucs2, reference)?),
            AlphabetChoice::Shifted(shifts) => {
                if let Some(language) = shifts.locking.filter(|found| !found.has_locking_table()) {
                    return Err(SegmentError::NoLockingTable(language));
                }
                return Ok(in_gsm7(shifts)?);
            }
            AlphabetChoice::Cheapest | AlphabetChoice::Gsm7 => {}
        }
        let default = in_gsm7(Shifts::NONE);
        if matches!(&default, Ok(draft) if draft.is_plain()) {
            return Ok(default?);
        }
        // Of a text that is too long in any encoding only the fault is of interest.
        let shifted = if options.languages == Languages::NONE
            || text.chars().nth(MAX_PARTS * MAX_SEPTETS).is_some()
        {
            None
        } else {
            Self::shifted(text, options.languages, reference, default.as_ref().ok())
        };
        let best = match shifted {
            Some(shifted) => Ok(shifted),
            None => default,
        };
        match (best, options.alphabet) {
            // No header and never more than two septets: UCS-2 cannot be cheaper where the default alphabet will do.
            (Ok(best), _) if best.encoding == Encoding::DEFAULT => Ok(best),
            (Ok(best), AlphabetChoice::Cheapest) => {
                // A national table costs a header, and two septets are nearly as much as a code unit.
                let wide = Self::new(text, Encoding::Ucs2, reference)?;
                Ok(if best.cost() <= wide.cost() {
                    best
                } else {
                    wide
                })
            }
            (Err(_), AlphabetChoice::Cheapest) => Ok(Self::new(text, Encoding::Ucs2, reference)?),
            (best, _) => Ok(best?),
        }
    }

    /// The cheapest with national tables; `None` where none will do, or where all are as dear as `default` or dearer.
    ///
    /// What each pair of tables would take at least is counted first, and only what may be the cheapest is written.
    fn shifted(
        text: &str,
        languages: Languages,
        reference: Reference,
        default: Option<&Self>,
    ) -> Option<Self> {
        let tally = Tally::of(text, languages);
        let mut candidates: Vec<(Cost, usize, Shifts)> = shifts_to(languages)
            .enumerate()
            .filter_map(|(index, shifts)| {
                let encoding = Encoding::Gsm7(shifts);
                Some((
                    least(encoding, tally.septets(shifts)?, reference),
                    index,
                    shifts,
                ))
            })
            .collect();
        candidates.sort_unstable_by_key(|(least, index, _)| (*least, *index));
        let dearest = default.map(Self::cost);
        let mut best: Option<(Cost, usize, Self)> = None;
        for (least, index, shifts) in candidates {
            if dearest.is_some_and(|dearest| dearest <= least)
                || best
                    .as_ref()
                    .is_some_and(|(cost, found, _)| (*cost, *found) <= (least, index))
            {
                continue;
            }
            let Ok(draft) = Self::new(text, Encoding::Gsm7(shifts), reference) else {
                continue;
            };
            let cost = draft.cost();
            if dearest.is_some_and(|dearest| dearest <= cost) {
                continue;
            }
            if best
                .as_ref()
                .is_none_or(|(known, found, _)| (cost, index) < (*known, *found))
            {
                best = Some((cost, index, draft));
            }
        }
        best.map(|(_, _, draft)| draft)
    }

    fn new(text: &str, encoding: Encoding, reference: Reference) -> Result<Self, NotInAlphabet> {
        let units = match encoding {
            Encoding::Gsm7(shifts) => Units::Septets(gsm7::encode_with(text, shifts)?),
            Encoding::Ucs2 => {
                let mut units = Vec::with_capacity(text.chars().count());
                units.extend(text.encode_utf16());
                Units::CodeUnits(units)
            }
        };
        let alone = Room::new(encoding, None);
        let (room, ends) = if units.len() <= alone.units {
            (alone, vec![units.len()])
        } else {
            let room = Room::new(encoding, Some(reference));
            (room, cut::ends(text, &units, encoding.shifts(), room.units))
        };
        let units_per_part = room.units;
        let octets = lengths(&ends)
            .map(|length| octets_of(encoding, room.header_octets, length))
            .sum();
        Ok(Self {
            encoding,
            units,
            ends,
            units_per_part,
            octets,
        })
    }

    /// Whether it is written in the default alphabet with one septet for each character, which nothing beats.
    pub(super) fn is_plain(&self) -> bool {
        self.encoding == Encoding::DEFAULT && self.units.escapes() == 0
    }

    pub(super) fn cost(&self) -> Cost {
        Cost {
            parts: self.part_count(),
            octets: self.octets,
        }
    }

    pub(super) fn part_count(&self) -> usize {
        self.ends.len()
    }

    /// What the last part still has room for.
    pub(super) fn units_left(&self) -> usize {
        let filled = lengths(&self.ends).last().unwrap_or_default();
        self.units_per_part.saturating_sub(filled)
    }

    /// What stands in each part.
    pub(super) fn bodies(&self) -> impl Iterator<Item = Body<'_>> {
        starts(&self.ends)
            .zip(&self.ends)
            .map(|(start, end)| self.units.body(start, *end))
    }
}

fn starts(ends: &[usize]) -> impl Iterator<Item = usize> {
    std::iter::once(0).chain(ends.iter().copied())
}

fn lengths(ends: &[usize]) -> impl Iterator<Item = usize> {
    starts(ends)
        .zip(ends)
        .map(|(start, end)| end.saturating_sub(start))
}

/// What a part of a text has room for.
#[derive(Debug, Clone, Copy)]
struct Room {
    units: usize,
    header_octets: usize,
}

impl Room {
    /// Of one of several parts, or of the only one.
    fn new(encoding: Encoding, reference: Option<Reference>) -> Self {
        let concatenation = reference.map(|reference| reference.element(u8::MAX, u8::MAX));
        let header_octets = encoding.header(concatenation).octets();
        let octets = MAX_OCTETS - header_octets;
        let units = match encoding {
            Encoding::Gsm7(_) => octets * 8 / 7,
            Encoding::Ucs2 => octets / 2,
        };
        Self {
            units,
            header_octets,
        }
    }
}

/// What so many units cost at least: with every part but the last filled to its end.
fn least(encoding: Encoding, units: usize, reference: Reference) -> Cost {
    let alone = Room::new(encoding, None);
    if units <= alone.units {
        return Cost {
            parts: 1,
            octets: octets_of(encoding, alone.header_octets, units),
        };
    }
    let room = Room::new(encoding, Some(reference));
    let parts = units.div_ceil(room.units);
    let text = match encoding {
        Encoding::Gsm7(_) => (units * 7).div_ceil(8),
        Encoding::Ucs2 => units * 2,
    };
    Cost {
        parts,
        octets: parts * room.header_octets + text,
    }
}

/// Octets of user data with so many units behind a header.
fn octets_of(encoding: Encoding, header_octets: usize, units: usize) -> usize {
    match encoding {
        Encoding::Gsm7(_) => {
            let header_septets = (header_octets * 8).div_ceil(7);
            ((header_septets + units) * 7)
                .div_ceil(8)
                .max(header_octets)
        }
        Encoding::Ucs2 => header_octets + 2 * units,
    }
}

/// Septets of a part without a header.
const MAX_SEPTETS: usize = MAX_OCTETS * 8 / 7;

/// All ways of using the tables of some languages: single shift, locking shift, both of one, both of two.
fn shifts_to(languages: Languages) -> impl Iterator<Item = Shifts> {
    let single = languages.iter().map(|single| Shifts {
        single: Some(single),
        ..Shifts::NONE
    });
    let with_table = move || languages.iter().filter(|found| found.has_locking_table());
    let locking = with_table().map(|locking| Shifts {
        locking: Some(locking),
        ..Shifts::NONE
    });
    let pair = |locking, single| Shifts {
        locking: Some(locking),
        single: Some(single),
    };
    let same = with_table().map(move |language| pair(language, language));
    let mixed = with_table().flat_map(move |locking| {
        let others = languages.iter().filter(move |single| *single != locking);
        others.map(move |single| pair(locking, single))
    });
    single.chain(locking).chain(same).chain(mixed)
}

/// A text in the units of an encoding.
#[derive(Debug)]
pub(super) enum Units {
    Septets(Vec<u8>),
    CodeUnits(Vec<u16>),
}

impl Units {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Septets(septets) => septets.len(),
            Self::CodeUnits(units) => units.len(),
        }
    }

    /// How many characters are written behind an escape.
    pub(super) fn escapes(&self) -> usize {
        match self {
            Self::Septets(septets) => septets
                .iter()
                .filter(|septet| **septet == gsm7::ESCAPE)
                .count(),
            Self::CodeUnits(_) => 0,
        }
    }

    /// Units of the character that begins at `index`, 1 or 2.
    pub(super) fn width_at(&self, index: usize) -> usize {
        if self.is_inside_pair(index + 1) { 2 } else { 1 }
    }

    /// Whether the unit in front of `index` is the first half of a pair.
    pub(super) fn is_inside_pair(&self, index: usize) -> bool {
        let Some(last) = index.checked_sub(1) else {
            return false;
        };
        match self {
            // The second half of an escape pair is never an escape itself: no table has a character there.
            Self::Septets(septets) => septets.get(last) == Some(&gsm7::ESCAPE),
            Self::CodeUnits(units) => {
                matches!(units.get(last), Some(0xD800..=0xDBFF))
            }
        }
    }

    fn body(&self, start: usize, end: usize) -> Body<'_> {
        match self {
            Self::Septets(septets) => Body::Septets(septets.get(start..end).unwrap_or_default()),
            Self::CodeUnits(units) => Body::CodeUnits(units.get(start..end).unwrap_or_default()),
        }
    }
}
