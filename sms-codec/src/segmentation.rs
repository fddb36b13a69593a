//! A text to the user data of as few TPDUs as it takes (3GPP TS 23.040 §9.2.3.24.1).
//!
//! [`segment`] tries every way of writing that [`SegmentOptions`] allow, from the default alphabet over the national
//! tables to UCS-2, and takes the one with the fewest parts, and of those the one with the fewest octets.
//! [`Segmentation`] says what it took and why nothing cheaper would do, for callers who show that before they send.
//!
//! **Invariants:** no part ends inside an escape pair or a surrogate pair, so each part is readable by itself, and the
//! parts read one after the other are the text. Where it costs no part, none ends inside a grapheme cluster either, so
//! what a reader takes for one character stays together.

mod cut;
mod draft;
mod look_alikes;
mod surcharge;
mod tally;
#[cfg(test)]
mod tests;

use std::fmt;

use thiserror::Error;

use crate::data_coding::{Alphabet, Class, DataCoding};
use crate::gsm7::{NotInAlphabet, Shifts};
use crate::national::{Language, Languages};
use crate::user_data::UserData;
use crate::user_data_header::{Concatenation, ReferenceWidth, WrittenHeader};

use draft::Draft;
pub use look_alikes::{LookAlike, look_alike};
pub use surcharge::{Cause, Cheaper, Surcharge};

/// Parts that a message can have: the number is one octet.
pub const MAX_PARTS: usize = 255;

/// How to write a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentOptions {
    /// Which alphabet.
    pub alphabet: AlphabetChoice,
    /// The languages whose national tables may be used where that is cheaper (3GPP TS 23.038 §6.2.1.2). None unless
    /// the caller knows that the recipient's phone and network have them: others show wrong characters.
    pub languages: Languages,
    /// Whether typographic characters may be written with plain ones.
    pub substitution: Substitution,
    /// The reference that all parts of this message share, where there is more than one. It is to differ from that of
    /// other messages on their way to the same recipient.
    pub reference: Reference,
    /// Where phones are to show or keep it (TP-DCS); `None` leaves it to them, as people's messages do.
    pub class: Option<Class>,
}

impl SegmentOptions {
    /// The cheapest alphabet without national tables, the text as it is, no class, and this reference.
    pub fn new(reference: Reference) -> Self {
        Self {
            alphabet: AlphabetChoice::Cheapest,
            languages: Languages::NONE,
            substitution: Substitution::Off,
            reference,
            class: None,
        }
    }
}

/// Which alphabet to write a text in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AlphabetChoice {
    /// What takes the fewest parts, and of that what takes the fewest octets: GSM 7-bit, also with the tables of the
    /// languages that the options allow, or UCS-2.
    #[default]
    Cheapest,
    /// GSM 7-bit, with the tables of the languages that the options allow, or an error.
    Gsm7,
    /// GSM 7-bit with just these tables, whether the options allow them or not, or an error.
    Shifted(Shifts),
    /// UCS-2.
    Ucs2,
}

/// Whether typographic characters may be written with the plain ones that look like them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Substitution {
    /// The text is sent as it is.
    #[default]
    Off,
    /// All of them are written plainly where that makes the text cheaper (see [`look_alike`]).
    LookAlikes,
}

/// A concatenation reference. Eight bits leave room for more text; sixteen make a clash less likely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reference {
    /// 153 septets or 67 code units a part (§9.2.3.24.1).
    Eight(u8),
    /// 152 septets or 66 code units a part (§9.2.3.24.8).
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
}

/// A way of writing text in user data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Septets (3GPP TS 23.038 §6.2.1), with these national tables in place of the default ones.
    Gsm7(Shifts),
    /// UTF-16 code units (3GPP TS 23.038 §6.2.3).
    Ucs2,
}

impl Encoding {
    /// GSM 7-bit without national tables.
    pub const DEFAULT: Self = Self::Gsm7(Shifts::NONE);

    /// The alphabet that TP-DCS names.
    pub fn alphabet(self) -> Alphabet {
        match self {
            Self::Gsm7(_) => Alphabet::Gsm7,
            Self::Ucs2 => Alphabet::Ucs2,
        }
    }

    /// The national tables that the header of every part names.
    pub fn shifts(self) -> Shifts {
        match self {
            Self::Gsm7(shifts) => shifts,
            Self::Ucs2 => Shifts::NONE,
        }
    }

