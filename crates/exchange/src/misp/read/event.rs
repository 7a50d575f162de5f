//! One event: walks over its parts, keeps what belongs together, and makes the report in the end.
//!
//! What each element becomes is in `attribute`, `element`, `object`, `galaxy` and `said`; here is what they share: the
//! ids that were made, the marks of the event, and the way out.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use stix::marking::Pap;
use stix::{Finding, ObjectId, Timestamp, Tlp};
use uuid::Uuid;

use super::context::{MISP_NAMESPACE, Marks, NO_DATE, keep_shared, may_enter, pap_definition};
use super::said::{self, Relation};
use super::simple::{Frame, Ready};
use crate::misp::extension;
use crate::misp::wire::{Attribute, Event, Malformed, Many, Object, Org, Place, Report, Strip, Tag, Text};
use crate::read::time::lenient;
use crate::read::{Options, Sink};

/// Reads one event and hands on what it holds.
pub(super) fn read(mut event: Event, path: &str, options: &Options, sink: &mut Sink<'_>) {
    event.strip();
    keep_shared(&mut event.tags);
    let in_objects = event.objects.all.iter_mut().flat_map(|object| &mut object.attributes.all);
    let attributes = event.attributes.all.iter_mut().chain(in_objects).map(|attribute| &mut attribute.tags);
    attributes.chain(event.reports.all.iter_mut().map(|report| &mut report.tags)).for_each(keep_shared);
    Reader::new(&event, path, options, sink).run(event);
}

/// Most objects that a report is made to name. What comes after carries the event's UUID instead.
const MEMBERS_MAX: usize = stix::head::REFERENCES_MAX - 1_000;

pub(super) struct Reader<'e, 's, 'o> {
    path: String,
    pub(super) options: &'e Options,
    sink: &'s mut Sink<'o>,
    pub(super) uuid: Uuid,
    pub(super) created: Timestamp,
    pub(super) dated: bool,
    pub(super) marks: Marks,
    pub(super) creator: Option<String>,
    /// What the report refers to, in order.
    pub(super) members: Vec<String>,
    /// The STIX id of each MISP UUID that something was made of.
    pub(super) made: HashMap<Uuid, String>,
    /// Whose each cluster's UUID is: galaxy and name.
    pub(super) clusters: HashMap<Uuid, String>,
    /// The tags of clusters that only some may see: nothing that all see is tagged with them.
    pub(super) private: HashSet<String>,
    /// UUIDs of elements that were read.
    pub(super) taken: HashSet<Uuid>,
    /// Identities and clusters that were handed on.
    pub(super) known: HashSet<String>,
    pub(super) paps: BTreeSet<Pap>,
    /// Relations that are to be made once everything that they may point to is.
    pub(super) relations: Vec<Relation>,
    /// What the report refers to outside: links that were its references before it became an event.
    pub(super) links: Vec<Json>,
    /// What stays of deleted attributes and objects.
    pub(super) gone: Vec<Attribute>,
    pub(super) gone_objects: Vec<Object>,
    /// Whether something handed on uses the extension, which then goes along.
    pub(super) extended: bool,
}

impl<'e, 's, 'o> Reader<'e, 's, 'o> {
    fn new(event: &Event, path: &str, options: &'e Options, sink: &'s mut Sink<'o>) -> Self {
        let date = event.date.text().and_then(lenient).or_else(|| time(&event.timestamp));
        let named = uuid(&event.uuid);
        let made_up = || {
            let name = format!("{}\n{}", event.info.as_str(), event.date.as_str());
            Uuid::new_v5(&MISP_NAMESPACE, name.as_bytes())
        };
        let name = event.uuid.text().unwrap_or(if is_collection(event) { "" } else { "event" });
        let mut marks = Marks::of(&event.tags);
        if !may_enter(&event.distribution, event.sharing_group.get(), options.circle) {
            marks.tlp.push(Tlp::Red);
        }
        Self {
            path: join(path, name),
            options,
            sink,
            uuid: named.unwrap_or_else(made_up),
            created: date.unwrap_or(options.as_of),
            dated: date.is_some(),
            marks,
            creator: None,
            members: Vec::new(),
            made: HashMap::new(),
            clusters: HashMap::new(),
            private: HashSet::new(),
            taken: HashSet::new(),
            known: HashSet::new(),
            paps: BTreeSet::new(),
            relations: Vec::new(),
            links: Vec::new(),
            gone: Vec::new(),
            gone_objects: Vec::new(),
            extended: false,
        }
    }

