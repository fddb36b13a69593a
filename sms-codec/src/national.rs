//! National language shift tables (3GPP TS 23.038 annex A).
//!
//! A locking shift replaces the default alphabet for the whole text, a single shift replaces the extension table behind
//! the escape. Which of them a text uses stands in its user data header.

mod inverse;
mod tables;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use tables::{Locking, Single};

/// A language by its National Language Identifier (3GPP TS 23.038 §6.2.1.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// 1. Turkish.
    Turkish,
    /// 2. Spanish; a single shift table only.
    Spanish,
    /// 3. Portuguese.
    Portuguese,
    /// 4. Bengali.
    Bengali,
    /// 5. Gujarati.
    Gujarati,
    /// 6. Hindi.
    Hindi,
    /// 7. Kannada.
    Kannada,
    /// 8. Malayalam.
    Malayalam,
    /// 9. Oriya.
    Oriya,
    /// 10. Punjabi.
    Punjabi,
    /// 11. Tamil.
    Tamil,
    /// 12. Telugu.
    Telugu,
    /// 13. Urdu.
    Urdu,
}

impl Language {
    /// All of them, by ascending identifier.
    pub const ALL: [Self; 13] = [
        Self::Turkish,
        Self::Spanish,
        Self::Portuguese,
        Self::Bengali,
        Self::Gujarati,
        Self::Hindi,
        Self::Kannada,
        Self::Malayalam,
        Self::Oriya,
        Self::Punjabi,
        Self::Tamil,
        Self::Telugu,
        Self::Urdu,
    ];

    /// The language with that identifier.
    pub fn from_identifier(identifier: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|language| language.identifier() == identifier)
    }

    /// Its National Language Identifier.
    pub fn identifier(self) -> u8 {
        match self {
            Self::Turkish => 1,
            Self::Spanish => 2,
            Self::Portuguese => 3,
            Self::Bengali => 4,
            Self::Gujarati => 5,
            Self::Hindi => 6,
            Self::Kannada => 7,
            Self::Malayalam => 8,
            Self::Oriya => 9,
            Self::Punjabi => 10,
            Self::Tamil => 11,
            Self::Telugu => 12,
            Self::Urdu => 13,
        }
    }

    /// The character that stands for a septet in its locking table. `None` where there is none, and for Spanish, which
    /// has no such table.
    pub fn locking_character(self, septet: u8) -> Option<char> {
        let character = self.locking()?.get(usize::from(septet))?;
        (*character != tables::UNDEFINED).then_some(*character)
    }

    /// The character that stands for a septet behind an escape in its single shift table.
    pub fn single_shift_character(self, septet: u8) -> Option<char> {
        let table = self.single();
        let index = table
            .binary_search_by_key(&septet, |(place, _)| *place)
            .ok()?;
        table.get(index).map(|(_, character)| *character)
    }

    /// The septet that stands for a character in its locking table. `None` where there is none, and for Spanish, which
    /// has no such table.
    pub fn locking_septet(self, character: char) -> Option<u8> {
        inverse::of(self)?.locking.septet(character)
    }

    /// The septet that stands for a character behind an escape in its single shift table. Where several do, the lowest.
    pub fn single_shift_septet(self, character: char) -> Option<u8> {
        inverse::of(self)?.single.septet(character)
    }

    /// Whether it has a locking table at all.
    pub fn has_locking_table(self) -> bool {
        self.locking().is_some()
    }

    fn locking(self) -> Option<&'static Locking> {
        match self {
            Self::Turkish => Some(&tables::TURKISH_LOCKING),
            Self::Spanish => None,
            Self::Portuguese => Some(&tables::PORTUGUESE_LOCKING),
            Self::Bengali => Some(&tables::BENGALI_LOCKING),
            Self::Gujarati => Some(&tables::GUJARATI_LOCKING),
            Self::Hindi => Some(&tables::HINDI_LOCKING),
            Self::Kannada => Some(&tables::KANNADA_LOCKING),
            Self::Malayalam => Some(&tables::MALAYALAM_LOCKING),
            Self::Oriya => Some(&tables::ORIYA_LOCKING),
            Self::Punjabi => Some(&tables::PUNJABI_LOCKING),
            Self::Tamil => Some(&tables::TAMIL_LOCKING),
            Self::Telugu => Some(&tables::TELUGU_LOCKING),
            Self::Urdu => Some(&tables::URDU_LOCKING),
        }
    }

    fn single(self) -> &'static Single {
        match self {
            Self::Turkish => tables::TURKISH_SINGLE,
            Self::Spanish => tables::SPANISH_SINGLE,
            Self::Portuguese => tables::PORTUGUESE_SINGLE,
            Self::Bengali => tables::BENGALI_SINGLE,
            Self::Gujarati => tables::GUJARATI_SINGLE,
            Self::Hindi => tables::HINDI_SINGLE,
            Self::Kannada => tables::KANNADA_SINGLE,
            Self::Malayalam => tables::MALAYALAM_SINGLE,
            Self::Oriya => tables::ORIYA_SINGLE,
            Self::Punjabi => tables::PUNJABI_SINGLE,
            Self::Tamil => tables::TAMIL_SINGLE,
            Self::Telugu => tables::TELUGU_SINGLE,
            Self::Urdu => tables::URDU_SINGLE,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A name that is none of the languages'.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{name}\" has no table of its own; those that have are {}", known())]
pub struct UnknownLanguage {
    name: String,
}

fn known() -> String {
    Language::ALL
        .map(|language| language.to_string().to_lowercase())
        .join(", ")
}

/// By its English name, in either case.
impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(name: &str) -> Result<Self, UnknownLanguage> {
        Self::ALL
            .into_iter()
            .find(|language| language.to_string().eq_ignore_ascii_case(name.trim()))
            .ok_or_else(|| UnknownLanguage {
                name: name.to_owned(),
            })
    }
}

