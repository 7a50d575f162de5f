//! Who did what, for whoever audits: a member what is about it or was done by it, the node's staff everything. As a page with
//! filters, and as files with each act's record number, so that a list can be held against the node's line.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use gate::{Act, ActKind, Acts, ActsAsked};
use http::{HeaderValue, StatusCode, header};
use line::{Seq, StorageError};
use policy::{Book, Caller};
use region::text::harmless;
use serde::Deserialize;
use serde_json::{Value, json};
use stix::Timestamp;

use super::find::instant;
use super::objects::encoded;
use super::words::acts::{kind, sentence, who as named};
use super::{Frame, Pages, Shared, Viewer, Who, broken, error, making, render};

/// Acts on a page, and in a file.
const ROWS: usize = 100;
const ROWS_OF_FILE: usize = 10_000;
/// How often a file reads on where few of the records that were looked at are asked for: the gate looks at 20,000 at a time.
const READS_MAX: usize = 10;

pub(super) fn router() -> Router<Arc<Pages>> {
    Router::new()
        .route("/acts", get(page))
        .route("/acts.csv", get(csv))
        .route("/acts.json", get(for_programs))
}

#[derive(Template)]
#[template(path = "acts.html")]
struct ActsPage {
    frame: Frame,
    rows: Vec<Row>,
    asked: Asked,
    /// Names of kinds, and how they are called.
    kinds: Vec<(&'static str, &'static str)>,
    fault: Option<String>,
    /// What is asked for, as the query of the files' addresses.
    query: String,
    next: Option<String>,
}

struct Row {
    number: u64,
    at: Timestamp,
    kind: &'static str,
    who: String,
    what: String,
}

/// What is filled in.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    who: String,
    what: String,
    from: String,
    to: String,
    before: Option<u64>,
}

impl Asked {
    /// The question; or what of it can't be read.
    fn question<'a>(&'a self, viewer: &Viewer) -> Result<ActsAsked<'a>, String> {
        let not_read = |what: &str, example: &str| {
            let said = viewer.say("can't be read; write it as", "읽을 수 없습니다. 이렇게 쓰세요:");
            format!("`{what}` {said} {example}")
        };
        let time = |text: &str, is_end| {
            instant(text, &viewer.view, is_end).map_err(|_| not_read(text, "2026-11-30"))
        };
        let kind = match self.what.trim() {
            "" => None,
            name => Some(ActKind::of(name).ok_or_else(|| not_read(name, ActKind::Credential.name()))?),
        };
        Ok(ActsAsked {
            of: match viewer.caller {
                Caller::Operator => None,
                Caller::Member(member) => Some(member),
            },
            by: Some(self.who.trim()).filter(|who| !who.is_empty()),
            kind,
            from: time(&self.from, false)?,
            until: time(&self.to, true)?,
            before: self.before.map(Seq),
        })
    }

    /// As the query of an address; `before` is where it goes on.
    fn query(&self, before: Option<u64>) -> String {
        let before = before.map(|before| before.to_string()).unwrap_or_default();
        let all = [
            ("who", self.who.trim()),
            ("what", self.what.trim()),
            ("from", self.from.trim()),
            ("to", self.to.trim()),
            ("before", before.as_str()),
        ];
        let told = all.into_iter().filter(|(_, value)| !value.is_empty());
        let told: Vec<String> = told.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        if told.is_empty() { String::new() } else { format!("?{}", told.join("&")) }
    }
}

fn row(viewer: &Viewer, book: &Book, act: &Act) -> Row {
    Row {
        number: act.seq.0,
        at: act.at,
        kind: act.kind().name(),
        who: named(&viewer.view, act, book),
        what: sentence(&viewer.view, act, book),
    }
}

async fn page(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let (found, fault) = match asked.question(&viewer).map(|question| pages.gate.acts(&question, ROWS)) {
            Ok(Ok(found)) => (found, None),
            Ok(Err(error)) => return broken(&error),
            Err(fault) => (Acts::default(), Some(fault)),
        };
        let kinds = ActKind::ALL.into_iter().map(|one| (one.name(), kind(&viewer.view, one)));
        render(&ActsPage {
            frame: pages.frame(&book, &viewer, viewer.say("Who did what", "행위 기록")),
            rows: found.acts.iter().map(|act| row(&viewer, &book, act)).collect(),
            kinds: kinds.collect(),
            fault,
            query: asked.query(None),
            next: found.before.map(|before| format!("/acts{}", asked.query(Some(before.0)))),
            asked,
        })
    })
    .await
}

