//! What was withdrawn is told to those who had it, and to nobody else.

use line::Seq;
use policy::Terms;
use serde_json::{Value, json};
use stix::{ObjectId, Tlp};

use crate::node::{self, A, B, C, CIRCLE, Node, indicator, marked, object};

fn withdraw(node: &Node, by: policy::MemberId, object: &Value) {
    let id = ObjectId::parse(object["id"].as_str().unwrap()).unwrap();
    node.gate.withdraw(by, CIRCLE, &[id], "test").unwrap();
}

fn told(node: &Node, member: policy::MemberId, after: u64) -> Vec<(u128, u64)> {
    let withdrawn = node.reader(member).withdrawals(Seq(after), &[]).unwrap();
    withdrawn.iter().map(|one| (node::number(&one.id), one.first.0)).collect()
}

#[test]
fn a_withdrawal_is_told_to_those_who_had_the_object() {
    let node = Node::new();
    let hidden = marked(indicator(2), Tlp::AmberStrict);
    node.share(A, &Terms::default(), &[indicator(1), hidden.clone(), indicator(3)]);
    assert!(told(&node, C, 0).is_empty());
    withdraw(&node, A, &indicator(1));
    withdraw(&node, A, &hidden);
    assert_eq!(told(&node, B, 0), [(1, 1), (2, 2)]);
    assert_eq!(told(&node, C, 0), [(1, 1)], "what it never saw is not named");
    assert_eq!(told(&node, C, 4), [], "it was told of the first withdrawal");
    assert_eq!(told(&node, B, 4), [(2, 2)]);
}

#[test]
fn what_another_still_shares_is_not_withdrawn_and_what_comes_again_is_not_either() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[indicator(1)]);
    withdraw(&node, A, &indicator(1));
    assert_eq!(told(&node, C, 0), [(1, 1)]);
    let mut newer = indicator(1);
    newer["modified"] = json!("2026-03-01T00:00:00.000Z");
    node.share(A, &Terms::default(), &[newer]);
    assert_eq!(told(&node, C, 0), []);
}

fn revoked(object: &Value, tlp: Tlp) -> Value {
    let mut newer = marked(object.clone(), tlp);
    (newer["modified"], newer["revoked"]) = (json!("2026-03-01T00:00:00.000Z"), json!(true));
    newer
}

#[test]
fn a_revoked_version_is_a_withdrawal_for_those_who_had_an_earlier_one() {
    let node = Node::new();
    let hidden = marked(indicator(2), Tlp::AmberStrict);
    node.share(A, &Terms::default(), &[indicator(1), hidden.clone(), revoked(&indicator(3), Tlp::Green)]);
    node.share(A, &Terms::default(), &[revoked(&indicator(1), Tlp::Green), revoked(&hidden, Tlp::Green)]);
    assert_eq!(told(&node, B, 0), [(1, 1), (2, 2)], "nobody had the third before");
    assert_eq!(told(&node, C, 0), [(1, 1)], "it never saw the second while it held");
    assert_eq!((told(&node, B, 4), told(&node, B, 5)), (vec![(2, 2)], vec![]));
    // That is known already, however often and in which way it is said again.
    withdraw(&node, A, &indicator(1));
    assert_eq!((told(&node, C, 0), told(&node, C, 5)), (vec![(1, 1)], vec![]));
    let terms = Terms { ceiling: Some(Tlp::Green), ..Terms::default() };
    node.share(A, &terms, &[revoked(&hidden, Tlp::Green)]);
    assert_eq!((told(&node, B, 0), told(&node, B, 5)), (vec![(1, 1), (2, 2)], vec![]));
}

#[test]
fn a_text_is_given_as_it_was_had() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[indicator(1), indicator(2)]);
    node.share(A, &Terms::default(), &[revoked(&indicator(1), Tlp::Green)]);
    withdraw(&node, A, &indicator(2));
    let reader = node.reader(C);
    let gone = reader.withdrawals(Seq(0), &["indicator"]).unwrap();
    let texts = gone.iter().map(|one| reader.as_had(one).unwrap().unwrap().into_inner());
    let texts: Vec<Value> = texts.map(|text| serde_json::from_str(&text).unwrap()).collect();
    assert_eq!(texts, [indicator(1), indicator(2)]);
    assert_eq!(reader.withdrawals(Seq(0), &["malware"]).unwrap(), []);
}

#[test]
fn what_depended_on_what_is_hidden_was_never_there() {
    let node = Node::new();
    let hidden = marked(object("malware", 1, json!({"name": "m", "is_family": false})), Tlp::AmberStrict);
    let relationship = object(
        "relationship",
        2,
        json!({"relationship_type": "indicates", "source_ref": node::id("indicator", 3), "target_ref": hidden["id"]}),
    );
    node.share(A, &Terms::default(), &[hidden, indicator(3), relationship.clone()]);
    withdraw(&node, A, &relationship);
    assert_eq!(told(&node, C, 0), []);
    assert_eq!(told(&node, B, 0).len(), 1);
}

#[test]
fn who_joins_later_is_not_told_of_what_was_gone_by_then() {
    let node = Node::new();
    let later = || node.clock.fetch_add(1_000, std::sync::atomic::Ordering::SeqCst);
    let circle = |members: Vec<policy::MemberId>| {
        later();
        let circle = policy::Circle { members, ..node::circle() };
        node.gate.record(policy::MemberId::NODE, policy::Entry::Circle(circle)).unwrap();
    };
    circle(vec![A, B]);
    later();
    node.share(A, &Terms::default(), &[indicator(1)]);
    withdraw(&node, A, &indicator(1));
    circle(vec![A, B, C]);
    later();
    // A version that C may not see, withdrawn after C came: the one before it was gone by then.
    let mut hidden = marked(indicator(1), Tlp::AmberStrict);
    hidden["modified"] = json!("2026-03-01T00:00:00.000Z");
    node.share(A, &Terms::default(), &[hidden.clone()]);
    withdraw(&node, A, &hidden);
    assert_eq!(told(&node, C, 0), []);
    assert_eq!(told(&node, B, 0).len(), 1);
    let node = node.reopened();
    assert_eq!(told(&node, C, 0), [], "nor after a start");
}
