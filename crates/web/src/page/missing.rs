//! "Have I everything?": what a member may have in the form of its level, and has not fetched.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use gate::MISSING_MAX;
use line::StorageError;
use policy::Member;

use super::view::At;
use super::{Frame, Pages, Shared, Viewer, Who, about_member, name_of, render};

/// Objects shown for each circle.
const ROWS: usize = 100;

#[derive(Template)]
#[template(path = "missing.html")]
struct MissingPage {
    frame: Frame,
    handle: String,
    circles: Vec<InCircle>,
    most: usize,
}

struct InCircle {
    handle: String,
    title: String,
    level: &'static str,
    /// The number up to which it has all; `None` if it has nothing.
    upto: Option<u64>,
    head: u64,
    missing: usize,
    rows: Vec<Row>,
}

struct Row {
    at: At,
    name: String,
    id: String,
}

pub(super) async fn page(State(pages): Shared, who: Who, Path(handle): Path<String>) -> Response {
    about_member(pages, who, handle, make).await
}

fn make(pages: &Pages, viewer: &Viewer, member: &Member) -> Result<Response, StorageError> {
    let (book, now) = (pages.gate.book(), (pages.now)());
    let mut circles = Vec::new();
    for lag in pages.gate.lags(member.id, viewer.encrypted, now)? {
        let Some(circle) = book.circle(lag.circle) else { continue };
        let missing = pages.gate.missing(member.id, &lag, viewer.encrypted, now, ROWS)?;
        let row = |object: policy::Released<gate::Object>| {
            let object = object.into_inner();
            let id = object.id.to_string();
            Row { at: viewer.view.at(object.added.timestamp()), name: name_of(&object.raw, &id), id }
        };
        circles.push(InCircle {
            handle: circle.handle.clone(),
            title: circle.title.clone(),
            level: lag.level.name(),
            upto: lag.upto,
            head: lag.head,
            missing: lag.missing,
            rows: missing.into_iter().map(row).collect(),
        });
    }
    let (english, korean) =
        (format!("What {} is missing", member.name), format!("{}에 없는 것", member.name));
    Ok(render(&MissingPage {
        frame: pages.frame(&book, viewer, viewer.say(&english, &korean)),
        handle: member.handle.clone(),
        circles,
        most: MISSING_MAX,
    }))
}
