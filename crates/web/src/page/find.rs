//! Search: over all circles of whoever looks, the newest first, while it is typed; as a page, as the part of it that changes, and
//! for programs.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use line::{Added, Seq};
use policy::{Book, Caller, Circle, Member, MemberId, SignatureState};
use search::{Asked, CONFIDENCE_MAX, Cursor, Found, Looking, PAGE_MAX, SearchError, Seen};
use serde::Deserialize;
use serde_json::{Value, json};
use stix::{Timestamp, Tlp};

use super::objects::{circles, encoded};
use super::view::{At, View};
use super::{Frame, Pages, Shared, Viewer, Who, broken, making, name_of, render, words};

/// Rows on a page.
const ROWS: usize = 50;

/// Types that the form offers; others can be typed. Source: STIX 2.1, sections 4 to 6.
const TYPES: [&str; 25] = [
    "attack-pattern",
    "autonomous-system",
    "campaign",
    "course-of-action",
    "cryptocurrency-wallet",
    "domain-name",
    "email-addr",
    "file",
    "grouping",
    "identity",
    "incident",
    "indicator",
    "infrastructure",
    "intrusion-set",
    "ipv4-addr",
    "location",
    "malware",
    "note",
    "relationship",
    "report",
    "sighting",
    "threat-actor",
    "tool",
    "url",
    "vulnerability",
];

pub(super) fn router() -> Router<Arc<Pages>> {
    Router::new()
        .route("/objects", get(page))
        .route("/objects.json", get(for_programs))
        .route("/objects/openapi.json", get(openapi))
        .route("/search.js", get(script))
}

async fn script() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "max-age=300")];
    (headers, include_str!("../search.js")).into_response()
}

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("find_openapi.json")).into_response()
}

/// What is filled in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filled {
    q: String,
    circle: String,
    #[serde(rename = "type")]
    object_type: String,
    tlp: String,
    source: String,
    from: String,
    to: String,
    confidence: String,
    value: String,
    /// A number of the circle's line, behind which it is to stand.
    after: String,
    /// The place in the answer behind which a page begins.
    before: String,
    limit: String,
    /// `results` for the part of the page that changes.
    part: String,
}

/// What a form offers to choose from.
#[derive(Default)]
struct Filters {
    circles: Vec<Choice>,
    types: Vec<&'static str>,
    marks: Vec<Choice>,
    sources: Vec<Choice>,
    /// Whether one is set.
    is_used: bool,
}

struct Choice {
    handle: String,
    title: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "objects.html")]
struct FindPage {
    frame: Frame,
    asked: Filled,
    filters: Filters,
    results: String,
}

#[derive(Template)]
#[template(path = "results.html")]
struct Results {
    view: Arc<View>,
    fault: Option<String>,
    rows: Vec<Row>,
    next: Option<String>,
    behind: u64,
}

impl Results {
    fn count(&self) -> String {
        let (count, more) = (self.rows.len(), self.next.is_some());
        match more {
            true => self.view.tell("The newest {}; there are more", "최신순 {}건, 더 있음", &[&count]),
            false => self.view.tell("{} found, the newest first", "최신순 {}건", &[&count]),
        }
    }
}

/// An object that was found.
struct Row {
    id: String,
    object_type: String,
    href: String,
    name: String,
    /// Handle and title.
    circle: (String, String),
    tlp: Tlp,
    /// Handle and name.
    source: Option<(String, String)>,
    confidence: Option<u8>,
    number: u64,
    added: Timestamp,
    /// The same, as it is shown.
    shown: At,
    version: Timestamp,
    signature: SignatureState,
}

/// Why nothing was searched.
enum Fault {
    /// What was filled in makes no sense.
    Asked(String),
    Search(SearchError),
}

impl From<SearchError> for Fault {
    fn from(error: SearchError) -> Self {
        Self::Search(error)
    }
}

