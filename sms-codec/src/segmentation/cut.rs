//! Where the parts of a text end.
//!
//! Parts are filled to the last unit, but not with half a pair. Only where such a cut would go through a grapheme
//! cluster (a letter and its accents, a family of emoji, CR and LF) all cuts are weighed against each other: fewest parts
//! first, then fewest clusters cut, then fullest parts first.

use std::cmp::Reverse;

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::MAX_PARTS;
use super::draft::Units;
use crate::gsm7::Shifts;

/// Units in front of the end of each part, where each has room for `room` (at least 2) of them.
pub(super) fn ends(text: &str, units: &Units, shifts: Shifts, room: usize) -> Vec<usize> {
    let fullest = fullest(units, room);
    // What is too long is refused wherever it is cut.
    if fullest.len() > MAX_PARTS
        || plainly_splits_no_cluster(units, shifts, &fullest)
        || splits_no_cluster(text, units, &fullest)
    {
        return fullest;
    }
    weighed(text, units, room)
}

fn fullest(units: &Units, room: usize) -> Vec<usize> {
    let length = units.len();
    let mut ends = Vec::with_capacity(length / room + 2);
    let mut end = 0;
    while end < length {
        end = (end + room).min(length);
        if end < length && units.is_inside_pair(end) {
            end -= 1;
        }
        ends.push(end);
    }
    ends
}

/// Whether the units beside each cut prove that it goes through no cluster, as they do in most texts.
fn plainly_splits_no_cluster(units: &Units, shifts: Shifts, ends: &[usize]) -> bool {
    const CR: u8 = 0x0D;
    const LF: u8 = 0x0A;
    ends.iter().all(|end| match units {
        // Nothing in the default alphabet and its extension joins its neighbour but these two.
        Units::Septets(septets) => {
            shifts == Shifts::NONE
                && !matches!(septets.get(end.saturating_sub(1)..), Some([CR, LF, ..]))
        }
        Units::CodeUnits(units) => match units.get(end.saturating_sub(1)..) {
            Some([before, behind, ..]) => match (
                char::from_u32(u32::from(*before)),
                char::from_u32(u32::from(*behind)),
            ) {
                (Some(before), Some(behind)) => !may_join(before, behind),
                // Surrogates are not looked at here.
                (None, _) | (_, None) => false,
            },
            Some(_) | None => true,
        },
    })
}

fn splits_no_cluster(text: &str, units: &Units, ends: &[usize]) -> bool {
    let mut ends = ends.iter().copied().peekable();
    let mut position = 0;
    let mut before = None;
    for (offset, character) in text.char_indices() {
        if ends.next_if_eq(&position).is_some()
            && before.is_some_and(|before| may_join(before, character))
            && !GraphemeCursor::new(offset, text.len(), true)
                .is_boundary(text, 0)
                .unwrap_or(true)
        {
            return false;
        }
        before = Some(character);
        position += units.width_at(position);
    }
    true
}

/// Whether two neighbours can be in one cluster, without looking at what stands around them.
fn may_join(before: char, character: char) -> bool {
    (before, character) == ('\r', '\n') || !stands_alone(before) || !stands_alone(character)
}

/// Letters, digits and signs that join no neighbour of the same kind, CR and LF left aside: the first 768 characters, Greek,
/// Cyrillic, Hebrew and Arabic letters, dashes and quotation marks, signs of currency, kana and Chinese characters.
fn stands_alone(character: char) -> bool {
    matches!(character,
        '\0'..='\u{2FF}'
            | '\u{370}'..='\u{377}' | '\u{37A}'..='\u{37F}' | '\u{384}'..='\u{38A}' | '\u{38E}'..='\u{3A1}' | '\u{3A3}'..='\u{482}'
            | '\u{48A}'..='\u{52F}'
            | '\u{5D0}'..='\u{5EA}'
            | '\u{620}'..='\u{64A}'
            | '\u{2010}'..='\u{2026}'
            | '\u{20A0}'..='\u{20BF}'
            | '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FE}'
            | '\u{4E00}'..='\u{9FFF}')
}

/// The best way to go on from a place in the text.
#[derive(Clone, Copy)]
struct Way {
    /// Parts from here to the end of the text.
    parts: usize,
    /// Clusters that are cut in two on the way.
    cuts: usize,
    /// Index of the place where the first of those parts ends.
    next: usize,
}

/// At most 255 parts of at most 160 characters, each weighed against as many ends: it ends soon enough.
fn weighed(text: &str, units: &Units, room: usize) -> Vec<usize> {
    // Places between characters: units in front, and how many clusters a cut there goes through.
    let mut places = Vec::with_capacity(text.len() + 1);
    let mut position = 0;
    for cluster in text.graphemes(true) {
        for index in 0..cluster.chars().count() {
            places.push((position, usize::from(index > 0)));
            position += units.width_at(position);
        }
    }
    places.push((position, 0));

    let mut ways = vec![
        Way {
            parts: 0,
            cuts: 0,
            next: 0,
        };
        places.len()
    ];
    for (here, (start, _)) in places.iter().enumerate().rev().skip(1) {
        let reachable = places
            .iter()
            .zip(&ways)
            .enumerate()
            .skip(here + 1)
            .take_while(|(_, ((end, _), _))| end - start <= room);
        let best = reachable
            .map(|(next, ((_, cut), way))| Way {
                parts: way.parts + 1,
                cuts: way.cuts + cut,
                next,
            })
            // Of equals the furthest, which fills its part most.
            .min_by_key(|way| (way.parts, way.cuts, Reverse(way.next)));
        if let (Some(best), Some(way)) = (best, ways.get_mut(here)) {
            *way = best;
        }
    }

    let mut ends = Vec::new();
    let mut here = 0;
    while let Some(way) = ways.get(here).filter(|way| way.parts > 0) {
        here = way.next;
        ends.extend(places.get(here).map(|(position, _)| *position));
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of any two of them the Unicode rules make two clusters, CR and LF excepted.
    #[test]
    fn what_stands_alone_joins_nothing() {
        let alone: Vec<char> = ('\0'..='\u{FFFF}')
            .filter(|found| stands_alone(*found))
            .collect();
        assert!(alone.len() > 20_000);
        let others = ['a', ' ', '\u{a9}', 'ж', 'ا', '中', 'Σ', '€'];
        for (character, other) in alone
            .iter()
            .flat_map(|found| others.map(|other| (*found, other)))
        {
            for pair in [
                [character, other],
                [other, character],
                [character, character],
            ] {
                let text = String::from_iter(pair);
                assert_eq!(text.graphemes(true).count(), 2, "{pair:?}");
            }
        }
        assert!(may_join('\r', '\n') && may_join('e', '\u{301}') && may_join('\u{200D}', '\u{a9}'));
    }
}
