//! What is said about elements: references, sightings, notes, opinions, reports, and properties in tags.
//!
//! What all who see the element may know also stays in it as it is carried along; here it becomes STIX for those who read STIX. Ids are the
//! UUIDs that MISP gave.

use std::collections::HashSet;

use serde_json::{Map, Value as Json, json};
use stix::{Timestamp, Tlp};
use uuid::Uuid;

use super::context::{MISP_NAMESPACE, Marks, may_enter};
use super::element::add_phase;
use super::event::{Reader, time, uuid};
use crate::misp::extension;
use crate::misp::wire::{Analyst, Attribute, Many, Object, Report, Sighting, Tag, Text};
use crate::read::time::lenient;

/// How the label of what an analyst said begins, whatever it is.
pub(in crate::misp) const ANALYST_LABEL: &str = "misp:context-layer=\"Analyst ";

/// The label of a note that is a report of its event.
pub(in crate::misp) const REPORT_LABEL: &str = "misp:data-layer=\"Event Report\"";

/// What becomes of what is no STIX.
const KEPT: &str = "is kept for MISP alone";

/// A relation that is made once its target is known.
pub(super) struct Relation {
    from: String,
    to: Text,
    kind: String,
    uuid: Option<Uuid>,
    description: Text,
    changed: Text,
    marks: Marks,
    /// Whether an analyst drew it, who can keep it to some.
    is_drawn: bool,
}

