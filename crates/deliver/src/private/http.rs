//! Private screening over HTTP, for members with their own credential.
//!
//! | | |
//! | --- | --- |
//! | `GET /private/key` | the public keys that answer, until when, and a signed note over them, so that members can compare |
//! | `GET /private/filter` | the member's filter, with an entity tag; 503 with `Retry-After` while it is made |
//! | `POST /private/evaluate` | blinded elements, evaluated ([`watch::private::Request`], [`watch::private::Answer`]) |
//!
//! Refusals are texts: 400 what is no question, 403 for operators and members below level `detect`, 410 a key that is not in use any
//! more, 413 a question that is too long, 429 with `Retry-After` beyond the allowance.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use policy::{Caller, Channel, Level, MemberId};
use tokio::sync::Semaphore;
use watch::private::{Request, RequestError};

use super::{AskError, Private, Progress, WHAT};
use crate::gather::DeliverError;
use crate::http::response;

/// Values that are evaluated in a second on one core, so that who waits for a filter knows for about how long.
const EVALUATED_PER_S: usize = 10_000;
/// The longest that a member is asked to wait at a time, in seconds.
const WAIT_S_MAX: usize = 60;

type Asked = State<(Arc<Private>, Arc<Semaphore>)>;

/// The routes of private screening.
pub fn router(private: Arc<Private>) -> Router {
    // Questions are worked on so many at a time, so that the rest of the node goes on.
    let turns = std::thread::available_parallelism().map_or(1, usize::from);
    Router::new()
        .route("/private/key", get(keys))
        .route("/private/filter", get(filter))
        .route("/private/evaluate", post(evaluate))
        .fallback(|| async {
            Refused::new(StatusCode::NOT_FOUND, "There are key, filter and evaluate; each behind /private/.")
        })
        .layer(DefaultBodyLimit::max(Request::BYTES_MAX))
        .with_state((private, Arc::new(Semaphore::new(turns))))
}

struct Refused {
    status: StatusCode,
    text: String,
    after: Option<Duration>,
}

impl Refused {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), after: None }
    }

    /// What failed here is told to the log, and that it did to who asks.
    fn failed(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "private screening failed");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Private screening failed here; try again.")
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let form = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        let mut response = (self.status, form, self.text + "\n").into_response();
        if let Some(after) = self.after {
            // Rounded up: who comes too early is refused again.
            let after = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after.max(1)));
        }
        response
    }
}

impl From<DeliverError> for Refused {
    fn from(error: DeliverError) -> Self {
        match error {
            DeliverError::LevelTooLow { .. } => Self::new(StatusCode::FORBIDDEN, error.to_string()),
            DeliverError::NoMember => Self::new(StatusCode::NOT_FOUND, "There is nothing here for you."),
            error @ DeliverError::Unset { .. } => {
                tracing::error!(%error, "a private filter could not be made");
                let text = "This node has more values than it is set up to screen privately; its operators can see so in its log.";
                Self::new(StatusCode::NOT_IMPLEMENTED, text)
            }
            error => Self::failed(&error),
        }
    }
}

impl From<AskError> for Refused {
    fn from(error: AskError) -> Self {
        let text = error.to_string();
        match error {
            AskError::Deliver(error) => error.into(),
            AskError::Epoch(_) => Self::new(StatusCode::GONE, text),
            AskError::Allowance { after } => {
                Self { after: Some(after), ..Self::new(StatusCode::TOO_MANY_REQUESTS, text) }
            }
            AskError::Elements(_) => Self::new(StatusCode::BAD_REQUEST, text),
            AskError::Random | AskError::Storage(_) => Self::failed(&text),
        }
    }
}

type Who = (Extension<Caller>, Extension<Channel>);

/// Who asks.
fn member_of(caller: Caller) -> Result<MemberId, Refused> {
    match caller {
        Caller::Member(member) => Ok(member),
        Caller::Operator => {
            let text = "An operator knows everything here and has nothing to ask privately. Ask as a member.";
            Err(Refused::new(StatusCode::FORBIDDEN, text))
        }
    }
}

async fn keys(State((private, _)): Asked, (Extension(caller), _): Who) -> Result<Response, Refused> {
    member_of(caller)?;
    let keys = private.keys().map_err(|error| Refused::failed(&error))?;
    Ok(([(header::CACHE_CONTROL, "no-cache")], axum::Json(keys)).into_response())
}

async fn filter(
    State((private, _)): Asked,
    (Extension(caller), Extension(channel)): Who,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let member = member_of(caller)?;
    let is_used = method == Method::GET && !channel.looked_at;
    let work = tokio::task::spawn_blocking(move || {
        let upto = private.deliver.heads(member);
        let progress = private.filter(member, channel.encrypted)?;
        if let Progress::Ready(artefact) = &progress
            && is_used
        {
            private.deliver.fetched(member, WHAT, Level::Detect, upto, &artefact.etag());
        }
        Ok::<_, DeliverError>(progress)
    });
    match work.await.map_err(|error| Refused::failed(&error))?? {
        Progress::Ready(artefact) => Ok(response((*artefact).clone(), &headers)),
        Progress::Under { left } => {
            let after_s = (left / EVALUATED_PER_S).clamp(1, WAIT_S_MAX);
            let text = format!(
                "The filter is being made: {left} values are still to be evaluated. Ask again in {after_s} s."
            );
            let after = Some(Duration::from_secs(after_s as u64));
            Err(Refused { after, ..Refused::new(StatusCode::SERVICE_UNAVAILABLE, text) })
        }
    }
}

async fn evaluate(
    State((private, turns)): Asked,
    (Extension(caller), _): Who,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refused> {
    let member = member_of(caller)?;
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => RequestError::TooLong.into(),
        status => Refused::new(status, rejection.body_text()),
    })?;
    let request = Request::read(&body)?;
    let _turn = turns.acquire_owned().await.map_err(|error| Refused::failed(&error))?;
    let work = tokio::task::spawn_blocking(move || private.evaluate(member, &request));
    let answer = work.await.map_err(|error| Refused::failed(&error))??;
    let body = serde_json::to_vec(&answer).map_err(|error| Refused::failed(&error))?;
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

impl From<RequestError> for Refused {
    fn from(error: RequestError) -> Self {
        let status = match error {
            RequestError::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, format!("That is no question: {error}."))
    }
}
