//! Into a collection: adding objects (5.5) and withdrawing one (5.7).
//!
//! An envelope with something wrong in it is not refused as a whole: what is good is kept, what is not is a failure of the
//! status, with the reason. When the answer goes out, what it calls a success is durable.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use gate::{Query, Sharing, Submission, SubmitError, Submitted, VersionMatch};
use http::{StatusCode, header};
use policy::{Access, By, Caller, Channel, CircleId, Deed, Intake, Level, MemberId, Receipt, Upto};
use rayon::iter::{Either, IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use stix::{Finding, Head, ObjectId, Severity, Timestamp};
use uuid::Uuid;

use super::collections::{find_for, json, reader};
use super::error::TaxiiError;
use super::lasting::Kept;
use super::media::TAXII;
use super::names::Names;
use super::objects::present;
use super::params::{self, Asked};
use super::seen;
use super::status::{Detail, Status};
use super::{Shared, State as Server};
use crate::receipt::receipt_of;

/// Bodies up to this size are worked on where they arrive; longer ones on a thread of their own.
const INLINE_BYTES_MAX: usize = 64 * 1024;
/// Objects that one thread reads, so that small envelopes stay on the thread that they came to.
const READ_TOGETHER: usize = 100;

pub(super) async fn objects(
    State(state): Shared,
    (Extension(caller), by): (Extension<Caller>, Option<Extension<By>>),
    Names(name): Names<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, TaxiiError> {
    let now = (state.taxii.now)();
    let (member, circle) = {
        let book = state.taxii.gate.book();
        let (member, circle) = find_for(&book, &caller, &name, Access::Write)?;
        (member.id, circle.id)
    };
    let body = body.map_err(|rejection| refused_body(&rejection, state.taxii.body_bytes_max))?;
    let place = if body.len() <= INLINE_BYTES_MAX { Place::Here } else { Place::Elsewhere };
    let (told, outcomes) = tokio::sync::oneshot::channel();
    let server = Arc::clone(&state);
    let by = by.map_or(By::from(member), |Extension(by)| By { member, ..by });
    let sent = place.run(move || submit(&server, (by, circle), &body, now, told)).await?;
    let outcomes = outcomes.await.unwrap_or(Err(SubmitError::Storage(line::StorageError::Closing)));
    let outcomes = outcomes.map_err(|error| match error {
        SubmitError::NotFound(_) => TaxiiError::not_found(),
        SubmitError::NotInForce | SubmitError::ReadOnly => TaxiiError::forbidden(error.to_string()),
        SubmitError::Storage(error) => error.into(),
        SubmitError::OverQuota(over) => TaxiiError::over_quota(&over),
        error => TaxiiError::unavailable(&error),
    })?;
    // What is kept in the database is waited for.
    let place = if state.statuses.are_shared() { Place::Elsewhere } else { place };
    place.run(move || answer(&state, (member, circle), sent, outcomes, now)).await
}

/// Where an envelope is worked on. A long one is read, queued (which can wait) and answered where it holds up nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Here,
    Elsewhere,
}

impl Place {
    async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> Result<T, TaxiiError> + Send + 'static,
    ) -> Result<T, TaxiiError> {
        match self {
            Self::Here => work(),
            Self::Elsewhere => {
                // What is said there belongs to the request as well.
                let span = tracing::Span::current();
                let done = tokio::task::spawn_blocking(move || span.in_scope(work)).await;
                done.unwrap_or_else(|error| Err(TaxiiError::unavailable(&error)))
            }
        }
    }
}

fn refused_body(rejection: &BytesRejection, bytes_max: usize) -> TaxiiError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let description =
            format!("An envelope may have {bytes_max} bytes (max_content_length of the API root). Split it.");
        return TaxiiError::new(StatusCode::PAYLOAD_TOO_LARGE, "The envelope is too long", description);
    }
    TaxiiError::bad_request("the body did not arrive whole; repeating the request is safe")
}

/// An envelope taken apart: what can be shared, and what is wrong, each with its place.
struct Envelope {
    good: Vec<(usize, Submission)>,
    bad: Vec<(usize, Detail)>,
}

