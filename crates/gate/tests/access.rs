//! What a member may do in a circle: read, write, both or neither; and which STIX versions a circle takes.

use bongsu_gate::{Query, SubmitError, Submitted, VersionMatch};
use policy::{Access, Entry, MemberId, Rule, Terms};
use serde_json::json;
use stix::{ObjectId, SpecVersion};

use crate::node::{A, B, C, CIRCLE, Node, circle, id, indicator, object};

fn with_access(access: &[(MemberId, Access)]) -> Node {
    let node = Node::new();
    let circle = policy::Circle { access: access.iter().copied().collect(), ..circle() };
    node.gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
    node
}

#[test]
fn who_may_only_write_gets_nothing_but_its_own() {
    let node = with_access(&[(B, Access::Write), (C, Access::None)]);
    node.share(A, &Terms::default(), &[indicator(1)]);
    node.share(B, &Terms::default(), &[indicator(2)]);
    assert_eq!(node.sees(A), [1, 2]);
    assert_eq!(node.sees(B), [2]);
    assert_eq!(node.sees(C), []);
    assert_eq!(node.held(B), [(1, Rule::CircleWriteOnly)]);
    // What it may not see shows in no answer to what it brings itself.
    assert!(matches!(
        node.try_share(B, &Terms::default(), &[indicator(1)])[..],
        [Submitted::Appended { .. }]
    ));
}

#[test]
fn who_may_only_read_shares_and_withdraws_nothing() {
    let node = with_access(&[(B, Access::Read), (C, Access::None)]);
    node.share(A, &Terms::default(), &[indicator(1)]);
    assert_eq!(node.sees(B), [1]);
    let id = ObjectId::parse(&id("indicator", 1)).unwrap();
    for member in [B, C] {
        let shared = node.gate.submit(member, CIRCLE, &Terms::default(), Vec::new(), node.now);
        assert!(matches!(shared, Err(SubmitError::ReadOnly)), "{shared:?}");
        let withdrawn = node.gate.withdraw(member, CIRCLE, std::slice::from_ref(&id), "no");
        assert!(matches!(withdrawn, Err(SubmitError::ReadOnly)), "{withdrawn:?}");
    }
    assert!(node.gate.withdraw(A, CIRCLE, &[id], "wrong").is_ok());
}

#[test]
fn a_circle_takes_the_versions_that_it_says() {
    let node = Node::new();
    let circle = policy::Circle { spec_versions: vec![SpecVersion::V21], ..circle() };
    node.gate.record(MemberId::NODE, Entry::Circle(circle)).unwrap();
    let mut old = indicator(1);
    old.as_object_mut().unwrap().remove("spec_version");
    let told = node.try_share(A, &Terms::default(), &[old, indicator(2)]);
    assert_eq!(told[0], Submitted::Forbidden(Rule::SpecVersionNotTaken));
    assert!(matches!(told[1], Submitted::Appended { .. }));
}

#[test]
fn first_and_last_are_told_by_version_however_they_came() {
    let node = Node::new();
    let version = |day: u8| {
        object(
            "malware",
            1,
            json!({"is_family": true, "modified": format!("2026-01-{day:02}T00:00:00.000Z")}),
        )
    };
    for day in [9, 7, 3, 5] {
        node.share(A, &Terms::default(), &[version(day)]);
    }
    let mut old = version(12);
    old.as_object_mut().unwrap().remove("spec_version");
    node.share(A, &Terms::default(), &[old]);
    let days = |versions: &[VersionMatch], spec_versions: &[SpecVersion]| -> Vec<String> {
        let (versions, spec_versions) = (versions.to_vec(), spec_versions.to_vec());
        let query = Query { versions, spec_versions, limit: 100, ..Query::default() };
        let rows = node.reader(B).manifest(&query).unwrap().items;
        rows.iter().map(|row| row.get().version.to_string()[8..10].to_owned()).collect()
    };
    let both = [SpecVersion::V20, SpecVersion::V21];
    assert_eq!(days(&[], &[]), ["09"], "the newest specification in which it is there");
    assert_eq!(days(&[VersionMatch::First], &[]), ["03"]);
    assert_eq!(days(&[VersionMatch::All], &[]), ["09", "07", "03", "05"]);
    assert_eq!(days(&[], &both), ["12"]);
    assert_eq!(days(&[VersionMatch::First, VersionMatch::Last], &both), ["03", "12"]);
    assert_eq!(days(&[VersionMatch::All], &[SpecVersion::V20]), ["12"]);
    assert_eq!(days(&[], &[SpecVersion::V21, SpecVersion::V21]), ["09"]);
}
