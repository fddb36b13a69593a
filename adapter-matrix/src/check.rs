//! What `sms-bridge check` says about `[matrix]`: asks the homeserver, opens no store, changes nothing.

use std::time::Duration;

use bridge_core::Role;
use matrix_sdk::reqwest;
use serde_json::Value;

use crate::error::chain;
use crate::session::Folder;
use crate::{Settings, homeserver, user};

/// How long the homeserver may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether it works like this.
    pub severity: Severity,
    /// What was found.
    pub what: String,
    /// What the person can do about it.
    pub what_to_do: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It cannot work.
    Error,
    /// It works, but not as one may expect.
    Warning,
}

/// Looks at the settings, the stored session and the homeserver. Empty: all is well. May be used while the bridge runs.
pub async fn check(settings: &Settings) -> Vec<Finding> {
    let (user, homeserver) = match (user(&settings.user), homeserver(&settings.homeserver)) {
        (Ok(user), Ok(homeserver)) => (user, homeserver),
        (user, homeserver) => {
            return [user.err(), homeserver.err()]
                .into_iter()
                .flatten()
                .map(|wrong| error(wrong.to_string(), "correct [matrix] and check again"))
                .collect();
        }
    };
    let mut findings = Vec::new();
    let token = match Folder::new(&settings.data_dir).session(&homeserver, &user) {
        Ok(session) => session.and_then(|session| session.access_token),
        Err(broken) => {
            findings.push(error(
                broken.to_string(),
                "repair or delete the file; without it the bridge logs in anew",
            ));
            None
        }
    };
    if token.is_none() && settings.password.is_none() {
        findings.push(error(
            format!("no Matrix session is stored for {user} and no password is configured"),
            "set password_file in [matrix]",
        ));
    }
    let network = crate::network();
    if settings.people.ids(&network, Role::Owner).next().is_none() {
        findings.push(warning(
            "no owner has a Matrix id, so there will be no admin room for alerts and commands",
            "set matrix = \"@you:example.org\" in a [person.NAME] with role = \"owner\"",
        ));
    }
    findings.extend(ask(&homeserver, token.as_deref()).await);
    findings
}

/// What the homeserver says, of itself and of the stored session.
async fn ask(homeserver: &str, token: Option<&str>) -> Option<Finding> {
    let client = match reqwest::Client::builder().timeout(ANSWER).build() {
        Ok(client) => client,
        Err(broken) => {
            return Some(error(
                format!(
                    "failed to set up the connection to Matrix: {}",
                    chain(&broken)
                ),
                "install the system's certificates (Debian: ca-certificates)",
            ));
        }
    };
    let versions = format!("{homeserver}/_matrix/client/versions");
    let answer = match client.get(&versions).send().await {
        Ok(answer) => answer,
        Err(broken) => {
            return Some(error(
                format!(
                    "cannot reach {homeserver}: {}",
                    chain(&broken.without_url())
                ),
                "check homeserver in [matrix], and whether the server runs and this machine is online",
            ));
        }
    };
    let status = answer.status();
    let body = answer.text().await.unwrap_or_default();
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    if body.get("versions").and_then(Value::as_array).is_none() {
        return Some(error(
            format!("{homeserver} answers ({status}), but not as a Matrix homeserver"),
            "homeserver in [matrix] is the address of its client API, often https://matrix.example.org",
        ));
    }
    let token = token?;
    let whoami = client
        .get(format!("{homeserver}/_matrix/client/v3/account/whoami"))
        .bearer_auth(token)
        .send()
        .await;
    match whoami {
        Ok(answer) if answer.status().is_success() => None,
        Ok(answer) if answer.status().as_u16() == 401 => Some(error(
            "the homeserver ended the bot's stored session",
            "if you did not do this, change the bot's password; then delete matrix/session.json in data_dir, and the \
             bridge logs in anew at its next start",
        )),
        Ok(answer) => Some(warning(
            format!(
                "the homeserver answered {} when asked about the stored session",
                answer.status()
            ),
            "check again later",
        )),
        Err(broken) => Some(warning(
            format!(
                "the stored session could not be looked at: {}",
                chain(&broken.without_url())
            ),
            "check again later",
        )),
    }
}

fn error(what: impl Into<String>, what_to_do: impl Into<String>) -> Finding {
    Finding {
        severity: Severity::Error,
        what: what.into(),
        what_to_do: what_to_do.into(),
    }
}

fn warning(what: impl Into<String>, what_to_do: impl Into<String>) -> Finding {
    Finding {
        severity: Severity::Warning,
        ..error(what, what_to_do)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use bridge_core::People;
    use secrecy::SecretString;

    use super::*;
    use crate::Reactions;

    fn settings(homeserver: &str) -> Settings {
        Settings {
            homeserver: homeserver.to_owned(),
            user: "@sms:example.org".to_owned(),
            password: Some(SecretString::from("secret")),
            data_dir: PathBuf::from("/nowhere"),
            people: People::default(),
            reactions: Reactions::default(),
        }
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named() {
        drop(rustls::crypto::ring::default_provider().install_default());
        // Bound and closed: nobody answers there.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let findings = check(&settings(&format!("http://127.0.0.1:{port}"))).await;
        let what: Vec<&str> = findings.iter().map(|found| found.what.as_str()).collect();
        assert_eq!(findings.len(), 2, "{what:?}");
        assert!(what[0].contains("no owner"), "{what:?}");
        assert!(what[1].contains("cannot reach"), "{what:?}");
    }

    #[tokio::test]
    async fn malformed_settings_are_found_without_asking_anybody() {
        let findings = check(&Settings {
            user: "sms".to_owned(),
            ..settings("matrix.example.org")
        })
        .await;
        assert_eq!(findings.len(), 2);
        assert!(
            findings
                .iter()
                .all(|found| found.severity == Severity::Error)
        );
    }
}
