//! `sms-bridge usb list`.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use modem::discovery::Sysfs;
use modem::usb::devices::{State, Surveyed, survey};
use serde_json::json;

use super::Tables;

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    tables: Tables,
    /// As JSON, for programs.
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) fn run(self) -> Result<ExitCode> {
        let sources = self.tables.sources()?;
        let found = survey(&Sysfs::default(), &sources);
        let mut out = io::stdout().lock();
        if self.json {
            let devices: Vec<_> = found.iter().map(object).collect();
            writeln!(out, "{:#}", serde_json::Value::from(devices))?;
        } else {
            write!(out, "{}", report(&found, sources.is_disabled()))?;
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

fn report(found: &[Surveyed], disabled: bool) -> String {
    let mut text: String = found.iter().map(lines).collect();
    if found.is_empty() {
        text.push_str("no modem and no disc is plugged in by USB here\n");
    }
    if disabled {
        text.push_str(
            "/etc/usb_modeswitch.conf says DisableSwitching: sms-bridge run switches nothing, sms-bridge usb switch does\n",
        );
    }
    text
}

fn lines(one: &Surveyed) -> String {
    let device = &one.device;
    let names = [&device.strings.manufacturer, &device.strings.product];
    let names: Vec<&str> = names
        .into_iter()
        .map(String::as_str)
        .filter(|name| !name.is_empty())
        .collect();
    let name = if names.is_empty() {
        "a USB device".to_owned()
    } else {
        names.join(" ")
    };
    let mut text = format!("{name} ({}, usb_path {})\n", device.id, device.usb_path);
    match (&one.state, &one.lookup.found) {
        (State::Modem(_), _) => text.push_str("  modem: sms-bridge modem list says more\n"),
        (State::NeedsSwitching, Some((plan, source))) => text.push_str(&format!(
            "  needs switching: by {}, becomes {}; says {source}\n",
            plan.method.name(),
            plan.target
        )),
        (State::Unknown, Some((plan, source))) => text.push_str(&format!(
            "  left alone: {}; says {source}\n",
            plan.method.name()
        )),
        (State::NeedsSwitching | State::Unknown, None) => {
            text.push_str("  unknown: no table has it, it is left alone\n");
        }
    }
    for problem in &one.lookup.problems {
        text.push_str(&format!("  not used: {problem}\n"));
    }
    text
}

fn object(one: &Surveyed) -> serde_json::Value {
    let found = one.lookup.found.as_ref();
    json!({
        "usb_path": one.device.usb_path.as_str(),
        "id": one.device.id.to_string(),
        "manufacturer": one.device.strings.manufacturer,
        "product": one.device.strings.product,
        "state": match one.state {
            State::Modem(_) => "modem",
            State::NeedsSwitching => "needs-switching",
            State::Unknown => "unknown",
        },
        "method": found.map(|(plan, _)| plan.method.name()),
        "target": found.map(|(plan, _)| plan.target.to_string()),
        "source": found.map(|(_, source)| source.to_string()),
        "problems": one.lookup.problems,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use modem::usb::devices::Device;
    use modem::usb::file_name::Strings;
    use modem::usb::sources::{Lookup, Source};

    use super::*;

    pub(crate) fn surveyed(id: &str) -> Surveyed {
        let id = id.parse().unwrap();
        let found = modem::usb::known(id).map(|plan| (plan, Source::Own));
        Surveyed {
            device: Device {
                usb_path: "1-1".parse().unwrap(),
                id,
                class: 8,
                strings: Strings {
                    product: "PHS-100".to_owned(),
                    ..Strings::default()
                },
            },
            state: if found.is_some() {
                State::NeedsSwitching
            } else {
                State::Unknown
            },
            lookup: Lookup {
                found,
                problems: vec!["/etc/usb-mode.json: it is no JSON".to_owned()],
            },
        }
    }

    #[test]
    fn each_device_says_what_it_is_and_who_says_so() {
        let text = report(&[surveyed("1e0e:f000"), surveyed("0781:5567")], true);
        for words in [
            "PHS-100 (1e0e:f000, usb_path 1-1)\n",
            "needs switching: by message, becomes 1e0e:9000 or 9100 or 9200; says the table of sms-bridge\n",
            "unknown: no table has it",
            "not used: /etc/usb-mode.json",
            "DisableSwitching",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(report(&[], false).contains("no modem and no disc"));
        let object = object(&surveyed("1e0e:f000"));
        assert_eq!(object["state"], "needs-switching");
        assert_eq!(object["source"], "the table of sms-bridge");
    }
}
