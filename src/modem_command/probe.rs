//! `sms-bridge modem probe`: the driver's own bring-up against a port, and a report of it.

mod heard;
mod report;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use modem::discovery::{Sysfs, device_of};
use modem::transcript::Tap;
use modem::{Address, Status};
use tokio::time::Instant;

use self::heard::Heard;
use self::report::Report;
use super::port;
use super::running::{Watched, is_settled};
use crate::cli::say;
use crate::signals::Signals;

/// A modem that is ready may find its network within this.
const NETWORK: Duration = Duration::from_secs(15);
/// A modem that is there may leave out the first answers: it is opened a second time before it counts as silent.
const AFTER: Duration = Duration::from_millis(500);

#[derive(Args)]
pub(crate) struct Probe {
    /// A device such as /dev/ttyUSB2, a name in /dev/serial/by-id, tcp://host:port, or auto.
    port: Address,
    /// Show IMEI, IMSI, ICCID and numbers in full. Without it the report can be shown to strangers.
    #[arg(long)]
    show_numbers: bool,
    /// How long it may take at most, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    timeout: u64,
}

impl Probe {
    pub(super) async fn run(self) -> Result<ExitCode> {
        let mut signals = Signals::new()?;
        port::check(&self.port)?;
        say(&format!(
            "setting up the modem at {}; this takes up to {} s",
            self.port, self.timeout
        ));
        let heard = Arc::new(Mutex::new(Heard::default()));
        let tapped = heard.clone();
        let tap = Tap::new(move |direction, bytes| {
            let mut heard = tapped.lock().unwrap_or_else(PoisonError::into_inner);
            heard.take(direction, bytes);
        });
        let mut watched = Watched::start(self.port.clone(), tap);
        let interrupted = tokio::select! {
            () = self.wait(&mut watched) => false,
            _ = signals.next() => true,
        };
        let status = watched.status();
        let lost = watched.stop().await;
        if interrupted {
            say("interrupted; this is what was found out so far");
        }
        let device = match &self.port {
            Address::Path(path) => device_of(&Sysfs::default(), path),
            Address::Auto | Address::Tcp { .. } => None,
        };
        let heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        let report = Report {
            port: &self.port,
            device: device.as_ref(),
            status: &status,
            heard: &heard,
            show_numbers: self.show_numbers,
        };
        let mut out = io::stdout().lock();
        write!(out, "{report}")?;
        out.flush()?;
        if let Some(words) = lost {
            say(&words);
        }
        Ok(
            if report.problems().iter().any(|problem| problem.is_fatal) {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            },
        )
    }

    /// Until it is known how it goes, or the time is over.
    async fn wait(&self, watched: &mut Watched) {
        let until = Instant::now() + Duration::from_secs(self.timeout);
        let left = || until.saturating_duration_since(Instant::now());
        watched
            .until(left(), |status| is_settled(&status.phase))
            .await;
        if watched.status().is_ready() {
            watched.until(left().min(NETWORK), is_in_network).await;
            // What is asked last, such as the signal.
            watched
                .until(left().min(AFTER), |status| !status.is_ready())
                .await;
        }
    }
}

fn is_in_network(status: &Status) -> bool {
    status.registration.is_registered() || status.packet_registration.is_registered()
}
