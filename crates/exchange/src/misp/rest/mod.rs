//! The part of MISP's REST API that PyMISP and MISP's own synchronisation use, so that a node can be given to them as a MISP.
//!
//! A circle's objects are seen as events (`view`); what comes in becomes STIX and goes through [`gate::Gate::submit`], what
//! goes out comes from a [`gate::Reader`]. A member's events are those of all circles that it is in; `circle=NAME` in the
//! query narrows that to one. This module knows MISP's paths and answers and decides nothing: what is not there and what is
//! not for this member are one answer.
//!
//! Source: MISP 2.5 (controllers and `ServerSyncTool`), PyMISP 2.5, misp-guard's list of what synchronisation asks.

mod about;
mod analyst;
mod attribute;
mod call;
mod clusters;
mod delivered;
mod dress;
mod error;
mod events;
mod export;
mod filter;
mod merge;
mod number;
mod objects;
mod others;
mod parties;
mod proposals;
mod save;
mod search;
mod sightings;
mod tags;
mod types;
mod view;
mod waiting;

use std::io::Read as _;
use std::sync::Arc;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State as Extracted};
use axum::response::{IntoResponse as _, Response};
use flate2::read::GzDecoder;
use gate::Gate;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use policy::{By, Caller, Channel, CircleId, Deed, Level, MemberId, PersonId, Receipt};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use stix::Timestamp;
use watch::Lists;

use call::Call;
pub use call::{Deeds, deeds, is_misp};
pub(crate) use dress::{for_feed, organisation, shown_tags};
use error::Answer;
pub use error::MispError;
pub(crate) use export::hashes;
use proposals::Settled;
pub(crate) use view::{View, Views, attributes, uuid_of};

use crate::misp::feed;
use crate::read::limit;

/// Bytes of an answer beyond which a search has to be narrowed or paged.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// What the server is made of.
pub struct Misp {
    /// The door to the circles.
    pub gate: Gate,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Most bytes of a request's body, after unpacking.
    pub body_bytes_max: usize,
    /// Gives the lists behind `warninglists/checkValue` and `enforceWarninglist`, as they are now.
    pub lists: Arc<dyn Fn() -> Arc<Lists> + Send + Sync>,
}

pub(crate) struct State {
    pub(crate) misp: Misp,
    pub(crate) views: Views,
    delivered: delivered::Delivered,
}

/// Who asks, over what, and when.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(crate) member: MemberId,
    /// Which person acts for it; `None` is one of its systems.
    pub(crate) person: Option<PersonId>,
    pub(crate) encrypted: bool,
    pub(crate) now: Timestamp,
    /// Whether answers show what the member has: not, if an operator looks at them, or only their heads are asked for.
    pub(crate) counts: bool,
    /// The one circle that is meant, if the request names one.
    circle: Option<String>,
}

/// A request with its body.
pub(crate) struct Asked {
    call: Call,
    who: Who,
    body: Bytes,
    /// The tags that the client has of an earlier answer.
    known: Option<String>,
}

/// The routes of the server: MISP's at the root and under `/misp`, and the feeds under `/misp/feed`.
pub fn router(misp: Misp) -> Router {
    let views = Views::new(misp.gate.clone());
    let state = Arc::new(State { misp, views, delivered: Default::default() });
    Router::new().fallback(answer).with_state(state)
}

async fn answer(Extracted(state): Extracted<Arc<State>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let shown = path.chars().take(200).collect::<String>();
    let made = match path.strip_prefix("/misp/feed") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            feed_file(state, rest.to_owned(), request).await
        }
        _ => api(state, request).await,
    };
    let mut response = made.unwrap_or_else(|error| error.at(&shown));
    // What one member gets must not be handed to another by a cache between.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