async fn page(State(pages): Shared, who: Who, Query(filled): Query<Filled>) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let mut results =
            Results { view: Arc::clone(&viewer.view), fault: None, rows: Vec::new(), next: None, behind: 0 };
        match pages.find(&viewer, &book, &filled) {
            Ok(found) => {
                results.next = found.next.map(|next| filled.href("/objects", &book, next));
                (results.rows, results.behind) = (found.items, found.behind);
            }
            Err(Fault::Asked(what)) => results.fault = Some(what),
            Err(Fault::Search(error)) => return broken(&error),
        }
        if filled.part == "results" {
            return render(&results);
        }
        match results.render() {
            Ok(results) => render(&FindPage {
                frame: pages.frame(&book, &viewer, viewer.say("Search", "검색")),
                filters: pages.filters(&viewer, &book, &filled),
                asked: filled,
                results,
            }),
            Err(error) => broken(&error),
        }
    })
    .await
}

async fn for_programs(State(pages): Shared, who: Who, Query(filled): Query<Filled>) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let (status, body) = match pages.find(&viewer, &book, &filled) {
            Ok(found) => {
                let next = found.next.map(|next| filled.href("/objects.json", &book, next));
                let objects: Vec<Value> = found.items.iter().map(Row::as_json).collect();
                (StatusCode::OK, json!({"objects": objects, "next": next, "behind": found.behind}))
            }
            Err(Fault::Asked(what)) => (StatusCode::BAD_REQUEST, json!({"error": what})),
            Err(Fault::Search(error)) => {
                tracing::error!(%error, "a search failed");
                (StatusCode::SERVICE_UNAVAILABLE, json!({"error": "the node's log says why"}))
            }
        };
        let headers =
            [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "private, no-store")];
        (status, headers, body.to_string()).into_response()
    })
    .await
}

impl Row {
    fn signature_word(&self, view: &View) -> &'static str {
        words::signatures::state(view, self.signature)
    }

    fn as_json(&self) -> Value {
        json!({
            "id": self.id, "type": self.object_type, "name": self.name, "circle": self.circle.0,
            "tlp": self.tlp.word().to_ascii_lowercase(), "source": self.source.as_ref().map(|(handle, _)| handle).filter(|handle| !handle.is_empty()),
            "confidence": self.confidence, "number": self.number, "added": self.added.to_string(),
            "version": self.version.to_string(), "signature": self.signature.name(), "page": self.href,
        })
    }
}

impl Filled {
    /// The address of the next page.
    fn href(&self, path: &str, book: &Book, next: Cursor) -> String {
        let circle = book.circle(next.circle).map_or("", |circle| &circle.handle);
        let before = format!("{}-{circle}", next.added.0);
        let all = [
            ("q", &self.q),
            ("circle", &self.circle),
            ("type", &self.object_type),
            ("tlp", &self.tlp),
            ("source", &self.source),
            ("from", &self.from),
            ("to", &self.to),
            ("confidence", &self.confidence),
            ("value", &self.value),
            ("after", &self.after),
            ("limit", &self.limit),
            ("before", &before),
        ];
        let told = all.into_iter().filter(|(_, value)| !value.is_empty());
        let told: Vec<String> = told.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        format!("{path}?{}", told.join("&"))
    }

    fn is_filtered(&self) -> bool {
        let Self { circle, object_type, tlp, source, from, to, confidence, value, .. } = self;
        [circle, object_type, tlp, source, from, to, confidence, value]
            .iter()
            .any(|field| !field.trim().is_empty())
    }

