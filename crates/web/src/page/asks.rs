//! Asks for a wider release: what a member has asked, what it is asked, and the forms for both. Operators see all.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use gate::{AnswerError, Answerer, AskError, AskRole, AskSeen};
use http::StatusCode;
use policy::{AskState, Book, Caller, Circle, MemberId, Wish};
use stix::{ObjectId, Tlp};
use uuid::Uuid;

use super::sent::Sent;
use super::view::{At, View};
use super::words::asks as words;
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, error, making, render};
use crate::asks::{Given, Question, asking, milder};

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
    at: At,
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
    said: Vec<Said>,
    object: String,
    circle: String,
    why: String,
    done: Vec<(String, String, Option<String>)>,
    fault: Option<String>,
    form: Option<AnswerForm>,
}

/// What is known of an ask, under its word: a time, a text, or both.
struct Said {
    word: &'static str,
    at: Option<At>,
    text: String,
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
        let rows = asks.iter().take(ROWS).map(|seen| row(&viewer.view, &book, seen)).collect();
        render(&ListPage {
            frame: pages.frame(&book, &viewer, viewer.say("Asks", "공개 범위 확대 요청")),
            rows,
            more: asks.len().saturating_sub(ROWS),
        })
    })
    .await
}

fn row(view: &View, book: &Book, seen: &AskSeen) -> Row {
    Row {
        id: seen.id.to_string(),
        at: view.at(seen.at),
        role: match seen.role {
            AskRole::Asker => view.say("you ask", "귀 기관이 요청"),
            AskRole::Originator => view.say("you are asked", "귀 기관이 받은 요청"),
            AskRole::Operator => "",
        },
        object: seen.object.to_string(),
        circle: handle(book, seen.circle),
        wish: wished(view, book, &seen.wish),
        state: words::state(view, seen.state),
    }
}

fn handle(book: &Book, circle: policy::CircleId) -> String {
    book.circle(circle).map(|circle| circle.handle.clone()).unwrap_or_default()
}

/// A wish in words.
fn wished(view: &View, book: &Book, wish: &Wish) -> String {
    let circle = wish.circle.map(|circle| {
        let title = book.circle(circle).map(|circle| circle.title.as_str()).unwrap_or_default();
        if view.is_korean() { format!("{title} 서클로") } else { format!("into {title}") }
    });
    let tlp = wish.tlp.map(|tlp| format!("{} {tlp}", view.say("marked", "등급:")));
    let source = wish
        .without_source
        .then(|| view.say("as a copy without its source", "출처를 뺀 사본으로").to_owned());
    let parts: Vec<String> = [circle, tlp, source].into_iter().flatten().collect();
    parts.join(", ")
}

