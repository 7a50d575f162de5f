//! Errors as TAXII has them (section 3.6.1): an object with title, description and status.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Serialize;

use super::media::TAXII;

/// An error in the form of the specification.
#[derive(Debug, Clone)]
pub struct TaxiiError {
    status: StatusCode,
    title: &'static str,
    description: String,
    /// After how many seconds it is worth asking again, if that can be said.
    after_s: Option<u64>,
}

#[derive(Serialize)]
struct Wire<'a> {
    title: &'a str,
    description: &'a str,
    http_status: String,
}

impl TaxiiError {
    /// An error with this status; the description says what to do.
    pub fn new(status: StatusCode, title: &'static str, description: impl Into<String>) -> Self {
        Self { status, title, description: description.into(), after_s: None }
    }

    pub(super) fn bad_request(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "The request can't be understood", description)
    }

    /// What is not there and what is not for this member look the same.
    pub(super) fn not_found() -> Self {
        let description =
            "There is no such resource, or not for you. Your collections are listed at /api/collections/.";
        Self::new(StatusCode::NOT_FOUND, "Not found", description)
    }

    pub(super) fn forbidden(description: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Not allowed", description)
    }

    /// The member would have brought more than it may.
    pub(super) fn over_quota(over: &gate::OverQuota) -> Self {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "Over the quota", over.to_string());
        Self { after_s: Some(over.after_s()), ..error }
    }

    pub(super) fn unavailable(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a TAXII request failed in the store");
        let description = "The store could not answer. Repeating the request is safe.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "The store could not answer", description)
    }
}

impl IntoResponse for TaxiiError {
    fn into_response(self) -> Response {
        let http_status = self.status.as_str().to_owned();
        let wire = Wire { title: self.title, description: &self.description, http_status };
        let body = serde_json::to_string(&wire).unwrap_or_default();
        let mut response = (self.status, [(header::CONTENT_TYPE, TAXII)], body).into_response();
        if let Some(after_s) = self.after_s {
            response.headers_mut().insert(header::RETRY_AFTER, after_s.into());
        }
        response
    }
}

impl From<line::StorageError> for TaxiiError {
    fn from(error: line::StorageError) -> Self {
        match error {
            line::StorageError::Full => {
                tracing::error!(%error, "a TAXII request was refused");
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "The disk is full", crate::FULL)
            }
            line::StorageError::Busy => {
                let title = "More comes than can be written";
                let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, title, error.to_string());
                Self { after_s: Some(crate::BUSY_S), ..error }
            }
            error => Self::unavailable(&error),
        }
    }
}

pub(super) async fn no_such_resource() -> TaxiiError {
    TaxiiError::not_found()
}

pub(super) async fn method_not_allowed() -> TaxiiError {
    let description = "This resource does not know this method; see TAXII 2.1, sections 4 and 5.";
    TaxiiError::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", description)
}
