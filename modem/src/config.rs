//! What a line has to be told: where its modem is and what it may do with the SIM.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::Pin as Pinned;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::discovery::{Sysfs, lock};
use crate::engine::Unfinished;
use crate::redacted::Redacted;
use crate::storage::Memory;
use crate::transcript::Tap;

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
    /// Which of several modems, where the address is [`Address::Auto`]. Whatever the address, a modem with another IMEI is
    /// not used.
    pub imei: Option<Imei>,
    /// Which of several modems, where the address is [`Address::Auto`].
    pub usb_path: Option<UsbPath>,
    /// How modem and port keep each other from sending too fast.
    pub flow_control: FlowControl,
    /// How new messages are noticed.
    pub listening: Listening,
    /// Written in this order once the modem is set up, before anything else; one that fails is reported and left out.
    pub init: Vec<InitCommand>,
    /// What is done with incoming calls.
    pub calls: Calls,
    /// How long the SIM may be without a network before the radio is switched off and on. Zero: for ever.
    pub network_timeout: Duration,
    /// A send of an earlier life of the program, not older than 150 s, whose result may still come. `None`: there is none.
    pub unfinished: Option<Unfinished>,
    /// Where the kernel shows its devices.
    pub sysfs: Sysfs,
    /// Where lock files of serial ports are kept, `/run/lock` as other programs have it.
    pub lock_folder: PathBuf,
    /// Sees every byte that is written or read. `None`: nobody does.
    pub tap: Option<Tap>,
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
            imei: None,
            usb_path: None,
            flow_control: FlowControl::None,
            listening: Listening::Announcements,
            init: Vec::new(),
            calls: Calls::LetRing,
            network_timeout: Duration::from_secs(900),
            unfinished: None,
            sysfs: Sysfs::default(),
            lock_folder: PathBuf::from(lock::FOLDER),
            tap: None,
        }
    }
}

/// Where a modem is: a device file, a serial port behind TCP (ser2net on a router), or to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `auto`: the USB modem of this machine, found anew each time (see [`Config::imei`] and [`Config::usb_path`]).
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

/// How modem and port keep each other from sending too fast. USB sticks need none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FlowControl {
    /// Not at all.
    #[default]
    None,
    /// By the lines RTS and CTS.
    Hardware,
    /// By the characters XON and XOFF.
    Software,
}

/// How new messages are noticed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Listening {
    /// The modem announces them as far as it can; a slow poll catches what it missed.
    #[default]
    Announcements,
    /// The memory is read every few seconds, for a modem whose announcements cannot be relied on.
    Polling,
}

/// What is done with incoming calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Calls {
    /// Reported as missed when the caller gives up.
    #[default]
    LetRing,
    /// Hung up at the first ring, and reported.
    HangUp,
}

/// A command of the user's own for the end of bring-up, such as `AT+CGDCONT=1`.
///
/// One line that begins with `AT` and neither sends a message, nor dials, nor enters a PIN, nor resets the modem.
#[derive(Clone, PartialEq, Eq)]
pub struct InitCommand(String);

/// Shows no argument: it may be a name or a password of the network.
impl fmt::Debug for InitCommand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.split('=').next().unwrap_or_default();
        write!(formatter, "InitCommand({name})")
    }
}

impl InitCommand {
    /// Without the carriage return.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for InitCommand {
    type Err = InitCommandError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        /// What would disturb the line, or do what only the bridge may do.
        const NEVER: [&str; 12] = [
            "+CMGS",
            "+CMSS",
            "+CMGW",
            "+CMGD",
            "+CMGC",
            "+CMGF",
            "+CPIN",
            "+CLCK",
            "+CPWD",
            "+CFUN=1,1",
            "+CNMI",
            "+CUSD",
        ];
        let upper = text.trim().to_ascii_uppercase();
        let printable = upper.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let dials = upper.starts_with("ATD") || upper.starts_with("ATA") || upper.contains(";D");
        if !upper.starts_with("AT") || !printable || upper.len() > 200 {
            Err(InitCommandError::NoCommand)
        } else if dials || NEVER.iter().any(|never| upper.contains(never)) {
            Err(InitCommandError::NotAllowed)
        } else {
            Ok(Self(text.trim().to_owned()))
        }
    }
}

/// What is wrong with an own command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InitCommandError {
    /// It is no command.
    #[error("expected one AT command in one line, such as \"AT+CGDCONT=1\"")]
    NoCommand,
    /// It would disturb the bridge.
    #[error(
        "commands that send, delete, dial, enter a PIN or reset the modem are the bridge's own: leave it out"
    )]
    NotAllowed,
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
    use super::{Address, Imei, InitCommand, Pin, ServiceCentre, UsbPath};

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

    #[test]
    fn an_own_command_does_nothing_that_is_the_bridges() {
        for text in [
            "AT+CGDCONT=1",
            "at^curc=0",
            "ATS0=0",
            "AT+QCFG=\"nwscanmode\",1",
        ] {
            assert!(text.parse::<InitCommand>().is_ok(), "{text}");
        }
        for text in [
            "",
            "+CSQ",
            "AT+CMGS=12",
            "at+cmgd=1,4",
            "ATD+12025550100;",
            "AT+CPIN=1234",
            "AT+CSQ\rAT",
            "AT+CFUN=1,1",
            "ATE0;D123;",
            "ATA",
        ] {
            assert!(text.parse::<InitCommand>().is_err(), "{text:?}");
        }
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
