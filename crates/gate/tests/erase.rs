//! Erasing objects: who is told, what is due when, and that the public tree is the same tree.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use bongsu_gate::{ErasePlan, TREES};
use line::{LineId, Seq};
use policy::{MemberId, Retention, Terms};
use serde_json::json;
use stix::{ObjectId, Tlp};

use crate::node::{self, A, B, C, CIRCLE, Node, at, indicator, marked, object};

const DAY_US: i64 = 86_400_000_000;
const LINE: LineId = LineId::new(CIRCLE.uuid());

fn id(object_type: &str, number: u128) -> ObjectId {
    ObjectId::parse(&node::id(object_type, number)).unwrap()
}

fn plan(node: &Node, object_type: &str, number: u128) -> ErasePlan {
    node.gate.erasable(CIRCLE, &id(object_type, number)).unwrap().unwrap()
}

fn erase(node: &Node, plans: &[ErasePlan]) -> usize {
    node.gate.erase(MemberId::NODE, &json!({"why": "a test"}), plans, "erased").unwrap().len()
}

fn told(node: &Node, member: MemberId) -> Vec<u128> {
    let withdrawn = node.reader(member).withdrawals(Seq(0), &[]).unwrap();
    withdrawn.iter().map(|one| node::number(&one.id)).collect()
}

#[test]
fn an_erasure_is_told_as_a_withdrawal_to_those_who_had_it_and_to_nobody_else() {
    let node = Node::new();
    let hidden = marked(indicator(2), Tlp::AmberStrict);
    node.share(A, &Terms::default(), &[indicator(1), hidden, indicator(3)]);
    let plans = [plan(&node, "indicator", 1), plan(&node, "indicator", 2)];
    assert!(plans.iter().all(|plan| plan.is_live));
    assert_eq!(erase(&node, &plans), 2);
    let check = |node: &Node| {
        assert_eq!((told(node, B), told(node, C)), (vec![1, 2], vec![1]), "what C never saw is not named");
        assert_eq!(node.sees(B), [3]);
        let had = node.reader(B).withdrawals(Seq(0), &[]).unwrap();
        assert!(node.reader(B).as_had(&had[0]).unwrap().is_none(), "its text can't be said any more");
        let erased = |member| {
            let ids: Vec<ObjectId> = (1..=3).map(|number| id("indicator", number)).collect();
            let mut erased = node.reader(member).erased(&ids).unwrap();
            erased.sort();
            erased.into_iter().map(|(id, _)| node::number(&id)).collect::<Vec<_>>()
        };
        assert_eq!((erased(B), erased(C)), (vec![1, 2], vec![1]));
        assert!(node.gate.erasable(CIRCLE, &id("indicator", 1)).unwrap().is_none());
    };
    check(&node);
    check(&node.reopened());
}

#[test]
fn the_public_tree_is_the_same_when_it_is_made_anew_from_a_line_with_erasures() {
    let node = Node::new();
    // A relationship that waited, so that what was erased was announced again too.
    let ends = json!({"relationship_type": "uses", "source_ref": node::id("identity", 1), "target_ref": node::id("identity", 2)});
    node.share(A, &Terms::default(), &[object("relationship", 5, ends)]);
    let identity = |number| object("identity", number, json!({"name": "n"}));
    node.share(A, &Terms::default(), &[identity(1), identity(2), indicator(3)]);
    let root = |node: &Node| {
        let size = node.gate.grow_tree(LINE).unwrap();
        (size, node.gate.checkpoint(LINE).unwrap().note.lines().nth(2).unwrap().to_owned())
    };
    root(&node);
    let plans = [plan(&node, "relationship", 5), plan(&node, "identity", 1)];
    assert_eq!(erase(&node, &plans), 2);
    let kept = root(&node);
    node.gate.keep_trees().unwrap();
    let folder = node.gate.store().folder().join(TREES);
    assert!(folder.exists());
    std::fs::remove_dir_all(&folder).unwrap();
    let node = node.reopened();
    assert_eq!(root(&node), kept);
}

#[test]
fn what_is_due_goes_by_type_and_by_the_arrival_of_the_last_version() {
    let node = Node::new();
    let retention = Retention {
        days: Some(10),
        by_type: BTreeMap::from([("identity".to_owned(), Some(2)), ("tool".to_owned(), None)]),
    };
    let of = |object_type: &str, number: u128| object(object_type, number, json!({"name": "n"}));
    node.share(
        A,
        &Terms::default(),
        &[of("identity", 1), of("identity", 2), of("tool", 3), of("malware", 4)],
    );
    let due = |days: i64| {
        let now = at(1_000 + days * 86_400);
        let is_over = |object_type: &str, arrived| retention.is_over(object_type, arrived, now);
        let plans = node.gate.due_for_erasure(CIRCLE, 100, is_over).unwrap();
        plans.iter().map(|plan| node::number(&plan.id)).collect::<Vec<_>>()
    };
    assert_eq!((due(1), due(3), due(11)), (vec![], vec![1, 2], vec![1, 2, 4]));
    node.clock.fetch_add(DAY_US, Ordering::SeqCst);
    let mut newer = of("identity", 2);
    newer["modified"] = json!("2026-02-01T00:00:00.000Z");
    node.share(A, &Terms::default(), &[newer]);
    assert_eq!((due(2), due(4)), (vec![1], vec![1, 2]), "a new version begins anew");
    let plans = [plan(&node, "identity", 1)];
    assert_eq!(erase(&node, &plans), 1);
    assert_eq!(due(11), [2, 4], "what is erased is not due again");
}
