//! What an operator's own tools see of a node: figures for Prometheus, readiness for load balancers, traces for OpenTelemetry.
//!
//! [`Monitor`] counts what happens where it happens, with a few atomic numbers for each request, pull, delivery and commit, and none for
//! each object. What can be asked for is not counted but gathered when somebody looks ([`figures`]). Nothing here holds what was shared:
//! routes stand for paths, and members and objects are not named.

pub(crate) mod figures;
mod ids;
mod listen;
mod process;
pub(crate) mod ready;
pub(crate) mod systemd;
pub(crate) mod traces;

use crate::push::mails::Mails;
use crate::push::webhooks::Webhooks;
use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use deliver::push::Channel as _;
use ids::Ids;
use line::{Group, OnGroup};
pub(crate) use listen::Door;
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{KeyValue, Value};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};
use traces::Traces;

/// Upper ends of the buckets of times, in seconds.
const SECONDS: [f64; 13] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];
/// Upper ends of the buckets of records in a group.
const RECORDS: [f64; 8] = [1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 16_384.0];
/// The header that names a request, in answers and in the log.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The channels of deliveries.
const CHANNELS: [&str; 2] = [Webhooks::NAME, Mails::NAME];
/// What stands for the route of what was refused before it was looked for.
const NO_ROUTE: &str = "none";

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    route: Cow<'static, str>,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Routed {
    route: Cow<'static, str>,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Ended {
    outcome: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Sent {
    channel: &'static str,
    outcome: &'static str,
}

/// How something ended.
const fn outcome(well: bool) -> &'static str {
    if well { "ok" } else { "failed" }
}

/// A request's route, as the surface knows it that answered; an extension of the answer.
#[derive(Clone)]
pub(crate) struct Route(Option<MatchedPath>, &'static str);

impl Route {
    /// One that is known beforehand.
    pub(crate) const fn of(path: &'static str) -> Self {
        Self(None, path)
    }
}

/// Lets answers of `router` say by which route they came about; `surface` stands for what has none.
pub(crate) fn named(surface: &'static str, router: Router) -> Router {
    router.layer(axum::middleware::from_fn(move |request: Request, next: Next| async move {
        let route = Route(request.extensions().get::<MatchedPath>().cloned(), surface);
        let mut answer = next.run(request).await;
        answer.extensions_mut().insert(route);
        answer
    }))
}

/// Counts what a node does.
pub(crate) struct Monitor {
    requests: Family<Answered, Counter>,
    request_s: Family<Routed, Histogram, fn() -> Histogram>,
    under_way: Gauge,
    connections: Gauge,
    connections_refused: Counter,
    commits: Family<Ended, Counter>,
    commit_s: Histogram,
    commit_records: Histogram,
    commit_bytes: Counter,
    sent: Family<Sent, Counter>,
    ids: Ids,
    traces: OnceLock<Traces>,
}

impl Default for Monitor {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            request_s: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            under_way: Gauge::default(),
            connections: Gauge::default(),
            connections_refused: Counter::default(),
            commits: begun([true, false].map(|well| Ended { outcome: outcome(well) })),
            commit_s: Histogram::new(SECONDS),
            commit_records: Histogram::new(RECORDS),
            commit_bytes: Counter::default(),
            sent: begun(
                CHANNELS
                    .into_iter()
                    .flat_map(|channel| [true, false].map(|well| Sent { channel, outcome: outcome(well) })),
            ),
            ids: Ids::new(crate::node::seed().unwrap_or_default()),
            traces: OnceLock::new(),
        }
    }
}

/// Counts that are there from the start, at nothing: what appears with its first count can't be seen to grow.
fn begun<S: Clone + std::hash::Hash + Eq>(all: impl IntoIterator<Item = S>) -> Family<S, Counter> {
    let family = Family::default();
    all.into_iter().for_each(|labels| drop(family.get_or_create(&labels)));
    family
}

/// A connection that is counted, as long as this lives.
pub(crate) struct Connected(Gauge);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A request that is being answered.
pub(crate) struct Asking {
    began: Instant,
    method: &'static str,
    /// Names it, in the log and for the one who asks.
    pub id: String,
    span: Option<traces::Span>,
    _under_way: Connected,
}

impl Monitor {
    /// Sends traces from now on.
    pub(crate) fn trace(&self, traces: Traces) {
        // One is enough: a second start in one process keeps the first.
        let _kept = self.traces.set(traces);
    }

    /// Sends what is not sent yet. Blocks for some seconds at most.
    pub(crate) fn flush(&self) {
        if let Some(traces) = self.traces.get() {
            traces.end();
        }
    }

    /// Puts what is counted into a registry.
    fn register(&self, to: &mut Registry) {
        to.register("http_requests", "Requests that were answered, by route", self.requests.clone());
        let until = "Seconds from a request to the head of its answer, by route";
        to.register("http_request_duration_seconds", until, self.request_s.clone());
        to.register("http_requests_in_flight", "Requests that are being answered", self.under_way.clone());
        to.register("http_connections", "Connections that are open", self.connections.clone());
        let refused = "Connections that were refused, because their address has its share";
        to.register("http_connections_refused", refused, self.connections_refused.clone());
        to.register("commit_groups", "Groups of appends, each written in one commit", self.commits.clone());
        let until = "Seconds until a group of appends was durable, or given up";
        to.register("commit_duration_seconds", until, self.commit_s.clone());
        to.register("commit_records", "Drafts of records in a group of appends", self.commit_records.clone());
        to.register("commit_bytes", "Bytes that groups of appends held", self.commit_bytes.clone());
        to.register("deliveries", "Webhooks and mails that were sent, by channel", self.sent.clone());
    }

