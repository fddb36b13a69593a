//! `[matrix]`, in the adapter's words.

use std::sync::Arc;

use adapter_matrix::{Reactions, Settings, Severity};
use anyhow::{Context, Result};
use bridge_core::People;

use crate::config::{Config, Finding, Matrix};
use crate::running::Running;

pub(super) async fn connect(
    config: &Config,
    people: People,
    matrix: &Matrix,
    running: &mut Running,
) -> Result<()> {
    let adapter = adapter_matrix::Matrix::new(settings(config, people, matrix))
        .context("failed to set Matrix up")?;
    let adapter = Arc::new(adapter);
    let (bridge, stop, incoming) = (running.handle(), running.stopping(), adapter.clone());
    let incoming = async move { incoming.run(bridge, stop).await };
    running.connect_chat(adapter, incoming).await
}

pub(super) async fn check(config: &Config, matrix: &Matrix) -> Vec<Finding> {
    let found = adapter_matrix::check(&settings(config, config.people.clone(), matrix)).await;
    let mut findings: Vec<Finding> = found
        .into_iter()
        .map(|found| {
            let words = format!("[matrix]: {}; {}", found.what, found.what_to_do);
            match found.severity {
                Severity::Error => Finding::error(words),
                Severity::Warning => Finding::warning(words),
            }
        })
        .collect();
    if findings.is_empty() {
        findings.push(Finding::fine(
            "[matrix]: the homeserver answers and knows the account",
        ));
    }
    findings
}

fn settings(config: &Config, people: People, matrix: &Matrix) -> Settings {
    let mut reactions = Reactions::default();
    for (state, mark) in &matrix.reactions {
        reactions.set(*state, mark);
    }
    Settings {
        homeserver: matrix.homeserver.clone(),
        user: matrix.user.clone(),
        password: Some(matrix.password.clone()),
        data_dir: config.data_dir.clone(),
        people,
        reactions,
    }
}
