//! A report, grouping, note or opinion of which nothing is left is not there, for whatever names it either.

use policy::{Rule, Terms};
use serde_json::{Value, json};
use stix::{Timestamp, Tlp};

use crate::node::{self, A, B, C, Node, at, id, indicator, marked, object};

/// A report about these.
fn report(number: u128, about: &[String]) -> Value {
    let published = "2026-01-01T00:00:00Z";
    object("report", number, json!({"name": "r", "published": published, "object_refs": about}))
}

fn note(number: u128, about: &[String]) -> Value {
    object("note", number, json!({"content": "n", "object_refs": about}))
}

fn related(number: u128, from: &str, to: &str) -> Value {
    let ends = json!({"relationship_type": "related-to", "source_ref": from, "target_ref": to});
    object("relationship", number, ends)
}

fn secret(number: u128) -> Value {
    marked(indicator(number), Tlp::AmberStrict)
}

/// World 7585: the note kept the id of a report that was held.
#[test]
fn what_names_a_report_of_which_nothing_is_left_does_not_keep_its_id() {
    let node = Node::new();
    let (kept, held) = (id("indicator", 2), id("report", 3));
    let objects = [
        secret(1),
        indicator(2),
        report(3, &[id("indicator", 1)]),
        note(4, &[held.clone(), kept.clone()]),
        note(5, std::slice::from_ref(&held)),
        report(6, &[id("note", 5)]),
        related(7, &held, &kept),
        // One that is seen is enough, wherever it stands.
        report(8, &[id("indicator", 1), kept.clone()]),
        note(9, &[id("report", 8)]),
    ];
    node.share(A, &Terms::default(), &objects);
    assert_eq!(node.sees(C), [2, 4, 8, 9]);
    let text = node.text(C, "note", 4);
    assert!(!text.contains(&held) && text.contains(&kept), "{text}");
    assert!(node.text(C, "note", 9).contains(&id("report", 8)));
    assert_eq!(
        node.held(C),
        [
            (1, Rule::TlpOverClearance),
            (3, Rule::NothingLeft),
            (5, Rule::NothingLeft),
            (6, Rule::NothingLeft),
            (7, Rule::EndNotReleasable)
        ]
    );
    assert_eq!(node.sees(B), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn reports_about_each_other_stand_by_what_else_they_are_about() {
    let node = Node::new();
    let ring = |from: u128, last: &[String]| {
        let next = |at: u128| id("report", from + (at + 1) % 3);
        let mut all: Vec<Value> = (0..3).map(|at| report(from + at, &[next(at)])).collect();
        let about: Vec<String> = [next(2)].into_iter().chain(last.iter().cloned()).collect();
        all[2] = report(from + 2, &about);
        all
    };
    node.share(A, &Terms::default(), &[indicator(1), secret(2)]);
    node.share(A, &Terms::default(), &ring(10, &[id("indicator", 1)]));
    node.share(A, &Terms::default(), &ring(20, &[id("indicator", 2)]));
    assert_eq!(node.sees(C), [1, 10, 11, 12]);
    for (number, next) in [(10, 11), (11, 12), (12, 10)] {
        assert!(node.text(C, "report", number).contains(&id("report", next)), "{number}");
    }
}

#[test]
fn notes_about_notes_go_as_long_as_the_first_is_about_something() {
    let node = Node::new();
    node.share(A, &Terms::default(), &[indicator(1), note(2, &[id("indicator", 1)])]);
    for number in 3..40 {
        node.share(A, &Terms::default(), &[note(number, &[id("note", number - 1)])]);
    }
    assert_eq!(node.sees(C).len(), 39);
    node.gate.withdraw(A, node::CIRCLE, &[stix::ObjectId::parse(&id("note", 20)).unwrap()], "wrong").unwrap();
    assert_eq!(node.sees(C).len(), 38, "what was had stays in what names it");
}

/// World 9843: whoever named it had it here, before it was shared again under other terms.
#[test]
fn what_was_hidden_by_a_later_state_was_known_from_here() {
    let observed = |said: &str| {
        let content = json!({"type": "domain-name", "value": "later-k4.top"});
        let id = stix::observable_id(content.as_object().unwrap()).unwrap().to_string();
        let object = json!({"type": "domain-name", "spec_version": "2.1", "id": id, "value": "later-k4.top",
            "x_said": said});
        marked(object, Tlp::Green)
    };
    let node = Node::new();
    let named = observed("first")["id"].as_str().unwrap().to_owned();
    node.share(A, &Terms { recipients: vec![B], ..Terms::default() }, &[observed("first")]);
    node.share(B, &Terms::default(), &[indicator(2), report(3, &[named.clone(), id("indicator", 2)])]);
    assert!(!node.text(C, "report", 3).contains(&named), "C never had it");
    node.share(A, &Terms { recipients: vec![A], ..Terms::default() }, &[observed("second")]);
    let text = node.text(C, "report", 3);
    assert!(!text.contains(&named) && text.contains(&id("indicator", 2)), "{text}");
}

/// Who has read the line up to where the embargo ended reads on from there.
#[test]
fn a_report_of_nothing_else_comes_when_the_embargo_of_what_it_is_about_ends() {
    let mut node = Node::new();
    let embargoed = Terms { embargo_until: Some(at(2_000)), ..Terms::default() };
    node.share(A, &embargoed, &[indicator(1)]);
    node.share(
        A,
        &Terms::default(),
        &[
            indicator(2),
            report(3, &[id("indicator", 1)]),
            related(4, &id("report", 3), &id("indicator", 2)),
            report(5, &[id("indicator", 1), id("indicator", 2)]),
        ],
    );
    assert_eq!(node.sees(C), [2, 5]);
    let before = node.reader(C).head();
    let since: Timestamp = node.now;
    node.clock.store(2_000_000_000, std::sync::atomic::Ordering::SeqCst);
    node.now = at(2_000);
    node.gate.announce_due(node.now).unwrap();
    let touched = node.reader(C).touched(&["indicator", "report", "relationship"], before, since).unwrap();
    let query = bongsu_gate::Query { after: before, limit: 10, ..bongsu_gate::Query::default() };
    let page = node.reader(C).page(&query).unwrap();
    let mut came: Vec<u128> = page.items.iter().map(|item| node::number(&item.get().id)).collect();
    came.sort_unstable();
    assert_eq!(came, [1, 3, 4]);
    let mut touched: Vec<u128> = touched.ids.iter().map(node::number).collect();
    touched.sort_unstable();
    assert_eq!(touched, [1, 3, 4]);
    assert_eq!(node.sees(C), [1, 2, 3, 4, 5]);
}

/// A report that is not announced anew is read anew where what it is about turns up, and is all that it is about.
#[test]
fn what_lists_nothing_else_is_touched_with_it() {
    let node = Node::new();
    node.share(
        A,
        &Terms::default(),
        &[
            secret(1),
            indicator(2),
            report(3, &[id("indicator", 1)]),
            related(4, &id("report", 3), &id("indicator", 2)),
            report(5, &[id("indicator", 1), id("indicator", 2)]),
        ],
    );
    let before = node.reader(C).head();
    let mut open = indicator(1);
    open["modified"] = json!("2026-01-02T00:00:00.000Z");
    node.share(A, &Terms::default(), &[open]);
    let touched = node.reader(C).touched(&["report", "relationship"], before, node.now).unwrap();
    let mut touched: Vec<u128> = touched.ids.iter().map(node::number).collect();
    touched.sort_unstable();
    assert_eq!(touched, [3, 4]);
    assert_eq!(node.sees(C), [1, 2, 3, 4, 5]);
}
