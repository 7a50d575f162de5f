//! Artefacts over HTTP, for members with their own credential: `/d/` and the artefact's name ([`Ask`]).
//!
//! It is always what the member that asks gets, joined over its circles. Each has an entity tag, so that a device that asks
//! often fetches seldom.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use policy::{Caller, Channel, MemberId};

use crate::artefact::Artefact;
use crate::ask::{Ask, NoSuchArtefact};
use crate::gather::{Deliver, DeliverError};
use crate::list::Form;
use crate::push::events::Events;

/// The routes of the artefacts, and of the events that say when they change.
pub fn router(deliver: Arc<Deliver>, told: Arc<Events>) -> Router {
    let told = Router::new().route("/d/events", get(events)).with_state((Arc::clone(&deliver), told));
    Router::new()
        .route("/d/{*name}", get(artefact))
        .fallback(|| async { Refused::from(NoSuchArtefact) })
        .with_state(deliver)
        .merge(told)
}

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

impl From<NoSuchArtefact> for Refused {
    fn from(error: NoSuchArtefact) -> Self {
        let text = error.to_string().replacen("there", "There", 1);
        Self::new(StatusCode::NOT_FOUND, format!("{text}; each behind /d/."))
    }
}

impl From<DeliverError> for Refused {
    fn from(error: DeliverError) -> Self {
        match error {
            DeliverError::LevelTooLow { .. } => Self::new(StatusCode::FORBIDDEN, error.to_string()),
            DeliverError::NoMember => NoSuchArtefact.into(),
            error => {
                tracing::error!(%error, "an artefact could not be made");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "The artefact could not be made; try again.")
            }
        }
    }
}

type Who = (Extension<Caller>, Extension<Channel>);

async fn events(
    State((deliver, told)): State<(Arc<Deliver>, Arc<Events>)>,
    (Extension(caller), Extension(channel)): Who,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let member = member_of(caller)?;
    Ok(told.answer(deliver, member, channel.encrypted, &headers))
}

/// Who is handed something out.
fn member_of(caller: Caller) -> Result<MemberId, Refused> {
    match caller {
        Caller::Member(member) => Ok(member),
        Caller::Operator => {
            let text = "An operator gets nothing itself. Look at what a member gets under /as/HANDLE/d/.";
            Err(Refused::new(StatusCode::FORBIDDEN, text))
        }
    }
}

async fn artefact(
    State(deliver): State<Arc<Deliver>>,
    (Extension(caller), Extension(channel)): Who,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let ask = match (name.parse()?, query.as_deref()) {
        // As devices ask that were set up for it: the name says it as well now.
        (Ask::List(kind, Form::Plain), Some("bare")) => Ask::List(kind, Form::Bare),
        (ask, _) => ask,
    };
    let member = member_of(caller)?;
    let work = tokio::task::spawn_blocking(move || {
        let upto = deliver.heads(member);
        let artefact = deliver.make(member, ask, channel.encrypted)?;
        if !channel.looked_at && !matches!(ask, Ask::Fires | Ask::FiresJson) {
            deliver.fetched(member, &ask.to_string(), ask.level(), upto, &artefact.etag());
        }
        Ok::<_, DeliverError>(artefact)
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
