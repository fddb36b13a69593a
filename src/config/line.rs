//! `[line.NAME]`: one SIM in one modem.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use bridge_core::quiet::{Quiet, QuietHours};
use bridge_core::{Country, Languages, Limits, LineName, MayText};
use modem::{
    Address, Calls, FlowControl, Imei, InitCommand, Listening, Memory, Pacing, Pin, ServiceCentre,
    UsbPath,
};
use secrecy::ExposeSecret;

use super::finding::Finding;
use super::section::{Section, Table};

pub(super) const KEYS: &[&str] = &[
    "port",
    "imei",
    "usb_path",
    "baud",
    "flow_control",
    "service_centre",
    "smsc",
    "country",
    "pin",
    "pin_file",
    "send_delay",
    "two_step_send",
    "delivery_reports",
    "languages",
    "storage",
    "incoming",
    "poll_interval",
    "init",
    "hang_up_calls",
    "network_timeout",
    "messages_per_minute",
    "parts_per_day",
    "confirm_parts",
    "price_per_part",
    "may_text",
    "quiet_hours",
    "utc_offset",
];

/// How often a line may be looked at.
const POLL_INTERVAL: RangeInclusive<Duration> = Duration::from_secs(5)..=Duration::from_secs(3600);
/// Longest pause between two pieces of what is written to a modem.
const SEND_DELAY: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(1);
/// Shorter would cut off a modem that looks for a network; zero is for ever.
const NETWORK_TIMEOUT: RangeInclusive<Duration> =
    Duration::from_secs(180)..=Duration::from_secs(86_400);
/// No line is without limits.
const MOST_MESSAGES: u32 = 100_000;
const MOST_PARTS: u32 = 10_000_000;
/// Own commands at most.
const INIT: usize = 32;

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
    /// The languages whose national tables may be used.
    pub(crate) languages: Languages,
    /// Whether a message is stored in the modem before it is sent.
    pub(crate) two_step_send: bool,
    /// Which of several modems; a port by name must be that of this one.
    pub(crate) imei: Option<Imei>,
    /// Which of several modems.
    pub(crate) usb_path: Option<UsbPath>,
    pub(crate) flow_control: FlowControl,
    /// `None`: as fast as the port takes it.
    pub(crate) pacing: Option<Pacing>,
    /// `None`: the SIM where the modem offers it.
    pub(crate) storage: Option<Memory>,
    pub(crate) listening: Listening,
    /// `None`: as the modem crate has it.
    pub(crate) poll_interval: Option<Duration>,
    pub(crate) init: Vec<InitCommand>,
    pub(crate) calls: Calls,
    /// Zero: for ever. `None`: as the modem crate has it.
    pub(crate) network_timeout: Option<Duration>,
    /// What may be spent.
    pub(crate) limits: Limits,
    /// When nothing makes a sound. `None`: never.
    pub(crate) quiet: Option<Quiet>,
}

pub(super) fn read_all(
    tables: Vec<(String, Table)>,
    quiet_hours: Option<QuietHours>,
    findings: &mut Vec<Finding>,
) -> Vec<Line> {
    let mut ports: BTreeMap<String, String> = BTreeMap::new();
    let mut lines = Vec::new();
    for (name, table) in tables {
        let Some(checked) = super::checked_name("line", &name, findings) else {
            continue;
        };
        let Some(line) = read(checked, table, quiet_hours, findings) else {
            continue;
        };
        match ports.insert(place(&line), name.clone()) {
            Some(other) => findings.push(Finding::error(format!(
                "[line.{name}] port: {} is the port of [line.{other}] too; each SIM has a modem of its own{}",
                line.port,
                if line.port == Address::Auto {
                    ": tell them apart with imei or usb_path"
                } else {
                    ""
                }
            ))),
            None => lines.push(line),
        }
    }
    lines
}

