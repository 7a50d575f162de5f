//! An attribute that stands in no object: an indicator, observed data, or a thing of its own.

use std::collections::HashSet;

use serde_json::{Map, Value as Json, json};
use stix::Tlp;
use uuid::Uuid;

use super::attribute::{Shape, shape};
use super::context::{MISP_NAMESPACE, Marks, may_enter};
use super::event::{Reader, say, time, uuid};
use super::said;
use crate::misp::extension;
use crate::misp::wire::{Analyst, Any, Attribute, Many, Text};
use crate::read::make::cve_reference;
use crate::read::time::lenient;

/// What an attribute becomes.
enum Made {
    Indicator(Shape),
    Observed(Shape),
    Vulnerability,
    Campaign,
    Custom,
}

fn made(attribute: &Attribute) -> Made {
    let (kind, value) = (attribute.kind.text().unwrap_or_default(), attribute.value.as_str().trim());
    match kind {
        "vulnerability" => return Made::Vulnerability,
        "campaign-name" => return Made::Campaign,
        _ => {}
    }
    let sought = attribute.to_ids.is_true();
    match shape(kind, value) {
        Some(shape) if sought || shape.language != "stix" => Made::Indicator(shape),
        Some(shape) if !shape.observables.is_empty() => Made::Observed(shape),
        _ => Made::Custom,
    }
}

/// The pattern of the indicator that the attribute would become, with its language.
pub(in crate::misp) fn pattern_of_attribute(attribute: &Attribute) -> Option<String> {
    match made(attribute) {
        Made::Indicator(shape) => Some(shape.pattern()),
        _ => None,
    }
}

impl Made {
    const fn object_type(&self) -> &'static str {
        match self {
            Self::Indicator(_) => "indicator",
            Self::Observed(_) => "observed-data",
            Self::Vulnerability => "vulnerability",
            Self::Campaign => "campaign",
            Self::Custom => "x-misp-attribute",
        }
    }
}

