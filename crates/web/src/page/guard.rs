//! What the guard kept out of a member's lists, zones and rules, page by page. For operators.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use deliver::{DeliverError, Gathered, HeldValue};
use policy::Level;
use serde::Deserialize;

use super::member::is_at_hand;
use super::view::{At, View};
use super::{Frame, Operator, Pages, Shared, Viewer, absent, broken, making, render, words};

/// Rows on a page.
const ROWS: usize = 100;

/// A value that was kept out, as a row.
pub(super) struct Kept {
    pub(super) value: String,
    pub(super) code: &'static str,
    pub(super) why: String,
    pub(super) seen_last: Option<At>,
}

impl Kept {
    pub(super) fn of(held: &HeldValue, view: &View) -> Self {
        Self {
            value: watch::defang(&held.value),
            code: held.hold.rule,
            why: words::rules::hold(view, &held.hold),
            seen_last: held.seen_last.map(|at| view.at(at)),
        }
    }
}

#[derive(Template)]
#[template(path = "guard.html")]
struct GuardPage {
    frame: Frame,
    handle: String,
    name: String,
    /// Whether what it may act on is at hand.
    is_at_hand: bool,
    total: usize,
    from: usize,
    to: usize,
    rows: Vec<Kept>,
    earlier: Option<String>,
    later: Option<String>,
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
    making(move || make(&pages, &viewer, &handle, &asked).unwrap_or_else(|error| broken(&error))).await
}

fn make(pages: &Arc<Pages>, viewer: &Viewer, handle: &str, asked: &Asked) -> Result<Response, DeliverError> {
    let book = pages.gate.book();
    let Some(member) = book.member_by_handle(handle).filter(|member| !member.ended) else {
        return Ok(absent());
    };
    let form = member.level.min(Level::List);
    let is_at_hand = is_at_hand(pages, viewer, member)?;
    let gathered = is_at_hand.then(|| pages.deliver.gather(member.id, form, viewer.encrypted)).transpose()?;
    let total = gathered.as_ref().map_or(0, Gathered::held_len);
    let skip = asked.skip.min(total);
    let held = gathered.iter().flat_map(|gathered| gathered.held(skip).take(ROWS));
    let rows: Vec<Kept> = held.map(|held| Kept::of(&held, &viewer.view)).collect();
    let to = skip + rows.len();
    let at = |skip: usize| format!("/members/{handle}/guard?skip={skip}");
    Ok(render(&GuardPage {
        frame: pages.frame(&book, viewer, viewer.say("Kept out by the guard", "보호 규칙이 뺀 값")),
        handle: member.handle.clone(),
        name: member.name.clone(),
        is_at_hand,
        total,
        from: (skip + 1).min(to),
        to,
        rows,
        earlier: (skip > 0).then(|| at(skip.saturating_sub(ROWS))),
        later: (to < total).then(|| at(to)),
    }))
}
