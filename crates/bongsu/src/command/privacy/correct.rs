//! `bongsu privacy correct` and `corrections`: what is held about a person is put right.
//!
//! The object gets a new version of its sender's, under the same terms and marks, so that who received the old one is told as of
//! any new version; the versions before are withdrawn then, so that nobody is given the wrong one any more. The node's line keeps
//! that it was corrected, which properties, and why ([`RecordKind::Correction`]): never what was or is in them.

use crate::answer::{Answer, table};
use crate::cli::CorrectArgs;
use crate::exit::{Exit, Failure};
use crate::node::Node;
use gate::{Sharing, Submission, Submitted};
use line::{Draft, LineId, Outcome, RecordKind, Seq};
use policy::{Circle, Intake, MemberId, Terms};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use stix::{ObjectId, Timestamp};

/// Properties that are no statement about anybody, or that say which object and version it is and who may see it.
const FIXED: [&str; 12] = [
    "id",
    "type",
    "spec_version",
    "created",
    "modified",
    "created_by_ref",
    "revoked",
    "object_marking_refs",
    "granular_markings",
    "defanged",
    "extensions",
    "external_references",
];
/// Characters of a reason.
const REASON_CHARS_MAX: usize = 500;

/// What the node's line keeps of a correction.
#[derive(Serialize, Deserialize)]
struct Note {
    circle: policy::CircleId,
    id: String,
    member: MemberId,
    properties: Vec<String>,
    reason: String,
}

/// One property, and what it is to be; `None` takes it out.
struct Change {
    path: Vec<String>,
    value: Option<Value>,
}

/// Where one member's newest version stands, its terms, and the versions that count.
type Newest = ((Timestamp, Seq), Option<Arc<str>>, Vec<Timestamp>);

/// The newest version that one member has of an object in a circle.
struct Held {
    seq: Seq,
    member: MemberId,
    terms: Terms,
    /// The versions that count; none of an object without versions.
    versions: Vec<Timestamp>,
}

/// Corrects an object wherever it is held, or says what would be.
///
/// # Errors
/// When a name, id or property is malformed or unknown, or the line can't be read or written.
pub(super) fn run(node: &Node, args: &CorrectArgs) -> Result<Answer, Failure> {
    let id = ObjectId::parse(&args.id).map_err(|error| Failure::usage(format!("`{}`: {error}", args.id)))?;
    if args.reason.chars().count() > REASON_CHARS_MAX || args.reason.chars().any(char::is_control) {
        return Err(Failure::usage(format!(
            "the reason has more than {REASON_CHARS_MAX} characters, or some that are not printed"
        )));
    }
    let changes = changes(args)?;
    let book = node.gate.book();
    let circles: Vec<&Circle> = match &args.circle {
        Some(handle) => vec![node.circle(&book, handle)?],
        None => book.circles().collect(),
    };
    let (mut corrected, mut findings) = (Vec::new(), Vec::new());
    for circle in circles {
        for held in held(node, circle, &id)? {
            let handle = book.member(held.member).map_or("the node", |member| member.handle.as_str());
            let said = |why: String| format!("{} of {handle} in {}: {why}", id, circle.handle);
            let party = book.agreed(circle.id).and_then(|agreed| agreed.agreement.party(held.member));
            if party.is_some_and(|party| party.home != *node.gate.home()) {
                findings.push(said("its home is another node, which alone can correct it".to_owned()));
                continue;
            }
            let (raw, was_signed) = match next(node, circle, &held, &changes) {
                Ok(next) => next,
                Err(why) => {
                    findings.push(said(why));
                    continue;
                }
            };
            let one = json!({"circle": circle.handle, "member": handle, "id": id.to_string()});
            if args.dry_run {
                corrected.push(one);
                continue;
            }
            match put_right(node, circle, (&held, raw), args, &changes)? {
                Some(why) => findings.push(said(why)),
                None => {
                    corrected.push(one);
                    if was_signed {
                        findings.push(said(
                            "the new version is not signed: let its originator sign it".to_owned(),
                        ));
                    }
                }
            }
        }
    }
    if corrected.is_empty() && findings.is_empty() {
        findings.push(format!("{id}: nothing of it is there"));
    }
    let done = if args.dry_run { "would be corrected" } else { "corrected" };
    let mut text = format!("{} {done}.\n", corrected.len());
    findings.iter().for_each(|finding| text.push_str(&format!("  {finding}\n")));
    let exit = if findings.is_empty() { Exit::Done } else { Exit::Findings };
    let key = if args.dry_run { "would_correct" } else { "corrected" };
    Ok(Answer::done(json!({key: corrected, "findings": findings}), text).ending(exit))
}

