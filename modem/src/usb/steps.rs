//! A plan as a list of transfers and waits: what is said to the device, in which order, and which of it may fail.
//!
//! The facts are those of usb_modeswitch's manual and of the standards: USB 2.0 §9.4, Bulk-Only Transport 1.0, SCSI. Who
//! carries them out treats a device that is gone, at any step, as one that was switched.

use std::time::Duration;

use super::families::storage_command;
use super::plan::{Message, Method, SwitchPlan};
use super::sequences::{MOBILE_ACTION, MOBILE_ACTION_FIRST, QISDA, cisco};

/// Status that follows a command of mass storage.
const STATUS: u32 = 13;
/// The most that is read before it.
const DATA: u32 = 4_096;
/// A device has so long to act on a message before its interface is let go of.
const SETTLE: Duration = Duration::from_millis(200);
/// A Sony stick is away for so long at least.
const AWAY: Duration = Duration::from_secs(5);

/// One thing that is done to the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub action: Action,
    /// Whether the next step is taken though this one failed.
    pub may_fail: bool,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Nothing, for this long.
    Wait(Duration),
    /// The kernel's driver (`usb-storage`) lets go of the interface.
    ReleaseDriver,
    /// The interface is ours.
    Claim,
    /// The interface is nobody's.
    LetGo,
    /// A control transfer to the device.
    ControlOut {
        /// `bmRequestType`.
        kind: u8,
        /// `bRequest`.
        request: u8,
        /// `wValue`.
        value: u16,
        /// What goes along.
        data: Vec<u8>,
    },
    /// A control transfer from the device; what comes is not looked at.
    ControlIn {
        /// `bmRequestType`; where it is for an interface, `wIndex` is the interface's number.
        kind: u8,
        /// `bRequest`.
        request: u8,
        /// `wValue`.
        value: u16,
        /// Octets.
        length: u16,
    },
    /// Octets to the bulk endpoint.
    BulkOut(Message),
    /// So many octets at most from the bulk endpoint; what comes is not looked at.
    BulkIn(u32),
    /// Eight octets to the interrupt endpoint 2.
    InterruptOut([u8; 8]),
    /// Eight octets from the interrupt endpoint 1.
    InterruptIn,
    /// The bulk endpoints are no longer halted.
    ClearHalt,
    /// The device leaves and comes back under the same id.
    AwaitReturn(Duration),
    /// `SET_INTERFACE`.
    AlternateSetting(u8),
    /// `SET_CONFIGURATION`.
    Configuration(u8),
    /// The port is reset.
    Reset,
}

struct List(Vec<Step>);

impl List {
    fn must(&mut self, action: Action) {
        self.0.push(Step {
            action,
            may_fail: false,
        });
    }

    fn may(&mut self, action: Action) {
        self.0.push(Step {
            action,
            may_fail: true,
        });
    }

    fn control(&mut self, kind: u8, request: u8, value: u16, data: &[u8]) {
        self.must(Action::ControlOut {
            kind,
            request,
            value,
            data: data.to_vec(),
        });
    }

    fn fetch(&mut self, kind: u8, request: u8, value: u16, length: u16) {
        self.must(Action::ControlIn {
            kind,
            request,
            value,
            length,
        });
    }

    /// Messages, each with its answer read; a device that leaves may do without one.
    fn messages(&mut self, messages: &[Message], settle: Duration) {
        self.may(Action::ReleaseDriver);
        self.must(Action::Claim);
        self.may(Action::ClearHalt);
        for message in messages {
            self.must(Action::BulkOut(message.clone()));
            let data = message.expected_data().min(DATA);
            if data > 0 {
                self.may(Action::BulkIn(data));
            }
            if message.is_storage_command() {
                self.may(Action::BulkIn(STATUS));
            }
        }
        self.may(Action::Wait(settle));
        self.may(Action::LetGo);
    }
}

