//! `Key=value`, as `/etc/usb_switch.conf`, `/etc/usb_modeswitch.d/VID:PID` and usb_modeswitch's own table have it.
//!
//! The old form (until 2010) names the device in the file, often with many others behind `#`; the new one has the ids in
//! the file's name. A key may be written in any case, a number with or without `0x`, a value with or without quotes.

use std::time::Duration;

use thiserror::Error;

use super::plan::{Message, MessageError, Method, SwitchPlan, Target, UsbId};

/// Octets of one file; the largest known has 1.5 KiB, and old ones with every device in comments 30.
pub const FILE: usize = 256 * 1024;
/// Products of one list.
const PRODUCTS: usize = 256;
/// Devices of one file.
const DEVICES: usize = 1_024;

/// One device of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `DefaultVendor` and `DefaultProduct` (or its list). Empty where the file's name says it.
    pub devices: Vec<UsbId>,
    /// What to do.
    pub plan: SwitchPlan,
    /// Keys that mean nothing here, such as a misspelled one.
    pub unknown: Vec<String>,
}

/// Why a file says nothing that can be followed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// It is no table of one device.
    #[error("it is longer than {FILE} octets")]
    TooLong,
    /// It names no method.
    #[error(
        "it says nothing of how to switch: it needs MessageContent, StandardEject or another method"
    )]
    NoMethod,
    /// A number that is none or too large.
    #[error("line {line}: {key} is no number that fits: {value:?}")]
    Number {
        /// Counted from 1.
        line: usize,
        /// Which.
        key: String,
        /// The beginning of what is there.
        value: String,
    },
    /// A message that is none.
    #[error("line {line}: {error}")]
    Message {
        /// Counted from 1.
        line: usize,
        /// Why.
        error: MessageError,
    },
}

struct Line<'a> {
    number: usize,
    key: &'a str,
    value: &'a str,
}

/// Reads a file. Several devices in it begin each with `DefaultVendor`.
///
/// # Errors
///
/// When something in it cannot be understood: nothing of it is followed then.
pub fn parse(text: &str) -> Result<Vec<Entry>, SettingsError> {
    if text.len() > FILE {
        return Err(SettingsError::TooLong);
    }
    let mut blocks: Vec<Vec<Line<'_>>> = vec![Vec::new()];
    for line in lines(text) {
        let begins = line.key.eq_ignore_ascii_case("DefaultVendor");
        let begun = blocks.last().is_some_and(|block| {
            block
                .iter()
                .any(|one| one.key.eq_ignore_ascii_case(line.key))
        });
        if begins && begun && blocks.len() < DEVICES {
            blocks.push(Vec::new());
        }
        if let Some(block) = blocks.last_mut() {
            block.push(line);
        }
    }
    blocks.iter().map(|block| entry(block)).collect()
}

/// Whether `/etc/usb_modeswitch.conf` says that nothing is to be switched: `1`, `yes` or `true`.
#[must_use]
pub fn is_switching_disabled(text: &str) -> bool {
    lines(text)
        .filter(|line| line.key.eq_ignore_ascii_case("DisableSwitching"))
        .last()
        .is_some_and(|line| is_on(line.value))
}

fn is_on(value: &str) -> bool {
    ["1", "yes", "true"]
        .iter()
        .any(|on| value.eq_ignore_ascii_case(on))
}

fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().enumerate().filter_map(|(index, line)| {
        let line = line.trim().trim_start_matches('\u{feff}');
        if line.starts_with(['#', ';']) {
            return None;
        }
        let (key, value) = line.split_once('=')?;
        let value = value.split('#').next().unwrap_or_default();
        let value = value.trim().trim_end_matches(';').trim_end();
        Some(Line {
            number: index + 1,
            key: key.trim(),
            value: value.trim_matches('"').trim(),
        })
    })
}

/// What is read of one device, until it is complete.
#[derive(Default)]
struct Draft {
    vendor: Option<u16>,
    products: Vec<u16>,
    target: Target,
    messages: [Option<Message>; 3],
    method: Option<Method>,
    plain: bool,
}

