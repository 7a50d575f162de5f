//! A circle's checkpoint to download, and the question whether another member was shown the same history.
//!
//! What another member holds is compared with the newest checkpoint, the larger of the two with the log itself. If they can't both be
//! true, both are signed by the node, and together they are evidence against it: the page hands them out in the form in which
//! `bongsu audit` keeps evidence. The node judges itself here; `bongsu audit compare` asks it for nothing but its tiles.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use exchange::transparency::LAG_MAX;
use gate::{Checkpoint, NoteError, NoteKey};
use http::{HeaderValue, StatusCode, header};
use line::merkle::verify_consistency;
use line::{LineId, StorageError};
use policy::Circle;
use serde::Deserialize;
use serde_json::json;

use super::objects::circles;
use super::sent::Sent;
use super::{Frame, Pages, Shared, Viewer, Who, absent, broken, error, making, render};

/// Seconds after which it is asked again while the log is being made.
const LATER_S: &str = "60";

pub(super) fn router() -> Router<Arc<Pages>> {
    Router::new()
        .route("/circles/{circle}/checkpoint", get(checkpoint))
        .route("/circles/{circle}/compare", get(form).post(compare))
}

/// What is filled in.
#[derive(Default, Deserialize)]
struct Asked {
    /// Another member's checkpoint.
    #[serde(default)]
    note: String,
}

#[derive(Template)]
#[template(path = "compare.html")]
struct ComparePage {
    frame: Frame,
    handle: String,
    title: String,
    note: String,
    fault: Option<&'static str>,
    told: Option<Told>,
    checkpoint: String,
}

/// What comparing came to.
enum Told {
    /// One history: of so many records the first, of so many the second; the proof, in base64.
    One { first: u64, second: u64, proof: Vec<String> },
    /// The node has signed two histories, or has lost what it had: both checkpoints, as evidence.
    Two { is_shorter: bool, evidence: String },
}

/// A circle's newest checkpoint, as members are shown it; nothing while its log is being made.
pub(super) fn newest(pages: &Pages, circle: &Circle) -> Result<Option<Checkpoint>, StorageError> {
    let line = LineId::new(circle.id.uuid());
    if pages.gate.tree_lag(line)? > LAG_MAX {
        return Ok(None);
    }
    pages.cosigned.newest(&pages.gate, line, (pages.now)()).map(Some)
}

async fn checkpoint(State(pages): Shared, who: Who, Path(handle): Path<String>) -> Response {
    making(move || {
        let (viewer, book) = (Viewer::of(who), pages.gate.book());
        let found = circles(&book, &viewer).into_iter().find(|circle| circle.handle == handle);
        let Some(circle) = found else { return absent() };
        let checkpoint = match newest(&pages, circle) {
            Ok(Some(checkpoint)) => checkpoint,
            Ok(None) => return later(&viewer),
            Err(error) => return broken(&error),
        };
        let kind = HeaderValue::from_static("text/plain; charset=utf-8");
        let kept = HeaderValue::from_static("private, no-store");
        let mut response =
            ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, kept)], checkpoint.note).into_response();
        let named = HeaderValue::from_static("attachment; filename=\"checkpoint\"");
        response.headers_mut().insert(header::CONTENT_DISPOSITION, named);
        response
    })
    .await
}

fn later(viewer: &Viewer) -> Response {
    let what = viewer.say(
        "The log is being made. Ask again in a minute.",
        "기록을 만드는 중입니다. 1분 뒤에 다시 요청하십시오.",
    );
    let mut response = error(StatusCode::SERVICE_UNAVAILABLE, viewer.say("Not yet", "아직 아님"), what);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(LATER_S));
    response
}

async fn form(State(pages): Shared, who: Who, Path(handle): Path<String>) -> Response {
    making(move || made(&pages, &Viewer::of(who), &handle, None)).await
}

async fn compare(
    State(pages): Shared,
    who: Who,
    Path(handle): Path<String>,
    Sent(asked): Sent<Asked>,
) -> Response {
    making(move || made(&pages, &Viewer::of(who), &handle, Some(asked))).await
}

