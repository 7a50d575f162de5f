//! What was withdrawn, and who still has it. For operators.

use axum::extract::State;
use axum::response::Response;

use askama::Template;
use gate::{Recall, Whether};
use line::StorageError;
use policy::Book;
use stix::Timestamp;

use super::view::At;
use super::{Frame, Operator, Pages, Shared, Viewer, broken, making, render};

const DAY_MICROS: i64 = 86_400_000_000;
/// Days that are looked back.
const DAYS: i64 = 30;
/// Recalls shown; the rest is counted.
const ROWS: usize = 200;

#[derive(Template)]
#[template(path = "recalls.html")]
struct RecallsPage {
    frame: Frame,
    /// What withdrawals do.
    about: String,
    rows: Vec<Row>,
    more: usize,
    overdue: usize,
}

struct Row {
    at: At,
    circle: String,
    id: String,
    reason: String,
    confirmed: usize,
    had: usize,
    open: Vec<Open>,
}

struct Open {
    handle: String,
    name: String,
    contact: Option<String>,
    overdue: bool,
    whats: Vec<String>,
}

pub(super) async fn page(State(pages): Shared, Operator(viewer): Operator) -> Response {
    making(move || make(&pages, &viewer).unwrap_or_else(|error| broken(&error))).await
}

fn make(pages: &Pages, viewer: &Viewer) -> Result<Response, StorageError> {
    let (book, now) = (pages.gate.book(), (pages.now)());
    let since = Timestamp::from_micros(now.micros().saturating_sub(DAYS * DAY_MICROS));
    let mut recalls = Vec::new();
    for circle in book.circles() {
        recalls.extend(pages.gate.recalls(circle.id, (since, now), pages.patience, now)?);
    }
    // What is overdue comes first, then the newest.
    recalls.sort_by_key(|recall| {
        let state = (recall.count(Whether::Overdue) > 0, recall.count(Whether::Waiting) > 0);
        std::cmp::Reverse((state, recall.at))
    });
    let overdue = recalls.iter().filter(|recall| recall.count(Whether::Overdue) > 0).count();
    let more = recalls.len().saturating_sub(ROWS);
    Ok(render(&RecallsPage {
        frame: pages.frame(&book, viewer, viewer.say("Recalls", "회수")),
        about: about(viewer),
        rows: recalls.iter().take(ROWS).map(|recall| row(&book, viewer, recall)).collect(),
        more,
        overdue,
    }))
}

fn about(viewer: &Viewer) -> String {
    let english = format!(
        "What was withdrawn in the last {DAYS} days is out of everything that is made since. Who fetched it before still has it until it comes again."
    );
    let korean = format!(
        "최근 {DAYS}일 동안 철회된 것은 그 뒤에 만든 모든 것에서 빠졌습니다. 그 전에 가져간 곳은 다시 가져갈 때까지 계속 가지고 있습니다."
    );
    viewer.say(&english, &korean).to_owned()
}

fn row(book: &Book, viewer: &Viewer, recall: &Recall) -> Row {
    let open = recall.recipients.iter().filter(|one| !one.outstanding.is_empty());
    Row {
        at: viewer.view.at(recall.at),
        circle: book.circle(recall.circle).map(|circle| circle.handle.clone()).unwrap_or_default(),
        id: recall.id.to_string(),
        reason: recall.reason.clone(),
        confirmed: recall.count(Whether::Confirmed),
        had: recall.recipients.len() - recall.count(Whether::NeverHad),
        open: open
            .filter_map(|one| {
                let member = book.member(one.member)?;
                Some(Open {
                    handle: member.handle.clone(),
                    name: member.name.clone(),
                    contact: member.contact.clone(),
                    overdue: one.whether == Whether::Overdue,
                    whats: one.outstanding.iter().map(|artefact| artefact.what.clone()).collect(),
                })
            })
            .collect(),
    }
}
