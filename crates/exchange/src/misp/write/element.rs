//! Indicators and things that did not come from MISP: attributes, objects, patterns, clusters.

use serde_json::Value as Json;
use stix::Finding;
use stix::pattern::{self, Comparison, Literal, ObjectPath, Observation, Operator, Pattern, Step};
use uuid::Uuid;

use super::context::{comment, seconds, seen, tags};
use super::shelf::{Item, Shelf};
use crate::misp::read::{pattern_of_attribute, pattern_of_object};
use crate::misp::template::{self, Row, Template};
use crate::misp::vocab;
use crate::misp::wire::{Attribute, Galaxy, Many, Object, Tag};

/// An attribute or an object.
pub(super) enum Element {
    Attribute(Box<Attribute>),
    Object(Box<Object>),
}

/// One value of a pattern, and where it stands.
struct Found {
    row: &'static Row,
    value: String,
}

/// The element of an indicator.
pub(super) fn indicator(
    shelf: &Shelf<'_>,
    item: &Item<'_>,
    outer: &Many<Tag>,
    findings: &mut Vec<Finding>,
) -> Option<Element> {
    let text = item.text("pattern");
    let language = match item.text("pattern_type") {
        "" => "stix",
        language => language,
    };
    let rule = match language {
        "stix" => None,
        "yara" | "sigma" | "snort" | "suricata" => Some(language),
        _ => Some("other"),
    };
    if let Some(kind) = rule {
        if kind == "other" {
            let message = format!("a pattern in `{language}` has no attribute type; it goes out as `other`");
            findings.push(Finding::warning("misp-pattern-type", item.id.clone(), message));
        }
        let mut attribute = attribute(shelf, item, kind, text, outer);
        attribute.to_ids = true.into();
        if kind == "other" {
            attribute.tags.all.push(super::context::named(&crate::misp::tag::of("pattern_type", language)));
        }
        return Some(Element::Attribute(Box::new(attribute)));
    }
    let Ok(pattern) = pattern::parse(text) else {
        let message = "its pattern can't be read; it goes out as it is";
        findings.push(Finding::warning("misp-pattern", item.id.clone(), message));
        return Some(Element::Object(Box::new(whole(shelf, item, text, None, outer))));
    };
    Some(stix_pattern(shelf, item, text, &pattern, outer))
}

fn stix_pattern(
    shelf: &Shelf<'_>,
    item: &Item<'_>,
    text: &str,
    pattern: &Pattern,
    outer: &Many<Tag>,
) -> Element {
    let any = pattern.alternatives().and_then(|all| {
        all.iter()
            .map(|one| Some(Found { row: row(one.path)?, value: one.value.to_owned() }))
            .collect::<Option<Vec<_>>>()
    });
    if let Some([only]) = any.as_deref()
        && !only.row.alone.is_empty()
        && let Some(kind) = fitting(only.row, &only.value)
    {
        let mut attribute = attribute(shelf, item, kind, &only.value, outer);
        attribute.to_ids = true.into();
        if same(pattern_of_attribute(&attribute).as_deref(), pattern) {
            return Element::Attribute(Box::new(attribute));
        }
    }
    let all = any.or_else(|| together(pattern)).filter(|all| !all.is_empty());
    let template = all.as_deref().and_then(one_template);
    if let (Some(all), Some(template)) = (&all, template) {
        let mut object = object(item, template);
        for found in all {
            add(&mut object, item, found.row.relation, found.row.kind, &found.value, Sought::Yes);
        }
        tag_all(&mut object, &tags(shelf, item, outer));
        if !same(pattern_of_object(&object).as_deref(), pattern) {
            add(&mut object, item, "stix2-pattern", "stix2-pattern", text, Sought::Yes);
            tag_all(&mut object, &tags(shelf, item, outer));
        }
        return Element::Object(Box::new(object));
    }
    Element::Object(Box::new(whole(shelf, item, text, Some(pattern), outer)))
}

