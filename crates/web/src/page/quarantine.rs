//! What is kept apart from a circle because it breaks STIX 2.1. For operators.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use policy::{Book, Circle};
use serde::Deserialize;
use stix::Severity;

use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, making, name_of, render};

/// Objects on a page.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "quarantine.html")]
struct QuarantinePage {
    frame: Frame,
    circle: String,
    title: String,
    total: usize,
    from: usize,
    to: usize,
    rows: Vec<Row>,
    earlier: Option<String>,
    later: Option<String>,
}

struct Row {
    id: String,
    name: String,
    sender: String,
    came: String,
    wrong: Vec<Wrong>,
}

struct Wrong {
    breaks: bool,
    path: String,
    message: String,
    code: &'static str,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    skip: usize,
}

pub(super) async fn page(
    State(pages): Shared,
    who: Who,
    Path(handle): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let viewer = Viewer::of(who);
    if !viewer.is_operator() {
        return absent();
    }
    making(move || {
        let book = pages.gate.book();
        let Some(circle) = book.circle_by_handle(&handle) else { return absent() };
        make(&pages, &viewer, &book, circle, asked.skip).unwrap_or_else(|error| broken(&error))
    })
    .await
}

fn make(
    pages: &Arc<Pages>,
    viewer: &Viewer,
    book: &Book,
    circle: &Circle,
    skip: usize,
) -> Result<Response, line::StorageError> {
    let total = pages.gate.quarantine_count(circle.id)?;
    let waiting = pages.gate.quarantined(circle.id, skip, ROWS)?;
    let rows: Vec<Row> = waiting.into_iter().map(|waiting| row(book, waiting)).collect();
    let at = |skip: usize| format!("/circles/{}/quarantine?skip={skip}", circle.handle);
    let to = skip + rows.len();
    Ok(render(&QuarantinePage {
        frame: pages.frame(book, viewer, "Quarantine"),
        circle: circle.handle.clone(),
        title: circle.title.clone(),
        total,
        from: (skip + 1).min(to),
        to,
        earlier: (skip > 0).then(|| at(skip.saturating_sub(ROWS))),
        later: (to < total && !rows.is_empty()).then(|| at(to)),
        rows,
    }))
}

fn row(book: &Book, waiting: gate::Quarantined) -> Row {
    let id = waiting.id.to_string();
    let came = waiting.added.timestamp().to_string();
    Row {
        name: name_of(&waiting.raw, &id),
        id,
        sender: book.member(waiting.sender).map_or("the node's operator", |member| &member.name).to_owned(),
        came: came.get(..19).unwrap_or(&came).replace('T', " "),
        wrong: waiting
            .findings
            .into_iter()
            .map(|finding| Wrong {
                breaks: finding.severity == Severity::Error,
                path: finding.path,
                message: finding.message,
                code: finding.code,
            })
            .collect(),
    }
}
