//! Feeds of others, read incrementally: only what is new since the last time is fetched.
//!
//! A feed says in `manifest.json` when each event was last changed; what is not newer than what was taken before is left
//! where it is. Where there is no manifest, `hashes.csv` names the events, or a page or folder that lists files: these have no
//! times, so each event is asked for with the tag under which it came last, and its own time decides. What is wrong with one
//! event is a finding and leaves the others alone; it is asked for again the next time.
//!
//! What was taken stands in a [`Cursor`], which the caller keeps. It is brought up to date event by event, so that a pull that
//! was cut off goes on where it was.
//!
//! Source: MISP's feed format, as `feed-generator` writes and `Feed::getNewEventUuids` reads it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use stix::Finding;
use uuid::Uuid;

use super::source::{Got, Source};
use crate::misp::wire::Text;

/// Longest manifest, `hashes.csv` or listing, in bytes.
pub const LIST_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Longest event, in bytes.
pub const EVENT_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Most events in a feed.
pub const EVENTS_MAX: usize = 1_000_000;
/// Events that are fetched at a time.
const TOGETHER: usize = 8;
/// So many events in a row that can't be fetched, and the source is taken to be out of order.
const FAILURES_MAX: usize = 20;

/// What was taken of a feed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The list's tag. An unchanged list is not read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Each event that was taken.
    #[serde(default)]
    pub events: BTreeMap<Uuid, Taken>,
}

/// One event, as it was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// When it was last changed, in seconds since 1970.
    pub timestamp: i64,
    /// The tag under which it came, where the feed gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

/// An event of a feed, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// Its UUID.
    pub uuid: Uuid,
    /// When it was last changed, in seconds since 1970, as it says itself or, if it does not, its feed.
    pub timestamp: i64,
    /// Its text, `{"Event": …}` or bare.
    pub text: String,
}

/// What a pull came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Events handed on.
    pub events: usize,
    /// Events that the feed names and that were taken before.
    pub unchanged: usize,
    /// Whether the list was as it was the last time, so that nothing was looked at.
    pub is_unchanged: bool,
    /// What is wrong, event by event.
    pub findings: Vec<Finding>,
}

/// Why a pull can't go on. What was handed on before stands in the cursor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PullError {
    /// The feed has neither a manifest nor anything else that names events.
    #[error(
        "{place} has no manifest.json, no hashes.csv and no list of event files; is this the address of a feed?"
    )]
    NoFeed {
        /// Where.
        place: String,
    },
    /// The list can't be read.
    #[error("{place} can't be read: {why}; the feed's owner must mend it")]
    List {
        /// Where.
        place: String,
        /// Why.
        why: String,
    },
    /// More events than are read.
    #[error("the feed names more than {EVENTS_MAX} events")]
    TooMany,
    /// The source can't be reached or refuses. Safe to repeat.
    #[error("{place}: {why}; safe to repeat")]
    Source {
        /// Where.
        place: String,
        /// Why.
        why: String,
        /// The status of the answer, if there was one.
        status: Option<u16>,
        /// When to come back, in seconds, if the source said.
        retry_after_s: Option<u64>,
    },
}

/// An event's line in a manifest. Only the time counts here.
#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    timestamp: Text,
}

/// What a feed names: events, with the times of their last changes where it says so.
type List = BTreeMap<Uuid, Option<i64>>;

/// Reads what is new in a feed. `on_event` gets each event and can stop the reading; what it got stands in `cursor`.
///
/// Events come in no particular order. Memory is bounded by eight events at a time.
///
/// # Errors
/// [`PullError`]; what was handed on before stands in the cursor, and repeating goes on from there.
pub async fn pull(
    source: &Source,
    cursor: &mut Cursor,
    on_event: &mut (dyn FnMut(Raw) -> ControlFlow<()> + Send),
) -> Result<Pulled, PullError> {
    let mut pulled = Pulled::default();
    let Some((list, tag)) = list(source, cursor.tag.as_deref(), &mut pulled).await? else {
        pulled.is_unchanged = true;
        pulled.unchanged = cursor.events.len();
        return Ok(pulled);
    };
    let wanted: Vec<(Uuid, Option<i64>)> = list
        .into_iter()
        .filter(|(uuid, listed)| {
            let taken = cursor.events.get(uuid);
            let is_new = taken.is_none_or(|taken| listed.is_none_or(|listed| listed > taken.timestamp));
            pulled.unchanged += usize::from(!is_new);
            is_new
        })
        .collect();
    let (mut failures, mut all, mut stopped) = (0, true, false);
    for together in wanted.chunks(TOGETHER) {
        for (uuid, listed, got) in fetched(source, cursor, together).await {
            let told = match got {
                Ok(Got::Unchanged) => {
                    pulled.unchanged += 1;
                    Ok(None)
                }
                Ok(Got::Here { text, tag }) => read(uuid, listed, text).map(|raw| Some((raw, tag))),
                Ok(Got::Absent) => Err(missing(uuid)),
                Err(error) => {
                    failures += 1;
                    if failures >= FAILURES_MAX || is_final(&error) {
                        return Err(error);
                    }
                    Err(Finding::error("misp-feed-event", format!("{uuid}.json"), error.to_string()))
                }
            };
            match told {
                Err(finding) => {
                    all = false;
                    pulled.findings.push(finding);
                }
                Ok(None) => {}
                Ok(Some((raw, tag))) => {
                    failures = 0;
                    hand_on(raw, tag, cursor, &mut pulled, &mut stopped, on_event);
                }
            }
            if stopped {
                return Ok(pulled);
            }
        }
    }
    // As long as something is missing, the list is looked at again.
    cursor.tag = tag.filter(|_| all);
    Ok(pulled)
}

