//! What waits for a second person of the member's own: a list, what each would let out to whom, and the buttons by which it goes out
//! or stays. For the member's own people alone; an operator who looks at what a member gets sees nothing of it.

use std::collections::BTreeMap;

use askama::Template;
use axum::Form as Filled;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use gate::{Goes, ReleaseError};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use policy::parcel::Contents;
use policy::{Book, Caller, MemberId, Parcel, ParcelState, PersonId};
use serde::Deserialize;
use stix::Timestamp;
use uuid::Uuid;

use super::sent::{not_from_here, unread};
use super::view::{At, View};
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, making, render, words};
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
    at: At,
    circle: String,
    objects: u64,
    by: String,
    until: At,
    state: &'static str,
    waits: bool,
}

#[derive(Template)]
#[template(path = "release.html")]
struct ReleasePage {
    frame: Frame,
    id: String,
    said: Vec<(&'static str, Told)>,
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
    rule: &'static str,
    code: &'static str,
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
        let rows = parcels.iter().take(ROWS).map(|parcel| row(&book, &viewer.view, parcel, now)).collect();
        render(&ListPage {
            frame: pages.frame(&book, &viewer, viewer.say("Releases", "배포 승인")),
            rows,
            more,
        })
    })
    .await
}

fn row(book: &Book, view: &View, parcel: &Parcel, now: Timestamp) -> Row {
    let state = parcel.state(now);
    Row {
        id: parcel.id.to_string(),
        at: view.at(parcel.at),
        circle: circle(book, parcel),
        objects: parcel.objects - parcel.withdrawn.len() as u64,
        by: named(book, view, parcel.by.person),
        until: view.at(parcel.until),
        state: words::releases::state(view, state),
        waits: state == ParcelState::Waiting,
    }
}

fn circle(book: &Book, parcel: &Parcel) -> String {
    book.circle(parcel.circle).map(|circle| circle.title.clone()).unwrap_or_default()
}

fn named(book: &Book, view: &View, person: Option<PersonId>) -> String {
    let person = person.map(|id| book.person(id).map(|person| format!("{} ({})", person.name, person.user)));
    match person {
        None => view.say("one of your systems", "기관의 시스템").to_owned(),
        Some(person) => person.unwrap_or_else(|| view.say("unknown", "알 수 없음").to_owned()),
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
                let fault =
                    viewer.say("Say whether it is released or refused.", "승인할지 거부할지 고르십시오.");
                let fault = Some(fault.to_owned());
                return pages.release_page(&viewer, member, &id, fault).unwrap_or_else(absent);
            }
        };
        match decided {
            Ok(_) => Redirect::to(&format!("/releases/{parcel}")).into_response(),
            Err(error @ (ReleaseError::Storage(_) | ReleaseError::Gate(_))) => broken(&error),
            Err(error) => {
                let fault = words::releases::not_decided(&viewer.view, &error);
                let page = pages.release_page(&viewer, member, &id, Some(fault));
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
            frame: self.frame(
                &book,
                viewer,
                viewer.say("Waits for a second person", "두 번째 담당자의 승인"),
            ),
            id: id.to_owned(),
            said: said(&book, &viewer.view, &parcel, &goes, now),
            ask: parcel.ask.map(|ask| ask.to_string()),
            open: goes.open.len(),
            hidden: book.circle(parcel.circle).is_some_and(|circle| circle.hidden_members),
            texts: texts.map(|object| (object.head.id.to_string(), object.raw.clone())).collect(),
            more: goes.objects.len().saturating_sub(TEXTS),
            goes: going(&book, &viewer.view, goes),
            why: parcel.done.as_ref().map(|(_, outcome)| outcome.why.clone()).unwrap_or_default(),
            fault,
            waits: parcel.state(now) == ParcelState::Waiting,
            own: person.is_some() && person == parcel.by.person,
        });
        *response.status_mut() = status;
        Some(response)
    }
}

/// What is told under a word.
enum Told {
    Text(String),
    Time(At),
    /// A time, and what came of it.
    Then(At, String),
}

/// What is known of a release, each under its word.
fn said(book: &Book, view: &View, parcel: &Parcel, goes: &Goes, now: Timestamp) -> Vec<(&'static str, Told)> {
    let text = |english, korean, text: String| (view.say(english, korean), Told::Text(text));
    let time = |english, korean, at| (view.say(english, korean), Told::Time(view.at(at)));
    let mut said = vec![
        text("State", "상태", words::releases::state(view, parcel.state(now)).to_owned()),
        text("Into", "서클", circle(book, parcel)),
        text("Brought by", "올린 사람", named(book, view, parcel.by.person)),
        time("Brought", "올린 때", parcel.at),
        time("Lapses", "만료", parcel.until),
        text("Objects", "객체", parcel.objects.to_string()),
    ];
    if !parcel.withdrawn.is_empty() {
        said.push(text("Withdrawn since", "그 뒤 철회됨", parcel.withdrawn.len().to_string()));
    }
    if !goes.terms.is_default() {
        said.push(text("Terms", "조건", goes.terms.to_json()));
    }
    if let Some(decided) = &parcel.decided {
        let operator = || view.say("the node's operator", "노드 운영자").to_owned();
        let who = decided.by.map_or_else(operator, |id| named(book, view, Some(id)));
        said.push(match decided.released {
            true => text("Released by", "승인한 사람", who),
            false => text("Refused by", "거부한 사람", who),
        });
        said.push(time("Decided", "결정한 때", decided.at));
        if !decided.said.is_empty() {
            said.push(text("Said with it", "남긴 말", decided.said.clone()));
        }
    }
    if let Some((at, outcome)) = &parcel.done {
        let policy::parcel::Outcome { shared, present, quarantined, refused, .. } = outcome;
        let english = format!(
            "{shared} shared, {present} there already, {quarantined} wait for the node's operators, {refused} refused"
        );
        let korean = format!(
            "공유 {shared}건, 이미 있음 {present}건, 노드 운영자를 기다림 {quarantined}건, 거부 {refused}건"
        );
        let became = view.say(&english, &korean).to_owned();
        said.push((view.say("Done", "처리"), Told::Then(view.at(*at), became)));
    }
    said
}

/// What goes to whom, counted by member and rule.
fn going(book: &Book, view: &View, goes: Goes) -> Vec<Going> {
    let mut counted = BTreeMap::<_, (usize, Vec<String>)>::new();
    for row in goes.rows {
        let fate = words::releases::fate(view, row.fate);
        let member = book.member(row.member).map(|member| member.name.clone()).unwrap_or_default();
        let key = (member, fate, row.form.name(), words::rules::rule(view, row.rule), row.rule.code());
        let (count, named) = counted.entry(key).or_default();
        *count += 1;
        if named.len() < NAMED {
            named.push(row.object.to_string());
        }
    }
    let row = |((member, fate, form, rule, code), (count, named))| Going {
        member,
        form,
        fate,
        rule,
        code,
        count,
        named,
    };
    counted.into_iter().map(row).collect()
}
