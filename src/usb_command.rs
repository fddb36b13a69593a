//! `sms-bridge usb`: which devices show a disc before they are modems, and switching one by hand. Needs no configuration, and
//! no store.

mod list;
mod switch;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use modem::usb::UsbId;
use modem::usb::sources::{Sources, devices_of};

/// `sms-bridge usb …`
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show USB devices: modems, discs that become one, and discs that no table knows. Changes nothing.
    #[command(after_help = "\
Examples:
  sms-bridge usb list
  sms-bridge usb list --config /etc/usb_switch.conf
  sms-bridge usb list --json")]
    List(list::List),
    /// Make a modem of a stick that shows a disc.
    #[command(after_help = "\
Tables are read where they are installed, the first that knows the device counts: --config, /etc/usb_modeswitch.d,
/usr/share/usb_modeswitch (with configPack.tar.gz), /etc/usb-mode.json, and a small table of our own.

Examples:
  sms-bridge usb switch                            the one that needs it
  sms-bridge usb switch --dry-run                  what would be done
  sms-bridge usb switch 1e0e:f000
  sms-bridge usb switch --config /etc/usb_switch.conf")]
    Switch(switch::Switch),
}

/// Where tables are, besides the usual places.
#[derive(Args)]
struct Tables {
    /// A file as usb_modeswitch takes it, in the old form or the new one. It counts before all others.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Tables {
    /// # Errors
    ///
    /// The file is of no use: who names one wants it to count.
    fn sources(&self) -> Result<Sources> {
        if let Some(path) = &self.config
            && let Err(error) = devices_of(path)
        {
            bail!(error)
        }
        Ok(Sources {
            config: self.config.clone(),
            ..Sources::default()
        })
    }

    /// The devices that the file is for.
    fn devices(&self) -> Vec<UsbId> {
        let devices = self.config.as_ref().map(|path| devices_of(path));
        let devices = devices.and_then(Result::ok).unwrap_or_default();
        devices.into_iter().map(|(name, _)| name.id).collect()
    }
}

/// Does what was asked for.
///
/// # Errors
///
/// A file cannot be read or understood, a device is not there or does not switch, or standard output fails.
pub(crate) fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::List(list) => list.run(),
        Command::Switch(switch) => switch.run(),
    }
}
