//! One event: walks over its parts, keeps what belongs together, and makes the report in the end.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value as Json, json};
use stix::marking::Pap;
use stix::{Finding, ObjectId, Timestamp, Tlp};
use uuid::Uuid;

use super::attribute::{Shape, shape};
use super::context::{MISP_NAMESPACE, Marks, NO_DATE, actor, may_enter, pap_definition};
use crate::misp::wire::{Attribute, Event, Flag, Galaxy, Object, ObjectReference, Report, Sighting, Text};
use crate::read::time::lenient;
use crate::read::{Options, Sink};

/// Reads one event and hands on what it holds.
pub(super) fn read(event: &Event, path: &str, options: &Options, sink: &mut Sink<'_>) {
    Reader::new(event, path, options, sink).run();
}

struct Reader<'e, 's, 'o> {
    event: &'e Event,
    path: &'e str,
    options: &'e Options,
    sink: &'s mut Sink<'o>,
    uuid: Uuid,
    created: Timestamp,
    dated: bool,
    marks: Marks,
    creator: Option<String>,
    /// What the report refers to, in order.
    members: Vec<String>,
    /// The STIX id of each MISP UUID that something was made of.
    made: HashMap<Uuid, String>,
    paps: BTreeSet<Pap>,
}

impl<'e, 's, 'o> Reader<'e, 's, 'o> {
    fn new(event: &'e Event, path: &'e str, options: &'e Options, sink: &'s mut Sink<'o>) -> Self {
        let date = event.date.text().and_then(lenient).or_else(|| time(&event.timestamp));
        let uuid = uuid(&event.uuid).unwrap_or_else(|| {
            let name = format!("{}\n{}", event.info.as_str(), event.date.as_str());
            Uuid::new_v5(&MISP_NAMESPACE, name.as_bytes())
        });
        let mut marks = Marks::of(&event.tags.all);
        if !may_enter(&event.distribution, event.sharing_group.get(), options.circle) {
            marks.tlp.push(Tlp::Red);
        }
        Self {
            event,
            path,
            options,
            sink,
            uuid,
            created: date.unwrap_or(options.as_of),
            dated: date.is_some(),
            marks,
            creator: None,
            members: Vec::new(),
            made: HashMap::new(),
            paps: BTreeSet::new(),
        }
    }

    fn run(mut self) {
        self.complain();
        self.creator();
        for galaxy in &self.event.galaxies.all {
            let actors = self.actors(galaxy);
            self.members.extend(actors);
        }
        for (at, attribute) in self.event.attributes.all.iter().enumerate() {
            self.attribute(attribute, &format!("Attribute[{at}]"), Flag::default());
        }
        for (at, object) in self.event.objects.all.iter().enumerate() {
            self.object(object, &format!("Object[{at}]"));
        }
        for object in &self.event.objects.all {
            self.references(object);
        }
        self.report();
        let paps = std::mem::take(&mut self.paps);
        for pap in paps {
            self.emit(pap_definition(pap), "Tag", true);
        }
    }

    /// Says what of the event itself is read otherwise than it stands, or not at all.
    fn complain(&mut self) {
        let event = self.event;
        if uuid(&event.uuid).is_none() {
            self.warn("misp-uuid", "uuid", "no UUID; one was made from title and date".into());
        }
        if !may_enter(&event.distribution, event.sharing_group.get(), self.options.circle) {
            let message = "the distribution names this organisation or another sharing group alone; it is read as TLP:RED";
            self.warn("misp-distribution", "distribution", message.into());
        }
        for tag in std::mem::take(&mut self.marks.unread) {
            self.warn(
                "misp-mark",
                "Tag",
                format!("`{tag}` is no TLP mark that is known; it is read as TLP:RED"),
            );
        }
        let unread =
            event.attributes.unread + event.objects.unread + event.tags.unread + event.galaxies.unread;
        if unread > 0 {
            self.refuse("misp-malformed", "", format!("{unread} elements are malformed and were skipped"));
        }
        for at in 0..event.proposals.all.len() {
            let message = "a proposal is not part of the event until it is accepted; it was skipped";
            self.warn("misp-proposal", &format!("ShadowAttribute[{at}]"), message.into());
        }
    }

