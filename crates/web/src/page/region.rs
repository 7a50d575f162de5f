//! A region: what attacks pass through, as maps and tables; notices to take down what attacks use. As pages, as JSON, CSV and SVG.

use std::sync::Arc;

use ::region::notice::Notice;
use ::region::transit::plan::{Plan, Wish};
use ::region::transit::told::{Row, Told, name, percent};
use ::region::transit::words::caveat;
use ::region::transit::{By, NOT_ATTRIBUTION};
use ::region::world::{Territories, View};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use policy::{Book, Caller, Circle, CircleId, MemberId};
use serde::Deserialize;
use serde_json::{Value, json};
use stix::Timestamp;

use super::view::{self, At};
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, making, render, words};

/// Rows of a page; the table as CSV has all.
const ROWS: usize = 100;
/// Rows of the overview.
const FIRST: usize = 5;
/// Rows and flows of an answer as JSON.
const JSON_ROWS: usize = 10_000;
/// Notices of a page, the newest first.
const NOTICES: usize = 200;

/// Who looks at what attacks pass through.
#[derive(Debug, Clone, Copy)]
pub struct TransitAsked {
    /// Who looks.
    pub caller: Caller,
    /// Whether what may travel encrypted alone may count.
    pub encrypted: bool,
    /// With what the caller was sent over this circle alone.
    pub circle: Option<CircleId>,
    /// Countries or networks.
    pub by: By,
    /// The time.
    pub now: Timestamp,
}

/// What attacks pass through, as the node knows it.
pub trait Transit: Send + Sync {
    /// What is told to whoever looks; nothing else is in it.
    ///
    /// # Errors
    /// What stands in the way of reading it.
    fn told(&self, asked: &TransitAsked) -> Result<Arc<Told>, String>;

    /// Where help removes most, among the places that whoever looks may see.
    ///
    /// # Errors
    /// What stands in the way of reading it.
    fn help(&self, asked: &TransitAsked, wish: &Wish) -> Result<Arc<Plan>, String>;

    /// How many notices there are about what a member keeps, or of all, and how many of them wait for a takedown.
    ///
    /// # Errors
    /// What stands in the way of reading them.
    fn counts(&self, member: Option<MemberId>) -> Result<(usize, usize), String>;

    /// Notices about what a member keeps, or all, for an operator; the newest first, at most so many.
    ///
    /// # Errors
    /// What stands in the way of reading them.
    fn notices(&self, member: Option<MemberId>, most: usize) -> Result<Vec<Notice>, String>;

    /// How territories are shown.
    fn territories(&self) -> Territories;
}

/// What of it is asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// `country` or `network`.
    #[serde(default)]
    by: String,
    /// `world` or `indo-pacific`.
    #[serde(default)]
    map: String,
    /// A circle's handle.
    #[serde(default)]
    circle: String,
}

impl Asked {
    fn by(&self) -> By {
        if self.by == "network" { By::Network } else { By::Country }
    }

    fn view(&self) -> View {
        View::of(&self.map).unwrap_or(View::World)
    }
}

/// A way to look, with its address and whether it is the one that is looked at.
struct Way {
    text: String,
    href: String,
    is_this: bool,
}

#[derive(Template)]
#[template(path = "region.html")]
struct RegionPage {
    frame: Frame,
    caveat: &'static str,
    attacks: u64,
    between: Option<(String, String)>,
    map: String,
    first: Vec<FlowRow>,
    notices: usize,
    open: usize,
}

#[derive(Template)]
#[template(path = "flows.html")]
struct FlowsPage {
    frame: Frame,
    caveat: &'static str,
    attacks: u64,
    with_unknown: u64,
    between: Option<(String, String)>,
    map: String,
    is_network: bool,
    ways: Vec<Way>,
    circles: Vec<Way>,
    files: Vec<Way>,
    rows: Vec<FlowRow>,
    more: usize,
    hidden: usize,
    hidden_through: Option<u64>,
    edges: Vec<(String, String, u64)>,
}

