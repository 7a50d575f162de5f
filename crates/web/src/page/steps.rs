//! What members brought beyond the limit of one step, and the buttons by which an operator decides. For operators.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use deliver::StepVerdict;
use http::{HeaderMap, StatusCode, Uri};

use crate::auth::form::is_from_here;

use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, error, making, render};

/// A step, as a row.
struct Row {
    id: String,
    circle: String,
    from: String,
    since: String,
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

pub(super) async fn page(State(pages): Shared, who: Who) -> Response {
    let viewer = Viewer::of(who);
    if !viewer.is_operator() {
        return absent();
    }
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
        from: book.member(step.sender).map_or_else(|| "operator".to_owned(), |member| member.handle.clone()),
        since: step.first.to_string(),
        count: step.count,
        waiting: step.waiting,
        verdict: step.verdict.map_or("", StepVerdict::as_str),
        id: step.id,
    };
    let rows = steps.into_iter().map(row).collect();
    render(&StepsPage { frame: pages.frame(&book, viewer, "Steps beyond the limit"), rows })
}

pub(super) async fn settle(
    State(pages): Shared,
    who: Who,
    Path((id, verdict)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let viewer = Viewer::of(who);
    let verdict = match verdict.as_str() {
        "confirm" => StepVerdict::Confirmed,
        "refuse" => StepVerdict::Refused,
        _ => return absent(),
    };
    if !viewer.is_operator() {
        return absent();
    }
    if !is_from_here(&headers, &uri) {
        let what = "The button was not pressed on a page of this node. Open the page and press it there.";
        return error(StatusCode::FORBIDDEN, "Not from here", what);
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
