//! `[telegram]`

use bridge_core::chat::Network;
use bridge_core::{People, Role};
use secrecy::{ExposeSecret, SecretString};

use super::Reactions;
use super::finding::Finding;
use super::people::Reading;
use super::section::{Section, Table};

pub(super) const KEYS: &[&str] = &[
    "token",
    "token_file",
    "api_url",
    "proxy",
    "proxy_file",
    "inbox",
    "topics",
    "reactions",
];

/// `[telegram]`
#[derive(Debug)]
#[cfg_attr(
    not(feature = "telegram"),
    allow(dead_code, reason = "read and refused by builds without Telegram")
)]
pub(crate) struct Telegram {
    pub(crate) token: SecretString,
    /// Without a slash at its end. `None`: Telegram's own.
    pub(crate) api_url: Option<String>,
    /// How Telegram is reached. `None`: directly.
    pub(crate) proxy: Option<SecretString>,
    /// Chats that get every SMS. Empty: the owners' private chats.
    pub(crate) inbox: Vec<i64>,
    pub(crate) topics: Topics,
    /// Emoji by state, those that differ from the adapter's own.
    pub(crate) reactions: Reactions,
}

/// Whether each contact gets a topic in a forum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topics {
    /// Where the chat is a forum.
    Auto,
    /// In every inbox; one that is no forum is an error.
    On,
    /// Nowhere.
    Off,
}

pub(super) fn read(
    table: Table,
    people: &People,
    reading: Reading,
    findings: &mut Vec<Finding>,
) -> Option<Telegram> {
    if !cfg!(feature = "telegram") {
        findings.push(Finding::error(
            "[telegram]: this program was built without Telegram; install one that has it, or remove the section",
        ));
    }
    let mut section = Section::new("telegram", table, KEYS, findings);
    let has_token = section.has("token") || section.has("token_file");
    let token = section.secret("token", "token_file").filter(|token| {
        let fits = is_token(token.expose_secret());
        if !fits {
            section.fail_key(
                "token",
                "this is no bot token; @BotFather gives one like 123456789:AAE…",
            );
        }
        fits
    });
    if !has_token {
        section.fail_key(
            "token_file",
            "it is missing: name the file with the token that @BotFather gave you",
        );
    }
    let api_url = super::matrix::url(&mut section, "api_url", "https://api.telegram.org");
    let proxy = section.secret("proxy", "proxy_file").filter(|proxy| {
        let fits = is_proxy(proxy.expose_secret());
        if !fits {
            section.fail_key(
                "proxy",
                "this is no proxy that can be used: write it like \"socks5://127.0.0.1:1080\" or \
                 \"http://name:password@proxy.example.org:8080\"",
            );
        }
        fits
    });
    let mut inbox = section.numbers("inbox").unwrap_or_default();
    let listed = inbox.len();
    inbox.sort_unstable();
    inbox.dedup();
    if inbox.len() < listed {
        section.warn_key("inbox", "a chat is listed twice; once is enough");
    }
    if inbox.contains(&0) {
        section.fail_key(
            "inbox",
            "0 is no chat; groups have negative ids, like -1001234567890",
        );
    }
    let topics = section
        .word(
            "topics",
            &[
                ("auto", Topics::Auto),
                ("on", Topics::On),
                ("off", Topics::Off),
            ],
        )
        .unwrap_or(Topics::Auto);
    let network = Network("telegram".to_owned());
    if reading == Reading::Complete
        && inbox.is_empty()
        && !section.failed()
        && people.ids(&network, Role::Owner).next().is_none()
    {
        section.fail_key(
            "inbox",
            "nobody would see an SMS: list a group here, or give an owner their telegram id",
        );
    }
    let reactions = section.table("reactions");
    let reactions = reactions
        .map(|table| super::read_reactions("telegram.reactions", table, findings))
        .unwrap_or_default();
    Some(Telegram {
        token: token?,
        api_url,
        proxy,
        inbox,
        topics,
        reactions,
    })
}

/// A scheme that the adapter knows, and something behind it; the adapter looks closer.
fn is_proxy(proxy: &str) -> bool {
    proxy.split_once("://").is_some_and(|(scheme, rest)| {
        let known = ["http", "https", "socks5", "socks5h"];
        known.iter().any(|known| scheme.eq_ignore_ascii_case(known)) && !rest.is_empty()
    })
}

/// The bot's id, a colon, a secret.
fn is_token(token: &str) -> bool {
    token.split_once(':').is_some_and(|(bot, secret)| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        !bot.is_empty()
            && bot.bytes().all(|c| c.is_ascii_digit())
            && !secret.is_empty()
            && secret.chars().all(allowed)
    })
}