    fn run(mut self, mut event: Event) {
        self.complain(&event);
        let creator = event.orgc.0.take().or_else(|| event.org.0.take());
        self.creator = creator.and_then(|org| self.identity(&org, "Orgc"));
        event.org.0 = None;
        for cluster in self.galaxies(&mut event.galaxies, "Galaxy") {
            self.member(cluster);
        }
        let places = event.attributes.places();
        let attributes = std::mem::take(&mut event.attributes.all);
        let ready = Frame::of(&self).all(&attributes);
        for (at, (attribute, ready)) in places.zip(attributes.into_iter().zip(ready)) {
            if self.sink.stopped {
                return;
            }
            match ready {
                Some(ready) if self.members.len() < MEMBERS_MAX && self.taken.insert(ready.uuid) => {
                    self.simple(ready, at)
                }
                _ => self.attribute(attribute, &format!("Attribute[{at}]")),
            }
        }
        let places = event.objects.places();
        for (at, object) in places.zip(std::mem::take(&mut event.objects.all)) {
            if self.sink.stopped {
                return;
            }
            self.object(object, &format!("Object[{at}]"));
        }
        self.relate();
        if !is_collection(&event) {
            event.attributes.all = std::mem::take(&mut self.gone);
            event.objects.all = std::mem::take(&mut self.gone_objects);
            self.report(event);
        }
        for pap in std::mem::take(&mut self.paps) {
            self.emit_plain(pap_definition(pap), "Tag");
        }
        if self.extended {
            for object in extension::objects() {
                self.emit_plain(object, "");
            }
        }
    }

    /// Hands on what was made on the short way.
    fn simple(&mut self, ready: Ready, at: usize) {
        let id = format!("indicator--{}", ready.uuid);
        self.made.insert(ready.uuid, id.clone());
        self.member(id);
        self.extended = true;
        match ready.head {
            Ok(head) => self.sink.checked(ready.raw, head, self.dated),
            Err(finding) => {
                let path = join(&self.path, &format!("Attribute[{at}]"));
                self.sink.finding(finding.within(&path));
            }
        }
    }

    /// Has the report refer to an object, if its type lets it.
    pub(super) fn member(&mut self, id: String) {
        if !extension::is_own(&id) {
            self.members.push(id);
        }
    }

    /// Says what of the event itself is read otherwise than it stands, or not at all.
    fn complain(&mut self, event: &Event) {
        event.malformed(&Place::outermost(), &mut |path, count| {
            let message = match count {
                1 => "the element is malformed and was skipped".to_owned(),
                more => {
                    format!("{more} elements of the list are malformed, this the first; they were skipped")
                }
            };
            self.refuse("misp-malformed", &path, message);
        });
        if is_collection(event) {
            return;
        }
        if uuid(&event.uuid).is_none() {
            self.warn("misp-uuid", "uuid", "no UUID; one was made from title and date".into());
        }
        if !may_enter(&event.distribution, event.sharing_group.get(), self.options.circle) {
            let message = "the distribution names this organisation or another sharing group alone; it is read as TLP:RED";
            self.warn("misp-distribution", "distribution", message.into());
        }
        let mut marks = std::mem::take(&mut self.marks);
        self.complain_of_marks(&mut marks, "Tag");
        self.marks = marks;
    }

    /// Says which tags of an element say nothing, and which marks count as TLP:RED; once.
    pub(super) fn complain_of_marks(&mut self, marks: &mut Marks, path: &str) {
        for tag in std::mem::take(&mut marks.unread) {
            let message = format!("`{tag}` is no TLP mark that is known; it is read as TLP:RED");
            self.warn("misp-mark", path, message);
        }
        let nameless = std::mem::take(&mut marks.nameless);
        if nameless > 0 {
            let message = format!("{nameless} tags have no name, and say nothing");
            self.warn("misp-incomplete", path, message);
        }
    }

    /// The identity of an organisation, handed on once.
    pub(super) fn identity(&mut self, org: &Org, path: &str) -> Option<String> {
        let name = org.name.text()?;
        let uuid = uuid(&org.uuid)
            .unwrap_or_else(|| Uuid::new_v5(&MISP_NAMESPACE, format!("organisation\n{name}").as_bytes()));
        let id = format!("identity--{uuid}");
        if self.known.insert(id.clone()) {
            let identity = json!({
                "type": "identity", "spec_version": "2.1", "id": id, "created": NO_DATE, "modified": NO_DATE,
                "name": name, "identity_class": "organization",
            });
            self.emit_plain(identity, path);
        }
        Some(id)
    }

