//! `bongsu privacy erase`, `erasures` and `replay`.

use crate::answer::Answer;
use crate::cli::EraseArgs;
use crate::erasing::{Done, told};
use crate::exit::{Exit, Failure};
use crate::node::Node;
use gate::ErasePlan;
use line::erasing::{from_hex, hex};
use line::{Erasure, LineId, RecordKind, Seq};
use policy::CircleId;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use stix::ObjectId;
use uuid::Uuid;

/// Bytes of a list of erasures.
const LIST_BYTES_MAX: u64 = 256 << 20;

/// Erases what is named, or says what would be.
///
/// # Errors
/// When something is unknown or still in force, or can't be erased.
pub(super) fn run(node: &Node, args: &EraseArgs) -> Result<Answer, Failure> {
    if let Some(user) = &args.person {
        return match args.dry_run {
            true => node.erasable_person(user).map(|(_, seqs)| dry_own(&seqs)),
            false => node.erase_person(user).map(|done| answer(&done, &[])),
        };
    }
    if let Some(handle) = &args.contact {
        return match args.dry_run {
            true => node.erasable_contact(handle).map(|seqs| dry_own(&seqs)),
            false => node.erase_contact(handle).map(|done| answer(&done, &[])),
        };
    }
    if args.due && !args.dry_run {
        return node.erase_due().map(|done| answer(&done, &[]));
    }
    let (plans, absent) = if args.due { (node.due()?, Vec::new()) } else { plans(node, args)? };
    match args.dry_run {
        true => Ok(dry(node, &plans, &absent)),
        false if plans.is_empty() => Ok(answer(&Done::default(), &absent)),
        false => node.erase(&plans, "asked", &args.reason).map(|done| answer(&done, &absent)),
    }
}

/// What erasing the named objects comes to, and what is not there.
fn plans(node: &Node, args: &EraseArgs) -> Result<(Vec<ErasePlan>, Vec<String>), Failure> {
    let book = node.gate.book();
    let circles: Vec<CircleId> = match &args.circle {
        Some(handle) => vec![node.circle(&book, handle)?.id],
        None => book.circles().map(|circle| circle.id).collect(),
    };
    let ids = args
        .ids
        .iter()
        .map(|text| ObjectId::parse(text).map_err(|error| Failure::usage(format!("`{text}`: {error}"))));
    let ids = ids.collect::<Result<Vec<ObjectId>, Failure>>()?;
    let mut plans = Vec::new();
    for circle in &circles {
        let of_circle = node.gate.all_erasable(*circle, &ids);
        plans.extend(of_circle.map_err(|error| Failure::new(format!("they can't be looked for: {error}")))?);
    }
    let has_plan: HashSet<&ObjectId> = plans.iter().map(|plan| &plan.id).collect();
    let absent = ids.iter().filter(|id| !has_plan.contains(id));
    let absent =
        absent.map(|id| format!("{id}: nothing of it is there, or it is a marking definition")).collect();
    Ok((plans, absent))
}

fn dry(node: &Node, plans: &[ErasePlan], absent: &[String]) -> Answer {
    let book = node.gate.book();
    let one = |plan: &ErasePlan| {
        let circle = book.circle(plan.circle).map(|circle| circle.handle.clone()).unwrap_or_default();
        json!({"id": plan.id.to_string(), "circle": circle, "records": plan.records.len(), "in_force": plan.is_live,
               "in_releases": plan.in_parcels.len(), "waits": plan.waits, "arrived": plan.arrived.to_string()})
    };
    let would: Vec<Value> = plans.iter().map(one).collect();
    let mut text = format!("{} would be erased:\n", would.len());
    for plan in &would {
        let is_withdrawn = plan["in_force"] == true || plan["waits"] == true;
        let first = if is_withdrawn { ", withdrawn first" } else { "" };
        text.push_str(&format!(
            "  {} in {}: {} records, {} releases{first}\n",
            plan["id"].as_str().unwrap_or_default(),
            plan["circle"].as_str().unwrap_or_default(),
            plan["records"],
            plan["in_releases"]
        ));
    }
    absent.iter().for_each(|finding| text.push_str(&format!("  {finding}\n")));
    let exit = if absent.is_empty() { Exit::Done } else { Exit::Findings };
    Answer::done(json!({"would_erase": would, "findings": absent}), text).ending(exit)
}

fn dry_own(seqs: &[Seq]) -> Answer {
    let numbers: Vec<u64> = seqs.iter().map(|seq| seq.0).collect();
    let text = format!("{} records of the node's line would be erased.\n", numbers.len());
    Answer::done(json!({"would_erase": numbers}), text)
}

fn answer(done: &Done, findings: &[String]) -> Answer {
    let erased: Vec<Value> = done.erased.iter().map(told).collect();
    let paths = |paths: &[std::path::PathBuf]| {
        paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>()
    };
    let (removed, left) = (paths(&done.removed), paths(&done.left));
    let mut text = format!("{} records erased; backups made before still have them.\n", erased.len());
    removed.iter().for_each(|path| text.push_str(&format!("  removed, and made anew without it: {path}\n")));
    left.iter().for_each(|path| text.push_str(&format!("  STILL HOLDS SOMETHING OF IT: {path}\n")));
    findings.iter().for_each(|finding| text.push_str(&format!("  {finding}\n")));
    let exit = if left.is_empty() && findings.is_empty() { Exit::Done } else { Exit::Findings };
    Answer::done(json!({"erased": erased, "removed": removed, "left": left, "findings": findings}), text)
        .ending(exit)
}

