//! What a line has to be told: where its modem is and what it may do with the SIM.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin as Pinned;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::redacted::Redacted;
use crate::storage::Memory;

/// How one line is run. [`Config::new`] gives what a common USB stick needs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the modem is.
    pub address: Address,
    /// Bits per second; ignored by USB sticks, pseudo-terminals and TCP.
    pub baud: u32,
    /// The service centre to send through. `None`: the SIM's own.
    pub service_centre: Option<ServiceCentre>,
    /// The SIM's PIN and the leave to enter it. `None`: a SIM that wants one is reported and left alone.
    pub pin: Option<PinEntry>,
    /// Whether the modem is set up to pass status reports on.
    pub delivery_reports: DeliveryReports,
    /// How often registration, signal and the memories are looked at where the modem announces messages by itself.
    pub poll_interval: Duration,
    /// The memory that new messages go to. `None`: the SIM where the modem offers it, so that they survive the modem.
    pub storage: Option<Memory>,
    /// For phones that drop bytes of a long PDU. `None`: as fast as the port takes it.
    pub pacing: Option<Pacing>,
}

impl Config {
    /// The settings for a common stick at this address.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self {
            address,
            baud: 115_200,
            service_centre: None,
            pin: None,
            delivery_reports: DeliveryReports::Wanted,
            poll_interval: Duration::from_secs(60),
            storage: None,
            pacing: None,
        }
    }
}

/// Where a modem is: a device file, or a serial port behind TCP (ser2net on a router).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A serial port or pseudo-terminal. A symbolic link is followed anew at each opening.
    Path(PathBuf),
    /// `tcp://host:port`. Nobody is authenticated there: keep it on loopback or a network of your own.
    Tcp {
        /// Name or number.
        host: String,
        /// Port.
        port: u16,
    },
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(rest) = text.strip_prefix("tcp://") else {
            return if text.is_empty() {
                Err(AddressError::Empty)
            } else {
                Ok(Self::Path(PathBuf::from(text)))
            };
        };
        let malformed = || AddressError::Tcp {
            given: text.to_owned(),
        };
        let (host, port) = rest
            .trim_end_matches('/')
            .rsplit_once(':')
            .ok_or_else(malformed)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        match port.parse() {
            Ok(port) if port != 0 && !host.is_empty() => Ok(Self::Tcp {
                host: host.to_owned(),
                port,
            }),
            Ok(_) | Err(_) => Err(malformed()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(formatter),
            Self::Tcp { host, port } if host.contains(':') => {
                write!(formatter, "tcp://[{host}]:{port}")
            }
            Self::Tcp { host, port } => write!(formatter, "tcp://{host}:{port}"),
        }
    }
}

/// What is wrong with a written address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Nothing was written.
    #[error("the port is empty: write a device such as /dev/ttyUSB2, or tcp://host:port")]
    Empty,
    /// It begins like a TCP address and does not go on like one.
    #[error("{given} is no TCP address: write tcp://host:port, such as tcp://127.0.0.1:4000")]
    Tcp {
        /// What was written.
        given: String,
    },
}

/// The number of a service centre, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceCentre {
    digits: String,
    international: bool,
}

impl ServiceCentre {
    /// The address as it stands before a TPDU: length in octets, type of address, digits in swapped pairs
    /// (3GPP TS 24.011 §8.2.5.2).
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        let digits: Vec<u8> = self
            .digits
            .bytes()
            .map(|digit| digit.wrapping_sub(b'0'))
            .collect();
        let pairs = digits.chunks(2).map(|pair| match pair {
            [low, high] => low | (high << 4),
            [low] => low | 0xF0,
            _ => 0xFF,
        });
        let mut octets = vec![0, if self.international { 0x91 } else { 0x81 }];
        octets.extend(pairs);
        let length = u8::try_from(octets.len() - 1).unwrap_or(u8::MAX);
        if let Some(first) = octets.first_mut() {
            *first = length;
        }
        octets
    }
}

impl FromStr for ServiceCentre {
    type Err = ServiceCentreError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (international, digits) = match text.strip_prefix('+') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let digits: String = digits
            .chars()
            .filter(|digit| !matches!(digit, ' ' | '-' | '(' | ')'))
            .collect();
        let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
        if plain && (3..=20).contains(&digits.len()) {
            Ok(Self {
                digits,
                international,
            })
        } else {
            Err(ServiceCentreError)
        }
    }
}

impl fmt::Debug for ServiceCentre {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ServiceCentre([{} digits])", self.digits.len())
    }
}