fn entry(lines: &[Line<'_>]) -> Result<Entry, SettingsError> {
    let mut draft = Draft::default();
    let mut plan = SwitchPlan::new(Method::Plain, Target::default());
    let mut unknown = Vec::new();
    for line in lines {
        if !read(line, &mut draft, &mut plan)? {
            unknown.push(line.key.chars().take(64).collect());
        }
    }
    plan.messages = draft.messages.into_iter().flatten().collect();
    plan.target = draft.target;
    plan.method = match draft.method {
        Some(method) => method,
        None if !plan.messages.is_empty() => Method::Messages,
        None if plan.configuration == Some(0) => Method::Mbim,
        None if draft.plain || plan.configuration.is_some() || plan.alternate_setting.is_some() => {
            Method::Plain
        }
        None => return Err(SettingsError::NoMethod),
    };
    // There is no configuration 0 to choose.
    plan.configuration = plan.configuration.filter(|number| *number > 0);
    let devices = draft.vendor.map_or_else(Vec::new, |vendor| {
        let products = draft.products.iter();
        products.map(|&product| UsbId { vendor, product }).collect()
    });
    Ok(Entry {
        devices,
        plan,
        unknown,
    })
}

/// `false`: nothing here is called so.
fn read(line: &Line<'_>, draft: &mut Draft, plan: &mut SwitchPlan) -> Result<bool, SettingsError> {
    let key = line.key.to_ascii_lowercase();
    match key.as_str() {
        "defaultvendor" => draft.vendor = Some(line.hexadecimal()?),
        "defaultproduct" => draft.products.push(line.hexadecimal()?),
        "defaultproductlist" => draft.products = line.list()?,
        "targetvendor" => draft.target.vendor = Some(line.hexadecimal()?),
        "targetproduct" => draft.target.products.push(line.hexadecimal()?),
        "targetproductlist" => draft.target.products.extend(line.list()?),
        "targetclass" => draft.target.class = Some(line.octet(line.hexadecimal()?)?),
        "messagecontent" => draft.messages[0] = line.message()?,
        "messagecontent2" => draft.messages[1] = line.message()?,
        "messagecontent3" => draft.messages[2] = line.message()?,
        "messageendpoint" => plan.message_endpoint = line.endpoint()?,
        "responseendpoint" => plan.response_endpoint = line.endpoint()?,
        "interface" => plan.interface = Some(line.octet(line.number()?)?),
        "configuration" => plan.configuration = Some(line.octet(line.number()?)?),
        "altsetting" => plan.alternate_setting = Some(line.octet(line.number()?)?),
        "waitbefore" => plan.wait_before = Duration::from_secs(line.number()?.min(60).into()),
        "releasedelay" => {
            plan.release_delay = Duration::from_millis(line.number()?.min(60_000).into());
        }
        "resetusb" => plan.reset = is_on(line.value),
        "detachstorageonly" => draft.plain = is_on(line.value),
        "pantechmode" => match line.number()? {
            0 => {}
            mode => draft.method = Some(Method::Pantech(mode)),
        },
        // The status is read in any case, and a target waited for.
        "needresponse" | "checksuccess" | "inquiredevice" | "nodriverloading" | "sysmode"
        | "nombimcheck" | "driverloaddelay" | "drivermodule" | "driveridpath" | "getconfig" => {}
        _ => match method(&key) {
            Some(method) if is_on(line.value) => draft.method = Some(method),
            Some(_) => {}
            None => return Ok(false),
        },
    }
    Ok(true)
}

fn method(key: &str) -> Option<Method> {
    Some(match key {
        "standardeject" => Method::StandardEject,
        "huaweimode" => Method::Huawei,
        "huaweinewmode" => Method::HuaweiNew,
        "huaweialtmode" | "althuaweimode" => Method::HuaweiAlternative,
        "sierramode" => Method::Sierra,
        "sequansmode" => Method::Sequans,
        "optionmode" => Method::Option,
        "quantamode" => Method::Quanta,
        "kobilmode" => Method::Kobil,
        "sonymode" => Method::Sony,
        "gctmode" => Method::Gct,
        "qisdamode" => Method::Qisda,
        "mobileactionmode" => Method::MobileAction,
        "ciscomode" => Method::Cisco,
        "blackberrymode" => Method::Blackberry,
        _ => return None,
    })
}

impl Line<'_> {
    fn wrong(&self) -> SettingsError {
        SettingsError::Number {
            line: self.number,
            key: self.key.chars().take(64).collect(),
            value: self.value.chars().take(64).collect(),
        }
    }

    /// An id: hexadecimal with or without `0x`.
    fn hexadecimal(&self) -> Result<u16, SettingsError> {
        hexadecimal(self.value).ok_or_else(|| self.wrong())
    }

    /// A count: decimal, or hexadecimal with `0x`.
    fn number(&self) -> Result<u16, SettingsError> {
        let digits = self.value.bytes().all(|digit| digit.is_ascii_digit());
        if digits {
            return self.value.parse().map_err(|_not| self.wrong());
        }
        let prefixed = self.value.starts_with("0x") || self.value.starts_with("0X");
        if prefixed {
            self.hexadecimal()
        } else {
            Err(self.wrong())
        }
    }

    fn octet(&self, number: u16) -> Result<u8, SettingsError> {
        u8::try_from(number).map_err(|_large| self.wrong())
    }

    /// `None` for 0, which means that the interface's own is meant.
    fn endpoint(&self) -> Result<Option<u8>, SettingsError> {
        let number = self.octet(self.hexadecimal()?)? & 0x0f;
        Ok((number > 0).then_some(number))
    }

    fn list(&self) -> Result<Vec<u16>, SettingsError> {
        let items = self.value.split([',', ' ']).filter(|item| !item.is_empty());
        items
            .take(PRODUCTS)
            .map(|item| hexadecimal(item.trim()).ok_or_else(|| self.wrong()))
            .collect()
    }

    /// `None`: it is left empty, as in a form that was not filled in.
    fn message(&self) -> Result<Option<Message>, SettingsError> {
        if self.value.is_empty() {
            return Ok(None);
        }
        let parsed = self.value.parse().map(Some);
        parsed.map_err(|error| SettingsError::Message {
            line: self.number,
            error,
        })
    }
}

