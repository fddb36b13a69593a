//! What a method answers (Bot API, "Making requests"): `ok`, `result`, or `error_code`, `description`, `parameters`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// A refusal, as Telegram words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: u16,
    pub(crate) description: String,
    pub(crate) parameters: Option<Value>,
}

impl Failure {
    pub(crate) fn new(code: u16, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
            parameters: None,
        }
    }

    /// 400 `Bad Request: …`.
    pub(crate) fn bad(what: impl AsRef<str>) -> Self {
        Self::new(400, format!("Bad Request: {}", what.as_ref()))
    }

    /// 403 `Forbidden: …`.
    pub(crate) fn forbidden(what: &str) -> Self {
        Self::new(403, format!("Forbidden: {what}"))
    }

    /// 429 with `retry_after` (Bot API, "ResponseParameters").
    pub(crate) fn flood(seconds: u64) -> Self {
        Self {
            parameters: Some(json!({ "retry_after": seconds })),
            ..Self::new(429, format!("Too Many Requests: retry after {seconds}"))
        }
    }
}

/// A method's result.
pub(crate) type Answer = Result<Value, Failure>;

pub(crate) fn respond(answer: Answer) -> Response {
    match answer {
        Ok(result) => Json(json!({ "ok": true, "result": result })).into_response(),
        Err(failure) => {
            let mut body = Map::new();
            body.insert("ok".to_owned(), json!(false));
            body.insert("error_code".to_owned(), json!(failure.code));
            body.insert("description".to_owned(), json!(failure.description));
            if let Some(parameters) = failure.parameters {
                body.insert("parameters".to_owned(), parameters);
            }
            let status =
                StatusCode::from_u16(failure.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, Json(Value::Object(body))).into_response()
        }
    }
}
