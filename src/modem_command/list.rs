//! `sms-bridge modem list`: what is plugged in, whose ports would be used, who has them open. Opens no port unless asked to.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use modem::discovery::holder::{Holder, holders};
use modem::discovery::{Candidate, Kind, Sysfs, candidates};
use serde_json::json;

use super::port::{NOTHING, answers};

#[derive(Args)]
pub(crate) struct List {
    /// Open each port of a modem for an instant and ask whether somebody answers.
    #[arg(long)]
    probe: bool,
    /// One JSON array with an object for each device.
    #[arg(long)]
    json: bool,
}

/// A device with what else was found out.
struct Listed {
    candidate: Candidate,
    /// In the order in which they would be asked.
    ports: Vec<ListedPort>,
}

struct ListedPort {
    path: PathBuf,
    /// Its name below `/dev/serial/by-id`, which stays when ports are numbered anew.
    by_id: Option<PathBuf>,
    interface: u8,
    holders: Vec<Holder>,
    answer: Answer,
}

/// What came of asking a port.
enum Answer {
    NotAsked,
    Answers,
    Silent,
    Refused(String),
}

impl List {
    pub(super) async fn run(self) -> Result<ExitCode> {
        let names = stable_names(Path::new("/dev/serial/by-id"));
        let mut listed = Vec::new();
        for candidate in candidates(&Sysfs::default()) {
            let mut ports = Vec::new();
            for port in candidate.ports_to_ask() {
                let real = port
                    .path
                    .canonicalize()
                    .unwrap_or_else(|_| port.path.clone());
                let holders = holders(&port.path);
                let asked = self.probe && candidate.kind == Kind::Serial;
                let answer = if asked {
                    ask(&port.path).await
                } else {
                    Answer::NotAsked
                };
                ports.push(ListedPort {
                    path: port.path.clone(),
                    by_id: names.get(&real).cloned(),
                    interface: port.interface.number,
                    holders,
                    answer,
                });
            }
            listed.push(Listed { candidate, ports });
        }
        let mut out = io::stdout().lock();
        if self.json {
            let devices: Vec<_> = listed.iter().map(Listed::json).collect();
            writeln!(out, "{:#}", serde_json::Value::from(devices))?;
        } else {
            write!(out, "{}", report(&listed))?;
        }
        out.flush()?;
        let usable = listed
            .iter()
            .any(|device| device.candidate.kind == Kind::Serial);
        Ok(if usable {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

async fn ask(path: &Path) -> Answer {
    match answers(path).await {
        Ok(true) => Answer::Answers,
        Ok(false) => Answer::Silent,
        Err(error) => Answer::Refused(error.to_string()),
    }
}

fn stable_names(folder: &Path) -> BTreeMap<PathBuf, PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| Some((entry.path().canonicalize().ok()?, entry.path())))
        .collect()
}

fn report(listed: &[Listed]) -> String {
    if listed.is_empty() {
        return format!("{NOTHING}\n");
    }
    let mut text = String::new();
    for device in listed {
        text.push_str(&device.lines());
    }
    text
}

impl Listed {
    /// The port that the bridge would use, as far as can be told: the first that answers, or the first to be asked.
    fn used(&self) -> Option<&ListedPort> {
        let modem = self.candidate.kind == Kind::Serial;
        let asked = self
            .ports
            .iter()
            .any(|port| !matches!(port.answer, Answer::NotAsked));
        self.ports
            .iter()
            .find(|port| modem && (!asked || matches!(port.answer, Answer::Answers)))
    }

    fn lines(&self) -> String {
        let candidate = &self.candidate;
        let mut text = format!("{candidate}\n");
        let used = self.used().map(|port| port.path.clone());
        for port in &self.ports {
            let mut words = Vec::new();
            match &port.answer {
                Answer::NotAsked if used.as_ref() == Some(&port.path) => {
                    words.push("would be asked first".to_owned());
                }
                Answer::NotAsked => {}
                Answer::Answers if used.as_ref() == Some(&port.path) => {
                    words.push("answers; would be used".to_owned());
                }
                Answer::Answers => words.push("answers".to_owned()),
                Answer::Silent => words.push("does not answer".to_owned()),
                Answer::Refused(why) => words.push(why.clone()),
            }
            // A refusal names them already.
            if !matches!(port.answer, Answer::Refused(_)) {
                for holder in &port.holders {
                    words.push(format!("in use by {holder}: {}", advice(holder, candidate)));
                }
            }
            text.push_str(&format!(
                "  {:<14} {}\n",
                port.path.display(),
                words.join("; ")
            ));
            if let Some(name) = &port.by_id {
                text.push_str(&format!("  {:<14} also {}\n", "", name.display()));
            }
        }
        if let Some(advice) = candidate.advice() {
            text.push_str(&format!("  {advice}\n"));
        } else if candidate.kind == Kind::Serial {
            text.push_str(&format!(
                "  in the configuration: port = \"auto\"; with several modems also usb_path = \"{}\"\n",
                candidate.usb_path
            ));
        }
        text
    }

    fn json(&self) -> serde_json::Value {
        let candidate = &self.candidate;
        let used = self.used().map(|port| &port.path);
        let ports: Vec<_> = self
            .ports
            .iter()
            .map(|port| {
                let holders: Vec<_> = port
                    .holders
                    .iter()
                    .map(|holder| json!({"pid": holder.id, "name": holder.name}))
                    .collect();
                json!({
                    "path": port.path.display().to_string(),
                    "by_id": port.by_id.as_ref().map(|name| name.display().to_string()),
                    "interface": port.interface,
                    "used": used == Some(&port.path),
                    "answers": match &port.answer {
                        Answer::NotAsked | Answer::Refused(_) => None,
                        Answer::Answers => Some(true),
                        Answer::Silent => Some(false),
                    },
                    "holders": holders,
                })
            })
            .collect();
        json!({
            "usb_path": candidate.usb_path.as_str(),
            "vendor_id": format!("{:04x}", candidate.vendor),
            "product_id": format!("{:04x}", candidate.product),
            "manufacturer": candidate.manufacturer,
            "model": candidate.model,
            "kind": kind(candidate.kind),
            "advice": candidate.advice(),
            "ports": ports,
        })
    }
}

fn advice(holder: &Holder, device: &Candidate) -> String {
    if holder.name == "sms-bridge" {
        "as it should be".to_owned()
    } else {
        holder.advice(Some(device))
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Serial => "modem",
        Kind::Adapter => "adapter",
        Kind::CdRom => "cd-rom",
        Kind::HiLink => "hilink",
        Kind::QmiOnly => "qmi",
        Kind::MbimOnly => "mbim",
        Kind::NoDriver => "no-driver",
    }
}

#[cfg(test)]
mod tests {
    use modem::discovery::{Interface, SerialPort};

    use super::*;

    fn device(kind: Kind, vendor: u16, product: u16) -> Candidate {
        Candidate {
            usb_path: "1-1.2".parse().unwrap(),
            vendor,
            product,
            manufacturer: Some("HUAWEI".to_owned()),
            model: Some("HUAWEI Mobile".to_owned()),
            serial: None,
            ports: Vec::new(),
            interfaces: Vec::new(),
            kind,
        }
    }

    fn port(name: &str, number: u8) -> SerialPort {
        SerialPort {
            name: name.to_owned(),
            path: Path::new("/dev").join(name),
            interface: Interface {
                number,
                class: 0xff,
                subclass: 0xff,
                protocol: 0xff,
                driver: Some("option".to_owned()),
            },
        }
    }

    fn listed(answers: [Answer; 2], holders: Vec<Holder>) -> Listed {
        let mut candidate = device(Kind::Serial, 0x12d1, 0x1506);
        candidate.ports = vec![port("ttyUSB0", 0), port("ttyUSB2", 2)];
        let ports = candidate.ports.clone();
        Listed {
            candidate,
            ports: ports
                .into_iter()
                .zip(answers)
                .map(|(port, answer)| ListedPort {
                    path: port.path,
                    by_id: None,
                    interface: port.interface.number,
                    holders: holders.clone(),
                    answer,
                })
                .collect(),
        }
    }

    #[test]
    fn a_machine_without_a_modem_says_what_to_do() {
        let text = report(&[]);
        assert!(
            text.starts_with("no modem is plugged in here: plug the stick in"),
            "{text}"
        );
    }

    #[test]
    fn a_modem_shows_its_ports_and_who_has_them() {
        let text = listed([Answer::NotAsked, Answer::NotAsked], Vec::new()).lines();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "HUAWEI Mobile (12d1:1506, usb_path 1-1.2)");
        assert_eq!(lines[1], "  /dev/ttyUSB0   would be asked first");
        assert!(lines[3].contains("port = \"auto\""), "{text}");

        let held = Holder {
            id: 812,
            name: "ModemManager".to_owned(),
        };
        let text = listed([Answer::NotAsked, Answer::NotAsked], vec![held]).lines();
        assert!(
            text.contains("in use by ModemManager (process 812): "),
            "{text}"
        );
        assert!(text.contains("ID_MM_DEVICE_IGNORE"), "{text}");
    }

    #[test]
    fn the_port_that_answers_is_the_one() {
        let asked = listed([Answer::Silent, Answer::Answers], Vec::new());
        let text = asked.lines();
        assert!(text.contains("/dev/ttyUSB0   does not answer"), "{text}");
        assert!(
            text.contains("/dev/ttyUSB2   answers; would be used"),
            "{text}"
        );
        let object = asked.json();
        assert_eq!(object["ports"][1]["used"], true);
        assert_eq!(object["ports"][0]["answers"], false);
        assert_eq!(object["vendor_id"], "12d1");
    }

    #[test]
    fn a_stick_without_a_port_is_named_with_what_to_do() {
        let kinds = [
            (Kind::HiLink, 0x12d1, 0x14dc, "HiLink"),
            (Kind::QmiOnly, 0x1199, 0x9071, "QMI"),
            (Kind::MbimOnly, 0x413c, 0x81d7, "MBIM"),
            (Kind::CdRom, 0x12d1, 0x1446, "usb-modeswitch"),
        ];
        for (kind, vendor, product, words) in kinds {
            let text = Listed {
                candidate: device(kind, vendor, product),
                ports: Vec::new(),
            }
            .lines();
            assert!(text.contains(words), "{text}");
        }
    }
}
