//! A MISP object: one indicator when something of it is to be looked for, else observed data, a thing that STIX has a
//! type for, or what misp-stix calls `x-misp-object`.
//!
//! To look for an object is to look for any of its values that identify it by themselves, as MISP's own exports do; only
//! where there is none do the weaker ones count, together if they are of one thing. A `stix2-pattern` among the
//! attributes is the pattern, whole.

use serde_json::{Map, Value as Json, json};
use stix::Timestamp;
use uuid::Uuid;

use super::attribute::{Shape, Strength, alternatives, shape};
use super::context::{MISP_NAMESPACE, Marks, may_enter};
use super::element::{add_phase, dates, put_pattern, seen, tombstone, vulnerability};
use super::event::{Reader, say, time, uuid};
use super::said;
use crate::misp::extension;
use crate::misp::template::{self, Form, Row};
use crate::misp::wire::{Attribute, Object};
use crate::read::time::lenient;
use stix::Tlp;

/// What an object becomes.
enum Made {
    Indicator { pattern: String, language: &'static str },
    Thing(&'static Thing),
    Observed(Vec<(Uuid, Map<String, Json>)>),
    Custom,
}

/// A template whose objects are things that STIX has a type for.
struct Thing {
    template: &'static str,
    object_type: &'static str,
    /// The roles that give the name, the first that is there.
    name: &'static [&'static str],
    class: &'static str,
}

const fn thing(
    template: &'static str,
    object_type: &'static str,
    name: &'static [&'static str],
    class: &'static str,
) -> Thing {
    Thing { template, object_type, name, class }
}

/// Source: misp-stix mapping documents (objects).
const THINGS: &[Thing] = &[
    thing("attack-pattern", "attack-pattern", &["name", "id"], ""),
    thing("course-of-action", "course-of-action", &["name"], ""),
    thing("employee", "identity", &["full-name", "first-name", "last-name", "email-address"], "individual"),
    thing("identity", "identity", &["name"], ""),
    thing("intrusion-set", "intrusion-set", &["name"], ""),
    thing("legal-entity", "identity", &["name"], "organization"),
    thing("malware", "malware", &["name"], ""),
    thing("news-agency", "identity", &["name"], "organization"),
    thing("organization", "identity", &["name"], "organization"),
    thing("person", "identity", &["full-name", "first-name", "last-name", "alias"], "individual"),
    thing("vulnerability", "vulnerability", &["id", "name", "summary"], ""),
];

