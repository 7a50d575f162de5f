//! The node's own form.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Refused, Who, ask};
use crate::screening::{Answer, Answers, Extent, Question, Screening, VALUES_MAX};

/// Results in one piece of a stream.
const PIECE: usize = 256;
const LINES: &str = "application/x-ndjson";

pub(super) async fn one(
    State(screening): State<Arc<Screening>>,
    who: Who,
    question: Result<Query<Question>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refused> {
    let Query(question) = question.map_err(|error| Refused::unreadable(error.body_text()))?;
    Ok(axum::Json(ask(screening, who, ("value", Extent::Exposed), vec![question]).await?).into_response())
}

/// What is asked in JSON: texts, or texts with what kind of value they are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Many {
    values: Vec<Asked>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Asked {
    Text(String),
    Question(Question),
}

impl From<Asked> for Question {
    fn from(asked: Asked) -> Self {
        match asked {
            Asked::Text(value) => Self::of(value),
            Asked::Question(question) => question,
        }
    }
}

pub(super) async fn many(
    State(screening): State<Arc<Screening>>,
    who: Who,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refused> {
    let says = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let questions = questions(says(header::CONTENT_TYPE), &body?)?;
    let wants_lines = says(header::ACCEPT).contains(LINES);
    let answers = ask(screening, who, ("values", Extent::Exposed), questions).await?;
    Ok(if wants_lines { in_lines(answers) } else { in_one(answers) })
}

/// The answers as one object, whose parts are written side by side.
fn in_one(answers: Answers) -> Response {
    let Answers { at, record, lists, results } = answers;
    let head = Head { at: &at, record: record.as_deref(), lists: &lists, results: () };
    let mut text = serde_json::to_vec(&head).unwrap_or_default();
    // The head ends with `"results":null}`.
    text.truncate(text.len().saturating_sub(b"null}".len()));
    let pieces: Vec<Vec<u8>> = results
        .par_chunks(PIECE)
        .map(|some| {
            let piece = serde_json::to_vec(some).unwrap_or_default();
            piece.get(1..piece.len().saturating_sub(1)).unwrap_or_default().to_vec()
        })
        .collect();
    text.push(b'[');
    text.extend_from_slice(&pieces.join(&b','));
    text.extend_from_slice(b"]}");
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Reads JSON, or for any other type one value a line.
pub(super) fn questions(content_type: &str, body: &[u8]) -> Result<Vec<Question>, Refused> {
    let named = content_type.split(';').next().unwrap_or_default().trim();
    if named.eq_ignore_ascii_case("application/json") {
        let many: Many = serde_json::from_slice(body).map_err(Refused::unreadable)?;
        return Ok(many.values.into_iter().map(Question::from).collect());
    }
    if !matches!(named, "" | "text/plain" | "application/x-www-form-urlencoded" | LINES) {
        let text =
            format!("`{named}` is not read; send application/json, or text/plain with one value a line.");
        return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    let text = std::str::from_utf8(body).map_err(Refused::unreadable)?;
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).take(VALUES_MAX + 1).collect();
    if named != LINES {
        return Ok(lines.into_iter().map(Question::of).collect());
    }
    let read = |(at, line): (usize, &str)| {
        let asked: Asked = serde_json::from_str(line)
            .map_err(|error| Refused::unreadable(format!("line {}: {error}", at + 1)))?;
        Ok(asked.into())
    };
    lines.into_iter().enumerate().map(read).collect()
}

/// What stands before the results.
#[derive(Serialize)]
struct Head<'a, R> {
    at: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'a str>,
    lists: &'a crate::screening::Lists,
    results: R,
}

/// The answers line by line, written as they are taken.
fn in_lines(answers: Answers) -> Response {
    let Answers { at, record, lists, results } = answers;
    let head = Head { at: &at, record: record.as_deref(), lists: &lists, results: results.len() };
    let first = line(&head);
    let mut results = results.into_iter();
    let pieces = std::iter::from_fn(move || {
        let some: Vec<Answer> = results.by_ref().take(PIECE).collect();
        (!some.is_empty()).then(|| some.iter().flat_map(line).collect::<Vec<u8>>())
    });
    let pieces = std::iter::once(first).chain(pieces).map(Ok::<_, std::convert::Infallible>);
    ([(header::CONTENT_TYPE, LINES)], Body::from_stream(futures_util::stream::iter(pieces))).into_response()
}

fn line(value: &impl Serialize) -> Vec<u8> {
    // Texts, numbers and lists of them can always be written.
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}
