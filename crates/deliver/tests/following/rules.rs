//! Rules and patterns wait at the limit of a step as values do, and are seen as values are.

use bongsu_deliver::rules::Language;
use bongsu_deliver::{Artefact, Basis, StepLimit, StepVerdict};
use policy::{Level, MemberId, Terms};
use serde_json::json;

use super::world::{Action, MEMBERS, Mark, Share, Sight, World, basis, id};

fn held(artefact: &Artefact) -> Vec<(String, bool)> {
    let of = |rule: &bongsu_deliver::HeldRule| (rule.object.clone(), rule.why.ends_with("[step-limit]"));
    artefact.held.iter().map(of).collect()
}

/// What comes beyond the limit is in no file of rules and not among the patterns until it is confirmed.
#[test]
fn rules_and_patterns_wait_for_an_operator_too() {
    let world = World::new();
    let limit = StepLimit { count_max: 3, percent_max: 10, window_s: 60 };
    world.deliver.judge_by(Basis { step_limit: limit, ..basis() });
    let share = |number: u128, pattern_type: &str, pattern: &str| {
        let object = json!({
            "type": "indicator", "spec_version": "2.1", "id": id("indicator", number).to_string(),
            "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
            "pattern": pattern, "pattern_type": pattern_type,
            "valid_from": "2026-01-01T00:00:00Z", "confidence": 80,
        });
        world.submit(0, 0, &Terms::default(), &object);
    };
    for number in 0..3 {
        share(number, "stix", &format!("[process:command_line = 'a{number}']"));
    }
    world.take(&Action::Wait(61));
    share(10, "yara", "rule within { condition: true }");
    share(11, "sigma", "title: a\nlogsource: {product: windows}\ndetection: {condition: sel}");
    share(12, "stix", "[domain-name:value = 'within.evil.top']");
    share(13, "yara", "rule beyond { condition: true }");
    share(14, "stix", "[process:command_line = 'beyond']");
    let made = || {
        let yara = world.deliver.shared_rules(MEMBERS[1], Language::Yara, true).unwrap();
        let patterns = world.deliver.patterns(MEMBERS[1], true).unwrap();
        assert!(!world.deliver.shared_rules(MEMBERS[1], Language::Sigma, true).unwrap().body.is_empty());
        (yara, patterns)
    };
    let (yara, patterns) = made();
    assert_eq!((yara.entries, held(&yara)), (1, vec![(id("indicator", 13).to_string(), true)]));
    assert_eq!((patterns.entries, held(&patterns)), (4, vec![(id("indicator", 14).to_string(), true)]));
    world
        .deliver
        .steps()
        .unwrap()
        .remove(0)
        .settle(&world.gate, MemberId::NODE, StepVerdict::Confirmed)
        .unwrap();
    let (yara, patterns) = made();
    assert_eq!((yara.entries, held(&yara)), (2, vec![]));
    assert_eq!((patterns.entries, held(&patterns)), (5, vec![]));
}

/// A pattern that a sighting keeps alive is among the patterns as it is on the lists.
#[test]
fn a_sighting_keeps_a_pattern_alive() {
    const DAY_S: i64 = 86_400;
    let world = World::new();
    // An address of confidence 80, of which a member that takes 40 and above has half of 180 days.
    world.share(&Share { value: 2, ..Share::plain(1, Mark::None) });
    world.take(&Action::Wait(91 * DAY_S));
    let patterns = world.deliver.patterns(MEMBERS[1], true).unwrap();
    assert_eq!((patterns.entries, patterns.held.len()), (0, 1), "it has faded");
    let (by, circle, version, revoked, tlp) = (0, 0, 0, false, None);
    world.see(&Sight { number: 1, of: 1, by, circle, version, ago: Some(0), count: None, revoked, tlp });
    assert_eq!(world.deliver.gather(MEMBERS[1], Level::Detect, true).unwrap().len(), 1);
    let patterns = world.deliver.patterns(MEMBERS[1], true).unwrap();
    assert_eq!((patterns.entries, patterns.held.len()), (1, 0), "{:?}", patterns.held);
}