impl Reader<'_, '_, '_> {
    pub(super) fn object(&mut self, mut object: Object, path: &str) {
        let uuid = self.object_uuid(&mut object, path);
        let mut marks = Marks::default();
        if !may_enter(&object.distribution, object.sharing_group.get(), self.options.circle) {
            marks.tlp.push(Tlp::Red);
        }
        let (mut clusters, mut apart) = (Vec::new(), Vec::new());
        if !object.deleted.is_true() {
            self.complain_of_gaps(&[("name", &object.name)], path);
        }
        let places = object.attributes.places();
        let mut attributes = std::mem::take(&mut object.attributes.all);
        for (at, attribute) in places.zip(&mut attributes) {
            let place = format!("{path}.Attribute[{at}]");
            let own = self.attribute_uuid(attribute, uuid, &place);
            Self::name_sightings(own, &mut attribute.sightings);
            let own_marks = self.attribute_marks(attribute, &place);
            if attribute.deleted.is_true() {
                let is_hidden = self.is_stricter(&own_marks);
                *attribute =
                    if is_hidden { Attribute::default() } else { tombstone(std::mem::take(attribute)) };
                continue;
            }
            self.complain_of_gaps(&[("type", &attribute.kind), ("value", &attribute.value)], &place);
            marks.join(own_marks);
            clusters.extend(self.galaxies(&mut attribute.galaxies, &place));
            let lists = [&mut attribute.notes, &mut attribute.opinions, &mut attribute.relationships];
            apart.push(self.set_apart(lists));
        }
        apart.push(self.set_apart([&mut object.notes, &mut object.opinions, &mut object.relationships]));
        // Those who could not see a deleted attribute don't learn that it was there.
        attributes.retain(|attribute| !attribute.kind.is_absent());
        attributes.iter_mut().for_each(|attribute| self.untag(&mut attribute.tags));
        let is_stricter = self.is_stricter(&marks);
        let marks = marks.within(&self.marks);
        let made = made(&object, uuid, &attributes);
        let id = format!("{}--{uuid}", made.object_type());
        if object.deleted.is_true() {
            self.withdraw(&id);
            object.comment = "".into();
            object.references.all.clear();
            object.attributes.all = attributes.into_iter().map(tombstone).collect();
            if !is_stricter {
                self.gone_objects.push(object);
            }
            return;
        }
        self.paps.extend(&marks.pap);
        self.made.insert(uuid, id.clone());
        for uuid in attributes.iter().filter_map(|attribute| super::event::uuid(&attribute.uuid)) {
            self.made.insert(uuid, id.clone());
        }
        self.member(id.clone());
        let stix = self.made_object(made, uuid, &object, &attributes, &marks, path);
        object.attributes.all = attributes;
        self.emit_with(stix, extension::OBJECT, &object, path);
        self.related(&id, clusters, &object.relationships, &marks);
        self.said_of(&object, &id, &marks, path);
        apart.iter().for_each(|apart| self.said_apart(apart, &id));
    }

    fn object_uuid(&mut self, object: &mut Object, path: &str) -> Uuid {
        let given = uuid(&object.uuid);
        if let Some(given) = given.filter(|given| self.taken.insert(*given)) {
            return given;
        }
        if !object.uuid.is_absent() {
            let message = format!(
                "`{}` is no UUID, or another element has it too; this object got one of its own",
                object.uuid.as_str()
            );
            self.warn("misp-uuid", path, message);
        }
        let values: Vec<&str> = object.attributes.iter().map(|attribute| attribute.value.as_str()).collect();
        let name = format!("{}\n{}\n{}", self.uuid, object.name.as_str(), values.join("\n"));
        let made = Uuid::new_v5(&MISP_NAMESPACE, name.as_bytes());
        self.taken.insert(made);
        object.uuid = made.to_string().into();
        made
    }

    fn made_object(
        &mut self,
        made: Made,
        uuid: Uuid,
        object: &Object,
        attributes: &[Attribute],
        marks: &Marks,
        path: &str,
    ) -> Map<String, Json> {
        let changed = latest(object, attributes);
        let mut stix = self.common(made.object_type(), uuid, &changed, marks);
        say(marks, &labels(object, attributes), &mut stix);
        let comment = object.comment.text();
        match made {
            Made::Indicator { pattern, language } => {
                put_pattern(&pattern, language, &mut stix);
                stix.insert("name".into(), title(object, attributes).into());
                if let Some(category) = object.meta_category.text() {
                    add_phase("misp-category", category, &mut stix);
                }
                let first = seen(&object.first_seen).or_else(|| time(&changed)).unwrap_or(self.created);
                stix.insert("valid_from".into(), first.to_string().into());
                let until = seen(&object.last_seen).filter(|until| *until > first);
                let says = attributes.iter().any(|attribute| said::says_until(&attribute.tags));
                if let Some(until) = until.filter(|_| says) {
                    stix.insert("valid_until".into(), until.to_string().into());
                }
                if let Some(comment) = comment {
                    stix.insert("description".into(), comment.into());
                }
            }
            Made::Thing(thing) => thing.fill(attributes, comment, &mut stix),
            Made::Observed(observables) => {
                dates(
                    &object.first_seen,
                    &object.last_seen,
                    time(&changed).unwrap_or(self.created),
                    &mut stix,
                );
                let uuids: Vec<Uuid> = observables.iter().map(|(uuid, _)| *uuid).collect();
                let all = observables.into_iter().map(|(_, observable)| observable).collect();
                let refs = self.observables(all, |at| uuids.get(at).copied().unwrap_or(uuid), marks, path);
                stix.insert("object_refs".into(), json!(refs));
            }
            Made::Custom => {
                stix.insert("x_misp_name".into(), object.name.as_str().into());
                stix.insert("x_misp_meta_category".into(), object.meta_category.as_str().into());
                if !attributes.is_empty() {
                    stix.insert(
                        "x_misp_attributes".into(),
                        attributes.iter().map(custom).collect::<Vec<_>>().into(),
                    );
                }
                if let Some(comment) = comment {
                    stix.insert("x_misp_comment".into(), comment.into());
                }
            }
        }
        stix
    }
}

/// The pattern of the indicator that the object would become.
pub(in crate::misp) fn pattern_of_object(object: &Object) -> Option<String> {
    match made(object, uuid(&object.uuid)?, &object.attributes.all) {
        Made::Indicator { pattern, .. } => Some(pattern),
        _ => None,
    }
}

