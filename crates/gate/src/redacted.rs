//! Redacted copies: made, marked as such, and signed by the node.
//!
//! A copy says in an extension ([`REDACTION`]) by which node it was made and commits to the original. The commitment is hidden
//! by a nonce that only the node can compute, so that nobody can try guesses of what was removed against it; the
//! node can open it later to show that the copy was honest. The signature is over the canonical JSON (RFC 8785) of the
//! copy without `signature`. The originator's own signature ([`stix::signature`]) fits the original alone, so a copy is without it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use line::{Entry, LineId, ObjectIx, RecordKind};
use policy::{Cut, MemberId, Part, Released, Removal, Rule, forbidden_selectors, named};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use stix::id::contributing;
use stix::marking::read_granular;
use stix::signature;
use stix::{ObjectId, Tlp};

use crate::commitment::{Committer, first_of};
use crate::key::NodeKey;
use crate::note::NoteKey;
use crate::view::{View, is_told_by_content};

/// The extension in which a copy says what it is: a property extension (STIX 2.1, 7.3), so that tools which know nothing of it
/// pass it on. Its properties are `node`, `key` (the id of the node's key), `commitment` (SHA-256 of a secret and of the
/// original's SHA-256, hexadecimal: the one in the tree's leaf) and `signature` (Ed25519, base64).
pub const REDACTION: &str = "extension-definition--74e3b525-69a7-45f6-84d0-30afafa16817";

/// What of an object goes out.
pub(crate) struct Made {
    /// Its text.
    pub(crate) text: Released<String>,
    /// Whether nothing had to be taken out: then these are the bytes in which it came, and nothing in them says that it is a copy.
    pub(crate) is_original: bool,
}

/// What of an entry's object may go out under `cut`.
pub(crate) fn copy(
    view: &View<'_>,
    entry: &Entry<'_>,
    cut: Cut,
    forbidden: &HashSet<ObjectIx>,
) -> Result<Made, Rule> {
    let line = LineId::new(view.request.circle.uuid());
    let mut raw = None;
    let read = view.inner.store.bodies(line, &[entry.seq], &mut |_, _, body| {
        raw = String::from_utf8(body.to_vec()).ok();
    });
    // What can't be read can't be released; reading it for a page says why.
    let raw = raw.filter(|_| read.is_ok()).ok_or(Rule::NothingLeft)?;
    let (mut removal, staying) = removal(view, entry, cut, forbidden, &raw)?;
    let is_changed = removal != Removal::default();
    if is_changed {
        // A note of this kind that the sender has put there would speak for this node.
        removal.selectors.push(format!("extensions.{REDACTION}"));
        // The originator's signature is over what is not here any more.
        removal.selectors.push(format!("extensions.{}", signature::EXTENSION));
    }
    let copy = cut
        .with_parts(staying)
        .release(&raw, &removal)
        .map_err(|_| Rule::MarkingMalformed)?
        .ok_or(Rule::NothingLeft)?;
    if !is_changed {
        let is_original = *copy.get() == raw;
        return Ok(Made { text: copy, is_original });
    }
    if entry.id().is_none_or(|id| is_told_by_content(&id) && !keeps_content(&id, &raw, copy.get())) {
        return Err(Rule::NothingLeft);
    }
    let first = match entry.kind() {
        RecordKind::Again => first_of(&view.inner.store, line, entry.seq).map_err(|_| Rule::NothingLeft)?,
        _ => entry.seq,
    };
    let hash = Sha256::digest(&raw).into();
    let commitment = Committer::new(&view.inner.key, line).content(first, &hash);
    let text = copy.and_then(|text| signed(&text, &commitment, &view.inner.key)).ok_or(Rule::NothingLeft)?;
    Ok(Made { text, is_original: false })
}

