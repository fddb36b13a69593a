//! What to do with a device, and what it is afterwards.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// The longest message that is taken; each known one has 31 octets, some a few more.
const MESSAGE: usize = 512;

/// Vendor and product, written `1e0e:f000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsbId {
    /// `idVendor`.
    pub vendor: u16,
    /// `idProduct`.
    pub product: u16,
}

/// Not four hexadecimal digits, a colon and four more.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no USB id such as 1e0e:f000")]
pub struct UsbIdError(String);

impl FromStr for UsbId {
    type Err = UsbIdError;

    fn from_str(text: &str) -> Result<Self, UsbIdError> {
        text.split_once(':')
            .and_then(|(vendor, product)| {
                Some(Self {
                    vendor: four_digits(vendor)?,
                    product: four_digits(product)?,
                })
            })
            .ok_or_else(|| UsbIdError(text.chars().take(64).collect()))
    }
}

impl fmt::Display for UsbId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04x}:{:04x}", self.vendor, self.product)
    }
}

/// Exactly four hexadecimal digits.
pub(super) fn four_digits(text: &str) -> Option<u16> {
    let hexadecimal = text.len() == 4 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    hexadecimal
        .then(|| u16::from_str_radix(text, 16).ok())
        .flatten()
}

/// Octets for the device's bulk endpoint, mostly one command of mass storage (`USBC…`, 31 octets).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message(Vec<u8>);

/// Why a text is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MessageError {
    /// There is nothing.
    #[error("the message is empty")]
    Empty,
    /// Not pairs of hexadecimal digits.
    #[error("the message is not made of pairs of hexadecimal digits")]
    NotHexadecimal,
    /// Longer than any known.
    #[error("the message is longer than {MESSAGE} octets")]
    TooLong,
}

impl Message {
    /// These octets, as a message of our own.
    pub(super) fn of(octets: &[u8]) -> Self {
        Self(octets.to_vec())
    }

    /// What goes to the device.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is a command of bulk-only mass storage, which is answered by 13 octets of status.
    #[must_use]
    pub fn is_storage_command(&self) -> bool {
        self.0.len() == 31 && self.0.starts_with(b"USBC")
    }

    /// How many octets the device sends before the status; 0 where the command sends none.
    #[must_use]
    pub fn expected_data(&self) -> u32 {
        let length = self.0.get(8..12).and_then(|octets| octets.try_into().ok());
        let inward = self.0.get(12).is_some_and(|flags| flags & 0x80 != 0);
        match length {
            Some(length) if self.is_storage_command() && inward => u32::from_le_bytes(length),
            Some(_) | None => 0,
        }
    }
}

impl FromStr for Message {
    type Err = MessageError;

    fn from_str(text: &str) -> Result<Self, MessageError> {
        if text.is_empty() {
            return Err(MessageError::Empty);
        }
        if text.len() > 2 * MESSAGE {
            return Err(MessageError::TooLong);
        }
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let octet = |pair: &[u8; 2]| {
            let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
            u8::try_from(high? << 4 | low?).ok()
        };
        let octets: Option<Vec<u8>> = pairs.iter().map(octet).collect();
        octets
            .filter(|_| rest.is_empty())
            .map(Self)
            .ok_or(MessageError::NotHexadecimal)
    }
}

/// As one writes it into a configuration.
impl fmt::Display for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|octet| write!(formatter, "{octet:02x}"))
    }
}

/// How a device is switched; the names are usb_modeswitch's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Only the plan's messages.
    Messages,
    /// Only the driver is taken from it, or a configuration or setting chosen.
    Plain,
    /// The disc is let out, as by `eject`.
    StandardEject,
    /// `SET_FEATURE`, by older Huawei sticks.
    Huawei,
    /// One message, by newer Huawei sticks.
    HuaweiNew,
    /// Another message to the same, for a mode with plain serial ports or NCM.
    HuaweiAlternative,
    /// Sierra Wireless.
    Sierra,
    /// Sequans' chips.
    Sequans,
    /// Option.
    Option,
    /// Quanta.
    Quanta,
    /// Kobil.
    Kobil,
    /// Sony Ericsson: told twice, it leaves in between.
    Sony,
    /// GCT's chips.
    Gct,
    /// Qisda.
    Qisda,
    /// MobileAction.
    MobileAction,
    /// Cisco: eleven messages.
    Cisco,
    /// BlackBerry.
    Blackberry,
    /// Pantech, with the number that chooses the mode.
    Pantech(u16),
    /// usb_modeswitch only looks for an MBIM configuration; such a device has no ports for us.
    Mbim,
}

impl Method {
    /// In a few words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Messages => "message",
            Self::Plain => "configuration",
            Self::StandardEject => "standard eject",
            Self::Huawei => "Huawei, old",
            Self::HuaweiNew => "Huawei, new",
            Self::HuaweiAlternative => "Huawei, alternative",
            Self::Sierra => "Sierra",
            Self::Sequans => "Sequans",
            Self::Option => "Option",
            Self::Quanta => "Quanta",
            Self::Kobil => "Kobil",
            Self::Sony => "Sony",
            Self::Gct => "GCT",
            Self::Qisda => "Qisda",
            Self::MobileAction => "MobileAction",
            Self::Cisco => "Cisco",
            Self::Blackberry => "BlackBerry",
            Self::Pantech(_) => "Pantech",
            Self::Mbim => "MBIM only",
        }
    }
}

/// What the device is after it was switched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// `None`: the vendor stays.
    pub vendor: Option<u16>,
    /// Any of these. Empty: not known.
    pub products: Vec<u16>,
    /// The class of its first interface, where the ids stay the same.
    pub class: Option<u8>,
}

