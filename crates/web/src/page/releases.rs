//! What waits for a second person of the member's own: a list, what each would let out to whom, and the buttons by which it goes out
//! or stays. For the member's own people alone; an operator who looks at what a member gets sees nothing of it.

use std::collections::BTreeMap;

use askama::Template;
use axum::Form as Filled;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use gate::{Fate, Goes, ReleaseError};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use policy::parcel::Contents;
use policy::{Book, Caller, MemberId, Parcel, ParcelState, PersonId};
use serde::Deserialize;
use stix::Timestamp;
use uuid::Uuid;

use super::asks::{not_from_here, unread};
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, making, minute, render};
use crate::auth::form::is_from_here;

/// Releases that are shown; the rest is counted.
const ROWS: usize = 200;
/// Objects whose texts stand on the page; the others are in the file.
const TEXTS: usize = 50;
/// Ids that are named in a row; the others are counted.
const NAMED: usize = 10;

#[derive(Template)]
#[template(path = "releases.html")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
    more: usize,
}

struct Row {
    id: String,
    at: String,
    circle: String,
    objects: u64,
    by: String,
    until: String,
    state: &'static str,
    waits: bool,
}

#[derive(Template)]
#[template(path = "release.html")]
struct ReleasePage {
    frame: Frame,
    id: String,
    said: Vec<(&'static str, String)>,
    ask: Option<String>,
    goes: Vec<Going>,
    open: usize,
    hidden: bool,
    texts: Vec<(String, String)>,
    more: usize,
    why: Vec<String>,
    fault: Option<String>,
    waits: bool,
    own: bool,
}

/// What goes to a member, by one rule.
struct Going {
    member: String,
    form: &'static str,
    fate: &'static str,
    rule: String,
    count: usize,
    named: Vec<String>,
}

/// What a form of the page says.
#[derive(Deserialize)]
pub(super) struct Verdict {
    verdict: String,
    #[serde(default)]
    said: String,
}

/// The member whose own people look; nobody else is told that anything waits.
fn own(who: &Who) -> Option<MemberId> {
    match who.caller {
        Caller::Member(member) if !who.channel.looked_at => Some(member),
        Caller::Member(_) | Caller::Operator => None,
    }
}

pub(super) async fn list(State(pages): Shared, who: Who) -> Response {
    let Some(member) = own(&who) else { return absent() };
    making(move || {
        let (viewer, book, now) = (Viewer::of(who), pages.gate.book(), (pages.now)());
        let mut parcels = pages.gate.parcels(Some(member));
        parcels.sort_by_key(|parcel| parcel.state(now) != ParcelState::Waiting);
        let more = parcels.len().saturating_sub(ROWS);
        let rows = parcels.iter().take(ROWS).map(|parcel| row(&book, parcel, now)).collect();
        render(&ListPage { frame: pages.frame(&book, &viewer, "Releases"), rows, more })
    })
    .await
}

fn row(book: &Book, parcel: &Parcel, now: Timestamp) -> Row {
    let state = parcel.state(now);
    Row {
        id: parcel.id.to_string(),
        at: minute(parcel.at),
        circle: circle(book, parcel),
        objects: parcel.objects - parcel.withdrawn.len() as u64,
        by: named(book, parcel.by.person),
        until: minute(parcel.until),
        state: state.name(),
        waits: state == ParcelState::Waiting,
    }
}

fn circle(book: &Book, parcel: &Parcel) -> String {
    book.circle(parcel.circle).map(|circle| circle.title.clone()).unwrap_or_default()
}

fn named(book: &Book, person: Option<PersonId>) -> String {
    let person = person.map(|id| book.person(id).map(|person| format!("{} ({})", person.name, person.user)));
    match person {
        None => "one of your systems".to_owned(),
        Some(person) => person.unwrap_or_else(|| "unknown".to_owned()),
    }
}

pub(super) async fn one(State(pages): Shared, who: Who, Path(id): Path<String>) -> Response {
    let Some(member) = own(&who) else { return absent() };
    making(move || pages.release_page(&Viewer::of(who), member, &id, None).unwrap_or_else(absent)).await
}

/// The objects of a release, each byte for byte as it was brought.
pub(super) async fn objects(State(pages): Shared, who: Who, Path(id): Path<String>) -> Response {
    let Some(member) = own(&who) else { return absent() };
    making(move || {
        let parcel = id.parse::<Uuid>().ok().and_then(|id| pages.gate.parcel(id, Some(member)));
        let Some(parcel) = parcel else { return absent() };
        match pages.gate.parcel_contents(&parcel) {
            Ok(Some(Contents::Objects { objects, .. })) => {
                let mut response = Response::new(format!("{{\"objects\":[{}]}}", objects.join(",")).into());
                let json = HeaderValue::from_static("application/json");
                response.headers_mut().insert(header::CONTENT_TYPE, json);
                response
            }
            Ok(_) => absent(),
            Err(error) => broken(&error),
        }
    })
    .await
}

pub(super) async fn decide(
    State(pages): Shared,
    who: Who,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    verdict: Result<Filled<Verdict>, FormRejection>,
) -> Response {
    let Some(member) = own(&who) else { return absent() };
    if !is_from_here(&headers, &uri) {
        return not_from_here();
    }
    let verdict = match verdict {
        Ok(Filled(verdict)) => verdict,
        Err(fault) => return unread(&fault),
    };
    making(move || {
        let (viewer, now) = (Viewer::of(who), (pages.now)());
        let Ok(parcel) = id.parse::<Uuid>() else { return absent() };
        let decided = match verdict.verdict.as_str() {
            "release" => pages.gate.release(parcel, viewer.by(), now),
            "refuse" => pages.gate.refuse_release(parcel, viewer.by(), &verdict.said, now),
            _ => {
                let fault = Some("Say whether it is released or refused.".to_owned());
                return pages.release_page(&viewer, member, &id, fault).unwrap_or_else(absent);
            }
        };
        match decided {
            Ok(_) => Redirect::to(&format!("/releases/{parcel}")).into_response(),
            Err(error @ (ReleaseError::Storage(_) | ReleaseError::Gate(_))) => broken(&error),
            Err(error) => {
                let page = pages.release_page(&viewer, member, &id, Some(error.to_string()));
                page.unwrap_or_else(absent)
            }
        }
    })
    .await
}

impl Pages {
    fn release_page(
        &self,
        viewer: &Viewer,
        member: MemberId,
        id: &str,
        fault: Option<String>,
    ) -> Option<Response> {
        let (book, now) = (self.gate.book(), (self.now)());
        let parcel = self.gate.parcel(id.parse().ok()?, Some(member))?;
        let goes = match self.gate.parcel_goes(&parcel, now) {
            Ok(goes) => goes,
            Err(error) => return Some(broken(&error)),
        };
        let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let texts = goes.objects.iter().take(TEXTS);
        let person = viewer.actor.person;
        let mut response = render(&ReleasePage {
            frame: self.frame(&book, viewer, "Waits for a second person"),
            id: id.to_owned(),
            said: said(&book, &parcel, &goes, now),
            ask: parcel.ask.map(|ask| ask.to_string()),
            open: goes.open.len(),
            hidden: book.circle(parcel.circle).is_some_and(|circle| circle.hidden_members),
            texts: texts.map(|object| (object.head.id.to_string(), object.raw.clone())).collect(),
            more: goes.objects.len().saturating_sub(TEXTS),
            goes: going(&book, goes),
            why: parcel.done.as_ref().map(|(_, outcome)| outcome.why.clone()).unwrap_or_default(),
            fault,
            waits: parcel.state(now) == ParcelState::Waiting,
            own: person.is_some() && person == parcel.by.person,
        });
        *response.status_mut() = status;
        Some(response)
    }
}

/// What is known of a release, each under its word.
fn said(book: &Book, parcel: &Parcel, goes: &Goes, now: Timestamp) -> Vec<(&'static str, String)> {
    let mut said = vec![
        ("State", parcel.state(now).name().to_owned()),
        ("Into", circle(book, parcel)),
        ("Brought by", named(book, parcel.by.person)),
        ("Brought", minute(parcel.at)),
        ("Lapses", minute(parcel.until)),
        ("Objects", parcel.objects.to_string()),
    ];
    if !parcel.withdrawn.is_empty() {
        said.push(("Withdrawn since", parcel.withdrawn.len().to_string()));
    }
    if !goes.terms.is_default() {
        said.push(("Terms", goes.terms.to_json()));
    }
    if let Some(decided) = &parcel.decided {
        let who = decided.by.map_or_else(|| "the node's operator".to_owned(), |id| named(book, Some(id)));
        said.push((if decided.released { "Released by" } else { "Refused by" }, who));
        said.push(("Decided", minute(decided.at)));
        if !decided.said.is_empty() {
            said.push(("Said with it", decided.said.clone()));
        }
    }
    if let Some((at, outcome)) = &parcel.done {
        let policy::parcel::Outcome { shared, present, quarantined, refused, .. } = outcome;
        let became = format!(
            "{shared} shared, {present} there already, {quarantined} wait for the node's operators, {refused} refused"
        );
        said.push(("Done", format!("{}: {became}", minute(*at))));
    }
    said
}

/// What goes to whom, counted by member and rule.
fn going(book: &Book, goes: Goes) -> Vec<Going> {
    let mut counted = BTreeMap::<_, (usize, Vec<String>)>::new();
    for row in goes.rows {
        let fate = match row.fate {
            Fate::Release => "goes",
            Fate::Redact => "goes, redacted",
            Fate::Hold => "is held back",
        };
        let member = book.member(row.member).map(|member| member.name.clone()).unwrap_or_default();
        let key = (member, fate, row.form.name(), format!("{} [{}]", row.rule, row.rule.code()));
        let (count, named) = counted.entry(key).or_default();
        *count += 1;
        if named.len() < NAMED {
            named.push(row.object.to_string());
        }
    }
    let row = |((member, fate, form, rule), (count, named))| Going { member, form, fate, rule, count, named };
    counted.into_iter().map(row).collect()
}