/// What has to be done for a plan, in this order.
#[must_use]
pub fn steps(plan: &SwitchPlan) -> Vec<Step> {
    let mut list = List(Vec::new());
    if !plan.wait_before.is_zero() {
        list.may(Action::Wait(plan.wait_before));
    }
    let settle = SETTLE + plan.release_delay;
    let own = |list: &mut List, first: &[Message]| {
        let all = [first, plan.messages.as_slice()].concat();
        list.messages(&all, settle);
    };
    match plan.method {
        Method::Messages => own(&mut list, &[]),
        // Allow the disc to be taken out, and start-stop: load and stop (SPC-3 §6.12, SBC-2 §5.17).
        Method::StandardEject => own(
            &mut list,
            &[
                storage_command(&[0x1e, 0, 0, 0, 0, 0]),
                storage_command(&[0x1b, 0, 0, 0, 0x02, 0]),
            ],
        ),
        Method::HuaweiNew => own(
            &mut list,
            &[huawei(&[0x11, 0x06, 0x20, 0, 0, 0x01, 0x01, 0, 0x01])],
        ),
        Method::HuaweiAlternative => {
            own(
                &mut list,
                &[huawei(&[0x11, 0x06, 0x30, 0, 0, 0x01, 0, 0x01])],
            );
        }
        Method::Option => own(&mut list, &[storage_command(&[0x01, 0, 0, 0, 0, 0])]),
        Method::Cisco => own(&mut list, &cisco()),
        Method::Plain => list.may(Action::ReleaseDriver),
        Method::Mbim => return Vec::new(),
        // SET_FEATURE of the device.
        Method::Huawei => list.control(0x00, 0x03, 1, &[]),
        Method::Sierra => list.control(0x40, 0x0b, 1, &[]),
        Method::Sequans => list.control(0x40, 0x0b, 2, &[]),
        Method::Pantech(mode) => list.control(0x40, 0x70, mode, &[]),
        Method::Qisda => list.control(0x40, 0x04, 0, &QISDA),
        Method::Quanta => list.fetch(0xc0, 0xff, 0, 0),
        Method::Kobil => {
            list.may(Action::ReleaseDriver);
            list.fetch(0xc0, 0x88, 0, 8);
        }
        Method::Blackberry => {
            list.may(Action::ReleaseDriver);
            list.fetch(0xc0, 0xb1, 0, 8);
            list.fetch(0xc0, 0xa9, 0x000e, 2);
        }
        Method::Gct => {
            list.may(Action::ReleaseDriver);
            list.must(Action::Claim);
            list.fetch(0xa1, 0xa0, 0, 1);
            list.fetch(0xa1, 0xfe, 0, 1);
            list.may(Action::LetGo);
        }
        Method::Sony => {
            list.may(Action::ReleaseDriver);
            list.fetch(0xc0, 0x11, 2, 3);
            list.must(Action::AwaitReturn(AWAY));
            list.fetch(0xc0, 0x11, 2, 3);
        }
        Method::MobileAction => mobile_action(&mut list),
    }
    if let Some(setting) = plan.alternate_setting {
        list.must(Action::Claim);
        list.must(Action::AlternateSetting(setting));
        list.may(Action::LetGo);
    }
    if let Some(configuration) = plan.configuration {
        list.may(Action::ReleaseDriver);
        list.must(Action::Configuration(configuration));
    }
    if plan.reset {
        list.may(Action::Reset);
    }
    list.0
}

/// Huawei's own command: what stands behind the length in the wrapper does not follow SCSI, nor does the length.
fn huawei(tail: &[u8]) -> Message {
    let mut octets = b"USBC\x12\x34\x56\x78".to_vec();
    octets.extend([0; 7]);
    octets.extend(tail);
    octets.resize(31, 0);
    Message::of(&octets)
}

fn mobile_action(list: &mut List) {
    list.may(Action::ReleaseDriver);
    list.must(Action::Claim);
    for _ in 0..2 {
        list.may(Action::ControlOut {
            kind: 0x21,
            request: 0x09,
            value: 0x0300,
            data: MOBILE_ACTION_FIRST.to_vec(),
        });
    }
    for _ in 0..2 {
        list.may(Action::InterruptIn);
    }
    for (report, answers) in MOBILE_ACTION {
        list.may(Action::InterruptOut(report));
        for _ in 0..answers {
            list.may(Action::InterruptIn);
        }
    }
    list.may(Action::LetGo);
}

#[cfg(test)]
mod tests {
    use super::super::plan::Target;
    use super::*;

