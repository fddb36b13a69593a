//! Pictures, graphics and objects, and whether they may be passed on.

/// Which of the elements of pictures it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PictureSize {
    /// 10: 32 pixels squared.
    Large,
    /// 11: 16 pixels squared.
    Small,
    /// 12: it says by itself.
    Variable {
        /// Pixels of the width, by eights.
        width: u16,
        /// Pixels of the height.
        height: u8,
    },
}

impl PictureSize {
    /// Pixels of width and height.
    pub fn pixels(self) -> (u16, u8) {
        match self {
            Self::Large => (32, 32),
            Self::Small => (16, 16),
            Self::Variable { width, height } => (width, height),
        }
    }
}

/// Which of the elements of vector graphics it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GraphicSize {
    /// 18: as large as it says.
    Standard,
    /// 19: as large as a character.
    Character,
}

/// Whether something may be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Forwarding {
    /// It may.
    Allowed,
    /// It must not.
    Forbidden,
}

impl Forwarding {
    pub(super) fn from_bit(bits: u8) -> Self {
        if bits & 0x01 == 0 {
            Self::Allowed
        } else {
            Self::Forbidden
        }
    }
}

/// An object that may be longer than one part (3GPP TS 23.040 §9.2.3.24.10.1.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExtendedObject<'a> {
    /// By which it can be used once more.
    pub reference: u8,
    /// Octets of the object, over all parts.
    pub length: u16,
    /// Whether it may be passed on.
    pub forwarding: Forwarding,
    /// What kind of object, as on the air.
    pub kind: u8,
    /// Characters in front of it, over all parts.
    pub position: u16,
    /// What this part has of it.
    pub data: &'a [u8],
}

impl ExtendedObject<'_> {
    /// What kind of object it is, in words.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            0x00 => "predefined sound",
            0x01 => "iMelody",
            0x02 => "black and white bitmap",
            0x03 => "2-bit greyscale bitmap",
            0x04 => "6-bit colour bitmap",
            0x05 => "predefined animation",
            0x06 => "black and white animation",
            0x07 => "2-bit greyscale animation",
            0x08 => "6-bit colour animation",
            0x09 => "vCard",
            0x0A => "vCalendar",
            0x0B => "standard WVG object",
            0x0C => "polyphonic melody",
            0xFF => "data format delivery request",
            _ => "reserved",
        }
    }
}
