//! Typographic characters and the plain ones that look like them.
//!
//! Word processors and phone keyboards write `’` where the GSM 7-bit alphabet has only `'`, and one of them makes a whole
//! text UCS-2. Only what a reader would hardly tell apart is in the list: no letter loses its accent.

use std::fmt;

use super::surcharge::shown;
use crate::gsm7;

/// A character, and what stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LookAlike {
    /// What the text has; it is not in the GSM 7-bit alphabet.
    pub character: char,
    /// What is written instead, all of it in the default alphabet. Empty for what cannot be seen anyway.
    pub instead: &'static str,
}

/// `’ as '`; what cannot be seen by its number or in words.
impl fmt::Display for LookAlike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} as {}",
            shown(self.character),
            self.instead_in_words()
        )
    }
}

impl LookAlike {
    pub(super) fn instead_in_words(&self) -> &'static str {
        match self.instead {
            "" => "nothing",
            " " => "a space",
            "\n" => "a line break",
            plain => plain,
        }
    }
}

/// What can be written instead of a character that the GSM 7-bit alphabet has not; `None` where nothing looks like it.
pub fn look_alike(character: char) -> Option<LookAlike> {
    let instead = match character {
        '‘' | '’' | '‚' | '‛' | '′' | '‵' | 'ʼ' | 'ʹ' | '`' | '´' => "'",
        '“' | '”' | '„' | '‟' | '″' | '‶' | '«' | '»' => "\"",
        '‹' => "<",
        '›' => ">",
        // Hyphen, non-breaking hyphen, figure dash, en dash, em dash, bar, minus.
        '\u{2010}'..='\u{2015}' | '−' => "-",
        '…' => "...",
        '•' | '∙' | '⁎' | '∗' => "*",
        '·' | '․' => ".",
        '⁄' | '∕' => "/",
        '×' => "x",
        // No-break space, the spaces of typesetters, and the tab.
        '\t' | '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => " ",
        // Line and paragraph separator, next line.
        '\u{2028}' | '\u{2029}' | '\u{85}' => "\n",
        // Soft hyphen, zero width space, word joiner, byte order mark.
        '\u{AD}' | '\u{200B}' | '\u{2060}' | '\u{FEFF}' => "",
        _ => return None,
    };
    Some(LookAlike { character, instead })
}

/// The text with all look-alikes written plainly, and which there were; `None` where there are none.
pub(super) fn substitute(text: &str) -> Option<(String, Vec<LookAlike>)> {
    let mut plain = String::with_capacity(text.len());
    let mut found: Vec<LookAlike> = Vec::new();
    for character in text.chars() {
        match look_alike(character).filter(|_| gsm7::septets_of(character).is_none()) {
            Some(look_alike) => {
                plain.push_str(look_alike.instead);
                if !found.contains(&look_alike) {
                    found.push(look_alike);
                }
            }
            None => plain.push(character),
        }
    }
    (!found.is_empty()).then_some((plain, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Over all of Unicode: what is replaced is outside of the alphabet, what replaces it is inside.
    #[test]
    fn what_stands_instead_is_plain() {
        let known: Vec<_> = ('\0'..=char::MAX).filter_map(look_alike).collect();
        assert!(known.len() > 40);
        for LookAlike { character, instead } in known {
            assert_eq!(gsm7::septets_of(character), None, "{character:?}");
            let septets = gsm7::encode(instead).unwrap();
            assert_eq!(septets.len(), instead.chars().count(), "{character:?}");
        }
    }

    #[test]
    fn each_is_named_once_in_order() {
        let (plain, found) = substitute("“It’s” – it’s…").unwrap();
        assert_eq!(plain, "\"It's\" - it's...");
        let characters: String = found.iter().map(|found| found.character).collect();
        assert_eq!(characters, "“’”–…");
        assert_eq!(found.first().unwrap().to_string(), "“ as \"");
        assert_eq!(
            look_alike('\u{A0}').unwrap().to_string(),
            "U+00A0 as a space"
        );
        assert_eq!(substitute("It's 5 €, naïve 🙂"), None);
    }
}
