//! `bongsu privacy find` and `export`: what the node holds of a person.
//!
//! All that is kept is read: every version in every circle and beside it, people and contacts, the record of screenings, and the
//! node's own line. Text is found in any case of letters; the names of identities, personas' accounts and the like also across
//! scripts and spellings ([`watch::names`]). Nothing is kept of the question but that it was asked.

use crate::answer::{Answer, table};
use crate::exit::Failure;
use crate::node::Node;
use gate::Query;
use line::{LineId, RecordKind, Seq, StorageError};
use policy::release::Reach;
use policy::{Circle, Deed, Level, Request};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use stix::ObjectId;

/// Letters of a question.
const TEXT_CHARS: std::ops::RangeInclusive<usize> = 3..=200;
/// Things that are told; of more, the rest is counted.
const FOUND_MAX: usize = 10_000;
/// Names of one object that are compared.
const NAMES_MAX: usize = 50;
/// Bytes of a line of the record of screenings.
const LINE_BYTES_MAX: usize = 1 << 20;

/// Something that is held.
#[derive(Debug, Serialize)]
struct Found {
    /// Where: a circle's handle, `people`, `contacts`, `screenings` or the kind of a record of the node's line.
    place: String,
    /// What it is called there.
    id: String,
    /// By what it was found.
    by: String,
    /// Its number, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    /// When it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    arrived: Option<String>,
    /// From whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// Whether it is in force, and not withdrawn or replaced.
    in_force: bool,
    /// What it says.
    #[serde(skip)]
    content: Value,
}

/// What is looked for.
struct Asked {
    text: String,
    low: String,
}

impl Asked {
    fn of(text: &str) -> Result<Self, Failure> {
        let text = text.trim();
        match TEXT_CHARS.contains(&text.chars().count()) {
            true => Ok(Self { text: text.to_owned(), low: text.to_lowercase() }),
            false => Err(Failure::usage(format!(
                "`{text}`: name somebody with {} to {} letters",
                TEXT_CHARS.start(),
                TEXT_CHARS.end()
            ))),
        }
    }

    /// By what a text of JSON is about the one who is meant.
    fn finds(&self, raw: &str) -> Option<(String, Value)> {
        let has_text = raw.to_lowercase().contains(&self.low);
        // Texts may be escaped, and names written otherwise: then what it says counts.
        if !has_text && !raw.contains("\"name\"") && !raw.contains("\\u") && !raw.contains("\"aliases\"") {
            return None;
        }
        let content: Value = serde_json::from_str(raw).ok()?;
        if has_text || self.says(&content) {
            return Some(("its text".to_owned(), content));
        }
        let mut names = Vec::new();
        if matches!(content["type"].as_str(), Some("identity" | "threat-actor" | "user-account")) {
            names_of(&content, &mut names);
        }
        let best =
            names.iter().take(NAMES_MAX).map(|name| (watch::names::compare(name, &self.text).score, name));
        let best =
            best.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(score, _)| *score >= watch::names::MATCH)?;
        let by = format!("the name {} ({:.2})", best.1, best.0);
        Some((by, content))
    }

    /// Whether a text of it, with escapes resolved, holds what is looked for.
    fn says(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => text.to_lowercase().contains(&self.low),
            Value::Array(values) => values.iter().any(|value| self.says(value)),
            Value::Object(properties) => properties.values().any(|value| self.says(value)),
            _ => false,
        }
    }
}

/// The names that an object gives.
fn names_of<'v>(value: &'v Value, names: &mut Vec<&'v str>) {
    for name in ["name", "display_name", "account_login"] {
        names.extend(value[name].as_str());
    }
    names.extend(value["aliases"].as_array().into_iter().flatten().filter_map(Value::as_str));
    let parties = value["extensions"].as_object().into_iter().flat_map(|all| all.values());
    let listed = parties.filter_map(|party| party["aliases"].as_array()).flatten();
    names.extend(listed.filter_map(|alias| alias.as_str().or(alias["text"].as_str())));
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("what is held can't be read: {error}"))
}

