//! Statuses: what became of an envelope (section 4.3), kept for a while for the member that sent it.
//!
//! They live in memory; those in which something waits lie in files too. Each member has room of its own, so that what one
//! sends pushes no other's out; the status of a large envelope is kept without what went well, which the counts tell, so
//! that it does not push out its sender's others.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use gate::{Became, Gate, QuarantineState};
use http::header;
use parking_lot::Mutex;
use policy::{Caller, CircleId, MemberId};
use serde::{Deserialize, Serialize};
use stix::{ObjectId, Timestamp};
use uuid::Uuid;

use super::error::TaxiiError;
use super::lasting::{Kept, Lasting};
use super::media::TAXII;
use super::names::Names;
use super::{Shared, StatusesIn};

/// Where statuses are kept in the database: those that are complete, and those in which something waits.
pub const STATUSES: &str = "status";
/// See [`STATUSES`].
pub const STATUSES_WAITING: &str = "status-waiting";

/// Bytes of one status that is kept; beyond it, details are left out (section 4.3 has them optional).
const STATUS_BYTES_MAX: usize = 256 * 1024;
/// As that, of one that is kept in the database: there all of a day are kept.
const SHARED_BYTES_MAX: usize = 16 * 1024;
/// Most failures that are told one by one: three bytes can be a failure of a hundred and more.
const FAILURES_TOLD_MAX: usize = 10_000;
/// Bytes of a member's statuses; its oldest go first.
const MEMBER_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of all statuses; beyond it, the oldest go of whoever has most.
const KEPT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a sender is told of an object that waited and does not any more.
const GONE: &str =
    "it waited for a decision; it was refused, dropped or withdrawn, or nobody decided in time";

/// A status resource.
#[derive(Serialize, Deserialize)]
pub(super) struct Status {
    pub(super) id: Uuid,
    pub(super) status: Cow<'static, str>,
    pub(super) request_timestamp: String,
    pub(super) total_count: usize,
    pub(super) success_count: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) successes: Vec<Detail>,
    pub(super) failure_count: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) failures: Vec<Detail>,
    pub(super) pending_count: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) pendings: Vec<Detail>,
}

/// What became of one object.
#[derive(Serialize, Deserialize)]
pub(super) struct Detail {
    pub(super) id: String,
    pub(super) version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
}

impl Status {
    /// The status as text, and as it is to be kept in at most so many bytes: without successes if it is long, and then with as many pendings, without
    /// their messages, and failures as there is room for.
    pub(super) fn texts(mut self, bytes_max: usize) -> Result<(String, String), serde_json::Error> {
        self.shorten_failures();
        let whole = serde_json::to_string(&self)?;
        if whole.len() <= bytes_max {
            return Ok((whole.clone(), whole));
        }
        self.successes.clear();
        let (pendings, failures) = (std::mem::take(&mut self.pendings), std::mem::take(&mut self.failures));
        let mut bytes = serde_json::to_string(&self)?.len() + "\"failures\":[],\"pendings\":[],".len();
        for (detail, kept) in pendings
            .into_iter()
            .map(|detail| (Detail { message: None, ..detail }, true))
            .chain(failures.into_iter().map(|detail| (detail, false)))
        {
            bytes += serde_json::to_string(&detail)?.len() + 1;
            if bytes > bytes_max {
                break;
            }
            if kept { self.pendings.push(detail) } else { self.failures.push(detail) }
        }
        let kept = serde_json::to_string(&self)?;
        Ok((whole, kept))
    }

    /// Leaves failures out that are too many to tell; the last that is told says how many. The counts stay whole.
    fn shorten_failures(&mut self) {
        let untold = self.failures.len().saturating_sub(FAILURES_TOLD_MAX);
        self.failures.truncate(FAILURES_TOLD_MAX);
        if let Some(last) = self.failures.last_mut().filter(|_| untold > 0) {
            let said = last.message.take().unwrap_or_default();
            last.message =
                Some(format!("{said}; and {untold} more objects failed, which are not told one by one"));
        }
    }