impl Reader<'_, '_, '_> {
    /// What an object refers to, who saw its attributes, and what analysts say.
    pub(super) fn said_of(&mut self, object: &Object, id: &str, marks: &Marks, path: &str) {
        for reference in object.references.iter().filter(|reference| !reference.deleted.is_true()) {
            self.relations.push(Relation {
                from: id.to_owned(),
                to: reference.referenced_uuid.clone(),
                kind: kind_of_relation(reference.relationship_type.text()),
                uuid: uuid(&reference.uuid),
                description: reference.comment.clone(),
                changed: reference.timestamp.clone(),
                marks: marks.clone(),
                is_drawn: false,
            });
        }
        for attribute in &object.attributes {
            for sighting in &attribute.sightings {
                self.sighting(sighting, id, marks, path);
            }
            self.analysts(&attribute.notes, &attribute.opinions, &attribute.relationships, id);
        }
        self.analysts(&object.notes, &object.opinions, &object.relationships, id);
    }

    /// Makes the relations whose targets are known by now; the others can't be followed outside of MISP.
    pub(super) fn relate(&mut self) {
        for relation in std::mem::take(&mut self.relations) {
            let Some(to) = uuid(&relation.to).and_then(|uuid| self.made.get(&uuid).cloned()) else {
                let named = relation.to.text().unwrap_or("nothing");
                let message = format!(
                    "nothing in the event is {named}; the relation to it is kept for MISP, but is none in STIX"
                );
                self.warn("misp-reference", "ObjectReference", message);
                continue;
            };
            self.relation(&relation, &to);
        }
    }

    /// A relation that nobody drew but that follows from where a cluster stands.
    pub(super) fn standing(&mut self, from: &str, kind: &str, to: &str, marks: &Marks) {
        let relation = Relation {
            from: from.to_owned(),
            to: Text::default(),
            kind: kind.to_owned(),
            uuid: None,
            description: Text::default(),
            changed: Text::default(),
            marks: marks.clone(),
            is_drawn: false,
        };
        self.relation(&relation, to);
    }

    fn relation(&mut self, relation: &Relation, to: &str) {
        let Relation { from, kind, .. } = relation;
        let id = relation.uuid.unwrap_or_else(|| relation_uuid(from, kind, to));
        let text = format!("relationship--{id}");
        if extension::is_own(from) || extension::is_own(to) || !self.known.insert(text.clone()) {
            return;
        }
        let mut object = self.common("relationship", id, &relation.changed, &relation.marks);
        object.insert("relationship_type".into(), kind.as_str().into());
        object.insert("source_ref".into(), from.as_str().into());
        object.insert("target_ref".into(), to.into());
        if let Some(description) = relation.description.text() {
            object.insert("description".into(), description.into());
        }
        if relation.is_drawn {
            object.insert("labels".into(), json!([format!("{ANALYST_LABEL}Relationship\"")]));
        }
        self.members.push(text);
        self.emit_plain(Json::Object(object), "");
    }

    /// Gives sightings without UUID one that follows from what they say.
    pub(super) fn name_sightings(of: Uuid, sightings: &mut Many<Sighting>) {
        for sighting in sightings.all.iter_mut().filter(|sighting| uuid(&sighting.uuid).is_none()) {
            let by = sighting.organisation.get().map(|org| org.name.as_str()).unwrap_or_default();
            let name = format!("{of}\n{}\n{}\n{by}", sighting.date_sighting.as_str(), sighting.kind.as_str());
            sighting.uuid = Uuid::new_v5(&MISP_NAMESPACE, name.as_bytes()).to_string().into();
        }
    }

    /// Seen: a sighting. A false positive: an opinion, as misp-stix makes it. An expiry ends the indicator instead.
    pub(super) fn sighting(&mut self, sighting: &Sighting, of: &str, marks: &Marks, path: &str) {
        let Some(at) = time(&sighting.date_sighting) else {
            self.refuse(
                "misp-sighting",
                path,
                "a sighting without date is kept for MISP, but is none in STIX".into(),
            );
            return;
        };
        if extension::is_own(of) {
            return;
        }
        let seen_by = sighting.organisation.get().and_then(|org| self.identity(org, path));
        let Some(uuid) = uuid(&sighting.uuid) else { return };
        let object_type = match sighting.kind.text() {
            None | Some("0") => "sighting",
            Some("1") => "opinion",
            // An expiry.
            Some("2") => return,
            Some(other) => {
                self.warn("misp-sighting", path, format!("a sighting of the type `{other}` {KEPT}"));
                return;
            }
        };
        let mut object = self.common(object_type, uuid, &sighting.date_sighting, marks);
        object.insert("created".into(), at.to_string().into());
        object.insert("modified".into(), at.to_string().into());
        if object_type == "sighting" {
            object.insert("first_seen".into(), at.to_string().into());
            object.insert("last_seen".into(), at.to_string().into());
            object.insert("count".into(), 1.into());
            object.insert("sighting_of_ref".into(), of.into());
            if let Some(seen_by) = seen_by {
                object.insert("where_sighted_refs".into(), json!([seen_by]));
            }
            if let Some(source) = sighting.source.text() {
                object.insert("description".into(), source.into());
            }
        } else {
            object.insert("opinion".into(), "strongly-disagree".into());
            object.insert("explanation".into(), "False positive Sighting".into());
            object.insert("object_refs".into(), json!([of]));
            if let Some(name) = sighting.organisation.get().and_then(|org| org.name.text()) {
                object.insert("authors".into(), json!([name]));
            }
        }
        self.emit_plain(Json::Object(object), path);
    }

    /// Notes and opinions of analysts, and relations that they draw.
    pub(super) fn analysts(
        &mut self,
        notes: &Many<Analyst>,
        opinions: &Many<Analyst>,
        relationships: &Many<Analyst>,
        about: &str,
    ) {
        let shown = !extension::is_own(about);
        for note in notes.iter().filter(|_| shown) {
            let (Some(uuid), Some(text)) = (uuid(&note.uuid), note.note.text()) else {
                self.warn(
                    "misp-incomplete",
                    "Note",
                    format!("a note on {about} without UUID or text {KEPT}"),
                );
                continue;
            };
            let mut object = self.analysis("note", uuid, note, "Note");
            object.insert("content".into(), text.into());
            object.insert("object_refs".into(), json!([about]));
            if let Some(language) = note.language.text().filter(|language| is_language(language)) {
                object.insert("lang".into(), language.into());
            }
            self.emit_plain(Json::Object(object), "Note");
        }
        for opinion in opinions.iter().filter(|_| shown) {
            let (Some(uuid), Some(level)) = (uuid(&opinion.uuid), level(&opinion.opinion)) else {
                let message = format!("an opinion on {about} without UUID or a number from 0 {KEPT}");
                self.warn("misp-incomplete", "Opinion", message);
                continue;
            };
            let mut object = self.analysis("opinion", uuid, opinion, "Opinion");
            object.insert("opinion".into(), level.into());
            object.insert("object_refs".into(), json!([about]));
            if let Some(comment) = opinion.comment.text() {
                object.insert("explanation".into(), comment.into());
            }
            self.emit_plain(Json::Object(object), "Opinion");
        }
        for relationship in relationships {
            self.relations.push(Relation {
                from: about.to_owned(),
                to: relationship.related_object_uuid.clone(),
                kind: kind_of_relation(relationship.relationship_type.text()),
                uuid: uuid(&relationship.uuid),
                description: relationship
                    .notes
                    .iter()
                    .next()
                    .map(|note| note.note.clone())
                    .unwrap_or_default(),
                changed: relationship.modified.clone(),
                marks: self.analyst_marks(relationship),
                is_drawn: true,
            });
        }
    }

    /// Takes out what analysts say to their own organisation, or another sharing group, alone: what it is about goes to others
    /// too, and with it all that it carries.
    pub(super) fn set_apart(&self, lists: [&mut Many<Analyst>; 3]) -> [Many<Analyst>; 3] {
        lists.map(|list| {
            let all = std::mem::take(&mut list.all);
            let (mut shared, apart): (Vec<Analyst>, Vec<Analyst>) =
                all.into_iter().partition(|one| may_enter(&one.distribution, None, self.options.circle));
            for one in &mut shared {
                self.set_apart([&mut one.notes, &mut Many::default(), &mut Many::default()]);
            }
            list.all = shared;
            apart.into()
        })
    }

    /// What was set apart becomes objects of its own marks.
    pub(super) fn said_apart(&mut self, apart: &[Many<Analyst>; 3], about: &str) {
        let [notes, opinions, relationships] = apart;
        self.analysts(notes, opinions, relationships, about);
    }

    /// The event's marks, and whom the analyst says it to.
    fn analyst_marks(&self, from: &Analyst) -> Marks {
        let mut marks = self.marks.clone();
        if !may_enter(&from.distribution, None, self.options.circle) {
            marks.tlp.push(Tlp::Red);
        }
        marks
    }

    fn analysis(&self, object_type: &str, uuid: Uuid, from: &Analyst, kind: &str) -> Map<String, Json> {
        let mut object = self.common(object_type, uuid, &from.modified, &self.analyst_marks(from));
        let created = from.created.text().and_then(lenient);
        let modified = from.modified.text().and_then(lenient).or(created);
        if let (Some(created), Some(modified)) = (created, modified) {
            object.insert("created".into(), created.min(modified).to_string().into());
            object.insert("modified".into(), modified.to_string().into());
        }
        if let Some(authors) = from.authors.text() {
            object.insert("authors".into(), json!([authors]));
        }
        object.insert("labels".into(), json!([format!("{ANALYST_LABEL}{kind}\"")]));
        object
    }

    /// What a report itself is marked with; the event's marks come on top.
    pub(super) fn report_marks(&self, from: &Report) -> Marks {
        let mut own = Marks::of(&from.tags);
        own.unread.clear();
        if !may_enter(&from.distribution, from.sharing_group.get(), self.options.circle) {
            own.tlp.push(Tlp::Red);
        }
        own
    }

    /// A report that belongs to the event: a note about it, or about what it names.
    pub(super) fn note(&mut self, from: &Report, about: &str) {
        if from.deleted.is_true() {
            return;
        }
        let (Some(uuid), Some(content)) = (uuid(&from.uuid), from.content.text()) else {
            self.warn("misp-report", "EventReport", format!("a report without UUID or text {KEPT}"));
            return;
        };
        let marks = self.report_marks(from).within(&self.marks);
        let mut note = self.common("note", uuid, &from.timestamp, &marks);
        note.insert("content".into(), content.into());
        let mut known = HashSet::from([about]);
        let named = mentioned(content).filter_map(|uuid| self.made.get(&uuid));
        let named = named.filter(|named| !extension::is_own(named) && known.insert(named.as_str()));
        let refs: Vec<String> = [about.to_owned()].into_iter().chain(named.cloned()).collect();
        note.insert("object_refs".into(), json!(refs));
        if let Some(name) = from.name.text() {
            note.insert("abstract".into(), name.into());
        }
        note.insert("labels".into(), json!([REPORT_LABEL]));
        self.emit_plain(Json::Object(note), "EventReport");
    }
}