/// A set of languages: those whose tables a text may be written with, because the recipient's phone has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Languages(u16);

impl Languages {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// All of them.
    pub fn all() -> Self {
        Language::ALL.into_iter().collect()
    }

    /// This set and one more.
    #[must_use]
    pub fn with(self, language: Language) -> Self {
        Self(self.0 | 1 << language.identifier())
    }

    /// Whether it is one of them.
    pub fn contains(self, language: Language) -> bool {
        self.0 & 1 << language.identifier() != 0
    }

    /// Those in the set, by ascending identifier.
    pub fn iter(self) -> impl Iterator<Item = Language> {
        Language::ALL
            .into_iter()
            .filter(move |language| self.contains(*language))
    }
}

impl FromIterator<Language> for Languages {
    fn from_iter<I: IntoIterator<Item = Language>>(languages: I) -> Self {
        languages.into_iter().fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_come_back() {
        for language in Language::ALL {
            assert_eq!(
                Language::from_identifier(language.identifier()),
                Some(language)
            );
        }
        assert_eq!(Language::from_identifier(0), None);
        assert_eq!(Language::from_identifier(14), None);
    }

    /// Single places looked up in annex A by hand.
    #[test]
    fn places_hold_what_the_standard_prints() {
        assert_eq!(Language::Turkish.locking_character(0x07), Some('ı'));
        assert_eq!(Language::Turkish.single_shift_character(0x49), Some('İ'));
        assert_eq!(Language::Spanish.single_shift_character(0x61), Some('á'));
        assert_eq!(Language::Spanish.locking_character(0x61), None);
        assert_eq!(Language::Portuguese.locking_character(0x0B), Some('Ô'));
        assert_eq!(Language::Hindi.locking_character(0x02), Some('\u{903}'));
        assert_eq!(Language::Urdu.single_shift_character(0x65), Some('€'));
    }

    /// Each character of each table, by the lowest place that it has.
    #[test]
    fn characters_lead_back_to_their_places() {
        for language in Language::ALL {
            let places = 0..128_u8;
            for (character_of, septet_of) in [
                (
                    &Language::locking_character as &dyn Fn(Language, u8) -> Option<char>,
                    &Language::locking_septet as &dyn Fn(Language, char) -> Option<u8>,
                ),
                (
                    &Language::single_shift_character,
                    &Language::single_shift_septet,
                ),
            ] {
                for septet in places.clone().filter(|septet| *septet != 0x1B) {
                    let Some(character) = character_of(language, septet) else {
                        continue;
                    };
                    let lowest = places
                        .clone()
                        .find(|other| character_of(language, *other) == Some(character));
                    assert_eq!(
                        septet_of(language, character),
                        lowest,
                        "{language}: {character:?}"
                    );
                }
                for outside in ['\u{1b}', char::REPLACEMENT_CHARACTER, '\u{1F642}'] {
                    assert_eq!(septet_of(language, outside), None, "{language}");
                }
            }
        }
        assert_eq!(Language::Spanish.locking_septet('a'), None);
    }

    #[test]
    fn languages_are_a_set() {
        let some: Languages = [Language::Urdu, Language::Turkish].into_iter().collect();
        assert!(some.contains(Language::Urdu));
        assert!(!some.contains(Language::Hindi));
        assert_eq!(
            some.iter().collect::<Vec<_>>(),
            [Language::Turkish, Language::Urdu]
        );
        assert_eq!(Languages::all().iter().count(), 13);
        assert_eq!(Languages::default(), Languages::NONE);
    }

    #[test]
    fn single_shift_tables_are_sorted() {
        for language in Language::ALL {
            assert!(
                language.single().is_sorted_by(|a, b| a.0 < b.0),
                "{language}"
            );
        }
    }

    #[test]
    fn languages_are_read_by_name() {
        for language in Language::ALL {
            assert_eq!(language.to_string().to_lowercase().parse(), Ok(language));
        }
        let error = "klingon".parse::<Language>().unwrap_err().to_string();
        assert!(
            error.starts_with(
                "\"klingon\" has no table of its own; those that have are turkish, spanish, "
            ),
            "{error}"
        );
    }
}
