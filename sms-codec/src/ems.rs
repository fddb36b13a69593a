//! Enhanced messaging: how parts of a text look, and the sounds, pictures and animations between its characters (3GPP TS
//! 23.040 §9.2.3.24.10).
//!
//! They are named and measured, not drawn or played. The text behind the header is whole without them.

use std::fmt;

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

/// How some characters look (3GPP TS 23.040 §9.2.3.24.10.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TextFormatting {
    /// Characters of this part in front of them.
    pub start: u8,
    /// How many; 0 for all to the end of the text.
    pub length: u8,
    /// Which side they stand at.
    pub alignment: Alignment,
    /// How large they are.
    pub size: FontSize,
    /// The octet that alignment, size and styles are read from.
    mode: u8,
    /// Foreground and background; `None` leaves them to the phone.
    pub colours: Option<(Colour, Colour)>,
}

impl TextFormatting {
    const BOLD: u8 = 0x10;
    const ITALIC: u8 = 0x20;
    const UNDERLINED: u8 = 0x40;
    const STRUCK: u8 = 0x80;

    fn new(start: u8, length: u8, mode: u8, colours: Option<u8>) -> Self {
        Self {
            start,
            length,
            alignment: Alignment::from_bits(mode),
            size: FontSize::from_bits(mode >> 2),
            mode,
            colours: colours.map(|octet| (Colour(octet & 0x0F), Colour(octet >> 4))),
        }
    }

    /// Bold.
    pub fn is_bold(&self) -> bool {
        self.mode & Self::BOLD != 0
    }

    /// Italic.
    pub fn is_italic(&self) -> bool {
        self.mode & Self::ITALIC != 0
    }

    /// Underlined.
    pub fn is_underlined(&self) -> bool {
        self.mode & Self::UNDERLINED != 0
    }

    /// With a line through it.
    pub fn is_struck(&self) -> bool {
        self.mode & Self::STRUCK != 0
    }

    /// The styles by name.
    pub fn styles(&self) -> impl Iterator<Item = &'static str> + use<> {
        [
            (self.is_bold(), "bold"),
            (self.is_italic(), "italic"),
            (self.is_underlined(), "underlined"),
            (self.is_struck(), "struck"),
        ]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
    }
}

/// Which side a text stands at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alignment {
    /// Left.
    Left,
    /// In the middle.
    Centre,
    /// Right.
    Right,
    /// As its language is written.
    Language,
}

impl Alignment {
    fn from_bits(bits: u8) -> Self {
        match bits & 0x03 {
            0 => Self::Left,
            1 => Self::Centre,
            2 => Self::Right,
            _ => Self::Language,
        }
    }

    /// `left`, `centre`, `right` or `language`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Centre => "centre",
            Self::Right => "right",
            Self::Language => "language",
        }
    }
}

/// How large characters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FontSize {
    /// Normal.
    Normal,
    /// Large.
    Large,
    /// Small.
    Small,
    /// Reserved by the standard.
    Reserved,
}

impl FontSize {
    fn from_bits(bits: u8) -> Self {
        match bits & 0x03 {
            0 => Self::Normal,
            1 => Self::Large,
            2 => Self::Small,
            _ => Self::Reserved,
        }
    }

    /// `normal`, `large`, `small` or `reserved`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Large => "large",
            Self::Small => "small",
            Self::Reserved => "reserved",
        }
    }
}

/// One of sixteen colours, 0 to 15.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colour(u8);

impl Colour {
    /// The name that the standard gives it.
    pub fn name(self) -> &'static str {
        match self.0 {
            0 => "black",
            1 => "dark grey",
            2 => "dark red",
            3 => "dark yellow",
            4 => "dark green",
            5 => "dark cyan",
            6 => "dark blue",
            7 => "dark magenta",
            8 => "grey",
            9 => "white",
            10 => "bright red",
            11 => "bright yellow",
            12 => "bright green",
            13 => "bright cyan",
            14 => "bright blue",
            _ => "bright magenta",
        }
    }
}

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
    fn from_bit(bits: u8) -> Self {
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

/// What it does, for people: `characters 26 to 31 italic`, `tada behind 5 characters`.
impl fmt::Display for Ems<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TextFormatting(formatting) => formatting.fmt(f),
            Self::PredefinedSound { number, .. } => f.write_str(sound(*number)),
            Self::Sound { data, .. } => write!(f, "melody of {} octets", data.len()),
            Self::PredefinedAnimation { number, .. } => f.write_str(animation(*number)),
            Self::Animation { side, .. } => write!(f, "animation of {side} × {side} pixels"),
            Self::Picture { size, .. } => {
                let (width, height) = size.pixels();
                write!(f, "picture of {width} × {height} pixels")
            }
            Self::UserPrompt { objects } => write!(f, "{objects} objects that belong together"),
            Self::ExtendedObject(object) => {
                write!(f, "{} of {} octets", object.kind_name(), object.length)
            }
            Self::ReusedObject { reference, .. } => write!(f, "object {reference} again"),
            Self::Compression { length, .. } => write!(f, "{length} compressed octets"),
            Self::Distribution { forwarding, .. } => f.write_str(match forwarding {
                Forwarding::Allowed => "may be passed on",
                Forwarding::Forbidden => "must not be passed on",
            }),
            Self::VectorGraphic { data, .. } => write!(f, "graphic of {} octets", data.len()),
            Self::DataRequest { parameters } => write!(f, "objects asked for: {parameters:#04x}"),
        }?;
        match (self, self.position()) {
            (Self::TextFormatting(_), _) | (_, None) => Ok(()),
            (_, Some(position)) => write!(f, " behind {position} characters"),
        }
    }
}

