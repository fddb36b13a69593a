//! Where the parts of a text end.
//!
//! Parts are filled to the last unit, but not with half a pair. Only where such a cut would go through a grapheme
//! cluster (a letter and its accents, a family of emoji, CR and LF) all cuts are weighed against each other: fewest parts
//! first, then fewest clusters cut, then fullest parts first.

use std::cmp::Reverse;

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::MAX_PARTS;
use super::draft::Units;

/// Units in front of the end of each part, where each has room for `room` (at least 2) of them.
pub(super) fn ends(text: &str, units: &Units, room: usize) -> Vec<usize> {
    let fullest = fullest(units, room);
    // What is too long is refused wherever it is cut.
    if fullest.len() > MAX_PARTS || splits_no_cluster(text, units, &fullest) {
        return fullest;
    }
    weighed(text, units, room)
}

fn fullest(units: &Units, room: usize) -> Vec<usize> {
    let length = units.len();
    let mut ends = Vec::with_capacity(length / room + 1);
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

fn splits_no_cluster(text: &str, units: &Units, ends: &[usize]) -> bool {
    if text.is_ascii() && !text.contains('\r') {
        return true;
    }
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

/// Whether two neighbours can be in one cluster, without looking at what stands around them: of the first 768 characters
/// only CR and LF are.
fn may_join(before: char, character: char) -> bool {
    const FIRST_COMBINING: char = '\u{300}';
    (before, character) == ('\r', '\n') || before.max(character) >= FIRST_COMBINING
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
