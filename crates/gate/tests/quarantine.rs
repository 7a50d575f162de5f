//! What breaks a MUST of STIX 2.1, by the intake of its source: told, kept apart, refused.

#![allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "a test that fails says so by panicking")]

mod node;

use bongsu_gate::{QuarantineState, Submitted, Verdict};
use node::{A, B, CIRCLE, Node, indicator, object};
use policy::{Entry, Intake, Member, MemberId, Terms};
use serde_json::{Value, json};
use stix::{ObjectId, Severity};

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
    let state = |number| node.gate.quarantine_state(A, CIRCLE, &id_of(number)).unwrap();
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
