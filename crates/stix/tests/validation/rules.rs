//! Each rule by an example: the smallest change to a good object that breaks it.

use std::collections::BTreeSet;

use bongsu_stix as stix;
use serde_json::{Value, json};
use stix::validate::{Bundle, CODES};

use super::findings;
use super::good::{
    Case, EXTENSION, address, analysis, common, definition, file, indicator, location, malware, observable,
    observed, relationship, statement, tool, traffic, translation, with,
};
use super::{musts, shoulds};

#[test]
fn good_objects_break_no_rule() {
    for object in [
        tool(),
        malware(),
        indicator(),
        relationship(),
        address(),
        statement(),
        observed(),
        analysis(),
        definition(),
        location(),
        translation(),
    ] {
        assert_eq!(findings(&object.to_string()), [], "{object}");
    }
    // These have a random id, which an observable should not have.
    for object in [file(), traffic()] {
        let codes: Vec<_> = findings(&object.to_string()).iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["uuid-version"], "{object}");
    }
}

fn cases() -> Vec<Case> {
    [musts::cases(), shoulds::cases()].concat()
}

#[test]
fn each_rule_is_seen_to_be_broken_where_it_is() {
    for (code, path, good, change) in cases() {
        let raw = with(good, change).to_string();
        let found = findings(&raw);
        let finding = found.iter().find(|finding| finding.code == code && finding.path == path);
        let Some(finding) = finding else { panic!("{code} at `{path}`: {found:#?}\n{raw}") };
        assert!(finding.message.contains("STIX 2.1, "), "{finding}");
        let rule = CODES.iter().find(|rule| rule.name == code).unwrap();
        assert_eq!(rule.severity, finding.severity);
    }
}

/// A string in `defanged` was once left half read, and its closing quote taken for the next key.
#[test]
fn a_flag_of_another_type_is_all_that_is_wrong() {
    for wrong in [json!("x"), json!("true"), json!([true]), json!({"a": 1})] {
        let raw = with(address(), json!({"defanged": wrong, "object_marking_refs": "gone"})).to_string();
        let found: Vec<_> = findings(&raw).into_iter().map(|finding| (finding.code, finding.path)).collect();
        assert_eq!(found, [("value-type", "defanged".to_owned())], "{raw}");
    }
}

