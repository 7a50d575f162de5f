//! Drills and calls: who could be reached in the last quarter, for members as far as they may know; each call, for operators.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use policy::Book;
use region::Register;
use region::drill::{Ask, Call, Purpose};

use super::contacts::QUARTER_DAYS;
use super::view::{At, View};
use super::words::contacts as words;
use super::{Frame, Operator, Pages, Shared, Viewer, Who, absent, broken, making, render};

/// Calls that are shown, the newest first.
const ROWS: usize = 200;

#[derive(Template)]
#[template(path = "drills.html")]
struct DrillsPage {
    frame: Frame,
    operator: bool,
    days: i64,
    members: Vec<(String, bool, String)>,
    calls: Vec<Row>,
    more: usize,
}

struct Row {
    number: u64,
    purpose: &'static str,
    began: At,
    circle: String,
    reached: usize,
    all: usize,
    state: &'static str,
}

pub(super) async fn list(State(pages): Shared, who: Who) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        match pages.region.register() {
            Ok(register) => render(&all(&pages, &viewer, &book, &register)),
            Err(error) => broken(&error),
        }
    })
    .await
}

fn all(pages: &Pages, viewer: &Viewer, book: &Book, register: &Register) -> DrillsPage {
    let members = register.reached_members(&pages.looking(book, viewer)).into_iter().filter_map(|one| {
        let name = book.member(one.member)?.name.clone();
        Some((name, one.reach.is_reachable(), words::reach(&viewer.view, &one.reach)))
    });
    let calls = if viewer.is_operator() { register.calls() } else { &[] };
    let row = |call: &Call| {
        let (reached, all) = call.score();
        Row {
            number: call.number,
            purpose: words::purpose(&viewer.view, call.definition.purpose),
            began: viewer.view.at(call.began),
            circle: book
                .circle(call.definition.circle)
                .map(|circle| circle.title.clone())
                .unwrap_or_default(),
            reached,
            all,
            state: words::state(&viewer.view, call.state()),
        }
    };
    DrillsPage {
        frame: pages.frame(book, viewer, viewer.say("Drills", "훈련")),
        operator: viewer.is_operator(),
        days: QUARTER_DAYS,
        members: members.collect(),
        calls: calls.iter().rev().take(ROWS).map(row).collect(),
        more: calls.len().saturating_sub(ROWS),
    }
}

#[derive(Template)]
#[template(path = "drill.html")]
struct DrillPage {
    frame: Frame,
    title: String,
    state: &'static str,
    question: String,
    circle: String,
    began: At,
    term: String,
    closed: Option<(At, String)>,
    asks: Vec<AskRow>,
}

struct AskRow {
    member: String,
    contact: String,
    function: &'static str,
    stands_in: bool,
    asked: At,
    in_hours: Option<bool>,
    wires: Vec<WireRow>,
    /// When it was answered, and how long after it was asked.
    answered: Option<(At, String)>,
    by: String,
    text: String,
    is_late: bool,
    exhausted: Option<At>,
}

/// How a question went out: by what, when it was delivered, and if it was not, why not or that it is on its way.
struct WireRow {
    wire: &'static str,
    delivered: Option<At>,
    error: Option<String>,
}

pub(super) async fn one(
    State(pages): Shared,
    Operator(viewer): Operator,
    Path(number): Path<u64>,
) -> Response {
    making(move || match pages.region.register() {
        Ok(register) => match register.call(number) {
            Some(call) => render(&drill(&pages, &viewer, call)),
            None => absent(),
        },
        Err(error) => broken(&error),
    })
    .await
}

fn drill(pages: &Pages, viewer: &Viewer, call: &Call) -> DrillPage {
    let book = pages.gate.book();
    let view = &*viewer.view;
    let purpose = match call.definition.purpose {
        Purpose::Drill => view.say("Drill", "훈련"),
        Purpose::Emergency => view.say("Emergency", "긴급 호출"),
    };
    let title = format!("{purpose} {}", call.number);
    DrillPage {
        frame: pages.frame(&book, viewer, title.clone()),
        title,
        state: words::state(view, call.state()),
        question: call.definition.question.clone(),
        circle: book.circle(call.definition.circle).map(|circle| circle.title.clone()).unwrap_or_default(),
        began: view.at(call.began),
        term: words::lasted(view, call.definition.term_s.into()),
        closed: call.closed.as_ref().map(|(at, why)| (view.at(*at), why.clone())),
        asks: call.asks.iter().map(|ask| ask_row(view, &book, call, ask)).collect(),
    }
}

fn ask_row(view: &View, book: &Book, call: &Call, ask: &Ask) -> AskRow {
    let wires = ask.wires.iter().map(|(wire, tried)| WireRow {
        wire: words::wire(view, *wire),
        delivered: tried.delivered.map(|at| view.at(at)),
        error: tried.error.clone(),
    });
    let after_s = ask.answered_after_s();
    let answer = ask.answer.as_ref();
    AskRow {
        member: book.member(ask.member).map(|member| member.name.clone()).unwrap_or_default(),
        contact: ask.contact.clone(),
        function: words::function(view, ask.function),
        stands_in: ask.instead_of.is_some(),
        asked: view.at(ask.asked),
        in_hours: ask.in_hours,
        wires: wires.collect(),
        answered: answer.map(|answer| (view.at(answer.at), words::lasted(view, after_s.unwrap_or_default()))),
        by: answer.map(|answer| answer.name.clone()).unwrap_or_default(),
        text: answer.and_then(|answer| answer.text.clone()).unwrap_or_default(),
        is_late: after_s.is_some_and(|after_s| after_s > u64::from(call.definition.term_s)),
        exhausted: ask.exhausted.map(|at| view.at(at)),
    }
}