/// `characters 26 to 31 italic, large, bright red on white`.
impl fmt::Display for TextFormatting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = u16::from(self.start) + 1;
        match self.length {
            0 => write!(f, "characters from {first} on")?,
            length => write!(f, "characters {first} to {}", first + u16::from(length) - 1)?,
        }
        let mut separator = " ";
        let mut say = |f: &mut fmt::Formatter<'_>, word: &str| {
            let result = write!(f, "{separator}{word}");
            separator = ", ";
            result
        };
        for style in self.styles() {
            say(f, style)?;
        }
        if self.size != FontSize::Normal {
            say(f, self.size.name())?;
        }
        match self.alignment {
            Alignment::Left | Alignment::Language => {}
            Alignment::Centre | Alignment::Right => say(f, self.alignment.name())?,
        }
        match self.colours {
            Some((foreground, background)) => say(
                f,
                &format!("{} on {}", foreground.name(), background.name()),
            ),
            None => Ok(()),
        }
    }
}

fn sound(number: u8) -> &'static str {
    match number {
        0 => "chimes high",
        1 => "chimes low",
        2 => "ding",
        3 => "tada",
        4 => "notify",
        5 => "drum",
        6 => "claps",
        7 => "fanfare",
        8 => "chord high",
        9 => "chord low",
        _ => "a reserved sound",
    }
}

fn animation(number: u8) -> &'static str {
    match number {
        0 => "ironic, flirty",
        1 => "glad",
        2 => "sceptic",
        3 => "sad",
        4 => "wow",
        5 => "crying",
        6 => "winking",
        7 => "laughing",
        8 => "indifferent",
        9 => "in love, kissing",
        10 => "confused",
        11 => "tongue hanging out",
        12 => "angry",
        13 => "wearing glasses",
        14 => "devil",
        _ => "a reserved animation",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(identifier: u8, hex: &str, shown: &str) {
        let octets = crate::hex::decode(hex).unwrap();
        let ems = Ems::parse(identifier, &octets).unwrap();
        assert_eq!(ems.identifier(), identifier);
        assert_eq!(ems.to_string(), shown);
    }

    /// From the tables of §9.2.3.24.10.1.
    #[test]
    fn every_element_says_what_it_does() {
        check(0x0A, "190620", "characters 26 to 31 italic");
        check(0x0A, "210410", "characters 34 to 37 bold");
        check(0x0A, "270504", "characters 40 to 44 large");
        check(0x0A, "2E0508", "characters 47 to 51 small");
        check(
            0x0A,
            "0000D19A",
            "characters from 1 on bold, underlined, struck, centre, bright red on white",
        );
        check(0x0B, "0503", "tada behind 5 characters");
        check(0x0B, "050A", "a reserved sound behind 5 characters");
        check(
            0x0C,
            "00424547494E",
            "melody of 5 octets behind 0 characters",
        );
        check(0x0D, "0204", "wow behind 2 characters");
        let pixels = |octets: usize| format!("07{}", "55".repeat(octets));
        check(
            0x0E,
            &pixels(128),
            "animation of 16 × 16 pixels behind 7 characters",
        );
        check(
            0x0F,
            &pixels(32),
            "animation of 8 × 8 pixels behind 7 characters",
        );
        check(
            0x10,
            &pixels(128),
            "picture of 32 × 32 pixels behind 7 characters",
        );
        check(
            0x11,
            &pixels(32),
            "picture of 16 × 16 pixels behind 7 characters",
        );
        check(
            0x12,
            "01020A00FF",
            "picture of 16 × 10 pixels behind 1 characters",
        );
        check(0x13, "02", "2 objects that belong together");
        check(
            0x14,
            "01012C0009000542",
            "vCard of 300 octets behind 5 characters",
        );
        check(0x15, "010007", "object 1 again behind 7 characters");
        check(0x16, "000100AA", "256 compressed octets");
        check(0x17, "0201", "must not be passed on");
        check(0x18, "03AABB", "graphic of 2 octets behind 3 characters");
        check(0x19, "03AA", "graphic of 1 octets behind 3 characters");
        check(0x1A, "01", "objects asked for: 0x01");
    }

    #[test]
    fn wrong_lengths_are_none_of_them() {
        for identifier in TEXT_FORMATTING..=DATA_REQUEST {
            assert!(Ems::has(identifier));
            assert_eq!(Ems::parse(identifier, &[]), None, "{identifier:02X}");
        }
        for (identifier, octets) in [
            (0x0A, 5),
            (0x0B, 3),
            (0x0E, 127),
            (0x11, 34),
            (0x13, 2),
            (0x14, 6),
            (0x15, 4),
        ] {
            assert_eq!(
                Ems::parse(identifier, &vec![0; octets]),
                None,
                "{identifier:02X}"
            );
        }
        assert!(!Ems::has(0x09) && !Ems::has(0x1B));
    }

    #[test]
    fn a_format_is_readable_as_values() {
        let Some(Ems::TextFormatting(found)) = Ems::parse(0x0A, &[3, 4, 0xA6, 0x6E]) else {
            panic!("no text formatting")
        };
        assert_eq!((found.start, found.length), (3, 4));
        assert_eq!(found.alignment, Alignment::Right);
        assert_eq!(found.size, FontSize::Large);
        assert_eq!(found.styles().collect::<Vec<_>>(), ["italic", "struck"]);
        let colours = found
            .colours
            .map(|(front, back)| (front.name(), back.name()));
        assert_eq!(colours, Some(("bright blue", "dark blue")));
    }
}