struct FlowRow {
    name: String,
    share: String,
    bounds: String,
    through: u64,
    from: u64,
    to: u64,
    between: String,
    addresses: u64,
    dwell: String,
    takedown: String,
    again: u64,
    trend: String,
    roles: String,
}

impl FlowRow {
    fn of(view: &view::View, row: &Row, territories: &Territories) -> Self {
        let (crossing, stay) = (&row.crossing, row.stay.as_ref());
        let none = || "–".to_owned();
        let hops: u64 = crossing.roles.values().sum();
        let role = |(role, count): (&::region::transit::Role, &u64)| {
            format!("{} {}", words::transit::role(view, *role), percent(*count as f64 / hops.max(1) as f64))
        };
        Self {
            name: name(crossing.spot, territories),
            share: percent(crossing.share),
            bounds: words::transit::bounds(view, crossing.share_least, crossing.share_most),
            through: crossing.through,
            from: crossing.from,
            to: crossing.to,
            between: row.betweenness.map_or_else(none, |number| format!("{number:.3}")),
            addresses: stay.map_or(0, |stay| stay.addresses),
            dwell: stay
                .and_then(|stay| stay.dwell)
                .map_or_else(none, |dwell| words::transit::lasted(view, dwell.median)),
            takedown: stay.and_then(|stay| words::transit::until_gone(view, stay)).unwrap_or_else(none),
            again: stay.map_or(0, |stay| stay.again),
            trend: crossing.trend.map_or_else(none, |trend| format!("×{trend:.2}")),
            roles: crossing.roles.iter().map(role).collect::<Vec<_>>().join(", "),
        }
    }
}

/// The first and the last day of what was observed.
fn between(told: &Told) -> Option<(String, String)> {
    let day = |seconds: u32| Timestamp::from_micros(i64::from(seconds) * 1_000_000).date();
    told.times.map(|(first, last)| (day(first), day(last)))
}

/// Answers with what is made of what the caller may see.
async fn answer(
    pages: Arc<Pages>,
    who: Who,
    asked: Asked,
    make: impl FnOnce(&Pages, &Viewer, &Asked, &Told) -> Response + Send + 'static,
) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let Some(looking) = pages.transit_asked(&book, &viewer, &asked.circle, asked.by()) else {
            return absent();
        };
        match pages.transit.told(&looking) {
            Ok(told) => make(&pages, &viewer, &asked, &told),
            Err(error) => broken(&error),
        }
    })
    .await
}

/// The circles that somebody can look at alone.
pub(super) fn circles<'b>(book: &'b Book, viewer: &Viewer) -> Vec<&'b Circle> {
    match viewer.caller {
        Caller::Member(member) => book.circles_of(member),
        Caller::Operator => Vec::new(),
    }
}

impl Pages {
    /// How territories are shown, in the viewer's language.
    pub(super) fn territories(&self, viewer: &Viewer) -> Territories {
        Territories { language: viewer.view.spoken(), ..self.transit.territories() }
    }

    /// What is asked of what attacks pass through, over one circle if its handle is named; nothing if it is none of the viewer's.
    pub(super) fn transit_asked(
        &self,
        book: &Book,
        viewer: &Viewer,
        circle: &str,
        by: By,
    ) -> Option<TransitAsked> {
        let circle = match circle {
            "" => None,
            handle => Some(circles(book, viewer).into_iter().find(|circle| circle.handle == handle)?.id),
        };
        let (caller, encrypted) = (viewer.caller, viewer.encrypted);
        Some(TransitAsked { caller, encrypted, circle, by, now: (self.now)() })
    }
}

/// A file for whoever asked: its kind, its name if it is to be kept, and what stands in it.
pub(super) fn file_of(kind: &'static str, name: Option<&'static str>, body: impl Into<Body>) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "private, no-cache")];
    let mut response = (headers, body.into()).into_response();
    let named = name.map(|name| HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")));
    if let Some(Ok(named)) = named {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, named);
    }
    response
}

