//! Cases of stolen assets: where they are, what can still be stopped, who was asked. For operators.

use axum::extract::{Path, State};
use axum::response::Response;

use askama::Template;
use serde::Deserialize;
use trace::U256;
use trace::case::{Case, Happened, Request, Sums};
use trace::units::share;

use super::view::{At, View};
use super::words::cases::{category, happened, lasted, state, told};
use super::{Frame, Operator, Pages, Shared, Viewer, absent, broken, making, render};

/// Alerts and lines of the timeline that are shown, the newest; the rest is counted.
const ROWS: usize = 200;

/// The cases of a node, and what a trace found in each.
pub trait Cases: Send + Sync {
    /// All of them, by handle.
    ///
    /// # Errors
    /// What stands in the way of reading them.
    fn all(&self) -> Result<Vec<Case>, String>;

    /// The file of this name that the last trace of a case left; `None` if there is none.
    fn file(&self, handle: &str, name: &str) -> Option<Vec<u8>>;
}

#[derive(Template)]
#[template(path = "cases.html")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
}

struct Row {
    handle: String,
    title: String,
    /// The day, in UTC.
    since: String,
    state: &'static str,
    stolen: String,
    stoppable: String,
    frozen: String,
    alerts: usize,
    waiting: usize,
}

pub(super) async fn list(State(pages): Shared, Operator(viewer): Operator) -> Response {
    making(move || {
        let cases = match pages.cases.all() {
            Ok(cases) => cases,
            Err(error) => return broken(&error),
        };
        let frame = pages.frame(&pages.gate.book(), &viewer, viewer.say("Cases", "사건"));
        render(&ListPage { frame, rows: cases.iter().map(|case| row(&viewer.view, case)).collect() })
    })
    .await
}

