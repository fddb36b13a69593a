//! From an address to an open port: for `auto`, which modem of this machine is this line's, and which of its ports.
//!
//! A modem is this line's by `usb_path`, by `imei`, or because it is the only one. Once it was used it is known again by
//! the place where it is plugged in, then by its IMEI, however ports are numbered. What other lines of this process have
//! or name is left alone, and a port that another program holds is not opened.
//!
//! **Invariant:** of two modems, none is taken by chance.

use std::time::Duration;

use super::port::{Claimed, Opening, Port};
use super::probe::{Found, probe};
use super::switching::{self, Stayed};
use crate::config::{Address, Config, Imei, UsbPath};
use crate::discovery::claims::{Claim, Reservation};
use crate::discovery::holder::{Holder, suspects};
use crate::discovery::reset::reset;
use crate::discovery::{Candidate, Kind, candidates, device_of};
use crate::redacted::Redacted;
use crate::status::Phase;
use crate::usb::sources::Sources;

/// A line that names no modem leaves the others of this process so long to say which are theirs.
const MODESTY: Duration = Duration::from_millis(300);

/// Opens the port of one line, again and again.
#[derive(Debug)]
pub(super) struct Finder {
    address: Address,
    usb_path: Option<UsbPath>,
    imei: Option<Imei>,
    opening: Opening,
    reservation: Reservation,
    usb: Option<Sources>,
    /// The modem that was used last.
    known: Option<Known>,
    /// Whether nothing was tried yet.
    fresh: bool,
}

#[derive(Debug, Clone)]
struct Known {
    usb_path: UsbPath,
    interface: u8,
    imei: Option<Redacted>,
    /// Whether its port answered to the end.
    trusted: bool,
}

/// A device that is not used, and why.
#[derive(Debug)]
enum Passed {
    /// Another line of this process has it.
    Taken,
    /// Its ports are held or may not be opened: words for each.
    Refused(Vec<String>),
    /// None of these ports answers.
    Silent(Vec<String>),
    OtherImei,
    NoImei,
    /// Another line of this process names its IMEI.
    OfAnotherLine,
}

impl Finder {
    pub(super) fn new(config: &Config) -> Self {
        let named = match (&config.address, &config.usb_path) {
            (Address::Path(path), _) => Some(path.clone()),
            (Address::Auto, Some(path)) => Some(config.sysfs.device(path)),
            (Address::Auto, None) | (Address::Tcp { .. }, _) => None,
        };
        Self {
            address: config.address.clone(),
            usb_path: config.usb_path.clone(),
            imei: config.imei.clone(),
            opening: Opening::from(config),
            reservation: Reservation::make(named).of_imei(&config.sysfs, config.imei.as_ref()),
            usb: config.usb.clone(),
            known: None,
            fresh: true,
        }
    }

    /// Opens the port, or says in the words of a [`Phase`] why not.
    pub(super) async fn open(&mut self) -> Result<Port, Phase> {
        match &self.address {
            Address::Path(path) => Port::open_serial(path, &self.opening, Claimed::NotYet).await,
            Address::Tcp { host, port } => Port::connect(host, *port).await,
            Address::Auto => self.find().await,
        }
    }

    /// The modem stopped answering at its port: perhaps another of its ports is the right one.
    pub(super) fn handle_silence(&mut self) {
        if let Some(known) = &mut self.known {
            known.trusted = false;
        }
    }

