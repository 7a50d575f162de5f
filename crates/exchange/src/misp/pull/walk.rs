//! A walk through the events that a source has: only what is new since the last time is fetched.
//!
//! Where the source says when each event was last changed, what is not newer than what was taken before is left where it is.
//! Where it does not, each event is asked for with the tag under which it came last, and its own time decides. What is wrong
//! with one event is a finding and leaves the others alone; it is asked for again the next time.
//!
//! Source: MISP's feed format, as `feed-generator` writes and `Feed::getNewEventUuids` reads it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use stix::Finding;
use uuid::Uuid;

use super::list::{List, list, seconds};
use super::source::{Got, Source};
use crate::misp::wire::Text;
use crate::pull::PullError;

/// Most events of a source.
pub const EVENTS_MAX: usize = 1_000_000;
/// Events that are fetched at a time.
const TOGETHER: usize = 8;
/// So many events in a row that can't be fetched, and the source is taken to be out of order.
const FAILURES_MAX: usize = 20;

/// What was taken of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The list's tag. An unchanged list is not read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Each event that was taken, but for those of which the caller knows it by itself.
    #[serde(default)]
    pub events: BTreeMap<Uuid, Taken>,
}

/// One event, as it was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// When it was last changed, in seconds since 1970.
    pub timestamp: i64,
    /// The tag under which it came, where the source's list has no times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

/// An event, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// Its UUID.
    pub uuid: Uuid,
    /// When it was last changed, in seconds since 1970, as the source's list says or, if it does not, the event itself.
    pub timestamp: i64,
    /// Its text, `{"Event": …}` or bare.
    pub text: String,
}

/// Some events that are new, and what is wrong with others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The events, eight at most.
    pub events: Vec<Raw>,
    /// What is wrong, event by event.
    pub findings: Vec<Finding>,
}

/// Why a walk can't go on. What it gave before stands in the cursor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WalkError {
    /// The feed has neither a manifest nor anything else that names events.
    #[error(
        "{place} has no manifest.json, no hashes.csv and no list of event files; is this the address of a feed?"
    )]
    NoFeed {
        /// Where.
        place: String,
    },
    /// The list can't be read.
    #[error("{place} can't be read: {why}; the source's owner must mend it")]
    List {
        /// Where.
        place: String,
        /// Why.
        why: String,
    },
    /// More events than are read.
    #[error("the source names more than {EVENTS_MAX} events")]
    TooMany,
    /// The folder can't be read. Safe to repeat.
    #[error("{place}: {why}")]
    Folder {
        /// Where.
        place: String,
        /// Why.
        why: String,
    },
    /// The server gives nothing.
    #[error(transparent)]
    Server(#[from] PullError),
}

/// When the caller knows by itself that it took an event: the time of its last change, in seconds since 1970.
pub type Held<'h> = dyn Fn(Uuid) -> Option<i64> + Sync + 'h;

/// A walk through what is new at a source.
///
/// Events come in no particular order. Memory is bounded by the list and eight events.
pub struct Walk<'h> {
    source: Source,
    cursor: Cursor,
    held: &'h Held<'h>,
    /// Whether what the caller holds is asked for all the same.
    all: bool,
    wanted: std::vec::IntoIter<(Uuid, Option<i64>)>,
    /// The list's tag, for the cursor once nothing is missing.
    tag: Option<String>,
    /// What is wrong with the list.
    findings: Vec<Finding>,
    unchanged: usize,
    missing: bool,
    failures: usize,
    /// What was given since the cursor was asked for last.
    given: Vec<Uuid>,
}

impl<'h> Walk<'h> {
    /// Asks what the source has. Without a cursor everything is wanted, also what the caller holds.
    ///
    /// # Errors
    /// [`WalkError`].
    pub async fn begin(
        source: Source,
        cursor: Option<Cursor>,
        held: &'h Held<'h>,
    ) -> Result<Self, WalkError> {
        let all = cursor.is_none();
        let mut cursor = cursor.unwrap_or_default();
        let mut findings = Vec::new();
        let (listed, tag) = match list(&source, cursor.tag.as_deref(), &mut findings).await? {
            Some(told) => told,
            None => (List::new(), cursor.tag.take()),
        };
        cursor.tag = None;
        let mut walk = Self {
            source,
            cursor,
            held,
            all,
            wanted: Vec::new().into_iter(),
            tag,
            findings,
            unchanged: 0,
            missing: false,
            failures: 0,
            given: Vec::new(),
        };
        let count = listed.len();
        let wanted: Vec<(Uuid, Option<i64>)> = listed
            .into_iter()
            .filter(|(uuid, listed)| listed.is_none_or(|listed| walk.is_new(*uuid, listed)))
            .collect();
        walk.unchanged = count - wanted.len();
        walk.wanted = wanted.into_iter();
        Ok(walk)
    }

    fn is_new(&self, uuid: Uuid, timestamp: i64) -> bool {
        let taken = self.cursor.events.get(&uuid).map(|taken| taken.timestamp);
        let held = if self.all { None } else { (self.held)(uuid) };
        taken.max(held).is_none_or(|known| timestamp > known)
    }

