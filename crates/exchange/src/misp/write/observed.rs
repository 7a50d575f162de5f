//! Observables that did not come from MISP: attributes and objects that are context, not to be looked for.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};
use stix::{Finding, Tlp};

use super::context::{raise_above, tags, tlp};
use super::element::{Element, Sought, add, attribute, bare, fitting, object, tag_all};
use super::shelf::{Item, Shelf, text};
use crate::misp::template::{self, Row};
use crate::misp::wire::{Attribute, Many, Object, Tag};

/// Most values that are taken of one property path.
const VALUES_MAX: usize = 1_000;

/// Observables by the names under which they refer to each other: ids, or the numbers of STIX 2.0.
struct Scene<'s, 'g> {
    shelf: &'s Shelf<'g>,
    local: Option<&'s Map<String, Json>>,
}

impl<'s> Scene<'s, '_> {
    fn get(&self, name: &str) -> Option<&'s Map<String, Json>> {
        if let Some(observable) = self.local.and_then(|local| local.get(name)) {
            return observable.as_object();
        }
        self.shelf.get(name).map(|item| &item.json)
    }

    /// The strictest TLP of observables and of all that they refer to.
    fn tlp(&self, observables: &[&'s Map<String, Json>]) -> Option<Tlp> {
        let (mut waiting, mut seen, mut mark) = (observables.to_vec(), HashSet::new(), None);
        while let Some(observable) = waiting.pop() {
            mark = mark.max(self.shelf.get(text(observable, "id")).and_then(|item| tlp(self.shelf, item)));
            let next = references(observable).into_iter().filter(|name| seen.insert(*name));
            waiting.extend(next.filter_map(|name| self.get(name)));
        }
        mark
    }
}

/// The elements of an observation, the first under the observation's UUID.
pub(super) fn observation(
    shelf: &Shelf<'_>,
    item: &Item<'_>,
    outer: &Many<Tag>,
    findings: &mut Vec<Finding>,
) -> Vec<Element> {
    let local = item.json.get("objects").and_then(Json::as_object);
    let scene = Scene { shelf, local };
    let names: Vec<&str> = match local {
        Some(local) => local.keys().map(String::as_str).collect(),
        None => item.list("object_refs").collect(),
    };
    let inner: Vec<&str> = names.iter().filter_map(|name| scene.get(name)).flat_map(references).collect();
    let mut outermost: Vec<&Map<String, Json>> =
        names.iter().filter(|name| !inner.contains(*name)).filter_map(|name| scene.get(name)).collect();
    if outermost.is_empty() {
        outermost = names.iter().filter_map(|name| scene.get(name)).collect();
    }
    elements(&scene, item, &outermost, outer, findings)
}

/// The element of an observable that stands in no observation.
pub(super) fn alone(
    shelf: &Shelf<'_>,
    item: &Item<'_>,
    outer: &Many<Tag>,
    findings: &mut Vec<Finding>,
) -> Vec<Element> {
    let scene = Scene { shelf, local: None };
    elements(&scene, item, &[&item.json], outer, findings)
}

fn references(observable: &Map<String, Json>) -> Vec<&str> {
    let mut found = Vec::new();
    for (property, value) in observable {
        match value {
            Json::String(name) if property.ends_with("_ref") => found.push(name.as_str()),
            Json::Array(all) if property.ends_with("_refs") => {
                found.extend(all.iter().filter_map(Json::as_str))
            }
            Json::Array(all) if property == "body_multipart" => {
                found.extend(all.iter().filter_map(|part| part.get("body_raw_ref")?.as_str()));
            }
            _ => {}
        }
    }
    found
}

/// The elements, each marked at least as strictly as any of the observables.
fn elements(
    scene: &Scene<'_, '_>,
    item: &Item<'_>,
    observables: &[&Map<String, Json>],
    outer: &Many<Tag>,
    findings: &mut Vec<Finding>,
) -> Vec<Element> {
    let mut elements = unmarked(scene, item, observables, outer, findings);
    let mark = scene.tlp(observables);
    for element in &mut elements {
        let raise = |one: &mut Attribute| raise_above(&mut one.tags, outer, mark);
        match element {
            Element::Attribute(attribute) => raise(attribute),
            Element::Object(object) => object.attributes.all.iter_mut().for_each(raise),
        }
    }
    elements
}

