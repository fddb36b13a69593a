//! The steps of a plan, said to a device by nusb.

use std::thread::sleep;
use std::time::{Duration, Instant};

use nusb::transfer::{
    Buffer, Bulk, ControlIn, ControlOut, ControlType, Direction, In, Interrupt, Out, Recipient,
};
use nusb::{ErrorKind, MaybeFuture as _};

use super::super::devices::{Device, devices};
use super::super::plan::SwitchPlan;
use super::super::steps::{Action, Step, steps};
use super::{LOOK, SwitchError, udev_rule};
use crate::discovery::Sysfs;

/// For one transfer out, or a control transfer.
const TRANSFER: Duration = Duration::from_secs(3);
/// For an answer: a device that leaves gives none.
const ANSWER: Duration = Duration::from_millis(1_000);
/// For a device that leaves in between.
const RETURNS: Duration = Duration::from_secs(30);

/// An open device, as far as the steps have come.
struct Wire {
    device: nusb::Device,
    interface: Option<nusb::Interface>,
    number: u8,
    out: u8,
    inward: u8,
}

pub(super) fn carry_out(
    root: &Sysfs,
    device: &Device,
    plan: &SwitchPlan,
) -> Result<(), SwitchError> {
    let Some(mut wire) = open(device, plan)? else {
        return Ok(());
    };
    for Step { action, may_fail } in steps(plan) {
        if let Action::AwaitReturn(away) = action {
            drop(wire);
            sleep(away);
            wire = match reopen(root, device, plan)? {
                Some(wire) => wire,
                None => return Ok(()),
            };
            continue;
        }
        if let Err(why) = wire.act(&action) {
            if !devices(root).contains(device) {
                return Ok(());
            }
            if !may_fail {
                return Err(SwitchError::Refused {
                    device: device.id,
                    what: name(&action),
                    why,
                });
            }
        }
    }
    Ok(())
}

/// `None`: it is gone.
fn open(device: &Device, plan: &SwitchPlan) -> Result<Option<Wire>, SwitchError> {
    let refused = |why: nusb::Error| SwitchError::Refused {
        device: device.id,
        what: "opening it",
        why: why.to_string(),
    };
    let place = device.usb_path.as_str();
    let mut all = nusb::list_devices().wait().map_err(refused)?;
    let info = all.find(|one| {
        let there = one
            .sysfs_path()
            .file_name()
            .is_some_and(|name| name == place);
        there && one.vendor_id() == device.id.vendor && one.product_id() == device.id.product
    });
    let Some(info) = info else {
        return Ok(None);
    };
    let opened = match info.open().wait() {
        Ok(opened) => opened,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Err(SwitchError::Denied {
                device: device.id,
                rule: udev_rule(device.id),
            });
        }
        Err(error) if matches!(error.kind(), ErrorKind::Disconnected | ErrorKind::NotFound) => {
            return Ok(None);
        }
        Err(error) => return Err(refused(error)),
    };
    let first = info
        .interfaces()
        .next()
        .map_or(0, nusb::InterfaceInfo::interface_number);
    let number = plan.interface.unwrap_or(first);
    let (out, inward) = endpoints(&opened, number);
    Ok(Some(Wire {
        device: opened,
        interface: None,
        number,
        out: plan.message_endpoint.map_or(out, |number| number & 0x0f),
        inward: plan
            .response_endpoint
            .map_or(inward, |number| number & 0x0f | 0x80),
    }))
}

/// The first bulk endpoints, out and in; 1 where none is described.
fn endpoints(device: &nusb::Device, number: u8) -> (u8, u8) {
    let (mut out, mut inward) = (None, None);
    if let Ok(configuration) = device.active_configuration() {
        let ours = configuration.interface_alt_settings();
        for setting in ours.filter(|one| one.interface_number() == number) {
            for endpoint in setting.endpoints() {
                if endpoint.transfer_type() == nusb::descriptors::TransferType::Bulk {
                    let place = match endpoint.direction() {
                        Direction::Out => &mut out,
                        Direction::In => &mut inward,
                    };
                    *place = place.or(Some(endpoint.address()));
                }
            }
        }
    }
    (out.unwrap_or(0x01), inward.unwrap_or(0x81))
}

/// After it left, or when its time is over.
fn reopen(root: &Sysfs, device: &Device, plan: &SwitchPlan) -> Result<Option<Wire>, SwitchError> {
    let deadline = Instant::now() + RETURNS;
    while Instant::now() < deadline {
        let back = devices(root);
        if back
            .iter()
            .any(|one| one.usb_path == device.usb_path && one.id == device.id)
        {
            return open(device, plan);
        }
        sleep(LOOK);
    }
    Ok(None)
}

