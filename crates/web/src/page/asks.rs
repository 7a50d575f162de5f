//! Asks for a wider release: what a member has asked, what it is asked, and the forms for both. Operators see all.

use std::sync::Arc;

use askama::Template;
use axum::Form as Filled;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use gate::{AnswerError, Answerer, AskError, AskRole, AskSeen};
use http::{HeaderMap, StatusCode, Uri};
use policy::{AskState, Book, Caller, Circle, MemberId, Wish};
use stix::{ObjectId, Tlp};
use uuid::Uuid;

use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, error, making, minute, render};
use crate::asks::{Given, Question, asking, milder};
use crate::auth::form::is_from_here;

/// Asks that are shown; the rest is counted.
const ROWS: usize = 200;

/// What can be asked for, on an object's page.
pub(super) struct Form {
    /// The other circles of the member, by handle and title.
    pub(super) circles: Vec<(String, String)>,
    /// The marks that are milder.
    pub(super) marks: Vec<String>,
}

impl Form {
    /// For an object that counts as `tlp` in `circle`, for a member of `circles`.
    pub(super) fn of(circles: &[&Circle], circle: &Circle, id: &ObjectId, tlp: Tlp) -> Self {
        let others = circles.iter().filter(|other| other.id != circle.id);
        let marks = match id.object_type() {
            "marking-definition" => Vec::new(),
            _ => milder(tlp, Tlp::Clear),
        };
        Self {
            circles: others.map(|other| (other.handle.clone(), other.title.clone())).collect(),
            marks: marks.iter().map(Tlp::to_string).collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "asks.html")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
    more: usize,
}

struct Row {
    id: String,
    at: String,
    role: &'static str,
    object: String,
    circle: String,
    wish: String,
    state: &'static str,
}

#[derive(Template)]
#[template(path = "ask.html")]
struct AskPage {
    frame: Frame,
    id: String,
    said: Vec<(&'static str, String)>,
    object: String,
    circle: String,
    why: String,
    done: Vec<(String, String, Option<String>)>,
    fault: Option<String>,
    form: Option<AnswerForm>,
}

/// What can be answered.
struct AnswerForm {
    /// The circle that is asked for.
    to: Option<String>,
    /// The marks from what is asked for up to the strictest.
    marks: Vec<String>,
    given: Given,
}

pub(super) async fn list(State(pages): Shared, who: Who) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let asks = pages.gate.asks(viewer.caller, (pages.now)());
        let rows = asks.iter().take(ROWS).map(|seen| row(&book, seen)).collect();
        render(&ListPage {
            frame: pages.frame(&book, &viewer, "Asks"),
            rows,
            more: asks.len().saturating_sub(ROWS),
        })
    })
    .await
}

fn row(book: &Book, seen: &AskSeen) -> Row {
    Row {
        id: seen.id.to_string(),
        at: minute(seen.at),
        role: match seen.role {
            AskRole::Asker => "you ask",
            AskRole::Originator => "you are asked",
            AskRole::Operator => "",
        },
        object: seen.object.to_string(),
        circle: handle(book, seen.circle),
        wish: wished(book, &seen.wish),
        state: seen.state.name(),
    }
}

fn handle(book: &Book, circle: policy::CircleId) -> String {
    book.circle(circle).map(|circle| circle.handle.clone()).unwrap_or_default()
}

/// A wish in words.
fn wished(book: &Book, wish: &Wish) -> String {
    let circle = wish.circle.map(|circle| {
        format!("into {}", book.circle(circle).map(|circle| circle.title.as_str()).unwrap_or_default())
    });
    let tlp = wish.tlp.map(|tlp| format!("marked {tlp}"));
    let source = wish.without_source.then(|| "as a copy without its source".to_owned());
    let parts: Vec<String> = [circle, tlp, source].into_iter().flatten().collect();
    parts.join(", ")
}

fn named(book: &Book, member: MemberId) -> String {
    book.member(member).map_or("the node's operator", |member| &member.name).to_owned()
}

pub(super) async fn one(State(pages): Shared, who: Who, Path(id): Path<String>) -> Response {
    making(move || {
        let viewer = Viewer::of(who);
        pages.ask_page(&viewer, &id, Given::default(), None).unwrap_or_else(absent)
    })
    .await
}

impl Pages {
    fn ask_page(&self, viewer: &Viewer, id: &str, given: Given, fault: Option<String>) -> Option<Response> {
        let (book, now) = (self.gate.book(), (self.now)());
        let seen = self.gate.ask_seen(id.parse::<Uuid>().ok()?, viewer.caller, now)?;
        let is_answered = seen.state != AskState::Open;
        let form = (seen.role != AskRole::Asker && !is_answered).then(|| AnswerForm {
            to: seen.wish.circle.and_then(|circle| Some(book.circle(circle)?.title.clone())),
            marks: seen.wish.tlp.map(marks_from).unwrap_or_default(),
            given,
        });
        let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let mut response = render(&AskPage {
            frame: self.frame(&book, viewer, "Asked: may this go wider?"),
            id: id.to_owned(),
            said: said(&book, &seen),
            object: seen.object.to_string(),
            circle: handle(&book, seen.circle),
            why: seen.why.clone(),
            done: done(&book, &seen),
            fault,
            form,
        });
        *response.status_mut() = status;
        Some(response)
    }
}

