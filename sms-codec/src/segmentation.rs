//! A text to the user data of as few TPDUs as it takes (3GPP TS 23.040 §9.2.3.24.1).
//!
//! **Invariant:** no part ends inside an escape pair or a surrogate pair, so each part is readable by itself, and the
//! parts read one after the other are the text.

use std::fmt;

use thiserror::Error;

use crate::data_coding::{Alphabet, Class, DataCoding};
use crate::gsm7::{self, NotInAlphabet, Septets};
use crate::user_data::{Body, MAX_OCTETS, UserData};
use crate::user_data_header::{Concatenation, ReferenceWidth};

/// Parts that a message can have: the number is one octet.
pub const MAX_PARTS: usize = 255;

/// How to write a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentOptions {
    /// Which alphabet.
    pub alphabet: AlphabetChoice,
    /// The reference that all parts of this message share, where there is more than one. It is to differ from that of
    /// other messages on their way to the same recipient.
    pub reference: Reference,
    /// Where phones are to show or keep it; `None` leaves it to them, as people's messages do.
    pub class: Option<Class>,
}

impl SegmentOptions {
    /// The cheapest alphabet, no class, and this reference.
    pub fn new(reference: Reference) -> Self {
        Self {
            alphabet: AlphabetChoice::Cheapest,
            reference,
            class: None,
        }
    }
}

/// Which alphabet to write a text in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AlphabetChoice {
    /// GSM 7-bit where every character is in it, else UCS-2.
    #[default]
    Cheapest,
    /// GSM 7-bit or an error.
    Gsm7,
    /// UCS-2.
    Ucs2,
}

/// A concatenation reference. Eight bits leave room for more text; sixteen make a clash less likely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reference {
    /// 153 septets or 67 code units a part.
    Eight(u8),
    /// 152 septets or 66 code units a part.
    Sixteen(u16),
}

impl Reference {
    fn element(self, total: u8, part: u8) -> Concatenation {
        let (reference, width) = match self {
            Self::Eight(reference) => (u16::from(reference), ReferenceWidth::Eight),
            Self::Sixteen(reference) => (reference, ReferenceWidth::Sixteen),
        };
        Concatenation {
            reference,
            width,
            total,
            part,
        }
    }

    /// Octets of a header with this element alone, its length octet included.
    fn header_octets(self) -> usize {
        match self {
            Self::Eight(_) => 6,
            Self::Sixteen(_) => 7,
        }
    }
}

/// A text in parts, and what that cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segmentation {
    /// What it is written in.
    pub alphabet: Alphabet,
    /// The first character that the GSM 7-bit alphabet has not, which is why it is UCS-2; `None` where it is not, or by
    /// the caller's choice.
    pub costly_character: Option<char>,
    /// At least one, in order, with headers where there are several.
    pub parts: Vec<UserData>,
    /// Units of the text, headers not counted: septets or UTF-16 code units.
    pub units: usize,
    /// Units that one part of this message has room for.
    pub units_per_part: usize,
    /// Units that the last part still has room for.
    pub units_left: usize,
}

impl fmt::Display for Segmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, plural) = (
            self.parts.len(),
            if self.parts.len() == 1 { "" } else { "s" },
        );
        write!(
            f,
            "{parts} part{plural} in {}, room for {} more",
            self.alphabet, self.units_left
        )
    }
}

/// Why a text cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SegmentError {
    /// More than 255 parts.
    #[error("the text needs {parts} parts, a message has {MAX_PARTS} at most")]
    TooLong {
        /// How many it would take.
        parts: usize,
    },
    /// The caller insisted on GSM 7-bit.
    #[error(transparent)]
    NotInAlphabet(#[from] NotInAlphabet),
}

/// Writes a text as the user data of one or more TPDUs. An empty text is one empty part.
///
/// # Errors
///
/// [`SegmentError`] for more than 255 parts, or for a character outside of an alphabet that the caller insists on.
pub fn segment(text: &str, options: &SegmentOptions) -> Result<Segmentation, SegmentError> {
    let outside = match options.alphabet {
        AlphabetChoice::Ucs2 => None,
        AlphabetChoice::Cheapest | AlphabetChoice::Gsm7 => {
            match text
                .chars()
                .map(written_in_gsm7)
                .collect::<Result<Vec<_>, _>>()
            {
                Ok(septets) => return cut(&septets, options, None),
                Err(character) => Some(character),
            }
        }
    };
    if let (AlphabetChoice::Gsm7, Some(character)) = (options.alphabet, outside) {
        let offset = text
            .chars()
            .position(|other| other == character)
            .unwrap_or_default();
        return Err(NotInAlphabet { character, offset }.into());
    }
    let code_units: Vec<_> = text.chars().map(Utf16::of).collect();
    cut(&code_units, options, outside)
}