    /// What goes over the wire, without the waits and the claims.
    fn transfers(plan: &SwitchPlan) -> Vec<String> {
        let words = |step: Step| match step.action {
            Action::BulkOut(message) => Some(format!("out {message}")),
            Action::BulkIn(length) => Some(format!("in {length}")),
            Action::ControlOut {
                kind,
                request,
                value,
                data,
            } => Some(format!(
                "control {kind:02x} {request:02x} {value:04x} +{}",
                data.len()
            )),
            Action::ControlIn {
                kind,
                request,
                value,
                length,
            } => Some(format!(
                "control {kind:02x} {request:02x} {value:04x} <{length}"
            )),
            Action::Configuration(number) => Some(format!("configuration {number}")),
            Action::AlternateSetting(number) => Some(format!("setting {number}")),
            Action::AwaitReturn(_) => Some("return".to_owned()),
            Action::Reset => Some("reset".to_owned()),
            Action::Wait(_)
            | Action::ReleaseDriver
            | Action::Claim
            | Action::LetGo
            | Action::ClearHalt
            | Action::InterruptOut(_)
            | Action::InterruptIn => None,
        };
        steps(plan).into_iter().filter_map(words).collect()
    }

    /// The octets are those that usb_modeswitch's documentation and its users' configurations name.
    #[test]
    fn each_method_says_what_it_has_to() {
        for (method, expected) in [
            (
                Method::StandardEject,
                &[
                    "out 5553424312345678000000000000061e000000000000000000000000000000",
                    "in 13",
                    "out 5553424312345678000000000000061b000000020000000000000000000000",
                    "in 13",
                ][..],
            ),
            (
                Method::HuaweiNew,
                &[
                    "out 55534243123456780000000000000011062000000101000100000000000000",
                    "in 13",
                ],
            ),
            (
                Method::HuaweiAlternative,
                &[
                    "out 55534243123456780000000000000011063000000100010000000000000000",
                    "in 13",
                ],
            ),
            (
                Method::Option,
                &[
                    "out 55534243123456780000000000000601000000000000000000000000000000",
                    "in 13",
                ],
            ),
            (Method::Huawei, &["control 00 03 0001 +0"]),
            (Method::Sierra, &["control 40 0b 0001 +0"]),
            (Method::Sequans, &["control 40 0b 0002 +0"]),
            (Method::Pantech(4), &["control 40 70 0004 +0"]),
            (Method::Qisda, &["control 40 04 0000 +16"]),
            (Method::Quanta, &["control c0 ff 0000 <0"]),
            (Method::Kobil, &["control c0 88 0000 <8"]),
            (
                Method::Blackberry,
                &["control c0 b1 0000 <8", "control c0 a9 000e <2"],
            ),
            (
                Method::Gct,
                &["control a1 a0 0000 <1", "control a1 fe 0000 <1"],
            ),
            (
                Method::Sony,
                &["control c0 11 0002 <3", "return", "control c0 11 0002 <3"],
            ),
            (Method::Plain, &[]),
            (Method::Mbim, &[]),
        ] {
            let plan = SwitchPlan::new(method, Target::default());
            assert_eq!(transfers(&plan), expected, "{method:?}");
        }
    }

    #[test]
    fn cisco_gets_eleven_messages() {
        let said = transfers(&SwitchPlan::new(Method::Cisco, Target::default()));
        let out: Vec<_> = said.iter().filter(|one| one.starts_with("out")).collect();
        assert_eq!(out.len(), 11);
        assert_eq!(
            out[0],
            "out 55534243f83bcd810002000080000afd000000030000000100000000000000"
        );
        assert_eq!(
            out[2],
            "out 55534243984300820000000000000afd000100071000000000000000000000"
        );
        assert_eq!(
            out[10],
            "out 55534243d84c04820000000000000afd000110732400000000000000000000"
        );
        assert_eq!(
            said[1], "in 512",
            "a command that reads has data before its status"
        );
    }

    #[test]
    fn a_plan_can_have_all_of_it() {
        let mut plan = SwitchPlan::new(Method::StandardEject, Target::default());
        plan.messages.push("0102".parse().unwrap());
        plan.alternate_setting = Some(1);
        plan.configuration = Some(3);
        plan.reset = true;
        plan.wait_before = Duration::from_secs(2);
        plan.release_delay = Duration::from_secs(4);
        let said = transfers(&plan);
        let tail: Vec<_> = said.iter().skip(4).map(String::as_str).collect();
        assert_eq!(tail, ["out 0102", "setting 1", "configuration 3", "reset"]);
        let all = steps(&plan);
        assert_eq!(all[0].action, Action::Wait(Duration::from_secs(2)));
        let settle = Action::Wait(Duration::from_millis(4_200));
        assert!(all.iter().any(|step| step.action == settle));
    }
}