    /// The question; `None` if nothing can answer it: it names a circle or a member that is not there for the one who asks.
    fn question(
        &self,
        viewer: &Viewer,
        circles: &[&Circle],
        sources: &[&Member],
    ) -> Result<Option<Asked>, Fault> {
        let circle = match named(&self.circle, circles, |circle| &circle.handle) {
            Ok(circle) => circle.map(|circle| circle.id),
            Err(NotThere) => return Ok(None),
        };
        let source = match named(&self.source, sources, |member| &member.handle) {
            Ok(member) => member.map(|member| member.id),
            Err(NotThere) => return Ok(None),
        };
        let words =
            |text: &str| text.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
        let types: Vec<String> = words(&self.object_type.to_ascii_lowercase());
        let not_read = |what: &str, example: &str| {
            let said = viewer.say("can't be read; write it as", "읽을 수 없습니다. 이렇게 쓰세요:");
            Fault::Asked(format!("`{what}` {said} {example}"))
        };
        let tlp: Vec<Tlp> = match self.tlp.trim() {
            "" => Vec::new(),
            text => {
                let marks = text
                    .split(',')
                    .map(|mark| mark.parse::<Tlp>().map_err(|_| not_read(mark, "amber+strict")));
                marks.collect::<Result<_, _>>()?
            }
        };
        let confidence = match self.confidence.trim() {
            "" => 0,
            text => {
                let number = text.parse::<u8>().ok().filter(|number| *number <= CONFIDENCE_MAX);
                number.ok_or_else(|| not_read(text, "75"))?
            }
        };
        let time = |text: &str, is_end| {
            instant(text, &viewer.view, is_end).map_err(|_| not_read(text, "2026-11-30"))
        };
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let before = self.before.split_once('-').and_then(|(added, handle)| {
            let circle = circles.iter().find(|circle| circle.handle == handle)?;
            Some(Cursor { added: Added(added.parse().ok()?), circle: circle.id })
        });
        if before.is_none() && !self.before.is_empty() {
            return Ok(None);
        }
        let limit = number(&self.limit).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(ROWS);
        Ok(Some(Asked {
            text: watch::refang(&self.q).into_owned(),
            circle,
            types,
            tlp,
            source,
            from: time(&self.from, false)?,
            until: time(&self.to, true)?,
            confidence,
            value: watch::refang(self.value.trim()).into_owned(),
            after: number(&self.after)
                .filter(|after| *after > 0)
                .map(|after| Seq(after.min(u32::MAX.into()))),
            before,
            limit: limit.clamp(1, PAGE_MAX),
        }))
    }
}

/// It is not there for the one who asks, or not there at all.
struct NotThere;

/// What a handle names; nothing for no handle.
fn named<'t, T>(
    handle: &str,
    all: &[&'t T],
    name: impl Fn(&T) -> &String,
) -> Result<Option<&'t T>, NotThere> {
    match handle.trim() {
        "" => Ok(None),
        handle => all.iter().find(|one| name(one) == handle).map(|one| Some(*one)).ok_or(NotThere),
    }
}

/// A time, or a day in the viewer's zone: its beginning, or its end. Nothing for nothing.
pub(super) fn instant(text: &str, view: &View, is_end: bool) -> Result<Option<Timestamp>, jiff::Error> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(time) = Timestamp::parse(text) {
        return Ok(Some(time));
    }
    let day: Date = text.parse()?;
    let day = if is_end { day.tomorrow()? } else { day };
    let zone = view.chosen.zone.clone().unwrap_or(TimeZone::UTC);
    Ok(Some(Timestamp::from_micros(zone.to_timestamp(day.at(0, 0, 0, 0))?.as_microsecond())))
}

