//! Receipts: kept, coalesced, and what they say about a member.

use policy::{Deed, Level, Receipt, Terms, Upto};
use serde_json::json;
use stix::Tlp;

use crate::node::{A, C, CIRCLE, Node, at, indicator, marked, object};

fn fetched(what: &str, seconds: i64, seq: u64, mark: &str) -> Receipt {
    let receipt = Receipt::new(C, what, Level::List, Deed::Fetched, at(seconds));
    receipt.upto(vec![Upto { circle: CIRCLE, seq }]).marked(mark)
}

#[test]
fn polling_is_written_once_an_hour_if_it_says_something_new_and_else_once_a_day() {
    let node = Node::new();
    let gate = &node.gate;
    let mut written = Vec::new();
    for minute in 0..180 {
        gate.note(fetched("list/domain.txt", minute * 60, u64::try_from(minute).unwrap(), "m"));
        written.push(gate.write_receipts(false).unwrap());
    }
    let at_minutes: Vec<usize> = (0..180).filter(|minute| written[*minute] > 0).collect();
    assert_eq!(at_minutes, [0, 60, 120]);
    for minute in 180..3_000 {
        gate.note(fetched("list/domain.txt", minute * 60, 179, "m"));
        written.push(gate.write_receipts(false).unwrap());
    }
    let at_minutes: Vec<usize> = (180..3_000).filter(|minute| written[*minute] > 0).collect();
    assert_eq!(at_minutes, [180, 180 + 24 * 60], "the number grew once more, then nothing changed");
    assert_eq!(gate.receipt_history(C, 100).unwrap().len(), 5);
    assert_eq!(gate.receipt_history(C, 2).unwrap()[0].at, at((180 + 24 * 60) * 60), "the newest first");
}

#[test]
fn what_a_person_says_is_durable_at_once_and_what_devices_did_when_the_node_stops() {
    let node = Node::new();
    let answer = Receipt::new(C, "answer", Level::Read, Deed::Answered, at(5));
    node.gate.receive(answer.clone()).unwrap();
    node.gate.note(fetched("list/domain.txt", 6, 3, "m"));
    let node = node.reopened();
    assert_eq!(node.gate.receipts(C), std::slice::from_ref(&answer));
    node.gate.note(fetched("list/domain.txt", 6, 3, "m"));
    node.gate.write_receipts(true).unwrap();
    node.gate.note(fetched("list/domain.txt", 7, 3, "n"));
    node.gate.write_receipts(true).unwrap();
    assert_eq!(node.gate.write_receipts(true).unwrap(), 0, "there is nothing new");
    let node = node.reopened();
    assert_eq!(node.gate.receipts(C), [answer, fetched("list/domain.txt", 7, 3, "n")]);
    assert!(node.gate.receipts(A).is_empty());
}

#[test]
fn nobody_loses_what_it_had_by_asking_again_from_the_start() {
    let node = Node::new();
    node.gate.note(fetched("x", 1, 900, "m"));
    node.gate.note(fetched("x", 2, 100, "m"));
    assert_eq!(node.gate.receipts(C), [fetched("x", 2, 900, "m")]);
    node.gate.note(fetched("x", 1, 950, "old"));
    assert_eq!(
        node.gate.receipts(C),
        [fetched("x", 2, 950, "m")],
        "an older one does not replace a newer one"
    );
}

#[test]
fn what_is_missing_is_what_the_member_may_have_beyond_its_last_number() {
    let node = Node::new();
    let identity = object("identity", 9, json!({"name": "x"}));
    node.share(
        A,
        &Terms::default(),
        &[indicator(1), marked(indicator(2), Tlp::AmberStrict), identity, indicator(3)],
    );
    let lag = |node: &Node| node.gate.lags(C, true, node.now).unwrap().remove(0);
    assert_eq!(
        (lag(&node).real, lag(&node).upto, lag(&node).missing),
        (None, None, 3),
        "at `exchange`, objects"
    );
    node.gate.note(fetched("list/domain.txt", 999, 1, "m"));
    assert_eq!(
        (lag(&node).real, lag(&node).upto, lag(&node).missing, lag(&node).head),
        (Some(Level::List), Some(1), 1, 4),
        "the identity is for no list, and AMBER+STRICT is not for C"
    );
    node.gate.note(fetched("list/domain.txt", 999, 4, "n"));
    assert_eq!((lag(&node).missing, lag(&node).at), (0, Some(at(999))));
}
