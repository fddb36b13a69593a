//! What a line has to be told: where its modem is and what it may do with the SIM.
//!
//! | file | what people write |
//! |---|---|
//! | `place.rs` | where the modem is, and which one |
//! | `service_centre.rs`, `pin.rs`, `init_command.rs` | what their names say |

mod init_command;
mod pin;
mod place;
mod service_centre;

use std::path::PathBuf;
use std::time::Duration;

use crate::discovery::{Sysfs, lock};
use crate::engine::Unfinished;
use crate::storage::Memory;
use crate::transcript::Tap;
use crate::usb::sources::Sources;

pub use init_command::{InitCommand, InitCommandError};
pub use pin::{Pin, PinAttempt, PinDecision, PinEntry, PinError, PinGate};
pub use place::{Address, AddressError, Imei, ImeiError, UsbPath, UsbPathError};
pub use service_centre::{ServiceCentre, ServiceCentreError};

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
    /// Where tables are that say how a modem comes of a stick that shows a disc, where the address is [`Address::Auto`].
    /// `None`: no stick is switched.
    pub usb: Option<Sources>,
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
            usb: None,
            lock_folder: PathBuf::from(lock::FOLDER),
            tap: None,
        }
    }
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