fn row(view: &View, case: &Case) -> Row {
    let first = case.traced.as_ref().and_then(|(_, sums)| sums.first());
    let standing = first.map(|sums| (sums, case.standing(sums)));
    let part = |of: fn(&trace::case::Standing) -> U256| {
        standing.as_ref().map_or_else(String::new, |(_, standing)| share(of(standing), standing.stolen))
    };
    Row {
        handle: case.handle.clone(),
        title: case.definition.title.clone(),
        since: case.opened.date(),
        state: if case.closed.is_some() {
            view.say("closed", "종결")
        } else {
            view.say("open", "진행 중")
        },
        stolen: first.map_or_else(
            || view.say("not traced yet", "아직 추적하지 않음").to_owned(),
            |sums| told(view, sums.stolen, &sums.asset, sums.decimals),
        ),
        stoppable: part(trace::case::Standing::stoppable),
        frozen: part(|standing| standing.frozen),
        alerts: case.alerts.len(),
        waiting: case.figures().waiting,
    }
}

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    frame: Frame,
    handle: String,
    title: String,
    opened: At,
    closed: Option<(At, String)>,
    method: String,
    traced: Option<At>,
    until: At,
    places: Vec<PlaceRow>,
    figures: Vec<(&'static str, String)>,
    alerts: Vec<AlertRow>,
    more_alerts: usize,
    requests: Vec<RequestRow>,
    timeline: Vec<(At, &'static str, String)>,
    flows: Vec<Flow>,
    crossings: Vec<Crossed>,
}

/// What crossed a bridge or a pool.
struct Crossed {
    at: At,
    entered: String,
    left: String,
    confidence: u64,
    why: String,
}

/// How one asset on one chain stands.
struct PlaceRow {
    chain: String,
    stolen: String,
    /// Where a part of it is, how much, and as a share.
    parts: Vec<(&'static str, String, String)>,
}

struct AlertRow {
    service: String,
    category: &'static str,
    amount: String,
    transfers: usize,
    first: At,
    asked: Option<usize>,
}

struct RequestRow {
    number: usize,
    service: String,
    state: &'static str,
    since: Option<At>,
    to: String,
    to_freeze: String,
}

#[derive(Deserialize)]
struct Flow {
    asset: String,
    /// Made by the node: every name in it is escaped there.
    svg: String,
    /// What entered services when, likewise.
    #[serde(default)]
    time: String,
}

pub(super) async fn one(
    State(pages): Shared,
    Operator(viewer): Operator,
    Path(handle): Path<String>,
) -> Response {
    making(move || match pages.case(&handle) {
        Ok(Some(case)) => render(&page(&pages, &viewer, &case)),
        Ok(None) => absent(),
        Err(error) => broken(&error),
    })
    .await
}

impl Pages {
    /// The case with this handle.
    pub(super) fn case(&self, handle: &str) -> Result<Option<Case>, String> {
        Ok(self.cases.all()?.into_iter().find(|case| case.handle == handle))
    }
}

fn page(pages: &Pages, viewer: &Viewer, case: &Case) -> CasePage {
    let sums: &[Sums] = case.traced.as_ref().map_or(&[], |(_, sums)| sums);
    let until = sums.iter().map(|sums| sums.until).max().unwrap_or_default();
    let view = &*viewer.view;
    let flows = pages.cases.file(&case.handle, "flows.json").unwrap_or_default();
    let figures = case.figures();
    let figures = [
        (view.say("arrival to request", "유입에서 요청까지"), figures.to_send),
        (view.say("request to acknowledgement", "요청에서 접수까지"), figures.to_acknowledge),
        (view.say("arrival to freeze", "유입에서 동결까지"), figures.to_freeze),
    ];
    let timeline = case.timeline();
    let late = timeline.len().saturating_sub(ROWS);
    let line = |one: &Happened<'_>| {
        let (kind, text) = happened(view, one);
        (view.at(one.at), kind, text)
    };
    CasePage {
        frame: pages.frame(&pages.gate.book(), viewer, case.definition.title.clone()),
        handle: case.handle.clone(),
        title: case.definition.title.clone(),
        opened: view.at(case.opened),
        closed: case.closed.as_ref().map(|(at, why)| (view.at(*at), why.clone())),
        method: case.definition.method.clone(),
        traced: case.traced.as_ref().map(|(at, _)| view.at(*at)),
        until: seconds(view, until),
        places: sums.iter().map(|sums| place(view, case, sums)).collect(),
        figures: figures.into_iter().filter_map(|(what, span)| Some((what, lasted(view, span?)))).collect(),
        alerts: case
            .alerts
            .iter()
            .rev()
            .take(ROWS)
            .filter_map(|alert| alert_row(view, case, alert))
            .collect(),
        more_alerts: case.alerts.len().saturating_sub(ROWS),
        requests: case.requests.iter().enumerate().map(|one| request_row(view, one)).collect(),
        timeline: timeline.iter().skip(late).map(line).collect(),
        flows: serde_json::from_slice(&flows).unwrap_or_default(),
        crossings: crossings(pages, view, &case.handle),
    }
}

fn place(view: &View, case: &Case, sums: &Sums) -> PlaceRow {
    let standing = case.standing(sums);
    let part = |(what, part): (&'static str, U256)| {
        (what, told(view, part, &sums.asset, sums.decimals), share(part, standing.stolen))
    };
    let parts = [
        (view.say("can still be stopped", "아직 막을 수 있음"), standing.stoppable()),
        (
            view.say("of it held by addresses without a label", "그 가운데 신원을 모르는 주소에 있음"),
            standing.held,
        ),
        (
            view.say("of it at services that can freeze it", "그 가운데 동결할 수 있는 서비스에 있음"),
            standing.at_services,
        ),
        (view.say("frozen", "동결됨"), standing.frozen),
        (view.say("gone on by a bridge or a swap", "브리지나 교환으로 옮겨 감"), standing.crossed),
        (view.say("out of reach", "손이 닿지 않음"), standing.lost),
        (view.say("burnt", "소각됨"), standing.burnt),
    ];
    PlaceRow {
        chain: sums.chain.clone(),
        stolen: told(view, sums.stolen, &sums.asset, sums.decimals),
        parts: parts.into_iter().filter(|(_, part)| !part.is_zero()).map(part).collect(),
    }
}

fn crossings(pages: &Pages, view: &View, handle: &str) -> Vec<Crossed> {
    let file = pages.cases.file(handle, "crossings.json").unwrap_or_default();
    let all: serde_json::Value = serde_json::from_slice(&file).unwrap_or_default();
    let followed = all["followed"].as_array().map_or(&[][..], Vec::as_slice);
    followed.iter().take(ROWS).filter_map(|one| crossed(view, one)).collect()
}

fn crossed(view: &View, one: &serde_json::Value) -> Option<Crossed> {
    let sum = |transfer: &serde_json::Value, units: &str, chain: &str| {
        let units = U256::from_str_radix(one[units].as_str()?, 10).ok()?;
        let decimals = transfer["decimals"].as_u64().and_then(|decimals| u8::try_from(decimals).ok());
        let sum = told(view, units, transfer["asset"].as_str()?, decimals);
        let chain = one[chain].as_str()?;
        Some(if view.is_korean() { format!("{chain}의 {sum}") } else { format!("{sum} on {chain}") })
    };
    let left = &one["left"];
    Some(Crossed {
        at: view.at(stix::Timestamp::parse(left["time"].as_str()?).ok()?),
        entered: sum(one["entered"].get(0)?, "tainted", "from_chain")?,
        left: sum(left, "carried", "to_chain")?,
        confidence: one["confidence"].as_u64()?,
        why: one["why"].as_str()?.to_owned(),
    })
}

fn alert_row(view: &View, case: &Case, alert: &trace::case::Alert) -> Option<AlertRow> {
    let first = alert.arrivals.first()?;
    Some(AlertRow {
        service: alert.service().to_owned(),
        category: category(view, first.category),
        amount: told(view, alert.tainted(), &first.asset, first.decimals),
        transfers: alert.arrivals.len(),
        first: seconds(view, first.time),
        asked: case.requests.iter().rposition(|one| one.arrivals.contains(first)).map(|at| at + 1),
    })
}

fn request_row(view: &View, (at, request): (usize, &Request)) -> RequestRow {
    RequestRow {
        number: at + 1,
        service: request.service.clone(),
        state: state(view, request.state()),
        since: request.steps.last().map(|step| view.at(step.at)),
        to: request.to().unwrap_or_default().to_owned(),
        to_freeze: request.to_freeze().map(|span| lasted(view, span)).unwrap_or_default(),
    }
}

fn seconds(view: &View, time: i64) -> At {
    view.at(stix::Timestamp::from_micros(time.saturating_mul(1_000_000)))
}