fn written_in_gsm7(character: char) -> Result<Septets, char> {
    gsm7::septets_of(character).ok_or(character)
}

/// A character as it is written in one alphabet: what no cut goes through.
trait Written: Copy {
    /// What it is made of.
    type Unit;
    const ALPHABET: Alphabet;

    /// Units in so many octets.
    fn units_in(octets: usize) -> usize;
    fn count(self) -> usize;
    fn push_to(self, units: &mut Vec<Self::Unit>);
    fn body(units: &[Self::Unit]) -> Body<'_>;
}

impl Written for Septets {
    type Unit = u8;
    const ALPHABET: Alphabet = Alphabet::Gsm7;

    fn units_in(octets: usize) -> usize {
        octets * 8 / 7
    }

    fn count(self) -> usize {
        Self::count(self)
    }

    fn push_to(self, units: &mut Vec<u8>) {
        Self::push_to(self, units);
    }

    fn body(units: &[u8]) -> Body<'_> {
        Body::Septets(units)
    }
}

/// A character as one or two UTF-16 code units.
#[derive(Debug, Clone, Copy)]
struct Utf16(char);

impl Utf16 {
    fn of(character: char) -> Self {
        Self(character)
    }
}

impl Written for Utf16 {
    type Unit = u16;
    const ALPHABET: Alphabet = Alphabet::Ucs2;

    fn units_in(octets: usize) -> usize {
        octets / 2
    }

    fn count(self) -> usize {
        self.0.len_utf16()
    }

    fn push_to(self, units: &mut Vec<u16>) {
        units.extend_from_slice(self.0.encode_utf16(&mut [0; 2]));
    }

    fn body(units: &[u16]) -> Body<'_> {
        Body::CodeUnits(units)
    }
}