fn hand_on(
    raw: Raw,
    tag: Option<String>,
    cursor: &mut Cursor,
    pulled: &mut Pulled,
    stopped: &mut bool,
    on_event: &mut (dyn FnMut(Raw) -> ControlFlow<()> + Send),
) {
    let taken = Taken { timestamp: raw.timestamp, tag };
    let is_new = cursor.events.get(&raw.uuid).is_none_or(|known| raw.timestamp > known.timestamp);
    let uuid = raw.uuid;
    if !is_new {
        // A list without times named it; its own time says that it is known.
        pulled.unchanged += 1;
    } else {
        *stopped = on_event(raw).is_break();
        pulled.events += 1;
    }
    cursor.events.insert(uuid, taken);
}

/// Fetches a few events at once.
async fn fetched(
    source: &Source,
    cursor: &Cursor,
    wanted: &[(Uuid, Option<i64>)],
) -> Vec<(Uuid, Option<i64>, Result<Got, PullError>)> {
    let mut fetching = tokio::task::JoinSet::new();
    for (uuid, listed) in wanted.iter().copied() {
        let source = source.clone();
        let tag = cursor.events.get(&uuid).and_then(|taken| taken.tag.clone());
        fetching.spawn(async move {
            let name = format!("{uuid}.json");
            (uuid, listed, source.get(&name, tag.as_deref(), EVENT_BYTES_MAX).await)
        });
    }
    fetching.join_all().await
}

/// Whether there is no use in asking for other events.
fn is_final(error: &PullError) -> bool {
    matches!(error, PullError::Source { status: Some(401 | 403 | 429), .. })
        || matches!(error, PullError::Source { retry_after_s: Some(_), .. })
}

fn missing(uuid: Uuid) -> Finding {
    let message = "the feed names this event and has it not; it is asked for again the next time";
    Finding::warning("misp-feed-missing", format!("{uuid}.json"), message)
}

/// What the feed names; `None` if that is what it was.
async fn list(
    source: &Source,
    tag: Option<&str>,
    pulled: &mut Pulled,
) -> Result<Option<(List, Option<String>)>, PullError> {
    let place = source.place("manifest.json");
    match source.get("manifest.json", tag, LIST_BYTES_MAX).await? {
        Got::Unchanged => return Ok(None),
        Got::Here { text, tag } => return manifest(&place, &text, pulled).map(|list| Some((list, tag))),
        Got::Absent => {}
    }
    if let Got::Here { text, .. } = source.get("hashes.csv", None, LIST_BYTES_MAX).await? {
        return hashes(&text, pulled).map(|list| Some((list, None)));
    }
    let listing = source.listing().await?;
    let list = file_names(&listing)?;
    if list.is_empty() {
        return Err(PullError::NoFeed { place: source.place("") });
    }
    Ok(Some((list, None)))
}

fn manifest(place: &str, text: &str, pulled: &mut Pulled) -> Result<List, PullError> {
    let wrong =
        |error: serde_json::Error| PullError::List { place: place.to_owned(), why: error.to_string() };
    // PHP writes a map of nothing as a list.
    if text.trim_start().starts_with('[') {
        let none: Vec<&RawValue> = serde_json::from_str(text).map_err(wrong)?;
        let why = "it is a list and not a map of events".to_owned();
        let is_empty = none.is_empty();
        return if is_empty {
            Ok(List::new())
        } else {
            Err(PullError::List { place: place.to_owned(), why })
        };
    }
    let rows: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(wrong)?;
    if rows.len() > EVENTS_MAX {
        return Err(PullError::TooMany);
    }
    let mut list = List::new();
    for (name, row) in rows {
        let time = serde_json::from_str::<Row>(row.get()).ok().and_then(|row| seconds(&row.timestamp));
        match Uuid::try_parse(&name) {
            Ok(uuid) => drop(list.insert(uuid, time)),
            Err(_) => {
                let name: String = name.chars().take(60).collect();
                let message = "no event has this name, which is no UUID; it was left out";
                pulled.findings.push(Finding::warning(
                    "misp-feed-name",
                    format!("manifest.json: {name}"),
                    message,
                ));
            }
        }
    }
    Ok(list)
}

