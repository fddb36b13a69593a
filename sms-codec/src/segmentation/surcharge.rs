//! What made a text dearer than it might be, and what would be cheaper.

use std::fmt;

use super::draft::Draft;
use super::look_alikes::{LookAlike, look_alike};
use super::{AlphabetChoice, Encoding, Parts, SegmentOptions, Substitution};
use crate::gsm7::{self, Septets, Shifts};

/// Characters that nothing looks like, up to which leaving them out is advice: with more of them it would be another text.
const MAX_LEFT_OUT: usize = 2;

/// Characters that are named before "and others".
const MAX_NAMED: usize = 4;

/// What made a text dearer than one in the plain GSM 7-bit alphabet. As text, a sentence for its writer:
/// `’ needs UCS-2; with ' it is 1 part instead of 3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surcharge {
    /// What the characters need.
    pub cause: Cause,
    /// The characters that need it, each once, in the order in which they first occur. Not all of them where there are
    /// many that nothing looks like: then the text is in another script, and that is the reason.
    pub characters: Vec<char>,
    /// How it would take fewer parts; `None` where no way is known that leaves the text the same to its reader.
    pub cheaper: Option<Cheaper>,
}

/// What characters can need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// UCS-2: 70 characters a part instead of 160.
    Ucs2,
    /// National tables, named in a header that takes room in every part.
    Shifts(Shifts),
    /// An escape each, so that they take the room of two.
    Escapes,
}

/// A way to fewer parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cheaper {
    /// Characters to write otherwise. Empty where the cause is [`Cause::Escapes`].
    pub with: Vec<LookAlike>,
    /// Characters to leave out.
    pub without: Vec<char>,
    /// Parts that it would then take.
    pub parts: usize,
    /// Parts that it takes as it is.
    pub instead_of: usize,
}

impl Surcharge {
    /// Of the draft that was chosen for the text; `None` where it is plain, or where the caller chose the alphabet.
    pub(super) fn of(text: &str, draft: &Draft, options: &SegmentOptions) -> Option<Self> {
        match (options.alphabet, draft.encoding) {
            (AlphabetChoice::Ucs2 | AlphabetChoice::Shifted(_), _) => None,
            (AlphabetChoice::Cheapest | AlphabetChoice::Gsm7, Encoding::DEFAULT) => {
                Self::of_escapes(text, draft, options)
            }
            (AlphabetChoice::Cheapest | AlphabetChoice::Gsm7, Encoding::Gsm7(shifts)) => {
                Self::of_outsiders(text, draft, options, Cause::Shifts(shifts))
            }
            (AlphabetChoice::Cheapest | AlphabetChoice::Gsm7, Encoding::Ucs2) => {
                Self::of_outsiders(text, draft, options, Cause::Ucs2)
            }
        }
    }

    fn of_escapes(text: &str, draft: &Draft, options: &SegmentOptions) -> Option<Self> {
        let instead_of = draft.part_count();
        if instead_of == 1 || draft.is_plain() {
            return None;
        }
        let mut characters = Vec::new();
        let mut flat = String::with_capacity(text.len());
        for character in text.chars() {
            match gsm7::septets_of(character) {
                Some(Septets::Escaped(_)) => {
                    flat.push(' ');
                    if !characters.contains(&character) {
                        characters.push(character);
                    }
                }
                Some(Septets::One(_)) | None => flat.push(character),
            }
        }
        let parts = parts(&flat, options)?;
        (parts < instead_of).then_some(Self {
            cause: Cause::Escapes,
            characters,
            cheaper: Some(Cheaper {
                with: Vec::new(),
                without: Vec::new(),
                parts,
                instead_of,
            }),
        })
    }