fn cut<W: Written>(
    characters: &[W],
    options: &SegmentOptions,
    costly_character: Option<char>,
) -> Result<Segmentation, SegmentError> {
    let units: usize = characters.iter().map(|character| character.count()).sum();
    let alone = units <= W::units_in(MAX_OCTETS);
    let header_octets = if alone {
        0
    } else {
        options.reference.header_octets()
    };
    let units_per_part = W::units_in(MAX_OCTETS - header_octets);

    let mut bodies: Vec<Vec<W::Unit>> = vec![Vec::new()];
    let mut filled = 0;
    for character in characters {
        if filled + character.count() > units_per_part {
            bodies.push(Vec::with_capacity(units_per_part));
            filled = 0;
        }
        if let Some(body) = bodies.last_mut() {
            character.push_to(body);
            filled += character.count();
        }
    }

    let too_long = SegmentError::TooLong {
        parts: bodies.len(),
    };
    let total = u8::try_from(bodies.len()).ok().ok_or(too_long)?;
    let data_coding = DataCoding::general(W::ALPHABET, options.class);
    let parts = (1..=total)
        .zip(&bodies)
        .map(|(part, body)| {
            let concatenation = (total > 1).then(|| options.reference.element(total, part));
            UserData::new(data_coding, concatenation, W::body(body))
        })
        .collect::<Option<Vec<_>>>()
        .ok_or(too_long)?;
    Ok(Segmentation {
        alphabet: W::ALPHABET,
        costly_character,
        parts,
        units,
        units_per_part,
        units_left: units_per_part.saturating_sub(filled),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::join;

    const EIGHT: SegmentOptions = SegmentOptions {
        alphabet: AlphabetChoice::Cheapest,
        reference: Reference::Eight(7),
        class: None,
    };
    const SIXTEEN: SegmentOptions = SegmentOptions {
        alphabet: AlphabetChoice::Cheapest,
        reference: Reference::Sixteen(0x1234),
        class: None,
    };

    /// Room: 140 octets less the header of §9.2.3.24.1 or §9.2.3.24.8, in septets or in code units.
    #[test]
    fn texts_take_as_many_parts_as_the_standard_has_room_for() {
        for (character, count, options, parts, units_left) in [
            ("a", 0, EIGHT, 1, 160),
            ("a", 160, EIGHT, 1, 0),
            ("a", 161, EIGHT, 2, 145),
            ("a", 306, EIGHT, 2, 0),
            ("a", 307, EIGHT, 3, 152),
            ("a", 304, SIXTEEN, 2, 0),
            ("a", 305, SIXTEEN, 3, 151),
            ("€", 80, EIGHT, 1, 0),
            ("€", 81, EIGHT, 2, 143),
            ("€", 153, EIGHT, 3, 151),
            ("ж", 70, EIGHT, 1, 0),
            ("ж", 71, EIGHT, 2, 63),
            ("ж", 134, EIGHT, 2, 0),
            ("ж", 133, SIXTEEN, 3, 65),
            ("🙂", 35, EIGHT, 1, 0),
            ("🙂", 36, EIGHT, 2, 61),
            ("🙂", 67, EIGHT, 3, 65),
            ("a", 153 * 255, EIGHT, 255, 0),
        ] {
            let segmentation = segment(&character.repeat(count), &options).unwrap();
            assert_eq!(
                (segmentation.parts.len(), segmentation.units_left),
                (parts, units_left),
                "{count} times {character}, {:?}",
                options.reference
            );
        }
    }

    #[test]
    fn too_long_a_text_is_refused_with_its_number_of_parts() {
        assert_eq!(
            segment(&"a".repeat(153 * 255 + 1), &EIGHT),
            Err(SegmentError::TooLong { parts: 256 })
        );
        assert_eq!(
            segment(&"ж".repeat(67 * 256 + 1), &EIGHT),
            Err(SegmentError::TooLong { parts: 257 })
        );
    }

    #[test]
    fn the_alphabet_is_the_cheapest_unless_told() {
        let choose = |alphabet| SegmentOptions { alphabet, ..EIGHT };
        let cheapest = segment("it’s", &EIGHT).unwrap();
        assert_eq!(
            (cheapest.alphabet, cheapest.costly_character),
            (Alphabet::Ucs2, Some('’'))
        );
        let told = segment("its", &choose(AlphabetChoice::Ucs2)).unwrap();
        assert_eq!(
            (told.alphabet, told.costly_character),
            (Alphabet::Ucs2, None)
        );
        assert_eq!(
            segment("it’s", &choose(AlphabetChoice::Gsm7)),
            Err(SegmentError::NotInAlphabet(NotInAlphabet {
                character: '’',
                offset: 2
            }))
        );
        assert_eq!(
            segment("hello", &EIGHT).unwrap().to_string(),
            "1 part in GSM 7-bit, room for 155 more"
        );
    }

    #[test]
    fn a_class_goes_into_every_part() {
        let options = SegmentOptions {
            class: Some(Class::Flash),
            ..EIGHT
        };
        let segmentation = segment(&"a".repeat(200), &options).unwrap();
        for part in segmentation.parts {
            assert_eq!(part.data_coding().octet(), 0x10);
        }
    }

    fn check_parts(text: &str, options: &SegmentOptions) -> Result<(), TestCaseError> {
        let segmentation =
            segment(text, options).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let total = segmentation.parts.len();
        let mut read = String::new();
        for (index, part) in segmentation.parts.iter().enumerate() {
            prop_assert!(part.octets().len() <= MAX_OCTETS);
            // Readable by itself: a pair that was cut would leave U+FFFD or lose its half.
            read.push_str(&part.text().unwrap());
            let place = part
                .concatenation()
                .map(|found| (usize::from(found.part), usize::from(found.total)));
            prop_assert_eq!(place, (total > 1).then_some((index + 1, total)));
        }
        prop_assert_eq!(&read, text);
        let parts: Vec<_> = segmentation.parts.iter().map(Some).collect();
        prop_assert_eq!(join(&parts, "…").unwrap(), text);
        Ok(())
    }

    proptest! {
        #[test]
        fn gsm7_texts_come_back(text in "[@£ a-zà\n\r€{}\\[\\]^|~]{0,700}") {
            check_parts(&text, &EIGHT)?;
            check_parts(&text, &SIXTEEN)?;
            check_parts(&text, &SegmentOptions { alphabet: AlphabetChoice::Ucs2, ..EIGHT })?;
        }

        #[test]
        fn any_text_comes_back(text in "\\PC{0,400}") {
            check_parts(&text, &EIGHT)?;
            check_parts(&text, &SIXTEEN)?;
        }
    }
}
