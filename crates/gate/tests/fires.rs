//! Fires: what lights them, and that nothing shows through them.

use policy::{Cause, MemberId, Terms, Word};
use serde_json::{Value, json};
use stix::{Timestamp, Tlp};

use crate::node::{A, B, C, CIRCLE, Node, id, indicator, marked, object};

const DAY_S: i64 = 86_400;

/// 2026-01-01T01:00:00Z: an hour after the objects of the tests were made.
fn january() -> Timestamp {
    Timestamp::parse("2026-01-01T01:00:00Z").unwrap()
}

fn node() -> Node {
    let mut node = Node::new();
    node.now = january();
    node.clock.store(january().micros(), std::sync::atomic::Ordering::SeqCst);
    node
}

fn later(seconds: i64) -> Timestamp {
    Timestamp::from_micros(january().micros() + seconds * 1_000_000)
}

fn sighting(number: u128, count: u64) -> Value {
    object("sighting", number, json!({"sighting_of_ref": id("indicator", 1), "count": count}))
}

#[test]
fn what_arrives_and_what_members_see_lights_fires_and_they_go_out() {
    let node = node();
    let level = |at| node.gate.fires(CIRCLE, later(at)).unwrap().level;
    assert_eq!(level(0), 1);
    node.share(A, &Terms::default(), &[indicator(1)]);
    assert_eq!(level(2), 2);
    node.share(B, &Terms::default(), &[sighting(2, 0)]);
    assert_eq!(level(4), 2, "what was not seen, was not seen");
    node.share(B, &Terms::default(), &[sighting(3, 4)]);
    assert_eq!(node.gate.fires(CIRCLE, later(6)).unwrap().cause, Cause::Seen(1));
    node.share(C, &Terms::default(), &[sighting(4, 1)]);
    assert_eq!(level(8), 4);
    node.share(A, &Terms::default(), &[sighting(5, 1)]);
    assert_eq!(level(10), 5);
    assert_eq!([level(6 * 3_600), level(DAY_S), level(3 * DAY_S)], [4, 2, 1]);
    node.share(A, &Terms::default(), &[object("incident", 6, json!({"name": "x", "severity": "High"}))]);
    assert_eq!(node.gate.fires(CIRCLE, later(7 * 3_600)).unwrap().level, 4, "sightings still outweigh it");
}

#[test]
fn severity_is_read_where_sources_state_it() {
    for (more, cause) in [
        (json!({"name": "x"}), Cause::Incident),
        (json!({"name": "x", "labels": ["severity:critical"]}), Cause::Critical),
        (
            json!({"name": "x", "extensions": {"extension-definition--00000000-0000-4000-8000-000000000001": {"severity": "high"}}}),
            Cause::High,
        ),
        (json!({"name": "x", "revoked": true}), Cause::Calm),
    ] {
        let node = node();
        node.share(A, &Terms::default(), &[object("incident", 6, more.clone())]);
        assert_eq!(node.gate.fires(CIRCLE, later(2)).unwrap().cause, cause, "{more}");
    }
}

#[test]
fn an_indicator_lights_what_its_source_calls_it() {
    for (more, cause) in [
        (json!({}), Cause::News),
        (json!({"labels": ["severity:critical"]}), Cause::Critical),
        (json!({"severity": "high"}), Cause::High),
        (json!({"revoked": true}), Cause::Calm),
    ] {
        let node = node();
        let mut indicator = object("indicator", 6, more.clone());
        (indicator["pattern"], indicator["pattern_type"]) =
            (json!("[domain-name:value = 'k3.top']"), json!("stix"));
        indicator["valid_from"] = indicator["created"].clone();
        node.share(A, &Terms::default(), &[indicator]);
        assert_eq!(node.gate.fires(CIRCLE, later(2)).unwrap().cause, cause, "{more}");
    }
}

