//! What breaks a MUST of STIX 2.1, by the intake of its source: told, kept apart, refused.

use bongsu_gate::{QuarantineState, Submitted, Verdict};
use policy::{Entry, Intake, Member, MemberId, Terms};
use serde_json::{Value, json};
use stix::{ObjectId, Severity};

use crate::node::{self, A, B, CIRCLE, Node, indicator, object};

/// An identity without the name that STIX 2.1 wants (section 4.5).
fn nameless(number: u128) -> Value {
    object("identity", number, json!({"identity_class": "organization"}))
}

fn id_of(number: u128) -> ObjectId {
    ObjectId::parse(&node::id("identity", number)).unwrap()
}

fn taking(intake: Intake) -> Node {
    let node = Node::new();
    let member = Member { intake, ..node.gate.book().member(A).unwrap().clone() };
    node.gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
    node
}

fn waiting(node: &Node) -> Vec<u128> {
    let all = node.gate.quarantined(CIRCLE, 0, 100).unwrap();
    assert!(all.iter().all(|waiting| waiting.findings[0].severity == Severity::Error));
    all.iter().map(|waiting| node::number(&waiting.id)).collect()
}

#[test]
fn accepted_with_what_is_wrong_told() {
    let node = taking(Intake::Accept);
    let told = node.try_share(A, &Terms::default(), &[nameless(1), indicator(2)]);
    let Submitted::Appended { findings, .. } = &told[0] else { panic!("{told:?}") };
    assert!(findings[0].severity == Severity::Error && findings[0].message.contains("name"), "{findings:?}");
    assert!(told.iter().all(|told| told.complaint().is_none()));
    assert_eq!(node.sees(B), [1, 2]);
    assert!(waiting(&node).is_empty());
}

#[test]
fn refused_and_what_is_good_beside_it_kept() {
    let node = taking(Intake::Refuse);
    let told = node.try_share(A, &Terms::default(), &[indicator(2), nameless(1), indicator(3)]);
    assert!(matches!(&told[1], Submitted::Invalid(findings) if !findings.is_empty()), "{told:?}");
    assert_eq!((node.sees(A), node.sees(B)), (vec![2, 3], vec![2, 3]));
}

#[test]
fn kept_apart_nobody_sees_it_not_even_its_sender() {
    let node = taking(Intake::Quarantine);
    let told = node.try_share(A, &Terms::default(), &[nameless(1), indicator(2), nameless(3)]);
    assert!(matches!(told[0], Submitted::Quarantined(_)) && matches!(told[2], Submitted::Quarantined(_)));
    assert!(matches!(told[1], Submitted::Appended { .. }));
    assert_eq!((node.sees(A), node.sees(B)), (vec![2], vec![2]));
    assert!(node.held(B).is_empty(), "not even as held back");
    assert_eq!(node.reader(B).head().0, 1, "the line is no longer for it");
    assert_eq!(waiting(&node), [1, 3]);
    // Durable like everything else.
    let node = node.reopened();
    assert_eq!(waiting(&node), [1, 3]);
    assert_eq!(node.sees(B), [2]);
    let again = node.try_share(A, &Terms::default(), &[nameless(1)]);
    assert!(matches!(again[0], Submitted::Quarantined(_)));
    assert_eq!(waiting(&node), [1, 3], "brought twice, it waits once");
}

#[test]
fn an_operator_releases_one_with_its_terms_and_drops_the_other() {
    let node = taking(Intake::Quarantine);
    let terms = Terms { recipients: vec![B], ..Terms::default() };
    node.try_share(A, &terms, &[nameless(1), nameless(2)]);
    let first = stix::Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    let state = |number| node.gate.quarantine_state(A, CIRCLE, &id_of(number), first).unwrap();
    assert_eq!(state(1), QuarantineState::Waiting);
    let told = node.gate.settle(CIRCLE, &id_of(1), Verdict::Release, node.now).unwrap();
    assert!(matches!(told[..], [Submitted::Appended { .. }]), "{told:?}");
    node.gate.settle(CIRCLE, &id_of(2), Verdict::Drop, node.now).unwrap();
    assert_eq!((state(1), state(2)), (QuarantineState::Shared, QuarantineState::Gone));
    assert!(waiting(&node).is_empty());
    assert_eq!((node.sees(B), node.sees(node::C)), (vec![1], vec![]), "under the terms it came with");
    assert!(node.gate.settle(CIRCLE, &id_of(1), Verdict::Release, node.now).unwrap().is_empty());
    // Brought once more, the one is there and the other stays out until it is mended.
    let again = node.try_share(A, &terms, &[nameless(1), nameless(2)]);
    assert_eq!(again[0], Submitted::Present);
    assert!(matches!(again[1], Submitted::Refused(_)), "{again:?}");
    let mut mended = nameless(2);
    mended["name"] = json!("A name");
    mended["modified"] = json!("2026-01-02T00:00:00.000Z");
    assert!(matches!(node.try_share(A, &terms, &[mended])[0], Submitted::Appended { .. }));
}

