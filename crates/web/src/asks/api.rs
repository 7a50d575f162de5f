//! `/ask`: asks for programs, as JSON.
//!
//! | | |
//! | --- | --- |
//! | `GET /ask` | the asks that the caller may know of, the newest first |
//! | `POST /ask` | asks: `circle`, `object`, `why`, and `to`, `tlp` or `without_source` |
//! | `GET /ask/ID` | one |
//! | `POST /ask/ID` | answers: `answer` (`yes`, `less`, `no`), with `less` what is allowed, `said` |
//!
//! What is wrong is told as `{"error": …}`. What is not there and what is not for the caller are one answer.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Router};
use gate::{AnswerError, Answerer, AskError, Gate};
use http::{HeaderMap, StatusCode, Uri, header};
use policy::{By, Caller, Channel};
use serde::Deserialize;
use serde_json::{Value, json};
use stix::Timestamp;
use uuid::Uuid;

use super::{Given, Question, asking, shown};
use crate::auth::form::is_from_here;
use crate::page::making;

/// Bytes of a question or an answer: the longest text, each of its letters escaped.
const BODY_BYTES_MAX: usize = 64 * 1024;

struct Asks {
    gate: Gate,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

type Shared = State<Arc<Asks>>;

/// The routes of the interface.
pub fn router(gate: Gate, now: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Router {
    Router::new()
        .route("/ask", get(list).post(ask))
        .route("/ask/{ask}", get(one).post(answer))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .fallback(|| async { absent() })
        .with_state(Arc::new(Asks { gate, now }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    answer: String,
    #[serde(default)]
    circle: bool,
    #[serde(default)]
    tlp: String,
    #[serde(default)]
    without_source: bool,
    #[serde(default)]
    said: String,
}

fn told(status: StatusCode, body: &Value) -> Response {
    let mut response =
        (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, http::HeaderValue::from_static("private, no-store"));
    response
}

fn refused(status: StatusCode, why: &dyn std::fmt::Display) -> Response {
    told(status, &json!({"error": why.to_string()}))
}

fn absent() -> Response {
    refused(StatusCode::NOT_FOUND, &"there is nothing here for you")
}

/// A failure of the store: the log says which.
fn broken(error: &dyn std::fmt::Display) -> Response {
    tracing::error!(%error, "an ask could not be kept");
    refused(StatusCode::SERVICE_UNAVAILABLE, &"it could not be kept: try again; the log says why")
}

/// What a program sent, if it is one that sent it.
fn read<T: for<'de> Deserialize<'de>>(
    headers: &HeaderMap,
    uri: &Uri,
    body: &Bytes,
) -> Result<T, Box<Response>> {
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(';').next().is_some_and(|kind| kind.trim() == "application/json"));
    if !is_json {
        let why = "send `content-type: application/json`";
        return Err(Box::new(refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, &why)));
    }
    if !is_from_here(headers, uri) {
        return Err(Box::new(refused(StatusCode::FORBIDDEN, &"it was sent from a page of somebody else's")));
    }
    serde_json::from_slice(body).map_err(|error| Box::new(refused(StatusCode::BAD_REQUEST, &error)))
}

async fn list(State(asks): Shared, Extension(caller): Extension<Caller>) -> Response {
    making(move || {
        let book = asks.gate.book();
        let seen = asks.gate.asks(caller, (asks.now)());
        let shown: Vec<Value> = seen.iter().map(|seen| shown(&book, seen)).collect();
        told(StatusCode::OK, &json!({"asks": shown}))
    })
    .await
}

async fn one(State(asks): Shared, Extension(caller): Extension<Caller>, Path(id): Path<String>) -> Response {
    making(move || asks.show(&id, caller, StatusCode::OK)).await
}

impl Asks {
    fn show(&self, id: &str, caller: Caller, status: StatusCode) -> Response {
        let seen = id.parse::<Uuid>().ok().and_then(|id| self.gate.ask_seen(id, caller, (self.now)()));
        seen.map_or_else(absent, |seen| told(status, &shown(&self.gate.book(), &seen)))
    }

    fn ask(&self, caller: Caller, encrypted: bool, question: &Question) -> Response {
        let Caller::Member(member) = caller else {
            let why = "an operator asks for a member: bongsu ask release --as MEMBER";
            return refused(StatusCode::FORBIDDEN, &why);
        };
        let asked = asking(&self.gate, member, encrypted, question);
        match asked.and_then(|asking| self.gate.ask(asking, (self.now)())) {
            Ok(ask) => self.show(&ask.id.to_string(), caller, StatusCode::CREATED),
            Err(error) => refusal(&error),
        }
    }

    fn answer(&self, id: &str, (caller, by): (Caller, Option<By>), answer: Answer) -> Response {
        let now = (self.now)();
        let seen = id.parse::<Uuid>().ok().and_then(|id| self.gate.ask_seen(id, caller, now));
        let Some(seen) = seen else { return absent() };
        let by = match caller {
            Caller::Operator => Answerer::Operator,
            Caller::Member(member) => by.map_or(Answerer::Member(member), Answerer::Person),
        };
        let ticked = |is_ticked: bool| is_ticked.then(|| "1".to_owned());
        let given = Given {
            circle: ticked(answer.circle),
            without_source: ticked(answer.without_source),
            answer: answer.answer,
            tlp: answer.tlp,
            said: answer.said,
            ..Given::default()
        };
        let Ok(reply) = given.reply(&seen.wish) else {
            let why = "`answer` is yes, less or no; `tlp` is clear, green, amber, amber+strict or red";
            return refused(StatusCode::BAD_REQUEST, &why);
        };
        match self.gate.answer_ask(seen.id, by, reply, now) {
            Ok(ask) => self.show(&ask.id.to_string(), caller, StatusCode::OK),
            Err(AnswerError::NotFound) => absent(),
            Err(error @ AnswerError::Waits { .. }) => refused(StatusCode::ACCEPTED, &error),
            Err(error @ (AnswerError::Storage(_) | AnswerError::Gate(_))) => broken(&error),
            Err(error @ (AnswerError::Answered | AnswerError::Lapsed)) => {
                refused(StatusCode::CONFLICT, &error)
            }
            Err(error) => refused(StatusCode::UNPROCESSABLE_ENTITY, &error),
        }
    }
}

fn refusal(error: &AskError) -> Response {
    match error {
        AskError::NotFound => refused(StatusCode::NOT_FOUND, error),
        AskError::Storage(_) | AskError::Gate(_) => broken(error),
        AskError::Again { .. } | AskError::TooMany { .. } => refused(StatusCode::CONFLICT, error),
        _ => refused(StatusCode::UNPROCESSABLE_ENTITY, error),
    }
}

async fn ask(
    State(asks): Shared,
    Extension(caller): Extension<Caller>,
    Extension(channel): Extension<Channel>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match read::<Question>(&headers, &uri, &body) {
        Ok(question) => making(move || asks.ask(caller, channel.encrypted, &question)).await,
        Err(response) => *response,
    }
}

async fn answer(
    State(asks): Shared,
    (Extension(caller), by): (Extension<Caller>, Option<Extension<By>>),
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match read::<Answer>(&headers, &uri, &body) {
        Ok(answer) => making(move || asks.answer(&id, (caller, by.map(|Extension(by)| by)), answer)).await,
        Err(response) => *response,
    }
}
