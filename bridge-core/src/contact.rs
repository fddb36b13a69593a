//! What a contact may be called, and how names are compared.
//!
//! Pure. A name is one line of visible characters that cannot be taken for a number or for a SIM.

use serde::{Deserialize, Serialize};

use crate::address::Address;

/// The longest name, in characters.
const LONGEST: usize = 64;
/// Most numbers of one contact.
pub(crate) const MOST_NUMBERS: usize = 20;

/// Somebody who has a name here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// As it is shown.
    pub name: String,
    /// Where they write from, and where they can be reached; at least one.
    pub numbers: Vec<Address>,
}

/// Why something cannot be a contact's name, in words for the one who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing visible is in it.
    #[error("a name needs at least one letter")]
    NoLetter,
    /// It could be read as a number, a SIM or a command.
    #[error("a name cannot begin with a digit, +, @, / or !")]
    Begins,
    /// It does not fit into a title.
    #[error("a name has at most {LONGEST} characters")]
    TooLong,
}

/// A name as it is stored: without what cannot be seen, or would turn around what stands behind it.
///
/// # Errors
///
/// [`NameError`].
pub fn name(written: &str) -> Result<String, NameError> {
    let visible: String = written
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|&c| !c.is_control() && !is_invisible(c) && c != '"')
        .collect();
    let name = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    let begins = |c: char| c.is_numeric() || matches!(c, '+' | '@' | '/' | '!' | '*' | '#');
    if !name.chars().any(char::is_alphabetic) {
        return Err(NameError::NoLetter);
    }
    if name.starts_with(begins) {
        return Err(NameError::Begins);
    }
    if name.chars().count() > LONGEST {
        return Err(NameError::TooLong);
    }
    Ok(name)
}

/// What two names that mean the same have in common.
#[must_use]
pub(crate) fn folded(name: &str) -> String {
    let words: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// Whether a name has these words in this order: `ali` and `khan` are in `Ali Khan`, `al` is not.
pub(crate) fn has_words(name: &str, words: &str) -> bool {
    let (name, words) = (folded(name), folded(words));
    !words.is_empty() && format!(" {name} ").contains(&format!(" {words} "))
}

/// Directions and joiners that nobody sees (Unicode "Default_Ignorable_Code_Point", as far as it occurs in messages). The
/// zero-width joiners U+200C and U+200D stay: Persian and Indian names need them.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let cases = [
            ("Ali", Ok("Ali")),
            ("  Ali \n  Khan\t", Ok("Ali Khan")),
            ("\u{639}\u{644}\u{6cc}", Ok("\u{639}\u{644}\u{6cc}")),
            ("O'Neil (work) 2", Ok("O'Neil (work) 2")),
            ("A\u{202e}li\u{200b}", Ok("Ali")),
            ("\"Ali\"", Ok("Ali")),
            ("", Err(NameError::NoLetter)),
            ("\u{202e}", Err(NameError::NoLetter)),
            ("...", Err(NameError::NoLetter)),
            ("+1 Ali", Err(NameError::Begins)),
            ("1a", Err(NameError::Begins)),
            ("@home", Err(NameError::Begins)),
        ];
        for (written, expected) in cases {
            assert_eq!(name(written), expected.map(str::to_owned), "{written:?}");
        }
        assert!(name(&"a".repeat(LONGEST)).is_ok());
        assert_eq!(name(&"a".repeat(LONGEST + 1)), Err(NameError::TooLong));
    }

    #[test]
    fn words_of_a_name() {
        for (words, expected) in [
            ("ali", true),
            ("ALI  khan", true),
            ("khan", true),
            ("al", false),
            ("ali raza", false),
            ("khan ali", false),
            ("", false),
        ] {
            assert_eq!(has_words("Ali Khan", words), expected, "{words:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_stored_name_is_a_name(written in ".{0,90}") {
            if let Ok(stored) = name(&written) {
                proptest::prop_assert_eq!(name(&stored), Ok(stored.clone()));
                proptest::prop_assert!(has_words(&stored, &stored));
            }
        }
    }
}
