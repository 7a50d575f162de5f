//! Applications compared with the personas of a member's circles: over HTTP, and in one shape for programs.
//!
//! `POST /persona/check` takes one application or a list of them as JSON (or any format of `watch::persona::read`) and answers with
//! outcomes. What a member may not see is, for it, not known. Nothing of an application is kept or logged.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use gate::{Gate, NotFound, Object, Query, Reader};
use line::{Seq, StorageError};
use parking_lot::Mutex;
use policy::{Caller, Channel, CircleId, Level, MemberId, Reach, Request};
use serde_json::{Value, json};
use stix::Timestamp;
use tokio::sync::Semaphore;
use watch::persona::{
    Builder, Contest, Outcome, Personas, Reason, TooMany, UNNAMED, Weights, check_all, read,
};

/// Most bytes of a request.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most applications of a request.
const APPLICATIONS_MAX: usize = 1_000;
/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(30);
/// Checks at a time, over all members: each takes a core as long as it lasts.
const CHECKS_MAX: usize = 2;
/// Observables that are asked for at a time.
const IDS_AT_ONCE: usize = 1_000;
/// Members whose personas are kept at hand.
const KEPT_MAX: usize = 64;
/// How long they are kept: embargoes and expiries pass without a record.
const KEPT_MICROS: i64 = 60_000_000;

/// Why a member's personas can't be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KnownError {
    /// The store. Safe to repeat.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The member is in no such circle any more.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// There are too many.
    #[error(transparent)]
    TooMany(#[from] TooMany),
}

/// The personas that a member may see, over all its circles.
///
/// Who brought an object is its source, whatever it says of itself; those who are not named are one source in each circle.
///
/// # Errors
/// [`KnownError`].
pub fn known(
    gate: &Gate,
    member: MemberId,
    encrypted: bool,
    weights: &Weights,
    now: Timestamp,
) -> Result<Personas, KnownError> {
    let book = gate.book();
    let mut parts = Vec::new();
    for circle in book.circles_of(member).into_iter().filter(|circle| circle.access(member).reads()) {
        let request =
            Request { member, circle: circle.id, wanted: Level::Read, encrypted, now, reach: Reach::Member };
        let reader = gate.reader(request)?;
        let source = |id: &stix::ObjectId| -> Result<String, StorageError> {
            let said = reader.said_by(id)?;
            let named = said.first().and_then(|said| said.member).and_then(|member| book.member(member));
            Ok(named.map_or_else(|| UNNAMED.to_owned(), |member| member.handle.clone()))
        };
        let mut builder = Builder::default();
        let mut failed: Result<(), KnownError> = Ok(());
        let take = |object: &Object, builder: &mut Builder| -> Result<(), KnownError> {
            let Ok(head) = stix::read_head(&object.raw) else { return Ok(()) };
            if Builder::is_only_listed(&object.raw) {
                return Ok(());
            }
            let came = Timestamp::from_micros(object.added.0);
            Ok(builder.add(&object.raw, &head, Some(&source(&head.id)?), came)?)
        };
        reader.each(&["identity", "grouping", "report", "relationship", "opinion"], &mut |object| {
            failed = take(object.get(), &mut builder);
            if failed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        failed?;
        observables(&reader, &mut builder)?;
        // Each circle by itself: who shares an object in one can't change what another says under the same id.
        parts.push(builder.part(weights));
    }
    Ok(Personas::of(parts))
}

/// Takes in the observables that the others name, and the listed parties that groupings name.
fn observables(reader: &Reader, builder: &mut Builder) -> Result<(), KnownError> {
    for ids in builder.wanted().chunks(IDS_AT_ONCE) {
        let mut query = Query { ids: ids.to_vec(), limit: IDS_AT_ONCE, ..Query::default() };
        loop {
            let page = reader.page(&query)?;
            for object in &page.items {
                let Object { raw, added, .. } = object.get();
                if let Ok(head) = stix::read_head(raw) {
                    builder.add(raw, &head, None, Timestamp::from_micros(added.0))?;
                }
            }
            let Some(next) = page.next else { break };
            query.after = next;
        }
    }
    Ok(())
}

/// An outcome for programs.
#[must_use]
pub fn outcome(outcome: &Outcome) -> Value {
    let also: Vec<Value> = outcome
        .also
        .iter()
        .map(|also| json!({"persona": also.persona.to_string(), "name": also.name, "score": also.score}))
        .collect();
    json!({
        "application": outcome.application, "score": outcome.score, "crosses": outcome.crosses, "word": outcome.word.as_str(),
        "reasons": outcome.reasons.iter().map(reason).collect::<Vec<_>>(), "also": also,
    })
}

fn reason(reason: &Reason) -> Value {
    let persona = reason.persona.as_ref().map(|(id, name)| json!({"id": id.to_string(), "name": name}));
    json!({
        "sign": reason.sign.code(), "family": reason.sign.family().code(), "says": reason.sign.sentence(),
        "weight": reason.weight, "percent": reason.percent, "points": reason.points,
        "given": reason.matched.given, "known": reason.matched.known, "how": reason.matched.how, "persona": persona,
        "source": {
            "who": reason.source.who, "object": reason.source.object.as_ref().map(ToString::to_string),
            "published": reason.source.from,
        },
        "date": reason.date.to_string(), "expiry": reason.expiry.to_string(),
        "contested": reason.contested.as_ref().map(contest),
    })
}

/// An open contest for programs.
#[must_use]
pub fn contest(contest: &Contest) -> Value {
    json!({
        "id": contest.id.to_string(), "about": contest.about.to_string(), "who": contest.who, "at": contest.at.to_string(),
        "explanation": contest.explanation,
    })
}

/// What the server needs.
pub struct PersonaCheck {
    /// The door.
    pub gate: Gate,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// What signs count.
    pub weights: Weights,
    checks: Arc<Semaphore>,
    kept: Mutex<HashMap<(MemberId, bool), Kept>>,
}

/// A member's personas, as they were at some numbers of its circles' lines.
struct Kept {
    at: Timestamp,
    book: u64,
    heads: Vec<(CircleId, Seq)>,
    personas: Arc<Personas>,
}

impl PersonaCheck {
    /// A server over this door.
    #[must_use]
    pub fn new(gate: Gate, now: Arc<dyn Fn() -> Timestamp + Send + Sync>, weights: Weights) -> Self {
        let checks = Arc::new(Semaphore::new(CHECKS_MAX));
        Self { gate, now, weights, checks, kept: Mutex::default() }
    }

    fn personas(
        &self,
        member: MemberId,
        encrypted: bool,
        now: Timestamp,
    ) -> Result<Arc<Personas>, KnownError> {
        let upto = self.gate.heads(member, now);
        let heads: Vec<(CircleId, Seq)> = upto.iter().map(|upto| (upto.circle, Seq(upto.seq))).collect();
        let book = self.gate.book_version();
        let key = (member, encrypted);
        if let Some(kept) = self.kept.lock().get(&key)
            && kept.book == book
            && kept.heads == heads
            && now.micros().saturating_sub(kept.at.micros()).unsigned_abs() < KEPT_MICROS.unsigned_abs()
        {
            return Ok(Arc::clone(&kept.personas));
        }
        let personas = Arc::new(known(&self.gate, member, encrypted, &self.weights, now)?);
        let mut all = self.kept.lock();
        if all.len() >= KEPT_MAX && !all.contains_key(&key) {
            all.clear();
        }
        all.insert(key, Kept { at: now, book, heads, personas: Arc::clone(&personas) });
        Ok(personas)
    }
}

/// The server's routes: `POST /persona/check`.
pub fn router(server: PersonaCheck) -> Router {
    Router::new()
        .route("/persona/check", post(answer))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Arc::new(server))
}

fn refused(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({"error": text}))).into_response()
}