impl Reader<'_, '_, '_> {
    pub(super) fn attribute(&mut self, mut attribute: Attribute, path: &str) {
        let uuid = self.attribute_uuid(&mut attribute, self.uuid, path);
        let made = made(&attribute);
        let id = format!("{}--{uuid}", made.object_type());
        if attribute.deleted.is_true() {
            self.withdraw(&id);
            // Those who could not see it don't learn that it was there.
            let own = self.attribute_marks(&attribute, path);
            if !self.is_stricter(&own) {
                self.gone.push(tombstone(attribute));
            }
            return;
        }
        self.complain_of_gaps(&[("type", &attribute.kind), ("value", &attribute.value)], path);
        if let Some(link) = said::link(&attribute, uuid, self.uuid) {
            self.links.push(link);
            return;
        }
        Self::name_sightings(uuid, &mut attribute.sightings);
        let marks = self.attribute_marks(&attribute, path).within(&self.marks);
        self.paps.extend(&marks.pap);
        self.made.insert(uuid, id.clone());
        self.member(id.clone());
        let clusters = self.galaxies(&mut attribute.galaxies, path);
        self.untag(&mut attribute.tags);
        let lists = [&mut attribute.notes, &mut attribute.opinions, &mut attribute.relationships];
        let apart = self.set_apart(lists);
        let mut object = self.common(made.object_type(), uuid, &attribute.timestamp, &marks);
        say(&marks, &labels(&attribute), &mut object);
        match made {
            Made::Indicator(shape) => {
                indicator(&attribute, &shape.pattern(), shape.language, &mut object);
                self.sought(&attribute, &mut object);
            }
            Made::Observed(shape) => self.observed(&mut attribute, uuid, shape, &marks, &mut object, path),
            Made::Vulnerability => vulnerability(attribute.value.as_str().trim(), &mut object),
            Made::Campaign => {
                object.insert("name".into(), attribute.value.as_str().trim().into());
            }
            Made::Custom => custom(&attribute, &mut object),
        }
        if let Some(comment) = attribute.comment.text()
            && matches!(made_type(&id), "indicator" | "vulnerability" | "campaign")
        {
            object.insert("description".into(), comment.into());
        }
        self.emit_with(object, extension::ATTRIBUTE, &attribute, path);
        self.related(&id, clusters, &attribute.relationships, &marks);
        self.said_apart(&apart, &id);
        for sighting in &attribute.sightings {
            self.sighting(sighting, &id, &marks, path);
        }
        self.analysts(&attribute.notes, &attribute.opinions, &attribute.relationships, &id);
    }

    /// The attribute's UUID, made from its content where it has none of its own, so that it is the same next time.
    pub(super) fn attribute_uuid(&mut self, attribute: &mut Attribute, within: Uuid, path: &str) -> Uuid {
        let given = uuid(&attribute.uuid);
        if let Some(given) = given.filter(|given| self.taken.insert(*given)) {
            return given;
        }
        if let Some(given) = given {
            let message = format!("another element has the UUID {given} too; this one got a UUID of its own");
            self.warn("misp-uuid", path, message);
        }
        let said = [&attribute.kind, &attribute.object_relation, &attribute.value, &attribute.comment];
        let said: Vec<&str> = said.iter().map(|text| text.as_str().trim()).collect();
        let made = Uuid::new_v5(&MISP_NAMESPACE, format!("{within}\n{}", said.join("\n")).as_bytes());
        self.taken.insert(made);
        attribute.uuid = made.to_string().into();
        made
    }

    /// What the attribute itself is marked with; the event's marks come on top.
    pub(super) fn attribute_marks(&mut self, attribute: &Attribute, path: &str) -> Marks {
        let mut own = Marks::of(&attribute.tags);
        self.complain_of_marks(&mut own, path);
        if !may_enter(&attribute.distribution, attribute.sharing_group.get(), self.options.circle) {
            own.tlp.push(Tlp::Red);
        }
        own
    }

    /// Says what an element lacks that it says nothing without.
    pub(super) fn complain_of_gaps(&mut self, needed: &[(&str, &Text)], path: &str) {
        let gaps: Vec<&str> =
            needed.iter().filter(|(_, said)| said.text().is_none()).map(|(name, _)| *name).collect();
        if !gaps.is_empty() {
            let message = format!("there is no {}; what is there is kept", gaps.join(" and no "));
            self.warn("misp-incomplete", path, message);
        }
    }

    /// From when and until when it is to be looked for.
    fn sought(&self, from: &Attribute, object: &mut Map<String, Json>) {
        let first = seen(&from.first_seen).or_else(|| time(&from.timestamp)).unwrap_or(self.created);
        let expiry = from.sightings.iter().filter(|sighting| sighting.kind.text() == Some("2"));
        let expiry = expiry.filter_map(|sighting| time(&sighting.date_sighting)).max();
        let until = expiry.or_else(|| seen(&from.last_seen)).filter(|until| *until > first);
        object.insert("valid_from".into(), first.to_string().into());
        if let Some(until) = until.filter(|_| expiry.is_some() || said::says_until(&from.tags)) {
            object.insert("valid_until".into(), until.to_string().into());
        }
    }

    /// Context: observables that carry the attribute's UUID, and the observed-data that dates them.
    fn observed(
        &mut self,
        from: &mut Attribute,
        uuid: Uuid,
        mut shape: Shape,
        marks: &Marks,
        object: &mut Map<String, Json>,
        path: &str,
    ) {
        let is_file = shape
            .observables
            .first()
            .is_some_and(|first| first.get("type").is_some_and(|kind| kind == "file"));
        if let Some(data) = from.data.text().filter(|data| is_file && said::is_base64(data)) {
            let mut artifact = Map::new();
            artifact.insert("type".into(), "artifact".into());
            artifact.insert("payload_bin".into(), data.into());
            if let Some(file) = shape.observables.first_mut() {
                file.insert("content_ref".into(), format!("artifact--{uuid}").into());
            }
            shape.observables.push(artifact);
            from.data = Text::default();
        }
        let refs = self.observables(shape.observables, |_| uuid, marks, path);
        dates(&from.first_seen, &from.last_seen, time(&from.timestamp).unwrap_or(self.created), object);
        object.insert("object_refs".into(), json!(refs));
    }

    /// Hands on observables under the UUIDs that `uuid_of` gives for their places; their ids.
    pub(super) fn observables(
        &mut self,
        observables: Vec<Map<String, Json>>,
        uuid_of: impl Fn(usize) -> Uuid,
        marks: &Marks,
        path: &str,
    ) -> Vec<String> {
        let (mut refs, mut known) = (Vec::new(), HashSet::new());
        for (at, mut observable) in observables.into_iter().enumerate() {
            let object_type = observable.get("type").and_then(Json::as_str).unwrap_or_default();
            let id = format!("{object_type}--{}", uuid_of(at));
            if !known.insert(id.clone()) {
                continue;
            }
            observable.insert("id".into(), id.clone().into());
            observable.insert("spec_version".into(), "2.1".into());
            marks.mark(&mut observable);
            refs.push(id);
            self.emit_plain(Json::Object(observable), path);
        }
        self.members.extend(refs.iter().cloned());
        refs
    }

    /// Relates an object to the clusters that stand on it.
    pub(super) fn related(&mut self, id: &str, clusters: Vec<String>, drawn: &Many<Analyst>, marks: &Marks) {
        let kind = if id.starts_with("indicator--") { "indicates" } else { "related-to" };
        for cluster in clusters {
            // An analyst who draws the relation says more than that the cluster stands there.
            let is_drawn = |to: &Text| to.text().is_some_and(|uuid| cluster.ends_with(uuid));
            if drawn.iter().any(|analyst| is_drawn(&analyst.related_object_uuid)) {
                self.member(cluster);
                continue;
            }
            self.standing(id, kind, &cluster, marks);
            self.member(cluster);
        }
    }
}

