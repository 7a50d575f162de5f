//! The OASIS JSON schemas as an oracle: what they refuse of an object that was changed in one place is refused here too.
//!
//! The schemas say more than the specification in some places, and what they say there does not count; each such place
//! is listed with the section that leaves it open. Nothing is asked about what the schemas take: much of the
//! specification can't be said in a schema.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::{Registry, Validator};
use serde_json::{Map, Value, json};

use super::{data, errors, files};

/// Where the schemas live; each says so itself, but some say it wrongly, so the place of the file decides.
const BASE: &str = "http://schemas.test/";

/// Each schema under its place.
fn all() -> Vec<(String, Value)> {
    let root = data("stix/schemas");
    files(&root, &[".json"])
        .into_iter()
        .filter(|path| !path.starts_with(root.join("examples")))
        .map(|path| {
            let mut schema: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let place = format!("{BASE}{}", path.strip_prefix(&root).unwrap().display());
            schema["$id"] = json!(place);
            (place, schema)
        })
        .collect()
}

/// The validator of each type that has a schema in `folder`.
fn validators(registry: &Registry<'_>, folder: &str) -> BTreeMap<String, Validator> {
    let start = format!("{BASE}{folder}/");
    all()
        .into_iter()
        .filter(|(place, _)| place.starts_with(&start))
        .map(|(place, _)| {
            let name = place.rsplit('/').next().unwrap().trim_end_matches(".json").to_owned();
            let whole = json!({"$ref": place});
            (name, jsonschema::options().with_registry(registry).build(&whole).unwrap())
        })
        .collect()
}

fn registry() -> Registry<'static> {
    let mut registry = Registry::new();
    for (place, schema) in all() {
        registry = registry.add(place, schema).unwrap();
    }
    registry.prepare().unwrap()
}

/// Where the schemas refuse what the specification leaves open: type (or `*`), the place that was changed (with `*` for
/// any index), and the section.
const TOO_STRICT: &[(&str, &str, &str)] = &[
    // An object without `spec_version` is one of STIX 2.0, which a node takes with a warning (3.2).
    ("*", "/spec_version", "3.2"),
    ("bundle", "/objects/*/spec_version", "3.2"),
    // A MIME type SHOULD be a registered one, whose case does not matter (RFC 2045, 5.1).
    ("artifact", "/mime_type", "6.1.1"),
    // No bytes are bytes (RFC 4648, 10).
    ("artifact", "/payload_bin", "2.1"),
    // The rule is for references that give a CAPEC ID; the source may be named without one.
    ("attack-pattern", "/external_references/*/external_id", "4.1.1"),
    // The type of a marking is an open vocabulary; the schema refuses whatever begins with `statement`.
    ("marking-definition", "/definition_type", "7.2.1"),
    // The case of language tags does not matter (RFC 5646, 2.1.1).
    ("software", "/languages/*", "6.14.1"),
];

/// The names in all `required` of a schema.
fn required(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            let names = members.get("required").and_then(Value::as_array).into_iter().flatten();
            found.extend(names.filter_map(Value::as_str).map(str::to_owned));
            members.values().for_each(|inner| required(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| required(inner, found)),
        _ => {}
    }
}

fn samples() -> Vec<Value> {
    let mut found = Vec::new();
    let vectors = std::fs::read_to_string(data("stix-vectors/validation.jsonl")).unwrap();
    found.extend(vectors.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["object"].clone()));
    for folder in ["stix/schemas/examples", "stix/examples"] {
        for path in files(&data(folder), &[".json"]) {
            let bundle: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            found.extend(bundle["objects"].as_array().into_iter().flatten().cloned());
        }
    }
    found
}

/// Calls `on` for each valid sample of a type that `validators` know, one of each form, with its changed versions.
fn each_mutant(validators: &BTreeMap<String, Validator>, on: &mut dyn FnMut(&str, &Validator, &str, &Value)) {
    let mut seen = BTreeSet::new();
    for sample in samples() {
        let Some(object_type) = sample["type"].as_str() else { continue };
        let Some(validator) = validators.get(object_type) else { continue };
        // One of each form is enough: the same properties, whatever they say.
        let form = format!(
            "{object_type} {:?}",
            sample.as_object().map(|members| members.keys().collect::<Vec<_>>())
        );
        if validator.is_valid(&sample) && errors(&sample.to_string()).is_empty() && seen.insert(form) {
            mutants(&sample, "", &mut |place, mutant| on(object_type, validator, place, &mutant));
        }
    }
}