fn hexadecimal(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let digits = digits.unwrap_or(text);
    let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    plain
        .then(|| u16::from_str_radix(digits, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the tutorials have it.
    const OLD: &str = r#"
########################################################
# ProLink PHS-100
DefaultVendor=  0x1e0e
DefaultProduct= 0xf000
TargetVendor=   0x1e0e
TargetProduct=  0x9000
TargetClass= 0xff
MessageEndpoint=0x1
MessageContent="555342431234567800000000000006bd000000020000000000000000000000"
ResponseEndpoint=0x1
#NeedResponse=1
"#;

    #[test]
    fn the_form_of_the_tutorials_is_read() {
        let entries = parse(OLD).unwrap();
        let [entry] = entries.as_slice() else {
            panic!("{entries:?}");
        };
        assert_eq!(entry.devices, ["1e0e:f000".parse().unwrap()]);
        let plan = &entry.plan;
        assert_eq!(plan.method, Method::Messages);
        assert_eq!(plan.messages.len(), 1);
        assert_eq!(plan.target.vendor, Some(0x1e0e));
        assert_eq!(plan.target.products, [0x9000]);
        assert_eq!(plan.target.class, Some(0xff));
        assert_eq!(
            (plan.message_endpoint, plan.response_endpoint),
            (Some(1), Some(1))
        );
        assert!(entry.unknown.is_empty());
    }

    #[test]
    fn the_new_form_leaves_the_device_to_the_name() {
        let text = "# a note\nTargetVendor= 12D1\ntargetproductlist=\"1001, 140c,14ac\"\r\nHuaweiNewMode=1\nNoDriverLoading=1\nFrobnicate=1\n";
        let entry = parse(text).unwrap().remove(0);
        assert!(entry.devices.is_empty());
        assert_eq!(entry.plan.method, Method::HuaweiNew);
        assert_eq!(entry.plan.target.products, [0x1001, 0x140c, 0x14ac]);
        assert_eq!(entry.unknown, ["Frobnicate"]);
    }

    #[test]
    fn several_devices_of_one_file_are_told_apart() {
        let text = format!(
            "{OLD}\nDefaultVendor=0x12d1;\nDefaultProductList=\"1001,1003\"\nHuaweiMode=1\nStandardEject=0\n"
        );
        let entries = parse(&text).unwrap();
        let methods: Vec<_> = entries.iter().map(|entry| entry.plan.method).collect();
        assert_eq!(methods, [Method::Messages, Method::Huawei]);
        assert_eq!(entries[1].devices.len(), 2);
        assert_eq!(entries[1].plan.target, Target::default());
    }

    #[test]
    fn each_method_has_its_key() {
        for (text, method) in [
            ("StandardEject=1", Method::StandardEject),
            ("HuaweiMode=yes", Method::Huawei),
            ("SierraMode=1", Method::Sierra),
            ("SequansMode=1", Method::Sequans),
            ("OptionMode=1", Method::Option),
            ("QuantaMode=true", Method::Quanta),
            ("KobilMode=1", Method::Kobil),
            ("SonyMode=1", Method::Sony),
            ("GCTMode=1", Method::Gct),
            ("QisdaMode=1", Method::Qisda),
            ("MobileActionMode=1", Method::MobileAction),
            ("CiscoMode=1", Method::Cisco),
            ("BlackberryMode=1", Method::Blackberry),
            ("PantechMode=4", Method::Pantech(4)),
            ("Configuration=3", Method::Plain),
            ("AltSetting=1", Method::Plain),
            ("DetachStorageOnly=1", Method::Plain),
            ("Configuration=0", Method::Mbim),
        ] {
            assert_eq!(parse(text).unwrap().remove(0).plan.method, method, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_named_by_its_line() {
        for (text, words) in [
            ("", "how to switch"),
            ("StandardEject=0", "how to switch"),
            (
                "\nTargetVendor=0x12d1f\nHuaweiMode=1",
                "line 2: TargetVendor",
            ),
            ("TargetVendor=+12d", "line 1"),
            ("MessageContent=\"555\"", "line 1: the message is not"),
            ("Configuration=x", "Configuration"),
            ("Configuration=256", "Configuration"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
        assert_eq!(parse(&"#".repeat(FILE + 1)), Err(SettingsError::TooLong));
    }

    #[test]
    fn switching_is_disabled_by_words_of_debians_file() {
        assert!(is_switching_disabled("# x\nDisableSwitching=1\n"));
        assert!(is_switching_disabled("DisableSwitching = Yes # why"));
        assert!(!is_switching_disabled(
            "#DisableSwitching=1\nDisableSwitching=0\n"
        ));
        assert!(!is_switching_disabled(""));
    }
}