/// What a file holds, and where it goes on.
struct File {
    rows: Vec<Row>,
    next: Option<u64>,
}

/// The rows of a file: many more than stand on a page.
fn rows(pages: &Pages, viewer: &Viewer, question: &ActsAsked<'_>) -> Result<File, StorageError> {
    let book = pages.gate.book();
    let (mut file, mut question) = (File { rows: Vec::new(), next: None }, *question);
    for _ in 0..READS_MAX {
        let found = pages.gate.acts(&question, ROWS_OF_FILE - file.rows.len())?;
        file.rows.extend(found.acts.iter().map(|act| row(viewer, &book, act)));
        file.next = found.before.map(|before| before.0);
        question.before = found.before;
        if found.before.is_none() || file.rows.len() >= ROWS_OF_FILE {
            break;
        }
    }
    Ok(file)
}

/// A time to the second, in UTC.
fn second(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{}Z", text.get(..19).unwrap_or(&text))
}

/// A field of a table that no spreadsheet takes for a formula.
fn quoted(text: &str) -> String {
    format!("\"{}\"", harmless(text.to_owned()).replace('"', "\"\""))
}

async fn csv(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    filed(pages, who, asked, "/acts.csv", "text/csv; charset=utf-8", |file, _| {
        let mut text = "number,at,kind,who,what\r\n".to_owned();
        for row in &file.rows {
            let (at, who, what) = (second(row.at), quoted(&row.who), quoted(&row.what));
            text.push_str(&format!("{},{at},{},{who},{what}\r\n", row.number, row.kind));
        }
        text
    })
    .await
}

async fn for_programs(State(pages): Shared, who: Who, Query(asked): Query<Asked>) -> Response {
    filed(pages, who, asked, "/acts.json", "application/json", |file, next| {
        let act = |row: &Row| {
            json!({"number": row.number, "at": second(row.at), "kind": row.kind, "who": row.who, "what": row.what})
        };
        let acts: Vec<Value> = file.rows.iter().map(act).collect();
        json!({"acts": acts, "next": next}).to_string()
    })
    .await
}

/// A file of the acts that are asked for. Where it goes on stands in its `Link` header too (RFC 8288).
async fn filed(
    pages: Arc<Pages>,
    who: Who,
    asked: Asked,
    path: &'static str,
    kind: &'static str,
    write: impl FnOnce(&File, Option<&str>) -> String + Send + 'static,
) -> Response {
    making(move || {
        let viewer = Viewer::of(who);
        let question = match asked.question(&viewer) {
            Ok(question) => question,
            Err(fault) => {
                let title = viewer.say("That can't be asked for", "요청할 수 없음");
                return error(StatusCode::BAD_REQUEST, title, &fault);
            }
        };
        let file = match rows(&pages, &viewer, &question) {
            Ok(file) => file,
            Err(error) => return broken(&error),
        };
        let next = file.next.map(|before| format!("{path}{}", asked.query(Some(before))));
        let name = format!("attachment; filename=\"{}\"", path.trim_start_matches('/'));
        let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "private, no-store")];
        let mut response = (headers, write(&file, next.as_deref())).into_response();
        let link = next.map(|next| format!("<{next}>; rel=\"next\""));
        for (header, value) in [(header::CONTENT_DISPOSITION, Some(name)), (header::LINK, link)] {
            if let Some(Ok(value)) = value.map(|value| HeaderValue::from_str(&value)) {
                response.headers_mut().insert(header, value);
            }
        }
        response
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_in_the_addresses_of_files_and_of_the_next_page() {
        let asked = Asked { who: " kim & co ".to_owned(), what: "circle".to_owned(), ..Asked::default() };
        assert_eq!(asked.query(Some(7)), "?who=kim%20%26%20co&what=circle&before=7");
        assert_eq!(Asked::default().query(None), "");
    }

    #[test]
    fn a_table_has_no_formulas_and_no_time_finer_than_a_second() {
        assert_eq!(quoted("=1+1 \"x\""), "\"'=1+1 \"\"x\"\"\"");
        assert_eq!(second(Timestamp::from_micros(1_790_000_000_123_456)), "2026-09-21T14:13:20Z");
    }
}
