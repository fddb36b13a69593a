//! `[line.NAME]`: one SIM in one modem.

use std::collections::BTreeMap;

use bridge_core::{Country, LineName};
use modem::{Address, Pin, ServiceCentre};
use secrecy::ExposeSecret;

use super::finding::Finding;
use super::section::{Section, Table};

pub(super) const KEYS: &[&str] = &[
    "port",
    "baud",
    "country",
    "service_centre",
    "pin",
    "pin_file",
    "delivery_reports",
];

/// One SIM in one modem.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: LineName,
    pub(crate) port: Address,
    /// Bits per second.
    pub(crate) baud: u32,
    /// How numbers without `+` are read. `None`: as the SIM's country says.
    pub(crate) country: Option<Country>,
    /// `None`: the SIM's own.
    pub(crate) service_centre: Option<ServiceCentre>,
    /// `None`: the SIM asks for none.
    pub(crate) pin: Option<Pin>,
    /// Whether delivery reports are asked for.
    pub(crate) delivery_reports: bool,
}

pub(super) fn read_all(tables: Vec<(String, Table)>, findings: &mut Vec<Finding>) -> Vec<Line> {
    let mut ports: BTreeMap<String, String> = BTreeMap::new();
    let mut lines = Vec::new();
    for (name, table) in tables {
        let Some(checked) = super::checked_name("line", &name, findings) else {
            continue;
        };
        let Some(line) = read(checked, table, findings) else {
            continue;
        };
        match ports.insert(canonical(&line.port), name.clone()) {
            Some(other) => findings.push(Finding::error(format!(
                "[line.{name}] port: {} is the port of [line.{other}] too; each SIM has a modem of its own",
                line.port
            ))),
            None => lines.push(line),
        }
    }
    lines
}

fn read(name: LineName, table: Table, findings: &mut Vec<Finding>) -> Option<Line> {
    let mut section = Section::new(format!("line.{name}"), table, KEYS, findings);
    let had_port = section.has("port");
    let port: Option<Address> = section.parsed("port");
    if !had_port {
        section.fail_key(
            "port",
            "it is missing: write the modem's AT port, like port = \"/dev/ttyUSB2\" or \"tcp://192.168.1.1:4000\"",
        );
    }
    let baud = match section.number("baud").map(u32::try_from) {
        None => 115_200,
        Some(Ok(baud @ 300..=4_000_000)) => baud,
        Some(_) => {
            section.fail_key(
                "baud",
                "expected bits per second, 300 to 4000000; most modems take 115200",
            );
            115_200
        }
    };
    let country = section.parsed("country");
    let service_centre = section.parsed("service_centre");
    let pin = section.secret("pin", "pin_file").and_then(|secret| {
        let pin = secret.expose_secret().parse::<Pin>();
        match pin {
            Ok(pin) => Some(pin),
            Err(error) => {
                section.fail_key("pin", error);
                None
            }
        }
    });
    let delivery_reports = section.flag("delivery_reports").unwrap_or(true);
    Some(Line {
        name,
        port: port?,
        baud,
        country,
        service_centre,
        pin,
        delivery_reports,
    })
}

/// Two names of one device are one port.
fn canonical(port: &Address) -> String {
    match port {
        Address::Path(path) => path
            .canonicalize()
            .unwrap_or_else(|_| path.clone())
            .display()
            .to_string(),
        Address::Tcp { .. } => port.to_string(),
    }
}
