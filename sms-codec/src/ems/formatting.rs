//! How some characters of a text look.

use std::fmt;

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

    pub(super) fn new(start: u8, length: u8, mode: u8, colours: Option<u8>) -> Self {
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