    /// The next events that are new; `None` when there are no more.
    ///
    /// # Errors
    /// [`WalkError`]. What was given before stands in the cursor; a walk that begins there goes on.
    pub async fn page(&mut self) -> Result<Option<Page>, WalkError> {
        let together: Vec<(Uuid, Option<i64>)> = self.wanted.by_ref().take(TOGETHER).collect();
        let mut page = Page { events: Vec::new(), findings: std::mem::take(&mut self.findings) };
        if together.is_empty() {
            // As long as something is missing, the list is looked at again.
            self.cursor.tag = self.tag.take().filter(|_| !self.missing);
            return Ok((!page.findings.is_empty()).then_some(page));
        }
        for (uuid, listed, got) in self.fetched(together).await {
            let told = match got {
                Ok(Got::Unchanged) => {
                    self.unchanged += 1;
                    continue;
                }
                Ok(Got::Here { text, tag }) => read(uuid, listed, text).map(|raw| (raw, tag)),
                Ok(Got::Absent) => Err(absent(uuid)),
                Err(error) => {
                    self.failures += 1;
                    if self.failures >= FAILURES_MAX || is_final(&error) {
                        return Err(error);
                    }
                    Err(Finding::error("misp-event", uuid.to_string(), error.to_string()))
                }
            };
            match told {
                Err(finding) => {
                    self.missing = true;
                    page.findings.push(finding);
                }
                Ok((raw, tag)) => {
                    self.failures = 0;
                    self.give(raw, tag.filter(|_| listed.is_none()), &mut page);
                }
            }
        }
        Ok(Some(page))
    }

    fn give(&mut self, raw: Raw, tag: Option<String>, page: &mut Page) {
        let (uuid, taken) = (raw.uuid, Taken { timestamp: raw.timestamp, tag });
        if self.is_new(uuid, raw.timestamp) {
            self.given.push(uuid);
            page.events.push(raw);
        } else {
            // A list without times named it; its own time says that it is known.
            self.unchanged += 1;
        }
        self.cursor.events.insert(uuid, taken);
    }

    /// Fetches a few events at once.
    async fn fetched(
        &self,
        wanted: Vec<(Uuid, Option<i64>)>,
    ) -> Vec<(Uuid, Option<i64>, Result<Got, WalkError>)> {
        let mut fetching = tokio::task::JoinSet::new();
        for (uuid, listed) in wanted {
            let source = self.source.clone();
            let tag = self.cursor.events.get(&uuid).and_then(|taken| taken.tag.clone());
            fetching.spawn(async move { (uuid, listed, source.event(uuid, tag.as_deref()).await) });
        }
        fetching.join_all().await
    }

    /// What was taken, with all that the pages gave. To be kept once that is durable; events that the caller knows of by
    /// itself by now are left out of it.
    pub fn cursor(&mut self) -> &Cursor {
        for uuid in self.given.drain(..) {
            let held = (self.held)(uuid);
            let known = self.cursor.events.get(&uuid);
            if known.is_some_and(|taken| taken.tag.is_none() && held.is_some_and(|at| at >= taken.timestamp))
            {
                self.cursor.events.remove(&uuid);
            }
        }
        &self.cursor
    }

    /// How many events the source has that were taken before.
    #[must_use]
    pub const fn unchanged(&self) -> usize {
        self.unchanged
    }

    /// How many events are still to be fetched.
    #[must_use]
    pub fn left(&self) -> usize {
        self.wanted.len()
    }
}

/// Whether there is no use in asking for other events.
fn is_final(error: &WalkError) -> bool {
    match error {
        WalkError::Server(error) => {
            matches!(error.status(), Some(401 | 403 | 429 | 503))
                || matches!(error, PullError::Unusable { .. } | PullError::Redirected { .. })
        }
        _ => false,
    }
}

fn absent(uuid: Uuid) -> Finding {
    let message = "the source names this event and has it not; it is asked for again the next time";
    Finding::warning("misp-event-missing", uuid.to_string(), message)
}

/// What an event says of itself.
#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    uuid: Text,
    #[serde(default)]
    timestamp: Text,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "Event", borrow)]
    event: Option<&'a RawValue>,
}

/// Looks at an event before it is handed on: it must be JSON, and the event that its name says.
fn read(named: Uuid, listed: Option<i64>, text: String) -> Result<Raw, Finding> {
    let place = || named.to_string();
    let broken = |error: serde_json::Error| {
        let message = format!("not a MISP event: {error}; it is asked for again the next time");
        Finding::error("misp-event", place(), message)
    };
    let envelope: Envelope<'_> = serde_json::from_str(&text).map_err(broken)?;
    let inner = envelope.event.map_or(text.as_str(), RawValue::get);
    let told: Told = serde_json::from_str(inner).map_err(broken)?;
    let uuid = told.uuid.text().and_then(|uuid| Uuid::try_parse(uuid).ok());
    if uuid.is_some_and(|uuid| uuid != named) {
        let message = format!("it holds the event {}; it was left out", told.uuid.as_str());
        return Err(Finding::error("misp-event", place(), message));
    }
    // The list's time is what the next pull compares with.
    let timestamp = listed.or_else(|| seconds(&told.timestamp)).unwrap_or(0);
    Ok(Raw { uuid: named, timestamp, text })
}
