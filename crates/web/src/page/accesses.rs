//! Who looked at what, for whoever audits: a member its own people's looks, the node's staff everybody's.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use policy::Caller;
use serde::Deserialize;
use stix::Timestamp;

use super::view::At;
use super::{Frame, Shared, Viewer, Who, broken, making, render};
use crate::looks::{Look, Wanted};

/// Looks on a page.
const ROWS: usize = 100;
/// How far down pages go.
const SKIP_MAX: usize = 100_000;

#[derive(Template)]
#[template(path = "accesses.html")]
struct AccessesPage {
    frame: Frame,
    rows: Vec<Row>,
    of: String,
    by: String,
    next: Option<String>,
}

struct Row {
    /// When; what can't be read as a time stands as it was written.
    at: Result<At, String>,
    look: Look,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    of: String,
    #[serde(default)]
    by: String,
    #[serde(default)]
    skip: usize,
}

pub(super) async fn page(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let handle = match viewer.caller {
            Caller::Operator => None,
            Caller::Member(member) => {
                Some(book.member(member).map(|member| member.handle.clone()).unwrap_or_default())
            }
        };
        let (of, by) = (asked.of.trim(), asked.by.trim());
        let wanted = Wanted {
            of: Some(of).filter(|of| !of.is_empty()),
            by: Some(by).filter(|by| !by.is_empty()),
            acts_for: handle.as_deref(),
            skip: asked.skip.min(SKIP_MAX),
        };
        let found = pages.auth.looks.as_ref().map(|looks| looks.read(&wanted, ROWS)).transpose();
        let (rows, is_more) = match found {
            Ok(found) => found.unwrap_or_default(),
            Err(error) => return broken(&error),
        };
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let skip = wanted.skip + ROWS;
        let next = is_more.then(|| format!("/accesses?of={}&by={}&skip={skip}", encode(of), encode(by)));
        let row = |look: Look| Row {
            at: Timestamp::parse(&look.at).map(|at| viewer.view.at(at)).map_err(|_| look.at.clone()),
            look,
        };
        render(&AccessesPage {
            frame: pages.frame(&book, &viewer, viewer.say("Who looked at what", "열람 기록")),
            rows: rows.into_iter().map(row).collect(),
            of: of.to_owned(),
            by: by.to_owned(),
            next,
        })
    })
    .await
}
