//! TP-DCS: alphabet, class and waiting indication (3GPP TS 23.038 §4).
//!
//! **Invariant:** every octet is one [`DataCoding`] and comes back as the same octet. What the standard reserves is
//! [`DataCoding::Reserved`], which still has the alphabet that a receiver is to assume.

use std::fmt;

use crate::error::{AnomalyKind, DecodeError, Field};
use crate::reader::Reader;

/// The data coding scheme of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataCoding {
    /// Groups 00xx and 01xx.
    General {
        /// What the user data is made of.
        alphabet: Alphabet,
        /// Where it is to be shown or kept; `None` where the sender does not say.
        class: Option<Class>,
        /// Whether the text is compressed (3GPP TS 23.042).
        compression: Compression,
        /// Whether the receiver may delete it once read.
        retention: Retention,
    },
    /// Groups 1100, 1101 and 1110: mail is waiting.
    MessageWaiting {
        /// What kind of mail.
        kind: Waiting,
        /// Whether there is any.
        state: WaitingState,
        /// Whether the text is worth keeping, and its alphabet.
        handling: WaitingHandling,
    },
    /// Group 1111: alphabet and class.
    Class {
        /// GSM 7-bit or 8-bit data.
        alphabet: Alphabet,
        /// Where it is to be shown or kept.
        class: Class,
    },
    /// A value or bits that the standard reserves.
    Reserved(u8),
}

impl DataCoding {
    /// Plain text of the GSM 7-bit alphabet, no class (0x00).
    pub const GSM7: Self = Self::general(Alphabet::Gsm7, None);
    /// Plain UCS-2 text, no class (0x08).
    pub const UCS2: Self = Self::general(Alphabet::Ucs2, None);
    /// Data, no class (0x04).
    pub const DATA: Self = Self::general(Alphabet::Data, None);

    /// An alphabet with or without a class, as phones send it.
    pub const fn general(alphabet: Alphabet, class: Option<Class>) -> Self {
        Self::General {
            alphabet,
            class,
            compression: Compression::None,
            retention: Retention::Keep,
        }
    }

    /// From the octet of a TPDU.
    pub fn from_octet(octet: u8) -> Self {
        let candidate = match octet >> 4 {
            0x0..=0x7 => Self::General {
                alphabet: alphabet_of_general(octet),
                class: (octet & 0x10 != 0).then(|| Class::from_bits(octet)),
                compression: if octet & 0x20 == 0 {
                    Compression::None
                } else {
                    Compression::Compressed
                },
                retention: if octet & 0x40 == 0 {
                    Retention::Keep
                } else {
                    Retention::DeleteOnceRead
                },
            },
            group @ 0xC..=0xE => Self::MessageWaiting {
                kind: Waiting::from_bits(octet),
                state: if octet & 0x08 == 0 {
                    WaitingState::Inactive
                } else {
                    WaitingState::Active
                },
                handling: match group {
                    0xC => WaitingHandling::Discard,
                    0xD => WaitingHandling::StoreGsm7,
                    _ => WaitingHandling::StoreUcs2,
                },
            },
            0xF => Self::Class {
                alphabet: alphabet_of_class(octet),
                class: Class::from_bits(octet),
            },
            _ => Self::Reserved(octet),
        };
        // Where a reserved bit is set the candidate cannot say so, and the octet is kept instead.
        if candidate.octet() == octet {
            candidate
        } else {
            Self::Reserved(octet)
        }
    }

    /// The octet of a TPDU.
    pub fn octet(&self) -> u8 {
        match self {
            Self::General {
                alphabet,
                class,
                compression,
                retention,
            } => {
                let compressed = match compression {
                    Compression::None => 0x00,
                    Compression::Compressed => 0x20,
                };
                let deleted = match retention {
                    Retention::Keep => 0x00,
                    Retention::DeleteOnceRead => 0x40,
                };
                let class = class.map_or(0x00, |class| 0x10 | class.bits());
                deleted | compressed | class | alphabet.bits()
            }
            Self::MessageWaiting {
                kind,
                state,
                handling,
            } => {
                let group = match handling {
                    WaitingHandling::Discard => 0xC0,
                    WaitingHandling::StoreGsm7 => 0xD0,
                    WaitingHandling::StoreUcs2 => 0xE0,
                };
                let active = match state {
                    WaitingState::Inactive => 0x00,
                    WaitingState::Active => 0x08,
                };
                group | active | kind.bits()
            }
            Self::Class { alphabet, class } => 0xF0 | alphabet.bits() & 0x04 | class.bits(),
            Self::Reserved(octet) => *octet,
        }
    }

    pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = reader.offset();
        let octet = reader.octet(Field::DataCodingScheme)?;
        let data_coding = Self::from_octet(octet);
        if let Self::Reserved(octet) = data_coding {
            reader.flag(
                start,
                AnomalyKind::ReservedValue(Field::DataCodingScheme, octet),
            );
        }
        Ok(data_coding)
    }

    /// What the user data is made of; for reserved values what a receiver is to assume.
    pub fn alphabet(&self) -> Alphabet {
        match self {
            Self::General { alphabet, .. } | Self::Class { alphabet, .. } => *alphabet,
            Self::MessageWaiting { handling, .. } => match handling {
                WaitingHandling::Discard | WaitingHandling::StoreGsm7 => Alphabet::Gsm7,
                WaitingHandling::StoreUcs2 => Alphabet::Ucs2,
            },
            Self::Reserved(octet) => match octet >> 4 {
                0x0..=0x7 => alphabet_of_general(*octet),
                0xE => Alphabet::Ucs2,
                0xF => alphabet_of_class(*octet),
                _ => Alphabet::Gsm7,
            },
        }
    }

    /// The class; `None` where the sender does not say.
    pub fn class(&self) -> Option<Class> {
        match self {
            Self::General { class, .. } => *class,
            Self::Class { class, .. } => Some(*class),
            Self::MessageWaiting { .. } => None,
            Self::Reserved(octet) => {
                let meaningful = matches!(octet >> 4, 0x1 | 0x3 | 0x5 | 0x7 | 0xF);
                meaningful.then(|| Class::from_bits(*octet))
            }
        }
    }

    /// Whether the text is compressed, so that it can only be kept as octets.
    pub fn is_compressed(&self) -> bool {
        match self {
            Self::General { compression, .. } => *compression == Compression::Compressed,
            Self::Reserved(octet) => octet & 0x80 == 0 && octet & 0x20 != 0,
            Self::MessageWaiting { .. } | Self::Class { .. } => false,
        }
    }
}

impl fmt::Display for DataCoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::General {
                alphabet,
                class,
                compression,
                ..
            } => {
                write!(f, "{alphabet}")?;
                if *compression == Compression::Compressed {
                    f.write_str(", compressed")?;
                }
                class.map_or(Ok(()), |class| write!(f, ", {class}"))
            }
            Self::MessageWaiting { kind, state, .. } => match state {
                WaitingState::Active => write!(f, "{kind} waiting"),
                WaitingState::Inactive => write!(f, "no {kind} waiting"),
            },
            Self::Class { alphabet, class } => write!(f, "{alphabet}, {class}"),
            Self::Reserved(octet) => write!(f, "reserved ({octet:#04x})"),
        }
    }
}

/// What user data is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alphabet {
    /// Septets of the GSM 7-bit alphabet (3GPP TS 23.038 §6.2.1).
    Gsm7,
    /// Octets that are no text, as far as the standard knows.
    Data,
    /// UCS-2, in practice UTF-16, big endian.
    Ucs2,
}

impl Alphabet {
    fn bits(self) -> u8 {
        match self {
            Self::Gsm7 => 0x00,
            Self::Data => 0x04,
            Self::Ucs2 => 0x08,
        }
    }
}

impl fmt::Display for Alphabet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gsm7 => "GSM 7-bit",
            Self::Data => "8-bit data",
            Self::Ucs2 => "UCS-2",
        })
    }
}

/// Message class (3GPP TS 23.038 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Class 0: shown at once and not stored ("flash").
    Flash,
    /// Class 1: for the phone's own memory.
    Phone,
    /// Class 2: for the SIM.
    Sim,
    /// Class 3: for equipment attached to the phone.
    TerminalEquipment,
}

impl Class {
    /// The class with that number, 0 to 3.
    pub fn from_number(number: u8) -> Option<Self> {
        (number <= 3).then(|| Self::from_bits(number))
    }

    /// Its number, 0 to 3.
    pub fn number(self) -> u8 {
        self.bits()
    }

    fn from_bits(bits: u8) -> Self {
        match bits & 0x03 {
            0 => Self::Flash,
            1 => Self::Phone,
            2 => Self::Sim,
            _ => Self::TerminalEquipment,
        }
    }

    fn bits(self) -> u8 {
        match self {
            Self::Flash => 0,
            Self::Phone => 1,
            Self::Sim => 2,
            Self::TerminalEquipment => 3,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash => f.write_str("class 0 (flash)"),
            Self::Phone => f.write_str("class 1 (phone)"),
            Self::Sim => f.write_str("class 2 (SIM)"),
            Self::TerminalEquipment => f.write_str("class 3 (attached equipment)"),
        }
    }
}