    /// Takes in what was decided of what waited.
    fn decide<E>(&mut self, state: impl Fn(&Detail) -> Result<Stands, E>) -> Result<(), E> {
        for pending in std::mem::take(&mut self.pendings) {
            match state(&pending)? {
                Stands::Waits => self.pendings.push(pending),
                decided => self.end(pending, decided),
            }
        }
        if self.pending_count == 0 {
            self.status = Cow::Borrowed("complete");
        }
        Ok(())
    }

    /// Takes in what became of a pending.
    fn end(&mut self, mut pending: Detail, stands: Stands) {
        match stands {
            Stands::Waits => return,
            Stands::Shared => {
                pending.message = None;
                self.successes.push(pending);
                self.success_count += 1;
            }
            Stands::Gone(why) => {
                pending.message = Some(why);
                self.failures.push(pending);
                self.failure_count += 1;
            }
        }
        self.pending_count = self.pending_count.saturating_sub(1);
    }
}

/// How an object stands that waited.
enum Stands {
    Waits,
    Shared,
    Gone(String),
}

impl From<Became> for Stands {
    fn from(became: Became) -> Self {
        match became {
            Became::Waiting => Self::Waits,
            Became::Shared => Self::Shared,
            Became::Gone(why) => Self::Gone(why),
        }
    }
}

/// A status as it is kept.
#[derive(Clone)]
struct Text {
    id: Uuid,
    /// Where the objects went.
    circle: CircleId,
    /// The parcels in which something of it waits for a second person.
    parcels: Vec<Uuid>,
    json: String,
}

/// A member's statuses, the oldest first.
#[derive(Default)]
struct Own {
    texts: VecDeque<Text>,
    bytes: usize,
}

impl Own {
    /// Lets the oldest go; how many bytes that were.
    fn shorten(&mut self) -> usize {
        let gone = self.texts.pop_front().map_or(0, |text| text.json.len());
        self.bytes -= gone;
        gone
    }
}

#[derive(Default)]
struct Room {
    members: HashMap<MemberId, Own>,
    bytes: usize,
}

impl Room {
    fn keep(&mut self, member: MemberId, text: Text) {
        let own = self.members.entry(member).or_default();
        own.bytes += text.json.len();
        self.bytes += text.json.len();
        own.texts.push_back(text);
        while own.bytes > MEMBER_BYTES_MAX && own.texts.len() > 1 {
            self.bytes -= own.shorten();
        }
        while self.bytes > KEPT_BYTES_MAX {
            let Some(most) = self.members.values_mut().max_by_key(|own| own.bytes) else { return };
            self.bytes -= most.shorten();
        }
    }
}

/// The statuses that are kept.
pub(super) struct Statuses {
    room: Mutex<Room>,
    lasting: Lasting,
    /// Where several nodes serve: what is complete, and where something waits.
    shared: Option<[line::Room; 2]>,
}

impl Statuses {
    /// No statuses but those that lie there.
    pub(super) fn new(place: StatusesIn) -> Self {
        let (folder, shared) = match place {
            StatusesIn::Memory => (None, None),
            StatusesIn::Folder(folder) => (Some(folder), None),
            StatusesIn::Database(beside, folder) => {
                (Some(folder), Some([STATUSES, STATUSES_WAITING].map(|name| beside.room(name))))
            }
        };
        Self { room: Mutex::default(), lasting: Lasting::open(folder), shared }
    }

    /// Whether they are kept in the database.
    pub(super) const fn are_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// Bytes of a status that is kept.
    pub(super) const fn bytes_max(&self) -> usize {
        if self.shared.is_some() { SHARED_BYTES_MAX } else { STATUS_BYTES_MAX }
    }

    pub(super) fn keep(&self, id: Uuid, kept: Kept) {
        if let Some([complete, waiting]) = &self.shared {
            let room = if waits(&kept.json) { waiting } else { complete };
            let text = serde_json::to_vec(&kept).unwrap_or_default();
            // What can't be kept is still told in the answer: what was sent is there.
            return if let Err(error) = room.put(&id.to_string(), &text) {
                tracing::warn!(%error, "a status could not be kept");
            };
        }
        if waits(&kept.json) {
            self.lasting.keep(id, &kept);
        }
        let Kept { member, circle, parcels, json } = kept;
        self.room.lock().keep(member, Text { id, circle, parcels, json });
    }

