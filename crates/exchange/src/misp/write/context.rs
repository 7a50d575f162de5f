//! What a STIX object says around its content: marks, labels, confidence, who made it; as MISP's tags and organisation.

use serde_json::Value as Json;
use stix::marking::{Definition, read_definition};
use stix::{ObjectId, Timestamp, Tlp};

use super::shelf::{Item, Shelf};
use crate::misp::read::pap_word;
use crate::misp::tag;
use crate::misp::wire::{Many, Org, Tag, Text};

/// The tags of an object; `outer` are those of its event, which need not be said again.
pub(super) fn tags(shelf: &Shelf<'_>, item: &Item<'_>, outer: &Many<Tag>) -> Many<Tag> {
    let mut names: Vec<String> = Vec::new();
    for id in item.list("object_marking_refs").chain(granular(item)) {
        names.extend(mark(shelf, id));
    }
    names.extend(item.list("labels").filter(|label| !is_converters(label)).map(str::to_owned));
    for property in ["indicator_types", "report_types"] {
        let said: Vec<&str> = item.list(property).collect();
        // What a reader supposes anyway need not be said.
        if said != ["malicious-activity"] {
            names.extend(said.iter().map(|word| tag::of(property, word)));
        }
    }
    for phase in item.json.get("kill_chain_phases").and_then(Json::as_array).into_iter().flatten() {
        let of = |name: &str| phase.get(name).and_then(Json::as_str);
        if let (Some(chain), Some(phase)) = (of("kill_chain_name"), of("phase_name"))
            && chain != "misp-category"
        {
            names.push(tag::of("kill_chain_phases", &format!("{chain}:{phase}")));
        }
    }
    if let Some(confidence) = item.json.get("confidence").and_then(Json::as_u64) {
        names.push(tag::of("confidence", &confidence.to_string()));
    }
    for property in ["lang", "context"] {
        let word = item.text(property);
        if !word.is_empty() && word != "suspicious-activity" {
            names.push(tag::of(property, word));
        }
    }
    if item.time("valid_until").is_some() {
        names.push(tag::of("valid_until", "last-seen"));
    }
    let known = |name: &str| outer.iter().any(|tag| tag.name.as_str() == name);
    let mut tags: Vec<Tag> = Vec::new();
    for name in names {
        if !name.trim().is_empty() && !known(&name) && tags.iter().all(|tag| tag.name.as_str() != name) {
            tags.push(named(&name));
        }
    }
    tags.into()
}

/// The strictest TLP that an object or a part of it is marked with.
pub(super) fn tlp(shelf: &Shelf<'_>, item: &Item<'_>) -> Option<Tlp> {
    let all = item.list("object_marking_refs").chain(granular(item));
    all.filter_map(|id| mark(shelf, id)?.parse().ok()).max()
}

/// The strictest TLP that a part of an object is marked with.
pub(super) fn part_tlp(shelf: &Shelf<'_>, item: &Item<'_>) -> Option<Tlp> {
    granular(item).filter_map(|id| mark(shelf, id)?.parse().ok()).max()
}

/// The marks of an object's parts. In MISP they count for the whole: its tags can't say which part is meant, and many parts
/// share a comment or stand in one value.
///
/// Source: STIX 2.1, section 7.2.3.
fn granular<'i>(item: &'i Item<'_>) -> impl Iterator<Item = &'i str> {
    let all = item.json.get("granular_markings").and_then(Json::as_array).into_iter().flatten();
    all.filter_map(|one| one.get("marking_ref")?.as_str())
}

/// Marks something at least as strictly as what is in it, or in what it was made of.
pub(super) fn raise(tags: &mut Many<Tag>, tlp: Option<Tlp>) {
    let Some(tlp) = tlp else { return };
    if strictest(tags) < Some(tlp) {
        tags.all.retain(|tag| said(tag).is_none());
        tags.all.push(named(&tlp_tag(tlp)));
    }
}

