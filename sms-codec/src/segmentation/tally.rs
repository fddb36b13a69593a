//! How many septets a text would take, for every pair of national tables, without writing it.

use crate::gsm7::{self, Septets, Shifts};
use crate::national::Languages;

/// The characters of a text, each once.
#[derive(Debug)]
pub(super) struct Tally(Vec<Found>);

#[derive(Debug)]
struct Found {
    count: usize,
    /// Bit 0: the default alphabet has it; bit n: the locking table of language n.
    main: u16,
    /// Bit 0: the extension table has it; bit n: the single shift table of language n.
    behind_escape: u16,
}

impl Tally {
    /// Looks each character up in the tables of these languages.
    pub(super) fn of(text: &str, languages: Languages) -> Self {
        const ASCII: usize = 0x80;
        let mut ascii = [0_usize; ASCII];
        let mut others = Vec::new();
        for character in text.chars() {
            match ascii.get_mut(usize::try_from(u32::from(character)).unwrap_or(ASCII)) {
                Some(count) => *count += 1,
                None => others.push(character),
            }
        }
        others.sort_unstable();
        let of_ascii = (0_u8..).map(char::from).zip(ascii);
        let of_others = others
            .chunk_by(|a, b| a == b)
            .filter_map(|equal| Some((*equal.first()?, equal.len())));
        let found = of_ascii
            .filter(|(_, count)| *count > 0)
            .chain(of_others)
            .map(|(character, count)| Found::of(character, count, languages));
        Self(found.collect())
    }

    /// Septets of the text with these tables; `None` where they have not all of its characters.
    pub(super) fn septets(&self, shifts: Shifts) -> Option<usize> {
        let bit = |language: Option<crate::Language>| {
            1_u16 << language.map_or(0, crate::Language::identifier)
        };
        let main = bit(shifts.locking.filter(|found| found.has_locking_table()));
        let behind_escape = bit(shifts.single);
        self.0.iter().try_fold(0, |septets, found| {
            if found.main & main != 0 {
                Some(septets + found.count)
            } else if found.behind_escape & behind_escape != 0 {
                Some(septets + 2 * found.count)
            } else {
                None
            }
        })
    }
}

impl Found {
    fn of(character: char, count: usize, languages: Languages) -> Self {
        let mut found = Self {
            count,
            main: 0,
            behind_escape: 0,
        };
        match gsm7::septets_of(character) {
            Some(Septets::One(_)) => found.main |= 1,
            Some(Septets::Escaped(_)) => found.behind_escape |= 1,
            None => {}
        }
        for language in languages.iter() {
            let bit = 1 << language.identifier();
            if language.locking_septet(character).is_some() {
                found.main |= bit;
            }
            if language.single_shift_septet(character).is_some() {
                found.behind_escape |= bit;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    /// What is counted is what is written, for every pair of tables.
    #[test]
    fn counts_are_those_of_what_is_written() {
        for text in [
            "",
            "plain [text]",
            "Şu an evdeyim, akşam görüşürüz: 5 €",
            "¿Qué? ¡Así!",
            "नमस्ते 12",
            "a\u{1b}b",
            "жук",
        ] {
            let tally = Tally::of(text, Languages::all());
            let tables = || std::iter::once(None).chain(Language::ALL.map(Some));
            for (locking, single) in
                tables().flat_map(|locking| tables().map(move |single| (locking, single)))
            {
                let shifts = Shifts { locking, single };
                let written = gsm7::encode_with(text, shifts).ok();
                assert_eq!(
                    tally.septets(shifts),
                    written.map(|septets| septets.len()),
                    "{text} with {shifts}"
                );
            }
        }
    }
}