/// What a report's text refers to: `@[attribute](UUID)`, `@[object](UUID)`, with `!` before the bracket for a picture.
fn mentioned(content: &str) -> impl Iterator<Item = Uuid> {
    content.split("@[").skip(1).chain(content.split("@![").skip(1)).filter_map(|rest| {
        let (kind, rest) = rest.split_once("](")?;
        let text = rest.get(..36).filter(|_| matches!(kind, "attribute" | "object"))?;
        Uuid::try_parse(text).ok()
    })
}

/// The five levels of STIX for MISP's hundred. Source: misp-stix.
fn level(opinion: &Text) -> Option<&'static str> {
    let number: u32 = opinion.text()?.parse().ok()?;
    Some(match number {
        0..=20 => "strongly-disagree",
        21..=40 => "disagree",
        41..=60 => "neutral",
        61..=80 => "agree",
        _ => "strongly-agree",
    })
}

fn is_language(text: &str) -> bool {
    (2..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// A relationship's type in the letters that STIX allows.
fn kind_of_relation(said: Option<&str>) -> String {
    let lower = said.unwrap_or("related-to").to_ascii_lowercase();
    let kind: String = lower.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    if kind.bytes().all(|b| b == b'-') { "related-to".into() } else { kind }
}

/// The UUID of a relationship that nobody gave one.
pub(in crate::misp) fn relation_uuid(from: &str, kind: &str, to: &str) -> Uuid {
    Uuid::new_v5(&MISP_NAMESPACE, format!("{from}\n{kind}\n{to}").as_bytes())
}

/// The UUID of the attribute that holds one of a STIX report's external references.
pub(in crate::misp) fn link_uuid(event: Uuid, value: &str) -> Uuid {
    Uuid::new_v5(&MISP_NAMESPACE, format!("{event}\nreference\n{value}").as_bytes())
}

/// The external reference that an attribute was before the report became an event.
pub(super) fn link(attribute: &Attribute, own: Uuid, event: Uuid) -> Option<Json> {
    let value = attribute.value.as_str();
    // Most attributes are told apart without the price of a hash.
    let may_be = attribute.category.as_str() == "External analysis"
        && matches!(attribute.kind.text(), Some("link" | "text"));
    if !may_be || own != link_uuid(event, value) {
        return None;
    }
    let (source, description) =
        attribute.comment.as_str().split_once('\n').unwrap_or((attribute.comment.as_str(), ""));
    let mut reference = Map::new();
    reference.insert("source_name".into(), if source.is_empty() { "link" } else { source }.into());
    let name = if attribute.kind.text() == Some("link") { "url" } else { "external_id" };
    reference.insert(name.into(), value.into());
    if !description.is_empty() {
        reference.insert("description".into(), description.into());
    }
    Some(reference.into())
}

/// Whether tags say that `last_seen` is the end of an indicator's validity.
pub(super) fn says_until(tags: &Many<Tag>) -> bool {
    tags.iter().any(|tag| tag.name.as_str() == "stix2:valid-until=\"last-seen\"")
}

pub(super) fn is_base64(text: &str) -> bool {
    text.len().is_multiple_of(4)
        && text.trim_end_matches('=').bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

/// Writes what `stix2:` tags say into the object that they stand on, where its type has such a property.
pub(super) fn properties(said: &[(String, String)], object: &mut Map<String, Json>) {
    let object_type = object.get("type").and_then(Json::as_str).unwrap_or_default().to_owned();
    for (property, value) in said {
        match (property.as_str(), object_type.as_str()) {
            ("confidence", _) => {
                if let Some(number) = value.parse::<u8>().ok().filter(|number| *number <= 100) {
                    object.insert("confidence".into(), number.into());
                }
            }
            ("lang", _) if is_language(value) => {
                object.insert("lang".into(), value.as_str().into());
            }
            ("indicator_types", "indicator") | ("report_types", "report") => {
                if let Some(list) =
                    object.entry(property.as_str()).or_insert_with(|| json!([])).as_array_mut()
                {
                    list.push(value.as_str().into());
                }
            }
            ("context", "grouping") => {
                object.insert("context".into(), value.as_str().into());
            }
            ("kill_chain_phases", "indicator") => {
                if let Some((chain, phase)) = value.rsplit_once(':') {
                    add_phase(chain, phase, object);
                }
            }
            _ => {}
        }
    }
}

/// `YYYY-MM-DD HH:MM:SS`, as MISP dates what analysts say.
pub(in crate::misp) fn analyst_time(at: Timestamp) -> String {
    at.to_string().get(..19).unwrap_or_default().replace('T', " ")
}
