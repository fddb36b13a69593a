//! What Telegram refused, as what the core can do about it.
//!
//! The texts are those of the Bot API's open server; a description that no line of the table knows is judged by its
//! first words, which name the HTTP status.

use std::error::Error as _;
use std::time::Duration;

use bridge_core::ChatError;
use teloxide::{ApiError, RequestError};

/// How long to wait where only a person can help. Nothing is lost meanwhile, and nobody waits long once it is mended.
const PERSON: Duration = Duration::from_secs(60);
/// How long to wait after a refusal that this file does not know.
const LONG: Duration = Duration::from_secs(600);

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It shows something anew each time: a doubt has to be reported.
    Once,
    /// It sets something: doing it again changes nothing.
    Set,
    /// It asks.
    Look,
}

/// The table.
///
/// | Telegram says | the core |
/// |---|---|
/// | 429 with `retry_after` | `Retry` after that |
/// | no connection | `Retry` |
/// | nothing, a broken answer, 5xx | `Unknown`; a set-operation or a question is `Retry` |
/// | 401, 404 for the token | `Retry` after a minute: the token is wrong |
/// | 403 blocked, not started, kicked; 400 chat not found | `Retry` after a minute: what to press |
/// | 400 message thread not found, topic deleted | `RoomGone` |
/// | 400 topic closed, no forum, a right is lacking | `Retry` after a minute: what to grant |
/// | 400 with `migrate_to_chat_id` | `Retry`, which goes to the new chat |
/// | 400 about the content itself, 413 | `Reject` in Telegram's words |
/// | 405, 421, 429 without a time | `Retry` |
/// | other 4xx | `Retry` after ten minutes, in Telegram's words: an SMS is not given up for what a person may mend; a set-operation is `Reject` |
pub(crate) fn judge(error: &RequestError, effect: Effect, chat: i64) -> ChatError {
    match error {
        RequestError::RetryAfter(wait) => ChatError::Retry {
            cause: format!("Telegram wants us to wait {} s", wait.seconds()),
            after: Some(wait.duration()),
        },
        // From now on the new chat is meant: see `Telegram::refused`.
        RequestError::MigrateToChatId(new) => ChatError::Retry {
            cause: format!(
                "the group became a supergroup; write {new} instead of {chat} into telegram.inbox"
            ),
            after: Some(Duration::ZERO),
        },
        RequestError::Network(error) if error.is_connect() => ChatError::Retry {
            cause: network(error),
            after: None,
        },
        RequestError::Network(error) => doubt(network(error), effect),
        RequestError::InvalidJson { .. } => {
            doubt("Telegram's answer could not be read".to_owned(), effect)
        }
        RequestError::Io(error) => doubt(format!("reading failed: {error}"), effect),
        RequestError::Api(ApiError::InvalidToken) => wait_for_person(
            "Telegram does not accept the token: it is wrong or was revoked; put the one from @BotFather into \
             telegram.token_file and restart",
        ),
        RequestError::Api(error) => judge_text(&text(error), effect, chat),
    }
}

/// Where a right is lacking.
const RIGHTS: &[&str] = &[
    "not enough rights",
    "no rights to",
    "administrator rights",
    "WRITE_FORBIDDEN",
    "CHAT_RESTRICTED",
    "CHAT_ADMIN_REQUIRED",
    // CHAT_SEND_PLAIN_FORBIDDEN and its like.
    "CHAT_SEND_",
    "CHAT_GUEST_SEND_FORBIDDEN",
];

/// Where what was to be shown is to blame, and always will be.
const CONTENT: &[&str] = &[
    "can't parse",
    "message is too long",
    "MESSAGE_TOO_LONG",
    "Request Entity Too Large",
    "text is empty",
    "text must be non-empty",
    "MESSAGE_EMPTY",
    "BUTTON_",
    "ENTITIES_",
    "ENTITY_",
    "REPLY_",
    "message to be replied not found",
    "must be encoded in UTF-8",
];

/// First words of refusals that prove that nothing was done, and pass.
const PASSING: &[&str] = &["Misdirected", "Too Many Requests", "Method Not Allowed"];

/// First words of all other refusals.
const REFUSALS: &[&str] = &["Bad Request", "Not Found", "Conflict"];

