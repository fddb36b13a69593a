//! The configuration: a TOML file, then the environment (`SMS_BRIDGE__TELEGRAM__TOKEN`).
//!
//! Reading never stops at the first mistake: what can be read is read, and everything wrong is a [`Finding`] that says
//! what to do. A network that this build lacks is read and checked all the same, and then refused.

mod finding;
mod line;
mod matrix;
mod nearest;
mod people;
mod retention;
mod rule;
mod secret;
mod section;
mod telegram;

use std::collections::HashMap;
use std::io::ErrorKind;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bridge_core::chat::MessageState;
use bridge_core::{CodesFor, EXPIRE_AFTER, LineName, People, Rules, STALE_AFTER};
use config::{Environment, File, FileFormat};

pub(crate) use finding::{Finding, Level};
pub(crate) use line::Line;
pub(crate) use matrix::Matrix;
pub(crate) use telegram::Telegram;
#[cfg(feature = "telegram")]
pub(crate) use telegram::Topics;

use nearest::nearest;
use section::{Section, Table};

/// Where `sms-bridge run` looks unless told otherwise.
pub(crate) const DEFAULT_PATH: &str = "/etc/sms-bridge/config.toml";

/// `SMS_BRIDGE__SECTION__KEY`; names in it are lower case.
const ENVIRONMENT_PREFIX: &str = "SMS_BRIDGE";

/// A minute to a year.
const WAITS: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(365 * 86_400);

/// The words of [`MessageState`].
const REACTIONS: &[&str] = &[
    "queued",
    "sent",
    "delivered",
    "failed",
    "unknown",
    "cancelled",
];

const KEYS: &[&str] = &[
    "data_dir",
    "retention",
    "export_every",
    "log",
    "log_format",
    "stale_after",
    "expire_after",
    "codes",
    "quiet_hours",
    "line",
    "person",
    "rule",
    "telegram",
    "matrix",
    "usb",
];

const USB: &[&str] = &["config", "switch"];

/// What the bridge is to do. Where there are errors among the findings, only what was right.
#[derive(Debug)]
pub(crate) struct Config {
    /// The store, the sessions of chat networks.
    pub(crate) data_dir: PathBuf,
    /// How long messages are kept. `None`: for ever.
    pub(crate) retention: Option<Duration>,
    /// How often all that is stored is exported. `None`: never.
    pub(crate) export_every: Option<Duration>,
    /// Filter of the log, in the words of crate `tracing-subscriber`.
    pub(crate) log: String,
    pub(crate) log_format: LogFormat,
    /// A message that waited longer is sent only after a person was asked.
    pub(crate) stale_after: Duration,
    /// A message that waited longer is not sent any more.
    pub(crate) expire_after: Duration,
    pub(crate) lines: Vec<Line>,
    /// A file that says how a modem comes of a stick, as usb_modeswitch takes it.
    pub(crate) usb_config: Option<PathBuf>,
    /// Whether `run` switches sticks that show a CD-ROM first.
    pub(crate) usb_switching: bool,
    pub(crate) people: People,
    /// What becomes of messages that come in.
    pub(crate) rules: Rules,
    /// Who sees one-time codes.
    pub(crate) codes: CodesFor,
    #[cfg_attr(
        not(feature = "telegram"),
        allow(dead_code, reason = "this build has no Telegram")
    )]
    pub(crate) telegram: Option<Telegram>,
    #[cfg_attr(
        not(feature = "matrix"),
        allow(dead_code, reason = "this build has no Matrix")
    )]
    pub(crate) matrix: Option<Matrix>,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// Marks by state, those that differ from the adapter's own.
pub(crate) type Reactions = Vec<(MessageState, String)>;

/// Variables of the environment by name.
pub(crate) type Variables = HashMap<String, String>;

/// The process's own variables that this program may read.
pub(crate) fn variables() -> Variables {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| {
            name.to_uppercase()
                .starts_with(&format!("{ENVIRONMENT_PREFIX}__"))
        })
        .collect()
}

/// Reads the file and the environment. `None` where the file cannot be read or is no TOML.
pub(crate) fn load(path: &Path, variables: Variables) -> (Option<Config>, Vec<Finding>) {
    let shown = path.display();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let advice = if error.kind() == ErrorKind::NotFound {
                "; copy config.example.toml there, or name yours with --config"
            } else if error.kind() == ErrorKind::PermissionDenied {
                "; is it readable for the user that the bridge runs as?"
            } else {
                ""
            };
            let words = format!("failed to read the configuration {shown}: {error}{advice}");
            return (None, vec![Finding::error(words)]);
        }
    };
    parse(&text, variables, &shown.to_string())
}

fn parse(text: &str, variables: Variables, shown: &str) -> (Option<Config>, Vec<Finding>) {
    let environment = Environment::with_prefix(ENVIRONMENT_PREFIX)
        .prefix_separator("__")
        .separator("__")
        .source(Some(variables.into_iter().collect()));
    let table = config::Config::builder()
        .add_source(File::from_str(text, FileFormat::Toml))
        .add_source(environment)
        .build()
        .and_then(config::Config::try_deserialize::<Table>);
    match table {
        Ok(table) => {
            let mut findings = Vec::new();
            let config = Config::read(table, &mut findings);
            (Some(config), findings)
        }
        Err(error) => {
            let words = format!("{shown} is not valid TOML: {error}");
            (None, vec![Finding::error(words)])
        }
    }
}