fn named(view: &View, book: &Book, member: MemberId) -> String {
    let operator = view.say("the node's operator", "노드 운영자");
    book.member(member).map_or(operator, |member| &member.name).to_owned()
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
            frame: self.frame(
                &book,
                viewer,
                viewer.say("Asked: may this go wider?", "요청: 더 넓게 공유해도 됩니까?"),
            ),
            id: id.to_owned(),
            said: said(&viewer.view, &book, &seen),
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
fn said(view: &View, book: &Book, seen: &AskSeen) -> Vec<Said> {
    let text = |word, text: String| Said { word, at: None, text };
    let time = |word, at| Said { word, at: Some(view.at(at)), text: String::new() };
    let mut said = vec![text(view.say("State", "상태"), words::state(view, seen.state).to_owned())];
    let asker = match (seen.role, seen.asker) {
        (AskRole::Asker, _) => view.say("you", "귀 기관").to_owned(),
        (_, Some(asker)) => named(view, book, asker),
        (_, None) => view.say("a member of the circle", "서클의 한 회원").to_owned(),
    };
    said.push(text(view.say("Who asks", "요청한 쪽"), asker));
    if let (AskRole::Operator, Some(originator)) = (seen.role, seen.originator) {
        said.push(text(view.say("Who decides", "결정하는 쪽"), named(view, book, originator)));
    }
    said.push(time(view.say("Asked", "요청 시각"), seen.at));
    said.push(time(view.say("May be answered until", "답변 기한"), seen.until));
    said.push(text(view.say("Wishes", "바라는 것"), wished(view, book, &seen.wish)));
    if let Some(answer) = &seen.answer {
        let allowed = match &answer.grant {
            None => view.say("no", "거절").to_owned(),
            Some(grant) if *grant == seen.wish => view.say("yes, as asked", "요청대로 허용").to_owned(),
            Some(grant) => {
                format!("{} {}", view.say("yes, but only:", "일부만 허용:"), wished(view, book, grant))
            }
        };
        said.push(time(view.say("Answered", "답변 시각"), answer.at));
        said.push(text(view.say("Answer", "답변"), allowed));
        if let Some(way) = answer.way {
            said.push(text(view.say("Answered by", "답변 경로"), words::way(view, way).to_owned()));
        }
        if !answer.said.is_empty() {
            said.push(text(view.say("Said with it", "덧붙인 말"), answer.said.clone()));
        }
    }
    said.extend(seen.done_at.map(|at| time(view.say("Done", "처리 시각"), at)));
    for (at, whom, failed) in &seen.told {
        let how = match failed {
            None => view.say("told by mail", "전자우편으로 알림").to_owned(),
            Some(why) => format!("{} {why}", view.say("not told:", "알리지 못함:")),
        };
        let text = format!(": {}: {how}", words::whom(view, *whom));
        said.push(Said { word: view.say("Mail", "전자우편"), at: Some(view.at(*at)), text });
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

pub(super) async fn ask(State(pages): Shared, who: Who, Sent(question): Sent<Question>) -> Response {
    let viewer = Viewer::of(who);
    let Caller::Member(member) = viewer.caller else { return absent() };
    making(move || {
        let asked = asking(&pages.gate, member, viewer.encrypted, &question);
        match asked.and_then(|asking| pages.gate.ask(asking, (pages.now)())) {
            Ok(ask) => Redirect::to(&format!("/asks/{}", ask.id)).into_response(),
            Err(AskError::NotFound) => absent(),
            Err(fault @ (AskError::Storage(_) | AskError::Gate(_))) => broken(&fault),
            Err(fault) => {
                let why = words::not_asked(&viewer.view, &fault);
                let what = if viewer.view.is_korean() {
                    format!("요청하지 못했습니다. {why}. 돌아가서 고치십시오.")
                } else {
                    format!("It was not asked: {why}. Go back, and change it.")
                };
                error(StatusCode::UNPROCESSABLE_ENTITY, viewer.say("Not asked", "요청하지 못함"), &what)
            }
        }
    })
    .await
}

pub(super) async fn answer(
    State(pages): Shared,
    who: Who,
    Path(id): Path<String>,
    Sent(given): Sent<Given>,
) -> Response {
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
        let fault =
            viewer.say("Say yes, yes with less, or no.", "허용, 일부만 허용, 거절 가운데 고르십시오.");
        return pages.ask_page(viewer, id, given, Some(fault.to_owned()));
    };
    match pages.gate.answer_ask(seen.id, by, reply, now) {
        Ok(_) => Some(Redirect::to(&format!("/asks/{id}")).into_response()),
        Err(AnswerError::NotFound) => None,
        Err(AnswerError::Waits { parcel }) => {
            Some(Redirect::to(&format!("/releases/{parcel}")).into_response())
        }
        Err(fault @ (AnswerError::Storage(_) | AnswerError::Gate(_))) => Some(broken(&fault)),
        Err(fault) => {
            let fault = words::not_answered(&viewer.view, &fault);
            pages.ask_page(viewer, id, given, Some(fault))
        }
    }
}
