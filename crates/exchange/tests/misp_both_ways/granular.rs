//! Marks of parts of objects: what MISP's tags can't say of a part counts for the whole.

use serde_json::{Value as Json, json};
use stix::Tlp;

use super::data::{plain, to_misp, to_stix};

const AMBER: &str = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";
const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";

fn object(kind: &str, number: u32, more: &Json) -> Json {
    let mut object = json!({
        "type": kind, "spec_version": "2.1", "id": format!("{kind}--5f3e7f7c-1c5c-4d8b-9a53-{number:012}"),
        "created": "2026-09-01T00:00:00.000Z", "modified": "2026-09-01T00:00:00.000Z",
        "object_marking_refs": [GREEN],
    });
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object
}

fn report(refs: &[&Json]) -> Json {
    let refs: Vec<&Json> = refs.iter().map(|one| &one["id"]).collect();
    object(
        "report",
        1,
        &json!({"name": "Paper Lantern", "published": "2026-09-01T00:00:00Z", "object_refs": refs}),
    )
}

/// Marks a part of an object.
fn with_part(mut object: Json, selector: &str, mark: &str) -> Json {
    object["granular_markings"] =
        json!([{"selectors": [selector], "marking_ref": mark}, {"selectors": ["name"], "lang": "ko"}]);
    object
}

fn indicator() -> Json {
    object(
        "indicator",
        2,
        &json!({
            "name": "who told us", "pattern": "[domain-name:value = 'part-k3.top']", "pattern_type": "stix",
            "valid_from": "2026-09-01T00:00:00Z",
        }),
    )
}

/// The strictest mark of the event and of what is in it.
fn marks(event: &Json) -> (Option<Tlp>, Vec<Option<Tlp>>) {
    let of = |element: &Json| {
        let tags = element["Tag"].as_array().into_iter().flatten();
        tags.filter_map(|tag| tag["name"].as_str()?.parse::<Tlp>().ok()).max()
    };
    let in_objects =
        event["Object"].as_array().into_iter().flatten().flat_map(|one| one["Attribute"].as_array().unwrap());
    let attributes = event["Attribute"].as_array().into_iter().flatten().chain(in_objects);
    (of(event), attributes.map(of).collect())
}

fn written(objects: &[Json]) -> Json {
    let raw: Vec<String> = objects.iter().map(ToString::to_string).collect();
    let (mut events, _) = to_misp(&raw);
    assert_eq!(events.len(), 1, "all stands in the report");
    plain(events.remove(0))
}

#[test]
fn a_mark_of_a_part_marks_the_attribute_that_the_object_becomes() {
    let part = with_part(indicator(), "name", RED);
    let event = written(&[report(&[&part]), part]);
    assert_eq!(marks(&event), (Some(Tlp::Green), vec![Some(Tlp::Red)]), "{event}");
    let plain = indicator();
    let event = written(&[report(&[&plain]), plain]);
    assert_eq!(marks(&event), (Some(Tlp::Green), vec![None]), "{event}");
}

#[test]
fn a_mark_of_a_part_of_what_has_no_tags_raises_the_event() {
    let actor = with_part(object("threat-actor", 3, &json!({"name": "Lantern"})), "name", AMBER);
    let event = written(&[report(&[&actor]), actor]);
    assert_eq!(marks(&event).0, Some(Tlp::Amber), "{event}");
    let plain = indicator();
    let note = object("note", 4, &json!({"content": "who told us", "object_refs": [plain["id"]]}));
    let note = with_part(note, "content", RED);
    let event = written(&[report(&[&plain, &note]), plain, note]);
    assert_eq!(marks(&event).0, Some(Tlp::Red), "{event}");
    let whole = with_part(report(&[]), "name", AMBER);
    assert_eq!(marks(&written(&[whole])).0, Some(Tlp::Amber));
}

#[test]
fn what_is_observed_is_marked_as_the_strictest_of_the_observables() {
    let address = json!({
        "type": "ipv4-addr", "spec_version": "2.1", "id": "ipv4-addr--5f3e7f7c-1c5c-4d8b-9a53-000000000005",
        "value": "198.51.100.5", "granular_markings": [{"selectors": ["value"], "marking_ref": RED}],
    });
    let domain = json!({
        "type": "domain-name", "spec_version": "2.1", "id": "domain-name--5f3e7f7c-1c5c-4d8b-9a53-000000000006",
        "value": "part-k3.top", "resolves_to_refs": [address["id"]], "object_marking_refs": [AMBER],
    });
    let seen = object(
        "observed-data",
        7,
        &json!({
            "first_observed": "2026-09-01T00:00:00Z", "last_observed": "2026-09-01T00:00:00Z", "number_observed": 1,
            "object_refs": [domain["id"], address["id"]],
        }),
    );
    let event = written(&[report(&[&seen]), seen, domain, address]);
    let (outer, parts) = marks(&event);
    assert!(outer == Some(Tlp::Green) && !parts.is_empty(), "{event}");
    assert!(parts.iter().all(|mark| *mark == Some(Tlp::Red)), "{event}");
}

#[test]
fn an_element_that_came_from_misp_and_was_marked_since_goes_out_as_strictly() {
    let event = json!({"Event": {"uuid": "5f3e7f7c-1c5c-4d8b-9a53-000000000008", "info": "Lantern", "date": "2026-09-01",
        "timestamp": "1790000000", "published": true, "distribution": "1", "Tag": [{"name": "tlp:green"}],
        "Attribute": [{"uuid": "5f3e7f7c-1c5c-4d8b-9a53-000000000009", "type": "domain", "value": "part-k3.top",
                       "to_ids": true, "timestamp": "1790000000"}]}});
    let (raw, _) = to_stix(&event.to_string());
    let objects: Vec<Json> = raw.iter().map(|one| serde_json::from_str(one).unwrap()).collect();
    assert_eq!(marks(&written(&objects)), (Some(Tlp::Green), vec![None]));
    let marked = |kind: &str, selector: &str| -> Vec<Json> {
        let mark = |object: &Json| match object["type"] == kind {
            true => with_part(object.clone(), selector, RED),
            false => object.clone(),
        };
        objects.iter().map(mark).collect()
    };
    assert_eq!(marks(&written(&marked("indicator", "pattern"))).1, [Some(Tlp::Red)]);
    assert_eq!(marks(&written(&marked("report", "name"))).0, Some(Tlp::Red));
}
