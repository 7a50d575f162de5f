//! What a source names: its events, with the times of their last changes where it says so.
//!
//! A MISP has an index with both, and so has a feed with `manifest.json`. Without one, `hashes.csv` names the events, or a
//! page or folder that lists files. Names that are no UUID are findings; they never become part of a path.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use stix::Finding;
use uuid::Uuid;

use super::source::{Got, Source};
use super::walk::{EVENTS_MAX, WalkError};
use crate::misp::wire::Text;
use crate::read::limit;

/// Events, with the times of their last changes where the source says so.
pub(super) type List = BTreeMap<Uuid, Option<i64>>;

/// An event's line in a manifest. Only the time counts here.
#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    timestamp: Text,
}

/// An event's row in a MISP's index. A sighting changes the event's other time alone.
#[derive(Deserialize)]
struct Indexed {
    uuid: Text,
    #[serde(default)]
    timestamp: Text,
    #[serde(default)]
    sighting_timestamp: Text,
}

/// What the source names, and the tag of that; `None` if it is what it was under `tag`.
pub(super) async fn list(
    source: &Source,
    tag: Option<&str>,
    findings: &mut Vec<Finding>,
) -> Result<Option<(List, Option<String>)>, WalkError> {
    if let Some(text) = source.index().await {
        return index(&source.place("events/index"), &text?, findings).map(|list| Some((list, None)));
    }
    let place = source.place("manifest.json");
    match source.file("manifest.json", tag).await? {
        Got::Unchanged => return Ok(None),
        Got::Here { text, tag } => return manifest(&place, &text, findings).map(|list| Some((list, tag))),
        Got::Absent => {}
    }
    if let Got::Here { text, .. } = source.file("hashes.csv", None).await? {
        return hashes(&text, findings).map(|list| Some((list, None)));
    }
    let listing = source.listing().await?;
    let list = file_names(&listing)?;
    if list.is_empty() {
        return Err(WalkError::NoFeed { place: source.place("") });
    }
    Ok(Some((list, None)))
}

/// Whether a list has few enough values to be read at once.
fn few(place: &str, text: &str) -> Result<(), WalkError> {
    limit::json(text.as_bytes())
        .map_err(|error| WalkError::List { place: place.to_owned(), why: error.to_string() })
}

/// The index of a MISP: rows of its minimal form, bare.
fn index(place: &str, text: &str, findings: &mut Vec<Finding>) -> Result<List, WalkError> {
    let wrong =
        |error: serde_json::Error| WalkError::List { place: place.to_owned(), why: error.to_string() };
    few(place, text)?;
    let rows: Vec<&RawValue> = serde_json::from_str(text).map_err(wrong)?;
    if rows.len() > EVENTS_MAX {
        return Err(WalkError::TooMany);
    }
    let (mut list, mut unread) = (List::new(), 0_usize);
    for row in rows {
        let row = serde_json::from_str::<Indexed>(row.get()).ok();
        let uuid = row.as_ref().and_then(|row| Uuid::try_parse(row.uuid.text()?).ok());
        match row.zip(uuid) {
            Some((row, uuid)) => {
                list.insert(uuid, seconds(&row.timestamp).max(seconds(&row.sighting_timestamp)));
            }
            None => unread += 1,
        }
    }
    if unread > 0 {
        let message = format!("{unread} rows name no event; they were left out");
        findings.push(Finding::warning("misp-event-name", place, message));
    }
    Ok(list)
}

fn manifest(place: &str, text: &str, findings: &mut Vec<Finding>) -> Result<List, WalkError> {
    let wrong =
        |error: serde_json::Error| WalkError::List { place: place.to_owned(), why: error.to_string() };
    few(place, text)?;
    // PHP writes a map of nothing as a list.
    if text.trim_start().starts_with('[') {
        let none: Vec<&RawValue> = serde_json::from_str(text).map_err(wrong)?;
        let why = "it is a list and not a map of events".to_owned();
        let is_empty = none.is_empty();
        return if is_empty {
            Ok(List::new())
        } else {
            Err(WalkError::List { place: place.to_owned(), why })
        };
    }
    let rows: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(wrong)?;
    if rows.len() > EVENTS_MAX {
        return Err(WalkError::TooMany);
    }
    let mut list = List::new();
    for (name, row) in rows {
        let time = serde_json::from_str::<Row>(row.get()).ok().and_then(|row| seconds(&row.timestamp));
        match Uuid::try_parse(&name) {
            Ok(uuid) => drop(list.insert(uuid, time)),
            Err(_) => {
                let name: String = name.chars().take(60).collect();
                let message = "no event has this name, which is no UUID; it was left out";
                findings.push(Finding::warning("misp-event-name", format!("manifest.json: {name}"), message));
            }
        }
    }
    Ok(list)
}

/// Seconds since 1970, as MISP writes them.
pub(super) fn seconds(text: &Text) -> Option<i64> {
    text.text().and_then(|text| text.parse().ok())
}

/// The events that `hashes.csv` names: a hash and a UUID in each line.
fn hashes(text: &str, findings: &mut Vec<Finding>) -> Result<List, WalkError> {
    let (mut list, mut unread) = (List::new(), 0_usize);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let uuid =
            line.rsplit(',').next().and_then(|uuid| Uuid::try_parse(uuid.trim().trim_matches('"')).ok());
        match uuid {
            Some(uuid) => drop(list.insert(uuid, None)),
            None => unread += 1,
        }
        if list.len() > EVENTS_MAX {
            return Err(WalkError::TooMany);
        }
    }
    if unread > 0 {
        let message = format!("{unread} lines name no event; they were left out");
        findings.push(Finding::warning("misp-event-name", "hashes.csv", message));
    }
    Ok(list)
}

/// The events among the file names in a listing, whatever stands around them.
fn file_names(text: &str) -> Result<List, WalkError> {
    let mut list = List::new();
    for (at, _) in text.match_indices(".json") {
        let uuid = text.get(at.saturating_sub(36)..at).and_then(|name| Uuid::try_parse(name).ok());
        list.extend(uuid.map(|uuid| (uuid, None)));
        if list.len() > EVENTS_MAX {
            return Err(WalkError::TooMany);
        }
    }
    Ok(list)
}
