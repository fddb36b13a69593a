//! The national tables read the other way: from a character to its place.
//!
//! Made at first use, because most programs never write with a national table.

use std::sync::LazyLock;

use super::{Language, tables};
use crate::gsm7::ESCAPE;

/// Both tables of a language.
#[derive(Debug)]
pub(super) struct Inverse {
    pub(super) locking: Places,
    pub(super) single: Places,
}

/// Characters and their septets, ascending.
#[derive(Debug)]
pub(super) struct Places(Vec<(char, u8)>);

impl Places {
    fn of(places: impl Iterator<Item = (u8, char)>) -> Self {
        let mut found: Vec<(char, u8)> = places
            .filter(|(septet, character)| *septet != ESCAPE && *character != tables::UNDEFINED)
            .map(|(septet, character)| (character, septet))
            .collect();
        found.sort_unstable();
        // Of a character with several places the lowest stays.
        found.dedup_by_key(|(character, _)| *character);
        Self(found)
    }

    pub(super) fn septet(&self, character: char) -> Option<u8> {
        let index = self
            .0
            .binary_search_by_key(&character, |(known, _)| *known)
            .ok()?;
        self.0.get(index).map(|(_, septet)| *septet)
    }
}

static INVERSES: LazyLock<Vec<Inverse>> = LazyLock::new(|| {
    let inverse_of = |language: Language| Inverse {
        locking: Places::of((0..=u8::MAX).zip(language.locking().into_iter().flatten().copied())),
        single: Places::of(language.single().iter().copied()),
    };
    Language::ALL.into_iter().map(inverse_of).collect()
});

/// Both tables of a language; `None` for no language of this crate.
pub(super) fn of(language: Language) -> Option<&'static Inverse> {
    // `Language::ALL` ascends by identifier from 1 without gaps.
    INVERSES.get(usize::from(language.identifier()).checked_sub(1)?)
}
