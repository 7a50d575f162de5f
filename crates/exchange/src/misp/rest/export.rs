//! What a search finds, in forms other than MISP's own: CSV, values, hashes, STIX 2.1.

use std::collections::{BTreeSet, HashSet};

use axum::response::Response;
use gate::{Query, VersionMatch};
use md5::{Digest as _, Md5};
use stix::ObjectId;
use uuid::Uuid;

use super::error::MispError;
use super::filter::{Filter, Format, Subject};
use super::search::{Growing, Row, by_event};
use super::{Asked, State, bytes, dress, number, save};
use crate::misp::wire::{Attribute, Text};

/// Columns of CSV when none are named, and those that context adds.
const COLUMNS: &[&str] = &[
    "uuid",
    "event_id",
    "category",
    "type",
    "value",
    "comment",
    "to_ids",
    "date",
    "object_relation",
    "attribute_tag",
    "object_uuid",
    "object_name",
    "object_meta_category",
];
const CONTEXT: &[&str] = &[
    "event_info",
    "event_member_org",
    "event_source_org",
    "event_distribution",
    "event_threat_level_id",
    "event_analysis",
    "event_date",
    "event_tag",
];
/// Most objects whose text is asked for at a time.
const OBJECTS_TOGETHER: usize = 1_000;

/// MD5 of each value of an attribute, as it stands in a feed's `hashes.csv`: composite values have one of each part.
pub(crate) fn hashes(attribute: &Attribute) -> Vec<String> {
    let value = attribute.value.as_str();
    let parts: Vec<&str> = match super::filter::is_composite(attribute.kind.as_str()) {
        true => value.split('|').collect(),
        false => vec![value],
    };
    let hex = |part: &str| Md5::digest(part).iter().map(|byte| format!("{byte:02x}")).collect();
    parts.into_iter().map(hex).collect()
}