    /// Resets the line's modem at its USB port; its own port must be closed before. `Err`: words for why not.
    ///
    /// # Cancel safety
    ///
    /// A reset that began goes on to its end.
    pub(super) async fn reset(&self) -> Result<UsbPath, String> {
        let Some(device) = self.device().await else {
            return Err("it is no USB device of this machine".to_owned());
        };
        if device.kind == Kind::Adapter {
            return Err("a serial adapter stands between".to_owned());
        }
        // Held until the end, so that no other line begins to use it meanwhile.
        let Some(_claim) = self.claim(&device) else {
            return Err("another line of this program uses the same device".to_owned());
        };
        match reset(&self.opening.sysfs, &device.usb_path).await {
            Ok(()) => Ok(device.usb_path),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The line's modem, as far as it is plugged in.
    async fn device(&self) -> Option<Candidate> {
        let known = self.known.as_ref().map(|known| &known.usb_path);
        let usb_path = known.or(self.usb_path.as_ref()).cloned();
        let (address, sysfs) = (self.address.clone(), self.opening.sysfs.clone());
        let look = move || match address {
            Address::Tcp { .. } => None,
            Address::Path(path) => device_of(&sysfs, &path),
            Address::Auto => candidates(&sysfs)
                .into_iter()
                .find(|one| Some(&one.usb_path) == usb_path.as_ref()),
        };
        tokio::task::spawn_blocking(look).await.ok().flatten()
    }

    /// A whole device. `None`: another line of this process has it, or one of its ports.
    fn claim(&self, device: &Candidate) -> Option<Claim> {
        let ports = device
            .ports
            .iter()
            .filter_map(|port| port.path.canonicalize().ok());
        let folder = self.opening.sysfs.device(&device.usb_path);
        Claim::take(ports.chain([folder]).collect())
    }

    async fn find(&mut self) -> Result<Port, Phase> {
        if self.fresh && self.usb_path.is_none() && self.imei.is_none() {
            pause(MODESTY).await;
        }
        self.fresh = false;
        let stayed = self.switch_discs().await;
        let sysfs = self.opening.sysfs.clone();
        let all = tokio::task::spawn_blocking(move || candidates(&sysfs))
            .await
            .unwrap_or_default();
        let mut modems: Vec<&Candidate> = all.iter().filter(|one| self.is_wanted(one)).collect();
        if modems.is_empty() {
            return Err(match stayed {
                Some(Stayed(reason)) => Phase::PortAbsent { reason },
                None => self.none(&all),
            });
        }
        let known = self.known.clone();
        let is_known = |one: &Candidate| {
            known
                .as_ref()
                .is_some_and(|known| known.usb_path == one.usb_path)
        };
        modems.sort_by_key(|one| !is_known(one));
        // One alone is taken whatever it is called; one of several only by its name.
        let several = modems.len() > 1;
        let remembered = known.as_ref().and_then(|known| known.imei.clone());
        let wanted = match (&self.imei, remembered) {
            (Some(imei), _) => Wanted::Configured(imei.clone()),
            (None, Some(imei)) if several => Wanted::Remembered(imei),
            (None, _) if several => return Err(several_of(&modems)),
            (None, _) => Wanted::Any,
        };
        let mut passed = Vec::new();
        for modem in &modems {
            let trusted = known
                .as_ref()
                .filter(|known| is_known(modem) && known.trusted);
            match self
                .try_modem(modem, &wanted, trusted.map(|known| known.interface))
                .await
            {
                Ok(found) => {
                    self.known = Some(Known {
                        usb_path: modem.usb_path.clone(),
                        interface: found.interface,
                        imei: found.imei,
                        trusted: true,
                    });
                    return Ok(found.port);
                }
                Err(why) => passed.push((*modem, why)),
            }
        }
        if let Wanted::Remembered(_) = wanted {
            return Err(several_of(&modems));
        }
        if let Some(port) = self.known_though_silent(&passed).await {
            return port;
        }
        Err(self.words(&passed).await)
    }

    /// Makes modems of the discs that this line may have. Why one stayed a disc, if one did.
    async fn switch_discs(&self) -> Option<Stayed> {
        let sources = self.usb.as_ref()?;
        let sysfs = &self.opening.sysfs;
        let others = self.reservation.others();
        let may_have = |path: &UsbPath| match &self.usb_path {
            Some(own) => own == path,
            None => !others.contains(&sysfs.device(path)),
        };
        switching::switch_all(sysfs, sources, may_have).await
    }

    /// The port of a modem that was used before and answers no more: the engine knows what to try, and begins with an
    /// open port.
    async fn known_though_silent(
        &mut self,
        passed: &[(&Candidate, Passed)],
    ) -> Option<Result<Port, Phase>> {
        let known = self.known.as_ref()?;
        let (modem, _) = passed.iter().find(|(modem, why)| {
            modem.usb_path == known.usb_path && matches!(why, Passed::Silent(_))
        })?;
        let serial = modem
            .ports
            .iter()
            .find(|port| port.interface.number == known.interface)?;
        let claim = self.claim(modem)?;
        self.handle_silence();
        let opened = Port::open_serial(&serial.path, &self.opening, Claimed::Already).await;
        Some(opened.map(|mut port| {
            port.keep(claim);
            port
        }))
    }

    /// A modem with ports that this line may have.
    fn is_wanted(&self, one: &Candidate) -> bool {
        let named = self.usb_path.as_ref() == Some(&one.usb_path);
        match one.kind {
            Kind::Serial => {}
            Kind::Adapter if named => {}
            Kind::Adapter
            | Kind::CdRom
            | Kind::HiLink
            | Kind::QmiOnly
            | Kind::MbimOnly
            | Kind::NoDriver => return false,
        }
        if self.usb_path.is_some() {
            return named;
        }
        let folder = self.opening.sysfs.device(&one.usb_path);
        !self
            .reservation
            .others()
            .iter()
            .any(|other| *other == folder || one.has_port(other))
    }

    async fn try_modem(
        &self,
        modem: &Candidate,
        wanted: &Wanted,
        first: Option<u8>,
    ) -> Result<Found, Passed> {
        let Some(claim) = self.claim(modem) else {
            return Err(Passed::Taken);
        };
        let probed = probe(modem, &self.opening, first).await;
        let Some(mut found) = probed.found else {
            return Err(if probed.silent.is_empty() {
                Passed::Refused(probed.refused)
            } else {
                Passed::Silent(probed.silent)
            });
        };
        let wrong = match (wanted, &found.imei) {
            (Wanted::Any, told) => self.of_another_line(told.as_ref()),
            (Wanted::Configured(_) | Wanted::Remembered(_), None) => Some(Passed::NoImei),
            (Wanted::Configured(imei), Some(told)) => {
                (!imei.is(told.reveal())).then_some(Passed::OtherImei)
            }
            (Wanted::Remembered(imei), Some(told)) => (imei != told).then_some(Passed::OtherImei),
        };
        if let Some(wrong) = wrong {
            found.port.close().await;
            return Err(wrong);
        }
        found.port.keep(claim);
        tracing::info!(port = found.port.name(), device = %modem, "found the modem");
        Ok(found)
    }

    /// A line that takes the only modem does not take one that another line names by its IMEI, or that may be it.
    fn of_another_line(&self, told: Option<&Redacted>) -> Option<Passed> {
        if self.usb_path.is_some() {
            return None;
        }
        let others = self.reservation.other_imeis(&self.opening.sysfs);
        match told {
            Some(told) => others
                .iter()
                .any(|other| other.is(told.reveal()))
                .then_some(Passed::OfAnotherLine),
            None => (!others.is_empty()).then_some(Passed::NoImei),
        }
    }

    /// Nothing that this line may have is plugged in.
    fn none(&self, all: &[Candidate]) -> Phase {
        let reason = match &self.usb_path {
            Some(path) => match all.iter().find(|one| one.usb_path == *path) {
                Some(one) => hint(one).unwrap_or_else(|| format!("{one} shows no port")),
                None => {
                    let there: Vec<String> = all.iter().map(ToString::to_string).collect();
                    let there = if there.is_empty() {
                        "no USB modem is plugged in".to_owned()
                    } else {
                        format!("plugged in are: {}", there.join("; "))
                    };
                    format!("there is no modem at usb_path {path}: waiting for it ({there})")
                }
            },
            None => {
                let modem = |one: &&Candidate| one.kind == Kind::Serial;
                let hints: Vec<String> = all.iter().filter_map(hint).collect();
                if let Some(one) = all.iter().find(modem) {
                    format!(
                        "another line of this program has {one}; no other USB modem is plugged in"
                    )
                } else if hints.is_empty() {
                    "no USB modem is plugged in: waiting for one".to_owned()
                } else {
                    format!(
                        "no USB modem that can be used is plugged in. {}",
                        hints.join(". ")
                    )
                }
            }
        };
        Phase::PortAbsent { reason }
    }

    /// All that could be this line's was asked in vain.
    async fn words(&self, passed: &[(&Candidate, Passed)]) -> Phase {
        let mut sentences: Vec<String> =
            passed.iter().map(|(modem, why)| why.words(modem)).collect();
        let silent = |(_, why): &&(&Candidate, Passed)| matches!(why, Passed::Silent(_));
        if let Some((modem, _)) = passed.iter().find(silent)
            && let Some(manager) = modem_manager().await
        {
            // It need not have the port open at this moment.
            sentences.push(format!(
                "{manager} runs here: {}",
                manager.advice(Some(modem))
            ));
        }
        let reason = sentences.join(". ");
        if self.imei.is_some() {
            let reason = format!("the modem with the configured imei is not found: {reason}");
            return if passed
                .iter()
                .any(|(_, why)| matches!(why, Passed::Refused(_) | Passed::Silent(_)))
            {
                Phase::PortUnusable { reason }
            } else {
                Phase::PortAbsent { reason }
            };
        }
        Phase::PortUnusable { reason }
    }
}

/// Which modem is this line's.
#[derive(Debug)]
enum Wanted {
    /// It is the only one.
    Any,
    Configured(Imei),
    /// The one that was used before.
    Remembered(Redacted),
}

impl Passed {
    fn words(&self, modem: &Candidate) -> String {
        match self {
            Self::Taken => format!("{modem} is in use by another line of this program"),
            Self::Refused(words) => match words.first() {
                Some(first) => format!("{modem}: {first}"),
                None => format!("{modem} shows no port"),
            },
            Self::Silent(ports) => format!(
                "{modem} answers on none of its ports ({}): unplugging it for a moment may help",
                ports.join(", ")
            ),
            Self::OtherImei => format!("{modem} has another IMEI"),
            Self::OfAnotherLine => {
                format!("another line of this program names the IMEI of {modem}")
            }
            Self::NoImei => format!("{modem} does not tell its IMEI"),
        }
    }
}

fn several_of(modems: &[&Candidate]) -> Phase {
    let list: Vec<String> = modems.iter().map(ToString::to_string).collect();
    Phase::PortUnusable {
        reason: format!(
            "several USB modems are plugged in, and nothing says which is this line's: set usb_path or imei. They are: {}",
            list.join("; ")
        ),
    }
}

fn hint(one: &Candidate) -> Option<String> {
    one.advice().map(|advice| format!("{one}: {advice}"))
}

/// Looks through all processes, off the reactor.
pub(super) async fn modem_manager() -> Option<Holder> {
    let running = tokio::task::spawn_blocking(suspects).await;
    running
        .unwrap_or_default()
        .into_iter()
        .find(|suspect| suspect.name == "ModemManager")
}

#[allow(clippy::disallowed_methods, reason = "the driver is where time enters")]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
