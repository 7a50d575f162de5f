//! Errors as MISP has them: an object with name, message and URL.
//!
//! Two texts are part of the protocol: `You do not have permission to do that.`, on which PyMISP looks for another way, and
//! `Invalid event`. What is not there and what is not for this member have one answer.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value as Json, json};
use stix::Finding;

/// Most findings in an answer.
const FINDINGS_MAX: usize = 100;

/// An answer that refuses.
#[derive(Debug, Clone)]
pub struct MispError {
    status: StatusCode,
    message: String,
    /// What is wrong with which part, if there is more to say.
    errors: Option<Json>,
    location: Option<String>,
    /// After how many seconds it is worth asking again, if that can be said.
    after_s: Option<u64>,
}

/// What handlers give back.
pub(super) type Answer = Result<Response, MispError>;

impl MispError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), errors: None, location: None, after_s: None }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// Not there, or not for this member: `what` is `event`, `attribute` …
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("Invalid {what}"))
    }

    /// The event is there already; `path` is where.
    pub(super) fn exists(path: String) -> Self {
        let message =
            "Event already exists, if you would like to edit it, use the url in the location header.";
        Self { location: Some(path), ..Self::new(StatusCode::NOT_FOUND, message) }
    }

    /// It is another's.
    pub(super) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "You do not have permission to do that.")
    }

    /// Nothing was saved, and why.
    pub(super) fn not_saved(message: impl Into<String>, errors: Json) -> Self {
        Self { errors: Some(errors), ..Self::new(StatusCode::FORBIDDEN, message) }
    }

    /// Nothing was saved because of what is wrong with what was sent.
    pub(super) fn findings(message: &str, findings: &[Finding]) -> Self {
        Self::not_saved(message, told(findings))
    }

    /// The member would have brought more than it may.
    pub(super) fn over_quota(over: &gate::OverQuota) -> Self {
        let after_s = Some(over.after_s());
        Self { after_s, ..Self::new(StatusCode::TOO_MANY_REQUESTS, over.to_string()) }
    }

    pub(crate) fn unavailable(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a MISP request failed in the store");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The store could not answer. Repeating the request is safe.",
        )
    }

    /// The answer to a request for `path`.
    pub(super) fn at(self, path: &str) -> Response {
        let mut body = json!({ "saved": false, "name": self.message, "message": self.message, "url": path });
        if let (Some(errors), Some(body)) = (self.errors, body.as_object_mut()) {
            body.insert("errors".to_owned(), errors);
        }
        let mut response =
            (self.status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response();
        if let Some(location) = self.location.and_then(|location| HeaderValue::try_from(location).ok()) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        if let Some(after_s) = self.after_s {
            response.headers_mut().insert(header::RETRY_AFTER, after_s.into());
        }
        response
    }
}

/// Findings as texts, with how many more there were.
pub(super) fn told(findings: &[Finding]) -> Json {
    let mut texts: Vec<String> = findings.iter().take(FINDINGS_MAX).map(ToString::to_string).collect();
    if findings.len() > FINDINGS_MAX {
        texts.push(format!("and {} more", findings.len() - FINDINGS_MAX));
    }
    json!(texts)
}

impl From<line::StorageError> for MispError {
    fn from(error: line::StorageError) -> Self {
        match error {
            line::StorageError::Full => {
                tracing::error!(%error, "a MISP request was refused");
                Self::new(StatusCode::INSUFFICIENT_STORAGE, crate::FULL)
            }
            line::StorageError::Busy => {
                let after_s = Some(crate::BUSY_S);
                Self { after_s, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()) }
            }
            error => Self::unavailable(&error),
        }
    }
}