impl Target {
    /// Whether a device that was `before` is switched when it shows this id, and its first interface this class.
    #[must_use]
    pub fn is(&self, before: UsbId, now: UsbId, class: u8) -> bool {
        let vendor = self.vendor.unwrap_or(before.vendor) == now.vendor;
        let product = if self.products.is_empty() {
            self.class.is_some() || now.product != before.product
        } else {
            self.products.contains(&now.product)
        };
        // A disc under a new number is a disc.
        vendor && product && self.class.map_or(class != 0x08, |wanted| wanted == class)
    }
}

/// Such as `1e0e:9000 or 9100`.
impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.vendor, self.products.as_slice()) {
            (Some(vendor), [first, others @ ..]) => {
                write!(formatter, "{vendor:04x}:{first:04x}")?;
                for product in others.iter().take(5) {
                    write!(formatter, " or {product:04x}")?;
                }
                if others.len() > 5 {
                    write!(formatter, " or one of {} more", others.len() - 5)?;
                }
                Ok(())
            }
            (None, [first, ..]) => write!(formatter, "product {first:04x}"),
            (Some(vendor), []) => write!(formatter, "a device of vendor {vendor:04x}"),
            (None, []) => match self.class {
                Some(class) => write!(formatter, "a device of class {class:02x}"),
                None => formatter.write_str("not known"),
            },
        }
    }
}

/// All that has to be done with one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchPlan {
    /// How.
    pub method: Method,
    /// Sent by [`Method::Messages`], and after the method's own by others.
    pub messages: Vec<Message>,
    /// What comes of it.
    pub target: Target,
    /// The configuration that is chosen afterwards.
    pub configuration: Option<u8>,
    /// The alternate setting that is chosen afterwards.
    pub alternate_setting: Option<u8>,
    /// The interface that is spoken to. `None`: the first.
    pub interface: Option<u8>,
    /// The endpoint out; its direction is no part of it. `None`: the interface's.
    pub message_endpoint: Option<u8>,
    /// The endpoint in; its direction is no part of it. `None`: the interface's.
    pub response_endpoint: Option<u8>,
    /// How long the device is left alone before.
    pub wait_before: Duration,
    /// How long its interface is kept after the last message.
    pub release_delay: Duration,
    /// Whether the device is reset at the end.
    pub reset: bool,
}

impl SwitchPlan {
    /// By this method, with nothing else to say.
    #[must_use]
    pub fn new(method: Method, target: Target) -> Self {
        Self {
            method,
            messages: Vec::new(),
            target,
            configuration: None,
            alternate_setting: None,
            interface: None,
            message_endpoint: None,
            response_endpoint: None,
            wait_before: Duration::ZERO,
            release_delay: Duration::ZERO,
            reset: false,
        }
    }

    /// Whether a modem with serial ports may come of it.
    #[must_use]
    pub fn is_worth_doing(&self) -> bool {
        self.method != Method::Mbim
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_pairs_of_digits() {
        let check = |text: &str, expected: Result<usize, MessageError>| {
            let parsed = text.parse::<Message>();
            assert_eq!(
                parsed.map(|message| message.octets().len()),
                expected,
                "{text}"
            );
        };
        check("55534243", Ok(4));
        check("aAfF", Ok(2));
        check("", Err(MessageError::Empty));
        check("555", Err(MessageError::NotHexadecimal));
        check("zz", Err(MessageError::NotHexadecimal));
        check("+1", Err(MessageError::NotHexadecimal));
        check("ü", Err(MessageError::NotHexadecimal));
        check(&"00".repeat(513), Err(MessageError::TooLong));
        let text = "555342431234567824000000800008ff524445564348473100000000000000";
        let message: Message = text.parse().unwrap();
        assert_eq!(message.to_string(), text);
        assert!(message.is_storage_command());
        assert_eq!(message.expected_data(), 0x24);
        let other: Message = "555342431234567800000000000006bd000000020000000000000000000000"
            .parse()
            .unwrap();
        assert_eq!(other.expected_data(), 0);
    }

    #[test]
    fn a_target_is_told_from_what_was_before() {
        let disc: UsbId = "1e0e:f000".parse().unwrap();
        let modem: UsbId = "1e0e:9100".parse().unwrap();
        let listed = Target {
            vendor: Some(0x1e0e),
            products: vec![0x9000, 0x9100],
            class: None,
        };
        assert!(listed.is(disc, modem, 0xff));
        assert!(!listed.is(disc, modem, 0x08), "still a disc");
        assert!(!listed.is(disc, disc, 0xff));
        let by_class = Target {
            class: Some(0xff),
            ..Target::default()
        };
        assert!(by_class.is(disc, disc, 0xff), "its ids stay");
        assert!(!by_class.is(disc, disc, 0x08));
        let unknown = Target::default();
        assert!(unknown.is(disc, modem, 0xff) && !unknown.is(disc, disc, 0xff));
        assert_eq!(listed.to_string(), "1e0e:9000 or 9100");
    }

    #[test]
    fn ids_are_four_and_four_digits() {
        for wrong in [
            "",
            "1e0e",
            "1e0e:f00",
            "1e0e:+000",
            "1e0e:f000:",
            "0x1e0e:f000",
        ] {
            assert!(wrong.parse::<UsbId>().is_err(), "{wrong}");
        }
        assert_eq!(
            "1E0E:F000".parse::<UsbId>().unwrap().to_string(),
            "1e0e:f000"
        );
    }
}
