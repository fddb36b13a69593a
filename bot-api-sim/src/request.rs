//! A call's parameters, however they came: query string, `application/x-www-form-urlencoded`, `application/json` or
//! `multipart/form-data` (Bot API, "Making requests").

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::{Form, FromRequest, Multipart};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Request, Uri};
use serde_json::{Map, Value};

use crate::answer::Failure;

/// Behind the name of a field that is a file: what the file is called.
pub(crate) const FILE_NAME: &str = "|file_name";

/// The parameters of a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(BTreeMap<String, Value>);

impl Parameters {
    /// Reads them from wherever the client put them; those in the body win.
    pub(crate) async fn read(request: Request<Body>) -> Result<Self, Failure> {
        let mut all = Self::default();
        all.extend(form(query_only(request.uri())?).await?);
        if request.method() == Method::GET {
            return Ok(all);
        }
        let kind = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_ascii_lowercase();
        if kind.starts_with("application/json") {
            let bytes = axum::body::to_bytes(request.into_body(), crate::BODY_LIMIT)
                .await
                .map_err(|_error| Failure::new(413, "Request Entity Too Large"))?;
            if !bytes.is_empty() {
                let object: Map<String, Value> = serde_json::from_slice(&bytes)
                    .map_err(|_error| Failure::bad("can't parse JSON object"))?;
                all.0.extend(object);
            }
        } else if kind.starts_with("multipart/form-data") {
            all.extend(multipart(request).await?);
        } else if kind.starts_with("application/x-www-form-urlencoded") {
            all.extend(form(request).await?);
        }
        Ok(all)
    }

    /// Those of a call that was written down.
    pub(crate) fn written(parameters: Map<String, Value>) -> Self {
        Self(parameters.into_iter().collect())
    }

    /// As they are written down.
    pub(crate) fn to_map(&self) -> Map<String, Value> {
        self.0.clone().into_iter().collect()
    }

    fn extend(&mut self, pairs: Vec<(String, String)>) {
        let pairs = pairs.into_iter();
        self.0
            .extend(pairs.map(|(name, value)| (name, Value::String(value))));
    }

    /// A value that is there and not null.
    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text; numbers and booleans count as what they look like.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.value(name).map(|value| match value.as_str() {
            Some(text) => text.to_owned(),
            None => value.to_string(),
        })
    }

    /// A whole number, as JSON number or in digits. Anything else counts as absent, as on the open server.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        let value = self.value(name)?;
        value
            .as_i64()
            .or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()))
    }

    /// `true` in any of its spellings; absent is false.
    pub(crate) fn flag(&self, name: &str) -> bool {
        match self.text(name) {
            Some(text) => matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "1"),
            None => false,
        }
    }

    /// A JSON-serialized object or list, whether the client serialized it or sent it as JSON.
    pub(crate) fn json(&self, name: &str, what: &str) -> Result<Option<Value>, Failure> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => match value.as_str() {
                None => Ok(Some(value.clone())),
                Some("") => Ok(None),
                Some(text) => serde_json::from_str(text)
                    .map(Some)
                    .map_err(|_error| Failure::bad(format!("can't parse {what} JSON object"))),
            },
        }
    }
}

/// The same address without its body, for the reader of forms.
fn query_only(uri: &Uri) -> Result<Request<Body>, Failure> {
    Request::builder()
        .method(Method::GET)
        .uri(uri.clone())
        .body(Body::empty())
        .map_err(|_error| Failure::bad("invalid address"))
}

async fn form(request: Request<Body>) -> Result<Vec<(String, String)>, Failure> {
    let Form(pairs) = Form::<Vec<(String, String)>>::from_request(request, &())
        .await
        .map_err(|_error| Failure::bad("can't parse parameters"))?;
    Ok(pairs)
}

async fn multipart(request: Request<Body>) -> Result<Vec<(String, String)>, Failure> {
    let malformed = || Failure::bad("can't parse multipart/form-data");
    let mut fields = Multipart::from_request(request, &())
        .await
        .map_err(|_error| malformed())?;
    let mut pairs = Vec::new();
    while let Some(field) = fields.next_field().await.map_err(|_error| malformed())? {
        let name = field.name().unwrap_or_default().to_owned();
        if let Some(file) = field.file_name() {
            pairs.push((format!("{name}{FILE_NAME}"), file.to_owned()));
        }
        let bytes = field.bytes().await.map_err(|_error| malformed())?;
        pairs.push((name, String::from_utf8_lossy(&bytes).into_owned()));
    }
    Ok(pairs)
}