/// The id of an object of which something may go out under `cut`.
///
/// What was erased can't be tried any more: it is taken for one of which a copy went, so that whoever had that hears that it is taken
/// back. But not where the id follows from the content: who never had it would learn that it was there.
pub(crate) fn id_of(
    view: &View<'_>,
    entry: &Entry<'_>,
    cut: Cut,
    forbidden: &HashSet<ObjectIx>,
) -> Option<Released<ObjectId>> {
    let id = entry.id()?;
    if !entry.erased() {
        return copy(view, entry, cut, forbidden).ok().map(|made| made.text.map(|_| id));
    }
    let left = serde_json::json!({"type": id.object_type(), "id": id.to_string()}).to_string();
    let left = cut.release(&left, &Removal::default()).ok().flatten()?;
    (!is_told_by_content(&id)).then(|| left.map(|_| id))
}

/// Whether a copy has everything that makes up its id: what was taken out could be tried out against it (STIX 2.1, 2.9).
fn keeps_content(id: &ObjectId, original: &str, copy: &str) -> bool {
    let properties = |text: &str| serde_json::from_str::<Map<String, Value>>(text);
    let (Ok(original), Ok(copy)) = (properties(original), properties(copy)) else { return false };
    // A note of a redaction or a signature among the extensions is no content.
    let content = |object: &Map<String, Value>, name: &str| {
        let mut value = object.get(name).cloned()?;
        if let Value::Object(parts) = &mut value {
            parts.remove(REDACTION);
            parts.remove(signature::EXTENSION);
        }
        Some(value).filter(|value| value.as_object().is_none_or(|parts| !parts.is_empty()))
    };
    let mut names = contributing(id.object_type()).unwrap_or_default().iter().copied();
    names.all(|name| content(&original, name) == content(&copy, name))
}

/// What must go, and the strictest mark of the parts that stay.
fn removal(
    view: &View<'_>,
    entry: &Entry<'_>,
    cut: Cut,
    forbidden: &HashSet<ObjectIx>,
    raw: &str,
) -> Result<(Removal, Option<Tlp>), Rule> {
    let resolved = view.resolve(entry.class()).ok_or(Rule::MarkingUnknown)?;
    let mut removal = Removal {
        references: forbidden.iter().filter_map(|object| view.catalogue.id(*object)).collect(),
        ..Removal::default()
    };
    let mut staying = None;
    // Its originator gets its own parts whatever their marks say.
    if resolved.granular && resolved.originator != view.request.member {
        let granular = read_granular(raw).map_err(|_| Rule::MarkingMalformed)?;
        let parts: Vec<Part> = granular
            .into_iter()
            .map(|part| {
                let (tlp, definitions, unknown_marking) =
                    view.markings(resolved.originator, part.marking.iter());
                Part { selectors: part.selectors, tlp, definitions, unknown_marking }
            })
            .collect();
        let class = resolved.class(false);
        let parting = forbidden_selectors(&view.standing.book, view.request, &class, &parts, raw)?;
        (removal.selectors, staying) = (parting.gone, parting.staying);
    }
    if cut.conceals_source() {
        let stands_for = view.inner.key.pseudonym(resolved.originator.uuid(), view.request.circle.uuid());
        let pseudonym = ObjectId::new("identity", stands_for).map_err(|_| Rule::NothingLeft)?;
        let source = identities_of_source(view, raw, resolved.originator)?;
        removal.pseudonyms = source.into_iter().map(|identity| (identity, pseudonym.clone())).collect();
        if signature::is_signed(raw) {
            // Whose key it is, everyone can look up.
            removal.selectors.push(format!("extensions.{}", signature::EXTENSION));
        }
    }
    Ok((removal, staying))
}

/// The identities that would tell who brought the object: its creator, and each that the same sender brought. It may
/// have left `created_by_ref` out and name itself elsewhere, as in `where_sighted_refs`.
fn identities_of_source(view: &View<'_>, raw: &str, originator: MemberId) -> Result<Vec<ObjectId>, Rule> {
    let creator = stix::head::property(raw, "created_by_ref").and_then(|id| ObjectId::parse(&id).ok());
    let mut named = named(raw).map_err(|_| Rule::NothingLeft)?;
    named.retain(|id| Some(id) == creator.as_ref() || is_brought_by(view, id, originator));
    Ok(named.into_iter().collect())
}

