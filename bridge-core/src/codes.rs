//! One-time codes in a text: of a bank, a shop, a sign-in.
//!
//! Pure. A code is a short run of digits (or of digits and capitals) near a word that says that it is one, in one of many
//! languages. Prices, dates, phone numbers, years and order numbers are none, even near such a word. Looking takes a time
//! that is bounded by a constant, whatever the text.

mod context;
mod words;

use crate::address::ascii_digit;
use context::Context;

/// Characters of a text that are looked at: who sends a code does not write a letter around it.
const LOOKED_AT: usize = 1000;
/// How far a code may be from a word that means nothing else, and from one that may, in characters.
const FAR: usize = 64;
const NEAR: usize = 24;
/// How far a code that looks like something else may be.
const BESIDE: usize = 6;
/// What the end of a sentence between them adds.
const SENTENCE: usize = 18;

/// The code in this text, as it has to be typed: without the spaces and hyphens in it. `None` where there is none.
#[must_use]
pub fn find(text: &str) -> Option<String> {
    let shown: Vec<char> = text.chars().take(LOOKED_AT).map(ascii_digit).collect();
    let mut folded: Vec<char> = shown.iter().map(|c| lower(*c)).collect();
    let is_advert = words::blank(&mut folded);
    let hits = words::hits(&folded);
    if hits.is_empty() || (is_advert && !hits.iter().any(|hit| hit.is_clear)) {
        return None;
    }
    let context = Context::new(&shown, &folded);
    let mut best: Option<(usize, String)> = None;
    for candidate in context.candidates() {
        let reach = |hit: &words::Hit| {
            let distance = context.distance(hit, &candidate, SENTENCE);
            let far = match (candidate.is_odd, hit.is_clear) {
                (true, _) => BESIDE,
                (false, true) => FAR,
                (false, false) => NEAR,
            };
            (distance <= far).then_some(distance)
        };
        let nearest = hits.iter().filter_map(reach).min();
        if let Some(distance) = nearest
            && best.as_ref().is_none_or(|(least, _)| distance < *least)
        {
            best = Some((distance, candidate.code));
        }
    }
    best.map(|(_, code)| code)
}

/// One character for one, so that places stay the same.
fn lower(c: char) -> char {
    match c {
        'İ' => 'i',
        c => c.to_lowercase().next().unwrap_or(c),
    }
}

#[cfg(test)]
mod tests;
