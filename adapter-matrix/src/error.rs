//! What went wrong with a homeserver, and what the core can do about it.
//!
//! Every answer of the SDK is brought down to a [`Failure`] first; the table from there to [`ChatError`] knows no SDK.

use std::time::Duration;

use bridge_core::ChatError;
use matrix_sdk::ruma::api::error::{ErrorBody, ErrorKind, RetryAfter};
use matrix_sdk::{Error, HttpError};

/// How long is waited where a person has to do something first.
pub(crate) const PERSON_WAIT: Duration = Duration::from_secs(600);

/// Why a request was not answered as wished.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The request never reached the homeserver.
    #[error("cannot reach the Matrix homeserver: {0}")]
    Unreached(String),
    /// It may have reached it; there was no answer, or none that makes sense.
    #[error("the Matrix homeserver did not answer: {0}")]
    Unanswered(String),
    /// The homeserver said no.
    #[error("the Matrix homeserver refused: {message} ({code})")]
    Refused {
        /// HTTP status.
        status: u16,
        /// `M_FORBIDDEN` and the like; empty where the answer was not the homeserver's own but, say, a reverse proxy's.
        code: String,
        /// Its words.
        message: String,
        /// `retry_after_ms`. `None`: it named no time.
        after: Option<Duration>,
    },
    /// The bot is no longer in the room.
    #[error("the bot is no longer in this Matrix room")]
    NotJoined,
    /// The account cannot be logged in to; says what to do.
    #[error("{0}")]
    Login(String),
    /// Something on this side: a store, a broken id.
    #[error("{0}")]
    Local(String),
}

/// What a request was to do: decides what a missing answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// It carries a transaction id, or sets what may be set twice: a repeat changes nothing.
    Repeatable,
    /// A repeat does it twice: making a room.
    Once,
}

impl Failure {
    /// Whether the homeserver no longer knows the session.
    pub(crate) fn is_revoked(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "M_UNKNOWN_TOKEN" || code == "M_MISSING_TOKEN")
    }

    /// Whether the homeserver itself said no, in a way that a repeat does not change. Whatever else stands between it and
    /// us says nothing about the request.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Refused { status, code, .. } => {
                !matches!(*status, 408 | 429 | 500..)
                    && !matches!(code.as_str(), "" | "M_LIMIT_EXCEEDED")
                    && !self.is_revoked()
                    && !self.needs_person()
            }
            Self::Unreached(_)
            | Self::Unanswered(_)
            | Self::NotJoined
            | Self::Login(_)
            | Self::Local(_) => false,
        }
    }

    /// Whether it may be about the bot's membership; only a look at the joined rooms tells.
    pub(crate) fn doubts_membership(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(*status, 403 | 404) && self.is_final(),
            Self::NotJoined => true,
            Self::Unreached(_) | Self::Unanswered(_) | Self::Login(_) | Self::Local(_) => false,
        }
    }

    /// How long to leave the homeserver alone: as it wishes, or until a person may have acted. `None`: nothing says so.
    pub(crate) fn after(&self) -> Option<Duration> {
        match self {
            Self::Refused { after, .. } if self.needs_person() => {
                Some(after.unwrap_or_default().max(PERSON_WAIT))
            }
            Self::Refused { after, .. } => *after,
            Self::Login(_) => Some(PERSON_WAIT),
            Self::Unreached(_) | Self::Unanswered(_) | Self::NotJoined | Self::Local(_) => None,
        }
    }

    /// Whether the homeserver refuses the account everything until its administrator acts.
    fn needs_person(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if matches!(
            code.as_str(),
            "M_RESOURCE_LIMIT_EXCEEDED" | "M_USER_LOCKED" | "M_USER_SUSPENDED"
        ))
    }

    /// What the caller can do.
    pub(crate) fn into_chat_error(self, request: Request) -> ChatError {
        let cause = self.to_string();
        let wait = self.after();
        match self {
            Self::Unreached(_) => ChatError::Retry { cause, after: None },
            // Of this side: it may have happened after the homeserver did its part.
            Self::Unanswered(_) | Self::Local(_) => match request {
                Request::Repeatable => ChatError::Retry { cause, after: None },
                Request::Once => ChatError::Unknown { cause },
            },
            Self::NotJoined => ChatError::RoomGone { cause },
            Self::Login(_) => ChatError::Retry { cause, after: wait },
            Self::Refused {
                status,
                code,
                message,
                after: _,
            } => match (status, code.as_str()) {
                (_, "M_UNKNOWN_TOKEN" | "M_MISSING_TOKEN") => ChatError::Retry {
                    cause: revoked(&message),
                    after: Some(PERSON_WAIT),
                },
                (429, _) | (_, "M_LIMIT_EXCEEDED") => ChatError::Retry { cause, after: wait },
                (_, "M_RESOURCE_LIMIT_EXCEEDED" | "M_USER_LOCKED" | "M_USER_SUSPENDED") => {
                    ChatError::Retry { cause, after: wait }
                }
                (413, _) | (_, "M_TOO_LARGE") => ChatError::Reject {
                    cause: "too long for one Matrix message".to_owned(),
                },
                (408 | 500.., _) | (_, "") => match request {
                    Request::Repeatable => ChatError::Retry { cause, after: wait },
                    Request::Once => ChatError::Unknown { cause },
                },
                _ => ChatError::Reject { cause },
            },
        }
    }
}