/// A pattern that no attribute or template can say: itself, and the values that can be found in it.
fn whole(
    shelf: &Shelf<'_>,
    item: &Item<'_>,
    text: &str,
    pattern: Option<&Pattern>,
    outer: &Many<Tag>,
) -> Object {
    let template = template::named("stix2-pattern");
    let mut object = template.map_or_else(Object::default, |template| self::object(item, template));
    let version = item.text("pattern_version");
    let version = format!("stix {}", if version.is_empty() { "2.1" } else { version });
    add(&mut object, item, "version", "text", &version, Sought::No);
    add(&mut object, item, "stix2-pattern", "stix2-pattern", text, Sought::Yes);
    let alone = pattern.is_some_and(|pattern| pattern.alternatives().is_some());
    for one in pattern.map(Pattern::equalities).unwrap_or_default() {
        let Some(row) = row(one.path).filter(|row| !row.alone.is_empty()) else { continue };
        if let Some(kind) = fitting(row, one.value) {
            add(&mut object, item, kind, kind, one.value, if alone { Sought::Yes } else { Sought::No });
        }
    }
    tag_all(&mut object, &tags(shelf, item, outer));
    object
}

/// Whether the pattern that a reader makes is this one, whatever spaces and quotes it is written with.
fn same(read: Option<&str>, pattern: &Pattern) -> bool {
    read.and_then(|text| pattern::parse(text).ok()).is_some_and(|read| read == *pattern)
}

/// The equalities of one observation that must all hold, if it is nothing but these.
fn together(pattern: &Pattern) -> Option<Vec<Found>> {
    let Observation::Test(comparison) = &pattern.root else { return None };
    let mut all = Vec::new();
    collect(comparison, &mut all)?;
    Some(all)
}

fn collect(comparison: &Comparison, all: &mut Vec<Found>) -> Option<()> {
    match comparison {
        Comparison::And(parts) => parts.iter().try_for_each(|part| collect(part, all)),
        Comparison::Test { path, negated: false, operator: Operator::Equal, values } => {
            let [value] = values.as_slice() else { return None };
            let value = match value {
                Literal::Text(text) => text.clone(),
                Literal::Integer(number) => number.to_string(),
                Literal::Float(number) => number.clone(),
                Literal::Boolean(truth) => truth.to_string(),
                Literal::Timestamp(at) => at.to_string(),
                Literal::Hex(text) | Literal::Binary(text) => text.clone(),
            };
            all.push(Found { row: row(path)?, value });
            Some(())
        }
        _ => None,
    }
}

/// The template that has a role for each of the values.
fn one_template(all: &[Found]) -> Option<&'static Template> {
    let first = template::named(all.first()?.row.template)?;
    all.iter()
        .all(|found| found.row.template == first.name && !found.value.trim().is_empty())
        .then_some(first)
}

fn row(path: &ObjectPath) -> Option<&'static Row> {
    let mut text = format!("{}:", path.object_type);
    for (at, step) in path.steps.iter().enumerate() {
        match step {
            Step::Key(key) if at == 0 => text.push_str(key),
            Step::Key(key) => {
                text.push('.');
                text.push_str(if path.steps.first() == Some(&Step::Key("hashes".into())) {
                    algorithm(key)
                } else {
                    key
                });
            }
            Step::Any | Step::Index(0) => text.push_str("[*]"),
            Step::Index(_) => return None,
        }
    }
    template::row(&text)
}

/// The vocabulary's name of a hash algorithm that is written otherwise.
fn algorithm(key: &str) -> &str {
    match key {
        "md5" => "MD5",
        "SHA1" | "sha1" | "sha-1" => "SHA-1",
        "SHA256" | "sha256" | "sha-256" => "SHA-256",
        "SHA512" | "sha512" | "sha-512" => "SHA-512",
        "ssdeep" => "SSDEEP",
        other => other,
    }
}

