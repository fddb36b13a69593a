//! Enhanced messaging: how parts of a text look, and the sounds, pictures and animations between its characters (3GPP TS
//! 23.040 §9.2.3.24.10).
//!
//! They are named and measured, not drawn or played. The text behind the header is whole without them.

mod formatting;
mod object;
mod words;

#[cfg(test)]
mod tests;

pub use formatting::{Alignment, Colour, FontSize, TextFormatting};
pub use object::{ExtendedObject, Forwarding, GraphicSize, PictureSize};
use words::{animation, sound};

const TEXT_FORMATTING: u8 = 0x0A;
const PREDEFINED_SOUND: u8 = 0x0B;
const SOUND: u8 = 0x0C;
const PREDEFINED_ANIMATION: u8 = 0x0D;
const LARGE_ANIMATION: u8 = 0x0E;
const SMALL_ANIMATION: u8 = 0x0F;
const LARGE_PICTURE: u8 = 0x10;
const SMALL_PICTURE: u8 = 0x11;
const VARIABLE_PICTURE: u8 = 0x12;
const USER_PROMPT: u8 = 0x13;
const EXTENDED_OBJECT: u8 = 0x14;
const REUSED_OBJECT: u8 = 0x15;
const COMPRESSION: u8 = 0x16;
const DISTRIBUTION: u8 = 0x17;
const STANDARD_WVG: u8 = 0x18;
const CHARACTER_WVG: u8 = 0x19;
const DATA_REQUEST: u8 = 0x1A;

/// An element of enhanced messaging. A position counts the characters of the text in front of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ems<'a> {
    /// 0A: how some characters look (§9.2.3.24.10.1.1).
    TextFormatting(TextFormatting),
    /// 0B: a sound that every phone has (§9.2.3.24.10.1.2).
    PredefinedSound {
        /// Characters in front of it.
        position: u8,
        /// Which of them; [`object_name`](Self::object_name) says what it is called.
        number: u8,
    },
    /// 0C: a melody in the iMelody format (§9.2.3.24.10.1.3).
    Sound {
        /// Characters in front of it.
        position: u8,
        /// iMelody text.
        data: &'a [u8],
    },
    /// 0D: an animation that every phone has (§9.2.3.24.10.1.4).
    PredefinedAnimation {
        /// Characters in front of it.
        position: u8,
        /// Which of them.
        number: u8,
    },
    /// 0E and 0F: four pictures that are shown in turn, of 16 or 8 pixels squared (§9.2.3.24.10.1.5).
    Animation {
        /// Characters in front of it.
        position: u8,
        /// Pixels of a side: 16 or 8.
        side: u8,
        /// A bit for each pixel.
        data: &'a [u8],
    },
    /// 10, 11 and 12: a picture in black and white (§9.2.3.24.10.1.6 to §9.2.3.24.10.1.8).
    Picture {
        /// Characters in front of it.
        position: u8,
        /// Which of the three elements.
        size: PictureSize,
        /// A bit for each pixel.
        data: &'a [u8],
    },
    /// 13: the next so many objects belong together, and the user is to be asked about them (§9.2.3.24.10.1.10).
    UserPrompt {
        /// How many.
        objects: u8,
    },
    /// 14: an object, or the beginning of one that goes on in the next parts (§9.2.3.24.10.1.11).
    ExtendedObject(ExtendedObject<'a>),
    /// 15: an object of this message once more (§9.2.3.24.10.1.12).
    ReusedObject {
        /// The reference of the object.
        reference: u8,
        /// Characters in front of it, over all parts.
        position: u16,
    },
    /// 16: compressed objects (§9.2.3.24.10.1.13).
    Compression {
        /// Which compression, and its options.
        control: u8,
        /// Octets of the compressed data, over all parts.
        length: u16,
        /// What this part has of them.
        data: &'a [u8],
    },
    /// 17: whether the next so many elements may be passed on (§9.2.3.24.10.1.14).
    Distribution {
        /// How many; 0 for all in this part.
        elements: u8,
        /// Whether they may.
        forwarding: Forwarding,
    },
    /// 18 and 19: a vector graphic (§9.2.3.24.10.1.15 and §9.2.3.24.10.1.16).
    VectorGraphic {
        /// Characters in front of it.
        position: u8,
        /// Which of the two elements.
        size: GraphicSize,
        /// In the WVG format.
        data: &'a [u8],
    },
    /// 1A: objects of what kind may be sent to the sender (§9.2.3.24.10.1.17).
    DataRequest {
        /// The parameters of the request.
        parameters: u8,
    },
}

impl<'a> Ems<'a> {
    /// Whether an identifier is one of these.
    pub(crate) fn has(identifier: u8) -> bool {
        (TEXT_FORMATTING..=DATA_REQUEST).contains(&identifier)
    }