/// In words, with what to do.
pub(crate) fn revoked(message: &str) -> String {
    format!(
        "the homeserver ended the bot's Matrix session ({message}); if you did not do this, change the bot's password; \
         then stop sms-bridge, delete the file matrix/session.json in its data folder and start it again to log in anew"
    )
}

impl From<&HttpError> for Failure {
    fn from(error: &HttpError) -> Self {
        if let Some(refusal) = error.as_client_api_error() {
            let after = match refusal.error_kind() {
                Some(ErrorKind::LimitExceeded(limit)) => match &limit.retry_after {
                    Some(RetryAfter::Delay(wait)) => Some(*wait),
                    Some(RetryAfter::DateTime(_)) | None => None,
                },
                _ => None,
            };
            let code = refusal
                .error_kind()
                .map(|kind| kind.errcode().as_str().to_owned())
                .unwrap_or_default();
            let message = match &refusal.body {
                ErrorBody::Standard(standard) => standard.message.clone(),
                ErrorBody::Json(_) | ErrorBody::NotJson { .. } => "no reason given".to_owned(),
            };
            return Self::Refused {
                status: refusal.status_code.as_u16(),
                code,
                message,
                after,
            };
        }
        if let HttpError::Reqwest(transport) = error
            && (transport.is_connect() || transport.is_builder())
        {
            return Self::Unreached(chain(transport));
        }
        Self::Unanswered(chain(error))
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        Self::from(&error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Error::Http(http) = &error {
            return Self::from(http.as_ref());
        }
        if matches!(error, Error::WrongRoomState(_)) {
            return Self::NotJoined;
        }
        Self::Local(chain(&error))
    }
}

/// An error with its causes on one line. The SDK's errors name URLs, but neither tokens nor texts.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let more = deeper.to_string();
        if !words.contains(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        cause = deeper.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: &str, after: Option<Duration>) -> Failure {
        Failure::Refused {
            status,
            code: code.to_owned(),
            message: "words".to_owned(),
            after,
        }
    }