    /// The status with this id, if it is the member's. A walk over a few thousand at most.
    fn of(&self, id: Uuid, member: MemberId) -> Option<Text> {
        if let Some(rooms) = &self.shared {
            let found = rooms.iter().find_map(|room| room.get(&id.to_string()).ok().flatten())?;
            let kept: Kept = serde_json::from_slice(&found.value).ok()?;
            let Kept { member: whose, circle, parcels, json } = kept;
            return (whose == member).then_some(Text { id, circle, parcels, json });
        }
        let room = self.room.lock();
        room.members.get(&member)?.texts.iter().rev().find(|text| text.id == id).cloned()
    }

    /// As [`Statuses::of`], of those that lie in files.
    fn lasting(&self, id: Uuid, member: MemberId) -> Option<Text> {
        let kept = self.lasting.of(id).filter(|kept| kept.member == member)?;
        Some(Text { id, circle: kept.circle, parcels: kept.parcels, json: kept.json })
    }
}

/// Whether the text of a status says that something waits.
fn waits(json: &str) -> bool {
    json.contains("\"status\":\"pending\"")
}

pub(super) async fn read(
    State(state): Shared,
    Extension(caller): Extension<Caller>,
    Names(id): Names<String>,
) -> Result<Response, TaxiiError> {
    let Caller::Member(member) = caller else { return Err(TaxiiError::not_found()) };
    let id: Uuid = id.parse().map_err(|_| TaxiiError::not_found())?;
    let in_memory = if state.statuses.are_shared() { None } else { state.statuses.of(id, member) };
    let json = match in_memory {
        Some(text) if !waits(&text.json) => text.json,
        text => {
            let shown = move || {
                let shared = || state.statuses.of(id, member).filter(|_| state.statuses.are_shared());
                let text = text.or_else(shared).or_else(|| state.statuses.lasting(id, member));
                let (text, now) = (text.ok_or_else(TaxiiError::not_found)?, (state.taxii.now)());
                match waits(&text.json) {
                    true => as_it_stands(&state.taxii.gate, member, &text, now),
                    false => Ok(text.json),
                }
            };
            let shown = tokio::task::spawn_blocking(shown).await;
            shown.unwrap_or_else(|error| Err(TaxiiError::unavailable(&error)))?
        }
    };
    Ok(([(header::CONTENT_TYPE, TAXII)], json).into_response())
}

