//! One circle: its terms, its members, its checkpoint.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use line::LineId;
use policy::{Caller, Member};

use super::view::At;
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, compare, making, render, words};

#[derive(Template)]
#[template(path = "circle.html")]
struct CirclePage {
    frame: Frame,
    operator: bool,
    handle: String,
    title: String,
    purpose: String,
    id: String,
    ceiling: String,
    onward: &'static str,
    signatures: &'static str,
    starts: Option<At>,
    ends: Option<At>,
    fires: Option<(u8, String)>,
    records: u64,
    members: Vec<Row>,
    checkpoint: Option<String>,
    quarantined: usize,
    privacy: String,
}

struct Row {
    handle: String,
    name: String,
    level: &'static str,
}

pub(super) async fn page(State(pages): Shared, who: Who, Path(handle): Path<String>) -> Response {
    making(move || make(&pages, &Viewer::of(who), &handle)).await
}

fn make(pages: &Arc<Pages>, viewer: &Viewer, handle: &str) -> Response {
    let book = pages.gate.book();
    let found = match viewer.caller {
        Caller::Operator => book.circle_by_handle(handle),
        Caller::Member(member) => book.circles_of(member).into_iter().find(|circle| circle.handle == handle),
    };
    let Some(circle) = found else { return absent() };
    let mut members: Vec<&Member> = match viewer.caller {
        Caller::Operator => circle.members.iter().filter_map(|member| book.member(*member)).collect(),
        Caller::Member(member) => book.visible_members(member, circle.id),
    };
    members.sort_by(|a, b| a.name.cmp(&b.name));
    let checkpoint = match compare::newest(pages, circle) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return broken(&error),
    };
    let line = LineId::new(circle.id.uuid());
    let fires = match pages.fires(viewer, circle) {
        Ok(fires) => fires,
        Err(error) => return broken(&error),
    };
    render(&CirclePage {
        frame: pages.frame(&book, viewer, circle.title.clone()),
        operator: viewer.is_operator(),
        handle: circle.handle.clone(),
        title: circle.title.clone(),
        purpose: circle.purpose.clone(),
        id: circle.id.to_string(),
        ceiling: circle.ceiling.to_string(),
        onward: words::circles::onward(&viewer.view, circle.onward),
        signatures: words::circles::signatures(&viewer.view, circle.signatures),
        starts: circle.starts.map(|at| viewer.view.at(at)),
        ends: circle.ends.map(|at| viewer.view.at(at)),
        fires: fires.map(|fires| (fires.level, words::cause(&viewer.view, &fires.cause))),
        privacy: words::circles::privacy(&viewer.view, &circle.privacy),
        records: pages.gate.store().look(line, |catalogue| catalogue.head().0).unwrap_or_default(),
        members: members
            .into_iter()
            .map(|member| Row {
                handle: member.handle.clone(),
                name: member.name.clone(),
                level: member.level.name(),
            })
            .collect(),
        quarantined: match viewer.caller {
            Caller::Operator => pages.gate.quarantine_count(circle.id).unwrap_or_default(),
            Caller::Member(_) => 0,
        },
        checkpoint: checkpoint.map(|checkpoint| checkpoint.note),
    })
}