    /// The event itself: a report once published, a grouping before.
    fn report(&mut self, mut event: Event) {
        let published = event.published.is_true();
        let object_type = if published { "report" } else { "grouping" };
        let id = format!("{object_type}--{}", self.uuid);
        self.made.insert(self.uuid, id.clone());
        let mut seen = HashSet::new();
        let is_first: Vec<bool> = self.members.iter().map(|member| seen.insert(member.as_str())).collect();
        let mut is_first = is_first.into_iter();
        self.members.retain(|_| is_first.next() == Some(true));
        if self.members.len() > MEMBERS_MAX {
            self.members.truncate(MEMBERS_MAX);
            let message = format!(
                "a report can name {MEMBERS_MAX} objects; the others say themselves where they belong"
            );
            self.warn("misp-members", "", message);
        }
        let is_empty = self.members.is_empty();
        if is_empty {
            self.members.push(format!("note--{}", self.uuid));
        }
        let marks = self.marks.clone();
        self.paps.extend(&marks.pap);
        let mut report = self.common(object_type, self.uuid, &event.timestamp, &marks);
        report.insert("name".into(), event.info.text().unwrap_or("MISP event").into());
        report.insert("object_refs".into(), json!(self.members));
        if published {
            let at = time(&event.publish_timestamp).unwrap_or(self.created);
            report.insert("published".into(), at.to_string().into());
        } else {
            report.insert("context".into(), "suspicious-activity".into());
        }
        let described = event.reports.iter().find(|report| is_description(report, self.uuid));
        if let Some(description) = described.map(|report| report.content.as_str()) {
            report.insert("description".into(), description.into());
        }
        if !self.links.is_empty() {
            report.insert("external_references".into(), std::mem::take(&mut self.links).into());
        }
        say(&marks, &["misp:tool=\"Bongsu\"".to_owned()], &mut report);
        let texts = std::mem::take(&mut event.reports.all);
        event.reports = texts.iter().filter_map(|text| self.carried(text)).collect::<Vec<_>>().into();
        let apart = self.set_apart([&mut event.notes, &mut event.opinions, &mut event.relationships]);
        self.untag(&mut event.tags);
        self.emit_with(report, extension::EVENT, &event, "");
        if is_empty {
            self.empty(&id);
        }
        let uuid = self.uuid;
        for text in texts.iter().filter(|report| !is_description(report, uuid)) {
            self.note(text, &id);
        }
        self.analysts(&event.notes, &event.opinions, &event.relationships, &id);
        self.said_apart(&apart, &id);
        self.relate();
    }

    /// What the event itself keeps of a report: all of it, that it was deleted, or nothing if fewer may see it than the event.
    fn carried(&self, text: &Report) -> Option<Report> {
        if self.is_stricter(&self.report_marks(text)) {
            return None;
        }
        if !text.deleted.is_true() {
            return Some(text.clone());
        }
        let (uuid, timestamp) = (text.uuid.clone(), text.timestamp.clone());
        Some(Report { uuid, timestamp, deleted: true.into(), ..Report::default() })
    }

    /// Takes the tags of clusters away that only some may see.
    pub(super) fn untag(&self, tags: &mut Many<Tag>) {
        tags.all.retain(|tag| !self.private.contains(tag.name.as_str()));
    }

    /// Whether something is marked more strictly than the event.
    pub(super) fn is_stricter(&self, own: &Marks) -> bool {
        own.tlp.iter().max() > self.marks.tlp.iter().max()
    }

    /// An event without anything in it is a report about a note that says so: STIX has no empty reports.
    fn empty(&mut self, about: &str) {
        let mut note = self.common("note", self.uuid, &Text::default(), &self.marks.clone());
        note.insert(
            "content".into(),
            "Nothing in this MISP event is of a type that a report can name.".into(),
        );
        note.insert("object_refs".into(), json!([about]));
        self.emit_plain(Json::Object(note), "");
    }

    pub(super) fn common(
        &self,
        object_type: &str,
        uuid: Uuid,
        modified: &Text,
        marks: &Marks,
    ) -> Map<String, Json> {
        let modified = time(modified).unwrap_or(self.created);
        let mut object = Map::new();
        object.insert("type".into(), object_type.into());
        object.insert("spec_version".into(), "2.1".into());
        object.insert("id".into(), format!("{object_type}--{uuid}").into());
        // The date is a day where the event was made: what was made there in the morning is older in UTC.
        object.insert("created".into(), self.created.min(modified).to_string().into());
        object.insert("modified".into(), modified.to_string().into());
        if let Some(creator) = &self.creator {
            object.insert("created_by_ref".into(), creator.clone().into());
        }
        marks.mark(&mut object);
        object
    }