impl Pages {
    /// The members whose name may be known as that of a source.
    fn sources<'b>(&self, viewer: &Viewer, book: &'b Book) -> Vec<&'b Member> {
        let all: BTreeMap<MemberId, &Member> = match viewer.caller {
            Caller::Operator => book.members().map(|member| (member.id, member)).collect(),
            Caller::Member(own) => {
                let circles = book.circles_of(own).into_iter();
                let known = circles.flat_map(|circle| book.visible_members(own, circle.id));
                known.chain(book.member(own)).map(|member| (member.id, member)).collect()
            }
        };
        let mut all: Vec<&Member> = all.into_values().collect();
        all.sort_by(|one, other| (&one.name, &one.handle).cmp(&(&other.name, &other.handle)));
        all
    }

    fn filters(&self, viewer: &Viewer, book: &Book, filled: &Filled) -> Filters {
        let choice = |handle: &str, title: &str, chosen: &str| Choice {
            handle: handle.to_owned(),
            title: title.to_owned(),
            chosen: handle == chosen,
        };
        let own = circles(book, viewer);
        let marks = Tlp::ALL.map(|tlp| choice(&tlp.word().to_ascii_lowercase(), tlp.word(), &filled.tlp));
        let sources = self.sources(viewer, book);
        Filters {
            circles: own.iter().map(|one| choice(&one.handle, &one.title, &filled.circle)).collect(),
            types: TYPES.to_vec(),
            marks: marks.into(),
            sources: sources.iter().map(|one| choice(&one.handle, &one.name, &filled.source)).collect(),
            is_used: filled.is_filtered(),
        }
    }

    fn find(&self, viewer: &Viewer, book: &Book, filled: &Filled) -> Result<Found<Row>, Fault> {
        let (own, sources) = (circles(book, viewer), self.sources(viewer, book));
        let Some(asked) = filled.question(viewer, &own, &sources)? else { return Ok(Found::default()) };
        let looking = Looking { caller: viewer.caller, encrypted: viewer.encrypted, now: (self.now)() };
        let row = |seen: &Seen<'_>| row(viewer, book, seen);
        Ok(self.search.find(&looking, &asked, &row)?)
    }
}

fn row(viewer: &Viewer, book: &Book, seen: &Seen<'_>) -> Row {
    let object = seen.object;
    let id = object.id.to_string();
    let circle = book.circle(seen.circle).map(|circle| (circle.handle.clone(), circle.title.clone()));
    let circle = circle.unwrap_or_default();
    let source = seen.source.map(|source| match book.member(source) {
        Some(member) => (member.handle.clone(), member.name.clone()),
        None => (String::new(), viewer.say("the node's operator", "노드 운영자").to_owned()),
    });
    Row {
        object_type: object.id.object_type().to_owned(),
        href: format!("/objects/{}/{id}", circle.0),
        name: name_of(&object.raw, &id),
        id,
        circle,
        tlp: seen.tlp,
        source,
        confidence: seen.confidence(),
        number: object.seq.0,
        added: object.added.timestamp(),
        shown: viewer.view.at(object.added.timestamp()),
        version: object.version,
        signature: seen.provenance().state(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_and_end_in_the_viewers_zone() {
        let chosen = super::super::view::Chosen::of("", "Asia/Seoul", "");
        let seoul = View { chosen, ..View::default() };
        let told = |text: &str, view: &View, is_end| {
            instant(text, view, is_end).map(|time| time.map(|time| time.seconds()))
        };
        let at = |text| Some(Timestamp::parse(text).unwrap().seconds());
        let utc = View::default();
        assert_eq!(told("2026-11-30", &utc, false).unwrap(), at("2026-11-30T00:00:00Z"));
        assert_eq!(told("2026-11-30", &utc, true).unwrap(), at("2026-12-01T00:00:00Z"));
        assert_eq!(told("2026-11-30", &seoul, false).unwrap(), at("2026-11-29T15:00:00Z"));
        assert_eq!(told("2026-11-30T10:00:00Z", &seoul, true).unwrap(), at("2026-11-30T10:00:00Z"));
        assert_eq!(told(" ", &utc, false).unwrap(), None);
        assert!(told("yesterday", &utc, false).is_err() && told("9999-12-31", &utc, true).is_err());
    }

    #[test]
    fn the_next_page_keeps_what_was_asked() {
        let filled = Filled { q: "evil & co".to_owned(), tlp: "amber".to_owned(), ..Filled::default() };
        let next = Cursor { added: Added(17), circle: policy::CircleId::new(uuid::Uuid::nil()) };
        assert_eq!(
            filled.href("/objects", &Book::default(), next),
            "/objects?q=evil%20%26%20co&tlp=amber&before=17-"
        );
    }
}