fn unmarked(
    scene: &Scene<'_, '_>,
    item: &Item<'_>,
    observables: &[&Map<String, Json>],
    outer: &Many<Tag>,
    findings: &mut Vec<Finding>,
) -> Vec<Element> {
    let mut parts: Vec<(&'static Row, String)> = Vec::new();
    for observable in observables {
        let taken = values(scene, observable);
        complain(item, observable, &taken, findings);
        parts.extend(taken);
    }
    if let [(row, value)] = parts.as_slice()
        && let Some(kind) = fitting(row, value).filter(|kind| !kind.is_empty())
    {
        return vec![Element::Attribute(Box::new(attribute(scene.shelf, item, kind, value, outer)))];
    }
    let tags = tags(scene.shelf, item, outer);
    let mut objects: Vec<Object> = Vec::new();
    let mut rest = Vec::new();
    for (row, value) in &parts {
        let Some(template) = template::named(row.template) else {
            rest.push((*row, value));
            continue;
        };
        let at =
            objects.iter().position(|object| object.name.as_str() == template.name).unwrap_or_else(|| {
                let mut made = object(item, template);
                if !objects.is_empty() {
                    made.uuid = uuid::Uuid::new_v5(&item.uuid, template.name.as_bytes()).to_string().into();
                }
                objects.push(made);
                objects.len() - 1
            });
        if let Some(object) = objects.get_mut(at) {
            add(object, item, row.relation, row.kind, value, Sought::No);
        }
    }
    let mut elements: Vec<Element> = Vec::new();
    for mut object in objects {
        tag_all(&mut object, &tags);
        elements.push(Element::Object(Box::new(object)));
    }
    for (row, value) in rest {
        let own = if elements.is_empty() {
            item.uuid
        } else {
            uuid::Uuid::new_v5(&item.uuid, format!("{}\n{value}", row.path).as_bytes())
        };
        let mut attribute = bare(own, row.kind, value, item);
        attribute.tags = tags.clone();
        elements.push(Element::Attribute(Box::new(attribute)));
    }
    if elements.is_empty() {
        let message = "nothing in it has a place in MISP; it was left out";
        findings.push(Finding::error("misp-not-held", item.id.clone(), message));
    }
    elements
}

/// The values of an observable that MISP has roles for.
fn values(scene: &Scene<'_, '_>, observable: &Map<String, Json>) -> Vec<(&'static Row, String)> {
    let mut found = Vec::new();
    for row in template::rows_of(text(observable, "type")) {
        let Some((_, path)) = row.path.split_once(':') else { continue };
        let mut values = Vec::new();
        follow(scene, &Json::Object(observable.clone()), path, &mut values);
        found.extend(values.into_iter().map(|value| (row, value)));
    }
    found
}

fn follow(scene: &Scene<'_, '_>, at: &Json, path: &str, values: &mut Vec<String>) {
    if values.len() >= VALUES_MAX {
        return;
    }
    if path.is_empty() {
        match at {
            Json::String(text) if !text.trim().is_empty() => values.push(text.clone()),
            Json::Number(number) => values.push(number.to_string()),
            Json::Bool(truth) => values.push(truth.to_string()),
            // A header that is repeated, of which a pattern need not say which one it means.
            Json::Array(all) => all.iter().for_each(|one| follow(scene, one, "", values)),
            _ => {}
        }
        return;
    }
    // A hash algorithm's name has no dot in it, and neither has a property's.
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    let (name, every) = step.strip_suffix("[*]").map_or((step, false), |name| (name, true));
    let Some(next) = at.get(name) else { return };
    let each: Vec<&Json> = if every { next.as_array().into_iter().flatten().collect() } else { vec![next] };
    for one in each {
        match one {
            Json::String(reference) if name.ends_with("_ref") || name.ends_with("_refs") => {
                if let Some(target) = scene.get(reference) {
                    follow(scene, &Json::Object(target.clone()), rest, values);
                }
            }
            other => follow(scene, other, rest, values),
        }
    }
}

/// Names what of an observable has no role.
fn complain(
    item: &Item<'_>,
    observable: &Map<String, Json>,
    taken: &[(&'static Row, String)],
    findings: &mut Vec<Finding>,
) {
    let known = |property: &str| {
        matches!(
            property,
            "type"
                | "id"
                | "spec_version"
                | "object_marking_refs"
                | "defanged"
                | "is_multipart"
                | "protocols"
        ) || taken.iter().any(|(row, _)| {
            row.path.split_once(':').is_some_and(|(_, path)| path.split(['.', '[']).next() == Some(property))
        })
    };
    let lost: Vec<&str> = observable.keys().map(String::as_str).filter(|property| !known(property)).collect();
    if !lost.is_empty() {
        let message =
            format!("MISP has no place for {} of the {}", lost.join(", "), text(observable, "type"));
        findings.push(Finding::warning("misp-not-held", item.id.clone(), message));
    }
}
