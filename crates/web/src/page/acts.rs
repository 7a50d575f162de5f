//! Who did what, for whoever audits: a member what is about it or was done by it, the node's staff everything.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use line::Seq;
use policy::Caller;
use serde::Deserialize;
use stix::Timestamp;

use super::words::acts::{sentence, who as named};
use super::{Frame, Shared, Viewer, Who, broken, making, render};

/// Acts on a page.
const ROWS: usize = 100;

#[derive(Template)]
#[template(path = "acts.html")]
struct ActsPage {
    frame: Frame,
    rows: Vec<Row>,
    before: Option<u64>,
}

struct Row {
    number: u64,
    at: Timestamp,
    who: String,
    what: String,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    before: Option<u64>,
}

pub(super) async fn page(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let of = match viewer.caller {
            Caller::Operator => None,
            Caller::Member(member) => Some(member),
        };
        let found = match pages.gate.acts(of, asked.before.map(Seq), ROWS) {
            Ok(found) => found,
            Err(error) => return broken(&error),
        };
        let row = |act: &gate::Act| Row {
            number: act.seq.0,
            at: act.at,
            who: named(&viewer.view, act, &book),
            what: sentence(&viewer.view, act, &book),
        };
        render(&ActsPage {
            frame: pages.frame(&book, &viewer, viewer.say("Who did what", "행위 기록")),
            rows: found.acts.iter().map(row).collect(),
            before: found.before.map(|before| before.0),
        })
    })
    .await
}
