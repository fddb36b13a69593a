//! `sms-bridge store`: looks after the store while the bridge does not run.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use bridge_core::store::{self, Since};
use bridge_core::{Clock, Country, Timestamp};
use clap::{Args, Subcommand};

use crate::cli;
use crate::config::{self, DEFAULT_PATH, Level};

/// `sms-bridge store …`
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Read everything that is stored and say what is wrong with it. Changes nothing; exit code 1 if something is.
    #[command(after_help = "\
Examples:
  sms-bridge store check
  sms-bridge store check --data-dir /var/lib/sms-bridge")]
    Check(Place),
    /// Write everything that is stored into a file, one JSON object a line. It holds numbers and texts.
    #[command(after_help = "\
Examples:
  sms-bridge store export                          into data_dir, where a start after damage finds it
  sms-bridge store export --to backup.jsonl
  sms-bridge store export --to - | jq -r 'select(.kind == \"message\") | .value.text'")]
    Export(Export),
    /// Make the store from an export, where there is none or an empty one. All of it, or nothing.
    #[command(after_help = "\
What was not sent when the export was written may have been sent since: you are asked before any of it goes out. With
--as-it-was it goes out by itself; only where the bridge did not run after the export, like on a move to another machine.

Examples:
  sms-bridge store import backup.jsonl
  sms-bridge store import backup.jsonl --as-it-was")]
    Import(Import),
    /// Write the store anew without what is not needed any more, so that it takes less room.
    #[command(after_help = "\
Needs as much room again while it runs. A power cut in the middle leaves the old store or the new one, whole.

Examples:
  sms-bridge store compact")]
    Compact(Place),
}

/// Which store.
#[derive(Args)]
pub(crate) struct Place {
    /// The configuration file that names data_dir.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_PATH, conflicts_with = "data_dir")]
    config: PathBuf,
    /// The folder above the store, in place of a configuration.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Export {
    #[command(flatten)]
    place: Place,
    /// Where to; - is standard output. [default: store-export-TIME.jsonl in data_dir]
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Import {
    /// An export.
    #[arg(value_name = "FILE")]
    from: PathBuf,
    #[command(flatten)]
    place: Place,
    /// The bridge did not run after this export: go on exactly where it was.
    #[arg(long)]
    as_it_was: bool,
}

/// Does what was asked for.
///
/// # Errors
///
/// The store is in use or cannot be opened, a file cannot be read or written, or standard output fails.
pub(crate) fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Check(place) => check(&place),
        Command::Export(export) => export.run(),
        Command::Import(import) => import.run(),
        Command::Compact(place) => compact(&place),
    }
}

impl Place {
    /// How numbers without `+` are read on the first SIM. `None`: no configuration says so.
    pub(crate) fn country(&self) -> Option<Country> {
        if self.data_dir.is_some() {
            return None;
        }
        let (config, _) = config::load(&self.config, config::variables());
        config?.lines.first()?.country
    }

    pub(crate) fn data_dir(&self) -> Result<PathBuf> {
        if let Some(data_dir) = &self.data_dir {
            return Ok(data_dir.clone());
        }
        let (config, findings) = config::load(&self.config, config::variables());
        // Whatever else is wrong with it does not matter here.
        let is_of_folder = |words: &str| words.contains("data_dir");
        let wrong = findings.iter().find(|found| {
            found.level == Level::Error && (config.is_none() || is_of_folder(&found.words))
        });
        match (wrong, &config) {
            (Some(finding), _) => bail!("{}", finding.words),
            (None, Some(config)) => Ok(config.data_dir.clone()),
            (None, None) => bail!("{} cannot be read", self.config.display()),
        }
    }
}

fn check(place: &Place) -> Result<ExitCode> {
    let data_dir = place.data_dir()?;
    let report = store::check(&data_dir)?;
    let mut out = io::stdout().lock();
    for (kind, count) in &report.records {
        writeln!(out, "{count:>9} {kind}")?;
    }
    let total: u64 = report.records.values().sum();
    let format = report.format.map(|format| format!(", format {format}"));
    writeln!(
        out,
        "{total:>9} records, {} on disk{}",
        mebibytes(report.size),
        format.unwrap_or_default()
    )?;
    for finding in &report.findings {
        writeln!(out, "error: {finding}")?;
    }
    if report.more > 0 {
        writeln!(out, "error: and {} more", report.more)?;
    }
    if report.is_fine() {
        writeln!(out, "nothing is wrong")?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

impl Export {
    fn run(&self) -> Result<ExitCode> {
        let data_dir = self.place.data_dir()?;
        let to = match &self.to {
            Some(to) if to.as_os_str() == "-" => {
                store::export(&data_dir, &mut io::stdout().lock(), now())?;
                return Ok(ExitCode::SUCCESS);
            }
            Some(to) => to.clone(),
            None => store::export_path(&data_dir, now()),
        };
        let records = store::export_to_file(&data_dir, &to, now())?;
        writeln!(io::stdout(), "{records} records are in {}", to.display())?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Import {
    fn run(&self) -> Result<ExitCode> {
        let data_dir = self.place.data_dir()?;
        let since = if self.as_it_was {
            Since::Nothing
        } else {
            Since::Unknown
        };
        let records = store::import(&data_dir, &self.from, since, now())?;
        writeln!(
            io::stdout(),
            "{records} records are in {}",
            data_dir.join("store").display()
        )?;
        if !self.as_it_was {
            cli::say(
                "What was not sent by then may have been sent since: you are asked before any of it goes out.",
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn compact(place: &Place) -> Result<ExitCode> {
    let data_dir = place.data_dir()?;
    let done = store::compact(&data_dir)?;
    writeln!(
        io::stdout(),
        "{} on disk, {} before",
        mebibytes(done.after),
        mebibytes(done.before)
    )?;
    Ok(ExitCode::SUCCESS)
}

fn now() -> Timestamp {
    Clock::system().now()
}

fn mebibytes(octets: u64) -> String {
    let tenths = octets.saturating_mul(10) / (1024 * 1024);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}