fn made_type(id: &str) -> &str {
    id.split_once("--").map_or(id, |(object_type, _)| object_type)
}

/// What misp-stix says in labels, so that its reader and others find type and category again.
pub(super) fn labels(attribute: &Attribute) -> Vec<String> {
    let said = [("type", &attribute.kind), ("category", &attribute.category)];
    let mut labels: Vec<String> =
        said.iter().filter_map(|(name, text)| Some(format!("misp:{name}=\"{}\"", text.text()?))).collect();
    labels.push(format!("misp:to_ids=\"{}\"", if attribute.to_ids.is_true() { "True" } else { "False" }));
    labels
}

pub(super) fn indicator(from: &Attribute, pattern: &str, language: &str, object: &mut Map<String, Json>) {
    let name: String = from.value.as_str().trim().chars().take(250).collect();
    object.insert("name".into(), name.into());
    put_pattern(pattern, language, object);
    if let Some(category) = from.category.text() {
        add_phase("misp-category", category, object);
    }
}

pub(super) fn put_pattern(pattern: &str, language: &str, object: &mut Map<String, Json>) {
    let is_stix = language.starts_with("stix");
    object.insert("pattern".into(), pattern.into());
    object.insert("pattern_type".into(), if is_stix { "stix" } else { language }.into());
    if is_stix {
        object.insert("pattern_version".into(), "2.1".into());
    }
    object.entry("indicator_types").or_insert_with(|| json!(["malicious-activity"]));
}

pub(super) fn add_phase(chain: &str, phase: &str, object: &mut Map<String, Json>) {
    let phase = json!({ "kill_chain_name": chain, "phase_name": phase });
    match object.get_mut("kill_chain_phases").and_then(Json::as_array_mut) {
        Some(phases) => phases.push(phase),
        None => {
            object.insert("kill_chain_phases".into(), json!([phase]));
        }
    }
}

pub(super) fn vulnerability(name: &str, object: &mut Map<String, Json>) {
    object.insert("name".into(), name.into());
    // Others write the id in small letters; the reference has it as the programme does.
    if let Some(reference) = cve_reference(&name.to_ascii_uppercase()) {
        object.insert("external_references".into(), json!([reference]));
    }
}

/// An attribute that STIX has no place for, as misp-stix names it.
fn custom(from: &Attribute, object: &mut Map<String, Json>) {
    let said = [
        ("x_misp_type", &from.kind),
        ("x_misp_category", &from.category),
        ("x_misp_value", &from.value),
        ("x_misp_comment", &from.comment),
    ];
    for (name, text) in said {
        if let Some(text) = text.text() {
            object.insert(name.into(), text.into());
        }
    }
}

/// First and last observation, and how many: MISP does not count.
pub(super) fn dates(first: &Text, last: &Text, otherwise: stix::Timestamp, object: &mut Map<String, Json>) {
    let first = seen(first).unwrap_or(otherwise);
    let last = seen(last).filter(|last| *last >= first).unwrap_or(first);
    object.insert("first_observed".into(), first.to_string().into());
    object.insert("last_observed".into(), last.to_string().into());
    object.insert("number_observed".into(), 1.into());
}

pub(super) fn seen(text: &Text) -> Option<stix::Timestamp> {
    text.text().and_then(lenient)
}

/// What stays of a deleted attribute: that there was one. Its value and what was said of it were taken back.
pub(super) fn tombstone(attribute: Attribute) -> Attribute {
    Attribute {
        uuid: attribute.uuid,
        kind: attribute.kind,
        category: attribute.category,
        object_relation: attribute.object_relation,
        to_ids: attribute.to_ids,
        timestamp: attribute.timestamp,
        distribution: attribute.distribution,
        deleted: true.into(),
        value: "".into(),
        event: Any::default(),
        tags: Many::default(),
        ..Attribute::default()
    }
}
