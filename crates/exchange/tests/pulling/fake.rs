//! A TAXII server that pages as it is told to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bongsu_exchange::pull::taxii::{Client, Place, Use};
use bongsu_exchange::pull::{Credentials, Http, Limits, Remote};
use stix::Timestamp;

pub(crate) const TAXII: &str = "application/taxii+json;version=2.1";

/// How a server leads from one page to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Not at all: by date.
    Absent,
    /// A token for each page.
    Token,
    /// A number instead of a text.
    Number,
    /// One token for the whole walk, as the reference server has it: it stands for a list that gets shorter with each answer.
    Session,
    /// The same token and the same page for ever.
    Stuck,
    /// A token that the server does not know when it is asked for.
    Forgotten,
    /// Tokens whose pages have nothing, in front of each page that has something.
    Gaps,
}

/// What a server says about there being more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum More {
    /// Whether there is.
    Honest,
    /// As a text.
    Text,
    /// Always that there is.
    Always,
}

/// How a server says when a page's objects were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dates {
    /// To the microsecond.
    Whole,
    /// Cut off at the millisecond.
    Milliseconds,
    /// Cut off at the second.
    Seconds,
    /// In the manifest alone.
    Manifest,
    /// Nowhere; the objects' own dates are those at which they were added.
    Objects,
}

#[derive(Debug, Clone)]
pub(crate) struct Manner {
    /// Most objects of a page, whatever is asked for.
    pub(crate) cap: usize,
    pub(crate) next: Next,
    pub(crate) more: More,
    pub(crate) dates: Dates,
    /// Every so many requests fail; 0 for none.
    pub(crate) fails_each: usize,
}

impl Default for Manner {
    fn default() -> Self {
        Self { cap: 10, next: Next::Token, more: More::Honest, dates: Dates::Whole, fails_each: 0 }
    }
}

/// When each was added (microseconds), and its text.
type Objects = Vec<(i64, String)>;

pub(crate) struct Fake {
    pub(crate) manner: Manner,
    /// When each was added (microseconds), and its text.
    pub(crate) objects: Mutex<Vec<(i64, String)>>,
    pub(crate) requests: AtomicUsize,
    /// For [`Next::Session`]: what is still to come, by token.
    sessions: Mutex<HashMap<String, Vec<(i64, String)>>>,
}

/// An indicator that says itself when it was added.
pub(crate) fn object(number: usize, added: i64) -> String {
    let at = Timestamp::from_micros(added);
    format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--00000000-0000-4000-8000-{number:012x}","created":"{at}","modified":"{at}"}}"#
    )
}

impl Fake {
    pub(crate) fn new(manner: Manner, dates: &[i64]) -> Arc<Self> {
        let mut objects: Vec<(i64, String)> =
            dates.iter().enumerate().map(|(number, added)| (*added, object(number, *added))).collect();
        objects.sort();
        let (requests, sessions) = (AtomicUsize::new(0), Mutex::default());
        Arc::new(Self { manner, objects: Mutex::new(objects), requests, sessions })
    }

    /// Serves it; gives a client and the collection's place.
    pub(crate) async fn serve(self: &Arc<Self>) -> (Client, Place) {
        let router = Router::new()
            .route("/api/collections/c/", get(collection))
            .route("/api/collections/c/objects/", get(objects))
            .route("/api/collections/c/manifest/", get(manifest))
            .with_state(Arc::clone(self));
        let url = listen(router).await;
        let client = client(Credentials::Nothing, Limits::default());
        let place = client
            .find(&format!("{url}/api/collections/c/").parse().unwrap(), None, Use::Read)
            .await
            .unwrap();
        self.requests.store(0, Ordering::SeqCst);
        (client, place)
    }

    fn after(&self, query: &HashMap<String, String>) -> Vec<(i64, String)> {
        let after =
            query.get("added_after").map_or(i64::MIN, |text| Timestamp::parse(text).unwrap().micros());
        self.objects.lock().unwrap().iter().filter(|(added, _)| *added > after).cloned().collect()
    }