    /// Hands on an object with the MISP element that it was made of.
    pub(super) fn emit_with<R: Serialize>(
        &mut self,
        mut object: Map<String, Json>,
        name: &str,
        element: &R,
        path: &str,
    ) {
        extension::declare(&mut object);
        let beyond = self.members.len() >= MEMBERS_MAX;
        if beyond || object.get("id").and_then(Json::as_str).is_some_and(extension::is_own) {
            object.insert(extension::EVENT_UUID.into(), self.uuid.to_string().into());
        }
        self.extended = true;
        let (Ok(mut raw), Ok(element)) = (serde_json::to_string(&object), serde_json::to_string(element))
        else {
            return;
        };
        let element = extension::saying_something(element);
        // The element goes in as text: building a tree of it first would cost more than all the rest.
        raw.pop();
        raw.extend([",\"", name, "\":", &element, "}"]);
        let path = join(&self.path, path);
        let dated = self.is_dated(&object);
        self.sink.object(raw, &path, dated);
    }

    /// Hands on an object that is STIX alone.
    pub(super) fn emit_plain(&mut self, object: Json, path: &str) {
        let dated = object.as_object().is_none_or(|object| self.is_dated(object));
        let path = join(&self.path, path);
        self.sink.object(object.to_string(), &path, dated);
    }

    /// Whether something says by itself when it was made. Organisations and clusters do not: what a circle has of them stays.
    fn is_dated(&self, object: &Map<String, Json>) -> bool {
        match object.get("created") {
            None => true,
            Some(created) => self.dated && created != NO_DATE,
        }
    }

    pub(super) fn withdraw(&mut self, id: &str) {
        if let Ok(id) = ObjectId::parse(id) {
            self.sink.withdrawal(id, "deleted in MISP".into());
        }
    }

    pub(super) fn warn(&mut self, code: &'static str, path: &str, message: String) {
        let path = join(&self.path, path);
        self.sink.finding(Finding::warning(code, path, message));
    }

    pub(super) fn refuse(&mut self, code: &'static str, path: &str, message: String) {
        let path = join(&self.path, path);
        self.sink.finding(Finding::error(code, path, message));
    }
}

/// The report that holds what a STIX report's description said before it became an event.
pub(in crate::misp) fn description_uuid(event: Uuid) -> Uuid {
    Uuid::new_v5(&MISP_NAMESPACE, format!("{event}\ndescription").as_bytes())
}

fn is_description(report: &Report, event: Uuid) -> bool {
    uuid(&report.uuid) == Some(description_uuid(event))
}

/// Attributes or objects that a search gave, without their event.
fn is_collection(event: &Event) -> bool {
    event.uuid.text().is_none() && event.info.text().is_none()
}

/// Labels, confidence and properties that tags state; `first` are labels about MISP itself.
pub(super) fn say(marks: &Marks, first: &[String], object: &mut Map<String, Json>) {
    let mut known = HashSet::new();
    let labels: Vec<Json> = first
        .iter()
        .chain(&marks.labels)
        .filter(|label| known.insert(label.as_str()))
        .map(|label| label.as_str().into())
        .collect();
    object.insert("labels".into(), labels.into());
    if let Some(confidence) = marks.confidence {
        object.insert("confidence".into(), confidence.into());
    }
    said::properties(&marks.properties, object);
}

fn join(outer: &str, inner: &str) -> String {
    [outer, inner].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(".")
}

pub(in crate::misp) fn uuid(text: &Text) -> Option<Uuid> {
    text.text().and_then(|text| Uuid::try_parse(text).ok())
}

/// MISP's timestamps are seconds since 1970, as text; `0` means none.
pub(super) fn time(text: &Text) -> Option<Timestamp> {
    let text = text.text().filter(|text| *text != "0")?;
    let seconds =
        text.parse::<i64>().ok().filter(|seconds| (1_000_000_000..10_000_000_000).contains(seconds));
    let Some(seconds) = seconds else { return lenient(text) };
    // The usual case, without the trials of the lenient reader.
    let written = Timestamp::from_micros(seconds * 1_000_000).to_string();
    Timestamp::parse(&format!("{}.000Z", written.get(..19)?)).ok()
}