/// All that is held of somebody.
fn held(node: &Node, asked: &Asked) -> Result<Vec<Found>, Failure> {
    let (book, mut found) = (node.gate.book(), Vec::new());
    for circle in book.circles() {
        let line = LineId::new(circle.id.uuid());
        for (line, place) in
            [(line, circle.handle.clone()), (line.quarantine(), format!("{} (quarantine)", circle.handle))]
        {
            of_line(node, asked, (line, &place), &mut found)?;
        }
        in_parcels(node, asked, circle, &mut found)?;
    }
    for person in book.people() {
        let text = json!({"user": person.user, "name": person.name});
        if asked.says(&text) || watch::names::compare(&person.name, &asked.text).score >= watch::names::MATCH
        {
            let member =
                person.member.and_then(|member| book.member(member)).map(|member| member.handle.clone());
            found.push(Found {
                place: "people".to_owned(),
                id: person.user.clone(),
                by: "the name or user name".to_owned(),
                number: None,
                arrived: None,
                source: member,
                in_force: !person.ended,
                content: text,
            });
        }
    }
    for listed in node.region.register()?.contacts() {
        let content = serde_json::to_value(&listed.contact).map_err(failed)?;
        if asked.says(&content)
            || watch::names::compare(&listed.contact.name, &asked.text).score >= watch::names::MATCH
        {
            found.push(Found {
                place: "contacts".to_owned(),
                id: listed.handle.clone(),
                by: "its particulars".to_owned(),
                number: None,
                arrived: Some(listed.added.to_string()),
                source: book.member(listed.contact.member).map(|member| member.handle.clone()),
                in_force: true,
                content,
            });
        }
    }
    // What the node wrote down: also of people and contacts that are gone, of cases, calls and requests.
    node.own(&mut |record, text| {
        let is_content = !matches!(record.kind, RecordKind::Receipt | RecordKind::Erasure);
        if let Some((by, content)) = is_content.then(|| asked.finds(text)).flatten() {
            found.push(Found {
                place: format!("the node's line ({:?})", record.kind),
                id: format!("record {}", record.seq.0),
                by,
                number: Some(record.seq.0),
                arrived: Some(record.added.timestamp().to_string()),
                source: None,
                in_force: false,
                content,
            });
        }
    })?;
    screenings(node, asked, &mut found)?;
    Ok(found)
}

/// What a circle's line, or what waits beside it, holds of somebody.
fn of_line(
    node: &Node,
    asked: &Asked,
    (line, place): (LineId, &str),
    found: &mut Vec<Found>,
) -> Result<(), Failure> {
    let book = node.gate.book();
    let mut after = Seq(0);
    loop {
        let records = match node.gate.store().records(line, after, line::store::RECORDS_MAX) {
            Err(StorageError::NoSuchLine { .. }) => return Ok(()),
            records => records.map_err(failed)?,
        };
        let Some(last) = records.last() else { return Ok(()) };
        after = last.seq;
        for record in
            records.iter().filter(|record| record.kind == RecordKind::Object && record.erased.is_none())
        {
            let Some((by, content)) = asked.finds(&String::from_utf8_lossy(&record.body)) else { continue };
            let in_force = node
                .gate
                .store()
                .look(line, |catalogue| {
                    let entry = catalogue.entry(record.seq)?;
                    let same = |other: &line::Entry<'_>| other.counts() && other.says_the_same(&entry);
                    Some(entry.counts() || catalogue.all_versions(entry.object()?).filter(same).count() > 0)
                })
                .map_err(failed)?;
            found.push(Found {
                place: place.to_owned(),
                id: content["id"].as_str().unwrap_or_default().to_owned(),
                by,
                number: Some(record.seq.0),
                arrived: Some(record.added.timestamp().to_string()),
                source: book.member(policy::MemberId::new(record.sender)).map(|member| member.handle.clone()),
                in_force: in_force.unwrap_or_default(),
                content,
            });
        }
    }
}

/// What waits beside a circle for a second person, or has waited.
fn in_parcels(node: &Node, asked: &Asked, circle: &Circle, found: &mut Vec<Found>) -> Result<(), Failure> {
    let book = node.gate.book();
    let on = &mut |lies: gate::Lies| {
        let told = match &lies.id {
            Some(_) => asked.finds(&lies.text),
            None => {
                let content = json!({"said": lies.text});
                asked.says(&content).then(|| ("its text".to_owned(), content))
            }
        };
        let Some((by, content)) = told else { return };
        found.push(Found {
            place: format!("{} (four eyes)", circle.handle),
            id: lies.id.map_or_else(|| format!("release {}", lies.parcel), |id| id.to_string()),
            by,
            number: Some(lies.seq.0),
            arrived: Some(lies.at.to_string()),
            source: book.member(lies.member).map(|member| member.handle.clone()),
            in_force: false,
            content,
        });
    };
    node.gate.lying_in_parcels(circle.id, on).map_err(failed)
}

/// What was asked about somebody: values that were screened, and applicants that were checked.
fn screenings(node: &Node, asked: &Asked, found: &mut Vec<Found>) -> Result<(), Failure> {
    let file = match std::fs::File::open(&node.places.record) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        file => file.map_err(failed)?,
    };
    let (mut reader, mut text, mut number) = (BufReader::new(file), Vec::new(), 0_u64);
    while reader.read_until(b'\n', &mut text).map_err(failed)? > 0 {
        number += 1;
        let line = String::from_utf8_lossy(text.get(..text.len().min(LINE_BYTES_MAX)).unwrap_or_default())
            .into_owned();
        if let Some((by, content)) = asked.finds(line.trim_end()) {
            found.push(Found {
                place: "screenings".to_owned(),
                id: format!("record {number}"),
                by,
                number: Some(number),
                arrived: None,
                source: None,
                in_force: false,
                content,
            });
        }
        text.clear();
    }
    Ok(())
}

