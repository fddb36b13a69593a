//! `sms-bridge check`: everything that can be found out without bridging, one line for each finding.
//!
//! A port is opened for an instant at most, and not at all while another process has it.

mod folder;
mod port;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

#[cfg(any(feature = "telegram", feature = "matrix"))]
use anyhow::Context;
use anyhow::Result;

use crate::config::{self, Config, Finding, Level};

/// Checks what the file says and prints what was found.
///
/// # Errors
///
/// Standard output fails.
pub(crate) fn run(path: &Path) -> Result<ExitCode> {
    let (config, mut findings) = config::load(path, config::variables());
    if let Some(config) = config {
        if findings.iter().all(|finding| finding.level != Level::Error) {
            findings.push(Finding::fine(format!("{} is valid", path.display())));
        }
        findings.push(folder::check(&config.data_dir));
        check_lines(&config, &mut findings);
        #[cfg(any(feature = "telegram", feature = "matrix"))]
        findings.extend(ask_networks(&config)?);
    }
    let mut out = io::stdout().lock();
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    out.flush()?;
    let wrong = findings.iter().any(|finding| finding.level == Level::Error);
    Ok(if wrong {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

#[cfg(any(feature = "telegram", feature = "matrix"))]
fn ask_networks(config: &Config) -> Result<Vec<Finding>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    Ok(runtime.block_on(crate::networks::check(config)))
}

fn check_lines(config: &Config, findings: &mut Vec<Finding>) {
    for line in &config.lines {
        let finding = match &line.port {
            modem::Address::Auto => port::check_auto(line.usb_path.as_ref(), line.imei.as_ref()),
            modem::Address::Path(path) => port::check_device(path),
            modem::Address::Tcp { host, port } => port::check_tcp(host, *port),
        };
        let warning = line.port.warning().map(Finding::warning);
        for finding in warning.into_iter().chain([finding]) {
            findings.push(Finding {
                words: format!("[line.{}] port: {}", line.name, finding.words),
                ..finding
            });
        }
    }
}
