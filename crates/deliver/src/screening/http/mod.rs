//! Screening over HTTP: in a form of its own under `/screening/`, and in the forms that compliance teams' software calls already.
//!
//! All of them need a member's credential, and all leave the same records.

pub mod at_once;
mod chainalysis;
mod entity;
mod own;
mod trm;
mod yente;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{StatusCode, header};
use policy::{Caller, Channel, MemberId};
use serde::Serialize;

use super::{Answers, Extent, Question, Screening, ScreeningError};
use crate::gather::DeliverError;

/// Bytes of a request: ten thousand values of the longest common kinds.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The description of these surfaces. Source: OpenAPI Specification 3.1.0.
pub(crate) const OPENAPI: &str = include_str!("openapi.json");

/// The routes.
pub fn router(screening: Arc<Screening>) -> Router {
    Router::new()
        .route(at_once::PATH, get(own::one))
        .route("/screening/values", post(own::many))
        .route("/screening/openapi.json", get(openapi))
        .route("/match/{dataset}", post(yente::matches))
        .route("/api/v1/address/{address}", get(chainalysis::address))
        .route("/api/risk/v2/entities", post(entity::register))
        .route("/api/risk/v2/entities/{address}", get(entity::entity))
        .route("/public/v1/sanctions/screening", post(trm::screening))
        .fallback(|| async {
            Refused::new(
                StatusCode::NOT_FOUND,
                "There is nothing here; /screening/openapi.json names what is.",
            )
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(screening)
}

/// What the body of `POST /screening/values` asks, by its type: JSON, text with one value a line, or JSON on each line.
///
/// # Errors
/// A text that says what is wrong.
pub fn asked(content_type: &str, body: &[u8]) -> Result<Vec<Question>, String> {
    own::questions(content_type, body).map_err(|refused| refused.text)
}

/// What the body of `POST /match/{dataset}` asks.
///
/// # Errors
/// A text that says what is wrong.
pub fn asked_of_entities(body: &[u8]) -> Result<Vec<Question>, String> {
    yente::all_questions(body).map_err(|refused| refused.text)
}

/// Whether a path is one of these surfaces'.
#[must_use]
pub fn is_screening(path: &str) -> bool {
    let under =
        |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    under("/screening")
        || under("/match")
        || under("/public/v1/sanctions")
        || under("/api/risk/v2/entities")
        || path.starts_with("/api/v1/address/")
}

type Who = (axum::Extension<Caller>, axum::Extension<Channel>);

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

/// A refusal: `{"error": …}`, with what to do.
#[derive(Debug)]
struct Refused {
    status: StatusCode,
    text: String,
}

#[derive(Serialize)]
struct Problem<'a> {
    error: &'a str,
}

impl Refused {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    fn unreadable(what: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, format!("The request can't be read: {what}"))
    }

    fn too_many(count: usize) -> Self {
        let text = format!(
            "{count} values are asked about at once; at most {} are answered. Ask in parts.",
            super::VALUES_MAX
        );
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, text)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, axum::Json(Problem { error: &self.text })).into_response()
    }
}

impl From<ScreeningError> for Refused {
    fn from(error: ScreeningError) -> Self {
        if matches!(error, ScreeningError::Deliver(DeliverError::NoMember)) {
            return Self::new(StatusCode::NOT_FOUND, "There is nothing here for you.");
        }
        tracing::error!(%error, "a screening could not be answered");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Nothing can be said now; try again. The node's log says why.",
        )
    }
}

impl From<axum::extract::rejection::BytesRejection> for Refused {
    fn from(rejection: axum::extract::rejection::BytesRejection) -> Self {
        Self::new(
            rejection.status(),
            format!("{}; at most {BODY_BYTES_MAX} bytes are read.", rejection.body_text()),
        )
    }
}

fn member_of(caller: Caller) -> Result<MemberId, Refused> {
    match caller {
        Caller::Member(member) => Ok(member),
        Caller::Operator => {
            let text = "An operator asks as a member: under /as/HANDLE/screening/, or with `bongsu screen --as HANDLE`.";
            Err(Refused::new(StatusCode::FORBIDDEN, text))
        }
    }
}

/// Asks, off the threads that serve connections if it may take a while.
async fn ask(
    screening: Arc<Screening>,
    (axum::Extension(caller), axum::Extension(channel)): Who,
    (by, extent): (&'static str, Extent),
    questions: Vec<Question>,
) -> Result<Answers, Refused> {
    /// Questions that are answered at once.
    const FEW: usize = 8;
    let member = member_of(caller)?;
    if questions.len() > super::VALUES_MAX {
        return Err(Refused::too_many(questions.len()));
    }
    let looks = screening.looks_at(extent, &questions);
    let is_quick = questions.len() <= FEW && !looks && !questions.iter().any(Question::may_be_name);
    if is_quick && screening.is_ready() {
        return Ok(few(&screening, member, channel, by, &questions).await?);
    }
    let by = by_whom(channel, by);
    let turn = match &screening.exposing {
        Some(exposing) if looks => exposing.turn().await,
        _ => None,
    };
    let asked = tokio::task::spawn_blocking(move || {
        // Held until the work is done, also when whoever asked has gone.
        let _turn = turn;
        match extent {
            Extent::Listed => screening.ask(member, channel.encrypted, by, &questions),
            Extent::Exposed => screening.ask_exposed(member, channel.encrypted, by, &questions),
        }
    });
    match asked.await {
        Ok(answers) => Ok(answers?),
        Err(error) => {
            tracing::error!(%error, "a screening met a fault");
            Err(Refused::new(StatusCode::SERVICE_UNAVAILABLE, "Nothing can be said now; try again."))
        }
    }
}

/// Answers a few questions on this thread.
async fn few(
    screening: &Screening,
    member: MemberId,
    channel: Channel,
    by: &'static str,
    questions: &[Question],
) -> Result<Answers, ScreeningError> {
    let found =
        screening.find(member, channel.encrypted, (by_whom(channel, by), Extent::Listed), questions)?;
    // Others that are asked at the same time are found meanwhile, and the first that goes on writes all records.
    tokio::task::yield_now().await;
    screening.settle(found)
}

/// What an operator looks at for a member is told apart in the record.
const fn by_whom(channel: Channel, by: &'static str) -> &'static str {
    if channel.looked_at { "operator" } else { by }
}