async fn feed_file(state: Arc<State>, path: String, request: Request) -> Answer {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(MispError::new(StatusCode::METHOD_NOT_ALLOWED, "A feed is read with GET."));
    }
    let who = who(&state, &request)?;
    let known = header_text(request.headers(), header::IF_NONE_MATCH);
    let looked_at = is_looked_at(&request);
    blocking(move || {
        let made = feed::answer(&state, &who, &path, known.as_deref())?;
        if !looked_at {
            state.note(&who, "misp-feed", Deed::Fetched);
        }
        Ok(made)
    })
    .await
}

async fn api(state: Arc<State>, request: Request) -> Answer {
    let call = Call::read(request.method(), request.uri().path(), request.uri().query());
    let call = call.ok_or_else(|| MispError::new(StatusCode::NOT_FOUND, "Not Found"))?;
    let mut who = who(&state, &request)?;
    who.circle = call.named("circle").filter(|name| !name.is_empty()).map(str::to_owned);
    let known = header_text(request.headers(), header::IF_NONE_MATCH);
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    // A page in a browser that is logged in here could send forms, but no JSON, without being asked.
    if changes && !is_json(request.headers()) {
        let message = "Send Content-Type: application/json.";
        return Err(MispError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let (packed, looked_at) =
        (header_text(request.headers(), header::CONTENT_ENCODING), is_looked_at(&request));
    let bytes_max = state.misp.body_bytes_max;
    let body = to_bytes(request.into_body(), bytes_max).await.map_err(|_| too_long(bytes_max))?;
    blocking(move || {
        let body = unpacked(body, packed.as_deref(), bytes_max)?;
        let asked = Asked { call, who, body, known };
        let made = dispatch(&state, &asked)?;
        if !looked_at && let Some(deed) = deed(&asked.call) {
            state.note(&asked.who, "misp", deed);
        }
        Ok(made)
    })
    .await
}

/// Whether an operator looks at what a member gets.
fn is_looked_at(request: &Request) -> bool {
    request.extensions().get::<Channel>().is_some_and(|channel| channel.looked_at)
}

/// What a call that was answered shows about the member; nothing, if it is about the node and not about events.
fn deed(call: &Call) -> Option<Deed> {
    match (call.controller.as_str(), call.action.as_str()) {
        ("servers" | "users" | "organisations" | "sharinggroups" | "warninglists" | "galaxies", _)
        | ("attributes", "describetypes") => None,
        (_, "add" | "edit" | "delete" | "publish" | "bulksavesightings" | "pushanalystdata")
        | ("tags", "attachtagtoobject" | "removetagfromobject")
        | ("shadowattributes", "accept" | "discard") => Some(Deed::Shared),
        _ => Some(Deed::Fetched),
    }
}

impl State {
    /// Notes what a member's own system did.
    fn note(&self, who: &Who, what: &str, deed: Deed) {
        self.misp.gate.note(Receipt::new(who.member, what, Level::Exchange, deed, who.now));
    }
}

/// Runs work where it holds up nobody else: all of it reads the store or waits for it, whatever the size of the body.
async fn blocking(work: impl FnOnce() -> Answer + Send + 'static) -> Answer {
    // What is said there belongs to the request as well.
    let span = tracing::Span::current();
    let work = move || span.in_scope(work);
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(MispError::unavailable(&error)))
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn is_json(headers: &HeaderMap) -> bool {
    let sent = header_text(headers, header::CONTENT_TYPE).unwrap_or_default();
    sent.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// The member that asks, if it exchanges objects. An operator looks at what a member gets under `/as/HANDLE/`.
fn who(state: &State, request: &Request) -> Result<Who, MispError> {
    let caller = request.extensions().get::<Caller>().copied();
    let encrypted = request.extensions().get::<Channel>().is_some_and(|channel| channel.encrypted);
    let Some(Caller::Member(member)) = caller else {
        let message = "An operator is in no circle. Use a member's key, or look at what a member gets under /as/HANDLE/.";
        return Err(MispError::new(StatusCode::FORBIDDEN, message));
    };
    let book = state.misp.gate.book();
    let exchanges =
        book.member(member).is_some_and(|member| !member.ended && member.level == Level::Exchange);
    if !exchanges {
        let message =
            "MISP's formats hold the objects themselves, which are for members of the level `exchange`.";
        return Err(MispError::new(StatusCode::FORBIDDEN, message));
    }
    let counts = !is_looked_at(request) && *request.method() != Method::HEAD;
    let person = request.extensions().get::<By>().and_then(|by| by.person);
    Ok(Who { member, person, encrypted, now: (state.misp.now)(), counts, circle: None })
}

fn too_long(bytes_max: usize) -> MispError {
    let message = format!("A request may have {bytes_max} bytes. Split it.");
    MispError::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}

/// A body as it was before it was packed.
fn unpacked(bytes: Bytes, packed: Option<&str>, bytes_max: usize) -> Result<Bytes, MispError> {
    match packed {
        None | Some("identity") => Ok(bytes),
        Some("gzip") => {
            let mut plain = Vec::new();
            let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
            let read = GzDecoder::new(bytes.as_ref()).take(limit).read_to_end(&mut plain);
            read.map_err(|error| MispError::bad_request(format!("The body can't be unpacked: {error}")))?;
            if plain.len() > bytes_max { Err(too_long(bytes_max)) } else { Ok(plain.into()) }
        }
        Some(_) => {
            let message = "A body comes as it is or packed with gzip.";
            Err(MispError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
        }
    }
}

/// Hands a request to what answers it.
fn dispatch(state: &State, asked: &Asked) -> Answer {
    let call = &asked.call;
    let reads = matches!(call.method, Method::GET | Method::HEAD);
    let posts = call.method == Method::POST;
    let removes = posts || call.method == Method::DELETE;
    match (call.controller.as_str(), call.action.as_str()) {
        ("servers", "getversion") if reads => about::version(state, asked),
        ("servers", "getpymispversion") if reads => about::pymisp_version(),
        ("servers", "posttest") if posts => about::post_test(asked),
        ("servers", "getavailablesyncfilteringrules") if reads => about::filtering_rules(state, asked),
        ("users", "view") if reads => about::user(state, asked),
        ("attributes", "describetypes") if reads => types::describe(),
        ("events", "index") => events::index(state, asked),
        ("events", "view") => events::view(state, asked),
        ("events", "add") if posts => events::add(state, asked),
        ("events", "edit") if posts || call.method == Method::PUT => events::edit(state, asked),
        ("events", "delete") if removes => events::delete(state, asked),
        ("events", "publish" | "alert") if posts => events::publish(state, asked, true),
        ("events", "unpublish") if posts => events::publish(state, asked, false),
        ("events", "filtereventidsforpush") if posts => events::filter_for_push(state, asked),
        ("events", "restsearch") => search::events(state, asked),
        ("attributes", "restsearch") => search::attributes(state, asked),
        ("objects", "restsearch") => search::objects(state, asked),
        ("attributes", "index") if reads => search::attributes(state, asked),
        ("attributes", "view") if reads => attribute::view(state, asked),
        ("attributes", "add") if posts => attribute::add(state, asked),
        ("attributes", "edit") if posts || call.method == Method::PUT => attribute::edit(state, asked),
        ("attributes", "delete") if removes => attribute::delete(state, asked),
        ("objects", "view") if reads => objects::view(state, asked),
        ("objects", "add") if posts => objects::add(state, asked),
        ("objects", "edit") if posts || call.method == Method::PUT => objects::edit(state, asked),
        ("objects", "delete") if removes => objects::delete(state, asked),
        ("objectreferences", "add") if posts => objects::add_reference(state, asked),
        ("sightings", "add") if posts => sightings::add(state, asked),
        ("sightings", "bulksavesightings") if posts => sightings::bulk(state, asked),
        ("sightings", "filtersightinguuidsforpush") if posts => sightings::filter_for_push(state, asked),
        ("sightings", "restsearch") => sightings::search(state, asked),
        ("sightings", "index" | "listsightings") => sightings::list(state, asked),
        ("sightings", "delete") if removes => sightings::delete(state, asked),
        ("tags", "attachtagtoobject") if posts => tags::attach(state, asked),
        ("tags", "removetagfromobject") if posts => tags::remove(state, asked),
        ("tags", "index" | "search") => tags::list(state, asked),
        ("sharinggroups", "index") if reads => parties::groups(state, asked),
        ("sharinggroups", "view") if reads => parties::group(state, asked),
        ("organisations", "index") if reads => parties::organisations(state, asked),
        ("organisations", "view") if reads => parties::organisation(state, asked),
        ("warninglists", "checkvalue") if posts => about::warninglists(state, asked),
        ("shadowattributes", "index") if reads => proposals::index(state, asked),
        ("shadowattributes", "view") if reads => proposals::view(state, asked),
        ("shadowattributes", "add") if posts => proposals::add(state, asked),
        ("shadowattributes", "edit") if posts => proposals::edit(state, asked),
        ("shadowattributes", "delete") if removes => proposals::delete(state, asked),
        ("shadowattributes", "accept") if posts => proposals::settle(state, asked, Settled::Accepted),
        ("shadowattributes", "discard") if posts => proposals::settle(state, asked, Settled::Discarded),
        ("galaxyclusters", "view") if reads => clusters::view(state, asked),
        ("galaxyclusters", "restsearch") => Ok(json(&serde_json::json!({ "response": [] }))),
        ("galaxies", "pushcluster") => Err(MispError::forbidden()),
        ("analystdata", "indexminimal") => analyst::index_minimal(state, asked),
        ("analystdata", "index") if reads => analyst::index(state, asked),
        ("analystdata", "filteranalystdataforpush") if posts => analyst::filter_for_push(state, asked),
        ("analystdata", "pushanalystdata") if posts => analyst::push(state, asked),
        (controller, action) => {
            let message = format!("`{controller}/{action}` is not offered here with {}.", call.method);
            Err(MispError::new(StatusCode::NOT_FOUND, message.chars().take(300).collect::<String>()))
        }
    }
}

impl Asked {
    /// The body as JSON; null if there is none.
    fn json(&self) -> Result<Json, MispError> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Json::Null);
        }
        limit::json(&self.body).map_err(|error| MispError::bad_request(format!("The body has {error}")))?;
        serde_json::from_slice(&self.body)
            .map_err(|error| MispError::bad_request(format!("The body is no JSON: {error}")))
    }

    /// What is named in the path and the query, then what the body holds, without the envelope that MISP allows around it.
    fn parameters(&self) -> Result<Vec<(String, Json)>, MispError> {
        let text = |value: &str| match value.contains("||") {
            true => value.split("||").map(Json::from).collect::<Vec<_>>().into(),
            false => Json::from(value),
        };
        let mut all: Vec<(String, Json)> = Vec::new();
        for (name, value) in &self.call.named {
            // `uuid[]:A/uuid[]:B` is a list.
            match name.strip_suffix("[]") {
                None => all.push((name.clone(), text(value))),
                Some(name) => match all.iter_mut().find(|(known, _)| known == name) {
                    Some((_, Json::Array(list))) => list.push(Json::from(value.as_str())),
                    _ => all.push((name.to_owned(), Json::from(vec![value.as_str()]))),
                },
            }
        }
        match self.json()? {
            Json::Null => {}
            Json::Array(list) if list.is_empty() => {}
            Json::Object(mut body) => {
                let inner = match body.remove("request") {
                    Some(Json::Object(inner)) => inner,
                    _ => body,
                };
                all.extend(inner);
            }
            _ => return Err(MispError::bad_request(filter::FilterError::Shape.to_string())),
        }
        Ok(all)
    }
}

impl State {
    /// What the member sees: of all its circles, or of the one that the request names.
    fn views(&self, who: &Who) -> Result<Vec<Arc<View>>, MispError> {
        let Some(name) = &who.circle else {
            return self.views.all(who.member, who.encrypted, who.now);
        };
        Ok(vec![self.view(who, self.circle(who, name)?)?])
    }

    /// What the member sees of one circle.
    pub(crate) fn view(&self, who: &Who, circle: CircleId) -> Result<Arc<View>, MispError> {
        self.views.of(&self.reader(who, circle)?)
    }

    /// The objects of one circle, as the member gets them.
    fn reader(&self, who: &Who, circle: CircleId) -> Result<gate::Reader, MispError> {
        let request = policy::Request {
            member: who.member,
            circle,
            wanted: Level::Exchange,
            encrypted: who.encrypted,
            now: who.now,
            reach: policy::Reach::Member,
        };
        self.misp.gate.reader(request).map_err(|_| MispError::not_found("circle"))
    }

    /// The circle of this name or UUID, if the member is in it.
    pub(crate) fn circle(&self, who: &Who, name: &str) -> Result<CircleId, MispError> {
        let book = self.misp.gate.book();
        let mut own = book.circles_of(who.member).into_iter();
        let found = own.find(|circle| circle.handle == name || name.parse() == Ok(circle.id));
        found.map(|circle| circle.id).ok_or_else(|| MispError::not_found("circle"))
    }

    /// An event that the member sees.
    fn event(&self, who: &Who, id: &str) -> Result<(Arc<View>, usize), MispError> {
        newest(&self.views(who)?, id)
    }

    /// Whatever has this UUID or number, with its view.
    fn part(&self, who: &Who, id: &str, what: &str) -> Result<(Arc<View>, view::Part), MispError> {
        let mut views = self.views(who)?.into_iter();
        let found = views.find_map(|view| view.find(id).map(|part| (view, part)));
        found.ok_or_else(|| MispError::not_found(what))
    }
}

/// The event of this UUID or number; of one that is in several circles the newest.
fn newest(views: &[Arc<View>], id: &str) -> Result<(Arc<View>, usize), MispError> {
    let found = views.iter().filter_map(|view| view.event(id).map(|at| (view, at)));
    let changed = |(view, at): &(&Arc<View>, usize)| view.facts.get(*at).map(|facts| facts.changed);
    // `max_by_key` gives the last of several; the first circle's is as good and stays the same.
    let found = found.reduce(|a, b| if changed(&b) > changed(&a) { b } else { a });
    found.map(|(view, at)| (Arc::clone(view), at)).ok_or_else(|| MispError::not_found("event"))
}

/// An answer in JSON.
fn json(value: &impl serde::Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => bytes(body.into(), "application/json"),
        Err(error) => MispError::unavailable(&error).at(""),
    }
}

/// An answer in JSON with how many results there are in all, as MISP's header has it.
fn counted(value: &impl serde::Serialize, count: usize) -> Response {
    let mut response = json(value);
    response.headers_mut().insert("x-result-count", HeaderValue::from(count));
    response
}

pub(crate) fn bytes(body: Bytes, content_type: &'static str) -> Response {
    ([(header::CONTENT_TYPE, content_type)], body).into_response()
}

/// An entity tag (RFC 9110, 8.8.3): the same for the same bytes.
pub(crate) fn etag(body: &[u8]) -> String {
    let hex: String = Sha256::digest(body).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// An answer that the client may have already.
pub(crate) fn with_tag(body: Bytes, content_type: &'static str, known: Option<&str>) -> Response {
    let tag = etag(&body);
    let is_known = known.is_some_and(|known| {
        known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag || one.trim() == "*")
    });
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => bytes(body, content_type),
    };
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