fn read(body: &[u8], now: Timestamp) -> Result<Envelope, TaxiiError> {
    let text = std::str::from_utf8(body).map_err(|error| {
        TaxiiError::bad_request(format!(
            "the body is not UTF-8 at byte {}; nothing was taken",
            error.valid_up_to()
        ))
    })?;
    let no_envelope = |why: &dyn std::fmt::Display| {
        let description = format!("{why}; nothing was taken. An envelope is {{\"objects\":[…]}}.");
        TaxiiError::new(StatusCode::UNPROCESSABLE_ENTITY, "No envelope", description)
    };
    // What is no JSON at all is not understood (400); what is none of the specification's resources can't be processed (422).
    let refused = |why: &dyn std::fmt::Display| match serde_json::from_str::<IgnoredAny>(text) {
        Err(error) => TaxiiError::bad_request(format!("the body is no JSON: {error}; nothing was taken")),
        Ok(_) => no_envelope(why),
    };
    if !text.trim_start().starts_with('{') {
        return Err(refused(&"the body is no JSON object"));
    }
    let objects = stix::bundle::envelope(text).map_err(|finding| refused(&finding))?;
    // An empty list asks for nothing; no list at all is another resource than an envelope (section 3.7).
    if objects.is_empty() && !names_objects(text) {
        return Err(no_envelope(&"the body has no `objects`"));
    }
    let read = |(at, raw): (usize, &RawValue)| {
        let raw = raw.get();
        match stix::read_head(raw) {
            Ok(head) => Either::Left((at, Submission { raw: raw.to_owned(), head })),
            Err(finding) => Either::Right((at, failure(at, raw, &finding, now))),
        }
    };
    // A few objects are read at once; to hand them to other threads takes longer.
    if objects.len() <= READ_TOGETHER {
        let (mut good, mut bad) = (Vec::with_capacity(objects.len()), Vec::new());
        for one in objects.into_iter().enumerate().map(read) {
            match one {
                Either::Left(found) => good.push(found),
                Either::Right(failed) => bad.push(failed),
            }
        }
        return Ok(Envelope { good, bad });
    }
    let all = objects.into_par_iter().with_min_len(READ_TOGETHER).enumerate().map(read);
    let (good, bad) = all.partition_map(|one| one);
    Ok(Envelope { good, bad })
}

/// Whether an object without objects has at least the list for them.
fn names_objects(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Shape {
        objects: Option<IgnoredAny>,
    }
    serde_json::from_str::<Shape>(text).is_ok_and(|shape| shape.objects.is_some())
}

/// A failure names the object and its version as it names them itself, or by its place in the envelope and the time.
fn failure(at: usize, raw: &str, finding: &Finding, now: Timestamp) -> Detail {
    let property = |name| stix::head::property(raw, name);
    let id = property("id").unwrap_or_else(|| format!("objects[{at}]"));
    let version = property("modified").or_else(|| property("created")).unwrap_or_else(|| now.to_string());
    let message = finding.clone().within(&format!("objects[{at}]")).to_string();
    Detail { id, version, message: Some(message) }
}

/// The failure of an object that the member may not add.
fn untaken(head: &Head, why: String, now: Timestamp) -> Detail {
    let version = head.modified.or(head.created).unwrap_or(now).to_string();
    Detail { id: head.id.to_string(), version, message: Some(why) }
}

/// What was sent: what goes to the circle by its place, id and version; and what failed already.
struct Sent {
    good: Vec<(usize, ObjectId, Option<Timestamp>)>,
    bad: Vec<(usize, Detail)>,
}

type Outcomes = Result<Vec<Submitted>, SubmitError>;