/// What is to be changed.
fn changes(args: &CorrectArgs) -> Result<Vec<Change>, Failure> {
    let path = |text: &str| {
        let path: Vec<String> = text.split('.').map(str::to_owned).collect();
        let first = path.first().map(String::as_str).unwrap_or_default();
        match first.is_empty() || FIXED.contains(&first) || path.iter().any(String::is_empty) {
            true => Err(Failure::usage(format!("`{text}` can't be corrected"))
                .hint("name a property such as `name`, or a place in one such as `aliases.0`")),
            false => Ok(path),
        }
    };
    let set = |text: &String| {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("`{text}` sets nothing")).hint("write it as NAME=VALUE"))?;
        // What is JSON is taken as that, all else as a text.
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        Ok(Change { path: path(name)?, value: Some(value) })
    };
    let mut all = args.set.iter().map(set).collect::<Result<Vec<Change>, Failure>>()?;
    for text in &args.remove {
        all.push(Change { path: path(text)?, value: None });
    }
    Ok(all)
}

/// What members have of an object in a circle, that counts.
fn held(node: &Node, circle: &Circle, id: &ObjectId) -> Result<Vec<Held>, Failure> {
    let line = LineId::new(circle.id.uuid());
    let found = node.gate.store().look(line, |catalogue| {
        let mut found: BTreeMap<MemberId, Newest> = BTreeMap::new();
        let object = catalogue.object(id);
        for entry in object.into_iter().flat_map(|object| catalogue.newest_first(object)) {
            let Some(class) = catalogue.class(entry.class()) else { continue };
            let at = (entry.version(), entry.seq);
            let one =
                found.entry(MemberId::new(class.sender)).or_insert_with(|| (at, class.terms.clone(), vec![]));
            if at > one.0 {
                (one.0, one.1) = (at, class.terms.clone());
            }
            one.2.extend(entry.versioned().then(|| entry.version()));
        }
        found
    });
    let found = found.map_err(|error| Failure::new(format!("{}: {error}", circle.handle)))?;
    let mut all = Vec::new();
    for (member, ((_, seq), terms, versions)) in found {
        let terms = terms.map_or(Ok(Terms::default()), |text| Terms::from_json(&text));
        let terms =
            terms.map_err(|error| Failure::new(format!("the terms of {id} can't be read: {error}")))?;
        all.push(Held { seq, member, terms, versions });
    }
    Ok(all)
}

/// The text of the version that is to come, and whether the one before was signed; why there is none.
fn next(node: &Node, circle: &Circle, held: &Held, changes: &[Change]) -> Result<(String, bool), String> {
    let mut raw = String::new();
    let line = LineId::new(circle.id.uuid());
    let read = node.gate.store().bodies(line, &[held.seq], &mut |_, _, body| {
        raw = String::from_utf8_lossy(body).into_owned();
    });
    read.map_err(|error| error.to_string())?;
    let unsigned = stix::signature::unsigned(&raw);
    let text = unsigned.as_deref().unwrap_or(&raw);
    corrected(text, changes, node.now()).map(|next| (next, unsigned.is_some()))
}