/// Whether a text is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// As it is.
    None,
    /// By 3GPP TS 23.042, which no network uses and this crate does not undo.
    Compressed,
}

/// Whether a message may be deleted once read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retention {
    /// Keep it.
    Keep,
    /// Group 01xx: automatic deletion.
    DeleteOnceRead,
}

/// What kind of mail is waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Waiting {
    /// Voice mail.
    Voicemail,
    /// Fax.
    Fax,
    /// E-mail.
    Email,
    /// Something else.
    Other,
    /// Video mail, which only an element of the user data header can announce (3GPP TS 23.040 §9.2.3.24.2).
    Video,
}

impl Waiting {
    /// From the octet of a special message indication, where reserved kinds are to be taken for others.
    pub(crate) fn from_indication(octet: u8) -> Self {
        match octet & 0x1F {
            0x07 => Self::Video,
            kind @ 0x00..=0x03 => Self::from_bits(kind),
            _ => Self::Other,
        }
    }

    fn from_bits(bits: u8) -> Self {
        match bits & 0x03 {
            0 => Self::Voicemail,
            1 => Self::Fax,
            2 => Self::Email,
            _ => Self::Other,
        }
    }

    fn bits(self) -> u8 {
        match self {
            Self::Voicemail => 0,
            Self::Fax => 1,
            Self::Email => 2,
            Self::Other | Self::Video => 3,
        }
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Voicemail => "voice mail",
            Self::Fax => "fax",
            Self::Email => "e-mail",
            Self::Other => "other mail",
            Self::Video => "video mail",
        })
    }
}

/// Whether any mail is waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WaitingState {
    /// None (any more).
    Inactive,
    /// Some.
    Active,
}

/// What to do with the text of a waiting indication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WaitingHandling {
    /// Only the indication matters.
    Discard,
    /// Keep the GSM 7-bit text.
    StoreGsm7,
    /// Keep the UCS-2 text.
    StoreUcs2,
}

fn alphabet_of_general(octet: u8) -> Alphabet {
    match octet & 0x0C {
        0x04 => Alphabet::Data,
        0x08 => Alphabet::Ucs2,
        // 0x0C is reserved, and reserved codings are read as the default alphabet (3GPP TS 23.038 §4).
        _ => Alphabet::Gsm7,
    }
}

fn alphabet_of_class(octet: u8) -> Alphabet {
    if octet & 0x04 == 0 {
        Alphabet::Gsm7
    } else {
        Alphabet::Data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_comes_back() {
        for octet in 0..=u8::MAX {
            assert_eq!(DataCoding::from_octet(octet).octet(), octet);
        }
    }

    /// Examples from the tables of 3GPP TS 23.038 §4.
    #[test]
    fn octets_mean_what_the_standard_says() {
        for (octet, text, alphabet, class) in [
            (0x00, "GSM 7-bit", Alphabet::Gsm7, None),
            (0x04, "8-bit data", Alphabet::Data, None),
            (0x08, "UCS-2", Alphabet::Ucs2, None),
            (
                0x10,
                "GSM 7-bit, class 0 (flash)",
                Alphabet::Gsm7,
                Some(Class::Flash),
            ),
            (
                0x19,
                "UCS-2, class 1 (phone)",
                Alphabet::Ucs2,
                Some(Class::Phone),
            ),
            (0x20, "GSM 7-bit, compressed", Alphabet::Gsm7, None),
            (0x01, "reserved (0x01)", Alphabet::Gsm7, None),
            (0x0C, "reserved (0x0c)", Alphabet::Gsm7, None),
            (0x84, "reserved (0x84)", Alphabet::Gsm7, None),
            (0xC8, "voice mail waiting", Alphabet::Gsm7, None),
            (0xD1, "no fax waiting", Alphabet::Gsm7, None),
            (0xEA, "e-mail waiting", Alphabet::Ucs2, None),
            (
                0xF2,
                "GSM 7-bit, class 2 (SIM)",
                Alphabet::Gsm7,
                Some(Class::Sim),
            ),
            (
                0xF7,
                "8-bit data, class 3 (attached equipment)",
                Alphabet::Data,
                Some(Class::TerminalEquipment),
            ),
            (0xF8, "reserved (0xf8)", Alphabet::Gsm7, Some(Class::Flash)),
        ] {
            let coding = DataCoding::from_octet(octet);
            assert_eq!(coding.to_string(), text, "{octet:#04x}");
            assert_eq!(coding.alphabet(), alphabet, "{octet:#04x}");
            assert_eq!(coding.class(), class, "{octet:#04x}");
        }
    }
}