/// A service centre that is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "the service centre is no phone number: write 3 to 20 digits, with + and the country code in front"
)]
pub struct ServiceCentreError;

/// Whether status reports are wanted of the modem. Whether one is asked for stands in each TPDU.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeliveryReports {
    /// Stored in `SR` where the modem has it, else passed on as they come.
    #[default]
    Wanted,
    /// The modem keeps them to itself.
    Unwanted,
}

/// Bytes are written in pieces with a pause after each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pacing {
    /// Bytes in a piece; at least one is written.
    pub piece: usize,
    /// Pause after a piece.
    pub pause: Duration,
}

impl Pacing {
    /// What such phones were seen to take: 18 bytes, 10 ms.
    pub const GENTLE: Self = Self {
        piece: 18,
        pause: Duration::from_millis(10),
    };
}

/// A PIN: 4 to 8 digits. Shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(Redacted);

impl Pin {
    /// The digits, for the one command that takes them.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

impl FromStr for Pin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let plain = text.bytes().all(|digit| digit.is_ascii_digit());
        if plain && (4..=8).contains(&text.len()) {
            Ok(Self(Redacted::new(text)))
        } else {
            Err(PinError)
        }
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pin(..)")
    }
}

/// A PIN that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the PIN must be 4 to 8 digits")]
pub struct PinError;

/// A PIN and the leave to enter it.
#[derive(Clone)]
pub struct PinEntry {
    /// The PIN.
    pub pin: Pin,
    /// Asked before each attempt.
    pub gate: PinGate,
}

impl fmt::Debug for PinEntry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PinEntry(..)")
    }
}

/// Commits an attempt durably before it is made and says whether it may be made: a program that is started again and
/// again must not use up the tries. A gate that takes over 60 s has refused.
pub type PinGate =
    Arc<dyn Fn(PinAttempt) -> Pinned<Box<dyn Future<Output = PinDecision> + Send>> + Send + Sync>;

/// One attempt that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinAttempt {
    /// The card; `None` if the modem does not tell before the PIN.
    pub iccid: Option<Redacted>,
    /// Tries left by the modem's own word; `None` if it does not tell. Fewer than 3 are never risked.
    pub tries_left: Option<u8>,
}

/// The gate's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinDecision {
    /// The attempt is committed: enter the PIN.
    Enter,
    /// Leave the SIM alone: this PIN failed on this card before, or the attempt could not be committed.
    Refuse,
}

#[cfg(test)]
mod tests {
    use super::{Address, Pin, ServiceCentre};

    #[test]
    fn addresses_are_read_and_written_alike() {
        for text in [
            "/dev/ttyUSB2",
            "/dev/serial/by-id/x-if02",
            "tcp://127.0.0.1:4000",
            "tcp://[::1]:4000",
        ] {
            assert_eq!(
                text.parse::<Address>().map(|address| address.to_string()),
                Ok(text.to_owned())
            );
        }
    }

    #[test]
    fn a_wrong_address_says_what_to_write() {
        for text in [
            "",
            "tcp://",
            "tcp://host",
            "tcp://host:",
            "tcp://host:0",
            "tcp://:4000",
            "tcp://host:99999",
        ] {
            let error = text.parse::<Address>().map_err(|error| error.to_string());
            assert!(
                error.is_err_and(|words| words.contains("tcp://host:port")),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_service_centre_is_encoded_before_the_tpdu() {
        let check = |text: &str, expected: Option<&[u8]>| {
            let octets = text
                .parse::<ServiceCentre>()
                .ok()
                .map(|centre| centre.octets());
            assert_eq!(octets.as_deref(), expected, "{text}");
        };
        check(
            "+12025550199",
            Some(&[7, 0x91, 0x21, 0x20, 0x55, 0x05, 0x91, 0xF9]),
        );
        check(
            "+44 7700 900123",
            Some(&[7, 0x91, 0x44, 0x77, 0x00, 0x09, 0x10, 0x32]),
        );
        check("1234", Some(&[3, 0x81, 0x21, 0x43]));
        check("", None);
        check("12", None);
        check("+1202555abc", None);
    }

    #[test]
    fn a_pin_is_checked_and_never_shown() {
        assert_eq!(
            "1234\n".parse::<Pin>().map(|pin| format!("{pin:?}")),
            Ok("Pin(..)".to_owned())
        );
        for text in ["", "123", "123456789", "12a4", "1234\r5"] {
            assert!(text.parse::<Pin>().is_err(), "{text:?}");
        }
    }
}
