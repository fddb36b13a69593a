//! `sms-bridge modem record`: what the driver and a modem say to each other, anonymised, in a file.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use modem::Address;
use modem::transcript::{Recorder, Tap};
use tokio::time::Instant;

use super::port;
use super::running::Watched;
use crate::cli::say;
use crate::signals::Signals;

/// A longer transcript helps nobody.
const LARGEST: u64 = 32 * 1024 * 1024;
/// Between two looks at half lines.
const LOOK: Duration = Duration::from_millis(250);

#[derive(Args)]
pub(crate) struct Record {
    /// A device such as /dev/ttyUSB2, a name in /dev/serial/by-id, tcp://host:port, or auto.
    port: Address,
    /// The file to write; it must not be there yet.
    file: PathBuf,
    /// How long to listen; Ctrl-C ends it earlier.
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
}

/// The transcript on its way into the file.
struct Writing {
    recorder: Recorder,
    file: BufWriter<File>,
    started: Instant,
    records: u64,
    octets: u64,
    failure: Option<io::Error>,
}

impl Record {
    pub(super) async fn run(self) -> Result<ExitCode> {
        let mut signals = Signals::new()?;
        port::check(&self.port)?;
        let writing = Arc::new(Mutex::new(Writing::create(&self.file)?));
        let tapped = writing.clone();
        let tap = Tap::new(move |direction, bytes| {
            let mut writing = tapped.lock().unwrap_or_else(PoisonError::into_inner);
            let now = writing.started.elapsed();
            writing.recorder.handle_bytes(now, direction, bytes);
            writing.write_lines();
        });
        say(&format!(
            "recording {} into {} for {} s; Ctrl-C ends it earlier",
            self.port,
            self.file.display(),
            self.seconds
        ));
        let mut watched = Watched::start(self.port.clone(), tap);
        let until = Instant::now() + Duration::from_secs(self.seconds);
        let mut phase = watched.status().phase;
        loop {
            let left = until.saturating_duration_since(Instant::now()).min(LOOK);
            let last = phase.clone();
            let changed = tokio::select! {
                changed = watched.until(left, |status| status.phase != last) => changed,
                _ = signals.next() => break,
            };
            if let Some(status) = changed {
                phase = status.phase;
                say(&phase.to_string());
            }
            let mut writing = writing.lock().unwrap_or_else(PoisonError::into_inner);
            let now = writing.started.elapsed();
            writing.recorder.handle_timeout(now);
            writing.write_lines();
            if Instant::now() >= until || writing.is_over() {
                break;
            }
        }
        let lost = watched.stop().await;
        let mut writing = writing.lock().unwrap_or_else(PoisonError::into_inner);
        let records = writing.finish(&self.file)?;
        if let Some(words) = lost {
            say(&words);
        }
        if records == 0 {
            say(&format!("nothing went over {}: {phase}", self.port));
            return Ok(ExitCode::FAILURE);
        }
        say(&format!(
            "{} has {records} records. Numbers, texts, IMEI, IMSI, ICCID and PIN are replaced; read it before you give it away",
            self.file.display()
        ));
        Ok(ExitCode::SUCCESS)
    }
}

impl Writing {
    fn create(path: &Path) -> Result<Self> {
        let shown = path.display();
        let file = match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                bail!("{shown} is there already: choose another name, or delete it first")
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                bail!("failed to create {shown}: there is no such folder")
            }
            Err(error) => return Err(error).with_context(|| format!("failed to create {shown}")),
        };
        let mut writing = Self {
            recorder: Recorder::new(),
            file: BufWriter::new(file),
            started: Instant::now(),
            records: 0,
            octets: 0,
            failure: None,
        };
        writing.write_lines();
        writing.records = 0;
        Ok(writing)
    }

    fn write_lines(&mut self) {
        while let Some(line) = self.recorder.poll_line() {
            if self.is_over() {
                continue;
            }
            self.records += 1;
            self.octets += u64::try_from(line.len()).unwrap_or(LARGEST) + 1;
            if let Err(error) = writeln!(self.file, "{line}") {
                self.failure = Some(error);
            }
        }
    }

    fn is_over(&self) -> bool {
        self.failure.is_some() || self.octets >= LARGEST
    }

    /// Writes what is left and says how many records there are.
    fn finish(&mut self, path: &Path) -> Result<u64> {
        self.recorder.finish();
        self.write_lines();
        if let Err(error) = self.file.flush() {
            self.failure.get_or_insert(error);
        }
        match self.failure.take() {
            Some(error) => {
                Err(error).with_context(|| format!("failed to write {}", path.display()))
            }
            None => Ok(self.records),
        }
    }
}