    fn creator(&mut self) {
        let Some(org) = self.event.orgc.get().or(self.event.org.get()) else { return };
        let (Some(uuid), Some(name)) = (uuid(&org.uuid), org.name.text()) else { return };
        let id = format!("identity--{uuid}");
        self.emit(
            json!({
                "type": "identity", "spec_version": "2.1", "id": id, "created": NO_DATE, "modified": NO_DATE,
                "name": name, "identity_class": "organization",
            }),
            "Orgc",
            true,
        );
        self.creator = Some(id);
    }

    /// The ids of a galaxy's clusters; makes the objects that nobody else publishes.
    fn actors(&mut self, galaxy: &Galaxy) -> Vec<String> {
        let mut ids = Vec::new();
        for cluster in &galaxy.clusters.all {
            let kind = galaxy.kind.text().unwrap_or_default();
            match actor(kind, cluster) {
                Some(actor) => {
                    let id = actor.id.to_string();
                    if let Some(object) = actor.object
                        && self.made.insert(actor.id.uuid(), id.clone()).is_none()
                    {
                        self.emit(object, "Galaxy", true);
                    }
                    ids.push(id);
                }
                None => {
                    let name = cluster.value.text().unwrap_or_default();
                    let message = format!(
                        "the cluster `{name}` of the galaxy `{kind}` has no STIX type; it was skipped"
                    );
                    self.warn("misp-galaxy", "Galaxy", message);
                }
            }
        }
        ids
    }

    fn object(&mut self, object: &Object, path: &str) {
        let before = self.members.len();
        let allowed = may_enter(&object.distribution, object.sharing_group.get(), self.options.circle);
        let outer_marks = self.marks.clone();
        if !allowed {
            self.marks.tlp.push(Tlp::Red);
        }
        for (at, attribute) in object.attributes.all.iter().enumerate() {
            self.attribute(attribute, &format!("{path}.Attribute[{at}]"), object.deleted);
        }
        let members = self.members[before..].to_vec();
        if let (Some(uuid), false) = (uuid(&object.uuid), object.deleted.is_true()) {
            self.grouping(object, uuid, &members, path);
        } else if let Some(uuid) = uuid(&object.uuid) {
            self.withdraw(&format!("grouping--{uuid}"));
        }
        self.marks = outer_marks;
    }

    /// A MISP object with more than one part is a grouping of them.
    fn grouping(&mut self, object: &Object, uuid: Uuid, members: &[String], path: &str) {
        match members {
            [] => return,
            [only] => {
                self.made.insert(uuid, only.clone());
                return;
            }
            _ => {}
        }
        let mut grouping = self.common("grouping", uuid, &object.timestamp, &self.marks.clone());
        grouping.insert("name".into(), object.name.text().unwrap_or("object").into());
        grouping.insert("context".into(), "unspecified".into());
        grouping.insert("object_refs".into(), json!(members));
        if let Some(comment) = object.comment.text() {
            grouping.insert("description".into(), comment.into());
        }
        let id = format!("grouping--{uuid}");
        self.made.insert(uuid, id.clone());
        self.members.push(id);
        self.emit(Json::Object(grouping), path, self.dated);
    }

    fn references(&mut self, object: &Object) {
        let Some(from) = uuid(&object.uuid).and_then(|uuid| self.made.get(&uuid).cloned()) else { return };
        for reference in object.references.all.iter().filter(|reference| !reference.deleted.is_true()) {
            self.reference(&from, reference);
        }
    }

    fn reference(&mut self, from: &str, reference: &ObjectReference) {
        let target = uuid(&reference.referenced_uuid);
        let Some(to) = target.and_then(|uuid| self.made.get(&uuid).cloned()) else {
            let named = reference.referenced_uuid.text().unwrap_or_default();
            let message = format!("nothing was made of {named}, so the relation to it was skipped");
            self.warn("misp-reference", "ObjectReference", message);
            return;
        };
        let kind: String = reference.relationship_type.text().unwrap_or("related-to").to_ascii_lowercase();
        let kind: String = kind.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let id = uuid(&reference.uuid);
        self.relationship(id, from, &kind, &to);
    }

