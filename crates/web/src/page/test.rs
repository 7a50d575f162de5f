//! How a member's levels stand, and what is missing for each.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use deliver::DeliverError;
use deliver::level_up::{Names, Rung};
use policy::{Level, Member};

use super::view::{At, View};
use super::{Frame, Pages, Shared, Viewer, Who, about_member, render, words};

#[derive(Template)]
#[template(path = "test.html")]
struct TestPage {
    frame: Frame,
    operator: bool,
    handle: String,
    offered: &'static str,
    resolver: Option<String>,
    names: Option<Names>,
    held: Option<String>,
    levels: Vec<LevelRow>,
}

struct LevelRow {
    name: &'static str,
    does: &'static str,
    offered: bool,
    proven: Option<At>,
    against: Option<At>,
    needs: Vec<NeedRow>,
}

struct NeedRow {
    is_seen: bool,
    what: &'static str,
    how: &'static str,
}

pub(super) async fn page(State(pages): Shared, who: Who, Path(handle): Path<String>) -> Response {
    about_member(pages, who, handle, make).await
}

fn make(pages: &Pages, viewer: &Viewer, member: &Member) -> Result<Response, DeliverError> {
    let book = pages.gate.book();
    let rungs = pages.deliver.rungs(member.id)?;
    let title = match viewer.view.is_korean() {
        false => format!("Levels of {}", member.name),
        true => format!("{}의 단계", member.name),
    };
    let held = pages.deliver.test_hold(member.id)?;
    Ok(render(&TestPage {
        frame: pages.frame(&book, viewer, title),
        operator: viewer.is_operator(),
        handle: member.handle.clone(),
        offered: member.level.name(),
        resolver: member.resolver.map(|resolver| resolver.to_string()),
        names: pages.deliver.test_names(member.id, (pages.now)()),
        held: held.map(|hold| words::rules::hold(&viewer.view, &hold)),
        levels: rungs.iter().map(|rung| row(&viewer.view, rung, member.level)).collect(),
    }))
}

fn row(view: &View, rung: &Rung, offered: Level) -> LevelRow {
    LevelRow {
        name: rung.level.name(),
        does: words::does(view, rung.level),
        offered: rung.level <= offered,
        proven: rung.proven.map(|at| view.at(at)),
        against: rung.against.map(|at| view.at(at)),
        needs: rung
            .needs
            .iter()
            .map(|(need, is_seen)| NeedRow {
                is_seen: *is_seen,
                what: words::levels::need(view, *need),
                how: words::levels::how(view, *need),
            })
            .collect(),
    }
}