#[test]
fn what_one_member_may_not_see_lights_nothing_for_anybody() {
    let node = node();
    let incident = object("incident", 6, json!({"name": "x"}));
    node.share(A, &Terms::default(), &[marked(incident.clone(), Tlp::AmberStrict)]);
    let embargoed = Terms { embargo_until: Some(later(1_000)), ..Terms::default() };
    node.share(A, &embargoed, &[object("incident", 7, json!({"name": "y"}))]);
    assert_eq!(node.gate.fires(CIRCLE, later(5)).unwrap().level, 1, "C may see neither");
    assert_eq!(node.gate.fires(CIRCLE, later(1_001)).unwrap().level, 3, "the embargo has passed");
    node.gate.withdraw(A, CIRCLE, &[stix::ObjectId::parse(&id("incident", 7)).unwrap()], "error").unwrap();
    assert_eq!(node.gate.fires(CIRCLE, later(1_003)).unwrap().level, 1);
}

#[test]
fn who_brings_what_another_has_hidden_from_it_learns_nothing_from_a_fire() {
    let incident = |number| object("incident", number, json!({"name": "x"}));
    let level = |hidden: u128| {
        let node = node();
        // B sees this one, and not C's version of the same; C does not.
        node.share(A, &Terms::default(), &[marked(incident(hidden), Tlp::AmberStrict)]);
        node.share(C, &Terms::default(), &[incident(6)]);
        node.gate.fires(CIRCLE, later(2)).unwrap().level
    };
    assert_eq!((level(6), level(7)), (3, 3));
}

#[test]
fn an_analysts_word_is_kept_and_ends() {
    let node = node();
    let word = Word { fires: 5, reason: "drill".to_owned(), at: later(0), until: later(100) };
    node.gate.say(MemberId::NODE, CIRCLE, Some(&word)).unwrap();
    let node = node.reopened();
    let said = node.gate.fires(CIRCLE, later(99)).unwrap();
    assert_eq!((said.level, said.cause, said.until), (5, Cause::Word("drill".to_owned()), Some(later(100))));
    assert_eq!(node.gate.fires(CIRCLE, later(100)).unwrap().level, 1);
    node.gate.say(MemberId::NODE, CIRCLE, None).unwrap();
    assert_eq!(node.gate.fires(CIRCLE, later(99)).unwrap().level, 1);
}

#[test]
fn a_part_that_one_member_may_not_see_lights_nothing() {
    let node = node();
    let mut incident = object("incident", 6, json!({"name": "x", "severity": "critical"}));
    let mark = Tlp::AmberStrict.definition_id().to_string();
    incident["granular_markings"] = json!([{"marking_ref": mark, "selectors": ["severity"]}]);
    node.share(A, &Terms::default(), &[incident]);
    assert_eq!(
        node.gate.fires(CIRCLE, later(2)).unwrap().cause,
        Cause::Incident,
        "C does not see how severe it is"
    );
}

#[test]
fn a_hidden_version_puts_no_fire_out_and_a_revoked_one_does() {
    let node = node();
    let incident = object("incident", 6, json!({"name": "x"}));
    node.share(A, &Terms::default(), std::slice::from_ref(&incident));
    let at = |minutes: u32| json!(format!("2026-01-01T00:{minutes:02}:00.000Z"));
    let mut hidden = marked(incident.clone(), Tlp::AmberStrict);
    (hidden["modified"], hidden["severity"]) = (at(10), json!("critical"));
    node.share(A, &Terms::default(), &[hidden]);
    assert_eq!(node.gate.fires(CIRCLE, later(2)).unwrap().cause, Cause::Incident);
    let mut revoked = incident;
    (revoked["modified"], revoked["revoked"]) = (at(20), json!(true));
    node.share(A, &Terms::default(), &[revoked]);
    assert_eq!(node.gate.fires(CIRCLE, later(4)).unwrap().cause, Cause::Calm);
}

#[test]
fn nobody_puts_fires_out_by_sending_much() {
    let node = node();
    node.share(A, &Terms::default(), &[indicator(1)]);
    for (number, by) in [A, B, C].into_iter().enumerate() {
        node.share(by, &Terms::default(), &[sighting(number as u128 + 2, 1)]);
    }
    let much: Vec<Value> = (100..1_000).map(|number| sighting(number, 0)).collect();
    node.share(A, &Terms::default(), &much);
    let more: Vec<Value> = (1_000..2_000).map(indicator).collect();
    node.share(B, &Terms::default(), &more);
    assert_eq!(
        node.gate.fires(CIRCLE, later(2)).unwrap().cause,
        Cause::Seen(2),
        "A itself says that it sees nothing"
    );
}
