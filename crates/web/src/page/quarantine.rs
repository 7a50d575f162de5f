//! What is kept apart from a circle because it breaks STIX 2.1. For operators.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use policy::{Book, Circle};
use serde::Deserialize;
use stix::Severity;

use super::view::At;
use super::{Frame, Operator, Pages, Shared, Viewer, absent, broken, making, name_of, render};

/// Objects on a page.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "quarantine.html")]
struct QuarantinePage {
    frame: Frame,
    circle: String,
    title: String,
    /// How many wait, and which of them stand here.
    counted: String,
    rows: Vec<Row>,
    earlier: Option<String>,
    later: Option<String>,
}

struct Row {
    id: String,
    name: String,
    sender: String,
    came: At,
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
    Operator(viewer): Operator,
    Path(handle): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
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
    let rows: Vec<Row> = waiting.into_iter().map(|waiting| row(book, viewer, waiting)).collect();
    let at = |skip: usize| format!("/circles/{}/quarantine?skip={skip}", circle.handle);
    let to = skip + rows.len();
    Ok(render(&QuarantinePage {
        frame: pages.frame(book, viewer, viewer.say("Quarantine", "검역")),
        circle: circle.handle.clone(),
        title: circle.title.clone(),
        counted: counted(viewer, total, ((skip + 1).min(to), to)),
        earlier: (skip > 0).then(|| at(skip.saturating_sub(ROWS))),
        later: (to < total && !rows.is_empty()).then(|| at(to)),
        rows,
    }))
}

/// How many objects wait, and from which to which they stand on the page.
fn counted(viewer: &Viewer, total: usize, (from, to): (usize, usize)) -> String {
    let what = match total {
        1 => "object that breaks STIX 2.1 waits for a decision",
        _ => "objects that break STIX 2.1 wait for a decision",
    };
    let here = if total > 0 { format!(", {from} to {to} here") } else { String::new() };
    let english = format!("{total} {what}{here}.");
    let here = if total > 0 {
        format!(" 여기에는 {from}번째부터 {to}번째까지 있습니다.")
    } else {
        String::new()
    };
    let korean = format!("STIX 2.1에 맞지 않는 객체 {total}건이 결정을 기다립니다.{here}");
    viewer.say(&english, &korean).to_owned()
}

fn row(book: &Book, viewer: &Viewer, waiting: gate::Quarantined) -> Row {
    let id = waiting.id.to_string();
    Row {
        name: name_of(&waiting.raw, &id),
        id,
        sender: book
            .member(waiting.sender)
            .map_or(viewer.say("the node's operator", "노드 운영자"), |member| &member.name)
            .to_owned(),
        came: viewer.view.at(waiting.added.timestamp()),
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