    fn relationship(&mut self, id: Option<Uuid>, from: &str, kind: &str, to: &str) {
        let id =
            id.unwrap_or_else(|| Uuid::new_v5(&MISP_NAMESPACE, format!("{from}\n{kind}\n{to}").as_bytes()));
        let mut relationship = self.common("relationship", id, &Text::default(), &self.marks.clone());
        relationship.insert("relationship_type".into(), kind.into());
        relationship.insert("source_ref".into(), from.into());
        relationship.insert("target_ref".into(), to.into());
        self.members.push(format!("relationship--{id}"));
        self.emit(Json::Object(relationship), "", self.dated);
    }

    fn attribute(&mut self, attribute: &Attribute, path: &str, object_deleted: Flag) {
        let kind = attribute.kind.text().unwrap_or_default();
        let value = attribute.value.as_str().trim();
        let uuid = uuid(&attribute.uuid).unwrap_or_else(|| {
            Uuid::new_v5(&MISP_NAMESPACE, format!("{}\n{kind}\n{value}", self.uuid).as_bytes())
        });
        let shape = shape(kind, value);
        if attribute.deleted.is_true() || object_deleted.is_true() {
            let sought = attribute.to_ids.is_true();
            self.withdraw(&format!("{}--{uuid}", if sought { "indicator" } else { "observed-data" }));
            return;
        }
        if attribute.data.text().is_some() {
            self.warn("misp-data", path, "the attached file is not carried over, only what names it".into());
        }
        for _ in &attribute.proposals.all {
            self.warn("misp-proposal", path, "a proposal is no part of the event; it was skipped".into());
        }
        let Some(shape) = shape else {
            let shown: String = value.chars().take(60).collect();
            let message = format!(
                "STIX has no place for `{shown}` as `{kind}`, or it is no such value; it was skipped"
            );
            self.refuse("misp-attribute", path, message);
            return;
        };
        let marks = self.attribute_marks(attribute, path);
        let id = if attribute.to_ids.is_true() || shape.observables.is_empty() {
            self.indicator(attribute, uuid, &shape, &marks, path)
        } else {
            self.observed(attribute, uuid, shape, &marks, path)
        };
        self.made.insert(uuid, id.clone());
        self.members.push(id.clone());
        for galaxy in &attribute.galaxies.all {
            for actor in self.actors(galaxy) {
                self.relationship(
                    None,
                    &id,
                    if id.starts_with("indicator") { "indicates" } else { "related-to" },
                    &actor,
                );
                self.members.push(actor);
            }
        }
        for sighting in &attribute.sightings.all {
            self.sighting(sighting, &id, &marks, path);
        }
    }

    fn attribute_marks(&mut self, attribute: &Attribute, path: &str) -> Marks {
        let mut own = Marks::of(&attribute.tags.all);
        for tag in std::mem::take(&mut own.unread) {
            self.warn(
                "misp-mark",
                path,
                format!("`{tag}` is no TLP mark that is known; it is read as TLP:RED"),
            );
        }
        if !may_enter(&attribute.distribution, attribute.sharing_group.get(), self.options.circle) {
            own.tlp.push(Tlp::Red);
        }
        let marks = own.within(&self.marks);
        self.paps.extend(&marks.pap);
        marks
    }

    fn indicator(
        &mut self,
        from: &Attribute,
        uuid: Uuid,
        shape: &Shape,
        marks: &Marks,
        path: &str,
    ) -> String {
        let mut indicator = self.common("indicator", uuid, &from.timestamp, marks);
        let (pattern, language) = &shape.pattern;
        let name: String = from.value.as_str().trim().chars().take(250).collect();
        indicator.insert("name".into(), name.into());
        indicator.insert("pattern".into(), pattern.clone().into());
        indicator.insert("pattern_type".into(), (*language).into());
        if *language == "stix" {
            indicator.insert("pattern_version".into(), "2.1".into());
        }
        indicator.insert("indicator_types".into(), json!(["malicious-activity"]));
        let valid_from = from
            .first_seen
            .text()
            .and_then(lenient)
            .or_else(|| time(&from.timestamp))
            .unwrap_or(self.created);
        indicator.insert("valid_from".into(), valid_from.to_string().into());
        said(from, &mut indicator);
        self.emit(Json::Object(indicator), path, self.dated);
        format!("indicator--{uuid}")
    }

