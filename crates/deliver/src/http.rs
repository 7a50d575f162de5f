//! Artefacts over HTTP, for members with their own credential: `/d/` and the artefact's name ([`Ask`]).
//!
//! It is always what the member that asks gets, joined over its circles. Each has an entity tag, so that a device that asks
//! often fetches seldom.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use policy::{Caller, Channel, MemberId};

use crate::artefact::{Artefact, LeftOut};
use crate::ask::{Ask, NoSuchArtefact, Options};
use crate::gather::{Deliver, DeliverError};
use crate::level_up;
use crate::list::Form;
use crate::push::events::Events;
use crate::speech::{Language, UnknownLanguage};
use crate::style_policy;

/// The routes of the artefacts, and of the events that say when they change.
pub fn router(deliver: Arc<Deliver>, told: Arc<Events>) -> Router {
    let told = Router::new().route("/d/events", get(events)).with_state((Arc::clone(&deliver), told));
    Router::new()
        .route("/d/{*name}", get(artefact))
        .fallback(|| async { Refused::from(NoSuchArtefact) })
        .with_state(Arc::clone(&deliver))
        .merge(level_up::router(deliver))
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
            DeliverError::Elsewhere => Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
            DeliverError::NumberUnknown(_) => Self::new(StatusCode::GONE, error.to_string()),
            DeliverError::NotFor(_) | DeliverError::DeviceUnknown(_) => {
                Self::new(StatusCode::BAD_REQUEST, error.to_string())
            }
            error @ DeliverError::Unset { .. } => {
                tracing::error!(%error, "an artefact could not be made");
                let text = "This node is not set up to make this form; its operators can see why in its log.";
                Self::new(StatusCode::NOT_IMPLEMENTED, text)
            }
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
    Query(query): Query<Vec<(String, String)>>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    // Who asks with HEAD, or for nothing if there is anything, has not got it.
    let is_got = method == Method::GET && !known(&headers).any(|tag| tag == "*");
    let (ask, options) = asked(name.parse()?, query)?;
    let member = member_of(caller)?;
    let work = tokio::task::spawn_blocking(move || {
        let upto = deliver.heads(member);
        let artefact = deliver.make_with(member, ask, &options, channel.encrypted)?;
        let is_used = !options.left_out && !matches!(ask, Ask::Fires | Ask::FiresJson);
        if is_used && is_got && !channel.looked_at {
            let what = if options.has_limits() { format!("{ask}, cut to limits") } else { ask.to_string() };
            deliver.fetched(member, &what, ask.level(), upto, &artefact.etag());
            if options.has_limits() {
                deliver.cut_list_fetched(member, &artefact);
            }
        }
        Ok::<_, DeliverError>(artefact)
    });
    let artefact = work.await.map_err(|error| DeliverError::Render(error.to_string()))??;
    Ok(response(artefact, &headers))
}

/// What is asked for, with its options. A parameter that is not known is passed over, as devices add some of their own.
fn asked(ask: Ask, query: Vec<(String, String)>) -> Result<(Ask, Options), Refused> {
    let (mut ask, mut options) = (ask, Options::default());
    for (name, value) in query {
        match (name.as_str(), ask) {
            ("lang", Ask::Advisory(..)) => ask = ask.in_language(Some(language(&value)?)),
            // As devices ask that were set up for it: the name says it as well now.
            ("bare", Ask::List(kind, Form::Plain)) => ask = Ask::List(kind, Form::Bare),
            ("since", _) => options.since = Some(value),
            ("device", _) => options.device = Some(value),
            ("entries", _) => options.entries = Some(number("entries", &value)?),
            ("line", _) => options.line_bytes = Some(number("line", &value)?),
            ("left-out", _) => options.left_out = true,
            _ => {}
        }
    }
    Ok((ask, options))
}

fn number(name: &str, value: &str) -> Result<usize, Refused> {
    value.parse().map_err(|_| {
        let text = format!("{name}={value} is no number: give one, or leave {name} out");
        Refused::new(StatusCode::BAD_REQUEST, text)
    })
}

/// The headers that say what a device's limits left out.
const KEPT: HeaderName = HeaderName::from_static("bongsu-kept");
const LEFT_OUT: HeaderName = HeaderName::from_static("bongsu-left-out");
/// The header with the number of a list's state.
const NUMBER: HeaderName = HeaderName::from_static("bongsu-number");

/// The language that a query asks for.
fn language(value: &str) -> Result<Language, Refused> {
    let told = |error: UnknownLanguage| Refused::new(StatusCode::BAD_REQUEST, format!("{error}."));
    value.parse().map_err(told)
}

/// The answer that hands an artefact out, or says that who asks has it.
pub(crate) fn response(artefact: Artefact, asked: &HeaderMap) -> Response {
    let etag = artefact.etag();
    let is_known = known(asked).any(|tag| tag == "*" || opaque(tag) == opaque(&etag));
    let is_page = artefact.content_type.starts_with("text/html");
    let styles = is_page.then(|| style_policy::of(&String::from_utf8_lossy(&artefact.body))).flatten();
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Response::new(Body::from(artefact.body)),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(artefact.content_type));
    // What one member gets must not be handed to another by a cache between.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Some(styles) = styles {
        headers.insert(header::CONTENT_SECURITY_POLICY, styles);
    }
    let disposition = format!("inline; filename=\"{}\"", artefact.file_name);
    let number = artefact.number.map(|number| (NUMBER, number));
    let left_out = artefact
        .left_out
        .into_iter()
        .flat_map(|LeftOut { kept, left_out }| [(KEPT, kept.to_string()), (LEFT_OUT, left_out.to_string())]);
    for (name, value) in [(header::ETAG, etag), (header::CONTENT_DISPOSITION, disposition)]
        .into_iter()
        .chain(number)
        .chain(left_out)
    {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    response
}

/// The entity tags of what who asks has already; `*` stands for anything (RFC 9110, 13.1.2).
fn known(asked: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = asked.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// An entity tag without what says that it is weak: weak comparison (RFC 9110, 8.8.3.2) passes over it.
fn opaque(tag: &str) -> &str {
    tag.trim_start_matches("W/")
}