async fn answer(
    State(server): State<Arc<PersonaCheck>>,
    (Extension(caller), Extension(channel)): (Extension<Caller>, Extension<Channel>),
    body: Bytes,
) -> Response {
    let Caller::Member(member) = caller else {
        let text = "An operator is in no circle. Ask with a member's credential, or with `bongsu persona check --as MEMBER`.";
        return refused(StatusCode::FORBIDDEN, text);
    };
    let Ok(turn) = tokio::time::timeout(TURN, Arc::clone(&server.checks).acquire_owned()).await else {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "Others are being checked; try again in a minute.");
    };
    let work = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let told = match read(&body) {
            Ok(told) => told,
            Err(error) => return refused(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
        };
        if told.applications.len() > APPLICATIONS_MAX {
            let text = format!(
                "{} applications at once; at most {APPLICATIONS_MAX} are checked. Send them in parts.",
                told.applications.len()
            );
            return refused(StatusCode::PAYLOAD_TOO_LARGE, &text);
        }
        let now = (server.now)();
        match server.personas(member, channel.encrypted, now) {
            Ok(personas) => {
                let outcomes = check_all(&told.applications, &personas, &server.weights, now);
                let findings: Vec<String> = told.findings.iter().map(ToString::to_string).collect();
                let outcomes: Vec<Value> = outcomes.iter().map(outcome).collect();
                Json(json!({
                    "outcomes": outcomes, "findings": findings, "findings_more": told.findings_more, "personas": personas.len(),
                    "threshold": server.weights.threshold,
                }))
                .into_response()
            }
            Err(error @ KnownError::TooMany(_)) => refused(
                StatusCode::INSUFFICIENT_STORAGE,
                &format!("Nothing can be compared: {error}. Tell the node's operator."),
            ),
            Err(error) => {
                tracing::error!(%error, "personas could not be read");
                refused(StatusCode::SERVICE_UNAVAILABLE, "The personas could not be read; try again.")
            }
        }
    });
    work.await.unwrap_or_else(|_| refused(StatusCode::INTERNAL_SERVER_ERROR, "The check failed; try again."))
}
