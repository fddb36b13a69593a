//! `sms-bridge contacts`: names from a phone and back, as vCards, while the bridge does not run.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use bridge_core::{Country, store, vcard};
use clap::{Args, Subcommand};

use crate::cli;
use crate::store_command::Place;

/// No phone's contacts are larger once pictures are left out, and hardly any with them.
const LARGEST: u64 = 64 * 1024 * 1024;
/// Numbers and names that were left out and are named.
const NAMED: usize = 20;

/// `sms-bridge contacts …`
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Name the numbers in a vCard file, as phones export it. Who has a name already gets the one of the file.
    #[command(after_help = "\
Numbers without + are read as in the country of the first SIM in the configuration, or of --country.

Examples:
  sms-bridge contacts import contacts.vcf
  sms-bridge contacts import contacts.vcf --country PK")]
    Import(Import),
    /// Write all contacts as vCards.
    #[command(after_help = "\
Examples:
  sms-bridge contacts export > contacts.vcf")]
    Export(Place),
}

#[derive(Args)]
pub(crate) struct Import {
    /// A vCard file (.vcf) of version 2.1, 3.0 or 4.0; - is standard input.
    #[arg(value_name = "FILE")]
    from: PathBuf,
    #[command(flatten)]
    place: Place,
    /// Where numbers without + are from: two letters, like PK.
    #[arg(long, value_name = "COUNTRY")]
    country: Option<Country>,
}

/// Does what was asked for.
///
/// # Errors
///
/// The store is in use or cannot be opened, a file cannot be read, or standard output fails.
pub(crate) fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Import(import) => import.run(),
        Command::Export(place) => export(&place),
    }
}

impl Import {
    fn run(&self) -> Result<ExitCode> {
        let data_dir = self.place.data_dir()?;
        let country = self.country.or_else(|| self.place.country());
        let cards = vcard::read(&self.file()?);
        if cards.is_empty() {
            bail!(
                "{} holds no vCard with a name and a number; nothing was changed",
                self.from.display()
            );
        }
        let imported = store::import_contacts(&data_dir, &cards, country)?;
        for words in imported.left_out.iter().take(NAMED) {
            cli::say(&format!("left out: {words}"));
        }
        let more = imported.left_out.len().saturating_sub(NAMED);
        if more > 0 {
            cli::say(&format!("left out: {more} more"));
        }
        writeln!(io::stdout(), "{} numbers have a name now", imported.numbers)?;
        Ok(ExitCode::SUCCESS)
    }

    fn file(&self) -> Result<Vec<u8>> {
        let mut file: Box<dyn Read> = if self.from.as_os_str() == "-" {
            Box::new(io::stdin().lock())
        } else {
            let file = File::open(&self.from);
            Box::new(file.with_context(|| format!("failed to open {}", self.from.display()))?)
        };
        let mut octets = Vec::new();
        file.by_ref()
            .take(LARGEST + 1)
            .read_to_end(&mut octets)
            .with_context(|| format!("failed to read {}", self.from.display()))?;
        if u64::try_from(octets.len()).is_ok_and(|length| length > LARGEST) {
            bail!(
                "{} is larger than {} MiB; export it without pictures",
                self.from.display(),
                LARGEST / 1024 / 1024
            );
        }
        Ok(octets)
    }
}

fn export(place: &Place) -> Result<ExitCode> {
    let cards = store::export_contacts(&place.data_dir()?)?;
    io::stdout()
        .lock()
        .write_all(vcard::write(&cards).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
