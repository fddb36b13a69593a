//! The chat networks that this build has: from the configuration's words to the adapters' own.

#[cfg(feature = "matrix")]
mod matrix;
#[cfg(feature = "telegram")]
mod telegram;

#[cfg(any(feature = "telegram", feature = "matrix"))]
use {
    crate::config::{Config, Finding},
    crate::running::Running,
    anyhow::{Context as _, Result},
};

/// Every TLS connection of every library goes through one provider. Called before anything else, as the libraries
/// bring different ones along and none may choose first.
pub(crate) fn choose_tls_provider() {
    #[cfg(any(feature = "telegram", feature = "matrix"))]
    // An error says that one was chosen before, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// Connects every network that the configuration names.
///
/// # Errors
///
/// A network's settings do not hold, or the store failed.
#[cfg(any(feature = "telegram", feature = "matrix"))]
pub(crate) async fn connect(config: &Config, running: &mut Running) -> Result<()> {
    let members = running.handle().members().await;
    let members = members.context("failed to look for who was let in")?;
    let mut people = config.people.clone();
    people.0.extend(members.0);
    #[cfg(feature = "telegram")]
    if let Some(telegram) = &config.telegram {
        telegram::connect(&people, telegram, running).await?;
    }
    #[cfg(feature = "matrix")]
    if let Some(matrix) = &config.matrix {
        matrix::connect(config, people, matrix, running).await?;
    }
    Ok(())
}

/// Asks every network that the configuration names whether it can be used.
#[cfg(any(feature = "telegram", feature = "matrix"))]
pub(crate) async fn check(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    #[cfg(feature = "telegram")]
    if let Some(telegram) = &config.telegram {
        findings.extend(telegram::check(config, telegram).await);
    }
    #[cfg(feature = "matrix")]
    if let Some(matrix) = &config.matrix {
        findings.extend(matrix::check(config, matrix).await);
    }
    findings
}