    fn header(self, concatenation: Option<Concatenation>) -> WrittenHeader {
        WrittenHeader {
            concatenation,
            shifts: self.shifts(),
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gsm7(shifts) if *shifts != Shifts::NONE => {
                write!(f, "{} with {shifts}", Alphabet::Gsm7)
            }
            Self::Gsm7(_) | Self::Ucs2 => self.alphabet().fmt(f),
        }
    }
}

/// A text in parts, and what that cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segmentation {
    /// What it is written in.
    pub encoding: Encoding,
    /// At least one, in order, with headers where there are several or where they name national tables.
    pub parts: Vec<UserData>,
    /// Octets of user data (TP-UD) in all parts together, headers included.
    pub octets: usize,
    /// Units of the text, headers not counted: septets or UTF-16 code units.
    pub units: usize,
    /// Units that one part of this message has room for.
    pub units_per_part: usize,
    /// Units that the last part still has room for.
    pub units_left: usize,
    /// What made it dearer than it might be; `None` where it is as cheap as any text of its length, or where the caller
    /// chose the alphabet.
    pub surcharge: Option<Surcharge>,
    /// What was written with other characters, each once, in the order in which they first occur. Empty unless
    /// [`Substitution::LookAlikes`] was asked for and made it cheaper.
    pub substituted: Vec<LookAlike>,
}

impl Segmentation {
    /// What it is written in, as TP-DCS says it.
    pub fn alphabet(&self) -> Alphabet {
        self.encoding.alphabet()
    }
}

/// `2 parts in UCS-2, room for 41 more`.
impl fmt::Display for Segmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} in {}, room for {} more",
            Parts(self.parts.len()),
            self.encoding,
            self.units_left
        )
    }
}

/// `1 part`, `2 parts`.
struct Parts(usize);

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} part{plural}", self.0)
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
    /// The caller insisted on a locking shift to a language that has none (3GPP TS 23.038 §6.2.1.2.4).
    #[error("{0} has no locking shift table")]
    NoLockingTable(Language),
}

/// Writes a text as the user data of one or more TPDUs. An empty text is one empty part.
///
/// # Errors
///
/// [`SegmentError`] for more than 255 parts, or for a character outside of an alphabet that the caller insists on.
pub fn segment(text: &str, options: &SegmentOptions) -> Result<Segmentation, SegmentError> {
    let draft = Draft::cheapest(text, options);
    let plain = match (options.substitution, &draft) {
        (Substitution::Off, _) => None,
        // Nothing is cheaper, whatever characters stand in it.
        (Substitution::LookAlikes, Ok(draft)) if draft.is_plain() => None,
        (Substitution::LookAlikes, _) => look_alikes::substitute(text),
    };
    if let Some((plain, substituted)) = plain {
        match (Draft::cheapest(&plain, options), &draft) {
            (Ok(cheaper), Ok(draft)) if cheaper.cost() < draft.cost() => {
                return cheaper.finish(&plain, options, substituted);
            }
            (Ok(cheaper), Err(_)) => return cheaper.finish(&plain, options, substituted),
            (Ok(_) | Err(_), Ok(_) | Err(_)) => {}
        }
    }
    draft?.finish(text, options, Vec::new())
}

impl Draft {
    fn finish(
        self,
        text: &str,
        options: &SegmentOptions,
        substituted: Vec<LookAlike>,
    ) -> Result<Segmentation, SegmentError> {
        let too_long = SegmentError::TooLong {
            parts: self.part_count(),
        };
        let total = u8::try_from(self.part_count()).ok().ok_or(too_long)?;
        let data_coding = DataCoding::general(self.encoding.alphabet(), options.class);
        let mut parts = Vec::with_capacity(usize::from(total));
        for (part, body) in (1..=total).zip(self.bodies()) {
            let concatenation = (total > 1).then(|| options.reference.element(total, part));
            let header = self.encoding.header(concatenation);
            parts.push(UserData::new(data_coding, header, body).ok_or(too_long)?);
        }
        Ok(Segmentation {
            encoding: self.encoding,
            parts,
            octets: self.octets,
            units: self.units.len(),
            units_per_part: self.units_per_part,
            units_left: self.units_left(),
            surcharge: Surcharge::of(text, &self, options),
            substituted,
        })
    }
}