fn is_brought_by(view: &View<'_>, id: &ObjectId, member: MemberId) -> bool {
    let catalogue = view.catalogue;
    let Some(identity) = catalogue.object(id).filter(|_| id.object_type() == "identity") else {
        return false;
    };
    catalogue.versions(identity).into_iter().any(|seq| {
        let class = catalogue.entry(seq).and_then(|entry| catalogue.class(entry.class()));
        class.is_some_and(|class| class.sender == member.uuid())
    })
}

/// The copy with its redaction stated and signed, and with this commitment to its original.
fn signed(text: &str, commitment: &[u8; 32], key: &NodeKey) -> Option<String> {
    let hex: String = commitment.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut note = serde_json::json!({
        "extension_type": "property-extension", "node": key.name(), "key": key.id(), "commitment": hex,
    });
    let unsigned: Value = serde_json::from_str(&extended(text, &note)?).ok()?;
    let canonical = serde_json_canonicalizer::to_vec(&unsigned).ok()?;
    note["signature"] = STANDARD.encode(key.sign(&canonical)).into();
    extended(text, &note)
}

/// The commitment to its original of a copy that the node with `key` has made and signed; `None` if it is no such copy, or
/// was changed.
#[must_use]
pub fn commitment_of(copy: &str, key: &NoteKey) -> Option<[u8; 32]> {
    let mut object: Value = serde_json::from_str(copy).ok()?;
    let note = object.get_mut("extensions")?.get_mut(REDACTION)?.as_object_mut()?;
    let signature = STANDARD.decode(note.remove("signature")?.as_str()?).ok()?;
    let commitment = note.get("commitment")?.as_str()?;
    let mut bytes = [0; 32];
    if commitment.len() != 64 || !commitment.is_ascii() || note.get("node")?.as_str()? != key.name() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&commitment[2 * at..2 * at + 2], 16).ok()?;
    }
    let canonical = serde_json_canonicalizer::to_vec(&object).ok()?;
    key.verifies(&canonical, &signature.try_into().ok()?).then_some(bytes)
}

