//! What members brought beyond the limit of one step, and the buttons by which an operator decides. For operators.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use deliver::StepVerdict;
use http::{HeaderMap, StatusCode, Uri};

use crate::auth::form::is_from_here;

use super::view::At;
use super::{Frame, Operator, Pages, Shared, Viewer, absent, broken, error, making, render, words};

/// A step, as a row.
struct Row {
    id: String,
    circle: String,
    from: String,
    since: At,
    count: u64,
    waiting: u64,
    verdict: &'static str,
}

#[derive(Template)]
#[template(path = "steps.html")]
struct StepsPage {
    frame: Frame,
    rows: Vec<Row>,
}

pub(super) async fn page(State(pages): Shared, Operator(viewer): Operator) -> Response {
    making(move || make(&pages, &viewer)).await
}

fn make(pages: &Pages, viewer: &Viewer) -> Response {
    let (book, steps) = (pages.gate.book(), pages.deliver.steps());
    let steps = match steps {
        Ok(steps) => steps,
        Err(error) => return broken(&error),
    };
    let row = |step: deliver::Step| Row {
        circle: book.circle(step.circle).map_or_else(String::new, |circle| circle.handle.clone()),
        from: book
            .member(step.sender)
            .map_or_else(|| viewer.say("operator", "운영자").to_owned(), |member| member.handle.clone()),
        since: viewer.view.at(step.first),
        count: step.count,
        waiting: step.waiting,
        verdict: step.verdict.map_or("", |verdict| words::playbooks::verdict(&viewer.view, verdict)),
        id: step.id,
    };
    let rows = steps.into_iter().map(row).collect();
    let title = viewer.say("Steps beyond the limit", "한도를 넘은 대량 변경");
    render(&StepsPage { frame: pages.frame(&book, viewer, title), rows })
}

pub(super) async fn settle(
    State(pages): Shared,
    Operator(viewer): Operator,
    Path((id, verdict)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let verdict = match verdict.as_str() {
        "confirm" => StepVerdict::Confirmed,
        "refuse" => StepVerdict::Refused,
        _ => return absent(),
    };
    if !is_from_here(&headers, &uri) {
        let what = viewer.say(
            "The button was not pressed on a page of this node. Open the page and press it there.",
            "이 노드의 화면에서 누른 단추가 아닙니다. 화면을 열어 그곳에서 누르십시오.",
        );
        let title = viewer.say("Not from here", "이곳에서 보낸 것이 아님");
        return error(StatusCode::FORBIDDEN, title, what);
    }
    making(move || {
        let steps = match pages.deliver.steps() {
            Ok(steps) => steps,
            Err(error) => return broken(&error),
        };
        let Some(step) = steps.into_iter().find(|step| step.id == id) else { return absent() };
        match step.settle(&pages.gate, viewer.by(), verdict) {
            Ok(()) => Redirect::to("/steps").into_response(),
            Err(error) => broken(&error),
        }
    })
    .await
}
