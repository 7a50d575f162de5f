//! Reading a collection: manifest (5.3), objects (5.4), one object (5.6), its versions (5.8).

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use gate::{ManifestRow, Object, Page, Query, Reader, VersionMatch};
use http::{HeaderName, HeaderValue, header};
use line::Added;
use policy::{Caller, Channel};
use serde::Serialize;
use stix::{ObjectId, Timestamp};

use super::collections::reader;
use super::error::TaxiiError;
use super::media::TAXII;
use super::names::Names;
use super::params::{self, Asked};
use super::{PROTOCOL, Shared, State as Server};
use crate::receipt::{Span, received};

const FIRST: HeaderName = HeaderName::from_static("x-taxii-date-added-first");
const LAST: HeaderName = HeaderName::from_static("x-taxii-date-added-last");
/// The envelope, manifest or versions of nothing (section 3.7).
const NOTHING: &str = "{}";

type Who = (Extension<Caller>, Extension<Channel>);

/// Runs what reads from the store off the threads that serve connections.
async fn reading<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, TaxiiError> + Send + 'static,
) -> Result<T, TaxiiError> {
    // What is said there belongs to the request as well.
    let span = tracing::Span::current();
    let read = move || span.in_scope(read);
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| Err(TaxiiError::unavailable(&error)))
}

pub(super) async fn page(
    State(state): Shared,
    (Extension(caller), Extension(channel)): Who,
    Names(name): Names<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, TaxiiError> {
    answer(state, caller, channel, name, query, None, objects).await
}

pub(super) async fn manifest(
    State(state): Shared,
    (Extension(caller), Extension(channel)): Who,
    Names(name): Names<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, TaxiiError> {
    answer(state, caller, channel, name, query, None, rows).await
}

pub(super) async fn one(
    State(state): Shared,
    (Extension(caller), Extension(channel)): Who,
    Names((name, object)): Names<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, TaxiiError> {
    answer(state, caller, channel, name, query, Some(object), objects).await
}

pub(super) async fn versions(
    State(state): Shared,
    (Extension(caller), Extension(channel)): Who,
    Names((name, object)): Names<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, TaxiiError> {
    answer(state, caller, channel, name, query, Some(object), version_list).await
}

/// How the answer is made of what was asked.
type Make = fn(&Reader, &Query) -> Result<Made, TaxiiError>;

/// An answer, and what of the line it holds whole.
type Made = (Response, Option<Span>);

async fn answer(
    state: Arc<Server>,
    caller: Caller,
    channel: Channel,
    name: String,
    query: Option<String>,
    object: Option<String>,
    make: Make,
) -> Result<Response, TaxiiError> {
    let asked = params::read(query.as_deref())?;
    reading(move || {
        let reader = reader(&state.taxii, &caller, channel, &name)?;
        let only = object.map(|object| present(&reader, &object)).transpose()?;
        match (asked, only) {
            (Asked::Nothing, _) => Ok(body(NOTHING.to_owned(), None)),
            (Asked::For(query), None) => {
                let (response, upto) = make(&reader, &query)?;
                if !channel.looked_at {
                    received(&state.taxii.gate, PROTOCOL, reader.request(), upto);
                }
                Ok(response)
            }
            (Asked::For(mut query), Some(id)) => {
                query.ids = vec![id];
                Ok(make(&reader, &query)?.0)
            }
        }
    })
    .await
}

/// The object, if the member sees any version of it.
pub(super) fn present(reader: &Reader, object: &str) -> Result<ObjectId, TaxiiError> {
    let id = ObjectId::parse(object).map_err(|_| TaxiiError::not_found())?;
    let any =
        Query { ids: vec![id.clone()], versions: vec![VersionMatch::All], limit: 1, ..Query::default() };
    match reader.manifest(&any)?.items.is_empty() {
        true => Err(TaxiiError::not_found()),
        false => Ok(id),
    }
}

fn objects(reader: &Reader, query: &Query) -> Result<Made, TaxiiError> {
    // What comes in between may be in the page or not; what was there before is.
    let head = reader.head();
    let page = reader.page(query)?;
    let is_last = |version: &VersionMatch| matches!(version, VersionMatch::Last | VersionMatch::All);
    let is_whole = query.ids.is_empty() && query.types.is_empty() && query.spec_versions.is_empty();
    let is_whole = is_whole && (query.versions.is_empty() || query.versions.iter().any(is_last));
    let after = reader.start(query);
    let upto = is_whole.then(|| Span { after, upto: page.next.unwrap_or(head) });
    let (Some(first), Some(last)) = (page.items.first(), page.items.last()) else {
        return Ok((body(NOTHING.to_owned(), None), upto));
    };
    let dates = (first.get().added, last.get().added);
    let bytes: usize = page.items.iter().map(|object| object.get().raw.len() + 1).sum();
    let mut text = String::with_capacity(bytes + 64);
    open(&mut text, &page);
    text.push_str("\"objects\":[");
    for (at, object) in page.items.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        let Object { raw, .. } = object.get();
        text.push_str(raw);
    }
    text.push_str("]}");
    Ok((body(text, Some(dates)), upto))
}

#[derive(Serialize)]
struct Row {
    id: String,
    date_added: String,
    version: String,
    media_type: String,
}

fn rows(reader: &Reader, query: &Query) -> Result<Made, TaxiiError> {
    listed(reader, query, "objects", |row| Row {
        id: row.id.to_string(),
        date_added: row.added.timestamp().to_string(),
        version: row.version.to_string(),
        media_type: format!("application/stix+json;version={}", row.spec_version.as_str()),
    })
}

fn version_list(reader: &Reader, query: &Query) -> Result<Made, TaxiiError> {
    let query = Query { versions: vec![VersionMatch::All], ..query.clone() };
    listed(reader, &query, "versions", |row| row.version.to_string())
}

fn listed<T: Serialize>(
    reader: &Reader,
    query: &Query,
    name: &str,
    one: impl Fn(&ManifestRow) -> T,
) -> Result<Made, TaxiiError> {
    let page = reader.manifest(query)?;
    let (Some(first), Some(last)) = (page.items.first(), page.items.last()) else {
        return Ok((body(NOTHING.to_owned(), None), None));
    };
    let dates = (first.get().added, last.get().added);
    let rows: Vec<T> = page.items.iter().map(|row| one(row.get())).collect();
    let rows = serde_json::to_string(&rows).map_err(|error| TaxiiError::unavailable(&error))?;
    let mut text = String::with_capacity(rows.len() + 64);
    open(&mut text, &page);
    text.push_str(&format!("\"{name}\":{rows}}}"));
    Ok((body(text, Some(dates)), None))
}

/// `{` with what says whether there is more.
fn open<T>(text: &mut String, page: &Page<T>) {
    text.push('{');
    if let Some(next) = page.next {
        text.push_str(&format!("\"more\":true,\"next\":\"{}\",", next.0));
    }
}

fn body(text: String, dates: Option<(Added, Added)>) -> Response {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(TAXII));
    if let Some((first, last)) = dates {
        let date = |added: Added| HeaderValue::try_from(shown(added.timestamp())).ok();
        for (name, value) in [(FIRST, date(first)), (LAST, date(last))] {
            value.map(|value| headers.insert(name, value));
        }
    }
    response.into_response()
}

fn shown(at: Timestamp) -> String {
    at.to_string()
}