    /// The page, and the token of the next; `None` if the token is not known.
    fn page(&self, query: &HashMap<String, String>) -> Option<(Objects, Option<String>)> {
        let limit =
            query.get("limit").map_or(self.manner.cap, |limit| limit.parse().unwrap()).min(self.manner.cap);
        let token = query.get("next").map(String::as_str);
        let mut rest = self.after(query);
        match (self.manner.next, token) {
            (Next::Forgotten, Some(_)) => return None,
            (Next::Session, Some(token)) => rest = self.sessions.lock().unwrap().get(token).cloned()?,
            (Next::Stuck | Next::Absent, _) | (_, None) => {}
            (Next::Gaps, Some(token)) => {
                let at: usize = token.parse().ok()?;
                if at % 2 == 1 {
                    return Some((Vec::new(), Some((at + 1).to_string())));
                }
                drop(rest.drain(..(at / 2 * limit).min(rest.len())));
                let more = rest.len() > limit;
                rest.truncate(limit);
                return Some((rest, more.then(|| (at + 1).to_string())));
            }
            (_, Some(token)) => drop(rest.drain(..token.parse::<usize>().ok()?.min(rest.len()))),
        }
        let later = rest.split_off(limit.min(rest.len()));
        let before: usize = token.and_then(|token| token.parse().ok()).unwrap_or_default();
        let next = match self.manner.next {
            _ if later.is_empty() => None,
            Next::Absent => None,
            Next::Token | Next::Number => Some((before + rest.len()).to_string()),
            Next::Gaps => Some("1".to_owned()),
            Next::Stuck | Next::Forgotten => Some("stuck".to_owned()),
            Next::Session => {
                let mut sessions = self.sessions.lock().unwrap();
                let token = token.map_or_else(|| format!("session {}", sessions.len()), str::to_owned);
                sessions.insert(token.clone(), later.clone());
                Some(token)
            }
        };
        let next = next.or_else(|| {
            (self.manner.more == More::Always && self.manner.next == Next::Stuck).then(|| "stuck".to_owned())
        });
        // Without a token, whether there is more is told by a mark that the caller takes off again.
        Some((rest, next.or_else(|| (!later.is_empty()).then(String::new))))
    }
}

pub(crate) async fn listen(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

pub(crate) fn client(credentials: Credentials, limits: Limits) -> Client {
    Client::new(http(credentials, limits))
}

pub(crate) fn http(credentials: Credentials, limits: Limits) -> Http {
    let limits = Limits { wait_first: Duration::from_millis(1), ..limits };
    let now = || Timestamp::parse("2100-01-01T00:00:00Z").unwrap();
    Http::new(Remote { credentials, authorities: None, limits, ..Remote::default() }, Arc::new(now)).unwrap()
}

fn json(body: String) -> Response {
    ([("content-type", TAXII)], body).into_response()
}

async fn collection() -> Response {
    json(r#"{"id":"c","title":"C","can_read":true,"can_write":false}"#.to_owned())
}

async fn objects(State(fake): State<Arc<Fake>>, Query(query): Query<HashMap<String, String>>) -> Response {
    // A failure comes after the work: a place in a session has moved on by then.
    let paged = fake.page(&query);
    let number = fake.requests.fetch_add(1, Ordering::SeqCst) + 1;
    if fake.manner.fails_each > 0 && number % fake.manner.fails_each == 0 {
        return (StatusCode::INTERNAL_SERVER_ERROR, "broken").into_response();
    }
    let Some((page, next)) = paged else {
        return (StatusCode::BAD_REQUEST, json(r#"{"title":"unknown next"}"#.to_owned())).into_response();
    };
    let more = match fake.manner.more {
        More::Honest => next.is_some().to_string(),
        More::Text => format!("\"{}\"", next.is_some()),
        More::Always => "true".to_owned(),
    };
    let next = match next.filter(|next| !next.is_empty()) {
        Some(next) if fake.manner.next == Next::Number => format!(",\"next\":{next}"),
        Some(next) => format!(",\"next\":\"{next}\""),
        None => String::new(),
    };
    let texts: Vec<&str> = page.iter().map(|(_, text)| text.as_str()).collect();
    let mut headers = HeaderMap::new();
    let unit = match fake.manner.dates {
        Dates::Whole => 1,
        Dates::Milliseconds => 1_000,
        Dates::Seconds => 1_000_000,
        Dates::Manifest | Dates::Objects => 0,
    };
    if let (Some((first, _)), Some((last, _)), true) = (page.first(), page.last(), unit > 0) {
        for (name, added) in [("x-taxii-date-added-first", first), ("x-taxii-date-added-last", last)] {
            headers.insert(
                name,
                Timestamp::from_micros(added - added.rem_euclid(unit)).to_string().parse().unwrap(),
            );
        }
    }
    (headers, json(format!("{{\"more\":{more}{next},\"objects\":[{}]}}", texts.join(",")))).into_response()
}

async fn manifest(State(fake): State<Arc<Fake>>, Query(query): Query<HashMap<String, String>>) -> Response {
    if fake.manner.dates != Dates::Manifest {
        return StatusCode::NOT_FOUND.into_response();
    }
    let row = |(added, text): &(i64, String)| {
        let id = stix::head::property(text, "id").unwrap();
        let at = Timestamp::from_micros(*added);
        format!(r#"{{"id":"{id}","date_added":"{at}","version":"{at}"}}"#)
    };
    let rows: Vec<String> = fake.after(&query).iter().take(fake.manner.cap).map(row).collect();
    json(format!("{{\"objects\":[{}]}}", rows.join(",")))
}
