//! `[telegram]`, in the adapter's words.

use adapter_telegram::{Reactions, Settings, SettingsError, Severity};
use anyhow::{Context, Result};
use bridge_core::chat::Network;
use bridge_core::{People, Role};

use crate::config::{Config, Finding, Telegram, Topics};
use crate::running::Running;

pub(super) async fn connect(
    people: &People,
    telegram: &Telegram,
    running: &mut Running,
) -> Result<()> {
    let adapter = adapter_telegram::Telegram::new(settings(people, telegram)?)
        .context("failed to set Telegram up")?;
    let (bridge, stop, incoming) = (running.handle(), running.stopping(), adapter.clone());
    let incoming = async move { incoming.run(bridge, stop).await };
    running.connect_chat(adapter, incoming).await
}

pub(super) async fn check(config: &Config, telegram: &Telegram) -> Vec<Finding> {
    let settings = match settings(&config.people, telegram) {
        Ok(settings) => settings,
        Err(error) => return vec![Finding::error(error.to_string())],
    };
    let found = adapter_telegram::check(&settings).await;
    let mut findings: Vec<Finding> = found
        .into_iter()
        .map(|found| {
            let words = format!("[telegram]: {}; {}", found.what, found.what_to_do);
            match found.severity {
                Severity::Error => Finding::error(words),
                Severity::Warning => Finding::warning(words),
            }
        })
        .collect();
    if findings.is_empty() {
        findings.push(Finding::fine(
            "[telegram]: the bot answers and can write to its chats",
        ));
    }
    findings
}

fn settings(people: &People, telegram: &Telegram) -> Result<Settings, SettingsError> {
    let mut reactions = Reactions::default();
    for (state, emoji) in &telegram.reactions {
        reactions.set(*state, emoji)?;
    }
    let network = Network("telegram".to_owned());
    let owners = people.ids(&network, Role::Owner);
    Ok(Settings {
        token: telegram.token.clone(),
        api_url: telegram.api_url.clone(),
        proxy: telegram.proxy.clone(),
        inbox: telegram.inbox.clone(),
        topics: match telegram.topics {
            Topics::Auto => adapter_telegram::Topics::Auto,
            Topics::On => adapter_telegram::Topics::On,
            Topics::Off => adapter_telegram::Topics::Off,
        },
        owners: owners.filter_map(|id| id.parse().ok()).collect(),
        reactions,
    })
}
