//! What of an event is no element, or says nothing, is told with its place, and what stands beside it is kept.

use bongsu_exchange::read::{Batch, Format, Options, read_all};
use serde_json::{Value, json};
use stix::{Severity, Timestamp};

fn import(event: &Value) -> Batch {
    let text = json!({"Event": event}).to_string();
    let options = Options::new(Timestamp::parse("2026-11-24T00:00:00Z").unwrap());
    read_all(text.as_bytes(), Format::Misp, &options).unwrap()
}

fn told(batch: &Batch) -> Vec<String> {
    batch.findings.iter().map(|finding| finding.to_string()).collect()
}

fn event(attributes: Value, objects: Value) -> Value {
    json!({
        "uuid": "5c0627d3-0d38-4b8d-b4a6-8d0c0a3b9c11", "info": "An event", "date": "2026-01-01", "distribution": "3",
        "Attribute": attributes, "Object": objects,
    })
}

fn attribute(number: u32, more: Value) -> Value {
    let mut attribute = json!({
        "uuid": format!("5c0627d3-0d38-4b8d-b4a6-{number:012}"), "type": "domain", "to_ids": true,
        "value": format!("evil-k{number}.top"), "distribution": "5",
    });
    attribute.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    attribute
}

fn indicators(batch: &Batch) -> usize {
    batch.objects.iter().filter(|object| object.head.object_type() == "indicator").count()
}

#[test]
fn what_is_no_element_is_told_with_its_place() {
    let check = |event: &Value, expected: &[(&str, &str)]| {
        let batch = import(event);
        let errors: Vec<_> =
            batch.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        let told: Vec<_> = errors.iter().map(|finding| (finding.code, finding.path.as_str())).collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(code, path)| (*code, format!("5c0627d3-0d38-4b8d-b4a6-8d0c0a3b9c11.{path}")))
            .collect();
        assert_eq!(told, expected.iter().map(|(code, path)| (*code, path.as_str())).collect::<Vec<_>>());
        batch
    };
    let bad = "misp-malformed";
    let list = json!([
        5,
        attribute(1, json!({})),
        null,
        "x",
        attribute(2, json!({"Tag": [{"name": "tlp:what"}, []]}))
    ]);
    let batch = check(&event(list, json!([])), &[(bad, "Attribute[0]"), (bad, "Attribute[4].Tag[1]")]);
    assert_eq!(indicators(&batch), 2);
    assert!(told(&batch)[0].contains("3 elements of the list are malformed"), "{}", told(&batch)[0]);
    // What follows is told where it stands, whatever was skipped before it.
    assert!(told(&batch).iter().any(|text| text.contains("Attribute[4]") && text.contains("tlp:what")));

    let object = json!({"name": "domain-ip", "uuid": "5c0627d3-0d38-4b8d-b4a6-8d0c0a3b9c12", "distribution": "5",
        "Attribute": [attribute(3, json!({"Sighting": [true], "object_relation": "domain"})), 1.5],
        "ObjectReference": ["x"]});
    let batch = check(
        &event(json!([]), json!([false, object])),
        &[
            (bad, "Object[0]"),
            (bad, "Object[1].ObjectReference[0]"),
            (bad, "Object[1].Attribute[1]"),
            (bad, "Object[1].Attribute[0].Sighting[0]"),
        ],
    );
    assert_eq!(indicators(&batch), 1);
    // A list that is none.
    check(&event(json!("x"), json!([])), &[(bad, "Attribute[0]")]);
    check(&event(json!(""), json!(null)), &[]);
}

#[test]
fn what_says_nothing_is_told_and_kept() {
    let check = |event: &Value, expected: &[&str]| {
        let batch = import(event);
        let told = told(&batch);
        for text in expected {
            assert!(told.iter().any(|told| told.contains(text)), "{text}: {told:?}");
        }
        assert_eq!(told.len(), expected.len(), "{told:?}");
    };
    check(
        &event(json!([attribute(1, json!({"type": null}))]), json!([])),
        &["Attribute[0]: there is no type"],
    );
    check(
        &event(json!([attribute(1, json!({"value": {"a": 1}, "type": ""}))]), json!([])),
        &["Attribute[0]: there is no type and no value"],
    );
    check(
        &event(json!([attribute(1, json!({"Tag": [{"colour": "#fff"}]}))]), json!([])),
        &["Attribute[0]: 1 tags have no name"],
    );
    let object = json!({"uuid": "5c0627d3-0d38-4b8d-b4a6-8d0c0a3b9c12", "distribution": "5",
        "Attribute": [attribute(3, json!({"object_relation": "domain"}))]});
    check(&event(json!([]), json!([object])), &["Object[0]: there is no name"]);
    let sighting =
        json!({"type": "7", "date_sighting": "1700000000", "uuid": "5c0627d3-0d38-4b8d-b4a6-8d0c0a3b9c13"});
    check(
        &event(json!([attribute(1, json!({"Sighting": [sighting]}))]), json!([])),
        &["a sighting of the type `7` is kept for MISP alone"],
    );
    let mut noted = event(json!([attribute(1, json!({}))]), json!([]));
    noted["Note"] = json!([{"note": "said"}]);
    noted["Opinion"] = json!([{"uuid": "5c0627d3-0d38-4b8d-b4a6-8d0c0a3b9c14", "opinion": "good"}]);
    check(&noted, &["Note: a note on", "Opinion: an opinion on"]);
}
