//! The data coding scheme of cell broadcasts, which is not that of SMS (3GPP TS 23.038 §5).

use std::fmt;

use crate::data_coding::{Alphabet, Class};

/// The octet, of which every value has a meaning to be read from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BroadcastCoding(u8);

impl BroadcastCoding {
    /// From the octet of a page.
    pub fn from_octet(octet: u8) -> Self {
        Self(octet)
    }

    /// The octet of a page.
    pub fn octet(self) -> u8 {
        self.0
    }

    /// What the content is made of. For values that the standard reserves it is GSM 7-bit, as it asks for.
    pub fn alphabet(self) -> Alphabet {
        match (self.0 >> 4, self.0 & 0x0F) {
            (0x1, 1) => Alphabet::Ucs2,
            (0x4..=0x7 | 0x9, low) => match low >> 2 {
                1 => Alphabet::Data,
                2 => Alphabet::Ucs2,
                _ => Alphabet::Gsm7,
            },
            // I1 protocol and WAP.
            (0xD | 0xE, _) => Alphabet::Data,
            (0xF, low) if low & 0x04 != 0 => Alphabet::Data,
            _ => Alphabet::Gsm7,
        }
    }

    /// ISO 639 code of the language that the value stands for; `None` where it stands for none.
    pub fn language(self) -> Option<&'static str> {
        Some(match self.0 {
            0x00 => "de",
            0x01 => "en",
            0x02 => "it",
            0x03 => "fr",
            0x04 => "es",
            0x05 => "nl",
            0x06 => "sv",
            0x07 => "da",
            0x08 => "pt",
            0x09 => "fi",
            0x0A => "no",
            0x0B => "el",
            0x0C => "tr",
            0x0D => "hu",
            0x0E => "pl",
            0x20 => "cs",
            0x21 => "he",
            0x22 => "ar",
            0x23 => "ru",
            0x24 => "is",
            _ => return None,
        })
    }

    /// Whether the content begins with the code of its language.
    pub fn begins_with_language(self) -> bool {
        matches!(self.0, 0x10 | 0x11)
    }

    /// The message class; `None` where the value names none. Classes 1 and 2 of group 1001 and class 1 and 2 of group 1111
    /// are the user's own.
    pub fn class(self) -> Option<Class> {
        match self.0 >> 4 {
            0x5 | 0x7 => Class::from_number(self.0 & 0x03),
            // 0 is no class in these.
            0x9 | 0xF => Class::from_number(self.0 & 0x03).filter(|class| *class != Class::Flash),
            _ => None,
        }
    }

    /// Whether the text is compressed (3GPP TS 23.042).
    pub fn is_compressed(self) -> bool {
        matches!(self.0 >> 4, 0x6 | 0x7)
    }

    /// Whether the content begins with a user data header.
    pub fn has_header(self) -> bool {
        self.0 >> 4 == 0x9
    }

    /// Whether the standard reserves the value.
    pub fn is_reserved(self) -> bool {
        match (self.0 >> 4, self.0 & 0x0F) {
            (0x1, low) => low > 1,
            (0x2, low) => low > 4,
            (0x3 | 0x8 | 0xA..=0xC, _) => true,
            (0x4..=0x7 | 0x9, low) => low >> 2 == 3,
            (0xF, low) => low & 0x08 != 0,
            _ => false,
        }
    }
}

impl fmt::Display for BroadcastCoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.alphabet().fmt(f)?;
        match self.language() {
            Some(language) => write!(f, " ({language})"),
            None => Ok(()),
        }
    }
}