fn judge_text(text: &str, effect: Effect, chat: i64) -> ChatError {
    let says = |part: &str| text.contains(part);
    let press_start = "the bot may not write to this person yet: open the chat with the bot in Telegram and press Start";
    if says("bot was blocked by the user") {
        wait_for_person(
            "the bot is blocked: open the chat with the bot in Telegram and press Restart",
        )
    } else if says("bot can't initiate conversation") || says("chat not found") && chat > 0 {
        wait_for_person(press_start)
    } else if says("was kicked") || says("not a member") {
        wait_for_person(&format!(
            "the bot is not in the chat {chat} any more: add it again"
        ))
    } else if text.starts_with("Forbidden") {
        wait_for_person(&format!("Telegram forbids it ({text})"))
    } else if says("chat not found") {
        wait_for_person(&format!(
            "Telegram shows the bot no chat {chat}: add the bot there, or correct telegram.inbox"
        ))
    } else if says("message thread not found") || says("TOPIC_DELETED") || says("TOPIC_ID_INVALID")
    {
        ChatError::RoomGone {
            cause: "the topic was deleted".to_owned(),
        }
    } else if says("TOPIC_CLOSED") {
        wait_for_person("the topic is closed: open it again, or let the bot manage topics")
    } else if says("rights to create a topic") || says("rights to manage topics") {
        wait_for_person(
            "the bot may not create topics: make it an administrator who may manage topics",
        )
    } else if says("not a forum") {
        wait_for_person(&format!(
            "the chat {chat} has no topics: turn them on in the group, or set telegram.topics to \"auto\""
        ))
    } else if RIGHTS.iter().any(|part| says(part)) {
        wait_for_person(&format!(
            "the bot lacks a right in the chat {chat}: give it that ({text})"
        ))
    } else if CONTENT.iter().any(|part| says(part)) {
        ChatError::Reject {
            cause: format!("Telegram refused it: {text}"),
        }
    } else if text.starts_with("Unauthorized") {
        wait_for_person(&format!("Telegram does not let the bot in ({text})"))
    } else if PASSING.iter().any(|start| text.starts_with(start)) {
        ChatError::Retry {
            cause: format!("Telegram does not take it now: {text}"),
            after: None,
        }
    } else if REFUSALS.iter().any(|start| text.starts_with(start)) {
        match effect {
            Effect::Set => ChatError::Reject {
                cause: format!("Telegram refused it: {text}"),
            },
            Effect::Once | Effect::Look => ChatError::Retry {
                cause: format!("Telegram refuses it, and it is tried again now and then: {text}"),
                after: Some(LONG),
            },
        }
    } else {
        // "Internal Server Error", "Bad Gateway": it may have been done.
        doubt(format!("Telegram is in trouble: {text}"), effect)
    }
}

fn wait_for_person(cause: &str) -> ChatError {
    ChatError::Retry {
        cause: cause.to_owned(),
        after: Some(PERSON),
    }
}

fn doubt(cause: String, effect: Effect) -> ChatError {
    match effect {
        Effect::Once => ChatError::Unknown { cause },
        Effect::Set | Effect::Look => ChatError::Retry { cause, after: None },
    }
}

/// Telegram's own words.
fn text(error: &ApiError) -> String {
    if let ApiError::Unknown(text) = error {
        text.clone()
    } else {
        error.to_string()
    }
}

/// Whether an edit found the message as it was to be.
pub(crate) fn is_not_modified(error: &RequestError) -> bool {
    matches!(error, RequestError::Api(error) if {
        let text = text(error);
        text.contains("message is not modified") || text.contains("TOPIC_NOT_MODIFIED")
    })
}

/// Whether a refusal is about topics in this chat, so that the chat itself has to do.
pub(crate) fn is_without_topics(error: &RequestError) -> bool {
    matches!(error, RequestError::Api(error) if {
        let text = text(error);
        text.contains("not a forum") || text.contains("not enough rights")
    })
}