/// What is put in the place of a value.
fn replacements(value: &Value) -> Vec<Value> {
    let mut all = vec![
        Value::Null,
        json!(true),
        json!(-7),
        json!(1.5),
        json!("?"),
        json!(""),
        json!([]),
        json!({}),
        json!(["?"]),
        json!({"?": 1}),
        json!("tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"),
    ];
    if let Some(text) = value.as_str() {
        all.push(json!(format!("{text}x")));
        all.push(json!(text.to_uppercase()));
    }
    all
}

/// All objects that differ from `value` in one place, with that place.
fn mutants(value: &Value, place: &str, on: &mut dyn FnMut(&str, Value)) {
    match value {
        Value::Object(members) => {
            for (key, inner) in members {
                let here = format!("{place}/{key}");
                let with = |new: Option<Value>| {
                    let mut changed: Map<String, Value> = members.clone();
                    match new {
                        Some(new) => changed.insert(key.clone(), new),
                        None => changed.remove(key),
                    };
                    Value::Object(changed)
                };
                on(&here, with(None));
                for new in replacements(inner) {
                    on(&here, with(Some(new)));
                }
                mutants(inner, &here, &mut |place, new| on(place, with(Some(new))));
            }
            let mut more = members.clone();
            more.insert("Bad-Name".to_owned(), json!(1));
            on(&format!("{place}/Bad-Name"), Value::Object(more));
        }
        Value::Array(items) => {
            for (at, inner) in items.iter().enumerate() {
                let with = |new: Value| {
                    let mut changed = items.clone();
                    changed[at] = new;
                    Value::Array(changed)
                };
                for new in replacements(inner) {
                    on(&format!("{place}/*"), with(new));
                }
                mutants(inner, &format!("{place}/*"), &mut |place, new| on(place, with(new)));
            }
        }
        _ => {}
    }
}

#[test]
fn what_the_schemas_refuse_is_refused() {
    let registry = registry();
    let mut refused = 0_u64;
    let mut excepted = 0_u64;
    let mut missed = BTreeMap::new();
    each_mutant(&validators(&registry, "schemas"), &mut |object_type, validator, place, mutant| {
        if validator.is_valid(mutant) {
            return;
        }
        refused += 1;
        let raw = mutant.to_string();
        if !errors(&raw).is_empty() {
            return;
        }
        let known =
            |(kind, at, _): &&(&str, &str, &str)| (*kind == "*" || *kind == object_type) && *at == place;
        if TOO_STRICT.iter().any(|one| known(&one)) {
            excepted += 1;
        } else {
            let why = validator.iter_errors(mutant).map(|error| error.to_string()).next().unwrap_or_default();
            missed.insert((object_type.to_owned(), place.to_owned()), format!("{why} of {raw}"));
        }
    });
    assert!(refused > 10_000, "{refused}");
    assert!(missed.is_empty(), "{refused} refused, missed: {missed:#?}");
    assert!(excepted * 100 <= refused * 3, "{excepted} of {refused}");
}

/// The interoperability schemas require properties that the specification has as optional: that is for those who want
/// the badge, and no rule here. Nothing else may be theirs alone.
#[test]
fn what_the_interoperability_schemas_refuse_is_refused_but_for_what_they_alone_require() {
    let registry = registry();
    let plain = validators(&registry, "schemas");
    let mut demanded: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (place, schema) in all().iter().filter(|(place, _)| place.contains("/interop/")) {
        let name = place.rsplit('/').next().unwrap().trim_end_matches(".json");
        required(schema, demanded.entry(name.to_owned()).or_default());
    }
    let mut refused = 0_u64;
    let mut others = BTreeSet::new();
    each_mutant(&validators(&registry, "interop"), &mut |object_type, validator, place, mutant| {
        if validator.is_valid(mutant) {
            return;
        }
        refused += 1;
        // What the plain schema refuses too is the other test's.
        let alone = plain.get(object_type).is_some_and(|plain| plain.is_valid(mutant));
        if alone && errors(&mutant.to_string()).is_empty() && !demanded[object_type].contains(&place[1..]) {
            others.insert((object_type.to_owned(), place.to_owned()));
        }
    });
    assert!(refused > 1_000, "{refused}");
    assert!(others.is_empty(), "{others:?}");
}