/// An object with what is to be changed in it, as a version of `now`.
fn corrected(raw: &str, changes: &[Change], now: Timestamp) -> Result<String, String> {
    let mut object: Map<String, Value> = serde_json::from_str(raw).map_err(|error| error.to_string())?;
    let before = object.clone();
    for change in changes {
        apply(&mut object, change)?;
    }
    if object == before {
        return Err("it says that already".to_owned());
    }
    if stix::observable_id(&before) != stix::observable_id(&object)
        && stix::observable_id(&before).is_some_and(|id| before.get("id") == Some(&json!(id.to_string())))
    {
        return Err("its id follows from what is to be corrected: erase it, and let the right one be shared"
            .to_owned());
    }
    if let Some(modified) = before.get("modified").and_then(Value::as_str) {
        let modified = Timestamp::parse(modified).map_err(|error| error.to_string())?;
        let millis = now.micros() - now.micros().rem_euclid(1_000);
        if millis <= modified.micros() {
            return Err(format!("its version is of {modified}, which is still to come"));
        }
        let now = Timestamp::from_micros(millis).to_string();
        let now = now.strip_suffix("000Z").map_or_else(|| now.clone(), |short| format!("{short}Z"));
        object.insert("modified".to_owned(), now.into());
    }
    Ok(Value::Object(object).to_string())
}

fn apply(object: &mut Map<String, Value>, change: &Change) -> Result<(), String> {
    let name = || change.path.join(".");
    let absent = || format!("it has no `{}`", name());
    let Some((last, parents)) = change.path.split_last() else { return Err(absent()) };
    let Some((first, rest)) = parents.split_first() else {
        return put(object, last, change.value.as_ref()).ok_or_else(absent);
    };
    let mut at = object.get_mut(first).ok_or_else(absent)?;
    for part in rest {
        let inside = match at {
            Value::Object(object) => object.get_mut(part),
            Value::Array(values) => part.parse::<usize>().ok().and_then(|place| values.get_mut(place)),
            _ => None,
        };
        at = inside.ok_or_else(absent)?;
    }
    let done = match at {
        Value::Object(object) => put(object, last, change.value.as_ref()),
        Value::Array(values) => last.parse::<usize>().ok().and_then(|place| match &change.value {
            Some(value) => values.get_mut(place).map(|at| *at = value.clone()),
            None => (place < values.len()).then(|| drop(values.remove(place))),
        }),
        _ => None,
    };
    done.ok_or_else(absent)
}

/// Sets a property, or takes it out; `None` if it is not there to be taken out.
fn put(object: &mut Map<String, Value>, name: &str, value: Option<&Value>) -> Option<()> {
    match value {
        Some(value) => {
            object.insert(name.to_owned(), value.clone());
            Some(())
        }
        None => object.remove(name).map(drop),
    }
}

/// Shares the new version as its sender, withdraws the ones before, and notes it; why it was not taken, if it was not.
fn put_right(
    node: &Node,
    circle: &Circle,
    (held, raw): (&Held, String),
    args: &CorrectArgs,
    changes: &[Change],
) -> Result<Option<String>, Failure> {
    let failed =
        |error: &dyn std::fmt::Display| Failure::new(format!("{} in {}: {error}", args.id, circle.handle));
    let head = stix::read_head(&raw).map_err(|finding| failed(&finding))?;
    let id = head.id.clone();
    let (member, terms) = (held.member, &held.terms);
    let sharing = Sharing { member, person: None, circle: circle.id, terms, intake: Intake::Refuse };
    let told = node.gate.share(&sharing, vec![Submission { raw, head }], node.now());
    match told.map_err(|error| failed(&error))?.into_iter().next() {
        Some(Submitted::Appended { .. }) => {}
        Some(told) => return Ok(Some(told.complaint().unwrap_or_else(|| "it is there already".to_owned()))),
        None => return Ok(Some("nothing became of it".to_owned())),
    }
    let gone = node.gate.withdraw_versions(member, circle.id, &id, &held.versions, &args.reason);
    gone.map_err(|error| {
        failed(&format!("it was corrected, but the versions before are still there: {error}"))
    })?;
    let note = Note {
        circle: circle.id,
        id: id.to_string(),
        member,
        properties: changes.iter().map(|change| change.path.join(".")).collect(),
        reason: args.reason.clone(),
    };
    let text = serde_json::to_vec(&note).map_err(|error| failed(&error))?;
    let draft = Draft::note(RecordKind::Correction, MemberId::NODE.uuid(), text);
    let noted = node.gate.store().append(LineId::NODE, vec![draft]);
    match noted.map_err(|error| failed(&format!("it was corrected, and not noted: {error}")))?.first() {
        Some(Outcome::Appended { .. }) => Ok(None),
        _ => Err(failed(&"it was corrected, and not noted: the line refused it")),
    }
}