/// As [`raise`], for what stands in an event whose own tags say enough otherwise.
pub(super) fn raise_above(tags: &mut Many<Tag>, outer: &Many<Tag>, tlp: Option<Tlp>) {
    if tlp > strictest(outer) {
        raise(tags, tlp);
    }
}

/// The strictest TLP that tags say.
fn strictest(tags: &Many<Tag>) -> Option<Tlp> {
    tags.iter().filter_map(said).max()
}

fn said(tag: &Tag) -> Option<Tlp> {
    let name = tag.name.text()?;
    // An event may have thousands of tags, and each thing in it asks them all.
    let may_be = name.get(..3).is_none_or(|start| start.eq_ignore_ascii_case("tlp"));
    if may_be { name.parse().ok() } else { None }
}

/// A tag of this name, shortened to what MISP keeps.
pub(super) fn named(name: &str) -> Tag {
    let short: String = name.chars().take(tag::TAG_CHARS_MAX).collect();
    Tag { name: short.into(), ..Tag::default() }
}

/// Labels that say where an object was converted, and how.
fn is_converters(label: &str) -> bool {
    label.starts_with("misp:type=")
        || label.starts_with("misp:category=")
        || label.starts_with("misp:to_ids=")
        || label.starts_with("misp:name=")
        || label.starts_with("misp:meta-category=")
        || label.starts_with("misp:tool=")
}

/// The tag of a marking: TLP and PAP by their taxonomies, a statement in its own words.
fn mark(shelf: &Shelf<'_>, id: &str) -> Option<String> {
    if let Some(tlp) = ObjectId::parse(id).ok().and_then(|id| Tlp::of(&id)) {
        return Some(tlp_tag(tlp));
    }
    let definition = shelf.get(id)?;
    let raw = Json::Object(definition.json.clone()).to_string();
    match read_definition(&raw).ok()? {
        Definition::Tlp(tlp) => Some(tlp_tag(tlp)),
        Definition::Pap(pap) => Some(pap_word(pap).to_owned()),
        Definition::Iep(iep) => iep.tlp.map(tlp_tag),
        Definition::Statement => {
            definition.json.get("definition")?.get("statement")?.as_str().map(str::to_owned)
        }
        Definition::Unknown => None,
    }
}

fn tlp_tag(tlp: Tlp) -> String {
    format!("tlp:{}", tlp.word().to_ascii_lowercase())
}

/// The organisation that made an object: its creator, else who brought it.
pub(super) fn creator(shelf: &Shelf<'_>, item: &Item<'_>) -> Option<Org> {
    organisation(shelf, item.text("created_by_ref")).or_else(|| {
        item.from.map(|source| Org {
            name: source.name.as_str().into(),
            uuid: source.uuid.to_string().into(),
            ..Org::default()
        })
    })
}

/// The organisation that an identity is.
pub(super) fn organisation(shelf: &Shelf<'_>, id: &str) -> Option<Org> {
    let identity = shelf.get(id)?;
    let name = identity.text("name");
    (!name.is_empty()).then(|| Org {
        name: name.into(),
        uuid: identity.uuid.to_string().into(),
        ..Org::default()
    })
}

/// Seconds since 1970.
pub(super) fn seconds(at: Timestamp) -> Text {
    at.seconds().max(0).to_string().into()
}

/// RFC 3339 with microseconds and an offset, as MISP writes `first_seen`.
pub(super) fn seen(at: Option<Timestamp>) -> Text {
    at.map(|at| {
        let text = Timestamp::from_micros(at.micros()).to_string();
        format!("{}+00:00", text.trim_end_matches('Z'))
    })
    .into()
}

/// Name and description in one: MISP has one comment.
pub(super) fn comment(item: &Item<'_>, value: &str) -> Text {
    let (name, description) = (item.text("name"), item.text("description"));
    let named = !name.is_empty() && name != value && !description.contains(name);
    match (named, description.is_empty()) {
        (true, true) => name.into(),
        (true, false) => format!("{name}\n{description}").into(),
        (false, _) => description.into(),
    }
}