    /// What the store tells of each group.
    pub(crate) fn on_group(self: &Arc<Self>) -> OnGroup {
        let this = Arc::clone(self);
        OnGroup::new(move |group| this.group(group))
    }

    fn group(&self, group: &Group) {
        let ended = Ended { outcome: outcome(group.written) };
        self.commits.get_or_create(&ended).inc();
        self.commit_s.observe(group.took.as_secs_f64());
        self.commit_records.observe(number(group.drafts));
        self.commit_bytes.inc_by(group.bytes as u64);
        if let Some(traces) = self.traces.get() {
            let count = |count: usize| Value::I64(i64::try_from(count).unwrap_or(i64::MAX));
            let told = vec![
                KeyValue::new("bongsu.appends", count(group.appends)),
                KeyValue::new("bongsu.drafts", count(group.drafts)),
            ];
            traces.past("commit", SpanKind::Internal, group.took, told, group.written);
        }
    }

    /// Counts a connection as open as long as what this gives lives.
    pub(crate) fn connected(&self) -> Connected {
        self.connections.inc();
        Connected(self.connections.clone())
    }

    /// Counts a connection that was refused.
    pub(crate) fn refused_connection(&self) {
        self.connections_refused.inc();
    }

    /// Counts a delivery that took since `began`.
    pub(crate) fn sent(&self, channel: &'static str, began: Instant, well: bool) {
        self.sent.get_or_create(&Sent { channel, outcome: outcome(well) }).inc();
        if let Some(traces) = self.traces.get() {
            let told = vec![KeyValue::new("bongsu.channel", channel)];
            traces.past("deliver", SpanKind::Client, began.elapsed(), told, well);
        }
    }

    /// Traces a pull that took so long. Pulls are counted where they are kept.
    pub(crate) fn pulled(&self, source: &str, took: Duration, well: bool) {
        if let Some(traces) = self.traces.get() {
            let told = vec![KeyValue::new("bongsu.source", source.to_owned())];
            traces.past("pull", SpanKind::Client, took, told, well);
        }
    }

    /// Begins to answer a request.
    pub(crate) fn asked<B>(&self, request: &axum::http::Request<B>) -> Asking {
        let method = name_of(request.method());
        let span = self.traces.get().map(|traces| traces.request(request.headers()));
        let id = match &span {
            Some(span) => span.trace_id(),
            None => traces::trace_id(request.headers()).unwrap_or_else(|| self.ids.next()),
        };
        self.under_way.inc();
        let under_way = Connected(self.under_way.clone());
        Asking { began: Instant::now(), method, id, span, _under_way: under_way }
    }

    /// Counts the answer, and puts the request's name into it.
    pub(crate) fn answered(&self, asking: Asking, answer: &mut Response) {
        let Asking { began, method, id, span, .. } = asking;
        let route = answer.extensions_mut().remove::<Route>();
        let route: Cow<'static, str> = match &route {
            Some(Route(Some(path), _)) => path.as_str().to_owned().into(),
            Some(Route(None, surface)) => (*surface).into(),
            None => NO_ROUTE.into(),
        };
        let (took, status) = (began.elapsed(), answer.status());
        self.count(route.clone(), method, status, took);
        if let Ok(id) = HeaderValue::try_from(id) {
            answer.headers_mut().insert(REQUEST_ID, id);
        }
        if let Some(span) = span.filter(traces::Span::is_recording) {
            let status = i64::from(status.as_u16());
            let told = vec![
                KeyValue::new("http.request.method", method),
                KeyValue::new("http.route", route.to_string()),
                KeyValue::new("http.response.status_code", status),
            ];
            let told_of = if status >= 500 { Status::error("") } else { Status::Unset };
            span.end(format!("{method} {route}"), told, told_of);
        }
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match status.is_server_error() {
            true => tracing::warn!(
                route = &*route,
                method,
                status = status.as_u16(),
                duration_ms,
                "{method} {route} was answered with {status}"
            ),
            false => tracing::debug!(
                route = &*route,
                method,
                status = status.as_u16(),
                duration_ms,
                "{method} {route}: {status}"
            ),
        }
    }

    fn count(&self, route: Cow<'static, str>, method: &'static str, status: StatusCode, took: Duration) {
        let status = status.as_u16();
        self.requests.get_or_create(&Answered { route: route.clone(), method, status }).inc();
        self.request_s.get_or_create(&Routed { route }).observe(took.as_secs_f64());
    }
}

/// A method's name; those that no route knows have one together, so that nobody can make up more.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of at most some millions")]
const fn number(count: usize) -> f64 {
    count as f64
}

/// Seconds since 1970 of a time in microseconds.
#[expect(clippy::cast_precision_loss, reason = "as Prometheus keeps times")]
const fn seconds_of(micros: i64) -> f64 {
    micros as f64 / 1e6
}

/// When something began that ended now.
fn since(took: Duration) -> SystemTime {
    let now = SystemTime::now();
    now.checked_sub(took).unwrap_or(now)
}