/// The attribute type for a value that stands alone, if it is such a value.
pub(super) fn fitting(row: &Row, value: &str) -> Option<&'static str> {
    if value.trim().is_empty() {
        return None;
    }
    if row.path != "cryptocurrency-wallet:value" {
        return Some(row.alone);
    }
    let chain = watch::normalise(watch::Kind::Wallet, value).ok()?;
    let kind = if value.starts_with('X') {
        "dash"
    } else if value.len() > 90 {
        "xmr"
    } else {
        "btc"
    };
    Some(chain).map(|_| kind)
}

/// Whether a value is to be looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sought {
    Yes,
    No,
}

/// An attribute with what the object says around its value.
pub(super) fn attribute(
    shelf: &Shelf<'_>,
    item: &Item<'_>,
    kind: &str,
    value: &str,
    outer: &Many<Tag>,
) -> Attribute {
    let first = item.time("valid_from").or_else(|| item.time("first_observed"));
    let last = item.time("valid_until").or_else(|| item.time("last_observed"));
    let revoked = item.json.get("revoked").and_then(Json::as_bool) == Some(true);
    Attribute {
        first_seen: seen(first),
        last_seen: seen(last),
        comment: comment(item, value),
        deleted: revoked.into(),
        tags: tags(shelf, item, outer),
        ..bare(item.uuid, kind, value, item)
    }
}

/// An attribute with its type's defaults.
pub(super) fn bare(uuid: Uuid, kind: &str, value: &str, item: &Item<'_>) -> Attribute {
    let (category, _) = vocab::default_of(kind).unwrap_or(("Other", false));
    Attribute {
        uuid: uuid.to_string().into(),
        kind: kind.into(),
        category: category.into(),
        value: value.into(),
        to_ids: false.into(),
        timestamp: seconds(item.modified()),
        distribution: "5".into(),
        comment: "".into(),
        deleted: false.into(),
        disable_correlation: false.into(),
        ..Attribute::default()
    }
}

/// An object of a template with what the STIX object says around its content.
pub(super) fn object(item: &Item<'_>, template: &Template) -> Object {
    let first = item.time("valid_from").or_else(|| item.time("first_observed"));
    let last = item.time("valid_until").or_else(|| item.time("last_observed"));
    let revoked = item.json.get("revoked").and_then(Json::as_bool) == Some(true);
    Object {
        name: template.name.into(),
        meta_category: template.meta_category.into(),
        description: template.description.into(),
        template_uuid: template.uuid.into(),
        template_version: template.version.into(),
        uuid: item.uuid.to_string().into(),
        timestamp: seconds(item.modified()),
        distribution: "5".into(),
        comment: comment(item, ""),
        deleted: revoked.into(),
        first_seen: seen(first),
        last_seen: seen(last),
        ..Object::default()
    }
}

/// Adds a value in its role, under a UUID that follows from both.
pub(super) fn add(
    object: &mut Object,
    item: &Item<'_>,
    relation: &str,
    kind: &str,
    value: &str,
    sought: Sought,
) {
    let name = format!("{relation}\n{value}");
    let uuid = Uuid::new_v5(&item.uuid, name.as_bytes());
    let text = uuid.to_string();
    if object.attributes.iter().any(|known| known.uuid.as_str() == text) {
        return;
    }
    let mut attribute = bare(uuid, kind, value, item);
    attribute.object_relation = relation.into();
    attribute.to_ids = (sought == Sought::Yes).into();
    object.attributes.all.push(attribute);
}

/// Objects have no tags of their own; what is said of one stands on its attributes.
pub(super) fn tag_all(object: &mut Object, tags: &Many<Tag>) {
    for attribute in &mut object.attributes.all {
        attribute.tags = tags.clone();
    }
}

/// The cluster of a thing, in its galaxy; `None` for types that MISP has elements of its own for.
pub(super) fn cluster(item: &Item<'_>) -> Option<Galaxy> {
    let kind = item.kind.as_str();
    let fits = crate::misp::cluster::stix_type(&format!("stix-2.1-{kind}")).is_some();
    (fits && !item.is_observable())
        .then(|| crate::misp::cluster::of_object(&item.json, &item.uuid.to_string()))
}