impl Made {
    const fn object_type(&self) -> &'static str {
        match self {
            Self::Indicator { .. } => "indicator",
            Self::Thing(thing) => thing.object_type,
            Self::Observed(_) => "observed-data",
            Self::Custom => "x-misp-object",
        }
    }
}

fn made(object: &Object, uuid: Uuid, attributes: &[Attribute]) -> Made {
    let there: Vec<&Attribute> = attributes.iter().filter(|attribute| !attribute.deleted.is_true()).collect();
    let shapes: Vec<(&Attribute, Shape)> = there
        .iter()
        .filter_map(|attribute| {
            Some((*attribute, shape(attribute.kind.text()?, attribute.value.as_str().trim())?))
        })
        .collect();
    if let Some((_, rule)) = shapes.iter().find(|(_, shape)| shape.language != "stix") {
        return Made::Indicator { pattern: rule.pattern(), language: rule.language };
    }
    let sought: Vec<&Shape> =
        shapes.iter().filter(|(attribute, _)| attribute.to_ids.is_true()).map(|(_, shape)| shape).collect();
    if let Some(pattern) = pattern(&sought) {
        return Made::Indicator { pattern, language: "stix" };
    }
    let name = object.name.text().unwrap_or_default();
    if let Some(thing) =
        THINGS.iter().find(|thing| thing.template == name && thing.named(attributes).is_some())
    {
        return Made::Thing(thing);
    }
    let observables = observables(name, uuid, &shapes, &there);
    if observables.is_empty() { Made::Custom } else { Made::Observed(observables) }
}

/// The pattern that any identifying value satisfies, or all others of one thing together.
fn pattern(sought: &[&Shape]) -> Option<String> {
    let of = |strength| {
        let tests =
            sought.iter().filter(|shape| shape.strength == strength).flat_map(|shape| shape.tests.clone());
        let mut all: Vec<String> = Vec::new();
        for test in tests {
            if !all.contains(&test) {
                all.push(test);
            }
        }
        all
    };
    let alone = of(Strength::Alone);
    if !alone.is_empty() {
        return Some(alternatives(&alone));
    }
    let together = of(Strength::Together);
    let root = |test: &str| test.split(':').next().map(str::to_owned);
    let one_thing = together.windows(2).all(|two| root(&two[0]) == root(&two[1]));
    match together.as_slice() {
        [] => None,
        _ if one_thing => Some(format!("[{}]", together.join(" AND "))),
        _ => Some(alternatives(&together)),
    }
}

/// The observables of an object: its template's own with what belongs to it, and those that stand beside.
fn observables(
    name: &str,
    uuid: Uuid,
    shapes: &[(&Attribute, Shape)],
    attributes: &[&Attribute],
) -> Vec<(Uuid, Map<String, Json>)> {
    let mut main = Map::new();
    let mut others: Vec<(Uuid, Map<String, Json>)> = Vec::new();
    let mut placed = Vec::new();
    for attribute in attributes {
        let (Some(relation), Some(own)) = (attribute.object_relation.text(), uuid_of(attribute)) else {
            continue;
        };
        let Some(row) = template::role(name, relation) else { continue };
        if template::named(row.template).is_some_and(|template| !template.object_type.is_empty())
            && place(row, attribute.value.as_str().trim(), own, &mut main, &mut others)
        {
            placed.push(own);
        }
    }
    for (attribute, shape) in shapes {
        let Some(own) = uuid_of(attribute).filter(|own| !placed.contains(own)) else { continue };
        others.extend(shape.observables.iter().map(|observable| (own, observable.clone())));
    }
    finish(name, uuid, main, others)
}

/// Completes the main observable with what its type must have; without that its parts stand alone.
fn finish(
    name: &str,
    uuid: Uuid,
    mut main: Map<String, Json>,
    mut others: Vec<(Uuid, Map<String, Json>)>,
) -> Vec<(Uuid, Map<String, Json>)> {
    let has = |main: &Map<String, Json>, names: &[&str]| names.iter().any(|name| main.contains_key(*name));
    let fine = match main.get("type").and_then(Json::as_str) {
        None => false,
        Some("network-traffic") => {
            main.entry("protocols").or_insert_with(|| json!(["tcp"]));
            has(&main, &["src_ref", "dst_ref"])
        }
        Some("email-message") => {
            main.insert("is_multipart".into(), false.into());
            true
        }
        Some("file") => has(&main, &["hashes", "name"]),
        Some("artifact") => main.contains_key("url") && main.contains_key("hashes"),
        Some("autonomous-system") => main.contains_key("number"),
        Some("directory") => main.contains_key("path"),
        Some("mutex" | "software") => main.contains_key("name"),
        Some("url") => main.contains_key("value"),
        Some("cryptocurrency-wallet") => false,
        Some(_) => true,
    };
    if name == "domain-ip" {
        resolve(&mut others);
    }
    if fine {
        others.insert(0, (uuid, main));
    }
    others
}