impl Wire {
    fn act(&mut self, action: &Action) -> Result<(), String> {
        match action {
            Action::Wait(time) => {
                sleep(*time);
                Ok(())
            }
            // Done by the return of the device.
            Action::AwaitReturn(_) => Ok(()),
            Action::ReleaseDriver => words(self.device.detach_kernel_driver(self.number)),
            Action::Claim => {
                let claimed = self.device.detach_and_claim_interface(self.number).wait();
                self.interface = Some(claimed.map_err(|error| error.to_string())?);
                Ok(())
            }
            Action::LetGo => match self.interface.take() {
                Some(interface) => words(interface.release().wait()),
                None => Ok(()),
            },
            Action::ControlOut {
                kind,
                request,
                value,
                data,
            } => {
                let (control_type, recipient) = addressee(*kind);
                let transfer = ControlOut {
                    control_type,
                    recipient,
                    request: *request,
                    value: *value,
                    index: self.index(recipient),
                    data,
                };
                words(match &self.interface {
                    Some(interface) => interface.control_out(transfer, TRANSFER).wait(),
                    None => self.device.control_out(transfer, TRANSFER).wait(),
                })
            }
            Action::ControlIn {
                kind,
                request,
                value,
                length,
            } => {
                let (control_type, recipient) = addressee(*kind);
                let transfer = ControlIn {
                    control_type,
                    recipient,
                    request: *request,
                    value: *value,
                    index: self.index(recipient),
                    length: *length,
                };
                words(match &self.interface {
                    Some(interface) => interface.control_in(transfer, TRANSFER).wait(),
                    None => self.device.control_in(transfer, TRANSFER).wait(),
                })
            }
            Action::BulkOut(message) => {
                let mut endpoint = words_of(self.claimed()?.endpoint::<Bulk, Out>(self.out))?;
                let buffer = Buffer::from(message.octets().to_vec());
                words(endpoint.transfer_blocking(buffer, TRANSFER).into_result())
            }
            Action::BulkIn(length) => {
                let mut endpoint = words_of(self.claimed()?.endpoint::<Bulk, In>(self.inward))?;
                let buffer = Buffer::new(whole(*length, endpoint.max_packet_size()));
                words(endpoint.transfer_blocking(buffer, ANSWER).into_result())
            }
            Action::InterruptOut(report) => {
                let mut endpoint = words_of(self.claimed()?.endpoint::<Interrupt, Out>(0x02))?;
                let buffer = Buffer::from(report.to_vec());
                words(endpoint.transfer_blocking(buffer, ANSWER).into_result())
            }
            Action::InterruptIn => {
                let mut endpoint = words_of(self.claimed()?.endpoint::<Interrupt, In>(0x81))?;
                let buffer = Buffer::new(whole(8, endpoint.max_packet_size()));
                words(endpoint.transfer_blocking(buffer, ANSWER).into_result())
            }
            Action::ClearHalt => {
                let interface = self.claimed()?;
                let mut out = words_of(interface.endpoint::<Bulk, Out>(self.out))?;
                words(out.clear_halt().wait())?;
                let mut inward = words_of(interface.endpoint::<Bulk, In>(self.inward))?;
                words(inward.clear_halt().wait())
            }
            Action::AlternateSetting(number) => {
                words(self.claimed()?.set_alt_setting(*number).wait())
            }
            Action::Configuration(number) => {
                self.interface = None;
                words(self.device.set_configuration(*number).wait())
            }
            Action::Reset => words(self.device.reset().wait()),
        }
    }

    fn claimed(&self) -> Result<&nusb::Interface, String> {
        self.interface
            .as_ref()
            .ok_or_else(|| "its interface is not ours".to_owned())
    }

    fn index(&self, recipient: Recipient) -> u16 {
        match recipient {
            Recipient::Interface => self.number.into(),
            Recipient::Device | Recipient::Endpoint | Recipient::Other => 0,
        }
    }
}

/// A transfer in must ask for whole packets.
fn whole(length: u32, packet: usize) -> usize {
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(4_096);
    length.next_multiple_of(packet.max(1))
}

fn addressee(kind: u8) -> (ControlType, Recipient) {
    let control_type = match kind & 0x60 {
        0x00 => ControlType::Standard,
        0x20 => ControlType::Class,
        _ => ControlType::Vendor,
    };
    let recipient = match kind & 0x1f {
        0 => Recipient::Device,
        1 => Recipient::Interface,
        2 => Recipient::Endpoint,
        _ => Recipient::Other,
    };
    (control_type, recipient)
}

fn words<T, E: std::fmt::Display>(result: Result<T, E>) -> Result<(), String> {
    words_of(result).map(drop)
}

fn words_of<T, E: std::fmt::Display>(result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

fn name(action: &Action) -> &'static str {
    match action {
        Action::Wait(_) | Action::AwaitReturn(_) => "waiting",
        Action::ReleaseDriver => "releasing its driver",
        Action::Claim => "claiming its interface",
        Action::LetGo => "letting go of its interface",
        Action::ControlOut { .. } | Action::ControlIn { .. } => "a control transfer",
        Action::BulkOut(_) => "sending the message",
        Action::BulkIn(_) => "reading the answer",
        Action::InterruptOut(_) | Action::InterruptIn => "a report",
        Action::ClearHalt => "clearing its halt",
        Action::AlternateSetting(_) => "choosing a setting",
        Action::Configuration(_) => "choosing a configuration",
        Action::Reset => "resetting it",
    }
}
