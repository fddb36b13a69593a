//! The elements in words.

use std::fmt;

use super::{Ems, Forwarding};

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

pub(super) fn sound(number: u8) -> &'static str {
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

pub(super) fn animation(number: u8) -> &'static str {
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
