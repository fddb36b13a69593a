//! The chat networks that this build has: from the configuration's words to the adapters' own.

#[cfg(feature = "telegram")]
mod telegram;

#[cfg(feature = "telegram")]
use {
    crate::config::{Config, Finding},
    crate::running::Running,
    anyhow::Result,
};

/// Every TLS connection of every library goes through one provider. Called before anything else, as the libraries
/// bring different ones along and none may choose first.
pub(crate) fn choose_tls_provider() {
    #[cfg(feature = "telegram")]
    // An error says that one was chosen before, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// Connects every network that the configuration names.
///
/// # Errors
///
/// A network's settings do not hold, or the store failed.
#[cfg(feature = "telegram")]
pub(crate) async fn connect(config: &Config, running: &mut Running) -> Result<()> {
    #[cfg(feature = "telegram")]
    if let Some(telegram) = &config.telegram {
        telegram::connect(config, telegram, running).await?;
    }
    Ok(())
}

/// Asks every network that the configuration names whether it can be used.
#[cfg(feature = "telegram")]
pub(crate) async fn check(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    #[cfg(feature = "telegram")]
    if let Some(telegram) = &config.telegram {
        findings.extend(telegram::check(config, telegram).await);
    }
    findings
}