/// A picture, with leave for its own style alone.
pub(super) fn picture(svg: String) -> Response {
    let styles = deliver::style_policy::of(&svg);
    let mut response = file_of("image/svg+xml", None, svg);
    if let Some(styles) = styles {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, styles);
    }
    response
}

pub(super) async fn overview(State(pages): Shared, who: Who) -> Response {
    answer(
        pages,
        who,
        Asked { map: View::IndoPacific.name().to_owned(), ..Asked::default() },
        |pages, viewer, asked, told| {
            let (view, territories) = (&viewer.view, pages.territories(viewer));
            let (notices, open) = match pages.transit.counts(member(viewer)) {
                Ok(counts) => counts,
                Err(error) => return broken(&error),
            };
            render(&RegionPage {
                frame: pages.frame(&pages.gate.book(), viewer, viewer.say("Region", "지역")),
                caveat: caveat(viewer.view.spoken()),
                attacks: told.total,
                between: between(told),
                map: told.map(asked.view(), &territories),
                first: told.rows.iter().take(FIRST).map(|row| FlowRow::of(view, row, &territories)).collect(),
                open,
                notices,
            })
        },
    )
    .await
}

fn member(viewer: &Viewer) -> Option<MemberId> {
    match viewer.caller {
        Caller::Operator => None,
        Caller::Member(member) => Some(member),
    }
}

pub(super) async fn flows(State(pages): Shared, Query(asked): Query<Asked>, who: Who) -> Response {
    answer(pages, who, asked, |pages, viewer, asked, told| {
        let (book, territories) = (pages.gate.book(), pages.territories(viewer));
        let (by, part, view) = (asked.by(), asked.view(), &viewer.view);
        let by_name = |by: By| if by == By::Network { "network" } else { "country" };
        let query = |by: By, view: View, circle: &str| {
            let circle = if circle.is_empty() { String::new() } else { format!("&circle={circle}") };
            format!("by={}&map={}{circle}", by_name(by), view.name())
        };
        let way = |text: &str, by_this: By, view_this: View| Way {
            text: text.to_owned(),
            href: format!("/region/flows?{}", query(by_this, view_this, &asked.circle)),
            is_this: by_this == by && (by == By::Network || view_this == part),
        };
        let circles = circles(&book, viewer);
        let one = |text: &str, handle: &str| Way {
            text: text.to_owned(),
            href: format!("/region/flows?{}", query(by, part, handle)),
            is_this: asked.circle == handle,
        };
        let mut over: Vec<Way> = circles.iter().map(|circle| one(&circle.title, &circle.handle)).collect();
        if !over.is_empty() {
            over.insert(0, one(viewer.say("all circles", "모든 서클"), ""));
        }
        let file = |text: &str, end: &str| Way {
            text: text.to_owned(),
            href: format!(
                "/region/flows.{end}?{}&lang={}",
                query(by, part, &asked.circle),
                view.spoken().tag()
            ),
            is_this: false,
        };
        let mut files = vec![file(viewer.say("table (CSV)", "표(CSV)"), "csv"), file("JSON", "json")];
        if by == By::Country {
            files.push(file(viewer.say("map (SVG)", "지도(SVG)"), "svg"));
        }
        let edge = |edge: &::region::transit::told::Edge| {
            (name(edge.from, &territories), name(edge.to, &territories), edge.count)
        };
        render(&FlowsPage {
            frame: pages.frame(&book, viewer, viewer.say("What attacks pass through", "공격이 거쳐 가는 곳")),
            caveat: caveat(viewer.view.spoken()),
            attacks: told.total,
            with_unknown: told.with_unknown,
            between: between(told),
            map: if by == By::Country { told.map(part, &territories) } else { String::new() },
            is_network: by == By::Network,
            ways: vec![
                way(viewer.say("countries: world", "국가: 세계"), By::Country, View::World),
                way(
                    viewer.say("countries: Indo-Pacific", "국가: 인도·태평양"),
                    By::Country,
                    View::IndoPacific,
                ),
                way(viewer.say("networks", "네트워크"), By::Network, part),
            ],
            circles: over,
            files,
            rows: told.rows.iter().take(ROWS).map(|row| FlowRow::of(view, row, &territories)).collect(),
            more: told.rows.len().saturating_sub(ROWS),
            hidden: told.hidden.places,
            hidden_through: told.hidden.through,
            edges: told.edges.iter().take(20).map(edge).collect(),
        })
    })
    .await
}