/// Rows in one of the forms that list them.
pub(super) fn rows(filter: &Filter, rows: &[Row<'_>]) -> Result<Response, MispError> {
    match filter.format {
        Format::Csv => csv(filter, rows),
        Format::Cache => {
            let mut text = Growing::default();
            for (subject, attribute, _) in rows {
                for hash in hashes(attribute) {
                    text.push(format!("{hash},{}\n", subject.facts.uuid).as_bytes())?;
                }
            }
            Ok(bytes(text.into_bytes(), "text/plain; charset=utf-8"))
        }
        Format::Hashes => lines(rows, |attribute| file_hash(attribute)),
        _ => lines(rows, |attribute| Some(attribute.value.as_str())),
    }
}

fn lines<'v>(
    rows: &[Row<'v>],
    one: impl Fn(&'v Attribute) -> Option<&'v str>,
) -> Result<Response, MispError> {
    let (mut text, mut seen) = (Growing::default(), HashSet::new());
    for value in rows.iter().filter_map(|(_, attribute, _)| one(attribute)) {
        if seen.insert(value) {
            text.push(value.as_bytes())?;
            text.push(b"\n")?;
        }
    }
    Ok(bytes(text.into_bytes(), "text/plain; charset=utf-8"))
}

/// The hash of a file that an attribute has.
fn file_hash(attribute: &Attribute) -> Option<&str> {
    let kind = attribute.kind.as_str();
    let is_hash = |kind: &str| {
        matches!(
            kind,
            "md5"
                | "sha1"
                | "sha224"
                | "sha256"
                | "sha384"
                | "sha512"
                | "sha512/224"
                | "sha512/256"
                | "sha3-224"
                | "sha3-256"
                | "sha3-384"
                | "sha3-512"
                | "malware-sample"
        )
    };
    let value = attribute.value.as_str();
    match kind.strip_prefix("filename|") {
        Some(hash) => value.split_once('|').map(|(_, hash)| hash).filter(|_| is_hash(hash)),
        None if kind == "malware-sample" => value.split_once('|').map(|(_, hash)| hash),
        None => is_hash(kind).then_some(value),
    }
}

fn csv(filter: &Filter, rows: &[Row<'_>]) -> Result<Response, MispError> {
    let columns: Vec<String> = match filter.columns.as_slice() {
        [] if filter.shape.context => COLUMNS.iter().chain(CONTEXT).map(|name| (*name).to_owned()).collect(),
        [] => COLUMNS.iter().map(|name| (*name).to_owned()).collect(),
        named => named.to_vec(),
    };
    let mut text = Growing::default();
    let line = |text: &mut Growing, cells: &[String]| {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let wrong = |error: &dyn std::fmt::Display| MispError::unavailable(error);
        writer.write_record(cells).map_err(|error| wrong(&error))?;
        text.push(&writer.into_inner().map_err(|error| wrong(&error))?)
    };
    if !filter.shape.headerless {
        line(&mut text, &columns)?;
    }
    for (subject, rows) in by_event(rows) {
        let of_event: Vec<Option<String>> =
            columns.iter().map(|column| cell_of_event(&subject, column)).collect();
        for row in rows {
            let cells = columns.iter().zip(&of_event);
            let cells: Vec<String> = cells
                .map(|(column, of_event)| of_event.clone().unwrap_or_else(|| cell_of_attribute(row, column)))
                .collect();
            line(&mut text, &cells)?;
        }
    }
    Ok(bytes(text.into_bytes(), "text/csv; charset=utf-8"))
}

/// What a column says of the event; `None` if it says something of the attribute.
fn cell_of_event(subject: &Subject<'_>, column: &str) -> Option<String> {
    let (event, facts) = (subject.event, subject.facts);
    Some(match column {
        "event_id" => number::of(facts.uuid).to_string(),
        "event_uuid" => facts.uuid.to_string(),
        "event_info" => event.info.as_str().to_owned(),
        "event_member_org" | "event_source_org" => dress::org(event.orgc.get()).name.as_str().to_owned(),
        "event_distribution" => dress::distribution(subject.view, event).to_owned(),
        "event_threat_level_id" => event.threat_level_id.text().unwrap_or("4").to_owned(),
        "event_analysis" => event.analysis.text().unwrap_or("2").to_owned(),
        "event_date" => event.date.as_str().to_owned(),
        "event_timestamp" => facts.changed.to_string(),
        "event_tag" => subject.tags().join(","),
        _ => return None,
    })
}

fn cell_of_attribute((subject, attribute, object): &Row<'_>, column: &str) -> String {
    let text = |text: &Text| text.as_str().to_owned();
    match column {
        "uuid" => text(&attribute.uuid),
        "id" => super::uuid_of(&attribute.uuid).map_or_else(String::new, |uuid| number::of(uuid).to_string()),
        "category" => text(&attribute.category),
        "type" => text(&attribute.kind),
        "value" => text(&attribute.value),
        "comment" => text(&attribute.comment),
        "to_ids" => u8::from(attribute.to_ids.is_true()).to_string(),
        "date" | "timestamp" => text(&attribute.timestamp),
        "first_seen" => text(&attribute.first_seen),
        "last_seen" => text(&attribute.last_seen),
        "object_relation" => text(&attribute.object_relation),
        "attribute_tag" => subject.tags_of(attribute).join(","),
        "object_uuid" => object.map_or_else(String::new, |object| text(&object.uuid)),
        "object_name" => object.map_or_else(String::new, |object| text(&object.name)),
        "object_meta_category" => object.map_or_else(String::new, |object| text(&object.meta_category)),
        _ => String::new(),
    }
}

/// The objects behind events, each named once, as the circle has them, in a bundle; `only` narrows them to some attributes.
pub(super) fn stix2(
    state: &State,
    asked: &Asked,
    subjects: &[Subject<'_>],
    only: Option<&BTreeSet<String>>,
) -> Result<Response, MispError> {
    let mut text = Growing::default();
    let events = subjects.iter().map(|subject| subject.facts.uuid.to_string());
    let seed: Vec<String> = events.chain(only.into_iter().flatten().cloned()).collect();
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, seed.join(",").as_bytes());
    text.push(format!("{{\"type\":\"bundle\",\"id\":\"bundle--{id}\"").as_bytes())?;
    let (mut seen, mut is_first) = (HashSet::new(), true);
    for subject in subjects {
        let converted = save::converted(subject.event, subject.view.circle, &asked.who);
        let mut ids: Vec<ObjectId> = converted.objects.into_iter().map(|object| object.head.id).collect();
        if let Some(only) = only {
            ids.retain(|id| only.contains(&id.uuid().to_string()));
        }
        ids.retain(|id| seen.insert(id.clone()));
        for ids in ids.chunks(OBJECTS_TOGETHER) {
            for raw in released(state, asked, subject, ids)? {
                // An empty list is none in STIX, so that a bundle of nothing has no list.
                text.push(if std::mem::take(&mut is_first) { b",\"objects\":[" } else { b"," })?;
                text.push(raw.as_bytes())?;
            }
        }
    }
    text.push(if is_first { b"}" } else { b"]}" })?;
    Ok(bytes(text.into_bytes(), "application/stix+json;version=2.1"))
}

/// The texts of these objects, as they are released to the caller.
fn released(
    state: &State,
    asked: &Asked,
    subject: &Subject<'_>,
    ids: &[ObjectId],
) -> Result<Vec<String>, MispError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query =
        Query { ids: ids.to_vec(), versions: vec![VersionMatch::Last], limit: ids.len(), ..Query::default() };
    let page = state.reader(&asked.who, subject.view.circle)?.page(&query)?;
    Ok(page.items.into_iter().map(|object| object.into_inner().raw).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: &str, value: &str) -> Attribute {
        Attribute { kind: kind.into(), value: value.into(), ..Attribute::default() }
    }

    /// RFC 1321, appendix A.5.
    #[test]
    fn values_are_hashed_as_feeds_have_them() {
        let (a, abc) = ("0cc175b9c0f1b6a831c399e269772661", "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(hashes(&attribute("text", "abc")), [abc]);
        assert_eq!(hashes(&attribute("filename|md5", "abc|a")), [abc, a]);
        assert_eq!(
            hashes(&attribute("url", "http://a.example/x|y")).len(),
            1,
            "a bar in a simple value is a bar"
        );
    }

    #[test]
    fn of_files_the_hash_is_given() {
        let check = |kind: &str, value: &str, expected: Option<&str>| {
            assert_eq!(file_hash(&attribute(kind, value)), expected, "{kind}");
        };
        check("sha256", "ab", Some("ab"));
        check("filename|sha1", "x.exe|cd", Some("cd"));
        check("malware-sample", "x.exe|ef", Some("ef"));
        check("filename|size-in-bytes", "x|7", None);
        check("domain", "a.example", None);
    }
}