/// The object with the note among its extensions, its other bytes as they are.
fn extended(text: &str, note: &Value) -> Option<String> {
    stix::extension::with(text, REDACTION, &note.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use line::{Options, Store};
    use policy::{Circle, CircleId, Entry, Level, Member, Reach, Request, Terms};
    use serde_json::json;
    use stix::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::{Gate, Query, Submission};

    const SOURCE: MemberId = MemberId::new(Uuid::from_u128(1));
    const READER: MemberId = MemberId::new(Uuid::from_u128(2));
    const CIRCLE: CircleId = CircleId::new(Uuid::from_u128(3));
    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);

    /// A circle of two; the reader is cleared for AMBER, the circle's ceiling is AMBER+STRICT.
    struct Place {
        gate: Gate,
        _folder: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path(), &Options::default(), Arc::new(|| 1_000_000_000)).unwrap();
            let gate = Gate::open(store, NodeKey::new("tower.test", &[7; 32])).unwrap();
            for id in [SOURCE, READER] {
                let member = Member {
                    name: String::new(),
                    level: Level::Exchange,
                    ..Member::new(id, format!("m{}", id.uuid().as_u128()))
                };
                gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
            }
            let circle = Circle {
                title: String::new(),
                ceiling: Tlp::AmberStrict,
                members: vec![SOURCE, READER],
                ..Circle::new(CIRCLE, "c")
            };
            gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
            Self { gate, _folder: folder }
        }

        fn share(&self, terms: &Terms, objects: &[Value]) {
            let submission = |object: &Value| {
                let raw = object.to_string();
                Submission { head: stix::read_head(&raw).unwrap(), raw }
            };
            let objects = objects.iter().map(submission).collect();
            self.gate.submit(SOURCE, CIRCLE, terms, objects, NOW).unwrap();
        }

        /// What a member gets of an object, if anything.
        fn text(&self, member: MemberId, id: &str) -> Option<String> {
            let (wanted, reach) = (Level::Exchange, Reach::Member);
            let request = Request { member, circle: CIRCLE, wanted, encrypted: true, now: NOW, reach };
            let query = Query { ids: vec![ObjectId::parse(id).unwrap()], limit: 1, ..Query::default() };
            let page = self.gate.reader(request).unwrap().page(&query).unwrap();
            page.items.into_iter().next().map(|item| item.into_inner().raw)
        }
    }

    fn id(object_type: &str, number: u128) -> String {
        format!("{object_type}--{}", Uuid::from_u128(0x4000_8000_0000_0000_0000 + number))
    }

    fn object(object_type: &str, number: u128, more: &Value) -> Value {
        let mut object = json!({
            "type": object_type, "spec_version": "2.1", "id": id(object_type, number),
            "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
            "object_marking_refs": [Tlp::Green.definition_id().to_string()],
        });
        for (key, value) in more.as_object().unwrap() {
            object[key] = value.clone();
        }
        object
    }

    /// Only `created_by_ref` was replaced; a sighting that named its source elsewhere went out whole.
    #[test]
    fn a_source_that_names_itself_anywhere_stands_under_its_pseudonym() {
        let place = Place::new();
        let (source, other) = (id("identity", 9), id("identity", 8));
        place.share(&Terms::default(), &[object("indicator", 1, &json!({}))]);
        place.share(&Terms::default(), &[object("identity", 9, &json!({"name": "s"}))]);
        let hidden = Terms { pseudonymise: true, ..Terms::default() };
        let escaped = json!({ "sighting_of_ref": id("indicator", 1), "where_sighted_refs": [source, other],
            "extensions": { "x-e": { "seen_by_ref": source } } });
        place.share(&hidden, &[object("sighting", 2, &escaped)]);
        let created = json!({ "created_by_ref": source });
        place.share(&hidden, &[object("tool", 3, &created)]);
        let sighting = place.text(READER, &id("sighting", 2)).unwrap();
        assert!(!sighting.contains(&source) && sighting.contains(&other), "{sighting}");
        let sighting: Value = serde_json::from_str(&sighting).unwrap();
        let tool: Value = serde_json::from_str(&place.text(READER, &id("tool", 3)).unwrap()).unwrap();
        assert_eq!(sighting["where_sighted_refs"], json!([tool["created_by_ref"], other]));
        assert_eq!(sighting["extensions"]["x-e"]["seen_by_ref"], tool["created_by_ref"]);
        assert!(place.text(SOURCE, &id("sighting", 2)).unwrap().contains(&source), "the source sees its own");
    }

    /// AMBER+STRICT on `$.description` found nothing, and the description went out.
    #[test]
    fn a_mark_that_selects_nothing_holds_where_it_would_forbid() {
        let place = Place::new();
        let marked = |number, selector: &str, tlp: Tlp| {
            let marks = json!([{ "marking_ref": tlp.definition_id().to_string(), "selectors": [selector] }]);
            object("tool", number, &json!({ "description": "canary", "granular_markings": marks }))
        };
        let objects = [
            marked(1, "description", Tlp::AmberStrict),
            marked(2, "$.description", Tlp::AmberStrict),
            marked(3, "$.description", Tlp::Green),
        ];
        place.share(&Terms::default(), &objects);
        let canary =
            |member, number| place.text(member, &id("tool", number)).map(|text| text.contains("canary"));
        let seen = |member| [1, 2, 3].map(|number| canary(member, number));
        assert_eq!(seen(READER), [Some(false), None, Some(true)]);
        assert_eq!(seen(SOURCE), [Some(true); 3]);
    }
}