    /// What the default alphabet has not.
    fn of_outsiders(
        text: &str,
        draft: &Draft,
        options: &SegmentOptions,
        cause: Cause,
    ) -> Option<Self> {
        let instead_of = draft.part_count();
        let mut characters = Vec::with_capacity(MAX_LEFT_OUT + MAX_NAMED);
        let mut with = Vec::new();
        let mut without = Vec::new();
        let mut joiner = None;
        for character in text.chars() {
            if gsm7::septets_of(character).is_some() {
                continue;
            }
            // Goes with the emoji beside it.
            if is_joiner(character) {
                joiner = Some(character);
                continue;
            }
            if !characters.contains(&character) {
                characters.push(character);
                match look_alike(character) {
                    Some(look_alike) => with.push(look_alike),
                    None => without.push(character),
                }
            }
            if without.len() > MAX_LEFT_OUT && characters.len() > MAX_NAMED {
                break;
            }
        }
        if characters.is_empty() {
            characters.extend(joiner);
            without.extend(joiner);
        }
        if characters.is_empty() {
            return None;
        }
        let cheaper = (instead_of > 1 && without.len() <= MAX_LEFT_OUT)
            .then(|| parts(&plain(text), options))
            .flatten()
            .filter(|parts| *parts < instead_of)
            .map(|parts| Cheaper {
                with,
                without,
                parts,
                instead_of,
            });
        Some(Self {
            cause,
            characters,
            cheaper,
        })
    }
}

/// The text with what the default alphabet has not written otherwise, or left out.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if gsm7::septets_of(character).is_some() {
            plain.push(character);
        } else if let Some(found) = look_alike(character).filter(|_| !is_joiner(character)) {
            plain.push_str(found.instead);
        }
    }
    plain
}

/// Zero width joiner, variation selectors, skin tones.
fn is_joiner(character: char) -> bool {
    matches!(
        character,
        '\u{200D}' | '\u{FE0E}' | '\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}'
    )
}

/// How many parts another text would take.
fn parts(text: &str, options: &SegmentOptions) -> Option<usize> {
    let options = SegmentOptions {
        substitution: Substitution::Off,
        ..*options
    };
    Draft::cheapest(text, &options)
        .ok()
        .map(|draft| draft.part_count())
}

impl fmt::Display for Surcharge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.characters.len().min(MAX_NAMED);
        let (first, rest) = self.characters.split_at(named);
        let mut names: Vec<String> = first.iter().copied().map(shown).collect();
        if !rest.is_empty() {
            names.push("others".to_owned());
        }
        let (need, take) = match self.characters.len() {
            1 => ("needs", "takes"),
            _ => ("need", "take"),
        };
        list(f, &names)?;
        match self.cause {
            Cause::Ucs2 => write!(f, " {need} {}", Encoding::Ucs2),
            Cause::Shifts(shifts) => write!(f, " {need} the {shifts}"),
            Cause::Escapes => write!(f, " {take} the room of two"),
        }?;
        match &self.cheaper {
            Some(cheaper) => write!(f, "; {cheaper}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Cheaper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut instead: Vec<String> = Vec::new();
        for found in self.with.iter().filter(|found| !found.instead.is_empty()) {
            let plain = found.instead_in_words();
            if !instead.iter().any(|known| known == plain) {
                instead.push(plain.to_owned());
            }
        }
        let invisible = self.with.iter().filter(|found| found.instead.is_empty());
        let left_out: Vec<String> = invisible
            .map(|found| found.character)
            .chain(self.without.iter().copied())
            .map(shown)
            .collect();
        match (instead.is_empty(), left_out.is_empty()) {
            (true, true) => f.write_str("with one each"),
            (false, true) => f.write_str("with "),
            (true, false) => f.write_str("without "),
            (false, false) => f.write_str("with "),
        }?;
        list(f, &instead)?;
        if !instead.is_empty() && !left_out.is_empty() {
            f.write_str(" and without ")?;
        }
        list(f, &left_out)?;
        write!(
            f,
            " it is {} instead of {}",
            Parts(self.parts),
            self.instead_of
        )
    }
}

/// `a`, `a and b`, `a, b and c`.
fn list(f: &mut fmt::Formatter<'_>, names: &[String]) -> fmt::Result {
    for (index, name) in names.iter().enumerate() {
        let separator = match (index, names.len() - index) {
            (0, _) => "",
            (_, 1) => " and ",
            _ => ", ",
        };
        write!(f, "{separator}{name}")?;
    }
    Ok(())
}

/// The character, or its number where it cannot be seen by itself.
pub(super) fn shown(character: char) -> String {
    let unseen = character.is_control()
        || character.is_whitespace()
        || matches!(character,
            '\u{AD}' | '\u{300}'..='\u{36F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}');
    if unseen {
        format!("U+{:04X}", u32::from(character))
    } else {
        character.to_string()
    }
}