/// Reads an envelope and shares what is good in it; `told` gets the outcomes, in the order of what was sent.
fn submit(
    state: &Server,
    (By { member, person }, circle): (By, CircleId),
    body: &[u8],
    now: Timestamp,
    told: tokio::sync::oneshot::Sender<Outcomes>,
) -> Result<Sent, TaxiiError> {
    let Envelope { good, mut bad } = read(body, now)?;
    let book = state.taxii.gate.book();
    let level = book.member(member).map_or(Level::Read, |member| member.level);
    let mut taken = Vec::with_capacity(good.len());
    for (at, submission) in good {
        match seen::may_add(level, member, &submission.head) {
            Ok(()) => taken.push((at, submission)),
            Err(why) => bad.push((at, untaken(&submission.head, why, now))),
        }
    }
    let (good, submissions): (Vec<_>, Vec<_>) = taken
        .into_iter()
        .map(|(at, submission)| {
            let head = &submission.head;
            ((at, head.id.clone(), head.modified.or(head.created)), submission)
        })
        .unzip();
    let told = Box::new(move |outcomes| drop(told.send(outcomes)));
    let terms = seen::terms(&book, member, circle);
    let sharing = Sharing { member, person, circle, terms: &terms, intake: Intake::Accept };
    state.taxii.gate.share_then(&sharing, submissions, now, told);
    Ok(Sent { good, bad })
}

/// The answer, which is also kept.
fn answer(
    state: &Server,
    (member, circle): (MemberId, CircleId),
    sent: Sent,
    outcomes: Vec<Submitted>,
    now: Timestamp,
) -> Result<Response, TaxiiError> {
    let Sent { good, bad: mut failures } = sent;
    let total_count = good.len() + failures.len();
    let (mut successes, mut pendings) = (Vec::with_capacity(good.len()), Vec::new());
    let mut parcels = BTreeSet::new();
    for ((at, id, version), outcome) in good.into_iter().zip(outcomes) {
        // An object without times of its own has the time of its adding for a version, as in the manifest.
        let added = if let Submitted::Appended { added, .. } = outcome { added.timestamp() } else { now };
        let version = version.unwrap_or(added).to_string();
        let detail = |message| Detail { id: id.to_string(), version, message };
        if let Submitted::Waiting(parcel) = outcome {
            parcels.insert(parcel);
        }
        match (outcome.complaint(), &outcome) {
            (None, outcome) => successes.push(detail(remark(outcome))),
            (complaint, Submitted::Quarantined(_) | Submitted::Waiting(_)) => {
                pendings.push(detail(complaint))
            }
            (complaint, _) => failures.push((at, detail(complaint))),
        }
    }
    if !successes.is_empty() {
        let book = state.taxii.gate.book();
        let level = book.member(member).map_or(Level::Exchange, |member| member.level);
        let what = receipt_of(&book, super::PROTOCOL, circle);
        let receipt = Receipt::new(member, what, level, Deed::Shared, now);
        state.taxii.gate.note(receipt.upto(vec![Upto { circle, seq: 0 }]));
    }
    failures.sort_by_key(|(at, _)| *at);
    let failures: Vec<Detail> = failures.into_iter().map(|(_, detail)| detail).collect();
    let status = Status {
        id: Uuid::new_v4(),
        status: if pendings.is_empty() { "complete" } else { "pending" }.into(),
        request_timestamp: now.to_string(),
        total_count,
        success_count: successes.len(),
        successes,
        failure_count: failures.len(),
        failures,
        pending_count: pendings.len(),
        pendings,
    };
    let id = status.id;
    let (text, kept) =
        status.texts(state.statuses.bytes_max()).map_err(|error| TaxiiError::unavailable(&error))?;
    state.statuses.keep(id, Kept { member, circle, parcels: parcels.into_iter().collect(), json: kept });
    Ok((StatusCode::ACCEPTED, [(header::CONTENT_TYPE, TAXII)], text).into_response())
}

/// What is to be said of an object that was taken although it breaks a MUST.
fn remark(outcome: &Submitted) -> Option<String> {
    let Submitted::Appended { findings, .. } = outcome else { return None };
    let mut broken = findings.iter().filter(|finding| finding.severity == Severity::Error);
    let first = broken.next()?;
    let more = match broken.count() {
        0 => String::new(),
        count => format!("; and {count} more"),
    };
    Some(format!("taken, although it breaks STIX 2.1: {first}{more}"))
}