/// The marks that can be allowed where this one is asked for.
pub(crate) fn marks_from(wished: Tlp) -> Vec<String> {
    let all = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict];
    all.into_iter().filter(|tlp| *tlp >= wished).map(|tlp| tlp.to_string()).collect()
}

/// What is known of an ask, each under its word.
fn said(book: &Book, seen: &AskSeen) -> Vec<(&'static str, String)> {
    let mut said = vec![("State", seen.state.name().to_owned())];
    let asker = match (seen.role, seen.asker) {
        (AskRole::Asker, _) => "you".to_owned(),
        (_, Some(asker)) => named(book, asker),
        (_, None) => "a member of the circle".to_owned(),
    };
    said.push(("Who asks", asker));
    if let (AskRole::Operator, Some(originator)) = (seen.role, seen.originator) {
        said.push(("Who decides", named(book, originator)));
    }
    said.push(("Asked", minute(seen.at)));
    said.push(("May be answered until", minute(seen.until)));
    said.push(("Wishes", wished(book, &seen.wish)));
    if let Some(answer) = &seen.answer {
        let allowed = match &answer.grant {
            None => "no".to_owned(),
            Some(grant) if *grant == seen.wish => "yes, as asked".to_owned(),
            Some(grant) => format!("yes, but only: {}", wished(book, grant)),
        };
        said.push(("Answered", minute(answer.at)));
        said.push(("Answer", allowed));
        if let Some(way) = answer.way {
            said.push(("Answered by", way.name().to_owned()));
        }
        if !answer.said.is_empty() {
            said.push(("Said with it", answer.said.clone()));
        }
    }
    said.extend(seen.done_at.map(|at| ("Done", minute(at))));
    for (at, whom, failed) in &seen.told {
        let whom = match whom {
            policy::ask::Whom::Originator => "the one who decides",
            policy::ask::Whom::Asker => "the one who asks",
        };
        let how = failed.as_ref().map_or_else(|| "told by mail".to_owned(), |why| format!("not told: {why}"));
        said.push(("Mail", format!("{}: {whom}: {how}", minute(*at))));
    }
    said
}

/// What was done: circle, id, why not.
fn done(book: &Book, seen: &AskSeen) -> Vec<(String, String, Option<String>)> {
    let one = |done: &policy::ask::Done| {
        let why = done.refused.clone();
        (handle(book, done.circle), done.object.to_string(), why)
    };
    seen.done.iter().map(one).collect()
}

pub(super) fn not_from_here() -> Response {
    let what = "The form was not sent from a page of this node. Open the page and send it there.";
    error(StatusCode::FORBIDDEN, "Not from here", what)
}

pub(super) fn unread(fault: &FormRejection) -> Response {
    error(StatusCode::BAD_REQUEST, "Not read", &format!("The form can't be read: {}.", fault.body_text()))
}

pub(super) async fn ask(
    State(pages): Shared,
    who: Who,
    uri: Uri,
    headers: HeaderMap,
    question: Result<Filled<Question>, FormRejection>,
) -> Response {
    if !is_from_here(&headers, &uri) {
        return not_from_here();
    }
    let question = match question {
        Ok(Filled(question)) => question,
        Err(fault) => return unread(&fault),
    };
    let viewer = Viewer::of(who);
    let Caller::Member(member) = viewer.caller else { return absent() };
    making(move || {
        let asked = asking(&pages.gate, member, viewer.encrypted, &question);
        match asked.and_then(|asking| pages.gate.ask(asking, (pages.now)())) {
            Ok(ask) => Redirect::to(&format!("/asks/{}", ask.id)).into_response(),
            Err(AskError::NotFound) => absent(),
            Err(fault @ (AskError::Storage(_) | AskError::Gate(_))) => broken(&fault),
            Err(fault) => {
                let what = format!("It was not asked: {fault}. Go back, and change it.");
                error(StatusCode::UNPROCESSABLE_ENTITY, "Not asked", &what)
            }
        }
    })
    .await
}

pub(super) async fn answer(
    State(pages): Shared,
    who: Who,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    given: Result<Filled<Given>, FormRejection>,
) -> Response {
    if !is_from_here(&headers, &uri) {
        return not_from_here();
    }
    let given = match given {
        Ok(Filled(given)) => given,
        Err(fault) => return unread(&fault),
    };
    making(move || take(&pages, &Viewer::of(who), &id, given).unwrap_or_else(absent)).await
}

fn take(pages: &Arc<Pages>, viewer: &Viewer, id: &str, given: Given) -> Option<Response> {
    let now = (pages.now)();
    let seen = pages.gate.ask_seen(id.parse::<Uuid>().ok()?, viewer.caller, now)?;
    let by = match viewer.caller {
        Caller::Operator => Answerer::Operator,
        Caller::Member(_) => Answerer::Person(viewer.by()),
    };
    let Ok(reply) = given.reply(&seen.wish) else {
        return pages.ask_page(viewer, id, given, Some("Say yes, yes with less, or no.".to_owned()));
    };
    match pages.gate.answer_ask(seen.id, by, reply, now) {
        Ok(_) => Some(Redirect::to(&format!("/asks/{id}")).into_response()),
        Err(AnswerError::NotFound) => None,
        Err(AnswerError::Waits { parcel }) => {
            Some(Redirect::to(&format!("/releases/{parcel}")).into_response())
        }
        Err(fault @ (AnswerError::Storage(_) | AnswerError::Gate(_))) => Some(broken(&fault)),
        Err(fault) => pages.ask_page(viewer, id, given, Some(fault.to_string())),
    }
}