fn seconds(text: &Text) -> Option<i64> {
    text.text().and_then(|text| text.parse().ok())
}

/// The events that `hashes.csv` names: a hash and a UUID in each line.
fn hashes(text: &str, pulled: &mut Pulled) -> Result<List, PullError> {
    let (mut list, mut unread) = (List::new(), 0_usize);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let uuid =
            line.rsplit(',').next().and_then(|uuid| Uuid::try_parse(uuid.trim().trim_matches('"')).ok());
        match uuid {
            Some(uuid) => drop(list.insert(uuid, None)),
            None => unread += 1,
        }
        if list.len() > EVENTS_MAX {
            return Err(PullError::TooMany);
        }
    }
    if unread > 0 {
        let message = format!("{unread} lines name no event; they were left out");
        pulled.findings.push(Finding::warning("misp-feed-hashes", "hashes.csv", message));
    }
    Ok(list)
}

/// The events among the file names in a listing, whatever stands around them.
fn file_names(text: &str) -> Result<List, PullError> {
    let mut list = List::new();
    for (at, _) in text.match_indices(".json") {
        let uuid = text.get(at.saturating_sub(36)..at).and_then(|name| Uuid::try_parse(name).ok());
        list.extend(uuid.map(|uuid| (uuid, None)));
        if list.len() > EVENTS_MAX {
            return Err(PullError::TooMany);
        }
    }
    Ok(list)
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
    let place = || format!("{named}.json");
    let broken = |error: serde_json::Error| {
        let message = format!("not a MISP event: {error}; it is asked for again the next time");
        Finding::error("misp-feed-event", place(), message)
    };
    let envelope: Envelope<'_> = serde_json::from_str(&text).map_err(broken)?;
    let inner = envelope.event.map_or(text.as_str(), RawValue::get);
    let told: Told = serde_json::from_str(inner).map_err(broken)?;
    let uuid = told.uuid.text().and_then(|uuid| Uuid::try_parse(uuid).ok());
    if uuid.is_some_and(|uuid| uuid != named) {
        let message = format!("the file holds the event {}; it was left out", told.uuid.as_str());
        return Err(Finding::error("misp-feed-event", place(), message));
    }
    // The manifest's time is what the next pull compares with.
    let timestamp = listed.or_else(|| seconds(&told.timestamp)).unwrap_or(0);
    Ok(Raw { uuid: named, timestamp, text })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn uuid(number: u128) -> Uuid {
        Uuid::from_u128(0x5f3e_7f7c_1c5c_4d8b_9a53_0000_0000_0000 + number)
    }

    fn event(number: u128, timestamp: i64) -> String {
        let uuid = uuid(number);
        format!(
            r#"{{"Event":{{"uuid":"{uuid}","timestamp":"{timestamp}","info":"event {number}","Attribute":[]}}}}"#
        )
    }

    fn put(folder: &Path, name: &str, text: &str) {
        std::fs::write(folder.join(name), text).unwrap();
    }

    fn manifest_of(folder: &Path, rows: &[(u128, i64)]) {
        let rows: Vec<String> = rows
            .iter()
            .map(|(number, at)| format!(r#""{}":{{"info":"x","timestamp":{at}}}"#, uuid(*number)))
            .collect();
        put(folder, "manifest.json", &format!("{{{}}}", rows.join(",")));
    }

    /// The numbers of the events that were handed on, and what the pull came to.
    fn pulled(folder: &Path, cursor: &mut Cursor) -> Result<(Vec<u128>, Pulled), PullError> {
        let mut numbers = Vec::new();
        let mut take = |raw: Raw| {
            numbers.push(raw.uuid.as_u128() - uuid(0).as_u128());
            ControlFlow::Continue(())
        };
        let source = Source::Folder(folder.to_owned());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let told = runtime.block_on(pull(&source, cursor, &mut take))?;
        numbers.sort_unstable();
        Ok((numbers, told))
    }

    #[test]
    fn only_what_is_newer_is_fetched() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        (1..=30).for_each(|number| put(folder, &format!("{}.json", uuid(number)), &event(number, 100)));
        manifest_of(folder, &(1..=30).map(|number| (number, 100)).collect::<Vec<_>>());
        let mut cursor = Cursor::default();
        let (numbers, told) = pulled(folder, &mut cursor).unwrap();
        assert_eq!((numbers.len(), told.events, told.findings.len()), (30, 30, 0));
        let kept: Cursor = serde_json::from_str(&serde_json::to_string(&cursor).unwrap()).unwrap();
        assert_eq!(kept, cursor, "a cursor is kept as text");
        assert_eq!(pulled(folder, &mut cursor).unwrap().1.unchanged, 30);
        put(folder, &format!("{}.json", uuid(7)), &event(7, 200));
        let rows: Vec<(u128, i64)> =
            (1..=30).map(|number| (number, if number == 7 { 200 } else { 100 })).collect();
        manifest_of(folder, &rows);
        assert_eq!(pulled(folder, &mut cursor).unwrap().0, [7]);
        assert!(pulled(folder, &mut cursor).unwrap().0.is_empty());
    }

    #[test]
    fn what_is_wrong_with_one_event_leaves_the_others_and_is_asked_for_again() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        put(folder, &format!("{}.json", uuid(1)), &event(1, 100));
        put(folder, &format!("{}.json", uuid(2)), "{\"Event\": {\"uuid\": ");
        put(folder, &format!("{}.json", uuid(3)), &event(4, 100));
        let mut rows = vec![(1, 100), (2, 100), (3, 100), (5, 100)];
        manifest_of(folder, &rows);
        let text = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
        put(folder, "manifest.json", &text.replacen('{', "{\"../../etc/passwd\":{\"timestamp\":1},", 1));
        let mut cursor = Cursor::default();
        let (numbers, told) = pulled(folder, &mut cursor).unwrap();
        assert_eq!(numbers, [1]);
        let mut codes: Vec<&str> = told.findings.iter().map(|finding| finding.code).collect();
        codes.sort_unstable();
        assert_eq!(codes, ["misp-feed-event", "misp-feed-event", "misp-feed-missing", "misp-feed-name"]);
        (2..=5).filter(|number| *number != 4).for_each(|number| {
            put(folder, &format!("{}.json", uuid(number)), &event(number, 100));
        });
        rows.retain(|(number, _)| *number != 4);
        manifest_of(folder, &rows);
        assert_eq!(pulled(folder, &mut cursor).unwrap().0, [2, 3, 5]);
    }

    #[test]
    fn without_a_manifest_hashes_or_file_names_name_the_events() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        (1..=3).for_each(|number| put(folder, &format!("{}.json", uuid(number)), &event(number, 100)));
        let mut cursor = Cursor::default();
        assert_eq!(pulled(folder, &mut cursor).unwrap().0, [1, 2, 3], "by their names");
        assert!(pulled(folder, &mut cursor).unwrap().0.is_empty(), "their own times say that they are known");
        put(folder, &format!("{}.json", uuid(2)), &event(2, 150));
        assert_eq!(pulled(folder, &mut cursor).unwrap().0, [2]);
        put(folder, "hashes.csv", &format!("aa,{}\nbb,{}\nnonsense\n", uuid(1), uuid(3)));
        let (numbers, told) = pulled(folder, &mut Cursor::default()).unwrap();
        assert_eq!((numbers, told.findings.len()), (vec![1, 3], 1));
    }

    #[test]
    fn what_is_no_feed_is_an_error_that_says_so() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(pulled(folder.path(), &mut Cursor::default()), Err(PullError::NoFeed { .. })));
        put(folder.path(), "manifest.json", "<html>log in</html>");
        assert!(matches!(pulled(folder.path(), &mut Cursor::default()), Err(PullError::List { .. })));
        put(folder.path(), "manifest.json", "[]");
        assert_eq!(pulled(folder.path(), &mut Cursor::default()).unwrap().1, Pulled::default());
    }

    #[test]
    fn a_reader_that_stops_goes_on_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        (1..=40).for_each(|number| put(folder, &format!("{}.json", uuid(number)), &event(number, 100)));
        manifest_of(folder, &(1..=40).map(|number| (number, 100)).collect::<Vec<_>>());
        let (mut cursor, mut seen) = (Cursor::default(), std::collections::BTreeSet::new());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let source = Source::Folder(folder.to_owned());
        for _ in 0..100 {
            let mut left = 3;
            let mut take = |raw: Raw| {
                assert!(seen.insert(raw.uuid), "{} came twice", raw.uuid);
                left -= 1;
                if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            runtime.block_on(pull(&source, &mut cursor, &mut take)).unwrap();
        }
        assert_eq!(seen.len(), 40);
    }
}