    /// Context: observables that carry the attribute's UUID, and the observed-data that dates them.
    fn observed(&mut self, from: &Attribute, uuid: Uuid, shape: Shape, marks: &Marks, path: &str) -> String {
        let mut refs = Vec::new();
        for mut observable in shape.observables {
            let object_type = observable.get("type").and_then(Json::as_str).unwrap_or_default();
            let id = format!("{object_type}--{uuid}");
            observable.insert("id".into(), id.clone().into());
            observable.insert("spec_version".into(), "2.1".into());
            mark(&mut observable, marks);
            refs.push(id);
            self.emit(Json::Object(observable), path, true);
        }
        let mut observed = self.common("observed-data", uuid, &from.timestamp, marks);
        let first = from
            .first_seen
            .text()
            .and_then(lenient)
            .or_else(|| time(&from.timestamp))
            .unwrap_or(self.created);
        let last = from.last_seen.text().and_then(lenient).filter(|last| *last >= first).unwrap_or(first);
        observed.insert("first_observed".into(), first.to_string().into());
        observed.insert("last_observed".into(), last.to_string().into());
        observed.insert("number_observed".into(), 1.into());
        observed.insert("object_refs".into(), json!(refs));
        said(from, &mut observed);
        self.members.extend(refs);
        self.emit(Json::Object(observed), path, self.dated);
        format!("observed-data--{uuid}")
    }

    fn sighting(&mut self, sighting: &Sighting, of: &str, marks: &Marks, path: &str) {
        let (Some(uuid), Some(at)) = (uuid(&sighting.uuid), time(&sighting.date_sighting)) else {
            self.refuse("misp-sighting", path, "a sighting without UUID or date was skipped".into());
            return;
        };
        if !matches!(sighting.kind.text(), None | Some("0")) {
            let message = "a false positive or an expiry is not carried over as a sighting; it was skipped";
            self.warn("misp-sighting", path, message.into());
            return;
        }
        let mut object = self.common("sighting", uuid, &sighting.date_sighting, marks);
        object.insert("created".into(), at.to_string().into());
        object.insert("modified".into(), at.to_string().into());
        object.insert("first_seen".into(), at.to_string().into());
        object.insert("last_seen".into(), at.to_string().into());
        object.insert("count".into(), 1.into());
        object.insert("sighting_of_ref".into(), of.into());
        self.emit(Json::Object(object), path, true);
    }

    /// The event itself: a report once published, a grouping before.
    fn report(&mut self) {
        let published = self.event.published.is_true();
        let object_type = if published { "report" } else { "grouping" };
        let id = format!("{object_type}--{}", self.uuid);
        let mut seen = BTreeSet::new();
        self.members.retain(|member| seen.insert(member.clone()));
        if self.members.is_empty() {
            self.members.extend(self.creator.clone());
        }
        let notes: Vec<&Report> =
            self.event.reports.all.iter().filter(|note| !note.deleted.is_true()).collect();
        if self.members.is_empty() {
            self.warn(
                "misp-empty",
                "",
                "nothing in the event became STIX, so there is no report either".into(),
            );
            return;
        }
        let marks = self.marks.clone();
        self.paps.extend(&marks.pap);
        let mut report = self.common(object_type, self.uuid, &self.event.timestamp, &marks);
        report.insert("name".into(), self.event.info.text().unwrap_or("MISP event").into());
        report.insert("object_refs".into(), json!(self.members));
        if published {
            let at = time(&self.event.publish_timestamp).unwrap_or(self.created);
            report.insert("published".into(), at.to_string().into());
            report.insert("report_types".into(), json!(["threat-report"]));
        } else {
            report.insert("context".into(), "suspicious-activity".into());
        }
        if !marks.labels.is_empty() {
            report.insert("labels".into(), json!(marks.labels));
        }
        self.emit(Json::Object(report), "", self.dated);
        for note in notes {
            self.note(note, &id);
        }
    }

