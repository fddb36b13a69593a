//! `sms-bridge run`: reads the configuration, wires the parts together, and waits for a signal or a failure.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use bridge_core::{DeliveryReports, LineSettings, Sending, Settings};
use modem::PinEntry;
use modem::usb::sources::Sources;
use tracing::{error, info, warn};

use crate::config::{self, Config, Level, Line};
#[cfg(any(feature = "telegram", feature = "matrix"))]
use crate::networks;
use crate::pin::Attempts;
use crate::running::Running;
use crate::signals::Signals;
use crate::{cli, logging};

/// What blocking calls may still take after everything has stopped.
const LAST_CALLS: Duration = Duration::from_millis(100);

/// Bridges until a signal.
///
/// # Errors
///
/// The configuration has errors, or a part cannot start or ends by itself.
pub(crate) fn run(path: &Path) -> Result<ExitCode> {
    let (config, findings) = config::load(path, config::variables());
    let is_error = |level: Level| level == Level::Error;
    let Some(config) = config.filter(|_| !findings.iter().any(|found| is_error(found.level)))
    else {
        for finding in findings {
            cli::say(&finding.to_string());
        }
        return Ok(ExitCode::FAILURE);
    };
    logging::start(&config.log, config.log_format)?;
    for finding in findings {
        warn!("{}", finding.words);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let outcome = runtime.block_on(bridge(config));
    runtime.shutdown_timeout(LAST_CALLS);
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn bridge(config: Config) -> Result<()> {
    // First of all, so that no signal ends the program without a stop.
    let mut signals = Signals::new()?;
    info!(version = env!("CARGO_PKG_VERSION"), "starting");
    let data_dir = &config.data_dir;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .with_context(|| format!("failed to make the folder {}", data_dir.display()))?;
    let lines = config.lines.iter().map(line_settings).collect();
    let mut settings = Settings::new(data_dir.clone(), config.people.clone(), lines);
    settings.languages = config
        .lines
        .iter()
        .map(|line| (line.name.clone(), line.languages))
        .collect();
    settings.limits = config
        .lines
        .iter()
        .map(|line| (line.name.clone(), line.limits.clone()))
        .collect();
    settings.rules = config.rules.clone();
    settings.codes = config.codes;
    let quiet = |line: &Line| Some((line.name.clone(), line.quiet?));
    settings.quiet = config.lines.iter().filter_map(quiet).collect();
    settings.retention = config.retention;
    settings.export_every = config.export_every;
    settings.stale_after = config.stale_after;
    settings.expire_after = config.expire_after;
    let mut running = Running::open(settings).await?;
    let work = async {
        if let Err(failure) = start(&config, &mut running).await {
            return failure;
        }
        info!(lines = config.lines.len(), "running");
        running.failed().await
    };
    let failure = tokio::select! {
        name = signals.next() => {
            info!(signal = name, "stopping");
            None
        }
        failure = work => Some(failure),
    };
    tokio::spawn(async move {
        let name = signals.next().await;
        error!(signal = name, "stopping at once");
        std::process::exit(130);
    });
    running.stop().await;
    info!("stopped");
    failure.map_or(Ok(()), Err)
}

async fn start(config: &Config, running: &mut Running) -> Result<()> {
    #[cfg(any(feature = "telegram", feature = "matrix"))]
    networks::connect(config, running).await?;
    let usb = config.usb_switching.then(|| Sources {
        config: config.usb_config.clone(),
        ..Sources::default()
    });
    for line in &config.lines {
        let attempts = line
            .pin
            .as_ref()
            .map(|_| Attempts::new(&config.data_dir, &line.name));
        running
            .connect_line(
                &line.name,
                modem_config(line, attempts.as_ref(), usb.as_ref()),
                attempts,
            )
            .await?;
    }
    Ok(())
}

fn line_settings(line: &Line) -> LineSettings {
    LineSettings {
        name: line.name.clone(),
        country: line.country,
        delivery_reports: if line.delivery_reports {
            DeliveryReports::Ask
        } else {
            DeliveryReports::Skip
        },
        sending: if line.two_step_send {
            Sending::TwoSteps
        } else {
            Sending::OneStep
        },
    }
}

fn modem_config(line: &Line, attempts: Option<&Attempts>, usb: Option<&Sources>) -> modem::Config {
    let entry = line.pin.as_ref().zip(attempts);
    let usual = modem::Config::new(line.port.clone());
    modem::Config {
        baud: line.baud,
        service_centre: line.service_centre.clone(),
        pin: entry.map(|(pin, attempts)| PinEntry {
            pin: pin.clone(),
            gate: attempts.gate(pin),
        }),
        delivery_reports: if line.delivery_reports {
            modem::DeliveryReports::Wanted
        } else {
            modem::DeliveryReports::Unwanted
        },
        imei: line.imei.clone(),
        usb: usb.cloned(),
        usb_path: line.usb_path.clone(),
        flow_control: line.flow_control,
        pacing: line.pacing,
        storage: line.storage.clone(),
        listening: line.listening,
        poll_interval: line.poll_interval.unwrap_or(usual.poll_interval),
        init: line.init.clone(),
        calls: line.calls,
        network_timeout: line.network_timeout.unwrap_or(usual.network_timeout),
        ..usual
    }
}