/// A status with what operators, or second people of the member's, have decided since.
fn as_it_stands(gate: &Gate, member: MemberId, text: &Text, now: Timestamp) -> Result<String, TaxiiError> {
    let unavailable = |error: &dyn std::fmt::Display| TaxiiError::unavailable(error);
    let mut status: Status = serde_json::from_str(&text.json).map_err(|error| unavailable(&error))?;
    let mut parcelled: Vec<(String, Option<String>, Became)> = Vec::new();
    for parcel in &text.parcels {
        let became = gate.became(member, *parcel, now).map_err(|error| unavailable(&error))?;
        let told = became.into_iter().flatten();
        parcelled.extend(told.map(|(id, version, became)| {
            (id.to_string(), version.map(|version| version.to_string()), became)
        }));
    }
    let mut of_id: HashMap<&str, Vec<(Option<&str>, &Became)>> = HashMap::new();
    for (id, version, became) in &parcelled {
        of_id.entry(id).or_default().push((version.as_deref(), became));
    }
    let in_a_parcel = |pending: &Detail| {
        let told = of_id.get(pending.id.as_str())?;
        let is_it = |version: &Option<&str>| version.is_none_or(|version| version == pending.version);
        told.iter().find(|(version, _)| is_it(version)).map(|(_, became)| Stands::from(Became::clone(became)))
    };
    let state = |pending: &Detail| {
        if let Some(stands) = in_a_parcel(pending) {
            return Ok(stands);
        }
        let (Ok(id), Ok(version)) = (ObjectId::parse(&pending.id), Timestamp::parse(&pending.version)) else {
            return Ok(Stands::Gone(GONE.to_owned()));
        };
        // A status from before it was kept in which parcels its objects are.
        if text.parcels.is_empty() && gate.waits_for_release(member, text.circle, &id, version, now) {
            return Ok(Stands::Waits);
        }
        gate.quarantine_state(member, text.circle, &id, version).map(|state| match state {
            QuarantineState::Waiting => Stands::Waits,
            QuarantineState::Shared => Stands::Shared,
            QuarantineState::Gone => Stands::Gone(GONE.to_owned()),
        })
    };
    let untold = status.pending_count.saturating_sub(status.pendings.len());
    let listed: HashSet<(String, Option<String>)> = status
        .pendings
        .iter()
        .flat_map(|pending| [(pending.id.clone(), Some(pending.version.clone())), (pending.id.clone(), None)])
        .collect();
    status.decide(state).map_err(|error| unavailable(&error))?;
    // Pendings that there was no room for stand in the parcels.
    let is_untold = |(id, version, _): &&(String, Option<String>, Became)| {
        !listed.contains(&(id.clone(), version.clone()))
    };
    for (id, version, became) in parcelled.iter().filter(is_untold).take(untold) {
        let version = version.clone().unwrap_or_else(|| status.request_timestamp.clone());
        status.end(Detail { id: id.clone(), version, message: None }, became.clone().into());
    }
    status.decide(|_| Ok::<_, TaxiiError>(Stands::Waits))?;
    status.shorten_failures();
    serde_json::to_string(&status).map_err(|error| unavailable(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: MemberId = MemberId::new(Uuid::from_u128(1));
    const B: MemberId = MemberId::new(Uuid::from_u128(2));
    const C: CircleId = CircleId::new(Uuid::from_u128(3));

    fn status(successes: usize, failures: usize, message_bytes: usize) -> Status {
        let detail = |message: Option<String>| Detail {
            id: format!("indicator--{}", Uuid::from_u128(7)),
            version: "2026-09-01T00:00:00.000Z".to_owned(),
            message,
        };
        Status {
            id: Uuid::from_u128(9),
            status: Cow::Borrowed("complete"),
            request_timestamp: "2026-09-01T00:00:00.000Z".to_owned(),
            total_count: successes + failures,
            success_count: successes,
            successes: (0..successes).map(|_| detail(None)).collect(),
            failure_count: failures,
            failures: (0..failures).map(|_| detail(Some("x".repeat(message_bytes)))).collect(),
            pending_count: 0,
            pendings: Vec::new(),
        }
    }

    fn kept(status: Status) -> serde_json::Value {
        let (whole, kept) = status.texts(STATUS_BYTES_MAX).unwrap();
        assert!(kept.len() <= STATUS_BYTES_MAX && kept.len() <= whole.len());
        serde_json::from_str(&kept).unwrap()
    }

    #[test]
    fn so_many_failures_are_told_one_by_one() {
        let told = |failures: usize| -> serde_json::Value {
            serde_json::from_str(&status(2, failures, 10).texts(STATUS_BYTES_MAX).unwrap().0).unwrap()
        };
        let whole = told(FAILURES_TOLD_MAX);
        assert_eq!(whole["failures"].as_array().unwrap().len(), FAILURES_TOLD_MAX);
        assert_eq!(whole["failures"][FAILURES_TOLD_MAX - 1]["message"], "xxxxxxxxxx");
        let cut = told(FAILURES_TOLD_MAX + 7);
        assert_eq!(
            (cut["failure_count"].as_u64(), cut["total_count"].as_u64()),
            (Some(10_007), Some(10_009))
        );
        let failures = cut["failures"].as_array().unwrap();
        assert_eq!(failures.len(), FAILURES_TOLD_MAX);
        let last = failures.last().unwrap()["message"].as_str().unwrap();
        assert_eq!(last, "xxxxxxxxxx; and 7 more objects failed, which are not told one by one");
    }

    #[test]
    fn a_long_status_is_kept_with_its_counts_and_failures() {
        let (whole, short) = status(2, 1, 10).texts(STATUS_BYTES_MAX).unwrap();
        assert_eq!(whole, short, "a short one is kept as it is");
        let long = kept(status(100_000, 3, 10));
        assert_eq!(long["success_count"], 100_000);
        assert!(long.get("successes").is_none());
        assert_eq!(long["failures"].as_array().unwrap().len(), 3);
        let failing = kept(status(1, 20_000, 100));
        let shown = failing["failures"].as_array().unwrap().len();
        assert!(failing["failure_count"] == 20_000 && (500..20_000).contains(&shown), "{shown}");
        let enormous = kept(status(0, 1, 2 * STATUS_BYTES_MAX));
        assert!(enormous["failure_count"] == 1 && enormous.get("failures").is_none());
    }

    #[test]
    fn what_waits_of_a_long_status_is_counted_as_it_is_decided() {
        let mut long = status(0, 5_000, 1_000);
        (long.pendings, long.pending_count) = (std::mem::take(&mut long.failures), long.failure_count);
        (long.failure_count, long.status) = (0, Cow::Borrowed("pending"));
        let mut kept: Status = serde_json::from_value(kept(long)).unwrap();
        let named = kept.pendings.len();
        assert!(named > 1_000 && kept.pendings.iter().all(|pending| pending.message.is_none()), "{named}");
        let first = std::cell::Cell::new(true);
        let state = |_: &Detail| {
            let dropped = first.replace(false);
            Ok::<_, ()>(if dropped { Stands::Gone(GONE.to_owned()) } else { Stands::Shared })
        };
        kept.decide(state).unwrap();
        let counts = (kept.success_count, kept.failure_count, kept.pending_count);
        assert_eq!(counts, (named - 1, 1, 5_000 - named));
        assert_eq!(kept.status, "pending", "what there was no room for may wait still");
        let mut short = status(0, 0, 0);
        short.pendings = status(0, 1, 1).failures;
        (short.pending_count, short.status) = (1, Cow::Borrowed("pending"));
        short.decide(|_| Ok::<_, ()>(Stands::Waits)).unwrap();
        assert_eq!((short.pending_count, &*short.status), (1, "pending"));
        short.decide(|_| Ok::<_, ()>(Stands::Shared)).unwrap();
        assert_eq!((short.pending_count, &*short.status), (0, "complete"));
    }

    #[test]
    fn what_one_member_sends_pushes_out_no_other_members() {
        let statuses = Statuses::new(StatusesIn::Memory);
        let id = Uuid::from_u128;
        let keep = |id, member, json: String| {
            statuses.keep(id, Kept { member, circle: C, parcels: Vec::new(), json })
        };
        keep(id(1), A, "mine".to_owned());
        for number in 0..100 {
            keep(id(100 + number), B, "x".repeat(STATUS_BYTES_MAX));
        }
        assert_eq!(statuses.of(id(1), A).unwrap().json, "mine");
        assert!(statuses.of(id(1), B).is_none(), "by its owner alone");
        assert!(statuses.of(id(199), B).is_some() && statuses.of(id(100), B).is_none());
        assert!(statuses.room.lock().members[&B].bytes <= MEMBER_BYTES_MAX);
    }

    #[test]
    fn beyond_all_room_those_with_most_lose_their_oldest() {
        let statuses = Statuses::new(StatusesIn::Memory);
        let member = |number| MemberId::new(Uuid::from_u128(number));
        let keep = |id, member, json: String| {
            statuses.keep(id, Kept { member, circle: C, parcels: Vec::new(), json })
        };
        keep(Uuid::from_u128(1), member(0), "mine".to_owned());
        for number in 1..100 {
            for at in 0..4 {
                let id = Uuid::from_u128(number * 10 + at);
                keep(id, member(number), "x".repeat(STATUS_BYTES_MAX));
            }
        }
        let held: usize = statuses.room.lock().members.values().map(|own| own.bytes).sum();
        assert!(held <= KEPT_BYTES_MAX && held == statuses.room.lock().bytes);
        assert!(statuses.of(Uuid::from_u128(1), member(0)).is_some());
        assert!(statuses.of(Uuid::from_u128(993), member(99)).is_some(), "the newest is there");
    }
}
