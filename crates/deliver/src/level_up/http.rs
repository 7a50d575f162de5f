//! The tests over HTTP, for members with their own credential: how they stand, a script, and what sensors and scripts report.
//!
//! Reports come as JSON, which no form of a foreign page can send.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use http::{HeaderMap, StatusCode, header};
use policy::{Caller, Channel, MemberId};
use serde::Deserialize;
use serde_json::{Value, json};
use watch::Hold;

use super::alert;
use super::probe::{Answer, Probe, Probed};
use super::{Names, Rung};
use crate::gather::{Deliver, DeliverError};

type Who = (Extension<Caller>, Extension<Channel>);
type Refused = (StatusCode, String);

/// The routes of the tests, under `/d/test`.
pub fn router(deliver: Arc<Deliver>) -> Router {
    Router::new()
        .route("/d/test", get(state))
        .route("/d/test.sh", get(script))
        .route("/d/test/resolver", post(resolver))
        .route("/d/test/alert", post(alert))
        .layer(DefaultBodyLimit::max(alert::BYTES_MAX))
        .with_state(deliver)
}

fn member((Extension(caller), Extension(channel)): &Who, changes: bool) -> Result<MemberId, Refused> {
    match caller {
        Caller::Member(member) if !(changes && channel.looked_at) => Ok(*member),
        _ => Err((
            StatusCode::FORBIDDEN,
            "A member tests its own systems with its own credential.\n".to_owned(),
        )),
    }
}

fn failed(error: &DeliverError) -> Refused {
    tracing::error!(%error, "a test could not be looked at");
    (StatusCode::SERVICE_UNAVAILABLE, "The test could not be looked at; try again.\n".to_owned())
}

fn names(deliver: &Deliver, member: MemberId) -> Result<Names, Refused> {
    deliver.test_names(member, (deliver.now)()).ok_or_else(|| {
        let text = "This node has no domain for tests; its operator sets test.domain in the configuration.\n";
        (StatusCode::NOT_FOUND, text.to_owned())
    })
}

/// How the levels stand, as JSON; `hold` is what keeps the test entry out of what the member acts on.
#[must_use]
pub fn shown(rungs: &[Rung], names: Option<&Names>, hold: Option<&Hold>) -> Value {
    let rungs: Vec<Value> = rungs
        .iter()
        .map(|rung| {
            let needs: Vec<Value> = rung
                .needs
                .iter()
                .map(|(need, is_seen)| {
                    json!({"need": need.code(), "what": need.sentence(), "seen": is_seen, "how": need.how()})
                })
                .collect();
            json!({
                "level": rung.level.name(), "proven": rung.proven.map(|at| at.to_string()), "needs": needs,
                "let_through": rung.against.map(|at| at.to_string()),
            })
        })
        .collect();
    let names =
        names.map(|names| json!({"refused": names.refuse, "below": names.below, "allowed": names.allow}));
    json!({"levels": rungs, "names": names, "entry_held": hold.map(ToString::to_string)})
}

/// Runs what reads the store off the threads that serve connections.
async fn off<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refused> + Send + 'static,
) -> Result<T, Refused> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(failed(&DeliverError::Render(error.to_string()))))
}

async fn state(State(deliver): State<Arc<Deliver>>, who: Who) -> Result<Json<Value>, Refused> {
    let member = member(&who, false)?;
    off(move || {
        let rungs = deliver.rungs(member).map_err(|error| failed(&error))?;
        shown_to(&deliver, member, &rungs)
    })
    .await
}

fn shown_to(deliver: &Deliver, member: MemberId, rungs: &[Rung]) -> Result<Json<Value>, Refused> {
    let hold = deliver.test_hold(member).map_err(|error| failed(&error))?;
    let names = deliver.test_names(member, (deliver.now)());
    Ok(Json(shown(rungs, names.as_ref(), hold.as_ref())))
}