/// Rules that `read_head` refuses first, so that `validate` alone shows them, and those between objects.
#[test]
fn every_code_has_its_example() {
    let mut shown: BTreeSet<&str> = cases().iter().map(|(code, ..)| *code).collect();
    let alone = |raw: Value| {
        let mut found = Vec::new();
        stix::validate(&raw.to_string(), &mut |finding| found.push(finding.code));
        found
    };
    assert!(
        alone(with(tool(), json!({"id": "malware--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"})))
            .contains(&"id-type-differs")
    );
    assert!(alone(common("ab", json!({}))).contains(&"type-name"));
    shown.extend(["id-type-differs", "type-name"]);
    let later = with(tool(), json!({"modified": "2026-01-02T00:00:00.000Z"}));
    let between = [
        ("version-twice", vec![tool(), tool()]),
        (
            "version-created",
            vec![tool(), with(later.clone(), json!({"created": "2025-01-01T00:00:00.000Z"}))],
        ),
        (
            "version-creator",
            vec![
                tool(),
                with(
                    later.clone(),
                    json!({"created_by_ref": "identity--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}),
                ),
            ],
        ),
        ("version-after-revocation", vec![later.clone(), with(tool(), json!({"revoked": true}))]),
        ("uuid-reused", {
            let made = json!({"created_by_ref": "identity--11111111-17d4-4cbf-938f-98ee46b3cd3f"});
            vec![with(tool(), made.clone()), with(malware(), made)]
        }),
    ];
    for (code, objects) in between {
        let mut bundle = Bundle::new();
        let mut found = Vec::new();
        for object in &objects {
            let raw = object.to_string();
            let head = stix::read_head(&raw).unwrap();
            bundle.object(&raw, &head, &mut |finding| found.push(finding.code));
        }
        assert!(found.contains(&code), "{code}: {found:?}");
        shown.insert(code);
    }
    let mut bundle = Bundle::new();
    for object in [tool(), later] {
        let raw = object.to_string();
        bundle.object(&raw, &stix::read_head(&raw).unwrap(), &mut |finding| panic!("{finding}"));
    }
    let missing: Vec<_> = CODES.iter().map(|code| code.name).filter(|code| !shown.contains(code)).collect();
    assert_eq!(missing, [""; 0], "no example of these rules");
}

#[test]
fn what_is_right_though_it_looks_odd_is_taken() {
    let pass = |object: Value| {
        let found: Vec<_> = super::errors(&object.to_string());
        assert_eq!(found, [], "{object}");
    };
    // 3.2: a defanged value does not have the form of its kind.
    pass(with(address(), json!({"defanged": true, "value": "198[.]49.123.10"})));
    // RFC 3339 has leap seconds; STIX has any number of digits.
    pass(with(indicator(), json!({"valid_from": "2016-12-31T23:59:60Z"})));
    pass(with(indicator(), json!({"valid_from": "2016-12-31T23:59:59.0123456789012Z"})));
    // 7.2.3: `lang` without `marking_ref`, selectors into lists and dictionaries.
    pass(with(
        tool(),
        json!({"labels": ["a", "b"], "granular_markings": [{"lang": "de", "selectors": ["labels.[1]", "labels", "name"]}]}),
    ));
    // 7.3: a new observable has no `created`; a new domain object has.
    let new_observable = json!({"extensions": {EXTENSION: {"extension_type": "new-sco"}}, "value": "x"});
    pass(observable("my-observable", "2d4b2a0c-17d4-5cbf-938f-98ee46b3cd3f", new_observable));
    // 2.10: a whole number may be written with a fraction of zero.
    pass(with(tool(), json!({"confidence": 50.0})));
    // 10.7, 2.14: hashes of other algorithms.
    pass(with(file(), json!({"hashes": {"x_foo_hash": "aaaabbbb", "SHA3-256": "0".repeat(64)}})));
    // TLP 2.0.
    let mut clear = json!({"extensions": {"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {"extension_type": "property-extension", "tlp_2_0": "clear"}}});
    clear["id"] = json!("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487");
    clear["definition_type"] = json!("gone");
    clear["definition"] = json!("gone");
    pass(with(statement(), clear));
}

#[test]
fn stix_20_is_told_once_and_held_to_what_both_share() {
    let old = json!({
        "type": "indicator", "id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
        "created": "2017-01-01T00:00:00.000Z", "modified": "2017-01-01T00:00:00.000Z", "labels": ["malicious-activity"],
        "pattern": "[file:name = 'a']", "valid_from": "2017-01-01T00:00:00Z", "x_own": 1,
    });
    let codes =
        |object: &Value| findings(&object.to_string()).iter().map(|found| found.code).collect::<Vec<_>>();
    assert_eq!(codes(&old), ["stix-2.0"]);
    assert_eq!(codes(&with(old.clone(), json!({"pattern": "[file"}))), ["stix-2.0", "pattern-malformed"]);
    assert_eq!(codes(&with(old, json!({"valid_from": "gone"}))), ["stix-2.0", "property-missing"]);
}

/// A value of a megabyte was shown whole at first, and so were bytes that a terminal obeys.
#[test]
fn messages_are_short_and_safe_to_print() {
    let hostile = format!("\u{1b}[2J\u{202e}\n{}", "x".repeat(1 << 20));
    let object =
        with(tool(), json!({"lang": hostile, "x_a": {hostile.clone(): []}, "labels": [{hostile: 1}]}));
    let pattern = with(indicator(), json!({"pattern": "[a:b\u{1b}[2J = \u{7} 'x']"}));
    let twice = "{\"type\":\"bundle\",\"\\u001b\":1,\"\\u001b\":2}";
    let raws = [object.to_string(), pattern.to_string(), twice.to_owned()];
    for finding in raws.iter().flat_map(|raw| {
        let mut found = findings(raw);
        stix::validate::validate_bundle(raw, &mut |finding| found.push(finding));
        found
    }) {
        let text = finding.to_string();
        assert!(text.len() < 1_000 && !text.contains(['\u{1b}', '\n', '\u{202e}']), "{text:?}");
    }
}