fn made(pages: &Pages, viewer: &Viewer, handle: &str, asked: Option<Asked>) -> Response {
    let book = pages.gate.book();
    let found = circles(&book, viewer).into_iter().find(|circle| circle.handle == handle);
    let Some(circle) = found else { return absent() };
    let ours = match newest(pages, circle) {
        Ok(Some(checkpoint)) => checkpoint,
        Ok(None) => return later(viewer),
        Err(error) => return broken(&error),
    };
    let mut page = ComparePage {
        frame: pages.frame(&book, viewer, viewer.say("Compare checkpoints", "체크포인트 비교")),
        handle: circle.handle.clone(),
        title: circle.title.clone(),
        note: asked.map(|asked| pasted(&asked.note)).unwrap_or_default(),
        fault: None,
        told: None,
        checkpoint: ours.note.clone(),
    };
    if page.note.is_empty() {
        return render(&page);
    }
    match read(pages, viewer, circle, &page.note) {
        Ok(theirs) => match told(pages, circle, &theirs, ours) {
            Ok(told) => page.told = Some(told),
            Err(error) => return broken(&error),
        },
        Err(fault) => page.fault = Some(fault),
    }
    render(&page)
}

/// A checkpoint as it was before it went through a field of a form: with line breaks of its own kind, and one at its end.
fn pasted(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!("{text}\n") }
}

/// What somebody brings, if it is a checkpoint of this circle that this node has signed.
fn read(pages: &Pages, viewer: &Viewer, circle: &Circle, note: &str) -> Result<Checkpoint, &'static str> {
    let key = pages.gate.key();
    let checkpoint = Checkpoint::read(note, &NoteKey::of(key)).map_err(|error| match error {
        NoteError::OtherKey => viewer.say(
            "This node has not signed it: it is another node's, or of an earlier key.",
            "이 노드가 서명한 것이 아닙니다. 다른 노드의 것이거나 이전 키의 것입니다.",
        ),
        NoteError::Changed => viewer.say(
            "It was changed after it was signed: the signature does not hold.",
            "서명한 뒤에 바뀌었습니다. 서명이 맞지 않습니다.",
        ),
        _ => viewer.say(
            "That is no checkpoint: paste it whole, from the first line to the last signature.",
            "체크포인트가 아닙니다. 첫 줄부터 마지막 서명까지 모두 붙여 넣으십시오.",
        ),
    })?;
    match checkpoint.origin == key.origin(LineId::new(circle.id.uuid())) {
        true => Ok(checkpoint),
        false => Err(viewer.say("It is of another circle.", "다른 서클의 것입니다.")),
    }
}

/// Compares what another member holds with what is shown here.
fn told(
    pages: &Pages,
    circle: &Circle,
    theirs: &Checkpoint,
    shown: Checkpoint,
) -> Result<Told, StorageError> {
    let line = LineId::new(circle.id.uuid());
    // What witnesses have cosigned may be some minutes older than what the other one was shown.
    let ours = match theirs.size > shown.size {
        true => pages.gate.checkpoint(line)?,
        false => shown,
    };
    let evidence = |what: &str, proof: &[String]| {
        let evidence = json!({
            "what": what, "origin": ours.origin, "first": theirs.note, "second": ours.note, "proof": proof,
        });
        format!("{evidence:#}\n")
    };
    let proof = pages.gate.consistency(line, theirs.size, ours.size)?;
    let root = pages.gate.root_of(line, theirs.size)?;
    let (Some(proof), Some(root)) = (proof, root) else {
        let what = "the log is shorter than it was: an old backup was put back, or another history is shown";
        return Ok(Told::Two { is_shorter: true, evidence: evidence(what, &[]) });
    };
    let encoded: Vec<String> = proof.iter().map(|hash| STANDARD.encode(hash)).collect();
    if verify_consistency(theirs.size, ours.size, &theirs.root, &ours.root, &proof) {
        return Ok(Told::One { first: theirs.size, second: ours.size, proof: encoded });
    }
    let what = match theirs.size == ours.size {
        true => "two checkpoints of one size with different roots: the node has signed two histories",
        false => "the log does not continue what was signed before: the node has signed two histories",
    };
    let shown: Vec<String> = std::iter::once(STANDARD.encode(root)).chain(encoded).collect();
    Ok(Told::Two { is_shorter: false, evidence: evidence(what, &shown) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_through_a_form_is_as_it_was() {
        let note = "tower.test/line/x\n4\nAAAA\n\n\u{2014} tower.test AAAA\n";
        assert_eq!(pasted(note), note);
        assert_eq!(pasted(&note.replace('\n', "\r\n")), note);
        assert_eq!(pasted(&format!("\r\n  {}", note.trim_end())), note);
        assert_eq!(pasted(" \r\n"), "");
    }
}
