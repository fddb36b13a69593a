//! `[matrix]`

use bridge_core::chat::Network;
use bridge_core::{People, Role};
use secrecy::SecretString;

use super::Reactions;
use super::finding::Finding;
use super::people::{Reading, is_matrix_id};
use super::section::{Section, Table};

pub(super) const KEYS: &[&str] = &[
    "homeserver",
    "user",
    "password",
    "password_file",
    "reactions",
];

/// `[matrix]`
#[derive(Debug)]
#[cfg_attr(
    not(feature = "matrix"),
    allow(dead_code, reason = "read and refused by builds without Matrix")
)]
pub(crate) struct Matrix {
    /// Without a slash at its end.
    pub(crate) homeserver: String,
    /// The bridge's own account.
    pub(crate) user: String,
    pub(crate) password: SecretString,
    /// Marks by state, those that differ from the adapter's own.
    pub(crate) reactions: Reactions,
}

pub(super) fn read(
    table: Table,
    people: &People,
    reading: Reading,
    findings: &mut Vec<Finding>,
) -> Option<Matrix> {
    if !cfg!(feature = "matrix") {
        findings.push(Finding::error(
            "[matrix]: this program was built without Matrix; install one that has it, or remove the section",
        ));
    }
    let mut section = Section::new("matrix", table, KEYS, findings);
    let had_homeserver = section.has("homeserver");
    let homeserver = url(&mut section, "homeserver", "https://matrix.example.org");
    if !had_homeserver {
        section.fail_key(
            "homeserver",
            "it is missing: write the address of your server, like \"https://matrix.example.org\"",
        );
    }
    let had_user = section.has("user");
    let user = section.text("user").filter(|user| {
        let fits = is_matrix_id(user);
        if !fits {
            section.fail_key(
                "user",
                format!(
                    "\"{user}\" is no Matrix id; write the bridge's own, like \"@sms:example.org\""
                ),
            );
        }
        fits
    });
    if !had_user {
        section.fail_key(
            "user",
            "it is missing: write the bridge's own Matrix id, like \"@sms:example.org\"",
        );
    }
    let has_password = section.has("password") || section.has("password_file");
    let password = section.secret("password", "password_file");
    if !has_password {
        section.fail_key(
            "password_file",
            "it is missing: name the file with the account's password",
        );
    }
    let network = Network("matrix".to_owned());
    if let Some(user) = &user
        && let Some(person) = people.find(&network, user)
    {
        let words = format!(
            "[person.{}] has this id too; the bridge needs an account of its own",
            person.name
        );
        section.fail_key("user", words);
    }
    if reading == Reading::Complete
        && !section.failed()
        && people.ids(&network, Role::Reader).next().is_none()
    {
        section.fail("[matrix]: nobody would be invited: give an owner their matrix id, like matrix = \"@me:example.org\"".to_owned());
    }
    let reactions = section.table("reactions");
    let reactions = reactions
        .map(|table| super::read_reactions("matrix.reactions", table, findings))
        .unwrap_or_default();
    Some(Matrix {
        homeserver: homeserver?,
        user: user?,
        password: password?,
        reactions,
    })
}

/// An address of a server, without the slash at its end.
pub(super) fn url(section: &mut Section<'_>, key: &str, example: &str) -> Option<String> {
    let text = section.text(key)?;
    let text = text.trim().trim_end_matches('/');
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let Some(host) = host.filter(|host| !host.is_empty() && !host.chars().any(char::is_whitespace))
    else {
        section.fail_key(
            key,
            format!("\"{text}\" is no address of a server; write one like \"{example}\""),
        );
        return None;
    };
    let local = ["localhost", "127.", "[::1]"]
        .iter()
        .any(|local| host.starts_with(local));
    if text.starts_with("http://") && !local {
        section.warn_key(key, "http:// sends passwords and messages unencrypted; write https:// unless the way there is your own");
    }
    Some(text.to_owned())
}