fn read(
    name: LineName,
    table: Table,
    quiet_hours: Option<QuietHours>,
    findings: &mut Vec<Finding>,
) -> Option<Line> {
    let mut section = Section::new(format!("line.{name}"), table, KEYS, findings);
    let had_port = section.has("port");
    let port: Option<Address> = section.parsed("port");
    if !had_port {
        section.fail_key(
            "port",
            "it is missing: write port = \"auto\" for the USB modem of this machine, or its AT port, like \
             \"/dev/ttyUSB2\" or \"tcp://192.168.1.1:4000\"",
        );
    }
    let imei = section.parsed("imei");
    let usb_path: Option<UsbPath> = section.parsed("usb_path");
    if usb_path.is_some() && port.as_ref().is_some_and(|port| *port != Address::Auto) {
        section.fail_key(
            "usb_path",
            "it finds the modem only with port = \"auto\": keep one of the two",
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
    let service_centre = match (section.parsed("service_centre"), section.parsed("smsc")) {
        (Some(_), Some(_)) => {
            section.fail_key(
                "smsc",
                "it is another name of service_centre: keep one of the two",
            );
            None
        }
        (one, other) => one.or(other),
    };
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
    let flow_control = section.word(
        "flow_control",
        &[
            ("none", FlowControl::None),
            ("hardware", FlowControl::Hardware),
            ("software", FlowControl::Software),
        ],
    );
    let pacing = section
        .duration("send_delay", SEND_DELAY, &[])
        .filter(|pause| !pause.is_zero())
        .map(|pause| Pacing {
            pause,
            ..Pacing::GENTLE
        });
    let storage = section.text("storage").and_then(|name| {
        let memory = Memory::parse(&name);
        if memory.is_none() {
            section.fail_key(
                "storage",
                "expected the name of a memory: \"SM\" (the SIM), \"ME\" (the modem) or \"MT\" (both)",
            );
        }
        memory
    });
    let listening = section.word(
        "incoming",
        &[
            ("announced", Listening::Announcements),
            ("polled", Listening::Polling),
        ],
    );
    let init = section.texts("init").unwrap_or_default();
    if init.len() > INIT {
        section.fail_key(
            "init",
            format!("{} commands are too many: {INIT} at most", init.len()),
        );
    }
    let mut commands = Vec::new();
    for text in &init {
        match text.parse::<InitCommand>() {
            Ok(command) => commands.push(command),
            Err(error) => section.fail_key("init", error),
        }
    }
    let calls = match section.flag("hang_up_calls") {
        Some(true) => Calls::HangUp,
        Some(false) | None => Calls::LetRing,
    };
    let two_step_send = section.flag("two_step_send").unwrap_or(false);
    let mut languages = Languages::NONE;
    for name in section.texts("languages").unwrap_or_default() {
        match name.parse() {
            Ok(language) => languages = languages.with(language),
            Err(error) => section.fail_key("languages", error),
        }
    }
    let poll_interval = section.duration("poll_interval", POLL_INTERVAL, &[]);
    let network_timeout = section.duration("network_timeout", NETWORK_TIMEOUT, &[Duration::ZERO]);
    let limits = read_limits(&mut section);
    let hours = read_quiet_hours(&mut section).unwrap_or(quiet_hours);
    let offset = section.parsed("utc_offset");
    let quiet = hours.map(|hours| Quiet { hours, offset });
    Some(Line {
        name,
        port: port?,
        baud,
        country,
        service_centre,
        pin,
        delivery_reports,
        languages,
        two_step_send,
        imei,
        usb_path,
        flow_control: flow_control.unwrap_or_default(),
        pacing,
        storage,
        listening: listening.unwrap_or_default(),
        poll_interval,
        init: commands,
        calls,
        network_timeout,
        limits,
        quiet,
    })
}

/// `None`: the key is not there, or wrong. `Some(None)`: never.
pub(super) fn read_quiet_hours(section: &mut Section<'_>) -> Option<Option<QuietHours>> {
    let text = section.text("quiet_hours")?;
    if text.trim() == "never" {
        return Some(None);
    }
    match text.parse() {
        Ok(hours) => Some(Some(hours)),
        Err(error) => {
            section.fail_key("quiet_hours", error);
            None
        }
    }
}

fn read_limits(section: &mut Section<'_>) -> Limits {
    let usual = Limits::default();
    let mut number = |key, usual, most: u32| match section.number(key).map(u32::try_from) {
        None => usual,
        Some(Ok(number)) if (1..=most).contains(&number) => number,
        Some(_) => {
            section.fail_key(key, format!("expected a number from 1 to {most}"));
            usual
        }
    };
    let messages_per_minute = number(
        "messages_per_minute",
        usual.messages_per_minute,
        MOST_MESSAGES,
    );
    let parts_per_day = number("parts_per_day", usual.parts_per_day, MOST_PARTS);
    let confirm_parts = number("confirm_parts", usual.confirm_parts, 255);
    let texts = section.texts("may_text").unwrap_or_default();
    let may_text = match MayText::parse(texts.iter().map(String::as_str)) {
        Ok(may_text) => may_text,
        Err(words) => {
            section.fail_key("may_text", words);
            usual.may_text
        }
    };
    Limits {
        messages_per_minute,
        parts_per_day,
        confirm_parts,
        price_per_part: section.parsed("price_per_part"),
        may_text,
    }
}

/// Two names of one device are one port; modems that are looked for are told apart by what they are found by.
fn place(line: &Line) -> String {
    match &line.port {
        Address::Auto => match (&line.usb_path, &line.imei) {
            (Some(path), _) => format!("auto {path}"),
            (None, Some(imei)) => format!("auto {}", imei.reveal()),
            (None, None) => "auto".to_owned(),
        },
        Address::Path(path) => path
            .canonicalize()
            .unwrap_or_else(|_| path.clone())
            .display()
            .to_string(),
        port @ Address::Tcp { .. } => port.to_string(),
    }
}