/// The same as a file: `/region/flows.csv`, `.json`, `.svg`; and notices as JSON.
pub(super) async fn file(
    State(pages): Shared,
    Path(file): Path<String>,
    Query(asked): Query<Asked>,
    who: Who,
) -> Response {
    match file.as_str() {
        "notices.json" => return notices_json(pages, who).await,
        "openapi.json" => {
            return file_of("application/json", None, include_str!("region_openapi.json").to_owned());
        }
        _ => {}
    }
    answer(pages, who, asked, move |pages, viewer, asked, told| {
        let territories = pages.transit.territories();
        match file.as_str() {
            "flows.csv" => file_of("text/csv; charset=utf-8", Some("flows.csv"), told.csv(&territories)),
            "flows.json" => file_of("application/json", None, told.json(JSON_ROWS, &territories).to_string()),
            "flows.svg" if told.by == By::Country => {
                picture(told.map(asked.view(), &pages.territories(viewer)))
            }
            _ => absent(),
        }
    })
    .await
}

#[derive(Template)]
#[template(path = "notices.html")]
struct NoticesPage {
    frame: Frame,
    operator: bool,
    caveat: &'static str,
    rows: Vec<NoticeRow>,
}

struct NoticeRow {
    number: u64,
    member: String,
    address: String,
    roles: String,
    state: &'static str,
    is_going: bool,
    since: Option<At>,
    takedown: String,
}

pub(super) async fn notices(State(pages): Shared, who: Who) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let row = |notice: Notice| NoticeRow {
            number: notice.number,
            member: book.member(notice.about.member).map(|member| member.name.clone()).unwrap_or_default(),
            address: notice.about.address.to_string(),
            roles: notice
                .about
                .roles
                .iter()
                .map(|role| words::transit::role(&viewer.view, *role))
                .collect::<Vec<_>>()
                .join(", "),
            state: words::transit::notice(&viewer.view, notice.state()),
            is_going: notice.sending.is_some(),
            since: notice.steps.last().map(|step| viewer.view.at(step.at)),
            takedown: notice
                .takedown_s()
                .map_or_else(|| "–".to_owned(), |seconds| words::transit::lasted(&viewer.view, seconds)),
        };
        match pages.transit.notices(member(&viewer), NOTICES) {
            Ok(notices) => render(&NoticesPage {
                frame: pages.frame(&book, &viewer, viewer.say("Notices", "차단 요청")),
                operator: viewer.is_operator(),
                caveat: caveat(viewer.view.spoken()),
                rows: notices.into_iter().map(row).collect(),
            }),
            Err(error) => broken(&error),
        }
    })
    .await
}

async fn notices_json(pages: Arc<Pages>, who: Who) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let one = |notice: &Notice| {
            let member = book.member(notice.about.member).map(|member| member.handle.clone());
            let steps = notice.steps.iter().map(|step| json!({"state": step.state.name(), "at": step.at.to_string()}));
            json!({
                "notice": notice.number, "member": member, "address": notice.about.address, "roles": notice.about.roles,
                "state": notice.state().name(), "sending": notice.sending.as_ref().map(|sending| &sending.to), "takedown_s": notice.takedown_s(), "steps": steps.collect::<Vec<_>>(),
            })
        };
        match pages.transit.notices(member(&viewer), NOTICES) {
            Ok(notices) => {
                let all: Vec<Value> = notices.iter().map(one).collect();
                file_of("application/json", None, json!({"notices": all, "caveat": NOT_ATTRIBUTION}).to_string())
            }
            Err(error) => broken(&error),
        }
    })
    .await
}