impl Config {
    fn read(table: Table, findings: &mut Vec<Finding>) -> Self {
        // A mistyped section is one finding, not also "no line is configured".
        let mistyped: Vec<String> = table
            .keys()
            .filter(|key| !KEYS.contains(&key.as_str()))
            .filter_map(|key| nearest(key, KEYS.iter().copied()))
            .map(str::to_owned)
            .collect();
        let meant = |key: &str| mistyped.iter().any(|mistyped| mistyped == key);

        let mut top = Section::new("", table, KEYS, findings);
        let data_dir = top
            .path("data_dir")
            .unwrap_or_else(|| PathBuf::from("/var/lib/sms-bridge"));
        if !data_dir.is_absolute() {
            top.fail_key("data_dir", "write a full path, beginning with /");
        }
        let retention = retention::read(&mut top);
        let export_every = retention::read_export_every(&mut top);
        let log = top.text("log").unwrap_or_else(|| "info".to_owned());
        if let Err(words) = crate::logging::check_filter(&log) {
            top.fail_key("log", words);
        }
        let log_format = top
            .word(
                "log_format",
                &[("text", LogFormat::Text), ("json", LogFormat::Json)],
            )
            .unwrap_or(LogFormat::Text);
        let stale_after = top.duration("stale_after", WAITS, &[]);
        let expire_after = top.duration("expire_after", WAITS, &[]);
        let (stale_after, expire_after) = (
            stale_after.unwrap_or(STALE_AFTER),
            expire_after.unwrap_or(EXPIRE_AFTER),
        );
        if expire_after < stale_after {
            top.fail_key("expire_after", "must not be shorter than stale_after");
        }
        let codes = [("owner", CodesFor::Owner), ("everyone", CodesFor::Everyone)];
        let codes = top.word("codes", &codes).unwrap_or_default();
        let quiet_hours = line::read_quiet_hours(&mut top).flatten();
        let lines = top.named_tables("line");
        let persons = top.named_tables("person");
        let rules = top.tables("rule");
        let usb = top.table("usb");
        let telegram = top.table("telegram");
        let matrix = top.table("matrix");
        let networks = Networks {
            telegram: telegram.is_some() || meant("telegram"),
            matrix: matrix.is_some() || meant("matrix"),
        };

        if lines.is_empty() && !meant("line") {
            findings.push(Finding::error(
                "no SIM is configured: add a section [line.home] with the modem's port, like port = \"/dev/ttyUSB2\"",
            ));
        }
        if !networks.telegram && !networks.matrix {
            findings.push(Finding::error(
                "no chat network is configured: add a section [telegram] or [matrix]",
            ));
        }
        let named: Vec<LineName> = lines
            .iter()
            .filter_map(|(name, _)| name.parse().ok())
            .collect();
        let lines = line::read_all(lines, quiet_hours, findings);
        let rules = rule::read_all(rules, &named, findings);
        let (usb_config, usb_switching) =
            usb.map_or((None, false), |table| read_usb(table, findings));
        let (people, reading) = people::read_all(persons, networks, meant("person"), findings);
        let telegram = telegram.and_then(|table| telegram::read(table, &people, reading, findings));
        let matrix = matrix.and_then(|table| matrix::read(table, &people, reading, findings));
        Self {
            data_dir,
            retention,
            export_every,
            log,
            log_format,
            stale_after,
            expire_after,
            lines,
            usb_config,
            usb_switching,
            people,
            rules,
            codes,
            telegram,
            matrix,
        }
    }
}

/// Which chat networks have a section, be it a mistyped one.
#[derive(Clone, Copy, Debug)]
struct Networks {
    telegram: bool,
    matrix: bool,
}

/// `[line.NAME]` and `[person.NAME]` go by the same rules.
fn checked_name(section: &str, name: &str, findings: &mut Vec<Finding>) -> Option<LineName> {
    match name.parse() {
        Ok(name) => Some(name),
        Err(_) => {
            findings.push(Finding::error(format!(
                "[{section}.{name}]: a name has letters, digits, - and _ only, at most 32"
            )));
            None
        }
    }
}

/// `[usb]`: the file that `config` names, which has to be of use, and whether `run` switches.
fn read_usb(table: Table, findings: &mut Vec<Finding>) -> (Option<PathBuf>, bool) {
    let mut section = Section::new("usb", table, USB, findings);
    let switching = section.flag("switch").unwrap_or(false);
    let path = section.path("config");
    match path.as_deref().map(modem::usb::sources::devices_of) {
        Some(Err(error)) => {
            section.fail_key("config", error.to_string());
            (None, switching)
        }
        Some(Ok(_)) | None => (path, switching),
    }
}

/// `[NETWORK.reactions]`: a mark for each state of a message. An empty one shows nothing.
fn read_reactions(path: &str, table: Table, findings: &mut Vec<Finding>) -> Reactions {
    let mut section = Section::new(path, table, REACTIONS, findings);
    MessageState::ALL
        .into_iter()
        .filter_map(|state| Some((state, section.text(state.word())?)))
        .collect()
}

#[cfg(test)]
mod tests;