/// Domains of an object resolve to the addresses beside them.
fn resolve(others: &mut [(Uuid, Map<String, Json>)]) {
    let kind =
        |observable: &Map<String, Json>| observable.get("type").and_then(Json::as_str).map(str::to_owned);
    let addresses: Vec<String> = others
        .iter()
        .filter_map(|(uuid, observable)| Some((uuid, kind(observable)?)))
        .filter(|(_, kind)| kind == "ipv4-addr" || kind == "ipv6-addr")
        .map(|(uuid, kind)| format!("{kind}--{uuid}"))
        .collect();
    for (_, observable) in
        others.iter_mut().filter(|(_, observable)| kind(observable).as_deref() == Some("domain-name"))
    {
        if !addresses.is_empty() {
            observable.insert("resolves_to_refs".into(), json!(addresses));
        }
    }
}

/// Puts a value where its row says, in the main observable or in one that it refers to; false if it can't stand there.
fn place(
    row: &Row,
    value: &str,
    own: Uuid,
    main: &mut Map<String, Json>,
    others: &mut Vec<(Uuid, Map<String, Json>)>,
) -> bool {
    let Some((object_type, path)) = row.path.split_once(':') else { return false };
    let Some(json) = formed(row.form, value) else { return false };
    if let Some(reference) = path
        .strip_suffix(".value")
        .or_else(|| path.strip_suffix(".path"))
        .or_else(|| path.strip_suffix(".name"))
    {
        let target =
            shape(row.kind, value).and_then(|shape| shape.observables.into_iter().next()).or_else(|| {
                let path_of = |key: &str| json!({ "type": "directory", key: value }).as_object().cloned();
                (reference == "parent_directory_ref").then(|| path_of("path")).flatten()
            });
        let Some(target) = target else { return false };
        let id = format!("{}--{own}", target.get("type").and_then(Json::as_str).unwrap_or_default());
        match reference.strip_suffix("[*]") {
            Some(list) => push(main, list, id.into()),
            None if reference.contains("[*]") || main.contains_key(reference) => return false,
            None => {
                main.insert(reference.into(), id.into());
            }
        }
        others.push((own, target));
    } else if let Some(algorithm) = path.strip_prefix("hashes.") {
        let observable = shape(row.kind, value).and_then(|shape| shape.observables.into_iter().next());
        let Some(digest) = observable.as_ref().and_then(|one| one.get("hashes")?.get(algorithm)) else {
            return false;
        };
        let hashes = main.entry("hashes").or_insert_with(|| json!({}));
        let Some(hashes) = hashes.as_object_mut().filter(|hashes| !hashes.contains_key(algorithm)) else {
            return false;
        };
        hashes.insert(algorithm.into(), digest.clone());
    } else if let Some(field) = path.strip_prefix("values[*].") {
        let values = main.entry("values").or_insert_with(|| json!([{}]));
        let Some(first) = values.get_mut(0).and_then(Json::as_object_mut) else { return false };
        if field == "data_type" && !value.starts_with("REG_") || first.contains_key(field) {
            return false;
        }
        first.insert(field.into(), json);
    } else if let Some(list) = path.strip_suffix("[*]") {
        push(main, list, value.to_ascii_lowercase().into());
    } else if path.contains(['[', '.']) || main.contains_key(path) {
        return false;
    } else {
        main.insert(path.into(), json);
    }
    main.insert("type".into(), object_type.into());
    true
}

fn push(main: &mut Map<String, Json>, list: &str, value: Json) {
    if let Some(list) = main.entry(list).or_insert_with(|| json!([])).as_array_mut() {
        list.push(value);
    }
}

fn formed(form: Form, value: &str) -> Option<Json> {
    let json: Json = match form {
        Form::Text => value.into(),
        Form::Integer => {
            let digits = value.trim_start_matches(['A', 'S', 'a', 's']);
            digits.parse::<u32>().ok()?.into()
        }
        Form::Time => lenient(value)?.to_string().into(),
        Form::Truth => match value.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" => true.into(),
            "0" | "false" | "no" => false.into(),
            _ => return None,
        },
    };
    (json != "").then_some(json)
}