/// What was corrected, by whom it had been shared, and why.
///
/// # Errors
/// When the line can't be read.
pub(super) fn list(node: &Node) -> Result<Answer, Failure> {
    let book = node.gate.book();
    let (mut all, mut rows) = (Vec::new(), Vec::new());
    node.own(&mut |record, text| {
        let note = Some(text).filter(|_| record.kind == RecordKind::Correction);
        let Some(note) = note.and_then(|text| serde_json::from_str::<Note>(text).ok()) else { return };
        let circle = book.circle(note.circle).map(|circle| circle.handle.clone()).unwrap_or_default();
        let member = book.member(note.member).map(|member| member.handle.clone()).unwrap_or_default();
        let at = record.added.timestamp().to_string();
        rows.push(vec![at.clone(), circle.clone(), member.clone(), note.id.clone(), note.properties.join(", "), note.reason.clone()]);
        all.push(json!({"at": at, "circle": circle, "member": member, "id": note.id, "properties": note.properties, "reason": note.reason}));
    })?;
    let text = table(&["AT", "CIRCLE", "SHARED BY", "OBJECT", "PROPERTIES", "REASON"], &rows);
    Ok(Answer::done(json!({"corrections": all}), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: &str, value: Option<Value>) -> Change {
        Change { path: path.split('.').map(str::to_owned).collect(), value }
    }

    fn after(object: &Value, changes: &[Change]) -> Result<Value, String> {
        let text = corrected(&object.to_string(), changes, Timestamp::from_micros(2_000_000_000_123_456))?;
        Ok(serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn places_are_found_changed_and_taken_out_and_a_new_version_is_made() {
        let object = json!({
            "type": "identity", "modified": "2026-01-01T00:00:00.000Z", "name": "A", "aliases": ["x", "y"],
            "x_contact": {"mail": "a@x.test", "phone": "1"},
        });
        let done = after(
            &object,
            &[
                change("name", Some(json!("B"))),
                change("aliases.1", Some(json!("z"))),
                change("x_contact.mail", Some(json!("b@x.test"))),
                change("x_contact.phone", None),
            ],
        );
        let done = done.unwrap();
        assert_eq!(done["modified"], "2033-05-18T03:33:20.123Z");
        assert_eq!(
            (&done["name"], &done["aliases"], &done["x_contact"]),
            (&json!("B"), &json!(["x", "z"]), &json!({"mail": "b@x.test"}))
        );
        for absent in ["aliases.2", "x_contact.fax.0", "nothing.at", "name.first"] {
            assert!(
                after(&object, &[change(absent, Some(json!(1)))]).unwrap_err().contains(absent),
                "{absent}"
            );
        }
        assert!(after(&object, &[change("name", Some(json!("A")))]).is_err(), "it says that already");
    }

    #[test]
    fn what_an_id_follows_from_is_not_corrected_under_the_same_id() {
        let mut address =
            json!({"type": "email-addr", "spec_version": "2.1", "value": "a@x.test", "display_name": "A"});
        let id = stix::observable_id(address.as_object().unwrap()).unwrap();
        address["id"] = id.to_string().into();
        assert!(
            after(&address, &[change("value", Some(json!("b@x.test")))]).unwrap_err().contains("id follows")
        );
        assert_eq!(
            after(&address, &[change("display_name", Some(json!("B")))]).unwrap()["display_name"],
            "B"
        );
    }
}
