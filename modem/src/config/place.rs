//! Where a modem is and which one it is meant to be, as people write it.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

use crate::redacted::Redacted;

/// Where a modem is: a device file, a serial port behind TCP (ser2net on a router), or to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `auto`: the USB modem of this machine, found anew each time (see [`Config::imei`](crate::Config::imei) and [`Config::usb_path`](crate::Config::usb_path)).
    Auto,
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

impl Address {
    /// What is to be said of an address that others could reach too; `None` where there is nothing to say.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let Self::Tcp { host, .. } = self else {
            return None;
        };
        let number = host.parse::<IpAddr>().ok();
        let loopback = number.map_or(host == "localhost", |number| number.is_loopback());
        (!loopback).then(|| {
            format!(
                "ser2net has no authentication: whoever reaches {self} reads your SMS and sends at your cost; let only this                  machine in (firewall), or tunnel it (ssh -L) and write tcp://127.0.0.1"
            )
        })
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(rest) = text.strip_prefix("tcp://") else {
            return match text {
                "" => Err(AddressError::Empty),
                "auto" => Ok(Self::Auto),
                path => Ok(Self::Path(PathBuf::from(path))),
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
            Self::Auto => formatter.write_str("auto"),
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
    #[error("the port is empty: write \"auto\", a device such as /dev/ttyUSB2, or tcp://host:port")]
    Empty,
    /// It begins like a TCP address and does not go on like one.
    #[error("{given} is no TCP address: write tcp://host:port, such as tcp://127.0.0.1:4000")]
    Tcp {
        /// What was written.
        given: String,
    },
}

/// The serial number of a modem (3GPP TS 23.003 §6.2): 15 digits, or 14 without the check digit. Shown in no log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imei(Redacted);

impl Imei {
    /// The digits.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// Whether a modem that calls itself so is the one: the check digit, or a version number in its place, is left out.
    #[must_use]
    pub fn is(&self, told: &str) -> bool {
        let first = |text: &str| text.get(..14).map(str::to_owned);
        first(self.0.reveal()).is_some_and(|wanted| first(told) == Some(wanted))
    }
}

impl FromStr for Imei {
    type Err = ImeiError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
        if plain && (14..=16).contains(&digits.len()) {
            Ok(Self(Redacted::new(digits)))
        } else {
            Err(ImeiError)
        }
    }
}

/// An IMEI that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the IMEI is 15 digits; it stands on the modem, and AT+CGSN tells it")]
pub struct ImeiError;

/// A place where a USB device is plugged in, as Linux names it: bus, then the ports on the way, such as `1-1.2`.
///
/// It stays the same when the device is plugged in again at the same place, whatever its ports are numbered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsbPath(String);

impl UsbPath {
    /// As in `/sys/bus/usb/devices`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UsbPath {
    type Err = UsbPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| {
            (1..=3).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit())
        };
        match text.split_once('-') {
            Some((bus, ports)) if number(bus) && ports.split('.').all(number) => {
                Ok(Self(text.to_owned()))
            }
            Some(_) | None => Err(UsbPathError {
                given: text.to_owned(),
            }),
        }
    }
}

impl fmt::Display for UsbPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A USB path that is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{given} is no USB path: write one such as 1-1.2; `sms-bridge modem list` shows them")]
pub struct UsbPathError {
    /// What was written.
    given: String,
}

#[cfg(test)]
mod tests {
    use super::{Address, Imei, UsbPath};

    #[test]
    fn addresses_are_read_and_written_alike() {
        for text in [
            "auto",
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
    fn an_address_that_others_could_reach_is_warned_of() {
        let check = |text: &str, warned: bool| {
            let address: Address = text.parse().expect("an address");
            let warning = address.warning();
            assert_eq!(warning.is_some(), warned, "{text}");
            assert!(warning.is_none_or(|words| words.contains(text)));
        };
        check("tcp://192.0.2.7:4000", true);
        check("tcp://router:4000", true);
        check("tcp://[2001:db8::1]:4000", true);
        check("tcp://127.0.0.1:4000", false);
        check("tcp://127.1.2.3:4000", false);
        check("tcp://[::1]:4000", false);
        check("tcp://localhost:4000", false);
        check("/dev/ttyUSB2", false);
        check("auto", false);
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
    fn an_imei_is_the_same_with_another_check_digit() {
        let imei: Imei = "49-015420-323751-8".parse().expect("15 digits");
        assert!(
            imei.is("490154203237518") && imei.is("4901542032375100") && imei.is("49015420323751")
        );
        assert!(!imei.is("490154203237528") && !imei.is("4901542032375") && !imei.is(""));
        assert!("4901".parse::<Imei>().is_err() && "49015420323751x".parse::<Imei>().is_err());
    }

    #[test]
    fn a_usb_path_is_a_bus_and_ports() {
        for text in ["1-1", "1-1.2", "2-1.4.3", "10-2"] {
            assert_eq!(
                text.parse::<UsbPath>().map(|path| path.to_string()),
                Ok(text.to_owned())
            );
        }
        for text in ["", "1", "1-", "-1", "usb1", "1-1.2:1.0", "1-1..2", "../x"] {
            assert!(text.parse::<UsbPath>().is_err(), "{text:?}");
        }
    }
}
