//! Artefacts over HTTP, for members with their own credential.
//!
//! `/d/advisory.html`, `/d/list/KIND.txt`, `/d/list/KIND.csv`, `/d/zone.rpz`, `/d/suricata.rules`: always what the member that
//! asks gets, joined over its circles. Each has an entity tag, so that a device that asks often fetches seldom.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use policy::{Caller, Channel, Level, MemberId};

use crate::artefact::Artefact;
use crate::gather::{Deliver, DeliverError};
use crate::list::{Form, KINDS};

/// The routes of the artefacts.
pub fn router(deliver: Arc<Deliver>) -> Router {
    Router::new()
        .route("/d/advisory.html", get(advisory))
        .route("/d/list/{file}", get(list))
        .route("/d/zone.rpz", get(zone))
        .route("/d/suricata.rules", get(suricata))
        .fallback(|| async { Refused::new(StatusCode::NOT_FOUND, NO_SUCH) })
        .with_state(deliver)
}

const NO_SUCH: &str = "There is no such artefact. There are /d/advisory.html, /d/list/KIND.txt and .csv (KIND: domain, url, ipv4, \
                       ipv6, md5, sha1, sha256, sha512, email, wallet or all), /d/zone.rpz and /d/suricata.rules.";

struct Refused {
    status: StatusCode,
    text: String,
}

impl Refused {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], self.text + "\n").into_response()
    }
}

impl From<DeliverError> for Refused {
    fn from(error: DeliverError) -> Self {
        match error {
            DeliverError::LevelTooLow { .. } => Self::new(StatusCode::FORBIDDEN, error.to_string()),
            DeliverError::NoMember => Self::new(StatusCode::NOT_FOUND, NO_SUCH),
            error => {
                tracing::error!(%error, "an artefact could not be made");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "The artefact could not be made; try again.")
            }
        }
    }
}

type Who = (Extension<Caller>, Extension<Channel>);

async fn advisory(
    State(deliver): State<Arc<Deliver>>,
    who: Who,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    make(deliver, who, headers, Level::Read, |deliver, member, encrypted| deliver.advisory(member, encrypted))
        .await
}

async fn zone(
    State(deliver): State<Arc<Deliver>>,
    who: Who,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    make(deliver, who, headers, Level::Block, |deliver, member, encrypted| {
        deliver.zone_file(member, encrypted)
    })
    .await
}

async fn suricata(
    State(deliver): State<Arc<Deliver>>,
    who: Who,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    make(deliver, who, headers, Level::Detect, |deliver, member, encrypted| {
        deliver.suricata(member, encrypted)
    })
    .await
}

async fn list(
    State(deliver): State<Arc<Deliver>>,
    who: Who,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let no_such = || Refused::new(StatusCode::NOT_FOUND, NO_SUCH);
    let (name, form) = match file.rsplit_once('.') {
        Some((name, "csv")) => (name, Form::Csv),
        Some((name, "txt")) if query.as_deref() == Some("bare") => (name, Form::Bare),
        Some((name, "txt")) => (name, Form::Plain),
        _ => return Err(no_such()),
    };
    let kind = match name {
        "all" => None,
        name => Some(name.parse().ok().filter(|kind| KINDS.contains(kind)).ok_or_else(no_such)?),
    };
    let render = move |deliver: &Deliver, member, encrypted| deliver.list(member, kind, form, encrypted);
    make(deliver, who, headers, Level::List, render).await
}

async fn make(
    deliver: Arc<Deliver>,
    (Extension(caller), Extension(channel)): Who,
    headers: HeaderMap,
    wanted: Level,
    render: impl FnOnce(&Deliver, MemberId, bool) -> Result<Artefact, DeliverError> + Send + 'static,
) -> Result<Response, Refused> {
    let Caller::Member(member) = caller else {
        let text = "An operator gets nothing itself. Look at what a member gets under /as/HANDLE/d/.";
        return Err(Refused::new(StatusCode::FORBIDDEN, text));
    };
    let work = tokio::task::spawn_blocking(move || {
        deliver.offered(&deliver.gate.book(), member, wanted)?;
        render(&deliver, member, channel.encrypted)
    });
    let artefact = work.await.map_err(|error| DeliverError::Render(error.to_string()))??;
    Ok(response(artefact, &headers))
}

fn response(artefact: Artefact, asked: &HeaderMap) -> Response {
    let etag = artefact.etag();
    let known = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known =
        known.is_some_and(|known| known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag));
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Response::new(Body::from(artefact.body)),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(artefact.content_type));
    // What one member gets must not be handed to another by a cache between.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    let disposition = format!("inline; filename=\"{}\"", artefact.file_name);
    for (name, value) in [(header::ETAG, etag), (header::CONTENT_DISPOSITION, disposition)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    response
}
