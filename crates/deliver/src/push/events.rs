//! News as server-sent events: `GET /d/events`, for members with their own credential.
//!
//! Each connection has a position of its own, from `Last-Event-ID` or from now on, and makes its news itself when something
//! has changed: nothing is queued for a reader that does not read, and one that takes nothing for half a minute is cut. What
//! changed at once comes as events that end with one `id`; a reader that loses the connection in between gets them again.
//! A connection lasts for some minutes at most, then ends cleanly, and the reader comes back with its id: by then its
//! credential is looked at again.
//!
//! Source: WHATWG HTML, section 9.2 (Server-sent events).

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::Frame;
use parking_lot::Mutex;
use policy::MemberId;
use serde_json::Value;
use stix::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::news::{Before, News};
use super::position::Position;
use crate::gather::{Deliver, DeliverError};

/// Connections of one member at a time.
pub const CONNECTIONS_MAX: usize = 4;
/// How often a reader hears something, so that neither side takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often it is looked for what time alone changes.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Changes that come within this time are told together.
const GATHERED: Duration = Duration::from_millis(250);
/// Time in which a reader must take what is sent.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);
/// How long a connection lasts.
const LASTS: Duration = Duration::from_secs(10 * 60);
/// How long a reader is asked to wait before it comes back, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// What the connections of all members share.
pub struct Events {
    /// Counts up when lines may have changed.
    pub pulse: watch::Receiver<u64>,
    /// Turns true when all is to end.
    pub stopped: watch::Receiver<bool>,
    open: Arc<Mutex<HashMap<MemberId, usize>>>,
}

impl Events {
    /// Connections that follow `pulse` until `stopped` turns true.
    #[must_use]
    pub fn new(pulse: watch::Receiver<u64>, stopped: watch::Receiver<bool>) -> Self {
        Self { pulse, stopped, open: Arc::default() }
    }

    fn enter(&self, member: MemberId) -> Option<Place> {
        let mut open = self.open.lock();
        let count = open.entry(member).or_default();
        (*count < CONNECTIONS_MAX).then(|| {
            *count += 1;
            Place { open: Arc::clone(&self.open), member }
        })
    }

    /// The answer to a member that wants to be told: a stream, or why there is none.
    pub(crate) fn answer(
        &self,
        deliver: Arc<Deliver>,
        member: MemberId,
        encrypted: bool,
        headers: &HeaderMap,
    ) -> Response {
        let refuse = |status: StatusCode, text: String| {
            (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text + "\n").into_response()
        };
        let told = match headers.get("last-event-id").map(|id| id.to_str().unwrap_or_default()) {
            // A reader that has had no id yet sends none, or an empty one.
            None | Some("") => None,
            Some(id) => match id.parse::<Position>() {
                Ok(position) => Some(position),
                Err(error) => return refuse(StatusCode::BAD_REQUEST, format!("Last-Event-ID: {error}.")),
            },
        };
        let Some(place) = self.enter(member) else {
            let text =
                format!("There are {CONNECTIONS_MAX} connections for events already; close one first.");
            return refuse(StatusCode::TOO_MANY_REQUESTS, text);
        };
        // One piece waits at most: the next is made when it was taken.
        let (to, from) = mpsc::channel(1);
        let stream = Stream { deliver, member, encrypted, to, before: Before::default(), _place: place };
        tokio::spawn(stream.run(told, self.pulse.clone(), self.stopped.clone()));
        streamed(from)
    }
}

/// An answer of server-sent events that come piece by piece.
#[must_use]
pub fn streamed(pieces: mpsc::Receiver<Bytes>) -> Response {
    let mut response = Response::new(Body::new(Pieces(pieces)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    // Proxies that gather answers are asked not to.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// One of a member's connections, as long as this lives.
struct Place {
    open: Arc<Mutex<HashMap<MemberId, usize>>>,
    member: MemberId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock();
        if let Some(count) = open.get_mut(&self.member) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.member);
            }
        }
    }
}

/// What is sent to one reader.
struct Stream {
    deliver: Arc<Deliver>,
    member: MemberId,
    encrypted: bool,
    to: mpsc::Sender<Bytes>,
    before: Before,
    _place: Place,
}

impl Stream {
    async fn run(
        mut self,
        told: Option<Position>,
        mut pulse: watch::Receiver<u64>,
        mut stopped: watch::Receiver<bool>,
    ) {
        let mut told = match told {
            Some(told) => told,
            None => match self.start().await {
                Some(told) => told,
                None => return,
            },
        };
        // The first piece gives a reader that is cut before the first news an id all the same.
        if !self.send(format!("retry: {RETRY_MS}\nid: {told}\n\n")).await {
            return;
        }
        let (ends, mut heard) = (Instant::now() + LASTS, Instant::now());
        while !*stopped.borrow_and_update() && Instant::now() < ends {
            pulse.borrow_and_update();
            let Some(news) = self.look(&told).await else { return };
            let text = events(&news, (self.deliver.now)());
            told = news.upto;
            if text.is_empty() {
                if heard.elapsed() >= HEARTBEAT {
                    heard = Instant::now();
                    if !self.send(":\n\n".to_owned()).await {
                        return;
                    }
                }
            } else {
                heard = Instant::now();
                if !self.send(text).await {
                    return;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                changed = pulse.changed() => {
                    if changed.is_err() { return }
                    tokio::time::sleep(GATHERED).await;
                }
                () = self.to.closed() => return,
                _ = stopped.changed() => return,
            }
        }
    }

    async fn start(&self) -> Option<Position> {
        let (deliver, member, encrypted) = (Arc::clone(&self.deliver), self.member, self.encrypted);
        ok(tokio::task::spawn_blocking(move || deliver.position(member, encrypted)).await.ok()?)
    }

    /// What changed since `told`; `None` if the member is told no more.
    async fn look(&mut self, told: &Position) -> Option<News> {
        let (deliver, member, encrypted) = (Arc::clone(&self.deliver), self.member, self.encrypted);
        let (told, mut before) = (told.clone(), std::mem::take(&mut self.before));
        let looked = tokio::task::spawn_blocking(move || {
            let news = deliver.news(member, &told, encrypted, &mut before);
            (news, before)
        });
        let (news, before) = looked.await.ok()?;
        self.before = before;
        ok(news)
    }

    /// Whether the reader has taken what came before, and this is on its way.
    async fn send(&self, text: String) -> bool {
        self.to.send_timeout(text.into(), TAKEN_WITHIN).await.is_ok()
    }
}

fn ok<T>(outcome: Result<T, DeliverError>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(DeliverError::NoMember) => None,
        Err(error) => {
            tracing::error!(%error, "events could not be made; the reader comes back");
            None
        }
    }
}

/// News as events, the last of which has the id.
fn events(news: &News, now: Timestamp) -> String {
    let mut all: Vec<(&str, Value)> = Vec::new();
    if news.has_changes() {
        all.push(("changed", news.changed_json(now)));
    }
    if !news.withdrawn.is_empty() {
        all.push(("withdrawn", news.withdrawn_json(now)));
    }
    if !news.fires.is_empty() {
        all.push(("fires", news.fires_json(now)));
    }
    let mut text = String::new();
    let last = all.len();
    for (at, (name, json)) in all.into_iter().enumerate() {
        if at + 1 == last {
            text.push_str(&format!("id: {}\n", news.upto));
        }
        // JSON of one line has no line end in it.
        text.push_str(&format!("event: {name}\ndata: {json}\n\n"));
    }
    text
}

/// A body of pieces that come one by one.
struct Pieces(mpsc::Receiver<Bytes>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}
