//! `sms-bridge usb switch`.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use modem::discovery::Sysfs;
use modem::usb::devices::{Device, State, Surveyed, devices, survey};
use modem::usb::sources::{Source, Sources};
use modem::usb::steps::{Action, steps};
use modem::usb::switch::switch;
use modem::usb::{SwitchPlan, UsbId};

use super::Tables;

#[derive(Args)]
pub(crate) struct Switch {
    /// Vendor and product of the device, such as 1e0e:f000. Without it: the one that needs switching.
    #[arg(value_name = "VID:PID")]
    id: Option<UsbId>,
    #[command(flatten)]
    tables: Tables,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Switch {
    pub(super) fn run(self) -> Result<ExitCode> {
        let sources = self.tables.sources()?;
        let (device, plan, source) = self.choose(&Sysfs::default(), &sources)?;
        let mut out = io::stdout().lock();
        write!(out, "{}", intention(&device, &plan, &source))?;
        out.flush()?;
        if !self.dry_run {
            let switched = switch(&Sysfs::default(), &device, &plan)?;
            let (id, path) = (switched.id, switched.usb_path);
            writeln!(
                out,
                "it is now {id}, usb_path {path}: sms-bridge modem list shows its ports"
            )?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// # Errors
    ///
    /// There is none, there are several, or no table knows it.
    fn choose(&self, root: &Sysfs, sources: &Sources) -> Result<(Device, SwitchPlan, Source)> {
        // Who names a device, or a file for it, means it whatever it shows.
        let named = match self.id {
            Some(id) => vec![id],
            None => self.tables.devices(),
        };
        if named.is_empty() {
            return only(survey(root, sources));
        }
        let words: Vec<String> = named.iter().map(UsbId::to_string).collect();
        let words = words.join(" or ");
        let mut there = devices(root);
        there.retain(|device| named.contains(&device.id));
        let Some(device) = there.into_iter().next() else {
            bail!("there is no {words} here: lsusb shows what is plugged in")
        };
        let lookup = sources.look_up(device.id, &device.strings);
        match lookup.found {
            Some((plan, source)) => Ok((device, plan, source)),
            None => bail!(
                "no table knows {}: install usb-modeswitch-data, or write --config with a file for it. {}",
                device.id,
                lookup.problems.join(". ")
            ),
        }
    }
}

/// The one that needs it.
fn only(found: Vec<Surveyed>) -> Result<(Device, SwitchPlan, Source)> {
    let mut needy: Vec<_> = found
        .into_iter()
        .filter(|one| one.state == State::NeedsSwitching)
        .filter_map(|one| {
            one.lookup
                .found
                .map(|(plan, source)| (one.device, plan, source))
        })
        .collect();
    if needy.len() > 1 {
        let ids: Vec<String> = needy
            .iter()
            .map(|(device, ..)| device.id.to_string())
            .collect();
        bail!(
            "several devices need switching, name one of them: {}",
            ids.join(", ")
        )
    }
    match needy.pop() {
        Some(one) => Ok(one),
        None => bail!("nothing here needs switching: sms-bridge usb list shows what is there"),
    }
}

fn intention(device: &Device, plan: &SwitchPlan, source: &Source) -> String {
    let mut text = format!(
        "{} at usb_path {}: by {}, to become {}; says {source}\n",
        device.id,
        device.usb_path,
        plan.method.name(),
        plan.target
    );
    for step in steps(plan) {
        text.push_str(&format!("  {}\n", words(&step.action)));
    }
    text
}

fn words(action: &Action) -> String {
    match action {
        Action::Wait(time) => format!("wait for {} ms", time.as_millis()),
        Action::ReleaseDriver => "release its driver".to_owned(),
        Action::Claim => "claim its interface".to_owned(),
        Action::LetGo => "let go of its interface".to_owned(),
        Action::ControlOut {
            kind,
            request,
            value,
            ..
        } => {
            format!(
                "control transfer out: type {kind:#04x}, request {request:#04x}, value {value:#06x}"
            )
        }
        Action::ControlIn {
            kind,
            request,
            value,
            ..
        } => {
            format!(
                "control transfer in: type {kind:#04x}, request {request:#04x}, value {value:#06x}"
            )
        }
        Action::BulkOut(message) => format!("send {message}"),
        Action::BulkIn(length) => format!("read up to {length} octets"),
        Action::InterruptOut(_) => "send a report".to_owned(),
        Action::InterruptIn => "read a report".to_owned(),
        Action::ClearHalt => "clear the halt of its endpoints".to_owned(),
        Action::AwaitReturn(_) => "wait until it comes back".to_owned(),
        Action::AlternateSetting(number) => format!("choose alternate setting {number}"),
        Action::Configuration(number) => format!("choose configuration {number}"),
        Action::Reset => "reset it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::list::tests::surveyed;
    use super::*;

    #[test]
    fn a_dry_run_says_every_step() {
        let (device, plan, source) =
            only(vec![surveyed("1e0e:f000"), surveyed("0781:5567")]).unwrap();
        let text = intention(&device, &plan, &source);
        assert!(text.starts_with("1e0e:f000 at usb_path 1-1: by message, to become 1e0e:9000"));
        assert!(text.contains("  send 5553424312345678"), "{text}");
        assert!(text.contains("  read up to 13 octets\n"), "{text}");
    }

    #[test]
    fn one_of_several_has_to_be_named() {
        let two = vec![surveyed("1e0e:f000"), surveyed("12d1:1446")];
        let error = only(two).unwrap_err().to_string();
        assert!(error.contains("1e0e:f000, 12d1:1446"), "{error}");
        assert!(
            only(Vec::new())
                .unwrap_err()
                .to_string()
                .contains("nothing here")
        );
    }
}