fn uuid_of(attribute: &Attribute) -> Option<Uuid> {
    uuid(&attribute.uuid)
}

impl Thing {
    fn named(&self, attributes: &[Attribute]) -> Option<String> {
        let of = |role: &str| value_of(attributes, role);
        if of("full-name").is_none()
            && let (Some(first), Some(last)) = (of("first-name"), of("last-name"))
        {
            return Some(format!("{first} {last}"));
        }
        self.name.iter().find_map(|role| of(role)).map(str::to_owned)
    }

    fn fill(&self, attributes: &[Attribute], comment: Option<&str>, stix: &mut Map<String, Json>) {
        let name = self.named(attributes).unwrap_or_default();
        let description =
            ["description", "summary", "text"].iter().find_map(|role| value_of(attributes, role));
        match self.object_type {
            "vulnerability" => vulnerability(&name, stix),
            "malware" => {
                let family = value_of(attributes, "is_family")
                    .is_some_and(|text| matches!(text, "1" | "true" | "True"));
                stix.insert("is_family".into(), family.into());
            }
            _ => {}
        }
        stix.insert("name".into(), name.into());
        if let Some(class) =
            value_of(attributes, "identity_class").or(Some(self.class)).filter(|class| !class.is_empty())
        {
            stix.insert("identity_class".into(), class.into());
        }
        if let Some(description) = description.or(comment) {
            stix.insert("description".into(), description.into());
        }
        for (role, property) in
            [("malware_type", "malware_types"), ("sectors", "sectors"), ("roles", "roles")]
        {
            let all: Vec<&str> = values_of(attributes, role).collect();
            if !all.is_empty()
                && (self.object_type == "malware") == (property == "malware_types")
                && self.template != "person"
            {
                stix.insert(property.into(), json!(all));
            }
        }
    }
}

fn values_of<'a>(attributes: &'a [Attribute], role: &str) -> impl Iterator<Item = &'a str> {
    let role = role.to_owned();
    attributes
        .iter()
        .filter(move |attribute| {
            attribute.object_relation.text() == Some(&role) && !attribute.deleted.is_true()
        })
        .filter_map(|attribute| attribute.value.text())
}

fn value_of<'a>(attributes: &'a [Attribute], role: &str) -> Option<&'a str> {
    values_of(attributes, role).next()
}

/// The latest change of the object or of anything in it.
fn latest(object: &Object, attributes: &[Attribute]) -> crate::misp::wire::Text {
    let of = |text: &crate::misp::wire::Text| time(text).map_or(i64::MIN, |at: Timestamp| at.seconds());
    let all =
        std::iter::once(&object.timestamp).chain(attributes.iter().map(|attribute| &attribute.timestamp));
    all.max_by_key(|text| of(text)).cloned().unwrap_or_default()
}

fn labels(object: &Object, attributes: &[Attribute]) -> Vec<String> {
    let said = [("name", &object.name), ("meta-category", &object.meta_category)];
    let mut labels: Vec<String> =
        said.iter().filter_map(|(name, text)| Some(format!("misp:{name}=\"{}\"", text.text()?))).collect();
    let sought = attributes.iter().any(|attribute| attribute.to_ids.is_true());
    labels.push(format!("misp:to_ids=\"{}\"", if sought { "True" } else { "False" }));
    labels
}

/// What the object is called: its template and the first value that is looked for, else the first.
fn title(object: &Object, attributes: &[Attribute]) -> String {
    let there = |attribute: &&Attribute| !attribute.deleted.is_true() && attribute.value.text().is_some();
    let shown = attributes
        .iter()
        .filter(there)
        .find(|attribute| attribute.to_ids.is_true())
        .or_else(|| attributes.iter().find(there))
        .map_or("", |attribute| attribute.value.as_str().trim());
    let name = object.name.text().unwrap_or("object");
    format!("{name}: {shown}").chars().take(250).collect()
}

/// An attribute of an object that STIX has no place for, as misp-stix writes it.
fn custom(attribute: &Attribute) -> Json {
    let mut one = Map::new();
    let said = [
        ("type", &attribute.kind),
        ("object_relation", &attribute.object_relation),
        ("value", &attribute.value),
        ("category", &attribute.category),
        ("comment", &attribute.comment),
        ("uuid", &attribute.uuid),
    ];
    for (name, text) in said {
        if let Some(text) = text.text() {
            one.insert(name.into(), text.into());
        }
    }
    one.insert("to_ids".into(), attribute.to_ids.is_true().into());
    one.into()
}
