//! What was held back from a member, page by page. For operators.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use gate::{Explanation, Gate, HeldItem};
use line::{LineId, StorageError};
use policy::Rule;
use serde::Deserialize;

use super::view::View;
use super::{Frame, Operator, Pages, Shared, Viewer, absent, broken, making, name_of, render, words};

/// Rows on a page.
const ROWS: usize = 100;

/// An object that was held, as a row.
pub(super) struct Row {
    pub(super) circle: String,
    pub(super) href: String,
    pub(super) name: String,
    pub(super) code: &'static str,
    pub(super) why: &'static str,
}

/// Rows for held items, with the names that the objects give themselves.
pub(super) fn rows(
    gate: &Gate,
    view: &View,
    line: LineId,
    circle: &str,
    items: &[HeldItem],
) -> Result<Vec<Row>, StorageError> {
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let id = item.id.to_string();
        let mut name = id.clone();
        gate.store().bodies(line, &[item.seq], &mut |_, _, body| {
            name = std::str::from_utf8(body).map_or_else(|_| id.clone(), |raw| name_of(raw, &id));
        })?;
        let href = format!("/objects/{circle}/{id}");
        rows.push(Row {
            circle: circle.to_owned(),
            href,
            name,
            code: item.rule.code(),
            why: words::rules::rule(view, item.rule),
        });
    }
    Ok(rows)
}

#[derive(Template)]
#[template(path = "held.html")]
struct HeldPage {
    frame: Frame,
    handle: String,
    name: String,
    rule: Option<&'static str>,
    total: u64,
    from: usize,
    to: usize,
    held: Vec<Row>,
    earlier: Option<String>,
    later: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    circle: Option<String>,
    rule: Option<String>,
    #[serde(default)]
    skip: usize,
}

pub(super) async fn page(
    State(pages): Shared,
    Operator(viewer): Operator,
    Path(handle): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    making(move || make(&pages, &viewer, &handle, &asked)).await
}

fn make(pages: &Arc<Pages>, viewer: &Viewer, handle: &str, asked: &Asked) -> Response {
    let book = pages.gate.book();
    let Some(member) = book.member_by_handle(handle) else { return absent() };
    let rule =
        asked.rule.as_deref().and_then(|code| Rule::ALL.iter().copied().find(|rule| rule.code() == code));
    let (mut held, mut total, mut skip) = (Vec::new(), 0, asked.skip);
    for reader in pages.readers(viewer, member.id, member.level) {
        let Some(circle) = book.circle(reader.request().circle) else { continue };
        if asked.circle.as_ref().is_some_and(|wanted| *wanted != circle.handle) {
            continue;
        }
        let line = LineId::new(circle.id.uuid());
        let told = reader.explain(rule, skip, ROWS - held.len()).and_then(|told| {
            let rows = rows(&pages.gate, &viewer.view, line, &circle.handle, &told.items)?;
            Ok((told, rows))
        });
        let (told, rows) = match told {
            Ok(told) => told,
            Err(error) => return broken(&error),
        };
        let of_rule = told.held.iter().filter(|count| rule.is_none_or(|rule| rule == count.rule));
        let count = Explanation::sum(&of_rule.copied().collect::<Vec<_>>());
        total += count;
        skip = skip.saturating_sub(usize::try_from(count).unwrap_or(usize::MAX));
        held.extend(rows);
    }
    let at = |skip: usize| {
        let mut href = format!("/members/{handle}/held?skip={skip}");
        for (name, value) in [("circle", &asked.circle), ("rule", &asked.rule)] {
            if let Some(value) = value {
                href.push_str(&format!("&{name}={value}"));
            }
        }
        href
    };
    let to = asked.skip + held.len();
    render(&HeldPage {
        frame: pages.frame(&book, viewer, viewer.say("Held back", "보류한 것")),
        handle: member.handle.clone(),
        name: member.name.clone(),
        rule: rule.map(Rule::code),
        total,
        from: (asked.skip + 1).min(to),
        to,
        earlier: (asked.skip > 0).then(|| at(asked.skip.saturating_sub(ROWS))),
        later: (u64::try_from(to).unwrap_or(u64::MAX) < total && !held.is_empty()).then(|| at(to)),
        held,
    })
}