/// A script that asks the resolver of the machine on which it runs, and tells the node.
async fn script(State(deliver): State<Arc<Deliver>>, who: Who) -> Result<Response, Refused> {
    let Names { refuse, below, allow } = names(&deliver, member(&who, false)?)?;
    let text = format!(
        r#"#!/bin/sh
# Asks this machine's resolver about three names and tells the node what became of them. Nothing else is sent.
# Use: sh test.sh https://NODE HANDLE, and the token as a line of standard input: no argument, which other users could see.
set -eu
node=${{1:?the address of the node}} user=${{2:?your handle}}
[ ! -t 0 ] || printf 'Token: ' >&2
read -r token || [ -n "$token" ]
address() {{ getent ahostsv4 "$1" 2>/dev/null | awk 'NR == 1 {{ print $1 }}'; }}
report=$(printf '{{"allowed":"%s","refused":"%s","below":"%s"}}' \
    "$(address {allow})" "$(address {refuse})" "$(address {below})")
echo "$report" >&2
printf 'user = "%s:%s"\n' "$user" "$token" |
    curl -sS -K - -H 'content-type: application/json' -d "$report" "$node/d/test/resolver"
"#
    );
    Ok(([(header::CONTENT_TYPE, "text/x-shellscript; charset=utf-8")], text).into_response())
}

fn is_json(headers: &HeaderMap) -> Result<(), Refused> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        true => Ok(()),
        false => Err((
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send it as content-type: application/json.\n".to_owned(),
        )),
    }
}

/// What a script found behind a resolver: the address of each name, empty if there was none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    allowed: String,
    refused: String,
    below: String,
}

impl Report {
    fn probed(&self) -> Result<Probed, Refused> {
        let read = |name: &str, text: &str| match text.trim() {
            "" => Ok(None),
            text => text.parse::<IpAddr>().map(Some).map_err(|_| {
                (StatusCode::BAD_REQUEST, format!("`{name}` is no address; it is empty if there was none.\n"))
            }),
        };
        let answer = |found: Option<IpAddr>| found.map_or(Answer::No, Answer::Address);
        let (entry, below) = (read("refused", &self.refused)?, read("below", &self.below)?);
        Ok(Probed::of(read("allowed", &self.allowed)?, answer(entry), answer(below)))
    }
}

async fn resolver(
    State(deliver): State<Arc<Deliver>>,
    who: Who,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refused> {
    let id = member(&who, true)?;
    names(&deliver, id)?;
    is_json(&headers)?;
    let report: Report = serde_json::from_slice(&body).map_err(|error| {
        (StatusCode::BAD_REQUEST, format!("The report can't be read: {error}. Use /d/test.sh.\n"))
    })?;
    let probed = report.probed()?;
    if probed.entry == Probe::Unknown {
        let text = "The name that nobody refuses was not resolved either, so the report says nothing. Has the machine a way to the \
                    Internet's names?\n";
        return Err((StatusCode::UNPROCESSABLE_ENTITY, text.to_owned()));
    }
    graded(deliver, id, move |deliver| {
        let book = deliver.gate.book();
        let found = book.member(id).ok_or(DeliverError::NoMember)?;
        deliver.probed(found, &probed)
    })
    .await
}

async fn alert(
    State(deliver): State<Arc<Deliver>>,
    who: Who,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Refused> {
    let id = member(&who, true)?;
    let names = names(&deliver, id)?;
    is_json(&headers)?;
    let text = String::from_utf8_lossy(&body);
    let seen = alert::read(&text, &names, (deliver.now)())
        .map_err(|error| (StatusCode::UNPROCESSABLE_ENTITY, format!("No alert was taken: {error}.\n")))?;
    graded(deliver, id, move |deliver| deliver.fired(id, &seen)).await
}

/// Takes a note, grades, and shows how the levels stand now.
async fn graded(
    deliver: Arc<Deliver>,
    member: MemberId,
    note: impl FnOnce(&Deliver) -> Result<(), DeliverError> + Send + 'static,
) -> Result<Json<Value>, Refused> {
    off(move || {
        let rungs = note(&deliver).and_then(|()| deliver.grade(member)).map_err(|error| failed(&error))?;
        shown_to(&deliver, member, &rungs)
    })
    .await
}