/// A network error in words. Its own text names the address, and the address holds the token.
pub(crate) fn network(error: &reqwest::Error) -> String {
    let mut deepest: Option<&dyn std::error::Error> = error.source();
    while let Some(next) = deepest.and_then(std::error::Error::source) {
        deepest = Some(next);
    }
    let what = if error.is_connect() {
        "Telegram cannot be reached"
    } else if error.is_timeout() {
        "Telegram did not answer in time"
    } else {
        "the connection to Telegram broke"
    };
    match deepest {
        Some(cause) => format!("{what} ({cause})"),
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reaction, for the table.
    fn kind(error: &ChatError) -> &'static str {
        match error {
            ChatError::Retry { after: None, .. } => "retry",
            ChatError::Retry {
                after: Some(LONG), ..
            } => "much later",
            ChatError::Retry { .. } => "retry later",
            ChatError::Reject { .. } => "reject",
            ChatError::RoomGone { .. } => "room gone",
            ChatError::Unknown { .. } => "unknown",
        }
    }

    #[test]
    fn every_refusal_has_its_reaction() {
        // Description as the Bot API's open server words it, chat, for a post, for a set-operation.
        let cases = [
            (
                "Forbidden: bot was blocked by the user",
                5,
                "retry later",
                "retry later",
            ),
            (
                "Forbidden: bot can't initiate conversation with a user",
                5,
                "retry later",
                "retry later",
            ),
            (
                "Forbidden: bot was kicked from the group chat",
                -5,
                "retry later",
                "retry later",
            ),
            (
                "Forbidden: bot is not a member of the supergroup chat",
                -5,
                "retry later",
                "retry later",
            ),
            (
                "Forbidden: user is deactivated",
                5,
                "retry later",
                "retry later",
            ),
            (
                "Bad Request: chat not found",
                5,
                "retry later",
                "retry later",
            ),
            (
                "Bad Request: chat not found",
                -5,
                "retry later",
                "retry later",
            ),
            (
                "Bad Request: message thread not found",
                -5,
                "room gone",
                "room gone",
            ),
            ("Bad Request: TOPIC_DELETED", -5, "room gone", "room gone"),
            (
                "Bad Request: TOPIC_CLOSED",
                -5,
                "retry later",
                "retry later",
            ),
            (
                "Bad Request: not enough rights to create a topic",
                -5,
                "retry later",
                "retry later",
            ),
            (
                "Bad Request: not enough rights to send text messages to the chat",
                -5,
                "retry later",
                "retry later",
            ),
            ("Not Found: method not found", 5, "much later", "reject"),
            ("Bad Request: REACTION_INVALID", -5, "much later", "reject"),
            ("Bad Request: SOMETHING_NEW", 5, "much later", "reject"),
            (
                "Bad Request: the chat is not a forum",
                -5,
                "retry later",
                "retry later",
            ),
            (
                "Bad Request: have no rights to send a message",
                -5,
                "retry later",
                "retry later",
            ),
            (
                "Bad Request: CHAT_RESTRICTED",
                -5,
                "retry later",
                "retry later",
            ),
            (
                "Bad Request: CHAT_SEND_PLAIN_FORBIDDEN",
                -5,
                "retry later",
                "retry later",
            ),
            (
                "Bad Request: CHAT_ADMIN_REQUIRED",
                -5,
                "retry later",
                "retry later",
            ),
            (
                "Unauthorized: user is gone",
                5,
                "retry later",
                "retry later",
            ),
            ("Misdirected Request", 5, "retry", "retry"),
            ("Too Many Requests: later", 5, "retry", "retry"),
            ("Method Not Allowed", 5, "retry", "retry"),
            ("Request Entity Too Large", 5, "reject", "reject"),
            ("Bad Request: BUTTON_DATA_INVALID", 5, "reject", "reject"),
            ("Bad Request: message text is empty", 5, "reject", "reject"),
            (
                "Bad Request: can't parse entities: whatever",
                5,
                "reject",
                "reject",
            ),
            ("Bad Request: message is too long", 5, "reject", "reject"),
            ("Unauthorized", 5, "retry later", "retry later"),
            ("Not Found", 5, "retry later", "retry later"),
            ("Internal Server Error", 5, "unknown", "retry"),
            ("Bad Gateway", 5, "unknown", "retry"),
        ];
        for (description, chat, post, set) in cases {
            let api: ApiError = serde_json::from_value(serde_json::json!(description)).unwrap();
            let error = RequestError::Api(api);
            assert_eq!(
                kind(&judge(&error, Effect::Once, chat)),
                post,
                "{description}"
            );
            assert_eq!(
                kind(&judge(&error, Effect::Set, chat)),
                set,
                "{description}"
            );
            let look = kind(&judge(&error, Effect::Look, chat));
            let expected = if post == "unknown" { "retry" } else { post };
            assert_eq!(look, expected, "{description}");
        }
    }

    #[test]
    fn a_wish_to_wait_is_honoured_to_the_second() {
        let error = RequestError::RetryAfter(teloxide::types::Seconds::from_seconds(7));
        let ChatError::Retry { after, .. } = judge(&error, Effect::Once, 5) else {
            panic!("not a retry");
        };
        assert_eq!(after, Some(Duration::from_secs(7)));
    }

    #[tokio::test]
    async fn no_network_error_names_the_token() {
        let client = reqwest::Client::new();
        let url = "http://127.0.0.1:1/bot1:SECRET/getMe";
        let error = client.get(url).send().await.unwrap_err();
        let words = network(&error);
        assert!(words.starts_with("Telegram cannot be reached"), "{words}");
        assert!(!words.contains("SECRET"), "{words}");
    }
}