pub(super) async fn withdraw(
    State(state): Shared,
    (Extension(caller), Extension(channel)): (Extension<Caller>, Extension<Channel>),
    Names((name, object)): Names<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, TaxiiError> {
    let asked = params::read(query.as_deref())?;
    let work = move || {
        let place = {
            let book = state.taxii.gate.book();
            let (member, circle) = find_for(&book, &caller, &name, Access::Both)?;
            (member.id, circle.id)
        };
        let reader = reader(&state.taxii, &caller, channel, &name)?;
        let now = (state.taxii.now)();
        let id = ObjectId::parse(&object).map_err(|_| TaxiiError::not_found())?;
        // What only waits for a second person is the sender's to withdraw, and is not seen in the circle.
        if !channel.looked_at
            && present(&reader, &object).is_err()
            && state.taxii.gate.is_waiting(place.0, place.1, &id, now)
        {
            return match asked {
                Asked::For(query) if query.spec_versions.is_empty() => waiting(&state, place, &id, &query),
                Asked::For(_) | Asked::Nothing => Err(TaxiiError::not_found()),
            };
        }
        let id = present(&reader, &object)?;
        match asked {
            Asked::Nothing => Err(TaxiiError::not_found()),
            Asked::For(query) if query.versions.is_empty() && query.spec_versions.is_empty() => {
                withdrawn(state.taxii.gate.withdraw(place.0, place.1, &[id], REASON))
            }
            Asked::For(query) => {
                let versions = versions(&reader, &id, *query)?;
                withdrawn(state.taxii.gate.withdraw_versions(place.0, place.1, &id, &versions, REASON))
            }
        }
    };
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(TaxiiError::unavailable(&error)))
}

/// What members who had it are told of a withdrawal over TAXII.
const REASON: &str = "withdrawn over TAXII";

/// Withdraws what only waits: all of it, or the versions that are named by their times.
fn waiting(
    state: &Server,
    (member, circle): (MemberId, CircleId),
    id: &ObjectId,
    asked: &Query,
) -> Result<Response, TaxiiError> {
    let is_all = asked.versions.is_empty() || asked.versions.contains(&VersionMatch::All);
    let exact = asked.versions.iter().filter_map(|version| match version {
        VersionMatch::At(at) => Some(*at),
        _ => None,
    });
    let versions: Vec<Timestamp> = if is_all { Vec::new() } else { exact.collect() };
    if !is_all && versions.is_empty() {
        return Err(TaxiiError::not_found());
    }
    let ids = std::slice::from_ref(id);
    let told = state.taxii.gate.withdraw_waiting(member, circle, ids, &versions)?;
    match told.first() {
        Some(Some(_)) => Ok(json(&serde_json::json!({}))),
        _ => Err(TaxiiError::not_found()),
    }
}

/// The versions that a withdrawal selects (section 5.7: `match[version]` and `match[spec_version]`).
fn versions(reader: &gate::Reader, id: &ObjectId, asked: Query) -> Result<Vec<Timestamp>, TaxiiError> {
    let versions = if asked.versions.is_empty() { vec![VersionMatch::All] } else { asked.versions };
    let ids = vec![id.clone()];
    let query =
        Query { ids, versions, spec_versions: asked.spec_versions, limit: usize::MAX, ..Query::default() };
    let rows = reader.manifest(&query)?.items;
    match rows.is_empty() {
        true => Err(TaxiiError::not_found()),
        false => Ok(rows.iter().map(|row| row.get().version).collect()),
    }
}

fn withdrawn(told: Result<Vec<Submitted>, SubmitError>) -> Result<Response, TaxiiError> {
    let told = told.map_err(|error| match error {
        SubmitError::NotFound(_) => TaxiiError::not_found(),
        SubmitError::ReadOnly => TaxiiError::forbidden(error.to_string()),
        SubmitError::Storage(error) => error.into(),
        error => TaxiiError::unavailable(&error),
    })?;
    match told.first() {
        Some(told) if told.complaint().is_some() => {
            Err(TaxiiError::forbidden("Only the member that shared an object can withdraw it."))
        }
        _ => Ok(json(&serde_json::json!({}))),
    }
}