    fn kind(error: &ChatError) -> &'static str {
        match error {
            ChatError::Retry { .. } => "retry",
            ChatError::Reject { .. } => "reject",
            ChatError::RoomGone { .. } => "room gone",
            ChatError::Unknown { .. } => "unknown",
        }
    }

    #[test]
    fn what_the_core_can_do() {
        let cases = [
            (Failure::Unreached("x".into()), "retry", "retry"),
            (Failure::Unanswered("x".into()), "retry", "unknown"),
            (Failure::NotJoined, "room gone", "room gone"),
            (Failure::Local("x".into()), "retry", "unknown"),
            (refused(429, "M_LIMIT_EXCEEDED", None), "retry", "retry"),
            (refused(500, "M_UNKNOWN", None), "retry", "unknown"),
            (refused(502, "", None), "retry", "unknown"),
            // Of a reverse proxy: a page in HTML or plain text.
            (refused(403, "", None), "retry", "unknown"),
            (refused(404, "", None), "retry", "unknown"),
            (refused(301, "", None), "retry", "unknown"),
            (refused(408, "", None), "retry", "unknown"),
            (refused(408, "M_UNKNOWN", None), "retry", "unknown"),
            (refused(429, "", None), "retry", "retry"),
            (
                refused(403, "M_RESOURCE_LIMIT_EXCEEDED", None),
                "retry",
                "retry",
            ),
            (refused(401, "M_USER_LOCKED", None), "retry", "retry"),
            (refused(403, "M_USER_SUSPENDED", None), "retry", "retry"),
            (Failure::Login("x".into()), "retry", "retry"),
            (refused(413, "", None), "reject", "reject"),
            (refused(413, "M_TOO_LARGE", None), "reject", "reject"),
            (refused(403, "M_FORBIDDEN", None), "reject", "reject"),
            (refused(400, "M_BAD_JSON", None), "reject", "reject"),
            (refused(401, "M_UNKNOWN_TOKEN", None), "retry", "retry"),
        ];
        for (failure, repeatable, once) in cases {
            let words = failure.to_string();
            assert_eq!(
                kind(&failure.clone().into_chat_error(Request::Repeatable)),
                repeatable,
                "{words}"
            );
            assert_eq!(
                kind(&failure.into_chat_error(Request::Once)),
                once,
                "{words}"
            );
        }
    }

    #[test]
    fn only_the_homeserver_itself_doubts_membership() {
        let cases = [
            (refused(403, "M_FORBIDDEN", None), true),
            (refused(404, "M_NOT_FOUND", None), true),
            (Failure::NotJoined, true),
            (refused(403, "", None), false),
            (refused(404, "", None), false),
            (refused(403, "M_RESOURCE_LIMIT_EXCEEDED", None), false),
            (refused(400, "M_BAD_JSON", None), false),
            (Failure::Unanswered("x".into()), false),
        ];
        for (failure, expected) in cases {
            assert_eq!(failure.doubts_membership(), expected, "{failure}");
        }
    }

    #[test]
    fn what_a_person_has_to_mend_is_waited_for_long() {
        for failure in [
            refused(403, "M_RESOURCE_LIMIT_EXCEEDED", None),
            refused(401, "M_USER_LOCKED", Some(Duration::from_secs(1))),
            Failure::Login("refused".into()),
        ] {
            let error = failure.clone().into_chat_error(Request::Repeatable);
            assert_eq!(failure.after(), Some(PERSON_WAIT), "{failure}");
            assert!(
                matches!(error, ChatError::Retry { after, .. } if after == Some(PERSON_WAIT)),
                "{error}"
            );
        }
    }

    #[test]
    fn a_limit_is_waited_for_as_long_as_the_homeserver_says() {
        let wait = Some(Duration::from_millis(4_321));
        let error = refused(429, "M_LIMIT_EXCEEDED", wait).into_chat_error(Request::Once);
        assert!(matches!(error, ChatError::Retry { after, .. } if after == wait));
    }

    #[test]
    fn a_revoked_session_says_what_to_do() {
        let failure = refused(401, "M_UNKNOWN_TOKEN", None);
        assert!(failure.is_revoked());
        let words = failure.into_chat_error(Request::Repeatable).to_string();
        assert!(words.contains("session.json"), "{words}");
    }
}
