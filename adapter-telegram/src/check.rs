//! What `sms-bridge check` finds about Telegram, each with what to do.

use std::sync::Arc;

use serde_json::Value;
use teloxide::RequestError;
use teloxide::payloads::{GetChat, GetChatMember, GetMe};
use teloxide::types::{ChatId, UserId};

use crate::client::{Telegram, call};
use crate::error::{Effect, judge};
use crate::{Settings, Topics};

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

/// Asks Telegram about the bot and every inbox. Empty: all is well.
pub async fn check(settings: &Settings) -> Vec<Finding> {
    let telegram = match Telegram::new(settings.clone()) {
        Ok(telegram) => telegram,
        Err(wrong) => {
            return vec![error(
                wrong.to_string(),
                "correct [telegram] and check again",
            )];
        }
    };
    let me = match call(&telegram.bot, GetMe::new()).await {
        Ok(me) => me,
        Err(refusal) => return vec![unreachable(&refusal)],
    };
    let mut findings = Vec::new();
    for inbox in &telegram.description().inboxes {
        let Ok(chat) = inbox.0.parse() else {
            continue;
        };
        match call(&telegram.bot, GetChat::new(ChatId(chat))).await {
            Ok(full) if chat < 0 => {
                findings.extend(group(&telegram, &me, &full, chat).await);
            }
            Ok(_person) => {}
            Err(refusal) => {
                let cause = judge(&refusal, Effect::Set, chat).to_string();
                findings.push(error(
                    format!("the inbox {chat} cannot be used: {cause}"),
                    format!(
                        "open https://t.me/{} and press Start, or add the bot to the group",
                        username(&me)
                    ),
                ));
            }
        }
    }
    findings
}

fn unreachable(refusal: &RequestError) -> Finding {
    let cause = judge(refusal, Effect::Set, 0).to_string();
    match refusal {
        RequestError::Api(_) => error(cause, "copy the token again from @BotFather"),
        RequestError::MigrateToChatId(_)
        | RequestError::RetryAfter(_)
        | RequestError::Network(_)
        | RequestError::InvalidJson { .. }
        | RequestError::Io(_) => warning(
            cause,
            "check the network, telegram.proxy and telegram.api_url; where Telegram is blocked, set telegram.proxy; the bridge itself \
             starts without and keeps trying",
        ),
    }
}

fn username(me: &Value) -> &str {
    text(me, "username")
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn is(object: &Value, field: &str) -> bool {
    object.get(field).and_then(Value::as_bool) == Some(true)
}

/// What the bot has to be allowed in a group.
async fn group(telegram: &Arc<Telegram>, me: &Value, full: &Value, chat: i64) -> Vec<Finding> {
    let name = match text(full, "title") {
        "" => "the group",
        title => title,
    };
    let id = me.get("id").and_then(Value::as_u64).unwrap_or_default();
    let member = call(&telegram.bot, GetChatMember::new(ChatId(chat), UserId(id))).await;
    let member = match member {
        Ok(member) => member,
        Err(refusal) => {
            let cause = judge(&refusal, Effect::Set, chat).to_string();
            return vec![error(
                format!("the bot's rights in {name} are unknown: {cause}"),
                "add the bot to the group",
            )];
        }
    };
    let status = text(&member, "status");
    if matches!(status, "left" | "kicked") {
        return vec![error(
            format!("the bot is not in {name}"),
            format!("add @{} to the group", username(me)),
        )];
    }
    let administrator = matches!(status, "administrator" | "creator");
    let forum = is(full, "is_forum");
    let wanted = match telegram.settings.topics {
        Topics::On => true,
        Topics::Auto => forum,
        Topics::Off => false,
    };
    let mut findings = Vec::new();
    if wanted && !forum {
        findings.push(error(
            format!("telegram.topics is \"on\", but {name} has no topics"),
            "turn Topics on in the group's settings, or set topics = \"auto\"",
        ));
    } else if wanted && !(administrator && is(&member, "can_manage_topics")) {
        findings.push(warning(
            format!("the bot may not create topics in {name}, so contacts share the chat"),
            "make the bot an administrator who may manage topics",
        ));
    }
    if !administrator && !is(me, "can_read_all_group_messages") {
        findings.push(warning(
            format!("in {name} the bot sees only commands and replies to its messages (privacy mode)"),
            "reply to a message to answer it; or make the bot an administrator; or turn privacy mode off with \
             /setprivacy at @BotFather and add the bot again",
        ));
    }
    findings
}