    fn note(&mut self, from: &Report, about: &str) {
        let (Some(uuid), Some(content)) = (uuid(&from.uuid), from.content.text()) else {
            self.warn(
                "misp-report",
                "EventReport",
                "an event report without UUID or text was skipped".into(),
            );
            return;
        };
        let mut note = self.common("note", uuid, &from.timestamp, &self.marks.clone());
        note.insert("content".into(), content.into());
        note.insert("object_refs".into(), json!([about]));
        if let Some(name) = from.name.text() {
            note.insert("abstract".into(), name.into());
        }
        self.emit(Json::Object(note), "EventReport", self.dated);
    }

    fn common(&self, object_type: &str, uuid: Uuid, modified: &Text, marks: &Marks) -> Map<String, Json> {
        let modified = time(modified).unwrap_or(self.created).max(self.created);
        let mut object = Map::new();
        object.insert("type".into(), object_type.into());
        object.insert("spec_version".into(), "2.1".into());
        object.insert("id".into(), format!("{object_type}--{uuid}").into());
        object.insert("created".into(), self.created.to_string().into());
        object.insert("modified".into(), modified.to_string().into());
        if let Some(creator) = &self.creator {
            object.insert("created_by_ref".into(), creator.clone().into());
        }
        mark(&mut object, marks);
        object
    }

    fn emit(&mut self, object: Json, path: &str, dated: bool) {
        let path = self.place(path);
        self.sink.object(object.to_string(), &path, dated);
    }

    fn withdraw(&mut self, id: &str) {
        if let Ok(id) = ObjectId::parse(id) {
            self.sink.withdrawal(id, "deleted in MISP".into());
        }
    }

    fn warn(&mut self, code: &'static str, path: &str, message: String) {
        let path = self.place(path);
        self.sink.finding(Finding::warning(code, path, message));
    }

    fn refuse(&mut self, code: &'static str, path: &str, message: String) {
        let path = self.place(path);
        self.sink.finding(Finding::error(code, path, message));
    }

    fn place(&self, path: &str) -> String {
        let name = self.event.uuid.text().unwrap_or("event");
        [self.path, name, path].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(".")
    }
}

fn mark(object: &mut Map<String, Json>, marks: &Marks) {
    let references = marks.references();
    if !references.is_empty() {
        object.insert("object_marking_refs".into(), json!(references));
    }
}

/// What MISP says beside the value; in properties of our own where STIX has none.
fn said(from: &Attribute, object: &mut Map<String, Json>) {
    let mut labels: Vec<&str> = from.tags.all.iter().filter_map(|tag| tag.name.text()).collect();
    labels.retain(|label| {
        let lower = label.to_ascii_lowercase();
        !lower.starts_with("tlp:") && !lower.starts_with("pap:")
    });
    if !labels.is_empty() {
        object.insert("labels".into(), json!(labels));
    }
    let texts = [
        (if object.contains_key("pattern") { "description" } else { "x_misp_comment" }, &from.comment),
        ("x_misp_type", &from.kind),
        ("x_misp_category", &from.category),
        ("x_misp_value", &from.value),
        ("x_misp_object_relation", &from.object_relation),
        ("x_misp_first_seen", &from.first_seen),
        ("x_misp_last_seen", &from.last_seen),
    ];
    for (name, text) in texts {
        if let Some(text) = text.text() {
            object.insert(name.into(), text.into());
        }
    }
}

fn uuid(text: &Text) -> Option<Uuid> {
    text.text().and_then(|text| Uuid::try_parse(text).ok())
}

/// MISP's timestamps are seconds since 1970, as text; `0` means none.
fn time(text: &Text) -> Option<Timestamp> {
    text.text().filter(|text| *text != "0").and_then(lenient)
}