/// A relationship between an identity and itself, without the type that STIX 2.1 wants (section 5.1).
fn untyped(number: u128, end: u128) -> Value {
    let end = node::id("identity", end);
    object("relationship", number, json!({"source_ref": end, "target_ref": end}))
}

fn later(number: u128) -> Value {
    let mut object = nameless(number);
    object["modified"] = json!("2026-01-02T00:00:00.000Z");
    object
}

#[test]
fn what_waited_for_its_ends_waits_for_the_operator_when_they_come() {
    let node = taking(Intake::Quarantine);
    let terms = Terms { recipients: vec![B], ..Terms::default() };
    node.try_share(A, &terms, &[untyped(5, 1)]);
    node.try_share(A, &terms, &[nameless(1)]);
    let mut all = waiting(&node);
    all.sort_unstable();
    assert_eq!(all, [1, 5]);
    node.gate.settle(CIRCLE, &id_of(1), Verdict::Release, node.now).unwrap();
    let between = ObjectId::parse(&node::id("relationship", 5)).unwrap();
    let told = node.gate.settle(CIRCLE, &between, Verdict::Release, node.now).unwrap();
    assert!(matches!(told[..], [Submitted::Appended { .. }]), "{told:?}");
    assert_eq!((node.sees(B), node.sees(node::C)), (vec![1, 5], vec![]), "under the terms it came with");
    assert!(waiting(&node).is_empty());
}

#[test]
fn what_a_member_has_withdrawn_is_not_released_any_more() {
    let node = taking(Intake::Quarantine);
    let mut named = nameless(1);
    named["name"] = json!("A name");
    node.share(A, &Terms::default(), &[named]);
    node.try_share(A, &Terms::default(), &[later(1), nameless(2)]);
    let told = node.gate.withdraw(A, CIRCLE, &[id_of(1)], "no").unwrap();
    assert!(matches!(told[..], [Submitted::Appended { .. }]), "{told:?}");
    assert_eq!(waiting(&node), [2]);
    assert!(node.gate.settle(CIRCLE, &id_of(1), Verdict::Release, node.now).unwrap().is_empty());
    assert!(node.sees(B).is_empty());
    // What was never anywhere but in the quarantine is withdrawn there; another's is not.
    let told = node.gate.withdraw(B, CIRCLE, &[id_of(2)], "no").unwrap();
    assert!(matches!(told[..], [Submitted::Refused(_)]), "{told:?}");
    assert_eq!(waiting(&node), [2]);
    let told = node.gate.withdraw(A, CIRCLE, &[id_of(2)], "no").unwrap();
    assert!(matches!(told[..], [Submitted::Appended { .. }]), "{told:?}");
    assert!(waiting(&node).is_empty());
}

#[test]
fn a_version_that_is_refused_keeps_no_other_waiting() {
    let node = taking(Intake::Quarantine);
    node.try_share(A, &Terms::default(), &[nameless(1)]);
    let member = Member { intake: Intake::Quarantine, ..node.gate.book().member(B).unwrap().clone() };
    node.gate.record(MemberId::NODE, Entry::Member(member)).unwrap();
    node.try_share(B, &Terms::default(), &[later(1)]);
    // B's is another's now: refused, and it waits on alone.
    let told = node.gate.settle(CIRCLE, &id_of(1), Verdict::Release, node.now).unwrap();
    assert!(matches!(told[..], [Submitted::Appended { .. }, Submitted::Forbidden(_)]), "{told:?}");
    let left = node.gate.quarantined(CIRCLE, 0, 9).unwrap();
    assert_eq!(left.iter().map(|left| left.sender).collect::<Vec<_>>(), [B]);
}

#[test]
fn a_version_that_was_dropped_is_not_taken_for_the_one_before_it() {
    let node = taking(Intake::Quarantine);
    let mut named = nameless(1);
    named["name"] = json!("A name");
    node.share(A, &Terms::default(), &[named.clone()]);
    node.try_share(A, &Terms::default(), &[later(1)]);
    let state = |object: &Value| {
        let version = stix::Timestamp::parse(object["modified"].as_str().unwrap()).unwrap();
        node.gate.quarantine_state(A, CIRCLE, &id_of(1), version).unwrap()
    };
    assert_eq!((state(&named), state(&later(1))), (QuarantineState::Shared, QuarantineState::Waiting));
    node.gate.settle(CIRCLE, &id_of(1), Verdict::Drop, node.now).unwrap();
    assert_eq!((state(&named), state(&later(1))), (QuarantineState::Shared, QuarantineState::Gone));
}