/// Lists what is held of somebody.
///
/// # Errors
/// When the question is too short or too long, or something can't be read.
pub(super) fn find(node: &Node, text: &str) -> Result<Answer, Failure> {
    let asked = Asked::of(text)?;
    let mut found = held(node, &asked)?;
    let count = found.len();
    found.truncate(FOUND_MAX);
    let row = |found: &Found| {
        let number = found.number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let source = found.source.clone().unwrap_or_else(|| "-".to_owned());
        let in_force = if found.in_force { "yes" } else { "no" };
        let cells =
            [found.place.clone(), found.id.clone(), number, source, in_force.to_owned(), found.by.clone()];
        cells.map(|cell| cell.chars().filter(|char| !char.is_control()).collect()).to_vec()
    };
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    let mut text = table(&["WHERE", "ID", "NUMBER", "FROM", "IN FORCE", "FOUND BY"], &rows);
    let _ = writeln!(
        text,
        "{count} found. A name that is alike may be another person's: look before you answer or erase."
    );
    Ok(Answer::done(json!({"found": found, "count": count}), text))
}

/// Who gets an object of a circle, and how far each one's receipts go.
fn recipients(node: &Node, circle: &Circle, id: &ObjectId, number: u64) -> Vec<Value> {
    let (book, now) = (node.gate.book(), node.now());
    let one = |member: &policy::MemberId| {
        let request = Request {
            member: *member,
            circle: circle.id,
            wanted: Level::Exchange,
            encrypted: true,
            now,
            reach: Reach::Member,
        };
        let query = Query { ids: vec![id.clone()], limit: 1, ..Query::default() };
        let sees = node.gate.reader(request).ok()?.manifest(&query).is_ok_and(|page| !page.items.is_empty());
        let mut got = BTreeMap::new();
        for receipt in node.gate.receipts(*member) {
            let reaches = receipt.upto.iter().any(|upto| upto.circle == circle.id && upto.seq >= number);
            if reaches && matches!(receipt.deed, Deed::Fetched | Deed::Delivered) {
                got.insert(receipt.what, receipt.at.to_string());
            }
        }
        let handle = book.member(*member).map(|member| member.handle.clone())?;
        (sees || !got.is_empty()).then(|| json!({"member": handle, "gets_it_now": sees, "fetched_by": got}))
    };
    circle.members.iter().filter_map(one).collect()
}

/// All that is held of somebody, as one document.
///
/// # Errors
/// As [`find`].
pub(super) fn export(node: &Node, text: &str) -> Result<Answer, Failure> {
    let asked = Asked::of(text)?;
    let (book, mut found) = (node.gate.book(), held(node, &asked)?);
    let count = found.len();
    found.truncate(FOUND_MAX);
    let mut held = Vec::with_capacity(found.len());
    let mut told = format!("What {} holds of {}, as of {}\n", node.gate.key().name(), asked.text, node.now());
    for found in found {
        let circle = book.circles().find(|circle| circle.handle == found.place);
        let mut one = serde_json::to_value(&found).map_err(failed)?;
        let _ = write!(told, "\n{}: {}\n  found by {}\n", found.place, found.id, found.by);
        if let Some(source) = &found.source {
            let _ = writeln!(told, "  source: {source}");
        }
        if let Some(arrived) = &found.arrived {
            let _ = writeln!(told, "  since: {arrived}");
        }
        if let Some(circle) = circle {
            one["purpose"] = circle.purpose.clone().into();
            one["privacy"] = serde_json::to_value(&circle.privacy).map_err(failed)?;
            let _ = writeln!(told, "  purpose: {}\n  {}", circle.purpose, circle.privacy.sentences());
            if let (Ok(id), Some(number)) = (ObjectId::parse(&found.id), found.number) {
                let recipients = recipients(node, circle, &id, number);
                let names: Vec<&str> = recipients.iter().filter_map(|one| one["member"].as_str()).collect();
                let _ = writeln!(
                    told,
                    "  recipients: {}",
                    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
                );
                one["recipients"] = recipients.into();
            }
        }
        let _ = writeln!(told, "  content: {}", found.content);
        one["content"] = found.content;
        held.push(one);
    }
    Ok(Answer::done(
        json!({"asked": asked.text, "made": node.now().to_string(), "count": count, "held": held}),
        told,
    ))
}