/// All that was erased, by ids and hashes.
///
/// # Errors
/// When the line can't be read.
pub(super) fn list(node: &Node) -> Result<Answer, Failure> {
    let mut erased = Vec::new();
    node.own(&mut |record, text| {
        let said = Some(text).filter(|_| record.kind == RecordKind::Erasure).and_then(Erasure::from_json);
        if let Some(said) = said {
            let in_parcels = &said.note["in_parcels"];
            erased.extend(said.erased.iter().map(|one| {
                let mut one = told(one);
                // A release has many objects: which of them were meant is said beside its place and hash.
                if one["id"].is_null() && in_parcels.is_array() {
                    one["in_parcels"] = in_parcels.clone();
                }
                one
            }));
        }
    })?;
    let document = json!({"node": node.gate.key().name(), "made": node.now().to_string(), "erased": erased});
    let bytes = serde_json::to_vec(&document).map_err(|error| Failure::new(error.to_string()))?;
    Ok(Answer::document(document, bytes))
}

/// Erases again what a list names: records that are there under the number and with the bytes that it says.
///
/// # Errors
/// When the list can't be read, or something can't be erased.
pub(super) fn replay(node: &Node, file: &Path) -> Result<Answer, Failure> {
    let unread = |why: String| Failure::new(format!("{} can't be read: {why}", file.display()));
    let length = std::fs::metadata(file).map_err(|error| unread(error.to_string()))?.len();
    if length > LIST_BYTES_MAX {
        return Err(unread(format!("it has {length} bytes; the limit is {LIST_BYTES_MAX}")));
    }
    let text = std::fs::read(file).map_err(|error| unread(error.to_string()))?;
    let list: Value = serde_json::from_slice(&text).map_err(|error| unread(error.to_string()))?;
    let named = list["erased"].as_array().ok_or_else(|| unread("it is no list of erasures".to_owned()))?;
    let (mut own, mut elsewhere) = (Vec::new(), 0_u64);
    let mut again: BTreeMap<CircleId, BTreeSet<ObjectId>> = BTreeMap::new();
    for one in named {
        let line = one["line"].as_str().and_then(|line| Uuid::parse_str(line).ok()).map(LineId::new);
        let at = one["number"].as_u64().filter(|number| *number > 0).map(Seq);
        let body = one["body"].as_str().and_then(from_hex);
        let (Some(line), Some(at), Some(body)) = (line, at, body) else {
            return Err(unread("an entry has no line, number or hash".to_owned()));
        };
        let found = node.gate.store().records(line, Seq(at.0 - 1), 1).unwrap_or_default();
        // After a backup was put back, a line may have gone another way, or be shorter.
        let Some(record) =
            found.first().filter(|record| record.erased.is_none() && record.body_hash() == body)
        else {
            elsewhere += 1;
            continue;
        };
        match line {
            LineId::NODE => own.push((record.kind, String::from_utf8_lossy(&record.body).into_owned())),
            line => {
                if let Some((circle, ids)) = named_by(node, line, at, &one["in_parcels"])? {
                    again.entry(circle).or_default().extend(ids);
                }
            }
        }
    }
    let mut plans = Vec::new();
    for (circle, ids) in again {
        let ids: Vec<ObjectId> = ids.into_iter().collect();
        let of_circle = node.gate.all_erasable(circle, &ids);
        plans.extend(of_circle.map_err(|error| Failure::new(format!("they can't be looked for: {error}")))?);
    }
    let mut done = match plans.is_empty() {
        true => Done::default(),
        false => node.erase(&plans, "replay", "erased")?,
    };
    done.join(node.erase_own_again(&own)?);
    let skipped = format!("{elsewhere} of {} are not there, or erased already", named.len());
    let findings = if elsewhere > 0 { vec![skipped] } else { Vec::new() };
    Ok(answer(&done, &findings).ending(if done.left.is_empty() { Exit::Done } else { Exit::Findings }))
}

/// The objects that an entry of a list of erasures names, and their circle: the one whose record it is, or those of a release.
fn named_by(
    node: &Node,
    line: LineId,
    at: Seq,
    in_parcels: &Value,
) -> Result<Option<(CircleId, Vec<ObjectId>)>, Failure> {
    let book = node.gate.book();
    if let Some(circle) = book.circles().find(|circle| LineId::new(circle.id.uuid()).parcels() == line) {
        let ids = in_parcels.as_array().into_iter().flatten().filter_map(Value::as_str);
        return Ok(Some((circle.id, ids.filter_map(|id| ObjectId::parse(id).ok()).collect())));
    }
    let failed = |error: line::StorageError| {
        Failure::new(format!("record {} of {}: {error}", at.0, hex(line.uuid().as_bytes())))
    };
    let id = node
        .gate
        .store()
        .look(line, |catalogue| catalogue.entry(at).and_then(|entry| entry.id()))
        .map_err(failed)?;
    let circle = book.circles().find(|circle| {
        let of = LineId::new(circle.id.uuid());
        of == line || of.quarantine() == line
    });
    Ok(circle.zip(id).map(|(circle, id)| (circle.id, vec![id])))
}