    /// `None` where the length does not fit the identifier.
    pub(crate) fn parse(identifier: u8, octets: &'a [u8]) -> Option<Self> {
        let formatting = TextFormatting::new;
        match (identifier, octets) {
            (TEXT_FORMATTING, [start, length, mode]) => Some(Self::TextFormatting(formatting(
                *start, *length, *mode, None,
            ))),
            (TEXT_FORMATTING, [start, length, mode, colours]) => Some(Self::TextFormatting(
                formatting(*start, *length, *mode, Some(*colours)),
            )),
            (PREDEFINED_SOUND, [position, number]) => Some(Self::PredefinedSound {
                position: *position,
                number: *number,
            }),
            (SOUND, [position, data @ ..]) => Some(Self::Sound {
                position: *position,
                data,
            }),
            (PREDEFINED_ANIMATION, [position, number]) => Some(Self::PredefinedAnimation {
                position: *position,
                number: *number,
            }),
            (LARGE_ANIMATION, [position, data @ ..]) if data.len() == 128 => {
                Some(Self::Animation {
                    position: *position,
                    side: 16,
                    data,
                })
            }
            (SMALL_ANIMATION, [position, data @ ..]) if data.len() == 32 => Some(Self::Animation {
                position: *position,
                side: 8,
                data,
            }),
            (LARGE_PICTURE, [position, data @ ..]) if data.len() == 128 => Some(Self::Picture {
                position: *position,
                size: PictureSize::Large,
                data,
            }),
            (SMALL_PICTURE, [position, data @ ..]) if data.len() == 32 => Some(Self::Picture {
                position: *position,
                size: PictureSize::Small,
                data,
            }),
            (VARIABLE_PICTURE, [position, eights, height, data @ ..]) => Some(Self::Picture {
                position: *position,
                size: PictureSize::Variable {
                    width: u16::from(*eights) * 8,
                    height: *height,
                },
                data,
            }),
            (USER_PROMPT, [objects]) => Some(Self::UserPrompt { objects: *objects }),
            (
                EXTENDED_OBJECT,
                [
                    reference,
                    length_high,
                    length_low,
                    control,
                    kind,
                    position_high,
                    position_low,
                    data @ ..,
                ],
            ) => Some(Self::ExtendedObject(ExtendedObject {
                reference: *reference,
                length: u16::from_be_bytes([*length_high, *length_low]),
                forwarding: Forwarding::from_bit(*control),
                kind: *kind,
                position: u16::from_be_bytes([*position_high, *position_low]),
                data,
            })),
            (REUSED_OBJECT, [reference, high, low]) => Some(Self::ReusedObject {
                reference: *reference,
                position: u16::from_be_bytes([*high, *low]),
            }),
            (COMPRESSION, [control, high, low, data @ ..]) => Some(Self::Compression {
                control: *control,
                length: u16::from_be_bytes([*high, *low]),
                data,
            }),
            (DISTRIBUTION, [elements, attributes]) => Some(Self::Distribution {
                elements: *elements,
                forwarding: Forwarding::from_bit(*attributes),
            }),
            (STANDARD_WVG, [position, data @ ..]) => Some(Self::VectorGraphic {
                position: *position,
                size: GraphicSize::Standard,
                data,
            }),
            (CHARACTER_WVG, [position, data @ ..]) => Some(Self::VectorGraphic {
                position: *position,
                size: GraphicSize::Character,
                data,
            }),
            (DATA_REQUEST, [parameters]) => Some(Self::DataRequest {
                parameters: *parameters,
            }),
            _ => None,
        }
    }

    /// Information element identifier.
    pub fn identifier(&self) -> u8 {
        match self {
            Self::TextFormatting(_) => TEXT_FORMATTING,
            Self::PredefinedSound { .. } => PREDEFINED_SOUND,
            Self::Sound { .. } => SOUND,
            Self::PredefinedAnimation { .. } => PREDEFINED_ANIMATION,
            Self::Animation { side: 16, .. } => LARGE_ANIMATION,
            Self::Animation { .. } => SMALL_ANIMATION,
            Self::Picture { size, .. } => match size {
                PictureSize::Large => LARGE_PICTURE,
                PictureSize::Small => SMALL_PICTURE,
                PictureSize::Variable { .. } => VARIABLE_PICTURE,
            },
            Self::UserPrompt { .. } => USER_PROMPT,
            Self::ExtendedObject(_) => EXTENDED_OBJECT,
            Self::ReusedObject { .. } => REUSED_OBJECT,
            Self::Compression { .. } => COMPRESSION,
            Self::Distribution { .. } => DISTRIBUTION,
            Self::VectorGraphic { size, .. } => match size {
                GraphicSize::Standard => STANDARD_WVG,
                GraphicSize::Character => CHARACTER_WVG,
            },
            Self::DataRequest { .. } => DATA_REQUEST,
        }
    }

    /// Characters of the text in front of what it is about; `None` where it stands nowhere in the text.
    pub fn position(&self) -> Option<u16> {
        match self {
            Self::TextFormatting(formatting) => Some(u16::from(formatting.start)),
            Self::PredefinedSound { position, .. }
            | Self::Sound { position, .. }
            | Self::PredefinedAnimation { position, .. }
            | Self::Animation { position, .. }
            | Self::Picture { position, .. }
            | Self::VectorGraphic { position, .. } => Some(u16::from(*position)),
            Self::ExtendedObject(ExtendedObject { position, .. })
            | Self::ReusedObject { position, .. } => Some(*position),
            Self::UserPrompt { .. }
            | Self::Compression { .. }
            | Self::Distribution { .. }
            | Self::DataRequest { .. } => None,
        }
    }

    /// The name of a predefined sound or animation, or the kind of an extended object; `None` for all else.
    pub fn object_name(&self) -> Option<&'static str> {
        match self {
            Self::PredefinedSound { number, .. } => Some(sound(*number)),
            Self::PredefinedAnimation { number, .. } => Some(animation(*number)),
            Self::ExtendedObject(object) => Some(object.kind_name()),
            Self::TextFormatting(_)
            | Self::Sound { .. }
            | Self::Animation { .. }
            | Self::Picture { .. }
            | Self::UserPrompt { .. }
            | Self::ReusedObject { .. }
            | Self::Compression { .. }
            | Self::Distribution { .. }
            | Self::VectorGraphic { .. }
            | Self::DataRequest { .. } => None,
        }
    }
}
